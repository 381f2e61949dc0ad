//! Whose a conversation is: over several inboxes, after somebody left, after an inbox was removed.

use std::time::Duration;

use rapport_model::{DeliveryState, id::ConversationId};

use super::{desk::Desk, invariants};
use crate::{
    on_both_engines,
    store::{
        AssociateChange, Conflict, INBOX_GONE, Role, Store, StoreError, StoreOptions,
        fixture::{Shop, inbox},
        testing::Fresh,
        value::values,
    },
};

/// Who has it, and which one it continues.
async fn stands(desk: &Desk, conversation: &ConversationId) -> (Option<String>, Option<String>) {
    let sql = "SELECT assignee_id, continues_id FROM conversations WHERE id = $1";
    let row = desk.row(sql, values![conversation]).await;
    (row.get("assignee_id").unwrap(), row.get("continues_id").unwrap())
}

on_both_engines! {
    async fn a_message_on_another_inbox_takes_no_conversation_away_and_shows_it_to_nobody_else(fresh: Fresh) {
        let inboxes = vec![
            inbox("one", &["a", "b"]),
            inbox("two", &["c", "d"]),
            inbox("some", &["b", "c"]),
            inbox("same", &["b", "a"]),
            inbox("front", &[]),
        ];
        let desk = Desk::at(Shop::open_with(fresh, inboxes).await).await;
        let ana = desk.shop.actor("Ana", Role::Associate, &["a"]).await;
        let first = desk.shop.receive("one", "+491", "For a and b").await;
        for other in ["two", "some", "front"] {
            assert_ne!(desk.shop.receive(other, "+491", "For others").await, first, "{other}");
        }
        assert_eq!(desk.shop.receive("same", "+491", "For a and b again").await, first);
        assert_eq!(desk.owed(&first).await, 2);
        assert!(desk.shop.store.get_summary(&ana, &first).await.is_ok());
        // Given to team b, it goes where b is.
        desk.shop.store.assign(&ana, &first, None, Some("b".into())).await.unwrap();
        let second = desk.shop.receive("one", "+491", "For b").await;
        assert_eq!(second, first);
    }

    async fn a_new_conversation_is_in_its_queue_from_the_start_and_knows_whom_its_customer_knows(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let first = desk.shop.receive("advice", "+491", "Hello").await;
        desk.reply(&first, "Hi", 1).await;
        store.close(&desk.mara, &first).await.unwrap();
        desk.shop.clock.advance(Duration::from_hours(15 * 24));
        let elsewhere = desk.shop.receive("orders", "+491", "Where is it?").await;
        let nobody_yet = (None, Some(first.to_string()));
        assert_eq!(stands(&desk, &elsewhere).await, nobody_yet);
        let here = desk.shop.receive("advice", "+491", "One more question").await;
        assert_ne!(here, first);
        assert_eq!(stands(&desk, &here).await.0, None);
        let known = store.get_routing_facts(&here).await.unwrap().known.unwrap();
        assert_eq!((&known.id, known.chosen, known.conversations), (desk.mara.id(), false, 1));
    }

    async fn what_opens_again_after_its_associate_left_is_in_a_queue(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let ada = desk.shop.actor("Ada", Role::Admin, &[]).await;
        let within = desk.shop.receive("advice", "+491", "Hello").await;
        let after = desk.shop.receive("advice", "+492", "Hello").await;
        for conversation in [&within, &after] {
            desk.reply(conversation, "Hi", 1).await;
            store.close(&desk.mara, conversation).await.unwrap();
        }
        let leave = AssociateChange { active: Some(false), ..AssociateChange::default() };
        store.update_associate(Some(&ada), desk.mara.id(), leave).await.unwrap();
        assert!(invariants::broken(store).await.is_empty());
        assert_eq!(desk.shop.receive("advice", "+491", "Still there?").await, within);
        desk.shop.clock.advance(Duration::from_hours(15 * 24));
        let continued = desk.shop.receive("advice", "+492", "Still there?").await;
        assert_ne!(continued, after);
        for conversation in [&within, &continued] {
            assert_eq!(stands(&desk, conversation).await.0, None);
            assert_eq!(desk.owed(conversation).await, 1);
        }
        assert!(invariants::broken(store).await.is_empty());
    }

    async fn what_waits_in_an_inbox_that_is_gone_fails_and_is_owed_again(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let message = desk.reply(&conversation, "Hi", 2).await;
        assert!(desk.shop.store.settle_removed_inboxes().await.unwrap().is_empty());
        let without = StoreOptions {
            url: desk.shop.url().to_owned(),
            inboxes: vec![inbox("orders", &["orders"])],
            clock: desk.shop.clock.clone(),
        };
        let (store, _) = Store::open(without).await.unwrap();
        assert_eq!(store.settle_removed_inboxes().await.unwrap(), [("advice".into(), 2)]);
        assert!(store.settle_removed_inboxes().await.unwrap().is_empty(), "once");
        assert_eq!(desk.delivery(&message).await, DeliveryState::Failed);
        assert_eq!(desk.parts(&message).await, ["failed", "cancelled"]);
        assert_eq!(desk.owed(&conversation).await, 1);
        let refused = store.resend(&desk.mara, &message).await;
        assert!(matches!(refused, Err(StoreError::Conflict(Conflict::CannotReply(why))) if why == INBOX_GONE));
        // Back in the configuration, it can be sent again.
        desk.shop.store.resend(&desk.mara, &message).await.unwrap();
        assert_eq!(desk.claim().await.len(), 1);
    }
}
