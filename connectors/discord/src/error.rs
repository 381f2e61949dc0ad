//! What can go wrong before a connector exists.

/// Why a connector can't be built from its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscordError {
    /// The HTTP client does not start: no certificates, no resolver.
    #[error("the HTTP client can't be built: {0}")]
    Client(#[from] rapport_sdk::http::HttpError),
}
