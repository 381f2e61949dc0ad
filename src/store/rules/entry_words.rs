//! Who came by an associate's own word: whom the customer knows from then on.

use rapport_model::{InboundEvent, event::ThreadKind, id::ConversationId};

use super::desk::Desk;
use crate::{
    on_both_engines,
    store::{AssociateChange, Role, db::Run as _, testing::Fresh, value::values},
};

/// Whom the customer of a conversation knows by choice.
async fn known(desk: &Desk, conversation: &ConversationId) -> Option<String> {
    let sql = "SELECT t.known_associate_id FROM conversations c JOIN contacts t ON t.id = c.contact_id WHERE c.id = $1";
    desk.row(sql, values![conversation]).await.get("known_associate_id").unwrap()
}

async fn told(desk: &Desk, conversation: &ConversationId) -> i64 {
    let sql = "SELECT count(*) AS n FROM messages WHERE conversation_id = $1 AND activity LIKE '%came_by%'";
    desk.number(sql, values![conversation]).await
}

on_both_engines! {
    async fn who_brings_an_associates_word_knows_that_associate_from_the_first_message(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let word = store.insert_entry_word(&desk.mara).await.unwrap();
        assert_eq!(store.insert_entry_word(&desk.mara).await.unwrap(), word, "a second press makes no second one");
        let by_text = desk.shop.receive("advice", "+491", &format!("hi {}!", word.to_lowercase())).await;
        assert_eq!((known(&desk, &by_text).await, told(&desk, &by_text).await), (Some(desk.mara.id().to_string()), 1));
        assert_eq!(desk.owed(&by_text).await, 1, "and it is owed an answer as anything else");

        let InboundEvent::Message(mut message) = desk.message("m2", "+492", "/start") else { unreachable!() };
        message.chat.entry = Some(word.clone());
        message.thread.id.0 = "+492".to_owned();
        desk.bring(InboundEvent::Message(message)).await;
        let by_link = desk.shop.receive("advice", "+492", "Hello").await;
        assert_eq!((known(&desk, &by_link).await, told(&desk, &by_link).await), (Some(desk.mara.id().to_string()), 1));

        let again = desk.shop.receive("advice", "+491", &word).await;
        assert_eq!((again.clone(), told(&desk, &again).await), (by_text, 1), "known already: nothing to say");
    }

    async fn the_word_that_came_last_is_the_choice_and_one_that_ended_is_none(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let noor = desk.shop.actor("Noor", Role::Associate, &["advice"]).await;
        let (maras, noors) = (
            store.insert_entry_word(&desk.mara).await.unwrap(),
            store.insert_entry_word(&noor).await.unwrap(),
        );
        let one = desk.shop.receive("advice", "+491", &maras).await;
        desk.shop.receive("advice", "+491", &noors).await;
        assert_eq!((known(&desk, &one).await, told(&desk, &one).await), (Some(noor.id().to_string()), 2));

        store.end_entry_word(&desk.mara).await.unwrap();
        assert_eq!(store.find_entry_word(&desk.mara).await.unwrap(), None);
        desk.shop.receive("advice", "+491", &maras).await;
        assert_eq!(known(&desk, &one).await, Some(noor.id().to_string()), "an old card takes nobody away from whom they know");
        assert_eq!(told(&desk, &one).await, 3, "but it is said that they came by it");
        assert_ne!(store.insert_entry_word(&desk.mara).await.unwrap(), maras, "a new one is another");

        let off = AssociateChange { active: Some(false), ..AssociateChange::default() };
        store.update_associate(None, noor.id(), off).await.unwrap();
        let late = desk.shop.receive("advice", "+493", &noors).await;
        assert_eq!((known(&desk, &late).await, told(&desk, &late).await), (None, 1));
    }

    async fn a_word_in_a_group_or_of_a_program_or_in_a_blocked_persons_text_chooses_nobody(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let word = desk.shop.store.insert_entry_word(&desk.mara).await.unwrap();
        let InboundEvent::Message(mut message) = desk.message("g1", "+491", &word) else { unreachable!() };
        message.thread.kind = ThreadKind::Group;
        desk.bring(InboundEvent::Message(message)).await;
        assert_eq!(desk.number("SELECT count(known_associate_id) AS n FROM contacts", values![]).await, 0);
        let one = desk.shop.receive("advice", "+492", "Hello").await;
        let sql = "UPDATE handles SET blocked_at = 1, blocked_by = $1, blocked_reason = 'spam' WHERE address = '+492'";
        desk.shop.store.pool.clone().execute(sql, values![desk.mara.id()]).await.unwrap();
        desk.shop.receive("advice", "+492", &word).await;
        assert_eq!((known(&desk, &one).await, told(&desk, &one).await), (None, 0));
    }
}
