//! The gate's word as test results: a suite a scope, a case a limited row.

use super::{GateReport, key_place, sentences};
use crate::report::junit::{self, CaseOutcome, JunitCase, JunitSuite};
use crate::study::gate::{GateScope, RowVerdict};

impl GateReport<'_> {
    /// A row beyond its limit fails; one that may be chance or is not judged is skipped, saying so.
    #[must_use]
    pub fn to_junit(&self) -> Vec<u8> {
        let suite = |(scope, name): &(GateScope, &str)| {
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
        };
        let suites: Vec<JunitSuite> = GateScope::NAMED.iter().map(suite).collect();
        let suites: Vec<JunitSuite> =
            suites.into_iter().filter(|it| !it.cases.is_empty()).collect();
        junit::render_suites("windtunnel.gate", &suites)
    }
}
