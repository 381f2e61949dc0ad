//! How one part is handed to Discord.

use std::{sync::Arc, time::Duration};

use http::HeaderValue;
use rapport_sdk::model::{
    id::OutboxId,
    outbound::{Media, Outgoing, SendError, SendReceipt},
};
use serde_json::{Value, json};

use crate::{
    api::{Api, Failure, codes},
    inbound::{Desk, Refused, Stop},
    markup,
    place::{Leg, message_id, read_message_id},
    sabotage::{self, Rule},
    snowflake::Snowflake,
};

/// How soon a part is tried again that came before the inbox ran.
const SOON: Duration = Duration::from_secs(5);

/// Carries one part to where its thread is.
pub async fn send(api: &Api, desk: Option<Arc<Desk>>, outgoing: &Outgoing) -> Result<SendReceipt, SendError> {
    match Leg::read(&outgoing.thread) {
        Some(Leg::Channel(channel)) => match post(api, channel, outgoing).await {
            Ok(id) => Ok(receipt(channel, id)),
            Err(failure) => {
                note_unreachable(desk.as_deref(), &failure, outgoing).await;
                Err(codes::send_error(&failure))
            }
        },
        Some(Leg::Customer(user)) => {
            let desk = desk.ok_or_else(|| SendError::Transient {
                retry_after: Some(SOON),
                reason: "the inbox has just been started".to_owned(),
            })?;
            to_customer(api, &desk, user, outgoing).await
        }
        None => Err(SendError::Rejected { code: "this is no thread of Discord".to_owned() }),
    }
}

/// Into the private thread of a customer; where that was deleted, into a new one.
async fn to_customer(
    api: &Api,
    desk: &Desk,
    user: Snowflake,
    outgoing: &Outgoing,
) -> Result<SendReceipt, SendError> {
    let (thread, _) = desk.thread_of(user, None).await.map_err(unsent)?;
    match post(api, thread, outgoing).await {
        Ok(id) => Ok(receipt(thread, id)),
        Err(Failure::Refused { code: codes::UNKNOWN_CHANNEL, .. }) => {
            desk.forget_thread(user).await.map_err(|stop| unsent(Refused::Stop(stop)))?;
            let (thread, _) = desk.thread_of(user, None).await.map_err(unsent)?;
            let id = post(api, thread, outgoing).await.map_err(|failure| codes::send_error(&failure))?;
            Ok(receipt(thread, id))
        }
        Err(failure) => Err(codes::send_error(&failure)),
    }
}

/// Why nothing was sent: there is no thread yet, and whatever became of that, the part did not leave.
fn unsent(refused: Refused) -> SendError {
    let transient = |retry_after| SendError::Transient {
        retry_after,
        reason: "the customer's thread could not be made".to_owned(),
    };
    match refused {
        Refused::NoChannel => SendError::Misconfigured {
            reason: "This thread was made for a support_channel, and the configuration names none."
                .to_owned(),
        },
        Refused::Stop(Stop::Store(retry_after)) => transient(Some(retry_after)),
        Refused::Stop(Stop::Provider(Failure::NoAnswer | Failure::Server(_))) => transient(None),
        Refused::Stop(Stop::Provider(failure)) => codes::send_error(&failure),
    }
}

/// Tells the bridge of somebody who takes no private messages from us any more.
async fn note_unreachable(desk: Option<&Desk>, failure: &Failure, outgoing: &Outgoing) {
    let closed = matches!(failure, Failure::Refused { code: codes::CANNOT_DM | codes::NO_MUTUAL_SERVER, .. });
    let (Some(desk), Ok(user)) = (desk.filter(|_| closed), outgoing.to.expose().parse()) else { return };
    // Told again with the next part that is refused.
    let _ = desk.note_unreachable(user).await;
}

fn receipt(channel: Snowflake, message: Snowflake) -> SendReceipt {
    SendReceipt { id: message_id(channel, message) }
}

/// Posts a part into a channel; returns the id of the new message.
async fn post(api: &Api, channel: Snowflake, outgoing: &Outgoing) -> Result<Snowflake, Failure> {
    let path = format!("/channels/{channel}/messages");
    let body = body(channel, outgoing);
    if outgoing.media.is_empty() {
        return api.create(&path, &body).await;
    }
    let boundary = format!("rapport-{}", nonce(&outgoing.key));
    let kind = format!("multipart/form-data; boundary={boundary}");
    let kind = HeaderValue::from_str(&kind).map_err(|_| Failure::NotSent)?;
    api.create_with_files(&path, kind, multipart(&boundary, &body, &outgoing.media)).await
}

/// What a message says. Nobody is called by a mention in it, whatever it says.
fn body(channel: Snowflake, outgoing: &Outgoing) -> Value {
    let mut body = json!({
        "content": markup::write(&outgoing.part.text, &outgoing.part.spans),
        "nonce": nonce(&outgoing.key),
        "enforce_nonce": !sabotage::breaks(Rule::EnforcedNonce),
        "allowed_mentions": { "parse": [], "replied_user": false },
    });
    // What was written elsewhere (in the support channel, before the thread) can't be answered here.
    let answered =
        outgoing.reply_to.as_ref().and_then(read_message_id).filter(|(place, _)| *place == channel);
    if let Some((_, message)) = answered {
        body["message_reference"] = json!({ "message_id": message, "fail_if_not_exists": false });
    }
    if !outgoing.media.is_empty() {
        let named = outgoing.media.iter().enumerate();
        body["attachments"] =
            named.map(|(id, media)| json!({ "id": id, "filename": media.name })).collect::<Vec<_>>().into();
    }
    body
}

/// The key of a part as Discord takes it: at most 25 signs, the same on every try.
fn nonce(key: &OutboxId) -> String {
    let digits = key.as_str().trim_start_matches(OutboxId::PREFIX);
    let mut number = u128::from_str_radix(digits, 16).unwrap_or_default();
    let mut nonce = Vec::new();
    while number > 0 || nonce.is_empty() {
        let digit = u32::try_from(number % 36).unwrap_or(0);
        nonce.push(char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
    }
    nonce.into_iter().rev().collect()
}

/// The body of a form with files.
fn multipart(boundary: &str, payload: &Value, media: &[Media]) -> Vec<u8> {
    let mut body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\
         Content-Type: application/json\r\n\r\n{payload}\r\n"
    )
    .into_bytes();
    for (index, file) in media.iter().enumerate() {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"files[{index}]\"; filename=\"{}\"\r\n\
             Content-Type: {}\r\n\r\n",
            quoted(&file.name),
            one_line(&file.content_type),
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(file.bytes.as_deref().unwrap_or_default());
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}

/// A file's name within quotes, as browsers write it.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_short_and_tells_each_part_from_every_other() {
        let keys: Vec<OutboxId> = (0..100).map(|_| OutboxId::new()).collect();
        let mut nonces: Vec<String> = keys.iter().map(nonce).collect();
        assert!(nonces.iter().all(|nonce| nonce.len() <= 25), "{nonces:?}");
        assert_eq!(nonces[0], nonce(&keys[0]));
        nonces.dedup();
        assert_eq!(nonces.len(), 100);
        let longest = OutboxId::try_from(format!("out_{}", "f".repeat(32))).unwrap();
        assert_eq!(nonce(&longest).len(), 25);
    }

    #[test]
    fn a_files_name_can_not_end_its_own_header() {
        let file = Media {
            name: "a\"\r\nX: y.png".to_owned(),
            content_type: "image/png\r\nX: y".to_owned(),
            link: String::new(),
            bytes: Some(b"png".to_vec()),
        };
        let body = String::from_utf8(multipart("b", &json!({}), &[file])).unwrap();
        assert!(!body.contains("\r\nX: y") && body.ends_with("png\r\n--b--\r\n"), "{body}");
    }
}
