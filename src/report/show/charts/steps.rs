//! Dollars, or tokens, by step and class, today and with fixes.

use super::super::session_names::SessionNames;
use super::{ChartResult, ChartSource, axis_words};
use crate::report::chart::{ChartUnit, StepAmounts, StepsChart};
use crate::report::format;
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::savings::{StepTotals, totals_by_step};
use std::cmp::Reverse;

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let comparison = source.comparison_report.comparison;
    let after = totals_by_step(source.recording, &comparison.plan, source.fixes());
    let sides = comparison.baseline_steps.iter().zip(&after);
    let sides = sides.filter(|(a, b)| a.calls > 0 || b.calls > 0);
    let names = SessionNames::of_recording(source.recording);
    let has_dollars = comparison.has_dollars;
    let mut steps: Vec<StepAmounts> = sides
        .map(|(before, after)| StepAmounts {
            label: names.name_of_step(&before.name).to_owned(),
            before: amounts_of_step(before, has_dollars),
            after: amounts_of_step(after, has_dollars),
        })
        .collect();
    // Sessions of transcripts have no order of their own: the dearest comes first.
    if !source.comparison_report.source.is_published() {
        steps.sort_by_key(|step| Reverse(step.before.iter().sum::<i128>()));
    }
    if steps.is_empty() {
        return Err("it holds no call".to_owned());
    }
    let mut subtitle = format!("each step: upper bar today, lower bar {}", source.fixes_words());
    let hidden = comparison.baseline.hidden_output;
    // In dollars it is part of the output.
    if hidden != 0 && !has_dollars {
        subtitle = format!(
            "{subtitle}; without {} tokens of output not in the log",
            format::format_tokens(hidden, false)
        );
    }
    let (what, unit, noun) = if has_dollars {
        ("Dollars", ChartUnit::Money, "dollars")
    } else {
        ("Tokens", ChartUnit::Tokens, axis_words(HeadlineMetric::Tokens))
    };
    Ok(Box::new(StepsChart {
        title: format!("{what} by step, today and with fixes"),
        subtitle,
        axis: format!("{noun}{}", source.scope_words()),
        unit,
        has_classes: has_dollars,
        steps,
        footer: source.footer_lines(),
    }))
}

fn amounts_of_step(step: &StepTotals, has_dollars: bool) -> [i128; 5] {
    if has_dollars {
        step.cost_by_class.map(|cost| cost.0)
    } else {
        step.usage.by_class().map(i128::from)
    }
}
