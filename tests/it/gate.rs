//! The gate as CI runs it: what passes, what fails and why, what is refused, and what is written.
//!
//! One table: each case says what the baseline and the candidate ran, which budget holds, and what
//! must come out. Both sides are pipelines of three steps made here; a step is a session whose
//! calls each take a tool result in and write a tool use.

use crate::run::{Folder, Ran, run};
use crate::small::{STATIC_PREFIX, call, session};
use serde_json::Value;
use windtunnel::recording::{
    BlockKind, CacheTier, CallMarks, Recording, RecordingBuilder, Role, format,
};

/// 2026-10-06, seconds since the epoch.
const DAY: i64 = 1_791_244_800;

/// A pipeline that ran.
#[derive(Clone, Copy)]
struct Pipeline {
    /// Calls of the steps plan, implement and review; a step of no calls is not there.
    calls: [i64; 3],
    /// Name of the middle step.
    middle: &'static str,
    /// Calls of a step `extra`.
    extra: i64,
    /// Tokens of each tool result.
    result: i64,
    /// Polls in the middle step, in addition.
    polls: i64,
    /// Every so many calls the cache is lost; 0 for never.
    evicted: i64,
    /// Seconds from one call to the next.
    every_s: i64,
    tier: CacheTier,
    model: &'static str,
    day: i64,
}

const PLAIN: Pipeline = Pipeline {
    calls: [10, 40, 10],
    middle: "implement",
    extra: 0,
    result: 1_000,
    polls: 0,
    evicted: 0,
    every_s: 20,
    tier: CacheTier::FiveMinutes,
    model: "claude-opus-4-6",
    day: DAY,
};

impl Pipeline {
    const fn implement(calls: i64) -> Self {
        Self { calls: [10, calls, 10], ..PLAIN }
    }

    fn recording(&self, name: &str) -> Recording {
        let mut builder = RecordingBuilder::new(name, "test");
        let mut at = self.day;
        let [plan, middle, review] = self.calls;
        let steps = [("plan", plan), (self.middle, middle), ("review", review)];
        for (step, calls) in steps.into_iter().chain([("extra", self.extra)]) {
            let polls = if step == self.middle { self.polls } else { 0 };
            if calls == 0 {
                continue;
            }
            let mut own = Vec::new();
            let mut context = STATIC_PREFIX + 5_000;
            for index in 0..calls + polls {
                let first = index == 0;
                let is_poll = index >= calls;
                let result = if is_poll { 100 } else { self.result };
                let before = context;
                context += if first { 0 } else { 200 + result };
                let inputs = if first {
                    vec![(BlockKind::System, STATIC_PREFIX), (BlockKind::User, 5_000)]
                } else {
                    vec![(BlockKind::ToolResult, result)]
                };
                let lost = self.evicted > 0 && index % self.evicted == 1;
                let read = if first || lost { STATIC_PREFIX } else { before };
                let output = [(BlockKind::ToolInput, 200)];
                let mut one = call(at, context, read, &inputs, &output);
                for block in one.inputs.iter_mut().filter(|b| b.kind == BlockKind::ToolResult) {
                    block.tool = Some(0);
                }
                if self.tier == CacheTier::Automatic {
                    one.usage.fresh = std::mem::take(&mut one.usage.write_5m);
                }
                if is_poll {
                    one.marks |= CallMarks::POLL;
                }
                own.push(one);
                at += self.every_s;
            }
            let mut raw = session(&[self.model], own);
            (raw.id, raw.step, raw.role) = (format!("{name}-{step}"), step.to_owned(), Role::Main);
            "order-1".clone_into(&mut raw.pipeline);
            raw.tools = vec!["Bash".to_owned()];
            raw.tier = Some(self.tier);
            builder.push_session(raw);
        }
        builder.finish()
    }
}

/// Files of one test: recordings of both sides and a budget.
struct Bench(Folder);

impl Bench {
    fn new() -> Self {
        Self(Folder::new(&[]))
    }

    fn save(&self, side: &str, ran: &[Pipeline]) -> Vec<String> {
        let one = |(at, ran): (usize, &Pipeline)| {
            let name = format!("{side}-{at}");
            self.0.file(&format!("{name}.json"), &format::to_json(&ran.recording(&name)))
        };
        ran.iter().enumerate().map(one).collect()
    }

    /// The baseline file of what ran, and its path.
    fn baseline(&self, ran: &[Pipeline], more: &[&str]) -> String {
        let path = self.0.at("main.json");
        let candidate = self.save("main", ran);
        let ran = gate(&path, &candidate, &[more, &["--update"]].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        path
    }

    fn edit(&self, file: &str, with: impl Fn(&str) -> String) {
        let text = std::fs::read_to_string(self.0.at(file)).expect("a file");
        self.0.file(file, with(&text).as_bytes());
    }
}

fn gate(baseline: &str, candidate: &[String], more: &[&str]) -> Ran {
    let candidate: Vec<&str> = candidate.iter().map(String::as_str).collect();
    let sides = [&["gate", "--baseline", baseline, "--candidate"], &candidate[..]].concat();
    run(&[&sides[..], &DETAILS, more].concat())
}

/// All that stands behind the first screen.
const DETAILS: [&str; 2] = ["--details", "--provenance"];

/// One row of the table.
struct Case {
    what: &'static str,
    before: &'static [Pipeline],
    after: &'static [Pipeline],
    budget: &'static str,
    more: &'static [&'static str],
    code: i32,
    words: &'static [&'static str],
}

const CASE: Case = Case {
    what: "",
    before: &[PLAIN],
    after: &[PLAIN],
    budget: "",
    more: &[],
    code: 0,
    words: &[],
};

const NOISE: [Pipeline; 5] = [
    Pipeline::implement(36),
    Pipeline::implement(44),
    Pipeline::implement(41),
    Pipeline::implement(39),
    Pipeline::implement(40),
];

const CASES: &[Case] = &[
    Case { what: "the same again", words: &["passes"], ..CASE },
    Case {
        what: "a step makes more calls",
        after: &[Pipeline::implement(46)],
        code: 1,
        words: &["beyond", "step implement", "calls 40 -> 46"],
        ..CASE
    },
    Case {
        what: "a step grew within its limit",
        after: &[Pipeline::implement(41)],
        budget: "[limits.total]\ncalls = { grows = \"3 %\" }\n",
        words: &["passes"],
        ..CASE
    },
    Case {
        what: "a growth beyond its share but not its amount",
        after: &[Pipeline::implement(44)],
        budget: "[limits.total]\ncalls = { grows = \"3 %\", by = 5 }\n",
        words: &["passes"],
        ..CASE
    },
    Case { what: "it shrank", after: &[Pipeline::implement(30)], words: &["passes"], ..CASE },
    Case {
        what: "it shrank where nothing may move",
        after: &[Pipeline::implement(39)],
        budget: "[limits]\nmoves = \"0 %\"\n",
        code: 1,
        words: &["calls"],
        ..CASE
    },
    Case {
        what: "noise only",
        before: &NOISE,
        after: &[
            Pipeline::implement(46),
            Pipeline::implement(38),
            Pipeline::implement(43),
            Pipeline::implement(37),
            Pipeline::implement(44),
        ],
        words: &["passes", "chance"],
        ..CASE
    },
    Case {
        what: "a growth of a step in as much noise",
        before: &NOISE,
        after: &[
            Pipeline::implement(52),
            Pipeline::implement(60),
            Pipeline::implement(57),
            Pipeline::implement(55),
            Pipeline::implement(56),
        ],
        code: 1,
        words: &["step implement", "calls 40 -> 56"],
        ..CASE
    },
    Case {
        what: "cache luck only",
        after: &[Pipeline { evicted: 7, ..PLAIN }],
        budget: "[limits]\nmoves = \"0 %\"\n",
        words: &["passes"],
        ..CASE
    },
    Case {
        what: "luck of an automatic cache only",
        before: &[Pipeline { tier: CacheTier::Automatic, model: "gpt-5", ..PLAIN }],
        after: &[Pipeline { tier: CacheTier::Automatic, model: "gpt-5", evicted: 3, ..PLAIN }],
        budget: "[limits]\nmoves = \"0 %\"\n",
        words: &["passes"],
        ..CASE
    },
    Case {
        what: "the same luck as it was billed",
        after: &[Pipeline { evicted: 7, ..PLAIN }],
        more: &["--as-billed"],
        code: 1,
        words: &["dollars"],
        ..CASE
    },
    Case {
        what: "prices fell the day after",
        before: &[Pipeline { model: "claude-sonnet-5-5", ..PLAIN }],
        after: &[Pipeline { model: "claude-sonnet-5-5", day: DAY + 86_400, ..PLAIN }],
        budget: "[limits]\nmoves = \"0 %\"\n",
        words: &["passes", "prices of 2026-10-06"],
        ..CASE
    },
    Case {
        what: "a dearer model",
        after: &[Pipeline { model: "claude-opus-4-1", ..PLAIN }],
        code: 1,
        words: &[
            "dollars",
            "no rate in the baseline file for claude-opus-4-1",
            "1 model new: claude-opus-4-1",
            "calls 0 -> 60; more than the whole growth of dollars",
        ],
        ..CASE
    },
    Case {
        what: "a cheaper model, which may not come",
        after: &[Pipeline { model: "claude-haiku-4-5", ..PLAIN }],
        budget: "[new]\nmodel = \"fail\"\n",
        code: 1,
        words: &["1 model new: claude-haiku-4-5", "the budget refuses that"],
        ..CASE
    },
    Case {
        what: "longer tool results",
        after: &[Pipeline { result: 1_500, ..PLAIN }],
        code: 1,
        words: &["step implement", "context a call", "tool result", "tool Bash"],
        ..CASE
    },
    Case {
        what: "a poll loop, and what would undo it",
        after: &[Pipeline { polls: 12, ..PLAIN }],
        code: 1,
        words: &["polls 0 -> 12", "R7", "Wait in background"],
        ..CASE
    },
    Case {
        what: "a step that is new",
        after: &[Pipeline { extra: 1, ..PLAIN }],
        budget: "[limits.total]\ncalls = { grows = \"5 %\" }\n",
        words: &["passes", "extra"],
        ..CASE
    },
    Case {
        what: "a step that may not come",
        after: &[Pipeline { extra: 1, ..PLAIN }],
        budget: "[new]\nstep = \"fail\"\n",
        code: 1,
        words: &["extra"],
        ..CASE
    },
    Case {
        what: "a step that is missing",
        after: &[Pipeline { calls: [10, 40, 0], ..PLAIN }],
        words: &["passes", "review"],
        ..CASE
    },
    Case {
        what: "a step that may not go",
        after: &[Pipeline { calls: [10, 40, 0], ..PLAIN }],
        budget: "[gone]\nstep = \"fail\"\n",
        code: 1,
        words: &["review"],
        ..CASE
    },
    Case {
        what: "a renamed step",
        after: &[Pipeline { middle: "build", ..PLAIN }],
        budget: "[limits.step]\nmoves = \"0 %\"\n[renamed]\nimplement = \"build\"\n",
        words: &["passes"],
        ..CASE
    },
    Case {
        what: "contexts above a ceiling",
        after: &[PLAIN],
        budget: "[limits.total]\npeak_context = { at_most = \"50 k\" }\n",
        code: 1,
        words: &["peak_context", "66.8 k"],
        ..CASE
    },
    Case {
        what: "faster calls than the provider lets through",
        after: &[Pipeline { every_s: 4, ..PLAIN }],
        budget: "[limits.total]\nrequests_a_minute = { at_most = 10 }\n",
        code: 1,
        words: &["requests_a_minute", "15"],
        ..CASE
    },
    Case {
        what: "another lens",
        more: &["--lens", "record"],
        code: 2,
        words: &["main.json", "lens message", "record", "--update"],
        ..CASE
    },
    Case {
        what: "another price date",
        more: &["--price-date", "2026-11-01"],
        code: 2,
        words: &["main.json", "price date 2026-10-06", "2026-11-01", "--update"],
        ..CASE
    },
    Case {
        what: "other samples",
        more: &["--each", "session"],
        code: 2,
        words: &["main.json", "each recording", "session"],
        ..CASE
    },
    Case {
        what: "an empty candidate",
        after: &[Pipeline { calls: [0, 0, 0], ..PLAIN }],
        code: 2,
        words: &["new-0.json", "no session with a call"],
        ..CASE
    },
    Case {
        what: "a budget with a slip",
        budget: "[limits.total]\ncals = { grows = \"3 %\" }\n",
        code: 2,
        words: &["budget.toml", "line 4", "calls"],
        ..CASE
    },
];

#[test]
fn what_passes_what_fails_and_what_is_refused() {
    for case in CASES {
        let bench = Bench::new();
        let billed: &[&str] =
            if case.more.contains(&"--as-billed") { &["--as-billed"] } else { &[] };
        let baseline = bench.baseline(case.before, billed);
        let budget = format!("schema = \"windtunnel.budget/1\"\ndefaults = false\n{}", case.budget);
        let budget = bench.0.file("budget.toml", budget.as_bytes());
        let budget: &[&str] = if case.budget.is_empty() { &[] } else { &["--budget", &budget] };
        let ran = gate(&baseline, &bench.save("new", case.after), &[case.more, budget].concat());
        judged(case.what, &ran, case.code, case.words);
    }
}

fn judged(what: &str, ran: &Ran, code: i32, words: &[&str]) {
    let (out, err) = (&ran.out, &ran.err);
    assert_eq!(ran.code, Some(code), "{what}: {out}{err}");
    let said = if code == 2 { err } else { out };
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(flat.contains(word), "{what}: no {word:?} in {said}");
    }
    assert!(code != 2 || (out.is_empty() && err.lines().count() == 1), "{what}: {out}{err}");
}

#[test]
fn files_that_cannot_be_used_say_why() {
    type Edit = fn(&str) -> String;
    let cases: [(&str, Edit, &[&str]); 8] = [
        ("cut off", |text| text[..text.len() / 2].to_owned(), &["line", "--update"]),
        ("older", |text| text.replace("baseline/1", "baseline/0"), &["baseline/0", "--update"]),
        ("newer", |text| text.replace("baseline/1", "baseline/2"), &["newer windtunnel"]),
        ("a merge conflict", |text| format!("<<<<<<< ours\n{text}"), &["line 1", "--update"]),
        (
            "a line twice",
            |text| {
                text.replacen(
                    "\"total calls\": [60]",
                    "\"total calls\": [60],\n\"total calls\": [61]",
                    1,
                )
            },
            &["'total calls' is there twice", "line"],
        ),
        (
            "a metric that is none",
            |text| text.replacen("total calls", "total cals", 1),
            &["'total cals'", "is it 'calls'?"],
        ),
        (
            "a value that cannot be",
            |text| text.replacen("calls\": [60]", "calls\": [-60]", 1),
            &["'total calls'", "met -60", "not negative"],
        ),
        (
            "too few values",
            |text| text.replacen("calls\": [60]", "calls\": []", 1),
            &["'total calls'", "0 values for 1 samples"],
        ),
    ];
    for (what, edit, words) in cases {
        let bench = Bench::new();
        let baseline = bench.baseline(&[PLAIN], &[]);
        bench.edit("main.json", edit);
        let candidate = bench.save("new", &[PLAIN]);
        let ran = gate(&baseline, &candidate, &[]);
        judged(what, &ran, 2, &[&["main.json"], words].concat());
        // Whatever is wrong with it, writing it again is the way out.
        let ran = gate(&baseline, &candidate, &["--update"]);
        judged(what, &ran, 0, &["written"]);
        judged(what, &gate(&baseline, &candidate, &[]), 0, &["passes"]);
    }
    let bench = Bench::new();
    let (candidate, main) = (bench.save("new", &[PLAIN]), bench.0.at("main.json"));
    judged("no file yet", &gate(&main, &candidate, &[]), 2, &["main.json", "--update"]);
    let own = candidate[0].clone();
    let before = std::fs::read(&own).expect("a file");
    judged("a recording", &gate(&own, &candidate, &["--update"]), 2, &["new-0.json", "alone"]);
    assert_eq!(std::fs::read(&own).expect("a file"), before);
    bench.0.file("new-0.json", b"{\"schema\": ");
    judged("a broken candidate", &gate(&own, &candidate, &[]), 2, &["new-0.json"]);
    let baseline = bench.baseline(&[PLAIN], &[]);
    let committed = std::fs::read(&baseline).expect("a file");
    let ran = gate(&baseline, &candidate, &["--update"]);
    judged("an update from a broken candidate", &ran, 2, &["new-0.json"]);
    assert_eq!(std::fs::read(&baseline).expect("a file"), committed, "it was left alone");
    let ran = gate(&baseline, std::slice::from_ref(&baseline), &[]);
    judged("a baseline as a candidate", &ran, 2, &["is a baseline file"]);
}

#[test]
fn a_price_book_moves_neither_side() {
    let bench = Bench::new();
    let baseline = bench.baseline(&[PLAIN], &[]);
    let candidate = bench.save("new", &[PLAIN]);
    let book = "model,input,cache_read,output\nclaude-opus-4-6,50,5,250\n";
    let book = bench.0.file("prices.csv", book.as_bytes());
    let ran = gate(&baseline, &candidate, &["--prices", &book]);
    judged("ten times the price", &ran, 0, &["passes", "those of the baseline file stand"]);
    // Of recordings on both sides the same book prices both.
    let (old, new) = (bench.save("old", &[PLAIN]), bench.save("new", &[PLAIN]));
    let ran = gate(&old[0], &new, &["--prices", &book]);
    judged("both", &ran, 0, &["passes"]);
}

#[test]
fn the_file_is_the_same_bytes_and_moves_line_by_line() {
    let bench = Bench::new();
    let candidate = bench.save("new", &NOISE);
    let (one, other) = (bench.0.at("one.json"), bench.0.at("other.json"));
    let mut turned = candidate.clone();
    turned.reverse();
    judged("", &gate(&one, &candidate, &["--update"]), 0, &["written, 5 samples"]);
    judged("", &gate(&other, &turned, &["--update"]), 0, &["written, 5 samples"]);
    let text = |path: &str| std::fs::read_to_string(path).expect("a file");
    assert_eq!(text(&one), text(&other));
    let written = text(&one);
    assert!(written.contains("\"step implement calls\": [36, 44, 41, 39, 40]"), "{written}");
    assert!(written.contains("\"total calls\": [56, 64, 61, 59, 60]"), "{written}");
    judged("", &gate(&one, &candidate, &["--update"]), 0, &["no figure moved"]);
    assert_eq!(text(&one), written);
    // A newer day and another price leave the day and the rates of the file.
    let later: Vec<Pipeline> =
        NOISE.iter().map(|ran| Pipeline { day: DAY + 864_000, ..*ran }).collect();
    let later = bench.save("new", &later);
    judged("", &gate(&one, &later, &["--update"]), 0, &["no figure moved"]);
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (old, new) = (lines(&written), lines(&text(&one)));
    let moved: Vec<_> = old.iter().zip(&new).filter(|(a, b)| a != b).collect();
    assert_eq!(moved.len(), 5, "the digests of the samples: {moved:?}");
    judged("", &gate(&one, &later, &["--update", "--price-date", "2026-11-01"]), 0, &["written"]);
    assert!(text(&one).contains("\"day\": \"2026-11-01\""));
}

/// By hand: 20,000 tokens at the start, 1,200 more with each call; what the call before had is
/// read, the rest written. Of step plan, 10 calls: contexts 20,000 to 30,800, 254,000 together.
#[test]
fn figures_are_those_of_the_calls() {
    let bench = Bench::new();
    let baseline = bench.baseline(&[PLAIN], &[]);
    let file: Value = serde_json::from_slice(&std::fs::read(&baseline).expect("a file")).unwrap();
    let figure = |key: &str| file["figures"][key][0].clone();
    assert_eq!(figure("step plan calls"), 10);
    // The first call reads the static prefix, each other the context before it.
    let read = STATIC_PREFIX + (254_000 - 30_800);
    assert_eq!(figure("step plan read"), read);
    assert_eq!(figure("step plan write_5m"), 254_000 - read);
    assert_eq!(figure("step plan output"), 2_000);
    assert_eq!(figure("step plan tokens"), 256_000);
    assert_eq!(figure("step plan peak_context"), 30_800);
    assert_eq!(figure("step plan requests_a_minute"), 3);
    // 5, 0.5, 6.25 and 25 dollars per million.
    let pico = read * 500_000 + (254_000 - read) * 6_250_000 + 2_000 * 25_000_000;
    assert_eq!((pico, figure("step plan dollars")), (267_850_000_000, "0.26785".into()));
    assert_eq!(figure("tool Bash uses"), 9 + 39 + 9);
    assert_eq!(figure("tool Bash added"), 57_000);
    // A result of plan's second call is carried by eight more: 8 + 7 + .. + 1.
    assert_eq!(figure("tool Bash carried"), 1_000 * (36 + 741 + 36));
    assert_eq!(file["samples"][0]["pipelines"], serde_json::json!(["order-1"]));
}

#[test]
fn results_go_to_files_by_their_endings() {
    let bench = Bench::new();
    let baseline = bench.baseline(&[PLAIN], &[]);
    let (good, bad) = (bench.save("good", &[PLAIN]), bench.save("bad", &[Pipeline::implement(60)]));
    let names = ["gate.txt", "gate.json", "gate.csv", "gate.md", "gate.xml"];
    let paths = names.map(|name| bench.0.at(name));
    let comment = bench.0.at("comment.md");
    let mut more = vec!["--comment", &comment, "--format", "github"];
    for path in &paths {
        more.extend(["-o", path]);
    }
    let text = |path: &str| std::fs::read_to_string(path).expect("a file");
    let ran = gate(&baseline, &good, &more);
    judged("good", &ran, 0, &["::notice"]);
    assert_eq!(text(&comment), "", "nothing moved, nothing to say");
    let ran = gate(&baseline, &bad, &more);
    judged("bad", &ran, 1, &["::error", "title="]);
    assert!(text(&comment).contains("step implement"), "{}", text(&comment));
    for (path, word) in paths.iter().zip(["beyond", "\"schema\"", "calls", "| ", "<testsuite"]) {
        assert!(text(path).contains(word), "{path}: {}", text(path));
    }
    let told: Value = serde_json::from_str(&text(&paths[1])).expect("JSON");
    assert_eq!(told["passes"], false, "{told}");
    // A change that passes again takes back what was said of the one before.
    judged("good again", &gate(&baseline, &good, &more), 0, &["::notice"]);
    assert_eq!(text(&comment), "", "nothing moved, nothing to say");
    let odd = bench.0.at("gate.doc");
    judged("an odd ending", &gate(&baseline, &good, &["-o", &odd]), 2, &["gate.doc", ".xml"]);
}

#[test]
fn a_scenario_and_the_model_itself_are_gated() {
    let folder = Folder::new(&[]);
    let main = folder.at("main.json");
    let order = ["order-774".to_owned()];
    judged("", &gate(&main, &order, &["--update"]), 0, &["written"]);
    let budget = |name: &str, text: &str| {
        folder.file(
            name,
            format!("schema = \"windtunnel.budget/1\"\ndefaults = false\n{text}").as_bytes(),
        )
    };
    let still = budget("still.toml", "[limits]\nmoves = \"0 %\"\n");
    judged("", &gate(&main, &order, &["--budget", &still]), 0, &["passes"]);
    let must = |share: &str| {
        let text = format!("[limits.saving.all]\ndollars = {{ at_least = \"{share} %\" }}\n");
        budget(&format!("{share}.toml"), &text)
    };
    let (ten, ninety) = (must("10"), must("90"));
    judged("", &gate(&main, &order, &["--budget", &ten]), 0, &["passes"]);
    judged(
        "",
        &gate(&main, &order, &["--budget", &ninety]),
        1,
        &["what all toggles save", "of the whole"],
    );
    // What nobody measured is no pass.
    let bench = Bench::new();
    let (old, new) = (bench.save("old", &[PLAIN]), bench.save("new", &[PLAIN]));
    let odd = budget("odd.toml", "[limits.step.nosuch]\ncalls = { grows = \"1 %\" }\n");
    for (limits, words) in [
        (&ten, ["limits.saving.all.dollars", "neither side", "--scenario"]),
        (&odd, ["limits.step.nosuch.calls", "neither side", "unmeasured = 1"]),
    ] {
        let ran = gate(&old[0], &new, &["--budget", limits, "--format", "json"]);
        assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
        let told: Value = serde_json::from_str(&ran.out).expect("JSON");
        let said = told["verdict"].as_str().expect("words");
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
    // The scenario names its recording.
    let ran = run(&[
        "gate",
        "--baseline",
        &main,
        "--scenario",
        "order-774",
        "--budget",
        &ten,
        "--details",
    ]);
    judged("", &ran, 0, &["passes"]);
    let text = std::fs::read_to_string(&main).expect("a file");
    folder.file("main.json", text.replacen("calls\": [344]", "calls\": [345]", 1).as_bytes());
    judged("", &gate(&main, &order, &["--budget", &still]), 1, &["345", "344"]);
}

#[test]
fn noise_needs_sessions() {
    let bench = Bench::new();
    let one = bench.save("new", &[Pipeline { calls: [0, 40, 0], ..PLAIN }]);
    let ran = run(&["gate", "--power", "--candidate", &one[0]]);
    judged("power of one session", &ran, 2, &["new-0.json", "fewer than two sessions"]);
}

#[test]
fn there_is_always_a_candidate() {
    let bench = Bench::new();
    let main = bench.0.at("main.json");
    let ran = run(&["gate", "--baseline", &main]);
    judged("none", &ran, 2, &["no candidate", "--scenario"]);
}

/// Five recordings of transcripts, which name no pipeline; sessions of either side are the same
/// ones where the prefixes of their ids are, which are numbers as those of harnesses, and
/// recordings are called alike where `named` is.
fn transcripts(
    bench: &Bench,
    side: &str,
    (prefix, named): (&str, &str),
    calls: [i64; 5],
) -> Vec<String> {
    let files = bench.save(side, &calls.map(Pipeline::implement));
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a file");
        let text = text.replace("\"pipeline\":\"order-1\"", "\"pipeline\":\"\"");
        let under = |text: &str, key: &str, name: &str| {
            text.replace(&format!("\"{key}\":\"{side}-"), &format!("\"{key}\":\"{name}-"))
        };
        let text = under(&under(&text, "id", prefix), "name", named);
        // An id that is a name would be shared as a digest of its first call, which differs here.
        let steps = [("plan", "01"), ("implement", "02"), ("review", "03")];
        let text = steps.iter().fold(text, |text, (step, number)| {
            text.replace(&format!("-{step}\""), &format!("-{number}\""))
        });
        std::fs::write(file, text).expect("written");
    }
    files
}

#[test]
fn three_per_cent_more_calls_are_found_in_the_same_sessions() {
    let budget = "schema = \"windtunnel.budget/1\"\ndefaults = false\n\
                  [limits.total]\ncalls = { grows = \"0 %\" }\n";
    // 350 calls and 360 of them, 2.9 % more, in recordings of 40 to 110.
    let (before, after) = ([20, 36, 44, 60, 90], [21, 38, 46, 62, 93]);
    for (prefix, named, code, words) in [
        ("1001", "new", 1, ["each sample against its counterpart", "beyond"]),
        ("2002", "main", 1, ["each sample against its counterpart", "matched by their names"]),
        ("2002", "new", 0, ["all samples of a side against all of the other", "may be chance"]),
    ] {
        let bench = Bench::new();
        let budget = bench.0.file("budget.toml", budget.as_bytes());
        let baseline = transcripts(&bench, "main", ("1001", "main"), before);
        let candidate = transcripts(&bench, "new", (prefix, named), after);
        let baseline: Vec<&str> = baseline.iter().map(String::as_str).collect();
        let candidate: Vec<&str> = candidate.iter().map(String::as_str).collect();
        let sides = [&["gate", "--baseline"], &baseline[..], &["--candidate"], &candidate[..]];
        let ran = run(&[&sides.concat()[..], &["--budget", &budget], &DETAILS].concat());
        assert_eq!(ran.code, Some(code), "{prefix}: {}{}", ran.out, ran.err);
        for word in words {
            assert!(ran.out.contains(word), "{prefix}: {word}: {}", ran.out);
        }
    }
}
