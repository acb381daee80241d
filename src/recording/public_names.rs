//! Names that may be shared: what a recording holds of the machine that it was made on becomes
//! `project-1`, `file-1`, `session-1`, numbered in the order of first calls. No digest of a name
//! stands for it: a dictionary would open that.
//!
//! Names of tools, models, agents, kinds of packets, steps and pipelines stay, and so do ids that
//! are nothing but numbers: they are what one looks for, and they name nobody.

use super::Recording;
use std::collections::{BTreeSet, HashMap};

/// Words that harnesses put beside the numbers of an id.
const ID_WORDS: [&str; 8] =
    ["agent", "rollout", "session", "thread", "subagents", "part", "branch", "jsonl"];

/// The most characters of a name.
const LONGEST_NAME: usize = 200;

/// The hexadecimal digits that make a number: `cafe1` is a name.
const SHORTEST_HEX: usize = 6;

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
    /// What a file is called: its project, its folder within, and its own number.
    pub fn name_file(&mut self, label: &str) -> String {
        if label.is_empty() || self.typed.contains(label) {
            return label.to_owned();
        }
        let file = self.files.name("file", label);
        let Some((folder, _)) = label.rsplit_once('/') else { return file };
        let top = folder.split('/').next().unwrap_or_default();
        let project = self.projects.name("project", top);
        if top == folder {
            return format!("{project}/{file}");
        }
        format!("{project}/{}/{file}", self.folders.name("folder", folder))
    }
}

impl Recording {
    /// Gives files and their folders numbers, in the order of first calls; files that were `typed`
    /// keep their names.
    pub fn hide_file_names(&mut self, typed: BTreeSet<String>) -> PublicNames {
        let mut names = PublicNames { typed, ..PublicNames::default() };
        for at in self.sessions_by_first_call() {
            let session = &mut self.sessions[at];
            session.file = names.name_file(&session.file);
        }
        names
    }

    /// Gives sessions, packets and roots numbers whose ids are names, in the order of first calls.
    pub fn hide_ids(&mut self) {
        let (mut sessions, mut packets, mut roots) = Default::default();
        for at in self.sessions_by_first_call() {
            let session = &mut self.sessions[at];
            hide_id(&mut sessions, "session", &mut session.id);
            // Without a step nobody named the pipeline: it is the first of its sessions.
            if session.step.is_empty() {
                hide_id(&mut sessions, "session", &mut session.pipeline);
            }
        }
        for packet in self.invocations.iter_mut().map(|invocation| &mut invocation.packet) {
            hide_id(&mut packets, "packet", &mut packet.id);
            hide_id(&mut roots, "root", &mut packet.root);
        }
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

fn hide_id(names: &mut NumberedNames, kind: &str, id: &mut String) {
    if !is_number(id) {
        *id = names.name(kind, id);
    }
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

    #[test]
    fn files_are_numbered_within_their_projects() {
        let typed = BTreeSet::from(["typed.jsonl".to_owned()]);
        let mut names = PublicNames { typed, ..PublicNames::default() };
        for (label, name) in [
            ("-home-alice-acme/a.jsonl", "project-1/file-1"),
            ("-home-alice-acme/a/subagents/b.jsonl", "project-1/folder-1/file-2"),
            ("-home-alice-other/a.jsonl", "project-2/file-3"),
            ("c.jsonl", "file-4"),
            ("typed.jsonl", "typed.jsonl"),
            ("-home-alice-acme/a.jsonl", "project-1/file-1"),
            ("", ""),
        ] {
            assert_eq!(names.name_file(label), name, "{label}");
        }
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
