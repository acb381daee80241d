//! The gate's word as test results: a suite a scope, a case a limited row.

use super::{GateReport, defects, key_place, sentences};
use crate::report::junit::{self, CaseOutcome, JunitCase, JunitSuite};
use crate::report::{ReportDocument, Section};
use crate::study::gate::{GateScope, RowVerdict};

/// Test results where nothing was judged: one error.
#[must_use]
pub fn failure_junit(why: &str) -> Vec<u8> {
    let outcome = CaseOutcome::Errored(why.to_owned());
    let cases = vec![JunitCase { name: "input".to_owned(), outcome }];
    junit::render_suites("windtunnel.gate", &[JunitSuite { name: "defects".to_owned(), cases }])
}

/// The same for people.
#[must_use]
pub fn failure_document(why: &str) -> ReportDocument {
    let mut document = ReportDocument::new("");
    document.add_section(
        Section::new("windtunnel gate: nothing was judged").with_paragraph(why.to_owned()),
    );
    let version = env!("CARGO_PKG_VERSION");
    document.add_sources([format!("windtunnel {version}")]);
    document
}

impl GateReport<'_> {
    /// A row beyond its limit fails; one that may be chance or is not judged is skipped, saying so.
    /// What stands against a judgement is a suite of its own: an error unless the budget allows it.
    #[must_use]
    pub fn to_junit(&self) -> Vec<u8> {
        let suites = GateScope::NAMED.iter().map(|(scope, name)| {
            let rows = self.gate.rows.iter().filter(|row| row.key.scope == *scope);
            let cases = rows.filter_map(|row| {
                let went = match row.verdict {
                    // A row without a limit was not judged, and is no test.
                    RowVerdict::Unlimited => return None,
                    RowVerdict::Within => CaseOutcome::Passed,
                    RowVerdict::Beyond => CaseOutcome::Failed(sentences::row_sentence(row)),
                    RowVerdict::Unsure | RowVerdict::Unjudged => {
                        CaseOutcome::Skipped(sentences::row_sentence(row))
                    }
                };
                let name = format!("{} of {}", row.key.metric, key_place(&row.key));
                Some(JunitCase { name, outcome: went })
            });
            JunitSuite { name: (*name).to_owned(), cases: cases.collect() }
        });
        let defects = defects::sorted_defects(self.gate).into_iter().map(|defect| {
            let words = defects::defect_sentence(defect);
            let outcome = if defect.is_allowed() {
                CaseOutcome::Skipped(words)
            } else {
                CaseOutcome::Errored(words)
            };
            JunitCase { name: defect.kind.name().to_owned(), outcome }
        });
        let defects = JunitSuite { name: "defects".to_owned(), cases: defects.collect() };
        let suites: Vec<JunitSuite> =
            std::iter::once(defects).chain(suites).filter(|it| !it.cases.is_empty()).collect();
        junit::render_suites("windtunnel.gate", &suites)
    }
}
