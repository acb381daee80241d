//! Which thread a file holds, and which threads it comes from.
//!
//! The first head of a file is its own; others are heads of threads that it copied, or its own
//! again where it was resumed.

use super::pieces::Subagent;
use super::wire::Head;
use crate::import::forks::{BURST_MS, Lineage, Mark};
use crate::import::text::Short;
use crate::import::time;
use crate::recording::Role;

/// Ids are cut to so many characters: longer ones are none.
const ID: usize = 200;

fn named(id: &str) -> String {
    id.chars().take(ID).collect()
}

/// What is known about the thread of a file.
#[derive(Debug)]
pub struct Identity {
    lineage: Lineage,
    told: bool,
    /// It was spawned by another thread to work for it.
    pub subagent: bool,
    /// Lines of a lower place are another thread's.
    first_own: Option<f64>,
    /// Leading calls are still looked at.
    leading: bool,
    last_ms: i64,
}

impl Identity {
    /// The thread of a file that tells nothing: `rollout-<time>-<id>.jsonl` holds its id.
    pub fn new(label: &str) -> Self {
        let name = label.rsplit('/').next().unwrap_or(label);
        let stem = name.strip_suffix(".zst").unwrap_or(name);
        let stem = stem.strip_suffix(".jsonl").unwrap_or(stem);
        const UUID: usize = 36;
        let tail = stem.len().checked_sub(UUID).and_then(|at| stem.get(at..));
        let id = tail.filter(|id| {
            id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
                && id.matches('-').count() == 4
        });
        let lineage = Lineage {
            thread: id.unwrap_or(stem).to_owned(),
            started_ms: i64::MIN,
            ..Lineage::default()
        };
        Self {
            lineage,
            told: false,
            subagent: false,
            first_own: None,
            leading: true,
            last_ms: i64::MIN,
        }
    }

    /// Takes a head; whether it is the thread's own and first.
    pub fn head(&mut self, head: &Head<'_>, at_ms: Option<i64>) -> bool {
        let id = [head.id, head.session_id].into_iter().find(|id| !id.0.is_empty());
        let Some(id) = id.map(|id| named(&id.text())) else {
            return false;
        };
        if self.told {
            if id != self.lineage.thread {
                self.lineage.copies = true;
                self.parent(&id);
            }
            return false;
        }
        self.told = true;
        self.lineage.thread = id;
        let began = time::parse_ms(head.timestamp.0).or(at_ms);
        self.lineage.started_ms = began.unwrap_or(i64::MIN);
        self.last_ms = at_ms.or(began).unwrap_or(i64::MIN);
        let spawned = head.source.0.as_ref().map_or(Subagent::No, |source| source.subagent);
        let spawner = match spawned {
            Subagent::No => Short::default(),
            Subagent::Of(parent) => parent,
        };
        self.lineage.copies = !head.forked_from_id.0.is_empty();
        self.subagent = spawned != Subagent::No || !head.parent_thread_id.0.is_empty();
        for parent in [head.forked_from_id, spawner, head.parent_thread_id] {
            self.parent(&named(&parent.text()));
        }
        let base = head.history_base.0.as_ref().and_then(|base| base.end_ordinal_exclusive);
        self.first_own = head.subagent_history_start_ordinal.or(base);
        true
    }

    fn parent(&mut self, id: &str) {
        let known = |lineage: &Lineage| lineage.parents.iter().any(|parent| parent == id);
        if !id.is_empty() && id != self.lineage.thread && !known(&self.lineage) {
            self.lineage.parents.push(id.to_owned());
        }
    }

    /// Notes a call: `starts` says whether the counter stood at zero before it.
    pub fn call(&mut self, mark: Mark, starts: bool, ordinal: Option<f64>) {
        let lineage = &mut self.lineage;
        if lineage.marks.is_empty() {
            lineage.own_counter = starts;
        }
        let before = self.first_own.zip(ordinal).is_some_and(|(first, own)| own < first);
        let older = before || mark.at_ms < lineage.started_ms;
        if self.leading && older && lineage.older == lineage.marks.len() {
            lineage.older += 1;
        }
        let fast = mark.at_ms.saturating_sub(self.last_ms) < BURST_MS;
        self.leading &= older || fast;
        lineage.burst += usize::from(self.leading);
        self.last_ms = mark.at_ms;
        lineage.marks.push(mark);
    }

    /// The thread's id.
    pub fn thread(&self) -> &str {
        &self.lineage.thread
    }

    /// Everything together; a root has neither bursts nor calls older than itself.
    pub fn finish(self) -> (Lineage, Role) {
        let mut lineage = self.lineage;
        if lineage.parents.is_empty() {
            (lineage.older, lineage.burst, lineage.copies) = (0, 0, false);
        }
        let role = if self.subagent { Role::Subagent } else { Role::Main };
        (lineage, role)
    }
}
