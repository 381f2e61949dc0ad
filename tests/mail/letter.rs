//! What customers send, as their mail programs write it, and what comes to them, as their programs read it.

use mail_parser::MessageParser;

use crate::shop::OURS;

/// A letter that somebody writes.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// The sender's address, on the envelope too.
    pub(crate) from: String,
    /// Its own name (Message-ID), without angle brackets.
    pub(crate) name: String,
    /// The sender as the letter shows it.
    shown: String,
    to: String,
    subject: String,
    more: Vec<(String, String)>,
    body: String,
}

impl Letter {
    /// A new one to the shop.
    pub(crate) fn new(from: &str, subject: &str, text: &str) -> Self {
        let more = [("MIME-Version", "1.0"), ("Content-Type", "text/plain; charset=utf-8")];
        Self {
            from: from.to_owned(),
            name: format!("{}@customers.example", uuid::Uuid::new_v4()),
            shown: from.to_owned(),
            to: OURS.to_owned(),
            subject: subject.to_owned(),
            more: more.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: text.replace('\n', "\r\n"),
        }
    }

    /// An answer to what came, as programs write one: to where answers are wanted, under the same subject,
    /// with what it answers named and quoted below.
    pub(crate) fn answering(mail: &Mail, from: &str, text: &str) -> Self {
        let quoted: Vec<_> = mail.text().lines().map(|line| format!("> {line}\n")).collect();
        let quoted = quoted.concat();
        let text = format!("{text}\n\nOn Thu, 26 Nov 2026 at 10:00, The Shop <{OURS}> wrote:\n{quoted}");
        let wanted = mail.header("Reply-To").or_else(|| mail.header("From")).unwrap();
        let answer = Self::new(from, &mail.header("Subject").unwrap(), &text).to(&address(&wanted));
        let name = mail.header("Message-ID").unwrap();
        let references = format!("{} {name}", mail.header("References").unwrap_or_default());
        answer.with("In-Reply-To", &name).with("References", references.trim())
    }

    #[must_use]
    pub(crate) fn to(self, to: &str) -> Self {
        Self { to: to.to_owned(), ..self }
    }

    /// Signed with a name.
    #[must_use]
    pub(crate) fn named(self, name: &str) -> Self {
        Self { shown: format!("{name} <{}>", self.from), ..self }
    }

    /// With a header more, or another one of this name.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.more.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.more.retain(|(known, _)| known != name);
        self
    }

    /// With a file, as a multipart letter.
    #[must_use]
    pub(crate) fn file(self, name: &str, content_type: &str, base64: &str) -> Self {
        let lines: Vec<&str> =
            base64.as_bytes().chunks(76).map(|line| str::from_utf8(line).unwrap()).collect();
        let body = format!(
            "--frame\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n--frame\r\n\
             Content-Type: {content_type}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--frame--",
            self.body,
            lines.join("\r\n"),
        );
        Self { body, ..self }.with("Content-Type", "multipart/mixed; boundary=frame")
    }

    /// Whom it goes to, on the envelope.
    pub(crate) fn recipient(&self) -> String {
        address(&self.to)
    }

    pub(crate) fn raw(&self) -> Vec<u8> {
        let Self { shown, name, to, subject, more, body, .. } = self;
        let more: Vec<_> = more.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let more = more.concat();
        format!(
            "From: {shown}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{name}>\r\n\
             Date: Thu, 26 Nov 2026 10:00:00 +0100\r\n{more}\r\n{body}\r\n"
        )
        .into_bytes()
    }
}

/// The address in a header.
fn address(header: &str) -> String {
    let inner = header.rsplit_once('<').map_or(header, |(_, rest)| rest);
    inner.trim_end_matches('>').trim().to_owned()
}

/// A mail in somebody's mailbox.
#[derive(Debug, Clone)]
pub(crate) struct Mail(pub(crate) Vec<u8>);

impl Mail {
    /// A header as it came, unfolded.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let message = MessageParser::default().parse(&self.0).unwrap();
        message.header_raw(name).map(|value| value.replace("\r\n", "").trim().to_owned())
    }

    /// The text, decoded.
    pub(crate) fn text(&self) -> String {
        let message = MessageParser::default().parse(&self.0).unwrap();
        message.body_text(0).unwrap_or_default().trim().replace("\r\n", "\n")
    }

    /// The HTML, decoded, where it has any of its own.
    pub(crate) fn html(&self) -> Option<String> {
        let message = MessageParser::default().parse(&self.0).unwrap();
        let part = message.html_part(0).filter(|part| part.is_text_html())?;
        part.text_contents().map(str::to_owned)
    }
}
