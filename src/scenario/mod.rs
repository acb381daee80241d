//! The experiment: which toggles, with which parameters, under which assumptions.
//!
//! A scenario file is TOML. What was typed (`file`) is checked once and becomes a [`Scenario`],
//! which holds ready-made parts: nothing behind it looks up a name again. One table of keys
//! (`keys`) serves the check, the schema for editors (`schema`) and new files (`write`).

mod error;
mod file;
mod keys;
mod moments;
mod param_range;
mod parameter_setting;
mod schema;
mod selection;
mod write;

pub(crate) use crate::toml_reader::{join_names, key_path, nearest_name_hint};
pub use error::{ScenarioError, ScenarioFault};
pub use file::parse_scenario;
pub(crate) use moments::{WANTED_SPAN, parse_moment, parse_moment_at};
pub(crate) use parameter_setting::set_parameter;
pub use schema::schema_json;
pub use selection::{SelectionError, SessionSelection, check_models};
pub(crate) use write::{LeftOutToggles, write_scenario};

use crate::cache::CachePolicy;
use crate::intervene::{self, BuildGrade, Intervention, ParamRange, ToggleParams};
use crate::reconstruct::Lens;
use crate::recording::Recording;
use jiff::civil::Date;

/// Name and version of the format.
pub const SCHEMA: &str = "windtunnel.scenario/1";

/// The seed unless a scenario says otherwise.
pub(crate) const DEFAULT_SEED: u64 = 774;

/// The most requests a minute that a scenario may name: beyond it there is no limit.
pub(crate) const MOST_REQUESTS: u32 = 1_000_000;

/// The largest seed: TOML has no larger whole number.
pub(crate) const MOST_SEED: u64 = i64::MAX as u64;

/// The most draws that a scenario may ask for.
pub(crate) const MOST_DRAWS: u32 = 100_000;

/// A toggle that takes part, with its parameters.
#[derive(Clone)]
pub struct ChosenToggle {
    /// The toggle.
    pub toggle: &'static Intervention,
    /// Its parameters, each at the mean of its range.
    pub params: ToggleParams,
    /// What they may be instead, in the order of the card.
    pub ranges: Vec<ParamRange>,
    /// Parameters that no source gives and nobody has set: with one of them the toggle has bounds
    /// and no figure.
    pub unset: Vec<&'static str>,
    /// Parameters that the recording answers by itself: what is set for them counts nothing.
    pub answered: Vec<&'static str>,
    /// What it takes to build it, and what may go wrong.
    pub grade: BuildGrade,
}

impl ChosenToggle {
    /// A toggle as its card has it.
    #[must_use]
    pub fn from_card(toggle: &'static Intervention) -> Self {
        let card = toggle.card();
        let ranges: Vec<ParamRange> = card.params.iter().map(ParamRange::from_spec).collect();
        let asked = card.params.iter().filter(|spec| spec.asked);
        let unset = asked.map(|spec| spec.key).collect();
        let mut params = ToggleParams::modes_of_card(card);
        // What is quoted is the expectation, so that it stands in the middle of its own draws.
        for (index, range) in ranges.iter().enumerate() {
            params.set_to_mean(index, range);
        }
        let answered = Vec::new();
        Self { toggle, params, ranges, unset, answered, grade: card.grade }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.toggle.card().id
    }

    /// Whether the user has to give a number before it has a figure.
    #[must_use]
    pub fn awaits_parameter(&self) -> bool {
        !self.unset.is_empty()
    }

    /// Takes from a recording what the card asks for, where that is told there.
    fn settle_answered(&mut self, recording: &Recording) {
        if !self.toggle.is_answered_by(recording) {
            return;
        }
        for (spec, range) in self.toggle.card().params.iter().zip(&mut self.ranges) {
            if spec.asked {
                self.answered.push(spec.key);
                // Nothing is left to draw.
                *range = ParamRange::fixed_at(range.mode);
            }
        }
        self.unset.clear();
    }

    /// Every corner of its ranges.
    #[must_use]
    pub fn range_corners(&self) -> Vec<ToggleParams> {
        self.params.range_corners(&self.ranges)
    }
}

impl std::fmt::Debug for ChosenToggle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple(self.id()).field(&self.params).field(&self.ranges).finish()
    }
}

impl PartialEq for ChosenToggle {
    fn eq(&self, other: &Self) -> bool {
        let parts = |one: &Self| (one.id(), one.params.clone(), one.ranges.clone(), one.grade);
        parts(self) == parts(other) && self.unset == other.unset
    }
}

/// A checked experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// The recording it is about: a built-in name or a path; empty for any.
    pub recording: String,
    /// How published calls are read.
    pub lens: Lens,
    /// The model that an unstated model stands for; `None` for the default assumption.
    pub model: Option<String>,
    /// A price book whose rows take precedence over the built-in one: a path.
    pub prices: Option<String>,
    /// Price every call as of this day.
    pub date: Option<Date>,
    /// Seed of the draws.
    pub seed: u64,
    /// Draws of the uncertainty study, 0 for no bands; `None` for as many as the size of the
    /// recording asks for.
    pub draws: Option<u32>,
    /// Requests that the provider lets through in any minute; 0 where that is not known.
    pub requests_a_minute: u32,
    /// The cache that is replayed with.
    pub cache: CachePolicy,
    /// Which sessions of the recording take part.
    pub select: SessionSelection,
    /// Models and what each is priced as instead, before and after the toggles alike.
    pub models: Vec<(String, String)>,
    /// Figures that the source leaves open and the user knows, by their ids.
    pub source: Vec<(String, i64)>,
    /// The toggles in the order of the registry, whatever the order of the file.
    pub toggles: Vec<ChosenToggle>,
}

impl Scenario {
    /// All toggles at their means.
    #[must_use]
    pub fn all_toggles() -> Self {
        Self::with_toggles(intervene::ALL)
    }

    /// Takes some toggles instead of its own. What it already says of one of them stands.
    pub(crate) fn replace_toggles(&mut self, wanted: &[&'static Intervention]) {
        let own = std::mem::take(&mut self.toggles);
        self.toggles = wanted
            .iter()
            .map(|toggle| {
                // What the scenario set of a toggle stays with it.
                let known = own.iter().find(|one| one.id() == toggle.card().id);
                known.cloned().unwrap_or_else(|| ChosenToggle::from_card(toggle))
            })
            .collect();
    }

    /// Takes from a recording what toggles ask for, where that is told there.
    pub fn settle_answered(&mut self, recording: &Recording) {
        for chosen in &mut self.toggles {
            chosen.settle_answered(recording);
        }
    }

    /// The toggles that have all their numbers, and those that wait for one.
    #[must_use]
    pub fn split_awaiting_toggles(&self) -> (Vec<ChosenToggle>, Vec<ChosenToggle>) {
        self.toggles.iter().cloned().partition(|chosen| !chosen.awaits_parameter())
    }

    /// Some toggles at their means.
    #[must_use]
    pub fn with_toggles(toggles: &[&'static Intervention]) -> Self {
        Self {
            name: String::new(),
            recording: String::new(),
            lens: Lens::default(),
            model: None,
            prices: None,
            date: None,
            seed: DEFAULT_SEED,
            draws: None,
            requests_a_minute: 0,
            cache: CachePolicy::default(),
            select: SessionSelection::default(),
            models: Vec::new(),
            source: Vec::new(),
            toggles: toggles.iter().map(|toggle| ChosenToggle::from_card(toggle)).collect(),
        }
    }
}

/// Toggles that do not exist, all of one list, each with the nearest one that does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{told}; `windtunnel list` names all {}", intervene::ALL.len())]
pub struct UnknownToggle {
    told: String,
}

/// The toggles of a list of ids, in the order of the registry, each once.
///
/// # Errors
/// The ids that are no toggles, with the nearest ones that are.
pub fn toggles_by_id<'a>(
    ids: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<&'static Intervention>, UnknownToggle> {
    let (mut wanted, mut unknown) = (Vec::new(), Vec::new());
    for id in ids {
        match intervene::find_by_id(id) {
            Some(found) => wanted.push(found.card().id),
            None => {
                let near = nearest_name_hint(id, intervene::ALL.iter().map(|one| one.card().id));
                unknown.push(format!("no toggle '{id}'{near}"));
            }
        }
    }
    if !unknown.is_empty() {
        return Err(UnknownToggle { told: unknown.join(", ") });
    }
    // In the order of the registry and each once, whatever was typed.
    Ok(intervene::ALL.iter().copied().filter(|one| wanted.contains(&one.card().id)).collect())
}
