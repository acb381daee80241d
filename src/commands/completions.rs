//! `windtunnel completions`.

use super::{Done, Outcome};
use crate::cli::Cli;
use clap::CommandFactory as _;
use clap_complete::Shell;

pub fn run(shell: Shell) -> Outcome {
    let mut stdout = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "windtunnel", &mut stdout);
    Ok(Done { stdout, ..Done::default() })
}
