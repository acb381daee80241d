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
                // Under the record lens each piece is a call of its own, else it shares one with a
                // tool.
                let own_calls = if lens == Lens::Record { texts + thoughts } else { 0 };
                // Pieces that are calls of their own may not crowd out the tool calls; where they
                // would, they share calls as under the other lens.
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
        if self.texts + self.thoughts == 0 {
            tools
        } else if lens == Lens::Message || self.own_calls == 0 {
            self.add_beside_tools(tools)
        } else {
            self.add_as_own_calls(tools)
        }
    }

    /// Lets pieces share calls with tool uses; texts and thoughts are spread each for itself, so
    /// that a call may have both.
    fn add_beside_tools(self, mut tools: Vec<ScriptCall>) -> Vec<ScriptCall> {
        let all = tools.len();
        let (texts, thoughts) = (self.texts.min(all), self.thoughts.min(all));
        for (k, call) in tools.iter_mut().enumerate() {
            let has_text = is_evenly_chosen(k, texts, all);
            let has_thought = is_evenly_chosen(k, thoughts, all);
            call.response = match (has_text, has_thought) {
                (true, true) => ResponseContent::AllThree,
                (true, false) => ResponseContent::ProseAndTool,
                (false, true) => ResponseContent::ThinkingAndTool,
                (false, false) => ResponseContent::Tool,
            };
        }
        tools
    }

    /// Puts every piece before a tool call as a call of its own: before each of `before_tool` tool
    /// calls stands prose, thinking, or thinking then prose.
    fn add_as_own_calls(self, tools: Vec<ScriptCall>) -> Vec<ScriptCall> {
        let all = tools.len();
        let groups = self.before_tool.min(all).max(1);
        let (mut thoughts_left, mut texts_left) = (self.thoughts, self.texts);
        let mut calls = Vec::with_capacity(all + self.own_calls);
        let mut group = 0;
        for (k, tool) in tools.into_iter().enumerate() {
            if is_evenly_chosen(k, groups, all) {
                let is_last = group + 1 == groups;
                let has_thought = is_evenly_chosen(group, self.thoughts.min(groups), groups);
                // No group stays empty: one without thinking needs prose. Where prose runs out, the
                // last groups with thinking go without it.
                let has_text = texts_left >= groups - group || !has_thought;
                // The last group takes whatever is left, however many pieces that are.
                let most = if is_last { usize::MAX } else { 1 };
                let thoughts = if has_thought || is_last { thoughts_left.min(most) } else { 0 };
                let texts = if has_text || is_last { texts_left.min(most) } else { 0 };
                thoughts_left -= thoughts;
                texts_left -= texts;
                group += 1;
                let thought = call_without_tool(ResponseContent::Thinking);
                calls.extend(std::iter::repeat_n(thought, thoughts));
                let text = call_without_tool(ResponseContent::Prose);
                calls.extend(std::iter::repeat_n(text, texts));
            }
            calls.push(tool);
        }
        calls
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
