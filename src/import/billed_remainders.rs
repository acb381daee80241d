//! Bills against calls: what a source billed for a session beyond the calls that files show.
//!
//! A bill covers one process: its main session, its subagents and calls that nobody sees. The calls
//! it is held against are those of its own file, each with the usage that counts for it (another
//! file may know the response better), and those of subagents that only other files show.

use super::copied_calls::{CallPlace, OriginalCalls};
use super::parsed_file::{ReadFile, StatedBill};
use crate::models::names::is_same_model;
use crate::price::UNSTATED_MODEL;
use crate::units::Usage;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that bills are held against.
pub(super) struct CountedCalls<'a> {
    read: &'a [ReadFile],
    /// By copy: the call that counts for it.
    originals: &'a OriginalCalls,
    /// By session: the drafts of its subagents, as (file, draft).
    subagents: BTreeMap<&'a str, Vec<(usize, usize)>>,
    /// By session: its own drafts.
    main_drafts: BTreeMap<&'a str, Vec<(usize, usize)>>,
    /// By file and session: its bills.
    bills: BTreeMap<(usize, &'a str), Vec<&'a StatedBill>>,
}

impl<'a> CountedCalls<'a> {
    /// All calls of an import.
    pub fn new(read: &'a [ReadFile], originals: &'a OriginalCalls) -> Self {
        let mut subagents: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
        let mut main_drafts: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
        let mut bills: BTreeMap<(usize, &str), Vec<&StatedBill>> = BTreeMap::new();
        for (file, (_, parsed)) in read.iter().enumerate() {
            for bill in &parsed.bills {
                bills.entry((file, &*bill.session)).or_default().push(bill);
            }
            for (index, draft) in parsed.drafts.iter().enumerate() {
                // Subagents are named under their session.
                if let Some((session, _)) = draft.session.id.split_once('/') {
                    subagents.entry(session).or_default().push((file, index));
                } else {
                    main_drafts.entry(&*draft.session.id).or_default().push((file, index));
                }
            }
        }
        Self { read, originals, subagents, main_drafts, bills }
    }

    /// What `bill` of `file` names beyond the calls, by its models.
    pub fn usage_beyond_calls(&self, file: usize, bill: &StatedBill) -> Vec<Usage> {
        let mut shown = vec![Usage::default(); bill.models.len()];
        // The calls of other files that are in the sum.
        let mut summed: BTreeSet<CallPlace> = BTreeSet::new();
        for draft in bill.drafts.clone() {
            for call in 0..self.call_count(file, draft) {
                let place = (file, draft, call);
                let original = self.originals.get(&place).copied().unwrap_or(place);
                if original.0 != file {
                    summed.insert(original);
                }
                self.add_call_usage(&mut shown, bill, original);
            }
        }
        let subagents = self.subagents.get(&*bill.session).into_iter().flatten();
        // A bill without calls of its own may be of a session whose calls another file shows.
        let main_drafts = self.main_drafts.get(&*bill.session).into_iter().flatten();
        let main_drafts = main_drafts.filter(|_| bill.drafts.is_empty());
        for &(other, draft) in subagents.chain(main_drafts).filter(|(other, _)| *other != file) {
            for call in 0..self.call_count(other, draft) {
                let place = (other, draft, call);
                if !self.originals.contains_key(&place) && summed.insert(place) {
                    self.add_call_usage(&mut shown, bill, place);
                }
            }
        }
        let totals = bill.models.iter().zip(shown);
        let rests =
            totals.map(|((model, total), shown)| *total - align_writes(model, *total, shown));
        // Another file may go beyond the process that was billed: nothing is left of it then.
        rests.map(|rest| if summed.is_empty() { rest } else { clamp_at_zero(rest) }).collect()
    }

    /// Whether all calls behind a bill are copies of one other file's, which bills them as well and
    /// no less: the bill is an older copy's.
    pub fn is_restated_by_copy(&self, file: usize, bill: &StatedBill) -> bool {
        let calls = bill.drafts.clone().map(|draft| self.call_count(file, draft)).sum::<usize>();
        // All copies among the calls of the bill's drafts: places sort by file, draft and call.
        let own = (file, bill.drafts.start, 0)..(file, bill.drafts.end, 0);
        let mut originals = self.originals.range(own).map(|(_, original)| original.0);
        let Some(keeper) = originals.next().filter(|keeper| *keeper != file) else { return false };
        // Copies of other files end the count, which then falls short of all calls.
        let copies = 1 + originals.take_while(|other| *other == keeper).count();
        let mut of_keeper = self.bills.get(&(keeper, &*bill.session)).into_iter().flatten();
        copies == calls && of_keeper.any(|other| bills_no_less(other, bill))
    }

    fn call_count(&self, file: usize, draft: usize) -> usize {
        self.read[file].1.drafts[draft].session.calls.len()
    }

    fn add_call_usage(&self, shown: &mut [Usage], bill: &StatedBill, (file, draft, at): CallPlace) {
        let session = &self.read[file].1.drafts[draft].session;
        let call = &session.calls[at];
        let name = session.models.get(usize::from(call.model)).map_or("", String::as_str);
        // What responses billed beyond their calls is a remainder already.
        let beyond = self.read[file].1.drafts[draft].beyond.get(&(at as u32));
        let beyond = beyond.into_iter().flatten().map(|more| (more.model.as_str(), more.usage));
        for (name, usage) in std::iter::once((name, call.usage)).chain(beyond) {
            if let Some(model) = matching_model(&bill.models, name) {
                shown[model] += usage;
            }
        }
    }
}

/// Whether a bill names every model of another one with no less usage.
fn bills_no_less(fuller: &StatedBill, other: &StatedBill) -> bool {
    other.models.iter().all(|(name, usage)| {
        let same_model = fuller.models.iter().find(|(model, _)| model == name);
        same_model.is_some_and(|(_, billed)| clamp_at_zero(*usage - *billed).is_zero())
    })
}

fn clamp_at_zero(rest: Usage) -> Usage {
    Usage {
        fresh: rest.fresh.max(0),
        read: rest.read.max(0),
        write_5m: rest.write_5m.max(0),
        write_1h: rest.write_1h.max(0),
        output: rest.output.max(0),
    }
}

/// The model of a bill that a call's model stands for: the same name, or one inside the other
/// (`us.anthropic.claude-x-v1:0`, `claude-x[1m]`).
pub(super) fn matching_model(models: &[(String, Usage)], name: &str) -> Option<usize> {
    // Clouds and context sizes add to a name at either end.
    let exact = models.iter().position(|(model, _)| model == name);
    let exact = exact.or_else(|| models.iter().position(|(model, _)| is_same_model(model, name)));
    let name = name.split('[').next().unwrap_or(name);
    // A bill that names no model is of whatever model there was.
    let unstated = models.iter().position(|(model, _)| model == UNSTATED_MODEL);
    exact.or(unstated).or_else(|| {
        models.iter().position(|(model, _)| {
            !name.is_empty() && (model.contains(name) || name.contains(model.as_str()))
        })
    })
}

/// A bill names one tier for all its writes; what calls wrote to the other counts against it. One
/// that names no model may name no writes either: they are in its fresh input.
fn align_writes(model: &str, total: Usage, mut shown: Usage) -> Usage {
    let write = shown.write_tokens();
    if total.write_1h > 0 {
        (shown.write_5m, shown.write_1h) = (0, write);
    } else if total.write_5m > 0 {
        (shown.write_5m, shown.write_1h) = (write, 0);
    } else if model == UNSTATED_MODEL {
        (shown.fresh, shown.write_5m, shown.write_1h) = (shown.fresh + write, 0, 0);
    }
    shown
}
