//! The contexts of a session, so that its tokens are met exactly.
//!
//! Symbols: T tokens of the session, n its calls, O its output, b the context that a stretch starts
//! with, U the prompt at which the harness compacts. Contexts C and outputs o must add up:
//!
//! ```text
//! T = sum of C[k] + sum of o[k],    C[k] >= C[k-1] + o[k-1] + prompt[k],    b < C[k] <= U
//! ```
//!
//! How many calls there are and in which rises their contexts grow is the steady state's
//! (`steady_state`); each rise is a stretch of calls, solved by itself ([`solve_growth()`]). Where
//! what must enter leaves no room for that, there are stretches of about equal calls with the mean
//! context of the whole: one before a compaction ends at U unless growth would be steeper than in
//! real sessions; else, and in the last one, its mean lies where law L7 has it. Where that leaves
//! no room there are more stretches: at last each call is one, and any total is met.

use super::super::context_growth::{GrowthProblem, solve_growth};
use super::steady_state::ContextRise;
use crate::units::{BASIS_POINTS, apportion, scale_by_ratio, share_of};

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
    /// Where the mean context of a rise lies between its start and its end, in ten-thousandths.
    pub mean_height_bp: i64,
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
    // A call needs an output token to have done something, and room for its prompt.
    let output = share_of(total, wanted.output_bp);
    let room = total - output;
    let counts = count_calls(wanted, room);
    let n = counts.iter().sum::<i64>();
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
    let rise = ContextRise {
        base,
        after_compaction: left.max(1),
        prompts: prompts.iter().sum(),
        ..context_rise(wanted)
    };
    let shape = ContextShape { prompts: &prompts, outputs: &outputs, rise };
    // As the steady state has it. Where what must enter leaves no room for that, as many stretches
    // of equal calls; shorter ones have more room each, and their number grows by a quarter until
    // all can be solved.
    let mut stretches = rise.rises_of_calls(n).map_or(n, |rises| rises.len() as i64);
    let mut solved = shape.contexts_of_rises(room);
    let mut grown = SessionContexts { calls, base, after_compaction: left, most_prompt };
    loop {
        if let Some(contexts) = solved.or_else(|| shape.contexts_of_stretches(room, stretches)) {
            for (call, (context, compacted)) in grown.calls.iter_mut().zip(contexts) {
                (call.context, call.compacted) = (context, compacted);
            }
            return grown;
        }
        // With one call a stretch every total fits, because each call has its mean.
        assert!(stretches < n, "{n} calls do not hold {room} tokens");
        stretches = (stretches + stretches / 4 + 1).min(n);
        solved = None;
    }
}

/// Calls of each invocation. How much a call appends, where contexts start, how they rise and where
/// they are compacted say how large contexts are, and with the tokens that says how many calls
/// there were: a mean context of its own would contradict one of the others.
fn count_calls(wanted: &GrowthTarget, room: i64) -> Vec<i64> {
    let invocations = wanted.tokens.len() as i64;
    let rise = context_rise(wanted);
    // The nearer whole number of calls; each has at least a token, and each invocation a call.
    let calls = scale_by_ratio(rise.steady_calls_bp(room), 1, BASIS_POINTS);
    share_out_calls(wanted.tokens, &rise, calls.max(invocations))
}

/// How the context of a thread rises by what is said of it.
fn context_rise(wanted: &GrowthTarget) -> ContextRise {
    // Who is tried again gets the whole prompt once more.
    let prompts = wanted.prompts.iter().zip(wanted.retried);
    ContextRise {
        base: wanted.base,
        after_compaction: wanted.after_compaction.max(1),
        trigger: wanted.trigger,
        growth: wanted.growth,
        prompts: prompts.map(|(prompt, retried)| prompt * (1 + i64::from(*retried))).sum(),
        mean_height_bp: wanted.mean_height_bp,
    }
}

/// Shares the calls of a thread out: each invocation has as many in a row as use up its tokens, so
/// that one in a larger context has fewer.
fn share_out_calls(tokens: &[i64], rise: &ContextRise, calls: i64) -> Vec<i64> {
    let (mut at, mut used, mut due) = (0, 0, 0);
    let mut counts = Vec::with_capacity(tokens.len());
    for (invocation, own) in tokens.iter().enumerate() {
        due += own;
        let behind = (tokens.len() - invocation - 1) as i64;
        let first = at;
        loop {
            let context = rise.context_of_call(at, calls);
            // Those behind need a call each, and the last one has all that are left.
            let is_free = at < calls - behind;
            let is_due = behind == 0 || used + context / 2 <= due;
            if at > first && !(is_free && is_due) {
                break;
            }
            (at, used) = (at + 1, used + context);
        }
        counts.push(at - first);
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
    rise: ContextRise,
}

/// Calls in a row without a compaction.
struct ContextStretch {
    start: i64,
    calls: i64,
    /// What its contexts add up to.
    room: i64,
    /// Where it ends, likeliest first; nothing where that is to be found.
    end: Option<i64>,
}

impl ContextShape<'_> {
    /// Every call's context and whether it starts over, in the rises of the steady state: calls in
    /// proportion to the height, contexts to what a rise has on average.
    fn contexts_of_rises(&self, room: i64) -> Option<Vec<(i64, bool)>> {
        let n = self.prompts.len() as i64;
        let rises = self.rise.rises_of_calls(n)?;
        let heights: Vec<i64> = rises.iter().map(|(_, height)| (*height).max(1)).collect();
        let lengths = apportion(n, &heights);
        let mean = |(start, height): (i64, i64)| {
            start + scale_by_ratio(height, self.rise.mean_height_bp, BASIS_POINTS)
        };
        let sums: Vec<i64> =
            rises.iter().zip(&lengths).map(|(rise, calls)| mean(*rise).max(1) * calls).collect();
        let rooms = apportion(room, &sums);
        // A last rise of less than half a call is none.
        let parts = rises.iter().zip(lengths).zip(rooms).filter(|((_, calls), _)| *calls > 0);
        let stretches = parts.map(|(((start, height), calls), room)| ContextStretch {
            start: *start,
            calls,
            room,
            end: Some(start + height),
        });
        self.contexts_in_order(stretches)
    }

    /// The same in so many stretches of about equal calls.
    fn contexts_of_stretches(&self, room: i64, stretches: i64) -> Option<Vec<(i64, bool)>> {
        let lengths = apportion(self.prompts.len() as i64, &vec![1; stretches as usize]);
        // In proportion, so that every stretch has the mean context of its thread.
        let rooms = apportion(room, &lengths);
        let stretches = lengths.into_iter().zip(rooms).map(|(calls, room)| ContextStretch {
            start: self.rise.after_compaction,
            calls,
            room,
            end: None,
        });
        self.contexts_in_order(stretches)
    }

    /// The contexts of stretches that follow each other; `None` where one of them has no room.
    fn contexts_in_order(
        &self,
        stretches: impl Iterator<Item = ContextStretch>,
    ) -> Option<Vec<(i64, bool)>> {
        let n = self.prompts.len();
        let mut contexts = Vec::with_capacity(n);
        for stretch in stretches {
            let from = contexts.len();
            let to = from + stretch.calls as usize;
            let start = if from == 0 { self.rise.base } else { stretch.start };
            // The output of the call before a compaction does not enter: it is in the summary.
            let entering: Vec<i64> = (from..to)
                .map(|k| self.prompts[k] + if k == from { 0 } else { self.outputs[k - 1] })
                .collect();
            let stretch = ContextStretch { start, ..stretch };
            let solved = self.stretch_contexts(&stretch, &entering, to == n)?;
            // The first context of every stretch but the very first one starts over.
            for (k, context) in solved.into_iter().enumerate() {
                contexts.push((context, k == 0 && from > 0));
            }
        }
        Some(contexts)
    }

    /// The contexts of one stretch, which add up to its room.
    fn stretch_contexts(
        &self,
        stretch: &ContextStretch,
        entering: &[i64],
        is_last: bool,
    ) -> Option<Vec<i64>> {
        let ContextStretch { start, calls: n, room, end } = *stretch;
        let most = self.rise.trigger;
        // The lowest contexts: only what must enter does.
        let lowest: i64 =
            entering.iter().enumerate().map(|(at, tokens)| tokens * (n - at as i64)).sum();
        let above = room - n * start - lowest;
        let floor = start + entering.iter().sum::<i64>();
        // A mean lies so far on the way from the start to the end (law L7).
        let shaped =
            (floor + scale_by_ratio(above, BASIS_POINTS, self.rise.mean_height_bp * n)).min(most);
        // Where the stretch may end, the likelier place first: its only call has all of it; the
        // steady state says where; the last stretch was not compacted; of the others the trigger
        // is tried first where it is plausible.
        let ends = match (n, end, is_last) {
            (1, ..) => vec![room],
            (_, Some(end), _) => vec![end.min(most), shaped],
            (_, _, true) => vec![shaped],
            _ if may_reach_trigger(above, n * (most - floor)) => vec![most, shaped],
            _ => vec![shaped, most],
        };
        ends.into_iter().filter(|&end| end <= most).find_map(|end| {
            // The solver's sum of reads is over what each call found: contexts without their
            // writes.
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
}

/// Whether a stretch may end at the trigger: growth is then no steeper than in 95 % of real
/// sessions, exponent 1.28, so that it has at least 1 / 2.28 of the room on average.
/// Source: MODEL.md, "Reported routes".
fn may_reach_trigger(above: i64, room: i64) -> bool {
    // With the exponent 1.28 a mean lies 1 / 2.28 of the way: steeper growth is rare (law L7).
    above * 228 >= room * 100
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
            mean_height_bp: 5_833,
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
        // Output off, T = 2,087,464; base 12,000 and a prompt that comes twice: x = 12,000 +
        // .5833 x 14,000 = 20,166, m = [x + sqrt(x^2 + 4 x .5833 x T x 1,800)] / 2 = 57,967,
        // N = 36.0.
        let grown = check(&[2_100_064], 1_800, 7_000);
        assert_eq!(grown.calls.len(), 36);
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
        // Four invocations of 1 M, base 10 K, prompts of 2 K, 1 K a call. The mean m lies 7/12 of
        // the way up: m = b + f G with G = N g + 4 q and N m = 4 M, so that m = 56,191 and
        // N = 71.19, 17.8 an invocation. In a straight line it would be 52,266 and 76.5.
        let target = GrowthTarget {
            tokens: &[1_000_000; 4],
            prompts: &[2_000; 4],
            retried: &[false; 4],
            growth: 1_000,
            base: 10_000,
            after_compaction: 24_000,
            trigger: 244_800,
            mean_height_bp: 5_833,
            output_bp: 0,
        };
        let grown = grow_session(&target);
        assert_eq!(grown.calls.len(), 71);
        let all: i64 = grown.calls.iter().map(|call| call.context).sum();
        assert_eq!(all, 4_000_000);
        // What the contexts end with fits what they were said to grow by: 1 K a call.
        let end = grown.calls.last().map_or(0, |call| call.context);
        assert!((88_000..=90_000).contains(&end), "{end}");
        // Contexts rise, so that each invocation has fewer calls than the one before.
        assert_eq!(count_calls(&target, 4_000_000), [29, 17, 13, 12]);
        let straight = grow_session(&GrowthTarget { mean_height_bp: 5_000, ..target });
        assert_eq!(straight.calls.len(), 77);
    }

    #[test]
    fn a_long_thread_is_compacted() {
        let grown = check(&[9_849_588], 3_600, 7_000);
        assert!(grown.calls.iter().any(|call| call.compacted));
    }
}
