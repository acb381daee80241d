//! N4: Recommended settings file.
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

use super::support::packets::active_invocations;
use super::{BuildGrade, EnvSetting, Intervention, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::Recording;

/// The recommended environment.
pub static N4: Intervention = Intervention::new(&CARD, build_patch).with_env_settings(&[
    EnvSetting {
        name: "VALUA_CODEX_GLOBAL_MAX_INFLIGHT",
        default: "3",
        recommended: "6",
        what: "turns at once, over all agents; it bounds turns and not requests a minute",
    },
    EnvSetting {
        name: "AGENTIC_ORCH_FORWARD_TO_DADDY",
        default: "0",
        recommended: "0",
        what: "whether digests are sent to the operator as well",
    },
]);

static CARD: ToggleCard = ToggleCard {
    id: "N4",
    title: "Recommended settings file",
    source: "exec budget, step 4 (000_0d00219600a8c6bf.txt)",
    knob: "windtunnel env RECORDING -o cockpit.env",
    grade: BuildGrade { effort: 1, risk: 1 },
    params: &[],
    name_lists: &[],
};

fn build_patch(recording: &Recording, _: &ToggleParams) -> Patch {
    // The variables are a cockpit's: where no packet woke an agent nobody reads them.
    let found = u32::from(!active_invocations(recording).is_empty());
    let note = "no tokens of its own: `windtunnel env` writes the file".to_owned();
    Patch {
        found_places: found,
        notes: (found > 0).then_some(note).into_iter().collect(),
        ..Patch::default()
    }
}
