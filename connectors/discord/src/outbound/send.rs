//! How one part is handed to Discord.

use http::HeaderValue;
use rapport_sdk::model::{
    id::{ExternalMessageId, OutboxId},
    outbound::{Media, Outgoing},
};
use serde_json::{Value, json};

use crate::{
    api::{Api, Failure},
    markup,
    place::read_message_id,
    snowflake::Snowflake,
};

/// Sends a part into a channel; returns the id of the new message.
pub async fn send(api: &Api, channel: Snowflake, outgoing: &Outgoing) -> Result<Snowflake, Failure> {
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
        "enforce_nonce": true,
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

/// The id under which a message that was sent is known.
pub fn sent(channel: Snowflake, message: Snowflake) -> ExternalMessageId {
    crate::place::message_id(channel, message)
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
