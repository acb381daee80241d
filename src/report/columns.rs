//! Tables as columns, in batches: what Parquet files and long CSV files are written from.
//!
//! A table is a list of [`ColumnField`]s over some source; rows are asked for batch by batch, so that
//! what is held beside the source is one batch, however long the table.

/// Rows of one batch.
pub const ROWS_PER_BATCH: usize = 1 << 16;

/// The values of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnValues {
    /// Yes or no.
    Flags(Vec<bool>),
    /// Whole numbers.
    Numbers(Vec<i64>),
    /// Whole numbers, or nothing where nothing is known.
    OptionalNumbers(Vec<Option<i64>>),
    /// Words.
    Texts(Vec<String>),
}

impl ColumnValues {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Flags(flags) => flags.len(),
            Self::Numbers(numbers) => numbers.len(),
            Self::OptionalNumbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How a column's values come from a source `S` and the number of a row.
pub enum ColumnGetter<S> {
    /// Yes or no.
    Flag(fn(&S, usize) -> bool),
    /// A whole number.
    Number(fn(&S, usize) -> i64),
    /// A whole number where it is known.
    OptionalNumber(fn(&S, usize) -> Option<i64>),
    /// Words.
    Text(fn(&S, usize) -> String),
}

/// One column of a table.
pub struct ColumnField<S> {
    /// Its name; the unit is last in it, or it is tokens or a count.
    pub name: &'static str,
    /// Its unit; empty for names, counts and indexes.
    pub unit: &'static str,
    /// What it holds.
    pub about: &'static str,
    /// Where it comes from.
    pub getter: ColumnGetter<S>,
}

impl<S> ColumnField<S> {
    /// The type of its values, in the words of the documentation.
    #[must_use]
    pub fn data_type(&self) -> &'static str {
        match self.getter {
            ColumnGetter::Flag(_) => "bool",
            ColumnGetter::Number(_) => "int64",
            ColumnGetter::OptionalNumber(_) => "int64 or null",
            ColumnGetter::Text(_) => "string",
        }
    }

    /// Its values in some rows.
    #[must_use]
    pub fn read_values(&self, source: &S, rows: std::ops::Range<usize>) -> ColumnValues {
        match self.getter {
            ColumnGetter::Flag(of) => {
                ColumnValues::Flags(rows.map(|row| of(source, row)).collect())
            }
            ColumnGetter::Number(of) => {
                ColumnValues::Numbers(rows.map(|row| of(source, row)).collect())
            }
            ColumnGetter::OptionalNumber(of) => {
                ColumnValues::OptionalNumbers(rows.map(|row| of(source, row)).collect())
            }
            ColumnGetter::Text(of) => {
                ColumnValues::Texts(rows.map(|row| of(source, row)).collect())
            }
        }
    }
}

/// The rows of a table in batches; an empty table is one empty batch, so that it has its columns.
pub fn column_batches<'a, S>(
    fields: &'a [ColumnField<S>],
    source: &'a S,
    rows: usize,
) -> impl Iterator<Item = Vec<(&'static str, ColumnValues)>> + 'a {
    let starts = (0..rows.max(1)).step_by(ROWS_PER_BATCH);
    starts.map(move |start| {
        let range = start..rows.min(start + ROWS_PER_BATCH);
        fields.iter().map(|field| (field.name, field.read_values(source, range.clone()))).collect()
    })
}
