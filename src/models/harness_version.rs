//! Versions of a harness, in the order in which they came out.

use std::fmt;

/// The first three numbers of a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HarnessVersion(pub u32, pub u32, pub u32);

impl HarnessVersion {
    /// Parses `2.1.205`, also with a suffix; parts that are no number count as 0. `None` for an
    /// empty text: nothing is known of the version.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts = text.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
        let mut parts = parts.chain(std::iter::repeat(0));
        let [major, minor, patch] = std::array::from_fn(|_| parts.next().unwrap_or(0));
        (!text.is_empty()).then_some(Self(major, minor, patch))
    }
}

impl fmt::Display for HarnessVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(major, minor, patch) = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_number() {
        let version = |text| HarnessVersion::parse(text).expect("a version");
        assert!(version("2.1.69") < version("2.1.205"));
        assert!(version("2.1.9") < version("2.2"));
        assert_eq!(version("2.1.205-beta.3"), HarnessVersion(2, 1, 205));
        assert_eq!(version("unknown"), HarnessVersion(0, 0, 0));
        assert_eq!(HarnessVersion::parse(""), None);
    }
}
