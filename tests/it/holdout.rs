//! The held-out check on real transcripts: fitted on one repository, judged on the others.
//!
//! The fit lives here, not in the program: the program holds its rounded result. Transcripts are
//! no part of the package: where their folder is absent these tests say so and pass.

use crate::laws::{data, imported};
use windtunnel::recording::{Recording, Session};
use windtunnel::study::inspect::fidelity::session_folder;
use windtunnel::study::inspect::holdout::{
    HoldoutInputs, HoldoutRates, HoldoutSession, PredictionBand,
};

const CLI: &str = "entireio+cli";
const PACKMIND: &str = "PackmindHub+context-evaluator";

/// A session that can be judged.
struct Case<'a> {
    folder: &'a str,
    hidden: f64,
    held: HoldoutSession,
    /// Gaps between its calls, ms.
    gaps: Vec<i64>,
}

fn cases(recording: &Recording) -> Vec<Case<'_>> {
    let case = |session: &'_ Session| {
        let calls = &recording.calls[session.call_range()];
        Some((
            HoldoutSession::hide_later_half(recording, session)?,
            f64::from(session.calls / 2),
            calls.windows(2).map(|pair| pair[1].start_ms - pair[0].touched_ms).collect(),
        ))
    };
    let found = recording.sessions.iter().filter_map(|session| Some((session, case(session)?)));
    found
        .map(|(session, (held, hidden, gaps))| Case {
            folder: session_folder(session),
            hidden,
            held,
            gaps,
        })
        .collect()
}

/// The k-th smallest of n, k such that a new one lies beyond it with the chance of the tail.
fn tail(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() + 1) as f64 * share;
    let rank = if share < 0.5 { rank.floor() } else { rank.ceil() } as usize;
    values[rank.clamp(1, values.len()) - 1]
}

/// Losses from the gaps of whole sessions, edges from their later halves.
fn fit(cases: &[&Case<'_>]) -> HoldoutRates {
    let gaps: Vec<i64> = cases.iter().flat_map(|case| &case.gaps).copied().collect();
    let expired = |ttl_ms: i64| {
        let expired = gaps.iter().filter(|gap| **gap >= ttl_ms).count();
        eprintln!("  {expired} of {} gaps of {ttl_ms} ms or more", gaps.len());
        expired as f64 / gaps.len() as f64
    };
    let bare = HoldoutRates {
        lost_5m: expired(300_000),
        lost_1h: expired(3_600_000),
        lost_automatic: HoldoutRates::FITTED.lost_automatic,
        low: 0.0,
        high: 0.0,
    };
    let off = |edge: &dyn Fn(&Case<'_>, PredictionBand) -> f64| -> Vec<f64> {
        cases.iter().map(|case| edge(case, case.held.known.predict_reads(&bare))).collect()
    };
    let read = |case: &Case<'_>| case.held.read as f64;
    let low = off(&|case, band| (read(case) / band.low).ln() * case.hidden.sqrt());
    let high = off(&|case, band| (read(case) / band.high).ln());
    HoldoutRates { low: -tail(low, 0.1), high: tail(high, 0.9), ..bare }
}

/// Errors, coverage and width as the program defines them: (median, p90, coverage, width).
fn judge(name: &str, cases: &[&Case<'_>], rates: &HoldoutRates) -> (f64, f64, f64, f64) {
    let n = cases.len() as f64;
    let bands: Vec<(f64, PredictionBand)> = cases
        .iter()
        .map(|case| (case.held.read as f64, case.held.known.predict_reads(rates)))
        .collect();
    let mut errors: Vec<f64> =
        bands.iter().map(|(read, band)| (band.mid - read).abs() / read).collect();
    errors.sort_by(f64::total_cmp);
    let at = |q: f64| errors[(q * (errors.len() - 1) as f64).round() as usize];
    let below = bands.iter().filter(|(read, band)| *read < band.low).count();
    let above = bands.iter().filter(|(read, band)| *read > band.high).count();
    let coverage = 1.0 - (below + above) as f64 / n;
    let width = bands.iter().map(|(_, band)| (band.high - band.low) / band.mid).sum::<f64>() / n;
    eprintln!(
        "  {name}: n {n} median {:.1} p90 {:.1} in the band {:.1} below {below} above {above} \
         width {:.1}",
        at(0.5) * 100.0,
        at(0.9) * 100.0,
        coverage * 100.0,
        width * 100.0
    );
    (at(0.5), at(0.9), coverage, width)
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn bands_hold_on_repositories_that_no_fit_has_seen() {
    let root = data("claude");
    let recording = imported(&root).recording;
    let all = cases(&recording);
    let of = |wanted: &dyn Fn(&str) -> bool| -> Vec<&Case<'_>> {
        all.iter().filter(|case| wanted(case.folder)).collect()
    };
    for seen in [CLI, PACKMIND] {
        eprintln!("fitted on {seen}");
        let rates = fit(&of(&|folder| folder == seen));
        eprintln!("  {rates:.4?}");
        let (median, p90, coverage, width) = judge("others", &of(&|folder| folder != seen), &rates);
        for other in [CLI, PACKMIND, "entireio+entire-sem"].iter().filter(|one| **one != seen) {
            judge(other, &of(&|folder| folder == *other), &rates);
        }
        assert!(median < 0.07 && p90 < 0.27, "{seen}: {median} {p90}");
        assert!((0.73..0.87).contains(&coverage), "{seen}: {coverage}");
        assert!(width < 0.40, "{seen}: {width}");
    }
    eprintln!("fitted on all");
    let all: Vec<&Case<'_>> = all.iter().collect();
    let rates = fit(&all);
    eprintln!("  {rates:.4?}");
    judge("all", &all, &rates);
    judge("all, rounded", &all, &HoldoutRates::FITTED);
    // The program holds the rounded fit on everything.
    let near = |a: f64, b: f64, slack: f64| (a - b).abs() <= slack;
    assert!(near(rates.lost_5m, HoldoutRates::FITTED.lost_5m, 0.000_5), "{rates:?}");
    assert!(near(rates.lost_1h, HoldoutRates::FITTED.lost_1h, 0.000_5), "{rates:?}");
    assert!(near(rates.low, HoldoutRates::FITTED.low, 0.01), "{rates:?}");
    assert!(near(rates.high, HoldoutRates::FITTED.high, 0.005), "{rates:?}");
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn bands_scale_with_the_number_of_hidden_calls() {
    let root = data("claude");
    let recording = imported(&root).recording;
    for (hidden, of) in [(1, 4), (1, 2), (2, 3), (3, 4)] {
        let (mut sessions, mut inside) = (0, 0);
        for session in recording.sessions.iter().filter(|session| session.calls >= 8) {
            let calls = &recording.calls[session.call_range()];
            let (first, later) = calls.split_at(calls.len() - calls.len() * hidden / of);
            let read: i64 = later.iter().map(|call| call.usage.read).sum();
            // Fewer than four known calls have no growth to speak of.
            if first.len() < 4 || read == 0 {
                continue;
            }
            let model = recording.model_name(first[first.len() - 1].model);
            let band = HoldoutInputs::from_first_calls(first, later.len() as u32, model)
                .predict_reads(&HoldoutRates::FITTED);
            sessions += 1;
            inside += usize::from((band.low..=band.high).contains(&(read as f64)));
        }
        eprintln!("{hidden}/{of} hidden: {inside} of {sessions} within the band");
        assert!(inside * 100 > sessions * 72 && inside * 100 < sessions * 91, "{hidden}/{of}");
    }
}
