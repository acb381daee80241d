//! E1: Daily doctor: weekly, on failure.
//!
//! What: a loop that examines the whole workspace every day does so once a week, and between that
//! only where something failed.
//!
//! Why it should pay: most days it finds what it found the day before.
//!
//! Formula: saved = 6/7 x (1 - `failures`) x the tokens of its runs: of seven runs one is weekly,
//! and of the others those are made that a failure starts. Runs cost the same.
//!
//! Source: operational economics (2026-06-11): the daily macro doctor is the largest bucket, 6.16M
//! of 16.3M tokens; policy: real failures, weekly summaries. So it saves 5.28M at most. Neither the
//! number of runs nor how many a failure starts is published.
//!
//! Lies: a weekly run has a week's failures to look at and may cost more than a daily one.

use super::support::named_work;
use super::{BuildGrade, Intervention, NameListSpec, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::Recording;
use crate::units::{BASIS_POINTS, scale_by_ratio};

/// Doctor loop weekly, on failures only.
pub static E1: Intervention = Intervention::new(&CARD, build_patch);

/// Days of a week. Source: the calendar. Confidence: H.
const DAYS_OF_A_WEEK: i64 = 7;

/// What it works on where nothing is named.
const NAMES: [&str; 1] = ["doctor/daily macro"];

static CARD: ToggleCard = ToggleCard {
    id: "E1",
    title: "Daily doctor: weekly, on failure",
    source: "operational economics (004_c0fd294b799362fb.txt): doctor loops",
    knob: "the schedule of the loop; a failing check starts it",
    grade: BuildGrade { effort: 1, risk: 1 },
    params: &[named_work::FAILURES_SPEC],
    name_lists: &[NameListSpec {
        key: "names",
        most: 100,
        what: "steps, agents or kinds of the loop; doctor/daily macro if none is named",
    }],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    // The weekly run stays whatever fails.
    let idle = BASIS_POINTS - params.get("failures");
    let share = scale_by_ratio(idle, DAYS_OF_A_WEEK - 1, DAYS_OF_A_WEEK);
    named_work::take_runs(recording, params, (&NAMES, "failures"), share)
}
