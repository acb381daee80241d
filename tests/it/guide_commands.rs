//! Every command that the guides show works for whoever installed the program: from an empty
//! folder, in the order of the guide.
//!
//! Run is what stands in a block without a language, and begins with `windtunnel`. Blocks in which
//! output follows a command are run by `pipelines`, pieces for a CI by `ci`. What the user is said
//! to have lies there, under the names of the guide: transcripts in the home folder, a table of
//! steps, recordings of two branches. A file of the guide's own is a block that begins with its
//! path in a comment, or has it behind its fence. Nothing of this repository is in reach.

use crate::docs::read;
use crate::pipelines::{Block, blocks};
use crate::run::{Folder, here, ok, session};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Copies a fixture below a folder.
fn lay(folder: &Folder, fixture: &str, to: &str) {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let target = to.join(path.file_name().unwrap());
            if path.is_dir() {
                copy(&path, &target);
            } else {
                fs::copy(&path, target).unwrap();
            }
        }
    }
    copy(Path::new(&here(fixture)), Path::new(&folder.at(to)));
}

/// A step table with as many pipelines on either side of a rollout.
fn step_table() -> String {
    let mut table = "pr,merged_utc,step,fresh,output,read,write,sessions,additions\n".to_owned();
    for pipeline in 0..40 {
        let day = 4 + pipeline / 2;
        let read = 1_000_000 + 10_000 * (pipeline % 7) - 100_000 * (pipeline / 20);
        let at = format!("2026-04-{day:02}T{:02}:00:00Z", 6 + pipeline % 2 * 9);
        let _ = writeln!(table, "{pipeline},{at},implement,100,5000,{read},20000,1,50");
    }
    table
}

/// What a user has before the first command.
fn layout() -> Folder {
    let folder = Folder::new(&[
        ("work/steps.csv", step_table().as_bytes()),
        ("work/before/CLAUDE.md", b"Test first. Small commits."),
        ("work/after/CLAUDE.md", b"Test first."),
    ]);
    // Whole files: a gate refuses to take damage for a baseline.
    for probe in ["00_plain", "01_split_same_usage"] {
        let project = format!("home/.claude/projects/my-project/{probe}");
        lay(&folder, &format!("tests/fixtures/probes/{probe}"), &project);
    }
    lay(&folder, "tests/fixtures/codex-probes/10_codex_plain/codex", "home/.codex/sessions");
    lay(&folder, "tests/fixtures/autoskillit", "home/.local/share/autoskillit");
    let rollouts = "tests/fixtures/rollout-metrics/c11_source_table_ignores_agent/sessions";
    for side in ["home/before", "home/after", "work/windows/before", "work/windows/after"] {
        lay(&folder, rollouts, side);
    }
    for (at, name) in ["main-1", "main-2", "new-1", "new-2"].into_iter().enumerate() {
        let text = session().replace("\"s\"", &format!("\"s{at}\""));
        let text = text.replace("r-", &format!("r{at}-")).replace("u-", &format!("u{at}-"));
        let file = folder.file(&format!("logs/{name}/{name}.jsonl"), text.as_bytes());
        fs::create_dir_all(folder.at("work/runs")).unwrap();
        ok(&["import", &file, "-o", &folder.at(&format!("work/runs/{name}.json"))]);
    }
    folder
}

/// The path of the guide's own file that a block is.
fn own_file(block: &Block) -> Option<String> {
    let behind = block.kind.split(' ').nth(1).filter(|word| *word != "append");
    let first = block.lines.first().and_then(|line| line.strip_prefix("# "));
    let commented = first.filter(|path| path.contains('/') && !path.contains(' '));
    behind.or(commented).map(str::to_owned)
}

/// Whether this build has what a command asks for: a lean one has neither pictures nor Parquet, and
/// no streams for fleets.
fn is_built(command: &str) -> bool {
    let absent = ["chart ", "report ", ".parquet", "--by tool", "fleet "];
    cfg!(feature = "charts") || !absent.iter().any(|it| command.contains(it))
}

/// Runs the commands of a guide; a command is there if it answers: what is refused has no answer on
/// standard output and exit code 2.
fn check_commands(name: &str, fewest: usize, folder: &Folder) {
    let installed = Path::new(env!("CARGO_BIN_EXE_windtunnel")).parent().unwrap();
    let path = format!("{}:{}", installed.display(), std::env::var("PATH").unwrap_or_default());
    let mut count = 0;
    let blocks = blocks(&read(name));
    // A guide may show a file behind the command that reads it.
    for (file, block) in blocks.iter().filter_map(|block| Some((own_file(block)?, block))) {
        folder.file(&format!("work/{file}"), (block.lines.join("\n") + "\n").as_bytes());
    }
    for block in &blocks {
        let commands = block.lines.iter().filter(|line| line.starts_with("windtunnel "));
        for command in commands.filter(|line| block.kind.is_empty() && is_built(line)) {
            let mut bash = Command::new("bash");
            bash.args(["-c", command]).stdin(Stdio::null()).current_dir(folder.at("work"));
            bash.env("PATH", &path).env("HOME", folder.at("home"));
            bash.env_remove("CLAUDE_CONFIG_DIR").env_remove("CODEX_HOME");
            let out = bash.output().expect("bash runs");
            let said = String::from_utf8_lossy(&out.stderr);
            let answers = out.status.success() || !out.stdout.is_empty();
            assert!(answers && !said.contains("panicked"), "{name}: {command}\n{said}");
            count += 1;
        }
    }
    assert!(count >= fewest, "{name}: {count}");
}

#[test]
fn every_command_of_the_readme_works_from_an_empty_folder() {
    let folder = layout();
    // The table of the guide of own pipelines is the one that README asks for.
    check_commands("PIPELINES.md", 0, &folder);
    let fewest = if cfg!(feature = "charts") { 24 } else { 18 };
    check_commands("README.md", fewest, &folder);
}

#[test]
fn every_command_of_the_gates_guide_works_from_an_empty_folder() {
    let fewest = if cfg!(feature = "charts") { 10 } else { 9 };
    check_commands("GATE.md", fewest, &layout());
}

#[cfg(feature = "fleet")]
#[test]
fn every_command_of_the_fleets_guide_works_from_an_empty_folder() {
    check_commands("FLEET.md", 9, &layout());
}
