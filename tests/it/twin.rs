//! The slow twin: an obvious simulator that keeps every prompt as a list of pieces and looks at
//! all of it for every call. It is written from the documentation of the model and shares input
//! types with it, nothing else: no plan, no rows, no cache code.

use crate::generated::{Case, MODELS, cases};
use proptest::prelude::*;
use std::collections::BTreeMap;
use windtunnel::plan::{InsertedCall, Patch};
use windtunnel::recording::{
    Block, BlockKind, CacheBreak, Call, Recording, Restart, Session, Shock, Tier,
};
use windtunnel::replay;
use windtunnel::units::Usage;

/// A call that is made: the recorded call that it is or follows, and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Made {
    call: u32,
    usage: Usage,
    hidden: i64,
    start_ms: i64,
}

/// What becomes of one recording under the patches that are on.
struct Twin<'a> {
    recording: &'a Recording,
    on: Vec<&'a Patch>,
    made: Vec<Made>,
    session_ms: i64,
}

/// A request: the call as recorded (an inserted one resembles the call that it follows), and the
/// sizes of what enters with it and of what it produces.
struct Request {
    call: Call,
    at: u32,
    inputs: Vec<i64>,
    /// Inputs that exist because the prompt starts over.
    summary: Vec<i64>,
    outputs: Vec<i64>,
    off_tier: i64,
}

/// One session in progress.
#[derive(Default)]
struct Desk {
    prompt: Vec<i64>,
    /// Left to the next call that is made.
    late_outputs: Vec<i64>,
    breaks: Vec<CacheBreak>,
    shock: Option<Shock>,
    /// Prefix, moment and tier of the cache entry.
    cached: Option<(i64, i64, Tier)>,
    /// A compaction that is not needed yet: from which prompt size on, and its summary.
    pending: Option<(i64, Vec<i64>)>,
    earlier_ms: i64,
    from_to_ms: Option<(i64, i64)>,
}

impl<'a> Twin<'a> {
    fn run(case: &'a Case) -> Self {
        let on = case.patches.iter().enumerate().filter(|(bit, _)| case.subset >> bit & 1 == 1);
        let on = on.map(|(_, patch)| patch).collect();
        let mut twin = Self { recording: &case.recording, on, made: Vec::new(), session_ms: 0 };
        case.recording.sessions.iter().for_each(|session| twin.session(session));
        twin
    }

    fn session(&mut self, session: &Session) {
        let mut desk = Desk::default();
        for at in session.range() {
            let call = &self.recording.calls[at];
            let next = session.range().contains(&(at + 1)).then(|| &self.recording.calls[at + 1]);
            let next_ms = next.map_or(call.end_ms, |next| next.start_ms).max(call.start_ms);
            let saved_ms = self.saved_ms(at, next_ms - call.start_ms);
            let mut request = self.recorded(at);
            let before = (at > session.range().start).then(|| &self.recording.calls[at - 1]);
            let threshold = before.map_or(0, |prev| prev.usage.context() + prev.produced());
            desk.compact(&mut request, threshold);
            let mut dropped = self.on.iter().flat_map(|patch| &patch.dropped_calls);
            if dropped.any(|one| one.call as usize == at) {
                desk.put_off(request);
            } else {
                self.make(&mut desk, session, request);
            }
            // Saved time comes off the idle time after the call first, then off the call.
            let overdraft_ms = (saved_ms - (next_ms - call.end_ms).max(0)).max(0);
            for new in self.inserted(at) {
                let mut request = resembling(call, at, new, call.end_ms - overdraft_ms);
                desk.compact(&mut request, 0);
                self.make(&mut desk, session, request);
                desk.earlier_ms -= new.duration_ms;
            }
            desk.earlier_ms += saved_ms;
        }
        self.session_ms += desk.from_to_ms.map_or(0, |(from, to)| to - from);
    }

    fn recorded(&self, at: usize) -> Request {
        let call = self.recording.calls[at].clone();
        let of_restart =
            |block: &Block| matches!(block.kind, BlockKind::System | BlockKind::Summary);
        let summary = self.sizes(at, of_restart);
        let inputs = self.sizes(at, |block| !block.kind.is_output() && !of_restart(block));
        let outputs = self.sizes(at, |block| block.kind.is_output());
        let Usage { write_5m, write_1h, .. } = call.usage;
        let off_tier = if call.tier == Tier::OneHour { write_5m } else { write_1h };
        Request { call, at: at as u32, inputs, summary, outputs, off_tier }
    }

    fn sizes(&self, at: usize, wanted: impl Fn(&Block) -> bool) -> Vec<i64> {
        let blocks = self.recording.calls[at].range();
        let wanted = blocks.filter(|&index| wanted(&self.recording.blocks[index]));
        wanted.map(|index| self.tokens(index as u32)).collect()
    }

    fn tokens(&self, block: u32) -> i64 {
        if self.on.iter().any(|patch| patch.dropped_blocks.contains(&block)) {
            return 0;
        }
        let sizes = self.on.iter().flat_map(|patch| &patch.replaced_blocks);
        let sizes = sizes.filter(|(replaced, _)| *replaced == block).map(|(_, tokens)| *tokens);
        sizes.min().unwrap_or(self.recording.blocks[block as usize].tokens)
    }

    /// Time that does not pass after a call, of what passed from its start to the next one.
    fn saved_ms(&self, at: usize, until_next_ms: i64) -> i64 {
        let dropped = self.on.iter().flat_map(|patch| &patch.dropped_calls);
        let freed = dropped.filter(|one| one.call as usize == at && one.frees_time);
        let saved = self.on.iter().flat_map(|patch| &patch.saved_ms);
        let saved = saved.filter(|(call, _)| *call as usize == at).map(|(_, ms)| *ms);
        saved.chain(freed.map(|_| until_next_ms)).max().unwrap_or(0)
    }

    fn inserted(&self, at: usize) -> Vec<InsertedCall> {
        let all = self.on.iter().flat_map(|patch| patch.inserted.clone());
        let mut here: Vec<_> = all.filter(|new| new.after as usize == at).collect();
        here.sort_by_key(|new| (new.input, new.output, new.duration_ms));
        here
    }

    fn make(&mut self, desk: &mut Desk, session: &Session, request: Request) {
        let Request { call, at, inputs, summary, outputs, off_tier } = request;
        desk.enter(call.cut, [summary, inputs].concat());
        let context: i64 = desk.prompt.iter().sum();
        let start_ms = call.start_ms - desk.earlier_ms;
        let read = desk.read(&call, session, start_ms, context);
        let model = self.recording.model(call.model);
        let minimum = MODELS.iter().find(|known| known.0 == model).expect("a known model").1;
        // A call that was recorded to cache less than its model should is exempt from the rule.
        let recorded = call.usage.context();
        let exempt = recorded < minimum && recorded > call.usage.fresh;
        let (read, fresh) = match call.tier {
            Tier::Uncached => (read, context - read),
            _ if context < minimum && !exempt => (0, context),
            _ => (read, call.usage.fresh.min(context - read)),
        };
        let write = context - read - fresh;
        let (off, on) = (off_tier.min(write), write - off_tier.min(write));
        let (write_5m, write_1h) = if call.tier == Tier::OneHour { (off, on) } else { (on, off) };
        let produced = outputs.iter().chain(&desk.late_outputs).sum();
        desk.prompt.append(&mut desk.late_outputs);
        desk.prompt.extend(outputs);
        let shown = if call.output_hidden > 0 { call.usage.output } else { produced };
        let output = shown.min(produced);
        let usage = Usage { fresh, read, write_5m, write_1h, output };
        self.made.push(Made { call: at, usage, hidden: produced - output, start_ms });
        let earlier_ms = desk.earlier_ms;
        desk.cached = Some((context - fresh, call.touched_ms - earlier_ms, call.tier));
        let from_ms = desk.from_to_ms.map_or(start_ms, |(from_ms, _)| from_ms);
        desk.from_to_ms = Some((from_ms, call.end_ms - earlier_ms));
    }
}

/// The request of a call that would be made in addition.
fn resembling(call: &Call, at: usize, new: InsertedCall, start_ms: i64) -> Request {
    let call = Call {
        start_ms,
        end_ms: start_ms + new.duration_ms,
        touched_ms: start_ms,
        output_hidden: 0,
        restart: Restart::No,
        cut: 0,
        cache_break: CacheBreak::No,
        shock: Shock::None,
        ..call.clone()
    };
    let (inputs, outputs) = (vec![new.input], vec![new.output]);
    Request { call, at: at as u32, inputs, summary: Vec::new(), outputs, off_tier: 0 }
}

impl Desk {
    /// Starts the prompt over where it must be; an automatic compaction waits for its threshold.
    fn compact(&mut self, request: &mut Request, threshold: i64) {
        let standing: i64 = self.prompt.iter().sum();
        let call = &mut request.call;
        let static_survives = call.cache_break != CacheBreak::ToZero;
        match (call.restart, &self.pending) {
            (Restart::No, Some((threshold, summary))) if standing >= *threshold => {
                request.summary.extend(summary);
                call.cut = 0;
                if static_survives {
                    call.cache_break = CacheBreak::ToStatic;
                }
                call.shock = Shock::None;
            }
            (Restart::No, _) => return,
            (Restart::AutoCompacted, _) if standing < threshold => {
                if static_survives {
                    call.cache_break = CacheBreak::No;
                }
                call.shock = Shock::None;
                self.pending = Some((threshold, std::mem::take(&mut request.summary)));
                return;
            }
            _ => {}
        }
        self.prompt.clear();
        self.pending = None;
    }

    /// What vanishes goes from the oldest pieces on; what is new comes last.
    fn enter(&mut self, mut cut: i64, inputs: Vec<i64>) {
        for piece in &mut self.prompt {
            let gone = cut.min(*piece);
            *piece -= gone;
            cut -= gone;
        }
        self.prompt.extend(inputs);
    }

    /// Leaves a call that is not made to the next one that is.
    fn put_off(&mut self, request: Request) {
        self.enter(request.call.cut, [request.summary, request.inputs].concat());
        self.late_outputs.extend(request.outputs);
        self.breaks.push(request.call.cache_break);
        if request.call.shock != Shock::None {
            self.shock = Some(request.call.shock);
        }
    }

    /// The cache law, corrected by what it did not explain.
    fn read(&mut self, call: &Call, session: &Session, start_ms: i64, context: i64) -> i64 {
        let left = std::mem::take(&mut self.breaks);
        let met = |kind| call.cache_break == kind || left.contains(&kind);
        let alive = match self.cached {
            None => session.warm_prefix,
            Some(_) if met(CacheBreak::ToZero) => 0,
            Some(_) if met(CacheBreak::ToStatic) => session.static_prefix,
            Some((prefix, ..)) => prefix,
        };
        let expired = |&(_, at_ms, tier): &(i64, i64, Tier)| start_ms - at_ms >= tier.ttl_ms();
        let law = match self.cached.filter(expired) {
            Some(_) if met(CacheBreak::ToZero) => 0,
            Some((.., Tier::OneHour)) => session.warm_prefix,
            Some(_) => 0,
            None => alive,
        };
        let (law, alive) = (law.min(context), alive.min(context));
        let carried = self.shock.take().unwrap_or(Shock::None);
        let shock = if call.shock == Shock::None { carried } else { call.shock };
        let read = match shock {
            Shock::None => law,
            Shock::Shift(by) => law + by,
            Shock::EvictedTo(at_most) => law.min(at_most),
            Shock::Survived(by) => alive + by,
        };
        read.clamp(0, context)
    }
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let plan = case.plan();
    let twin = Twin::run(case);
    let rows = replay::replay_rows(&plan, case.subset);
    let fast = rows.iter().map(|row| {
        let made = row.outcome;
        let call = plan.call_of[row.row as usize];
        Made { call, usage: made.usage, hidden: made.hidden, start_ms: made.start_ms }
    });
    let fast: Vec<Made> = fast.collect();
    for (index, (fast, slow)) in fast.iter().zip(&twin.made).enumerate() {
        prop_assert_eq!(fast, slow, "call {} of {:?}", index, case);
    }
    prop_assert_eq!(fast.len(), twin.made.len());
    let outcome = replay::replay(&plan, case.subset);
    prop_assert_eq!(outcome.calls, twin.made.len() as i64);
    prop_assert_eq!(outcome.session_ms, twin.session_ms);
    let contexts = twin.made.iter().map(|made| made.usage.context());
    prop_assert_eq!(outcome.peak_context, contexts.max().unwrap_or(0));
    let mut by_price: BTreeMap<(&str, bool), (Usage, i64)> = BTreeMap::new();
    for made in &twin.made {
        let model = case.recording.model(case.recording.calls[made.call as usize].model);
        let long_above = MODELS.iter().find(|known| known.0 == model).expect("a known model").2;
        let sum = by_price.entry((model, made.usage.context() > long_above)).or_default();
        *sum = (sum.0 + made.usage, sum.1 + made.hidden);
    }
    for (index, usage) in outcome.by_price.iter().enumerate() {
        let key = (plan.prices[index / 2].model.as_str(), index % 2 == 1);
        let slow = by_price.remove(&key).unwrap_or_default();
        prop_assert_eq!((*usage, outcome.hidden_by_price[index]), slow, "{:?}", key);
    }
    prop_assert!(by_price.is_empty(), "{:?} has no price in the plan", by_price);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn the_pass_and_its_slow_twin_agree_call_by_call(case in cases()) {
        check(&case)?;
    }
}
