//! `windtunnel completions`.

use super::Done;
use crate::cli::Cli;
use clap::CommandFactory as _;
use clap_complete::Shell;

pub fn run(shell: Shell) -> Done {
    let mut stdout = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "windtunnel", &mut stdout);
    Done { stdout, ..Done::default() }
}
