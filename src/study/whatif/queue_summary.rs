//! A queue of requests at a glance: what is known of it, what follows, and what is asked for.

use crate::reconstruct::ReportedRoutes;
use crate::reconstruct::routes::ReportedQueue;
use crate::recording::{QueueReason, QueueReasons, Recording};
use crate::units::scale_by_ratio;

/// What a figure of a queue counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueUnit {
    /// Requests, cycles, sessions.
    Count,
    /// Tokens.
    Tokens,
    /// Ten-thousandths.
    Share,
}

/// One figure of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueFigure {
    /// What it is.
    pub name: String,
    /// What it counts.
    pub unit: QueueUnit,
    /// Its value; `None` where it is asked for.
    pub value: Option<i64>,
    /// What follows from it, or what waits for it.
    pub note: String,
}

impl QueueFigure {
    fn known(name: &str, unit: QueueUnit, value: i64, note: impl Into<String>) -> Self {
        Self { name: name.to_owned(), unit, value: Some(value), note: note.into() }
    }

    /// Whether it is asked for.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.value.is_none()
    }
}

/// What is told of a queue, and what is not; nothing where there is no queue.
#[must_use]
pub fn queue_figures(routes: &ReportedRoutes, recording: &Recording) -> Vec<QueueFigure> {
    let Some(queue) = &routes.queue else { return Vec::new() };
    let mut figures = Vec::new();
    let counts = [("requests", queue.requests), ("cycles", queue.cycles)];
    for (name, count) in counts {
        figures.extend(count.map(|it| QueueFigure::known(name, QueueUnit::Count, it, "")));
    }
    let tokens = tokens_of_agent(recording, &queue.agent);
    let own = format!("tokens of {}", queue.agent);
    figures.push(QueueFigure::known(&own, QueueUnit::Tokens, tokens, ""));
    add_stated(routes, tokens, &mut figures);
    add_sessions(queue, recording, &mut figures);
    figures.extend(asked_figures(queue));
    figures
}

/// Tokens of the sessions that work on the queue.
fn tokens_of_agent(recording: &Recording, agent: &str) -> i64 {
    let sessions = recording.sessions.iter().filter(|session| session.step == agent);
    let calls = sessions.flat_map(|session| &recording.calls[session.call_range()]);
    calls.map(|call| call.usage.context_tokens() + call.usage.output).sum()
}

/// What a source states beside its tokens.
fn add_stated(routes: &ReportedRoutes, tokens: i64, figures: &mut Vec<QueueFigure>) {
    let stated = |id: &str| routes.stated_or_assumed(id).map(|figure| figure.value());
    let mut push = |name: &str, value: Option<i64>, note: &dyn Fn(i64) -> String| {
        figures.extend(
            value.map(|value| QueueFigure::known(name, QueueUnit::Count, value, note(value))),
        );
    };
    push("changed files", stated("changed-files"), &|files| {
        let requests = stated("open-requests").unwrap_or(0).max(1);
        let hundredths = scale_by_ratio(files, 100, requests);
        format!("{}.{:02} a request", hundredths / 100, hundredths % 100)
    });
    push("additions a request", stated("additions-a-request"), &|_| String::new());
    push("marked events", stated("events"), &|events| {
        format!(
            "if each is a session of the queue, one holds {} tokens on average at least; at most \
             {tokens}",
            tokens / events.max(1)
        )
    });
    push("candidates in the ledger", stated("candidates"), &|candidates| {
        let probe = stated("probe").unwrap_or(0).max(1);
        let sessions = tokens / probe + i64::from(tokens % probe > 0);
        format!(
            "{} tokens each at most; {sessions} sessions as small as a quota probe hold them all, \
             for one candidate in {}",
            scale_by_ratio(tokens, 1, candidates.max(1)),
            candidates / sessions.max(1)
        )
    });
    push("comments posted", stated("posted"), &|posted| {
        let candidates = stated("candidates").unwrap_or(0);
        format!("one of {} candidates", scale_by_ratio(candidates, 1, posted.max(1)))
    });
}

/// The sessions that today's rules start, by their reasons.
fn add_sessions(queue: &ReportedQueue, recording: &Recording, figures: &mut Vec<QueueFigure>) {
    let sessions: Vec<QueueReasons> =
        recording.invocations.iter().filter_map(|one| one.packet.queue_reasons()).collect();
    if sessions.is_empty() {
        return;
    }
    let total = tokens_of_agent(recording, &queue.agent);
    let each = total / sessions.len() as i64;
    figures.push(QueueFigure::known("tokens of a session", QueueUnit::Tokens, each, ""));
    // Tries of denied actions come on top of one turn of each request and cycle.
    let tries = sessions.iter().filter(|reasons| {
        reasons.contains(QueueReason::Denied) || reasons.contains(QueueReason::DeniedAgain)
    });
    let turns = sessions.len() - tries.count();
    // Places that a request has in a cycle, and that no session was started for.
    let avoided = queue.places().unwrap_or(0) - turns as i64;
    let note = match avoided {
        0 => "every request has one in every cycle".to_owned(),
        _ => format!(
            "{} of {} turns are watched only: {} tokens are avoided already",
            avoided,
            queue.places().unwrap_or(0),
            avoided * each
        ),
    };
    figures.push(QueueFigure::known("sessions", QueueUnit::Count, sessions.len() as i64, note));
    for (reason, name) in QueueReason::NAMED.iter().filter(|(_, name)| !name.ends_with('?')) {
        let count = sessions.iter().filter(|reasons| reasons.contains(*reason)).count() as i64;
        if count > 0 {
            let note = format!("{} tokens", count * each);
            let name = format!("sessions: {name}");
            figures.push(QueueFigure::known(&name, QueueUnit::Count, count, note));
        }
    }
    let search = queue
        .search_bp
        .map(|share| QueueFigure::known("search in a session", QueueUnit::Share, share, ""));
    figures.extend(search);
}

/// What is not told, and what waits for it.
fn asked_figures(queue: &ReportedQueue) -> Vec<QueueFigure> {
    let has_size = queue.session_tokens.is_some() || queue.has_sessions();
    let asked = [
        (queue.requests.is_none(), "requests", "the sessions of the queue"),
        (queue.cycles.is_none(), "cycles of the queue", "escalation on signal, stop-loss"),
        (queue.signals.is_none(), "signals a request and cycle", "escalation on signal, stop-loss"),
        (!has_size, "tokens of a session", "every rule that drops sessions"),
        (queue.duplicates_bp.is_none(), "sessions for a duplicate", "looking for duplicates first"),
        (queue.closed_bp.is_none(), "requests of a closed scope", "closed scopes"),
        (queue.denied.is_none(), "tries of a denied action", "denied actions"),
        (queue.search_bp.is_none(), "search in a session", "the allowlist"),
    ];
    let asked = asked.into_iter().filter(|(is_asked, ..)| *is_asked);
    let figures = asked.map(|(_, name, waits)| QueueFigure {
        name: name.to_owned(),
        unit: QueueUnit::Count,
        value: None,
        note: format!("asked for: {waits}"),
    });
    figures.collect()
}
