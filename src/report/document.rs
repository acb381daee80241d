//! A document: what a command has to say, as sections of text, tables and pictures.
//!
//! One walk turns it into terminal text, another into Markdown, a third into CSV. All strings are
//! plain text: a renderer escapes whatever its format would take for markup.

use super::view::View;

/// How a stretch of text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// As the rest.
    Plain,
    /// Stressed.
    Strong,
    /// An identifier, a command, a file name.
    Code,
}

/// Running text: stretches of one weight each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub Vec<(Weight, String)>);

impl Text {
    /// No text yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on in plain text.
    #[must_use]
    pub fn plain(self, words: impl Into<String>) -> Self {
        self.push(Weight::Plain, words.into())
    }

    /// Goes on stressed.
    #[must_use]
    pub fn strong(self, words: impl Into<String>) -> Self {
        self.push(Weight::Strong, words.into())
    }

    /// Goes on with an identifier, a command or a file name.
    #[must_use]
    pub fn code(self, words: impl Into<String>) -> Self {
        self.push(Weight::Code, words.into())
    }

    fn push(mut self, weight: Weight, words: String) -> Self {
        self.0.push((weight, words));
        self
    }
}

impl<T: Into<String>> From<T> for Text {
    fn from(words: T) -> Self {
        Self::new().plain(words)
    }
}

/// One thing in a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A paragraph.
    Paragraph(Text),
    /// A list of points.
    Bullets(Vec<Text>),
    /// A table.
    Table(View),
    /// A picture that lies beside the document; the terminal names it instead.
    Image {
        /// Path relative to the document.
        path: String,
        /// What the picture shows, in words.
        alt: String,
    },
}

/// A heading and what stands under it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The heading; empty for text before the first one.
    pub heading: String,
    /// What stands under it.
    pub items: Vec<Item>,
}

impl Section {
    /// A section with nothing in it yet.
    #[must_use]
    pub fn new(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), items: Vec::new() }
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn paragraph(self, text: impl Into<Text>) -> Self {
        self.item(Item::Paragraph(text.into()))
    }

    /// Adds a list of points; nothing where there are none.
    #[must_use]
    pub fn bullets<T: Into<Text>>(self, points: impl IntoIterator<Item = T>) -> Self {
        let points: Vec<Text> = points.into_iter().map(Into::into).collect();
        if points.is_empty() { self } else { self.item(Item::Bullets(points)) }
    }

    /// Adds a table.
    #[must_use]
    pub fn table(self, view: View) -> Self {
        self.item(Item::Table(view))
    }

    /// Adds a picture that lies beside the document.
    #[must_use]
    pub fn image(self, path: impl Into<String>, alt: impl Into<String>) -> Self {
        self.item(Item::Image { path: path.into(), alt: alt.into() })
    }

    fn item(mut self, item: Item) -> Self {
        self.items.push(item);
        self
    }
}

/// What a command has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Its title; empty for the output of small commands.
    pub title: String,
    /// Its sections in order.
    pub sections: Vec<Section>,
    /// Where its numbers come from: digests, price book, version, seed. Stands at the end.
    pub provenance: Vec<String>,
}

impl Document {
    /// A document without sections yet.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds a section.
    pub fn section(&mut self, section: Section) -> &mut Self {
        self.sections.push(section);
        self
    }

    /// Adds a line on where the numbers come from.
    pub fn source(&mut self, line: impl Into<String>) -> &mut Self {
        self.provenance.push(line.into());
        self
    }

    /// All tables in order, each with the heading of its section.
    pub fn views(&self) -> impl Iterator<Item = (&str, &View)> {
        self.sections.iter().flat_map(|section| {
            section.items.iter().filter_map(|item| match item {
                Item::Table(view) => Some((section.heading.as_str(), view)),
                _ => None,
            })
        })
    }
}

impl From<View> for Document {
    /// The document of a command whose whole answer is one table.
    fn from(view: View) -> Self {
        Self { sections: vec![Section::default().table(view)], ..Self::default() }
    }
}
