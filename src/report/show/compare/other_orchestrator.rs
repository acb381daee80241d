//! Another orchestrator: what its toggles save of its reads.

use crate::plan::DispatchChange;
use crate::report::columns::ColumnField;
use crate::report::format;
use crate::report::view::ColumnKind;
use crate::report::{CellValue, TableCell, TableView};
use crate::study::whatif::other_orchestrator::OrchestratorSaving;
use crate::study::whatif::whole_pipeline::WholePipeline;

/// What another orchestrator would save.
pub(super) fn orchestrator_table(whole: &WholePipeline) -> TableView {
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
         rose; these are beside the sessions and in none of their sums; several toggles are laid \
         on one context and not added up; a fresh orchestrator writes its start again",
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

/// What is saved of the orchestrator.
pub(super) fn orchestrator_fields<'a>() -> Vec<ColumnField<'a, &'a OrchestratorSaving>> {
    type Field<'a> = ColumnField<'a, &'a OrchestratorSaving>;
    vec![
        Field::text("id", "id", "the toggles", |it| it.toggles.join("+")),
        Field::text("what", "what is changed", "what is changed", |it| words_of_change(it.change)),
        Field::tokens("saved_low", "", "saved at the least", |it| it.saved[0]),
        Field::tokens("saved_high", "", "saved at the most", |it| it.saved[1]),
        Field::share("share_low", "", "the same as a share of its reads", |it| it.share_bp[0]),
        Field::share("share_high", "", "likewise, at the most", |it| it.share_bp[1]),
        Field::from_cells(ColumnKind::Tokens, "", "saved", "least to most", |it| {
            let [low, high] = it.saved.map(CellValue::Tokens);
            TableCell::from_range(low, high)
        })
        .with_ranges(),
        Field::tokens(
            "saved_expected",
            "expected",
            "by the chances of what is open; missing of a bound",
            |it| it.expected,
        ),
        Field::from_cells(ColumnKind::Share, "", "share", "of its reads", |it| {
            let [low, high] = it.share_bp.map(CellValue::Share);
            TableCell::from_range(low, high)
        })
        .with_ranges(),
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

/// Two ends in words, once where they are the same; nothing where they are none.
fn words_between([low, high]: [i64; 2], words_of: fn(i64) -> String) -> Option<String> {
    (high != 0).then(|| {
        let words = [low, high].map(words_of);
        if low == high { words[1].clone() } else { words.join(" to ") }
    })
}

fn plain_integer(value: i64) -> String {
    format::format_integer(value, false)
}

/// Each thing that is changed, between two ends, and what no source tells of it.
fn parts_of_change(
    [low, high]: [DispatchChange; 2],
) -> impl Iterator<Item = (String, &'static str)> {
    let ends = [&low, &high];
    let told = words_between(ends.map(|it| it.handoff), plain_integer)
        .map_or_else(String::new, |tokens| format!(", told {tokens} tokens"));
    [
        high.one_per_order
            .then(|| ("one orchestrator an order".to_owned(), "how its context rose")),
        words_between(ends.map(|it| it.fresh_after), plain_integer).map(|count| {
            (format!("a fresh one after {count} dispatches{told}"), "what is handed over")
        }),
        words_between(ends.map(|it| it.less_a_result), plain_integer).map(|tokens| {
            let words = format!("results of dispatches to files, {tokens} tokens less each");
            (words, "the size of a result")
        }),
        words_between(ends.map(|it| it.shared_turns_dropped), format::plain_share).map(|share| {
            let words = format!("{share} of the shared turns not made");
            (words, "whether they are calls or records")
        }),
    ]
    .into_iter()
    .flatten()
}
