//! Many subsets at once: one island, block by block, a lane for each subset of a block.
//!
//! A block holds all subsets that agree on all bits but six. Its rows are walked once. Most of
//! them do to every lane the same but for sums: contexts grow by what enters, and nothing expires.
//! Such a stretch is added up while it is walked and put on each lane in one step ([`stretch`]); a
//! bit that changes sizes adds its share of the sums to the lanes that have it. Where lanes may
//! part ways (a call that some of them do not make, an event) and where a lane does not meet the
//! conditions of a stretch ([`lane::Lane::add`]), rows go lane by lane through the plain pass.
//! Lanes are born late: as long as the rows have met only some of the six bits, lanes that agree on
//! these are one.
//!
//! The plain pass is the twin: every outcome is the same to the token.

mod lane;
mod stretch;

use super::pass;
use super::state::OPEN;
use super::{Outcome, replay_island};
use crate::cache::none::Never;
use crate::cache::perfect::Forever;
use crate::cache::ttl::Ttl;
use crate::cache::{CachePolicy, Policy};
use crate::plan::{Deltas, Island, Plan, Planned, Rules, Run, Subset};
use crate::units::{BASIS_POINTS, Usage};
use lane::{Band, Lane, Law, Purse};
use stretch::{Mask, Stretch, Sums};

/// Bits that differ between the lanes of a block.
const WIDTH: usize = 6;
/// Lanes of a block, at most.
const LANES: usize = 1 << WIDTH;

/// An island, ready to be replayed under many subsets at once.
#[derive(Clone, Debug)]
pub struct Lanes<'a> {
    plan: &'a Plan,
    island: &'a Island,
    /// Bits that differ between the lanes of a block, in the order in which the rows meet them.
    own: Vec<Subset>,
}

impl<'a> Lanes<'a> {
    /// Chooses the bits that differ between the lanes: those that part them least.
    #[must_use]
    pub fn new(plan: &'a Plan, island: &'a Island) -> Self {
        Self { plan, island, own: own_bits(plan, island) }
    }

    /// The bits that differ between the lanes of a block, lowest bit of a lane's number first.
    #[must_use]
    pub fn own(&self) -> &[Subset] {
        &self.own
    }

    /// The bits of the island on which the lanes of a block agree.
    #[must_use]
    pub fn shared(&self) -> Subset {
        self.own.iter().fold(self.island.touched_by, |bits, bit| bits & !bit)
    }

    /// The subset of a lane in the block of `fixed`.
    #[must_use]
    pub fn subset(&self, fixed: Subset, lane: usize) -> Subset {
        let on = self.own.iter().enumerate().filter(|(at, _)| lane >> at & 1 == 1);
        on.fold(fixed, |subset, (_, bit)| subset | bit)
    }

    /// Replays a block: `fixed`, a subset of the shared bits, with every subset of the own bits.
    /// Tells the outcome of each lane, in order.
    pub fn replay(&self, fixed: Subset, mut tell: impl FnMut(usize, &Outcome)) {
        if self.is_plain(fixed) {
            match self.plan.cache {
                CachePolicy::Measured => self.block(fixed, &Ttl, Law::MEASURED, tell),
                CachePolicy::None => self.block(fixed, &Never, Law::NONE, tell),
                CachePolicy::Perfect => self.block(fixed, &Forever, Law::PERFECT, tell),
            }
            return;
        }
        for lane in 0..1 << self.own.len() {
            tell(lane, &replay_island(self.plan, self.island, self.subset(fixed, lane)));
        }
    }

    /// Whether no session of the block is under rules, goes on from another one, or is counted in
    /// the tokens of another family.
    fn is_plain(&self, fixed: Subset) -> bool {
        let plan = self.plan;
        self.sessions().iter().all(|planned| {
            plan.rules_of(planned, fixed) == Rules::default()
                && plan.resumed_from(planned, fixed).is_none()
                && runs(plan, planned).iter().all(|run| {
                    let scale_bp = if run.variants == 0 {
                        run.scale_bp
                    } else {
                        plan.run_under(run, fixed, &Rules::default()).scale_bp
                    };
                    scale_bp == BASIS_POINTS
                })
        })
    }

    fn sessions(&self) -> &'a [Planned] {
        &self.plan.sessions[self.island.sessions.start as usize..self.island.sessions.end as usize]
    }

    fn block<P: Policy>(
        &self,
        fixed: Subset,
        policy: &P,
        law: Law,
        mut tell: impl FnMut(usize, &Outcome),
    ) {
        let mut block = Block::new(self, fixed, policy, law);
        let mut stretch = Stretch::new();
        for planned in self.sessions() {
            for run in runs(self.plan, planned) {
                let run = self.plan.run_under(run, fixed, &Rules::default());
                block.open(&run);
                for index in run.range() {
                    if !stretch.takes(&block, &run, index) {
                        block.go_through(&run, &mut stretch);
                        stretch.open(index);
                    }
                }
                block.go_through(&run, &mut stretch);
                block.close(&run);
            }
            block.end_session();
        }
        block.finish(&mut tell);
    }
}

fn runs<'a>(plan: &'a Plan, planned: &Planned) -> &'a [Run] {
    &plan.runs[planned.runs.start as usize..planned.runs.end as usize]
}

/// Up to six bits of an island: not those that bring rules, variants or resumes, then those at
/// which the fewest rows would part the lanes, and of these the ones that are met last.
fn own_bits(plan: &Plan, island: &Island) -> Vec<Subset> {
    let mut held = 0;
    // By bit: rows that part lanes, and the first row that meets it.
    let mut met = [(0_u32, u32::MAX); Subset::BITS as usize];
    let sessions = island.sessions.start as usize..island.sessions.end as usize;
    for planned in &plan.sessions[sessions] {
        let rules = &plan.rules[planned.rules.start as usize..planned.rules.end as usize];
        held |= rules.iter().fold(0, |all, (bit, _)| all | bit);
        let resumes = &plan.resumes[planned.resumes.start as usize..planned.resumes.end as usize];
        held |= resumes.iter().fold(0, |all, (bit, _)| all | bit);
        for run in runs(plan, planned) {
            let first = run.first_variant as usize;
            let variants = &plan.variants[first..first + run.variants as usize];
            held |= variants.iter().fold(0, |all, (bit, _)| all | bit);
            for index in run.range() {
                let row = &plan.rows[index];
                let event = plan.event(row);
                let mut parting = event.insert | event.healed | event.restarted;
                for term in plan.terms_of(row) {
                    if Stretch::parts(&term.deltas) {
                        parting |= term.any | term.unless;
                    }
                }
                for bit in bits(row.touched_by | parting) {
                    let (count, first) = &mut met[bit.trailing_zeros() as usize];
                    *count += u32::from(parting & bit != 0);
                    *first = (*first).min(index as u32);
                }
            }
        }
    }
    let mut own: Vec<Subset> = bits(island.touched_by & !held).collect();
    let of = |bit: &Subset| met[bit.trailing_zeros() as usize];
    own.sort_by_key(|bit| (of(bit).0, std::cmp::Reverse(of(bit).1)));
    own.truncate(WIDTH);
    own.sort_by_key(|bit| of(bit).1);
    own
}

/// The bits of a subset, one by one.
fn bits(mut subset: Subset) -> impl Iterator<Item = Subset> {
    std::iter::from_fn(move || {
        let lowest = subset & subset.wrapping_neg();
        subset ^= lowest;
        (lowest != 0).then_some(lowest)
    })
}

/// A block on its way through the rows.
struct Block<'a, P> {
    plan: &'a Plan,
    policy: &'a P,
    law: Law,
    own: &'a [Subset],
    /// By lane, whether it is born or not.
    subsets: [Subset; LANES],
    /// Those that the rows have parted so far: a power of two.
    lanes: Vec<Lane>,
    /// Short and long band of every price that the block meets, lane by lane.
    bands: Vec<Band>,
    prices: Vec<u16>,
    /// How many bands a lane has.
    stride: usize,
    /// Where the bands of the run stand among those of a lane.
    band: usize,
    /// What a row and a stretch add under each subset of the bits that touch them, in order:
    /// filled anew each time.
    deltas: [Deltas; LANES],
    sums: [Sums; LANES],
}

impl<'a, P: Policy> Block<'a, P> {
    fn new(lanes: &'a Lanes<'_>, fixed: Subset, policy: &'a P, law: Law) -> Self {
        let mut prices = Vec::new();
        for run in lanes.sessions().iter().flat_map(|planned| runs(lanes.plan, planned)) {
            let price = lanes.plan.run_under(run, fixed, &Rules::default()).price;
            if !prices.contains(&price) {
                prices.push(price);
            }
        }
        let stride = 2 * prices.len().max(1);
        let mut subsets = [fixed; LANES];
        for (at, bit) in lanes.own.iter().enumerate() {
            for lane in 0..1 << at {
                subsets[lane + (1 << at)] = subsets[lane] | bit;
            }
        }
        Self {
            plan: lanes.plan,
            policy,
            law,
            own: &lanes.own,
            subsets,
            lanes: vec![Lane::default()],
            bands: vec![Band::default(); stride],
            prices,
            stride,
            band: 0,
            deltas: [Deltas::default(); LANES],
            sums: [Sums::default(); LANES],
        }
    }

    /// Every bit that any lane has.
    fn all(&self) -> Subset {
        self.subsets[(1 << self.own.len()) - 1]
    }

    /// What a subset of the own bits is as a set of bits of a lane's number.
    fn mask(&self, subset: Subset) -> Mask {
        let on = self.own.iter().enumerate().filter(|(_, bit)| subset & **bit != 0);
        on.fold(0, |mask, (at, _)| mask | 1 << at)
    }

    /// Parts the lanes by these bits.
    fn part(&mut self, mask: Mask) {
        while usize::from(mask) >= self.lanes.len() {
            self.lanes.extend_from_within(..);
            self.bands.extend_from_within(..);
        }
    }

    /// Begins a run.
    fn open(&mut self, run: &Run) {
        self.band = 2 * self.prices.iter().position(|price| *price == run.price).unwrap_or(0);
        for lane in &mut self.lanes {
            lane.state.unsettled |= lane.state.tier != run.tier;
        }
    }

    /// Adds what the lanes have used in a run to the bands of its price.
    fn close(&mut self, run: &Run) {
        let bands = self.bands.chunks_mut(self.stride);
        for (lane, bands) in self.lanes.iter_mut().zip(bands) {
            let sum = std::mem::take(&mut lane.till.sum);
            bands[self.band].join(run.tier, sum);
        }
    }

    fn end_session(&mut self) {
        let plan = self.plan;
        for lane in &mut self.lanes {
            let Lane { state, till } = lane;
            pass::close(plan, state, &mut Purse { till, bands: &mut [] });
            *state = OPEN;
        }
    }

    /// Sends the lanes through a stretch, and what waits behind it, and empties it.
    fn go_through(&mut self, run: &Run, stretch: &mut Stretch) {
        let Some(lead) = stretch.lead.take() else { return };
        self.row(run, lead);
        if stretch.rows > 0 {
            self.rest(run, lead, stretch);
        }
        for &index in &stretch.waiting {
            self.row(run, index);
        }
        stretch.clear();
    }

    /// One row, lane by lane.
    fn row(&mut self, run: &Run, index: usize) {
        let row = &self.plan.rows[index];
        let event = self.plan.event(row);
        let touched = self.mask(row.touched_by);
        self.part(touched | self.mask(event.insert | event.healed | event.restarted));
        let Self { plan, policy, ref subsets, ref mut deltas, band, .. } = *self;
        for (at, lane) in stretch::within(touched).enumerate() {
            deltas[at] = pass::deltas(plan, row, subsets[usize::from(lane)]);
        }
        let is_plain = event.is_only_inserted();
        let place = &PLACES[usize::from(touched)];
        let bands = self.bands.chunks_mut(self.stride);
        for (at, (lane, bands)) in self.lanes.iter_mut().zip(bands).enumerate() {
            let Lane { state, till } = lane;
            let mut purse = Purse { till, bands: &mut bands[band..band + 2] };
            let deltas = &deltas[usize::from(place[at])];
            if is_plain && !state.unsettled && state.prompt < state.due() {
                if event.insert != 0 && event.insert & subsets[at] == 0 {
                    continue;
                }
                pass::uneventful(run, (index, row), deltas, state, policy, &mut purse);
            } else {
                pass::row(plan, run, (index, deltas), state, subsets[at], policy, &mut purse);
            }
        }
    }

    /// The rows of a stretch behind its lead: by their sums, or one by one.
    fn rest(&mut self, run: &Run, lead: usize, stretch: &Stretch) {
        let mask = stretch.mask();
        self.part(mask);
        stretch.by_subset(mask, &mut self.sums);
        let place = &PLACES[usize::from(mask)];
        let Self { plan, policy, law, ref subsets, ref sums, band, .. } = *self;
        let bands = self.bands.chunks_mut(self.stride);
        for (at, (lane, bands)) in self.lanes.iter_mut().zip(bands).enumerate() {
            if lane.add(run, law, stretch, &sums[usize::from(place[at])]) {
                continue;
            }
            let Lane { state, till } = lane;
            let mut purse = Purse { till, bands: &mut bands[band..band + 2] };
            let rows = lead + 1..stretch.end.row + 1;
            pass::rows(plan, run, rows, state, subsets[at], policy, &mut purse);
        }
    }

    /// Tells the outcome of every lane.
    fn finish(mut self, tell: &mut impl FnMut(usize, &Outcome)) {
        self.part((1 << self.own.len() >> 1) as Mask);
        let by_price = vec![Usage::default(); 2 * self.plan.prices.len()];
        let hidden_by_price = vec![0; by_price.len()];
        let mut outcome = Outcome { by_price, hidden_by_price, ..Outcome::default() };
        let bands = self.bands.chunks(self.stride);
        for (at, (Lane { till, .. }, bands)) in self.lanes.iter().zip(bands).enumerate() {
            outcome.calls = till.calls;
            outcome.peak_context = till.peak_context;
            outcome.session_ms = till.session_ms;
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

/// By mask and lane: the bits of the lane's number that the mask holds, closed up.
static PLACES: [[u8; LANES]; LANES] = places();

const fn places() -> [[u8; LANES]; LANES] {
    let mut places = [[0; LANES]; LANES];
    let mut mask = 0;
    while mask < LANES {
        let mut lane = 0;
        while lane < LANES {
            let (mut at, mut bit) = (0, 0);
            while bit < WIDTH {
                if mask >> bit & 1 == 1 {
                    places[mask][lane] |= ((lane >> bit & 1) << at) as u8;
                    at += 1;
                }
                bit += 1;
            }
            lane += 1;
        }
        mask += 1;
    }
    places
}
