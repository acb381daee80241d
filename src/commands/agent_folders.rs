//! Where agents on this machine write their transcripts: what is read where nothing is named.

use super::error::CommandError;
use super::{Messages, load_scenario};
use crate::cli::{Command, ExperimentArgs, FleetCommand, ToggleArgs};
use crate::reconstruct;
use crate::store;
use std::path::{Path, PathBuf};

/// What the environment says about homes.
#[derive(Clone, Debug, Default)]
struct AgentHomes {
    /// The user's own folder.
    home: Option<PathBuf>,
    /// Instead of those of Claude Code within it; several with commas.
    claude: Option<String>,
    /// Instead of that of Codex within it.
    codex: Option<String>,
}

/// A folder in which an agent may write.
#[derive(Clone, Debug, PartialEq, Eq)]
struct AgentFolder {
    /// As it is told: without the user's name.
    told: String,
    path: PathBuf,
}

impl AgentHomes {
    #[expect(clippy::disallowed_methods, reason = "the street reads the environment")]
    fn from_environment() -> Self {
        // What is set to nothing is not set.
        let [claude, codex] = ["CLAUDE_CONFIG_DIR", "CODEX_HOME"]
            .map(|name| std::env::var(name).ok().filter(|text| !text.trim().is_empty()));
        Self { home: std::env::home_dir().filter(|home| home.is_absolute()), claude, codex }
    }

    /// Everywhere that transcripts may be, whether or not there are some.
    fn folders(&self) -> Vec<AgentFolder> {
        let mut folders = Vec::new();
        let mut add = |told: &str, home: &Path, below: &[&str]| {
            let told_below = below.iter().map(|name| format!("{told}/{name}"));
            let paths = below.iter().map(|name| home.join(name));
            folders.extend(told_below.zip(paths).map(|(told, path)| AgentFolder { told, path }));
        };
        const CLAUDE: [&str; 1] = ["projects"];
        const CODEX: [&str; 2] = ["sessions", "archived_sessions"];
        let within = |name: &str| self.home.as_ref().map(|home| home.join(name));
        match &self.claude {
            // A folder that is named is used instead of the others, as Claude Code does.
            Some(named) => {
                for one in named.split(',').map(str::trim).filter(|one| !one.is_empty()) {
                    add("$CLAUDE_CONFIG_DIR", Path::new(one), &CLAUDE);
                }
            }
            None => {
                for name in [".claude", ".config/claude"] {
                    if let Some(home) = within(name) {
                        add(&format!("~/{name}"), &home, &CLAUDE);
                    }
                }
            }
        }
        match (&self.codex, within(".codex")) {
            (Some(named), _) => add("$CODEX_HOME", Path::new(named), &CODEX),
            (None, Some(home)) => add("~/.codex", &home, &CODEX),
            (None, None) => {}
        }
        folders
    }
}

/// Names the folders of agents where a command reads transcripts and none are named; says what it
/// then reads, for a person.
pub fn fill_in_folders(command: &mut Command) -> Result<Messages, CommandError> {
    let Some(recordings) = unnamed_recordings(command) else { return Ok(Messages::default()) };
    let (found, files) = find_transcripts(&AgentHomes::from_environment().folders())?;
    *recordings = found.iter().map(|folder| folder.path.display().to_string()).collect();
    if let Command::Inspect(args) = command {
        args.are_agent_folders = true;
    }
    let told: Vec<&str> = found.iter().map(|folder| folder.told.as_str()).collect();
    let files = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
    let words = format!("read {} ({files}): no path was named", told.join(", "));
    Ok(if super::tells_a_person() { Messages::of_line(words) } else { Messages::default() })
}

/// The arguments of a command that name what it reads, where they name nothing.
fn unnamed_recordings(command: &mut Command) -> Option<&mut Vec<String>> {
    let (recordings, toggles) = match command {
        Command::Report(args) => split_experiment(&mut args.experiment),
        Command::Compare(args) => split_experiment(&mut args.experiment),
        Command::Fleet(FleetCommand::Draws(args)) => split_experiment(&mut args.experiment),
        Command::Fleet(FleetCommand::Sets(args)) => split_experiment(&mut args.experiment),
        Command::Fleet(FleetCommand::Cut(args)) => split_experiment(&mut args.experiment),
        Command::Sweep(args) => split_experiment(&mut args.experiment),
        Command::Chart(args) => split_experiment(&mut args.experiment),
        Command::Inspect(args) => (&mut args.recordings, Some(&args.toggles)),
        Command::Audit(args) => (&mut args.recordings, None),
        Command::Import(args) => (&mut args.paths, None),
        Command::Steps(args) => (&mut args.recordings, None),
        Command::Export(args) => (&mut args.recordings, None),
        Command::Routes(args) => (&mut args.recordings, None),
        Command::GateStart(args) => (&mut args.recordings, None),
        _ => return None,
    };
    // A scenario may name the recording, too.
    let is_named = !recordings.is_empty() || toggles.is_some_and(names_recording);
    (!is_named).then_some(recordings)
}

fn split_experiment(args: &mut ExperimentArgs) -> (&mut Vec<String>, Option<&ToggleArgs>) {
    (&mut args.recordings, Some(&args.toggles))
}

/// Whether a scenario is named that names a recording, or that cannot be read, which is told where
/// it is used.
fn names_recording(toggles: &ToggleArgs) -> bool {
    let file = toggles.scenario.as_deref();
    file.is_some_and(|file| {
        load_scenario::load_scenario("", Some(file), &[])
            .map_or(true, |scenario| !scenario.recording.is_empty())
    })
}

/// The folders that hold transcripts, and how many files.
fn find_transcripts(folders: &[AgentFolder]) -> Result<(Vec<AgentFolder>, usize), CommandError> {
    let (mut found, mut files) = (Vec::new(), 0);
    for folder in folders {
        let count = store::find_files(std::slice::from_ref(&folder.path), &[".jsonl"])
            // A folder that is not there or cannot be read holds none.
            .map_or(0, |search| search.files.len());
        if count > 0 {
            found.push(folder.clone());
            files += count;
        }
    }
    if found.is_empty() {
        let looked: Vec<&str> = folders.iter().map(|folder| folder.told.as_str()).collect();
        let looked =
            if looked.is_empty() { "nowhere: HOME is not set" } else { &looked.join(", ") };
        let problem = format!("no path was named, and there are no transcripts in {looked}");
        let known: Vec<_> = reconstruct::builtin_names().collect();
        return Err(CommandError::argument("", problem).with_hint(format!(
            "name a file or a folder of transcripts, set CLAUDE_CONFIG_DIR or CODEX_HOME, or try a \
             built-in recording ({})",
            known.join(", ")
        )));
    }
    Ok((found, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(homes: &AgentHomes) -> Vec<(String, String)> {
        let folders = homes.folders().into_iter();
        folders.map(|folder| (folder.told, folder.path.display().to_string())).collect()
    }

    #[test]
    fn homes_that_are_named_count_instead_of_the_usual_ones() {
        let mut homes = AgentHomes { home: Some("/home/me".into()), ..AgentHomes::default() };
        let usual = [
            ("~/.claude/projects", "/home/me/.claude/projects"),
            ("~/.config/claude/projects", "/home/me/.config/claude/projects"),
            ("~/.codex/sessions", "/home/me/.codex/sessions"),
            ("~/.codex/archived_sessions", "/home/me/.codex/archived_sessions"),
        ];
        assert_eq!(told(&homes), usual.map(|(told, path)| (told.to_owned(), path.to_owned())));
        homes.claude = Some("/a, /b,".to_owned());
        homes.codex = Some("/c".to_owned());
        let paths: Vec<String> = told(&homes).into_iter().map(|(_, path)| path).collect();
        assert_eq!(paths, ["/a/projects", "/b/projects", "/c/sessions", "/c/archived_sessions"]);
        assert!(AgentHomes::default().folders().is_empty());
    }
}
