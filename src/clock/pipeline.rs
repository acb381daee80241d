//! Orders in time: stages of sessions that an orchestrator hands out one after the other.
//!
//! A stage is over when the last of its sessions is; the next one of its order can then be handed
//! out. How an orchestrator does that is its [`DispatchPolicy`]. Before a stage it may run tests of
//! its own, which nobody's tokens pay for. MODEL.md, "Clock".

use super::{ClockStep, EventHeap};
use std::collections::VecDeque;

/// How stages are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DispatchPolicy {
    /// One orchestrator; a dispatch blocks it until the stage is over.
    Serial,
    /// One orchestrator; one turn hands out all stages that can start and waits for all of them.
    Lockstep,
    /// One orchestrator; stages run in the background.
    Free,
    /// An orchestrator for each order.
    OnePerOrder,
}

impl DispatchPolicy {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Serial, Self::Lockstep, Self::Free, Self::OnePerOrder];

    /// Whether an orchestrator waits for what it has handed out.
    #[must_use]
    pub fn blocks(self) -> bool {
        self != Self::Free
    }
}

/// Sessions side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderStage {
    /// How long each session takes, milliseconds.
    pub sessions_ms: Vec<i64>,
    /// How long the orchestrator tests before it hands the stage out, milliseconds.
    pub suite_ms: i64,
}

/// A unit of work: stages one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderWork {
    /// Its name, which decides between equal times; no other order has it.
    pub name: String,
    /// Its stages.
    pub stages: Vec<OrderStage>,
}

/// What a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpanKind {
    /// A test run of the orchestrator.
    Suite,
    /// The orchestrator's work on a dispatch.
    Dispatch,
    /// A session, by its number in its stage.
    Session(usize),
}

/// From when to when something took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSpan {
    /// What it is.
    pub kind: SpanKind,
    /// The order, by number.
    pub order: usize,
    /// The stage, by number in its order.
    pub stage: usize,
    /// When it began, milliseconds.
    pub from_ms: i64,
    /// When it ended.
    pub to_ms: i64,
    /// The span whose end let it begin, in [`PipelineRun::spans`]; `None` at the very start.
    pub released_by: Option<usize>,
}

/// Orders as they ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineRun {
    /// Everything that took time, in the order in which it began.
    pub spans: Vec<ClockSpan>,
    /// By order: how long its stages could have been handed out and were not, because the
    /// orchestrator was at work on others or waited for them, milliseconds.
    pub waited_ms: Vec<i64>,
}

impl PipelineRun {
    /// When the last span of an order ended; of all orders where none is named.
    #[must_use]
    pub fn end_ms(&self, order: Option<usize>) -> i64 {
        let spans = self.spans.iter().filter(|span| order.is_none_or(|order| span.order == order));
        spans.map(|span| span.to_ms).max().unwrap_or(0)
    }

    /// The spans that decide when everything is over: back from the last end, each the one that
    /// released the one behind it. Together they are as long as the whole.
    #[must_use]
    pub fn critical_path(&self) -> Vec<ClockSpan> {
        let last = self.end_ms(None);
        // Of several last ends the first to begin: which of equals is told must not depend on
        // anything but their content.
        let mut at = self.spans.iter().position(|span| span.to_ms == last);
        let mut path = Vec::new();
        while let Some(index) = at {
            path.push(self.spans[index]);
            at = self.spans[index].released_by;
        }
        path.reverse();
        path
    }
}

/// Runs orders under a policy; the orchestrator takes `dispatch_ms` for each session that it
/// dispatches.
#[must_use]
pub fn run_orders(orders: &[OrderWork], policy: DispatchPolicy, dispatch_ms: i64) -> PipelineRun {
    let mut clock = PipelineClock::new(orders, policy, dispatch_ms);
    while let Some((now_ms, _, event)) = clock.events.pop_earliest() {
        match event {
            ClockEvent::SessionEnds { rank, session } => {
                clock.end_session(now_ms, clock.order_of_rank[rank], session);
            }
            ClockEvent::DispatchEnds { orchestrator } => clock.end_dispatch(now_ms, orchestrator),
            ClockEvent::StageReady { rank } => clock.queue_stage(now_ms, clock.order_of_rank[rank]),
            ClockEvent::OrchestratorFree { orchestrator } => {
                clock.hand_out(now_ms, orchestrator);
            }
        }
    }
    clock.run
}

/// What an event is about; orders count by the rank of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ClockEvent {
    SessionEnds { rank: usize, session: usize },
    DispatchEnds { orchestrator: usize },
    StageReady { rank: usize },
    OrchestratorFree { orchestrator: usize },
}

/// Where an order stands.
#[derive(Clone, Debug, Default)]
struct OrderState {
    rank: usize,
    stage: usize,
    /// Sessions of the stage that still run.
    running: usize,
    ready_ms: i64,
    /// The span that made the stage ready.
    ready_by: Option<usize>,
    /// By session of the stage: its span.
    spans: Vec<usize>,
}

/// What an orchestrator does.
#[derive(Clone, Debug, Default)]
struct OrchestratorState {
    is_busy: bool,
    /// Orders whose next stage could start, in the order in which they became ready.
    queue: VecDeque<usize>,
    /// Orders that are handed out now.
    batch: Vec<usize>,
    /// How many of them are not over yet.
    left: usize,
    /// The span that freed it last, or that it worked on last.
    last_span: Option<usize>,
}

struct PipelineClock<'a> {
    orders: &'a [OrderWork],
    policy: DispatchPolicy,
    dispatch_ms: i64,
    events: EventHeap<ClockEvent>,
    states: Vec<OrderState>,
    orchestrators: Vec<OrchestratorState>,
    order_of_rank: Vec<usize>,
    run: PipelineRun,
}

impl<'a> PipelineClock<'a> {
    fn new(orders: &'a [OrderWork], policy: DispatchPolicy, dispatch_ms: i64) -> Self {
        let mut order_of_rank: Vec<usize> = (0..orders.len()).collect();
        order_of_rank.sort_by_key(|&order| &orders[order].name);
        let mut states = vec![OrderState::default(); orders.len()];
        let mut events = EventHeap::new();
        for (rank, &order) in order_of_rank.iter().enumerate() {
            states[order].rank = rank;
            if !orders[order].stages.is_empty() {
                events.push_event(0, ClockStep::Wake, ClockEvent::StageReady { rank });
            }
        }
        // Orchestrators of their own are numbered as the ranks of their orders.
        let count = if policy == DispatchPolicy::OnePerOrder { orders.len() } else { 1 };
        Self {
            orders,
            policy,
            dispatch_ms: dispatch_ms.max(0),
            events,
            states,
            orchestrators: vec![OrchestratorState::default(); count],
            order_of_rank,
            run: PipelineRun { spans: Vec::new(), waited_ms: vec![0; orders.len()] },
        }
    }

    fn orchestrator_of(&self, order: usize) -> usize {
        if self.policy == DispatchPolicy::OnePerOrder { self.states[order].rank } else { 0 }
    }

    /// A stage of an order can be handed out.
    fn queue_stage(&mut self, now_ms: i64, order: usize) {
        self.states[order].ready_ms = now_ms;
        let orchestrator = self.orchestrator_of(order);
        self.orchestrators[orchestrator].queue.push_back(order);
        self.wake_orchestrator(now_ms, orchestrator);
    }

    fn wake_orchestrator(&mut self, now_ms: i64, orchestrator: usize) {
        // Asked for at the end of this instant, so that everything that is ready by then is seen.
        let event = ClockEvent::OrchestratorFree { orchestrator };
        self.events.push_event(now_ms, ClockStep::Start, event);
    }

    /// An orchestrator takes the next stages, if it is free and there are any.
    fn hand_out(&mut self, now_ms: i64, orchestrator: usize) {
        let state = &mut self.orchestrators[orchestrator];
        if state.is_busy || state.queue.is_empty() {
            return;
        }
        let count = if self.policy == DispatchPolicy::Lockstep { state.queue.len() } else { 1 };
        let batch: Vec<usize> = state.queue.drain(..count).collect();
        (state.is_busy, state.left) = (true, batch.len());
        // Released by a stage that became ready just now, else by what freed the orchestrator.
        let ready = batch.iter().find(|&&order| self.states[order].ready_ms == now_ms);
        let mut released_by = match ready {
            Some(&order) => self.states[order].ready_by,
            None => state.last_span,
        };
        let mut at_ms = now_ms;
        for &order in &batch {
            let stage = &self.orders[order].stages[self.states[order].stage];
            let suite_ms = stage.suite_ms.max(0);
            // Each session is a dispatch of its own.
            let dispatch_ms = self.dispatch_ms * stage.sessions_ms.len().max(1) as i64;
            if suite_ms > 0 {
                released_by =
                    Some(self.push_span(SpanKind::Suite, order, (at_ms, suite_ms), released_by));
                at_ms += suite_ms;
            }
            let worked = (at_ms, dispatch_ms);
            released_by = Some(self.push_span(SpanKind::Dispatch, order, worked, released_by));
            at_ms += dispatch_ms;
            // Its own share of the orchestrator's work is no wait.
            self.run.waited_ms[order] -= suite_ms + dispatch_ms;
        }
        let state = &mut self.orchestrators[orchestrator];
        (state.last_span, state.batch) = (released_by, batch);
        self.events.push_event(at_ms, ClockStep::End, ClockEvent::DispatchEnds { orchestrator });
    }

    fn push_span(
        &mut self,
        kind: SpanKind,
        order: usize,
        (from_ms, takes_ms): (i64, i64),
        released_by: Option<usize>,
    ) -> usize {
        let (stage, to_ms) = (self.states[order].stage, from_ms + takes_ms);
        self.run.spans.push(ClockSpan { kind, order, stage, from_ms, to_ms, released_by });
        self.run.spans.len() - 1
    }

    /// What was handed out starts.
    fn end_dispatch(&mut self, now_ms: i64, orchestrator: usize) {
        let released_by = self.orchestrators[orchestrator].last_span;
        for order in std::mem::take(&mut self.orchestrators[orchestrator].batch) {
            // A stage has waited since it could start, for the orchestrator and for its dispatch.
            self.run.waited_ms[order] += now_ms - self.states[order].ready_ms;
            self.start_stage(now_ms, order, released_by);
        }
        // It goes on at once; where the policy blocks, the end of the stages frees it.
        if !self.policy.blocks() {
            self.orchestrators[orchestrator].is_busy = false;
            self.wake_orchestrator(now_ms, orchestrator);
        }
    }

    fn start_stage(&mut self, now_ms: i64, order: usize, released_by: Option<usize>) {
        let stage = &self.orders[order].stages[self.states[order].stage];
        self.states[order].running = stage.sessions_ms.len();
        self.states[order].spans.clear();
        for (session, &takes_ms) in stage.sessions_ms.iter().enumerate() {
            let (kind, took) = (SpanKind::Session(session), (now_ms, takes_ms.max(0)));
            let span = self.push_span(kind, order, took, released_by);
            self.states[order].spans.push(span);
            let event = ClockEvent::SessionEnds { rank: self.states[order].rank, session };
            self.events.push_event(now_ms + took.1, ClockStep::End, event);
        }
        // A stage of no session is over when it is handed out.
        if stage.sessions_ms.is_empty() {
            self.end_stage(now_ms, order, released_by);
        }
    }

    fn end_session(&mut self, now_ms: i64, order: usize, session: usize) {
        self.states[order].running -= 1;
        if self.states[order].running == 0 {
            let span = self.states[order].spans[session];
            self.end_stage(now_ms, order, Some(span));
        }
    }

    /// The next stage of the order can start, and who waited for this one is free.
    fn end_stage(&mut self, now_ms: i64, order: usize, by: Option<usize>) {
        let state = &mut self.states[order];
        state.stage += 1;
        state.ready_by = by;
        if state.stage < self.orders[order].stages.len() {
            let event = ClockEvent::StageReady { rank: state.rank };
            self.events.push_event(now_ms, ClockStep::Wake, event);
        }
        // It waits for all stages that it started together; the last to end frees it.
        if self.policy.blocks() {
            let orchestrator = self.orchestrator_of(order);
            let state = &mut self.orchestrators[orchestrator];
            state.left -= 1;
            if state.left == 0 {
                (state.is_busy, state.last_span) = (false, by);
                self.wake_orchestrator(now_ms, orchestrator);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn order(name: &str, stages: &[&[i64]]) -> OrderWork {
        let stages = stages.iter().map(|sessions| OrderStage {
            sessions_ms: sessions.iter().map(|minutes| minutes * MINUTE).collect(),
            suite_ms: 0,
        });
        OrderWork { name: name.to_owned(), stages: stages.collect() }
    }

    /// Whole minutes of all policies, then the two ends under the last one.
    fn check(orders: &[OrderWork], want: [i64; 3], own: [i64; 2]) {
        let elapsed = |policy| run_orders(orders, policy, MINUTE).end_ms(None) / MINUTE;
        let [serial, lockstep, free, each] = DispatchPolicy::ALL;
        assert_eq!([serial, lockstep, free].map(elapsed), want);
        let run = run_orders(orders, each, MINUTE);
        assert_eq!([0, 1].map(|order| run.end_ms(Some(order)) / MINUTE), own);
        assert_eq!(run.waited_ms, [0, 0]);
        // The path has no gaps, from the start to the last end.
        for policy in DispatchPolicy::ALL {
            let path = run_orders(orders, policy, MINUTE).critical_path();
            assert_eq!(path[0].from_ms, 0, "{policy:?}");
            assert!(path.windows(2).all(|pair| pair[0].to_ms == pair[1].from_ms), "{policy:?}");
        }
    }

    #[test]
    fn two_orders_by_hand() {
        // Serial: 10 + 20 + 5 + 5 and four dispatches. Lockstep: 2 + 10, then 2 + 20. Free: A1 is
        // handed out by 1 and over at 11, A2 by 12 and over at 32.
        check(&[order("A", &[&[10], &[20]]), order("B", &[&[5], &[5]])], [44, 34, 32], [32, 12]);
        // 4 minutes less in A1, and in B1.
        check(&[order("A", &[&[6], &[20]]), order("B", &[&[5], &[5]])], [40, 30, 28], [28, 12]);
        check(&[order("A", &[&[10], &[20]]), order("B", &[&[1], &[5]])], [40, 34, 32], [32, 8]);
    }

    #[test]
    fn time_freed_in_one_order_may_cost_another() {
        let end_of_b = |a1: i64| {
            let orders = [order("A", &[&[a1], &[20]]), order("B", &[&[5], &[5]])];
            run_orders(&orders, DispatchPolicy::Free, MINUTE).end_ms(Some(1)) / MINUTE
        };
        // A1 and B1 are over at once at 7, and A2 is handed out first.
        assert_eq!((end_of_b(10), end_of_b(6)), (13, 14));
    }

    #[test]
    fn a_round_waits_for_its_longest_stage() {
        let saved = |a: i64, b: i64| {
            let orders = |a, b| [order("A", &[&[a]]), order("B", &[&[b]])];
            let end = |orders: &[_]| run_orders(orders, DispatchPolicy::Lockstep, 0).end_ms(None);
            (end(&orders(10, 8)) - end(&orders(a, b))) / MINUTE
        };
        // X frees 6 of A, Y frees 6 of B.
        assert_eq!((saved(4, 8), saved(10, 2), saved(4, 2)), (2, 0, 6));
    }

    #[test]
    fn sessions_side_by_side_wait_for_the_last() {
        let end = |lenses: [i64; 3]| {
            let stage = OrderStage { sessions_ms: lenses.to_vec(), suite_ms: 0 };
            let orders = [OrderWork { name: "A".to_owned(), stages: vec![stage] }];
            run_orders(&orders, DispatchPolicy::OnePerOrder, 0).end_ms(None)
        };
        let all = end([192_300, 192_300, 256_400]);
        assert_eq!(all, 256_400);
        assert_eq!(all - end([132_300, 192_300, 256_400]), 0);
        assert_eq!(all - end([192_300, 192_300, 156_400]), 64_100);
    }

    #[test]
    fn waits_suites_and_empty_stages() {
        let mut orders = [order("A", &[&[10], &[]]), order("B", &[&[5]])];
        orders[1].stages[0].suite_ms = 3 * MINUTE;
        let run = run_orders(&orders, DispatchPolicy::Serial, MINUTE);
        // A1: 0-1 and 1-11; B tests 11-14, is handed out 14-15 and over at 20; A2: 20-21.
        assert_eq!(run.end_ms(None), 21 * MINUTE);
        assert_eq!(run.waited_ms, [9 * MINUTE, 11 * MINUTE]);
        let kinds: Vec<SpanKind> = run.critical_path().iter().map(|span| span.kind).collect();
        let (dispatch, session) = (SpanKind::Dispatch, SpanKind::Session(0));
        assert_eq!(kinds, [dispatch, session, SpanKind::Suite, dispatch, session, dispatch]);
        assert!(run_orders(&[], DispatchPolicy::Free, 1).critical_path().is_empty());
        // The numbers of orders do not matter, their names do.
        let turned = [orders[1].clone(), orders[0].clone()];
        let other = run_orders(&turned, DispatchPolicy::Serial, MINUTE);
        assert_eq!(other.waited_ms, [11 * MINUTE, 9 * MINUTE]);
    }
}
