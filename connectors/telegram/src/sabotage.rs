//! The rules of Telegram that a test breaks on purpose, one at a time, to show that it would notice.

rapport_sdk::sabotage! {
    /// What came by a question is acknowledged by the next one only where it is committed.
    CommitBeforeOffset = "sabotage.telegram_commit_before_offset",
    /// A call counts only with its secret.
    Secret = "sabotage.telegram_secret",
    /// What we wrote ourselves is no customer's.
    OwnMessages = "sabotage.telegram_own_messages",
    /// What another bot wrote is known as a machine's.
    OtherBots = "sabotage.telegram_other_bots",
}
