//! What a connector says about its part of the configuration.

/// One thing that is wrong in a configuration. A connector reports all of them, not the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key within the inbox's table: `sms.account_sid`, `addresses`.
    pub key: String,
    /// What is wrong, never with a secret in it.
    pub reason: String,
    /// What to write instead.
    pub suggestion: String,
}

impl Problem {
    /// A problem with this key.
    pub fn new(key: impl Into<String>, reason: impl Into<String>, suggestion: impl Into<String>) -> Self {
        Self { key: key.into(), reason: reason.into(), suggestion: suggestion.into() }
    }
}
