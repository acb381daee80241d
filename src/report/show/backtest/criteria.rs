//! Success criteria on two windows: what was wanted, what came, and what cannot be said.

use super::json::SourceJson;
use super::{SourceTold, interval, minute, percent, ratio, skips, sources};
use crate::price::DAY_MS;
use crate::recording::name_of;
use crate::report::format::integer;
use crate::report::json;
use crate::report::{Cell, Column, Document, Section, Tone, Value, View};
use crate::study::backtest::criteria::{Criteria, Criterion, Doubt, Judged, Measure, Outcome};
use crate::study::backtest::{Ratio, Settings};
use serde::Serialize;

/// Criteria and everything they are shown with.
pub struct Shown<'a> {
    /// What the file calls them.
    pub title: &'a str,
    /// The numbers.
    pub criteria: &'a Criteria,
    /// How they were looked at.
    pub settings: &'a Settings,
    /// Where they come from.
    pub sources: &'a [SourceTold],
}

/// What to do where rollouts may have moved.
const BOTH_HOMES: &str = "rollouts may have moved (CODEX_HOME isolation, C7): name the old home \
                          and the new ones, and measure again";

impl Shown<'_> {
    /// For people.
    #[must_use]
    pub fn document(&self) -> Document {
        let title = if self.title.is_empty() { "Success criteria" } else { self.title };
        let mut document = Document::new(title);
        let Criteria { windows, executed, gone, judged } = self.criteria;
        let mut section = Section::new("Success criteria").bullets(judged.iter().map(sentence));
        section = section.table(self.view());
        let mut lines: Vec<String> = Vec::new();
        let days = windows.map(|(since, until)| {
            let days = (until - since) as f64 / DAY_MS as f64;
            format!(
                "{} to {} ({} days)",
                minute(since),
                minute(until),
                crate::report::format::number((days * 1e2).round() as i64 * 10, false)
            )
        });
        lines.push(format!(
            "Before: {}; after: {}. Totals and counts are told a day, because windows differ in \
             length.",
            days[0], days[1]
        ));
        let [before, after] = executed.map(|count| integer(i64::from(count), false));
        lines.push(format!(
            "Invocations that did work (EXECUTE): {before} before, {after} after: where there is \
             less work, there is less to tell of."
        ));
        if !gone.is_empty() {
            lines.push(format!(
                "Not seen in the second window, and seen in the first: {}. Switched off, or its \
                 rollouts lie elsewhere.",
                gone.join(", ")
            ));
        }
        for source in self.sources {
            lines.extend(source.notes.iter().map(|note| format!("{}: {note}", source.name)));
            lines.extend(skips(source));
        }
        document.section(section.bullets(lines));
        document.section(Section::new("Method").bullets([
            "Every call counts once, with the packet that woke its agent; an invocation counts in \
             the window in which its first call ends, retries included."
                .to_owned(),
            format!(
                "Intervals ({}): draws of whole days for totals and counts, of whole pieces of \
                 work (roots) for averages; none with fewer than five of them on a side. \"By \
                 enough\" is what the file of criteria says, as a ratio of the two values.",
                percent(self.settings.confidence)
            ),
        ]));
        for line in sources(self.sources) {
            document.source(line);
        }
        document
    }

    fn view(&self) -> View {
        let columns = vec![
            Column::text("criterion"),
            Column::text("of"),
            Column::mixed("before"),
            Column::mixed("after"),
            Column::number("ratio"),
            Column::number("interval").ranged(),
            Column::number("wanted at most"),
            Column::text("verdict"),
        ];
        let mut view = View::new("Success criteria", columns);
        for one in &self.criteria.judged {
            let Criterion { name, measure, falls_by, .. } = &one.criterion;
            let value = |value: Option<f64>| {
                Cell::maybe(value.map(|value| match measure {
                    Measure::Invocations => Value::Number((value * 1e3).round() as i64),
                    _ => Value::Tokens(value.round() as i64),
                }))
            };
            let tone = match one.outcome {
                Outcome::Met => Tone::Good,
                Outcome::NotMet => Tone::Bad,
                Outcome::NotMeasured => Tone::Strong,
                _ => Tone::Plain,
            };
            view.row(vec![
                Cell::text(name),
                Cell::text(place(&one.criterion)),
                value(one.before),
                value(one.after),
                ratio(one.ratio),
                interval(one.interval),
                ratio(Some(1.0 - falls_by)),
                Cell::text(name_of(&Outcome::NAMED, one.outcome)).tone(tone),
            ]);
        }
        view.footnote("tokens and invocations: a day; average: tokens an invocation");
        view
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        let Criteria { windows, executed, gone, judged } = self.criteria;
        let iso = |ms: i64| {
            jiff::Timestamp::from_millisecond(ms).map(|at| at.to_string()).unwrap_or_default()
        };
        let one = |one: &Judged| JudgedJson {
            name: one.criterion.name.clone(),
            agent: one.criterion.agent.clone(),
            kind: one.criterion.kind.clone(),
            measure: name_of(&Measure::NAMED, one.criterion.measure),
            before: one.before.map(|value| value.round() as i64),
            after: one.after.map(|value| value.round() as i64),
            ratio: one.ratio.map(Ratio::of),
            interval: one.interval.map(|ends| [ends.low, ends.high].map(Ratio::of)),
            falls_by: Ratio::of(one.criterion.falls_by),
            outcome: name_of(&Outcome::NAMED, one.outcome),
            doubts: one.doubts.iter().map(|doubt| said(doubt, &one.criterion)).collect(),
            source: one.criterion.source.clone(),
        };
        let body = Body {
            windows: windows.map(|(since, until)| [iso(since), iso(until)]),
            executed: *executed,
            gone: gone.clone(),
            criteria: judged.iter().map(one).collect(),
            sources: self.sources.iter().map(SourceJson::from).collect(),
        };
        json::document("criteria", 1, &body)
    }
}

/// What a criterion is about.
fn place(criterion: &Criterion) -> String {
    match criterion.kind.as_str() {
        "" => criterion.agent.clone(),
        kind => format!("{} / {kind}", criterion.agent),
    }
}

fn sentence(one: &Judged) -> String {
    let Judged { criterion, ratio, outcome, doubts, .. } = one;
    let word = name_of(&Outcome::NAMED, *outcome);
    if !doubts.is_empty() {
        let why: Vec<String> = doubts.iter().map(|doubt| said(doubt, criterion)).collect();
        return format!("{}: {word}: {}.", criterion.name, why.join("; "));
    }
    match ratio {
        None => format!("{}: {word}: there is nothing to compare.", criterion.name),
        Some(ratio) => {
            format!("{}: {word} ({} times what it was).", criterion.name, super::two(*ratio))
        }
    }
}

/// A doubt in words, with what to do.
fn said(doubt: &Doubt, criterion: &Criterion) -> String {
    let agent = &criterion.agent;
    match doubt {
        Doubt::NothingBefore => {
            format!("{} is nowhere in the first window: there is nothing to fall", place(criterion))
        }
        Doubt::AgentGone => {
            format!("{agent} is in the first window and nowhere in the second: {BOTH_HOMES}")
        }
        Doubt::WorkersGone => format!(
            "digests of the second window tell of finished work (TASK_COMPLETE:EXECUTE), but no \
             invocation there did any: {BOTH_HOMES}"
        ),
        Doubt::DigestsGone => format!(
            "work was done in the second window, but no digest told of it, and no fast path takes \
             those (TASK_COMPLETE:EXECUTE): {BOTH_HOMES}"
        ),
        Doubt::Silent { since_ms } => format!(
            "the last invocation of {agent} is of {}, and the window goes on for longer than any \
             of its pauses before: {BOTH_HOMES}",
            minute(*since_ms)
        ),
    }
}

#[derive(Serialize)]
struct Body {
    windows: [[String; 2]; 2],
    /// Invocations that did work, before and after.
    executed: [u32; 2],
    gone: Vec<String>,
    criteria: Vec<JudgedJson>,
    sources: Vec<SourceJson>,
}

#[derive(Serialize)]
struct JudgedJson {
    name: String,
    agent: String,
    kind: String,
    measure: &'static str,
    before: Option<i64>,
    after: Option<i64>,
    ratio: Option<Ratio>,
    interval: Option<[Ratio; 2]>,
    falls_by: Ratio,
    outcome: &'static str,
    doubts: Vec<String>,
    source: String,
}
