//! The slow twin's reading of thresholds: where contexts end by themselves under the toggles that
//! set such places, and what compactions take back of what the others save there.

use crate::twin::{Key, Made, State, Twin, total};
use std::collections::BTreeMap;
use std::mem::take;
use windtunnel::recording::{CacheTier, Call};
use windtunnel::units::Usage;

/// How a context ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndKind {
    Recorded,
    Late,
    ByRule,
    Cleared,
}

/// A context that has ended by itself.
#[derive(Clone, Debug)]
pub struct Ended {
    floor: i64,
    top: i64,
    shrinks: bool,
    calls: BTreeMap<Key, [i64; 2]>,
}

/// Where contexts end by themselves: before which call, and how.
pub type Places = BTreeMap<(Key, EndKind), Ended>;

/// Calls since a context started over.
#[derive(Clone, Default)]
pub struct Cycle {
    pub floor: Option<i64>,
    /// What each call reads, and its whole context.
    pub calls: BTreeMap<Key, [i64; 2]>,
}

/// What the next call has to tell.
#[derive(Clone, Copy, Default)]
pub struct TakenBack {
    reads: i64,
    /// Of 65,536 parts of the writes behind the last compaction.
    spared: i64,
}

/// All places of a simulation.
pub fn ends_in_places(sessions: &[(Vec<Made>, State)]) -> Places {
    sessions.iter().flat_map(|(_, state)| state.ended.clone()).collect()
}

/// How a session ended, for one that goes on from it; the next one to do so finds no calls.
pub fn take_end(end: &mut State) -> State {
    let taken = end.clone();
    end.cycle.calls.clear();
    taken
}

impl Twin<'_> {
    /// A context ends before a call, of which `left` is left; whether that is less than it was
    /// where places are settled.
    pub fn end_cycle(&mut self, key: Key, kind: Option<EndKind>, (top, left): (i64, i64)) -> bool {
        let Cycle { floor, calls } = take(&mut self.state.cycle);
        let (Some(kind), floor) = (kind, floor.unwrap_or(top)) else { return false };
        let Some(places) = self.places else {
            let ended = Ended { floor, top, shrinks: top >= left, calls };
            self.state.ended.insert((key, kind), ended);
            return false;
        };
        let ended = &places[&(key, kind)];
        // Calls that only one side makes are no matter of size.
        let both = ended.calls.iter().filter_map(|(key, was)| Some((was, calls.get(key)?)));
        let sizes: Vec<[i64; 2]> = both.map(|(was, is)| [was[0] - is[0], was[1] - is[1]]).collect();
        let [fewer, smaller] = [0, 1].map(|at| sizes.iter().map(|one| one[at]).sum::<i64>());
        // What is read instead of written, or the other way round, is no matter of size either.
        let size = if fewer.signum() == smaller.signum() {
            fewer.signum() * fewer.abs().min(smaller.abs())
        } else {
            0
        };
        let lower = sizes.len() as i64 * (ended.floor - floor) / 2;
        let mut back = size - lower.clamp(size.min(0), size.max(0));
        let (grown, room) = ((top - floor).max(0), ended.top - floor);
        let mut spared = 0;
        if ended.top > ended.floor && room <= 0 {
            spared = -65_536;
        } else if ended.top > ended.floor {
            if 2 * grown < room {
                back = back * grown / (room - grown);
            }
            spared = (65_536 - 65_536 * grown / room).max(-65_536);
        }
        let before = self.state.taken_back.reads;
        self.state.taken_back = TakenBack { reads: before + back, spared };
        ended.shrinks
    }

    /// Meets a compaction by rule that is settled to come before a call.
    pub fn meet_rules_place(&mut self, key: Key) {
        let is_placed = |places: &Places| places.contains_key(&(key, EndKind::ByRule));
        if self.rules.compaction.is_some() && self.places.is_some_and(is_placed) {
            let top = total(&self.state.prompt);
            self.end_cycle(key, Some(EndKind::ByRule), (top, 0));
            self.state.awaits.0 = true;
        }
    }

    /// Tells what was taken back with the call that was told last.
    pub fn tell_taken_back(&mut self, call: &Call, usage: Usage) {
        let TakenBack { reads, spared } = take(&mut self.state.taken_back);
        let one_hour = call.tier == CacheTier::OneHour;
        let wrote = if one_hour { usage.write_1h } else { usage.write_5m };
        let (_, tokens_bp) = self.priced(call);
        let of = |tokens: i64| (tokens * tokens_bp + 5_000).div_euclid(10_000);
        let wrote = of(-(wrote * spared / 65_536));
        let (write_5m, write_1h) = if one_hour { (0, wrote) } else { (wrote, 0) };
        let last = self.made.last_mut().expect("a call was told");
        last.taken_back = Usage { read: of(reads), write_5m, write_1h, ..Usage::default() };
    }
}
