//! The hard cases of SMS that live in the connector, by name.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use rapport_fakes::twilio::{FakeMedia, Fault, Operation, StatusPlan, StatusStep};
use rapport_sdk::{
    Connector as _, ConnectorError, Webhook as _, WebhookResponse, WebhookRoute,
    conformance::{Harness as _, MemoryIngress},
    model::{
        Address, Author, DeliveryState, Health, InboundEvent,
        bot::Unanswerable,
        event::{Content, InboundMessage, ReachChange},
    },
};
use rapport_sms::SmsConnector;

use crate::bridge::{Bridge, OURS, THEIRS, until};

type Change = fn(&mut rapport_sdk::WebhookRequest);

fn ingress() -> Arc<MemoryIngress> {
    Arc::new(MemoryIngress::default())
}

fn picture() -> FakeMedia {
    FakeMedia { content_type: "image/png".to_owned(), bytes: Bytes::from_static(b"\x89PNG") }
}

async fn call(bridge: &Bridge, changes: &[(&str, &str)], ingress: &MemoryIngress) -> WebhookResponse {
    let request = bridge.call(WebhookRoute::Messages, &bridge.fields(changes));
    bridge.sms().receive(request, ingress).await
}

async fn message(bridge: &Bridge, changes: &[(&str, &str)]) -> InboundMessage {
    let ingress = MemoryIngress::default();
    let answer = call(bridge, changes, &ingress).await;
    assert_eq!((answer.status, &*answer.body), (StatusCode::OK, "<Response/>"));
    ingress.messages().remove(0)
}

fn receipts(ingress: &MemoryIngress) -> Vec<(String, DeliveryState)> {
    let receipt = |event| match event {
        InboundEvent::Receipt { id, state, .. } => Some((id.to_string(), state)),
        _ => None,
    };
    ingress.stored().into_iter().filter_map(receipt).collect()
}

#[tokio::test]
async fn what_came_while_we_were_down_is_listed_on_start_oldest_first_with_its_files() {
    let bridge = Bridge::start().await;
    for number in 0..120 {
        bridge.fake.offer(THEIRS, OURS, &format!("missed {number}"), Vec::new());
    }
    bridge.fake.offer(THEIRS, OURS, "", vec![picture(), picture()]);
    let ingress = ingress();
    bridge.run(bridge.sms(), &ingress).connected().await;
    let messages = ingress.messages();
    let texts: Vec<_> = messages[..120].iter().map(|message| message.text.clone()).collect();
    assert_eq!(texts, (0..120).map(|number| format!("missed {number}")).collect::<Vec<_>>());
    assert_eq!(messages[120].attachments.len(), 2);
    assert_eq!(bridge.fake.violations(), Vec::<String>::new());
    let Content::ByReference(reference) = &messages[120].attachments[0].content else {
        panic!("no reference")
    };
    let fetched = bridge.sms().fetch(reference, 100).await.unwrap();
    assert_eq!((&*fetched.bytes, &*fetched.content_type), (&b"\x89PNG"[..], "image/png"));
}

#[tokio::test]
async fn the_list_is_read_page_by_page() {
    let bridge = Bridge::start().await;
    for number in 0..1100 {
        bridge.fake.offer(THEIRS, OURS, &number.to_string(), Vec::new());
    }
    let ingress = ingress();
    let _running = bridge.run(bridge.sms(), &ingress);
    until(|| ingress.messages().len() == 1100).await;
    assert!(bridge.fake.calls(Operation::List) >= 3);
}

#[tokio::test]
async fn after_an_own_failure_the_list_is_read_soon_and_complete_moves_only_then() {
    let bridge = Bridge::start().await;
    let mut settings = bridge.settings();
    settings.listing_interval = std::time::Duration::from_hours(1);
    let connector = Arc::new(rapport_sms::SmsConnector::new(settings).unwrap());
    let ingress = ingress();
    let mut running = bridge.run(connector, &ingress);
    running.connected().await;
    let complete = ingress.complete_up_to();
    ingress.fail(1);
    let (_, outcome) = bridge.fake.receive_sms(THEIRS, OURS, "refused", Vec::new()).await;
    assert_eq!(outcome.status, Some(503));
    assert_eq!(ingress.complete_up_to(), complete);
    until(|| ingress.with_text("refused").len() == 1).await;
    assert!(ingress.complete_up_to() > complete);
}

#[tokio::test]
async fn a_list_that_fails_is_tried_again_and_health_says_so() {
    let bridge = Bridge::start().await;
    bridge.fake.offer(THEIRS, OURS, "missed", Vec::new());
    bridge.fake.fail_next(Operation::List, Fault::Refused { status: 500, code: 20500 });
    let ingress = ingress();
    let mut running = bridge.run(bridge.sms(), &ingress);
    assert!(running.health.wait_for(|health| matches!(health, Health::Reconnecting { .. })).await.is_ok());
    until(|| ingress.with_text("missed").len() == 1).await;
    running.connected().await;
}

#[tokio::test]
async fn wrong_credentials_end_the_run_and_health_says_so() {
    let bridge = Bridge::start().await;
    bridge.fake.fail_next(Operation::List, Fault::Unauthorized);
    let mut running = bridge.run(bridge.sms(), &ingress());
    assert!(running.health.wait_for(|health| *health == Health::Unauthorized).await.is_ok());
}

#[tokio::test]
async fn the_same_message_delivered_100_times_at_once_is_one_message() {
    let bridge = Bridge::start().await;
    let ingress = ingress();
    let _running = bridge.run(bridge.sms(), &ingress);
    let sid = bridge.fake.offer(THEIRS, OURS, "once", Vec::new());
    let outcomes = bridge.fake.deliver_at_once(&sid, 100).await;
    assert!(outcomes.iter().all(|outcome| outcome.status == Some(200)));
    assert_eq!(ingress.with_text("once").len(), 1);
}

#[tokio::test]
async fn a_call_repeated_by_the_provider_or_by_a_listener_is_the_same_message() {
    let bridge = Bridge::start().await;
    let ingress = MemoryIngress::default();
    for _ in 0..3 {
        assert_eq!(call(&bridge, &[], &ingress).await.status, StatusCode::OK);
    }
    assert_eq!(ingress.messages().len(), 1);
}

#[tokio::test]
async fn the_same_text_under_two_ids_is_two_messages() {
    let bridge = Bridge::start().await;
    let ingress = MemoryIngress::default();
    call(&bridge, &[("MessageSid", "SM1")], &ingress).await;
    call(&bridge, &[("MessageSid", "SM2")], &ingress).await;
    assert_eq!(ingress.with_text("hello").len(), 2);
}

#[tokio::test]
async fn each_status_is_a_receipt_of_its_own_in_the_order_of_arrival() {
    let bridge = Bridge::start().await;
    let connector = bridge.sms();
    let ingress = ingress();
    bridge.fake.set_status_plan(StatusPlan { steps: Vec::new(), before_answer: false });
    bridge.attach(Some((connector.clone(), ingress.clone())));
    let id = connector.send(&bridge.outgoing("x")).await.unwrap().id.to_string();
    for status in ["delivered", "sent", "queued", "delivered", "read"] {
        let outcome = bridge.fake.report(&id, StatusStep::new(status, None)).await;
        assert_eq!(outcome.status, Some(200));
    }
    let expected = [
        DeliveryState::Delivered,
        DeliveryState::Sent,
        DeliveryState::Sent,
        DeliveryState::Delivered,
        DeliveryState::Read,
    ]
    .map(|state| (id.clone(), state));
    assert_eq!(receipts(&ingress), expected);
}

#[tokio::test]
async fn a_failed_delivery_carries_its_code_and_words() {
    let bridge = Bridge::start().await;
    let ingress = MemoryIngress::default();
    let fields = [
        ("MessageSid", "SM1"),
        ("AccountSid", bridge.fake.account_sid()),
        ("MessageStatus", "undelivered"),
        ("ErrorCode", "30005"),
    ];
    bridge.sms().receive(bridge.call(WebhookRoute::Status, &fields), &ingress).await;
    let InboundEvent::Receipt { state, reason, .. } = &ingress.stored()[0] else { panic!("no receipt") };
    assert_eq!((*state, reason.as_deref()), (DeliveryState::Failed, Some("30005: the number is unknown")));
}

#[tokio::test]
async fn a_status_that_comes_before_the_send_returns_names_the_same_id() {
    let bridge = Bridge::start().await;
    let ingress = ingress();
    bridge.attach(Some((bridge.sms(), ingress.clone())));
    let steps = vec![StatusStep::new("delivered", None)];
    bridge.fake.set_status_plan(StatusPlan { steps, before_answer: true });
    let receipt = bridge.sms().send(&bridge.outgoing("x")).await.unwrap();
    assert_eq!(receipts(&ingress), [(receipt.id.to_string(), DeliveryState::Delivered)]);
}

#[tokio::test]
async fn a_receipt_that_was_lost_is_found_in_the_list() {
    let bridge = Bridge::start().await;
    // Nobody is attached: the callbacks find no one.
    let id = bridge.sms().send(&bridge.outgoing("x")).await.unwrap().id.to_string();
    until(|| bridge.fake.sent()[0].status == "delivered").await;
    let ingress = ingress();
    let _running = bridge.run(bridge.sms(), &ingress);
    until(|| receipts(&ingress) == [(id.clone(), DeliveryState::Delivered)]).await;
}

#[tokio::test]
async fn behind_a_proxy_the_configured_public_url_decides_and_no_header_does() {
    let bridge = Bridge::start().await;
    let mut settings = bridge.settings();
    settings.public_url = "https://user:pw@shop.example:8443/rapport/#x".parse().unwrap();
    let connector = rapport_sms::SmsConnector::new(settings).unwrap();
    let signed = |url: &str| {
        let (headers, body) = bridge.fake.signed_form(url, &bridge.fields(&[]));
        let mut request = bridge.call(WebhookRoute::Messages, &[]);
        request.headers = headers;
        request.body = body.into();
        request.path_and_query = "/webhooks/shop?a=%27b%27+c".to_owned();
        for (name, value) in
            [("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "http"), ("host", "evil.example")]
        {
            request.headers.insert(name, value.parse().unwrap());
        }
        request
    };
    let answer = async |url: &str| connector.receive(signed(url), &MemoryIngress::default()).await.status;
    assert_eq!(answer("https://shop.example:8443/rapport/webhooks/shop?a=%27b%27+c").await, StatusCode::OK);
    assert_eq!(answer("https://shop.example/rapport/webhooks/shop?a=%27b%27+c").await, StatusCode::OK);
    for wrong in [
        "http://evil.example/webhooks/shop?a=%27b%27+c",
        "https://shop.example:8443/rapport/webhooks/shop?a='b'+c",
        "https://shop.example:8443/rapport/webhooks/shop",
        "https://shop.example:8443/webhooks/shop?a=%27b%27+c",
    ] {
        assert_eq!(answer(wrong).await, StatusCode::UNAUTHORIZED, "{wrong}");
    }
}

#[tokio::test]
async fn the_second_scheme_of_signatures_is_accepted_under_its_own_key_only() {
    let bridge = Bridge::start_with(|config| config.signature_key = Some("shared".to_owned())).await;
    let request = bridge.call(WebhookRoute::Messages, &bridge.fields(&[]));
    let answer = async |key: Option<&str>| {
        let mut settings = bridge.settings();
        settings.signature_key = key.map(Into::into).map(|key: String| rapport_sdk::model::Secret::new(key));
        let connector = rapport_sms::SmsConnector::new(settings).unwrap();
        connector.receive(request.clone(), &MemoryIngress::default()).await.status
    };
    assert_eq!(answer(Some("shared")).await, StatusCode::OK);
    assert_eq!(answer(Some("other")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(answer(None).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_call_is_answered_before_any_file_is_fetched() {
    let bridge = Bridge::start().await;
    let ingress = ingress();
    bridge.attach(Some((bridge.sms(), ingress.clone())));
    let (_, outcome) = bridge.fake.receive_sms(THEIRS, OURS, "see", vec![picture()]).await;
    assert!(outcome.is_success());
    assert_eq!(bridge.fake.calls(Operation::Media), 0);
    assert_eq!(ingress.messages()[0].attachments.len(), 1);
}

#[tokio::test]
async fn a_file_that_was_deleted_or_leads_inside_or_is_too_long_fails_with_a_reason() {
    let bridge = Bridge::start().await;
    let sid = bridge.fake.offer(THEIRS, OURS, "see", vec![picture()]);
    let reference = bridge.fake.phone(THEIRS)[0].media[0].1.clone();
    let too_long = bridge.sms().fetch(&reference, 3).await;
    assert!(matches!(too_long, Err(ConnectorError::Misconfigured { .. })), "{too_long:?}");
    let inside = "http://169.254.169.254/latest/meta-data".to_owned();
    bridge.fake.fail_next(Operation::Media, Fault::Redirect(inside));
    let refused = bridge.sms().fetch(&reference, 100).await;
    assert!(matches!(refused, Err(ConnectorError::Misconfigured { .. })), "{refused:?}");
    bridge.fake.delete_media(&sid);
    let gone = bridge.sms().fetch(&reference, 100).await;
    assert!(matches!(gone, Err(ConnectorError::Misconfigured { .. })), "{gone:?}");
    bridge.fake.fail_next(Operation::Media, Fault::Refused { status: 503, code: 20503 });
    let later = bridge.sms().fetch(&reference, 100).await;
    assert!(matches!(later, Err(ConnectorError::Transient { .. })), "{later:?}");
}

#[tokio::test]
async fn short_codes_and_names_are_stored_take_no_reply_and_are_owed_none() {
    let bridge = Bridge::start().await;
    let machine = Some(Unanswerable::AutomaticMail);
    // The last writes from a network that this inbox does not reach: still a person.
    let senders = [
        ("ACME", false, machine),
        ("12345", false, machine),
        (THEIRS, true, None),
        ("whatsapp:+447700900123", false, None),
    ];
    for (from, fits, unanswerable) in senders {
        let message = message(&bridge, &[("From", from)]).await;
        assert_eq!(message.unanswerable, unanswerable, "{from}");
        let Author::Contact { address, can_reply, .. } = message.author else { panic!("no contact") };
        assert_eq!((address.expose(), can_reply), (from, fits));
    }
    // The same by the list.
    let listed = ingress();
    bridge.fake.offer("12345", OURS, "Your code is 1", Vec::new());
    let _running = bridge.run(bridge.sms(), &listed);
    until(|| listed.messages().len() == 1).await;
    assert_eq!(listed.messages()[0].unanswerable, machine);
}

#[tokio::test]
async fn a_number_with_and_without_plus_is_one_handle_on_one_thread() {
    let bridge = Bridge::start().await;
    let first = message(&bridge, &[]).await;
    for (from, to) in [("447700900123", "441632960000"), (" 447700900123", " 441632960000")] {
        let other = message(&bridge, &[("From", from), ("To", to)]).await;
        assert_eq!((&other.author, &other.thread), (&first.author, &first.thread));
    }
    assert!(first.thread.permanent);
}

#[tokio::test]
async fn text_is_passed_on_as_it_came() {
    let bridge = Bridge::start().await;
    for text in
        ["", "a\0b", "👩\u{200d}👩\u{200d}👧\u{200d}👦", "שלום \u{202b}abc", "a\r\nb\r\n", " + %2B & ="]
    {
        assert_eq!(message(&bridge, &[("Body", text)]).await.text, text);
    }
    let request = bridge.call(WebhookRoute::Messages, &bridge.fields(&[("Body", "\u{FFFD}")]));
    let broken = String::from_utf8_lossy(&request.body).replace("%EF%BF%BD", "%FF");
    let ingress = MemoryIngress::default();
    let request = rapport_sdk::WebhookRequest { body: broken.into(), ..request };
    assert_eq!(bridge.sms().receive(request, &ingress).await.status, StatusCode::OK);
    assert_eq!(ingress.messages()[0].text, "\u{FFFD}");
}

#[tokio::test]
async fn stop_and_start_change_the_reach_and_are_owed_no_answer() {
    let bridge = Bridge::start().await;
    let seen = async |changes: &[(&str, &str)]| {
        let ingress = MemoryIngress::default();
        call(&bridge, changes, &ingress).await;
        let reach = ingress.stored().into_iter().find_map(|event| match event {
            InboundEvent::Reach { change, address, .. } => {
                assert_eq!(address.expose(), THEIRS);
                Some(change)
            }
            _ => None,
        });
        (ingress.messages()[0].unanswerable, reach)
    };
    let stop = (Some(Unanswerable::OptOut), Some(ReachChange::OptedOut));
    assert_eq!(seen(&[("Body", "Stop ")]).await, stop);
    assert_eq!(seen(&[("Body", "ARRET"), ("OptOutType", "STOP")]).await, stop);
    assert_eq!(seen(&[("Body", "START")]).await, (Some(Unanswerable::OptIn), Some(ReachChange::Back)));
    assert_eq!(seen(&[("Body", "yes")]).await, (None, Some(ReachChange::Back)));
    assert_eq!(seen(&[("Body", "STOP please")]).await, (None, None));
    assert_eq!(seen(&[("Body", "help")]).await, (None, None));
    let help = seen(&[("Body", "help"), ("OptOutType", "HELP")]).await;
    assert_eq!(help, (Some(Unanswerable::Help), None));
}

#[tokio::test]
async fn bad_calls_get_an_answer_that_names_what_is_wrong_and_store_nothing() {
    let bridge = Bridge::start().await;
    let ingress = MemoryIngress::default();
    for (field, changes) in [
        ("MessageSid", [("MessageSid", "")]),
        ("From", [("From", " ")]),
        ("AccountSid", [("AccountSid", "")]),
    ] {
        let answer = call(&bridge, &changes, &ingress).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.body.contains(field), "{}", answer.body);
    }
    let other = call(&bridge, &[("AccountSid", "AC11111111111111111111111111111111")], &ingress).await;
    assert_eq!(other.status, StatusCode::UNAUTHORIZED);
    let good = bridge.call(WebhookRoute::Messages, &bridge.fields(&[]));
    let changes: &[(Change, StatusCode)] = &[
        (|r| _ = r.headers.remove("content-type"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (|r| _ = r.headers.remove("x-twilio-signature"), StatusCode::UNAUTHORIZED),
        (|r| r.method = http::Method::PUT, StatusCode::METHOD_NOT_ALLOWED),
        (|r| _ = r.headers.append("x-twilio-signature", "AA==".parse().unwrap()), StatusCode::UNAUTHORIZED),
    ];
    for (number, (change, status)) in changes.iter().enumerate() {
        let mut request = good.clone();
        change(&mut request);
        assert_eq!(bridge.sms().receive(request, &ingress).await.status, *status, "{number}");
    }
    for kind in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/x-www-form-urlencodedx",
    ] {
        let mut request = good.clone();
        request.headers.insert("content-type", kind.parse().unwrap());
        let answer = bridge.sms().receive(request, &ingress).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    assert_eq!(ingress.stored(), []);
}

#[tokio::test]
async fn a_signed_call_that_can_not_be_read_is_parked_with_what_came() {
    let bridge = Bridge::start().await;
    for changes in [[("NumMedia", "many")], [("NumMedia", "2")], [("To", "")]] {
        let ingress = MemoryIngress::default();
        assert_eq!(call(&bridge, &changes, &ingress).await.status, StatusCode::OK);
        let InboundEvent::Unreadable { id, raw, at, .. } = &ingress.stored()[0].clone() else {
            panic!("not parked")
        };
        assert_eq!(id.as_str(), "SM0123456789abcdef0123456789abcdef");
        assert!(!raw.bytes.is_empty());
        let again = bridge.sms().read_again(raw, *at);
        assert_eq!(again, [ingress.stored()[0].clone()], "it says again why it can't be read");
    }
    let good = message(&bridge, &[]).await;
    let again = bridge.sms().read_again(&good.raw, good.at);
    assert_eq!(again, [InboundEvent::Message(Box::new(good))]);
    let stop = message(&bridge, &[("Body", "STOP")]).await;
    let again = bridge.sms().read_again(&stop.raw, stop.at);
    assert!(matches!(again[..], [InboundEvent::Message(_), InboundEvent::Reach { .. }]), "{again:?}");
}

#[tokio::test]
async fn a_call_by_get_is_read_from_its_query() {
    let bridge = Bridge::start().await;
    let query =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(bridge.fields(&[])).finish();
    let url = format!("{}webhooks/shop?{query}", bridge.url);
    let (mut headers, _) = bridge.fake.signed_form(&url, &[]);
    headers.remove("content-type");
    let request = rapport_sdk::WebhookRequest {
        method: http::Method::GET,
        path_and_query: format!("/webhooks/shop?{query}"),
        headers,
        body: Bytes::new(),
        ..bridge.call(WebhookRoute::Messages, &[])
    };
    let ingress = MemoryIngress::default();
    assert_eq!(bridge.sms().receive(request, &ingress).await.status, StatusCode::OK);
    assert_eq!(ingress.messages()[0].text, "hello");
}

#[tokio::test]
async fn a_call_for_another_inboxs_number_is_not_stored_here_and_comes_there_once_by_the_list() {
    const SECOND: &str = "+441632960001";
    let bridge = Bridge::start_with(|config| config.numbers.push(SECOND.to_owned())).await;
    let mut settings = bridge.settings();
    settings.elsewhere = vec![Address::new(SECOND)];
    let wrong = ingress();
    let mut running = bridge.run(Arc::new(SmsConnector::new(settings.clone()).unwrap()), &wrong);
    running.connected().await;
    let (sid, outcome) = bridge.fake.receive_sms(THEIRS, SECOND, "Hello", Vec::new()).await;
    assert_eq!(outcome.status, Some(421));
    running.health.wait_for(|health| health.reason().is_some_and(|why| why.contains("0001"))).await.unwrap();
    assert_eq!(wrong.stored(), []);

    settings.numbers = std::mem::replace(&mut settings.elsewhere, vec![Address::new(OURS)]);
    let right = ingress();
    let _running = bridge.run(Arc::new(SmsConnector::new(settings).unwrap()), &right);
    until(|| right.messages().len() == 1).await;
    assert_eq!(right.messages()[0].id.to_string(), sid);
    assert_eq!(wrong.stored(), []);
}

#[tokio::test]
async fn a_call_for_a_number_that_no_inbox_has_is_parked_until_one_has_it() {
    let bridge = Bridge::start().await;
    let ingress = ingress();
    let answer = call(&bridge, &[("To", "+441632960009")], &ingress).await;
    assert_eq!(answer.status, StatusCode::OK);
    let stored = ingress.stored();
    let [InboundEvent::Unreadable { raw, reason, at, .. }] = &stored[..] else { panic!("{stored:?}") };
    assert!(reason.contains("a number that no inbox has"), "{reason}");
    let mut settings = bridge.settings();
    settings.numbers.push(Address::new("+441632960009"));
    let fixed = SmsConnector::new(settings).unwrap();
    assert!(matches!(fixed.read_again(raw, *at)[..], [InboundEvent::Message(_)]));
}
