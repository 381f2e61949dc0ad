//! Chats: albums that come file by file, edits of what was never seen, reactions, groups with several
//! people in one thread, files that can't be had, and keys that a channel forgets.

use std::time::Duration;

use rapport_model::{
    Address, Author, Clock as _, DeliveryState, InboundEvent, Trust,
    event::{Content, InboundAttachment, InboundMessage, ReachChange, ThreadKind},
    id::{ConversationId, ExternalMessageId, MessageId},
    rich::{Span, Style},
};

use super::{
    desk::Desk,
    letters::{event, place},
};
use crate::{
    on_both_engines,
    store::{
        Claimed, Conflict, IngestRequest, Kept, Message, NewReply, Outcome, SendOutcome, StoreError,
        fixture::message, testing::Fresh, value::values,
    },
};

fn chat(desk: &Desk, id: &str, from: &str, text: &str) -> InboundMessage {
    match message(id, from, text, desk.shop.clock.now()) {
        InboundEvent::Message(message) => *message,
        _ => unreachable!(),
    }
}

/// A file of an album, with words or none.
fn photo(desk: &Desk, id: &str, text: &str) -> InboundMessage {
    let mut photo = chat(desk, id, "anna", text);
    photo.chat.album = Some("a1".to_owned());
    photo.attachments = vec![InboundAttachment {
        name: Some(format!("{id}.jpg")),
        content_type: "image/jpeg".to_owned(),
        content: Content::ByReference(id.to_owned()),
        content_id: None,
    }];
    photo
}

/// What somebody says in the group, to us or to the others.
fn said(desk: &Desk, id: &str, from: &str, addressed: bool) -> InboundMessage {
    let mut message = chat(desk, id, from, &format!("Words of {id}"));
    message.thread.id = "the-group".into();
    message.thread.kind = ThreadKind::Group;
    message.addressed = addressed;
    message
}

async fn messages(desk: &Desk, conversation: &ConversationId) -> Vec<Message> {
    let details = desk.shop.store.get_details(&desk.mara, conversation, 50).await.unwrap();
    details.messages.items
}

fn bold(from: u32, to: u32) -> Span {
    Span { from, to, style: Style::Bold }
}

fn edit(of: &InboundMessage, text: &str, later: u64, is_whole: bool) -> InboundEvent {
    let mut whole = of.clone();
    text.clone_into(&mut whole.text);
    InboundEvent::Edit {
        id: of.id.clone(),
        text: text.to_owned(),
        spans: Vec::new(),
        at: of.at.plus(Duration::from_secs(later)),
        whole: is_whole.then(|| Box::new(whole)),
    }
}

/// The one reply that is due now.
async fn leaving(desk: &Desk) -> Claimed {
    let mut claimed = desk.claim().await;
    assert_eq!(claimed.len(), 1);
    claimed.remove(0)
}

/// A reply to a given message.
async fn answer(desk: &Desk, conversation: &ConversationId, to: Option<&MessageId>) -> MessageId {
    let draft = desk.draft(conversation, "An answer", 1).await;
    let draft = NewReply { answers: to.cloned(), ..draft };
    desk.shop.store.insert_reply(&desk.mara, draft).await.unwrap()
}

async fn id_of(desk: &Desk, external: &str) -> MessageId {
    let sql = "SELECT message_id FROM sightings WHERE external_id = $1";
    desk.row(sql, values![&ExternalMessageId::from(external)]).await.parse("message_id").unwrap()
}

on_both_engines! {
    async fn who_writes_in_private_can_be_reached_again_and_an_older_word_or_one_in_a_group_shows_nothing(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let away = async || desk.number("SELECT count(*) AS n FROM handles WHERE unreachable_at IS NOT NULL", Vec::new()).await;
        let told = async || desk.number("SELECT count(*) AS n FROM events WHERE kind = 'handle.back'", Vec::new()).await;
        desk.bring(event(&chat(&desk, "first", "anna", "Hello"))).await;
        let older = chat(&desk, "older", "anna", "One more thing");
        desk.shop.clock.advance(Duration::from_secs(10));
        desk.bring(Desk::reach("anna", ReachChange::Unreachable, 5)).await;
        desk.bring(event(&older)).await;
        desk.bring(event(&said(&desk, "aside", "anna", true))).await;
        assert_eq!((away().await, told().await), (1, 0));
        desk.bring(event(&chat(&desk, "again", "anna", "Are you there?"))).await;
        assert_eq!((away().await, told().await), (0, 1));
        desk.bring(event(&chat(&desk, "and again", "anna", "Hello?"))).await;
        assert_eq!(told().await, 1, "it is told once");
    }

    async fn an_album_that_comes_file_by_file_is_one_message_and_one_obligation(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        assert_eq!(desk.bring(event(&photo(&desk, "p1", ""))).await, Outcome::Stored);
        let conversation = place(&desk, "p1").await;
        // The next two in one batch, the caption with the last; and one of them a second time.
        let facts = desk.shop.store.inboxes()[0].clone();
        let batch = vec![
            event(&photo(&desk, "p2", "")),
            event(&photo(&desk, "p3", "My lamp, from all sides")),
            event(&photo(&desk, "p2", "")),
        ];
        let request = IngestRequest::new(facts, batch, None, None, Kept::default());
        let outcomes = desk.shop.store.ingest(request).await.unwrap();
        assert_eq!(outcomes, [Outcome::Stored, Outcome::Stored, Outcome::Duplicate]);
        let shown = messages(&desk, &conversation).await;
        assert_eq!(shown.len(), 1);
        let names: Vec<&str> = shown[0].attachments.iter().map(|file| file.name.as_str()).collect();
        assert_eq!((&*shown[0].text, names), ("My lamp, from all sides", vec!["p1.jpg", "p2.jpg", "p3.jpg"]));
        assert_eq!(desk.owed(&conversation).await, 1);
        let sql = "SELECT snippet FROM conversations WHERE id = $1";
        let snippet: String = desk.row(sql, values![&conversation]).await.get("snippet").unwrap();
        assert_eq!(snippet, "My lamp, from all sides");
    }

    async fn a_whole_album_in_one_batch_is_one_message(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let facts = desk.shop.store.inboxes()[0].clone();
        let batch = ["p1", "p2"].map(|id| event(&photo(&desk, id, if id == "p1" { "Two" } else { "" })));
        let request = IngestRequest::new(facts, batch.to_vec(), None, None, Kept::default());
        desk.shop.store.ingest(request).await.unwrap();
        let shown = messages(&desk, &place(&desk, "p2").await).await;
        assert_eq!((shown.len(), shown[0].attachments.len(), &*shown[0].text), (1, 2, "Two"));
    }

    async fn a_file_that_comes_after_the_answer_is_owed_an_answer_again(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(event(&photo(&desk, "p1", "My lamp"))).await;
        let conversation = place(&desk, "p1").await;
        desk.reply(&conversation, "I see", 1).await;
        assert_eq!(desk.owed(&conversation).await, 0);
        desk.bring(event(&photo(&desk, "p2", ""))).await;
        assert_eq!(desk.owed(&conversation).await, 1);
    }

    async fn albums_of_two_threads_under_one_name_stay_apart(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(event(&photo(&desk, "p1", ""))).await;
        let mut other = photo(&desk, "p2", "");
        other.thread.id = "ben".into();
        desk.bring(event(&other)).await;
        assert_ne!(id_of(&desk, "p1").await, id_of(&desk, "p2").await);
    }

    async fn an_edit_of_what_was_never_seen_comes_in_as_a_message_and_its_original_is_no_other(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let original = chat(&desk, "m1", "anna", "Helo");
        assert_eq!(desk.bring(edit(&original, "Hello", 5, false)).await, Outcome::Duplicate);
        assert_eq!(desk.bring(edit(&original, "Hello", 5, true)).await, Outcome::Stored);
        assert_eq!(desk.bring(event(&original)).await, Outcome::Duplicate);
        let conversation = place(&desk, "m1").await;
        let shown = messages(&desk, &conversation).await;
        assert_eq!((shown.len(), &*shown[0].text), (1, "Hello"));
        assert_eq!(desk.owed(&conversation).await, 1);
    }

    async fn edits_in_any_order_leave_the_latest_and_one_that_changes_nothing_is_none(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let original = chat(&desk, "m1", "anna", "Helo");
        desk.bring(event(&original)).await;
        assert_eq!(desk.bring(edit(&original, "Helo", 1, true)).await, Outcome::Duplicate);
        assert_eq!(desk.bring(edit(&original, "Hello!", 9, true)).await, Outcome::Stored);
        assert_eq!(desk.bring(edit(&original, "Hello", 5, true)).await, Outcome::Duplicate);
        let shown = messages(&desk, &place(&desk, "m1").await).await;
        assert_eq!((&*shown[0].text, shown[0].version), ("Hello!", 2));
        let retraction = InboundEvent::Retraction { id: "m1".into(), at: desk.shop.clock.now() };
        assert_eq!(desk.bring(retraction).await, Outcome::Stored);
        assert_eq!(desk.bring(edit(&original, "Back", 20, true)).await, Outcome::Duplicate);
    }

    async fn a_dressed_text_is_kept_with_its_dress_and_what_does_not_fit_is_left_off(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let mut message = chat(&desk, "m1", "anna", "A red lamp");
        message.chat.spans = vec![bold(2, 5), bold(8, 99)];
        message.chat.forwarded_from = Some("Ben".to_owned());
        desk.bring(event(&message)).await;
        let conversation = place(&desk, "m1").await;
        let shown = messages(&desk, &conversation).await;
        assert_eq!((&*shown[0].spans, shown[0].forwarded_from.as_deref()), (&[bold(2, 5)][..], Some("Ben")));
        let mut draft = desk.draft(&conversation, "Yes", 1).await;
        draft.spans = vec![bold(0, 3)];
        draft.parts[0].spans = vec![bold(0, 3)];
        let reply = desk.shop.store.insert_reply(&desk.mara, draft).await.unwrap();
        assert_eq!(desk.shop.store.get_message(&desk.mara, &reply).await.unwrap().spans, [bold(0, 3)]);
        assert_eq!(leaving(&desk).await.spans, [bold(0, 3)]);
    }

    async fn another_dress_alone_is_shown_and_told_and_makes_no_other_version(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let mut message = chat(&desk, "m1", "anna", "A red lamp");
        desk.bring(event(&message)).await;
        message.chat.spans = vec![bold(2, 5)];
        let dressed = InboundEvent::Edit {
            id: message.id.clone(),
            text: message.text.clone(),
            spans: message.chat.spans.clone(),
            at: message.at.plus(Duration::from_secs(1)),
            whole: None,
        };
        assert_eq!(desk.bring(dressed.clone()).await, Outcome::Stored);
        let told = "SELECT count(*) AS n FROM events WHERE kind = 'message.edited'";
        assert_eq!(desk.number(told, values![]).await, 1);
        assert_eq!(desk.bring(dressed).await, Outcome::Duplicate);
        assert_eq!(desk.number(told, values![]).await, 1);
        let shown = messages(&desk, &place(&desk, "m1").await).await;
        assert_eq!((&*shown[0].spans, shown[0].version), (&[bold(2, 5)][..], 1));
    }

    async fn the_latest_reaction_of_each_person_stands_on_their_message_and_on_ours(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(desk.message("m1", "anna", "Thanks!")).await;
        let conversation = place(&desk, "m1").await;
        desk.reply(&conversation, "You are welcome", 1).await;
        let row = leaving(&desk).await;
        desk.settle(&row, SendOutcome::Sent("ours".into())).await;
        let react = |reaction: Option<&str>, second| InboundEvent::Reaction {
            id: "ours".into(),
            author: Author::Contact {
                address: Address::new("anna"),
                name: None,
                trust: Trust::Proven,
                can_reply: true,
                is_bot: false,
            },
            reaction: reaction.map(str::to_owned),
            at: desk.shop.clock.now().plus(Duration::from_secs(second)),
        };
        assert_eq!(desk.bring(react(Some("\u{1F44D}"), 1)).await, Outcome::Stored);
        assert_eq!(desk.bring(react(Some("\u{1F44D}"), 1)).await, Outcome::Duplicate);
        assert_eq!(desk.bring(react(Some("\u{2764}"), 3)).await, Outcome::Stored);
        assert_eq!(desk.bring(react(None, 2)).await, Outcome::Duplicate, "older than what stands");
        let reactions = |shown: Vec<Message>| shown[1].reactions.iter().map(|r| r.reaction.clone()).collect::<Vec<_>>();
        assert_eq!(reactions(messages(&desk, &conversation).await), ["\u{2764}"]);
        assert_eq!(desk.bring(react(None, 4)).await, Outcome::Stored);
        assert!(reactions(messages(&desk, &conversation).await).is_empty());
        assert_eq!(desk.owed(&conversation).await, 0, "a reaction owes nothing");
    }

    async fn in_a_group_only_what_speaks_to_us_is_owed_and_an_answer_is_for_one(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(event(&said(&desk, "g1", "anna", false))).await;
        let group = place(&desk, "g1").await;
        assert_eq!(desk.owed(&group).await, 0);
        for (id, from) in [("g2", "anna"), ("g3", "ben"), ("g4", "cleo")] {
            desk.bring(event(&said(&desk, id, from, true))).await;
        }
        assert_eq!(place(&desk, "g4").await, group);
        assert_eq!(desk.owed(&group).await, 3);
        let shown = messages(&desk, &group).await;
        assert!(shown.iter().all(|message| message.flags.is_empty()), "nobody in a group is a stranger");
        // To Ben, though Cleo wrote last.
        answer(&desk, &group, Some(&id_of(&desk, "g3").await)).await;
        assert_eq!(desk.owed(&group).await, 2);
        let row = leaving(&desk).await;
        assert_eq!((row.thread.as_str(), row.to.expose()), ("the-group", "ben"));
        assert_eq!(row.reply_to, Some("g3".into()));
        desk.settle(&row, SendOutcome::Sent("ours".into())).await;
        // Without a choice: to who wrote last.
        let reply = answer(&desk, &group, None).await;
        let quoted = desk.shop.store.get_message(&desk.mara, &reply).await.unwrap().quoted.unwrap();
        assert_eq!((quoted.id, quoted.author_name.as_deref()), (id_of(&desk, "g4").await, Some("cleo")));
        assert_eq!(desk.owed(&group).await, 1, "Anna waits");
    }

    async fn replies_to_several_people_of_a_group_leave_in_their_order(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(event(&said(&desk, "g1", "anna", true))).await;
        desk.bring(event(&said(&desk, "g2", "ben", true))).await;
        let group = place(&desk, "g1").await;
        for to in ["g1", "g2"] {
            answer(&desk, &group, Some(&id_of(&desk, to).await)).await;
        }
        let first = leaving(&desk).await;
        assert_eq!(first.to.expose(), "anna");
        desk.settle(&first, SendOutcome::Sent("o1".into())).await;
        assert_eq!(leaving(&desk).await.to.expose(), "ben");
    }

    async fn a_private_matter_is_not_led_into_a_group(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(event(&said(&desk, "g1", "anna", true))).await;
        desk.bring(desk.message("m1", "anna", "Between us")).await;
        assert_ne!(place(&desk, "g1").await, place(&desk, "m1").await);
        desk.bring(event(&said(&desk, "g2", "anna", true))).await;
        assert_eq!(place(&desk, "g1").await, place(&desk, "g2").await);
    }

    async fn what_a_message_answers_is_shown_and_told_to_the_channel(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(desk.message("m1", "anna", "Is it red?")).await;
        let conversation = place(&desk, "m1").await;
        answer(&desk, &conversation, Some(&id_of(&desk, "m1").await)).await;
        let row = leaving(&desk).await;
        assert_eq!(row.reply_to, Some("m1".into()));
        desk.settle(&row, SendOutcome::Sent("ours".into())).await;
        let mut back = chat(&desk, "m2", "anna", "And the shade?");
        back.reply_to = Some("ours".into());
        desk.bring(event(&back)).await;
        let shown = messages(&desk, &conversation).await;
        let quoted = shown[2].quoted.clone().unwrap();
        assert_eq!((&*quoted.text, quoted.author_name.as_deref()), ("An answer", Some("Mara")));
    }

    async fn a_message_of_another_conversation_can_not_be_answered(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(desk.message("m1", "anna", "Hello")).await;
        desk.bring(desk.message("m2", "ben", "Hello")).await;
        let draft = desk.draft(&place(&desk, "m1").await, "Hi", 1).await;
        let draft = NewReply { answers: Some(id_of(&desk, "m2").await), ..draft };
        assert!(desk.shop.store.insert_reply(&desk.mara, draft).await.is_err());
    }

    async fn a_file_that_can_not_be_had_stands_there_with_the_reason(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let mut large = photo(&desk, "p1", "The film");
        large.chat.album = None;
        large.attachments[0].content = Content::Withheld("The file has 31 MB.".to_owned());
        desk.bring(event(&large)).await;
        let shown = messages(&desk, &place(&desk, "p1").await).await;
        let file = &shown[0].attachments[0];
        assert_eq!((&*file.state, file.reason.as_deref()), ("failed", Some("The file has 31 MB.")));
        assert_eq!(desk.number("SELECT count(*) AS n FROM jobs WHERE kind = 'media'", values![]).await, 0);
    }

    async fn what_may_have_left_goes_again_only_while_the_channel_knows_the_key(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(desk.message("m1", "anna", "Hello")).await;
        let reply = desk.reply(&place(&desk, "m1").await, "Hi", 1).await;
        let known_for = Some(Duration::from_mins(2));
        let facts = desk.shop.store.inboxes()[0].clone();
        let row = leaving(&desk).await;
        let store = &desk.shop.store;
        store.update_outbox(&facts.id, &row.id, SendOutcome::Unknown, known_for).await.unwrap();
        desk.shop.clock.advance(Duration::from_mins(1));
        let lease = Duration::from_secs(30);
        assert_eq!(store.claim_outbox(&facts, lease, 9, known_for).await.unwrap().len(), 1);
        store.update_outbox(&facts.id, &row.id, SendOutcome::Unknown, known_for).await.unwrap();
        desk.shop.clock.advance(Duration::from_secs(61));
        assert!(store.claim_outbox(&facts, lease, 9, known_for).await.unwrap().is_empty());
        assert_eq!(desk.delivery(&reply).await, DeliveryState::Unconfirmed);
        // A person may take the risk.
        store.resend(&desk.mara, &reply).await.unwrap();
        assert_eq!(store.claim_outbox(&facts, lease, 9, known_for).await.unwrap().len(), 1);
    }

    async fn a_chat_with_another_id_goes_on_in_its_conversation(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(event(&said(&desk, "g1", "anna", true))).await;
        let rekey = InboundEvent::Rekey { from: "the-group".into(), to: "the-supergroup".into() };
        assert_eq!(desk.bring(rekey.clone()).await, Outcome::Stored);
        assert_eq!(desk.bring(rekey).await, Outcome::Duplicate);
        let mut later = said(&desk, "g2", "anna", true);
        later.thread.id = "the-supergroup".into();
        desk.bring(event(&later)).await;
        assert_eq!(place(&desk, "g1").await, place(&desk, "g2").await);
        answer(&desk, &place(&desk, "g1").await, None).await;
        assert_eq!(leaving(&desk).await.thread.as_str(), "the-supergroup");
    }

    async fn a_group_goes_by_what_it_is_called_now_whoever_wrote_there_first(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let called = |id: &str, title: Option<&str>| {
            let mut message = said(&desk, id, "anna", true);
            message.thread.title = title.map(str::to_owned);
            event(&message)
        };
        desk.bring(called("g1", Some("Trail club"))).await;
        let conversation = place(&desk, "g1").await;
        let title = async || desk.shop.store.get_summary(&desk.mara, &conversation).await.unwrap().title;
        assert_eq!(title().await.as_deref(), Some("Trail club"));
        desk.bring(called("g2", Some("Trail club 2027"))).await;
        assert_eq!(title().await.as_deref(), Some("Trail club 2027"));
        // A channel that does not tell it each time has not taken it away.
        desk.bring(called("g3", None)).await;
        assert_eq!(title().await.as_deref(), Some("Trail club 2027"));
    }

    async fn what_was_said_at_another_place_is_not_quoted_where_the_reply_goes(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let at = |id: &str, leg: &str| {
            let mut message = chat(&desk, id, "anna", &format!("Words of {id}"));
            message.thread.id = leg.into();
            event(&message)
        };
        desk.bring(at("d1", "direct")).await;
        let conversation = place(&desk, "d1").await;
        desk.bring(at("s1", "support")).await;
        assert_eq!(place(&desk, "s1").await, conversation);
        let draft = desk.draft(&conversation, "An answer", 1).await;
        let elsewhere = NewReply { answers: Some(id_of(&desk, "d1").await), ..draft.clone() };
        let refused = desk.shop.store.insert_reply(&desk.mara, elsewhere).await;
        assert!(matches!(refused, Err(StoreError::Conflict(Conflict::NotNow(_)))), "{refused:?}");
        let here = NewReply { answers: Some(id_of(&desk, "s1").await), ..draft };
        desk.shop.store.insert_reply(&desk.mara, here).await.unwrap();
        let threads: std::collections::BTreeSet<_> =
            messages(&desk, &conversation).await.into_iter().filter_map(|message| message.thread).collect();
        assert_eq!(threads.len(), 2, "each message says where it was said");
    }
}
