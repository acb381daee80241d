//! Which residuals a draw of the bootstrap makes its units of, and with which weights.

use crate::seed::Seed;
use rand::Rng;

/// Residuals that a unit of a draw is made of: six uniform ones are nearly normal.
/// Source: MODEL.md, "The gate".
const PARTS_PER_UNIT: usize = 6;

/// Residuals that a unit is made of, each as a share of the way through all of them, and their
/// weights.
pub(super) type ResidualPicks = [(f64, f64); PARTS_PER_UNIT];

/// The picks of draw `k`.
pub(super) fn draw_picks(units: [usize; 2], k: u32, seed: Seed) -> [Vec<ResidualPicks>; 2] {
    let mut rng = seed.random_stream("gate", &k.to_le_bytes());
    units.map(|count| {
        (0..count).map(|_| std::array::from_fn(|_| draw_pick(rng.next_u64()))).collect()
    })
}

/// One residual and its weight: the low half of the bits says which, the high half how much.
fn draw_pick(bits: u64) -> (f64, f64) {
    // A uniform number from -1 to 1 has a variance of a third, and a unit is a sum of several.
    let scale = (3.0 / PARTS_PER_UNIT as f64).sqrt();
    (low_half_share(bits), (2.0 * low_half_share(bits >> 32) - 1.0) * scale)
}

/// The low 32 bits as a share, 0 to below 1.
fn low_half_share(bits: u64) -> f64 {
    (bits & u64::from(u32::MAX)) as f64 / (1_u64 << 32) as f64
}

/// The noise of a unit that is made of such residuals.
pub(super) fn picked_noise(picks: &ResidualPicks, residuals: &[f64]) -> f64 {
    picks
        .iter()
        .map(|(share, weight)| residuals[(share * residuals.len() as f64) as usize] * weight)
        .sum()
}
