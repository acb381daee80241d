//! The one order of an imported recording: sessions by their files, names as they are first used.
//!
//! What is imported at once and what is imported in parts and put together stand in the same order,
//! and so have the same bytes.

use super::Recording;
use super::name_tables::{NameTables, NewIds};
use crate::ids::NO_INDEX;

impl Recording {
    /// The recording in the order of imports, and where each of its sessions stands in it.
    pub(crate) fn in_import_order(mut self) -> (Self, Vec<u32>) {
        // Most imports read their files in order: then nothing has to move.
        if !self.sessions.is_sorted_by(|a, b| a.file <= b.file) {
            let (name, source) = (self.name.clone(), self.source.clone());
            let (whole, places) = Self::from_import_parts(&name, &source, &[self]);
            return (whole, places.into_iter().flatten().collect());
        }
        self.remainders.sort_by_key(|rest| rest.session);
        self.renumber_names();
        let places = (0..self.sessions.len() as u32).collect();
        (self, places)
    }

    /// The parts of an import as one recording, in the order of imports. No two of them hold
    /// sessions of one file, and all of them name the source of a session where it is not `source`.
    /// Beside it, where the sessions of each part stand in it.
    pub(crate) fn from_import_parts(
        name: &str,
        source: &str,
        parts: &[Self],
    ) -> (Self, Vec<Vec<u32>>) {
        let mut whole =
            Self { name: name.to_owned(), source: source.to_owned(), ..Self::default() };
        let mut names = NameTables::default();
        // Names first, so that a session of any part finds its models and tools in the whole.
        let ids: Vec<NewIds> =
            parts.iter().map(|part| names.intern_part(&mut whole, part)).collect();
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (part, recording) in parts.iter().enumerate() {
            places.extend((0..recording.sessions.len()).map(|session| (part, session)));
        }
        // Stable: sessions of one file stay in their order, and a file lies in one part.
        places.sort_by_key(|&(part, session)| &*parts[part].sessions[session].file);
        let mut new_session: Vec<Vec<u32>> =
            parts.iter().map(|part| vec![NO_INDEX; part.sessions.len()]).collect();
        for (part, session) in places {
            new_session[part][session] = whole.append_session(&parts[part], session, &ids[part]);
        }
        for ((part, ids), new_session) in parts.iter().zip(&ids).zip(&new_session) {
            whole.append_beside_sessions(part, ids, new_session);
        }
        // Each part has its own in order: sorted anew, since their sessions lie between each other.
        whole.invocations.sort_by_key(|invocation| invocation.call);
        whole.remainders.sort_by_key(|rest| rest.session);
        // By first use in the whole, so that parts leave no trace.
        whole.renumber_names();
        (whole, new_session)
    }

    /// Adds what stands beside the sessions, which are there already.
    fn append_beside_sessions(&mut self, part: &Self, ids: &NewIds, new_session: &[u32]) {
        for invocation in &part.invocations {
            let mut invocation = invocation.clone();
            let session = part.calls[invocation.call as usize].session as usize;
            let new = &self.sessions[new_session[session] as usize];
            // A call keeps its place within its session.
            invocation.call += new.first_call;
            invocation.call -= part.sessions[session].first_call;
            self.invocations.push(invocation);
        }
        for rest in &part.remainders {
            let mut rest = rest.clone();
            // What was billed with no session has none here either.
            rest.session = new_session.get(rest.session as usize).copied().unwrap_or(NO_INDEX);
            rest.model = ids.models[usize::from(rest.model)];
            self.remainders.push(rest);
        }
        self.crashes += part.crashes;
    }

    /// Numbers models, tools and labels as they are first used, and drops those that are not.
    fn renumber_names(&mut self) {
        let [mut models, mut tools, mut labels] =
            [&self.models, &self.tools, &self.labels].map(|names| NamesInUse::new(names.len()));
        for call in &mut self.calls {
            call.model = models.number_of(call.model);
            for label in [&mut call.facts.skill, &mut call.facts.server].into_iter().flatten() {
                *label = labels.number_of(*label);
            }
        }
        for block in &mut self.blocks {
            // What belongs to no tool has no number in the list.
            block.tool = tools.number_of(block.tool);
        }
        for rest in &mut self.remainders {
            rest.model = models.number_of(rest.model);
        }
        self.models = models.names_in_use(&self.models);
        self.tools = tools.names_in_use(&self.tools);
        self.labels = labels.names_in_use(&self.labels);
    }
}

/// Names on their way into the order of their first use.
struct NamesInUse {
    new_number: Vec<Option<u16>>,
    /// The old numbers, in the new order.
    used: Vec<u16>,
}

impl NamesInUse {
    fn new(count: usize) -> Self {
        Self { new_number: vec![None; count], used: Vec::new() }
    }

    /// The new number of an old one; what is in no list keeps its own.
    fn number_of(&mut self, old: u16) -> u16 {
        let Some(known) = self.new_number.get_mut(usize::from(old)) else { return old };
        *known.get_or_insert_with(|| {
            self.used.push(old);
            self.used.len() as u16 - 1
        })
    }

    fn names_in_use(&self, names: &[String]) -> Vec<String> {
        self.used.iter().map(|old| names[usize::from(*old)].clone()).collect()
    }
}
