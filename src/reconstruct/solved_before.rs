//! Answers that one thread found before: of many layouts most ask for the same.

use std::collections::BTreeMap;

/// Answers by everything that they depend on.
#[derive(Debug)]
pub(super) struct SolvedBefore<K, V>(BTreeMap<K, V>);

impl<K, V> Default for SolvedBefore<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, V: Clone> SolvedBefore<K, V> {
    /// No more are kept than this; what is open by the token is asked for once.
    const MOST_KEPT: usize = 4_096;

    /// The answer to `key`, which `solve` finds where it is not known yet.
    ///
    /// # Errors
    /// What `solve` reports: a failure is not kept.
    pub(super) fn solve_once<E>(
        &mut self,
        key: K,
        solve: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        let solved = solve()?;
        if self.0.len() < Self::MOST_KEPT {
            self.0.insert(key, solved.clone());
        }
        Ok(solved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_once_and_a_failure_is_asked_for_again() {
        let mut known = SolvedBefore::default();
        let mut asked = Vec::new();
        for key in [4, -1, 4, -1, 9] {
            let root = known.solve_once(key, || {
                asked.push(key);
                u64::try_from(key).map(u64::isqrt)
            });
            assert_eq!(root.ok(), (key > 0).then(|| (key as u64).isqrt()), "{key}");
        }
        assert_eq!(asked, [4, -1, -1, 9]);
    }
}
