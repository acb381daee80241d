//! The whole of a pipeline with its orchestrator, and what another orchestrator would save.

use super::{ComparisonReport, ReportField};
use crate::plan::DispatchChange;
use crate::reconstruct::whole_reads::WholePart;
use crate::report::columns::ColumnField;
use crate::report::format;
use crate::report::view::ColumnKind;
use crate::report::{CellValue, Section, TableCell, TableView};
use crate::study::whatif::other_orchestrator::OrchestratorSaving;
use crate::study::whatif::other_orders::OtherOrderSaving;
use crate::study::whatif::whole_pipeline::{PartSides, WholePipeline};

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
        if whole.other_orders.is_empty() {
            return Some(section);
        }
        Some(section.with_table(self.other_orders_table(whole)))
    }

    /// What the toggles would yield on the other orders.
    fn other_orders_table(&self, whole: &WholePipeline) -> TableView {
        let title = "The same fixes on the order that ran beside it: cache reads saved, each alone";
        let mut view =
            TableView::from_fields(title, &other_order_fields(), self.other_order_rows(whole));
        view.add_footnote(
            "no tokens of its sessions are told: what a session of the same step saves here, times \
             its sessions, 0.35 to 1.5 times, as the finished tables of both orders differ; \
             nothing where the source does not tell that there was anything to fix",
        );
        view
    }

    /// The other orders with the names of the toggles.
    pub(super) fn other_order_rows<'s>(
        &'s self,
        whole: &'s WholePipeline,
    ) -> Vec<OtherOrderRow<'s>> {
        let rows = whole.other_orders.iter();
        rows.map(|saving| (saving, self.comparison.toggles[saving.toggle].id)).collect()
    }
}

/// What a toggle would yield on another order, and its id.
pub(super) type OtherOrderRow<'a> = (&'a OtherOrderSaving, &'static str);

/// What toggles would yield on other orders, in tables and for programs.
fn other_order_fields<'a>() -> Vec<ColumnField<'a, OtherOrderRow<'a>>> {
    type Field<'a> = ColumnField<'a, OtherOrderRow<'a>>;
    vec![
        Field::text("order", "order", "its name", |it| it.0.order.as_str()),
        Field::text("toggle", "toggle", "its id", |it| it.1),
        Field::count("sessions", "sessions", "sessions in which it would save", |it| it.0.sessions),
        Field::tokens("low", "at the least", "cache reads saved", |it| {
            it.0.reads.map(|reads| reads[0])
        })
        .with_sign()
        .left_out_if_missing(),
        Field::tokens("high", "at the most", "cache reads saved", |it| {
            it.0.reads.map(|reads| reads[1])
        })
        .with_sign()
        .left_out_if_missing(),
    ]
}

/// The parts, before and after where anything moves.
fn parts_table(whole: &WholePipeline) -> TableView {
    let moves = whole.parts.iter().any(|sides| sides.after != sides.before.reads);
    let mut fields = part_fields();
    if moves {
        fields.extend(after_fields());
    }
    let (last, parts) =
        whole.parts.split_last().map_or((None, &[][..]), |(last, parts)| (Some(last), parts));
    let mut view = TableView::from_fields("Cache reads, part by part", &fields, parts);
    if let Some(last) = last {
        view.add_total_row(&fields, &last);
    }
    add_part_footnotes(&mut view);
    if moves {
        view.add_footnote(
            "after: all toggles that wait for no number; sessions from P90 to P10 of what the \
             draws save, the orchestrator wherever its toggles' parameters lie",
        );
    }
    view
}

/// What a reader of the parts has to know.
pub(in crate::report::show) fn add_part_footnotes(view: &mut TableView) {
    view.add_footnote(
        "no single figure: the orchestrator's and review's reads are sums over records or over \
         calls, and nobody tells which; at the least 2.83 records a call, expected 1.99 and by \
         its chance",
    );
    let (calls, context) = SUBAGENT;
    view.add_footnote(format!(
        "subagents stand in no total: their calls and their starts are not told. One of {calls} \
         calls at {} would be {} more",
        format::format_tokens(context, false),
        format::format_tokens(calls * context, false)
    ));
}

/// What another orchestrator would save.
fn orchestrator_table(whole: &WholePipeline) -> TableView {
    let (title, other) =
        ("Another orchestrator: saved of its cache reads for all orders", &whole.orchestrator);
    let fields = orchestrator_fields();
    let mut view = TableView::from_fields(title, &fields, &other.rows);
    if let Some(together) = &other.together {
        view.add_total_row(&fields, &together);
    }
    let [records, calls] = whole.orchestrator_reads;
    view.add_footnote(format!(
        "of {} if its figures are sums over records, of {} if over calls, and however its context \
         rose; these are beside the sessions and in none of their sums; several toggles are laid on \
         one context and not added up; a fresh orchestrator writes its start again",
        format::format_tokens(records, false),
        format::format_tokens(calls, false)
    ));
    let waiting = other.rows.iter().filter(|row| row.is_bound);
    let mut waiting: Vec<&str> = waiting.flat_map(|row| row.toggles.iter().copied()).collect();
    waiting.dedup();
    if !waiting.is_empty() {
        view.add_footnote(format!(
            "{}: bounds, for no source gives the number",
            waiting.join(", ")
        ));
    }
    if !other.is_chosen {
        let ids = other.rows.iter().filter(|row| row.toggles.len() == 1);
        let mut ids: Vec<&str> = ids.flat_map(|row| row.toggles.iter().copied()).collect();
        ids.dedup();
        view.add_footnote(format!(
            "none of them was chosen: each stands as its card has it; switch on with `--with {}`",
            ids.join(",")
        ));
    }
    view.add_footnote(
        "no dollars: no source names the orchestrator's model, nor what it writes and says",
    );
    view
}

/// Three points of a part.
const POINTS: [(&str, &str, &str); 3] = [
    ("low", "at the least", "the least that is possible"),
    ("expected", "expected", "by the chances of what is open"),
    ("high", "at the most", "the most that is possible"),
];

/// A part of the whole, in tables and for programs.
fn part_fields<'a>() -> Vec<ColumnField<'a, &'a PartSides>> {
    type Field<'a> = ColumnField<'a, &'a PartSides>;
    let mut fields =
        vec![Field::text("part", "part", "what it is", |it| words_of_part(&it.before.part))];
    for (at, (name, heading, about)) in POINTS.into_iter().enumerate() {
        let reads = move |it: &&'a PartSides| it.before.reads.map(|reads| reads[at]);
        fields.push(Field::tokens(name, heading, about, reads).left_out_if_missing());
    }
    fields
}

/// The same with all toggles.
fn after_fields<'a>() -> Vec<ColumnField<'a, &'a PartSides>> {
    type Field<'a> = ColumnField<'a, &'a PartSides>;
    let points = POINTS.into_iter().enumerate();
    let fields = points.map(|(at, (name, heading, about))| {
        let reads = move |it: &&'a PartSides| it.after.map(|reads| reads[at]);
        let (name, heading) = (format!("after_{name}"), format!("after: {heading}"));
        Field::tokens(name, heading, about, reads).left_out_if_missing()
    });
    fields.collect()
}

/// What a part is.
pub(in crate::report::show) fn words_of_part(part: &WholePart) -> String {
    match part {
        WholePart::Summary => "sessions of the summary".to_owned(),
        WholePart::Orchestrator => "orchestrator, its share".to_owned(),
        WholePart::LeftOut(name) => format!("{name}, left out of the summary"),
        WholePart::Subagents(count) => format!("subagents, {count} named"),
        WholePart::Whole => "the whole, without subagents".to_owned(),
    }
}

/// What is saved of the orchestrator.
fn orchestrator_fields<'a>() -> Vec<ColumnField<'a, &'a OrchestratorSaving>> {
    type Field<'a> = ColumnField<'a, &'a OrchestratorSaving>;
    let range = |kind: ColumnKind, heading, about, cell: fn(&OrchestratorSaving) -> TableCell| {
        Field::from_cells(kind, "", heading, about, move |it: &&'a OrchestratorSaving| cell(it))
            .with_ranges()
    };
    vec![
        Field::text("id", "id", "the toggles", |it| it.toggles.join("+")),
        Field::text("what", "what is changed", "what is changed", |it| words_of_change(it.change)),
        Field::tokens("saved_low", "", "saved at the least", |it| it.saved[0]),
        Field::tokens("saved_high", "", "saved at the most", |it| it.saved[1]),
        Field::share("share_low", "", "the same as a share of its reads", |it| it.share_bp[0]),
        Field::share("share_high", "", "likewise, at the most", |it| it.share_bp[1]),
        range(ColumnKind::Tokens, "saved", "least to most", |it| {
            TableCell::from_range(CellValue::Tokens(it.saved[0]), CellValue::Tokens(it.saved[1]))
        }),
        Field::tokens(
            "saved_expected",
            "expected",
            "by the chances of what is open; missing of a bound",
            |it| it.expected,
        ),
        range(ColumnKind::Share, "share", "of its reads", |it| {
            TableCell::from_range(
                CellValue::Share(it.share_bp[0]),
                CellValue::Share(it.share_bp[1]),
            )
        }),
        Field::text("open", "hangs on", "what no source tells", |it| {
            parts_of_change(it.change).map(|(_, open)| open).collect::<Vec<_>>().join(", ")
        }),
    ]
}

/// What is changed, in words.
fn words_of_change(change: [DispatchChange; 2]) -> String {
    let words: Vec<String> = parts_of_change(change).map(|(words, _)| words).collect();
    words.join("; ")
}

/// Each thing that is changed, between two ends, and what no source tells of it.
fn parts_of_change(
    [low, high]: [DispatchChange; 2],
) -> impl Iterator<Item = (String, &'static str)> {
    let number = |of: fn(&DispatchChange) -> i64| {
        let [low, high] = [of(&low), of(&high)];
        (high != 0).then(|| {
            let words = [low, high].map(|value| format::format_integer(value, false));
            if low == high { words[1].clone() } else { words.join(" to ") }
        })
    };
    let share = |of: fn(&DispatchChange) -> i64| {
        let [low, high] = [of(&low), of(&high)];
        (high != 0).then(|| {
            let words =
                [low, high].map(|bp| format::format_share(bp, format::NumberStyle::default()));
            if low == high { words[1].clone() } else { words.join(" to ") }
        })
    };
    let told = number(|it| it.handoff).map_or_else(String::new, |tokens| {
        format!(", told {tokens} tokens")
    });
    [
        high.one_per_order
            .then(|| ("one orchestrator an order".to_owned(), "how its context rose")),
        number(|it| it.fresh_after).map(|count| {
            (format!("a fresh one after {count} dispatches{told}"), "what is handed over")
        }),
        number(|it| it.less_a_result).map(|tokens| {
            let words = format!("results of dispatches to files, {tokens} tokens less each");
            (words, "the size of a result")
        }),
        share(|it| it.shared_turns_dropped).map(|share| {
            let words = format!("{share} of the shared turns not made");
            (words, "whether they are calls or records")
        }),
    ]
    .into_iter()
    .flatten()
}

/// The whole pipeline for programs.
pub(super) fn whole_fields<'a>() -> Vec<ReportField<'a>> {
    let mut parts = part_fields();
    parts.extend(after_fields());
    vec![
        ReportField::rows("parts", "cache reads, the sum last", parts, |it| {
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
            it.comparison.whole.as_ref().map_or_else(Vec::new, |whole| it.other_order_rows(whole))
        }),
    ]
}
