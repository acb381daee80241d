//! A part of a recording as a recording of its own.

use super::{Block, CrashCounts, Invocation, Recording, Remainder, Session};
use crate::ids::{NO_INDEX, NO_TOOL};

impl Recording {
    /// The sessions of one step as a recording of their own.
    #[must_use]
    pub fn recording_of_step(&self, step: &str) -> Self {
        self.filter_sessions(|session| session.step == step)
    }

    /// Some sessions as a recording of their own, in their order. What was billed with one of them
    /// comes along; what belongs to no session (remainders, crashes) belongs to the whole only.
    #[must_use]
    pub fn filter_sessions(&self, takes: impl Fn(&Session) -> bool) -> Self {
        let taken: Vec<bool> = self.sessions.iter().map(takes).collect();
        if taken.iter().all(|&taken| taken) {
            return self.clone();
        }
        let mut part = Self {
            name: self.name.clone(),
            source: self.source.clone(),
            models: self.models.clone(),
            tools: self.tools.clone(),
            crashes: CrashCounts::default(),
            ..Self::default()
        };
        let models: Vec<u16> = (0..self.models.len() as u16).collect();
        let tools: Vec<u16> = (0..self.tools.len() as u16).collect();
        part.append_sessions(self, &taken, &models, &tools);
        part
    }

    /// Adds the sessions of `other` that are `taken`, in their order, with what was billed with
    /// them; `models` and `tools` say which ids here its own stand for.
    pub(super) fn append_sessions(
        &mut self,
        other: &Self,
        taken: &[bool],
        models: &[u16],
        tools: &[u16],
    ) {
        let mut new_session = vec![NO_INDEX; other.sessions.len()];
        let mut new_call = vec![NO_INDEX; other.calls.len()];
        let mut new_block = vec![NO_INDEX; other.blocks.len()];
        let own_blocks = self.blocks.len();
        let chosen = other.sessions.iter().enumerate().filter(|(index, _)| taken[*index]);
        for (index, session) in chosen {
            new_session[index] = self.sessions.len() as u32;
            let first_call = self.calls.len() as u32;
            for at in session.call_range() {
                let first_block = self.blocks.len() as u32;
                let call = self.calls.len() as u32;
                new_call[at] = call;
                for (block, old) in
                    other.blocks_of_call(at).iter().zip(other.calls[at].block_range())
                {
                    new_block[old] = self.blocks.len() as u32;
                    let tool = tools.get(usize::from(block.tool)).copied().unwrap_or(NO_TOOL);
                    self.blocks.push(Block { call, tool, ..block.clone() });
                }
                let mut call = other.calls[at].clone();
                call.model = models[usize::from(call.model)];
                (call.session, call.first_block) = (new_session[index], first_block);
                self.calls.push(call);
            }
            self.sessions.push(Session { first_call, ..session.clone() });
        }
        for block in &mut self.blocks[own_blocks..] {
            block.peer = block.peer_block().map_or(NO_INDEX, |peer| new_block[peer]);
        }
        for invocation in &other.invocations {
            let call = new_call[invocation.call as usize];
            if call != NO_INDEX {
                self.invocations.push(Invocation { call, ..invocation.clone() });
            }
        }
        for rest in &other.remainders {
            let session = new_session.get(rest.session as usize).copied().unwrap_or(NO_INDEX);
            if session != NO_INDEX {
                let model = models[usize::from(rest.model)];
                self.remainders.push(Remainder { session, model, ..rest.clone() });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ModelId;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};
    use crate::units::Usage;

    /// Order 774 with usage billed beyond its calls: of each session, and of none.
    fn recording() -> Recording {
        let reported = builtin_pipeline("order-774").expect("built in");
        let mut recording = reconstruct(&reported, Lens::Message).expect("fits").recording;
        for session in (0..recording.sessions.len() as u32).chain([NO_INDEX]) {
            let usage = Usage { output: i64::from(session) % 1_000, ..Usage::default() };
            let why = String::new();
            recording.remainders.push(Remainder { session, model: ModelId::default(), usage, why });
        }
        recording.crashes.records = 41;
        recording.check_balance().expect("balanced");
        recording
    }

    /// The digests of the sessions, in order: their content, wherever they stand.
    fn contents(recording: &Recording) -> Vec<[u8; 32]> {
        recording.sessions.iter().map(|one| recording.session_digest(one)).collect()
    }

    #[test]
    fn every_part_balances_and_holds_what_was_taken() {
        let whole = recording();
        let digests = contents(&whole);
        for bits in [0b1, 0b10, 0b1010_0110, 0b1_1111, 0b1000_0000_0000] {
            let takes = |index: usize| bits >> index & 1 == 1;
            let ids: Vec<&str> = whole.sessions.iter().map(|one| one.id.as_str()).collect();
            let taken: Vec<usize> = (0..ids.len()).filter(|&index| takes(index)).collect();
            let part = whole.filter_sessions(|one| taken.iter().any(|&index| ids[index] == one.id));
            part.check_balance().unwrap();
            assert_eq!(contents(&part), taken.iter().map(|&i| digests[i]).collect::<Vec<_>>());
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
