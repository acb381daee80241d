//! Bills by day, model, project and the like: what calls that have something in common cost.
//!
//! The rows add up to the totals of the summary, to the token and the pico-dollar: every call, and
//! everything that was billed with a session beyond its calls, is in one row.

use super::group_key::GroupKey;
use super::summary::RecordingTotals;
use crate::price::Pricing;
use crate::recording::{Recording, Remainder};
use std::collections::BTreeMap;

/// One row: the values of the keys, and what belongs to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillGroup {
    /// Values in the order of the keys; empty for what the record does not say.
    pub values: Vec<String>,
    /// Sessions of which something is in the row.
    pub sessions: i64,
    /// What they add up to.
    pub totals: RecordingTotals,
}

/// A row that still grows.
#[derive(Default)]
struct GrowingGroup {
    group: BillGroup,
    last_session: Option<usize>,
}

impl GrowingGroup {
    fn count_session(&mut self, session: usize) {
        // Sessions come one after the other.
        if self.last_session.replace(session) != Some(session) {
            self.group.sessions += 1;
        }
    }
}

/// The bills of all calls that have the same values, days in their order, all else dearest first.
/// `zone_ms` is how far days are ahead of those of UTC.
#[must_use]
pub fn bill_groups(
    recording: &Recording,
    keys: &[GroupKey],
    zone_ms: i64,
    pricing: &Pricing,
) -> Vec<BillGroup> {
    let mut prices = pricing.start_resolver();
    let mut groups: BTreeMap<Vec<String>, GrowingGroup> = BTreeMap::new();
    let mut rests: Vec<&Remainder> = recording.remainders.iter().collect();
    rests.sort_by_key(|rest| rest.session);
    for (index, session) in recording.sessions.iter().enumerate() {
        for at in session.call_range() {
            let call = &recording.calls[at];
            let values = keys.iter().map(|key| key.value_of_call(recording, at, zone_ms));
            let row = groups.entry(values.collect()).or_default();
            row.count_session(index);
            row.group.totals.add_call(&mut prices, recording, call);
        }
        let last = session.call_range().last();
        // Sorted by session: those of one are neighbours.
        let first_rest = rests.partition_point(|rest| (rest.session as usize) < index);
        let own = rests[first_rest..].iter().take_while(|rest| rest.session as usize == index);
        for rest in own {
            let values =
                keys.iter().map(|key| value_of_rest(*key, recording, (rest, last), zone_ms));
            let row = groups.entry(values.collect()).or_default();
            row.count_session(index);
            // A remainder has no time: it is priced as of the session's last call.
            let last_ms = last.map(|at| recording.calls[at].start_ms);
            row.group.totals.add_remainder(&mut prices, recording, (rest, last_ms));
        }
    }
    let mut rows: Vec<BillGroup> =
        groups.into_iter().map(|(values, row)| BillGroup { values, ..row.group }).collect();
    // They stand in the order of their values, which settles ties. Days are read as a calendar.
    if keys.first() != Some(&GroupKey::Day) {
        rows.sort_by_key(|BillGroup { totals, .. }| {
            (-totals.cost().unwrap_or_default().0, -totals.usage.context_tokens())
        });
    }
    rows
}

/// Where something belongs that was billed with a session and no call: to the session's last call,
/// but for the model, which it names itself, and for what only a call says of itself.
fn value_of_rest(
    key: GroupKey,
    recording: &Recording,
    (rest, last): (&Remainder, Option<usize>),
    zone_ms: i64,
) -> String {
    let session = &recording.sessions[rest.session as usize];
    match (key, last) {
        (GroupKey::Model, _) => recording.model_name(rest.model).to_owned(),
        (GroupKey::Skill | GroupKey::Server, _) => String::new(),
        (_, Some(last)) => key.value_of_call(recording, last, zone_ms),
        // A session of totals alone: nothing but its own names.
        (GroupKey::Project, None) => session.project().to_owned(),
        (GroupKey::Pipeline, None) => session.pipeline.clone(),
        (GroupKey::Step, None) => session.step.clone(),
        (GroupKey::Session, None) => session.id.clone(),
        (GroupKey::Version, None) => session.version.clone(),
        (GroupKey::Source, None) => recording.source_of_session(session).to_owned(),
        (_, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ModelId;
    use crate::reconstruct::{Lens, builtin_names, builtin_pipeline, reconstruct};
    use crate::recording::PriceModifiers;
    use crate::study::inspect::summary::summarise_recording;
    use crate::units::Usage;

    #[test]
    fn rows_add_up_to_the_summary_whatever_they_are_grouped_by() {
        for name in builtin_names().filter_map(builtin_pipeline) {
            let mut recording = reconstruct(&name, Lens::Message).expect("fits").recording;
            // What was billed with a session beyond its calls, at another price.
            recording.remainders.push(Remainder {
                session: 1,
                model: ModelId::default(),
                usage: Usage { output: 7, read: 1_000, ..Usage::default() },
                why: String::new(),
                modifiers: PriceModifiers::BATCH,
            });
            let pricing = Pricing::embedded();
            let totals = summarise_recording(&recording, &[], &pricing).totals;
            let calls: Vec<GroupKey> = GroupKey::NAMED.iter().map(|(key, _)| *key).collect();
            for keys in calls.iter().map(std::slice::from_ref).chain([&calls[..], &[]]) {
                let rows = bill_groups(&recording, keys, 7_200_000, &pricing);
                let usage: Usage = rows.iter().map(|row| row.totals.usage).sum();
                assert_eq!(usage, totals.usage, "{keys:?}");
                assert_eq!(rows.iter().map(|row| row.totals.calls).sum::<i64>(), totals.calls);
                let hidden: i64 = rows.iter().map(|row| row.totals.hidden_output).sum();
                assert_eq!(hidden, totals.hidden_output);
                let cost = rows.iter().filter_map(|row| row.totals.cost()).reduce(|a, b| a + b);
                assert_eq!(cost, totals.cost(), "{keys:?}");
            }
        }
    }
}
