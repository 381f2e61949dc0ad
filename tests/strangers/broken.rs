//! Mails that no program wrote: the corpus of the connector with its bytes shuffled, and what is known to
//! have ended other readers. Each is visible, and can be had as it came.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use reqwest::{Method, StatusCode};

use crate::{letter::Dice, office::Office, on_both_engines, testing::Fresh};

const MUTATED: usize = 1_000;

/// The mails that the connector is tested with.
fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors/email/tests/mails");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// One of them with some of its bytes, lines and parts in disorder.
fn mutated(dice: &mut Dice, corpus: &[Vec<u8>]) -> Vec<u8> {
    const PIECES: [&[u8]; 16] = [
        b"\0",
        b"\r",
        b"\n\n",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"--",
        b"=?utf-8?b?",
        b"=?x?q?=?=",
        b"Content-Type: multipart/mixed; boundary=\"\"\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Type: text/html; charset=utf-7\n",
        b"Content-Type: message/rfc822\n\n",
        b"From: \n",
        b"<<<>>>",
        b"\xe2\x80\xae",
        b"; charset*0*=x''%ff; charset*1=",
    ];
    let mut mail = dice.pick(corpus).clone();
    for _ in 0..=dice.below(5) {
        let (at, length) = (dice.below(mail.len() + 1), dice.below(160));
        let end = (at + length).min(mail.len());
        match dice.below(7) {
            0 => drop(mail.drain(at..end)),
            1 => drop(mail.splice(at..at, dice.pick(&PIECES).iter().copied())),
            2 => {
                let piece = mail[at..end].to_vec();
                let to = dice.below(mail.len() + 1);
                mail.splice(to..to, piece);
            }
            3 => {
                let other = dice.pick(corpus);
                let from = dice.below(other.len());
                mail.splice(at..end, other[from..(from + length).min(other.len())].iter().copied());
            }
            4 => mail[at..end].reverse(),
            5 => mail.truncate(at.max(1)),
            _ => {
                for byte in &mut mail[at..end] {
                    if dice.below(8) == 0 {
                        *byte ^= 1 << dice.below(8);
                    }
                }
            }
        }
    }
    // What a server gives nothing of is asked for again: that is another matter.
    if mail.is_empty() {
        mail.push(b'\n');
    }
    mail
}

/// What is known to have ended other readers.
fn extremes() -> Vec<(&'static str, Vec<u8>)> {
    let head = "From: anna@customers.example\r\nTo: support@shop.example\r\nMIME-Version: 1.0\r\n";
    let of = |fields: &str, body: &str| format!("{head}{fields}\r\n\r\n{body}").into_bytes();
    let typed = |kind: &str, body: &str| of(&format!("Content-Type: {kind}"), body);
    let mut deep = head.to_owned();
    for depth in 0..1_000 {
        write!(deep, "Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n").unwrap();
    }
    let mut ids = String::from("References:");
    for number in 0..100_000 {
        write!(ids, "\r\n <{number}@customers.example>").unwrap();
    }
    let bytes = |front: &[u8], back: &[u8]| [head.as_bytes(), front, back].concat();
    let base64 = "Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64";
    let parts = "--b\r\nContent-Type: text/plain; name=a.txt\r\n\r\nx\r\n".repeat(100_000);
    vec![
        ("a header of ten megabytes", of(&format!("X-Long: {}", "x".repeat(10_000_000)), "The text.")),
        ("ten megabytes of headers", of("X: y\r\n".repeat(1_700_000).trim_end(), "The text.")),
        ("a thousand multiparts in one another", deep.into_bytes()),
        ("a hundred thousand parts", typed("multipart/mixed; boundary=b", &format!("{parts}--b--"))),
        ("much base64", of(base64, &"QUJD\r\n".repeat(4_000_000))),
        ("base64 in one line", of(base64, &"QUJD".repeat(3_000_000))),
        ("two hundred mails in one another", "Content-Type: message/rfc822\r\n\r\n".repeat(200).into_bytes()),
        ("a hundred thousand references", of(&ids, "The text.")),
        ("a mail that answers itself", of("Message-ID: <a@a.example>\r\nIn-Reply-To: <a@a.example>", "x")),
        ("one that answers the next", of("Message-ID: <b@a.example>\r\nReferences: <c@a.example>", "y")),
        (
            "one that answers the one before",
            of("Message-ID: <c@a.example>\r\nReferences: <b@a.example>", "z"),
        ),
        (
            "an unknown charset",
            bytes(b"Content-Type: text/plain; charset=x-unheard-of\r\n\r\n", b"Gr\xfc\xdfe"),
        ),
        (
            "a lying charset",
            bytes(b"Content-Type: text/plain; charset=utf-8\r\n\r\n", b"Gr\xfc\xdfe \xff\xfe\x00"),
        ),
        (
            "half a letter of UTF-16",
            bytes(b"Content-Type: text/plain; charset=utf-16\r\n\r\n", b"\xff\xfe\x00\xd8\x00"),
        ),
        ("zeros", vec![0; 1 << 20]),
        ("zeros in all fields", bytes(b"Subject: a\0b\r\nMessage-ID: <\0@\0>\r\nX\0: \0\r\n\r\n", b"\0\0")),
        ("a boundary that is nothing", typed("multipart/mixed; boundary=\"\"", "--\r\n\r\nx\r\n----")),
        ("a boundary that never comes", typed("multipart/mixed; boundary=b", &"--a\r\n".repeat(100_000))),
        (
            "a file with an endless name",
            typed(&format!("text/plain; name=\"{}\"", "../".repeat(30_000)), "x"),
        ),
        ("a megabyte of brackets", typed("text/html", &"<".repeat(1 << 20))),
        ("a megabyte of line ends", typed("text/plain", &"\r\n".repeat(1 << 19))),
        ("a date that is none", of("Date: Mon, 99 Foo 99999 99:99:99 +9999", "x")),
        ("many recipients", of(&format!("Cc: {}", "a@b.example, ".repeat(50_000)), "x")),
        ("no header", b"just words".to_vec()),
        ("one line end", b"\n".to_vec()),
        ("nothing but a colon", b":".to_vec()),
    ]
}

on_both_engines! {
    async fn whatever_bytes_a_mail_has_it_is_visible_and_can_be_had_as_it_came(fresh: Fresh) {
        // What is answered is another matter, and costs most of the time.
        let mut office = Office::open_with(fresh, "shop.example", "[bot]\nenabled = false\n").await;
        let (corpus, mut dice) = (corpus(), Dice(0xb20c));
        let mails: Vec<(&str, Vec<u8>)> = (0..MUTATED)
            .map(|_| ("mutated", mutated(&mut dice, &corpus)))
            .chain(extremes())
            .collect();
        let mut delivered = BTreeMap::new();
        for (name, raw) in &mails {
            delivered.insert(office.deliver("support", raw.clone()).1, (*name, raw));
        }
        office.settle().await;

        let messages = "SELECT s.external_id, 'messages/' || m.id FROM sightings s JOIN messages m ON m.id = s.message_id";
        let mut places = office.pairs(messages).await;
        places.extend(office.pairs("SELECT external_id, 'parked/' || id FROM parked").await);
        let mut by_uid: BTreeMap<u32, String> = BTreeMap::new();
        for (id, place) in places.iter().filter(|(id, _)| id.starts_with("support/")) {
            by_uid.insert(id.rsplit('/').next().unwrap().parse().unwrap(), place.clone());
        }
        let mut shown: BTreeMap<&String, usize> = BTreeMap::new();
        for place in by_uid.values() {
            *shown.entry(place).or_default() += 1;
        }
        for (uid, (name, raw)) in &delivered {
            let start = || String::from_utf8_lossy(&raw[..raw.len().min(1500)]).into_owned();
            let place = by_uid.get(uid).unwrap_or_else(|| panic!("{name} {uid} is nowhere: {}", start()));
            let answer = office.request(Method::GET, &format!("/api/v1/{place}/raw")).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{name} {uid} {place}");
            let got = answer.bytes().await.unwrap();
            // One that says the same as another one is shown with it.
            assert!(got == raw.as_slice() || shown[place] > 1, "{name} {uid} {place}");
        }
        let twice = shown.values().filter(|count| **count > 1).count();
        let parked = by_uid.values().filter(|place| place.starts_with("parked/")).count();
        println!("{} mails, {parked} parked, {twice} that say what another one says", delivered.len());
        assert!(twice < MUTATED / 20, "{twice}");
        // That would be a panic.
        let panicked = office.list("SELECT external_id FROM parked WHERE reason = 'Reading the mail failed.'").await;
        assert_eq!(panicked, Vec::<String>::new());
        assert!(office.get("/healthz").await.is_object());
    }
}
