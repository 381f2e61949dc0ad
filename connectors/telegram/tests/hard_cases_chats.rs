//! What Telegram does that breaks bridges: chats of every kind, edits, albums and files.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bridge;

use std::sync::Arc;

use bridge::{Bridge, HOUR, until};
use rapport_fakes::telegram::{Draft, FakeFile, Fault, Media, Operation};
use rapport_sdk::{
    Connector as _, ConnectorError,
    conformance::MemoryIngress,
    model::{
        Author, InboundEvent,
        event::{Content, ReachChange, ThreadKind},
    },
};
use rapport_telegram::Groups;

#[tokio::test]
async fn an_edit_names_the_same_message_and_brings_all_of_it_and_channel_posts_are_not_ours() {
    let bridge = Bridge::start().await;
    let ann = bridge.ann();
    let number = ann.write("helo");
    let running = bridge.start_bot();
    running.message("helo").await;
    ann.edit(number, "hello");
    let edits = |event| match event {
        InboundEvent::Edit { id, text, whole, .. } => Some((id, text, whole)),
        _ => None,
    };
    let (id, text, whole) = running.event(edits).await;
    assert_eq!((&id, &*text), (&running.ingress.messages()[0].id, "hello"));
    let whole = whole.unwrap();
    assert_eq!((&whole.id, &*whole.text), (&id, "hello"));
    // One that nobody sees says the same text again, which the store takes for nothing.
    ann.edit_invisibly(number);
    ann.write("behind");
    running.message("behind").await;
    let texts: Vec<_> = running.ingress.stored().into_iter().filter_map(edits).map(|edit| edit.1).collect();
    assert_eq!(texts, ["hello", "hello"]);
    // A channel is nobody's letter to us.
    let channel = ann.open_channel("News").chat_id();
    bridge.fake.post(channel, "post");
    ann.write("behind the post");
    running.message("behind the post").await;
    assert_eq!(running.ingress.with_text("post"), []);
}

#[tokio::test]
async fn the_parts_of_an_album_say_that_they_belong_together_in_any_order_and_late() {
    let bridge = Bridge::start().await;
    let ann = bridge.ann();
    let picture = |name: &str| FakeFile::new(name, "image/jpeg", name.to_owned());
    bridge.fake.hold_updates();
    ann.send(Draft::file(Media::Photo, picture("a.jpg"), "the caption").in_album("a"));
    ann.send(Draft::file(Media::Photo, picture("b.jpg"), "").in_album("a"));
    bridge.fake.release_updates(&[1, 0]);
    let running = bridge.start_bot();
    running.message("the caption").await;
    ann.send(Draft::file(Media::Photo, picture("late.jpg"), "").in_album("a"));
    until(|| running.ingress.messages().len() == 3).await;
    let messages = running.ingress.messages();
    assert!(messages.iter().all(|message| message.chat.album == messages[0].chat.album));
    assert!(messages[0].chat.album.is_some());
    assert!(messages.iter().all(|message| message.attachments.len() == 1));
    let texts: Vec<_> = messages.iter().map(|message| &*message.text).collect();
    assert_eq!(texts, ["", "the caption", ""]);
}

#[tokio::test]
async fn a_file_of_more_than_20_mb_is_withheld_with_a_sentence_and_its_words_are_there() {
    let bridge = Bridge::start().await;
    let film = FakeFile { claimed_size: Some(21 << 20), ..FakeFile::new("film.mp4", "video/mp4", "x") };
    bridge.ann().send(Draft::file(Media::Video, film, "the film"));
    let running = bridge.start_bot();
    running.message("the film").await;
    let file = &running.ingress.messages()[0].attachments[0];
    assert!(matches!(&file.content, Content::Withheld(reason) if reason.contains("20 MB")), "{file:?}");
    assert_eq!(file.name.as_deref(), Some("film.mp4"));
}

async fn reference(bridge: &Bridge) -> String {
    let picture = FakeFile::new("invoice.pdf", "application/pdf", "the bytes");
    bridge.ann().send(Draft::file(Media::Document, picture, "see"));
    let running = bridge.start_bot();
    running.message("see").await;
    let Content::ByReference(reference) = running.ingress.messages()[0].attachments[0].content.clone() else {
        panic!("no reference")
    };
    running.stop().await.unwrap();
    reference
}

#[tokio::test]
async fn a_file_is_fetched_by_a_fresh_path_and_again_where_that_has_ended() {
    let bridge = Bridge::start().await;
    let reference = reference(&bridge).await;
    let file = bridge.bot().fetch(&reference, 100).await.unwrap();
    assert_eq!((&*file.bytes, &*file.content_type), (&b"the bytes"[..], "application/pdf"));
    assert_eq!(file.name.as_deref(), Some("invoice.pdf"));
    let asked = bridge.fake.calls(Operation::File);
    let ended = Fault::Refused { code: 404, description: "Not Found".to_owned() };
    bridge.fake.fail_next(Operation::Download, ended);
    assert_eq!(bridge.bot().fetch(&reference, 100).await.unwrap().bytes, file.bytes);
    assert_eq!(bridge.fake.calls(Operation::File), asked + 2);
}

#[tokio::test]
async fn neither_a_reference_nor_an_error_holds_the_token() {
    let bridge = Bridge::start().await;
    let reference = reference(&bridge).await;
    let key = bridge.fake.token().split_once(':').unwrap().1.to_owned();
    assert!(!reference.contains(&key), "{reference}");
    let bot = bridge.bot();
    for (operation, fault) in [
        (Operation::File, Fault::refused("Bad Request: file is too big")),
        (Operation::File, Fault::Cut),
        (Operation::File, Fault::Html(502)),
        (Operation::File, Fault::ActedThenHalf),
        (Operation::Download, Fault::Cut),
        (Operation::Download, Fault::Silent),
        (Operation::Download, Fault::Html(502)),
    ] {
        bridge.fake.fail_next(operation, fault.clone());
        let error = bot.fetch(&reference, 100).await.unwrap_err();
        let is_final = matches!(error, ConnectorError::Misconfigured { .. });
        assert_eq!(is_final, matches!(fault, Fault::Refused { .. }), "{fault:?}: {error:?}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(&key) && !shown.contains("127.0.0.1"), "{shown}");
    }
    let too_long = bot.fetch(&reference, 3).await;
    assert!(matches!(too_long, Err(ConnectorError::Misconfigured { .. })), "{too_long:?}");
    assert!(bot.fetch("nonsense", 3).await.is_err());
    assert!(!format!("{:?}", bridge.settings()).contains(&key));
}

#[tokio::test]
async fn a_group_that_becomes_a_supergroup_keeps_its_thread_under_the_new_id() {
    let bridge = Bridge::start().await;
    let group = bridge.ann().open_group("Club");
    let mut running = bridge.start_bot();
    running.connected().await;
    let new = bridge.fake.migrate(group.chat_id());
    let rekeys = || {
        let stored = running.ingress.stored().into_iter();
        stored.filter_map(|event| match event {
            InboundEvent::Rekey { from, to } => Some((from.to_string(), to.to_string())),
            _ => None,
        })
    };
    // Both chats tell it; the second time changes nothing.
    until(|| rekeys().count() == 2).await;
    assert!(rekeys().all(|rekey| rekey == (group.chat_id().to_string(), new.to_string())));
}

#[tokio::test]
async fn who_blocks_the_bot_is_out_of_reach_until_they_come_back() {
    let bridge = Bridge::start().await;
    let ann = bridge.ann();
    ann.write("hello");
    let running = bridge.start_bot();
    running.message("hello").await;
    let reaches = || {
        let stored = running.ingress.stored().into_iter();
        let reach = |event| match event {
            InboundEvent::Reach { address, change, .. } => Some((address.expose().to_owned(), change)),
            _ => None,
        };
        stored.filter_map(reach).collect::<Vec<_>>()
    };
    ann.block_bot();
    let blocked = (ann.user_id().to_string(), ReachChange::Unreachable);
    until(|| reaches().last() == Some(&blocked)).await;
    ann.unblock_bot();
    let back = (ann.user_id().to_string(), ReachChange::Back);
    until(|| reaches().last() == Some(&back)).await;
}

#[tokio::test]
async fn a_topic_is_a_thread_of_its_own_and_general_has_no_number() {
    let bridge = Bridge::start().await;
    bridge.fake.set_privacy(false);
    let forum = bridge.ann().open_supergroup("Forum");
    let topic = bridge.fake.topic(forum.chat_id(), "Returns");
    let running = bridge.start_bot();
    let general = forum.write("in General");
    forum.send(Draft::text("answered in General").replying(general));
    forum.in_topic(topic).write("in the topic");
    running.message("in the topic").await;
    let thread = |text: &str| running.ingress.with_text(text)[0].thread.clone();
    let chat = forum.chat_id();
    assert_eq!(thread("in General").id.to_string(), chat.to_string());
    assert_eq!(thread("answered in General"), thread("in General"));
    assert_eq!(thread("in the topic").id.to_string(), format!("{chat}/{topic}"));
    assert_eq!(thread("in the topic").kind, ThreadKind::Group);
    // The message that opened the topic is no message that anybody answers.
    assert_eq!(running.ingress.with_text("in the topic")[0].reply_to, None);
    assert!(running.ingress.with_text("answered in General")[0].reply_to.is_some());
}

#[tokio::test]
async fn a_business_accounts_chat_is_a_thread_of_its_own_and_its_owner_is_one_of_ours() {
    let bridge = Bridge::start().await;
    let connection = bridge.fake.customer("Olga").connect_business();
    let ann = bridge.ann();
    ann.write("to the bot");
    let to_business = ann.in_business(&connection);
    let number = to_business.write("to the business");
    to_business.owner_writes("by the owner");
    let running = bridge.start_bot();
    running.message("by the owner").await;
    let found = |text: &str| running.ingress.with_text(text)[0].clone();
    assert_ne!(found("to the business").thread, found("to the bot").thread);
    assert_eq!(found("to the business").thread.kind, ThreadKind::Private);
    assert_eq!(found("by the owner").thread, found("to the business").thread);
    let Author::OutsideHuman { to } = found("by the owner").author else { panic!("taken for a customer") };
    assert_eq!(to.expose(), ann.user_id().to_string());
    to_business.edit(number, "to the business, please");
    let edited = running
        .event(|event| match event {
            InboundEvent::Edit { id, .. } => Some(id),
            _ => None,
        })
        .await;
    assert_eq!(edited, found("to the business").id);
    to_business.delete(&[number]);
    let deleted = running
        .event(|event| match event {
            InboundEvent::Retraction { id, .. } => Some(id),
            _ => None,
        })
        .await;
    assert_eq!(deleted, found("to the business").id);
}

#[tokio::test]
async fn in_privacy_mode_an_inbox_that_wants_all_of_a_group_says_what_to_set() {
    let bridge = Bridge::start().await;
    let all = bridge.bot_with(|settings| settings.groups = Groups::All);
    let mut running = bridge.run(all, &Arc::default());
    running.says("/setprivacy").await;
    bridge.fake.set_privacy(false);
    // It is looked at again, without a restart, at the latest with the next update.
    bridge.clock.advance(HOUR);
    bridge.ann().write("hello");
    running.connected().await;
    // Who wants only what is meant for the bot is content.
    bridge.fake.set_privacy(true);
    let mut running = bridge.start_bot();
    running.connected().await;
}

#[tokio::test]
async fn in_a_group_what_names_the_bot_or_answers_it_is_meant_for_us_and_all_is_where_the_inbox_says_so() {
    let bridge = Bridge::start().await;
    bridge.fake.set_privacy(false);
    let club = bridge.ann().open_group("Club");
    club.write("to each other");
    club.write("where is it, @shop_bot?");
    club.write("/help");
    let ingress = Arc::new(MemoryIngress::default());
    let running = bridge.run(bridge.bot(), &ingress);
    running.message("/help").await;
    let addressed = |ingress: &MemoryIngress| {
        ingress.messages().into_iter().map(|message| message.addressed).collect::<Vec<_>>()
    };
    assert_eq!(addressed(&ingress), [false, true, true]);
    until(|| bridge.fake.waiting_updates() == 0).await;
    let all = bridge.bot_with(|settings| settings.groups = Groups::All);
    running.stop().await.unwrap();
    let ingress = Arc::new(MemoryIngress::default());
    let running = bridge.run(all, &ingress);
    club.write("again to each other");
    running.message("again to each other").await;
    assert_eq!(addressed(&ingress), [true]);
}

#[tokio::test]
async fn a_group_that_the_bot_was_removed_from_and_a_business_that_it_may_not_answer_for_show() {
    let bridge = Bridge::start().await;
    let club = bridge.ann().open_group("Club");
    let mut running = bridge.start_bot();
    running.connected().await;
    club.remove_bot();
    running.says("removed from the group \u{201C}Club\u{201D}").await;
    club.unblock_bot();
    running.connected().await;
}
