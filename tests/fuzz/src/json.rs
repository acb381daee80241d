//! The importer's own JSON reader against `serde_json`: a transcript and what `serde_json` makes of
//! it come to the same.

#![cfg_attr(feature = "fuzzer", no_main)]

mod target;

use serde_json::Value;

fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut again = String::new();
    for line in text.lines() {
        let Ok(value) = serde_json::from_str::<Value>(line) else { return };
        let line_again = value.to_string();
        // A key that comes twice is one to serde_json and damage to us, and a float that it reads
        // it writes in another way: such lines are not compared.
        let same_size = |text: &str| text.bytes().filter(|byte| *byte == b':').count();
        if same_size(line) != same_size(&line_again) || has_float(&value) {
            return;
        }
        again.push_str(&line_again);
        again.push('\n');
    }
    let [first, second] = [text, &again]
        .map(|text| target::import(&target::folder_of(&[("p/s.jsonl", text.as_bytes())])).ok());
    let [first, second] = [&first, &second].map(|imported| {
        imported.as_ref().map(|it| (it.recording.total_usage(), it.recording.calls.len()))
    });
    assert_eq!(first, second);
}

fn has_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(all) => all.iter().any(has_float),
        Value::Object(fields) => fields.values().any(has_float),
        _ => false,
    }
}

target!(check);
