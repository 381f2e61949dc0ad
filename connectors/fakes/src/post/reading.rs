//! What a mail program shows of a letter.

use mail_parser::{Address, HeaderValue, Message, MessageParser, MimeHeaders as _};

use super::{FakeFile, Letter, LetterFile, Person};

/// The letter; what can't be read is empty. Whose it is, is for its keeper to say.
pub(super) fn letter(raw: &[u8]) -> Letter {
    let Some(mail) = MessageParser::default().parse(raw) else { return Letter::default() };
    let text = mail.body_text(0).unwrap_or_default().replace("\r\n", "\n");
    let mut follows: Vec<String> = names(mail.references());
    follows.extend(names(mail.in_reply_to()));
    follows.dedup();
    Letter {
        from: people(mail.from()).into_iter().next().unwrap_or_default(),
        to: people(mail.to()),
        copies: people(mail.cc()),
        subject: mail.subject().unwrap_or_default().to_owned(),
        text: text.trim_end().to_owned(),
        automatic: is_automatic(&mail),
        files: files(&mail).iter().map(LetterFile::of).collect(),
        name: mail.message_id().map(str::to_owned),
        answers_to: people(mail.reply_to()).into_iter().next().map(|person| person.address),
        follows,
        ..Letter::default()
    }
}

/// A file of the letter, by its place among them.
pub(super) fn file(raw: &[u8], index: usize) -> Option<FakeFile> {
    files(&MessageParser::default().parse(raw)?).into_iter().nth(index)
}

fn files(mail: &Message<'_>) -> Vec<FakeFile> {
    let file = |part: &mail_parser::MessagePart<'_>| FakeFile {
        name: part.attachment_name().unwrap_or_default().to_owned(),
        content_type: part.content_type().map_or_else(String::new, |kind| {
            kind.subtype().map_or_else(|| kind.ctype().to_owned(), |sub| format!("{}/{sub}", kind.ctype()))
        }),
        bytes: part.contents().to_vec(),
    };
    mail.attachments().map(file).collect()
}

/// RFC 3834 section 5.
fn is_automatic(mail: &Message<'_>) -> bool {
    let value = mail.header("Auto-Submitted").and_then(HeaderValue::as_text);
    value.is_some_and(|value| !value.trim().eq_ignore_ascii_case("no"))
}

fn names(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(name) => vec![name.to_string()],
        HeaderValue::TextList(names) => names.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

fn people(list: Option<&Address<'_>>) -> Vec<Person> {
    let person = |found: &mail_parser::Addr<'_>| Person {
        name: found.name().unwrap_or_default().to_owned(),
        address: found.address().unwrap_or_default().to_owned(),
    };
    list.map(|list| list.iter().map(person).collect()).unwrap_or_default()
}
