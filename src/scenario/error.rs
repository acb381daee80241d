//! What can be wrong with a scenario.

use super::UnknownToggle;
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
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        self.fault.fmt(f)
    }
}

impl std::error::Error for ScenarioError {}

/// What is wrong with a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioFault {
    /// Not TOML.
    #[error("not TOML: {0}")]
    Toml(String),
    /// A key that means nothing here.
    #[error("unknown key '{key}'{near}; known are {known}")]
    Key {
        /// The key, with its table.
        key: String,
        /// A hint, starting with a space, or empty.
        near: String,
        /// The keys that would mean something.
        known: String,
    },
    /// A value that cannot be.
    #[error("'{key}' is {met}, wanted {wanted}")]
    Value {
        /// The key.
        key: String,
        /// What the file says.
        met: String,
        /// What would do.
        wanted: String,
    },
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
    #[error("wanted TOGGLE.KEY=VALUE, e.g. R4.cap=200")]
    NoSetting,
}
