//! Prose and thinking of a session, laid on its calls in the way of the lens.
//!
//! Under the message lens they share a call with a tool use; under the record lens each piece is
//! a call of its own, before the tool call that it announces.

use super::call_count::Lens;
use super::event::ReportedEvent;
use super::reported::ReportedPipeline;
use super::script_call::{ResponseContent, ScriptCall, capped_count};
use crate::recording::CallMarks;

/// Whether item `k` is one of `some` spread evenly over `all`.
fn is_evenly_chosen(k: usize, some: usize, all: usize) -> bool {
    (k + 1) * some / all > k * some / all
}

/// Prose and thinking of a session.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SessionProse {
    /// Pieces of prose.
    texts: usize,
    /// Pieces of thinking.
    thoughts: usize,
    /// Tool calls that directly follow one.
    before_tool: usize,
    /// Calls that hold nothing else.
    pub(super) own_calls: usize,
}

impl SessionProse {
    /// What the source says of a session; nothing where it says nothing.
    pub(super) fn for_session(
        reported: &ReportedPipeline,
        session: &str,
        lens: Lens,
        calls: usize,
    ) -> Self {
        for event in reported.events_of_session(session) {
            if let ReportedEvent::Narration { text_only, thinking_only, before_tool, .. } = event {
                let (texts, thoughts) =
                    (capped_count(text_only.value()), capped_count(thinking_only.value()));
                let own_calls = if lens == Lens::Record { texts + thoughts } else { 0 };
                let fits = own_calls < calls / 2;
                return Self {
                    texts,
                    thoughts,
                    before_tool: capped_count(before_tool.value()).min(texts + thoughts),
                    own_calls: if fits { own_calls } else { 0 },
                };
            }
        }
        Self::default()
    }

    /// Adds prose and thinking to the tool calls, in the way of the lens.
    pub(super) fn add_to_calls(self, tools: Vec<ScriptCall>, lens: Lens) -> Vec<ScriptCall> {
        let all = tools.len();
        if self.texts + self.thoughts == 0 {
            return tools;
        }
        if lens == Lens::Message || self.own_calls == 0 {
            let mut tools = tools;
            for (k, slot) in tools.iter_mut().enumerate() {
                let (text, thought) = (self.texts.min(all), self.thoughts.min(all));
                slot.response =
                    match (is_evenly_chosen(k, text, all), is_evenly_chosen(k, thought, all)) {
                        (true, true) => ResponseContent::AllThree,
                        (true, false) => ResponseContent::ProseAndTool,
                        (false, true) => ResponseContent::ThinkingAndTool,
                        (false, false) => ResponseContent::Tool,
                    };
            }
            return tools;
        }
        // Before each of `before_tool` tool calls stands prose, thinking, or thinking then prose.
        let groups = self.before_tool.min(all).max(1);
        let mut left = (self.thoughts, self.texts);
        let mut slots = Vec::with_capacity(all + self.own_calls);
        let mut group = 0;
        for (k, slot) in tools.into_iter().enumerate() {
            if is_evenly_chosen(k, groups, all) {
                let thoughts =
                    usize::from(is_evenly_chosen(group, self.thoughts.min(groups), groups));
                // The last groups with thinking go without prose where prose runs out.
                let texts = usize::from(left.1 >= groups - group || thoughts == 0).min(left.1);
                group += 1;
                let last = group == groups;
                let thoughts = if last { left.0 } else { thoughts.min(left.0) };
                let texts = if last { left.1 } else { texts };
                left = (left.0 - thoughts, left.1 - texts);
                slots.extend(std::iter::repeat_n(
                    call_without_tool(ResponseContent::Thinking),
                    thoughts,
                ));
                slots.extend(std::iter::repeat_n(call_without_tool(ResponseContent::Prose), texts));
            }
            slots.push(slot);
        }
        slots
    }
}

/// A call without a tool use.
fn call_without_tool(speech: ResponseContent) -> ScriptCall {
    let marks = if speech == ResponseContent::Thinking {
        CallMarks::THINKING_ONLY
    } else {
        CallMarks::NARRATION
    };
    ScriptCall { response: speech, marks, ..ScriptCall::unknown_tool_call() }
}
