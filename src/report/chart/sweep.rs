//! The sweep: what every set of toggles saves against the effort to build it, with the sets that no
//! other beats.
//!
//! Thousands of sets would be thousands of dots: they are counted in cells, the stronger the more.

use super::super::view::{Cell as Entry, Column, Value};
use super::sheet::{Frame, GRID, MARGIN, Mark, Sheet, body, broken, fitted, width_of};
use super::theme::Hue;
use super::{Axis, Chart, Unit, View};

/// One set that is marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
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
pub struct Cell {
    /// Least and most effort.
    pub effort: (u32, u32),
    /// Least and most saving.
    pub saved: (i128, i128),
    /// How many sets.
    pub sets: i64,
}

/// All sets of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// What the chart shows.
    pub title: String,
    /// What is saved, in words: `dollars saved`.
    pub axis: String,
    /// What the savings count.
    pub unit: Unit,
    /// All sets, in cells.
    pub cells: Vec<Cell>,
    /// Sets that no other beats in saving without more effort, by effort.
    pub front: Vec<Choice>,
    /// The best set of each size, by size.
    pub best: Vec<Choice>,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

/// Columns and rows of cells, at most.
const CELLS: (u32, i128) = (40, 28);
/// The axis of effort goes at least so far.
const LEAST_EFFORT: u32 = 8;
const WIDTH: i32 = 960;
const PANEL: i32 = 340;
const TOP: i32 = 112;
const LINE: i32 = 17;

impl Cloud {
    /// Counts sets, each with its effort and saving, in cells.
    #[must_use]
    pub fn cells(sets: impl Iterator<Item = (u32, i128)> + Clone) -> Vec<Cell> {
        let effort = sets.clone().map(|(effort, _)| effort).max().unwrap_or(0);
        let low = sets.clone().map(|(_, saved)| saved).min().unwrap_or(0);
        let high = sets.clone().map(|(_, saved)| saved).max().unwrap_or(0);
        let wide = (effort + 1).div_ceil(CELLS.0);
        let tall = ((high - low + 1) + CELLS.1 - 1) / CELLS.1;
        let place = |(effort, saved): (u32, i128)| (effort / wide, (saved - low) / tall);
        let mut places: Vec<(u32, i128)> = sets.map(place).collect();
        places.sort_unstable();
        let same = places.chunk_by(|a, b| a == b);
        let cell = |same: &[(u32, i128)]| {
            let (column, row) = same[0];
            let from = low + row * tall;
            Cell {
                effort: (column * wide, column * wide + wide - 1),
                saved: (from, from + tall - 1),
                sets: same.len() as i64,
            }
        };
        same.map(cell).collect()
    }

    fn sets(&self) -> i64 {
        self.cells.iter().map(|cell| cell.sets).sum()
    }

    /// The lines of the list below the picture, and its columns.
    fn list(&self) -> (Vec<String>, i32) {
        let line = |(choice, number): (&Choice, usize)| {
            let saved = self.unit.words(choice.saved, false);
            let effort = Unit::Count.words(i128::from(choice.effort), false);
            let label = if choice.label.is_empty() { "nothing" } else { &choice.label };
            format!("{number}: {label} ({saved} for {effort})")
        };
        let lines: Vec<String> = self.front.iter().zip(1..).map(line).collect();
        let widest = lines.iter().map(|line| width_of(line, 11)).max().unwrap_or(0);
        let columns = ((WIDTH - 2 * MARGIN) / (widest + 20).max(1)).clamp(1, 4);
        (lines, columns)
    }
}

impl Chart for Cloud {
    fn sheet(&self) -> Sheet {
        let (lines, columns) = self.list();
        let count = i32::try_from(lines.len()).expect("a short front");
        let rows = (count + columns - 1) / columns;
        let list = TOP + PANEL + 72;
        let mut sheet = Frame::new(&self.title, &self.footer, WIDTH).sheet(list + rows * LINE + 6);
        let entries = [
            (Mark::Box, Hue::Sky, "sets of toggles: the stronger the more"),
            (Mark::Line(20), Hue::Blue, "no other set saves as much for less effort"),
            (Mark::Wedge, Hue::Vermillion, "the best of its size"),
        ];
        sheet.legend((MARGIN, 50), &entries);
        let words = format!(
            "{} sets. Up: {}. A set's effort is the sum of its toggles' efforts, in points of \
             about half a day. Below: the numbered sets, what each saves and for how much effort.",
            Unit::Count.words(i128::from(self.sets()), false),
            self.axis
        );
        let lines_of_words = broken(&words, 12, WIDTH - 2 * MARGIN);
        sheet.notes(&lines_of_words[..lines_of_words.len().min(2)], 50);
        self.plot(&mut sheet);
        for (line, at) in lines.iter().zip(0..) {
            let wide = (WIDTH - 2 * MARGIN) / columns;
            let place = (MARGIN + at / rows * wide, list + at % rows * LINE);
            let line = fitted(line, body(11), wide - 12);
            sheet.text(&line, (place.0 * GRID, place.1 * GRID), body(11));
        }
        sheet
    }

    fn data(&self) -> View {
        let columns = vec![
            Column::text("what"),
            Column::text("toggles"),
            Column::count("effort").ranged(),
            self.unit.column("saved").ranged().signed(),
            Column::count("sets"),
        ];
        let mut view = View::new("Sets of toggles", columns);
        let count = |n: i64| Value::Count(n);
        for (what, choices) in [("front", &self.front), ("best of its size", &self.best)] {
            for choice in choices {
                view.row(vec![
                    Entry::text(what),
                    Entry::text(&choice.label),
                    Entry::new(count(i64::from(choice.effort))),
                    Entry::new(self.unit.value(choice.saved)),
                    Entry::count(1),
                ]);
            }
        }
        for cell in &self.cells {
            let (least, most) = cell.effort;
            view.row(vec![
                Entry::text("cell"),
                Entry::missing(),
                Entry::range(count(i64::from(least)), count(i64::from(most))),
                Entry::range(self.unit.value(cell.saved.0), self.unit.value(cell.saved.1)),
                Entry::count(cell.sets),
            ]);
        }
        view
    }
}

impl Cloud {
    fn plot(&self, sheet: &mut Sheet) {
        let efforts = self.cells.iter().map(|cell| cell.effort.1);
        let most_effort = efforts.max().unwrap_or(0).max(LEAST_EFFORT - 1);
        let across = Axis::new(0, i128::from(most_effort) + 1, 12);
        let savings = || self.front.iter().chain(&self.best).map(|choice| choice.saved);
        let low = self.cells.iter().map(|cell| cell.saved.0).chain(savings()).min();
        let high = savings().max();
        let up = Axis::new(low.unwrap_or(0), high.unwrap_or(0), 7);
        let (left, right) = ((up.widest(self.unit) + 28) * GRID, (WIDTH - 30) * GRID);
        let (top, bottom) = (TOP * GRID, (TOP + PANEL) * GRID);
        up.rise(sheet, self.unit, (left, right), (top, bottom));
        for tick in across.ticks() {
            let x = across.place(tick, left, right);
            sheet.text(&Unit::Count.tick(tick), (x, bottom + 14 * GRID), body(11).centre());
        }
        let how = body(12).hue(Hue::Grey).centre();
        let middle = i32::midpoint(left, right);
        sheet.text("effort to build, points", (middle, bottom + 34 * GRID), how);
        // A cell of whole efforts stands around them: half a point to both sides.
        let at = |halves: i128| {
            let doubled = Axis { low: across.low * 2, high: across.high * 2, step: across.step };
            doubled.place(halves, left, right).max(left)
        };
        let most = self.cells.iter().map(|cell| cell.sets).max().unwrap_or(1);
        for cell in &self.cells {
            let x = (at(2 * i128::from(cell.effort.0) - 1), at(2 * i128::from(cell.effort.1) + 1));
            let ends = [cell.saved.0, cell.saved.1.min(up.high)];
            let [from, to] = ends.map(|saved| up.place(saved.max(up.low), bottom, top));
            // As strong as its count has binary digits, out of those of the fullest cell.
            let strong = 20 + 60 * cell.sets.max(1).ilog2() / most.max(2).ilog2();
            let opacity = u8::try_from(strong).unwrap_or(80);
            sheet.veil(x, (from, to.min(from - 15)), Hue::Sky, opacity);
        }
        let spot = |choice: &Choice| {
            let x = across.place(i128::from(choice.effort), left, right);
            (x, up.place(choice.saved, bottom, top))
        };
        let mut stairs = Vec::new();
        for choice in &self.front {
            let (x, y) = spot(choice);
            stairs.extend(stairs.last().map(|&(_, before): &(i32, i32)| (x, before)));
            stairs.push((x, y));
        }
        stairs.extend(stairs.last().map(|&(_, y)| (right, y)));
        if !stairs.is_empty() {
            sheet.line(stairs, 20, Hue::Blue);
        }
        for choice in self.best.iter().filter(|choice| choice.size > 0) {
            let (x, y) = spot(choice);
            sheet.wedge((x, y - 10), Hue::Vermillion);
        }
        self.numbers(sheet, spot);
    }

    /// The sets of the front with their numbers in the list, where there is room for these.
    fn numbers(&self, sheet: &mut Sheet, spot: impl Fn(&Choice) -> (i32, i32)) {
        let mut taken: Option<(i32, i32)> = None;
        for (choice, number) in self.front.iter().zip(1_i128..) {
            let (x, y) = spot(choice);
            sheet.dot((x, y), 34, Hue::Blue);
            let words = Unit::Count.words(number, false);
            let half = (width_of(&words, 11) / 2 + 2) * GRID;
            let place = (x, y - 17 * GRID);
            let is_free = taken.is_none_or(|(end, height)| {
                place.0 - half > end || (height - place.1).abs() > 12 * GRID
            });
            if is_free {
                sheet.text(&words, place, body(11).bold().centre());
                taken = Some((place.0 + half, place.1));
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::check_chart;
    use super::*;
    use crate::units::PicoUsd;

    fn choice(label: &str, effort: u32, saved: i128) -> Choice {
        Choice { label: label.into(), size: label.split_whitespace().count(), effort, saved }
    }

    pub(crate) fn sample() -> Cloud {
        let sets = [(0, 0), (2, 10), (1, 9), (0, -1), (3, 11), (3, 11), (1, 8), (2, 9)];
        Cloud {
            title: "Order 774: every set of 3 toggles".into(),
            axis: "tokens saved".into(),
            unit: Unit::Tokens,
            cells: Cloud::cells(sets.into_iter()),
            front: vec![
                choice("", 0, 0),
                choice("R2", 1, 9),
                choice("R1", 2, 10),
                choice("R1 R2", 3, 11),
            ],
            best: vec![choice("", 0, 0), choice("R1", 2, 10), choice("R1 R2", 3, 11)],
            footer: vec!["windtunnel 0.1.0, seed 774".into()],
        }
    }

    #[test]
    fn the_file_says_what_the_data_say() {
        let svg = check_chart(&sample());
        for words in [
            "8 sets. Up: tokens saved.",
            "1: nothing (0 for 0)",
            "4: R1 R2 (11 for 3)",
            "effort to",
        ] {
            assert!(svg.contains(words), "{words} is missing");
        }
        let csv = String::from_utf8(crate::report::csv::view(&sample().data())).unwrap();
        for line in [
            "what,toggles,effort_low,effort_high,saved_low_tokens,saved_high_tokens,sets",
            "front,R2,1,1,9,9,1",
            "best of its size,R1 R2,3,3,11,11,1",
            "cell,,3,3,11,11,2",
        ] {
            assert!(csv.contains(line), "{line} is missing in {csv}");
        }
    }

    #[test]
    fn every_set_is_counted_once() {
        let sets = (0..70_000_u32).map(|at| (at % 97, i128::from(at) * 1_000_000_007));
        let cells = Cloud::cells(sets.clone());
        assert_eq!(cells.iter().map(|cell| cell.sets).sum::<i64>(), 70_000);
        assert!(cells.len() <= 40 * 28, "{}", cells.len());
        for (effort, saved) in sets.step_by(997) {
            let within = |cell: &&Cell| {
                (cell.effort.0..=cell.effort.1).contains(&effort)
                    && (cell.saved.0..=cell.saved.1).contains(&saved)
            };
            assert_eq!(cells.iter().filter(within).count(), 1);
        }
    }

    #[test]
    fn odd_data_draw() {
        let nothing = Cloud { cells: vec![], front: vec![], best: vec![], ..sample() };
        check_chart(&nothing);
        let one = Cloud::cells(std::iter::once((0, 0)));
        let alone = vec![choice("", 0, 0)];
        check_chart(&Cloud { cells: one, front: alone.clone(), best: alone, ..sample() });
        let dear = (0..64).map(|at| (at / 8, -i128::from(at) * PicoUsd::PER_USD));
        let front = vec![choice("", 0, 0)];
        let cells = Cloud::cells(dear);
        check_chart(&Cloud { cells, front, unit: Unit::Money, best: vec![], ..sample() });
        let sets = (0..70_000_u32).map(|at| (at % 97, i128::from(at) * PicoUsd::PER_USD));
        let long = (0..60)
            .map(|at| choice(&"<i>E10 ".repeat(20), at, i128::from(at) * 1_000 * PicoUsd::PER_USD));
        let long = Cloud {
            cells: Cloud::cells(sets),
            front: long.collect(),
            axis: "dollars saved ".repeat(30),
            title: "many ".repeat(60),
            unit: Unit::Money,
            ..sample()
        };
        let svg = check_chart(&long);
        assert!(svg.len() < 150_000, "{}", svg.len());
    }
}
