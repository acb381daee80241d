//! `windtunnel compare`.

use super::comparison_run::ComparisonRun;
use super::experiment_request::ExperimentRequest;
use super::{CommandResult, load, render_document};
use crate::cli::{CompareArgs, OutputFormat, SpreadGroupArg};
use crate::study::whatif::distribution::SessionGrouping;

pub fn run(args: &CompareArgs) -> CommandResult {
    let mut studied = ComparisonRun::from_request(&ExperimentRequest {
        recording: args.recording.as_deref(),
        scenario: args.scenario.as_deref(),
        with: &args.with,
        set: &args.set,
        premises: &args.premises,
        strict: args.strict,
        observed: None,
    })?;
    if let Some(each) = args.each {
        studied.spread_over(match each {
            SpreadGroupArg::Session => SessionGrouping::Session,
            SpreadGroupArg::Pipeline => SessionGrouping::Pipeline,
            SpreadGroupArg::Folder => SessionGrouping::Folder,
            SpreadGroupArg::Step => SessionGrouping::Step,
        });
    }
    let shown = studied.comparison_view();
    let stdout = match args.format {
        OutputFormat::Json => shown.to_json(),
        other => render_document(&shown.to_document(), other),
    };
    Ok(load::finish_command(stdout, &studied.inputs.loaded))
}
