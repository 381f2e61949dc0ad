//! The hard cases of what goes to Discord, by name.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bridge;

use std::time::Duration;

use bridge::Bridge;
use rapport_fakes::discord::{Fault, Operation};
use rapport_sdk::{
    Connector as _,
    model::{
        InboundEvent,
        event::ReachChange,
        outbound::{OutboundMessage, Outgoing, SendError},
    },
};

fn no_violations(bridge: &Bridge) {
    assert_eq!(bridge.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn two_thousand_characters_are_a_part_and_the_parts_go_in_order() {
    let bridge = Bridge::start().await;
    let text = "word ".repeat(1500);
    let message = OutboundMessage { text, ..OutboundMessage::default() };
    let connector = bridge.discord();
    for part in connector.plan(&message).unwrap() {
        let outgoing = bridge.part(&format!("channel/{}", bridge.ada.dm()), bridge.ada.id(), "");
        connector.send(&Outgoing { part, ..outgoing }).await.unwrap();
    }
    let sent = bridge.fake.sent();
    assert_eq!(sent.len(), 4);
    assert_eq!(sent.iter().map(|sent| sent.content.split_whitespace().count()).sum::<usize>(), 1500);
    no_violations(&bridge);
}

#[tokio::test]
async fn who_can_not_be_written_to_is_unreachable_until_they_write_again() {
    let bridge = Bridge::start().await;
    let (connector, running) = bridge.up().await;
    bridge.ada.write_dm("hi");
    let thread = running.message("hi").await.thread.id.to_string();
    bridge.ada.set_reachable(false);
    let refused = connector.send(&bridge.part(&thread, bridge.ada.id(), "no")).await.unwrap_err();
    assert!(matches!(&refused, SendError::Rejected { code } if code.starts_with("50007: ")), "{refused:?}");
    let change = |event| match event {
        InboundEvent::Reach { change, .. } => Some(change),
        _ => None,
    };
    assert_eq!(running.event(change).await, ReachChange::Unreachable);
    bridge.ada.set_reachable(true);
    bridge.ada.write_dm("I am back");
    running.message("I am back").await;
    let changes: Vec<_> = running.ingress.stored().into_iter().filter_map(change).collect();
    assert_eq!(changes, [ReachChange::Unreachable, ReachChange::Back]);
    bridge.ada.write_dm("once more");
    running.message("once more").await;
    assert_eq!(running.ingress.stored().into_iter().filter_map(change).count(), 2);
}

#[tokio::test]
async fn a_refusal_is_final_and_has_words() {
    let bridge = Bridge::start().await;
    let connector = bridge.discord();
    let thread = format!("channel/{}", bridge.ada.dm());
    for code in [50001, 50013, 10003, 10008, 50278, 160_005] {
        bridge.fake.fail_next(Operation::Send, Fault::Refused { status: 403, code });
        let error = connector.send(&bridge.part(&thread, bridge.ada.id(), "x")).await.unwrap_err();
        let SendError::Rejected { code: words } = &error else { panic!("{code}: {error:?}") };
        assert!(words.starts_with(&format!("{code}: ")), "{words}");
    }
    assert_eq!(bridge.fake.sent(), []);
}

#[tokio::test]
async fn nobody_is_called_by_what_an_associate_quotes() {
    let bridge = Bridge::start().await;
    let post = bridge.ada.post(bridge.fake.forum(), "A post", "hi");
    let part = bridge.part(&format!("channel/{post}"), bridge.ada.id(), "@everyone <@1> @here");
    bridge.discord().send(&part).await.unwrap();
    let sent = &bridge.fake.sent()[0];
    assert!(
        !sent.called_everyone && sent.allowed_mentions.as_ref().unwrap()["parse"] == serde_json::json!([])
    );
    assert_eq!(sent.content, "@everyone \\<@1> @here");
}

#[tokio::test]
async fn limits_are_honoured_of_a_route_of_all_and_of_the_network_before_discord() {
    let bridge = Bridge::start().await;
    let thread = format!("channel/{}", bridge.ada.dm());
    let cases = [
        (Fault::RateLimited { after: Duration::from_secs(7), global: false, headers: true }, 7),
        (Fault::RateLimited { after: Duration::from_secs(9), global: true, headers: false }, 9),
        (Fault::Banned, 600),
    ];
    for (fault, seconds) in cases {
        let connector = bridge.discord();
        bridge.fake.fail_next(Operation::Send, fault.clone());
        let before = bridge.fake.calls(Operation::Send);
        // The second try is told to wait without a call.
        for _ in 0..2 {
            let error = connector.send(&bridge.part(&thread, bridge.ada.id(), "x")).await.unwrap_err();
            let SendError::Transient { retry_after: Some(wait), .. } = error else {
                panic!("{fault:?}: {error:?}")
            };
            assert!(wait > Duration::from_secs(seconds - 1), "{fault:?}: {wait:?}");
        }
        assert_eq!(bridge.fake.calls(Operation::Send) - before, 1, "{fault:?}");
    }
    assert_eq!(bridge.fake.sent(), []);
}

#[tokio::test]
async fn a_nonce_makes_a_second_try_the_first_message_and_what_may_be_sent_is_unknown() {
    let bridge = Bridge::start().await;
    let connector = bridge.discord();
    let thread = format!("channel/{}", bridge.ada.dm());
    let faults = [
        Fault::ActedThenError,
        Fault::ActedThenCut,
        Fault::ActedThenSilent,
        Fault::ActedThenNonsense,
        Fault::ActedThenHalf,
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let part = bridge.part(&thread, bridge.ada.id(), &number.to_string());
        bridge.fake.fail_next(Operation::Send, fault.clone());
        assert_eq!(connector.send(&part).await, Err(SendError::Unknown), "{fault:?}");
        let again = connector.send(&part).await.unwrap();
        assert_eq!(bridge.fake.sent().len(), number + 1, "{fault:?}");
        assert!(again.id.as_str().ends_with(&bridge.fake.sent()[number].id.to_string()));
    }
    // An answer of an odd form still says under which id it was sent.
    bridge.fake.fail_next(Operation::Send, Fault::ActedThenOdd);
    connector.send(&bridge.part(&thread, bridge.ada.id(), "odd")).await.unwrap();
    no_violations(&bridge);
}

#[tokio::test]
async fn files_go_with_their_text_in_one_message() {
    let bridge = Bridge::start().await;
    let media = |name: &str| rapport_sdk::model::outbound::Media {
        name: name.to_owned(),
        content_type: "image/png".to_owned(),
        link: String::new(),
        bytes: Some(name.as_bytes().to_vec()),
    };
    let part = bridge.part(&format!("channel/{}", bridge.ada.dm()), bridge.ada.id(), "see");
    bridge
        .discord()
        .send(&Outgoing { media: vec![media("a.png"), media("b \"c\".png")], ..part })
        .await
        .unwrap();
    let sent = &bridge.fake.sent()[0];
    let names: Vec<_> = sent.files.iter().map(|file| (file.name.as_str(), &*file.bytes)).collect();
    assert_eq!(names, [("a.png", &b"a.png"[..]), ("b \"c\".png", &b"b \"c\".png"[..])]);
    no_violations(&bridge);
}
