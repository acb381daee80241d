//! Values that come in several shapes: text, lists of text, and who spawned a session.

use crate::import::measured_text::{LenientObject, ShortText, visit_scalars_as};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Whether a session is a subagent's, and whose.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum SubagentOrigin<'a> {
    /// It is not.
    #[default]
    No,
    /// It is; the session that spawned it, if it is told.
    Of(ShortText<'a>),
}

/// Pieces of text: a string, a list of items, or an object around either.
#[derive(Debug, Default)]
pub(super) struct ContentPieces<'a>(pub Vec<TextPiece<'a>>);

/// One piece of text.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct TextPiece<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: ShortText<'a>,
    #[serde(borrow)]
    pub text: ShortText<'a>,
}

impl TextPiece<'_> {
    /// Whether it is a picture.
    pub fn is_image(&self) -> bool {
        self.kind.0.ends_with(b"image")
    }
}

/// Messages that stand for a history.
#[derive(Debug, Default)]
pub(super) struct CompactedHistory<'a>(pub Vec<HistoryMessage<'a>>);

/// One of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct HistoryMessage<'a> {
    #[serde(borrow)]
    pub role: ShortText<'a>,
    #[serde(borrow)]
    pub content: ContentPieces<'a>,
}

/// A string, or a list of strings.
#[derive(Debug, Default)]
pub(super) struct WordList<'a>(pub Vec<ShortText<'a>>);

/// Visits any value; only strings, lists and objects matter, each as its type says.
macro_rules! lenient {
    (
        $target:ident, $visitor:ident, |$raw:ident| $text:expr, |$seq:ident| $list:expr,
        |$map:ident| $object:expr
    ) => {
        struct $visitor;
        impl<'de> Visitor<'de> for $visitor {
            type Value = $target<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_borrowed_bytes<E: Error>(self, $raw: &'de [u8]) -> Result<Self::Value, E> {
                Ok($text)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut $seq: A) -> Result<Self::Value, A::Error> {
                $list
            }
            fn visit_map<A: MapAccess<'de>>(self, mut $map: A) -> Result<Self::Value, A::Error> {
                $object
            }
            visit_scalars_as!($target::default());
        }
        impl<'de: 'a, 'a> Deserialize<'de> for $target<'a> {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                d.deserialize_any($visitor)
            }
        }
    };
}

fn single_piece(raw: &[u8]) -> Vec<TextPiece<'_>> {
    let text = ShortText(raw);
    if raw.is_empty() { Vec::new() } else { vec![TextPiece { text, ..TextPiece::default() }] }
}

lenient!(
    ContentPieces,
    PiecesVisitor,
    |raw| ContentPieces(single_piece(raw)),
    |seq| {
        let mut pieces = Vec::new();
        while let Some(LenientObject(next)) = seq.next_element::<LenientObject<TextPiece<'de>>>()? {
            pieces.extend(next);
        }
        Ok(ContentPieces(pieces))
    },
    |map| {
        let mut pieces = ContentPieces::default();
        while let Some(key) = map.next_key::<ShortText<'de>>()? {
            // Versions and tools name the text differently; of several the first that has any
            // counts.
            if matches!(key.0, b"content" | b"output" | b"body" | b"content_items") {
                let inner = map.next_value::<ContentPieces<'de>>()?;
                if pieces.0.is_empty() {
                    pieces = inner;
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(pieces)
    }
);

lenient!(
    CompactedHistory,
    HistoryVisitor,
    |_raw| CompactedHistory::default(),
    |seq| {
        let mut messages = Vec::new();
        while let Some(LenientObject(next)) =
            seq.next_element::<LenientObject<HistoryMessage<'de>>>()?
        {
            messages.extend(next);
        }
        Ok(CompactedHistory(messages))
    },
    |map| {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(CompactedHistory::default())
    }
);

lenient!(
    WordList,
    WordsVisitor,
    |raw| WordList(vec![ShortText(raw)]),
    |seq| {
        let mut words = Vec::new();
        while let Some(word) = seq.next_element::<ShortText<'de>>()? {
            words.push(word);
        }
        Ok(WordList(words))
    },
    |map| {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(WordList::default())
    }
);

lenient!(
    SubagentOrigin,
    SubagentVisitor,
    // A word (`review`, `compact`) says what a subagent is for, and not whose it is.
    |raw| if raw.is_empty() {
        SubagentOrigin::No
    } else {
        SubagentOrigin::Of(ShortText::default())
    },
    |seq| {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(SubagentOrigin::No)
    },
    |map| {
        let mut parent = ShortText::default();
        while let Some(key) = map.next_key::<ShortText<'de>>()? {
            if key.0 == b"thread_spawn" {
                let spawn = map.next_value::<LenientObject<ThreadSpawn<'de>>>()?;
                parent = spawn.0.map_or(parent, |spawn| spawn.parent_thread_id);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(SubagentOrigin::Of(parent))
    }
);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ThreadSpawn<'a> {
    #[serde(borrow)]
    parent_thread_id: ShortText<'a>,
}
