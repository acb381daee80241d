//! Charts over time, and of every set, against what comparison and sweep say.

use crate::run::{json, ok, refused};

/// The table of a chart: its headings, and its rows cell by cell.
fn table(kind: &str, recording: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let out = ok(&["chart", kind, recording, "--format", "csv"]);
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<String>>();
    let mut lines = out.lines().filter(|line| !line.starts_with('#')).map(cells);
    (lines.next().unwrap(), lines.collect())
}

fn column((headings, rows): &(Vec<String>, Vec<Vec<String>>), heading: &str) -> Vec<String> {
    let at = headings.iter().position(|other| other == heading);
    let at = at.unwrap_or_else(|| panic!("no {heading} in {headings:?}"));
    rows.iter().map(|row| row[at].clone()).collect()
}

/// What `compare` says of the set that pictures show: the one that saves most.
fn compared_with_best(recording: &str) -> serde_json::Value {
    let swept = json(&["sweep", recording]);
    let saved = |one: &serde_json::Value| one["saving"]["cost_pico_usd"].as_i64().unwrap();
    let best = swept["subsets"].as_array().unwrap().iter().max_by_key(|one| saved(one)).unwrap();
    let ids: Vec<&str> =
        best["toggles"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    json(&["compare", recording, "--draws", "0", "--with", &ids.join(",")])
}

/// An exact decimal of dollars in pico-dollars.
fn pico(usd: &str) -> i128 {
    let (whole, fraction) = usd.split_once('.').unwrap();
    format!("{whole}{fraction:0<12}").parse().unwrap()
}

#[test]
fn charts_over_time_end_at_the_comparison() {
    for recording in ["order-774", "cockpit-2026-02"] {
        let compared = compared_with_best(recording);
        let (cost_chart, rate_chart) = (table("cost", recording), table("rate", recording));
        for (side, name) in [("before", "baseline"), ("after", "variant")] {
            let told = |key: &str| &compared[name][key];
            let end = column(&cost_chart, &format!("{side}_usd")).pop().unwrap();
            let hidden = told("cost_hidden_usd").as_f64().unwrap();
            assert!(hidden.abs() < 1e-9, "{recording}: {hidden}");
            let cost = i128::from(told("cost_pico_usd").as_i64().unwrap());
            assert_eq!(pico(&end), cost, "{recording} {side}");
            let counts = |heading: &str| -> Vec<i64> {
                let cells = column(&rate_chart, &format!("{heading}_{side}"));
                cells.iter().map(|cell| cell.parse().unwrap()).collect()
            };
            assert_eq!(counts("calls").iter().sum::<i64>(), told("calls").as_i64().unwrap());
            let peak = counts("most_a_minute").into_iter().max();
            assert_eq!(peak, told("peak_calls_a_minute").as_i64(), "{recording} {side}");
        }
    }
}

#[test]
fn growth_shows_the_calls_that_are_expected_as_they_are_made() {
    // All twelve sessions have a panel.
    let compared = compared_with_best("order-774");
    let chart = table("growth", "order-774");
    for (side, name) in [("before", "baseline"), ("after", "variant")] {
        let cells = column(&chart, &format!("context_{side}_tokens"));
        let contexts: Vec<i64> = cells.iter().filter_map(|cell| cell.parse().ok()).collect();
        assert_eq!(contexts.len() as i64, compared[name]["calls"].as_i64().unwrap(), "{side}");
        // A call that is made with a chance has its whole context, and none is below the start.
        assert!(contexts.iter().all(|context| *context > 11_000), "{side}: {contexts:?}");
    }
}

#[test]
fn what_knows_no_times_has_no_chart_over_time() {
    for kind in ["rate", "cost"] {
        let words = [kind, "economics-2026-06", "says nothing about the times of calls"];
        refused(&["chart", kind, "economics-2026-06"], &words);
    }
}

#[test]
fn the_chart_of_a_sweep_holds_every_set() {
    let (_, rows) = table("sweep", "order-774");
    let of = |what: &str| rows.iter().filter(|row| row[0] == what).collect::<Vec<_>>();
    let sets: u64 = of("cell").iter().map(|row| row[6].parse::<u64>().unwrap()).sum();
    assert_eq!(sets, 1 << 7);
    let steps = json(&["sweep", "order-774"])["order"].as_array().expect("steps").len();
    let built = of("build order");
    assert_eq!((built.len(), &*built[0][1]), (steps, "R2"));
    let front = of("front");
    assert_eq!(front.len(), 11);
    assert!(front.iter().all(|row| row[2] == row[3] && row[4] == row[5] && row[6] == "1"));
}
