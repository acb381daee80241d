//! Every key that a file of published routes may have. What holds the figures is
//! [`super::ReportedRoutes`].

use super::super::pipeline_file::field_key::FieldKind::{
    Amount, AnyAmount, Day, Declared, Flag, Name, Reference, ReferenceOrNone, References, Rows,
    Saving, Schema, Table, Text, Texts, Whole,
};
use super::super::pipeline_file::field_key::NameKind::{Agent, Statement, Toggle, Unknown};
use super::super::pipeline_file::field_key::{
    FieldKind, KeyTable, defaulted, needed, optional, source,
};
use super::super::pipeline_file::pipeline_keys::{ASSUMPTION, DOCUMENT, UNKNOWN, plain, rows_of};
use crate::quantity::QuantityKind::{Count, Tokens};
use crate::units::BASIS_POINTS;

/// A whole number of tokens, requests, milliseconds.
const ANY_NUMBER: FieldKind = Whole(0, 1_000_000_000_000);

/// Ten-thousandths.
const PARTS: FieldKind = Whole(0, BASIS_POINTS);

/// The whole file.
pub(super) static ROUTES: KeyTable = plain(&[
    needed("schema", Schema(super::SCHEMA), "name and version of this format"),
    needed("name", Name, "its name"),
    defaulted("title", Text, "", "what it is about, in a few words"),
    needed("window", Table(&WINDOW), "the days that the figures speak of"),
    optional("documents", Rows(&DOCUMENT), "the texts that the figures come from"),
    optional("controllers", Texts, "agents that hand out work"),
    optional("totals", Rows(&TOTAL), "totals of agents over all their kinds of work"),
    needed("rows", Rows(&ROW), "tokens by agent and kind of work"),
    optional("queue", Table(&QUEUE), "the queue of requests that an agent works on"),
    optional("counting_errors", Rows(&COUNTING_ERROR), "what is wrong with how was counted"),
    optional("views", Rows(&VIEW), "tables that count some rows once more, by something else"),
    optional("statements", Rows(&STATEMENT), "single figures that a text states"),
    optional("ratios", Rows(&RATIO), "quotients that a text states"),
    optional("claims", Rows(&CLAIM), "what a change is said to save"),
    optional("unknowns", Rows(&UNKNOWN), "what nobody published: ranges that are drawn"),
    optional("assumptions", Rows(&ASSUMPTION), "what is assumed"),
]);

static WINDOW: KeyTable = plain(&[
    needed("first", Day, "the first day, UTC"),
    needed("last", Day, "the last day"),
    source(),
]);

static TOTAL: KeyTable = rows_of(
    "agent",
    &[
        needed("agent", Reference(Agent), "the agent"),
        needed("tokens", Amount(Tokens), "its tokens"),
        optional("invocations", Amount(Count), "how often it was woken"),
        optional("mean", Amount(Tokens), "tokens of an invocation, as printed"),
        needed("rest", Name, "the kind that stands for what no row names"),
        source(),
    ],
);

static ROW: KeyTable = KeyTable {
    label: None,
    declares: None,
    keys: &[
        needed("agent", Declared(Agent), "the agent, or the bucket"),
        defaulted("kind", Text, "", "the kind of work"),
        needed("tokens", Amount(Tokens), "input, cached or not, and output together"),
        optional("invocations", Amount(Count), "how often the agent was woken"),
        optional("mean", Amount(Tokens), "tokens of an invocation, as printed"),
        source(),
    ],
};

static QUEUE: KeyTable = plain(&[
    needed("agent", Reference(Agent), "the agent, or the bucket, that works on it"),
    optional("requests", ANY_NUMBER, "requests in it"),
    optional("cycles", ANY_NUMBER, "cycles in which each has its turn"),
    optional("every_ms", ANY_NUMBER, "milliseconds from one cycle to the next"),
    optional("session_tokens", ANY_NUMBER, "tokens of one session"),
    optional("tokens", ANY_NUMBER, "tokens of all sessions"),
    optional("search_bp", PARTS, "the part of a session that is search"),
    optional("signals", Rows(&SIGNAL), "what requests show, and how often"),
    optional("escalates_on_signal", Flag, "whether a session needs a signal today"),
    optional("stop_after", ANY_NUMBER, "fruitless cycles after which there is no session"),
    optional("duplicates_bp", PARTS, "sessions whose candidate stands in the ledger"),
    optional("closed_bp", PARTS, "requests whose scope was closed"),
    optional("arrivals_bp", PARTS, "how likely a new request takes the place of another"),
    optional("denied", Table(&DENIED), "actions that were denied"),
]);

static SIGNAL: KeyTable = rows_of(
    "kind",
    &[needed("kind", Name, "its name"), optional("rate_bp", PARTS, "of all requests and cycles")],
);

static DENIED: KeyTable = plain(&[
    needed("actions", ANY_NUMBER, "actions"),
    needed("tries", ANY_NUMBER, "tries of each"),
]);

static COUNTING_ERROR: KeyTable = rows_of(
    "id",
    &[
        needed("id", Name, "its id"),
        needed("text", Text, "what goes wrong, and which way"),
        source(),
    ],
);

static VIEW: KeyTable = rows_of(
    "id",
    &[
        needed("id", Name, "its id"),
        needed("kind", Name, "the kind of work whose rows it counts once more"),
        needed("rest", Name, "the name for what no row of it names"),
        needed("rows", Rows(&VIEW_ROW), "its rows"),
        optional("split", Rows(&SPLIT), "which agent has how many of them"),
        source(),
    ],
);

static VIEW_ROW: KeyTable = rows_of(
    "name",
    &[
        needed("name", Name, "what woke the agent"),
        needed("tokens", Amount(Tokens), "tokens"),
        needed("invocations", Amount(Count), "invocations"),
    ],
);

static SPLIT: KeyTable = plain(&[
    needed("agent", Reference(Agent), "the agent"),
    needed("name", Name, "the row's name, or that of the rest"),
    needed("unknown", Reference(Unknown), "the unknown that says how many"),
]);

static STATEMENT: KeyTable = KeyTable {
    label: Some("id"),
    declares: Some(Statement),
    keys: &[
        needed("id", Name, "its id"),
        needed("value", AnyAmount, "the figure"),
        defaulted("text", Text, "", "what it is"),
        source(),
    ],
};

static RATIO: KeyTable = plain(&[
    needed("printed", Text, "the quotient, as printed"),
    needed("of", Reference(Statement), "the statement that is divided"),
    needed("by", Reference(Statement), "the statement that it is divided by"),
    source(),
]);

static CLAIM: KeyTable = rows_of(
    "id",
    &[
        needed("id", Name, "its id"),
        needed("toggles", References(Toggle), "the toggles that should save it"),
        needed("text", Text, "what it says, in a few words"),
        optional("saving", Saving, "by how much"),
        optional("falls", Flag, "whether it says only that tokens fall"),
        defaulted("agent", ReferenceOrNone(Agent), "", "the agent that it speaks of"),
        defaulted("kind", Text, "", "the kind of work that it speaks of"),
        source(),
    ],
);
