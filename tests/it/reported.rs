//! Reported pipelines: both lenses meet the published totals to the token, events stand where
//! toggles look for them, and the audit finds what it must.

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use std::collections::BTreeMap;
use windtunnel::fixed_point;
use windtunnel::intervene::{self, ToggleParams};
use windtunnel::plan::Plan;
use windtunnel::price::Pricing;
use windtunnel::reconstruct::{
    BUILTIN, Lens, Reconstruction, ReportedPipeline, builtin_pipeline, reconstruct,
    reconstruct_with_call_counts,
};
use windtunnel::recording::estimate::{self, Tokenizer};
use windtunnel::recording::{
    BlockKind, BlockMarks, CacheTier, CallMarks, ContextRestart, Recording, Shock,
};
use windtunnel::replay;
use windtunnel::report::show::audit_sentences::{word_claim_arithmetic, word_finding};
use windtunnel::study::audit::{FindingSeverity, audit_reported, claim_arithmetic};
use windtunnel::units::Usage;

const LENSES: [Lens; 2] = [Lens::Message, Lens::Record];

fn all() -> impl Iterator<Item = (ReportedPipeline, Lens, Reconstruction)> {
    BUILTIN.iter().flat_map(|(name, _)| {
        LENSES.map(|lens| {
            let reported = builtin_pipeline(name).unwrap();
            let done = reconstruct(&reported, lens).unwrap();
            (reported, lens, done)
        })
    })
}

fn order_774(lens: Lens) -> Reconstruction {
    reconstruct(&builtin_pipeline("order-774").unwrap(), lens).unwrap()
}

fn by_step(recording: &Recording) -> BTreeMap<&str, Usage> {
    let mut steps: BTreeMap<&str, Usage> = BTreeMap::new();
    for call in &recording.calls {
        let step = recording.sessions[call.session as usize].step.as_str();
        *steps.entry(step).or_default() += call.usage;
    }
    steps
}

#[test]
fn every_step_meets_its_published_totals_exactly() {
    for (reported, lens, done) in all() {
        let steps = by_step(&done.recording);
        assert_eq!(steps.len(), reported.steps.rows.len());
        for row in &reported.steps.rows {
            let wanted = Usage {
                fresh: row.fresh.value(),
                read: row.read.value(),
                write_5m: 0,
                write_1h: row.write.value(),
                output: row.output.value(),
            };
            assert_eq!(
                steps[row.step.as_str()],
                wanted,
                "{} {} {}",
                reported.name,
                lens.name(),
                row.step
            );
        }
    }
}

#[test]
fn books_balance_without_cuts_or_shocks() {
    for (reported, lens, done) in all() {
        let name = format!("{} {}", reported.name, lens.name());
        done.recording.check_balance().unwrap_or_else(|error| panic!("{name}: {error}"));
        for (at, call) in done.recording.calls.iter().enumerate() {
            assert_eq!(call.cut, 0, "{name} call {at}");
            assert_eq!(call.shock, Shock::None, "{name} call {at}");
            assert_eq!(call.tier, CacheTier::OneHour, "{name} call {at}");
            assert_eq!(call.output_hidden, 0, "{name} call {at}");
        }
    }
}

#[test]
fn times_fill_the_published_time() {
    for (reported, _, done) in all() {
        let mut end = 0;
        for row in &reported.steps.rows {
            let mut whole = 0;
            for session in &done.recording.sessions {
                if session.step != row.step {
                    continue;
                }
                let calls = &done.recording.calls[session.call_range()];
                assert!(calls.windows(2).all(|pair| pair[0].end_ms <= pair[1].start_ms));
                assert!(calls[0].start_ms >= end, "{} begins too early", session.id);
                whole += calls[calls.len() - 1].end_ms - calls[0].start_ms;
            }
            // A wait behind the last call belongs to no call.
            let time = row.time.as_ref().expect("a time").value();
            assert!(whole <= time, "{}", row.step);
            assert!(whole * 10 >= time * 9, "{}", row.step);
            end += if row.step == "run_arch_lenses" { 0 } else { whole };
        }
    }
}

#[test]
fn exponents_are_ordinary_under_the_message_lens() {
    for (reported, lens, done) in all() {
        if lens == Lens::Record {
            continue;
        }
        for fit in &done.sessions {
            let exponent = fit.exponent.unwrap();
            let real = fixed_point::ratio_q32(23, 100)..=fixed_point::ratio_q32(182, 100);
            assert!(real.contains(&exponent), "{} {}", reported.name, fit.id);
            let (low, high) = fit.calls_range;
            assert!(low <= fit.calls && fit.calls <= high, "{}", fit.id);
            assert_eq!(fit.start, 12_000);
        }
    }
}

/// (session, calls, exponent of the whole growth, mean context).
fn check_fit(lens: Lens, expect: &[(&str, u32, &str, i64)]) {
    let done = order_774(lens);
    let got: Vec<(String, u32, String, i64)> = done
        .sessions
        .iter()
        .map(|fit| {
            let exponent = fit.exponent.map_or("none".to_owned(), fixed_point::to_decimal);
            (fit.id.clone(), fit.calls, exponent, fit.mean_context)
        })
        .collect();
    let expect: Vec<(String, u32, String, i64)> = expect
        .iter()
        .map(|&(id, calls, exponent, mean)| (id.to_owned(), calls, exponent.to_owned(), mean))
        .collect();
    assert_eq!(got, expect, "{}", lens.name());
}

#[test]
fn golden_fit_under_the_message_lens() {
    check_fit(
        Lens::Message,
        &[
            ("14b6a3bc", 19, "0.648", 45_837),
            ("6202fd96", 20, "0.605", 50_000),
            ("504ea192", 10, "0.780", 31_340),
            ("fd6d3079", 36, "0.508", 52_778),
            ("9768e31d", 111, "0.762", 85_586),
            ("096e0115", 57, "0.359", 89_474),
            ("e2495448", 54, "0.358", 53_704),
            ("a53d2b38", 6, "1.269", 23_217),
            ("79e2d7d8", 8, "0.762", 27_543),
            ("0f1f76be", 7, "0.760", 32_133),
            ("a2540a25", 9, "0.763", 30_603),
            ("7651e1a4", 7, "1.080", 28_643),
        ],
    );
}

#[test]
fn golden_fit_under_the_record_lens() {
    check_fit(
        Lens::Record,
        &[
            ("14b6a3bc", 38, "4.008", 22_918),
            ("6202fd96", 38, "3.209", 26_316),
            ("504ea192", 24, "20.991", 13_058),
            ("fd6d3079", 65, "2.554", 29_231),
            ("9768e31d", 183, "2.248", 51_913),
            ("096e0115", 162, "3.502", 31_481),
            ("e2495448", 102, "3.500", 28_431),
            ("a53d2b38", 18, "none", 7_739),
            ("79e2d7d8", 18, "21.255", 12_241),
            ("0f1f76be", 17, "21.278", 13_231),
            ("a2540a25", 21, "20.224", 13_116),
            ("7651e1a4", 20, "none", 10_025),
        ],
    );
}

/// Calls of a session with all of some marks.
fn marked(recording: &Recording, id: &str, marks: CallMarks) -> Vec<usize> {
    let session = recording.sessions.iter().find(|s| s.id == id).unwrap();
    let calls = session.call_range();
    let first = calls.start;
    calls.filter(|&at| recording.calls[at].marks.contains(marks)).map(|at| at - first).collect()
}

#[test]
fn prose_shares_its_calls_or_has_its_own() {
    let done = order_774(Lens::Message);
    let narration = marked(&done.recording, "9768e31d", CallMarks::NARRATION);
    assert_eq!(narration.len(), 0);
    let blocks = &done.recording.blocks;
    let prose = blocks.iter().filter(|b| b.marks.contains(BlockMarks::PROSE));
    assert_eq!(prose.count(), 61);
    let thinking = blocks.iter().filter(|b| b.kind == BlockKind::Thinking);
    assert_eq!(thinking.count(), 11);

    let done = order_774(Lens::Record);
    let recording = &done.recording;
    let narration = marked(recording, "9768e31d", CallMarks::NARRATION);
    let thinking = marked(recording, "9768e31d", CallMarks::THINKING_ONLY);
    assert_eq!((narration.len(), thinking.len()), (61, 11));
    assert!(recording.blocks.iter().all(|b| !b.marks.contains(BlockMarks::PROSE)));
    let silent = |at: usize| narration.contains(&at) || thinking.contains(&at);
    let before_tool = (0..182).filter(|&at| silent(at) && !silent(at + 1)).count();
    assert_eq!(before_tool, 62);
    assert!(!silent(182), "the last call uses a tool");
}

#[test]
fn edit_sites_are_contiguous_and_share_a_file_each() {
    for lens in LENSES {
        let done = order_774(lens);
        let recording = &done.recording;
        let session = recording.sessions.iter().find(|s| s.id == "9768e31d").unwrap();
        let mut sites: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut edits: BTreeMap<u32, usize> = BTreeMap::new();
        for at in session.call_range() {
            for block in recording.blocks_of_call(at) {
                let (Some(file), BlockKind::ToolInput) = (block.file_number(), block.kind) else {
                    continue;
                };
                sites.entry(file).or_default().push(at);
                *edits.entry(file).or_default() +=
                    usize::from(block.marks.contains(BlockMarks::EDIT));
            }
        }
        // The plan and eight sites; the files read seven times each are read by the sites.
        assert!(sites.iter().all(|(file, at)| edits[file] > 0 || at.len() == 1));
        let edited: Vec<&Vec<usize>> =
            sites.iter().filter(|(file, _)| edits[file] > 0).map(|(_, at)| at).collect();
        assert_eq!(edited.len(), 8);
        assert_eq!(edited.iter().map(|at| at.len()).sum::<usize>(), 44);
        assert!(edited.iter().all(|at| (5..=6).contains(&at.len())));
        let span = edited[7].last().unwrap() - edited[0].first().unwrap() + 1;
        match lens {
            Lens::Message => assert_eq!(span, 44),
            // About nine records a site.
            Lens::Record => assert!((70..=74).contains(&span), "{span}"),
        }
    }
}

#[test]
fn reports_tests_and_plans_keep_their_size() {
    for lens in LENSES {
        let done = order_774(lens);
        let recording = &done.recording;
        let sizes = |kind: BlockKind, marks: BlockMarks| {
            let found = recording.blocks.iter().filter(move |block| {
                block.kind == kind && block.marks.contains(marks) && block.chars > 0
            });
            found.map(|block| (block.chars, block.tokens)).collect::<Vec<_>>()
        };
        let rate = |kind, tool, chars: u32| {
            (chars, estimate::estimate_tokens(Tokenizer::Other, kind, tool, u64::from(chars)))
        };
        let reports: Vec<_> =
            [18_000, 21_000, 5_000].map(|c| rate(BlockKind::Report, "Task", c)).into();
        assert_eq!(sizes(BlockKind::Report, BlockMarks::empty()), reports);
        let runs = sizes(BlockKind::ToolResult, BlockMarks::TEST_RUN | BlockMarks::FULL_SUITE);
        let full = rate(BlockKind::ToolResult, "Bash", 10_000);
        let aborted = rate(BlockKind::ToolResult, "Bash", 500);
        assert_eq!(runs, [vec![aborted; 2], vec![full; 7]].concat());
        let plan = rate(BlockKind::ToolResult, "Read", 21_000);
        let plans = sizes(BlockKind::ToolResult, BlockMarks::READ);
        // dry_walkthrough, implement, assess twice; the small steps have room only as messages.
        let expected = if lens == Lens::Message { 9 } else { 4 };
        assert_eq!(plans, vec![plan; expected], "{}", lens.name());
    }
}

#[test]
fn test_runs_and_polls_are_found_by_their_marks() {
    for lens in LENSES {
        let done = order_774(lens);
        let recording = &done.recording;
        let runs = |id, extra| marked(recording, id, CallMarks::TEST_RUN | extra);
        assert_eq!(runs("096e0115", CallMarks::FULL_SUITE).len(), 5);
        assert_eq!(runs("096e0115", CallMarks::ABORTED_RUN).len(), 2);
        let second = runs("e2495448", CallMarks::FULL_SUITE);
        assert_eq!(second.len(), 4);
        let polls = marked(recording, "e2495448", CallMarks::POLL);
        // 22 records or calls: 15 of 54 calls are expected, of 102 calls all 22.
        let count = if lens == Lens::Message { 15 } else { 22 };
        let polled: Vec<usize> = (second[1] + 1..=second[1] + count).collect();
        assert_eq!(polls, polled, "the second run is polled");
        for block in &recording.blocks {
            if block.kind != BlockKind::ToolResult {
                continue;
            }
            let input = &recording.blocks[block.peer_block().unwrap()];
            assert_eq!(input.kind, BlockKind::ToolInput);
            assert_eq!((input.marks, input.tool), (block.marks, block.tool));
            assert_eq!(recording.blocks[input.peer_block().unwrap()], *block);
        }
        // A full run leaves a gap that a five-minute cache would not survive.
        let session = recording.sessions.iter().find(|s| s.id == "096e0115").unwrap();
        let calls = &recording.calls[session.call_range()];
        for at in runs("096e0115", CallMarks::FULL_SUITE) {
            let gap = calls[at + 1].start_ms - calls[at].start_ms;
            let aborted = calls[at].marks.contains(CallMarks::ABORTED_RUN);
            assert_eq!(gap > 300_000, !aborted);
        }
    }
}

#[test]
fn orchestrator_and_crashes_stand_beside_the_calls() {
    let done = order_774(Lens::Message);
    let remainders = &done.recording.remainders;
    assert_eq!(remainders.len(), 1);
    assert_eq!(remainders[0].why, "orchestrator");
    // 54 % of 8.7 M over records, 1.99 of them a call.
    assert_eq!(remainders[0].usage.read, 2_360_804);
    let crashes = done.recording.crashes;
    assert_eq!((crashes.records, crashes.pid_reuse, crashes.orphans), (41, 11, 30));
    assert_eq!(done.recording.models, ["unstated"]);
    for session in &done.recording.sessions {
        let calls = &done.recording.calls[session.call_range()];
        assert_eq!(calls[0].restart, ContextRestart::Fresh);
        assert!(calls[1..].iter().all(|call| call.restart == ContextRestart::No));
    }
    let records: u32 = done.recording.sessions.iter().map(|s| s.records).sum();
    assert_eq!(records, 706);
}

#[test]
fn what_gives_way_is_noted() {
    assert_eq!(order_774(Lens::Message).notes, Vec::<String>::new());
    let notes = order_774(Lens::Record).notes.join("\n");
    for session in ["a53d2b38", "7651e1a4", "79e2d7d8"] {
        assert!(notes.contains(session), "{notes}");
    }
    let reported = builtin_pipeline("order-775").unwrap();
    assert_eq!(reconstruct(&reported, Lens::Message).unwrap().notes.len(), 9);
}

#[test]
fn call_counts_can_be_given() {
    let reported = builtin_pipeline("order-774").unwrap();
    for fit in order_774(Lens::Message).sessions {
        for calls in [fit.calls_range.0, fit.calls_range.1] {
            let given = [(fit.id.clone(), calls)];
            let done = reconstruct_with_call_counts(&reported, Lens::Message, &given).unwrap();
            assert_eq!(by_step(&done.recording)["assess"].read, 8_000_000);
            assert!(done.sessions.iter().any(|f| f.id == fit.id && f.calls == calls));
        }
    }
    let given = [("assess-3".to_owned(), 40)];
    let order_775 = builtin_pipeline("order-775").unwrap();
    let done = reconstruct_with_call_counts(&order_775, Lens::Message, &given).unwrap();
    let assess: Vec<u32> = (1..=7)
        .map(|i| format!("assess-{i}"))
        .map(|id| done.sessions.iter().find(|fit| fit.id == id).unwrap().calls)
        .collect();
    assert_eq!(assess, [35, 35, 40, 35, 35, 35, 35]);
    let unknown = [("nobody".to_owned(), 3)];
    let error = reconstruct_with_call_counts(&reported, Lens::Message, &unknown).unwrap_err();
    assert_eq!(error.to_string(), "order-774 has no session `nobody`");
}

#[test]
fn same_input_same_recording() {
    for lens in LENSES {
        assert_eq!(order_774(lens), order_774(lens));
    }
}

fn check_refused(from: &str, to: &str, expect: &str) {
    let json = BUILTIN[0].1.replacen(from, to, 1);
    assert_ne!(json, BUILTIN[0].1, "`{from}` is there");
    let error = ReportedPipeline::parse_json("bad.json", &json).unwrap_err().to_string();
    assert!(error.contains(expect), "{error}");
}

#[test]
fn bad_files_are_refused_by_field() {
    check_refused(
        "\"870.9k\"",
        "\"870.9x\"",
        "line 15: 'steps.rows.investigate.read' is \"870.9x\"",
    );
    check_refused("\"title\"", "\"titel\"", "line 4: unknown key 'titel' (is it 'title'?)");
    check_refused("reported/1", "reported/2", "line 2: 'schema' is \"windtunnel.reported/2\"");
    check_refused(
        "\"6m 18s\"",
        "\"618\"",
        "'steps.rows.investigate.time' is \"618\", wanted a time",
    );
    check_refused(
        "\"sessions\": \"2\"",
        "\"sessions\": \"3\"",
        "line 20: 'steps.rows.assess.sessions' is 3, wanted 2",
    );
    check_refused("\"183 records\"", "\"0\"", "'inventory.rows.9768e31d.calls' is 0");
    check_refused(
        "\"22 poll-unit\"",
        "\"22 polls\"",
        "wanted records, calls or the id of an unknown",
    );
    check_refused(
        "\"~9 site-share\"",
        "\"~9 share\"",
        "wanted records, calls or the id of an unknown",
    );
    check_refused(
        "\"50% sites-place\"",
        "\"50% places\"",
        "'events.5.at' is \"50% places\", wanted records, calls or the id of an unknown",
    );
    check_refused("[1, 1, 1, 1]", "[1, 1, 1]", "unknowns.polled-run.weights");
    check_refused("[1, 1, 1, 1]", "[0, 0, 0, 0]", "unknowns.polled-run.weights");
    check_refused(
        "\"session\": \"9768e31d\", \"text",
        "\"session\": \"x\", \"text",
        "'events.2.session' is \"x\", wanted a session of the inventory",
    );
    check_refused(
        "\"session\": \"e2495448\"",
        "\"session\": \"x\"",
        "'crashes.clusters.x.session' is \"x\"",
    );
    check_refused(
        "\"document\": \"issue-792\"",
        "\"document\": \"x\"",
        "'steps.source.document' is \"x\"",
    );
}

#[test]
fn golden_audit_of_order_774() {
    let findings = audit_reported(&builtin_pipeline("order-774").unwrap());
    let got: Vec<String> = findings
        .iter()
        .map(|finding| format!("{} {}", finding.severity.name(), finding.id))
        .collect();
    let expect = [
        "error record-lens-below-start",
        "error record-lens-exponents",
        "error record-lens-implement-context",
        "info message-lens-implement-context",
        "warning mean-context",
        "info records-per-call",
        "info records-per-call-known",
        "info message-lens-exponents",
        "info cache-tier",
        "info poll-cycles",
        "info total-fresh",
        "info total-output",
        "info total-read",
        "info total-write",
        "info total-sessions",
        "info total-time",
        "warning inventory-run-arch-lenses-read",
        "warning inventory-assess-time",
        "info inventory-agrees",
        "info excluded-session",
        "info orchestrator-share",
        "warning orchestrator-unit",
        "info crash-records",
        "warning crash-clusters",
        "info crash-fingerprints",
        "warning dispatches",
        "info call-kinds",
        "info claim-r1",
        "info claim-r1-turns",
        "warning claim-r2",
        "warning claim-r3",
        "warning claim-r3-tokens",
        "warning claim-r4",
        "warning claim-r5",
        "warning claim-r6",
        "info claim-r7",
        "warning combined-implement-calls",
        "warning combined-implement-read",
        "warning combined-assess-read",
        "warning combined-total-read",
        "info combined-steps",
        "warning combined-share",
    ];
    assert_eq!(got, expect);
    for (id, sum) in [
        (
            "record-lens-below-start",
            "139.3 k / 18 = 7,739 < ~12 k; compose_pr: 200.5 k / 20 = 10.0 k",
        ),
        ("message-lens-implement-context", "9.5 M / 111 = 85.6 k"),
        ("record-lens-implement-context", "9.5 M / 183 = 51.9 k"),
        ("records-per-call", "~45.4 M / 22.8 M = 1.99"),
        ("inventory-run-arch-lenses-read", "= 785.0 k; 64.3 k more than the table"),
        ("claim-r1", "= 5.3 M against 5 M"),
        ("claim-r2", "= 4.8 M against 3 M"),
        ("claim-r3", "= 660.0 k against 500 k"),
        ("claim-r3-tokens", "39.0 k characters x 250 to 290 tokens per 1,000 = 9,750 to 11.3 k"),
        ("claim-r7", "= 1.0 M against 1 M"),
        ("combined-implement-read", "9.5 M - 8.0 M = 1.5 M"),
        ("combined-total-read", "= 11.2 M; 22.8 M - 11.2 M = 11.6 M"),
        ("combined-share", "= 38.6 %; 1 - 12.0 M / 22.8 M = 47.4 %"),
        ("orchestrator-share", "= 17.1 %"),
        ("orchestrator-unit", "the whole is 25.3 M to 30.1 M"),
        ("crash-fingerprints", "10 x 3 = 30; ~200-300 ms / 4-6 looks"),
        ("dispatches", "12 + 1 beyond the table + 12 of the other order = 25"),
        ("total-read", "= 22.6 M; off by 155.2 k, rounding allows 250.3 k"),
        ("total-time", "= 2h 35m"),
    ] {
        let finding = findings.iter().find(|finding| finding.id == id).unwrap();
        let arithmetic = word_finding(finding).arithmetic;
        assert!(arithmetic.contains(sum), "{id}: {arithmetic}");
    }
}

#[test]
fn golden_audit_of_order_775() {
    let findings = audit_reported(&builtin_pipeline("order-775").unwrap());
    let ids: Vec<&str> = findings.iter().map(|finding| finding.id.as_str()).collect();
    let expect = [
        "message-lens-exponents",
        "total-fresh",
        "total-output",
        "total-read",
        "total-write",
        "total-sessions",
        "total-time",
        "order-as-told",
    ];
    assert_eq!(ids, expect);
    assert!(findings.iter().all(|finding| finding.severity == FindingSeverity::Info));
}

#[test]
fn a_corrected_figure_corrects_its_finding() {
    let json = BUILTIN[0].1.replace("~300K", "~236K");
    let findings = audit_reported(&ReportedPipeline::parse_json("corrected", &json).unwrap());
    let gone = "inventory-run-arch-lenses-read";
    assert!(findings.iter().all(|finding| finding.id != gone));
}

#[test]
fn every_claim_has_its_arithmetic() {
    let reported = builtin_pipeline("order-774").unwrap();
    for claim in &reported.claims {
        let line = word_claim_arithmetic(&claim_arithmetic(&reported, &claim.toggle).unwrap());
        assert!(!line.contains('\n') && !line.is_empty());
    }
    let line = word_claim_arithmetic(&claim_arithmetic(&reported, "R1").unwrap());
    let wanted =
        "(72 - ~10) non-tool turns fewer x ~85 k tokens of context = 5.3 M; claimed 5 M (~5-6 M)";
    assert_eq!(line, wanted);
    assert_eq!(claim_arithmetic(&reported, "C1"), None);
}

/// A one-step pipeline of random size, with every kind of event.
fn small(calls: u32, read: u32, write: u32, output: u32, fresh: u32) -> String {
    let source = r#""source": { "document": "d", "section": "" }"#;
    let row = format!(
        r#""fresh": "{fresh}", "output": "{output}", "read": "{read}", "write": "{write}",
           "sessions": "1", "time": "9m""#
    );
    let events = [
        r#""kind": "plan_read", "from_step": "s", "chars": "21K""#,
        r#""kind": "narration", "session": "a", "text_only": "6",
           "thinking_only": "2", "before_tool": "7""#,
        r#""kind": "report", "session": "a", "chars": "18K", "at": "4%""#,
        r#""kind": "edit_sites", "session": "a", "sites": "2", "calls_a_site": "9", "at": "50%""#,
        r#""kind": "file_reads", "session": "a", "file": "f", "times": "3""#,
        r#""kind": "test_run", "session": "a", "result": "failed", "chars": "10K",
           "polls": "4", "at": "90%""#,
    ]
    .map(|event| format!(r#"{{ {event}, {source}, "why": "" }}"#));
    format!(
        r#"{{ "schema": "windtunnel.reported/1", "name": "small", "title": "", "pull_request": "",
        "changes": "", "documents": [{{ "id": "d", "file": "", "title": "" }}],
        "day": {{ "utc": "2026-04-13", {source} }},
        "steps": {{ {source}, "rows": [{{ "step": "s", {row} }}], "total": {{ {row} }} }},
        "inventory": {{ {source}, "rows": [{{ "id": "a", "step": "s", "label": "s",
            "calls": "{calls}", "read": "{read}", "output": "{output}" }}] }},
        "statements": [{{ "id": "start-context", "value": "12K", "text": "", {source} }},
            {{ "id": "test-run-time", "value": "5-7m", "text": "", {source} }}],
        "events": [{}] }}"#,
        events.join(", ")
    )
}

proptest! {
    /// Whatever the totals: they are met to the token with balanced books, or refused.
    #[test]
    fn any_totals_are_met_or_refused(
        calls in 1_u32..400,
        mean in 0_u32..150_000,
        write in 0_u32..300_000,
        output in 0_u32..100_000,
        fresh in 0_u32..9_000,
    ) {
        let read = calls * mean;
        let text = small(calls, read, write, output, fresh);
        let reported = ReportedPipeline::parse_json("small", &text).unwrap();
        for lens in LENSES {
            let Ok(done) = reconstruct(&reported, lens) else { continue };
            let wanted = Usage {
                fresh: i64::from(fresh),
                read: i64::from(read),
                write_5m: 0,
                write_1h: i64::from(write),
                output: i64::from(output),
            };
            prop_assert_eq!(done.recording.total_usage(), wanted);
            prop_assert!(done.recording.check_balance().is_ok());
            prop_assert!(done.recording.calls.iter().all(|call| call.cut == 0));
        }
        prop_assert!(!audit_reported(&reported).is_empty());
    }
}

/// What the pipeline of order 774 uses and costs with one toggle on that is told some names.
fn with_names(id: &str, names: &[(&str, &[&str])]) -> (u32, Usage, i128) {
    let recording = order_774(Lens::Message).recording;
    let toggle = intervene::find_by_id(id).unwrap();
    let mut params = ToggleParams::modes_of_card(toggle.card());
    for (key, list) in names {
        let list = list.iter().map(|&name| name.to_owned()).collect();
        assert!(params.set_names(key, list), "{id} {key}");
    }
    let patch = toggle.build_patch(&recording, &params);
    let plan = Plan::compile(&recording, std::slice::from_ref(&patch), &Pricing::embedded());
    let plan = plan.unwrap();
    let outcome = replay::replay_plan(&plan, 1);
    (patch.found_places, outcome.total_usage(), replay::tally_outcome(&plan, &outcome).recorded.0)
}

#[test]
fn toggles_that_are_told_names_work_on_steps() {
    let (found, before, cost) = with_names("G10", &[("steps", &[])]);
    assert_eq!((found, before), (0, order_774(Lens::Message).recording.total_usage()));
    // A step that is left out takes its published figures with it.
    let (found, after, _) = with_names("G10", &[("steps", &["review"])]);
    assert_eq!(
        (found, before.read - after.read, before.write_tokens() - after.write_tokens()),
        (1, 313_400, 37_900)
    );
    // On a model at a fifth of the price, with a tenth more calls.
    let (found, _, cheaper) =
        with_names("G8", &[("model", &["claude-haiku-4-5"]), ("steps", &["assess"])]);
    assert_eq!((found, cheaper < cost), (2, true));
    // The sessions of the main line are long: each one that goes on from the one before carries
    // its whole context, which costs more than the starts that are saved.
    let steps = ["investigate", "rectify", "dry_walkthrough", "implement", "assess"];
    let (found, merged, dearer) = with_names("G9", &[("steps", &steps)]);
    assert_eq!((found, dearer > cost, merged.read > before.read), (5, true, true));
}

#[test]
fn general_toggles_see_a_reconstructed_pipeline_as_any_other() {
    let recording = order_774(Lens::Message).recording;
    let found: Vec<(&str, u32)> = intervene::ALL
        .iter()
        .filter(|one| one.card().id.starts_with('G'))
        .map(|one| {
            (
                one.card().id,
                one.build_patch(&recording, &ToggleParams::modes_of_card(one.card())).found_places,
            )
        })
        .filter(|(_, found)| *found > 0)
        .collect();
    // It is on the hour's cache already, names no switches, and waits less than an hour.
    assert_eq!(found, [("G2", 2), ("G3", 2), ("G4", 10), ("G7", 12)]);
}
