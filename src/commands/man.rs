//! `windtunnel man`.

use super::{CommandError, CommandOutput, CommandResult};
use crate::cli::Cli;
use crate::scenario::nearest_name_hint;
use clap::{Command, CommandFactory as _};

/// The manual page of the program, or of one of its commands, as `man -l -` reads it.
pub fn run(words: &[String]) -> CommandResult {
    let mut found: Command = Cli::command();
    // Names the commands as their pages are: windtunnel-scenario-new.
    found.build();
    for word in words {
        let known: Vec<String> =
            found.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        let Some(sub) = found.find_subcommand(word) else {
            let near = nearest_name_hint(word, known.iter().map(String::as_str));
            return Err(CommandError::argument("", format!("no command '{word}'{near}")));
        };
        found = sub.clone().version(env!("CARGO_PKG_VERSION"));
    }
    let mut stdout = Vec::new();
    clap_mangen::Man::new(found)
        .render(&mut stdout)
        .map_err(|error| CommandError::argument("man", error.to_string()))?;
    Ok(CommandOutput { stdout, ..CommandOutput::default() })
}
