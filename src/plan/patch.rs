//! What one intervention would change: facts about calls and blocks of one recording.

use crate::recording::Recording;

/// What one intervention would change in one recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// Places where the intervention applies.
    pub found: u32,
    /// Calls that would not be made. Their surviving blocks move to the next call that stays.
    pub dropped_calls: Vec<DroppedCall>,
    /// Blocks that would not exist.
    pub dropped_blocks: Vec<u32>,
    /// Blocks that would have another size: (block, tokens).
    pub replaced_blocks: Vec<(u32, i64)>,
    /// Calls after which less time passes: (call, milliseconds).
    pub saved_ms: Vec<(u32, i64)>,
    /// Calls that would be made in addition.
    pub inserted: Vec<InsertedCall>,
    /// What to tell the reader beside the numbers.
    pub notes: Vec<String>,
}

impl Patch {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dropped_calls.is_empty()
            && self.dropped_blocks.is_empty()
            && self.replaced_blocks.is_empty()
            && self.saved_ms.is_empty()
            && self.inserted.is_empty()
    }

    /// Drops a call together with all its blocks.
    pub fn drop_call_and_blocks(&mut self, recording: &Recording, call: u32, frees_time: bool) {
        self.dropped_calls.push(DroppedCall { call, frees_time });
        let range = recording.calls[call as usize].range();
        self.dropped_blocks.extend(range.map(|block| block as u32));
    }
}

/// A call that would not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DroppedCall {
    /// The call.
    pub call: u32,
    /// Whether the time until the next call goes with it (false: somebody still waits).
    pub frees_time: bool,
}

/// A call that would be made in addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InsertedCall {
    /// The recorded call that it follows.
    pub after: u32,
    /// Tokens that enter its context beside its predecessor's output.
    pub input: i64,
    /// Tokens that it produces.
    pub output: i64,
    /// Time that it takes, milliseconds.
    pub duration_ms: i64,
}
