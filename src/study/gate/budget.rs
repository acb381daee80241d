//! What may grow, and by how much: a TOML file, checked once.
//!
//! ```toml
//! schema = "windtunnel.budget/1"
//! confidence = "95 %"                    # no chance growth in a scope, in 95 of 100 builds
//! draws = 10000                          # of the bootstrap
//! defaults = false                       # none of the limits that hold without a budget
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
//! [allow]                                # what may be wrong with a side; all else is not judged
//! damaged = 9                            # lines and files that are lost
//! empty = 1                              # recordings without a call
//! unpriced = true                        # calls without a price; limits in dollars stay unjudged
//! filled = 3                             # calls whose times were filled in
//! untimed = true                         # calls whose source tells no times
//! unmeasured = true                      # limits of what neither side has
//! ```
//!
//! What the budget does not name of the whole keeps the limit that it has without a budget: until
//! the metric is named (`calls = {}` lifts its limit), `moves` limits the whole, or `defaults` is
//! false.
//!
//! A limit that is given replaces the wider one of the same metric as a whole. Behind the name of
//! a metric a table without tables in it is a limit, so that a step called `calls` can have limits
//! of its own only where `[limits.step]` has none for calls.

mod amounts;
mod parser;

use super::{DefectKind, FigureKey, FigureLimit, GateMetric, GateScope};
use std::collections::BTreeMap;

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
pub enum UnmatchedAction {
    /// It is told.
    Note,
    /// The gate says no.
    Fail,
}

/// Scopes whose places may come and go, and be renamed.
pub const PLACE_SCOPES: [GateScope; 4] =
    [GateScope::Pipeline, GateScope::Step, GateScope::Tool, GateScope::Model];

/// What a limit is for: a scope or all of them, a place or all of it, a metric or all of it.
type LimitTarget = (Option<GateScope>, Option<String>, Option<GateMetric>);

/// A checked budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateBudget {
    /// How likely no limited row of one scope fails by chance alone, ten-thousandths.
    pub confidence_bp: i64,
    /// Draws of the bootstrap.
    pub draws: u32,
    /// The limits.
    limits: BTreeMap<LimitTarget, FigureLimit>,
    /// By scope and name in the baseline: the name in the candidate.
    pub renamed: BTreeMap<(GateScope, String), String>,
    /// What becomes of places that only the candidate knows, where it is said.
    pub new: BTreeMap<GateScope, UnmatchedAction>,
    /// What becomes of places that only the baseline knows, where it is said.
    pub gone: BTreeMap<GateScope, UnmatchedAction>,
    /// How much may be wrong with a side, by kind.
    allowed: BTreeMap<DefectKind, u64>,
}

impl Default for GateBudget {
    /// Without a budget: calls, tokens and dollars of the whole may grow by 2 %, the largest
    /// context by 5 %. A judgement, not a measurement.
    fn default() -> Self {
        let mut budget = Self::without_limits();
        budget.keep_default_limits();
        budget
    }
}

/// What the whole may grow by without a word about it, ten-thousandths.
const DEFAULT_LIMITS: [(GateMetric, i64); 4] = [
    (GateMetric::Calls, TOTAL_GROWS_BP),
    (GateMetric::Tokens, TOTAL_GROWS_BP),
    (GateMetric::Dollars, TOTAL_GROWS_BP),
    (GateMetric::PeakContext, PEAK_GROWS_BP),
];

impl GateBudget {
    /// A budget that limits nothing.
    #[must_use]
    pub(crate) fn without_limits() -> Self {
        Self {
            confidence_bp: CONFIDENCE_BP,
            draws: DRAWS,
            limits: BTreeMap::new(),
            renamed: BTreeMap::new(),
            new: BTreeMap::new(),
            gone: BTreeMap::new(),
            allowed: BTreeMap::new(),
        }
    }

    /// Adds the limits that hold without a budget, where it does not speak of the same.
    fn keep_default_limits(&mut self) {
        let total = Some(GateScope::Total);
        // A limit of everything in the whole is one of each metric in it, and a narrower default
        // would go before it.
        if [(None, None, None), (total, None, None)].iter().any(|at| self.limits.contains_key(at)) {
            return;
        }
        for (metric, bp) in DEFAULT_LIMITS {
            let limit = FigureLimit { grows_bp: Some(bp), ..FigureLimit::default() };
            self.limits.entry((total, None, Some(metric))).or_insert(limit);
        }
    }

    /// How many defects of a kind either side may have.
    pub(crate) fn allowed_defects(&self, kind: DefectKind) -> u64 {
        self.allowed.get(&kind).copied().unwrap_or(0)
    }

    /// The metrics that have a limit, each with its scope and the place that it names, if any.
    fn limited_metrics(&self) -> impl Iterator<Item = (GateScope, Option<&String>, GateMetric)> {
        let limits = self.limits.iter().filter(|(_, limit)| **limit != FigureLimit::default());
        limits.filter_map(|((scope, name, metric), _)| Some(((*scope)?, name.as_ref(), (*metric)?)))
    }

    /// The figures that have a limit of their own: of the whole, and of places that are named.
    pub(crate) fn limited_keys(&self) -> impl Iterator<Item = FigureKey> {
        self.limited_metrics().filter_map(|(scope, name, metric)| {
            let whole = (scope == GateScope::Total).then(String::new);
            Some(FigureKey { scope, name: name.cloned().or(whole)?, metric })
        })
    }

    /// The metrics that have a limit in every place of a scope.
    pub(crate) fn limited_scopes(&self) -> impl Iterator<Item = (GateScope, GateMetric)> {
        let limits = self.limited_metrics();
        limits.filter_map(|(scope, name, metric)| {
            (scope != GateScope::Total && name.is_none()).then_some((scope, metric))
        })
    }

    /// The name in the candidate of a place of the baseline.
    pub(super) fn new_name(&self, scope: GateScope, name: &str) -> String {
        let renamed = self.renamed.get(&(scope, name.to_owned()));
        renamed.map_or(name, String::as_str).to_owned()
    }

    /// The limit of a row: that of its place, else of its scope, else of everything.
    #[must_use]
    pub(crate) fn limit_for(&self, key: &FigureKey) -> FigureLimit {
        let (scope, name, metric) = (Some(key.scope), Some(key.name.clone()), Some(key.metric));
        // What explains a growth is no growth of its own: the widest limit passes causes by.
        let wide = (key.scope != GateScope::Cause).then_some((None, None, None));
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

    fn key(scope: GateScope, name: &str, metric: GateMetric) -> FigureKey {
        FigureKey { scope, name: name.to_owned(), metric }
    }

    fn read(limits: &str) -> GateBudget {
        GateBudget::parse(&format!("schema = \"windtunnel.budget/1\"\ndefaults = false\n{limits}"))
            .unwrap()
    }

    fn refuse(limits: &str, words: &str) {
        let text = format!("schema = \"windtunnel.budget/1\"\n{limits}");
        let error = GateBudget::parse(&text).expect_err(limits).to_string();
        assert!(error.contains(words), "{limits}: {error}");
    }

    #[test]
    fn defaults_stay_unless_they_are_lifted() {
        let keep = |limits: &str| {
            let budget = GateBudget::parse(&format!("schema = \"{SCHEMA}\"\n{limits}")).unwrap();
            DEFAULT_LIMITS.map(|(metric, bp)| {
                let limit = budget.limit_for(&key(GateScope::Total, "", metric));
                limit == FigureLimit { grows_bp: Some(bp), ..FigureLimit::default() }
            })
        };
        let step = "[limits.step]\ncalls = { grows = \"9 %\" }\n";
        for (limits, kept) in [
            ("", [true; 4]),
            (step, [true; 4]),
            ("[allow]\nempty = 1\n", [true; 4]),
            ("[limits.total]\ndollars = { grows = \"9 %\" }\n", [true, true, false, true]),
            ("[limits.total]\npeak_context = {}\n", [true, true, true, false]),
            ("[limits.total]\nmoves = \"9 %\"\n", [false; 4]),
            ("[limits]\nmoves = \"9 %\"\n", [false; 4]),
            ("defaults = false\n", [false; 4]),
        ] {
            assert_eq!(keep(limits), kept, "{limits}");
        }
        refuse("defaults = 1", "'defaults' is 1, wanted true or false");
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
        let none = FigureLimit::default();
        let still = FigureLimit { grows_bp: Some(0), falls_bp: Some(0), ..none };
        let grows = |bp| FigureLimit { grows_bp: Some(bp), ..none };
        let step = |name| key(GateScope::Step, name, GateMetric::Calls);
        let total = |metric| key(GateScope::Total, "", metric);
        let dollars = FigureLimit {
            grows_by: Some(500_000_000_000),
            at_most: Some(20_000_000_000_000),
            ..grows(25)
        };
        for (key, want) in [
            (total(GateMetric::Calls), FigureLimit { grows_by: Some(5), ..grows(300) }),
            (total(GateMetric::Dollars), dollars),
            (total(GateMetric::PeakContext), FigureLimit { at_most: Some(150_000), ..none }),
            (total(GateMetric::Read), none),
            (total(GateMetric::Output), still),
            (step("plan"), grows(1_000)),
            (step("implement"), FigureLimit { falls_bp: Some(2_000), ..none }),
            (key(GateScope::Pipeline, "calls", GateMetric::Calls), grows(700)),
            (step("a b"), FigureLimit { grows_bp: Some(100), falls_bp: Some(100), ..none }),
            (
                key(GateScope::Step, "implement", GateMetric::Tokens),
                FigureLimit { grows_by: Some(1_500_000), ..none },
            ),
            (
                key(GateScope::Tool, "Bash", GateMetric::Uses),
                FigureLimit { at_most: Some(3), ..none },
            ),
            (key(GateScope::Tool, "Read", GateMetric::Uses), still),
            (
                key(GateScope::Saving, "all", GateMetric::Dollars),
                FigureLimit { at_least_bp: Some(1_000), ..none },
            ),
            (
                key(GateScope::Saving, "R1", GateMetric::Read),
                FigureLimit { at_least: Some(7), ..none },
            ),
            (key(GateScope::Cause, "x", GateMetric::Calls), none),
        ] {
            assert_eq!(budget.limit_for(&key), want, "{key:?}");
        }
        let still = FigureLimit { grows_bp: Some(0), falls_bp: Some(0), ..FigureLimit::default() };
        let limits = [((None, None, None), still)].into();
        assert_eq!(
            read("[limits]\nmoves = 0"),
            GateBudget { limits, ..GateBudget::without_limits() }
        );
        assert_eq!(read(""), GateBudget::without_limits());
        assert_eq!(GateBudget::default().limit_for(&total(GateMetric::Dollars)), grows(200));
        assert_eq!(GateBudget::default().limit_for(&step("x")), none);
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
                (GateScope::Step, "a b", "c"),
                (GateScope::Step, "plan", "make_plan"),
                (GateScope::Tool, "Bash", "Shell"),
            ]
        );
        assert_eq!(budget.new, [(GateScope::Step, UnmatchedAction::Fail)].into());
        assert_eq!(budget.gone, [(GateScope::Tool, UnmatchedAction::Note)].into());
    }

    #[test]
    fn what_is_no_budget_is_refused_with_its_line() {
        let error = GateBudget::parse("draws = 5000").unwrap_err().to_string();
        assert_eq!(error, "'schema' is missing, wanted \"windtunnel.budget/1\"");
        let error = GateBudget::parse("schema = \"windtunnel.budget/2\"").unwrap_err().to_string();
        assert!(error.starts_with("line 1: 'schema' is \"windtunnel.budget/2\""), "{error}");
        refuse("limit = 3", "line 2: unknown key 'limit' (is it 'limits'?); known are schema");
        refuse("draws = 10", "line 2: 'draws' is 10, wanted a whole number, 1000 to 100000");
        refuse("confidence = \"30 %\"", "wanted \"50 %\" to \"99.9 %\"");
        refuse("confidence = 95", "'confidence' is 95");
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
        refuse("[limits.total]\ncalls = { grows = 3 }", "(3 per cent is \"3 %\")");
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
