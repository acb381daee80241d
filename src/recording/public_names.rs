//! Names that may be shared: what a recording holds of the machine that it was made on becomes
//! `project-1`, `file-1`, numbered in the order of first calls, and `session-` with a digest of the
//! first call: its time, its usage and its model. No digest of a name stands for it: a dictionary
//! would open that.
//!
//! Names of tools, models, agents, kinds of packets, steps and pipelines stay, and so do ids that
//! are nothing but numbers: they are what one looks for, and they name nobody.

use super::project_folder::project_path;
use super::{Recording, Session, hex_prefix};
use crate::units::Usage;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeSet, HashMap};

/// Words that harnesses put beside the numbers of an id.
const ID_WORDS: [&str; 10] = [
    "agent",
    "rollout",
    "session",
    "packet",
    "root",
    "thread",
    "subagents",
    "part",
    "branch",
    "jsonl",
];

/// The most characters of a name.
const LONGEST_NAME: usize = 200;

/// The hexadecimal digits that make a number: `cafe1` is a name.
const SHORTEST_HEX: usize = 6;

/// Bytes of a digest of content in an id.
const CONTENT_BYTES: usize = 6;

/// The names that were given, so that files without calls are told by them too.
#[derive(Debug, Default)]
pub struct PublicNames {
    typed: BTreeSet<String>,
    projects: NumberedNames,
    folders: NumberedNames,
    files: NumberedNames,
}

/// Names by what they stand for.
#[derive(Debug, Default)]
struct NumberedNames(HashMap<String, usize>);

impl NumberedNames {
    fn name(&mut self, kind: &str, real: &str) -> String {
        let next = self.0.len() + 1;
        format!("{kind}-{}", *self.0.entry(real.to_owned()).or_insert(next))
    }
}

impl PublicNames {
    /// None yet; files that were `typed` keep their names.
    pub fn beside_typed(typed: BTreeSet<String>) -> Self {
        Self { typed, ..Self::default() }
    }

    /// What a file is called: its project, its folder within, and its own number.
    pub fn name_file(&mut self, label: &str) -> String {
        if label.is_empty() || self.typed.contains(label) {
            return label.to_owned();
        }
        let file = self.files.name("file", label);
        let Some((folder, _)) = label.rsplit_once('/') else { return file };
        let top = folder.split('/').next().unwrap_or_default();
        let own = project_path(label).unwrap_or(top);
        let project = self.projects.name("project", own);
        // A file right in its project has no folder to name.
        if own == folder {
            return format!("{project}/{file}");
        }
        format!("{project}/{}/{file}", self.folders.name("folder", folder))
    }
}

impl Recording {
    /// Gives files and their folders numbers, in the order of first calls; files that were `typed`
    /// keep their names.
    pub fn hide_file_names(&mut self, typed: BTreeSet<String>) -> PublicNames {
        let mut names = PublicNames::beside_typed(typed);
        for at in self.sessions_by_first_call() {
            let session = &mut self.sessions[at];
            session.file = names.name_file(&session.file);
        }
        names
    }

    /// Gives sessions, packets and roots whose ids are names others, made of their first calls;
    /// `published` ones stay.
    pub fn hide_ids(&mut self, published: &BTreeSet<String>) {
        let (ids, names) = self.public_ids_and_names(published);
        for (session, id) in self.sessions.iter_mut().zip(ids) {
            session.id = id;
            // Without a step nobody named the pipeline: it is the first of its sessions.
            if session.step.is_empty()
                && let Some(name) = names.get(&session.pipeline)
            {
                session.pipeline.clone_from(name);
            }
        }
        self.hide_packets(published);
    }

    /// The ids of sessions as they may be shared, and what stands for other names that are made of
    /// them: for pipelines, and for what stands before a stroke in an id.
    ///
    /// They are made of content and never of a name, so that a session has the same one in every
    /// recording: there is nothing to look up in a dictionary, and copies are still copies.
    fn public_ids_and_names(
        &self,
        published: &BTreeSet<String>,
    ) -> (Vec<String>, HashMap<String, String>) {
        let order = self.sessions_by_first_call();
        let mut made = ContentIds::new("session");
        let mut own = vec![String::new(); self.sessions.len()];
        for &at in order.iter().filter(|&&at| is_hidden(&self.sessions[at].id, published)) {
            own[at] = made.next_id(&self.content_of_session(at));
        }
        let mut names: HashMap<String, String> = HashMap::new();
        // The session that has the name itself comes first, then the first that goes by it.
        for &at in &order {
            names.entry(self.sessions[at].id.clone()).or_insert_with(|| own[at].clone());
        }
        for &at in &order {
            let Session { id, pipeline, .. } = &self.sessions[at];
            let shown = if own[at].is_empty() { id } else { &own[at] };
            for name in [owner_of_id(id), pipeline] {
                names.entry(name.to_owned()).or_insert_with(|| shown.clone());
            }
        }
        names.retain(|name, _| is_hidden(name, published));
        let ids = self.sessions.iter().zip(own).map(|(session, own)| {
            let Some((owner, tail)) = session.id.split_once('/').filter(|_| !own.is_empty()) else {
                return if own.is_empty() { session.id.clone() } else { own };
            };
            // Whose subagent it is still shows.
            let owner = names.get(owner).map_or(owner, String::as_str);
            format!("{owner}/{}", if is_number(tail) { tail } else { &own })
        });
        (ids.collect(), names)
    }

    /// The ids of sessions as they are shared.
    pub(super) fn public_session_ids(&self) -> Vec<String> {
        self.public_ids_and_names(&BTreeSet::new()).0
    }

    fn hide_packets(&mut self, published: &BTreeSet<String>) {
        let mut order: Vec<usize> = (0..self.invocations.len()).collect();
        // Equal contents are told apart by number: the earliest has the first one.
        order.sort_by_key(|&at| (self.calls[self.invocations[at].call as usize].start_ms, at));
        let mut packets = PublicIds::new("packet", published);
        let mut roots = PublicIds::new("root", published);
        for at in order {
            let content = self.content_of_call(self.invocations[at].call as usize);
            let packet = &mut self.invocations[at].packet;
            packets.hide_id(&mut packet.id, &content);
            roots.hide_id(&mut packet.root, &content);
        }
    }

    /// What tells a session from others: its first call; without one when its harness started it;
    /// without that nothing.
    fn content_of_session(&self, at: usize) -> String {
        let session = &self.sessions[at];
        match (session.calls, session.harness_totals.start_ms) {
            (0, Some(start_ms)) => hash_words(&[start_ms.to_string()]),
            (0, None) => String::new(),
            _ => self.content_of_call(session.first_call as usize),
        }
    }

    /// Its output is left out: an older copy may end while it streams.
    fn content_of_call(&self, at: usize) -> String {
        let call = &self.calls[at];
        let usage = Usage { output: 0, ..call.usage }.by_class().map(|tokens| tokens.to_string());
        let words = [call.start_ms.to_string(), self.model_name(call.model).to_owned()];
        hash_words(&[&words[..], &usage].concat())
    }

    /// Cuts names that are longer than any that a harness gives, so that no table or file is made
    /// of one.
    pub fn cut_names(&mut self) {
        let lists = [&mut self.models, &mut self.tools, &mut self.labels];
        lists.into_iter().flatten().for_each(cut_name);
        for session in &mut self.sessions {
            for name in [&mut session.pipeline, &mut session.step, &mut session.version] {
                cut_name(name);
            }
        }
        for packet in self.invocations.iter_mut().map(|invocation| &mut invocation.packet) {
            for name in [&mut packet.agent, &mut packet.kind, &mut packet.source] {
                cut_name(name);
            }
        }
    }

    fn sessions_by_first_call(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.sessions.len()).collect();
        order.sort_by_key(|&at| {
            let calls = &self.calls[self.sessions[at].call_range()];
            (calls.first().map_or(i64::MAX, |call| call.start_ms), at)
        });
        order
    }
}

fn cut_name(name: &mut String) {
    if let Some((end, _)) = name.char_indices().nth(LONGEST_NAME) {
        name.truncate(end);
        name.push('\u{2026}');
    }
}

/// Ids made of content; what has the same content is told apart by a number behind it.
struct ContentIds {
    kind: &'static str,
    given: HashMap<String, usize>,
}

impl ContentIds {
    fn new(kind: &'static str) -> Self {
        Self { kind, given: HashMap::new() }
    }

    fn next_id(&mut self, content: &str) -> String {
        let (kind, count) = (self.kind, self.given.entry(content.to_owned()).or_default());
        *count += 1;
        match (content, *count) {
            ("", count) => format!("{kind}-{count}"),
            (content, 1) => format!("{kind}-{content}"),
            (content, count) => format!("{kind}-{content}-{count}"),
        }
    }
}

/// Ids that several things have in common.
struct PublicIds<'a> {
    made: ContentIds,
    names: HashMap<String, String>,
    published: &'a BTreeSet<String>,
}

impl<'a> PublicIds<'a> {
    fn new(kind: &'static str, published: &'a BTreeSet<String>) -> Self {
        Self { made: ContentIds::new(kind), names: HashMap::new(), published }
    }

    fn hide_id(&mut self, id: &mut String, content: &str) {
        if is_hidden(id, self.published) {
            let shown = self.names.entry(id.clone());
            id.clone_from(shown.or_insert_with(|| self.made.next_id(content)));
        }
    }
}

/// Whether a name says something of whoever recorded: no number, and nothing that was published.
fn is_hidden(name: &str, published: &BTreeSet<String>) -> bool {
    !is_number(name) && !published.contains(name)
}

/// The session that a subagent belongs to stands before a stroke.
pub(super) fn owner_of_id(id: &str) -> &str {
    id.split('/').next().unwrap_or_default()
}

fn hash_words(words: &[String]) -> String {
    hex_prefix(&Sha256::digest(words.join("\n")), CONTENT_BYTES)
}

/// Whether an id is made of numbers, and of words that harnesses put beside them; nothing at all
/// names nobody either.
fn is_number(id: &str) -> bool {
    let words = id.split(|c: char| !c.is_alphanumeric());
    let digits: String = words.filter(|word| !ID_WORDS.contains(word)).collect();
    let is_decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
    // A word may be spelt in hexadecimal digits; a number of that many is hardly without a figure.
    let is_hex = digits.len() >= SHORTEST_HEX
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && digits.bytes().any(|byte| byte.is_ascii_digit());
    is_decimal || is_hex
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};

    #[test]
    fn files_are_numbered_within_their_projects() {
        let typed = BTreeSet::from(["typed.jsonl".to_owned()]);
        let mut names = PublicNames { typed, ..PublicNames::default() };
        for (label, name) in [
            ("-home-alice-acme/a.jsonl", "project-1/file-1"),
            ("-home-alice-acme/a/subagents/b.jsonl", "project-1/folder-1/file-2"),
            ("-home-alice-other/a.jsonl", "project-2/file-3"),
            ("projects/-home-alice-third/a.jsonl", "project-3/file-4"),
            ("projects/-home-alice-fourth/a.jsonl", "project-4/file-5"),
            ("c.jsonl", "file-6"),
            ("typed.jsonl", "typed.jsonl"),
            ("-home-alice-acme/a.jsonl", "project-1/file-1"),
            ("", ""),
        ] {
            assert_eq!(names.name_file(label), name, "{label}");
        }
    }

    #[test]
    fn ids_are_of_content_and_the_same_in_every_recording() {
        let reported = builtin_pipeline("order-774").expect("built in");
        let mut whole = reconstruct(&reported, Lens::Message).expect("fits").recording;
        let owner = "alice/it's";
        for (at, session) in whole.sessions.iter_mut().enumerate() {
            session.step.clear();
            session.id = if at == 3 { "alice/agent-77".into() } else { format!("a{at}-it") };
            session.pipeline = "a2-it".to_owned();
        }
        whole.sessions[2].id = "a2-it".to_owned();
        whole.sessions[4].id = owner.to_owned();
        // Two sessions that start alike: in a recording they are still two.
        let (one, other) = (whole.sessions[5].first_call, whole.sessions[6].first_call);
        let first = whole.calls[one as usize].clone();
        let twin = &mut whole.calls[other as usize];
        (twin.start_ms, twin.usage, twin.model) = (first.start_ms, first.usage, first.model);
        let mut part = whole.filter_sessions(|session| session.id == "a2-it");
        // A copy that ends while its first call streams.
        part.calls[0].usage.output -= 1;
        whole.hide_ids(&BTreeSet::from(["a1-it".to_owned()]));
        part.hide_ids(&BTreeSet::new());
        let ids: Vec<&str> = whole.sessions.iter().map(|session| session.id.as_str()).collect();
        assert_eq!((ids[1], ids[2]), ("a1-it", part.sessions[0].id.as_str()));
        assert!(ids[2].starts_with("session-") && ids[2].len() == "session-".len() + 12);
        assert!(whole.sessions.iter().all(|session| session.pipeline == ids[2]));
        assert_eq!(part.sessions[0].pipeline, ids[2]);
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
        assert!(ids[5] == format!("{}-2", ids[6]) || ids[6] == format!("{}-2", ids[5]));
        // Subagents of one session are still subagents of one session.
        let owners = [ids[3], ids[4]].map(owner_of_id);
        assert_eq!((owners[0], ids[3].ends_with("/agent-77")), (owners[1], true), "{ids:?}");
        let once = whole.clone();
        whole.hide_ids(&BTreeSet::from(["a1-it".to_owned()]));
        assert_eq!(whole, once, "what is hidden stays as it is");
    }

    #[test]
    fn long_names_are_cut_and_others_are_not() {
        let (long, short) = ("\u{e9}".repeat(201), "\u{e9}".repeat(200));
        let models = vec![long, short.clone()];
        let mut recording = Recording { models, ..Recording::default() };
        recording.cut_names();
        assert_eq!(recording.models, [format!("{short}\u{2026}"), short]);
    }

    #[test]
    fn numbers_stay_and_names_do_not() {
        for id in
            ["01999f3e-2c11-7000-8000-0123456789ab", "agent-a1b2c3d4", "774", "", "2026-05-01"]
        {
            assert!(is_number(id), "{id}");
        }
        for id in ["alice", "cafe", "facade", "acme-774", "fix_login", "a1b2"] {
            assert!(!is_number(id), "{id}");
        }
    }
}
