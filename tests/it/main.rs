//! All integration tests in one binary, so that heavy crates are linked once.

mod generated;
mod hand;
mod properties;
mod tidy;
mod twin;
