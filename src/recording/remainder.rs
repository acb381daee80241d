//! What a source counts beside its calls.

use super::PriceModifiers;
use crate::ids::ModelId;
use crate::units::Usage;
use serde::{Deserialize, Serialize};
use std::iter::Sum;
use std::ops::AddAssign;

/// Usage known only as a total: what a source billed beyond the calls it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remainder {
    /// Index of the session it was billed with; [`NO_INDEX`](crate::ids::NO_INDEX) if it belongs to
    /// none.
    pub session: u32,
    /// Its model.
    pub model: ModelId,
    /// The tokens.
    pub usage: Usage,
    /// Why it is there, in a few words.
    pub why: String,
    /// Conditions of its price, those of the response that it stands beside.
    pub modifiers: PriceModifiers,
}

impl Remainder {
    /// A published orchestrator, of which no session is shown.
    pub const ORCHESTRATOR: &str = "orchestrator";
    /// Another model was asked for advice within a response.
    pub const ADVISOR: &str = "advisor";
    /// The provider compacted the context within a response.
    pub const SERVER_COMPACTION: &str = "server-side compaction";
    /// A model declined in mid-output, and another one answered.
    pub const DECLINED_ATTEMPT: &str = "declined attempt";
    /// A response was sampled several times: one before the last.
    pub const EARLIER_SAMPLING: &str = "earlier sampling";
    /// A running total grew by more than the calls that were told.
    pub const UNTOLD_CALL: &str = "told by the running total alone";

    /// The prompt whose size decides its price band, tokens: its own where it is one request, none
    /// where it is a sum of many.
    #[must_use]
    pub fn price_context(&self) -> i64 {
        let one_request = [
            Self::ADVISOR,
            Self::SERVER_COMPACTION,
            Self::DECLINED_ATTEMPT,
            Self::EARLIER_SAMPLING,
        ];
        if one_request.contains(&&*self.why) { self.usage.context_tokens() } else { 0 }
    }
}

/// What was passed over when a recording was imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SkipCounts {
    /// Lines and files that held something which is lost now.
    pub damage: u64,
    /// Lines and files of which nothing is lost.
    pub harmless: u64,
}

impl SkipCounts {
    /// Everything that was passed over.
    #[must_use]
    pub fn total(self) -> u64 {
        self.damage.saturating_add(self.harmless)
    }
}

impl AddAssign for SkipCounts {
    fn add_assign(&mut self, more: Self) {
        self.damage = self.damage.saturating_add(more.damage);
        self.harmless = self.harmless.saturating_add(more.harmless);
    }
}

impl Sum for SkipCounts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, one| {
            sum += one;
            sum
        })
    }
}

/// Records of crashed processes that a source counts beside its sessions.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct CrashCounts {
    /// All of them.
    pub records: u32,
    /// Records opened again for a process id that belonged to a session that ended well.
    pub pid_reuse: u32,
    /// Processes of subagents that outlived their session.
    pub orphans: u32,
}

impl AddAssign for CrashCounts {
    fn add_assign(&mut self, more: Self) {
        self.records = self.records.saturating_add(more.records);
        self.pid_reuse = self.pid_reuse.saturating_add(more.pid_reuse);
        self.orphans = self.orphans.saturating_add(more.orphans);
    }
}
