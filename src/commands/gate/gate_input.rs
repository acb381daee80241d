//! What a gate reads: the baseline file, and recordings with the toggles that are tried on them.

use super::super::session_selection::{narrow_selection, select_sessions};
use super::super::{AtPlace, Audience, CommandError, LoadOptions, experiment_inputs, load};
use crate::cli::GateArgs;
use crate::price::{PriceRow, Pricing, told_day};
use crate::reconstruct::Lens;
use crate::scenario::{self, ChosenToggle, SessionSelection};
use crate::store;
use crate::study::gate::baseline::Baseline;
use crate::study::gate::gate_cache::GateCache;
use crate::study::gate::measurement::{
    MeasurementSetup, SampleUnit, measure_recording, side_from_samples,
};
use crate::study::gate::side_defects::{add_defects, defects_of_recording};
use crate::study::gate::{GateSide, SideDefects};
use jiff::civil::Date;
use load::LoadedRecording;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A recording, its toggles, and whether these are meant to be built together.
pub struct GateInput {
    /// The recording.
    pub loaded: LoadedRecording,
    /// The toggles.
    pub toggles: Vec<ChosenToggle>,
    /// Whether what they save together is a figure.
    pub is_joint: bool,
}

impl GateInput {
    /// Loads one argument.
    pub fn from_argument(args: &GateArgs, name: &str, lens: Lens) -> Result<Self, CommandError> {
        let path = Path::new(name);
        if is_json_path(name)
            && store::is_file(path)
            && Baseline::is_baseline(&store::read_file(path)?)
        {
            return Err(CommandError::argument(
                name,
                "is a baseline file; it stands alone behind --baseline, and --candidate takes \
                 recordings and transcripts",
            ));
        }
        // Without a scenario each recording is measured with its own built-in toggles, as it is
        // when it is compared alone.
        let mut own = experiment_inputs::scenario_from_args(&args.toggles, name)?;
        let has_scenario = args.toggles.scenario.is_some();
        // Toggles that somebody put together are meant to be built together; all of them are not.
        let jointly = has_scenario || !args.toggles.with.is_empty() || !own.recording.is_empty();
        // What a gate says is kept, committed and commented.
        let options = LoadOptions { lens, strict: args.strict, audience: Audience::Anybody };
        let loaded = load::load_recording(name, options)?;
        // What a built-in scenario selects is for those who name it.
        if !has_scenario {
            own.select = SessionSelection::default();
        }
        narrow_selection(&mut own.select, &args.selection)?;
        let mut loaded = select_sessions(loaded, &own.select)?;
        // Samples are matched by their names.
        loaded.name_import(load::ImportName::Typed);
        if has_scenario {
            // Models that are substituted have to be in the recording; the prices of the day are
            // chosen later, for both sides at once.
            let pricing =
                crate::commands::pricing::load_pricing(&args.premises, &own, &[name.to_owned()])?;
            scenario::check_models(&pricing, loaded.recording())?;
        }
        Ok(Self { loaded, toggles: own.toggles, is_joint: jointly })
    }
}

/// Whether an argument is a file of this machine, or would be one.
pub fn is_json_path(argument: &str) -> bool {
    !load::is_built_in(argument) && Path::new(argument).extension().is_some_and(|it| it == "json")
}

/// The baseline file: `None` for recordings, and for a file that is to be written.
pub fn load_baseline_file(
    args: &GateArgs,
    notes: &mut Vec<String>,
) -> Result<Option<Baseline>, CommandError> {
    let [only] = &args.baseline[..] else {
        if args.update {
            let hint = "name it alone with --baseline FILE.json";
            return Err(CommandError::argument("", "--update writes one file").with_hint(hint));
        }
        return Ok(None);
    };
    if !is_json_path(only) {
        if args.update {
            return Err(CommandError::argument(only, "--update writes a baseline file")
                .with_hint("name one that ends in .json"));
        }
        return Ok(None);
    }
    let path = Path::new(only);
    if !store::path_exists(path) {
        // It is written by this run.
        if args.update {
            return Ok(None);
        }
        return Err(CommandError::argument(only, "no such file").with_hint(format!(
            "write it with `windtunnel gate --baseline {only} --candidate RECORDING --update`"
        )));
    }
    let bytes = store::read_file(path)?;
    // A recording file also ends in .json: it is a side to be measured, unless --update is about to
    // overwrite it.
    if !Baseline::is_baseline(&bytes) {
        if args.update {
            return Err(CommandError::argument(
                only,
                "is no baseline file, so --update leaves it alone",
            )
            .with_hint("name another one"));
        }
        return Ok(None);
    }
    match Baseline::parse(&store::base_name(path), &bytes) {
        Ok(baseline) if baseline.side.samples.is_empty() && !args.update => {
            Err(CommandError::content(only, "a baseline of no sample")
                .with_hint("write it again with --update"))
        }
        Ok(baseline) => Ok(Some(baseline)),
        // A baseline that cannot be read is replaced, and the reader is told.
        Err(error) if args.update => {
            notes.push(format!("{only}: {error}; written afresh"));
            Ok(None)
        }
        Err(error) => Err(error).at(only),
    }
}

/// A side of some recordings, and the prices that it pays.
pub fn measure_side(
    name: &str,
    parts: &[GateInput],
    pricing: &Pricing,
    cache: GateCache,
    each: SampleUnit,
) -> Result<(GateSide, BTreeMap<String, PriceRow>), CommandError> {
    let mut all = Vec::new();
    let mut defects = SideDefects::new();
    for GateInput { loaded, toggles, is_joint: jointly } in parts {
        add_defects(&mut defects, defects_of_recording(loaded.recording(), pricing));
        // A bucket tells nothing of the classes of its tokens.
        let has_dollars = loaded.source.can_be_priced();
        let bench = MeasurementSetup { pricing, cache, toggles, jointly: *jointly, has_dollars };
        all.extend(measure_recording(loaded.recording(), &bench, each)?);
    }
    let (mut side, rates) = side_from_samples(name, all);
    side.summary.defects = defects;
    Ok((side, rates))
}

/// The name of a side: those of its recordings, never where they lie on this machine.
pub fn side_name(parts: &[GateInput]) -> String {
    let names = parts.iter().map(|part| part.loaded.recording().name.as_str());
    let names: Vec<&str> = names.collect::<BTreeSet<_>>().into_iter().collect();
    match &names[..] {
        // Long lists would push the figures out of a line of CI output.
        [first, rest @ ..] if rest.len() > 2 => format!("{first} and {} more", rest.len()),
        _ => names.join("+"),
    }
}

/// The day of the last call; `None` where no call tells its time.
pub fn last_call_day(parts: &[GateInput]) -> Option<Date> {
    let times = parts.iter().flat_map(|part| {
        let recording = part.loaded.recording();
        let calls = recording.calls.iter().map(|call| call.start_ms);
        // Of a session without calls the harness may still know the start.
        calls.chain(recording.sessions.iter().filter_map(|session| session.harness_totals.start_ms))
    });
    times.max().and_then(told_day)
}
