//! How busy agents are, over draws: what hangs on pauses, call times and the hours of the window.

use super::ComparisonReport;
use crate::report::columns::ColumnField;
use crate::report::view::{CellValue, ColumnKind};
use crate::report::{TableCell, TableView, format};
use crate::study::stats::quantile::CredibleBand;
use crate::study::whatif::load_bands::{LoadBand, LoadBands, LoadFigure};

impl ComparisonReport<'_> {
    /// The bands, where a source of totals leaves all times open.
    pub(super) fn load_bands(&self) -> Option<&LoadBands> {
        self.comparison.uncertainty.as_ref()?.loads.as_ref()
    }

    pub(super) fn load_bands_table(&self) -> Option<TableView> {
        let bands = self.load_bands()?;
        let mut fields = band_fields();
        // How long the window was is told in two ways: both stand here.
        for (at, days) in
            bands.window_days.iter().enumerate().filter(|_| bands.window_days.len() > 1)
        {
            let heading = format!("before, window of {} hours", 24 * days);
            let about = "the median if the window was as long";
            fields.push(BandField::from_cells(ColumnKind::Mixed, "", heading, about, move |row| {
                cell_of_figure(row.figure, row.by_window[at])
            }));
        }
        let title = "Rates, waits and latency, P10 to P90";
        let mut view = TableView::from_fields(title, &fields, &bands.figures);
        view.add_footnote(format!(
            "over {} draws of pauses, call times, roots, threads and the hours of the window, none \
             of which the source tells; window: medians of the draws in which it is as long",
            format::format_integer(bands.draws as i64, false)
        ));
        view.add_footnote(
            "latency: from the end of the work that a digest tells of to the end of the \
             controller's turn; waited: how much later turns ended, summed",
        );
        Some(view)
    }
}

/// What a figure is, in words.
fn words_of_figure(figure: LoadFigure) -> String {
    match figure {
        LoadFigure::MeanRate => "requests a minute over the window".to_owned(),
        LoadFigure::PeakRate => "most requests in a minute".to_owned(),
        LoadFigure::SessionTime => "session time".to_owned(),
        LoadFigure::Waited(turns) => format!("waited, {turns} turns at once"),
        LoadFigure::MeanLatency(turns) => {
            format!("latency of a digest, mean, {turns} turns at once")
        }
        LoadFigure::P90Latency(turns) => format!("latency of a digest, P90, {turns} turns at once"),
    }
}

fn value_of_figure(figure: LoadFigure, value: i64) -> CellValue {
    match figure {
        LoadFigure::MeanRate => CellValue::Number(value),
        LoadFigure::PeakRate => CellValue::Count(value),
        LoadFigure::SessionTime
        | LoadFigure::Waited(_)
        | LoadFigure::MeanLatency(_)
        | LoadFigure::P90Latency(_) => CellValue::Duration(value),
    }
}

fn cell_of_figure(figure: LoadFigure, value: i64) -> TableCell {
    TableCell::new(value_of_figure(figure, value))
}

type BandField<'a> = ColumnField<'a, &'a LoadBand>;

fn band_fields<'a>() -> Vec<BandField<'a>> {
    vec![
        BandField::text("figure", "figure", "what it is", |row| words_of_figure(row.figure)),
        band_column("before", "nothing toggled", |row| row.before),
        band_column("after", "everything toggled", |row| row.after),
    ]
}

/// P10 to P90 of one side.
fn band_column<'a>(
    side: &'static str,
    about: &'static str,
    band: fn(&LoadBand) -> CredibleBand<i64>,
) -> BandField<'a> {
    let field = BandField::from_cells(ColumnKind::Mixed, "", side, about, move |row| {
        let band = band(row);
        let [low, high] = [band.p10, band.p90].map(|end| value_of_figure(row.figure, end));
        TableCell::from_range(low, high)
    });
    field.with_ranges()
}

/// A figure for programs.
pub(super) fn load_band_fields<'a>() -> Vec<BandField<'a>> {
    let mut fields =
        vec![BandField::text("figure", "", "what it is", |row| words_of_figure(row.figure))];
    fields.extend(band_keys("before", "nothing toggled", |row| row.before));
    fields.extend(band_keys("after", "everything toggled", |row| row.after));
    fields
}

/// Percentiles in the unit of the row: requests a minute, requests, milliseconds.
fn band_keys<'a>(
    side: &'static str,
    about: &'static str,
    band: fn(&LoadBand) -> CredibleBand<i64>,
) -> [BandField<'a>; 3] {
    type Percentile = fn(CredibleBand<i64>) -> i64;
    let ends: [(&str, Percentile); 3] =
        [("p10", |band| band.p10), ("p50", |band| band.p50), ("p90", |band| band.p90)];
    ends.map(|(end, of)| {
        let name = format!("{side}_{end}");
        BandField::from_cells(ColumnKind::Mixed, name, "", about, move |row| {
            cell_of_figure(row.figure, of(band(row)))
        })
    })
}
