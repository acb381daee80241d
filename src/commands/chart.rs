//! `windtunnel chart`.

use super::comparison_run::ComparisonRun;
use super::experiment_request::ExperimentRequest;
use super::{CommandError, CommandResult, load};
use crate::cli::{ChartArgs, PictureFormat, ThemeArg};
use crate::report::chart::{Chart, Theme};
use crate::report::csv;
use crate::report::show::charts::{ALL, ChartKind, ChartSource};
use crate::scenario::nearest_name_hint;
use crate::store;
use std::path::Path;

pub fn run(args: &ChartArgs) -> CommandResult {
    let kind = find_chart_kind(&args.kind)?;
    let format = choose_picture_format(args)?;
    let asked = ExperimentRequest {
        recording: args.recording.as_deref(),
        scenario: args.scenario.as_deref(),
        with: &args.with,
        set: &args.set,
        premises: &args.premises,
        strict: args.strict,
        observed: None,
    };
    let studied = if kind.needs_draws {
        ComparisonRun::from_request(&asked)?
    } else {
        ComparisonRun::without_draws(&asked)?
    };
    let sweep = if kind.needs_sweep { studied.sweep_subsets() } else { Err(String::new()) };
    let source = ChartSource {
        comparison_report: &studied.comparison_view(),
        recording: studied.recording(),
        sweep: sweep.as_ref().map_err(String::as_str),
    };
    let chart = (kind.make)(&source).map_err(|reason| {
        let name = &studied.recording().name;
        CommandError::new(format!("there is no {} chart of {name}: {reason}", kind.id))
    })?;
    let bytes = render_picture(&*chart, format, args.theme);
    let Some(out) = &args.output else {
        return Ok(load::finish_command(bytes, &studied.inputs.loaded));
    };
    store::write_file(out, &bytes)?;
    Ok(load::finish_command(Vec::new(), &studied.inputs.loaded))
}

fn find_chart_kind(id: &str) -> Result<&'static ChartKind, CommandError> {
    ALL.iter().find(|kind| kind.id == id).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|kind| kind.id).collect();
        let near = nearest_name_hint(id, names.iter().copied());
        CommandError::new(format!("no chart '{id}'{near}: there are {}", names.join(", ")))
    })
}

/// The format: as asked for, else by the ending of the file, else SVG.
fn choose_picture_format(args: &ChartArgs) -> Result<PictureFormat, CommandError> {
    let by_ending = |out: &Path| match &*out.extension().unwrap_or_default().to_string_lossy() {
        "svg" => Ok(PictureFormat::Svg),
        "png" => Ok(PictureFormat::Png),
        "csv" => Ok(PictureFormat::Csv),
        _ => Err(CommandError::new(format!(
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
        return Err(CommandError::new("a PNG is no text for a terminal: give a file with -o"));
    }
    Ok(format)
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
