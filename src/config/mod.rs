//! The configuration: what a retailer sets up, checked before anything starts.
//!
//! [`load()`] is the only way in. It merges the embedded defaults, one file and the environment, and
//! reports every problem with its place, key, reason and a suggestion. It knows no channel: the
//! tables of channels go to the registry. To add a key, write it into
//! `config/rapport.example.toml` with its default and a comment, and read it in `load.rs`.

mod check;
mod env;
mod forbidden;
mod inbox;
mod load;
mod model;
mod problem;
mod reader;
mod routing;
mod secret;
mod store_url;
mod template;
mod tls;
mod tree;

pub use inbox::{Brand, Inbox, Team};
pub use load::{EXAMPLE, Effective, Loaded, Source, load};
pub use model::{Config, Limits, Log, LogFormat, Playground, Queue, Retention, Server, Tls, is_loopback};
pub use problem::{Origin, Problem, Refused, Severity};
pub use reader::Section;
pub use routing::Routing;
pub use store_url::StoreUrl;
pub use template::{Template, Templates};
pub use tls::TlsError;
