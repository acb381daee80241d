//! `windtunnel completions`.

use super::CommandOutput;
use crate::cli::Cli;
use clap::CommandFactory as _;
use clap_complete::Shell;

pub fn run(shell: Shell) -> CommandOutput {
    let mut stdout = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "windtunnel", &mut stdout);
    CommandOutput { stdout, ..CommandOutput::default() }
}
