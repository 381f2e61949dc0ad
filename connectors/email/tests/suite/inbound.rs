//! What a mail becomes: whose it is, what it continues, what it reports.

use rapport_email::{
    EmailConnector, EmailSettings, Relay, Security,
    inbound::{Fetched, Translator},
    token::Tokens,
};
use rapport_sdk::{
    Connector as _,
    model::{
        Address, Author, DeliveryState, InboundEvent, Secret, Timestamp, Trust,
        bot::Unanswerable,
        event::{Content, InboundMessage},
        id::OutboxId,
        letter::Mark,
    },
};

use crate::mailbox::{self, OURS};

fn settings() -> EmailSettings {
    EmailSettings {
        inbox: "mail".into(),
        addresses: vec![Address::new(OURS), Address::new("hello@shop.example")],
        authserv_id: Some("mx.shop.example".to_owned()),
        plus_addressing: true,
        relays: vec![Relay { sender: Address::new("form@site.example"), marker: Some("E-mail:".to_owned()) }],
        token_keys: vec![key()],
        ..mailbox::settings(1, Security::None)
    }
}

fn key() -> Secret {
    Secret::new("0123456789abcdef0123456789abcdef")
}

fn tokens() -> Tokens {
    Tokens::new(&[key()]).unwrap()
}

fn fetched(raw: &str) -> Fetched {
    Fetched {
        folder: "INBOX".to_owned(),
        is_sent: false,
        uid_validity: 7,
        uid: 11,
        internal_date: Timestamp(1_000),
        flags: Vec::new(),
        raw: raw.replace('\n', "\r\n").into_bytes(),
        complete: true,
    }
}

fn events(raw: &str) -> Vec<InboundEvent> {
    Translator::new(&settings()).events(fetched(raw))
}

fn message(raw: &str) -> InboundMessage {
    let message = events(raw).into_iter().find_map(|event| match event {
        InboundEvent::Message(message) => Some(*message),
        _ => None,
    });
    message.expect("a message")
}

fn mail(fields: &str) -> String {
    format!(
        "From: Anna <anna@x.example>\nTo: Support <{OURS}>\nSubject: Lamp\nMessage-ID: <m1@x.example>\n{fields}\nHello?\n"
    )
}

#[test]
fn a_letter_has_its_subject_sender_recipients_and_name() {
    let raw = mail("Cc: Bob <BOB@y.example>\nIn-Reply-To: <a@x>\nReferences: <root@x> <a@x>\n");
    let message = message(&raw);
    assert_eq!(message.id.as_str(), "INBOX/7/11");
    assert_eq!(message.text, "Hello?");
    assert_eq!(message.at, Timestamp(1_000));
    assert_eq!(message.thread.our_address.expose(), OURS);
    assert!(!message.thread.permanent);
    let letter = &message.letter;
    assert_eq!(letter.subject.as_deref(), Some("Lamp"));
    let recipients: Vec<_> = letter.recipients.iter().map(|to| to.address.expose()).collect();
    assert_eq!(recipients, [OURS, "bob@y.example"]);
    assert_eq!(letter.name.as_ref().unwrap().as_str(), "m1@x.example");
    let names: Vec<_> =
        letter.follows.references.iter().map(rapport_sdk::model::id::MessageName::as_str).collect();
    assert_eq!(names, ["a@x", "root@x"]);
    assert_eq!(letter.original, None);
    let Author::Contact { address, name, trust, .. } = &message.author else {
        panic!("{:?}", message.author)
    };
    assert_eq!((address.expose(), name.as_deref(), *trust), ("anna@x.example", Some("Anna"), Trust::Claimed));
    assert_eq!(message.unanswerable, None);
}

#[test]
fn the_receiving_servers_word_proves_or_disproves_a_sender() {
    let with =
        |results: &str| message(&format!("Authentication-Results: mx.shop.example; {results}\n{}", mail("")));
    let proven = with("dmarc=pass header.from=x.example");
    assert!(matches!(proven.author, Author::Contact { trust: Trust::Proven, .. }));
    let forged = with("dmarc=fail header.from=x.example");
    assert!(matches!(forged.author, Author::Contact { trust: Trust::Claimed, .. }));
    assert!(forged.letter.follows.disproved && forged.letter.marks.contains(&Mark::Disproved));
}

#[test]
fn our_token_comes_back_by_what_is_answered_or_by_the_plus_address() {
    let id = OutboxId::new();
    let name = tokens().message_id(&id, "shop.example");
    let plus = tokens().plus_address(&id, OURS).unwrap();
    for raw in [
        mail(&format!("In-Reply-To: <{name}>\n")),
        mail("").replace(&format!("<{OURS}>"), &format!("<{plus}>")),
    ] {
        let message = message(&raw);
        assert_eq!(message.letter.follows.token.as_ref(), Some(&id), "{raw}");
        assert!(message.letter.follows.references.is_empty());
        assert_eq!(message.thread.our_address.expose(), OURS);
        assert_eq!(message.letter.recipients[0].address.expose(), OURS, "our address is offered to nobody");
    }
    let foreign = Tokens::new(&[Secret::new("fedcba9876543210fedcba9876543210")])
        .unwrap()
        .message_id(&id, "shop.example");
    assert_eq!(message(&mail(&format!("In-Reply-To: <{foreign}>\n"))).letter.follows.token, None);
}

#[test]
fn our_own_mail_that_comes_back_is_nothing_new() {
    let name = tokens().message_id(&OutboxId::new(), "shop.example");
    let raw = mail("").replace("m1@x.example", &name).replace("anna@x.example", OURS);
    assert_eq!(events(&raw), []);
}

#[test]
fn what_lies_among_what_was_sent_is_a_colleagues_answer() {
    let answer = |more: &str| {
        format!(
            "From: <{OURS}>\nTo: <anna@x.example>\nSubject: Re: Lamp\nIn-Reply-To: <m1@x.example>\nMessage-ID: <s@pc>\n{more}\nYes.\n"
        )
    };
    let read = |mail| {
        let events = Translator::new(&settings()).events(mail);
        let [InboundEvent::Message(message)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(message.author, Author::OutsideHuman { to: Address::new("anna@x.example") });
        assert_eq!(message.letter.follows.references[0].as_str(), "m1@x.example");
        (message.unanswerable, message.letter.marks.clone())
    };
    let sent = |more: &str| Fetched { is_sent: true, ..fetched(&answer(more)) };
    assert_eq!(read(sent("")), (None, Vec::new()), "a person wrote it");
    let by_machine = (Some(Unanswerable::AutomaticMail), vec![Mark::Machine]);
    assert_eq!(read(sent("Auto-Submitted: auto-generated\n")), by_machine, "a shop system did");
    let vouched = "Authentication-Results: mx.shop.example; dmarc=pass header.from=shop.example\n";
    let copy = vouched.to_owned() + &answer("Cc: <hello@shop.example>\n");
    assert_eq!(read(fetched(&copy)), (None, Vec::new()), "a copy that came to us");
}

#[test]
fn nobody_becomes_one_of_us_by_writing_our_address() {
    let spoof = message(&mail("In-Reply-To: <m0@x.example>\n").replace("anna@x.example", OURS));
    assert!(matches!(spoof.author, Author::Contact { trust: Trust::Claimed, .. }));
    assert_eq!(spoof.unanswerable, Some(Unanswerable::AutomaticMail));
}

#[test]
fn a_relays_mail_is_the_customers_whom_it_names() {
    let form = |fields: &str, body: &str| {
        message(&format!(
            "From: Form <form@site.example>\nTo: <{OURS}>\nSubject: New request\n{fields}\n{body}\n"
        ))
    };
    let address = |message: &InboundMessage| match &message.author {
        Author::Contact { address, trust, can_reply, .. } => {
            (address.expose().to_owned(), *trust, *can_reply)
        }
        other => panic!("{other:?}"),
    };
    let by_header = form("Reply-To: Carl <carl@z.example>\n", "Hi");
    assert_eq!(address(&by_header), ("carl@z.example".to_owned(), Trust::Claimed, true));
    assert_eq!(by_header.unanswerable, None);
    let by_marker = form("", "Name: Dora\nE-mail: Dora@z.example\nHi");
    assert_eq!(address(&by_marker).0, "dora@z.example");
    let by_nothing = form("", "Hi");
    assert!(!address(&by_nothing).2 && address(&by_nothing).0.ends_with("@relay.invalid"));
}

#[test]
fn a_bounce_of_ours_is_a_receipt_and_an_automatic_letter_and_a_forged_one_is_no_receipt() {
    let id = OutboxId::new();
    let name = tokens().message_id(&id, "shop.example");
    let bounce = |name: &str| {
        format!(
            "Return-Path: <>\nFrom: MAILER-DAEMON@y.example\nTo: <{OURS}>\nSubject: Undelivered Mail Returned to Sender\n\
             MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n\
             I'm sorry.\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; y.example\n\n\
             Final-Recipient: rfc822; anna@y.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n\
             --b\nContent-Type: text/rfc822-headers\n\nFrom: <{OURS}>\nMessage-ID: <{name}>\n\n--b--\n"
        )
    };
    let genuine = events(&bounce(&name));
    let [InboundEvent::Receipt { id: of, state, reason, .. }, InboundEvent::Message(message)] =
        genuine.as_slice()
    else {
        panic!("{genuine:?}")
    };
    assert_eq!((of.as_str(), *state), (name.as_str(), DeliveryState::Failed));
    assert_eq!(reason.as_deref(), Some("The mailbox does not exist (5.1.1)"));
    assert_eq!(message.letter.follows.token.as_ref(), Some(&id));
    assert_eq!(
        (message.unanswerable, message.letter.marks.as_slice()),
        (Some(Unanswerable::AutomaticMail), &[Mark::Bounce][..])
    );
    let forged =
        events(&bounce("1.00000000000000000000000000000000.aaaaaaaaaaaaaaaaaaaaaaaaaa@shop.example"));
    assert!(matches!(forged.as_slice(), [InboundEvent::Message(_)]), "{forged:?}");
}

#[test]
fn the_content_of_a_mail_is_the_same_under_another_number_and_another_with_another_word() {
    let key = |raw: &str, uid| {
        let events = Translator::new(&settings()).events(Fetched { uid, ..fetched(raw) });
        let [InboundEvent::Message(message)] = events.as_slice() else { panic!("{events:?}") };
        message.content_key.clone().unwrap()
    };
    let raw = mail("Date: Thu, 26 Nov 2026 10:00:00 +0000\n");
    let traced = format!("Received: from a by b\nX-Spam-Score: 1\n{raw}");
    assert_eq!(key(&raw, 1), key(&traced, 2));
    assert_ne!(key(&raw, 1), key(&raw.replace("Hello", "Hallo"), 1));
}

#[test]
fn a_mail_without_a_sender_is_parked_and_what_is_suspected_is_told() {
    assert!(matches!(events("Subject: x\n\nHello\n").as_slice(), [InboundEvent::Unreadable { .. }]));
    let junk = Fetched { folder: "INBOX.Junk".to_owned(), ..fetched(&mail("")) };
    let events = Translator::new(&settings()).events(junk);
    let [InboundEvent::Message(message)] = events.as_slice() else { panic!("{events:?}") };
    assert!(message.letter.suspected && message.unanswerable.is_none());
}

#[test]
fn of_a_mail_that_was_read_in_part_the_file_that_is_cut_off_is_not_taken_for_whole() {
    let file = |name: &str| {
        format!(
            "--b\nContent-Type: application/pdf; name={name}\nContent-Transfer-Encoding: base64\n\nQUJDREVGR0hJSktM\n"
        )
    };
    let raw = mail("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n");
    let raw = raw.replace("\nHello?\n", &format!("\n--b\n\nHello?\n{}{}", file("one.pdf"), file("two.pdf")));
    for complete in [false, true] {
        let mut fetched = fetched(raw.trim_end());
        fetched.complete = complete;
        let events = Translator::new(&settings()).events(fetched);
        let Some(InboundEvent::Message(message)) = events.into_iter().next() else { panic!("a message") };
        let cut: Vec<(&str, bool)> = message
            .attachments
            .iter()
            .map(|file| (file.name.as_deref().unwrap(), matches!(file.content, Content::Withheld(_))))
            .collect();
        assert_eq!(cut, [("one.pdf", false), ("two.pdf", !complete)]);
    }
}

#[test]
fn a_mail_that_does_not_say_where_its_parts_end_is_shown_as_text() {
    let message = message(&mail("MIME-Version: 1.0\nContent-Type: multipart/mixed\n"));
    assert_eq!((message.text.as_str(), message.attachments.len()), ("Hello?", 0));
    assert!(message.letter.marks.contains(&Mark::Damaged));
}

#[test]
fn what_stands_behind_the_plus_of_our_address_is_brought_along_unless_it_is_our_token() {
    let to = |address: &str| message(&mail("").replace(OURS, address)).chat.entry;
    let (local, domain) = OURS.split_once('@').unwrap();
    assert_eq!(to(&format!("{local}+NOOR-4k7q@{domain}")).as_deref(), Some("noor-4k7q"));
    assert_eq!(to(OURS), None);
    assert_eq!(to("anna+noor-4k7q@elsewhere.example"), None, "not our address");
    assert_eq!(to(&tokens().plus_address(&OutboxId::new(), OURS).unwrap()), None);
}

#[test]
fn a_way_in_is_an_address_of_ones_own_or_a_subject() {
    let url = |settings| EmailConnector::new(settings).unwrap().way_in("NOOR-4K7Q").unwrap().url;
    let (local, domain) = OURS.split_once('@').unwrap();
    assert_eq!(url(settings()), format!("mailto:{local}+noor-4k7q@{domain}"));
    let plain = EmailSettings { plus_addressing: false, ..settings() };
    assert_eq!(url(plain), format!("mailto:{OURS}?subject=NOOR-4K7Q"));
}
