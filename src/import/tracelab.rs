//! TraceLab round traces: one line for each model call of Claude Code and Codex sessions.
//!
//! The layout is that of uw-syfi/TraceLab at commit b889eb7, read 2026-11-21 (README,
//! `docs/prompt_cache_accounting`, `artifacts/utils/DB_SCHEMA` and
//! `example_sessions/sanitized/round_trace.jsonl`):
//! `input_tokens_total = prefix_tokens + newly_append_tokens`. The prefix is what was read from the
//! cache. Of what was appended, Claude rows tell how much was written; the tier is not told, so
//! that writes belong to the five-minute cache, as in transcripts. Codex rows tell no writes: what
//! was not read is fresh, and output includes reasoning. Sizes of blocks are characters of events.
//!
//! Identifiers are pseudonyms: a trace and the transcripts it was made from do not know each other,
//! and must not be imported together.

use super::call_times::{ToldTimes, fill_call_times};
use super::importer::Importer;
use super::json_reader;
use super::line_reader::LineReader;
use super::measured_text::{LenientObject, ShortText};
use super::parsed_file::{
    BeyondCalls, CallIdentity, CallKey, FileInfo, ParsedFile, SessionDraft, intern_name,
};
use super::record_lines::for_each_line;
use super::session_completion::{self, CallTransition};
use super::skip::SkipReason;
use super::timestamps;
use super::transcript::plain_call;
use crate::recording::{
    Basis, BlockKind, CacheTier, CallMarks, RawBlock, RawCall, RawSession, Role,
};
use crate::units::Usage;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// The importer.
#[derive(Clone, Copy, Debug)]
pub(super) struct TraceLab;

/// No call holds more tokens of a class: a thousand times the largest context window.
const MOST: f64 = 1e9;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TraceRound<'a> {
    #[serde(borrow)]
    provider: ShortText<'a>,
    #[serde(borrow)]
    session_id: ShortText<'a>,
    #[serde(rename = "round_index")]
    index: Option<f64>,
    #[serde(borrow, rename = "round_id")]
    id: ShortText<'a>,
    #[serde(borrow)]
    model: ShortText<'a>,
    input_tokens_total: Option<f64>,
    prefix_tokens: Option<f64>,
    newly_append_tokens: Option<f64>,
    claude_cache_creation_input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    #[serde(borrow)]
    timing_events: Option<Vec<LenientObject<TraceEvent<'a>>>>,
    #[serde(borrow)]
    tools: Option<Vec<LenientObject<TraceTool<'a>>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TraceEvent<'a> {
    #[serde(borrow, rename = "event_type")]
    kind: ShortText<'a>,
    #[serde(borrow)]
    timestamp: ShortText<'a>,
    #[serde(borrow)]
    tool_call_id: ShortText<'a>,
    #[serde(borrow)]
    tool_name: ShortText<'a>,
    content_chars: Option<f64>,
    result_chars: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TraceTool<'a> {
    #[serde(borrow)]
    tool_call_id: ShortText<'a>,
    input_chars: Option<f64>,
}

/// A session on its way: its calls in the order of their lines.
struct TraceSession {
    raw: RawSession,
    calls: Vec<(u64, RawCall, CallKey, ToldTimes)>,
    /// By tool use: its call's place in `calls`, its output, its tool.
    uses: HashMap<u64, (usize, u32, u16)>,
    /// Results that wait for their place: (call, input, tool use).
    results: Vec<(usize, usize, u64)>,
    last_ms: i64,
}

impl Importer for TraceLab {
    fn id(&self) -> &'static str {
        "tracelab"
    }

    fn file_endings(&self) -> &'static [&'static str] {
        &[".jsonl"]
    }

    fn sniff(&self, head: &[&[u8]]) -> bool {
        head.iter().any(|line| {
            json_reader::from_slice::<TraceRound>(line).is_ok_and(|round| {
                let has_input = round.input_tokens_total.is_some() && round.prefix_tokens.is_some();
                has_input && round.newly_append_tokens.is_some() && !round.session_id.0.is_empty()
            })
        })
    }

    fn parse(&self, file: &FileInfo<'_>, lines: &mut LineReader<'_>, parsed: &mut ParsedFile) {
        let mut sessions: BTreeMap<String, TraceSession> = BTreeMap::new();
        for_each_line(
            lines,
            &mut |_, line| add_line(&mut sessions, file.label, line).err(),
            &mut |number, reason| parsed.add_skip(number, reason),
        );
        parsed.drafts.extend(sessions.into_values().map(TraceSession::into_draft));
    }
}

/// Adds a line's round to its session.
fn add_line(
    sessions: &mut BTreeMap<String, TraceSession>,
    label: &str,
    line: &[u8],
) -> Result<(), SkipReason> {
    let round: TraceRound = json_reader::from_slice(line)?;
    let (index, usage, tier) = round.usage_of_round()?;
    let id = round.session_id.to_text().into_owned();
    let session = sessions.entry(id).or_insert_with_key(|id| TraceSession::new(id, label));
    session.add_round(&round, index, usage, tier);
    Ok(())
}

/// A count of tokens or characters.
fn checked_count(value: Option<f64>, name: &'static str) -> Result<i64, SkipReason> {
    match value {
        Some(count) if (0.0..=MOST).contains(&count) => Ok(count as i64),
        Some(count) => Err(SkipReason::NoCount { name: name.to_owned(), value: count.to_string() }),
        None => Err(SkipReason::RoundWithout(name)),
    }
}

impl TraceRound<'_> {
    /// Its place in the session, its tokens by class, and its cache.
    fn usage_of_round(&self) -> Result<(u64, Usage, Option<CacheTier>), SkipReason> {
        if self.session_id.0.is_empty() {
            return Err(SkipReason::RoundWithout("session_id"));
        }
        let index = checked_count(self.index, "round_index")? as u64;
        let total = checked_count(self.input_tokens_total, "input_tokens_total")?;
        let read = checked_count(self.prefix_tokens, "prefix_tokens")?;
        let appended = checked_count(self.newly_append_tokens, "newly_append_tokens")?;
        let output = checked_count(self.output_tokens, "output_tokens")?;
        // Three numbers that do not add up leave open which of them is wrong.
        if read + appended != total {
            return Err(SkipReason::RoundSum { read, appended, total });
        }
        let (written, tier) = match self.provider.0 {
            b"claude" => {
                let name = "claude_cache_creation_input_tokens";
                (checked_count(self.claude_cache_creation_input_tokens, name)?, None)
            }
            // Its writes are not billed, and not told.
            b"codex" => (0, Some(CacheTier::Automatic)),
            _ => return Err(SkipReason::UnknownProvider(self.provider.to_text().into_owned())),
        };
        if written > appended {
            return Err(SkipReason::WrittenBeyondAppended { written, appended });
        }
        // What was appended and not written to the cache was read by nobody: it is fresh.
        let fresh = appended - written;
        Ok((index, Usage { fresh, read, write_5m: written, write_1h: 0, output }, tier))
    }

    /// Copies of a round have the same id; Codex numbers them by turn, so that the tokens tell.
    fn call_key(&self, index: u64, usage: Usage) -> CallKey {
        // Without an id a round is told apart by its place and its tokens.
        let tokens = format!("{:?}", usage.by_class());
        let request = if self.provider.0 == b"codex" { tokens.as_bytes() } else { b"" };
        if self.id.0.is_empty() {
            let own = format!("{} {index}", self.session_id.to_text());
            return CallKey::new(own.as_bytes(), tokens.as_bytes());
        }
        CallKey::new(self.id.0, request)
    }
}

impl TraceSession {
    fn new(id: &str, file: &str) -> Self {
        let mut raw = RawSession::new(id.to_owned(), file, Role::Main);
        id.clone_into(&mut raw.pipeline);
        Self {
            raw,
            calls: Vec::new(),
            uses: HashMap::new(),
            results: Vec::new(),
            last_ms: i64::MIN,
        }
    }

    fn add_round(
        &mut self,
        round: &TraceRound<'_>,
        index: u64,
        usage: Usage,
        tier: Option<CacheTier>,
    ) {
        self.raw.tier = self.raw.tier.or(tier);
        let at = self.calls.len();
        let model = intern_name(&mut self.raw.models, &round.model.to_text());
        let (mut inputs, mut outputs, mut marks) = (Vec::new(), Vec::new(), CallMarks::empty());
        let (mut input_ms, mut first_ms, mut end_ms) = (None, None, None);
        let tools = round.tools.iter().flatten().filter_map(|tool| tool.0.as_ref());
        let sizes: HashMap<&[u8], u64> = tools
            .rev()
            .map(|tool| (tool.tool_call_id.0, size_in_chars(tool.input_chars)))
            .collect();
        for event in round.timing_events.iter().flatten().filter_map(|event| event.0.as_ref()) {
            let at_ms = timestamps::parse_stamp_ms(event.timestamp.0);
            first_ms = first_ms.or(at_ms);
            let content = size_in_chars(event.content_chars);
            match event.kind.0 {
                b"user_message" => {
                    input_ms = input_ms.max(at_ms);
                    marks |= CallMarks::HUMAN;
                    inputs.push(RawBlock::from_size(BlockKind::User, content, 0));
                }
                // Its tool use may stand on a later line: the two are joined at the end.
                b"tool_result" => {
                    input_ms = input_ms.max(at_ms);
                    self.results.push((at, inputs.len(), event.tool_call_id.text_hash()));
                    let result = size_in_chars(event.result_chars);
                    inputs.push(RawBlock::from_size(BlockKind::ToolResult, result, 0));
                }
                b"reasoning" => outputs.push(RawBlock::from_size(BlockKind::Thinking, content, 0)),
                b"text" => outputs.push(RawBlock::from_size(BlockKind::Text, content, 0)),
                // The event names the tool, the list of tools has the size of its input.
                b"tool_call" => {
                    let input = sizes.get(event.tool_call_id.0).copied().unwrap_or(0);
                    let tool = intern_name(&mut self.raw.tools, &event.tool_name.to_text());
                    let place = (at, outputs.len() as u32, tool);
                    self.uses.insert(event.tool_call_id.text_hash(), place);
                    let block = RawBlock::from_size(BlockKind::ToolInput, input, 0);
                    outputs.push(RawBlock { tool: Some(tool), ..block });
                }
                _ => {}
            }
            end_ms = end_ms.max(at_ms);
        }
        // The request left when its last input was there; without one, at the first event.
        let told = ToldTimes { start_ms: input_ms.or(first_ms), end_ms };
        let start_ms = told.start_ms.unwrap_or(0);
        let end_ms = end_ms.unwrap_or(start_ms).max(start_ms);
        self.last_ms = self.last_ms.max(end_ms);
        let call = RawCall { marks, inputs, outputs, ..plain_call(model, start_ms, end_ms, usage) };
        self.calls.push((index, call, round.call_key(index, usage), told));
    }

    fn into_draft(mut self) -> SessionDraft {
        // Lines may lie in any order; of two with one index the first line is first.
        let mut order: Vec<usize> = (0..self.calls.len()).collect();
        order.sort_by_key(|&at| (self.calls[at].0, at));
        // By place among the lines: the place among the calls.
        let mut call_at_line = vec![0_u32; order.len()];
        for (new, &old) in order.iter().enumerate() {
            call_at_line[old] = new as u32;
        }
        for (line, input, id) in self.results {
            if let Some(&(used_at, output, tool)) = self.uses.get(&id) {
                let (use_call, result_call) = (call_at_line[used_at], call_at_line[line]);
                let block = &mut self.calls[line].1.inputs[input];
                block.tool = Some(tool);
                // Ids are pseudonyms and may collide: nothing answers a call before its own.
                block.peer = (use_call < result_call).then_some((use_call, output));
            }
        }
        self.calls.sort_by_key(|(index, ..)| *index);
        let mut identities = Vec::with_capacity(self.calls.len());
        let mut told_times = Vec::with_capacity(self.calls.len());
        let mut start_ms = i64::MIN;
        for (_, mut call, key, told) in self.calls {
            // The order of rounds counts, whatever their clocks say.
            start_ms = call.start_ms.max(start_ms);
            call.start_ms = start_ms;
            call.end_ms = call.end_ms.max(start_ms);
            identities.push(CallIdentity::new(key, call.usage, None));
            told_times.push(told);
            self.raw.calls.push(call);
        }
        if told_times.iter().all(|told| *told == ToldTimes::default()) {
            self.raw.times_basis = Basis::Estimated;
        } else if fill_call_times(&mut self.raw.calls, &told_times) {
            self.raw.times_basis = Basis::Filled;
        }
        self.raw.records = self.raw.calls.len() as u32;
        let transitions = vec![CallTransition::default(); self.raw.calls.len()];
        session_completion::complete_session(&mut self.raw, &transitions, &[]);
        let (session, last_ms) = (self.raw, self.last_ms);
        SessionDraft {
            session,
            identities,
            beyond: BeyondCalls::new(),
            is_retold: false,
            sidechain: false,
            last_ms,
            lineage: None,
        }
    }
}

/// A size in characters; 0 where it is not told.
fn size_in_chars(count: Option<f64>) -> u64 {
    count.filter(|count| (0.0..=1e12).contains(count)).map_or(0, |count| count as u64)
}
