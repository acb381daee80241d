//! Files of published totals, TOML or JSON: one reader for both, which tells all mistakes of a file
//! at once, each with its line and what would do.
//!
//! 1. both formats become one tree of values with lines (`crate::toml_reader`);
//! 2. `table_reader` holds the tree against the tables of keys (`pipeline_keys`, in the words of
//!    `field_key`, value by value with `field_value`) and collects every mistake;
//! 3. what is right becomes a [`ReportedPipeline`], and `value_checks` looks at what its figures
//!    say together;
//! 4. what the model needs and the file does not say is assumed and stands among the assumptions
//!    (`unsaid`).
//!
//! `schema` makes the JSON schema for editors of the same tables. A new file is written by
//! `template`, with the steps of a pasted table that `step_table_text` reads.

pub(super) mod field_key;
mod field_value;
pub(super) mod pipeline_keys;
mod schema;
mod step_table_text;
pub(super) mod table_reader;
mod template;
mod unsaid;
pub(super) mod value_checks;

pub use schema::pipeline_schema_json;
pub use step_table_text::NoStepTable;
pub use template::{NewPipelineFile, write_new_pipeline};

use super::reported::ReportedPipeline;
use crate::toml_reader::{self, TomlError, TomlField, TomlNode};
use field_key::NameKind;
use std::fmt;
use table_reader::TableReader;

/// A file of published totals that cannot be used: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineFileError {
    /// The file.
    pub name: String,
    /// Its mistakes in the order of their lines.
    pub mistakes: Vec<TomlError>,
}

impl PipelineFileError {
    /// A line for each mistake.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.mistakes.iter().map(|mistake| format!("{}: {mistake}", self.name))
    }
}

impl fmt::Display for PipelineFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().collect::<Vec<_>>().join("\n"))
    }
}

impl std::error::Error for PipelineFileError {}

/// Reads files of published totals.
#[derive(Clone, Copy, Debug)]
pub struct PipelineFileReader<'a> {
    /// The file, for errors.
    pub name: &'a str,
    /// The ids of all toggles, which claims may name; where there are none, any name will do.
    pub toggles: &'a [&'a str],
}

/// The text of a file, by its format.
#[derive(Clone, Copy, Debug)]
pub enum PipelineText<'a> {
    /// TOML.
    Toml(&'a str),
    /// JSON.
    Json(&'a str),
}

/// Most mistakes that are told at once.
const MOST_TOLD: usize = 60;

/// Reads a file of either format, and tells its mistakes in the order of their lines.
pub(super) fn read_published<T>(
    name: &str,
    text: PipelineText<'_>,
    read_fields: impl FnOnce(&[TomlField]) -> Result<T, Vec<TomlError>>,
) -> Result<T, PipelineFileError> {
    let parsed = match text {
        PipelineText::Toml(text) => toml_reader::parse_document(text),
        PipelineText::Json(text) => toml_reader::parse_json_document(text),
    };
    let read = parsed.map_err(|error| vec![error]).and_then(|fields| read_fields(&fields));
    read.map_err(|mut mistakes| {
        mistakes.sort_by_key(|mistake| mistake.line);
        mistakes.truncate(MOST_TOLD);
        PipelineFileError { name: name.to_owned(), mistakes }
    })
}

impl PipelineFileReader<'_> {
    /// Reads a file.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn read(self, text: PipelineText<'_>) -> Result<ReportedPipeline, PipelineFileError> {
        read_published(self.name, text, |fields| self.read_fields(fields))
    }

    fn read_fields(self, fields: &[TomlField]) -> Result<ReportedPipeline, Vec<TomlError>> {
        let text_of = |key: &str| {
            let field = fields.iter().find(|field| field.key == key)?;
            if let TomlNode::Text(text) = &field.entry.node { Some(text.as_str()) } else { None }
        };
        let counts = text_of("counts");
        let bare_tally = match counts {
            Some("records") => "records",
            Some("unknown") => table_reader::COUNTS_UNKNOWN,
            _ => "calls",
        };
        let mut reader = TableReader::default();
        bare_tally.clone_into(&mut reader.bare_tally);
        let mut value = reader.read_table("", 1, fields, pipeline_keys::PIPELINE.keys);
        reader.declare(NameKind::Document, pipeline_keys::OWN_DOCUMENT);
        let built_in: Vec<&str> = super::BUILTIN.iter().map(|(name, _)| *name).collect();
        reader.check_references(&[
            (NameKind::Toggle, self.toggles),
            (NameKind::BuiltInPipeline, &built_in),
        ]);
        unsaid::fill_in(&mut value, self.name, counts, &reader);
        reader.finish(value, value_checks::check_values)
    }
}

impl ReportedPipeline {
    /// Reads published totals as JSON; `name` is the file's, for errors. Toggles are not looked up.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse_json(name: &str, json: &str) -> Result<Self, PipelineFileError> {
        PipelineFileReader { name, toggles: &[] }.read(PipelineText::Json(json))
    }

    /// The same as TOML.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse_toml(name: &str, text: &str) -> Result<Self, PipelineFileError> {
        PipelineFileReader { name, toggles: &[] }.read(PipelineText::Toml(text))
    }
}
