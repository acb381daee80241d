//! Published numbers of calls, each with the unit that it was counted in.
//!
//! A source that counts the records of its transcripts calls them "API calls" as one that counts
//! responses does. So every such number says what it counts (`183 records`, `54 calls`), or names
//! the open fact that decides: `22 poll-unit`, where that unknown is a chance, are calls with this
//! chance; `9 site-share`, where it is a share, are records of which this share is calls. One rule
//! makes calls of all of them.

use super::figure::{BadFigure, Figure};
use super::unknown::UnknownUnit;
use crate::units::{BASIS_POINTS, scale_by_ratio, share_of};
use serde::Deserialize;
use std::ops::Deref;

/// The median of records per call in hundredths. Source: MODEL.md, "Laws" L1.
pub(crate) const RECORDS_PER_CALL_HUNDREDTHS: i64 = 199;

/// What a number of calls counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TallyUnit {
    /// Transcript records, several of which make a call.
    Records,
    /// Calls.
    Calls,
    /// What an unknown says, records as long as it says nothing: its id.
    Open(String),
}

/// A published number of calls and its unit; without a word beside it calls are counted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CallTally {
    /// The number as published.
    pub figure: Figure,
    /// What it counts.
    pub unit: TallyUnit,
}

impl CallTally {
    /// So many `times` its number as calls, in a session or pipeline that made `calls` calls of
    /// `records` records; `unknown` is the value of an open fact.
    pub(super) fn in_calls(
        &self,
        times: i64,
        (calls, records): (i64, i64),
        unknown: impl Fn(&str) -> Option<(UnknownUnit, i64)>,
    ) -> i64 {
        // Multiplied before anything is rounded.
        let counted = self.figure.value() * times;
        let scaled = scale_by_ratio(counted, calls, records.max(1));
        let open = match &self.unit {
            TallyUnit::Records => None,
            TallyUnit::Calls => return counted,
            TallyUnit::Open(fact) => unknown(fact),
        };
        match open {
            // Where every record is a call there is nothing to share.
            Some((UnknownUnit::Share, share_bp)) if calls < records => share_of(counted, share_bp),
            // The expected number: a draw has one of the two, because its chance is all or nothing.
            Some((UnknownUnit::Chance, chance_bp)) => {
                scaled + share_of(counted - scaled, chance_bp.clamp(0, BASIS_POINTS))
            }
            _ => scaled,
        }
    }
}

impl Deref for CallTally {
    type Target = Figure;
    fn deref(&self) -> &Figure {
        &self.figure
    }
}

impl TryFrom<String> for CallTally {
    type Error = BadFigure;
    fn try_from(text: String) -> Result<Self, BadFigure> {
        // A blank may stand before a unit, too: what is a figure as a whole has no word beside it.
        if let Ok(figure) = Figure::parse(&text) {
            return Ok(Self { figure, unit: TallyUnit::Calls });
        }
        let (figure, word) = text.rsplit_once(' ').unwrap_or((&text, ""));
        let unit = match word {
            "records" => TallyUnit::Records,
            "calls" => TallyUnit::Calls,
            fact => TallyUnit::Open(fact.to_owned()),
        };
        Ok(Self { figure: Figure::parse(figure)?, unit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, chance_bp: i64, calls: i64) {
        let tally = CallTally::try_from(text.to_owned()).expect(text);
        let in_calls = |of, unit| tally.in_calls(1, of, |_| Some((unit, chance_bp)));
        assert_eq!(in_calls((54, 102), UnknownUnit::Chance), calls, "{text} at {chance_bp}");
        if let TallyUnit::Open(_) = tally.unit {
            let share = share_of(22, chance_bp);
            assert_eq!(in_calls((54, 102), UnknownUnit::Share), share, "{text} at {chance_bp}");
            assert_eq!(in_calls((102, 102), UnknownUnit::Share), 22, "{text}");
        }
    }

    #[test]
    fn one_rule_makes_calls_of_every_count() {
        check("22", 10_000, 22);
        check("1 k", 0, 1_000);
        check("22 records", 10_000, 12);
        check("22 calls", 0, 22);
        check("22 poll-unit", 0, 12);
        check("22 poll-unit", 10_000, 22);
        check("22 poll-unit", 2_500, 15);
        assert!(CallTally::try_from("many calls".to_owned()).is_err());
    }
}
