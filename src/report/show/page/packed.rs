//! What subsets save, and their curves, packed for the page.

use super::Paged;
use super::figures::SUMS;
use crate::report::page::pack;
use crate::report::show::charts::grows;
use crate::study::curves::{Curve, NOT_MADE, curves as study_curves};
use crate::study::kept::Kept;
use crate::study::lattice::Lattice;

/// Sessions with curves, at most.
const PANELS: usize = 12;

/// Points of a curve: the first number that fits is taken.
const POINTS: [usize; 5] = [160, 110, 72, 48, 30];

/// Bytes of all curves, packed.
const MOST_BYTES: usize = 500_000;

/// What every subset saves: table by table and sum by sum one column of its entries.
pub fn tables(lattice: &Lattice) -> Vec<u8> {
    let mut bytes = Vec::new();
    for table in &lattice.islands {
        for sum in &SUMS {
            let column: Vec<i128> = table.savings.iter().map(sum.of).collect();
            pack::column(&column, &mut bytes);
        }
    }
    pack::deflated(&bytes)
}

/// The curves that fit, and the same packed: session by session and point by point one column.
/// Curves are thinned before one is left out, and the sessions that read least go first.
pub fn curves(paged: &Paged<'_>, kept: &Kept) -> (Vec<Curve>, Vec<u8>) {
    let plan = &paged.full.shown.comparison.plan;
    let of = |size| study_curves(paged.recording, plan, kept.bits, size);
    if !grows(paged.recording) {
        return (Vec::new(), bytes_of(&[]));
    }
    let mut last = Vec::new();
    for points in POINTS {
        last = of((PANELS, points));
        let is_all = last.len() == PANELS.min(paged.recording.sessions.len());
        let bytes = bytes_of(&last);
        if is_all && bytes.len() <= MOST_BYTES {
            return (last, bytes);
        }
    }
    loop {
        let bytes = bytes_of(&last);
        if bytes.len() <= MOST_BYTES || last.pop().is_none() {
            return (last, bytes);
        }
    }
}

fn bytes_of(curves: &[Curve]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for curve in curves {
        for values in curve.values.chunks(curve.variants()) {
            let values = values.iter().map(|&value| Some(value).filter(|&value| value != NOT_MADE));
            let values: Vec<Option<i128>> = values.map(|value| value.map(i128::from)).collect();
            pack::column_with_gaps(&values, &mut bytes);
        }
    }
    pack::deflated(&bytes)
}
