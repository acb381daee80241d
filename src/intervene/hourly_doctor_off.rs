//! E2: hourly doctor off.
//!
//! What: the loop that examines the workspace every hour is switched off.
//!
//! Why it should pay: its findings reach nobody before the daily or weekly one does.
//!
//! Formula: saved = the tokens of its runs.
//!
//! Source: operational economics (2026-06-11): doctor loops together about 9.86M tokens, of them
//! 6.16M daily; the hourly one is what is left, 3.70M.
//!
//! Lies: a failure is then found later; what that costs is not modelled.

use super::{
    BuildGrade, Intervention, NameListSpec, PlaceShare, ToggleCard, ToggleParams, support,
};
use crate::plan::Patch;
use crate::recording::Recording;

/// Hourly doctor off.
pub static E2: Intervention = Intervention::new(&CARD, build_patch);

/// What it works on where nothing is named.
const NAMES: [&str; 1] = ["doctor/hourly"];

static CARD: ToggleCard = ToggleCard {
    id: "E2",
    title: "hourly doctor off",
    source: "operational economics (004_c0fd294b799362fb.txt): doctor loops",
    knob: "the schedule of the loop",
    grade: BuildGrade { effort: 0, risk: 2 },
    params: &[],
    name_lists: &[NameListSpec {
        key: "names",
        most: 100,
        what: "steps, agents or kinds of the loop; doctor/hourly if none is named",
    }],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let names = support::named_work::names_or_default(params.names_of_list("names"), &NAMES);
    // All of it: the loop is off.
    let mut all = PlaceShare::expecting(10_000);
    support::named_work::take_share_of_work(recording, &names, 10_000, &mut all)
}
