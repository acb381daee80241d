//! E6: Stop work that goes stale.
//!
//! What: requests that bear no fruit for some cycles are watched only and get no session until a
//! maintainer says something new.
//!
//! Why it should pay: old requests come up in every cycle and end nowhere.
//!
//! Formula: of a queue, for each request in time: after `after` cycles without a signal no session
//! is made until changes are requested or an owner speaks; other signals of a stale request are
//! left too. Where cycles and signals are not told, an asked share of the tokens of generation and
//! maintenance.
//!
//! Source: operational economics (2026-06-11), stop losing trades, keep zombie requests cheap; two
//! old requests made most of the ledger's churn. Ages and cycles are published nowhere, so that the
//! saving lies between nothing and 4.01M tokens.
//!
//! Lies: work that would have been taken after one more push is lost.

use super::support::{named_work, queue_sessions};
use super::{BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, ToggleCard, ToggleParams};
use crate::plan::Patch;
use crate::recording::{QueueReason, Recording, StopLoss};
use std::collections::BTreeMap;

/// Stop-loss on stale work.
pub static E6: Intervention =
    Intervention::new(&CARD, build_patch).answered_by_queue(QueueReason::SignalUntold);

static CARD: ToggleCard = ToggleCard {
    id: "E6",
    title: "Stop work that goes stale",
    source: "operational economics (004_c0fd294b799362fb.txt)",
    knob: "an age and a number of fruitless cycles in the queue",
    grade: BuildGrade { effort: 2, risk: 2 },
    params: &[
        named_work::asked_share(
            "share of generation and maintenance that goes into stale work (ages and cycles of \
             the queue are not told)",
        ),
        ParamSpec {
            key: "after",
            unit: ParamUnit::Count,
            low: 1,
            mode: 2,
            high: 6,
            asked: false,
            confidence: Confidence::Judgement,
            what: "fruitless cycles after which a request of a queue gets no session",
            source: "the user's choice; judgement, 2026-11",
        },
    ],
    name_lists: &[named_work::STOPPED_NAMES_SPEC],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let after = params.get("after");
    let mut rules: BTreeMap<&str, StopLoss> = BTreeMap::new();
    queue_sessions::stop_sessions(recording, params, QueueReason::SignalUntold, |session| {
        // A denied action follows a signal and is no cycle of its request.
        if session.is_for(QueueReason::Denied) || session.is_for(QueueReason::DeniedAgain) {
            return false;
        }
        let rule = rules.entry(session.request);
        rule.or_insert(StopLoss::after_cycles(after)).stops_next(session.reasons)
    })
}
