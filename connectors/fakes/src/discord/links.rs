//! Where the files of messages are: addresses that are signed and expire.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use hmac::{Hmac, KeyInit as _, Mac as _};
use rapport_sdk::model::{Clock, Timestamp};
use sha2::Sha256;
use url::Url;

use super::snowflake::Snowflake;

/// Signs with this. A secret that nobody keeps.
const KEY: &[u8] = b"pretended";

/// Makes and judges addresses.
pub(crate) struct Links {
    pub(crate) base: Url,
    pub(crate) clock: Arc<dyn Clock>,
    /// How long one is good.
    pub(crate) life: Duration,
}

impl Links {
    /// A new address of a file, good from now on.
    pub(crate) fn sign(&self, channel: Snowflake, file: Snowflake, name: &str) -> String {
        let now = self.clock.now();
        let (since, until) = (seconds(now), seconds(now.plus(self.life)));
        let mut url = self.base.clone();
        url.set_path(&format!("attachments/{channel}/{file}/{name}"));
        let mark = mark(file, &until, &since);
        url.set_query(Some(&format!("ex={until}&is={since}&hm={mark}&")));
        url.into()
    }

    /// Whether an address of a file is good now.
    pub(crate) fn is_good(&self, file: Snowflake, query: &[(String, String)]) -> bool {
        let get = |key: &str| query.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value);
        let (until, since) = (get("ex"), get("is"));
        let expires = i64::from_str_radix(until, 16).unwrap_or(0);
        get("hm") == mark(file, until, since) && self.clock.now().millis() / 1000 < expires
    }
}

fn seconds(time: Timestamp) -> String {
    format!("{:x}", time.millis() / 1000)
}

fn mark(file: Snowflake, until: &str, since: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(KEY) else { return String::new() };
    mac.update(format!("{file} {until} {since}").as_bytes());
    let mut mark = String::new();
    for byte in mac.finalize().into_bytes() {
        // Writing into a text does not fail.
        let _ = write!(mark, "{byte:02x}");
    }
    mark
}
