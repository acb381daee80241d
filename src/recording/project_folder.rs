//! The project of a session: the folder that its harness keeps for one working directory.

use super::Session;

/// Folders that lie in every home of a harness: they name no project.
pub(crate) const HARNESS_FOLDERS: [&str; 3] = ["projects", "sessions", "archived_sessions"];

/// The folder beside a main session in which its subagents lie, one level below its own folder.
const SUBAGENTS: &str = "subagents";

/// What stands for a folder within a project where names are hidden.
const HIDDEN_FOLDER: &str = "folder-";

impl Session {
    /// The name of its project's folder; empty where its file says none.
    #[must_use]
    pub fn project(&self) -> &str {
        project_path(&self.file).map_or("", |path| path.rsplit('/').next().unwrap_or_default())
    }
}

/// The part of a file's label that ends in the name of its project; `None` without one.
pub(super) fn project_path(label: &str) -> Option<&str> {
    let (mut path, _) = label.rsplit_once('/')?;
    // `PROJECT/SESSION/subagents/agent-1.jsonl`, and deeper for those of workflows.
    let above: usize =
        path.split('/').take_while(|name| *name != SUBAGENTS).map(|name| name.len() + 1).sum();
    if above < path.len() {
        path = path[..above].trim_end_matches('/').rsplit_once('/')?.0;
    }
    loop {
        let name = path.rsplit('/').next().unwrap_or_default();
        // Codex sorts its sessions by year, month and day.
        let is_date = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if !is_date && !name.starts_with(HIDDEN_FOLDER) {
            return (!name.is_empty() && !HARNESS_FOLDERS.contains(&name)).then_some(path);
        }
        path = path.rsplit_once('/')?.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_the_folder_of_main_sessions() {
        for (label, project) in [
            ("-home-alice-acme/a.jsonl", Some("-home-alice-acme")),
            ("-home-alice-acme/a/subagents/agent-b.jsonl", Some("-home-alice-acme")),
            ("-home-alice-acme/a/subagents/workflows/w/c.jsonl", Some("-home-alice-acme")),
            ("projects/-home-alice-acme/a.jsonl", Some("projects/-home-alice-acme")),
            ("acme/subagents-lab/a.jsonl", Some("acme/subagents-lab")),
            ("sessions/2026/02/06/rollout-1.jsonl", None),
            ("2026/02/06/rollout-1.jsonl", None),
            ("acme/2026/02/06/rollout-1.jsonl", Some("acme")),
            ("project-2/folder-7/file-3", Some("project-2")),
            ("a/subagents/b.jsonl", None),
            ("a.jsonl", None),
            ("", None),
        ] {
            assert_eq!(project_path(label), project, "{label}");
        }
    }
}
