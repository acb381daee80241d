//! The page of a report: what it holds, how large it is, that nothing in it is foreign or moves
//! with threads, and that its tables and curves say what a replay says.

use crate::run::{Folder, here, json, ok, program};
use std::collections::BTreeMap;
use std::fs;
use windtunnel::plan::{Plan, ToggleSubset};
use windtunnel::price::Pricing;
use windtunnel::reconstruct::{self, Lens, RecordingSource};
use windtunnel::recording::Recording;
use windtunnel::replay::session_spans::session_spans;
use windtunnel::replay::{self, ReplayedCall};
use windtunnel::scenario::Scenario;
use windtunnel::study::inspect::call_contexts::{CallContext, ContextLoss, contexts_by_session};
use windtunnel::study::inspect::context_curves::{
    ContextCurve, HIT, NOT_MADE, missed_code, trace_context_curves,
};
use windtunnel::study::whatif::compare::{Comparison, compare_toggles};
use windtunnel::study::whatif::experiment::{Experiment, subset_of_first};
use windtunnel::study::whatif::lattice::gather_bits;
use windtunnel::study::whatif::minutes::{study_minutes, study_minutes_with_samples_above};
use windtunnel::study::whatif::moved_parameters::{MOST_MOVED_ENTRIES, MovedParameters};
use windtunnel::study::whatif::savings::{PipelineTotals, Saving, StepTotals, totals_by_step};
use windtunnel::study::whatif::subset_lookup::SubsetLookup;
use windtunnel::units::PicoUsd;

/// The page of a report, and its file.
fn page(folder: &Folder, args: &[&str]) -> String {
    let out = folder.at("out");
    ok(&[&["report"], args, &["--out", &out]].concat());
    fs::read_to_string(folder.at("out/index.html")).expect("a page")
}

/// What stands in a block of data.
fn block<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("id=\"{id}\">")).expect(id);
    rest.split_once("</script>").expect("an end").0
}

#[test]
fn a_page_is_small_and_the_same_at_any_number_of_threads() {
    // Its bands take most of the time and are the business of other tests.
    let wide = fs::read_to_string(here("scenarios/order-774-wide.toml")).expect("a scenario");
    let quick = wide.replace("seed = 774\n", "seed = 774\ndraws = 20\n");
    assert_ne!(wide, quick);
    let folder = Folder::new(&[("wide.toml", quick.as_bytes())]);
    let wide = folder.at("wide.toml");
    let written = |threads: &str| {
        let out = folder.at(threads);
        let args = ["report", "order-774", "--scenario", &wide, "--out", &out];
        let done = program(&args).env("RAYON_NUM_THREADS", threads).output().expect("a run");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        fs::read_to_string(folder.at(&format!("{threads}/index.html"))).expect("a page")
    };
    let (one, four) = (written("1"), written("4"));
    assert!(one == four, "other bytes with other threads");
    assert!(one.len() < 2_000_000, "{} bytes", one.len());
    assert!(block(&one, "packed-sums").len() + block(&one, "packed-curves").len() < 200_000);
    assert!(block(&one, "packed-moves").len() < 600_000);
    let data: serde_json::Value = serde_json::from_str(block(&one, "data")).expect("JSON");
    assert!(data["moves"].as_array().unwrap().len() > 4, "{}", data["moves"]);
    let sums = data["sums"].as_array().unwrap();
    let (clock, tables): (Vec<_>, Vec<_>) =
        data["tables"].as_array().unwrap().iter().partition(|one| sums_of(one) == [sums.len() - 1]);
    assert_eq!(tables.into_iter().map(bits).sum::<u64>(), 1 << 12, "one table of 12 toggles");
    // The wall clock is a sum of its own, over the toggles that can move it.
    assert_eq!(sums.last().unwrap()["name"], "wall_clock_ms");
    assert!(clock.len() == 1 && bits(clock[0]) > 1 && bits(clock[0]) < 1 << 12, "{clock:?}");
    assert_eq!(data["toggles"].as_array().unwrap().len(), 12);
    assert!(!data["curves"].as_array().unwrap().is_empty());
}

fn bits(table: &serde_json::Value) -> u64 {
    1 << table["toggles"].as_array().expect("a list").len()
}

fn sums_of(table: &serde_json::Value) -> Vec<usize> {
    let places = table["sums"].as_array().expect("a list").iter();
    places.map(|place| place.as_u64().expect("a place") as usize).collect()
}

#[test]
fn names_that_hold_markup_are_text() {
    // The session's id is what the transcript says: here it wants to be a script.
    let session = crate::run::session().replace("\"sessionId\":\"", "\"sessionId\":\"</script><b>");
    let name = "a<img src=x onerror=alert(1)>";
    let folder = Folder::new(&[("s.jsonl", session.as_bytes())]);
    let mine = folder.at("named.json");
    crate::run::ok(&["import", &folder.at("s.jsonl"), "--name", name, "-o", &mine]);
    let page = page(&folder, &[&mine]);
    assert!(!page.contains("<img") && !page.contains("<b>x"), "markup of a name");
    // Data, tables, curves, moved parameters and the script: no name has opened or closed another.
    assert_eq!(page.matches("<script").count(), 5);
    assert_eq!(page.matches("</script>").count(), 5);
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
    // Every toggle is listed, whether it finds anything or not.
    let boxes = page.matches("type=\"checkbox\"").count();
    assert_eq!(boxes, windtunnel::intervene::ALL.len());
    assert!(page.contains("fixes have no place here"));
    for word in [" style=\"", " onclick=", " onload=", " src=\"", "@import", "url("] {
        assert!(!page.contains(word), "{word}");
    }
    let foreign = page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "");
    assert!(!foreign.contains("http"), "a foreign address");
}

/// Order 774 with every toggle, compared at the modes.
fn order_774(test: impl Fn(&Recording, &Comparison)) {
    experiment_774(|recording, experiment| {
        test(recording, &compare_toggles(experiment).expect("prices"));
    });
}

fn experiment_774(test: impl Fn(&Recording, &Experiment<'_>)) {
    let reported = reconstruct::builtin_pipeline("order-774").expect("order-774 is built in");
    let fit = reconstruct::reconstruct(&reported, Lens::Message).expect("order-774 has a fit");
    let scenario = Scenario::all_toggles();
    let toggles = scenario.split_awaiting_toggles();
    let recording = fit.recording.clone();
    let source = RecordingSource::Pipeline { reported, lens: Lens::Message, fit };
    let pricing = Pricing::embedded();
    let experiment = Experiment::for_scenario(&source, &scenario, &toggles, &pricing);
    test(&recording, &Experiment { draws: 0, ..experiment });
}

#[test]
fn tables_and_curves_say_what_a_replay_says() {
    order_774(|recording, comparison| {
        let plan = &comparison.plan;
        let kept = SubsetLookup::for_comparison(comparison, 0);
        let shown = trace_context_curves(recording, plan, kept.bits, (12, 40));
        assert!(shown.len() == 12 && shown.iter().any(|curve| curve.bits.count_ones() > 3));
        for salt in 0..40_u64 {
            let subset = salt.wrapping_mul(0x9e37_79b9_7f4a_7c15) & kept.bits;
            let (before, after) = (
                PipelineTotals::replay_totals(plan, 0),
                PipelineTotals::replay_totals(plan, subset),
            );
            assert_eq!(
                kept.lattice.saving_of_subset(subset),
                Saving::between_totals(&before, &after)
            );
            let rows = replay::replay_calls(plan, subset);
            let rows = replay::expected_rows(plan, &rows);
            let contexts = contexts_by_session(recording, plan, subset);
            for curve in &shown {
                check_curve(recording, plan, (subset, &rows, &contexts), curve);
            }
        }
    });
}

#[test]
fn moved_parameters_say_what_compare_says() {
    experiment_774(|recording, experiment| {
        let comparison = compare_toggles(experiment).expect("prices");
        let lookup = SubsetLookup::for_comparison(&comparison, 0);
        let moved = MovedParameters::for_lookup(experiment, &comparison, &lookup);
        assert!(moved.parameters.len() > 10 && moved.left_out == 0, "{}", moved.left_out);
        let tables =
            moved.parameters.iter().flat_map(|it| &it.values).flat_map(|it| &it.more.tables);
        let entries: usize = tables.map(|table| table.savings.len()).sum();
        assert!(entries as u64 <= MOST_MOVED_ENTRIES, "{entries}");
        for (salt, one) in (1_u64..).zip(&moved.parameters) {
            let chosen = &experiment.chosen[one.toggle];
            let spec = &chosen.toggle.card().params[one.param];
            let value = &one.values[salt as usize % one.values.len()];
            let changed: Vec<_> = experiment
                .chosen
                .iter()
                .enumerate()
                .map(|(at, other)| {
                    let mut other = other.clone();
                    if at == one.toggle {
                        other.params.set_value(spec.key, value.value);
                    }
                    other
                })
                .collect();
            let other = Experiment { chosen: &changed, ..experiment.clone() };
            let plan = other.compile_plan(recording, &other.patches_at_means(recording));
            let plan = plan.expect("prices");
            let nothing = PipelineTotals::replay_totals(&plan, 0);
            for step in 0..8_u64 {
                let subset = (salt * 8 + step).wrapping_mul(0x9e37_79b9_7f4a_7c15) & lookup.bits;
                let subset = subset | 1 << one.toggle;
                let saved =
                    lookup.lattice.saving_of_subset(subset) + value.more.saving_of_subset(subset);
                let after = PipelineTotals::replay_totals(&plan, subset);
                let wanted = Saving::between_totals(&nothing, &after);
                assert_eq!(saved, wanted, "{}.{} at {}", chosen.id(), spec.key, value.value);
            }
        }
    });
}

#[test]
fn the_wall_clock_of_a_subset_is_that_of_its_toggles_alone() {
    order_774(|recording, comparison| {
        let study = comparison.minutes.as_ref().expect("minutes");
        let by_subset = study.by_subset.as_ref().expect("few toggles move time");
        assert!(by_subset.bits.count_ones() > 3, "{:b}", by_subset.bits);
        let all = (1 << comparison.toggles.len()) - 1;
        assert_eq!(by_subset.saved_by_subset(all), study.before_ms - study.after_ms);
        for (bit, toggle) in study.toggles.iter().enumerate() {
            assert_eq!(by_subset.saved_by_subset(1 << bit), toggle.alone_ms);
            let without = by_subset.saved_by_subset(all & !(1 << bit));
            assert_eq!(study.before_ms - without - study.after_ms, toggle.last_ms);
        }
        // A page with room for some toggles alone has the same figures for these.
        let some = by_subset.bits & 0b1010_1010_1010;
        let part = by_subset.with_only(some);
        assert_eq!(part.bits, some);
        assert_eq!(part.saved_by_subset(all), by_subset.saved_by_subset(some));
        // By the clock itself: stage by stage the longest session of a replay.
        let lengths = |subset| {
            let mut lengths = vec![0; recording.sessions.len()];
            for island in &comparison.plan.islands {
                let spans = session_spans(&comparison.plan, island, subset & island.touched_by);
                let sessions = &comparison.plan.sessions[island.sessions.start as usize..];
                for (planned, span) in sessions.iter().zip(spans) {
                    let length = &mut lengths[planned.session as usize];
                    *length = (*length).max(span.map_or(0, |(from, to)| to - from));
                }
            }
            lengths
        };
        let before = lengths(0);
        for salt in 0..20_u64 {
            let subset = salt.wrapping_mul(0x9e37_79b9_7f4a_7c15) & all;
            let after = lengths(subset);
            // All sessions follow each other but the three lenses, of which the longest counts.
            let is_lens = |at: &usize| recording.sessions[*at].step == "run_arch_lenses";
            let elapsed = |lengths: &[i64]| {
                let (lenses, others): (Vec<usize>, Vec<_>) = (0..lengths.len()).partition(is_lens);
                let longest = lenses.iter().map(|at| lengths[*at]).max().expect("lenses");
                others.iter().map(|at| lengths[*at]).sum::<i64>() + longest
            };
            let saved = elapsed(&before) - elapsed(&after);
            assert_eq!(by_subset.saved_by_subset(subset), saved, "{subset:b}");
        }
    });
}

#[test]
fn sampled_shares_of_the_wall_clock_add_up_and_tell_their_error() {
    experiment_774(|recording, experiment| {
        let patches = experiment.patches_at_means(recording);
        let plan = experiment.compile_plan(recording, &patches).expect("prices");
        let all = subset_of_first(patches.len());
        let sides = [0, all].map(|subset| PipelineTotals::replay_with_peak(&plan, subset));
        let sides = sides.each_ref();
        let exact = study_minutes(experiment, &plan, &patches, sides).expect("minutes");
        let sampled = study_minutes_with_samples_above(3, experiment, &plan, &patches, sides);
        let sampled = sampled.expect("minutes");
        assert!(exact.by_subset.is_some() && sampled.by_subset.is_none());
        let joint_ms = exact.before_ms - exact.after_ms;
        assert_eq!(sampled.toggles.iter().map(|one| one.share_ms).sum::<i64>(), joint_ms);
        for (sampled, exact) in sampled.toggles.iter().zip(&exact.toggles) {
            assert_eq!((sampled.alone_ms, sampled.last_ms), (exact.alone_ms, exact.last_ms));
            assert!(exact.share_error_ms.is_none());
            // Only what can move time has an error; rounding moves a share by one.
            let error = sampled.share_error_ms.unwrap_or(0);
            assert!((sampled.share_ms - exact.share_ms).abs() <= 4 * error + 1, "{sampled:?}");
        }
        let with_error = sampled.toggles.iter().filter(|one| one.share_error_ms.is_some()).count();
        assert!(with_error > 3 && with_error < patches.len(), "{with_error}");
    });
}

#[test]
fn compare_tells_minutes_by_toggle_and_what_is_not_counted() {
    let args = ["compare", "order-774", "--draws", "0"];
    let minutes = &json(&args)["minutes"];
    let whole = |value: &serde_json::Value| value.as_i64().expect("a whole number");
    let toggles = minutes["toggles"].as_array().expect("toggles");
    let shares: i64 = toggles.iter().map(|one| whole(&one["shapley_ms"])).sum();
    assert_eq!(shares, whole(&minutes["before_ms"]) - whole(&minutes["after_ms"]));
    assert!(toggles.iter().all(|one| one.get("shapley_error_ms").is_none()), "all is exact");
    let uncounted = minutes["not_counted"].as_array().expect("a list");
    let told = |one: &serde_json::Value| {
        let words = [&one["toggle"], &one["because"]].map(|it| it.as_str().unwrap().to_owned());
        (words, whole(&one["expected_ms"]), whole(&one["most_ms"]))
    };
    let [(prose, prose_ms, _), polls] = [told(&uncounted[0]), told(&uncounted[1])];
    assert_eq!(prose, ["R1", "output"]);
    // 15 ms a token of what is left unwritten.
    let compared = json(&[&args[..], &["--with", "R1"]].concat());
    assert_eq!(prose_ms, 15 * whole(&compared["joint"]["saving"]["output"]));
    // Half of one sleep of a minute, at most all of it.
    assert_eq!(polls, (["R7", "polls"].map(str::to_owned), 30_000, 60_000));
    let text = ok(&[&args[..], &["--details"]].concat());
    for words in ["The same in time on the wall clock", "not counted: R7 hears at once"] {
        assert!(text.contains(words), "{words}");
    }
}

#[test]
fn curves_pictures_and_steps_count_the_same_calls() {
    order_774(|recording, comparison| {
        let plan = &comparison.plan;
        let kept = SubsetLookup::for_comparison(comparison, 0);
        let shown = trace_context_curves(recording, plan, kept.bits, (12, 40));
        for salt in 0..20_u64 {
            let subset = salt.wrapping_mul(0x9e37_79b9_7f4a_7c15) & kept.bits;
            // The page's panels, the panels of the picture, the table of steps, the totals.
            let contexts = contexts_by_session(recording, plan, subset);
            let mut by_step: BTreeMap<&str, i64> = BTreeMap::new();
            for curve in &shown {
                let variant = gather_bits(subset, curve.bits) as usize;
                let made = curve.values[curve.calls.len() * curve.variant_count() + variant];
                assert_eq!(made as usize, contexts[curve.session as usize].len(), "{subset:b}");
                let step = &recording.sessions[curve.session as usize].step;
                *by_step.entry(step).or_default() += i64::from(made);
            }
            let steps = totals_by_step(recording, plan, subset);
            let told: BTreeMap<&str, i64> =
                steps.iter().map(|step| (&*step.name, step.calls)).collect();
            assert_eq!(by_step, told, "{subset:b}");
            let totals = PipelineTotals::replay_totals(plan, subset);
            assert_eq!(totals.calls, told.values().sum::<i64>(), "{subset:b}");
            // Money by step and class is the money of the whole, to the pico-dollar.
            let money: PicoUsd = steps.iter().map(StepTotals::token_money).sum();
            assert_eq!(money, Saving::from(&totals).total_money(), "{subset:b}");
        }
    });
}

/// Holds the points of a curve to the calls of a whole replay.
fn check_curve(
    recording: &Recording,
    plan: &Plan,
    (subset, rows, contexts): (ToggleSubset, &[&ReplayedCall], &[Vec<CallContext>]),
    curve: &ContextCurve,
) {
    let session = &recording.sessions[curve.session as usize];
    let variant = gather_bits(subset, curve.bits) as usize;
    let point = |at: usize| curve.values[at * curve.variant_count() + variant];
    let call_of = |row: &&&ReplayedCall| plan.call_of[row.row as usize];
    let own = rows.iter().filter(|row| session.call_range().contains(&(call_of(row) as usize)));
    assert_eq!(point(curve.calls.len()) as usize, own.clone().count(), "{subset:b}");
    for (at, number) in curve.calls.iter().enumerate() {
        let is_it = |row: &&&ReplayedCall| {
            let is_recorded = plan.event_of_row(&plan.rows[row.row as usize]).inserted_by == 0;
            is_recorded && call_of(row) == session.first_call + number - 1
        };
        let context = own.clone().rfind(is_it).map(|row| row.as_made.context_tokens());
        let context = context.map_or(NOT_MADE, |context| i32::try_from(context).unwrap());
        assert_eq!(point(at), context, "{subset:b}, call {number} of {}", session.id);
    }
    // A point shows the last miss since the point before, the toggles' own calls included.
    let (mut missed, mut expected) = (HIT, vec![HIT; curve.calls.len()]);
    for (row, call) in own.zip(&contexts[curve.session as usize]) {
        if let ContextLoss::Missed(cause) = call.loss {
            missed = missed_code(cause.group());
        }
        let number = call_of(&row) - session.first_call + 1;
        let is_recorded = plan.event_of_row(&plan.rows[row.row as usize]).inserted_by == 0;
        let shown = curve.calls.binary_search(&number).ok().filter(|_| is_recorded);
        if let Some(at) = shown.filter(|_| missed != HIT) {
            expected[at] = std::mem::replace(&mut missed, HIT);
        }
    }
    let told = curve.misses.iter().skip(variant).step_by(curve.variant_count());
    assert!(told.eq(&expected), "{subset:b}, misses of {}", session.id);
}
