//! Where the tokens went: sessions, tools, kinds of blocks, and what each of them cost in re-reads.

use super::bill::ClassBill;
use super::cache_misses::{CacheMiss, find_cache_misses};
use crate::intervene;
use crate::plan::{Patch, Plan};
use crate::price;
use crate::price::{MissingPrice, PriceResolver, Pricing};
use crate::recording::{BlockKind, Call, ContextRestart, Recording, Remainder};
use crate::scenario::ChosenToggle;
use crate::study::whatif::marginal_savings::savings_alone;
use crate::units::{PicoUsd, Usage};
use std::collections::{BTreeMap, BTreeSet};

/// Totals of a recording or of one of its sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingTotals {
    /// Calls.
    pub calls: i64,
    /// Records.
    pub records: i64,
    /// Tokens by class, remainders included.
    pub usage: Usage,
    /// Output that usage does not show, estimated.
    pub hidden_output: i64,
    /// The largest context.
    pub peak_context: i64,
    /// What they cost.
    pub bill: ClassBill,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionTotals {
    /// Index in the recording.
    pub index: usize,
    /// The models that it used, in order of first use.
    pub models: Vec<String>,
    /// Its totals.
    pub totals: RecordingTotals,
}

/// Blocks of one group: a kind, or a tool and a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockGroup {
    /// Blocks.
    pub blocks: i64,
    /// Their tokens, each counted once.
    pub tokens: i64,
    /// Their tokens times the later calls that carried them: what they cost in re-reads.
    pub re_read_tokens: i64,
}

/// What one toggle finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToggleFinding {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Places where it applies.
    pub found: u32,
    /// Tokens that it touches.
    pub touched: i64,
    /// What to tell the reader.
    pub notes: Vec<String>,
    /// Tokens of all classes that it saves alone; `None` where nothing was replayed.
    pub saved_tokens: Option<i64>,
    /// Cache reads that it saves alone; `None` where prices are missing and nothing was replayed.
    pub saved_read: Option<i64>,
    /// What it saves alone in money, hidden output included.
    pub saved_cost: Option<PicoUsd>,
}

/// Everything that `inspect` shows.
#[derive(Clone, Debug)]
pub struct RecordingSummary {
    /// The whole recording.
    pub totals: RecordingTotals,
    /// Session by session.
    pub sessions: Vec<SessionTotals>,
    /// By kind of block, largest re-reads first.
    pub kinds: Vec<(BlockKind, BlockGroup)>,
    /// By tool (results and reports), largest re-reads first.
    pub tools: Vec<(String, BlockGroup)>,
    /// What each toggle finds.
    pub toggles: Vec<ToggleFinding>,
    /// Calls that missed the cache.
    pub misses: Vec<CacheMiss>,
}

/// Summarises a recording.
#[must_use]
pub fn summarise_recording(
    recording: &Recording,
    chosen: &[ChosenToggle],
    pricing: &Pricing,
) -> RecordingSummary {
    let sessions = totals_by_session(recording, pricing);
    let totals = RecordingTotals::sum_sessions(&sessions);
    let (kinds, tools) = group_blocks(recording);
    let toggles = replay_findings(recording, chosen, pricing);
    let misses = find_cache_misses(recording, pricing);
    RecordingSummary { totals, sessions, kinds, tools, toggles, misses }
}

/// Every session of a recording.
#[must_use]
pub fn totals_by_session(recording: &Recording, pricing: &Pricing) -> Vec<SessionTotals> {
    let mut prices = pricing.start_resolver();
    // By session, in the order of the recording.
    let mut rests: Vec<&Remainder> = recording.remainders.iter().collect();
    rests.sort_by_key(|rest| rest.session);
    let mut rests = rests.as_slice();
    let mut sessions = Vec::with_capacity(recording.sessions.len());
    for index in 0..recording.sessions.len() {
        // Both lists go up by session, so that each session takes its own off the front.
        let own = rests.iter().take_while(|rest| rest.session as usize == index).count();
        let (own, others) = rests.split_at(own);
        rests = others;
        sessions.push(session_totals(recording, (index, own), &mut prices));
    }
    sessions
}

impl RecordingTotals {
    /// What sessions add up to.
    #[must_use]
    pub fn sum_sessions(sessions: &[SessionTotals]) -> Self {
        sessions.iter().fold(Self::default(), |sum, session| sum.plus_totals(&session.totals))
    }

    /// Money of everything that has a price, hidden output included; `None` where nothing has one.
    #[must_use]
    pub fn cost(&self) -> Option<PicoUsd> {
        self.bill.total_cost()
    }

    /// Adds a call.
    pub(super) fn add_call(
        &mut self,
        prices: &mut PriceResolver<'_>,
        recording: &Recording,
        call: &Call,
    ) {
        self.calls += 1;
        self.usage += call.usage;
        self.hidden_output += call.output_hidden;
        self.peak_context = self.peak_context.max(call.usage.context_tokens());
        self.bill.add_call(prices, recording, call);
    }

    /// Adds what was billed beyond the calls of a session, whose last call started at `last_ms`.
    pub(super) fn add_remainder(
        &mut self,
        prices: &mut PriceResolver<'_>,
        recording: &Recording,
        (rest, last_ms): (&Remainder, Option<i64>),
    ) {
        self.usage += rest.usage;
        self.bill.add_remainder(prices, recording, (rest, last_ms));
    }

    fn plus_totals(self, other: &Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            records: self.records + other.records,
            usage: self.usage + other.usage,
            hidden_output: self.hidden_output + other.hidden_output,
            peak_context: self.peak_context.max(other.peak_context),
            bill: self.bill + other.bill,
        }
    }
}

fn session_totals(
    recording: &Recording,
    (index, rests): (usize, &[&Remainder]),
    prices: &mut PriceResolver<'_>,
) -> SessionTotals {
    let session = &recording.sessions[index];
    let mut models: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    // Named once each, in the order in which they come.
    let mut name_model = |id| {
        if known.insert(id) {
            models.push(recording.model_name(id).to_owned());
        }
    };
    let mut totals =
        RecordingTotals { records: i64::from(session.records), ..RecordingTotals::default() };
    for call in &recording.calls[session.call_range()] {
        name_model(call.model);
        totals.add_call(prices, recording, call);
    }
    // What has no time of its own is priced as of the last call.
    let last = recording.calls[session.call_range()].last().map(|call| call.start_ms);
    for rest in rests {
        name_model(rest.model);
        totals.add_remainder(prices, recording, (rest, last));
    }
    SessionTotals { index, models, totals }
}

pub(crate) type BlockGroups = (Vec<(BlockKind, BlockGroup)>, Vec<(String, BlockGroup)>);

/// Blocks by kind and by tool, those that cost most re-reads first.
pub(crate) fn group_blocks(recording: &Recording) -> BlockGroups {
    let mut kinds: BTreeMap<BlockKind, BlockGroup> = BTreeMap::new();
    let mut tools: BTreeMap<&str, BlockGroup> = BTreeMap::new();
    for (block, carried) in recording.blocks.iter().zip(re_reads_by_block(recording)) {
        kinds.entry(block.kind).or_default().add_block(block.tokens, carried);
        let name = recording.tool_name(block.tool);
        // Of a tool what it brought counts, and not what it was asked.
        if !block.kind.is_output() && !name.is_empty() {
            tools.entry(name).or_default().add_block(block.tokens, carried);
        }
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(kind, group)| (-group.re_read_tokens, *kind));
    let mut tools: Vec<_> =
        tools.into_iter().map(|(name, group)| (name.to_owned(), group)).collect();
    tools.sort_by(|a, b| b.1.re_read_tokens.cmp(&a.1.re_read_tokens).then(a.0.cmp(&b.0)));
    (kinds, tools)
}

/// What each block cost in re-reads: its tokens times the later calls that carried it, up to the
/// end of its session, the next restart, or the call before which it left the context alone.
#[must_use]
pub fn re_reads_by_block(recording: &Recording) -> Vec<i64> {
    let mut carried = vec![0; recording.blocks.len()];
    for session in &recording.sessions {
        let mut end = session.call_range().end;
        for at in session.call_range().rev() {
            for block in recording.calls[at].block_range() {
                // A block is read again by every later call of its stretch, until it leaves alone;
                // its own call writes it.
                let later = (end - at - 1) as i64;
                let block_of_call = &recording.blocks[block];
                let calls = block_of_call.carried_calls().map_or(later, |n| later.min(n.into()));
                carried[block] = block_of_call.tokens * calls;
            }
            // What was there before a restart is carried no further: earlier calls end here.
            if recording.calls[at].restart != ContextRestart::No {
                end = at;
            }
        }
    }
    carried
}

impl BlockGroup {
    pub(crate) fn add_block(&mut self, tokens: i64, carried: i64) {
        self.blocks += 1;
        self.tokens += tokens;
        self.re_read_tokens += carried;
    }
}

/// What some toggles find in a recording, each alone.
///
/// # Errors
/// A model without a price that a toggle names.
pub fn find_toggles(
    recording: &Recording,
    chosen: &[ChosenToggle],
    pricing: &Pricing,
) -> Result<Vec<ToggleFinding>, MissingPrice> {
    let patches = build_patches(recording, chosen);
    Plan::compile(recording, &patches, pricing)?;
    Ok(replay_findings(recording, chosen, pricing))
}

fn build_patches(recording: &Recording, chosen: &[ChosenToggle]) -> Vec<Patch> {
    chosen.iter().map(|one| one.toggle.build_patch(recording, &one.params)).collect()
}

fn replay_findings(
    recording: &Recording,
    chosen: &[ChosenToggle],
    pricing: &Pricing,
) -> Vec<ToggleFinding> {
    let patches = build_patches(recording, chosen);
    // Without a price that a toggle names nothing is replayed; what is found is told all the same.
    let plan = Plan::compile(recording, &patches, pricing).ok();
    let savings = plan.as_ref().map(|plan| savings_alone(plan, chosen.len()));
    let has_dollars = price::tells_token_classes(&recording.models);
    let found = chosen.iter().zip(&patches).enumerate().map(|(index, (chosen, patch))| {
        let card = chosen.toggle.card();
        // Without its number a toggle has no figure.
        let savings = savings.as_ref().filter(|_| !chosen.awaits_parameter());
        let saving = savings.map(|savings| savings[index]);
        ToggleFinding {
            id: card.id,
            title: card.title,
            found: patch.found_places,
            touched: intervene::tokens_touched(recording, patch),
            notes: patch.notes.clone(),
            saved_tokens: saving.map(|it| it.usage.context_tokens() + it.usage.output),
            saved_read: saving.map(|it| it.usage.read),
            saved_cost: saving.filter(|_| has_dollars).map(|it| it.total_money()),
        }
    });
    found.collect()
}
