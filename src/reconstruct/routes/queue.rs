//! A queue of requests: what is known of it, and the sessions that follow from that.
//!
//! Requests R stand in the queue for K cycles. In a cycle a request shows signals or none; today's
//! rule starts an agent session for every request and cycle, or for those with a signal, and may
//! stop after some fruitless ones. Each session has reasons, so that a toggle is a predicate on
//! sessions: it is dropped once by whoever drops it.
//!
//! Shares and rates are met as exactly as whole sessions can: of n places the n x share with the
//! smallest hash have the mark, so that no other figure moves them. Nothing is filled in: what is
//! not told stands as a reason with a question mark, and its toggle asks for it.

use super::route_calls;
use super::route_split::{Route, RoutePart};
use crate::recording::{
    BlockKind, BlockMarks, Packet, QUEUE_KIND, QueueReason, RawBlock, RawSession, StopLoss,
};
use crate::seed;
use crate::units::{BASIS_POINTS, apportion, scale_by_ratio, share_of};
use serde::Deserialize;

/// The key of places that are picked. Source: none; any number would do. Confidence: J.
const PLACES_KEY: u64 = 774;

/// What is known of a queue of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportedQueue {
    /// The agent, or the bucket, that works on it.
    pub agent: String,
    /// Requests in it.
    pub requests: Option<i64>,
    /// Cycles in which each of them has its turn.
    pub cycles: Option<i64>,
    /// Time from one cycle to the next, milliseconds.
    pub every_ms: Option<i64>,
    /// Tokens of one session.
    pub session_tokens: Option<i64>,
    /// Tokens of all sessions, where one was not measured.
    pub tokens: Option<i64>,
    /// The part of a session that is search, in ten-thousandths.
    pub search_bp: Option<i64>,
    /// What requests show, and how often.
    pub signals: Option<Vec<SignalRate>>,
    /// Whether today a session needs a signal.
    pub escalates_on_signal: bool,
    /// Fruitless cycles after which a request gets no session today; 0 for never.
    pub stop_after: i64,
    /// The part of the sessions whose candidate stands in the ledger, in ten-thousandths.
    pub duplicates_bp: Option<i64>,
    /// The part of the requests whose scope was closed, in ten-thousandths.
    pub closed_bp: Option<i64>,
    /// How likely a new request takes the place of another in a cycle, in ten-thousandths.
    pub arrivals_bp: i64,
    /// Actions that were denied.
    pub denied: Option<DeniedActions>,
}

/// How often requests show a signal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalRate {
    /// Its name.
    pub kind: String,
    /// Of all requests and cycles, in ten-thousandths.
    #[serde(default)]
    pub rate_bp: i64,
    /// Requests and cycles that showed it, both from 1, where that was recorded.
    #[serde(default)]
    pub seen: Vec<(i64, i64)>,
}

/// Actions that were denied, and how often each was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeniedActions {
    /// Actions.
    pub actions: i64,
    /// Tries of each.
    pub tries: i64,
}

/// A session of a queue before it has tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PlannedSession {
    id: String,
    request: i64,
    cycle: i64,
    reasons: Vec<QueueReason>,
}

impl ReportedQueue {
    /// Places of requests and cycles; `None` where one of both is not told.
    #[must_use]
    pub fn places(&self) -> Option<i64> {
        Some(self.requests?.saturating_mul(self.cycles?))
    }

    /// Whether its sessions can be told apart.
    #[must_use]
    pub fn has_sessions(&self) -> bool {
        let has_tokens = self.session_tokens.is_some() || self.tokens.is_some();
        has_tokens && self.places().is_some()
    }

    /// The route of its sessions; `None` where they cannot be told apart.
    pub(super) fn route(&self) -> Option<Route> {
        let sessions = self.planned_sessions()?.len() as i64;
        let tokens = self.session_tokens.map_or(self.tokens, |one| Some(one * sessions))?;
        let part = RoutePart { source: String::new(), tokens, invocations: sessions };
        Some(Route {
            agent: self.agent.clone(),
            kind: String::new(),
            parts: vec![part],
            is_bucket: false,
        })
    }

    /// Its sessions, in the order of cycles and requests, from an instant on.
    pub(super) fn sessions(&self, pipeline: &str, from_ms: i64) -> Vec<RawSession> {
        let planned = self.planned_sessions().unwrap_or_default();
        let count = planned.len() as i64;
        let total = self.session_tokens.map_or(self.tokens, |one| Some(one * count));
        let each = apportion(total.unwrap_or(0), &vec![1; planned.len()]);
        // The time of a cycle orders sessions and moves no token.
        let every_ms = self.every_ms.unwrap_or(1);
        let sessions = planned.into_iter().zip(each).map(|(one, tokens)| {
            let at_ms = from_ms + (one.cycle - 1) * every_ms;
            self.raw_session(one, pipeline, tokens, at_ms)
        });
        sessions.collect()
    }

    fn raw_session(
        &self,
        planned: PlannedSession,
        pipeline: &str,
        tokens: i64,
        at_ms: i64,
    ) -> RawSession {
        let PlannedSession { id, request, reasons, .. } = planned;
        let packet = Packet {
            id: id.clone(),
            agent: self.agent.clone(),
            kind: QUEUE_KIND.to_owned(),
            root: format!("request-{request}"),
            source: QueueReason::join(&reasons),
        };
        let mut raw = route_calls::build_bucket_session((id, pipeline, &self.agent), tokens, at_ms);
        raw.invocations.push((0, packet));
        // Search is a block of its own, so that a toggle can make it smaller.
        let search = share_of(tokens, self.search_bp.unwrap_or(0));
        if search > 0 {
            let part = |tokens| RawBlock::from_size(BlockKind::Unattributed, 0, tokens);
            let found = RawBlock { marks: BlockMarks::SEARCH, ..part(search) };
            raw.calls[0].inputs = vec![part(tokens - search), found];
        }
        raw
    }

    /// Which sessions there are today, and why; `None` where they cannot be told apart.
    fn planned_sessions(&self) -> Option<Vec<PlannedSession>> {
        if !self.has_sessions() {
            return None;
        }
        let (requests, cycles) = (self.requests?, self.cycles?);
        let places = requests * cycles;
        let untold = self.untold_reasons();
        let shown = self.signals_by_place(requests, cycles);
        let closed = pick_share("closed-scope", requests, self.closed_bp.unwrap_or(0));
        let mut planned = Vec::new();
        let mut rules = vec![StopLoss::after_cycles(self.stop_after); requests as usize];
        for place in 0..places {
            let (cycle, request) = (place / requests + 1, place % requests + 1);
            let mut reasons = shown[place as usize].clone();
            // What no rule of today starts is watched by cheap calls, and in no recording.
            let has_signal = !reasons.is_empty() || self.signals.is_none();
            let stops = rules[request as usize - 1].stops_next(reasons.iter().copied().collect());
            if stops || (self.escalates_on_signal && !has_signal) {
                continue;
            }
            if reasons.is_empty() && self.signals.is_some() {
                reasons.push(QueueReason::Routine);
            }
            if closed[request as usize - 1] {
                reasons.push(QueueReason::ClosedScope);
            }
            let id = format!("request-{request}-cycle-{cycle}");
            planned.push(PlannedSession { id, request, cycle, reasons });
        }
        let duplicates =
            pick_share("duplicate", planned.len() as i64, self.duplicates_bp.unwrap_or(0));
        for (one, is_duplicate) in planned.iter_mut().zip(duplicates) {
            one.reasons.extend(is_duplicate.then_some(QueueReason::Duplicate));
        }
        planned.extend(self.denied_tries(requests, cycles));
        for one in &mut planned {
            one.reasons.extend(&untold);
        }
        planned.sort_by_key(|one| one.cycle);
        Some(planned)
    }

    /// What is told of no session.
    fn untold_reasons(&self) -> Vec<QueueReason> {
        let asked = [
            (self.signals.is_none(), QueueReason::SignalUntold),
            (self.duplicates_bp.is_none(), QueueReason::DuplicateUntold),
            (self.closed_bp.is_none(), QueueReason::ScopeUntold),
            (self.denied.is_none(), QueueReason::DenialUntold),
            (self.search_bp.is_none(), QueueReason::SearchUntold),
        ];
        asked.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, reason)| reason).collect()
    }

    /// The signals of each place, cycle by cycle.
    fn signals_by_place(&self, requests: i64, cycles: i64) -> Vec<Vec<QueueReason>> {
        let places = requests * cycles;
        let mut shown = vec![Vec::new(); places as usize];
        // A request that arrives in the first cycle is one of those that are there.
        let arrived = pick_share("arrival", places - requests, self.arrivals_bp);
        for (at, _) in arrived.iter().enumerate().filter(|(_, arrives)| **arrives) {
            shown[at + requests as usize].push(QueueReason::Arrival);
        }
        let rates = self.signals.iter().flatten();
        for (rate, signal) in rates.filter_map(|rate| Some((rate, rate.signal()?))) {
            for (at, _) in pick_share(signal.name(), places, rate.rate_bp)
                .iter()
                .enumerate()
                .filter(|it| *it.1)
            {
                shown[at].push(signal);
            }
            for (request, cycle) in &rate.seen {
                let at = (cycle - 1) * requests + request - 1;
                if let Some(signals) = shown.get_mut(usize::try_from(at).unwrap_or(usize::MAX)) {
                    signals.push(signal);
                }
            }
        }
        for signals in &mut shown {
            // A signal that was seen and drawn is one.
            signals.sort_unstable();
            signals.dedup();
        }
        shown
    }

    /// The tries of denied actions, spread over the cycles.
    fn denied_tries(&self, requests: i64, cycles: i64) -> Vec<PlannedSession> {
        let Some(DeniedActions { actions, tries }) = self.denied else { return Vec::new() };
        let mut planned = Vec::new();
        for action in 0..actions {
            let request = action * requests / actions + 1;
            for one in 0..tries {
                let reason = if one == 0 { QueueReason::Denied } else { QueueReason::DeniedAgain };
                planned.push(PlannedSession {
                    id: format!("denied-{}-try-{}", action + 1, one + 1),
                    request,
                    cycle: one * cycles / tries + 1,
                    reasons: vec![reason],
                });
            }
        }
        planned
    }
}

impl SignalRate {
    /// The signal of its name.
    #[must_use]
    pub fn signal(&self) -> Option<QueueReason> {
        QueueReason::SIGNALS.into_iter().find(|signal| signal.name() == self.kind)
    }
}

/// Which of so many places have a mark that a share of them has: those of the smallest hashes.
fn pick_share(mark: &str, places: i64, share_bp: i64) -> Vec<bool> {
    let count = scale_by_ratio(places, share_bp, BASIS_POINTS);
    let mut order: Vec<(i64, u64)> =
        (0..places as u64).map(|at| (seed::place_number(PLACES_KEY, mark, at), at)).collect();
    order.sort_unstable();
    let mut picked = vec![false; places as usize];
    for (_, at) in order.into_iter().take(count as usize) {
        picked[at as usize] = true;
    }
    picked
}
