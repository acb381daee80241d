//! Single claims against their own arithmetic and against the session that they speak of.

use super::finding::{characters, label, stated, stated_count};
use super::{AuditCheck, AuditFinding, FindingFigure, FindingSeverity, count, tokens};
use crate::reconstruct::event::{ReportedEvent, TestRunResult};
use crate::reconstruct::reported_claims::{ClaimFactor, ReportedClaim};
use crate::reconstruct::{Lens, Reconstruction, ReportedPipeline};
use crate::recording::estimate::{self, Tokenizer};
use crate::recording::{BlockKind, CallMarks};

/// The common rate of four characters a token, tokens per thousand characters.
const COMMON_TOKENS_PER_THOUSAND: i64 = 250;

/// Checks every claim.
pub(super) fn check_claims(
    reported: &ReportedPipeline,
    message: Option<&Reconstruction>,
    findings: &mut Vec<AuditFinding>,
) {
    for claim in &reported.claims {
        findings.extend(check_own_product(claim));
        // What the source says around these claims can be held against a session of its own.
        match claim.toggle.as_str() {
            "R1" => findings.extend(check_non_tool_turns(claim)),
            "R3" => findings.extend(check_report_tokens(reported, claim)),
            "R4" => findings.extend(check_test_output(reported, claim)),
            "R5" => findings.extend(check_round_trips(reported, message, claim)),
            "R6" => findings.extend(check_polls_left(reported, claim)),
            _ => {}
        }
    }
}

/// The source's own arithmetic behind a claim; `None` where there is no such claim.
#[must_use]
pub fn claim_arithmetic(reported: &ReportedPipeline, toggle: &str) -> Option<AuditFinding> {
    let claim = reported.claim_on_toggle(toggle)?;
    // Without a claimed saving the text may still give figures of its own.
    let Some(saving) = claim.saving.as_ref() else {
        return Some(match (toggle, &reported.orchestrator, &reported.crashes) {
            ("R8", Some(orchestrator), _) => claim_note(
                claim,
                AuditCheck::ClaimedAttribution,
                vec![
                    stated("share", &orchestrator.attributed_share),
                    stated("read", &orchestrator.read),
                    tokens("attributed", orchestrator.attributed_reads(Lens::Record)),
                ],
            ),
            ("R9", _, Some(crashes)) => claim_note(
                claim,
                AuditCheck::ClaimedRecords,
                vec![
                    stated_count("records", &crashes.records),
                    stated_count("orphans", &crashes.orphans),
                    count("left", crashes.records.value() - crashes.orphans.value()),
                ],
            ),
            _ => claim_note(claim, AuditCheck::NothingClaimed, Vec::new()),
        });
    };
    let mut figures = vec![stated("claimed", saving)];
    figures.extend(claim.range.as_ref().map(|range| stated("range", range)));
    if let Some(product) = factor_product(claim) {
        figures.push(tokens("product", product));
        let note = claim_note(claim, AuditCheck::ClaimProduct, figures);
        return Some(note.with_rows(factor_rows(claim)));
    }
    // Only the claim on test output has a size of its own where it has no factors.
    let retained = reported.stated_figure("retained-test-chars").filter(|_| toggle == "R4");
    let check = match (claim.factors.first(), retained) {
        (Some(factor), _) => {
            figures.push(count("count", factor.factor_value()));
            figures.push(label("what", &factor.what));
            figures.push(tokens("each", saving.value() / factor.factor_value().max(1)));
            AuditCheck::ClaimedEach
        }
        (None, Some(chars)) => {
            figures.push(stated("chars", chars));
            AuditCheck::ClaimedCharacters
        }
        (None, None) => AuditCheck::ClaimedAlone,
    };
    Some(claim_note(claim, check, figures))
}

fn claim_note(
    claim: &ReportedClaim,
    check: AuditCheck,
    figures: Vec<FindingFigure>,
) -> AuditFinding {
    AuditFinding::new(claim_finding_id(claim, ""), check, FindingSeverity::Info, figures)
}

/// The product of a claim's factors as one number, where it has two or more.
#[must_use]
pub(crate) fn claim_product(reported: &ReportedPipeline, toggle: &str) -> Option<i64> {
    factor_product(reported.claim_on_toggle(toggle)?)
}

/// The product of a claim's factors, where it has two or more.
fn factor_product(claim: &ReportedClaim) -> Option<i64> {
    // One factor is a count and no product.
    if claim.factors.len() < 2 {
        return None;
    }
    claim.factors.iter().try_fold(1_i64, |all, factor| all.checked_mul(factor.factor_value()))
}

fn factor_rows(claim: &ReportedClaim) -> Vec<Vec<FindingFigure>> {
    claim.factors.iter().map(factor_row).collect()
}

fn factor_row(factor: &ClaimFactor) -> Vec<FindingFigure> {
    let mut row = vec![stated_count("from", &factor.from), label("what", &factor.what)];
    row.extend(factor.to.as_ref().map(|to| stated_count("to", to)));
    row
}

fn claim_finding_id(claim: &ReportedClaim, rest: &str) -> String {
    format!("claim-{}{rest}", claim.toggle.to_lowercase())
}

/// Does the product of the factors give the claim?
fn check_own_product(claim: &ReportedClaim) -> Option<AuditFinding> {
    let product = factor_product(claim)?;
    let (low, high) = claim.saving_bounds()?;
    // Headlines are rounded to one digit: a tenth is forgiven.
    let holds = (low - low / 10..=high + high / 10).contains(&product);
    let figures = vec![
        label("toggle", &claim.toggle),
        tokens("product", product),
        stated("claimed", claim.saving.as_ref()?),
    ];
    let severity = FindingSeverity::warning_unless(holds);
    let id = claim_finding_id(claim, "");
    let finding = AuditFinding::new(id, AuditCheck::ClaimProduct, severity, figures);
    Some(finding.with_rows(factor_rows(claim)))
}

/// R1: all non-tool turns, not only those that would go.
fn check_non_tool_turns(claim: &ReportedClaim) -> Option<AuditFinding> {
    let (turns, context) = (claim.factors.first()?, claim.factors.get(1)?);
    let mut figures = vec![
        stated_count("turns", &turns.from),
        stated("context", &context.from),
        tokens("all", turns.from.value() * context.factor_value()),
        tokens("left", turns.factor_value() * context.factor_value()),
    ];
    figures.push(turns.to.as_ref().map_or(count("stay", 0_i64), |to| stated_count("stay", to)));
    let severity = FindingSeverity::Info;
    Some(AuditFinding::new("claim-r1-turns", AuditCheck::NonToolTurns, severity, figures))
}

/// R3: how many tokens the reports of its session really are.
fn check_report_tokens(reported: &ReportedPipeline, claim: &ReportedClaim) -> Option<AuditFinding> {
    let stated_tokens = reported.stated_figure("report-tokens")?;
    let row = reported.sessions_of_step("implement").next()?;
    let sizes = reported.events.iter().filter_map(|event| match event {
        ReportedEvent::Report { session, chars, .. } if *session == row.id => Some(chars.value()),
        _ => None,
    });
    let mut figures: Vec<FindingFigure> = sizes.map(|size| characters("sizes", size)).collect();
    let all = reported_characters(&figures);
    // The common rate is the low end; the one fitted for reports of real sessions is the high end.
    let fitted_rate = estimate::tokens_per_thousand_chars(Tokenizer::Other, BlockKind::Report, "");
    let low = all * COMMON_TOKENS_PER_THOUSAND / 1_000;
    let high = all * fitted_rate / 1_000;
    let calls = claim.factors.get(1)?;
    figures.extend([
        characters("chars", all),
        count("low_rate", COMMON_TOKENS_PER_THOUSAND),
        count("high_rate", fitted_rate),
        tokens("low", low),
        tokens("high", high),
        stated_count("calls", &calls.from),
        tokens("low_total", low * calls.factor_value()),
        tokens("high_total", high * calls.factor_value()),
        stated("stated", stated_tokens),
        stated("claimed", claim.saving.as_ref()?),
    ]);
    // Only if the low rate gives more already: up to the high one the text may be right.
    (low > stated_tokens.high).then(|| {
        let id = claim_finding_id(claim, "-tokens");
        AuditFinding::new(id, AuditCheck::ReportTokens, FindingSeverity::Warning, figures)
    })
}

fn reported_characters(sizes: &[FindingFigure]) -> i64 {
    sizes.iter().filter_map(FindingFigure::number).sum()
}

/// Test runs of a session: (all, aborted, characters of the others).
fn test_run_totals(reported: &ReportedPipeline, of: &str) -> (i64, i64, i64) {
    // An aborted run prints nothing: its characters are not stated.
    let (mut all, mut aborted, mut printed) = (0, 0, 0);
    for event in &reported.events {
        if let ReportedEvent::TestRun { session, result, chars, .. } = event
            && session == of
        {
            all += 1;
            aborted += i64::from(*result == TestRunResult::Aborted);
            printed += chars.as_ref().map_or(0, |chars| chars.value());
        }
    }
    (all, aborted, printed)
}

/// R4: how much test output there was.
fn check_test_output(reported: &ReportedPipeline, claim: &ReportedClaim) -> Option<AuditFinding> {
    let retained = reported.stated_figure("retained-test-chars")?;
    let row = reported.sessions_of_step("assess").next()?;
    let (runs, aborted, printed) = test_run_totals(reported, &row.id);
    let chars = u64::try_from(printed).ok()?;
    let output = estimate::estimate_tokens(Tokenizer::Other, BlockKind::ToolResult, "Bash", chars);
    let saving = claim.saving.as_ref()?;
    let figures = vec![
        count("runs", runs),
        count("aborted", aborted),
        count("full", runs - aborted),
        characters("printed", printed),
        stated("stated", retained),
        tokens("tokens", output),
        stated("claimed", saving),
        count("needed", saving.value() / output.max(1)),
        stated_count("published", &row.calls),
    ];
    // Characters against characters: no rate of tokens is needed to see this.
    (printed < retained.value()).then(|| {
        let id = claim_finding_id(claim, "");
        AuditFinding::new(id, AuditCheck::TestOutput, FindingSeverity::Warning, figures)
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
    // Fits stand in the order of the recording's sessions.
    let at = done.sessions.iter().position(|fit| fit.id == row.id)?;
    let fit = &done.sessions[at];
    let calls = &done.recording.calls[done.recording.sessions[at].call_range()];
    // The round trips in question are those of the aborted runs, which stand early.
    let aborted_calls = calls.iter().filter(|call| call.marks.contains(CallMarks::ABORTED_RUN));
    let figures = vec![
        count("trips", trips),
        stated("claimed", saving),
        tokens("each", each),
        stated("read", &row.read),
        count("calls", fit.calls),
        tokens("mean", fit.mean_context),
        tokens("aborted", aborted_calls.map(|call| call.usage.read).sum()),
    ];
    // Aborted runs stand early, where contexts are smaller than the mean.
    (each > fit.mean_context).then(|| {
        let id = claim_finding_id(claim, "");
        AuditFinding::new(id, AuditCheck::RoundTrips, FindingSeverity::Warning, figures)
    })
}

/// R6: whose polling turns are left for it.
fn check_polls_left(reported: &ReportedPipeline, claim: &ReportedClaim) -> Option<AuditFinding> {
    let polls: i64 = reported
        .events
        .iter()
        .filter_map(|event| match event {
            ReportedEvent::TestRun { polls, .. } => polls.as_ref().map(|polls| polls.value()),
            _ => None,
        })
        .sum();
    // R7 ends polling; what it takes is not there for R6 any more.
    let polling_claim = reported.claim_on_toggle("R7")?;
    let gone = polling_claim.factors.first()?.factor_value();
    let context = polling_claim.factors.get(1)?.factor_value();
    let figures = vec![
        count("polls", polls),
        count("gone", gone),
        count("left", polls - gone),
        tokens("context", context),
        tokens("product", (polls - gone) * context),
        stated("claimed", claim.saving.as_ref()?),
    ];
    let id = claim_finding_id(claim, "");
    Some(AuditFinding::new(id, AuditCheck::PollsLeft, FindingSeverity::Warning, figures))
}
