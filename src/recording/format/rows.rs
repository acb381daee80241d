//! What stands in a file once each, or in a list with one line an element.

use super::super::{
    Basis, CrashCounts, HarnessTotals, Invocation, Packet, PriceModifiers, Remainder, Role,
    Session, SkipCounts,
};
use super::BadRecording;
use super::columns::{bitflags_text, parse_flags, parse_named};
use crate::units::Usage;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CrashesOnDisk {
    records: u32,
    pid_reuse: u32,
    orphans: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SkipsOnDisk {
    damage: u64,
    harmless: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionOnDisk {
    id: String,
    file: String,
    pipeline: String,
    step: String,
    version: String,
    role: String,
    pub(super) calls: u32,
    records: u32,
    static_prefix: i64,
    warm_prefix: i64,
    usage: String,
    blocks: String,
    times: String,
    // Most sessions have none of these, and are the same bytes as before there were any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    source: String,
    #[serde(default, skip_serializing_if = "HarnessTotalsOnDisk::is_empty")]
    told: HarnessTotalsOnDisk,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HarnessTotalsOnDisk {
    #[serde(skip_serializing_if = "Option::is_none")]
    start_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_context: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<i64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unfinished: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RemainderOnDisk {
    session: Option<u32>,
    model: u16,
    fresh: i64,
    read: i64,
    write_5m: i64,
    write_1h: i64,
    output: i64,
    why: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    modifiers: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InvocationOnDisk {
    call: u32,
    id: String,
    agent: String,
    kind: String,
    root: String,
    source: String,
}

impl From<&Session> for SessionOnDisk {
    fn from(session: &Session) -> Self {
        Self {
            id: session.id.clone(),
            file: session.file.clone(),
            pipeline: session.pipeline.clone(),
            step: session.step.clone(),
            version: session.version.clone(),
            role: session.role.name().to_owned(),
            calls: session.calls,
            records: session.records,
            static_prefix: session.static_prefix,
            warm_prefix: session.warm_prefix,
            usage: session.usage_basis.name().to_owned(),
            blocks: session.blocks_basis.name().to_owned(),
            times: session.times_basis.name().to_owned(),
            source: session.source.clone(),
            told: session.harness_totals.into(),
        }
    }
}

impl SessionOnDisk {
    pub(super) fn into_session(self, row: usize, first_call: u32) -> Result<Session, BadRecording> {
        Ok(Session {
            // Names from a file are checked before anybody relies on them.
            role: parse_named(&Role::NAMED, "role", row, &self.role)?,
            usage_basis: parse_named(&Basis::NAMED, "usage", row, &self.usage)?,
            blocks_basis: parse_named(&Basis::NAMED, "blocks", row, &self.blocks)?,
            times_basis: parse_named(&Basis::NAMED, "times", row, &self.times)?,
            id: self.id,
            file: self.file,
            pipeline: self.pipeline,
            step: self.step,
            version: self.version,
            first_call,
            calls: self.calls,
            records: self.records,
            static_prefix: self.static_prefix,
            warm_prefix: self.warm_prefix,
            source: self.source,
            harness_totals: self.told.into_harness_totals(),
        })
    }
}

impl From<HarnessTotals> for HarnessTotalsOnDisk {
    fn from(told: HarnessTotals) -> Self {
        let HarnessTotals { start_ms, calls, peak_context, duration_ms, unfinished } = told;
        Self { start_ms, calls, peak_context, duration_ms, unfinished }
    }
}

impl HarnessTotalsOnDisk {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn into_harness_totals(self) -> HarnessTotals {
        let Self { start_ms, calls, peak_context, duration_ms, unfinished } = self;
        HarnessTotals { start_ms, calls, peak_context, duration_ms, unfinished }
    }
}

impl From<&Invocation> for InvocationOnDisk {
    fn from(invocation: &Invocation) -> Self {
        let Packet { id, agent, kind, root, source } = invocation.packet.clone();
        Self { call: invocation.call, id, agent, kind, root, source }
    }
}

impl InvocationOnDisk {
    pub(super) fn into_invocation(self) -> Invocation {
        let Self { call, id, agent, kind, root, source } = self;
        Invocation { call, packet: Packet { id, agent, kind, root, source } }
    }
}

impl From<&Remainder> for RemainderOnDisk {
    fn from(rest: &Remainder) -> Self {
        let Usage { fresh, read, write_5m, write_1h, output } = rest.usage;
        // Beyond all sessions: written as nothing, since a file must not know our marks.
        let session = (rest.session != crate::ids::NO_INDEX).then_some(rest.session);
        let (model, why) = (rest.model, rest.why.clone());
        let modifiers = bitflags_text(rest.modifiers.iter_names());
        Self { session, model, fresh, read, write_5m, write_1h, output, why, modifiers }
    }
}

impl RemainderOnDisk {
    pub(super) fn into_remainder(self, row: usize) -> Result<Remainder, BadRecording> {
        let Self { fresh, read, write_5m, write_1h, output, .. } = self;
        Ok(Remainder {
            session: self.session.unwrap_or(crate::ids::NO_INDEX),
            model: self.model,
            usage: Usage { fresh, read, write_5m, write_1h, output },
            why: self.why,
            modifiers: parse_flags("modifiers", row, &self.modifiers, PriceModifiers::from_name)?,
        })
    }
}

impl From<CrashCounts> for CrashesOnDisk {
    fn from(crashes: CrashCounts) -> Self {
        let CrashCounts { records, pid_reuse, orphans } = crashes;
        Self { records, pid_reuse, orphans }
    }
}

impl CrashesOnDisk {
    pub(super) fn into_crashes(self) -> CrashCounts {
        let Self { records, pid_reuse, orphans } = self;
        CrashCounts { records, pid_reuse, orphans }
    }
}

impl From<SkipCounts> for SkipsOnDisk {
    fn from(skips: SkipCounts) -> Self {
        let SkipCounts { damage, harmless } = skips;
        Self { damage, harmless }
    }
}

impl SkipsOnDisk {
    pub(super) fn into_skips(self) -> SkipCounts {
        let Self { damage, harmless } = self;
        SkipCounts { damage, harmless }
    }
}
