//! What was seen after a rollout, beside claim and prediction: the loop of order 774 closed.

use crate::laws::data;
use crate::run::{Folder, here, json, ok, refused};
use std::fs;
use windtunnel::study::backtest::{EffectRatio, Observations};

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn the_observations_that_come_along_are_what_the_table_says() {
    let table = data("autoskillit-steps.csv");
    let folder = Folder::new(&[]);
    let (table, out) = (table.display().to_string(), folder.at("observed.json"));
    ok(&["backtest", &table, "--rollouts", "autoskillit-rollouts", "--observations", &out]);
    let again = fs::read(&out).expect("written");
    let shipped = fs::read(here("recorded/order-774.observed.json")).expect("a file");
    assert!(again == shipped, "write it again: backtest --rollouts autoskillit-rollouts");
}

#[test]
fn claim_prediction_and_observation_stand_side_by_side() {
    let shipped = fs::read(here("recorded/order-774.observed.json")).expect("a file");
    let shipped = Observations::parse(&shipped).expect("observations");
    let told = json(&["compare", "order-774"]);
    let seen = told["seen"].as_array().expect("seen");
    let groups: Vec<&str> = seen.iter().filter_map(|one| one["of"].as_str()).collect();
    assert_eq!(groups, ["total", "implement"]);
    for one in seen {
        let of = |name: &str| one[name].as_f64().unwrap_or_else(|| panic!("{name}: {one}"));
        let known = shipped.observed.iter().find(|known| {
            known.group == one["of"] && known.metric == "read" && !known.toggles.is_empty()
        });
        let ratio = known.and_then(|known| known.adjusted).expect("a ratio");
        assert!((of("seen") - (1.0 - ratio.as_f64())).abs() < 1e-9, "{one}");
        assert!(of("seen_low") <= of("seen") && of("seen") <= of("seen_high"), "{one}");
        // The prediction of the look back came from the same replay.
        let predicted = known.and_then(|known| known.predicted).expect("a prediction");
        // A share and one less it are each rounded to a ten-thousandth.
        let middle = one["predicted_draws"]["p50"].as_f64().expect("a band");
        assert!((middle - (1.0 - predicted.as_f64())).abs() < 1.5e-4, "{one}");
    }
    // The four fixes are claimed to save 6.7 to 7.7 M of 22.6 M reads.
    assert_eq!(seen[0]["claimed_low"], 0.2959);
    assert_eq!(seen[0]["claimed_high"], 0.34);
    let judged = |claim: &str| {
        let toggles = told["toggles"].as_array().expect("toggles");
        let toggle = toggles.iter().find(|toggle| toggle["id"] == claim).expect("a toggle");
        let judged = toggle["judged"].as_array().expect("judged");
        judged.last().expect("observation")["verdict"].as_str().expect("a word").to_owned()
    };
    // One of four that came out together is open; what did not come out is not testable.
    assert_eq!(["R1", "R4", "R2"].map(judged), ["open", "open", "not testable"]);
}

#[test]
fn a_report_takes_other_observations_and_says_what_is_wrong_with_them() {
    let folder = Folder::new(&[]);
    let shipped = fs::read(here("recorded/order-774.observed.json")).expect("a file");
    let mut other = Observations::parse(&shipped).expect("observations");
    other.observed[0].adjusted = Some(EffectRatio(5_000));
    let other = folder.file("other.json", &other.to_json());
    let out = folder.at("out");
    ok(&["report", "order-774", "--observed", &other, "--out", &out]);
    let report = fs::read_to_string(folder.at("out/report.md")).expect("a report");
    let line = "**Seen after the rollout:** with R5, R4, R7, R1 out, cache reads of whole \
                pipelines of one size fell by 50.0 %";
    assert!(report.contains(line), "{report}");
    let bad = folder.file("bad.json", b"{\"schema\":\"windtunnel.observed/9\"}");
    refused(&["report", "order-774", "--observed", &bad], &["bad.json", "windtunnel.observed/9"]);
}
