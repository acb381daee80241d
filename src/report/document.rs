//! A document: what a command has to say, as sections of text, tables and pictures.
//!
//! One walk turns it into terminal text, another into Markdown, a third into CSV. All strings are
//! plain text: a renderer escapes whatever its format would take for markup.

use super::view::{TableView, snake_case_words};

/// How a stretch of text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextWeight {
    /// As the rest.
    Plain,
    /// Stressed.
    Strong,
    /// An identifier, a command, a file name.
    Code,
}

/// Running text: stretches of one weight each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RichText(pub Vec<(TextWeight, String)>);

impl RichText {
    /// No text yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on in plain text.
    #[must_use]
    pub fn with_plain(self, words: impl Into<String>) -> Self {
        self.push(TextWeight::Plain, words.into())
    }

    /// Goes on stressed.
    #[must_use]
    pub fn with_strong(self, words: impl Into<String>) -> Self {
        self.push(TextWeight::Strong, words.into())
    }

    /// Goes on with an identifier, a command or a file name.
    #[must_use]
    pub fn with_code(self, words: impl Into<String>) -> Self {
        self.push(TextWeight::Code, words.into())
    }

    /// Its words without any weight.
    #[must_use]
    pub fn plain_words(&self) -> String {
        self.0.iter().map(|(_, words)| words.as_str()).collect()
    }

    fn push(mut self, weight: TextWeight, words: String) -> Self {
        self.0.push((weight, words));
        self
    }
}

impl<T: Into<String>> From<T> for RichText {
    fn from(words: T) -> Self {
        Self::new().with_plain(words)
    }
}

/// A remark of a first screen, e.g. `basis: published totals of 12 sessions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledRemark {
    /// What it is about, without the colon.
    pub label: &'static str,
    /// What there is to say.
    pub text: RichText,
}

impl LabelledRemark {
    /// A remark.
    #[must_use]
    pub fn new(label: &'static str, text: impl Into<RichText>) -> Self {
        Self { label, text: text.into() }
    }
}

/// One thing in a section.
#[derive(Clone, Debug, PartialEq)]
pub enum SectionItem {
    /// A paragraph.
    Paragraph(RichText),
    /// A list of points.
    Bullets(Vec<RichText>),
    /// A table.
    Table(TableView),
    /// What to do, in one to three lines, the first of them stressed.
    Decision(Vec<RichText>),
    /// Short remarks, each behind a word that says what it is about.
    Remarks(Vec<LabelledRemark>),
    /// A picture that lies beside the document; the terminal names it instead.
    Image {
        /// Path relative to the document.
        path: String,
        /// What the picture shows, in words.
        alt: String,
    },
}

/// A heading and what stands under it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// The heading; empty for text before the first one.
    pub heading: String,
    /// What stands under it.
    pub items: Vec<SectionItem>,
}

impl Section {
    /// A section with nothing in it yet.
    #[must_use]
    pub fn new(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), items: Vec::new() }
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn with_paragraph(self, text: impl Into<RichText>) -> Self {
        self.push_item(SectionItem::Paragraph(text.into()))
    }

    /// Adds a list of points; nothing where there are none.
    #[must_use]
    pub fn with_bullets<T: Into<RichText>>(self, points: impl IntoIterator<Item = T>) -> Self {
        let points: Vec<RichText> = points.into_iter().map(Into::into).collect();
        // A list without points is left out, and so is its place.
        if points.is_empty() { self } else { self.push_item(SectionItem::Bullets(points)) }
    }

    /// Adds a table.
    #[must_use]
    pub fn with_table(self, view: TableView) -> Self {
        self.push_item(SectionItem::Table(view))
    }

    /// Adds what to do: its first line is stressed.
    #[must_use]
    pub fn with_decision<T: Into<RichText>>(self, lines: impl IntoIterator<Item = T>) -> Self {
        let lines = lines.into_iter().map(Into::into).collect();
        self.push_item(SectionItem::Decision(lines))
    }

    /// Adds remarks; nothing where there are none.
    #[must_use]
    pub fn with_remarks(self, remarks: Vec<LabelledRemark>) -> Self {
        if remarks.is_empty() { self } else { self.push_item(SectionItem::Remarks(remarks)) }
    }

    /// Adds a picture that lies beside the document.
    #[must_use]
    pub fn with_image(self, path: impl Into<String>, alt: impl Into<String>) -> Self {
        self.push_item(SectionItem::Image { path: path.into(), alt: alt.into() })
    }

    fn push_item(mut self, item: SectionItem) -> Self {
        self.items.push(item);
        self
    }
}

/// Which parts of an answer are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownParts {
    /// The first screen.
    pub first: bool,
    /// All tables behind it.
    pub details: bool,
    /// Parameters, seed and digests.
    pub provenance: bool,
}

/// What a command has to say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportDocument {
    /// Its title; empty for the output of small commands.
    pub title: String,
    /// Its sections in order.
    pub sections: Vec<Section>,
    /// Where its numbers come from: digests, price book, version, seed. Stands at the end.
    pub provenance: Vec<String>,
}

impl ReportDocument {
    /// A document without sections yet.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds a section.
    pub fn add_section(&mut self, section: Section) -> &mut Self {
        self.sections.push(section);
        self
    }

    /// Adds lines on where the numbers come from.
    pub fn add_sources(&mut self, lines: impl IntoIterator<Item = impl Into<String>>) {
        self.provenance.extend(lines.into_iter().map(Into::into));
    }

    /// The answer of a command: its first screen, then, where asked for, all that stands behind it
    /// and where the numbers come from.
    #[must_use]
    pub fn from_answer(first: Section, details: Self, shown: ShownParts) -> Self {
        let Self { title, sections, provenance } = details;
        let mut answer = if shown.details {
            Self { title, sections, provenance: Vec::new() }
        } else {
            Self::default()
        };
        // Who asks for the details on a screen has seen the first one.
        if shown.first {
            answer.sections.insert(0, first);
        }
        if shown.provenance {
            answer.provenance = provenance;
        }
        answer
    }

    /// All tables in order, each with the heading of its section.
    pub fn all_tables(&self) -> impl Iterator<Item = (&str, &TableView)> {
        self.sections.iter().flat_map(|section| {
            section.items.iter().filter_map(|item| match item {
                SectionItem::Table(view) => Some((section.heading.as_str(), view)),
                _ => None,
            })
        })
    }
}

impl ReportDocument {
    /// The tables by the names that they are asked for: the words with which their titles begin,
    /// of a table without one those of its section; a name that comes again gets a number.
    #[must_use]
    pub fn named_tables(&self) -> Vec<(String, &TableView)> {
        let mut named: Vec<(String, &TableView)> = Vec::new();
        for (heading, view) in self.all_tables() {
            // A table that stands alone in its section bears the section's name.
            let title = if view.title.is_empty() { heading } else { &view.title };
            // What follows a comma or a colon explains.
            let name = snake_case_words(title.split([',', ':', ';', '(']).next().unwrap_or(title));
            // Of tables of one name the second gets a 2: files and keys must differ.
            let numbered = (2..).map(|n| format!("{name}_{n}"));
            let mut names = std::iter::once(name.clone()).chain(numbered);
            let name = names.find(|name| named.iter().all(|(known, _)| known != name));
            named.push((name.unwrap_or_default(), view));
        }
        named
    }
}

impl From<TableView> for ReportDocument {
    /// The document of a command whose whole answer is one table.
    fn from(view: TableView) -> Self {
        Self { sections: vec![Section::default().with_table(view)], ..Self::default() }
    }
}
