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
//! [toggles.R1]
//! compliance = 8611            # or { low = 5000, mode = 8611, high = 10000 }: see `range`
//! effort = 2                   # this user's grade instead of the card's
//!
//! [toggles.R2]                 # all parameters as on the card
//! ```

use super::keys::{self, Fields, Holds, path, wrong};
use super::node::{self, Field, Node};
use super::{
    BadScenario, Chosen, DEFAULT_DRAWS, DEFAULT_SEED, Fault, Scenario, range, select, toggles_of,
};
use crate::cache::CachePolicy;
use crate::reconstruct::Lens;
use crate::recording::value_named;

/// Name and version of the format.
pub const SCHEMA: &str = "windtunnel.scenario/1";

/// Reads and checks a scenario.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse(name: &str, text: &str) -> Result<Scenario, BadScenario> {
    let document = node::document(text)?;
    let fields = Fields::check("", &document, &keys::TOP)?;
    let text = |key: &str| fields.text(key).map(str::to_owned);
    if fields.entry("schema").is_none() {
        let (key, met) = ("schema".to_owned(), "missing".to_owned());
        let fault = Fault::Value { key, met, wanted: Holds::Schema.wanted() };
        return Err(BadScenario { line: 0, fault });
    }
    let lens = fields.text("lens").and_then(|name| value_named(&Lens::NAMED, name));
    let cache = fields.text("cache").and_then(|name| value_named(&CachePolicy::NAMED, name));
    let draws = fields.whole("draws").and_then(|draws| u32::try_from(draws).ok());
    let requests = fields.whole("requests_a_minute");
    Ok(Scenario {
        name: text("name").unwrap_or_else(|| name.to_owned()),
        recording: text("recording").unwrap_or_default(),
        lens: lens.unwrap_or_default(),
        model: text("model"),
        prices: text("prices"),
        date: fields.text("date").and_then(|day| day.parse().ok()),
        seed: fields.whole("seed").map_or(DEFAULT_SEED, i64::unsigned_abs),
        draws: draws.unwrap_or(DEFAULT_DRAWS),
        requests_a_minute: requests.and_then(|most| u32::try_from(most).ok()).unwrap_or(0),
        cache: cache.unwrap_or_default(),
        select: select::parse(fields.table("select"))?,
        models: models(fields.table("models"))?,
        toggles: toggles(fields.table("toggles"))?,
    })
}

fn models(fields: &[Field]) -> Result<Vec<(String, String)>, BadScenario> {
    let one = |field: &Field| match &field.entry.node {
        Node::Text(to) if !to.is_empty() => Ok((field.key.clone(), to.clone())),
        _ => {
            let wanted = "the name of a model; a name with a dot needs quotes on the left, too";
            Err(wrong(&path("models", &field.key), &field.entry, wanted))
        }
    };
    fields.iter().map(one).collect()
}

fn toggles(fields: &[Field]) -> Result<Vec<Chosen>, BadScenario> {
    for field in fields {
        toggles_of([field.key.as_str()])
            .map_err(|unknown| BadScenario { line: field.line, fault: Fault::Toggle(unknown) })?;
    }
    let mut chosen = Vec::new();
    let ids = fields.iter().map(|field| field.key.as_str());
    let known = toggles_of(ids).map_err(|fault| BadScenario { line: 0, fault: fault.into() })?;
    for toggle in known {
        let id = toggle.card().id;
        let mut given = fields.iter().filter(|field| field.key.eq_ignore_ascii_case(id));
        let mut one = Chosen::of(toggle);
        if let Some(field) = given.next() {
            set_all(field, &mut one)?;
            if let Some(again) = given.next() {
                let (first, second) = (field.key.clone(), again.key.clone());
                let fault = Fault::Twice { id, first, second };
                return Err(BadScenario { line: again.line, fault });
            }
        }
        chosen.push(one);
    }
    Ok(chosen)
}

/// Takes over what the table of a toggle says.
fn set_all(field: &Field, chosen: &mut Chosen) -> Result<(), BadScenario> {
    let place = format!("toggles.{}", chosen.id());
    let Node::Table(fields) = &field.entry.node else {
        return Err(wrong(&place, &field.entry, "a table of parameters"));
    };
    set(&place, fields, chosen)
}

/// Takes over the values of some keys of a toggle.
pub(super) fn set(place: &str, fields: &[Field], chosen: &mut Chosen) -> Result<(), BadScenario> {
    let card = chosen.toggle.card();
    let fields = Fields::check(place, fields, &keys::of_card(card))?;
    for (index, spec) in card.params.iter().enumerate() {
        if let Some(entry) = fields.entry(spec.key) {
            let range = range::parse(&path(place, spec.key), spec.unit, entry)?;
            chosen.params.set(spec.key, range.mode);
            chosen.ranges[index] = range;
            chosen.unset.retain(|key| *key != spec.key);
        }
    }
    for spec in card.texts.iter().filter(|spec| fields.entry(spec.key).is_some()) {
        chosen.params.set_names(spec.key, fields.names(spec.key));
    }
    let grade = &mut chosen.grade;
    for (key, slot) in [("effort", &mut grade.effort), ("risk", &mut grade.risk)] {
        if let Some(value) = fields.whole(key) {
            *slot = u32::try_from(value).unwrap_or(u32::MAX);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::{Grade, Range, Shape};

    const HEAD: &str = "schema = \"windtunnel.scenario/1\"\n";

    fn check(body: &str, error: &str) {
        let met = parse("s", &format!("{HEAD}{body}")).expect_err(body).to_string();
        assert!(met.contains(error), "{met}");
    }

    #[test]
    fn a_scenario_is_read_whole() {
        let text = "recording = \"order-774\"\nlens = \"record\"\nseed = 7\ndate = \"2026-04-13\"\n\
                    prices = \"p.csv\"\nrequests_a_minute = 60\ncache = \"perfect\"\ndraws = 0\n\
                    [select]\nstep = \"implement\"\n[models]\n\"a.b\" = \"c\"\n\
                    [toggles.r4]\ncap = { low = 1, mode = 2, high = 3 }\nrisk = 3\n[toggles.R1]\n";
        let scenario = parse("s", &format!("{HEAD}{text}")).unwrap();
        let ids: Vec<_> = scenario.toggles.iter().map(Chosen::id).collect();
        assert_eq!(ids, ["R1", "R4"]);
        assert_eq!(scenario.toggles[1].params.get("cap"), 2);
        let range = Range { low: 1, mode: 2, high: 3, shape: Shape::Pert };
        assert_eq!(scenario.toggles[1].ranges[0], range);
        let of_card = scenario.toggles[1].toggle.card().grade;
        assert_eq!(scenario.toggles[1].grade, Grade { risk: 3, ..of_card });
        assert_eq!(scenario.toggles[0].params.get("compliance"), 8_611);
        assert_eq!((scenario.lens, scenario.seed, scenario.draws), (Lens::Record, 7, 0));
        assert_eq!((scenario.cache, scenario.requests_a_minute), (CachePolicy::Perfect, 60));
        assert_eq!(scenario.models, [("a.b".to_owned(), "c".to_owned())]);
        assert_eq!(scenario.select.steps, ["implement"]);
        let bare = parse("s", &format!("{HEAD}date = 2026-04-13\n")).unwrap();
        assert_eq!((bare.date, bare.draws), (scenario.date, 1_000));
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
        check("seed = 1\nseed = 2\n", "line 3: not TOML: duplicate key");
        check("= 1\n", "line 2: not TOML: ");
        let error = parse("s", "seed = 1\n").unwrap_err().to_string();
        assert_eq!(error, format!("'schema' is missing, wanted \"{SCHEMA}\""));
    }
}
