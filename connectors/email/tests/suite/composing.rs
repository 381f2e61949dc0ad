//! What a mail looks like, read by another than who wrote it.

use mail_parser::{Message, MessageParser, MimeHeaders as _};
use rapport_email::{
    compose::{Composed, Composer},
    token::Tokens,
};
use rapport_sdk::{
    Connector as _,
    model::{
        Address, Secret,
        id::{MessageName, OutboxId},
        letter::{Heading, Recipient, RecipientRole},
        outbound::{Outgoing, SendError},
    },
};

use crate::post::{OURS, Post, THEIRS, file, outgoing};

fn tokens() -> Tokens {
    Tokens::new(&[Secret::new("a key of at least thirty-two bytes")]).unwrap()
}

fn composed(outgoing: &Outgoing) -> Composed {
    let name = Some("The Shop, Ltd.".to_owned());
    Composer { tokens: tokens(), name, plus_addressing: true }.compose(outgoing).unwrap()
}

fn read(mail: &Composed) -> Message<'_> {
    MessageParser::default().parse(&mail.bytes).unwrap()
}

fn recipient(role: RecipientRole, address: &str, name: Option<&str>) -> Recipient {
    Recipient { role, address: Address::new(address), name: name.map(str::to_owned) }
}

fn addresses(list: Option<&mail_parser::Address<'_>>) -> Vec<(String, Option<String>)> {
    let address = |found: &mail_parser::Addr<'_>| {
        (found.address().unwrap_or_default().to_owned(), found.name().map(str::to_owned))
    };
    list.map(|list| list.iter().map(address).collect()).unwrap_or_default()
}

#[test]
fn an_answer_names_what_it_answers_and_who_gets_it() {
    let mut outgoing = outgoing("Dear Anna");
    outgoing.heading = Heading {
        subject: Some("Où est ma commande n° 7 ?".to_owned()),
        answers: ["first@a.example", "second@b.example"].map(MessageName::from).into(),
        recipients: vec![
            recipient(RecipientRole::To, THEIRS, Some("Anna \"Ann\" Müller")),
            recipient(RecipientRole::To, "ben@customer.example", None),
            recipient(RecipientRole::Cc, "carla@bücher.example", Some("Carla, Co.")),
        ],
    };
    let mail = composed(&outgoing);
    let read = read(&mail);
    assert_eq!(read.subject(), Some("Où est ma commande n° 7 ?"));
    assert_eq!(addresses(read.from()), [(OURS.to_owned(), Some("The Shop, Ltd.".to_owned()))]);
    assert_eq!(
        addresses(read.to()),
        [
            (THEIRS.to_owned(), Some("Anna \"Ann\" Müller".to_owned())),
            ("ben@customer.example".to_owned(), None)
        ]
    );
    let copy = ("carla@xn--bcher-kva.example".to_owned(), Some("Carla, Co.".to_owned()));
    assert_eq!(addresses(read.cc()), [copy]);
    assert_eq!(read.in_reply_to().as_text(), Some("second@b.example"));
    assert_eq!(read.references().as_text_list().unwrap(), ["first@a.example", "second@b.example"]);
    assert_eq!(read.message_id(), Some(&mail.name[..]));
    let (reply_to, _) = addresses(read.reply_to()).remove(0);
    for text in [&mail.name, &reply_to] {
        assert_eq!(tokens().verify(text), Some(outgoing.key.clone()));
    }
    assert!(reply_to.starts_with("support+r") && reply_to.split('@').next().unwrap().len() <= 64);
    assert_eq!((mail.from.as_deref(), &mail.to[..]), (Some(OURS), THEIRS));
    assert!(read.header("Auto-Submitted").is_none() && read.header("List-Unsubscribe").is_none());
}

#[test]
fn the_date_is_that_of_the_row_and_two_tries_are_the_same_to_the_byte() {
    let mut outgoing = outgoing("Dear Anna");
    outgoing.key = OutboxId::try_from("out_01938e6b7c00700080000000000000aa".to_owned()).unwrap();
    outgoing.media = vec![file("a.png", "image/png", b"png"), file("b.pdf", "application/pdf", b"pdf")];
    let mail = composed(&outgoing);
    let head = String::from_utf8(mail.bytes.clone()).unwrap();
    assert!(head.contains("\r\nDate: Tue, 03 Dec 2024 21:27:09 +0000\r\n"), "{head}");
    outgoing.attempt = 7;
    assert_eq!(composed(&outgoing), mail);
}

#[test]
fn what_a_machine_wrote_says_so_and_gets_no_answer_from_machines() {
    let mut outgoing = outgoing("We have your message.");
    outgoing.automatic = true;
    let mail = composed(&outgoing);
    assert_eq!(mail.from, None);
    let text = String::from_utf8(mail.bytes).unwrap();
    for line in ["Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All"] {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{line}");
    }
}

#[test]
fn references_are_the_first_and_the_last_ones_and_no_line_is_long() {
    let mut outgoing = outgoing("Dear Anna");
    let name = |at: usize| MessageName(format!("{at}.{}@a.example", "x".repeat(200)));
    outgoing.heading.answers = (0..100).map(name).collect();
    outgoing.heading.answers.push(MessageName("y".repeat(2000)));
    let mail = composed(&outgoing);
    let read = read(&mail);
    let named = read.references().as_text_list().unwrap();
    assert_eq!((named.len(), &named[0][..2], &named[1][..3], &named[19][..3]), (20, "0.", "81.", "99."));
    assert_eq!(read.in_reply_to().as_text(), Some(&*named[19]));
    assert!(mail.bytes.split(|&byte| byte == b'\n').all(|line| line.len() <= 400));
}

#[test]
fn pictures_stand_in_the_text_and_files_beside_it() {
    let mut outgoing = outgoing("See the picture.\nhttps://shop.example/7");
    let name = "Rechnung für Größe 42 – Übersicht über alle Teile, Maße und Preise (endgültig).pdf";
    outgoing.media = vec![
        file(name, "application/pdf", b"%PDF"),
        file("photo.jpg", "image/jpeg", &[0xff; 200]),
        file("note.eml", "message/rfc822", b"Subject: x\r\n\r\nx"),
        file("../../etc/passwd", "text/plain; charset=x\r\nX: y", b"root"),
        file("invoice\u{202e}fdp.exe", "no type", b"MZ"),
    ];
    let mail = composed(&outgoing);
    let read = read(&mail);
    let html = read.body_html(0).unwrap();
    let picture = read.attachments().find(|part| part.content_id().is_some()).unwrap();
    assert!(html.contains(&format!("<img src=\"cid:{}\"", picture.content_id().unwrap())), "{html}");
    assert!(html.contains("<a href=\"https://shop.example/7\">"));
    assert_eq!(picture.contents(), [0xff; 200]);
    let files: Vec<_> = read
        .attachments()
        .map(|part| {
            let kind = part.content_type().unwrap();
            let kind = format!("{}/{}", kind.ctype(), kind.subtype().unwrap());
            (part.attachment_name().unwrap().to_owned(), kind, part.contents().to_vec())
        })
        .collect();
    let expected = |name: &str, kind: &str, bytes: &[u8]| (name.to_owned(), kind.to_owned(), bytes.to_vec());
    assert_eq!(
        files,
        [
            expected("photo.jpg", "image/jpeg", &[0xff; 200]),
            expected(name, "application/pdf", b"%PDF"),
            expected("note.eml", "application/octet-stream", b"Subject: x\r\n\r\nx"),
            expected(".._.._etc_passwd", "text/plain", b"root"),
            expected("invoicefdp.exe", "application/octet-stream", b"MZ"),
        ]
    );
    let text = String::from_utf8(mail.bytes).unwrap();
    assert!(text.contains("filename=\"Rechnung f_r"), "old programs have a name too");
}

#[test]
fn a_mail_of_files_alone_has_an_empty_text() {
    let mut outgoing = outgoing("");
    outgoing.media = vec![file("a.pdf", "application/pdf", b"%PDF")];
    let mail = composed(&outgoing);
    assert_eq!(read(&mail).body_text(0).unwrap().trim(), "");
    assert_eq!(read(&mail).attachments().count(), 1);
}

#[test]
fn a_file_without_its_bytes_is_not_left_out_in_silence() {
    let mut outgoing = outgoing("see the file");
    outgoing.media = vec![file("a.pdf", "application/pdf", b"%PDF")];
    outgoing.media[0].bytes = None;
    let composer = Composer { tokens: tokens(), name: None, plus_addressing: false };
    assert!(composer.compose(&outgoing).is_err());
}

#[test]
fn texts_of_every_script_come_back_as_they_were() {
    for text in [
        "plain",
        "Größe: naïve façade, 5 € — “quoted”",
        "Здравствуйте, где мой заказ?\n\nАнна",
        "注文はどこですか？\n\n　アンナ",
        "مرحبا، أين طلبي؟",
        "👩‍👩‍👧 family, \u{200f}\u{200e} marks",
        ">not a quote\nFrom here\n.\n..\n  spaces  \n\ttab",
        &"one very long line ".repeat(500),
    ] {
        let mail = composed(&outgoing(text));
        let read = read(&mail);
        assert_eq!(read.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), text.trim_end());
        assert!(mail.bytes.is_ascii());
    }
}

#[tokio::test]
async fn an_address_outside_of_ascii_goes_where_servers_carry_it_and_is_refused_elsewhere() {
    let post = Post::start().await;
    let mut outgoing = outgoing("hi");
    outgoing.to = Address::new("李@bücher.example");
    post.connector().send(&outgoing).await.unwrap();
    let mail = post.only();
    assert_eq!(mail.to, ["李@xn--bcher-kva.example"]);
    assert_eq!(mail.header("To").as_deref(), Some("李@xn--bcher-kva.example"));
    let old = Post::start_with(|config| config.utf8 = false).await;
    let refused = old.connector().send(&outgoing).await;
    assert!(matches!(refused, Err(SendError::Rejected { code }) if code.starts_with("553 5.6.7")));
    assert_eq!(old.fake.violations(), Vec::<String>::new());
    // One who reads beside an ordinary recipient does not keep the mail from that one.
    outgoing.key = OutboxId::new();
    outgoing.to = Address::new(THEIRS);
    outgoing.heading.recipients =
        vec![recipient(RecipientRole::To, THEIRS, None), recipient(RecipientRole::Cc, "李@x.example", None)];
    old.connector().send(&outgoing).await.unwrap();
    let mail = old.only();
    assert_eq!(mail.header("To").as_deref(), Some(THEIRS));
    assert!(mail.header("Cc").unwrap().ends_with(" :;"));
}

#[tokio::test]
async fn reports_are_asked_for_by_the_same_name_where_the_server_can() {
    let post = Post::start().await;
    let receipt = post.connector().send(&outgoing("hi")).await.unwrap();
    let mail = post.only();
    assert!(mail.mail_parameters.contains(&format!("ENVID={}", receipt.id)));
    assert_eq!(mail.rcpt_parameters, ["NOTIFY=FAILURE,DELAY"]);
    let mut automatic = outgoing("We have your message.");
    automatic.automatic = true;
    post.connector().send(&automatic).await.unwrap();
    let mail = post.fake.accepted().remove(1);
    assert_eq!((&mail.from[..], mail.rcpt_parameters.len()), ("", 0));
    let plain = Post::start_with(|config| {
        config.reports = false;
        config.largest = None;
        config.eight_bit = false;
    })
    .await;
    plain.connector().send(&outgoing("é")).await.unwrap();
    assert_eq!(plain.only().mail_parameters, Vec::<String>::new());
}
