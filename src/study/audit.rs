//! The audit of a reported pipeline: do its figures add up, and can they be?
//!
//! A finding is a check, its verdict, and the figures that it was computed from, each with its
//! unit; `report` words it. Severities:
//!
//! * `error`: cannot be, whatever was meant;
//! * `warning`: figures of one text contradict each other by more than their rounding;
//! * `info`: a check that holds, or a fact that a reader needs.
//!
//! Order is by topic and fixed; ids are stable and may be relied on.

mod claim_checks;
mod combined_claim_checks;
mod crash_checks;
mod finding;
mod lens_checks;
mod night_checks;
mod route_checks;
mod sum_checks;

use crate::reconstruct::{Lens, Reconstruction, ReportedPipeline};

pub use claim_checks::claim_arithmetic;
pub(crate) use claim_checks::claim_product;
pub(crate) use finding::{AuditCheck, FigureAmount, FindingFigure, count, decimal, share, tokens};
pub use finding::{AuditFinding, FindingSeverity};
pub(crate) use route_checks::audit_routes;

/// Everything that can be said about the figures of a reported pipeline.
#[must_use]
pub fn audit_reported(reported: &ReportedPipeline) -> Vec<AuditFinding> {
    audit_with_reconstruction(reported, None)
}

/// The same where its calls under one lens are already known.
#[must_use]
pub(crate) fn audit_with_reconstruction(
    reported: &ReportedPipeline,
    known: Option<(Lens, &Reconstruction)>,
) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    // The calls under the message lens are kept, because claims are held against them.
    let message = lens_checks::check_lenses(reported, known, &mut findings);
    sum_checks::check_sums(reported, &mut findings);
    claim_checks::check_claims(reported, message.as_ref(), &mut findings);
    combined_claim_checks::check_combined_claims(reported, &mut findings);
    findings
}
