//! All integration tests in one binary, so that heavy crates are linked once.

#![expect(clippy::disallowed_methods, reason = "tests read the tree and start programs")]

mod docs;
mod generated;
mod hand;
mod import_bad_input;
mod import_fuzz;
mod import_marks;
mod import_merge;
mod import_stream;
mod laws;
mod properties;
mod reported;
mod tidy;
mod twin;
