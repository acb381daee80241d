//! The start of a file, by which its format is told, and the lines before it that are too long.

use super::decoded_source::DeferredError;
use super::line_reader;
use std::io::{self, Read};

/// How much of a file is read before its format is decided, unless its first line is longer.
pub(super) const HEAD: usize = 64 << 10;

/// How much is read of a file whose name says little, before its first line is given up.
pub(super) const LOOSE_HEAD: usize = 1 << 20;

/// Lines that are longer than any that is read, before the first one that is not.
const MOST_PASSED: usize = 64;

/// The start of a file on its way to a format.
pub(super) struct FileHead<R> {
    source: R,
    /// At least one line, unless the first one is too long.
    pub text: Vec<u8>,
    /// What went wrong behind it, if anything did.
    pub cut: Option<io::Error>,
    /// Whether it is all of the file.
    is_whole: bool,
    /// Bytes of the lines before it, which are too long to be read.
    passed: Vec<u64>,
    most: usize,
}

impl<R: Read> FileHead<R> {
    /// Reads the start of a file of about so many bytes. Of a file whose name says little a long
    /// first line is given up.
    pub fn read(source: R, has_loose_name: bool, bytes: u64) -> Self {
        let most = if has_loose_name { LOOSE_HEAD } else { line_reader::MAX_LINE };
        let text = Vec::with_capacity(HEAD.min(bytes as usize + 1));
        let mut head = Self { source, text, cut: None, is_whole: false, passed: Vec::new(), most };
        head.read_text();
        if head.text.starts_with(b"\xEF\xBB\xBF") {
            head.text.drain(..3);
        }
        head
    }

    /// Passes over a first line that is longer than any that is read: what follows it may tell the
    /// format all the same. False where the first line is no such line.
    pub fn pass_long_line(&mut self) -> bool {
        let is_long = self.text.len() > self.most && memchr::memchr(b'\n', &self.text).is_none();
        let is_read_on = self.most == line_reader::MAX_LINE && self.passed.len() < MOST_PASSED;
        if !(is_long && is_read_on && self.cut.is_none()) {
            return false;
        }
        let mut bytes = self.text.len() as u64;
        // The line is gone, and its memory with it: only its length is told.
        self.text = Vec::new();
        let mut buffer = vec![0; HEAD];
        loop {
            let read = match self.source.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.cut = Some(error);
                    break;
                }
            };
            if let Some(at) = memchr::memchr(b'\n', &buffer[..read]) {
                bytes += at as u64;
                // What stands behind the line break is the start of the next line.
                self.text.extend_from_slice(&buffer[at + 1..read]);
                break;
            }
            bytes += read as u64;
        }
        self.passed.push(bytes);
        if self.cut.is_none() {
            self.read_text();
        }
        true
    }

    /// Whether lines before the text were passed over.
    pub fn has_passed_lines(&self) -> bool {
        !self.passed.is_empty()
    }

    /// The file again: its start, whether that is all of it, and what comes behind it. In the place
    /// of lines that were passed over stand others that are as long, and an error that cut the
    /// start comes back where it stood.
    pub fn into_parts<'a>(self) -> (Vec<u8>, bool, Box<dyn Read + 'a>)
    where
        R: 'a,
    {
        let rest = DeferredError(self.cut).chain(self.source);
        if self.passed.is_empty() {
            return (self.text, self.is_whole, Box::new(rest));
        }
        let rest: Box<dyn Read + 'a> = Box::new(io::Cursor::new(self.text).chain(rest));
        // Chained from the last to the first, so that the first is read first.
        let passed = self.passed.into_iter().rev();
        let whole = passed.fold(rest, |rest, bytes| {
            Box::new(io::repeat(b'x').take(bytes).chain(&b"\n"[..]).chain(rest))
        });
        (Vec::new(), false, whole)
    }

    fn read_text(&mut self) {
        // One byte beyond the most is enough to tell that a line is too long.
        let mut wanted = HEAD.max(self.text.len());
        loop {
            let room = (wanted - self.text.len()) as u64;
            let before = self.text.len();
            if let Err(error) = self.source.by_ref().take(room).read_to_end(&mut self.text) {
                self.cut = Some(error);
                return;
            }
            // `read_to_end` stops short of the room only where the file ends.
            let ended = self.text.len() - before < room as usize;
            self.is_whole = ended;
            let has_line = memchr::memchr(b'\n', &self.text).is_some();
            if ended || has_line || self.text.len() > self.most {
                return;
            }
            wanted = (wanted * 4).min(self.most + 1);
        }
    }
}
