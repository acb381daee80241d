//! Every integration test, in one binary: the heavy crates link once.

mod import_bad_input;
mod import_fuzz;
mod import_marks;
mod import_merge;
mod import_stream;
mod laws;
