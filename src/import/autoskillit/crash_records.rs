//! Crash records: which of them tell of a crash.
//!
//! A record is opened for a process id. Where the same id belongs to another record that ended
//! well, the system gave the id again: a duplicate. The others are processes that outlived their
//! session; they lie in groups of one folder and one minute, as many as it left behind.

use crate::import::skip::ImportNote;
use crate::recording::CrashCounts;
use std::collections::BTreeSet;

/// Records of one folder that lie no further apart belong to one group, milliseconds.
/// Judgement: a session's processes are found dead by one sweep.
const TOGETHER_MS: i64 = 60_000;

/// What the log says of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProcessRecord {
    /// Its id, if the log has it.
    pub pid: Option<i64>,
    /// Whether the record is one of a crash.
    pub crashed: bool,
    /// Whether its session ended well.
    pub ended_well: bool,
    /// Where it ran.
    pub cwd: String,
    /// When it started.
    pub at_ms: Option<i64>,
}

/// Crash records, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CrashGroups {
    /// How many of each kind.
    pub counts: CrashCounts,
    /// Groups of orphans, by their size: (size, groups), largest first.
    pub groups: Vec<(usize, usize)>,
}

/// Sorts the crash records among all records of a log.
pub(super) fn sort_crash_records(records: &[ProcessRecord]) -> CrashGroups {
    let ended_well = records.iter().filter(|record| record.ended_well);
    let well_pids: BTreeSet<i64> = ended_well.filter_map(|record| record.pid).collect();
    let crashed = records.iter().filter(|record| record.crashed);
    // The process of an id that ended well did not crash: the id was given again.
    let (reused, orphans): (Vec<&ProcessRecord>, Vec<&ProcessRecord>) =
        crashed.partition(|record| record.pid.is_some_and(|pid| well_pids.contains(&pid)));
    let counts = CrashCounts {
        records: (reused.len() + orphans.len()) as u32,
        pid_reuse: reused.len() as u32,
        orphans: orphans.len() as u32,
    };
    CrashGroups { counts, groups: group_orphans(orphans) }
}

fn group_orphans(mut orphans: Vec<&ProcessRecord>) -> Vec<(usize, usize)> {
    orphans.sort_by(|a, b| (&a.cwd, a.at_ms, a.pid).cmp(&(&b.cwd, b.at_ms, b.pid)));
    let mut sizes: Vec<usize> = Vec::new();
    // A group spans a minute from its first record; a record without a time joins any.
    let mut first: Option<&ProcessRecord> = None;
    for orphan in orphans {
        let belongs = first.is_some_and(|first| {
            let apart_ms = first.at_ms.zip(orphan.at_ms).map(|(a, b)| b - a);
            first.cwd == orphan.cwd && apart_ms.is_none_or(|apart| apart <= TOGETHER_MS)
        });
        match sizes.last_mut().filter(|_| belongs) {
            Some(size) => *size += 1,
            None => {
                sizes.push(1);
                first = Some(orphan);
            }
        }
    }
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes.chunk_by(|a, b| a == b).map(|same| (same[0], same.len())).collect()
}

impl CrashGroups {
    /// A note on them, if there are any.
    pub(super) fn into_note(self) -> Option<ImportNote> {
        let Self { counts, groups } = self;
        (counts.records > 0).then_some(ImportNote::CrashRecords { counts, groups })
    }
}
