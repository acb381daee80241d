//! The table of toggles that can be ticked.

use super::super::{compare, parameter_value};
use super::page_sums::ClockSum;
use super::time_columns::TimeColumns;
use super::toggle_cells::{push_cell, range_cell};
use super::{PageSource, PageToggle};
use crate::intervene::{ParamUnit, RangeShape};
use crate::report::format::{self, NumberStyle};
use crate::report::html::{self, escape_html};
use crate::report::view::{Alignment, TableCell, Tone};
use crate::scenario::ChosenToggle;
use crate::study::whatif::published_claims::PublishedClaim;
use crate::study::whatif::subset_lookup::SubsetLookup;
use std::fmt::Write as _;

impl PageSource<'_> {
    /// The table, a row a toggle.
    pub(super) fn toggle_table_html(
        &self,
        lookup: &SubsetLookup,
        toggles: &[PageToggle<'_>],
        clock: Option<&ClockSum>,
    ) -> String {
        let comparison = self.report.comparison_report.comparison;
        let noun = comparison.headline.column_noun();
        let has_claims = toggles.iter().any(|toggle| claim_of_toggle(toggle).is_some());
        let has_bands = comparison.uncertainty.is_some();
        let mut out = format!(
            "<table class=\"toggles\" data-sortable>\n<caption>Saved {}, each toggle</caption>\n\
             <thead><tr><td></td><th scope=\"col\">toggle</th><th scope=\"col\" class=\"n\">found\
             </th><th scope=\"col\" class=\"n\">effort</th><th scope=\"col\" class=\"n\">risk</th>\
             <th scope=\"col\" class=\"n\">alone</th><th scope=\"col\" class=\"n\">adds</th>",
            comparison.headline.sentence_words()
        );
        let time = self.time_columns(clock);
        for heading in time.headings() {
            let _ = write!(out, "<th scope=\"col\" class=\"n\">{heading}</th>");
        }
        if has_bands {
            out.push_str("<th scope=\"col\" class=\"n\">alone, P10 to P90</th>");
        }
        if has_claims {
            out.push_str(
                "<th scope=\"col\" class=\"n\">claimed</th><th scope=\"col\">verdict</th>",
            );
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        let (idle, shown): (Vec<&PageToggle<'_>>, Vec<_>) =
            toggles.iter().partition(|one| finds_nothing(one));
        for toggle in shown {
            out.push_str(&self.toggle_row(lookup, toggle, &time, (has_bands, has_claims)));
        }
        let _ = write!(
            out,
            "</tbody></table>\n<p class=\"note\">alone: {noun} saved with no other toggle on; \
             adds: what it adds to the set that is ticked, or would add; effort in points of about \
             half a day, risk 1 to 3{}</p>\n{}",
            time.note(),
            idle_table(&idle)
        );
        out
    }

    fn toggle_row(
        &self,
        lookup: &SubsetLookup,
        toggle: &PageToggle<'_>,
        time: &TimeColumns<'_>,
        has: (bool, bool),
    ) -> String {
        let (has_bands, has_claims) = has;
        let headline = self.report.comparison_report.comparison.headline;
        let id = toggle.chosen.id();
        let (class, state) =
            if toggle.refusal.is_some() { (" class=\"off\"", "disabled") } else { ("", "checked") };
        let mut out =
            format!("<tr{class}>{}{}", tick_cells(toggle, state), parameter_list(toggle.chosen));
        if let Some(reason) = &toggle.refusal {
            let _ = write!(out, "<small class=\"why\">{}</small>", escape_html(reason));
        }
        out.push_str("</th>");
        let result = toggle.result.map(|(_, result)| result);
        let found = result.map_or(toggle.bound.map_or(0, |it| it.found), |it| it.found);
        let grade = toggle.chosen.grade;
        push_cell(&mut out, "found", &TableCell::count(i64::from(found)));
        push_cell(&mut out, "effort", &TableCell::count(i64::from(grade.effort)));
        push_cell(&mut out, "risk", &TableCell::count(i64::from(grade.risk)));
        push_cell(&mut out, "alone", &self.alone_cell(toggle));
        match toggle.result {
            Some((bit, _)) if toggle.refusal.is_none() => {
                // At first everything that can be is ticked: a toggle adds what would be missing
                // without it.
                let without = lookup.lattice.saving_of_subset(lookup.bits & !(1 << bit));
                let adds = headline
                    .amount_in_saving(&(lookup.lattice.saving_of_subset(lookup.bits) - without));
                let words = format::format_tokens(adds, false);
                let _ = write!(
                    out,
                    "<td class=\"n adds\" data-label=\"adds\" data-adds=\"{id}\" \
                     data-value=\"{adds}\">{words}</td>"
                );
            }
            _ => push_cell(&mut out, "adds", &TableCell::missing()),
        }
        time.push_cells(&mut out, lookup, toggle);
        if has_bands {
            let bands = result.filter(|result| !result.is_beside).and_then(|result| result.bands);
            let band = bands.map(|bands| bands.alone.headline_band(headline));
            let band = band.map_or_else(TableCell::missing, |band| range_cell(band.p10, band.p90));
            push_cell(&mut out, "alone, P10 to P90", &band);
        }
        if has_claims {
            push_claim_cells(&mut out, toggle);
        }
        out.push_str("</tr>\n");
        out
    }

    /// What a toggle saves alone.
    fn alone_cell(&self, toggle: &PageToggle<'_>) -> TableCell {
        let comparison = self.report.comparison_report.comparison;
        let headline = comparison.headline;
        // Saved of an orchestrator is a range, for nobody tells how its figures were counted.
        let orchestrator = comparison.whole.as_ref().map(|whole| &whole.orchestrator);
        let of_orchestrator = |id| Some(orchestrator?.saved_alone(id)?.into());
        match (toggle.result, toggle.bound) {
            (Some((_, result)), _) if result.is_beside => of_orchestrator(result.id)
                .map_or_else(TableCell::missing, |(low, high)| range_cell(low, high)),
            (Some((_, result)), _) => TableCell::tokens(headline.amount_in_saving(&result.alone)),
            // A toggle that waits for a number saves something between its bounds.
            (None, Some(bound)) => range_cell(
                headline.amount_in_saving(&bound.low),
                headline.amount_in_saving(&bound.high),
            ),
            (None, None) => TableCell::missing(),
        }
    }
}

/// What is claimed for a toggle, and what follows for that.
fn push_claim_cells(out: &mut String, toggle: &PageToggle<'_>) {
    let claimed = claim_of_toggle(toggle).map_or_else(TableCell::missing, |claim| {
        match (claim.is_direction, claim.saving.clone().into_inner()) {
            (true, _) => TableCell::text("that it falls"),
            (false, (low, high)) => range_cell(low, high),
        }
    });
    push_cell(out, "claimed", &claimed);
    let (word, tone) = verdict_and_tone(toggle);
    let class = html::cell_class(tone, Alignment::Left);
    let _ = write!(out, "<td{class} data-label=\"verdict\">{}</td>", escape_html(word));
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
        "<details class=\"idle\"><summary>{} toggles that find nothing here</summary>\n\
         <table class=\"toggles\" data-sortable>\n\
         <caption>Toggles that find nothing here</caption>\n\
         <thead><tr><td></td><th scope=\"col\">toggle</th><th scope=\"col\">why it cannot be ticked\
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

/// The parameters of a toggle, each with its value and range.
fn parameter_list(chosen: &ChosenToggle) -> String {
    let card = chosen.toggle.card();
    let mut all = Vec::new();
    for (spec, range) in card.params.iter().zip(&chosen.ranges) {
        let value = if chosen.answered.contains(&spec.key) {
            "told".to_owned()
        } else if chosen.unset.contains(&spec.key) {
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
    if all.is_empty() { String::new() } else { format!("<small>{}</small>", all.concat()) }
}

fn parameter_amount(unit: ParamUnit, value: i64, says_unit: bool) -> String {
    let words = format::format_value(
        &parameter_value(unit, value),
        NumberStyle { exact: unit == ParamUnit::Tokens, ..NumberStyle::default() },
    );
    match unit {
        ParamUnit::Tokens if says_unit => format!("{words} tokens"),
        _ => words,
    }
}
