//! Letters over HTTP: what stands above one, how its HTML is served, which pictures are fetched for it,
//! and what came, byte by byte.

use futures_util::FutureExt as _;
use rapport::store::{IngestRequest, Kept, KeptFile};
use rapport_model::{
    Address, Author, InboundEvent, Trust,
    event::{Chat, Content, InboundAttachment, InboundMessage, RawPayload, ThreadKind, ThreadRef},
    letter::{Mark, Recipient, RecipientRole},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    bridge::{ADVICE, Answer, Bridge},
    on_both_engines,
    testing::Fresh,
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

/// A letter to the inbox "advice", with all that one can have.
pub(crate) struct Letter {
    pub(crate) html: String,
    pub(crate) raw: Vec<u8>,
}

impl Default for Letter {
    fn default() -> Self {
        Self {
            html: "<p>My <b>lamp</b> <img src=\"cid:lamp@x\"> <img src=\"https://127.0.0.1/pixel.png\">"
                .to_owned(),
            raw: b"From: anna@x.example\r\nSubject: My\r\n lamp\r\n\r\nMy lamp".to_vec(),
        }
    }
}

impl Letter {
    fn of(html: &str) -> Self {
        Self { html: html.to_owned(), ..Self::default() }
    }

    /// Lets it come in; gives its message.
    pub(crate) async fn arrive(self, bridge: &Bridge) -> String {
        let engine = bridge.server.engine();
        let facts = engine.store().inboxes().iter().find(|facts| facts.id.0 == "advice").unwrap().clone();
        let blob = engine.blobs().put(PNG.into()).await.unwrap();
        let file = KeptFile { blob, content_type: "image/png".to_owned(), name: "lamp.png".to_owned() };
        let mut kept = Kept::default();
        kept.files.insert((0, 0), file);
        if self.raw.len() > 256 * 1024 {
            kept.raws.insert(0, engine.blobs().put(self.raw.clone().into()).await.unwrap().key);
        }
        let id = uuid::Uuid::new_v4().simple().to_string();
        let to = |role, address: &str| Recipient { role, address: Address::new(address), name: None };
        let event = InboundEvent::Message(Box::new(InboundMessage {
            chat: Chat::default(),
            id: id.as_str().into(),
            content_key: None,
            thread: ThreadRef {
                id: id.as_str().into(),
                kind: ThreadKind::Private,
                permanent: false,
                our_address: Address::new(ADVICE),
                title: None,
            },
            author: Author::Contact {
                address: Address::new("anna@x.example"),
                name: Some("Anna".to_owned()),
                trust: Trust::Claimed,
                can_reply: true,
                is_bot: false,
            },
            text: "My lamp".to_owned(),
            attachments: vec![InboundAttachment {
                name: None,
                content_type: "image/png".to_owned(),
                content: Content::Here(Vec::new()),
                content_id: Some("lamp@x".to_owned()),
            }],
            reply_to: None,
            at: engine.clock().now(),
            addressed: true,
            unanswerable: None,
            letter: rapport_model::Letter {
                subject: Some("My lamp".to_owned()),
                recipients: vec![
                    to(RecipientRole::To, "us@shop.example"),
                    to(RecipientRole::Cc, "eve@y.example"),
                ],
                original: Some("My lamp\n> yours".to_owned()),
                html: Some(self.html),
                marks: vec![Mark::AddressInName],
                evidence: Some("The name holds another address.".to_owned()),
                ..rapport_model::Letter::default()
            },
            raw: RawPayload { content_type: "message/rfc822".to_owned(), bytes: self.raw },
        }));
        engine.store().ingest(IngestRequest::new(facts, vec![event], None, None, kept)).await.unwrap();
        let seen = bridge.ada.get("/api/v1/conversations?view=all&limit=100").await.json();
        let anna =
            seen["items"].as_array().unwrap().iter().find(|item| item["contact"]["name"] == "Anna").unwrap();
        let timeline = format!("/api/v1/contacts/{}/timeline", anna["contact"]["id"].as_str().unwrap());
        let messages = bridge.ada.get(&timeline).await.json();
        messages["items"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned()
    }
}

fn policy(answer: &Answer) -> Vec<&str> {
    answer.headers["content-security-policy"].to_str().unwrap().split("; ").collect()
}

on_both_engines! {
    async fn a_letter_says_who_wrote_it_to_whom_and_what_is_odd_about_it(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        Letter::default().arrive(&bridge).await;
        let listed = bridge.mara.get("/api/v1/conversations?view=all").await.json();
        let id = listed["items"][0]["id"].as_str().unwrap();
        let opened = bridge.mara.get(&format!("/api/v1/conversations/{id}")).await.json();
        let message = &opened["messages"]["items"][0];
        let mut letter = message["letter"].clone();
        assert_eq!(letter["from"]["handle"].take(), opened["contact"]["handles"][0]["id"]);
        assert_eq!(
            letter,
            json!({
                "from": {"handle": null, "address": "anna@x.example", "proven": false},
                "subject": "My lamp",
                "recipients": [
                    {"role": "to", "address": "us@shop.example", "name": null},
                    {"role": "cc", "address": "eve@y.example", "name": null},
                ],
                "has_original": true,
                "has_html": true,
                "evidence": "The name holds another address.",
            })
        );
        assert_eq!(message["flags"], json!(["address_in_name"]));
        let original = bridge.mara.get(&format!("/api/v1/messages/{}/original", message["id"].as_str().unwrap())).await;
        assert_eq!(original.json(), json!({"text": "My lamp\n> yours"}));
        let chat = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let opened = bridge.mara.get(&format!("/api/v1/conversations/{}", chat["id"].as_str().unwrap())).await.json();
        assert_eq!(opened["messages"]["items"][0]["letter"], Value::Null);
    }

    async fn the_html_of_a_letter_is_a_page_of_its_own_in_which_nothing_runs(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let message = Letter::default().arrive(&bridge).await;
        let page = bridge.mara.get(&format!("/api/v1/messages/{message}/html")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        assert_eq!(page.headers["x-frame-options"], "SAMEORIGIN");
        assert_eq!(page.headers["cache-control"], "no-store, private");
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        assert_eq!(
            policy(&page),
            [
                "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox",
                "default-src 'none'",
                "style-src 'unsafe-inline'",
                "img-src 'self' data:",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'self'",
            ]
        );
        let html = String::from_utf8(page.body).unwrap();
        assert!(html.contains("My <b>lamp</b>") && html.contains("data-pictures=\"1\""), "{html}");
        assert!(!html.contains("127.0.0.1"), "{html}");
        // The picture that came along is there for whoever reads the letter.
        let picture = html.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(bridge.mara.get(picture).await.body, PNG);
        assert_eq!(bridge.jonas.get(picture).await.status, StatusCode::NOT_FOUND);
        // The inbox may frame our own pages, and nobody else's may frame the inbox.
        let inbox = bridge.mara.get("/").await;
        assert!(policy(&inbox).contains(&"frame-src 'self'") && policy(&inbox).contains(&"frame-ancestors 'none'"));
    }

    async fn a_picture_from_elsewhere_is_fetched_only_where_the_letter_shows_it_and_never_from_within(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let within = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inside = format!("http://{}/a.png", within.local_addr().unwrap());
        let message = Letter::of(&format!("<img src=\"{inside}\"><img src=\"https://127.0.0.1/pixel.png\">")).arrive(&bridge).await;
        let asked = bridge.mara.get(&format!("/api/v1/messages/{message}/html?images=load")).await;
        let html = String::from_utf8(asked.body).unwrap().replace("&amp;", "&");
        let pictures: Vec<&str> = html.split("src=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(pictures.len(), 2, "{html}");
        for picture in pictures {
            assert!(picture.starts_with(&format!("/api/v1/messages/{message}/image?url=http")), "{picture}");
            let refused = bridge.mara.get(picture).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{picture}");
            assert_eq!(bridge.jonas.get(picture).await.status, StatusCode::NOT_FOUND);
        }
        let path = format!("/api/v1/messages/{message}/image");
        for url in ["https%3A%2F%2Fother.example%2Fa.png", "", "file%3A%2F%2F%2Fetc%2Fpasswd"] {
            let other = bridge.mara.get(&format!("{path}?url={url}")).await;
            assert_eq!(other.status, StatusCode::NOT_FOUND, "{url}");
        }
        assert_eq!(bridge.mara.get(&path).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(within.accept().now_or_never().is_none(), "nothing within was asked");
        assert_eq!(bridge.mara.get(&format!("/api/v1/messages/{message}/html?images=all")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn what_came_can_be_downloaded_and_its_header_block_be_read(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let small = Letter::default();
        let large = Letter { raw: [&small.raw[..], &vec![b'x'; 300 * 1024]].concat(), ..Letter::default() };
        for letter in [small, large] {
            let raw = letter.raw.clone();
            let message = letter.arrive(&bridge).await;
            let got = bridge.mara.get(&format!("/api/v1/messages/{message}/raw")).await;
            assert_eq!(got.body, raw);
            assert_eq!(got.headers["content-type"], "message/rfc822");
            assert_eq!(policy(&got), ["sandbox", "default-src 'none'"]);
            let disposition = got.headers["content-disposition"].to_str().unwrap();
            assert!(disposition.starts_with("attachment;") && disposition.contains(".eml"), "{disposition}");
            let headers = bridge.mara.get(&format!("/api/v1/messages/{message}/headers")).await.json();
            assert_eq!(
                headers["items"],
                json!([{"name": "From", "value": "anna@x.example"}, {"name": "Subject", "value": "My lamp"}])
            );
        }
    }

    async fn what_could_not_be_read_can_be_downloaded(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let account = bridge.provider.account_sid().to_owned();
        let fields = [("MessageSid", "SM1"), ("AccountSid", &account), ("From", "+491"), ("To", ADVICE), ("NumMedia", "many")];
        assert!(bridge.provider.call_webhook(&fields).await.is_success());
        let listed = bridge.mara.get("/api/v1/parked").await.json();
        let got = bridge.mara.get(&format!("/api/v1/parked/{}/raw", listed["items"][0]["id"].as_str().unwrap())).await;
        assert_eq!(got.status, StatusCode::OK);
        assert!(String::from_utf8(got.body).unwrap().contains("NumMedia=many"));
        assert!(got.headers["content-disposition"].to_str().unwrap().starts_with("attachment;"));
    }
}

/// Only where the rule is broken on purpose does the page hold what runs: the other tests would notice.
#[cfg(feature = "sabotage")]
#[tokio::test]
async fn without_the_sanitiser_what_runs_would_come_through() {
    let bridge = Bridge::start(Fresh::sqlite()).await;
    let message = Letter::of("<script>alert(1)</script>").arrive(&bridge).await;
    let path = format!("/api/v1/messages/{message}/html");
    let has_script = |page: &Answer| String::from_utf8_lossy(&page.body).contains("<script>");
    assert!(!has_script(&bridge.mara.get(&path).await));
    fail::cfg(rapport::sabotage::Rule::HarmlessLetters.name(), "return").unwrap();
    assert!(has_script(&bridge.mara.get(&path).await));
    fail::remove(rapport::sabotage::Rule::HarmlessLetters.name());
}
