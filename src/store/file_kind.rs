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
        match (self.schema(), written.schema()) {
            (None, None) => {}
            (known, wanted) => return known == wanted,
        }
        // A picture is no table: the first bytes say what a file is.
        let is_alike = self.head.iter().take(4).eq(written.head.iter().take(4));
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

    fn is_marked(&self) -> bool {
        [&self.head, &self.tail].into_iter().any(|end| memchr::memmem::find(end, MARK).is_some())
    }

    /// Whether the first lines are the same header of a CSV table.
    fn has_header_of(&self, written: &Self) -> bool {
        let [own, other] =
            [self, written].map(|ends| ends.head.split(|byte| *byte == b'\n').next());
        own == other && own.is_some_and(|line| line.contains(&b',') && line.is_ascii())
    }
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
        assert!(is_replaced(b"", recording), "nothing is lost with an empty file");
        assert!(is_replaced(b"<svg>a windtunnel 0.1</svg>", b"<svg>b windtunnel 0.2</svg>"));
        assert!(!is_replaced(b"<svg>by hand</svg>", b"<svg>b windtunnel 0.2</svg>"));
        assert!(is_replaced(b"step,calls\na,1\n", b"step,calls\nb,2\n"));
        assert!(!is_replaced(b"step,reads\na,1\n", b"step,calls\nb,2\n"));
        assert!(!is_replaced(b"notes\n", b"notes\n"), "one word is no header of a table");
    }
}
