//! Paths as seen from a folder.

use std::path::{Component, Path, PathBuf};

/// A path as it has to be written in a file of `folder`: a relative one starts there instead of
/// where the program runs.
#[must_use]
pub(crate) fn path_from_folder(folder: &Path, path: &Path) -> String {
    if path.is_absolute() {
        return path.display().to_string();
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let (from, to) = (absolute_path(folder), absolute_path(path));
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to.components().skip(shared)).collect();
    if way.as_os_str().is_empty() { ".".to_owned() } else { way.display().to_string() }
}

/// A path from the root, without going up and down again. Links are left as they are.
fn absolute_path(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
        match part {
            Component::ParentDir => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(folder: &str, path: &str, want: &str) {
        assert_eq!(
            path_from_folder(Path::new(folder), Path::new(path)),
            want,
            "{path} from {folder}"
        );
    }

    #[test]
    fn paths_are_seen_from_folders() {
        check("", "run.json", "run.json");
        check(".", "./a/run.json", "a/run.json");
        check("a", "run.json", "../run.json");
        check("a/b", "a/c/run.json", "../c/run.json");
        check("a", "a", ".");
        check("a/../b", "b/c", "c");
        check("/x/y", "/x/z", "/x/z");
    }
}
