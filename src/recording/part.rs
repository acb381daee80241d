//! A part of a recording as a recording of its own.

use super::Recording;

impl Recording {
    /// The sessions of one step as a recording of their own.
    #[must_use]
    pub fn of_step(&self, step: &str) -> Recording {
        let mut only = self.clone();
        only.calls.clear();
        only.blocks.clear();
        only.sessions.clear();
        for session in self.sessions.iter().filter(|session| session.step == step) {
            let (calls_before, blocks_before) = (only.calls.len(), only.blocks.len());
            let first_block =
                self.calls[session.range()].first().map_or(0, |call| call.first_block as usize);
            for at in session.range() {
                let mut call = self.calls[at].clone();
                call.session = only.sessions.len() as u32;
                call.first_block = (call.first_block as usize - first_block + blocks_before) as u32;
                only.calls.push(call);
                for block in self.blocks_of(at) {
                    let mut block = block.clone();
                    block.call =
                        (block.call as usize - session.range().start + calls_before) as u32;
                    if let Some(peer) = block.peer() {
                        block.peer = (peer - first_block + blocks_before) as u32;
                    }
                    only.blocks.push(block);
                }
            }
            let mut session = session.clone();
            session.first_call = calls_before as u32;
            only.sessions.push(session);
        }
        only
    }
}
