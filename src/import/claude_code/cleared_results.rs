//! Tool results that the harness takes out of a context without compacting it.

use super::wire::MicrocompactMetadata;
use crate::import::transcript::TranscriptCore;
use std::collections::HashMap;

/// Where the results of a session stand, by fingerprint of the tool use that they answer.
#[derive(Default)]
pub(super) struct ResultPlaces(HashMap<u64, (u32, usize)>);

impl ResultPlaces {
    /// A result that enters with a call, as its input of this number.
    pub fn note_result(&mut self, tool_use: u64, call: u32, input: usize) {
        self.0.insert(tool_use, (call, input));
    }

    /// Ends the results that a boundary names: the call to come is the first without them.
    pub fn end_cleared_results(
        &mut self,
        metadata: &MicrocompactMetadata<'_>,
        core: &mut TranscriptCore,
    ) {
        let next = core.next_call();
        for tool_use in metadata.compacted_tool_ids.iter().flatten() {
            let tool_use = tool_use.text_hash();
            core.forget_read(tool_use);
            // A result leaves once: whoever names it again says nothing new.
            let Some((call, input)) = self.0.remove(&tool_use) else { continue };
            // One that waits for its call was never sent whole, and has no call to end at.
            let call = core.session.calls.get_mut(call as usize);
            if let Some(block) = call.and_then(|call| call.inputs.get_mut(input)) {
                block.left = Some(next);
                core.transition.results_cleared = true;
            }
        }
    }
}
