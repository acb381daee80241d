//! Scenario files as their users meet them: written, checked, run, refused; and the schema that
//! editors get, held against the parser.

use crate::run::{Folder, here, json, ok, refused, run, session};
use serde_json::{Value, json as value};
use std::collections::BTreeSet;
use std::fs;
use windtunnel::recording::format;
use windtunnel::scenario::{self, ChosenToggle};

const HEAD: &str = "schema = \"windtunnel.scenario/1\"\n";

/// A folder with one scenario, and its path; without bands, which take most of the time.
fn scenario(body: &str) -> (Folder, String) {
    let folder = Folder::new(&[]);
    let path = folder.file("mine.toml", format!("{HEAD}draws = 0\n{body}").as_bytes());
    (folder, path)
}

fn ids(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(|one| one["id"].as_str()).collect()
}

// ---- the recording ----------------------------------------------------------------------------

#[test]
fn a_scenario_names_its_recording() {
    let (folder, path) = scenario("recording = \"order-774\"\n[toggles.R4]\n");
    let told = json(&["compare", "--scenario", &path]);
    assert_eq!((&told["recording"], ids(&told["toggles"])), (&"order-774".into(), vec!["R4"]));
    assert_eq!(told, json(&["compare", "order-774", "--scenario", &path]));
    let other = json(&["compare", "order-775", "--scenario", &path]);
    assert_eq!(other["recording"], "order-775", "the argument wins");
    let out = folder.at("out");
    ok(&["report", "--scenario", &path, "--out", &out]);
    assert!(fs::read(folder.at("out/report.md")).is_ok());
    assert_eq!(json(&["sweep", "--scenario", &path])["provenance"]["recording"], "order-774");
    for args in [&["compare"][..], &["report"], &["sweep"], &["compare", "--with", "R1"]] {
        refused(args, &["no path was named", "order-774, order-775"]);
    }
    // Without one it is of what agents left on this machine.
    let (_folder, path) = scenario("[toggles.R4]\n");
    refused(&["compare", "--scenario", &path], &["no path was named", "~/.claude/projects"]);
    refused(&["report", "--scenario", &path], &["no path was named"]);
}

#[test]
fn paths_start_at_the_folder_of_the_scenario() {
    let body = format!("{HEAD}recording = \"../runs\"\nprices = \"my/book.csv\"\n");
    let folder = Folder::new(&[
        ("plans/mine.toml", body.as_bytes()),
        ("plans/my/book.csv", b"model,input,output\nclaude-opus-4-6,1,1\n"),
        ("runs/s.jsonl", session().as_bytes()),
    ]);
    let path = folder.at("plans/mine.toml");
    let told = json(&["compare", "--scenario", &path]);
    assert_eq!(told["baseline"]["calls"], 2);
    ok(&["scenario", "check", &path]);
    let absent = folder.file("plans/absent.toml", format!("{HEAD}recording = \"no\"\n").as_bytes());
    let words = ["absent.toml", "'recording'", "plans/no", "no such file"];
    refused(&["compare", "--scenario", &absent], &words);
    refused(&["scenario", "check", &absent], &words);
    let book = folder.file("plans/book.toml", format!("{HEAD}prices = \"no.csv\"\n").as_bytes());
    refused(&["compare", "order-774", "--scenario", &book], &["plans/no.csv"]);
    refused(&["scenario", "check", &book], &["book.toml", "plans/no.csv"]);
}

#[test]
fn prices_stand_in_layers() {
    let (folder, path) = scenario("prices = \"a.csv\"\nmodel = \"mine-1\"\n[toggles.R1]\n");
    folder.file("a.csv", b"model,input,output\nmine-1,1,1\n");
    let over = folder.file("b.csv", b"model,input,output\nmine-1,2,2\n");
    let cost = |more: &[&str]| {
        let told = json(&[&["compare", "order-774", "--scenario", &path], more].concat());
        told["baseline"]["cost_pico_usd"].as_i64().expect("money")
    };
    assert_eq!(cost(&["--prices", &over]), 2 * cost(&[]), "the command line wins");
}

// ---- the selection ----------------------------------------------------------------------------

#[test]
fn a_selection_is_a_recording_of_its_own() {
    let (_folder, path) = scenario(
        "recording = \"order-774\"\n[select]\nstep = [\"implement\", \"assess\"]\n[toggles.R4]\n",
    );
    let told = json(&["compare", "--scenario", &path]);
    let (_other, path_of_all) = scenario("recording = \"order-774\"\n[toggles.R4]\n");
    let whole = json(&["compare", "--scenario", &path_of_all]);
    assert_eq!(told["recording"], "order-774.part");
    assert_ne!(told["provenance"]["recording_digest"], whole["provenance"]["recording_digest"]);
    assert_eq!(told["provenance"]["premises"], value!(["select step: implement, assess"]));
    let read = |side: &Value| side["read"].as_i64().expect("tokens");
    assert!(read(&told["baseline"]) < read(&whole["baseline"]));
    // Where a toggle applies in the selected steps only, it saves what it saves in the whole.
    assert_eq!(told["toggles"][0]["alone"], whole["toggles"][0]["alone"]);
    assert_eq!(told["toggles"][0]["claimed"], Value::Null, "claims speak of the whole");
    let ran = run(&["compare", "--scenario", &path, "--provenance"]);
    assert!(ran.err.contains("3 of 1") && ran.err.contains("sessions selected"), "{}", ran.err);
    assert!(ran.out.contains("select step: implement, assess"), "{}", ran.out);
}

#[test]
fn a_selection_of_everything_changes_nothing() {
    let (_folder, path) =
        scenario("recording = \"order-774\"\n[select]\nstep = \"*\"\n[toggles.R4]\n");
    let (_other, path_of_all) = scenario("recording = \"order-774\"\n[toggles.R4]\n");
    let mut told = json(&["compare", "--scenario", &path]);
    assert_eq!(told["provenance"]["premises"], value!(["select step: *"]));
    told["provenance"].as_object_mut().expect("an object").remove("premises");
    assert_eq!(told, json(&["compare", "--scenario", &path_of_all]));
}

#[test]
fn a_selection_without_sessions_says_what_there_is() {
    let check = |select: &str, words: &[&str]| {
        let (_folder, path) = scenario(&format!("recording = \"order-774\"\n[select]\n{select}\n"));
        refused(&["compare", "--scenario", &path], words);
        refused(&["scenario", "check", &path], &[words, &["mine.toml"]].concat());
    };
    check("step = \"implemnt\"", &["'implemnt'", "is it 'implement'", "'assess'"]);
    check("model = \"gpt-5\"", &["'select.model'", "'gpt-5'", "'unstated'"]);
    check("min_calls = 9999", &["no session", "calls a session"]);
    check("since = 2030-01-01", &["no session", "2026-04-13"]);
}

#[test]
fn a_part_of_transcripts_is_what_was_imported_alone() {
    let other = [("\"a\"", "\"c\""), ("\"b\"", "\"d\""), ("\"s\"", "\"t\"")];
    let other = other.iter().fold(session(), |text, (from, to)| text.replace(from, to));
    let folder =
        Folder::new(&[("runs/a.jsonl", session().as_bytes()), ("runs/b.jsonl", other.as_bytes())]);
    let whole = folder.at("whole.json");
    ok(&["import", &folder.at("runs"), "-o", &whole]);
    let recording = format::from_json(&fs::read(&whole).unwrap()).unwrap();
    for one in &recording.sessions {
        let id = &one.id;
        assert!(ok(&["inspect", &whole, "--details"]).contains(id.as_str()));
        let body = format!("{HEAD}recording = \"whole.json\"\n[select]\nsession = \"{id}\"\n");
        let path = folder.file("one.toml", body.as_bytes());
        let told = json(&["compare", "--scenario", &path]);
        assert_eq!(told["baseline"]["calls"].as_u64(), Some(one.calls.into()));
    }
}

// ---- models and cache -------------------------------------------------------------------------

#[test]
fn a_model_is_priced_as_another_one() {
    let (_folder, path) = scenario(
        "recording = \"order-774\"\n[models]\n\"claude-opus-4-6\" = \"claude-opus-4-5\"\n",
    );
    let told = json(&["compare", "--scenario", &path]);
    let words = "claude-opus-4-6 priced as claude-opus-4-5: tokens as recorded, because both";
    let premise = told["provenance"]["premises"][0].as_str().expect("a premise");
    assert!(premise.starts_with(words), "{premise}");
    let (_folder, path) = scenario(
        "recording = \"order-774\"\n[models]\n\"claude-opus-4-6\" = \"claude-opus-4-7\"\n",
    );
    let out = ok(&["compare", "--scenario", &path, "--provenance"]);
    assert!(out.contains("claude-opus-4-6 priced as claude-opus-4-7: tokens x 1.30"), "{out}");
    let (_folder, path) =
        scenario("recording = \"order-774\"\n[models]\n\"claude-opus-4-6\" = \"gpt-5.4\"\n");
    let told = json(&["compare", "--scenario", &path]);
    let premise = told["provenance"]["premises"][0].as_str().expect("a premise");
    assert!(premise.contains("no ratio of their tokenizers is known"), "{premise}");
    let refuse = |pair: &str, words: &[&str]| {
        let (_folder, path) = scenario(&format!("recording = \"order-774\"\n[models]\n{pair}\n"));
        refused(&["compare", "--scenario", &path], words);
        refused(&["scenario", "check", &path], words);
    };
    refuse("\"claude-opus-4-6\" = \"gronk-7b\"", &["gronk-7b", "--prices"]);
    refuse("\"claude-opus-4-66\" = \"claude-opus-4-7\"", &["'models'", "is it 'claude-opus-4-6'"]);
    refuse("gpt-5.4 = \"gpt-5\"", &["models.gpt-5", "quotes"]);
}

// ---- one parameter ----------------------------------------------------------------------------

#[test]
fn one_parameter_is_set_after_the_scenario() {
    let (_folder, path) = scenario("recording = \"order-774\"\n[toggles.R4]\ncap = 300\n");
    let (_other, same) = scenario("recording = \"order-774\"\n[toggles.R4]\ncap = 200\nrisk = 3\n");
    let compare = |path: &str, more: &[&str]| {
        json(&[&["compare", "--scenario", path], more].concat())["toggles"].clone()
    };
    assert_eq!(compare(&path, &["--set", "R4.cap=200", "--set", "R4.risk=3"]), compare(&same, &[]));
    assert_ne!(compare(&path, &[]), compare(&same, &[]));
    let look_up = "R4.look_up={ low = 0, mode = 0, high = 2500 }";
    let twice = compare(&path, &["--set", "r4.cap=200", "--set", look_up, "--set", "R4.risk=3"]);
    assert_eq!(twice, compare(&same, &[]));
    let refuse = |setting: &str, words: &[&str]| {
        refused(&["compare", "--scenario", &path, "--set", setting], words);
    };
    refuse("R4.cup=1", &["--set R4.cup=1", "is it 'cap'"]);
    refuse("R44.cap=1", &["is it 'R4'"]);
    refuse("R1.compliance=1", &["R1 does not take part", "R4"]);
    refuse("R4.cap=-1", &["toggles.R4.cap", "-1", "tokens"]);
    refuse("R4.cap", &["TOGGLE.KEY=VALUE"]);
    refuse("seed=1", &["TOGGLE.KEY=VALUE"]);
}

// ---- new --------------------------------------------------------------------------------------

#[test]
fn a_new_scenario_is_the_built_in_one() {
    let folder = Folder::new(&[]);
    let text = ok(&["scenario", "new", "order-774"]);
    let written = scenario::parse_scenario("order-774", &text).expect("a scenario");
    let shipped = fs::read_to_string(here("scenarios/order-774.toml")).expect("a file");
    assert_eq!(written, scenario::parse_scenario("order-774", &shipped).expect("a scenario"));
    let path = folder.file("new.toml", text.as_bytes());
    assert_eq!(check_json(&path)["changes"], value!([]));
}

#[test]
fn a_new_scenario_has_what_finds_something() {
    let folder = Folder::new(&[]);
    // By its path it is no built-in recording.
    let path = here("recorded/order-774.json");
    let text = ok(&["scenario", "new", &path]);
    let written = scenario::parse_scenario("x", &text).expect("a scenario");
    assert!(written.toggles.len() > 3 && written.recording == path);
    let told = json(&["inspect", &path]);
    for toggle in told["toggles"].as_array().expect("toggles") {
        let id = toggle["id"].as_str().expect("an id");
        let here = written.toggles.iter().any(|chosen| chosen.id() == id);
        assert!(here || toggle["found"] == 0, "{id} finds something");
        let (_, left) = text.split_once("# Not here").unwrap_or_default();
        let mut words = left.split(|c: char| !c.is_alphanumeric());
        assert!(here || words.any(|word| word == id), "{id} is neither here nor left out");
    }
    let text = ok(&["scenario", "new", &here("tests/fixtures/probes"), "--with", "r3,R1"]);
    let ids: Vec<_> = scenario::parse_scenario("x", &text)
        .unwrap()
        .toggles
        .iter()
        .map(ChosenToggle::id)
        .collect();
    assert_eq!(ids, ["R1", "R3"]);
    refused(&["scenario", "new", "order-774", "--with", "R99"], &["R99"]);
    refused(&["scenario", "new", "order-77"], &["'order-77'", "order-774"]);
    refused(&["scenario", "new", &folder.at("absent")], &["absent"]);
}

#[test]
fn a_new_file_is_never_written_over_another() {
    let folder = Folder::new(&[("runs/s.jsonl", session().as_bytes())]);
    let path = folder.at("deep/er/mine.toml");
    let new = ["scenario", "new", "order-774", "-o", &path];
    assert!(ok(&new).contains("mine.toml"));
    fs::write(&path, "precious").unwrap();
    refused(&new, &["mine.toml", "--force"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    ok(&[&new[..], &["--force"]].concat());
    ok(&["scenario", "check", &path]);
    // A relative recording is found again from where the scenario lies.
    let beside = crate::run::program(&["scenario", "new", "runs", "-o", "plans/runs.toml"])
        .current_dir(folder.path())
        .output()
        .expect("a start");
    assert!(beside.status.success(), "{beside:?}");
    let text = fs::read_to_string(folder.at("plans/runs.toml")).unwrap();
    assert!(text.contains("\nrecording = \"../runs\"\n"), "{text}");
    ok(&["scenario", "check", &folder.at("plans/runs.toml")]);
}

// ---- check ------------------------------------------------------------------------------------

fn check_json(path: &str) -> Value {
    json(&["scenario", "check", path])["files"][0].clone()
}

#[test]
fn a_check_says_what_differs() {
    let (_folder, path) = scenario(
        "recording = \"order-774\"\nseed = 1\ndate = 2026-04-14\ncache = \"perfect\"\n\
         [toggles.R4]\n\
         cap = { low = 1, high = 1200, shape = \"uniform\" }\nrisk = 3\n[toggles.R1]\n",
    );
    let told = check_json(&path);
    assert_eq!((&told["ok"], &told["toggles"]), (&true.into(), &value!(["R1", "R4"])));
    assert_eq!(
        told["premises"],
        value!(["date: 2026-04-14", "seed: 1", "draws: 0", "cache: perfect"])
    );
    let cap = value!({ "toggle": "R4", "key": "cap", "card": "150 | 400 | 1,200",
                       "here": "1 | 601 | 1,200 uniform" });
    let risk = value!({ "toggle": "R4", "key": "risk", "card": "1", "here": "3" });
    assert_eq!(told["changes"], value!([cap, risk]));
    let out = ok(&["scenario", "check", &path]);
    assert!(out.contains("mine.toml: ok") && out.contains("1 | 601 | 1,200 uniform"), "{out}");
    for format in ["markdown", "csv"] {
        assert!(ok(&["scenario", "check", &path, "--format", format]).contains("601"));
    }
}

#[test]
fn a_check_goes_on_after_a_bad_file() {
    let (folder, bad) = scenario("\n\n[toggles.R4]\n\ncapp = 1\n");
    let ran = run(&["scenario", "check", &bad, "order-774", &folder.at("absent.toml")]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.out.contains("order-774: ok") && !ran.out.contains("mine.toml"), "{}", ran.out);
    let lines: Vec<&str> = ran.err.lines().collect();
    assert!(lines[0].ends_with(
        "mine.toml: line 7: unknown key 'toggles.R4.capp' (is it 'cap'?); known are cap, look_up, \
         effort, risk"
    ));
    assert!(lines.len() == 2 && lines[1].contains("absent.toml"), "{}", ran.err);
    let told = run(&["scenario", "check", &bad, "--format", "json"]);
    let told: Value = serde_json::from_str(&told.out).expect("JSON");
    assert_eq!(told["files"][0]["ok"], false);
    assert!(told["files"][0]["error"].as_str().is_some_and(|line| line.contains("line 7")));
    refused(&["scenario", "check", &bad], &["mine.toml: line 7"]);
    let latin = folder.file("latin.toml", b"# \xe9\n");
    refused(&["scenario", "check", &latin], &["latin.toml", "utf-8"]);
    let help = ok(&["scenario", "check", "--help"]);
    assert!(help.contains("FILES"), "{help}");
}

// ---- the schema -------------------------------------------------------------------------------

fn schema() -> Value {
    serde_json::from_str(&ok(&["scenario", "schema"])).expect("JSON")
}

/// What is wrong with a value by a schema: the keywords that the shipped one uses, and no other.
pub fn faults(root: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let mut found = Vec::new();
    let inner = |schema: &Value, value: &Value| faults(root, schema, value, place);
    for (word, wanted) in schema.as_object().expect("a schema") {
        let holds = match word.as_str() {
            // Looked at below, or for people.
            "properties"
            | "additionalProperties"
            | "definitions"
            | "$schema"
            | "title"
            | "description" => true,
            "type" => match wanted.as_array() {
                Some(types) => types.iter().any(|wanted| is_of_type(value, wanted)),
                None => is_of_type(value, wanted),
            },
            "enum" => wanted.as_array().expect("values").contains(value),
            "minimum" => value.as_f64().is_none_or(|n| n >= wanted.as_f64().expect("a number")),
            "maximum" => value.as_f64().is_none_or(|n| n <= wanted.as_f64().expect("a number")),
            "minLength" => value.as_str().is_none_or(|text| !text.is_empty()),
            // Two patterns are in use: days, and amounts with their units.
            "pattern" if wanted.as_str().is_some_and(|it| it.starts_with("^\\d{4}")) => {
                value.as_str().is_none_or(|text| text.starts_with("20"))
            }
            "pattern" => value.as_str().is_none_or(|text| {
                text.trim_start_matches(['~', ' ']).starts_with(|c: char| c.is_ascii_digit())
            }),
            "minItems" => {
                value.as_array().is_none_or(|l| l.len() as u64 >= wanted.as_u64().unwrap())
            }
            "maxItems" => {
                value.as_array().is_none_or(|l| l.len() as u64 <= wanted.as_u64().unwrap())
            }
            "items" => value.as_array().into_iter().flatten().all(|v| inner(wanted, v).is_empty()),
            "required" => wanted
                .as_array()
                .expect("keys")
                .iter()
                .all(|key| value.get(key.as_str().expect("a key")).is_some()),
            "allOf" => wanted.as_array().expect("some").iter().all(|s| inner(s, value).is_empty()),
            "anyOf" => wanted.as_array().expect("some").iter().any(|s| inner(s, value).is_empty()),
            "$ref" => {
                let name = wanted.as_str().and_then(|path| path.strip_prefix("#/definitions/"));
                inner(&root["definitions"][name.expect("a definition")], value).is_empty()
            }
            other => panic!("keyword {other}"),
        };
        if !holds {
            found.push(format!("{place}: {word}"));
        }
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        let place = format!("{place}.{key}");
        match (schema["properties"].get(key), &schema["additionalProperties"]) {
            (Some(known), _) => found.extend(faults(root, known, value, &place)),
            (None, Value::Bool(false)) => found.push(format!("{place}: unknown")),
            (None, Value::Null) => {}
            (None, others) => found.extend(faults(root, others, value, &place)),
        }
    }
    found
}

fn is_of_type(value: &Value, wanted: &Value) -> bool {
    match wanted.as_str().expect("a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        other => panic!("type {other}"),
    }
}

/// The faults of a scenario by the shipped schema.
fn by_schema(text: &str) -> Vec<String> {
    let value: Value = toml::from_str(text).expect("TOML");
    let schema = schema();
    faults(&schema, &schema, &value, "")
}

#[test]
fn shipped_and_new_scenarios_fit_the_schema() {
    let mut seen = 0;
    for entry in fs::read_dir(here("scenarios")).expect("a folder").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let text = fs::read_to_string(&path).expect("a file");
            // Files of rollouts and budgets are other formats, with tests of their own:
            // `shipped_files_of_rollouts_can_be_used` and `the_composite_action_passes_..`.
            let has_schema = |name| text.contains(&format!("\nschema = \"windtunnel.{name}/"));
            if has_schema("rollouts") || has_schema("budget") {
                continue;
            }
            assert_eq!(by_schema(&text), [""; 0], "{}", path.display());
            assert!(text.starts_with("#:schema ./scenario.schema.json\n"), "{}", path.display());
            ok(&["scenario", "check", path.to_str().expect("UTF-8")]);
            seen += 1;
        }
    }
    assert!(seen > 0);
    assert_eq!(by_schema(&ok(&["scenario", "new", "order-775"])), [""; 0]);
}

#[test]
fn schema_and_parser_agree_on_values() {
    let check = |body: &str, good: bool| {
        let text = format!("{HEAD}{body}\n");
        let (parsed, faults) = (scenario::parse_scenario("s", &text), by_schema(&text));
        assert_eq!((parsed.is_ok(), faults.is_empty()), (good, good), "{body}: {faults:?}");
    };
    for good in [
        "name = \"x\"\nlens = \"record\"\nmodel = \"m\"\nprices = \"p\"\ndate = \"2026-04-13\"",
        "cache = \"none\"\nseed = 0\ndraws = 100000",
        "[select]\nstep = [\"a\", \"\"]\nrole = \"main\"\nsince = \"2026-04-13T00:00:00Z\"",
        "[select]\nrole = [\"main\", \"subagent\"]\nmin_calls = 3",
        "[models]\n\"a.b\" = \"c\"",
        "[source]\nroots = 4\n\"mean-height\" = 0",
        "[toggles.R4]\ncap = 7\neffort = 0\nrisk = 1",
        "[toggles.R4]\ncap = { low = 1, mode = 2, high = 3, shape = \"triangular\" }",
        "[toggles.R4]\ncap = { low = 1, high = 3, shape = \"uniform\" }",
        "[toggles.R4]\ncap = { value = 1, shape = \"fixed\" }",
        "[toggles.R4]\ncap = { value = 1 }",
        "[toggles.R4]\ncap = \"1.5k\"",
        "[toggles.R1]\ncompliance = 0.86",
        "[toggles.R1]\ncompliance = { low = \"50 %\", mode = 0.8, high = 9000 }",
    ] {
        check(good, true);
    }
    for bad in [
        "name = \"\"",
        "lens = \"x\"",
        "seed = -1",
        "seed = \"1\"",
        "draws = 100001",
        "cache = true",
        "date = \"soon\"",
        "[select]\nstep = []",
        "[select]\nrole = \"boss\"",
        "[select]\nrole = [\"main\", \"boss\"]",
        "[select]\nmin_calls = 1.5",
        "[select]\nsince = \"soon\"",
        "[models]\na = 1",
        "[models]\na = \"\"",
        "[source]\nroots = -1",
        "[source]\nroots = 1.5",
        "[toggles.R4]\nrisk = 4",
        "[toggles.R4]\ncap = -1",
        "[toggles.R4]\ncap = \"many\"",
        "[toggles.R4]\ncap = 0.5",
        "[toggles.R4]\ncap = {}",
        "[toggles.R4]\ncap = { low = 1, high = 3 }",
        "[toggles.R4]\ncap = { low = 1, high = 3, shape = \"pert\" }",
        "[toggles.R4]\ncap = { low = 1, mode = 2, high = 3, shape = \"beta\" }",
        "[toggles.R1]\ncompliance = 10001",
        "[toggles]\nR1 = true",
        "toggles = [\"R1\"]",
    ] {
        check(bad, false);
    }
}

/// The keys of every table of the schema, by its path; ranges as those of one parameter.
fn tables(schema: &Value) -> Vec<(String, BTreeSet<String>)> {
    let keys = |value: &Value| {
        let properties = value["properties"].as_object().expect("properties");
        properties.keys().cloned().collect::<BTreeSet<_>>()
    };
    let top = &schema["properties"];
    let toggles = &top["toggles"];
    let mut tables = vec![
        (String::new(), keys(schema)),
        ("select".to_owned(), keys(&top["select"])),
        ("toggles".to_owned(), keys(toggles)),
        ("toggles.R4.cap".to_owned(), keys(&schema["definitions"]["tokens"]["anyOf"][1])),
    ];
    for (id, toggle) in toggles["properties"].as_object().expect("toggles") {
        tables.push((format!("toggles.{id}"), keys(toggle)));
    }
    tables
}

#[test]
fn schema_and_parser_know_the_same_keys() {
    for (place, keys) in tables(&schema()) {
        let refuse = |key: &str| {
            let path = if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
            let text = if path == "schema" { String::new() } else { HEAD.to_owned() };
            let told = scenario::parse_scenario("s", &format!("{path} = true\n{text}"));
            (told.expect_err(&path).to_string(), path)
        };
        // The parser lists what it knows when it meets what it does not.
        let (unknown, _) = refuse("zzzzzzzz");
        match unknown.split("known are ").nth(1) {
            Some(known) => {
                let known: BTreeSet<String> = known.split(", ").map(str::to_owned).collect();
                assert_eq!(known, keys, "{place}");
            }
            // Of toggles there are too many for a line.
            None => assert!(place == "toggles" && unknown.contains("`windtunnel list`"), "{place}"),
        }
        // And it looks at each one: nothing may be just true.
        for key in &keys {
            let (told, path) = refuse(key);
            assert!(told.contains(&format!("'{path}' is true, wanted ")), "{told}");
        }
    }
}
