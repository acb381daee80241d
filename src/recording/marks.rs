//! Marks: what an importer or a reconstruction knows about a call or a block beside its sizes.

use bitflags::bitflags;

bitflags! {
    /// What the importer or a reconstruction knows about a call.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct CallMarks: u16 {
        /// A person's prompt opens it.
        const HUMAN = 1;
        /// Its response holds prose only: no tool use, yet the loop goes on.
        const NARRATION = 1 << 1;
        /// Its response holds thinking only, yet the loop goes on.
        const THINKING_ONLY = 1 << 2;
        /// Every tool use of it looks at something that is still running.
        const POLL = 1 << 3;
        /// It starts a test run.
        const TEST_RUN = 1 << 4;
        /// It starts a run of the whole test suite.
        const FULL_SUITE = 1 << 5;
        /// The test run it starts died on its environment: no test ran.
        const ABORTED_RUN = 1 << 6;
        /// The recorded output is a streaming placeholder; `output_hidden` holds the rest.
        const PLACEHOLDER = 1 << 7;
        /// A switch of effort or thinking, and nothing else, broke the cache here.
        const EFFORT_SWITCH = 1 << 8;
        /// It ended its turn, and a side request of the harness caches its answer.
        const ANSWER_CACHED = 1 << 9;
        /// The call before it loaded tools for the first time, which breaks the cache.
        const FIRST_TOOL_LOAD = 1 << 10;
        /// More tool results came with it than the provider looks back over.
        const BEYOND_LOOKBACK = 1 << 11;
        /// It starts a test run whose failures pass when they run alone: other tests at the same
        /// time, or their order, bring them about. A source says so; no transcript does.
        const PASSES_ALONE = 1 << 12;
        /// Its times are those of its neighbours: the source tells none, or one that cannot be.
        const TIME_FILLED = 1 << 13;
    }
}

bitflags! {
    /// What is known about a block.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct BlockMarks: u16 {
        /// Prose in a response that also uses a tool.
        const PROSE = 1;
        /// A tool use that looks at something still running, or its result.
        const POLL = 1 << 1;
        /// A test command, or its output.
        const TEST_RUN = 1 << 2;
        /// It concerns the whole test suite.
        const FULL_SUITE = 1 << 3;
        /// A test run that died on its environment.
        const ABORTED_RUN = 1 << 4;
        /// A read of a file whose same content is still in the context.
        const REREAD = 1 << 5;
        /// It edits file `file`.
        const EDIT = 1 << 6;
        /// It reads file `file`.
        const READ = 1 << 7;
        /// It searches in file `file`.
        const SEARCH = 1 << 8;
        /// The tool reported an error.
        const ERROR = 1 << 9;
        /// Skills that a prompt calls for: their lines and the bodies that these bring in.
        const SKILLS = 1 << 10;
        /// A snapshot of the orchestrator's state that a prompt carries: open tasks, receipts.
        const SNAPSHOT = 1 << 11;
        /// The packet of an invocation: front matter and body.
        const PACKET = 1 << 12;
        /// A read of lines that were read before in the session, whatever they hold by now.
        const SEEN_BEFORE = 1 << 13;
    }
}
