//! `windtunnel gate-start`.

use super::session_selection::{select_sessions, selection_from_args};
use super::{
    AtPlace, CommandError, CommandOutput, CommandResult, LoadOptions, audience_of, gate, load,
    pricing, render_answer,
};
use crate::cli::{GateStartArgs, OutputFormat};
use crate::import::start_folder::measure_start_folder;
use crate::report::show::Provenance;
use crate::report::show::gate::StartReport;
use crate::scenario::Scenario;
use crate::study::gate::start_change::{StartChange, StartGate, cost_of_start, usual_model};
use std::collections::BTreeSet;

pub fn run(args: &GateStartArgs) -> CommandResult {
    let budget = gate::load_budget(args.budget.as_deref())?;
    let selection = selection_from_args(&args.selection)?;
    let [before, after] =
        [&args.before, &args.after].map(|folder| measure_start_folder(folder).at(folder.display()));
    let change = StartChange { before: before?, after: after? };
    if change == StartChange::default() {
        let folders = format!("{}, {}", args.before.display(), args.after.display());
        return Err(CommandError::content(folders, "nothing that a session starts with")
            .with_hint(
                "looked for CLAUDE.md, AGENTS.md, system-prompt.md, tools.json, and rules, skills, \
             commands and agents in .claude",
            ));
    }
    let scenario = Scenario::with_toggles(&[]);
    let options = LoadOptions {
        lens: load::choose_lens(&args.premises, &scenario),
        strict: args.strict,
        audience: audience_of(args.print.format),
    };
    // A recording that is named twice says nothing new.
    let names: BTreeSet<&String> = args.recordings.iter().collect();
    let (mut parts, mut costs, mut sources) = (Vec::new(), Vec::new(), Vec::new());
    let mut assumed = String::new();
    for name in names {
        let loaded = select_sessions(load::load_recording(name, options)?, &selection)?;
        let pricing = pricing::load_pricing(&args.premises, &scenario, &[name.to_owned()])?;
        let recording = loaded.recording();
        let has_dollars = loaded.source.can_be_priced();
        costs.extend(cost_of_start(recording, &change, &pricing, (&budget, has_dollars))?);
        let provenance = Provenance::for_scenario(recording, &pricing, &scenario);
        load::refuse_unpriced(&provenance.coverage, args.strict)?;
        sources.extend(provenance.footer_lines());
        assumed = pricing.assumed_model;
        parts.push(loaded);
    }
    if costs.is_empty() {
        let named = args.recordings.join(", ");
        return Err(CommandError::content(
            named,
            "no session with a call, so nothing can be judged",
        ));
    }
    let model = usual_model(parts.iter().map(load::LoadedRecording::recording), &assumed);
    let gate = StartGate { change, model, costs };
    let shown = StartReport { gate: &gate, sources: &sources };
    let stdout = match args.print.format {
        OutputFormat::Json => shown.to_json(),
        other => {
            let printing = (other, &args.print);
            render_answer(shown.first_screen(), shown.to_document(), printing, args.detail)?
        }
    };
    let messages = parts.iter().map(load::LoadedRecording::stderr_messages).collect();
    Ok(CommandOutput { stdout, messages, code: gate::exit_code(gate.outcome()) })
}
