//! From an argument to a recording: a built-in name, a recording file, or transcripts.

use super::audience::{Audience, LoadOptions};
use super::import_facts::ImportFacts;
use super::load_published::{
    is_format, is_toml_file, load_pipeline, load_routes, load_toml_file, reconstruct_pipeline,
    reconstruct_routes,
};
pub use super::loaded_recording::{ImportName, LoadedRecording};
use super::progress::{READING, WorkBar};
use super::{AtPlace, CommandError, CommandOutput, observations, parse_cache};
use crate::cli::PremiseArgs;
use crate::import::{self, HeadContent, ImportError, ImportOptions, ImportResult};
use crate::price::coverage::PriceCoverage;
use crate::reconstruct::routes;
use crate::reconstruct::{self, Lens, PipelineText, RecordingSource};
use crate::recording::HARNESS_FOLDERS;
use crate::recording::public_names::PublicNames;
use crate::recording::{Recording, format};
use crate::scenario::{Scenario, nearest_name_hint};
use crate::store;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Loads one argument, with all names as they were read: what was typed is looked up among them,
/// and then [`LoadedRecording::for_audience`] hides them. So for all that follow.
pub fn load_recording(
    argument: &str,
    options: LoadOptions,
) -> Result<LoadedRecording, CommandError> {
    Ok(finish_loading(load_argument(argument, options)?, &[argument], options))
}

/// What holds of every recording that was loaded.
fn finish_loading<T: AsRef<Path>>(
    mut loaded: LoadedRecording,
    arguments: &[T],
    options: LoadOptions,
) -> LoadedRecording {
    loaded.audience = options.audience;
    loaded.typed_files = base_names(arguments);
    // Names from outside may be of any length.
    if !loaded.is_built_in {
        loaded.source.recording_mut().cut_names();
    }
    loaded
}

fn base_names<T: AsRef<Path>>(paths: &[T]) -> BTreeSet<String> {
    paths.iter().map(|path| store::base_name(path.as_ref())).collect()
}

fn load_argument(argument: &str, options: LoadOptions) -> Result<LoadedRecording, CommandError> {
    // Built-in names come first, so that a file of the same name in the working folder cannot stand
    // in for one of them; such a file is still reached as ./NAME.
    if let Some(reported) = reconstruct::builtin_pipeline(argument) {
        let observed = observations::builtin_observations(argument)?;
        let loaded = reconstruct_pipeline(reported, options.lens)?;
        return Ok(LoadedRecording { observations: observed, is_built_in: true, ..loaded });
    }
    if let Some(routes) = reconstruct::builtin_routes(argument) {
        return Ok(LoadedRecording { is_built_in: true, ..reconstruct_routes(routes)? });
    }
    if is_toml_file(argument) {
        return load_toml_file(argument, options.lens);
    }
    if is_recording(argument) {
        return load_recording_file(argument, options);
    }
    import_files(&[argument.to_owned()], None, options)
}

/// Loads several arguments of any kind, in any mix, as one recording: transcripts are imported
/// together, and a session that is in two recordings counts once. Where there are several, `each`
/// sees every argument as it is on its own, one at a time.
pub fn load_merged_recording(
    arguments: &[String],
    options: LoadOptions,
    each: Option<&mut dyn FnMut(&Recording)>,
) -> Result<LoadedRecording, CommandError> {
    // A repetition says nothing new.
    let arguments: Vec<&String> = arguments.iter().collect::<BTreeSet<_>>().into_iter().collect();
    if let [only] = arguments[..] {
        return load_recording(only, options);
    }
    // Transcripts go through the importer in one call: it alone sees which calls and sessions two
    // folders share, e.g. a project and a copy of it.
    // A pipe is read once, so that it is a recording of its own, whatever comes out of it.
    let (files, folders): (Vec<&String>, Vec<&String>) = arguments
        .into_iter()
        .partition(|argument| store::is_stream(Path::new(argument)) || is_recording(argument));
    let mut facts = ImportFacts::default();
    let (mut parts, mut published) = (Vec::new(), BTreeSet::new());
    for argument in &files {
        let loaded = load_argument(argument, options)?;
        if loaded.is_built_in {
            let sessions = &loaded.recording().sessions;
            published.extend(sessions.iter().flat_map(|it| [it.id.clone(), it.pipeline.clone()]));
        }
        facts.append(loaded.import);
        parts.push(loaded.source.into_recording());
    }
    let mut imported = import_folders(&folders, options)?;
    if let Some(imported) = &mut imported {
        facts.append(std::mem::take(&mut imported.import));
    }
    if let Some(each) = each {
        parts.iter().for_each(&mut *each);
        // One folder was imported as it is on its own already; several are read once more.
        match &mut imported {
            Some(only) if folders.len() == 1 => {
                only.name_import(ImportName::TypedNth(1));
                each(only.recording());
            }
            _ => {
                // What is wrong with one of them was said when they were read together.
                let lenient = LoadOptions { strict: false, ..options };
                for (at, &path) in folders.iter().enumerate() {
                    let loaded = import_files(std::slice::from_ref(path), None, lenient);
                    let Ok(mut loaded) = loaded else { continue };
                    loaded.name_import(ImportName::TypedNth(at + 1));
                    each(loaded.recording());
                }
            }
        }
    }
    // What was published of a part speaks of that part alone, so that a merged recording keeps the
    // calls and none of the claims.
    let united = unite_with_imported(parts, imported)?;
    let all: Vec<&String> = files.into_iter().chain(folders).collect();
    let united = LoadedRecording { import: facts, published, ..united };
    Ok(finish_loading(united, &all, options))
}

/// How names of recordings in binary columns end.
pub const COLUMNS_ENDING: &str = "wtr";

/// How much of a file is read before it is taken for a recording or for transcripts, in bytes.
const PEEKED: u64 = 1 << 20;

/// Whether an argument is a recording already: a built-in name or a recording file.
fn is_recording(argument: &str) -> bool {
    is_built_in(argument) || is_toml_file(argument) || is_recording_file(argument)
}

fn is_recording_file(argument: &str) -> bool {
    // A folder may be called `x.json`, and then holds transcripts.
    let path = Path::new(argument);
    let is_stream = store::is_stream(path);
    if !(is_stream || store::is_file(path)) {
        return false;
    }
    let is_named_so = Path::new(store::strip_packed_ending(argument))
        .extension()
        .is_some_and(|ending| ending == "json" || ending == COLUMNS_ENDING);
    let Ok(head) = store::peek_file(path, PEEKED) else { return is_named_so };
    match import::find_head_content(&head) {
        HeadContent::Transcripts => false,
        HeadContent::Recording => is_stream || is_named_so,
        HeadContent::Columns => true,
        // The reader of recordings says what it misses, unless there is more than was looked at.
        HeadContent::Unknown => is_named_so && !is_stream && (head.len() as u64) < PEEKED,
    }
}

fn import_folders(
    folders: &[&String],
    options: LoadOptions,
) -> Result<Option<LoadedRecording>, CommandError> {
    let folders: Vec<String> = folders.iter().map(|folder| (*folder).clone()).collect();
    if folders.is_empty() { Ok(None) } else { import_files(&folders, None, options).map(Some) }
}

/// Recordings and what was imported, as one.
fn unite_with_imported(
    parts: Vec<Recording>,
    imported: Option<LoadedRecording>,
) -> Result<LoadedRecording, CommandError> {
    let Some(imported) = imported else {
        let recording = unite_recordings(&parts.iter().collect::<Vec<_>>())?;
        return Ok(RecordingSource::Recorded(recording).into());
    };
    if parts.is_empty() {
        return Ok(imported);
    }
    let all: Vec<&Recording> = parts.iter().chain([imported.recording()]).collect();
    let recording = unite_recordings(&all)?;
    // What the importer passed over is told of the united recording too.
    let source = RecordingSource::Recorded(recording);
    Ok(LoadedRecording { source, typed_name: None, ..imported })
}

/// The order of arguments changes nothing: recordings are put together in the order of their names.
fn unite_recordings(parts: &[&Recording]) -> Result<Recording, CommandError> {
    let mut parts = parts.to_vec();
    // Recordings of one name are told apart by their digests.
    parts.sort_by_cached_key(|part| (part.name.clone(), part.recording_digest()));
    let mut names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    names.dedup();
    Ok(Recording::merge_recordings(&names.join("+"), &parts)?.recording)
}

fn load_recording_file(
    argument: &str,
    options: LoadOptions,
) -> Result<LoadedRecording, CommandError> {
    let bytes = import::decode_file(store::read_file(Path::new(argument))?).map_err(|error| {
        CommandError::argument("", format!("{argument}: cannot be read: {error}"))
    })?;
    if bytes.starts_with(format::MAGIC) {
        let recording = format::from_bytes(&bytes).at(argument)?;
        return Ok(RecordingSource::Recorded(recording).into());
    }
    let schema = format::read_schema(&bytes).unwrap_or_default();
    // A .json file says in its schema which of the three shapes it has; without one it is read as a
    // recording, whose reader names what it wanted.
    if is_format("windtunnel.reported", &schema) {
        let text = String::from_utf8_lossy(&bytes);
        return load_pipeline(argument, PipelineText::Json(&text), options.lens);
    }
    if schema == routes::SCHEMA {
        let text = String::from_utf8_lossy(&bytes);
        return load_routes(argument, PipelineText::Json(&text));
    }
    let recording = format::from_json(&bytes).at(argument)?;
    Ok(RecordingSource::Recorded(recording).into())
}

/// Imports transcripts, for everybody; recordings among them are united with what comes of these.
pub fn import_transcripts(
    arguments: &[String],
    name: Option<&str>,
    options: LoadOptions,
) -> Result<LoadedRecording, CommandError> {
    if arguments.iter().any(|argument| is_recording_file(argument)) {
        return load_merged_recording(arguments, options, None);
    }
    Ok(finish_loading(import_files(arguments, name, options)?, arguments, options))
}

/// Imports transcripts, with a progress bar once it takes more than a second.
fn import_files(
    arguments: &[String],
    name: Option<&str>,
    options: LoadOptions,
) -> Result<LoadedRecording, CommandError> {
    // A word without a stroke or a dot was meant as a name: it is told as an unknown one.
    if let [only] = arguments
        && !store::path_exists(Path::new(only))
        && !only.contains(['/', '\\', '.'])
    {
        let known: Vec<_> = reconstruct::builtin_names().collect();
        let near = nearest_name_hint(only, known.iter().copied());
        let known = known.join(", ");
        let problem = format!(
            "'{only}' is no file, no folder and no built-in recording{near}; built in are {known}"
        );
        return Err(CommandError::argument("", problem));
    }
    let paths: Vec<PathBuf> = arguments.iter().map(PathBuf::from).collect();
    let own_name = name.map_or_else(|| name_from_paths(&paths), str::to_owned);
    let bar = WorkBar::new(READING);
    let progress = |done: u64, total: u64| bar.advance(done, total);
    let cache = parse_cache::parse_cache();
    let asked = ImportOptions { name: own_name.clone(), strict: options.strict, cache };
    let imported = import::import_transcripts(&paths, &asked, &progress);
    drop(bar);
    // Every other error of the importer names its file.
    let imported = match imported.map_err(|error| hide_in_error(error, arguments, options)) {
        Err(error @ ImportError::NoCalls { .. }) => Err(error).at(arguments.join(", "))?,
        other => other?,
    };
    let mut loaded = loaded_from_import(imported, options);
    loaded.typed_name = name.is_none().then_some(own_name);
    loaded.name_import(ImportName::Kind);
    Ok(loaded)
}

/// What an import brought, as it was read.
pub fn loaded_from_import(imported: ImportResult, options: LoadOptions) -> LoadedRecording {
    let ImportResult { recording, skips, skip_counts, copies, billed_cost, notes, .. } = imported;
    // A source that names no cost is not one that names zero.
    let billed_usd =
        (!billed_cost.is_empty()).then(|| billed_cost.iter().map(|cost| cost.usd).sum());
    let import = ImportFacts {
        told_skip: None,
        skips,
        skip_counts,
        copies,
        billed_usd,
        notes: notes.iter().map(ToString::to_string).collect(),
    };
    let source = RecordingSource::Recorded(recording);
    LoadedRecording { import, audience: options.audience, ..source.into() }
}

/// An error that names a file names it to the one who asked, on his terminal, and to nobody else.
fn hide_in_error(
    mut error: ImportError,
    arguments: &[String],
    options: LoadOptions,
) -> ImportError {
    let is_private = options.audience == Audience::Oneself || super::tells_a_person();
    if let Some(skip) = error.first_skip_mut().filter(|_| !is_private) {
        skip.file = PublicNames::beside_typed(base_names(arguments)).name_file(&skip.file);
    }
    error
}

/// The last part of the first path: never where it lies on this machine.
fn name_from_paths(paths: &[PathBuf]) -> String {
    let names: Vec<String> = base_names(paths).into_iter().collect();
    // These folders have the same name in every home of a harness, and say nothing.
    match &names[..] {
        [] => "recording".to_owned(),
        names if names.iter().all(|name| HARNESS_FOLDERS.contains(&name.as_str())) => {
            "my-sessions".to_owned()
        }
        names => names.join("+"),
    }
}

/// Whether a recording of this name comes with the program.
pub fn is_built_in(name: &str) -> bool {
    reconstruct::builtin_names().any(|known| known == name)
}

/// The lens of the command line, or else of the scenario.
pub fn choose_lens(premises: &PremiseArgs, scenario: &Scenario) -> Lens {
    premises.lens.unwrap_or(scenario.lens)
}

/// Under `--strict` a call without a price is an error; else it is named beside the dollars.
pub fn refuse_unpriced(coverage: &PriceCoverage, strict: bool) -> Result<(), CommandError> {
    let missing = coverage.first_missing().filter(|_| strict);
    missing.map_or(Ok(()), |missing| Err(missing.clone().into()))
}

/// A finished command.
pub fn finish_command(stdout: Vec<u8>, loaded: &LoadedRecording) -> CommandOutput {
    CommandOutput { stdout, messages: loaded.stderr_messages(), code: super::EXIT_DONE }
}
