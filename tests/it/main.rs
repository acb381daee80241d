//! All integration tests in one binary, so that heavy crates are linked once.

mod tidy;
