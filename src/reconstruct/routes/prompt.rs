//! What an invocation's prompt is made of.

use super::{RoutesError, UnknownValues};
use crate::recording::BlockMarks;
use crate::units::scale_by_ratio;

/// Characters of a token of prompts. Source: MODEL.md, "Reported routes".
const CHARS_PER_TOKEN: i64 = 4;

/// One part of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromptPart {
    /// What is known about it; nothing for the agent's own fixed text.
    pub marks: BlockMarks,
    /// Its characters.
    pub chars: i64,
    /// Its tokens.
    pub tokens: i64,
}

impl PromptPart {
    /// A part of as many characters as an unknown says.
    fn from_unknown(
        values: &UnknownValues,
        id: &str,
        marks: BlockMarks,
    ) -> Result<Self, RoutesError> {
        let chars = values.get(id)?;
        Ok(Self { marks, chars, tokens: scale_by_ratio(chars, 1, CHARS_PER_TOKEN) })
    }
}

/// The prompts of one agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentPrompts {
    /// Fixed text, skills, snapshot.
    common: [PromptPart; 3],
    /// The packet where it is a digest, and where it is not.
    digest: PromptPart,
    packet: PromptPart,
}

impl AgentPrompts {
    /// The prompts of an agent.
    pub(crate) fn for_agent(values: &UnknownValues, agent: &str) -> Result<Self, RoutesError> {
        let [fixed, skills, snapshot] = if values.routes.is_controller(agent) {
            ["controller-prompt", "controller-skills", "controller-snapshot"]
        } else {
            ["worker-prompt", "worker-skills", "worker-snapshot"]
        };
        Ok(Self {
            common: [
                PromptPart::from_unknown(values, fixed, BlockMarks::empty())?,
                PromptPart::from_unknown(values, skills, BlockMarks::SKILLS)?,
                PromptPart::from_unknown(values, snapshot, BlockMarks::SNAPSHOT)?,
            ],
            digest: PromptPart::from_unknown(values, "digest", BlockMarks::PACKET)?,
            packet: PromptPart::from_unknown(values, "packet", BlockMarks::PACKET)?,
        })
    }

    /// The parts of one prompt, none larger than leaves all of them within `most` tokens.
    pub(crate) fn prompt_parts(&self, is_digest: bool, most: i64) -> [PromptPart; 4] {
        let [fixed, skills, snapshot] = self.common;
        let packet = if is_digest { self.digest } else { self.packet };
        let mut parts = [fixed, skills, snapshot, packet];
        let all: i64 = parts.iter().map(|part| part.tokens).sum();
        // All parts shrink alike, so that a toggle on one of them still finds it.
        if all > most {
            for part in &mut parts {
                part.tokens = part.tokens * most / all;
                part.chars = part.tokens * CHARS_PER_TOKEN;
            }
        }
        parts
    }

    /// Tokens of a whole prompt.
    pub(crate) fn prompt_tokens(&self, is_digest: bool) -> i64 {
        self.prompt_parts(is_digest, i64::MAX).iter().map(|part| part.tokens).sum()
    }
}
