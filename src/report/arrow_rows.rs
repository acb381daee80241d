//! Rows between a worker and the engine that calls it: Arrow IPC streams.

use super::parquet::TableError;
use polars_arrow::array::{Array, BinaryArray, PrimitiveArray, Utf8Array};
use polars_arrow::datatypes::{ArrowDataType, ArrowSchema, Field};
use polars_arrow::io::ipc::format::ipc::planus::ReadAsRoot as _;
use polars_arrow::io::ipc::format::ipc::{
    MessageHeaderRef, MessageRef, RecordBatchRef, SchemaRef, TypeRef,
};
use polars_arrow::io::ipc::read::{StreamReader, StreamState, read_stream_metadata};
use polars_arrow::io::ipc::write::{StreamWriter, WriteOptions};
use polars_arrow::record_batch::RecordBatchT;
use std::any::Any;
use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::Arc;

/// The batches of a stream that was read whole.
pub(crate) struct ArrowRows(Vec<RecordBatchT<Box<dyn Array>>>);

/// A stream that is none, or is without a column that is needed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadRows {
    /// It cannot be read.
    #[error("no whole Arrow IPC stream: {0}")]
    Stream(String),
    /// A column is not there.
    #[error("column '{0}' is missing")]
    Missing(&'static str),
    /// A column holds something else.
    #[error("column '{column}' holds {met}; wanted {wanted}")]
    Kind {
        /// The column.
        column: &'static str,
        /// What it holds.
        met: String,
        /// What it should.
        wanted: &'static str,
    },
    /// A row lacks what every row has.
    #[error("column '{column}', row {row}: nothing there")]
    Nothing {
        /// The column.
        column: &'static str,
        /// The row, from 1.
        row: usize,
    },
}

/// A column of rows that are written.
pub(crate) enum OutColumn {
    /// Words.
    Text(&'static str, Vec<Option<String>>),
    /// Bytes.
    Bytes(&'static str, Vec<Option<Vec<u8>>>),
    /// Numbers.
    Numbers(&'static str, Vec<i64>),
}

impl ArrowRows {
    /// Reads a stream; no bytes at all are no rows.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, BadRows> {
        // A partition without rows may send nothing at all.
        if bytes.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let bad = |error: TableError| BadRows::Stream(error.to_string());
        check_messages(bytes).map_err(|what| BadRows::Stream(what.to_owned()))?;
        let mut source = Cursor::new(bytes);
        let metadata = read_stream_metadata(&mut source).map_err(bad)?;
        let mut batches = Vec::new();
        for state in StreamReader::new(source, metadata, None) {
            match state.map_err(bad)? {
                StreamState::Some(batch) => batches.push(batch),
                // A stream in memory has nothing to wait for: it ends within a batch.
                StreamState::Waiting => return Err(BadRows::Stream("it is cut short".to_owned())),
            }
        }
        Ok(Self(batches))
    }

    /// The words of a column, row by row.
    pub(crate) fn texts(&self, column: &'static str) -> Result<Vec<Option<&str>>, BadRows> {
        self.values(column, "text", |array| {
            // Engines write texts with short or with long ends.
            let narrow = array.downcast_ref::<Utf8Array<i32>>().map(|it| it.iter().collect());
            narrow.or_else(|| Some(array.downcast_ref::<Utf8Array<i64>>()?.iter().collect()))
        })
    }

    /// The same of a column that every row has.
    pub(crate) fn all_texts(&self, column: &'static str) -> Result<Vec<&str>, BadRows> {
        let texts = self.texts(column)?.into_iter().enumerate();
        texts.map(|(at, text)| text.ok_or(BadRows::Nothing { column, row: at + 1 })).collect()
    }

    /// The bytes of a column, row by row; nothing where there is no such column.
    pub(crate) fn bytes(
        &self,
        column: &'static str,
    ) -> Result<Option<Vec<Option<&[u8]>>>, BadRows> {
        let bytes = self.values(column, "bytes", |array| {
            let narrow = array.downcast_ref::<BinaryArray<i32>>().map(|it| it.iter().collect());
            narrow.or_else(|| Some(array.downcast_ref::<BinaryArray<i64>>()?.iter().collect()))
        });
        match bytes {
            // The column is there where contents are sent, and missing where paths are.
            Err(BadRows::Missing(_)) => Ok(None),
            other => other.map(Some),
        }
    }

    /// The values of a column in all batches; `read` reads those of an array of a wanted kind.
    fn values<'a, T>(
        &'a self,
        column: &'static str,
        wanted: &'static str,
        read: impl Fn(&'a dyn Any) -> Option<Vec<T>>,
    ) -> Result<Vec<T>, BadRows> {
        let mut all = Vec::new();
        for batch in &self.0 {
            let at = batch.schema().index_of(column).ok_or(BadRows::Missing(column))?;
            let array = batch.arrays()[at].as_ref();
            let other = || BadRows::Kind { column, met: format!("{:?}", array.dtype()), wanted };
            all.extend(read(array.as_any()).ok_or_else(other)?);
        }
        Ok(all)
    }
}

/// Checks that every message of a stream lies within it, before the reader believes its lengths.
fn check_messages(bytes: &[u8]) -> Result<(), &'static str> {
    const CUT: &str = "it is cut short";
    const BAD: &str = "a message of it is damaged";
    let mut rest = bytes;
    while !rest.is_empty() {
        let mut take_length = || -> Result<i32, &'static str> {
            let (length, after) = rest.split_first_chunk::<4>().ok_or(CUT)?;
            rest = after;
            Ok(i32::from_le_bytes(*length))
        };
        // A mark of newer streams stands before the length.
        let length = match take_length()? {
            -1 => take_length()?,
            length => length,
        };
        if length == 0 {
            break;
        }
        let length = usize::try_from(length).map_err(|_| BAD)?;
        let (head, after) = rest.split_at_checked(length).ok_or(CUT)?;
        // Read here first, with checks: the reader below believes every length.
        let message = MessageRef::read_as_root(head).map_err(|_| BAD)?;
        let body = usize::try_from(message.body_length().map_err(|_| BAD)?).map_err(|_| BAD)?;
        rest = after.get(body..).ok_or(CUT)?;
        match message.header().map_err(|_| BAD)? {
            Some(MessageHeaderRef::Schema(schema)) => {
                check_schema(&schema).ok_or(
                    "it has columns of one name, or such as are neither text nor bytes nor numbers",
                )?;
            }
            Some(MessageHeaderRef::RecordBatch(batch)) => {
                check_batch(&batch, body as i64).ok_or(BAD)?;
            }
            // Nobody sends such, and each would be a table of its own to check.
            Some(MessageHeaderRef::DictionaryBatch(_)) => return Err("it holds dictionaries"),
            _ => return Err(BAD),
        }
    }
    Ok(())
}

/// Whether all columns are of kinds that engines are asked to send, each with a name of its own.
fn check_schema(schema: &SchemaRef<'_>) -> Option<()> {
    use TypeRef::{Binary, Int, LargeBinary, LargeUtf8, Utf8};
    let mut names = BTreeSet::new();
    for field in schema.fields().ok()?.into_iter().flatten() {
        let field = field.ok()?;
        let is_plain = matches!(
            field.type_().ok()?,
            Some(Binary(_) | Int(_) | LargeBinary(_) | LargeUtf8(_) | Utf8(_))
        );
        let is_flat =
            field.children().ok()?.is_none_or(|children| children.into_iter().next().is_none());
        // Columns are looked up by name, so that a second one of a name would be lost.
        let is_new = names.insert(field.name().ok()??.to_owned());
        if !(is_plain && is_flat && is_new && field.dictionary().ok()?.is_none()) {
            return None;
        }
    }
    Some(())
}

/// Whether the rows and buffers of a batch lie within its body, of so many bytes.
fn check_batch(batch: &RecordBatchRef<'_>, body: i64) -> Option<()> {
    // Every column has a byte a row and more: its values or their ends.
    let is_count = |count: i64| (0..=body).contains(&count);
    let rows = batch.length().ok()?;
    let mut is_within = is_count(rows);
    for node in batch.nodes().ok()?.into_iter().flatten() {
        is_within &= node.length() == rows && (0..=rows).contains(&node.null_count());
    }
    for buffer in batch.buffers().ok()?.into_iter().flatten() {
        is_within &= is_count(buffer.offset()) && is_count(buffer.length());
        is_within &= is_count(buffer.offset().saturating_add(buffer.length()));
    }
    (is_within && batch.compression().ok()?.is_none()).then_some(())
}

/// Columns of one length as a stream; without rows it has its schema alone.
pub(crate) fn write_rows(columns: Vec<OutColumn>) -> Result<Vec<u8>, TableError> {
    let mut schema = ArrowSchema::default();
    let mut arrays: Vec<Box<dyn Array>> = Vec::new();
    for column in columns {
        let (name, array): (_, Box<dyn Array>) = match column {
            OutColumn::Text(name, texts) => (name, Box::new(Utf8Array::<i64>::from(texts))),
            OutColumn::Bytes(name, bytes) => (name, Box::new(BinaryArray::<i64>::from(bytes))),
            OutColumn::Numbers(name, numbers) => {
                (name, Box::new(PrimitiveArray::<i64>::from_vec(numbers)))
            }
        };
        // Numbers are always there; texts and bytes may be missing.
        let is_nullable = *array.dtype() != ArrowDataType::Int64;
        schema.insert(name.into(), Field::new(name.into(), array.dtype().clone(), is_nullable));
        arrays.push(array);
    }
    let mut stream = StreamWriter::new(Vec::new(), WriteOptions { compression: None });
    stream.start(&schema, None)?;
    let rows = arrays.first().map_or(0, |array| array.len());
    // Without rows the stream is its schema alone.
    if rows > 0 {
        stream.write(&RecordBatchT::try_new(rows, Arc::new(schema), arrays)?, None)?;
    }
    stream.finish()?;
    Ok(stream.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};

    fn stream() -> Vec<u8> {
        let columns = vec![
            OutColumn::Text("label", vec![Some("a".to_owned()), None, Some("c/d".to_owned())]),
            OutColumn::Bytes("key", vec![None, Some(vec![0, 255]), Some(Vec::new())]),
            OutColumn::Numbers("bytes", vec![3, -1, 7]),
        ];
        write_rows(columns).expect("written")
    }

    #[test]
    fn rows_come_back() {
        let bytes = stream();
        let rows = ArrowRows::read(&bytes).expect("rows");
        assert_eq!(rows.texts("label").expect("text"), [Some("a"), None, Some("c/d")]);
        let keys = rows.bytes("key").expect("bytes").expect("there");
        assert_eq!(keys, [None, Some(&[0, 255][..]), Some(&[])]);
        assert!(rows.bytes("content").expect("no such column").is_none());
        for (said, want) in [
            (rows.texts("unit").expect_err("missing"), "column 'unit' is missing"),
            (rows.texts("bytes").expect_err("numbers"), "column 'bytes' holds Int64; wanted text"),
            (rows.all_texts("label").expect_err("a gap"), "column 'label', row 2: nothing there"),
        ] {
            assert_eq!(said.to_string(), want);
        }
        let none = write_rows(vec![OutColumn::Text("unit", Vec::new())]).expect("written");
        assert!(ArrowRows::read(&none).expect("rows").texts("unit").expect("none").is_empty());
        assert!(ArrowRows::read(&[]).expect("nothing").texts("unit").expect("none").is_empty());
    }

    #[test]
    fn damage_is_told() {
        let whole = stream();
        let told = |bytes: &[u8]| {
            let rows = ArrowRows::read(bytes)?;
            rows.texts("label")?;
            rows.bytes("key").map(|_| ())
        };
        for length in 1..whole.len() {
            // The mark of the end may be missing.
            let said = told(&whole[..length]);
            assert!(said.is_err() || length + 8 >= whole.len(), "{length} bytes");
        }
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(774);
        let mut errors = 0;
        for _ in 0..20_000 {
            let mut bytes = whole.clone();
            for _ in 0..rng.random_range(1..4) {
                let at = rng.random_range(0..bytes.len());
                bytes[at] = rng.random();
            }
            errors += u32::from(told(&bytes).is_err());
        }
        assert!(errors > 1_000, "{errors} of 20,000 told");
    }
}
