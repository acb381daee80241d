//! The heat map of pairs: which toggles save the same tokens, and which help each other.

use super::{Made, Source, axis_words};
use crate::report::chart::{Interaction, Toggle, Unit};

pub fn make(source: &Source<'_>) -> Made {
    let comparison = source.shown.comparison;
    let headline = comparison.headline;
    let toggles = comparison.toggles.iter().zip(&comparison.attribution.interaction);
    let toggles: Vec<Toggle> = toggles
        .map(|(toggle, with)| Toggle {
            id: toggle.id.to_owned(),
            title: toggle.title.to_owned(),
            alone: headline.of(&toggle.alone).into(),
            with: with.iter().map(|saving| headline.of(saving).into()).collect(),
        })
        .collect();
    if toggles.iter().flat_map(|toggle| &toggle.with).all(|amount| *amount == 0) {
        let words = headline.words();
        return Err(format!("no two of its toggles depend on each other in {words}"));
    }
    let mut footer = source.footer();
    let how = match comparison.attribution.standard_error {
        Some(_) => "Shapley interaction index, a mean over sampled orders of the other toggles",
        None => "Shapley interaction index, a mean over every order of the other toggles",
    };
    footer.insert(0, how.to_owned());
    Ok(Box::new(Interaction {
        title: format!("{}: which toggles depend on each other", source.name()),
        axis: format!("what two save together beyond the sum of both: {}", axis_words(headline)),
        unit: Unit::Tokens,
        toggles,
        footer,
    }))
}
