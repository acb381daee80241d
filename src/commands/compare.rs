//! `windtunnel compare`.

use super::comparison_run::ComparisonRun;
use super::{CommandResult, load, render_answer};
use crate::cli::{CompareArgs, OutputFormat};

pub fn run(args: &CompareArgs) -> CommandResult {
    let mut studied = ComparisonRun::from_args(&args.experiment, super::audience_of(args.format))?;
    if let Some(each) = args.each {
        studied.spread_over(each);
    }
    studied.sweep_subsets();
    let shown = studied.comparison_view();
    let stdout = match args.format {
        OutputFormat::Json => shown.to_json(),
        other => {
            render_answer(shown.build_order_section(), shown.to_document(), other, args.detail)
        }
    };
    Ok(load::finish_command(stdout, &studied.inputs.loaded))
}
