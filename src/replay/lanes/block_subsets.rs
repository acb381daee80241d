//! The subsets of a block: what all its lanes agree on, and what tells them apart.

use crate::plan::ToggleSubset;

/// Bits that differ between the lanes of a block, at most.
pub(super) const WIDTH: usize = 6;
/// Lanes of a block, at most.
pub(super) const LANES: usize = 1 << WIDTH;

/// A set of bits of a lane's number.
pub(super) type LaneMask = u8;

/// The subsets of a block. Bit k of a lane's number says whether the lane has the k-th lane bit.
pub(super) struct BlockSubsets<'a> {
    lane_bits: &'a [ToggleSubset],
    /// Bits that every lane has.
    pub(super) fixed: ToggleSubset,
    /// By lane, whether it is born or not.
    pub(super) by_lane: [ToggleSubset; LANES],
}

impl<'a> BlockSubsets<'a> {
    pub(super) fn new(lane_bits: &'a [ToggleSubset], fixed: ToggleSubset) -> Self {
        let mut by_lane = [fixed; LANES];
        for (at, bit) in lane_bits.iter().enumerate() {
            // Each bit doubles the lanes: the upper half is the lower one with this bit on.
            for lane in 0..1 << at {
                by_lane[lane + (1 << at)] = by_lane[lane] | bit;
            }
        }
        Self { lane_bits, fixed, by_lane }
    }

    /// Every bit that any lane has: the last lane has them all.
    pub(super) fn all_bits(&self) -> ToggleSubset {
        self.by_lane[(1 << self.lane_bits.len()) - 1]
    }

    /// What a subset of the lane bits is as a set of bits of a lane's number.
    pub(super) fn mask_of_subset(&self, subset: ToggleSubset) -> LaneMask {
        let on = self.lane_bits.iter().enumerate().filter(|(_, bit)| subset & **bit != 0);
        on.fold(0, |mask, (at, _)| mask | 1 << at)
    }

    /// The highest bit of a lane's number, which only the last half of the lanes has.
    pub(super) fn highest_mask(&self) -> LaneMask {
        (1 << self.lane_bits.len() >> 1) as LaneMask
    }
}

/// The subsets of a mask, in order.
pub(super) fn subsets_of_mask(mask: LaneMask) -> impl Iterator<Item = LaneMask> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let subset: LaneMask = next?;
        // Taking the mask off borrows through the bits outside it: the next subset in order. After
        // the last one, which is the mask itself, it starts over at none.
        let after = subset.wrapping_sub(mask) & mask;
        next = (after != 0).then_some(after);
        Some(subset)
    })
}

/// By mask and lane: the bits of the lane's number that the mask holds, closed up. So lanes that
/// differ in no bit of the mask share one place in a list of its subsets.
pub(super) static LANE_PLACES: [[u8; LANES]; LANES] = lane_places();

const fn lane_places() -> [[u8; LANES]; LANES] {
    let mut places = [[0; LANES]; LANES];
    let mut mask = 0;
    while mask < LANES {
        let mut lane = 0;
        while lane < LANES {
            let (mut at, mut bit) = (0, 0);
            while bit < WIDTH {
                // The lane's bits at the places of the mask, moved together.
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
