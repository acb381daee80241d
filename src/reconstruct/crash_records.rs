//! Records of crashed processes that a source counts beside its sessions: how many, at which
//! sessions they stand, and what the processes look like. They made no call.

use super::figure::{Figure, FigureSource};
use serde::Deserialize;

/// Records of crashed processes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedCrashes {
    /// All of them.
    pub records: Figure,
    /// Process ids that were used again.
    pub pid_reuse: Figure,
    /// Processes that outlived their session.
    pub orphans: Figure,
    /// Groups of three among the orphans.
    pub triplets: Figure,
    /// How many of these groups are placed at the end of which session.
    #[serde(default)]
    pub clusters: Vec<CrashCluster>,
    /// What processes of a group look like.
    #[serde(default)]
    pub fingerprints: Vec<ProcessFingerprint>,
    /// How many looks of the process monitor see a group, and for how many milliseconds.
    #[serde(default)]
    pub seen: Option<GroupLifetime>,
    /// Where this was published.
    pub source: FigureSource,
}

/// Groups of orphans at the end of a session.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrashCluster {
    /// The session.
    pub session: String,
    /// The groups.
    pub groups: Figure,
}

/// What one process of a group looks like in the monitor.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessFingerprint {
    /// What it is.
    pub role: String,
    /// Its peak of resident memory, KiB.
    pub rss: Figure,
    /// Open files, where told.
    #[serde(default)]
    pub files: Option<Figure>,
    /// Threads, where told.
    #[serde(default)]
    pub threads: Option<Figure>,
    /// Whether it is one of a group, or a number that was used again.
    pub in_group: bool,
}

/// How long a group is seen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupLifetime {
    /// Looks of the monitor.
    pub snapshots: Figure,
    /// Milliseconds.
    pub milliseconds: Figure,
}
