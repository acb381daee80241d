//! The slow twin: an obvious simulator that keeps every prompt as a list of pieces and looks at
//! all of it for every call. It is written from the documentation of the model and shares input
//! types with it, nothing else: no plan, no rows, no cache code. What patches make of a call
//! stands in [`crate::twin_patch`], what happens between calls and sessions in
//! [`crate::twin_rules`], what compactions take back in [`crate::twin_cycles`].

use crate::generated::{Case, MODELS, cases};
use crate::twin_cycles::{Cycle, EndKind, Places, TakenBack, ends_in_places, take_end};
use crate::twin_patch::{On, all_on, rules_on};
use crate::twin_rules::{resumed_from, spawned};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::mem::take;
use windtunnel::plan::{Island, Patch, SessionRules};
use windtunnel::recording::{
    BlockKind, CacheBreak, CacheTier, Call, CallMarks, ContextRestart, Recording, Session, Shock,
};
use windtunnel::replay;
use windtunnel::units::Usage;

/// A call that is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made<'a> {
    /// The recorded call that it is, follows or comes before.
    call: u32,
    /// The model whose price it pays.
    model: &'a str,
    usage: Usage,
    /// Its output beyond that.
    hidden: i64,
    start_ms: i64,
    /// What compactions before it take back.
    pub taken_back: Usage,
}

/// Which call it is: the recorded one, and of those in addition its patch and place there.
pub type Key = (usize, usize, usize);

/// A piece of a prompt.
#[derive(Clone, Copy, Default)]
pub struct Piece {
    pub tokens: i64,
    /// How many tool results it is.
    pub results: i64,
}

/// A recorded call, or one that resembles it, and what enters and leaves with it.
pub struct Request {
    pub key: Key,
    pub call: Call,
    /// The most of it that is neither read nor written.
    pub fresh: i64,
    /// What it finds in an automatic cache.
    pub luck: Option<Luck>,
    /// An automatic compaction happens from this prompt on.
    pub threshold: i64,
    /// What the prompt starts over with by a toggle.
    pub start: Option<i64>,
    /// Inputs that exist because the prompt starts over.
    pub summary: Vec<Piece>,
    /// Its tool results, one piece of them.
    pub results: Piece,
    pub inputs: Vec<Piece>,
    pub outputs: Vec<i64>,
}

/// What a look into an automatic cache finds.
#[derive(Clone, Copy)]
pub struct Luck {
    /// The entry is alive for so long.
    lives_ms: i64,
    /// A hit reads so much more than was cached.
    more: i64,
    /// A miss reads that much, if one was recorded.
    missed: Option<i64>,
}

/// One session in progress.
pub struct Twin<'a> {
    pub recording: &'a Recording,
    pub session: &'a Session,
    /// All patches that are on, as one.
    pub on: &'a Patch,
    /// Patch and place there of each call in addition.
    tags: &'a [(usize, usize)],
    pub rules: SessionRules,
    /// Where contexts end by themselves, where that is settled.
    pub places: Option<&'a Places>,
    pub made: Vec<Made<'a>>,
    pub state: State,
}

/// What the last call made left in the cache.
#[derive(Clone)]
pub struct Entry {
    pub prefix: i64,
    pub at_ms: i64,
    pub tier: CacheTier,
    /// Cached behind the prefix once a side request is over.
    pub answer: i64,
}

#[derive(Clone, Default)]
pub struct State {
    pub prompt: Vec<Piece>,
    pub cached: Option<Entry>,
    /// Left by calls that are not made to the next one that is.
    pub late_outputs: Vec<i64>,
    pub late_breaks: Vec<CacheBreak>,
    pub late_shock: Option<Shock>,
    /// A compaction that is not needed yet: from which prompt size on, and its summary.
    pub pending: Option<(i64, Vec<Piece>)>,
    pub earlier_ms: i64,
    /// Start of the first call made and end of the last one.
    pub span_ms: Option<(i64, i64)>,
    /// Whether anything of the prompt was ever sent.
    pub sent: bool,
    /// The last call made in this session.
    pub last: Option<Call>,
    /// The model of the last call made, in this session or the one before.
    pub model: Option<String>,
    /// Whether it goes on from another session.
    pub resumed: bool,
    /// That of the call that comes next.
    pub luck: Option<Luck>,
    pub cycle: Cycle,
    /// Where contexts have ended by themselves.
    pub ended: Places,
    /// Told with the next call.
    pub taken_back: TakenBack,
    /// Compactions and clearings by rule that wait for a call.
    pub awaits: (bool, bool),
}

impl<'a> Twin<'a> {
    fn new(case: &'a Case, on: &'a On, index: usize, places: Option<&'a Places>) -> Self {
        let recording = &case.recording;
        let (session, rules) = (&recording.sessions[index], rules_on(&on.patch, index as u32));
        let (made, state) = (Vec::new(), State::default());
        Self { recording, session, on: &on.patch, tags: &on.inserted, rules, places, made, state }
    }

    fn run(&mut self) {
        for at in self.session.call_range() {
            let call = &self.recording.calls[at];
            let later = at + 1 < self.session.call_range().end;
            let next_ms = if later { self.recording.calls[at + 1].start_ms } else { call.end_ms };
            let saved_ms = self.saved_ms(at, (next_ms - call.start_ms).max(0));
            let dropped = self.on.dropped_calls.iter().any(|one| one.call as usize == at);
            let request = self.recorded(at);
            self.serve(at, request, dropped);
            // Saved time comes off the idle time after the call first, then off the call.
            let overdraft_ms = (saved_ms - (next_ms - call.end_ms).max(0)).max(0);
            let inserted = self.on.inserted_calls.iter().copied().zip(self.tags);
            let mut inserted: Vec<_> =
                inserted.filter(|(new, _)| new.after as usize == at).collect();
            inserted.sort_by_key(|(new, _)| (new.input, new.output, new.duration_ms));
            for (new, tag) in inserted {
                let key = (at, 1 + tag.0, tag.1);
                let request = self.resembling(key, new, call.end_ms - overdraft_ms);
                self.serve(at, request, false);
                self.state.earlier_ms -= new.duration_ms;
            }
            self.state.earlier_ms += saved_ms;
        }
    }

    /// Brings a request into the prompt, which may start over before, and makes its call.
    pub fn serve(&mut self, at: usize, mut request: Request, dropped: bool) {
        let start_ms = request.call.start_ms - self.state.earlier_ms;
        self.state.luck = request.luck;
        let sends = !dropped && self.state.sent;
        if sends {
            self.keep_warm(at, &request.call, start_ms);
        }
        let key = request.key;
        self.meet_rules_place(key);
        let standing = total(&self.state.prompt);
        let reaches =
            |recorded| standing >= self.rules.compaction.map_or(recorded, |rule| rule.threshold);
        let placed =
            |kind, reached| self.places.map_or(reached, |all| all.contains_key(&(key, kind)));
        let waiting = self.state.pending.clone();
        let due = waiting.is_some_and(|(recorded, _)| placed(EndKind::Late, reaches(recorded)));
        let auto = request.call.restart == ContextRestart::AutoCompacted;
        let deferred = auto && !placed(EndKind::Recorded, reaches(request.threshold));
        let call = &mut request.call;
        let over = call.restart != ContextRestart::No || request.start.is_some();
        let starts_over = over || due;
        let left = match &self.state.pending {
            _ if auto => total(&request.summary),
            Some((_, summary)) if !over => total(summary),
            _ => 0,
        };
        let mut skipped = false;
        if starts_over && !deferred {
            let late = (!over && due).then_some(EndKind::Late);
            let kind = if auto { Some(EndKind::Recorded) } else { late };
            let shrinks = self.end_cycle(key, kind, (standing, left));
            skipped = shrinks && standing < left;
        }
        if deferred || skipped {
            let summary = if auto { take(&mut request.summary) } else { Vec::new() };
            self.state.pending = deferred.then_some((request.threshold, summary));
            // A model switch breaks the cache all the same.
            if call.cache_break == CacheBreak::ToStatic {
                call.cache_break = CacheBreak::No;
            }
            call.shock = Shock::None;
        } else if starts_over {
            self.state.prompt.clear();
            self.state.awaits = (false, false);
            let (_, summary) = self.state.pending.take().unwrap_or_default();
            if call.restart == ContextRestart::No {
                request.summary.extend(request.start.map_or(summary, |start| pieces(&[start])));
                call.cache_break = call.cache_break.max(CacheBreak::ToStatic);
                call.shock = Shock::None;
            }
        } else if sends {
            self.compact((at, key), call, start_ms);
        }
        // What vanished was the end of the prompt.
        for piece in self.state.prompt.iter_mut().rev() {
            let gone = request.call.cut.min(piece.tokens);
            piece.tokens -= gone;
            request.call.cut -= gone;
        }
        self.state.prompt.retain(|piece| piece.tokens > 0);
        self.clear(&request, sends);
        let Request { call, fresh, summary, results, inputs, outputs, .. } = request;
        self.state.prompt.extend([summary, vec![results], inputs].concat());
        if self.state.awaits == (false, false) {
            let prompt = total(&self.state.prompt);
            self.state.cycle.floor.get_or_insert(prompt);
        }
        if dropped {
            self.state.late_outputs.extend(outputs);
            self.state.late_breaks.push(call.cache_break);
            if self.state.luck.is_some() {
                self.state.late_shock = None;
            } else if call.shock != Shock::None {
                self.state.late_shock = Some(call.shock);
            }
        } else {
            self.make((at, key), (call, fresh), start_ms, outputs);
        }
    }

    fn make(
        &mut self,
        (at, key): (usize, Key),
        (call, fresh): (Call, i64),
        start_ms: i64,
        outputs: Vec<i64>,
    ) {
        let context = total(&self.state.prompt);
        let read = self.read(&call, start_ms, context);
        let (read, fresh) = self.fresh(&call, read, context, fresh);
        let one_hour = call.tier == CacheTier::OneHour;
        let off = if one_hour { call.usage.write_5m } else { call.usage.write_1h };
        let outputs = [take(&mut self.state.late_outputs), outputs].concat();
        let produced = outputs.iter().sum();
        self.state.prompt.extend(pieces(&outputs));
        let shown = if call.output_hidden > 0 { call.usage.output } else { produced };
        let output = shown.min(produced);
        let usage = written(call.tier, read, fresh, context, off);
        self.tell(at, &call, Usage { output, ..usage }, produced - output, start_ms);
        self.state.cycle.calls.insert(key, [read, context]);
        self.tell_taken_back(&call, usage);
        let at_ms = call.touched_ms - self.state.earlier_ms;
        let prefix = kept(call.tier, context, fresh);
        let is_answer = call.marks.contains(CallMarks::ANSWER_CACHED);
        let answer = if is_answer { produced } else { 0 };
        self.state.cached = Some(Entry { prefix, at_ms, tier: call.tier, answer });
        let (from_ms, _) = self.state.span_ms.unwrap_or((start_ms, 0));
        self.state.span_ms = Some((from_ms, call.end_ms - self.state.earlier_ms));
        self.state.model = Some(self.priced(&call).0.to_owned());
        (self.state.sent, self.state.last) = (true, Some(call));
    }

    /// What of a prompt is read and what is fresh.
    pub fn fresh(&self, call: &Call, read: i64, context: i64, fresh: i64) -> (i64, i64) {
        let minimum = |model| MODELS.iter().find(|known| known.0 == model).expect("known").1;
        // A call that was recorded to cache less than its model should is exempt from the rule.
        let (recorded, model) = (call.usage, self.recording.model_name(call.model));
        let known = recorded.context_tokens() > recorded.fresh;
        let exempt = known && recorded.context_tokens() < minimum(model);
        let (own, tokens_bp) = self.priced(call);
        let minimum = (minimum(own) * 10_000 + tokens_bp / 2) / tokens_bp;
        match call.tier {
            CacheTier::Uncached => (read, context - read),
            _ if context < minimum && !exempt => (0, context),
            _ => (read, fresh.min(context - read)),
        }
    }

    /// Tells a call in the tokens of the model that it is priced as.
    pub fn tell(&mut self, at: usize, call: &Call, usage: Usage, hidden: i64, start_ms: i64) {
        let (model, tokens_bp) = self.priced(call);
        let of = |tokens: i64| (tokens * tokens_bp + 5_000) / 10_000;
        let Usage { fresh, read, write_5m, write_1h, output } = usage;
        let (fresh, read, output) = (of(fresh), of(read), of(output));
        let usage = Usage { fresh, read, write_5m: of(write_5m), write_1h: of(write_1h), output };
        let (call, hidden, taken_back) = (at as u32, of(hidden), Usage::default());
        self.made.push(Made { call, model, usage, hidden, start_ms, taken_back });
    }

    /// The cache law, corrected by what it did not explain.
    pub fn read(&mut self, call: &Call, start_ms: i64, context: i64) -> i64 {
        let late = take(&mut self.state.late_breaks);
        let met = |kind| call.cache_break == kind || late.contains(&kind);
        let less = self.leaner().unwrap_or(0);
        let shrunk = |prefix: i64| if prefix == 0 { 0 } else { (prefix - less).max(0) };
        let static_prefix = shrunk(self.session.static_prefix);
        let warm_prefix = shrunk(self.session.warm_prefix);
        let (law, alive) = match &self.state.cached {
            None => (warm_prefix, warm_prefix),
            Some(_) if met(CacheBreak::ToZero) => (0, 0),
            Some(Entry { prefix, at_ms, tier, answer }) => {
                let prefix = &(prefix + if start_ms - at_ms >= 8_000 { *answer } else { 0 });
                let alive = if met(CacheBreak::ToStatic) { static_prefix } else { *prefix };
                let numbers = self.session.version.split('.').map(str::parse::<u32>);
                let version: Vec<u32> = numbers.map(|part| part.unwrap_or(0)).collect();
                let warms = match tier {
                    CacheTier::Uncached => false,
                    CacheTier::FiveMinutes => version >= vec![2, 1, 70],
                    CacheTier::OneHour => version == [0] || version >= vec![2, 1, 112],
                    CacheTier::Automatic => true,
                };
                let warm = if warms { warm_prefix } else { 0 };
                (if start_ms - at_ms >= tier.ttl_ms() { warm } else { alive }, alive)
            }
        };
        let late = self.state.late_shock.take().unwrap_or(Shock::None);
        if let (Some(luck), Some(entry)) = (self.state.luck, &self.state.cached)
            && entry.tier == CacheTier::Automatic
        {
            let read = match (start_ms - entry.at_ms).max(0) {
                _ if met(CacheBreak::ToZero) || met(CacheBreak::ToStatic) => law,
                gap_ms if gap_ms < luck.lives_ms => alive.min(context) + luck.more,
                _ => luck.missed.unwrap_or(warm_prefix),
            };
            return read.clamp(0, context);
        }
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

/// The luck of a recorded call, the middle one of those that agree with what was recorded.
pub fn luck(recording: &Recording, at: usize) -> Option<Luck> {
    let call = &recording.calls[at];
    let session = &recording.sessions[call.session as usize];
    if call.tier != CacheTier::Automatic || call.cache_break != CacheBreak::No {
        return None;
    }
    // All sessions here are main threads.
    let drops = recording.model_name(call.model) == "gpt-5.4";
    let chances = if drops { [9_800, 9_200, 3_670, 230] } else { [9_770, 9_280, 5_860, 230] };
    let lives = |luck: i64| match chances.iter().filter(|chance| luck < **chance).count() {
        0 => 0,
        1 => 60_000,
        2 => 300_000,
        3 => 3_600_000,
        _ => i64::MAX,
    };
    if at == session.call_range().start {
        return Some(Luck { lives_ms: lives(5_000), more: 0, missed: None });
    }
    let before = &recording.calls[at - 1];
    if before.tier != CacheTier::Automatic || call.restart != ContextRestart::No {
        return None;
    }
    let (read, context) = (call.usage.read, call.usage.context_tokens());
    let of_call = |call: &Call| kept(call.tier, call.usage.context_tokens(), call.usage.fresh);
    let cached = of_call(before).min(context);
    let turn = turn_with_thinking_before(recording, at).filter(|_| drops);
    let found = turn.map_or(cached, |turn| cached.min(of_call(&recording.calls[turn])));
    let chance = match call.start_ms - before.touched_ms {
        ..60_000 => chances[0],
        60_000..300_000 => chances[1],
        300_000..3_600_000 => chances[2],
        _ => chances[3],
    };
    let hit = read >= found || 2 * read > found && read > session.static_prefix;
    let luck = if hit { chance / 2 } else { i64::midpoint(chance, 10_000) };
    let more = if hit { read - cached } else { 0 };
    Some(Luck { lives_ms: lives(luck), more, missed: (!hit).then_some(read) })
}

/// The first call of the turn that ended before a prompt, if anything was thought in it.
fn turn_with_thinking_before(recording: &Recording, at: usize) -> Option<usize> {
    let first = recording.sessions[recording.calls[at].session as usize].call_range().start;
    let has = |call: usize, kind: BlockKind| {
        recording.blocks_of_call(call).iter().any(|block| block.kind == kind)
    };
    let is_prompt = |call: usize| {
        has(call, BlockKind::User) && (call == first || !has(call - 1, BlockKind::ToolInput))
    };
    let (mut turn, mut thought) = (first, false);
    for call in first..at {
        if is_prompt(call) || recording.calls[call].restart != ContextRestart::No {
            (turn, thought) = (call, false);
        }
        let blocks = recording.blocks_of_call(call).iter();
        thought |= blocks.filter(|b| b.kind == BlockKind::Thinking).any(|b| b.tokens > 0);
    }
    (is_prompt(at) && thought).then_some(turn)
}

/// The prefix that a call leaves in the cache.
pub fn kept(tier: CacheTier, context: i64, fresh: i64) -> i64 {
    if tier == CacheTier::Automatic { context / 128 * 128 } else { context - fresh }
}

/// Tokens of all pieces.
pub fn total(pieces: &[Piece]) -> i64 {
    pieces.iter().map(|piece| piece.tokens).sum()
}

/// Pieces that are no tool results.
pub fn pieces(sizes: &[i64]) -> Vec<Piece> {
    sizes.iter().map(|&tokens| Piece { tokens, results: 0 }).collect()
}

/// What is neither read nor fresh is written: to the tier, but for `off`.
pub fn written(tier: CacheTier, read: i64, fresh: i64, context: i64, off: i64) -> Usage {
    let write = context - read - fresh;
    let off = off.min(write);
    let one_hour = tier == CacheTier::OneHour;
    let (write_5m, write_1h) = if one_hour { (off, write - off) } else { (write - off, off) };
    Usage { fresh, read, write_5m, write_1h, output: 0 }
}

/// The sessions in the order of their starts.
fn in_order(recording: &Recording) -> Vec<usize> {
    let sessions = &recording.sessions;
    let starts_ms = |index: usize| recording.calls[sessions[index].call_range()].first();
    let mut order: Vec<usize> = (0..sessions.len()).collect();
    order.sort_by_key(|&index| (starts_ms(index).map_or(i64::MAX, |call| call.start_ms), index));
    order
}

/// All sessions of a case and how they ended, session by session, each before those it spawns.
fn simulate<'a>(
    case: &'a Case,
    on: &'a On,
    places: &impl Fn(u32) -> Option<&'a Places>,
) -> Vec<(Vec<Made<'a>>, State)> {
    let order = in_order(&case.recording);
    let mut done: BTreeMap<(usize, usize), (Vec<Made>, State)> = BTreeMap::new();
    for (place, &index) in order.iter().enumerate() {
        let from = resumed_from(&case.recording, &on.patch, index, &order[..place]);
        let end = from.map(|from| take_end(&mut done.get_mut(&(from, 0)).expect("it is over").1));
        let places = places(index as u32);
        let mut twin = Twin::new(case, on, index, places);
        if let Some(end) = end {
            twin.go_on_from(end);
        }
        twin.run();
        done.insert((index, 0), (twin.made, twin.state));
        let twin = || Twin::new(case, on, index, places);
        for (nth, spawned) in spawned(twin, on).into_iter().enumerate() {
            done.insert((index, 1 + nth), spawned);
        }
    }
    done.into_values().collect()
}

/// Sessions that go on from each other: the first one of each, by session.
fn sessions_in_groups(case: &Case) -> Vec<usize> {
    let on = all_on(case, &|_| case.subset).patch;
    let order = in_order(&case.recording);
    let mut groups: Vec<usize> = (0..order.len()).collect();
    for (place, &index) in order.iter().enumerate() {
        if let Some(from) = resumed_from(&case.recording, &on, index, &order[..place]) {
            groups[index] = groups[from];
        }
    }
    groups
}

pub fn check(case: &Case) -> Result<(), TestCaseError> {
    let plan = case.plan();
    // Where contexts end by themselves is what the toggles give that set such places, for each
    // group of sessions that go on from each other.
    let groups = sessions_in_groups(case);
    let placing = |session: u32| {
        let group = groups[session as usize];
        let own = plan.sessions.iter().filter(|one| groups[one.session as usize] == group);
        case.subset & own.fold(0, |all, one| all | one.placed_by)
    };
    let touching = |session: u32| {
        let at = plan.sessions.iter().position(|one| one.session == session).expect("planned");
        let holds = |island: &&Island| island.sessions.contains(&(at as u32));
        case.subset & plan.islands.iter().find(holds).expect("in an island").touched_by
    };
    let own = all_on(case, &placing);
    let on = all_on(case, &|_| case.subset);
    let places = ends_in_places(&simulate(case, &own, &|_| None));
    let is_pinned = |session| touching(session) != placing(session);
    let sessions = simulate(case, &on, &|session| is_pinned(session).then_some(&places));
    let spans = sessions.iter().filter_map(|(_, state)| state.span_ms);
    let session_ms: i64 = spans.map(|(from_ms, to_ms)| to_ms - from_ms).sum();
    let slow: Vec<Made> = sessions.into_iter().flat_map(|(made, _)| made).collect();
    // The plan may hold sessions in another order, but those of one recorded session together.
    let mut fast = replay::replay_calls(&plan, case.subset);
    fast.sort_by_key(|row| {
        let holds = |run: &windtunnel::plan::PlanRun| run.row_range().contains(&(row.row as usize));
        let run = plan.runs.iter().position(holds).expect("a row has a run") as u32;
        plan.sessions.iter().find(|one| one.runs.contains(&run)).map(|one| one.session)
    });
    for (index, (fast, slow)) in fast.iter().zip(&slow).enumerate() {
        let made = fast.outcome;
        let call = plan.call_of[fast.row as usize];
        let fast = (call, made.usage, made.hidden, made.start_ms, fast.taken_back);
        let slow = (slow.call, slow.usage, slow.hidden, slow.start_ms, slow.taken_back);
        prop_assert_eq!(fast, slow, "call {} of {:?}", index, case);
    }
    prop_assert_eq!(fast.len(), slow.len(), "{:?}", case);
    let outcome = replay::replay_plan(&plan, case.subset);
    prop_assert_eq!(outcome.calls, slow.len() as i64);
    prop_assert_eq!(outcome.session_ms, session_ms);
    let contexts = slow.iter().map(|made| made.usage.context_tokens());
    prop_assert_eq!(outcome.peak_context, contexts.max().unwrap_or(0));
    let taken_back: i64 = slow.iter().map(|made| made.taken_back.read).sum();
    prop_assert_eq!(outcome.taken_back, taken_back);
    let mut by_price: BTreeMap<(&str, bool), (Usage, i64)> = BTreeMap::new();
    for Made { model, usage, hidden, taken_back, .. } in slow {
        let long_above = MODELS.iter().find(|known| known.0 == model).expect("a known model").2;
        let sum = by_price.entry((model, usage.context_tokens() > long_above)).or_default();
        *sum = (sum.0 + usage, sum.1 + hidden);
        by_price.entry((model, false)).or_default().0 += taken_back;
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
        // More of them with PROPTEST_CASES.
        cases: ProptestConfig::default().cases.max(600),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_pass_and_its_slow_twin_agree_call_by_call(case in cases()) {
        check(&case)?;
    }
}
