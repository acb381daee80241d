//! The recommended environment as a file that a shell can read, a comment to each setting.

use crate::intervene::{EnvSetting, Intervention};
use crate::report::foreign_text::clean_foreign_text;
use crate::report::format;
use crate::study::inspect::summary::ToggleFinding;
use std::fmt::Write as _;

/// Columns of a comment.
const COMMENT_WIDTH: usize = 98;

/// The file. `replayed` names a recording and says what each toggle finds and saves in it, in the
/// order of the toggles.
#[must_use]
pub fn environment_file(
    toggles: &[&'static Intervention],
    replayed: Option<(&str, &[ToggleFinding])>,
) -> Vec<u8> {
    let mut out = String::new();
    push_comment(&mut out, "Recommended environment of a cockpit, written by windtunnel env.");
    match replayed {
        Some((name, _)) => push_comment(
            &mut out,
            &format!(
                "Replay: each toggle alone on {}, at its parameters' modes.",
                clean_comment_text(name)
            ),
        ),
        None => push_comment(&mut out, "No recording was named, so that there are no figures."),
    }
    for (at, toggle) in toggles.iter().enumerate() {
        let card = toggle.card();
        let found = replayed.and_then(|(_, found)| found.get(at));
        for EnvSetting { name, default, recommended, what } in toggle.env_settings() {
            out.push('\n');
            push_comment(&mut out, &format!("{what}."));
            let default = if default.is_empty() { "none" } else { default };
            push_comment(
                &mut out,
                &format!("Default: {default}. Modelled by {}, {}.", card.id, card.title),
            );
            if let Some(found) = found {
                push_comment(&mut out, &replay_sentence(found));
            }
            let _ = writeln!(out, "export {name}={}", quote_for_shell(recommended));
        }
    }
    out.into_bytes()
}

/// What replay said about a toggle.
fn replay_sentence(found: &ToggleFinding) -> String {
    let places = format::format_integer(i64::from(found.found), false);
    let mut said = match (found.found, found.saved_tokens) {
        (0, _) => "Replay: finds nothing in the recording.".to_owned(),
        (_, None) => format!("Replay: {places} places, not replayed."),
        (_, Some(0)) => format!("Replay: {places} places, no tokens."),
        (_, Some(tokens)) => {
            let money = match found.saved_cost {
                Some(cost) => {
                    format!(", {}", format::plain_money(cost))
                }
                None => String::new(),
            };
            let word = if tokens < 0 { "costs" } else { "saves" };
            let tokens = format::format_tokens(tokens.saturating_abs(), false);
            format!("Replay: {places} places, alone it {word} {tokens} tokens{money}.")
        }
    };
    for note in &found.notes {
        let _ = write!(said, " Note: {}.", clean_comment_text(note));
    }
    said
}

/// Without what could end a comment.
fn clean_comment_text(text: &str) -> String {
    clean_foreign_text(text).into_owned()
}

/// In quotes where a shell would take a part for something else.
fn quote_for_shell(value: &str) -> String {
    if value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:,/=".contains(c)) {
        value.to_owned()
    } else {
        format!("'{value}'")
    }
}

/// A comment, broken at blanks.
fn push_comment(out: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > COMMENT_WIDTH {
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
