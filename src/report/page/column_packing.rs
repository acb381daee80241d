//! Numbers packed for a page: tables of every subset, as few bytes as a script can quickly read.
//!
//! What a subset saves is nearly what its parts save. Each value is told as its difference from
//! what two smaller subsets say, `f(k - a) + f(k - b) - f(k - a - b)` with `a` the lowest and `b`
//! the highest bit of `k`; a subset of one bit as its difference from the empty one. Differences
//! are varints (seven bits a byte, the lowest first, zigzag), their bytes are deflated, and the
//! result is base64.

use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::Write as _;

/// What is told of entry `at` from the entries before it.
fn expected_value(values: &[i128], at: usize) -> i128 {
    match at.count_ones() {
        0 => 0,
        1 => values[0],
        _ => {
            // Both differ, since the entry has two bits at least; all three entries come before it.
            let (low, high) = (1 << at.trailing_zeros(), 1 << at.ilog2());
            values[at ^ low] + values[at ^ high] - values[at ^ low ^ high]
        }
    }
}

/// Adds a column of one value a subset: its common divisor, then the differences.
pub fn pack_column(values: &[i128], out: &mut Vec<u8>) {
    let divisor = values.iter().fold(0, |all, value| common_divisor(all, value.unsigned_abs()));
    // A column of zeros has no divisor.
    let divisor = divisor.max(1);
    push_varint(divisor, out);
    let divisor = i128::try_from(divisor).expect("no larger than its values");
    let scaled: Vec<i128> = values.iter().map(|value| value / divisor).collect();
    for (at, value) in scaled.iter().enumerate() {
        push_varint(zigzag_encode(value - expected_value(&scaled, at)), out);
    }
}

/// Adds a column with gaps: a bit a subset that says whether there is a value, eight a byte, the
/// lowest first; then the differences of those that there are. A gap stands for what is expected.
pub fn pack_column_with_gaps(values: &[Option<i128>], out: &mut Vec<u8>) {
    for eight in values.chunks(8) {
        let bits = eight.iter().enumerate().map(|(at, value)| u8::from(value.is_some()) << at);
        out.push(bits.fold(0, |byte, bit| byte | bit));
    }
    let mut told: Vec<i128> = Vec::with_capacity(values.len());
    for (at, value) in values.iter().enumerate() {
        let expected = expected_value(&told, at);
        // The reader expects the same, so that a gap costs nothing but its bit.
        if let Some(value) = value {
            push_varint(zigzag_encode(value - expected), out);
        }
        told.push(value.unwrap_or(expected));
    }
}

fn common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn zigzag_encode(value: i128) -> u128 {
    ((value << 1) ^ (value >> 127)).cast_unsigned()
}

fn push_varint(mut value: u128, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes deflated, without a header.
#[must_use]
pub fn deflate_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(9));
    encoder.write_all(bytes).expect("a buffer takes all bytes");
    encoder.finish().expect("a buffer takes all bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    /// The way back, as the page's script goes it.
    fn read(bytes: &[u8], at: &mut usize) -> u128 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = bytes[*at];
            *at += 1;
            value |= u128::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    }

    fn unzigzag(value: u128) -> i128 {
        (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
    }

    fn back(bytes: &[u8], count: usize) -> Vec<i128> {
        let mut at = 0;
        let divisor = read(bytes, &mut at).cast_signed();
        let mut values = Vec::new();
        for k in 0..count {
            let value = expected_value(&values, k) + unzigzag(read(bytes, &mut at));
            values.push(value);
        }
        assert_eq!(at, bytes.len());
        values.iter().map(|value| value * divisor).collect()
    }

    fn check(values: &[i128]) {
        let mut bytes = Vec::new();
        pack_column(values, &mut bytes);
        let mut inflated = Vec::new();
        flate2::read::DeflateDecoder::new(&deflate_bytes(&bytes)[..])
            .read_to_end(&mut inflated)
            .unwrap();
        assert_eq!(inflated, bytes);
        assert_eq!(back(&bytes, values.len()), values);
    }

    #[test]
    fn columns_come_back() {
        check(&[0]);
        check(&[0, 5, -7, -2]);
        check(&[0, 600_000, 1_000_000, 1_600_000, -200_000, 400_000, 800_000, 1_300_000]);
        let large = i128::from(i64::MAX) * 4;
        check(&[0, large, -large, 1]);
        check(&[3; 16]);
    }

    #[test]
    fn sums_of_parts_take_a_byte_each() {
        let mut bytes = Vec::new();
        let parts = [1_000, 20_000, 300_000];
        let sum = |k: usize| (0..3).filter(|at| k >> at & 1 == 1).map(|at| parts[at]).sum();
        let values: Vec<i128> = (0..8).map(sum).collect();
        pack_column(&values, &mut bytes);
        // The divisor, three parts of one, two and two bytes, nothing for the others.
        assert_eq!(bytes.len(), 2 + 1 + 1 + 1 + 2 + 4, "{bytes:?}");
    }

    #[test]
    fn gaps_come_back() {
        let values = [Some(50), None, Some(45), Some(40), None, None, Some(9), Some(8), Some(7)];
        let mut bytes = Vec::new();
        pack_column_with_gaps(&values, &mut bytes);
        assert_eq!(bytes[..2], [0b1100_1101, 0b1]);
        let (mut at, mut told) = (2, Vec::new());
        for (k, value) in values.iter().enumerate() {
            let told_of = expected_value(&told, k);
            let met = value.map(|_| told_of + unzigzag(read(&bytes, &mut at)));
            assert_eq!(met, *value);
            told.push(met.unwrap_or(told_of));
        }
        assert_eq!(at, bytes.len());
    }
}
