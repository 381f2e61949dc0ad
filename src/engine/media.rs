//! Files on their way: those that a channel gave only a reference to are fetched by a job; those that
//! go out are offered to the provider under a signed link.

use hmac::{Hmac, KeyInit as _, Mac as _};
use rapport_model::{Secret, Timestamp, id::AttachmentId};
use rapport_sdk::ConnectorError;
use sha2::Sha256;
use url::Url;

use super::{Engine, retry::next_try};
use crate::store::{Job, JobOutcome, MediaOutcome, StoreError};

/// How long a link is good for: providers fetch at once, and again when a send is repeated.
const LINK_HOURS: i64 = 48;

/// Does the job that fetches one file.
pub(super) async fn fetch(engine: &Engine, job: &Job) -> Result<(), StoreError> {
    let id = AttachmentId::try_from(job.payload.clone()).ok();
    let pending = match &id {
        Some(id) => engine.store().find_pending_media(id).await?,
        None => None,
    };
    let Some(pending) = pending else {
        return engine
            .store()
            .update_job(&job.id, JobOutcome::Done(Some("fetched already".to_owned())))
            .await;
    };
    let limit = u64::try_from(engine.config().limits.attachment).unwrap_or(u64::MAX);
    let outcome = match engine.inbox(&pending.inbox) {
        Some(inbox) => inbox.connector.fetch(&pending.reference, limit).await,
        None => {
            Err(ConnectorError::Misconfigured { reason: "The inbox is no longer configured.".to_owned() })
        }
    };
    let outcome = match outcome {
        Ok(fetched) => {
            let content_type = media_type(&fetched.bytes, &fetched.content_type);
            let named = fetched.name.filter(|name| !name.trim().is_empty());
            let name = named.unwrap_or_else(|| made_up_name(&fetched.bytes, &content_type));
            let blob = engine.blobs().put(fetched.bytes).await?;
            MediaOutcome::Stored { blob, content_type, name: Some(name) }
        }
        Err(ConnectorError::Transient { retry_after, reason }) => {
            let now = engine.clock().now();
            match next_try(now, job.attempt, retry_after, rand::random()).filter(|_| job.attempt < 12) {
                Some(at) => return engine.store().update_job(&job.id, JobOutcome::Again(at, reason)).await,
                None => MediaOutcome::Failed(format!("The file could not be fetched: {reason}.")),
            }
        }
        Err(ConnectorError::Unauthorized) => {
            MediaOutcome::Failed("The provider does not accept our credentials for this file.".to_owned())
        }
        Err(ConnectorError::Misconfigured { reason }) => MediaOutcome::Failed(reason),
    };
    engine.store().update_media(&job.id, &pending.id, outcome).await
}

/// What a browser may show in place: raster images, which run nothing.
pub(crate) const INLINE: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// The type of a file as its bytes show it; else the claim of whoever sent it, where that is the name of a
/// type at all.
pub(crate) fn media_type(bytes: &[u8], claimed: &str) -> String {
    if let Some(found) = infer::get(bytes) {
        return found.mime_type().to_owned();
    }
    let plain = claimed.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let valid = plain.len() <= 100
        && plain.split_once('/').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty())
        && plain.bytes().all(|b| b.is_ascii_alphanumeric() || b"/.+-_".contains(&b));
    // The bytes are no image: so it is none, whatever it is called.
    if valid && !INLINE.contains(&plain.as_str()) { plain } else { "application/octet-stream".to_owned() }
}

/// A name for a file that came without one: what it is, and an ending by which a computer opens it.
pub(super) fn made_up_name(bytes: &[u8], media_type: &str) -> String {
    let family = media_type.split('/').next().unwrap_or_default();
    let noun = if matches!(family, "image" | "audio" | "video") { family } else { "file" };
    let ending = infer::get(bytes).map(|kind| kind.extension()).or(match media_type {
        "text/plain" => Some("txt"),
        "text/vcard" | "text/x-vcard" => Some("vcf"),
        "text/calendar" => Some("ics"),
        _ => None,
    });
    ending.map_or_else(|| noun.to_owned(), |ending| format!("{noun}.{ending}"))
}

/// Makes and judges the links under which a provider fetches a file. They name one file, end by
/// themselves, and say nothing else.
#[derive(Clone)]
pub struct MediaLinks {
    key: Secret,
    public_url: Url,
}

impl MediaLinks {
    /// Links below the public URL, signed with the installation's key.
    pub fn new(key: Secret, public_url: Url) -> Self {
        Self { key, public_url }
    }

    /// The link of a file, good from now for two days.
    pub fn link(&self, id: &AttachmentId, now: Timestamp) -> String {
        let until = now.millis() / 1000 + LINK_HOURS * 3600;
        let base = self.public_url.as_str().trim_end_matches('/');
        let signature = hex(&self.mac(id, until).finalize().into_bytes());
        format!("{base}/media/{id}?until={until}&signature={signature}")
    }

    /// Whether a link is ours and still good.
    pub fn is_valid(&self, id: &AttachmentId, until: i64, signature: &str, now: Timestamp) -> bool {
        let Some(bytes) = unhex(signature) else { return false };
        now.millis() / 1000 <= until && self.mac(id, until).verify_slice(&bytes).is_ok()
    }

    fn mac(&self, id: &AttachmentId, until: i64) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose().as_bytes())
            .expect("HMAC takes keys of any length");
        mac.update(b"media\0");
        mac.update(id.as_str().as_bytes());
        mac.update(&until.to_be_bytes());
        mac
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String does not fail");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_image_is_never_called_one() {
        let unknown = "application/octet-stream";
        assert_eq!(media_type(b"<svg onload=alert(1)>", "image/png"), unknown);
        assert_eq!(media_type(b"", "image/png"), unknown);
        assert_eq!(media_type(b"hello", "text/plain; charset=utf-8"), "text/plain");
        assert_eq!(media_type(b"hello", "a b/c"), unknown);
        assert_eq!(media_type(b"hello", "not a type"), unknown);
    }

    #[test]
    fn a_file_without_a_name_gets_one_of_its_kind_and_ending() {
        let name = |bytes: &[u8], claimed| made_up_name(bytes, &media_type(bytes, claimed));
        assert_eq!(name(b"\x89PNG\r\n\x1a\n", ""), "image.png");
        assert_eq!(name(b"%PDF-1.7", ""), "file.pdf");
        assert_eq!(name(b"BEGIN:VCARD", "text/vcard"), "file.vcf");
        assert_eq!(name(b"", "not a type"), "file");
    }

    #[test]
    fn a_link_is_good_for_its_file_and_its_time_alone() {
        let links = MediaLinks::new(Secret::new("key"), Url::parse("https://shop.example/").unwrap());
        let (id, now) = (AttachmentId::new(), Timestamp(1_000_000));
        let link = Url::parse(&links.link(&id, now)).unwrap();
        let value = |name: &str| link.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        let (until, signature) = (value("until").parse().unwrap(), value("signature"));
        assert!(links.is_valid(&id, until, &signature, now));
        assert!(!links.is_valid(&AttachmentId::new(), until, &signature, now));
        assert!(!links.is_valid(&id, until + 1, &signature, now));
        assert!(!links.is_valid(&id, until, "", now));
        assert!(!links.is_valid(&id, until, &signature, Timestamp((until + 1) * 1000)));
    }
}
