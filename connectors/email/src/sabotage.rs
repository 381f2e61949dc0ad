//! The rules of e-mail that a test breaks on purpose, one at a time, to show that it would notice.

rapport_sdk::sabotage! {
    /// A resume point is committed with the mails that it leaves behind, not before them.
    CursorWithMails = "sabotage.email_cursor_with_mails",
    /// Mails are handed on in the order in which they came.
    OrderOfArrival = "sabotage.email_order_of_arrival",
    /// A mail that is read again is known again, by its number or by its content.
    KnownAgain = "sabotage.email_known_again",
    /// A reply has one Message-ID, however often it is tried.
    OneName = "sabotage.email_one_name",
    /// A token counts only with its hash.
    Token = "sabotage.email_token",
    /// Only the named server's word about a sender counts.
    NamedServer = "sabotage.email_named_server",
    /// What a machine sent is known as that.
    Machines = "sabotage.email_machines",
}
