//! A folder of what a session starts with: how long each part is, and no word of it.
//!
//! A folder is a project (`CLAUDE.md` and `.claude/`), or a home such as `~/.claude`, which has the
//! inside of `.claude/` itself; `system-prompt.md` and `tools.json` stand beside `CLAUDE.md`. What
//! of a file enters the context when a session starts is in MODEL.md, "The start".

use crate::store::{self, DiskError, SearchError};
use crate::study::gate::start_change::{StartPart, StartSize, StartSizes};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// System prompts that a harness is started with.
const SYSTEM_PROMPTS: [&str; 3] = ["system-prompt.md", "system-prompt.txt", "SYSTEM.md"];

/// Project files that are read at every start.
const MEMORY: [&str; 2] = ["CLAUDE.md", "CLAUDE.local.md"];

/// The project file of other harnesses; Claude Code reads it where `CLAUDE.md` imports it.
const OTHER_MEMORY: &str = "AGENTS.md";

/// Schemas of tools.
const TOOLS: &str = "tools.json";

/// How far imports lead. Source: MODEL.md, "The start".
const MOST_HOPS: usize = 4;

/// Characters of a description that are listed. Source: MODEL.md, "The start".
const MOST_DESCRIBED: usize = 1_536;

/// Characters around a name and a description in a list: `- NAME: DESCRIPTION` and the line's end.
/// Source: MODEL.md, "The start".
const AROUND_ENTRY: usize = 5;

/// A folder whose start cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum StartFolderError {
    /// It is no folder.
    #[error("no such folder")]
    NoFolder,
    /// A file cannot be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A folder within cannot be read.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The schemas are no JSON.
    #[error("{TOOLS} is no JSON of tools: {0}")]
    Tools(serde_json::Error),
}

/// Measures a folder; a folder without any part is one of nothing.
///
/// # Errors
/// No folder, or a file in it that cannot be read.
pub fn measure_start_folder(folder: &Path) -> Result<StartSizes, StartFolderError> {
    if !store::path_exists(folder) || store::is_file(folder) {
        return Err(StartFolderError::NoFolder);
    }
    let mut sizes = StartSizes::default();
    let inner = folder.join(".claude");
    let is_project = store::path_exists(&inner);
    let mut memory = MemoryFiles::default();
    for base in [folder, &inner] {
        for name in SYSTEM_PROMPTS {
            if let Some(text) = read_text(&base.join(name))? {
                add_part(&mut sizes, StartPart::SystemPrompt, count_chars(&text));
            }
        }
        for name in MEMORY {
            memory.read(&base.join(name), 0)?;
        }
    }
    // Another harness's file is read where this one's is missing.
    if memory.read_files.is_empty() {
        memory.read(&folder.join(OTHER_MEMORY), 0)?;
    }
    // In a project they lie in its folder for the harness, else the folder is that one.
    let base = if is_project { &inner } else { folder };
    for path in find_named(&base.join("rules"), ".md")? {
        // A rule for some paths is read when a file of these is.
        let text = read_text(&path)?.unwrap_or_default();
        if FrontMatter::of_text(&text).value("paths").is_none() {
            memory.add(&path, &text, 0)?;
        }
    }
    for chars in memory.chars {
        add_part(&mut sizes, StartPart::Memory, chars);
    }
    for (part, below, ending) in [
        (StartPart::Skills, "skills", "SKILL.md"),
        (StartPart::Skills, "commands", ".md"),
        (StartPart::Agents, "agents", ".md"),
    ] {
        for path in find_named(&base.join(below), ending)? {
            let text = read_text(&path)?.unwrap_or_default();
            // Of skills and agents the list enters the start, not what they hold.
            if let Some(chars) = listed_chars(&text, &own_name(&path)) {
                add_part(&mut sizes, part, chars);
            }
        }
    }
    for base in [folder, &inner] {
        if let Some(text) = read_text(&base.join(TOOLS))? {
            for chars in tool_chars(&text)? {
                add_part(&mut sizes, StartPart::Tools, chars);
            }
        }
    }
    Ok(sizes)
}

fn add_part(sizes: &mut StartSizes, part: StartPart, chars: usize) {
    let size: &mut StartSize = sizes.entry(part).or_default();
    size.items += 1;
    size.chars += chars as u64;
}

fn count_chars(text: &str) -> usize {
    text.chars().count()
}

/// A file's text; `None` where there is no such file.
fn read_text(path: &Path) -> Result<Option<String>, DiskError> {
    if !store::is_file(path) {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&store::read_file(path)?).into_owned()))
}

/// The files of a folder whose names end so; none where there is no such folder.
fn find_named(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, SearchError> {
    if !store::path_exists(folder) {
        return Ok(Vec::new());
    }
    match store::find_files(&[folder.to_owned()], &[ending]) {
        Ok(found) => Ok(found.files.into_iter().map(|file| file.path).collect()),
        Err(SearchError::EmptyFolder { .. } | SearchError::NoTranscripts { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Project files, each with what it imports, and each once.
#[derive(Default)]
struct MemoryFiles {
    read_files: BTreeSet<PathBuf>,
    chars: Vec<usize>,
}

impl MemoryFiles {
    fn read(&mut self, path: &Path, hops: usize) -> Result<(), DiskError> {
        match read_text(path)? {
            Some(text) => self.add(path, &text, hops),
            None => Ok(()),
        }
    }

    fn add(&mut self, path: &Path, text: &str, hops: usize) -> Result<(), DiskError> {
        // Files may name each other.
        if !self.read_files.insert(path.to_owned()) {
            return Ok(());
        }
        self.chars.push(count_chars(text));
        if hops < MOST_HOPS {
            let folder = path.parent().unwrap_or(path);
            for name in imported_names(text) {
                self.read(&folder.join(name), hops + 1)?;
            }
        }
        Ok(())
    }
}

/// What `@` stands before, outside of code.
fn imported_names(text: &str) -> Vec<&str> {
    let mut is_code = false;
    let mut names = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            // Every other piece between backquotes is code.
            let words = line.split('`').step_by(2).flat_map(str::split_whitespace);
            names.extend(words.filter_map(|word| word.strip_prefix('@')));
        }
    }
    names
}

/// The head of a file between two lines of dashes, and the rest.
struct FrontMatter<'a> {
    head: Vec<&'a str>,
    body: Vec<&'a str>,
}

impl<'a> FrontMatter<'a> {
    fn of_text(text: &'a str) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let mut fences = (0..lines.len()).filter(|&at| lines[at].trim_end() == "---");
        // A head begins on the first line, or there is none.
        match (fences.next(), fences.next()) {
            (Some(0), Some(end)) => {
                Self { head: lines[1..end].to_vec(), body: lines[end + 1..].to_vec() }
            }
            _ => Self { head: Vec::new(), body: lines },
        }
    }

    /// The value of a key, with the lines that go on with it.
    fn value(&self, key: &str) -> Option<String> {
        let at = self.head.iter().position(|line| {
            line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'))
        })?;
        let (_, first) = self.head[at].split_once(':')?;
        let first = first.trim();
        // A block of lines has its mark where the value would stand.
        let first = if first.starts_with(['|', '>']) { "" } else { first };
        let more = self.head[at + 1..].iter().take_while(|line| line.starts_with([' ', '\t']));
        let words = std::iter::once(first).chain(more.map(|line| line.trim()));
        let words: Vec<&str> = words.filter(|part| !part.is_empty()).collect();
        Some(words.join(" ").trim_matches(['"', '\'']).to_owned())
    }
}

/// Characters of the entry of a skill, command or agent in the list that a session starts with;
/// `None` where only a person may call it.
fn listed_chars(text: &str, name: &str) -> Option<usize> {
    let front = FrontMatter::of_text(text);
    if front.value("disable-model-invocation").is_some_and(|value| value == "true") {
        return None;
    }
    let name = front.value("name").unwrap_or_else(|| name.to_owned());
    let said = ["description", "when_to_use"].map(|key| front.value(key));
    let described = said.iter().flatten().map(|value| count_chars(value)).sum::<usize>();
    // Without a description the first line of the text stands for it.
    let first = front.body.iter().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let described =
        if described == 0 { first.map_or(0, |line| count_chars(line.trim())) } else { described };
    Some(count_chars(&name) + described.min(MOST_DESCRIBED) + AROUND_ENTRY)
}

/// The name of a file without one of its own: of a skill that of its folder.
fn own_name(path: &Path) -> String {
    let named = if path.ends_with("SKILL.md") { path.parent() } else { Some(path) };
    let name = named.and_then(Path::file_stem).unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Characters of each tool as compact JSON.
fn tool_chars(text: &str) -> Result<Vec<usize>, StartFolderError> {
    let value: Value = serde_json::from_str(text).map_err(StartFolderError::Tools)?;
    // A list of tools, an object that holds one, or a single tool.
    let tools = match value {
        Value::Array(tools) => tools,
        Value::Object(mut fields) => match fields.remove("tools") {
            Some(Value::Array(tools)) => tools,
            _ => vec![Value::Object(fields)],
        },
        other => vec![other],
    };
    Ok(tools.iter().map(|tool| count_chars(&tool.to_string())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_and_a_description_are_listed() {
        let skill = "---\nname: deploy\ndescription: Ships it.\n---\nA long body.\n";
        // `- deploy: Ships it.` and the line's end: 6 + 9 + 5.
        assert_eq!(listed_chars(skill, "x"), Some(20));
        let folded = "---\ndescription: >\n  Ships\n  it.\n---\n";
        assert_eq!(listed_chars(folded, "deploy"), Some(20));
        assert_eq!(listed_chars("# Title\n\nShips it.\n", "deploy"), Some(20));
        let hidden = "---\nname: deploy\ndisable-model-invocation: true\n---\n";
        assert_eq!(listed_chars(hidden, "x"), None);
        // A head that does not end is a body.
        assert_eq!(listed_chars("---\nname: deploy\n", "ab"), Some(2 + 3 + 5));
    }

    #[test]
    fn imports_stand_outside_of_code() {
        let text = "See @docs/a.md and `@no.md`.\n```\n@no.md\n```\n@AGENTS.md\n";
        assert_eq!(imported_names(text), ["docs/a.md", "AGENTS.md"]);
    }

    #[test]
    fn tools_are_counted_as_compact_json() {
        for text in ["[{ \"name\": \"a\" }]", "{ \"tools\": [{ \"name\": \"a\" }] }"] {
            assert_eq!(tool_chars(text).unwrap(), [12], "{text}");
        }
        assert_eq!(tool_chars("{ \"name\": \"a\" }").unwrap(), [12]);
        assert!(tool_chars("{").is_err());
    }
}
