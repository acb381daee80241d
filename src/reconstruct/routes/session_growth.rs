//! The contexts of a session, so that its tokens are met exactly.
//!
//! Symbols: T tokens of the session, n its calls, O its output, b the context that a stretch starts
//! with, U the prompt at which the harness compacts. Contexts C and outputs o must add up:
//!
//! ```text
//! T = sum of C[k] + sum of o[k],    C[k] >= C[k-1] + o[k-1] + prompt[k],    b < C[k] <= U
//! ```
//!
//! The session is cut into stretches of about equal calls, one more than what it appends fills
//! windows; each is solved by itself ([`solve_growth()`]), with the mean context of the whole. A
//! stretch before a compaction ends at U unless growth would be steeper than in real sessions;
//! else, and in the last one, it ends where growth has the shape of law L7. Where that leaves no
//! room there are more stretches: at last each call is one, and any total is met.

use super::super::context_growth::{GrowthProblem, solve_growth};
use crate::units::{apportion, scale_by_ratio, share_of};

/// What a session must be.
#[derive(Clone, Debug)]
pub struct GrowthTarget<'a> {
    /// Tokens of each invocation: only their sum is met.
    pub tokens: &'a [i64],
    /// Tokens of the prompt of each invocation.
    pub prompts: &'a [i64],
    /// Whether an invocation is tried again, with its whole prompt.
    pub retried: &'a [bool],
    /// Tokens that a call appends beside prompts, output included.
    pub growth: i64,
    /// Context before anybody spoke.
    pub base: i64,
    /// Context that a compaction leaves.
    pub after_compaction: i64,
    /// Prompt at which the harness compacts.
    pub trigger: i64,
    /// Share of output in all tokens, in ten-thousandths.
    pub output_bp: i64,
}

/// A session that adds up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionContexts {
    /// Its calls.
    pub calls: Vec<GrowthCall>,
    /// Context before anybody spoke.
    pub base: i64,
    /// Context that a compaction leaves.
    pub after_compaction: i64,
    /// The most that a prompt may have.
    pub most_prompt: i64,
}

/// One call of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrowthCall {
    /// Its context.
    pub context: i64,
    /// Its output.
    pub output: i64,
    /// The invocation whose prompt enters, and whether it is a retry.
    pub prompt: Option<(usize, bool)>,
    /// Whether the context starts over: never at its first call.
    pub compacted: bool,
}

/// Grows a session. Its tokens are met whatever is wanted, as long as there is one for each call.
#[must_use]
pub(crate) fn grow_session(wanted: &GrowthTarget) -> SessionContexts {
    let total: i64 = wanted.tokens.iter().sum();
    let counts = count_calls(wanted);
    let n = counts.iter().sum::<i64>();
    // A call needs an output token to have done something, and room for its prompt.
    let output = share_of(total, wanted.output_bp);
    let room = total - output;
    let outputs = apportion(output, &vec![1; n as usize]);
    let mean = room / n;
    let most_prompt = mean / 3;
    let (base, left) = (wanted.base.min(mean / 3), wanted.after_compaction.min(mean / 2));
    let calls = list_calls(wanted, &counts, &outputs);
    // Base, prompt and what a compaction leaves give way where the mean context is small, so that a
    // session of few tokens still holds its calls.
    let prompts: Vec<i64> = calls
        .iter()
        .map(|call| call.prompt.map_or(0, |(at, _)| wanted.prompts[at].min(most_prompt)))
        .collect();
    // One stretch more than what is appended fills windows; the windows' height is what lies
    // between the start of a stretch and the trigger.
    let appended = n * wanted.growth + prompts.iter().sum::<i64>();
    let height = (wanted.trigger - base.max(left)).max(1);
    let mut stretches = (appended / height + 1).min(n);
    let shape = ContextShape {
        prompts: &prompts,
        outputs: &outputs,
        base,
        after_compaction: left,
        trigger: wanted.trigger,
    };
    // Shorter stretches have more room each; the number grows by a quarter until all can be solved.
    let mut grown = SessionContexts { calls, base, after_compaction: left, most_prompt };
    loop {
        if let Some(contexts) = shape.call_contexts(room, stretches) {
            for (call, (context, compacted)) in grown.calls.iter_mut().zip(contexts) {
                (call.context, call.compacted) = (context, compacted);
            }
            return grown;
        }
        // With one call a stretch every total fits, because each call has its mean.
        assert!(stretches < n, "{n} calls do not hold {room} tokens");
        stretches = (stretches + stretches / 4 + 1).min(n);
    }
}

/// Calls of each invocation. How much a call appends, where contexts start and where they are
/// compacted say how large contexts are, and with the tokens that says how many calls there were: a
/// mean context of its own would contradict one of the others. Contexts rise in a straight line
/// here; the exact ones are solved for the counts afterwards.
fn count_calls(wanted: &GrowthTarget) -> Vec<i64> {
    let mut context = wanted.base;
    // What the invocations before used beyond their own tokens is taken off the next one.
    let mut ahead = 0;
    let mut counts = Vec::with_capacity(wanted.tokens.len());
    for (&tokens, &prompt) in wanted.tokens.iter().zip(wanted.prompts) {
        context += prompt;
        let (mut used, mut count) = (ahead, 0);
        loop {
            if context > wanted.trigger {
                context = wanted.after_compaction.max(1);
            }
            // The nearer whole number of calls: half a call more is none. Each has at least a
            // token.
            if count > 0 && (used + context / 2 > tokens || count >= tokens) {
                break;
            }
            used += context;
            count += 1;
            context += wanted.growth;
        }
        ahead = used - tokens;
        counts.push(count);
    }
    counts
}

/// The calls in order, with the prompts that enter.
fn list_calls(wanted: &GrowthTarget, counts: &[i64], outputs: &[i64]) -> Vec<GrowthCall> {
    let mut calls = Vec::with_capacity(outputs.len());
    for (invocation, &count) in counts.iter().enumerate() {
        // A retry brings the whole prompt once more, half way through the invocation.
        let again = (wanted.retried[invocation] && count > 1).then_some(count / 2);
        for at in 0..count {
            let prompt = match at {
                0 => Some((invocation, false)),
                _ if again == Some(at) => Some((invocation, true)),
                _ => None,
            };
            let output = outputs[calls.len()];
            calls.push(GrowthCall { context: 0, output, prompt, compacted: false });
        }
    }
    calls
}

struct ContextShape<'a> {
    prompts: &'a [i64],
    outputs: &'a [i64],
    base: i64,
    after_compaction: i64,
    trigger: i64,
}

impl ContextShape<'_> {
    /// Every call's context and whether it starts over, in so many stretches; `None` where one of
    /// them has no room.
    fn call_contexts(&self, room: i64, stretches: i64) -> Option<Vec<(i64, bool)>> {
        let n = self.prompts.len();
        let lengths = apportion(n as i64, &vec![1; stretches as usize]);
        // In proportion, so that every stretch has the mean context of its thread.
        let rooms = apportion(room, &lengths);
        let mut contexts = Vec::with_capacity(n);
        for (at, (&length, &room)) in lengths.iter().zip(&rooms).enumerate() {
            let from = contexts.len();
            let is_last = at + 1 == lengths.len();
            let start = if at == 0 { self.base } else { self.after_compaction };
            // The output of the call before a compaction does not enter: it is in the summary.
            let entering: Vec<i64> = (from..from + length as usize)
                .map(|k| self.prompts[k] + if k == from { 0 } else { self.outputs[k - 1] })
                .collect();
            let stretch = stretch_contexts(start, &entering, room, self.trigger, is_last)?;
            // The first context of every stretch but the very first one starts over.
            for (k, context) in stretch.into_iter().enumerate() {
                contexts.push((context, k == 0 && from > 0));
            }
        }
        Some(contexts)
    }
}

/// Whether a stretch may end at the trigger: growth is then no steeper than in 95 % of real
/// sessions, exponent 1.28, so that it has at least 1 / 2.28 of the room on average.
/// Source: MODEL.md, "Reported routes".
fn may_reach_trigger(above: i64, room: i64) -> bool {
    // With the exponent 1.28 a mean lies 1 / 2.28 of the way: steeper growth is rare (law L7).
    above * 228 >= room * 100
}

/// The contexts of one stretch, which add up to `room`.
fn stretch_contexts(
    start: i64,
    entering: &[i64],
    room: i64,
    most: i64,
    is_last: bool,
) -> Option<Vec<i64>> {
    let n = entering.len() as i64;
    // The lowest contexts: only what must enter does.
    let lowest: i64 =
        entering.iter().enumerate().map(|(at, tokens)| tokens * (n - at as i64)).sum();
    let above = room - n * start - lowest;
    let floor = start + entering.iter().sum::<i64>();
    // Under law L7 a mean lies 7/12 of the way from the start to the end.
    let shaped = (floor + scale_by_ratio(above, 12, 7 * n)).min(most);
    // Where the stretch may end, the likelier place first: its only call has all of it; the last
    // stretch was not compacted; of the others the trigger is tried first where it is plausible.
    let ends = match (n, is_last) {
        (1, _) => vec![room],
        (_, true) => vec![shaped],
        _ if may_reach_trigger(above, n * (most - floor)) => vec![most, shaped],
        _ => vec![shaped, most],
    };
    ends.into_iter().filter(|&end| end <= most).find_map(|end| {
        // The solver's sum of reads is over what each call found: contexts without their writes.
        let write = end - start;
        let problem = GrowthProblem { start, read: room - write, write, entering };
        let smooth = solve_growth(&problem).ok()?.smooth_growth;
        let mut context = start;
        let mut contexts = Vec::with_capacity(entering.len());
        for (entering, smooth) in entering.iter().zip(&smooth) {
            context += entering + smooth;
            contexts.push(context);
        }
        Some(contexts)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tokens: &[i64], growth: i64, prompt: i64) -> SessionContexts {
        let wanted = GrowthTarget {
            tokens,
            prompts: &vec![prompt; tokens.len()],
            retried: &vec![true; tokens.len()],
            growth,
            base: 12_000,
            after_compaction: 24_000,
            trigger: 244_800,
            output_bp: 60,
        };
        let grown = grow_session(&wanted);
        let all: i64 = grown.calls.iter().map(|call| call.context + call.output).sum();
        assert_eq!(all, tokens.iter().sum::<i64>(), "to the token");
        for pair in grown.calls.windows(2).filter(|pair| !pair[1].compacted) {
            assert!(pair[1].context >= pair[0].context + pair[0].output, "{pair:?}");
        }
        let largest = grown.calls.iter().map(|call| call.context).max();
        assert!(largest <= Some(244_800), "{largest:?}");
        grown
    }

    #[test]
    fn any_total_is_met_within_the_window() {
        for growth in [0, 500, 1_800, 20_000] {
            for prompt in [0, 1_000, 8_000, 90_000] {
                check(&[2_100_064; 6], growth, prompt);
                check(&[9_849_588], growth, prompt);
                check(&[15_806, 377_954], growth, prompt);
            }
        }
        check(&[40; 3], 1_800, 5_000);
    }

    #[test]
    fn contexts_grow_as_much_a_call_as_they_are_said_to() {
        // 19,000 + 1,800 k summed over 40 calls is 2,164,000: a call more than half is one.
        let grown = check(&[2_100_064], 1_800, 7_000);
        assert_eq!(grown.calls.len(), 39);
        for growth in [600, 1_800, 4_000] {
            for tokens in [[1_358_218; 2], [2_100_064; 2], [9_849_588; 2]] {
                let grown = check(&tokens, growth, 7_000);
                // Where a stretch starts over is no growth, nor is the prompt of a packet.
                let steps: Vec<i64> = grown
                    .calls
                    .windows(2)
                    .filter(|pair| !pair[1].compacted && pair[1].prompt.is_none())
                    .map(|pair| pair[1].context - pair[0].context)
                    .collect();
                let mean = steps.iter().sum::<i64>() / steps.len() as i64;
                assert!((growth / 2..=growth * 3 / 2).contains(&mean), "{growth}: {mean}");
            }
        }
    }

    #[test]
    fn the_mean_context_follows_from_growth_and_thread() {
        // Four invocations of 1 M, base 10 K, prompts of 2 K, 1 K a call: contexts rise in a line,
        // so that the mean m = b + G / 2 with G = n g + 4 q, and n m = 4 M: m = 52,266, n = 76.5.
        let grown = grow_session(&GrowthTarget {
            tokens: &[1_000_000; 4],
            prompts: &[2_000; 4],
            retried: &[false; 4],
            growth: 1_000,
            base: 10_000,
            after_compaction: 24_000,
            trigger: 244_800,
            output_bp: 0,
        });
        assert!((75..=78).contains(&grown.calls.len()), "{}", grown.calls.len());
        let all: i64 = grown.calls.iter().map(|call| call.context).sum();
        assert_eq!(all, 4_000_000);
    }

    #[test]
    fn a_long_thread_is_compacted() {
        let grown = check(&[9_849_588], 3_600, 7_000);
        assert!(grown.calls.iter().any(|call| call.compacted));
    }
}
