//! Tokens by step and class, before and after all toggles.

use super::{Made, Source};
use crate::report::chart::{StepTokens, Steps};
use crate::report::format;

pub fn make(source: &Source<'_>) -> Made {
    let comparison = source.shown.comparison;
    let (before, after) = (&comparison.baseline_steps, &comparison.variant_steps);
    let sides = before.iter().zip(after).filter(|(a, b)| a.calls > 0 || b.calls > 0);
    let steps: Vec<StepTokens> = sides
        .map(|(before, after)| StepTokens {
            label: before.name.clone(),
            before: before.usage,
            after: after.usage,
        })
        .collect();
    if steps.is_empty() {
        return Err("it holds no call".to_owned());
    }
    let mut footer = Vec::new();
    let hidden = comparison.baseline.hidden_output;
    if hidden != 0 {
        footer.push(format!(
            "not in it: {} tokens of output that usage does not show, an estimate",
            format::tokens(hidden, false)
        ));
    }
    footer.extend(source.footer());
    let what = if comparison.has_dollars { "tokens by step and class" } else { "tokens by step" };
    Ok(Box::new(Steps {
        title: format!("{}: {what}, before and after", source.name()),
        has_classes: comparison.has_dollars,
        steps,
        footer,
    }))
}
