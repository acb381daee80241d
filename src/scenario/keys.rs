//! Every key that a scenario may have and what may stand behind it: the one table from which files
//! are checked, hints given, the schema for editors made and new scenarios commented.

use super::node::{Entry, Field, Node};
use super::{BadScenario, Fault, MOST_DRAWS, MOST_REQUESTS, SCHEMA, joined, nearest};
use crate::cache::CachePolicy;
use crate::intervene::{Card, Shape, Unit};
use crate::reconstruct::Lens;
use crate::recording::Role;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// A key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// Its name.
    pub name: &'static str,
    /// What may stand behind it.
    pub holds: Holds,
    /// What it means.
    pub what: &'static str,
}

/// What may stand behind a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holds {
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
    /// One or several of some names.
    SomeOf(fn() -> Vec<&'static str>),
    /// Names or beginnings of names, at least one.
    Patterns,
    /// Names, no more than so many.
    Names(usize),
    /// The values of a parameter.
    Range(Unit),
    /// A table with keys of its own.
    Select,
    /// A table of models: what is left of the sign is priced as what is right of it.
    Models,
    /// A table of toggles.
    Toggles,
}

const fn key(name: &'static str, holds: Holds, what: &'static str) -> Key {
    Key { name, holds, what }
}

/// The keys of a scenario.
pub(super) const TOP: [Key; 14] = [
    key("schema", Holds::Schema, "name and version of this format"),
    key("name", Holds::Text, "its name; that of the file unless given"),
    key(
        "recording",
        Holds::Text,
        "what it is about: a built-in name, a recording file, or transcripts; a relative path \
         starts at the folder of this file; an argument of the command line wins",
    ),
    key(
        "lens",
        Holds::OneOf(lenses),
        "how published call counts are read: as transcript records, several of which make a call \
         (message), or as calls (record)",
    ),
    key("model", Holds::Text, "what a call is priced as where the source names no model"),
    key(
        "prices",
        Holds::Text,
        "a price book (CSV) whose rows take precedence over the built-in one; a relative path \
         starts at the folder of this file",
    ),
    key("date", Holds::Day, "price every call as of this day instead of its own"),
    key(
        "cache",
        Holds::OneOf(policies),
        "the cache that is replayed with: the measured law, or its bounds, none (never hits) and \
         perfect (forgets nothing)",
    ),
    key("seed", Holds::Whole(0, i64::MAX), "seed of the draws"),
    key(
        "draws",
        Holds::Whole(0, MOST_DRAWS as i64),
        "draws of the uncertainty study; 0 for no bands",
    ),
    key(
        "requests_a_minute",
        Holds::Whole(0, MOST_REQUESTS as i64),
        "requests that the provider lets through in any minute, for the limiter of agents that \
         packets wake; 0 where that is not known",
    ),
    key("select", Holds::Select, "which sessions of the recording take part; all unless given"),
    key(
        "models",
        Holds::Models,
        "what each model on the left is priced as, before and after the toggles; tokens are \
         rescaled where the two count text differently and the ratio is known",
    ),
    key("toggles", Holds::Toggles, "the toggles that take part, one table each"),
];

/// The keys of `[select]`. A session takes part if every key that is given holds for it.
pub(super) const SELECT: [Key; 8] = [
    key(
        "pipeline",
        Holds::Patterns,
        "pipelines; like every name here it may end in *, which stands for any",
    ),
    key("step", Holds::Patterns, "steps of a pipeline; \"\" for sessions of no step"),
    key("role", Holds::SomeOf(roles), "what a session was in its pipeline"),
    key(
        "model",
        Holds::Patterns,
        "models: sessions of which at least one call was made by one of them",
    ),
    key(
        "session",
        Holds::Patterns,
        "ids of sessions, whole or at least the eight characters that tables show",
    ),
    key("since", Holds::Moment, "sessions that start then or later (UTC unless it says otherwise)"),
    key("until", Holds::Moment, "sessions that start before then; a day is included to its end"),
    key("min_calls", Holds::Whole(0, u32::MAX as i64), "sessions of at least so many calls"),
];

/// Keys that every toggle has beside the parameters of its card.
pub(super) const GRADE: [Key; 2] = [
    key(
        "effort",
        Holds::Whole(0, MOST_EFFORT),
        "work to build it, in points of about half a day each; 0 for a setting",
    ),
    key(
        "risk",
        Holds::Whole(1, 3),
        "how likely it makes the work itself worse: 1 low, 2 medium, 3 high",
    ),
];

/// Beyond it an effort is in another unit than half days.
const MOST_EFFORT: i64 = 10_000;

/// The keys of a toggle's table.
pub(super) fn of_card(card: &'static Card) -> Vec<Key> {
    let params = card.params.iter().map(|spec| key(spec.key, Holds::Range(spec.unit), spec.what));
    let texts = card.texts.iter().map(|spec| key(spec.key, Holds::Names(spec.most), spec.what));
    params.chain(texts).chain(GRADE).collect()
}

/// The keys of a range.
pub(super) fn of_range(unit: Unit) -> [Key; 5] {
    let (least, most) = unit.bounds();
    let whole = Holds::Whole(least, most);
    [
        key("low", whole, "the lowest value"),
        key("mode", whole, "the value that counts where only one can"),
        key("high", whole, "the highest value"),
        key("value", whole, "the only value"),
        key(
            "shape",
            Holds::OneOf(shapes),
            "how belief is spread between the ends; pert unless given",
        ),
    ]
}

fn lenses() -> Vec<&'static str> {
    Lens::NAMED.iter().map(|(_, name)| *name).collect()
}

fn policies() -> Vec<&'static str> {
    CachePolicy::NAMED.iter().map(|(_, name)| *name).collect()
}

fn roles() -> Vec<&'static str> {
    Role::NAMED.iter().map(|(_, name)| *name).collect()
}

fn shapes() -> Vec<&'static str> {
    Shape::NAMED.iter().map(|(_, name)| *name).collect()
}

impl Holds {
    /// What would do, in words.
    pub fn wanted(self) -> String {
        match self {
            Self::Schema => format!("\"{SCHEMA}\""),
            Self::Text => "a string".to_owned(),
            Self::OneOf(names) => quoted(&names()),
            Self::Whole(least, i64::MAX) => format!("a whole number, {least} or more"),
            Self::Whole(least, most) => format!("a whole number, {least} to {most}"),
            Self::Day => "a day such as \"2026-04-13\"".to_owned(),
            Self::Moment => "a day or an instant such as \"2026-04-13T14:30:00Z\"".to_owned(),
            Self::SomeOf(names) => format!("one or a list of {}", quoted(&names())),
            Self::Patterns => "a name or a list of names".to_owned(),
            Self::Names(1) => "a name".to_owned(),
            Self::Names(most) => format!("a name or a list of at most {most} names"),
            Self::Range(unit) => unit.wanted().to_owned(),
            Self::Select => "a table, e.g. [select]".to_owned(),
            Self::Models => "a table, e.g. [models]".to_owned(),
            Self::Toggles => "a table, e.g. [toggles.R1]".to_owned(),
        }
    }

    /// Whether a value will do. The inside of tables and ranges is looked at by those who read it.
    fn admits(self, node: &Node) -> bool {
        match (self, node) {
            (Self::Schema, Node::Text(text)) => text == SCHEMA,
            (Self::Text, Node::Text(text)) => !text.is_empty(),
            (Self::OneOf(names), Node::Text(text)) => names().contains(&text.as_str()),
            (Self::Whole(least, most), Node::Whole(number)) => (least..=most).contains(number),
            (Self::Day, Node::Text(text) | Node::Date(text)) => text.parse::<Date>().is_ok(),
            (Self::Moment, Node::Text(text) | Node::Date(text)) => moment(text).is_some(),
            (Self::SomeOf(known), node) => names_in(node).is_some_and(|names| {
                !names.is_empty() && names.iter().all(|name| known().contains(name))
            }),
            (Self::Patterns, node) => names_in(node).is_some_and(|names| !names.is_empty()),
            (Self::Names(most), node) => names_in(node).is_some_and(|names| {
                names.len() <= most && names.iter().all(|name| !name.is_empty())
            }),
            (Self::Range(_), _) | (Self::Select | Self::Models | Self::Toggles, Node::Table(_)) => {
                true
            }
            _ => false,
        }
    }
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    names.join(" or ")
}

/// The strings of a string or of an array of strings.
fn names_in(node: &Node) -> Option<Vec<&str>> {
    match node {
        Node::Text(text) => Some(vec![text]),
        Node::List(items) => items
            .iter()
            .map(|item| if let Node::Text(text) = &item.node { Some(text.as_str()) } else { None })
            .collect(),
        _ => None,
    }
}

/// An instant in milliseconds since the epoch, or a day: its beginning, and the next one's.
pub(crate) fn moment(text: &str) -> Option<(i64, i64)> {
    if let Ok(day) = text.parse::<Date>()
        && text.len() <= "2026-04-13".len()
    {
        let start = |day: Date| day.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
        let next = day.checked_add(1.day()).ok()?;
        return Some((start(day)?.as_millisecond(), start(next)?.as_millisecond()));
    }
    let utc = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(Into::into);
    let at: Timestamp = text.parse().ok().or_else(utc)?;
    Some((at.as_millisecond(), at.as_millisecond()))
}

/// A table of which every key is known and every value will do.
pub(super) struct Fields<'t>(&'t [Field]);

impl<'t> Fields<'t> {
    /// Checks a table.
    pub fn check(place: &str, fields: &'t [Field], keys: &[Key]) -> Result<Self, BadScenario> {
        for field in fields {
            let Some(key) = keys.iter().find(|key| key.name == field.key) else {
                let known = keys.iter().map(|key| key.name);
                let fault = Fault::Key {
                    key: path(place, &field.key),
                    near: nearest(&field.key, known.clone()),
                    known: joined(known),
                };
                return Err(BadScenario { line: field.line, fault });
            };
            if !key.holds.admits(&field.entry.node) {
                let wanted = key.holds.wanted();
                return Err(wrong(&path(place, key.name), &field.entry, &wanted));
            }
        }
        Ok(Self(fields))
    }

    /// The value of a key.
    pub fn entry(&self, key: &str) -> Option<&'t Entry> {
        self.0.iter().find(|field| field.key == key).map(|field| &field.entry)
    }

    /// The string, date or time of a key.
    pub fn text(&self, key: &str) -> Option<&'t str> {
        match &self.entry(key)?.node {
            Node::Text(text) | Node::Date(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number of a key.
    pub fn whole(&self, key: &str) -> Option<i64> {
        if let Node::Whole(number) = self.entry(key)?.node { Some(number) } else { None }
    }

    /// The names of a key; none where it is not given.
    pub fn names(&self, key: &str) -> Vec<String> {
        let names = self.entry(key).and_then(|entry| names_in(&entry.node)).unwrap_or_default();
        names.into_iter().map(str::to_owned).collect()
    }

    /// The fields of a table behind a key; none where it is not given.
    pub fn table(&self, key: &str) -> &'t [Field] {
        match self.entry(key).map(|entry| &entry.node) {
            Some(Node::Table(fields)) => fields,
            _ => &[],
        }
    }
}

/// A key with the table that it stands in.
pub(crate) fn path(place: &str, key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let key = if !key.is_empty() && key.chars().all(plain) {
        key.to_owned()
    } else {
        format!("\"{key}\"")
    };
    if place.is_empty() { key } else { format!("{place}.{key}") }
}

/// A value that cannot be.
pub(crate) fn wrong(key: &str, met: &Entry, wanted: &str) -> BadScenario {
    let (key, wanted) = (key.to_owned(), wanted.to_owned());
    BadScenario { line: met.line, fault: Fault::Value { key, met: met.met.clone(), wanted } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene;

    #[test]
    fn moments_are_days_or_instants() {
        const DAY: i64 = 86_400_000;
        for (text, want) in [
            ("1970-01-02", Some((DAY, 2 * DAY))),
            ("1970-01-01T00:00:01Z", Some((1_000, 1_000))),
            ("1970-01-01 00:00:01", Some((1_000, 1_000))),
            ("1970-01-01T01:00:00+01:00", Some((0, 0))),
            ("1970-02-30", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(moment(text), want, "{text}");
        }
    }

    #[test]
    fn no_card_takes_a_key_that_every_toggle_has() {
        for card in intervene::ALL.iter().map(|one| one.card()) {
            let keys = of_card(card);
            for (index, key) in keys.iter().enumerate() {
                let again = keys[index + 1..].iter().any(|other| other.name == key.name);
                assert!(!again, "{}.{} has two meanings", card.id, key.name);
            }
        }
    }
}
