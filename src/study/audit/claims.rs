//! Single claims against their own arithmetic and against the session that they speak of.

use super::{Finding, Severity, say};
use crate::reconstruct::event::{Event, RunResult};
use crate::reconstruct::reported::{Claim, Factor};
use crate::reconstruct::{Figure, Reconstruction, Reported};
use crate::recording::estimate::{self, Tokenizer};
use crate::recording::{BlockKind, Call, CallMarks};

/// Checks every claim.
pub fn check(reported: &Reported, message: Option<&Reconstruction>, findings: &mut Vec<Finding>) {
    for claim in &reported.claims {
        findings.extend(own_product(claim));
        match claim.toggle.as_str() {
            "R1" => findings.extend(all_non_tool(reported)),
            "R3" => findings.extend(report_tokens(reported, claim)),
            "R4" => findings.extend(test_output(reported, claim)),
            "R5" => findings.extend(round_trips(reported, message, claim)),
            "R6" => findings.extend(polls_left(reported, claim)),
            _ => {}
        }
    }
}

/// The source's own arithmetic behind a claim in one line; `None` where there is no such claim.
#[must_use]
pub fn claim_arithmetic(reported: &Reported, toggle: &str) -> Option<String> {
    let claim = reported.claim(toggle)?;
    let Some(saving) = claim.saving.as_ref() else {
        let orchestrator = reported.orchestrator.as_ref();
        return Some(match (toggle, orchestrator, reported.crashes.as_ref()) {
            ("R8", Some(orchestrator), _) => format!(
                "{} of {} = {}: shown, not saved",
                orchestrator.attributed_share.text,
                orchestrator.read.text,
                say::tokens(orchestrator.attributed())
            ),
            ("R9", _, Some(crashes)) => format!(
                "{} - {} = {} crash records left: no tokens",
                crashes.records.text,
                crashes.orphans.text,
                crashes.records.value() - crashes.orphans.value()
            ),
            _ => "no tokens claimed".to_owned(),
        });
    };
    let claimed = match &claim.range {
        Some(range) => format!("claimed {} ({})", saving.text, range.text),
        None => format!("claimed {}", saving.text),
    };
    let retained = reported.stated("retained-test-chars");
    Some(match (product(claim), claim.factors.first(), retained) {
        (Some((words, product)), _, _) => {
            format!("{words} = {}; {claimed}", say::tokens(product))
        }
        (None, Some(factor), _) => {
            let each = saving.value() / factor.value().max(1);
            let (count, what) = (factor.value(), &factor.what);
            format!("{claimed} / {count} {what} = {} each", say::tokens(each))
        }
        (None, None, Some(chars)) if toggle == "R4" => {
            format!("{} characters of old output stay; {claimed}", chars.text)
        }
        (None, None, _) => format!("{claimed}, without arithmetic"),
    })
}

/// The same as one number, where the claim has two factors or more.
#[must_use]
pub fn claim_product(reported: &Reported, toggle: &str) -> Option<i64> {
    Some(product(reported.claim(toggle)?)?.1)
}

/// The product of a claim's factors, where it has two or more.
fn product(claim: &Claim) -> Option<(String, i64)> {
    if claim.factors.len() < 2 {
        return None;
    }
    let word = |factor: &Factor| match &factor.to {
        Some(to) => format!("({} - {}) {}", factor.from.text, to.text, factor.what),
        None => format!("{} {}", factor.from.text, factor.what),
    };
    let words: Vec<String> = claim.factors.iter().map(word).collect();
    let product = claim.factors.iter().try_fold(1_i64, |all, f| all.checked_mul(f.value()))?;
    Some((words.join(" x "), product))
}

fn id(claim: &Claim, rest: &str) -> String {
    format!("claim-{}{rest}", claim.toggle.to_lowercase())
}

/// Does the product of the factors give the claim?
fn own_product(claim: &Claim) -> Option<Finding> {
    let (words, product) = product(claim)?;
    let (low, high) = claim.bounds()?;
    let saving = claim.saving.as_ref()?;
    // Headlines are rounded to one digit: a tenth is forgiven.
    let holds = (low - low / 10..=high + high / 10).contains(&product);
    let (severity, verdict) =
        if holds { (Severity::Info, "agrees with") } else { (Severity::Warning, "contradicts") };
    let text = format!("{}: the text's own arithmetic {verdict} its {}", claim.toggle, saving.text);
    let sum = format!("{words} = {} against {}", say::tokens(product), saving.text);
    Some(Finding::new(&id(claim, ""), severity, text, sum))
}

/// R1: all non-tool turns, not only those that would go.
fn all_non_tool(reported: &Reported) -> Option<Finding> {
    let claim = reported.claim("R1")?;
    let (turns, context) = (claim.factors.first()?, claim.factors.get(1)?);
    let all = turns.from.value() * context.value();
    let text = format!(
        "R1: {} non-tool turns are overhead only if each is a call; a response without a tool \
         call ends the loop, so they share their calls with tool uses",
        turns.from.text
    );
    let sum = format!(
        "{} x {} = {}; less the {} that stay: {}",
        turns.from.text,
        context.from.text,
        say::tokens(all),
        turns.to.as_ref().map_or("0", |to| to.text.as_str()),
        say::tokens(turns.value() * context.value())
    );
    Some(Finding::new("claim-r1-turns", Severity::Info, text, sum))
}

/// R3: how many tokens the reports of its session really are.
fn report_tokens(reported: &Reported, claim: &Claim) -> Option<Finding> {
    let stated = reported.stated("report-tokens")?;
    let row = reported.sessions_of("implement").next()?;
    let sizes: Vec<i64> = reported
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Report { session, chars, .. } if *session == row.id => Some(chars.value()),
            _ => None,
        })
        .collect();
    let chars: i64 = sizes.iter().sum();
    // The common rate of four characters a token, and the fitted one for reports.
    let rates = (250, estimate::per_thousand(Tokenizer::Other, BlockKind::Report, ""));
    let (low, high) = (chars * rates.0 / 1_000, chars * rates.1 / 1_000);
    let calls = claim.factors.get(1)?;
    let text = format!(
        "R3: {} characters are about {} to {} tokens, not {}",
        say::tokens(chars),
        say::tokens(low),
        say::tokens(high),
        stated.text
    );
    let sum = format!(
        "{} = {} characters x {} to {} tokens per 1,000 = {} to {}; x {} = {} to {} against {}",
        say::sum(&sizes),
        say::tokens(chars),
        rates.0,
        rates.1,
        say::tokens(low),
        say::tokens(high),
        calls.from.text,
        say::tokens(low * calls.value()),
        say::tokens(high * calls.value()),
        claim.saving.as_ref()?.text
    );
    let holds = low <= stated.high;
    (!holds).then(|| Finding::new(&id(claim, "-tokens"), Severity::Warning, text, sum))
}

/// Test runs of a session: (all, aborted, characters of the others).
fn runs(reported: &Reported, of: &str) -> (i64, i64, i64) {
    let (mut all, mut aborted, mut printed) = (0, 0, 0);
    for event in &reported.events {
        if let Event::TestRun { session, result, chars, .. } = event
            && session == of
        {
            all += 1;
            aborted += i64::from(*result == RunResult::Aborted);
            printed += chars.as_ref().map_or(0, Figure::value);
        }
    }
    (all, aborted, printed)
}

/// R4: how much test output there was.
fn test_output(reported: &Reported, claim: &Claim) -> Option<Finding> {
    let stated = reported.stated("retained-test-chars")?;
    let row = reported.sessions_of("assess").next()?;
    let (all, aborted, printed) = runs(reported, &row.id);
    let chars = u64::try_from(printed).ok()?;
    let tokens = estimate::tokens(Tokenizer::Other, BlockKind::ToolResult, "Bash", chars);
    let saving = claim.saving.as_ref()?;
    let text = format!(
        "R4: {all} runs cannot have left {} characters, for {aborted} of them were aborted before \
         a test ran",
        stated.text
    );
    let sum = format!(
        "{all} - {aborted} = {} full outputs = {} characters = {} tokens; {} would have to be \
         carried through {} calls on average, of {} published",
        all - aborted,
        say::tokens(printed),
        say::tokens(tokens),
        saving.text,
        saving.value() / tokens.max(1),
        row.calls.text
    );
    let holds = printed >= stated.value();
    (!holds).then(|| Finding::new(&id(claim, ""), Severity::Warning, text, sum))
}

/// R5: what a round trip would have to carry.
fn round_trips(
    reported: &Reported,
    message: Option<&Reconstruction>,
    claim: &Claim,
) -> Option<Finding> {
    let trips = claim.factors.first()?.value().max(1);
    let saving = claim.saving.as_ref()?;
    let each = saving.value() / trips;
    let row = reported.sessions_of("assess").next()?;
    let done = message?;
    let at = done.sessions.iter().position(|fit| fit.id == row.id)?;
    let fit = &done.sessions[at];
    let session = &done.recording.sessions[at];
    let calls = &done.recording.calls[session.range()];
    let is_aborted = |call: &&Call| call.marks.contains(CallMarks::ABORTED_RUN);
    let aborted: i64 = calls.iter().filter(is_aborted).map(|call| call.usage.read).sum();
    let text = format!(
        "R5: {} round trips of {} each are more than the session ever carried so early",
        trips,
        say::tokens(each)
    );
    let sum = format!(
        "{} / {trips} = {}; mean context {} / {} calls = {}; the aborted runs stand early and \
         read about {} together",
        saving.text,
        say::tokens(each),
        row.read.text,
        fit.calls,
        say::tokens(fit.mean_context),
        say::tokens(aborted)
    );
    let holds = each <= fit.mean_context;
    (!holds).then(|| Finding::new(&id(claim, ""), Severity::Warning, text, sum))
}

/// R6: whose polling turns are left for it.
fn polls_left(reported: &Reported, claim: &Claim) -> Option<Finding> {
    let polls: i64 = reported
        .events
        .iter()
        .filter_map(|event| match event {
            Event::TestRun { polls, .. } => polls.as_ref().map(Figure::value),
            _ => None,
        })
        .sum();
    let gone = reported.claim("R7")?.factors.first()?.value();
    let context = reported.claim("R7")?.factors.get(1)?.value();
    let text = "R6 has no arithmetic; its saving is said to lie in polling turns, and R7 already \
                takes nearly all of those that are published"
        .to_owned();
    let sum = format!(
        "{polls} - {gone} = {} polls left x {} = {} against {}",
        polls - gone,
        say::tokens(context),
        say::tokens((polls - gone) * context),
        claim.saving.as_ref()?.text
    );
    Some(Finding::new(&id(claim, ""), Severity::Warning, text, sum))
}
