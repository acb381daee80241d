//! Calls of one response id and one prompt that are different calls all the same: a gateway may
//! give one id to all responses, or count from one in every session.
//!
//! Most groups have one call. Where there are many, another one is not held against each of them
//! but looked up by what would make it the same: none of them is looked at twice.

use super::parsed_file::CallIdentity;
use crate::units::Usage;
use std::collections::{BTreeMap, HashMap};
use xxhash_rust::xxh3::xxh3_128;

/// Place of a call: (file, draft, call).
pub(super) type CallPlace = (usize, usize, usize);

/// So many calls are held against each other one by one.
const FEW: usize = 16;

/// A call, as far as it matters whether another one is the same.
#[derive(Clone, Copy)]
pub(super) struct SeenCall<'a> {
    pub session: &'a str,
    pub sidechain: bool,
    pub identity: &'a CallIdentity,
}

impl SeenCall<'_> {
    /// The session that it or its subagents belong to.
    fn family(&self) -> &str {
        self.session.split('/').next().unwrap_or_default()
    }

    /// Whether it is the call of `original`, given that response and prompt are the same.
    pub fn is_copy_of(&self, original: &SeenCall<'_>) -> bool {
        // A subagent repeats its parent's responses under requests of its own; a source that names
        // no request (0) leaves nothing to tell two calls of one response apart.
        let [request, of_original] = [self, original].map(|call| call.identity.key.request);
        if !self.sidechain && request != of_original && request != 0 && of_original != 0 {
            return false;
        }
        if self.session == original.session && !self.session.is_empty() {
            return true;
        }
        // A copy in another session keeps its time; a gateway that repeats its ids does not.
        self.identity.overlaps(original.identity)
            || (self.family() == original.family() && self.identity.told == original.identity.told)
    }
}

/// Calls in the order in which they may keep a copy.
#[derive(Default)]
pub(super) struct CallGroup {
    places: Vec<CallPlace>,
    index: Option<Box<GroupIndex>>,
}

impl CallGroup {
    /// Adds a call that is none of the others.
    pub fn add<'a>(&mut self, place: CallPlace, seen: impl Fn(CallPlace) -> SeenCall<'a>) {
        // Most groups keep room for one.
        if self.places.is_empty() {
            self.places.reserve_exact(1);
        }
        self.places.push(place);
        if let Some(index) = &mut self.index {
            index.add(self.places.len() - 1, &seen(place));
        } else if self.places.len() > FEW {
            let mut index = Box::<GroupIndex>::default();
            for (at, place) in self.places.iter().enumerate() {
                index.add(at, &seen(*place));
            }
            self.index = Some(index);
        }
    }

    /// The first call that `call` is a copy of.
    pub fn original_of<'a>(
        &self,
        call: &SeenCall<'_>,
        seen: impl Fn(CallPlace) -> SeenCall<'a>,
    ) -> Option<CallPlace> {
        match &self.index {
            Some(index) => index.original_of(call).map(|at| self.places[at]),
            None => self.places.iter().copied().find(|place| call.is_copy_of(&seen(*place))),
        }
    }
}

/// The first call of each likeness, for one request or (none) for any.
#[derive(Default)]
struct GroupIndex {
    by_likeness: HashMap<(Likeness, Option<u64>), usize>,
    /// By request, first time and position: the last time.
    by_time: BTreeMap<(Option<u64>, i64, usize), i64>,
    longest_ms: i64,
}

#[derive(PartialEq, Eq, Hash)]
enum Likeness {
    Any,
    Untimed,
    Session(u128),
    Family(u128, Usage),
}

impl Likeness {
    /// By session and by family.
    fn of_call(call: &SeenCall<'_>) -> impl Iterator<Item = Self> {
        let session = Some(call.session).filter(|id| !id.is_empty());
        let family = Self::Family(xxh3_128(call.family().as_bytes()), call.identity.told);
        session.map(|id| Self::Session(xxh3_128(id.as_bytes()))).into_iter().chain([family])
    }
}

impl GroupIndex {
    fn add(&mut self, at: usize, call: &SeenCall<'_>) {
        // Each likeness twice: for calls of the same request, and for those that may have any.
        for request in [None, Some(call.identity.key.request)] {
            let untimed = call.identity.times.is_none().then_some(Likeness::Untimed);
            for likeness in Likeness::of_call(call).chain([Likeness::Any]).chain(untimed) {
                // The first of a likeness stays: it comes earlier in the order.
                self.by_likeness.entry((likeness, request)).or_insert(at);
            }
            if let Some((first, last)) = call.identity.times {
                self.by_time.insert((request, first, at), last);
                self.longest_ms = self.longest_ms.max(last.saturating_sub(first));
            }
        }
    }

    fn original_of(&self, call: &SeenCall<'_>) -> Option<usize> {
        let request = call.identity.key.request;
        // Subagents repeat responses under requests of their own, and request 0 is none.
        let is_any = call.sidechain || request == 0;
        let requests = if is_any { [None; 2] } else { [Some(request), Some(0)] };
        let of_request = |request: Option<u64>| {
            // A call without a time may be any, and be any.
            let other = call.identity.times.map_or(Likeness::Any, |_| Likeness::Untimed);
            let alike = Likeness::of_call(call)
                .chain([other])
                .filter_map(|likeness| self.by_likeness.get(&(likeness, request)).copied());
            let (begin, end) = call.identity.times.unwrap_or((i64::MAX, i64::MIN));
            // No span is longer than the longest: what overlaps started no earlier than this.
            let earliest = begin.saturating_sub(self.longest_ms);
            // A range that ends before it starts would panic; a call without times has none.
            let near = (earliest <= end)
                .then(|| self.by_time.range((request, earliest, 0)..=(request, end, usize::MAX)));
            let near = near.into_iter().flatten().filter(|(_, last)| **last >= begin);
            alike.chain(near.map(|((.., at), _)| *at)).min()
        };
        requests.into_iter().filter_map(of_request).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::parsed_file::CallKey;
    use rand::{RngExt as _, SeedableRng as _};

    #[test]
    fn many_calls_are_told_apart_as_few_are() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(774);
        for _ in 0..200 {
            let sessions = ["", "a", "a/x", "b", "b/y", "c"];
            let mut any = |most: u64| rng.random_range(0..most);
            let calls: Vec<(&str, bool, CallIdentity)> = (0..120)
                .map(|_| {
                    let key = CallKey { id: 1, request: any(4) * any(30) };
                    let told = Usage { output: any(3) as i64, ..Usage::default() };
                    let first = any(2_000) as i64;
                    let times = (any(9) > 0).then(|| (first, first + any(12) as i64));
                    let identity = CallIdentity { key, told, times, is_untold: false };
                    (sessions[any(6) as usize], any(5) == 0, identity)
                })
                .collect();
            let seen = |(.., at): CallPlace| {
                let (session, sidechain, identity) = &calls[at];
                SeenCall { session, sidechain: *sidechain, identity }
            };
            let mut group = CallGroup::default();
            for at in 0..calls.len() {
                let call = seen((0, 0, at));
                let one_by_one =
                    group.places.iter().copied().find(|place| call.is_copy_of(&seen(*place)));
                assert_eq!(group.original_of(&call, seen), one_by_one);
                if one_by_one.is_none() {
                    group.add((0, 0, at), seen);
                }
            }
        }
    }
}
