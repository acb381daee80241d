//! A scenario as a file that says what everything in it means.

use super::keys::{self, ScenarioKey, ValueKind};
use super::{ChosenToggle, SCHEMA, Scenario, SessionSelection, param_range, selection};
use crate::intervene::{NameListSpec, ParamRange, ParamSpec};
use crate::price::DEFAULT_ASSUMED_MODEL;
use std::fmt::Write as _;

/// Toggles that a new scenario does not have, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOutToggles {
    /// Those that find nothing in the recording.
    pub found_nothing: Vec<&'static str>,
    /// Those that do nothing before they are told some names.
    pub need_names: Vec<&'static str>,
}

/// Most characters of a line of comment.
const COMMENT_WIDTH: usize = 98;

/// Writes a scenario with everything that can be said in it: what it does not say stands there as
/// a comment. [`super::parse_scenario`] reads the same scenario back.
#[must_use]
pub fn write_scenario(scenario: &Scenario, left: &LeftOutToggles) -> String {
    let mut out = String::from("#:schema ./scenario.schema.json\n");
    write_comment(
        &mut out,
        "A scenario of windtunnel. `windtunnel scenario check FILE` says whether it can be used \
         and what it changes; `windtunnel scenario schema` prints the schema that the first line \
         names, for editors.",
    );
    // Walked by the same list that the parser and the schema use, so that no key can be missing
    // here.
    for key in &keys::SCENARIO_KEYS {
        match key.name {
            "select" => write_selection(&mut out, key, &scenario.select),
            "models" => write_models(&mut out, key, &scenario.models),
            "source" => write_figures(&mut out, key, &scenario.source),
            "toggles" => write_toggle_preface(&mut out, key),
            _ => write_key(&mut out, key, value_of_key(scenario, key.name)),
        }
    }
    for chosen in &scenario.toggles {
        write_toggle(&mut out, chosen);
    }
    write_left_out(&mut out, left);
    out
}

/// The value of a key, or an example of one.
enum WrittenValue {
    Live(String),
    Example(String),
}

impl WrittenValue {
    fn from_text(live: Option<&str>, example: &str) -> Self {
        live.map_or_else(
            || Self::Example(quote_string(example)),
            |text| Self::Live(quote_string(text)),
        )
    }
}

fn value_of_key(scenario: &Scenario, key: &str) -> WrittenValue {
    match key {
        "schema" => WrittenValue::Live(quote_string(SCHEMA)),
        "name" => WrittenValue::from_text(given(&scenario.name), "mine"),
        "recording" => WrittenValue::from_text(given(&scenario.recording), "order-774"),
        "lens" => WrittenValue::Live(quote_string(scenario.lens.name())),
        "model" => WrittenValue::from_text(scenario.model.as_deref(), DEFAULT_ASSUMED_MODEL),
        "prices" => WrittenValue::from_text(scenario.prices.as_deref(), "prices.csv"),
        "date" => {
            let day = scenario.date.map(|day| day.to_string());
            WrittenValue::from_text(day.as_deref(), "2026-04-13")
        }
        "cache" => WrittenValue::Live(quote_string(scenario.cache.name())),
        "seed" => WrittenValue::Live(scenario.seed.to_string()),
        "draws" => scenario.draws.map_or_else(
            || WrittenValue::Example("1000".to_owned()),
            |draws| WrittenValue::Live(draws.to_string()),
        ),
        // The only other key that is no table.
        _ => WrittenValue::Live(scenario.requests_a_minute.to_string()),
    }
}

/// A text that is said, i.e. not the empty one.
fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A key with its meaning above.
fn write_key(out: &mut String, key: &ScenarioKey, said: WrittenValue) {
    out.push('\n');
    write_comment(out, key.meaning);
    write_assignment(out, key.name, said);
}

fn write_assignment(out: &mut String, key: &str, said: WrittenValue) {
    let _ = match said {
        WrittenValue::Live(value) => writeln!(out, "{key} = {value}"),
        WrittenValue::Example(value) => writeln!(out, "# {key} = {value}"),
    };
}

/// The head of a table; a comment where nothing of it is said.
fn write_table_head(out: &mut String, key: &ScenarioKey, live: bool) {
    out.push('\n');
    write_comment(out, key.meaning);
    let _ = writeln!(out, "{}[{}]", if live { "" } else { "# " }, key.name);
}

fn write_selection(out: &mut String, key: &ScenarioKey, wanted: &SessionSelection) {
    write_table_head(out, key, !wanted.selects_everything());
    let names = wanted.names_by_key();
    for key in &keys::SELECT_KEYS {
        let listed = names.iter().find(|(name, _)| *name == key.name).map(|(_, list)| list);
        let said = match (key.name, listed) {
            // What is said stands as it is; what is not, as an example in a comment.
            (_, Some(list)) if !list.is_empty() => WrittenValue::Live(quote_list(list)),
            ("role", _) => WrittenValue::Example(quote_string("main")),
            (_, Some(_)) => WrittenValue::Example("[\"...\", \"...*\"]".to_owned()),
            ("since" | "until", _) => {
                let ms = if key.name == "since" { wanted.since_ms } else { wanted.until_ms };
                let instant = ms.map(selection::format_instant);
                WrittenValue::from_text(instant.as_deref(), "2026-04-13")
            }
            ("last", _) => {
                let span = wanted.last_ms.map(selection::format_span);
                WrittenValue::from_text(span.as_deref(), "7d")
            }
            _ if wanted.min_calls > 0 => WrittenValue::Live(wanted.min_calls.to_string()),
            _ => WrittenValue::Example("2".to_owned()),
        };
        write_comment(out, key.meaning);
        write_assignment(out, key.name, said);
    }
}

fn write_figures(out: &mut String, key: &ScenarioKey, figures: &[(String, i64)]) {
    write_table_head(out, key, !figures.is_empty());
    for (id, value) in figures {
        write_assignment(out, &quote_string(id), WrittenValue::Live(value.to_string()));
    }
    if figures.is_empty() {
        write_assignment(out, "controller-thread", WrittenValue::Example("8".to_owned()));
    }
}

fn write_models(out: &mut String, key: &ScenarioKey, models: &[(String, String)]) {
    write_table_head(out, key, !models.is_empty());
    for (from, to) in models {
        write_assignment(out, &quote_string(from), WrittenValue::Live(quote_string(to)));
    }
    if models.is_empty() {
        write_assignment(
            out,
            &quote_string(DEFAULT_ASSUMED_MODEL),
            WrittenValue::Example(quote_string("claude-opus-4-7")),
        );
    }
}

/// What holds for every toggle, said once.
fn write_toggle_preface(out: &mut String, key: &ScenarioKey) {
    out.push('\n');
    write_comment(out, &format!("{}. What can be said of each:", key.meaning));
    for key in &keys::GRADE_KEYS {
        write_comment(
            out,
            &format!("- {}: {} (a comment shows the card's)", key.name, key.meaning),
        );
    }
    write_comment(
        out,
        "- a parameter: 200, or { low = 100, mode = 200, high = 400 } with belief spread as PERT, \
         or the same with shape = \"triangular\" or \"uniform\"",
    );
}

fn write_toggle(out: &mut String, chosen: &ChosenToggle) {
    let card = chosen.toggle.card();
    let _ = writeln!(out, "\n[toggles.{}]", card.id);
    write_comment(out, &format!("{}. Knob: {}", card.title, card.knob));
    let (here, there) = (chosen.grade, card.grade);
    // What equals the card stands as a comment: a later change of the card then reaches the
    // scenario.
    let grades = [(here.effort, there.effort), (here.risk, there.risk)];
    for (key, (here, there)) in keys::GRADE_KEYS.iter().zip(grades) {
        let value = here.to_string();
        let said =
            if here == there { WrittenValue::Example(value) } else { WrittenValue::Live(value) };
        write_assignment(out, key.name, said);
    }
    // Ranges stand in the order of the card, as the parser puts them.
    for (spec, range) in card.params.iter().zip(&chosen.ranges) {
        write_parameter(out, spec, range, chosen.unset.contains(&spec.key));
    }
    for (spec, (_, names)) in card.name_lists.iter().zip(chosen.params.name_lists()) {
        write_names(out, spec, names);
    }
}

fn write_parameter(out: &mut String, spec: &ParamSpec, range: &ParamRange, is_unset: bool) {
    let ParamSpec { key, unit, low, mode, high, what, source, .. } = spec;
    let [low, mode, high] =
        [low, mode, high].map(|value| param_range::value_as_toml(*unit, *value).replace('"', ""));
    let card = format!("{low} | {mode} | {high}").replace(' ', NO_BREAK_SPACE);
    write_comment(out, &format!("{what}; {}, on the card {card}", unit.told_name()));
    write_comment(out, &format!("source: {source}"));
    // Written as a comment it stays unset when the file is read back.
    if is_unset {
        let asked = "no source gives it: set it, or the toggle has bounds and no figure";
        write_comment(out, asked);
        write_assignment(
            out,
            key,
            WrittenValue::Example(param_range::range_as_toml(spec.unit, range)),
        );
        return;
    }
    write_assignment(out, key, WrittenValue::Live(param_range::range_as_toml(spec.unit, range)));
}

fn write_names(out: &mut String, spec: &NameListSpec, names: &[String]) {
    let NameListSpec { key, most, what } = spec;
    let wanted = ValueKind::Names(*most).wanted_text();
    write_comment(out, &format!("{what}; {wanted}"));
    // What nobody gave is shown as an example, in a comment.
    let said = match names {
        [] if *most == 1 => WrittenValue::Example(quote_string("...")),
        [] => WrittenValue::Example(quote_list(&["...".to_owned()])),
        [only] => WrittenValue::Live(quote_string(only)),
        _ => WrittenValue::Live(quote_list(names)),
    };
    write_assignment(out, key, said);
}

fn write_left_out(out: &mut String, left: &LeftOutToggles) {
    for (ids, why) in [
        (&left.found_nothing, "Not here, because they find nothing in the recording"),
        (&left.need_names, "Not here, because they need to be told names first"),
    ] {
        if !ids.is_empty() {
            out.push('\n');
            let ids = ids.join(", ");
            write_comment(
                out,
                &format!("{why}: {ids}. `windtunnel explain ID` says what they do."),
            );
        }
    }
}

/// A blank at which no line is broken.
const NO_BREAK_SPACE: &str = "\u{a0}";

fn write_comment(out: &mut String, text: &str) {
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        // Counted with the blank before it.
        let wide = word.chars().count() + 1;
        if used > 0 && used + wide > COMMENT_WIDTH {
            out.push('\n');
            used = 0;
        }
        out.push_str(if used == 0 { "# " } else { " " });
        // Blanks that must not be broken are plain ones in the file.
        out.push_str(&word.replace(NO_BREAK_SPACE, " "));
        used += wide + usize::from(used == 0);
    }
    out.push('\n');
}

/// A string in quotes, on one line. What JSON escapes TOML reads; DEL it wants escaped, too.
fn quote_string(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

fn quote_list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quote_string(name)).collect();
    format!("[{}]", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::CachePolicy;
    use crate::intervene::{BuildGrade, RangeShape};
    use crate::kinds::Role;
    use crate::reconstruct::Lens;
    use crate::scenario::parse_scenario;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn check(scenario: &Scenario) {
        let text = write_scenario(scenario, &LeftOutToggles::default());
        let again = parse_scenario("", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
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
        parse_scenario("", &all).unwrap_or_else(|error| panic!("{error}\n{all}"));
    }

    #[test]
    fn every_toggle_comes_back_as_it_was_written() {
        check(&Scenario::all_toggles());
        check(&Scenario::with_toggles(&[]));
        let text = write_scenario(&Scenario::all_toggles(), &LeftOutToggles::default());
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
        let left = LeftOutToggles { found_nothing: vec!["R3", "R5"], need_names: vec!["R9"] };
        let text = write_scenario(&Scenario::with_toggles(&[]), &left);
        assert!(text.contains("find nothing in the recording: R3, R5."), "{text}");
        assert!(text.contains("told names first: R9."), "{text}");
    }

    fn ranges() -> impl Strategy<Value = ParamRange> {
        let shape = prop::sample::select(vec![
            RangeShape::Uniform,
            RangeShape::Triangular,
            RangeShape::Pert,
        ]);
        (0..=10_000_i64, 0..=10_000_i64, 0..=10_000_i64, shape).prop_map(|(a, b, c, shape)| {
            let mut ends = [a, b, c];
            ends.sort_unstable();
            let [low, mode, high] = ends;
            if low == high {
                ParamRange::fixed_at(low)
            } else {
                ParamRange::spread_between((low, mode, high), shape)
            }
        })
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z*\"'\\\\# .=\n\t\u{7f}\u{e9}-]{1,12}", Just("C:\\x\\\"y\"'''".to_owned())]
    }

    fn selections() -> impl Strategy<Value = SessionSelection> {
        let names = || prop::collection::vec(texts(), 0..3);
        let time = || prop::option::of(-1_000_000_000_000..4_000_000_000_000_i64);
        let roles = prop::sample::subsequence(vec![Role::Main, Role::Subagent], 0..2);
        let lists = (names(), names(), names(), names(), names());
        let last = prop::option::of((1..100_i64).prop_map(|hours| hours * 3_600_000));
        let parts = (lists, roles, time(), time(), last, 0..9_u32);
        parts.prop_map(|(lists, roles, since_ms, until_ms, last_ms, least)| {
            let (pipelines, steps, models, sessions, projects) = lists;
            SessionSelection {
                projects,
                last_ms,
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
            (seed, policy) in (0..=i64::MAX as u64, 0..3_usize),
            draws in prop::option::of(0..=100_000_u32),
            (day, word) in (prop::option::of(1..28_i8), texts()),
            requests_a_minute in 0..=1_000_000_u32,
        ) {
            let mut scenario = Scenario::all_toggles();
            for (chosen, (range, effort, risk)) in scenario.toggles.iter_mut().zip(drawn) {
                let card = chosen.toggle.card();
                for index in 0..card.params.len() {
                    chosen.ranges[index] = range;
                    chosen.params.set_to_mean(index, &range);
                }
                chosen.unset.clear();
                for spec in card.name_lists {
                    chosen.params.set_names(spec.key, vec![word.clone(); spec.most.min(2)]);
                }
                chosen.grade = BuildGrade { effort, risk };
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
