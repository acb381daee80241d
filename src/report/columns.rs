//! Tables as columns, in batches: what Parquet files and long CSV files are written from.
//!
//! A table is a list of [`Field`]s over some source; rows are asked for batch by batch, so that
//! what is held beside the source is one batch, however long the table.

/// Rows of one batch.
pub const BATCH: usize = 1 << 16;

/// The values of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// Yes or no.
    Flags(Vec<bool>),
    /// Whole numbers.
    Numbers(Vec<i64>),
    /// Whole numbers, or nothing where nothing is known.
    Known(Vec<Option<i64>>),
    /// Words.
    Texts(Vec<String>),
}

impl Values {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Flags(flags) => flags.len(),
            Self::Numbers(numbers) => numbers.len(),
            Self::Known(numbers) => numbers.len(),
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
pub enum Of<S> {
    /// Yes or no.
    Flag(fn(&S, usize) -> bool),
    /// A whole number.
    Number(fn(&S, usize) -> i64),
    /// A whole number where it is known.
    Known(fn(&S, usize) -> Option<i64>),
    /// Words.
    Text(fn(&S, usize) -> String),
}

/// One column of a table.
pub struct Field<S> {
    /// Its name; the unit is last in it, or it is tokens or a count.
    pub name: &'static str,
    /// Its unit; empty for names, counts and indexes.
    pub unit: &'static str,
    /// What it holds.
    pub about: &'static str,
    /// Where it comes from.
    pub of: Of<S>,
}

impl<S> Field<S> {
    /// The type of its values, in the words of the documentation.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.of {
            Of::Flag(_) => "bool",
            Of::Number(_) => "int64",
            Of::Known(_) => "int64 or null",
            Of::Text(_) => "string",
        }
    }

    /// Its values in some rows.
    #[must_use]
    pub fn values(&self, source: &S, rows: std::ops::Range<usize>) -> Values {
        match self.of {
            Of::Flag(of) => Values::Flags(rows.map(|row| of(source, row)).collect()),
            Of::Number(of) => Values::Numbers(rows.map(|row| of(source, row)).collect()),
            Of::Known(of) => Values::Known(rows.map(|row| of(source, row)).collect()),
            Of::Text(of) => Values::Texts(rows.map(|row| of(source, row)).collect()),
        }
    }
}

/// The rows of a table in batches; an empty table is one empty batch, so that it has its columns.
pub fn batches<'a, S>(
    fields: &'a [Field<S>],
    source: &'a S,
    rows: usize,
) -> impl Iterator<Item = Vec<(&'static str, Values)>> + 'a {
    let starts = (0..rows.max(1)).step_by(BATCH);
    starts.map(move |start| {
        let range = start..rows.min(start + BATCH);
        fields.iter().map(|field| (field.name, field.values(source, range.clone()))).collect()
    })
}
