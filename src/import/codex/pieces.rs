//! Values that come in several shapes: text, lists of text, and who spawned a thread.

use crate::import::text::{Lenient, Short};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Whether a thread is a subagent's, and whose.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Subagent<'a> {
    /// It is not.
    #[default]
    No,
    /// It is; the thread that spawned it, if it is told.
    Of(Short<'a>),
}

/// Pieces of text: a string, a list of items, or an object around either.
#[derive(Debug, Default)]
pub struct Pieces<'a>(pub Vec<Piece<'a>>);

/// One piece of text.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub struct Piece<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Short<'a>,
    #[serde(borrow)]
    pub text: Short<'a>,
}

impl Piece<'_> {
    /// Whether it is a picture.
    #[must_use]
    pub fn is_image(&self) -> bool {
        self.kind.0.ends_with(b"image")
    }
}

/// Messages that stand for a history.
#[derive(Debug, Default)]
pub struct History<'a>(pub Vec<Message<'a>>);

/// One of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Message<'a> {
    #[serde(borrow)]
    pub role: Short<'a>,
    #[serde(borrow)]
    pub content: Pieces<'a>,
}

/// A string, or a list of strings.
#[derive(Debug, Default)]
pub struct Words<'a>(pub Vec<Short<'a>>);

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
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok($target::default())
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
                Ok($target::default())
            }
            fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
                Ok($target::default())
            }
            fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
                Ok($target::default())
            }
            fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
                Ok($target::default())
            }
        }
        impl<'de: 'a, 'a> Deserialize<'de> for $target<'a> {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                d.deserialize_any($visitor)
            }
        }
    };
}

fn piece(raw: &[u8]) -> Vec<Piece<'_>> {
    let text = Short(raw);
    if raw.is_empty() { Vec::new() } else { vec![Piece { text, ..Piece::default() }] }
}

lenient!(
    Pieces,
    PiecesVisitor,
    |raw| Pieces(piece(raw)),
    |seq| {
        let mut pieces = Vec::new();
        while let Some(Lenient(next)) = seq.next_element::<Lenient<Piece<'de>>>()? {
            pieces.extend(next);
        }
        Ok(Pieces(pieces))
    },
    |map| {
        let mut pieces = Pieces::default();
        while let Some(key) = map.next_key::<Short<'de>>()? {
            if matches!(key.0, b"content" | b"output" | b"body" | b"content_items") {
                let inner = map.next_value::<Pieces<'de>>()?;
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
    History,
    HistoryVisitor,
    |_raw| History::default(),
    |seq| {
        let mut messages = Vec::new();
        while let Some(Lenient(next)) = seq.next_element::<Lenient<Message<'de>>>()? {
            messages.extend(next);
        }
        Ok(History(messages))
    },
    |map| {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(History::default())
    }
);

lenient!(
    Words,
    WordsVisitor,
    |raw| Words(vec![Short(raw)]),
    |seq| {
        let mut words = Vec::new();
        while let Some(word) = seq.next_element::<Short<'de>>()? {
            words.push(word);
        }
        Ok(Words(words))
    },
    |map| {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Words::default())
    }
);

lenient!(
    Subagent,
    SubagentVisitor,
    |raw| if raw.is_empty() { Subagent::No } else { Subagent::Of(Short::default()) },
    |seq| {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Subagent::No)
    },
    |map| {
        let mut parent = Short::default();
        while let Some(key) = map.next_key::<Short<'de>>()? {
            if key.0 == b"thread_spawn" {
                let spawn = map.next_value::<Lenient<Spawn<'de>>>()?;
                parent = spawn.0.map_or(parent, |spawn| spawn.parent_thread_id);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Subagent::Of(parent))
    }
);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spawn<'a> {
    #[serde(borrow)]
    parent_thread_id: Short<'a>,
}
