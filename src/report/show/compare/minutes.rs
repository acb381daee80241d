//! Minutes: toggle by toggle, the critical path, and the hours beside other orders.

use super::{ComparisonReport, ReportField};
use crate::clock::pipeline::DispatchPolicy;
use crate::report::columns::ColumnField;
use crate::report::format::{self, NumberStyle};
use crate::report::view::ColumnKind;
use crate::report::{CellValue, Section, TableCell, TableView};
use crate::study::stats::quantile::CredibleBand;
use crate::study::whatif::compare::ToggleResult;
use crate::study::whatif::minutes::{MinutesStudy, PathStage, ToggleMinutes};
use crate::study::whatif::night::NightElapsed;

/// A toggle, or all of them, with what it does to time.
pub(super) struct MinutesRow<'a> {
    toggle: Option<&'a ToggleResult>,
    minutes: ToggleMinutes,
}

impl ComparisonReport<'_> {
    /// The wall clock; `None` where no source tells one.
    #[must_use]
    pub fn minutes_section(&self) -> Option<Section> {
        let study = self.comparison.minutes.as_ref()?;
        let mut section = Section::new("Minutes");
        if study.toggles.iter().any(|one| *one != NO_MINUTES) {
            section = section.with_table(self.minutes_table(study));
        }
        section = section.with_table(path_table(study));
        if !study.night.is_empty() {
            section = section.with_table(self.night_table(study));
        }
        Some(section)
    }

    /// Toggles that move time, and all together.
    fn minutes_table(&self, study: &MinutesStudy) -> TableView {
        let fields = minutes_fields();
        let rows = self.minutes_rows(study).into_iter();
        let moving = rows.filter(|row| row.minutes != NO_MINUTES);
        let mut view = TableView::from_fields("Minutes saved, each toggle", &fields, moving);
        let joint_ms = study.before_ms - study.after_ms;
        let minutes =
            ToggleMinutes { alone_ms: joint_ms, last_ms: joint_ms, share_ms: Some(joint_ms) };
        view.add_total_row(&fields, &MinutesRow { toggle: None, minutes });
        view.add_footnote(format!(
            "of {}, from the start of the first session to the end of the last one; sessions side \
             by side count once, pauses between sessions are not told and none",
            format::format_duration(study.before_ms, NumberStyle::default())
        ));
        if study.toggles.iter().any(|one| one.share_ms.is_none()) {
            view.add_footnote("too many toggles move time for shares");
        }
        let rows = self.minutes_rows(study).into_iter();
        let still: Vec<&str> = rows
            .filter(|row| row.minutes == NO_MINUTES)
            .filter_map(|row| row.toggle.filter(|toggle| toggle.found > 0 && !toggle.is_beside))
            .map(|toggle| toggle.id)
            .collect();
        if !still.is_empty() {
            view.add_footnote(format!("no time is moved by {}", still.join(", ")));
        }
        view
    }

    /// Each toggle with its minutes.
    pub(super) fn minutes_rows<'s>(&'s self, study: &MinutesStudy) -> Vec<MinutesRow<'s>> {
        let pairs = self.comparison.toggles.iter().zip(&study.toggles);
        let rows =
            pairs.map(|(toggle, minutes)| MinutesRow { toggle: Some(toggle), minutes: *minutes });
        rows.collect()
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

/// What a toggle has that moves no time.
const NO_MINUTES: ToggleMinutes = ToggleMinutes { alone_ms: 0, last_ms: 0, share_ms: Some(0) };

/// The minutes of a toggle, in tables and for programs.
fn minutes_fields<'a>() -> Vec<ColumnField<'a, MinutesRow<'a>>> {
    type Field<'a> = ColumnField<'a, MinutesRow<'a>>;
    vec![
        Field::text("id", "", "its id", |it| it.toggle.map(|toggle| toggle.id)),
        Field::text("", "toggle", "its id and title", |it| {
            it.toggle.map_or_else(
                || "all together".to_owned(),
                |toggle| format!("{} {}", toggle.id, toggle.title),
            )
        }),
        Field::duration("alone_ms", "alone", "saved on its own", |it| it.minutes.alone_ms)
            .with_sign(),
        Field::duration("last_ms", "last", "saved after all the others", |it| it.minutes.last_ms)
            .with_sign(),
        Field::duration("shapley_ms", "Shapley", "its share in all together", |it| {
            it.minutes.share_ms
        })
        .with_sign(),
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
    let cell = move |it: &&'a NightElapsed| {
        let band = band(it).map(CellValue::Duration);
        TableCell::from_range(band.p10, band.p90)
    };
    let about = "of the draws";
    [
        Field::duration(format!("{side}_p10_ms"), "", about, move |it| band(it).p10),
        Field::duration(format!("{side}_p50_ms"), "", about, move |it| band(it).p50),
        Field::duration(format!("{side}_p90_ms"), "", about, move |it| band(it).p90),
        Field::from_cells(ColumnKind::Duration, "", side, "P10 to P90", cell).with_ranges(),
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
            it.comparison.minutes.as_ref().map_or_else(Vec::new, |study| it.minutes_rows(study))
        }),
        ReportField::rows("critical_path", "stage by stage", path_fields(), |it| {
            it.comparison.minutes.iter().flat_map(|study| &study.path).collect()
        }),
        ReportField::rows("night", "all orders, policy by policy", night_fields(), |it| {
            it.comparison.minutes.iter().flat_map(|study| &study.night).collect()
        }),
    ]
}
