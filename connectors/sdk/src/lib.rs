//! What a channel's crate builds on.
//!
//! [`connector`] is the contract, readable on its own; `docs/connector-spec.md` says the same in
//! numbered MUSTs, and [`mod@conformance`] tests exactly those. [`http`] holds the only HTTP clients.
//! Nothing here knows a database, an associate or a channel's name.

pub mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod connector;
pub mod http;
mod sabotage;

pub use connector::{
    Batch, Connector, ConnectorError, Context, Fetched, Finding, HealthReporter, IngestError, Ingested,
    Ingress, WayIn, Webhook, WebhookRequest, WebhookResponse, WebhookRoute,
};
pub use futures_util::future::BoxFuture;
pub use rapport_model as model;
