//! A reply as a letter, over HTTP and down to the wire: its subject, who gets a copy and who can't, and
//! how each recipient fares.

use std::time::Duration;

use rapport::store::{IngestRequest, Kept};
use rapport_fakes::smtp::{AcceptedMail, FakeSmtp, FakeSmtpConfig, Fault, Privacy, Stage};
use rapport_model::{
    Address, Author, InboundEvent, Trust,
    event::{Chat, InboundMessage, RawPayload, ThreadKind, ThreadRef},
    letter::{Recipient, RecipientRole},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    bridge::{ADVICE, Answer, Bridge, Caller},
    on_both_engines,
    testing::Fresh,
};

const OURS: &str = "support@shop.example";
const ALSO_OURS: &str = "hello@shop.example";
/// A test that waits longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A bridge with an inbox for e-mail beside the others, and the server that takes its mail in.
struct Post {
    bridge: Bridge,
    server: FakeSmtp,
}

impl Post {
    async fn open(fresh: Fresh) -> Self {
        let config = FakeSmtpConfig { privacy: Privacy::None, ..FakeSmtpConfig::default() };
        let server = FakeSmtp::start(config).await.unwrap();
        let tables = format!(
            "[inbox.mail]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"{OURS}\", \"{ALSO_OURS}\"]\n\
             teams = [\"advice\"]\n[inbox.mail.email]\nauthserv_id = \"mx.shop.example\"\n\
             [inbox.mail.email.imap]\nhost = \"127.0.0.1\"\nport = 9\nsecurity = \"none\"\n\
             [inbox.mail.email.smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
             [inbox.mail.email.auth]\nuser = \"{OURS}\"\npassword = {{ env = \"MAIL_PASSWORD\" }}\n",
            server.port()
        );
        Self { bridge: Bridge::start_with(fresh, &tables).await, server }
    }

    /// Anna's letter to us and Bert, with Carl in copy; gives her conversation.
    async fn letter(&self) -> String {
        let engine = self.bridge.server.engine();
        let facts = engine.store().inboxes().iter().find(|facts| facts.id.0 == "mail").unwrap().clone();
        let to = |role, address: &str| Recipient {
            role,
            address: Address::new(address),
            name: (address == "bert@y.example").then(|| "Bert".to_owned()),
        };
        let event = InboundEvent::Message(Box::new(InboundMessage {
            chat: Chat::default(),
            id: "inbox/1/1".into(),
            content_key: None,
            thread: ThreadRef {
                id: "inbox/1/1".into(),
                kind: ThreadKind::Private,
                permanent: false,
                our_address: Address::new(OURS),
                title: None,
            },
            author: Author::Contact {
                address: Address::new("anna@x.example"),
                name: Some("Anna".to_owned()),
                trust: Trust::Proven,
                can_reply: true,
                is_bot: false,
            },
            text: "Where is my lamp?".to_owned(),
            attachments: Vec::new(),
            reply_to: None,
            at: engine.clock().now(),
            addressed: true,
            unanswerable: None,
            letter: rapport_model::Letter {
                subject: Some("AW: My lamp".to_owned()),
                name: Some("first@x.example".into()),
                recipients: vec![
                    to(RecipientRole::To, OURS),
                    to(RecipientRole::To, "bert@y.example"),
                    to(RecipientRole::Cc, "carl@z.example"),
                    to(RecipientRole::Cc, ALSO_OURS),
                ],
                ..rapport_model::Letter::default()
            },
            raw: RawPayload {
                content_type: "message/rfc822".to_owned(),
                bytes: b"Subject: My lamp".to_vec(),
            },
        }));
        let request = IngestRequest::new(facts, vec![event], None, None, Kept::default());
        engine.store().ingest(request).await.unwrap();
        let page = self.bridge.ada.get("/api/v1/conversations?view=all").await.json();
        let items = page["items"].as_array().unwrap();
        let anna = items.iter().find(|item| item["contact"]["name"] == "Anna").unwrap();
        anna["id"].as_str().unwrap().to_owned()
    }

    /// The mails that were taken in, once there are so many.
    async fn mails(&self, many: usize) -> Vec<AcceptedMail> {
        let mut changes = self.server.subscribe();
        self.bridge.clock.advance(Duration::from_mins(1));
        self.bridge.server.engine().store().nudge();
        let all = async {
            while self.server.accepted().len() < many {
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, all).await.expect("the mails leave");
        self.server.accepted()
    }
}

async fn reply(who: &Caller, conversation: &str, key: &str, body: Value) -> Answer {
    let path = format!("/api/v1/conversations/{conversation}/replies");
    let mut whole = json!({"text": "It is on its way.", "seen_position": 1});
    whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    who.send(who.request(Method::POST, &path).header("idempotency-key", key).json(&whole)).await
}

async fn details(who: &Caller, conversation: &str) -> Value {
    who.get(&format!("/api/v1/conversations/{conversation}")).await.json()
}

on_both_engines! {
    async fn what_cannot_stand_above_a_reply_is_refused_by_its_field_with_the_reason(fresh: Fresh) {
        let post = Post::open(fresh).await;
        let mara = &post.bridge.mara;
        let mail = post.letter().await;
        let sms = post.bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let sms = sms["id"].as_str().unwrap();
        let before = (details(mara, &mail).await, details(mara, sms).await);
        let many: Vec<String> = (0..51).map(|n| format!("c{n}@y.example")).collect();
        let cases = [
            (sms, json!({"subject": "My lamp"}), "subject", "a message on this channel has no subject"),
            (sms, json!({"subject": ""}), "subject", "a message on this channel has no subject"),
            (sms, json!({"cc": ["bert@y.example"]}), "cc", "a message on this channel goes to nobody beside the contact"),
            (&mail, json!({"subject": "My\r\nBcc: eve@y.example"}), "subject", "a subject is one line, without control characters"),
            (&mail, json!({"subject": "ü".repeat(501)}), "subject", "at most 500 characters"),
            (&mail, json!({"cc": ["eve@y.example"]}), "cc", "eve@y.example: no letter of this conversation was written to or from there"),
            (&mail, json!({"cc": ["bert@y.example", ALSO_OURS]}), "cc", "hello@shop.example: this is an address of our own"),
            (&mail, json!({"cc": ["anna@x.example"]}), "cc", "anna@x.example: the reply goes there already"),
            (&mail, json!({"cc": many}), "cc", "at most 50 addresses"),
        ];
        for (number, (conversation, body, field, reason)) in cases.into_iter().enumerate() {
            let answer = reply(mara, conversation, &format!("key{number}"), body.clone()).await;
            let said = &answer.json()["errors"][0];
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body} {}", answer.json());
            assert_eq!(said["field"], field, "{body}");
            assert_eq!(said["reason"], reason, "{body}");
        }
        assert_eq!((details(mara, &mail).await, details(mara, sms).await), before);
        for body in [json!({"text": "", "subject": "a\nb"}), json!({"text": "", "cc": vec!["x"; 51]})] {
            let request = mara.request(Method::PUT, &format!("/api/v1/conversations/{mail}/draft"));
            assert_eq!(mara.send(request.json(&body)).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        }
    }

    async fn a_reply_is_offered_its_subject_and_its_people_and_goes_to_those_who_were_chosen(fresh: Fresh) {
        let post = Post::open(fresh).await;
        let mara = &post.bridge.mara;
        let conversation = post.letter().await;
        let route = details(mara, &conversation).await["reply"].clone();
        assert_eq!(route["capabilities"]["letters"], true);
        assert_eq!((&route["to"], &route["suggested_subject"]), (&json!("anna@x.example"), &json!("Re: My lamp")));
        let offered = json!([
            {"address": "bert@y.example", "name": "Bert", "role": "cc", "why": "to"},
            {"address": "carl@z.example", "name": null, "role": "cc", "why": "cc"},
        ]);
        assert_eq!(route["offered"], offered);
        let body = json!({"cc": ["bert@y.example"], "subject": "Your lamp"});
        let written = reply(mara, &conversation, "one", body).await.json();
        let states = json!([
            {"address": "anna@x.example", "state": "queued", "reason": null},
            {"address": "bert@y.example", "state": "queued", "reason": null},
        ]);
        assert_eq!(written["message"]["deliveries"], states, "{written}");
        let undo = format!("/api/v1/messages/{}/undo", written["message"]["id"].as_str().unwrap());
        let back = mara.post(&undo, json!({})).await.json();
        assert_eq!((&back["subject"], &back["cc"]), (&json!("Your lamp"), &json!(["bert@y.example"])));
        let alone = reply(mara, &conversation, "two", json!({})).await;
        assert_eq!(alone.json()["message"]["deliveries"], json!([]), "{}", alone.json());
        let alone = post.mails(1).await.remove(0);
        assert_eq!(alone.to, ["anna@x.example"]);
        assert_eq!((alone.header("Cc"), alone.header("Subject").unwrap()), (None, "Re: My lamp".to_owned()));
        let position = details(mara, &conversation).await["conversation"]["position"].clone();
        let body = json!({"cc": ["carl@z.example", "bert@y.example"], "subject": "Your lamp", "seen_position": position});
        assert_eq!(reply(mara, &conversation, "three", body).await.status, StatusCode::CREATED);
        let mails = post.mails(4).await.split_off(1);
        let mut reached: Vec<&str> = mails.iter().flat_map(|mail| &mail.to).map(String::as_str).collect();
        reached.sort_unstable();
        assert_eq!(reached, ["anna@x.example", "bert@y.example", "carl@z.example"]);
        for mail in &mails {
            assert_eq!(mail.header("To").unwrap(), "anna@x.example");
            assert_eq!(mail.header("Cc").unwrap(), "carl@z.example, bert@y.example");
            assert_eq!(mail.header("Subject").unwrap(), "Your lamp");
            assert_eq!(mail.header("References").unwrap(), "<first@x.example>");
        }
        assert_eq!(post.server.violations(), Vec::<String>::new());
    }

    async fn who_did_not_get_their_copy_is_named_and_gets_it_alone_the_second_time(fresh: Fresh) {
        let post = Post::open(fresh).await;
        let mara = &post.bridge.mara;
        let conversation = post.letter().await;
        post.server.fail_next(Stage::Rcpt, Fault::reply("550 5.1.1 no such mailbox"));
        let written = reply(mara, &conversation, "one", json!({"cc": ["bert@y.example"]})).await.json();
        let id = written["message"]["id"].as_str().unwrap();
        let first = post.mails(1).await.remove(0);
        let lost = if first.to == ["anna@x.example"] { "bert@y.example" } else { "anna@x.example" };
        let settled = async {
            loop {
                let page = details(mara, &conversation).await;
                let items = page["messages"]["items"].as_array().unwrap();
                let message = items.iter().find(|message| message["id"] == id).unwrap().clone();
                let states: Vec<_> = message["deliveries"].as_array().unwrap().iter().map(|d| d["state"].clone()).collect();
                // A page is read in several questions: the message may be older in it than its deliveries.
                let is_settled = message["delivery"] != "queued" && message["delivery"] != "sending";
                if is_settled && states.contains(&json!("failed")) && states.contains(&json!("sent")) {
                    break message;
                }
                tokio::task::yield_now().await;
            }
        };
        let message = tokio::time::timeout(PATIENCE, settled).await.expect("both are settled");
        assert_eq!(message["delivery"], "failed", "the worst decides");
        for delivery in message["deliveries"].as_array().unwrap() {
            assert_eq!(delivery["state"] == "failed", delivery["address"] == lost, "{message}");
            assert_eq!(delivery["reason"].is_string(), delivery["address"] == lost, "{message}");
        }
        let resend = format!("/api/v1/messages/{id}/resend");
        assert_eq!(mara.post(&resend, json!({})).await.status, StatusCode::OK);
        let mails = post.mails(2).await;
        assert_eq!(mails[1].to, [lost]);
    }

    async fn another_subject_or_other_copies_under_the_same_key_are_another_reply(fresh: Fresh) {
        let post = Post::open(fresh).await;
        let mara = &post.bridge.mara;
        let conversation = post.letter().await;
        let body = json!({"subject": "Your lamp", "cc": ["bert@y.example"]});
        let first = reply(mara, &conversation, "one", body.clone()).await.json();
        assert_eq!(reply(mara, &conversation, "one", body).await.json()["message"]["id"], first["message"]["id"]);
        for other in [
            json!({"subject": "My lamp", "cc": ["bert@y.example"]}),
            json!({"cc": ["bert@y.example"]}),
            json!({"subject": "Your lamp"}),
            json!({"subject": "Your lamp", "cc": ["carl@z.example"]}),
            json!({"subject": "Your lamp", "cc": ["bert@y.example", "carl@z.example"]}),
        ] {
            let refused = reply(mara, &conversation, "one", other.clone()).await;
            assert_eq!(refused.code(), "idempotency_key_reused", "{other}");
        }
    }

    async fn a_draft_comes_back_with_what_is_to_stand_above_it(fresh: Fresh) {
        let post = Post::open(fresh).await;
        let mara = &post.bridge.mara;
        let conversation = post.letter().await;
        let path = format!("/api/v1/conversations/{conversation}/draft");
        let body = json!({"text": "Dear Anna", "subject": "Your lamp", "cc": ["bert@y.example"]});
        let kept = mara.send(mara.request(Method::PUT, &path).json(&body)).await;
        assert_eq!(kept.status, StatusCode::NO_CONTENT);
        let draft = details(mara, &conversation).await["draft"].clone();
        assert_eq!((&draft["subject"], &draft["cc"]), (&body["subject"], &body["cc"]));
    }
}
