//! Reading a reported pipeline: parse, check, look up.
//!
//! Whatever passes here has known references, figures of the right unit and sizes that cannot
//! overflow; `reconstruct` relies on it.

use super::event::ReportedEvent;
use super::figure::{Figure, FigureSource, FigureUnit};
use super::reported::{InventoryRow, ReportedClaim, ReportedPipeline, ReportedStepRow, SCHEMA};

/// No step has more sessions and no session more calls than this.
const MAX_PUBLISHED_CALLS: i64 = 100_000;

/// A reported pipeline that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReportedError {
    /// Not JSON, or not of this shape.
    #[error("{name}, line {line}, field `{field}`: {message}")]
    Shape {
        /// Name of the file.
        name: String,
        /// Its line.
        line: usize,
        /// The last field before the error; empty if there is none.
        field: String,
        /// What was met and what was wanted.
        message: String,
    },
    /// A value that does not fit its place.
    #[error("{name}, field `{field}`: met `{met}`, wanted {wanted}")]
    Value {
        /// Name of the file.
        name: String,
        /// The field.
        field: String,
        /// Its value.
        met: String,
        /// What would fit.
        wanted: String,
    },
}

impl ReportedPipeline {
    /// Reads a reported pipeline; `name` is the file's, for errors.
    ///
    /// # Errors
    /// The first thing that is not JSON, not of this shape, or does not fit its place.
    pub fn parse_json(name: &str, json: &str) -> Result<Self, ReportedError> {
        let reported: Self = serde_json::from_str(json).map_err(|error| ReportedError::Shape {
            name: name.to_owned(),
            line: error.line(),
            field: field_before(json, error.line(), error.column()),
            message: without_place(&error.to_string()),
        })?;
        reported.check_references(name)?;
        Ok(reported)
    }

    /// The row of a step.
    #[must_use]
    pub fn step_row(&self, step: &str) -> Option<&ReportedStepRow> {
        self.steps.rows.iter().find(|row| row.step == step)
    }

    /// The inventory's sessions of a step, in order.
    pub fn sessions_of_step<'a>(&'a self, step: &'a str) -> impl Iterator<Item = &'a InventoryRow> {
        let rows = self.inventory.iter().flat_map(|inventory| &inventory.rows);
        rows.filter(move |row| row.step == step)
    }

    /// A session of the inventory.
    #[must_use]
    pub fn session_row(&self, id: &str) -> Option<&InventoryRow> {
        let mut rows = self.inventory.iter().flat_map(|inventory| &inventory.rows);
        rows.find(|row| row.id == id)
    }

    /// The events of a session, in the order of the source.
    pub fn events_of_session<'a>(
        &'a self,
        session: &'a str,
    ) -> impl Iterator<Item = &'a ReportedEvent> {
        self.events.iter().filter(move |event| event.session_id() == Some(session))
    }

    /// A figure that the text states.
    #[must_use]
    pub fn stated_figure(&self, id: &str) -> Option<&Figure> {
        let found = self.statements.iter().find(|stated| stated.id == id);
        found.map(|stated| &stated.value)
    }

    /// An assumption's value.
    #[must_use]
    pub fn assumed_value(&self, id: &str) -> Option<&str> {
        let found = self.assumptions.iter().find(|assumed| assumed.id == id);
        found.map(|assumed| assumed.value.as_str())
    }

    /// A figure that is stated or else assumed.
    #[must_use]
    pub fn stated_or_assumed(&self, id: &str) -> Option<Figure> {
        let assumed = || Figure::parse(self.assumed_value(id)?).ok();
        self.stated_figure(id).cloned().or_else(assumed)
    }

    /// The claim on a toggle.
    #[must_use]
    pub fn claim_on_toggle(&self, toggle: &str) -> Option<&ReportedClaim> {
        self.claims.iter().find(|claim| claim.toggle == toggle)
    }

    fn check_references(&self, name: &str) -> Result<(), ReportedError> {
        let fail = |good: bool, field: String, met: &str, wanted: &str| {
            if good {
                return Ok(());
            }
            Err(ReportedError::Value {
                name: name.to_owned(),
                field,
                met: met.to_owned(),
                wanted: wanted.to_owned(),
            })
        };
        let unit = |figure: &Figure, unit: FigureUnit, field: String| {
            let wanted = format!("a {unit:?}").to_lowercase();
            fail(figure.unit == unit, field, &figure.text, &wanted)
        };
        fail(self.schema == SCHEMA, "schema".into(), &self.schema, SCHEMA)?;
        for row in &self.steps.rows {
            let counts = [
                ("fresh", &row.fresh),
                ("output", &row.output),
                ("read", &row.read),
                ("write", &row.write),
                ("sessions", &row.sessions),
            ];
            for (field, figure) in counts {
                unit(figure, FigureUnit::Count, format!("steps.{}.{field}", row.step))?;
            }
            unit(&row.time, FigureUnit::Time, format!("steps.{}.time", row.step))?;
            let listed = self.sessions_of_step(&row.step).count();
            let sessions = row.sessions.value();
            let fits = (1..=MAX_PUBLISHED_CALLS).contains(&sessions)
                && (listed == 0 || listed as i64 == sessions);
            let wanted = "as many sessions as the inventory lists for the step, at least one";
            let field = format!("steps.{}.sessions", row.step);
            fail(fits, field, &row.sessions.text, wanted)?;
        }
        for row in self.inventory.iter().flat_map(|inventory| &inventory.rows) {
            let known = row.step.is_empty() || self.step_row(&row.step).is_some();
            let field = format!("inventory.{}.step", row.id);
            fail(known, field, &row.step, "a step of the table")?;
            let calls = format!("inventory.{}.calls", row.id);
            unit(&row.calls, FigureUnit::Count, calls.clone())?;
            let some = row.calls.value() > 0 && row.calls.value() <= MAX_PUBLISHED_CALLS;
            fail(some, calls, &row.calls.text, "1 to 100,000 calls")?;
            unit(&row.read, FigureUnit::Count, format!("inventory.{}.read", row.id))?;
        }
        for (index, event) in self.events.iter().enumerate() {
            let session = event.session_id().unwrap_or_default();
            let known = session.is_empty() || self.session_row(session).is_some();
            let field = format!("events.{index}.session");
            fail(known, field, session, "a session of the inventory")?;
        }
        let documents: Vec<&str> = self.documents.iter().map(|d| d.id.as_str()).collect();
        for (field, source) in self.sources_by_field() {
            let known = documents.contains(&source.document.as_str());
            fail(known, field, &source.document, "the id of a document")?;
        }
        Ok(())
    }

    /// Every source with the field that names it.
    fn sources_by_field(&self) -> Vec<(String, &FigureSource)> {
        let mut all = vec![
            ("day.source".to_owned(), &self.day.source),
            ("steps.source".to_owned(), &self.steps.source),
        ];
        if let Some(inventory) = &self.inventory {
            all.push(("inventory.source".into(), &inventory.source));
        }
        if let Some(orchestrator) = &self.orchestrator {
            all.push(("orchestrator.source".into(), &orchestrator.source));
        }
        if let Some(crashes) = &self.crashes {
            all.push(("crashes.source".into(), &crashes.source));
        }
        let named = |kind: &str, id: &str| format!("{kind}.{id}.source");
        all.extend(self.statements.iter().map(|s| (named("statements", &s.id), &s.source)));
        let events = self.events.iter().enumerate();
        all.extend(events.map(|(i, e)| (named("events", &i.to_string()), e.figure_source())));
        all.extend(self.claims.iter().map(|c| (named("claims", &c.toggle), &c.source)));
        all.extend(self.combined.iter().map(|c| (named("combined", &c.id), &c.source)));
        all
    }
}

/// The last field name before a place in a JSON text.
pub(super) fn field_before(json: &str, line: usize, column: usize) -> String {
    let start: usize = json.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let upto = json.get(..(start + column).min(json.len())).unwrap_or(json);
    let Some(colon) = upto.rfind("\":") else {
        return String::new();
    };
    upto[..colon].rsplit('"').next().unwrap_or_default().to_owned()
}

/// A message of `serde_json` without its place, which stands in front already.
pub(super) fn without_place(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}
