//! `windtunnel audit`.

use super::session_selection::{select_sessions, selection_from_args};
use super::{CommandResult, LoadOptions, audience_of, load, render_answer};
use crate::cli::{AuditArgs, OutputFormat};
use crate::reconstruct::{Lens, RecordingSource};
use crate::report::show::audit as show;
use crate::study::audit;
use crate::study::inspect::data_checks;

pub fn run(args: &AuditArgs) -> CommandResult {
    let selection = selection_from_args(&args.selection)?;
    let audience = audience_of(args.print.format);
    let options = LoadOptions { lens: Lens::default(), strict: false, audience };
    let loaded = load::load_merged_recording(&args.recordings, options, None)?;
    let loaded = select_sessions(loaded, &selection)?;
    // Published figures are held against each other; of transcripts the data is checked itself.
    let findings = match &loaded.source {
        RecordingSource::Pipeline { reported, .. } => audit::audit_reported(reported),
        RecordingSource::Routes { routes, .. } => audit::audit_routes(routes),
        RecordingSource::Recorded(recording) => data_checks::check_recording_data(recording),
    };
    let is_reported = loaded.source.is_published();
    let name = &loaded.recording().name;
    let typed = Some(name.as_str()).filter(|name| load::is_built_in(name));
    let stdout = match args.print.format {
        OutputFormat::Json => show::audit_json(name, &findings),
        other => render_answer(
            show::audit_first_screen(typed, &findings, is_reported),
            show::audit_document(name, &findings, is_reported),
            (other, &args.print),
            args.detail,
        )?,
    };
    Ok(load::finish_command(stdout, &loaded))
}
