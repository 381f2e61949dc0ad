//! "New owner" of a number: what stays, what begins, and what can be taken back.

use std::time::Duration;

use rapport_model::{
    DeliveryState,
    event::ReachChange,
    id::{ConversationId, HandleId},
};

use super::{desk::Desk, invariants};
use crate::{
    on_both_engines,
    store::{Conflict, Role, SendOutcome, StoreError, db::Run as _, testing::Fresh, value::values},
};

const NUMBER: &str = "+491";

async fn handle(desk: &Desk) -> HandleId {
    let row = desk.row("SELECT id FROM handles WHERE address = $1", values![NUMBER]).await;
    row.parse("id").unwrap()
}

async fn new_owner(desk: &Desk) -> Result<(), StoreError> {
    let reason = "They say that they are somebody else.".to_owned();
    desk.shop.store.give_to_new_owner(&desk.mara, &handle(desk).await, reason).await
}

async fn contact_of(desk: &Desk, conversation: &ConversationId) -> String {
    let sql = "SELECT contact_id FROM conversations WHERE id = $1";
    desk.row(sql, values![conversation]).await.get("contact_id").unwrap()
}

/// Everything about whose the handle is, row by row.
async fn periods(desk: &Desk) -> Vec<(String, i64, Option<i64>)> {
    let sql = "SELECT contact_id, valid_from, valid_to FROM handle_periods ORDER BY valid_from, contact_id";
    let rows = desk.shop.store.pool.clone().all(sql, Vec::new()).await.unwrap();
    let read = |row: &crate::store::value::Row| {
        (row.get("contact_id").unwrap(), row.get("valid_from").unwrap(), row.get("valid_to").unwrap())
    };
    rows.iter().map(read).collect()
}

fn moved(error: &StoreError) -> bool {
    matches!(error, StoreError::Conflict(Conflict::CannotReply(reason)) if reason.contains("new owner"))
}

on_both_engines! {
    async fn what_the_new_owner_writes_begins_a_conversation_of_their_own(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let old = desk.shop.receive("advice", NUMBER, "Hello").await;
        new_owner(&desk).await.unwrap();
        assert_eq!(desk.owed(&old).await, 1, "what was owed stays owed");
        let new = desk.shop.receive("advice", NUMBER, "Hello").await;
        assert_ne!(old, new);
        assert_ne!(contact_of(&desk, &old).await, contact_of(&desk, &new).await);
        let row = desk.row("SELECT assignee_id, continues_id FROM conversations WHERE id = $1", values![&new]).await;
        assert_eq!(row.get::<Option<String>>("assignee_id").unwrap(), None);
        assert_eq!(row.get::<Option<String>>("continues_id").unwrap(), None);
        let sql = "SELECT flags FROM messages WHERE conversation_id = $1 AND kind = 'inbound'";
        let flags: String = desk.row(sql, values![&new]).await.get("flags").unwrap();
        assert_eq!(flags, "", "the same word of another person is no repeat");
        assert_eq!(desk.shop.receive("advice", NUMBER, "And again").await, new);
        assert_eq!(desk.owed(&old).await, 1);
        assert_eq!(invariants::broken(&desk.shop.store).await, Vec::<String>::new());
    }

    async fn the_closed_conversation_of_the_old_owner_is_not_opened_by_the_new_one(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let old = desk.shop.receive("advice", NUMBER, "Hello").await;
        desk.reply(&old, "Hi", 1).await;
        desk.shop.store.close(&desk.mara, &old).await.unwrap();
        new_owner(&desk).await.unwrap();
        let sql = "SELECT count(*) AS n FROM messages WHERE conversation_id = $1 AND activity LIKE '%new_owner%'";
        assert_eq!(desk.number(sql, values![&old]).await, 1, "the last one says it where none is open");
        assert_ne!(desk.shop.receive("advice", NUMBER, "Hello").await, old);
        let state: String =
            desk.row("SELECT state FROM conversations WHERE id = $1", values![&old]).await.get("state").unwrap();
        assert_eq!(state, "closed");
    }

    async fn nothing_of_the_old_conversation_goes_to_the_new_owner(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let old = desk.shop.receive("advice", NUMBER, "Hello").await;
        let unknown = desk.reply(&old, "one", 1).await;
        let rows = desk.claim().await;
        desk.settle(&rows[0], SendOutcome::Unknown).await;
        let queued = desk.reply(&old, "two", 1).await;
        let draft = desk.draft(&old, "three", 1).await;
        new_owner(&desk).await.unwrap();
        let refused = desk.shop.store.insert_reply(&desk.mara, draft).await.unwrap_err();
        assert!(moved(&refused), "{refused}");
        let refused = desk.shop.store.resend(&desk.mara, &unknown).await.unwrap_err();
        assert!(moved(&refused), "{refused}");
        assert!(desk.claim().await.is_empty(), "what still waited does not leave");
        assert_eq!(desk.delivery(&queued).await, DeliveryState::Failed);
        desk.shop.store.confirm(&desk.mara, &unknown).await.unwrap();
        let new = desk.shop.receive("advice", NUMBER, "Who is this?").await;
        desk.reply(&new, "The shop", 1).await;
        assert_eq!(desk.claim().await.len(), 1, "the new owner is answered");
        let details = desk.shop.store.get_details(&desk.mara, &old, 50).await.unwrap();
        assert!(details.route.refusal.unwrap().contains("new owner"));
        assert!(details.contact.handles[0].until.is_some());
        let details = desk.shop.store.get_details(&desk.mara, &new, 50).await.unwrap();
        assert_eq!((details.route.refusal, details.contact.handles[0].until), (None, None));
        assert!(details.messages.items.iter().all(|message| message.conversation == new));
        assert_eq!(invariants::broken(&desk.shop.store).await, Vec::<String>::new());
    }

    async fn stop_of_the_old_owner_stands_for_the_number(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let old = desk.shop.receive("advice", NUMBER, "Hello").await;
        desk.bring(Desk::reach(NUMBER, ReachChange::OptedOut, 2)).await;
        new_owner(&desk).await.unwrap();
        let new = desk.shop.receive("advice", NUMBER, "Hello").await;
        let draft = desk.draft(&new, "Hi", 1).await;
        let refused = desk.shop.store.insert_reply(&desk.mara, draft).await.unwrap_err();
        assert!(refused.to_string().contains("opted out"), "{refused}");
        let former = desk.shop.store.get_details(&desk.mara, &old, 50).await.unwrap().contact.handles.remove(0);
        assert_eq!(former.opted_out_at, None, "how the number stands is not the old owner's affair");
    }

    async fn a_new_owner_is_taken_back_exactly_until_they_write(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (store, old) = (&desk.shop.store, desk.shop.receive("advice", NUMBER, "Hello").await);
        let handle = handle(&desk).await;
        let nothing = store.give_back_to_owner(&desk.mara, &handle).await.unwrap_err();
        assert!(matches!(nothing, StoreError::Conflict(Conflict::NotNow(_))), "{nothing}");
        let (before, people) = (periods(&desk).await, "SELECT count(*) AS n FROM contacts");
        desk.shop.clock.advance(Duration::from_mins(1));
        new_owner(&desk).await.unwrap();
        let twice = new_owner(&desk).await.unwrap_err();
        assert!(matches!(twice, StoreError::Conflict(Conflict::NotNow(_))), "{twice}");
        assert_ne!(periods(&desk).await, before);
        store.give_back_to_owner(&desk.mara, &handle).await.unwrap();
        assert_eq!(periods(&desk).await, before);
        assert_eq!(desk.number(people, Vec::new()).await, 1);
        assert_eq!(desk.shop.receive("advice", NUMBER, "It is me").await, old);
        desk.reply(&old, "Welcome back", 1).await;

        new_owner(&desk).await.unwrap();
        desk.shop.receive("advice", NUMBER, "Hello").await;
        let late = store.give_back_to_owner(&desk.mara, &handle).await.unwrap_err();
        assert!(matches!(late, StoreError::Conflict(Conflict::TooLate)), "{late}");
        new_owner(&desk).await.unwrap();
        assert_eq!(periods(&desk).await.len(), 3, "a number may change hands again");
        let sql = "SELECT count(*) AS n FROM journal WHERE associate_id = $1 AND evidence <> ''";
        assert_eq!(desk.number(sql, values![desk.mara.id()]).await, 3);
        assert_eq!(invariants::broken(store).await, Vec::<String>::new());
    }

    async fn only_who_sees_the_old_owner_says_that_there_is_a_new_one(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.shop.receive("advice", NUMBER, "Hello").await;
        let (store, handle) = (&desk.shop.store, handle(&desk).await);
        let tom = desk.shop.actor("Tom", Role::Associate, &["orders"]).await;
        let hidden = |outcome: Result<(), StoreError>| matches!(outcome, Err(StoreError::NotFound("handle")));
        assert!(hidden(store.give_to_new_owner(&tom, &handle, "so".to_owned()).await));
        new_owner(&desk).await.unwrap();
        assert!(hidden(store.give_to_new_owner(&tom, &handle, "so".to_owned()).await));
        assert!(hidden(store.give_back_to_owner(&tom, &handle).await));
    }

    async fn a_block_is_ended_before_the_number_is_given_on(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.shop.receive("advice", NUMBER, "Hello").await;
        desk.shop.store.block(&desk.mara, &handle(&desk).await, "spam".to_owned()).await.unwrap();
        assert!(new_owner(&desk).await.unwrap_err().to_string().contains("unblock"));
        desk.shop.store.unblock(&desk.mara, &handle(&desk).await).await.unwrap();
        new_owner(&desk).await.unwrap();
    }
}
