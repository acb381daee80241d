//! The templates of every check, in the language that [`super`] describes.

use crate::study::audit::AuditCheck;

/// The sentences of one check.
pub(super) struct Sentences {
    pub(super) text: &'static str,
    pub(super) arithmetic: &'static [&'static str],
    pub(super) row: &'static [&'static str],
}

impl Sentences {
    const fn new(text: &'static str, arithmetic: &'static [&'static str]) -> Self {
        Self { text, arithmetic, row: &[] }
    }

    const fn with_rows(self, row: &'static [&'static str]) -> Self {
        Self { row, ..self }
    }
}

/// The sentences of a check.
pub(super) fn sentences_of_check(check: AuditCheck) -> Sentences {
    lens_sentences(check)
        .or_else(|| sum_sentences(check))
        .or_else(|| claim_sentences(check))
        .or_else(|| route_sentences(check))
        .or_else(|| data_sentences(check))
        .unwrap_or(Sentences::new("", &[""]))
}

fn lens_sentences(check: AuditCheck) -> Option<Sentences> {
    Some(match check {
        AuditCheck::LensImpossible => {
            Sentences::new("no calls can meet the totals under the {lens} lens", &["{error}"])
        }
        AuditCheck::ReadsBelowStart => Sentences::new(
            "published calls cannot be calls: {step: and } would read less per call than the \
             {start} that every call of the session carries",
            &["{rows:; }"],
        )
        .with_rows(&["{step}: {read} / {calls} = {mean} < {start}"]),
        AuditCheck::GrowthExponents => Sentences::new(
            "published calls cannot be calls: {strange} of {sessions} sessions would have to grow \
             with an exponent above {limit}, the 99th percentile of real sessions",
            &["{rows:; }"],
        )
        .with_rows(&["{step} {session} ({calls} calls): {exponent}"]),
        AuditCheck::ImplementContext => Sentences::new(
            "implement: {calls} {what}, each one a call, {?gives|cannot give} the published \
             average context of {stated}",
            &["{read} / {calls} = {mean}"],
        ),
        AuditCheck::MeanContext => Sentences::new(
            "{calls} calls with {stated} of context each do not make {read}; the fitted calls do \
             come to such a context",
            &["{calls!} x {stated} = {low} to {high}; {read} / {published} published = \
               {mean_published}; {read} / {fitted} fitted = {mean_fitted}"],
        ),
        AuditCheck::RecordsPerCall => Sentences::new(
            "the raw sum is {factor} times the total because a call has about two records: the \
             median over real transcripts is {median}",
            &["{raw} / {total} = {factor}"],
        ),
        AuditCheck::KnownRecordsPerCall => Sentences::new(
            "where both counts are published, published calls are records",
            &["{rows:; }"],
        )
        .with_rows(&["{session}: {records} / {calls} {what} = {factor}"]),
        AuditCheck::FittedCalls => Sentences::new(
            "{basis}, {ordinary} of {sessions} sessions grow like real ones (calls, 5-95 % range)",
            &["{rows:; }"],
        )
        .with_rows(&[
            "{step} {session}: {calls} ({low}-{high}), exponent {exponent}",
            "{step} {session}: {calls}, exponent {exponent}",
            "{session}: {calls} ({low}-{high}), exponent {exponent}",
            "{session}: {calls}, exponent {exponent}",
            "{step} {session}: {calls} ({low}-{high}), exponent none",
            "{step} {session}: {calls}, exponent none",
            "{session}: {calls} ({low}-{high}), exponent none",
            "{session}: {calls}, exponent none",
        ]),
        AuditCheck::CacheTier => Sentences::new(
            "the cache must have outlived the test runs of {wait} each: a five-minute cache would \
             have written more than {step} published, so one hour is assumed",
            &["{runs} unpolled full runs x {mean} mean context = {rewritten} > {written} \
               written, growth included"],
        ),
        AuditCheck::PollCycles => Sentences::new(
            "{polls} polls that each sleep {sleep} outlast the run of {wait} that they watched; in \
             cycles of three calls (sleep, tail, ps) they fit",
            &["{polls} x {sleep} = {each}; {polls} / {calls_a_cycle} cycles x {sleep} = {cycles}"],
        ),
        _ => return None,
    })
}

fn sum_sentences(check: AuditCheck) -> Option<Sentences> {
    Some(match check {
        AuditCheck::ColumnTotal => Sentences::new(
            "{column}: the steps add up to {sum}, {?within rounding of|not} the printed total of \
             {total}",
            &["{cells: + } = {sum}; off by {off}, rounding allows {slack}"],
        ),
        AuditCheck::InventorySum => Sentences::new(
            "{step}: its sessions add up to {sum} ({column}), the table has {total}",
            &["{cells: + } = {sum}; {off} {direction} than the table, rounding allows {slack}"],
        ),
        AuditCheck::InventoryAgrees => {
            Sentences::new("other steps of several sessions agree with the table", &["{rows:; }"])
                .with_rows(&["{step} {column} {sum} against {total}"])
        }
        AuditCheck::ExcludedSession => Sentences::new(
            "{label} {session} is in the inventory but in no total",
            &["{read} beside {total}: with it the sessions read {with}"],
        ),
        AuditCheck::OrchestratorShare => Sentences::new(
            "the source's own sum with the orchestrator's share {?holds|does not hold}: {whole}, \
             of which its summary lacks {missing}, if its figures are sums over calls",
            &["{share} of {read} = {attributed}; {total} + {printed} = {sum}; {attributed} / \
               {sum} = {missing}"],
        ),
        AuditCheck::OrchestratorUnit => Sentences::new(
            "the orchestrator's {read} over {calls} calls is most likely a sum over records: as \
             calls {without} without a tool use break law L2, as records the {counted} calls read \
             {most} at most",
            &[
                "{read} / {calls} = {mean} a call, while the context grows from {first} to {last}; \
                 {calls} / {median} = {counted}; {counted} x {last} = {most}; {share} of {read} / \
                 {median} = {attributed}; with it and what else is left out the whole is {low} to \
                 {high}",
                "{read} / {calls} = {mean} a call, while the context grows from {first} to {last}; \
                 {calls} / {median} = {counted}; {counted} x {last} = {most}; {share} of {read} / \
                 {median} = {attributed}",
            ],
        ),
        AuditCheck::CrashRecords => Sentences::new(
            "crash records: cleaning the orphans leaves {reuse} of {records} (and saves no tokens)",
            &["{reuse} + {orphans} = {sum}; {triplets} x 3 = {tripled}"],
        ),
        AuditCheck::CrashClusters => Sentences::new(
            "crash records: {placed} of {triplets} groups of orphans are placed, at the sessions \
             that are said to have had the most subagents",
            &["{groups: + } = {placed}, {left} stand nowhere; reports of subagents are told of \
               these sessions {here}, of the others {elsewhere}, of {session}, which left most \
               groups, {told_at_most}"],
        ),
        AuditCheck::CrashFingerprints => Sentences::new(
            "crash records: {in_group} processes a group, each seen about every {looks} ms; a \
             trace of processes could be searched for them, and none made a call",
            &["{triplets} x {in_group} = {each}; {milliseconds} ms / {snapshots} looks; {rows:; }"],
        )
        .with_rows(&[
            "{role}: {rss} KiB, {files} files, {threads} threads",
            "{role}: {rss} KiB, {files} files",
            "{role}: {rss} KiB, {threads} threads",
            "{role}: {rss} KiB",
        ]),
        AuditCheck::Dispatches => Sentences::new(
            "the orchestrator's {dispatches} dispatches are {?the sessions|not the sessions} that \
             are told of its orders",
            &["{own} + {beyond} beyond the table + {others} of the other order = {told}; {left} is \
               told nowhere"],
        ),
        AuditCheck::OrderAsTold => Sentences::new(
            "the source of {beside} tells {told} sessions of this order and no pull request; the \
             other {later} of the finished {finished} came later",
            &["{rows: + } = {told}; no tokens of them are told: out of {total} they read {low} to \
               {high}, whole steps as they are, a part of a step 0.7 to 1.4 times its even part"],
        )
        .with_rows(&["{told} of {all} {step}", "{told} {step}"]),
        AuditCheck::CallKinds => Sentences::new(
            "{label}: the kinds of its {all} published calls add up",
            &["{tools} + {text_only} + {thinking} = {calls}; {before} + {after_tool} + 1 first = \
               {tools_by_predecessor} tools"],
        ),
        AuditCheck::CombinedCalls => Sentences::new(
            "{step}: {toggles: + } would leave {left} calls, not {to}: the claims count some calls \
             twice, or the combined claim is too modest",
            &["{from} - {fewer: - } = {left}", "{from} = {left}"],
        ),
        AuditCheck::CombinedSum => Sentences::new(
            "{step}: {which} add up to {saved} and would leave {left}, {?as claimed|not} {to}",
            &["{savings: + } = {saved}; {from} - {saved} = {left}"],
        ),
        AuditCheck::CombinedSteps => Sentences::new(
            "the combined claims of single steps leave {left}, {?within|outside} {to}",
            &["{whole}{rows} = {left}"],
        )
        .with_rows(&[" - ({from} - {to})"]),
        AuditCheck::CombinedShare => Sentences::new(
            "{to} of {from} is a saving of {low} to {high}, printed as {printed}",
            &["1 - {high_left} / {from} = {low}; 1 - {low_left} / {from} = {high}"],
        ),
        _ => return None,
    })
}

fn claim_sentences(check: AuditCheck) -> Option<Sentences> {
    Some(match check {
        AuditCheck::ClaimProduct => Sentences::new(
            "{toggle}: the text's own arithmetic {?agrees with|contradicts} its {claimed}",
            &["{rows: x } = {product} against {claimed}"],
        )
        .with_rows(&["({from} - {to}) {what}", "{from} {what}"]),
        AuditCheck::NonToolTurns => Sentences::new(
            "R1: {turns} non-tool turns are overhead only if each is a call; a response without a \
             tool call ends the loop, so they share their calls with tool uses",
            &["{turns} x {context} = {all}; less the {stay} that stay: {left}"],
        ),
        AuditCheck::ReportTokens => Sentences::new(
            "R3: {chars} characters are about {low} to {high} tokens, not {stated}",
            &["{sizes: + } = {chars} characters x {low_rate} to {high_rate} tokens per 1,000 = \
               {low} to {high}; x {calls} = {low_total} to {high_total} against {claimed}"],
        ),
        AuditCheck::TestOutput => Sentences::new(
            "R4: {runs} runs cannot have left {stated} characters, for {aborted} of them were \
             aborted before a test ran",
            &["{runs} - {aborted} = {full} full outputs = {printed} characters = {tokens} \
               tokens; {claimed} would have to be carried through {needed} calls on average, of \
               {published} published"],
        ),
        AuditCheck::RoundTrips => Sentences::new(
            "R5: {trips} round trips of {each} each are more than the session ever carried so \
             early",
            &["{claimed} / {trips} = {each}; mean context {read} / {calls} calls = {mean}; the \
               aborted runs stand early and read about {aborted} together"],
        ),
        AuditCheck::PollsLeft => Sentences::new(
            "R6 has no arithmetic; its saving is said to lie in polling turns, and R7 already \
             takes nearly all of those that are published",
            &["{polls} - {gone} = {left} polls left x {context} = {product} against {claimed}"],
        ),
        _ => return None,
    })
}

fn route_sentences(check: AuditCheck) -> Option<Sentences> {
    Some(match check {
        AuditCheck::PrintedMean => Sentences::new(
            "{route}: the printed average of {printed} {?is|is not} the quotient",
            &["{tokens} / {invocations} = {mean}"],
        ),
        AuditCheck::RouteMeans => {
            Sentences::new("tokens of an invocation, dearest route first", &["{rows:; }"])
                .with_rows(&["{route} {mean}"])
        }
        AuditCheck::RouteTotal => Sentences::new(
            "the {routes} routes hold {tokens} tokens",
            &["{tokens} tokens in {invocations} invocations"],
        ),
        AuditCheck::AgentRemainder => Sentences::new(
            "{agent}: {rest} is what the total leaves, {left} tokens",
            &[
                "{total} - {parts: - } = {left}; {all} - {woken} = {left_count} invocations",
                "{total} - {parts: - } = {left}",
            ],
        ),
        AuditCheck::BucketTotal => Sentences::new(
            "the {buckets} buckets {?exhaust|do not add up to} the stated {stated}",
            &["{cells: + } = {sum}; off by {off}, rounding allows {slack}"],
        ),
        AuditCheck::SourcesOfOthers => Sentences::new(
            "the table of sources sums over all agents, not over {agent} alone: at least \
             {at_least} tokens and {at_least_count} invocations of it belong to others",
            &["{listed} in {listed_count} listed against {own} in {own_count} of {agent}; \
               {listed} - {own} = {beyond}; {listed_count} - {own_count} = {beyond_count}"],
        ),
        AuditCheck::UnlistedSources => Sentences::new(
            "{left} tokens of {kind} come from sources that are not listed",
            &["{all} in {all_count} of all agents - {listed} in {listed_count} listed = {left} \
               in {left_count}"],
        ),
        AuditCheck::SourceCeiling => Sentences::new(
            "without a model for {source}, at most {most} tokens are saved of its own invocations",
            &["{most} / {all} = {part}"],
        ),
        AuditCheck::DuplicateAgent => Sentences::new(
            "a second controller does not double anything: {listed} listed packets woke {kind} \
             about once each; without {agent} between 0 and {most} tokens are saved",
            &["{listed} packets against {own} + {others} = {invocations} invocations; {most} / \
               {whole} of all routes = {part}"],
        ),
        AuditCheck::CountingError => Sentences::new("how the figures were counted: {words}", &[]),
        AuditCheck::TokenClasses => Sentences::new(
            "its tokens are {classes}: they stand beside no total that holds cached reads",
            &["{why}"],
        ),
        AuditCheck::FewestCalls => Sentences::new(
            "no call carries more than {window} tokens, so that an invocation takes at least so \
             many calls",
            &["tokens / invocations / {window}: {rows:; }"],
        )
        .with_rows(&["{route} {calls}"]),
        AuditCheck::TokensPerEvent => Sentences::new(
            "an event is worth {each} on average: no event says more",
            &["{tokens} / {events} = {each}"],
        ),
        AuditCheck::PostedShare => Sentences::new(
            "{percent} % of the candidates were posted; what one costs is not published",
            &["{posted} / {candidates} = {percent} %"],
        ),
        AuditCheck::PrintedRatio => Sentences::new(
            "the printed {printed} {?is|is not} {of} by {by}",
            &["{dividend} / {divisor} = {quotient}"],
        ),
        _ => return None,
    })
}

fn data_sentences(check: AuditCheck) -> Option<Sentences> {
    Some(match check {
        AuditCheck::Unknowns => Sentences::new(
            "{count} things are not knowable from the source: ranges",
            &["{unknowns:, }"],
        ),
        AuditCheck::ClaimedDirection => Sentences::new(
            "{claim} ({words}): the source says that tokens fall, and not by how much",
            &["direction only"],
        ),
        AuditCheck::ClaimedWithoutNumber => {
            Sentences::new("{claim} ({words}): the source names no number", &["no number"])
        }
        AuditCheck::RecordsAsCalls => Sentences::new(
            "summing usage over transcript records counts calls several times",
            &["{naive} read tokens over records against {counted} over calls: x{factor}"],
        ),
        AuditCheck::OutputPlaceholders => Sentences::new(
            "recorded output counts are streaming placeholders; the rest is estimated",
            &["{placeholders} of {calls} calls; {recorded} output tokens recorded, about \
               {hidden} more produced"],
        ),
        AuditCheck::UnexplainedReads => Sentences::new(
            "the cache law does not explain some reads; replays keep them as they were",
            &["{unexplained} of {calls} calls; {lost} tokens written again after unexplained \
                 losses"],
        ),
        AuditCheck::UnattributedGrowth => Sentences::new(
            "contexts grew by text that the transcript does not hold",
            &["{hidden} of {all} block tokens, {part}"],
        ),
        _ => return None,
    })
}
