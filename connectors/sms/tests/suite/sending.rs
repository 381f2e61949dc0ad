//! What the connector sends, and how it reads what the provider says to it.

use std::time::Duration;

use rapport_fakes::twilio::{Fault, Operation, StatusPlan, StatusStep};
use rapport_sdk::{
    Connector as _, ConnectorError,
    conformance::Harness as _,
    model::{
        Secret,
        outbound::{Media, Outgoing, SendError},
    },
};

use crate::bridge::{Bridge, OURS, THEIRS, until};

#[tokio::test]
async fn a_part_is_sent_with_all_that_the_provider_needs_and_nothing_it_does_not_know() {
    let bridge = Bridge::start().await;
    let receipt = bridge.sms().send(&bridge.outgoing("hi ✓")).await.unwrap();
    let sent = &bridge.fake.sent()[0];
    assert_eq!(receipt.id.as_str(), sent.sid);
    assert_eq!((&*sent.from, &*sent.to, &*sent.body), (OURS, THEIRS, "hi ✓"));
    let callback = bridge.url.join("/webhooks/shop/status").unwrap();
    assert_eq!(sent.status_callback.as_deref(), Some(callback.as_str()));
    assert_eq!(bridge.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn files_go_as_links_and_a_messaging_service_goes_with_the_number() {
    let bridge = Bridge::start().await;
    let mut settings = bridge.settings();
    settings.messaging_service_sid = Some("MG00000000000000000000000000000000".to_owned());
    let connector = rapport_sms::SmsConnector::new(settings).unwrap();
    let links = vec!["https://shop.example/a".to_owned(), "https://shop.example/b".to_owned()];
    let media = |link: &String| Media {
        name: "picture.png".to_owned(),
        content_type: "image/png".to_owned(),
        link: link.clone(),
        bytes: None,
    };
    let outgoing = Outgoing { media: links.iter().map(media).collect(), ..bridge.outgoing("") };
    connector.send(&outgoing).await.unwrap();
    let sent = &bridge.fake.sent()[0];
    assert_eq!((&sent.media_urls, &*sent.from), (&links, OURS));
    assert_eq!(bridge.fake.violations(), Vec::<String>::new());
}

async fn error_of(bridge: &Bridge, fault: Fault) -> SendError {
    bridge.fake.fail_next(Operation::Send, fault);
    bridge.sms().send(&bridge.outgoing("x")).await.unwrap_err()
}

#[tokio::test]
async fn what_the_provider_refuses_is_surely_not_sent() {
    let bridge = Bridge::start().await;
    let busy = |retry_after| SendError::Transient { retry_after, reason: "the provider is busy".to_owned() };
    let limited = error_of(&bridge, Fault::RateLimited { retry_after: 7 }).await;
    assert_eq!(limited, busy(Some(Duration::from_secs(7))));
    assert_eq!(error_of(&bridge, Fault::Refused { status: 400, code: 30001 }).await, busy(None));
    for code in [21211, 21408, 21610, 21614, 30003, 30004, 30005, 30006, 30007] {
        let error = error_of(&bridge, Fault::Refused { status: 400, code }).await;
        let SendError::Rejected { code: words } = error else { panic!("{code}: {error:?}") };
        assert!(words.starts_with(&format!("{code}: ")), "{words}");
    }
    assert_eq!(error_of(&bridge, Fault::Unauthorized).await, SendError::Unauthorized);
    assert_eq!(bridge.fake.sent(), []);
}

#[tokio::test]
async fn every_outcome_that_is_not_known_is_called_unknown() {
    let bridge = Bridge::start().await;
    let faults = [
        Fault::ActedThenError,
        Fault::ActedThenCut,
        Fault::ActedThenSilent,
        Fault::ActedThenNonsense,
        Fault::Cut,
        Fault::Silent,
        Fault::Refused { status: 503, code: 20503 },
    ];
    for fault in faults {
        assert_eq!(error_of(&bridge, fault.clone()).await, SendError::Unknown, "{fault:?}");
    }
    assert_eq!(bridge.fake.sent().len(), 4, "four of them were sent");
}

#[tokio::test]
async fn without_a_connection_nothing_is_sent_and_it_may_be_tried_again() {
    let bridge = Bridge::start().await;
    let mut settings = bridge.settings();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    settings.api_base = format!("http://{}", free.local_addr().unwrap()).parse().unwrap();
    drop(free);
    let connector = rapport_sms::SmsConnector::new(settings).unwrap();
    let error = connector.send(&bridge.outgoing("x")).await;
    assert!(matches!(error, Err(SendError::Transient { retry_after: None, .. })), "{error:?}");
}

#[tokio::test]
async fn after_stop_the_provider_refuses_until_start() {
    let bridge = Bridge::start().await;
    bridge.fake.offer(THEIRS, OURS, "STOP", Vec::new());
    let refused = bridge.sms().send(&bridge.outgoing("x")).await.unwrap_err();
    assert!(matches!(refused, SendError::Rejected { code } if code.starts_with("21610")));
    bridge.fake.offer(THEIRS, OURS, "start", Vec::new());
    bridge.sms().send(&bridge.outgoing("x")).await.unwrap();
}

#[tokio::test]
async fn check_tells_a_wrong_secret_from_a_wrong_account_and_from_a_provider_that_is_away() {
    let bridge = Bridge::start().await;
    let problems = bridge.settings().validate();
    assert!(problems.iter().all(|problem| problem.key == "sms.listing_minutes"), "{problems:?}");
    bridge.sms().check().await.unwrap();
    let check = async |change: &dyn Fn(&mut rapport_sms::SmsSettings)| {
        let mut settings = bridge.settings();
        change(&mut settings);
        rapport_sms::SmsConnector::new(settings).unwrap().check().await
    };
    let wrong_secret = check(&|settings| settings.auth_token = Secret::new("wrong")).await;
    assert_eq!(wrong_secret, Err(ConnectorError::Unauthorized));
    bridge.fake.fail_next(Operation::Account, Fault::Refused { status: 404, code: 20404 });
    assert!(matches!(bridge.sms().check().await, Err(ConnectorError::Misconfigured { .. })));
    bridge.fake.fail_next(Operation::Account, Fault::Silent);
    assert!(matches!(bridge.sms().check().await, Err(ConnectorError::Transient { .. })));
    bridge.fake.fail_next(Operation::Account, Fault::Redirect("https://elsewhere.example/".to_owned()));
    assert!(matches!(bridge.sms().check().await, Err(ConnectorError::Misconfigured { .. })));
}

#[tokio::test]
async fn the_customers_phone_shows_what_was_sent_and_the_plan_reports_on_it() {
    let bridge = Bridge::start().await;
    bridge.fake.set_status_plan(StatusPlan {
        steps: vec![StatusStep::new("sent", None), StatusStep::new("undelivered", Some(30005))],
        before_answer: false,
    });
    bridge.sms().send(&bridge.outgoing("hi")).await.unwrap();
    until(|| bridge.fake.phone(THEIRS)[0].status == "undelivered").await;
    assert!(!bridge.fake.phone(THEIRS)[0].written_here);
}
