//! `windtunnel audit`.

use super::{Outcome, load, render};
use crate::cli::{AuditArgs, Format};
use crate::reconstruct::Lens;
use crate::report::show::audit as show;
use crate::study::{audit, hygiene};

pub fn run(args: &AuditArgs) -> Outcome {
    let loaded = load::one(&args.recording, Lens::default(), false)?;
    let findings = match &loaded.reported {
        Some(reported) => audit::audit(reported),
        None => hygiene::check(&loaded.recording),
    };
    let name = &loaded.recording.name;
    let stdout = match args.format {
        Format::Json => show::json(name, &findings),
        other => render(&show::document(name, &findings, loaded.reported.is_some()), other),
    };
    Ok(load::done(stdout, &loaded))
}
