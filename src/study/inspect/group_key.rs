//! What calls and blocks can be grouped by.

use crate::price;
use crate::recording::{Call, Recording, Role, name_of_value, value_of_name};

crate::kinds::named_values! {
    /// What calls and blocks can be grouped by.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum GroupKey {
        /// The day of the call, in the zone that is asked for.
        Day = "day",
        /// The model.
        Model = "model",
        /// The project: the folder that the harness keeps for one working directory.
        Project = "project",
        /// The folder of the session's file.
        Folder = "folder",
        /// The skill on whose behalf the call was made.
        Skill = "skill",
        /// The MCP server that the call worked with.
        Server = "server",
        /// The agent that an invocation woke, else what the session was in its pipeline.
        Agent = "agent",
        /// The pipeline.
        Pipeline = "pipeline",
        /// The step.
        Step = "step",
        /// The session.
        Session = "session",
        /// The format that the session came from.
        Source = "source",
        /// The version of the harness.
        Version = "version",
        /// The tool.
        Tool = "tool",
        /// The kind of block.
        Kind = "kind",
    }
}

impl GroupKey {
    /// The key of a name.
    #[must_use]
    pub fn find_by_name(name: &str) -> Option<Self> {
        value_of_name(&Self::NAMED, name)
    }

    /// Whether it divides the blocks of one call. Calls have a bill, blocks of a call share one.
    #[must_use]
    pub fn divides_calls(self) -> bool {
        matches!(self, Self::Tool | Self::Kind)
    }

    /// The value of a call; `zone_ms` is how far its days are ahead of those of UTC. Empty for what
    /// the record does not say, and for keys of blocks.
    pub(super) fn value_of_call(self, recording: &Recording, at: usize, zone_ms: i64) -> String {
        let call = &recording.calls[at];
        let session = &recording.sessions[call.session as usize];
        match self {
            Self::Folder => session.file.rsplit_once('/').map_or("", |(f, _)| f).to_owned(),
            Self::Project => session.project().to_owned(),
            Self::Pipeline => session.pipeline.clone(),
            Self::Step => session.step.clone(),
            Self::Session => session.id.clone(),
            Self::Model => recording.model_name(call.model).to_owned(),
            Self::Version => session.version.clone(),
            Self::Day => day_of_call(call, zone_ms),
            Self::Agent => agent_of_call(recording, at as u32).to_owned(),
            Self::Source => recording.source_of_session(session).to_owned(),
            Self::Skill => label(recording, call.facts.skill),
            Self::Server => label(recording, call.facts.server),
            Self::Tool | Self::Kind => String::new(),
        }
    }

    /// The value of a block.
    #[cfg(feature = "tables")]
    pub(super) fn value_of_block(
        self,
        recording: &Recording,
        block: &crate::recording::Block,
        zone_ms: i64,
    ) -> String {
        match self {
            Self::Tool => recording.tool_name(block.tool).to_owned(),
            Self::Kind => block.kind.name().to_owned(),
            _ => self.value_of_call(recording, block.call as usize, zone_ms),
        }
    }
}

fn day_of_call(call: &Call, zone_ms: i64) -> String {
    price::utc_day_of(call.start_ms.saturating_add(zone_ms)).to_string()
}

fn label(recording: &Recording, index: Option<u16>) -> String {
    let label = index.and_then(|index| recording.labels.get(usize::from(index)));
    label.cloned().unwrap_or_default()
}

/// The agent of a call: of the last invocation of its session that is not after it.
fn agent_of_call(recording: &Recording, call: u32) -> &str {
    let after = recording.invocations.partition_point(|one| one.call <= call);
    let invocation = after.checked_sub(1).map(|last| &recording.invocations[last]);
    let session = recording.calls[call as usize].session;
    // The last invocation before the call may be another session's: invocations stand in the order
    // of their calls, over all sessions.
    match invocation.filter(|one| recording.calls[one.call as usize].session == session) {
        Some(one) if !one.packet.agent.is_empty() => &one.packet.agent,
        _ => name_of_value(&Role::NAMED, recording.sessions[session as usize].role),
    }
}
