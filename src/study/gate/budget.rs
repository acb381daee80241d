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

mod read;
mod values;

use super::{Key, Limit, Metric, Scope};
use std::collections::BTreeMap;
pub(super) use values::decimal;

/// Name and version of the format.
pub const SCHEMA: &str = "windtunnel.budget/1";
/// Confidence unless a budget says otherwise, ten-thousandths. Source: MODEL.md, "The gate".
const CONFIDENCE_BP: i64 = 9_500;
/// Draws of the bootstrap unless a budget says otherwise. Source: MODEL.md, "The gate".
const DRAWS: u32 = 10_000;
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
        let still = Limit { grows_bp: Some(0), falls_bp: Some(0), ..Limit::default() };
        let limits = [((None, None, None), still)].into();
        assert_eq!(read("[limits]\nmoves = 0"), Budget { limits, ..Budget::free() });
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
