//! What ties units together: the calls that they hold, and the sessions that they name.

use crate::import::ledger::HarnessLedger;
use crate::import::parsed_file::ReadFile;
use std::collections::BTreeSet;
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// A fingerprint: units that share one are imported together.
pub(crate) type ConnectionKey = [u8; 16];

/// Everything by which files or ledgers may be looked up from another unit.
pub(super) fn connection_keys(
    read: &[ReadFile],
    ledgers: &[HarnessLedger],
) -> BTreeSet<ConnectionKey> {
    let mut keys = BTreeSet::new();
    let mut sessions: BTreeSet<&str> = BTreeSet::new();
    for (_, parsed) in read {
        for draft in &parsed.drafts {
            // Copies of a call, whichever sessions they stand in.
            keys.extend(draft.identities.iter().map(|call| call.key.id.to_le_bytes()));
            sessions.insert(&draft.session.id);
            if let Some(lineage) = &draft.lineage {
                sessions.insert(&lineage.session_id);
                sessions.extend(lineage.parents.iter().map(String::as_str));
            }
        }
        sessions.extend(parsed.bills.iter().map(|bill| bill.session.as_str()));
        sessions.extend(parsed.reported_agents.iter().map(|(agent, _)| agent.as_str()));
    }
    for (id, entry) in ledgers.iter().flat_map(|ledger| &ledger.entries) {
        sessions.extend([id.as_str(), entry.caller.as_str()]);
    }
    // Subagents are named under their session, and belong to it.
    let families = sessions.into_iter().map(|id| id.split('/').next().unwrap_or_default());
    // Sessions without a name are nobody else's.
    let families = families.filter(|id| !id.is_empty());
    // Calls have the seed 0: an id may name a call and a session.
    keys.extend(families.map(|id| xxh3_128_with_seed(id.as_bytes(), 1).to_le_bytes()));
    keys
}
