//! Tables whose columns are declared once: what a column is called, what it holds and where its
//! value comes from.
//!
//! A table is a list of [`ColumnField`]s over rows of some type. Tables for people
//! ([`TableView::from_fields`]), JSON ([`object_json`], [`rows_json`]), its schema
//! ([`object_schema`]) and batches for Parquet and long CSV files ([`column_batches`]) all walk
//! that list, so that none of them can say something else.

mod batches;
mod cell_input;
mod json_objects;

pub use batches::{ColumnValues, column_batches};
pub use cell_input::CellInput;
pub use json_objects::{list_schema, object_json, object_schema, rows_json, versioned_schema};

use super::json::JsonValue;
use super::view::{Alignment, ColumnKind, TableCell, TableColumn, TableView};
use std::borrow::Cow;

/// One column of a table over rows of type `R`, or one key of an object.
///
/// ```
/// use windtunnel::report::columns::{ColumnField, rows_json};
/// use windtunnel::report::TableView;
///
/// type Field = ColumnField<'static, (&'static str, i64)>;
/// let fields = [
///     Field::text("tool", "tool", "its name", |row| row.0),
///     Field::tokens("read", "read", "read from the cache", |row| row.1),
/// ];
/// let rows = [("Bash", 812), ("Read", 90)];
/// assert_eq!(TableView::from_fields("Tools", &fields, rows).rows.len(), 2);
/// let json = serde_json::to_string(&rows_json(&fields, rows)).unwrap();
/// assert_eq!(json, r#"[{"tool":"Bash","read":812},{"tool":"Read","read":90}]"#);
/// ```
#[must_use]
pub struct ColumnField<'a, R> {
    /// What it is called and what it holds.
    pub shape: ColumnShape,
    value: FieldValue<'a, R>,
}

/// What a column is called and what it holds, whatever the type of its rows: code that needs no
/// more than this is compiled once, not for each type.
pub struct ColumnShape {
    /// The key in JSON and the heading for programs; empty for a column that only people get.
    pub name: Cow<'static, str>,
    /// The heading for people; empty for a key that only programs get.
    pub heading: Cow<'static, str>,
    /// What its values are.
    pub kind: ColumnKind,
    /// The unit of its numbers; empty for names, counts and indexes.
    pub unit: &'static str,
    /// What it holds, in one line.
    pub about: &'static str,
    /// Whether the value may be missing.
    pub is_optional: bool,
    /// Whether the key is left out of an object where the value is missing, rather than null.
    is_omitted: bool,
    is_signed: bool,
    is_exact: bool,
    is_ranged: bool,
    is_flush_right: bool,
    /// Whether people get it also without a heading.
    is_for_people: bool,
    /// The schema of an object or a list of objects; a cell has none.
    nested_schema: Option<JsonValue>,
}

/// The object or the list of one row.
type NestedJson<'a, R> = Box<dyn Fn(&R) -> Option<JsonValue> + 'a>;

/// Where the value of a field comes from.
enum FieldValue<'a, R> {
    /// One cell of a table.
    Cell(Box<dyn Fn(&R) -> TableCell + 'a>),
    /// An object or a list of objects, for programs only; `None` where it is missing.
    Nested(NestedJson<'a, R>),
}

/// A heading where there is something to show; a column without a name and without a heading is
/// shown to nobody.
pub(crate) fn heading_if(is_shown: bool, heading: &'static str) -> &'static str {
    if is_shown { heading } else { "" }
}

/// Constructors that differ in the kind of the values alone.
macro_rules! constructors {
    ($($(#[$docs:meta])* $name:ident $kind:ident $unit:literal),* $(,)?) => {$(
        $(#[$docs])*
        pub fn $name<V: CellInput>(
            name: impl Into<Cow<'static, str>>,
            heading: impl Into<Cow<'static, str>>,
            about: &'static str,
            value: impl Fn(&R) -> V + 'a,
        ) -> Self {
            let mut field =
                Self::from_cells(ColumnKind::$kind, name, heading, about, move |row| {
                    value(row).into_cell(ColumnKind::$kind)
                });
            field.shape.unit = $unit;
            field.shape.is_optional = V::IS_OPTIONAL;
            field
        }
    )*};
}

impl<'a, R> ColumnField<'a, R> {
    constructors! {
        /// Words.
        text Text "",
        /// Several words; people get them joined by commas.
        texts Texts "",
        /// Yes or no.
        flag Flag "",
        /// Tokens.
        tokens Tokens "tokens",
        /// A plain count, or the number of a row.
        count Count "",
        /// A share in basis points; programs get a part of one.
        share Share "",
        /// A share as a part of one, of which programs get all digits.
        fraction Fraction "",
        /// Money; programs get dollars.
        money Money "USD",
        /// The same money in pico-dollars, for sums.
        pico_usd PicoUsd "10^-12 USD",
        /// A duration in milliseconds.
        duration Duration "ms",
        /// A number in thousandths.
        number Number "",
    }

    /// A column of finished cells: for ranges, for stressed cells and for values whose kind differs
    /// from row to row. Its value may be missing.
    pub fn from_cells(
        kind: ColumnKind,
        name: impl Into<Cow<'static, str>>,
        heading: impl Into<Cow<'static, str>>,
        about: &'static str,
        cell: impl Fn(&R) -> TableCell + 'a,
    ) -> Self {
        let shape = ColumnShape::new(kind, name.into(), heading.into(), about);
        Self { shape, value: FieldValue::Cell(Box::new(cell)) }
    }

    /// An object inside an object.
    pub fn object<S: 'a>(
        name: &'static str,
        about: &'static str,
        fields: Vec<ColumnField<'a, S>>,
        part: impl Fn(&R) -> S + 'a,
    ) -> Self {
        // The schema first: the fields then go into the function that makes the values.
        let schema = object_schema(&fields);
        Self::nested(name, about, schema, move |row| Some(object_json(&fields, &part(row))))
    }

    /// An object inside an object, which may be missing.
    pub fn optional_object<S: 'a>(
        name: &'static str,
        about: &'static str,
        fields: Vec<ColumnField<'a, S>>,
        part: impl Fn(&R) -> Option<S> + 'a,
    ) -> Self {
        let schema = object_schema(&fields);
        Self::nested(name, about, schema, move |row| {
            part(row).map(|part| object_json(&fields, &part))
        })
        .or_null()
    }

    /// A list of objects inside an object: a table of its own.
    pub fn rows<S: 'a>(
        name: &'static str,
        about: &'static str,
        fields: Vec<ColumnField<'a, S>>,
        rows: impl Fn(&R) -> Vec<S> + 'a,
    ) -> Self {
        let schema = list_schema(object_schema(&fields));
        Self::nested(name, about, schema, move |row| Some(rows_json(&fields, rows(row))))
    }

    /// A list of objects that may be missing.
    pub fn optional_rows<S: 'a>(
        name: &'static str,
        about: &'static str,
        fields: Vec<ColumnField<'a, S>>,
        rows: impl Fn(&R) -> Option<Vec<S>> + 'a,
    ) -> Self {
        let schema = list_schema(object_schema(&fields));
        Self::nested(name, about, schema, move |row| rows(row).map(|rows| rows_json(&fields, rows)))
            .or_null()
    }

    /// Any JSON with its schema, where neither an object nor a list of them fits.
    pub fn nested(
        name: &'static str,
        about: &'static str,
        schema: JsonValue,
        json: impl Fn(&R) -> Option<JsonValue> + 'a,
    ) -> Self {
        let mut shape = ColumnShape::new(ColumnKind::Mixed, name.into(), "".into(), about);
        // An object is always there unless somebody says that it may be null.
        shape.is_optional = false;
        shape.nested_schema = Some(schema);
        Self { shape, value: FieldValue::Nested(Box::new(json)) }
    }

    /// The same column with a sign on every number that is not zero.
    pub fn with_sign(mut self) -> Self {
        self.shape.is_signed = true;
        self
    }

    /// The same column with numbers in full.
    pub fn in_full(mut self) -> Self {
        self.shape.is_exact = true;
        self
    }

    /// The same column with room for ranges.
    pub fn with_ranges(mut self) -> Self {
        self.shape.is_ranged = true;
        self
    }

    /// The same column flush right, for figures that are already words.
    pub fn flush_right(mut self) -> Self {
        self.shape.is_flush_right = true;
        self
    }

    /// The same column in tables for people, also where it has no heading.
    pub fn for_people(mut self) -> Self {
        self.shape.is_for_people = true;
        self
    }

    /// The same column in another unit.
    pub fn in_unit(mut self, unit: &'static str) -> Self {
        self.shape.unit = unit;
        self
    }

    /// The same key, null where the value is missing.
    pub fn or_null(mut self) -> Self {
        self.shape.is_optional = true;
        self
    }

    /// The same key, left out of its object where the value is missing.
    pub fn left_out_if_missing(mut self) -> Self {
        // Not null but left out: the schema does not require the key.
        self.shape.is_optional = true;
        self.shape.is_omitted = true;
        self
    }

    /// The same column of a larger row, of which `part` is the row that it is declared for.
    pub fn of_part<S>(self, part: impl Fn(&S) -> R + 'a) -> ColumnField<'a, S>
    where
        R: 'a,
    {
        let value = match self.value {
            FieldValue::Cell(cell) => FieldValue::Cell(Box::new(move |row: &S| cell(&part(row)))),
            FieldValue::Nested(json) => {
                FieldValue::Nested(Box::new(move |row: &S| json(&part(row))))
            }
        };
        ColumnField { shape: self.shape, value }
    }

    /// The cell of a row.
    fn cell(&self, row: &R) -> TableCell {
        match &self.value {
            FieldValue::Cell(cell) => cell(row),
            FieldValue::Nested(_) => TableCell::missing(),
        }
    }
}

impl ColumnShape {
    /// The plain shape, in one place: inlined into every declaration it only costs build time.
    #[inline(never)]
    fn new(
        kind: ColumnKind,
        name: Cow<'static, str>,
        heading: Cow<'static, str>,
        about: &'static str,
    ) -> Self {
        Self {
            name,
            heading,
            kind,
            unit: "",
            about,
            is_optional: true,
            is_omitted: false,
            is_signed: false,
            is_exact: false,
            is_ranged: false,
            is_flush_right: false,
            is_for_people: false,
            nested_schema: None,
        }
    }

    /// Whether it is a column of tables for people.
    fn is_shown(&self) -> bool {
        !self.heading.is_empty() || self.is_for_people
    }

    /// The column of a table for people.
    fn table_column(&self) -> TableColumn {
        let align =
            if self.is_flush_right { Alignment::Right } else { self.kind.default_alignment() };
        TableColumn {
            align,
            signed: self.is_signed,
            exact: self.is_exact,
            ranged: self.is_ranged,
            ..TableColumn::new(self.heading.clone(), self.kind)
        }
    }
}

/// Columns of a part as columns of the larger row: in JSON its keys stand among those of the row.
pub fn fields_of_part<'a, R: 'a, S>(
    fields: Vec<ColumnField<'a, R>>,
    part: impl Fn(&S) -> R + Copy + 'a,
) -> impl Iterator<Item = ColumnField<'a, S>> {
    fields.into_iter().map(move |field| field.of_part(part))
}

impl TableView {
    /// A table for people: the fields that have a heading, over some rows.
    #[must_use]
    pub fn from_fields<R>(
        title: impl Into<String>,
        fields: &[ColumnField<'_, R>],
        rows: impl IntoIterator<Item = R>,
    ) -> Self {
        let mut view = Self::new(title, columns_for_people(&shapes_of(fields)));
        for row in rows {
            view.add_row(cells_for_people(fields, &row));
        }
        view
    }

    /// Adds a row of totals, of the same type as the other rows.
    pub fn add_total_row<R>(&mut self, fields: &[ColumnField<'_, R>], row: &R) -> &mut Self {
        self.add_total(cells_for_people(fields, row))
    }
}

/// The cells of a row under the fields that have a heading.
pub(super) fn cells_for_people<R>(fields: &[ColumnField<'_, R>], row: &R) -> Vec<TableCell> {
    let shown = fields.iter().filter(|field| field.shape.is_shown());
    shown.map(|field| field.cell(row)).collect()
}

/// The columns that have a heading.
fn columns_for_people(shapes: &[&ColumnShape]) -> Vec<TableColumn> {
    let shown = shapes.iter().filter(|shape| shape.is_shown());
    shown.map(|shape| shape.table_column()).collect()
}

/// The shapes of some fields.
fn shapes_of<'f, R>(fields: &'f [ColumnField<'_, R>]) -> Vec<&'f ColumnShape> {
    fields.iter().map(|field| &field.shape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tool, what it read and for how much.
    type ToolRow = (&'static str, i64, Option<i64>);
    type Field = ColumnField<'static, ToolRow>;

    fn fields() -> Vec<Field> {
        vec![
            Field::text("tool", "tool", "its name", |row| row.0),
            Field::tokens("read", "read", "read from a cache", |row| row.1),
            Field::share("share", "", "of all reads", |row| row.2),
            Field::share("", "of reads", "of all reads", |row| row.2).with_sign(),
            Field::count("retries", "", "retries", |row| row.2).left_out_if_missing(),
        ]
    }

    const ROWS: [ToolRow; 2] = [("Bash", 7, Some(1_250)), ("Read", 9, None)];

    #[test]
    fn people_and_programs_get_the_columns_that_are_theirs() {
        let view = TableView::from_fields("Tools", &fields(), ROWS);
        let headings: Vec<&str> = view.columns.iter().map(|column| &*column.heading).collect();
        assert_eq!(headings, ["tool", "read", "of reads"]);
        assert!(view.columns[2].signed);
        assert_eq!(view.rows[0][2], TableCell::share(1_250));
        assert_eq!(view.rows[1][2], TableCell::missing());
        let json = serde_json::to_string(&rows_json(&fields(), ROWS)).unwrap();
        let first = r#"{"tool":"Bash","read":7,"share":0.125,"retries":1250}"#;
        let second = r#"{"tool":"Read","read":9,"share":null}"#;
        assert_eq!(json, format!("[{first},{second}]"));
    }

    #[test]
    fn a_schema_says_what_may_be_missing() {
        let schema = serde_json::to_value(object_schema(&fields())).unwrap();
        assert_eq!(schema["required"], serde_json::json!(["tool", "read", "share"]));
        let share = &schema["properties"]["share"];
        assert_eq!(share["type"], serde_json::json!(["number", "null"]));
        assert_eq!(share["description"], "of all reads");
        assert_eq!(schema["properties"]["read"]["unit"], "tokens");
        assert_eq!(schema["properties"]["retries"]["type"], "integer");
    }

    #[test]
    fn the_columns_of_a_part_are_columns_of_the_row() {
        let outer = fields_of_part(fields(), |row: &(u32, ToolRow)| row.1);
        let outer: Vec<ColumnField<'_, (u32, ToolRow)>> = outer.collect();
        let row = (3, ROWS[1]);
        assert_eq!(object_json(&outer, &row), object_json(&fields(), &ROWS[1]));
        let view = TableView::from_fields("Tools", &outer, [row]);
        assert_eq!(view.rows[0].len(), 3);
    }

    #[test]
    fn batches_keep_unknown_numbers_apart_from_zero() {
        let mut batches = column_batches(fields(), ROWS.len(), |row| ROWS[row]);
        let batch = batches.next().unwrap();
        assert_eq!(
            batch[0],
            ("tool".into(), ColumnValues::Texts(vec!["Bash".into(), "Read".into()]))
        );
        assert_eq!(batch[1].1, ColumnValues::Numbers(vec![7, 9]));
        assert_eq!(batch[2].1, ColumnValues::OptionalNumbers(vec![Some(1_250), None]));
        assert!(batches.next().is_none());
        let empty = column_batches(fields(), 0, |row| ROWS[row]).next().unwrap();
        assert!(empty.iter().all(|(_, values)| values.is_empty()));
    }
}
