//! What each toggle saves: in the headline's figure, and in dollars and calls.

use super::{Shown, tone};
use crate::report::format;
use crate::report::{Cell, Column, Value, View};
use crate::study::compare::ToggleResult;
use crate::study::headline::Headline;
use crate::study::published::PublishedClaim;
use crate::study::sides::Saving;
use crate::study::uncertainty::{Band, Bands};
use crate::units::PicoUsd;

impl Shown<'_> {
    /// The table of toggles in cache reads, or in tokens.
    #[must_use]
    pub fn toggles(&self) -> View {
        let comparison = self.comparison;
        let headline = comparison.headline;
        let layout = self.layout();
        let mut columns = vec![Column::text("toggle"), Column::count("found")];
        layout.claims(&mut columns, || vec![Column::tokens("claimed").ranged().signed()]);
        columns.extend(["alone", "last", "Shapley"].map(|name| Column::tokens(name).signed()));
        layout.bands(&mut columns, || ["P10", "P50", "P90"].map(|p| Column::tokens(p).signed()));
        layout.claims(&mut columns, || vec![Column::text("verdict")]);
        let mut view = View::new(format!("Savings in {}, each toggle", headline.words()), columns);
        for toggle in self.shown_toggles() {
            let mut row = vec![name_of(toggle), Cell::count(i64::from(toggle.found))];
            layout.claims(&mut row, || vec![claimed(toggle.claim.as_ref())]);
            let saved = [&toggle.alone, &toggle.last, &toggle.share];
            row.extend(saved.map(|saving| Cell::tokens(headline.of(saving))));
            layout.bands(&mut row, || tokens_of(headline, shapley(toggle)));
            layout.claims(&mut row, || {
                vec![Cell::text(verdict_words(toggle)).tone(tone(toggle.verdict))]
            });
            view.row(row);
        }
        let toggles = &comparison.toggles;
        let sum = |of: fn(&ToggleResult) -> &Saving| {
            Cell::tokens(toggles.iter().map(|toggle| headline.of(of(toggle))).sum())
        };
        let mut row = vec![Cell::text("sum of the list"), Cell::missing()];
        layout.claims(&mut row, || vec![claimed_sum(toggles)]);
        row.extend([sum(|t| &t.alone), sum(|t| &t.last), sum(|t| &t.share)]);
        layout.bands(&mut row, || [(); 3].map(|()| Cell::missing()));
        layout.claims(&mut row, || vec![Cell::missing()]);
        view.total(row);
        let mut row = vec![Cell::text("all together"), Cell::missing()];
        layout.claims(&mut row, || vec![Cell::missing()]);
        let joint = || Cell::tokens(headline.of(&comparison.joint));
        row.extend([joint(), Cell::missing(), joint()]);
        let bands = comparison.uncertainty.as_ref().map(|it| it.joint);
        layout.bands(&mut row, || tokens_of(headline, bands));
        layout.claims(&mut row, || vec![Cell::missing()]);
        view.total(row);
        self.footnotes(&mut view);
        view
    }

    fn footnotes(&self, view: &mut View) {
        let comparison = self.comparison;
        let overlap = format::tokens(comparison.overlap.saturating_abs(), false);
        if comparison.overlap > 0 {
            view.footnote(format!(
                "overlap: a plain sum of the list counts {overlap} tokens twice"
            ));
        } else if comparison.overlap < 0 {
            view.footnote(format!(
                "together the toggles save {overlap} tokens more than a plain sum of the list"
            ));
        }
        view.footnote(
            "alone: the only toggle; last: after all the others; Shapley: its share in the joint \
             saving, over every order; positive where something falls",
        );
        if let Some(uncertainty) = &comparison.uncertainty {
            view.footnote(format!(
                "P10, P50, P90: of the share over {} draws of the parameters and of {}; all \
                 together over {}",
                format::integer(i64::from(uncertainty.shapley_draws), false),
                self.open_things(),
                format::integer(i64::from(uncertainty.draws), false)
            ));
        }
        if let Some(errors) = &comparison.attribution.standard_error {
            let most = errors.iter().map(|error| error.read as i64).max().unwrap_or_default();
            view.footnote(format!(
                "more than 16 toggles meet in one session: shares are means over sampled orders, \
                 standard error up to {} reads",
                format::tokens(most, false)
            ));
        }
        let idle: Vec<&str> = self.idle().map(|toggle| toggle.id).collect();
        if !idle.is_empty() {
            view.footnote(format!("nothing to find here for {}", idle.join(", ")));
        }
        let headline = comparison.headline;
        let saved = |t: &ToggleResult| [headline.of(&t.alone), headline.of(&t.last)];
        if comparison.toggles.iter().flat_map(saved).any(|saved| saved < 0) {
            view.footnote(
                "negative: it costs more than it saves; also, a smaller context is compacted later \
                 and then carried for longer, or a shorter wait turns a write into a read",
            );
        }
    }

    /// The table of toggles in dollars and calls.
    #[must_use]
    pub fn money(&self) -> View {
        let comparison = self.comparison;
        let layout = self.layout();
        let mut columns = vec![Column::text("toggle"), Column::count("calls").signed()];
        columns.extend(["alone", "last", "Shapley"].map(|name| Column::money(name).signed()));
        layout.bands(&mut columns, || ["P10", "P50", "P90"].map(|p| Column::money(p).signed()));
        columns.extend([Column::count("effort"), Column::count("risk")]);
        layout.claims(&mut columns, || vec![Column::text("verdict")]);
        let mut view = View::new("The same in dollars, with calls, effort and risk", columns);
        for toggle in self.shown_toggles() {
            let mut row = vec![name_of(toggle), Cell::count(toggle.alone.calls)];
            let money = [toggle.alone.money(), toggle.last.money(), toggle.share.money()];
            row.extend(money.map(Cell::money));
            layout.bands(&mut row, || money_of(shapley(toggle)));
            row.push(Cell::count(i64::from(toggle.grade.effort)));
            row.push(Cell::count(i64::from(toggle.grade.risk)));
            layout.claims(&mut row, || {
                let word = toggle.claim.as_ref().map_or("", |_| toggle.verdict_usd.word());
                vec![Cell::text(word).tone(tone(toggle.verdict_usd))]
            });
            view.row(row);
        }
        let toggles = &comparison.toggles;
        let mut row = vec![Cell::text("sum of the list")];
        row.push(Cell::count(toggles.iter().map(|t| t.alone.calls).sum()));
        let sum = |of: fn(&ToggleResult) -> PicoUsd| Cell::money(toggles.iter().map(of).sum());
        row.extend([sum(|t| t.alone.money()), sum(|t| t.last.money()), sum(|t| t.share.money())]);
        layout.bands(&mut row, || [(); 3].map(|()| Cell::missing()));
        row.push(Cell::count(self.shown_toggles().map(|t| i64::from(t.grade.effort)).sum()));
        row.push(Cell::missing());
        layout.claims(&mut row, || vec![Cell::missing()]);
        view.total(row);
        let joint = &comparison.joint;
        let mut row = vec![Cell::text("all together"), Cell::count(joint.calls)];
        row.extend([Cell::money(joint.money()), Cell::missing(), Cell::money(joint.money())]);
        layout.bands(&mut row, || money_of(comparison.uncertainty.as_ref().map(|it| it.joint)));
        row.extend([Cell::missing(), Cell::missing()]);
        layout.claims(&mut row, || vec![Cell::missing()]);
        view.total(row);
        view.footnote(
            "calls: alone; effort in points of about half a day, risk 1 to 3: judgement, to be \
             edited in a scenario",
        );
        view
    }

    /// Toggles that find something, or of which something is claimed.
    fn shown_toggles(&self) -> impl Iterator<Item = &ToggleResult> {
        self.comparison.toggles.iter().filter(|toggle| !is_idle(toggle))
    }

    /// The others.
    fn idle(&self) -> impl Iterator<Item = &ToggleResult> {
        self.comparison.toggles.iter().filter(|toggle| is_idle(toggle))
    }

    fn layout(&self) -> Layout {
        Layout {
            has_claims: self.comparison.toggles.iter().any(|toggle| toggle.claim.is_some()),
            has_bands: self.comparison.uncertainty.is_some(),
        }
    }
}

/// Columns that are there only if there is something to show.
#[derive(Clone, Copy)]
struct Layout {
    has_claims: bool,
    has_bands: bool,
}

impl Layout {
    fn claims<T>(self, row: &mut Vec<T>, cells: impl FnOnce() -> Vec<T>) {
        if self.has_claims {
            row.extend(cells());
        }
    }

    fn bands<T>(self, row: &mut Vec<T>, cells: impl FnOnce() -> [T; 3]) {
        if self.has_bands {
            row.extend(cells());
        }
    }
}

fn is_idle(toggle: &ToggleResult) -> bool {
    toggle.found == 0 && toggle.claim.is_none()
}

fn name_of(toggle: &ToggleResult) -> Cell {
    Cell::text(format!("{} {}", toggle.id, toggle.title))
}

fn shapley(toggle: &ToggleResult) -> Option<Bands> {
    toggle.bands.and_then(|bands| bands.shapley)
}

fn tokens_of(headline: Headline, bands: Option<Bands>) -> [Cell; 3] {
    three(bands.map(|bands| bands.of(headline).map(Cell::tokens)))
}

fn money_of(bands: Option<Bands>) -> [Cell; 3] {
    three(bands.map(|bands| bands.cost.map(Cell::money)))
}

fn three(band: Option<Band<Cell>>) -> [Cell; 3] {
    band.map_or_else(|| [(); 3].map(|()| Cell::missing()), |Band { p10, p50, p90 }| [p10, p50, p90])
}

/// The verdict on a toggle; nothing where it is not claimed and finds something.
pub(in crate::report::show) fn verdict_words(toggle: &ToggleResult) -> &'static str {
    if let Some(claim) = &toggle.claim {
        return super::verdict_word(claim, toggle.verdict);
    }
    if toggle.claim.is_none() && toggle.found > 0 { "" } else { toggle.verdict.word() }
}

fn claimed(claim: Option<&PublishedClaim>) -> Cell {
    claim.filter(|claim| !claim.is_direction).map_or_else(Cell::missing, |claim| {
        Cell::range(Value::Tokens(*claim.saving.start()), Value::Tokens(*claim.saving.end()))
    })
}

fn claimed_sum(toggles: &[ToggleResult]) -> Cell {
    let claims = toggles.iter().filter_map(|t| t.claim.as_ref()).filter(|c| !c.is_direction);
    let claims: Vec<&PublishedClaim> = claims.collect();
    if claims.is_empty() {
        return Cell::missing();
    }
    let sum = |of: fn(&PublishedClaim) -> i64| claims.iter().map(|claim| of(claim)).sum();
    Cell::range(Value::Tokens(sum(|c| *c.saving.start())), Value::Tokens(sum(|c| *c.saving.end())))
}
