//! Why something grew, and what would undo it.
//!
//! The lead is the widest row beyond its limit, of these the one that says most: money before
//! tokens before calls. Its growth is taken apart by steps; what is said within a step are its
//! calls, its context a call, and the kinds of calls and blocks that grew most. Models that took
//! over calls follow, and tools. A remedy is a toggle that saves more on the candidate than on the
//! baseline: it meets what was added.

use super::figures::{JOINT, within};
use super::{Cause, Change, Changed, Judged, Key, Mean, Metric, Remedy, Row, Scope, share_bp};
use crate::intervene;
use std::collections::BTreeMap;

/// Parts of a growth below this share are not told, ten-thousandths. Source: MODEL.md, "Causes".
const TOLD_BP: i64 = 1_000;
/// The most steps, tools and remedies that are told. Source: MODEL.md, "Causes".
const MOST: usize = 3;
/// The most kinds of calls, and of blocks, that are told of one step. Source: MODEL.md, "Causes".
const MOST_KINDS: usize = 2;
/// A context a call that moved by less is not told, nor a model whose part of the calls did,
/// ten-thousandths. Source: MODEL.md, "Causes".
const SHIFT_BP: i64 = 100;

/// What a lead is chosen by, the strongest first; what is not here comes last.
const LEADS: [Metric; 8] = [
    Metric::Dollars,
    Metric::Tokens,
    Metric::Read,
    Metric::Write1h,
    Metric::Write5m,
    Metric::Fresh,
    Metric::Output,
    Metric::Calls,
];

/// The causes of what is beyond its limit, the largest part first, and the remedies, the best
/// first. Nothing where all is within its limits.
#[must_use]
pub fn explain(rows: &[Row]) -> (Vec<Cause>, Vec<Remedy>) {
    let place = |metric| LEADS.iter().position(|known| *known == metric).unwrap_or(LEADS.len());
    let beyond = rows.iter().filter(|row| row.judged == Judged::Beyond);
    let Some(lead) = beyond.min_by_key(|row| (row.key.scope, place(row.key.metric))) else {
        return (Vec::new(), Vec::new());
    };
    let table = Table(rows.iter().map(|row| (&row.key, row)).collect());
    (table.causes(lead), table.remedies(lead))
}

/// Rows by key.
struct Table<'a>(BTreeMap<&'a Key, &'a Row>);

fn mean(mean: Option<Mean>) -> i128 {
    mean.map_or(0, |mean| mean.rounded(1))
}

fn growth(row: &Row) -> i128 {
    mean(row.candidate) - mean(row.baseline)
}

impl<'a> Table<'a> {
    fn row(&self, scope: Scope, name: &str, metric: Metric) -> Option<&'a Row> {
        self.0.get(&Key { scope, name: name.to_owned(), metric }).copied()
    }

    fn of(&self, scope: Scope, metric: Metric) -> impl Iterator<Item = &'a Row> {
        let rows = self.0.values().copied();
        rows.filter(move |row| row.key.scope == scope && row.key.metric == metric)
    }

    fn causes(&self, lead: &'a Row) -> Vec<Cause> {
        let metric = lead.key.metric;
        let of = growth(lead);
        let is_whole = matches!(lead.key.scope, Scope::Total | Scope::Pipeline);
        let told = |row: &&Row| share_bp(growth(row), of) >= TOLD_BP;
        let parts = if is_whole { grown(self.of(Scope::Step, metric), of) } else { vec![lead] };
        let parts = parts.into_iter().take(MOST).filter(told);
        let mut causes: Vec<Cause> = parts.map(|row| self.place(row, of)).collect();
        if causes.is_empty() {
            causes.push(self.place(lead, of));
        }
        if !is_whole {
            return causes;
        }
        let models = grown(self.of(Scope::Model, metric), of).into_iter().take(MOST);
        let models = models.filter(told).filter(|row| self.shifts(&row.key.name));
        causes.extend(models.map(|row| self.model(row, of)));
        // What a tool's results cost in money is not known: they are told of the growth of reads.
        let reads = self.row(Scope::Total, "", Metric::Read).map_or(0, growth);
        for row in grown(self.of(Scope::Tool, Metric::Carried), reads).into_iter().take(MOST) {
            if reads.signum() == of.signum() && share_bp(growth(row), reads) >= TOLD_BP {
                causes.push(self.tool(row, reads));
            }
        }
        causes
    }

    /// One place: what grew there, and what grew within it.
    fn place(&self, row: &Row, of: i128) -> Cause {
        let Key { scope, name, metric } = &row.key;
        let calls = self.row(*scope, name, Metric::Calls);
        let calls = calls.filter(|row| *metric != Metric::Calls && moved(row));
        let own = [Some(row), calls].into_iter().flatten();
        let mut changes: Vec<Change> = own.map(change).collect();
        changes.extend(self.context(*scope, name));
        changes.extend(self.kinds(*scope, name, of));
        Cause { scope: *scope, name: name.clone(), changes, metric: *metric, grew: growth(row), of }
    }

    /// A model that took over calls.
    fn model(&self, row: &Row, of: i128) -> Cause {
        let Key { scope, name, metric } = &row.key;
        let calls = self.row(*scope, name, Metric::Calls).filter(|_| *metric != Metric::Calls);
        let changes = [Some(row), calls].into_iter().flatten().map(change).collect();
        Cause { scope: *scope, name: name.clone(), changes, metric: *metric, grew: growth(row), of }
    }

    /// Whether a model's part of the calls grew by more than what is not told.
    fn shifts(&self, model: &str) -> bool {
        let part = |side: fn(&Row) -> Option<Mean>| {
            let calls = |scope, name| {
                self.row(scope, name, Metric::Calls).and_then(side).map_or(0, |it| it.rounded(1))
            };
            share_bp(calls(Scope::Model, model), calls(Scope::Total, ""))
        };
        part(|row| row.candidate) - part(|row| row.baseline) >= SHIFT_BP
    }

    /// The mean context of a call on both sides, where it moved by a per cent or more.
    fn context(&self, scope: Scope, name: &str) -> Option<Change> {
        let a_call = |side: fn(&Row) -> Option<Mean>| {
            let of = |metric| self.row(scope, name, metric).map_or(0, |row| mean(side(row)));
            let calls = u32::try_from(of(Metric::Calls)).ok().filter(|calls| *calls > 0)?;
            Some(Mean { sum: of(Metric::Tokens) - of(Metric::Output), of: calls })
        };
        let (from, to) = (a_call(|row| row.baseline)?, a_call(|row| row.candidate)?);
        let (before, after) = (from.rounded(1), to.rounded(1));
        let change = Change { what: Changed::Context, from: Some(from), to: Some(to) };
        (share_bp((after - before).abs(), before) >= SHIFT_BP).then_some(change)
    }

    /// The kinds of calls and of blocks of a place that grew most.
    fn kinds(&self, scope: Scope, name: &str, of: i128) -> Vec<Change> {
        let prefix = match scope {
            Scope::Total | Scope::Pipeline => None,
            Scope::Step => Some(within(name, "")),
            _ => return Vec::new(),
        };
        let own = |row: &&Row| match &prefix {
            None => !row.key.name.contains('/'),
            // Names of steps may hold a stroke too.
            Some(prefix) => {
                row.key.name.strip_prefix(prefix.as_str()).is_some_and(|kind| !kind.contains('/'))
            }
        };
        let mut kinds = Vec::new();
        for metric in [Metric::Calls, Metric::Added] {
            let rows = grown(self.of(Scope::Cause, metric).filter(own), of);
            kinds.extend(rows.into_iter().take(MOST_KINDS).map(|row| {
                let kind = row.key.name.rsplit('/').next().unwrap_or_default().to_owned();
                Change { what: Changed::Kind(kind, metric), ..change(row) }
            }));
        }
        kinds
    }

    fn tool(&self, row: &Row, reads: i128) -> Cause {
        let name = &row.key.name;
        let moved = |metric| self.row(Scope::Tool, name, metric).filter(|row| moved(row));
        let changes = [Metric::Uses, Metric::Added, Metric::Carried].into_iter().filter_map(moved);
        Cause {
            scope: Scope::Tool,
            name: name.clone(),
            changes: changes.map(change).collect(),
            metric: Metric::Read,
            grew: growth(row),
            of: reads,
        }
    }

    fn remedies(&self, lead: &Row) -> Vec<Remedy> {
        let told = [Metric::Calls, Metric::Read, Metric::Tokens, Metric::Dollars];
        let metric = lead.key.metric;
        let metric = if told.contains(&metric) { metric } else { Metric::Dollars };
        let whole = self.row(Scope::Total, "", metric).map_or(0, growth);
        let own = if lead.key.metric == metric { growth(lead) } else { 0 };
        let of = if whole > 0 { whole } else { own };
        if of <= 0 {
            return Vec::new();
        }
        let toggles = self.of(Scope::Saving, metric).filter(|row| row.key.name != JOINT);
        let remedies = grown(toggles, of).into_iter().filter_map(|row| {
            let title = intervene::find(&row.key.name)?.card().title.to_owned();
            Some(Remedy { id: row.key.name.clone(), title, undoes: growth(row), of })
        });
        let enough = |one: &Remedy| share_bp(one.undoes, of) >= TOLD_BP;
        remedies.filter(enough).take(MOST).collect()
    }
}

/// Rows that moved in the direction of `of`, the largest first.
fn grown<'a>(rows: impl Iterator<Item = &'a Row>, of: i128) -> Vec<&'a Row> {
    let mut rows: Vec<&Row> = rows.filter(|row| growth(row) * of.signum() > 0).collect();
    rows.sort_by_key(|row| (-growth(row) * of.signum(), &row.key));
    rows
}

fn moved(row: &Row) -> bool {
    mean(row.candidate) != mean(row.baseline)
}

fn change(row: &Row) -> Change {
    Change { what: Changed::Metric(row.key.metric), from: row.baseline, to: row.candidate }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::gate::Limit;

    const USD: i128 = 1_000_000_000_000;

    fn row(scope: Scope, name: &str, metric: Metric, (old, new): (i128, i128)) -> Row {
        let mean = |sum: i128| (sum != 0).then_some(Mean { sum, of: 1 });
        Row {
            key: Key { scope, name: name.to_owned(), metric },
            baseline: mean(old),
            candidate: mean(new),
            change: None,
            interval: None,
            limit: Limit::default(),
            judged: Judged::Free,
        }
    }

    /// A cause in short: the place, its part of the growth, and each change by its rounded ends.
    fn short(cause: &Cause) -> String {
        let change = |one: &Change| {
            let what = match &one.what {
                Changed::Metric(metric) => metric.to_string(),
                Changed::Context => "context".to_owned(),
                Changed::Kind(kind, metric) => format!("{kind}/{metric}"),
            };
            format!("{what} {}>{}", mean(one.from), mean(one.to))
        };
        let changes: Vec<String> = cause.changes.iter().map(change).collect();
        let Cause { scope, name, metric, grew, of, .. } = cause;
        format!("{scope} {name}: {grew} of {of} {metric}: {}", changes.join(", "))
    }

    fn told(rows: &[Row]) -> (Vec<String>, Vec<(String, i128)>) {
        let (causes, remedies) = explain(rows);
        let remedies = remedies.into_iter().map(|one| (one.id, one.undoes));
        (causes.iter().map(short).collect(), remedies.collect())
    }

    #[test]
    fn a_growth_is_taken_apart_by_steps_kinds_and_tools() {
        use Metric::{Added, Calls, Carried, Dollars, Output, Read, Tokens, Uses};
        let total = row(Scope::Total, "", Dollars, (4 * USD, 6 * USD));
        let mut rows = vec![
            Row { judged: Judged::Beyond, ..total },
            row(Scope::Total, "", Read, (4_000_000, 5_000_000)),
            // 1.5 of the 2 dollars.
            row(Scope::Step, "implement", Dollars, (3 * USD, 9 * USD / 2)),
            row(Scope::Step, "implement", Calls, (120, 131)),
            row(Scope::Step, "implement", Tokens, (1_212_000, 1_576_000)),
            row(Scope::Step, "implement", Output, (12_000, 4_000)),
            // 5 % is not told.
            row(Scope::Step, "plan", Dollars, (USD, 11 * USD / 10)),
            row(Scope::Step, "late", Dollars, (0, 2 * USD / 5)),
            row(Scope::Cause, "implement/polls", Calls, (3, 12)),
            row(Scope::Cause, "implement/tool_result", Added, (100_000, 180_500)),
            row(Scope::Cause, "implement/text", Added, (9_000, 8_000)),
            row(Scope::Cause, "implement/late/polls", Calls, (0, 50)),
            row(Scope::Tool, "Bash", Uses, (10, 19)),
            row(Scope::Tool, "Bash", Added, (10_000, 20_000)),
            row(Scope::Tool, "Bash", Carried, (300_000, 700_000)),
            row(Scope::Tool, "Read", Carried, (300_000, 399_000)),
            row(Scope::Saving, "R7", Dollars, (USD / 10, 3 * USD / 2)),
            row(Scope::Saving, "G1", Dollars, (USD, 23 * USD / 20)),
            row(Scope::Saving, "R4", Dollars, (-USD, -USD / 2)),
            row(Scope::Saving, JOINT, Dollars, (0, 9 * USD)),
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
        use Metric::{Calls, Dollars};
        let mut rows = vec![
            Row { judged: Judged::Beyond, ..row(Scope::Total, "", Dollars, (4 * USD, 6 * USD)) },
            row(Scope::Total, "", Calls, (100, 150)),
            row(Scope::Model, "large", Calls, (10, 60)),
            row(Scope::Model, "large", Dollars, (USD, 4 * USD)),
            // It grows, but its part of the calls does not.
            row(Scope::Model, "small", Calls, (60, 90)),
            row(Scope::Model, "small", Dollars, (USD, 3 * USD / 2)),
            row(Scope::Model, "old", Calls, (30, 0)),
            row(Scope::Model, "old", Dollars, (2 * USD, 0)),
        ];
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        let model = "model large: 3000000000000 of 2000000000000 dollars: dollars \
                     1000000000000>4000000000000, calls 10>60";
        assert_eq!(told(&rows).0[1..], [model]);
    }

    #[test]
    fn within_limits_there_is_nothing_to_explain() {
        assert_eq!(explain(&[row(Scope::Total, "", Metric::Calls, (1, 9))]), (vec![], vec![]));
    }

    #[test]
    fn without_steps_the_whole_is_told_and_a_fall_is_a_fall() {
        let beyond = |row: Row| Row { judged: Judged::Beyond, ..row };
        let rows = [
            beyond(row(Scope::Total, "", Metric::Calls, (60, 59))),
            row(Scope::Cause, "polls", Metric::Calls, (3, 2)),
        ];
        let fall = "total : -1 of -1 calls: calls 60>59, polls/calls 3>2".to_owned();
        assert_eq!(told(&rows), (vec![fall], vec![]));
        let rows = [beyond(row(Scope::Tool, "Bash", Metric::Uses, (3, 9)))];
        assert_eq!(told(&rows).0, ["tool Bash: 6 of 6 uses: uses 3>9"]);
    }
}
