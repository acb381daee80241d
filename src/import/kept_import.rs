//! An import on its way into the parse cache or to where the parts of a fleet are put together,
//! and back: the recording in binary columns, and before it what was said of the files. Skips are
//! kept in their words, which nobody reads on.

use super::import_result::{BilledCost, ImportResult};
use super::skip::{ImportNote, ImportSkip, SkipReason};
use crate::recording::{SkipCounts, format};
use serde::{Deserialize, Serialize};

/// What an import brings beside its recording.
#[derive(Serialize, Deserialize)]
struct KeptFacts {
    /// File, line, whether something is lost, reason.
    skips: Vec<(String, u64, bool, String)>,
    damage: u64,
    harmless: u64,
    files: u64,
    bytes: u64,
    copies: u64,
    /// File, line, session, bits of the dollars.
    costs: Vec<(String, u64, u32, u64)>,
    notes: Vec<ImportNote>,
}

/// Whether an import will be the same the next time: not where a file could not be read though it
/// is the same. Nor is one kept without calls.
pub(super) fn can_be_kept(imported: &ImportResult) -> bool {
    use SkipReason::{CutOff, Unreachable, Unreadable};
    let mut reasons = imported.skips.iter().map(|skip| &skip.reason);
    !imported.recording.calls.is_empty()
        && !reasons.any(|it| matches!(it, CutOff(_) | Unreachable(_) | Unreadable(_)))
}

/// An import as bytes.
pub(super) fn to_bytes(imported: &ImportResult) -> Option<Vec<u8>> {
    let skips = imported.skips.iter();
    let costs = imported.billed_cost.iter();
    let facts = KeptFacts {
        skips: skips
            .map(|it| (it.file.clone(), it.line, it.reason.is_damage(), it.reason.to_string()))
            .collect(),
        damage: imported.skip_counts.damage,
        harmless: imported.skip_counts.harmless,
        files: imported.files,
        bytes: imported.bytes,
        copies: imported.copies,
        // As bits: a float that went through text need not come back the same.
        costs: costs.map(|it| (it.file.clone(), it.line, it.session, it.usd.to_bits())).collect(),
        notes: imported.notes.clone(),
    };
    let facts = serde_json::to_vec(&facts).ok()?;
    let length = (facts.len() as u64).to_le_bytes();
    // `from_bytes` splits in this order.
    Some([&length[..], &facts, &format::write_tables(&imported.recording)].concat())
}

/// An import from bytes, under the name that is asked for; nothing where they are not whole.
pub(super) fn from_bytes(bytes: &[u8], name: &str) -> Option<ImportResult> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (facts, columns) = rest.split_at_checked(length)?;
    let facts: KeptFacts = serde_json::from_slice(facts).ok()?;
    let mut recording = format::read_tables(columns).ok()?;
    name.clone_into(&mut recording.name);
    // A reason is kept as its words; what it was made of is not needed again.
    let skips = facts.skips.into_iter().map(|(file, line, is_damage, text)| {
        let reason = SkipReason::Kept { text, is_damage };
        ImportSkip { file, line, reason }
    });
    let costs = facts.costs.into_iter().map(|(file, line, session, usd)| {
        let usd = f64::from_bits(usd);
        BilledCost { file, line, session, usd }
    });
    Some(ImportResult {
        recording,
        skips: skips.collect(),
        skip_counts: SkipCounts { damage: facts.damage, harmless: facts.harmless },
        files: facts.files,
        bytes: facts.bytes,
        copies: facts.copies,
        billed_cost: costs.collect(),
        notes: facts.notes,
    })
}
