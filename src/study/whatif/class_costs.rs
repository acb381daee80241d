//! What a call costs, class by class of its tokens.

use crate::plan::Plan;
use crate::replay::{CallOutcome, ReplayedCall};
use crate::units::{PicoUsd, Usage};

/// The money of one call by class, in the order of [`TOKEN_CLASSES`](crate::units::TOKEN_CLASSES).
/// Output that usage does not show counts as output; fees for searches are of no class.
#[must_use]
pub fn call_cost_by_class(plan: &Plan, call: &ReplayedCall) -> [PicoUsd; 5] {
    let ReplayedCall { outcome: CallOutcome { usage, hidden, .. }, band, taken_back, .. } = call;
    let price = &plan.prices[*band as usize / 2];
    let own = if band.is_multiple_of(2) { &price.base } else { &price.long };
    let made = *usage + Usage { output: *hidden, ..Usage::default() };
    // What later compactions take back is priced below the threshold, as the replay prices it.
    let parts = [(made, own), (*taken_back, &price.base)];
    let mut costs = [PicoUsd(0); 5];
    for (usage, prices) in parts {
        for ((cost, tokens), per_token) in
            costs.iter_mut().zip(usage.by_class()).zip(prices.by_class())
        {
            *cost += PicoUsd(i128::from(tokens) * i128::from(per_token));
        }
    }
    costs
}
