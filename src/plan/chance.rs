//! How likely something happens.

use crate::units::BASIS_POINTS;

/// How likely something happens, in 1/65,536.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chance(i64);

impl Chance {
    /// It does not happen.
    pub const NEVER: Self = Self(0);
    /// It happens.
    pub const SURE: Self = Self(1 << 16);

    /// From ten-thousandths; beyond none and all it is one of them.
    #[must_use]
    pub fn from_basis_points(share_bp: i64) -> Self {
        Self((share_bp.clamp(0, BASIS_POINTS) * Self::SURE.0 + BASIS_POINTS / 2) / BASIS_POINTS)
    }

    /// Its parts of 65,536.
    #[must_use]
    pub fn parts(self) -> i64 {
        self.0
    }

    /// That it does not happen.
    #[must_use]
    pub fn inverse(self) -> Self {
        Self(Self::SURE.0 - self.0)
    }

    /// That both happen, independent of each other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self((self.0 * other.0 + Self::SURE.0 / 2) >> 16)
    }

    /// That one of two happens that exclude each other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self((self.0 + other.0).min(Self::SURE.0))
    }

    /// The whole number that a sum of parts of 65,536 comes to, rounded half up.
    #[must_use]
    pub fn whole_number(parts: i64) -> i64 {
        (parts + Self::SURE.0 / 2).div_euclid(Self::SURE.0)
    }

    /// An amount times its chance, rounded down.
    #[inline]
    #[must_use]
    pub fn of_amount(self, amount: i64) -> i64 {
        ((i128::from(amount) * i128::from(self.0)) >> 16) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_parts_of_a_whole() {
        assert_eq!(Chance::from_basis_points(-1), Chance::NEVER);
        assert_eq!(Chance::from_basis_points(10_001), Chance::SURE);
        let quarter = Chance::from_basis_points(2_500);
        assert_eq!((quarter.parts(), quarter.inverse().parts()), (16_384, 49_152));
        assert_eq!(quarter.and(quarter).parts(), 4_096);
        assert_eq!((quarter.of_amount(102), Chance::SURE.of_amount(102)), (25, 102));
        assert_eq!([3 * 16_384, 16_384, -49_152].map(Chance::whole_number), [1, 0, -1]);
    }
}
