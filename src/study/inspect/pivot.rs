//! Pivots over all blocks of a recording (feature `tables`): reshaping is what polars is good at.
//!
//! Headline numbers never come from here; a test holds the pivot's sums to the summary's.

use super::summary::{BlockGroup, re_reads_by_block};
use crate::recording::{Block, Recording, Role, name_of_value, value_of_name};
use polars::prelude::{Column, DataFrame, PolarsResult, SortMultipleOptions};

crate::kinds::named_values! {
    /// What blocks can be grouped by.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum PivotKey {
        /// The folder of the session's file.
        Folder = "folder",
        /// The pipeline.
        Pipeline = "pipeline",
        /// The step.
        Step = "step",
        /// The session.
        Session = "session",
        /// The model.
        Model = "model",
        /// The version of the harness.
        Version = "version",
        /// The day of the call, in UTC.
        Day = "day",
        /// The tool.
        Tool = "tool",
        /// The kind of block.
        Kind = "kind",
        /// The agent that an invocation woke, else what the session was in its pipeline.
        Agent = "agent",
        /// The format that the session came from.
        Source = "source",
    }
}

impl PivotKey {
    /// The key of a name.
    #[must_use]
    pub fn find_by_name(name: &str) -> Option<Self> {
        value_of_name(&Self::NAMED, name)
    }

    fn value_of_block(self, recording: &Recording, block: &Block) -> String {
        let call = &recording.calls[block.call as usize];
        let session = &recording.sessions[call.session as usize];
        match self {
            Self::Folder => session.file.rsplit_once('/').map_or("", |(f, _)| f).to_owned(),
            Self::Pipeline => session.pipeline.clone(),
            Self::Step => session.step.clone(),
            Self::Session => session.id.clone(),
            Self::Model => recording.model_name(call.model).to_owned(),
            Self::Version => session.version.clone(),
            Self::Day => crate::price::utc_day_of(call.start_ms).to_string(),
            Self::Tool => recording.tool_name(block.tool).to_owned(),
            Self::Kind => block.kind.name().to_owned(),
            Self::Agent => agent_of_call(recording, block.call).to_owned(),
            Self::Source => recording.source_of_session(session).to_owned(),
        }
    }
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

/// One row of a pivot: the values of the keys and what belongs to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PivotRow {
    /// Values in the order of the keys.
    pub values: Vec<String>,
    /// What belongs to them.
    pub group: BlockGroup,
}

/// Groups the blocks of a recording, dearest re-reads first.
///
/// # Errors
/// What polars says; there is no input that makes it say anything.
pub fn pivot_blocks(recording: &Recording, keys: &[PivotKey]) -> PolarsResult<Vec<PivotRow>> {
    let frame = blocks_frame(recording, keys)?;
    let names: Vec<&str> = keys.iter().map(|key| key.name()).collect();
    #[expect(deprecated, reason = "the lazy engine is a large build for one sum")]
    let sums =
        frame.group_by(names.iter().copied())?.select(["blocks", "tokens", "re_read"]).sum()?;
    // Group order is unspecified: the keys settle ties, so that the same bytes come out.
    let mut by = vec!["re_read_sum"];
    by.extend(&names);
    let mut descending = vec![false; by.len()];
    descending[0] = true;
    let sorted =
        sums.sort(by, SortMultipleOptions::new().with_order_descending_multi(descending))?;
    rows_of_frame(&sorted, &names)
}

/// One row a block, with its keys and what it cost.
fn blocks_frame(recording: &Recording, keys: &[PivotKey]) -> PolarsResult<DataFrame> {
    let size = recording.blocks.len();
    let tokens: Vec<i64> = recording.blocks.iter().map(|block| block.tokens).collect();
    let mut columns: Vec<Column> = keys
        .iter()
        .map(|key| {
            let values: Vec<String> =
                recording.blocks.iter().map(|block| key.value_of_block(recording, block)).collect();
            Column::new(key.name().into(), values)
        })
        .collect();
    columns.push(Column::new("blocks".into(), vec![1_i64; size]));
    columns.push(Column::new("tokens".into(), tokens));
    columns.push(Column::new("re_read".into(), re_reads_by_block(recording)));
    DataFrame::new(size, columns)
}

fn rows_of_frame(frame: &DataFrame, names: &[&str]) -> PolarsResult<Vec<PivotRow>> {
    let texts = names
        .iter()
        .map(|name| Ok(frame.column(name)?.str()?.iter().map(Option::unwrap_or_default).collect()))
        .collect::<PolarsResult<Vec<Vec<&str>>>>()?;
    let numbers = ["blocks_sum", "tokens_sum", "re_read_sum"]
        .iter()
        .map(|name| Ok(frame.column(name)?.i64()?.iter().map(Option::unwrap_or_default).collect()))
        .collect::<PolarsResult<Vec<Vec<i64>>>>()?;
    let rows = (0..frame.height()).map(|at| PivotRow {
        values: texts.iter().map(|column| column[at].to_owned()).collect(),
        group: BlockGroup {
            blocks: numbers[0][at],
            tokens: numbers[1][at],
            re_read_tokens: numbers[2][at],
        },
    });
    Ok(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Pricing;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};
    use crate::study::inspect::summary::summarise_recording;

    #[test]
    fn a_pivot_adds_up_to_the_summary() {
        let reported = builtin_pipeline("order-774").expect("built in");
        let recording = reconstruct(&reported, Lens::Message).expect("fits").recording;
        let summary = summarise_recording(&recording, &[], &Pricing::embedded());
        let rows = pivot_blocks(&recording, &[PivotKey::Kind]).expect("groups");
        let mut kinds: Vec<_> =
            rows.into_iter().map(|row| (row.values[0].clone(), row.group)).collect();
        kinds.sort_by(|a, b| b.1.re_read_tokens.cmp(&a.1.re_read_tokens).then(a.0.cmp(&b.0)));
        let want: Vec<_> = summary
            .kinds
            .iter()
            .map(|(kind, group)| (kind.name().to_owned(), group.clone()))
            .collect();
        assert_eq!(kinds, want);
        let keys: Vec<PivotKey> = PivotKey::NAMED.iter().map(|(key, _)| *key).collect();
        let all = pivot_blocks(&recording, &keys).expect("groups");
        let tokens: i64 = all.iter().map(|row| row.group.tokens).sum();
        assert_eq!(tokens, recording.blocks.iter().map(|block| block.tokens).sum::<i64>());
    }
}
