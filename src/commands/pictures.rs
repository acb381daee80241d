//! Pictures of a comparison as files, and the page that shows them.

use super::comparison_run::ComparisonRun;
#[cfg(feature = "charts")]
use super::experiment_inputs::ExperimentInputs;
use crate::recording::Recording;
use crate::report::show::compare::ComparisonReport;
use crate::report::show::list::BuiltinEntry;
#[cfg(feature = "charts")]
use crate::report::show::page::PageSource;
use crate::report::show::report::FullReport;
#[cfg(feature = "charts")]
use crate::study::whatif::experiment::Experiment;

/// The pictures of a report.
#[derive(Default)]
pub struct ReportPictures {
    /// File name and bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// What the report shows: file name and what is to be seen.
    pub images: Vec<(String, &'static str)>,
    /// The same as parts of a page, by their file names.
    #[cfg(feature = "charts")]
    pub inline: Vec<(String, String)>,
}

/// Every picture that this recording has, in both themes and with its numbers.
#[cfg(feature = "charts")]
pub fn draw_pictures(
    recording: &Recording,
    shown: &ComparisonReport<'_>,
    png: bool,
) -> ReportPictures {
    use crate::report::chart::{THEMES, Theme};
    use crate::report::csv;
    use crate::report::show::charts::{ALL, ChartSource};
    let source = ChartSource { comparison_report: shown, recording };
    let mut pictures = ReportPictures::default();
    for kind in &ALL {
        // A picture that this recording does not have is left out; `chart` says why.
        let Ok(chart) = (kind.make)(&source) else { continue };
        let sheet = chart.draw_sheet();
        for theme in THEMES {
            let name = match theme {
                Theme::Light => format!("charts/{}", kind.id),
                Theme::Dark => format!("charts/{}-dark", kind.id),
            };
            pictures.files.push((format!("{name}.svg"), sheet.to_svg(theme)));
            if png {
                pictures.files.push((format!("{name}.png"), sheet.to_png(theme)));
            }
        }
        pictures
            .files
            .push((format!("charts/{}.csv", kind.id), csv::table_to_csv(&chart.data_table())));
        pictures.images.push((format!("charts/{}.svg", kind.id), kind.shows));
        pictures.inline.push((format!("charts/{}.svg", kind.id), sheet.to_inline_svg()));
    }
    pictures
}

/// The page of a report as a file.
#[cfg(feature = "charts")]
pub fn render_page(
    studied: &ComparisonRun,
    full: &FullReport<'_>,
    pictures: &ReportPictures,
) -> Vec<(String, Vec<u8>)> {
    let ExperimentInputs { scenario, pricing, loaded } = &studied.inputs;
    let toggles = scenario.split_awaiting_toggles();
    let experiment = Experiment::for_scenario(&loaded.source, scenario, &toggles, pricing);
    let paged = PageSource {
        report: full,
        scenario,
        experiment: &experiment,
        recording: studied.recording(),
        pictures: &pictures.inline,
    };
    vec![("index.html".to_owned(), paged.to_bytes())]
}

/// None: this build has no page.
#[cfg(not(feature = "charts"))]
pub fn render_page(
    _: &ComparisonRun,
    _: &FullReport<'_>,
    _: &ReportPictures,
) -> Vec<(String, Vec<u8>)> {
    Vec::new()
}

/// None: this build has no charts.
#[cfg(not(feature = "charts"))]
pub fn draw_pictures(_: &Recording, _: &ComparisonReport<'_>, _: bool) -> ReportPictures {
    ReportPictures::default()
}

/// The kinds of pictures.
#[cfg(feature = "charts")]
pub fn picture_kinds() -> Vec<BuiltinEntry> {
    let all = crate::report::show::charts::ALL.iter();
    all.map(|kind| BuiltinEntry { name: kind.id.to_owned(), about: kind.shows.to_owned() })
        .collect()
}

/// None: this build has no charts.
#[cfg(not(feature = "charts"))]
pub fn picture_kinds() -> Vec<BuiltinEntry> {
    Vec::new()
}
