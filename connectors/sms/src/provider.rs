//! The seam behind which a provider stands.
//!
//! A provider reads calls and lists, and carries parts. What is answered, when the list is read,
//! and what happens after a failure is decided outside, the same for all.

use rapport_sdk::{
    BoxFuture, ConnectorError, Fetched, WebhookRequest,
    model::{
        Address, InboundEvent, Timestamp,
        event::RawPayload,
        outbound::{Outgoing, SendError, SendReceipt},
    },
};

use crate::seen::Seen;

/// What one provider does in its own way.
pub trait Provider: Send + Sync + 'static {
    /// Judges who calls, and reads what it says. No event is a call that changes nothing.
    fn read(&self, request: &WebhookRequest) -> Result<Vec<InboundEvent>, Refusal>;

    /// Reads again what could not be read when it came.
    fn read_again(&self, raw: &RawPayload, at: Timestamp) -> Vec<InboundEvent>;

    /// The type and text of the answer to a call that is durable.
    fn thanks(&self) -> (&'static str, &'static str);

    /// What the provider's record holds for this period and we have not `seen`, oldest first.
    fn list<'a>(
        &'a self,
        from: Timestamp,
        to: Timestamp,
        seen: &'a Seen,
    ) -> BoxFuture<'a, Result<Vec<InboundEvent>, ConnectorError>>;

    /// Carries one part.
    fn send<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<SendReceipt, SendError>>;

    /// Fetches a file of a message that came in.
    fn fetch<'a>(&'a self, reference: &'a str, limit: u64) -> BoxFuture<'a, Result<Fetched, ConnectorError>>;

    /// Tries the account without effect.
    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>>;
}

/// Why a call is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Neither GET nor POST.
    #[error("only GET and POST are accepted here")]
    Method,
    /// The body is of another type than the provider's.
    #[error("the content type has to be {0}")]
    ContentType(&'static str),
    /// The signature is missing or wrong.
    #[error("the signature is missing or does not match this URL and these parameters")]
    Signature,
    /// Signed with our secret, for another account.
    #[error("the call is for another account")]
    Account,
    /// For a number of ours that another inbox has, whose list brings the message in: here it would be
    /// stored twice.
    #[error("this number belongs to another inbox: look at the number's webhook")]
    Misdirected(Address),
    /// A field without which nothing can be kept.
    #[error("the field {0} is missing or empty")]
    Missing(&'static str),
}
