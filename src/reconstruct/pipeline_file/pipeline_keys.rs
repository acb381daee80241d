//! Every key that a file of published totals may have: the one table from which such files are read
//! and the schema for editors is made. What holds the figures is [`super::super::reported`].

use super::super::published_file::MAX_UNKNOWN;
use super::field_key::FieldKind::{
    Amount, AmountLeft, AnyAmount, DayOfPipeline, Events, Flag, Name, OneOf, OpenAmount, Reference,
    ReferenceOrNone, References, Rows, Saving, Schema, Table, Tally, Text, Weights, Whole,
};
use super::field_key::NameKind::{BuiltInPipeline, Document, Session, Step, Toggle, Unknown};
use super::field_key::{FieldKey, KeyTable, defaulted, needed, optional, source, why};
use crate::quantity::QuantityKind::{Count, Duration, Share, Tokens};
use crate::units::BASIS_POINTS;

/// What a claim may be counted in.
pub(super) const METRICS: &[&str] = &["read", "tokens", "calls", "records", "none"];

/// What bare numbers of calls may count.
pub(super) const COUNT_UNITS: &[&str] = &["calls", "records", "unknown"];

/// The document of figures that nobody published.
pub(in crate::reconstruct) const OWN_DOCUMENT: &str = "own";

pub(in crate::reconstruct) const fn rows_of(
    label: &'static str,
    keys: &'static [FieldKey],
) -> KeyTable {
    KeyTable { label: Some(label), declares: None, keys }
}

pub(in crate::reconstruct) const fn plain(keys: &'static [FieldKey]) -> KeyTable {
    KeyTable { label: None, declares: None, keys }
}

/// The whole file.
pub(super) static PIPELINE: KeyTable = plain(&[
    needed("schema", Schema(super::super::reported::SCHEMA), "name and version of this format"),
    optional("name", Name, "its name; that of the file unless given"),
    defaulted("title", Text, "", "what the work was, in a few words"),
    defaulted("pull_request", Text, "", "the pull request that it made"),
    defaulted("changes", Text, "", "lines added and removed, as printed"),
    optional(
        "day",
        DayOfPipeline,
        "the day it ran, which decides the prices; without one a day is assumed, and said",
    ),
    optional(
        "counts",
        OneOf(COUNT_UNITS),
        "what a bare number of calls counts: calls (also where this is left out), records of a \
         transcript, of which a call has about two, or unknown, which is then drawn",
    ),
    optional("documents", Rows(&DOCUMENT), "the texts that the figures come from"),
    needed("steps", Table(&STEPS), "the table of steps: what each step used"),
    optional("inventory", Table(&INVENTORY), "the sessions one by one, where they were published"),
    optional("orchestrator", Table(&ORCHESTRATOR), "the session that dispatched the others"),
    optional("night", Table(&NIGHT), "the hours in which it ran beside other work"),
    optional("crashes", Table(&CRASHES), "records of crashed processes"),
    defaulted(
        "ran_beside",
        ReferenceOrNone(BuiltInPipeline),
        "",
        "the built-in pipeline whose source tells of this one while it ran",
    ),
    optional("statements", Rows(&STATEMENT), "single figures that a text states"),
    optional("events", Events, "what is known to have happened, and where"),
    optional("claims", Rows(&CLAIM), "what one toggle is said to save"),
    optional("combined", Rows(&COMBINED), "what several toggles are said to save together"),
    optional("unknowns", Rows(&UNKNOWN), "what nobody published: ranges that are drawn"),
    optional("assumptions", Rows(&ASSUMPTION), "what is assumed"),
]);

/// The day with its source.
pub(super) static DAY: KeyTable =
    plain(&[needed("utc", super::field_key::FieldKind::Day, "the day in UTC"), source()]);

/// The source of a figure.
pub(super) static SOURCE: KeyTable = plain(&[
    needed("document", Reference(Document), "the id of a document"),
    defaulted("section", Text, "", "the section in it"),
]);

pub(in crate::reconstruct) static DOCUMENT: KeyTable = KeyTable {
    label: Some("id"),
    declares: Some(Document),
    keys: &[
        needed("id", Name, "the id by which figures name it"),
        defaulted("file", Text, "", "its file or address"),
        defaulted("title", Text, "", "its title"),
    ],
};

static STEPS: KeyTable = plain(&[
    source(),
    needed("rows", Rows(&STEP), "one row a step, in the order in which they ran"),
    optional("total", Table(&TOTAL), "the last row as printed: it is checked against the others"),
]);

static STEP: KeyTable = KeyTable {
    label: Some("step"),
    declares: Some(Step),
    keys: &[
        needed("step", Name, "its name"),
        needed("fresh", Amount(Tokens), "input that was neither read from nor put into the cache"),
        needed("output", Amount(Tokens), "output"),
        needed("read", Amount(Tokens), "input read from the cache"),
        needed("write", Amount(Tokens), "input put into the cache"),
        defaulted("sessions", Amount(Count), "1", "how many sessions it had; one unless given"),
        optional("time", Amount(Duration), "how long it took"),
    ],
};

static TOTAL: KeyTable = plain(&[
    optional("fresh", Amount(Tokens), "as in a row"),
    optional("output", Amount(Tokens), "as in a row"),
    optional("read", Amount(Tokens), "as in a row"),
    optional("write", Amount(Tokens), "as in a row"),
    optional("sessions", Amount(Count), "as in a row"),
    optional("time", Amount(Duration), "as in a row"),
]);

static INVENTORY: KeyTable =
    plain(&[source(), needed("rows", Rows(&SESSION), "one row a session")]);

static SESSION: KeyTable = KeyTable {
    label: Some("id"),
    declares: Some(Session),
    keys: &[
        needed("id", Name, "its id, as far as printed"),
        defaulted("step", ReferenceOrNone(Step), "", "its step; empty where no step counts it"),
        defaulted("label", Text, "", "its name in the inventory"),
        needed("calls", Tally, "how many calls it made; `counts` says what a bare number counts"),
        needed("read", Amount(Tokens), "input read from the cache"),
        needed("output", Amount(Tokens), "output"),
        optional("time", Amount(Duration), "how long it took"),
        optional("tool_calls", Amount(Count), "tool calls"),
        optional(
            "deduplicated",
            Amount(Count),
            "calls after records of one call were put together",
        ),
        optional("note", Text, "a remark"),
    ],
};

static ORCHESTRATOR: KeyTable = plain(&[
    needed("id", Name, "its id, as far as printed"),
    needed("time", Amount(Duration), "how long it ran"),
    needed("calls", Tally, "calls as published"),
    needed("tool_calls", Amount(Count), "tool calls"),
    needed("shared_calls", Amount(Count), "calls that belong to no single pipeline"),
    needed("read", Amount(Tokens), "cache reads, all of them"),
    needed("attributed_share", Amount(Share), "the share of them that belongs to this pipeline"),
    needed("attributed_read", Amount(Tokens), "the same in tokens"),
    needed("context_first", Amount(Tokens), "its context at the start"),
    needed("context_last", Amount(Tokens), "its context at the end"),
    source(),
]);

static NIGHT: KeyTable = plain(&[
    needed("elapsed", Amount(Duration), "from the orchestrator's start to its end"),
    needed("dispatches", Amount(Count), "sessions that it dispatched"),
    needed("dispatch_time", Amount(Duration), "how long a dispatch takes"),
    needed("suite_time", Amount(Duration), "how long a test run of its own takes"),
    needed("tested_steps", References(Step), "steps before which it would test"),
    needed("untold_toggles", Rows(&UNTOLD), "toggles of which nothing is told for other orders"),
    needed("policies", Rows(&POLICY), "how it handed sessions out, with chances"),
    needed("orchestrator_over_records", Whole(0, BASIS_POINTS), "chance, ten-thousandths"),
    needed("excluded_over_records", Whole(0, BASIS_POINTS), "chance, ten-thousandths"),
    needed("stages", Rows(&STAGE), "stages beside those of the table"),
    why(),
    source(),
]);

static UNTOLD: KeyTable = rows_of(
    "toggle",
    &[
        needed("toggle", Reference(Toggle), "its id"),
        needed("missing", Text, "what would have to be told"),
    ],
);

static POLICY: KeyTable = rows_of(
    "policy",
    &[
        needed("policy", OneOf(&["serial", "lockstep", "free"]), "how it handed sessions out"),
        needed("chance", Whole(0, BASIS_POINTS), "how likely it was so, ten-thousandths"),
    ],
);

static STAGE: KeyTable = plain(&[
    needed("order", Name, "the order"),
    needed("step", Name, "the step"),
    defaulted("part", Text, "", "the part of the order's work"),
    defaulted("ended", Text, "", "how it ended"),
    needed("time", Amount(Duration), "how long it took"),
]);

static CRASHES: KeyTable = plain(&[
    needed("records", Amount(Count), "all of them"),
    needed("pid_reuse", Amount(Count), "process ids that were used again"),
    needed("orphans", Amount(Count), "processes that outlived their session"),
    needed("triplets", Amount(Count), "groups of three among the orphans"),
    optional("clusters", Rows(&CLUSTER), "at the end of which sessions they stand"),
    optional("fingerprints", Rows(&FINGERPRINT), "what the processes look like"),
    optional("seen", Table(&SEEN), "how long a group is seen"),
    source(),
]);

static CLUSTER: KeyTable = rows_of(
    "session",
    &[
        needed("session", Reference(Session), "the session"),
        needed("groups", Amount(Count), "the groups"),
    ],
);

static FINGERPRINT: KeyTable = rows_of(
    "role",
    &[
        needed("role", Name, "what it is"),
        needed("rss", Amount(Tokens), "its peak of memory, KiB"),
        optional("files", Amount(Count), "open files"),
        optional("threads", Amount(Count), "threads"),
        needed("in_group", Flag, "whether it is one of a group"),
    ],
);

static SEEN: KeyTable = plain(&[
    needed("snapshots", Amount(Count), "looks of the monitor"),
    needed("milliseconds", Amount(Count), "milliseconds"),
]);

static STATEMENT: KeyTable = rows_of(
    "id",
    &[
        needed("id", Name, "its id: `start-context` is what a session begins with"),
        needed("value", AnyAmount, "the figure"),
        defaulted("text", Text, "", "what it is"),
        source(),
    ],
);

static CLAIM: KeyTable = rows_of(
    "toggle",
    &[
        needed("toggle", Reference(Toggle), "the toggle that should save it"),
        defaulted("metric", OneOf(METRICS), "read", "what falls; cache reads unless given"),
        optional("saving", Saving, "by how much"),
        optional("range", Saving, "the wider saving of the text"),
        optional(
            "factors",
            Rows(&FACTOR),
            "the source's own arithmetic: their product is the saving",
        ),
        source(),
    ],
);

static FACTOR: KeyTable = plain(&[
    needed("what", Text, "what it counts"),
    needed("from", Amount(Tokens), "the figure, or what it was before"),
    optional("to", Amount(Tokens), "what it would be after"),
]);

static COMBINED: KeyTable = rows_of(
    "id",
    &[
        needed("id", Name, "its id"),
        defaulted("step", ReferenceOrNone(Step), "", "the step it speaks of; empty for all"),
        defaulted("metric", OneOf(METRICS), "read", "what falls; cache reads unless given"),
        needed("toggles", References(Toggle), "the toggles"),
        needed("from", Amount(Tokens), "what is there before"),
        needed(
            "to",
            AmountLeft,
            "what is left, in the unit of `from`; a saving in per cent is a `share`",
        ),
        optional("share", Amount(Share), "the saving as a share, where printed"),
        source(),
    ],
);

pub(in crate::reconstruct) static UNKNOWN: KeyTable = KeyTable {
    label: Some("id"),
    declares: Some(Unknown),
    keys: &[
        needed("id", Name, "its id"),
        defaulted("what", Text, "", "what it is"),
        needed("unit", OneOf(&["tokens", "count", "share", "ms", "chance"]), "what it counts"),
        needed("low", Whole(0, MAX_UNKNOWN), "the lowest plausible value"),
        needed("mode", Whole(0, MAX_UNKNOWN), "the likeliest value"),
        needed("high", Whole(0, MAX_UNKNOWN), "the highest plausible value"),
        optional(
            "weights",
            Weights,
            "of the whole numbers from low to high, where one of few is so",
        ),
        why(),
    ],
};

pub(in crate::reconstruct) static ASSUMPTION: KeyTable = rows_of(
    "id",
    &[
        needed("id", Name, "its id"),
        needed("value", Text, "what is taken"),
        defaulted("range", Text, "", "what it could be as well"),
        why(),
    ],
);

const SESSION_OF_EVENT: FieldKey = needed("session", Reference(Session), "its session");
const PLACE_OF_EVENT: FieldKey =
    needed("at", OpenAmount(Share), "where: the share of the session's calls made before it");

/// The keys of an event, by its kind.
pub(super) static EVENTS: [(&str, KeyTable); 6] = [
    (
        "plan_read",
        plain(&[
            KIND_OF_EVENT,
            needed("from_step", Reference(Step), "the first step whose sessions read the plan"),
            needed("chars", Amount(Tokens), "characters of the plan file"),
            source(),
            why(),
        ]),
    ),
    (
        "narration",
        plain(&[
            KIND_OF_EVENT,
            SESSION_OF_EVENT,
            needed("text_only", Amount(Count), "responses with text and no tool use"),
            needed("thinking_only", Amount(Count), "those with thinking alone"),
            needed("before_tool", Amount(Count), "tool calls that directly follow such a response"),
            source(),
            why(),
        ]),
    ),
    (
        "report",
        plain(&[
            KIND_OF_EVENT,
            SESSION_OF_EVENT,
            needed("chars", OpenAmount(Tokens), "characters of a subagent's report"),
            PLACE_OF_EVENT,
            source(),
            why(),
        ]),
    ),
    (
        "edit_sites",
        plain(&[
            KIND_OF_EVENT,
            SESSION_OF_EVENT,
            needed("sites", Amount(Count), "places that were edited in the same way"),
            needed("calls_a_site", Tally, "calls at each"),
            PLACE_OF_EVENT,
            source(),
            why(),
        ]),
    ),
    (
        "file_reads",
        plain(&[
            KIND_OF_EVENT,
            SESSION_OF_EVENT,
            needed("file", Name, "the file"),
            needed("times", Amount(Count), "how often it was read"),
            source(),
            why(),
        ]),
    ),
    (
        "test_run",
        plain(&[
            KIND_OF_EVENT,
            SESSION_OF_EVENT,
            needed("result", OneOf(&["aborted", "failed", "passed"]), "how it ended"),
            optional("failures", Amount(Count), "failed tests"),
            optional("chars", OpenAmount(Tokens), "characters of its output"),
            PLACE_OF_EVENT,
            optional("polls", Tally, "calls that looked whether it had ended"),
            optional(
                "polled_run",
                Reference(Unknown),
                "the unknown that says which run they looked at",
            ),
            optional("passes_alone", Flag, "whether its failures pass when they run alone"),
            source(),
            why(),
        ]),
    ),
];

/// The names of the kinds of events.
pub(super) const EVENT_KINDS: &[&str] =
    &["plan_read", "narration", "report", "edit_sites", "file_reads", "test_run"];

const KIND_OF_EVENT: FieldKey = needed("kind", OneOf(EVENT_KINDS), "what happened");
