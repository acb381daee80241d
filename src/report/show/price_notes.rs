//! What is said of dollars that do not cover everything, or rest on something not known.

use crate::price::coverage::{CoveredTokens, PriceCoverage};
use crate::report::format::format_tokens;

/// Most models that a line names.
const MOST_NAMES: usize = 5;

/// A line for each thing to know; none where everything has its price.
#[must_use]
pub fn price_notes(coverage: &PriceCoverage) -> Vec<String> {
    let mut notes = Vec::new();
    if coverage.unclassed != CoveredTokens::default() {
        notes.push(format!(
            "no dollars: the source does not say what of {} tokens was input, cached or output",
            format_tokens(coverage.unclassed.tokens, false)
        ));
    }
    if coverage.unpriced != CoveredTokens::default() {
        let models = coverage.missing.iter().map(|(model, (_, used))| {
            format!("{model} ({} calls, {} tokens)", used.calls, format_tokens(used.tokens, false))
        });
        let models = names_in_a_line(models);
        notes.push(match (coverage.unpriced, coverage.all) {
            (left_out, all) if left_out == all => {
                format!("no dollars: no call has a price: {models} (add rows with --prices)")
            }
            (left_out, all) => format!(
                "dollars leave out {} of {} calls and {} of {} tokens, which have no price: \
                 {models} (add rows with --prices)",
                left_out.calls,
                all.calls,
                format_tokens(left_out.tokens, false),
                format_tokens(all.tokens, false),
            ),
        });
    }
    if !coverage.standard.is_empty() {
        let told = coverage
            .standard
            .iter()
            .map(|((condition, model), calls)| format!("{condition} of {model} ({calls} calls)"));
        notes.push(format!(
            "told but without a price, so priced as standard: {}",
            names_in_a_line(told)
        ));
    }
    if !coverage.extended.is_empty() {
        let told = coverage.extended.iter().map(|(model, last)| format!("{model} ({last})"));
        notes.push(format!(
            "prices stand beyond the last day that their source is sure of: {}",
            names_in_a_line(told)
        ));
    }
    if !coverage.undated.is_empty() {
        let told = coverage.undated.iter().map(|(model, calls)| format!("{model} ({calls} calls)"));
        notes
            .push(format!("calls without a time have the newest price: {}", names_in_a_line(told)));
    }
    notes
}

fn names_in_a_line(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(MOST_NAMES);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names[..names.len() - more].join(", "))
}
