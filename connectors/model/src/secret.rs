//! Values that must not be printed: secrets, and the addresses of people.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

/// A credential. Its `Debug` hides it, it has no `Display`, and it is never serialised.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a credential in.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The credential itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// A person's address on a channel, in the connector's canonical form. Its `Debug` hides it, so
/// that it does not reach a log by accident; it serialises, because people see it in the inbox.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// Takes an address in. The connector has brought it into its canonical form.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The address itself, to store, to show or to send to.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[address]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_secret_nor_an_address_shows_in_debug_output() {
        let shown = format!("{:?} {:?}", Secret::new("hunter2"), Address::new("+441"));
        assert_eq!(shown, "[secret] [address]");
    }
}
