//! Many subsets at once: one island, block by block, a lane for each subset of a block.
//!
//! A block holds all subsets that agree on all bits but six. Its rows are walked once. Most of
//! them do to every lane the same but for sums: contexts grow by what enters, and nothing expires.
//! Such a stretch is added up while it is walked and put on each lane in one step ([`stretch`]); a
//! bit that changes sizes adds its share of the sums to the lanes that have it. Where lanes may
//! part ways (a call that some of them do not make, an event) and where a lane does not meet the
//! conditions of a stretch ([`lane::Lane::add_stretch`]), rows go lane by lane through the plain
//! pass. Lanes are born late: as long as the rows have met only some of the six bits, lanes that
//! agree on these are one.
//!
//! The plain pass is the twin: every outcome is the same to the token.

mod block_subsets;
mod cache_behaviour;
mod lane;
mod lane_bits;
mod stretch;

use super::call;
use super::cycle::CycleTally;
use super::pass;
use super::pass_context::PassContext;
use super::schedule::Schedule;
use super::session_state::{INITIAL_STATE, SessionState};
use super::{IslandReplays, ReplayOutcome, schedule_with_plan_cache};
use crate::cache::none::NeverHitPolicy;
use crate::cache::perfect::PerfectPolicy;
use crate::cache::ttl::TtlPolicy;
use crate::cache::{CachePolicy, Policy};
use crate::plan::{Island, Plan, PlanRun, PlannedSession, RowDeltas, SessionRules, ToggleSubset};
use crate::units::{BASIS_POINTS, Usage};
use block_subsets::{BlockSubsets, LANE_PLACES, LANES, LaneMask, subsets_of_mask};
use cache_behaviour::CacheBehaviour;
use lane::{BandTotals, Lane, LaneSink};
use lane_bits::choose_lane_bits;
use stretch::{RowStretch, StretchTotals};

/// An island, ready to be replayed under many subsets at once.
#[derive(Clone, Debug)]
pub struct IslandLanes<'a> {
    plan: &'a Plan,
    island: &'a Island,
    /// Bits that differ between the lanes of a block, in the order in which the rows meet them.
    lane_bits: Vec<ToggleSubset>,
    /// Where contexts start over by themselves as recorded, if any do.
    schedule: Option<Schedule>,
}

impl<'a> IslandLanes<'a> {
    /// Chooses the bits that differ between the lanes: those that part them least.
    #[must_use]
    pub fn new(plan: &'a Plan, island: &'a Island) -> Self {
        let schedule = island.compacts.then(|| schedule_with_plan_cache(plan, island, 0));
        Self { plan, island, lane_bits: choose_lane_bits(plan, island), schedule }
    }

    /// The bits that differ between the lanes of a block, lowest bit of a lane's number first.
    #[must_use]
    pub fn lane_bits(&self) -> &[ToggleSubset] {
        &self.lane_bits
    }

    /// The bits of the island on which the lanes of a block agree.
    #[must_use]
    pub fn shared_bits(&self) -> ToggleSubset {
        self.lane_bits.iter().fold(self.island.touched_by, |bits, bit| bits & !bit)
    }

    /// The subset of a lane in the block of `fixed`.
    #[must_use]
    pub fn subset_of_lane(&self, fixed: ToggleSubset, lane: usize) -> ToggleSubset {
        let on = self.lane_bits.iter().enumerate().filter(|(at, _)| lane >> at & 1 == 1);
        on.fold(fixed, |subset, (_, bit)| subset | bit)
    }

    /// Replays a block: `fixed`, a subset of the shared bits, with every subset of the own bits.
    /// Tells the outcome of each lane, in order.
    pub fn replay_block(&self, fixed: ToggleSubset, mut tell: impl FnMut(usize, &ReplayOutcome)) {
        // Lanes share one walk over the rows and add whole stretches at once. That holds only where
        // a session follows no rule, starts afresh and is counted in recorded tokens; everything
        // else is replayed lane by lane, which gives the same figures in more time.
        if self.is_plain_block(fixed) {
            match self.plan.cache {
                CachePolicy::Measured => {
                    self.replay_block_with(fixed, &TtlPolicy, CacheBehaviour::MEASURED, tell);
                }
                CachePolicy::None => {
                    self.replay_block_with(fixed, &NeverHitPolicy, CacheBehaviour::NONE, tell);
                }
                CachePolicy::Perfect => {
                    self.replay_block_with(fixed, &PerfectPolicy, CacheBehaviour::PERFECT, tell);
                }
            }
            return;
        }
        // All of them share the bits that decide where contexts start over, which are no lane bits.
        let mut replays = IslandReplays::new(self.plan, self.island);
        for lane in 0..1 << self.lane_bits.len() {
            tell(lane, replays.replay_subset(self.subset_of_lane(fixed, lane)));
        }
    }

    /// Whether no session of the block is under rules, goes on from another one, compacts elsewhere
    /// than it was recorded, or is counted in the tokens of another family.
    fn is_plain_block(&self, fixed: ToggleSubset) -> bool {
        let (plan, island) = (self.plan, self.island);
        let is_as_recorded = !island.compacts || fixed & island.placed_by == 0;
        is_as_recorded
            && self.island_sessions().iter().all(|planned| {
                plan.rules_of_session(planned, fixed) == SessionRules::default()
                    && plan.resumed_from(planned, fixed).is_none()
                    && plan.runs_of_session(planned).iter().all(|run| {
                        let scale_bp = if run.variants == 0 {
                            run.scale_bp
                        } else {
                            plan.run_under(run, fixed, &SessionRules::default()).scale_bp
                        };
                        scale_bp == BASIS_POINTS
                    })
            })
    }

    fn island_sessions(&self) -> &'a [PlannedSession] {
        self.plan.sessions_of_island(self.island)
    }

    fn replay_block_with<P: Policy>(
        &self,
        fixed: ToggleSubset,
        policy: &P,
        behaviour: CacheBehaviour,
        mut tell: impl FnMut(usize, &ReplayOutcome),
    ) {
        let mut block = LaneBlock::new(self, fixed, policy, behaviour);
        let mut stretch = RowStretch::default();
        let schedule = self.schedule.as_ref();
        for planned in self.island_sessions() {
            block.begin_session(planned);
            for run in self.plan.runs_of_session(planned) {
                // Variants hang on session-wide bits, which are never lane bits: one run serves all
                // lanes.
                let run = self.plan.run_under(run, fixed, &SessionRules::default());
                block.open_run(&run);
                for index in run.row_range() {
                    if !stretch.try_add_row(
                        (self.plan, &run, schedule),
                        &block.subsets,
                        behaviour,
                        index,
                    ) {
                        // The row does not go on from the stretch in every lane: the lanes catch up
                        // with what is added so far, and the row leads the next stretch.
                        block.replay_stretch(&run, &mut stretch);
                        stretch.start_at(index);
                    }
                }
                block.replay_stretch(&run, &mut stretch);
                block.close_run(&run);
            }
            block.end_session();
        }
        block.report_outcomes(&mut tell);
    }
}

/// A block on its way through the rows.
struct LaneBlock<'a, P> {
    plan: &'a Plan,
    policy: &'a P,
    schedule: Option<&'a Schedule>,
    cache_behaviour: CacheBehaviour,
    subsets: BlockSubsets<'a>,
    /// Those that the rows have parted so far: a power of two.
    lanes: Vec<Lane>,
    /// Short and long band of every price that the block meets, lane by lane.
    bands: Vec<BandTotals>,
    prices: Vec<u16>,
    /// How many bands a lane has.
    stride: usize,
    /// Where the bands of the run stand among those of a lane.
    band: usize,
    /// What a row and a stretch add under each subset of the bits that touch them, in order:
    /// filled anew each time.
    deltas: [RowDeltas; LANES],
    sums: [StretchTotals; LANES],
}

impl<'a, P: Policy> LaneBlock<'a, P> {
    fn new(
        lanes: &'a IslandLanes<'_>,
        fixed: ToggleSubset,
        policy: &'a P,
        cache_behaviour: CacheBehaviour,
    ) -> Self {
        let mut prices = Vec::new();
        for planned in lanes.island_sessions() {
            for run in lanes.plan.runs_of_session(planned) {
                let price = lanes.plan.run_under(run, fixed, &SessionRules::default()).price;
                if !prices.contains(&price) {
                    prices.push(price);
                }
            }
        }
        // Two bands a price: contexts up to the long limit, and beyond it.
        let stride = 2 * prices.len().max(1);
        Self {
            plan: lanes.plan,
            policy,
            schedule: lanes.schedule.as_ref(),
            cache_behaviour,
            subsets: BlockSubsets::new(&lanes.lane_bits, fixed),
            lanes: vec![Lane::default()],
            bands: vec![BandTotals::default(); stride],
            prices,
            stride,
            band: 0,
            deltas: [RowDeltas::default(); LANES],
            sums: [StretchTotals::default(); LANES],
        }
    }

    /// Parts the lanes by these bits.
    fn part_lanes(&mut self, mask: LaneMask) {
        // Lanes that differ in a bit that no row has met are alike: the first half stands for both
        // until then, and copying it gives birth to the second half.
        while usize::from(mask) >= self.lanes.len() {
            self.lanes.extend_from_within(..);
            self.bands.extend_from_within(..);
        }
    }

    /// Begins a session.
    fn begin_session(&mut self, planned: &PlannedSession) {
        let cycle = CycleTally::starting_at(self.plan.rows_of_session(planned).start);
        for lane in &mut self.lanes {
            lane.state = SessionState { cycle, ..INITIAL_STATE };
        }
    }

    /// Begins a run.
    fn open_run(&mut self, run: &PlanRun) {
        self.band = 2 * self.prices.iter().position(|price| *price == run.price).unwrap_or(0);
        for lane in &mut self.lanes {
            lane.state.is_unsettled |= lane.state.tier != run.tier;
        }
    }

    /// Adds what the lanes have used in a run to the bands of its price.
    fn close_run(&mut self, run: &PlanRun) {
        let bands = self.bands.chunks_mut(self.stride);
        for (lane, bands) in self.lanes.iter_mut().zip(bands) {
            let sum = std::mem::take(&mut lane.totals.sum);
            bands[self.band].add_calls(run.tier, sum);
        }
    }

    fn end_session(&mut self) {
        let plan = self.plan;
        for lane in &mut self.lanes {
            let Lane { state, totals } = lane;
            pass::report_session_end(plan, state, &mut LaneSink { totals, bands: &mut [] });
        }
    }

    /// Sends the lanes through a stretch, and what waits behind it, and empties it.
    fn replay_stretch(&mut self, run: &PlanRun, stretch: &mut RowStretch) {
        let Some(lead) = stretch.lead.take() else { return };
        // The lead finds whatever there is, lane by lane; the rows behind it go on from it.
        self.replay_row_by_lane(run, lead);
        if stretch.call_count > 0 {
            self.replay_rest_of_stretch(run, lead, stretch);
        }
        for &index in &stretch.waiting_rows {
            self.replay_row_by_lane(run, index);
        }
        stretch.reset_stretch();
    }

    /// One row, lane by lane.
    fn replay_row_by_lane(&mut self, run: &PlanRun, index: usize) {
        let row = &self.plan.rows[index];
        let event = self.plan.event_of_row(row);
        let touched = self.subsets.mask_of_subset(row.touched_by);
        let event_bits = event.touching_bits();
        self.part_lanes(touched | self.subsets.mask_of_subset(event_bits));
        let Self { plan, policy, schedule, ref subsets, ref mut deltas, band, .. } = *self;
        // What the row changes depends on the bits that touch it alone: it is summed once for each
        // subset of these, and every lane looks its own up.
        for (at, lane) in subsets_of_mask(touched).enumerate() {
            deltas[at] = call::sum_row_deltas(plan, row, subsets.by_lane[usize::from(lane)]);
        }
        let is_plain = event.is_only_inserted();
        let places = &LANE_PLACES[usize::from(touched)];
        let bands = self.bands.chunks_mut(self.stride);
        for (at, (lane, bands)) in self.lanes.iter_mut().zip(bands).enumerate() {
            let Lane { state, totals } = lane;
            let subset = subsets.by_lane[at];
            let pass = PassContext { plan, subset, policy, schedule };
            let mut sink = LaneSink { totals, bands: &mut bands[band..band + 2] };
            let deltas = &deltas[usize::from(places[at])];
            if is_plain && !state.is_unsettled {
                if event.inserted_by != 0 && event.inserted_by & subset == 0 {
                    continue;
                }
                call::replay_uneventful_row(&pass, run, (index, deltas, None), state, &mut sink);
            } else {
                pass::replay_row(&pass, run, (index, deltas), state, &mut sink);
            }
        }
    }

    /// The rows of a stretch behind its lead: by their sums, or one by one.
    fn replay_rest_of_stretch(&mut self, run: &PlanRun, lead: usize, stretch: &RowStretch) {
        let mask = stretch.lane_mask();
        // Lanes that were alike until here part where a bit of the stretch tells them apart.
        self.part_lanes(mask);
        stretch.sums_by_subset(mask, &mut self.sums);
        let places = &LANE_PLACES[usize::from(mask)];
        let Self { plan, policy, schedule, cache_behaviour, ref subsets, ref sums, band, .. } =
            *self;
        let bands = self.bands.chunks_mut(self.stride);
        for (at, (lane, bands)) in self.lanes.iter_mut().zip(bands).enumerate() {
            if lane.add_stretch(run, cache_behaviour, stretch, &sums[usize::from(places[at])]) {
                continue;
            }
            // Sums do not hold for this lane: its rows are replayed in full.
            let Lane { state, totals } = lane;
            let mut sink = LaneSink { totals, bands: &mut bands[band..band + 2] };
            let rows = lead + 1..stretch.end.row + 1;
            let pass = PassContext { plan, subset: subsets.by_lane[at], policy, schedule };
            pass::replay_row_range(&pass, run, rows, state, &mut sink);
        }
    }

    /// Tells the outcome of every lane.
    fn report_outcomes(mut self, tell: &mut impl FnMut(usize, &ReplayOutcome)) {
        // Bits that no row met are parted now: their lanes end alike, but each is told.
        self.part_lanes(self.subsets.highest_mask());
        let by_price = vec![Usage::default(); 2 * self.plan.prices.len()];
        let hidden_by_price = vec![0; by_price.len()];
        let mut outcome = ReplayOutcome { by_price, hidden_by_price, ..ReplayOutcome::default() };
        let bands = self.bands.chunks(self.stride);
        for (at, (Lane { totals, .. }, bands)) in self.lanes.iter().zip(bands).enumerate() {
            outcome.calls = totals.calls;
            outcome.peak_context = totals.peak_context;
            outcome.session_ms = totals.session_ms;
            outcome.taken_back = totals.taken_back;
            for (price, bands) in self.prices.iter().zip(bands.chunks(2)) {
                for (long, band) in bands.iter().enumerate() {
                    let index = 2 * usize::from(*price) + long;
                    outcome.by_price[index] = band.usage;
                    outcome.hidden_by_price[index] = band.hidden;
                }
            }
            tell(at, &outcome);
        }
    }
}
