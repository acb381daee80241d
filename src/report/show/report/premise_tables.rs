//! What a report was reconstructed from, what was assumed and what nobody published.

use crate::fixed_point;
use crate::reconstruct::reported::Assumption;
use crate::reconstruct::{Reconstruction, ReportedRoutes};
use crate::report::{CellValue, TableCell, TableColumn, TableView};

/// Quantities that are drawn.
pub(super) fn unknowns_table(routes: &ReportedRoutes) -> TableView {
    let mut view = TableView::new(
        "Not published: drawn from these ranges",
        vec![
            TableColumn::text("unknown"),
            TableColumn::text("what"),
            TableColumn::count("low"),
            TableColumn::count("mode"),
            TableColumn::count("high"),
            TableColumn::text("why"),
        ],
    );
    for one in &routes.unknowns {
        let ends = [one.low, one.mode, one.high].map(TableCell::count);
        let mut row = vec![TableCell::text(&one.id), TableCell::text(&one.what)];
        row.extend(ends);
        row.push(TableCell::text(&one.why));
        view.add_row(row);
    }
    view
}

/// Statements that stand in for what is not told.
pub(super) fn assumptions_table(assumptions: &[Assumption]) -> TableView {
    let columns = ["assumption", "value", "could be", "why"].map(TableColumn::text).to_vec();
    let mut view = TableView::new("Assumed, because the source does not say", columns);
    for one in assumptions {
        view.add_row([&one.id, &one.value, &one.range, &one.why].map(TableCell::text).to_vec());
    }
    view
}

/// The calls that were fitted, session by session.
pub(super) fn reconstruction_table(fit: &Reconstruction) -> TableView {
    let mut view = TableView::new(
        "How sessions were reconstructed",
        vec![
            TableColumn::text("session"),
            TableColumn::text("step"),
            TableColumn::count("published"),
            TableColumn::count("calls"),
            TableColumn::text("5-95 %"),
            TableColumn::text("exponent"),
            TableColumn::tokens("mean context"),
        ],
    );
    for session in &fit.sessions {
        let published = session.calls_published.map(|n| CellValue::Count(i64::from(n)));
        let (low, high) = session.calls_range;
        let exponent = session.exponent.map_or_else(|| "none".to_owned(), fixed_point::to_decimal);
        view.add_row(vec![
            TableCell::text(&session.id),
            TableCell::text(&session.step),
            TableCell::from_option(published),
            TableCell::count(i64::from(session.calls)),
            TableCell::text(format!("{low}-{high}")),
            TableCell::text(exponent),
            TableCell::tokens(session.mean_context),
        ]);
    }
    view.add_footnote(
        "exponent: context grows as (share of calls made)^exponent; real sessions have a median of \
         0.71, 98 % of them between 0.23 and 1.82",
    );
    view
}
