//! From a TOML file to a budget, every key and value checked.

use super::super::{Limit, Metric, Scope};
use super::values::{amount, share};
use super::{About, Budget, Coming, PLACES, SCHEMA};
use crate::recording::{name_of, value_named};
use crate::scenario::node::{self, Entry, Field, Node};
use crate::scenario::{BadScenario, Fault, joined, nearest, path, wrong};
use std::collections::BTreeMap;

/// The most draws that a budget may ask for. Source: MODEL.md, "The gate".
const MOST_DRAWS: i64 = 100_000;
/// The least and the most confidence that a budget may ask for, ten-thousandths: half is a coin,
/// and beyond the other the draws say nothing. Source: MODEL.md, "The gate".
const CONFIDENCES_BP: (i64, i64) = (5_000, 9_990);
impl Budget {
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
            match value_named(&Scope::NAMED, key) {
                Some(scope) => self.scope(scope, table(&path("limits", key), entry)?)?,
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
    value_named(&Metric::NAMED, name)
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
