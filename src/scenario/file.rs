//! A scenario file as typed.
//!
//! ```toml
//! schema = "windtunnel.scenario/1"
//! recording = "order-774"      # a relative path starts at the folder of the file
//! lens = "message"             # or "record"
//! model = "claude-opus-4-6"    # what an unstated model stands for
//! date = "2026-04-13"          # price every call as of this day
//! prices = "prices.csv"        # rows that take precedence over the built-in price book
//! cache = "measured"           # or "none", "perfect": the bounds
//! seed = 774
//! draws = 1000
//! requests_a_minute = 60       # what the provider lets through, for the limiter
//!
//! [select]                     # which sessions take part
//! step = ["implement", "assess"]
//! min_calls = 2
//!
//! [models]                     # priced as another one, tokens rescaled
//! "claude-opus-4-6" = "claude-opus-4-7"
//!
//! [source]                     # figures that the source leaves open and you know
//! poll-unit = 0
//!
//! [toggles.R1]
//! compliance = 8611            # or { low = 5000, mode = 8611, high = 10000 }: see `range`
//! effort = 2                   # this user's grade instead of the card's
//!
//! [toggles.R2]                 # all parameters as on the card
//! ```

use super::keys::{self, CheckedFields, ValueKind};
use super::{
    ChosenToggle, DEFAULT_SEED, Scenario, ScenarioError, ScenarioFault, param_range, selection,
    toggles_by_id,
};
use crate::cache::CachePolicy;
use crate::kinds::NamedValue as _;
use crate::reconstruct::Lens;
use crate::toml_reader::{self, TomlEntry, TomlField, TomlNode, bad_value_error, key_path};

/// Reads and checks a scenario.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse_scenario(name: &str, text: &str) -> Result<Scenario, ScenarioError> {
    let document = toml_reader::parse_document(text)?;
    let fields = CheckedFields::check_table("", &document, &keys::SCENARIO_KEYS)?;
    // Everything else has a default. Without a schema a file of another program might be taken for
    // an empty scenario.
    if fields.entry_at("schema").is_none() {
        let wanted = ValueKind::Schema.wanted_text();
        return Err(bad_value_error("schema", &TomlEntry::missing(), &wanted).into());
    }
    let lens = fields.text_at("lens").and_then(Lens::from_name);
    let cache = fields.text_at("cache").and_then(CachePolicy::from_name);
    let draws = fields.whole_at("draws").and_then(|draws| u32::try_from(draws).ok());
    let requests = fields.whole_at("requests_a_minute");
    Ok(Scenario {
        name: fields.owned_text_at("name").unwrap_or_else(|| name.to_owned()),
        recording: fields.owned_text_at("recording").unwrap_or_default(),
        lens: lens.unwrap_or_default(),
        model: fields.owned_text_at("model"),
        prices: fields.owned_text_at("prices"),
        date: fields.text_at("date").and_then(|day| day.parse().ok()),
        seed: fields.whole_at("seed").map_or(DEFAULT_SEED, i64::unsigned_abs),
        draws,
        requests_a_minute: requests.and_then(|most| u32::try_from(most).ok()).unwrap_or(0),
        cache: cache.unwrap_or_default(),
        select: selection::parse_selection(fields.table_at("select"))?,
        models: parse_models(fields.table_at("models"))?,
        source: parse_figures(fields.table_at("source"))?,
        toggles: parse_toggles(fields.table_at("toggles"))?,
    })
}

fn parse_models(fields: &[TomlField]) -> Result<Vec<(String, String)>, ScenarioError> {
    fields
        .iter()
        .map(|field| match &field.entry.node {
            TomlNode::Text(to) if !to.is_empty() => Ok((field.key.clone(), to.clone())),
            _ => {
                let wanted = "the name of a model; a name with a dot needs quotes on the left, too";
                Err(bad_value_error(&key_path("models", &field.key), &field.entry, wanted).into())
            }
        })
        .collect()
}

/// Figures that a source leaves open; whether it does is seen when it is read.
pub(super) fn parse_figures(fields: &[TomlField]) -> Result<Vec<(String, i64)>, ScenarioError> {
    fields
        .iter()
        .map(|field| match field.entry.node {
            TomlNode::Whole(value) if value >= 0 => Ok((field.key.clone(), value)),
            _ => {
                let place = key_path("source", &field.key);
                Err(bad_value_error(&place, &field.entry, "a whole number, 0 or more").into())
            }
        })
        .collect()
}

fn parse_toggles(fields: &[TomlField]) -> Result<Vec<ChosenToggle>, ScenarioError> {
    // Each by itself first, so that an unknown one is told with its line.
    for field in fields {
        toggles_by_id([field.key.as_str()]).map_err(|unknown| ScenarioError {
            line: field.line,
            fault: ScenarioFault::Toggle(unknown),
        })?;
    }
    let mut chosen = Vec::new();
    // The registry's order, not the file's: bit k of a subset is the same toggle in every file.
    let ids = fields.iter().map(|field| field.key.as_str());
    let known =
        toggles_by_id(ids).map_err(|fault| ScenarioError { line: 0, fault: fault.into() })?;
    for toggle in known {
        let id = toggle.card().id;
        // Ids are matched without regard to case, so that TOML's own check for duplicate keys does
        // not see [toggles.R1] beside [toggles.r1].
        let mut given = fields.iter().filter(|field| field.key.eq_ignore_ascii_case(id));
        let mut one = ChosenToggle::from_card(toggle);
        if let Some(field) = given.next() {
            apply_toggle_table(field, &mut one)?;
            if let Some(again) = given.next() {
                let (first, second) = (field.key.clone(), again.key.clone());
                let fault = ScenarioFault::Twice { id, first, second };
                return Err(ScenarioError { line: again.line, fault });
            }
        }
        chosen.push(one);
    }
    Ok(chosen)
}

/// Takes over what the table of a toggle says.
fn apply_toggle_table(field: &TomlField, chosen: &mut ChosenToggle) -> Result<(), ScenarioError> {
    let place = format!("toggles.{}", chosen.id());
    let TomlNode::Table(fields) = &field.entry.node else {
        return Err(bad_value_error(&place, &field.entry, "a table of parameters").into());
    };
    apply_fields(&place, fields, chosen)
}

/// Takes over the values of some keys of a toggle.
pub(super) fn apply_fields(
    place: &str,
    fields: &[TomlField],
    chosen: &mut ChosenToggle,
) -> Result<(), ScenarioError> {
    let card = chosen.toggle.card();
    let fields = CheckedFields::check_table(place, fields, &keys::keys_of_card(card))?;
    for (index, spec) in card.params.iter().enumerate() {
        if let Some(entry) = fields.entry_at(spec.key) {
            let range = param_range::parse_range(&key_path(place, spec.key), spec.unit, entry)?;
            // Where only one value can count, it is the mean.
            chosen.params.set_to_mean(index, &range);
            chosen.ranges[index] = range;
            // A number that no source gives is known from here on: its toggle has a figure.
            chosen.unset.retain(|key| *key != spec.key);
        }
    }
    for spec in card.name_lists.iter().filter(|spec| fields.entry_at(spec.key).is_some()) {
        chosen.params.set_names(spec.key, fields.names_at(spec.key));
    }
    // A user knows the own code base better than the card does.
    let grade = &mut chosen.grade;
    for (key, slot) in [("effort", &mut grade.effort), ("risk", &mut grade.risk)] {
        if let Some(value) = fields.whole_at(key) {
            *slot = u32::try_from(value).unwrap_or(u32::MAX);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::{BuildGrade, ParamRange, RangeShape};
    use crate::scenario::SCHEMA;

    const HEAD: &str = "schema = \"windtunnel.scenario/1\"\n";

    fn check(body: &str, error: &str) {
        let met = parse_scenario("s", &format!("{HEAD}{body}")).expect_err(body).to_string();
        assert!(met.contains(error), "{met}");
    }

    #[test]
    fn a_scenario_is_read_whole() {
        let text = "recording = \"order-774\"\nlens = \"record\"\nseed = 7\ndate = \"2026-04-13\"\n\
                    prices = \"p.csv\"\nrequests_a_minute = 60\ncache = \"perfect\"\ndraws = 0\n\
                    [select]\nstep = \"implement\"\n[models]\n\"a.b\" = \"c\"\n\
                    [source]\nroots = 4\n\
                    [toggles.r4]\ncap = { low = 1, mode = 2, high = 3 }\nrisk = 3\n[toggles.R1]\n";
        let scenario = parse_scenario("s", &format!("{HEAD}{text}")).unwrap();
        let ids: Vec<_> = scenario.toggles.iter().map(ChosenToggle::id).collect();
        assert_eq!(ids, ["R1", "R4"]);
        assert_eq!(scenario.toggles[1].params.get("cap"), 2);
        let range = ParamRange::spread_between((1, 2, 3), RangeShape::Pert);
        assert_eq!(scenario.toggles[1].ranges[0], range);
        let of_card = scenario.toggles[1].toggle.card().grade;
        assert_eq!(scenario.toggles[1].grade, BuildGrade { risk: 3, ..of_card });
        // The mean of its range on the card: (5,000 + 4 x 8,611 + 10,000) / 6.
        assert_eq!(scenario.toggles[0].params.get("compliance"), 8_241);
        assert_eq!((scenario.lens, scenario.seed, scenario.draws), (Lens::Record, 7, Some(0)));
        assert_eq!((scenario.cache, scenario.requests_a_minute), (CachePolicy::Perfect, 60));
        assert_eq!(scenario.models, [("a.b".to_owned(), "c".to_owned())]);
        assert_eq!(scenario.source, [("roots".to_owned(), 4)]);
        assert_eq!(scenario.select.steps, ["implement"]);
        let bare = parse_scenario("s", &format!("{HEAD}date = 2026-04-13\n")).unwrap();
        assert_eq!((bare.date, bare.draws), (scenario.date, None));
    }

    #[test]
    fn what_is_wrong_is_said_with_a_way_out() {
        check("sed = 1\n", "line 2: unknown key 'sed' (is it 'seed'?)");
        check("lens = \"calls\"\n", "\"message\" or \"record\"");
        check("seed = -1\n", "whole number");
        check("draws = 100001\n", "'draws' is 100001, wanted a whole number, 0 to 100000");
        check("cache = \"warm\"\n", "\"measured\" or \"none\" or \"perfect\"");
        check("date = \"tomorrow\"\n", "2026-04-13");
        check("name = \"\"\n", "'name' is \"\", wanted a string");
        check("recording = 774\n", "'recording' is 774, wanted a string");
        check("[toggles.R0]\n", "line 2: no toggle 'R0' (is it 'R1'?)");
        check(
            "[toggles.R1]\n\ncomplience = 1\n",
            "line 4: unknown key 'toggles.R1.complience' (is",
        );
        check("[toggles.R1]\ncompliance = 10001\n", "0 to 10,000");
        check("[toggles.R2]\ncalls_per_site = -1\n", "line 3: 'toggles.R2.calls_per_site' is -1");
        check("[toggles.R1]\ncompliance = { low = 2, mode = 1, high = 3 }\n", "low <= mode");
        check("[toggles.R1]\ncompliance = { low = 2, mode = 2 }\n", "missing");
        check("[toggles.R1]\nrisk = 0\n", "'toggles.R1.risk' is 0, wanted a whole number, 1 to 3");
        check("[toggles.R1]\nrisk = 4\n", "1 to 3");
        check("[toggles.R1]\neffort = -1\n", "'toggles.R1.effort' is -1");
        check("[toggles.R1]\n[toggles.r1]\n", "line 3: toggle R1 has two tables, 'R1' and 'r1'");
        check("[toggles]\nR1 = true\n", "'toggles.R1' is true, wanted a table of parameters");
        check("toggles = [\"R1\"]\n", "'toggles' is [\"R1\"], wanted a table, e.g. [toggles.R1]");
        check("toggles = 1\n", "[toggles.R1]");
        check("[select]\nsteps = \"x\"\n", "'select.steps' (is it 'step'?)");
        check("[select]\nstep = []\n", "'select.step' is [], wanted a name or a list of names");
        check("[select]\nrole = \"boss\"\n", "a list of \"main\" or \"subagent\"");
        check("[select]\nsince = \"monday\"\n", "wanted a day or an instant");
        check("[select]\nmin_calls = -1\n", "'select.min_calls' is -1");
        check("select = \"implement\"\n", "wanted a table, e.g. [select]");
        check("[models]\na = 1\n", "'models.a' is 1, wanted the name of a model");
        check("[models]\ngpt-5.4 = \"x\"\n", "a name with a dot needs quotes");
        check("[source]\npoll-unit = -1\n", "'source.poll-unit' is -1, wanted a whole number");
        check("seed = 1\nseed = 2\n", "line 3: not TOML: duplicate key");
        check("= 1\n", "line 2: not TOML: ");
        let error = parse_scenario("s", "seed = 1\n").unwrap_err().to_string();
        assert_eq!(error, format!("'schema' is missing, wanted \"{SCHEMA}\""));
    }
}
