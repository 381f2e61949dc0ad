//! What tells one mail from another however it is labelled and numbered: what its writer made, without what
//! servers added on the way.

use sha2::{Digest as _, Sha256};

use crate::{
    reading::{Mailbox, Reading},
    trust::Standing,
};

/// The key of a mail's content: over From, To, Cc, Date, Message-ID, Subject and the decoded parts, and how
/// sure its sender is. Without the last, somebody who sends a copy of a mail before it comes, in its writer's
/// name, would have the genuine one taken for theirs.
pub(super) fn key(reading: &Reading, standing: Standing) -> String {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(bytes);
    };
    field(match standing {
        Standing::Proven => b"proven",
        Standing::Claimed => b"claimed",
        Standing::Disproved => b"disproved",
    });
    for list in [&reading.from, &reading.to, &reading.cc] {
        field(addresses(list).as_bytes());
    }
    field(reading.header("date").next().unwrap_or_default().as_bytes());
    field(reading.message_id.as_deref().unwrap_or_default().as_bytes());
    field(reading.subject.as_bytes());
    field(reading.text.as_bytes());
    field(reading.html.as_deref().unwrap_or_default().as_bytes());
    for file in &reading.files {
        field(file.name.as_bytes());
        field(&file.bytes);
    }
    hex(&hash.finalize())
}

/// The digest of bytes, in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn addresses(list: &[Mailbox]) -> String {
    list.iter().map(|of| of.address.as_str()).collect::<Vec<_>>().join(",")
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
