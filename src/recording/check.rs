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

impl Recording {
    /// Checks every invariant of the module documentation.
    ///
    /// # Errors
    /// The first call whose books do not balance.
    pub fn check_balance(&self) -> Result<(), BalanceError> {
        self.check_whole()?;
        let mut next_call = 0;
        let mut next_block = 0;
        for (index, session) in self.sessions.iter().enumerate() {
            let mut before: Option<&Call> = None;
            let fail = |call: usize, what, met, wanted| {
                if met == wanted {
                    return Ok(());
                }
                Err(BalanceError { session: session.id.clone(), call, what, met, wanted })
            };
            fail(next_call, "first call", i64::from(session.first_call), next_call as i64)?;
            next_call = session.call_range().end;
            fail(next_call, "calls", i64::from(next_call <= self.calls.len()), 1)?;
            for prefix in [session.static_prefix, session.warm_prefix] {
                fail(next_call, "prefix out of range", prefix, prefix.clamp(0, MAX_TOKENS))?;
            }
            for at in session.call_range() {
                let call = &self.calls[at];
                fail(at, "session", i64::from(call.session), index as i64)?;
                fail(at, "first block", i64::from(call.first_block), next_block as i64)?;
                next_block = call.block_range().end;
                fail(at, "blocks", i64::from(next_block <= self.blocks.len()), 1)?;
                self.check_call(at, before, &fail)?;
                before = Some(call);
            }
        }
        let whole = |what, met: usize, wanted: usize| {
            if met == wanted {
                return Ok(());
            }
            Err(BalanceError {
                session: String::new(),
                call: next_call,
                what,
                met: met as i64,
                wanted: wanted as i64,
            })
        };
        whole("calls in sessions", next_call, self.calls.len())?;
        whole("blocks in calls", next_block, self.blocks.len())
    }

    /// What no single call shows: the remainders, and whether sums can overflow.
    fn check_whole(&self) -> Result<(), BalanceError> {
        let fail = |what, met: i64, wanted: i64| {
            if met == wanted {
                return Ok(());
            }
            let (session, call) = (String::new(), self.calls.len());
            Err(BalanceError { session, call, what, met, wanted })
        };
        for rest in &self.remainders {
            let model_known = usize::from(rest.model) < self.models.len();
            fail("remainder's model in table", i64::from(model_known), 1)?;
            let known = rest.session == NO_INDEX || (rest.session as usize) < self.sessions.len();
            fail("remainder's session in table", i64::from(known), 1)?;
            for tokens in rest.usage.by_class() {
                let wanted = tokens.clamp(-MAX_TOKENS, MAX_TOKENS);
                fail("remainder out of range", tokens, wanted)?;
            }
        }
        let mut last = 0;
        for invocation in &self.invocations {
            let known = (invocation.call as usize) < self.calls.len();
            fail("invocation's call in table", i64::from(known), 1)?;
            fail("invocations in order", i64::from(invocation.call >= last), 1)?;
            last = invocation.call;
        }
        let tokens: i128 = self.blocks.iter().map(|block| i128::from(block.tokens)).sum();
        let fits = tokens * (self.calls.len() as i128) < MAX_SUMMED;
        fail("blocks times calls in range", i64::from(fits), 1)
    }

    /// Whether every number of a call is small enough to be added up.
    fn check_range(
        &self,
        at: usize,
        fail: &impl Fn(usize, &'static str, i64, i64) -> Result<(), BalanceError>,
    ) -> Result<(), BalanceError> {
        let call = &self.calls[at];
        for tokens in call.usage.by_class() {
            fail(at, "usage out of range", tokens, tokens.clamp(0, MAX_TOKENS))?;
        }
        fail(
            at,
            "hidden out of range",
            call.output_hidden,
            call.output_hidden.clamp(0, MAX_TOKENS),
        )?;
        fail(at, "cut out of range", call.cut, call.cut.clamp(0, MAX_TOKENS))?;
        for ms in [call.start_ms, call.end_ms, call.touched_ms] {
            fail(at, "time out of range", ms, ms.clamp(-MAX_MS, MAX_MS))?;
        }
        let by = match call.shock {
            Shock::None => return Ok(()),
            Shock::Shift(by) | Shock::Survived(by) => by,
            Shock::EvictedTo(at) | Shock::SurvivedTo(at) => at,
        };
        fail(at, "shock out of range", by, by.clamp(-MAX_TOKENS, MAX_TOKENS))
    }

    fn check_call(
        &self,
        at: usize,
        before: Option<&Call>,
        fail: &impl Fn(usize, &'static str, i64, i64) -> Result<(), BalanceError>,
    ) -> Result<(), BalanceError> {
        let call = &self.calls[at];
        let session = &self.sessions[call.session as usize];
        self.check_range(at, fail)?;
        let (mut inputs, mut outputs, mut seen_output) = (0, 0, false);
        for block in self.blocks_of_call(at) {
            fail(at, "block's call", i64::from(block.call), at as i64)?;
            let wanted = block.tokens.clamp(0, MAX_TOKENS);
            fail(at, "block tokens out of range", block.tokens, wanted)?;
            let tool_known = block.tool == NO_TOOL || usize::from(block.tool) < self.tools.len();
            fail(at, "tool in table", i64::from(tool_known), 1)?;
            let peer_known = block.peer_block().is_none_or(|peer| peer < self.blocks.len());
            fail(at, "peer in table", i64::from(peer_known), 1)?;
            if block.kind.is_output() {
                outputs += block.tokens;
                seen_output = true;
            } else {
                inputs += block.tokens;
                fail(at, "inputs before outputs", i64::from(seen_output), 0)?;
            }
        }
        let model_known = usize::from(call.model) < self.models.len();
        fail(at, "model in table", i64::from(model_known), 1)?;
        let untiered = if call.tier == CacheTier::Uncached { call.usage.write_tokens() } else { 0 };
        fail(at, "writes without a tier", untiered, 0)?;
        fail(at, "time backwards", (call.end_ms - call.start_ms).min(0), 0)?;
        fail(at, "produced tokens", outputs, call.produced_tokens())?;
        let carried = match (before, call.restart) {
            (Some(prev), ContextRestart::No) => {
                prev.usage.context_tokens() + prev.produced_tokens()
            }
            _ => 0,
        };
        fail(at, "cut beyond the context", call.cut, call.cut.min(carried))?;
        fail(at, "context", call.usage.context_tokens(), carried - call.cut + inputs)?;
        let prior = before.map(|prev| cache::CachedPrefix {
            cached: cache::cached_prefix_tokens(
                prev.tier,
                prev.usage.context_tokens(),
                prev.usage.fresh,
            ),
            gap_ms: call.start_ms - prev.touched_ms,
            tier: prev.tier,
        });
        let lookup = cache::CacheLookup {
            prior,
            context: call.usage.context_tokens(),
            static_prefix: session.static_prefix,
            warm_prefix: session.warm_prefix,
            cache_break: call.cache_break,
        };
        let read = cache::read_with_shock(&cache::ttl::TtlPolicy, &lookup, call.shock);
        fail(at, "read by law and shock", read, call.usage.read)
    }
}
