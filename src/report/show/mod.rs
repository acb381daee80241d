//! What each command has to say, as documents for people and as typed structs for programs.
//!
//! One file a command: it takes the numbers of a study and gives a [`Document`] and the body of
//! its JSON. Wording lives here and nowhere else.
//!
//! [`Document`]: super::ReportDocument

pub mod audit;
pub mod audit_sentences;
pub mod backtest;
pub(crate) mod build_order;
#[cfg(feature = "charts")]
pub mod charts;
pub(crate) mod compare;
pub(crate) mod decision;
pub mod env;
pub mod export;
pub mod gate;
pub mod inspect;
pub mod list;
#[cfg(feature = "charts")]
pub(crate) mod page;
pub mod price_notes;
pub(crate) mod report;
pub mod routes;
pub mod scenario;
pub mod schema;
pub(crate) mod session_names;
pub mod steps;
pub(crate) mod sweep;
pub(crate) mod volume;

use crate::intervene::ParamUnit;
use crate::price::Pricing;
use crate::price::coverage::PriceCoverage;
use crate::recording::{Recording, hex_prefix};
use crate::report::TableCell;
use crate::report::columns::{ColumnField, fields_of_part, versioned_schema};
use crate::report::document::LabelledRemark;
use crate::report::format::format_typed_share;
use crate::report::json::JsonValue;
use crate::scenario::{ChosenToggle, Scenario};
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::savings::{PipelineTotals, Saving};
use crate::units::{PicoUsd, TOKEN_CLASSES, Usage};

/// Where a result comes from: enough to make it again.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// Name of the recording.
    pub recording: String,
    /// Digest of the recording.
    pub recording_digest: String,
    /// Digest of the price book.
    pub prices_digest: String,
    /// The day that calls are priced as of, or the newest that the book's sources name.
    pub prices_day: String,
    /// The model that an unstated model is priced as, where there is one.
    pub assumed_model: Option<String>,
    /// The toggles with their parameters.
    pub toggles: String,
    /// What the scenario does to the recording before any toggle.
    pub premises: Vec<String>,
    /// The seed.
    pub seed: u64,
    /// What the dollars cover, and on what terms.
    pub coverage: PriceCoverage,
}

impl Provenance {
    /// The provenance of a result.
    #[must_use]
    pub fn for_scenario(recording: &Recording, pricing: &Pricing, scenario: &Scenario) -> Self {
        // Only a source that names no model needs an assumption; others are priced as they say.
        let unstated = recording.models.iter().any(|model| model == crate::price::UNSTATED_MODEL);
        let toggles = scenario.toggles.iter().map(|chosen| {
            let params: Vec<_> = chosen
                .params
                .iter()
                .map(|(key, value)| parameter_text(chosen, key, value))
                .collect();
            let id = chosen.toggle.card().id;
            if params.is_empty() { id.to_owned() } else { format!("{id}({})", params.join(" ")) }
        });
        Self {
            recording: recording.name.clone(),
            recording_digest: hex_prefix(&recording.recording_digest(), 8),
            prices_digest: hex_prefix(pricing.book.book_digest(), 8),
            // The user's day counts for all calls; else the book tells how new it is.
            prices_day: pricing
                .date
                .or(pricing.book.newest_source_day())
                .map_or_else(String::new, |day| day.to_string()),
            assumed_model: unstated.then(|| pricing.assumed_model.clone()),
            toggles: toggles.collect::<Vec<_>>().join(", "),
            premises: scenario::premise_lines(scenario, pricing),
            seed: scenario.seed,
            coverage: PriceCoverage::of_recording(recording, pricing),
        }
    }

    /// Models without a price, each with the reason.
    #[must_use]
    pub fn unpriced_models(&self) -> Vec<String> {
        self.coverage.missing.values().map(|(missing, _)| missing.to_string()).collect()
    }

    /// The key `provenance` of an object.
    pub fn field<'a, R>(provenance: impl Fn(&R) -> &'a Self + 'a) -> ColumnField<'a, R> {
        let about = "where the result comes from: enough to make it again";
        ColumnField::object("provenance", about, Self::fields(), provenance)
    }

    fn fields<'a>() -> Vec<ColumnField<'a, &'a Self>> {
        type Field<'a> = ColumnField<'a, &'a Provenance>;
        vec![
            Field::text("recording", "", "name of the recording", |it| it.recording.as_str()),
            Field::text("recording_digest", "", "its SHA-256, shortened", |it| {
                it.recording_digest.as_str()
            }),
            Field::text("prices_digest", "", "that of the price book", |it| {
                it.prices_digest.as_str()
            }),
            Field::text("assumed_model", "", "as which an unstated model is priced", |it| {
                it.assumed_model.clone()
            })
            .left_out_if_missing(),
            Field::text("toggles", "", "toggles with their parameters", |it| it.toggles.as_str()),
            Field::texts("premises", "", "what is done to the recording before", |it| {
                (!it.premises.is_empty()).then(|| it.premises.clone())
            })
            .left_out_if_missing(),
            Field::count("seed", "", "the seed of all chance", |it| it.seed),
            Field::texts(
                "prices_notes",
                "",
                "what the dollars leave out or take for granted",
                |it| {
                    let notes = price_notes::price_notes(&it.coverage);
                    (!notes.is_empty()).then_some(notes)
                },
            )
            .left_out_if_missing(),
        ]
    }

    /// The footer of a document.
    #[must_use]
    pub fn footer_lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "windtunnel {}; recording {} sha256 {}; prices sha256 {}; seed {}",
            env!("CARGO_PKG_VERSION"),
            self.recording,
            self.recording_digest,
            self.prices_digest,
            self.seed
        )];
        if !self.toggles.is_empty() {
            lines.push(format!("toggles: {}", self.toggles));
        }
        if !self.premises.is_empty() {
            lines.push(format!("premises: {}", self.premises.join("; ")));
        }
        lines.extend(self.price_notes());
        lines
    }

    /// What the dollars leave out or take for granted.
    fn price_notes(&self) -> Vec<String> {
        let mut notes = price_notes::price_notes(&self.coverage);
        notes.extend(self.assumed_model.as_ref().map(|model| {
            format!("dollars assume {model}: the source names no model (change it with --model)")
        }));
        notes
    }

    /// The first of these, for a first screen; the others stand in its details.
    fn price_remark(&self) -> Option<LabelledRemark> {
        let note = self.price_notes().into_iter().next()?;
        Some(LabelledRemark::new("note", note))
    }
}

/// How the JSON schema of a command's output is made.
type SchemaOfCommand = (&'static str, fn() -> JsonValue);

/// The commands whose output is declared in columns, each with the schema of what it prints with
/// `--format json`.
pub const COMMANDS_WITH_SCHEMA: [SchemaOfCommand; 14] = [
    ("audit", || versioned_schema("audit", 1, &audit::report_fields())),
    ("backtest", || versioned_schema("backtest", 1, &backtest::report_fields())),
    ("compare", || versioned_schema("compare", 1, &compare::report_fields(HeadlineMetric::Reads))),
    ("explain", || versioned_schema("explain", 1, &list::explain_fields())),
    ("explain tables", || versioned_schema("tables", 1, &export::tables_fields())),
    ("export", || versioned_schema("export", 1, &export::written_fields())),
    ("gate", || versioned_schema("gate", 1, &gate::report_fields())),
    ("gate-start", || versioned_schema("gate-start", 1, &gate::start_fields())),
    ("inspect", || versioned_schema("inspect", 1, &inspect::report_fields())),
    ("list", || versioned_schema("list", 1, &list::list_fields())),
    ("routes", || versioned_schema("routes", 1, &routes::report_fields())),
    ("scenario check", || versioned_schema("scenario-check", 1, &scenario::check_fields())),
    ("steps", || versioned_schema("steps", 1, &steps::report_fields())),
    ("sweep", || versioned_schema("sweep", 1, &sweep::report_fields(HeadlineMetric::Reads))),
];

/// Money as two keys: dollars for people, pico-dollars for sums. Everywhere it is all money, that
/// of hidden output included.
fn money_fields<'a>() -> Vec<ColumnField<'a, PicoUsd>> {
    type Field<'a> = ColumnField<'a, PicoUsd>;
    vec![
        Field::money("cost_usd", "", "dollars, all places, hidden output included", |amount| {
            *amount
        }),
        Field::pico_usd("cost_pico_usd", "", "the same in pico-dollars", |amount| *amount),
    ]
}

/// The start of an id; a number that stands for a name is short as it is.
fn short_id(id: &str) -> String {
    if id.starts_with("session-") { id.to_owned() } else { id.chars().take(8).collect() }
}

/// The value of a parameter in its unit.
fn parameter_value(unit: ParamUnit, value: i64) -> crate::report::CellValue {
    use crate::report::CellValue;
    match unit {
        ParamUnit::Tokens => CellValue::Tokens(value),
        ParamUnit::Count | ParamUnit::WeightedCount(_) => CellValue::Count(value),
        ParamUnit::BasisPoints | ParamUnit::Chance => CellValue::Share(value),
        ParamUnit::Milliseconds => CellValue::Duration(value),
    }
}

/// A parameter as it is used: with a question mark where nobody has given it, and as told where the
/// recording says it.
fn parameter_text(chosen: &ChosenToggle, key: &str, value: i64) -> String {
    if chosen.answered.contains(&key) {
        format!("{key}=told")
    } else if chosen.unset.contains(&key) {
        format!("{key}=?")
    } else {
        let unit = chosen.toggle.card().params.iter().find(|spec| spec.key == key);
        format!("{key}={}", typed_parameter(unit.map_or(ParamUnit::Count, |it| it.unit), value))
    }
}

/// The value of a parameter as it may be typed.
fn typed_parameter(unit: ParamUnit, value: i64) -> String {
    match unit {
        ParamUnit::BasisPoints | ParamUnit::Chance => format_typed_share(value),
        _ => value.to_string(),
    }
}

/// A cell with the value of a parameter, whose unit stands beside it: to the last digit, and in per
/// cent where it is a share.
fn parameter_cell(unit: ParamUnit, value: i64) -> TableCell {
    match unit {
        ParamUnit::BasisPoints | ParamUnit::Chance => TableCell::share(value),
        _ => TableCell::count(value),
    }
}

/// What is saved, for programs.
fn saving_fields<'a>() -> Vec<ColumnField<'a, Saving>> {
    type Field<'a> = ColumnField<'a, Saving>;
    let mut fields = sum_fields();
    fields.extend([
        Field::tokens(
            "direct",
            "",
            "reads saved where every compaction stays in its place",
            Saving::direct_reads,
        ),
        Field::tokens("moved", "", "what compactions that come later take back of these", |it| {
            it.moved
        }),
    ]);
    fields
}

/// What the classes of tokens are.
const CLASS_MEANINGS: [&str; 5] = [
    "input neither read from nor written to a cache",
    "input read from a cache",
    "input written to the five-minute cache",
    "input written to the one-hour cache",
    "output as the source recorded it",
];

/// The same in few words.
const SHORT_CLASS_MEANINGS: [&str; 5] = [
    "uncached input",
    "cache reads",
    "written to the five-minute cache",
    "written to the one-hour cache",
    "output",
];

const HIDDEN_OUTPUT: &str = "output that usage does not show, estimated";

/// Tokens by class; a class without a heading is for programs alone.
fn usage_fields<'a>(
    headings: [&'static str; 5],
    meanings: [&'static str; 5],
) -> Vec<ColumnField<'a, Usage>> {
    let columns = TOKEN_CLASSES.into_iter().zip(headings).zip(meanings).enumerate();
    let fields = columns.map(|(at, ((name, heading), meaning))| {
        ColumnField::tokens(name, heading, meaning, move |usage: &Usage| usage.by_class()[at])
    });
    fields.collect()
}

/// What calls add up to, or what is saved of it.
fn sum_fields<'a>() -> Vec<ColumnField<'a, Saving>> {
    type Field<'a> = ColumnField<'a, Saving>;
    let mut fields = vec![Field::count("calls", "", "calls", |it| it.calls)];
    fields.extend(fields_of_part(usage_fields([""; 5], CLASS_MEANINGS), |it: &Saving| it.usage));
    fields.push(Field::tokens("output_hidden", "", HIDDEN_OUTPUT, |it| it.hidden_output));
    fields.extend(fields_of_part(money_fields(), |it: &Saving| it.total_money()));
    fields.extend([
        Field::money("cost_hidden_usd", "", "of these, hidden output", |it| it.cost.hidden),
        Field::duration("session_ms", "", "session time", |it| it.session_ms),
    ]);
    fields
}

/// A side for programs.
fn totals_fields<'a>() -> Vec<ColumnField<'a, &'a PipelineTotals>> {
    type Field<'a> = ColumnField<'a, &'a PipelineTotals>;
    let sums = fields_of_part(sum_fields(), |it: &&'a PipelineTotals| Saving::from(*it));
    let mut fields: Vec<Field<'a>> = sums.collect();
    fields.extend([
        Field::tokens("peak_context", "", "the largest context of a call", |it| it.peak_context),
        Field::count("peak_calls_a_minute", "", "the most calls within a minute", |it| {
            it.peak_calls_a_minute
        }),
    ]);
    fields
}
