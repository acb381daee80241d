//! Small typed indexes into the tables of a recording.

/// Marks "no such index" in a `u32` column.
pub const NO_INDEX: u32 = u32::MAX;

/// Index into [`crate::recording::Recording::models`].
pub type ModelId = u16;

/// Index into [`crate::recording::Recording::tools`]; [`NO_TOOL`] where no tool is involved.
pub type ToolId = u16;

/// The tool id of blocks that belong to no tool.
pub const NO_TOOL: ToolId = ToolId::MAX;
