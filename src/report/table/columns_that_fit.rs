//! Which columns of a table fit on a screen, and how wide each of them is.

use super::words::{text_width, widest_word};
use crate::report::view::{Alignment, ColumnKind, KEPT, TableLook, TableView};

/// Words in a table are wrapped here, so that no long cell pushes the others off the screen.
const MOST_WORDS_WIDTH: usize = 64;
/// Columns of words are not squeezed below this as long as another column can go.
const FEWEST_WORDS_WIDTH: usize = 18;
/// On narrower screens words of a first screen are wrapped too, before a figure goes.
const NARROW_SCREEN: u16 = 60;

/// A column that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownColumn {
    /// Its number in the view.
    pub at: usize,
    /// How wide its text is, without what sets it apart.
    pub width: usize,
}

/// What a column takes at least and at most.
#[derive(Clone, Copy)]
struct ColumnNeed {
    at: usize,
    least: usize,
    most: usize,
    rank: u8,
}

/// The blanks before and behind the text of a column, beside the one between two columns.
pub fn column_padding(look: TableLook, align: Alignment) -> (usize, usize) {
    match (look, align) {
        (TableLook::Full, Alignment::Right) => (1, 0),
        (TableLook::FirstScreen, _) | (TableLook::Full, Alignment::Left) => (0, 1),
    }
}

/// The columns that fit, from left to right. `cells` has the words of all rows. Numbers are never
/// broken and ids are kept: where these alone are too wide, columns of words are squeezed.
pub fn columns_that_fit(
    view: &TableView,
    cells: &[Vec<String>],
    screen: Option<u16>,
) -> Vec<ShownColumn> {
    let is_narrow = screen.is_some_and(|columns| columns < NARROW_SCREEN);
    let needs = column_needs(view, cells, is_narrow);
    let Some(screen) = screen else {
        let all = needs.iter().map(|need| ShownColumn { at: need.at, width: need.most });
        return all.collect();
    };
    let room = usize::from(screen);
    let mut shown: Vec<ColumnNeed> =
        needs.into_iter().filter(|need| view.columns[need.at].least_screen <= screen).collect();
    let mut gone = Vec::new();
    while least_width(view, &shown) > room {
        // Of equal ranks the rightmost goes first.
        let droppable = shown.iter().filter(|need| need.rank != KEPT);
        let Some(next) = droppable.rev().min_by_key(|need| need.rank).copied() else { break };
        shown.retain(|need| need.at != next.at);
        gone.push(next);
    }
    // A narrow one that went before a wide one may fit again; the last that went comes first.
    for need in gone.into_iter().rev() {
        let mut more = shown.clone();
        more.insert(more.partition_point(|other| other.at < need.at), need);
        if least_width(view, &more) <= room {
            shown = more;
        }
    }
    let frame = frame_width(view, &shown);
    share_out_room(&shown, room.saturating_sub(frame))
}

/// What some columns take at the least.
fn least_width(view: &TableView, shown: &[ColumnNeed]) -> usize {
    frame_width(view, shown) + shown.iter().map(|need| need.least).sum::<usize>()
}

/// What all columns take beside their text.
fn frame_width(view: &TableView, shown: &[ColumnNeed]) -> usize {
    let paddings = shown.iter().enumerate().map(|(nth, need)| {
        let (before, behind) = column_padding(view.look, view.columns[need.at].align);
        // Blanks at the end of a line are not written.
        if nth + 1 == shown.len() { before } else { before + behind + 1 }
    });
    paddings.sum()
}

fn column_needs(view: &TableView, cells: &[Vec<String>], is_narrow: bool) -> Vec<ColumnNeed> {
    let needs = view.columns.iter().enumerate().map(|(at, column)| {
        let words = cells.iter().map(|row| row[at].as_str());
        let widest = words.clone().map(text_width).max().unwrap_or(0);
        let heading = (text_width(&column.heading), widest_word(&column.heading));
        // Ids and titles: what stands leftmost, and the words behind it.
        let is_name = at == 0
            || (at == 1 && view.columns[..2].iter().all(|column| column.kind == ColumnKind::Text));
        let rank = if is_name { KEPT } else { column.rank };
        let (least, most) = if column.align == Alignment::Left {
            let most = widest.max(heading.0).min(MOST_WORDS_WIDTH);
            let unbroken = words.map(widest_word).max().unwrap_or(0).max(heading.1);
            (unbroken.max(FEWEST_WORDS_WIDTH).min(most), most)
        } else {
            // Half of a figure would be another figure.
            (widest.max(heading.1), widest.max(heading.0))
        };
        let is_whole = view.look == TableLook::FirstScreen && !is_narrow;
        let least = if is_whole { most.max(heading.0) } else { least };
        ColumnNeed { at, least, most: most.max(least), rank }
    });
    needs.collect()
}

/// Gives every column what it needs at least, and what is left to those that can use it.
fn share_out_room(shown: &[ColumnNeed], room: usize) -> Vec<ShownColumn> {
    let mut widths: Vec<usize> = shown.iter().map(|need| need.least).collect();
    let mut left = room.saturating_sub(widths.iter().sum());
    // Those that lack least first, so that as many as possible have all they can use.
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|&nth| (shown[nth].most - shown[nth].least, nth));
    for (done, &nth) in order.iter().enumerate() {
        let fair = left / (order.len() - done);
        let more = fair.min(shown[nth].most - shown[nth].least);
        widths[nth] += more;
        left -= more;
    }
    // Where even the least is too much, the widest columns give way.
    let mut lacking = widths.iter().sum::<usize>().saturating_sub(room);
    while lacking > 0 {
        let Some(widest) = (0..widths.len()).max_by_key(|&nth| widths[nth]) else { break };
        if widths[widest] <= 4 {
            break;
        }
        widths[widest] -= 1;
        lacking -= 1;
    }
    let columns = shown.iter().zip(widths);
    columns.map(|(need, width)| ShownColumn { at: need.at, width }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{TableCell, TableColumn};

    /// The headings that are shown on a screen of some columns.
    fn check(look: TableLook, screen: u16, expect: &[&str]) {
        let columns = vec![
            TableColumn::text("id"),
            TableColumn::text("title"),
            TableColumn::tokens("saves"),
            TableColumn::text("band").flush_right().with_rank(1),
            TableColumn::text("places").flush_right(),
            TableColumn::text("risk").flush_right().from_width(100),
        ];
        let mut view = TableView::new("t", columns);
        view.look = look;
        let words = ["R7", "Wait in background, do not poll", "", "13 M to 58 M", "218", "2"];
        let row: Vec<String> = words.map(str::to_owned).to_vec();
        view.add_row(
            words
                .iter()
                .enumerate()
                .map(|(at, words)| match at {
                    2 => TableCell::tokens(29_400_000),
                    _ => TableCell::text(*words),
                })
                .collect(),
        );
        let shown = columns_that_fit(&view, &[row], Some(screen));
        let names: Vec<&str> =
            shown.iter().map(|column| &*view.columns[column.at].heading).collect();
        assert_eq!(names, expect, "{look:?} at {screen}");
        let width: usize = shown.iter().map(|column| column.width + 2).sum();
        assert!(width <= usize::from(screen) + 2, "{width} of {screen}");
    }

    #[test]
    fn columns_go_by_rank_then_from_the_right() {
        let all = ["id", "title", "saves", "band", "places", "risk"];
        for look in [TableLook::Full, TableLook::FirstScreen] {
            check(look, 100, &all);
            check(look, 80, &all[..5]);
        }
        check(TableLook::FirstScreen, 60, &["id", "title", "saves", "band"]);
        // On narrow screens words give way before a figure does.
        check(TableLook::FirstScreen, 45, &["id", "title", "saves", "band"]);
        check(TableLook::FirstScreen, 30, &["id", "title", "saves"]);
        check(TableLook::Full, 40, &["id", "title", "band"]);
    }
}
