//! What subsets save, and their curves, packed for the page.

use super::PageSource;
use super::page_sums::{ClockSum, SUMS};
use crate::report::page::column_packing;
use crate::report::show::charts::has_growth;
use crate::study::inspect::context_curves::{ContextCurve, HIT, NOT_MADE, trace_context_curves};
use crate::study::whatif::lattice::SubsetLattice;
use crate::study::whatif::subset_lookup::SubsetLookup;

/// Sessions with curves, at most.
const MAX_SESSIONS: usize = 12;

/// Points of a curve: the first number that fits is taken.
const POINTS_PER_CURVE: [usize; 5] = [160, 110, 72, 48, 30];

/// Bytes of all curves, packed.
const MOST_BYTES: usize = 500_000;

/// What every subset saves: table by table and sum by sum one column of its entries, then the wall
/// clock, where there is one.
pub fn pack_tables(lattice: &SubsetLattice, clock: Option<&ClockSum>) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_tables(lattice, &mut bytes);
    if let Some(clock) = clock {
        let column: Vec<i128> = clock.saved.saved_ms.iter().map(|&ms| ms.into()).collect();
        column_packing::pack_column(&column, &mut bytes);
    }
    column_packing::deflate_bytes(&bytes)
}

/// Adds the tables of a lattice, sum by sum one column.
pub(super) fn push_tables(lattice: &SubsetLattice, bytes: &mut Vec<u8>) {
    for table in &lattice.tables {
        for sum in &SUMS {
            let column: Vec<i128> = table.savings.iter().map(sum.amount_of).collect();
            column_packing::pack_column(&column, bytes);
        }
    }
}

/// The curves that fit, and the same packed: session by session and point by point one column.
/// Curves are thinned before one is left out, and the sessions that read least go first.
pub fn pack_curves(source: &PageSource<'_>, lookup: &SubsetLookup) -> (Vec<ContextCurve>, Vec<u8>) {
    let plan = &source.report.comparison_report.comparison.plan;
    if !has_growth(source.recording) {
        return (Vec::new(), pack_curve_values(&[]));
    }
    let mut last = Vec::new();
    for points in POINTS_PER_CURVE {
        let size = (MAX_SESSIONS, points);
        last = trace_context_curves(source.recording, plan, lookup.bits, size);
        let is_all = last.len() == MAX_SESSIONS.min(source.recording.sessions.len());
        let bytes = pack_curve_values(&last);
        if is_all && bytes.len() <= MOST_BYTES {
            return (last, bytes);
        }
    }
    // Even the fewest points are too many: sessions go, the one that reads least first.
    loop {
        let bytes = pack_curve_values(&last);
        if bytes.len() <= MOST_BYTES || last.pop().is_none() {
            return (last, bytes);
        }
    }
}

fn pack_curve_values(curves: &[ContextCurve]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for curve in curves {
        for values in curve.values.chunks(curve.variant_count()) {
            // A call that a subset does not make has no context there.
            let values: Vec<Option<i128>> = values
                .iter()
                .map(|&value| (value != NOT_MADE).then_some(i128::from(value)))
                .collect();
            column_packing::pack_column_with_gaps(&values, &mut bytes);
        }
        for misses in curve.misses.chunks(curve.variant_count()) {
            let misses: Vec<Option<i128>> = misses
                .iter()
                .map(|&missed| (missed != HIT).then_some(i128::from(missed)))
                .collect();
            column_packing::pack_column_with_gaps(&misses, &mut bytes);
        }
    }
    column_packing::deflate_bytes(&bytes)
}
