//! Columns as a Parquet file (feature `tables`), for programs that read a million rows.
//!
//! One row group, dictionary-encoded numbers, bit-packed flags, no compression: the compressors
//! are C code. The same columns give the same bytes.

use super::columns::ColumnValues;
/// What can go wrong with a table that is reshaped or written.
pub(crate) use polars::error::PolarsError as TableError;
use polars::prelude::{Column, CompatLevel, DataFrame, PolarsResult, SchemaExt as _};
use polars_parquet::write::{
    CompressionOptions, Encoding, FileWriter, KeyValue, StatisticsOptions, Version, WriteOptions,
    get_dtype_encoding, row_group_iter, schema_to_metadata_key,
};
use std::io::Write;

/// Batches of the same columns as a file with a row group each, written as they come.
///
/// # Errors
/// What polars says: batches that do not fit each other, a sink that takes no more, no batch.
pub fn write_batches<W: Write, N: Into<String>>(
    sink: W,
    batches: impl Iterator<Item = Vec<(N, ColumnValues)>>,
    source: &str,
) -> PolarsResult<W> {
    let mut sink = Some(sink);
    let mut open: Option<ParquetWriter<W>> = None;
    for batch in batches {
        let frame = frame_from_columns(batch)?;
        if let Some(sink) = sink.take() {
            open = Some(ParquetWriter::new(sink, &frame, source)?);
        }
        if let Some(open) = &mut open {
            open.write_row_group(&frame)?;
        }
    }
    // A file without a batch would have no schema.
    let missing = || polars::error::polars_err!(NoData: "no batch to take the columns from");
    open.ok_or_else(missing)?.finish_file()
}

fn frame_from_columns<N: Into<String>>(columns: Vec<(N, ColumnValues)>) -> PolarsResult<DataFrame> {
    // The frame refuses columns of another length than the first.
    let rows = columns.first().map_or(0, |(_, values)| values.len());
    let columns = columns.into_iter().map(|(name, values)| {
        let name = name.into().into();
        match values {
            ColumnValues::Flags(flags) => Column::new(name, flags),
            ColumnValues::Numbers(numbers) => Column::new(name, numbers),
            ColumnValues::OptionalNumbers(numbers) => Column::new(name, numbers),
            ColumnValues::Texts(texts) => Column::new(name, texts),
        }
    });
    DataFrame::new(rows, columns.collect())
}

/// A file on its way.
struct ParquetWriter<W: Write> {
    writer: FileWriter<W>,
    encodings: Vec<Vec<Encoding>>,
    metadata: Vec<KeyValue>,
}

fn write_options() -> WriteOptions {
    WriteOptions {
        statistics: StatisticsOptions::default(),
        version: Version::V1,
        compression: CompressionOptions::Uncompressed,
        data_page_size: None,
    }
}

impl<W: Write> ParquetWriter<W> {
    fn new(sink: W, frame: &DataFrame, source: &str) -> PolarsResult<Self> {
        let schema = frame.schema().to_arrow(CompatLevel::newest());
        let encodings = schema.iter_values().map(|field| get_dtype_encoding(&field.dtype));
        let encodings = encodings.collect();
        let metadata = vec![
            schema_to_metadata_key(&schema),
            KeyValue { key: "windtunnel".to_owned(), value: Some(source.to_owned()) },
        ];
        let writer = FileWriter::try_new(sink, schema, write_options())?;
        Ok(Self { writer, encodings, metadata })
    }

    fn write_row_group(&mut self, frame: &DataFrame) -> PolarsResult<()> {
        // One group of rows for each batch: memory is that of the largest one.
        for batch in frame.iter_chunks(CompatLevel::newest(), false) {
            let fields = self.writer.parquet_schema().fields().to_vec();
            let height = batch.height() as u64;
            let group =
                row_group_iter(batch, self.encodings.clone().into(), fields, write_options());
            self.writer.write(height, group)?;
        }
        Ok(())
    }

    fn finish_file(mut self) -> PolarsResult<W> {
        self.writer.end(Some(self.metadata))?;
        Ok(self.writer.into_inner())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use polars::prelude::Series;
    use polars_parquet::read::{
        BasicDecompressor, PageReader, column_iter_to_arrays, infer_schema, read_metadata,
    };
    use std::io::Cursor;

    /// Reads a file back; also the text that says where it comes from.
    pub fn read(bytes: &[u8]) -> (DataFrame, String) {
        let metadata = read_metadata(&mut Cursor::new(bytes)).expect("a file");
        let source = metadata.key_value_metadata().iter().flatten();
        let source = source.filter(|pair| pair.key == "windtunnel").find_map(|it| it.value.clone());
        let schema = infer_schema(&metadata).expect("a schema");
        let mut columns = Vec::new();
        for field in schema.iter_values() {
            let mut whole: Option<Series> = None;
            for group in &metadata.row_groups {
                let chunks = group.columns_under_root_iter(&field.name).expect("the column");
                for chunk in chunks {
                    let range = chunk.byte_range();
                    let bytes = bytes[range.start as usize..range.end as usize].to_vec();
                    let pages = PageReader::new(Cursor::new(bytes.into()), chunk, vec![], 1 << 20);
                    let pages = BasicDecompressor::new(pages, vec![]);
                    let kind = &chunk.descriptor().descriptor.primitive_type;
                    let arrays =
                        column_iter_to_arrays(vec![pages], vec![kind], field.clone(), None);
                    let (arrays, _) = arrays.expect("arrays");
                    let part = Series::from_arrow_chunks(field.name.clone(), arrays);
                    let part = part.expect("a series");
                    match &mut whole {
                        Some(whole) => drop(whole.append(&part).expect("one kind")),
                        None => whole = Some(part),
                    }
                }
            }
            columns.push(Column::from(whole.expect("values")));
        }
        let frame = DataFrame::new(metadata.num_rows, columns).expect("a frame");
        (frame, source.expect("a source"))
    }

    #[test]
    fn what_is_written_is_read() {
        let rows = 70_000;
        let flags: Vec<bool> = (0..rows).map(|row| row % 3 == 0).collect();
        let numbers: Vec<i64> = (0..rows).map(|row| i64::MAX - row * row).collect();
        let few: Vec<i64> = (0..rows).map(|row| row % 7 - 3).collect();
        let columns = || {
            vec![
                ("flag".to_owned(), ColumnValues::Flags(flags.clone())),
                ("number".to_owned(), ColumnValues::Numbers(numbers.clone())),
                ("few".to_owned(), ColumnValues::Numbers(few.clone())),
            ]
        };
        let file = || write_batches(Vec::new(), std::iter::once(columns()), "here");
        let bytes = file().expect("a file");
        assert_eq!(bytes, file().expect("a file"), "the same bytes twice");
        let (frame, source) = read(&bytes);
        assert_eq!(source, "here");
        let read: Vec<bool> =
            frame.column("flag").unwrap().bool().unwrap().iter().flatten().collect();
        assert_eq!(read, flags);
        for (name, want) in [("number", &numbers), ("few", &few)] {
            let read: Vec<i64> =
                frame.column(name).unwrap().i64().unwrap().iter().flatten().collect();
            assert_eq!(&read, want, "{name}");
        }
    }

    #[test]
    fn columns_of_different_lengths_are_refused() {
        let column = |name: &str, length| (name.to_owned(), ColumnValues::Numbers(vec![0; length]));
        for other in [column("b", 3), column("a", 2)] {
            let batch = vec![column("a", 2), other];
            assert!(write_batches(Vec::new(), std::iter::once(batch), "").is_err());
        }
    }
}
