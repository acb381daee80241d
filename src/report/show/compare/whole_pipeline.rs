//! The whole of a pipeline with its orchestrator, and what another orchestrator would save.

use super::order_as_told::other_order_fields;
use super::other_orchestrator::{orchestrator_fields, orchestrator_table};
use super::{ComparisonReport, ReportField};
use crate::reconstruct::whole_reads::{PartReads, RECORDS_A_CALL, WholePart};
use crate::report::columns::{ColumnField, fields_of_part};
use crate::report::format;
use crate::report::{Section, TableView};
use crate::study::whatif::whole_pipeline::{CrashPlace, CrashRecords, PartSides, WholePipeline};

/// Calls and tokens a call of a subagent of some size, to show what is left out.
const SUBAGENT: (i64, i64) = (20, 35_000);

impl ComparisonReport<'_> {
    /// What the summary leaves out; `None` where nothing is told of it.
    #[must_use]
    pub fn whole_section(&self) -> Option<Section> {
        let whole = self.comparison.whole.as_ref()?;
        let title = format!("The whole of {}", self.provenance.recording);
        let section = Section::new(title).with_table(parts_table(whole));
        let section = if whole.orchestrator.rows.is_empty() {
            section
        } else {
            section.with_table(orchestrator_table(whole))
        };
        let section = if whole.other_orders.is_empty() {
            section
        } else {
            let title =
                "The same fixes on the order that ran beside it: cache reads saved, each alone";
            section.with_table(self.other_orders_table(title, &whole.other_orders))
        };
        if whole.crashes.is_empty() {
            return Some(section);
        }
        Some(section.with_table(crash_table(&whole.crashes)))
    }
}

/// The title of a table of parts.
const PARTS_TITLE: &str = "Cache reads, part by part";

/// Rows of which the last one is the sum.
fn table_with_sum<'a, T>(
    title: &str,
    fields: &[ColumnField<'a, &'a T>],
    rows: &'a [T],
) -> TableView {
    let (sum, rows) = rows.split_last().map_or((None, &[][..]), |(sum, rows)| (Some(sum), rows));
    let mut view = TableView::from_fields(title, fields, rows);
    if let Some(sum) = sum {
        view.add_total_row(fields, &sum);
    }
    view
}

/// The parts, before and after where anything moves.
fn parts_table(whole: &WholePipeline) -> TableView {
    let moves = whole.parts.iter().any(|sides| sides.after != sides.before.reads);
    let mut view = table_with_sum(PARTS_TITLE, &side_fields(moves), &whole.parts);
    add_part_footnotes(&mut view);
    if moves {
        view.add_footnote(
            "after: all toggles that wait for no number; sessions from P90 to P10 of what the \
             draws save, the orchestrator wherever its toggles' parameters lie",
        );
    }
    view
}

/// The parts, their sum last, with nothing toggled.
pub(in crate::report::show) fn whole_table(parts: &[PartReads]) -> TableView {
    let mut view = table_with_sum(PARTS_TITLE, &part_fields(), parts);
    add_part_footnotes(&mut view);
    view
}

/// What a reader of the parts has to know.
fn add_part_footnotes(view: &mut TableView) {
    // In hundredths, and the words take thousandths.
    let [_, median, most] =
        RECORDS_A_CALL.map(|records| format::format_thousandths(10 * records, false));
    view.add_footnote(format!(
        "no single figure: the orchestrator's and review's reads are sums over records or over \
         calls, and nobody tells which; at the least {most} records a call, expected {median} and \
         by its chance"
    ));
    let (calls, context) = SUBAGENT;
    view.add_footnote(format!(
        "subagents stand in no total: their calls and their starts are not told. One of {calls} \
         calls at {} would be {} more",
        format::format_tokens(context, false),
        format::format_tokens(calls * context, false)
    ));
}

/// Three points of a part.
const POINTS: [(&str, &str, &str); 3] = [
    ("low", "at the least", "the least that is possible"),
    ("expected", "expected", "by the chances of what is open"),
    ("high", "at the most", "the most that is possible"),
];

/// A part of the whole, in tables and for programs.
pub(in crate::report::show) fn part_fields<'a>() -> Vec<ColumnField<'a, &'a PartReads>> {
    type Field<'a> = ColumnField<'a, &'a PartReads>;
    let mut fields = vec![Field::text("part", "part", "what it is", |it| words_of_part(&it.part))];
    for (at, (name, heading, about)) in POINTS.into_iter().enumerate() {
        let field = Field::tokens(name, heading, about, move |it| it.reads.map(|reads| reads[at]));
        fields.push(field.left_out_if_missing());
    }
    fields
}

/// The same on both sides, or before alone.
fn side_fields<'a>(has_after: bool) -> Vec<ColumnField<'a, &'a PartSides>> {
    type Field<'a> = ColumnField<'a, &'a PartSides>;
    let mut fields: Vec<Field<'a>> =
        fields_of_part(part_fields(), |it: &&'a PartSides| &it.before).collect();
    if has_after {
        let points = POINTS.into_iter().enumerate();
        fields.extend(points.map(|(at, (name, heading, about))| {
            let (name, heading) = (format!("after_{name}"), format!("after: {heading}"));
            Field::tokens(name, heading, about, move |it| it.after.map(|reads| reads[at]))
                .left_out_if_missing()
        }));
    }
    fields
}

/// What a part is.
fn words_of_part(part: &WholePart) -> String {
    match part {
        WholePart::Summary => "sessions of the summary".to_owned(),
        WholePart::Orchestrator => "orchestrator, its share".to_owned(),
        WholePart::LeftOut(name) => format!("{name}, left out of the summary"),
        WholePart::Subagents(count) => format!("subagents, {count} named"),
        WholePart::Whole => "the whole, without subagents".to_owned(),
    }
}

/// Crash records by where they stand.
fn crash_table(crashes: &[CrashRecords]) -> TableView {
    let title = "Crash records by where they stand: no tokens, they made no call";
    let mut view = table_with_sum(title, &crash_fields(), crashes);
    view.add_footnote(
        "three records a group of orphans; left: where orphans end with their session; what the \
         processes look like is in the audit",
    );
    view
}

/// Crash records, in tables and for programs.
fn crash_fields<'a>() -> Vec<ColumnField<'a, &'a CrashRecords>> {
    type Field<'a> = ColumnField<'a, &'a CrashRecords>;
    vec![
        Field::text("place", "where", "where they stand", |it| match &it.place {
            CrashPlace::UsedAgain => "process numbers used again".to_owned(),
            CrashPlace::EndOf(session) => format!("orphans at the end of {session}"),
            CrashPlace::Nowhere => "orphans that no source places".to_owned(),
            CrashPlace::All => "all of them".to_owned(),
        }),
        Field::duration("ends_ms", "it ends at", "from the start of the first session", |it| {
            it.ends_ms
        }),
        Field::count("records", "records", "how many", |it| it.records),
        Field::count("left", "left", "where orphans end with their session", |it| it.left),
    ]
}

/// The whole pipeline for programs.
pub(super) fn whole_fields<'a>() -> Vec<ReportField<'a>> {
    vec![
        ReportField::rows("parts", "cache reads, the sum last", side_fields(true), |it| {
            it.comparison.whole.iter().flat_map(|whole| &whole.parts).collect()
        }),
        ReportField::rows(
            "what_ifs",
            "another orchestrator, all together last where they are several",
            orchestrator_fields(),
            |it| {
                let others = it.comparison.whole.iter().map(|whole| &whole.orchestrator);
                others.flat_map(|other| other.rows.iter().chain(&other.together)).collect()
            },
        ),
        ReportField::rows("other_orders", "orders beside it", other_order_fields(), |it| {
            let whole = it.comparison.whole.as_ref();
            whole.map_or_else(Vec::new, |whole| it.other_order_rows(&whole.other_orders))
        }),
        ReportField::rows("crashes", "crash records, the sum last", crash_fields(), |it| {
            it.comparison.whole.iter().flat_map(|whole| &whole.crashes).collect()
        }),
    ]
}
