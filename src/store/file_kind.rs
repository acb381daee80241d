//! Whether a file that would be replaced is one that this program wrote.
//!
//! Files carry their own mark: a schema in JSON, a footer in pictures and Markdown, a note in PNG
//! and Parquet. CSV has no room for one: there the header must be the same. A file without any of
//! this belongs to somebody else.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// What is looked at, at either end of a file, in bytes.
const LOOKED_AT: u64 = 4 << 10;

/// The word by which our own files are known.
const MARK: &[u8] = b"windtunnel";

/// What names the kind of our JSON, in front of its number.
const SCHEMA_MARK: &str = "\"windtunnel.";

/// Both ends of a file.
#[derive(Debug)]
pub(super) struct FileEnds {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl FileEnds {
    /// Reads them.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        file.by_ref().take(LOOKED_AT).read_to_end(&mut head)?;
        let end = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(end.saturating_sub(LOOKED_AT)))?;
        file.take(LOOKED_AT).read_to_end(&mut tail)?;
        Ok(Self { head, tail })
    }

    /// Whether both are ours and of one kind, or nothing is lost with this one because it is empty.
    pub(super) fn is_like(&self, written: &Self) -> bool {
        if self.head.is_empty() {
            return true;
        }
        // A result that says nothing has no mark, so that the other one's has to be a footer of
        // ours: many a file speaks of this program.
        if written.head.is_empty() {
            return self.is_signed();
        }
        match (self.schema(), written.schema()) {
            (None, None) => {}
            (known, wanted) => return known == wanted,
        }
        // A picture is no table: the first bytes say what a file is.
        let is_alike = self.head.iter().take(4).eq(written.head.iter().take(4))
            || self.is_verdict() && written.is_verdict();
        is_alike && self.is_marked() && written.is_marked() || self.has_header_of(written)
    }

    /// The name of a JSON schema of ours, without its number.
    fn schema(&self) -> Option<&str> {
        let head = &self.head[..self.head.len().min(200)];
        // What is cut within a character is cut before it.
        let head = match std::str::from_utf8(head) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
        };
        let fields =
            head.trim_start().strip_prefix('{')?.trim_start().strip_prefix("\"schema\"")?;
        let name = fields.trim_start().strip_prefix(':')?.trim_start().strip_prefix(SCHEMA_MARK)?;
        name.split(['/', '"']).next()
    }

    /// Whether it names the program with a version.
    fn is_signed(&self) -> bool {
        let is_version = |end: &[u8], at: usize| {
            let rest = end.get(at + MARK.len()..).unwrap_or_default();
            rest.strip_prefix(b" ").and_then(<[u8]>::first).is_some_and(u8::is_ascii_digit)
        };
        let ends = [&self.head[..], &self.tail];
        ends.into_iter()
            .any(|end| memchr::memmem::find_iter(end, MARK).any(|at| is_version(end, at)))
    }

    /// Whether it is Markdown of ours that begins with a verdict, which may be another one.
    fn is_verdict(&self) -> bool {
        self.head.starts_with(b"**") && self.is_signed()
    }

    fn is_marked(&self) -> bool {
        [&self.head, &self.tail].into_iter().any(|end| memchr::memmem::find(end, MARK).is_some())
    }

    /// Whether the first lines are headers of the same CSV. Of several tables the columns come in
    /// the order in which the tables are found, behind one that says which table a row is of: then
    /// a column in common is enough, or all of those of a table that stands alone.
    fn has_header_of(&self, written: &Self) -> bool {
        let (Some(own), Some(other)) = (self.csv_columns(), written.csv_columns()) else {
            return false;
        };
        let (own_tables, other_tables) = (tables_of(&own), tables_of(&other));
        match (own_tables, other_tables) {
            (Some(own), Some(other)) => own.iter().any(|column| other.contains(column)),
            (Some(many), None) => other.iter().all(|column| many.contains(column)),
            (None, Some(many)) => own.iter().all(|column| many.contains(column)),
            (None, None) => own == other,
        }
    }

    /// The columns of a CSV table; one word is no header.
    fn csv_columns(&self) -> Option<Vec<&[u8]>> {
        let line = self.head.split(|byte| *byte == b'\n').next()?;
        let is_header = line.contains(&b',') && line.is_ascii();
        is_header.then(|| line.split(|byte| *byte == b',').collect())
    }
}

/// The columns of several tables, behind the one that names the table.
fn tables_of<'a, 'b>(columns: &'a [&'b [u8]]) -> Option<&'a [&'b [u8]]> {
    columns.split_first().filter(|(first, _)| **first == *b"view").map(|(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_replaced(existing: &[u8], written: &[u8]) -> bool {
        let [existing, written] = [existing, written]
            .map(|bytes| FileEnds { head: bytes.to_vec(), tail: bytes.to_vec() });
        existing.is_like(&written)
    }

    #[test]
    fn only_our_own_files_of_the_same_kind_are_replaced() {
        let recording = br#"{ "schema": "windtunnel.recording/7", "name": "a" }"#;
        assert!(is_replaced(br#"{"schema":"windtunnel.recording/6","x":1}"#, recording));
        assert!(!is_replaced(br#"{"schema":"windtunnel.sweep/1"}"#, recording));
        // A transcript that speaks of this program is no file of ours.
        assert!(!is_replaced(br#"{"type":"user","text":"windtunnel"}"#, recording));
        assert!(!is_replaced(b"my notes on windtunnel", recording));
        let [pass, fail] =
            ["pass", "FAIL"].map(|word| format!("**{word}**\n\nwindtunnel 0.1.0; seed 774\n"));
        assert!(is_replaced(pass.as_bytes(), fail.as_bytes()));
        assert!(!is_replaced(b"**pass** says windtunnel\n", fail.as_bytes()));
        assert!(is_replaced(b"", recording), "nothing is lost with an empty file");
        assert!(is_replaced(b"<svg>a windtunnel 0.1</svg>", b"<svg>b windtunnel 0.2</svg>"));
        assert!(!is_replaced(b"<svg>by hand</svg>", b"<svg>b windtunnel 0.2</svg>"));
        assert!(is_replaced(b"step,calls\na,1\n", b"step,calls\nb,2\n"));
        assert!(!is_replaced(b"step,reads\na,1\n", b"step,calls\nb,2\n"));
        assert!(!is_replaced(b"notes\n", b"notes\n"), "one word is no header of a table");
        // Of several tables the first may be another one, or the only one.
        assert!(is_replaced(b"view,row,usd\na,b,1\n", b"view,what,why,row,usd\na,b,c,d,1\n"));
        assert!(is_replaced(b"row,usd\na,1\n", b"view,what,row,usd\na,b,c,1\n"));
        assert!(is_replaced(b"view,what,row,usd\na,b,c,1\n", b"row,usd\na,1\n"));
        assert!(!is_replaced(b"view,mine\na,b\n", b"view,what,row\na,b,c\n"));
        assert!(!is_replaced(b"row,mine\na,1\n", b"view,what,row,usd\na,b,c,1\n"));
        // A result that says nothing takes the place of one that said something.
        assert!(is_replaced(b"### Gate\n\n<sub>windtunnel 0.1</sub>\n", b""));
        assert!(!is_replaced(b"my own comment\n", b""));
        assert!(!is_replaced(b"my notes on windtunnel\n", b""));
    }
}
