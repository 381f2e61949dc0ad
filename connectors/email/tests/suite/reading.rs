//! Mails of our own (`mails/README.md`): what a careful reader takes from each, against what we read.
//!
//! What a machine's mail is, is judged by a test of its own; here it is text, header and files.

use std::{fs, path::Path};

use rapport_email::reading::{Ourselves, Reading, read};
use serde_json::Value;

/// Expectations that can be argued about, with the reason: mail and key.
const DEBATABLE: &[(&str, &str, &str)] = &[];

struct Mail {
    name: String,
    raw: Vec<u8>,
    expected: Value,
}

#[expect(clippy::unwrap_used, reason = "a test's own files")]
fn mails() -> Vec<Mail> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mails");
    let mut mails: Vec<Mail> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .map(|path| Mail {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            raw: fs::read(&path).unwrap(),
            expected: serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap(),
        })
        .collect();
    mails.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(mails.len() > 300, "{} mails", mails.len());
    mails
}

/// White space does not count: a run of blanks, line ends and no-break spaces is one blank.
fn folded(text: &str) -> String {
    let blank = |c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}');
    text.split(blank).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Judges all mails by the keys of `judge`, which says what was read where it is not what was expected.
fn judge_all(keys: &[&str], judge: impl Fn(&Reading, &str, &Value) -> Option<String>) {
    let mut failures = Vec::new();
    let mut judged = 0;
    for mail in mails() {
        let reading = read(&mail.raw, &Ourselves::default());
        for key in keys {
            let Some(expected) = mail.expected.get(*key) else { continue };
            judged += 1;
            let is_debatable = DEBATABLE.iter().any(|(name, of, _)| *name == mail.name && of == key);
            match judge(&reading, key, expected) {
                Some(got) if !is_debatable => {
                    failures.push(format!("{}: {key}\n   want {expected}\n   got  {got:?}", mail.name));
                }
                None if is_debatable => {
                    failures.push(format!("{}: {key} is right, and no exception", mail.name));
                }
                _ => {}
            }
        }
    }
    assert!(judged > 30, "{judged} expectations");
    assert!(failures.is_empty(), "{} of {judged}:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn the_visible_text_is_what_a_reader_takes_from_it() {
    judge_all(&["reply", "has", "hasnot"], |reading, key, expected| {
        let text = folded(&reading.text_reply);
        let parts = || expected.as_array().unwrap().iter().map(|part| folded(part.as_str().unwrap()));
        let is_right = match key {
            "reply" => text == folded(expected.as_str().unwrap()),
            "has" => parts().all(|part| text.contains(&part)),
            _ => !parts().any(|part| text.contains(&part)),
        };
        (!is_right).then(|| reading.text_reply.clone())
    });
}

#[test]
fn signatures_stay_where_quotes_alone_are_folded() {
    judge_all(&["noquote"], |reading, _, expected| {
        let is_right = folded(&reading.text_noquote) == folded(expected.as_str().unwrap());
        (!is_right).then(|| reading.text_noquote.clone())
    });
    for mail in mails() {
        if let (Some(reply), None) = (mail.expected["reply"].as_str(), mail.expected.get("noquote")) {
            let reading = read(&mail.raw, &Ourselves::default());
            assert_eq!(folded(&reading.text_noquote), folded(reply), "{}", mail.name);
        }
    }
}

#[test]
fn header_fields_are_decoded() {
    judge_all(&["subject", "from", "reply_to", "message_id", "in_reply_to"], |reading, key, expected| {
        let address =
            |list: &[rapport_email::reading::Mailbox]| list.first().map(|one| one.address.to_lowercase());
        let got = match key {
            "subject" => Some(reading.subject.clone()),
            "from" => address(&reading.from),
            "reply_to" => address(&reading.reply_to),
            "message_id" => reading.message_id.clone(),
            _ => reading.in_reply_to.first().cloned(),
        };
        (got.as_deref() != expected.as_str()).then(|| format!("{got:?}"))
    });
}

#[test]
fn files_and_pictures_are_found() {
    judge_all(&["attachments", "files"], |reading, key, expected| {
        let names: Vec<&str> = reading.files.iter().map(|file| file.name.as_str()).collect();
        let is_right = if key == "attachments" {
            expected.as_u64() == u64::try_from(names.len()).ok()
        } else {
            *expected == serde_json::json!(names)
        };
        (!is_right).then(|| format!("{names:?}"))
    });
}

#[test]
fn every_mail_has_a_text_unless_nothing_was_written() {
    for mail in mails() {
        let reading = read(&mail.raw, &Ourselves::default());
        let is_empty = mail.expected["reply"] == "";
        assert_eq!(reading.text_reply.is_empty(), is_empty, "{}", mail.name);
        assert!(!reading.headers.is_empty(), "{}", mail.name);
    }
}
