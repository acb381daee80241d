//! `windtunnel import`.

use super::{Outcome, load};
use crate::cli::ImportArgs;
use crate::recording::{format, hex};
use crate::store;

pub fn run(args: &ImportArgs) -> Outcome {
    let loaded = load::transcripts(&args.paths, args.name.as_deref(), args.strict)?;
    let bytes = format::to_json(&loaded.recording);
    let mut done = load::done(Vec::new(), &loaded);
    let Some(path) = &args.output else {
        done.stdout = bytes;
        return Ok(done);
    };
    store::save(path, &bytes)?;
    let recording = &loaded.recording;
    done.stdout = format!(
        "{}: {} sessions, {} calls, {} blocks, no text; sha256 {}\n",
        path.display(),
        recording.sessions.len(),
        recording.calls.len(),
        recording.blocks.len(),
        hex(&recording.digest(), 8)
    )
    .into_bytes();
    Ok(done)
}
