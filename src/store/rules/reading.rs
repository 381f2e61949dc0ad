//! What people read of a letter: who wrote it, what stands above it, its HTML, and what came; and who
//! reads none of it.

use rapport_model::{
    Address, Author, Clock as _, InboundEvent, Trust,
    event::{Content, InboundAttachment, InboundMessage, RawPayload},
    id::{ConversationId, ExternalMessageId, MessageId},
    letter::{Mark, Recipient, RecipientRole},
};

use super::desk::Desk;
use crate::{
    on_both_engines,
    store::{
        IngestRequest, Kept, KeptFile, Message, Place, RawContent, Role, StoreError, StoredBlob,
        db::Run as _, fixture::message, testing::Fresh, value::values,
    },
};

/// A letter of all parts.
fn letter(desk: &Desk, id: &str, from: &str, trust: Trust) -> InboundMessage {
    let InboundEvent::Message(event) = message(id, from, "What she wrote", desk.shop.clock.now()) else {
        unreachable!()
    };
    let mut letter = *event;
    letter.thread.id = id.into();
    letter.thread.permanent = false;
    letter.author = Author::Contact {
        address: Address::new(from),
        name: Some(format!("Name of {from}")),
        trust,
        can_reply: true,
        is_bot: false,
    };
    let to = |role, address: &str| Recipient { role, address: Address::new(address), name: None };
    letter.letter.subject = Some("My lamp".to_owned());
    letter.letter.recipients =
        vec![to(RecipientRole::To, "us@shop.example"), to(RecipientRole::Cc, "eve@y.example")];
    letter.letter.original = Some("What she wrote\n> what we wrote".to_owned());
    letter.letter.html = Some("<p>What she wrote".to_owned());
    letter.letter.marks = vec![Mark::Confusable];
    letter.letter.evidence = Some("The address mixes scripts.".to_owned());
    letter.attachments = vec![InboundAttachment {
        name: Some("lamp.png".to_owned()),
        content_type: "image/png".to_owned(),
        content: Content::Here(Vec::new()),
        content_id: Some("lamp@x".to_owned()),
    }];
    letter.raw =
        RawPayload { content_type: "message/rfc822".to_owned(), bytes: b"Subject: My lamp".to_vec() };
    letter
}

/// Brings it in on the inbox "advice", its file kept; `blob` holds its raw form where that is large.
async fn bring(desk: &Desk, letter: &InboundMessage, blob: Option<&str>) -> (ConversationId, MessageId) {
    let mut kept = Kept::default();
    kept.raws.extend(blob.map(|key| (0, key.to_owned())));
    let stored = StoredBlob { key: "aa/file".to_owned(), size: 3, sha256: "0".to_owned() };
    let file = KeptFile { blob: stored, content_type: "image/png".to_owned(), name: "lamp.png".to_owned() };
    kept.files.insert((0, 0), file);
    let facts = desk.shop.store.inboxes()[0].clone();
    let event = InboundEvent::Message(Box::new(letter.clone()));
    desk.shop.store.ingest(IngestRequest::new(facts, vec![event], None, None, kept)).await.unwrap();
    let row = desk
        .row(
            "SELECT m.id, m.conversation_id FROM sightings s JOIN messages m ON m.id = s.message_id WHERE s.external_id = $1",
            values![&ExternalMessageId::from(letter.id.as_str())],
        )
        .await;
    (row.parse("conversation_id").unwrap(), row.parse("id").unwrap())
}

async fn timeline(desk: &Desk, who: &crate::store::Actor, conversation: &ConversationId) -> Vec<Message> {
    let store = &desk.shop.store;
    let contact = store.get_summary(&desk.mara, conversation).await.unwrap().contact;
    store.list_timeline(who, &contact, None::<&Place>, 50).await.unwrap().items
}

on_both_engines! {
    async fn a_letter_shows_what_stands_above_it_and_a_chat_has_nothing_of_it(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        for (id, trust, proven) in [("one", Trust::Claimed, false), ("two", Trust::Proven, true)] {
            let (_, message) = bring(&desk, &letter(&desk, id, "anna@x.example", trust), None).await;
            let read = desk.shop.store.get_message(&desk.mara, &message).await.unwrap();
            assert_eq!(read.author_name.as_deref(), Some("Name of anna@x.example"));
            assert_eq!(read.flags, ["confusable"]);
            let above = read.letter.unwrap();
            let from = above.from.unwrap();
            assert_eq!((from.address.expose(), from.proven), ("anna@x.example", proven));
            assert_eq!(above.subject.as_deref(), Some("My lamp"));
            let roles: Vec<_> = above.recipients.iter().map(|to| (to.role, to.address.expose())).collect();
            assert_eq!(roles, [(RecipientRole::To, "us@shop.example"), (RecipientRole::Cc, "eve@y.example")]);
            assert!(above.has_html && above.has_original);
            assert_eq!(above.evidence.as_deref(), Some("The address mixes scripts."));
        }
        let chat = desk.shop.receive("advice", "+491", "Hello").await;
        assert_eq!(timeline(&desk, &desk.mara, &chat).await[0].letter, None);
    }

    async fn the_parts_of_a_letter_are_read_one_at_a_time(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (_, message) = bring(&desk, &letter(&desk, "one", "anna@x.example", Trust::Proven), None).await;
        let store = &desk.shop.store;
        let html = store.find_letter_html(&desk.mara, &message).await.unwrap().unwrap();
        assert_eq!(html.html, "<p>What she wrote");
        assert_eq!(html.text, "What she wrote\n> what we wrote");
        assert_eq!((html.files[0].0.as_str(), html.files[0].2.as_str()), ("lamp@x", "image/png"));
        let original = store.find_letter_original(&desk.mara, &message).await.unwrap();
        assert_eq!(original.as_deref(), Some("What she wrote\n> what we wrote"));
        let raw = store.find_raw(&desk.mara, &message).await.unwrap().unwrap();
        assert_eq!(raw.content_type, "message/rfc822");
        assert_eq!(raw.content, RawContent::Here(b"Subject: My lamp".to_vec()));

        let mut large = letter(&desk, "two", "anna@x.example", Trust::Proven);
        large.letter.html = None;
        large.letter.original = None;
        let (_, message) = bring(&desk, &large, Some("bb/raw")).await;
        let raw = store.find_raw(&desk.mara, &message).await.unwrap().unwrap();
        assert_eq!(raw.content, RawContent::Blob("bb/raw".to_owned()));
        assert_eq!(store.find_letter_html(&desk.mara, &message).await.unwrap(), None);
        assert_eq!(store.find_letter_original(&desk.mara, &message).await.unwrap(), None);
    }

    async fn a_raw_form_is_gone_when_its_time_is_over_and_the_letter_stays(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (_, message) = bring(&desk, &letter(&desk, "one", "anna@x.example", Trust::Proven), None).await;
        desk.shop.store.pool.clone().execute("DELETE FROM raw_payloads", Vec::new()).await.unwrap();
        assert_eq!(desk.shop.store.find_raw(&desk.mara, &message).await.unwrap(), None);
        assert!(desk.shop.store.find_letter_html(&desk.mara, &message).await.unwrap().is_some());
    }

    async fn nothing_of_a_letter_shows_where_it_is_hidden_or_was_taken_back(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let tom = desk.shop.actor("Tom", Role::Associate, &["orders"]).await;
        let (conversation, message) =
            bring(&desk, &letter(&desk, "one", "anna@x.example", Trust::Proven), None).await;
        // Anna has written to Tom's team, too: he sees of the other letter that it is there.
        let facts = store.inboxes().iter().find(|facts| facts.id.0 == "orders").unwrap().clone();
        let other = InboundEvent::Message(Box::new(letter(&desk, "two", "anna@x.example", Trust::Proven)));
        store.ingest(IngestRequest::new(facts, vec![other], None, None, Kept::default())).await.unwrap();
        let seen = timeline(&desk, &tom, &conversation).await;
        let hidden = seen.iter().find(|read| read.id == message).unwrap();
        assert!(hidden.hidden.is_some() && hidden.letter.is_none() && hidden.text.is_empty());
        assert!(seen.iter().any(|read| read.letter.is_some()));
        assert!(matches!(store.get_message(&tom, &message).await, Err(StoreError::NotFound(_))));
        assert_eq!(store.find_letter_html(&tom, &message).await.unwrap(), None);
        assert_eq!(store.find_letter_original(&tom, &message).await.unwrap(), None);
        assert_eq!(store.find_raw(&tom, &message).await.unwrap(), None);

        let at = desk.shop.clock.now();
        desk.bring(InboundEvent::Retraction { id: "one".into(), at }).await;
        let read = timeline(&desk, &desk.mara, &conversation).await;
        assert!(read.iter().find(|read| read.id == message).unwrap().letter.is_none());
        assert_eq!(store.find_letter_html(&desk.mara, &message).await.unwrap(), None);
        assert_eq!(store.find_letter_original(&desk.mara, &message).await.unwrap(), None);
        assert_eq!(store.find_raw(&desk.mara, &message).await.unwrap(), None);
    }

    async fn somebody_else_in_a_conversation_is_shown_under_their_own_name(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (conversation, _) = bring(&desk, &letter(&desk, "one", "anna@x.example", Trust::Proven), None).await;
        desk.reply(&conversation, "An answer", 1).await;
        let part = desk.claim().await.remove(0);
        let mut strange = letter(&desk, "two", "bob@y.example", Trust::Claimed);
        strange.letter.follows.token = Some(part.id);
        let (place, message) = bring(&desk, &strange, None).await;
        assert_eq!(place, conversation);
        let read = desk.shop.store.get_message(&desk.mara, &message).await.unwrap();
        assert_eq!(read.author_name.as_deref(), Some("Name of bob@y.example"));
        let contact = desk.shop.store.get_summary(&desk.mara, &conversation).await.unwrap().contact;
        assert_ne!(read.author_id.as_deref(), Some(contact.as_str()));
        assert!(read.flags.contains(&"unverified_participant".to_owned()));
        // Her own stay hers.
        let all = timeline(&desk, &desk.mara, &conversation).await;
        let names: Vec<_> = all.iter().filter(|read| read.kind == "inbound").map(|read| &read.author_name).collect();
        assert_eq!(names.len(), 2);
        assert_eq!(names[0].as_deref(), Some("Name of anna@x.example"));
        // Without a name it is the address.
        desk.shop.store.pool.clone().execute("UPDATE contacts SET name = NULL", Vec::new()).await.unwrap();
        let read = desk.shop.store.get_message(&desk.mara, &message).await.unwrap();
        assert_eq!(read.author_name.as_deref(), Some("bob@y.example"));
    }

    async fn what_could_not_be_read_is_handed_out_until_it_is_settled(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let tom = desk.shop.actor("Tom", Role::Associate, &["orders"]).await;
        let raw = RawPayload { content_type: "message/rfc822".to_owned(), bytes: b"?".to_vec() };
        let at = desk.shop.clock.now();
        let event = InboundEvent::Unreadable { id: "odd".into(), raw, reason: "It is odd".to_owned(), at };
        desk.bring(event).await;
        let parked = store.list_parked(&desk.mara, None, 10).await.unwrap().items.remove(0).id;
        let found = store.find_parked_raw(&desk.mara, &parked).await.unwrap().unwrap();
        assert_eq!(found.content, RawContent::Here(b"?".to_vec()));
        assert_eq!(store.find_parked_raw(&tom, &parked).await.unwrap(), None);
        store.set_parked_aside(&desk.mara, &parked, "a test".to_owned()).await.unwrap();
        assert_eq!(store.find_parked_raw(&desk.mara, &parked).await.unwrap(), None);
    }
}
