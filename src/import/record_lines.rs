//! The lines of a file handed to a reader one by one, and why some of them are skipped.

use super::json_fault::JsonFault;
use super::json_reader;
use super::line_reader::{LineReader, SourceLine, is_blank_or_nul};
use super::measured_text::ShortText;
use super::skip::SkipReason;
use super::whole_records::WholeRecords;
use serde::Deserialize;

/// Hands every line to `take` with its number. What cannot be read, and what `take` answers, goes
/// to `skip`. Of a line that is no JSON the whole records are taken.
pub(super) fn for_each_line(
    lines: &mut LineReader<'_>,
    take: &mut dyn FnMut(u64, &[u8]) -> Option<SkipReason>,
    skip: &mut dyn FnMut(u64, SkipReason),
) {
    let is_record = lines.is_record();
    loop {
        let last = lines.line_number();
        let (number, reason) = match lines.next_numbered_line() {
            Ok(None) => return,
            Ok(Some((number, SourceLine::Text(line)))) => {
                match take_unless_empty(number, line, take) {
                    Some(SkipReason::Json(JsonFault::Broken(_) | JsonFault::CutShort)) => {
                        let mut records = WholeRecords::new(line, is_record);
                        let mut taken = 0;
                        while let Some(record) = records.next_record() {
                            taken += 1;
                            if let Some(reason) = take_unless_empty(number, record, take) {
                                skip(number, reason);
                            }
                        }
                        (number, records.reason_of_rest(taken))
                    }
                    reason => (number, reason),
                }
            }
            Ok(Some((number, SourceLine::Padding(bytes)))) => {
                (number, Some(SkipReason::Padding(bytes)))
            }
            Ok(Some((number, SourceLine::TooLong(bytes)))) => {
                (number, Some(SkipReason::LineTooLong(bytes)))
            }
            // The source is broken from here on: there is no line to go on with.
            Err(error) => return skip(last + 1, SkipReason::CutOff(error.to_string())),
        };
        // A line that is passed over for NULs alone has said so.
        let is_told = matches!(reason, Some(SkipReason::Padding(_)));
        if let Some(reason) = reason {
            skip(number, reason);
        }
        if lines.padding() > 0 && !is_told {
            skip(number, SkipReason::Padding(lines.padding()));
        }
    }
}

/// Hands a record to `take`, unless there is nothing in it.
fn take_unless_empty(
    number: u64,
    record: &[u8],
    take: &mut dyn FnMut(u64, &[u8]) -> Option<SkipReason>,
) -> Option<SkipReason> {
    // `null`, `{}` and `[]` hold nothing, with or without blanks between the brackets.
    let inner = match record {
        b"null" => &[],
        [b'{', inner @ .., b'}'] | [b'[', inner @ .., b']'] => inner,
        other => other,
    };
    if inner.iter().all(|byte| is_blank_or_nul(*byte)) {
        return Some(SkipReason::EmptyRecord);
    }
    take(number, record)
}

/// The type of a record, whatever its other fields are.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RecordKind<'a> {
    #[serde(borrow, rename = "type")]
    kind: ShortText<'a>,
}

/// Why a line that is no record is skipped. Sources invent types faster than readers learn them:
/// a line of a type that `is_known` denies is passed over in silence.
pub(super) fn skip_reason(
    line: &[u8],
    fault: JsonFault,
    is_known: fn(&[u8]) -> bool,
    unknown_shape: fn(String) -> SkipReason,
) -> Option<SkipReason> {
    if fault != JsonFault::Shape {
        return Some(fault.into());
    }
    match json_reader::from_slice::<RecordKind>(line) {
        Ok(record) if is_known(record.kind.0) => {
            Some(unknown_shape(record.kind.to_text().into_owned()))
        }
        Ok(_) => None,
        Err(fault) => Some(fault.into()),
    }
}
