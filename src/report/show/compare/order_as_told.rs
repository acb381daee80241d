//! An order as the source of another one tells it, and what toggles would yield on such orders.

use super::{ComparisonReport, ReportField};
use crate::reconstruct::order_as_told::{SESSION_SPREAD_BP, ToldStep};
use crate::report::columns::ColumnField;
use crate::report::format;
use crate::report::view::ColumnKind;
use crate::report::{CellValue, Section, TableCell, TableView};
use crate::study::whatif::other_orders::{MissingFigure, OtherOrderSaving, SESSION_RATIO_BP};

impl ComparisonReport<'_> {
    /// The order as another source tells it; `None` where none does.
    #[must_use]
    pub fn as_told_section(&self) -> Option<Section> {
        let told = self.comparison.as_told.as_ref()?;
        let title =
            format!("{} as the source of {} tells it", self.provenance.recording, told.beside);
        let section = Section::new(title).with_table(told_steps_table(&told.steps));
        if told.savings.is_empty() {
            return Some(section);
        }
        let title = "What the fixes would yield on the sessions that are told: cache reads saved, \
                     each alone";
        let mut table = self.other_orders_table(title, &told.savings);
        if let Some([low, high]) = told.orchestrator {
            table.add_footnote(format!(
                "of the orchestrator of both, {} to {} of cache reads are this order's and in no \
                 summary",
                format::format_tokens(low, false),
                format::format_tokens(high, false)
            ));
        }
        table.add_footnote(
            "crash records are told of both orders together; no group of orphans is placed at a \
             session of this one",
        );
        Some(section.with_table(table))
    }

    /// What toggles would yield on other orders.
    pub(super) fn other_orders_table(
        &self,
        title: &str,
        savings: &[OtherOrderSaving],
    ) -> TableView {
        let mut view =
            TableView::from_fields(title, &other_order_fields(), self.other_order_rows(savings));
        view.add_footnote(format!(
            "no tokens of these sessions are told: what a session of the same step saves in the \
             pipeline beside, times the sessions, {} times, as the finished tables of both orders \
             differ",
            ratio_words(SESSION_RATIO_BP)
        ));
        view
    }

    /// The other orders with the names of the toggles.
    pub(super) fn other_order_rows<'s>(
        &'s self,
        savings: &'s [OtherOrderSaving],
    ) -> Vec<OtherOrderRow<'s>> {
        let rows = savings.iter();
        rows.map(|saving| (saving, self.comparison.toggles[saving.toggle].id)).collect()
    }
}

/// Why there is no figure, in words.
fn words_of_missing_figure(why: &MissingFigure) -> String {
    match why {
        MissingFigure::NotTold(missing) => format!("not told: {missing}"),
        MissingFigure::MovesNothing(notes) => notes.join("; "),
    }
}

/// Two ratios in ten-thousandths: `0.35 to 1.5`.
fn ratio_words(ends: [i64; 2]) -> String {
    ends.map(|bp| format::format_decimal(i128::from(bp), 4)).join(" to ")
}

/// What a toggle would yield on another order, and its id.
pub(super) type OtherOrderRow<'a> = (&'a OtherOrderSaving, &'static str);

/// What toggles would yield on other orders, in tables and for programs.
pub(super) fn other_order_fields<'a>() -> Vec<ColumnField<'a, OtherOrderRow<'a>>> {
    type Field<'a> = ColumnField<'a, OtherOrderRow<'a>>;
    vec![
        Field::text("order", "order", "its name", |it| it.0.order.as_str()),
        Field::text("toggle", "toggle", "its id", |it| it.1),
        Field::count("sessions", "sessions", "sessions in which it would save", |it| it.0.sessions),
        Field::tokens("low", "at the least", "cache reads saved", |it| {
            it.0.reads.as_ref().ok().map(|reads| reads[0])
        })
        .with_sign()
        .left_out_if_missing(),
        Field::tokens("high", "at the most", "cache reads saved", |it| {
            it.0.reads.as_ref().ok().map(|reads| reads[1])
        })
        .with_sign()
        .left_out_if_missing(),
        Field::text("why_none", "why no figure", "what would have to be told, or why none", |it| {
            it.0.reads.as_ref().err().map_or_else(String::new, words_of_missing_figure)
        }),
    ]
}

/// The sessions that are told, beside the finished table.
pub(in crate::report::show) fn told_steps_table(steps: &[ToldStep]) -> TableView {
    let sum = sum_of_told(steps);
    let fields = told_step_fields();
    let title = "Sessions that are told, and those of the finished table";
    let mut view = TableView::from_fields(title, &fields, steps);
    view.add_total_row(&fields, &&sum);
    let spread = ratio_words(SESSION_SPREAD_BP);
    view.add_footnote(format!(
        "told: the sessions, their steps and parts, and that there was no pull request yet; no \
         tokens of them. A step of which all sessions are told has its figure in the finished \
         table; of a step with later ones the told sessions have {spread} times their even part, \
         and no more than the step"
    ));
    view.add_footnote(format!(
        "time: of the finished table, shared by the sessions of a step; a repair {spread} times \
         its part"
    ));
    view
}

/// All steps as one.
fn sum_of_told(steps: &[ToldStep]) -> ToldStep {
    ToldStep {
        step: "all of them".to_owned(),
        parts: Vec::new(),
        ended: Vec::new(),
        sessions: steps.iter().map(|step| step.sessions).sum(),
        finished: steps.iter().map(|step| step.finished).sum(),
        reads: [0, 1].map(|end| steps.iter().map(|step| step.reads[end]).sum()),
        finished_reads: steps.iter().map(|step| step.finished_reads).sum(),
        time_ms: [0, 1].map(|end| steps.iter().map(|step| step.time_ms[end]).sum()),
    }
}

/// A step as it is told, in tables and for programs.
pub(in crate::report::show) fn told_step_fields<'a>() -> Vec<ColumnField<'a, &'a ToldStep>> {
    type Field<'a> = ColumnField<'a, &'a ToldStep>;
    vec![
        Field::text("step", "step", "its name", |it| it.step.as_str()),
        Field::count("sessions", "told", "sessions that are told", |it| it.sessions),
        Field::count("finished", "finished", "sessions of the finished table", |it| it.finished),
        Field::text("parts", "parts", "the same by part of the work", |it| {
            let parts = it.parts.iter().filter(|(part, _)| !part.is_empty());
            let words: Vec<String> =
                parts.map(|(part, sessions)| format!("{part} {sessions}")).collect();
            words.join(", ")
        }),
        Field::text("ended", "ended", "how they ended, where told", |it| {
            let ended = it.ended.iter().map(|(part, how)| format!("{part}: {how}"));
            ended.collect::<Vec<_>>().join(", ")
        }),
        Field::tokens("read_low", "", "cache reads of those told, the least", |it| it.reads[0]),
        Field::tokens("read_high", "", "likewise, the most", |it| it.reads[1]),
        Field::from_cells(ColumnKind::Tokens, "", "read, told", "least to most", |it| {
            let [low, high] = it.reads.map(CellValue::Tokens);
            TableCell::from_range(low, high)
        })
        .with_ranges(),
        Field::tokens("finished_read", "read, finished", "of the finished table", |it| {
            it.finished_reads
        }),
        Field::duration("time_low_ms", "", "how long those told took, the least", |it| {
            it.time_ms[0]
        }),
        Field::duration("time_high_ms", "", "likewise, the most", |it| it.time_ms[1]),
        Field::from_cells(ColumnKind::Duration, "", "time, told", "least to most", |it| {
            let [low, high] = it.time_ms.map(CellValue::Duration);
            TableCell::from_range(low, high)
        })
        .with_ranges(),
    ]
}

/// The order as told, for programs.
pub(super) fn as_told_fields<'a>() -> Vec<ReportField<'a>> {
    vec![
        ReportField::text("beside", "", "the pipeline whose source tells of it", move |it| {
            it.comparison.as_told.as_ref().map(|told| told.beside.as_str())
        }),
        ReportField::rows("steps", "step by step", told_step_fields(), move |it| {
            it.comparison.as_told.iter().flat_map(|told| &told.steps).collect()
        }),
        ReportField::rows("savings", "what toggles would yield", other_order_fields(), move |it| {
            let told = it.comparison.as_told.as_ref();
            told.map_or_else(Vec::new, |told| it.other_order_rows(&told.savings))
        }),
    ]
}
