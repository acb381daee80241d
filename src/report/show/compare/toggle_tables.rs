//! What each toggle saves: in the headline's figure, and in dollars and calls.

use super::{ComparisonReport, verdict_tone};
use crate::report::format;
use crate::report::{CellValue, TableCell, TableColumn, TableView};
use crate::study::stats::quantile::CredibleBand;
use crate::study::whatif::compare::ToggleResult;
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::published_claims::PublishedClaim;
use crate::study::whatif::savings::Saving;
use crate::study::whatif::uncertainty::SavingBands;
use crate::units::PicoUsd;

impl ComparisonReport<'_> {
    /// The table of toggles in cache reads, or in tokens.
    #[must_use]
    pub fn toggle_table(&self) -> TableView {
        let comparison = self.comparison;
        let headline = comparison.headline;
        let layout = self.toggle_columns();
        let mut columns = vec![TableColumn::text("toggle"), TableColumn::count("found")];
        layout.push_claim_cells(&mut columns, || {
            vec![TableColumn::tokens("claimed").with_ranges().with_sign()]
        });
        columns
            .extend(["alone", "last", "Shapley"].map(|name| TableColumn::tokens(name).with_sign()));
        layout.push_band_cells(&mut columns, || {
            ["P10", "P50", "P90"].map(|p| TableColumn::tokens(p).with_sign())
        });
        layout.push_claim_cells(&mut columns, || vec![TableColumn::text("verdict")]);
        let mut view = TableView::new(
            format!("Savings in {}, each toggle", headline.sentence_words()),
            columns,
        );
        for toggle in self.listed_toggles() {
            let mut row = vec![toggle_cell(toggle), TableCell::count(i64::from(toggle.found))];
            layout.push_claim_cells(&mut row, || vec![claimed_cell(toggle.claim.as_ref())]);
            let saved = [&toggle.alone, &toggle.last, &toggle.share];
            row.extend(saved.map(|saving| TableCell::tokens(headline.amount_in_saving(saving))));
            layout.push_band_cells(&mut row, || token_band_cells(headline, shapley_bands(toggle)));
            layout.push_claim_cells(&mut row, || {
                vec![
                    TableCell::text(toggle_verdict_word(toggle))
                        .with_tone(verdict_tone(toggle.verdict)),
                ]
            });
            view.add_row(row);
        }
        let toggles = &comparison.toggles;
        let mut row = vec![TableCell::text("sum of the list"), TableCell::missing()];
        layout.push_claim_cells(&mut row, || vec![claimed_sum_cell(toggles)]);
        // Alone, the toggles of a list may save the same tokens twice; their shares add up to what
        // all of them save together.
        let parts: [fn(&ToggleResult) -> &Saving; 3] = [|t| &t.alone, |t| &t.last, |t| &t.share];
        row.extend(parts.map(|part| {
            let amounts = toggles.iter().map(|toggle| headline.amount_in_saving(part(toggle)));
            TableCell::tokens(amounts.sum())
        }));
        layout.push_band_cells(&mut row, || [(); 3].map(|()| TableCell::missing()));
        layout.push_claim_cells(&mut row, || vec![TableCell::missing()]);
        view.add_total(row);
        // All together is one replay: it has no place before or after the others, but its share is
        // the whole.
        let mut row = vec![TableCell::text("all together"), TableCell::missing()];
        layout.push_claim_cells(&mut row, || vec![TableCell::missing()]);
        let joint = TableCell::tokens(headline.amount_in_saving(&comparison.joint));
        row.extend([joint.clone(), TableCell::missing(), joint]);
        let bands = comparison.uncertainty.as_ref().map(|it| it.joint);
        layout.push_band_cells(&mut row, || token_band_cells(headline, bands));
        layout.push_claim_cells(&mut row, || vec![TableCell::missing()]);
        view.add_total(row);
        self.add_toggle_footnotes(&mut view);
        view
    }

    fn add_toggle_footnotes(&self, view: &mut TableView) {
        let comparison = self.comparison;
        let overlap = format::format_tokens(comparison.overlap.saturating_abs(), false);
        if comparison.overlap > 0 {
            view.add_footnote(format!(
                "overlap: a plain sum of the list counts {overlap} tokens twice"
            ));
        } else if comparison.overlap < 0 {
            view.add_footnote(format!(
                "together the toggles save {overlap} tokens more than a plain sum of the list"
            ));
        }
        view.add_footnote(
            "alone: the only toggle; last: after all the others; Shapley: its share in the joint \
             saving, over every order; positive where something falls",
        );
        if let Some(uncertainty) = &comparison.uncertainty {
            view.add_footnote(format!(
                "P10, P50, P90: of the share over {} draws of the parameters and of {}; all \
                 together over {}",
                format::format_integer(i64::from(uncertainty.shapley_draws), false),
                self.unknowns_in_words(),
                format::format_integer(i64::from(uncertainty.draws), false)
            ));
        }
        // Shares are exact unless too many toggles meet in one session: then orders are sampled.
        if let Some(errors) = &comparison.attribution.standard_error {
            let most = errors.iter().map(|error| error.read as i64).max().unwrap_or_default();
            view.add_footnote(format!(
                "more than 16 toggles meet in one session: shares are means over sampled orders, \
                 standard error up to {} reads",
                format::format_tokens(most, false)
            ));
        }
        let idle: Vec<&str> = self.idle_toggles().map(|toggle| toggle.id).collect();
        if !idle.is_empty() {
            view.add_footnote(format!("nothing to find here for {}", idle.join(", ")));
        }
        let headline = comparison.headline;
        let mut savings =
            comparison.toggles.iter().flat_map(|toggle| [&toggle.alone, &toggle.last]);
        if savings.any(|saving| headline.amount_in_saving(saving) < 0) {
            view.add_footnote(
                "negative: it costs more than it saves; also, a smaller context is compacted later \
                 and then carried for longer, or a shorter wait turns a write into a read",
            );
        }
    }

    /// The table of toggles in dollars and calls.
    #[must_use]
    pub fn dollar_table(&self) -> TableView {
        let comparison = self.comparison;
        let layout = self.toggle_columns();
        let mut columns =
            vec![TableColumn::text("toggle"), TableColumn::count("calls").with_sign()];
        columns
            .extend(["alone", "last", "Shapley"].map(|name| TableColumn::money(name).with_sign()));
        layout.push_band_cells(&mut columns, || {
            ["P10", "P50", "P90"].map(|p| TableColumn::money(p).with_sign())
        });
        columns.extend([TableColumn::count("effort"), TableColumn::count("risk")]);
        layout.push_claim_cells(&mut columns, || vec![TableColumn::text("verdict")]);
        let mut view = TableView::new("The same in dollars, with calls, effort and risk", columns);
        for toggle in self.listed_toggles() {
            let mut row = vec![toggle_cell(toggle), TableCell::count(toggle.alone.calls)];
            let money =
                [toggle.alone.total_money(), toggle.last.total_money(), toggle.share.total_money()];
            row.extend(money.map(TableCell::money));
            layout.push_band_cells(&mut row, || money_band_cells(shapley_bands(toggle)));
            row.push(TableCell::count(i64::from(toggle.grade.effort)));
            row.push(TableCell::count(i64::from(toggle.grade.risk)));
            layout.push_claim_cells(&mut row, || {
                let word = toggle.claim.as_ref().map_or("", |_| toggle.verdict_usd.verdict_word());
                vec![TableCell::text(word).with_tone(verdict_tone(toggle.verdict_usd))]
            });
            view.add_row(row);
        }
        let toggles = &comparison.toggles;
        let mut row = vec![TableCell::text("sum of the list")];
        row.push(TableCell::count(toggles.iter().map(|t| t.alone.calls).sum()));
        let parts: [fn(&ToggleResult) -> PicoUsd; 3] =
            [|t| t.alone.total_money(), |t| t.last.total_money(), |t| t.share.total_money()];
        row.extend(parts.map(|part| TableCell::money(toggles.iter().map(part).sum())));
        layout.push_band_cells(&mut row, || [(); 3].map(|()| TableCell::missing()));
        row.push(TableCell::count(self.listed_toggles().map(|t| i64::from(t.grade.effort)).sum()));
        row.push(TableCell::missing());
        layout.push_claim_cells(&mut row, || vec![TableCell::missing()]);
        view.add_total(row);
        let joint = &comparison.joint;
        let mut row = vec![TableCell::text("all together"), TableCell::count(joint.calls)];
        row.extend([
            TableCell::money(joint.total_money()),
            TableCell::missing(),
            TableCell::money(joint.total_money()),
        ]);
        layout.push_band_cells(&mut row, || {
            money_band_cells(comparison.uncertainty.as_ref().map(|it| it.joint))
        });
        row.extend([TableCell::missing(), TableCell::missing()]);
        layout.push_claim_cells(&mut row, || vec![TableCell::missing()]);
        view.add_total(row);
        view.add_footnote(
            "calls: alone; effort in points of about half a day, risk 1 to 3: judgement, to be \
             edited in a scenario",
        );
        view
    }

    /// Toggles that find something, or of which something is claimed.
    fn listed_toggles(&self) -> impl Iterator<Item = &ToggleResult> {
        self.comparison.toggles.iter().filter(|toggle| !is_idle_toggle(toggle))
    }

    /// The others.
    fn idle_toggles(&self) -> impl Iterator<Item = &ToggleResult> {
        self.comparison.toggles.iter().filter(|toggle| is_idle_toggle(toggle))
    }

    fn toggle_columns(&self) -> ToggleColumns {
        ToggleColumns {
            has_claims: self.comparison.toggles.iter().any(|toggle| toggle.claim.is_some()),
            has_bands: self.comparison.uncertainty.is_some(),
        }
    }
}

/// Columns that are there only if there is something to show.
#[derive(Clone, Copy)]
struct ToggleColumns {
    has_claims: bool,
    has_bands: bool,
}

impl ToggleColumns {
    fn push_claim_cells<T>(self, row: &mut Vec<T>, cells: impl FnOnce() -> Vec<T>) {
        if self.has_claims {
            row.extend(cells());
        }
    }

    fn push_band_cells<T>(self, row: &mut Vec<T>, cells: impl FnOnce() -> [T; 3]) {
        if self.has_bands {
            row.extend(cells());
        }
    }
}

fn is_idle_toggle(toggle: &ToggleResult) -> bool {
    toggle.found == 0 && toggle.claim.is_none()
}

fn toggle_cell(toggle: &ToggleResult) -> TableCell {
    TableCell::text(format!("{} {}", toggle.id, toggle.title))
}

fn shapley_bands(toggle: &ToggleResult) -> Option<SavingBands> {
    toggle.bands.and_then(|bands| bands.shapley)
}

fn token_band_cells(headline: HeadlineMetric, bands: Option<SavingBands>) -> [TableCell; 3] {
    band_cells(bands.map(|bands| bands.headline_band(headline).map(TableCell::tokens)))
}

fn money_band_cells(bands: Option<SavingBands>) -> [TableCell; 3] {
    band_cells(bands.map(|bands| bands.cost.map(TableCell::money)))
}

fn band_cells(band: Option<CredibleBand<TableCell>>) -> [TableCell; 3] {
    band.map_or_else(
        || [(); 3].map(|()| TableCell::missing()),
        |CredibleBand { p10, p50, p90 }| [p10, p50, p90],
    )
}

/// The verdict on a toggle; nothing where it is not claimed and finds something.
pub(in crate::report::show) fn toggle_verdict_word(toggle: &ToggleResult) -> &'static str {
    if let Some(claim) = &toggle.claim {
        return super::claim_verdict_word(claim, toggle.verdict);
    }
    if toggle.claim.is_none() && toggle.found > 0 { "" } else { toggle.verdict.verdict_word() }
}

fn claimed_cell(claim: Option<&PublishedClaim>) -> TableCell {
    claim.filter(|claim| !claim.is_direction).map_or_else(TableCell::missing, |claim| {
        TableCell::from_range(
            CellValue::Tokens(*claim.saving.start()),
            CellValue::Tokens(*claim.saving.end()),
        )
    })
}

fn claimed_sum_cell(toggles: &[ToggleResult]) -> TableCell {
    let claims = toggles.iter().filter_map(|t| t.claim.as_ref()).filter(|c| !c.is_direction);
    let claims: Vec<&PublishedClaim> = claims.collect();
    if claims.is_empty() {
        return TableCell::missing();
    }
    let low = claims.iter().map(|claim| claim.saving.start()).sum();
    let high = claims.iter().map(|claim| claim.saving.end()).sum();
    TableCell::from_range(CellValue::Tokens(low), CellValue::Tokens(high))
}
