//! `windtunnel explain`.

use super::{Done, Outcome, render};
use crate::cli::{ExplainArgs, Format};
use crate::price::PriceBook;
use crate::report::json;
use crate::report::show::{export, list as show};
use crate::scenario;

pub fn run(args: &ExplainArgs) -> Outcome {
    if args.topic.eq_ignore_ascii_case("prices") {
        return Ok(Done { stdout: PriceBook::embedded_csv().to_vec(), ..Done::default() });
    }
    if args.topic.eq_ignore_ascii_case("tables") {
        let stdout = match args.format {
            Format::Json => json::document("tables", 1, &export::body()),
            other => render(&export::tables(), other),
        };
        return Ok(Done { stdout, ..Done::default() });
    }
    let toggles = scenario::toggles_of([args.topic.as_str()])?;
    let card = toggles[0].card();
    let stdout = match args.format {
        Format::Json => show::card_json(card),
        other => render(&show::card_document(card), other),
    };
    Ok(Done { stdout, ..Done::default() })
}
