//! From a line to its record: its type decides the shape of its payload, and is written before it.

use super::wire::{Body, Record};
use crate::import::json::{self, Fault};
use crate::import::text::{Lenient, Short};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// Reads a line.
///
/// # Errors
/// What is wrong with it.
pub fn read(line: &[u8]) -> Result<Record<'_>, Fault> {
    let Read { mut record, early } = json::from_slice(line)?;
    if early {
        record.body = late(record.kind.0, line)?;
    }
    Ok(record)
}

/// A record, and whether its payload came before its type and was passed over.
struct Read<'a> {
    record: Record<'a>,
    early: bool,
}

/// A line as what carries its payload.
#[derive(Default, Deserialize)]
#[serde(default, bound = "T: Default + Deserialize<'de>")]
struct Carrier<T> {
    payload: Lenient<T>,
}

fn late<'a>(kind: &[u8], line: &'a [u8]) -> Result<Body<'a>, Fault> {
    fn of<'a, T: Default + Deserialize<'a>>(line: &'a [u8]) -> Result<Option<T>, Fault> {
        json::from_slice::<Carrier<T>>(line).map(|carrier| carrier.payload.0)
    }
    let body = match kind {
        b"session_meta" => of(line)?.map(Body::Head),
        b"turn_context" => of(line)?.map(Body::Turn),
        b"response_item" => of(line)?.map(Body::Item),
        b"event_msg" => of(line)?.map(Body::Event),
        b"compacted" => of(line)?.map(Body::Compacted),
        _ => None,
    };
    Ok(body.unwrap_or_default())
}

fn body<'de, A: MapAccess<'de>>(kind: &[u8], map: &mut A) -> Result<Body<'de>, A::Error> {
    fn of<'de, T: Deserialize<'de>, A: MapAccess<'de>>(map: &mut A) -> Result<Option<T>, A::Error> {
        map.next_value::<Lenient<T>>().map(|lenient| lenient.0)
    }
    let body = match kind {
        b"session_meta" => of(map)?.map(Body::Head),
        b"turn_context" => of(map)?.map(Body::Turn),
        b"response_item" => of(map)?.map(Body::Item),
        b"event_msg" => of(map)?.map(Body::Event),
        b"compacted" => of(map)?.map(Body::Compacted),
        _ => {
            map.next_value::<IgnoredAny>()?;
            None
        }
    };
    Ok(body.unwrap_or_default())
}

impl<'de> Deserialize<'de> for Read<'de> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_struct("Record", &[], RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Read<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line of a rollout")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut record = Record::default();
        let mut early = false;
        while let Some(key) = map.next_key::<Short<'de>>()? {
            match key.0 {
                b"timestamp" => record.timestamp = map.next_value()?,
                b"type" => record.kind = map.next_value()?,
                b"ordinal" => record.ordinal = map.next_value()?,
                b"payload" if !record.kind.0.is_empty() => {
                    record.body = body(record.kind.0, &mut map)?;
                }
                other => {
                    early |= other == b"payload";
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Read { record, early })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: &str) {
        let met = match read(line.as_bytes()) {
            Ok(record) => match record.body {
                Body::Turn(turn) => format!("turn of {}", turn.model.text()),
                Body::Event(event) => format!("{} event", event.kind.text()),
                Body::Other => "other".to_owned(),
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
        check("7", &Fault::Shape.to_string());
        check(r#"{"type":"event_msg","payload":{"#, &Fault::CutShort.to_string());
    }
}
