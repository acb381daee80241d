//! Merging what the files gave: every response is counted once, in a fixed order.
//!
//! Resume and branch copy history into a new file; a subagent can repeat its parent's responses
//! under new request ids; backups and checkpoints hold a session as it was by then. Of two copies a
//! main session keeps the call before a subagent, a session that ended earlier before one that went
//! on, and the fullest copy of a session before the others (`copied_calls`). What holds nothing but
//! copies is no session; any other keeps what is its own: it opens with the copied history as one
//! block.

use super::billed_remainders::{CountedCalls, matching_model};
use super::copied_calls::{DraftOrder, OriginalCalls, find_copied_calls};
use super::fork_lineage::{self, DraftPlace};
use super::import_result::{BilledCost, ImportResult};
use super::ledger::{HarnessLedger, LedgerIndex};
use super::merge_notes;
use super::parsed_file::{BeyondCalls, ReadFile, SessionDraft, StatedBill};
use super::prefix_facts::{ObservedPrefixes, facts_of_file};
use super::skip::{ImportNote, ImportSkip};
use super::thread_totals::join_threads;
use crate::price::UNSTATED_MODEL;
use crate::recording::{Basis, BlockKind, RawBlock, RawCall, RawSession, RecordingBuilder, Role};
use crate::store::FoundFile;
use crate::units::Usage;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What holds of all files of an import together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct WholeImport {
    /// The one source of all files and ledgers, or `mixed`.
    pub source: String,
    /// The prefixes that sessions without one of their own take.
    pub prefixes: ObservedPrefixes,
}

/// Builds the recording from the files, in the order of `files`; `whole` tells what they do not
/// where they are a part of an import.
pub(super) fn merge_files(
    files: &[FoundFile],
    mut read: Vec<ReadFile>,
    mut folders: Vec<HarnessLedger>,
    name: &str,
    whole: Option<&WholeImport>,
) -> ImportResult {
    let skips: Vec<ImportSkip> =
        folders.iter_mut().flat_map(|folder| std::mem::take(&mut folder.skips)).collect();
    let folder_count = folders.len() as u64;
    // Ledgers come first: what they say of a session moves with it into the recording.
    let mut ledgers = LedgerIndex::new(folders);
    ledgers.annotate_sessions(&mut read);
    join_threads(&mut read);
    let replayed = fork_lineage::find_replayed_calls(&mut read);
    let order = DraftOrder::from_files(&read);
    // Prefixes are observed before copies go: the first call of a session that copied history shows
    // one as well as any. Copies of one session show it once.
    let made;
    let whole = match whole {
        Some(whole) => whole,
        None => {
            let facts = files.iter().zip(&read);
            let facts = facts.flat_map(|(file, (_, parsed))| facts_of_file(&file.label, parsed));
            let source = common_source(source_names(&read, &ledgers)).to_owned();
            made = WholeImport { source, prefixes: ObservedPrefixes::from_facts(facts) };
            &made
        }
    };
    let originals = find_copied_calls(&mut read, &order, &replayed);
    // Notes and remainders speak of copies, which are gone from the drafts further down.
    let notes = merge_notes::notes_of_files(&read, &order, &originals);
    let remainders = remainders_of_bills(&read, &originals);
    let mut builder = RecordingBuilder::new(name, &whole.source);
    let drafts = read.iter().flat_map(|(_, parsed)| &parsed.drafts);
    builder.reserve_for(drafts.map(|draft| &draft.session));
    let mut imported = result_of_folders(skips, folder_count);
    imported.copies = originals.len() as u64;
    let mut session_of_draft: BTreeMap<DraftPlace, u32> = BTreeMap::new();
    let mut bills: Vec<HeldBill> = Vec::new();
    let parts = files.iter().zip(read).zip(remainders).enumerate();
    for (file, ((found, (source, mut parsed)), remainders)) in parts {
        imported.files += u64::from(source.is_some());
        let source = source.unwrap_or_default();
        imported.copies += parsed.bills.iter().map(|bill| bill.restated).sum::<u64>();
        imported.skip_counts += parsed.skip_counts;
        imported.skips.extend(parsed.take_skips().into_iter().map(|(line, reason)| ImportSkip {
            file: found.label.clone(),
            line,
            reason,
        }));
        for (index, draft) in parsed.drafts.into_iter().enumerate() {
            let prefix = whole.prefixes.prefix_of_session(&draft.session);
            let (mut session, beyond) = remove_copies(draft, (file, index), &originals);
            // Nothing but copies: the session is another file's.
            if session.calls.is_empty() {
                continue;
            }
            session.static_prefix = session.static_prefix.or(prefix);
            source.clone_into(&mut session.source);
            let at = builder.session_count();
            // A draft without a session of its own is missing here; its bills look for the keeper.
            session_of_draft.insert((file, index), at);
            builder.push_session(session);
            for more in beyond.into_values().flatten() {
                builder.push_remainder_under(at, &more.model, more.usage, more.why, more.modifiers);
            }
        }
        // An older copy of a run states less than the fullest one, which states all of it.
        imported.copies += remainders.iter().filter(|rest| rest.is_none()).count() as u64;
        bills.extend(parsed.bills.into_iter().zip(remainders).filter_map(|(bill, remainders)| {
            let empty_session = empty_session(&bill.session, &found.label, source);
            Some(HeldBill { file, bill, remainders: remainders?, empty_session })
        }));
    }
    // Bills come last: the session that one belongs to may be another file's. The same file under
    // another name says nothing new.
    let mut billed: BTreeSet<String> = BTreeSet::new();
    bills.retain(|held| billed.insert(format!("{} {:?}", held.bill.session, held.bill.models)));
    let sessions = sessions_of_bills(&bills, &builder, &session_of_draft, &originals);
    for (held, session) in bills.into_iter().zip(sessions) {
        let own = held.bill.drafts.clone().map(|draft| (held.file, draft));
        let own: Vec<u32> = own.filter_map(|draft| session_of_draft.get(&draft).copied()).collect();
        add_bill(&mut builder, held, (session, &own), &mut imported.billed_cost);
    }
    ledgers.add_sessions_without_calls(&mut builder);
    imported.notes = ImportNote::unite_notes([ledgers.notes, notes].concat());
    // Sessions are renumbered at the end: costs name their old numbers.
    let (recording, places) = builder.finish().in_import_order();
    imported.recording = recording;
    for cost in &mut imported.billed_cost {
        cost.session = places[cost.session as usize];
    }
    imported
}

/// What ledgers brought, before any file is looked at.
fn result_of_folders(skips: Vec<ImportSkip>, folders: u64) -> ImportResult {
    let skip_counts = skips.iter().map(ImportSkip::counts).sum();
    ImportResult { skip_counts, skips, files: folders, ..ImportResult::default() }
}

/// The sources of some files and ledgers.
pub(super) fn source_names(read: &[ReadFile], ledgers: &LedgerIndex) -> BTreeSet<&'static str> {
    let mut sources = ledgers.source_names();
    sources.extend(read.iter().filter_map(|(source, _)| *source));
    sources
}

/// The one source of all, or `mixed`.
pub(super) fn common_source(sources: BTreeSet<&str>) -> &str {
    match sources.len() {
        1 => sources.first().copied().unwrap_or_default(),
        _ => "mixed",
    }
}

/// What each bill of each file names beyond the calls, while every file still has its copies;
/// nothing for a bill that a fuller copy of its file states in full.
fn remainders_of_bills(
    read: &[ReadFile],
    originals: &OriginalCalls,
) -> Vec<Vec<Option<Vec<Usage>>>> {
    let counted = CountedCalls::new(read, originals);
    read.iter()
        .enumerate()
        .map(|(file, (_, parsed))| {
            let bills = parsed.bills.iter().map(|bill| {
                let is_restated = counted.is_restated_by_copy(file, bill);
                (!is_restated).then(|| counted.usage_beyond_calls(file, bill))
            });
            bills.collect()
        })
        .collect()
}

/// A bill, what it names beyond the calls, and the session that stands in where none shows them.
struct HeldBill {
    file: usize,
    bill: StatedBill,
    remainders: Vec<Usage>,
    empty_session: RawSession,
}

/// The sessions that bills belong to: of their own files; where that holds nothing but copies, the
/// one that keeps the first of them; where it shows none, the one of their name.
fn sessions_of_bills(
    bills: &[HeldBill],
    builder: &RecordingBuilder,
    session_of_draft: &BTreeMap<DraftPlace, u32>,
    originals: &OriginalCalls,
) -> Vec<Option<u32>> {
    // Of several sessions of a name the first one has it.
    let sessions = builder.sessions().iter().enumerate().rev();
    let named: HashMap<&str, u32> =
        sessions.map(|(at, session)| (session.id.as_str(), at as u32)).collect();
    let session_of_bill = |HeldBill { file, bill, .. }: &HeldBill| {
        if bill.drafts.is_empty() {
            let id = Some(bill.session.as_str()).filter(|id| !id.is_empty());
            return id.and_then(|id| named.get(id)).copied();
        }
        let own = bill.drafts.clone().find_map(|draft| session_of_draft.get(&(*file, draft)));
        // Places sort by file, draft and call: this range holds every copied call of the bill's
        // drafts.
        let copies = (*file, bill.drafts.start, 0)..(*file, bill.drafts.end, 0);
        let mut keepers = originals.range(copies).map(|(_, &(file, draft, _))| (file, draft));
        own.or_else(|| keepers.find_map(|draft| session_of_draft.get(&draft))).copied()
    };
    bills.iter().map(session_of_bill).collect()
}

/// Adds what was billed beyond the calls to the session that shows them, or to an empty one.
fn add_bill(
    builder: &mut RecordingBuilder,
    held: HeldBill,
    (session, own): (Option<u32>, &[u32]),
    costs: &mut Vec<BilledCost>,
) {
    let HeldBill { bill, remainders, empty_session, .. } = held;
    let file = empty_session.file.clone();
    let session = session.unwrap_or_else(|| {
        // No file shows a call of it: a session without calls holds the bill.
        builder.push_session(empty_session);
        builder.session_count() - 1
    });
    for (at, ((model, _), mut rest)) in bill.models.iter().zip(remainders).enumerate() {
        // The bill states all output, so that what the log hides of it is part of the rest.
        let is_model = |name: &str| matching_model(&bill.models, name) == Some(at);
        // Where its own file holds copies alone, the session that keeps them has the calls.
        for &shown in own.iter().chain([&session]) {
            rest.output -= builder.confirm_hidden_output(shown, is_model, rest.output);
        }
        // Remainders stand in the order of the bill's models.
        if rest.is_zero() {
            continue;
        }
        // A bill that names no model is of the one that its session's calls name.
        let is_unstated = model == UNSTATED_MODEL;
        let known = if is_unstated { builder.only_model_of(session) } else { None };
        let model = known.unwrap_or(model).to_owned();
        let modifiers = builder.modifiers_in_session(session, is_model);
        let why = "billed beyond the calls shown";
        builder.push_remainder_under(session, &model, rest, why, modifiers);
    }
    costs.extend(bill.costs.into_iter().map(|(line, usd)| {
        let file = file.clone();
        BilledCost { file, line, session, usd }
    }));
}

fn empty_session(id: &str, file: &str, source: &str) -> RawSession {
    let mut session = RawSession::new(id.to_owned(), file, Role::Main);
    session.pipeline.clone_from(&session.id);
    // Without calls nothing was timed.
    session.times_basis = Basis::Estimated;
    source.clone_into(&mut session.source);
    session
}

/// The session without the calls that are copies, and what its own calls billed beyond themselves.
fn remove_copies(
    draft: SessionDraft,
    (file, index): DraftPlace,
    originals: &OriginalCalls,
) -> (RawSession, BeyondCalls) {
    let (mut session, mut beyond) = (draft.session, draft.beyond);
    // Most sessions have no copies, and stay as they are.
    if originals.range((file, index, 0)..(file, index + 1, 0)).next().is_none() {
        return (session, beyond);
    }
    let first_context = session.calls.first().map_or(0, |call| call.usage.context_tokens());
    // By old index: the new one of a call that stays.
    let mut new_index: Vec<Option<u32>> = Vec::with_capacity(session.calls.len());
    // And how many calls stay before it.
    let mut own_before: Vec<u32> = Vec::with_capacity(session.calls.len());
    let mut remaining: Vec<RawCall> = Vec::new();
    let mut history = 0;
    for (at, mut call) in std::mem::take(&mut session.calls).into_iter().enumerate() {
        own_before.push(remaining.len() as u32);
        if originals.contains_key(&(file, index, at)) {
            new_index.push(None);
            // What the last copy left in the context, beyond what the session starts with.
            history = call.usage.context_tokens() + call.usage.output - first_context;
            continue;
        }
        new_index.push(Some(remaining.len() as u32));
        for block in &mut call.inputs {
            // A result whose tool use went with a copy answers nothing in this session.
            block.peer = block.peer.and_then(|(call, output)| {
                Some((new_index.get(call as usize).copied().flatten()?, output))
            });
        }
        // What the copies built up stands before the first own call, as one block.
        if remaining.is_empty() && history > 0 {
            call.inputs.insert(0, RawBlock::from_size(BlockKind::Unattributed, 0, history));
        }
        remaining.push(call);
    }
    // The first call without a block may be a copy: the next own one is then the first.
    let own_calls = remaining.len() as u32;
    let inputs = remaining.iter_mut().flat_map(|call| &mut call.inputs);
    for left in inputs.filter_map(|block| block.left.as_mut()) {
        *left = own_before.get(*left as usize).copied().unwrap_or(own_calls);
    }
    // A packet that woke a copied call belongs to the original's session.
    session.invocations = std::mem::take(&mut session.invocations)
        .into_iter()
        .filter_map(|(at, packet)| Some((new_index.get(at as usize).copied().flatten()?, packet)))
        .collect();
    session.calls = remaining;
    session.records = session.calls.iter().map(|call| call.records).sum();
    beyond.retain(|call, _| new_index.get(*call as usize).copied().flatten().is_some());
    (session, beyond)
}
