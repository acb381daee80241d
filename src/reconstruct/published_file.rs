//! What reading any published file needs: its errors, and checks that say what was met and wanted.

use super::figure::{Figure, FigureSource};
use super::reported::{Assumption, SourceDocument, StatedFigure};
use super::unknown::{MOST_ANSWERS, UnknownQuantity, UnknownUnit};
use crate::units::BASIS_POINTS;
use serde::de::DeserializeOwned;

/// No unknown is larger than this.
pub(super) const MAX_UNKNOWN: i64 = 1_000_000_000;

/// A reported pipeline that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReportedError {
    /// Not JSON, or not of this shape.
    #[error("{name}, line {line}, field `{field}`: {message}")]
    Shape {
        /// Name of the file.
        name: String,
        /// Its line.
        line: usize,
        /// The last field before the error; empty if there is none.
        field: String,
        /// What was met and what was wanted.
        message: String,
    },
    /// A value that does not fit its place.
    #[error("{name}, field `{field}`: met `{met}`, wanted {wanted}")]
    Value {
        /// Name of the file.
        name: String,
        /// The field.
        field: String,
        /// Its value.
        met: String,
        /// What would fit.
        wanted: String,
    },
}

/// Parses a file; `name` is for errors.
pub(super) fn parse_shape<T: DeserializeOwned>(name: &str, json: &str) -> Result<T, ReportedError> {
    serde_json::from_str(json).map_err(|error| ReportedError::Shape {
        name: name.to_owned(),
        line: error.line(),
        field: field_before(json, error.line(), error.column()),
        message: without_place(&error.to_string()),
    })
}

/// Checks values of one file.
#[derive(Clone, Copy)]
pub(super) struct ValueChecker<'a> {
    /// The file, for errors.
    pub(super) name: &'a str,
}

impl ValueChecker<'_> {
    /// An error unless a value is good.
    pub(super) fn require(
        self,
        good: bool,
        field: &str,
        met: &str,
        wanted: &str,
    ) -> Result<(), ReportedError> {
        if good {
            return Ok(());
        }
        Err(ReportedError::Value {
            name: self.name.to_owned(),
            field: field.to_owned(),
            met: met.to_owned(),
            wanted: wanted.to_owned(),
        })
    }

    /// An error unless every unknown is there once and its range is one.
    pub(super) fn require_unknowns(
        self,
        unknowns: &[UnknownQuantity],
    ) -> Result<(), ReportedError> {
        for (at, unknown) in unknowns.iter().enumerate() {
            let field = format!("unknowns.{}", unknown.id);
            let twice = unknowns[..at].iter().any(|other| other.id == unknown.id);
            self.require(!twice, &field, &unknown.id, "each unknown once")?;
            let (low, mode, high) = (unknown.low, unknown.mode, unknown.high);
            let most = match unknown.unit {
                UnknownUnit::Share | UnknownUnit::Chance => BASIS_POINTS,
                _ => MAX_UNKNOWN,
            };
            let fits = 0 <= low && low <= mode && mode <= high && high <= most;
            let met = format!("{low} | {mode} | {high}");
            self.require(fits, &field, &met, "0 <= low <= mode <= high, within its unit")?;
            // Few answers have a weight each, of all whole numbers from low to high.
            let (answers, wanted) = (unknown.weights.len(), "a weight for each of 2 to 8 answers");
            let is_answered = answers == 0
                || unknown.unit == UnknownUnit::Count
                    && (2..=MOST_ANSWERS).contains(&answers)
                    && answers as i64 == high - low + 1
                    && unknown.weights.iter().any(|weight| *weight > 0);
            let met = format!("{:?} of {low} to {high}", unknown.weights);
            self.require(is_answered, &format!("{field}.weights"), &met, wanted)?;
        }
        Ok(())
    }

    /// An error unless every source, given with the field that names it, is a known document.
    pub(super) fn require_documents(
        self,
        documents: &[SourceDocument],
        sources: Vec<(String, &FigureSource)>,
    ) -> Result<(), ReportedError> {
        for (field, source) in sources {
            let known = documents.iter().any(|document| document.id == source.document);
            self.require(known, &field, &source.document, "the id of a document")?;
        }
        Ok(())
    }
}

/// The field that names the source of an item, and the source.
pub(super) fn source_field<'a>(
    table: &str,
    id: &str,
    source: &'a FigureSource,
) -> (String, &'a FigureSource) {
    (format!("{table}.{id}.source"), source)
}

/// The figure of an id: as a text states it, or else as it is assumed.
pub(super) fn stated_or_assumed(
    statements: &[StatedFigure],
    assumptions: &[Assumption],
    id: &str,
) -> Option<Figure> {
    // What a source states goes before what is assumed.
    if let Some(stated) = statements.iter().find(|stated| stated.id == id) {
        return Some(stated.value.clone());
    }
    let assumed = assumptions.iter().find(|assumed| assumed.id == id)?;
    // An assumption may be words, and is no figure then.
    Figure::parse(&assumed.value).ok()
}

/// The last field name before a place in a JSON text.
fn field_before(json: &str, line: usize, column: usize) -> String {
    // The parser tells the place and not the field: that is the last key before it.
    let start: usize = json.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let upto = json.get(..(start + column).min(json.len())).unwrap_or(json);
    let Some(colon) = upto.rfind("\":") else {
        return String::new();
    };
    upto[..colon].rsplit('"').next().unwrap_or_default().to_owned()
}

/// A message of `serde_json` without its place, which stands in front already.
fn without_place(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}
