//! What may grow, and by how much: a TOML file, checked once.
//!
//! ```toml
//! schema = "windtunnel.budget/1"
//! confidence = "95 %"                    # no chance growth in a scope, in 95 of 100 builds
//! draws = 10000                          # of the bootstrap
//!
//! [limits]
//! moves = "0 %"                          # every metric of every place: growth and fall
//! [limits.total]
//! calls = { grows = "3 %", by = 5 }      # fails beyond both
//! dollars = { grows = "2 %", by = "$0.50" }
//! peak_context = { at_most = "150 k" }
//! [limits.step]                          # every step; likewise pipeline, tool, cause
//! calls = { grows = "10 %", by = 10 }
//! [limits.step.implement]                # this step; what it does not name is as for every step
//! calls = { grows = "20 %" }
//! read = {}                              # no limit
//! [limits.saving]                        # every toggle
//! read = { falls = "0 %" }
//! [limits.saving.all]
//! dollars = { at_least = "10 %" }        # of the candidate's total
//!
//! [renamed]                              # left: in the baseline; right: in the candidate
//! plan = "make_plan"                     # steps; others in [renamed.tool], [renamed.pipeline]
//! [new]
//! step = "fail"                          # a step that the baseline does not know; or "note"
//! [gone]
//! step = "note"
//! ```
//!
//! A limit that is given replaces the wider one of the same metric as a whole. Behind the name of
//! a metric a table without tables in it is a limit, so that a step called `calls` can have limits
//! of its own only where `[limits.step]` has none for calls.

mod values;

use super::{Key, Limit, Metric, Scope};
use crate::recording::name_of;
use crate::scenario::node::{self, Entry, Field, Node};
use crate::scenario::{BadScenario, Fault, joined, nearest, path, wrong};
use std::collections::BTreeMap;
use values::{amount, share};

/// Name and version of the format.
pub const SCHEMA: &str = "windtunnel.budget/1";
/// Confidence unless a budget says otherwise, ten-thousandths. Source: MODEL.md, "The gate".
const CONFIDENCE_BP: i64 = 9_500;
/// Draws of the bootstrap unless a budget says otherwise. Source: MODEL.md, "The gate".
const DRAWS: u32 = 10_000;
/// The most draws that a budget may ask for. Source: MODEL.md, "The gate".
const MOST_DRAWS: i64 = 100_000;
/// The least and the most confidence that a budget may ask for, ten-thousandths: half is a coin,
/// and beyond the other the draws say nothing. Source: MODEL.md, "The gate".
const CONFIDENCES_BP: (i64, i64) = (5_000, 9_990);
/// How far calls, tokens and dollars of a whole sample may grow without a budget, ten-thousandths.
/// Source: MODEL.md, "The gate".
const TOTAL_GROWS_BP: i64 = 200;
/// The same of the largest context. Source: MODEL.md, "The gate".
const PEAK_GROWS_BP: i64 = 500;

/// What becomes of a place that only one side knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coming {
    /// It is told.
    Note,
    /// The gate says no.
    Fail,
}

/// Scopes whose places may come and go, and be renamed.
pub const PLACES: [Scope; 4] = [Scope::Pipeline, Scope::Step, Scope::Tool, Scope::Model];

/// What a limit is for: a scope or all of them, a place or all of it, a metric or all of it.
type About = (Option<Scope>, Option<String>, Option<Metric>);

/// A checked budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How likely no limited row of one scope fails by chance alone, ten-thousandths.
    pub confidence_bp: i64,
    /// Draws of the bootstrap.
    pub draws: u32,
    /// The limits.
    limits: BTreeMap<About, Limit>,
    /// By scope and name in the baseline: the name in the candidate.
    pub renamed: BTreeMap<(Scope, String), String>,
    /// What becomes of places that only the candidate knows, where it is said.
    pub new: BTreeMap<Scope, Coming>,
    /// What becomes of places that only the baseline knows, where it is said.
    pub gone: BTreeMap<Scope, Coming>,
}

impl Default for Budget {
    /// Without a budget: calls, tokens and dollars of the whole may grow by 2 %, the largest
    /// context by 5 %. A judgement, not a measurement.
    fn default() -> Self {
        let grows = |metric, bp| {
            let limit = Limit { grows_bp: Some(bp), ..Limit::default() };
            ((Some(Scope::Total), None, Some(metric)), limit)
        };
        let limits = [
            grows(Metric::Calls, TOTAL_GROWS_BP),
            grows(Metric::Tokens, TOTAL_GROWS_BP),
            grows(Metric::Dollars, TOTAL_GROWS_BP),
            grows(Metric::PeakContext, PEAK_GROWS_BP),
        ];
        Self { limits: limits.into(), ..Self::free() }
    }
}

impl Budget {
    /// A budget that limits nothing.
    #[must_use]
    pub fn free() -> Self {
        Self {
            confidence_bp: CONFIDENCE_BP,
            draws: DRAWS,
            limits: BTreeMap::new(),
            renamed: BTreeMap::new(),
            new: BTreeMap::new(),
            gone: BTreeMap::new(),
        }
    }

    /// A budget under which nothing moves at all: for the model itself.
    #[must_use]
    pub fn still() -> Self {
        let still = Limit { grows_bp: Some(0), falls_bp: Some(0), ..Limit::default() };
        Self { limits: [((None, None, None), still)].into(), ..Self::free() }
    }

    /// The metrics of places that have a limit of their own.
    pub fn named(&self) -> impl Iterator<Item = Key> {
        self.limits.keys().filter_map(|(scope, name, metric)| {
            Some(Key { scope: (*scope)?, name: name.clone()?, metric: (*metric)? })
        })
    }

    /// The limit of a row: that of its place, else of its scope, else of everything.
    #[must_use]
    pub fn limit(&self, key: &Key) -> Limit {
        let (scope, name, metric) = (Some(key.scope), Some(key.name.clone()), Some(key.metric));
        let wide = (key.scope != Scope::Cause).then_some((None, None, None));
        [(scope, name.clone(), metric), (scope, name, None), (scope, None, metric)]
            .into_iter()
            .chain([(scope, None, None)])
            .chain(wide)
            .find_map(|about| self.limits.get(&about).copied())
            .unwrap_or_default()
    }

    /// Reads a budget.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line: no TOML, a key that means nothing here (with
    /// the nearest one that does), a value that cannot be (with what would do).
    pub fn parse(text: &str) -> Result<Self, BadScenario> {
        const TOP: [&str; 7] =
            ["schema", "confidence", "draws", "limits", "renamed", "new", "gone"];
        let mut budget = Self::free();
        let fields = node::document(text)?;
        if !fields.iter().any(|field| field.key == "schema") {
            let met = Entry { line: 0, met: "missing".to_owned(), node: Node::Other };
            return Err(wrong("schema", &met, &format!("\"{SCHEMA}\"")));
        }
        for Field { key, line, entry } in &fields {
            match (key.as_str(), &entry.node) {
                ("schema", Node::Text(schema)) if schema == SCHEMA => {}
                ("schema", _) => return Err(wrong(key, entry, &format!("\"{SCHEMA}\""))),
                ("confidence", _) => budget.confidence_bp = confidence(entry)?,
                ("draws", Node::Whole(draws)) if (1_000..=MOST_DRAWS).contains(draws) => {
                    budget.draws = *draws as u32;
                }
                ("draws", _) => {
                    let wanted = format!("a whole number, 1000 to {MOST_DRAWS}");
                    return Err(wrong(key, entry, &wanted));
                }
                ("limits", _) => budget.limits(table(key, entry)?)?,
                ("renamed", _) => budget.renames(table(key, entry)?)?,
                ("new", _) => budget.new = coming(key, table(key, entry)?)?,
                ("gone", _) => budget.gone = coming(key, table(key, entry)?)?,
                _ => return Err(unknown("", key, *line, TOP)),
            }
        }
        Ok(budget)
    }

    /// `[limits]`.
    fn limits(&mut self, fields: &[Field]) -> Result<(), BadScenario> {
        for Field { key, line, entry } in fields {
            let scope = Scope::NAMED.iter().find(|(_, name)| name == key);
            match scope {
                Some((scope, _)) => self.scope(*scope, table(&path("limits", key), entry)?)?,
                None if key == "moves" => self.moves((None, None, None), "limits", entry)?,
                None => {
                    let known = Scope::NAMED.iter().map(|(_, name)| *name).chain(["moves"]);
                    return Err(unknown("limits", key, *line, known));
                }
            }
        }
        Ok(())
    }

    /// `[limits.step]` and `[limits.step.implement]`: a table without tables in it, behind the name
    /// of a metric, is a limit; any other table is a place.
    fn scope(&mut self, scope: Scope, fields: &[Field]) -> Result<(), BadScenario> {
        let place = path("limits", &scope.to_string());
        for field in fields {
            let Field { key, line, entry } = field;
            let inner = match &entry.node {
                Node::Table(inner) => inner.as_slice(),
                _ => &[],
            };
            let nested = inner.iter().any(|field| matches!(field.entry.node, Node::Table(_)));
            let named = scope != Scope::Total && matches!(entry.node, Node::Table(_));
            let is_metric = metric(key).is_some() && !nested;
            if is_metric || key == "moves" || !named {
                self.one(scope, None, &place, field)?;
                continue;
            }
            if inner.iter().any(|field| field.key != "moves" && LIMITS.contains(&&*field.key)) {
                return Err(unknown(&place, key, *line, metrics()));
            }
            let at = path(&place, key);
            for field in inner {
                self.one(scope, Some(key), &at, field)?;
            }
        }
        Ok(())
    }

    /// One metric of a scope or of a place, or `moves` for all of them.
    fn one(
        &mut self,
        scope: Scope,
        name: Option<&str>,
        place: &str,
        Field { key, line, entry }: &Field,
    ) -> Result<(), BadScenario> {
        let name = name.map(str::to_owned);
        if key == "moves" {
            return self.moves((Some(scope), name, None), place, entry);
        }
        let Some(metric) = metric(key) else {
            return Err(unknown(place, key, *line, metrics().chain(["moves"])));
        };
        let at = path(place, key);
        let limit = limit(&at, scope, metric, table(&at, entry)?)?;
        self.limits.insert((Some(scope), name, Some(metric)), limit);
        Ok(())
    }

    fn moves(&mut self, about: About, place: &str, entry: &Entry) -> Result<(), BadScenario> {
        let bp = Some(share(&path(place, "moves"), entry)?);
        self.limits.insert(about, Limit { grows_bp: bp, falls_bp: bp, ..Limit::default() });
        Ok(())
    }

    /// `[renamed]`: steps, and tables of the others.
    fn renames(&mut self, fields: &[Field]) -> Result<(), BadScenario> {
        let mut add = |scope: Scope, place: &str, field: &Field| {
            let Node::Text(now) = &field.entry.node else {
                let wanted = "a string: its name in the candidate";
                return Err(wrong(&path(place, &field.key), &field.entry, wanted));
            };
            self.renamed.insert((scope, field.key.clone()), now.clone());
            Ok(())
        };
        for field in fields {
            let Node::Table(inner) = &field.entry.node else {
                add(Scope::Step, "renamed", field)?;
                continue;
            };
            let Some(scope) = PLACES.iter().find(|scope| scope.to_string() == field.key) else {
                return Err(unknown("renamed", &field.key, field.line, places()));
            };
            let place = path("renamed", &field.key);
            inner.iter().try_for_each(|field| add(*scope, &place, field))?;
        }
        Ok(())
    }
}

/// The keys of a limit.
const LIMITS: [&str; 6] = ["grows", "by", "falls", "moves", "at_most", "at_least"];

/// The limit of one metric.
fn limit(
    place: &str,
    scope: Scope,
    metric: Metric,
    fields: &[Field],
) -> Result<Limit, BadScenario> {
    let mut limit = Limit::default();
    for Field { key, line, entry } in fields {
        let at = path(place, key);
        match key.as_str() {
            "grows" => limit.grows_bp = Some(share(&at, entry)?),
            "falls" => limit.falls_bp = Some(share(&at, entry)?),
            "moves" => {
                limit.grows_bp = Some(share(&at, entry)?);
                limit.falls_bp = limit.grows_bp;
            }
            "by" => limit.grows_by = Some(amount(&at, metric.unit(), entry)?),
            "at_most" => limit.at_most = Some(amount(&at, metric.unit(), entry)?),
            "at_least" if scope == Scope::Saving && entry.met.contains('%') => {
                limit.at_least_bp = Some(share(&at, entry)?);
            }
            "at_least" => limit.at_least = Some(amount(&at, metric.unit(), entry)?),
            _ => return Err(unknown(place, key, *line, LIMITS)),
        }
    }
    Ok(limit)
}

/// `[new]`, `[gone]`.
fn coming(place: &str, fields: &[Field]) -> Result<BTreeMap<Scope, Coming>, BadScenario> {
    let mut found = BTreeMap::new();
    for Field { key, line, entry } in fields {
        let Some(scope) = PLACES.into_iter().find(|scope| scope.to_string() == *key) else {
            return Err(unknown(place, key, *line, places()));
        };
        let coming = match &entry.node {
            Node::Text(text) if text == "note" => Coming::Note,
            Node::Text(text) if text == "fail" => Coming::Fail,
            _ => return Err(wrong(&path(place, key), entry, "\"note\" or \"fail\"")),
        };
        found.insert(scope, coming);
    }
    Ok(found)
}

fn metric(name: &str) -> Option<Metric> {
    Metric::NAMED.iter().find(|(_, known)| *known == name).map(|(metric, _)| *metric)
}

fn metrics() -> impl Iterator<Item = &'static str> + Clone {
    Metric::NAMED.iter().map(|(_, name)| *name)
}

fn places() -> impl Iterator<Item = &'static str> + Clone {
    PLACES.into_iter().map(|scope| name_of(&Scope::NAMED, scope))
}

fn unknown<I>(place: &str, key: &str, line: usize, known: I) -> BadScenario
where
    I: IntoIterator<Item = &'static str>,
    I::IntoIter: Clone,
{
    let known = known.into_iter();
    let near = nearest(key, known.clone());
    BadScenario { line, fault: Fault::Key { key: path(place, key), near, known: joined(known) } }
}

fn table<'t>(key: &str, entry: &'t Entry) -> Result<&'t [Field], BadScenario> {
    match &entry.node {
        Node::Table(fields) => Ok(fields),
        _ => Err(wrong(key, entry, "a table, e.g. { grows = \"3 %\" } for a limit")),
    }
}

fn confidence(entry: &Entry) -> Result<i64, BadScenario> {
    let (least, most) = CONFIDENCES_BP;
    share("confidence", entry).ok().filter(|bp| (least..=most).contains(bp)).ok_or_else(|| {
        let (least, tenths) = (least / 100, most / 10);
        let wanted = format!("\"{least} %\" to \"{}.{} %\"", tenths / 10, tenths % 10);
        wrong("confidence", entry, &wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(scope: Scope, name: &str, metric: Metric) -> Key {
        Key { scope, name: name.to_owned(), metric }
    }

    fn read(limits: &str) -> Budget {
        Budget::parse(&format!("schema = \"windtunnel.budget/1\"\n{limits}")).unwrap()
    }

    fn refuse(limits: &str, words: &str) {
        let text = format!("schema = \"windtunnel.budget/1\"\n{limits}");
        let error = Budget::parse(&text).expect_err(limits).to_string();
        assert!(error.contains(words), "{limits}: {error}");
    }

    #[test]
    fn limits_go_from_the_place_to_the_whole() {
        let budget = read(
            "confidence = \"99 %\"\ndraws = 5000\n\
             [limits]\nmoves = \"0 %\"\n\
             [limits.total]\ncalls = { grows = \"3 %\", by = 5 }\n\
             dollars = { grows = \"0.25 %\", by = \"$0.50\", at_most = 20 }\n\
             peak_context = { at_most = \"150 k\" }\nread = {}\n\
             [limits.step]\ncalls = { grows = \"10 %\" }\n\
             [limits.step.implement]\ncalls = { falls = \"20 %\" }\ntokens = { by = \"1.5 M\" }\n\
             [limits.pipeline.calls]\ncalls = { grows = \"7 %\" }\n\
             [limits.step.\"a b\"]\nmoves = \"1 %\"\n\
             [limits.tool.Bash]\nuses = { at_most = 3 }\n\
             [limits.saving.all]\ndollars = { at_least = \"10 %\" }\n\
             [limits.saving]\nread = { at_least = 7 }\n",
        );
        assert_eq!((budget.confidence_bp, budget.draws), (9_900, 5_000));
        let none = Limit::default();
        let still = Limit { grows_bp: Some(0), falls_bp: Some(0), ..none };
        let grows = |bp| Limit { grows_bp: Some(bp), ..none };
        let step = |name| key(Scope::Step, name, Metric::Calls);
        let total = |metric| key(Scope::Total, "", metric);
        let dollars = Limit {
            grows_by: Some(500_000_000_000),
            at_most: Some(20_000_000_000_000),
            ..grows(25)
        };
        for (key, want) in [
            (total(Metric::Calls), Limit { grows_by: Some(5), ..grows(300) }),
            (total(Metric::Dollars), dollars),
            (total(Metric::PeakContext), Limit { at_most: Some(150_000), ..none }),
            (total(Metric::Read), none),
            (total(Metric::Output), still),
            (step("plan"), grows(1_000)),
            (step("implement"), Limit { falls_bp: Some(2_000), ..none }),
            (key(Scope::Pipeline, "calls", Metric::Calls), grows(700)),
            (step("a b"), Limit { grows_bp: Some(100), falls_bp: Some(100), ..none }),
            (
                key(Scope::Step, "implement", Metric::Tokens),
                Limit { grows_by: Some(1_500_000), ..none },
            ),
            (key(Scope::Tool, "Bash", Metric::Uses), Limit { at_most: Some(3), ..none }),
            (key(Scope::Tool, "Read", Metric::Uses), still),
            (
                key(Scope::Saving, "all", Metric::Dollars),
                Limit { at_least_bp: Some(1_000), ..none },
            ),
            (key(Scope::Saving, "R1", Metric::Read), Limit { at_least: Some(7), ..none }),
            (key(Scope::Cause, "x", Metric::Calls), none),
        ] {
            assert_eq!(budget.limit(&key), want, "{key:?}");
        }
        assert_eq!(read("[limits]\nmoves = 0"), Budget::still());
        assert_eq!(read(""), Budget::free());
        assert_eq!(Budget::default().limit(&total(Metric::Dollars)), grows(200));
        assert_eq!(Budget::default().limit(&step("x")), none);
    }

    #[test]
    fn places_come_go_and_change_their_names() {
        let budget = read(
            "[renamed]\nplan = \"make_plan\"\n\"a b\" = \"c\"\n[renamed.tool]\nBash = \"Shell\"\n\
             [new]\nstep = \"fail\"\n[gone]\ntool = \"note\"\n",
        );
        let renamed: Vec<_> =
            budget.renamed.iter().map(|((scope, old), new)| (*scope, &**old, &**new)).collect();
        assert_eq!(
            renamed,
            [
                (Scope::Step, "a b", "c"),
                (Scope::Step, "plan", "make_plan"),
                (Scope::Tool, "Bash", "Shell"),
            ]
        );
        assert_eq!(budget.new, [(Scope::Step, Coming::Fail)].into());
        assert_eq!(budget.gone, [(Scope::Tool, Coming::Note)].into());
    }

    #[test]
    fn what_is_no_budget_is_refused_with_its_line() {
        let error = Budget::parse("draws = 5000").unwrap_err().to_string();
        assert_eq!(error, "'schema' is missing, wanted \"windtunnel.budget/1\"");
        let error = Budget::parse("schema = \"windtunnel.budget/2\"").unwrap_err().to_string();
        assert!(error.starts_with("line 1: 'schema' is \"windtunnel.budget/2\""), "{error}");
        refuse("limit = 3", "line 2: unknown key 'limit' (is it 'limits'?); known are schema");
        refuse("draws = 10", "line 2: 'draws' is 10, wanted a whole number, 1000 to 100000");
        refuse("confidence = \"30 %\"", "wanted \"50 %\" to \"99.9 %\"");
        refuse("confidence = 0.95", "'confidence' is 0.95");
        refuse("[limits.totals]\ncalls = {}", "unknown key 'limits.totals' (is it 'total'?)");
        refuse(
            "[limits.total]\ncall = { grows = \"3 %\" }",
            "line 3: unknown key 'limits.total.call' (is it 'calls'?)",
        );
        refuse("[limits.step]\ncall = { grows = \"3 %\" }", "'limits.step.call' (is it 'calls'?)");
        refuse(
            "[limits.step.plan]\ncall = { grows = \"3 %\" }",
            "'limits.step.plan.call' (is it 'calls'?)",
        );
        refuse("[limits.step]\nplan = 3", "unknown key 'limits.step.plan'");
        refuse("[limits.total]\ncalls = 3", "'limits.total.calls' is 3, wanted a table");
        refuse(
            "[limits.total]\ncalls = { grow = \"3 %\" }",
            "'limits.total.calls.grow' (is it 'grows'?)",
        );
        refuse("[limits.total]\ncalls = { grows = 3 }", "wanted a share such as \"3 %\"");
        refuse("[limits.total]\ncalls = { grows = \"3.125 %\" }", "wanted a share");
        refuse("[limits.total]\ncalls = { grows = \"-3 %\" }", "wanted a share");
        refuse("[limits.total]\ncalls = { by = \"1.5\" }", "wanted a whole number");
        refuse("[limits.total]\ndollars = { by = \"0.5\" }", "wanted dollars such as");
        refuse("[limits.total]\ntokens = { by = -1 }", "wanted tokens such as");
        refuse("[limits.total]\ntokens = { at_least = \"10 %\" }", "wanted tokens such as");
        refuse("[limits]\nmoves = 1.5", "'limits.moves' is 1.5");
        refuse("[new]\nsteps = \"fail\"", "unknown key 'new.steps' (is it 'step'?)");
        refuse("[new]\nstep = true", "wanted \"note\" or \"fail\"");
        refuse("[renamed]\nplan = 3", "wanted a string");
        refuse("[renamed.tols]\na = \"b\"", "'renamed.tols' (is it 'tool'?)");
        refuse("x = [", "not TOML");
    }
}
