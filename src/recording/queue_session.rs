//! Sessions of a queue of requests: what each was started for.
//!
//! A queue starts sessions by packets of their own kind. The packet's source holds the reasons,
//! with `+` between them; its root is the request. What nobody told about any session of the queue
//! stands as a reason with a question mark.

use super::Packet;
use crate::kinds::value_of_name;

/// The kind of packet that starts a session of a queue.
pub(crate) const QUEUE_KIND: &str = "QUEUE_SESSION";

/// What stands between reasons.
const BETWEEN: char = '+';

crate::kinds::named_values! {
    /// Why a session of a queue was started, or what is not known about that.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum QueueReason {
        /// The request is new.
        Arrival = "arrival",
        /// A check of it fails.
        FailingCheck = "failing-check",
        /// A reviewer asks for changes.
        ChangesRequested = "changes-requested",
        /// It cannot be merged.
        Conflict = "conflict",
        /// Its text no longer tells what it does.
        StaleText = "stale-text",
        /// An owner said something.
        Owner = "owner",
        /// Nothing but its turn.
        Routine = "routine",
        /// Its candidate stands in the ledger already.
        Duplicate = "duplicate",
        /// Its scope was closed.
        ClosedScope = "closed-scope",
        /// An action that was denied.
        Denied = "denied",
        /// An action that had been denied before.
        DeniedAgain = "denied-again",
        /// Which sessions a signal started is not told.
        SignalUntold = "signal?",
        /// Which sessions were for a duplicate is not told.
        DuplicateUntold = "duplicate?",
        /// Which requests had their scope closed is not told.
        ScopeUntold = "scope?",
        /// How often denied actions were tried is not told.
        DenialUntold = "denial?",
        /// What part of a session is search is not told.
        SearchUntold = "search?",
    }
}

/// The reasons of one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct QueueReasons(u32);

impl QueueReasons {
    /// Whether one is among them.
    #[must_use]
    pub(crate) fn contains(self, reason: QueueReason) -> bool {
        self.0 & 1 << reason as u32 != 0
    }
}

impl FromIterator<QueueReason> for QueueReasons {
    fn from_iter<I: IntoIterator<Item = QueueReason>>(reasons: I) -> Self {
        Self(reasons.into_iter().fold(0, |set, reason| set | 1 << reason as u32))
    }
}

impl QueueReason {
    /// What a request may show in a cycle.
    pub(crate) const SIGNALS: [Self; 5] =
        [Self::FailingCheck, Self::ChangesRequested, Self::Conflict, Self::StaleText, Self::Owner];

    /// Whether it comes from somebody who decides about the request.
    #[must_use]
    pub(crate) fn is_maintainers_word(self) -> bool {
        matches!(self, Self::ChangesRequested | Self::Owner)
    }

    /// Several as the source of a packet.
    #[must_use]
    pub(crate) fn join(reasons: &[Self]) -> String {
        let names: Vec<&str> = reasons.iter().map(|reason| reason.name()).collect();
        names.join(&BETWEEN.to_string())
    }
}

/// A rule that stops after so many fruitless cycles of a request, going through its sessions in
/// time. Any signal is fruit; once the request is stale, only a maintainer's word, or another
/// request in its place, wakes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StopLoss {
    /// Fruitless cycles after which it stops; 0 for never.
    after: i64,
    fruitless: i64,
}

impl StopLoss {
    /// A request that has had no cycle yet.
    pub(crate) fn after_cycles(after: i64) -> Self {
        Self { after, fruitless: 0 }
    }

    /// Whether it stops the next session, for what the request shows then.
    pub(crate) fn stops_next(&mut self, reasons: QueueReasons) -> bool {
        let is_stale = self.after > 0 && self.fruitless >= self.after;
        let mut signals = QueueReason::SIGNALS.iter().filter(|it| reasons.contains(**it));
        // Once it is stale, a maintainer's word alone wakes it.
        let bears_fruit = reasons.contains(QueueReason::Arrival)
            || signals.any(|signal| !is_stale || signal.is_maintainers_word());
        self.fruitless = if bears_fruit { 0 } else { self.fruitless + 1 };
        is_stale && !bears_fruit
    }
}

impl Packet {
    /// Whether it started a session of a queue.
    #[must_use]
    pub(crate) fn starts_queue_session(&self) -> bool {
        self.kind == QUEUE_KIND
    }

    /// Why it started a session of a queue; `None` for any other packet.
    #[must_use]
    pub(crate) fn queue_reasons(&self) -> Option<QueueReasons> {
        // A word that this version does not know says nothing.
        let reasons = self.source.split(BETWEEN);
        self.starts_queue_session()
            .then(|| reasons.filter_map(|name| value_of_name(&QueueReason::NAMED, name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_request_is_woken_by_a_maintainers_word_alone() {
        let check = |after, shown: &str, stopped: &str| {
            let mut rule = StopLoss::after_cycles(after);
            let stops = shown.chars().map(|signal| {
                let reason = match signal {
                    'f' => QueueReason::FailingCheck,
                    'o' => QueueReason::Owner,
                    'a' => QueueReason::Arrival,
                    _ => QueueReason::Routine,
                };
                if rule.stops_next([reason].into_iter().collect()) { 'x' } else { '.' }
            });
            assert_eq!(stops.collect::<String>(), stopped, "{shown}");
        };
        check(2, "----", "..xx");
        check(2, "-f--", "....");
        check(2, "f-f-", "....");
        check(2, "--f-o-", "..xx..");
        check(2, "---a---", "..x...x");
        check(0, "------", "......");
    }

    #[test]
    fn reasons_come_back_as_they_were_told() {
        let told = [QueueReason::Conflict, QueueReason::Duplicate, QueueReason::ScopeUntold];
        let source = QueueReason::join(&told);
        assert_eq!(source, "conflict+duplicate+scope?");
        let packet = Packet { kind: QUEUE_KIND.to_owned(), source, ..Packet::default() };
        assert_eq!(packet.queue_reasons(), Some(told.into_iter().collect()));
        let none_else = QueueReason::NAMED
            .iter()
            .filter(|(it, _)| packet.queue_reasons().is_some_and(|reasons| reasons.contains(*it)));
        assert_eq!(none_else.count(), told.len());
        let other = Packet { kind: "EXECUTE".to_owned(), ..packet.clone() };
        assert_eq!(other.queue_reasons(), None);
        let strange = Packet { source: "conflict+?".to_owned(), ..packet };
        assert_eq!(strange.queue_reasons(), Some([QueueReason::Conflict].into_iter().collect()));
    }
}
