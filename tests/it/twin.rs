//! The slow twin: an obvious simulator that keeps every prompt as a list of pieces and looks at
//! all of it for every call. It is written from the documentation of the model and shares input
//! types with it, nothing else: no plan, no rows, no cache code.

use crate::generated::{Case, MODELS, cases};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::mem::take;
use windtunnel::plan::{InsertedCall, Patch};
use windtunnel::recording::{
    Block, BlockKind, CacheBreak, Call, Recording, Restart, Session, Shock, Tier,
};
use windtunnel::replay;
use windtunnel::units::Usage;

/// A call that is made: the recorded call that it is or follows, its usage, its output beyond
/// that, and its start in milliseconds.
type Made = (u32, Usage, i64, i64);

/// A recorded call, or one that resembles it, and the sizes of what enters and leaves with it.
struct Request {
    call: Call,
    /// Inputs that exist because the prompt starts over.
    summary: Vec<i64>,
    inputs: Vec<i64>,
    outputs: Vec<i64>,
}

/// One session in progress.
struct Twin<'a> {
    recording: &'a Recording,
    session: &'a Session,
    /// All patches that are on, as one.
    on: Patch,
    made: Vec<Made>,
    state: State,
}

#[derive(Default)]
struct State {
    prompt: Vec<i64>,
    /// Left by calls that are not made to the next one that is.
    late_outputs: Vec<i64>,
    late_breaks: Vec<CacheBreak>,
    late_shock: Option<Shock>,
    /// Prefix, moment and tier of the cache entry.
    cached: Option<(i64, i64, Tier)>,
    /// A compaction that is not needed yet: from which prompt size on, and its summary.
    pending: Option<(i64, Vec<i64>)>,
    earlier_ms: i64,
    end_ms: i64,
}

impl<'a> Twin<'a> {
    fn new(case: &'a Case, session: &'a Session) -> Self {
        let mut on = Patch::default();
        let is_on = |(bit, _): &(usize, &Patch)| case.subset >> bit & 1 == 1;
        for (_, patch) in case.patches.iter().enumerate().filter(is_on) {
            on.dropped_calls.extend(&patch.dropped_calls);
            on.dropped_blocks.extend(&patch.dropped_blocks);
            on.replaced_blocks.extend(&patch.replaced_blocks);
            on.saved_ms.extend(&patch.saved_ms);
            on.inserted.extend(&patch.inserted);
        }
        on.inserted.sort_by_key(|new| (new.input, new.output, new.duration_ms));
        let recording = &case.recording;
        Self { recording, session, on, made: Vec::new(), state: State::default() }
    }

    fn run(mut self) -> (Vec<Made>, i64) {
        for at in self.session.range() {
            let call = &self.recording.calls[at];
            let later = at + 1 < self.session.range().end;
            let next_ms = if later { self.recording.calls[at + 1].start_ms } else { call.end_ms };
            let saved_ms = self.saved_ms(at, (next_ms - call.start_ms).max(0));
            let mut request = self.recorded(at);
            let before = (at > self.session.range().start).then(|| &self.recording.calls[at - 1]);
            let grown = before.map_or(0, |prev| prev.usage.context() + prev.produced());
            let threshold = match grown {
                167_000..200_000 => 167_000,
                967_000..1_000_000 => 967_000,
                other => other,
            };
            self.enter(&mut request, threshold);
            if self.on.dropped_calls.iter().any(|one| one.call as usize == at) {
                self.put_off(request);
            } else {
                self.make(at, request);
            }
            // Saved time comes off the idle time after the call first, then off the call.
            let overdraft_ms = (saved_ms - (next_ms - call.end_ms).max(0)).max(0);
            let inserted = self.on.inserted.clone();
            for new in inserted.into_iter().filter(|new| new.after as usize == at) {
                let mut request = resembling(call, new, call.end_ms - overdraft_ms);
                self.enter(&mut request, 0);
                self.make(at, request);
                self.state.earlier_ms -= new.duration_ms;
            }
            self.state.earlier_ms += saved_ms;
        }
        let session_ms = self.made.first().map_or(0, |first| self.state.end_ms - first.3);
        (self.made, session_ms)
    }

    fn recorded(&self, at: usize) -> Request {
        let call = self.recording.calls[at].clone();
        let sizes = |wanted: &dyn Fn(&Block) -> bool| {
            let blocks = call.range().filter(|&index| wanted(&self.recording.blocks[index]));
            blocks.map(|index| self.tokens(index as u32)).collect::<Vec<i64>>()
        };
        let of_restart = |b: &Block| matches!(b.kind, BlockKind::System | BlockKind::Summary);
        let summary = sizes(&of_restart);
        let inputs = sizes(&|block| !block.kind.is_output() && !of_restart(block));
        let outputs = sizes(&|block| block.kind.is_output());
        Request { call, summary, inputs, outputs }
    }

    fn tokens(&self, block: u32) -> i64 {
        if self.on.dropped_blocks.contains(&block) {
            return 0;
        }
        let sizes = self.on.replaced_blocks.iter().filter(|(replaced, _)| *replaced == block);
        sizes
            .map(|(_, tokens)| *tokens)
            .min()
            .unwrap_or(self.recording.blocks[block as usize].tokens)
    }

    /// Time that does not pass after a call, of what passed from its start to the next one.
    fn saved_ms(&self, at: usize, until_next_ms: i64) -> i64 {
        let dropped = self.on.dropped_calls.iter();
        let freed = dropped.filter(|one| one.call as usize == at && one.frees_time);
        let saved = self.on.saved_ms.iter().filter(|(call, _)| *call as usize == at);
        saved.map(|(_, ms)| *ms).chain(freed.map(|_| until_next_ms)).max().unwrap_or(0)
    }

    /// Brings a request into the prompt, which may start over before.
    fn enter(&mut self, request: &mut Request, threshold: i64) {
        let standing: i64 = self.state.prompt.iter().sum();
        let call = &mut request.call;
        let due = self.state.pending.as_ref().is_some_and(|(threshold, _)| standing >= *threshold);
        if call.restart == Restart::AutoCompacted && standing < threshold {
            self.state.pending = Some((threshold, take(&mut request.summary)));
            // A model switch breaks the cache all the same.
            if call.cache_break == CacheBreak::ToStatic {
                call.cache_break = CacheBreak::No;
            }
            call.shock = Shock::None;
        } else if call.restart != Restart::No || due {
            self.state.prompt.clear();
            let (_, summary) = self.state.pending.take().unwrap_or_default();
            if call.restart == Restart::No {
                request.summary.extend(summary);
                call.cache_break = call.cache_break.max(CacheBreak::ToStatic);
                call.shock = Shock::None;
            }
        }
        // What vanishes goes from the oldest pieces on; what is new comes last.
        for piece in &mut self.state.prompt {
            let gone = call.cut.min(*piece);
            *piece -= gone;
            call.cut -= gone;
        }
        self.state.prompt.extend(request.summary.iter().chain(&request.inputs));
    }

    fn put_off(&mut self, request: Request) {
        self.state.late_outputs.extend(request.outputs);
        self.state.late_breaks.push(request.call.cache_break);
        if request.call.shock != Shock::None {
            self.state.late_shock = Some(request.call.shock);
        }
    }

    fn make(&mut self, at: usize, Request { call, outputs, .. }: Request) {
        let context: i64 = self.state.prompt.iter().sum();
        let start_ms = call.start_ms - self.state.earlier_ms;
        let read = self.read(&call, start_ms, context);
        let model = self.recording.model(call.model);
        let minimum = MODELS.iter().find(|known| known.0 == model).expect("a known model").1;
        // A call that was recorded to cache less than its model should is exempt from the rule.
        let recorded = call.usage;
        let exempt = recorded.context() < minimum && recorded.context() > recorded.fresh;
        let (read, fresh) = match call.tier {
            Tier::Uncached => (read, context - read),
            _ if context < minimum && !exempt => (0, context),
            _ => (read, recorded.fresh.min(context - read)),
        };
        let write = context - read - fresh;
        let one_hour = call.tier == Tier::OneHour;
        let off = write.min(if one_hour { recorded.write_5m } else { recorded.write_1h });
        let (write_5m, write_1h) = if one_hour { (off, write - off) } else { (write - off, off) };
        let outputs = [take(&mut self.state.late_outputs), outputs].concat();
        let produced = outputs.iter().sum();
        self.state.prompt.extend(outputs);
        let shown = if call.output_hidden > 0 { recorded.output } else { produced };
        let output = shown.min(produced);
        let usage = Usage { fresh, read, write_5m, write_1h, output };
        self.made.push((at as u32, usage, produced - output, start_ms));
        self.state.cached =
            Some((context - fresh, call.touched_ms - self.state.earlier_ms, call.tier));
        self.state.end_ms = call.end_ms - self.state.earlier_ms;
    }

    /// The cache law, corrected by what it did not explain.
    fn read(&mut self, call: &Call, start_ms: i64, context: i64) -> i64 {
        let late = take(&mut self.state.late_breaks);
        let met = |kind| call.cache_break == kind || late.contains(&kind);
        let (law, alive) = match self.state.cached {
            None => (self.session.warm_prefix, self.session.warm_prefix),
            Some(_) if met(CacheBreak::ToZero) => (0, 0),
            Some((prefix, at_ms, tier)) => {
                let to_static = met(CacheBreak::ToStatic);
                let alive = if to_static { self.session.static_prefix } else { prefix };
                let warm = if tier == Tier::OneHour { self.session.warm_prefix } else { 0 };
                (if start_ms - at_ms >= tier.ttl_ms() { warm } else { alive }, alive)
            }
        };
        let late = self.state.late_shock.take().unwrap_or(Shock::None);
        let read = match if call.shock == Shock::None { late } else { call.shock } {
            Shock::None => law,
            Shock::Shift(by) => law.min(context) + by,
            Shock::EvictedTo(at_most) => law.min(at_most),
            Shock::Survived(by) => alive.min(context) + by,
            Shock::SurvivedTo(at_least) => law.max(at_least),
        };
        read.clamp(0, context)
    }
}

/// The request of a call that would be made in addition.
fn resembling(like: &Call, new: InsertedCall, start_ms: i64) -> Request {
    let Usage { fresh, .. } = like.usage;
    let call = Call {
        start_ms,
        end_ms: start_ms + new.duration_ms,
        touched_ms: start_ms,
        // As large and as fresh as the other, with nothing written off its tier.
        usage: Usage { fresh, read: like.usage.context() - fresh, ..Usage::default() },
        output_hidden: 0,
        restart: Restart::No,
        cut: 0,
        cache_break: CacheBreak::No,
        shock: Shock::None,
        ..like.clone()
    };
    Request { call, summary: Vec::new(), inputs: vec![new.input], outputs: vec![new.output] }
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let plan = case.plan();
    let (mut slow, mut session_ms): (Vec<Made>, i64) = Default::default();
    for session in &case.recording.sessions {
        let (made, ms) = Twin::new(case, session).run();
        slow.extend(made);
        session_ms += ms;
    }
    let rows = replay::replay_rows(&plan, case.subset);
    let fast = rows.iter().map(|row| {
        let made = row.outcome;
        let call = plan.call_of[row.row as usize];
        (call, made.usage, made.hidden, made.start_ms)
    });
    let fast: Vec<Made> = fast.collect();
    for (index, (fast, slow)) in fast.iter().zip(&slow).enumerate() {
        prop_assert_eq!(fast, slow, "call {} of {:?}", index, case);
    }
    prop_assert_eq!(fast.len(), slow.len());
    let outcome = replay::replay(&plan, case.subset);
    prop_assert_eq!(outcome.calls, slow.len() as i64);
    prop_assert_eq!(outcome.session_ms, session_ms);
    let contexts = slow.iter().map(|made| made.1.context());
    prop_assert_eq!(outcome.peak_context, contexts.max().unwrap_or(0));
    let mut by_price: BTreeMap<(&str, bool), (Usage, i64)> = BTreeMap::new();
    for (call, usage, hidden, _) in slow {
        let model = case.recording.model(case.recording.calls[call as usize].model);
        let long_above = MODELS.iter().find(|known| known.0 == model).expect("a known model").2;
        let sum = by_price.entry((model, usage.context() > long_above)).or_default();
        *sum = (sum.0 + usage, sum.1 + hidden);
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
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(300)
    })]

    #[test]
    fn the_pass_and_its_slow_twin_agree_call_by_call(case in cases()) {
        check(&case)?;
    }
}
