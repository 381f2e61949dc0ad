//! Reports in a standard form: of delivery (RFC 3464, RFC 6533), of disposition (RFC 8098), of abuse
//! (RFC 5965).

use mail_parser::{MessagePart, MimeHeaders as _, PartType};

use super::{Bounce, Machine, Mail, Nature, headers::Headers, status};

/// Groups of a delivery report that are looked at; more recipients have one mail of ours never.
const MOST_GROUPS: usize = 200;

/// Judges a mail by its report, where it is one. A report that somebody encloses in a mail of their own is
/// that person's mail.
pub(super) fn judge(mail: &Mail<'_>) -> Option<Nature> {
    let root = mail.headers.lower("content-type");
    if !root.starts_with("multipart/report") && !is_bare_report(&root) && !is_report_in_disguise(mail) {
        return None;
    }
    let parts = &mail.message.parts;
    let of = |names: &[&str]| parts.iter().find(|part| names.contains(&kind(part).as_str()));
    if let Some(part) = of(&["message/feedback-report"]) {
        return Some(complaint(mail, part));
    }
    if let Some(part) = of(&["message/delivery-status", "message/global-delivery-status"]) {
        return Some(delivery(mail, part));
    }
    if let Some(part) = of(&["message/disposition-notification", "message/global-disposition-notification"]) {
        return Some(disposition(mail, part));
    }
    None
}

fn is_bare_report(root: &str) -> bool {
    ["message/delivery-status", "message/disposition-notification", "message/feedback-report"]
        .iter()
        .any(|kind| root.starts_with(kind))
}

/// Some servers send the parts of a report and call the whole multipart/mixed.
fn is_report_in_disguise(mail: &Mail<'_>) -> bool {
    super::free_form::is_daemon(mail) || mail.has_null_sender()
}

fn kind(part: &MessagePart<'_>) -> String {
    part.content_type().map_or_else(String::new, |of| {
        format!("{}/{}", of.ctype(), of.subtype().unwrap_or_default()).to_lowercase()
    })
}

fn text_of(part: &MessagePart<'_>) -> String {
    match &part.body {
        PartType::Message(inner) => String::from_utf8_lossy(inner.raw_message()).into_owned(),
        _ => String::from_utf8_lossy(part.contents()).into_owned(),
    }
}

/// A block of fields, as reports have several.
fn groups(text: &str) -> Vec<Headers> {
    let mut groups = Vec::new();
    let mut from = 0;
    let text = text.replace("\r\n", "\n");
    let trimmed = text.trim_start_matches('\n');
    while from < trimmed.len() && groups.len() < MOST_GROUPS {
        let rest = &trimmed[from..];
        let end = rest.find("\n\n").map_or(rest.len(), |at| at + 2);
        groups.push(Headers::of(&rest.as_bytes()[..end]));
        from += end;
        from += trimmed[from..].len() - trimmed[from..].trim_start_matches('\n').len();
    }
    groups
}

/// "rfc822; anna@x.example" without its type.
fn address(value: &str) -> Option<String> {
    let value = value.split_once(';').map_or(value, |(_, value)| value).trim();
    let value = value.trim_start_matches('<').trim_end_matches('>').trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn delivery(mail: &Mail<'_>, part: &MessagePart<'_>) -> Nature {
    let groups = groups(&text_of(part));
    let rank = |group: &Headers| match group.lower("action").split([' ', ';', '(']).next().unwrap_or_default()
    {
        "failed" => 4,
        "delayed" => 3,
        "delivered" | "relayed" | "expanded" => 2,
        _ if group.has("final-recipient") || group.has("status") => 1,
        _ => 0,
    };
    let best = groups.iter().rev().max_by_key(|group| rank(group));
    let Some(group) = best.filter(|group| rank(group) > 0) else {
        return free(mail, "It is a delivery report (RFC 3464) without fields.");
    };
    let diagnostic = group.get("diagnostic-code").unwrap_or_default();
    let written = group.get("status").and_then(status::enhanced);
    let said = status::enhanced(diagnostic);
    // 5.0.0 says nothing: the other server may have said more. The report's own field is what it reports.
    let code = written.or(said);
    let failed = match rank(group) {
        4 => true,
        1 => code.as_deref().is_none_or(|code| code.starts_with('5')),
        _ => false,
    };
    let words = [diagnostic, mail.text].join("\n");
    let (hard, reason) =
        status::verdict(code.as_deref(), if diagnostic.is_empty() { &words } else { diagnostic });
    let machine = match rank(group) {
        2 => Machine::Delivered,
        3 => Machine::Delayed,
        _ if failed => Machine::Failed,
        _ => Machine::Delayed,
    };
    let recipient = group.get("final-recipient").or_else(|| group.get("original-recipient"));
    let bounce = Bounce {
        hard: hard && machine == Machine::Failed,
        recipient: recipient
            .and_then(address)
            .or_else(|| mail.headers.get("x-failed-recipients").and_then(status::mailbox)),
        status: code,
        original: original(mail),
        reason: reason.to_owned(),
    };
    let evidence = "It is a delivery report (RFC 3464).".to_owned();
    Nature { machine: Some(machine), evidence, bounce: Some(bounce) }
}

fn free(mail: &Mail<'_>, evidence: &str) -> Nature {
    super::free_form::report(mail, evidence.to_owned())
}

/// The Message-ID of our mail: from the returned mail or its headers.
fn original(mail: &Mail<'_>) -> Option<String> {
    let inner = mail.message.parts.iter().find_map(|part| {
        if let PartType::Message(inner) = &part.body {
            inner.message_id().map(str::to_owned)
        } else {
            let headers = matches!(
                kind(part).as_str(),
                "text/rfc822-headers"
                    | "message/rfc822"
                    | "message/global"
                    | "message/global-headers"
                    | "message/rfc822-headers"
            );
            headers.then(|| Headers::of(part.contents()).get("message-id").and_then(id)).flatten()
        }
    });
    let answers = || {
        mail.headers.any(&["in-reply-to", "references"]).and_then(|name| mail.headers.get(name)).and_then(id)
    };
    inner.or_else(|| super::free_form::quoted_id(mail.text)).or_else(answers)
}

/// A Message-ID without its brackets.
pub(super) fn id(value: &str) -> Option<String> {
    let value = value.trim().trim_start_matches('<');
    let value = value.split('>').next().unwrap_or_default().trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn disposition(mail: &Mail<'_>, part: &MessagePart<'_>) -> Nature {
    let fields = groups(&text_of(part)).into_iter().next().unwrap_or_else(|| Headers::of(b""));
    let about = fields.get("original-message-id").and_then(id).or_else(|| original(mail));
    let recipient = fields.get("final-recipient").and_then(address);
    let of = fields.lower("disposition");
    let words = mail.text.to_lowercase();
    let refused = of.contains("deleted")
        && ["rejected", "refused", "abgelehnt", "refusé", "rechazado", "rifiutato"]
            .iter()
            .any(|word| words.contains(word));
    let bounce = Bounce {
        hard: false,
        recipient,
        status: None,
        original: about,
        reason: "A rule of the recipient refuses the mail.".to_owned(),
    };
    let machine = if refused { Machine::Failed } else { Machine::ReadReceipt };
    let evidence = "It is a report of what became of a mail (RFC 8098).".to_owned();
    Nature { machine: Some(machine), evidence, bounce: Some(bounce) }
}

fn complaint(mail: &Mail<'_>, part: &MessagePart<'_>) -> Nature {
    let fields = groups(&text_of(part)).into_iter().next().unwrap_or_else(|| Headers::of(b""));
    let to = || {
        let inner = mail.message.parts.iter().find_map(|part| match &part.body {
            PartType::Message(inner) => {
                inner.to().and_then(|to| to.first()).and_then(|to| to.address()).map(str::to_owned)
            }
            _ => None,
        });
        inner.filter(|to| to.contains('@') && !to.to_lowercase().contains("redacted"))
    };
    let recipient =
        fields.get("original-rcpt-to").and_then(address).and_then(|to| status::mailbox(&to)).or_else(to);
    let bounce = Bounce {
        hard: false,
        recipient,
        status: None,
        original: original(mail),
        reason: "The recipient's provider reports a complaint.".to_owned(),
    };
    let evidence = "It is a feedback report (RFC 5965).".to_owned();
    Nature { machine: Some(Machine::Complaint), evidence, bounce: Some(bounce) }
}
