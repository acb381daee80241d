//! The queue of requests: what is known, and what is asked for.

use super::ComparisonReport;
use crate::report::columns::ColumnField;
use crate::report::format;
use crate::report::view::ColumnKind;
use crate::report::{Section, TableCell, TableView};
use crate::study::whatif::queue_summary::{QueueFigure, QueueUnit, queue_figures};

impl ComparisonReport<'_> {
    /// What is told of the queue that the recording holds; nothing where it holds none.
    pub(super) fn queue_figures(&self) -> Vec<QueueFigure> {
        let routes = self.source.routes();
        routes.map(|it| queue_figures(it, self.source.recording())).unwrap_or_default()
    }

    /// The queue; `None` where there is none.
    pub(in crate::report::show) fn queue_section(&self) -> Option<Section> {
        let figures = self.queue_figures();
        if figures.is_empty() {
            return None;
        }
        let asked = figures.iter().filter(|figure| figure.is_asked()).count();
        let mut view =
            TableView::from_fields("The queue, what is known and asked", &queue_fields(), figures);
        if asked > 0 {
            view.add_footnote(
                "what is asked for is filled in by nobody: write your queue into a short file \
                 (MODEL.md, \"The queue\") and name that in place of this recording",
            );
        }
        Some(Section::new("The queue").with_table(view))
    }
}

/// The figures in tables and for programs.
pub(super) fn queue_fields<'a>() -> Vec<ColumnField<'a, QueueFigure>> {
    type Field<'a> = ColumnField<'a, QueueFigure>;
    vec![
        Field::text("figure", "figure", "what it is", |it| it.name.clone()),
        Field::text("unit", "", "what it counts", |it| match it.unit {
            QueueUnit::Count => "count",
            QueueUnit::Tokens => "tokens",
            QueueUnit::Share => "1/10,000",
        }),
        Field::count("value", "", "its value, null where it is asked for", |it| it.value).or_null(),
        Field::from_cells(ColumnKind::Mixed, "", "value", "the same", |it| {
            it.value.map_or(TableCell::text("?"), |value| match it.unit {
                QueueUnit::Count => TableCell::count(value),
                QueueUnit::Tokens => TableCell::tokens(value),
                QueueUnit::Share => TableCell::share(value),
            })
        }),
        Field::text("note", "what follows, or what waits for it", "what follows", |it| {
            format::group_digits_in_text(&it.note)
        }),
    ]
}
