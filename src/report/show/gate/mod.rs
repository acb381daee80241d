//! The gate's word: a table for people, a comment for pull requests, what programs of a CI read.

mod annotations;
mod json;
mod junit;
mod moved;
mod power;
mod words;

pub use power::ShownPower;

use crate::report::format::{self, Figures};
use crate::report::{Cell, Column, Document, Section, Text, Tone, Value, View};
use crate::study::gate::{Gate, JOINT, Judged, Key, Mean, Row, Scope, share_bp};
use crate::units::BASIS_POINTS;

/// Rows of a table; beyond that rows within their limits are counted, but for those of the whole.
const MOST_ROWS: usize = 40;

/// A gate's word and everything that it is shown with.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The numbers.
    pub gate: &'a Gate,
    /// The committed file that the baseline was read from; where annotations point to.
    pub file: Option<&'a str>,
    /// Where the numbers come from: digests, prices, policy, seed, a line each.
    pub sources: &'a [String],
}

impl Shown<'_> {
    /// For people: the verdict, the limited rows, why, what would undo it.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = Document::new("");
        let mut verdict = Section::new("").paragraph(self.verdict());
        let (shown, rest): (Vec<&Row>, Vec<&Row>) = self.limited().partition(|row| {
            row.judged != Judged::Within || row.key.scope == Scope::Total || !self.is_long()
        });
        let mut limits = self.table(shown.into_iter(), "Limits");
        if !rest.is_empty() {
            let more = format!("{} more figures within their limits; JSON has all", rest.len());
            limits.footnote(more);
        }
        verdict = verdict.table(limits);
        let others = self.others();
        if !others.is_empty() {
            verdict = verdict.table(self.table(others.into_iter(), "Without a limit"));
        }
        document.section(verdict);
        self.explain(&mut document);
        for line in self.sources {
            document.source(line);
        }
        document
    }

    /// For a pull request: only what is beyond a limit or may be; `None` where nothing is.
    #[must_use]
    pub fn comment(&self) -> Option<Document> {
        let told = |row: &&Row| matches!(row.judged, Judged::Beyond | Judged::Unsure);
        let mut rows = self.limited().filter(told).peekable();
        rows.peek()?;
        let mut document = Document::new("");
        let section = Section::new("windtunnel gate").paragraph(self.verdict());
        document.section(section.table(self.table(rows, "")));
        self.explain(&mut document);
        for line in self.sources {
            document.source(line);
        }
        Some(document)
    }

    /// Rows with a limit: the worst verdict first, then in their own order.
    fn limited(&self) -> impl Iterator<Item = &Row> {
        let mut rows: Vec<&Row> =
            self.gate.rows.iter().filter(|row| row.judged != Judged::Free).collect();
        rows.sort_by_key(|row| rank(row.judged));
        rows.into_iter()
    }

    /// Whether a table of all limited rows would hide what matters.
    fn is_long(&self) -> bool {
        self.limited().count() > MOST_ROWS
    }

    /// Figures of the whole that have no limit.
    fn others(&self) -> Vec<&Row> {
        let total = |row: &&Row| row.judged == Judged::Free && row.key.scope == Scope::Total;
        self.gate.rows.iter().filter(total).collect()
    }

    fn verdict(&self) -> Text {
        let line = words::verdict(self.gate);
        let (first, rest) = line.split_once(": ").unwrap_or((&line, ""));
        let rest = if rest.is_empty() { String::new() } else { format!(": {rest}") };
        Text::new().strong(first).plain(rest)
    }

    fn table<'a>(&self, rows: impl Iterator<Item = &'a Row>, title: &str) -> View {
        let rows: Vec<&Row> = rows.collect();
        let has_chance = rows.iter().any(|row| row.interval.is_some());
        let mut columns = vec![
            Column::text("of"),
            Column::text("metric"),
            Column::mixed("baseline"),
            Column::mixed("candidate"),
            Column::share("change").signed(),
        ];
        if has_chance {
            columns.push(Column::share("may be").signed().ranged());
        }
        let is_limited = rows.iter().any(|row| row.judged != Judged::Free);
        if is_limited {
            columns.extend([Column::text("limit"), Column::text("verdict")]);
        }
        let mut view = View::new(title, columns);
        for row in rows {
            let tone = match row.judged {
                Judged::Beyond => Tone::Bad,
                Judged::Unsure => Tone::Strong,
                Judged::Within | Judged::Free => Tone::Plain,
            };
            let mean = |mean: Option<Mean>| {
                Cell::maybe(mean.map(|mean| words::value(row.key.metric.unit(), mean)))
            };
            let mut cells = vec![
                Cell::text(place(&row.key)),
                Cell::text(row.key.metric.to_string()),
                mean(row.baseline),
                mean(row.candidate),
                row.change.map_or_else(Cell::missing, |change| Cell::share(bp(change))),
            ];
            if has_chance {
                let ends = row.interval.map(|it| (bp(it.low), bp(it.high)));
                cells.push(ends.map_or_else(Cell::missing, |(low, high)| {
                    Cell::range(Value::Share(low), Value::Share(high))
                }));
            }
            if is_limited {
                cells.push(Cell::text(words::limit(row.key.metric.unit(), &row.limit)));
                cells.push(Cell::text(words::judged(row.judged)).tone(tone));
            }
            view.row(cells);
        }
        if has_chance {
            view.footnote(words::chance(self.gate));
        }
        view
    }

    fn explain(&self, document: &mut Document) {
        let gate = self.gate;
        let causes = gate.causes.iter().map(words::cause);
        if !gate.causes.is_empty() {
            document.section(Section::new("What grew").bullets(causes));
        }
        if !gate.remedies.is_empty() {
            let remedies = gate.remedies.iter().map(|remedy| {
                let part = format::share(share_bp(remedy.undoes, remedy.of), Figures::default());
                format!("{} {}: undoes {part} of the growth", remedy.id, remedy.title)
            });
            document.section(Section::new("What would undo it").bullets(remedies));
        }
        if !gate.notes.is_empty() {
            document.section(Section::new("Notes").bullets(gate.notes.iter().map(String::as_str)));
        }
    }
}

/// What a key is of, in words.
fn place(key: &Key) -> String {
    match key.scope {
        Scope::Total => "all".to_owned(),
        Scope::Saving if key.name == JOINT => "what all toggles save".to_owned(),
        Scope::Saving => format!("what {} saves", key.name),
        scope => format!("{scope} {}", if key.name.is_empty() { "(none)" } else { &key.name }),
    }
}

/// The worst first.
fn rank(judged: Judged) -> u8 {
    match judged {
        Judged::Beyond => 0,
        Judged::Unsure => 1,
        Judged::Within => 2,
        Judged::Free => 3,
    }
}

/// A part of one in ten-thousandths, to the nearest.
fn bp(part: f64) -> i64 {
    (part * BASIS_POINTS as f64).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Style, find};
    use crate::study::gate::{Cause, Change, Changed, Design, Limit, Metric, Named, Remedy};
    use crate::study::resample::Interval;

    fn row(scope: Scope, metric: Metric, sums: (i128, i128), judged: Judged) -> Row {
        let mean = |sum| Some(Mean { sum, of: 2 });
        let change = (sums.1 - sums.0) as f64 / sums.0 as f64;
        Row {
            key: Key { scope, name: "a,b: 100%".to_owned(), metric },
            baseline: mean(sums.0),
            candidate: mean(sums.1),
            change: Some(change),
            interval: Some(Interval { low: change - 0.01, high: change + 0.02 }),
            limit: match judged {
                Judged::Free => Limit::default(),
                _ => Limit { grows_bp: Some(300), grows_by: Some(2), ..Limit::default() },
            },
            judged,
        }
    }

    const USD: i128 = 1_000_000_000_000;

    fn change(what: Changed, (from, to): (i128, i128)) -> Change {
        let mean = |sum| Some(Mean { sum, of: 1 }).filter(|mean| mean.sum > 0);
        Change { what, from: mean(from), to: mean(to) }
    }

    fn gate(rows: Vec<Row>) -> Gate {
        let named = |name: &str| Named {
            name: name.to_owned(),
            samples: 2,
            digests: vec!["0a".to_owned(), "0b".to_owned()],
        };
        Gate {
            baseline: named("main"),
            candidate: named("new"),
            design: Design::Pooled,
            confidence: 0.95,
            rows,
            causes: vec![Cause {
                scope: Scope::Step,
                name: "test".to_owned(),
                changes: vec![
                    change(Changed::Metric(Metric::Dollars), (3 * USD, 9 * USD / 2)),
                    change(Changed::Context, (10_000, 12_000)),
                    change(Changed::Kind("polls".to_owned(), Metric::Calls), (3, 12)),
                    change(Changed::Kind("tool_result".to_owned(), Metric::Added), (0, 180_500)),
                ],
                metric: Metric::Dollars,
                grew: 3 * USD / 2,
                of: 2 * USD,
            }],
            remedies: vec![Remedy {
                id: "R7".to_owned(),
                title: "one background wait".to_owned(),
                undoes: 6,
                of: 9,
            }],
            notes: vec!["step 'x' is new".to_owned()],
        }
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    fn beyond() -> Gate {
        gate(vec![
            row(Scope::Total, Metric::Calls, (201, 241), Judged::Beyond),
            row(Scope::Total, Metric::Tokens, (4_000_000, 4_000_000), Judged::Free),
            row(
                Scope::Step,
                Metric::Dollars,
                (2_000_000_000_000, 2_040_000_000_000),
                Judged::Within,
            ),
            row(Scope::Step, Metric::Read, (100, 110), Judged::Unsure),
        ])
    }

    #[test]
    fn every_output_says_what_went_where() {
        let gate = beyond();
        let sources = ["prices sha256 aa".to_owned()];
        let shown = Shown { gate: &gate, file: Some("ci/base.json"), sources: &sources };
        let table = text(find("table").unwrap().render(&shown.document(), Style::default()));
        let line = "the gate says no: calls of all went from 100.50 to 120.50 (+19.9 %, +18.9 % to \
                    +21.9 %); allowed is +3 % or +2";
        assert_eq!(words::verdict(&gate), line);
        for words in ["the gate says no", "beyond", "may be chance", "step 'x' is new"] {
            assert!(table.contains(words), "{words}: {table}");
        }
        let cause = "step test: dollars $3.00 -> $4.50; context a call 10.0 k -> 12.0 k; polls 3 \
                     -> 12; tool result 0 -> 180.5 k tokens; 75.0 % of the growth of dollars";
        assert_eq!(words::cause(&gate.causes[0]), cause);
        assert!(table.contains("step test: dollars"), "{table}");
        let more = words::cause(&Cause { grew: 9 * USD, ..gate.causes[0].clone() });
        assert!(more.ends_with("; more than the whole growth of dollars, the rest fell"), "{more}");
        assert!(table.contains("R7 one background wait: undoes 66.7 % of the growth"), "{table}");
        let comment = shown.comment().unwrap();
        assert_eq!(comment.views().map(|(_, view)| view.rows.len()).sum::<usize>(), 2);
        let annotations = text(shown.annotations());
        assert_eq!(annotations.lines().count(), 2, "{annotations}");
        let step = "::warning file=ci/base.json,title=read of step a%2Cb%3A 100%25::read of step \
                    a,b: 100%25 went from 50 to 55 (+10.0 %25, +9.0 %25 to +12.0 %25); allowed is \
                    +3 %25 or +2";
        assert!(annotations.contains(step), "{annotations}");
        let junit = text(shown.junit());
        assert!(junit.contains("tests=\"3\" failures=\"1\" skipped=\"1\""), "{junit}");
        let json: serde_json::Value = serde_json::from_slice(&shown.json()).unwrap();
        assert_eq!(json["schema"], "windtunnel.gate/1");
        assert_eq!(json["passes"], false);
        assert_eq!(json["rows"][0]["baseline"], serde_json::json!({ "sum": 201, "of": 2 }));
        assert_eq!(json["rows"][0]["change"], 0.199);
        let cause = &json["causes"][0];
        assert_eq!((&cause["scope"], &cause["name"]), (&"step".into(), &"test".into()));
        assert_eq!(cause["changes"][1]["metric"], "context_a_call");
        let (polls, tokens) = (&cause["changes"][2], &cause["changes"][3]);
        assert_eq!((&polls["kind"], &polls["metric"]), (&"polls".into(), &"calls".into()));
        assert_eq!(polls["candidate"], serde_json::json!({ "sum": 12, "of": 1 }));
        assert_eq!((&tokens["unit"], &tokens["baseline"]), (&"tokens".into(), &().into()));
    }

    #[test]
    fn a_long_table_counts_what_is_within_its_limits() {
        let mut rows = vec![row(Scope::Step, Metric::Calls, (100, 101), Judged::Within); 50];
        rows.push(row(Scope::Total, Metric::Calls, (100, 101), Judged::Within));
        rows.push(row(Scope::Step, Metric::Read, (100, 200), Judged::Beyond));
        let gate = gate(rows);
        let document = Shown { gate: &gate, file: None, sources: &[] }.document();
        let (_, limits) = document.views().next().unwrap();
        assert_eq!(limits.rows.len(), 2);
        assert!(limits.footnotes.iter().any(|note| note.starts_with("50 more figures within")));
    }

    #[test]
    fn nothing_beyond_needs_no_comment() {
        let gate = gate(vec![row(Scope::Total, Metric::Calls, (200, 202), Judged::Within)]);
        let shown = Shown { gate: &gate, file: None, sources: &[] };
        assert!(shown.comment().is_none());
        let line = "::notice title=windtunnel gate::the gate passes: 1 figure within limits\n";
        assert_eq!(text(shown.annotations()), line);
    }

    #[test]
    fn a_step_of_a_ci_shows_ten_annotations_and_the_last_counts_the_rest() {
        let rows = vec![row(Scope::Step, Metric::Calls, (10, 20), Judged::Beyond); 14];
        let gate = gate(rows);
        let text = text(Shown { gate: &gate, file: None, sources: &[] }.annotations());
        assert_eq!(text.lines().count(), 10, "{text}");
        assert!(text.ends_with("::error title=and more::5 more like these\n"), "{text}");
    }
}
