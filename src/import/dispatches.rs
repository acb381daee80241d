//! Dispatches of an orchestrator: which of its calls belong to which order.
//!
//! The rule (MODEL.md, "Orchestrators"): a call that dispatches belongs to the order that it
//! dispatches for, and so do the calls since the dispatching call before it; what follows the last
//! dispatch belongs to its order. Where one call dispatches for several orders, they share its
//! stretch, each dispatch with the same weight.

use crate::recording::{Packet, RawSession, Role};

/// One dispatch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OrderDispatch {
    /// Position of the dispatching call.
    pub call: u32,
    /// The order that it dispatches for.
    pub order: String,
    /// The step that it starts.
    pub step: String,
}

/// The agent of the stretches of an orchestrator.
pub(super) const ORCHESTRATOR: &str = "orchestrator";

/// Makes a session the orchestrator of `dispatches`: its stretches become invocations, several at
/// the same call where a stretch is shared. Its pipeline is their order, if they have only one.
pub(super) fn make_orchestrator(session: &mut RawSession, mut dispatches: Vec<OrderDispatch>) {
    let calls = session.calls.len() as u32;
    // A call that went with a copy dispatches nothing here.
    dispatches.retain(|dispatch| dispatch.call < calls);
    dispatches.sort();
    let Some(first) = dispatches.first() else {
        return;
    };
    session.role = Role::Orchestrator;
    if dispatches.iter().all(|dispatch| dispatch.order == first.order) {
        session.pipeline.clone_from(&first.order);
    }
    let (mut start, mut last) = (0, first.call);
    for OrderDispatch { call, order, step } in dispatches {
        // Dispatches of one call share the stretch that ends with it.
        if call != last {
            start = last + 1;
            last = call;
        }
        let packet = Packet {
            id: String::new(),
            agent: ORCHESTRATOR.to_owned(),
            kind: "dispatch".to_owned(),
            root: order,
            source: step,
        };
        session.invocations.push((start, packet));
    }
}
