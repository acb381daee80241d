//! Where the tokens went.

mod json;
mod parts;

use super::Provenance;
use crate::recording::{Recording, Role, name_of};
use crate::report::format;
use crate::report::{Cell, Column, Document, Section, Value, View};
use crate::study::fidelity::{Fidelity, Quantiles};
use crate::study::holdout::{FEWEST_CALLS, HeldOut};
use crate::study::summary::{Group, SessionTotals, Summary, Totals};
pub use parts::Part;
use serde::Serialize;

/// What the importer passed over, in this module's own words: doors do not know each other.
#[derive(Clone, Debug, Serialize)]
pub struct Skipped {
    /// Label of the file.
    pub file: String,
    /// Line, counted from 1; 0 stands for the whole file.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// Blocks grouped by some keys.
pub struct Pivot {
    /// The keys.
    pub keys: Vec<&'static str>,
    /// Their values and what belongs to them, dearest re-reads first.
    pub rows: Vec<(Vec<String>, Group)>,
}

/// An inspection and everything it is shown with.
pub struct Shown<'a> {
    /// The recording.
    pub recording: &'a Recording,
    /// The numbers.
    pub summary: &'a Summary,
    /// Where there were several arguments: each on its own.
    pub parts: &'a [Part],
    /// The model's own error, where asked for.
    pub fidelity: Option<&'a [Fidelity]>,
    /// Its error on calls that were hidden from it, where asked for.
    pub held_out: Option<&'a [HeldOut]>,
    /// Blocks grouped as asked for.
    pub pivot: Option<&'a Pivot>,
    /// What was passed over, up to a limit for each file.
    pub skipped: &'a [Skipped],
    /// How much was passed over altogether.
    pub skips: u64,
    /// Copies of calls or of statements that were counted once.
    pub copies: u64,
    /// Dollars that the source itself names.
    pub billed_usd: Option<f64>,
    /// Rows of each table; 0 for all.
    pub rows: usize,
    /// Where it comes from.
    pub provenance: &'a Provenance,
}

/// What stands in for the tables of blocks and toggles.
const NO_CALLS: &str = "The sources tell totals only and no single call: there are no blocks to \
                        show and nothing to replay.";

impl Shown<'_> {
    /// For people.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = Document::new(format!("Inspect: {}", self.recording.name));
        if !self.parts.is_empty() {
            let together = parts::view(self.parts, self.summary);
            document.section(Section::new("What was put together").table(together));
        }
        let mut where_to = Section::new("Where the tokens went").table(self.sessions());
        let has_calls = !self.recording.calls.is_empty();
        if has_calls {
            where_to = where_to.table(self.kinds());
        } else {
            where_to = where_to.paragraph(NO_CALLS);
        }
        if !self.summary.tools.is_empty() {
            where_to = where_to.table(self.tools());
        }
        document.section(where_to);
        if let Some(pivot) = self.pivot {
            document.section(Section::new("Grouped").table(self.pivot_view(pivot)));
        }
        if has_calls {
            document.section(Section::new("Which toggles find something").table(self.toggles()));
        }
        if let Some(fidelity) = self.fidelity {
            let mut error = Section::new("The model's own error").table(fidelity_view(fidelity));
            if let Some(held_out) = self.held_out {
                error = error.table(held_out_view(held_out));
            }
            document.section(error);
        }
        if self.skips > 0 {
            document.section(Section::new("Passed over").table(self.skipped_view()));
        }
        for line in self.provenance.lines() {
            document.source(line);
        }
        document
    }

    fn limited<'t, T>(&self, items: &'t [T]) -> &'t [T] {
        let rows = if self.rows == 0 { items.len() } else { self.rows.min(items.len()) };
        &items[..rows]
    }

    fn more(&self, view: &mut View, all: usize) {
        let shown = if self.rows == 0 { all } else { self.rows.min(all) };
        if shown < all {
            view.footnote(format!("{} more; --rows 0 shows all", all - shown));
        }
    }

    fn sessions(&self) -> View {
        let mut view = View::new(
            "Sessions, dearest reads first",
            vec![
                Column::text("session"),
                Column::text("step"),
                Column::text("model"),
                Column::count("calls"),
                Column::count("records"),
                Column::tokens("fresh"),
                Column::tokens("read"),
                Column::tokens("write_5m"),
                Column::tokens("write_1h"),
                Column::tokens("output"),
                Column::tokens("peak"),
                Column::money("cost"),
            ],
        );
        let mut sessions: Vec<&SessionTotals> = self.summary.sessions.iter().collect();
        sessions.sort_by_key(|s| (-s.totals.usage.read, s.index));
        for session in self.limited(&sessions) {
            let about = &self.recording.sessions[session.index];
            let role = match about.role {
                Role::Main => String::new(),
                other => format!(" ({})", name_of(&Role::NAMED, other)),
            };
            let name = about.id.strip_prefix("agent-").unwrap_or(&about.id);
            let id: String = name.chars().take(8).collect();
            let mut row = vec![
                Cell::text(format!("{id}{role}")),
                Cell::text(&about.step),
                Cell::text(session.models.join(", ")),
            ];
            row.extend(totals_cells(&session.totals));
            view.row(row);
        }
        let sum = match self.summary.sessions.len() {
            1 => "1 session".to_owned(),
            many => format!("{many} sessions"),
        };
        let mut total = vec![Cell::text(sum), Cell::missing(), Cell::missing()];
        total.extend(totals_cells(&self.summary.totals));
        view.total(total);
        self.more(&mut view, sessions.len());
        if self.summary.totals.hidden_output > 0 {
            view.footnote(format!(
                "{} of output tokens more are not in the usage (placeholder counts), estimated \
                 from the growth of contexts",
                format::tokens(self.summary.totals.hidden_output, false)
            ));
        }
        if self.copies > 0 {
            view.footnote(format!("{} copies of what is counted once were left out", self.copies));
        }
        if let Some(usd) = self.billed_usd {
            view.footnote(format!("the source itself names ${usd:.6}"));
        }
        view
    }

    fn kinds(&self) -> View {
        let groups: Vec<(String, &Group)> =
            self.summary.kinds.iter().map(|(kind, g)| (kind.name().to_owned(), g)).collect();
        self.groups("Kinds of blocks, dearest re-reads first", "kind", &groups)
    }

    fn tools(&self) -> View {
        let groups: Vec<(String, &Group)> =
            self.summary.tools.iter().map(|(name, g)| (name.clone(), g)).collect();
        self.groups("Results of tools, dearest re-reads first", "tool", &groups)
    }

    fn groups(&self, title: &str, heading: &str, groups: &[(String, &Group)]) -> View {
        let mut view = View::new(
            title,
            vec![
                Column::text(heading),
                Column::count("blocks"),
                Column::tokens("tokens"),
                Column::tokens("re-read"),
                Column::share("of all re-reads"),
            ],
        );
        let all: i64 = self.summary.kinds.iter().map(|(_, group)| group.carried).sum();
        for (name, group) in self.limited(groups) {
            view.row(vec![
                Cell::text(name),
                Cell::count(group.blocks),
                Cell::tokens(group.tokens),
                Cell::tokens(group.carried),
                Cell::part(group.carried, all),
            ]);
        }
        self.more(&mut view, groups.len());
        view.footnote("re-read: tokens times the later calls that carried them");
        view
    }

    fn pivot_view(&self, pivot: &Pivot) -> View {
        let mut columns: Vec<Column> = pivot.keys.iter().map(|key| Column::text(*key)).collect();
        columns.push(Column::count("blocks"));
        columns.push(Column::tokens("tokens"));
        columns.push(Column::tokens("re-read"));
        let mut view = View::new("Blocks, dearest re-reads first", columns);
        for (values, group) in self.limited(&pivot.rows) {
            let mut row: Vec<Cell> = values.iter().map(Cell::text).collect();
            row.push(Cell::count(group.blocks));
            row.push(Cell::tokens(group.tokens));
            row.push(Cell::tokens(group.carried));
            view.row(row);
        }
        self.more(&mut view, pivot.rows.len());
        view
    }

    fn toggles(&self) -> View {
        let mut view = View::new(
            "Toggles",
            vec![
                Column::text("toggle"),
                Column::count("found"),
                Column::tokens("touched"),
                Column::tokens("saves reads, alone").signed(),
                Column::share("of reads"),
                Column::money("saves, alone").signed(),
            ],
        );
        let read = self.summary.totals.usage.read;
        let (idle, busy): (Vec<_>, Vec<_>) =
            self.summary.toggles.iter().partition(|toggle| toggle.found == 0);
        for toggle in busy {
            view.row(vec![
                Cell::text(format!("{} {}", toggle.id, toggle.title)),
                Cell::count(i64::from(toggle.found)),
                Cell::tokens(toggle.touched),
                Cell::maybe(toggle.saved_read.map(Value::Tokens)),
                toggle.saved_read.map_or_else(Cell::missing, |saved| Cell::part(saved, read)),
                Cell::maybe(toggle.saved_cost.map(Value::Money)),
            ]);
        }
        if !idle.is_empty() {
            let idle: Vec<&str> = idle.iter().map(|toggle| toggle.id).collect();
            view.footnote(format!("nothing to find here for {}", idle.join(", ")));
        }
        view.footnote(
            "a shorter wait can turn writes into reads: reads then rise while the money falls",
        );
        view
    }

    fn skipped_view(&self) -> View {
        let columns = vec![Column::text("file"), Column::count("line"), Column::text("reason")];
        let mut view = View::new("Lines and files passed over; line 0 is the whole file", columns);
        for skip in self.limited(self.skipped) {
            let line = i64::try_from(skip.line).unwrap_or(i64::MAX);
            view.row(vec![Cell::text(&skip.file), Cell::count(line), Cell::text(&skip.reason)]);
        }
        self.more(&mut view, usize::try_from(self.skips).unwrap_or(usize::MAX));
        view
    }
}

fn totals_cells(totals: &Totals) -> Vec<Cell> {
    let usage = totals.usage;
    let mut cells = vec![Cell::count(totals.calls), Cell::count(totals.records)];
    cells.extend(usage.by_class().map(Cell::tokens));
    cells.push(Cell::tokens(totals.peak_context));
    cells.push(Cell::maybe(totals.cost.map(Value::Money)));
    cells
}

/// The table of the model's own error.
#[must_use]
pub fn fidelity_view(fidelity: &[Fidelity]) -> View {
    let headings = [
        "law median %",
        "law p90 %",
        "law p99 %",
        "content median %",
        "content p90 %",
        "content p99 %",
    ];
    let mut columns = vec![Column::text("sessions of"), Column::count("sessions")];
    columns.extend(headings.map(Column::number));
    let mut view = View::new("Error of a session's summed reads", columns);
    for one in fidelity {
        let mut row = vec![Cell::text(&one.group), Cell::count(one.sessions as i64)];
        let Quantiles { median, p90, p99 } = one.law;
        let content = one.content;
        let shares = [median, p90, p99, content.median, content.p90, content.p99];
        row.extend(shares.map(|share| Cell::number((share * 100_000.0).round() as i64)));
        view.row(row);
    }
    view.footnote("law: billed contexts, shocks set aside, the cache law alone");
    view.footnote("content: usage hidden, contexts from block sizes; the first context is given");
    view
}

/// The table of the error on calls that were hidden.
#[must_use]
pub fn held_out_view(held_out: &[HeldOut]) -> View {
    let mut columns =
        vec![Column::text("sessions of"), Column::count("sessions"), Column::count("left out")];
    columns.extend(["error median", "error p90", "in 80 % band", "band width"].map(Column::share));
    let mut view =
        View::new("Held out: a later half's reads, predicted from the half before", columns);
    for one in held_out {
        let mut row = vec![
            Cell::text(&one.group),
            Cell::count(one.sessions as i64),
            Cell::count(one.left_out as i64),
        ];
        row.extend(match one.figures {
            None => vec![Cell::missing(); 4],
            Some(figures) => {
                let error = figures.error;
                let shares = [error.median, error.p90, figures.coverage, figures.width];
                shares.map(|share| Cell::share((share * 10_000.0).round() as i64)).to_vec()
            }
        });
        view.row(row);
    }
    view.footnote(
        "known: usage of the first half, and how many calls follow; nothing else of them",
    );
    view.footnote(
        "in 80 % band: share of sessions; band width: mean, as a share of the prediction",
    );
    view.footnote(format!(
        "left out: fewer than {FEWEST_CALLS} calls, no reads in the later half, or not billed"
    ));
    view
}
