//! What the connector of one mailbox needs.
//!
//! How a configuration is written, and where secrets come from, is the host's matter.

use std::{fmt, time::Duration};

use rapport_sdk::model::{Address, Secret, id::InboxId};
use url::Url;

/// Everything that a connector needs, secrets resolved.
#[derive(Debug, Clone)]
pub struct EmailSettings {
    /// The inbox that it serves.
    pub inbox: InboxId,
    /// The name beside our address on what leaves.
    pub name: Option<String>,
    /// The inbox's own addresses; the first is the usual sender.
    pub addresses: Vec<Address>,
    /// The addresses of our other inboxes: mail from them is our own.
    pub elsewhere: Vec<Address>,
    /// Where mail is read.
    pub imap: Server,
    /// Where mail is handed in.
    pub smtp: Server,
    /// How to sign in at both.
    pub auth: Auth,
    /// The folders that are read.
    pub folders: Vec<String>,
    /// The folder of what was sent: a colleague's answers from a mail program are read there.
    pub sent_folder: Option<String>,
    /// Whether our own replies are put into `sent_folder`; not where the provider does that by itself.
    pub append_sent: bool,
    /// From when on mail is read, the first time.
    pub start: Start,
    /// The name under which the receiving server writes Authentication-Results (RFC 8601); without it no
    /// sender is ever proven by them.
    pub authserv_id: Option<String>,
    /// Whether the server delivers `name+anything@domain` to `name@domain`: then answers carry a token there.
    pub plus_addressing: bool,
    /// Senders that pass on what others wrote: web forms, marketplaces.
    pub relays: Vec<Relay>,
    /// The keys of tokens: the first makes new ones, all of them are accepted.
    pub token_keys: Vec<Secret>,
    /// The longest mail that is read, in bytes; of a longer one only the headers are.
    pub largest_mail: u64,
    /// The greatest size of all files of a mail that leaves, in bytes, before encoding.
    pub largest_files: u64,
    /// How often a folder is looked at where the server can't tell of news.
    pub poll_interval: Duration,
}

/// A server of the mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name, which its certificate has to bear.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept private.
    pub security: Security,
    /// The certificates, as PEM, that are trusted for it instead of the public ones.
    pub roots: Option<String>,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// How a connection is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// TLS after STARTTLS; never without.
    StartTls,
    /// None: to this machine alone.
    None,
}

/// How to sign in.
#[derive(Debug, Clone)]
pub enum Auth {
    /// With a password.
    Password {
        /// The user's name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// With an access token (XOAUTH2), got by a refresh token (RFC 6749 section 6).
    XOAuth2 {
        /// The mailbox's address.
        user: String,
        /// Where a new access token is asked for.
        token_url: Url,
        /// The application's id.
        client_id: String,
        /// The application's secret, where it has one.
        client_secret: Option<Secret>,
        /// The refresh token; without one, the application asks in its own name (RFC 6749 section 4.4).
        refresh_token: Option<Secret>,
        /// What the token is to allow.
        scope: Option<String>,
    },
}

/// From when on mail is read, the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// What comes from now on.
    Now,
    /// Also what came in the last so many days.
    Days(u32),
}

/// A sender that passes on what others wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// Its address.
    pub sender: Address,
    /// What stands before the customer's address in the text, where Reply-To does not name it.
    pub marker: Option<String>,
}
