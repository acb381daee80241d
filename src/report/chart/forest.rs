//! The forest: what is claimed against what the replay says, one row a claim.

use super::super::view::{TableCell, TableColumn};
use super::row_grid::{AXIS_HEIGHT, RowGrid, widest_text};
use super::sheet::{
    GRID, LEGEND, LegendMark, MARGIN, Sheet, SheetFrame, body_text, bold_width_of, cut_to_width,
    width_of,
};
use super::theme::Hue;
use super::{Chart, ChartUnit, TableView};

/// What the replay says of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForestReplay {
    /// There is nothing to replay.
    Nothing,
    /// What the draws say, and what a claim is judged on.
    Band {
        /// The 10th percentile of the draws, what is expected, and the 90th percentile.
        p10_expected_p90: (i128, i128, i128),
        /// What a verdict rests on, lowest and highest.
        judged: (i128, i128),
    },
    /// Two bounds of which no source says what lies between them.
    Bounds(i128, i128),
}

/// What is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForestClaim {
    /// Nothing.
    Nothing,
    /// That it falls, by whatever.
    Falls,
    /// A range.
    Range {
        /// As published, lowest and highest.
        saving: (i128, i128),
        /// With the rounding of its figures.
        rounded: (i128, i128),
    },
}

/// One toggle, or several together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForestRow {
    /// What is claimed to save.
    pub label: String,
    /// A second line under it; empty for none.
    pub note: String,
    /// What the replay says.
    pub replayed: ForestReplay,
    /// What is claimed.
    pub claimed: ForestClaim,
    /// The most that could be saved.
    pub at_most: Option<i128>,
    /// What was seen after a rollout, and the ends of its interval.
    pub observed: Option<(i128, i128, i128)>,
    /// The verdict in words.
    pub verdict: String,
}

/// Rows that share an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForestPanel {
    /// What they have in common.
    pub heading: String,
    /// What the axis counts, in words.
    pub axis: String,
    /// What the numbers count.
    pub unit: ChartUnit,
    /// The rows.
    pub rows: Vec<ForestRow>,
}

/// Claims against bands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForestChart {
    /// What the chart shows.
    pub title: String,
    /// By how much a verdict widens the band of the draws, in words.
    pub widened: String,
    /// The panels; those without rows are left out.
    pub panels: Vec<ForestPanel>,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

const WIDTH: i32 = 960;
const ROW: i32 = 36;
const LABEL: i32 = 13;
const SMALL: i32 = 11;
const HEADING: i32 = 34;
/// The least width of a plot in pixels.
const PLOT: i32 = 260;
const GAP: i32 = 14;

/// Words beside a row: what is replayed, claimed, and found; the last two only where anything is
/// claimed.
const COLUMNS: [&str; 3] = ["replay, middle (compared with)", "claim", "verdict"];

impl ForestRow {
    /// Every amount in it.
    fn all_amounts(&self) -> Vec<i128> {
        // The axis is laid over all of these, so that nothing is drawn outside of it.
        let mut all: Vec<i128> = self.at_most.into_iter().collect();
        match self.replayed {
            ForestReplay::Nothing => {}
            ForestReplay::Band { p10_expected_p90: (p10, expected, p90), judged: (low, high) } => {
                all.extend([p10, expected, p90, low, high]);
            }
            ForestReplay::Bounds(low, high) => all.extend([low, high]),
        }
        if let ForestClaim::Range { saving, rounded } = &self.claimed {
            all.extend([saving.0, saving.1, rounded.0, rounded.1]);
        }
        all.extend(self.observed.into_iter().flat_map(|(seen, low, high)| [seen, low, high]));
        all
    }

    /// Its words under [`COLUMNS`].
    fn column_texts(&self, unit: ChartUnit) -> [String; 3] {
        let replayed = match self.replayed {
            ForestReplay::Nothing => String::new(),
            ForestReplay::Band { p10_expected_p90: (_, expected, _), judged } => {
                format!(
                    "{} ({})",
                    unit.format_amount(expected, false),
                    unit.format_range(judged, false)
                )
            }
            ForestReplay::Bounds(low, high) => {
                format!("bounds: {}", unit.format_range((low, high), false))
            }
        };
        let claimed = match &self.claimed {
            ForestClaim::Nothing => String::new(),
            ForestClaim::Falls => "that it saves".to_owned(),
            ForestClaim::Range { saving, .. } => unit.format_range(*saving, false),
        };
        // A verdict may be a sentence, and would leave no room for the plot.
        [replayed, claimed, cut_to_width(&self.verdict, body_text(SMALL).in_bold(), 120)]
    }
}

/// Where the parts of each row start, in pixels.
struct ForestLayout {
    label: i32,
    columns: Vec<i32>,
    width: i32,
}

impl ForestLayout {
    fn for_panels(panels: &[&ForestPanel]) -> Self {
        let rows = panels.iter().flat_map(|panel| &panel.rows);
        let has_claims = rows.clone().any(|row| row.claimed != ForestClaim::Nothing);
        let labels = rows.flat_map(|row| [row.label.as_str(), row.note.as_str()]);
        let label = widest_text(labels, LABEL).clamp(60, 290);
        // Each column is as wide as its heading and the widest of its words, set bold.
        let mut widths = COLUMNS.map(|heading| width_of(heading, SMALL)).to_vec();
        widths.truncate(if has_claims { 3 } else { 1 });
        for panel in panels {
            for row in &panel.rows {
                for (width, words) in widths.iter_mut().zip(row.column_texts(panel.unit)) {
                    *width = bold_width_of(&words, SMALL).max(*width);
                }
            }
        }
        let beside = widths.iter().map(|width| width + GAP).sum::<i32>() + GAP;
        let width = (MARGIN + label + 12 + PLOT + beside + MARGIN).max(WIDTH);
        // Columns end at the right margin; what is left between them and the labels is the plot.
        let mut columns = Vec::new();
        let mut right = width - MARGIN;
        for wide in widths.iter().rev() {
            columns.insert(0, right - wide);
            right -= wide + GAP;
        }
        Self { label, columns, width }
    }
}

impl Chart for ForestChart {
    fn draw_sheet(&self) -> Sheet {
        let panels: Vec<&ForestPanel> = self.panels.iter().filter(|p| !p.rows.is_empty()).collect();
        let layout = ForestLayout::for_panels(&panels);
        let frame = SheetFrame::new(&self.title, &self.footer, layout.width).with_subtitle(
            "each row: a fix on its own, or several together, as far as somebody claims a saving",
        );
        let legend = self.legend_entries(&panels);
        let entries: Vec<_> =
            legend.iter().map(|(mark, hue, words)| (*mark, *hue, &**words)).collect();
        // A legend is drawn on a sheet that is thrown away, to know how many lines it takes.
        let lines = frame.clone().into_sheet(100).add_legend((MARGIN, LEGEND), &entries);
        let mut top = LEGEND + 20 * lines;
        let heights: i32 = panels.iter().map(|panel| panel.height()).sum();
        let mut sheet = frame.into_sheet(top + heights);
        sheet.add_legend((MARGIN, LEGEND), &entries);
        for panel in panels {
            panel.draw_panel(&mut sheet, &layout, top + HEADING);
            top += panel.height();
        }
        sheet
    }

    fn data_table(&self) -> TableView {
        let mut columns = ["panel", "row", "of", "unit"].map(TableColumn::text).to_vec();
        let amounts = [
            "P10",
            "expected",
            "P90",
            "judged low",
            "judged high",
            "bound low",
            "bound high",
            "claimed low",
            "claimed high",
            "rounded low",
            "rounded high",
            "at most",
            "seen",
            "seen low",
            "seen high",
        ];
        columns.extend(amounts.map(|name| TableColumn::mixed(name).with_sign()));
        columns.push(TableColumn::text("verdict"));
        let mut view = TableView::new("Claims against bands", columns);
        for panel in &self.panels {
            for row in &panel.rows {
                // Panels of several units share their columns, so that each row says its own.
                let unit = if panel.unit == ChartUnit::Count { "calls" } else { "tokens" };
                let texts = [&*panel.heading, &row.label, &row.note, unit];
                let mut cells = texts.map(TableCell::text).to_vec();
                let (mut band, mut bounds) = ([None; 5], [None; 2]);
                match row.replayed {
                    ForestReplay::Nothing => {}
                    ForestReplay::Band {
                        p10_expected_p90: (p10, expected, p90),
                        judged: (low, high),
                    } => {
                        band = [p10, expected, p90, low, high].map(Some);
                    }
                    ForestReplay::Bounds(low, high) => bounds = [Some(low), Some(high)],
                }
                let claimed = match &row.claimed {
                    ForestClaim::Range { saving: (a, b), rounded: (c, d) } => {
                        [*a, *b, *c, *d].map(Some)
                    }
                    _ => [None; 4],
                };
                let seen =
                    row.observed.map_or([None; 3], |(at, low, high)| [at, low, high].map(Some));
                let all = band.into_iter().chain(bounds).chain(claimed).chain([row.at_most]);
                let all = all.chain(seen);
                cells
                    .extend(all.map(|n| TableCell::from_option(n.map(|n| panel.unit.to_value(n)))));
                cells.push(TableCell::text(&row.verdict));
                view.add_row(cells);
            }
        }
        view
    }
}

impl ForestChart {
    /// Entries for what is there.
    fn legend_entries(&self, panels: &[&ForestPanel]) -> Vec<(LegendMark, Hue, String)> {
        let rows: Vec<&ForestRow> = panels.iter().flat_map(|panel| &panel.rows).collect();
        let mut entries = Vec::new();
        if rows.iter().any(|row| matches!(row.replayed, ForestReplay::Band { .. })) {
            entries.push((LegendMark::Dot(45), Hue::Blue, "replay, middle".to_owned()));
            entries.push((LegendMark::Line(50), Hue::Blue, "8 of 10 trials".to_owned()));
            let words = format!("compared with: {}", self.widened);
            entries.push((LegendMark::Line(14), Hue::Blue, words));
        }
        if rows.iter().any(|row| matches!(row.replayed, ForestReplay::Bounds(..))) {
            let words = "needs your number: between these bounds";
            entries.push((LegendMark::Line(30), Hue::Purple, words.to_owned()));
        }
        if rows.iter().any(|row| matches!(row.claimed, ForestClaim::Range { .. })) {
            let words = "claim (pale: its rounding)";
            entries.push((LegendMark::Box, Hue::Orange, words.to_owned()));
        }
        if rows.iter().any(|row| row.at_most.is_some()) {
            let words = "best case";
            entries.push((LegendMark::Tick(18), Hue::Ink, words.to_owned()));
        }
        if rows.iter().any(|row| row.observed.is_some()) {
            let words = "measured after rollout, with its interval";
            entries.push((LegendMark::Line(30), Hue::Green, words.to_owned()));
        }
        entries
    }
}

impl ForestPanel {
    /// Its height in pixels, with the heading above and the axis below.
    fn height(&self) -> i32 {
        HEADING + i32::try_from(self.rows.len()).expect("few rows") * ROW + AXIS_HEIGHT
    }

    fn draw_panel(&self, sheet: &mut Sheet, layout: &ForestLayout, top: i32) {
        let amounts: Vec<i128> = self.rows.iter().flat_map(ForestRow::all_amounts).collect();
        let ends = (
            amounts.iter().copied().min().unwrap_or(0),
            amounts.iter().copied().max().unwrap_or(0),
        );
        let from = MARGIN + layout.label + 12;
        // Half of the words under the last tick, and of the first, stand outside.
        let place = (from + 8, layout.columns[0] - GAP - 22);
        let at = RowGrid::new(place, (top, self.rows.len(), ROW), ends, true, self.unit);
        at.draw_grid(sheet, &self.axis);
        let y = at.top - 14 * GRID;
        let how = body_text(12).in_bold();
        let room = layout.columns[0] - MARGIN - GAP;
        sheet.add_text(&cut_to_width(&self.heading, how, room), (MARGIN * GRID, y), how);
        for (words, x) in COLUMNS.iter().zip(layout.columns.iter().copied()) {
            sheet.add_text(words, (x * GRID, y), body_text(SMALL).with_hue(Hue::Grey));
        }
        for (place, row) in self.rows.iter().enumerate() {
            let y = at.row_y(place);
            let x = (from - 10) * GRID;
            // A row with a note has two lines, which stand around its middle.
            let (first, second) = if row.note.is_empty() { (0, 0) } else { (-7, 8) };
            let how = body_text(LABEL);
            RowGrid::draw_label(sheet, &row.label, (x, y + first * GRID), layout.label, how);
            let how = body_text(SMALL).with_hue(Hue::Grey);
            RowGrid::draw_label(sheet, &row.note, (x, y + second * GRID), layout.label, how);
            for ((words, x), how) in row
                .column_texts(self.unit)
                .iter()
                .zip(layout.columns.iter().copied())
                .zip([body_text(SMALL), body_text(SMALL), body_text(SMALL).in_bold()])
            {
                sheet.add_text(words, (x * GRID, y), how);
            }
            row.draw_row(sheet, &at, y);
        }
    }
}

impl ForestRow {
    /// What is replayed above the middle of a row, what is claimed below it, and what was seen
    /// under both: none of them hides another.
    fn draw_row(&self, sheet: &mut Sheet, at: &RowGrid, y: i32) {
        // Three lanes a row: the replay above, the claim below the middle, what was seen at the
        // bottom.
        let line = y - 5 * GRID;
        if let ForestClaim::Range { saving, rounded } = &self.claimed {
            let span = (y + 4 * GRID, y + 12 * GRID);
            let wide = (at.amount_x(rounded.0), at.amount_x(rounded.1));
            sheet.add_translucent_bar(wide, span, Hue::Orange, 38);
            // A claim of one amount is still to be seen.
            let narrow = (at.amount_x(saving.0) - 15, at.amount_x(saving.1) + 15);
            sheet.add_bar(narrow, span, Hue::Orange);
        }
        match self.replayed {
            ForestReplay::Nothing => {}
            ForestReplay::Band { p10_expected_p90: (p10, expected, p90), judged } => {
                draw_interval(sheet, at, judged, line, (14, Hue::Blue));
                let ends = (at.amount_x(p10), at.amount_x(p90));
                sheet.add_bar(ends, (line - 25, line + 25), Hue::Blue);
                sheet.add_dot((at.amount_x(expected), line), 45, Hue::Blue);
            }
            ForestReplay::Bounds(low, high) => {
                // The ends of a parameter may save in reverse: more of it need not save more.
                draw_interval(sheet, at, (low.min(high), low.max(high)), line, (30, Hue::Purple));
                for amount in [low, high] {
                    let x = at.amount_x(amount);
                    let points = vec![(x, line - 5 * GRID), (x, line + 5 * GRID)];
                    sheet.add_line(points, 20, Hue::Purple);
                }
            }
        }
        if let Some((seen, low, high)) = self.observed {
            let below = y + 15 * GRID;
            draw_interval(sheet, at, (low, high), below, (14, Hue::Green));
            sheet.add_dot((at.amount_x(seen), below), 40, Hue::Green);
        }
        if let Some(most) = self.at_most {
            let x = at.amount_x(most);
            sheet.add_line(vec![(x, line - 8 * GRID), (x, line + 8 * GRID)], 18, Hue::Ink);
        }
    }
}

/// A line from one amount to another at a height.
fn draw_interval(
    sheet: &mut Sheet,
    at: &RowGrid,
    (low, high): (i128, i128),
    y: i32,
    (width, hue): (u32, Hue),
) {
    sheet.add_line(vec![(at.amount_x(low), y), (at.amount_x(high), y)], width, hue);
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_chart;
    use super::*;

    fn row(
        label: &str,
        replayed: ForestReplay,
        claimed: ForestClaim,
        at_most: Option<i128>,
    ) -> ForestRow {
        let (label, verdict) = (label.to_owned(), "cannot be".to_owned());
        ForestRow {
            label,
            note: String::new(),
            replayed,
            claimed,
            at_most,
            observed: None,
            verdict,
        }
    }

    fn band(p10_expected_p90: (i128, i128, i128), judged: (i128, i128)) -> ForestReplay {
        ForestReplay::Band { p10_expected_p90, judged }
    }

    fn range(saving: (i128, i128), rounded: (i128, i128)) -> ForestClaim {
        ForestClaim::Range { saving, rounded }
    }

    fn panel(heading: &str, rows: Vec<ForestRow>) -> ForestPanel {
        let axis = "saved cache reads, tokens".to_owned();
        ForestPanel { heading: heading.to_owned(), axis, unit: ChartUnit::Tokens, rows }
    }

    fn sample() -> ForestChart {
        let r1 = row(
            "R1 narration suppressed",
            band((130_000, 160_000, 175_000), (82_308, 190_421)),
            range((5_000_000, 6_000_000), (4_500_000, 6_500_000)),
            Some(187_900),
        );
        let c1 = row(
            "C1 <b>",
            band((-9, 2_000_000, 3_000_000), (-10, 3_262_500)),
            ForestClaim::Falls,
            None,
        );
        let n1 = row(
            "N1 one controller",
            ForestReplay::Bounds(0, 37_400_000),
            ForestClaim::Nothing,
            None,
        );
        let seen = Some((5_500_000, -1_100_000, 9_000_000));
        let both = ForestRow { note: "R1+R2+R3+R4".into(), observed: seen, ..r1.clone() };
        ForestChart {
            title: "Order 774: what is claimed, and what the replay says".into(),
            widened:
                "P10 to P90, the error of a difference (19 %) in it, and no more than the bound"
                    .into(),
            panels: vec![
                panel("each toggle on its own", vec![r1, c1]),
                panel("several toggles together", vec![both]),
                panel("bounds", vec![n1]),
            ],
            footer: vec!["Recording 0a1b2c3d, windtunnel 0.1.0, seed 774".into()],
        }
    }

    #[test]
    fn rows_say_what_they_show() {
        let sheet = sample().draw_sheet();
        let words = sheet.all_texts();
        for word in [
            "160.0 k (82.3 k to 190.4 k)",
            "5.0 M to 6.0 M",
            "that it saves",
            "bounds: 0 to 37.4 M",
            "cannot be",
            "R1+R2+R3+R4",
            "needs your number: between these bounds",
        ] {
            assert!(words.contains(&word), "{word}: {words:?}");
        }
    }

    #[test]
    fn odd_data_draw() {
        check_chart(&sample());
        check_chart(&ForestChart { panels: vec![], ..sample() });
        check_chart(&ForestChart { panels: vec![panel("no rows", vec![])], ..sample() });
        let one = |row: ForestRow| {
            check_chart(&ForestChart { panels: vec![panel("one", vec![row])], ..sample() })
        };
        one(row("nothing", ForestReplay::Nothing, ForestClaim::Nothing, None));
        one(row("zero", band((0, 0, 0), (0, 0)), range((0, 0), (0, 0)), Some(0)));
        one(row(
            "costs",
            band((-9_000_000, -8, -7), (-9_500_000, 0)),
            ForestClaim::Falls,
            Some(-7),
        ));
        let (low, high) = (i128::from(i64::MIN), i128::from(i64::MAX));
        let huge = band((low, 0, high), (low, high));
        let long = "long <script>alert(1)</script> & words ".repeat(20);
        let mut row = row(&long, huge, range((low, high), (low, high)), Some(high));
        (row.note, row.verdict) = (long.clone(), long);
        one(row);
    }

    #[test]
    fn many_rows_draw() {
        let many = (0..60)
            .map(|at| ForestRow { label: format!("T{at}"), ..sample().panels[0].rows[0].clone() });
        check_chart(&ForestChart { panels: vec![panel("many", many.collect())], ..sample() });
    }

    #[test]
    fn the_table_holds_what_the_lines_show() {
        let csv =
            String::from_utf8(crate::report::csv::table_to_csv(&sample().data_table())).unwrap();
        let line = "each toggle on its own,R1 narration suppressed,,tokens,130000,160000,175000,\
                    82308,190421,,,5000000,6000000,4500000,6500000,187900,,,,cannot be";
        assert!(csv.contains(line), "{csv}");
        assert!(
            csv.contains("bounds,N1 one controller,,tokens,,,,,,0,37400000,,,,,,,,,cannot be"),
            "{csv}"
        );
        assert!(csv.contains("187900,5500000,-1100000,9000000,cannot be"), "{csv}");
    }
}
