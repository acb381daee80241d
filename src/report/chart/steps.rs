//! Dollars, or tokens, by step and class: two stacked bars a step, today and with fixes.
//!
//! Nearly all tokens of a long session are cache reads, so that the other classes would vanish
//! beside them: in tokens they stand a second time without the reads, on an axis of their own.

use super::super::view::{TableCell, TableColumn};
use super::row_grid::{AXIS_HEIGHT, RowGrid, widest_text};
use super::sheet::{GRID, LEGEND, LegendMark, MARGIN, Sheet, SheetFrame, body_text};
use super::theme::Hue;
use super::{Chart, ChartUnit, TableView};

/// Amounts by class of tokens, in the order of [`TOKEN_CLASSES`](crate::units::TOKEN_CLASSES).
pub type ClassAmounts = [i128; 5];

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepAmounts {
    /// Its name.
    pub label: String,
    /// What it takes today.
    pub before: ClassAmounts,
    /// What it takes with the fixes.
    pub after: ClassAmounts,
}

impl StepAmounts {
    /// Today and with fixes.
    fn sides(&self) -> [&ClassAmounts; 2] {
        [&self.before, &self.after]
    }
}

/// What each step takes, today and with fixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepsChart {
    /// What the chart shows.
    pub title: String,
    /// What is drawn, in words.
    pub subtitle: String,
    /// What the axis counts, in words.
    pub axis: String,
    /// What the numbers count.
    pub unit: ChartUnit,
    /// Whether it is known what of the tokens was read, written or produced.
    pub has_classes: bool,
    /// The steps in order.
    pub steps: Vec<StepAmounts>,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

/// A class of tokens: its name in the picture and in the table, its colour, how much there is.
type ClassSeries = (&'static str, &'static str, Hue, fn(&ClassAmounts) -> i128);

const CLASSES: [ClassSeries; 5] = [
    ("new input", "fresh", Hue::Sky, |amounts| amounts[0]),
    (READS, "read", Hue::Blue, |amounts| amounts[1]),
    ("cache writes, 5 min", "write_5m", Hue::Yellow, |amounts| amounts[2]),
    ("cache writes, 1 h", "write_1h", Hue::Orange, |amounts| amounts[3]),
    ("output", "output", Hue::Purple, |amounts| amounts[4]),
];

const READS: &str = "cache reads";

/// All classes in one.
const TOKENS: [ClassSeries; 1] = [("tokens", "", Hue::Blue, |amounts| amounts.iter().sum())];

const WIDTH: i32 = 960;
const ROW: i32 = 34;
const TOP: i32 = 100;
/// What a panel is, above it, where there are two.
const HEADING: i32 = 28;
const LABEL: i32 = 13;

/// The largest steps stand alone, the others in one row.
const MAX_DRAWN_STEPS: usize = 16;

impl Chart for StepsChart {
    fn draw_sheet(&self) -> Sheet {
        let steps = self.drawn_steps();
        let classes = self.present_classes();
        let mut panels = vec![("all classes", classes.clone())];
        // Without reads only where these hide the others: not in dollars, of which they are part.
        let rest: Vec<ClassSeries> =
            classes.iter().copied().filter(|class| class.0 != READS).collect();
        let are_hidden = self.unit == ChartUnit::Tokens;
        if are_hidden && !rest.is_empty() && rest.len() < classes.len() {
            panels.push(("without reads, on an axis of its own", rest));
        }
        let rows = i32::try_from(steps.len()).expect("few rows");
        let top = TOP + if panels.len() > 1 { HEADING } else { 0 };
        let bottom = top + rows * ROW + AXIS_HEIGHT;
        let mut sheet = SheetFrame::new(&self.title, &self.footer, WIDTH)
            .with_subtitle(&self.subtitle)
            .into_sheet(bottom);
        let entries = classes.iter().map(|(name, _, hue, _)| (LegendMark::Box, *hue, *name));
        sheet.add_legend((MARGIN, LEGEND), &entries.collect::<Vec<_>>());
        let label = widest_text(steps.iter().map(|step| &*step.label), LABEL).clamp(60, 290);
        let from = MARGIN + label + 12;
        for (row, step) in steps.iter().enumerate() {
            let y = (top + i32::try_from(row).expect("few rows") * ROW + ROW / 2) * GRID;
            let place = ((from - 10) * GRID, y);
            RowGrid::draw_label(&mut sheet, &step.label, place, label, body_text(LABEL));
        }
        let width = (WIDTH - from) / i32::try_from(panels.len()).expect("two panels");
        for (at, (heading, classes)) in (0..).zip(&panels) {
            let left = from + at * width + if at > 0 { 24 } else { 0 };
            let heading = if panels.len() > 1 { heading } else { "" };
            let place = (left, from + (at + 1) * width, top);
            self.draw_classes_panel(&mut sheet, &steps, classes, heading, place);
        }
        sheet
    }

    fn data_table(&self) -> TableView {
        let classes = if self.has_classes { &CLASSES[..] } else { &TOKENS };
        let mut columns = vec![TableColumn::text("step")];
        for side in ["before", "after"] {
            columns.extend(
                classes
                    .iter()
                    .map(|(_, key, ..)| self.unit.table_column(format!("{key} {side}").trim())),
            );
        }
        let mut view = TableView::new("By step and class", columns);
        for step in &self.steps {
            let mut row = vec![TableCell::text(&step.label)];
            for side in step.sides() {
                row.extend(
                    classes.iter().map(|(.., amount_of)| self.unit.to_cell(amount_of(side))),
                );
            }
            view.add_row(row);
        }
        view
    }
}

impl StepsChart {
    /// The classes that any step has.
    fn present_classes(&self) -> Vec<ClassSeries> {
        if !self.has_classes {
            return TOKENS.to_vec();
        }
        let sides = self.steps.iter().flat_map(StepAmounts::sides);
        let mut classes = CLASSES.to_vec();
        classes.retain(|(.., amount_of)| sides.clone().any(|side| amount_of(side) != 0));
        classes
    }

    /// The steps in order; where there are many the largest ones, the largest first, and the sum of
    /// the others.
    fn drawn_steps(&self) -> Vec<StepAmounts> {
        let mut steps = self.steps.clone();
        if steps.len() <= MAX_DRAWN_STEPS {
            return steps;
        }
        // A step that a fix all but removes was large before, so that the larger side counts.
        steps.sort_by_key(|step| {
            step.sides().map(|side| -side.iter().sum::<i128>()).into_iter().min()
        });
        let others = steps.split_off(MAX_DRAWN_STEPS);
        let sum_of = |side: fn(&StepAmounts) -> &ClassAmounts| {
            std::array::from_fn(|class| others.iter().map(|step| side(step)[class]).sum())
        };
        steps.push(StepAmounts {
            label: format!("{} more", others.len()),
            before: sum_of(|step| &step.before),
            after: sum_of(|step| &step.after),
        });
        steps
    }

    /// The bars of some classes between two places under a third, in pixels, with room for their
    /// words.
    fn draw_classes_panel(
        &self,
        sheet: &mut Sheet,
        steps: &[StepAmounts],
        classes: &[ClassSeries],
        heading: &str,
        (left, right, top): (i32, i32, i32),
    ) {
        let sums =
            steps.iter().flat_map(StepAmounts::sides).map(|side| sum_of_classes(side, classes));
        let words: Vec<String> =
            sums.clone().map(|sum| self.unit.format_amount(sum, false)).collect();
        // Every sum is written right of its bar: the axis ends where the widest still finds room.
        let right = right - widest_text(words.iter().map(String::as_str), 11) - 18;
        let high = sums.max().unwrap_or(0);
        let at = RowGrid::new((left, right), (top, steps.len(), ROW), (0, high), true, self.unit);
        at.draw_grid(sheet, &self.axis);
        sheet.add_text(heading, (at.left, at.top - 14 * GRID), body_text(12).in_bold());
        for (row, step) in steps.iter().enumerate() {
            for (side, up, down) in [(&step.before, -14, -2), (&step.after, 2, 14)] {
                let y = (at.row_y(row) + up * GRID, at.row_y(row) + down * GRID);
                let mut level = 0;
                for (.., hue, amount_of) in classes {
                    let next = level + amount_of(side);
                    // A class without any has no bar: one of no width would still be a hairline.
                    if next > level {
                        sheet.add_bar((at.amount_x(level), at.amount_x(next)), y, *hue);
                    }
                    level = next;
                }
                let middle = i32::midpoint(y.0, y.1);
                let words = self.unit.format_amount(level, false);
                sheet.add_text(&words, (at.amount_x(level) + 5 * GRID, middle), body_text(11));
            }
        }
    }
}

fn sum_of_classes(side: &ClassAmounts, classes: &[ClassSeries]) -> i128 {
    classes.iter().map(|(.., amount_of)| amount_of(side)).sum()
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_chart;
    use super::*;

    fn usage(fresh: i128, read: i128, write_1h: i128, output: i128) -> ClassAmounts {
        [fresh, read, 0, write_1h, output]
    }

    fn step(label: &str, read: i128) -> StepAmounts {
        StepAmounts {
            label: label.to_owned(),
            before: usage(900, read, read / 30, read / 100),
            after: usage(700, read / 2, read / 40, read / 110),
        }
    }

    fn sample() -> StepsChart {
        StepsChart {
            title: "Tokens by step, today and with fixes".into(),
            subtitle: "each step: upper bar today, lower bar with fixes".into(),
            axis: "tokens".into(),
            unit: ChartUnit::Tokens,
            has_classes: true,
            steps: vec![step("investigate", 900_000), step("implement <b>", 9_500_000)],
            footer: vec!["Recording 0a1b2c3d, windtunnel 0.1.0, seed 774".into()],
        }
    }

    #[test]
    fn classes_stand_in_order_and_absent_ones_nowhere() {
        let sheet = sample().draw_sheet();
        let words = sheet.all_texts();
        let classes: Vec<_> = CLASSES.iter().map(|(name, ..)| *name).collect();
        let met: Vec<_> = words.iter().filter(|word| classes.contains(word)).collect();
        assert_eq!(met, [&"new input", &"cache reads", &"cache writes, 1 h", &"output"]);
        // 900 + 9,500,000 + 316,666 + 95,000, and the same without reads.
        for word in ["9.9 M", "412.6 k", "without reads, on an axis of its own"] {
            assert!(words.contains(&word), "{word}: {words:?}");
        }
    }

    #[test]
    fn odd_data_draw() {
        check_chart(&sample());
        check_chart(&StepsChart { has_classes: false, ..sample() });
        check_chart(&StepsChart { unit: ChartUnit::Money, ..sample() });
        check_chart(&StepsChart { steps: vec![], ..sample() });
        let nothing = || StepAmounts { before: [0; 5], ..step("a", 0) };
        check_chart(&StepsChart { steps: vec![nothing()], ..sample() });
        let huge = usage(
            i128::from(i64::MAX) / 8,
            i128::from(i64::MAX) / 4,
            i128::from(i64::MAX) / 8,
            i128::from(i64::MAX) / 8,
        );
        let huge = StepAmounts { label: "W<&".repeat(90), before: huge, after: huge };
        check_chart(&StepsChart { steps: vec![huge, nothing()], ..sample() });
        let only_reads = |at| StepAmounts { before: usage(0, at, 0, 0), ..nothing() };
        check_chart(&StepsChart { steps: (0..3).map(only_reads).collect(), ..sample() });
    }

    #[test]
    fn the_largest_of_many_stand_alone() {
        let many: Vec<_> = (1..=40).map(|at| step(&format!("step {at}"), at * 1_000_000)).collect();
        let chart = StepsChart { steps: many, ..sample() };
        check_chart(&chart);
        let shown = chart.drawn_steps();
        assert_eq!((shown.len(), &*shown[0].label, &*shown[15].label), (17, "step 40", "step 25"));
        // 1 + .. + 24 millions.
        assert_eq!((&*shown[16].label, shown[16].before[1]), ("24 more", 300_000_000));
        assert_eq!(chart.data_table().rows.len(), 40);
    }

    #[test]
    fn the_table_holds_both_sides() {
        let csv =
            String::from_utf8(crate::report::csv::table_to_csv(&sample().data_table())).unwrap();
        for line in [
            "step,fresh_before_tokens,read_before_tokens,write_5m_before_tokens,",
            "implement <b>,900,9500000,0,316666,95000,700,4750000,0,237500,86363",
        ] {
            assert!(csv.contains(line), "{line} is missing in {csv}");
        }
    }
}
