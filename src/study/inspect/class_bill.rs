//! What each class of tokens cost: the bill by kind of price.

use super::bill::Bill;
use crate::price::Pricing;
use crate::recording::Recording;
use crate::units::PicoUsd;

/// The dollars of a recording by class. They add up to its bill, to the pico-dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassBill {
    /// Input that was neither read from nor written to a cache.
    pub fresh: PicoUsd,
    /// Cache reads.
    pub read: PicoUsd,
    /// Cache writes, whatever their lifetime.
    pub write: PicoUsd,
    /// Output that usage shows.
    pub output: PicoUsd,
    /// Output that usage does not show, estimated.
    pub hidden_output: PicoUsd,
    /// Fees for searches.
    pub searches: PicoUsd,
}

impl ClassBill {
    /// Sums up a recording.
    #[must_use]
    pub fn of_recording(recording: &Recording, pricing: &Pricing) -> Self {
        let mut prices = pricing.start_resolver();
        let mut bill = Bill::default();
        for call in &recording.calls {
            bill.add_call(&mut prices, recording, call);
        }
        for rest in &recording.remainders {
            // What belongs to no session is in no total either.
            let Some(session) = recording.sessions.get(rest.session as usize) else { continue };
            let last_ms = recording.calls[session.call_range()].last().map(|call| call.start_ms);
            bill.add_remainder(&mut prices, recording, (rest, last_ms));
        }
        let [fresh, read, write_5m, write_1h, output, hidden_output, searches] =
            bill.cost_by_class(&prices);
        Self { fresh, read, write: write_5m + write_1h, output, hidden_output, searches }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};
    use crate::study::inspect::summary::{RecordingTotals, totals_by_session};

    #[test]
    fn classes_add_up_to_the_bill() {
        for name in ["order-774", "order-775"] {
            let reported = builtin_pipeline(name).expect("built in");
            let recording = reconstruct(&reported, Lens::Message).expect("fits").recording;
            let pricing = Pricing::embedded();
            let of = ClassBill::of_recording(&recording, &pricing);
            let parts = [of.fresh, of.read, of.write, of.output, of.hidden_output, of.searches];
            let sum = parts.into_iter().reduce(|a, b| a + b);
            let totals = RecordingTotals::sum_sessions(&totals_by_session(&recording, &pricing));
            assert_eq!(sum, totals.cost, "{name}");
            assert!(of.read > of.write && of.write.0 > 0, "{of:?}");
        }
    }
}
