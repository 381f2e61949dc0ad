//! Telegram's calls to us, and what the inbox says about them.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bridge;

use std::sync::Arc;

use bridge::{Bridge, HOUR, START, until, update};
use http::{Method, StatusCode};
use rapport_fakes::telegram::{Fault, Operation};
use rapport_sdk::{
    Connector as _, Webhook as _, WebhookRequest, WebhookRoute,
    conformance::{Harness as _, MemoryIngress},
    model::{Health, InboundEvent, Timestamp},
};
use rapport_telegram::Mode;

#[tokio::test]
async fn calls_come_with_the_secret_and_what_was_written_before_is_not_dropped() {
    let bridge = Bridge::start_in(Mode::Webhook).await;
    bridge.ann().write("before");
    let mut running = bridge.run(bridge.bot(), &Arc::default());
    running.message("before").await;
    bridge.ann().write("after");
    running.message("after").await;
    running.connected().await;
    assert_eq!(running.texts(), ["before", "after"]);
    assert_eq!(bridge.fake.calls(Operation::Updates), 0);
    assert_eq!(bridge.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn every_node_knows_the_secret_and_another_inbox_has_another_one() {
    let bridge = Bridge::start_in(Mode::Webhook).await;
    let request = bridge.call(update(1, "hello").to_string());
    let status = async |bot: Arc<rapport_telegram::TelegramConnector>| {
        bot.receive(request.clone(), &MemoryIngress::default()).await.status
    };
    assert_eq!(status(bridge.bot()).await, StatusCode::OK);
    assert_eq!(status(bridge.bot_with(|settings| settings.inbox = "other".into())).await, 401);
}

type Change = fn(&mut WebhookRequest);

#[tokio::test]
async fn bad_calls_get_an_answer_that_says_what_is_wrong_and_store_nothing() {
    let bridge = Bridge::start_in(Mode::Webhook).await;
    let secret = "x-telegram-bot-api-secret-token";
    assert_eq!(bridge.call("{}").headers[secret].to_str().unwrap().len(), 43);
    let changes: &[(Change, StatusCode)] = &[
        (|r| _ = r.headers.remove("x-telegram-bot-api-secret-token"), StatusCode::UNAUTHORIZED),
        (
            |r| _ = r.headers.insert("x-telegram-bot-api-secret-token", "x".parse().unwrap()),
            StatusCode::UNAUTHORIZED,
        ),
        (
            |r| _ = r.headers.append("x-telegram-bot-api-secret-token", "x".parse().unwrap()),
            StatusCode::UNAUTHORIZED,
        ),
        (|r| r.method = Method::GET, StatusCode::METHOD_NOT_ALLOWED),
        (|r| r.route = WebhookRoute::Status, StatusCode::NOT_FOUND),
        (|r| _ = r.headers.remove("content-type"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (
            |r| _ = r.headers.insert("content-type", "application/jsonp".parse().unwrap()),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (|r| r.body = "{\"update_id\":1,".into(), StatusCode::BAD_REQUEST),
        (|r| r.body = "{\"message\":{}}".into(), StatusCode::BAD_REQUEST),
    ];
    let ingress = MemoryIngress::default();
    for (number, (change, status)) in changes.iter().enumerate() {
        let mut request = bridge.call(update(1, "x").to_string());
        change(&mut request);
        assert_eq!(bridge.bot().receive(request, &ingress).await.status, *status, "{number}");
    }
    assert_eq!(ingress.stored(), []);
    let good = bridge.bot().receive(bridge.call(update(1, "x").to_string()), &ingress).await;
    assert_eq!((good.status, ingress.messages().len()), (StatusCode::OK, 1));
}

#[tokio::test]
async fn an_update_that_can_not_be_read_is_parked_and_answered_so_that_it_does_not_come_for_ever() {
    let bridge = Bridge::start_in(Mode::Webhook).await;
    let ingress = MemoryIngress::default();
    // Half of a surrogate pair, and bytes that are no text at all.
    let broken: [&[u8]; 2] =
        [br#"{"update_id":5,"message":"\ud83d"}"#, b"{\"update_id\":6,\"message\":\"\xff\"}"];
    for body in broken {
        assert_eq!(bridge.bot().receive(bridge.call(body), &ingress).await.status, StatusCode::OK);
    }
    let parked = ingress.stored();
    assert!(parked.iter().all(|event| matches!(event, InboundEvent::Unreadable { .. })), "{parked:?}");
    let InboundEvent::Unreadable { raw, at, .. } = &parked[0] else { panic!("not parked") };
    assert_eq!(bridge.bot().read_again(raw, *at), [parked[0].clone()]);
}

#[tokio::test]
async fn what_was_parked_is_read_again_as_if_it_had_been_read_when_it_came() {
    let bridge = Bridge::start_in(Mode::Webhook).await;
    let ingress = MemoryIngress::default();
    bridge.bot().receive(bridge.call(update(1, "hello").to_string()), &ingress).await;
    let message = ingress.messages().remove(0);
    let again = bridge.bot().read_again(&message.raw, Timestamp(START));
    assert_eq!(again, [InboundEvent::Message(Box::new(message))]);
}

#[tokio::test]
async fn who_asks_is_not_called() {
    let bridge = Bridge::start().await;
    assert!(bridge.bot().webhook().is_none());
    let called = Bridge::start_in(Mode::Webhook).await;
    assert!(called.bot().webhook().is_some());
}

#[tokio::test]
async fn calls_that_do_not_arrive_show_and_after_more_than_a_day_the_gap_is_told() {
    let bridge = Bridge::start_in(Mode::Webhook).await;
    let ingress = Arc::new(MemoryIngress::default());
    let mut running = bridge.run(bridge.bot(), &ingress);
    running.connected().await;
    until(|| ingress.complete_up_to().is_some()).await;
    bridge.attach(None);
    bridge.ann().write("nobody is here");
    running.says("Telegram's calls do not all arrive").await;
    bridge.clock.advance(30 * HOUR);
    let gap = |event| match event {
        InboundEvent::Gap { from, to, .. } => Some(to.since(from)),
        _ => None,
    };
    let gap = running.event(gap).await;
    assert!(gap > 5 * HOUR && gap < 7 * HOUR, "{gap:?}");
    assert_eq!(running.texts(), [""; 0]);
}

#[tokio::test]
async fn a_webhook_that_somebody_takes_away_is_set_again() {
    let bridge = Bridge::start_in(Mode::Webhook).await;
    let mut running = bridge.run(bridge.bot(), &Arc::default());
    running.connected().await;
    // Another program polls for a moment, and takes the webhook away for that.
    let asks = bridge.bot_with(|settings| settings.mode = Mode::Poll);
    let mut other = bridge.run(asks, &Arc::default());
    other.connected().await;
    other.stop().await.unwrap();
    bridge.attach(Some((bridge.bot(), running.ingress.clone())));
    bridge.ann().write("still here");
    running.message("still here").await;
}

#[tokio::test]
async fn trouble_while_the_webhook_is_set_passes() {
    let bridge = Bridge::start_in(Mode::Webhook).await;
    bridge.fake.fail_next(Operation::Webhook, Fault::Html(502));
    let mut running = bridge.run(bridge.bot(), &Arc::default());
    running.until_health(|health| matches!(health, Health::Reconnecting { .. })).await;
    running.connected().await;
}
