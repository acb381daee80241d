//! Every number of the page against the program: totals, what a toggle adds, bars, curves.

use super::{Open, Written};
use crate::run::{Folder, here, ok};
use rand::Rng;
use serde_json::Value;
use std::collections::BTreeMap;
use windtunnel::plan::{Plan, ToggleSubset};
use windtunnel::price::Pricing;
use windtunnel::reconstruct;
use windtunnel::recording::{Recording, format};
use windtunnel::replay::{expected_rows, replay_calls};
use windtunnel::scenario::{self, Scenario};
use windtunnel::seed::Seed;

const TOTALS: [&str; 8] =
    ["calls", "fresh", "read", "write_5m", "write_1h", "output", "output_hidden", "session_ms"];

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn order_774_says_what_compare_says() {
    let mut written = Written::of("order-774", "order-774");
    let mut open = written.open("");
    let all = open.choices();
    let singles = all.iter().map(|id| vec![id.clone()]);
    let sets: Vec<_> = singles.chain([vec![], all.clone()]).chain(random(&all, 20)).collect();
    for on in &sets {
        totals(&mut open, &mut written, on);
    }
    for on in random(&all, 4) {
        parts(&mut open, &mut written, &on);
    }
    let fit = reconstruct::reconstruct(
        &reconstruct::builtin_pipeline("order-774").expect("built in"),
        reconstruct::Lens::Message,
    );
    let recording = fit.expect("a fit").recording;
    curves(&mut open, &written, &recording, &[random(&all, 6), vec![vec![], all]].concat());
    open.0.is_quiet();
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn twelve_toggles_are_small_and_quick() {
    let mut written = Written::of("order-774", "order-774-wide");
    let mut open = written.open("");
    let all = open.choices();
    assert_eq!(all.len(), 12);
    for on in random(&all, 5).into_iter().chain([all.clone()]) {
        totals(&mut open, &mut written, &on);
    }
    let on = random(&all, 1).remove(0);
    parts(&mut open, &mut written, &on);
    let before = open.0.used();
    let times = open.0.eval(TICKS);
    let used = (open.0.used() - before) * 10.0;
    eprintln!("a tick of 12 toggles: {used:.1} ms of processor; median, P90 by the clock: {times}");
    open.0.is_quiet();
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn the_cockpit_says_what_compare_says() {
    let mut written = Written::of("cockpit-2026-02", "cockpit-2026-02");
    let mut open = written.open("");
    let all = open.choices();
    for on in random(&all, 3).into_iter().chain([vec![], all.clone()]) {
        totals(&mut open, &mut written, &on);
    }
    parts(&mut open, &mut written, &all[1..4]);
    open.0.is_quiet();
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn transcripts_say_what_compare_says() {
    let folder = Folder::new(&[]);
    let file = folder.at("probes.json");
    ok(&["import", &here("tests/fixtures/probes"), "-o", &file]);
    let scenario = ok(&["scenario", "new", &file]);
    let mut written = Written::under(&file, &scenario);
    let mut open = written.open("");
    let all = open.choices();
    let sets = [random(&all, 4), vec![vec![], all.clone()]].concat();
    for on in &sets {
        totals(&mut open, &mut written, on);
    }
    parts(&mut open, &mut written, &all);
    let recording = format::from_json(&std::fs::read(&file).unwrap()).expect("a recording");
    curves(&mut open, &written, &recording, &sets);
    open.0.is_quiet();
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn a_moved_parameter_says_what_compare_says() {
    let mut written = Written::of("order-774", "order-774");
    let mut open = written.open("");
    let all = open.choices();
    let mut moves = open.words(
        "JSON.parse(document.querySelector('#data').textContent).moves
            .flatMap((move) => move.values.map((value) => `${move.key}=${value.typed}`))",
    );
    assert!(moves.len() > 50, "{moves:?}");
    // Every fifth: each parameter, at one value or another.
    let mut at = 0;
    moves.retain(|_| {
        at += 1;
        at % 5 == 0
    });
    for (set, on) in moves.iter().zip(random(&all, moves.len())) {
        let on: Vec<_> =
            all.iter().filter(|id| on.contains(id) || set.starts_with(*id)).cloned().collect();
        open.0.eval(&format!("location.hash = '#on={}&set={set}'", on.join(",")));
        open.settle();
        check_moved(&mut open, &mut written, &on, set);
    }
    // By hand: the list, then the slider with a key; the address and the note say the same.
    open.0.click("#best");
    open.0.eval(
        "(() => {
            const list = document.querySelector('#parameter');
            list.value = 'R2.calls_per_site';
            list.dispatchEvent(new Event('change'));
            document.querySelector('#value').focus();
        })()",
    );
    let words = "document.querySelector('#value-words').textContent";
    assert_eq!(open.0.text(words), "its middle");
    open.0.press("End");
    open.settle();
    assert_eq!(open.0.text(words), "4");
    assert!(open.0.text("location.hash").ends_with("&set=R2.calls_per_site=4"));
    let note = open.0.text("document.querySelector('#moved-note').textContent");
    assert!(note.contains("at 2, 3, 4") && note.contains("--set R2.calls_per_site=4"), "{note}");
    let on = open.ticked();
    check_moved(&mut open, &mut written, &on, "R2.calls_per_site=4");
    // What was not replayed is not drawn, and what no value is known of is refused.
    assert_eq!(open.0.eval("document.querySelector('#curves').hidden"), true);
    open.0.eval("location.hash = '#on=R2&set=R2.calls_per_site=5'");
    open.settle();
    let said = open.0.text("document.querySelector('#notice').textContent");
    assert!(said.contains("R2.calls_per_site=5"), "{said}");
    totals(&mut open, &mut written, &["R2".to_owned()]);
    open.0.is_quiet();
}

/// Totals, what each toggle adds and the bars, with a parameter at another value.
fn check_moved(open: &mut Open, written: &mut Written, on: &[String], set: &str) {
    let shown = open.0.eval(
        "[...document.querySelectorAll('[data-total][data-side=saved]')]\
         .map((one) => [one.dataset.total, one.dataset.value])",
    );
    let saving = written.compare_moved(on, set)["joint"]["saving"].clone();
    let mut met = 0;
    for pair in shown.as_array().expect("rows") {
        let (name, value) = (pair[0].as_str().expect("a name"), &pair[1]);
        // The clock was run at the middle alone: a dash.
        let wanted = match name {
            "wall_clock_ms" => String::new(),
            "cost_hidden_pico_usd" => continue,
            name => saving[name].to_string(),
        };
        assert_eq!(value.as_str(), Some(wanted.as_str()), "{name}: {set} on {on:?}");
        met += 1;
    }
    assert!(met > 8, "{shown}");
    let adds = open.numbers("adds");
    let toggle = set.split('.').next().expect("a toggle").to_owned();
    let without: Vec<_> = on.iter().filter(|id| **id != toggle).cloned().collect();
    let after = whole(&written.compare(&without)["variant"]["cost_pico_usd"]);
    let with = whole(&written.compare_moved(on, set)["variant"]["cost_pico_usd"]);
    assert_eq!(adds[&toggle], after - with, "{set} on {on:?}");
    assert_eq!(open.numbers("bar")["result"], with, "{set} on {on:?}");
}

/// Time from a tick to the new layout, in the page: the median and the 90th of 100 ticks.
const TICKS: &str = "(() => {
    const toggles = [...document.querySelectorAll('input[data-toggle]:not(:disabled)')];
    const times = Array.from({length: 100}, (_, at) => {
        const from = performance.now();
        toggles[at % toggles.length].click();
        document.body.getBoundingClientRect();
        return performance.now() - from;
    }).sort((a, b) => a - b);
    return [times[50], times[90]];
})()";

/// Subsets drawn once and for all.
fn random(toggles: &[String], count: usize) -> Vec<Vec<String>> {
    let mut rng = Seed(774).random_stream("page", toggles.join(",").as_bytes());
    let mut draw = || {
        let bits = rng.next_u64();
        let on = (0..toggles.len()).filter(|at| bits >> at & 1 == 1);
        on.map(|at| toggles[at].clone()).collect()
    };
    (0..count).map(|_| draw()).collect()
}

/// The totals of a subset, ticked with the mouse, to the token and the pico-dollar.
fn totals(open: &mut Open, written: &mut Written, on: &[String]) {
    open.tick(on);
    let compared = written.compare(on);
    let sides = [
        ("before", &compared["baseline"]),
        ("after", &compared["variant"]),
        ("saved", &compared["joint"]["saving"]),
    ];
    let mut expected = BTreeMap::new();
    for (side, sums) in sides {
        for name in TOTALS {
            expected.insert(format!("{name}/{side}"), whole(&sums[name]));
        }
        if compared["headline"]["metric"] == "tokens" {
            expected.insert(format!("tokens/{side}"), told(sums, true));
        }
        let hidden = (sums["cost_hidden_usd"].as_f64().unwrap() * 1e12).round() as i128;
        expected.insert(format!("cost_pico_usd/{side}"), whole(&sums["cost_pico_usd"]));
        expected.insert(format!("cost_hidden_pico_usd/{side}"), hidden);
    }
    if let Some(clock) = compared.get("minutes") {
        let [before, after] = ["before_ms", "after_ms"].map(|name| whole(&clock[name]));
        let sides = [("before", before), ("after", after), ("saved", before - after)];
        expected.extend(sides.map(|(side, ms)| (format!("wall_clock_ms/{side}"), ms)));
    }
    assert_eq!(open.numbers("total"), expected, "{}: {on:?}", written.recording);
}

fn whole(value: &Value) -> i128 {
    value.to_string().parse().unwrap_or_else(|_| panic!("{value} is no whole number"))
}

/// Reads, or all tokens.
fn told(sums: &Value, in_tokens: bool) -> i128 {
    let classes = ["read", "fresh", "write_5m", "write_1h", "output", "output_hidden"];
    let classes = if in_tokens { &classes } else { &classes[..1] };
    classes.iter().map(|name| whole(&sums[*name])).sum()
}

/// What each toggle adds to a subset, and the bars from the baseline to the result.
fn parts(open: &mut Open, written: &mut Written, on: &[String]) {
    open.tick(on);
    let all = open.choices();
    clocks(open, written, on);
    for unit in ["tokens", "money"] {
        open.0.click(&format!("[data-amounts={unit}]"));
        open.settle();
        let mut after = |on: &[String]| {
            let on: Vec<_> = all.iter().filter(|one| on.contains(one)).cloned().collect();
            let compared = written.compare(&on);
            match unit {
                "money" => whole(&compared["variant"]["cost_pico_usd"]),
                _ => told(&compared["variant"], compared["headline"]["metric"] == "tokens"),
            }
        };
        let (adds, bars) = (open.numbers("adds"), open.numbers("bar"));
        for id in &all {
            let without: Vec<_> = on.iter().filter(|one| *one != id).cloned().collect();
            let with = [&without[..], std::slice::from_ref(id)].concat();
            assert_eq!(adds[id], after(&without) - after(&with), "{unit}: {id} to {on:?}");
        }
        let baseline = after(&[]);
        assert_eq!((bars["baseline"], bars["result"]), (baseline, after(on)), "{unit}: {on:?}");
        // Bars stand in the order of building.
        let order = open.words(
            "(() => {
                const data = JSON.parse(document.querySelector('#data').textContent);
                return data.order.map((at) => data.toggles[at].id);
            })()",
        );
        let order: Vec<_> = order.into_iter().filter(|id| on.contains(id)).collect();
        for (at, id) in order.iter().enumerate() {
            let adds = after(&order[..at]) - after(&order[..=at]);
            assert_eq!(bars[id], adds, "{unit}: bar {id} of {order:?}");
        }
        let saved: i128 = on.iter().map(|id| bars[id]).sum();
        assert_eq!(baseline - saved, bars["result"], "{unit}: {on:?}");
        assert_eq!(bars.len(), on.len() + 2, "{bars:?}");
    }
}

/// What each toggle adds to a subset on the wall clock, where a source tells one.
fn clocks(open: &mut Open, written: &mut Written, on: &[String]) {
    let shown = open.numbers("clock");
    let all = open.choices();
    let is_whole = shown.len() == all.len() && all.iter().all(|id| shown.contains_key(id));
    assert!(shown.is_empty() || is_whole, "{shown:?}");
    for (id, adds) in shown {
        let without: Vec<_> = on.iter().filter(|one| **one != id).cloned().collect();
        let with: Vec<_> =
            all.iter().filter(|one| **one == id || without.contains(one)).cloned().collect();
        let mut after = |on: &[String]| whole(&written.compare(on)["minutes"]["after_ms"]);
        assert_eq!(adds, after(&without) - after(&with), "{id} on the clock, to {on:?}");
    }
}

/// The context curves of every session that is shown, against a replay of the whole plan.
fn curves(open: &mut Open, written: &Written, recording: &Recording, sets: &[Vec<String>]) {
    let scenario =
        scenario::parse_scenario("page", &written.scenario.to_string()).expect("a scenario");
    let plan = plan(recording, &scenario);
    let bits = |on: &[String]| -> ToggleSubset {
        let parts = scenario.split_awaiting_toggles().0;
        let known = parts.iter().enumerate().filter(|(_, one)| on.iter().any(|id| id == one.id()));
        known.map(|(at, _)| 1 << at).sum()
    };
    let mut points = 0;
    for on in sets {
        open.tick(on);
        let shown = open.0.eval(
            "[...document.querySelectorAll('[data-session]')]\
             .map((one) => [Number(one.dataset.session), one.curve])",
        );
        let (before, after) = (contexts(recording, &plan, 0), contexts(recording, &plan, bits(on)));
        for pair in shown.as_array().expect("sessions") {
            let (session, curve) = (pair[0].as_u64().expect("an index") as usize, &pair[1]);
            let first = u64::from(recording.sessions[session].first_call);
            let side = |name: &str| curve[name].as_array().expect("points").clone();
            let calls = side("calls");
            points += calls.len();
            for (name, contexts) in [("before", &before), ("after", &after)] {
                let expected: Vec<Option<i64>> = calls
                    .iter()
                    .map(|number| contexts[(first + number.as_u64().unwrap() - 1) as usize])
                    .collect();
                let found: Vec<Option<i64>> =
                    side(name).iter().map(|point| point.as_i64().filter(|at| *at >= 0)).collect();
                assert_eq!(found, expected, "session {session}, {name}, {on:?}");
            }
        }
    }
    assert!(points > 0, "no session is shown");
}

/// The toggles of a scenario over a recording.
fn plan(recording: &Recording, scenario: &Scenario) -> Plan {
    let mut pricing = Pricing { date: scenario.date, ..Pricing::embedded() };
    if let Some(model) = &scenario.model {
        pricing.assumed_model.clone_from(model);
    }
    let (chosen, _) = scenario.split_awaiting_toggles();
    let patches: Vec<_> =
        chosen.iter().map(|one| one.toggle.build_patch(recording, &one.params)).collect();
    Plan::compile(recording, &patches, &pricing).expect("prices").with_cache(scenario.cache)
}

/// The context of every recorded call under a subset; nothing where it is not made.
fn contexts(recording: &Recording, plan: &Plan, subset: ToggleSubset) -> Vec<Option<i64>> {
    let mut contexts = vec![None; recording.calls.len()];
    let calls = replay_calls(plan, subset);
    for made in expected_rows(plan, &calls) {
        let row = &plan.rows[made.row as usize];
        // A call that a toggle adds is none of the recorded ones.
        if plan.event_of_row(row).inserted_by == 0 {
            let call = plan.call_of[made.row as usize] as usize;
            contexts[call] = Some(made.as_made.context_tokens());
        }
    }
    contexts
}
