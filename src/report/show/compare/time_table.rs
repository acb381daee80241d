//! What each toggle does to time, beside its tokens and dollars: the wall clock of a pipeline whose
//! sessions follow each other, the waits of agents that packets wake, else the time of sessions.

use super::ComparisonReport;
use crate::intervene::TOKEN_MS;
use crate::report::TableView;
use crate::report::columns::ColumnField;
use crate::report::format;
use crate::study::whatif::agent_loads::LoadComparison;
use crate::study::whatif::compare::ToggleResult;
use crate::study::whatif::minutes::MinutesStudy;
use crate::study::whatif::uncounted_time::{UncountedCause, UncountedTime};

/// One toggle, or all of them, in time: milliseconds less.
#[derive(Clone, Default)]
pub(in crate::report::show) struct TimeRow<'a> {
    pub(super) toggle: Option<&'a ToggleResult>,
    pub(in crate::report::show) alone_ms: i64,
    pub(super) last_ms: Option<i64>,
    pub(super) share_ms: i64,
    pub(super) share_error_ms: Option<i64>,
    /// Waits of turns under the first limiter that bounds them, alone and after all the others.
    pub(in crate::report::show) waits_ms: Option<(i64, Option<i64>)>,
    /// The most calls or requests in any minute with it alone.
    pub(in crate::report::show) peak_a_minute: Option<i64>,
}

/// All toggles in time.
pub(in crate::report::show) struct TimeRows<'a> {
    /// Each of them.
    pub(in crate::report::show) toggles: Vec<TimeRow<'a>>,
    /// All together.
    all: TimeRow<'a>,
}

impl TimeRow<'_> {
    fn moves_time(&self) -> bool {
        (self.alone_ms, self.share_ms) != (0, 0)
            || self.last_ms.is_some_and(|ms| ms != 0)
            || self.waits_ms.is_some_and(|(alone, last)| alone != 0 || last.unwrap_or(0) != 0)
    }

    fn name(&self) -> String {
        self.toggle.map_or_else(
            || "all together".to_owned(),
            |toggle| format!("{} {}", toggle.id, toggle.title),
        )
    }
}

impl ComparisonReport<'_> {
    /// The table of toggles in time; `None` where none moves any.
    #[must_use]
    pub fn time_table(&self) -> Option<TableView> {
        let TimeRows { toggles, all } = self.time_rows();
        let (moving, still): (Vec<_>, Vec<_>) = toggles.into_iter().partition(TimeRow::moves_time);
        if moving.is_empty() {
            return None;
        }
        let is_sampled = moving.iter().any(|row| row.share_error_ms.is_some());
        let fields = self.time_fields(is_sampled);
        let title = match self.comparison.minutes {
            Some(_) => "The same in time on the wall clock",
            None => "The same in time of sessions",
        };
        let mut view = TableView::from_fields(title, &fields, moving);
        view.add_total_row(&fields, &all);
        match &self.comparison.minutes {
            Some(study) => self.add_clock_footnotes(&mut view, study),
            None => self.add_session_footnotes(&mut view),
        }
        if is_sampled {
            view.add_footnote(
                "so many toggles move time that shares are means over sampled orders; error: one \
                 standard deviation",
            );
        }
        let found = still
            .iter()
            .filter_map(|row| row.toggle.filter(|toggle| toggle.found > 0 && !toggle.is_beside));
        let still: Vec<&str> = found.map(|toggle| toggle.id).collect();
        if !still.is_empty() {
            view.add_footnote(format!("no time is moved by {}", still.join(", ")));
        }
        Some(view)
    }

    /// Each toggle in time, and all together.
    pub(in crate::report::show) fn time_rows(&self) -> TimeRows<'_> {
        let comparison = self.comparison;
        let minutes = comparison.minutes.as_ref();
        let limiter = self.bounded_limiter();
        // Where more toggles meet in one session than have a table of subsets.
        let errors = comparison.attribution.standard_error.as_ref();
        let mut rows: Vec<TimeRow<'_>> = Vec::with_capacity(comparison.toggles.len());
        for (at, toggle) in comparison.toggles.iter().enumerate() {
            let row = TimeRow { toggle: Some(toggle), ..TimeRow::default() };
            rows.push(match (minutes.map(|study| study.toggles[at]), limiter) {
                (Some(minutes), _) => TimeRow {
                    alone_ms: minutes.alone_ms,
                    last_ms: Some(minutes.last_ms),
                    share_ms: minutes.share_ms,
                    share_error_ms: minutes.share_error_ms,
                    peak_a_minute: Some(minutes.peak_calls_a_minute),
                    ..row
                },
                // The time of sessions is in the shares that tokens have already.
                (None, limiter) => TimeRow {
                    alone_ms: toggle.alone.session_ms,
                    last_ms: Some(toggle.last.session_ms),
                    share_ms: toggle.share.session_ms,
                    share_error_ms: errors.map(|errors| errors[at].session_ms as i64),
                    waits_ms: limiter.map(|loads| waits_of_toggle(loads, at)),
                    peak_a_minute: limiter.map(|loads| loads.toggles[at].alone.peak_a_minute),
                    ..row
                },
            });
        }
        let joint_ms =
            minutes.map_or(comparison.joint.session_ms, |study| study.before_ms - study.after_ms);
        let peak = minutes.map(|study| study.peak_calls_a_minute[1]);
        let all = TimeRow {
            alone_ms: joint_ms,
            share_ms: joint_ms,
            waits_ms: limiter.map(|it| (it.before.waited_ms - it.after.waited_ms, None)),
            peak_a_minute: peak.or(limiter.map(|it| it.after.peak_a_minute)),
            ..TimeRow::default()
        };
        TimeRows { toggles: rows, all }
    }

    /// The first limiter that bounds turns, where packets wake agents.
    pub(in crate::report::show) fn bounded_limiter(&self) -> Option<&LoadComparison> {
        self.loads.iter().find(|loads| loads.limits.turns.is_some())
    }

    fn time_fields<'a>(&self, is_sampled: bool) -> Vec<ColumnField<'a, TimeRow<'a>>> {
        type Field<'a> = ColumnField<'a, TimeRow<'a>>;
        let mut fields = vec![
            Field::text("", "toggle", "its id and title", TimeRow::name),
            Field::duration("", "alone", "saved on its own", |it| it.alone_ms).with_sign(),
            Field::duration("", "last", "saved after all the others", |it| it.last_ms).with_sign(),
            Field::duration("", "Shapley", "its share in all together", |it| it.share_ms)
                .with_sign(),
        ];
        if is_sampled {
            let about = "how far the share may be off, one standard deviation";
            fields.push(Field::duration("", "± error", about, |it| it.share_error_ms));
        }
        if self.bounded_limiter().is_some() {
            fields.extend([
                Field::duration("", "waits, alone", "of turns, saved on its own", |it| {
                    it.waits_ms.map(|(alone, _)| alone)
                })
                .with_sign(),
                Field::duration("", "waits, last", "of turns, saved after all the others", |it| {
                    it.waits_ms.and_then(|(_, last)| last)
                })
                .with_sign(),
            ]);
        }
        if self.comparison.minutes.is_some() || self.bounded_limiter().is_some() {
            let about = "the most requests within any minute with it alone";
            fields.push(Field::count("", "requests a minute", about, |it| it.peak_a_minute));
        }
        fields
    }

    fn add_clock_footnotes(&self, view: &mut TableView, study: &MinutesStudy) {
        view.add_footnote(format!(
            "of {}, from the start of the first session to the end of the last one; \
             sessions side by side count once, pauses between sessions are not told and none",
            format::plain_duration(study.before_ms)
        ));
        view.add_footnote(peak_sentence(study.peak_calls_a_minute));
        for one in &study.uncounted {
            let id = self.comparison.toggles[one.toggle].id;
            view.add_footnote(format!("not counted: {id} {}", uncounted_words(one)));
        }
    }

    fn add_session_footnotes(&self, view: &mut TableView) {
        view.add_footnote(format!(
            "of {}, each session from its first call to the end of its last one, \
             summed; what runs side by side counts twice",
            format::plain_duration(self.comparison.baseline.session_ms)
        ));
        let Some(loads) = self.bounded_limiter() else { return };
        let turns = loads.limits.turns.map_or(0, |turns| turns as i64);
        view.add_footnote(format!(
            "waits: how much later turns end than they could, summed, with at most {} at once: {} \
             before, {} with all together; positive where they wait less",
            format::format_integer(turns, false),
            format::plain_duration(loads.before.waited_ms),
            format::plain_duration(loads.after.waited_ms),
        ));
        let peaks = [&loads.before, &loads.after].map(|load| load.peak_a_minute);
        view.add_footnote(peak_sentence(peaks));
    }
}

/// What a toggle saves of the waits of turns, alone and after all the others.
fn waits_of_toggle(loads: &LoadComparison, at: usize) -> (i64, Option<i64>) {
    let toggle = &loads.toggles[at];
    let alone_ms = loads.before.waited_ms - toggle.alone.waited_ms;
    (alone_ms, Some(toggle.without.waited_ms - loads.after.waited_ms))
}

fn peak_sentence([before, after]: [i64; 2]) -> String {
    format!(
        "requests a minute: the most that start within any minute with the toggle alone; \
         {before} before, {after} with all together"
    )
}

fn uncounted_words(one: &UncountedTime) -> String {
    match one.cause {
        UncountedCause::UnwrittenOutput(tokens) => format!(
            "leaves {} tokens unwritten, {} at {TOKEN_MS} ms a token",
            format::format_tokens(tokens, false),
            format::plain_duration(one.expected_ms)
        ),
        UncountedCause::PollLoops(loops) => format!(
            "hears at once what {} heard half a sleep late: {}, at most {}",
            if loops == 1 { "one poll loop".to_owned() } else { format!("{loops} poll loops") },
            format::plain_duration(one.expected_ms),
            format::plain_duration(one.most_ms)
        ),
    }
}
