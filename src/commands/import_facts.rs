//! What was said of the transcripts behind a recording.

use super::Messages;
use crate::import::ImportSkip;
use crate::recording::SkipCounts;

/// What an importer says about the transcripts it read.
#[derive(Default)]
pub struct ImportFacts {
    /// What it passed over.
    pub skips: Vec<ImportSkip>,
    /// What the one who asked is told of the first of them, where others are told less.
    pub told_skip: Option<String>,
    /// How much it passed over altogether, by class.
    pub skip_counts: SkipCounts,
    /// Copies of calls and of statements that were counted once.
    pub copies: u64,
    /// Costs that the source names, in dollars.
    pub billed_usd: Option<f64>,
    /// What a reader should know of the sources, a sentence each.
    pub notes: Vec<String>,
}

impl ImportFacts {
    /// What is said of the first skip, if anything was skipped: damage before anything else.
    pub fn first_skip(&self) -> Option<String> {
        let damage = self.skips.iter().find(|skip| skip.reason.is_damage());
        damage.or(self.skips.first()).map(ToString::to_string)
    }

    /// Adds what was said of others.
    pub fn append(&mut self, mut more: Self) {
        self.skips.append(&mut more.skips);
        self.skip_counts += more.skip_counts;
        self.copies += more.copies;
        self.notes.append(&mut more.notes);
        // A source that names no cost is not one that names zero.
        let costs = [self.billed_usd, more.billed_usd];
        self.billed_usd = costs.into_iter().flatten().reduce(|sum, usd| sum + usd);
    }
    /// A line for each note, and one for what was skipped, if anything was.
    pub fn write_messages(&self, messages: &mut Messages) {
        for note in &self.notes {
            messages.add(note);
        }
        // One line for all that was skipped: there may be thousands.
        if let Some(first) = self.told_skip.clone().or_else(|| self.first_skip()) {
            let lost = match self.skip_counts.damage {
                0 => "nothing lost".to_owned(),
                damage => format!("{damage} of them lost"),
            };
            let count = self.skip_counts.total();
            messages.add(format!(
                "{count} skipped, {lost}, first: {first} (all of them: --format json)"
            ));
        }
    }
}
