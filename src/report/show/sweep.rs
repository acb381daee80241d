//! The sweep: front, best sets, ranking, and the whole lattice for other programs.

use super::{Provenance, ReplayTotalsJson};
use crate::plan::ToggleSubset;
use crate::report::json::{self, MoneyJson as CostJson};
use crate::report::{ReportDocument, Section, TableCell, TableColumn, TableView, format};
#[cfg(feature = "tables")]
use crate::report::{columns::ColumnValues, parquet};
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::sweep::{SubsetSweep, SweepEntry};
use crate::units::PicoUsd;
use serde::Serialize;

/// A sweep and everything it is shown with.
pub struct SweepReport<'a> {
    /// The numbers.
    pub sweep: &'a SubsetSweep,
    /// Where they come from.
    pub provenance: &'a Provenance,
    /// Rows of the ranking; 0 shows all.
    pub rows: usize,
}

impl SweepReport<'_> {
    /// For people.
    #[must_use]
    pub fn to_document(&self) -> ReportDocument {
        let mut document = ReportDocument::new(format!("Sweep: {}", self.provenance.recording));
        document.add_section(Section::new("What to build first").with_table(self.pareto_table()));
        let mut sets = Section::new("Best sets")
            .with_table(self.best_sets_table())
            .with_table(self.next_toggle_table());
        if !self.sweep.idle.is_empty() {
            let idle: Vec<&str> = self.sweep.idle.iter().map(|(id, _)| *id).collect();
            sets = sets.with_paragraph(format!(
                "Left out, because they change nothing here: {}.",
                idle.join(", ")
            ));
        }
        if !self.sweep.waiting.is_empty() {
            let waiting: Vec<&str> = self.sweep.waiting.iter().map(|(id, _)| *id).collect();
            sets = sets.with_paragraph(format!(
                "Left out, because they wait for a number that no source gives (`compare` says \
                 which): {}.",
                waiting.join(", ")
            ));
        }
        document.add_section(sets);
        document.add_section(Section::new("Ranking").with_table(self.ranking_table()));
        for line in self.provenance.footer_lines() {
            document.add_source(line);
        }
        document
    }

    /// Subsets that no other beats in saving without more effort.
    #[must_use]
    pub fn pareto_table(&self) -> TableView {
        let title = format!("Pareto front: {} saved against effort", self.metric_name());
        let mut view = TableView::new(title, self.set_columns());
        for &subset in &self.sweep.pareto {
            view.add_row(self.set_cells(self.sweep.entry_of_subset(subset)));
        }
        view.add_footnote(
            "no other set saves as much with less effort; effort in points of about half a day, \
             summed; risk: the highest of the set, 1 to 3",
        );
        view
    }

    /// The best set of each size.
    #[must_use]
    pub fn best_sets_table(&self) -> TableView {
        let title = format!("The best set of each size, by {}", self.metric_name());
        let mut view = TableView::new(title, self.set_columns());
        for &subset in &self.sweep.best_by_size {
            view.add_row(self.set_cells(self.sweep.entry_of_subset(subset)));
        }
        view
    }

    /// What each toggle adds to those before it.
    #[must_use]
    pub fn next_toggle_table(&self) -> TableView {
        let headline = self.sweep.headline;
        let noun = headline.column_noun();
        let mut view = TableView::new(
            "One after the other: what the next one adds",
            vec![
                TableColumn::text("next"),
                TableColumn::tokens(format!("adds {noun}")).with_sign(),
                TableColumn::money("adds $").with_sign(),
                TableColumn::count("adds effort"),
                TableColumn::tokens(format!("{noun} so far")).with_sign(),
                TableColumn::money("$ so far").with_sign(),
            ],
        );
        let mut subset: ToggleSubset = 0;
        for &at in &self.sweep.greedy_order {
            let before = self.sweep.entry_of_subset(subset);
            subset |= 1 << at;
            let after = self.sweep.entry_of_subset(subset);
            let toggle = &self.sweep.toggles[at];
            view.add_row(vec![
                TableCell::text(format!("{} {}", toggle.id, toggle.title)),
                TableCell::tokens(
                    after.headline_amount(headline) - before.headline_amount(headline),
                ),
                TableCell::money(after.cost - before.cost),
                TableCell::count(i64::from(toggle.grade.effort)),
                TableCell::tokens(after.headline_amount(headline)),
                TableCell::money(after.cost),
            ]);
        }
        view.add_footnote(format!("each time the one that adds most, by {}", self.metric_name()));
        view
    }

    /// The best subsets of all.
    #[must_use]
    pub fn ranking_table(&self) -> TableView {
        let all = self.sweep.entries.len();
        let count = if self.rows == 0 { all } else { self.rows };
        let title = format!("The best of {} sets", format::format_integer(all as i64, false));
        let mut view = TableView::new(title, self.set_columns());
        for entry in self.sweep.best_entries(count) {
            view.add_row(self.set_cells(entry));
        }
        view
    }

    fn set_columns(&self) -> Vec<TableColumn> {
        let noun = self.sweep.headline.column_noun();
        vec![
            TableColumn::text("toggles"),
            TableColumn::count("size"),
            TableColumn::count("effort"),
            TableColumn::count("risk"),
            TableColumn::tokens(format!("{noun} saved")).with_sign(),
            TableColumn::share(format!("of {noun}")),
            TableColumn::money("$ saved").with_sign(),
            TableColumn::share("of $"),
            TableColumn::count("calls saved").with_sign(),
        ]
    }

    fn metric_name(&self) -> &'static str {
        self.sweep.metric.name()
    }

    fn set_cells(&self, entry: &SweepEntry) -> Vec<TableCell> {
        let ids = self.sweep.toggle_ids(entry.subset);
        let before = &self.sweep.baseline;
        let headline = self.sweep.headline;
        let saved = entry.headline_amount(headline);
        let name = if ids.is_empty() { "none".to_owned() } else { ids.join("+") };
        vec![
            TableCell::text(name),
            TableCell::count(entry.toggle_count() as i64),
            TableCell::count(i64::from(entry.effort)),
            TableCell::count(i64::from(entry.risk)),
            TableCell::tokens(saved),
            TableCell::share_of_whole(saved, headline.amount_in_totals(before)),
            TableCell::money(entry.cost),
            TableCell::share(entry.cost.share_bp(before.total_money())),
            TableCell::count(entry.calls),
        ]
    }

    /// Every subset.
    #[must_use]
    pub fn lattice_table(&self) -> TableView {
        let mut view = TableView::new("Every set", self.set_columns());
        for entry in &self.sweep.entries {
            view.add_row(self.set_cells(entry));
        }
        view
    }

    /// Every subset as columns: a flag for each toggle, then what the set takes and saves.
    ///
    /// # Errors
    /// Money that does not fit.
    #[cfg(feature = "tables")]
    pub fn to_parquet(&self) -> Result<Vec<u8>, SweepParquetError> {
        let entries = &self.sweep.entries;
        let toggles = self.sweep.toggles.iter().enumerate();
        let mut columns: Vec<(String, ColumnValues)> = toggles
            .map(|(at, toggle)| {
                let on = entries.iter().map(|entry| entry.subset >> at & 1 == 1);
                (toggle.id.to_owned(), ColumnValues::Flags(on.collect()))
            })
            .collect();
        let mut numbers = |name: &str, of: fn(&SweepEntry) -> i64| {
            let values = entries.iter().map(of).collect();
            columns.push((name.to_owned(), ColumnValues::Numbers(values)));
        };
        numbers("size", |entry| entry.toggle_count() as i64);
        numbers("effort", |entry| i64::from(entry.effort));
        numbers("risk", |entry| i64::from(entry.risk));
        numbers("read", |entry| entry.read);
        numbers("calls", |entry| entry.calls);
        let costs: Option<Vec<i64>> =
            entries.iter().map(|entry| i64::try_from(entry.cost.0).ok()).collect();
        let costs = costs.ok_or(SweepParquetError::CostTooLarge)?;
        columns.push(("cost_pico_usd".to_owned(), ColumnValues::Numbers(costs)));
        Ok(parquet::file_from_columns(columns, &self.provenance.footer_lines().join("\n"))?)
    }

    /// Every subset, for programs.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let sweep = self.sweep;
        let set =
            |&subset: &ToggleSubset| SweptSetJson::from_entry(sweep, sweep.entry_of_subset(subset));
        json::versioned_json(
            "sweep",
            1,
            &SweepJson {
                recording: &self.provenance.recording,
                ranked_by: self.metric_name(),
                baseline: (&sweep.baseline).into(),
                toggles: sweep.toggles.iter().map(SweptToggleJson::from).collect(),
                idle: sweep.idle.iter().map(|(id, _)| *id).collect(),
                waiting: sweep.waiting.iter().map(|(id, _)| *id).collect(),
                pareto: sweep.pareto.iter().map(set).collect(),
                best: sweep.best_by_size.iter().map(set).collect(),
                next: sweep.greedy_order.iter().map(|&at| sweep.toggles[at].id).collect(),
                subsets: sweep
                    .entries
                    .iter()
                    .map(|entry| SweptSetJson::from_entry(sweep, entry))
                    .collect(),
                provenance: self.provenance,
            },
        )
    }
}

/// Why a sweep is no Parquet file.
#[cfg(feature = "tables")]
#[derive(Debug, thiserror::Error)]
pub enum SweepParquetError {
    /// Pico-dollars beyond 64 bits: some nine million dollars.
    #[error("a set saves more dollars than a column of .parquet holds here: write .csv or .json")]
    CostTooLarge,
    /// What polars says; there is no sweep that makes it say anything.
    #[error(transparent)]
    Polars(#[from] polars::error::PolarsError),
}

#[derive(Serialize)]
struct SweepJson<'a> {
    recording: &'a str,
    ranked_by: &'static str,
    baseline: ReplayTotalsJson,
    toggles: Vec<SweptToggleJson>,
    /// Toggles that change nothing here.
    idle: Vec<&'static str>,
    /// Toggles that wait for a number that no source gives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waiting: Vec<&'static str>,
    pareto: Vec<SweptSetJson>,
    best: Vec<SweptSetJson>,
    next: Vec<&'static str>,
    subsets: Vec<SweptSetJson>,
    provenance: &'a Provenance,
}

#[derive(Serialize)]
struct SweptToggleJson {
    id: &'static str,
    title: &'static str,
    found: u32,
    effort: u32,
    risk: u32,
}

impl From<&crate::study::whatif::sweep::SweepToggle> for SweptToggleJson {
    fn from(toggle: &crate::study::whatif::sweep::SweepToggle) -> Self {
        let (id, title, found) = (toggle.id, toggle.title, toggle.found);
        Self { id, title, found, effort: toggle.grade.effort, risk: toggle.grade.risk }
    }
}

#[derive(Serialize)]
struct SweptSetJson {
    toggles: Vec<&'static str>,
    saving: SweptSavingJson,
    effort: u32,
    risk: u32,
}

#[derive(Serialize)]
struct SweptSavingJson {
    read: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<i64>,
    calls: i64,
    #[serde(flatten)]
    cost: CostJson,
}

impl SweptSetJson {
    fn from_entry(sweep: &SubsetSweep, entry: &SweepEntry) -> Self {
        let &SweepEntry { subset, read, tokens, calls, cost, effort, risk } = entry;
        let cost: PicoUsd = cost;
        let tokens = (sweep.headline == HeadlineMetric::Tokens).then_some(tokens);
        let saving = SweptSavingJson { read, tokens, calls, cost: cost.into() };
        Self { toggles: sweep.toggle_ids(subset), saving, effort, risk }
    }
}

#[cfg(all(test, feature = "tables"))]
mod tests {
    use super::*;
    use crate::price::Pricing;
    use crate::reconstruct::{Lens, RecordingSource, builtin_pipeline, reconstruct};
    use crate::scenario::Scenario;
    use crate::study::whatif::experiment::Experiment;
    use crate::study::whatif::sweep::{SweepMetric, sweep_subsets};

    #[test]
    fn a_parquet_file_holds_every_entry() {
        let reported = builtin_pipeline("order-774").expect("built in");
        let fit = reconstruct(&reported, Lens::Message).expect("fits");
        let pricing = Pricing::embedded();
        let scenario = Scenario::all_toggles();
        let source = RecordingSource::Recorded(fit.recording.clone());
        let toggles = scenario.split_awaiting_toggles();
        let experiment = Experiment::for_scenario(&source, &scenario, &toggles, &pricing);
        let swept = sweep_subsets(&experiment, SweepMetric::Dollars).expect("swept");
        let provenance = Provenance::for_scenario(&fit.recording, &pricing, &scenario);
        let shown = |sweep: &SubsetSweep| {
            SweepReport { sweep, provenance: &provenance, rows: 0 }.to_parquet()
        };
        let bytes = shown(&swept).expect("a file");
        assert_eq!(bytes, shown(&swept).expect("a file"), "the same bytes twice");
        let (frame, source) = parquet::tests::read(&bytes);
        assert!(source.contains(&provenance.recording_digest), "{source}");
        assert_eq!(frame.height(), swept.entries.len());
        let numbers = |name: &str| -> Vec<i64> {
            let column = frame.column(name).expect(name);
            column.i64().expect("numbers").iter().flatten().collect()
        };
        let check = |name: &str, of: fn(&SweepEntry) -> i64| {
            assert_eq!(numbers(name), swept.entries.iter().map(of).collect::<Vec<_>>(), "{name}");
        };
        check("size", |entry| entry.toggle_count() as i64);
        check("effort", |entry| i64::from(entry.effort));
        check("risk", |entry| i64::from(entry.risk));
        check("read", |entry| entry.read);
        check("calls", |entry| entry.calls);
        check("cost_pico_usd", |entry| entry.cost.0 as i64);
        assert!(swept.toggles.len() > 3, "{} toggles", swept.toggles.len());
        for (at, toggle) in swept.toggles.iter().enumerate() {
            let on: Vec<bool> =
                frame.column(toggle.id).unwrap().bool().unwrap().iter().flatten().collect();
            let want = swept.entries.iter().map(|entry| entry.subset >> at & 1 == 1);
            assert_eq!(on, want.collect::<Vec<_>>(), "{}", toggle.id);
        }
        let mut dear = swept.clone();
        dear.entries[1].cost = PicoUsd(i128::from(i64::MAX) + 1);
        assert!(
            matches!(shown(&dear), Err(SweepParquetError::CostTooLarge)),
            "never rounded in silence"
        );
    }
}
