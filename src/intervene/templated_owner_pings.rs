//! E4: Owner pings from templates.
//!
//! What: routine messages to owners are filled-in templates and no model is called for them.
//!
//! Why it should pay: a reminder says the same thing every time.
//!
//! Formula: share x tokens of the communication loops.
//!
//! Source: operational economics (2026-06-11): communication loops about 2.44M tokens. Which share
//! of them is routine is not published: it is asked for, and bounded by the whole.
//!
//! Lies: a template that does not fit costs an answer, and sometimes goodwill.

use super::support::named_work;
use super::{BuildGrade, Intervention, NameListSpec, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::Recording;

/// Templated owner pings.
pub static E4: Intervention = Intervention::new(&CARD, build_patch);

/// What it works on where nothing is named.
const NAMES: [&str; 1] = ["communication"];

static CARD: ToggleCard = ToggleCard {
    id: "E4",
    title: "Owner pings from templates",
    source: "operational economics (004_c0fd294b799362fb.txt): communication loops",
    knob: "a template and a list of cases that it serves",
    grade: BuildGrade { effort: 2, risk: 2 },
    params: &[named_work::asked_share(
        "share of the communication's tokens that templates replace",
    )],
    name_lists: &[NameListSpec {
        key: "names",
        most: 100,
        what: "steps, agents or kinds of the communication; communication if none is named",
    }],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    named_work::take_asked_share(recording, params, &NAMES)
}
