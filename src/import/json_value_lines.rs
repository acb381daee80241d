//! JSON values as lines: the elements of an array, and values that are printed over several lines.
//!
//! Each value becomes one line, so that every importer reads it as it reads a line of a file; the
//! number of a line is that of the value. Only strings, brackets and commas are looked at: what is
//! no JSON goes through as it is, and whoever reads the line says so.

use std::io::{self, Read};

/// Bytes that are rewritten together.
const CHUNK: usize = 32 << 10;

/// Hands out the values of its source, one on a line.
pub(super) struct JsonValueLines<R> {
    source: R,
    raw: Vec<u8>,
    lines: Vec<u8>,
    at: usize,
    /// Brackets that are open within the value.
    depth: usize,
    /// Within an array whose elements are the values.
    is_in_array: bool,
    is_in_string: bool,
    is_escaped: bool,
    /// Something of the current line was handed out.
    has_begun: bool,
}

impl<R: Read> JsonValueLines<R> {
    /// The values of `source`.
    pub fn new(source: R) -> Self {
        Self {
            source,
            raw: vec![0; CHUNK],
            lines: Vec::new(),
            at: 0,
            depth: 0,
            is_in_array: false,
            is_in_string: false,
            is_escaped: false,
            has_begun: false,
        }
    }

    fn push_byte(&mut self, byte: u8) {
        self.lines.push(byte);
        self.has_begun = true;
    }

    /// Ends the line, unless it is empty: lines and values are counted alike.
    fn end_line(&mut self) {
        if std::mem::take(&mut self.has_begun) {
            self.lines.push(b'\n');
        }
    }

    fn take_byte(&mut self, byte: u8) {
        if self.is_in_string {
            // No string goes on over a line end: where one does, it was cut.
            if byte == b'\n' {
                (self.is_in_string, self.is_escaped) = (false, false);
                return;
            }
            self.push_byte(byte);
            let is_escape = byte == b'\\' && !self.is_escaped;
            self.is_in_string = byte != b'"' || self.is_escaped;
            self.is_escaped = is_escape;
            return;
        }
        match byte {
            b'[' if self.depth == 0 && !self.is_in_array => self.is_in_array = true,
            b']' if self.depth == 0 && self.is_in_array => {
                self.end_line();
                self.is_in_array = false;
            }
            b',' if self.depth == 0 => self.end_line(),
            b'{' | b'[' => {
                self.depth += 1;
                self.push_byte(byte);
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.push_byte(byte);
                if self.depth == 0 {
                    self.end_line();
                }
            }
            // What parts words within a value parts them on the line as well.
            b' ' | b'\t' | b'\n' | b'\r' if self.has_begun => self.push_byte(b' '),
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => {
                self.is_in_string = byte == b'"';
                self.push_byte(byte);
            }
        }
    }
}

impl<R: Read> Read for JsonValueLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.lines.len() {
            self.at = 0;
            self.lines.clear();
            // A chunk may end no line: read on until there is one, since nothing read means the
            // end.
            let read = self.source.read(&mut self.raw)?;
            if read == 0 {
                return Ok(0);
            }
            for at in 0..read {
                self.take_byte(self.raw[at]);
            }
        }
        let read = (&self.lines[self.at..]).read(buffer)?;
        self.at += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, lines: &str) {
        let mut text = String::new();
        let read = JsonValueLines::new(input.as_bytes()).read_to_string(&mut text);
        assert_eq!((read.is_ok(), text.as_str()), (true, lines), "{input}");
    }

    #[test]
    fn each_value_is_a_line() {
        check("[{\"a\":[1,2]},{\"b\":\"x,]}\\\"\"}]", "{\"a\":[1,2]}\n{\"b\":\"x,]}\\\"\"}\n");
        check("[\n  {\n\"a\": 1\n}\n,\n{}\n]\n", "{ \"a\": 1 }\n{}\n");
        check("{\n\"a\": {}\n}\n{\"b\":2}", "{ \"a\": {} }\n{\"b\":2}\n");
        check("[[1],2,\"x\"][{}]", "[1]\n2\n\"x\"\n{}\n");
        check("[]", "");
    }

    #[test]
    fn what_is_cut_or_no_json_goes_through() {
        check("[{\"a\":1},{\"b\":\"x", "{\"a\":1}\n{\"b\":\"x");
        check("[{\"a\":\"x\n\"},{}]", "{\"a\":\"x\"},{}]");
        check("}nonsense", "}\nnonsense");
    }
}
