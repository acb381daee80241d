//! The waterfall: from the baseline through each toggle to the result, in the headline's tokens.

use super::{Made, Source, axis_words};
use crate::report::chart::{Step, Unit, Waterfall};
use crate::study::compare::ToggleResult;

pub fn make(source: &Source<'_>) -> Made {
    let (name, comparison) = (source.name(), source.shown.comparison);
    let steps = comparison.toggles.iter().zip(&comparison.stepwise);
    let headline = comparison.headline;
    let saves = |toggle: &ToggleResult| headline.of(&toggle.alone) != 0;
    let steps = steps.filter(|(toggle, _)| toggle.claim.is_some() || saves(toggle));
    let steps: Vec<_> = steps.collect();
    if steps.is_empty() {
        return Err("no toggle changes anything, and none is claimed to".to_owned());
    }
    let claimed_end = comparison.whole_claims().next().map(|whole| {
        let end = |saving: i64| i128::from(whole.baseline - saving);
        (end(*whole.claim.saving.end()), end(*whole.claim.saving.start()))
    });
    Ok(Box::new(Waterfall {
        title: format!("{name}: {}, toggle by toggle", headline.words()),
        axis: axis_words(headline).to_owned(),
        unit: Unit::Tokens,
        baseline: ("baseline".to_owned(), i128::from(headline.of_side(&comparison.baseline))),
        steps: steps
            .into_iter()
            .map(|(toggle, saving)| Step {
                label: format!("{} {}", toggle.id, toggle.title),
                saving: i128::from(headline.of(saving)),
                claimed: toggle
                    .claimed(headline)
                    .map(|saving| (i128::from(*saving.start()), i128::from(*saving.end()))),
            })
            .collect(),
        result: "all together".to_owned(),
        claimed_end,
        footer: source.footer(),
    }))
}
