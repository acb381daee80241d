//! Pivots over all blocks of a recording (feature `tables`): reshaping is what polars is good at.
//!
//! Headline numbers never come from here; a test holds the pivot's sums to the summary's.

use super::group_key::GroupKey;
use super::summary::{BlockGroup, re_reads_by_block};
use crate::recording::Recording;
use polars::prelude::{Column, DataFrame, PolarsResult, SortMultipleOptions};

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
pub fn pivot_blocks(
    recording: &Recording,
    keys: &[GroupKey],
    zone_ms: i64,
) -> PolarsResult<Vec<PivotRow>> {
    let frame = blocks_frame(recording, keys, zone_ms)?;
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
fn blocks_frame(recording: &Recording, keys: &[GroupKey], zone_ms: i64) -> PolarsResult<DataFrame> {
    let size = recording.blocks.len();
    let tokens: Vec<i64> = recording.blocks.iter().map(|block| block.tokens).collect();
    let mut columns: Vec<Column> = keys
        .iter()
        .map(|key| {
            let blocks = recording.blocks.iter();
            let values: Vec<String> =
                blocks.map(|block| key.value_of_block(recording, block, zone_ms)).collect();
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
        let rows = pivot_blocks(&recording, &[GroupKey::Kind], 0).expect("groups");
        let mut kinds: Vec<_> =
            rows.into_iter().map(|row| (row.values[0].clone(), row.group)).collect();
        kinds.sort_by(|a, b| b.1.re_read_tokens.cmp(&a.1.re_read_tokens).then(a.0.cmp(&b.0)));
        let want: Vec<_> = summary
            .kinds
            .iter()
            .map(|(kind, group)| (kind.name().to_owned(), group.clone()))
            .collect();
        assert_eq!(kinds, want);
        let keys: Vec<GroupKey> = GroupKey::NAMED.iter().map(|(key, _)| *key).collect();
        let all = pivot_blocks(&recording, &keys, 0).expect("groups");
        let tokens: i64 = all.iter().map(|row| row.group.tokens).sum();
        assert_eq!(tokens, recording.blocks.iter().map(|block| block.tokens).sum::<i64>());
    }
}
