//! The books must balance: every invariant that replay and the toggles rely on.

use super::{CacheTier, Call, ContextRestart, Recording, Shock};
use crate::cache;
use crate::ids::{NO_INDEX, NO_TOOL};

/// The largest token count of anything. Far beyond any real one, far from overflow.
const MAX_TOKENS: i64 = 1 << 40;

/// The latest and, negative, the earliest time: beyond the year 9999, so that a time in another
/// unit than milliseconds is refused.
const MAX_MS: i64 = 1 << 48;

/// All blocks of a recording times its calls: no what-if can sum contexts to more than that.
const MAX_SUMMED: i128 = 1 << 62;

/// A recording whose books do not balance; says where and by how much.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("session {session}, call {call}: {what}: met {met}, wanted {wanted}")]
pub struct BalanceError {
    /// Id of the session.
    pub session: String,
    /// Position of the call in the recording.
    pub call: usize,
    /// Which invariant.
    pub what: &'static str,
    /// What the recording holds.
    pub met: i64,
    /// What the invariant asks for.
    pub wanted: i64,
}

/// What a check of one thing says. An error is rare and large: it stands behind a pointer, so that
/// checks that pass hand on a word.
type Checked = Result<(), Box<BalanceError>>;

/// Where a value stands, for the error that it may be.
#[derive(Clone, Copy)]
struct BalancePlace<'a> {
    session: &'a str,
    call: usize,
}

impl BalancePlace<'_> {
    /// An error unless what was met is what is wanted.
    #[inline]
    fn require(self, what: &'static str, met: i64, wanted: i64) -> Checked {
        if met == wanted { Ok(()) } else { self.refuse(what, met, wanted) }
    }

    #[cold]
    fn refuse(self, what: &'static str, met: i64, wanted: i64) -> Checked {
        let session = self.session.to_owned();
        Err(Box::new(BalanceError { session, call: self.call, what, met, wanted }))
    }

    /// An error unless a condition holds: 0 was met where 1 is wanted.
    #[inline]
    fn require_that(self, what: &'static str, holds: bool) -> Checked {
        self.require(what, i64::from(holds), 1)
    }

    /// An error unless a value lies between two bounds, both included.
    #[inline]
    fn require_within(self, what: &'static str, met: i64, (low, high): (i64, i64)) -> Checked {
        self.require(what, met, met.clamp(low, high))
    }
}

impl Recording {
    /// Checks every invariant of the module documentation.
    ///
    /// # Errors
    /// The first call whose books do not balance.
    pub fn check_balance(&self) -> Result<(), BalanceError> {
        self.check_whole().and_then(|()| self.check_sessions()).map_err(|error| *error)
    }

    fn check_sessions(&self) -> Checked {
        // Sessions hold all calls and calls all blocks, in one row each and without a gap: every
        // index that follows can be relied on.
        let mut next_call = 0;
        let mut next_block = 0;
        for (index, session) in self.sessions.iter().enumerate() {
            let mut place = BalancePlace { session: &session.id, call: next_call };
            place.require("first call", i64::from(session.first_call), next_call as i64)?;
            next_call = session.call_range().end;
            place.call = next_call;
            place.require_that("calls", next_call <= self.calls.len())?;
            for prefix in [session.static_prefix, session.warm_prefix] {
                place.require_within("prefix out of range", prefix, (0, MAX_TOKENS))?;
            }
            let mut before: Option<&Call> = None;
            for at in session.call_range() {
                let call = &self.calls[at];
                place.call = at;
                place.require("session", i64::from(call.session), index as i64)?;
                place.require("first block", i64::from(call.first_block), next_block as i64)?;
                next_block = call.block_range().end;
                place.require_that("blocks", next_block <= self.blocks.len())?;
                self.check_call(before, place)?;
                before = Some(call);
            }
        }
        let place = BalancePlace { session: "", call: next_call };
        place.require("calls in sessions", next_call as i64, self.calls.len() as i64)?;
        place.require("blocks in calls", next_block as i64, self.blocks.len() as i64)
    }

    /// What no single call shows: the remainders, and whether sums can overflow.
    fn check_whole(&self) -> Checked {
        let place = BalancePlace { session: "", call: self.calls.len() };
        for rest in &self.remainders {
            let model_known = usize::from(rest.model) < self.models.len();
            place.require_that("remainder's model in table", model_known)?;
            let known = rest.session == NO_INDEX || (rest.session as usize) < self.sessions.len();
            place.require_that("remainder's session in table", known)?;
            // A remainder may be negative: a bill can hold less than its calls add up to.
            for tokens in rest.usage.by_class() {
                let bounds = (-MAX_TOKENS, MAX_TOKENS);
                place.require_within("remainder out of range", tokens, bounds)?;
            }
        }
        let mut last = 0;
        for invocation in &self.invocations {
            let known = (invocation.call as usize) < self.calls.len();
            place.require_that("invocation's call in table", known)?;
            place.require_that("invocations in order", invocation.call >= last)?;
            last = invocation.call;
        }
        // Whatever a what-if does, no context holds more than all blocks and no session makes more
        // calls than there are.
        let tokens: i128 = self.blocks.iter().map(|block| i128::from(block.tokens)).sum();
        let fits = tokens * (self.calls.len() as i128) < MAX_SUMMED;
        place.require_that("blocks times calls in range", fits)
    }

    /// Whether every number of a call is small enough to be added up.
    fn check_range(call: &Call, place: BalancePlace) -> Checked {
        for tokens in call.usage.by_class() {
            place.require_within("usage out of range", tokens, (0, MAX_TOKENS))?;
        }
        place.require_within("hidden out of range", call.output_hidden, (0, MAX_TOKENS))?;
        place.require_within("cut out of range", call.cut, (0, MAX_TOKENS))?;
        for ms in [call.start_ms, call.end_ms, call.touched_ms] {
            place.require_within("time out of range", ms, (-MAX_MS, MAX_MS))?;
        }
        // A shock is tokens by which a read is off, or tokens that it stops at: both have one
        // range.
        let by = match call.shock {
            Shock::None => return Ok(()),
            Shock::Shift(by) | Shock::Survived(by) => by,
            Shock::EvictedTo(at) | Shock::SurvivedTo(at) => at,
        };
        place.require_within("shock out of range", by, (-MAX_TOKENS, MAX_TOKENS))
    }

    fn check_call(&self, before: Option<&Call>, place: BalancePlace) -> Checked {
        let call = &self.calls[place.call];
        let session = &self.sessions[call.session as usize];
        Self::check_range(call, place)?;
        let (inputs, outputs) = self.check_blocks(place)?;
        place.require_that("model in table", usize::from(call.model) < self.models.len())?;
        let untiered = if call.tier == CacheTier::Uncached { call.usage.write_tokens() } else { 0 };
        place.require("writes without a tier", untiered, 0)?;
        place.require("time backwards", (call.end_ms - call.start_ms).min(0), 0)?;
        place.require("produced tokens", outputs, call.produced_tokens())?;
        // The context goes on from the call before and what that produced, unless it starts over.
        let carried = match (before, call.restart) {
            (Some(prev), ContextRestart::No) => {
                prev.usage.context_tokens() + prev.produced_tokens()
            }
            _ => 0,
        };
        place.require("cut beyond the context", call.cut, call.cut.min(carried))?;
        place.require("context", call.usage.context_tokens(), carried - call.cut + inputs)?;
        // The read that was recorded is the law's, corrected by the shock that was kept for it.
        let lookup = session.lookup_of_call(before, call);
        let read = cache::read_with_shock(&cache::ttl::TtlPolicy, &lookup, call.shock);
        place.require("read by law and shock", read, call.usage.read)
    }

    /// Sets every shock to what the law of today does not explain. What is out of range is left as
    /// it is, for the check to refuse.
    pub(super) fn explain_reads_anew(&mut self) {
        for session in &self.sessions {
            let calls = session.call_range();
            let place = BalancePlace { session: &session.id, call: 0 };
            let prefixes = [session.static_prefix, session.warm_prefix];
            let in_range = prefixes.iter().all(|prefix| (0..=MAX_TOKENS).contains(prefix))
                && self.calls[calls.clone()]
                    .iter()
                    .all(|call| Self::check_range(call, place).is_ok());
            if !in_range {
                continue;
            }
            for at in calls.clone() {
                // A first call has none before it.
                let before = (at > calls.start).then(|| &self.calls[at - 1]);
                let lookup = session.lookup_of_call(before, &self.calls[at]);
                let shock = cache::shock_of_read(&lookup, self.calls[at].usage.read);
                self.calls[at].shock = shock;
            }
        }
    }

    /// Checks the blocks of the call at `place`; the tokens of its inputs and of its outputs.
    fn check_blocks(&self, place: BalancePlace) -> Result<(i64, i64), Box<BalanceError>> {
        let (mut inputs, mut outputs, mut seen_output) = (0, 0, false);
        for block in self.blocks_of_call(place.call) {
            place.require("block's call", i64::from(block.call), place.call as i64)?;
            place.require_within("block tokens out of range", block.tokens, (0, MAX_TOKENS))?;
            let tool_known = block.tool == NO_TOOL || usize::from(block.tool) < self.tools.len();
            place.require_that("tool in table", tool_known)?;
            // Indexes from a file are checked here once, and relied on everywhere else.
            let peer_known = block.peer_block().is_none_or(|peer| peer < self.blocks.len());
            place.require_that("peer in table", peer_known)?;
            if block.kind.is_output() {
                outputs += block.tokens;
                seen_output = true;
            } else {
                inputs += block.tokens;
                place.require("inputs before outputs", i64::from(seen_output), 0)?;
            }
        }
        Ok((inputs, outputs))
    }
}
