//! The whole of a pipeline with its orchestrator, and what another orchestrator would save.

use super::{ComparisonReport, ReportField};
use crate::report::columns::ColumnField;
use crate::report::format;
use crate::report::view::ColumnKind;
use crate::report::{CellValue, Section, TableCell, TableView};
use crate::study::whatif::other_orders::OtherOrderSaving;
use crate::study::whatif::whole_pipeline::{
    OrchestratorChange, OrchestratorWhatIf, PartReads, WholePart, WholePipeline,
};

/// Calls and tokens a call of a subagent of some size, to show what is left out.
const SUBAGENT: (i64, i64) = (20, 35_000);

impl ComparisonReport<'_> {
    /// What the summary leaves out; `None` where nothing is told of it.
    #[must_use]
    pub fn whole_section(&self) -> Option<Section> {
        let whole = self.comparison.whole.as_ref()?;
        let title = format!("The whole of {}", self.provenance.recording);
        let section = Section::new(title).with_table(parts_table(whole));
        let section = if whole.what_ifs.is_empty() {
            section
        } else {
            section.with_table(what_ifs_table(whole))
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

fn parts_table(whole: &WholePipeline) -> TableView {
    let fields = part_fields();
    let (last, parts) =
        whole.parts.split_last().map_or((None, &[][..]), |(last, parts)| (Some(last), parts));
    let mut view = TableView::from_fields("Cache reads, part by part", &fields, parts);
    if let Some(last) = last {
        view.add_total_row(&fields, &last);
    }
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
    view
}

fn what_ifs_table(whole: &WholePipeline) -> TableView {
    let title = "Another orchestrator: saved of its cache reads for all orders";
    let mut view = TableView::from_fields(title, &what_if_fields(), &whole.what_ifs);
    let [records, calls] = whole.orchestrator_reads;
    view.add_footnote(format!(
        "of {} if its figures are sums over records, of {} if over calls, and however its context \
         rose; these are beside the toggles and in none of their sums; a fresh orchestrator writes \
         its start again",
        format::format_tokens(records, false),
        format::format_tokens(calls, false)
    ));
    view
}

/// A part of the whole, in tables and for programs.
fn part_fields<'a>() -> Vec<ColumnField<'a, &'a PartReads>> {
    type Field<'a> = ColumnField<'a, &'a PartReads>;
    let mut fields = vec![Field::text("part", "part", "what it is", |it| match &it.part {
        WholePart::Summary => "sessions of the summary".to_owned(),
        WholePart::Orchestrator => "orchestrator, its share".to_owned(),
        WholePart::LeftOut(name) => format!("{name}, left out of the summary"),
        WholePart::Subagents(count) => format!("subagents, {count} named"),
        WholePart::Whole => "the whole, without subagents".to_owned(),
    })];
    let points = [
        ("low", "at the least", "the least that is possible"),
        ("expected", "expected", "by the chances of what is open"),
        ("high", "at the most", "the most that is possible"),
    ];
    for (at, (name, heading, about)) in points.into_iter().enumerate() {
        let reads = move |it: &&'a PartReads| it.reads.map(|reads| reads[at]);
        fields.push(Field::tokens(name, heading, about, reads).left_out_if_missing());
    }
    fields
}

/// A what-if of the orchestrator.
fn what_if_fields<'a>() -> Vec<ColumnField<'a, &'a OrchestratorWhatIf>> {
    type Field<'a> = ColumnField<'a, &'a OrchestratorWhatIf>;
    let range = |kind: ColumnKind, heading, about, cell: fn(&OrchestratorWhatIf) -> TableCell| {
        Field::from_cells(kind, "", heading, about, move |it: &&'a OrchestratorWhatIf| cell(it))
            .with_ranges()
    };
    vec![
        Field::text("id", "id", "its id", |it| words_of_change(it.change).0),
        Field::text("what", "what is changed", "what is changed", |it| {
            words_of_change(it.change).1
        }),
        Field::tokens("saved_low", "", "saved at the least", |it| it.saved[0]),
        Field::tokens("saved_high", "", "saved at the most", |it| it.saved[1]),
        Field::share("share_low", "", "the same as a share of its reads", |it| it.share_bp[0]),
        Field::share("share_high", "", "likewise, at the most", |it| it.share_bp[1]),
        range(ColumnKind::Tokens, "saved", "least to most", |it| {
            TableCell::from_range(CellValue::Tokens(it.saved[0]), CellValue::Tokens(it.saved[1]))
        }),
        range(ColumnKind::Share, "share", "of its reads", |it| {
            TableCell::from_range(
                CellValue::Share(it.share_bp[0]),
                CellValue::Share(it.share_bp[1]),
            )
        }),
        Field::text("open", "hangs on", "what no source tells", |it| words_of_change(it.change).2),
    ]
}

/// The id of a what-if, what is changed, and what no source tells of it.
fn words_of_change(change: OrchestratorChange) -> (&'static str, String, &'static str) {
    match change {
        OrchestratorChange::OnePerOrder => {
            ("T1", "one orchestrator an order".to_owned(), "how its context rose")
        }
        OrchestratorChange::FreshAfter { dispatches, one_per_order } => {
            let count = format::format_integer(dispatches as i64, false);
            let what = format!("a fresh one after {count} dispatches");
            let (id, what) =
                if one_per_order { ("T1+T2", what + ", one an order") } else { ("T2", what) };
            (id, what, "what is handed over")
        }
        OrchestratorChange::SmallerResults { tokens, is_bound } => {
            let tokens = format::format_integer(tokens, false);
            let what = if is_bound {
                format!("the same, the whole growth a dispatch: {tokens} tokens")
            } else {
                format!("results of dispatches to files, {tokens} tokens less each")
            };
            ("T3", what, "the size of a result")
        }
        OrchestratorChange::NoSharedTurns => {
            ("T4", "none of the shared turns".to_owned(), "whether they are calls or records")
        }
    }
}

/// The whole pipeline for programs.
pub(super) fn whole_fields<'a>() -> Vec<ReportField<'a>> {
    vec![
        ReportField::rows("parts", "cache reads, the sum last", part_fields(), |it| {
            it.comparison.whole.iter().flat_map(|whole| &whole.parts).collect()
        }),
        ReportField::rows("what_ifs", "another orchestrator", what_if_fields(), |it| {
            it.comparison.whole.iter().flat_map(|whole| &whole.what_ifs).collect()
        }),
        ReportField::rows("other_orders", "orders beside it", other_order_fields(), |it| {
            it.comparison.whole.as_ref().map_or_else(Vec::new, |whole| it.other_order_rows(whole))
        }),
    ]
}
