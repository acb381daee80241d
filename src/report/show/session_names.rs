//! Sessions as people know them: by day and time, project and step; two alike are numbered.

use super::short_id;
use crate::recording::{Basis, Recording, Session};
use crate::report::format;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The names of a recording's sessions.
pub(crate) struct SessionNames {
    names: Vec<String>,
    /// By their ids: sessions without a step are steps of their own under these.
    by_id: BTreeMap<String, usize>,
}

impl SessionNames {
    /// A name for each session, no two alike. Whether projects are real names or numbers is up to
    /// the recording: what may be shared has numbers.
    #[must_use]
    pub fn of_recording(recording: &Recording) -> Self {
        let plain: Vec<String> =
            recording.sessions.iter().map(|session| plain_name(recording, session)).collect();
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for name in &plain {
            *count.entry(name).or_default() += 1;
        }
        let mut met: BTreeMap<&str, usize> = BTreeMap::new();
        let names = plain.iter().map(|name| {
            let number = met.entry(name).or_default();
            *number += 1;
            if count[&**name] > 1 { format!("{name} #{number}") } else { name.clone() }
        });
        let names = names.collect();
        let ids = recording.sessions.iter().enumerate();
        let by_id = ids.map(|(at, session)| (session.id.clone(), at)).collect();
        Self { names, by_id }
    }

    /// The name of a session by its place.
    #[must_use]
    pub fn name(&self, session: usize) -> &str {
        &self.names[session]
    }

    /// The name of a step: its own, or that of the session that is a step of its own.
    #[must_use]
    pub fn name_of_step<'a>(&'a self, step: &'a str) -> &'a str {
        self.by_id.get(step).map_or(step, |&at| &self.names[at])
    }
}

/// A session's name before two alike are told apart.
fn plain_name(recording: &Recording, session: &Session) -> String {
    let calls = &recording.calls[session.call_range()];
    // Times that were made up say nothing of a day.
    let start = calls.first().filter(|_| session.times_basis != Basis::Reconstructed);
    let start = start.map(|call| format::format_day_and_minute(call.start_ms));
    let project = project_of_file(&session.file);
    let agent = session.id.split_once('/').map(|_| "> agent");
    let step = (!session.step.is_empty()).then_some(&*session.step);
    let parts: Vec<Cow<'_, str>> = start
        .map(Cow::Owned)
        .into_iter()
        .chain([project, agent, step].into_iter().flatten().map(Cow::Borrowed))
        .collect();
    if parts.is_empty() { short_id(&session.id) } else { parts.join("  ") }
}

/// The folder that a file lies in: the project, where there is one.
fn project_of_file(file: &str) -> Option<&str> {
    let (folder, _) = file.rsplit_once('/')?;
    let name = folder.split('/').find(|part| !part.is_empty())?;
    Some(name)
}
