//! A scenario as a file that says what everything in it means.

use super::keys::{self, Holds, Key};
use super::{Chosen, SCHEMA, Scenario, Selection, range, select};
use crate::intervene::{ParamSpec, Range, TextSpec};
use crate::price::DEFAULT_ASSUMED_MODEL;
use crate::reconstruct::Lens;
use crate::recording::name_of;
use std::fmt::Write as _;

/// Toggles that a new scenario does not have, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Those that find nothing in the recording.
    pub found_nothing: Vec<&'static str>,
    /// Those that do nothing before they are told some names.
    pub need_names: Vec<&'static str>,
}

/// Most characters of a line of comment.
const COLUMNS: usize = 98;

/// Writes a scenario with everything that can be said in it: what it does not say stands there as
/// a comment. [`super::parse`] reads the same scenario back.
#[must_use]
pub fn write(scenario: &Scenario, left: &Left) -> String {
    let mut out = String::from("#:schema ./scenario.schema.json\n");
    comment(
        &mut out,
        "A scenario of windtunnel. `windtunnel scenario check FILE` says whether it can be used \
         and what it changes; `windtunnel scenario schema` prints the schema that the first line \
         names, for editors.",
    );
    for key in &keys::TOP {
        match key.name {
            "select" => selection(&mut out, key, &scenario.select),
            "models" => models(&mut out, key, &scenario.models),
            "toggles" => preface(&mut out, key),
            _ => line(&mut out, key, top(scenario, key.name)),
        }
    }
    for chosen in &scenario.toggles {
        toggle(&mut out, chosen);
    }
    leave(&mut out, left);
    out
}

/// The value of a key, or an example of one.
enum Said {
    Live(String),
    Example(String),
}

impl Said {
    fn text(live: Option<&str>, example: &str) -> Self {
        live.map_or_else(|| Self::Example(quote(example)), |text| Self::Live(quote(text)))
    }
}

fn top(scenario: &Scenario, key: &str) -> Said {
    let given = |text: &'_ String| (!text.is_empty()).then(|| text.clone());
    match key {
        "schema" => Said::Live(quote(SCHEMA)),
        "name" => Said::text(given(&scenario.name).as_deref(), "mine"),
        "recording" => Said::text(given(&scenario.recording).as_deref(), "order-774"),
        "lens" => Said::Live(quote(name_of(&Lens::NAMED, scenario.lens))),
        "model" => Said::text(scenario.model.as_deref(), DEFAULT_ASSUMED_MODEL),
        "prices" => Said::text(scenario.prices.as_deref(), "prices.csv"),
        "date" => {
            let day = scenario.date.map(|day| day.to_string());
            Said::text(day.as_deref(), "2026-04-13")
        }
        "cache" => Said::Live(quote(scenario.cache.name())),
        "seed" => Said::Live(scenario.seed.to_string()),
        "draws" => Said::Live(scenario.draws.to_string()),
        _ => Said::Live(scenario.requests_a_minute.to_string()),
    }
}

/// A key with its meaning above.
fn line(out: &mut String, key: &Key, said: Said) {
    out.push('\n');
    comment(out, key.what);
    assign(out, key.name, said);
}

fn assign(out: &mut String, key: &str, said: Said) {
    let _ = match said {
        Said::Live(value) => writeln!(out, "{key} = {value}"),
        Said::Example(value) => writeln!(out, "# {key} = {value}"),
    };
}

/// The head of a table; a comment where nothing of it is said.
fn head(out: &mut String, key: &Key, live: bool) {
    out.push('\n');
    comment(out, key.what);
    let _ = writeln!(out, "{}[{}]", if live { "" } else { "# " }, key.name);
}

fn selection(out: &mut String, key: &Key, wanted: &Selection) {
    head(out, key, !wanted.is_everything());
    let names = wanted.names();
    for key in &keys::SELECT {
        let listed = names.iter().find(|(name, _)| *name == key.name).map(|(_, list)| list);
        let instant = |ms: Option<i64>| ms.map(select::instant);
        let said = match (key.name, listed) {
            (_, Some(list)) if !list.is_empty() => Said::Live(quote_all(list)),
            ("role", _) => Said::Example(quote("main")),
            (_, Some(_)) => Said::Example("[\"...\", \"...*\"]".to_owned()),
            ("since", _) => Said::text(instant(wanted.since_ms).as_deref(), "2026-04-13"),
            ("until", _) => Said::text(instant(wanted.until_ms).as_deref(), "2026-04-13"),
            _ if wanted.min_calls > 0 => Said::Live(wanted.min_calls.to_string()),
            _ => Said::Example("2".to_owned()),
        };
        comment(out, key.what);
        assign(out, key.name, said);
    }
}

fn models(out: &mut String, key: &Key, models: &[(String, String)]) {
    head(out, key, !models.is_empty());
    for (from, to) in models {
        assign(out, &quote(from), Said::Live(quote(to)));
    }
    if models.is_empty() {
        assign(out, &quote(DEFAULT_ASSUMED_MODEL), Said::Example(quote("claude-opus-4-7")));
    }
}

/// What holds for every toggle, said once.
fn preface(out: &mut String, key: &Key) {
    out.push('\n');
    comment(out, &format!("{}. What can be said of each:", key.what));
    for key in &keys::GRADE {
        comment(out, &format!("- {}: {} (a comment shows the card's)", key.name, key.what));
    }
    comment(
        out,
        "- a parameter: 200, or { low = 100, mode = 200, high = 400 } with belief spread as PERT, \
         or the same with shape = \"triangular\" or \"uniform\"",
    );
}

fn toggle(out: &mut String, chosen: &Chosen) {
    let card = chosen.toggle.card();
    let _ = writeln!(out, "\n[toggles.{}]", card.id);
    comment(out, &format!("{}. Knob: {}", card.title, card.knob));
    let (here, there) = (chosen.grade, card.grade);
    let grades = [(here.effort, there.effort), (here.risk, there.risk)];
    for (key, (here, there)) in keys::GRADE.iter().zip(grades) {
        let value = here.to_string();
        let said = if here == there { Said::Example(value) } else { Said::Live(value) };
        assign(out, key.name, said);
    }
    for (spec, range) in card.params.iter().zip(&chosen.ranges) {
        parameter(out, spec, range, chosen.unset.contains(&spec.key));
    }
    for (spec, (_, names)) in card.texts.iter().zip(chosen.params.texts()) {
        list(out, spec, names);
    }
}

fn parameter(out: &mut String, spec: &ParamSpec, range: &Range, is_unset: bool) {
    let ParamSpec { key, unit, low, mode, high, what, source, .. } = spec;
    let unit = unit.name();
    let card = format!("{low} | {mode} | {high}").replace(' ', TIE);
    comment(out, &format!("{what}; {unit}, on the card {card}"));
    comment(out, &format!("source: {source}"));
    if is_unset {
        let asked = "no source gives it: set it, or the toggle has bounds and no figure";
        comment(out, asked);
        assign(out, key, Said::Example(range::write(range)));
        return;
    }
    assign(out, key, Said::Live(range::write(range)));
}

fn list(out: &mut String, spec: &TextSpec, names: &[String]) {
    let TextSpec { key, most, what } = spec;
    let wanted = Holds::Names(*most).wanted();
    comment(out, &format!("{what}; {wanted}"));
    let said = match names {
        [] if *most == 1 => Said::Example(quote("...")),
        [] => Said::Example(quote_all(&["...".to_owned()])),
        [only] => Said::Live(quote(only)),
        _ => Said::Live(quote_all(names)),
    };
    assign(out, key, said);
}

fn leave(out: &mut String, left: &Left) {
    for (ids, why) in [
        (&left.found_nothing, "Not here, because they find nothing in the recording"),
        (&left.need_names, "Not here, because they need to be told names first"),
    ] {
        if !ids.is_empty() {
            out.push('\n');
            let ids = ids.join(", ");
            comment(out, &format!("{why}: {ids}. `windtunnel explain ID` says what they do."));
        }
    }
}

/// A blank at which no line is broken.
const TIE: &str = "\u{a0}";

fn comment(out: &mut String, text: &str) {
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let wide = word.chars().count() + 1;
        if used > 0 && used + wide > COLUMNS {
            out.push('\n');
            used = 0;
        }
        out.push_str(if used == 0 { "# " } else { " " });
        out.push_str(&word.replace(TIE, " "));
        used += wide + usize::from(used == 0);
    }
    out.push('\n');
}

/// A string in quotes, on one line. What JSON escapes TOML reads; DEL it wants escaped, too.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

fn quote_all(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quote(name)).collect();
    format!("[{}]", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::CachePolicy;
    use crate::intervene::{Grade, Shape};
    use crate::recording::Role;
    use crate::scenario::parse;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn check(scenario: &Scenario) {
        let text = write(scenario, &Left::default());
        let again = parse("", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(&again, scenario, "{text}");
        // Every comment that stands for a key is TOML once its sign is taken away.
        let live = |line: &str| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') => rest.to_owned(),
            Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) => {
                rest.to_owned()
            }
            _ => line.to_owned(),
        };
        let all: String = text.lines().map(|line| live(line) + "\n").collect();
        parse("", &all).unwrap_or_else(|error| panic!("{error}\n{all}"));
    }

    #[test]
    fn every_toggle_comes_back_as_it_was_written() {
        check(&Scenario::all_toggles());
        check(&Scenario::with(&[]));
        let text = write(&Scenario::all_toggles(), &Left::default());
        assert!(text.starts_with("#:schema ./scenario.schema.json\n"));
        for card in crate::intervene::ALL.iter().map(|one| one.card()) {
            assert!(text.contains(&format!("\n[toggles.{}]\n", card.id)));
            let flat = text.replace("\n# ", " ");
            for spec in card.params {
                let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(flat.contains(&words(spec.what)) && flat.contains(&words(spec.source)));
            }
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }

    #[test]
    fn what_is_left_out_is_said() {
        let left = Left { found_nothing: vec!["R3", "R5"], need_names: vec!["R9"] };
        let text = write(&Scenario::with(&[]), &left);
        assert!(text.contains("find nothing in the recording: R3, R5."), "{text}");
        assert!(text.contains("told names first: R9."), "{text}");
    }

    fn ranges() -> impl Strategy<Value = Range> {
        let shape = prop::sample::select(vec![Shape::Uniform, Shape::Triangular, Shape::Pert]);
        (0..=10_000_i64, 0..=10_000_i64, 0..=10_000_i64, shape).prop_map(|(a, b, c, shape)| {
            let mut ends = [a, b, c];
            ends.sort_unstable();
            let [low, mode, high] = ends;
            if low == high { Range::fixed(low) } else { Range { low, mode, high, shape } }
        })
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z*\"'\\\\# .=\n\t\u{7f}\u{e9}-]{1,12}", Just("C:\\x\\\"y\"'''".to_owned())]
    }

    fn selections() -> impl Strategy<Value = Selection> {
        let names = || prop::collection::vec(texts(), 0..3);
        let time = || prop::option::of(-1_000_000_000_000..4_000_000_000_000_i64);
        let roles = prop::sample::subsequence(vec![Role::Main, Role::Subagent], 0..2);
        let parts = (names(), names(), names(), names(), roles, time(), time(), 0..9_u32);
        parts.prop_map(|(pipelines, steps, models, sessions, roles, since_ms, until_ms, least)| {
            Selection {
                pipelines,
                steps,
                roles,
                models,
                sessions,
                since_ms,
                until_ms,
                min_calls: least,
            }
        })
    }

    fn config() -> ProptestConfig {
        ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() }
    }

    proptest! {
        #![proptest_config(config())]
        #[test]
        fn any_scenario_comes_back(
            (name, recording, prices) in (texts(), texts(), prop::option::of(texts())),
            models in prop::collection::btree_map(texts(), texts(), 0..3),
            select in selections(),
            drawn in prop::collection::vec((ranges(), 0..9_u32, 1..=3_u32), 20),
            (seed, draws, policy) in (0..=i64::MAX as u64, 0..=100_000_u32, 0..3_usize),
            (day, word) in (prop::option::of(1..28_i8), texts()),
            requests_a_minute in 0..=1_000_000_u32,
        ) {
            let mut scenario = Scenario::all_toggles();
            for (chosen, (range, effort, risk)) in scenario.toggles.iter_mut().zip(drawn) {
                let card = chosen.toggle.card();
                for (slot, spec) in chosen.ranges.iter_mut().zip(card.params) {
                    *slot = range;
                    chosen.params.set(spec.key, range.mode);
                }
                chosen.unset.clear();
                for spec in card.texts {
                    chosen.params.set_names(spec.key, vec![word.clone(); spec.most.min(2)]);
                }
                chosen.grade = Grade { effort, risk };
            }
            scenario.lens = if seed % 2 == 0 { Lens::Record } else { Lens::Message };
            scenario.cache = CachePolicy::NAMED[policy].0;
            scenario.date = day.map(|day| date(2026, 4, day));
            scenario.model = prices.clone();
            let models = models.into_iter().collect();
            let scenario = Scenario { requests_a_minute, ..scenario };
            check(&Scenario { name, recording, prices, seed, draws, select, models, ..scenario });
        }
    }
}
