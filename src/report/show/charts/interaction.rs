//! The heat map of pairs: which toggles save the same tokens, and which help each other.

use super::{ChartResult, ChartSource, axis_words};
use crate::report::chart::{ChartUnit, InteractionChart, InteractionToggle};

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let comparison = source.comparison_report.comparison;
    let headline = comparison.headline;
    let toggles = comparison.toggles.iter().zip(&comparison.attribution.interaction);
    let toggles: Vec<InteractionToggle> = toggles
        .map(|(toggle, with)| InteractionToggle {
            id: toggle.id.to_owned(),
            title: toggle.title.to_owned(),
            alone: headline.amount_in_saving(&toggle.alone).into(),
            interaction_with: with
                .iter()
                .map(|saving| headline.amount_in_saving(saving).into())
                .collect(),
        })
        .collect();
    if toggles.iter().flat_map(|toggle| &toggle.interaction_with).all(|amount| *amount == 0) {
        let words = headline.sentence_words();
        return Err(format!("no two fixes depend on each other in {words}"));
    }
    let how = match comparison.attribution.standard_error {
        Some(_) => "mean over sampled orders",
        None => "mean over all orders",
    };
    Ok(Box::new(InteractionChart {
        title: "Fixes that save the same tokens".to_owned(),
        axis: format!("what two save together beyond both alone, {}, {how}", axis_words(headline)),
        unit: ChartUnit::Tokens,
        toggles,
        footer: source.footer_lines(),
    }))
}
