//! `windtunnel schema`.

use super::{CommandError, CommandOutput, CommandResult};
use crate::reconstruct;
use crate::report::json;
use crate::report::show::{COMMANDS_WITH_SCHEMA, schema_of_command};
use crate::scenario::nearest_name_hint;

/// The command whose file has a schema.
const NEW_PIPELINE: &str = "new pipeline";

pub fn run(command: &[String]) -> CommandResult {
    let command = command.join(" ");
    if command == NEW_PIPELINE {
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
    Ok(CommandOutput { stdout: json::pretty_json(&schema), ..CommandOutput::default() })
}
