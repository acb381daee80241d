//! The wall clock of a published pipeline: the critical path, and the hours beside other orders.

use super::time_table::TimeRow;
use super::{ComparisonReport, ReportField};
use crate::clock::pipeline::DispatchPolicy;
use crate::report::columns::ColumnField;
use crate::report::view::ColumnKind;
use crate::report::{CellValue, Section, TableCell, TableView};
use crate::study::stats::quantile::CredibleBand;
use crate::study::whatif::minutes::{MinutesStudy, PathStage};
use crate::study::whatif::night::NightElapsed;
use crate::study::whatif::uncounted_time::{UncountedCause, UncountedTime};

impl ComparisonReport<'_> {
    /// The wall clock; `None` where no source tells one.
    #[must_use]
    pub fn minutes_section(&self) -> Option<Section> {
        let study = self.comparison.minutes.as_ref()?;
        let mut section = Section::new("Minutes").with_table(path_table(study));
        if !study.night.is_empty() {
            section = section.with_table(self.night_table(study));
        }
        Some(section)
    }

    fn night_table(&self, study: &MinutesStudy) -> TableView {
        let title = "All orders of the night, by how the orchestrator hands out";
        let mut view = TableView::from_fields(title, &night_fields(), &study.night);
        if let Some(night) = self.source.pipeline().and_then(|it| it.night.as_ref()) {
            view.add_footnote(format!(
                "told: {} from the orchestrator's start to its end; P10 to P90 of what is open: {}",
                night.elapsed.text, night.why
            ));
        }
        view.add_footnote(
            "serial: a dispatch blocks until its stage is over; lockstep: one turn dispatches for \
             all orders and waits for all of them; free: dispatches run in the background; own: \
             an orchestrator for each order, which nobody did",
        );
        view
    }
}

/// The minutes of a toggle for programs.
fn minutes_fields<'a>() -> Vec<ColumnField<'a, TimeRow<'a>>> {
    type Field<'a> = ColumnField<'a, TimeRow<'a>>;
    vec![
        Field::text("id", "", "its id", |it| it.toggle.map(|toggle| toggle.id)),
        Field::duration("alone_ms", "", "saved on its own", |it| it.alone_ms),
        Field::duration("last_ms", "", "saved after all the others", |it| it.last_ms),
        Field::duration("shapley_ms", "", "its share in all together", |it| it.share_ms),
        Field::duration(
            "shapley_error_ms",
            "",
            "how far the share may be off, one standard deviation; left out where it is exact",
            |it| it.share_error_ms,
        )
        .left_out_if_missing(),
        Field::count("peak_calls_a_minute", "", "the most calls in any minute, alone", |it| {
            it.peak_a_minute
        }),
    ]
}

/// Time that is not counted, for programs.
fn uncounted_fields<'a>() -> Vec<ColumnField<'a, (&'static str, &'a UncountedTime)>> {
    type Field<'a> = ColumnField<'a, (&'static str, &'a UncountedTime)>;
    vec![
        Field::text("toggle", "", "its id", |(id, _)| *id),
        Field::text("because", "", "output or polls", |(_, one)| match one.cause {
            UncountedCause::UnwrittenOutput(_) => "output",
            UncountedCause::PollLoops(_) => "polls",
        }),
        Field::duration("expected_ms", "", "how much less", |(_, one)| one.expected_ms),
        Field::duration("most_ms", "", "at most", |(_, one)| one.most_ms),
    ]
}

fn path_table(study: &MinutesStudy) -> TableView {
    let title = "Critical path: the session that each stage waits for";
    let mut view = TableView::from_fields(title, &path_fields(), &study.path);
    let (before, after) = (study.before_ms, study.after_ms);
    view.add_total(vec![
        TableCell::text("all"),
        TableCell::text(""),
        TableCell::duration(before),
        TableCell::text(""),
        TableCell::duration(after),
        TableCell::duration(before - after),
    ]);
    view
}

/// A stage of the critical path.
fn path_fields<'a>() -> Vec<ColumnField<'a, &'a PathStage>> {
    type Field<'a> = ColumnField<'a, &'a PathStage>;
    vec![
        Field::text("step", "step", "its step", |it| it.step.as_str()),
        Field::text("session_before", "before: session", "that it waits for, before", |it| {
            it.session_before.as_str()
        }),
        Field::duration("before_ms", "before", "how long it takes before", |it| it.before_ms),
        Field::text("session_after", "after: session", "that it waits for, after", |it| {
            it.session_after.as_str()
        }),
        Field::duration("after_ms", "after", "how long it takes after", |it| it.after_ms),
        Field::duration("saved_ms", "saved", "how much less", |it| it.before_ms - it.after_ms)
            .with_sign(),
    ]
}

/// The hours beside other orders.
fn night_fields<'a>() -> Vec<ColumnField<'a, &'a NightElapsed>> {
    type Field<'a> = ColumnField<'a, &'a NightElapsed>;
    let mut fields = vec![
        Field::text("policy", "policy", "how stages are handed out", |it| match it.policy {
            DispatchPolicy::Serial => "serial",
            DispatchPolicy::Lockstep => "lockstep",
            DispatchPolicy::Free => "free",
            DispatchPolicy::OnePerOrder => "own",
        }),
        Field::share(
            "chance",
            "chance",
            "how likely it was so; missing for what nobody did",
            |it| it.chance,
        ),
        Field::flag("has_suites", "own tests", "whether the orchestrator runs tests", |it| {
            it.has_suites
        }),
    ];
    fields.extend(band_of_side("before", |it| it.before));
    fields.extend(band_of_side("after", |it| it.after));
    fields.extend([
        Field::duration(
            "waited_ms",
            "it waits",
            "the pipeline for the orchestrator, middle draw",
            |it| it.waited_ms,
        ),
        Field::flag("meets_told", "as told", "whether the told time lies within the draws", |it| {
            it.meets_told
        }),
    ]);
    fields
}

/// P10 to P90 for people, all three for programs.
fn band_of_side<'a>(
    side: &'static str,
    band: fn(&NightElapsed) -> CredibleBand<i64>,
) -> [ColumnField<'a, &'a NightElapsed>; 4] {
    type Field<'a> = ColumnField<'a, &'a NightElapsed>;
    let about = "of the draws";
    [
        Field::duration(format!("{side}_p10_ms"), "", about, move |it| band(it).p10),
        Field::duration(format!("{side}_p50_ms"), "", about, move |it| band(it).p50),
        Field::duration(format!("{side}_p90_ms"), "", about, move |it| band(it).p90),
        Field::from_cells(ColumnKind::Duration, "", side, "P10 to P90", move |it| {
            let band = band(it).map(CellValue::Duration);
            TableCell::from_range(band.p10, band.p90)
        })
        .with_ranges(),
    ]
}

/// The wall clock for programs.
pub(super) fn clock_fields<'a>() -> Vec<ReportField<'a>> {
    vec![
        ReportField::duration("before_ms", "", "nothing toggled", |it| {
            it.comparison.minutes.as_ref().map(|study| study.before_ms)
        }),
        ReportField::duration("after_ms", "", "everything toggled", |it| {
            it.comparison.minutes.as_ref().map(|study| study.after_ms)
        }),
        ReportField::rows("toggles", "minutes saved, each toggle", minutes_fields(), |it| {
            it.time_rows().toggles
        }),
        ReportField::rows(
            "not_counted",
            "what toggles would free more",
            uncounted_fields(),
            |it| {
                let uncounted = it.comparison.minutes.iter().flat_map(|study| &study.uncounted);
                uncounted.map(|one| (it.comparison.toggles[one.toggle].id, one)).collect()
            },
        ),
        ReportField::rows("critical_path", "stage by stage", path_fields(), |it| {
            it.comparison.minutes.iter().flat_map(|study| &study.path).collect()
        }),
        ReportField::rows("night", "all orders, policy by policy", night_fields(), |it| {
            it.comparison.minutes.iter().flat_map(|study| &study.night).collect()
        }),
    ]
}
