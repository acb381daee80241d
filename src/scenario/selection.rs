//! Which sessions of a recording take part.

use super::keys::{self, CheckedFields};
use super::moments::parse_moment;
use super::{ScenarioError, join_names, nearest_name_hint};
use crate::kinds::{NamedValue as _, Role};
use crate::models::names;
use crate::price::Pricing;
use crate::quantity::read_span_ms;
use crate::recording::{Recording, Session};
use crate::toml_reader::TomlField;
use std::collections::BTreeSet;

/// Which sessions take part: those for which every part holds. An empty list holds for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionSelection {
    /// Pipelines; a name may end in `*`, which stands for any end.
    pub pipelines: Vec<String>,
    /// Steps, likewise; the empty name for sessions of no step.
    pub steps: Vec<String>,
    /// What a session was in its pipeline.
    pub roles: Vec<Role>,
    /// Models, likewise: at least one call was made by one of them.
    pub models: Vec<String>,
    /// Ids of sessions, likewise, or at least the eight characters that tables show.
    pub sessions: Vec<String>,
    /// Parts of the names of projects' folders, whatever their case; a name may end in `*`.
    pub projects: Vec<String>,
    /// The earliest start, milliseconds since the epoch.
    pub since_ms: Option<i64>,
    /// The start from which on sessions are left out.
    pub until_ms: Option<i64>,
    /// How long before the newest call of all that the other parts leave a session may start,
    /// milliseconds.
    pub last_ms: Option<i64>,
    /// The fewest calls.
    pub min_calls: u32,
}

/// A selection that the recording has nothing for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A name that nothing in the recording has.
    #[error("'{key}': the recording has no '{name}'{near}; it has {known}")]
    Name {
        /// The key.
        key: String,
        /// The name.
        name: String,
        /// A hint, starting with a space, or empty.
        near: String,
        /// What there is.
        known: String,
    },
    /// Each name is there, but no session has all that is asked for.
    #[error("'select' leaves no session: {what}")]
    Empty {
        /// What there is.
        what: String,
    },
}

/// Most names that a message lists.
const MOST_LISTED_NAMES: usize = 20;

/// Characters of a session's id that tables show.
const SHOWN_ID_CHARS: usize = 8;

pub(super) fn parse_selection(fields: &[TomlField]) -> Result<SessionSelection, ScenarioError> {
    let fields = CheckedFields::check_table("select", fields, &keys::SELECT_KEYS)?;
    let roles = fields.names_at("role").into_iter().filter_map(|name| Role::from_name(&name));
    Ok(SessionSelection {
        pipelines: fields.names_at("pipeline"),
        steps: fields.names_at("step"),
        roles: roles.collect(),
        models: fields.names_at("model"),
        sessions: fields.names_at("session"),
        projects: fields.names_at("project"),
        since_ms: fields.text_at("since").and_then(parse_moment).map(|(start, _)| start),
        until_ms: fields.text_at("until").and_then(parse_moment).map(|(_, end)| end),
        last_ms: fields.text_at("last").and_then(read_span_ms),
        min_calls: fields.whole_at("min_calls").unwrap_or_default() as u32,
    })
}

impl SessionSelection {
    /// Whether every session takes part, whatever the recording.
    #[must_use]
    pub fn selects_everything(&self) -> bool {
        *self == Self::default()
    }

    /// The part of a recording that it selects.
    ///
    /// # Errors
    /// A name that nothing has, or no session is left; says what there is.
    pub fn select_part(&self, recording: &Recording) -> Result<Recording, SelectionError> {
        // Each name is looked for on its own first: a misspelt step among three would otherwise go
        // unnoticed, since the other two select something.
        for (key, wanted) in self.names_by_key() {
            let there = names_under_key(recording, key);
            // Ids may be cut to the characters that tables show, and of projects a part will do;
            // other names are whole.
            let matches = match key {
                "session" => matches_session_id,
                "project" => matches_project,
                _ => matches_pattern,
            };
            if let Some(name) =
                wanted.iter().find(|name| !there.iter().any(|known| matches(name, known)))
            {
                return Err(SelectionError::Name {
                    key: told_key(key),
                    name: name.clone(),
                    near: near_name_hint(key, name, &there),
                    known: list_names(&there),
                });
            }
        }
        let whole_ids = self.whole_ids(recording);
        let from_ms = self.start_of_last(recording, &whole_ids);
        let part = recording.filter_sessions(|session| {
            self.includes_session(recording, session, &whole_ids)
                && from_ms.is_none_or(|from_ms| start_of_session(recording, session) >= from_ms)
        });
        if part.sessions.is_empty() {
            return Err(SelectionError::Empty { what: describe_recording(recording) });
        }
        Ok(part)
    }

    /// From when on sessions are the last ones: a recording knows no present, so that its newest
    /// call is the end of time.
    fn start_of_last(&self, recording: &Recording, whole_ids: &BTreeSet<&str>) -> Option<i64> {
        let span_ms = self.last_ms?;
        let sessions = recording.sessions.iter();
        let left = sessions.filter(|one| self.includes_session(recording, one, whole_ids));
        let calls = left.flat_map(|session| &recording.calls[session.call_range()]);
        calls.map(|call| call.start_ms).max().map(|newest| newest.saturating_sub(span_ms))
    }

    /// The ids that are wanted and are whole: the beginning of another id as well, such a one
    /// stands for its own session alone.
    fn whole_ids<'a>(&self, recording: &'a Recording) -> BTreeSet<&'a str> {
        let ids = recording.sessions.iter().map(|session| session.id.as_str());
        ids.filter(|id| self.sessions.iter().any(|wanted| wanted == id)).collect()
    }

    /// All but `last`, which depends on all that this leaves.
    fn includes_session(
        &self,
        recording: &Recording,
        session: &Session,
        whole_ids: &BTreeSet<&str>,
    ) -> bool {
        let calls = &recording.calls[session.call_range()];
        let start_ms = start_of_session(recording, session);
        empty_or_any(&self.pipelines, |name| matches_pattern(name, &session.pipeline))
            && empty_or_any(&self.steps, |name| matches_pattern(name, &session.step))
            && empty_or_any(&self.roles, |role| *role == session.role)
            && empty_or_any(&self.models, |name| {
                calls.iter().any(|call| matches_pattern(name, recording.model_name(call.model)))
            })
            && empty_or_any(&self.sessions, |name| {
                // A name that is an id as a whole means that session, and no other that begins so.
                let is_whole = whole_ids.contains(name.as_str());
                *name == session.id || !is_whole && matches_session_id(name, &session.id)
            })
            && empty_or_any(&self.projects, |name| matches_project(name, session.project()))
            && self.since_ms.is_none_or(|since| start_ms >= since)
            // From since on, and before until.
            && self.until_ms.is_none_or(|until| start_ms < until)
            && session.calls >= self.min_calls
    }

    /// What is asked for, by its keys.
    #[must_use]
    pub fn stated_keys(&self) -> Vec<(&'static str, Vec<String>)> {
        let mut stated: Vec<_> = self.names_by_key().into_iter().collect();
        let times = [("since", self.since_ms), ("until", self.until_ms)];
        stated.extend(times.map(|(key, ms)| (key, ms.map(format_instant).into_iter().collect())));
        stated.push(("last", self.last_ms.map(format_span).into_iter().collect()));
        if self.min_calls > 0 {
            stated.push(("min_calls", vec![self.min_calls.to_string()]));
        }
        // What was not said takes no line of a summary.
        stated.retain(|(_, values)| !values.is_empty());
        stated
    }

    /// The lists of names by their keys.
    pub(super) fn names_by_key(&self) -> [(&'static str, Vec<String>); 6] {
        let roles = self.roles.iter().map(|&role| role.name().to_owned());
        [
            ("pipeline", self.pipelines.clone()),
            ("step", self.steps.clone()),
            ("role", roles.collect()),
            ("model", self.models.clone()),
            ("session", self.sessions.clone()),
            ("project", self.projects.clone()),
        ]
    }
}

/// Whether every model that is to be priced as another one is in a recording.
///
/// # Errors
/// One that made no call; says which did.
pub fn check_models(pricing: &Pricing, recording: &Recording) -> Result<(), SelectionError> {
    // As calls are priced: one that names no model counts as the assumed one.
    let there: Vec<&str> = names_under_key(recording, "model")
        .into_iter()
        .map(|model| pricing.actual_model(model))
        .collect();
    // A substitute for a model that nobody used would change nothing, and nobody would see the
    // typing error.
    let absent = pricing
        .substitutes
        .iter()
        .find(|(from, _)| !there.iter().any(|model| names::is_same_model(from, model)));
    match absent {
        None => Ok(()),
        Some((from, _)) => Err(SelectionError::Name {
            key: "models".to_owned(),
            name: from.clone(),
            near: nearest_name_hint(from, there.iter().copied()),
            known: list_names(&there),
        }),
    }
}

/// An empty list asks for nothing.
fn empty_or_any<T>(wanted: &[T], holds: impl Fn(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(holds)
}

/// Whether a name is the wanted one, or starts like it where that ends in `*`.
fn matches_pattern(wanted: &str, name: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => wanted == name,
    }
}

/// Whether a wanted id is that of a session: whole, or as much of it as tables show, or more.
fn matches_session_id(wanted: &str, id: &str) -> bool {
    matches_pattern(wanted, id)
        // Short beginnings would fit several sessions by chance.
        || (wanted.chars().count() >= SHOWN_ID_CHARS && id.starts_with(wanted))
}

/// Whether a name is a part of that of a project's folder, or its beginning where it ends in `*`.
fn matches_project(wanted: &str, folder: &str) -> bool {
    let (wanted, folder) = (wanted.to_lowercase(), folder.to_lowercase());
    if wanted.ends_with('*') { matches_pattern(&wanted, &folder) } else { folder.contains(&wanted) }
}

/// A key as it is told: that of a project is one of the command line as well.
fn told_key(key: &str) -> String {
    if key == "project" { key.to_owned() } else { format!("select.{key}") }
}

/// The nearest name. Harnesses name the folder of a project after its whole path, of which people
/// type the end, so that the ends of such names are near as well.
fn near_name_hint(key: &str, name: &str, there: &[&str]) -> String {
    let ends = there.iter().filter(|_| key == "project").flat_map(|folder| {
        folder.match_indices(['-', '_', '+', '.']).map(|(at, _)| &folder[at + 1..])
    });
    nearest_name_hint(name, there.iter().copied().chain(ends))
}

/// When a session starts. One without calls counts as started at zero, before any `since`.
fn start_of_session(recording: &Recording, session: &Session) -> i64 {
    recording.calls[session.call_range()].first().map_or(0, |call| call.start_ms)
}

/// The names that the sessions of a recording have under a key, each once, in order.
fn names_under_key<'a>(recording: &'a Recording, key: &str) -> Vec<&'a str> {
    let mut names: Vec<&str> = match key {
        "model" => recording.calls.iter().map(|call| recording.model_name(call.model)).collect(),
        _ => recording
            .sessions
            .iter()
            .map(|session| match key {
                "pipeline" => session.pipeline.as_str(),
                "step" => session.step.as_str(),
                "role" => session.role.name(),
                "project" => session.project(),
                _ => session.id.as_str(),
            })
            .collect(),
    };
    names.sort_unstable();
    names.dedup();
    if key == "project" {
        // Most sources name none; an empty name would be one of a list.
        names.retain(|name| !name.is_empty());
    }
    names
}

fn list_names(names: &[&str]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> =
        names.iter().take(MOST_LISTED_NAMES).map(|name| format!("'{name}'")).collect();
    let rest = names.len() - shown.len();
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{more}", join_names(shown.iter().map(String::as_str)))
}

/// What a recording holds under each key, for somebody whose selection left nothing of it.
fn describe_recording(recording: &Recording) -> String {
    if recording.sessions.is_empty() {
        return "the recording has none".to_owned();
    }
    let keys = ["pipeline", "step", "role", "model", "session"];
    let mut parts: Vec<String> = keys
        .iter()
        .map(|key| format!("{key} {}", list_names(&names_under_key(recording, key))))
        .collect();
    let starts =
        || recording.sessions.iter().filter_map(|one| recording.calls.get(one.call_range().start));
    if let (Some(first), Some(last)) =
        (starts().map(|call| call.start_ms).min(), starts().map(|call| call.start_ms).max())
    {
        parts.push(format!("starts {} to {}", format_instant(first), format_instant(last)));
    }
    let calls = recording.sessions.iter().map(|session| session.calls).max().unwrap_or_default();
    parts.push(format!("at most {calls} calls a session"));
    format!("there are {}", parts.join("; "))
}

/// A stretch of time as it may stand in a scenario.
pub(super) fn format_span(ms: i64) -> String {
    let hours = ms / 3_600_000;
    if hours % 24 == 0 { format!("{}d", hours / 24) } else { format!("{hours}h") }
}

/// A time as it may stand in a scenario.
pub(super) fn format_instant(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};
    use crate::scenario::{SCHEMA, parse_scenario};

    fn recording() -> Recording {
        let reported = builtin_pipeline("order-774").expect("built in");
        reconstruct(&reported, Lens::Message).expect("fits").recording
    }

    fn selection(body: &str) -> SessionSelection {
        let text = format!("schema = \"{SCHEMA}\"\n[select]\n{body}\n");
        parse_scenario("s", &text).expect(body).select
    }

    /// How many sessions are left.
    fn check(body: &str, sessions: usize) {
        let part = selection(body).select_part(&recording()).expect(body);
        part.check_balance().expect(body);
        assert_eq!(part.sessions.len(), sessions, "{body}");
    }

    fn refuse(body: &str, words: &[&str]) {
        let error = selection(body).select_part(&recording()).expect_err(body).to_string();
        for word in words {
            assert!(error.contains(word), "{body}: no {word:?} in {error}");
        }
    }

    #[test]
    fn sessions_are_selected_by_each_key_and_all_of_them() {
        let all = recording().sessions.len();
        check("", all);
        check("step = \"implement\"", 1);
        check("step = [\"implement\", \"assess\"]", 3);
        check("step = \"re*\"", 2);
        check("step = \"*\"", all);
        check("session = [\"9768e31d\", \"14b6*\"]", 2);
        check("model = \"unstated\"", all);
        check("min_calls = 0", all);
        check("since = 2026-04-13", all);
        check("until = \"2026-04-13\"", all);
        check("since = \"2026-04-13\"\nuntil = 2026-04-14T00:00:00Z", all);
        check("step = \"assess\"\nsession = \"096e0115\"", 1);
    }

    #[test]
    fn ids_may_be_cut_as_tables_cut_them() {
        for (wanted, want) in [
            ("8209f1c2-5a3e-4f6b", true),
            ("8209f1c2", true),
            ("8209f1c", false),
            ("8209*", true),
            ("8209f1c3", false),
            ("8209f1c2-5a3e-4f6b-9c1d-0123456789ab", true),
            ("8209f1c2-5a3e-4f6b-9c1d-0123456789abc", false),
        ] {
            assert_eq!(
                matches_session_id(wanted, "8209f1c2-5a3e-4f6b-9c1d-0123456789ab"),
                want,
                "{wanted}"
            );
        }
    }

    #[test]
    fn an_empty_selection_says_what_there_is() {
        refuse("step = \"implemnt\"", &["step", "'implemnt' (is it 'implement'?)", "'assess'"]);
        refuse("step = [\"implement\", \"asess\"]", &["'asess'", "is it 'assess'"]);
        refuse("session = \"ffff*\"", &["'ffff*'", "'9768e31d'"]);
        refuse("model = \"claude-opus-4-6\"", &["'unstated'"]);
        refuse("role = \"subagent\"\nstep = \"implement\"", &["role", "no 'subagent'", "'main'"]);
        refuse("min_calls = 100000", &["leaves no session", "calls a session"]);
        refuse("since = 2027-01-01", &["leaves no session", "starts 2026-04-13T"]);
        refuse("step = \"assess\"\nsession = \"9768e31d\"", &["leaves no session"]);
    }

    #[test]
    fn models_to_be_replaced_are_there() {
        let with = |from: &str| {
            let instead = vec![(from.to_owned(), "claude-opus-4-7".to_owned())];
            check_models(&Pricing { substitutes: instead, ..Pricing::embedded() }, &recording())
        };
        assert_eq!(with("claude-opus-4-6"), Ok(()), "what an unstated model stands for");
        let error = with("claude-opus-4-66").unwrap_err().to_string();
        let wanted = "'models': the recording has no 'claude-opus-4-66' (is it 'claude-opus-4-6'?)";
        assert!(error.starts_with(wanted), "{error}");
    }
}
