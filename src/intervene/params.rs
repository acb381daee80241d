//! What an intervention can be told: numbers with their ranges, names, and how it is graded.

use super::ToggleCard;
use super::param_spec::ParamRange;
use crate::plan::Chance;
use crate::units::BASIS_POINTS;

/// A list of names that an intervention works on, e.g. the steps to drop; empty unless a scenario
/// says otherwise.
#[derive(Debug)]
pub struct NameListSpec {
    /// Its key in scenarios.
    pub key: &'static str,
    /// The most names that make sense.
    pub most: usize,
    /// What it means.
    pub what: &'static str,
}

/// What it takes to build an intervention, and what may go wrong. Judgement; a scenario may say
/// otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuildGrade {
    /// Work, in points of about half a day each; 0 for a setting.
    pub effort: u32,
    /// 1 low, 2 medium, 3 high: how likely it makes the work itself worse.
    pub risk: u32,
}

/// The parameters of one intervention, each with one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToggleParams {
    /// In ten-thousandths of their units: the mean of a count may lie between two whole numbers.
    values: Vec<(&'static str, i64)>,
    name_lists: Vec<(&'static str, Vec<String>)>,
    /// The key of a draw, in which each place of a share takes part or does not; none where every
    /// place counts by the share.
    draw_key: Option<u64>,
}

impl ToggleParams {
    /// The modes, and no names.
    #[must_use]
    pub fn modes_of_card(card: &ToggleCard) -> Self {
        Self {
            values: card.params.iter().map(|spec| (spec.key, spec.mode * BASIS_POINTS)).collect(),
            name_lists: card.name_lists.iter().map(|spec| (spec.key, Vec::new())).collect(),
            draw_key: None,
        }
    }

    /// Every corner of the ranges, which stand in the order of the card: each parameter at its
    /// low end, mode or high end.
    #[must_use]
    pub(crate) fn range_corners(&self, ranges: &[ParamRange]) -> Vec<Self> {
        // The names and all values of `self` come along; each range triples the corners at most.
        let mut corners = vec![self.clone()];
        for (index, range) in ranges.iter().enumerate() {
            corners = corners
                .iter()
                .flat_map(|corner| {
                    range.distinct_ends().into_iter().map(|end| corner.with_value(index, end))
                })
                .collect();
        }
        corners
    }

    /// The same with another value of the parameter at `index` of the card.
    #[must_use]
    pub(crate) fn with_value(&self, index: usize, value: i64) -> Self {
        let mut other = self.clone();
        other.values[index].1 = value * BASIS_POINTS;
        other
    }

    /// The same in a draw.
    #[must_use]
    pub fn in_draw(self, key: u64) -> Self {
        Self { draw_key: Some(key), ..self }
    }

    /// The key of the draw, if it is one.
    #[must_use]
    pub(crate) fn draw_key(&self) -> Option<u64> {
        self.draw_key
    }

    /// Sets the parameter at `index` of the card to the mean of its range.
    pub(crate) fn set_to_mean(&mut self, index: usize, range: &ParamRange) {
        self.values[index].1 = range.mean_bp();
    }

    /// How likely a count is larger than `number`: its mean may lie between two whole ones.
    ///
    /// # Panics
    /// As [`ToggleParams::get`].
    #[must_use]
    pub(crate) fn chance_of_more_than(&self, key: &str, number: i64) -> Chance {
        Chance::from_basis_points(self.exact_value(key) - number * BASIS_POINTS)
    }

    /// The value of a parameter.
    ///
    /// # Panics
    /// If the intervention asks for a parameter that its card does not list.
    #[must_use]
    pub fn get(&self, key: &str) -> i64 {
        whole_units(self.exact_value(key))
    }

    /// The value of a parameter in ten-thousandths of its unit.
    fn exact_value(&self, key: &str) -> i64 {
        // Cards and the code that asks for their keys stand in one file: a key that is not there is
        // a fault of the program and not of a scenario.
        let found = self.values.iter().find(|(known, _)| *known == key);
        found.unwrap_or_else(|| panic!("no parameter '{key}' on the card")).1
    }

    /// The names of a list; empty where the scenario gives none.
    ///
    /// # Panics
    /// If the intervention asks for a list that its card does not have.
    #[must_use]
    pub(crate) fn names_of_list(&self, key: &str) -> &[String] {
        let found = self.name_lists.iter().find(|(known, _)| *known == key);
        &found.unwrap_or_else(|| panic!("no list '{key}' on the card")).1
    }

    /// Sets a parameter; false if there is none of that name.
    pub fn set_value(&mut self, key: &str, value: i64) -> bool {
        let found = self.values.iter_mut().find(|(known, _)| *known == key);
        found.map(|slot| slot.1 = value * BASIS_POINTS).is_some()
    }

    /// Sets a list of names; false if there is none of that name.
    pub fn set_names(&mut self, key: &str, names: Vec<String>) -> bool {
        let found = self.name_lists.iter_mut().find(|(known, _)| *known == key);
        found.map(|slot| slot.1 = names).is_some()
    }

    /// The numbers in the order of the card.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, i64)> + '_ {
        self.values.iter().map(|(key, exact)| (*key, whole_units(*exact)))
    }

    /// The lists of names in the order of the card.
    pub(crate) fn name_lists(&self) -> impl Iterator<Item = (&'static str, &[String])> + '_ {
        self.name_lists.iter().map(|(key, names)| (*key, names.as_slice()))
    }
}

/// A value in ten-thousandths of its unit as a whole number of units, rounded half up.
fn whole_units(exact: i64) -> i64 {
    (exact + BASIS_POINTS / 2) / BASIS_POINTS
}
