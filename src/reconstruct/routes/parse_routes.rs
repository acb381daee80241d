//! Reading reported routes: parse, check, look up.
//!
//! Whatever passes here has known references and figures of the right unit; what it adds up to is
//! for [`super::reconstruct_routes()`] to find out.

use super::super::figure::{Figure, FigureSource, FigureUnit};
use super::super::published_file::{ReportedError, ValueChecker, parse_shape, source_field};
use super::{ReportedRoutes, SCHEMA};

/// No route has more invocations than this.
const MOST_INVOCATIONS: i64 = 10_000;

impl ReportedRoutes {
    /// Reads reported routes; `name` is the file's, for errors.
    ///
    /// # Errors
    /// The first thing that is not JSON, not of this shape, or does not fit its place.
    pub fn parse_json(name: &str, json: &str) -> Result<Self, ReportedError> {
        let routes: Self = parse_shape(name, json)?;
        RouteChecker { values: ValueChecker { name } }.check_routes(&routes)?;
        Ok(routes)
    }

    /// Every source with the field that names it.
    fn sources_by_field(&self) -> Vec<(String, &FigureSource)> {
        let mut all = vec![("window.source".to_owned(), &self.window.source)];
        for total in &self.totals {
            all.push(source_field("totals", &total.agent, &total.source));
        }
        for row in &self.rows {
            all.push(source_field("rows", &row.step_name(), &row.source));
        }
        for view in &self.views {
            all.push(source_field("views", &view.id, &view.source));
        }
        for one in &self.counting_errors {
            all.push(source_field("counting_errors", &one.id, &one.source));
        }
        for one in &self.statements {
            all.push(source_field("statements", &one.id, &one.source));
        }
        for ratio in &self.ratios {
            all.push(source_field("ratios", &ratio.of, &ratio.source));
        }
        for claim in &self.claims {
            all.push(source_field("claims", &claim.id, &claim.source));
        }
        all
    }
}

struct RouteChecker<'a> {
    values: ValueChecker<'a>,
}

impl RouteChecker<'_> {
    fn require_count(&self, figure: &Figure, most: i64, field: &str) -> Result<(), ReportedError> {
        let fits = figure.unit == FigureUnit::Count && (1..=most).contains(&figure.value());
        self.values.require(fits, field, &figure.text, &format!("a count of 1 to {most}"))
    }

    fn check_routes(&self, routes: &ReportedRoutes) -> Result<(), ReportedError> {
        self.values.require(routes.schema == SCHEMA, "schema", &routes.schema, SCHEMA)?;
        let (first, last) = (routes.window.first, routes.window.last);
        self.values.require(
            first <= last,
            "window.last",
            &last.to_string(),
            "a day from the first one on",
        )?;
        for (at, row) in routes.rows.iter().enumerate() {
            let field = format!("rows.{}", ReportedRoutes::route_name(&row.agent, &row.kind));
            self.values.require(
                !row.agent.is_empty(),
                &field,
                "",
                "the name of an agent or a bucket",
            )?;
            let twice =
                routes.rows[..at].iter().any(|o| (&o.agent, &o.kind) == (&row.agent, &row.kind));
            self.values.require(!twice, &field, "the same route again", "each route once")?;
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
        if let Some(queue) = &routes.queue {
            let known = routes.matching_rows(&queue.agent, "").next().is_some();
            self.values.require(known, "queue.agent", &queue.agent, "the agent of a row")?;
        }
        self.values.require_unknowns(&routes.unknowns)?;
        for claim in &routes.claims {
            let field = format!("claims.{}.saving", claim.id);
            let text = claim.saving.as_ref().map_or("", |figure| figure.text.as_str());
            let timed = claim.saving.as_ref().is_some_and(|figure| figure.unit == FigureUnit::Time);
            self.values.require(!timed, &field, text, "tokens or a share")?;
            let step = ReportedRoutes::route_name(&claim.agent, &claim.kind);
            let known = routes.matching_rows(&claim.agent, &claim.kind).next().is_some();
            self.values.require(known, &format!("claims.{}.agent", claim.id), &step, "a route")?;
        }
        for ratio in &routes.ratios {
            for id in [&ratio.of, &ratio.by] {
                let known = routes.statements.iter().any(|stated| stated.id == *id);
                self.values.require(known, "ratios", id, "the id of a statement")?;
            }
        }
        self.values.require_documents(&routes.documents, routes.sources_by_field())
    }

    /// A total is at least its rows, in tokens and in invocations.
    fn check_totals(&self, routes: &ReportedRoutes) -> Result<(), ReportedError> {
        for total in &routes.totals {
            let field = format!("totals.{}", total.agent);
            let rows: Vec<_> = routes.matching_rows(&total.agent, "").collect();
            self.values.require(
                !rows.is_empty(),
                &field,
                &total.agent,
                "an agent that has rows",
            )?;
            let new = rows.iter().all(|row| row.kind != total.rest);
            self.values.require(
                new,
                &format!("{field}.rest"),
                &total.rest,
                "a kind that no row has",
            )?;
            let sum: i64 = rows.iter().map(|row| row.tokens.value()).sum();
            let text = &total.tokens.text;
            let wanted = "at least the sum of its rows";
            self.values.require(
                total.tokens.value() >= sum,
                &format!("{field}.tokens"),
                text,
                wanted,
            )?;
            let counted: Option<i64> =
                rows.iter().map(|row| row.invocations.as_ref().map(Figure::value)).sum();
            let alike = total.invocations.is_some() == counted.is_some();
            let all = total.invocations.as_ref().map_or(0, Figure::value);
            let text = all.to_string();
            let fits = alike && all >= counted.unwrap_or(0);
            self.values.require(fits, &format!("{field}.invocations"), &text, wanted)?;
        }
        Ok(())
    }

    fn check_views(&self, routes: &ReportedRoutes) -> Result<(), ReportedError> {
        for view in &routes.views {
            let field = format!("views.{}", view.id);
            let rows: Vec<_> = routes.matching_rows("", &view.kind).collect();
            let counted = rows.iter().all(|row| row.invocations.is_some()) && !rows.is_empty();
            self.values.require(
                counted,
                &field,
                &view.kind,
                "a kind of rows that have invocations",
            )?;
            for row in &view.rows {
                let field = format!("{field}.{}", row.name);
                self.require_count(&row.tokens, super::super::figure::LARGEST_FIGURE, &field)?;
                self.require_count(&row.invocations, MOST_INVOCATIONS, &field)?;
            }
            for split in &view.split {
                let known = routes.unknowns.iter().any(|one| one.id == split.unknown);
                self.values.require(
                    known,
                    &format!("{field}.split"),
                    &split.unknown,
                    "an unknown's id",
                )?;
                let known = rows.iter().any(|row| row.agent == split.agent);
                self.values.require(
                    known,
                    &format!("{field}.split"),
                    &split.agent,
                    "an agent of its rows",
                )?;
                let mut names = view.rows.iter().map(|row| &row.name).chain([&view.rest]);
                let known = names.any(|name| *name == split.name);
                self.values.require(
                    known,
                    &format!("{field}.split"),
                    &split.name,
                    "one of its own rows",
                )?;
            }
        }
        Ok(())
    }
}
