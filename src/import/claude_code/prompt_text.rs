//! What the text of a prompt says of who wrote it.

/// Whether a prompt is a person's and opens a turn: not the output of a command, not a notice.
pub(super) fn opens_turn(text: &[u8]) -> bool {
    const NOTICES: [&[u8]; 8] = [
        b"<local-command-",
        b"<bash-stdout>",
        b"<bash-stderr>",
        b"<task-notification>",
        b"<system-reminder>",
        b"<command-stdout>",
        b"Caveat: The messages below",
        b"[Request interrupted",
    ];
    let text = text.trim_ascii_start();
    !text.is_empty() && !NOTICES.iter().any(|notice| text.starts_with(notice))
}
