//! The integration tests, in one binary so that heavy crates link once.

mod reported;
