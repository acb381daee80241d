//! What to do, in one sentence, and the rows that it rests on: the same on every screen.
//!
//! The figure of a set is its replay at the expected values of all ranges, as on the page and in
//! charts; its band is P10 and P90 of that very set in all draws.

use super::Provenance;
use super::volume::Volume;
use crate::plan::ToggleSubset;
use crate::report::columns::ColumnField;
use crate::report::format::{
    effort_words, format_forecast_money, format_forecast_tokens, format_integer,
    format_share_in_sentence, plain_money,
};
use crate::report::view::{CellValue, ColumnKind};
use crate::report::{TableCell, TableColumn};
use crate::study::stats::quantile::CredibleBand;
use crate::study::whatif::saving_bands::{DrawnSet, SavingBands};
use crate::study::whatif::savings::Saving;
use crate::study::whatif::sweep::SubsetSweep;
use crate::study::whatif::swept_subset::{SweepMetric, SweepToggle};
use crate::units::{PicoUsd, saturate_to_i64};

/// Sets that save less than this of all, in ten-thousandths, are not worth a decision.
const LITTLE_BP: i128 = 100;
/// A mean of the trials that is farther from the quoted figure than this is said beside it.
const DIFFERING_BP: i128 = 500;
const BASIS_POINTS: i128 = 10_000;

/// What a decision rests on.
#[derive(Clone, Copy)]
pub struct Decision<'a> {
    /// Every subset, with the order of building.
    pub sweep: &'a SubsetSweep,
    /// The sets of the order in all draws, by the bits of the sweep; none without draws.
    pub drawn: &'a [DrawnSet],
    /// What amounts are said for.
    pub volume: Volume,
}

/// One fix of the order of building.
pub struct DecisionRow<'a> {
    /// The fix.
    pub toggle: &'a SweepToggle,
    /// What is given up for it, by ids.
    pub dropped: Vec<&'static str>,
    /// Everything built then.
    pub subset: ToggleSubset,
    /// What it adds to those before it.
    pub adds: i128,
    /// What all until here save.
    pub so_far: i128,
    /// Calls that it saves beside those before it.
    pub calls: i64,
    /// Whether the decision holds it: one may stop after these.
    pub is_decided: bool,
}

impl<'a> Decision<'a> {
    /// The fixes in their order, also those that one may leave.
    #[must_use]
    pub fn rows(self) -> Vec<DecisionRow<'a>> {
        let mut rows = Vec::new();
        let mut before: ToggleSubset = 0;
        for (nth, step) in self.sweep.order.steps.iter().enumerate() {
            let dropped = step.dropped.iter().map(|&at| self.sweep.toggles[at].id);
            let mut dropped: Vec<&'static str> = dropped.collect();
            // What is given up goes first, so that the toggles built in its place are counted
            // without it.
            let mut here = step.dropped.iter().fold(before, |set, at| set & !(1 << at));
            for &at in &step.built {
                here |= 1 << at;
                rows.push(DecisionRow {
                    toggle: &self.sweep.toggles[at],
                    // Only the first row of a swap names what is given up for it.
                    dropped: std::mem::take(&mut dropped),
                    subset: here,
                    adds: self.saved(here) - self.saved(before),
                    so_far: self.saved(here),
                    calls: self.sweep.entry_of_subset(here).calls
                        - self.sweep.entry_of_subset(before).calls,
                    is_decided: nth < self.sweep.order.enough,
                });
                before = here;
            }
        }
        rows
    }

    /// What a set saves, for the volume.
    fn saved(self, subset: ToggleSubset) -> i128 {
        self.volume.scaled(self.sweep.entry_of_subset(subset).saved_amount(self.sweep.metric))
    }

    /// The mean over all draws of what the decision saves, where it is not the quoted figure: some
    /// sources leave unknowns whose likeliest values are not in the middle.
    #[must_use]
    pub fn differing_mean(self) -> Option<i128> {
        let set = self.decided_set()?;
        let mean = self.volume.scaled(self.drawn_set(set)?.mean.amount(self.sweep.metric));
        let saved = self.saved(set);
        ((mean - saved).abs() * BASIS_POINTS > saved.abs() * DIFFERING_BP).then_some(mean)
    }

    /// What there is to save, for the volume.
    #[must_use]
    pub fn total(self) -> i128 {
        let all = Saving::from(&self.sweep.baseline);
        self.volume.scaled(self.sweep.metric.amount_in_saving(&all))
    }

    /// The band of a set, for the volume; `None` where it was not drawn.
    #[must_use]
    pub fn band(self, subset: ToggleSubset) -> Option<CredibleBand<i128>> {
        self.band_of_savings(&self.drawn_set(subset)?.bands)
    }

    fn drawn_set(self, subset: ToggleSubset) -> Option<&'a DrawnSet> {
        self.drawn.iter().find(|set| set.subset == subset)
    }

    /// A band in what sets are ranked by.
    #[must_use]
    pub fn band_of_savings(self, bands: &SavingBands) -> Option<CredibleBand<i128>> {
        let band = match self.sweep.metric {
            SweepMetric::Dollars => bands.cost.map(|amount| amount.0),
            SweepMetric::Reads => bands.read.map(i128::from),
            SweepMetric::Tokens => bands.tokens.map(i128::from),
            SweepMetric::Calls => return None,
        };
        Some(band.map(|amount| self.volume.scaled(amount)))
    }

    /// The set that the decision names: until one may stop.
    fn decided_set(self) -> Option<ToggleSubset> {
        let last = self.sweep.order.enough.checked_sub(1)?;
        self.sweep.order.steps.get(last).map(|step| step.subset)
    }

    fn decided_band(self) -> Option<CredibleBand<i128>> {
        self.band(self.decided_set()?)
    }

    /// The set with all steps.
    fn whole_set(self) -> Option<ToggleSubset> {
        self.sweep.order.steps.last().map(|step| step.subset)
    }

    /// The sets whose bands are quoted: of the decision, of all steps, and what costs on its own.
    #[must_use]
    pub fn quoted_sets(sweep: &SubsetSweep) -> Vec<ToggleSubset> {
        let decision = Decision { sweep, drawn: &[], volume: Volume::Record };
        let sets = decision.decided_set().into_iter().chain(decision.whole_set());
        sets.chain(sweep.order.costs.iter().map(|at| 1 << at)).collect()
    }

    /// The lines of the decision: what to do, and what all the rest would add.
    #[must_use]
    pub fn lines(self) -> Vec<String> {
        let Some(decided) = self.decided_set() else {
            return vec![self.words_where_nothing_saves()];
        };
        let whole = self.whole_set().unwrap_or(decided);
        // A decision over less than a per cent of the bill would be advice on noise.
        if self.saved(whole) * 10_000 < self.total() * LITTLE_BP {
            let largest = self.rows().into_iter().max_by_key(|row| row.adds);
            let id = largest.map_or("none", |row| row.toggle.id);
            return vec![format!(
                "Nothing here saves more than {} of {}; the largest is {id}.",
                self.amount_words(self.saved(whole)),
                self.total_words(),
            )];
        }
        let effort = self.sweep.entry_of_subset(decided).effort;
        let mut lines = vec![format!(
            "{}: saves {} of {}{}.",
            self.command_words(effort),
            self.amount_words(self.saved(decided)),
            self.total_words(),
            self.band_words(decided),
        )];
        if whole != decided {
            lines.push(self.words_on_the_rest(decided, whole));
        }
        lines.extend(self.words_on_costs());
        lines
    }

    /// What to build or change, by ids, with the days that it takes.
    fn command_words(self, effort: u32) -> String {
        let decided: Vec<DecisionRow<'a>> =
            self.rows().into_iter().filter(|row| row.is_decided).collect();
        // Settings cost no work and come first, whatever their place in the order.
        let (settings, built): (Vec<_>, Vec<_>) =
            decided.iter().partition(|row| row.toggle.grade.effort == 0);
        let [settings, built] = [settings, built].map(|rows| {
            let ids = rows.iter().map(|row| row.toggle.id);
            ids.collect::<Vec<&'static str>>()
        });
        let days = effort_words(effort);
        match (settings.is_empty(), built.is_empty()) {
            (true, _) => format!("Build {} ({days})", list_in_order(&built)),
            (false, true) => format!("Change {}", settings_words(&settings)),
            (false, false) => format!(
                "Change {}, then build {} ({days})",
                settings_words(&settings),
                list_in_order(&built)
            ),
        }
    }

    /// What all steps save, and what those that one may leave add.
    fn words_on_the_rest(self, decided: ToggleSubset, whole: ToggleSubset) -> String {
        let (less, all) = (self.saved(decided), self.saved(whole));
        let days =
            self.sweep.entry_of_subset(whole).effort - self.sweep.entry_of_subset(decided).effort;
        format!(
            "All {} save {} ({}){}: the rest is {} for {} more.",
            whole.count_ones(),
            self.amount_words(all),
            self.share_words(all),
            self.band_words(whole),
            self.amount_words(all - less),
            effort_words(days)
        )
    }

    /// The fix that costs most after all others, where one costs.
    fn words_on_costs(self) -> Option<String> {
        let costs = &self.sweep.order.costs;
        let saved = costs.iter().map(|&at| (at, self.saved(1 << at)));
        let (at, saved) = saved.filter(|(_, saved)| *saved < 0).min_by_key(|(_, saved)| *saved)?;
        let id = self.sweep.toggles[at].id;
        let cost = self.amount_words(-saved);
        let drawn = self.band(1 << at);
        let band = drawn.map_or_else(String::new, |band| {
            let ends = (self.amount_words(-band.p10), self.amount_words(band.p90.abs()));
            // A cost is a negative saving: its low end is the larger cost, its high end may be a
            // saving.
            let other = if band.p90 > 0 { "less" } else { "more" };
            format!(", or between {} more and {} {other}", ends.0, ends.1)
        });
        Some(format!("Leave {id} off: it costs {cost}{band}."))
    }

    fn words_where_nothing_saves(self) -> String {
        if let Some(words) = self.words_on_costs() {
            return format!("Nothing here saves anything. {words}");
        }
        match self.sweep.waiting.first() {
            Some((id, title)) => format!(
                "Cannot say: it depends on a number of yours; the first is asked by {id} ({title})."
            ),
            None => "Nothing here saves anything.".to_owned(),
        }
    }

    /// `, $2.63 to $3.23` where the set was drawn.
    fn band_words(self, subset: ToggleSubset) -> String {
        self.band(subset).map_or_else(String::new, |CredibleBand { p10, p90, .. }| {
            format!(", {} to {}", self.amount_words(p10), self.amount_words(p90))
        })
    }

    /// `$22.87 a run`.
    #[must_use]
    pub fn total_words(self) -> String {
        let noun = match self.sweep.metric {
            SweepMetric::Dollars => String::new(),
            metric => format!(" {}", metric.sentence_words()),
        };
        let share = self
            .decided_set()
            .map_or_else(String::new, |set| format!(" ({})", self.share_words(self.saved(set))));
        let total = match (self.sweep.metric, self.volume) {
            // What was paid is a bill, and has cents.
            (SweepMetric::Dollars, Volume::Run | Volume::Record) => {
                plain_money(PicoUsd(self.total()))
            }
            _ => self.amount_words(self.total()),
        };
        format!("{total}{noun} {}{share}", self.volume.words())
    }

    fn share_words(self, amount: i128) -> String {
        let share = amount * 10_000 / self.total().max(1);
        format_share_in_sentence(saturate_to_i64(share))
    }

    /// An amount in a sentence, to the places of the whole decision.
    #[must_use]
    pub fn amount_words(self, amount: i128) -> String {
        match self.sweep.metric {
            SweepMetric::Dollars => {
                // As many places as the largest amount of the decision has: figures side by side
                // are compared.
                let largest = self.whole_set().map_or(0, |set| self.saved(set).unsigned_abs());
                format_forecast_money(PicoUsd(amount), largest, false)
            }
            SweepMetric::Calls => format_integer(saturate_to_i64(amount), false),
            _ => format_forecast_tokens(saturate_to_i64(amount), false),
        }
    }

    /// An amount as a value of a table.
    #[must_use]
    pub fn amount_value(self, amount: i128) -> CellValue {
        let count = saturate_to_i64(amount);
        match self.sweep.metric {
            SweepMetric::Dollars => CellValue::Money(PicoUsd(amount)),
            SweepMetric::Calls => CellValue::Count(count),
            _ => CellValue::Tokens(count),
        }
    }

    /// A column of amounts that are forecasts.
    pub fn amount_column(self, heading: &str) -> TableColumn {
        TableColumn::new(heading, self.amount_value(0).column_kind()).as_forecast()
    }

    /// The decision for programs.
    #[must_use]
    pub fn fields<'b>() -> Vec<ColumnField<'b, Decision<'b>>> {
        type Field<'b> = ColumnField<'b, Decision<'b>>;
        vec![
            Field::texts("lines", "", "what the first screen says", |it| it.lines()),
            Field::texts("fixes", "", "ids of what to do, in order", |it| {
                let rows = it.rows().into_iter().filter(|row| row.is_decided);
                rows.map(|row| row.toggle.id.to_owned()).collect::<Vec<_>>()
            }),
            Field::text("metric", "", "what its amounts are", |it| it.sweep.metric.name()),
            Field::text("volume", "", "what its amounts are said for", |it| it.volume.words()),
            amount_field("saved", "what these save", |it| Some(it.saved(it.decided_set()?))),
            amount_field("of", "what there is", |it| Some(it.total())),
            amount_field("mean", "their mean over all trials", |it| {
                let mean = it.drawn_set(it.decided_set()?)?.mean.amount(it.sweep.metric);
                Some(it.volume.scaled(mean))
            }),
            amount_field("p10", "one trial in ten saves less", |it| Some(it.decided_band()?.p10)),
            amount_field("p90", "one trial in ten saves more", |it| Some(it.decided_band()?.p90)),
        ]
    }
}

/// An amount of a decision in its metric.
fn amount_field<'b>(
    name: &'static str,
    about: &'static str,
    amount: fn(Decision<'b>) -> Option<i128>,
) -> ColumnField<'b, Decision<'b>> {
    ColumnField::from_cells(ColumnKind::Mixed, name, "", about, move |it: &Decision<'b>| {
        TableCell::from_option(amount(*it).map(|amount| it.amount_value(amount)))
    })
}

/// `R7, then R2`.
fn list_in_order(ids: &[&str]) -> String {
    match ids {
        [first, second] => format!("{first}, then {second}"),
        ids => ids.join(", "),
    }
}

/// `setting G2`, `two settings, G2 and G4`.
fn settings_words(ids: &[&str]) -> String {
    match ids {
        [only] => format!("one setting, {only}"),
        [first @ .., last] => {
            format!("{} settings, {} and {last}", ids.len(), first.join(", "))
        }
        [] => String::new(),
    }
}

/// As what a source's dollars are priced, where it names no model.
#[must_use]
pub fn assumed_price_words(provenance: &Provenance) -> Option<String> {
    let model = provenance.assumed_model.as_ref()?;
    Some(format!("priced as {model}: assumed"))
}
