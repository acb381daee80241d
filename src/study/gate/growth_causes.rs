//! Why something grew, and what would undo it.
//!
//! The lead is the widest row beyond its limit, of these the one that says most: money before
//! tokens before calls. Its growth is taken apart by steps; what is said within a step are its
//! calls, its context a call, and the kinds of calls and blocks that grew most. Models that took
//! over calls follow, and tools. A remedy is a toggle that saves more on the candidate than on the
//! baseline: it meets what was added.

use super::sample_figures::{JOINT_SAVING, WEB_SEARCHES, cause_within_step};
use super::{
    ChangeSubject, ExactMean, FigureChange, FigureKey, GateMetric, GateRow, GateScope, GrowthCause,
    RowVerdict, ToggleRemedy, share_bp,
};
use crate::intervene;
use std::collections::BTreeMap;

/// Parts of a growth below this share are not told, ten-thousandths. Source: MODEL.md, "Causes".
const SMALLEST_PART_BP: i64 = 1_000;
/// The most steps, tools and remedies that are told. Source: MODEL.md, "Causes".
const MOST_PARTS: usize = 3;
/// The most kinds of calls, and of blocks, that are told of one step. Source: MODEL.md, "Causes".
const MOST_KINDS: usize = 2;
/// A context a call that moved by less is not told, nor a model whose part of the calls did,
/// ten-thousandths. Source: MODEL.md, "Causes".
const SHIFT_BP: i64 = 100;

/// What a lead is chosen by, the strongest first; what is not here comes last.
const LEAD_METRICS: [GateMetric; 8] = [
    GateMetric::Dollars,
    GateMetric::Tokens,
    GateMetric::Read,
    GateMetric::Write1h,
    GateMetric::Write5m,
    GateMetric::Fresh,
    GateMetric::Output,
    GateMetric::Calls,
];

/// The causes of what is beyond its limit, the largest part first, and the remedies, the best
/// first. Nothing where all is within its limits.
#[must_use]
pub(crate) fn explain_growth(rows: &[GateRow]) -> (Vec<GrowthCause>, Vec<ToggleRemedy>) {
    // The widest scope first: what grew in the whole is explained by its parts, not the reverse.
    let beyond = rows.iter().filter(|row| row.verdict == RowVerdict::Beyond);
    let Some(lead) = beyond.min_by_key(|row| (row.key.scope, lead_rank(row.key.metric))) else {
        return (Vec::new(), Vec::new());
    };
    let table = RowsByKey(rows.iter().map(|row| (&row.key, row)).collect());
    (table.find_causes(lead), table.find_remedies(lead))
}

/// How well a metric leads, the best first.
fn lead_rank(metric: GateMetric) -> usize {
    LEAD_METRICS.iter().position(|known| *known == metric).unwrap_or(LEAD_METRICS.len())
}

/// Rows by key.
struct RowsByKey<'a>(BTreeMap<&'a FigureKey, &'a GateRow>);

fn rounded_mean(mean: Option<ExactMean>) -> i128 {
    mean.map_or(0, |mean| mean.rounded_multiple(1))
}

fn row_growth(row: &GateRow) -> i128 {
    rounded_mean(row.candidate) - rounded_mean(row.baseline)
}

impl<'a> RowsByKey<'a> {
    fn find_row(&self, scope: GateScope, name: &str, metric: GateMetric) -> Option<&'a GateRow> {
        self.0.get(&FigureKey { scope, name: name.to_owned(), metric }).copied()
    }

    fn rows_of_metric(
        &self,
        scope: GateScope,
        metric: GateMetric,
    ) -> impl Iterator<Item = &'a GateRow> {
        let rows = self.0.values().copied();
        rows.filter(move |row| row.key.scope == scope && row.key.metric == metric)
    }

    fn find_causes(&self, lead: &'a GateRow) -> Vec<GrowthCause> {
        let metric = lead.key.metric;
        let growth = row_growth(lead);
        if !matches!(lead.key.scope, GateScope::Total | GateScope::Pipeline) {
            // A step, a tool or a model is a cause by itself: only a whole is taken apart.
            return vec![self.place_cause(lead, growth)];
        }
        let steps = largest_parts(self.rows_of_metric(GateScope::Step, metric), growth);
        let mut causes: Vec<GrowthCause> =
            steps.into_iter().map(|row| self.place_cause(row, growth)).collect();
        if causes.is_empty() {
            causes.push(self.place_cause(lead, growth));
        }
        // A model that is billed more only because its steps do more is no cause of its own. One
        // that took over a larger part of the calls is.
        let models = largest_parts(self.rows_of_metric(GateScope::Model, metric), growth);
        causes.extend(
            models
                .into_iter()
                .filter(|row| self.gained_calls(&row.key.name))
                .map(|row| self.model_cause(row, growth)),
        );
        // What a tool's results cost in money is not known: they are told of the growth of reads.
        let reads = self.find_row(GateScope::Total, "", GateMetric::Read).map_or(0, row_growth);
        if reads.signum() == growth.signum() {
            let carried = self.rows_of_metric(GateScope::Tool, GateMetric::Carried);
            let tools = largest_parts(carried, reads);
            causes.extend(tools.into_iter().map(|row| self.tool_cause(row, reads)));
        }
        causes
    }

    /// One place: what grew there, and what grew within it.
    fn place_cause(&self, row: &GateRow, of: i128) -> GrowthCause {
        let FigureKey { scope, name, metric } = &row.key;
        let calls = self.find_row(*scope, name, GateMetric::Calls);
        // | Where the growth itself is one of calls, to tell of calls again would say it twice.
        let calls = calls.filter(|row| *metric != GateMetric::Calls && has_moved(row));
        let mut changes = vec![metric_change(row)];
        changes.extend(calls.map(metric_change));
        changes.extend(self.context_change(*scope, name));
        changes.extend(self.kind_changes(*scope, name, of));
        cause_of_row(row, changes, of)
    }

    /// A model that took over calls.
    fn model_cause(&self, row: &GateRow, of: i128) -> GrowthCause {
        let FigureKey { scope, name, metric } = &row.key;
        let calls =
            self.find_row(*scope, name, GateMetric::Calls).filter(|_| *metric != GateMetric::Calls);
        let changes = [Some(row), calls].into_iter().flatten().map(metric_change).collect();
        cause_of_row(row, changes, of)
    }

    /// Whether a model's part of the calls grew by more than what is not told.
    fn gained_calls(&self, model: &str) -> bool {
        let [before, after] = SIDES.map(|side| {
            let calls = self.side_mean(GateScope::Model, model, GateMetric::Calls, side);
            share_bp(calls, self.side_mean(GateScope::Total, "", GateMetric::Calls, side))
        });
        after - before >= SHIFT_BP
    }

    /// The mean of a row on one side; 0 where the side does not have it.
    fn side_mean(&self, scope: GateScope, name: &str, metric: GateMetric, side: Side) -> i128 {
        self.find_row(scope, name, metric).map_or(0, |row| rounded_mean(side(row)))
    }

    /// The mean context of a call on both sides, where it moved by a per cent or more.
    fn context_change(&self, scope: GateScope, name: &str) -> Option<FigureChange> {
        let [from, to] = SIDES.map(|side| {
            let [calls, tokens, output] =
                [GateMetric::Calls, GateMetric::Tokens, GateMetric::Output]
                    .map(|metric| self.side_mean(scope, name, metric, side));
            let calls = u32::try_from(calls).ok().filter(|calls| *calls > 0)?;
            // What a call is sent is what it uses beside its output.
            let sum = tokens - output;
            Some(ExactMean { sum, count: calls })
        });
        let (before, after) = (from?.rounded_multiple(1), to?.rounded_multiple(1));
        let change = FigureChange { subject: ChangeSubject::Context, from, to };
        (share_bp((after - before).abs(), before) >= SHIFT_BP).then_some(change)
    }

    /// The kinds of calls and of blocks of a place that grew most.
    fn kind_changes(&self, scope: GateScope, name: &str, of: i128) -> Vec<FigureChange> {
        let prefix = match scope {
            GateScope::Total | GateScope::Pipeline => None,
            GateScope::Step => Some(cause_within_step(name, "")),
            _ => return Vec::new(),
        };
        // Kinds within a step are called `step/kind`, those of the whole by the kind alone. Names
        // of steps may hold a stroke too.
        let mut kinds = Vec::new();
        for metric in [GateMetric::Calls, GateMetric::Uses, GateMetric::Added] {
            let own = self.rows_of_metric(GateScope::Cause, metric).filter(|row| {
                // Of uses only what is billed each explains anything; blocks are told in tokens.
                if metric == GateMetric::Uses && !row.key.name.ends_with(WEB_SEARCHES) {
                    return false;
                }
                let name = row.key.name.as_str();
                let kind = prefix.as_ref().map_or(Some(name), |prefix| name.strip_prefix(prefix));
                kind.is_some_and(|kind| !kind.contains('/'))
            });
            let rows = largest_growth_first(own, of);
            kinds.extend(rows.into_iter().take(MOST_KINDS).map(|row| {
                let kind = row.key.name.rsplit('/').next().unwrap_or_default().to_owned();
                FigureChange { subject: ChangeSubject::Kind(kind, metric), ..metric_change(row) }
            }));
        }
        kinds
    }

    fn tool_cause(&self, row: &GateRow, reads: i128) -> GrowthCause {
        let changes = [GateMetric::Uses, GateMetric::Added, GateMetric::Carried]
            .into_iter()
            .filter_map(|metric| self.find_row(GateScope::Tool, &row.key.name, metric))
            .filter(|row| has_moved(row))
            .map(metric_change)
            .collect();
        GrowthCause { metric: GateMetric::Read, ..cause_of_row(row, changes, reads) }
    }

    fn find_remedies(&self, lead: &GateRow) -> Vec<ToggleRemedy> {
        // Savings are measured in these alone; a growth of anything else is held against money.
        let saved = [GateMetric::Calls, GateMetric::Read, GateMetric::Tokens, GateMetric::Dollars];
        let metric = lead.key.metric;
        let metric = if saved.contains(&metric) { metric } else { GateMetric::Dollars };
        let whole = self.find_row(GateScope::Total, "", metric).map_or(0, row_growth);
        // Savings are known for the whole recording only. Where the whole did not grow, the growth
        // of the leading row itself is what a toggle would have to save.
        let own = if lead.key.metric == metric { row_growth(lead) } else { 0 };
        let of = if whole > 0 { whole } else { own };
        if of <= 0 {
            return Vec::new();
        }
        let toggles = self
            .rows_of_metric(GateScope::Saving, metric)
            // All toggles at once are nothing that somebody could turn on as one remedy.
            .filter(|row| row.key.name != JOINT_SAVING);
        largest_growth_first(toggles, of)
            .into_iter()
            .filter(|row| share_bp(row_growth(row), of) >= SMALLEST_PART_BP)
            .filter_map(|row| {
                Some(ToggleRemedy {
                    id: row.key.name.clone(),
                    title: intervene::find_by_id(&row.key.name)?.card().title.to_owned(),
                    saved_growth: row_growth(row),
                    total_growth: of,
                })
            })
            .take(MOST_PARTS)
            .collect()
    }
}

/// Reads one side of a row.
type Side = fn(&GateRow) -> Option<ExactMean>;

/// The baseline, then the candidate.
const SIDES: [Side; 2] = [|row| row.baseline, |row| row.candidate];

fn cause_of_row(row: &GateRow, changes: Vec<FigureChange>, total_growth: i128) -> GrowthCause {
    let FigureKey { scope, name, metric } = row.key.clone();
    GrowthCause { scope, name, changes, metric, growth: row_growth(row), total_growth }
}

/// The largest parts of a growth that are worth telling.
fn largest_parts<'a>(rows: impl Iterator<Item = &'a GateRow>, of: i128) -> Vec<&'a GateRow> {
    let mut parts = largest_growth_first(rows, of);
    parts.truncate(MOST_PARTS);
    parts.retain(|row| share_bp(row_growth(row), of) >= SMALLEST_PART_BP);
    parts
}

/// Rows that moved in the direction of `of`, the largest first.
fn largest_growth_first<'a>(rows: impl Iterator<Item = &'a GateRow>, of: i128) -> Vec<&'a GateRow> {
    // What moved against the whole explains nothing of it. The sign also serves falls: a part of a
    // fall is a fall.
    let mut rows: Vec<&GateRow> = rows.filter(|row| row_growth(row) * of.signum() > 0).collect();
    // The key breaks ties, so that equal growths stand in the same order every time.
    rows.sort_by_key(|row| (-row_growth(row) * of.signum(), &row.key));
    rows
}

fn has_moved(row: &GateRow) -> bool {
    rounded_mean(row.candidate) != rounded_mean(row.baseline)
}

fn metric_change(row: &GateRow) -> FigureChange {
    FigureChange {
        subject: ChangeSubject::Metric(row.key.metric),
        from: row.baseline,
        to: row.candidate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::gate::FigureLimit;

    const USD: i128 = 1_000_000_000_000;

    fn row(scope: GateScope, name: &str, metric: GateMetric, (old, new): (i128, i128)) -> GateRow {
        let mean = |sum: i128| (sum != 0).then_some(ExactMean { sum, count: 1 });
        GateRow {
            key: FigureKey { scope, name: name.to_owned(), metric },
            baseline: mean(old),
            candidate: mean(new),
            change: None,
            interval: None,
            limit: FigureLimit::default(),
            verdict: RowVerdict::Unlimited,
        }
    }

    /// A cause in short: the place, its part of the growth, and each change by its rounded ends.
    fn short(cause: &GrowthCause) -> String {
        let change = |one: &FigureChange| {
            let what = match &one.subject {
                ChangeSubject::Metric(metric) => metric.to_string(),
                ChangeSubject::Context => "context".to_owned(),
                ChangeSubject::Kind(kind, metric) => format!("{kind}/{metric}"),
            };
            format!("{what} {}>{}", rounded_mean(one.from), rounded_mean(one.to))
        };
        let changes: Vec<String> = cause.changes.iter().map(change).collect();
        let GrowthCause { scope, name, metric, growth: grew, total_growth: of, .. } = cause;
        format!("{scope} {name}: {grew} of {of} {metric}: {}", changes.join(", "))
    }

    fn told(rows: &[GateRow]) -> (Vec<String>, Vec<(String, i128)>) {
        let (causes, remedies) = explain_growth(rows);
        let remedies = remedies.into_iter().map(|one| (one.id, one.saved_growth));
        (causes.iter().map(short).collect(), remedies.collect())
    }

    #[test]
    fn a_growth_is_taken_apart_by_steps_kinds_and_tools() {
        use GateMetric::{Added, Calls, Carried, Dollars, Output, Read, Tokens, Uses};
        let total = row(GateScope::Total, "", Dollars, (4 * USD, 6 * USD));
        let mut rows = vec![
            GateRow { verdict: RowVerdict::Beyond, ..total },
            row(GateScope::Total, "", Read, (4_000_000, 5_000_000)),
            // 1.5 of the 2 dollars.
            row(GateScope::Step, "implement", Dollars, (3 * USD, 9 * USD / 2)),
            row(GateScope::Step, "implement", Calls, (120, 131)),
            row(GateScope::Step, "implement", Tokens, (1_212_000, 1_576_000)),
            row(GateScope::Step, "implement", Output, (12_000, 4_000)),
            // 5 % is not told.
            row(GateScope::Step, "plan", Dollars, (USD, 11 * USD / 10)),
            row(GateScope::Step, "late", Dollars, (0, 2 * USD / 5)),
            row(GateScope::Cause, "implement/polls", Calls, (3, 12)),
            row(GateScope::Cause, "implement/tool_result", Added, (100_000, 180_500)),
            row(GateScope::Cause, "implement/text", Added, (9_000, 8_000)),
            row(GateScope::Cause, "implement/late/polls", Calls, (0, 50)),
            row(GateScope::Tool, "Bash", Uses, (10, 19)),
            row(GateScope::Tool, "Bash", Added, (10_000, 20_000)),
            row(GateScope::Tool, "Bash", Carried, (300_000, 700_000)),
            row(GateScope::Tool, "Read", Carried, (300_000, 399_000)),
            row(GateScope::Saving, "R7", Dollars, (USD / 10, 3 * USD / 2)),
            row(GateScope::Saving, "G1", Dollars, (USD, 23 * USD / 20)),
            row(GateScope::Saving, "R4", Dollars, (-USD, -USD / 2)),
            row(GateScope::Saving, JOINT_SAVING, Dollars, (0, 9 * USD)),
        ];
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        let (causes, remedies) = told(&rows);
        assert_eq!(
            causes,
            [
                "step implement: 1500000000000 of 2000000000000 dollars: dollars \
                 3000000000000>4500000000000, calls 120>131, context 10000>12000, polls/calls \
                 3>12, tool_result/added 100000>180500",
                "step late: 400000000000 of 2000000000000 dollars: dollars 0>400000000000",
                "tool Bash: 400000 of 1000000 read: uses 10>19, added 10000>20000, carried \
                 300000>700000",
            ]
        );
        assert_eq!(remedies, [("R7".to_owned(), 7 * USD / 5), ("R4".to_owned(), USD / 2)]);
    }

    #[test]
    fn a_model_that_takes_over_calls_is_told() {
        use GateMetric::{Calls, Dollars};
        let mut rows = vec![
            GateRow {
                verdict: RowVerdict::Beyond,
                ..row(GateScope::Total, "", Dollars, (4 * USD, 6 * USD))
            },
            row(GateScope::Total, "", Calls, (100, 150)),
            row(GateScope::Model, "large", Calls, (10, 60)),
            row(GateScope::Model, "large", Dollars, (USD, 4 * USD)),
            // It grows, but its part of the calls does not.
            row(GateScope::Model, "small", Calls, (60, 90)),
            row(GateScope::Model, "small", Dollars, (USD, 3 * USD / 2)),
            row(GateScope::Model, "old", Calls, (30, 0)),
            row(GateScope::Model, "old", Dollars, (2 * USD, 0)),
        ];
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        let model = "model large: 3000000000000 of 2000000000000 dollars: dollars \
                     1000000000000>4000000000000, calls 10>60";
        assert_eq!(told(&rows).0[1..], [model]);
    }

    #[test]
    fn within_limits_there_is_nothing_to_explain() {
        assert_eq!(
            explain_growth(&[row(GateScope::Total, "", GateMetric::Calls, (1, 9))]),
            (vec![], vec![])
        );
    }

    #[test]
    fn without_steps_the_whole_is_told_and_a_fall_is_a_fall() {
        let beyond = |row: GateRow| GateRow { verdict: RowVerdict::Beyond, ..row };
        let rows = [
            beyond(row(GateScope::Total, "", GateMetric::Calls, (60, 59))),
            row(GateScope::Cause, "polls", GateMetric::Calls, (3, 2)),
        ];
        let fall = "total : -1 of -1 calls: calls 60>59, polls/calls 3>2".to_owned();
        assert_eq!(told(&rows), (vec![fall], vec![]));
        let rows = [beyond(row(GateScope::Tool, "Bash", GateMetric::Uses, (3, 9)))];
        assert_eq!(told(&rows).0, ["tool Bash: 6 of 6 uses: uses 3>9"]);
    }
}
