//! Where the tokens went.

use super::Provenance;
use crate::recording::{Recording, Role, name_of};
use crate::report::format;
use crate::report::json::{self, Cost as CostJson, Tokens};
use crate::report::{Cell, Column, Document, Section, Tone, Value, View};
use crate::study::fidelity::{Fidelity, Quantiles};
use crate::study::summary::{Group, SessionTotals, Summary, Totals};
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

/// An inspection and everything it is shown with.
pub struct Shown<'a> {
    /// The recording.
    pub recording: &'a Recording,
    /// The numbers.
    pub summary: &'a Summary,
    /// The model's own error, where asked for.
    pub fidelity: Option<&'a [Fidelity]>,
    /// What was passed over, up to a limit for each file.
    pub skipped: &'a [Skipped],
    /// How much was passed over altogether.
    pub skips: u64,
    /// Dollars that the source itself names.
    pub billed_usd: Option<f64>,
    /// Rows of each table; 0 for all.
    pub rows: usize,
    /// Where it comes from.
    pub provenance: &'a Provenance,
}

impl Shown<'_> {
    /// For people.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = Document::new(format!("Inspect: {}", self.recording.name));
        let mut where_to = Section::new("Where the tokens went").table(self.sessions());
        where_to = where_to.table(self.kinds()).table(self.tools());
        document.section(where_to);
        document.section(Section::new("Which toggles find something").table(self.toggles()));
        if let Some(fidelity) = self.fidelity {
            document.section(Section::new("The model's own error").table(fidelity_view(fidelity)));
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
            let id: String = about.id.chars().take(8).collect();
            let mut row = vec![
                Cell::text(format!("{id}{role}")),
                Cell::text(&about.step),
                Cell::text(session.models.join(", ")),
            ];
            row.extend(totals_cells(&session.totals));
            view.row(row);
        }
        let sum = format!("{} sessions", self.summary.sessions.len());
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

    fn toggles(&self) -> View {
        let mut view = View::new(
            "Toggles",
            vec![
                Column::text("toggle"),
                Column::count("found"),
                Column::tokens("touched"),
                Column::tokens("saves reads, alone").signed(),
                Column::share("of reads"),
            ],
        );
        let read = self.summary.totals.usage.read;
        for toggle in &self.summary.toggles {
            let quiet = if toggle.found == 0 { Tone::Muted } else { Tone::Plain };
            view.row(vec![
                Cell::text(format!("{} {}", toggle.id, toggle.title)).tone(quiet),
                Cell::count(i64::from(toggle.found)).tone(quiet),
                Cell::tokens(toggle.touched).tone(quiet),
                Cell::maybe(toggle.saved_read.map(Value::Tokens)).tone(quiet),
                toggle.saved_read.map_or_else(Cell::missing, |saved| Cell::part(saved, read)),
            ]);
        }
        view
    }

    fn skipped_view(&self) -> View {
        let columns = vec![Column::text("file"), Column::count("line"), Column::text("reason")];
        let mut view = View::new(format!("{} lines or files", self.skips), columns);
        for skip in self.limited(self.skipped) {
            let line = i64::try_from(skip.line).unwrap_or(i64::MAX);
            view.row(vec![Cell::text(&skip.file), Cell::count(line), Cell::text(&skip.reason)]);
        }
        self.more(&mut view, usize::try_from(self.skips).unwrap_or(usize::MAX));
        view
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        let sessions = self.summary.sessions.iter().map(|session| {
            let about = &self.recording.sessions[session.index];
            SessionJson {
                id: &about.id,
                file: &about.file,
                pipeline: &about.pipeline,
                step: &about.step,
                role: name_of(&Role::NAMED, about.role),
                model: session.models.first().map_or("", String::as_str),
                models: &session.models,
                totals: (&session.totals).into(),
            }
        });
        let toggles = self.summary.toggles.iter().map(|toggle| ToggleJson {
            id: toggle.id,
            title: toggle.title,
            found: toggle.found,
            tokens_touched: toggle.touched,
            saved_read: toggle.saved_read,
        });
        json::document(
            "inspect",
            1,
            &Body {
                recording: &self.recording.name,
                totals: SumJson {
                    sessions: self.summary.sessions.len(),
                    totals: (&self.summary.totals).into(),
                    billed_usd: self.billed_usd,
                },
                sessions: sessions.collect(),
                kinds: self
                    .summary
                    .kinds
                    .iter()
                    .map(|(k, g)| GroupJson::new(k.name(), g))
                    .collect(),
                tools: self.summary.tools.iter().map(|(t, g)| GroupJson::new(t, g)).collect(),
                toggles: toggles.collect(),
                fidelity: self.fidelity.and_then(|all| all.first()).map(FidelityJson::from),
                fidelity_by_group: self
                    .fidelity
                    .map(|all| all.iter().map(FidelityJson::from).collect()),
                skipped: self.skipped,
                skips: self.skips,
                unpriced: self.summary.unpriced.iter().map(ToString::to_string).collect(),
                provenance: self.provenance,
            },
        )
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
    let headings =
        ["law median", "law p90", "law p99", "content median", "content p90", "content p99"];
    let mut columns = vec![Column::text("sessions of"), Column::count("sessions")];
    columns.extend(headings.map(Column::text));
    let mut view = View::new("Error of a session's summed reads", columns);
    for one in fidelity {
        let mut row = vec![Cell::text(&one.group), Cell::count(one.sessions as i64)];
        let Quantiles { median, p90, p99 } = one.law;
        let content = one.content;
        let shares = [median, p90, p99, content.median, content.p90, content.p99];
        row.extend(shares.map(|share| Cell::text(format!("{:.3} %", share * 100.0))));
        view.row(row);
    }
    view.footnote("law: billed contexts, shocks set aside, the cache law alone");
    view.footnote("content: usage hidden, contexts from block sizes; the first context is given");
    view
}

#[derive(Serialize)]
struct Body<'a> {
    recording: &'a str,
    totals: SumJson,
    sessions: Vec<SessionJson<'a>>,
    kinds: Vec<GroupJson>,
    tools: Vec<GroupJson>,
    toggles: Vec<ToggleJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fidelity: Option<FidelityJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fidelity_by_group: Option<Vec<FidelityJson>>,
    skipped: &'a [Skipped],
    skips: u64,
    unpriced: Vec<String>,
    provenance: &'a Provenance,
}

#[derive(Serialize)]
struct SumJson {
    sessions: usize,
    #[serde(flatten)]
    totals: TotalsJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    billed_usd: Option<f64>,
}

#[derive(Serialize)]
struct TotalsJson {
    calls: i64,
    records: i64,
    #[serde(flatten)]
    tokens: Tokens,
    output_hidden: i64,
    peak_context: i64,
    #[serde(flatten)]
    cost: Option<CostJson>,
}

impl From<&Totals> for TotalsJson {
    fn from(totals: &Totals) -> Self {
        Self {
            calls: totals.calls,
            records: totals.records,
            tokens: totals.usage.into(),
            output_hidden: totals.hidden_output,
            peak_context: totals.peak_context,
            cost: totals.cost.map(CostJson::from),
        }
    }
}

#[derive(Serialize)]
struct SessionJson<'a> {
    id: &'a str,
    file: &'a str,
    pipeline: &'a str,
    step: &'a str,
    role: &'static str,
    model: &'a str,
    models: &'a [String],
    #[serde(flatten)]
    totals: TotalsJson,
}

#[derive(Serialize)]
struct GroupJson {
    name: String,
    blocks: i64,
    tokens: i64,
    re_read: i64,
}

impl GroupJson {
    fn new(name: &str, group: &Group) -> Self {
        Self {
            name: name.to_owned(),
            blocks: group.blocks,
            tokens: group.tokens,
            re_read: group.carried,
        }
    }
}

#[derive(Serialize)]
struct ToggleJson {
    id: &'static str,
    title: &'static str,
    found: u32,
    tokens_touched: i64,
    saved_read: Option<i64>,
}

#[derive(Serialize)]
struct QuantilesJson {
    median: f64,
    p90: f64,
    p99: f64,
}

impl From<Quantiles> for QuantilesJson {
    fn from(q: Quantiles) -> Self {
        Self { median: q.median, p90: q.p90, p99: q.p99 }
    }
}

#[derive(Serialize)]
struct FidelityJson {
    group: String,
    sessions: usize,
    law: QuantilesJson,
    content: QuantilesJson,
    law_bias: f64,
    content_bias: f64,
}

impl From<&Fidelity> for FidelityJson {
    fn from(one: &Fidelity) -> Self {
        Self {
            group: one.group.clone(),
            sessions: one.sessions,
            law: one.law.into(),
            content: one.content.into(),
            law_bias: one.law_bias,
            content_bias: one.content_bias,
        }
    }
}
