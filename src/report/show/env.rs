//! The recommended environment as a file that a shell can read, a comment to each setting.

use crate::intervene::{Intervention, Setting};
use crate::report::format;
use crate::study::summary::Found;
use std::fmt::Write as _;

/// Columns of a comment.
const COLUMNS: usize = 98;

/// The file. `replayed` names a recording and says what each toggle finds and saves in it, in the
/// order of the toggles.
#[must_use]
pub fn file(toggles: &[&'static dyn Intervention], replayed: Option<(&str, &[Found])>) -> Vec<u8> {
    let mut out = String::new();
    comment(&mut out, "Recommended environment of a cockpit, written by windtunnel env.");
    match replayed {
        Some((name, _)) => comment(
            &mut out,
            &format!("Replay: each toggle alone on {}, at its parameters' modes.", clean(name)),
        ),
        None => comment(&mut out, "No recording was named, so that there are no figures."),
    }
    for (at, toggle) in toggles.iter().enumerate() {
        let card = toggle.card();
        let found = replayed.and_then(|(_, found)| found.get(at));
        for Setting { name, default, recommended, what } in toggle.settings() {
            out.push('\n');
            comment(&mut out, &format!("{what}."));
            let default = if default.is_empty() { "none" } else { default };
            comment(
                &mut out,
                &format!("Default: {default}. Modelled by {}, {}.", card.id, card.title),
            );
            if let Some(found) = found {
                comment(&mut out, &said(found));
            }
            let _ = writeln!(out, "export {name}={}", quoted(recommended));
        }
    }
    out.into_bytes()
}

/// What replay said about a toggle.
fn said(found: &Found) -> String {
    let places = format::integer(i64::from(found.found), false);
    let mut said = match (found.found, found.saved_tokens) {
        (0, _) => "Replay: finds nothing in the recording.".to_owned(),
        (_, None) => format!("Replay: {places} places, not replayed."),
        (_, Some(0)) => format!("Replay: {places} places, no tokens."),
        (_, Some(tokens)) => {
            let money = match found.saved_cost {
                Some(cost) => format!(", {}", format::money(cost, format::Figures::default())),
                None => String::new(),
            };
            let word = if tokens < 0 { "costs" } else { "saves" };
            let tokens = format::tokens(tokens.saturating_abs(), false);
            format!("Replay: {places} places, alone it {word} {tokens} tokens{money}.")
        }
    };
    for note in &found.notes {
        let _ = write!(said, " Note: {}.", clean(note));
    }
    said
}

/// Without what could end a comment.
fn clean(text: &str) -> String {
    format::clean(text).into_owned()
}

/// In quotes where a shell would take a part for something else.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:,/=".contains(c);
    if value.chars().all(is_plain) { value.to_owned() } else { format!("'{value}'") }
}

/// A comment, broken at blanks.
fn comment(out: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS {
            out.push_str(&line);
            out.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
}
