//! The one place that decides what is a call: a change of the running total.
//!
//! A session tells its running total and the usage of its last response, again and again. A total
//! that is told twice is one call, whatever stands between; a total that was set (a full window, a
//! session taken up at an earlier point) is none. A counter that starts over counts on.
//!
//! Newer versions write a record of each response beside it, and of requests that the total leaves
//! out (compaction): what both tell is one call. A total that grows by more than the last usage
//! says that a call was billed whose statement is lost.

use super::wire::RolloutTokens;
use std::collections::{HashMap, HashSet};
use xxhash_rust::xxh3::xxh3_64;

/// The running total of one file.
#[derive(Debug, Default)]
pub(super) struct UsageCounter {
    total: Option<RolloutTokens>,
    last: Option<RolloutTokens>,
    /// Fingerprints of what was told, and how many calls each was.
    statement_counts: HashMap<u64, u32>,
    /// The same with their times: what is written twice into a file keeps both.
    written: HashSet<(u64, i64)>,
    /// Whether the file shows what its calls produce.
    shows_outputs: bool,
    /// Whether the total before was one that calls had added up to.
    was_added_up: bool,
    /// By usage: calls of usage records that no total has told of so far.
    recorded: HashMap<u64, u32>,
    /// The usage of the last call that a total told of, until its record comes.
    counted: Option<RolloutTokens>,
    /// Fingerprints of the responses of usage records.
    responses: HashSet<u64>,
}

/// A call that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CountedCall {
    /// Its usage.
    pub usage: RolloutTokens,
    /// The running total behind it.
    pub total: RolloutTokens,
    /// Fingerprint of both.
    pub fingerprint: u64,
    /// Earlier calls of this file with the same.
    pub before: u32,
    /// What the total grew by beyond the usage: a call that nothing else tells of.
    pub untold: Option<RolloutTokens>,
}

impl CountedCall {
    /// Whether the counter stood at zero before it.
    pub fn starts_from_zero(&self) -> bool {
        is_first_total(&self.total, &self.usage)
    }
}

fn is_first_total(total: &RolloutTokens, last: &RolloutTokens) -> bool {
    (total.input, total.output) == (last.input, last.output)
}

impl UsageCounter {
    /// Takes a statement of the totals; `acted` says whether anything was produced since the last
    /// call. The answer is the call that it tells of, if it is a new one.
    pub fn take_totals(
        &mut self,
        total: Option<RolloutTokens>,
        last: Option<RolloutTokens>,
        acted: bool,
        at_ms: Option<i64>,
    ) -> Option<CountedCall> {
        self.shows_outputs |= acted;
        // Statements about rate limits alone have no totals.
        let total = total?;
        let before = self.total.replace(total);
        if before == Some(total) {
            return None;
        }
        // Old versions tell no last usage: what was added to the total is the call's.
        let usage = match last {
            Some(last) => last,
            None => total.increase_since(&before.unwrap_or_default())?,
        };
        // A full window sets the total and nothing else.
        let was_set = total.input + total.output == 0 || usage.input + usage.output == 0;
        let was_added_up = std::mem::replace(&mut self.was_added_up, !was_set);
        if was_set {
            return None;
        }
        // A counter that starts over may state the very numbers of its first start: where the
        // model produced something since, that is a call of its own.
        let starts = is_first_total(&total, &usage);
        // Where the file shows no outputs at all, their absence proves nothing.
        let is_active = acted || !self.shows_outputs;
        let fingerprint = usage_fingerprint(&total, &usage);
        let is_written = at_ms.is_some_and(|at_ms| !self.written.insert((fingerprint, at_ms)));
        let known = self.statement_counts.entry(fingerprint).or_default();
        let is_known = *known > 0;
        // A total that was set is no start to count growth from.
        let growth = before.filter(|_| was_added_up).and_then(|was| total.increase_since(&was));
        // Behind a start or a rollback a call may come to numbers that an earlier one came to.
        let is_next = acted && growth.is_some_and(|growth| growth.is_same_usage(&usage));
        let is_anew = !is_written && (is_next || (starts && is_active));
        // A total that fell without any output was taken up at an earlier point: the usage that
        // stands beside it is the old one.
        let fell = before.is_some_and(|before| total.total < before.total);
        let is_repeated = fell && self.last == Some(usage) && !acted;
        if (is_known && !is_anew) || (is_repeated && !starts) {
            return None;
        }
        self.last = Some(usage);
        *known += 1;
        let before_this = *known - 1;
        // Usage that a record told already is told a second time here.
        let untold = growth.and_then(|growth| growth.increase_since(&usage));
        let untold = untold.filter(|more| more.input + more.output > 0 && !self.take_record(more));
        if self.take_record(&usage) {
            return None;
        }
        self.counted = Some(usage);
        Some(CountedCall { usage, total, fingerprint, before: before_this, untold })
    }

    /// Takes the record of a response. The answer is the call that it tells of, unless the response
    /// has been told of.
    pub fn take_response(
        &mut self,
        response: &[u8],
        usage: RolloutTokens,
        total: RolloutTokens,
    ) -> Option<CountedCall> {
        let is_repeated = !response.is_empty() && !self.responses.insert(xxh3_64(response));
        // A total may come before the record of its response.
        let is_counted = self.counted.take_if(|counted| counted.is_same_usage(&usage)).is_some();
        if is_repeated || is_counted {
            return None;
        }
        *self.recorded.entry(usage_fingerprint(&RolloutTokens::default(), &usage)).or_default() +=
            1;
        self.last = Some(usage);
        // The other way round than for totals: the total beside it is not known by its record.
        let fingerprint = usage_fingerprint(&usage, &total);
        let known = self.statement_counts.entry(fingerprint).or_default();
        *known += 1;
        Some(CountedCall { usage, total, fingerprint, before: *known - 1, untold: None })
    }

    /// Whether a usage is that of a record which no total has told of so far; from now on one has.
    fn take_record(&mut self, usage: &RolloutTokens) -> bool {
        let fingerprint = usage_fingerprint(&RolloutTokens::default(), usage);
        let waiting = self.recorded.get_mut(&fingerprint).filter(|waiting| **waiting > 0);
        waiting.map(|waiting| *waiting -= 1).is_some()
    }
}

/// What makes a statement the same as another one.
pub(super) fn usage_fingerprint(total: &RolloutTokens, last: &RolloutTokens) -> u64 {
    let numbers = [
        total.input,
        total.output,
        total.total,
        last.input,
        last.cached,
        last.output,
        last.reasoning,
    ];
    xxh3_64(numbers.map(i64::to_le_bytes).as_flattened())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(input: i64, output: i64) -> RolloutTokens {
        RolloutTokens { input, output, total: input + output, ..RolloutTokens::default() }
    }

    /// Statements as (total input, total output, last input, last output, produced since).
    fn check(statements: &[(i64, i64, i64, i64, bool)], expect: &[i64]) {
        let mut counter = UsageCounter::default();
        let met: Vec<i64> = statements
            .iter()
            .filter_map(|&(input, output, last_input, last_output, acted)| {
                let last = Some(tokens(last_input, last_output));
                counter.take_totals(Some(tokens(input, output)), last, acted, None)
            })
            .map(|counted| counted.usage.total)
            .collect();
        assert_eq!(met, expect, "{statements:?}");
    }

    #[test]
    fn a_change_of_the_total_is_a_call() {
        check(&[(10, 1, 10, 1, true), (30, 3, 20, 2, true)], &[11, 22]);
        check(&[(10, 1, 10, 1, true), (10, 1, 10, 1, true), (30, 3, 20, 2, true)], &[11, 22]);
        // A thread that goes on from another one begins above zero.
        check(&[(500, 10, 20, 2, true)], &[22]);
    }

    #[test]
    fn a_counter_that_starts_over_counts_on() {
        check(
            &[(10, 1, 10, 1, false), (21, 2, 11, 1, false), (12, 1, 12, 1, false)],
            &[11, 12, 13],
        );
        // Even with the numbers that it began with, unless nothing was produced.
        let again = [(10, 1, 10, 1, true), (21, 2, 11, 1, true), (10, 1, 10, 1, true)];
        check(&again, &[11, 12, 11]);
        let told = [(10, 1, 10, 1, true), (21, 2, 11, 1, true), (10, 1, 10, 1, false)];
        check(&told, &[11, 12]);
    }

    #[test]
    fn known_numbers_that_the_total_grew_to_are_a_call() {
        let restarted = [
            (10, 1, 10, 1, true),
            (21, 2, 11, 1, true),
            (10, 1, 10, 1, true),
            (21, 2, 11, 1, true),
        ];
        check(&restarted, &[11, 12, 11, 12]);
        let redone = [
            (10, 1, 10, 1, true),
            (21, 2, 11, 1, true),
            (10, 1, 10, 1, false),
            (21, 2, 11, 1, true),
        ];
        check(&redone, &[11, 12, 12]);
    }

    #[test]
    fn what_is_written_twice_keeps_its_times() {
        let mut counter = UsageCounter::default();
        let calls = [(10, 1, 10, 1, 5), (21, 2, 11, 1, 6)].repeat(2).into_iter().filter_map(
            |(input, output, last_input, last_output, at_ms)| {
                let last = Some(tokens(last_input, last_output));
                counter.take_totals(Some(tokens(input, output)), last, true, Some(at_ms))
            },
        );
        assert_eq!(calls.count(), 2);
    }

    #[test]
    fn a_thread_taken_up_earlier_tells_old_totals_again() {
        let rewound = [
            (10, 1, 10, 1, true),
            (21, 2, 11, 1, true),
            (33, 3, 12, 1, true),
            (21, 2, 11, 1, false),
            (34, 4, 13, 2, true),
        ];
        check(&rewound, &[11, 12, 13, 15]);
        check(&[(10, 1, 10, 1, true), (33, 3, 12, 1, true), (21, 2, 12, 1, false)], &[11, 13]);
    }

    #[test]
    fn a_total_that_was_set_is_no_call() {
        let mut counter = UsageCounter::default();
        let full = RolloutTokens { total: 258_400, ..RolloutTokens::default() };
        let first = counter.take_totals(Some(tokens(90, 1)), Some(tokens(90, 1)), false, None);
        assert_eq!(first.map(|call| call.usage.total), Some(91));
        for last in [
            tokens(90, 1),
            RolloutTokens::default(),
            RolloutTokens { total: 9, ..RolloutTokens::default() },
        ] {
            assert_eq!(counter.take_totals(Some(full), Some(last), false, None), None);
        }
        let after = RolloutTokens { total: 258_431, ..tokens(30, 1) };
        let next = counter.take_totals(Some(after), Some(tokens(30, 1)), false, None);
        assert_eq!(next.map(|call| call.usage.total), Some(31));
    }

    #[test]
    fn without_the_last_usage_the_totals_say_it() {
        let mut counter = UsageCounter::default();
        let mut take = |total| {
            counter.take_totals(Some(total), None, false, None).map(|call| call.usage.total)
        };
        assert_eq!(take(tokens(10, 1)), Some(11));
        assert_eq!(take(tokens(30, 2)), Some(21));
        assert_eq!(take(tokens(20, 2)), None);
        assert_eq!(take(tokens(50, 3)), Some(31));
    }

    #[test]
    fn nothing_told_is_neither_a_zero_nor_a_start() {
        let mut counter = UsageCounter::default();
        let first = counter.take_totals(Some(tokens(10, 1)), Some(tokens(10, 1)), false, None);
        assert_eq!(counter.take_totals(None, None, false, None), None);
        let again = counter.take_totals(Some(tokens(10, 1)), Some(tokens(10, 1)), false, None);
        assert_eq!((first.map(|call| call.usage.total), again), (Some(11), None));
    }
}
