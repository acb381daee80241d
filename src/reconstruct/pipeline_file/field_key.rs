//! What a key of a file of published totals may hold: the vocabulary of the tables in
//! `pipeline_keys`, from which files are read, hints given and the schema for editors made.

use crate::quantity::QuantityKind;

/// A key.
#[derive(Clone, Copy, Debug)]
pub(in crate::reconstruct) struct FieldKey {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// What counts where it is missing.
    pub absent: AbsentField,
    /// What it means.
    pub meaning: &'static str,
}

/// What counts where a key is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::reconstruct) enum AbsentField {
    /// It has to be there.
    Refused,
    /// Nothing: it is left out.
    Nothing,
    /// A text.
    Text(&'static str),
    /// The user's own figures, which nobody published.
    OwnFigures,
}

/// The keys of a table, and which of them names a row of many.
#[derive(Clone, Copy, Debug)]
pub(in crate::reconstruct) struct KeyTable {
    /// The key whose value names a row, where rows have names; each stands once.
    pub label: Option<&'static str>,
    /// What these names are names of, where others refer to them.
    pub declares: Option<NameKind>,
    /// The keys.
    pub keys: &'static [FieldKey],
}

/// Names that other fields refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::reconstruct) enum NameKind {
    Step,
    Session,
    Document,
    Unknown,
    Toggle,
    BuiltInPipeline,
    Agent,
    Statement,
}

/// What a key holds.
#[derive(Clone, Copy, Debug)]
pub(in crate::reconstruct) enum FieldKind {
    /// The name and version of the format.
    Schema(&'static str),
    /// A name: no empty text.
    Name,
    /// The same, to which others refer.
    Declared(NameKind),
    /// Any text.
    Text,
    /// A list of texts.
    Texts,
    /// A day.
    Day,
    /// A day, alone or in a table with its source.
    DayOfPipeline,
    /// The source of a figure: a document, alone or in a table with a section.
    Source,
    /// A published figure.
    Amount(QuantityKind),
    /// A published figure, or one with the id of the unknown that it is drawn as.
    OpenAmount(QuantityKind),
    /// Tokens or calls that are left of others: never a share.
    AmountLeft,
    /// A published figure of any unit.
    AnyAmount,
    /// A saving: tokens, calls or a share.
    Saving,
    /// A published number of calls, with a word that says what it counts.
    Tally,
    /// A whole number of the program's own, between two bounds.
    Whole(i64, i64),
    /// Weights of few answers.
    Weights,
    /// Yes or no.
    Flag,
    /// One of some names.
    OneOf(&'static [&'static str]),
    /// A name that stands elsewhere in the file.
    Reference(NameKind),
    /// The same, or an empty text for none.
    ReferenceOrNone(NameKind),
    /// A list of such names.
    References(NameKind),
    /// A table.
    Table(&'static KeyTable),
    /// A list of tables.
    Rows(&'static KeyTable),
    /// A list of tables, of which `kind` says what keys they have.
    Events,
}

/// A key that has to be there.
pub(in crate::reconstruct) const fn needed(
    name: &'static str,
    kind: FieldKind,
    meaning: &'static str,
) -> FieldKey {
    FieldKey { name, kind, absent: AbsentField::Refused, meaning }
}

/// A key that may be missing.
pub(in crate::reconstruct) const fn optional(
    name: &'static str,
    kind: FieldKind,
    meaning: &'static str,
) -> FieldKey {
    FieldKey { name, kind, absent: AbsentField::Nothing, meaning }
}

/// A key in whose place a text counts.
pub(in crate::reconstruct) const fn defaulted(
    name: &'static str,
    kind: FieldKind,
    text: &'static str,
    meaning: &'static str,
) -> FieldKey {
    FieldKey { name, kind, absent: AbsentField::Text(text), meaning }
}

/// The source of a table, or the user's own figures.
pub(in crate::reconstruct) const fn source() -> FieldKey {
    let meaning = "where it was published: the id of a document, or a table of it and a section; \
                   left out, nobody published it";
    FieldKey { name: "source", kind: FieldKind::Source, absent: AbsentField::OwnFigures, meaning }
}

/// A reason in words.
pub(in crate::reconstruct) const fn why() -> FieldKey {
    defaulted("why", FieldKind::Text, "", "why it is so, or why it is assumed")
}

impl NameKind {
    /// What it is a name of.
    pub fn wanted_text(self) -> &'static str {
        match self {
            Self::Step => "a step of the table",
            Self::Session => "a session of the inventory",
            Self::Document => "the id of a document",
            Self::Unknown => "the id of an unknown",
            Self::Toggle => "the id of a toggle, as `windtunnel list` names them",
            Self::BuiltInPipeline => "the name of a built-in pipeline",
            Self::Agent => "the agent of a row",
            Self::Statement => "the id of a statement",
        }
    }
}

impl FieldKind {
    /// What would do, in words.
    pub fn wanted_text(self) -> String {
        match self {
            Self::Schema(name) => format!("\"{name}\""),
            Self::Name | Self::Declared(_) => "a name".to_owned(),
            Self::Texts => "a list of texts".to_owned(),
            Self::Text => "a text in quotes".to_owned(),
            Self::Day | Self::DayOfPipeline => "a day such as \"2026-04-13\"".to_owned(),
            Self::Source => {
                "the id of a document, or { document = \"...\", section = \"...\" }".to_owned()
            }
            Self::Amount(QuantityKind::Share) | Self::OpenAmount(QuantityKind::Share) => {
                "a share from 0 to 100 % such as \"30 %\" or 0.3".to_owned()
            }
            Self::Amount(kind) | Self::OpenAmount(kind) => kind.wanted_text().to_owned(),
            Self::AmountLeft => {
                "what is left, as \"5M\" or \"4-5M\"; a saving in per cent goes into `share`"
                    .to_owned()
            }
            Self::AnyAmount => {
                "a figure such as \"870.9k\", \"12-14M\", \"6m 18s\" or \"54 %\"".to_owned()
            }
            Self::Saving => {
                "what is saved: \"5M\", \"5-6M\", or up to \"100 %\" of the whole".to_owned()
            }
            Self::Tally => {
                "a number of calls: 40, \"40 calls\" or \"80 records\", where a call has about two"
                    .to_owned()
            }
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::Weights => "a list of whole numbers, e.g. [1, 1, 2]".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::OneOf(names) => format!("one of {}", names.join(", ")),
            Self::Reference(of) | Self::ReferenceOrNone(of) => of.wanted_text().to_owned(),
            Self::References(of) => format!("a list of names, each {}", of.wanted_text()),
            Self::Table(_) => "a table".to_owned(),
            Self::Rows(_) | Self::Events => "a list of tables".to_owned(),
        }
    }
}
