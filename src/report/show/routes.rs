//! What packets cost that wake agents; and what agentic-cockpit's script says of them.

use super::Provenance;
use crate::report::format::integer;
use crate::report::json;
use crate::report::{Cell, Column, Document, Section, View};
use crate::study::routes::{Cost, Routes, Row};
use crate::study::script::{Metrics, Tallies, Tally};
use crate::units::Usage;
use serde::Serialize;
use std::fmt::Write as _;

/// What stands in for the table of routes.
const NO_PACKETS: &str = "No packet woke an agent in it: `windtunnel inspect` shows where the \
                          tokens outside packets went.";

/// Routes and everything they are shown with.
pub struct Shown<'a> {
    /// The numbers.
    pub routes: &'a Routes,
    /// The window, as it is to be told.
    pub window: &'a str,
    /// Rows of the table of roots; 0 for all.
    pub rows: usize,
    /// Where it comes from.
    pub provenance: &'a Provenance,
}

impl Shown<'_> {
    /// For people.
    #[must_use]
    pub fn document(&self) -> Document {
        let Routes { inside, outside, beyond, agents, routes, sources, roots } = self.routes;
        let mut document = Document::new(format!("Routes: {}", self.provenance.recording));
        let mut by_route = table("By agent and kind", &["agent", "kind"], routes, 0);
        by_route.total(cells(&["all", ""], inside));
        by_route.footnote(
            "tokens: context and output of every call, once; a retry was woken by a packet that \
             woke its agent before; average: tokens an invocation, retries included",
        );
        let mut all = table("By agent", &["agent"], agents, 0);
        if let Some(outside) = outside {
            all.row(cells(&["outside packets"], outside));
        }
        if *beyond > 0 {
            all.footnote(format!(
                "beyond the calls, of any time: {} tokens",
                integer(*beyond, false)
            ));
        }
        let mut section = Section::new("What packets cost").paragraph(self.window);
        if routes.is_empty() {
            section = section.paragraph(NO_PACKETS);
        } else {
            section = section.table(by_route);
        }
        if !sources.is_empty() {
            let title = "What controllers were told of";
            section = section.table(table(title, &["agent", "source"], sources, 0));
        }
        section = section.table(all);
        if !roots.is_empty() {
            section = section.table(table("Roots, dearest first", &["root"], roots, self.rows));
        }
        document.section(section);
        for line in self.provenance.lines() {
            document.source(line);
        }
        document
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        let Routes { inside, outside, beyond, agents, routes, sources, roots } = self.routes;
        let of = |rows: &[Row], keys: &[&'static str]| -> Vec<RowJson> {
            let row = |(name, cost): &Row| RowJson {
                name: keys.iter().copied().zip(name.iter().cloned()).collect(),
                cost: cost.into(),
            };
            rows.iter().map(row).collect()
        };
        let body = Body {
            window: self.window,
            inside: inside.into(),
            outside: outside.as_ref().map(CostJson::from),
            beyond_calls: *beyond,
            agents: of(agents, &["agent"]),
            routes: of(routes, &["agent", "kind"]),
            sources: of(sources, &["agent", "source"]),
            roots: of(roots, &["root"]),
            provenance: self.provenance,
        };
        json::document("routes", 1, &body)
    }
}

fn table(title: &str, names: &[&str], rows: &[Row], most: usize) -> View {
    let mut columns: Vec<Column> = names.iter().map(|name| Column::text(*name)).collect();
    columns.extend([
        Column::tokens("tokens").exact(),
        Column::count("packets"),
        Column::count("retries"),
        Column::tokens("average").exact(),
        Column::count("calls"),
        Column::share("cached"),
    ]);
    let mut view = View::new(title, columns);
    let shown = if most == 0 { rows.len() } else { most.min(rows.len()) };
    for (name, cost) in &rows[..shown] {
        let name: Vec<&str> = name.iter().map(String::as_str).collect();
        view.row(cells(&name, cost));
    }
    if shown < rows.len() {
        view.footnote(format!("{} more; --rows 0 shows all", rows.len() - shown));
    }
    view
}

fn cells(name: &[&str], cost: &Cost) -> Vec<Cell> {
    let mut cells: Vec<Cell> = name.iter().map(|part| Cell::text(*part)).collect();
    cells.extend([
        Cell::tokens(cost.tokens()),
        Cell::count(cost.packets),
        Cell::count(cost.retries),
        cost.average().map_or_else(Cell::missing, Cell::tokens),
        Cell::count(cost.calls),
        Cell::part(cost.usage.read, cost.usage.context()),
    ]);
    cells
}

#[derive(Serialize)]
struct Body<'a> {
    window: &'a str,
    inside: CostJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    outside: Option<CostJson>,
    /// Tokens billed beyond the calls, of any time.
    beyond_calls: i64,
    agents: Vec<RowJson>,
    routes: Vec<RowJson>,
    sources: Vec<RowJson>,
    roots: Vec<RowJson>,
    provenance: &'a Provenance,
}

#[derive(Serialize)]
struct RowJson {
    #[serde(flatten)]
    name: std::collections::BTreeMap<&'static str, String>,
    #[serde(flatten)]
    cost: CostJson,
}

#[derive(Serialize)]
struct CostJson {
    tokens: i64,
    packets: i64,
    retries: i64,
    average: Option<i64>,
    calls: i64,
    fresh: i64,
    read: i64,
    write_5m: i64,
    write_1h: i64,
    output: i64,
}

impl From<&Cost> for CostJson {
    fn from(cost: &Cost) -> Self {
        let Usage { fresh, read, write_5m, write_1h, output } = cost.usage;
        Self {
            tokens: cost.tokens(),
            packets: cost.packets,
            retries: cost.retries,
            average: cost.average(),
            calls: cost.calls,
            fresh,
            read,
            write_5m,
            write_1h,
            output,
        }
    }
}

/// How many kinds of an agent the script shows, and how many roots and sources.
const MOST_KINDS: usize = 8;
const MOST_ROWS: usize = 10;

/// What the script prints, to the byte. The window stands in its words, the folder as given.
#[must_use]
pub fn script(metrics: &Metrics, folder: &str, window: &str, prompt_filter: &str) -> Vec<u8> {
    let mut out = String::new();
    let number = |n: i64| integer(n, false);
    let row = |tally: &Tally<'_>, count: &str| {
        let [tokens, invocations, average] =
            [tally.tokens, tally.invocations, tally.average()].map(number);
        format!("{}: {tokens}  ({count}={invocations} avg={average})\n", tally.name)
    };
    let _ = writeln!(out, "sessionsDir: {folder}\nwindow: {window}");
    if !prompt_filter.is_empty() {
        let _ = writeln!(out, "promptFilter: {prompt_filter}");
    }
    let _ = writeln!(out, "rolloutsScanned: {}", metrics.files);
    let _ = writeln!(out, "totalTokens: {}\n", number(metrics.tokens));
    for agent in metrics.agents.dearest() {
        out += &row(&agent, "invocations");
        let kinds = metrics.kinds.get(agent.name).map(Tallies::dearest).unwrap_or_default();
        for kind in kinds.iter().take(MOST_KINDS) {
            let _ = write!(out, "  {}", row(kind, "n"));
        }
        if kinds.len() > MOST_KINDS {
            let _ = writeln!(out, "  \u{2026} ({} more kinds)", kinds.len() - MOST_KINDS);
        }
    }
    let tables = [
        ("Top rootIds by tokens", &metrics.roots),
        ("Top ORCHESTRATOR_UPDATE sources by tokens", &metrics.sources),
    ];
    for (title, tallies) in tables {
        let rows = tallies.dearest();
        if !rows.is_empty() {
            let _ = writeln!(out, "\n{title}:");
        }
        for tally in rows.iter().take(MOST_ROWS) {
            let _ = write!(out, "  {}", row(tally, "n"));
        }
    }
    out.into_bytes()
}
