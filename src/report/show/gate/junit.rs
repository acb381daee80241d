//! The gate's word as test results: a suite a scope, a case a limited row.

use super::{Shown, place, words};
use crate::report::junit::{self, Case, Suite, Went};
use crate::study::gate::{Judged, Scope};

impl Shown<'_> {
    /// A row beyond its limit fails; one that may be chance is skipped and says so.
    #[must_use]
    pub fn junit(&self) -> Vec<u8> {
        let suite = |(scope, name): &(Scope, &str)| {
            let rows = self.gate.rows.iter().filter(|row| row.key.scope == *scope);
            let cases = rows.filter_map(|row| {
                let went = match row.judged {
                    Judged::Free => return None,
                    Judged::Within => Went::Passed,
                    Judged::Beyond => Went::Failed(words::sentence(row)),
                    Judged::Unsure => Went::Skipped(words::sentence(row)),
                };
                let name = format!("{} of {}", row.key.metric, place(&row.key));
                Some(Case { name, went })
            });
            Suite { name: (*name).to_owned(), cases: cases.collect() }
        };
        let suites: Vec<Suite> = Scope::NAMED.iter().map(suite).collect();
        let suites: Vec<Suite> = suites.into_iter().filter(|it| !it.cases.is_empty()).collect();
        junit::render("windtunnel.gate", &suites)
    }
}
