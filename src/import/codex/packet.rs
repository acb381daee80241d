//! Packets of agentic-cockpit: prompts that an orchestrator wakes an agent with.
//!
//! A prompt is, in this order: lines `$skill`, a snapshot of the orchestrator's state between
//! `--- CONTEXT SNAPSHOT` and `--- END CONTEXT ---`, the agent's standing orders, which begin
//! `You are the agent "NAME"`, and after `--- TASK PACKET ---` the packet: front matter, JSON
//! between two lines `---`, and a body. Source: the public agentic-cockpit, 9c06a3aa (2026-02-08)
//! and eca8e3c (2026-03-31).

use super::lenient_shapes::WordList;
use crate::import::json_escapes::decode_string;
use crate::import::json_reader;
use crate::import::measured_text::{LenientObject, ShortText};
use crate::recording::{BlockMarks, DIGEST_KIND, Packet};
use serde::Deserialize;

/// What every packet is marked with.
const MARKER: &str = "--- TASK PACKET ---";

/// What introduces the agent.
const AGENT: &str = "You are the agent \"";

/// The snapshot's first and last line.
const SNAPSHOT: [&str; 2] = ["--- CONTEXT SNAPSHOT", "--- END CONTEXT ---"];

/// Names are cut to so many characters: a recording holds no text.
const NAME: usize = 200;

/// A prompt with a packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PromptWithPacket {
    /// Who is woken for what.
    pub packet: Packet,
    /// Its parts in their order: marks and characters.
    pub parts: Vec<(BlockMarks, u64)>,
    /// Whether the front matter could be read.
    pub readable: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PacketFrontMatter<'a> {
    #[serde(borrow)]
    id: ShortText<'a>,
    #[serde(borrow)]
    to: WordList<'a>,
    #[serde(borrow)]
    signals: LenientObject<PacketSignals<'a>>,
    #[serde(borrow)]
    references: LenientObject<PacketReferences<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PacketSignals<'a> {
    #[serde(borrow)]
    kind: ShortText<'a>,
    #[serde(borrow)]
    root_id: ShortText<'a>,
    #[serde(borrow)]
    source_kind: ShortText<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PacketReferences<'a> {
    #[serde(borrow)]
    completed_task_kind: ShortText<'a>,
}

/// The packet of a raw prompt, if it holds one.
pub(super) fn read_packet_prompt(raw: &[u8]) -> Option<PromptWithPacket> {
    // Most prompts hold no packet: they are not decoded to find that out.
    memchr::memmem::find(raw, MARKER.as_bytes())?;
    let text = decode_string(raw);
    let at = text.find(MARKER)?;
    let (orders, packet) = text.split_at(at);
    let front = front_matter(packet);
    let readable = front.is_some();
    let mut packet = front.as_deref().and_then(packet_of_front_matter).unwrap_or_default();
    if let Some(named) = agent_name(orders) {
        packet.agent = shorten_name(named);
    } else if packet == Packet::default() {
        // Neither an agent nor a packet: somebody only quotes the marker.
        return None;
    }
    Some(PromptWithPacket { packet, parts: split_parts(&text, at), readable })
}

/// The JSON between the two lines `---` behind the marker, if it is JSON.
fn front_matter(packet: &str) -> Option<String> {
    let mut lines = packet.lines().skip(1).skip_while(|line| line.trim().is_empty());
    if lines.next()?.trim() != "---" {
        return None;
    }
    let mut front = String::new();
    for line in lines {
        if line.trim() == "---" {
            // The next line of dashes ends it; what does not read as JSON is no front matter.
            let whole = json_reader::from_slice::<PacketFrontMatter>(front.as_bytes());
            return whole.is_ok().then_some(front);
        }
        front.push_str(line);
        front.push('\n');
    }
    None
}

fn packet_of_front_matter(front: &str) -> Option<Packet> {
    let front: PacketFrontMatter = json_reader::from_slice(front.as_bytes()).ok()?;
    let signals = front.signals.0.unwrap_or_default();
    let references = front.references.0.unwrap_or_default();
    let kind = shorten_name(&signals.kind.to_text());
    let source = shorten_name(&signals.source_kind.to_text());
    let completed = shorten_name(&references.completed_task_kind.to_text());
    // A digest tells what it digests: the kind of its source and of the task that was completed.
    let is_digest = kind == DIGEST_KIND && !source.is_empty();
    let completed = if completed.is_empty() { "*".to_owned() } else { completed };
    Some(Packet {
        id: shorten_name(&front.id.to_text()),
        agent: front.to.0.first().map_or(String::new(), |to| shorten_name(&to.to_text())),
        kind,
        root: shorten_name(&signals.root_id.to_text()),
        source: if is_digest { format!("{source}:{completed}") } else { String::new() },
    })
}

fn shorten_name(text: &str) -> String {
    text.trim().chars().take(NAME).collect()
}

fn agent_name(orders: &str) -> Option<&str> {
    let rest = &orders[orders.find(AGENT)? + AGENT.len()..];
    rest.split_once('"').map(|(agent, _)| agent)
}

/// Splits a prompt at the places that the module documentation names.
fn split_parts(text: &str, packet: usize) -> Vec<(BlockMarks, u64)> {
    // Each cut begins a part and says what it is; the next one ends it.
    let mut cuts = vec![(0, BlockMarks::empty())];
    let lines = text[..packet].split_inclusive('\n');
    let skills: usize = lines
        .take_while(|line| line.starts_with('$') || line.trim().is_empty())
        .map(str::len)
        .sum();
    if text[..skills].contains('$') {
        cuts[0].1 = BlockMarks::SKILLS;
        cuts.push((skills, BlockMarks::empty()));
    }
    // A snapshot without an end is a part of the orders.
    let start = text[..packet].find(SNAPSHOT[0]).unwrap_or(packet);
    if let Some(length) = text[start..packet].find(SNAPSHOT[1]) {
        cuts.push((start, BlockMarks::SNAPSHOT));
        cuts.push((start + length + SNAPSHOT[1].len(), BlockMarks::empty()));
    }
    cuts.push((packet, BlockMarks::PACKET));
    let ends = cuts.iter().skip(1).map(|cut| cut.0).chain([text.len()]);
    let parts = cuts
        .iter()
        .zip(ends)
        .map(|(&(from, marks), to)| (marks, text[from..to.max(from)].chars().count() as u64));
    parts.filter(|part| part.1 > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front(kind: &str, more: &str) -> String {
        format!(
            "---\n{{\n  \"id\": \"p1\",\n  \"to\": [\"qa\"],\n  \
             \"origin\": {{\"rootId\": \"wrong\"}},\n  \
             \"signals\": {{\"kind\": \"{kind}\", \"rootId\": \"r1\"{more}}},\n  \
             \"references\": {{\"completedTaskKind\": \"EXECUTE\"}}\n}}\n---\n\nbody\n"
        )
    }

    fn met(text: &str) -> Option<PromptWithPacket> {
        let raw = serde_json::to_string(text).unwrap_or_default();
        read_packet_prompt(&raw.as_bytes()[1..raw.len() - 1])
    }

    fn check(text: &str, expect: [&str; 5]) {
        let packet = met(text).map(|prompt| prompt.packet).unwrap_or_default();
        let Packet { id, agent, kind, root, source } = &packet;
        assert_eq!([id, agent, kind, root, source], expect, "{text}");
    }

    #[test]
    fn the_front_matter_is_read_as_json() {
        let digest = front("ORCHESTRATOR_UPDATE", ", \"sourceKind\": \"TASK_COMPLETE\"");
        let orders = "You are the agent \"daddy\" running.\n\n--- TASK PACKET ---\n";
        let source = "TASK_COMPLETE:EXECUTE";
        check(&format!("{orders}{digest}"), ["p1", "daddy", "ORCHESTRATOR_UPDATE", "r1", source]);
        let plain = front("EXECUTE", ", \"sourceKind\": \"TASK_COMPLETE\"");
        check(&format!("{orders}{plain}"), ["p1", "daddy", "EXECUTE", "r1", ""]);
        // Without the sentence the packet says whom it is for.
        let unnamed = format!("--- TASK PACKET ---\n{plain}");
        check(&unnamed, ["p1", "qa", "EXECUTE", "r1", ""]);
        let open = digest.replace("\"completedTaskKind\": \"EXECUTE\"", "");
        let any = "TASK_COMPLETE:*";
        check(&format!("{orders}{open}"), ["p1", "daddy", "ORCHESTRATOR_UPDATE", "r1", any]);
    }

    #[test]
    fn what_is_no_front_matter_says_nothing() {
        let orders = "You are the agent \"daddy\" running.\n\n--- TASK PACKET ---\n";
        for packet in ["---\nkind: EXECUTE\n---\n", "---\n{\"id\": \"p1\"\n", "{\"id\":\"p1\"}", ""]
        {
            let prompt = met(&format!("{orders}{packet}"));
            assert_eq!(prompt.as_ref().map(|prompt| prompt.readable), Some(false), "{packet}");
            check(&format!("{orders}{packet}"), ["", "daddy", "", "", ""]);
        }
        assert_eq!(met("grep -n -- '--- TASK PACKET ---' prompts.md"), None);
        assert_eq!(met("no packet"), None);
    }

    #[test]
    fn a_prompt_falls_into_its_parts() {
        let skills = "$code-change\n$planning\n\n";
        let snapshot = "--- CONTEXT SNAPSHOT (thin) ---\nú: 1\n--- END CONTEXT ---";
        let orders = "\n\nYou are the agent \"daddy\".\n\n";
        let packet = format!("--- TASK PACKET ---\n{}", front("STATUS", ""));
        let sizes = |texts: &[(BlockMarks, &str)]| -> Vec<(BlockMarks, u64)> {
            texts.iter().map(|(marks, text)| (*marks, text.chars().count() as u64)).collect()
        };
        let none = BlockMarks::empty();
        let parts = |text: &str| met(text).map(|prompt| prompt.parts).unwrap_or_default();
        assert_eq!(
            parts(&[skills, snapshot, orders, &packet].concat()),
            sizes(&[
                (BlockMarks::SKILLS, skills),
                (BlockMarks::SNAPSHOT, snapshot),
                (none, orders),
                (BlockMarks::PACKET, &packet),
            ])
        );
        let warm = &orders[2..];
        let expect = [(none, warm), (BlockMarks::PACKET, packet.as_str())];
        assert_eq!(parts(&format!("{warm}{packet}")), sizes(&expect));
    }
}
