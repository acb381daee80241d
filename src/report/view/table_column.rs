//! One column of a table: what it holds, how it is set, and when it gives way to others.

/// What a column holds, and with it the unit, the format and the alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Words.
    Text,
    /// Tokens.
    Tokens,
    /// Plain counts: calls, sessions, records.
    Count,
    /// Shares in basis points (10,000 is the whole).
    Share,
    /// Money in pico-dollars.
    Money,
    /// Durations in milliseconds.
    Duration,
    /// Numbers without a unit, in thousandths (`776` is 0.776).
    Number,
    /// Several words.
    Texts,
    /// Yes or no.
    Flag,
    /// Parts of one, with all digits.
    Fraction,
    /// Money in whole pico-dollars.
    PicoUsd,
    /// Values of another kind in every row, as in a table of metrics.
    Mixed,
}

impl ColumnKind {
    /// Words go left, numbers go right.
    #[must_use]
    pub fn default_alignment(self) -> Alignment {
        if matches!(self, Self::Text | Self::Texts) { Alignment::Left } else { Alignment::Right }
    }
}

/// The side to which a column is flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// Flush left.
    Left,
    /// Flush right.
    Right,
}

/// One column of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// What stands above it.
    pub heading: String,
    /// What its cells hold.
    pub kind: ColumnKind,
    /// Which side it is flush to.
    pub align: Alignment,
    /// Whether positive numbers carry a `+`: for savings and differences.
    pub signed: bool,
    /// Whether numbers are shown in full rather than as `22.8 M`.
    pub exact: bool,
    /// Whether cells may be ranges; machine-readable tables then give both ends a column.
    pub ranged: bool,
    /// Whether its amounts are forecasts: to so many places as the largest of them has.
    pub is_forecast: bool,
    /// Screens narrower than this do not show it.
    pub least_screen: u16,
    /// Where not all columns fit, those of the lowest rank go first, of equal ones the rightmost.
    /// [`KEPT`] never goes.
    pub rank: u8,
}

/// The rank of a column that is shown at any width: an id, a title.
pub const KEPT: u8 = u8::MAX;

impl TableColumn {
    /// A column with the usual alignment of its kind.
    #[must_use]
    pub fn new(heading: impl Into<String>, kind: ColumnKind) -> Self {
        Self {
            heading: heading.into(),
            kind,
            align: kind.default_alignment(),
            signed: false,
            exact: false,
            ranged: false,
            is_forecast: false,
            least_screen: 0,
            rank: 0,
        }
    }

    /// A column of words.
    #[must_use]
    pub fn text(heading: impl Into<String>) -> Self {
        Self::new(heading, ColumnKind::Text)
    }

    /// A column of tokens.
    #[must_use]
    pub fn tokens(heading: impl Into<String>) -> Self {
        Self::new(heading, ColumnKind::Tokens)
    }

    /// A column of counts.
    #[must_use]
    pub fn count(heading: impl Into<String>) -> Self {
        Self::new(heading, ColumnKind::Count)
    }

    /// A column of shares.
    #[must_use]
    pub fn share(heading: impl Into<String>) -> Self {
        Self::new(heading, ColumnKind::Share)
    }

    /// A column of money.
    #[must_use]
    pub fn money(heading: impl Into<String>) -> Self {
        Self::new(heading, ColumnKind::Money)
    }

    /// A column of durations.
    #[must_use]
    pub fn duration(heading: impl Into<String>) -> Self {
        Self::new(heading, ColumnKind::Duration)
    }

    /// A column of plain numbers.
    #[must_use]
    pub fn number(heading: impl Into<String>) -> Self {
        Self::new(heading, ColumnKind::Number)
    }

    /// A column of values of another kind in every row.
    #[must_use]
    pub fn mixed(heading: impl Into<String>) -> Self {
        Self::new(heading, ColumnKind::Mixed)
    }

    /// The same column with a sign on every number that is not zero.
    #[must_use]
    pub fn with_sign(self) -> Self {
        Self { signed: true, ..self }
    }

    /// The same column with numbers in full.
    #[must_use]
    pub fn in_full(self) -> Self {
        Self { exact: true, ..self }
    }

    /// The same column with room for ranges.
    #[must_use]
    pub fn with_ranges(self) -> Self {
        Self { ranged: true, ..self }
    }

    /// The same column of forecasts.
    #[must_use]
    pub fn as_forecast(self) -> Self {
        Self { is_forecast: true, ..self }
    }

    /// The same column, shown on screens of at least so many columns.
    #[must_use]
    pub fn from_width(self, least_screen: u16) -> Self {
        Self { least_screen, ..self }
    }

    /// The same column with a rank among those that go where not all fit.
    #[must_use]
    pub fn with_rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    /// The same column flush right, for figures that are already words.
    #[must_use]
    pub fn flush_right(self) -> Self {
        Self { align: Alignment::Right, ..self }
    }
}
