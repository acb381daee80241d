//! From a line to its record: its type decides the shape of its payload, and is written before it.

use super::wire::{RolloutPayload, RolloutRecord};
use crate::import::json_fault::JsonFault;
use crate::import::json_reader;
use crate::import::measured_text::{LenientObject, ShortText};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// Reads a line.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read_record(line: &[u8]) -> Result<RolloutRecord<'_>, JsonFault> {
    let RolloutLine { mut record, payload_came_first } = json_reader::from_slice(line)?;
    // Codex writes the type first. Whoever rewrites rollouts may not: then the line is read twice.
    if payload_came_first {
        record.body = read_late_payload(record.kind.0, line)?;
    }
    Ok(record)
}

/// A record, and whether its payload came before its type and was passed over.
struct RolloutLine<'a> {
    record: RolloutRecord<'a>,
    payload_came_first: bool,
}

/// A line as what carries its payload.
#[derive(Default, Deserialize)]
#[serde(default, bound = "T: Default + Deserialize<'de>")]
struct PayloadCarrier<T> {
    payload: LenientObject<T>,
}

fn read_late_payload<'a>(kind: &[u8], line: &'a [u8]) -> Result<RolloutPayload<'a>, JsonFault> {
    fn payload_of_line<'a, T: Default + Deserialize<'a>>(
        line: &'a [u8],
    ) -> Result<Option<T>, JsonFault> {
        json_reader::from_slice::<PayloadCarrier<T>>(line).map(|carrier| carrier.payload.0)
    }
    let body = match kind {
        b"session_meta" => payload_of_line(line)?.map(RolloutPayload::Head),
        b"turn_context" => payload_of_line(line)?.map(RolloutPayload::Turn),
        b"response_item" => payload_of_line(line)?.map(RolloutPayload::Item),
        b"event_msg" => payload_of_line(line)?.map(RolloutPayload::Event),
        b"compacted" => payload_of_line(line)?.map(RolloutPayload::Compacted),
        b"token_usage_record" => payload_of_line(line)?.map(RolloutPayload::UsageRecord),
        _ => None,
    };
    Ok(body.unwrap_or_default())
}

fn read_payload<'de, A: MapAccess<'de>>(
    kind: &[u8],
    map: &mut A,
) -> Result<RolloutPayload<'de>, A::Error> {
    fn next_payload<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
        map: &mut A,
    ) -> Result<Option<T>, A::Error> {
        map.next_value::<LenientObject<T>>().map(|lenient| lenient.0)
    }
    let body = match kind {
        b"session_meta" => next_payload(map)?.map(RolloutPayload::Head),
        b"turn_context" => next_payload(map)?.map(RolloutPayload::Turn),
        b"response_item" => next_payload(map)?.map(RolloutPayload::Item),
        b"event_msg" => next_payload(map)?.map(RolloutPayload::Event),
        b"compacted" => next_payload(map)?.map(RolloutPayload::Compacted),
        b"token_usage_record" => next_payload(map)?.map(RolloutPayload::UsageRecord),
        // A value has to be passed over before the next key.
        _ => {
            map.next_value::<IgnoredAny>()?;
            None
        }
    };
    Ok(body.unwrap_or_default())
}

impl<'de> Deserialize<'de> for RolloutLine<'de> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_struct("Record", &[], RolloutLineVisitor)
    }
}

struct RolloutLineVisitor;

impl<'de> Visitor<'de> for RolloutLineVisitor {
    type Value = RolloutLine<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line of a rollout")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut record = RolloutRecord::default();
        let mut payload_came_first = false;
        while let Some(key) = map.next_key::<ShortText<'de>>()? {
            match key.0 {
                b"timestamp" => record.timestamp = map.next_value()?,
                b"type" => record.kind = map.next_value()?,
                b"ordinal" => record.ordinal = map.next_value()?,
                // Only now is its shape known.
                b"payload" if !record.kind.0.is_empty() => {
                    record.body = read_payload(record.kind.0, &mut map)?;
                }
                other => {
                    payload_came_first |= other == b"payload";
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(RolloutLine { record, payload_came_first })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: &str) {
        let met = match read_record(line.as_bytes()) {
            Ok(record) => match record.body {
                RolloutPayload::Turn(turn) => format!("turn of {}", turn.model.to_text()),
                RolloutPayload::Event(event) => format!("{} event", event.kind.to_text()),
                RolloutPayload::Other => "other".to_owned(),
                body => format!("{body:?}"),
            },
            Err(fault) => fault.to_string(),
        };
        assert_eq!(met, expect, "{line}");
    }

    #[test]
    fn the_type_decides_the_shape_wherever_it_stands() {
        check(r#"{"type":"turn_context","payload":{"model":"m"}}"#, "turn of m");
        check(r#"{"payload":{"model":"m"},"type":"turn_context"}"#, "turn of m");
        check(
            r#"{"payload":{"type":"token_count","info":[]},"type":"event_msg"}"#,
            "token_count event",
        );
        check(
            r#"{"type":"event_msg","payload":{"type":"token_count","info":null}}"#,
            "token_count event",
        );
        check(r#"{"type":"event_msg","payload":7}"#, "other");
        check(r#"{"type":"world_state","payload":{"model":["m"]}}"#, "other");
        check(r#"{"type":"event_msg"}"#, "other");
        check("7", &JsonFault::Shape.to_string());
        check(r#"{"type":"event_msg","payload":{"#, &JsonFault::CutShort.to_string());
    }
}
