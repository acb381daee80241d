//! Single claims against their own arithmetic and against the session that they speak of.

use super::{AuditFinding, FindingSeverity, number_words};
use crate::reconstruct::event::{ReportedEvent, TestRunResult};
use crate::reconstruct::reported::{ClaimFactor, ReportedClaim};
use crate::reconstruct::{Figure, Reconstruction, ReportedPipeline};
use crate::recording::estimate::{self, Tokenizer};
use crate::recording::{BlockKind, Call, CallMarks};

/// Checks every claim.
pub fn check_claims(
    reported: &ReportedPipeline,
    message: Option<&Reconstruction>,
    findings: &mut Vec<AuditFinding>,
) {
    for claim in &reported.claims {
        findings.extend(check_own_product(claim));
        match claim.toggle.as_str() {
            "R1" => findings.extend(check_non_tool_turns(reported)),
            "R3" => findings.extend(check_report_tokens(reported, claim)),
            "R4" => findings.extend(check_test_output(reported, claim)),
            "R5" => findings.extend(check_round_trips(reported, message, claim)),
            "R6" => findings.extend(check_polls_left(reported, claim)),
            _ => {}
        }
    }
}

/// The source's own arithmetic behind a claim in one line; `None` where there is no such claim.
#[must_use]
pub fn claim_arithmetic(reported: &ReportedPipeline, toggle: &str) -> Option<String> {
    let claim = reported.claim_on_toggle(toggle)?;
    let Some(saving) = claim.saving.as_ref() else {
        let orchestrator = reported.orchestrator.as_ref();
        return Some(match (toggle, orchestrator, reported.crashes.as_ref()) {
            ("R8", Some(orchestrator), _) => format!(
                "{} of {} = {}: shown, not saved",
                orchestrator.attributed_share.text,
                orchestrator.read.text,
                number_words::format_tokens(orchestrator.attributed_reads())
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
    let retained = reported.stated_figure("retained-test-chars");
    Some(match (factor_product(claim), claim.factors.first(), retained) {
        (Some((words, product)), _, _) => {
            format!("{words} = {}; {claimed}", number_words::format_tokens(product))
        }
        (None, Some(factor), _) => {
            let each = saving.value() / factor.factor_value().max(1);
            let (count, what) = (factor.factor_value(), &factor.what);
            format!("{claimed} / {count} {what} = {} each", number_words::format_tokens(each))
        }
        (None, None, Some(chars)) if toggle == "R4" => {
            format!("{} characters of old output stay; {claimed}", chars.text)
        }
        (None, None, _) => format!("{claimed}, without arithmetic"),
    })
}

/// The same as one number, where the claim has two factors or more.
#[must_use]
pub fn claim_product(reported: &ReportedPipeline, toggle: &str) -> Option<i64> {
    Some(factor_product(reported.claim_on_toggle(toggle)?)?.1)
}

/// The product of a claim's factors, where it has two or more.
fn factor_product(claim: &ReportedClaim) -> Option<(String, i64)> {
    if claim.factors.len() < 2 {
        return None;
    }
    let word = |factor: &ClaimFactor| match &factor.to {
        Some(to) => format!("({} - {}) {}", factor.from.text, to.text, factor.what),
        None => format!("{} {}", factor.from.text, factor.what),
    };
    let words: Vec<String> = claim.factors.iter().map(word).collect();
    let product =
        claim.factors.iter().try_fold(1_i64, |all, f| all.checked_mul(f.factor_value()))?;
    Some((words.join(" x "), product))
}

fn claim_finding_id(claim: &ReportedClaim, rest: &str) -> String {
    format!("claim-{}{rest}", claim.toggle.to_lowercase())
}

/// Does the product of the factors give the claim?
fn check_own_product(claim: &ReportedClaim) -> Option<AuditFinding> {
    let (words, product) = factor_product(claim)?;
    let (low, high) = claim.saving_bounds()?;
    let saving = claim.saving.as_ref()?;
    // Headlines are rounded to one digit: a tenth is forgiven.
    let holds = (low - low / 10..=high + high / 10).contains(&product);
    let (severity, verdict) = if holds {
        (FindingSeverity::Info, "agrees with")
    } else {
        (FindingSeverity::Warning, "contradicts")
    };
    let text = format!("{}: the text's own arithmetic {verdict} its {}", claim.toggle, saving.text);
    let sum = format!("{words} = {} against {}", number_words::format_tokens(product), saving.text);
    Some(AuditFinding::new(&claim_finding_id(claim, ""), severity, text, sum))
}

/// R1: all non-tool turns, not only those that would go.
fn check_non_tool_turns(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let claim = reported.claim_on_toggle("R1")?;
    let (turns, context) = (claim.factors.first()?, claim.factors.get(1)?);
    let all = turns.from.value() * context.factor_value();
    let text = format!(
        "R1: {} non-tool turns are overhead only if each is a call; a response without a tool \
         call ends the loop, so they share their calls with tool uses",
        turns.from.text
    );
    let sum = format!(
        "{} x {} = {}; less the {} that stay: {}",
        turns.from.text,
        context.from.text,
        number_words::format_tokens(all),
        turns.to.as_ref().map_or("0", |to| to.text.as_str()),
        number_words::format_tokens(turns.factor_value() * context.factor_value())
    );
    Some(AuditFinding::new("claim-r1-turns", FindingSeverity::Info, text, sum))
}

/// R3: how many tokens the reports of its session really are.
fn check_report_tokens(reported: &ReportedPipeline, claim: &ReportedClaim) -> Option<AuditFinding> {
    let stated = reported.stated_figure("report-tokens")?;
    let row = reported.sessions_of_step("implement").next()?;
    let sizes: Vec<i64> = reported
        .events
        .iter()
        .filter_map(|event| match event {
            ReportedEvent::Report { session, chars, .. } if *session == row.id => {
                Some(chars.value())
            }
            _ => None,
        })
        .collect();
    let chars: i64 = sizes.iter().sum();
    // The common rate of four characters a token, and the fitted one for reports.
    let rates = (250, estimate::tokens_per_thousand_chars(Tokenizer::Other, BlockKind::Report, ""));
    let (low, high) = (chars * rates.0 / 1_000, chars * rates.1 / 1_000);
    let calls = claim.factors.get(1)?;
    let text = format!(
        "R3: {} characters are about {} to {} tokens, not {}",
        number_words::format_tokens(chars),
        number_words::format_tokens(low),
        number_words::format_tokens(high),
        stated.text
    );
    let sum = format!(
        "{} = {} characters x {} to {} tokens per 1,000 = {} to {}; x {} = {} to {} against {}",
        number_words::format_token_sum(&sizes),
        number_words::format_tokens(chars),
        rates.0,
        rates.1,
        number_words::format_tokens(low),
        number_words::format_tokens(high),
        calls.from.text,
        number_words::format_tokens(low * calls.factor_value()),
        number_words::format_tokens(high * calls.factor_value()),
        claim.saving.as_ref()?.text
    );
    let holds = low <= stated.high;
    (!holds).then(|| {
        AuditFinding::new(&claim_finding_id(claim, "-tokens"), FindingSeverity::Warning, text, sum)
    })
}

/// Test runs of a session: (all, aborted, characters of the others).
fn test_run_totals(reported: &ReportedPipeline, of: &str) -> (i64, i64, i64) {
    let (mut all, mut aborted, mut printed) = (0, 0, 0);
    for event in &reported.events {
        if let ReportedEvent::TestRun { session, result, chars, .. } = event
            && session == of
        {
            all += 1;
            aborted += i64::from(*result == TestRunResult::Aborted);
            printed += chars.as_ref().map_or(0, Figure::value);
        }
    }
    (all, aborted, printed)
}

/// R4: how much test output there was.
fn check_test_output(reported: &ReportedPipeline, claim: &ReportedClaim) -> Option<AuditFinding> {
    let stated = reported.stated_figure("retained-test-chars")?;
    let row = reported.sessions_of_step("assess").next()?;
    let (all, aborted, printed) = test_run_totals(reported, &row.id);
    let chars = u64::try_from(printed).ok()?;
    let tokens = estimate::estimate_tokens(Tokenizer::Other, BlockKind::ToolResult, "Bash", chars);
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
        number_words::format_tokens(printed),
        number_words::format_tokens(tokens),
        saving.text,
        saving.value() / tokens.max(1),
        row.calls.text
    );
    let holds = printed >= stated.value();
    (!holds).then(|| {
        AuditFinding::new(&claim_finding_id(claim, ""), FindingSeverity::Warning, text, sum)
    })
}

/// R5: what a round trip would have to carry.
fn check_round_trips(
    reported: &ReportedPipeline,
    message: Option<&Reconstruction>,
    claim: &ReportedClaim,
) -> Option<AuditFinding> {
    let trips = claim.factors.first()?.factor_value().max(1);
    let saving = claim.saving.as_ref()?;
    let each = saving.value() / trips;
    let row = reported.sessions_of_step("assess").next()?;
    let done = message?;
    let at = done.sessions.iter().position(|fit| fit.id == row.id)?;
    let fit = &done.sessions[at];
    let session = &done.recording.sessions[at];
    let calls = &done.recording.calls[session.call_range()];
    let is_aborted = |call: &&Call| call.marks.contains(CallMarks::ABORTED_RUN);
    let aborted: i64 = calls.iter().filter(is_aborted).map(|call| call.usage.read).sum();
    let text = format!(
        "R5: {} round trips of {} each are more than the session ever carried so early",
        trips,
        number_words::format_tokens(each)
    );
    let sum = format!(
        "{} / {trips} = {}; mean context {} / {} calls = {}; the aborted runs stand early and \
         read about {} together",
        saving.text,
        number_words::format_tokens(each),
        row.read.text,
        fit.calls,
        number_words::format_tokens(fit.mean_context),
        number_words::format_tokens(aborted)
    );
    let holds = each <= fit.mean_context;
    (!holds).then(|| {
        AuditFinding::new(&claim_finding_id(claim, ""), FindingSeverity::Warning, text, sum)
    })
}

/// R6: whose polling turns are left for it.
fn check_polls_left(reported: &ReportedPipeline, claim: &ReportedClaim) -> Option<AuditFinding> {
    let polls: i64 = reported
        .events
        .iter()
        .filter_map(|event| match event {
            ReportedEvent::TestRun { polls, .. } => polls.as_ref().map(Figure::value),
            _ => None,
        })
        .sum();
    let gone = reported.claim_on_toggle("R7")?.factors.first()?.factor_value();
    let context = reported.claim_on_toggle("R7")?.factors.get(1)?.factor_value();
    let text = "R6 has no arithmetic; its saving is said to lie in polling turns, and R7 already \
                takes nearly all of those that are published"
        .to_owned();
    let sum = format!(
        "{polls} - {gone} = {} polls left x {} = {} against {}",
        polls - gone,
        number_words::format_tokens(context),
        number_words::format_tokens((polls - gone) * context),
        claim.saving.as_ref()?.text
    );
    Some(AuditFinding::new(&claim_finding_id(claim, ""), FindingSeverity::Warning, text, sum))
}
