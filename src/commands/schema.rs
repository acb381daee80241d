//! `windtunnel schema`.

use super::{CommandError, CommandOutput, CommandResult, render_document};
use crate::cli::OutputFormat;
use crate::reconstruct;
use crate::report::json;
use crate::report::show::schema::schema_table;
use crate::report::show::{COMMANDS_WITH_SCHEMA, schema_of_command};
use crate::scenario::nearest_name_hint;

/// The command whose file has a schema.
const NEW_PIPELINE: &str = "new pipeline";

pub fn run(command: &[String], format: OutputFormat) -> CommandResult {
    let command = command.join(" ");
    if command == NEW_PIPELINE {
        if format != OutputFormat::Json {
            let problem = format!("the schema of '{NEW_PIPELINE}' is JSON alone");
            return Err(CommandError::argument("--format", problem)
                .with_hint(format!("`windtunnel {NEW_PIPELINE}` writes a file with comments")));
        }
        let stdout = reconstruct::pipeline_schema_json();
        return Ok(CommandOutput { stdout, ..CommandOutput::default() });
    }
    let schema = schema_of_command(&command).ok_or_else(|| {
        let known = || COMMANDS_WITH_SCHEMA.iter().copied().chain([NEW_PIPELINE]);
        let near = nearest_name_hint(&command, known());
        let problem = format!("no schema of '{command}'{near}");
        let names: Vec<&str> = known().collect();
        CommandError::argument("schema", problem)
            .with_hint(format!("there is one of {}", names.join(", ")))
    })?;
    let stdout = match format {
        OutputFormat::Json => json::pretty_json(&schema),
        other => render_document(&schema_table(&schema).into(), other)?,
    };
    Ok(CommandOutput { stdout, ..CommandOutput::default() })
}
