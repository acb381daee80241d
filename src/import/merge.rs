//! Merging what the files gave: every response is counted once, in a fixed order.
//!
//! Resume and branch copy history into a new file; a side thread can repeat its parent's responses
//! under new request ids. Of two copies a main thread keeps the call before a side thread, and a
//! session that ended earlier before one that went on. The other session keeps what is its own:
//! it opens with the copied history as one block.

use super::billed_remainders::{CallPlace, CountedCalls};
use super::ledger::{HarnessLedger, LedgerIndex};
use super::{
    BilledCost, CallKey, ImportOptions, ImportResult, ImportSkip, ParsedFile, SessionDraft,
    StatedBill, fork_lineage,
};
use crate::recording::{Basis, BlockKind, RawBlock, RawSession, RecordingBuilder, Role};
use crate::store::FoundFile;
use crate::units::Usage;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A first read of at least this many percent of the context is no static prefix: the session
/// goes on from another one. Source: MODEL.md, "Cache law".
const WARM_PERCENT: i64 = 95;

/// Static prefix where no session of the same harness and model shows one, percent of the first
/// context. Source: as above.
const STATIC_PERCENT: i64 = 60;

/// Builds the recording from the files, in the order of `files`.
pub fn merge_files(
    files: &[FoundFile],
    mut read: Vec<(Option<&'static str>, ParsedFile)>,
    folders: Vec<HarnessLedger>,
    options: &ImportOptions,
) -> ImportResult {
    let mut ledger_skips: Vec<ImportSkip> = Vec::new();
    let mut folders = folders;
    for folder in &mut folders {
        ledger_skips.append(&mut folder.skips);
    }
    let count = folders.len() as u64;
    let mut ledgers = LedgerIndex::new(folders);
    ledgers.annotate_sessions(&mut read);
    let mut sources: BTreeSet<&str> = read.iter().filter_map(|(source, _)| *source).collect();
    sources.extend(ledgers.source_names());
    let source = match sources.len() {
        1 => sources.first().copied().unwrap_or_default(),
        _ => "mixed",
    };
    let statics = ObservedPrefixes::from_files(&read);
    let replayed = fork_lineage::find_replayed_calls(&mut read);
    let originals = find_copied_calls(&mut read, &replayed);
    let shown = CountedCalls::new(&read, &originals);
    let rests: Vec<Vec<Vec<Usage>>> = read
        .iter()
        .enumerate()
        .map(|(file, (_, parsed))| {
            parsed.bills.iter().map(|bill| shown.usage_beyond_calls(file, bill)).collect()
        })
        .collect();
    let mut copies: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for &(file, draft, call) in originals.keys() {
        copies.entry((file, draft)).or_default().push(call);
    }
    let mut builder = RecordingBuilder::new(&options.name, source);
    let mut imported = ImportResult {
        recording: crate::recording::Recording::default(),
        skip_count: ledger_skips.len() as u64,
        skips: ledger_skips,
        notes: Vec::new(),
        files: count,
        bytes: 0,
        copies: originals.len() as u64,
        billed_cost: Vec::new(),
    };
    let mut placed: BTreeMap<(usize, usize), u32> = BTreeMap::new();
    let mut bills: Vec<(usize, StatedBill, Vec<Usage>, RawSession)> = Vec::new();
    let parts = files.iter().zip(read).zip(rests).enumerate();
    for (file, ((found, (source, parsed)), rests)) in parts {
        imported.files += u64::from(source.is_some());
        let source = source.unwrap_or_default();
        imported.copies += parsed.bills.iter().map(|bill| bill.restated).sum::<u64>();
        imported.skip_count += parsed.skips.len() as u64 + parsed.further_skips;
        report_skips(&found.label, parsed.skips, parsed.further_skips, &mut imported.skips);
        for (index, draft) in parsed.drafts.into_iter().enumerate() {
            let prefix = statics.prefix_of_session(&draft.session);
            let gone = copies.get(&(file, index)).map_or(&[][..], Vec::as_slice);
            let mut session = remove_calls(draft, gone);
            if session.calls.is_empty() {
                continue;
            }
            session.static_prefix = session.static_prefix.or(prefix);
            source.clone_into(&mut session.source);
            placed.insert((file, index), builder.session_count());
            builder.push_session(session);
        }
        for (bill, rests) in parsed.bills.into_iter().zip(rests) {
            let empty = empty_session(&bill.session, &found.label, source);
            bills.push((file, bill, rests, empty));
        }
    }
    let mut billed: BTreeSet<String> = BTreeSet::new();
    for (file, bill, rests, empty) in bills {
        // The same file under another name says nothing new.
        if billed.insert(format!("{} {:?}", bill.session, bill.models)) {
            let own = bill.drafts.clone().find_map(|draft| placed.get(&(file, draft)));
            let copies = (file, bill.drafts.start, 0)..(file, bill.drafts.end, 0);
            let mut kept = originals.range(copies).map(|(_, (file, draft, _))| (*file, *draft));
            let session = own.or_else(|| kept.find_map(|draft| placed.get(&draft))).copied();
            add_bill(&mut builder, bill, &rests, (session, empty), &mut imported.billed_cost);
        }
    }
    ledgers.add_sessions_without_calls(&mut builder);
    imported.notes = ledgers.notes;
    imported.recording = builder.finish();
    imported
}

fn report_skips(file: &str, skips: Vec<(u64, String)>, more: u64, told: &mut Vec<ImportSkip>) {
    let last = skips.last().map_or(0, |(line, _)| *line);
    let mut tell = |line, reason| {
        let file = file.to_owned();
        told.push(ImportSkip { file, line, reason });
    };
    for (line, reason) in skips {
        tell(line, reason);
    }
    if more > 0 {
        tell(last, format!("{more} more lines after this one were skipped"));
    }
}

/// Adds what was billed beyond the calls to the session that shows them, or to an empty one.
fn add_bill(
    builder: &mut RecordingBuilder,
    bill: StatedBill,
    rests: &[Usage],
    (session, empty): (Option<u32>, RawSession),
    costs: &mut Vec<BilledCost>,
) {
    let file = empty.file.clone();
    let session = session.unwrap_or_else(|| {
        builder.push_session(empty);
        builder.session_count() - 1
    });
    for ((model, _), rest) in bill.models.iter().zip(rests) {
        if !rest.is_zero() {
            builder.push_remainder(session, model, *rest, "billed beyond the calls shown");
        }
    }
    costs.extend(bill.costs.into_iter().map(|(line, usd)| {
        let file = file.clone();
        BilledCost { file, line, session, usd }
    }));
}

fn empty_session(id: &str, file: &str, source: &str) -> RawSession {
    let mut session = RawSession::new(id.to_owned(), file, Role::Main);
    session.pipeline.clone_from(&session.id);
    session.times_basis = Basis::Estimated;
    source.clone_into(&mut session.source);
    session
}

/// Finds the calls that are copies, each with the call that counts for it.
///
/// Where a copy knows more of the output (its original was cut), the original learns it. A file
/// with times is an original before one without. `replayed` says how many of a draft's first calls
/// are another thread's; these stand for themselves here.
fn find_copied_calls(
    read: &mut [(Option<&'static str>, ParsedFile)],
    replayed: &BTreeMap<(usize, usize), usize>,
) -> BTreeMap<CallPlace, CallPlace> {
    // Of two files with one thread the fuller one has it, whichever ended first.
    let twins = fork_lineage::rank_duplicate_drafts(read);
    let mut order: Vec<(bool, bool, Option<usize>, i64, usize, usize)> = Vec::new();
    for (file, (_, parsed)) in read.iter().enumerate() {
        for (index, draft) in parsed.drafts.iter().enumerate() {
            let twin = twins.get(&(file, index)).copied();
            let untimed = draft.last_ms == i64::MIN;
            order.push((draft.sidechain, untimed, twin, draft.last_ms, file, index));
        }
    }
    order.sort_unstable();
    let mut first: HashMap<u128, (u64, CallPlace)> = HashMap::new();
    let mut others: HashMap<CallKey, CallPlace> = HashMap::new();
    let mut copies: BTreeMap<CallPlace, CallPlace> = BTreeMap::new();
    let mut better: Vec<(CallPlace, Usage)> = Vec::new();
    for (sidechain, _, _, _, file, index) in order {
        let draft = &read[file].1.drafts[index];
        let theirs = replayed.get(&(file, index)).copied().unwrap_or(0);
        if theirs > 0 {
            copies.extend((0..theirs).map(|at| ((file, index, at), (file, index, at))));
        }
        for (at, (key, call)) in
            draft.keys.iter().zip(&draft.session.calls).enumerate().skip(theirs)
        {
            let place = (file, index, at);
            let original = match first.get(&key.id) {
                None => {
                    first.insert(key.id, (key.request, place));
                    continue;
                }
                Some((request, original))
                    if sidechain
                        || *request == key.request
                        || *request == 0
                        || key.request == 0 =>
                {
                    *original
                }
                Some(_) => {
                    if let Some(original) = others.get(key) {
                        *original
                    } else {
                        others.insert(*key, place);
                        continue;
                    }
                }
            };
            copies.insert(place, original);
            better.push((original, call.usage));
        }
    }
    for ((file, index, at), usage) in better {
        let known = &mut read[file].1.drafts[index].session.calls[at].usage;
        if usage.output > known.output && usage.context_tokens() == known.context_tokens() {
            *known = usage;
        }
    }
    copies
}

/// The session without the calls at `gone`.
fn remove_calls(draft: SessionDraft, gone: &[usize]) -> RawSession {
    let mut session = draft.session;
    if gone.is_empty() {
        return session;
    }
    let first_context = session.calls.first().map_or(0, |call| call.usage.context_tokens());
    let mut places: Vec<Option<u32>> = Vec::with_capacity(session.calls.len());
    let mut kept = Vec::with_capacity(session.calls.len() - gone.len());
    let mut history = 0;
    for (at, mut call) in std::mem::take(&mut session.calls).into_iter().enumerate() {
        if gone.binary_search(&at).is_ok() {
            places.push(None);
            history = call.usage.context_tokens() + call.usage.output - first_context;
            continue;
        }
        places.push(Some(kept.len() as u32));
        for block in &mut call.inputs {
            block.peer = block.peer.and_then(|(of, output)| {
                let of = places.get(of as usize).copied().flatten()?;
                Some((of, output))
            });
        }
        if kept.is_empty() && history > 0 {
            call.inputs.insert(0, RawBlock::from_size(BlockKind::Unattributed, 0, history));
        }
        kept.push(call);
    }
    session.invocations = std::mem::take(&mut session.invocations)
        .into_iter()
        .filter_map(|(at, packet)| Some((places.get(at as usize).copied().flatten()?, packet)))
        .collect();
    session.calls = kept;
    session.records = session.calls.iter().map(|call| call.records).sum();
    session
}

/// The static prefixes that first calls show, by harness version, model and role.
struct ObservedPrefixes(BTreeMap<(String, String, bool), Vec<i64>>);

impl ObservedPrefixes {
    fn from_files(read: &[(Option<&'static str>, ParsedFile)]) -> Self {
        let mut shown: BTreeMap<(String, String, bool), Vec<i64>> = BTreeMap::new();
        for draft in read.iter().flat_map(|(_, parsed)| &parsed.drafts) {
            if let Some(prefix) = observed_prefix(&draft.session) {
                shown.entry(prefix_group(&draft.session)).or_default().push(prefix);
            }
        }
        for prefixes in shown.values_mut() {
            prefixes.sort_unstable();
        }
        Self(shown)
    }

    /// The static prefix of a session: its own, else the lower median of its kind, else a share.
    fn prefix_of_session(&self, session: &RawSession) -> Option<i64> {
        let first = session.calls.first()?.usage.context_tokens();
        let of_kind = || {
            let prefixes = self.0.get(&prefix_group(session))?;
            prefixes.get((prefixes.len() - 1) / 2).copied()
        };
        let prefix = observed_prefix(session).or_else(of_kind);
        Some(prefix.unwrap_or(first * STATIC_PERCENT / 100))
    }
}

fn observed_prefix(session: &RawSession) -> Option<i64> {
    let usage = session.calls.first()?.usage;
    let cold = usage.read > 0 && usage.read * 100 < usage.context_tokens() * WARM_PERCENT;
    cold.then_some(usage.read)
}

fn prefix_group(session: &RawSession) -> (String, String, bool) {
    let model = session.calls.first().and_then(|call| session.models.get(usize::from(call.model)));
    let sub = session.role == Role::Subagent;
    (session.version.clone(), model.cloned().unwrap_or_default(), sub)
}
