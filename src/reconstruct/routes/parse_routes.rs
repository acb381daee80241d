//! Reading reported routes: parse, check, look up.
//!
//! Whatever passes here has known references and figures of the right unit; what it adds up to is
//! for [`super::reconstruct_routes()`] to find out.

use super::super::figure::{Figure, FigureSource, FigureUnit};
use super::super::parse_reported::{ReportedError, field_before, without_place};
use super::{ReportedRoutes, SCHEMA, UnknownUnit};

/// No route has more invocations than this.
const MOST_INVOCATIONS: i64 = 10_000;

/// No unknown is larger than this.
const MAX_UNKNOWN: i64 = 1_000_000_000;

impl ReportedRoutes {
    /// Reads reported routes; `name` is the file's, for errors.
    ///
    /// # Errors
    /// The first thing that is not JSON, not of this shape, or does not fit its place.
    pub fn parse_json(name: &str, json: &str) -> Result<Self, ReportedError> {
        let routes: Self = serde_json::from_str(json).map_err(|error| ReportedError::Shape {
            name: name.to_owned(),
            line: error.line(),
            field: field_before(json, error.line(), error.column()),
            message: without_place(&error.to_string()),
        })?;
        RouteChecker { name }.check_routes(&routes)?;
        Ok(routes)
    }

    /// Every source with the field that names it.
    fn sources_by_field(&self) -> Vec<(String, &FigureSource)> {
        let mut all = vec![("window.source".to_owned(), &self.window.source)];
        let named = |kind: &str, id: &str| format!("{kind}.{id}.source");
        all.extend(self.totals.iter().map(|t| (named("totals", &t.agent), &t.source)));
        let step = |row: &super::RouteRow| Self::route_name(&row.agent, &row.kind);
        all.extend(self.rows.iter().map(|row| (named("rows", &step(row)), &row.source)));
        all.extend(self.views.iter().map(|view| (named("views", &view.id), &view.source)));
        all.extend(self.statements.iter().map(|s| (named("statements", &s.id), &s.source)));
        all.extend(self.ratios.iter().map(|r| (named("ratios", &r.of), &r.source)));
        all.extend(self.claims.iter().map(|c| (named("claims", &c.id), &c.source)));
        all
    }
}

struct RouteChecker<'a> {
    name: &'a str,
}

impl RouteChecker<'_> {
    fn require(
        &self,
        good: bool,
        field: &str,
        met: &str,
        wanted: &str,
    ) -> Result<(), ReportedError> {
        if good {
            return Ok(());
        }
        Err(ReportedError::Value {
            name: self.name.to_owned(),
            field: field.to_owned(),
            met: met.to_owned(),
            wanted: wanted.to_owned(),
        })
    }

    fn require_count(&self, figure: &Figure, most: i64, field: &str) -> Result<(), ReportedError> {
        let fits = figure.unit == FigureUnit::Count && (1..=most).contains(&figure.value());
        self.require(fits, field, &figure.text, &format!("a count of 1 to {most}"))
    }

    fn check_routes(&self, routes: &ReportedRoutes) -> Result<(), ReportedError> {
        self.require(routes.schema == SCHEMA, "schema", &routes.schema, SCHEMA)?;
        let (first, last) = (routes.window.first, routes.window.last);
        self.require(
            first <= last,
            "window.last",
            &last.to_string(),
            "a day from the first one on",
        )?;
        for (at, row) in routes.rows.iter().enumerate() {
            let field = format!("rows.{}", ReportedRoutes::route_name(&row.agent, &row.kind));
            self.require(!row.agent.is_empty(), &field, "", "the name of an agent or a bucket")?;
            let twice =
                routes.rows[..at].iter().any(|o| (&o.agent, &o.kind) == (&row.agent, &row.kind));
            self.require(!twice, &field, "the same route again", "each route once")?;
            self.require_count(
                &row.tokens,
                super::super::figure::LARGEST_FIGURE,
                &format!("{field}.tokens"),
            )?;
            if let Some(invocations) = &row.invocations {
                self.require_count(invocations, MOST_INVOCATIONS, &format!("{field}.invocations"))?;
            }
        }
        self.check_totals(routes)?;
        self.check_views(routes)?;
        self.check_unknowns(routes)?;
        for claim in &routes.claims {
            let field = format!("claims.{}.saving", claim.id);
            let text = claim.saving.as_ref().map_or("", |figure| figure.text.as_str());
            let timed = claim.saving.as_ref().is_some_and(|figure| figure.unit == FigureUnit::Time);
            self.require(!timed, &field, text, "tokens or a share")?;
            let step = ReportedRoutes::route_name(&claim.agent, &claim.kind);
            let known = routes.matching_rows(&claim.agent, &claim.kind).next().is_some();
            self.require(known, &format!("claims.{}.agent", claim.id), &step, "a route")?;
        }
        for ratio in &routes.ratios {
            for id in [&ratio.of, &ratio.by] {
                let known = routes.statements.iter().any(|stated| stated.id == *id);
                self.require(known, "ratios", id, "the id of a statement")?;
            }
        }
        let documents: Vec<&str> = routes.documents.iter().map(|d| d.id.as_str()).collect();
        for (field, source) in routes.sources_by_field() {
            let known = documents.contains(&source.document.as_str());
            self.require(known, &field, &source.document, "the id of a document")?;
        }
        Ok(())
    }

    /// A total is at least its rows, in tokens and in invocations.
    fn check_totals(&self, routes: &ReportedRoutes) -> Result<(), ReportedError> {
        for total in &routes.totals {
            let field = format!("totals.{}", total.agent);
            let rows: Vec<_> = routes.matching_rows(&total.agent, "").collect();
            self.require(!rows.is_empty(), &field, &total.agent, "an agent that has rows")?;
            let new = rows.iter().all(|row| row.kind != total.rest);
            self.require(new, &format!("{field}.rest"), &total.rest, "a kind that no row has")?;
            let sum: i64 = rows.iter().map(|row| row.tokens.value()).sum();
            let text = &total.tokens.text;
            let wanted = "at least the sum of its rows";
            self.require(total.tokens.value() >= sum, &format!("{field}.tokens"), text, wanted)?;
            let counted: Option<i64> =
                rows.iter().map(|row| row.invocations.as_ref().map(Figure::value)).sum();
            let alike = total.invocations.is_some() == counted.is_some();
            let all = total.invocations.as_ref().map_or(0, Figure::value);
            let text = all.to_string();
            let fits = alike && all >= counted.unwrap_or(0);
            self.require(fits, &format!("{field}.invocations"), &text, wanted)?;
        }
        Ok(())
    }

    fn check_views(&self, routes: &ReportedRoutes) -> Result<(), ReportedError> {
        for view in &routes.views {
            let field = format!("views.{}", view.id);
            let rows: Vec<_> = routes.matching_rows("", &view.kind).collect();
            let counted = rows.iter().all(|row| row.invocations.is_some()) && !rows.is_empty();
            self.require(counted, &field, &view.kind, "a kind of rows that have invocations")?;
            for row in &view.rows {
                let field = format!("{field}.{}", row.name);
                self.require_count(&row.tokens, super::super::figure::LARGEST_FIGURE, &field)?;
                self.require_count(&row.invocations, MOST_INVOCATIONS, &field)?;
            }
            for split in &view.split {
                let known = routes.unknowns.iter().any(|one| one.id == split.unknown);
                self.require(known, &format!("{field}.split"), &split.unknown, "an unknown's id")?;
                let known = rows.iter().any(|row| row.agent == split.agent);
                self.require(
                    known,
                    &format!("{field}.split"),
                    &split.agent,
                    "an agent of its rows",
                )?;
                let mut names = view.rows.iter().map(|row| &row.name).chain([&view.rest]);
                let known = names.any(|name| *name == split.name);
                self.require(known, &format!("{field}.split"), &split.name, "one of its own rows")?;
            }
        }
        Ok(())
    }

    fn check_unknowns(&self, routes: &ReportedRoutes) -> Result<(), ReportedError> {
        for (at, unknown) in routes.unknowns.iter().enumerate() {
            let field = format!("unknowns.{}", unknown.id);
            let twice = routes.unknowns[..at].iter().any(|other| other.id == unknown.id);
            self.require(!twice, &field, &unknown.id, "each unknown once")?;
            let (low, mode, high) = (unknown.low, unknown.mode, unknown.high);
            let most = if unknown.unit == UnknownUnit::Share { 10_000 } else { MAX_UNKNOWN };
            let fits = 0 <= low && low <= mode && mode <= high && high <= most;
            let met = format!("{low} | {mode} | {high}");
            self.require(fits, &field, &met, "0 <= low <= mode <= high, within its unit")?;
        }
        Ok(())
    }
}
