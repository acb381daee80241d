//! The first screen of `compare`: what to do, in which order, and what that rests on.

mod remarks;

use super::{ComparisonReport, claim_verdict_word, verdict_tone};
use crate::report::document::LabelledRemark;
use crate::report::format::effort_cell;
use crate::report::format::{self, format_forecast_tokens, format_share_in_sentence};
use crate::report::show::decision::{Decision, DecisionRow};
use crate::report::show::price_notes;
use crate::report::show::volume::Volume;
use crate::report::{Section, TableCell, TableColumn, TableView};
use crate::study::whatif::compare::{CombinedClaimResult, ToggleResult};
use crate::study::whatif::saving_bounds::SavingBound;
use crate::study::whatif::verdict::ClaimVerdict;
use crate::units::ratio_bp;

/// Rows of the table: with the lines under them they leave room for the rest of a screen.
const MOST_ROWS: usize = 5;
/// Rows of fixes that wait for a number.
const MOST_WAITING: usize = 4;
/// Ids that a line names before it counts.
const MOST_IDS: usize = 8;

/// What stands in a column of the order of building.
type DecisionCell<'b, 'a> = Box<dyn Fn(&DecisionRow<'a>) -> TableCell + 'b>;

impl<'a> ComparisonReport<'a> {
    /// The first screen; without an order of building the reason why there is none.
    #[must_use]
    pub fn first_screen(&self) -> Section {
        let section = Section::new("");
        let Some(decision) = self.decision() else {
            // Too many toggles for a sweep: the figures of each are still told, an order is not.
            let reason = self.sweep.err().unwrap_or_default();
            let lines = [format!("No order of building can be told: {reason}.")];
            return section
                .with_decision(lines)
                .with_remarks(vec![self.basis(None), self.more(None)]);
        };
        let rows = decision.rows();
        let mut section = section.with_decision(self.decision_lines());
        if !rows.is_empty() {
            section = section.with_table(self.build_table(decision, &rows));
        }
        // A screen has 24 lines: the more fixes there are, the fewer rows are left for what waits.
        if let Some(waiting) = self.waiting_table(MOST_WAITING.min(7 - rows.len().min(5))) {
            section = section.with_table(waiting);
        }
        let mut remarks = vec![self.basis(Some(decision))];
        remarks.extend(self.find_out_first(decision));
        let notes = price_notes::price_notes(&self.provenance.coverage);
        // That there are no dollars stands in the basis.
        let mut notes = notes.into_iter().filter(|_| self.comparison.has_dollars);
        remarks.extend(notes.next().map(|note| LabelledRemark::new("note", note)));
        remarks.push(self.more(rows.first()));
        section.with_remarks(remarks)
    }

    /// The decision; `None` where no order of building can be told.
    pub(in crate::report::show) fn decision(&self) -> Option<Decision<'a>> {
        let volume = Volume::of_source(self.source);
        Some(Decision { sweep: self.sweep.ok()?, drawn: self.drawn, volume })
    }

    /// What to do, and what is claimed: the first lines of every screen and file.
    pub(crate) fn decision_lines(&self) -> Vec<String> {
        let lines = self.decision().map(Decision::lines).unwrap_or_default();
        lines.into_iter().chain(self.claim_line()).collect()
    }

    fn result_of(&self, id: &str) -> Option<&'a ToggleResult> {
        self.comparison.toggles.iter().find(|toggle| toggle.id == id)
    }

    /// The fixes in their order.
    fn build_table(&self, decision: Decision<'a>, rows: &[DecisionRow<'a>]) -> TableView {
        let has_claims = self.comparison.toggles.iter().any(|toggle| toggle.claim.is_some());
        // Headings and cells come from one list, so that no column can lose its heading.
        let fields = self.build_columns(decision, has_claims);
        let headings = fields.iter().map(|(column, _)| column.clone()).collect();
        let mut view = TableView::new("", headings).for_first_screen();
        for row in rows.iter().take(MOST_ROWS) {
            view.add_row(fields.iter().map(|(_, cell)| cell(row)).collect());
            view.add_line_under(match &row.dropped[..] {
                [] => row.toggle.knob.to_owned(),
                dropped => format!("instead of {}: {}", dropped.join(", "), row.toggle.knob),
            });
        }
        let words = self.words_on_the_rest(decision, rows);
        if !words.is_empty() {
            view.add_footnote(format!("{}.", words.join(". ")));
        }
        view
    }

    /// The columns of the table with what stands in them.
    fn build_columns(
        &self,
        decision: Decision<'a>,
        has_claims: bool,
    ) -> Vec<(TableColumn, DecisionCell<'_, 'a>)> {
        let adds = match decision.volume {
            Volume::Month { .. } => "a month",
            Volume::Run | Volume::Record => "adds",
        };
        let mut fields: Vec<(TableColumn, DecisionCell<'_, 'a>)> = vec![
            (TableColumn::text(""), Box::new(|row| TableCell::text(row.toggle.id))),
            (TableColumn::text("in this order"), Box::new(|row| TableCell::text(row.toggle.title))),
            (
                decision.amount_column(adds).with_rank(5),
                Box::new(move |row| TableCell::new(decision.amount_value(row.adds))),
            ),
            (
                decision.amount_column("alone, P10-P90").with_ranges().with_rank(2),
                Box::new(move |row| self.band_alone(decision, row)),
            ),
            (
                TableColumn::text("effort").flush_right().with_rank(3),
                Box::new(|row| TableCell::text(effort_cell(row.toggle.grade.effort))),
            ),
        ];
        if has_claims {
            fields.push((
                TableColumn::text("its claim").with_rank(4),
                Box::new(|row| self.verdict_cell(row)),
            ));
        }
        let places = TableColumn::count("places");
        // The verdict on a claim needs the room first; places come back where the terminal is wide.
        let places = if has_claims { places.from_width(100) } else { places };
        fields.push((places, Box::new(|row| TableCell::count(i64::from(row.toggle.found)))));
        // What follows is for wide terminals: nothing in it changes what to do first.
        let wide: [(TableColumn, DecisionCell<'_, 'a>); 5] = [
            (
                TableColumn::count("calls").with_sign().from_width(100),
                Box::new(|row| TableCell::count(-row.calls)),
            ),
            (
                TableColumn::count("risk").from_width(100),
                Box::new(|row| TableCell::count(i64::from(row.toggle.grade.risk))),
            ),
            (
                decision.amount_column("added to all others").from_width(120),
                Box::new(move |row| self.last_cell(decision, row)),
            ),
            (
                TableColumn::tokens("best case").as_forecast().from_width(120),
                Box::new(|row| self.best_case_cell(row)),
            ),
            (
                TableColumn::text("how").from_width(200),
                Box::new(|row| TableCell::text(row.toggle.knob)),
            ),
        ];
        fields.extend(wide);
        if !has_claims {
            fields.retain(|(column, _)| column.heading != "best case");
        }
        fields
    }

    fn band_alone(&self, decision: Decision<'_>, row: &DecisionRow<'_>) -> TableCell {
        let bands = self.result_of(row.toggle.id).and_then(|toggle| toggle.bands);
        let band = bands.and_then(|bands| decision.band_of_savings(&bands.alone));
        band.map_or_else(TableCell::missing, |band| {
            let [low, high] = [band.p10, band.p90].map(|amount| decision.amount_value(amount));
            TableCell::from_range(low, high)
        })
    }

    fn verdict_cell(&self, row: &DecisionRow<'_>) -> TableCell {
        let Some(toggle) = self.result_of(row.toggle.id) else { return TableCell::missing() };
        toggle.claim.as_ref().map_or_else(TableCell::missing, |claim| {
            let word = claim_verdict_word(claim, toggle.verdict);
            TableCell::text(word).with_tone(verdict_tone(toggle.verdict))
        })
    }

    fn last_cell(&self, decision: Decision<'_>, row: &DecisionRow<'_>) -> TableCell {
        self.result_of(row.toggle.id).map_or_else(TableCell::missing, |toggle| {
            let last = decision.sweep.metric.amount_in_saving(&toggle.last);
            TableCell::new(decision.amount_value(decision.volume.scaled(last)))
        })
    }

    fn best_case_cell(&self, row: &DecisionRow<'_>) -> TableCell {
        let bound = self.result_of(row.toggle.id).and_then(|toggle| toggle.bound);
        bound.map_or_else(TableCell::missing, TableCell::tokens)
    }

    /// What is not in the table: further steps, what saves nothing, what costs, what finds nothing.
    fn words_on_the_rest(&self, decision: Decision<'_>, rows: &[DecisionRow<'_>]) -> Vec<String> {
        let sweep = decision.sweep;
        let mut words = Vec::new();
        let more = rows.get(MOST_ROWS..).unwrap_or_default();
        if let (Some(last), Some(shown)) = (more.last(), rows.get(MOST_ROWS - 1)) {
            let ids: Vec<&str> = more.iter().map(|row| row.toggle.id).collect();
            let adds = decision.amount_words(last.so_far - shown.so_far);
            let verb = if more.len() == 1 { "adds" } else { "add" };
            words.push(format!("{} more {verb} {adds}: {}", more.len(), list_of_ids(&ids)));
        }
        let [add_nothing, costs] = [&sweep.order.add_nothing, &sweep.order.costs]
            .map(|toggles| toggles.iter().map(|&at| sweep.toggles[at].id).collect::<Vec<&str>>());
        let idle = sweep.idle.iter().map(|(id, _)| *id);
        // A toggle that finds its places and saves nothing is news; one without a place is not.
        let (without_saving, without_place): (Vec<&str>, Vec<&str>) =
            idle.partition(|id| self.result_of(id).is_some_and(|toggle| toggle.found > 0));
        let nothing = [add_nothing, without_saving].concat();
        if !nothing.is_empty() {
            words.push(format!("No saving: {}", list_of_ids(&nothing)));
        }
        if !costs.is_empty() {
            words.push(format!("Costs more: {}", list_of_ids(&costs)));
        }
        if !sweep.beside.is_empty() {
            let ids: Vec<&str> = sweep.beside.iter().map(|(id, _)| *id).collect();
            words.push(format!("Beside the sessions: {}", list_of_ids(&ids)));
        }
        if !without_place.is_empty() {
            let verb = if without_place.len() == 1 { "has" } else { "have" };
            words.push(format!("{} {verb} no place here", without_place.len()));
        }
        words
    }

    /// Fixes that wait for a number of the user, the largest first; equal bounds are one row.
    fn waiting_table(&self, most: usize) -> Option<TableView> {
        let headline = self.comparison.headline;
        let mut waiting: Vec<&SavingBound> =
            self.comparison.bounds.iter().filter(|bound| !bound.asked.is_empty()).collect();
        waiting.sort_by_key(|bound| std::cmp::Reverse(bound.most(headline)));
        // Equal bounds mostly mean that the same tokens are asked for twice: one row stands for
        // all.
        let alike: Vec<&[&SavingBound]> =
            waiting.chunk_by(|one, other| one.most(headline) == other.most(headline)).collect();
        if alike.is_empty() {
            return None;
        }
        let columns = vec![
            TableColumn::text(""),
            TableColumn::text("needs a number of yours"),
            TableColumn::tokens("best case").as_forecast().with_rank(5),
            TableColumn::text("give it as").with_rank(4),
        ];
        let mut view = TableView::new("", columns).for_first_screen();
        for bounds in alike.iter().take(most) {
            let (first, key) = (bounds[0], bounds[0].asked.first().map_or("", |spec| spec.key));
            let ids = match bounds {
                [only] => only.id.clone(),
                [first, others @ ..] => format!("{} and {} more", first.id, others.len()),
                [] => continue,
            };
            view.add_row(vec![
                TableCell::text(ids),
                TableCell::text(first.title),
                TableCell::tokens(first.most(headline)),
                TableCell::text(format!("--set {}.{key}=VALUE", first.id)),
            ]);
        }
        let rest: Vec<&str> =
            alike.iter().skip(most).flat_map(|it| it.iter()).map(|it| it.id.as_str()).collect();
        if !rest.is_empty() {
            view.add_footnote(format!("also asked: {}.", list_of_ids(&rest)));
        }
        Some(view)
    }

    /// What is claimed for several fixes together, and whether it can be.
    fn claim_line(&self) -> Option<String> {
        let result = self.comparison.whole_pipeline_claims().next()?;
        let noun = self.comparison.headline.sentence_words();
        let (claimed, best) = claimed_and_best(result);
        let judged = match result.verdict {
            ClaimVerdict::NotTestable => "not testable: no number".to_owned(),
            ClaimVerdict::Open => format!("open; best case {best}"),
            verdict => format!("{}; best case {best}", verdict.verdict_word()),
        };
        Some(format!("The list claims {claimed} of {noun}: {judged}."))
    }
}

/// What is claimed and the best case, in the same terms: shares where shares are claimed.
fn claimed_and_best(result: &CombinedClaimResult) -> (String, String) {
    match &result.claim.share_bp {
        Some(share) => {
            let [low, high] = [*share.start(), *share.end()].map(format_share_in_sentence);
            let best = format::plain_share(ratio_bp(result.bound, result.baseline));
            (if low == high { low } else { format!("{low} to {high}") }, best)
        }
        None => {
            let saving = &result.claim.saving;
            let [low, high] = [*saving.start(), *saving.end()]
                .map(|tokens| format_forecast_tokens(tokens, false));
            let best = format_forecast_tokens(result.bound, false);
            (if low == high { low } else { format!("{low} to {high}") }, best)
        }
    }
}

/// Some ids, or how many there are where they would fill a line.
fn list_of_ids(ids: &[&str]) -> String {
    if ids.len() > MOST_IDS { format!("{} fixes", ids.len()) } else { ids.join(", ") }
}
