//! What a gate reads: the baseline file, and recordings with the toggles that are tried on them.

use super::super::{Failure, asked, load};
use crate::cli::GateArgs;
use crate::price::{PriceRow, Pricing, day_of};
use crate::reconstruct::Lens;
use crate::scenario::Chosen;
use crate::store;
use crate::study::gate::Side;
use crate::study::gate::baseline::Baseline;
use crate::study::gate::law::Cache;
use crate::study::gate::measure::{Bench, Each, measure, side};
use jiff::civil::Date;
use load::Loaded;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A recording, its toggles, and whether these are meant to be built together.
pub struct Part {
    /// The recording.
    pub loaded: Loaded,
    /// The toggles.
    pub toggles: Vec<Chosen>,
    /// Whether what they save together is a figure.
    pub jointly: bool,
}

impl Part {
    /// Loads one argument.
    pub fn load(args: &GateArgs, name: &str, lens: Lens) -> Result<Self, Failure> {
        let path = Path::new(name);
        if is_file(name) && store::is_file(path) && Baseline::is_one(&store::read(path)?) {
            return Err(Failure::new(format!(
                "{name}: is a baseline file; it stands alone behind --baseline, and --candidate \
                 takes recordings and transcripts"
            )));
        }
        let own = load::scenario(name, args.scenario.as_deref(), &[])?;
        let jointly = args.scenario.is_some() || !own.recording.is_empty();
        let mut loaded = load::one(name, lens, args.strict)?;
        if args.scenario.is_some() {
            let pricing = load::pricing(&args.premises, &own)?;
            loaded = asked::select(loaded, &own, &pricing)?;
        }
        Ok(Self { loaded, toggles: own.toggles, jointly })
    }
}

/// Whether an argument is a file of this machine, or would be one.
pub fn is_file(argument: &str) -> bool {
    !load::is_built_in(argument) && Path::new(argument).extension().is_some_and(|it| it == "json")
}

/// The baseline file: `None` for recordings, and for a file that is to be written.
pub fn file(args: &GateArgs, notes: &mut Vec<String>) -> Result<Option<Baseline>, Failure> {
    let [only] = &args.baseline[..] else {
        if args.update {
            let line = "--update writes one file: name it alone with --baseline FILE.json";
            return Err(Failure::new(line));
        }
        return Ok(None);
    };
    if !is_file(only) {
        if args.update {
            return Err(Failure::new(format!(
                "{only}: --update writes a baseline file: name one that ends in .json"
            )));
        }
        return Ok(None);
    }
    let path = Path::new(only);
    if !store::exists(path) {
        if args.update {
            return Ok(None);
        }
        return Err(Failure::new(format!(
            "{only}: no such file: write it with `windtunnel gate --baseline {only} --candidate \
             RECORDING --update`"
        )));
    }
    let bytes = store::read(path)?;
    if !Baseline::is_one(&bytes) {
        if args.update {
            return Err(Failure::new(format!(
                "{only}: is no baseline file, so --update leaves it alone: name another one"
            )));
        }
        return Ok(None);
    }
    match Baseline::parse(&store::base_name(path), &bytes) {
        Ok(baseline) => Ok(Some(baseline)),
        Err(error) if args.update => {
            notes.push(format!("{only}: {error}; written afresh"));
            Ok(None)
        }
        Err(error) => Err(Failure::new(format!("{only}: {error}"))),
    }
}

/// A side of some recordings, and the prices that it pays.
pub fn measured(
    name: &str,
    parts: &[Part],
    pricing: &Pricing,
    cache: Cache,
    each: Each,
) -> Result<(Side, BTreeMap<String, PriceRow>), Failure> {
    let mut all = Vec::new();
    for Part { loaded, toggles, jointly } in parts {
        // A bucket tells nothing of the classes of its tokens.
        let has_dollars = loaded.routes.as_ref().is_none_or(|(_, laid)| laid.has_dollars());
        let bench = Bench { pricing, cache, toggles, jointly: *jointly, has_dollars };
        all.extend(measure(&loaded.recording, &bench, each)?);
    }
    Ok(side(name, all))
}

/// The name of a side.
pub fn name(names: &BTreeSet<String>) -> String {
    let base = |name: &String| {
        if load::is_built_in(name) { name.clone() } else { store::base_name(Path::new(name)) }
    };
    let names: Vec<String> = names.iter().map(base).collect();
    match &names[..] {
        [first, rest @ ..] if rest.len() > 2 => format!("{first} and {} more", rest.len()),
        _ => names.join("+"),
    }
}

/// The day of the last call.
pub fn last_day(parts: &[Part]) -> Option<Date> {
    let times = parts.iter().flat_map(|part| {
        let recording = &part.loaded.recording;
        let calls = recording.calls.iter().map(|call| call.start_ms);
        calls.chain(recording.sessions.iter().filter_map(|session| session.told.start_ms))
    });
    times.max().map(day_of)
}
