//! The table of toggles that can be ticked.

use super::super::compare;
use super::build_stops::{self, BuildStop};
use super::page_sums::{ClockSum, PageUnit};
use super::script_data::places_in_build_order;
use super::time_columns::TimeColumns;
use super::toggle_cells::{money_range_cell, parameter_amount, push_band, push_cell, range_cell};
use super::{PageSource, PageToggle};
use crate::intervene::RangeShape;
use crate::plan::ToggleSubset;
use crate::report::format::effort_cell;
use crate::report::format::{self, NumberStyle};
use crate::report::html::{self, escape_html};
use crate::report::view::{Alignment, CellValue, TableCell, Tone};
use crate::scenario::ChosenToggle;
use crate::study::whatif::published_claims::PublishedClaim;
use crate::study::whatif::savings::Saving;
use crate::study::whatif::subset_lookup::SubsetLookup;
use std::fmt::Write as _;

impl PageSource<'_> {
    /// The table, a row a toggle.
    pub(super) fn toggle_table_html(
        &self,
        lookup: &SubsetLookup,
        stops: &[BuildStop],
        toggles: &[PageToggle<'_>],
        clock: Option<&ClockSum>,
    ) -> String {
        let opening = build_stops::opening_subset(lookup, stops);
        // What is built first stands first, what no step builds follows by id.
        let in_order = places_in_build_order(toggles, stops);
        let has_claims = toggles.iter().any(|toggle| claim_of_toggle(toggle).is_some());
        let mut out = format!(
            "<table class=\"toggles\" data-sortable>\n<caption>What each fix saves{}</caption>\n\
             <thead><tr><td></td><th scope=\"col\">fix</th><th scope=\"col\" class=\"n\">saves \
             now</th><th scope=\"col\" class=\"n\">alone</th><th scope=\"col\" class=\"n\">effort\
             </th>",
            self.scope_words()
        );
        let time = self.time_columns(clock);
        if has_claims {
            out.push_str("<th scope=\"col\">claim</th>");
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        let (idle, shown): (Vec<&PageToggle<'_>>, Vec<_>) =
            in_order.iter().map(|&place| &toggles[place]).partition(|one| finds_nothing(one));
        for toggle in shown {
            out.push_str(&self.toggle_row((lookup, opening), toggle, &time, has_claims));
        }
        let has_bands = self.report.comparison_report.comparison.uncertainty.is_some();
        let bands =
            if has_bands { ", under it where 8 of 10 trials of its parameters lie" } else { "" };
        let _ = write!(
            out,
            "</tbody></table>\n<p class=\"note\">saves now: what it saves on top of what is \
             ticked, or what would be lost without it; alone: with no other fix on{bands}; effort \
             in days of work, <i>setting</i> where there is nothing to build{}</p>\n{}",
            time.note(),
            idle_table(&idle)
        );
        out
    }

    fn toggle_row(
        &self,
        (lookup, opening): (&SubsetLookup, ToggleSubset),
        toggle: &PageToggle<'_>,
        time: &TimeColumns<'_>,
        has_claims: bool,
    ) -> String {
        let bit = toggle.result.map_or(0, |(bit, _)| 1 << bit);
        let (class, state) = match &toggle.refusal {
            Some(_) => (" class=\"off\"", "disabled"),
            None if opening & bit != 0 => (" class=\"on\"", "checked"),
            None => ("", ""),
        };
        let knob = escape_html(toggle.chosen.toggle.card().knob);
        let mut out =
            format!("<tr{class}>{}<small class=\"knob\">{knob}</small>", tick_cells(toggle, state));
        if let Some(reason) = &toggle.refusal {
            let _ = write!(out, "<small class=\"why\">{}</small>", escape_html(reason));
        }
        push_details(&mut out, (lookup, opening), toggle, time);
        out.push_str("</th>");
        match toggle.result {
            Some(_) if toggle.refusal.is_none() => {
                // What it adds to what is ticked, or what would go if its tick went.
                let [with, without] = [opening | bit, opening & !bit]
                    .map(|subset| lookup.lattice.saving_of_subset(subset));
                let (amount, words) = self.amount_and_words(&(with - without));
                let id = toggle.chosen.id();
                let _ = write!(
                    out,
                    "<td class=\"n adds\" data-label=\"saves now\" data-adds=\"{id}\" \
                     data-value=\"{amount}\">{words}</td>"
                );
            }
            _ => push_cell(&mut out, "saves now", &TableCell::missing()),
        }
        self.push_alone_cell(&mut out, toggle);
        let points = toggle.chosen.grade.effort;
        let days = effort_cell(points);
        let _ =
            write!(out, "<td class=\"n\" data-label=\"effort\" data-sort=\"{points}\">{days}</td>");
        if has_claims {
            push_claim_cell(&mut out, toggle);
        }
        out.push_str("</tr>\n");
        out
    }

    /// A saving in what the page opens with: dollars where there are any.
    fn amount_and_words(&self, saving: &Saving) -> (i128, String) {
        let comparison = self.report.comparison_report.comparison;
        let (unit, amount) = if comparison.has_dollars {
            (PageUnit::Money, saving.total_money().0)
        } else {
            (PageUnit::Tokens, comparison.headline.amount_in_saving(saving).into())
        };
        (amount, escape_html(&unit.format_amount(amount)))
    }

    /// What a toggle saves alone, and between which amounts.
    fn push_alone_cell(&self, out: &mut String, toggle: &PageToggle<'_>) {
        let comparison = self.report.comparison_report.comparison;
        let headline = comparison.headline;
        // Saved of an orchestrator is a range, for nobody tells how its figures were counted.
        let orchestrator = comparison.whole.as_ref().map(|whole| &whole.orchestrator);
        match (toggle.result, toggle.bound) {
            (Some((_, result)), _) if result.is_beside => {
                let saved = orchestrator.and_then(|all| all.saved_alone(result.id));
                let range =
                    saved.map_or_else(TableCell::missing, |[low, high]| range_cell(low, high));
                push_cell(out, "alone", &range);
            }
            (Some((_, result)), _) => {
                let (amount, words) = self.amount_and_words(&result.alone);
                // Only what the page has tables for can follow its switch of amounts.
                let id = match toggle.refusal {
                    None => format!(" data-alone=\"{}\"", toggle.chosen.id()),
                    Some(_) => String::new(),
                };
                let _ = write!(
                    out,
                    "<td class=\"n\" data-label=\"alone\"{id} data-sort=\"{amount}\">\
                     <span class=\"amount\">{words}</span>"
                );
                if let Some(bands) = result.bands {
                    let band = bands.alone.headline_band(headline);
                    push_band(out, "tokens", &range_cell(band.p10, band.p90));
                    if comparison.has_dollars {
                        let cost = bands.alone.cost;
                        push_band(out, "money", &money_range_cell(cost.p10, cost.p90));
                    }
                }
                out.push_str("</td>");
            }
            // A toggle that waits for a number saves something between its bounds.
            (None, Some(bound)) => {
                let ends = [&bound.low, &bound.high].map(|end| headline.amount_in_saving(end));
                push_cell(out, "alone", &range_cell(ends[0], ends[1]));
            }
            (None, None) => push_cell(out, "alone", &TableCell::missing()),
        }
    }
}

/// What is claimed for a toggle, and what follows for that.
fn push_claim_cell(out: &mut String, toggle: &PageToggle<'_>) {
    let (word, tone) = verdict_and_tone(toggle);
    let class = html::cell_class(tone, Alignment::Left);
    let word = escape_html(word);
    let _ = write!(out, "<td{class} data-label=\"claim\">{word}");
    if let Some(claim) = claim_of_toggle(toggle) {
        let words = match (claim.is_direction, claim.saving.clone().into_inner()) {
            // A direction claims no amount.
            (true, _) => "that it saves".to_owned(),
            (false, (low, high)) if claim.is_of_counts() => {
                let ends = [low, high].map(CellValue::Count);
                format!("{} {}", ends_in_words(ends), claim.metric)
            }
            (false, (low, high)) => ends_in_words([low, high].map(CellValue::Tokens)),
        };
        let _ = write!(out, "<small>{}</small>", escape_html(&words));
    }
    out.push_str("</td>");
}

fn ends_in_words([low, high]: [CellValue; 2]) -> String {
    format::format_cell(&TableCell::from_range(low, high), NumberStyle::default())
}

/// Whether nothing is found for a toggle, nor claimed.
fn finds_nothing(toggle: &PageToggle<'_>) -> bool {
    let finds = toggle.bound.is_some() || toggle.result.is_some_and(|(_, result)| result.found > 0);
    toggle.refusal.is_some() && !finds && claim_of_toggle(toggle).is_none()
}

/// The toggles that find nothing, folded away.
fn idle_table(toggles: &[&PageToggle<'_>]) -> String {
    if toggles.is_empty() {
        return String::new();
    }
    let rows = toggles.iter().map(|toggle| {
        let reason = escape_html(toggle.refusal.as_deref().unwrap_or_default());
        format!("<tr class=\"off\">{}</th><td>{reason}</td></tr>\n", tick_cells(toggle, "disabled"))
    });
    format!(
        "<details class=\"idle\"><summary>{} fixes have no place here</summary>\n\
         <table class=\"toggles\" data-sortable>\n\
         <caption>Fixes that have no place here</caption>\n\
         <thead><tr><td></td><th scope=\"col\">fix</th><th scope=\"col\">why it cannot be ticked\
         </th></tr></thead>\n<tbody>\n{}</tbody></table></details>\n",
        toggles.len(),
        rows.collect::<String>()
    )
}

/// The box of a toggle and its name, in a cell that is still open.
fn tick_cells(toggle: &PageToggle<'_>, state: &str) -> String {
    let card = toggle.chosen.toggle.card();
    let (id, title) = (card.id, escape_html(card.title));
    format!(
        "<td class=\"tick\"><input type=\"checkbox\" id=\"t-{id}\" data-toggle=\"{id}\" {state}>\
         </td><th scope=\"row\"><label for=\"t-{id}\"><b>{id}</b> {title}</label>"
    )
}

fn verdict_and_tone(toggle: &PageToggle<'_>) -> (&'static str, Tone) {
    match (toggle.result, toggle.bound) {
        (Some((_, result)), _) => {
            (compare::toggle_verdict_word(result), compare::verdict_tone(result.verdict))
        }
        (None, Some(bound)) if bound.claim.is_some() => {
            (compare::bounds::bound_word(bound), compare::verdict_tone(bound.verdict))
        }
        (None, _) => ("", Tone::Plain),
    }
}

fn claim_of_toggle<'a>(toggle: &PageToggle<'a>) -> Option<&'a PublishedClaim> {
    match toggle.result {
        Some((_, result)) => result.claim.as_ref(),
        None => toggle.bound?.claim.as_ref(),
    }
}

/// What a row folds away: places, risk, time, parameters.
fn push_details(
    out: &mut String,
    (lookup, opening): (&SubsetLookup, ToggleSubset),
    toggle: &PageToggle<'_>,
    time: &TimeColumns<'_>,
) {
    let found = toggle
        .result
        .map_or(toggle.bound.map_or(0, |bound| bound.found), |(_, result)| result.found);
    let places = format::format_integer(found.into(), false);
    let risk = toggle.chosen.grade.risk;
    let _ = write!(
        out,
        "<details class=\"facts\"><summary>{places} {}, risk {risk} of 3</summary><small>",
        format::noun_for_count(found as usize, "place")
    );
    time.push_lines(out, (lookup, opening), toggle);
    out.push_str(&parameter_list(toggle.chosen));
    out.push_str("</small></details>");
}

/// The parameters of a toggle, each with its value and range.
fn parameter_list(chosen: &ChosenToggle) -> String {
    let card = chosen.toggle.card();
    let mut all = Vec::new();
    for (spec, range) in card.params.iter().zip(&chosen.ranges) {
        let value = if chosen.answered.contains(&spec.key) {
            "given by the source".to_owned()
        } else if chosen.unset.contains(&spec.key) {
            // Nobody has given it, and no source does.
            "?".to_owned()
        } else {
            parameter_amount(spec.unit, chosen.params.get(spec.key), true)
        };
        let between = if range.shape == RangeShape::Fixed {
            String::new()
        } else {
            let low = parameter_amount(spec.unit, range.low, false);
            format!(" <i>{low} to {}</i>", parameter_amount(spec.unit, range.high, true))
        };
        let (key, what) = (spec.key, escape_html(spec.what));
        all.push(format!("<span title=\"{what}\"><code>{key}</code> {value}{between}</span>"));
    }
    for (key, names) in chosen.params.name_lists().filter(|(_, names)| !names.is_empty()) {
        all.push(format!("<span><code>{key}</code> {}</span>", escape_html(&names.join(", "))));
    }
    all.concat()
}
