//! The rules of Discord that a test breaks on purpose, one at a time, to show that it would notice.

rapport_sdk::sabotage! {
    /// The position in a channel is committed with the messages that it leaves behind, not before them.
    CursorWithMessages = "sabotage.discord_cursor_with_messages",
    /// A part that is sent again under its nonce is the message that there is.
    EnforcedNonce = "sabotage.discord_enforced_nonce",
    /// What we wrote ourselves is no customer's.
    OwnMessages = "sabotage.discord_own_messages",
}
