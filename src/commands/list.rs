//! `windtunnel list`.

use super::load_scenario::BUILTIN_SCENARIOS;
use super::{CommandOutput, CommandResult, backtest, pictures, render_document};
use crate::cli::{ListArgs, OutputFormat};
use crate::reconstruct;
use crate::report::show::list::{self as show, BuiltinEntry, BuiltinList};
use crate::scenario;
use crate::study::backtest::rollouts_file;

pub fn run(args: &ListArgs) -> CommandResult {
    let recordings: Vec<BuiltinEntry> = reconstruct::BUILTIN
        .iter()
        .filter_map(|(name, _)| reconstruct::builtin_pipeline(name))
        .map(|reported| BuiltinEntry { name: reported.name, about: reported.title })
        .chain(
            reconstruct::BUILTIN_ROUTES
                .iter()
                .filter_map(|(name, _)| reconstruct::builtin_routes(name))
                .map(|routes| BuiltinEntry { name: routes.name, about: routes.title }),
        )
        .collect();
    let mut scenarios = Vec::new();
    // Built-in files go through the same parsers as a user's, so that a list with a broken one
    // cannot be printed.
    for (name, text) in BUILTIN_SCENARIOS {
        let parsed = scenario::parse_scenario(name, text)?;
        let toggles: Vec<_> = parsed.toggles.iter().map(|c| c.toggle.card().id).collect();
        scenarios.push(BuiltinEntry { name: name.to_owned(), about: toggles.join(", ") });
    }
    let rollouts = backtest::BUILTIN_ROLLOUTS
        .iter()
        .map(|(name, text)| {
            rollouts_file::parse_rollouts(text)
                .map(|file| BuiltinEntry { name: (*name).to_owned(), about: file.title })
        })
        .collect::<Result<_, _>>()?;
    let listed = BuiltinList { recordings, scenarios, rollouts, charts: pictures::picture_kinds() };
    let stdout = match args.print.format {
        OutputFormat::Json => show::list_json(&listed),
        other => render_document(&show::list_document(&listed), (other, &args.print))?,
    };
    Ok(CommandOutput { stdout, ..CommandOutput::default() })
}
