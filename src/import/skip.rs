//! What an import passes over and what a reader should know, and the words for both.
//!
//! This is the one place of `import` that words them.

use super::json_fault::JsonFault;
use crate::recording::{CrashCounts, SkipCounts};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportSkip {
    /// Label of the file.
    pub file: String,
    /// Line, counted from 1, or element of an array or value printed over several lines; 0 stands
    /// for the whole file.
    pub line: u64,
    /// Why.
    pub reason: SkipReason,
}

impl ImportSkip {
    /// One skip of its class.
    pub(super) fn counts(&self) -> SkipCounts {
        let damage = u64::from(self.reason.is_damage());
        SkipCounts { damage, harmless: 1 - damage }
    }
}

impl fmt::Display for ImportSkip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.reason),
            line => write!(f, "{}, line {line}: {}", self.file, self.reason),
        }
    }
}

/// Why a line or a file was passed over. It never quotes what a session said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkipReason {
    /// A path that the search for files could not follow.
    #[error("{0}")]
    Unreachable(String),
    /// A file that cannot be opened, or whose first bytes cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// A file that could be read up to here.
    #[error("cannot be read further: {0}")]
    CutOff(String),
    /// A file of no format that an importer knows, and no JSON or named itself.
    #[error("not a transcript of a known format")]
    UnknownFormat,
    /// A file of whole JSON records, found in a folder: one of those that a harness keeps beside
    /// its transcripts.
    #[error("JSON of another kind than transcripts")]
    OtherRecords,
    /// NULs on a line: room for what was never written.
    #[error("{0} NUL bytes, left by a write that never came")]
    Padding(u64),
    /// A line of which a part is no record; the records beside it count.
    #[error("{0} whole records counted beside a part that is none")]
    PartOfLine(u64),
    /// A line of so many bytes.
    #[error("line of {0} bytes, longer than 64 MiB")]
    LineTooLong(u64),
    /// A file of a session that is longer than any that a harness writes.
    #[error("longer than 16 MiB")]
    FileTooLong,
    /// A line that is no JSON, or JSON of no known shape.
    #[error(transparent)]
    Json(#[from] JsonFault),
    /// A file that is no JSON object.
    #[error("not one JSON object: {0}")]
    FileIsNoObject(String),
    /// A line that is no JSON object.
    #[error("not a JSON object: {0}")]
    LineIsNoObject(String),
    /// A Claude Code record of a known type.
    #[error("{0} record of an unknown shape")]
    RecordShape(String),
    /// A line of a Codex rollout of a known type.
    #[error("{0} line of an unknown shape")]
    RolloutLineShape(String),
    /// A record with nothing in it.
    #[error("an empty record")]
    EmptyRecord,
    /// A response whose usage says that nothing was billed.
    #[error("a response whose usage is all zero")]
    ZeroUsage,
    /// A response that says nothing of its usage.
    #[error("a response without usage")]
    MissingUsage,
    /// A token count that no model can have.
    #[error("a token count below zero or beyond reason")]
    CountOutOfRange,
    /// Cached input beyond the input, or reasoning beyond the output.
    #[error("a part of the usage is larger than the whole")]
    PartBeyondWhole,
    /// A count that is no number in range.
    #[error("{name}: {value} is no count")]
    NoCount {
        /// The field.
        name: String,
        /// Its value.
        value: String,
    },
    /// A round without a field that it needs.
    #[error("a round without {0}")]
    RoundWithout(&'static str),
    /// A round whose parts do not sum to its input.
    #[error("{read} read and {appended} appended are not {total} in all")]
    RoundSum {
        /// Tokens read from the cache.
        read: i64,
        /// Tokens appended.
        appended: i64,
        /// All input tokens.
        total: i64,
    },
    /// A round that writes more than it appends.
    #[error("{written} written are more than {appended} appended")]
    WrittenBeyondAppended {
        /// Tokens written to the cache.
        written: i64,
        /// Tokens appended.
        appended: i64,
    },
    /// A round of another provider.
    #[error("an unknown provider '{0}'")]
    UnknownProvider(String),
    /// A task packet whose front matter is no JSON.
    #[error("a task packet without JSON front matter")]
    PacketWithoutFrontMatter,
    /// A task packet for an agent that made no call for it.
    #[error("a task packet for {0:?} without any call")]
    PacketWithoutCall(String),
    /// Copied calls whose originals are missing.
    #[error(
        "{calls} calls that thread {parent} made, which is not among the files: copies are not \
         counted"
    )]
    OrphanedCopies {
        /// How many.
        calls: usize,
        /// The session that made them.
        parent: String,
    },
    /// A row of a log that names no folder.
    #[error("a row without 'dir_name'")]
    RowWithoutFolder,
    /// A file that should hold a time.
    #[error("no time in it; nothing is left out")]
    NoTime,
    /// The rest of a file's skips of one class, beyond those that are listed.
    #[error("{lines} more lines after this one were skipped")]
    FurtherLines {
        /// How many.
        lines: u64,
        /// Whether something is lost with them.
        is_damage: bool,
    },
    /// One that was told when the file was read; its result was kept.
    #[error("{text}")]
    Kept {
        /// The words.
        text: String,
        /// Whether something is lost.
        is_damage: bool,
    },
}

impl SkipReason {
    /// Whether something is lost. What else is passed over is normal in a healthy folder: side
    /// files, and records that say that nothing was billed.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::OtherRecords
            | Self::NoTime
            | Self::PacketWithoutCall(_)
            | Self::ZeroUsage
            | Self::EmptyRecord => false,
            Self::FurtherLines { is_damage, .. } | Self::Kept { is_damage, .. } => *is_damage,
            _ => true,
        }
    }
}

/// Why a row of a step table was passed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// A row that is no text.
    #[error("not UTF-8")]
    NotUtf8,
    /// A row with more or fewer cells than the table has columns.
    #[error("{cells} cells, wanted {wanted}")]
    CellCount {
        /// Cells of the row.
        cells: usize,
        /// Columns of the table.
        wanted: usize,
    },
    /// A cell that is no count.
    #[error("{column} is '{text}', wanted a whole number from 0")]
    NoCount {
        /// Its column.
        column: &'static str,
        /// How it begins.
        text: String,
    },
    /// A cell that is no time.
    #[error("{column} is '{text}', wanted a time like 2026-04-14T05:20:00Z")]
    NoTime {
        /// Its column.
        column: &'static str,
        /// How it begins.
        text: String,
    },
    /// A row that names no pipeline.
    #[error("pipeline is empty")]
    NoPipeline,
    /// A row whose times are the wrong way round.
    #[error("end is before start")]
    EndBeforeStart,
}

/// What a reader should know of the sources, in the order in which it is told.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum ImportNote {
    /// Crash records of a log.
    CrashRecords {
        /// How many of each kind.
        counts: CrashCounts,
        /// Groups of orphans, by their size: (size, groups), largest first.
        groups: Vec<(usize, usize)>,
    },
    /// Sessions that began before a log was cleared.
    BeforeClearing {
        /// When it was cleared, as the log has it.
        cleared_at: String,
        /// How many sessions.
        sessions: usize,
    },
    /// Rows of a log that later ones replace.
    ReplacedRows(u64),
    /// Sessions that were killed.
    KilledSessions(u32),
    /// An orchestrator that a log names and no file shows.
    UnseenOrchestrator {
        /// Its session.
        caller: String,
        /// How many sessions it dispatched.
        dispatches: usize,
    },
    /// What a log's sessions came to.
    LoggedSessions {
        /// All of them.
        all: usize,
        /// Those whose calls a file shows.
        with_calls: usize,
        /// Those of which only totals are known.
        with_totals: usize,
        /// Those without either.
        without_usage: usize,
    },
    /// Sessions that lay in several copies, of which the fullest counts.
    CopiedSessions {
        /// Copies that held nothing else.
        copies: usize,
        /// Copies that held calls of their own.
        branches: usize,
    },
    /// Subagents that reported to their sessions, and whose calls no file shows.
    MissingSubagents {
        /// How many.
        agents: usize,
        /// What they reported: the context and output of their last call, tokens.
        tokens: i64,
    },
    /// Calls that only a running total tells of.
    UntoldCalls(usize),
}

impl ImportNote {
    /// The notes of several parts as those of the whole: in order, and counts of one kind added up.
    pub(super) fn unite_notes(mut notes: Vec<Self>) -> Vec<Self> {
        notes.sort();
        let mut united: Vec<Self> = Vec::with_capacity(notes.len());
        for note in notes {
            if let Some(sum) = united.last().and_then(|before| before.sum_with(&note)) {
                united.pop();
                united.push(sum);
            } else {
                united.push(note);
            }
        }
        united
    }

    /// One note for two, where they count the same; what speaks of one log or one session stays.
    fn sum_with(&self, more: &Self) -> Option<Self> {
        use ImportNote::{CopiedSessions, LoggedSessions, MissingSubagents, UntoldCalls};
        Some(match (self, more) {
            (
                LoggedSessions { all, with_calls, with_totals, without_usage },
                LoggedSessions { all: a, with_calls: b, with_totals: c, without_usage: d },
            ) => LoggedSessions {
                all: all + a,
                with_calls: with_calls + b,
                with_totals: with_totals + c,
                without_usage: without_usage + d,
            },
            (
                CopiedSessions { copies, branches },
                CopiedSessions { copies: more_copies, branches: more_branches },
            ) => {
                CopiedSessions { copies: copies + more_copies, branches: branches + more_branches }
            }
            (
                MissingSubagents { agents, tokens },
                MissingSubagents { agents: more_agents, tokens: more_tokens },
            ) => MissingSubagents { agents: agents + more_agents, tokens: tokens + more_tokens },
            (UntoldCalls(calls), UntoldCalls(more)) => UntoldCalls(calls + more),
            _ => return None,
        })
    }
}

impl fmt::Display for ImportNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnseenOrchestrator { caller, dispatches } => write!(
                f,
                "orchestrator {caller} (dispatches: {dispatches}): no file shows it, so its \
                 tokens are unknown"
            ),
            Self::LoggedSessions { all, with_calls, with_totals, without_usage } => write!(
                f,
                "sessions in the log: {all}; with calls {with_calls}, with totals only \
                 {with_totals}, without any usage {without_usage}"
            ),
            Self::CrashRecords { counts: CrashCounts { records, pid_reuse, orphans }, groups } => {
                write!(
                    f,
                    "{records} crash records: {pid_reuse} opened again for the process id of a \
                     session that ended well, {orphans} orphans"
                )?;
                if !groups.is_empty() {
                    let groups: Vec<String> =
                        groups.iter().map(|(size, many)| format!("{many} of {size}")).collect();
                    write!(f, " (groups: {})", groups.join(", "))?;
                }
                Ok(())
            }
            Self::BeforeClearing { cleared_at, sessions } => write!(
                f,
                "left out because they began before the log's telemetry was cleared \
                 ({cleared_at}): {sessions}"
            ),
            Self::ReplacedRows(rows) => write!(
                f,
                "rows of the log that were written again for the same folder (the last counts): \
                 {rows}"
            ),
            Self::CopiedSessions { copies, branches } => {
                let older = "older copies of sessions, left out because the fullest counts";
                let more = "files that repeat calls of a session and add their own, a session of \
                            their own each";
                match (copies, branches) {
                    (0, _) => write!(f, "{more}: {branches}"),
                    (_, 0) => write!(f, "{older}: {copies}"),
                    _ => write!(f, "{older}: {copies}; {more}: {branches}"),
                }
            }
            Self::UntoldCalls(calls) => write!(
                f,
                "calls whose statements are lost, counted because a running total grew by more \
                 than was told: {calls}"
            ),
            Self::MissingSubagents { agents, tokens } => write!(
                f,
                "subagents whose transcripts are not among the files: {agents}; their calls are \
                 not counted (their last calls alone came to {tokens} tokens)"
            ),
            Self::KilledSessions(sessions) => write!(
                f,
                "sessions that ended without a result: {sessions}; their totals in the log were \
                 added up over records and are about twice too high, calls are taken where a \
                 file shows them"
            ),
        }
    }
}
