//! `windtunnel schema`.

use super::{CommandError, CommandOutput, CommandResult, render_document};
use crate::cli::OutputFormat;
use crate::reconstruct;
use crate::report::json;
use crate::report::show::COMMANDS_WITH_SCHEMA;
use crate::report::show::schema::schema_table;
use crate::scenario::nearest_name_hint;

/// The command whose file has a schema.
const NEW_PIPELINE: &str = "new pipeline";

pub fn run(command: &[String], format: OutputFormat) -> CommandResult {
    let command = command.join(" ");
    // The schema of a file that people write, and not of what a command prints.
    if command == NEW_PIPELINE {
        if format != OutputFormat::Json {
            let problem = format!("the schema of '{NEW_PIPELINE}' is JSON alone");
            return Err(CommandError::argument("--format", problem)
                .with_hint(format!("`windtunnel {NEW_PIPELINE}` writes a file with comments")));
        }
        let stdout = reconstruct::pipeline_schema_json();
        return Ok(CommandOutput { stdout, ..CommandOutput::default() });
    }
    let found = COMMANDS_WITH_SCHEMA.iter().find(|(name, _)| *name == command);
    let (_, make_schema) = found.ok_or_else(|| {
        let names: Vec<&str> =
            COMMANDS_WITH_SCHEMA.iter().map(|(name, _)| *name).chain([NEW_PIPELINE]).collect();
        let near = nearest_name_hint(&command, names.iter().copied());
        let problem = format!("no schema of '{command}'{near}");
        CommandError::argument("schema", problem)
            .with_hint(format!("there is one of {}", names.join(", ")))
    })?;
    let stdout = match format {
        OutputFormat::Json => json::pretty_json(&make_schema()),
        other => render_document(&schema_table(&make_schema()).into(), other)?,
    };
    Ok(CommandOutput { stdout, ..CommandOutput::default() })
}
