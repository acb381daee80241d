//! The table of toggles that can be ticked.

use super::{Paged, Toggle};
use crate::intervene::{Shape, Unit};
use crate::report::format::{self, Figures};
use crate::report::html::escape;
use crate::report::view::{Cell, Tone, Value};
use crate::scenario::Chosen;
use std::fmt::Write as _;

impl Paged<'_> {
    /// The table, a row a toggle.
    pub(super) fn toggle_table(&self, toggles: &[Toggle<'_>]) -> String {
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
        for toggle in toggles {
            out.push_str(&self.row(toggle, has_bands, has_claims));
        }
        let _ = write!(
            out,
            "</tbody></table>\n<p class=\"note\">alone: {noun} saved with no other toggle on; \
             adds: what it adds to the set that is ticked, or would add; effort in points of about \
             half a day, risk 1 to 3</p>\n"
        );
        out
    }

    fn row(&self, toggle: &Toggle<'_>, has_bands: bool, has_claims: bool) -> String {
        let headline = self.full.shown.comparison.headline;
        let card = toggle.chosen.toggle.card();
        let id = card.id;
        let (class, state) =
            if toggle.refused.is_some() { (" class=\"off\"", "disabled") } else { ("", "checked") };
        let mut out = format!(
            "<tr{class}><td class=\"tick\"><input type=\"checkbox\" id=\"t-{id}\" \
             data-toggle=\"{id}\" {state}></td><th scope=\"row\"><label for=\"t-{id}\"><b>{id}</b> \
             {}</label>{}",
            escape(card.title),
            params(toggle.chosen)
        );
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
        if toggle.refused.is_none() {
            let _ =
                write!(out, "<td class=\"n adds\" data-label=\"adds\" data-adds=\"{id}\"></td>");
        } else {
            cell(&mut out, "adds", &Cell::missing());
        }
        if has_bands {
            let bands = result.and_then(|result| result.bands);
            let band = bands.map(|bands| bands.alone.of(headline));
            let band = band.map_or_else(Cell::missing, |band| range(band.p10, band.p90));
            cell(&mut out, "alone, P10 to P90", &band);
        }
        if has_claims {
            let claim = claim_of(toggle);
            let claimed = claim.map_or_else(Cell::missing, |(low, high)| range(low, high));
            cell(&mut out, "claimed", &claimed);
            let (word, tone) = result.map_or(("", Tone::Plain), |result| verdict(result));
            let class = match tone {
                Tone::Good => " class=\"good\"",
                Tone::Bad => " class=\"bad\"",
                _ => " class=\"muted\"",
            };
            let _ = write!(out, "<td{class} data-label=\"verdict\">{}</td>", escape(word));
        }
        out.push_str("</tr>\n");
        out
    }
}

fn verdict(result: &crate::study::compare::ToggleResult) -> (&'static str, Tone) {
    let tone = super::super::compare::tone(result.verdict);
    (super::super::compare::verdict_words(result), tone)
}

fn claim_of(toggle: &Toggle<'_>) -> Option<(i64, i64)> {
    let (_, result) = toggle.result?;
    let claim = result.claim.as_ref().or(toggle.bound.and_then(|bound| bound.claim.as_ref()))?;
    (!claim.is_direction).then(|| (*claim.saving.start(), *claim.saving.end()))
}

fn range(a: i64, b: i64) -> Cell {
    Cell::range(Value::Tokens(a.min(b)), Value::Tokens(a.max(b)))
}

fn cell(out: &mut String, label: &str, cell: &Cell) {
    use crate::report::view::Content;
    let sort = match &cell.content {
        Content::Missing => String::new(),
        Content::One(value) | Content::Range(value, _) => format::raw(value),
    };
    let words = format::cell(cell, Figures::default());
    // Of a range each end stays on one line.
    let ends: Vec<String> =
        words.split(" to ").map(|end| format!("<span>{}</span>", escape(end))).collect();
    let words = ends.join(" to ");
    let _ = write!(out, "<td class=\"n\" data-label=\"{label}\" data-sort=\"{sort}\">{words}</td>");
}

/// The parameters of a toggle, each with its value and range.
fn params(chosen: &Chosen) -> String {
    let card = chosen.toggle.card();
    let mut all = Vec::new();
    for (spec, range) in card.params.iter().zip(&chosen.ranges) {
        let value = if chosen.unset.contains(&spec.key) {
            "?".to_owned()
        } else {
            amount(spec.unit, chosen.params.get(spec.key))
        };
        let between = if range.shape == Shape::Fixed {
            String::new()
        } else {
            let low = amount(spec.unit, range.low);
            let low = low.trim_end_matches(" tokens").trim_end_matches(" %");
            format!(" <i>{low} to {}</i>", amount(spec.unit, range.high))
        };
        let (key, what) = (spec.key, escape(spec.what));
        all.push(format!("<span title=\"{what}\"><code>{key}</code> {value}{between}</span>"));
    }
    for (key, names) in chosen.params.texts().filter(|(_, names)| !names.is_empty()) {
        all.push(format!("<span><code>{key}</code> {}</span>", escape(&names.join(", "))));
    }
    if all.is_empty() { String::new() } else { format!("<small>{}</small>", all.concat()) }
}

fn amount(unit: Unit, value: i64) -> String {
    match unit {
        Unit::Tokens => format!("{} tokens", format::integer(value, false)),
        Unit::Count => format::integer(value, false),
        Unit::BasisPoints => format::share(value, Figures::default()),
        Unit::Milliseconds => format::duration(value, Figures::default()),
    }
}
