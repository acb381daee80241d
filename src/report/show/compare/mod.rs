//! The comparison: claimed, alone, last, verdict.

mod json;

use super::Provenance;
use crate::reconstruct::{Lens, Reported};
use crate::report::format::{self, Figures};
use crate::report::{Cell, Column, Document, Section, Tone, Value, View};
use crate::study::audit::{self, Finding};
use crate::study::claims::Verdict;
use crate::study::compare::{Comparison, PublishedClaim, ToggleResult};
use crate::units::{BASIS_POINTS, PicoUsd, scaled};

/// A comparison and everything it is shown with.
pub struct Shown<'a> {
    /// The numbers.
    pub comparison: &'a Comparison,
    /// The lens, for a reported pipeline.
    pub lens: Option<Lens>,
    /// What was published, for a reported pipeline.
    pub reported: Option<&'a Reported>,
    /// What the audit found.
    pub findings: &'a [Finding],
    /// Where it comes from.
    pub provenance: &'a Provenance,
}

impl Shown<'_> {
    /// For people.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = Document::new(format!("What-if: {}", self.provenance.recording));
        let mut section = Section::new("Toggles");
        if let Some(lens) = self.lens {
            section = section.paragraph(lens_note(lens));
        }
        section = section.table(self.toggles()).bullets(self.explanations());
        document.section(section);
        let mut together = Section::new("All together").table(self.sides());
        if !self.comparison.combined.is_empty() {
            together = together.table(self.combined());
        }
        document.section(together);
        for line in self.provenance.lines() {
            document.source(line);
        }
        document
    }

    /// The table of toggles.
    #[must_use]
    pub fn toggles(&self) -> View {
        let mut view = View::new(
            "Savings in cache reads, each toggle",
            vec![
                Column::text("toggle"),
                Column::count("found"),
                Column::tokens("claimed").ranged().signed(),
                Column::tokens("alone").signed(),
                Column::tokens("last").signed(),
                Column::count("calls").signed(),
                Column::money("alone $").signed(),
                Column::text("verdict"),
                Column::text("in dollars"),
            ],
        );
        for toggle in &self.comparison.toggles {
            let claimed = toggle.claim.as_ref().map_or_else(Cell::missing, |claim| {
                Cell::range(
                    Value::Tokens(*claim.saving.start()),
                    Value::Tokens(*claim.saving.end()),
                )
            });
            view.row(vec![
                Cell::text(format!("{} {}", toggle.id, toggle.title)),
                Cell::count(i64::from(toggle.found)),
                claimed,
                Cell::tokens(toggle.alone.usage.read),
                Cell::tokens(toggle.last.usage.read),
                Cell::count(toggle.alone.calls),
                Cell::money(toggle.alone.cost.recorded),
                Cell::text(verdict_words(toggle)).tone(tone(toggle.verdict)),
                Cell::text(if toggle.claim.is_some() { toggle.verdict_usd.word() } else { "" })
                    .tone(tone(toggle.verdict_usd)),
            ]);
        }
        let comparison = self.comparison;
        let alone: i64 = comparison.toggles.iter().map(|t| t.alone.usage.read).sum();
        let last: i64 = comparison.toggles.iter().map(|t| t.last.usage.read).sum();
        view.total(vec![
            Cell::text("sum of the list"),
            Cell::missing(),
            claimed_sum(&comparison.toggles),
            Cell::tokens(alone),
            Cell::tokens(last),
            Cell::count(comparison.toggles.iter().map(|t| t.alone.calls).sum()),
            Cell::money(comparison.toggles.iter().map(|t| t.alone.cost.recorded).sum()),
            Cell::missing(),
            Cell::missing(),
        ]);
        view.total(vec![
            Cell::text("all together"),
            Cell::missing(),
            Cell::missing(),
            Cell::tokens(comparison.joint.usage.read),
            Cell::missing(),
            Cell::count(comparison.joint.calls),
            Cell::money(comparison.joint.cost.recorded),
            Cell::missing(),
            Cell::missing(),
        ]);
        view.footnote(format!(
            "overlap: a plain sum of the list counts {} tokens twice",
            format::tokens(comparison.overlap_read, false)
        ));
        view.footnote(
            "alone: the only toggle; last: after all the others; positive where something falls",
        );
        view
    }

    /// One line a claim: the source's own arithmetic, and why the replay differs.
    #[must_use]
    pub fn explanations(&self) -> Vec<String> {
        let toggles = self.comparison.toggles.iter();
        toggles.filter_map(|toggle| self.explanation(toggle)).collect()
    }

    fn explanation(&self, toggle: &ToggleResult) -> Option<String> {
        let mut parts: Vec<String> = Vec::new();
        let claimed = self.reported.and_then(|r| audit::claim_arithmetic(r, toggle.id));
        parts.extend(claimed.map(|claimed| format!("source: {claimed}")));
        if toggle.found > 0 && (toggle.alone.calls != 0 || toggle.touched != 0) {
            parts.push(format!(
                "replay: {} found, {} calls fewer, {} fewer reads",
                toggle.found,
                toggle.alone.calls,
                format::tokens(toggle.alone.usage.read, false)
            ));
        }
        if let Some(most) = toggle.at_most {
            parts.push(format!(
                "at most {} with the friendliest parameters",
                format::tokens(most, false)
            ));
        }
        if toggle.alone.usage.write() < 0 {
            parts.push(format!(
                "costs {} tokens of cache writes",
                format::tokens(-toggle.alone.usage.write(), false)
            ));
        }
        parts.extend(toggle.notes.iter().cloned());
        (!parts.is_empty()).then(|| format!("{}: {}", toggle.id, parts.join("; ")))
    }

    /// Before and after.
    #[must_use]
    pub fn sides(&self) -> View {
        let (before, after) = (&self.comparison.baseline, &self.comparison.variant);
        let mut view = View::new(
            "Before and after",
            vec![
                Column::text("metric"),
                Column::text("before"),
                Column::text("after"),
                Column::text("saved"),
                Column::share("share"),
            ],
        );
        let tokens = |name: &str, a: i64, b: i64| {
            let words = |n: i64| Cell::text(format::tokens(n, false));
            vec![Cell::text(name), words(a), words(b), words(a - b), Cell::part(a - b, a)]
        };
        let (u, v) = (before.usage, after.usage);
        view.row(tokens("calls", before.calls, after.calls));
        view.row(tokens("fresh", u.fresh, v.fresh));
        view.row(tokens("read", u.read, v.read));
        if u.write_5m != 0 || v.write_5m != 0 {
            view.row(tokens("write_5m", u.write_5m, v.write_5m));
        }
        if u.write_1h != 0 || v.write_1h != 0 {
            view.row(tokens("write_1h", u.write_1h, v.write_1h));
        }
        view.row(tokens("output", u.output, v.output));
        if before.hidden_output != 0 {
            view.row(tokens("output, hidden", before.hidden_output, after.hidden_output));
        }
        let money = |amount: PicoUsd| Cell::text(format::money(amount, Figures::default()));
        let (a, b) = (before.cost.recorded, after.cost.recorded);
        view.row(vec![
            Cell::text("dollars"),
            money(a),
            money(b),
            money(a - b),
            Cell::share(part_bp(a - b, a)),
        ]);
        view.row(tokens("peak context", before.peak_context, after.peak_context));
        view.row(tokens(
            "calls a minute, peak",
            before.peak_calls_a_minute,
            after.peak_calls_a_minute,
        ));
        let time = |ms: i64| Cell::text(format::duration(ms, Figures::default()));
        view.row(vec![
            Cell::text("session time"),
            time(before.session_ms),
            time(after.session_ms),
            time(before.session_ms - after.session_ms),
            Cell::part(before.session_ms - after.session_ms, before.session_ms),
        ]);
        view
    }

    /// Claims on several toggles together.
    #[must_use]
    pub fn combined(&self) -> View {
        let mut view = View::new(
            "Claims on several toggles together",
            vec![
                Column::text("claim"),
                Column::text("toggles"),
                Column::tokens("claimed").ranged(),
                Column::tokens("replay"),
                Column::share("of baseline"),
                Column::tokens("at most"),
                Column::text("verdict"),
                Column::text("in dollars"),
            ],
        );
        for result in &self.comparison.combined {
            let claim = &result.claim;
            let usd = result.verdict_usd.map_or("", Verdict::word);
            let range = (*claim.saving.start(), *claim.saving.end());
            view.row(vec![
                Cell::text(combined_name(claim)),
                Cell::text(claim.toggles.join("+")),
                Cell::range(Value::Tokens(range.0), Value::Tokens(range.1)),
                Cell::tokens(result.replayed),
                Cell::part(result.replayed, result.baseline),
                Cell::tokens(result.at_most),
                Cell::text(result.verdict.word()).tone(tone(result.verdict)),
                Cell::text(usd),
            ]);
        }
        view.footnote(
            "at most: the parameters of one toggle after another moved to their friendliest ends",
        );
        view
    }
}

/// Why the lens is what it is.
#[must_use]
pub fn lens_note(lens: Lens) -> &'static str {
    match lens {
        Lens::Message => {
            "Message lens: published calls are transcript records, several of which make a call. \
             It is the default because the record lens needs sessions that no real session \
             resembles (see `windtunnel audit`)."
        }
        Lens::Record => {
            "Record lens: published calls are taken for calls, the source's own premise. The \
             audit says which sessions cannot be under it."
        }
    }
}

fn combined_name(claim: &PublishedClaim) -> String {
    let what = if claim.metric == "calls" { "calls" } else { "reads" };
    let of = if claim.step.is_empty() { "the pipeline" } else { &claim.step };
    format!("{what} of {of}")
}

fn verdict_words(toggle: &ToggleResult) -> &'static str {
    if toggle.claim.is_none() && toggle.found > 0 { "" } else { toggle.verdict.word() }
}

/// How a verdict is coloured.
#[must_use]
pub fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Holds | Verdict::Understated => Tone::Good,
        Verdict::Overstated | Verdict::CannotBe => Tone::Bad,
        Verdict::NotTestable => Tone::Muted,
    }
}

fn claimed_sum(toggles: &[ToggleResult]) -> Cell {
    let claims: Vec<&PublishedClaim> = toggles.iter().filter_map(|t| t.claim.as_ref()).collect();
    if claims.is_empty() {
        return Cell::missing();
    }
    let sum = |of: fn(&PublishedClaim) -> i64| claims.iter().map(|claim| of(claim)).sum();
    Cell::range(Value::Tokens(sum(|c| *c.saving.start())), Value::Tokens(sum(|c| *c.saving.end())))
}

/// `part / whole` of money in basis points.
#[must_use]
pub fn part_bp(part: PicoUsd, whole: PicoUsd) -> i64 {
    let micro = |amount: PicoUsd| i64::try_from(amount.0 / 1_000_000).unwrap_or(i64::MAX);
    scaled(micro(part), BASIS_POINTS, micro(whole))
}
