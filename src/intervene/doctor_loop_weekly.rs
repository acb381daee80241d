//! E1: doctor loop weekly, on failures only.
//!
//! What: a loop that examines the whole workspace every day does so once a week, and between that
//! only where something failed.
//!
//! Why it should pay: most days it finds what it found the day before.
//!
//! Formula: share of the runs that are not made x their tokens. Of seven runs six: 6/7 if runs cost
//! the same.
//!
//! Source: operational economics (2026-06-11): the daily macro doctor is the largest bucket, 6.16M
//! of 16.3M tokens; policy: real failures, weekly summaries. Neither the number of runs nor how
//! they differ is published.
//!
//! Lies: a weekly run has a week's failures to look at and may cost more than a daily one; runs on
//! failures come on top. The low end of the range stands for both.

use super::{
    BuildGrade, Confidence, Intervention, NameListSpec, ParamSpec, ParamUnit, ToggleCard,
    ToggleParams, support,
};
use crate::plan::Patch;
use crate::recording::Recording;

/// Doctor loop weekly, on failures only.
pub static E1: Intervention = Intervention::new(&CARD, build_patch);

/// What it works on where nothing is named.
const NAMES: [&str; 1] = ["doctor/daily macro"];

static CARD: ToggleCard = ToggleCard {
    id: "E1",
    title: "doctor loop weekly, on failures only",
    source: "operational economics (004_c0fd294b799362fb.txt): doctor loops",
    knob: "the schedule of the loop; a failing check starts it",
    grade: BuildGrade { effort: 1, risk: 1 },
    params: &[ParamSpec {
        key: "share",
        unit: ParamUnit::BasisPoints,
        low: 7_000,
        mode: 8_571,
        high: 10_000,
        asked: false,
        confidence: Confidence::Judgement,
        what: "share of the loop's tokens that are not used",
        source: "mode: 6 of 7 runs, if they cost the same; high: no run but on failures, and none \
                 fails; low: judgement",
    }],
    name_lists: &[NameListSpec {
        key: "names",
        most: 100,
        what: "steps, agents or kinds of the loop; doctor/daily macro if none is named",
    }],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    support::named_work::take_asked_share(recording, params, &NAMES)
}
