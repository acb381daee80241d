//! The waterfall: from the baseline over what each toggle saves down to the result.

use super::super::view::{TableCell, TableColumn};
use super::row_grid::{AXIS_HEIGHT, RowGrid};
use super::sheet::{
    GRID, LEGEND, LegendMark, MARGIN, Sheet, SheetFrame, body_text, bold_width_of, width_of,
};
use super::theme::Hue;
use super::{Chart, ChartUnit, TableView};

/// One toggle of a waterfall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaterfallStep {
    /// What stands beside the bar.
    pub label: String,
    /// What it saves in this order of toggles; negative where it costs.
    pub saving: i128,
    /// What was claimed that it saves, lowest and highest.
    pub claimed: Option<(i128, i128)>,
}

/// From the baseline to the result, one bar a toggle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaterfallChart {
    /// What the chart shows.
    pub title: String,
    /// What is drawn, in words.
    pub subtitle: String,
    /// What the axis counts, in words: `tokens read from the cache`.
    pub axis: String,
    /// What the numbers count.
    pub unit: ChartUnit,
    /// The first bar: its label and its amount.
    pub baseline: (String, i128),
    /// The toggles in the order in which they are switched on.
    pub steps: Vec<WaterfallStep>,
    /// The label of the last bar, whose amount is the baseline less all savings.
    pub result: String,
    /// Where the claims say that it would end, lowest and highest.
    pub claimed_end: Option<(i128, i128)>,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

const WIDTH: i32 = 960;
const ROW: i32 = 34;
const TOP: i32 = 114;
const LABEL: i32 = 13;

impl Chart for WaterfallChart {
    fn draw_sheet(&self) -> Sheet {
        let rows = self.steps.len() + 2;
        let labels = self.steps.iter().map(|step| &step.label);
        let labels = labels.chain([&self.baseline.0, &self.result]);
        let widest = labels.map(|label| bold_width_of(label, LABEL)).max().unwrap_or(0);
        let place = (widest.clamp(60, 300) + 28, WIDTH - 36);
        let at = RowGrid::new(place, (TOP, rows, ROW), self.axis_ends(), true, self.unit);
        let mut sheet = SheetFrame::new(&self.title, &self.footer, WIDTH)
            .with_subtitle(&self.subtitle)
            .into_sheet(at.bottom / GRID + AXIS_HEIGHT);
        self.draw_legend(&mut sheet);
        self.draw_grid(&mut sheet, &at);
        self.draw_bars(&mut sheet, &at);
        sheet
    }

    fn data_table(&self) -> TableView {
        let columns = vec![
            TableColumn::text("bar"),
            self.unit.table_column("from"),
            self.unit.table_column("to"),
            self.unit.table_column("saved").with_sign(),
            self.unit.table_column("claimed").with_ranges().with_sign(),
        ];
        let mut view = TableView::new("Waterfall", columns);
        let mut level = self.baseline.1;
        view.add_row(self.data_row(&self.baseline.0, (0, level), None, None));
        for step in &self.steps {
            let after = level - step.saving;
            view.add_row(self.data_row(
                &step.label,
                (level, after),
                Some(step.saving),
                step.claimed,
            ));
            level = after;
        }
        view.add_row(self.data_row(&self.result, (0, level), None, None));
        if let Some((low, high)) = self.claimed_end {
            // Least is saved where the claim ends highest.
            let claimed = (self.baseline.1 - high, self.baseline.1 - low);
            view.add_row(self.data_row("claimed end", (high, low), None, Some(claimed)));
        }
        view
    }
}

impl WaterfallChart {
    /// A bar of the table: where it starts and ends, what it saves and what is claimed.
    fn data_row(
        &self,
        label: &str,
        (from, to): (i128, i128),
        saved: Option<i128>,
        claimed: Option<(i128, i128)>,
    ) -> Vec<TableCell> {
        let claimed = claimed.map_or_else(TableCell::missing, |(low, high)| {
            TableCell::from_range(self.unit.to_value(low), self.unit.to_value(high))
        });
        vec![
            TableCell::text(label),
            self.unit.to_cell(from),
            self.unit.to_cell(to),
            TableCell::from_option(saved.map(|amount| self.unit.to_value(amount))),
            claimed,
        ]
    }

    /// The axis holds every bar and, right of the longest, room for its words.
    fn axis_ends(&self) -> (i128, i128) {
        let mut level = self.baseline.1;
        let mut ends = vec![level];
        for step in &self.steps {
            // A claim hangs from the level before its toggle, and may reach beyond every bar.
            ends.extend(step.claimed.map(|(_, high)| level - high));
            level -= step.saving;
            ends.push(level);
        }
        if let Some((low, high)) = self.claimed_end {
            ends.extend([low, high]);
        }
        let low = ends.iter().copied().min().unwrap_or(0);
        let high = ends.iter().copied().max().unwrap_or(0);
        (low, high + high / 8)
    }

    fn draw_legend(&self, sheet: &mut Sheet) {
        let mut entries = vec![(LegendMark::Box, Hue::Blue, "total")];
        if self.steps.iter().any(|step| step.saving > 0) {
            entries.push((LegendMark::Box, Hue::Green, "saved by a fix"));
        }
        if self.steps.iter().any(|step| step.saving < 0) {
            entries.push((LegendMark::Box, Hue::Vermillion, "added by a fix"));
        }
        if self.claimed_end.is_some() || self.steps.iter().any(|step| step.claimed.is_some()) {
            entries.push((LegendMark::Box, Hue::Orange, "claimed"));
        }
        sheet.add_legend((MARGIN, LEGEND), &entries);
    }

    fn draw_grid(&self, sheet: &mut Sheet, at: &RowGrid) {
        at.draw_grid(sheet, &self.axis);
        if let Some((low, high)) = self.claimed_end {
            // A band of one amount is still to be seen.
            let x = (at.amount_x(low) - 10, at.amount_x(high) + 10);
            sheet.add_translucent_bar(x, (at.top, at.bottom), Hue::Orange, 28);
            let words = format!("claimed end: {}", self.unit.format_range((low, high), false));
            let half = width_of(&words, 12) * GRID / 2;
            let middle = i32::midpoint(x.0, x.1).clamp(at.left + half, at.right - half);
            sheet.add_text(&words, (middle, at.top - 12 * GRID), body_text(12).align_centre());
        }
    }

    fn draw_bars(&self, sheet: &mut Sheet, at: &RowGrid) {
        let last = self.steps.len() + 1;
        self.draw_total(sheet, at, 0, &self.baseline.0, self.baseline.1);
        let mut level = self.baseline.1;
        for (row, step) in (1..).zip(&self.steps) {
            let after = level - step.saving;
            self.draw_step(sheet, at, row, step, level);
            level = after;
        }
        self.draw_total(sheet, at, last, &self.result, level);
    }

    fn draw_total(&self, sheet: &mut Sheet, at: &RowGrid, row: usize, label: &str, amount: i128) {
        let y = at.row_y(row);
        Self::draw_label(sheet, at, y, label, true);
        sheet.add_bar(
            (at.amount_x(0), at.amount_x(amount)),
            (y - 10 * GRID, y + 10 * GRID),
            Hue::Blue,
        );
        // A total below zero has its words right of zero, where no bar is.
        let x = at.amount_x(amount.max(0)) + 6 * GRID;
        sheet.add_text(&self.unit.format_amount(amount, false), (x, y), body_text(LABEL).in_bold());
        // The last row hands its level to none.
        if row == 0 {
            Self::draw_connector(sheet, at, row, amount);
        }
    }

    fn draw_step(
        &self,
        sheet: &mut Sheet,
        at: &RowGrid,
        row: usize,
        step: &WaterfallStep,
        level: i128,
    ) {
        let y = at.row_y(row);
        Self::draw_label(sheet, at, y, &step.label, false);
        let after = level - step.saving;
        let colour = if step.saving < 0 { Hue::Vermillion } else { Hue::Green };
        let (from, to) = (at.amount_x(level), at.amount_x(after));
        // Too small a saving is drawn as a line of one pixel.
        let to = if (from - to).abs() < GRID { from - GRID } else { to };
        sheet.add_bar((from, to), (y - 10 * GRID, y + 6 * GRID), colour);
        let mut words = self.unit.format_amount(-step.saving, true);
        if let Some((low, high)) = step.claimed {
            // From the same level as the saving, so that both lengths compare.
            let claim = (at.amount_x(level - high), at.amount_x(level));
            sheet.add_bar(claim, (y + 7 * GRID, y + 11 * GRID), Hue::Orange);
            words = format!("{words} (claimed {})", self.unit.format_range((-low, -high), true));
        }
        let x = at.amount_x(level.max(after)) + 6 * GRID;
        let is_tight = x + width_of(&words, LABEL) * GRID > (WIDTH - 8) * GRID;
        let low = step.claimed.map_or(after, |(_, high)| after.min(level - high));
        // Words that would leave the sheet at the right stand left of the bar and its claim.
        let left = at.amount_x(low.min(level)) - 6 * GRID;
        let how = body_text(LABEL).with_hue(Hue::Ink);
        if is_tight {
            sheet.add_text(&words, (left, y), how.align_right());
        } else {
            sheet.add_text(&words, (x, y), how);
        }
        Self::draw_connector(sheet, at, row, after);
    }

    fn draw_label(sheet: &mut Sheet, at: &RowGrid, y: i32, words: &str, bold: bool) {
        let how = if bold { body_text(LABEL).in_bold() } else { body_text(LABEL) };
        RowGrid::draw_label(sheet, words, (at.left - 10 * GRID, y), at.left / GRID - 20, how);
    }

    /// The level that one row hands to the next.
    fn draw_connector(sheet: &mut Sheet, at: &RowGrid, row: usize, level: i128) {
        let x = at.amount_x(level);
        sheet.add_line(
            vec![(x, at.row_y(row) + 6 * GRID), (x, at.row_y(row + 1) - 10 * GRID)],
            10,
            Hue::Grey,
        );
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::check_chart;
    use super::*;

    pub(crate) fn sample() -> WaterfallChart {
        let step = |label: &str, saving, claimed: Option<(i128, i128)>| WaterfallStep {
            label: label.to_owned(),
            saving,
            claimed,
        };
        WaterfallChart {
            title: "Order 774: what R1-R7 save together <message lens>".into(),
            subtitle: "each bar: what the fix adds after those above it".into(),
            axis: "tokens read from the cache".into(),
            unit: ChartUnit::Tokens,
            baseline: ("as recorded".into(), 22_840_000),
            steps: vec![
                step("R1 narration suppressed", 310_000, Some((5_000_000, 6_000_000))),
                step("R2 edits batched", 2_900_000, Some((3_000_000, 3_000_000))),
                step("R3 subagent reports to files", 1_240_000, Some((500_000, 500_000))),
                step("R4 test output truncated and earlier runs summarised", 420_000, None),
                step("R5 environment validated", 0, Some((200_000, 200_000))),
                step("R6 failing tests first", 700_000, Some((1_000_000, 1_000_000))),
                step("R7 one background wait", -350_000, Some((1_000_000, 1_000_000))),
            ],
            result: "all seven".into(),
            claimed_end: Some((12_000_000, 14_000_000)),
            footer: vec![
                "Source: published figures of order 774. Recording 0a1b2c3d, prices 2026-11-20."
                    .into(),
                "windtunnel 0.1.0, seed 774".into(),
            ],
        }
    }

    #[test]
    fn the_last_bar_is_what_is_left() {
        let saved: i128 = sample().steps.iter().map(|step| step.saving).sum();
        assert_eq!(sample().baseline.1 - saved, 17_620_000);
    }

    #[test]
    fn the_file_says_what_the_data_say() {
        let svg = check_chart(&sample());
        assert!(svg.starts_with("<svg width=\"960\" height="), "{}", &svg[..80]);
        assert!(svg.contains("<title>Order 774: what R1-R7 save together &lt;message lens&gt;</"));
        for words in [
            "22.8 M",
            "-310.0 k (claimed -5.0 M to -6.0 M)",
            "+350.0 k (claimed -1.0 M)",
            "17.6 M",
            "claimed end: 12.0 M to 14.0 M",
            "tokens read from the cache",
            "windtunnel 0.1.0, seed 774",
        ] {
            assert!(svg.contains(words), "{words} is missing");
        }
    }

    #[test]
    fn odd_data_draw() {
        check_chart(&WaterfallChart { steps: vec![], claimed_end: None, ..sample() });
        let mut below = sample();
        below.unit = ChartUnit::Money;
        below.baseline.1 = 0;
        check_chart(&below);
    }

    #[test]
    fn the_table_holds_what_the_bars_show() {
        let csv =
            String::from_utf8(crate::report::csv::table_to_csv(&sample().data_table())).unwrap();
        for line in [
            "bar,from_tokens,to_tokens,saved_tokens,claimed_low_tokens,claimed_high_tokens",
            "as recorded,0,22840000,,,",
            "R2 edits batched,22530000,19630000,2900000,3000000,3000000",
            "all seven,0,17620000,,,",
        ] {
            assert!(csv.contains(line), "{line} is missing in {csv}");
        }
    }
}
