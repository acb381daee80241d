//! A queue of requests: cases by hand, what is asked for, and what is refused.

use crate::run::{Folder, json, ok, refused, run};
use serde_json::Value;
use windtunnel::intervene::{self, ToggleParams};
use windtunnel::plan::Plan;
use windtunnel::reconstruct::routes::{parse_queue_toml, reconstruct_routes};
use windtunnel::recording::Recording;
use windtunnel::replay::replay_plan;

/// Three requests, four cycles, 10,000 tokens a session of which 3,000 are search: the first fails
/// in the second cycle, the third conflicts in the first and the third.
const BY_HAND: &str = "tests/fixtures/queues/by-hand.toml";
const OWN: &str = "tests/fixtures/queues/maintenance.toml";

fn recording(text: &str) -> Recording {
    let routes = parse_queue_toml("test.toml", text).expect("a queue");
    reconstruct_routes(&routes, &[]).expect("sessions").recording
}

fn plan(recording: &Recording, ids: &[&str]) -> Plan {
    let patch = |id: &&str| {
        let toggle = intervene::find_by_id(id).expect("a toggle");
        let mut params = ToggleParams::modes_of_card(toggle.card());
        if *id == "E8" {
            assert!(params.set_value("share", 10_000));
        }
        toggle.build_patch(recording, &params)
    };
    crate::generated::compile(recording, &ids.iter().map(patch).collect::<Vec<_>>())
}

/// Sessions that are made, and their tokens.
fn left(text: &str, ids: &[&str]) -> (i64, i64) {
    let recording = recording(text);
    let outcome = replay_plan(&plan(&recording, ids), (1 << ids.len()) - 1);
    (outcome.calls, outcome.total_usage().context_tokens())
}

#[test]
fn routine_sessions_fall_where_signals_escalate() {
    let text = crate::docs::read(BY_HAND);
    // 3 x 4 sessions; three of them show a signal.
    assert_eq!(left(&text, &[]), (12, 120_000));
    assert_eq!(left(&text, &["E5"]), (3, 30_000));
    // The second request, in its third and fourth cycle.
    assert_eq!(left(&text, &["E6"]), (10, 100_000));
    assert_eq!(left(&text, &["E5", "E6"]), (3, 30_000), "dropped once");
    // 30 % of every session that is made.
    assert_eq!(left(&text, &["E8"]), (12, 84_000));
    assert_eq!(left(&text, &["E5", "E8"]), (3, 21_000));
}

#[test]
fn shares_of_one_queue_are_those_of_its_subsets() {
    let shares = |with: &str| -> Vec<(i64, i64)> {
        let set = ["--set", "E8.share=10000", "--set", "E6.after=2"];
        let sets: Vec<&str> =
            set.chunks(2).filter(|it| with.contains(&it[1][..2])).flatten().copied().collect();
        let told =
            json(&[&["compare", BY_HAND, "--draws", "0", "--with", with][..], &sets].concat());
        let toggles = told["toggles"].as_array().expect("toggles");
        // Tokens of no known class stand as input that no cache gave.
        let tokens = |of: &Value| of.as_i64().expect("tokens");
        let pair = |it: &Value| (tokens(&it["alone"]["fresh"]), tokens(&it["shapley"]["tokens"]));
        toggles.iter().map(pair).collect()
    };
    assert_eq!(shares("E5,E6"), [(90_000, 80_000), (20_000, 10_000)]);
    assert_eq!(shares("E5,E8"), [(90_000, 76_500), (36_000, 22_500)]);
}

#[test]
fn arrivals_denials_duplicates_and_closed_scopes_are_counted() {
    let text = "schema = \"windtunnel.queue/1\"\n[queue]\nrequests = 10\ncycles = { count = 10 }\n\
                session = { tokens = 1000, search = 0.0 }\nsignal = [{ kind = \"owner\", rate = \
                0.1 }]\ntoday = { duplicates = 0.2, closed = 0.3, denied = { actions = 2, tries = \
                5 } }\n";
    // A hundred turns and ten tries.
    assert_eq!(left(text, &[]), (110, 110_000));
    assert_eq!(left(text, &["E5"]).0, 20, "ten signals and ten tries");
    assert_eq!(left(text, &["E7"]).0, 90, "a fifth of the turns");
    assert_eq!(left(text, &["E9"]).0, 102, "all tries but the first of each action");
    assert_eq!(left(text, &["E10"]).0, 80, "three of ten requests");
    // What today's rules do already is in no recording.
    let watched = text.replace("today = {", "today = { escalate = \"on-signal\",");
    assert_eq!(left(&watched, &[]).0, 20);
    assert_eq!(left(&watched, &["E5"]).0, 20);
    let stopped = text.replace("today = {", "today = { stop_after = 2,");
    assert_eq!(left(&stopped, &[]), left(text, &["E6"]));
    // A request that arrives has its first session whatever it shows.
    let arriving = text.replace("today = {", "today = { arrive = 0.2,");
    assert!(left(&arriving, &["E5"]).0 > 30, "{:?}", left(&arriving, &["E5"]));
}

#[test]
fn what_is_left_out_is_asked_for_and_has_bounds() {
    let told = json(&["compare", OWN, "--draws", "0"]);
    let bounds = told["bounds"].as_array().expect("bounds");
    let waits: Vec<&str> = bounds
        .iter()
        .filter(|bound| bound["asked"].as_array().is_some_and(|asked| !asked.is_empty()))
        .map(|bound| bound["id"].as_str().expect("an id"))
        .collect();
    // Closed scopes are left out of the file, and what a list spares no queue tells.
    assert_eq!(waits, ["E3", "E8", "E10"]);
    let queue = told["queue"].as_array().expect("a queue");
    let asked = queue.iter().filter(|figure| figure["value"].is_null());
    let asked: Vec<&Value> = asked.map(|figure| &figure["figure"]).collect();
    assert_eq!(asked, ["requests of a closed scope"]);
    let text = ok(&["compare", OWN, "--draws=0", "--with", "E5,E6", "--details", "--provenance"]);
    assert!(text.contains("E5(share=told)") && text.contains("No dollars"), "{text}");
    assert!(!text.contains("Turns and requests"), "nobody told how long a session takes");
}

#[test]
fn the_built_in_queue_names_what_is_missing() {
    let told = json(&["compare", "economics-2026-06", "--draws", "0"]);
    let queue = told["queue"].as_array().expect("a queue");
    let of = |name: &str| queue.iter().find(|it| it["figure"] == name).expect("a figure");
    assert_eq!(of("requests")["value"], 34);
    assert_eq!(of("tokens of generation and maintenance")["value"], 4_010_000);
    assert!(of("candidates in the ledger")["note"].as_str().expect("a note").starts_with("89 "));
    for name in ["cycles of the queue", "signals a request and cycle", "tokens of a session"] {
        assert!(of(name)["value"].is_null(), "{name}");
    }
    let text = ok(&["compare", "economics-2026-06", "--draws=0", "--details"]);
    assert!(!text.contains('$'), "no dollars anywhere");
}

#[test]
fn a_queue_that_cannot_be_is_refused_with_its_place() {
    let folder = Folder::new(&[]);
    let check = |body: &str, words: &[&str]| {
        let text = format!("schema = \"windtunnel.queue/1\"\n[queue]\n{body}\n");
        let path = folder.file("mine.toml", text.as_bytes());
        refused(&["compare", &path], &[&["mine.toml"], words].concat());
    };
    check("requests = 3", &["queue.session.tokens", "missing", "'queue.tokens'"]);
    check("request = 3", &["line 3", "queue.request", "is it 'requests'?"]);
    check("tokens = 100\nrequests = 0", &["line 4", "queue.requests", "from 1 to"]);
    check("session = { token = 1 }", &["line 3", "queue.session.token", "is it 'tokens'?"]);
    check("session = { tokens = 5 }\nrequests = 2", &["queue.cycles.count", "missing"]);
    check("session = { tokens = 5 }\ntokens = 9", &["queue.tokens", "not both"]);
    check(
        "tokens = 9\nsession = { search = 1.5 }",
        &["line 4", "queue.session.search", "per cent is"],
    );
    check("tokens = 9\nsignal = [{ kind = \"ownr\" }]", &["line 4", "is it 'owner'?"]);
    check("tokens = 9\nsignal = [{ rate = 0.1 }]", &["queue.signal.kind", "missing"]);
    check(
        "tokens = 9\ncycles = { count = 3, every = \"6x\" }",
        &["line 4", "wanted a time such as"],
    );
    check("tokens = 9\ntoday = { escalate = \"never\" }", &["every-cycle, on-signal"]);
    check(
        "session = { tokens = 5 }\nrequests = 10000\ncycles = { count = 10000 }",
        &["at most 20000"],
    );
    check("tokens = 9\nrequests = 5\ncycles = { count = 5 }", &["a token at least"]);
    let path = folder.file("other.toml", b"schema = \"windtunnel.scenario/1\"\n");
    refused(&["compare", &path], &["other.toml", "windtunnel.queue/1"]);
    let path = folder.file("broken.toml", b"[queue\n");
    refused(&["compare", &path], &["broken.toml", "line 1", "not TOML"]);
}

#[test]
fn a_queue_of_one_sum_is_a_bucket_and_says_the_same_twice() {
    let folder = Folder::new(&[]);
    let text = "schema = \"windtunnel.queue/1\"\n[queue]\ntokens = 1000000\nrequests = 34\n";
    let path = folder.file("sum.toml", text.as_bytes());
    let told = json(&["compare", &path, "--with", "E5,E7", "--draws", "0"]);
    let highs = told["bounds"].as_array().expect("bounds").iter().map(|it| &it["high"]);
    assert_eq!(highs.collect::<Vec<_>>(), [1_000_000, 1_000_000]);
    let args = ["compare", BY_HAND, "--with", "E5,E6,E7", "--draws", "5", "--format", "json"];
    assert_eq!(run(&args), run(&args));
}
