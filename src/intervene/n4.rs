//! N4: the recommended environment, written out.
//!
//! What: the settings of the fixes stand in one file, each with its default, what it does, which
//! toggle models it and what replay says about it: `windtunnel env`.
//!
//! Why it should pay: it does not pay by itself. A cockpit that is started without the adapter has
//! the defaults, which leave most of the fixes off.
//!
//! Formula: tokens saved = 0 beyond what the toggles of the settings save.
//!
//! Source: cockpit exec budget, next step 4; defaults and recommended values from
//! agentic-cockpit `9c06a3aa` (2026-02-08) and `eca8e3c` (2026-03-31) and its guide to reducing the
//! burn.
//!
//! Lies: adapters set some of them already; what a running cockpit has is not in a recording.

use super::support::packets::woken;
use super::{Card, Grade, Intervention, Params, Setting};
use crate::plan::Patch;
use crate::recording::Recording;

/// The recommended environment.
pub struct N4;

static CARD: Card = Card {
    id: "N4",
    title: "recommended environment (no saving)",
    source: "exec budget, step 4 (000_0d00219600a8c6bf.txt)",
    knob: "windtunnel env RECORDING -o cockpit.env",
    grade: Grade { effort: 1, risk: 1 },
    params: &[],
    texts: &[],
    file: include_str!("n4.rs"),
};

impl Intervention for N4 {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn settings(&self) -> &'static [Setting] {
        &[
            Setting {
                name: "VALUA_CODEX_GLOBAL_MAX_INFLIGHT",
                default: "3",
                recommended: "6",
                what: "turns at once, over all agents; it bounds turns and not requests a minute",
            },
            Setting {
                name: "AGENTIC_ORCH_FORWARD_TO_DADDY",
                default: "0",
                recommended: "0",
                what: "whether digests are sent to the operator as well",
            },
        ]
    }

    fn patch(&self, recording: &Recording, _: &Params) -> Patch {
        let found = u32::from(!woken(recording).is_empty());
        let note = "no tokens of its own: `windtunnel env` writes the file".to_owned();
        Patch {
            found,
            notes: (found > 0).then_some(note).into_iter().collect(),
            ..Patch::default()
        }
    }
}
