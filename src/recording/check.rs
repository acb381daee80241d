//! The books must balance: every invariant that replay and the toggles rely on.

use super::{Call, Recording, Restart};
use crate::cache;
use crate::ids::NO_TOOL;

/// A recording whose books do not balance; says where and by how much.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("session {session}, call {call}: {what}: met {met}, wanted {wanted}")]
pub struct Unbalanced {
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
    pub fn check(&self) -> Result<(), Unbalanced> {
        let mut next_call = 0;
        let mut next_block = 0;
        for (index, session) in self.sessions.iter().enumerate() {
            let mut before: Option<&Call> = None;
            let fail = |call: usize, what, met, wanted| {
                if met == wanted {
                    return Ok(());
                }
                Err(Unbalanced { session: session.id.clone(), call, what, met, wanted })
            };
            fail(next_call, "first call", i64::from(session.first_call), next_call as i64)?;
            next_call = session.range().end;
            fail(next_call, "calls", i64::from(next_call <= self.calls.len()), 1)?;
            for at in session.range() {
                let call = &self.calls[at];
                fail(at, "session", i64::from(call.session), index as i64)?;
                fail(at, "first block", i64::from(call.first_block), next_block as i64)?;
                next_block = call.range().end;
                fail(at, "blocks", i64::from(next_block <= self.blocks.len()), 1)?;
                self.check_call(at, before, &fail)?;
                before = Some(call);
            }
        }
        let whole = |what, met: usize, wanted: usize| {
            if met == wanted {
                return Ok(());
            }
            Err(Unbalanced {
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

    fn check_call(
        &self,
        at: usize,
        before: Option<&Call>,
        fail: &impl Fn(usize, &'static str, i64, i64) -> Result<(), Unbalanced>,
    ) -> Result<(), Unbalanced> {
        let call = &self.calls[at];
        let session = &self.sessions[call.session as usize];
        let (mut inputs, mut outputs, mut seen_output) = (0, 0, false);
        for block in self.blocks_of(at) {
            fail(at, "block's call", i64::from(block.call), at as i64)?;
            fail(at, "block tokens below zero", block.tokens.min(0), 0)?;
            let tool_known = block.tool == NO_TOOL || usize::from(block.tool) < self.tools.len();
            fail(at, "tool in table", i64::from(tool_known), 1)?;
            let peer_known = block.peer().is_none_or(|peer| peer < self.blocks.len());
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
        for tokens in call.usage.by_class() {
            fail(at, "usage below zero", tokens.min(0), 0)?;
        }
        fail(at, "cut below zero", call.cut.min(0), 0)?;
        fail(at, "time backwards", (call.end_ms - call.start_ms).min(0), 0)?;
        fail(at, "produced tokens", outputs, call.produced())?;
        let carried = match (before, call.restart) {
            (Some(prev), Restart::No) => prev.usage.context() + prev.produced() - call.cut,
            _ => 0,
        };
        fail(at, "context", call.usage.context(), carried + inputs)?;
        let prior = before.map(|prev| cache::Prior {
            cached: prev.usage.context() - prev.usage.fresh,
            gap_ms: call.start_ms - prev.touched_ms,
            tier: prev.tier,
        });
        let lookup = cache::Lookup {
            prior,
            context: call.usage.context(),
            static_prefix: session.static_prefix,
            warm_prefix: session.warm_prefix,
            cache_break: call.cache_break,
        };
        let read = cache::with_shock(&cache::ttl::Ttl, &lookup, call.shock);
        fail(at, "read by law and shock", read, call.usage.read)
    }
}
