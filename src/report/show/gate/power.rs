//! What the gate can find: how large a growth must be, with so many recordings a side.

use super::bp;
use crate::recording::name_of;
use crate::report::format;
use crate::report::json::{self, Share};
use crate::report::{Cell, Column, Document, Section, Value, View};
use crate::study::gate::power::{
    FOUND, Found, GROWTHS_BP, How, Power, RECORDINGS, SESSIONS, TIMES,
};
use serde::Serialize;

/// Recordings a side whose power curves are shown; those of the others are in the JSON.
const CURVES_OF: usize = 5;

/// The power of some metrics and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct ShownPower<'a> {
    /// Metric by metric.
    pub powers: &'a [Power],
    /// Where the numbers come from, a line each.
    pub sources: &'a [String],
}

#[derive(Serialize)]
struct Body<'a> {
    metrics: Vec<PowerJson>,
    sources: &'a [String],
}

#[derive(Serialize)]
struct PowerJson {
    metric: String,
    sessions: usize,
    spread: Share,
    spread_within: Option<Share>,
    found: Vec<FoundJson>,
}

#[derive(Serialize)]
struct FoundJson {
    sides: &'static str,
    sessions: usize,
    recordings: usize,
    growth: Share,
    share: Share,
}

impl ShownPower<'_> {
    /// For people: the smallest growth that is found, by recordings a side.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = Document::new("");
        for power in self.powers {
            let mut columns = vec![Column::text("both sides"), Column::count("sessions each")];
            columns.extend(RECORDINGS.map(|count| Column::share(format!("{count} a side"))));
            let title = format!("The smallest growth of {} that is found", power.noise.metric);
            let mut view = View::new(title, columns);
            for (how, name) in How::NAMED {
                for sessions in SESSIONS {
                    let found = RECORDINGS.map(|count| power.smallest(how, sessions, count));
                    let mut cells = vec![Cell::text(name), Cell::count(sessions as i64)];
                    cells.extend(found.map(|bp| bp.map_or_else(Cell::missing, Cell::share)));
                    view.row(cells);
                }
            }
            let number = |of: f64| format::number((of * 1_000.0).round() as i64, false);
            let noise = &power.noise;
            let within = noise.within.map_or_else(String::new, |within| {
                format!(", within their recordings by {}", number(within))
            });
            view.footnote(format!(
                "found in {} of {TIMES} comparisons or more; drawn from {} sessions, whose \
                 logarithms deviate by {}{within}",
                (FOUND * f64::from(TIMES)).round(),
                noise.sessions,
                number(noise.spread)
            ));
            document.section(Section::new("").table(view).table(curves(power)));
        }
        for line in self.sources {
            document.source(line);
        }
        document
    }

    /// For programs: every growth, and in which share of the comparisons it is found.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        let found = |one: &Found| FoundJson {
            sides: name_of(&How::NAMED, one.how),
            sessions: one.sessions,
            recordings: one.recordings,
            growth: Share(one.growth_bp),
            share: Share(bp(one.share)),
        };
        let metrics = self.powers.iter().map(|power| PowerJson {
            metric: power.noise.metric.to_string(),
            sessions: power.noise.sessions,
            spread: Share(bp(power.noise.spread)),
            spread_within: power.noise.within.map(|within| Share(bp(within))),
            found: power.found.iter().map(found).collect(),
        });
        let body = Body { metrics: metrics.collect(), sources: self.sources };
        json::document("gate-power", 1, &body)
    }
}

/// The share of comparisons in which each growth is found, a row a curve.
fn curves(power: &Power) -> View {
    let mut columns = vec![Column::text("both sides"), Column::count("sessions each")];
    columns.extend(GROWTHS_BP.map(|bp| Column::share(format::short(&Value::Share(bp)))));
    let metric = power.noise.metric;
    let title = format!("How often a growth of {metric} is found, {CURVES_OF} a side");
    let mut view = View::new(title, columns);
    for (how, name) in How::NAMED {
        for sessions in SESSIONS {
            let share = |bp| power.share(how, sessions, CURVES_OF, bp);
            let mut cells = vec![Cell::text(name), Cell::count(sessions as i64)];
            cells.extend(GROWTHS_BP.map(|growth| {
                share(growth).map_or_else(Cell::missing, |share| Cell::share(bp(share)))
            }));
            view.row(cells);
        }
    }
    view
}
