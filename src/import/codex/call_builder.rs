//! From the pieces of a response to a call, and from the calls to a session.

use super::session_builder::RolloutSessionBuilder;
use super::usage_counter::{CountedCall, usage_fingerprint};
use super::wire::{RolloutTokens, TokenCountInfo, UsageRecord};
use crate::import::call_times::ToldTimes;
use crate::import::parsed_file::{
    CallFingerprint, CallKey, ParsedFile, UsageBeyondCall, intern_name,
};
use crate::import::skip::SkipReason;
use crate::import::transcript::plain_call;
use crate::recording::{
    BlockKind, BlockMarks, CallMarks, PriceModifiers, RawBlock, RawCall, Remainder, Role,
};
use crate::units::{Usage, apportion};

impl RolloutSessionBuilder {
    /// A statement of the totals; the answer is why it cannot be counted.
    pub(super) fn add_token_count(
        &mut self,
        info: Option<&TokenCountInfo>,
        ordinal: Option<f64>,
        at_ms: Option<i64>,
    ) -> Option<SkipReason> {
        let info = info?;
        let (total, last) = match info.total_and_last() {
            Ok(totals) => totals,
            Err(reason) => return Some(reason),
        };
        let window = info.model_context_window.unwrap_or(0.0);
        // A window that cannot be is not believed; the last one that was told stands.
        if (1.0..1e9).contains(&window) {
            self.window = window as i64;
        }
        let acted = !self.outputs.is_empty();
        let Some(counted) = self.counter.take_totals(total, last, acted, at_ms) else {
            // Totals told again are one more record of the call that they were told for.
            if let Some(call) = self.core.session.calls.last_mut() {
                call.records += 1;
            }
            return None;
        };
        // What was copied from another session is counted there, with whatever it lost.
        if let Some(untold) = counted.untold.filter(|_| self.identity.is_beyond_copies()) {
            self.add_untold_call(untold, &counted, at_ms);
        }
        self.add_counted_call(&counted, ordinal, at_ms);
        None
    }

    /// The record of one response; the answer is why it cannot be counted.
    pub(super) fn add_usage_record(
        &mut self,
        told: &UsageRecord<'_>,
        ordinal: Option<f64>,
        at_ms: Option<i64>,
    ) -> Option<SkipReason> {
        let (usage, total) = match told.usage_and_total() {
            Ok(told) => told?,
            Err(reason) => return Some(reason),
        };
        match self.counter.take_response(told.response_id.0, usage, total) {
            Some(counted) => self.add_counted_call(&counted, ordinal, at_ms),
            // It is one more record of the call that was told before it.
            None => {
                if let Some(call) = self.core.session.calls.last_mut() {
                    call.records += 1;
                }
            }
        }
        None
    }

    fn add_counted_call(
        &mut self,
        counted: &CountedCall,
        ordinal: Option<f64>,
        at_ms: Option<i64>,
    ) {
        let fingerprint = counted.fingerprint;
        let (total, line) = (counted.total.total, self.line);
        let told_ms = at_ms.unwrap_or(self.core.last_ms.max(0));
        let call = CallFingerprint { fingerprint, total, at_ms: told_ms, line };
        self.identity.note_call(call, counted.starts_from_zero(), ordinal);
        // Codex names no responses: session, totals, and how often these came make one up.
        let id = format!("{} {fingerprint} {}", self.identity.session_id(), counted.before);
        self.reasoning.push(counted.usage.reasoning);
        self.push_call(CallKey::new(id.as_bytes(), b""), counted.usage.billed_usage(), at_ms);
    }

    /// Adds the call whose statement is lost, before the one that is in flight: the running total
    /// tells its usage and nothing tells its content.
    fn add_untold_call(&mut self, untold: RolloutTokens, next: &CountedCall, at_ms: Option<i64>) {
        self.name_model();
        let usage = untold.billed_usage();
        // More than a context holds was several calls, which nothing tells apart: a remainder.
        if untold.input == 0 || (self.window > 0 && untold.input > self.window) {
            self.core.beyond.entry(self.core.next_call()).or_default().push(UsageBeyondCall {
                model: self.core.session.models[usize::from(self.model)].clone(),
                usage,
                why: Remainder::UNTOLD_CALL,
                modifiers: PriceModifiers::empty(),
            });
            return;
        }
        let after = self.core.session.calls.last().map_or(i64::MIN, |last| last.end_ms);
        let told_ms = self.input_ms.or(at_ms);
        let at_ms = told_ms.unwrap_or(self.core.last_ms.max(0)).max(after);
        let fingerprint = usage_fingerprint(&next.total, &untold);
        let total = next.total.total - next.usage.total;
        let call = CallFingerprint { fingerprint, total, at_ms, line: self.line };
        self.identity.note_call(call, false, None);
        let id = format!("{} {fingerprint} untold", self.identity.session_id());
        // What was produced since the last call stays with the call in flight, one place later.
        let moved = self.core.next_call();
        self.core.move_tool_uses();
        let waiting = self.later.iter_mut().filter_map(|block| block.peer.as_mut());
        waiting.filter(|peer| peer.0 == moved).for_each(|peer| peer.0 += 1);
        self.reasoning.push(untold.reasoning);
        let call = plain_call(self.model, at_ms, at_ms, usage);
        let told = ToldTimes { start_ms: told_ms, end_ms: told_ms };
        self.core.push_call(CallKey::new(id.as_bytes(), b""), call, told);
        if let Some(identity) = self.core.identities.last_mut() {
            identity.is_untold = true;
        }
    }

    /// A rollout may lose the line that names its model.
    fn name_model(&mut self) {
        if self.core.session.models.is_empty() {
            self.model = intern_name(&mut self.core.session.models, "unknown");
        }
    }

    fn push_call(&mut self, key: CallKey, usage: Usage, at_ms: Option<i64>) {
        self.name_model();
        let after = self.core.session.calls.last().map_or(i64::MIN, |last| last.end_ms);
        // Where tools answered before the usage was told, the response was complete before them.
        let is_answered = !self.later.is_empty();
        let output_ms = self.output_ms.take().filter(|_| is_answered);
        let told = ToldTimes { start_ms: self.input_ms, end_ms: output_ms.or(at_ms) };
        let end_ms = told.end_ms.unwrap_or(self.core.last_ms.max(0)).max(after);
        let start_ms = self.input_ms.unwrap_or(end_ms).min(end_ms).max(after);
        let mut call = plain_call(self.model, start_ms, end_ms, usage);
        call.facts.modifiers = self.tier;
        // Packets and subagents' prompts come as a person's do.
        let human = std::mem::take(&mut self.core.human) && self.packets.is_empty();
        call.marks.set(CallMarks::HUMAN, human && !self.identity.subagent);
        call.outputs = std::mem::take(&mut self.outputs);
        let mut outputs = call.outputs.iter();
        let has_aborted = outputs.any(|block| block.marks.contains(BlockMarks::ABORTED_RUN));
        call.marks.set(CallMarks::ABORTED_RUN, has_aborted);
        // What came after the first output was not sent with this call but with the next.
        call.inputs = self.take_inputs();
        self.inputs = std::mem::take(&mut self.later);
        self.unanswered = 0;
        self.input_ms = self.later_ms.take();
        let index = self.core.next_call();
        let invocations = self.packets.drain(..).map(|(_, packet)| (index, packet));
        self.core.session.invocations.extend(invocations);
        self.core.push_call(key, call, told);
        self.prompted = true;
    }

    /// The finished session; packets without a call become skips.
    pub(super) fn push_draft(mut self, parsed: &mut ParsedFile) {
        for (line, packet) in self.packets {
            parsed.add_skip(line, SkipReason::PacketWithoutCall(packet.agent));
        }
        let (lineage, role) = self.identity.into_lineage();
        let session = &mut self.core.session;
        session.id.clone_from(&lineage.session_id);
        session.pipeline.clone_from(&lineage.session_id);
        session.role = role;
        // Reasoning may be billed without any piece that shows it.
        for (call, &tokens) in session.calls.iter_mut().zip(&self.reasoning) {
            let thinks = call.outputs.iter().any(|block| block.kind == BlockKind::Thinking);
            if tokens > 0 && !thinks {
                call.outputs.push(RawBlock::from_size(BlockKind::Thinking, 0, 0));
            }
        }
        self.core.complete_session(&[]);
        // Estimates by size come first: they are the weights of what usage tells exactly.
        for (call, &tokens) in self.core.session.calls.iter_mut().zip(&self.reasoning) {
            share_output(call, tokens);
        }
        weigh_summaries(&mut self.core.session.calls);
        parsed.drafts.push(self.core.into_draft(role == Role::Subagent, Some(lineage)));
    }
}

/// A summary may be encrypted: it weighs what the context holds beside everything that can be seen.
fn weigh_summaries(calls: &mut [RawCall]) {
    // What the first context holds beyond its inputs (tools, hidden prompts) stays in all others.
    let unseen = calls.first().map_or(0, unexplained_context).max(0);
    for call in calls.iter_mut().skip(1) {
        let rest = unexplained_context(call) - unseen;
        let summary = call.inputs.iter_mut().find(|block| block.kind == BlockKind::Summary);
        if let Some(summary) = summary.filter(|_| rest > 0) {
            summary.estimate += rest;
        }
    }
}

fn unexplained_context(call: &RawCall) -> i64 {
    call.usage.context_tokens() - call.inputs.iter().map(|block| block.estimate).sum::<i64>()
}

/// Usage tells how much of an output is reasoning: the rest is shared by what can be seen.
fn share_output(call: &mut RawCall, reasoning: i64) {
    let (mut thinking, mut visible): (Vec<&mut RawBlock>, Vec<&mut RawBlock>) =
        call.outputs.iter_mut().partition(|block| block.kind == BlockKind::Thinking);
    let weights: Vec<i64> = visible.iter().map(|block| block.estimate).collect();
    if weights.iter().sum::<i64>() > 0 {
        share_by_weight(&mut visible, call.usage.output - reasoning, &weights);
        share_equally(&mut thinking, reasoning);
    } else {
        // Nothing can be seen that would have a share: reasoning has all of it.
        share_equally(&mut visible, 0);
        share_equally(&mut thinking, call.usage.output);
    }
}

/// Reasoning shows no sizes: every piece of it weighs the same.
fn share_equally(blocks: &mut [&mut RawBlock], total: i64) {
    share_by_weight(blocks, total, &vec![1; blocks.len()]);
}

fn share_by_weight(blocks: &mut [&mut RawBlock], total: i64, weights: &[i64]) {
    for (block, tokens) in blocks.iter_mut().zip(apportion(total, weights)) {
        block.estimate = tokens;
    }
}
