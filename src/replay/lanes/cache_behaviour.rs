//! What a cache policy does to a stretch.

/// What a cache policy does to a stretch.
#[derive(Clone, Copy, Debug)]
pub(super) struct CacheBehaviour {
    /// Whether entries expire.
    pub(super) expires: bool,
    /// Whether live ones are read.
    pub(super) reads: bool,
}

impl CacheBehaviour {
    pub(super) const MEASURED: Self = Self { expires: true, reads: true };
    pub(super) const NONE: Self = Self { expires: false, reads: false };
    pub(super) const PERFECT: Self = Self { expires: false, reads: true };
}
