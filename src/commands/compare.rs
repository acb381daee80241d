//! `windtunnel compare`.

use super::asked::Asked;
use super::studied::Studied;
use super::{Outcome, load, render};
use crate::cli::{CompareArgs, EachArg, Format};
use crate::study::spread::Each;

pub fn run(args: &CompareArgs) -> Outcome {
    let mut studied = Studied::of(&Asked {
        recording: args.recording.as_deref(),
        scenario: args.scenario.as_deref(),
        with: &args.with,
        set: &args.set,
        premises: &args.premises,
        strict: args.strict,
        observed: None,
    })?;
    if let Some(each) = args.each {
        studied.spread_over(match each {
            EachArg::Session => Each::Session,
            EachArg::Pipeline => Each::Pipeline,
            EachArg::Folder => Each::Folder,
            EachArg::Step => Each::Step,
        });
    }
    let shown = studied.shown();
    let stdout = match args.format {
        Format::Json => shown.json(),
        other => render(&shown.document(), other),
    };
    Ok(load::done(stdout, &studied.ready.loaded))
}
