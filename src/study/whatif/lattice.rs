//! Every subset of the toggles at once.
//!
//! What a subset does to an island depends on the bits that touch the island alone, so that each
//! island is replayed once for every subset of its own bits, many subsets at once
//! ([`IslandLanes`]), and any subset of all toggles is a sum of islands. Sums are exact: tokens and
//! pico-dollars are integers. A saving is 96 bytes, a table of 16 bits 6.3 MB.

use super::savings::{PipelineTotals, Saving};
use crate::plan::{Island, Plan, ToggleSubset};
use crate::replay::{self, IslandLanes};
use crate::study::progress::{ProgressListener, WorkMeter};
use rayon::prelude::*;
use std::cmp::Reverse;

/// Islands that more toggles touch than this have no exact lattice.
pub const MOST_BITS: u32 = 16;

/// Rows to visit, all subsets together, below which threads cost more than they save.
const WORTH_THREADS: u64 = 1 << 18;

/// What a row takes that is replayed lane by lane, in rows that lanes share. Whole runs of
/// `compare` on two shared cores, 2026-11-29: 9 nanoseconds a row on order 774, where no subset
/// brings rules, and 76 on the half of the cockpit's rows where one does.
const RULED_ROW_WORK: u64 = 8;

/// Savings that wait to be added to a table, at most, if one island has not more.
const WAITING: usize = 1 << 17;

/// What every subset of the toggles saves.
#[derive(Clone, Debug)]
pub struct SubsetLattice {
    /// How many toggles there are.
    pub toggles: usize,
    /// What every subset saves, by the bits that count; islands that the same bits touch share a
    /// table.
    pub tables: Vec<SavingsTable>,
}

/// Islands that the same bits touch, and what each subset of these bits saves there against none.
#[derive(Clone, Debug)]
pub struct SavingsTable {
    /// The bits that touch them.
    pub bits: ToggleSubset,
    /// Entry k is the subset whose j-th lowest bit is bit j of k.
    pub savings: Vec<Saving>,
}

impl SubsetLattice {
    /// Replays every island under every subset of its bits; `None` if one has too many.
    #[must_use]
    pub fn from_plan(plan: &Plan, toggles: usize) -> Option<Self> {
        Self::with_progress(plan, toggles, ProgressListener::default())
    }

    /// The same, and tells how far it is.
    #[must_use]
    pub(crate) fn with_progress(
        plan: &Plan,
        toggles: usize,
        progress: ProgressListener<'_>,
    ) -> Option<Self> {
        if plan.islands.iter().any(|island| island.touched_by.count_ones() > MOST_BITS) {
            return None;
        }
        Some(Self { toggles, tables: tables_by_bits(plan, plan.islands.iter(), progress) })
    }

    /// The subsets of some toggles alone, all others off.
    ///
    /// # Panics
    /// If more than [`MOST_BITS`] of them touch one island.
    #[must_use]
    pub fn for_bits(plan: &Plan, toggles: usize, bits: ToggleSubset) -> Self {
        // Toggles outside the mask stay off: an island that only they touch falls out.
        let islands: Vec<Island> = mask_islands(plan, bits).collect();
        let most = islands.iter().map(|island| island.touched_by.count_ones()).max();
        // Callers choose the bits so that this holds (`SubsetLookup`).
        assert!(most.unwrap_or(0) <= MOST_BITS, "{bits:b} has too many bits in one island");
        let unheard = ProgressListener::default();
        Self { toggles, tables: tables_by_bits(plan, islands.iter(), unheard) }
    }

    /// The same sums in fewer tables: one whose bits are all among those of another joins it.
    #[must_use]
    pub fn merge_nested_tables(mut self) -> Self {
        // Largest first, so that whatever a small table can be added to is in the list before it.
        self.tables.sort_by_key(|table| (Reverse(table.bits.count_ones()), table.bits));
        let mut kept: Vec<SavingsTable> = Vec::new();
        for table in self.tables {
            match kept.iter_mut().find(|larger| table.bits & !larger.bits == 0) {
                // What an island saves does not hang on bits that do not touch it, so that its
                // table can be added entry by entry to one over more bits.
                Some(larger) => larger.add_nested_table(&table),
                None => kept.push(table),
            }
        }
        Self { toggles: self.toggles, tables: kept }
    }

    /// Rows that [`SubsetLattice::from_plan`] has to replay, at most.
    #[must_use]
    pub fn rows_to_replay(plan: &Plan) -> u64 {
        plan.islands.iter().fold(0, |rows, island| {
            // Without an exact lattice there is no end to the work.
            let too_many = island.touched_by.count_ones() > MOST_BITS;
            rows.saturating_add(if too_many { u64::MAX } else { island_work(plan, island) })
        })
    }

    /// The islands with a quick way from a subset to its entry in each.
    #[must_use]
    pub fn table_indexes(&self) -> Vec<(&SavingsTable, MaskIndex)> {
        self.tables.iter().map(|table| (table, MaskIndex::from_mask(table.bits))).collect()
    }

    /// What a subset saves.
    #[must_use]
    pub fn saving_of_subset(&self, subset: ToggleSubset) -> Saving {
        self.tables.iter().map(|island| *island.saving_of_subset(subset)).sum()
    }
}

/// The tables of chosen islands, in the order of their bits.
pub(crate) fn island_tables(plan: &Plan, chosen: impl Fn(&&Island) -> bool) -> Vec<SavingsTable> {
    tables_by_bits(plan, plan.islands.iter().filter(chosen), ProgressListener::default())
}

/// A table for all islands that the same bits touch.
pub(super) fn tables_by_bits<'a>(
    plan: &Plan,
    islands: impl Iterator<Item = &'a Island>,
    progress: ProgressListener<'_>,
) -> Vec<SavingsTable> {
    let mut islands: Vec<&Island> = islands.filter(|island| island.touched_by != 0).collect();
    // Stable, so that islands of the same bits stay in the order of the plan.
    islands.sort_by_key(|island| island.touched_by);
    let work: u64 = islands.iter().map(|island| island_work(plan, island)).sum();
    // Islands that the same bits touch share a table: what they save is added up.
    let alike = islands.chunk_by(|a, b| a.touched_by == b.touched_by);
    let meter = WorkMeter::new(progress, work);
    let is_parallel = work > WORTH_THREADS;
    let tables = alike.map(|it| SavingsTable::from_islands(plan, it, (&meter, is_parallel)));
    tables.collect()
}

/// The islands as some bits alone touch them: to [`IslandLanes`] the others are off.
pub(crate) fn mask_islands(plan: &Plan, bits: ToggleSubset) -> impl Iterator<Item = Island> {
    plan.islands.iter().map(move |island| Island {
        sessions: island.sessions.clone(),
        touched_by: island.touched_by & bits,
        placed_by: island.placed_by & bits,
        ruled_by: island.ruled_by & bits,
        compacts: island.compacts,
    })
}

/// Rows of an island under every subset of its bits; a row of a subset that brings rules counts
/// as [`RULED_ROW_WORK`] of those that lanes share.
pub(super) fn island_work(plan: &Plan, island: &Island) -> u64 {
    // Every subset of the island's bits replays all of its rows.
    let rows = (plan.row_count_of_island(island) as u64) << island.touched_by.count_ones();
    let ruling = (island.ruled_by | island.placed_by).count_ones();
    // One subset in 2^n has none of n bits.
    let without_rules = rows >> ruling;
    without_rules + (rows - without_rules).saturating_mul(RULED_ROW_WORK)
}

/// One island on its way into a table.
struct IslandReplay<'a> {
    plan: &'a Plan,
    /// How many islands like it there are.
    count: i64,
    lanes: IslandLanes<'a>,
    before: PipelineTotals,
    /// The entry of each lane in the block of no shared bit.
    places: Vec<usize>,
    bits: ToggleSubset,
    /// Rows of each block, those of the islands like it included.
    block_work: u64,
}

impl<'a> IslandReplay<'a> {
    fn from_island(plan: &'a Plan, (island, count): (&'a Island, i64)) -> Self {
        let lanes = IslandLanes::new(plan, island);
        // Each island is held against itself without toggles: savings of islands add up, because no
        // session of one can change another.
        let before = PipelineTotals::from_outcome(plan, &replay::replay_island(plan, island, 0));
        let bits = island.touched_by;
        let places = (0..1 << lanes.lane_bits().len())
            .map(|lane| gather_bits(lanes.subset_of_lane(0, lane), bits) as usize)
            .collect();
        let work = island_work(plan, island).saturating_mul(count as u64);
        let block_work = work >> lanes.shared_bits().count_ones();
        Self { plan, count, lanes, before, places, bits, block_work }
    }

    fn block_count(&self) -> u64 {
        1 << self.lanes.shared_bits().count_ones()
    }

    /// Tells what the subsets of a block save, by their entries.
    fn replay_block(&self, block: u64, mut tell: impl FnMut(usize, Saving)) {
        let fixed = spread_bits(block, self.lanes.shared_bits());
        // A block fixes the shared bits; within it every lane has its place beside the first entry.
        let first = gather_bits(fixed, self.bits) as usize;
        self.lanes.replay_block(fixed, |lane, outcome| {
            let saving = Saving::between_totals(
                &self.before,
                &PipelineTotals::from_outcome(self.plan, outcome),
            );
            tell(first | self.places[lane], saving.repeated(self.count));
        });
    }
}

impl SavingsTable {
    fn from_islands(
        plan: &Plan,
        islands: &[&Island],
        (meter, parallel): (&WorkMeter<'_>, bool),
    ) -> Self {
        let bits = islands.first().map_or(0, |island| island.touched_by);
        let mut savings = vec![Saving::default(); 1 << bits.count_ones()];
        let islands = plan.group_alike_islands(islands.iter().copied());
        if parallel {
            // So many islands at once that what waits to be added stays small.
            for islands in islands.chunks((WAITING >> bits.count_ones()).max(1)) {
                let parts: Vec<IslandReplay> = islands
                    .par_iter()
                    .map(|island| IslandReplay::from_island(plan, *island))
                    .collect();
                let blocks: Vec<(&IslandReplay, u64)> = parts
                    .iter()
                    .flat_map(|part| (0..part.block_count()).map(move |block| (part, block)))
                    .collect();
                let saved_by_block: Vec<Vec<(usize, Saving)>> = blocks
                    .into_par_iter()
                    .map(|(part, block)| {
                        let mut saved = Vec::with_capacity(part.places.len());
                        part.replay_block(block, |at, saving| saved.push((at, saving)));
                        meter.add(part.block_work);
                        saved
                    })
                    .collect();
                // Added in the order of the blocks, not in that in which threads finish. Savings
                // are integers, so that the sum would be the same, and memory stays bounded.
                for (at, saving) in saved_by_block.into_iter().flatten() {
                    savings[at] = savings[at] + saving;
                }
            }
        } else {
            for island in islands {
                let part = IslandReplay::from_island(plan, island);
                for block in 0..part.block_count() {
                    part.replay_block(block, |at, saving| {
                        savings[at] = savings[at] + saving;
                    });
                }
            }
        }
        Self { bits, savings }
    }

    /// Adds what islands save that only bits of this table touch.
    fn add_nested_table(&mut self, smaller: &Self) {
        for (index, saving) in self.savings.iter_mut().enumerate() {
            *saving = *saving + *smaller.saving_of_subset(spread_bits(index as u64, self.bits));
        }
    }

    /// What a subset saves in these islands.
    #[must_use]
    pub fn saving_of_subset(&self, subset: ToggleSubset) -> &Saving {
        &self.savings[gather_bits(subset, self.bits) as usize]
    }
}

/// [`gather_bits`] for one mask, a table look-up for each byte of the subset.
#[derive(Clone, Debug)]
pub struct MaskIndex([[u32; 256]; 8]);

impl MaskIndex {
    /// For a mask of at most [`MOST_BITS`] bits.
    #[must_use]
    pub fn from_mask(mask: ToggleSubset) -> Self {
        let mut tables = [[0; 256]; 8];
        for (at, table) in tables.iter_mut().enumerate() {
            for (byte, index) in table.iter_mut().enumerate() {
                // A table for each of the eight bytes of a subset: an index is put together from
                // eight look-ups.
                *index = gather_bits((byte as u64) << (8 * at), mask) as u32;
            }
        }
        Self(tables)
    }

    /// The entry of a subset.
    #[must_use]
    pub fn entry_index(&self, subset: ToggleSubset) -> usize {
        let bytes = subset.to_le_bytes().into_iter().zip(&self.0);
        bytes.fold(0, |index, (byte, table)| index | table[usize::from(byte)] as usize)
    }
}

/// Puts the lowest bits of `index` on the bits of `mask`, in order.
#[must_use]
pub fn spread_bits(index: u64, mut mask: ToggleSubset) -> ToggleSubset {
    let (mut subset, mut at) = (0, 0);
    while mask != 0 {
        // The lowest bit that is left of the mask.
        let lowest = mask & mask.wrapping_neg();
        if index >> at & 1 == 1 {
            subset |= lowest;
        }
        mask ^= lowest;
        at += 1;
    }
    subset
}

/// The other way round: the bits of `subset` that are in `mask`, packed.
#[must_use]
pub fn gather_bits(subset: ToggleSubset, mut mask: ToggleSubset) -> u64 {
    let (mut index, mut at) = (0, 0);
    while mask != 0 {
        let lowest = mask & mask.wrapping_neg();
        if subset & lowest != 0 {
            index |= 1 << at;
        }
        mask ^= lowest;
        at += 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::ToggleParams;
    use crate::price::Pricing;
    use crate::reconstruct::routes::{parse_queue_toml, reconstruct_routes};
    use crate::scenario::toggles_by_id;

    #[test]
    fn bits_are_spread_and_gathered() {
        for (index, mask, subset) in [
            (0, 0b1011, 0),
            (0b101, 0b1011, 0b1001),
            (0b111, 0b1011, 0b1011),
            (1, 1 << 63, 1 << 63),
        ] {
            assert_eq!(spread_bits(index, mask), subset);
            assert_eq!(gather_bits(subset, mask), index);
            assert_eq!(MaskIndex::from_mask(mask).entry_index(subset) as u64, index);
        }
        assert_eq!(gather_bits(0b1111, 0b1010), 0b11);
    }

    #[test]
    fn folded_tables_say_the_same() {
        let table = |bits: ToggleSubset, salt: i64| {
            let calls = |at: usize| Saving { calls: at as i64 * salt, ..Saving::default() };
            SavingsTable { bits, savings: (0..1 << bits.count_ones()).map(calls).collect() }
        };
        let islands = vec![table(0b0001, 3), table(0b0101, 7), table(0b1010, 11), table(0b100, 5)];
        let lattice = SubsetLattice { toggles: 4, tables: islands };
        let folded = lattice.clone().merge_nested_tables();
        assert_eq!(folded.tables.iter().map(|t| t.bits).collect::<Vec<_>>(), [0b0101, 0b1010]);
        for subset in 0..16 {
            assert_eq!(
                folded.saving_of_subset(subset),
                lattice.saving_of_subset(subset),
                "{subset:b}"
            );
        }
        // Toggles 0 and 2: 3 + 3 x 7 + 5.
        assert_eq!(folded.saving_of_subset(0b0101).calls, 29);
    }

    #[test]
    fn alike_sessions_are_replayed_once_and_counted() {
        let text = "schema = \"windtunnel.queue/1\"\n[queue]\nrequests = 12\n\
                    cycles = { count = 20 }\nsession = { tokens = 100000, search = 0.2 }\n\
                    signal = [{ kind = \"conflict\", rate = 0.1 }]\n[queue.today]\n\
                    duplicates = 0.2\ndenied = { actions = 2, tries = 3 }\n";
        let routes = parse_queue_toml("queue.toml", text).expect("a queue");
        let recording = reconstruct_routes(&routes, &[]).expect("sessions").recording;
        let toggles = toggles_by_id(["E5", "E6", "E7", "E8", "E9"]).expect("toggles");
        let patches: Vec<_> = toggles
            .iter()
            .map(|it| it.build_patch(&recording, &ToggleParams::modes_of_card(it.card())))
            .collect();
        let plan = Plan::compile(&recording, &patches, &Pricing::embedded()).expect("a plan");
        let groups = plan.group_alike_islands(&plan.islands);
        assert_eq!(groups.iter().map(|group| group.1).sum::<i64>(), 246);
        assert!(groups.len() < 20, "{} kinds of sessions", groups.len());
        let lattice = SubsetLattice::from_plan(&plan, toggles.len()).expect("few bits");
        let side = |subset| PipelineTotals::replay_totals(&plan, subset);
        for subset in 0..32 {
            let saved = Saving::between_totals(&side(0), &side(subset));
            assert_eq!(lattice.saving_of_subset(subset), saved, "{subset:b}");
        }
        assert!(lattice.saving_of_subset(31).usage.fresh > 0);
    }
}
