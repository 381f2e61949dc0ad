//! What can go wrong before a connector exists.

/// Why a connector can't be built from its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Tokens need a key.
    #[error("token keys are missing, or one has less than 32 bytes")]
    TokenKeys,
    /// The host is no name that a certificate can bear.
    #[error("a server's host is neither a name nor an address")]
    ServerName,
    /// The configured roots can't be read.
    #[error("the roots of a server are not certificates in PEM")]
    Roots,
    /// A mailbox with XOAUTH2 needs somebody to get tokens.
    #[error("access tokens can't be got")]
    AccessTokens,
    /// A token goes in the clear to this machine alone.
    #[error("the address of access tokens has to begin with https")]
    TokenUrl,
}
