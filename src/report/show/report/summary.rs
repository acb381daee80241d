//! The top of a report, one screen for a planning doc: what is claimed, what replay says, what to
//! build first and what to measure after each.

use super::Full;
use crate::report::format::{self, Figures};
use crate::report::show::compare::verdict_word;
use crate::report::{Cell, Column, Section, Text, View};
use crate::study::claims::Verdict;
use crate::study::headline::Headline;
use crate::study::order::Order;
use crate::study::sides::Step;
use crate::units::{PicoUsd, part_bp};
use std::fmt::Write as _;

/// A point whose first words are stressed.
fn point(lead: &str, words: impl Into<String>) -> Text {
    Text::new().strong(lead).plain(format!(" {}", words.into()))
}

fn tokens(n: i64) -> String {
    format::tokens(n, false)
}

fn share(bp: i64) -> String {
    format::share(bp, Figures::default())
}

fn money(amount: PicoUsd) -> String {
    format::money(amount, Figures::default())
}

impl Full<'_> {
    /// The whole screen.
    pub(super) fn summary(&self) -> Section {
        let mut points = vec![point("Claimed:", self.claimed())];
        points.push(point("Replayed:", self.replayed()));
        points.extend(self.verdicts().map(|words| point("Verdicts:", words)));
        points.extend(self.seen().map(|words| point("Seen after the rollout:", words)));
        let overlap = self.shown.comparison.overlap;
        if overlap > 0 {
            let words = format!("{} of {}.", tokens(overlap), self.headline().noun());
            points.push(point("Counted twice by a plain sum of the list:", words));
        }
        if let Some((bp, total)) = self.understated() {
            let words = format!(
                "{} of reads in truth, the summary understates by {}.",
                tokens(total),
                share(bp)
            );
            points.push(point("The orchestrator's share belongs to the pipeline:", words));
        }
        let section = Section::new("Summary").bullets(points);
        let section = match self.build_first() {
            Some(table) => section.table(table),
            None => section,
        };
        let points = self.order().map_or_else(|| self.last_savers(), after);
        section.bullets(points.into_iter().chain(self.waiting()))
    }

    fn headline(&self) -> Headline {
        self.shown.comparison.headline
    }

    fn claimed(&self) -> String {
        let comparison = self.shown.comparison;
        let claims: Vec<_> =
            comparison.toggles.iter().filter_map(|toggle| toggle.claim.as_ref()).collect();
        let amounts: Vec<_> = claims.iter().filter(|claim| !claim.is_direction).collect();
        let directions = claims.len() - amounts.len();
        let mut parts = Vec::new();
        if let Some(result) = comparison.whole_claims().next() {
            let (low, high) = (*result.claim.saving.start(), *result.claim.saving.end());
            let mut part = format!("{} to {} of reads together", tokens(low), tokens(high));
            if let Some(bp) = &result.claim.share_bp {
                let _ = write!(part, " ({} to {})", share(*bp.start()), share(*bp.end()));
            }
            parts.push(part);
        }
        if !amounts.is_empty() {
            let low = amounts.iter().map(|claim| claim.saving.start()).sum();
            let high = amounts.iter().map(|claim| claim.saving.end()).sum();
            let count = amounts.len();
            parts.push(format!("{} to {} by {count} single claims", tokens(low), tokens(high)));
        }
        if directions > 0 {
            parts.push(format!("by {directions} toggles that something falls, without a number"));
        }
        match &parts[..] {
            [] => "nothing; no source names a saving.".to_owned(),
            parts => parts.join("; ") + ".",
        }
    }

    fn replayed(&self) -> String {
        let comparison = self.shown.comparison;
        let (before, joint) = (&comparison.baseline, &comparison.joint);
        let headline = comparison.headline;
        let (saved, of) = (headline.of(joint), headline.of_side(before));
        let change = |saves: bool, amount: String| {
            if saves { format!("save {amount}") } else { format!("cost {amount} more on top") }
        };
        let mut line = format!(
            "all toggles together {} of {} {} ({})",
            change(saved >= 0, tokens(saved.abs())),
            tokens(of),
            headline.words(),
            share(part_bp(saved.abs(), of))
        );
        if comparison.has_dollars {
            let (saved, of) = (joint.money(), before.money());
            let size = PicoUsd(saved.0.abs());
            let part = share(size.part_bp(of));
            let verb = change(saved.0 >= 0, money(size));
            let _ = write!(line, " and {verb} of {} ({part})", money(of));
        }
        if let Some(uncertainty) = &comparison.uncertainty {
            let (tokens, dollars) = uncertainty.joint_bp;
            let _ = write!(
                line,
                "; in eight of ten draws of parameters and {} {} to {} of {}",
                self.shown.open_things(),
                share(tokens.p10),
                share(tokens.p90),
                headline.noun()
            );
            if comparison.has_dollars {
                let (low, high) = (share(dollars.p10), share(dollars.p90));
                let _ = write!(line, " and {low} to {high} of dollars");
            }
        }
        line + "."
    }

    /// What fell after a rollout, beside what was claimed and predicted for the same toggles.
    fn seen(&self) -> Option<String> {
        let comparison = self.shown.comparison;
        let one = comparison.seen.iter().find(|one| one.observed.step().is_empty())?;
        let range = |low: i64, high: i64| format!("{} to {}", share(low), share(high));
        let interval = one.interval_bp();
        let mut line = format!(
            "with {} out, {} of whole pipelines of one size fell by {} ({})",
            one.observed.toggles.join(", "),
            comparison.headline.words(),
            share(one.saved_bp()),
            range(*interval.start(), *interval.end()),
        );
        let predicted = one.predicted.map(|band| range(band.p10, band.p90));
        let predicted = predicted.unwrap_or_else(|| share(one.predicted_bp));
        let _ = write!(line, "; replayed here {predicted}");
        if let Some(claimed) = &one.claimed_bp {
            let _ = write!(line, ", claimed {}", range(*claimed.start(), *claimed.end()));
        }
        if one.may_be_drift()
            && let Some(part) = one.observed.placebo
        {
            let _ = write!(line, "; {} of dates without a rollout show as much", share(part.0));
        }
        Some(line + ".")
    }

    /// The joint claim, then the single ones by their verdict.
    fn verdicts(&self) -> Option<String> {
        let comparison = self.shown.comparison;
        let mut parts = Vec::new();
        if let Some(result) = comparison.whole_claims().next() {
            parts.push(format!(
                "the joint claim {} in tokens and {} in dollars (at most {} with the friendliest \
                 parameters or draw)",
                phrase(result.verdict.word()),
                phrase(result.verdict_usd.map_or("is not judged", Verdict::word)),
                tokens(result.at_most),
            ));
        }
        let mut by_word: Vec<(&str, Vec<&str>)> = Vec::new();
        for toggle in &comparison.toggles {
            let Some(claim) = &toggle.claim else { continue };
            let word = verdict_word(claim, toggle.verdict);
            match by_word.iter_mut().find(|(other, _)| *other == word) {
                Some((_, ids)) => ids.push(toggle.id),
                None => by_word.push((word, vec![toggle.id])),
            }
        }
        parts.extend(by_word.iter().map(|(word, ids)| format!("{word}: {}", ids.join(", "))));
        (!parts.is_empty()).then(|| parts.join("; ") + ".")
    }

    fn order(&self) -> Option<&Order> {
        self.order.filter(|order| !order.built.is_empty())
    }

    /// What to build first, and the figures to meet after each; `None` where no order can be made.
    #[must_use]
    pub fn build_first(&self) -> Option<View> {
        let order = self.order()?;
        let comparison = self.shown.comparison;
        let (headline, dollars) = (comparison.headline, comparison.has_dollars);
        let noun = headline.noun();
        let mut columns = vec![
            Column::text("build"),
            Column::count("effort"),
            Column::tokens(format!("adds, {noun}")).signed(),
            Column::tokens(format!("{noun} after")),
            Column::count("calls after"),
        ];
        if dollars {
            columns.push(Column::money("dollars after"));
        }
        columns.push(Column::text("shows most in"));
        columns.extend(["there before", "there after"].map(Column::tokens));
        let mut view = View::new("Build first, and measure after each", columns);
        let baseline = &comparison.baseline;
        let mut start = vec![Cell::text("as it is"), Cell::missing(), Cell::missing()];
        start.extend([Cell::tokens(headline.of_side(baseline)), Cell::count(baseline.calls)]);
        start.extend(dollars.then(|| Cell::money(baseline.money())));
        start.extend([Cell::missing(), Cell::missing(), Cell::missing()]);
        view.row(start);
        let mut before = headline.of_side(baseline);
        for built in &order.built {
            let after = headline.of_side(&built.after);
            let mut row = vec![
                Cell::text(format!("{} {}", built.id, built.title)),
                Cell::count(i64::from(built.effort)),
                Cell::tokens(before - after),
                Cell::tokens(after),
                Cell::count(built.after.calls),
            ];
            row.extend(dollars.then(|| Cell::money(built.after.money())));
            let of = |step: &Step| Cell::tokens(headline.of_usage(&step.usage));
            row.extend(built.shows.as_ref().map_or_else(
                || [Cell::missing(), Cell::missing(), Cell::missing()],
                |(was, is)| [Cell::text(&was.name), of(was), of(is)],
            ));
            view.row(row);
            before = after;
        }
        view.footnote(format!(
            "each time what adds most {} to those before it; effort in points of about half a day",
            order.metric.name()
        ));
        Some(view)
    }

    /// Where no order can be made: what no other toggle replaces.
    fn last_savers(&self) -> Vec<Text> {
        let headline = self.headline();
        let mut best: Vec<_> = self.shown.comparison.toggles.iter().collect();
        best.sort_by_key(|toggle| -headline.of(&toggle.last));
        let best = best.iter().filter(|toggle| headline.of(&toggle.last) > 0).take(3);
        let best: Vec<String> = best
            .map(|t| format!("{} ({} after all the others)", t.id, tokens(headline.of(&t.last))))
            .collect();
        let words = if best.is_empty() {
            "nothing here; no toggle saves on top of the others.".to_owned()
        } else {
            format!("what no other toggle replaces: {}.", best.join(", "))
        };
        vec![point("Build first:", words)]
    }

    /// Toggles that take no part before the reader gives a number.
    fn waiting(&self) -> Vec<Text> {
        let bounds = self.shown.comparison.bounds.iter().filter(|bound| !bound.asked.is_empty());
        let ids: Vec<&str> = bounds.map(|bound| &*bound.id).collect();
        if ids.is_empty() {
            return Vec::new();
        }
        let words = format!("{} (bounds and the number to give are below).", ids.join(", "));
        vec![point("Waiting for a number that no source gives:", words)]
    }
}

/// What the order leaves out, and how to measure.
fn after(order: &Order) -> Vec<Text> {
    let reached = share(order.reached_bp);
    let mut first = format!("these reach {reached} of what the best set saves");
    if !order.little.is_empty() {
        let _ = write!(first, "; little or nothing on top: {}", order.little.join(", "));
    }
    if !order.costs.is_empty() {
        let _ = write!(first, "; costs on top: {}", order.costs.join(", "));
    }
    let measure = "the figures of the table, pipeline by pipeline, against pipelines of like \
                   size (changed lines, sessions): sizes drift, and a smaller change is no \
                   saving. Count calls once per message, with every folder of transcripts \
                   that the rollout may have moved.";
    vec![point("Build first:", first + "."), point("Measure after:", measure)]
}

fn phrase(verdict: &str) -> String {
    match verdict {
        "holds" | "cannot be" | "is not judged" => verdict.to_owned(),
        other => format!("is {other}"),
    }
}
