//! The whole records of a line that is no record.
//!
//! Writers that are killed, or that append at the same time, leave lines of several records, and
//! lines that begin or end with a part of one. The seam is where JSON breaks: a string of the part
//! that was cut ends at the first quote of the next record, and what follows fits nowhere. Each
//! byte is looked at a bounded number of times.

use super::json_fault::JsonFault;
use super::json_reader::find_value_end;
use super::line_reader::{IsRecord, is_blank_or_nul};
use super::skip::SkipReason;

/// How many objects that do not end within the line are entered: a part that was cut before a value
/// holds the next record as that value, and has as many open objects around it as records nest.
const MOST_OPEN: usize = 64;

/// Finds the records of one line.
pub(super) struct WholeRecords<'a> {
    line: &'a [u8],
    is_record: IsRecord<'a>,
    at: usize,
    /// Objects that were entered because they do not end.
    open: usize,
    /// What is wrong with the first part that is no record.
    fault: Option<JsonFault>,
    /// NULs between records.
    padding: u64,
}

impl<'a> WholeRecords<'a> {
    /// The records of `line`, which as a whole is none.
    pub fn new(line: &'a [u8], is_record: IsRecord<'a>) -> Self {
        Self { line, is_record, at: 0, open: 0, fault: None, padding: 0 }
    }

    /// The next whole record.
    pub fn next_record(&mut self) -> Option<&'a [u8]> {
        loop {
            let (start, nuls) = self.skip_blanks(self.at);
            self.padding += nuls;
            if start == self.line.len() {
                return None;
            }
            self.at = match find_value_end(self.line, start) {
                Ok(end) => {
                    let record = &self.line[start..end];
                    if self.is_whole_record(record, end) {
                        self.at = end;
                        return Some(record);
                    }
                    self.note_fault(JsonFault::Broken(start));
                    end
                }
                Err((JsonFault::CutShort, _)) if self.open == MOST_OPEN => return None,
                Err((fault @ JsonFault::CutShort, _)) => {
                    self.note_fault(fault);
                    self.open += 1;
                    self.find_object(start + 1)
                }
                Err((fault, seam)) => {
                    self.note_fault(fault);
                    // The break is seen at most two bytes behind the brace of the next record.
                    self.find_object((start + 1).max(seam.saturating_sub(2)))
                }
            };
        }
    }

    /// What is passed over of the line, where `taken` records of it were not.
    pub fn reason_of_rest(&self, taken: u64) -> Option<SkipReason> {
        match self.fault {
            Some(fault) if taken == 0 => Some(fault.into()),
            Some(_) => Some(SkipReason::PartOfLine(taken)),
            None if self.padding > 0 => Some(SkipReason::Padding(self.padding)),
            None => None,
        }
    }

    /// Whether a value is a record of its own rather than a part of one that was cut: such a part
    /// is followed by more of it, and is of no record's shape.
    fn is_whole_record(&self, value: &[u8], end: usize) -> bool {
        let next = self.line.get(self.skip_blanks(end).0);
        value.starts_with(b"{")
            && matches!(next, None | Some(b'{'))
            && (self.fault.is_none() || (self.is_record)(value))
    }

    fn note_fault(&mut self, fault: JsonFault) {
        self.fault.get_or_insert(fault);
    }

    /// Where the next object may begin.
    fn find_object(&self, from: usize) -> usize {
        let rest = self.line.get(from..).unwrap_or_default();
        memchr::memchr(b'{', rest).map_or(self.line.len(), |at| from + at)
    }

    /// The first byte from `at` that is no blank, and the NULs before it.
    fn skip_blanks(&self, at: usize) -> (usize, u64) {
        let blanks = self.line[at..].iter().take_while(|byte| is_blank_or_nul(**byte));
        let (length, nuls) =
            blanks.fold((0, 0), |(length, nuls), byte| (length + 1, nuls + u64::from(*byte == 0)));
        (at + length, nuls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, records: &[&str], reason: Option<SkipReason>) {
        let is_record = |record: &[u8]| record.starts_with(b"{\"type\"");
        let mut whole = WholeRecords::new(line.as_bytes(), &is_record);
        let mut met = Vec::new();
        while let Some(record) = whole.next_record() {
            met.push(String::from_utf8_lossy(record).into_owned());
        }
        assert_eq!(met, records, "{line}");
        assert_eq!(whole.reason_of_rest(met.len() as u64), reason, "{line}");
    }

    const RECORD: &str = r#"{"type":"a","b":{"c":["x{\"y",1]}}"#;

    #[test]
    fn whole_records_lose_nothing() {
        check(&format!("{RECORD}{RECORD} {RECORD}"), &[RECORD; 3], None);
        let padded = format!("{RECORD}\0\0{RECORD}");
        check(&padded, &[RECORD; 2], Some(SkipReason::Padding(2)));
    }

    #[test]
    fn a_record_behind_a_part_counts_wherever_the_part_was_cut() {
        let part =
            r#"{"type":"p","m":{"i":[{"type":"t","t":"x\u00e9"},{"n":-12,"b":true}]},"z":1}"#;
        for cut in 1..part.len() {
            let line = format!("{}{RECORD}", &part[..cut]);
            check(&line, &[RECORD], Some(SkipReason::PartOfLine(1)));
            let line = format!("{RECORD}{}{RECORD}", &part[..cut]);
            check(&line, &[RECORD; 2], Some(SkipReason::PartOfLine(2)));
        }
    }

    #[test]
    fn a_part_alone_is_no_record() {
        for cut in 1..RECORD.len() {
            let mut whole = WholeRecords::new(&RECORD.as_bytes()[..cut], &|_| false);
            assert_eq!(whole.next_record(), None);
            assert!(whole.reason_of_rest(0).is_some());
        }
        check("nonsense", &[], Some(JsonFault::Broken(0).into()));
        check(&"{".repeat(100_000), &[], Some(JsonFault::Broken(1).into()));
        check(&"{\"a\":".repeat(100_000), &[], Some(JsonFault::Broken(501).into()));
    }
}
