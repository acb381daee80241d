//! Which of several copies of a call counts, and which copy of a session is the session.
//!
//! A session may lie in many files: checkpoints, backups, conflicts of a sync, each holding what
//! there was by then. The fullest copy is the session and keeps all its calls; what an older copy
//! holds beside these is a branch, and a session of its own.

pub(super) use super::call_group::CallPlace;
use super::call_group::{CallGroup, SeenCall};
use super::fork_lineage::DraftPlace;
use super::parsed_file::{CallIdentity, ReadFile, SessionDraft, prompt_classes};
use crate::recording::RawCall;
use crate::units::Usage;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// By copy: the call that counts for it.
pub(super) type OriginalCalls = BTreeMap<CallPlace, CallPlace>;

/// The drafts in the order in which they may keep a call.
pub(super) struct DraftOrder {
    /// All of them.
    pub places: Vec<DraftPlace>,
    /// Those that are older or lesser copies of a session that another draft shows in full.
    pub lesser_copies: BTreeSet<DraftPlace>,
}

impl DraftOrder {
    /// Main sessions before subagents, with times before without, then by the end of the session.
    /// Where several drafts show one session, its fullest decides, and the others follow it.
    pub(super) fn from_files(read: &[ReadFile]) -> Self {
        let mut by_session: BTreeMap<(&str, usize), Vec<DraftPlace>> = BTreeMap::new();
        for (file, (_, parsed)) in read.iter().enumerate() {
            for (index, draft) in parsed.drafts.iter().enumerate() {
                // Sessions without a name are the same only within their file.
                let id = draft.session.id.as_str();
                let nameless = if id.is_empty() { file + 1 } else { 0 };
                by_session.entry((id, nameless)).or_default().push((file, index));
            }
        }
        let calls_of_files: Vec<usize> =
            read.iter().map(|(_, parsed)| parsed.call_count()).collect();
        let mut lesser_copies = BTreeSet::new();
        let mut sessions: Vec<(bool, bool, i64, Vec<DraftPlace>)> = Vec::new();
        for mut copies in by_session.into_values() {
            // Most sessions are in one file, and need no comparison.
            if copies.len() > 1 {
                copies.sort_by_cached_key(|place| {
                    (rank_of_draft(draft_at(read, *place), calls_of_files[place.0]), *place)
                });
                lesser_copies.extend(&copies[1..]);
            }
            let fullest = draft_at(read, copies[0]);
            let is_untimed = fullest.last_ms == i64::MIN;
            sessions.push((fullest.sidechain, is_untimed, fullest.last_ms, copies));
        }
        // False sorts before true: main sessions first, then those with times.
        sessions.sort_unstable();
        let places = sessions.into_iter().flat_map(|(.., copies)| copies).collect();
        Self { places, lesser_copies }
    }
}

/// Which of several drafts of a session is the session: the least rank.
pub(super) type DraftRank = [i64; 9];

/// The fullest draft comes first, of equal ones that of the fullest file, so that a session and its
/// subagents stay together, and of equal files the shortest name: copies add to names.
pub(super) fn rank_of_draft(draft: &SessionDraft, file_calls: usize) -> DraftRank {
    let session = &draft.session;
    let output: i64 = session.calls.iter().map(|call| call.usage.output).sum();
    let blocks: usize =
        session.calls.iter().map(|call| call.inputs.len() + call.outputs.len()).sum();
    let calls = session.calls.len() as i64;
    let told = [calls, output, session.records.into(), blocks as i64, draft.last_ms];
    // The complement of a number is less where the number is more.
    let [calls, output, records, blocks, last_ms] = told.map(|number| !number);
    let [is_untimed, is_retold] = [draft.last_ms == i64::MIN, draft.is_retold].map(i64::from);
    let (file_calls, name) = (!(file_calls as i64), session.file.len() as i64);
    [is_untimed, is_retold, calls, output, records, blocks, last_ms, file_calls, name]
}

/// Finds the calls that are copies, each with the call that counts for it.
///
/// Where a copy knows more of the usage (its original was cut), the original learns it. `replayed`
/// says how many of a draft's first calls are another session's; these stand for themselves here.
pub(super) fn find_copied_calls(
    read: &mut [ReadFile],
    order: &DraftOrder,
    replayed: &BTreeMap<DraftPlace, usize>,
) -> OriginalCalls {
    let mut counted =
        CountedIdentities::with_room(read.iter().map(|(_, parsed)| parsed.call_count()).sum());
    let mut copies = OriginalCalls::new();
    // (original, copy) where the copy knows more.
    let mut learned: Vec<(CallPlace, CallPlace)> = Vec::new();
    for &(file, index) in &order.places {
        let draft = &read[file].1.drafts[index];
        let replays = replayed.get(&(file, index)).copied().unwrap_or(0);
        copies.extend((0..replays).map(|at| ((file, index, at), (file, index, at))));
        for (at, identity) in draft.identities.iter().enumerate().skip(replays) {
            let place = (file, index, at);
            // Calls that come earlier in this order keep their copies.
            match counted.find_original(read, place) {
                Some(original) => {
                    copies.insert(place, original);
                    if knows_more(identity, &read[original.0].1.drafts[original.1], original.2) {
                        learned.push((original, place));
                    }
                }
                None => counted.insert(read, identity, place),
            }
        }
    }
    // Only now: until all copies are found, usage is what tells calls apart.
    for (original, copy) in learned {
        learn_usage(read, original, copy);
    }
    copies
}

fn draft_at(read: &[ReadFile], (file, index): DraftPlace) -> &SessionDraft {
    &read[file].1.drafts[index]
}

fn knows_more(copy: &CallIdentity, draft: &SessionDraft, at: usize) -> bool {
    let (told, known) = (copy.told, draft.identities[at].told);
    is_fuller(&told, &known)
}

/// Whether one statement of a response's usage is fuller than another of the same response: its
/// prompt is told once and for all, its output grows while it streams.
pub(super) fn is_fuller(told: &Usage, known: &Usage) -> bool {
    let [told, known] =
        [told, known].map(|usage| (usage.context_tokens(), usage.output, usage.write_1h));
    told > known
}

fn learn_usage(
    read: &mut [ReadFile],
    (file, index, at): CallPlace,
    (from_file, from_index, from): CallPlace,
) {
    let source = &read[from_file].1.drafts[from_index];
    let identity = source.identities[from];
    let RawCall { usage, facts, .. } = source.session.calls[from];
    let beyond = source.beyond.get(&(from as u32)).cloned();
    let draft = &mut read[file].1.drafts[index];
    // Of several copies that know more, the one that knows most is asked whichever comes last.
    if !is_fuller(&identity.told, &draft.identities[at].told) {
        return;
    }
    // The conditions of a price stand beside the usage that they are told with.
    let own = &mut draft.session.calls[at];
    (own.usage, own.facts) = (usage, facts);
    draft.identities[at].told = identity.told;
    draft.beyond.remove(&(at as u32));
    draft.beyond.extend(beyond.map(|more| (at as u32, more)));
}

/// The calls that count so far, by response and prompt.
struct CountedIdentities {
    by_prompt: HashMap<(u128, [i64; 3]), CallGroup>,
    /// By response: its first call, for copies that tell nothing of the prompt.
    by_response: HashMap<u128, CallPlace>,
}

impl CountedIdentities {
    /// None of so many calls: to grow would hold all of them twice.
    fn with_room(calls: usize) -> Self {
        let (by_prompt, by_response) =
            (HashMap::with_capacity(calls), HashMap::with_capacity(calls));
        Self { by_prompt, by_response }
    }

    fn insert(&mut self, read: &[ReadFile], identity: &CallIdentity, place: CallPlace) {
        let id = identity.key.id;
        let prompt = prompt_classes(&identity.told);
        self.by_prompt.entry((id, prompt)).or_default().add(place, |place| seen_call(read, place));
        self.by_response.entry(id).or_insert(place);
    }

    fn find_original(&self, read: &[ReadFile], place: CallPlace) -> Option<CallPlace> {
        let call = seen_call(read, place);
        let original = |group: &CallGroup| group.original_of(&call, |place| seen_call(read, place));
        let id = call.identity.key.id;
        let prompt = prompt_classes(&call.identity.told);
        // Where one of the two was written before the prompt was counted, the ids have to do.
        let unknown = || match prompt {
            // This one tells no prompt: the first call of the response, if nothing speaks against
            // it.
            [0, 0, 0] => {
                let first = self.by_response.get(&id).copied();
                first.filter(|place| call.is_copy_of(&seen_call(read, *place)))
            }
            // The other one told none.
            _ => self.by_prompt.get(&(id, [0; 3])).and_then(original),
        };
        self.by_prompt.get(&(id, prompt)).and_then(original).or_else(unknown)
    }
}

fn seen_call(read: &[ReadFile], (file, index, at): CallPlace) -> SeenCall<'_> {
    let draft = &read[file].1.drafts[index];
    let SessionDraft { session, sidechain, identities, .. } = draft;
    SeenCall { session: &session.id, sidechain: *sidechain, identity: &identities[at] }
}
