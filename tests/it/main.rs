//! All integration tests in one binary, so that heavy crates are linked once.

#![expect(clippy::disallowed_methods, reason = "tests read the tree and start programs")]

mod reported;
mod tidy;
