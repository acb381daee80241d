//! `windtunnel list`.

use super::{Done, Outcome, backtest, load, pictures, render};
use crate::cli::{Format, ListArgs};
use crate::reconstruct;
use crate::report::show::list::{self as show, Listed, Named};
use crate::scenario;
use crate::study::backtest::rollouts;

pub fn run(args: &ListArgs) -> Outcome {
    let recordings: Vec<Named> = reconstruct::BUILTIN
        .iter()
        .filter_map(|(name, _)| reconstruct::builtin(name))
        .map(|reported| Named { name: reported.name, about: reported.title })
        .chain(
            reconstruct::BUILTIN_ROUTES
                .iter()
                .filter_map(|(name, _)| reconstruct::builtin_routes(name))
                .map(|routes| Named { name: routes.name, about: routes.title }),
        )
        .collect();
    let mut scenarios = Vec::new();
    for (name, text) in load::SCENARIOS {
        let parsed = scenario::parse(name, text)?;
        let toggles: Vec<_> = parsed.toggles.iter().map(|c| c.toggle.card().id).collect();
        scenarios.push(Named { name: name.to_owned(), about: toggles.join(", ") });
    }
    let rollouts = backtest::ROLLOUTS
        .iter()
        .map(|(name, text)| {
            rollouts::parse(text).map(|file| Named { name: (*name).to_owned(), about: file.title })
        })
        .collect::<Result<_, _>>()?;
    let listed = Listed { recordings, scenarios, rollouts, charts: pictures::kinds() };
    let stdout = match args.format {
        Format::Json => show::json(&listed),
        other => render(&show::document(&listed), other),
    };
    Ok(Done { stdout, ..Done::default() })
}
