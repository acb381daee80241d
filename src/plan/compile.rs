//! Compiling: one row a call, one term a difference, one run for what rows share.

use super::delta_terms::RowTerms;
use super::islands::{group_into_islands, session_start_ms};
use super::merged_patches::{MergedPatches, PatchCursor};
use super::session_facts::SessionFacts;
use super::touched_sessions::touched_sessions;
use super::{
    CallEvent, InsertedCall, Island, MAX_TOGGLES, Patch, Plan, PlannedSession, ToggleSubset,
};
use crate::ids::ModelId;
use crate::price::modifiers::search_fee;
use crate::price::{MissingPrice, PriceResolver, Pricing};
use crate::recording::Recording;
use crate::units::BASIS_POINTS;
use std::collections::BTreeMap;

impl Plan {
    /// Merges the patches; patch k answers to bit k.
    ///
    /// # Errors
    /// A model without a price that a patch puts in the place of another. Calls without a price are
    /// none: they add nothing to the dollars.
    ///
    /// # Panics
    /// If there are more than [`MAX_TOGGLES`] patches.
    pub fn compile(
        recording: &Recording,
        patches: &[Patch],
        pricing: &Pricing,
    ) -> Result<Self, MissingPrice> {
        Self::compile_in_memory_of(Self::default(), recording, patches, pricing)
    }

    /// The same in the memory of a plan that nobody needs any more.
    pub(crate) fn compile_in_memory_of(
        spare: Self,
        recording: &Recording,
        patches: &[Patch],
        pricing: &Pricing,
    ) -> Result<Self, MissingPrice> {
        let all: Vec<u32> = (0..recording.sessions.len() as u32).collect();
        Self::compile_anew(spare, recording, &all, patches, pricing)
    }

    /// The same of the sessions alone in which a patch changes anything: what a subset saves, it
    /// saves there.
    pub(crate) fn compile_touched(
        recording: &Recording,
        patches: &[Patch],
        pricing: &Pricing,
    ) -> Result<Self, MissingPrice> {
        Self::compile_sessions(recording, &touched_sessions(recording, patches), patches, pricing)
    }

    /// The same of some sessions alone, which are given in order.
    pub(crate) fn compile_sessions(
        recording: &Recording,
        sessions: &[u32],
        patches: &[Patch],
        pricing: &Pricing,
    ) -> Result<Self, MissingPrice> {
        Self::compile_anew(Self::default(), recording, sessions, patches, pricing)
    }

    fn compile_anew(
        spare: Self,
        recording: &Recording,
        sessions: &[u32],
        patches: &[Patch],
        pricing: &Pricing,
    ) -> Result<Self, MissingPrice> {
        // A subset of toggles is one machine word: a bit a patch, and one for the places of each
        // that drops calls with a chance.
        let with_chances = patches.iter().filter(|patch| patch.drops_by_chance()).count();
        let bits = patches.len() + with_chances;
        assert!(bits <= MAX_TOGGLES, "{bits} bits for the toggles of one plan");
        let calls = sessions.iter().map(|&at| recording.sessions[at as usize].call_range().len());
        let calls = calls.sum();
        // Merged once, before any row: rows are compiled by walking calls and blocks in order, and
        // a search in every patch at every block would take the product of both.
        let merged = MergedPatches::new(recording, patches);
        let mut compiler = PlanCompiler {
            recording,
            facts: SessionFacts::new(recording, patches),
            merged: &merged,
            patch_cursor: PatchCursor::starting_at(&merged, 0, 0),
            terms: RowTerms::default(),
            pricing,
            prices: pricing.start_resolver(),
            clears: patches
                .iter()
                .flat_map(|patch| &patch.session_rules)
                .any(|(_, rules)| rules.clearing.is_some()),
            touched_by: 0,
            restarted_by: 0,
            ruled_by: 0,
            compacts: false,
            last_scale: None,
            planned_of: BTreeMap::new(),
            plan: spare.emptied(calls),
        };
        // A session that goes on from another reads what that one left in the cache, so that the
        // two must be replayed together. Everything else falls into islands that know nothing of
        // each other, and each island is replayed only for the bits that touch it.
        let resumed = patches.iter().flat_map(|patch| &patch.resumed_sessions);
        let start_ms_of = |session| session_start_ms(recording, session);
        for island in group_into_islands(sessions, start_ms_of, resumed) {
            let first = compiler.plan.sessions.len() as u32;
            let hangs_together = island.len() > 1;
            for session in island {
                let planned = compiler.compile_session(session)?;
                // A session that stands alone goes on from none, and none from it.
                if hangs_together {
                    compiler.planned_of.insert(session, planned);
                }
            }
            compiler.close_island(first);
        }
        Ok(Self { prices: compiler.prices.into_rows(), ..compiler.plan })
    }

    /// An empty plan with room for so many calls; the long lists keep their memory.
    fn emptied(self, calls: usize) -> Self {
        let Self { mut rows, mut terms, mut events, mut duration_ms, mut call_of, .. } = self;
        rows.clear();
        rows.reserve(calls);
        terms.clear();
        events.clear();
        duration_ms.clear();
        duration_ms.reserve(calls);
        call_of.clear();
        call_of.reserve(calls);
        Self { rows, terms, events, duration_ms, call_of, ..Self::default() }
    }
}

pub(super) struct PlanCompiler<'a> {
    pub(super) recording: &'a Recording,
    pub(super) facts: SessionFacts<'a>,
    pub(super) merged: &'a MergedPatches,
    pub(super) patch_cursor: PatchCursor<'a>,
    pub(super) terms: RowTerms,
    pub(super) pricing: &'a Pricing,
    pub(super) prices: PriceResolver<'a>,
    /// Whether any rule clears tool results.
    pub(super) clears: bool,
    /// Bits that change anything in the island that is open.
    pub(super) touched_by: ToggleSubset,
    /// Of these, bits with a rule that says where a context starts over.
    pub(super) ruled_by: ToggleSubset,
    /// Bits that let the context start over in the session that is open.
    pub(super) restarted_by: ToggleSubset,
    /// Whether the session that is open was compacted automatically.
    pub(super) compacts: bool,
    /// The last model whose tokenizer was asked for, and what its tokens are scaled by.
    pub(super) last_scale: Option<(ModelId, i64)>,
    /// The planned session of each recorded one of several that hang together, once it is planned.
    pub(super) planned_of: BTreeMap<u32, u32>,
    pub(super) plan: Plan,
}

impl PlanCompiler<'_> {
    /// What the tokens of a recorded model are scaled by. Names are taken apart where the model
    /// changes, not once a call or a session.
    pub(super) fn scale_of_model(&mut self, model: ModelId) -> i64 {
        let known = self.last_scale.filter(|(last, _)| *last == model).map(|(_, scale)| scale);
        let name = self.recording.model_name(model);
        let scale_bp = known.or_else(|| self.pricing.tokenizer_scale_bp(name, name));
        let scale_bp = scale_bp.unwrap_or(BASIS_POINTS);
        self.last_scale = Some((model, scale_bp));
        scale_bp
    }

    /// Notes the fee of the searches of the row that comes next.
    pub(super) fn push_search_fees(&mut self, searches: u32) {
        if searches > 0 {
            self.plan.search_fees.push((self.plan.rows.len() as u32, search_fee(searches)));
        }
    }

    /// Returns where it stands in the plan.
    fn compile_session(&mut self, index: u32) -> Result<u32, MissingPrice> {
        let recording = self.recording;
        let session = &recording.sessions[index as usize];
        let range = session.call_range();
        // Islands may stand in another order than the recording, so that the cursor starts anew at
        // each session.
        if let Some(first) = recording.calls.get(range.start) {
            self.patch_cursor =
                PatchCursor::starting_at(self.merged, range.start, first.first_block as usize);
        }
        let variants = self.variants_of_session(index);
        let first_run = self.plan.runs.len() as u32;
        // What the last run was keyed by; neighbouring calls of one key share a run.
        let mut shared = None;
        for at in range {
            self.open_run_for_call(at, &variants, &mut shared)?;
            // The time saved after a call is told to the call and to those inserted behind it,
            // whose starts it moves: the cursor gives it out once.
            let saved = self.patch_cursor.saved_ms_choices(at);
            self.push_recorded_call(at, &variants, saved.clone());
            self.push_inserted_calls(at, saved);
        }
        // The lists of the plan are flat: what belongs to this session is the piece that is added
        // from here on.
        let first_resume = self.plan.resumes.len();
        for (bit, resumed) in self.facts.resumed.of_session(index) {
            // Sessions are planned in the order of their starts, so that one to go on from has its
            // place in the plan by now. One that starts later cannot have ended before.
            if let Some(from) = self.planned_of.get(&resumed.from)
                && session_ends_before(recording, resumed.from, index)
            {
                self.plan.resumes.push((bit, *from));
            }
        }
        // The spawned sessions are planned sessions too, behind it.
        let planned = self.plan.sessions.len() as u32;
        self.close_session(index, first_run, first_resume);
        self.compile_spawned_sessions(index)?;
        Ok(planned)
    }

    /// Closes a session that began with a run and with a session to go on from.
    fn close_session(&mut self, index: u32, first_run: u32, first_resume: usize) {
        let first_rule = self.plan.rules.len();
        let own_rules = self.facts.rules.of_session(index);
        self.plan.rules.extend(own_rules.map(|(bit, rules)| (bit, *rules)));
        // Rules and resumptions change no row by themselves, so that no row's terms name their
        // bits: the island has to learn of them here, or the lattice would never switch them.
        let rules = &self.plan.rules[first_rule..];
        let resumes = self.plan.resumes[first_resume..].iter().fold(0, |all, (bit, _)| all | bit);
        self.touched_by |= rules.iter().fold(resumes, |all, (bit, _)| all | bit);
        // A rule of the cache alone moves no place at which a context starts over.
        let ruled = rules.iter().filter(|(_, rules)| rules.sets_places());
        let ruled_by = ruled.fold(0, |all, (bit, _)| all | bit);
        self.ruled_by |= ruled_by;
        let placed_by = std::mem::take(&mut self.restarted_by) | ruled_by | resumes;
        self.plan.sessions.push(PlannedSession {
            session: index,
            runs: first_run..self.plan.runs.len() as u32,
            rules: first_rule as u32..self.plan.rules.len() as u32,
            resumes: first_resume as u32..self.plan.resumes.len() as u32,
            placed_by,
            compacts: std::mem::take(&mut self.compacts),
        });
    }

    /// Closes an island that began with a session.
    fn close_island(&mut self, first: u32) {
        let plan = &mut self.plan;
        let sessions = first..plan.sessions.len() as u32;
        let own = &plan.sessions[first as usize..];
        let placed_by = own.iter().fold(0, |all, session| all | session.placed_by);
        let compacts = own.iter().any(|session| session.compacts);
        plan.islands.push(Island {
            sessions,
            // Collected since the island before; the next one starts with none.
            touched_by: std::mem::take(&mut self.touched_by),
            placed_by,
            ruled_by: std::mem::take(&mut self.ruled_by),
            compacts,
        });
    }

    /// The sessions that calls of a session would start, under its rules.
    fn compile_spawned_sessions(&mut self, index: u32) -> Result<(), MissingPrice> {
        let mut spawned: Vec<_> =
            self.facts.spawned.of_session(index).map(|(bit, new)| (new.1, new.0, bit)).collect();
        // By content, so that the order of the interventions does not matter.
        spawned.sort_by_key(|(new, chance, _)| {
            let calls = new.calls.iter().map(|call| (call.input, call.output, call.duration_ms));
            (new.by, calls.collect::<Vec<_>>(), *chance)
        });
        let variants = self.variants_of_session(index);
        for (new, chance, bit) in spawned {
            let by = new.by as usize;
            let first_run = self.plan.runs.len() as u32;
            // A run of its own, of the model, tier and prefixes of the call that starts it.
            self.open_run_for_call(by, &variants, &mut None)?;
            // One call right behind the other, from the end of the call that starts them. The
            // recorded session goes on meanwhile: what is spawned moves no recorded start.
            let mut start_ms = self.recording.calls[by].end_ms;
            for (place, call) in new.calls.iter().enumerate() {
                let super::SpawnedCall { input, output, duration_ms } = *call;
                let inserted = InsertedCall { after: new.by, input, output, duration_ms };
                // Its first input is a whole first context, of which leaner prefixes take their
                // part.
                if place == 0 {
                    self.terms.add_choice(variants.leaner_deltas(input));
                }
                let event =
                    CallEvent { inserted_by: bit, chance, is_spawned: true, ..CallEvent::NOTHING };
                self.push_additional_call(by, event, inserted, start_ms);
                start_ms += duration_ms;
            }
            // It is a session of its own and goes on from none.
            self.close_session(index, first_run, self.plan.resumes.len());
        }
        Ok(())
    }
}

/// Whether a session's last call was over when another session's first call started.
fn session_ends_before(recording: &Recording, from: u32, session: u32) -> bool {
    let [before, after] = [from, session]
        .map(|session| &recording.calls[recording.sessions[session as usize].call_range()]);
    match (before.last(), after.first()) {
        (Some(last), Some(first)) => last.end_ms <= first.start_ms,
        _ => false,
    }
}
