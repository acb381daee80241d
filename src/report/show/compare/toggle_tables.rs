//! What each toggle saves: in the headline's figure, and in dollars and calls.

use super::{ComparisonReport, verdict_tone};
use crate::report::columns::ColumnField;
use crate::report::format;
use crate::report::format::effort_days;
use crate::report::view::ColumnKind;
use crate::report::{CellValue, TableCell, TableView};
use crate::study::stats::quantile::CredibleBand;
use crate::study::whatif::compare::{Comparison, ToggleResult};
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::published_claims::PublishedClaim;
use crate::study::whatif::remaining_saving::RemainingSaving;
use crate::study::whatif::saving_bands::SavingBands;
use crate::study::whatif::savings::Saving;

impl ComparisonReport<'_> {
    /// The table of toggles in cache reads, or in tokens.
    #[must_use]
    pub fn toggle_table(&self) -> TableView {
        let title =
            format!("Savings in {}, each toggle", self.comparison.headline.sentence_words());
        let mut view = self.table_of_rows(title, ColumnKind::Tokens);
        self.add_toggle_footnotes(&mut view);
        view
    }

    /// The table of toggles in dollars and calls.
    #[must_use]
    pub fn dollar_table(&self) -> TableView {
        let title = "The same in dollars, with calls, effort and risk";
        let mut view = self.table_of_rows(title.to_owned(), ColumnKind::Money);
        view.add_footnote(
            "calls: alone; effort in days of work, 0 for a setting, risk 1 to 3: judgement, to be \
             edited in a scenario",
        );
        view
    }

    fn table_of_rows(&self, title: String, kind: ColumnKind) -> TableView {
        let fields = self.row_fields(kind);
        let mut view =
            TableView::from_fields(title, &fields, self.listed_toggles().map(ToggleRow::from));
        view.add_total_row(&fields, &self.sum_row());
        view.add_total_row(&fields, &self.joint_row());
        view
    }

    /// What a plain sum of the list would say.
    fn sum_row(&self) -> ToggleRow<'_> {
        // Alone, the toggles of a list may save the same tokens twice; their shares add up to what
        // all of them save together.
        let toggles = &self.comparison.toggles;
        let claims = toggles.iter().filter_map(|toggle| claimed_ends(toggle.claim.as_ref()?));
        ToggleRow {
            name: "sum of the list".to_owned(),
            claimed: claims.reduce(|sum, one| (sum.0 + one.0, sum.1 + one.1)),
            alone: toggles.iter().map(|toggle| toggle.alone).sum(),
            last: Some(toggles.iter().map(|toggle| toggle.last).sum()),
            share: toggles.iter().map(|toggle| toggle.share).sum(),
            effort: Some(self.listed_toggles().map(|toggle| toggle.grade.effort).sum()),
            ..ToggleRow::default()
        }
    }

    /// All together is one replay: it has no place before or after the others, but its share is
    /// the whole.
    fn joint_row(&self) -> ToggleRow<'_> {
        ToggleRow {
            name: "all together".to_owned(),
            alone: self.comparison.joint,
            share: self.comparison.joint,
            bands: self.comparison.uncertainty.as_ref().map(|it| it.joint),
            ..ToggleRow::default()
        }
    }

    /// Columns of claims and bands are there only if there is something to show.
    fn row_fields<'a>(&self, kind: ColumnKind) -> Vec<ColumnField<'a, ToggleRow<'a>>> {
        type Field<'a> = ColumnField<'a, ToggleRow<'a>>;
        let headline = self.comparison.headline;
        let in_dollars = kind == ColumnKind::Money;
        let has_claims = self.comparison.toggles.iter().any(|toggle| toggle.claim.is_some());
        let mut fields = vec![Field::text("", "toggle", "its id and title", |it| it.name.clone())];
        if in_dollars {
            fields.push(
                Field::count("", "calls", "calls saved alone", |it| it.alone.calls).with_sign(),
            );
        } else {
            fields.push(Field::count("", "found", "places where it applies", |it| {
                it.toggle.map(|toggle| toggle.found)
            }));
        }
        // Claims are published in tokens and calls, never in dollars: the second table has none.
        if has_claims && !in_dollars {
            let about = "what is claimed for it";
            let claimed =
                Field::from_cells(kind, "", "claimed", about, |it| tokens_cell(it.claimed));
            fields.push(claimed.with_ranges().with_sign());
        }
        for column in AMOUNTS {
            // Without draws there is no band, and columns of dashes would say nothing.
            let is_percentile = matches!(column, AmountColumn::Percentile(..));
            if !is_percentile || self.comparison.uncertainty.is_some() {
                fields.push(column.field(kind, headline));
            }
        }
        if has_moved_part(self.comparison) && !in_dollars {
            let about = "of what is saved alone: taken back by compactions that come later";
            fields.push(Field::tokens("", "moved", about, |it| it.alone.moved).with_sign());
        }
        if has_claims && !in_dollars {
            fields.push(Field::from_cells(
                kind,
                "",
                "bound",
                "the most that it could save",
                |it| {
                    let bound = it.toggle.and_then(|toggle| toggle.bound);
                    TableCell::from_option(bound.map(CellValue::Tokens))
                },
            ));
        }
        if in_dollars {
            fields.push(Field::number("", "effort, days", "days of work", |it| {
                it.effort.map(effort_days)
            }));
            fields.push(Field::count("", "risk", "1 to 3", |it| {
                it.toggle.map(|toggle| toggle.grade.risk)
            }));
        }
        if has_claims && !in_dollars {
            let about = "whether the claim has the right size";
            fields.push(Field::from_cells(ColumnKind::Text, "", "its claim", about, |it| {
                it.toggle.map_or_else(TableCell::missing, verdict_cell)
            }));
        }
        if !in_dollars {
            fields.push(Field::text("", "with the others", "what they leave of it", |it| {
                it.toggle.map(|toggle| {
                    toggle.remaining.as_ref().map_or_else(String::new, RemainingSaving::words)
                })
            }));
        }
        fields
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
                "P10, P90: of alone, over {} draws of the parameters and of {}",
                format::format_integer(i64::from(uncertainty.draws), false),
                self.unknowns_in_words()
            ));
        }
        if comparison.toggles.iter().any(|toggle| toggle.claim.is_some()) {
            view.add_footnote(
                "its claim: as printed, half the author's step on either side, against P10 to P90 \
                 with the error of a difference and the bound, which is every share and size at \
                 its friendliest",
            );
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
        if has_moved_part(comparison) {
            view.add_footnote(moved_sentence(&comparison.joint));
        }
        let idle: Vec<&str> = self.idle_toggles().map(|toggle| toggle.id).collect();
        if !idle.is_empty() {
            view.add_footnote(format!("nothing to find here for {}", idle.join(", ")));
        }
        let beside = comparison.toggles.iter().filter(|toggle| toggle.is_beside);
        let beside: Vec<&str> = beside.map(|toggle| toggle.id).collect();
        if !beside.is_empty() {
            let place = match comparison.whole {
                Some(_) => "in the table of another orchestrator",
                None => "where its pipeline is compared alone",
            };
            view.add_footnote(format!(
                "{}: of the orchestrator, beside the sessions; what is saved of its reads stands \
                 {place}",
                beside.join(", ")
            ));
        }
        let headline = comparison.headline;
        // A loss surprises whoever reads a list of fixes: where there is one, the note explains it.
        let mut savings =
            comparison.toggles.iter().flat_map(|toggle| [&toggle.alone, &toggle.last]);
        if savings.any(|saving| headline.amount_in_saving(saving) < 0) {
            view.add_footnote(
                "negative: it costs more than it saves; also, a shorter wait turns a write into a \
                 read",
            );
        }
    }

    /// Toggles that find something in the sessions, or of which something is claimed. A row of
    /// those that change the orchestrator beside them would be one of zeros.
    fn listed_toggles(&self) -> impl Iterator<Item = &ToggleResult> {
        let toggles = self.comparison.toggles.iter();
        toggles.filter(|toggle| !is_idle_toggle(toggle) && !toggle.is_beside)
    }

    /// The others.
    fn idle_toggles(&self) -> impl Iterator<Item = &ToggleResult> {
        self.comparison.toggles.iter().filter(|toggle| is_idle_toggle(toggle))
    }
}

/// A row of the tables of toggles: one toggle, their sum, or all together.
#[derive(Default)]
struct ToggleRow<'a> {
    name: String,
    toggle: Option<&'a ToggleResult>,
    claimed: Option<(i64, i64)>,
    alone: Saving,
    last: Option<Saving>,
    share: Saving,
    bands: Option<SavingBands>,
    effort: Option<u32>,
}

impl<'a> From<&'a ToggleResult> for ToggleRow<'a> {
    fn from(toggle: &'a ToggleResult) -> Self {
        Self {
            name: format!("{} {}", toggle.id, toggle.title),
            toggle: Some(toggle),
            claimed: toggle.claim.as_ref().and_then(claimed_ends),
            alone: toggle.alone,
            last: Some(toggle.last),
            share: toggle.share,
            bands: toggle.bands.map(|bands| bands.alone),
            effort: Some(toggle.grade.effort),
        }
    }
}

/// One column of amounts.
#[derive(Clone, Copy)]
enum AmountColumn {
    /// A saving of a row.
    Saving(&'static str, &'static str, SavingGetter),
    /// A percentile of what a row saves on its own.
    Percentile(&'static str, &'static str, PercentileGetter),
}

/// The savings of a row.
type SavingGetter = for<'r, 'a> fn(&'r ToggleRow<'a>) -> Option<Saving>;

/// A percentile of a band.
type PercentileGetter = fn(CredibleBand<CellValue>) -> CellValue;

/// What is saved alone stands between its percentiles.
const AMOUNTS: [AmountColumn; 5] = [
    AmountColumn::Percentile("P10", "of alone: one draw in ten is below", |band| band.p10),
    AmountColumn::Saving("alone", "saved on its own", |it| Some(it.alone)),
    AmountColumn::Percentile("P90", "of alone: one draw in ten is above", |band| band.p90),
    AmountColumn::Saving("last", "saved after all the others", |it| it.last),
    AmountColumn::Saving("Shapley", "its share in all together", |it| Some(it.share)),
];

impl AmountColumn {
    fn field<'a>(
        self,
        kind: ColumnKind,
        headline: HeadlineMetric,
    ) -> ColumnField<'a, ToggleRow<'a>> {
        let (Self::Saving(heading, about, _) | Self::Percentile(heading, about, _)) = self;
        let field = ColumnField::from_cells(kind, "", heading, about, move |it: &ToggleRow<'a>| {
            TableCell::from_option(match self {
                Self::Saving(.., saving) => saving(it).map(|saving| match kind {
                    ColumnKind::Money => CellValue::Money(saving.total_money()),
                    _ => CellValue::Tokens(headline.amount_in_saving(&saving)),
                }),
                Self::Percentile(.., point) => it.bands.map(|bands| match kind {
                    ColumnKind::Money => point(bands.cost.map(CellValue::Money)),
                    _ => point(bands.headline_band(headline).map(CellValue::Tokens)),
                }),
            })
        });
        field.with_sign()
    }
}

/// Whether compactions take back anything of what a toggle saves, or of all together.
fn has_moved_part(comparison: &Comparison) -> bool {
    let alone = comparison.toggles.iter().map(|toggle| &toggle.alone);
    alone.chain([&comparison.joint]).any(|saving| saving.moved != 0)
}

/// What all together save where compactions stay, and what these take back.
fn moved_sentence(joint: &Saving) -> String {
    let [direct, moved] = [joint.direct_reads(), joint.moved]
        .map(|tokens| format::format_tokens(tokens.saturating_abs(), false));
    let (carried, comes) = (
        if joint.direct_reads() < 0 { "more" } else { "fewer" },
        if joint.moved > 0 { "sooner and gives" } else { "later and takes" },
    );
    format!(
        "moved: all together {direct} {carried} tokens read; where a context is compacted the next \
         compaction comes {comes} {moved} back"
    )
}

fn is_idle_toggle(toggle: &ToggleResult) -> bool {
    toggle.found == 0 && toggle.claim.is_none()
}

/// The verdict on a toggle; nothing where it is not claimed and finds something.
pub(in crate::report::show) fn toggle_verdict_word(toggle: &ToggleResult) -> &'static str {
    if let Some(claim) = &toggle.claim {
        return super::claim_verdict_word(claim, toggle.verdict);
    }
    if toggle.claim.is_none() && toggle.found > 0 { "" } else { toggle.verdict.verdict_word() }
}

fn verdict_cell(toggle: &ToggleResult) -> TableCell {
    TableCell::text(toggle_verdict_word(toggle)).with_tone(verdict_tone(toggle.verdict))
}

/// What is claimed, unless it is a direction alone.
pub(super) fn claimed_ends(claim: &PublishedClaim) -> Option<(i64, i64)> {
    (!claim.is_direction).then(|| claim.saving.clone().into_inner())
}

/// Tokens from the first to the second.
pub(super) fn tokens_cell(ends: Option<(i64, i64)>) -> TableCell {
    ends.map_or_else(TableCell::missing, |(low, high)| {
        TableCell::from_range(CellValue::Tokens(low), CellValue::Tokens(high))
    })
}
