//! The sweep: what every set of toggles saves against the effort to build it, with the sets that no
//! other beats.
//!
//! Thousands of sets would be thousands of dots: they are counted in cells, the stronger the more.

use super::super::view::{CellValue, TableCell, TableColumn};
use super::sheet::{
    GRID, LEGEND, LegendMark, MARGIN, Sheet, SheetFrame, SheetPoint, body_text, cut_to_width,
    width_of,
};
use super::theme::Hue;
use super::{Chart, ChartAxis, ChartUnit, TableView, format};

/// One set that is marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkedSet {
    /// Its toggles: `R2 R6`.
    pub label: String,
    /// How many they are.
    pub size: usize,
    /// Sum of their efforts.
    pub effort: u32,
    /// What it saves.
    pub saved: i128,
}

/// The sets of one stretch of effort and one of saving; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DensityCell {
    /// Least and most effort.
    pub effort: (u32, u32),
    /// Least and most saving.
    pub saved: (i128, i128),
    /// How many sets.
    pub sets: i64,
}

/// All sets of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepChart {
    /// What the chart shows.
    pub title: String,
    /// What is saved, in words: `dollars saved`.
    pub axis: String,
    /// What the savings count.
    pub unit: ChartUnit,
    /// All sets, in cells.
    pub cells: Vec<DensityCell>,
    /// Sets that no other beats in saving without more effort, by effort.
    pub front: Vec<MarkedSet>,
    /// What stands after each step of the order of building.
    pub built: Vec<MarkedSet>,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

/// Columns and rows of cells, at most.
const MAX_CELLS: (u32, i128) = (40, 28);
/// The axis of effort goes at least so far.
const LEAST_EFFORT: u32 = 8;
const WIDTH: i32 = 960;
const PANEL: i32 = 340;
const TOP: i32 = 112;
const LINE: i32 = 17;

impl SweepChart {
    /// Counts sets, each with its effort and saving, in cells.
    #[must_use]
    pub fn count_in_cells(sets: impl Iterator<Item = (u32, i128)> + Clone) -> Vec<DensityCell> {
        let effort = sets.clone().map(|(effort, _)| effort).max().unwrap_or(0);
        let low = sets.clone().map(|(_, saved)| saved).min().unwrap_or(0);
        let high = sets.clone().map(|(_, saved)| saved).max().unwrap_or(0);
        // A sweep may have a million sets: they are counted in cells, so that the picture's size is
        // bounded.
        let wide = (effort + 1).div_ceil(MAX_CELLS.0);
        let tall = ((high - low + 1) + MAX_CELLS.1 - 1) / MAX_CELLS.1;
        let mut places: Vec<(u32, i128)> =
            sets.map(|(effort, saved)| (effort / wide, (saved - low) / tall)).collect();
        // Sorted, sets of one cell stand beside each other, and cells come out in a fixed order.
        places.sort_unstable();
        let cells = places.chunk_by(|one, other| one == other).map(|same| {
            let (column, row) = same[0];
            let from = low + row * tall;
            DensityCell {
                effort: (column * wide, column * wide + wide - 1),
                saved: (from, from + tall - 1),
                sets: same.len() as i64,
            }
        });
        cells.collect()
    }

    /// The lines of the list below the picture, and its columns.
    fn front_list(&self) -> (Vec<String>, i32) {
        let lines = self.front.iter().zip(1_usize..).map(|(choice, number)| {
            let saved = self.unit.format_amount(choice.saved, false);
            let effort = format::format_days(choice.effort);
            let label = if choice.label.is_empty() { "nothing" } else { &choice.label };
            format!("{number}: {label} ({saved} for {effort})")
        });
        let lines: Vec<String> = lines.collect();
        let widest = lines.iter().map(|line| width_of(line, 11)).max().unwrap_or(0);
        // As many columns as the longest line leaves room for.
        let columns = ((WIDTH - 2 * MARGIN) / (widest + 20).max(1)).clamp(1, 4);
        (lines, columns)
    }
}

impl Chart for SweepChart {
    fn draw_sheet(&self) -> Sheet {
        let (lines, columns) = self.front_list();
        let count = i32::try_from(lines.len()).expect("a short front");
        // The list is read down a column, then on to the next one.
        let rows = (count + columns - 1) / columns;
        let list = TOP + PANEL + 72;
        let sets = self.cells.iter().map(|cell| cell.sets).sum();
        let sets = format::format_integer(sets, false);
        let subtitle = format!("{}, each of {sets} sets; the numbered ones are below", self.axis);
        let mut sheet = SheetFrame::new(&self.title, &self.footer, WIDTH)
            .with_subtitle(&subtitle)
            .into_sheet(list + rows * LINE + 6);
        let entries = [
            (LegendMark::Box, Hue::Sky, "darker: more sets here"),
            (LegendMark::Line(20), Hue::Blue, "nothing better for this effort"),
            (LegendMark::Wedge, Hue::Vermillion, "build order"),
        ];
        sheet.add_legend((MARGIN, LEGEND), &entries);
        self.draw_plot(&mut sheet);
        for (line, at) in lines.iter().zip(0..) {
            let wide = (WIDTH - 2 * MARGIN) / columns;
            let place = (MARGIN + at / rows * wide, list + at % rows * LINE);
            let line = cut_to_width(line, body_text(11), wide - 12);
            sheet.add_text(&line, (place.0 * GRID, place.1 * GRID), body_text(11));
        }
        sheet
    }

    fn data_table(&self) -> TableView {
        let columns = vec![
            TableColumn::text("what"),
            TableColumn::text("toggles"),
            TableColumn::count("effort").with_ranges(),
            self.unit.table_column("saved").with_ranges().with_sign(),
            TableColumn::count("sets"),
        ];
        let mut view = TableView::new("Sets of toggles", columns);
        for (what, choices) in [("front", &self.front), ("build order", &self.built)] {
            for choice in choices {
                view.add_row(vec![
                    TableCell::text(what),
                    TableCell::text(&choice.label),
                    TableCell::count(choice.effort.into()),
                    self.unit.to_cell(choice.saved),
                    TableCell::count(1),
                ]);
            }
        }
        for cell in &self.cells {
            let (least, most) = cell.effort;
            let (low, high) = cell.saved;
            view.add_row(vec![
                TableCell::text("cell"),
                TableCell::missing(),
                TableCell::from_range(
                    CellValue::Count(least.into()),
                    CellValue::Count(most.into()),
                ),
                TableCell::from_range(self.unit.to_value(low), self.unit.to_value(high)),
                TableCell::count(cell.sets),
            ]);
        }
        view
    }
}

impl SweepChart {
    fn draw_plot(&self, sheet: &mut Sheet) {
        let efforts = self.cells.iter().map(|cell| cell.effort.1);
        let most_effort = efforts.max().unwrap_or(0).max(LEAST_EFFORT - 1);
        let across = ChartAxis::new(0, i128::from(most_effort) + 1, 12);
        // The axis ends at the best set that is marked: the highest cell may reach beyond it, as
        // cells are whole stretches, and is cut off there.
        let marked = self.front.iter().chain(&self.built).map(|choice| choice.saved);
        let low = self.cells.iter().map(|cell| cell.saved.0).chain(marked.clone()).min();
        let up = ChartAxis::new(low.unwrap_or(0), marked.max().unwrap_or(0), 7);
        let (left, right) = ((up.widest_tick_label(self.unit) + 28) * GRID, (WIDTH - 30) * GRID);
        let (top, bottom) = (TOP * GRID, (TOP + PANEL) * GRID);
        up.draw_vertical(sheet, self.unit, (left, right), (top, bottom));
        for tick in across.tick_values() {
            let x = across.position_of(tick, left, right);
            sheet.add_text(
                &format::format_days(u32::try_from(tick).unwrap_or(0)),
                (x, bottom + 14 * GRID),
                body_text(11).align_centre(),
            );
        }
        let how = body_text(12).with_hue(Hue::Grey).align_centre();
        let middle = i32::midpoint(left, right);
        sheet.add_text("effort, days", (middle, bottom + 34 * GRID), how);
        let most = self.cells.iter().map(|cell| cell.sets).max().unwrap_or(1);
        // A cell of whole efforts stands around them, half a point to both sides: on an axis of
        // half points.
        let halves = ChartAxis { low: across.low * 2, high: across.high * 2, step: across.step };
        for cell in &self.cells {
            let (least, most_effort) = (i128::from(cell.effort.0), i128::from(cell.effort.1));
            let [start, end] = [2 * least - 1, 2 * most_effort + 1]
                .map(|half| halves.position_of(half, left, right).max(left));
            let ends = [cell.saved.0, cell.saved.1.min(up.high)];
            let [from, to] = ends.map(|saved| up.position_of(saved.max(up.low), bottom, top));
            // As strong as its count has binary digits, out of those of the fullest cell.
            let strong = 20 + 60 * cell.sets.max(1).ilog2() / most.max(2).ilog2();
            let opacity = u8::try_from(strong).unwrap_or(80);
            // A pixel and a half high at least, so that a flat cell is still seen.
            sheet.add_translucent_bar((start, end), (from, to.min(from - 15)), Hue::Sky, opacity);
        }
        let [front, built] = [&self.front, &self.built].map(|choices| {
            let places = choices.iter().map(|choice| {
                let x = across.position_of(i128::from(choice.effort), left, right);
                (x, up.position_of(choice.saved, bottom, top))
            });
            places.collect::<Vec<SheetPoint>>()
        });
        // Between two sets of the front nothing is gained: the line rises where the next one is.
        let mut stairs: Vec<SheetPoint> = Vec::new();
        for &(x, y) in &front {
            stairs.extend(stairs.last().map(|before| (x, before.1)));
            stairs.push((x, y));
        }
        // Whatever more effort is spent, no set saves more than the last one.
        stairs.extend(stairs.last().map(|&(_, y)| (right, y)));
        if !stairs.is_empty() {
            sheet.add_line(stairs, 20, Hue::Blue);
        }
        // The empty set is no choice of toggles.
        for (_, (x, y)) in self.built.iter().zip(built).filter(|(choice, _)| choice.size > 0) {
            sheet.add_wedge((x, y - 10), Hue::Vermillion);
        }
        draw_front_numbers(sheet, &front, top);
    }
}

/// The sets of the front with their numbers in the list, where there is room for these.
fn draw_front_numbers(sheet: &mut Sheet, front: &[SheetPoint], top: i32) {
    let mut taken: Option<SheetPoint> = None;
    for (&(x, y), number) in front.iter().zip(1_i64..) {
        sheet.add_dot((x, y), 34, Hue::Blue);
        let words = format::format_integer(number, false);
        let half = (width_of(&words, 11) / 2 + 2) * GRID;
        // Above the dot; below it where that would be among the words over the plot.
        let place = (x, if y - top < 4 * GRID { y + 24 * GRID } else { y - 17 * GRID });
        // The front goes from left to right, so that only the number before can be in the way.
        let is_free = taken.is_none_or(|(end, height)| {
            place.0 - half > end || (height - place.1).abs() > 12 * GRID
        });
        if is_free {
            sheet.add_text(&words, place, body_text(11).in_bold().align_centre());
            taken = Some((place.0 + half, place.1));
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::check_chart;
    use super::*;
    use crate::units::PicoUsd;

    fn choice(label: &str, effort: u32, saved: i128) -> MarkedSet {
        MarkedSet { label: label.into(), size: label.split_whitespace().count(), effort, saved }
    }

    pub(crate) fn sample() -> SweepChart {
        let sets = [(0, 0), (2, 10), (1, 9), (0, -1), (3, 11), (3, 11), (1, 8), (2, 9)];
        SweepChart {
            title: "Order 774: every set of 3 toggles".into(),
            axis: "tokens saved".into(),
            unit: ChartUnit::Tokens,
            cells: SweepChart::count_in_cells(sets.into_iter()),
            front: vec![
                choice("", 0, 0),
                choice("R2", 1, 9),
                choice("R1", 2, 10),
                choice("R1 R2", 3, 11),
            ],
            built: vec![choice("", 0, 0), choice("R1", 2, 10), choice("R1 R2", 3, 11)],
            footer: vec!["windtunnel 0.1.0, seed 774".into()],
        }
    }

    #[test]
    fn the_file_says_what_the_data_say() {
        let svg = check_chart(&sample());
        for words in [
            "tokens saved, each of 8 sets; the numbered ones are below",
            "1: nothing (0 for 0 d)",
            "4: R1 R2 (11 for 1.5 d)",
            "effort, days",
        ] {
            assert!(svg.contains(words), "{words} is missing");
        }
        let csv =
            String::from_utf8(crate::report::csv::table_to_csv(&sample().data_table())).unwrap();
        for line in [
            "what,toggles,effort_low,effort_high,saved_low_tokens,saved_high_tokens,sets",
            "front,R2,1,1,9,9,1",
            "build order,R1 R2,3,3,11,11,1",
            "cell,,3,3,11,11,2",
        ] {
            assert!(csv.contains(line), "{line} is missing in {csv}");
        }
    }

    #[test]
    fn every_set_is_counted_once() {
        let sets = (0..70_000_u32).map(|at| (at % 97, i128::from(at) * 1_000_000_007));
        let cells = SweepChart::count_in_cells(sets.clone());
        assert_eq!(cells.iter().map(|cell| cell.sets).sum::<i64>(), 70_000);
        assert!(cells.len() <= 40 * 28, "{}", cells.len());
        for (effort, saved) in sets.step_by(997) {
            let within = |cell: &&DensityCell| {
                (cell.effort.0..=cell.effort.1).contains(&effort)
                    && (cell.saved.0..=cell.saved.1).contains(&saved)
            };
            assert_eq!(cells.iter().filter(within).count(), 1);
        }
    }

    #[test]
    fn odd_data_draw() {
        let nothing = SweepChart { cells: vec![], front: vec![], built: vec![], ..sample() };
        check_chart(&nothing);
        let one = SweepChart::count_in_cells(std::iter::once((0, 0)));
        let alone = vec![choice("", 0, 0)];
        check_chart(&SweepChart { cells: one, front: alone.clone(), built: alone, ..sample() });
        let dear = (0..64).map(|at| (at / 8, -i128::from(at) * PicoUsd::PER_USD));
        let front = vec![choice("", 0, 0)];
        let cells = SweepChart::count_in_cells(dear);
        check_chart(&SweepChart {
            cells,
            front,
            unit: ChartUnit::Money,
            built: vec![],
            ..sample()
        });
        let sets = (0..70_000_u32).map(|at| (at % 97, i128::from(at) * PicoUsd::PER_USD));
        let long = (0..60)
            .map(|at| choice(&"<i>E10 ".repeat(20), at, i128::from(at) * 1_000 * PicoUsd::PER_USD));
        let long = SweepChart {
            cells: SweepChart::count_in_cells(sets),
            front: long.collect(),
            axis: "dollars saved ".repeat(30),
            title: "many ".repeat(60),
            unit: ChartUnit::Money,
            ..sample()
        };
        let svg = check_chart(&long);
        assert!(svg.len() < 150_000, "{}", svg.len());
    }
}
