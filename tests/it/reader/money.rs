//! Money and tokens, the best set, and the slider of effort, against what `sweep` says.

use super::{Open, Written};
use crate::run::json;
use serde_json::Value;

/// The sweep that the page of a scenario rests on.
fn sweep(written: &Written) -> Value {
    json(&["sweep", &written.recording, "--scenario", &written.folder.at("scenario.toml")])
}

fn texts(value: &Value) -> Vec<String> {
    let mut texts: Vec<String> = serde_json::from_value(value.clone()).expect("a list of texts");
    texts.sort_unstable();
    texts
}

fn pico(value: &Value) -> i128 {
    value["saving"]["cost_pico_usd"].to_string().parse().expect("a whole number")
}

/// The set of a sweep that saves most dollars.
fn best(sweep: &Value) -> Vec<String> {
    let subsets = sweep["subsets"].as_array().expect("subsets");
    texts(&subsets.iter().max_by_key(|one| pico(one)).expect("a subset")["toggles"])
}

/// What is built after each step of the order, nothing first.
fn stops(sweep: &Value) -> Vec<Vec<String>> {
    let mut here: Vec<String> = Vec::new();
    let mut stops = vec![here.clone()];
    for step in sweep["order"].as_array().expect("steps") {
        let given_up = texts(&step["instead_of"]);
        here.retain(|id| !given_up.contains(id));
        here.extend(texts(&step["build"]));
        here.sort_unstable();
        stops.push(here.clone());
    }
    stops
}

fn unit(open: &mut Open) -> String {
    open.0.text("document.querySelector('[data-amounts][aria-pressed=true]').dataset.amounts")
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn the_page_opens_with_the_best_set_in_dollars() {
    let written = Written::of("order-774", "order-774");
    let best = best(&sweep(&written));
    let mut open = written.open("");
    assert_eq!((open.ticked(), unit(&mut open)), (best.clone(), "money".to_owned()));
    let sum = open.0.text("document.querySelector('#sum').textContent");
    assert!(sum.starts_with("Saves $") && sum.contains("a run"), "{sum}");
    let title = "document.querySelector('#waterfall figcaption b').textContent";
    assert!(open.0.text(title).starts_with("From $22.87 to $"), "{}", open.0.text(title));
    open.0.click("#none");
    assert!(open.ticked().is_empty());
    open.0.click("#best");
    assert_eq!(open.ticked(), best);
    open.0.is_quiet();
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn every_set_saves_the_dollars_that_the_sweep_says() {
    let written = Written::of("order-774", "order-774");
    let sweep = sweep(&written);
    let subsets = sweep["subsets"].as_array().expect("subsets");
    assert_eq!(subsets.len(), 128);
    let mut open = written.open("");
    for subset in subsets {
        let on = texts(&subset["toggles"]);
        open.0.eval(&format!("location.hash = '#on={}'", on.join(",")));
        open.settle();
        assert_eq!(open.ticked(), on);
        let totals = open.numbers("total");
        assert_eq!(totals["cost_pico_usd/saved"], pico(subset), "{on:?}");
        let read: i128 = subset["saving"]["read"].to_string().parse().expect("a number");
        assert_eq!(totals["read/saved"], read, "{on:?}");
    }
    open.0.is_quiet();
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn the_slider_goes_along_the_order_of_building() {
    let written = Written::of("order-774", "order-774");
    let stops = stops(&sweep(&written));
    let mut open = written.open("");
    let value = "document.querySelector('#effort').value";
    let is_free = "document.querySelector('#effort').classList.contains('free')";
    let words = "document.querySelector('#effort-words').textContent";
    assert_eq!(open.0.text(value), (stops.len() - 1).to_string());
    // As a hand moves it: the value, then what the browser says of it.
    let mut last = String::new();
    for (at, stop) in stops.iter().enumerate() {
        open.0.eval(&format!(
            "(() => {{
                const slider = document.querySelector('#effort');
                slider.value = {at};
                slider.dispatchEvent(new Event('input', {{bubbles: true}}));
            }})()"
        ));
        open.settle();
        assert_eq!(&open.ticked(), stop, "stop {at}");
        assert_eq!(open.0.eval(is_free), false, "stop {at}");
        let told = open.0.text(words);
        assert!(told.ends_with(" d") && told != last, "{told}");
        last = told;
    }
    // A set of one's own frees it, and coming back to a stop catches it again.
    open.0.click("input[data-toggle=R6]");
    assert_eq!(open.0.eval(is_free), true);
    assert!(open.0.text(words).ends_with("own choice"), "{}", open.0.text(words));
    open.0.click("input[data-toggle=R6]");
    assert_eq!(open.0.eval(is_free), false);
    open.0.click("#none");
    assert_eq!((open.0.text(value), open.0.eval(is_free)), ("0".to_owned(), false.into()));
    open.0.is_quiet();
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn amounts_are_switched_and_a_link_remembers() {
    let written = Written::of("order-774", "order-774");
    let mut open = written.open("");
    let in_money =
        (open.numbers("adds"), open.0.text("document.querySelector('#sum').textContent"));
    open.0.press("m");
    open.settle();
    assert_eq!(unit(&mut open), "tokens");
    let sum = open.0.text("document.querySelector('#sum').textContent");
    assert!(sum.contains("cache reads") && sum != in_money.1, "{sum}");
    assert_ne!(open.numbers("adds"), in_money.0);
    let shown = "[...document.querySelectorAll('.in-money')].filter((one) => \
                 one.checkVisibility()).length";
    assert_eq!(open.0.eval(shown), 0);
    let link = open.0.text("location.hash.slice(1)");
    assert!(link.contains("unit=tokens"), "{link}");
    open.visit(&written, &link);
    assert_eq!(unit(&mut open), "tokens");
    open.0.click("[data-amounts=money]");
    open.settle();
    assert_eq!((unit(&mut open), open.numbers("adds")), ("money".to_owned(), in_money.0));
    assert!(open.0.eval(shown).as_i64() > Some(0));
    open.0.is_quiet();
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn without_dollars_there_is_nothing_to_switch() {
    let written = Written::of("economics-2026-06", "economics-2026-06");
    let mut open = written.open("");
    assert_eq!(open.0.eval("document.querySelector('#units').checkVisibility()"), false);
    let sum = open.0.text("document.querySelector('#sum').textContent");
    assert!(!sum.contains('$') && sum.contains("tokens"), "{sum}");
    open.0.press("m");
    assert_eq!(open.0.text("document.body.dataset.unit"), "tokens");
    assert!(!open.ticked().is_empty(), "the best set is on");
    open.0.is_quiet();
}
