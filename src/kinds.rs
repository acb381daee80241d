//! What calls, blocks and sessions can be, each with the names that files and tables use.
//!
//! These kinds are known everywhere and know nothing themselves, so that a recording, the cache and
//! the prices can speak of a tier or a block without knowing each other. `named_values!` declares
//! such a kind: its values, what each one means and what it is called stand in one list.

/// A kind whose values have names, declared by `named_values!`.
///
/// ```
/// use windtunnel::kinds::{NamedValue, Role};
///
/// assert_eq!(Role::from_name("subagent"), Some(Role::Subagent));
/// assert_eq!(Role::Subagent.name(), "subagent");
/// assert_eq!(Role::names().next(), Some("main"));
/// ```
pub trait NamedValue: Copy + PartialEq + Send + Sync + 'static {
    /// All values with their names, in the order of their declaration.
    const VALUES: &'static [(Self, &'static str)];

    /// What each value means, in the same order: its doc comment.
    const MEANINGS: &'static [&'static str];

    /// The value of a name.
    #[must_use]
    fn from_name(name: &str) -> Option<Self> {
        value_of_name(Self::VALUES, name)
    }

    /// All names, in the order of their declaration.
    fn names() -> impl Iterator<Item = &'static str> {
        Self::VALUES.iter().map(|(_, name)| *name)
    }

    /// What this value means, as one line of help without a full stop.
    #[must_use]
    fn meaning(self) -> &'static str {
        let at = Self::VALUES.iter().position(|(value, _)| *value == self);
        at.map_or("", |at| Self::MEANINGS[at].trim().trim_end_matches('.'))
    }
}

/// Declares an enum whose values have names: `Variant = "name"`, each with a doc comment.
///
/// The type gets `NAMED`, an array of all values with their names, and `name`; it is a
/// [`NamedValue`], so that the street can offer the same list as a choice on the command line.
macro_rules! named_values {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $kind:ident {
            $(
                $(#[doc = $doc:literal])+
                $(#[default $($no_more:tt)?])?
                $variant:ident = $name:literal,
            )+
        }
    ) => {
        $(#[$attribute])*
        $visibility enum $kind {
            $( $(#[doc = $doc])+ $(#[default $($no_more)?])? $variant, )+
        }

        impl $kind {
            /// All values with their names.
            $visibility const NAMED: [(Self, &'static str); [$($name),+].len()] =
                [$((Self::$variant, $name)),+];

            /// Its name.
            #[must_use]
            $visibility fn name(self) -> &'static str {
                $crate::kinds::name_of_value(&Self::NAMED, self)
            }
        }

        impl $crate::kinds::NamedValue for $kind {
            const VALUES: &'static [(Self, &'static str)] = &Self::NAMED;
            const MEANINGS: &'static [&'static str] = &[$(concat!($($doc),+)),+];
        }
    };
}
pub(crate) use named_values;

/// The name of a value in a table of names.
#[must_use]
pub(crate) fn name_of_value<T: Copy + PartialEq>(
    named: &[(T, &'static str)],
    value: T,
) -> &'static str {
    named.iter().find(|(known, _)| *known == value).map_or("", |(_, name)| name)
}

/// The value of a name in a table of names.
#[must_use]
pub(crate) fn value_of_name<T: Copy>(named: &[(T, &'static str)], name: &str) -> Option<T> {
    named.iter().find(|(_, known)| *known == name).map(|(value, _)| *value)
}

named_values! {
    /// Where a figure comes from, from the strongest to the weakest.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Basis {
        /// Read from the source's own records: the provider's usage, the harness's time stamps.
        Billed = "billed",
        /// Likewise, but some of it is missing there or cannot be right, and is that of neighbours.
        Filled = "filled",
        /// Read from a published text.
        Published = "published",
        /// Derived from measured sizes by a fitted rate.
        Estimated = "estimated",
        /// Derived from totals so that they are met.
        Reconstructed = "reconstructed",
    }
}

named_values! {
    /// What a session was in its pipeline.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Role {
        /// A main thread.
        Main = "main",
        /// A subagent of another session.
        Subagent = "subagent",
        /// The session that dispatches the others.
        Orchestrator = "orchestrator",
    }
}

named_values! {
    /// The cache tier that a call writes to.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum CacheTier {
        /// Nothing is written: what is not read is fresh.
        Uncached = "none",
        /// The five-minute cache.
        FiveMinutes = "5m",
        /// The one-hour cache.
        OneHour = "1h",
        /// The provider caches every prompt by itself and keeps it as long as it likes.
        Automatic = "auto",
    }
}

impl CacheTier {
    /// Lifetime of an entry in milliseconds, counted from the start of the call that touched it.
    #[must_use]
    pub fn ttl_ms(self) -> i64 {
        match self {
            Self::Uncached => 0,
            Self::FiveMinutes => 300_000,
            // Of an automatic cache, the median lifetime.
            Self::OneHour | Self::Automatic => 3_600_000,
        }
    }
}

named_values! {
    /// Whether the context starts over with this call.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum ContextRestart {
        /// It goes on from the call before.
        No = "",
        /// Compacted by the harness because a threshold was reached: replay decides afresh.
        AutoCompacted = "auto",
        /// Compacted by hand: happens in every what-if.
        ManualCompacted = "manual",
        /// Rewound, cleared, or the first call of a session.
        Fresh = "fresh",
    }
}

named_values! {
    /// A recorded event that makes the cache unusable at this call, whatever its age; of several
    /// that meet at one call the largest counts.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum CacheBreak {
        /// None known.
        No = "",
        /// The messages are lost, the static prefix survives (compaction, resume, rewind).
        ToStatic = "static",
        /// Everything is lost (model switch).
        ToZero = "zero",
    }
}

/// What the cache law does not explain about one call's read.
///
/// Kept so that an untouched replay is exact and a what-if meets the same weather.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shock {
    /// The law is right.
    None,
    /// The read differs from the law's by so many tokens.
    Shift(i64),
    /// The cache was lost down to an early position: the read is at most so many tokens.
    EvictedTo(i64),
    /// The cache outlived its lifetime; the read differs from a live one by so many tokens.
    Survived(i64),
    /// An early part of the cache outlived its lifetime: the read is at least so many tokens.
    SurvivedTo(i64),
}

named_values! {
    /// What a block is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum BlockKind {
        /// System prompt, tool definitions, project files: the context before anybody spoke.
        System = "system",
        /// Text from a person or the orchestrator.
        User = "user",
        /// The result of a tool.
        ToolResult = "tool_result",
        /// The report of a subagent.
        Report = "report",
        /// The summary that a compaction left.
        Summary = "summary",
        /// Growth that no recorded text explains: reminders, attachments, hidden messages.
        Unattributed = "unattributed",
        /// Prose of the model.
        Text = "text",
        /// Thinking of the model.
        Thinking = "thinking",
        /// The arguments of a tool use.
        ToolInput = "tool_input",
    }
}

impl BlockKind {
    /// Whether the model produced it (it joins the context of the next call).
    #[must_use]
    pub fn is_output(self) -> bool {
        matches!(self, Self::Text | Self::Thinking | Self::ToolInput)
    }
}
