//! What packets cost that wake agents; and what agentic-cockpit's script says of them.

use super::{Provenance, SHORT_CLASS_MEANINGS, usage_fields};
use crate::report::columns::{ColumnField, cells_for_people, fields_of_part, object_json};
use crate::report::format::format_integer;
use crate::report::json;
use crate::report::view::ColumnKind;
use crate::report::{ReportDocument, Section, TableCell, TableView};
use crate::study::inspect::routes::{RouteCost, RouteCostRow, RouteTables};
use crate::study::rollout_script::{NameTallies, NameTally, ScriptMetrics};
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
        let RouteTables { inside, outside, remainder_tokens, agents, routes, sources, roots } =
            self.routes;
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
        if *remainder_tokens > 0 {
            all.add_footnote(format!(
                "beyond the calls, of any time: {} tokens",
                format_integer(*remainder_tokens, false)
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
        document.add_sources(self.provenance.footer_lines());
        document
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::versioned_json("routes", 1, &object_json(&report_fields(), &self))
    }
}

fn routes_table(
    title: &str,
    names: &[&'static str],
    rows: &[RouteCostRow],
    most: usize,
) -> TableView {
    let shown = if most == 0 { rows.len() } else { most.min(rows.len()) };
    let mut view = TableView::from_fields(title, &route_fields(names), &rows[..shown]);
    if shown < rows.len() {
        view.add_footnote(format!("{} more; --rows 0 shows all", rows.len() - shown));
    }
    view
}

/// The cells of a row that is no route of its own.
fn cost_cells(names: &[&str], cost: &RouteCost) -> Vec<TableCell> {
    let mut cells: Vec<TableCell> = names.iter().map(|name| TableCell::text(*name)).collect();
    cells.extend(cells_for_people(&cost_fields(), &cost));
    cells
}

/// What the calls of some packets cost.
fn cost_fields<'a>() -> Vec<ColumnField<'a, &'a RouteCost>> {
    type Field<'a> = ColumnField<'a, &'a RouteCost>;
    let mut fields = vec![
        Field::tokens("tokens", "tokens", "context and output of every call, once", |cost| {
            cost.total_tokens()
        })
        .in_full(),
        Field::count("packets", "packets", "packets", |cost| cost.packets),
        Field::count("retries", "retries", "packets that woke their agent before", |cost| {
            cost.retries
        }),
        Field::tokens("average", "average", "tokens an invocation, with retries", |cost| {
            cost.tokens_per_invocation()
        })
        .in_full(),
        Field::count("calls", "calls", "calls", |cost| cost.calls),
    ];
    let usage = usage_fields([""; 5], SHORT_CLASS_MEANINGS);
    fields.extend(fields_of_part(usage, |cost: &&'a RouteCost| cost.usage));
    fields.extend([Field::from_cells(
        ColumnKind::Share,
        "",
        "cached",
        "prompts read from a cache",
        |cost| TableCell::share_of_whole(cost.usage.read, cost.usage.context_tokens()),
    )]);
    fields
}

/// A route: one column for each of its names, and what it cost.
fn route_fields<'a>(names: &[&'static str]) -> Vec<ColumnField<'a, &'a RouteCostRow>> {
    let mut fields = Vec::new();
    for (at, name) in names.iter().copied().enumerate() {
        fields.push(ColumnField::text(name, name, "its name", move |row: &&'a RouteCostRow| {
            row.0[at].as_str()
        }));
    }
    fields.extend(fields_of_part(cost_fields(), |row: &&'a RouteCostRow| &row.1));
    fields
}

/// What `routes --format json` has.
pub(super) fn report_fields<'a>() -> Vec<ColumnField<'a, &'a RoutesReport<'a>>> {
    type Field<'a> = ColumnField<'a, &'a RoutesReport<'a>>;
    vec![
        Field::text("window", "", "the window in words", |it| it.window),
        Field::object("inside", "calls that packets woke", cost_fields(), |it| &it.routes.inside),
        Field::optional_object("outside", "calls outside packets", cost_fields(), |it| {
            it.routes.outside.as_ref()
        })
        .left_out_if_missing(),
        Field::tokens("beyond_calls", "", "billed beyond the calls, of any time", |it| {
            it.routes.remainder_tokens
        }),
        Field::rows("agents", "by agent", route_fields(&["agent"]), |it| {
            it.routes.agents.iter().collect()
        }),
        Field::rows("routes", "by agent and kind", route_fields(&["agent", "kind"]), |it| {
            it.routes.routes.iter().collect()
        }),
        Field::rows("sources", "what was told of", route_fields(&["agent", "source"]), |it| {
            it.routes.sources.iter().collect()
        }),
        Field::rows("roots", "pieces of work, dearest first", route_fields(&["root"]), |it| {
            it.routes.roots.iter().collect()
        }),
        Provenance::field(|it: &&'a RoutesReport<'a>| it.provenance),
    ]
}

/// How many kinds of an agent the script shows, and how many roots and sources.
const MOST_KINDS: usize = 8;
const MOST_ROWS: usize = 10;

/// A line of the script: a name, its tokens, how often and the average.
fn script_row(tally: &NameTally<'_>, count: &str) -> String {
    let numbers = [tally.tokens, tally.invocations, tally.tokens_per_invocation()];
    let [tokens, invocations, average] = numbers.map(|n| format_integer(n, false));
    format!("{}: {tokens}  ({count}={invocations} avg={average})\n", tally.name)
}

/// What the script prints, to the byte. The window stands in its words, the folder as given.
#[must_use]
pub fn script_output(
    metrics: &ScriptMetrics,
    folder: &str,
    window: &str,
    prompt_filter: &str,
) -> Vec<u8> {
    let mut out = String::new();
    let _ = writeln!(out, "sessionsDir: {folder}\nwindow: {window}");
    if !prompt_filter.is_empty() {
        let _ = writeln!(out, "promptFilter: {prompt_filter}");
    }
    let _ = writeln!(out, "rolloutsScanned: {}", metrics.files);
    let _ = writeln!(out, "totalTokens: {}\n", format_integer(metrics.tokens, false));
    for agent in metrics.agents.dearest_tallies() {
        out += &script_row(&agent, "invocations");
        let kinds =
            metrics.kinds.get(agent.name).map(NameTallies::dearest_tallies).unwrap_or_default();
        for kind in kinds.iter().take(MOST_KINDS) {
            let _ = write!(out, "  {}", script_row(kind, "n"));
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
            let _ = write!(out, "  {}", script_row(tally, "n"));
        }
    }
    out.into_bytes()
}
