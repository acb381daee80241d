//! `windtunnel compare`.

use super::asked::{Asked, Ready};
use super::{Outcome, load, render};
use crate::cli::{CompareArgs, EachArg, Format};
use crate::report::show::{Provenance, compare as show};
use crate::study::audit;
use crate::study::compare::compare;
use crate::study::spread::{Each, spread};

pub fn run(args: &CompareArgs) -> Outcome {
    let asked = Asked {
        recording: args.recording.as_deref(),
        scenario: args.scenario.as_deref(),
        with: &args.with,
        set: &args.set,
        premises: &args.premises,
        strict: args.strict,
    };
    let Ready { scenario, lens, pricing, loaded } = asked.load()?;
    let claims = load::claims(&loaded, &scenario);
    let toggles = scenario.parts();
    let of = (&scenario, &toggles);
    let comparison = compare(&load::experiment(&loaded, lens, of, &pricing, &claims))?;
    let each = args.each.map(|each| match each {
        EachArg::Session => Each::Session,
        EachArg::Pipeline => Each::Pipeline,
        EachArg::Folder => Each::Folder,
        EachArg::Step => Each::Step,
    });
    let toggles = comparison.toggles.len();
    let spread = each.map(|each| spread(&loaded.recording, &comparison.plan, toggles, each));
    let known = loaded.fit.as_ref().map(|fit| (lens, fit));
    let of_routes = || loaded.routes.as_ref().map(|(routes, _)| audit::audit_routes(routes));
    let findings = loaded.reported.as_ref().map(|it| audit::audit_knowing(it, known));
    let findings = findings.or_else(of_routes);
    let loads = load::loads(&loaded, &scenario, &comparison);
    let shown = show::Shown {
        comparison: &comparison,
        lens: loaded.reported.as_ref().map(|_| lens),
        reported: loaded.reported.as_ref(),
        routes: loaded.routes.as_ref().map(|(routes, _)| routes),
        findings: &findings.unwrap_or_default(),
        loads: &loads,
        spread: spread.as_ref(),
        provenance: &Provenance::of(&loaded.recording, &pricing, &scenario),
    };
    let stdout = match args.format {
        Format::Json => shown.json(),
        other => render(&shown.document(), other),
    };
    Ok(load::done(stdout, &loaded))
}
