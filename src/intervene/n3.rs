//! N3: measured again.
//!
//! What: after the rollout the routes are measured again over a window of the same length.
//!
//! Why it should pay: it does not pay by itself. It says whether the others did.
//!
//! Formula: tokens saved = 0. Success, says the source, is that tokens and invocations of the
//! controller's digests drop materially, and that the average of a digest decreases.
//!
//! Source: cockpit exec budget, next step 3: a day after the rollout.
//!
//! Lies: a day is not another day: fewer packets are no saving. Compare averages per invocation,
//! and totals only per packet sent. Measure the folders of all agents (see the home folder of each
//! agent), and with `windtunnel routes`: the old script loses the first count of every file and
//! counts forks twice (`--compat rollout-metrics` shows what it would have said).

use super::support::packets::{digests, woken};
use super::{Card, Grade, Intervention, Params};
use crate::plan::Patch;
use crate::recording::Recording;

/// Measured again.
pub struct N3;

static CARD: Card = Card {
    id: "N3",
    title: "measured again (no saving)",
    source: "exec budget, step 3 (000_0d00219600a8c6bf.txt)",
    knob: "windtunnel routes --since DAY --until DAY, before and after",
    grade: Grade { effort: 1, risk: 1 },
    params: &[],
    texts: &[],
    file: include_str!("n3.rs"),
};

impl Intervention for N3 {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn patch(&self, recording: &Recording, _: &Params) -> Patch {
        let (count, tokens) = digests(&woken(recording), recording);
        let mut patch = Patch::default();
        if count > 0 {
            patch.found = u32::try_from(count).unwrap_or(u32::MAX);
            patch.notes.push(format!(
                "no tokens: the average to beat is {} tokens a digest, of {count}",
                tokens / count
            ));
        }
        patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::made::{PROMPT, PROMPTED, SYSTEM, recording};

    #[test]
    fn the_average_to_beat_is_told() {
        let lines = ["#a/D/r1/T:S -", "#a/D/r1/T:S -", "#a/U/r1 -"];
        let patch = N3.patch(&recording(&lines), &Params::modes(&CARD));
        let each = SYSTEM + PROMPT + PROMPTED.iter().sum::<i64>() + 30;
        assert!(patch.is_empty() && patch.found == 2);
        let told = format!("no tokens: the average to beat is {each} tokens a digest, of 2");
        assert_eq!(patch.notes, [told]);
    }
}
