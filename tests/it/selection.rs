//! What is read where nothing is named, and which sessions take part: by project and by time.

use crate::import_bad_input::{prompt, response};
use crate::run::{Folder, Ran, json, ok, program, refused};
use serde_json::Value;

/// A session of one call that starts on a day of 2026, in the folder of a project.
fn session_of(day: &str, id: &str) -> String {
    let dated = |line: String| line.replace("2026-01-01T00:00", &format!("2026-{day}"));
    dated([prompt("\"hi\""), response(id, 0, 5)].concat()).replace("\"s\"", &format!("\"{id}\""))
}

/// A home in which Claude Code worked on two projects.
fn home() -> Folder {
    let folder = Folder::new(&[]);
    for (project, day, id) in [
        ("-home-me-windtunnel", "03-01T10:00", "a1"),
        ("-home-me-windtunnel", "03-09T23:30", "a2"),
        ("-home-me-other", "03-10T12:00", "b1"),
    ] {
        let name = format!(".claude/projects/{project}/{id}.jsonl");
        folder.file(&name, session_of(day, id).as_bytes());
    }
    folder
}

fn run_at_home(home: &Folder, args: &[&str]) -> Ran {
    let ran = Ran::from(program(args).env("HOME", home.path()).output().expect("it starts"));
    assert!(!ran.err.contains("panicked"), "{args:?}: {}", ran.err);
    ran
}

fn calls_at_home(home: &Folder, args: &[&str]) -> i64 {
    let args = [&["inspect", "--format", "json"], args].concat();
    let ran = run_at_home(home, &args);
    assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.err);
    let told: Value = serde_json::from_str(&ran.out).expect("JSON");
    told["totals"]["calls"].as_i64().expect("calls")
}

#[test]
fn without_a_path_commands_read_where_agents_write() {
    let home = home();
    assert_eq!(calls_at_home(&home, &[]), 3);
    for command in ["compare", "sweep", "steps", "routes", "audit", "import"] {
        let args = match command {
            "compare" | "sweep" => vec![command, "--draws", "0", "--with", "G7"],
            _ => vec![command],
        };
        let ran = run_at_home(&home, &args);
        assert_eq!(ran.code, Some(0), "{command}: {}", ran.err);
        assert!(!ran.err.contains("was named"), "nobody is told in a pipe: {}", ran.err);
        assert!(!ran.out.contains("windtunnel-"), "{command} names a project: {}", ran.out);
    }
    // A scenario without a recording is of one's own as well.
    let file = home.file("s.toml", b"schema = \"windtunnel.scenario/1\"\n[toggles.G7]\n");
    let ran = run_at_home(&home, &["compare", "--scenario", &file, "--draws", "0"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    // A home that is named counts instead of the usual ones; Codex has one of its own.
    let named = |claude: &str, codex: &str| {
        let mut program = program(&["inspect", "--format", "json"]);
        program.env("HOME", home.path()).env("CLAUDE_CONFIG_DIR", claude).env("CODEX_HOME", codex);
        Ran::from(program.output().expect("it starts"))
    };
    let ran = named(&home.at("nowhere"), &home.at("codex"));
    assert_eq!(ran.code, Some(2));
    for words in ["$CLAUDE_CONFIG_DIR/projects", "$CODEX_HOME/sessions", "archived_sessions"] {
        assert!(ran.err.contains(words), "{}", ran.err);
    }
    assert_eq!(named(&home.at(".claude"), &home.at("codex")).code, Some(0));
}

#[test]
fn an_empty_home_is_told_with_the_ways_out() {
    let wanted = ["~/.claude/projects", "~/.codex/sessions", "order-774", "CLAUDE_CONFIG_DIR"];
    for command in ["inspect", "compare", "report", "import", "steps", "audit", "routes"] {
        refused(&[command], &wanted);
    }
    // What is written over an input is refused, whoever named it.
    let home = home();
    let out = home.at(".claude/projects/-home-me-other/b1.jsonl");
    let ran = run_at_home(&home, &["import", "-o", &out, "--force"]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
}

#[test]
fn sessions_are_selected_by_when_they_start_and_by_project() {
    let home = home();
    for (args, calls) in [
        (&["--since", "2026-03-10"][..], 1),
        (&["--since", "2026-03-09T23:30:00Z"], 2),
        (&["--until", "2026-03-09"], 2),
        (&["--until", "2026-03-01T10:00:01Z"], 1),
        (&["--since", "2026-03-01", "--until", "2026-03-01"], 1),
        // The 9th, 23:30 UTC, is the 10th two hours east.
        (&["--since", "2026-03-10", "--timezone", "+02:00"], 2),
        (&["--last", "1d"], 2),
        (&["--last", "12h"], 1),
        (&["--last", "2w"], 3),
        (&["--last", "1d", "--until", "2026-03-01"], 1),
        (&["--project", "windtunnel"], 2),
        (&["--project", "Other"], 1),
        (&["--project", "windtunnel", "--project", "other"], 3),
        (&["--project", "-home-me-w*"], 2),
        (&["--project", "windtunnel", "--last", "1h"], 1),
    ] {
        assert_eq!(calls_at_home(&home, args), calls, "{args:?}");
    }
    let ran = run_at_home(&home, &["inspect", "--project", "windtunel"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("has no 'windtunel'"), "{}", ran.err);
    assert!(ran.err.contains("'project-1', 'project-2'") && !ran.err.contains("home-me"));
    for args in [
        &["--since", "yesterday"][..],
        &["--until", "2026-13-01"],
        &["--last", "7"],
        &["--timezone", "Europe/Paris"],
        &["--since", "2026-03-01", "--last", "7d"],
        &["--since", "2027-01-01"],
    ] {
        let ran = run_at_home(&home, &[&["inspect"], args].concat());
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{args:?}: {}", ran.err);
    }
}

#[test]
fn every_command_takes_the_same_part_and_says_so() {
    let home = home();
    let projects = home.at(".claude/projects");
    let recording = home.at("part.json");
    ok(&["import", &projects, "--project", "windtunnel", "-o", &recording]);
    assert_eq!(json(&["inspect", &recording])["totals"]["calls"], 2);
    let part = ["--project", "windtunnel"];
    let steps = json(&[&["steps", &projects], &part[..]].concat());
    assert_eq!(steps["total"]["calls"], 2);
    let compared =
        json(&[&["compare", &projects, "--with", "G7", "--draws", "0"], &part[..]].concat());
    for told in [&steps, &compared] {
        let premises = &told["provenance"]["premises"];
        assert_eq!(premises, &serde_json::json!(["select project: windtunnel"]));
    }
    // Whole calls in a window, for agents that live for days.
    let routes = json(&["routes", &projects, "--last", "1d"]);
    assert_eq!(routes["outside"]["calls"], 2);
}
