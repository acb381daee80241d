//! Lines of a file of any size, through one reused buffer.
//!
//! A line may be hundreds of megabytes. Up to [`MAX_LINE`] it is handed out whole; a longer one is
//! streamed past and reported with its size, so that memory stays bounded whatever comes in.

use std::io::{self, Read};

/// The longest line that is read, in bytes.
pub(super) const MAX_LINE: usize = 64 << 20;

/// What the buffer grows to when it is filled again, and goes back to after a big line.
const BUFFER: usize = 256 << 10;

/// One line of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SourceLine<'a> {
    /// Its bytes, without line end, byte order mark and surrounding blanks and NULs; never empty.
    Text(&'a [u8]),
    /// Nothing but so many NULs.
    Padding(u64),
    /// It is longer than [`MAX_LINE`]: so many bytes were passed over.
    TooLong(u64),
}

/// Whether a piece of a line is a record of the format that is read.
pub(super) type IsRecord<'a> = &'a dyn Fn(&[u8]) -> bool;

/// Reads lines.
pub(super) struct LineReader<'a> {
    source: &'a mut dyn Read,
    is_record: IsRecord<'a>,
    buffer: Vec<u8>,
    /// The unread part of the buffer.
    start: usize,
    end: usize,
    number: u64,
    /// NULs beside the text of the line that came last.
    padding: u64,
    done: bool,
}

impl<'a> LineReader<'a> {
    /// Lines of `source`; `is_record` judges what is left of a line that was damaged.
    pub fn new(source: &'a mut dyn Read, is_record: IsRecord<'a>) -> Self {
        Self {
            source,
            is_record,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            number: 0,
            padding: 0,
            done: false,
        }
    }

    /// The same with what was read of it already: all of it, where it `is_whole`.
    pub fn behind(self, head: Vec<u8>, is_whole: bool) -> Self {
        Self { end: head.len(), buffer: head, done: is_whole, ..self }
    }

    /// What judges the pieces of a damaged line.
    pub fn is_record(&self) -> IsRecord<'a> {
        self.is_record
    }

    /// NULs that stood beside the text of the line that came last.
    pub fn padding(&self) -> u64 {
        self.padding
    }

    /// The number of the line that came last, counted from 1.
    pub fn line_number(&self) -> u64 {
        self.number
    }

    /// The next line that is not blank.
    ///
    /// # Errors
    /// What the source reports; the caller stops there.
    pub fn next_line(&mut self) -> io::Result<Option<SourceLine<'_>>> {
        Ok(self.next_numbered_line()?.map(|(_, line)| line))
    }

    /// The next line that is not blank, with its number.
    ///
    /// # Errors
    /// As above.
    pub fn next_numbered_line(&mut self) -> io::Result<Option<(u64, SourceLine<'_>)>> {
        loop {
            let Some((from, to)) = self.find_next_line()? else {
                return Ok(None);
            };
            if to - from > MAX_LINE {
                // The bytes of this range were dropped: only its length is true.
                return Ok(Some((self.number, SourceLine::TooLong((to - from) as u64))));
            }
            let (from, to) = self.trim_blanks(from, to);
            if from < to {
                return Ok(Some((self.number, SourceLine::Text(&self.buffer[from..to]))));
            }
            if self.padding > 0 {
                return Ok(Some((self.number, SourceLine::Padding(self.padding))));
            }
        }
    }

    /// Finds the next line; a range longer than [`MAX_LINE`] stands for bytes that are gone.
    fn find_next_line(&mut self) -> io::Result<Option<(usize, usize)>> {
        let mut searched = self.start;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[searched..self.end]) {
                let line = (self.start, searched + at);
                self.start = searched + at + 1;
                self.number += 1;
                return Ok(Some(line));
            }
            if self.done {
                // The last line may lack its end.
                let line = (self.start, self.end);
                self.start = self.end;
                if line.0 == line.1 {
                    return Ok(None);
                }
                self.number += 1;
                return Ok(Some(line));
            }
            if self.end - self.start > MAX_LINE {
                return self.skip_long_line().map(Some);
            }
            // What was searched already holds no line end: the search goes on behind it.
            searched = self.refill_buffer()?;
        }
    }

    /// Reads more behind the unfinished line; returns where the new bytes start.
    fn refill_buffer(&mut self) -> io::Result<usize> {
        // The unfinished line moves to the front, so that a line never needs more than its length.
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        // One long line must not hold its memory for the rest of the file.
        if self.end < BUFFER / 2 && self.buffer.len() > 16 * BUFFER {
            self.buffer.truncate(BUFFER);
            self.buffer.shrink_to_fit();
        }
        if self.end == self.buffer.len() || self.buffer.len() < BUFFER {
            self.buffer.resize(BUFFER.max(self.buffer.len() * 2), 0);
        }
        let from = self.end;
        self.end += self.read_into_buffer(from)?;
        Ok(from)
    }

    fn read_into_buffer(&mut self, from: usize) -> io::Result<usize> {
        loop {
            match self.source.read(&mut self.buffer[from..]) {
                Ok(0) => {
                    self.done = true;
                    return Ok(0);
                }
                Ok(n) => return Ok(n),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // A line that was cut is no line: nothing of it is handed out.
                    self.done = true;
                    (self.start, self.end) = (0, 0);
                    return Err(error);
                }
            }
        }
    }

    /// Drops the rest of a line that is too long; what follows it stays in the buffer.
    fn skip_long_line(&mut self) -> io::Result<(usize, usize)> {
        let mut size = self.end - self.start;
        self.number += 1;
        loop {
            // Each chunk overwrites the one before: memory stays as it is.
            let read = self.read_into_buffer(0)?;
            (self.start, self.end) = (0, read);
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[..read]) {
                self.start = at + 1;
                return Ok((0, size + at));
            }
            size += read;
            if self.done {
                return Ok((0, size));
            }
        }
    }

    /// The part of a line between its blanks; NULs are left by writes that never came.
    fn trim_blanks(&mut self, mut from: usize, mut to: usize) -> (usize, usize) {
        self.padding = 0;
        const MARK: &[u8] = b"\xEF\xBB\xBF";
        // A byte order mark stands before the first line alone.
        if self.number == 1 && self.buffer[from..to].starts_with(MARK) {
            from += MARK.len();
        }
        while from < to && is_blank_or_nul(self.buffer[from]) {
            self.padding += u64::from(self.buffer[from] == 0);
            from += 1;
        }
        while from < to && is_blank_or_nul(self.buffer[to - 1]) {
            to -= 1;
            self.padding += u64::from(self.buffer[to] == 0);
        }
        (from, to)
    }
}

/// A line without its blanks and NULs.
pub(super) fn trim_line(mut line: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = line
        && is_blank_or_nul(*first)
    {
        line = rest;
    }
    while let [rest @ .., last] = line
        && is_blank_or_nul(*last)
    {
        line = rest;
    }
    line
}

/// Whether a byte parts records and belongs to none.
pub(super) fn is_blank_or_nul(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &[u8], expect: &[(u64, &[u8])]) {
        let mut source = input;
        check_lines(LineReader::new(&mut source, &|_| false), expect);
    }

    fn check_lines(mut lines: LineReader<'_>, expect: &[(u64, &[u8])]) {
        let mut met = Vec::new();
        loop {
            let line = match lines.next_line() {
                Ok(Some(SourceLine::Text(text))) => text.to_vec(),
                Ok(Some(other)) => panic!("no line of these tests is {other:?}"),
                Ok(None) => break,
                Err(error) => panic!("{error}"),
            };
            met.push((lines.line_number(), line));
        }
        let met: Vec<(u64, &[u8])> = met.iter().map(|(n, line)| (*n, line.as_slice())).collect();
        assert_eq!(met, expect);
    }

    #[test]
    fn lines_come_without_ends_marks_and_blanks() {
        check(b"", &[]);
        check(b"a", &[(1, b"a")]);
        check(b"a\n\n b \r\nc", &[(1, b"a"), (3, b"b"), (4, b"c")]);
        check(b"\xEF\xBB\xBFa\r\n\r\n", &[(1, b"a")]);
    }

    #[test]
    fn nuls_are_beside_the_text() {
        let mut source: &[u8] = b"\0\0a\0\n\0 \0\nb";
        let mut lines = LineReader::new(&mut source, &|_| false);
        for (expect, padding) in
            [(SourceLine::Text(b"a"), 3), (SourceLine::Padding(2), 2), (SourceLine::Text(b"b"), 0)]
        {
            assert_eq!(lines.next_line().ok().flatten(), Some(expect));
            assert_eq!(lines.padding(), padding);
        }
    }

    #[test]
    fn lines_go_on_behind_a_head() {
        let text = b"\xEF\xBB\xBFa\n\nbc\nd";
        for cut in 0..=text.len() {
            let (head, mut rest) = text.split_at(cut);
            let is_whole = rest.is_empty();
            let lines = LineReader::new(&mut rest, &|_| false).behind(head.to_vec(), is_whole);
            check_lines(lines, &[(1, b"a"), (3, b"bc"), (4, b"d")]);
        }
        let mut unread: &[u8] = b"x";
        check_lines(
            LineReader::new(&mut unread, &|_| false).behind(b"a".to_vec(), true),
            &[(1, b"a")],
        );
    }

    #[test]
    fn a_line_beyond_the_buffer_is_whole() {
        let long = vec![b'x'; 3 * BUFFER];
        let mut input = long.clone();
        input.extend(b"\nend\n");
        check(&input, &[(1, &long), (2, b"end")]);
    }

    #[test]
    fn a_line_beyond_the_cap_is_passed_over() {
        let head: &[u8] = b"a\n";
        let mut source =
            head.chain(io::repeat(b'x').take(MAX_LINE as u64 + 9)).chain(&b"\nb\n"[..]);
        let mut lines = LineReader::new(&mut source, &|_| false);
        let size = MAX_LINE as u64 + 9;
        for (number, expect) in [
            (1, SourceLine::Text(b"a")),
            (2, SourceLine::TooLong(size)),
            (3, SourceLine::Text(b"b")),
        ] {
            assert_eq!(lines.next_line().ok().flatten(), Some(expect));
            assert_eq!(lines.line_number(), number);
        }
        assert_eq!(lines.next_line().ok(), Some(None));
    }
}
