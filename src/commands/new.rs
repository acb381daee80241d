//! `windtunnel new`.

use super::{AtPlace, CommandError, CommandOutput, CommandResult, Messages};
use crate::cli::{NewCommand, NewPipelineArgs};
use crate::reconstruct::{self, NewPipelineFile};
use crate::report::foreign_text::clean_line;
use crate::store::{self, OutputFiles};

pub fn run(command: &NewCommand) -> CommandResult {
    match command {
        NewCommand::Pipeline(args) => write_new_pipeline(args),
    }
}

fn write_new_pipeline(args: &NewPipelineArgs) -> CommandResult {
    let table = args.from.as_deref().map(read_table).transpose()?;
    let place = args.from.as_deref().map_or_else(String::new, |from| from.display().to_string());
    let new = reconstruct::write_new_pipeline(table.as_deref()).at(&place)?;
    let NewPipelineFile { toml, steps, notes } = new;
    let messages = notes.into_iter().map(Messages::of_line).collect();
    // Without a file it is printed, and nothing says where to go next.
    let Some(path) = &args.out else {
        return Ok(CommandOutput {
            stdout: toml.into_bytes(),
            messages,
            ..CommandOutput::default()
        });
    };
    if store::path_exists(path) && !args.force {
        let problem = "there is such a file; --force overwrites it";
        return Err(CommandError::argument(path.display(), problem));
    }
    OutputFiles::beside_inputs(&args.from, args.force).write_file(path, toml.as_bytes())?;
    let path = path.display();
    let next = format!("{path}: {steps} steps; next: windtunnel compare {path}");
    Ok(CommandOutput { stdout: clean_line(&next), messages, ..CommandOutput::default() })
}

fn read_table(path: &std::path::Path) -> Result<String, CommandError> {
    let bytes = store::read_file(path)?;
    let text = std::str::from_utf8(&bytes);
    text.map(str::to_owned)
        .map_err(|error| CommandError::content(path.display(), format!("not text: {error}")))
}
