//! What a server answers (RFC 5321 section 4.2, RFC 3463), and what that means for a person.

use std::{sync::LazyLock, time::Duration};

use regex::Regex;

use super::Stage;

/// How long a server that puts unknown senders off is left alone, where it names no time.
const GREYLISTED: Duration = Duration::from_mins(5);
/// No wish of a server keeps a mail back for longer than this.
const LONGEST_WISH: Duration = Duration::from_hours(1);

static WISH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(\d{1,5}) ?(s|sec|secs|seconds?|m|min|mins|minutes?)\b").expect("it compiles")
});
static STATUS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[245]\.\d{1,3}\.\d{1,3}\b").expect("it compiles"));

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// The texts behind the code, line by line. They may hold addresses: they are for no log and no person.
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// Reads one line: the code, whether more follows, the text.
    pub(super) fn line(line: &[u8]) -> Option<(u16, bool, String)> {
        // Servers write in many charsets: what matters is ASCII.
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        let code: u16 =
            line.get(..3).filter(|code| code.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
        let (more, text) = match line.as_bytes().get(3) {
            None => (false, ""),
            Some(b' ') => (false, &line[4..]),
            Some(b'-') => (true, &line[4..]),
            Some(_) => return None,
        };
        (200..600).contains(&code).then(|| (code, more, text.to_owned()))
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Surely not done, and it may work later.
    pub(super) fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// Surely not done.
    pub(super) fn is_refusal(&self) -> bool {
        self.code >= 400
    }

    /// The enhanced status code: "5.1.1".
    fn status(&self) -> Option<&str> {
        STATUS.find(self.lines.first()?).map(|found| found.as_str())
    }

    /// The earliest moment for the next try, where the server names one or puts us off on principle.
    pub(super) fn wish(&self) -> Option<Duration> {
        let named = WISH.captures(&self.text()).and_then(|found| {
            let count: u64 = found[1].parse().ok()?;
            let unit = if found[2].starts_with('s') { 1 } else { 60 };
            Some(Duration::from_secs(count * unit).min(LONGEST_WISH))
        });
        named.or_else(|| self.is_greylisting().then_some(GREYLISTED))
    }

    fn text(&self) -> String {
        self.lines.join(" ").to_lowercase()
    }

    fn is_greylisting(&self) -> bool {
        let text = self.text();
        ["greylist", "graylist", "grey list", "gray list", "postgrey"].iter().any(|word| text.contains(word))
    }

    /// Code and meaning in our own words: the server's may hold an address.
    pub(super) fn in_words(&self, stage: Stage) -> String {
        let meaning = self.status().and_then(meaning_of_status).unwrap_or_else(|| self.meaning(stage));
        let code = self.status().map_or(self.code.to_string(), |status| format!("{} {status}", self.code));
        // Of what is refused the code is the matter; what waits is told as a sentence.
        if self.is_transient() { format!("{meaning}, {code}") } else { format!("{code}: {meaning}") }
    }

    fn meaning(&self, stage: Stage) -> &'static str {
        match (self.code, stage) {
            (400..=499, Stage::Greeting | Stage::Hello) | (421, _) => "the mail server takes nothing for now",
            (400..=499, Stage::SignIn) => "the mail server lets nobody sign in for now",
            (452, _) if self.status() == Some("4.2.2") => "the recipient's mailbox is full",
            (400..=499, _) if self.is_greylisting() => "the mail server put it off (greylisting)",
            (400..=499, _) => "the mail server put it off",
            (_, Stage::Greeting | Stage::Hello) => "the mail server does not talk to us",
            (_, Stage::Sender) => "the mail server does not let us send from this address",
            (550 | 554, Stage::Recipient) if self.status() == Some("5.7.1") => {
                "a rule of a mail server on its way forbids it"
            }
            (550 | 551, Stage::Recipient) => "this mailbox does not exist, or takes no mail from us",
            (552, Stage::Recipient) => "the recipient's mailbox is full",
            (552, _) => "the mail is too large, or the recipient's mailbox is full",
            (501 | 553, Stage::Recipient) => "the mail server does not take this address",
            (521 | 556, _) => "the recipient's domain takes no mail",
            (554 | 550, Stage::Text) => "the mail was refused because of what is in it",
            _ => "the mail server refused it",
        }
    }
}

/// RFC 3463 and what was registered after it.
fn meaning_of_status(status: &str) -> Option<&'static str> {
    Some(match status {
        "5.1.0" | "5.1.1" => "this mailbox does not exist",
        "5.1.2" => "the recipient's domain does not exist",
        "5.1.3" => "the recipient's address is not written rightly",
        "5.1.6" => "the recipient has moved, and left no new address",
        "5.1.7" | "5.1.8" => "the mail server does not let us send from this address",
        "5.1.10" => "the recipient's domain takes no mail",
        "5.2.1" => "this mailbox is closed",
        "5.2.2" => "the recipient's mailbox is full",
        "5.2.3" | "5.3.4" => "the mail is too large",
        "5.4.1" | "5.4.4" => "the recipient's mail server can't be found",
        "5.4.6" => "the mail went round in circles",
        "5.7.26" | "5.7.25" | "5.7.23" => "our domain is not set up for sending: see SPF, DKIM and DMARC",
        // Of the class of rules, what no line above tells more exactly.
        rule if rule.starts_with("5.7.") && rule != "5.7.1" => {
            "a rule of a mail server on its way forbids it"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Reply {
        let (code, _, text) = Reply::line(text.as_bytes()).unwrap();
        Reply { code, lines: vec![text] }
    }

    #[test]
    fn a_line_is_code_and_text() {
        assert_eq!(Reply::line(b"250-SIZE 7\r\n"), Some((250, true, "SIZE 7".to_owned())));
        assert_eq!(Reply::line(b"250\r\n"), Some((250, false, String::new())));
        let latin = Reply::line(b"550 Empf\xe4nger unbekannt\r\n").unwrap();
        assert_eq!((latin.0, latin.1), (550, false));
        for garbage in [&b""[..], b"25", b"what?", b"2500 x", b"199 x", b"600 x", b"-50 x", b"25\xc3\xa4 x"] {
            assert_eq!(Reply::line(garbage), None, "{garbage:?}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_words_without_the_servers_own() {
        for (text, stage, words) in [
            (
                "550 5.1.1 <anna@shop.example> unknown",
                Stage::Recipient,
                "550 5.1.1: this mailbox does not exist",
            ),
            (
                "550 no such user",
                Stage::Recipient,
                "550: this mailbox does not exist, or takes no mail from us",
            ),
            ("550 5.7.1 no", Stage::Recipient, "550 5.7.1: a rule of a mail server on its way forbids it"),
            ("554 5.7.0 no", Stage::Text, "554 5.7.0: a rule of a mail server on its way forbids it"),
            ("552 5.2.2 over quota", Stage::Recipient, "552 5.2.2: the recipient's mailbox is full"),
            ("552 too big", Stage::Text, "552: the mail is too large, or the recipient's mailbox is full"),
            ("554 5.7.1 spam", Stage::Text, "554 5.7.1: the mail was refused because of what is in it"),
            ("554 no", Stage::Greeting, "554: the mail server does not talk to us"),
            ("421 4.3.2 down", Stage::Greeting, "the mail server takes nothing for now, 421 4.3.2"),
            ("454 4.7.0 busy", Stage::SignIn, "the mail server lets nobody sign in for now, 454 4.7.0"),
            ("452 4.2.2 full", Stage::Recipient, "the recipient's mailbox is full, 452 4.2.2"),
            ("451 4.3.0 later", Stage::Recipient, "the mail server put it off, 451 4.3.0"),
            (
                "450 4.2.0 <jo@x.example>: Greylisted",
                Stage::Recipient,
                "the mail server put it off (greylisting), 450 4.2.0",
            ),
        ] {
            assert_eq!(reply(text).in_words(stage), words);
        }
    }

    #[test]
    fn a_server_that_puts_us_off_says_for_how_long() {
        let wish = |text| reply(text).wish().map(|wish| wish.as_secs());
        assert_eq!(wish("450 4.2.0 Greylisted, see http://x.example/h/1.html"), Some(300));
        assert_eq!(wish("451 4.7.1 Greylisting in action, please come back in 90 seconds"), Some(90));
        assert_eq!(wish("450 try again in 10 min"), Some(600));
        assert_eq!(wish("450 wait 99999 minutes"), Some(3600));
        assert_eq!(wish("421 4.3.2 Shutting down"), None);
    }
}
