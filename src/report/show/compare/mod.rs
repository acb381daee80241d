//! The comparison: claimed, alone, last, verdict.

pub(in crate::report::show) mod bounds;
mod json;
mod limiter;
mod open;
mod points;
mod seen;
mod spread;
mod toggles;

use super::Provenance;
use crate::reconstruct::{Lens, Reported, Routes};
use crate::report::format;
use crate::report::{Cell, Column, Document, Section, Tone, Value, View};
use crate::study::audit::{self, Finding};
use crate::study::backtest::Observations;
use crate::study::claims::Verdict;
use crate::study::compare::{Comparison, ToggleResult};
use crate::study::headline::Headline;
use crate::study::limiter::Loads;
use crate::study::published::PublishedClaim;
use crate::study::spread::Spread;
#[cfg(feature = "charts")]
pub(in crate::report::show) use toggles::verdict_words;

/// A comparison and everything it is shown with.
pub struct Shown<'a> {
    /// The numbers.
    pub comparison: &'a Comparison,
    /// The lens, for a reported pipeline.
    pub lens: Option<Lens>,
    /// What was published, for a reported pipeline.
    pub reported: Option<&'a Reported>,
    /// What was published, for reported routes.
    pub routes: Option<&'a Routes>,
    /// What was seen after rollouts of its toggles.
    pub observed: Option<&'a Observations>,
    /// What the audit found.
    pub findings: &'a [Finding],
    /// How busy agents are that packets wake, limiter by limiter; empty where there are none.
    pub loads: &'a [Loads],
    /// How savings are spread over sessions, where asked for.
    pub spread: Option<&'a Spread>,
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
        section = section.table(self.toggles());
        section = match self.dollars() {
            Some(dollars) => section.table(dollars),
            None => section.paragraph(NO_DOLLARS),
        };
        section = section.bullets(self.explanations());
        document.section(section);
        document.sections.extend(self.bounds());
        document.section(self.together());
        document.sections.extend(self.limiter());
        if let Some(open) = self.open() {
            document.section(open);
        }
        if let Some(spread) = self.spread_section() {
            document.section(spread);
        }
        for line in self.provenance.lines() {
            document.source(line);
        }
        document
    }

    /// The table of toggles in dollars; `None` where dollars mean nothing.
    #[must_use]
    pub fn dollars(&self) -> Option<View> {
        self.comparison.has_dollars.then(|| self.money())
    }

    /// What a source leaves open, in words.
    pub(in crate::report::show) fn open_things(&self) -> &'static str {
        match (self.routes, self.comparison.has_luck) {
            (Some(_), _) => "what the source leaves unknown",
            (None, true) => "the luck of automatic caches",
            (None, false) => "open call counts",
        }
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
                self.fewer(self.comparison.headline.of(&toggle.alone))
            ));
        }
        parts.extend(toggle.reason.as_ref().map(|reason| {
            format!(
                "its band is as wide as it is most of all because of {}: {} at its low end, {} at \
                 its high end",
                reason.what,
                format::tokens(reason.low, false),
                format::tokens(reason.high, false)
            )
        }));
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
        parts.extend(toggle.notes.iter().map(|note| format::with_groups(note)));
        (!parts.is_empty()).then(|| format!("{}: {}", toggle.id, parts.join("; ")))
    }

    /// A saving in words, also where it is none.
    fn fewer(&self, tokens: i64) -> String {
        let more_or_less = if tokens < 0 { "more" } else { "fewer" };
        let noun = self.comparison.headline.noun();
        format!("{} {more_or_less} {noun}", format::tokens(tokens.saturating_abs(), false))
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

    /// All toggles on, and what is claimed for several of them.
    #[must_use]
    pub fn together(&self) -> Section {
        let section = Section::new("All together").table(self.sides());
        let section = match self.pairs() {
            Some(pairs) => section.table(pairs),
            None => section,
        };
        if self.comparison.combined.is_empty() { section } else { section.table(self.combined()) }
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
        if self.comparison.headline == Headline::Tokens {
            let all = |side| Headline::Tokens.of_side(side);
            view.row(tokens("tokens", all(before), all(after)));
        }
        if !self.comparison.has_dollars {
            return view;
        }
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
            Cell::share((a - b).part_bp(a)),
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
            let claimed = if claim.is_direction {
                Cell::missing()
            } else {
                Cell::range(Value::Tokens(range.0), Value::Tokens(range.1))
            };
            view.row(vec![
                Cell::text(combined_name(claim)),
                Cell::text(claim.toggles.join("+")),
                claimed,
                Cell::tokens(result.replayed),
                Cell::part(result.replayed, result.baseline),
                Cell::tokens(result.at_most),
                Cell::text(verdict_word(claim, result.verdict)).tone(tone(result.verdict)),
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

/// Why there are no dollars.
const NO_DOLLARS: &str = "No dollars: the source does not say what of its tokens was input, cached \
                          or output.";

/// A number of calls saved in words, also where it is none.
fn fewer_calls(calls: i64) -> String {
    let noun = if calls.abs() == 1 { "call" } else { "calls" };
    let more_or_less = if calls < 0 { "more" } else { "fewer" };
    format!("{} {noun} {more_or_less}", format::integer(calls.saturating_abs(), false))
}

pub(in crate::report::show) fn combined_name(claim: &PublishedClaim) -> String {
    let what = match claim.metric.as_str() {
        "calls" => "calls",
        "tokens" => "tokens",
        _ => "reads",
    };
    let of = if claim.step.is_empty() { "the pipeline" } else { &claim.step };
    format!("{what} of {of}")
}

/// The word for a verdict; of a claim without a number it says whether tokens fall.
pub(in crate::report::show) fn verdict_word(
    claim: &PublishedClaim,
    verdict: Verdict,
) -> &'static str {
    match verdict {
        Verdict::NotTestable | Verdict::Open => verdict.word(),
        Verdict::Holds if claim.is_direction => "falls, as said",
        _ if claim.is_direction => "does not fall",
        other => other.word(),
    }
}

/// How a verdict is coloured.
#[must_use]
pub fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Holds | Verdict::Understated => Tone::Good,
        Verdict::Overstated | Verdict::CannotBe => Tone::Bad,
        Verdict::Open | Verdict::NotTestable => Tone::Muted,
    }
}
