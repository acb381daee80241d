//! Where the program keeps what it read out of transcripts, for the next run.

use crate::store::ParseCache;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::SystemTime;

/// Set once, by the street: nothing is kept for who calls the library.
static CACHE: OnceLock<Option<ParseCache>> = OnceLock::new();

/// The cache of this run.
pub fn parse_cache() -> Option<ParseCache> {
    CACHE.get().cloned().flatten()
}

/// Chooses the cache of this run, unless none is wanted.
pub fn choose_cache(is_wanted: bool) {
    let chosen = if is_wanted { cache_of_environment() } else { None };
    // The first choice holds: a run makes one.
    let _ = CACHE.set(chosen);
}

#[expect(clippy::disallowed_methods, reason = "the street reads the environment")]
fn cache_of_environment() -> Option<ParseCache> {
    let [own, shared] = ["WINDTUNNEL_CACHE", "XDG_CACHE_HOME"]
        .map(|name| std::env::var_os(name).map(PathBuf::from));
    let folder = match own {
        // What is no absolute path, e.g. `off`, switches it off.
        Some(named) => named.is_absolute().then_some(named)?,
        // Nothing is made where the user has no home.
        None => {
            let home = std::env::home_dir().filter(|home| home.is_absolute() && home.is_dir());
            let usual = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
            let named = shared.filter(|folder| folder.is_absolute());
            named.or_else(|| Some(home?.join(usual)))?.join("windtunnel")
        }
    };
    // Two builds of one version are told apart by their files.
    let own = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    let built = own.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let program = format!("{} {} {built:?}", env!("CARGO_PKG_VERSION"), own.len());
    Some(ParseCache::new(folder, program))
}
