//! Whatever stands in a field, the mail has the same headers, and the server sees one mail.

use mail_parser::MessageParser;
use proptest::prelude::*;
use rapport_email::{compose::Composer, token::Tokens};
use rapport_fakes::smtp::{AcceptedMail, Stage};
use rapport_sdk::{
    Connector as _,
    model::{
        Address, Secret,
        id::MessageName,
        letter::{Heading, Recipient, RecipientRole},
        outbound::{Outgoing, SendError},
    },
};

use crate::post::{OURS, Post, THEIRS, file, outgoing};

/// What has broken other senders.
const HOSTILE: &[&str] = &[
    "\r\nBcc: evil@x.example",
    "\nBcc: evil@x.example",
    "\rBcc: evil@x.example",
    "a\r\n\r\n<script>alert(1)</script>",
    "a\0b",
    "a\u{2028}Bcc: evil@x.example",
    "a\u{2029}Bcc: evil@x.example",
    "a\u{85}Bcc: evil@x.example",
    "a\u{b}\u{c}\u{1b}[2Jb",
    "=?utf-8?Q?=0D=0ABcc:_evil@x.example?=",
    "=?utf-8?B?DQpCY2M6IGV2aWxAeC5leGFtcGxl?=",
    "\r\n.\r\nMAIL FROM:<evil@x.example>\r\n",
    "x\r\n.\r\n",
    "\n.\nRSET\n",
    "a\" <evil@x.example>, \"b",
    "evil@x.example>, <evil@x.example",
    "a; filename=evil.exe\r\nX: y",
    "a\\",
    "\u{202e}evil",
    "a><evil@x.example",
    "(comment",
    "group: evil@x.example;",
    "--=_a\r\nContent-Type: text/html",
    " \t ",
];

/// A letter in whose every field this stands.
fn letter(hostile: &str) -> Outgoing {
    let mut outgoing = outgoing(hostile);
    let person = |role, name: &str| Recipient {
        role,
        address: Address::new(THEIRS),
        name: Some(format!("Anna {name}")),
    };
    outgoing.heading = Heading {
        subject: Some(format!("Order {hostile}")),
        answers: vec![MessageName(hostile.to_owned()), MessageName("a@b.example".to_owned())],
        recipients: vec![
            person(RecipientRole::To, hostile),
            person(RecipientRole::Cc, hostile),
            Recipient {
                role: RecipientRole::Cc,
                address: Address::new(format!("{hostile}@x.example")),
                name: None,
            },
            Recipient { role: RecipientRole::Cc, address: Address::new(format!("a@{hostile}")), name: None },
        ],
    };
    outgoing.part.text = format!("{hostile}\n{hostile}");
    outgoing.media = vec![
        file(&format!("{hostile}.pdf"), "application/pdf", hostile.as_bytes()),
        file(hostile, &format!("image/png{hostile}"), hostile.as_bytes()),
    ];
    outgoing
}

/// The names of the fields of the head and of all parts, in their order.
fn names(mail: &AcceptedMail) -> Vec<String> {
    let name = |header: &String| header.split(':').next().unwrap().to_owned();
    mail.headers().iter().map(name).collect()
}

#[tokio::test]
async fn the_headers_are_the_same_and_the_server_sees_one_mail() {
    let post = Post::start().await;
    let mut settings = post.settings();
    settings.plus_addressing = true;
    Post::connector_with(settings.clone()).send(&letter("harmless")).await.unwrap();
    let harmless = names(&post.only());
    let mut sent = 1;
    for hostile in HOSTILE {
        settings.name = Some(format!("Shop {hostile}"));
        let letter = letter(hostile);
        let receipt = Post::connector_with(settings.clone()).send(&letter).await.unwrap();
        sent += 1;
        let mails = post.fake.accepted();
        assert_eq!(mails.len(), sent, "{hostile:?}");
        let mail = &mails[sent - 1];
        assert_eq!(names(mail), harmless, "{hostile:?}");
        assert_eq!((&mail.from[..], &mail.to[..]), (OURS, &[THEIRS.to_owned()][..]));
        let read = MessageParser::default().parse(&mail.bytes).unwrap();
        assert_eq!(read.message_id(), Some(receipt.id.as_str()));
        assert_eq!(read.in_reply_to().as_text(), Some("a@b.example"), "{hostile:?}");
        assert!(mail.header("References").unwrap().matches('<').count() <= 2, "{hostile:?}");
        assert_eq!(read.from().unwrap().iter().count(), 1);
        assert_eq!(read.to().unwrap().iter().count(), 1);
        let first = |list: Option<&mail_parser::Address<'_>>| {
            list.unwrap().first().unwrap().address().unwrap().to_owned()
        };
        assert_eq!([first(read.from()), first(read.to()), first(read.cc())], [OURS, THEIRS, THEIRS]);
        assert!(read.bcc().is_none(), "{hostile:?}");
        assert_eq!(read.attachments().count(), 2, "{hostile:?}");
        assert_eq!(read.attachment(0).unwrap().contents().len(), hostile.len());
        assert!(!read.body_html(0).unwrap().contains("<script"));
    }
    assert_eq!(post.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_address_that_would_be_a_command_is_refused_before_anything_is_said() {
    let post = Post::start().await;
    for hostile in HOSTILE {
        for address in [format!("a@x.example{hostile}"), format!("<{hostile}>"), (*hostile).to_owned()] {
            let mut letter = outgoing("hi");
            letter.to = Address::new(address.clone());
            let refused = post.connector().send(&letter).await;
            assert!(matches!(refused, Err(SendError::Rejected { .. })), "{address:?}: {refused:?}");
            letter.to = Address::new(THEIRS);
            letter.from = Address::new(address);
            post.connector().send(&letter).await.unwrap_err();
        }
    }
    assert_eq!((post.fake.reached(Stage::Mail), post.fake.accepted()), (0, Vec::new()));
}

#[tokio::test]
async fn a_dot_alone_is_text() {
    let post = Post::start().await;
    let connector = post.connector();
    let texts = [".", "..", "a\n.\nb", ".\n.\n.", "\n.\nQUIT\n", ".a\n..b", "a\r\n.\r\n"];
    for (at, text) in texts.into_iter().enumerate() {
        connector.send(&outgoing(text)).await.unwrap();
        let mails = post.fake.accepted();
        assert_eq!(mails.len(), at + 1);
        let read = MessageParser::default().parse(&mails[at].bytes).unwrap();
        let body = read.body_text(0).unwrap().replace("\r\n", "\n");
        assert_eq!(body.trim_end_matches('\n'), text.replace("\r\n", "\n").trim_end_matches('\n'));
    }
    assert_eq!(post.fake.violations(), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_in_every_field_is_a_sound_mail(text in any::<String>(), name in any::<String>()) {
        let keys = [Secret::new("a key of at least thirty-two bytes")];
        let composer = Composer {
            tokens: Tokens::new(&keys).unwrap(),
            name: Some(name),
            plus_addressing: true,
        };
        let mut letter = letter(&text);
        // The address with this text in it may be one, of a person whose mail needs more than ASCII.
        letter.heading.recipients.truncate(2);
        let mail = composer.compose(&letter).unwrap();
        prop_assert!(mail.bytes.is_ascii() && !mail.bytes.contains(&0));
        for line in mail.bytes.split_inclusive(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\r\n");
            prop_assert!(line.is_some_and(|line| line.len() <= 998 && !line.contains(&b'\r')));
        }
        let read = MessageParser::default().parse(&mail.bytes).unwrap();
        prop_assert_eq!(read.message_id(), Some(&mail.name[..]));
        prop_assert_eq!(read.attachments().count(), 2);
        prop_assert_eq!(read.attachment(1).unwrap().contents().len(), text.len());
    }
}
