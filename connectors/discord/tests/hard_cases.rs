//! The hard cases of Discord, by name.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bridge;

use std::{sync::Arc, time::Duration};

use bridge::{Bridge, until};
use rapport_fakes::discord::{Access, ChannelKind, FakeFile, Fault, Operation, Snowflake};
use rapport_sdk::{
    Connector as _, ConnectorError,
    conformance::MemoryIngress,
    model::{
        Author, Health, InboundEvent,
        event::{Content, ThreadKind},
        outbound::{Outgoing, SendError},
    },
};

fn texts(ingress: &MemoryIngress) -> Vec<String> {
    ingress.messages().into_iter().map(|message| message.text).collect()
}

fn no_violations(bridge: &Bridge) {
    assert_eq!(bridge.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn messages_while_down_longer_than_the_resume_window() {
    let bridge = Bridge::start().await;
    let (_, running) = bridge.up().await;
    let thread = bridge.ada.start_thread(bridge.fake.support(), "a thread", false);
    let post = bridge.ada.post(bridge.fake.forum(), "A post", "first");
    let place = bridge.ada.dm();
    bridge.ada.write(place, "before");
    bridge.ada.write(thread, "in a thread");
    running.message("before").await;
    running.message("in a thread").await;
    running.message("A post\nfirst").await;
    let ingress = Arc::clone(&running.ingress);
    running.stop().await.unwrap();
    bridge.fake.expire_sessions();
    for number in 0..230 {
        bridge.ada.write(place, &format!("missed {number}"));
    }
    bridge.ada.write(thread, "missed in a thread");
    bridge.ada.write(post, "missed in a post");
    bridge.fake.archive(post, true, false);
    bridge.ada.post(bridge.fake.forum(), "Another", "missed post");
    for oldest_first in [false, true] {
        bridge.fake.set_oldest_first(oldest_first);
        bridge.run(bridge.discord(), &ingress).connected().await;
    }
    let texts = texts(&ingress);
    let missed: Vec<_> =
        texts.iter().filter(|text| text.starts_with("missed ") && !text.contains(" in ")).collect();
    assert_eq!(
        missed,
        (0..230).map(|number| format!("missed {number}")).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
    for text in ["missed in a thread", "missed in a post", "Another\nmissed post"] {
        assert_eq!(texts.iter().filter(|known| *known == text).count(), 1, "{text}");
    }
    no_violations(&bridge);
}

#[tokio::test]
async fn op_7_and_op_9_and_1006_lose_nothing_and_double_nothing() {
    let bridge = Bridge::start_with(|config| config.identify_pace = Duration::from_secs(5)).await;
    let (_, mut running) = bridge.up().await;
    let place = bridge.ada.dm();
    let troubles: [&dyn Fn(); 4] = [
        &|| bridge.fake.reconnect_all(),
        &|| bridge.fake.drop_all(),
        &|| bridge.fake.invalidate_all(true),
        &|| bridge.fake.invalidate_all(false),
    ];
    for (number, trouble) in troubles.into_iter().enumerate() {
        trouble();
        bridge.ada.write(place, &format!("after {number}"));
        running.message(&format!("after {number}")).await;
        until(|| bridge.fake.connected() == 1).await;
    }
    running.connected().await;
    assert_eq!(running.ingress.messages().len(), 4);
    let counts = bridge.fake.gateway_counts();
    assert_eq!((counts.identified, counts.hurried), (2, 0), "{counts:?}");
    no_violations(&bridge);
}

#[tokio::test]
async fn five_hundred_drops_of_the_gateway_lose_nothing_and_double_nothing() {
    // The real one shuts out who was refused ten thousand times in ten minutes.
    let bridge = Bridge::start_with(|config| config.most_invalid = 10).await;
    let (_, running) = bridge.up().await;
    let place = bridge.ada.dm();
    for number in 0..500 {
        // Nine of ten meet a connection that is being made.
        if number % 10 == 0 {
            until(|| bridge.fake.connected() == 1).await;
        }
        bridge.fake.drop_all();
        bridge.ada.write(place, &number.to_string());
        if number % 25 == 0 {
            // Lost for good: the history has it.
            bridge.fake.lose_events(1);
            bridge.ada.write(place, &format!("lost {number}"));
        }
    }
    until(|| bridge.fake.connected() == 1).await;
    let counts = bridge.fake.gateway_counts();
    assert!(counts.resumed >= 50 && counts.identified == 1, "{counts:?}");
    bridge.ada.write(place, "the last");
    running.message("the last").await;
    let texts = texts(&running.ingress);
    assert_eq!(texts.len(), 521);
    let numbers: Vec<u32> = texts.iter().filter_map(|text| text.parse().ok()).collect();
    assert_eq!(numbers, (0..500).collect::<Vec<_>>());
    no_violations(&bridge);
}

#[tokio::test]
async fn after_a_restart_histories_alone_say_what_came() {
    let bridge = Bridge::start().await;
    let (_, running) = bridge.up().await;
    bridge.ada.write_dm("before");
    running.message("before").await;
    let ingress = Arc::clone(&running.ingress);
    running.stop().await.unwrap();
    let missed = bridge.ada.write_dm("while down");
    bridge.clock.advance(Duration::from_hours(1));
    let mut running = bridge.run(bridge.discord(), &ingress);
    running.connected().await;
    assert_eq!(texts(&ingress), ["before", "while down"]);
    assert_eq!(running.message("while down").await.id.as_str(), format!("{}/{missed}", bridge.ada.dm()));
    let gap = running.event(|event| matches!(event, InboundEvent::Gap { .. }).then_some(event)).await;
    assert!(matches!(gap, InboundEvent::Gap { from, to, .. } if to.since(from) >= Duration::from_hours(1)));
    assert_eq!(bridge.fake.gateway_counts().resumed, 0);
}

#[tokio::test]
async fn who_wrote_for_the_first_time_while_the_bot_was_away_is_read_when_they_write_again() {
    let bridge = Bridge::start().await;
    let (_, running) = bridge.up().await;
    let ingress = Arc::clone(&running.ingress);
    running.stop().await.unwrap();
    bridge.ada.write_dm("nobody hears this");
    let mut running = bridge.run(bridge.discord(), &ingress);
    running.connected().await;
    bridge.ada.write_dm("hello?");
    running.message("hello?").await;
    assert_eq!(texts(&ingress), ["nobody hears this", "hello?"]);
}

#[tokio::test]
async fn message_content_intent_off_at_the_start_is_fatal_and_says_what_to_set() {
    let bridge = Bridge::start_with(|config| config.message_content = false).await;
    let mut running = bridge.run(bridge.discord(), &Arc::new(MemoryIngress::default()));
    let mut health = running.health.clone();
    let error = running.end().await.unwrap_err();
    assert!(
        matches!(&error, ConnectorError::Misconfigured { reason } if reason.contains("Message Content Intent")),
        "{error:?}"
    );
    assert!(matches!(&*health.borrow_and_update(), Health::Misconfigured { .. }));
    assert_eq!(bridge.fake.gateway_counts().connections, 1);
}

#[tokio::test]
async fn texts_that_are_withheld_are_not_relayed_empty_and_are_read_when_they_are_shown() {
    let bridge = Bridge::start().await;
    let connector = bridge.with(|settings| settings.listing_interval = Duration::from_secs(1));
    let mut running = bridge.run(connector, &Arc::new(MemoryIngress::default()));
    running.connected().await;
    bridge.fake.set_message_content(false);
    bridge.ada.write(bridge.fake.support(), "where is it?");
    let health = running.until_health(|health| matches!(health, Health::Degraded { .. })).await;
    assert!(health.reason().unwrap().contains("turn on Message Content Intent"), "{health:?}");
    bridge.ada.write_dm("in private it is shown");
    running.message("in private it is shown").await;
    assert_eq!(running.ingress.messages().len(), 1);
    bridge.fake.set_message_content(true);
    running.message("where is it?").await;
    running.connected().await;
}

#[tokio::test]
async fn a_token_that_is_not_accepted_ends_the_run() {
    let bridge = Bridge::start().await;
    let (_, mut running) = bridge.up().await;
    bridge.fake.close_all(4004);
    assert_eq!(running.end().await, Err(ConnectorError::Unauthorized));
    let wrong = bridge.with(|settings| settings.token = rapport_sdk::model::Secret::new("wrong"));
    let mut running = bridge.run(wrong, &Arc::new(MemoryIngress::default()));
    assert_eq!(running.end().await, Err(ConnectorError::Unauthorized));
    let (_, mut running) = bridge.up().await;
    bridge.fake.close_all(4013);
    assert!(matches!(running.end().await, Err(ConnectorError::Misconfigured { .. })));
}

#[tokio::test]
async fn own_messages_are_known_by_id_and_other_bots_are_kept_as_bots() {
    let bridge = Bridge::start().await;
    let (connector, running) = bridge.up().await;
    let bot = bridge.fake.other_bot();
    let post = bridge.ada.post(bridge.fake.forum(), "A post", "hi");
    bot.write(post, "beep");
    bridge.fake.webhook_writes(post, Snowflake(77), "Shop", "from a webhook");
    connector.send(&bridge.part(&format!("channel/{post}"), bridge.ada.id(), "ours")).await.unwrap();
    bridge.ada.write(post, "and then");
    running.message("and then").await;
    assert_eq!(running.ingress.with_text("ours").len(), 0);
    for text in ["beep", "from a webhook"] {
        let message = running.message(text).await;
        assert!(matches!(message.author, Author::Contact { is_bot: true, .. }), "{text}");
        assert!(!message.addressed, "{text}");
    }
}

#[tokio::test]
async fn each_post_of_the_forum_is_a_thread_of_its_own_with_its_title() {
    let bridge = Bridge::start().await;
    let (connector, running) = bridge.up().await;
    let post = bridge.ada.post(bridge.fake.forum(), "Torn jacket", "It came like that.");
    let first = running.message("Torn jacket\nIt came like that.").await;
    assert_eq!(first.thread.id.as_str(), format!("channel/{post}"));
    assert_eq!(
        (first.thread.kind, first.thread.permanent, first.addressed),
        (ThreadKind::Public, false, true)
    );
    let bob = bridge.fake.customer("Bob");
    bob.write(post, "same here");
    assert!(!running.message("same here").await.addressed);
    bob.write(post, &format!("<@{}> hello", bridge.fake.bot()));
    until(|| running.ingress.messages().len() == 3).await;
    assert!(running.ingress.messages()[2].addressed, "it names us");
    let ours =
        connector.send(&bridge.part(first.thread.id.as_str(), bridge.ada.id(), "Sorry!")).await.unwrap();
    let ours: u64 = ours.id.as_str().rsplit_once('/').unwrap().1.parse().unwrap();
    bob.reply(post, Snowflake(ours), "thanks");
    assert!(running.message("thanks").await.addressed, "it answers us");
    bridge.ada.write(post, "mine again");
    assert!(running.message("mine again").await.addressed, "she began it");
    no_violations(&bridge);
}

#[tokio::test]
async fn an_archived_thread_opens_by_itself_and_a_locked_one_is_refused() {
    let bridge = Bridge::start().await;
    let (connector, running) = bridge.up().await;
    let post = bridge.ada.post(bridge.fake.forum(), "A post", "hi");
    let thread = running.message("A post\nhi").await.thread.id.to_string();
    bridge.fake.archive(post, true, false);
    connector.send(&bridge.part(&thread, bridge.ada.id(), "still here")).await.unwrap();
    bridge.fake.archive(post, true, true);
    let error = connector.send(&bridge.part(&thread, bridge.ada.id(), "too late")).await.unwrap_err();
    assert!(matches!(&error, SendError::Rejected { code } if code.contains("locked")), "{error:?}");
    let forum = format!("channel/{}", bridge.fake.forum());
    let error = connector.send(&bridge.part(&forum, bridge.ada.id(), "x")).await.unwrap_err();
    assert!(matches!(error, SendError::Rejected { .. }), "{error:?}");
}

#[tokio::test]
async fn who_writes_in_the_support_channel_gets_a_private_thread_that_stays_theirs() {
    let bridge = Bridge::start().await;
    let (connector, running) = bridge.up().await;
    let support = bridge.fake.support();
    bridge.ada.write(support, "Where is my order?");
    let asked = running.message("Where is my order?").await;
    assert_eq!((asked.thread.kind, asked.thread.permanent), (ThreadKind::Private, true));
    let private = || bridge.ada.places().into_iter().filter(|place| place.kind == ChannelKind::PrivateThread);
    until(|| bridge.fake.sent().len() == 1).await;
    let thread = private().next().unwrap();
    assert_eq!((thread.parent, thread.name.as_str()), (Some(support), "Ada"));
    let said = format!("Automated: \\_<#{}>, Shop & Co", thread.id);
    assert_eq!(bridge.fake.sent()[0].content, said, "the retailer's text, around the place");
    assert_eq!(running.ingress.announced(), std::slice::from_ref(&asked.thread.id), "once, and not unasked");
    connector.send(&bridge.part(asked.thread.id.as_str(), bridge.ada.id(), "On its way.")).await.unwrap();
    assert_eq!(bridge.ada.view(thread.id).last().unwrap().text, "On its way.");
    bridge.ada.write(thread.id, "Thank you");
    assert_eq!(running.message("Thank you").await.thread, asked.thread);
    let ingress = Arc::clone(&running.ingress);
    running.stop().await.unwrap();
    bridge.ada.write(support, "One more thing");
    let connector = bridge.discord();
    let mut running = bridge.run(connector.clone(), &ingress);
    running.connected().await;
    assert_eq!(running.message("One more thing").await.thread, asked.thread);
    connector.send(&bridge.part(asked.thread.id.as_str(), bridge.ada.id(), "Yes?")).await.unwrap();
    assert_eq!(bridge.ada.view(thread.id).last().unwrap().text, "Yes?");
    assert_eq!(private().count(), 1);
    no_violations(&bridge);
}

#[tokio::test]
async fn while_the_bot_is_off_the_thread_is_made_and_nothing_is_said() {
    let bridge = Bridge::start().await;
    let (connector, running) = bridge.up().await;
    running.ingress.turn_bot_off();
    bridge.ada.write(bridge.fake.support(), "Where is my order?");
    let asked = running.message("Where is my order?").await;
    let private = || bridge.ada.places().into_iter().find(|place| place.kind == ChannelKind::PrivateThread);
    until(|| private().is_some()).await;
    connector.send(&bridge.part(asked.thread.id.as_str(), bridge.ada.id(), "On its way.")).await.unwrap();
    // A channel is read by one hand: with the second message in, all that follows the first one is done.
    bridge.ada.write(bridge.fake.support(), "Thank you");
    running.message("Thank you").await;
    assert_eq!(bridge.fake.sent().len(), 1, "the associate's answer alone");
    no_violations(&bridge);
}

#[tokio::test]
async fn without_leave_to_make_threads_messages_come_in_and_the_inbox_says_what_to_set() {
    let bridge = Bridge::start().await;
    let (connector, mut running) = bridge.up().await;
    bridge.fake.fail_next(Operation::StartThread, Fault::Refused { status: 403, code: 50013 });
    bridge.ada.write(bridge.fake.support(), "hi");
    let asked = running.message("hi").await;
    let health = running.until_health(|health| matches!(health, Health::Degraded { .. })).await;
    assert!(health.reason().unwrap().contains("Create Private Threads"), "{health:?}");
    connector.send(&bridge.part(asked.thread.id.as_str(), bridge.ada.id(), "hello")).await.unwrap();
    running.connected().await;
}

#[tokio::test]
async fn a_channel_that_is_not_ours_is_ignored() {
    let bridge = Bridge::start().await;
    let (_, running) = bridge.up().await;
    bridge.ada.write(bridge.fake.lobby(), "chatter");
    bridge.ada.write_dm("to the shop");
    running.message("to the shop").await;
    assert_eq!(texts(&running.ingress), ["to the shop"]);
}

#[tokio::test]
async fn a_file_is_kept_as_a_reference_and_fetched_from_a_fresh_address() {
    let bridge = Bridge::start().await;
    let (connector, running) = bridge.up().await;
    let file = FakeFile {
        name: "bill.pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
        bytes: b"%PDF".to_vec().into(),
    };
    let place = bridge.ada.dm();
    bridge.ada.send(place, "the bill", vec![file], None);
    let message = running.message("the bill").await;
    let Content::ByReference(reference) = &message.attachments[0].content else { panic!("no reference") };
    assert!(!reference.contains("http"), "{reference}");
    bridge.clock.advance(Duration::from_hours(48));
    let fetched = connector.fetch(reference, 100).await.unwrap();
    assert_eq!(
        (&*fetched.bytes, &*fetched.content_type, fetched.name.as_deref()),
        (&b"%PDF"[..], "application/pdf", Some("bill.pdf"))
    );
    let id = message.id.as_str().rsplit_once('/').unwrap().1.parse().unwrap();
    bridge.ada.delete(place, Snowflake(id));
    assert!(matches!(connector.fetch(reference, 100).await, Err(ConnectorError::Misconfigured { .. })));
}

#[tokio::test]
async fn a_card_for_a_link_is_no_edit_and_an_edit_told_in_part_is_read_whole() {
    let bridge = Bridge::start().await;
    let (_, running) = bridge.up().await;
    let place = bridge.ada.dm();
    let message = bridge.ada.write(place, "see https://shop.example");
    running.message("see https://shop.example").await;
    bridge.fake.unfurl(place, message, false);
    bridge.fake.unfurl(place, message, true);
    bridge.fake.edit_in_part(place, message, "see **this**");
    let edits =
        || running.ingress.stored().into_iter().filter(|event| matches!(event, InboundEvent::Edit { .. }));
    until(|| edits().count() > 0).await;
    bridge.fake.unfurl(place, message, false);
    bridge.ada.write(place, "behind");
    running.message("behind").await;
    let edits: Vec<_> = edits().collect();
    assert_eq!(edits.len(), 1, "{edits:?}");
    let InboundEvent::Edit { text, spans, whole: Some(whole), .. } = &edits[0] else { panic!("{edits:?}") };
    assert_eq!((text.as_str(), spans.len(), whole.text.as_str()), ("see this", 1, "see this"));
}

#[tokio::test]
async fn a_bulk_delete_takes_each_message_back() {
    let bridge = Bridge::start().await;
    let (_, running) = bridge.up().await;
    let post = bridge.ada.post(bridge.fake.forum(), "A post", "hi");
    let ids: Vec<Snowflake> = (0..3).map(|number| bridge.ada.write(post, &number.to_string())).collect();
    running.message("2").await;
    bridge.ada.delete(post, ids[0]);
    bridge.fake.delete_bulk(post, &ids[1..]);
    let retracted = || -> Vec<String> {
        let id = |event| match event {
            InboundEvent::Retraction { id, .. } => Some(id.to_string()),
            _ => None,
        };
        running.ingress.stored().into_iter().filter_map(id).collect()
    };
    until(|| retracted().len() == 3).await;
    let mut retracted = retracted();
    retracted.sort();
    assert_eq!(retracted, ids.iter().map(|id| format!("{post}/{id}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn reactions_and_answers_name_what_they_are_about() {
    let bridge = Bridge::start().await;
    let (connector, running) = bridge.up().await;
    let place = bridge.ada.dm();
    let ours =
        connector.send(&bridge.part(&format!("channel/{place}"), bridge.ada.id(), "hello")).await.unwrap();
    let sent = bridge.fake.sent()[0].id;
    bridge.ada.react(place, sent, "👍");
    let (id, reaction) = running
        .event(|event| match event {
            InboundEvent::Reaction { id, reaction, .. } => Some((id, reaction)),
            _ => None,
        })
        .await;
    assert_eq!((id, reaction.as_deref()), (ours.id.clone(), Some("👍")));
    bridge.ada.unreact(place, sent, "👍");
    running.event(|event| matches!(event, InboundEvent::Reaction { reaction: None, .. }).then_some(())).await;
    let asked = bridge.ada.reply(place, sent, "about that");
    assert_eq!(running.message("about that").await.reply_to, Some(ours.id));
    let answer = Outgoing {
        reply_to: Some(format!("{place}/{asked}").as_str().into()),
        ..bridge.part(&format!("channel/{place}"), bridge.ada.id(), "yes")
    };
    connector.send(&answer).await.unwrap();
    assert_eq!(bridge.fake.sent()[1].reply_to, Some(asked));
    no_violations(&bridge);
}

#[tokio::test]
async fn without_the_address_of_the_gateway_nothing_is_dialled() {
    let bridge = Bridge::start().await;
    for _ in 0..2 {
        bridge.fake.fail_next(Operation::GatewayBot, Fault::Html(502));
        // The library's own question: its fallback is the real Discord.
        bridge.fake.fail_next(Operation::Gateway, Fault::Html(502));
    }
    let mut running = bridge.run(bridge.discord(), &Arc::new(MemoryIngress::default()));
    running.until_health(|health| matches!(health, Health::Reconnecting { .. })).await;
    assert_eq!(bridge.fake.gateway_counts().connections, 0);
    running.connected().await;
    assert_eq!(bridge.fake.gateway_counts().connections, 1);
}

#[tokio::test]
async fn a_channel_that_can_not_be_seen_is_named_and_the_others_go_on() {
    let bridge = Bridge::start().await;
    bridge.fake.set_access(bridge.fake.support(), Access::None);
    let mut running = bridge.run(bridge.discord(), &Arc::new(MemoryIngress::default()));
    let health = running.until_health(|health| matches!(health, Health::Degraded { .. })).await;
    assert!(health.reason().unwrap().contains("support_channel"), "{health:?}");
    bridge.ada.write_dm("hi");
    running.message("hi").await;
}

#[tokio::test]
async fn while_discord_is_away_nothing_was_sent_and_the_inbox_says_it_in_one_sentence() {
    let bridge = Bridge::start().await;
    let connector = bridge.discord();
    let part = bridge.part(&format!("channel/{}", bridge.ada.dm()), bridge.ada.id(), "x");
    bridge.fake.set_down(true);
    until_refused(&bridge).await;
    let reason = "Discord can't be reached".to_owned();
    assert_eq!(connector.send(&part).await, Err(SendError::Transient { retry_after: None, reason }));
    let mut running = bridge.run(connector.clone(), &Arc::default());
    let away = running.until_health(|health| matches!(health, Health::Reconnecting { .. })).await;
    assert_eq!(away.reason(), Some("Discord can't be reached."));
    bridge.fake.set_down(false);
    running.connected().await;
    connector.send(&part).await.unwrap();
}

/// Waits until nobody is let in.
async fn until_refused(bridge: &Bridge) {
    let base = bridge.fake.api_base();
    let address = format!("127.0.0.1:{}", base.port().unwrap());
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
