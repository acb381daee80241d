//! Reported routes: published tokens met whatever the unknowns are, and told in tokens.

use crate::run::{Folder, json, ok, program, refused};
use serde_json::Value;
use windtunnel::reconstruct::routes::{ReportedRoutes, RouteReconstruction, reconstruct_routes};
use windtunnel::reconstruct::{BUILTIN_ROUTES, builtin_routes};
use windtunnel::recording::{BlockMarks, CacheTier};

fn cockpit() -> ReportedRoutes {
    builtin_routes("cockpit-2026-02").unwrap()
}

/// Tokens of a route, calls and output, as laid out.
fn laid_tokens(laid: &RouteReconstruction, step: &str) -> i64 {
    let sessions = laid.recording.sessions.iter().filter(|session| session.step == step);
    let calls = sessions.flat_map(|session| &laid.recording.calls[session.call_range()]);
    calls.map(|call| call.usage.context_tokens() + call.usage.output).sum()
}

/// What a file publishes is what its calls hold, route by route and source by source.
fn check(routes: &ReportedRoutes, values: &[i64]) -> RouteReconstruction {
    let laid = reconstruct_routes(routes, values).unwrap();
    let recording = &laid.recording;
    recording.check_balance().unwrap();
    for row in &routes.rows {
        let step = ReportedRoutes::route_name(&row.agent, &row.kind);
        assert_eq!(laid_tokens(&laid, &step), row.tokens.value(), "{step}, {values:?}");
        let Some(invocations) = &row.invocations else { continue };
        let woken = recording
            .invocations
            .iter()
            .filter(|one| (&one.packet.agent, &one.packet.kind) == (&row.agent, &row.kind));
        assert_eq!(woken.count() as i64, invocations.value(), "{step}");
    }
    for total in &routes.totals {
        let own = laid.routes.iter().filter(|one| one.route.agent == total.agent);
        let own: Vec<_> = own.collect();
        let tokens: i64 = own.iter().map(|one| one.route.total_tokens()).sum();
        assert_eq!(tokens, total.tokens.value(), "{}", total.agent);
        if let Some(invocations) = &total.invocations {
            let woken: i64 = own.iter().map(|one| one.route.total_invocations()).sum();
            assert_eq!(woken, invocations.value(), "{}", total.agent);
        }
    }
    for row in routes.views.iter().flat_map(|view| &view.rows) {
        let parts = laid.routes.iter().flat_map(|one| &one.route.parts);
        let parts: Vec<_> = parts.filter(|part| part.source == row.name).collect();
        assert_eq!(parts.iter().map(|part| part.tokens).sum::<i64>(), row.tokens.value());
        let woken = parts.iter().map(|part| part.invocations).sum::<i64>();
        assert_eq!(woken, row.invocations.value(), "{}", row.name);
    }
    laid
}

#[test]
fn published_tokens_are_met_at_the_modes() {
    for (name, _) in BUILTIN_ROUTES {
        let routes = builtin_routes(name).unwrap();
        check(&routes, &routes.modes_of_unknowns());
    }
    let laid = check(&cockpit(), &cockpit().modes_of_unknowns());
    assert_eq!(laid.recording.invocations.len(), 242, "237 of the top ten and 5 of other kinds");
    let all: i64 = laid.routes.iter().map(|one| one.route.total_tokens()).sum();
    assert_eq!(all, 891_456_953 + 1_889_770);
}

#[test]
fn published_tokens_are_met_at_every_end_of_every_unknown() {
    let routes = cockpit();
    let modes = routes.modes_of_unknowns();
    for (at, unknown) in routes.unknowns.iter().enumerate() {
        for end in [unknown.low, unknown.high] {
            let mut values = modes.clone();
            values[at] = end;
            check(&routes, &values);
        }
    }
    // All together at either end, and every other one: the corners that pull hardest.
    for bits in [0, u32::MAX, 0x5555_5555, 0xAAAA_AAAA, 0x3333_3333] {
        let ends = routes.unknowns.iter().enumerate();
        let values = ends.map(|(at, one)| if bits >> at & 1 == 1 { one.high } else { one.low });
        check(&routes, &values.collect::<Vec<_>>());
    }
}

#[test]
fn prompts_are_marked_and_calls_stay_within_the_window() {
    let laid = check(&cockpit(), &cockpit().modes_of_unknowns());
    let recording = &laid.recording;
    let most = recording.calls.iter().map(|call| call.usage.context_tokens()).max();
    assert!(most <= Some(244_800), "{most:?}");
    assert!(recording.calls.iter().all(|call| call.tier == CacheTier::Automatic));
    for (index, invocation) in recording.invocations.iter().enumerate() {
        let calls = recording.calls_of_invocation(index);
        assert!(!calls.is_empty(), "{invocation:?}");
        let first = recording.blocks_of_call(calls.start);
        for mark in [BlockMarks::SKILLS, BlockMarks::SNAPSHOT, BlockMarks::PACKET] {
            let marked = first.iter().filter(|block| block.marks.contains(mark));
            assert_eq!(marked.count(), 1, "{mark:?} of {invocation:?}");
        }
        let is_digest = invocation.packet.kind == "ORCHESTRATOR_UPDATE";
        assert_eq!(!invocation.packet.source.is_empty(), is_digest, "{invocation:?}");
        assert!(!invocation.packet.root.is_empty());
    }
    // The likelier telling of the window: 48 hours of the three days that its dates name.
    let (first, last) = cockpit().window.span_ms();
    let last = last - 86_400_000;
    assert!(recording.calls.iter().all(|call| first <= call.start_ms && call.end_ms <= last));
}

#[test]
fn both_tellings_of_the_window_stand_beside_the_rates() {
    let args = ["compare", "cockpit-2026-02", "--with", "N2", "--draws", "40"];
    let told = json(&args);
    let bands = told["load_bands"].as_array().expect("bands");
    let of = |name: &str| bands.iter().find(|it| it["figure"] == name).expect("a figure");
    for band in bands {
        let ends = ["before_p10", "before_p50", "before_p90"].map(|key| band[key].as_f64());
        assert!(ends[0] <= ends[1] && ends[1] <= ends[2], "{band}");
    }
    // More places, shorter waits; latency holds the controller's turn and what it waits for.
    let p50 = |name: &str| of(name)["before_p50"].as_f64().unwrap();
    assert!(p50("waited, 6 turns at once") <= p50("waited, 3 turns at once"));
    let mean = p50("latency of a digest, mean, 3 turns at once");
    assert!(0.0 < mean && mean <= p50("latency of a digest, P90, 3 turns at once"));
    let details = [&args[..], &["--details", "--provenance"]].concat();
    let text = ok(&details);
    for words in ["window of 48 hours", "window of 72 hours", "over 40 draws of pauses"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // Who knows the window says so: nothing of it is drawn any more.
    let known = ok(&[&details[..], &["--set", "source.window-days=3"]].concat());
    assert!(!known.contains("window of 48 hours") && known.contains("source window-days: 3"));
}

#[test]
fn figures_that_a_user_knows_are_open_no_more() {
    let args = ["compare", "cockpit-2026-02", "--with", "N2", "--draws", "0", "--set"];
    let calls = |setting: &str| {
        let told = json(&[&args[..], &[setting]].concat());
        told["baseline"]["calls"].as_i64().unwrap()
    };
    // Every packet starts a thread, or threads are long: smaller contexts make more calls.
    assert!(calls("source.controller-thread=1") > calls("source.controller-thread=40"));
    let refuse = |setting: &str, words: &[&str]| refused(&[&args[..], &[setting]].concat(), words);
    refuse("source.controller-thread=0", &["source.controller-thread", "wanted 1 to 40"]);
    refuse("source.threads=3", &["leaves no such figure open", "controller-thread"]);
    refuse("source.pause=soon", &["--set", "'source.pause' is 'soon'", "a whole number"]);
}

#[test]
fn comparisons_of_routes_are_told_in_tokens() {
    let arguments = ["compare", "cockpit-2026-02", "--with", "G10", "--set"];
    let steps = "G10.steps=autopilot/ORCHESTRATOR_UPDATE";
    let json = json(&[&arguments[..], &[steps]].concat());
    let headline = &json["headline"];
    assert_eq!((&headline["metric"], &headline["saved"]), (&"tokens".into(), &37_433_353.into()));
    assert_eq!(headline["of"], 893_346_723);
    assert_eq!(json["toggles"][0]["shapley"]["tokens"], 37_433_353);
    let text = ok(&[&arguments[..], &[steps, "--details"]].concat());
    assert!(text.contains("Savings in tokens, each toggle"), "{text}");
}

// ---- numbers that no source gives --------------------------------------------------------------

/// The bounds of `compare economics-2026-06`: id, low, high.
fn bounds(told: &Value) -> Vec<(String, i64, i64)> {
    let one = |bound: &Value| {
        let id = bound["id"].as_str().unwrap().to_owned();
        (id, bound["low"].as_i64().unwrap(), bound["high"].as_i64().unwrap())
    };
    told["bounds"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn the_economics_have_bounds_and_nothing_invented() {
    let told = json(&["compare", "economics-2026-06"]);
    let ids: Vec<&str> =
        told["toggles"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["E1", "E2"], "the others wait for a number");
    assert_eq!(
        told["toggles"][0]["shapley"]["tokens"], 4_488_176,
        "6.16M x 6/7 x 0.85, the mean of its range"
    );
    assert_eq!(told["toggles"][1]["shapley"]["tokens"], 3_145_000, "(9.86M - 6.16M) x 0.85");
    assert_eq!(told["headline"]["of"], 16_310_000);
    let maintenance = |id: &str| (id.to_owned(), 0, 4_010_000);
    let mut want = vec![
        // Half of the runs follow failures at worst; the weekly one is always made.
        ("E1".to_owned(), 2_640_176, 5_279_736),
        ("E2".to_owned(), 1_850_000, 3_700_000),
        ("E1+E2".to_owned(), 4_490_176, 8_979_736),
        ("E3".to_owned(), 0, 92 * 15_806),
        ("E4".to_owned(), 0, 2_440_000),
    ];
    want.extend(["E5", "E6", "E7", "E8", "E9", "E10"].map(maintenance));
    assert_eq!(bounds(&told), want);
    // Wherever lines break.
    let text = ok(&["compare", "economics-2026-06", "--details"]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for id in ["E3", "E4", "E5", "E6", "E7", "E8", "E9", "E10"] {
        let key = if id == "E3" { "probes" } else { "share" };
        assert!(text.contains(&format!("{id} waits for {key}: ")), "{id}: {text}");
        assert!(text.contains(&format!("--set {id}.{key}=")), "{id}: {text}");
    }
    assert!(text.contains("No dollars:") && !text.contains('$'), "{text}");
}

#[test]
fn a_number_that_is_given_makes_an_ordinary_toggle() {
    let told = json(&["compare", "economics-2026-06", "--set", "E7.share=3000"]);
    let e7 = told["toggles"].as_array().unwrap().iter().find(|one| one["id"] == "E7").unwrap();
    assert_eq!(e7["shapley"]["tokens"], 1_203_000, "30 % of 4.01M");
    assert!(bounds(&told).iter().any(|(id, ..)| id == "E8"), "the others still wait");
    let folder = Folder::new(&[]);
    let scenario = "schema = \"windtunnel.scenario/1\"\nrecording = \"economics-2026-06\"\n\
                    [toggles.E5]\nshare = 4000\n[toggles.E6]\nshare = 1000\n[toggles.E7]\n";
    let file = folder.file("mine.toml", scenario.as_bytes());
    let told = json(&["compare", "--scenario", &file]);
    assert_eq!(told["headline"]["saved"], 1_604_000, "on one bucket the larger share counts");
    let swept = json(&["sweep", "--scenario", &file]);
    assert_eq!((&swept["waiting"][0], &swept["ranked_by"]), (&"E7".into(), &"tokens".into()));
    // A new scenario leaves the number open, and reads back as one that waits.
    let new = ok(&["scenario", "new", "economics-2026-06"]);
    assert!(new.contains("\n# share = ") && new.contains("no source gives it"), "{new}");
    let file = folder.file("new.toml", new.as_bytes());
    assert_eq!(bounds(&json(&["compare", "--scenario", &file])).len(), 11);
    let text = ok(&["explain", "E7"]);
    assert!(text.contains("asked for") && text.contains("--set E7.share="), "{text}");
}

#[test]
fn claims_of_waiting_toggles_are_judged_by_what_is_possible() {
    let told = json(&["compare", "cockpit-2026-02", "--with", "N1"]);
    let [bound] = &told["bounds"].as_array().unwrap()[..] else { panic!("{}", told["bounds"]) };
    assert_eq!((&bound["low"], &bound["high"]), (&0.into(), &37_433_353.into()));
    assert_eq!(bound["verdict"], "can be", "the source says that tokens fall, and not by how much");
    assert!(told["toggles"].as_array().unwrap().is_empty());
}

// ---- draws --------------------------------------------------------------------------------------

const FEW_DRAWS: &str = "schema = \"windtunnel.scenario/1\"\nrecording = \"cockpit-2026-02\"\n\
                         draws = 24\n[toggles.G10]\nsteps = \"qa/STATUS\"\n[toggles.C6]\n";

#[test]
fn draws_do_not_depend_on_threads_nor_on_other_toggles() {
    let folder = Folder::new(&[]);
    let file = folder.file("few.toml", FEW_DRAWS.as_bytes());
    let args = ["compare", "--scenario", &file, "--format", "json"];
    let with =
        |threads: &str| program(&args).env("RAYON_NUM_THREADS", threads).output().unwrap().stdout;
    let one = with("1");
    assert!(!one.is_empty() && one == with("3"), "the same bytes");
    let more = folder.file("more.toml", format!("{FEW_DRAWS}[toggles.G7]\n").as_bytes());
    let band = |file: &str| {
        let told = json(&["compare", "--scenario", file]);
        let toggles = told["toggles"].as_array().unwrap();
        let own = toggles.iter().find(|one| one["id"] == "G10").unwrap();
        own["alone_band"].clone()
    };
    assert_eq!(band(&file), band(&more));
}

#[test]
fn bands_say_what_makes_them_wide() {
    let folder = Folder::new(&[]);
    let few = FEW_DRAWS.replace("[toggles.C6]", "[toggles.G7]");
    let told = json(&["compare", "--scenario", &folder.file("few.toml", few.as_bytes())]);
    let toggles = told["toggles"].as_array().unwrap();
    let lean = toggles.iter().find(|one| one["id"] == "G7").unwrap();
    let why = &lean["wide_because"];
    assert!(why["parameter"].is_string(), "{lean}");
    assert_ne!(why["saving_at_low"], why["saving_at_high"]);
    let unknown = told["tornado"].as_array().unwrap().iter().find(|one| one["toggle"] == "");
    assert!(unknown.is_some(), "unknowns stand in the tornado");
}

// ---- the audit ----------------------------------------------------------------------------------

fn check_audit(name: &str, wanted: &[(&str, &str)]) {
    let told = json(&["audit", name]);
    let findings = told["findings"].as_array().unwrap();
    for (id, words) in wanted {
        let found = findings.iter().find(|one| one["id"] == *id);
        let found = found.unwrap_or_else(|| panic!("{name}: no finding {id}"));
        let said = format!("{} {}", found["text"], found["arithmetic"]);
        assert!(said.contains(words), "{id}: {said}");
    }
}

#[test]
fn the_figures_of_the_cockpit_are_checked() {
    check_audit(
        "cockpit-2026-02",
        &[
            ("means", "daddy-autopilot/ORCHESTRATOR_UPDATE 2,100,064"),
            ("means", "autopilot/ORCHESTRATOR_UPDATE 3,403,032"),
            ("mean-qa-execute", "191,799,620 / 26 = 7,376,908"),
            ("routes", "891,456,953 tokens in 237 invocations"),
            ("digest-sources-over-agents", "219,733,100 - 212,106,508 = 7,626,592"),
            ("digest-sources-over-agents", "103 - 101 = 2"),
            ("digest-sources-most-task-complete-status", "14,862,595 / 249,539,861 = 6.0 %"),
            ("duplicate-autopilot", "103 packets against 101 + 11 = 112 invocations"),
            ("duplicate-autopilot", "37,433,353 / 891,456,953 of all routes = 4.2 %"),
            ("fewest-calls", "daddy-autopilot/ORCHESTRATOR_UPDATE 8.1"),
            ("fewest-calls", "qa/EXECUTE 28.5"),
            ("fewest-calls", "frontend/EXECUTE 38.1"),
            ("not-knowable", "cached"),
        ],
    );
}

#[test]
fn the_figures_of_the_economics_are_checked() {
    check_audit(
        "economics-2026-06",
        &[
            ("buckets", "= 16.3 M; off by 10.0 k"),
            ("rest-doctor", "~9.86 M - 6.16 M = 3.7 M"),
            ("tokens-an-event", "16.3 M / 92 = 177.2 k"),
            ("posted", "55 / 45,276 = 0.121 %"),
            ("ratio-changed-files", "105 / 34 = 3.09"),
            ("claim-e7", "no number"),
        ],
    );
}

#[test]
fn a_changed_figure_changes_the_finding() {
    let folder = Folder::new(&[]);
    let [.., (_, text)] = BUILTIN_ROUTES;
    let other = text.replacen("\"6.16M\"", "\"5.16M\"", 1).replacen("\"3.09\"", "\"3.19\"", 1);
    let file = folder.file("other.json", other.as_bytes());
    check_audit(&file, &[("rest-doctor", "~9.86 M - 5.16 M = 4.7 M")]);
    check_audit(&file, &[("ratio-changed-files", "the printed 3.19 is not")]);
}

#[test]
fn what_cannot_be_routes_is_refused() {
    let folder = Folder::new(&[]);
    let check = |from: &str, to: &str, words: &[&str]| {
        let [(_, text), _] = BUILTIN_ROUTES;
        let bad = text.replacen(from, to, 1);
        assert_ne!(bad, text, "{from}");
        refused(&["audit", &folder.file("bad.json", bad.as_bytes())], words);
    };
    check("\"236,390,117\"", "\"236,390,11\"", &["line 16", "'rows.1.tokens'", "wanted tokens"]);
    check("\"invocations\": \"24\"", "\"invocations\": \"0\"", &["line 16", "a count of 1 to"]);
    check("\"130\"", "\"12\"", &["totals.daddy-autopilot.invocations", "at least"]);
    check("\"unknown\": \"duplicate-status\"", "\"unknown\": \"x\"", &["the id of an unknown"]);
    check("\"id\": \"growth\"", "\"id\": \"growht\"", &["`growth`"]);
    check("\"mode\": 12000", "\"mode\": 12", &["unknowns.base", "low <= mode"]);
    check("\"document\": \"cockpit\"", "\"document\": \"x\"", &["the id of a document"]);
    check("\"204,870,505\"", "\"304,870,505\"", &["digest-sources", "leaves"]);
    let [(_, text), _] = BUILTIN_ROUTES;
    refused(&["audit", &folder.file("cut.json", &text.as_bytes()[..900])], &["cut.json"]);
}
