//! From a TOML file to a budget, every key and value checked.

use super::super::{DefectKind, FigureLimit, GateMetric, GateScope};
use super::amounts::{parse_amount, parse_share};
use super::{GateBudget, LimitTarget, PLACE_SCOPES, SCHEMA, UnmatchedAction};
use crate::recording::{name_of_value, value_of_name};
use crate::toml_reader::{
    self, TomlEntry, TomlError, TomlField, TomlNode, bad_value_error, key_path, unknown_key_error,
};
use std::collections::BTreeMap;

/// The most draws that a budget may ask for. Source: MODEL.md, "The gate".
const MOST_DRAWS: i64 = 100_000;
/// The least and the most confidence that a budget may ask for, ten-thousandths: half is a coin,
/// and beyond the other the draws say nothing. Source: MODEL.md, "The gate".
const CONFIDENCES_BP: (i64, i64) = (5_000, 9_990);
impl GateBudget {
    /// Reads a budget.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line: no TOML, a key that means nothing here (with
    /// the nearest one that does), a value that cannot be (with what would do).
    pub fn parse(text: &str) -> Result<Self, TomlError> {
        const TOP_KEYS: [&str; 9] = [
            "schema",
            "confidence",
            "draws",
            "defaults",
            "limits",
            "renamed",
            "new",
            "gone",
            "allow",
        ];
        // Limits of the file first; the default ones are added last, where the file has none of its
        // own.
        let (mut budget, mut keeps_defaults) = (Self::without_limits(), true);
        let fields = toml_reader::parse_document(text)?;
        // Asked before anything else: of another kind of file every key would be wrong.
        if !fields.iter().any(|field| field.key == "schema") {
            let met = TomlEntry::missing();
            return Err(bad_value_error("schema", &met, &format!("\"{SCHEMA}\"")));
        }
        for field in &fields {
            let TomlField { key, entry, .. } = field;
            match (key.as_str(), &entry.node) {
                ("schema", TomlNode::Text(schema)) if schema == SCHEMA => {}
                ("schema", _) => return Err(bad_value_error(key, entry, &format!("\"{SCHEMA}\""))),
                ("confidence", _) => budget.confidence_bp = parse_confidence(entry)?,
                ("draws", TomlNode::Whole(draws)) if (1_000..=MOST_DRAWS).contains(draws) => {
                    budget.draws = *draws as u32;
                }
                ("draws", _) => {
                    let wanted = format!("a whole number, 1000 to {MOST_DRAWS}");
                    return Err(bad_value_error(key, entry, &wanted));
                }
                ("defaults", _) if entry.as_typed == "true" => {}
                ("defaults", _) if entry.as_typed == "false" => keeps_defaults = false,
                ("defaults", _) => return Err(bad_value_error(key, entry, "true or false")),
                ("limits", _) => budget.parse_limits(expect_table(key, entry)?)?,
                ("renamed", _) => budget.parse_renames(expect_table(key, entry)?)?,
                ("new", _) => budget.new = parse_unmatched_actions(key, expect_table(key, entry)?)?,
                ("gone", _) => {
                    budget.gone = parse_unmatched_actions(key, expect_table(key, entry)?)?;
                }
                ("allow", _) => budget.allowed = parse_allowed(expect_table(key, entry)?)?,
                _ => return Err(unknown_key_error("", field, TOP_KEYS.into_iter())),
            }
        }
        if keeps_defaults {
            budget.keep_default_limits();
        }
        Ok(budget)
    }

    /// `[limits]`.
    fn parse_limits(&mut self, fields: &[TomlField]) -> Result<(), TomlError> {
        for field in fields {
            let TomlField { key, entry, .. } = field;
            match value_of_name(&GateScope::NAMED, key) {
                Some(scope) => {
                    self.parse_scope(scope, expect_table(&key_path("limits", key), entry)?)?;
                }
                // `moves` stands for every metric at once, on any level of the table.
                None if key == "moves" => self.parse_moves((None, None, None), "limits", entry)?,
                None => {
                    let known = GateScope::NAMED.iter().map(|(_, name)| *name).chain(["moves"]);
                    return Err(unknown_key_error("limits", field, known));
                }
            }
        }
        Ok(())
    }

    /// `[limits.step]` and `[limits.step.implement]`: a table without tables in it, behind the name
    /// of a metric, is a limit; any other table is a place.
    fn parse_scope(&mut self, scope: GateScope, fields: &[TomlField]) -> Result<(), TomlError> {
        let place = key_path("limits", &scope.to_string());
        for field in fields {
            let TomlField { key, entry, .. } = field;
            let inner = match &entry.node {
                TomlNode::Table(inner) => inner.as_slice(),
                _ => &[],
            };
            // A step may be called `calls`: a table of tables is a place, whatever its name.
            let has_tables =
                inner.iter().any(|field| matches!(field.entry.node, TomlNode::Table(_)));
            let may_be_place =
                scope != GateScope::Total && matches!(entry.node, TomlNode::Table(_));
            let is_metric = metric_by_name(key).is_some() && !has_tables;
            if is_metric || key == "moves" || !may_be_place {
                self.parse_metric_limit(scope, None, &place, field)?;
                continue;
            }
            // Keys of a limit under the name of a place: the name is a mistyped metric.
            if inner.iter().any(|field| field.key != "moves" && LIMIT_KEYS.contains(&&*field.key)) {
                return Err(unknown_key_error(&place, field, metric_names()));
            }
            let at = key_path(&place, key);
            for field in inner {
                self.parse_metric_limit(scope, Some(key), &at, field)?;
            }
        }
        Ok(())
    }

    /// One metric of a scope or of a place, or `moves` for all of them.
    fn parse_metric_limit(
        &mut self,
        scope: GateScope,
        name: Option<&str>,
        place: &str,
        field: &TomlField,
    ) -> Result<(), TomlError> {
        let TomlField { key, entry, .. } = field;
        let name = name.map(str::to_owned);
        if key == "moves" {
            return self.parse_moves((Some(scope), name, None), place, entry);
        }
        let Some(metric) = metric_by_name(key) else {
            return Err(unknown_key_error(place, field, metric_names().chain(["moves"])));
        };
        let at = key_path(place, key);
        let limit = limit_from_fields(&at, scope, metric, expect_table(&at, entry)?)?;
        self.limits.insert((Some(scope), name, Some(metric)), limit);
        Ok(())
    }

    fn parse_moves(
        &mut self,
        about: LimitTarget,
        place: &str,
        entry: &TomlEntry,
    ) -> Result<(), TomlError> {
        let bp = Some(parse_share(&key_path(place, "moves"), entry)?);
        self.limits
            .insert(about, FigureLimit { grows_bp: bp, falls_bp: bp, ..FigureLimit::default() });
        Ok(())
    }

    /// `[renamed]`: steps, and tables of the others.
    fn parse_renames(&mut self, fields: &[TomlField]) -> Result<(), TomlError> {
        for field in fields {
            let TomlNode::Table(inner) = &field.entry.node else {
                // What stands there directly is a step; other scopes have tables.
                self.parse_rename(GateScope::Step, "renamed", field)?;
                continue;
            };
            let Some(scope) = PLACE_SCOPES.iter().find(|scope| scope.to_string() == field.key)
            else {
                return Err(unknown_key_error("renamed", field, place_scope_names()));
            };
            let place = key_path("renamed", &field.key);
            for field in inner {
                self.parse_rename(*scope, &place, field)?;
            }
        }
        Ok(())
    }

    fn parse_rename(
        &mut self,
        scope: GateScope,
        place: &str,
        field: &TomlField,
    ) -> Result<(), TomlError> {
        let key = key_path(place, &field.key);
        let new_name = field.entry.as_text(&key, "a string: its name in the candidate")?;
        self.renamed.insert((scope, field.key.clone()), new_name.to_owned());
        Ok(())
    }
}

/// The keys of a limit.
const LIMIT_KEYS: [&str; 6] = ["grows", "by", "falls", "moves", "at_most", "at_least"];

/// The limit of one metric.
fn limit_from_fields(
    place: &str,
    scope: GateScope,
    metric: GateMetric,
    fields: &[TomlField],
) -> Result<FigureLimit, TomlError> {
    let mut limit = FigureLimit::default();
    for field in fields {
        let TomlField { key, entry, .. } = field;
        let at = key_path(place, key);
        match key.as_str() {
            "grows" => limit.grows_bp = Some(parse_share(&at, entry)?),
            "falls" => limit.falls_bp = Some(parse_share(&at, entry)?),
            "moves" => {
                limit.grows_bp = Some(parse_share(&at, entry)?);
                limit.falls_bp = limit.grows_bp;
            }
            "by" => limit.grows_by = Some(parse_amount(&at, metric.unit(), entry)?),
            "at_most" => limit.at_most = Some(parse_amount(&at, metric.unit(), entry)?),
            // Of a saving a share of the whole may be asked for as well as an amount.
            "at_least" if scope == GateScope::Saving && entry.as_typed.contains('%') => {
                limit.at_least_bp = Some(parse_share(&at, entry)?);
            }
            "at_least" => limit.at_least = Some(parse_amount(&at, metric.unit(), entry)?),
            _ => return Err(unknown_key_error(place, field, LIMIT_KEYS.into_iter())),
        }
    }
    Ok(limit)
}

/// `[new]`, `[gone]`.
fn parse_unmatched_actions(
    place: &str,
    fields: &[TomlField],
) -> Result<BTreeMap<GateScope, UnmatchedAction>, TomlError> {
    let mut found = BTreeMap::new();
    for field in fields {
        let TomlField { key, entry, .. } = field;
        // Only places have names that come and go; the whole is always there.
        let Some(scope) = PLACE_SCOPES.into_iter().find(|scope| scope.to_string() == *key) else {
            return Err(unknown_key_error(place, field, place_scope_names()));
        };
        let coming = match &entry.node {
            TomlNode::Text(text) if text == "note" => UnmatchedAction::Note,
            TomlNode::Text(text) if text == "fail" => UnmatchedAction::Fail,
            _ => return Err(bad_value_error(&key_path(place, key), entry, "\"note\" or \"fail\"")),
        };
        found.insert(scope, coming);
    }
    Ok(found)
}

/// `[allow]`: how much of each kind of defect; damage and empty recordings by number only.
fn parse_allowed(fields: &[TomlField]) -> Result<BTreeMap<DefectKind, u64>, TomlError> {
    let mut allowed = BTreeMap::new();
    for field in fields {
        let TomlField { key, entry, .. } = field;
        let Some(kind) = value_of_name(&DefectKind::NAMED, key) else {
            let known = DefectKind::NAMED.iter().map(|(_, name)| *name);
            return Err(unknown_key_error("allow", field, known));
        };
        // Nobody could want any number of lines lost.
        let is_counted = matches!(kind, DefectKind::Damaged | DefectKind::Empty);
        let count = match &entry.node {
            TomlNode::Whole(count) => u64::try_from(*count).ok(),
            _ if !is_counted && entry.as_typed == "true" => Some(u64::MAX),
            _ => None,
        };
        let wanted = if is_counted { "a whole number" } else { "a whole number, or true for all" };
        let count = count.ok_or_else(|| bad_value_error(&key_path("allow", key), entry, wanted))?;
        allowed.insert(kind, count);
    }
    Ok(allowed)
}

fn metric_by_name(name: &str) -> Option<GateMetric> {
    value_of_name(&GateMetric::NAMED, name)
}

fn metric_names() -> impl Iterator<Item = &'static str> + Clone {
    GateMetric::NAMED.iter().map(|(_, name)| *name)
}

fn place_scope_names() -> impl Iterator<Item = &'static str> + Clone {
    PLACE_SCOPES.into_iter().map(|scope| name_of_value(&GateScope::NAMED, scope))
}

fn expect_table<'t>(key: &str, entry: &'t TomlEntry) -> Result<&'t [TomlField], TomlError> {
    entry.as_table(key, "a table, e.g. { grows = \"3 %\" } for a limit")
}

fn parse_confidence(entry: &TomlEntry) -> Result<i64, TomlError> {
    let (least, most) = CONFIDENCES_BP;
    parse_share("confidence", entry).ok().filter(|bp| (least..=most).contains(bp)).ok_or_else(
        || {
            let (least, tenths) = (least / 100, most / 10);
            let wanted = format!("\"{least} %\" to \"{}.{} %\"", tenths / 10, tenths % 10);
            bad_value_error("confidence", entry, &wanted)
        },
    )
}
