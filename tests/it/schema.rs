//! What `windtunnel schema` says of outputs, against outputs.

use crate::run::{Folder, here, json, ok, refused, run};
use serde_json::Value;

/// Where a value is not what its schema says, one line each.
fn mismatches(value: &Value, schema: &Value, place: &str) -> Vec<String> {
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => return vec![format!("{place}: the schema has no type")],
    };
    let fits = |name: &&str| match *name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("{place}: type {other}"),
    };
    if !types.iter().any(fits) {
        return vec![format!("{place}: {value} is no {types:?}")];
    }
    let mut found = Vec::new();
    if let Some(object) = value.as_object() {
        for key in schema["required"].as_array().into_iter().flatten() {
            if !object.contains_key(key.as_str().expect("a name")) {
                found.push(format!("{place}: {key} is missing"));
            }
        }
        for (key, value) in object {
            let inner = match &schema["properties"][key] {
                Value::Null => &schema["additionalProperties"],
                inner => inner,
            };
            match inner {
                Value::Object(_) => {
                    found.extend(mismatches(value, inner, &format!("{place}.{key}")));
                }
                _ => found.push(format!("{place}.{key}: not in the schema")),
            }
        }
    }
    for item in value.as_array().into_iter().flatten() {
        found.extend(mismatches(item, &schema["items"], &format!("{place}[]")));
    }
    found
}

fn check(schema: &[&str], command: &[&str]) {
    let schema: Value = serde_json::from_str(&ok(&[&["schema"], schema].concat())).expect("JSON");
    let value = json(command);
    assert_eq!(schema["title"], value["schema"], "{command:?}");
    let found = mismatches(&value, &schema, "output");
    assert!(found.is_empty(), "{command:?}: {found:#?}");
}

#[test]
fn outputs_are_what_their_schema_says() {
    for recording in ["order-774", "order-775", "cockpit-2026-02", "economics-2026-06"] {
        check(&["inspect"], &["inspect", recording]);
        check(&["audit"], &["audit", recording]);
        check(&["compare"], &["compare", recording]);
    }
    check(&["audit"], &["audit", &here("tests/fixtures/probes")]);
    check(&["sweep"], &["sweep", "order-774"]);
    check(&["sweep"], &["sweep", "cockpit-2026-02", "--with", "C1,C2,N1"]);
    check(&["inspect"], &["inspect", "order-774", "order-775", "--fidelity"]);
    check(&["inspect"], &["inspect", &here("tests/fixtures/probes"), "--fidelity"]);
    check(&["steps"], &["steps", "order-774"]);
    check(&["routes"], &["routes", "cockpit-2026-02"]);
    check(&["list"], &["list"]);
    check(&["explain"], &["explain", "R4"]);
    check(&["explain"], &["explain", "E4"]);
    check(&["explain", "tables"], &["explain", "tables"]);
    let scenario = here("scenarios/order-774.toml");
    check(&["scenario", "check"], &["scenario", "check", &scenario, "cockpit-2026-02"]);
}

#[test]
fn the_gate_says_what_its_schema_says() {
    let baseline = here("recorded/order-774.baseline.json");
    let command = ["gate", "--baseline", &baseline, "--candidate", "order-775", "--format", "json"];
    let schema = serde_json::from_str(&ok(&["schema", "gate"])).expect("JSON");
    // The exit code says no, and the output is there all the same.
    let value = serde_json::from_str(&run(&command).out).expect("JSON");
    let found = mismatches(&value, &schema, "output");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_changed_start_is_what_its_schema_says() {
    let folder = Folder::new(&[("CLAUDE.md", b"Test first.")]);
    check(&["gate-start"], &["gate-start", folder.path(), folder.path(), "order-774"]);
}

#[test]
#[cfg(feature = "tables")]
fn groups_of_blocks_are_what_the_schema_says() {
    check(&["inspect"], &["inspect", "order-774", "--by", "tool,kind"]);
}

#[test]
fn a_command_without_a_schema_is_named() {
    refused(&["schema", "env"], &["'env'", "scenario check"]);
}
