//! Tokens by step and class: two stacked bars a step, before and after all toggles.
//!
//! Nearly all tokens of a long session are cache reads, so that the other classes would vanish
//! beside them: they stand a second time without the reads, on an axis of their own.

use super::super::view::{TableCell, TableColumn};
use super::row_grid::{AXIS_HEIGHT, RowGrid, widest_text};
use super::sheet::{GRID, LegendMark, MARGIN, Sheet, SheetFrame, body_text};
use super::theme::Hue;
use super::{Chart, ChartUnit, TableView};
use crate::study::whatif::headline::HeadlineMetric;
use crate::units::Usage;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepTokens {
    /// Its name.
    pub label: String,
    /// Its tokens as recorded.
    pub before: Usage,
    /// Its tokens with all toggles on.
    pub after: Usage,
}

impl StepTokens {
    /// Before and after.
    fn sides(&self) -> [&Usage; 2] {
        [&self.before, &self.after]
    }
}

/// The tokens of each step, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepsChart {
    /// What the chart shows.
    pub title: String,
    /// Whether it is known what of the tokens was read, written or produced.
    pub has_classes: bool,
    /// The steps in order.
    pub steps: Vec<StepTokens>,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

/// A class of tokens: its name, its colour, how many there are.
type TokenClassSeries = (&'static str, Hue, fn(&Usage) -> i64);

const CLASSES: [TokenClassSeries; 5] = [
    ("fresh", Hue::Sky, |usage| usage.fresh),
    ("read", Hue::Blue, |usage| usage.read),
    ("write_5m", Hue::Yellow, |usage| usage.write_5m),
    ("write_1h", Hue::Orange, |usage| usage.write_1h),
    ("output", Hue::Purple, |usage| usage.output),
];

/// All classes in one.
const TOKENS: [TokenClassSeries; 1] = [("tokens", Hue::Blue, total_tokens)];

const WIDTH: i32 = 960;
const ROW: i32 = 34;
const TOP: i32 = 94;
/// What a panel is, above it, where there are two.
const HEADING: i32 = 28;
const LABEL: i32 = 13;

/// The largest steps stand alone, the others in one row.
const MAX_DRAWN_STEPS: usize = 16;

fn total_tokens(usage: &Usage) -> i64 {
    HeadlineMetric::Tokens.amount_in_usage(usage)
}

impl Chart for StepsChart {
    fn draw_sheet(&self) -> Sheet {
        let steps = self.drawn_steps();
        let classes = self.present_classes();
        let mut panels = vec![("all classes", classes.clone())];
        // Without reads only where there are reads to leave out and something else to show.
        let rest: Vec<TokenClassSeries> =
            classes.iter().copied().filter(|class| class.0 != "read").collect();
        if !rest.is_empty() && rest.len() < classes.len() {
            panels.push(("without reads, on an axis of its own", rest));
        }
        let rows = i32::try_from(steps.len()).expect("few rows");
        let top = TOP + if panels.len() > 1 { HEADING } else { 0 };
        let bottom = top + rows * ROW + AXIS_HEIGHT;
        let mut sheet = SheetFrame::new(&self.title, &self.footer, WIDTH).into_sheet(bottom);
        let entries = classes.iter().map(|(name, hue, _)| (LegendMark::Box, *hue, *name));
        sheet.add_legend((MARGIN, 50), &entries.collect::<Vec<_>>());
        let words = "each step: upper bar before, lower bar with all toggles on";
        sheet.add_text(words, (MARGIN * GRID, 74 * GRID), body_text(12).with_hue(Hue::Grey));
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
            draw_classes_panel(&mut sheet, &steps, classes, heading, place);
        }
        sheet
    }

    fn data_table(&self) -> TableView {
        let classes = if self.has_classes { &CLASSES[..] } else { &TOKENS };
        let mut columns = vec![TableColumn::text("step")];
        for side in ["before", "after"] {
            columns.extend(classes.iter().map(|(name, ..)| match *name {
                "tokens" => TableColumn::tokens(side),
                name => TableColumn::tokens(format!("{name} {side}")),
            }));
        }
        let mut view = TableView::new("Tokens by step and class", columns);
        for step in &self.steps {
            let mut row = vec![TableCell::text(&step.label)];
            for side in step.sides() {
                row.extend(classes.iter().map(|(_, _, of)| TableCell::tokens(of(side))));
            }
            view.add_row(row);
        }
        view
    }
}

impl StepsChart {
    /// The classes that any step has.
    fn present_classes(&self) -> Vec<TokenClassSeries> {
        if !self.has_classes {
            return TOKENS.to_vec();
        }
        let sides = self.steps.iter().flat_map(StepTokens::sides);
        let mut classes = CLASSES.to_vec();
        classes.retain(|(_, _, tokens_of)| sides.clone().any(|side| tokens_of(side) != 0));
        classes
    }

    /// The steps in order; where there are many the largest ones, the largest first, and the sum of
    /// the others.
    fn drawn_steps(&self) -> Vec<StepTokens> {
        let mut steps = self.steps.clone();
        if steps.len() <= MAX_DRAWN_STEPS {
            return steps;
        }
        // A step that a toggle all but removes was large before, so that the larger side counts.
        steps.sort_by_key(|step| -total_tokens(&step.before).max(total_tokens(&step.after)));
        let others = steps.split_off(MAX_DRAWN_STEPS);
        let mut sum = StepTokens {
            label: format!("{} others", others.len()),
            before: Usage::default(),
            after: Usage::default(),
        };
        for step in &others {
            sum.before += step.before;
            sum.after += step.after;
        }
        steps.push(sum);
        steps
    }
}

fn sum_of_classes(side: &Usage, classes: &[TokenClassSeries]) -> i128 {
    classes.iter().map(|(_, _, tokens_of)| i128::from(tokens_of(side))).sum()
}

/// The bars of some classes between two places under a third, in pixels, with room for their words.
fn draw_classes_panel(
    sheet: &mut Sheet,
    steps: &[StepTokens],
    classes: &[TokenClassSeries],
    heading: &str,
    (left, right, top): (i32, i32, i32),
) {
    let sums = steps.iter().flat_map(StepTokens::sides).map(|side| sum_of_classes(side, classes));
    let words: Vec<String> =
        sums.clone().map(|sum| ChartUnit::Tokens.format_amount(sum, false)).collect();
    // Every sum is written right of its bar: the axis ends where the widest still finds room.
    let right = right - widest_text(words.iter().map(String::as_str), 11) - 18;
    let high = sums.max().unwrap_or(0);
    let at =
        RowGrid::new((left, right), (top, steps.len(), ROW), (0, high), true, ChartUnit::Tokens);
    at.draw_grid(sheet, "tokens");
    sheet.add_text(heading, (at.left, at.top - 14 * GRID), body_text(12).in_bold());
    for (row, step) in steps.iter().enumerate() {
        for (side, up, down) in [(&step.before, -14, -2), (&step.after, 2, 14)] {
            let y = (at.row_y(row) + up * GRID, at.row_y(row) + down * GRID);
            let mut level = 0;
            for (_, hue, tokens_of) in classes {
                let next = level + i128::from(tokens_of(side));
                // A class without tokens has no bar: one of no width would still be a hairline.
                if next > level {
                    sheet.add_bar((at.amount_x(level), at.amount_x(next)), y, *hue);
                }
                level = next;
            }
            let middle = i32::midpoint(y.0, y.1);
            let words = ChartUnit::Tokens.format_amount(level, false);
            sheet.add_text(&words, (at.amount_x(level) + 5 * GRID, middle), body_text(11));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_chart;
    use super::*;

    fn usage(fresh: i64, read: i64, write_1h: i64, output: i64) -> Usage {
        Usage { fresh, read, write_1h, output, ..Usage::default() }
    }

    fn step(label: &str, read: i64) -> StepTokens {
        StepTokens {
            label: label.to_owned(),
            before: usage(900, read, read / 30, read / 100),
            after: usage(700, read / 2, read / 40, read / 110),
        }
    }

    fn sample() -> StepsChart {
        StepsChart {
            title: "Order 774: tokens by step and class".into(),
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
        assert_eq!(met, [&"fresh", &"read", &"write_1h", &"output"]);
        // 900 + 9,500,000 + 316,666 + 95,000, and the same without reads.
        for word in ["9.9 M", "412.6 k", "without reads, on an axis of its own"] {
            assert!(words.contains(&word), "{word}: {words:?}");
        }
    }

    #[test]
    fn odd_data_draw() {
        check_chart(&sample());
        check_chart(&StepsChart { has_classes: false, ..sample() });
        check_chart(&StepsChart { steps: vec![], ..sample() });
        let nothing = || StepTokens { before: Usage::default(), ..step("a", 0) };
        check_chart(&StepsChart { steps: vec![nothing()], ..sample() });
        let huge = usage(i64::MAX / 8, i64::MAX / 4, i64::MAX / 8, i64::MAX / 8);
        let huge = StepTokens { label: "W<&".repeat(90), before: huge, after: huge };
        check_chart(&StepsChart { steps: vec![huge, nothing()], ..sample() });
        let only_reads = |at| StepTokens { before: usage(0, at, 0, 0), ..nothing() };
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
        assert_eq!((&*shown[16].label, shown[16].before.read), ("24 others", 300_000_000));
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
