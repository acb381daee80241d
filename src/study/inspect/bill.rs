//! What tokens cost, summed up by price: of a session, or of any other group of calls.

use crate::price::PriceResolver;
use crate::price::modifiers::search_fee;
use crate::recording::{Call, CallFacts, Recording, Remainder};
use crate::replay;
use crate::units::{PicoUsd, Usage};

/// Tokens by price and band, and searches. Prices are whole pico-dollars a token, so that bills of
/// parts add up to that of the whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Bill {
    bands: Vec<Usage>,
    /// Hidden output by the same bands.
    hidden: Vec<i64>,
    fees: PicoUsd,
}

impl Bill {
    /// Adds a call.
    pub fn add_call(&mut self, prices: &mut PriceResolver<'_>, recording: &Recording, call: &Call) {
        let model = recording.model_name(call.model);
        let tokens = (&call.usage, call.output_hidden, call.usage.context_tokens());
        self.add_usage(prices, model, tokens, (call.start_ms, &call.facts));
    }

    /// Adds what was billed beyond the calls of a session, whose last call started at `last_ms`.
    pub fn add_remainder(
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
        // Above a limit some models charge more: each price has a base and a long band.
        let long = context > prices.row_at(price).long_above;
        let band = 2 * usize::from(price) + usize::from(long);
        self.bands.resize(self.bands.len().max(band + 1), Usage::default());
        self.bands[band] += *usage;
        self.hidden.resize(self.bands.len(), 0);
        self.hidden[band] += hidden_output;
        self.fees += search_fee(facts.web_searches);
    }

    /// The dollars of each class of tokens, in the order of [`Usage::by_class`], then of output
    /// that usage does not show, then of searches. What has no price adds nothing.
    pub fn cost_by_class(&self, prices: &PriceResolver<'_>) -> [PicoUsd; 7] {
        let rows = prices.all_rows();
        let nothing = vec![0; self.bands.len()];
        let of = |part: fn(&Usage) -> Usage| {
            let bands: Vec<Usage> = self.bands.iter().map(part).collect();
            replay::tally_bands(rows, &bands, &nothing).recorded
        };
        let no_usage = vec![Usage::default(); self.bands.len()];
        [
            of(|usage| Usage { fresh: usage.fresh, ..Usage::default() }),
            of(|usage| Usage { read: usage.read, ..Usage::default() }),
            of(|usage| Usage { write_5m: usage.write_5m, ..Usage::default() }),
            of(|usage| Usage { write_1h: usage.write_1h, ..Usage::default() }),
            of(|usage| Usage { output: usage.output, ..Usage::default() }),
            replay::tally_bands(rows, &no_usage, &self.hidden).hidden,
            self.fees,
        ]
    }

    /// The dollars of what has a price; `None` where nothing has one.
    pub fn total_cost(self, prices: &PriceResolver<'_>) -> Option<PicoUsd> {
        let rows = prices.all_rows();
        let mut met = self.bands.iter().zip(0..).filter(|(usage, _)| !usage.is_zero()).peekable();
        // A sum over nothing that has a price would pass for a bill of zero.
        let is_unpriced = met.peek().is_some() && met.all(|(_, band)| rows[band / 2].is_unpriced);
        let bill = replay::tally_bands(rows, &self.bands, &self.hidden);
        let cost = bill.recorded + bill.hidden + self.fees;
        (!is_unpriced).then_some(cost)
    }
}
