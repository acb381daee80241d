//! The comparison: claimed, alone, last, verdict.

mod json;

use super::Provenance;
use crate::reconstruct::{Lens, Reported};
use crate::report::format;
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
        let has_claims = self.comparison.toggles.iter().any(|toggle| toggle.claim.is_some());
        let mut view = View::new(
            "Savings in cache reads, each toggle",
            if_claimed(
                has_claims,
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
            ),
        );
        for toggle in &self.comparison.toggles {
            let claimed = toggle.claim.as_ref().map_or_else(Cell::missing, |claim| {
                Cell::range(
                    Value::Tokens(*claim.saving.start()),
                    Value::Tokens(*claim.saving.end()),
                )
            });
            view.row(if_claimed(
                has_claims,
                vec![
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
                ],
            ));
        }
        let comparison = self.comparison;
        let alone: i64 = comparison.toggles.iter().map(|t| t.alone.usage.read).sum();
        let last: i64 = comparison.toggles.iter().map(|t| t.last.usage.read).sum();
        view.total(if_claimed(
            has_claims,
            vec![
                Cell::text("sum of the list"),
                Cell::missing(),
                claimed_sum(&comparison.toggles),
                Cell::tokens(alone),
                Cell::tokens(last),
                Cell::count(comparison.toggles.iter().map(|t| t.alone.calls).sum()),
                Cell::money(comparison.toggles.iter().map(|t| t.alone.cost.recorded).sum()),
                Cell::missing(),
                Cell::missing(),
            ],
        ));
        view.total(if_claimed(
            has_claims,
            vec![
                Cell::text("all together"),
                Cell::missing(),
                Cell::missing(),
                Cell::tokens(comparison.joint.usage.read),
                Cell::missing(),
                Cell::count(comparison.joint.calls),
                Cell::money(comparison.joint.cost.recorded),
                Cell::missing(),
                Cell::missing(),
            ],
        ));
        let overlap = format::tokens(comparison.overlap_read.saturating_abs(), false);
        if comparison.overlap_read > 0 {
            view.footnote(format!(
                "overlap: a plain sum of the list counts {overlap} tokens twice"
            ));
        } else if comparison.overlap_read < 0 {
            view.footnote(format!(
                "together the toggles save {overlap} tokens more than a plain sum of the list"
            ));
        }
        view.footnote(
            "alone: the only toggle; last: after all the others; positive where something falls",
        );
        let reads = |t: &ToggleResult| [t.alone.usage.read, t.last.usage.read];
        if comparison.toggles.iter().flat_map(reads).any(|saved| saved < 0) {
            view.footnote(
                "negative: a smaller context is compacted later and then carried for longer, or a \
                 shorter wait turns a write into a read",
            );
        }
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
                "replay: {} found, {}, {}",
                format::integer(i64::from(toggle.found), false),
                fewer_calls(toggle.alone.calls),
                fewer_reads(toggle.alone.usage.read)
            ));
        }
        parts.extend(self.reason(toggle));
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

    /// Why the replay differs from the claim's own factors, as far as the two can be set side by
    /// side: calls against calls, and what each of them read.
    fn reason(&self, toggle: &ToggleResult) -> Option<String> {
        let claim = self.reported?.claim(toggle.id)?;
        let (read, calls) = (toggle.alone.usage.read, toggle.alone.calls);
        let [counted, ..] = &claim.factors[..] else {
            let alone = toggle.last.usage.read * 2 < read;
            let shared = "most of it is what other toggles of the list save as well";
            return alone.then(|| shared.to_owned());
        };
        let claimed = counted.value();
        let text = if counted.what.starts_with("tokens") {
            let each = toggle.touched / i64::from(toggle.found.max(1));
            format!(
                "the source takes {} {}, the replay {} of {} tokens each",
                format::tokens(claimed, false),
                counted.what,
                toggle.found,
                format::tokens(each, false)
            )
        } else if calls > 0 {
            format!(
                "the source counts {claimed} {}, the replay {calls} calls, each worth {} reads",
                counted.what,
                format::tokens(read / calls, false)
            )
        } else {
            format!(
                "the source counts {claimed} {}, the replay none: they share their calls with \
                 tool uses",
                counted.what
            )
        };
        Some(text)
    }

    /// Before and after.
    #[must_use]
    pub fn sides(&self) -> View {
        let (before, after) = (&self.comparison.baseline, &self.comparison.variant);
        let mut view = View::new(
            "Before and after",
            vec![
                Column::text("metric"),
                Column::mixed("before"),
                Column::mixed("after"),
                Column::mixed("saved"),
                Column::share("share"),
            ],
        );
        let metric = |name: &str, cell: fn(i64) -> Cell, a: i64, b: i64| {
            vec![Cell::text(name), cell(a), cell(b), cell(a - b), Cell::part(a - b, a)]
        };
        let counts = |name: &str, a: i64, b: i64| metric(name, Cell::count, a, b);
        let tokens = |name: &str, a: i64, b: i64| metric(name, Cell::tokens, a, b);
        let (u, v) = (before.usage, after.usage);
        view.row(counts("calls", before.calls, after.calls));
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
        let (a, b) = (before.cost.recorded, after.cost.recorded);
        view.row(vec![
            Cell::text("dollars"),
            Cell::money(a),
            Cell::money(b),
            Cell::money(a - b),
            Cell::share(part_bp(a - b, a)),
        ]);
        view.row(tokens("peak context", before.peak_context, after.peak_context));
        view.row(counts(
            "calls a minute, peak",
            before.peak_calls_a_minute,
            after.peak_calls_a_minute,
        ));
        view.row(metric("session time", Cell::duration, before.session_ms, after.session_ms));
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
             resembles (the audit says which)."
        }
        Lens::Record => {
            "Record lens: published calls are taken for calls, the source's own premise. The \
             audit says which sessions cannot be under it."
        }
    }
}

/// What stays of a row of toggles where nobody claimed anything.
fn if_claimed<T>(has_claims: bool, mut row: Vec<T>) -> Vec<T> {
    if !has_claims {
        row.truncate(7);
        row.remove(2);
    }
    row
}

/// A saving in words, also where it is none.
fn fewer_reads(tokens: i64) -> String {
    let more_or_less = if tokens < 0 { "more" } else { "fewer" };
    format!("{} {more_or_less} reads", format::tokens(tokens.saturating_abs(), false))
}

fn fewer_calls(calls: i64) -> String {
    let noun = if calls.abs() == 1 { "call" } else { "calls" };
    let more_or_less = if calls < 0 { "more" } else { "fewer" };
    format!("{} {noun} {more_or_less}", format::integer(calls.saturating_abs(), false))
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
