//! Every key that a scenario may have and what may stand behind it: the one table from which files
//! are checked, hints given, the schema for editors made and new scenarios commented.

use super::moments::{WANTED_SPAN, parse_moment};
use super::{MOST_DRAWS, MOST_REQUESTS, SCHEMA};
use crate::cache::CachePolicy;
use crate::intervene::{ParamRange, ParamUnit, RangeShape, ToggleCard};
use crate::kinds::{NamedValue, Role};
use crate::quantity::read_span_ms;
use crate::reconstruct::Lens;
use crate::reconstruct::unknown::MOST_ANSWERS;
use crate::toml_reader::{
    TomlEntry, TomlError, TomlField, TomlNode, bad_value_error, key_path, unknown_key_error,
};
use jiff::civil::Date;

/// A key.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScenarioKey {
    /// Its name.
    pub name: &'static str,
    /// What may stand behind it.
    pub value_kind: ValueKind,
    /// What it means.
    pub meaning: &'static str,
}

/// What may stand behind a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum ValueKind {
    /// The name and version of the format.
    Schema,
    /// Any string but the empty one.
    Text,
    /// One of some names.
    OneOf(fn() -> Vec<&'static str>),
    /// A whole number between two bounds.
    Whole(i64, i64),
    /// A day.
    Day,
    /// A day or an instant.
    Moment,
    /// A stretch of time.
    Span,
    /// One or several of some names.
    SomeOf(fn() -> Vec<&'static str>),
    /// Names or beginnings of names, at least one.
    Patterns,
    /// Names, no more than so many.
    Names(usize),
    /// Weights of whole numbers.
    Weights,
    /// The values of a parameter.
    Range(ParamUnit),
    /// One value of a parameter.
    Amount(ParamUnit),
    /// A table with keys of its own.
    Select,
    /// A table of models: what is left of the sign is priced as what is right of it.
    Models,
    /// A table of whole numbers.
    Figures,
    /// A table of toggles.
    Toggles,
}

const fn new_key(name: &'static str, holds: ValueKind, what: &'static str) -> ScenarioKey {
    ScenarioKey { name, value_kind: holds, meaning: what }
}

/// The keys of a scenario.
pub(super) const SCENARIO_KEYS: [ScenarioKey; 15] = [
    new_key("schema", ValueKind::Schema, "name and version of this format"),
    new_key("name", ValueKind::Text, "its name; that of the file unless given"),
    new_key(
        "recording",
        ValueKind::Text,
        "what it is about: a built-in name, a recording file, or transcripts; a relative path \
         starts at the folder of this file; an argument of the command line wins",
    ),
    new_key(
        "lens",
        ValueKind::OneOf(names_of_kind::<Lens>),
        "how published call counts are read: as transcript records, several of which make a call \
         (message), or as calls (record)",
    ),
    new_key("model", ValueKind::Text, "what a call is priced as where the source names no model"),
    new_key(
        "prices",
        ValueKind::Text,
        "a price book (CSV) whose rows take precedence over the built-in one; a relative path \
         starts at the folder of this file",
    ),
    new_key("date", ValueKind::Day, "price every call as of this day instead of its own"),
    new_key(
        "cache",
        ValueKind::OneOf(names_of_kind::<CachePolicy>),
        "the cache that is replayed with: the measured law, or its bounds, none (never hits) and \
         perfect (forgets nothing)",
    ),
    new_key("seed", ValueKind::Whole(0, i64::MAX), "seed of the draws"),
    new_key(
        "draws",
        ValueKind::Whole(0, MOST_DRAWS as i64),
        "draws of the uncertainty study, 0 for no bands; unless told 1,000, of more than 20,000 \
         calls fewer",
    ),
    new_key(
        "requests_a_minute",
        ValueKind::Whole(0, MOST_REQUESTS as i64),
        "requests that the provider lets through in any minute, for the limiter of agents that \
         packets wake; 0 where that is not known",
    ),
    new_key(
        "select",
        ValueKind::Select,
        "which sessions of the recording take part; all unless given",
    ),
    new_key(
        "models",
        ValueKind::Models,
        "what each model on the left is priced as, before and after the toggles; tokens are \
         rescaled where the two count text differently and the ratio is known",
    ),
    new_key(
        "source",
        ValueKind::Figures,
        "figures that the source leaves open and you know, by the ids that `audit` lists; the \
         others are drawn",
    ),
    new_key("toggles", ValueKind::Toggles, "the toggles that take part, one table each"),
];

/// The keys of `[select]`. A session takes part if every key that is given holds for it.
pub(super) const SELECT_KEYS: [ScenarioKey; 10] = [
    new_key(
        "pipeline",
        ValueKind::Patterns,
        "pipelines; like every name here it may end in *, which stands for any",
    ),
    new_key("step", ValueKind::Patterns, "steps of a pipeline; \"\" for sessions of no step"),
    new_key("role", ValueKind::SomeOf(names_of_kind::<Role>), "what a session was in its pipeline"),
    new_key(
        "model",
        ValueKind::Patterns,
        "models: sessions of which at least one call was made by one of them",
    ),
    new_key(
        "session",
        ValueKind::Patterns,
        "ids of sessions, whole or at least the eight characters that tables show",
    ),
    new_key(
        "project",
        ValueKind::Patterns,
        "projects: the name of the folder that the harness keeps for one, or a part of it",
    ),
    new_key(
        "since",
        ValueKind::Moment,
        "sessions that start then or later (UTC unless it says otherwise)",
    ),
    new_key(
        "until",
        ValueKind::Moment,
        "sessions that start before then; a day is included to its end",
    ),
    new_key(
        "last",
        ValueKind::Span,
        "sessions that start within so long before the newest call of those that all else leaves",
    ),
    new_key(
        "min_calls",
        ValueKind::Whole(0, u32::MAX as i64),
        "sessions of at least so many calls",
    ),
];

/// Keys that every toggle has beside the parameters of its card.
pub(super) const GRADE_KEYS: [ScenarioKey; 2] = [
    new_key(
        "effort",
        ValueKind::Whole(0, MOST_EFFORT),
        "work to build it, in points of about half a day each; 0 for a setting",
    ),
    new_key(
        "risk",
        ValueKind::Whole(1, 3),
        "how likely it makes the work itself worse: 1 low, 2 medium, 3 high",
    ),
];

/// Beyond it an effort is in another unit than half days.
const MOST_EFFORT: i64 = 10_000;

/// The keys of a toggle's table.
pub(super) fn keys_of_card(card: &'static ToggleCard) -> Vec<ScenarioKey> {
    let params =
        card.params.iter().map(|spec| new_key(spec.key, ValueKind::Range(spec.unit), spec.what));
    let texts = card
        .name_lists
        .iter()
        .map(|spec| new_key(spec.key, ValueKind::Names(spec.most), spec.what));
    params.chain(texts).chain(GRADE_KEYS).collect()
}

/// The keys of a range.
pub(super) fn keys_of_range(unit: ParamUnit) -> [ScenarioKey; 6] {
    let amount = ValueKind::Amount(unit);
    [
        new_key("low", amount, "the lowest value"),
        new_key("mode", amount, "the value that counts where only one can"),
        new_key("high", amount, "the highest value"),
        new_key("value", amount, "the only value"),
        new_key(
            "weights",
            ValueKind::Weights,
            "of the whole numbers from low on, where one of few is so",
        ),
        new_key(
            "shape",
            ValueKind::OneOf(names_of_kind::<RangeShape>),
            "how belief is spread between the ends; pert unless given",
        ),
    ]
}

fn names_of_kind<T: NamedValue>() -> Vec<&'static str> {
    T::names().collect()
}

impl ValueKind {
    /// What would do, in words.
    pub fn wanted_text(self) -> String {
        match self {
            Self::Schema => format!("\"{SCHEMA}\""),
            Self::Text => "a string".to_owned(),
            Self::OneOf(names) => quote_alternatives(&names()),
            Self::Whole(least, i64::MAX) => format!("a whole number, {least} or more"),
            Self::Whole(least, most) => format!("a whole number, {least} to {most}"),
            Self::Day => "a day such as \"2026-04-13\"".to_owned(),
            Self::Moment => "a day or an instant such as \"2026-04-13T14:30:00Z\"".to_owned(),
            Self::Span => WANTED_SPAN.to_owned(),
            Self::SomeOf(names) => format!("one or a list of {}", quote_alternatives(&names())),
            Self::Patterns => "a name or a list of names".to_owned(),
            Self::Names(1) => "a name".to_owned(),
            Self::Names(most) => format!("a name or a list of at most {most} names"),
            Self::Weights => format!("2 to {MOST_ANSWERS} weights, not all 0"),
            Self::Range(unit) | Self::Amount(unit) => unit.bounds_in_words().to_owned(),
            Self::Select => "a table, e.g. [select]".to_owned(),
            Self::Models => "a table, e.g. [models]".to_owned(),
            Self::Figures => "a table, e.g. [source]".to_owned(),
            Self::Toggles => "a table, e.g. [toggles.R1]".to_owned(),
        }
    }

    /// Whether a value will do. The inside of tables and ranges is looked at by those who read it.
    fn admits_node(self, node: &TomlNode) -> bool {
        match (self, node) {
            (Self::Schema, TomlNode::Text(text)) => text == SCHEMA,
            (Self::Text, TomlNode::Text(text)) => !text.is_empty(),
            (Self::OneOf(names), TomlNode::Text(text)) => names().contains(&text.as_str()),
            (Self::Whole(least, most), TomlNode::Whole(number)) => (least..=most).contains(number),
            // TOML has dates of its own; with or without quotes is the same.
            (Self::Day, TomlNode::Text(text) | TomlNode::Date(text)) => {
                text.parse::<Date>().is_ok()
            }
            (Self::Moment, TomlNode::Text(text) | TomlNode::Date(text)) => {
                parse_moment(text).is_some()
            }
            (Self::Span, TomlNode::Text(text)) => read_span_ms(text).is_some(),
            (Self::SomeOf(known), node) => strings_in_node(node).is_some_and(|names| {
                !names.is_empty() && names.iter().all(|name| known().contains(name))
            }),
            (Self::Patterns, node) => strings_in_node(node).is_some_and(|names| !names.is_empty()),
            (Self::Names(most), node) => strings_in_node(node).is_some_and(|names| {
                names.len() <= most && names.iter().all(|name| !name.is_empty())
            }),
            (Self::Amount(unit), node) => unit.value_of_node(node).is_some(),
            (Self::Weights, node) => weights_in_node(node).is_some(),
            // What a range may hold is checked where it is read, with its unit.
            (Self::Range(_), _)
            | (Self::Select | Self::Models | Self::Figures | Self::Toggles, TomlNode::Table(_)) => {
                true
            }
            _ => false,
        }
    }
}

fn quote_alternatives(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    names.join(" or ")
}

/// The weights of an array of whole numbers, where they are weights of answers.
fn weights_in_node(node: &TomlNode) -> Option<Vec<u16>> {
    let TomlNode::List(items) = node else { return None };
    let weights = items.iter().map(|item| match item.node {
        TomlNode::Whole(weight) => u16::try_from(weight).ok(),
        _ => None,
    });
    let weights: Vec<u16> = weights.collect::<Option<_>>()?;
    ParamRange::weighted_from(0, &weights).map(|_| weights)
}

/// The strings of a string or of an array of strings.
fn strings_in_node(node: &TomlNode) -> Option<Vec<&str>> {
    match node {
        TomlNode::Text(text) => Some(vec![text]),
        TomlNode::List(items) => items
            .iter()
            .map(
                |item| {
                    if let TomlNode::Text(text) = &item.node { Some(text.as_str()) } else { None }
                },
            )
            .collect(),
        _ => None,
    }
}

/// A table of which every key is known and every value will do.
pub(super) struct CheckedFields<'t>(&'t [TomlField]);

impl<'t> CheckedFields<'t> {
    /// Checks a table.
    pub fn check_table(
        place: &str,
        fields: &'t [TomlField],
        keys: &[ScenarioKey],
    ) -> Result<Self, TomlError> {
        for field in fields {
            let Some(key) = keys.iter().find(|key| key.name == field.key) else {
                // A misspelt parameter must not leave the card's value in force without a word.
                return Err(unknown_key_error(place, field, keys.iter().map(|key| key.name)));
            };
            if !key.value_kind.admits_node(&field.entry.node) {
                let wanted = key.value_kind.wanted_text();
                return Err(bad_value_error(&key_path(place, key.name), &field.entry, &wanted));
            }
        }
        Ok(Self(fields))
    }

    /// The value of a key.
    pub fn entry_at(&self, key: &str) -> Option<&'t TomlEntry> {
        self.0.iter().find(|field| field.key == key).map(|field| &field.entry)
    }

    /// The string, date or time of a key.
    pub fn text_at(&self, key: &str) -> Option<&'t str> {
        match &self.entry_at(key)?.node {
            TomlNode::Text(text) | TomlNode::Date(text) => Some(text),
            _ => None,
        }
    }

    /// The same as a string of its own.
    pub fn owned_text_at(&self, key: &str) -> Option<String> {
        self.text_at(key).map(str::to_owned)
    }

    /// The whole number of a key.
    pub fn whole_at(&self, key: &str) -> Option<i64> {
        if let TomlNode::Whole(number) = self.entry_at(key)?.node { Some(number) } else { None }
    }

    /// The weights behind a key.
    pub fn weights_at(&self, key: &str) -> Option<Vec<u16>> {
        weights_in_node(&self.entry_at(key)?.node)
    }

    /// The names of a key; none where it is not given.
    pub fn names_at(&self, key: &str) -> Vec<String> {
        let names =
            self.entry_at(key).and_then(|entry| strings_in_node(&entry.node)).unwrap_or_default();
        names.into_iter().map(str::to_owned).collect()
    }

    /// The fields of a table behind a key; none where it is not given.
    pub fn table_at(&self, key: &str) -> &'t [TomlField] {
        match self.entry_at(key).map(|entry| &entry.node) {
            Some(TomlNode::Table(fields)) => fields,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene;

    #[test]
    fn no_card_takes_a_key_that_every_toggle_has() {
        for card in intervene::ALL.iter().map(|one| one.card()) {
            let keys = keys_of_card(card);
            for (index, key) in keys.iter().enumerate() {
                let again = keys[index + 1..].iter().any(|other| other.name == key.name);
                assert!(!again, "{}.{} has two meanings", card.id, key.name);
            }
        }
    }
}
