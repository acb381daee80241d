//! Columns of numbers and names as bytes, and back: each value is read once and checked.
//!
//! A number is a zigzag varint: seven bits a byte, the sign last. A column says how it is written:
//! `=` one number for all of its rows, `#` number by number, `+` as differences; the shortest.
//! Names are a list of the different ones and a column of places in it, so that a name is checked
//! once and not row by row.

use super::BadRecording;
use std::collections::HashMap;
use std::hash::Hash;

/// Columns on their way out.
#[derive(Default)]
pub(super) struct ColumnWriter {
    pub(super) bytes: Vec<u8>,
}

impl ColumnWriter {
    pub(super) fn put_number(&mut self, number: impl Into<i64>) {
        let mut rest = zigzag(number.into());
        while rest >= 0x80 {
            self.bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    pub(super) fn put_name(&mut self, name: &str) {
        self.put_number(name.len() as i64);
        self.bytes.extend_from_slice(name.as_bytes());
    }

    /// The first column of a table: a byte a row at least, so that a short file cannot ask for many
    /// rows.
    pub(super) fn put_keys(&mut self, keys: impl Iterator<Item = i64>) {
        let mut before = 0_i64;
        for key in keys {
            self.put_number(key.wrapping_sub(before));
            before = key;
        }
    }

    pub(super) fn put_column(&mut self, numbers: impl Iterator<Item = i64> + Clone) {
        // One pass to measure, one to write: as they are, or as differences, whatever is shorter.
        let (mut plain, mut differences, mut before) = (0, 0, 0_i64);
        let first = numbers.clone().next().unwrap_or_default();
        let mut is_same = true;
        for number in numbers.clone() {
            plain += bytes_of(number);
            differences += bytes_of(number.wrapping_sub(before));
            is_same &= number == first;
            before = number;
        }
        if is_same {
            self.bytes.push(b'=');
            self.put_number(first);
        } else if differences < plain {
            self.bytes.push(b'+');
            self.put_keys(numbers);
        } else {
            self.bytes.push(b'#');
            for number in numbers {
                self.put_number(number);
            }
        }
    }

    /// A column of values that have names.
    pub(super) fn put_named<T: Copy + Eq + Hash, N: AsRef<str>>(
        &mut self,
        values: impl Iterator<Item = T>,
        name: impl Fn(T) -> N,
    ) {
        let (mut places, mut different) = (HashMap::new(), Vec::new());
        let mut column: Vec<i64> = Vec::new();
        for value in values {
            // Many rows have the value of the row before.
            let before = column.last().copied().filter(|at| different[*at as usize] == value);
            let place = before.unwrap_or_else(|| {
                *places.entry(value).or_insert_with(|| {
                    different.push(value);
                    different.len() as i64 - 1
                })
            });
            column.push(place);
        }
        self.put_number(different.len() as i64);
        for value in different {
            self.put_name(name(value).as_ref());
        }
        self.put_column(column.iter().copied());
    }
}

fn zigzag(number: i64) -> u64 {
    (number.wrapping_shl(1) ^ (number >> 63)) as u64
}

fn bytes_of(number: i64) -> u32 {
    (64 - (zigzag(number) | 1).leading_zeros()).div_ceil(7)
}

/// Columns on their way in.
pub(super) struct ColumnReader<'a> {
    rest: &'a [u8],
}

impl<'a> ColumnReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// An error unless everything was read.
    pub(super) fn require_end(&self) -> Result<(), BadRecording> {
        if self.rest.is_empty() { Ok(()) } else { Err(BadRecording::Columns("bytes behind it")) }
    }

    fn take_byte(&mut self) -> Result<u8, BadRecording> {
        let (first, rest) = self.rest.split_first().ok_or(CUT_SHORT)?;
        self.rest = rest;
        Ok(*first)
    }

    fn take_i64(&mut self) -> Result<i64, BadRecording> {
        let (mut zigzagged, mut shift) = (0_u64, 0);
        loop {
            let byte = self.take_byte()?;
            // What does not fit into 64 bits is lost here and met by the checksum or the books.
            zigzagged |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok((zigzagged >> 1) as i64 ^ -((zigzagged & 1) as i64));
            }
            shift += 7;
            // Ten bytes hold 64 bits.
            if shift >= 70 {
                return Err(BadRecording::Columns("a number of too many bytes"));
            }
        }
    }

    pub(super) fn take_number<T: TryFrom<i64>>(
        &mut self,
        column: &'static str,
    ) -> Result<T, BadRecording> {
        fit(self.take_i64()?, column, 0)
    }

    pub(super) fn take_name(&mut self) -> Result<&'a str, BadRecording> {
        let length: usize = self.take_number("length of a name")?;
        let (name, rest) = self.rest.split_at_checked(length).ok_or(CUT_SHORT)?;
        self.rest = rest;
        std::str::from_utf8(name).map_err(|_| BadRecording::Columns("a name is not UTF-8"))
    }

    pub(super) fn take_keys<T: TryFrom<i64>>(
        &mut self,
        column: &'static str,
        rows: usize,
    ) -> Result<Vec<T>, BadRecording> {
        // Each takes a byte or more.
        let mut keys = Vec::with_capacity(rows.min(self.rest.len()));
        let mut before = 0_i64;
        for row in 0..rows {
            before = before.wrapping_add(self.take_i64()?);
            keys.push(fit(before, column, row)?);
        }
        Ok(keys)
    }

    pub(super) fn take_column<T: TryFrom<i64> + Copy>(
        &mut self,
        column: &'static str,
        rows: usize,
    ) -> Result<Vec<T>, BadRecording> {
        match self.take_byte()? {
            b'=' => Ok(vec![self.take_number(column)?; rows]),
            b'+' => self.take_keys(column, rows),
            b'#' => {
                // A damaged count must not reserve more than what is left could hold.
                let mut numbers = Vec::with_capacity(rows.min(self.rest.len()));
                for row in 0..rows {
                    numbers.push(fit(self.take_i64()?, column, row)?);
                }
                Ok(numbers)
            }
            _ => Err(BadRecording::Columns("a column that is written in no known way")),
        }
    }

    /// A column of values by their names: each different one is read once.
    pub(super) fn take_named<T: Clone>(
        &mut self,
        column: &'static str,
        rows: usize,
        read: impl Fn(usize, &'a str) -> Result<T, BadRecording>,
    ) -> Result<Vec<T>, BadRecording> {
        let count: usize = self.take_number(column)?;
        let mut different = Vec::with_capacity(count.min(self.rest.len()));
        for at in 0..count {
            different.push(read(at, self.take_name()?)?);
        }
        // Each row is the place of its value among these.
        let places = self.take_column::<usize>(column, rows)?;
        let values = places.into_iter().enumerate().map(|(row, place)| {
            different.get(place).cloned().ok_or_else(|| {
                let what = format!("value {place} of {count}");
                BadRecording::Column { column, row, what }
            })
        });
        values.collect()
    }
}

const CUT_SHORT: BadRecording = BadRecording::Columns("it ends too early");

/// A number as the type that it has to fit.
pub(super) fn fit<T: TryFrom<i64>>(
    number: i64,
    column: &'static str,
    row: usize,
) -> Result<T, BadRecording> {
    T::try_from(number).map_err(|_| {
        let what = format!("{number} is out of range");
        BadRecording::Column { column, row, what }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(numbers: &[i64], bytes: usize) {
        let mut writer = ColumnWriter::default();
        writer.put_column(numbers.iter().copied());
        assert_eq!(writer.bytes.len(), bytes, "{numbers:?}");
        let mut reader = ColumnReader::new(&writer.bytes);
        let met = reader.take_column::<i64>("x", numbers.len()).expect("as written");
        assert_eq!(met, numbers);
        reader.require_end().expect("nothing is left");
        for end in 0..bytes {
            let cut =
                ColumnReader::new(&writer.bytes[..end]).take_column::<i64>("x", numbers.len());
            assert!(cut.is_err(), "{numbers:?} cut at {end}");
        }
    }

    #[test]
    fn a_column_takes_the_shortest_way() {
        check(&[], 2);
        check(&[0, 0, 0], 2);
        check(&[5; 1000], 2);
        check(&[1, -1, 63, -64], 5);
        check(&[1 << 40, (1 << 40) + 1, (1 << 40) - 1], 9);
        check(&[i64::MIN, i64::MAX, 0, i64::MIN], 32);
    }

    #[test]
    fn a_number_out_of_range_is_told_with_its_row() {
        let mut writer = ColumnWriter::default();
        writer.put_column([1, 70_000].into_iter());
        let met = ColumnReader::new(&writer.bytes).take_column::<u16>("model", 2);
        let told = met.expect_err("too large").to_string();
        assert_eq!(told, "column 'model', row 1: 70000 is out of range");
    }

    #[test]
    fn names_are_written_once() {
        let mut writer = ColumnWriter::default();
        let names = ["main", "", "main", "é"];
        writer.put_named(names.into_iter(), |name| name);
        assert_eq!(writer.bytes.len(), 1 + 5 + 1 + 3 + 1 + 4);
        let met = ColumnReader::new(&writer.bytes).take_named("role", 4, |_, name| Ok(name));
        assert_eq!(met.expect("as written"), names);
    }
}
