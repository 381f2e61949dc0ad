//! What a server's codes and words say about an address (RFC 3463, RFC 5321), for a person.

use std::sync::LazyLock;

use regex::Regex;

/// An enhanced status code that stands alone: not a part of a version or of an IP address.
static ENHANCED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^0-9.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:$|[^0-9.]|\.(?:$|[^0-9]))")
        .expect("the pattern is one")
});
static MAILBOX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"<?([^\s<>"'(),;:\[\]]+@[^\s<>"'(),;:\[\]]+)>?"#).expect("the pattern is one")
});

/// Why a mail did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    NoMailbox,
    NoHost,
    Disabled,
    Full,
    TooLarge,
    Spam,
    Policy,
    NoAnswer,
    Busy,
    Unknown,
}

/// The first enhanced status code of a text that speaks of a failure or a delay, else the first one.
pub(super) fn enhanced(text: &str) -> Option<String> {
    let mut all = ENHANCED.captures_iter(text).filter_map(|found| found.get(1)).map(|code| code.as_str());
    let first = all.next()?;
    let wanted = if first.starts_with('2') { all.find(|code| !code.starts_with('2')) } else { None };
    Some(wanted.unwrap_or(first).to_owned())
}

/// The first address of a text.
pub(super) fn mailbox(text: &str) -> Option<String> {
    let found = MAILBOX.captures(text)?.get(1)?.as_str();
    Some(found.trim_end_matches(['.', '>']).to_owned())
}

/// Whether the address will never take mail, and the reason in one sentence. `words` are the server's, in
/// any case.
pub(super) fn verdict(status: Option<&str>, words: &str) -> (bool, &'static str) {
    let words = words.to_lowercase();
    let why = of_words(&words).filter(|why| *why != Why::Unknown);
    let code = status.map_or(Why::Unknown, of_status);
    // Words are more certain than a code that says little; a certain code more than words.
    let why = match (code, why) {
        (Why::Unknown | Why::Policy, Some(why)) => why,
        (code, _) => code,
    };
    let for_now = status.is_some_and(|code| code.starts_with('4'));
    let hard = matches!(why, Why::NoMailbox | Why::NoHost | Why::Disabled | Why::Unknown) && !for_now;
    (hard, sentence(why))
}

fn of_status(status: &str) -> Why {
    let mut numbers = status.split('.').skip(1);
    let (subject, detail) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    match (subject, detail) {
        ("1", "2") => Why::NoHost,
        ("4", "4" | "0") if status.starts_with('5') => Why::NoHost,
        ("1", "1" | "0" | "3" | "6" | "10") => Why::NoMailbox,
        ("1" | "7", _) => Why::Policy,
        ("2", "1") => Why::Disabled,
        ("2", "2") | ("3", "1") => Why::Full,
        ("2" | "3", "3" | "4") => Why::TooLarge,
        ("3" | "4", "2" | "5") => Why::Busy,
        ("4", _) => Why::NoAnswer,
        _ => Why::Unknown,
    }
}

/// By words that servers use; the more certain ones first.
fn of_words(words: &str) -> Option<Why> {
    const TABLE: &[(Why, &[&str])] = &[
        (
            Why::Full,
            &[
                "quota",
                "mailbox full",
                "mailbox is full",
                "inbox is full",
                "out of storage",
                "over its storage",
                "postfach ist voll",
                "postfach voll",
                "boîte aux lettres est pleine",
                "buzón lleno",
                "buzón está lleno",
                "casella piena",
                "переполнен",
                "insufficient system storage",
                "not enough space",
                "容量",
                "已满",
            ],
        ),
        (
            Why::TooLarge,
            &[
                "too large",
                "too big",
                "size limit",
                "exceeds maximum",
                "maximum size",
                "message size",
                "zu groß",
                "trop volumineux",
            ],
        ),
        (
            Why::Spam,
            &[
                "spam",
                "blacklist",
                "blocklist",
                "block list",
                "reputation",
                "listed by",
                "junk mail",
                "unsolicited",
            ],
        ),
        (
            Why::Disabled,
            &[
                "disabled",
                "inactive",
                "suspended",
                "no longer active",
                "deactivated",
                "отключ",
                "deaktiviert",
                "désactivé",
            ],
        ),
        (
            Why::NoHost,
            &[
                "host not found",
                "host unknown",
                "domain not found",
                "name or service not known",
                "no such domain",
                "domain does not exist",
                "unrouteable",
                "couldn't find any host",
                "nxdomain",
                "host or domain name not found",
                "domain couldn't be found",
                "could not be found or",
                "domain name does not exist",
            ],
        ),
        (
            Why::NoMailbox,
            &[
                "user unknown",
                "unknown user",
                "no such user",
                "no mailbox",
                "does not exist",
                "may not exist",
                "doesn't exist",
                "not found",
                "couldn't be found",
                "recipient rejected",
                "address rejected",
                "invalid recipient",
                "unknown recipient",
                "no such recipient",
                "not listed in",
                "mailbox unavailable",
                "unknown local",
                "invalid mailbox",
                "bad destination",
                "user doesn't",
                "addressee unknown",
                "no such address",
                "unknown address",
                "unbekannt",
                "existiert nicht",
                "inconnu",
                "n'existe pas",
                "no existe",
                "non esiste",
                "desconhecido",
                "não existe",
                "bestaat niet",
                "nie istnieje",
                "не существует",
                "не найден",
                "存在しません",
                "不存在",
                "mailbox not found",
            ],
        ),
        (
            Why::NoAnswer,
            &[
                "timed out",
                "connection refused",
                "no answer",
                "unreachable",
                "could not connect",
                "retry timeout",
                "retry time not reached",
                "didn't respond",
                "did not respond",
                "lost connection",
                "delayed",
            ],
        ),
        (Why::Busy, &["try again later", "too many", "rate limit", "greylist", "temporarily deferred"]),
        (
            Why::Policy,
            &[
                "refused",
                "denied",
                "not permitted",
                "policy",
                "rejected",
                "not allowed",
                "prohibited",
                "restriction",
                "abgelehnt",
                "refusé",
            ],
        ),
    ];
    TABLE.iter().find(|(_, of)| of.iter().any(|word| words.contains(word))).map(|(why, _)| *why)
}

fn sentence(why: Why) -> &'static str {
    match why {
        Why::NoMailbox => "The mailbox does not exist.",
        Why::NoHost => "The part of the address after the @ does not exist, or takes no mail.",
        Why::Disabled => "The mailbox is switched off.",
        Why::Full => "The mailbox is full.",
        Why::TooLarge => "The mail is too large for the recipient's server.",
        Why::Spam => "The recipient's server takes our mail for spam.",
        Why::Policy => "The recipient's server refuses our mail.",
        Why::NoAnswer => "The recipient's server does not answer.",
        Why::Busy => "The recipient's server takes no mail just now.",
        Why::Unknown => "The recipient's server did not take the mail.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_among_other_numbers() {
        assert_eq!(enhanced("host 192.0.2.32: 550 5.1.1 <a@b>: no").as_deref(), Some("5.1.1"));
        assert_eq!(enhanced("Sorry. (#5.1.1)").as_deref(), Some("5.1.1"));
        assert_eq!(enhanced("accepted 2.0.0, then 4.4.7").as_deref(), Some("4.4.7"));
        assert_eq!(enhanced("Exim 4.98, IP 5.1.2.3, version 5.1.2.3").as_deref(), None);
    }

    #[test]
    fn what_is_for_ever_is_told_from_what_may_pass() {
        assert!(verdict(Some("5.1.1"), "").0);
        assert!(!verdict(Some("5.2.2"), "").0);
        assert!(!verdict(Some("4.4.1"), "Connection timed out").0);
        assert!(verdict(Some("5.0.0"), "550 Unknown user").0);
        assert!(verdict(None, "550 no such user here").0);
        assert_eq!(verdict(None, "552 mailbox full"), (false, "The mailbox is full."));
    }
}
