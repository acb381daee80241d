//! The `windtunnel` command: parse, run, write, exit.

#![expect(clippy::disallowed_methods, reason = "the street writes the result and the messages")]

use std::io::{self, Write as _};
use std::process::ExitCode;
use windtunnel::{Cli, EXIT_DONE, EXIT_NOT_JUDGED};

fn main() -> ExitCode {
    let typed = match Cli::from_typed(std::env::args_os()) {
        Ok(typed) => typed,
        // Help and version are results too.
        Err(said) => {
            let code = if said.use_stderr() { EXIT_NOT_JUDGED } else { EXIT_DONE };
            return exit_after(said.print(), code);
        }
    };
    let done = windtunnel::run(typed);
    let written = write_result(&done.stdout);
    // There is nobody left to tell of a standard error that takes nothing.
    let _ = io::stderr().write_all(done.messages.as_str().as_bytes());
    exit_after(written, done.code)
}

/// A buffer may take what the disk behind it does not: only the flush tells.
fn write_result(result: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(result)?;
    stdout.flush()
}

fn exit_after(written: io::Result<()>, code: u8) -> ExitCode {
    match written {
        // A reader that has seen enough is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "windtunnel: standard output: {error}");
            ExitCode::from(EXIT_NOT_JUDGED)
        }
        _ => ExitCode::from(code),
    }
}
