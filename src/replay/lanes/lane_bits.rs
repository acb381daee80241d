//! Which bits differ between the lanes of a block.

use super::block_subsets::WIDTH;
use super::stretch;
use crate::plan::{Island, Plan, ToggleSubset};

/// How the rows of an island meet a bit.
#[derive(Clone, Copy)]
struct BitContact {
    /// How many rows part lanes that differ in it.
    parting_rows: u32,
    /// The first row that it touches; the last one of all if there is none.
    first_row: u32,
}

/// Up to six bits of an island: not those that bring rules, variants or resumes, then those at
/// which the fewest rows would part the lanes, and of these the ones that are met last.
pub(super) fn choose_lane_bits(plan: &Plan, island: &Island) -> Vec<ToggleSubset> {
    // What these bits change holds for a whole session or run, which a lane shares with its block,
    // and so does where contexts start over.
    let mut session_wide = island.placed_by;
    let mut contacts =
        [BitContact { parting_rows: 0, first_row: u32::MAX }; ToggleSubset::BITS as usize];
    for planned in plan.sessions_of_island(island) {
        let rules = &plan.rules[planned.rules.start as usize..planned.rules.end as usize];
        session_wide |= rules.iter().fold(0, |all, (bit, _)| all | bit);
        for run in plan.runs_of_session(planned) {
            let first = run.first_variant as usize;
            let variants = &plan.variants[first..first + run.variants as usize];
            session_wide |= variants.iter().fold(0, |all, (bit, _)| all | bit);
            for index in run.row_range() {
                note_contacts(plan, index, &mut contacts);
            }
        }
    }
    let mut chosen: Vec<ToggleSubset> = single_bits(island.touched_by & !session_wide).collect();
    // The bits that part lanes at the fewest rows make the longest stretches. Of equals those that
    // are met last: lanes that no row has parted yet are one lane.
    chosen.sort_by_key(|bit| {
        let contact = contacts[bit.trailing_zeros() as usize];
        (contact.parting_rows, std::cmp::Reverse(contact.first_row))
    });
    chosen.truncate(WIDTH);
    // Lanes are born when a row meets their bit. A bit that is met late must be a high one, so that
    // lanes double as late as possible.
    chosen.sort_by_key(|bit| contacts[bit.trailing_zeros() as usize].first_row);
    chosen
}

/// Notes which bits a row meets, and at which of them it would part lanes.
fn note_contacts(plan: &Plan, index: usize, contacts: &mut [BitContact]) {
    let row = &plan.rows[index];
    let event = plan.event_of_row(row);
    // Only these make the lanes differ in more than sizes; a mere difference in size is added up
    // within a stretch.
    let mut parting = event.touching_bits();
    for term in plan.terms_of_row(row) {
        if stretch::parts_lanes(&term.deltas) {
            parting |= term.any | term.unless;
        }
    }
    for bit in single_bits(row.touched_by | parting) {
        let contact = &mut contacts[bit.trailing_zeros() as usize];
        contact.parting_rows += u32::from(parting & bit != 0);
        contact.first_row = contact.first_row.min(index as u32);
    }
}

/// The bits of a subset, one by one.
fn single_bits(mut subset: ToggleSubset) -> impl Iterator<Item = ToggleSubset> {
    std::iter::from_fn(move || {
        let lowest = subset & subset.wrapping_neg();
        subset ^= lowest;
        (lowest != 0).then_some(lowest)
    })
}
