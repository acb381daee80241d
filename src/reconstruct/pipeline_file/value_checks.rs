//! What can be wrong between the figures of a file whose fields are right one by one.

use super::super::call_tally::TallyUnit;
use super::super::figure::FigureUnit;
use super::super::published_file::MAX_UNKNOWN;
use super::super::reported::{InventoryRow, ReportedPipeline, ReportedStepRow};
use super::super::reported_claims::ReportedClaim;
use super::super::unknown::{MOST_ANSWERS, UnknownQuantity, UnknownUnit};
use super::table_reader::TableReader;
use crate::toml_reader::key_path;
use crate::units::BASIS_POINTS;

/// No step has more sessions and no session more calls than this: a limit, against memory.
/// Confidence: J.
const MAX_PUBLISHED_CALLS: i64 = 100_000;

/// No context window holds more tokens; a call reads no more than its context.
/// Source: the largest `context_window` of the price book is 1,050,000, 2026-11-29. Confidence: J
/// for the room above it.
const LARGEST_CONTEXT: i64 = 2_000_000;

/// Checks what the rows of a file say together.
pub(super) fn check_values(reported: &ReportedPipeline, reader: &mut TableReader) {
    if reported.steps.rows.is_empty() && !reader.is_wrong_below("steps") {
        reader.refuse_place("steps.rows", "empty", "a row for each step");
    }
    for row in &reported.steps.rows {
        check_step(reported, row, reader);
    }
    for row in reported.inventory.iter().flat_map(|inventory| &inventory.rows) {
        check_session(row, reader);
    }
    for claim in &reported.claims {
        check_claim(claim, reader);
    }
    for claim in reported.combined.iter().filter(|claim| claim.metric == "none") {
        let place = key_path(&key_path("combined", &claim.id), "metric");
        reader.refuse_place(&place, "\"none\"", "what falls: read, tokens, calls or records");
    }
    check_unknowns(&reported.unknowns, reader);
    check_night(reported, reader);
}

/// Checks the ranges of a file.
pub(in crate::reconstruct) fn check_unknowns(
    unknowns: &[UnknownQuantity],
    reader: &mut TableReader,
) {
    for unknown in unknowns {
        let place = key_path("unknowns", &unknown.id);
        let (low, mode, high) = (unknown.low, unknown.mode, unknown.high);
        let most = match unknown.unit {
            UnknownUnit::Share | UnknownUnit::Chance => BASIS_POINTS,
            _ => MAX_UNKNOWN,
        };
        if !(0 <= low && low <= mode && mode <= high && high <= most) {
            let met = format!("{low} | {mode} | {high}");
            reader.refuse_place(&place, &met, "0 <= low <= mode <= high, within its unit");
            continue;
        }
        // Few answers have a weight each, of all whole numbers from low to high.
        let answers = unknown.weights.len();
        let is_answered = answers == 0
            || unknown.unit == UnknownUnit::Count
                && (2..=MOST_ANSWERS).contains(&answers)
                && answers as i64 == high - low + 1
                && unknown.weights.iter().any(|weight| *weight > 0);
        if !is_answered {
            let met = format!("{:?} of {low} to {high}", unknown.weights);
            let wanted = "a weight for each of 2 to 8 answers";
            reader.refuse_place(&key_path(&place, "weights"), &met, wanted);
        }
    }
}

fn check_step(reported: &ReportedPipeline, row: &ReportedStepRow, reader: &mut TableReader) {
    let place = key_path(&key_path("steps.rows", &row.step), "sessions");
    let (sessions, text) = (row.sessions.value(), &row.sessions.text);
    if !(1..=MAX_PUBLISHED_CALLS).contains(&sessions) {
        reader.refuse_place(&place, text, "at least one session, at most 100,000");
        return;
    }
    // Without an inventory nothing is listed, and the table alone counts; of a row that could not
    // be read nothing is known.
    let listed = reported.sessions_of_step(&row.step).count();
    if listed > 0 && listed as i64 != sessions && !reader.is_wrong_below("inventory") {
        let wanted = format!("{listed}, as many as the inventory lists for the step");
        reader.refuse_place(&place, text, &wanted);
    }
}

fn check_session(row: &InventoryRow, reader: &mut TableReader) {
    let place = key_path("inventory.rows", &row.id);
    let (calls, text) = (row.calls.figure.high, &row.calls.figure.text);
    if !(1..=MAX_PUBLISHED_CALLS).contains(&calls) {
        reader.refuse_place(&key_path(&place, "calls"), text, "1 to 100,000 calls");
        return;
    }
    // Records are at least as many as calls, so that the same holds for both.
    let each = (row.read.low - row.read.half_unit) / calls;
    if each > LARGEST_CONTEXT && !matches!(row.calls.unit, TallyUnit::Open(_)) {
        let wanted = format!(
            "at most {LARGEST_CONTEXT} tokens for each of {calls} calls: a call reads no more than \
             its context window holds"
        );
        reader.refuse_place(&key_path(&place, "read"), &row.read.text, &wanted);
    }
}

fn check_claim(claim: &ReportedClaim, reader: &mut TableReader) {
    let place = key_path("claims", &claim.toggle);
    for (key, figure) in [("saving", &claim.saving), ("range", &claim.range)] {
        let Some(figure) = figure else { continue };
        let at = key_path(&place, key);
        let is_share = figure.unit == FigureUnit::Share;
        let wanted = match claim.metric.as_str() {
            "none" => "nothing, where the metric is \"none\"; or name what falls as `metric`",
            "calls" | "records" if is_share => {
                "a number: of a share of calls the whole is not told"
            }
            _ if is_share && figure.high > BASIS_POINTS => "a share from 0 to 100 %",
            _ => continue,
        };
        reader.refuse_place(&at, &figure.text, wanted);
    }
    match (&claim.saving, &claim.range) {
        (None, Some(range)) => {
            let wanted = "beside `saving`, the headline that it is the range of";
            reader.refuse_place(&key_path(&place, "range"), &range.text, wanted);
        }
        (Some(saving), Some(range)) if saving.unit != range.unit => {
            let wanted = "the unit of `saving`";
            reader.refuse_place(&key_path(&place, "range"), &range.text, wanted);
        }
        _ => {}
    }
}

/// Chances of the hours in which a pipeline ran.
fn check_night(reported: &ReportedPipeline, reader: &mut TableReader) {
    let Some(night) = &reported.night else { return };
    let dispatches = night.dispatches.value();
    if !(1..=10_000).contains(&dispatches) {
        reader.refuse_place("night.dispatches", &night.dispatches.text, "1 to 10,000");
    }
    let chances: i64 = night.policies.iter().map(|one| one.chance).sum();
    if chances != BASIS_POINTS && !reader.is_wrong_below("night.policies") {
        let met = chances.to_string();
        reader.refuse_place("night.policies", &met, "chances that make 10,000 together");
    }
}
