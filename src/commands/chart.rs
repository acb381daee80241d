//! `windtunnel chart`.

use super::asked::Asked;
use super::studied::Studied;
use super::{Failure, Outcome, load};
use crate::cli::{ChartArgs, PictureFormat, ThemeArg};
use crate::report::chart::{Chart, Theme};
use crate::report::csv;
use crate::report::show::charts::{ALL, Kind, Source};
use crate::scenario::nearest;
use crate::store;
use std::path::Path;

pub fn run(args: &ChartArgs) -> Outcome {
    let kind = find(&args.kind)?;
    let format = format(args)?;
    let asked = Asked {
        recording: args.recording.as_deref(),
        scenario: args.scenario.as_deref(),
        with: &args.with,
        set: &args.set,
        premises: &args.premises,
        strict: args.strict,
        observed: None,
    };
    let studied =
        if kind.needs_draws { Studied::of(&asked)? } else { Studied::without_draws(&asked)? };
    let sweep = if kind.needs_sweep { studied.sweep() } else { Err(String::new()) };
    let source = Source {
        shown: &studied.shown(),
        recording: studied.recording(),
        sweep: sweep.as_ref().map_err(String::as_str),
    };
    let chart = (kind.make)(&source).map_err(|reason| {
        let name = &studied.recording().name;
        Failure::new(format!("there is no {} chart of {name}: {reason}", kind.id))
    })?;
    let bytes = bytes(&*chart, format, args.theme);
    let Some(out) = &args.output else {
        return Ok(load::done(bytes, &studied.ready.loaded));
    };
    store::save(out, &bytes)?;
    Ok(load::done(Vec::new(), &studied.ready.loaded))
}

fn find(id: &str) -> Result<&'static Kind, Failure> {
    ALL.iter().find(|kind| kind.id == id).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|kind| kind.id).collect();
        let near = nearest(id, names.iter().copied());
        Failure::new(format!("no chart '{id}'{near}: there are {}", names.join(", ")))
    })
}

/// The format: as asked for, else by the ending of the file, else SVG.
fn format(args: &ChartArgs) -> Result<PictureFormat, Failure> {
    let by_ending = |out: &Path| match &*out.extension().unwrap_or_default().to_string_lossy() {
        "svg" => Ok(PictureFormat::Svg),
        "png" => Ok(PictureFormat::Png),
        "csv" => Ok(PictureFormat::Csv),
        _ => Err(Failure::new(format!(
            "{}: the ending says the format, and it is none of .svg, .png and .csv; or give \
             --format",
            out.display()
        ))),
    };
    let format = match (args.format, &args.output) {
        (Some(format), _) => format,
        (None, Some(out)) => by_ending(out)?,
        (None, None) => PictureFormat::Svg,
    };
    let is_shown = args.output.is_none() && super::is_terminal();
    if format == PictureFormat::Png && is_shown {
        return Err(Failure::new("a PNG is no text for a terminal: give a file with -o"));
    }
    Ok(format)
}

fn bytes(chart: &dyn Chart, format: PictureFormat, theme: ThemeArg) -> Vec<u8> {
    let theme = match theme {
        ThemeArg::Light => Theme::Light,
        ThemeArg::Dark => Theme::Dark,
    };
    match format {
        PictureFormat::Svg => chart.sheet().to_svg(theme),
        PictureFormat::Png => chart.sheet().to_png(theme),
        PictureFormat::Csv => csv::view(&chart.data()),
    }
}
