//! `windtunnel steps`.

use super::session_selection::{select_named_sessions, selection_from_args};
use super::{CommandResult, LoadOptions, load, render_document};
use crate::cli::{OutputFormat, StepsArgs};
use crate::reconstruct::ReportedPipeline;
use crate::report::csv;
use crate::report::show::Provenance;
use crate::report::show::steps::StepsReport;
use crate::scenario::Scenario;
use crate::study::inspect::step_usage::usage_by_step;

pub fn run(args: &StepsArgs) -> CommandResult {
    // What was recorded is shown: nothing is toggled.
    let select = selection_from_args(&args.selection)?;
    let scenario = Scenario { toggles: Vec::new(), select, ..Scenario::all_toggles() };
    let lens = load::choose_lens(&args.premises, &scenario);
    let pricing = super::pricing::load_pricing(&args.premises, &scenario, &args.recordings)?;
    let options =
        LoadOptions { lens, strict: args.strict, audience: super::audience_of(args.print.format) };
    let loaded = load::load_merged_recording(&args.recordings, options, None)?;
    let loaded = select_named_sessions(loaded, &scenario.select)?;
    let steps = usage_by_step(loaded.recording(), args.order.as_deref());
    let loaded = loaded.for_audience();
    // Names that were shown are found too, and an error tells no others.
    let steps = steps.or_else(|_| usage_by_step(loaded.recording(), args.order.as_deref()))?;
    let provenance = Provenance::for_scenario(loaded.recording(), &pricing, &scenario);
    load::refuse_unpriced(&provenance.coverage, args.strict)?;
    let order = args.order.as_deref();
    let published = loaded.source.pipeline();
    let whole = published.map(ReportedPipeline::whole_by_part).unwrap_or_default();
    let beside = published.and_then(|it| Some((it, it.pipeline_beside()?)));
    let as_told = beside.map(|(it, beside)| it.steps_as_told(&beside)).unwrap_or_default();
    let shown = StepsReport {
        steps: &steps,
        order,
        whole: &whole,
        as_told: &as_told,
        notes: &loaded.import.notes,
        provenance: &provenance,
    };
    let stdout = match args.print.format {
        OutputFormat::Json => shown.to_json(),
        OutputFormat::Markdown if args.print.table.is_none() => {
            render_document(&shown.to_pull_request(), args.print.format)?
        }
        // The steps alone, for programs that have read them so since there are any.
        OutputFormat::Csv if args.print.table.is_none() => csv::table_to_csv(&shown.to_table()),
        other => render_document(&shown.to_document(), (other, &args.print))?,
    };
    Ok(load::finish_command(stdout, &loaded))
}
