//! Step tables: what pipelines used, step by step, and how large they were.

use crate::recording::{Recording, Role, Session};
use crate::study::inspect::order_parts::owner_session_id;
use crate::study::inspect::step_usage::{StepUsageRow, usage_by_order};
use std::collections::BTreeMap;

crate::kinds::named_values! {
    /// What a row of a step table counts.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum StepQuantity {
        /// Uncached input, tokens.
        Fresh = "fresh",
        /// Cache reads, tokens.
        Read = "read",
        /// Cache writes, tokens.
        Write = "write",
        /// Output, tokens.
        Output = "output",
        /// Sessions, subagents not counted.
        Sessions = "sessions",
        /// Seconds of all sessions, one after the other.
        Seconds = "seconds",
        /// Calls.
        Calls = "calls",
    }
}

/// Figures in the order of [`StepQuantity::NAMED`]; `None` where nobody wrote one down.
pub type StepFigures = [Option<i64>; StepQuantity::NAMED.len()];

/// One row: a step of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepTableRow {
    /// The pipeline, e.g. the number of a pull request.
    pub pipeline: String,
    /// The step; empty if unknown.
    pub step: String,
    /// The kind of pipeline; empty if unknown.
    pub recipe: String,
    /// When the pipeline started, milliseconds since the epoch.
    pub start_ms: Option<i64>,
    /// When it was over, e.g. merged; `None` where nothing says so.
    pub end_ms: Option<i64>,
    /// Lines that it changed, added and deleted together.
    pub lines: Option<i64>,
    /// What the step used.
    pub figures: StepFigures,
}

/// A pipeline: its rows added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineFigures {
    /// Its name.
    pub name: String,
    /// The kind of pipeline; empty if unknown.
    pub recipe: String,
    /// When it started.
    pub start_ms: Option<i64>,
    /// When it was over.
    pub end_ms: Option<i64>,
    /// Lines that it changed.
    pub lines: Option<i64>,
    /// All of its steps together.
    pub total: StepFigures,
    /// Each step.
    pub steps: BTreeMap<String, StepFigures>,
}

/// Adds the rows of each pipeline up, in the order of their ends and names, whatever order the rows
/// are in. A sum is known where all of its parts are.
#[must_use]
pub(crate) fn sum_pipelines(rows: &[StepTableRow]) -> Vec<PipelineFigures> {
    // The flag tells whether a row was added: an empty sum looks like an unknown one.
    let mut found: BTreeMap<&str, (PipelineFigures, bool)> = BTreeMap::new();
    for row in rows {
        // Rows of a pipeline may lie apart and say different things: the widest span counts.
        let (one, begun) = found.entry(&row.pipeline).or_default();
        one.name.clone_from(&row.pipeline);
        // Of several kinds the last in the alphabet, so that the order of rows decides nothing.
        one.recipe = one.recipe.clone().max(row.recipe.clone());
        one.start_ms = [one.start_ms, row.start_ms].into_iter().flatten().min();
        one.end_ms = one.end_ms.max(row.end_ms);
        one.lines = one.lines.max(row.lines);
        one.total = if *begun { add_figures(&one.total, &row.figures) } else { row.figures };
        *begun = true;
        let step = one.steps.entry(row.step.clone());
        step.and_modify(|known| *known = add_figures(known, &row.figures)).or_insert(row.figures);
    }
    let mut all: Vec<PipelineFigures> = found.into_values().map(|(one, _)| one).collect();
    all.sort_by(|a, b| (a.end_ms, &a.name).cmp(&(b.end_ms, &b.name)));
    all
}

fn add_figures(a: &StepFigures, b: &StepFigures) -> StepFigures {
    std::array::from_fn(|at| a[at]?.checked_add(b[at]?))
}

/// The step table of a recording. A session of no pipeline is a pipeline of its own, with its
/// subagents; lines are not known.
#[must_use]
pub fn step_table_from_recording(recording: &Recording) -> Vec<StepTableRow> {
    // A copy, because usage is asked for by the names of pipelines, and these sessions have none.
    let mut named = recording.clone();
    for session in &mut named.sessions {
        if session.pipeline.is_empty() {
            session.pipeline = owner_session_id(session).to_owned();
        }
    }
    let mut sessions: BTreeMap<&str, Vec<&Session>> = BTreeMap::new();
    for session in &named.sessions {
        sessions.entry(&session.pipeline).or_default().push(session);
    }
    let usage = usage_by_order(&named);
    let mut rows = Vec::new();
    for (name, sessions) in sessions {
        // An orchestrator's own sessions may belong to the pipelines that it dispatches for.
        let Some(steps) = usage.get(name) else { continue };
        let (start_ms, end_ms) = time_span_of_pipeline(&named, &sessions);
        rows.extend(steps.rows.iter().map(|row| StepTableRow {
            pipeline: name.to_owned(),
            step: row.step.clone(),
            recipe: String::new(),
            start_ms,
            end_ms,
            lines: None,
            figures: figures_of_step(row),
        }));
    }
    rows
}

fn figures_of_step(row: &StepUsageRow) -> StepFigures {
    // A session whose calls nobody counted makes the number unknown, not small.
    let calls = (row.uncounted == 0).then_some(row.calls);
    let usage = &row.usage;
    let known = [usage.fresh, usage.read, usage.write_tokens(), usage.output, row.sessions];
    let [fresh, read, write, output, sessions] = known.map(Some);
    [fresh, read, write, output, sessions, Some(row.time_ms / 1_000), calls]
}

/// From the first call of a pipeline to the end of its last one, orchestrators aside: they outlive
/// the pipelines that they serve.
fn time_span_of_pipeline(
    recording: &Recording,
    sessions: &[&Session],
) -> (Option<i64>, Option<i64>) {
    let has_workers = sessions.iter().any(|session| session.role != Role::Orchestrator);
    let counted = sessions.iter().filter(|one| !has_workers || one.role != Role::Orchestrator);
    let spans = counted.map(|session| {
        let calls = &recording.calls[session.call_range()];
        // What the harness wrote down reaches further where calls are missing.
        let told = session.harness_totals.start_ms;
        let told_end = told.zip(session.harness_totals.duration_ms).map(|(start, ms)| start + ms);
        let starts = calls.iter().map(|call| call.start_ms).chain(told).min();
        (starts, calls.iter().map(|call| call.end_ms).chain(told_end).max())
    });
    let (starts, ends): (Vec<_>, Vec<_>) = spans.unzip();
    (starts.into_iter().flatten().min(), ends.into_iter().flatten().max())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(pipeline: &str, step: &str, read: Option<i64>, end_ms: i64) -> StepTableRow {
        let mut figures = [Some(1); 7];
        figures[StepQuantity::Read as usize] = read;
        let (pipeline, step) = (pipeline.to_owned(), step.to_owned());
        StepTableRow { pipeline, step, end_ms: Some(end_ms), figures, ..StepTableRow::default() }
    }

    #[test]
    fn rows_add_up_and_what_is_missing_stays_missing() {
        let rows = [
            row("b", "plan", Some(5), 20),
            row("a", "plan", Some(1), 30),
            row("b", "plan", Some(7), 20),
            row("b", "fix", None, 20),
        ];
        let all = sum_pipelines(&rows);
        let read = StepQuantity::Read as usize;
        let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["b", "a"], "in the order of their ends");
        assert_eq!((all[0].total[read], all[1].total[read]), (None, Some(1)));
        assert_eq!(all[0].total[StepQuantity::Sessions as usize], Some(3));
        assert_eq!((all[0].steps["plan"][read], all[0].steps["fix"][read]), (Some(12), None));
        let mut turned = rows.to_vec();
        turned.reverse();
        assert_eq!(sum_pipelines(&turned), all);
    }
}
