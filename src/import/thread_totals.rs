//! Running totals of threads, which only grow: the last one of all files that state them counts.

use super::parsed_file::{ReadFile, StatedBill};
use crate::price::UNSTATED_MODEL;
use crate::units::Usage;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The source whose files state such totals.
pub(super) const EXEC_SOURCE: &str = "codex-exec";

/// Makes one bill of a thread that several files tell of: a run that takes it up states its total.
pub(super) fn join_threads(read: &mut [ReadFile]) {
    let mut threads: BTreeMap<String, Vec<(Usage, usize, u64)>> = BTreeMap::new();
    let files = read.iter_mut().enumerate();
    for (file, (_, parsed)) in files.filter(|(_, (source, _))| *source == Some(EXEC_SOURCE)) {
        for bill in std::mem::take(&mut parsed.bills) {
            let total = bill.models.iter().map(|(_, total)| *total).sum();
            threads.entry(bill.session).or_default().push((total, file, bill.restated));
        }
    }
    for (id, mut totals) in threads {
        // Nothing in them tells the time, and names of files need not: a total only grows.
        totals
            .sort_by_key(|(total, file, _)| (total.context_tokens(), total.output, Reverse(*file)));
        let Some(&(_, file, _)) = totals.last() else { continue };
        let mut thread = ThreadTotal::of_thread(&id);
        for (total, _, restated) in totals {
            thread.take_total(total);
            thread.restated += restated;
        }
        read[file].1.bills.push(thread.into_bill());
    }
}

/// One thread: totals of earlier counts, and the last one.
#[derive(Debug, Default)]
pub(super) struct ThreadTotal {
    id: String,
    earlier: Usage,
    current: Option<Usage>,
    restated: u64,
}

impl ThreadTotal {
    /// Of a thread that has stated nothing yet.
    pub fn of_thread(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    /// Takes a total in; one that falls begins a new count.
    pub fn take_total(&mut self, total: Usage) {
        if let Some(before) = self.current.replace(total) {
            let more = total - before;
            // Classes of input may change places; all input together only grows.
            if more.context_tokens() < 0 || more.output < 0 {
                self.earlier += before;
            } else {
                self.restated += 1;
            }
        }
    }

    /// All of it as a bill.
    pub fn into_bill(self) -> StatedBill {
        let mut total = self.earlier;
        total += self.current.unwrap_or_default();
        StatedBill {
            session: self.id,
            drafts: 0..0,
            models: vec![(UNSTATED_MODEL.to_owned(), total)],
            costs: Vec::new(),
            restated: self.restated,
        }
    }
}
