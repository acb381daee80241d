//! Tokens by step and class, before and after all toggles.

use super::{ChartResult, ChartSource};
use crate::report::chart::{StepTokens, StepsChart};
use crate::report::format;

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let comparison = source.comparison_report.comparison;
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
            format::format_tokens(hidden, false)
        ));
    }
    footer.extend(source.footer_lines());
    let what = if comparison.has_dollars { "tokens by step and class" } else { "tokens by step" };
    Ok(Box::new(StepsChart {
        title: format!("{}: {what}, before and after", source.recording_name()),
        has_classes: comparison.has_dollars,
        steps,
        footer,
    }))
}
