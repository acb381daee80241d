//! The slow twin between calls and sessions: warming, compacting and clearing by rules, and what a
//! session takes over from another one or starts.

use crate::twin::{Entry, Key, Made, Piece, Request, State, Twin, kept, pieces, total, written};
use crate::twin_cycles::EndKind;
use crate::twin_patch::On;
use std::mem::take;
use windtunnel::plan::{ClearingRule, CompactionRule, InsertedCall, Patch, WarmingRule};
use windtunnel::recording::{CacheBreak, CacheTier, Call, Recording, Shock};
use windtunnel::units::Usage;

/// The session that a session goes on from: the last to start of those that had ended.
pub fn resumed_from(
    recording: &Recording,
    on: &Patch,
    session: usize,
    earlier: &[usize],
) -> Option<usize> {
    let first = &recording.calls.get(recording.sessions[session].call_range().next()?)?;
    let ended = |from: &usize| {
        let last = recording.calls[recording.sessions[*from].call_range()].last();
        last.is_some_and(|last| last.end_ms <= first.start_ms)
    };
    let named = |from: &usize| {
        on.resumed_sessions
            .iter()
            .any(|one| (one.session, one.from) == (session as u32, *from as u32))
    };
    earlier.iter().copied().filter(named).rfind(ended)
}

/// The sessions that the calls of a session start.
pub fn spawned<'a>(twin: impl Fn() -> Twin<'a>, on: &On) -> Vec<(Vec<Made<'a>>, State)> {
    let range = twin().session.call_range();
    let own = on.patch.spawned_sessions.iter().cloned().zip(&on.spawned);
    let mut own: Vec<_> = own.filter(|(new, _)| range.contains(&(new.by as usize))).collect();
    own.sort_by_key(|(new, _)| {
        let calls = new.calls.iter().map(|call| (call.input, call.output, call.duration_ms));
        (new.by, calls.collect::<Vec<_>>())
    });
    let run = |(new, tag): (windtunnel::plan::SpawnedSession, &(usize, usize))| {
        let (mut twin, by) = (twin(), new.by as usize);
        let mut start_ms = twin.recording.calls[by].end_ms;
        let mut leaner = twin.leaner().unwrap_or(0);
        for (nth, call) in new.calls.into_iter().enumerate() {
            let (output, duration_ms) = (call.output, call.duration_ms);
            let input = (call.input - leaner).max(0);
            let call = InsertedCall { after: new.by, input, output, duration_ms };
            let key = (by, 1_000 + tag.0, 1_000 * tag.1 + nth);
            let request = twin.resembling(key, call, start_ms);
            twin.serve(by, request, false);
            (start_ms, leaner) = (start_ms + duration_ms, 0);
        }
        (twin.made, twin.state)
    };
    own.into_iter().map(run).collect()
}

impl Twin<'_> {
    /// Starts where another session ended.
    pub fn go_on_from(&mut self, end: State) {
        let first = &self.recording.calls[self.session.call_range().start];
        let same = end.model.as_deref() == Some(self.priced(first).0);
        self.state = State {
            prompt: end.prompt,
            // Another model finds nothing of it.
            cached: end.cached.filter(|_| same),
            pending: end.pending,
            earlier_ms: end.earlier_ms,
            sent: end.sent,
            model: end.model,
            resumed: true,
            cycle: end.cycle,
            awaits: end.awaits,
            ..State::default()
        };
    }

    /// Reads the cache again and again until the next call, or as often as the rule allows.
    pub fn keep_warm(&mut self, at: usize, next: &Call, until_ms: i64) {
        let Some(WarmingRule { most, ahead_ms }) = self.rules.warming else { return };
        let Some(mut entry) = self.state.cached.clone() else { return };
        let ttl_ms = entry.tier.ttl_ms();
        if entry.prefix == 0 || ahead_ms < 1 || ahead_ms >= ttl_ms {
            return;
        }
        let like = self.state.last.clone().unwrap_or_else(|| next.clone());
        for _ in 0..most {
            if until_ms - entry.at_ms < ttl_ms {
                break;
            }
            entry.at_ms += ttl_ms - ahead_ms;
            entry.prefix += take(&mut entry.answer);
            let usage = Usage { read: entry.prefix, ..Usage::default() };
            self.tell(at, &like, usage, 0, entry.at_ms);
        }
        self.state.cached = Some(entry);
    }

    /// One call that takes in the whole prompt, then a new one. It meets what is due to the next.
    pub fn compact(&mut self, (at, key): (usize, Key), next: &mut Call, start_ms: i64) {
        let Some(CompactionRule { threshold, output, left }) = self.rules.compaction else {
            return;
        };
        let context = total(&self.state.prompt);
        let whole = self.session.static_prefix;
        let static_prefix =
            if whole == 0 { 0 } else { (whole - self.leaner().unwrap_or(0)).max(0) };
        let due = if self.places.is_some() { self.state.awaits.0 } else { context >= threshold };
        if !due {
            return;
        }
        self.state.awaits.0 = false;
        if context <= static_prefix + left {
            return;
        }
        if self.places.is_none() {
            self.end_cycle(key, Some(EndKind::ByRule), (context, 0));
        }
        let read = self.read(next, start_ms, context);
        let none = if next.tier == CacheTier::Automatic { context } else { 0 };
        let (read, fresh) = self.fresh(next, read, context, none);
        let usage = written(next.tier, read, fresh, context, 0);
        self.tell(at, next, Usage { output, ..usage }, 0, start_ms);
        self.state.awaits = (false, false);
        self.state.prompt = pieces(&[static_prefix, left]);
        let prefix = static_prefix.min(kept(next.tier, context, fresh));
        self.state.cached = Some(Entry { prefix, at_ms: start_ms, tier: next.tier, answer: 0 });
        (next.cache_break, next.shock, next.cut) = (CacheBreak::No, Shock::None, 0);
    }

    /// Puts stubs in the place of old tool results.
    pub fn clear(&mut self, request: &Request, sends: bool) {
        let Some(rule) = self.rules.clearing else { return };
        let Request { key, summary, results, inputs, .. } = request;
        let (place, entering) = ((*key, EndKind::Cleared), results.tokens + total(inputs));
        let top = total(&self.state.prompt) + total(summary) + entering;
        if self.places.is_some_and(|places| places.contains_key(&place)) {
            self.end_cycle(*key, Some(EndKind::Cleared), (top, 0));
            self.state.awaits.1 = true;
        }
        let settled = self.places.is_some();
        if !sends || if settled { !self.state.awaits.1 } else { top < rule.trigger } {
            return;
        }
        self.state.awaits.1 = false;
        let at_least = if settled { 0 } else { rule.at_least };
        if self.free(&ClearingRule { at_least, ..rule }, results) && !settled {
            self.end_cycle(*key, Some(EndKind::Cleared), (top, 0));
        }
    }

    /// Frees old results; whether it did.
    fn free(&mut self, rule: &ClearingRule, results: &Piece) -> bool {
        let ClearingRule { keep, at_least, stub, .. } = *rule;
        let prompt = &mut self.state.prompt;
        let mut kept = results.results;
        let mut old: Vec<usize> = Vec::new();
        for at in (0..prompt.len()).rev().filter(|&at| prompt[at].results > 0) {
            if kept < keep {
                kept += prompt[at].results;
            } else {
                old.push(at);
            }
        }
        let frees = |piece: &Piece| (piece.tokens - stub * piece.results).max(0);
        let freed: i64 = old.iter().map(|&at| frees(&prompt[at])).sum();
        if freed == 0 || freed < at_least {
            return false;
        }
        let first =
            *old.iter().filter(|&&at| frees(&prompt[at]) > 0).min().expect("some are freed");
        let before = total(&prompt[..first]);
        for at in old {
            prompt[at] = Piece { tokens: prompt[at].tokens - frees(&prompt[at]), results: 0 };
        }
        if let Some(entry) = &mut self.state.cached {
            entry.answer = entry.answer.min((before - entry.prefix).max(0));
            entry.prefix = entry.prefix.min(before);
        }
        true
    }
}
