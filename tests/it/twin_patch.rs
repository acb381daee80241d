//! The slow twin's reading of patches: which facts are on, and what they make of a recorded call.

use crate::generated::Case;
use crate::twin::{Key, Piece, Request, Twin, luck, pieces, written};
use std::mem::take;
use windtunnel::plan::{InsertedCall, Patch, SessionRules, ToggleSubset};
use windtunnel::recording::{
    Block, BlockKind, CacheBreak, CacheTier, Call, CallMarks, ContextRestart, Shock,
};
use windtunnel::units::Usage;

/// What is on, and which patch and place there what is made in addition comes from.
#[derive(Default)]
pub struct On {
    pub patch: Patch,
    pub inserted: Vec<(usize, usize)>,
    pub spawned: Vec<(usize, usize)>,
}

/// A patch in those sessions in which it is on.
fn in_sessions(case: &Case, bit: usize, is_on: &impl Fn(u32) -> ToggleSubset) -> Patch {
    let recording = &case.recording;
    let session = |session: u32| is_on(session) >> bit & 1 == 1;
    let call = |call: u32| session(recording.calls[call as usize].session);
    let block = |block: u32| call(recording.blocks[block as usize].call);
    let mut patch = case.patches[bit].clone();
    patch.dropped_calls.retain(|one| call(one.call));
    patch.dropped_blocks.retain(|one| block(*one));
    patch.replaced_blocks.retain(|one| block(one.0));
    patch.warmed_calls.retain(|one| call(*one));
    patch.replaced_if_warm.retain(|one| block(one.0));
    patch.saved_ms.retain(|one| call(one.0));
    patch.healed_calls.retain(|one| call(*one));
    patch.restarted_calls.retain(|one| call(one.0));
    patch.resumed_sessions.retain(|one| session(one.session));
    patch.remodelled_sessions.retain(|one| session(one.0));
    patch.leaner_sessions.retain(|one| session(one.0));
    patch.session_rules.retain(|one| session(one.0));
    patch
}

/// All patches as one, each in the sessions where it is on.
pub fn all_on(case: &Case, is_on: &impl Fn(u32) -> ToggleSubset) -> On {
    let mut all = On::default();
    let on_at =
        |bit: usize, at: u32| is_on(case.recording.calls[at as usize].session) >> bit & 1 == 1;
    for bit in 0..case.patches.len() {
        let mut patch = in_sessions(case, bit, is_on);
        // With their places in the patch, which a list of those that are on would lose.
        let inserted = take(&mut patch.inserted_calls).into_iter().enumerate();
        for (at, new) in inserted.filter(|(_, new)| on_at(bit, new.after)) {
            all.patch.inserted_calls.push(new);
            all.inserted.push((bit, at));
        }
        let spawned = take(&mut patch.spawned_sessions).into_iter().enumerate();
        for (at, new) in spawned.filter(|(_, new)| on_at(bit, new.by)) {
            all.patch.spawned_sessions.push(new);
            all.spawned.push((bit, at));
        }
        let on = &mut all.patch;
        on.dropped_calls.extend(patch.dropped_calls);
        on.dropped_blocks.extend(patch.dropped_blocks);
        on.replaced_blocks.extend(patch.replaced_blocks);
        on.warmed_calls.extend(patch.warmed_calls);
        on.replaced_if_warm.extend(patch.replaced_if_warm);
        on.saved_ms.extend(patch.saved_ms);
        on.healed_calls.extend(patch.healed_calls);
        on.restarted_calls.extend(patch.restarted_calls);
        on.resumed_sessions.extend(patch.resumed_sessions);
        on.remodelled_sessions.extend(patch.remodelled_sessions);
        on.leaner_sessions.extend(patch.leaner_sessions);
        on.session_rules.extend(patch.session_rules);
    }
    all
}

/// The rules of a session: the longest lifetime, the lowest sizes, the most patience.
pub fn rules_on(on: &Patch, session: u32) -> SessionRules {
    let own = || on.session_rules.iter().filter(|(of, _)| *of == session).map(|(_, rules)| rules);
    let compactions = own().filter_map(|rules| rules.compaction);
    let clearings = own().filter_map(|rules| rules.clearing);
    let warmings = own().filter_map(|rules| rules.warming);
    SessionRules {
        tier: own().filter_map(|rules| rules.tier).max_by_key(|tier| tier.ttl_ms()),
        compaction: compactions.min_by_key(|c| (c.threshold, c.output, c.left)),
        clearing: clearings.min_by_key(|c| (c.trigger, c.keep, c.at_least, c.stub)),
        warming: warmings.max_by_key(|warming| (warming.most, warming.ahead_ms)),
    }
}

impl<'a> Twin<'a> {
    /// A recorded call under the patches that are on.
    pub fn recorded(&self, at: usize) -> Request {
        let mut call = self.on_tier(at);
        let (first, on) = (at == self.session.call_range().start, self.on);
        if first && self.state.resumed {
            (call.restart, call.shock) = (ContextRestart::No, Shock::None);
        }
        let before = (!first).then(|| &self.recording.calls[at - 1]);
        let other = before.is_some_and(|before| before.model != call.model);
        let switched = other && call.cache_break == CacheBreak::ToZero;
        if on.healed_calls.contains(&(at as u32)) || (switched && self.other_model().is_some()) {
            let lost = call.restart != ContextRestart::No;
            let left = if lost { CacheBreak::ToStatic } else { CacheBreak::No };
            (call.cache_break, call.shock) = (call.cache_break.min(left), Shock::None);
        }
        let threshold =
            match before.map_or(0, |prev| prev.usage.context_tokens() + prev.produced_tokens()) {
                167_000..200_000 => 167_000,
                967_000..1_000_000 => 967_000,
                other => other,
            };
        let starts = on.restarted_calls.iter().filter(|(call, _)| *call as usize == at);
        let start = starts.map(|(_, tokens)| *tokens).max();
        let sizes = |wanted: &dyn Fn(&Block) -> bool| {
            let blocks = call.block_range().filter(|&index| wanted(&self.recording.blocks[index]));
            blocks.map(|index| self.tokens(index as u32)).collect::<Vec<i64>>()
        };
        let of_restart = |b: &Block| matches!(b.kind, BlockKind::System | BlockKind::Summary);
        let is_result = |b: &Block| matches!(b.kind, BlockKind::ToolResult | BlockKind::Report);
        let results = sizes(&is_result);
        let inputs = sizes(&|b| !b.kind.is_output() && !of_restart(b) && !is_result(b));
        Request {
            key: (at, 0, 0),
            fresh: fresh(&call),
            luck: luck(self.recording, at),
            threshold,
            start: start.filter(|_| !first && call.restart == ContextRestart::No),
            summary: pieces(&sizes(&of_restart)),
            results: Piece {
                tokens: results.iter().sum(),
                results: results.iter().filter(|tokens| **tokens > 0).count() as i64,
            },
            inputs: pieces(&inputs),
            outputs: sizes(&|block| block.kind.is_output()),
            call,
        }
    }

    /// The request of a call that would be made in addition: as large and as fresh as a recorded
    /// one, with nothing written off its tier.
    pub fn resembling(&self, key: Key, new: InsertedCall, start_ms: i64) -> Request {
        let like = self.on_tier(key.0);
        let (end_ms, touched_ms) = (start_ms + new.duration_ms, start_ms);
        let most = fresh(&like);
        let fresh = like.usage.fresh;
        let usage = Usage { fresh, read: like.usage.context_tokens() - fresh, ..Usage::default() };
        let (restart, cache_break, shock) = (ContextRestart::No, CacheBreak::No, Shock::None);
        // A side request is known of recorded calls alone.
        let marks = like.marks - CallMarks::ANSWER_CACHED;
        let like = Call { start_ms, end_ms, touched_ms, usage, output_hidden: 0, marks, ..like };
        Request {
            key,
            call: Call { restart, cut: 0, cache_break, shock, ..like },
            fresh: most,
            luck: None,
            threshold: 0,
            start: None,
            summary: Vec::new(),
            results: Piece::default(),
            inputs: pieces(&[new.input]),
            outputs: vec![new.output],
        }
    }

    fn tokens(&self, index: u32) -> i64 {
        let block = &self.recording.blocks[index as usize];
        if self.on.dropped_blocks.contains(&index) {
            return 0;
        }
        let sizes = self.on.replaced_blocks.iter().filter(|(replaced, _)| *replaced == index);
        let leaner = (block.kind == BlockKind::System && self.leaner().is_some())
            .then(|| (block.tokens - self.leaner().unwrap_or(0)).max(0));
        let warm = self.on.warmed_calls.contains(&block.call);
        let if_warm = self.on.replaced_if_warm.iter().filter(|(of, _)| warm && *of == index);
        sizes.chain(if_warm).map(|(_, tokens)| *tokens).chain(leaner).min().unwrap_or(block.tokens)
    }

    /// Time that does not pass after a call, of what passed from its start to the next one.
    pub fn saved_ms(&self, at: usize, until_next_ms: i64) -> i64 {
        let dropped = self.on.dropped_calls.iter();
        let freed = dropped.filter(|one| one.call as usize == at && one.frees_time);
        let saved = self.on.saved_ms.iter().filter(|(call, _)| *call as usize == at);
        saved.map(|(_, ms)| *ms).chain(freed.map(|_| until_next_ms)).max().unwrap_or(0)
    }

    /// The model that its session runs on instead of the recorded ones.
    pub fn other_model(&self) -> Option<&'a str> {
        let first = self.recording.calls.get(self.session.call_range().start)?;
        let others = self.on.remodelled_sessions.iter().filter(|(of, _)| *of == first.session);
        others.map(|(_, model)| model.as_str()).max()
    }

    /// The model whose price a call pays, and its tokens for 10,000 recorded ones.
    pub fn priced(&self, call: &Call) -> (&'a str, i64) {
        let recorded = self.recording.model_name(call.model);
        let model = self.other_model().unwrap_or(recorded);
        let is_old = |name: &str| name == "claude-opus-4-6";
        let is_new = |name: &str| name == "claude-opus-5-5" || name == "claude-haiku-5-5";
        if is_old(recorded) && is_new(model) {
            (model, 13_000)
        } else if is_new(recorded) && is_old(model) {
            // 10,000 / 1.3.
            (model, 7_692)
        } else {
            (model, 10_000)
        }
    }

    /// Tokens that its system part has less.
    pub fn leaner(&self) -> Option<i64> {
        let first = self.session.call_range().next()?;
        let call = &self.recording.calls[first];
        let own = self.on.leaner_sessions.iter().filter(|(session, _)| *session == call.session);
        let less = own.map(|(_, less)| *less).max()?;
        let blocks = self.recording.blocks_of_call(first).iter();
        let system = blocks.filter(|block| block.kind == BlockKind::System);
        Some(less.min(system.map(|block| block.tokens).sum()))
    }

    /// A recorded call on the tier of its rule.
    pub fn on_tier(&self, at: usize) -> Call {
        let mut call = self.recording.calls[at].clone();
        let chosen = |tier: CacheTier| tier == CacheTier::FiveMinutes || tier == CacheTier::OneHour;
        if let Some(tier) = self.rules.tier.filter(|tier| chosen(call.tier) && chosen(*tier)) {
            let Usage { fresh, read, .. } = call.usage;
            let usage = written(tier, read, fresh, call.usage.context_tokens(), 0);
            (call.tier, call.usage) = (tier, Usage { output: call.usage.output, ..usage });
        }
        call
    }
}

/// The most of a call that is neither read nor written: all that is not read, where the provider
/// bills no writes.
fn fresh(call: &Call) -> i64 {
    let free = call.tier == CacheTier::Automatic && call.usage.write_tokens() == 0;
    if free { i64::MAX } else { call.usage.fresh }
}
