//! Defects of the sides: what stands against a judgement, in words and in columns.

use crate::report::columns::ColumnField;
use crate::report::view::ColumnKind;
use crate::report::{TableCell, Tone};
use crate::scenario::key_path;
use crate::study::gate::{DefectKind, DefectPlace, GateDefect, GateResult, GateScope, LimitPlace};

/// Limits without a figure that a line names.
const MOST_LIMITS: usize = 5;

/// What a defect is, and what to do about it.
#[must_use]
pub fn defect_sentences(defect: &GateDefect) -> (String, String) {
    let (problem, many) = (defect_phrase(defect), format_count(defect.count));
    let kind = defect.kind.name();
    let mend = match defect.kind {
        DefectKind::Damaged => "import whole files",
        DefectKind::Empty => "leave out what holds no call",
        DefectKind::Unpriced => "add their prices with --prices",
        DefectKind::Filled => "import files with their times",
        DefectKind::Untimed => "leave out limits that need times",
        DefectKind::Unmeasured => "correct the budget",
    };
    let way_out = format!("{mend}, or write `{kind} = {many}` under [allow] of the budget");
    (problem, way_out)
}

/// A defect as one sentence: where it is, what it is, what follows.
pub(super) fn defect_sentence(defect: &GateDefect) -> String {
    let (problem, way_out) = defect_sentences(defect);
    let place = place_name(defect);
    let follows = match defect.kind {
        _ if defect.is_allowed() => return format!("{place}: {problem}; the budget allows it"),
        DefectKind::Damaged | DefectKind::Empty => "nothing is judged",
        DefectKind::Unpriced => "no limit in dollars is judged",
        DefectKind::Filled => "no limit on input, dollars or requests a minute is judged",
        DefectKind::Untimed => "no limit on requests a minute is judged",
        DefectKind::Unmeasured => "they are not judged",
    };
    format!("{place}: {problem}, so that {follows}; {way_out}")
}

fn defect_phrase(defect: &GateDefect) -> String {
    let many = format_count(defect.count);
    let (one, several) = match (&defect.place, defect.kind) {
        // A limit without a figure is told by its name, not by a number.
        (DefectPlace::Limits(limits), _) => {
            let names: Vec<String> = limits.iter().take(MOST_LIMITS).map(limit_name).collect();
            let more = limits.len() - names.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let hint = limits.first().map_or_else(String::new, limit_hint);
            return format!("neither side has the figures of {}{more}{hint}", names.join(", "));
        }
        (_, DefectKind::Damaged | DefectKind::Unmeasured) => (
            "line, file or folder is lost: cut, unreadable or of an unknown shape",
            "lines, files or folders are lost: cut, unreadable or of an unknown shape",
        ),
        (_, DefectKind::Empty) => ("recording has no call", "recordings have no call"),
        (_, DefectKind::Unpriced) => ("call has no price", "calls have no price"),
        (_, DefectKind::Filled) => {
            ("call has a time that was filled in", "calls have times that were filled in")
        }
        (_, DefectKind::Untimed) => ("call has no time", "calls have no times"),
    };
    format!("{many} {}", if defect.count == 1 { one } else { several })
}

pub(super) fn place_name(defect: &GateDefect) -> &'static str {
    match &defect.place {
        DefectPlace::Baseline => "baseline",
        DefectPlace::Candidate => "candidate",
        DefectPlace::Limits(_) => "budget",
    }
}

/// What the budget may have meant: the nearest name, else what there is.
fn limit_hint(limit: &LimitPlace) -> String {
    let LimitPlace { scope, name, near, known, .. } = limit;
    if *scope == GateScope::Saving {
        return " (savings are measured with --scenario or --with)".to_owned();
    }
    // A name that is right needs no hint: the place lacks this metric alone.
    if name.as_deref().is_none_or(|name| name.is_empty() || known.iter().any(|it| it == name)) {
        return String::new();
    }
    if let Some(near) = near {
        return format!(" (is it '{near}'?)");
    }
    let names: Vec<String> = known.iter().take(MOST_LIMITS).map(|it| format!("'{it}'")).collect();
    let more = known.len() - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    match &names[..] {
        [] => format!(" (they have no {scope})"),
        names => format!(" (they have {scope} {}{more})", names.join(", ")),
    }
}

/// A limit as the budget names it.
fn limit_name(LimitPlace { scope, name, metric, .. }: &LimitPlace) -> String {
    let scope = key_path("limits", scope.name());
    let place = match name.as_deref() {
        None | Some("") => scope,
        Some(name) => key_path(&scope, name),
    };
    key_path(&place, metric.name())
}

fn format_count(count: u64) -> String {
    // Plain digits: it is copied into a budget.
    count.to_string()
}

/// Those that the budget does not allow first.
pub(super) fn sorted_defects(gate: &GateResult) -> Vec<&GateDefect> {
    let mut defects: Vec<&GateDefect> = gate.defects.iter().collect();
    defects.sort_by_key(|defect| defect.is_allowed());
    defects
}

/// Defects: for people a line each, for programs their parts as well.
pub(super) fn defect_fields<'a>() -> Vec<ColumnField<'a, &'a GateDefect>> {
    type Field<'a> = ColumnField<'a, &'a GateDefect>;
    vec![
        Field::text("of", "of", "baseline, candidate or budget", |defect| place_name(defect)),
        Field::text("kind", "", "what is wrong: a key of the budget's [allow]", |defect| {
            defect.kind.name()
        }),
        Field::count("count", "", "how many lines and files, recordings, calls or limits", |it| {
            it.count
        }),
        Field::count("allowed", "", "how many the budget allows; null for all", |defect| {
            Some(defect.allowed).filter(|allowed| *allowed < u64::MAX)
        }),
        Field::texts("limits", "", "limits without a figure", |defect| match &defect.place {
            DefectPlace::Limits(limits) => limits.iter().map(limit_name).collect(),
            _ => Vec::new(),
        }),
        Field::flag("is_allowed", "", "whether the gate may pass all the same", |defect| {
            defect.is_allowed()
        }),
        Field::text("words", "", "the same in words", |defect| defect_sentence(defect)),
        Field::text("", "what is wrong", "in words", |defect| defect_phrase(defect)),
        Field::from_cells(ColumnKind::Text, "", "the budget", "in words", |defect| {
            if defect.is_allowed() {
                TableCell::text("allows it")
            } else {
                let (_, way_out) = defect_sentences(defect);
                TableCell::text(format!("does not allow it: {way_out}")).with_tone(Tone::Bad)
            }
        }),
    ]
}
