//! Thinking that is withheld: it shows in the length of its signature, and newer usage tells it.

use crate::import::session_completion::HiddenThinking;
use crate::units::apportion;
use std::collections::HashMap;

/// What a session's records say of thinking that they do not show.
#[derive(Default)]
pub(super) struct WithheldThinking {
    /// Signature characters by (call, output): tokens depend on the model.
    signatures: Vec<(u32, u32, u64)>,
    /// Tokens of thinking that usage tells, by call.
    told: HashMap<u32, i64>,
}

impl WithheldThinking {
    /// A block of a call that shows nothing but a signature.
    pub fn add_block(&mut self, call: u32, output: u32, signature_chars: u64) {
        self.signatures.push((call, output, signature_chars));
    }

    /// What the usage of a call tells.
    pub fn note_told(&mut self, call: u32, tokens: i64) {
        self.told.insert(call, tokens);
    }

    /// By (call, output): what is told of a call is shared among its blocks by signature, the rest
    /// is estimated by that.
    pub fn share_told(&self) -> Vec<HiddenThinking> {
        // Records of one call may lie apart.
        let mut blocks = self.signatures.clone();
        blocks.sort_unstable();
        let mut all = Vec::with_capacity(blocks.len());
        for of_call in blocks.chunk_by(|a, b| a.0 == b.0) {
            let signatures: Vec<i64> = of_call
                .iter()
                .map(|(_, _, chars)| {
                    // At least one, so that blocks without a signature have a share.
                    i64::try_from(*chars).unwrap_or(0).clamp(1, i64::from(i32::MAX))
                })
                .collect();
            let told = self.told.get(&of_call[0].0);
            let shares = told.map(|told| apportion(*told, &signatures));
            for (at, &(call, output, signature_chars)) in of_call.iter().enumerate() {
                let told = shares.as_ref().map(|shares| shares[at]);
                all.push(HiddenThinking { call, output, signature_chars, told });
            }
        }
        all
    }
}
