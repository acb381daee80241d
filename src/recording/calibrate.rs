//! Calibration: estimated block sizes are scaled until the books meet the billed usage exactly.
//!
//! Per call, what is new in the context is known to the token: the billed context minus the one
//! before. It is shared among the blocks that entered (the output of the call before, tool
//! results, prompts) in proportion to their estimates. Three things can be left over, and each has
//! its own place: growth that no block explains (an `Unattributed` block), context that vanished
//! (`cut`), and cache reads that the law does not explain (a shock).

use super::raw::{RawBlock, RawCall, RawSession};
use super::{BlockKind, CacheBreak, CacheTier, Call, CallMarks, ContextRestart};
use crate::cache::{self, CacheRules};
use crate::units::apportion;

/// An estimate may be stretched or shrunk by this factor before a leftover is assumed.
/// Source: MODEL.md, "Calibration".
const MAX_STRETCH: i64 = 3;

/// The blocks of one call with their tokens: inputs, then outputs.
#[derive(Default)]
pub(super) struct CalibratedBlocks {
    pub(super) blocks: Vec<(RawBlock, i64)>,
    /// How many of them are inputs.
    pub(super) inputs: usize,
}

/// How the growth before a call is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct GrowthShares {
    /// Tokens that the call before produced.
    produced: i64,
    /// Tokens of the input blocks together.
    inputs: i64,
    /// Tokens that no block explains.
    unattributed: i64,
    /// Tokens that vanished.
    cut: i64,
}

/// Scales the estimates of `raw` to its billed usage. Tells each call in order, with its blocks:
/// session, block range and model are the builder's to set. Returns the static prefix and the part
/// of it that other sessions keep warm.
#[inline]
pub(super) fn calibrate_session(
    raw: &RawSession,
    mut tell: impl FnMut(&Call, &CalibratedBlocks),
) -> (i64, i64) {
    let mut system = 0;
    let mut growths: Vec<GrowthShares> = Vec::with_capacity(raw.calls.len());
    for (index, call) in raw.calls.iter().enumerate() {
        let context = call.usage.context_tokens();
        let before = index.checked_sub(1).map(|i| &raw.calls[i]);
        growths.push(match before {
            Some(prev) if call.restart == ContextRestart::No => {
                share_growth(prev, call, context - prev.usage.context_tokens())
            }
            _ => {
                let share = share_restart(before, call, context, system);
                if before.is_none() {
                    system = share.unattributed;
                }
                share
            }
        });
    }
    // The static prefix is what the first call read, if it read anything: other sessions had it
    // warm. Else it is what the first context has beside what people typed.
    let first_read = raw.calls.first().map_or(0, |call| call.usage.read);
    let static_prefix =
        raw.static_prefix.unwrap_or(if first_read > 0 { first_read } else { system });
    let rules = CacheRules::of_version(&raw.version);
    let prefixes = (static_prefix, first_read.min(static_prefix), rules);
    let mut blocks = CalibratedBlocks::default();
    let mut before: Option<Call> = None;
    // A session that starts on other sessions' entries shows its tier with its first write.
    let mut tier = raw.calls.iter().find_map(written_tier).unwrap_or(CacheTier::Uncached);
    for (index, call) in raw.calls.iter().enumerate() {
        let produced =
            growths.get(index + 1).map_or_else(|| unconfirmed_output(call), |g| g.produced);
        tier = raw.tier.or_else(|| written_tier(call)).unwrap_or(tier);
        // What a call produced is known best from the context of the next one, where that goes on.
        let done = assemble_call(call, growths[index], produced, tier, prefixes, before.as_ref());
        blocks.share_among(call, done.restart, growths[index], produced);
        tell(&done, &blocks);
        before = Some(done);
    }
    (static_prefix, prefixes.1)
}

/// The tier that a call wrote to, if it wrote.
fn written_tier(call: &RawCall) -> Option<CacheTier> {
    if call.usage.write_1h > 0 {
        Some(CacheTier::OneHour)
    } else if call.usage.write_5m > 0 {
        Some(CacheTier::FiveMinutes)
    } else {
        None
    }
}

fn sum_of_estimates(blocks: &[RawBlock]) -> i64 {
    blocks.iter().map(|block| block.estimate).sum()
}

/// Output of a call that no later context can confirm.
fn unconfirmed_output(call: &RawCall) -> i64 {
    if call.placeholder {
        call.usage.output.max(sum_of_estimates(&call.outputs))
    } else {
        call.usage.output
    }
}

/// Shares the growth of a context between the output of `prev` and the inputs of `call`.
#[inline]
fn share_growth(prev: &RawCall, call: &RawCall, growth: i64) -> GrowthShares {
    let inputs = sum_of_estimates(&call.inputs);
    let known = prev.usage.output;
    let produced = if prev.placeholder {
        // The recorded output stands for less than was produced: output and inputs share the growth
        // by their estimates, as long as neither is stretched beyond belief. With nothing beside it
        // all growth is the output's.
        let output = sum_of_estimates(&prev.outputs);
        let all = output + inputs;
        let stretched = growth.clamp(all / MAX_STRETCH, all * MAX_STRETCH);
        let output = if stretched == growth && inputs > 0 {
            apportion(growth, &[output, inputs])[0]
        } else if inputs == 0 {
            stretched
        } else {
            output
        };
        output.max(known)
    } else {
        known
    };
    // What is left of the growth is the inputs', if their estimates are anywhere near it; a surplus
    // is growth that no text explains, and what is missing was cut from the context.
    let rest = growth - produced;
    if inputs > 0 && rest >= inputs / MAX_STRETCH && rest <= inputs * MAX_STRETCH {
        GrowthShares { produced, inputs: rest, unattributed: 0, cut: 0 }
    } else if rest > inputs {
        GrowthShares { produced, inputs, unattributed: rest - inputs, cut: 0 }
    } else {
        // What entered is still there, so it cannot be more than the whole context.
        let inputs = inputs.min(call.usage.context_tokens());
        GrowthShares { produced, inputs, unattributed: 0, cut: inputs - rest }
    }
}

/// Shares a context that starts over; `unattributed` is its system part here.
fn share_restart(
    before: Option<&RawCall>,
    call: &RawCall,
    context: i64,
    system: i64,
) -> GrowthShares {
    let produced = before.map_or(0, unconfirmed_output);
    let estimated = sum_of_estimates(&call.inputs);
    let inputs = match before {
        // The first call: what people typed is small beside the system prompt.
        None => estimated.min(context),
        // Later the system part is known, and the rest belongs to the summary and its company.
        Some(_) if call.inputs.is_empty() => 0,
        Some(_) => (context - system).max(estimated.min(context)),
    };
    GrowthShares { produced, inputs, unattributed: context - inputs, cut: 0 }
}

#[inline]
fn assemble_call(
    raw: &RawCall,
    growth: GrowthShares,
    produced: i64,
    tier: CacheTier,
    (static_prefix, warm_prefix, rules): (i64, i64, CacheRules),
    before: Option<&Call>,
) -> Call {
    let restart = if before.is_none() { ContextRestart::Fresh } else { raw.restart };
    let hidden = produced - raw.usage.output;
    let mut marks = raw.marks;
    marks.set(CallMarks::PLACEHOLDER, hidden > 0);
    let cache_break = if before.is_none() { CacheBreak::No } else { raw.cache_break };
    let lookup = cache::CacheLookup {
        prior: before.map(|prev| prev.left_in_cache(raw.start_ms)),
        context: raw.usage.context_tokens(),
        static_prefix,
        warm_prefix,
        cache_break,
        rules,
    };
    let end_ms = raw.end_ms.max(raw.start_ms);
    // A call that ends the turn is read once more on the side when it is over, so that its cache
    // entry ages from its end (MODEL.md, "Cache law").
    let ends_turn = raw.outputs.iter().all(|block| block.kind != BlockKind::ToolInput);
    let is_tiered = matches!(tier, CacheTier::FiveMinutes | CacheTier::OneHour);
    marks.set(CallMarks::ANSWER_CACHED, ends_turn && is_tiered && rules.caches_answer);
    Call {
        session: 0,
        model: raw.model,
        start_ms: raw.start_ms,
        end_ms,
        touched_ms: if ends_turn { end_ms } else { raw.start_ms },
        records: raw.records,
        usage: raw.usage,
        output_hidden: hidden,
        tier,
        marks,
        facts: raw.facts,
        restart,
        cut: if restart == ContextRestart::No { growth.cut } else { 0 },
        cache_break,
        shock: cache::shock_of_read(&lookup, raw.usage.read),
        first_block: 0,
        blocks: 0,
    }
}

impl CalibratedBlocks {
    /// The blocks of another call, in the place of those of the last one.
    #[inline]
    fn share_among(
        &mut self,
        raw: &RawCall,
        restart: ContextRestart,
        growth: GrowthShares,
        produced: i64,
    ) {
        self.blocks.clear();
        // Hidden growth stands behind the other inputs, the system part of a fresh context first.
        let goes_on = restart == ContextRestart::No;
        if growth.unattributed > 0 && !goes_on {
            self.push_without_text(BlockKind::System, growth.unattributed);
        }
        self.push_scaled(&raw.inputs, growth.inputs);
        if growth.unattributed > 0 && goes_on {
            self.push_without_text(BlockKind::Unattributed, growth.unattributed);
        }
        self.inputs = self.blocks.len();
        self.push_scaled(&raw.outputs, produced);
        // Output that left no text behind is thinking that was withheld.
        if raw.outputs.is_empty() && produced > 0 {
            self.push_without_text(BlockKind::Thinking, produced);
        }
    }

    /// A block that stands for tokens of which no text is there.
    fn push_without_text(&mut self, kind: BlockKind, tokens: i64) {
        self.blocks.push((RawBlock::from_size(kind, 0, 0), tokens));
    }

    /// Scales the estimates of `blocks` so that they add up to `total`.
    fn push_scaled(&mut self, blocks: &[RawBlock], total: i64) {
        // What adds up already stays as it is.
        if sum_of_estimates(blocks) == total && total != 0 {
            self.blocks.extend(blocks.iter().map(|block| (*block, block.estimate)));
            return;
        }
        let mut weights: Vec<i64> = blocks.iter().map(|block| block.estimate).collect();
        if weights.iter().all(|&weight| weight == 0) {
            weights.fill(1);
        }
        self.blocks.extend(blocks.iter().copied().zip(apportion(total, &weights)));
    }
}
