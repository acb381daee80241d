//! The audit of a reported pipeline: do its figures add up, and can they be?
//!
//! Every finding carries its arithmetic, computed from the parsed figures. Severities:
//!
//! * `error`: cannot be, whatever was meant;
//! * `warning`: figures of one text contradict each other by more than their rounding;
//! * `info`: a check that holds, or a fact that a reader needs.
//!
//! Order is by topic and fixed; ids are stable and may be relied on.

mod claims;
mod combined;
mod lenses;
mod routes;
pub(super) mod say;
mod sums;

use crate::reconstruct::{Lens, Reconstruction, Reported};
use serde::Serialize;

pub use claims::{claim_arithmetic, claim_product};
pub use routes::audit_routes;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Cannot be.
    Error,
    /// Contradicts another figure of the same text.
    Warning,
    /// Holds, or is worth knowing.
    Info,
}

impl Severity {
    /// All of them with their names.
    pub const NAMED: [(Self, &'static str); 3] =
        [(Self::Error, "error"), (Self::Warning, "warning"), (Self::Info, "info")];

    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        crate::recording::name_of(&Self::NAMED, self)
    }
}

/// One thing that the audit found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable id in kebab case.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in one sentence.
    pub text: String,
    /// The sum behind it.
    pub arithmetic: String,
}

impl Finding {
    fn new(id: &str, severity: Severity, text: String, arithmetic: String) -> Self {
        Self { id: id.to_owned(), severity, text, arithmetic }
    }
}

/// Everything that can be said about the figures of a reported pipeline.
#[must_use]
pub fn audit(reported: &Reported) -> Vec<Finding> {
    audit_knowing(reported, None)
}

/// The same where its calls under one lens are already known.
#[must_use]
pub fn audit_knowing(reported: &Reported, known: Option<(Lens, &Reconstruction)>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let message = lenses::check(reported, known, &mut findings);
    sums::check(reported, &mut findings);
    claims::check(reported, message.as_ref(), &mut findings);
    combined::check(reported, &mut findings);
    findings
}
