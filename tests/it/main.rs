//! All integration tests in one binary, so that heavy crates are linked once.

#![expect(clippy::disallowed_methods, reason = "tests read the tree and start programs")]

mod generated;
mod hand;
mod properties;
mod reported;
mod tidy;
mod twin;
