//! Reported routes: published tokens met whatever the unknowns are, and told in tokens.

use crate::run::{json, ok};
use windtunnel::reconstruct::routes::{Laid, Routes, lay};
use windtunnel::reconstruct::{BUILTIN_ROUTES, builtin_routes};
use windtunnel::recording::{BlockMarks, Tier};

fn cockpit() -> Routes {
    builtin_routes("cockpit-2026-02").unwrap()
}

/// Tokens of a route, calls and output, as laid out.
fn laid_tokens(laid: &Laid, step: &str) -> i64 {
    let sessions = laid.recording.sessions.iter().filter(|session| session.step == step);
    let calls = sessions.flat_map(|session| &laid.recording.calls[session.range()]);
    calls.map(|call| call.usage.context() + call.usage.output).sum()
}

/// What a file publishes is what its calls hold, route by route and source by source.
fn check(routes: &Routes, values: &[i64]) -> Laid {
    let laid = lay(routes, values).unwrap();
    let recording = &laid.recording;
    recording.check().unwrap();
    for row in &routes.rows {
        let step = Routes::step(&row.agent, &row.kind);
        assert_eq!(laid_tokens(&laid, &step), row.tokens.value(), "{step}, {values:?}");
        let Some(invocations) = &row.invocations else { continue };
        let woken = recording
            .invocations
            .iter()
            .filter(|one| (&one.packet.agent, &one.packet.kind) == (&row.agent, &row.kind));
        assert_eq!(woken.count() as i64, invocations.value(), "{step}");
    }
    for total in &routes.totals {
        let own = laid.routes.iter().filter(|one| one.route.agent == total.agent);
        let own: Vec<_> = own.collect();
        let tokens: i64 = own.iter().map(|one| one.route.tokens()).sum();
        assert_eq!(tokens, total.tokens.value(), "{}", total.agent);
        if let Some(invocations) = &total.invocations {
            let woken: i64 = own.iter().map(|one| one.route.invocations()).sum();
            assert_eq!(woken, invocations.value(), "{}", total.agent);
        }
    }
    for row in routes.views.iter().flat_map(|view| &view.rows) {
        let parts = laid.routes.iter().flat_map(|one| &one.route.parts);
        let parts: Vec<_> = parts.filter(|part| part.source == row.name).collect();
        assert_eq!(parts.iter().map(|part| part.tokens).sum::<i64>(), row.tokens.value());
        let woken = parts.iter().map(|part| part.invocations).sum::<i64>();
        assert_eq!(woken, row.invocations.value(), "{}", row.name);
    }
    laid
}

#[test]
fn published_tokens_are_met_at_the_modes() {
    for (name, _) in BUILTIN_ROUTES {
        let routes = builtin_routes(name).unwrap();
        check(&routes, &routes.modes());
    }
    let laid = check(&cockpit(), &cockpit().modes());
    assert_eq!(laid.recording.invocations.len(), 242, "237 of the top ten and 5 of other kinds");
    let all: i64 = laid.routes.iter().map(|one| one.route.tokens()).sum();
    assert_eq!(all, 891_456_953 + 1_889_770);
}

#[test]
fn published_tokens_are_met_at_every_end_of_every_unknown() {
    let routes = cockpit();
    let modes = routes.modes();
    for (at, unknown) in routes.unknowns.iter().enumerate() {
        for end in [unknown.low, unknown.high] {
            let mut values = modes.clone();
            values[at] = end;
            check(&routes, &values);
        }
    }
    // All together at either end, and every other one: the corners that pull hardest.
    for bits in [0, u32::MAX, 0x5555_5555, 0xAAAA_AAAA, 0x3333_3333] {
        let ends = routes.unknowns.iter().enumerate();
        let values = ends.map(|(at, one)| if bits >> at & 1 == 1 { one.high } else { one.low });
        check(&routes, &values.collect::<Vec<_>>());
    }
}

#[test]
fn prompts_are_marked_and_calls_stay_within_the_window() {
    let laid = check(&cockpit(), &cockpit().modes());
    let recording = &laid.recording;
    let most = recording.calls.iter().map(|call| call.usage.context()).max();
    assert!(most <= Some(244_800), "{most:?}");
    assert!(recording.calls.iter().all(|call| call.tier == Tier::Automatic));
    for (index, invocation) in recording.invocations.iter().enumerate() {
        let calls = recording.calls_of(index);
        assert!(!calls.is_empty(), "{invocation:?}");
        let first = recording.blocks_of(calls.start);
        for mark in [BlockMarks::SKILLS, BlockMarks::SNAPSHOT, BlockMarks::PACKET] {
            let marked = first.iter().filter(|block| block.marks.contains(mark));
            assert_eq!(marked.count(), 1, "{mark:?} of {invocation:?}");
        }
        let is_digest = invocation.packet.kind == "ORCHESTRATOR_UPDATE";
        assert_eq!(!invocation.packet.source.is_empty(), is_digest, "{invocation:?}");
        assert!(!invocation.packet.root.is_empty());
    }
    let (first, last) = cockpit().window.span_ms();
    assert!(recording.calls.iter().all(|call| first <= call.start_ms && call.end_ms <= last));
}

#[test]
fn comparisons_of_routes_are_told_in_tokens() {
    let arguments = ["compare", "cockpit-2026-02", "--with", "G10", "--set"];
    let steps = "G10.steps=autopilot/ORCHESTRATOR_UPDATE";
    let json = json(&[&arguments[..], &[steps]].concat());
    let headline = &json["headline"];
    assert_eq!((&headline["metric"], &headline["saved"]), (&"tokens".into(), &37_433_353.into()));
    assert_eq!(headline["of"], 893_346_723);
    assert_eq!(json["toggles"][0]["shapley"]["tokens"], 37_433_353);
    let text = ok(&[&arguments[..], &[steps]].concat());
    assert!(text.contains("Savings in tokens, each toggle"), "{text}");
}
