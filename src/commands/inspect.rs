//! `windtunnel inspect`.

use super::session_selection::narrow_selection;
use super::{CommandError, CommandResult, LoadOptions, experiment_inputs, load, render_document};
use crate::cli::{DetailArgs, InspectArgs, OutputFormat};
use crate::price::Pricing;
use crate::recording::Recording;
use crate::report::show::Provenance;
use crate::report::show::inspect::{
    BillTable, BlockPivot, InspectReport, SkippedLine, SourceRecording,
};
use crate::report::show::volume::Volume;
use crate::scenario::nearest_name_hint;
use crate::study::inspect::bill_groups::bill_groups;
use crate::study::inspect::group_key::GroupKey;
use crate::study::inspect::holdout::HoldoutRates;
use crate::study::inspect::holdout_scores::measure_holdout;
use crate::study::inspect::{error_table, fidelity, summary};

pub fn run(args: &InspectArgs) -> CommandResult {
    // Without a word about toggles all of them are looked for, built-in scenario or not.
    let mut scenario = experiment_inputs::scenario_from_args(&args.toggles, "")?;
    narrow_selection(&mut scenario.select, &args.selection)?;
    let lens = load::choose_lens(&args.premises, &scenario);
    let pricing = super::pricing::load_pricing(&args.premises, &scenario, &args.recordings)?;
    let mut parts: Vec<([u8; 32], SourceRecording)> = Vec::new();
    // Summed up while it is in memory: of each recording only its summary is kept.
    let mut each = |part: &Recording| {
        parts.push((part.recording_digest(), SourceRecording::from_recording(part, &pricing)));
    };
    let loaded = experiment_inputs::load_recordings(
        &args.recordings,
        (&args.toggles, &scenario),
        LoadOptions { lens, strict: args.strict, audience: super::audience_of(args.print.format) },
        if args.are_agent_folders { None } else { Some(&mut each) },
    )?;
    let loaded = experiment_inputs::apply_selection(loaded, &scenario, &pricing)?;
    scenario.settle_answered(loaded.recording());
    if !scenario.select.selects_everything() {
        // Each on its own they are whole, and would not add up to what was selected.
        parts.clear();
    }
    // The order of arguments changes nothing.
    parts.sort_by(|a, b| (&a.1.name, a.0).cmp(&(&b.1.name, b.0)));
    let parts: Vec<SourceRecording> = parts.into_iter().map(|(_, part)| part).collect();
    let provenance = Provenance::for_scenario(loaded.recording(), &pricing, &scenario);
    load::refuse_unpriced(&provenance.coverage, args.strict)?;
    let summary = summary::summarise_recording(loaded.recording(), &scenario.toggles, &pricing);
    let measured = args.fidelity.then(|| fidelity::measure_fidelity(loaded.recording()));
    let held_out =
        args.fidelity.then(|| measure_holdout(loaded.recording(), &HoldoutRates::FITTED));
    let by_harness = args.fidelity.then(|| {
        error_table::measure_by_harness(loaded.recording(), &pricing, &HoldoutRates::FITTED)
    });
    let (bills, pivot) = group_by_keys(loaded.recording(), args, &pricing)?;
    let skips: Vec<SkippedLine> = loaded
        .import
        .skips
        .iter()
        .map(|skip| SkippedLine {
            file: skip.file.clone(),
            line: skip.line,
            reason: skip.reason.to_string(),
        })
        .collect();
    let shown = InspectReport {
        recording: loaded.recording(),
        summary: &summary,
        parts: &parts,
        fidelity: measured.as_deref(),
        held_out: held_out.as_deref(),
        by_harness: by_harness.as_deref(),
        bills: bills.as_ref(),
        pivot: pivot.as_ref(),
        skips: &skips,
        skip_count: loaded.import.skip_counts.total(),
        copies: loaded.import.copies,
        billed_usd: loaded.import.billed_usd,
        rows: args.rows.unwrap_or(if args.print.format == OutputFormat::Csv { 0 } else { 12 }),
        provenance: &provenance,
    };
    let stdout = match args.print.format {
        OutputFormat::Json => shown.to_json(),
        // With the error asked for, Markdown is the report that a user can publish.
        other => {
            let calibration = shown.to_calibration().filter(|_| other == OutputFormat::Markdown);
            match calibration {
                Some(calibration) => render_document(&calibration, (other, &args.print))?,
                None => {
                    let first = shown.first_screen(Volume::of_source(&loaded.source));
                    // Who asks for the error of the model asks for more than the first screen.
                    let details = args.detail.details || args.fidelity;
                    let detail = DetailArgs { details, ..args.detail };
                    let printing = (other, &args.print);
                    super::render_answer(first, shown.to_document(), printing, detail)?
                }
            }
        }
    };
    Ok(load::finish_command(stdout, &loaded))
}

/// What the keys of `--by` ask for: bills of calls, or sizes of blocks where one of them divides
/// calls.
fn group_by_keys(
    recording: &Recording,
    args: &InspectArgs,
    pricing: &Pricing,
) -> Result<(Option<BillTable>, Option<BlockPivot>), CommandError> {
    let mut keys = Vec::new();
    for name in &args.by {
        let key = GroupKey::find_by_name(name).ok_or_else(|| {
            let known: Vec<&str> = GroupKey::NAMED.iter().map(|(_, name)| *name).collect();
            let near = nearest_name_hint(name, known.iter().copied());
            let problem = format!("no key '{name}'{near}; known are {}", known.join(", "));
            CommandError::argument("--by", problem)
        })?;
        // A key named twice would divide nothing further.
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let zone_ms = i64::from(args.selection.timezone.map_or(0, jiff::tz::Offset::seconds)) * 1_000;
    if keys.is_empty() {
        return Ok((None, None));
    }
    if keys.iter().any(|key| key.divides_calls()) {
        return Ok((None, Some(pivot_blocks(recording, &keys, zone_ms)?)));
    }
    let rows = bill_groups(recording, &keys, zone_ms, pricing);
    Ok((Some(BillTable { keys: keys.iter().map(|key| key.name()).collect(), rows }), None))
}

#[cfg(feature = "tables")]
fn pivot_blocks(
    recording: &Recording,
    keys: &[GroupKey],
    zone_ms: i64,
) -> Result<BlockPivot, CommandError> {
    let rows = crate::study::inspect::pivot::pivot_blocks(recording, keys, zone_ms)?;
    Ok(BlockPivot {
        keys: keys.iter().map(|key| key.name()).collect(),
        rows: rows.into_iter().map(|row| (row.values, row.group)).collect(),
    })
}

#[cfg(not(feature = "tables"))]
fn pivot_blocks(_: &Recording, _: &[GroupKey], _: i64) -> Result<BlockPivot, CommandError> {
    let problem = "tool and kind: this program was built without the feature 'tables'";
    Err(CommandError::feature("--by", problem))
}
