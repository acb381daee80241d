//! The table of toggles that can be ticked.

use super::super::{compare, parameter};
use super::{Paged, Toggle};
use crate::intervene::{Shape, Unit};
use crate::report::format::{self, Figures};
use crate::report::html::{self, escape};
use crate::report::view::{Align, Cell, Tone, Value};
use crate::scenario::Chosen;
use crate::study::kept::Kept;
use crate::study::published::PublishedClaim;
use std::fmt::Write as _;

impl Paged<'_> {
    /// The table, a row a toggle.
    pub(super) fn toggle_table(&self, kept: &Kept, toggles: &[Toggle<'_>]) -> String {
        let comparison = self.full.shown.comparison;
        let noun = comparison.headline.noun();
        let has_claims = toggles.iter().any(|toggle| claim_of(toggle).is_some());
        let has_bands = comparison.uncertainty.is_some();
        let mut out = format!(
            "<table class=\"toggles\" data-sortable>\n<caption>Saved {}, each toggle</caption>\n\
             <thead><tr><td></td><th scope=\"col\">toggle</th><th scope=\"col\" class=\"n\">found\
             </th><th scope=\"col\" class=\"n\">effort</th><th scope=\"col\" class=\"n\">risk</th>\
             <th scope=\"col\" class=\"n\">alone</th><th scope=\"col\" class=\"n\">adds</th>",
            comparison.headline.words()
        );
        if has_bands {
            out.push_str("<th scope=\"col\" class=\"n\">alone, P10 to P90</th>");
        }
        if has_claims {
            out.push_str(
                "<th scope=\"col\" class=\"n\">claimed</th><th scope=\"col\">verdict</th>",
            );
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        let (idle, shown): (Vec<&Toggle<'_>>, Vec<_>) =
            toggles.iter().partition(|one| is_idle(one));
        for toggle in shown {
            out.push_str(&self.row(kept, toggle, (has_bands, has_claims)));
        }
        let _ = write!(
            out,
            "</tbody></table>\n<p class=\"note\">alone: {noun} saved with no other toggle on; \
             adds: what it adds to the set that is ticked, or would add; effort in points of about \
             half a day, risk 1 to 3</p>\n{}",
            idle_table(&idle)
        );
        out
    }

    fn row(&self, kept: &Kept, toggle: &Toggle<'_>, has: (bool, bool)) -> String {
        let (has_bands, has_claims) = has;
        let headline = self.full.shown.comparison.headline;
        let id = toggle.chosen.id();
        let (class, state) =
            if toggle.refused.is_some() { (" class=\"off\"", "disabled") } else { ("", "checked") };
        let mut out = format!("<tr{class}>{}{}", tick(toggle, state), params(toggle.chosen));
        if let Some(reason) = &toggle.refused {
            let _ = write!(out, "<small class=\"why\">{}</small>", escape(reason));
        }
        out.push_str("</th>");
        let result = toggle.result.map(|(_, result)| result);
        let found = result.map_or(toggle.bound.map_or(0, |it| it.found), |it| it.found);
        let grade = toggle.chosen.grade;
        cell(&mut out, "found", &Cell::count(i64::from(found)));
        cell(&mut out, "effort", &Cell::count(i64::from(grade.effort)));
        cell(&mut out, "risk", &Cell::count(i64::from(grade.risk)));
        let alone = match (result, toggle.bound) {
            (Some(result), _) => Cell::tokens(headline.of(&result.alone)),
            (None, Some(bound)) => range(headline.of(&bound.low), headline.of(&bound.high)),
            (None, None) => Cell::missing(),
        };
        cell(&mut out, "alone", &alone);
        match toggle.result {
            Some((bit, _)) if toggle.refused.is_none() => {
                let without = kept.lattice.saving(kept.bits & !(1 << bit));
                let adds = headline.of(&(kept.lattice.saving(kept.bits) - without));
                let words = format::tokens(adds, false);
                let _ = write!(
                    out,
                    "<td class=\"n adds\" data-label=\"adds\" data-adds=\"{id}\" \
                     data-value=\"{adds}\">{words}</td>"
                );
            }
            _ => cell(&mut out, "adds", &Cell::missing()),
        }
        if has_bands {
            let bands = result.and_then(|result| result.bands);
            let band = bands.map(|bands| bands.alone.of(headline));
            let band = band.map_or_else(Cell::missing, |band| range(band.p10, band.p90));
            cell(&mut out, "alone, P10 to P90", &band);
        }
        if has_claims {
            let claimed = claim_of(toggle).map_or_else(Cell::missing, |claim| {
                match (claim.is_direction, claim.saving.clone().into_inner()) {
                    (true, _) => Cell::text("that it falls"),
                    (false, (low, high)) => range(low, high),
                }
            });
            cell(&mut out, "claimed", &claimed);
            let (word, tone) = verdict(toggle);
            let class = html::classes(tone, Align::Left);
            let _ = write!(out, "<td{class} data-label=\"verdict\">{}</td>", escape(word));
        }
        out.push_str("</tr>\n");
        out
    }
}

/// Whether nothing is found for a toggle, nor claimed.
fn is_idle(toggle: &Toggle<'_>) -> bool {
    let finds = toggle.bound.is_some() || toggle.result.is_some_and(|(_, result)| result.found > 0);
    toggle.refused.is_some() && !finds && claim_of(toggle).is_none()
}

/// The toggles that find nothing, folded away.
fn idle_table(toggles: &[&Toggle<'_>]) -> String {
    if toggles.is_empty() {
        return String::new();
    }
    let rows = toggles.iter().map(|toggle| {
        let reason = escape(toggle.refused.as_deref().unwrap_or_default());
        format!("<tr class=\"off\">{}</th><td>{reason}</td></tr>\n", tick(toggle, "disabled"))
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
fn tick(toggle: &Toggle<'_>, state: &str) -> String {
    let card = toggle.chosen.toggle.card();
    let (id, title) = (card.id, escape(card.title));
    format!(
        "<td class=\"tick\"><input type=\"checkbox\" id=\"t-{id}\" data-toggle=\"{id}\" {state}>\
         </td><th scope=\"row\"><label for=\"t-{id}\"><b>{id}</b> {title}</label>"
    )
}

fn verdict(toggle: &Toggle<'_>) -> (&'static str, Tone) {
    match (toggle.result, toggle.bound) {
        (Some((_, result)), _) => (compare::verdict_words(result), compare::tone(result.verdict)),
        (None, Some(bound)) if bound.claim.is_some() => {
            (compare::bounds::bound_word(bound), compare::tone(bound.verdict))
        }
        (None, _) => ("", Tone::Plain),
    }
}

fn claim_of<'a>(toggle: &Toggle<'a>) -> Option<&'a PublishedClaim> {
    match toggle.result {
        Some((_, result)) => result.claim.as_ref(),
        None => toggle.bound?.claim.as_ref(),
    }
}

fn range(a: i64, b: i64) -> Cell {
    Cell::range(Value::Tokens(a.min(b)), Value::Tokens(a.max(b)))
}

fn cell(out: &mut String, label: &str, cell: &Cell) {
    let sort = html::sort_key(cell);
    let words = format::cell(cell, Figures::default());
    // Of a range each end stays on one line.
    let ends: Vec<String> =
        words.split(" to ").map(|end| format!("<span>{}</span>", escape(end))).collect();
    let words = ends.join(" to ");
    let _ = write!(out, "<td class=\"n\" data-label=\"{label}\"{sort}>{words}</td>");
}

/// The parameters of a toggle, each with its value and range.
fn params(chosen: &Chosen) -> String {
    let card = chosen.toggle.card();
    let mut all = Vec::new();
    for (spec, range) in card.params.iter().zip(&chosen.ranges) {
        let value = if chosen.unset.contains(&spec.key) {
            "?".to_owned()
        } else {
            amount(spec.unit, chosen.params.get(spec.key), true)
        };
        let between = if range.shape == Shape::Fixed {
            String::new()
        } else {
            let low = amount(spec.unit, range.low, false);
            format!(" <i>{low} to {}</i>", amount(spec.unit, range.high, true))
        };
        let (key, what) = (spec.key, escape(spec.what));
        all.push(format!("<span title=\"{what}\"><code>{key}</code> {value}{between}</span>"));
    }
    for (key, names) in chosen.params.texts().filter(|(_, names)| !names.is_empty()) {
        all.push(format!("<span><code>{key}</code> {}</span>", escape(&names.join(", "))));
    }
    if all.is_empty() { String::new() } else { format!("<small>{}</small>", all.concat()) }
}

fn amount(unit: Unit, value: i64, says_unit: bool) -> String {
    let words = format::value(
        &parameter(unit, value),
        Figures { signed: false, exact: unit == Unit::Tokens },
    );
    match unit {
        Unit::Tokens if says_unit => format!("{words} tokens"),
        _ => words,
    }
}
