//! E2: Hourly doctor off.
//!
//! What: the loop that examines the workspace every hour is switched off; a failing check starts a
//! run where one is needed.
//!
//! Why it should pay: its findings reach nobody before the daily or weekly one does.
//!
//! Formula: saved = (1 - `failures`) x the tokens of its runs, which cost the same.
//!
//! Source: operational economics (2026-06-11): doctor loops together about 9.86M tokens, of them
//! 6.16M daily; the hourly one is what is left, 3.70M. How many of its runs a failure starts is
//! published nowhere.
//!
//! Lies: a failure is then found later; what that costs is not modelled.

use super::support::named_work;
use super::{BuildGrade, Intervention, NameListSpec, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::Recording;
use crate::units::BASIS_POINTS;

/// Hourly doctor off.
pub static E2: Intervention = Intervention::new(&CARD, build_patch);

/// What it works on where nothing is named.
const NAMES: [&str; 1] = ["doctor/hourly"];

static CARD: ToggleCard = ToggleCard {
    id: "E2",
    title: "Hourly doctor off",
    source: "operational economics (004_c0fd294b799362fb.txt): doctor loops",
    knob: "the schedule of the loop",
    grade: BuildGrade { effort: 0, risk: 2 },
    params: &[named_work::FAILURES_SPEC],
    name_lists: &[NameListSpec {
        key: "names",
        most: 100,
        what: "steps, agents or kinds of the loop; doctor/hourly if none is named",
    }],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let idle = BASIS_POINTS - params.get("failures");
    named_work::take_runs(recording, params, (&NAMES, "failures"), idle)
}
