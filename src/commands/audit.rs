//! `windtunnel audit`.

use super::{CommandResult, load, render_document};
use crate::cli::{AuditArgs, OutputFormat};
use crate::reconstruct::Lens;
use crate::report::show::audit as show;
use crate::study::audit;
use crate::study::inspect::data_checks;

pub fn run(args: &AuditArgs) -> CommandResult {
    let loaded = load::load_recording(&args.recording, Lens::default(), false)?;
    let findings = match (&loaded.reported, &loaded.routes) {
        (Some(reported), _) => audit::audit_reported(reported),
        (_, Some((routes, _))) => audit::audit_routes(routes),
        (None, None) => data_checks::check_recording_data(&loaded.recording),
    };
    let is_reported = loaded.reported.is_some() || loaded.routes.is_some();
    let name = &loaded.recording.name;
    let stdout = match args.format {
        OutputFormat::Json => show::audit_json(name, &findings),
        other => render_document(&show::audit_document(name, &findings, is_reported), other),
    };
    Ok(load::finish_command(stdout, &loaded))
}
