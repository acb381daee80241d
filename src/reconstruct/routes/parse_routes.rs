//! Reading reported routes: parse, check, look up.
//!
//! Whatever passes here has known references and figures of the right unit; what it adds up to is
//! for [`super::reconstruct_routes()`] to find out.

use super::super::figure::{Figure, FigureUnit, LARGEST_FIGURE};
use super::super::pipeline_file::field_key::NameKind;
use super::super::pipeline_file::pipeline_keys::OWN_DOCUMENT;
use super::super::pipeline_file::table_reader::TableReader;
use super::super::pipeline_file::value_checks::check_unknowns;
use super::super::pipeline_file::{PipelineFileError, PipelineText, read_published};
use super::route_keys::ROUTES;
use super::{AgentTotal, OverlapTable, ReportedRoutes, RouteClaim, RouteRow};
use crate::toml_reader::key_path;

/// No route has more invocations than this.
const MOST_INVOCATIONS: i64 = 10_000;

impl ReportedRoutes {
    /// Reads reported routes as JSON; `name` is the file's, for errors. Toggles are not looked up.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse_json(name: &str, json: &str) -> Result<Self, PipelineFileError> {
        Self::read(name, &[], PipelineText::Json(json))
    }

    /// Reads reported routes, whose claims may name some toggles; where there are none, any.
    ///
    /// # Errors
    /// Every mistake in it.
    pub(crate) fn read(
        name: &str,
        toggles: &[&str],
        text: PipelineText<'_>,
    ) -> Result<Self, PipelineFileError> {
        read_published(name, text, |fields| {
            let mut reader = TableReader::default();
            let value = reader.read_table("", 1, fields, ROUTES.keys);
            reader.declare(NameKind::Document, OWN_DOCUMENT);
            reader.check_references(&[(NameKind::Toggle, toggles)]);
            reader.finish(value, check_routes)
        })
    }
}

/// Checks what the rows of a file say together.
fn check_routes(routes: &ReportedRoutes, reader: &mut TableReader) {
    let (first, last) = (routes.window.first, routes.window.last);
    if last < first {
        reader.refuse_place("window.last", &last.to_string(), "a day from the first one on");
    }
    for (at, row) in routes.rows.iter().enumerate() {
        check_row(routes, (at, row), reader);
    }
    for total in &routes.totals {
        check_total(routes, total, reader);
    }
    for view in &routes.views {
        check_view(routes, view, reader);
    }
    for claim in &routes.claims {
        check_claim(routes, claim, reader);
    }
    check_unknowns(&routes.unknowns, reader);
}

fn check_count(figure: &Figure, most: i64, place: &str, reader: &mut TableReader) {
    if figure.unit != FigureUnit::Count || !(1..=most).contains(&figure.value()) {
        reader.refuse_place(place, &figure.text, &format!("a count of 1 to {most}"));
    }
}

fn check_row(routes: &ReportedRoutes, (at, row): (usize, &RouteRow), reader: &mut TableReader) {
    let place = key_path("rows", &(at + 1).to_string());
    let mut before = routes.rows[..at].iter();
    if before.any(|other| (&other.agent, &other.kind) == (&row.agent, &row.kind)) {
        reader.refuse_place(&place, &row.step_name(), "each route once");
    }
    check_count(&row.tokens, LARGEST_FIGURE, &key_path(&place, "tokens"), reader);
    if let Some(invocations) = &row.invocations {
        check_count(invocations, MOST_INVOCATIONS, &key_path(&place, "invocations"), reader);
    }
}

/// A total is at least its rows, in tokens and in invocations.
fn check_total(routes: &ReportedRoutes, total: &AgentTotal, reader: &mut TableReader) {
    let place = key_path("totals", &total.agent);
    let rows: Vec<&RouteRow> = routes.matching_rows(&total.agent, "").collect();
    if rows.iter().any(|row| row.kind == total.rest) {
        reader.refuse_place(&key_path(&place, "rest"), &total.rest, "a kind that no row has");
    }
    let wanted = "at least the sum of its rows";
    let sum: i64 = rows.iter().map(|row| row.tokens.value()).sum();
    if total.tokens.value() < sum {
        reader.refuse_place(&key_path(&place, "tokens"), &total.tokens.text, wanted);
    }
    let counted: Option<i64> =
        rows.iter().map(|row| row.invocations.as_ref().map(Figure::value)).sum();
    let all = total.invocations.as_ref().map(Figure::value);
    if all.is_some() != counted.is_some() || all < counted {
        let met = all.map_or_else(|| "missing".to_owned(), |all| all.to_string());
        reader.refuse_place(&key_path(&place, "invocations"), &met, wanted);
    }
}

fn check_view(routes: &ReportedRoutes, view: &OverlapTable, reader: &mut TableReader) {
    let place = key_path("views", &view.id);
    let rows: Vec<&RouteRow> = routes.matching_rows("", &view.kind).collect();
    if rows.is_empty() || rows.iter().any(|row| row.invocations.is_none()) {
        let wanted = "a kind of rows that have invocations";
        reader.refuse_place(&key_path(&place, "kind"), &view.kind, wanted);
    }
    for row in &view.rows {
        let place = key_path(&key_path(&place, "rows"), &row.name);
        check_count(&row.tokens, LARGEST_FIGURE, &key_path(&place, "tokens"), reader);
        check_count(&row.invocations, MOST_INVOCATIONS, &key_path(&place, "invocations"), reader);
    }
    for (at, split) in view.split.iter().enumerate() {
        let place = key_path(&key_path(&place, "split"), &(at + 1).to_string());
        if rows.iter().all(|row| row.agent != split.agent) {
            reader.refuse_place(&key_path(&place, "agent"), &split.agent, "an agent of its rows");
        }
        let mut names = view.rows.iter().map(|row| &row.name).chain([&view.rest]);
        if names.all(|name| *name != split.name) {
            reader.refuse_place(&key_path(&place, "name"), &split.name, "one of its own rows");
        }
    }
}

fn check_claim(routes: &ReportedRoutes, claim: &RouteClaim, reader: &mut TableReader) {
    if routes.matching_rows(&claim.agent, &claim.kind).next().is_none() {
        let place = key_path(&key_path("claims", &claim.id), "kind");
        reader.refuse_place(&place, &claim.kind, "a kind that a row of the agent has");
    }
}
