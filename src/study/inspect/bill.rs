//! What tokens cost by class: of a session, or of any other group of calls.

use crate::price::PriceResolver;
use crate::price::modifiers::search_fee;
use crate::recording::{Call, CallFacts, Recording, Remainder};
use crate::units::{PicoUsd, Usage};
use std::ops::Add;

/// The dollars of some calls by class. Prices are whole pico-dollars a token, so that bills of
/// parts add up to that of the whole; what has no price adds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassBill {
    /// Of what usage shows, in the order of [`TOKEN_CLASSES`](crate::units::TOKEN_CLASSES).
    pub by_class: [PicoUsd; 5],
    /// Output that usage does not show, estimated.
    pub hidden_output: PicoUsd,
    /// Fees for searches.
    pub searches: PicoUsd,
    /// Whether there are tokens with a price, and without one.
    has_priced: bool,
    has_unpriced: bool,
}

impl ClassBill {
    /// Adds a call.
    pub(super) fn add_call(
        &mut self,
        prices: &mut PriceResolver<'_>,
        recording: &Recording,
        call: &Call,
    ) {
        let model = recording.model_name(call.model);
        let tokens = (&call.usage, call.output_hidden, call.usage.context_tokens());
        self.add_usage(prices, model, tokens, (call.start_ms, &call.facts));
    }

    /// Adds what was billed beyond the calls of a session, whose last call started at `last_ms`.
    pub(super) fn add_remainder(
        &mut self,
        prices: &mut PriceResolver<'_>,
        recording: &Recording,
        (rest, last_ms): (&Remainder, Option<i64>),
    ) {
        let model = recording.model_name(rest.model);
        let facts = CallFacts { modifiers: rest.modifiers, ..CallFacts::default() };
        // A remainder of one request has its own band; one that is a sum has the base band.
        let tokens = (&rest.usage, 0, rest.price_context());
        self.add_usage(prices, model, tokens, (last_ms.unwrap_or(0), &facts));
    }

    /// Adds tokens of a prompt of `context` tokens; without a time the newest price stands.
    fn add_usage(
        &mut self,
        prices: &mut PriceResolver<'_>,
        model: &str,
        (usage, hidden_output, context): (&Usage, i64, i64),
        (at_ms, facts): (i64, &CallFacts),
    ) {
        let price = prices.resolve_price(model, at_ms, facts.modifiers);
        let row = prices.row_at(price);
        let is_unpriced = row.is_unpriced;
        // Output that the log does not show is priced as the output that it is.
        let hidden = Usage { output: hidden_output, ..Usage::default() };
        let part = Self {
            by_class: row.prices_at(context).cost_by_class(usage),
            hidden_output: row.prices_at(context).cost_of_usage(&hidden),
            searches: search_fee(facts.web_searches),
            has_priced: !is_unpriced && !usage.is_zero(),
            has_unpriced: is_unpriced && !usage.is_zero(),
        };
        *self = *self + part;
    }

    /// The dollars of what has a price; `None` where nothing has one.
    #[must_use]
    pub fn total_cost(&self) -> Option<PicoUsd> {
        // A sum over nothing that has a price would pass for a bill of zero.
        let is_known = self.has_priced || !self.has_unpriced;
        let cost = self.by_class.into_iter().sum::<PicoUsd>() + self.hidden_output + self.searches;
        is_known.then_some(cost)
    }
}

impl Add for ClassBill {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            by_class: std::array::from_fn(|at| self.by_class[at] + other.by_class[at]),
            hidden_output: self.hidden_output + other.hidden_output,
            searches: self.searches + other.searches,
            has_priced: self.has_priced || other.has_priced,
            has_unpriced: self.has_unpriced || other.has_unpriced,
        }
    }
}
