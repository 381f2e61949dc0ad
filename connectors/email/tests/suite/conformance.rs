//! The connector against the rules of `docs/connector-spec.md`: mail comes from one fake server and goes
//! to another, and what goes lies in the folder of what was sent as well.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use futures_util::FutureExt as _;
use rapport_email::{
    EmailConnector, EmailSettings,
    imap::Append,
    receiving::Receiving,
    smtp::{Sender, SentFolder},
};
use rapport_fakes::{
    imap::Trick,
    smtp::{Fault, Stage},
};
use rapport_sdk::{
    BoxFuture, Connector, Ingress, WebhookRequest,
    conformance::{Failure, Harness},
    model::{Clock, id::Scope, outbound::Outgoing},
};

use crate::{
    mailbox::{self, Mailbox, mail},
    post::{self, Post},
};

/// A mailbox, and the server that takes what leaves.
struct Account {
    mailbox: Mailbox,
    post: Post,
    attached: Mutex<Option<Arc<dyn Ingress>>>,
    uids: Mutex<HashMap<String, u32>>,
}

impl Account {
    async fn start() -> Arc<Self> {
        let (mailbox, post) = (Mailbox::start().await, Post::start().await);
        mailbox.fake.create("Sent");
        Arc::new(Self { mailbox, post, attached: Mutex::default(), uids: Mutex::default() })
    }

    fn settings(&self) -> EmailSettings {
        EmailSettings {
            smtp: self.post.settings().smtp,
            sent_folder: Some("Sent".to_owned()),
            append_sent: true,
            ..self.mailbox.settings()
        }
    }

    fn deliver(&self, text: &str) {
        let uid = self.mailbox.fake.deliver("INBOX", mail(text));
        self.uids.lock().unwrap().insert(text.to_owned(), uid);
    }
}

impl Harness for Account {
    fn connector(&self) -> Arc<dyn Connector> {
        let settings = self.settings();
        let sent = Append::new(&settings, None, mailbox::impatient()).unwrap();
        let sent = sent.map(|sent| Arc::new(sent) as Arc<dyn SentFolder>);
        let sender = Sender::new(&settings, post::impatient(), None, sent).unwrap();
        let receiving = Receiving::new(Arc::new(settings.clone()), None, mailbox::impatient()).unwrap();
        Arc::new(EmailConnector::with_sender(settings, sender).and_receiving(receiving))
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.mailbox.clock.clone()
    }

    fn attach(&self, bridge: Option<(Arc<dyn Connector>, Arc<dyn Ingress>)>) {
        *self.attached.lock().unwrap() = bridge.map(|(_, ingress)| ingress);
    }

    fn offer(&self, text: &str) -> BoxFuture<'_, ()> {
        self.deliver(text);
        Box::pin(async {})
    }

    /// The connection breaks, and the mailbox is listed again.
    fn offer_again(&self, _text: &str) -> BoxFuture<'_, ()> {
        self.mailbox.fake.kick();
        Box::pin(async {})
    }

    fn offer_garbage(&self) -> BoxFuture<'_, ()> {
        let nested = |depth: usize| -> Vec<u8> {
            let part =
                |level| format!("Content-Type: multipart/mixed; boundary=\"b{level}\"\r\n\r\n--b{level}\r\n");
            (0..depth).map(part).collect::<String>().into_bytes()
        };
        let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
        let garbage: [Vec<u8>; 8] = [
            b"\r\n".to_vec(),
            b"no header at all".to_vec(),
            b"From: \r\nTo: \0\r\n\r\n\0\0".to_vec(),
            b"From: a@b@c <@>\r\nDate: never\r\nContent-Type: text/plain; charset=x-none\r\n\r\n\xff\xfe"
                .to_vec(),
            [b"From: <x@y.example>\r\nSubject: ".to_vec(), vec![b'a'; 100_000]].concat(),
            nested(2000),
            bytes,
            Vec::new(),
        ];
        for raw in garbage {
            self.mailbox.fake.deliver("INBOX", raw);
        }
        let uid = self.mailbox.fake.deliver("INBOX", mail("undated"));
        self.mailbox.fake.trick("INBOX", uid, Some(Trick::NoDate));
        self.mailbox.fake.answer_next("UID SEARCH", &["* SEARCH 99999999999999999999", "OK done"]);
        Box::pin(async {})
    }

    /// Nothing is marked in the mailbox: what is taken as received is what the resume point has passed.
    fn is_acknowledged(&self, text: &str) -> bool {
        let Some(ingress) = self.attached.lock().unwrap().clone() else { return false };
        let scope = Scope::from("INBOX");
        let Some(Ok(Some(cursor))) = ingress.cursor(&scope).now_or_never() else { return false };
        let cursor: serde_json::Value = serde_json::from_str(cursor.as_str()).unwrap();
        cursor["next"].as_u64().unwrap() > u64::from(self.uids.lock().unwrap()[text])
    }

    fn outgoing(&self, text: &str) -> Outgoing {
        post::outgoing(text)
    }

    fn fail_next_send(&self, failure: Failure) {
        let (stage, fault) = match failure {
            Failure::Overloaded => (Stage::Mail, Fault::reply("451 4.3.2 too busy")),
            Failure::Refused => (Stage::Rcpt, Fault::reply("550 5.1.1 unknown")),
            Failure::WrongCredentials => (Stage::Mail, Fault::reply("535 5.7.8 signed out")),
            Failure::LostAnswer => (Stage::Dot, Fault::ActedThenCut),
        };
        self.post.fake.fail_next(stage, fault);
    }

    fn sent(&self) -> Vec<(String, String)> {
        let sent = |mail: rapport_fakes::smtp::AcceptedMail| {
            let read = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
            let text = read.body_text(0).unwrap().trim_end().to_owned();
            (read.message_id().unwrap().to_owned(), text)
        };
        self.post.fake.accepted().into_iter().map(sent).collect()
    }

    fn footprint(&self) -> String {
        let fake = &self.mailbox.fake;
        format!("{:?} {:?} {:?}", self.post.fake.accepted(), fake.mails("INBOX"), fake.mails("Sent"))
    }

    fn webhook_requests(&self, _text: &str) -> Option<(WebhookRequest, WebhookRequest)> {
        None
    }
}

rapport_sdk::conformance!(Account::start().await);

#[tokio::test]
async fn what_was_sent_lies_in_the_folder_of_what_was_sent_and_is_not_taken_for_a_colleagues() {
    let account = Account::start().await;
    let connector = account.connector();
    connector.send(&account.outgoing("from us")).await.unwrap();
    mailbox::until(|| !account.mailbox.fake.mails("Sent").is_empty()).await;
    let kept = account.mailbox.fake.mails("Sent").remove(0);
    assert_eq!(kept.raw, account.post.fake.accepted()[0].bytes);
    assert_eq!(kept.flags, ["\\Seen"]);
    let running = account.mailbox.run_with(
        EmailSettings { start: rapport_email::Start::Days(1), ..account.settings() },
        &Arc::default(),
    );
    account.deliver("a question");
    running.until_stored(1).await;
    assert_eq!(running.texts(), ["a question"]);
}
