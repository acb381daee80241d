//! What can be wrong with a scenario.

use super::UnknownToggle;
use crate::toml_reader::{TomlError, TomlFault};
use std::fmt;

/// A scenario that cannot be used: where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The line of the file, from 1; 0 where there is none.
    pub line: usize,
    /// What is wrong.
    pub fault: ScenarioFault,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A setting of the command line stands in no line.
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        self.fault.fmt(f)
    }
}

impl std::error::Error for ScenarioError {}

impl From<TomlError> for ScenarioError {
    fn from(TomlError { line, fault }: TomlError) -> Self {
        Self { line, fault: fault.into() }
    }
}

/// What is wrong with a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioFault {
    /// No TOML, an unknown key or a value that cannot be.
    #[error(transparent)]
    File(#[from] TomlFault),
    /// A toggle that does not exist.
    #[error(transparent)]
    Toggle(#[from] UnknownToggle),
    /// A toggle with two tables.
    #[error("toggle {id} has two tables, '{first}' and '{second}'")]
    Twice {
        /// Its id.
        id: &'static str,
        /// The first one's key.
        first: String,
        /// The other one's.
        second: String,
    },
    /// A parameter set for a toggle that does not take part.
    #[error("{id} does not take part; {known}")]
    NotChosen {
        /// Its id.
        id: &'static str,
        /// Those that do, as a sentence.
        known: String,
    },
    /// Not `TOGGLE.KEY=VALUE`.
    #[error("wanted TOGGLE.KEY=VALUE, e.g. R4.cap=200, or source.ID=VALUE")]
    NoSetting,
}

impl ScenarioFault {
    /// The same as an error of something that is no file.
    pub(super) fn without_line(self) -> ScenarioError {
        ScenarioError { line: 0, fault: self }
    }
}
