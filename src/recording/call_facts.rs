//! What a record says of its call beside usage, times and content.

use crate::kinds::named_values;
use bitflags::bitflags;

bitflags! {
    /// Conditions under which a call was made that change its price.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct PriceModifiers: u8 {
        /// Served faster for more.
        const FAST = 1;
        /// Served later for less.
        const BATCH = 1 << 1;
        /// Served when there is room, for less.
        const FLEX = 1 << 2;
        /// Served before others, for more.
        const PRIORITY = 1 << 3;
        /// Served within the United States only.
        const US_ONLY = 1 << 4;
        /// Served through a cloud's regional profile.
        const REGIONAL = 1 << 5;
    }
}

named_values! {
    /// Why the provider says that a call missed the cache.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum ToldMissReason {
        /// Nothing is said.
        #[default]
        Nothing = "",
        /// The tools were others.
        ToolsChanged = "tools_changed",
        /// The system prompt was another one.
        SystemChanged = "system_changed",
        /// An earlier message was another one.
        MessagesChanged = "messages_changed",
        /// The model was another one.
        ModelChanged = "model_changed",
        /// The message that this one goes on from is not known any more.
        PreviousMessageNotFound = "previous_message_not_found",
        /// The provider does not know.
        Unavailable = "unavailable",
        /// A reason that is none of these.
        Other = "other",
    }
}

/// What a record says of its call beside usage, times and content; all of it may be absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallFacts {
    /// Under which conditions it was made.
    pub modifiers: PriceModifiers,
    /// Web searches of the provider, billed each.
    pub web_searches: u32,
    /// Why it missed the cache.
    pub told_miss: ToldMissReason,
    /// The skill on whose behalf it was made: an index into the labels of its session or recording.
    pub skill: Option<u16>,
    /// The MCP server that it worked with, an index into the same labels.
    pub server: Option<u16>,
}

impl CallFacts {
    /// The same facts with other indexes of labels.
    #[must_use]
    pub(super) fn with_labels(self, labels: &[u16]) -> Self {
        let renumber = |label: Option<u16>| labels.get(usize::from(label?)).copied();
        Self { skill: renumber(self.skill), server: renumber(self.server), ..self }
    }
}
