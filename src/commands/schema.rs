//! `windtunnel schema`.

use super::{CommandError, CommandOutput, CommandResult};
use crate::report::json;
use crate::report::show::{COMMANDS_WITH_SCHEMA, schema_of_command};

pub fn run(command: &[String]) -> CommandResult {
    let command = command.join(" ");
    let schema = schema_of_command(&command).ok_or_else(|| {
        let problem = format!("no schema of '{command}' yet");
        CommandError::argument("schema", problem)
            .with_hint(format!("there is one of {}", COMMANDS_WITH_SCHEMA.join(", ")))
    })?;
    Ok(CommandOutput { stdout: json::pretty_json(&schema), ..CommandOutput::default() })
}
