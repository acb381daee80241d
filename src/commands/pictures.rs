//! Pictures of a comparison as files, and the page that shows them.

use super::studied::Studied;
use crate::recording::Recording;
use crate::report::show::compare::Shown;
use crate::report::show::list::Named;
#[cfg(feature = "charts")]
use crate::report::show::page::Paged;
use crate::report::show::report::Full;
use crate::study::sweep::Sweep;

/// The pictures of a report.
#[derive(Default)]
pub struct Pictures {
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
pub fn all(
    recording: &Recording,
    shown: &Shown<'_>,
    sweep: Result<&Sweep, &str>,
    png: bool,
) -> Pictures {
    use crate::report::chart::{THEMES, Theme};
    use crate::report::csv;
    use crate::report::show::charts::{ALL, Source};
    let source = Source { shown, recording, sweep };
    let mut pictures = Pictures::default();
    for kind in &ALL {
        let Ok(chart) = (kind.make)(&source) else { continue };
        let sheet = chart.sheet();
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
        pictures.files.push((format!("charts/{}.csv", kind.id), csv::view(&chart.data())));
        pictures.images.push((format!("charts/{}.svg", kind.id), kind.shows));
        pictures.inline.push((format!("charts/{}.svg", kind.id), sheet.to_inline_svg()));
    }
    pictures
}

/// The page of a report as a file.
#[cfg(feature = "charts")]
pub fn page(studied: &Studied, full: &Full<'_>, pictures: &Pictures) -> Vec<(String, Vec<u8>)> {
    let paged = Paged {
        full,
        scenario: &studied.ready.scenario,
        recording: studied.recording(),
        pictures: &pictures.inline,
    };
    vec![("index.html".to_owned(), paged.to_bytes())]
}

/// None: this build has no page.
#[cfg(not(feature = "charts"))]
pub fn page(_: &Studied, _: &Full<'_>, _: &Pictures) -> Vec<(String, Vec<u8>)> {
    Vec::new()
}

/// None: this build has no charts.
#[cfg(not(feature = "charts"))]
pub fn all(_: &Recording, _: &Shown<'_>, _: Result<&Sweep, &str>, _: bool) -> Pictures {
    Pictures::default()
}

/// The kinds of pictures.
#[cfg(feature = "charts")]
pub fn kinds() -> Vec<Named> {
    let all = crate::report::show::charts::ALL.iter();
    all.map(|kind| Named { name: kind.id.to_owned(), about: kind.shows.to_owned() }).collect()
}

/// None: this build has no charts.
#[cfg(not(feature = "charts"))]
pub fn kinds() -> Vec<Named> {
    Vec::new()
}
