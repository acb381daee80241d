//! `windtunnel explain`.

use super::{CommandOutput, CommandResult, render_document};
use crate::cli::{ExplainArgs, OutputFormat};
use crate::price::PriceBook;
use crate::report::json;
use crate::report::show::{export, list as show};
use crate::scenario;

pub fn run(args: &ExplainArgs) -> CommandResult {
    // Topics come first: no toggle has such an id.
    if args.topic.eq_ignore_ascii_case("prices") {
        return Ok(CommandOutput {
            stdout: PriceBook::embedded_csv().to_vec(),
            ..CommandOutput::default()
        });
    }
    if args.topic.eq_ignore_ascii_case("tables") {
        let stdout = match args.print.format {
            OutputFormat::Json => json::versioned_json("tables", 1, &export::columns_json()),
            other => render_document(&export::columns_document(), (other, &args.print))?,
        };
        return Ok(CommandOutput { stdout, ..CommandOutput::default() });
    }
    let toggles = scenario::toggles_by_id([args.topic.as_str()])?;
    let card = toggles[0].card();
    let stdout = match args.print.format {
        OutputFormat::Json => show::card_json(card),
        other => render_document(&show::card_document(card), (other, &args.print))?,
    };
    Ok(CommandOutput { stdout, ..CommandOutput::default() })
}
