//! From the pieces of a response to a call, and from the calls to a session.

use super::session_builder::RolloutSessionBuilder;
use super::wire::TokenCountInfo;
use crate::import::fork_lineage::CallFingerprint;
use crate::import::session_completion;
use crate::import::{CallKey, ParsedFile, SessionDraft, intern_name};
use crate::recording::{
    Basis, BlockKind, BlockMarks, CacheBreak, CallMarks, ContextRestart, RawBlock, RawCall, Role,
};
use crate::units::{Usage, apportion};

impl RolloutSessionBuilder {
    /// A statement of the totals; the answer is why it cannot be counted.
    pub fn add_token_count(
        &mut self,
        info: Option<&TokenCountInfo>,
        ordinal: Option<f64>,
        at_ms: Option<i64>,
    ) -> Option<&'static str> {
        let info = info?;
        let (total, last) = match info.total_and_last() {
            Ok(told) => told,
            Err(why) => return Some(why),
        };
        let window = info.model_context_window.unwrap_or(0.0);
        self.window = if (1.0..1e9).contains(&window) { window as i64 } else { self.window };
        let Some(counted) = self.counter.take_totals(total, last, !self.outputs.is_empty()) else {
            if let Some(call) = self.session.calls.last_mut() {
                call.records += 1;
            }
            return None;
        };
        let at_ms = at_ms.unwrap_or(self.last_ms.max(0));
        let line = self.line;
        let mark = CallFingerprint {
            fingerprint: counted.fingerprint,
            total: counted.total.total,
            at_ms,
            line,
        };
        self.identity.note_call(mark, counted.starts_from_zero(), ordinal);
        let id =
            format!("{} {} {}", self.identity.session_id(), counted.fingerprint, counted.before);
        self.keys.push(CallKey::new(id.as_bytes(), b""));
        self.reasoning.push(counted.usage.reasoning);
        self.push_call(counted.usage.billed_usage(), at_ms);
        None
    }

    fn push_call(&mut self, usage: Usage, at_ms: i64) {
        if self.session.models.is_empty() {
            self.model = intern_name(&mut self.session.models, "unknown");
        }
        let index = self.session.calls.len() as u32;
        let answered = !self.later.is_empty();
        let prev = self.session.calls.last();
        let after = prev.map_or(i64::MIN, |prev| prev.end_ms);
        // Where tools answered before the usage was told, the response was complete before them.
        let end_ms = self.output_ms.filter(|_| answered).unwrap_or(at_ms).max(after);
        let start_ms = self.input_ms.unwrap_or(end_ms).min(end_ms).max(after);
        let mut marks = CallMarks::empty();
        let human = std::mem::take(&mut self.human) && self.packets.is_empty();
        marks.set(CallMarks::HUMAN, human && !self.identity.subagent);
        let outputs = std::mem::take(&mut self.outputs);
        let aborted = outputs.iter().any(|block| block.marks.contains(BlockMarks::ABORTED_RUN));
        marks.set(CallMarks::ABORTED_RUN, aborted);
        self.session.calls.push(RawCall {
            model: self.model,
            start_ms,
            end_ms,
            records: 1,
            usage,
            placeholder: false,
            marks,
            restart: ContextRestart::No,
            cache_break: CacheBreak::No,
            inputs: std::mem::replace(&mut self.inputs, std::mem::take(&mut self.later)),
            outputs,
        });
        self.transitions.push(std::mem::take(&mut self.transition));
        let woken = self.packets.drain(..).map(|(_, packet)| (index, packet));
        self.session.invocations.extend(woken);
        self.input_ms = self.later_ms.take();
        self.output_ms = None;
        self.prompted = true;
    }

    /// The finished thread, its packets without a call told as skips.
    pub fn push_draft(mut self, parsed: &mut ParsedFile) {
        for (line, packet) in std::mem::take(&mut self.packets) {
            parsed.add_skip(line, format!("a task packet for {:?} without any call", packet.agent));
        }
        let (lineage, role) = self.identity.into_lineage();
        self.session.id.clone_from(&lineage.session_id);
        self.session.pipeline.clone_from(&lineage.session_id);
        self.session.role = role;
        self.session.records = self.session.calls.iter().map(|call| call.records).sum();
        if !self.timed {
            self.session.times_basis = Basis::Estimated;
        }
        for (call, &tokens) in self.session.calls.iter_mut().zip(&self.reasoning) {
            let thinks = call.outputs.iter().any(|block| block.kind == BlockKind::Thinking);
            if tokens > 0 && !thinks {
                call.outputs.push(RawBlock::from_size(BlockKind::Thinking, 0, 0));
            }
        }
        session_completion::complete_session(&mut self.session, &self.transitions, &[]);
        for (call, &tokens) in self.session.calls.iter_mut().zip(&self.reasoning) {
            share_output(call, tokens);
        }
        weigh_summaries(&mut self.session.calls);
        parsed.drafts.push(SessionDraft {
            sidechain: role == Role::Subagent,
            session: self.session,
            keys: self.keys,
            last_ms: self.last_ms,
            lineage: Some(lineage),
        });
    }
}

/// A summary may be encrypted: it weighs what the context holds beside everything that can be seen.
fn weigh_summaries(calls: &mut [RawCall]) {
    let inputs = |call: &RawCall| call.inputs.iter().map(|block| block.estimate).sum::<i64>();
    let unseen =
        calls.first().map_or(0, |first| first.usage.context_tokens() - inputs(first)).max(0);
    for call in calls.iter_mut().skip(1) {
        let rest = call.usage.context_tokens() - unseen - inputs(call);
        let summary = call.inputs.iter_mut().find(|block| block.kind == BlockKind::Summary);
        if let Some(summary) = summary.filter(|_| rest > 0) {
            summary.estimate += rest;
        }
    }
}

/// Usage tells how much of an output is reasoning: the rest is shared by what can be seen.
fn share_output(call: &mut RawCall, reasoning: i64) {
    let of = |kind: bool| move |block: &&mut RawBlock| (block.kind == BlockKind::Thinking) == kind;
    let seen: i64 = call
        .outputs
        .iter()
        .filter(|block| block.kind != BlockKind::Thinking)
        .map(|block| block.estimate)
        .sum();
    let rest = if seen > 0 { call.usage.output - reasoning } else { 0 };
    for (kind, total) in [(true, call.usage.output - rest), (false, rest)] {
        let mut blocks: Vec<&mut RawBlock> = call.outputs.iter_mut().filter(of(kind)).collect();
        let equal = kind || seen == 0;
        let weights: Vec<i64> =
            blocks.iter().map(|block| if equal { 1 } else { block.estimate }).collect();
        for (block, tokens) in blocks.iter_mut().zip(apportion(total, &weights)) {
            block.estimate = tokens;
        }
    }
}
