//! `windtunnel audit`.

use super::{Outcome, load, render};
use crate::cli::{AuditArgs, Format};
use crate::reconstruct::Lens;
use crate::report::show::audit as show;
use crate::study::{audit, hygiene};

pub fn run(args: &AuditArgs) -> Outcome {
    let loaded = load::one(&args.recording, Lens::default(), false)?;
    let findings = match (&loaded.reported, &loaded.routes) {
        (Some(reported), _) => audit::audit(reported),
        (_, Some((routes, _))) => audit::audit_routes(routes),
        (None, None) => hygiene::check(&loaded.recording),
    };
    let is_reported = loaded.reported.is_some() || loaded.routes.is_some();
    let name = &loaded.recording.name;
    let stdout = match args.format {
        Format::Json => show::json(name, &findings),
        other => render(&show::document(name, &findings, is_reported), other),
    };
    Ok(load::done(stdout, &loaded))
}
