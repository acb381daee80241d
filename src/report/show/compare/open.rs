//! What is open: how likely claims are, who says what about them, which parameters move the result.

use super::{Shown, combined_name, tone};
use crate::intervene::Unit;
use crate::report::format::{self, Figures};
use crate::report::{Cell, Column, Section, Value, View};
use crate::study::claims::{By, Judgement, Verdict};
use crate::study::published::PublishedClaim;
use crate::study::uncertainty::{Band, Probability, Uncertainty};

/// Parameters shown; the others move less.
const MOST_SWINGS: usize = 10;

/// Pairs shown; the others have less to do with each other.
const MOST_PAIRS: usize = 8;

impl Shown<'_> {
    /// What the parameters and call counts leave open; `None` without draws.
    #[must_use]
    pub fn open(&self) -> Option<Section> {
        let uncertainty = self.comparison.uncertainty.as_ref()?;
        let mut section = Section::new("What is open").paragraph(self.joint_in_words(uncertainty));
        if !uncertainty.claims.is_empty() {
            section = section.table(self.judged()).table(self.probabilities(uncertainty));
        }
        if !self.comparison.tornado.is_empty() {
            section = section.table(self.swings());
        }
        Some(section)
    }

    /// Each claim and what each authority says about it.
    #[must_use]
    pub fn judged(&self) -> View {
        let mut columns = vec![
            Column::text("claim"),
            Column::mixed("claimed").ranged(),
            Column::mixed("its own product"),
            Column::text("arithmetic"),
            Column::mixed("at most"),
            Column::text("possibility"),
        ];
        columns.push(Column::mixed("replay with band").ranged());
        columns.push(Column::text("model"));
        let was_seen = !self.comparison.seen.is_empty();
        if was_seen {
            columns.push(Column::mixed("seen, all that came out").ranged());
        }
        columns.push(Column::text("observation"));
        let mut view = View::new("Verdicts, by who judges", columns);
        let single = self.comparison.toggles.iter();
        let single = single.filter_map(|t| Some((t.claim.as_ref()?, &t.judged)));
        let combined = self.comparison.combined.iter().map(|c| (&c.claim, &c.judged));
        for (claim, judged) in single.chain(combined) {
            let [arithmetic, possibility, model, observation] = &judged[..] else {
                continue;
            };
            let word = |one: &Judgement| {
                let can = claim.is_direction && one.by == By::Possibility;
                let text = match one.verdict {
                    Verdict::Holds if can => "can fall",
                    other => super::verdict_word(claim, other),
                };
                Cell::text(text).tone(tone(one.verdict))
            };
            let mut cells = vec![
                Cell::text(name_of(claim)),
                claimed(claim),
                range(claim, ends(arithmetic)),
                word(arithmetic),
                range(claim, ends(possibility)),
                word(possibility),
                range(claim, ends(model)),
                word(model),
            ];
            if was_seen {
                cells.push(range(claim, ends(observation)));
            }
            cells.push(word(observation));
            view.row(cells);
        }
        view.footnote(
            "arithmetic: the product of the claim's own factors; possibility: the friendliest \
             parameters or draw; model: from alone to last, with P10 and P90",
        );
        view.footnote(if self.comparison.seen.is_empty() {
            "observation: no history of these changes is at hand"
        } else {
            "observation: what fell after a rollout; fixes that came out together are seen \
             together, so that one of them is open unless it claims more than all of them show, \
             and what was not rolled out is not testable"
        });
        view
    }

    /// How likely each claim is.
    #[must_use]
    pub fn probabilities(&self, uncertainty: &Uncertainty) -> View {
        let mut view = View::new(
            "How likely each claim is reached",
            vec![
                Column::text("claim"),
                Column::text("counted in"),
                Column::mixed("at least"),
                Column::share("probability"),
            ],
        );
        let all = uncertainty.claims.iter().flat_map(|claim| &claim.probabilities);
        for Probability { claim, metric, at_least, p_bp } in all {
            let name = self.claim(claim).map_or_else(|| claim.clone(), name_of);
            let least = match *metric {
                "calls" => Value::Count(*at_least),
                "read" | "tokens" => Value::Tokens(*at_least),
                _ => Value::Share(*at_least),
            };
            view.row(vec![
                Cell::text(name),
                Cell::text(words(metric)),
                Cell::new(least),
                Cell::share(*p_bp),
            ]);
        }
        view.footnote(
            "share of the draws, with the model's own error on top; a rounded claim counts from \
             the least that it may mean",
        );
        view
    }

    fn claim(&self, id: &str) -> Option<&PublishedClaim> {
        let single = self.comparison.toggles.iter().filter_map(|toggle| toggle.claim.as_ref());
        let combined = self.comparison.combined.iter().map(|combined| &combined.claim);
        single.chain(combined).find(|claim| claim.id == id)
    }

    /// The pairs that save the same tokens, or make each other worth more.
    #[must_use]
    pub fn pairs(&self) -> Option<View> {
        let pairs = self.comparison.pairs();
        if pairs.is_empty() {
            return None;
        }
        let mut view = View::new(
            "Pairs: what two toggles save together beyond the sum of both",
            without(
                self.no_dollars(),
                vec![
                    Column::text("pair"),
                    Column::tokens(self.comparison.headline.noun()).signed(),
                    Column::count("calls").signed(),
                ],
                vec![(2, Column::money("dollars").signed())],
            ),
        );
        for (a, b, saving) in pairs.iter().take(MOST_PAIRS) {
            view.row(without(
                self.no_dollars(),
                vec![
                    Cell::text(format!("{a} and {b}")),
                    Cell::tokens(self.comparison.headline.of(saving)),
                    Cell::count(saving.calls),
                ],
                vec![(2, Cell::money(saving.money()))],
            ));
        }
        view.footnote(
            "Shapley interaction index, over every order of the others: negative where both save \
             the same, positive where one makes the other worth more",
        );
        let rest = pairs.len().saturating_sub(MOST_PAIRS);
        if rest > 0 {
            view.footnote(format!("{rest} more pairs have less to do with each other"));
        }
        Some(view)
    }

    /// The parameters that move the joint saving most.
    #[must_use]
    pub fn swings(&self) -> View {
        let headline = self.comparison.headline;
        let noun = headline.noun();
        let mut view = View::new(
            "Which parameter moves the joint saving, the others at their modes",
            without(
                self.no_dollars(),
                vec![
                    Column::text("parameter"),
                    Column::text("unit"),
                    Column::count("low"),
                    Column::count("high"),
                    Column::tokens(format!("{noun} at low")).signed(),
                    Column::tokens(format!("{noun} at high")).signed(),
                ],
                [(6, "$ at low"), (7, "$ at high")]
                    .map(|(at, name)| (at, Column::money(name).signed()))
                    .into(),
            ),
        );
        for swing in self.comparison.tornado.iter().take(MOST_SWINGS) {
            let name = format!("{} {}", swing.toggle, swing.key);
            let unit = if swing.unit == Unit::Count { "" } else { swing.unit.name() };
            view.row(without(
                self.no_dollars(),
                vec![
                    Cell::text(name.trim()),
                    Cell::text(unit),
                    Cell::count(swing.range.low),
                    Cell::count(swing.range.high),
                    Cell::tokens(headline.of(&swing.low)),
                    Cell::tokens(headline.of(&swing.high)),
                ],
                vec![(6, Cell::money(swing.low.money())), (7, Cell::money(swing.high.money()))],
            ));
        }
        let rest = self.comparison.tornado.len().saturating_sub(MOST_SWINGS);
        if rest > 0 {
            view.footnote(format!("{rest} more parameters move it less"));
        }
        view
    }
}

impl Shown<'_> {
    fn joint_in_words(&self, uncertainty: &Uncertainty) -> String {
        let band = |band: Band<i64>, of: &str| {
            let share = |bp| format::share(bp, Figures::default());
            let (p10, p50, p90) = (share(band.p10), share(band.p50), share(band.p90));
            format!("{p50} of {of} (P10 {p10}, P90 {p90})")
        };
        let (tokens, dollars) = uncertainty.joint_bp;
        let open = match uncertainty.unmet {
            0 => String::new(),
            unmet => format!(" In {unmet} of them no calls meet the totals: the likeliest stand."),
        };
        let mut saved = band(tokens, self.comparison.headline.words());
        if self.comparison.has_dollars {
            saved = format!("{saved} and {}", band(dollars, "dollars"));
        }
        format!(
            "All together save {saved} at the median of {} draws of the parameters and of \
             {}.{open}",
            format::integer(i64::from(uncertainty.draws), false),
            self.open_things()
        )
    }

    fn no_dollars(&self) -> bool {
        !self.comparison.has_dollars
    }
}

/// A row with some more things at their places, or without them.
fn without<T>(leaves_out: bool, mut row: Vec<T>, more: Vec<(usize, T)>) -> Vec<T> {
    if !leaves_out {
        for (at, thing) in more {
            row.insert(at, thing);
        }
    }
    row
}

fn name_of(claim: &PublishedClaim) -> String {
    if claim.toggles.len() == 1 { claim.id.clone() } else { combined_name(claim) }
}

fn words(metric: &str) -> &'static str {
    match metric {
        "calls" => "calls",
        "tokens" => "tokens",
        "read share" => "share of reads",
        "token share" => "share of tokens",
        "dollar share" => "share of dollars",
        _ => "reads",
    }
}

fn ends(one: &Judgement) -> Option<(i64, i64)> {
    one.against.as_ref().map(|range| (*range.start(), *range.end()))
}

fn claimed(claim: &PublishedClaim) -> Cell {
    if claim.is_direction {
        return Cell::missing();
    }
    range(claim, Some((*claim.saving.start(), *claim.saving.end())))
}

/// A range in the claim's metric.
fn range(claim: &PublishedClaim, ends: Option<(i64, i64)>) -> Cell {
    let value = |n| if claim.metric == "calls" { Value::Count(n) } else { Value::Tokens(n) };
    ends.map_or_else(Cell::missing, |(low, high)| Cell::range(value(low), value(high)))
}
