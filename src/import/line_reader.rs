//! Lines of a file of any size, through one reused buffer.
//!
//! A line may be hundreds of megabytes. Up to [`MAX_LINE`] it is handed out whole; a longer one is
//! streamed past and reported with its size, so that memory stays bounded whatever comes in.

use std::io::{self, Read};
use std::ops::Range;

/// The longest line that is read, in bytes.
pub(super) const MAX_LINE: usize = 64 << 20;

/// What the buffer of a large file starts with, and goes back to after a big line.
const BUFFER: usize = 256 << 10;

/// What it starts with at least.
const SMALL_BUFFER: usize = 4 << 10;

/// A file of so many bytes is worth to be read on several threads.
const HUGE: u64 = 64 << 20;

/// How much of it is read at a time.
const SEGMENT: usize = 16 << 20;

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

/// Where lines come from.
pub(super) trait NumberedLines {
    /// The next line that is not blank, with its number.
    ///
    /// # Errors
    /// What the source reports; the caller stops there.
    fn next_numbered_line(&mut self) -> io::Result<Option<(u64, SourceLine<'_>)>>;
    /// The number of the line that came last, counted from 1.
    fn line_number(&self) -> u64;
    /// NULs that stood beside the text of the line that came last.
    fn padding(&self) -> u64;
}

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
    /// What the source reported behind the lines that are left.
    error: Option<io::Error>,
    is_huge: bool,
}

impl<'a> LineReader<'a> {
    /// Lines of `source`; `is_record` judges what is left of a line that was damaged.
    pub fn new(source: &'a mut dyn Read, is_record: IsRecord<'a>) -> Self {
        Self::with_room(source, is_record, BUFFER as u64)
    }

    /// The same of a file of about so many bytes: a small one needs no large buffer.
    pub fn with_room(source: &'a mut dyn Read, is_record: IsRecord<'a>, bytes: u64) -> Self {
        // One more than the file has, so that its end is met without growing.
        let room = (bytes.min(BUFFER as u64) as usize + 1).clamp(SMALL_BUFFER, BUFFER);
        let (buffer, start, end) = (vec![0; room], 0, 0);
        let is_huge = bytes >= HUGE;
        let (number, padding, done, error) = (0, 0, false, None);
        Self { source, is_record, buffer, start, end, number, padding, done, error, is_huge }
    }

    /// What judges the pieces of a damaged line.
    pub fn is_record(&self) -> IsRecord<'a> {
        self.is_record
    }

    /// Whole lines of a huge file, to be read side by side; `spare` is a buffer that is not needed
    /// any more. Nothing where the file is small or at its end, or a line is longer than is read:
    /// what is left then comes line by line.
    pub fn next_segment(&mut self, mut spare: Vec<u8>) -> Option<LineSegment> {
        if !self.is_huge || self.error.is_some() {
            return None;
        }
        if self.buffer.len() < SEGMENT {
            self.buffer.resize(SEGMENT, 0);
        }
        let end = loop {
            while !self.done && self.error.is_none() && self.end < self.buffer.len() {
                let kept = (self.start, self.end);
                match self.read_into_buffer(self.end) {
                    Ok(read) => self.end += read,
                    Err(error) => {
                        // The whole lines before it count; then it comes once more.
                        (self.start, self.end) = kept;
                        (self.error, self.done) = (Some(error), false);
                    }
                }
            }
            let unread = &self.buffer[self.start..self.end];
            let whole = memchr::memrchr(b'\n', unread).map(|at| self.start + at + 1);
            match whole {
                // The last line may lack its end.
                _ if self.done && !unread.is_empty() => break self.end,
                Some(end) => break end,
                None if self.done || self.error.is_some() || unread.len() > MAX_LINE => {
                    return None;
                }
                None => {
                    self.buffer.copy_within(self.start..self.end, 0);
                    (self.start, self.end) = (0, self.end - self.start);
                    let room = self.buffer.len().max(2 * self.end);
                    self.buffer.resize(room, 0);
                }
            }
        };
        let left = self.end - end;
        spare.resize(SEGMENT.max(2 * left), 0);
        spare[..left].copy_from_slice(&self.buffer[end..self.end]);
        let bytes = std::mem::replace(&mut self.buffer, spare);
        let range = self.start..end;
        (self.start, self.end) = (0, left);
        let first = self.number;
        let ends = memchr::memchr_iter(b'\n', &bytes[range.clone()]).count() as u64;
        self.number += ends + u64::from(bytes[end - 1] != b'\n');
        Some(LineSegment { bytes, range, first })
    }

    /// The next line that is not blank.
    ///
    /// # Errors
    /// What the source reports; the caller stops there.
    pub fn next_line(&mut self) -> io::Result<Option<SourceLine<'_>>> {
        Ok(self.next_numbered_line()?.map(|(_, line)| line))
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
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let from = self.end;
        self.end += self.read_into_buffer(from)?;
        Ok(from)
    }

    fn read_into_buffer(&mut self, from: usize) -> io::Result<usize> {
        loop {
            let read =
                self.error.take().map_or_else(|| self.source.read(&mut self.buffer[from..]), Err);
            match read {
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
        loop {
            // Each chunk overwrites the one before: memory stays as it is.
            let read = self.read_into_buffer(0)?;
            (self.start, self.end) = (0, read);
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[..read]) {
                self.start = at + 1;
                self.number += 1;
                return Ok((0, size + at));
            }
            size += read;
            if self.done {
                self.number += 1;
                return Ok((0, size));
            }
        }
    }
}

impl NumberedLines for LineReader<'_> {
    fn next_numbered_line(&mut self) -> io::Result<Option<(u64, SourceLine<'_>)>> {
        loop {
            let Some((from, to)) = self.find_next_line()? else {
                return Ok(None);
            };
            if to - from > MAX_LINE {
                // The bytes of this range were dropped: only its length is true.
                return Ok(Some((self.number, SourceLine::TooLong((to - from) as u64))));
            }
            let (text, padding) = trim_numbered(&self.buffer[from..to], self.number);
            let (from, to) = (from + text.start, from + text.end);
            self.padding = padding;
            if from < to {
                return Ok(Some((self.number, SourceLine::Text(&self.buffer[from..to]))));
            }
            if self.padding > 0 {
                return Ok(Some((self.number, SourceLine::Padding(self.padding))));
            }
        }
    }

    fn line_number(&self) -> u64 {
        self.number
    }

    fn padding(&self) -> u64 {
        self.padding
    }
}

/// Whole lines of a file.
pub(super) struct LineSegment {
    /// The buffer that they stand in.
    pub bytes: Vec<u8>,
    range: Range<usize>,
    /// The number of the line before the first one.
    pub first: u64,
}

impl LineSegment {
    /// The lines one by one.
    pub fn lines(&self) -> SegmentLines<'_> {
        SegmentLines { rest: &self.bytes[self.range.clone()], number: self.first, padding: 0 }
    }

    /// Each line as it stands there, the blank ones too.
    pub fn texts(&self) -> Vec<&[u8]> {
        let bytes = &self.bytes[self.range.clone()];
        let (mut texts, mut from) = (Vec::new(), 0);
        for end in memchr::memchr_iter(b'\n', bytes) {
            texts.push(&bytes[from..end]);
            from = end + 1;
        }
        // The last line may lack its end.
        texts.extend(bytes.get(from..).filter(|rest| !rest.is_empty()));
        texts
    }
}

/// The lines of a segment.
pub(super) struct SegmentLines<'a> {
    rest: &'a [u8],
    number: u64,
    padding: u64,
}

impl NumberedLines for SegmentLines<'_> {
    fn next_numbered_line(&mut self) -> io::Result<Option<(u64, SourceLine<'_>)>> {
        while !self.rest.is_empty() {
            let end = memchr::memchr(b'\n', self.rest);
            let line = &self.rest[..end.unwrap_or(self.rest.len())];
            self.rest = end.map_or(&[], |end| &self.rest[end + 1..]);
            self.number += 1;
            if line.len() > MAX_LINE {
                return Ok(Some((self.number, SourceLine::TooLong(line.len() as u64))));
            }
            let (text, padding) = trim_numbered(line, self.number);
            self.padding = padding;
            if !text.is_empty() {
                return Ok(Some((self.number, SourceLine::Text(&line[text]))));
            }
            if padding > 0 {
                return Ok(Some((self.number, SourceLine::Padding(padding))));
            }
        }
        Ok(None)
    }

    fn line_number(&self) -> u64 {
        self.number
    }

    fn padding(&self) -> u64 {
        self.padding
    }
}

/// The part of a line between its blanks, and the NULs beside it, which are left by writes that
/// never came.
fn trim_numbered(line: &[u8], number: u64) -> (Range<usize>, u64) {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    let (mut from, mut to, mut padding) = (0, line.len(), 0);
    if number == 1 && line.starts_with(MARK) {
        from += MARK.len();
    }
    while from < to && is_blank_or_nul(line[from]) {
        padding += u64::from(line[from] == 0);
        from += 1;
    }
    while from < to && is_blank_or_nul(line[to - 1]) {
        to -= 1;
        padding += u64::from(line[to] == 0);
    }
    (from..to, padding)
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
        let mut lines = LineReader::new(&mut source, &|_| false);
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

    /// Everything that lines say of a source, read in segments or one by one.
    fn all_lines(source: &mut dyn Read, bytes: u64) -> Vec<String> {
        let mut told = Vec::new();
        let mut lines = LineReader::with_room(source, &|_| false, bytes);
        let mut tell = |lines: &mut dyn NumberedLines| {
            loop {
                match lines.next_numbered_line() {
                    Ok(Some((number, line))) => {
                        let line = format!("{number} {line:?}");
                        told.push(format!("{line} {}", lines.padding()));
                    }
                    Ok(None) => break,
                    Err(error) => return told.push(format!("{} {error}", lines.line_number() + 1)),
                }
            }
        };
        let mut spare = Vec::new();
        while let Some(segment) = lines.next_segment(spare) {
            let ends = segment.texts().len() as u64;
            tell(&mut segment.lines());
            assert_eq!(lines.line_number(), segment.first + ends);
            spare = segment.bytes;
        }
        tell(&mut lines);
        told
    }

    #[test]
    fn lines_of_a_huge_file_are_the_same() {
        let long = [&b"x"[..], &vec![b'y'; SEGMENT + 9], b"\nend"].concat();
        let many = b"a line\n\n\0\0\n b \r\n".repeat(SEGMENT / 10);
        for input in [&b""[..], b"\n", b"a", b"a\n", b"\0a\0\n\0\n\n b", &long, &many] {
            let one_by_one = all_lines(&mut &*input, 0);
            assert_eq!(all_lines(&mut &*input, HUGE), one_by_one);
            // An error behind it.
            let cut = || {
                input.chain(crate::import::decoded_source::DeferredError(Some(io::Error::other(
                    "cut",
                ))))
            };
            let one_by_one = all_lines(&mut cut(), 0);
            assert_eq!(all_lines(&mut cut(), HUGE), one_by_one);
        }
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
