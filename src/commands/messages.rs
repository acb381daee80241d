//! What is told beside a result: one line each, for a terminal or for the log of a CI.

use crate::report::foreign_text::clean_foreign_text;
use std::fmt::Display;

/// Lines for standard error. Nothing else is printed there, so that no name in an input can steer a
/// terminal, or give a command to a CI that reads its logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Messages(String);

impl Messages {
    /// Adds a line, whatever the words hold.
    pub(super) fn add(&mut self, words: impl Display) {
        self.0.push_str("windtunnel: ");
        self.0.push_str(clean_foreign_text(words.to_string().trim_end()).trim_end());
        self.0.push('\n');
    }

    /// A single line.
    pub(super) fn of_line(words: impl Display) -> Self {
        let mut messages = Self::default();
        messages.add(words);
        messages
    }

    /// The lines.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Extend<Self> for Messages {
    fn extend<T: IntoIterator<Item = Self>>(&mut self, more: T) {
        self.0.extend(more.into_iter().map(|messages| messages.0));
    }
}

impl FromIterator<Self> for Messages {
    fn from_iter<T: IntoIterator<Item = Self>>(all: T) -> Self {
        let mut messages = Self::default();
        messages.extend(all);
        messages
    }
}
