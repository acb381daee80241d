//! The audit of a reported pipeline: do its figures add up, and can they be?
//!
//! Every finding carries its arithmetic, computed from the parsed figures. Severities:
//!
//! * `error`: cannot be, whatever was meant;
//! * `warning`: figures of one text contradict each other by more than their rounding;
//! * `info`: a check that holds, or a fact that a reader needs.
//!
//! Order is by topic and fixed; ids are stable and may be relied on.

mod claim_checks;
mod combined_claim_checks;
mod lens_checks;
pub(super) mod number_words;
mod route_checks;
mod sum_checks;

use crate::reconstruct::{Lens, Reconstruction, ReportedPipeline};
use serde::Serialize;

pub use claim_checks::{claim_arithmetic, claim_product};
pub use route_checks::audit_routes;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingSeverity {
    /// Cannot be.
    Error,
    /// Contradicts another figure of the same text.
    Warning,
    /// Holds, or is worth knowing.
    Info,
}

impl FindingSeverity {
    /// All of them with their names.
    pub const NAMED: [(Self, &'static str); 3] =
        [(Self::Error, "error"), (Self::Warning, "warning"), (Self::Info, "info")];

    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        crate::recording::name_of_value(&Self::NAMED, self)
    }
}

/// One thing that the audit found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditFinding {
    /// A stable id in kebab case.
    pub id: String,
    /// How bad it is.
    pub severity: FindingSeverity,
    /// What it is, in one sentence.
    pub text: String,
    /// The sum behind it.
    pub arithmetic: String,
}

impl AuditFinding {
    fn new(id: &str, severity: FindingSeverity, text: String, arithmetic: String) -> Self {
        Self { id: id.to_owned(), severity, text, arithmetic }
    }
}

/// Everything that can be said about the figures of a reported pipeline.
#[must_use]
pub fn audit_reported(reported: &ReportedPipeline) -> Vec<AuditFinding> {
    audit_with_reconstruction(reported, None)
}

/// The same where its calls under one lens are already known.
#[must_use]
pub fn audit_with_reconstruction(
    reported: &ReportedPipeline,
    known: Option<(Lens, &Reconstruction)>,
) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    let message = lens_checks::check_lenses(reported, known, &mut findings);
    sum_checks::check_sums(reported, &mut findings);
    claim_checks::check_claims(reported, message.as_ref(), &mut findings);
    combined_claim_checks::check_combined_claims(reported, &mut findings);
    findings
}
