//! Parameters that can be moved on the page, and their tables.

use super::packed_tables::push_tables;
use super::toggle_cells::parameter_amount;
use super::{PageSource, PageToggle, places_of_bits};
use crate::report::format;
use crate::report::page::column_packing;
use crate::study::whatif::moved_parameters::{MovedParameter, MovedParameters, MovedValue};
use crate::units::BASIS_POINTS;
use serde::Serialize;

/// A parameter, as the script knows it.
#[derive(Serialize)]
pub(super) struct PageMoveJson {
    /// The place of its toggle.
    toggle: usize,
    /// As it is typed behind `--set`.
    key: String,
    what: &'static str,
    /// How many values lie below its middle.
    below: usize,
    values: Vec<PageMovedValueJson>,
}

#[derive(Serialize)]
struct PageMovedValueJson {
    /// As it is typed behind `--set`.
    typed: i64,
    words: String,
    /// Its tables: the toggles behind the bits of each.
    tables: Vec<Vec<usize>>,
    /// Where they lie among the bytes.
    bytes: (usize, usize),
}

/// What the page is told of moved parameters, and their tables, packed.
pub(super) fn pack_moves(
    source: &PageSource<'_>,
    moved: &MovedParameters,
    toggles: &[PageToggle<'_>],
) -> (Vec<PageMoveJson>, Vec<u8>) {
    let mut bytes = Vec::new();
    let moves = moved.parameters.iter();
    let moves = moves.map(|it| move_json(source, it, toggles, &mut bytes)).collect();
    (moves, column_packing::deflate_bytes(&bytes))
}

fn move_json(
    source: &PageSource<'_>,
    moved: &MovedParameter,
    toggles: &[PageToggle<'_>],
    bytes: &mut Vec<u8>,
) -> PageMoveJson {
    let chosen = &source.experiment.chosen[moved.toggle];
    let spec = &chosen.toggle.card().params[moved.param];
    let mean_bp = chosen.ranges[moved.param].mean_bp();
    let mut value_json = |it: &MovedValue| {
        // All tables lie behind each other in one list of bytes; each value knows its piece.
        let from = bytes.len();
        push_tables(&it.more, bytes);
        PageMovedValueJson {
            typed: it.value,
            words: parameter_amount(spec.unit, it.value, true),
            tables: it.more.tables.iter().map(|one| places_of_bits(toggles, one.bits)).collect(),
            bytes: (from, bytes.len()),
        }
    };
    PageMoveJson {
        toggle: places_of_bits(toggles, 1 << moved.toggle)[0],
        key: format!("{}.{}", chosen.id(), spec.key),
        what: spec.what,
        // Where the mean stands among the values, which do not hold it.
        below: moved.values.iter().filter(|it| it.value * BASIS_POINTS < mean_bp).count(),
        values: moved.values.iter().map(&mut value_json).collect(),
    }
}

/// Which parameters can be moved, and how the others are.
pub(super) fn moved_words(moved: &MovedParameters) -> String {
    let any = "Another value is one more report, with --set.";
    if moved.parameters.is_empty() {
        return any.to_owned();
    }
    let room = match moved.left_out {
        0 => String::new(),
        more => {
            format!(" There was no room for {} more.", format::format_integer(more as i64, false))
        }
    };
    format!(
        "{} can be moved, one at a time: what all sets save was replayed beforehand at both ends \
         of the range and at even steps between, or at every answer.{room} {any}",
        format::format_integer(moved.parameters.len() as i64, false)
    )
}
