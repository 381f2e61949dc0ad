//! A failed message that a person lets be, and how long a conversation is in trouble.

use rapport_model::id::ConversationId;

use super::desk::Desk;
use crate::{
    on_both_engines,
    store::{Conflict, Role, SendOutcome, StoreError, testing::Fresh},
};

fn refused() -> SendOutcome {
    SendOutcome::Failed { reason: "30005".to_owned() }
}

async fn trouble(desk: &Desk, conversation: &ConversationId) -> Option<String> {
    desk.shop.store.get_summary(&desk.mara, conversation).await.unwrap().trouble
}

/// How many the inbox's record counts as not sent.
async fn counted(desk: &Desk) -> i64 {
    desk.shop.store.list_inbox_records(&desk.mara).await.unwrap()[&"advice".into()].failed
}

on_both_engines! {
    async fn a_failed_message_is_trouble_until_a_person_lets_it_be_whatever_is_sent_after_it(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let failed = desk.reply(&conversation, "Hi", 1).await;
        desk.settle(&desk.claim().await[0], refused()).await;
        desk.reply(&conversation, "Hi again", 1).await;
        desk.settle(&desk.claim().await[0], SendOutcome::Sent("out2".into())).await;
        assert_eq!(trouble(&desk, &conversation).await.as_deref(), Some("failed"));
        assert_eq!(counted(&desk).await, 1);
        let named = store.list_troubled(&desk.mara).await.unwrap();
        assert_eq!(named.iter().map(|one| &one.id).collect::<Vec<_>>(), [&conversation]);

        let owed = desk.owed(&conversation).await;
        for _ in 0..2 {
            assert_eq!(store.set_aside(&desk.mara, &failed).await.unwrap(), conversation);
        }
        assert_eq!(trouble(&desk, &conversation).await, None);
        assert_eq!(counted(&desk).await, 0);
        assert!(store.list_troubled(&desk.mara).await.unwrap().is_empty());
        assert_eq!(desk.owed(&conversation).await, owed, "what it left owed stays owed");
        let shown = store.get_message(&desk.mara, &failed).await.unwrap();
        assert_eq!(shown.delivery.as_deref(), Some("failed"));
        assert!(shown.set_aside_at.is_some());
        let activities = "SELECT count(*) AS n FROM messages WHERE kind = 'activity' AND activity LIKE '%set_aside%'";
        assert_eq!(desk.number(activities, Vec::new()).await, 1, "asked twice, it is told once");
    }

    async fn what_was_let_be_and_is_sent_again_after_all_is_trouble_once_more_where_it_fails(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let message = desk.reply(&conversation, "Hi", 1).await;
        desk.settle(&desk.claim().await[0], refused()).await;
        assert_eq!(desk.owed(&conversation).await, 1);
        store.set_aside(&desk.mara, &message).await.unwrap();
        assert_eq!(desk.owed(&conversation).await, 1);
        store.resend(&desk.mara, &message).await.unwrap();
        desk.settle(&desk.claim().await[0], refused()).await;
        assert_eq!(trouble(&desk, &conversation).await.as_deref(), Some("failed"));
    }

    async fn only_what_failed_is_let_be_and_by_who_may_see_it(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let message = desk.reply(&conversation, "Hi", 1).await;
        let not_now = async |expected: bool| {
            let outcome = store.set_aside(&desk.mara, &message).await;
            assert_eq!(matches!(outcome, Err(StoreError::Conflict(Conflict::NotNow(_)))), expected, "{outcome:?}");
        };
        not_now(true).await;
        let claimed = desk.claim().await;
        desk.settle(&claimed[0], SendOutcome::Unknown).await;
        // Whether it arrived is to be said first.
        not_now(true).await;
        desk.settle(&claimed[0], refused()).await;
        let stranger = desk.shop.actor("Nina", Role::Associate, &["orders"]).await;
        assert!(matches!(store.set_aside(&stranger, &message).await, Err(StoreError::NotFound("message"))));
        assert!(store.list_troubled(&stranger).await.unwrap().is_empty());
        not_now(false).await;
    }
}
