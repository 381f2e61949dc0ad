//! The files and pictures that came with a mail.

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

/// The most files of a mail that are taken; the original holds them all.
const MAX_FILES: usize = 500;
/// The longest name of a file, in letters.
const MAX_NAME: usize = 255;

/// A file or picture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct File {
    /// Its name, decoded, without a path; made up from its type where the mail gives none.
    pub name: String,
    /// Its type as the mail claims, in lower case: "image/jpeg".
    pub content_type: String,
    /// Its Content-ID, without angle brackets, by which the HTML shows it.
    pub content_id: Option<String>,
    /// Whether it stands in the text.
    pub inline: bool,
    /// Whether it goes up to the last byte of the mail: of one that was read in part, it is cut off there.
    pub at_end: bool,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// All parts that are no text of the message itself. Pictures in the text come from the list of parts: the
/// parser does not count them among the attachments.
pub(super) fn collect(message: &Message<'_>, displayed: &[usize]) -> Vec<File> {
    let parts = message.parts.iter().enumerate();
    let is_signed = message
        .parts
        .first()
        .and_then(MimeHeaders::content_type)
        .is_some_and(|kind| kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("signed")));
    let has_calendar_file = message
        .parts
        .iter()
        .any(|part| part.attachment_name().is_some_and(|name| name.to_ascii_lowercase().ends_with(".ics")));
    parts
        .filter(|(index, part)| !displayed.contains(index) && !matches!(part.body, PartType::Multipart(_)))
        .filter(|(index, part)| is_file(part, *index, is_signed, has_calendar_file))
        .take(MAX_FILES)
        .map(|(_, part)| file(message, part))
        .collect()
}

/// Machine parts are no files that a reader opens: the proof of a signature, the report of a server, and
/// the second copy of an invitation.
fn is_file(part: &MessagePart<'_>, index: usize, is_signed: bool, has_calendar_file: bool) -> bool {
    let kind = content_type(part);
    if part.contents().is_empty() && part.attachment_name().is_none() {
        return false;
    }
    match kind.as_str() {
        "application/pkcs7-signature" | "application/x-pkcs7-signature" | "application/pgp-signature" => {
            !is_signed
        }
        "message/delivery-status"
        | "message/disposition-notification"
        | "message/feedback-report"
        | "text/rfc822-headers"
        | "message/global-delivery-status"
        | "message/global-headers" => false,
        "text/calendar" => part.attachment_name().is_some() || !has_calendar_file,
        // What no branch displayed: the text of a file has a name or stands in a container.
        _ => {
            index > 0
                || part.attachment_name().is_some()
                || !matches!(part.body, PartType::Text(_) | PartType::Html(_))
        }
    }
}

fn file(message: &Message<'_>, part: &MessagePart<'_>) -> File {
    let content_type = content_type(part);
    let bytes = match &part.body {
        PartType::Message(inner) => {
            let range = part.offset_body as usize..part.offset_end as usize;
            let whole = if part.encoding == mail_parser::Encoding::None {
                message.raw_message.get(range)
            } else {
                None
            };
            whole.unwrap_or(&inner.raw_message).to_vec()
        }
        // A text file is kept as it came, not as it was decoded.
        _ => part.contents().to_vec(),
    };
    let disposition = part.content_disposition();
    let content_id = part.content_id().map(|id| id.trim_matches(['<', '>', ' ']).to_owned());
    let is_attached = disposition.is_some_and(mail_parser::ContentType::is_attachment);
    let inline = !is_attached
        && (content_id.is_some() || disposition.is_some_and(mail_parser::ContentType::is_inline));
    let at_end = part.offset_end as usize >= message.raw_message.len();
    File { name: name(part, &content_type), content_type, content_id, inline, at_end, bytes }
}

fn content_type(part: &MessagePart<'_>) -> String {
    part.content_type().map_or_else(
        || "text/plain".to_owned(),
        |kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream")).to_ascii_lowercase(),
    )
}

fn name(part: &MessagePart<'_>, content_type: &str) -> String {
    let given = part.attachment_name().unwrap_or_default();
    let decoded = super::encoded_word::decode(given.as_bytes());
    let bare = decoded.rsplit(['/', '\\']).next().unwrap_or_default();
    let bare: String = bare.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    let bare = bare.trim();
    if !bare.is_empty() && bare != "." && bare != ".." {
        return bare.to_owned();
    }
    if let PartType::Message(inner) = &part.body {
        let subject: String = inner
            .subject()
            .unwrap_or("message")
            .chars()
            .filter(|c| !c.is_control() && !"/\\".contains(*c))
            .take(80)
            .collect();
        return format!("{}.eml", subject.trim());
    }
    let extension = match content_type {
        "image/jpeg" => "jpg",
        "image/svg+xml" => "svg",
        "text/plain" => "txt",
        "text/calendar" => "ics",
        "application/octet-stream" => "bin",
        _ => content_type.rsplit('/').next().filter(|kind| kind.len() <= 5).unwrap_or("bin"),
    };
    format!("file.{extension}")
}
