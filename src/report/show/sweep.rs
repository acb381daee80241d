//! The sweep: front, best sets, ranking, and the whole lattice for other programs.

use super::{Provenance, SideJson};
use crate::plan::Subset;
use crate::report::json::{self, Cost as CostJson};
use crate::report::{Cell, Column, Document, Section, View, format};
#[cfg(feature = "tables")]
use crate::report::{columns::Values, parquet};
use crate::study::headline::Headline;
use crate::study::sweep::{Entry, Sweep};
use crate::units::PicoUsd;
use serde::Serialize;

/// A sweep and everything it is shown with.
pub struct Shown<'a> {
    /// The numbers.
    pub sweep: &'a Sweep,
    /// Where they come from.
    pub provenance: &'a Provenance,
    /// Rows of the ranking; 0 shows all.
    pub rows: usize,
}

impl Shown<'_> {
    /// For people.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = Document::new(format!("Sweep: {}", self.provenance.recording));
        document.section(Section::new("What to build first").table(self.pareto()));
        let mut sets = Section::new("Best sets").table(self.best()).table(self.next());
        if !self.sweep.idle.is_empty() {
            let idle: Vec<&str> = self.sweep.idle.iter().map(|(id, _)| *id).collect();
            sets = sets.paragraph(format!(
                "Left out, because they change nothing here: {}.",
                idle.join(", ")
            ));
        }
        if !self.sweep.waiting.is_empty() {
            let waiting: Vec<&str> = self.sweep.waiting.iter().map(|(id, _)| *id).collect();
            sets = sets.paragraph(format!(
                "Left out, because they wait for a number that no source gives (`compare` says \
                 which): {}.",
                waiting.join(", ")
            ));
        }
        document.section(sets);
        document.section(Section::new("Ranking").table(self.ranking()));
        for line in self.provenance.lines() {
            document.source(line);
        }
        document
    }

    /// Subsets that no other beats in saving without more effort.
    #[must_use]
    pub fn pareto(&self) -> View {
        let title = format!("Pareto front: {} saved against effort", self.metric());
        let mut view = View::new(title, self.columns());
        for &subset in &self.sweep.pareto {
            view.row(self.cells(self.sweep.entry(subset)));
        }
        view.footnote(
            "no other set saves as much with less effort; effort in points of about half a day, \
             summed; risk: the highest of the set, 1 to 3",
        );
        view
    }

    /// The best set of each size.
    #[must_use]
    pub fn best(&self) -> View {
        let title = format!("The best set of each size, by {}", self.metric());
        let mut view = View::new(title, self.columns());
        for &subset in &self.sweep.best {
            view.row(self.cells(self.sweep.entry(subset)));
        }
        view
    }

    /// What each toggle adds to those before it.
    #[must_use]
    pub fn next(&self) -> View {
        let headline = self.sweep.headline;
        let noun = headline.noun();
        let mut view = View::new(
            "One after the other: what the next one adds",
            vec![
                Column::text("next"),
                Column::tokens(format!("adds {noun}")).signed(),
                Column::money("adds $").signed(),
                Column::count("adds effort"),
                Column::tokens(format!("{noun} so far")).signed(),
                Column::money("$ so far").signed(),
            ],
        );
        let mut subset: Subset = 0;
        for &at in &self.sweep.next {
            let before = self.sweep.entry(subset);
            subset |= 1 << at;
            let after = self.sweep.entry(subset);
            let toggle = &self.sweep.toggles[at];
            view.row(vec![
                Cell::text(format!("{} {}", toggle.id, toggle.title)),
                Cell::tokens(after.of(headline) - before.of(headline)),
                Cell::money(after.cost - before.cost),
                Cell::count(i64::from(toggle.grade.effort)),
                Cell::tokens(after.of(headline)),
                Cell::money(after.cost),
            ]);
        }
        view.footnote(format!("each time the one that adds most, by {}", self.metric()));
        view
    }

    /// The best subsets of all.
    #[must_use]
    pub fn ranking(&self) -> View {
        let all = self.sweep.entries.len();
        let count = if self.rows == 0 { all } else { self.rows };
        let title = format!("The best of {} sets", format::integer(all as i64, false));
        let mut view = View::new(title, self.columns());
        for entry in self.sweep.ranking(count) {
            view.row(self.cells(entry));
        }
        view
    }

    fn columns(&self) -> Vec<Column> {
        let noun = self.sweep.headline.noun();
        vec![
            Column::text("toggles"),
            Column::count("size"),
            Column::count("effort"),
            Column::count("risk"),
            Column::tokens(format!("{noun} saved")).signed(),
            Column::share(format!("of {noun}")),
            Column::money("$ saved").signed(),
            Column::share("of $"),
            Column::count("calls saved").signed(),
        ]
    }

    fn metric(&self) -> &'static str {
        self.sweep.metric.name()
    }

    fn cells(&self, entry: &Entry) -> Vec<Cell> {
        let ids = self.sweep.ids(entry.subset);
        let before = &self.sweep.baseline;
        let headline = self.sweep.headline;
        let saved = entry.of(headline);
        let name = if ids.is_empty() { "none".to_owned() } else { ids.join("+") };
        vec![
            Cell::text(name),
            Cell::count(entry.size() as i64),
            Cell::count(i64::from(entry.effort)),
            Cell::count(i64::from(entry.risk)),
            Cell::tokens(saved),
            Cell::part(saved, headline.of_side(before)),
            Cell::money(entry.cost),
            Cell::share(entry.cost.part_bp(before.money())),
            Cell::count(entry.calls),
        ]
    }

    /// Every subset.
    #[must_use]
    pub fn lattice(&self) -> View {
        let mut view = View::new("Every set", self.columns());
        for entry in &self.sweep.entries {
            view.row(self.cells(entry));
        }
        view
    }

    /// Every subset as columns: a flag for each toggle, then what the set takes and saves.
    ///
    /// # Errors
    /// Money that does not fit.
    #[cfg(feature = "tables")]
    pub fn parquet(&self) -> Result<Vec<u8>, NoParquet> {
        let entries = &self.sweep.entries;
        let toggles = self.sweep.toggles.iter().enumerate();
        let mut columns: Vec<(String, Values)> = toggles
            .map(|(at, toggle)| {
                let on = entries.iter().map(|entry| entry.subset >> at & 1 == 1);
                (toggle.id.to_owned(), Values::Flags(on.collect()))
            })
            .collect();
        let mut numbers = |name: &str, of: fn(&Entry) -> i64| {
            let values = entries.iter().map(of).collect();
            columns.push((name.to_owned(), Values::Numbers(values)));
        };
        numbers("size", |entry| entry.size() as i64);
        numbers("effort", |entry| i64::from(entry.effort));
        numbers("risk", |entry| i64::from(entry.risk));
        numbers("read", |entry| entry.read);
        numbers("calls", |entry| entry.calls);
        let costs: Option<Vec<i64>> =
            entries.iter().map(|entry| i64::try_from(entry.cost.0).ok()).collect();
        let costs = costs.ok_or(NoParquet::TooDear)?;
        columns.push(("cost_pico_usd".to_owned(), Values::Numbers(costs)));
        Ok(parquet::file(columns, &self.provenance.lines().join("\n"))?)
    }

    /// Every subset, for programs.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        let sweep = self.sweep;
        let set = |&subset: &Subset| SetJson::of(sweep, sweep.entry(subset));
        json::document(
            "sweep",
            1,
            &Body {
                recording: &self.provenance.recording,
                ranked_by: self.metric(),
                baseline: (&sweep.baseline).into(),
                toggles: sweep.toggles.iter().map(ToggleJson::from).collect(),
                idle: sweep.idle.iter().map(|(id, _)| *id).collect(),
                waiting: sweep.waiting.iter().map(|(id, _)| *id).collect(),
                pareto: sweep.pareto.iter().map(set).collect(),
                best: sweep.best.iter().map(set).collect(),
                next: sweep.next.iter().map(|&at| sweep.toggles[at].id).collect(),
                subsets: sweep.entries.iter().map(|entry| SetJson::of(sweep, entry)).collect(),
                provenance: self.provenance,
            },
        )
    }
}

/// Why a sweep is no Parquet file.
#[cfg(feature = "tables")]
#[derive(Debug, thiserror::Error)]
pub enum NoParquet {
    /// Pico-dollars beyond 64 bits: some nine million dollars.
    #[error("a set saves more dollars than a column of .parquet holds here: write .csv or .json")]
    TooDear,
    /// What polars says; there is no sweep that makes it say anything.
    #[error(transparent)]
    Polars(#[from] polars::error::PolarsError),
}

#[derive(Serialize)]
struct Body<'a> {
    recording: &'a str,
    ranked_by: &'static str,
    baseline: SideJson,
    toggles: Vec<ToggleJson>,
    /// Toggles that change nothing here.
    idle: Vec<&'static str>,
    /// Toggles that wait for a number that no source gives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waiting: Vec<&'static str>,
    pareto: Vec<SetJson>,
    best: Vec<SetJson>,
    next: Vec<&'static str>,
    subsets: Vec<SetJson>,
    provenance: &'a Provenance,
}

#[derive(Serialize)]
struct ToggleJson {
    id: &'static str,
    title: &'static str,
    found: u32,
    effort: u32,
    risk: u32,
}

impl From<&crate::study::sweep::Swept> for ToggleJson {
    fn from(toggle: &crate::study::sweep::Swept) -> Self {
        let (id, title, found) = (toggle.id, toggle.title, toggle.found);
        Self { id, title, found, effort: toggle.grade.effort, risk: toggle.grade.risk }
    }
}

#[derive(Serialize)]
struct SetJson {
    toggles: Vec<&'static str>,
    saving: SavingJson,
    effort: u32,
    risk: u32,
}

#[derive(Serialize)]
struct SavingJson {
    read: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<i64>,
    calls: i64,
    #[serde(flatten)]
    cost: CostJson,
}

impl SetJson {
    fn of(sweep: &Sweep, entry: &Entry) -> Self {
        let &Entry { subset, read, tokens, calls, cost, effort, risk } = entry;
        let cost: PicoUsd = cost;
        let tokens = (sweep.headline == Headline::Tokens).then_some(tokens);
        let saving = SavingJson { read, tokens, calls, cost: cost.into() };
        Self { toggles: sweep.ids(subset), saving, effort, risk }
    }
}

#[cfg(all(test, feature = "tables"))]
mod tests {
    use super::*;
    use crate::cache::CachePolicy;
    use crate::price::Pricing;
    use crate::reconstruct::{Lens, builtin, reconstruct};
    use crate::scenario::Scenario;
    use crate::seed::Seed;
    use crate::study::experiment::{Experiment, World};
    use crate::study::sweep::{Metric, sweep};

    #[test]
    fn a_parquet_file_holds_every_entry() {
        let reported = builtin("order-774").expect("built in");
        let fit = reconstruct(&reported, Lens::Message).expect("fits");
        let pricing = Pricing::embedded();
        let scenario = Scenario::all_toggles();
        let experiment = Experiment {
            world: World::Recorded(&fit.recording),
            chosen: &scenario.parts().0,
            waiting: &[],
            pricing: &pricing,
            cache: CachePolicy::default(),
            claims: &[],
            observed: &[],
            seed: Seed(0),
            draws: 0,
        };
        let swept = sweep(&experiment, Metric::Dollars).expect("swept");
        let provenance = Provenance::of(&fit.recording, &pricing, &scenario);
        let shown = |sweep: &Sweep| Shown { sweep, provenance: &provenance, rows: 0 }.parquet();
        let bytes = shown(&swept).expect("a file");
        assert_eq!(bytes, shown(&swept).expect("a file"), "the same bytes twice");
        let (frame, source) = parquet::tests::read(&bytes);
        assert!(source.contains(&provenance.recording_digest), "{source}");
        assert_eq!(frame.height(), swept.entries.len());
        let numbers = |name: &str| -> Vec<i64> {
            let column = frame.column(name).expect(name);
            column.i64().expect("numbers").iter().flatten().collect()
        };
        let check = |name: &str, of: fn(&Entry) -> i64| {
            assert_eq!(numbers(name), swept.entries.iter().map(of).collect::<Vec<_>>(), "{name}");
        };
        check("size", |entry| entry.size() as i64);
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
        assert!(matches!(shown(&dear), Err(NoParquet::TooDear)), "never rounded in silence");
    }
}
