//! Both sides of a gate, loaded and measured under the same premises.
//!
//! A committed baseline says what it was measured under, and the candidate follows; what the
//! command line says against it is refused. Without one both sides follow the command line, and
//! the last day of the baseline's calls prices both.

use super::super::{CommandError, Messages, experiment_inputs, load, pricing};
use super::gate_input::{GateInput, last_call_day, load_baseline_file, measure_side, side_name};
use crate::cli::GateArgs;
use crate::price::coverage::PriceCoverage;
use crate::price::{MissingPrice, PriceBook, PriceRow, Pricing, UNSTATED_MODEL};
use crate::reconstruct::Lens;
use crate::recording::hex_prefix;
use crate::report::show::price_notes::price_notes;
use crate::scenario::Scenario;
use crate::study::gate::baseline::{Baseline, BaselinePremises};
use crate::study::gate::gate_cache::GateCache;
use crate::study::gate::measurement::SampleUnit;
use crate::study::gate::side_defects::add_defects;
use crate::study::gate::{GateSample, GateSide, SideDefects, SideSummary};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// What the arguments ask for, the baseline file read.
pub struct GateRequest<'a> {
    args: &'a GateArgs,
    scenario: Scenario,
    candidates: BTreeSet<String>,
    /// The baseline file; `None` for recordings, and for one that is to be written.
    file: Option<Baseline>,
    notes: Vec<String>,
}

/// Both sides, measured.
pub struct GateSides {
    /// What both were measured under.
    pub premises: BaselinePremises,
    /// What is held against; `None` where it is written for the first time.
    pub baseline: Option<GateSide>,
    /// What changed.
    pub candidate: GateSide,
    /// What a reader should know of the premises.
    pub notes: Vec<String>,
    /// What to say beside the result.
    pub messages: Messages,
    /// Seed of the draws.
    pub seed: u64,
}

/// The candidates, session by session.
pub struct CandidateSessions {
    /// What they were measured under.
    pub premises: BaselinePremises,
    /// Their name and digests.
    pub named: SideSummary,
    /// By recording: its sessions.
    pub recordings: Vec<Vec<GateSample>>,
    /// What to say beside the result.
    pub messages: Messages,
    /// Seed of the draws.
    pub seed: u64,
}

impl<'a> GateRequest<'a> {
    /// Reads the scenario and the baseline file.
    pub fn from_args(args: &'a GateArgs) -> Result<Self, CommandError> {
        // One candidate may have a built-in scenario; several have none that fits them all.
        let lead = match &args.candidate[..] {
            [only] => only.as_str(),
            _ => "",
        };
        let mut scenario = experiment_inputs::scenario_from_args(&args.toggles, lead)?;
        scenario.seed = args.seed.unwrap_or(scenario.seed);
        let mut candidates: BTreeSet<String> = args.candidate.iter().cloned().collect();
        // A scenario that names its recording needs no --candidate.
        if candidates.is_empty()
            && args.toggles.scenario.is_some()
            && !scenario.recording.is_empty()
        {
            candidates.insert(scenario.recording.clone());
        }
        if candidates.is_empty() {
            return Err(CommandError::argument("", "no candidate").with_hint(
                "name recordings or transcripts with --candidate, or a --scenario that names a \
                 recording",
            ));
        }
        let mut notes = Vec::new();
        let file = load_baseline_file(args, &mut notes)?;
        Ok(Self { args, scenario, candidates, file, notes })
    }

    /// Measures both sides.
    pub fn measure_sides(mut self) -> Result<GateSides, CommandError> {
        let args = self.args;
        let lens = self.choose_lens()?;
        let candidate = self.load_gate_inputs(&self.candidates, lens)?;
        // A file is measured already, and with --update nothing is held against it.
        let baseline = match (&self.file, args.update) {
            (None, false) => {
                self.load_gate_inputs(&args.baseline.iter().cloned().collect(), lens)?
            }
            _ => Vec::new(),
        };
        // The baseline's last day prices both sides: a price change between the two runs is no
        // change of the pipeline.
        let dated = if baseline.is_empty() { &candidate } else { &baseline };
        let day = self.choose_price_day(dated)?;
        let pricing = self.build_pricing(day, candidate.iter().chain(&baseline))?;
        self.note_coverage(&pricing, candidate.iter().chain(&baseline))?;
        let cache = self.choose_cache()?;
        let each = self.choose_sample_unit()?;
        let (candidate_side, rates) =
            measure_side(&side_name(&candidate), &candidate, &pricing, cache, each)?;
        if candidate_side.samples.is_empty() {
            let names: Vec<&str> = self.candidates.iter().map(String::as_str).collect();
            return Err(CommandError::content(
                names.join(", "),
                "no session with a call, so nothing can be judged",
            )
            .with_hint("does the candidate hold what the pipeline recorded?"));
        }
        let messages =
            candidate.iter().chain(&baseline).map(|part| part.loaded.stderr_messages()).collect();
        let kept = self.standing_baseline().map(|file| &file.premises);
        // Rates of the file first, so that money moves with the pipeline and not with the book.
        let mut all_rates = kept.map_or_else(BTreeMap::new, |held| held.rates.clone());
        let new: Vec<&str> =
            rates.keys().filter(|model| !all_rates.contains_key(*model)).map(|m| &**m).collect();
        if let Some(held) = kept.filter(|_| !new.is_empty()) {
            let (models, day) = (new.join(", "), held.day);
            self.notes.push(format!(
                "no rate in the baseline file for {models}: priced from the price book as of {day}"
            ));
        }
        // Rates of the file stand; those of models that it does not know are added.
        all_rates.extend(rates);
        let baseline = match &self.file {
            Some(file) => Some(file.side.clone()),
            None if args.update => None,
            None => {
                let name = side_name(&baseline);
                let (side, rates) = measure_side(&name, &baseline, &pricing, cache, each)?;
                all_rates.extend(rates);
                if side.samples.is_empty() {
                    let place = args.baseline.join(", ");
                    return Err(CommandError::content(place, "no session with a call"));
                }
                Some(side)
            }
        };
        let held = self.build_premises((lens, cache, each, day), &pricing, all_rates)?;
        let seed = self.scenario.seed;
        Ok(GateSides {
            premises: held,
            baseline,
            candidate: candidate_side,
            notes: self.notes,
            messages,
            seed,
        })
    }

    /// Measures every session of the candidates, recording by recording.
    pub fn measure_sessions(mut self) -> Result<CandidateSessions, CommandError> {
        let lens = self.choose_lens()?;
        let mut parts = self.load_gate_inputs(&self.candidates, lens)?;
        // Power is about the noise of sessions; savings of toggles would be replayed for nothing.
        for part in &mut parts {
            (part.toggles, part.is_joint) = (Vec::new(), false);
        }
        let day = self.choose_price_day(&parts)?;
        let pricing = self.build_pricing(day, parts.iter())?;
        // Session by session, whatever --each says: their noise is the question.
        let (cache, each) = (self.choose_cache()?, SampleUnit::Session);
        let sides: Vec<_> = parts
            .iter()
            .map(|part| measure_side("", std::slice::from_ref(part), &pricing, cache, each))
            .collect::<Result<_, CommandError>>()?;
        let digests = parts
            .iter()
            .map(|part| hex_prefix(&part.loaded.recording().recording_digest(), 8))
            .collect();
        let mut defects = SideDefects::new();
        for (side, _) in &sides {
            add_defects(&mut defects, side.summary.defects.clone());
        }
        let (name, samples) = (side_name(&parts), parts.len() as u32);
        let named = SideSummary { name, samples, digests, defects };
        let recordings = sides.into_iter().map(|(side, _)| side.samples).collect();
        let messages = parts.iter().map(|part| part.loaded.stderr_messages()).collect();
        let held = self.build_premises((lens, cache, each, day), &pricing, BTreeMap::new())?;
        Ok(CandidateSessions {
            premises: held,
            named,
            recordings,
            messages,
            seed: self.scenario.seed,
        })
    }

    fn build_premises(
        &self,
        (lens, cache, each, day): (Lens, GateCache, SampleUnit, Date),
        pricing: &Pricing,
        rates: BTreeMap<String, PriceRow>,
    ) -> Result<BaselinePremises, CommandError> {
        let assumed_model = pricing.assumed_model.clone();
        // Loaded anew: the book of the measurement holds fixed rates, and its digest names no book.
        let book = self.load_pricing()?.book;
        let prices = self
            .standing_baseline()
            .map_or_else(|| hex_prefix(book.book_digest(), 8), |it| it.premises.prices.clone());
        Ok(BaselinePremises { lens, cache, each, day, assumed_model, prices, rates })
    }

    fn load_gate_inputs(
        &self,
        names: &BTreeSet<String>,
        lens: Lens,
    ) -> Result<Vec<GateInput>, CommandError> {
        names.iter().map(|name| GateInput::from_argument(self.args, name, lens)).collect()
    }

    /// The baseline file whose premises stand: that of another day is priced anew where it is
    /// written anew.
    fn standing_baseline(&self) -> Option<&Baseline> {
        let asked_day = self.args.price_date;
        self.file.as_ref().filter(|file| {
            !(self.args.update && asked_day.is_some_and(|day| day != file.premises.day))
        })
    }

    /// One premise: what the command line says, else what the file says, else `default`. Where both
    /// say something else the file is written again or not used.
    fn choose_premise<T: PartialEq + Copy>(
        &self,
        what: &str,
        in_words: fn(T) -> String,
        said: Option<T>,
        held: impl Fn(&BaselinePremises) -> T,
        default: T,
    ) -> Result<T, CommandError> {
        let held = self.standing_baseline().map(|file| held(&file.premises));
        match (said, held) {
            (Some(said), Some(held)) if said != held && !self.args.update => {
                let (file, said, held) = (&self.args.baseline[0], in_words(said), in_words(held));
                Err(other_premise(file, what, &held, &said))
            }
            (said, held) => Ok(said.or(held).unwrap_or(default)),
        }
    }

    fn choose_lens(&self) -> Result<Lens, CommandError> {
        // A built-in scenario that nobody named says nothing against the file: only --scenario and
        // --lens do.
        let of_scenario = self.args.toggles.scenario.as_ref().map(|_| self.scenario.lens);
        let of_line =
            self.args.premises.lens.map(|_| load::choose_lens(&self.args.premises, &self.scenario));
        let said = of_line.or(of_scenario);
        self.choose_premise(
            "lens",
            |lens| lens.name().to_owned(),
            said,
            |held| held.lens,
            self.scenario.lens,
        )
    }

    fn choose_cache(&self) -> Result<GateCache, CommandError> {
        // The law may stand in a scenario that says nothing of it: only another policy is a word.
        let of_scenario =
            Some(GateCache::from_policy(self.scenario.cache)).filter(|it| *it != GateCache::Law);
        let said = if self.args.as_billed { Some(GateCache::Billed) } else { of_scenario };
        self.choose_premise(
            "cache",
            |cache| cache.name().to_owned(),
            said,
            |held| held.cache,
            GateCache::Law,
        )
    }

    fn choose_sample_unit(&self) -> Result<SampleUnit, CommandError> {
        self.choose_premise(
            "each",
            |each| each.name().to_owned(),
            self.args.each,
            |held| held.each,
            SampleUnit::Recording,
        )
    }

    /// The day that prices both sides.
    fn choose_price_day(&self, dated: &[GateInput]) -> Result<Date, CommandError> {
        let said = self.args.price_date.or(self.scenario.date);
        let told = said.or(last_call_day(dated));
        let default = match told.or(self.standing_baseline().map(|file| file.premises.day)) {
            Some(day) => day,
            // Where no call has a time they have the newest prices, as everywhere.
            None => self.load_pricing()?.book.newest_source_day().unwrap_or(Date::MAX),
        };
        self.choose_premise(
            "price date",
            |day: Date| day.to_string(),
            said,
            |held| held.day,
            default,
        )
    }

    /// Notes what the dollars leave out or take for granted; whether they leave out anything.
    fn note_coverage<'p>(
        &mut self,
        pricing: &Pricing,
        parts: impl Iterator<Item = &'p GateInput>,
    ) -> Result<(), CommandError> {
        // Where nothing can be said of money nothing is left out of it.
        for part in parts.filter(|part| part.loaded.source.can_be_priced()) {
            let recording = part.loaded.recording();
            let coverage = PriceCoverage::of_recording(recording, pricing);
            load::refuse_unpriced(&coverage, self.args.strict)?;
            for note in price_notes(&coverage) {
                let note = format!("{}: {note}", recording.name);
                // Both sides may be of one name and leave out the same.
                if !self.notes.contains(&note) {
                    self.notes.push(note);
                }
            }
        }
        Ok(())
    }

    fn load_pricing(&self) -> Result<Pricing, CommandError> {
        pricing::load_pricing(&self.args.premises, &self.scenario, &self.args.candidate)
    }

    /// Prices as of one day, those of the baseline file where it has them; else the newest.
    fn build_pricing<'p>(
        &mut self,
        day: Date,
        parts: impl Iterator<Item = &'p GateInput>,
    ) -> Result<Pricing, CommandError> {
        let mut pricing = Pricing { date: Some(day), ..self.load_pricing()? };
        let mut fixed: BTreeMap<String, PriceRow> = BTreeMap::new();
        if let Some(BaselinePremises { assumed_model, rates, .. }) =
            self.standing_baseline().map(|file| &file.premises)
        {
            let said = self.args.premises.model.as_ref().filter(|said| *said != assumed_model);
            if let Some(said) = said.filter(|_| !self.args.update) {
                let file = &self.args.baseline[0];
                return Err(other_premise(file, "model", assumed_model, said));
            }
            // Otherwise the model of the file stands, as its other premises do.
            if said.is_none() {
                pricing.assumed_model.clone_from(assumed_model);
            }
            // The rates of the file stand even where the price book has others by now: the note
            // says so, because the dollars are no longer today's.
            let moved: Vec<&str> = rates
                .iter()
                .filter(|(model, row)| {
                    let now = pricing.find_price(model, None);
                    now.is_ok_and(|now| (now.base, now.long) != (row.base, row.long))
                })
                .map(|(model, _)| &**model)
                .collect();
            let note = format!(
                "the price book has other prices of {}: those of the baseline file stand",
                moved.join(", ")
            );
            fixed.clone_from(rates);
            if !moved.is_empty() {
                self.notes.push(note);
            }
        }
        pricing.book = pricing.book.overridden_by(&PriceBook::from_fixed_prices(fixed.values()));
        // Calls without a model are priced as the assumed one.
        let models: BTreeSet<String> =
            parts.flat_map(|part| &part.loaded.recording().models).cloned().collect();
        for model in models.iter().filter(|model| *model != UNSTATED_MODEL) {
            if let Err(MissingPrice::Date { .. }) = pricing.find_price(model, None)
                && let Ok(newest) =
                    (Pricing { date: None, ..pricing.clone() }).find_price(model, None)
            {
                self.notes.push(format!("{model} had no price on {day}: its newest one stands"));
                pricing.book = pricing.book.overridden_by(&PriceBook::from_fixed_prices([&newest]));
            }
        }
        Ok(pricing)
    }
}

/// The refusal of a candidate that is to be measured under another premise than its baseline.
fn other_premise(file: &str, premise: &str, held: &str, said: &str) -> CommandError {
    let problem = format!("measured with {premise} {held}, the candidate is to be with {said}");
    CommandError::argument(file, problem)
        .with_hint("take that of the file, or write it again with --update")
}
