//! The sweep: front, best sets, ranking, and the whole lattice for other programs.

mod first_screen;

use super::build_order::{BuildOrderReport, saved_fields, step_fields};
use super::decision::Decision;
use super::volume::Volume;
use super::{Provenance, totals_fields};
use crate::plan::ToggleSubset;
use crate::report::columns::{ColumnField, object_json};
use crate::report::format::effort_days;
use crate::report::json;
use crate::report::view::ColumnKind;
use crate::report::{ReportDocument, Section, TableCell, TableView, format};
#[cfg(feature = "tables")]
use crate::report::{columns::column_batches, parquet};
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::sweep::SubsetSweep;
use crate::study::whatif::swept_subset::{SweepEntry, SweepToggle};

/// A sweep and everything it is shown with.
pub struct SweepReport<'a> {
    /// The numbers.
    pub sweep: &'a SubsetSweep,
    /// What amounts are said for.
    pub volume: Volume,
    /// Where they come from.
    pub provenance: &'a Provenance,
    /// Rows of the ranking; 0 shows all.
    pub rows: usize,
}

impl<'a> SweepReport<'a> {
    /// What to do first.
    fn decision(&self) -> Decision<'a> {
        Decision { sweep: self.sweep, drawn: &[], volume: self.volume }
    }

    /// For people.
    #[must_use]
    pub fn to_document(&self) -> ReportDocument {
        let mut document = ReportDocument::new(format!("Sweep: {}", self.provenance.recording));
        let order = BuildOrderReport(self.sweep).section(self.decision().lines());
        document.add_section(order.with_table(self.pareto_table()));
        let mut sets = Section::new("Best sets").with_table(self.best_sets_table());
        for (reason, toggles) in [
            ("they change nothing here", &self.sweep.idle),
            (
                "they change the orchestrator and no session (`compare` says what they save)",
                &self.sweep.beside,
            ),
            (
                "they wait for a number that no source gives (`compare` says which)",
                &self.sweep.waiting,
            ),
        ] {
            if !toggles.is_empty() {
                let ids = owned_ids(toggles).join(", ");
                sets = sets.with_paragraph(format!("Left out, because {reason}: {ids}."));
            }
        }
        document.add_section(sets);
        document.add_section(Section::new("Ranking").with_table(self.ranking_table()));
        document.add_sources(self.provenance.footer_lines());
        document
    }

    /// Subsets that no other beats in saving without more effort.
    #[must_use]
    pub fn pareto_table(&self) -> TableView {
        let title = format!("Pareto front: {} saved against effort", self.metric_name());
        let mut view = self.sets_table(&title, self.entries_of(&self.sweep.order.pareto));
        view.add_footnote(
            "no other set saves as much with less effort; effort in days of work, summed; risk: \
             the highest of the set, 1 to 3",
        );
        view
    }

    /// The best set of each size.
    #[must_use]
    pub fn best_sets_table(&self) -> TableView {
        let title = format!("The best set of each size, by {}", self.metric_name());
        self.sets_table(&title, self.entries_of(&self.sweep.best_by_size))
    }

    /// The best subsets of all.
    #[must_use]
    pub fn ranking_table(&self) -> TableView {
        let all = self.sweep.entries.len();
        let count = if self.rows == 0 { all } else { self.rows };
        let title = format!("The best of {} sets", format::format_integer(all as i64, false));
        self.sets_table(&title, self.sweep.best_entries(count))
    }

    /// Every subset.
    #[must_use]
    pub fn lattice_table(&self) -> TableView {
        self.sets_table("Every set", &self.sweep.entries)
    }

    fn sets_table<'b>(
        &'b self,
        title: &str,
        entries: impl IntoIterator<Item = &'b SweepEntry>,
    ) -> TableView {
        let rows = entries.into_iter().map(|entry| SweptSet { sweep: self.sweep, entry });
        TableView::from_fields(
            title,
            &set_fields(self.sweep.headline, self.sweep.has_dollars),
            rows,
        )
    }

    fn entries_of(&self, subsets: &[ToggleSubset]) -> Vec<&SweepEntry> {
        subsets.iter().map(|subset| self.sweep.entry_of_subset(*subset)).collect()
    }

    fn metric_name(&self) -> &'static str {
        self.sweep.metric.name()
    }

    /// Every subset as columns: a flag for each toggle, then what the set takes and saves.
    ///
    /// # Errors
    /// Money that does not fit.
    #[cfg(feature = "tables")]
    pub fn to_parquet(&self) -> Result<Vec<u8>, SweepParquetError> {
        let entries = &self.sweep.entries;
        // Parquet has no wider integer, and a rounded amount would no longer add up.
        if entries.iter().any(|entry| i64::try_from(entry.cost.0).is_err()) {
            return Err(SweepParquetError::CostTooLarge);
        }
        let toggles = self.sweep.toggles.iter().enumerate();
        let mut fields: Vec<EntryField<'_>> = toggles
            .map(|(at, toggle)| {
                EntryField::flag(toggle.id, "", "whether it is on", move |entry| {
                    entry.subset >> at & 1 == 1
                })
            })
            .collect();
        fields.extend([
            EntryField::count("size", "", "how many toggles", |entry| entry.toggle_count()),
            EntryField::count("effort", "", "the sum of theirs", |entry| entry.effort),
            EntryField::count("risk", "", "the highest of theirs", |entry| entry.risk),
            EntryField::tokens("read", "", "cache reads saved", |entry| entry.read),
            EntryField::count("calls", "", "calls saved", |entry| entry.calls),
            EntryField::pico_usd("cost_pico_usd", "", "money saved", |entry| entry.cost),
        ]);
        let batches = column_batches(fields, entries.len(), |at| &entries[at]);
        let source = self.provenance.footer_lines().join("\n");
        Ok(parquet::write_batches(Vec::new(), batches, &source)?)
    }

    /// Every subset, for programs.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let object = object_json(&report_fields(self.sweep.headline), &self);
        json::versioned_json("sweep", 1, &object.without_money_unless(self.sweep.has_dollars))
    }
}

/// A set of toggles, of those of a sweep.
struct SweptSet<'a> {
    sweep: &'a SubsetSweep,
    entry: &'a SweepEntry,
}

/// The sets in tables and for programs.
fn set_fields<'a>(
    headline: HeadlineMetric,
    has_dollars: bool,
) -> Vec<ColumnField<'a, SweptSet<'a>>> {
    type Field<'a> = ColumnField<'a, SweptSet<'a>>;
    let noun = headline.column_noun();
    let mut fields = vec![
        Field::texts("toggles", "", "its toggles", |set| {
            set.sweep
                .toggle_ids(set.entry.subset)
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        }),
        Field::text("", "toggles", "the same", |set| {
            let ids = set.sweep.toggle_ids(set.entry.subset);
            if ids.is_empty() { "none".to_owned() } else { ids.join("+") }
        }),
        Field::object("saving", "what it saves", saved_fields(headline), |set| set.entry),
        Field::count("", "size", "how many toggles", |set| set.entry.toggle_count()),
        Field::count("effort", "", "the sum of theirs", |set| set.entry.effort),
        Field::number("", "effort, days", "the same in days", |set: &SweptSet<'a>| {
            effort_days(set.entry.effort)
        }),
        Field::count("risk", "risk", "the highest of theirs, 1 to 3", |set| set.entry.risk),
        Field::tokens("", format!("{noun} saved"), "in the headline's figure", move |set| {
            set.entry.headline_amount(headline)
        })
        .with_sign(),
        Field::from_cells(ColumnKind::Share, "", format!("of {noun}"), "of all", move |set| {
            let saved = set.entry.headline_amount(headline);
            TableCell::share_of_whole(saved, headline.amount_in_totals(&set.sweep.baseline))
        }),
    ];
    if has_dollars {
        fields.extend([
            Field::money("", "$ saved", "money", |set: &SweptSet<'a>| set.entry.cost).with_sign(),
            Field::share("", "of $", "of all", |set: &SweptSet<'a>| {
                set.entry.cost.share_bp(set.sweep.baseline.total_money())
            }),
        ]);
    }
    fields.push(Field::count("", "calls saved", "calls", |set| set.entry.calls).with_sign());
    fields
}

fn toggle_fields<'a>() -> Vec<ColumnField<'a, &'a SweepToggle>> {
    type Field<'a> = ColumnField<'a, &'a SweepToggle>;
    vec![
        Field::text("id", "", "its id", |toggle| toggle.id),
        Field::text("title", "", "its title", |toggle| toggle.title),
        Field::count("found", "", "places where it applies", |toggle| toggle.found),
        Field::count("effort", "", "points of about half a day", |toggle| toggle.grade.effort),
        Field::count("risk", "", "1 to 3", |toggle| toggle.grade.risk),
    ]
}

type ReportField<'a> = ColumnField<'a, &'a SweepReport<'a>>;

/// What `sweep --format json` has.
pub(super) fn report_fields<'a>(headline: HeadlineMetric) -> Vec<ReportField<'a>> {
    vec![
        ReportField::text("recording", "", "its name", |it| it.provenance.recording.as_str()),
        ReportField::text("ranked_by", "", "what makes a set the best", |it| it.metric_name()),
        ReportField::object("decision", "what to do first", Decision::fields(), |it| it.decision()),
        ReportField::object("baseline", "without any toggle", totals_fields(), |it| {
            &it.sweep.baseline
        }),
        ReportField::rows("toggles", "the toggles of the sets", toggle_fields(), |it| {
            it.sweep.toggles.iter().collect()
        }),
        ReportField::texts("idle", "", "toggles that change nothing here", |it| {
            owned_ids(&it.sweep.idle)
        }),
        ReportField::texts("beside", "", "toggles that change the orchestrator alone", |it| {
            (!it.sweep.beside.is_empty()).then(|| owned_ids(&it.sweep.beside))
        })
        .left_out_if_missing(),
        ReportField::texts("waiting", "", "toggles that wait for a number", |it| {
            (!it.sweep.waiting.is_empty()).then(|| owned_ids(&it.sweep.waiting))
        })
        .left_out_if_missing(),
        sets_field("pareto", "sets that no other beats without more effort", headline, |it| {
            it.entries_of(&it.sweep.order.pareto)
        }),
        sets_field("best", "the best set of each size", headline, |it| {
            it.entries_of(&it.sweep.best_by_size)
        }),
        ReportField::rows(
            "order",
            "what to build, step by step",
            step_fields(headline, true),
            |it| BuildOrderReport(it.sweep).rows(),
        ),
        sets_field("subsets", "every set", headline, |it| it.sweep.entries.iter().collect()),
        Provenance::field(|it: &&'a SweepReport<'a>| it.provenance),
    ]
}

fn sets_field<'a>(
    name: &'static str,
    about: &'static str,
    headline: HeadlineMetric,
    entries: impl Fn(&'a SweepReport<'a>) -> Vec<&'a SweepEntry> + 'a,
) -> ReportField<'a> {
    ReportField::rows(name, about, set_fields(headline, true), move |it: &&'a SweepReport<'a>| {
        let sweep = it.sweep;
        entries(it).into_iter().map(|entry| SweptSet { sweep, entry }).collect()
    })
}

fn owned_ids<T>(toggles: &[(&'static str, T)]) -> Vec<String> {
    toggles.iter().map(|(id, _)| (*id).to_owned()).collect()
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

#[cfg(all(test, feature = "tables"))]
mod tests {
    use super::*;
    use crate::price::Pricing;
    use crate::reconstruct::{Lens, RecordingSource, builtin_pipeline, reconstruct};
    use crate::scenario::Scenario;
    use crate::study::whatif::experiment::Experiment;
    use crate::study::whatif::sweep::sweep_subsets;
    use crate::study::whatif::swept_subset::SweepMetric;
    use crate::units::PicoUsd;

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
            let volume = Volume::Run;
            SweepReport { sweep, provenance: &provenance, rows: 0, volume }.to_parquet()
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

/// A column of the subsets.
#[cfg(feature = "tables")]
type EntryField<'a> = ColumnField<'a, &'a SweepEntry>;
