//! `windtunnel import`.

use super::loaded_recording::LoadedRecording;
use super::session_selection::{select_sessions, selection_from_args};
use super::{Audience, CommandResult, LoadOptions, load};
use crate::cli::ImportArgs;
use crate::reconstruct::Lens;
use crate::recording::{format, hex_prefix};
use crate::report::foreign_text::clean_line;
use crate::report::json;
use crate::store::OutputFiles;
use std::io::{BufWriter, Write as _};
use std::path::Path;

pub fn run(args: &ImportArgs) -> CommandResult {
    // What the user typed names the recording: a name, or the file that is written.
    let written = args.out.as_deref().and_then(name_of_written);
    let name = args.name.clone().or(written);
    let options =
        LoadOptions { lens: Lens::default(), strict: args.strict, audience: Audience::Anybody };
    let selection = selection_from_args(&args.selection)?;
    let loaded = load::import_transcripts(&args.paths, name.as_deref(), options)?;
    let mut loaded = select_sessions(loaded, &selection)?;
    if let Some(name) = name {
        // A part that somebody named is called so.
        loaded.source.recording_mut().name = name;
    }
    let Some(path) = &args.out else {
        // The recording is the result, and nothing else may stand beside it.
        let bytes = json::escape_invisible(format::to_json(loaded.recording()));
        return Ok(load::finish_command(bytes, &loaded));
    };
    write_recording(&loaded, path, &args.paths, args.overwrite.force)
}

/// The name that a recording takes from the file that is written.
pub fn name_of_written(out: &Path) -> Option<String> {
    Some(out.file_stem()?.to_string_lossy().into_owned())
}

/// Writes a recording beside what it was made of, as JSON or in binary columns.
pub fn write_recording(
    loaded: &LoadedRecording,
    path: &Path,
    inputs: &[String],
    is_forced: bool,
) -> CommandResult {
    let recording = loaded.recording();
    OutputFiles::beside_inputs(inputs, is_forced).write_with(path, |sink| {
        if path.extension().is_some_and(|it| it == load::COLUMNS_ENDING) {
            sink.write_all(&format::to_columns(recording))
        } else {
            // Escaped as it is written: a recording may be larger than memory has room for twice.
            let mut escaped = BufWriter::with_capacity(64 << 10, json::EscapedSink(sink));
            format::write_json(recording, &mut escaped)?;
            escaped.flush()
        }
    })?;
    let told = clean_line(&format!(
        "{}: {} sessions, {} calls, {} blocks, no text; sha256 {}",
        path.display(),
        recording.sessions.len(),
        recording.calls.len(),
        recording.blocks.len(),
        hex_prefix(&recording.recording_digest(), 8)
    ));
    Ok(load::finish_command(told, loaded))
}
