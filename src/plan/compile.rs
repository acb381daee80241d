//! Compiling: one row a call, one term a difference, one run for what rows share.

use super::isles::{islands, starts_ms};
use super::merged::{Merged, Walk};
use super::term::Terms;
use super::{InsertedCall, Island, MAX_TOGGLES, Patch, Plan, Planned, Subset};
use crate::ids::NONE;
use crate::price::{MissingPrice, Pricing, Resolver};
use crate::recording::Recording;

impl Plan {
    /// Merges the patches; patch k answers to bit k.
    ///
    /// # Errors
    /// A model without a price on its date.
    ///
    /// # Panics
    /// If there are more than [`MAX_TOGGLES`] patches.
    pub fn compile(
        recording: &Recording,
        patches: &[Patch],
        pricing: &Pricing,
    ) -> Result<Self, MissingPrice> {
        assert!(patches.len() <= MAX_TOGGLES, "{} toggles in one plan", patches.len());
        let calls = recording.calls.len();
        let merged = Merged::new(recording, patches);
        let rules = patches.iter().flat_map(|patch| &patch.rules);
        let mut compiler = Compiler {
            recording,
            patches,
            merged: &merged,
            walk: Walk::from(&merged, 0, 0),
            terms: Terms::default(),
            pricing,
            prices: pricing.resolver(),
            clears: rules.into_iter().any(|(_, rules)| rules.clearing.is_some()),
            starts_ms: starts_ms(recording),
            touched_by: 0,
            planned_of: vec![NONE; recording.sessions.len()],
            plan: Self {
                rows: Vec::with_capacity(calls),
                duration_ms: Vec::with_capacity(calls),
                call_of: Vec::with_capacity(calls),
                ..Self::default()
            },
        };
        let resumed = patches.iter().flat_map(|patch| &patch.resumed);
        for island in islands(&compiler.starts_ms, resumed) {
            let first = compiler.plan.sessions.len() as u32;
            for session in island {
                compiler.session(session)?;
            }
            compiler.island(first);
        }
        Ok(Self { prices: compiler.prices.finish(), ..compiler.plan })
    }
}

pub(super) struct Compiler<'a> {
    pub(super) recording: &'a Recording,
    pub(super) patches: &'a [Patch],
    pub(super) merged: &'a Merged,
    pub(super) walk: Walk<'a>,
    pub(super) terms: Terms,
    pub(super) pricing: &'a Pricing,
    pub(super) prices: Resolver<'a>,
    /// Whether any rule clears tool results.
    pub(super) clears: bool,
    /// When each recorded session starts.
    pub(super) starts_ms: Vec<i64>,
    /// Bits that change anything in the island that is open.
    pub(super) touched_by: Subset,
    /// The planned session of each recorded one, once it is planned.
    pub(super) planned_of: Vec<u32>,
    pub(super) plan: Plan,
}

impl Compiler<'_> {
    fn session(&mut self, index: u32) -> Result<(), MissingPrice> {
        let recording = self.recording;
        let session = &recording.sessions[index as usize];
        let range = session.range();
        if let Some(first) = recording.calls.get(range.start) {
            self.walk = Walk::from(self.merged, range.start, first.first_block as usize);
        }
        let variants = self.variants(index);
        let first_run = self.plan.runs.len() as u32;
        let mut shared = None;
        for at in range {
            self.run(at, &variants, &mut shared)?;
            let saved = self.walk.saved(at);
            self.recorded(at, &variants, saved.clone());
            self.inserted(at, saved);
        }
        let first_resume = self.plan.resumes.len();
        for (at, patch) in self.patches.iter().enumerate() {
            for resumed in patch.resumed.iter().filter(|resumed| resumed.session == index) {
                let from = self.planned_of[resumed.from as usize];
                if from != NONE && ends_before(recording, resumed.from, index) {
                    self.plan.resumes.push((1 << at, from));
                }
            }
        }
        self.planned_of[index as usize] = self.plan.sessions.len() as u32;
        self.planned(index, first_run, first_resume);
        self.spawned(index)
    }

    /// Closes a session that began with a run and with a session to go on from.
    fn planned(&mut self, index: u32, first_run: u32, first_resume: usize) {
        let first_rule = self.plan.rules.len();
        for (at, patch) in self.patches.iter().enumerate() {
            let own = patch.rules.iter().filter(|(session, _)| *session == index);
            self.plan.rules.extend(own.map(|(_, rules)| (1 << at, *rules)));
        }
        let rules = self.plan.rules[first_rule..].iter().map(|(bit, _)| bit);
        let resumes = self.plan.resumes[first_resume..].iter().map(|(bit, _)| bit);
        self.touched_by |= rules.chain(resumes).fold(0, |all, bit| all | bit);
        self.plan.sessions.push(Planned {
            session: index,
            runs: first_run..self.plan.runs.len() as u32,
            rules: first_rule as u32..self.plan.rules.len() as u32,
            resumes: first_resume as u32..self.plan.resumes.len() as u32,
        });
    }

    /// Closes an island that began with a session.
    fn island(&mut self, first: u32) {
        let plan = &mut self.plan;
        let touched_by = std::mem::take(&mut self.touched_by);
        let sessions = first..plan.sessions.len() as u32;
        plan.islands.push(Island { sessions, touched_by });
    }

    /// The sessions that calls of a session would start, under its rules.
    fn spawned(&mut self, index: u32) -> Result<(), MissingPrice> {
        let range = self.recording.sessions[index as usize].range();
        let mut spawned: Vec<_> = Vec::new();
        for (at, patch) in self.patches.iter().enumerate() {
            let own = patch.spawned.iter().filter(|new| range.contains(&(new.by as usize)));
            spawned.extend(own.map(|new| (new, 1 << at)));
        }
        // By content, so that the order of the interventions does not matter.
        spawned.sort_by_key(|(new, _)| {
            let calls = new.calls.iter().map(|call| (call.input, call.output, call.duration_ms));
            (new.by, calls.collect::<Vec<_>>())
        });
        let variants = self.variants(index);
        for (new, bit) in spawned {
            let by = new.by as usize;
            let first_run = self.plan.runs.len() as u32;
            self.run(by, &variants, &mut None)?;
            let mut start_ms = self.recording.calls[by].end_ms;
            for (place, call) in new.calls.iter().enumerate() {
                let super::SpawnedCall { input, output, duration_ms } = *call;
                let inserted = InsertedCall { after: new.by, input, output, duration_ms };
                if place == 0 {
                    self.terms.choose(variants.less_of(input));
                }
                self.additional(by, bit, inserted, start_ms);
                start_ms += duration_ms;
            }
            // It is a session of its own and goes on from none.
            self.planned(index, first_run, self.plan.resumes.len());
        }
        Ok(())
    }
}

/// Whether a session's last call was over when another session's first call started.
fn ends_before(recording: &Recording, from: u32, session: u32) -> bool {
    let calls = |session: u32| &recording.calls[recording.sessions[session as usize].range()];
    match (calls(from).last(), calls(session).first()) {
        (Some(last), Some(first)) => last.end_ms <= first.start_ms,
        _ => false,
    }
}
