//! Both sides of a gate, loaded and measured under the same premises.
//!
//! A committed baseline says what it was measured under, and the candidate follows; what the
//! command line says against it is refused. Without one both sides follow the command line, and
//! the last day of the baseline's calls prices both.

use super::super::{Failure, load};
use super::parts::{Part, file, last_day, measured, name};
use crate::cli::{GateArgs, SampleArg};
use crate::price::{MissingPrice, PriceBook, PriceRow, Pricing, UNSTATED_MODEL};
use crate::reconstruct::Lens;
use crate::recording::hex;
use crate::scenario::Scenario;
use crate::study::gate::baseline::{Baseline, Held};
use crate::study::gate::law::Cache;
use crate::study::gate::measure::Each;
use crate::study::gate::{Named, Sample, Side};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// What the arguments ask for, the baseline file read.
pub struct Asked<'a> {
    args: &'a GateArgs,
    scenario: Scenario,
    candidates: BTreeSet<String>,
    /// The baseline file; `None` for recordings, and for one that is to be written.
    file: Option<Baseline>,
    notes: Vec<String>,
}

/// Both sides, measured.
pub struct Sides {
    /// What both were measured under.
    pub held: Held,
    /// What is held against; `None` where it is written for the first time.
    pub baseline: Option<Side>,
    /// What changed.
    pub candidate: Side,
    /// What a reader should know of the premises.
    pub notes: Vec<String>,
    /// What to say beside the result.
    pub talk: String,
    /// Seed of the draws.
    pub seed: u64,
}

/// The candidates, session by session.
pub struct Sessions {
    /// What they were measured under.
    pub held: Held,
    /// Their name and digests.
    pub named: Named,
    /// By recording: its sessions.
    pub recordings: Vec<Vec<Sample>>,
    /// What to say beside the result.
    pub talk: String,
    /// Seed of the draws.
    pub seed: u64,
}

impl<'a> Asked<'a> {
    /// Reads the scenario and the baseline file.
    pub fn of(args: &'a GateArgs) -> Result<Self, Failure> {
        let lead = match &args.candidate[..] {
            [only] => only.as_str(),
            _ => "",
        };
        let scenario = load::scenario(lead, args.scenario.as_deref(), &[])?;
        let mut candidates: BTreeSet<String> = args.candidate.iter().cloned().collect();
        if candidates.is_empty() && args.scenario.is_some() && !scenario.recording.is_empty() {
            candidates.insert(scenario.recording.clone());
        }
        if candidates.is_empty() {
            return Err(Failure::new(
                "no candidate: name recordings or transcripts with --candidate, or a --scenario \
                 that names a recording",
            ));
        }
        let mut notes = Vec::new();
        let file = file(args, &mut notes)?;
        Ok(Self { args, scenario, candidates, file, notes })
    }

    /// Measures both sides.
    pub fn measure(mut self) -> Result<Sides, Failure> {
        let args = self.args;
        let lens = self.lens()?;
        let candidate = self.parts(&self.candidates, lens)?;
        let baseline = match (&self.file, args.update) {
            (None, false) => self.parts(&args.baseline.iter().cloned().collect(), lens)?,
            _ => Vec::new(),
        };
        let dated = if baseline.is_empty() { &candidate } else { &baseline };
        let day = self.day(dated)?;
        let pricing = self.pricing(day, candidate.iter().chain(&baseline))?;
        let cache = self.cache()?;
        let each = self.each()?;
        let (candidate_side, rates) =
            measured(&name(&self.candidates), &candidate, &pricing, cache, each)?;
        if candidate_side.samples.is_empty() {
            let names: Vec<&str> = self.candidates.iter().map(String::as_str).collect();
            return Err(Failure::new(format!(
                "{}: no session with a call, so nothing can be judged: does the candidate hold \
                 what the pipeline recorded?",
                names.join(", ")
            )));
        }
        let talk = candidate.iter().chain(&baseline).map(|part| part.loaded.talk()).collect();
        let kept = self.kept().map(|file| &file.held);
        let mut all_rates = kept.map_or_else(BTreeMap::new, |held| held.rates.clone());
        let new: Vec<&str> =
            rates.keys().filter(|model| !all_rates.contains_key(*model)).map(|m| &**m).collect();
        if let Some(held) = kept.filter(|_| !new.is_empty()) {
            let (models, day) = (new.join(", "), held.day);
            self.notes.push(format!(
                "no rate in the baseline file for {models}: priced from the price book as of {day}"
            ));
        }
        all_rates.extend(rates);
        let baseline = match &self.file {
            Some(file) => Some(file.side.clone()),
            None if args.update => None,
            None => {
                let name = name(&args.baseline.iter().cloned().collect());
                let (side, rates) = measured(&name, &baseline, &pricing, cache, each)?;
                all_rates.extend(rates);
                if side.samples.is_empty() {
                    let line = format!("{}: no session with a call", args.baseline.join(", "));
                    return Err(Failure::new(line));
                }
                Some(side)
            }
        };
        let held = self.held((lens, cache, each, day), &pricing, all_rates)?;
        let seed = self.scenario.seed;
        Ok(Sides { held, baseline, candidate: candidate_side, notes: self.notes, talk, seed })
    }

    /// Measures every session of the candidates, recording by recording.
    pub fn sessions(mut self) -> Result<Sessions, Failure> {
        let lens = self.lens()?;
        let mut parts = self.parts(&self.candidates, lens)?;
        for part in &mut parts {
            (part.toggles, part.jointly) = (Vec::new(), false);
        }
        let day = self.day(&parts)?;
        let pricing = self.pricing(day, parts.iter())?;
        let (cache, each) = (self.cache()?, Each::Session);
        let alone = |part| measured("", std::slice::from_ref(part), &pricing, cache, each);
        let sides: Vec<_> = parts.iter().map(alone).collect::<Result<_, Failure>>()?;
        let digests = parts.iter().map(|part| hex(&part.loaded.recording.digest(), 8)).collect();
        let name = name(&self.candidates);
        let named = Named { name, samples: parts.len() as u32, digests };
        let recordings = sides.into_iter().map(|(side, _)| side.samples).collect();
        let talk = parts.iter().map(|part| part.loaded.talk()).collect();
        let held = self.held((lens, cache, each, day), &pricing, BTreeMap::new())?;
        Ok(Sessions { held, named, recordings, talk, seed: self.scenario.seed })
    }

    fn held(
        &self,
        (lens, cache, each, day): (Lens, Cache, Each, Date),
        pricing: &Pricing,
        rates: BTreeMap<String, PriceRow>,
    ) -> Result<Held, Failure> {
        let assumed_model = pricing.assumed_model.clone();
        let book = load::pricing(&self.args.premises, &self.scenario)?.book;
        let prices = self.kept().map_or_else(|| hex(book.digest(), 8), |it| it.held.prices.clone());
        Ok(Held { lens, cache, each, day, assumed_model, prices, rates })
    }

    fn parts(&self, names: &BTreeSet<String>, lens: Lens) -> Result<Vec<Part>, Failure> {
        names.iter().map(|name| Part::load(self.args, name, lens)).collect()
    }

    /// The baseline file whose premises stand: that of another day is priced anew where it is
    /// written anew.
    fn kept(&self) -> Option<&Baseline> {
        let other_day = |held: &Held| self.args.price_date.is_some_and(|day| day != held.day);
        self.file.as_ref().filter(|file| !(self.args.update && other_day(&file.held)))
    }

    /// One premise: what the command line says, else what the file says, else `default`. Where both
    /// say something else the file is written again or not used.
    fn premise<T: PartialEq + Copy>(
        &self,
        (what, of): (&str, fn(T) -> String),
        said: Option<T>,
        held: impl Fn(&Held) -> T,
        default: T,
    ) -> Result<T, Failure> {
        let held = self.kept().map(|file| held(&file.held));
        match (said, held) {
            (Some(said), Some(held)) if said != held && !self.args.update => {
                let (file, said, held) = (&self.args.baseline[0], of(said), of(held));
                Err(Failure::new(format!(
                    "{file}: measured with {what} {held}, the candidate is to be with {said}: \
                     take that of the file, or write it again with --update"
                )))
            }
            (said, held) => Ok(said.or(held).unwrap_or(default)),
        }
    }

    fn lens(&self) -> Result<Lens, Failure> {
        let of_scenario = self.args.scenario.as_ref().map(|_| self.scenario.lens);
        let of_line =
            self.args.premises.lens.map(|_| load::lens(&self.args.premises, &self.scenario));
        let name = |lens: Lens| lens.name().to_owned();
        let said = of_line.or(of_scenario);
        self.premise(("lens", name), said, |held| held.lens, self.scenario.lens)
    }

    fn cache(&self) -> Result<Cache, Failure> {
        let of_scenario = Some(Cache::of(self.scenario.cache)).filter(|it| *it != Cache::Law);
        let said = if self.args.as_billed { Some(Cache::Billed) } else { of_scenario };
        let name = |cache: Cache| cache.name().to_owned();
        self.premise(("cache", name), said, |held| held.cache, Cache::Law)
    }

    fn each(&self) -> Result<Each, Failure> {
        let said = self.args.each.map(|each| match each {
            SampleArg::Recording => Each::Recording,
            SampleArg::Pipeline => Each::Pipeline,
            SampleArg::Session => Each::Session,
        });
        let name = |each: Each| each.name().to_owned();
        self.premise(("each", name), said, |held| held.each, Each::Recording)
    }

    /// The day that prices both sides.
    fn day(&self, dated: &[Part]) -> Result<Date, Failure> {
        let said = self.args.price_date.or(self.scenario.date);
        let last = last_day(dated);
        let Some(default) = said.or(last).or(self.kept().map(|file| file.held.day)) else {
            return Err(Failure::new(
                "no call has a time: name the day of the prices with \
                --price-date",
            ));
        };
        let name = |day: Date| day.to_string();
        self.premise(("price date", name), said, |held| held.day, default)
    }

    /// Prices as of one day: the rates of the baseline file where it has them. A model that is
    /// younger than that day has its newest price.
    fn pricing<'p>(
        &mut self,
        day: Date,
        parts: impl Iterator<Item = &'p Part>,
    ) -> Result<Pricing, Failure> {
        let mut pricing = load::pricing(&self.args.premises, &self.scenario)?;
        pricing.date = Some(day);
        let mut fixed: BTreeMap<String, PriceRow> = BTreeMap::new();
        if let Some(Held { assumed_model, rates, .. }) = self.kept().map(|file| &file.held) {
            let said = self.args.premises.model.as_ref().filter(|said| *said != assumed_model);
            if let Some(said) = said.filter(|_| !self.args.update) {
                let file = &self.args.baseline[0];
                return Err(Failure::new(format!(
                    "{file}: measured with model {assumed_model}, the candidate is to be with \
                     {said}: take that of the file, or write it again with --update"
                )));
            }
            if said.is_none() {
                pricing.assumed_model.clone_from(assumed_model);
            }
            let moved: Vec<&str> = rates
                .iter()
                .filter(|(model, row)| {
                    let now = pricing.find(model, None);
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
        pricing.book = pricing.book.overridden_by(&PriceBook::fixed(fixed.values()));
        let models: BTreeSet<String> =
            parts.flat_map(|part| &part.loaded.recording.models).cloned().collect();
        for model in models.iter().filter(|model| *model != UNSTATED_MODEL) {
            if let Err(MissingPrice::Date { .. }) = pricing.find(model, None) {
                let newest = Pricing { date: None, ..pricing.clone() }.find(model, None)?;
                self.notes.push(format!("{model} had no price on {day}: its newest one stands"));
                pricing.book = pricing.book.overridden_by(&PriceBook::fixed([&newest]));
            }
        }
        Ok(pricing)
    }
}
