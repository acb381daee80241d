//! `windtunnel chart`.

use super::comparison_run::ComparisonRun;
use super::{Audience, CommandError, CommandResult, load};
use crate::cli::{ChartArgs, PictureFormat, ThemeArg};
use crate::report::chart::{Chart, Theme};
use crate::report::csv;
use crate::report::show::charts::{ALL, ChartKind, ChartSource};
use crate::scenario::nearest_name_hint;
use crate::store::OutputFiles;
use std::path::Path;

pub fn run(args: &ChartArgs) -> CommandResult {
    let kind = find_chart_kind(&args.kind)?;
    let format = choose_picture_format(args)?;
    let experiment = &args.experiment;
    // Draws and sweeps take most of the time: only pictures that show them pay for them.
    let mut studied = if kind.needs_draws {
        ComparisonRun::from_args(experiment, Audience::Anybody)?
    } else {
        ComparisonRun::without_draws(experiment)?
    };
    if kind.needs_sweep {
        studied.sweep_subsets();
    }
    let source = ChartSource {
        comparison_report: &studied.comparison_view(),
        recording: studied.recording(),
    };
    let chart = (kind.make)(&source).map_err(|reason| {
        let name = &studied.recording().name;
        CommandError::content(format!("there is no {} chart of {name}", kind.id), reason)
    })?;
    let bytes = render_picture(&*chart, format, args.theme);
    let Some(out) = &args.out else {
        return Ok(load::finish_command(bytes, &studied.inputs.loaded));
    };
    OutputFiles::beside_inputs(experiment.input_files(), args.overwrite.force)
        .write_file(out, &bytes)?;
    Ok(load::finish_command(Vec::new(), &studied.inputs.loaded))
}

fn find_chart_kind(id: &str) -> Result<&'static ChartKind, CommandError> {
    ALL.iter().find(|kind| kind.id == id).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|kind| kind.id).collect();
        let near = nearest_name_hint(id, names.iter().copied());
        CommandError::argument("", format!("no chart '{id}'{near}"))
            .with_hint(format!("there are {}", names.join(", ")))
    })
}

/// The format: as asked for, else by the ending of the file, else SVG.
fn choose_picture_format(args: &ChartArgs) -> Result<PictureFormat, CommandError> {
    let format = match (args.format, &args.out) {
        (Some(format), _) => format,
        (None, Some(out)) => picture_format_by_ending(out)?,
        (None, None) => PictureFormat::Svg,
    };
    let is_shown = args.out.is_none() && super::is_terminal();
    // In a pipe the bytes are what was asked for; on a screen they would spoil it.
    if format == PictureFormat::Png && is_shown {
        return Err(CommandError::argument("", "a PNG is no text for a terminal")
            .with_hint("give a file with -o"));
    }
    Ok(format)
}

fn picture_format_by_ending(out: &Path) -> Result<PictureFormat, CommandError> {
    match &*out.extension().unwrap_or_default().to_string_lossy() {
        "svg" => Ok(PictureFormat::Svg),
        "png" => Ok(PictureFormat::Png),
        "csv" => Ok(PictureFormat::Csv),
        _ => Err(CommandError::argument(
            out.display(),
            "the ending says the format, and it is none of .svg, .png and .csv; or give --format",
        )),
    }
}

fn render_picture(chart: &dyn Chart, format: PictureFormat, theme: ThemeArg) -> Vec<u8> {
    let theme = match theme {
        ThemeArg::Light => Theme::Light,
        ThemeArg::Dark => Theme::Dark,
    };
    match format {
        PictureFormat::Svg => chart.draw_sheet().to_svg(theme),
        PictureFormat::Png => chart.draw_sheet().to_png(theme),
        PictureFormat::Csv => csv::table_to_csv(&chart.data_table()),
    }
}
