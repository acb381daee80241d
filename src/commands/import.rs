//! `windtunnel import`.

use super::{CommandResult, load};
use crate::cli::ImportArgs;
use crate::recording::{format, hex_prefix};
use crate::store;

pub fn run(args: &ImportArgs) -> CommandResult {
    let loaded = load::import_transcripts(&args.paths, args.name.as_deref(), args.strict)?;
    let bytes = format::to_json(loaded.recording());
    let mut done = load::finish_command(Vec::new(), &loaded);
    let Some(path) = &args.output else {
        // The recording is the result, and nothing else may stand beside it.
        done.stdout = bytes;
        return Ok(done);
    };
    store::write_file(path, &bytes)?;
    let recording = loaded.recording();
    done.stdout = format!(
        "{}: {} sessions, {} calls, {} blocks, no text; sha256 {}\n",
        path.display(),
        recording.sessions.len(),
        recording.calls.len(),
        recording.blocks.len(),
        hex_prefix(&recording.recording_digest(), 8)
    )
    .into_bytes();
    Ok(done)
}
