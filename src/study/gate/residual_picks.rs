//! Which residuals a draw of the bootstrap makes its units of, and with which weights.
//!
//! Draws are made and met several at once, one beside the other in lanes: each lane is summed in
//! its own order, so that a draw is the same to the last bit in whatever company it comes.

use crate::seed::Seed;
use rand::Rng;

/// Residuals that a unit of a draw is made of: six uniform ones are nearly normal.
/// Source: MODEL.md, "The gate".
const PARTS_PER_UNIT: usize = 6;

/// Draws side by side.
pub(super) const LANES: usize = 4;

/// A figure of each draw.
pub(super) type LaneValues = [f64; LANES];

/// One residual of a unit in each draw: how far through all of them it stands, a share of 2^32, and
/// its weight.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ResidualPick {
    shares: [u32; LANES],
    weights: LaneValues,
}

/// Residuals that a unit is made of.
pub(super) type ResidualPicks = [ResidualPick; PARTS_PER_UNIT];

/// The picks of the draws from `first` on, side by side.
pub(super) fn draw_picks(units: [usize; 2], first: u32, seed: Seed) -> [Vec<ResidualPicks>; 2] {
    let mut picks = units.map(|count| vec![ResidualPicks::default(); count]);
    for lane in 0..LANES {
        let mut rng = seed.random_stream("gate", &(first + lane as u32).to_le_bytes());
        for pick in picks.iter_mut().flatten().flatten() {
            let bits = rng.next_u64();
            // The low half of the bits says which, the high half how much.
            pick.shares[lane] = bits as u32;
            pick.weights[lane] = weight_from_bits((bits >> 32) as u32);
        }
    }
    picks
}

/// A uniform weight around 0.
fn weight_from_bits(bits: u32) -> f64 {
    // A uniform number from -1 to 1 has a variance of a third, and a unit is a sum of several.
    let scale = (3.0 / PARTS_PER_UNIT as f64).sqrt();
    (2.0 * (f64::from(bits) / (1_u64 << 32) as f64) - 1.0) * scale
}

/// The noise of a unit that is made of such residuals, in each draw.
#[inline]
pub(super) fn picked_noise(picks: &ResidualPicks, residuals: &[f64]) -> LaneValues {
    // The sum of none, to which the first residual adds itself.
    let mut noise = [-0.0; LANES];
    for ResidualPick { shares, weights } in picks {
        for ((noise, share), weight) in noise.iter_mut().zip(shares).zip(weights) {
            let at = (u64::from(*share) * residuals.len() as u64) >> 32;
            *noise += residuals[at as usize] * weight;
        }
    }
    noise
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_is_the_same_in_whatever_company() {
        let residuals = [-2.0, 0.5, 1.5, 7.0];
        let noise = |first: u32, lane: usize| -> Vec<u64> {
            let [old, new] = draw_picks([3, 2], first, Seed(774));
            let units = old.iter().chain(&new);
            units.map(|picks| picked_noise(picks, &residuals)[lane].to_bits()).collect()
        };
        for lane in 0..LANES {
            assert_eq!(noise(5, lane), noise(5 + lane as u32, 0), "lane {lane}");
        }
        assert_ne!(noise(5, 0), noise(6, 0));
        // The last residual at the end of the range, the first one at its start.
        let noise_at = |share| {
            let pick = ResidualPick { shares: [share; LANES], weights: [0.5; LANES] };
            picked_noise(&[pick; PARTS_PER_UNIT], &residuals).map(f64::to_bits)
        };
        assert_eq!(noise_at(u32::MAX), [21.0_f64.to_bits(); LANES]);
        assert_eq!(noise_at(0), [(-6.0_f64).to_bits(); LANES]);
    }
}
