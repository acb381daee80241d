//! Experiments whose draws add up over parts of their recording, and what tells one from another.

use super::experiment::Experiment;
use crate::price::Pricing;
use crate::reconstruct::RecordingSource;
use crate::recording::{RecordingCut, hex_prefix};
use sha2::{Digest as _, Sha256};

/// Names the format of what is kept of an experiment: another one is another experiment.
const FORMAT: &str = "windtunnel.draws/2";

/// What tells one experiment from another.
pub(super) const WHAT_DIFFERS: &str = "recording, toggles, parameters, prices, seed, number of \
                                       draws or version of the program are not those of this one";

/// Cuts the recording of an experiment into at most so many parts.
pub(crate) fn cut_experiment(experiment: &Experiment<'_>, most: usize) -> RecordingCut {
    let recording = experiment.base_recording();
    match reason_against_cut(experiment) {
        Some(_) => RecordingCut::whole(recording),
        None => RecordingCut::into_groups(recording, most),
    }
}

/// Why the draws of an experiment do not add up over parts, if they do not.
pub(crate) fn reason_against_cut(experiment: &Experiment<'_>) -> Option<String> {
    let Experiment { source, chosen, claims, observed, .. } = experiment;
    if source.is_published() || !claims.is_empty() || !observed.is_empty() {
        return Some("what was published speaks of all of it".to_owned());
    }
    let recording = source.recording();
    let counts_all = chosen.iter().find(|one| {
        one.toggle.counts_all_places()
            && one.toggle.build_patch(recording, &one.params).found_places > 0
    });
    counts_all.map(|one| format!("{} counts its places over all sessions", one.id()))
}

/// The digest of a recording, hexadecimal.
pub(super) fn recording_name(experiment: &Experiment<'_>) -> String {
    let digest = experiment.base_recording().recording_digest();
    hex_prefix(&digest, digest.len())
}

/// A digest of everything that the draws of an experiment depend on, if its recording has the
/// digest `recorded`: that of the whole, where the experiment holds a part.
pub(super) fn experiment_digest(experiment: &Experiment<'_>, recorded: &str) -> String {
    // All parts by name, so that nobody adds one without thinking of this.
    let Experiment {
        source,
        chosen,
        // They take no part in a draw.
        waiting: _,
        pricing: Pricing { book, assumed_model, date, substitutes },
        cache,
        claims,
        observed,
        seed,
        draws,
        sets,
        requests_a_minute,
        progress: _,
    } = experiment;
    let grades: Vec<_> = chosen.iter().map(|one| one.grade).collect();
    let prices = (book.book_digest(), assumed_model, date, substitutes);
    // Of totals draws make other calls, which depend on all that was published.
    let published = match source {
        RecordingSource::Recorded(_) => String::new(),
        RecordingSource::Pipeline { reported, lens, .. } => format!("{reported:?} {lens:?}"),
        RecordingSource::Routes { routes, .. } => format!("{routes:?}"),
    };
    let program = (FORMAT, env!("CARGO_PKG_VERSION"));
    let toggles = (chosen, grades, sets);
    let told = (cache, claims, observed, seed, draws, requests_a_minute);
    let parts = format!("{:?}", (program, (recorded, published), toggles, prices, told));
    hex_prefix(&Sha256::digest(parts), 16)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cache::CachePolicy;
    use crate::intervene::{self, test_recordings::recording_from_lines};
    use crate::plan::Plan;
    use crate::price::PriceBook;
    use crate::reconstruct::routes::{parse_queue_toml, reconstruct_routes};
    use crate::reconstruct::{Lens, ReportedPipeline, builtin_pipeline, reconstruct};
    use crate::recording::{DIGEST_KIND, Recording};
    use crate::scenario::{ChosenToggle, Scenario, toggles_by_id};
    use crate::seed::Seed;
    use crate::study::backtest::ObservedEffect;
    use crate::study::whatif::marginal_savings::MarginalSavings;
    use crate::study::whatif::published_claims::claims_of_pipeline;
    use crate::study::whatif::savings::Saving;

    /// What changes a source: its recording, what was published, how that is read.
    type SourceParts<'a> = (&'a mut Recording, &'a mut ReportedPipeline, &'a mut Lens);

    /// Many sessions: of several pipelines and of none, woken by packets, of one id.
    pub(in super::super) fn many_sessions() -> Recording {
        let order = builtin_pipeline("order-774").expect("built in");
        let order = reconstruct(&order, Lens::Message).expect("fits").recording;
        let mut parts = vec![recording_from_lines(&[
            "pipe=a step=plan R1:2000+G - R1' E1 E1 h- R1'",
            "step=plan role=sub R1 R2 G E1 !- -",
            "pipe=b step=plan R1 R1' G E2",
            "pipe=a step=do R1:9000 E1 E1 -",
            "#w/E/r1 - R1 - @400/#c/D/r1/w:EXECUTE - R2:9000 -",
            "step=quota R1 G -",
            "#w/E/r2 - R1 - @90/#c/D/r1/w:EXECUTE h- -",
            "pipe=b step=do tier=1h R1 *- -",
            "#w/U/r1 - R1 G - #c/D/r2/w:NOTE - -",
            "step=quota R1 R2 R3 -",
            "tier=auto #c/U/r2 - - #c/D/r2/w:EXECUTE -",
        ])];
        // Places of a share are counted by the id.
        parts[0].sessions[9].id = parts[0].sessions[1].id.clone();
        for copy in 0..5 {
            let mut part = order.clone();
            part.name = format!("order {copy}");
            for session in &mut part.sessions {
                session.id = format!("{copy}0{}", session.id);
                session.pipeline.clear();
            }
            parts.push(part);
        }
        let parts: Vec<&Recording> = parts.iter().collect();
        Recording::merge_recordings("many", &parts).expect("fits").recording
    }

    /// Every toggle, told what it has to be told to find anything in [`many_sessions`].
    pub(in super::super) fn acting_toggles() -> Vec<ChosenToggle> {
        let chosen = |toggle: &&'static intervene::Intervention| {
            let mut chosen = ChosenToggle::from_card(toggle);
            for list in toggle.card().name_lists {
                let names: &[&str] = match list.key {
                    "steps" => &["plan", "do"],
                    "names" => &["quota"],
                    "model" => &["claude-sonnet-4-6"],
                    "allow" => &["w:NOTE"],
                    "agents" => &["w", "c"],
                    "kinds" => &[DIGEST_KIND],
                    other => panic!("{other}: no names"),
                };
                let names = names.iter().map(|&name| name.to_owned()).collect();
                assert!(chosen.params.set_names(list.key, names), "{}", list.key);
            }
            // Fewer than there are, so that it counts which go.
            let _ = chosen.params.set_value("probes", 1);
            chosen
        };
        intervene::ALL.iter().map(chosen).collect()
    }

    fn digest_of(experiment: &Experiment<'_>) -> String {
        experiment_digest(experiment, &recording_name(experiment))
    }

    /// What a toggle saves in a recording, in some draw.
    fn saved(
        recording: &Recording,
        chosen: &ChosenToggle,
        (draw, pricing): (u32, &Pricing),
    ) -> Saving {
        let params = chosen.params.clone().in_draw(Seed(774).draw_key(chosen.id(), draw));
        let patches = [chosen.toggle.build_patch(recording, &params)];
        let plan = Plan::compile_touched(recording, &patches, pricing);
        MarginalSavings::with_sets(&plan.expect("prices"), 1, &[]).joint
    }

    #[test]
    fn no_toggle_looks_across_groups() {
        let (whole, pricing) = (many_sessions(), Pricing::embedded());
        let one_by_one: Vec<Recording> = (0..whole.sessions.len())
            .map(|at| whole.filter_sessions(|session| *session == whole.sessions[at]))
            .collect();
        let cut_into = |most| -> Vec<Recording> {
            let cut = RecordingCut::into_groups(&whole, most);
            (0..cut.digests.len()).map(|at| cut.part(&whole, at)).collect()
        };
        let cuts = [2, 7, 64].map(cut_into);
        assert_eq!(cuts.each_ref().map(Vec::len), [2, 7, 64]);
        let (mut acting, mut looking) = (0, Vec::new());
        for chosen in acting_toggles() {
            let (mut acts, mut looks, mut is_exact) = (false, false, true);
            for draw in 0..2 {
                let want = saved(&whole, &chosen, (draw, &pricing));
                let sum = |parts: &[Recording]| -> Saving {
                    parts.iter().map(|part| saved(part, &chosen, (draw, &pricing))).sum()
                };
                is_exact &= cuts.iter().all(|parts| sum(parts) == want);
                acts |= want != Saving::default();
                looks |= sum(&one_by_one) != want;
            }
            assert_eq!(is_exact, !chosen.toggle.counts_all_places(), "{}", chosen.id());
            acting += usize::from(acts);
            looking.extend(looks.then_some(chosen.id()));
        }
        // Cut through groups, some savings are others: of one id, of a pipeline, of packets.
        assert_eq!((acting, looking), (37, vec!["G6", "G9", "C2", "E3"]));
    }

    #[test]
    fn what_does_not_add_up_is_not_cut() {
        let (scenario, pricing) = (Scenario::all_toggles(), Pricing::embedded());
        let recorded = RecordingSource::Recorded(many_sessions());
        let cut = |source: &RecordingSource, chosen: Vec<ChosenToggle>| {
            let toggles = (chosen, Vec::new());
            let experiment = Experiment::for_scenario(source, &scenario, &toggles, &pricing);
            let parts = cut_experiment(&experiment, 7).digests;
            assert_eq!(parts.len() == 1, parts == [recording_name(&experiment)]);
            (parts.len(), reason_against_cut(&experiment))
        };
        let by_id = |ids: &[&str]| {
            let all = acting_toggles().into_iter();
            all.filter(|one| ids.contains(&one.id())).collect::<Vec<_>>()
        };
        assert_eq!(cut(&recorded, by_id(&["R1", "C2"])), (7, None));
        let counts = "E3 counts its places over all sessions".to_owned();
        assert_eq!(cut(&recorded, by_id(&["R1", "E3"])), (1, Some(counts)));
        let published = "what was published speaks of all of it".to_owned();
        assert_eq!(cut(&source(), by_id(&["R1"])), (1, Some(published)));
        let queue = "schema = \"windtunnel.queue/1\"\n[queue]\nrequests = 12\n\
                     cycles = { count = 20 }\nsession = { tokens = 100000, search = 0.2 }\n";
        let queue = parse_queue_toml("queue.toml", queue).expect("a queue");
        let queue = reconstruct_routes(&queue, &[]).expect("sessions").recording;
        let queue = Recording::merge_recordings("x", &[&queue, &many_sessions()]).expect("fits");
        let queue = RecordingSource::Recorded(queue.recording);
        assert_eq!(cut(&queue, by_id(&["R1"])), (1, None));
    }

    pub(in super::super) fn source() -> RecordingSource {
        let reported = builtin_pipeline("order-774").expect("built in");
        let fit = reconstruct(&reported, Lens::Message).expect("fits");
        RecordingSource::Pipeline { reported, lens: Lens::Message, fit }
    }

    pub(in super::super) fn toggles(ids: [&str; 2]) -> (Vec<ChosenToggle>, Vec<ChosenToggle>) {
        Scenario::with_toggles(&toggles_by_id(ids).expect("toggles")).split_awaiting_toggles()
    }

    #[test]
    fn whatever_draws_depend_on_moves_the_digest() {
        let (source, own, pricing) = (source(), toggles(["R1", "R4"]), Pricing::embedded());
        let experiment =
            Experiment::for_scenario(&source, &Scenario::all_toggles(), &own, &pricing);
        let digest = digest_of(&experiment);
        assert_eq!(digest, digest_of(&experiment.clone()));
        let differs = |what: &str, other: &Experiment<'_>| {
            assert_ne!(digest, digest_of(other), "{what}");
        };

        let sources: [fn(&mut SourceParts<'_>); 3] = [
            |it| it.0.calls[0].usage.output += 1,
            |it| it.1.unknowns.clear(),
            |it| *it.2 = Lens::Record,
        ];
        for (at, change) in sources.iter().enumerate() {
            let mut other = source.clone();
            if let RecordingSource::Pipeline { reported, lens, fit } = &mut other {
                change(&mut (&mut fit.recording, reported, lens));
            }
            differs(&format!("source {at}"), &Experiment { source: &other, ..experiment.clone() });
        }

        let changes: [fn(&mut ChosenToggle); 3] = [
            |it| it.params = it.params.with_value(0, 77),
            |it| it.ranges[0].high += 1,
            |it| it.grade.effort += 1,
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut other = own.0.clone();
            change(&mut other[1]);
            differs(&format!("toggle {at}"), &Experiment { chosen: &other, ..experiment.clone() });
        }
        let fewer = &own.0[..1];
        differs("toggles", &Experiment { chosen: fewer, ..experiment.clone() });

        let changes: [fn(&mut Pricing); 4] = [
            |it| it.assumed_model.push('x'),
            |it| it.date = Some(jiff::civil::date(2026, 1, 1)),
            |it| it.substitutes.push(("a".to_owned(), "b".to_owned())),
            |it| it.book = PriceBook::from_fixed_prices([]),
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut other = pricing.clone();
            change(&mut other);
            differs(&format!("prices {at}"), &Experiment { pricing: &other, ..experiment.clone() });
        }

        let claims = claims_of_pipeline(source.pipeline().expect("a pipeline"));
        differs("claims", &Experiment { claims: &claims, ..experiment.clone() });
        let observed = [ObservedEffect::default()];
        differs("observed", &Experiment { observed: &observed, ..experiment.clone() });
        differs("seed", &Experiment { seed: Seed(1), ..experiment.clone() });
        differs("draws", &Experiment { draws: 3, ..experiment.clone() });
        differs("sets", &Experiment { sets: &[1], ..experiment.clone() });
        differs("limit", &Experiment { requests_a_minute: Some(9), ..experiment.clone() });
        let cache = CachePolicy::Perfect;
        differs("cache", &Experiment { cache, ..experiment.clone() });
    }
}
