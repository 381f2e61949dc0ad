//! Reports about our mail that a server writes in a form of its own: qmail, old Exim and Exchange, and
//! others.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use super::{Bounce, Machine, Mail, Nature, report, status};

/// So much of a text is looked at, in bytes.
const LOOKED_AT: usize = 32 * 1024;

static QUOTED_ID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?im)^[ \t>]*message-id:\s*<([^<>\s]+)>").expect("the pattern is one"));

/// Subjects that servers give to reports; a person may choose one too.
static SUBJECTS: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new([
        r"^(re: )?failure notice",
        r"undeliver",
        r"undelivered mail",
        r"non[- ]?remis",
        r"unzustellbar",
        r"returned mail",
        r"mail delivery (failed|failure|error|problem|status|subsystem|system)",
        r"delivery (status notification|failure|has failed|report|incomplete|problem|notification)",
        r"delivery status$",
        r"mail(er)? (could not|couldn't|cannot) be delivered",
        r"message (could not|couldn't|cannot) be delivered",
        r"could not (be )?deliver",
        r"notice: mail delivery status",
        r"returned to sender",
        r"nondeliverable|non-deliverable|not delivered|non delivered",
        r"delivery notification",
        r"warning: (message|could not send)",
        r"mail system error",
        r"bounced? (mail|message)",
        r"rejected (mail|posting|message)",
        r"message delayed|delivery delayed",
        r"не доставлен",
        r"недостав",
        r"宛先不明|エラーメール|配信できません|配信不能|送信できません|送信エラー",
        r"退信|投递失败|未送达|无法送达",
        r"반송|배달되지",
        r"nie dostarczono|niedostarczona|nie mogła zostać dostarczona",
        r"no se (ha podido|pudo) entregar|no entregado|devuelto",
        r"niet (be)?zorgd|onbestelbaar|kan niet worden bezorgd",
        r"impossible de remettre|échec de (la )?(remise|distribution)|n'a pas (pu être|été) (remis|distribu)",
        r"consegna (non riuscita|fallita)|mancata consegna|non recapitat",
        r"falha (na|de) entrega|não (foi )?entregue|devolvid",
        r"zustellung fehlgeschlagen|nicht zugestellt|zustellungsfehler|nicht zustellbar",
        r"kunde inte levereras|kunne ikke leveres|ei voitu toimittaa|olevererbar",
        r"teslim edilemedi|iletilemedi",
        r"δεν (ήταν δυνατή|παραδόθηκε)|αδυναμία παράδοσης",
        r"nedoruč",
        r"не е доставен",
        r"تعذر التسليم|لم يتم تسليم",
        r"לא נמסר|נכשלה",
    ])
    .expect("the patterns are some")
});

static DELAYS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)has been delayed|not yet been delivered|still being retried|delivery attempts will continue|delayed \d+ hours|will (continue|keep) (to )?try|message is delayed|delay reason|could not send message for past|you do not need to resend|noch nicht zugestellt|verzögert|this is a warning message only|delivery incomplete|temporarily (deferred|delayed)").expect("the pattern is one")
});

/// Senders that only a mail server has.
pub(super) fn is_daemon(mail: &Mail<'_>) -> bool {
    let (sender, name) = (mail.sender(), mail.sender_name());
    let local = sender.split('@').next().unwrap_or_default();
    let plain: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
    let daemon = ["mailerdaemon", "maildaemon", "mailerror", "mailsystem"].contains(&plain.as_str())
        || plain.starts_with("mailerdaemon");
    daemon
        || [
            "mail delivery s",
            "mail delivery sub",
            "mailer-daemon",
            "mail administrator",
            "mailserver",
            "mail system",
            "почтовая система",
        ]
        .iter()
        .any(|of| name.contains(of))
        || (plain == "postmaster" && mail.has_null_sender())
}

/// Judges a mail by sender, envelope, subject and words. At least two of them have to speak for a report.
pub(super) fn judge(mail: &Mail<'_>) -> Option<Nature> {
    let subject = mail.subject();
    let names_recipients = mail.headers.has("x-failed-recipients");
    let exchange = mail.headers.has("x-ms-exchange-message-is-ndr");
    if exchange || names_recipients {
        let evidence =
            if exchange { "The server marks it as a report." } else { "It has X-Failed-Recipients." };
        return Some(report(mail, evidence.to_owned()));
    }
    // Amazon SES writes to a person what it would tell a program.
    if mail.text.contains("\"notificationType\":\"Bounce\"") && mail.text.contains("\"bouncedRecipients\"") {
        return Some(report(mail, "It is a notice of Amazon SES about a bounce.".to_owned()));
    }
    let nobody = mail.headers.get("from").is_some_and(|from| from.trim() == "<>");
    let (daemon, null) = (is_daemon(mail) || nobody, mail.has_null_sender());
    let postmaster = mail.sender().starts_with("postmaster@");
    let speaks = SUBJECTS.is_match(&subject);
    let is_report = (daemon && (speaks || null || has_words(mail)))
        || ((null || postmaster) && speaks && has_words(mail))
        || (mail.headers.get("received").is_some_and(|of| of.contains("invoked for bounce")));
    if is_report && !subject.starts_with("fwd:") && !subject.starts_with("fw:") {
        return Some(report(mail, "A mail server writes that a mail of ours was not delivered.".to_owned()));
    }
    None
}

/// Words of a server about a delivery.
fn has_words(mail: &Mail<'_>) -> bool {
    let text = cut(mail.text).to_lowercase();
    [
        "smtp",
        "550 ",
        "554 ",
        "552 ",
        "recipient",
        "mailbox",
        "undeliver",
        "deliver",
        "user unknown",
        "no such user",
        "quota",
        "returned",
        "mail server",
        "mailserver",
        "<<<",
        "remote host said",
        "diagnostic",
        "宛先",
        "доставлен",
        "zugestellt",
    ]
    .iter()
    .any(|word| text.contains(word))
}

/// What such a report says.
pub(super) fn report(mail: &Mail<'_>, evidence: String) -> Nature {
    let text = cut(mail.text);
    let theirs = without_copy(text);
    let code = status::enhanced(theirs);
    let late = code.as_deref().is_none_or(|code| code.starts_with('4'));
    let delayed =
        late && (DELAYS.is_match(theirs) || DELAYS.is_match(mail.message.subject().unwrap_or_default()));
    let (hard, reason) = status::verdict(code.as_deref(), theirs);
    let named = mail.headers.get("x-failed-recipients").and_then(status::mailbox);
    let recipient = named.or_else(|| foreign_mailbox(mail, theirs));
    let bounce = Bounce {
        hard: hard && !delayed,
        recipient,
        status: code,
        original: inner_id(mail).or_else(|| quoted_id(mail.text)),
        reason: reason.to_owned(),
    };
    let machine = if delayed { Machine::Delayed } else { Machine::Failed };
    Nature { machine: Some(machine), evidence, bounce: Some(bounce) }
}

/// The first address that is neither ours nor the reporting server's.
fn foreign_mailbox(mail: &Mail<'_>, text: &str) -> Option<String> {
    let sender = mail.sender();
    text.lines().filter_map(status::mailbox).find(|address| {
        let lower = address.to_lowercase();
        lower != sender && !mail.us.addresses.contains(&lower) && !lower.starts_with("postmaster@")
    })
}

fn inner_id(mail: &Mail<'_>) -> Option<String> {
    mail.message.parts.iter().find_map(|part| match &part.body {
        mail_parser::PartType::Message(inner) => inner.message_id().and_then(report::id),
        _ => None,
    })
}

/// The Message-ID of the copy that a report quotes.
pub(super) fn quoted_id(text: &str) -> Option<String> {
    QUOTED_ID.captures(cut(text)).and_then(|found| found.get(1)).map(|id| id.as_str().to_owned())
}

/// The part before the copy of our mail.
fn without_copy(text: &str) -> &str {
    let end = [
        "\n--- Below this line",
        "\n------ This is a copy",
        "\n------ Это",
        "\n--- The header",
        "\n----- Original message",
        "\nReceived:",
        "\nReturn-path:",
        "\nReturn-Path:",
    ]
    .iter()
    .filter_map(|mark| text.find(mark))
    .min();
    end.map_or(text, |end| &text[..end])
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(LOOKED_AT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
