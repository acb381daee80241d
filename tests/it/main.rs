<<<<<<< HEAD
//! All integration tests in one binary, so that heavy crates are linked once.

#![expect(clippy::disallowed_methods, reason = "tests read the tree and start programs")]

mod tidy;
=======
//! The integration tests, in one binary so that heavy crates link once.

mod reported;
>>>>>>> reported
