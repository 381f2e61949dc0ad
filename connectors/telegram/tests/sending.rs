//! What the connector sends, and how it reads what Telegram says to it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bridge;

use std::{sync::Arc, time::Duration};

use bridge::{Bridge, outgoing_to, until};
use rapport_fakes::telegram::{Fault, Operation, Phone};
use rapport_sdk::{
    Connector as _, ConnectorError,
    conformance::MemoryIngress,
    model::{
        InboundEvent, Secret,
        event::ReachChange,
        outbound::{Media, OutboundMessage, Outgoing, Part, SendError},
        rich::{Span, Style},
    },
};

/// A customer who has written.
fn ann(bridge: &Bridge) -> Phone {
    let ann = bridge.ann();
    ann.write("hello");
    ann
}

fn to(phone: &Phone, text: &str) -> Outgoing {
    outgoing_to(&phone.chat_id().to_string(), text)
}

fn file(name: &str, content_type: &str, bytes: Vec<u8>) -> Media {
    Media {
        name: name.to_owned(),
        content_type: content_type.to_owned(),
        link: "https://shop.example/media/x".to_owned(),
        bytes: Some(bytes),
    }
}

#[tokio::test]
async fn a_part_arrives_as_it_was_dressed_and_under_the_id_that_is_returned() {
    let bridge = Bridge::start().await;
    let ann = ann(&bridge);
    let mut outgoing = to(&ann, "😀 bold link");
    outgoing.part.spans = vec![
        Span { from: 3, to: 7, style: Style::Bold },
        Span { from: 8, to: 12, style: Style::Link { url: "https://shop.example/".to_owned() } },
    ];
    let receipt = bridge.bot().send(&outgoing).await.unwrap();
    let sent = &bridge.fake.sent()[0];
    assert_eq!(receipt.id.to_string(), format!("{}/{}", ann.chat_id(), sent.id));
    assert_eq!(sent.text, "😀 bold link");
    let entities: Vec<_> = sent.entities.iter().map(|entity| (&entity["type"], &entity["offset"])).collect();
    assert_eq!(format!("{entities:?}"), r#"[(String("bold"), Number(3)), (String("text_link"), Number(8))]"#);
    assert_eq!(bridge.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn pictures_and_other_files_are_sent_with_their_captions() {
    let bridge = Bridge::start().await;
    let ann = ann(&bridge);
    let files = [
        file("shoe.png", "image/png", vec![1; 100]),
        file("invoice.pdf", "application/pdf", vec![2; 100]),
        // Too large for a picture.
        file("poster.jpg", "image/jpeg", vec![3; 10 * 1024 * 1024 + 1]),
    ];
    for media in files {
        let outgoing = Outgoing { media: vec![media], ..to(&ann, "see") };
        bridge.bot().send(&outgoing).await.unwrap();
    }
    let kinds: Vec<_> = bridge.fake.sent().iter().map(|sent| sent.json["photo"].is_array()).collect();
    assert_eq!(kinds, [true, false, false]);
    let sent = bridge.fake.sent();
    assert!(sent.iter().all(|sent| sent.text == "see"));
    assert_eq!(sent[1].files[0].name, "invoice.pdf");
    assert_eq!(bridge.fake.file(&sent[1].files[0].id).unwrap().bytes, vec![2; 100]);
    assert_eq!(bridge.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_picture_that_telegram_can_not_show_goes_as_a_file() {
    let bridge = Bridge::start().await;
    let ann = ann(&bridge);
    bridge.fake.fail_next(Operation::Send, Fault::refused("Bad Request: PHOTO_INVALID_DIMENSIONS"));
    let outgoing = Outgoing { media: vec![file("long.png", "image/png", vec![1])], ..to(&ann, "") };
    bridge.bot().send(&outgoing).await.unwrap();
    assert_eq!(bridge.fake.sent().len(), 1);
    assert_eq!(bridge.fake.sent()[0].json["document"]["file_name"], "long.png");
}

#[tokio::test]
async fn an_answer_shows_what_it_answers_and_is_sent_without_where_that_is_gone() {
    let bridge = Bridge::start().await;
    let ann = ann(&bridge);
    let number = ann.write("which one?");
    let id = format!("{}/{number}", ann.chat_id());
    let outgoing = Outgoing { reply_to: Some(id.as_str().into()), ..to(&ann, "this one") };
    bridge.bot().send(&outgoing).await.unwrap();
    assert_eq!(bridge.fake.sent()[0].reply_to, Some(number));
    ann.delete(&[number]);
    bridge.bot().send(&outgoing).await.unwrap();
    assert_eq!(bridge.fake.sent()[1].reply_to, None);
}

#[tokio::test]
async fn a_long_message_arrives_whole_in_parts_that_telegram_takes() {
    let bridge = Bridge::start().await;
    let ann = ann(&bridge);
    let text = "wörd 😀 ".repeat(1200);
    let spans = vec![Span { from: 4090, to: 4100, style: Style::Code }];
    let bot = bridge.bot();
    let parts = bot.plan(&OutboundMessage { text: text.clone(), spans, ..OutboundMessage::default() });
    for part in parts.unwrap() {
        bot.send(&Outgoing { part, ..to(&ann, "") }).await.unwrap();
    }
    let sent = bridge.fake.sent();
    assert!(sent.len() == 3 && sent.iter().all(|part| part.text.encode_utf16().count() <= 4096));
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(sent.iter().flat_map(|part| words(&part.text)).collect::<Vec<_>>(), words(&text));
    let dressed: Vec<_> = sent.iter().map(|part| part.entities.len()).collect();
    assert_eq!(dressed, [0, 1, 0], "it is not cut");
    assert_eq!(bridge.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_topic_and_general_get_what_is_written_there_and_a_deleted_or_closed_topic_gets_nothing() {
    let bridge = Bridge::start().await;
    let forum = bridge.ann().open_supergroup("Forum");
    let chat = forum.chat_id();
    let topic = bridge.fake.topic(chat, "Returns");
    let bot = bridge.bot();
    bot.send(&outgoing_to(&chat.to_string(), "in General")).await.unwrap();
    let in_topic = outgoing_to(&format!("{chat}/{topic}"), "in the topic");
    bot.send(&in_topic).await.unwrap();
    let threads: Vec<_> = bridge.fake.sent().into_iter().map(|sent| sent.thread).collect();
    assert_eq!(threads, [None, Some(topic)]);
    bridge.fake.close_topic(chat, topic, true);
    assert_eq!(rejected(bot.send(&in_topic).await), "400: the topic is closed");
    bridge.fake.delete_topic(chat, topic);
    assert_eq!(rejected(bot.send(&in_topic).await), "400: the topic was deleted");
    assert_eq!(bridge.fake.sent().len(), 2, "it never lands in another one");
}

fn rejected<T: std::fmt::Debug>(result: Result<T, SendError>) -> String {
    let Err(SendError::Rejected { code }) = result else { panic!("{result:?}") };
    code
}

#[tokio::test]
async fn a_business_accounts_chat_is_answered_through_the_account_and_the_echo_is_ours() {
    let bridge = Bridge::start().await;
    let connection = bridge.fake.customer("Olga").connect_business();
    let chat = bridge.ann().in_business(&connection);
    chat.write("to the business");
    let ingress = Arc::new(MemoryIngress::default());
    let running = bridge.run(bridge.bot(), &ingress);
    running.message("to the business").await;
    let thread = ingress.messages()[0].thread.id.to_string();
    bridge.bot().send(&outgoing_to(&thread, "for the business")).await.unwrap();
    let sent = &bridge.fake.sent()[0];
    assert_eq!((sent.business.as_deref(), sent.chat), (Some(&*connection), chat.chat_id()));
    chat.write("behind");
    running.message("behind").await;
    assert_eq!(running.texts(), ["to the business", "behind"]);
    assert_eq!(bridge.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_group_that_has_moved_is_written_to_under_its_new_id_once_and_the_bridge_hears_of_it() {
    let bridge = Bridge::start().await;
    let club = bridge.ann().open_group("Club");
    let mut running = bridge.start_bot();
    running.connected().await;
    // Its own messages about it do not come.
    bridge.fake.hold_updates();
    let new = bridge.fake.migrate(club.chat_id());
    // The connector that runs is the one that sends.
    running.stop().await.unwrap();
    let bot = bridge.bot();
    let mut running = bridge.run(bot.clone(), &Arc::default());
    running.connected().await;
    let receipt = bot.send(&to(&club, "hello all")).await.unwrap();
    let sent = bridge.fake.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(receipt.id.to_string(), format!("{new}/{}", sent[0].id));
    let rekey = running
        .event(|event| match event {
            InboundEvent::Rekey { from, to } => Some((from.to_string(), to.to_string())),
            _ => None,
        })
        .await;
    assert_eq!(rekey, (club.chat_id().to_string(), new.to_string()));
}

#[tokio::test]
async fn while_telegram_is_away_nothing_was_sent_and_the_reason_is_for_people() {
    let bridge = Bridge::start().await;
    let ann = ann(&bridge);
    let bot = bridge.bot();
    bridge.fake.take_down(true);
    while tokio::net::TcpStream::connect(bridge.fake.address()).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let reason = "Telegram can't be reached".to_owned();
    let waits = Err(SendError::Transient { retry_after: None, reason });
    assert_eq!(bot.send(&to(&ann, "x")).await, waits);
    assert_eq!(bridge.fake.sent().len(), 0);
    bridge.fake.take_down(false);
    while bot.send(&to(&ann, "x")).await == waits {
        tokio::task::yield_now().await;
    }
    assert_eq!(bridge.fake.sent().len(), 1);
}

#[tokio::test]
async fn who_has_blocked_us_or_is_gone_is_refused_for_good_and_out_of_reach() {
    let bridge = Bridge::start().await;
    let ann = ann(&bridge);
    let bot = bridge.bot();
    let mut running = bridge.run(bot.clone(), &Arc::default());
    running.connected().await;
    ann.deactivate();
    assert_eq!(rejected(bot.send(&to(&ann, "x")).await), "403: the customer's account no longer exists");
    let reach = running
        .event(|event| match event {
            InboundEvent::Reach { address, change, .. } => Some((address.expose().to_owned(), change)),
            _ => None,
        })
        .await;
    assert_eq!(reach, (ann.user_id().to_string(), ReachChange::Unreachable));
    let bob = bridge.fake.customer("Bob");
    bob.write("hello");
    bob.block_bot();
    assert_eq!(rejected(bot.send(&to(&bob, "x")).await), "403: the customer has blocked the bot");
    // A group is nobody's address.
    let club = bridge.fake.customer("Carl").open_group("Club");
    club.block_bot();
    assert_eq!(rejected(bot.send(&to(&club, "x")).await), "403: the bot is no longer in this group");
    let reached = running.ingress.stored().into_iter();
    assert!(!reached.into_iter().any(|event| {
        matches!(event, InboundEvent::Reach { address, .. } if address.expose().starts_with('-'))
    }));
}

#[tokio::test]
async fn a_chat_that_has_to_wait_holds_up_no_other() {
    let bridge = Bridge::start().await;
    let ann = ann(&bridge);
    let bob = bridge.fake.customer("Bob");
    bob.write("hello");
    let bot = bridge.bot();
    let long = Fault::RateLimited { retry_after: 10_072 };
    bridge.fake.fail_next_in(ann.chat_id(), Operation::Send, long);
    let error = bot.send(&to(&ann, "x")).await.unwrap_err();
    let SendError::Transient { retry_after, reason } = error else { panic!("{error:?}") };
    assert_eq!(retry_after, Some(Duration::from_secs(10_072)));
    assert!(reason.contains("Telegram"), "{reason}");
    // Nor does one whose answer is late.
    bridge.fake.fail_next_in(ann.chat_id(), Operation::Send, Fault::Silent);
    let late = to(&ann, "late");
    let (_, quick) = tokio::join!(bot.send(&late), async {
        tokio::time::timeout(Duration::from_millis(800), bot.send(&to(&bob, "quick"))).await
    });
    quick.unwrap().unwrap();
}

#[tokio::test]
async fn what_telegram_refuses_is_surely_not_sent() {
    let bridge = Bridge::start().await;
    let ann = ann(&bridge);
    let bot = bridge.bot();
    for (description, words) in [
        ("Bad Request: chat not found", "400: there is no such chat any more"),
        ("Bad Request: not enough rights to send text messages to the chat", "400: not enough rights"),
        ("Forbidden: bot can't initiate conversation with a user", "403: the customer has not written"),
    ] {
        bridge.fake.fail_next(Operation::Send, Fault::refused(description));
        let code = rejected(bot.send(&to(&ann, "x")).await);
        assert!(code.starts_with(words), "{code}");
    }
    bridge
        .fake
        .fail_next(Operation::Send, Fault::Refused { code: 401, description: "Unauthorized".to_owned() });
    assert_eq!(bot.send(&to(&ann, "x")).await, Err(SendError::Unauthorized));
    let elsewhere = bot.send(&outgoing_to("+441|+442", "x")).await;
    assert!(matches!(elsewhere, Err(SendError::Misconfigured { .. })), "{elsewhere:?}");
    assert_eq!(bridge.fake.sent(), []);
}

#[tokio::test]
async fn a_file_is_refused_for_the_same_reasons() {
    let bridge = Bridge::start().await;
    let ann = ann(&bridge);
    let bot = bridge.bot();
    let outgoing = Outgoing { media: vec![file("a.pdf", "application/pdf", vec![1])], ..to(&ann, "x") };
    let error = async |fault: Fault| {
        bridge.fake.fail_next(Operation::Send, fault);
        bot.send(&outgoing).await.unwrap_err()
    };
    let limited = error(Fault::RateLimited { retry_after: 7 }).await;
    assert!(
        matches!(limited, SendError::Transient { retry_after: Some(after), .. } if after.as_secs() == 7),
        "{limited:?}"
    );
    let blocked = error(Fault::refused("Forbidden: bot was blocked by the user")).await;
    assert_eq!(blocked, SendError::Rejected { code: "403: the customer has blocked the bot".to_owned() });
    let unknown = error(Fault::refused("Bad Request: something new")).await;
    assert_eq!(unknown, SendError::Rejected { code: "400: something new".to_owned() });
    let unauthorized = Fault::Refused { code: 401, description: "Unauthorized".to_owned() };
    assert_eq!(error(unauthorized).await, SendError::Unauthorized);
    assert_eq!(bridge.fake.sent(), []);
    for fault in [Fault::ActedThenCut, Fault::ActedThenNonsense, Fault::ActedThenSilent] {
        assert_eq!(error(fault).await, SendError::Unknown);
    }
}

#[tokio::test]
async fn every_outcome_that_is_not_known_is_called_unknown_and_nothing_is_sent_twice() {
    let bridge = Bridge::start().await;
    let ann = ann(&bridge);
    let bot = bridge.bot();
    for fault in [
        Fault::ActedThenError,
        Fault::ActedThenCut,
        Fault::ActedThenSilent,
        Fault::ActedThenNonsense,
        Fault::ActedThenHalf,
        Fault::Cut,
        Fault::Silent,
        Fault::Html(502),
        Fault::Html(400),
    ] {
        bridge.fake.fail_next(Operation::Send, fault.clone());
        assert_eq!(bot.send(&to(&ann, "x")).await, Err(SendError::Unknown), "{fault:?}");
    }
    assert_eq!(bridge.fake.sent().len(), 5, "five of them were sent");
    assert_eq!(bot.capabilities().idempotent_send, None);
}

#[tokio::test]
async fn without_a_connection_nothing_is_sent_and_it_may_be_tried_again() {
    let bridge = Bridge::start().await;
    let ann = ann(&bridge);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let bot = bridge.bot_with(|settings| settings.api_base = nobody.parse().unwrap());
    for media in [vec![], vec![file("a.pdf", "application/pdf", vec![1])]] {
        let error = bot.send(&Outgoing { media, ..to(&ann, "x") }).await.unwrap_err();
        let SendError::Transient { retry_after: None, reason } = error else { panic!("{error:?}") };
        assert!(!reason.contains("127.0.0.1"), "{reason}");
    }
}

#[tokio::test]
async fn check_tells_a_wrong_token_from_a_wrong_address_and_from_a_provider_that_is_away() {
    let bridge = Bridge::start().await;
    assert_eq!(bridge.settings().validate(), []);
    let check = async |fault: Fault| {
        bridge.fake.fail_next(Operation::Identity, fault);
        bridge.bot().check().await
    };
    bridge.bot().check().await.unwrap();
    let wrong = Secret::new("7000000001:AAWrongWrongWrongWrongWrongWrongWrong");
    let wrong = bridge.bot_with(|settings| settings.token = wrong);
    assert_eq!(wrong.check().await, Err(ConnectorError::Unauthorized));
    for fault in [Fault::Silent, Fault::Html(502), Fault::Cut] {
        let away = check(fault).await;
        assert!(matches!(away, Err(ConnectorError::Transient { .. })), "{away:?}");
    }
    for status in [301, 404] {
        let elsewhere = check(Fault::Html(status)).await;
        assert!(matches!(elsewhere, Err(ConnectorError::Misconfigured { .. })), "{elsewhere:?}");
    }
    assert_eq!(bridge.fake.calls(Operation::Updates) + bridge.fake.calls(Operation::Webhook), 0);
}

#[tokio::test]
async fn nothing_is_called_but_the_api_of_the_settings() {
    let bridge = Bridge::start().await;
    let ann = ann(&bridge);
    // Below a path, as behind a gateway, which does not exist here: no other place is tried.
    let base = bridge.fake.api_base().join("telegram/").unwrap();
    let bot = bridge.bot_with(|settings| settings.api_base = base);
    assert!(bot.check().await.is_err());
    assert!(bot.send(&to(&ann, "x")).await.is_err());
    let outgoing =
        Outgoing { part: Part::default(), media: vec![file("a", "text/plain", vec![1])], ..to(&ann, "") };
    assert!(bot.send(&outgoing).await.is_err());
    until(|| bridge.fake.sent().is_empty()).await;
}
