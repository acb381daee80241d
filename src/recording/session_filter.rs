//! A part of a recording as a recording of its own.

use super::name_tables::NewIds;
use super::{Block, Call, CrashCounts, Invocation, Recording, Remainder, Session};
use crate::ids::{NO_INDEX, NO_TOOL};
use std::collections::BTreeMap;
use std::ops::Range;

impl Recording {
    /// The sessions of one step as a recording of their own.
    #[must_use]
    pub(crate) fn recording_of_step(&self, step: &str) -> Self {
        self.filter_sessions(|session| session.step == step)
    }

    /// Some sessions as a recording of their own, in their order. What was billed with one of them
    /// comes along; what belongs to no session (remainders, crashes) belongs to the whole only.
    #[must_use]
    pub(crate) fn filter_sessions(&self, takes: impl Fn(&Session) -> bool) -> Self {
        self.filter_by_index(|at| takes(&self.sessions[at]))
    }

    /// The same by the places of the sessions.
    pub(super) fn filter_by_index(&self, takes: impl Fn(usize) -> bool) -> Self {
        let taken: Vec<bool> = (0..self.sessions.len()).map(takes).collect();
        if taken.iter().all(|&taken| taken) {
            return self.clone();
        }
        let mut part = self.without_sessions();
        part.append_sessions(self, &taken, &self.own_ids());
        part
    }

    /// The sessions of each name as recordings of their own, in the order of the names; as
    /// [`filter_sessions`](Self::filter_sessions) gives them one by one, but in one pass.
    #[must_use]
    pub(crate) fn split_by_name(&self, name_of: impl Fn(&Session) -> &str) -> Vec<(String, Self)> {
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        for session in &self.sessions {
            numbers.insert(name_of(session), 0);
        }
        // Numbered in the order of the names, which is that of the parts.
        for (number, part) in numbers.values_mut().enumerate() {
            *part = number;
        }
        // All sessions have one name: the recording is its only part.
        if let [only] = numbers.keys().collect::<Vec<_>>()[..] {
            return vec![((*only).to_owned(), self.clone())];
        }
        let part_of_session: Vec<Option<usize>> =
            self.sessions.iter().map(|session| Some(numbers[name_of(session)])).collect();
        let mut parts: Vec<Self> = numbers.values().map(|_| self.without_sessions()).collect();
        Self::append_to_parts(&mut parts, self, &part_of_session, &self.own_ids());
        numbers.into_keys().map(str::to_owned).zip(parts).collect()
    }

    /// An empty recording of the same name, source, models, tools and labels. What was passed over
    /// may belong to any part, so that each of them has lost as much.
    fn without_sessions(&self) -> Self {
        Self {
            name: self.name.clone(),
            source: self.source.clone(),
            models: self.models.clone(),
            tools: self.tools.clone(),
            labels: self.labels.clone(),
            crashes: CrashCounts::default(),
            skips: self.skips,
            ..Self::default()
        }
    }

    /// The ids of names where they stand for themselves.
    fn own_ids(&self) -> NewIds {
        NewIds {
            models: (0..self.models.len() as u16).collect(),
            tools: (0..self.tools.len() as u16).collect(),
            labels: (0..self.labels.len() as u16).collect(),
        }
    }

    /// Adds the sessions of `other` that are `taken`, in their order, with what was billed with
    /// them.
    pub(super) fn append_sessions(&mut self, other: &Self, taken: &[bool], ids: &NewIds) {
        let part_of_session: Vec<Option<usize>> =
            taken.iter().map(|&taken| taken.then_some(0)).collect();
        let parts = std::slice::from_mut(self);
        Self::append_to_parts(parts, other, &part_of_session, ids);
    }

    /// The same for several recordings at once: `part_of_session` says which of them takes a
    /// session, if any. Linear in `other`, however many parts there are.
    fn append_to_parts(
        parts: &mut [Self],
        other: &Self,
        part_of_session: &[Option<usize>],
        ids: &NewIds,
    ) {
        let mut new_session = vec![NO_INDEX; other.sessions.len()];
        for index in 0..other.sessions.len() {
            let Some(part) = part_of_session[index] else { continue };
            new_session[index] = parts[part].append_session(other, index, ids);
        }
        for invocation in &other.invocations {
            let session = other.calls[invocation.call as usize].session as usize;
            if let Some(part) = part_of_session[session] {
                let new_first = parts[part].sessions[new_session[session] as usize].first_call;
                // A call keeps its place within its session.
                let call = invocation.call - other.sessions[session].first_call + new_first;
                parts[part].invocations.push(Invocation { call, ..invocation.clone() });
            }
        }
        for rest in &other.remainders {
            // What was billed with no session has none to go with.
            let Some(&Some(part)) = part_of_session.get(rest.session as usize) else { continue };
            let session = new_session[rest.session as usize];
            let model = ids.models[usize::from(rest.model)];
            parts[part].remainders.push(Remainder { session, model, ..rest.clone() });
        }
    }

    /// Adds one session of `other` with its calls and blocks; returns its index.
    pub(super) fn append_session(&mut self, other: &Self, index: usize, ids: &NewIds) -> u32 {
        let session = &other.sessions[index];
        let (at, first_call) = (self.sessions.len() as u32, self.calls.len() as u32);
        // Blocks and calls are numbered anew: where the session begins moves all of them alike.
        let old_blocks = other.blocks_of_session(session);
        let new_blocks = self.blocks.len();
        for (call, old) in (first_call..).zip(&other.calls[session.call_range()]) {
            let first_block = self.blocks.len() as u32;
            for block in &other.blocks[old.block_range()] {
                let tool = ids.tools.get(usize::from(block.tool)).copied().unwrap_or(NO_TOOL);
                // A peer in another session is no peer any more.
                let peer = block.peer_block().filter(|peer| old_blocks.contains(peer));
                let peer =
                    peer.map_or(NO_INDEX, |peer| (peer - old_blocks.start + new_blocks) as u32);
                self.blocks.push(Block { call, tool, peer, ..block.clone() });
            }
            self.calls.push(Call {
                session: at,
                model: ids.models[usize::from(old.model)],
                facts: old.facts.with_labels(&ids.labels),
                first_block,
                ..old.clone()
            });
        }
        self.sessions.push(Session { first_call, ..session.clone() });
        at
    }

    /// The indexes of the blocks of a session.
    fn blocks_of_session(&self, session: &Session) -> Range<usize> {
        let calls = &self.calls[session.call_range()];
        let ends = calls.first().zip(calls.last());
        ends.map_or(0..0, |(first, last)| first.block_range().start..last.block_range().end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ModelId;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};
    use crate::recording::PriceModifiers;
    use crate::units::Usage;

    /// Order 774 with usage billed beyond its calls: of each session, and of none.
    fn recording() -> Recording {
        let reported = builtin_pipeline("order-774").expect("built in");
        let mut recording = reconstruct(&reported, Lens::Message).expect("fits").recording;
        for session in (0..recording.sessions.len() as u32).chain([NO_INDEX]) {
            let usage = Usage { output: i64::from(session) % 1_000, ..Usage::default() };
            let why = String::new();
            recording.remainders.push(Remainder {
                session,
                model: ModelId::default(),
                usage,
                why,
                modifiers: PriceModifiers::empty(),
            });
        }
        recording.crashes.records = 41;
        recording.check_balance().expect("balanced");
        recording
    }

    #[test]
    fn a_split_gives_what_the_filter_gives() {
        let whole = recording();
        let names: [fn(&Session) -> &str; 3] = [|one| &one.id, |one| &one.step, |_| ""];
        for name_of in names {
            let parts = whole.split_by_name(name_of);
            assert!(parts.is_sorted_by(|a, b| a.0 < b.0));
            for (name, part) in parts {
                assert_eq!(part, whole.filter_sessions(|one| name_of(one) == name), "{name}");
            }
        }
    }

    #[test]
    fn every_part_balances_and_holds_what_was_taken() {
        let whole = recording();
        let digests = whole.session_digests();
        for bits in [0b1, 0b10, 0b1010_0110, 0b1_1111, 0b1000_0000_0000] {
            let takes = |index: usize| bits >> index & 1 == 1;
            let ids: Vec<&str> = whole.sessions.iter().map(|one| one.id.as_str()).collect();
            let taken: Vec<usize> = (0..ids.len()).filter(|&index| takes(index)).collect();
            let part = whole.filter_sessions(|one| taken.iter().any(|&index| ids[index] == one.id));
            part.check_balance().unwrap();
            assert_eq!(
                part.session_digests(),
                taken.iter().map(|&i| digests[i]).collect::<Vec<_>>()
            );
            assert_eq!(part.crashes, CrashCounts::default());
            let outputs: Vec<i64> = part.remainders.iter().map(|rest| rest.usage.output).collect();
            assert_eq!(outputs, taken.iter().map(|&index| index as i64).collect::<Vec<_>>());
            for (index, block) in part.blocks.iter().enumerate() {
                let peer = block.peer_block().map(|peer| &part.blocks[peer]);
                assert!(peer.is_none_or(|peer| peer.peer_block() == Some(index)), "{block:?}");
            }
            let old = taken.iter().flat_map(|&index| whole.sessions[index].call_range());
            let old = old.flat_map(|at| whole.blocks_of_call(at));
            let peers = |blocks: &mut dyn Iterator<Item = &Block>| {
                blocks.filter(|block| block.peer_block().is_some()).count()
            };
            assert_eq!(peers(&mut part.blocks.iter()), peers(&mut old.into_iter()));
        }
    }

    #[test]
    fn everything_is_the_whole_and_nothing_is_empty() {
        let whole = recording();
        assert_eq!(whole.filter_sessions(|_| true), whole);
        let none = whole.filter_sessions(|_| false);
        none.check_balance().unwrap();
        assert!(none.sessions.is_empty() && none.blocks.is_empty() && none.remainders.is_empty());
    }

    #[test]
    fn a_peer_that_stays_behind_is_let_go() {
        let mut whole = recording();
        let own = whole.blocks.iter().position(|block| block.call == 0).expect("a block") as u32;
        let far = whole.blocks.len() as u32 - 1;
        whole.blocks[own as usize].peer = far;
        let first = whole.sessions[0].id.clone();
        let part = whole.filter_sessions(|session| session.id == first);
        part.check_balance().unwrap();
        assert_eq!(part.blocks[own as usize].peer, NO_INDEX);
    }
}
