//! The pieces for a CI that GATE.md holds, run as they stand there, in order, in a fresh clone.

use crate::run::{Folder, ok, session};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The guide's block that begins with a comment naming `file`, without that line.
fn block(file: &str) -> String {
    let guide = include_str!("../../GATE.md");
    let is_toml = Path::new(file).extension().is_some_and(|ending| ending == "toml");
    let kind = if is_toml { "toml" } else { "yaml" };
    let start = guide.find(&format!("```{kind}\n# {file}\n")).expect("the block is in the guide");
    let body = &guide[start..];
    let body = &body[body.find("\n# ").unwrap() + 1..];
    let (_, body) = body.split_once('\n').unwrap();
    body[..body.find("\n```").unwrap()].to_owned()
}

/// One step of the action.
#[derive(Debug, Default)]
struct Step {
    name: String,
    condition: String,
    env: BTreeMap<String, String>,
    run: String,
}

/// The steps of a composite action, as far as this one uses YAML.
fn steps(action: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (_, body) = action.split_once("\n  steps:\n").expect("an action has steps");
    let mut part = "";
    for line in body.lines() {
        if let Some(name) = line.strip_prefix("    - name: ") {
            steps.push(Step { name: name.to_owned(), ..Step::default() });
            part = "";
            continue;
        }
        let step = steps.last_mut().expect("a step starts with its name");
        match line.strip_prefix("      ") {
            Some("env:") => part = "env",
            Some("run: |") => part = "run",
            Some(rest) if rest.starts_with("if: ") => rest[4..].clone_into(&mut step.condition),
            Some(rest) if rest.starts_with("  ") && part == "env" => {
                let (key, value) = rest.trim().split_once(": ").expect("KEY: value");
                step.env.insert(key.to_owned(), value.to_owned());
            }
            Some(rest) if rest.starts_with("  ") => step.run.extend([&rest[2..], "\n"]),
            Some(_) => {}
            None => panic!("not understood: {line}"),
        }
    }
    steps
}

/// The defaults of its inputs.
fn defaults(action: &str) -> BTreeMap<String, String> {
    let mut inputs = BTreeMap::new();
    let mut input = String::new();
    for line in action.lines().take_while(|line| *line != "runs:") {
        if let Some(name) = line.strip_prefix("  ").and_then(|rest| rest.strip_suffix(':')) {
            name.trim().clone_into(&mut input);
        } else if let Some(default) = line.trim().strip_prefix("default: ") {
            inputs.insert(input.clone(), default.to_owned());
        }
    }
    inputs
}

/// A clone of the last commit of this repository; `None` where there is none to clone.
fn clone(to: &Path) -> Option<PathBuf> {
    let from = env!("CARGO_MANIFEST_DIR");
    if !Path::new(from).join(".git").exists() {
        eprintln!("skipped: no repository to clone");
        return None;
    }
    let clone = to.join("clone");
    let mut git = Command::new("git");
    git.args(["clone", "-q", "--no-hardlinks", from]).arg(&clone);
    assert!(git.status().expect("git runs").success());
    Some(clone)
}

/// What a local run of the action leaves.
struct Ran {
    outputs: Vec<(String, Output)>,
    summary: String,
    code: i32,
}

/// A local runner: `uses` nothing, knows inputs, the outputs of steps and the event.
fn run_action(folder: &Path, inputs: &[(&str, &str)], event: &str) -> Ran {
    let action = block(".github/actions/windtunnel-gate/action.yml");
    let mut known = defaults(&action);
    known.extend(inputs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    let files = ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH"]
        .map(|name| (name, folder.join(format!("../{name}"))));
    for (_, file) in &files {
        std::fs::write(file, "").unwrap();
    }
    let read = |at: usize| std::fs::read_to_string(&files[at].1).unwrap();
    // What the action installs is what these tests were built with.
    let installed = Path::new(env!("CARGO_BIN_EXE_windtunnel")).parent().unwrap();
    let path = format!(
        "{}:{}:{}",
        folder.join("../bin").display(),
        installed.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let (mut outputs, mut code) = (Vec::new(), 0);
    for step in steps(&action) {
        let wanted = step.condition.is_empty()
            || step.condition == format!("github.event_name == '{event}'");
        // What the action installs is there already.
        let installs = ["commit of the source", "cache", "install", "path"];
        if installs.contains(&step.name.as_str()) || !wanted {
            continue;
        }
        let said = |value: &String| match value.strip_prefix("${{ ") {
            None => value.clone(),
            Some(value) => match value.strip_suffix(" }}").expect("an expression ends") {
                "steps.gate.outputs.code" => {
                    let outputs = read(0);
                    outputs.trim().strip_prefix("code=").unwrap_or_default().to_owned()
                }
                "github.token" => "none".to_owned(),
                "github.repository" => "owner/pipeline".to_owned(),
                "github.event.pull_request.number" => "17".to_owned(),
                input => known[input.strip_prefix("inputs.").expect("an input")].clone(),
            },
        };
        let env = step.env.iter().map(|(key, value)| (key, said(value)));
        // As the runner calls bash.
        let out = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &step.run])
            .current_dir(folder)
            .envs(env)
            .envs(files.iter().map(|(name, file)| (name, file)))
            .env("PATH", &path)
            .env("WINDTUNNEL_CACHE", "off")
            .output()
            .expect("bash runs");
        let status = out.status.code().unwrap_or(-1);
        outputs.push((step.name, out));
        if status != 0 {
            code = status;
            break;
        }
    }
    Ran { outputs, summary: read(1), code }
}

/// A stand-in for GitHub's program: it writes down what it was asked for.
fn stub_gh(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let bin = folder.join("../bin");
    std::fs::create_dir_all(&bin).unwrap();
    let gh = bin.join("gh");
    // It knows the comment that `../earlier` names.
    let script = "#!/bin/sh\necho \"$@\" >> ../gh.log\n\
                  case \"$*\" in *--paginate*) cat ../earlier 2>/dev/null; true;; esac\n";
    std::fs::write(&gh, script).unwrap();
    std::fs::set_permissions(&gh, std::fs::Permissions::from_mode(0o755)).unwrap();
}

const HELD: [(&str, &str); 3] = [
    ("baseline", "recorded/order-774.baseline.json"),
    ("candidate", "order-774"),
    ("budget", "scenarios/unmoved.toml"),
];

#[test]
fn the_composite_action_passes_what_did_not_move() {
    let place = tempfile::tempdir().unwrap();
    let Some(folder) = clone(place.path()) else { return };
    stub_gh(&folder);
    let ran = run_action(&folder, &HELD, "pull_request");
    let names: Vec<&str> = ran.outputs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["gate", "comment", "verdict"]);
    let gate = &ran.outputs[0].1;
    let said = String::from_utf8_lossy(&gate.stdout);
    assert_eq!(ran.code, 0, "{said}{}", String::from_utf8_lossy(&gate.stderr));
    assert!(said.starts_with("::notice "), "{said}");
    assert!(ran.summary.contains("the gate passes"), "{}", ran.summary);
    let asked = || std::fs::read_to_string(place.path().join("gh.log")).unwrap();
    assert_eq!(asked().lines().count(), 1, "nothing to comment on: {}", asked());
    assert_eq!(std::fs::read_to_string(folder.join("gate-comment.md")).unwrap(), "");
    let comment = std::fs::read_to_string(folder.join("gate-unmoved.md")).unwrap();
    assert!(comment.starts_with("<!-- windtunnel-gate -->\n"), "{comment}");
    assert!(comment.contains("within limits"), "{comment}");
    // What an earlier run said is taken back.
    std::fs::write(place.path().join("earlier"), "4711\n").unwrap();
    assert_eq!(run_action(&folder, &HELD, "pull_request").code, 0);
    let wanted = "api --method PATCH repos/owner/pipeline/issues/comments/4711 \
                  --field body=@gate-unmoved.md";
    assert_eq!(asked().lines().last(), Some(wanted));
}

#[test]
fn the_composite_action_stops_what_grew_and_comments() {
    let place = tempfile::tempdir().unwrap();
    let Some(folder) = clone(place.path()) else { return };
    stub_gh(&folder);
    let grown = [HELD[0], ("candidate", "order-775"), HELD[2]];
    let ran = run_action(&folder, &grown, "pull_request");
    let said = String::from_utf8_lossy(&ran.outputs[0].1.stdout);
    assert_eq!(ran.code, 1, "{said}{}", String::from_utf8_lossy(&ran.outputs[0].1.stderr));
    assert!(said.lines().all(|line| line.starts_with("::error ")), "{said}");
    let asked = std::fs::read_to_string(place.path().join("gh.log")).unwrap();
    let wanted = "pr comment 17 --body-file gate-comment.md";
    assert_eq!(asked.lines().last(), Some(wanted), "{asked}");
    let comment = std::fs::read_to_string(folder.join("gate-comment.md")).unwrap();
    assert!(comment.contains("the gate says no"), "{comment}");
    assert!(ran.summary.contains("the gate says no"), "{}", ran.summary);
}

#[test]
fn the_composite_action_fails_where_nothing_can_be_judged() {
    let place = tempfile::tempdir().unwrap();
    let Some(folder) = clone(place.path()) else { return };
    let missing = [HELD[0], ("candidate", "runs/new.json"), HELD[2]];
    let ran = run_action(&folder, &missing, "push");
    assert_eq!(ran.code, 2);
    let told = String::from_utf8_lossy(&ran.outputs[0].1.stderr);
    assert!(told.contains("runs/new.json"), "{told}");
    // A CI that reads files is told as well.
    for file in ["gate.xml", "gate.md", "gate-comment.md"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        assert!(text.contains("runs/new.json"), "{file}: {text}");
    }
    let junit = std::fs::read_to_string(folder.join("gate.xml")).unwrap();
    assert!(junit.contains("errors=\"1\""), "{junit}");
}

/// What a reader does first: the two commands of the guide, with its budget, in an empty folder.
#[test]
fn the_commands_of_the_guide_work_with_its_budget() {
    let folder = Folder::new(&[]);
    let guide = include_str!("../../GATE.md");
    let (_, rest) = guide.split_once("```\nwindtunnel gate --update").expect("the first commands");
    let (commands, _) = rest.split_once("\n```").expect("their end");
    let commands = format!("windtunnel gate --update{commands}");
    for (at, name) in ["main-1", "main-2", "new-1", "new-2"].into_iter().enumerate() {
        let text = session().replace("\"s\"", &format!("\"s{at}\""));
        let text = text.replace("r-", &format!("r{at}-")).replace("u-", &format!("u{at}-"));
        let file = folder.file(&format!("logs/{name}/{name}.jsonl"), text.as_bytes());
        std::fs::create_dir_all(folder.at("runs")).unwrap();
        ok(&["import", &file, "-o", &folder.at(&format!("runs/{name}.json"))]);
    }
    folder.file("windtunnel/budget.toml", block("windtunnel/budget.toml").as_bytes());
    let installed = Path::new(env!("CARGO_BIN_EXE_windtunnel")).parent().unwrap();
    let path = format!("{}:{}", installed.display(), std::env::var("PATH").unwrap_or_default());
    assert_eq!(commands.lines().count(), 2, "{commands}");
    for command in commands.lines() {
        let mut bash = Command::new("bash");
        bash.args(["-c", command])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("WINDTUNNEL_CACHE", "off");
        let out = bash.output().expect("bash runs");
        let said = [out.stdout, out.stderr].concat();
        assert!(out.status.success(), "{command}: {}", String::from_utf8_lossy(&said));
    }
    // A name of somebody else's pipeline is refused, with what there is.
    let budget = folder.file("b.toml", block("windtunnel/budget-of-one-step.toml").as_bytes());
    let baseline = folder.at("windtunnel/baseline.json");
    let new = folder.at("runs/new-1.json");
    let args = ["gate", "--baseline", &baseline, "--candidate", &new, "--budget", &budget];
    let ran = crate::run::run(&args);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    let words = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("limits.step.implement.calls") && words.contains("no step"), "{words}");
}

#[test]
fn the_budget_and_the_hook_of_the_guide_hold_a_scenario() {
    let folder = Folder::new(&[]);
    let named = block("windtunnel/budget-of-one-step.toml");
    let budget = folder.file("budget.toml", named.as_bytes());
    let (scenario, baseline) = (folder.at("scenario.toml"), folder.at("baseline.json"));
    ok(&["scenario", "new", "order-774", "-o", &scenario]);
    ok(&["gate", "--update", "--baseline", &baseline, "--scenario", &scenario]);
    let hook = block(".pre-commit-config.yaml");
    let entry =
        hook.lines().find_map(|line| line.trim().strip_prefix("entry: ")).expect("an entry");
    let own = |word: &str| match word {
        "windtunnel/baseline.json" => baseline.clone(),
        "windtunnel/scenario.toml" => scenario.clone(),
        "windtunnel/budget.toml" => budget.clone(),
        word => word.to_owned(),
    };
    let words: Vec<String> = entry.split(' ').skip(1).map(own).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = ok(&[&words[..], &["--details"]].concat());
    // The whole, each step, and what the scenario saves.
    for part in ["the gate passes", "step implement", "+20 % or +10", "at least 10 %", "+2 %"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // A name that is nearly one of the pipeline's.
    let wrong = named.replace("step.implement", "step.implment");
    folder.file("budget.toml", wrong.as_bytes());
    let ran = crate::run::run(&words);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    // Wherever lines break.
    let told = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("(is it 'implement'?)"), "{told}");
}

#[test]
fn the_gitlab_job_leaves_test_results() {
    let place = tempfile::tempdir().unwrap();
    let Some(folder) = clone(place.path()) else { return };
    let job = block(".gitlab-ci.yml");
    let script: Vec<&str> = job.lines().filter_map(|line| line.strip_prefix("    - ")).collect();
    let [install, gate] = script[..] else { panic!("two lines: {script:?}") };
    assert!(install.contains(" || cargo install "), "{install}");
    // Where the job finds what it built before.
    let gate = gate.strip_prefix(".cargo/bin/").expect("the cached program");
    let installed = Path::new(env!("CARGO_BIN_EXE_windtunnel")).parent().unwrap();
    let path = format!("{}:{}", installed.display(), std::env::var("PATH").unwrap_or_default());
    let env = HELD.map(|(key, value)| (key.to_uppercase(), value));
    let out = Command::new("bash")
        .args(["-c", gate])
        .current_dir(&folder)
        .envs(env)
        .env("PATH", path)
        .env("WINDTUNNEL_CACHE", "off")
        .output()
        .expect("bash runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let junit = std::fs::read_to_string(folder.join("gate.xml")).unwrap();
    assert!(junit.contains("failures=\"0\""), "{junit}");
    assert!(std::fs::read_to_string(folder.join("gate.md")).unwrap().contains("passes"));
}
