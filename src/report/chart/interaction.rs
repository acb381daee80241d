//! The heat map of pairs: which toggles save the same tokens, and which help each other.

use super::super::view::{TableCell, TableColumn};
use super::row_grid::widest_text;
use super::sheet::{
    GRID, LEGEND, LegendMark, MARGIN, Sheet, SheetFrame, body_text, bold_width_of, cut_to_width,
};
use super::theme::Hue;
use super::{Chart, ChartUnit, TableView};

/// One toggle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InteractionToggle {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it saves alone.
    pub alone: i128,
    /// What it and each toggle save together beyond both, in the order of the toggles; nothing with
    /// itself.
    pub interaction_with: Vec<i128>,
}

impl InteractionToggle {
    /// The largest interaction with any other toggle, in either direction.
    fn strongest_interaction(&self) -> i128 {
        self.interaction_with.iter().map(|amount| amount.abs()).max().unwrap_or(0)
    }
}

/// What the pairs of some toggles save together beyond the sum of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InteractionChart {
    /// What the chart shows.
    pub title: String,
    /// What the numbers count, in words.
    pub axis: String,
    /// What the numbers count.
    pub unit: ChartUnit,
    /// The toggles in order.
    pub toggles: Vec<InteractionToggle>,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

const ROW: i32 = 34;
const TOP: i32 = 118;
const LABEL: i32 = 13;
const NUMBER: i32 = 11;

/// As many toggles are drawn; the table holds all.
const MAX_DRAWN_TOGGLES: usize = 16;

/// The strongest colour in percent: numbers in ink can still be read on it. Colours follow the
/// square root of a number, so that one strong pair does not leave the others blank.
const DEEPEST_PERCENT: i128 = 62;

const OVERLAP_HUE: Hue = Hue::Vermillion;
const SYNERGY_HUE: Hue = Hue::Blue;

impl Chart for InteractionChart {
    fn draw_sheet(&self) -> Sheet {
        let (shown, notes) = self.drawn_toggles();
        let toggles: Vec<&InteractionToggle> = shown.iter().map(|at| &self.toggles[*at]).collect();
        let names: Vec<String> = toggles.iter().map(|t| format!("{} {}", t.id, t.title)).collect();
        let label = widest_text(names.iter().map(String::as_str), LABEL).clamp(60, 290);
        let amounts = toggles.iter().flat_map(|t| shown.iter().map(|at| t.interaction_with[*at]));
        let amounts: Vec<i128> = amounts.chain(toggles.iter().map(|t| t.alone)).collect();
        // All cells are as wide as the widest number, its sign and unit included.
        let numbers =
            amounts.iter().map(|n| bold_width_of(&self.unit.format_amount(*n, true), NUMBER));
        let cell = numbers.max().unwrap_or(0).max(44) + 14;
        let count = i32::try_from(toggles.len()).expect("few toggles");
        let left = MARGIN + label + 12;
        let width = (left + count * cell + MARGIN).max(720);
        let bottom = TOP + count * ROW;
        let subtitle = [vec![self.axis.clone()], notes].concat().join("; ");
        let mut sheet = SheetFrame::new(&self.title, &self.footer, width)
            .with_subtitle(&subtitle)
            .into_sheet(bottom + 8);
        draw_legend(&mut sheet);
        let deepest =
            toggles.iter().flat_map(|t| shown.iter().map(|at| t.interaction_with[*at].abs()));
        // Where nothing depends on anything, no cell is divided by nothing.
        let deepest = deepest.max().unwrap_or(0).max(1);
        for (row, (one, name)) in (0..).zip(toggles.iter().zip(&names)) {
            let (top, end) = ((TOP + row * ROW) * GRID, (TOP + (row + 1) * ROW) * GRID);
            let y = i32::midpoint(top, end);
            let how = body_text(LABEL).align_right();
            sheet.add_text(&cut_to_width(name, how, label), ((left - 10) * GRID, y), how);
            let middle = (left + row * cell + cell / 2) * GRID;
            let how = body_text(12).in_bold().align_centre();
            sheet.add_text(&cut_to_width(&one.id, how, cell - 4), (middle, (TOP - 12) * GRID), how);
            for (column, at) in (0..=row).zip(&shown) {
                let x = ((left + column * cell) * GRID, (left + (column + 1) * cell) * GRID);
                let place = (x, (top, end));
                // The lower half alone: an interaction is the same in both directions. What the
                // diagonal shows is of another kind, so that it has a colour of its own.
                if column == row {
                    self.draw_cell(&mut sheet, place, one.alone, (Hue::Rule, 100), true);
                } else {
                    let amount = one.interaction_with[*at];
                    // The square root of amount by deepest, in percent of the deepest colour.
                    let opacity =
                        (amount.abs() * DEEPEST_PERCENT * DEEPEST_PERCENT / deepest).isqrt();
                    let opacity = u8::try_from(opacity).unwrap_or(0);
                    let hue = if amount < 0 { OVERLAP_HUE } else { SYNERGY_HUE };
                    self.draw_cell(&mut sheet, place, amount, (hue, opacity), false);
                }
            }
        }
        sheet
    }

    fn data_table(&self) -> TableView {
        let columns = vec![
            TableColumn::text("toggle"),
            TableColumn::text("with"),
            self.unit.table_column("interaction").with_sign(),
            self.unit.table_column("alone").with_sign(),
        ];
        let mut view = TableView::new("Pairs of toggles", columns);
        for (row, one) in self.toggles.iter().enumerate() {
            // Each pair once, below the diagonal; on it stands what the toggle saves alone.
            for (other, amount) in self.toggles.iter().zip(&one.interaction_with).take(row) {
                let [one, other] = [&one.id, &other.id].map(TableCell::text);
                view.add_row(vec![one, other, self.unit.to_cell(*amount), TableCell::missing()]);
            }
            let [one_id, same_id] = [&one.id; 2].map(TableCell::text);
            let alone = self.unit.to_cell(one.alone);
            view.add_row(vec![one_id, same_id, TableCell::missing(), alone]);
        }
        view
    }
}

impl InteractionChart {
    /// One number on its colour.
    fn draw_cell(
        &self,
        sheet: &mut Sheet,
        (x, y): ((i32, i32), (i32, i32)),
        amount: i128,
        (hue, opacity): (Hue, u8),
        bold: bool,
    ) {
        let inner = ((x.0 + GRID, x.1 - GRID), (y.0 + GRID, y.1 - GRID));
        // A pale ground, so that a number without a colour is still in a cell.
        sheet.add_translucent_bar(inner.0, inner.1, Hue::Rule, 22);
        if opacity > 0 {
            sheet.add_translucent_bar(inner.0, inner.1, hue, opacity);
        }
        let how = body_text(NUMBER).align_centre();
        let how = if bold { how.in_bold() } else { how };
        let middle = (i32::midpoint(x.0, x.1), i32::midpoint(y.0, y.1));
        sheet.add_text(&self.unit.format_amount(amount, true), middle, how);
    }

    /// The toggles that are drawn, by their places, and what is said of the others.
    fn drawn_toggles(&self) -> (Vec<usize>, Vec<String>) {
        let strengths: Vec<i128> =
            self.toggles.iter().map(InteractionToggle::strongest_interaction).collect();
        let all = 0..self.toggles.len();
        let (mut shown, idle): (Vec<_>, Vec<_>) = all.partition(|at| strengths[*at] > 0);
        // The strongest are chosen, and then drawn in the order of the list.
        shown.sort_by_key(|at| -strengths[*at]);
        let weak = shown.len().saturating_sub(MAX_DRAWN_TOGGLES);
        shown.truncate(MAX_DRAWN_TOGGLES);
        shown.sort_unstable();
        let mut notes = Vec::new();
        if weak > 0 {
            notes.push(format!("{weak} more depend less on others"));
        }
        if !idle.is_empty() {
            let ids: Vec<&str> = idle.iter().map(|at| self.toggles[*at].id.as_str()).collect();
            notes.push(format!("on their own: {}", ids.join(", ")));
        }
        (shown, notes)
    }
}

fn draw_legend(sheet: &mut Sheet) {
    let entries = [
        (LegendMark::Box, OVERLAP_HUE, "both save the same"),
        (LegendMark::Box, SYNERGY_HUE, "help each other"),
        (LegendMark::Box, Hue::Rule, "on the diagonal: what the fix saves alone"),
    ];
    sheet.add_legend((MARGIN, LEGEND), &entries);
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_chart;
    use super::*;

    /// Toggles that save `alone` each, and pairs of them by their places.
    fn chart(alone: &[i128], pairs: &[(usize, usize, i128)]) -> InteractionChart {
        let toggle = |(n, saved): (usize, &i128)| InteractionToggle {
            id: format!("R{n}"),
            title: "narration & <b>".to_owned(),
            alone: *saved,
            interaction_with: vec![0; alone.len()],
        };
        let mut toggles: Vec<InteractionToggle> = (1..).zip(alone).map(toggle).collect();
        for &(a, b, amount) in pairs {
            toggles[a].interaction_with[b] = amount;
            toggles[b].interaction_with[a] = amount;
        }
        InteractionChart {
            title: "Order 774: pairs of toggles".into(),
            axis: "what two save together beyond the sum of both: cache reads, tokens".into(),
            unit: ChartUnit::Tokens,
            toggles,
            footer: vec!["Recording 0a1b2c3d, windtunnel 0.1.0, seed 774".into()],
        }
    }

    #[test]
    fn the_lower_half_holds_each_pair_once() {
        let chart = chart(&[100, 200, 300, 400], &[(0, 1, -50), (1, 3, 20)]);
        let svg = check_chart(&chart);
        assert!(svg.contains("on their own: R3"));
        let sheet = chart.draw_sheet();
        let numbers: Vec<&str> =
            sheet.all_texts().into_iter().filter(|w| w.starts_with(['+', '-', '0'])).collect();
        assert_eq!(numbers, ["+100", "-50", "+200", "0", "+20", "+400"]);
    }

    #[test]
    fn odd_data_draw() {
        check_chart(&chart(&[], &[]));
        check_chart(&chart(&[5], &[]));
        let (low, high) = (i128::from(i64::MIN), i128::from(i64::MAX));
        check_chart(&chart(&[low, high], &[(0, 1, low)]));
        check_chart(&InteractionChart {
            unit: ChartUnit::Money,
            ..chart(&[low, high], &[(0, 1, high)])
        });
        let mut long = chart(&[1, 2], &[(0, 1, 3)]);
        long.toggles[0].title = "a very long title <script> ".repeat(30);
        long.toggles[1].id = "an id that is far too long".repeat(9);
        check_chart(&long);
    }

    #[test]
    fn the_strongest_of_many_are_drawn() {
        let pairs: Vec<_> = (0..46).map(|at| (at, at + 1, -(at as i128) * 1_000_000)).collect();
        let chart = chart(&[-7; 47], &pairs);
        let svg = check_chart(&chart);
        // The first pair is nothing, so that R1 depends on none.
        assert!(svg.contains("30 more depend less") && svg.contains("on their own: R1\n"));
        assert!(svg.contains(">\nR47\n<") && !svg.contains(">\nR31\n<"), "{svg}");
        assert_eq!(chart.data_table().rows.len(), 47 * 48 / 2);
    }

    #[test]
    fn the_table_holds_each_pair_and_each_toggle() {
        let data = chart(&[100, 200], &[(0, 1, -50)]).data_table();
        let csv = String::from_utf8(crate::report::csv::table_to_csv(&data)).unwrap();
        assert!(csv.ends_with("R1,R1,,100\nR2,R1,-50,\nR2,R2,,200\n"), "{csv}");
    }
}
