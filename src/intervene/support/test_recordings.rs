//! Small recordings for tests, one word a call.
//!
//! A line is a session. `key=value` words at its start describe it: `tier=1h`, `step=plan`,
//! `pipe=p`, `role=sub`, `model=x`. Every other word is a call: tool uses joined by `+`, each a
//! letter, the number of its file, and the tokens of its result behind a colon, 100 unless said.
//! `R1:2000` reads file 1, `G` greps, `L` globs, `E1` edits, `B` is a shell command, `T` a task,
//! `-` nothing. In front of them: `h` a person asks, `@400/` 400 seconds pass instead of 10, `!`
//! the context was compacted, `*` the effort was switched, `~` the model. Behind a use, `'` marks
//! a read of what is still there. A word like `#agent/U/root` or `#agent/D/root/SOURCE:KIND` says
//! that a packet wakes an agent at the call behind it: `U` a request, `D` a digest, `E` some work.
//! Its prompt enters with that call. `at=50` starts the session 50 seconds into the recording,
//! `tier=auto` caches as Codex does.

use crate::models::AUTOMATIC_LOOKUP_STEP;
use crate::plan::{InsertedCall, Patch};
use crate::recording::{
    BlockKind, BlockMarks, CacheBreak, CacheTier, CallFacts, CallMarks, ContextRestart,
    DIGEST_KIND, Packet, RawBlock, RawCall, RawSession, Recording, RecordingBuilder, Role,
};
use crate::units::Usage;

/// Tokens of the system prompt of every session made here.
pub const SYSTEM: i64 = 20_000;
/// Tokens of every prompt made here.
pub const PROMPT: i64 = 100;
/// Tokens of every tool use made here.
pub const USE: i64 = 50;

/// Tokens of the skills, the snapshot and the packet in the prompt of every packet made here.
pub const PROMPTED: [i64; 3] = [6_000, 4_000, 1_500];

/// What survives a loss of the messages.
const STATIC: i64 = 15_000;

const TOOLS: [(char, &str); 7] = [
    ('R', "Read"),
    ('G', "Grep"),
    ('L', "Glob"),
    ('E', "Edit"),
    ('B', "Bash"),
    ('T', "Task"),
    ('W', "WebFetch"),
];

const MODELS: [&str; 2] = ["claude-opus-4-6", "claude-sonnet-4-6"];

/// A recording of the sessions that the lines describe.
pub fn recording_from_lines(lines: &[&str]) -> Recording {
    let mut builder = RecordingBuilder::new("made", "test");
    let mut clock = 0;
    for (index, line) in lines.iter().enumerate() {
        let session = session_from_line(line, index, clock);
        clock = session.calls.last().map_or(clock, |call| call.end_ms + 1_000);
        builder.push_session(session);
    }
    builder.finish()
}

fn session_from_line(line: &str, index: usize, start_ms: i64) -> RawSession {
    let mut raw = RawSession::new(format!("s{index}"), "", Role::Main);
    raw.models = MODELS.map(str::to_owned).to_vec();
    raw.tools = TOOLS.map(|(_, name)| name.to_owned()).to_vec();
    raw.static_prefix = Some(STATIC);
    let (mut tier, mut start_ms, mut gap) = (CacheTier::FiveMinutes, start_ms, "");
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        match word.split_once('=') {
            Some(("tier", "auto")) => tier = CacheTier::Automatic,
            Some(("tier", _)) => tier = CacheTier::OneHour,
            Some(("at", seconds)) => start_ms = 1_000 * seconds.parse::<i64>().expect("seconds"),
            Some(("step", step)) => step.clone_into(&mut raw.step),
            Some(("pipe", pipe)) => pipe.clone_into(&mut raw.pipeline),
            Some(("role", _)) => raw.role = Role::Subagent,
            Some(("model", model)) => model.clone_into(&mut raw.models[0]),
            // A packet comes before the call that it wakes; the gap before it is that call's.
            _ if word.starts_with('#') || word.contains("/#") => {
                raw.invocations.push((raw.calls.len() as u32, packet_from_word(word)));
                gap = word.strip_suffix(&word[word.find('#').unwrap_or(0)..]).unwrap_or("");
            }
            _ => {
                // The call right behind a packet.
                let woken =
                    raw.invocations.last().is_some_and(|(at, _)| *at as usize == raw.calls.len());
                let call =
                    call_from_word(&format!("{gap}{word}"), &raw.calls, tier, (start_ms, woken));
                raw.calls.push(call);
                gap = "";
            }
        }
    }
    if tier == CacheTier::Automatic {
        raw.tier = Some(tier);
        for Usage { fresh, read, write_5m, .. } in raw.calls.iter_mut().map(|call| &mut call.usage)
        {
            // Automatic caches find whole steps, and bill nothing as written.
            let rest = *read % AUTOMATIC_LOOKUP_STEP;
            (*fresh, *read) = (*fresh + std::mem::take(write_5m) + rest, *read - rest);
        }
    }
    if tier == CacheTier::OneHour {
        for call in &mut raw.calls {
            call.usage.write_1h = std::mem::take(&mut call.usage.write_5m);
        }
    }
    raw
}

/// `@100/#agent/kind/root/source`: the words of a packet.
fn packet_from_word(word: &str) -> Packet {
    let parts = word[word.find('#').map_or(0, |at| at + 1)..].split('/');
    let mut parts = parts.map(str::to_owned).chain(std::iter::repeat(String::new()));
    let [agent, kind, root, source] = std::array::from_fn(|_| parts.next().expect("endless"));
    let kind = match &kind[..] {
        "D" => DIGEST_KIND.to_owned(),
        "U" => "USER_REQUEST".to_owned(),
        "E" => "EXECUTE".to_owned(),
        _ => kind,
    };
    Packet { id: format!("{agent} {kind} {root} {source}"), agent, kind, root, source }
}

/// A block of four characters a token.
fn plain_block(kind: BlockKind, tokens: i64) -> RawBlock {
    RawBlock::from_size(kind, 4 * tokens as u64, tokens)
}

fn call_from_word(
    word: &str,
    before: &[RawCall],
    tier: CacheTier,
    (start_ms, woken): (i64, bool),
) -> RawCall {
    let (gap_s, word) = match word.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
        Some((gap, rest)) => (gap.parse().expect("seconds"), rest),
        None => (10, word),
    };
    let flags = word.trim_start_matches(['h', '!', '*', '~']);
    let (flags, uses) = (&word[..word.len() - flags.len()], flags);
    let prev = before.last();
    let mut inputs = prev.map_or_else(Vec::new, |_| results_of_last_call(before));
    if flags.contains('h') || prev.is_none() {
        inputs.push(plain_block(BlockKind::User, PROMPT));
    }
    if woken {
        let marks = [BlockMarks::SKILLS, BlockMarks::SNAPSHOT, BlockMarks::PACKET];
        let parts = marks.iter().zip(PROMPTED);
        inputs.extend(
            parts
                .map(|(&marks, tokens)| RawBlock { marks, ..plain_block(BlockKind::User, tokens) }),
        );
    }
    if flags.contains('!') {
        inputs = vec![plain_block(BlockKind::Summary, 5_000)];
    }
    let outputs = outputs_of_uses(uses);
    let entered: i64 = inputs.iter().map(|block| block.estimate).sum();
    // Prompts grow by what was said and what enters; a compaction starts over.
    let context = match prev {
        Some(prev) if !flags.contains('!') => {
            prev.usage.context_tokens() + prev.usage.output + entered
        }
        _ => SYSTEM + entered,
    };
    let broken = flags.contains('!') || flags.contains('*');
    let read = match prev {
        Some(_) if flags.contains('~') => 0,
        Some(_) if gap_s * 1_000 >= tier.ttl_ms() && tier == CacheTier::FiveMinutes => 0,
        Some(prev) if gap_s * 1_000 < tier.ttl_ms() && !broken => prev.usage.context_tokens(),
        _ => STATIC,
    };
    let start_ms = prev.map_or(start_ms, |prev| prev.start_ms + gap_s * 1_000);
    let mut marks = CallMarks::empty();
    marks.set(CallMarks::HUMAN, flags.contains('h') || prev.is_none());
    marks.set(CallMarks::EFFORT_SWITCH, flags.contains('*'));
    RawCall {
        model: prev.map_or(0, |prev| prev.model) ^ u16::from(flags.contains('~')),
        start_ms,
        end_ms: start_ms + 5_000,
        records: 1,
        usage: Usage {
            read,
            write_5m: context - read,
            output: outputs.iter().map(|block| block.estimate).sum(),
            ..Usage::default()
        },
        placeholder: false,
        marks,
        facts: CallFacts::default(),
        restart: if flags.contains('!') {
            ContextRestart::AutoCompacted
        } else {
            ContextRestart::No
        },
        cache_break: match (flags.contains('~'), broken) {
            (true, _) => CacheBreak::ToZero,
            (false, true) => CacheBreak::ToStatic,
            (false, false) => CacheBreak::No,
        },
        inputs,
        outputs,
    }
}

/// What the call before asked for: the sizes wait in the characters of its tool uses.
fn results_of_last_call(before: &[RawCall]) -> Vec<RawBlock> {
    let at = before.len() as u32 - 1;
    let uses = before[at as usize].outputs.iter().enumerate();
    let of_tools = uses.filter(|(_, block)| block.kind == BlockKind::ToolInput);
    let results = of_tools.map(|(index, used)| {
        let task = used.tool.is_some_and(|tool| TOOLS[usize::from(tool)].0 == 'T');
        let kind = if task { BlockKind::Report } else { BlockKind::ToolResult };
        let tokens = used.chars as i64;
        let peer = Some((at, index as u32));
        RawBlock { peer, estimate: tokens, kind, ..*used }
    });
    results.collect()
}

fn outputs_of_uses(uses: &str) -> Vec<RawBlock> {
    let mut blocks = vec![RawBlock::from_size(BlockKind::Text, 90, 30)];
    for used in uses.split('+').filter(|used| *used != "-") {
        let (used, tokens) = used.split_once(':').unwrap_or((used, "100"));
        let again = used.ends_with('\'');
        let letter = used.chars().next().expect("a tool");
        let tool = TOOLS.iter().position(|(known, _)| *known == letter).expect("a known tool");
        let file = used[1..].trim_end_matches('\'');
        let mut marks = match letter {
            'R' => BlockMarks::READ,
            'E' => BlockMarks::EDIT,
            _ => BlockMarks::empty(),
        };
        marks.set(BlockMarks::REREAD | BlockMarks::SEEN_BEFORE, again);
        blocks.push(RawBlock {
            kind: BlockKind::ToolInput,
            tool: Some(tool as u16),
            chars: tokens.parse().expect("tokens"),
            estimate: USE,
            marks,
            file: file.parse().ok(),
            peer: None,
            left: None,
        });
    }
    blocks
}

#[test]
fn words_become_calls() {
    let made =
        recording_from_lines(&["R1:2000+G @400/h*E1 !~-", "tier=1h step=plan pipe=p role=sub -"]);
    assert_eq!(made.sessions.len(), 2);
    let kinds: Vec<(BlockKind, i64)> =
        made.blocks_of_call(1).iter().map(|block| (block.kind, block.tokens)).collect();
    let (result, user) = (BlockKind::ToolResult, BlockKind::User);
    let (text, input) = (BlockKind::Text, BlockKind::ToolInput);
    assert_eq!(kinds, [(result, 2_000), (result, 100), (user, 100), (text, 30), (input, 50)]);
    assert_eq!(made.calls[1].usage.context_tokens(), SYSTEM + PROMPT + 130 + 2_200);
    assert_eq!(made.calls[1].start_ms, 400_000);
    assert_eq!(made.calls[2].model, 1);
    assert_eq!((made.sessions[1].step.as_str(), made.sessions[1].role), ("plan", Role::Subagent));
    assert!(made.calls[3].tier == CacheTier::OneHour);
}

/// Calls that a patch makes in addition, however likely.
pub fn inserted_calls(patch: &Patch) -> Vec<InsertedCall> {
    let perhaps = patch.uncertain_places.iter().flat_map(|(_, place)| &place.inserted_calls);
    patch.inserted_calls.iter().chain(perhaps).copied().collect()
}

/// Calls that a patch drops with some chance, and the chance in hundredths.
pub fn perhaps_dropped_calls(patch: &Patch) -> Vec<(u32, i64)> {
    let places = patch.uncertain_places.iter();
    let calls = places.flat_map(|(chance, place)| {
        place.dropped_calls.iter().map(|dropped| (dropped.call, chance.of_amount(100)))
    });
    calls.collect()
}
