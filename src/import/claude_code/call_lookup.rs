//! Which call of a session a record belongs to.

use crate::import::parsed_file::CallKey;
use std::collections::HashMap;

/// Tokens of a prompt by class, as `prompt_classes` gives them.
type PromptClasses = [i64; 3];

/// Calls by their ids and what was sent with them, and the last one of each id.
#[derive(Default)]
pub(super) struct CallLookup {
    by_prompt: HashMap<(CallKey, PromptClasses), u32>,
    last_by_key: HashMap<CallKey, u32>,
}

impl CallLookup {
    /// The call that a record belongs to, if it has begun: the one with its ids that was sent the
    /// same. A gateway may give one id to all responses: what was sent with them tells them apart.
    pub fn find_call(&mut self, key: CallKey, prompt: PromptClasses) -> Option<u32> {
        let unknown = [0; 3];
        if let Some(&index) = self.by_prompt.get(&(key, prompt)) {
            return Some(index);
        }
        if prompt == unknown {
            // The record was written before its prompt was counted.
            return self.last_by_key.get(&key).copied();
        }
        let index = self.by_prompt.remove(&(key, unknown))?;
        self.by_prompt.insert((key, prompt), index);
        Some(index)
    }

    /// A call that begins.
    pub fn insert_call(&mut self, key: CallKey, prompt: PromptClasses, index: u32) {
        self.by_prompt.insert((key, prompt), index);
        self.last_by_key.insert(key, index);
    }
}
