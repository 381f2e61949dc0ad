//! Mailboxes that outlive their process, servers that go away, letters with anything in them.

use std::{fs::OpenOptions, io::Write as _, path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use super::*;

#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp(1_790_000_000_000)
    }
}

const SHOP: &str = "support@shop.example";
const CUSTOMER: &str = "ines@carvalho.example";

async fn post(memory: Option<&Path>) -> FakePost {
    let shops = vec![vec![SHOP.to_owned(), "hello@shop.example".to_owned()]];
    let memory = memory.map(Path::to_owned);
    FakePost::start(FakePostConfig { clock: Arc::new(Noon), memory, shops }).await.unwrap()
}

fn draft(subject: &str, text: &str) -> Draft {
    Draft {
        from: CUSTOMER.to_owned(),
        name: "Inês".to_owned(),
        to: SHOP.to_owned(),
        subject: subject.to_owned(),
        text: text.to_owned(),
        ..Draft::default()
    }
}

fn mails(post: &FakePost) -> Vec<(u32, String)> {
    let mails = post.shops[0].imap.mails("INBOX");
    mails.into_iter().map(|mail| (mail.uid, String::from_utf8(mail.raw).unwrap())).collect()
}

/// Says lines to a port, each after the answer to the one before; what came back.
async fn talk(port: u16, lines: &[&str]) -> Vec<String> {
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    let mut heard = Vec::new();
    let mut lines = lines.iter();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return heard;
        }
        heard.push(line.trim_end().to_owned());
        let is_last = !line.starts_with("* ") || line.starts_with("* OK fake");
        if is_last && line.as_bytes().get(3) != Some(&b'-') {
            let Some(next) = lines.next() else { return heard };
            stream.write_all(format!("{next}\r\n").as_bytes()).await.unwrap();
        }
    }
}

/// What opening the shop's folder says.
async fn opened(post: &FakePost) -> Vec<String> {
    let shop = post.mailbox(SHOP).unwrap();
    let login = format!("a LOGIN {SHOP} {}", shop.password);
    let mut heard = talk(shop.imap_port, &[&login, "b SELECT INBOX", "c NOOP"]).await;
    heard.retain(|line| line.contains("UID") || line.contains("EXISTS"));
    heard
}

/// Hands a mail in, as the shop's program does.
async fn hand_in(post: &FakePost, text: &str) -> Vec<String> {
    let shop = post.mailbox(SHOP).unwrap();
    let login = STANDARD.encode(format!("\0{SHOP}\0{}", shop.password));
    let (login, to) = (format!("AUTH PLAIN {login}"), format!("RCPT TO:<{CUSTOMER}>"));
    let from = format!("MAIL FROM:<{SHOP}>");
    talk(shop.smtp_port, &["EHLO here", &login, &from, &to, "DATA", &format!("{text}\r\n."), "QUIT"]).await
}

const ANSWER: &str = "From: <support@shop.example>\r\nTo: <ines@carvalho.example>\r\nSubject: Re: Tents\r\n\
                      Message-ID: <1@shop.example>\r\n\r\nYes.";

#[tokio::test]
async fn mailboxes_show_after_a_restart_what_they_showed_before_and_number_on() {
    let folder = std::env::temp_dir().join(format!("rapport-post-{}", std::process::id()));
    let memory = folder.join("mail.jsonl");
    let before = post(Some(&memory)).await;
    before.write(&draft("Tents", "Do you have any?")).unwrap();
    before.write(&Draft { forged: true, ..draft("Money", "Now") }).unwrap();
    hand_in(&before, ANSWER).await;
    before.set_away("salma@idrissi.example", true);
    before.take_down(true);
    before.write(&draft("Later", "Anybody?")).unwrap();
    let (shown, lying) = (before.letters(), mails(&before));
    assert_eq!(shown.iter().map(|letter| letter.waiting).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(lying.iter().map(|(uid, _)| *uid).collect::<Vec<_>>(), [1, 2]);
    before.take_down(false);
    let numbered = opened(&before).await;
    assert!(numbered[0].contains("3 EXISTS"), "{numbered:?}");
    drop(before);

    // What a crash in the middle of a line leaves.
    let mut file = OpenOptions::new().append(true).open(&memory).unwrap();
    file.write_all(b"{\"kind\":\"letter\",\"id\":\"").unwrap();
    let after = post(Some(&memory)).await;
    assert_eq!(opened(&after).await, numbered, "UIDVALIDITY and UIDNEXT");
    assert_eq!(mails(&after)[..2], lying[..]);
    assert_eq!(after.letters()[..2], shown[..2]);
    assert_eq!(after.away(), ["salma@idrissi.example"]);
    after.write(&draft("Again", "Hello?")).unwrap();
    assert_eq!(mails(&after).last().unwrap().0, 4);
    assert_eq!(mails(&post(Some(&memory)).await).len(), 4, "a line after the broken one is whole");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn what_can_be_typed_arrives_as_it_was_and_adds_no_header() {
    let post = post(None).await;
    let long = "Ω ".repeat(90);
    for subject in ["Tents\r\nBcc: all@shop.example", "=?UTF-8?Q?no?=", "", long.trim_end()] {
        let files = vec![FakeFile {
            name: "ein Plan\".pdf".to_owned(),
            content_type: "no type\r\nX: y".to_owned(),
            bytes: b"--part\r\n\0\xff".to_vec(),
        }];
        let id = post.write(&Draft { files: files.clone(), ..draft(subject, "--part\n.\nÜ") }).unwrap();
        let letter = post.letters().pop().unwrap();
        assert_eq!(letter.subject, subject.replace("\r\n", "  "));
        assert_eq!((&letter.text[..], &letter.from.name[..]), ("--part\n.\nÜ", "Inês"));
        let kept = post.file(&id, 0).unwrap();
        assert_eq!((kept.name, kept.bytes), (files[0].name.clone(), files[0].bytes.clone()));
        assert_eq!(kept.content_type, "application/octet-stream");
        let raw = mails(&post).pop().unwrap().1;
        assert!(raw.is_ascii() && !raw.contains("\nBcc") && !raw.contains("\nX:"), "{raw}");
        assert!(raw.lines().all(|line| line.len() <= 78), "{raw}");
        let begins =
            "Return-Path: <ines@carvalho.example>\r\nReceived: from carvalho.example by mx.shop.example";
        assert!(raw.starts_with(begins), "{raw}");
    }
    let refused = |from: &str| post.write(&Draft { from: from.to_owned(), ..draft("", "") });
    for from in ["", "ines", "i@c>", "i@c\r\nBcc: x", "i@@c", "ï@c"] {
        assert_eq!(refused(from), Err(Refusal::Sender), "{from}");
    }
    assert_eq!(post.write(&Draft { to: "x@y.example".to_owned(), ..draft("", "") }), Err(Refusal::NoShop));
}

#[tokio::test]
async fn only_who_writes_in_another_name_fails_the_check() {
    let post = post(None).await;
    let other = "Support+token@shop.example".to_owned();
    post.write(&Draft { to: other, ..draft("One", "") }).unwrap();
    post.write(&Draft { forged: true, ..draft("Two", "") }).unwrap();
    let raw: Vec<_> = mails(&post).into_iter().map(|mail| mail.1).collect();
    assert!(
        raw[0].contains("Authentication-Results: mx.shop.example;\r\n spf=pass") && !raw[0].contains("Spam")
    );
    assert!(raw[1].contains("dmarc=fail header.from=carvalho.example\r\nX-Spam-Flag: YES"), "{}", raw[1]);
    assert_eq!(post.letters().len(), 1, "what another wrote is not in the customer's mailbox");
}

#[tokio::test]
async fn a_mail_that_comes_twice_is_shown_once_and_an_answer_names_all_before_it() {
    let post = post(None).await;
    post.write(&draft("Tents", "Do you have any?")).unwrap();
    let first = post.letters()[0].name.clone().unwrap();
    let answer = format!("In-Reply-To: <{first}>\r\nReferences: <{first}>\r\n{ANSWER}");
    assert!(hand_in(&post, &answer).await.iter().any(|line| line == "250 2.0.0 Queued"));
    post.fail_next(Stage::Dot, &Fault::ActedThenCut);
    assert!(post.fault_waits(Stage::Dot));
    let second = answer.replace("<1@", "<2@");
    assert!(!hand_in(&post, &second).await.iter().any(|line| line.contains("Queued")));
    hand_in(&post, &second).await;
    let letters = post.letters();
    assert_eq!(letters.len(), 3);
    let reply =
        Draft { to: String::new(), answers: Some(letters[1].id.clone()), ..draft("Re: Tents", "Good") };
    post.write(&reply).unwrap();
    let letter = post.letters().pop().unwrap();
    assert_eq!(letter.follows, [first, "1@shop.example".to_owned()]);
    assert_eq!(letter.to[0].address, SHOP);
    let stranger = Draft { from: "piotr@zawadzki.example".to_owned(), ..reply };
    assert_eq!(post.write(&stranger), Err(Refusal::NoLetter), "nobody answers another's letter");
}

#[tokio::test]
async fn a_machine_answers_for_who_is_away_and_no_other_machine() {
    let post = post(None).await;
    post.set_away("Ines@Carvalho.example", true);
    hand_in(&post, &format!("Auto-Submitted: auto-replied\r\n{ANSWER}")).await;
    assert_eq!(mails(&post).len(), 0);
    hand_in(&post, &ANSWER.replace("<1@", "<2@")).await;
    let raw = mails(&post).remove(0).1;
    assert!(raw.starts_with("Return-Path: <>\r\n") && raw.contains("Auto-Submitted: auto-replied"), "{raw}");
    assert!(raw.contains("In-Reply-To: <2@shop.example>"), "{raw}");
    post.set_away(CUSTOMER, false);
    hand_in(&post, &ANSWER.replace("<1@", "<3@")).await;
    assert_eq!(mails(&post).len(), 1);
}

#[tokio::test]
async fn while_it_is_down_nobody_is_greeted_and_letters_wait_in_their_order() {
    let post = post(None).await;
    let shop = post.mailbox("hello@shop.example").unwrap();
    post.take_down(true);
    for port in [shop.imap_port, shop.smtp_port] {
        assert_eq!(talk(port, &[]).await, Vec::<String>::new());
    }
    post.write(&draft("One", "")).unwrap();
    post.write(&draft("Two", "")).unwrap();
    assert_eq!(mails(&post).len(), 0);
    post.take_down(false);
    let order: Vec<_> =
        mails(&post).into_iter().map(|(uid, raw)| (uid, raw.contains("Subject: One"))).collect();
    assert_eq!(order, [(1, true), (2, false)]);
    assert_eq!(opened(&post).await.len(), 3);
}
