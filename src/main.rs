//! The `windtunnel` command: parse, run, write, exit.

#![expect(clippy::disallowed_methods, reason = "the street writes the result and the messages")]

use clap::Parser as _;
use std::io::Write as _;
use std::process::ExitCode;
use windtunnel::Cli;

fn main() -> ExitCode {
    let done = windtunnel::run(Cli::parse().command);
    // A reader that has seen enough is no failure, and there is nobody left to tell.
    let _ = std::io::stdout().write_all(&done.stdout);
    let _ = std::io::stderr().write_all(done.messages.as_bytes());
    ExitCode::from(done.code)
}
