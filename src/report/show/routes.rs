//! What packets cost that wake agents; and what agentic-cockpit's script says of them.

use super::Provenance;
use crate::report::format::format_integer;
use crate::report::json;
use crate::report::{ReportDocument, Section, TableCell, TableColumn, TableView};
use crate::study::inspect::routes::{RouteCost, RouteCostRow, RouteTables};
use crate::study::rollout_script::{NameTallies, NameTally, ScriptMetrics};
use crate::units::Usage;
use serde::Serialize;
use std::fmt::Write as _;

/// What stands in for the table of routes.
const NO_PACKETS: &str = "No packet woke an agent in it: `windtunnel inspect` shows where the \
                          tokens outside packets went.";

/// Routes and everything they are shown with.
pub struct RoutesReport<'a> {
    /// The numbers.
    pub routes: &'a RouteTables,
    /// The window, as it is to be told.
    pub window: &'a str,
    /// Rows of the table of roots; 0 for all.
    pub rows: usize,
    /// Where it comes from.
    pub provenance: &'a Provenance,
}

impl RoutesReport<'_> {
    /// For people.
    #[must_use]
    pub fn to_document(&self) -> ReportDocument {
        let RouteTables {
            inside,
            outside,
            remainder_tokens: beyond,
            agents,
            routes,
            sources,
            roots,
        } = self.routes;
        let mut document = ReportDocument::new(format!("Routes: {}", self.provenance.recording));
        let mut by_route = routes_table("By agent and kind", &["agent", "kind"], routes, 0);
        by_route.add_total(cost_cells(&["all", ""], inside));
        by_route.add_footnote(
            "tokens: context and output of every call, once; a retry was woken by a packet that \
             woke its agent before; average: tokens an invocation, retries included",
        );
        let mut all = routes_table("By agent", &["agent"], agents, 0);
        if let Some(outside) = outside {
            all.add_row(cost_cells(&["outside packets"], outside));
        }
        if *beyond > 0 {
            all.add_footnote(format!(
                "beyond the calls, of any time: {} tokens",
                format_integer(*beyond, false)
            ));
        }
        let mut section = Section::new("What packets cost").with_paragraph(self.window);
        if routes.is_empty() {
            section = section.with_paragraph(NO_PACKETS);
        } else {
            section = section.with_table(by_route);
        }
        if !sources.is_empty() {
            let title = "What controllers were told of";
            section = section.with_table(routes_table(title, &["agent", "source"], sources, 0));
        }
        section = section.with_table(all);
        if !roots.is_empty() {
            section = section.with_table(routes_table(
                "Roots, dearest first",
                &["root"],
                roots,
                self.rows,
            ));
        }
        document.add_section(section);
        for line in self.provenance.footer_lines() {
            document.add_source(line);
        }
        document
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let RouteTables {
            inside,
            outside,
            remainder_tokens: beyond,
            agents,
            routes,
            sources,
            roots,
        } = self.routes;
        let of = |rows: &[RouteCostRow], keys: &[&'static str]| -> Vec<RouteRowJson> {
            let row = |(name, cost): &RouteCostRow| RouteRowJson {
                name: keys.iter().copied().zip(name.iter().cloned()).collect(),
                cost: cost.into(),
            };
            rows.iter().map(row).collect()
        };
        let body = RoutesJson {
            window: self.window,
            inside: inside.into(),
            outside: outside.as_ref().map(RouteCostJson::from),
            beyond_calls: *beyond,
            agents: of(agents, &["agent"]),
            routes: of(routes, &["agent", "kind"]),
            sources: of(sources, &["agent", "source"]),
            roots: of(roots, &["root"]),
            provenance: self.provenance,
        };
        json::versioned_json("routes", 1, &body)
    }
}

fn routes_table(title: &str, names: &[&str], rows: &[RouteCostRow], most: usize) -> TableView {
    let mut columns: Vec<TableColumn> = names.iter().map(|name| TableColumn::text(*name)).collect();
    columns.extend([
        TableColumn::tokens("tokens").in_full(),
        TableColumn::count("packets"),
        TableColumn::count("retries"),
        TableColumn::tokens("average").in_full(),
        TableColumn::count("calls"),
        TableColumn::share("cached"),
    ]);
    let mut view = TableView::new(title, columns);
    let shown = if most == 0 { rows.len() } else { most.min(rows.len()) };
    for (name, cost) in &rows[..shown] {
        let name: Vec<&str> = name.iter().map(String::as_str).collect();
        view.add_row(cost_cells(&name, cost));
    }
    if shown < rows.len() {
        view.add_footnote(format!("{} more; --rows 0 shows all", rows.len() - shown));
    }
    view
}

fn cost_cells(name: &[&str], cost: &RouteCost) -> Vec<TableCell> {
    let mut cells: Vec<TableCell> = name.iter().map(|part| TableCell::text(*part)).collect();
    cells.extend([
        TableCell::tokens(cost.total_tokens()),
        TableCell::count(cost.packets),
        TableCell::count(cost.retries),
        cost.tokens_per_invocation().map_or_else(TableCell::missing, TableCell::tokens),
        TableCell::count(cost.calls),
        TableCell::share_of_whole(cost.usage.read, cost.usage.context_tokens()),
    ]);
    cells
}

#[derive(Serialize)]
struct RoutesJson<'a> {
    window: &'a str,
    inside: RouteCostJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    outside: Option<RouteCostJson>,
    /// Tokens billed beyond the calls, of any time.
    beyond_calls: i64,
    agents: Vec<RouteRowJson>,
    routes: Vec<RouteRowJson>,
    sources: Vec<RouteRowJson>,
    roots: Vec<RouteRowJson>,
    provenance: &'a Provenance,
}

#[derive(Serialize)]
struct RouteRowJson {
    #[serde(flatten)]
    name: std::collections::BTreeMap<&'static str, String>,
    #[serde(flatten)]
    cost: RouteCostJson,
}

#[derive(Serialize)]
struct RouteCostJson {
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

impl From<&RouteCost> for RouteCostJson {
    fn from(cost: &RouteCost) -> Self {
        let Usage { fresh, read, write_5m, write_1h, output } = cost.usage;
        Self {
            tokens: cost.total_tokens(),
            packets: cost.packets,
            retries: cost.retries,
            average: cost.tokens_per_invocation(),
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
pub fn script_output(
    metrics: &ScriptMetrics,
    folder: &str,
    window: &str,
    prompt_filter: &str,
) -> Vec<u8> {
    let mut out = String::new();
    let number = |n: i64| format_integer(n, false);
    let row = |tally: &NameTally<'_>, count: &str| {
        let [tokens, invocations, average] =
            [tally.tokens, tally.invocations, tally.tokens_per_invocation()].map(number);
        format!("{}: {tokens}  ({count}={invocations} avg={average})\n", tally.name)
    };
    let _ = writeln!(out, "sessionsDir: {folder}\nwindow: {window}");
    if !prompt_filter.is_empty() {
        let _ = writeln!(out, "promptFilter: {prompt_filter}");
    }
    let _ = writeln!(out, "rolloutsScanned: {}", metrics.files);
    let _ = writeln!(out, "totalTokens: {}\n", number(metrics.tokens));
    for agent in metrics.agents.dearest_tallies() {
        out += &row(&agent, "invocations");
        let kinds =
            metrics.kinds.get(agent.name).map(NameTallies::dearest_tallies).unwrap_or_default();
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
        let rows = tallies.dearest_tallies();
        if !rows.is_empty() {
            let _ = writeln!(out, "\n{title}:");
        }
        for tally in rows.iter().take(MOST_ROWS) {
            let _ = write!(out, "  {}", row(tally, "n"));
        }
    }
    out.into_bytes()
}
