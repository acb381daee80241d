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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};

    /// Sessions of order 774 under other ids, files, steps and bases of their times.
    fn names(of: &[(&str, &str, &str, Basis)]) -> Vec<String> {
        let reported = builtin_pipeline("order-774").unwrap();
        let mut recording = reconstruct(&reported, Lens::Message).unwrap().recording;
        recording.sessions.truncate(of.len());
        for (session, (id, file, step, basis)) in recording.sessions.iter_mut().zip(of) {
            session.id = (*id).to_owned();
            session.file = (*file).to_owned();
            session.step = (*step).to_owned();
            session.times_basis = *basis;
            // 2026-05-18 12:44:30 UTC.
            recording.calls[session.first_call as usize].start_ms = 1_779_108_270_000;
        }
        let names = SessionNames::of_recording(&recording);
        (0..of.len()).map(|at| names.name(at).to_owned()).collect()
    }

    #[test]
    fn sessions_are_called_by_day_project_and_step() {
        let told = |id, file, step| (id, file, step, Basis::Billed);
        assert_eq!(
            names(&[
                told("096e0115-5d", "project-1/file-3", "assess"),
                told("096e0115-5d/agent-a92e367", "project-1/file-3", ""),
                told("deeac353-07", "file-7", ""),
            ]),
            [
                "2026-05-18 12:44  project-1  assess",
                "2026-05-18 12:44  project-1  > agent",
                "2026-05-18 12:44"
            ]
        );
    }

    #[test]
    fn made_up_times_are_not_told_and_two_alike_are_numbered() {
        let made_up = |id, step| (id, "", step, Basis::Reconstructed);
        assert_eq!(
            names(&[made_up("a", "assess"), made_up("b", "rectify"), made_up("c", "assess")]),
            ["assess #1", "rectify", "assess #2"]
        );
        // Where nothing else is known the id has to do.
        assert_eq!(names(&[made_up("096e0115-5d", "")]), ["096e0115"]);
    }

    #[test]
    fn a_step_that_is_a_session_has_its_name() {
        let reported = builtin_pipeline("order-774").unwrap();
        let mut recording = reconstruct(&reported, Lens::Message).unwrap().recording;
        recording.sessions[0].id = "096e0115-5d".into();
        recording.sessions[0].step = String::new();
        let names = SessionNames::of_recording(&recording);
        assert_eq!(names.name_of_step("096e0115-5d"), "096e0115");
        assert_eq!(names.name_of_step("assess"), "assess");
    }
}
