//! `windtunnel compare`.

use super::comparison_run::ComparisonRun;
use super::experiment_inputs::ExperimentInputs;
use super::{CommandResult, load, render_answer};
use crate::cli::{CompareArgs, DetailArgs, OutputFormat};

pub fn run(args: &CompareArgs) -> CommandResult {
    let inputs =
        ExperimentInputs::from_args(&args.experiment, super::audience_of(args.print.format))?;
    let mut studied = ComparisonRun::compare_with_order(inputs, args.drawn.as_deref())?;
    // A spread that is asked for stands among the details.
    let detail = DetailArgs { details: args.detail.details || args.each.is_some(), ..args.detail };
    if let Some(each) = args.each {
        studied.spread_over(each);
    }
    let shown = studied.comparison_view();
    let stdout = match args.print.format {
        OutputFormat::Json => shown.to_json(),
        other => {
            render_answer(shown.first_screen(), shown.to_document(), (other, &args.print), detail)?
        }
    };
    Ok(load::finish_command(stdout, &studied.inputs.loaded))
}
