//! Sending: in order, once, never past a STOP, and never again by itself where nobody knows.

use std::time::Duration;

use rapport_model::{
    Clock as _, DeliveryState, InboundEvent,
    event::ReachChange::{Back, OptedOut},
    id::{ConversationId, OutboxId},
    outbound::Part,
};

use super::{desk::Desk, world};
use crate::{
    on_both_engines,
    store::{
        Conflict, NewAck, NewDraft, Role, SendOutcome, StoreError, db::Run as _, fixture::Shop,
        testing::Fresh, value::values,
    },
};

on_both_engines! {
    async fn the_bot_is_silent_while_an_associate_holds_a_draft_and_a_note_is_none(fresh: Fresh) {
        let shop = Shop::open_with(fresh, vec![world::with_bot("advice", &["advice"])]).await;
        let mara = shop.actor("Mara", Role::Associate, &["advice"]).await;
        for (from, note, expected) in [("+491", false, Some("an associate is writing")), ("+492", true, None)] {
            let conversation = shop.receive("advice", from, "Hello").await;
            let draft = NewDraft { text: "I".to_owned(), note, ..NewDraft::default() };
            shop.store.update_draft(&mara, &conversation, Some(draft)).await.unwrap();
            let job = shop.store.claim_other_jobs(Duration::from_mins(1), 8).await.unwrap().remove(0).id;
            let part = Part { text: "We have it.".to_owned(), ..Part::default() };
            let text = part.text.clone();
            let ack = NewAck { job, conversation, turn: 1, text, parts: vec![part], letter: false };
            assert_eq!(shop.store.insert_ack(ack).await.unwrap(), expected);
        }
    }

    async fn a_stop_after_the_reply_was_written_holds_it_back_and_the_reply_is_owed_again(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let message = desk.reply(&conversation, "Hi", 2).await;
        desk.bring(Desk::reach("+491", OptedOut, 2)).await;
        assert!(desk.claim().await.is_empty());
        assert_eq!(desk.delivery(&message).await, DeliveryState::Failed);
        assert_eq!(desk.parts(&message).await, ["failed", "cancelled"]);
        assert_eq!(desk.owed(&conversation).await, 1);
        let again = desk.draft(&conversation, "Hi", 1).await;
        let refused = desk.shop.store.insert_reply(&desk.mara, again.clone()).await;
        assert!(matches!(refused, Err(StoreError::Conflict(Conflict::CannotReply(_)))), "{refused:?}");
        desk.bring(Desk::reach("+491", Back, 20)).await;
        desk.shop.store.insert_reply(&desk.mara, again).await.unwrap();
    }

    async fn parts_leave_one_after_the_other_and_a_failed_one_cancels_the_rest_of_its_message(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let first = desk.reply(&conversation, "one", 3).await;
        let second = desk.reply(&conversation, "two", 1).await;
        let claimed = desk.claim().await;
        assert_eq!(claimed.iter().map(|row| &*row.text).collect::<Vec<_>>(), ["one 0"]);
        assert!(desk.claim().await.is_empty(), "the next waits for the first");
        desk.settle(&claimed[0], SendOutcome::Sent("out1".into())).await;
        let claimed = desk.claim().await;
        assert_eq!(claimed[0].text, "one 1");
        desk.settle(&claimed[0], SendOutcome::Failed { reason: "21610".to_owned() }).await;
        assert_eq!(desk.parts(&first).await, ["sent", "failed", "cancelled"]);
        assert_eq!(desk.delivery(&first).await, DeliveryState::Failed, "the worst part decides");
        let claimed = desk.claim().await;
        assert_eq!((claimed.len(), &claimed[0].message), (1, &second), "what is behind goes on");
    }

    async fn a_try_that_is_put_off_holds_back_what_is_behind_it(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        desk.reply(&conversation, "one", 1).await;
        desk.reply(&conversation, "two", 1).await;
        let claimed = desk.claim().await;
        let at = desk.shop.clock.now().plus(Duration::from_mins(1));
        desk.settle(&claimed[0], SendOutcome::Again { at, reason: "busy".to_owned() }).await;
        assert!(desk.claim().await.is_empty());
        desk.shop.clock.advance(Duration::from_mins(1));
        let claimed = desk.claim_now().await;
        assert_eq!((claimed.len(), &*claimed[0].text, claimed[0].attempt), (1, "one 0", 1));
    }

    async fn an_outcome_that_nobody_knows_holds_its_own_parts_and_frees_the_thread(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let first = desk.reply(&conversation, "one", 2).await;
        let second = desk.reply(&conversation, "two", 1).await;
        let claimed = desk.claim().await;
        desk.settle(&claimed[0], SendOutcome::Unknown).await;
        assert_eq!(desk.parts(&first).await, ["unconfirmed", "queued"]);
        assert_eq!(desk.owed(&conversation).await, 0, "it may well have arrived");
        let claimed = desk.claim().await;
        assert_eq!((claimed.len(), &claimed[0].message), (1, &second));
        desk.settle(&claimed[0], SendOutcome::Sent("out2".into())).await;
        desk.shop.clock.advance(Duration::from_hours(24));
        assert!(desk.claim().await.is_empty(), "nothing is sent again by itself");
        desk.shop.store.confirm(&desk.mara, &first).await.unwrap();
        assert_eq!(desk.parts(&first).await, ["sent", "queued"]);
        assert_eq!(desk.claim().await[0].text, "one 1");
    }

    async fn a_lease_that_ran_out_is_unconfirmed_and_a_late_certainty_is_welcome(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let message = desk.reply(&conversation, "one", 1).await;
        let claimed = desk.claim().await;
        let store = &desk.shop.store;
        assert_eq!(store.expire_outbox(&"advice".into(), false, None).await.unwrap(), 0);
        desk.shop.clock.advance(Duration::from_mins(1));
        assert_eq!(store.expire_outbox(&"advice".into(), false, None).await.unwrap(), 1);
        assert_eq!(desk.delivery(&message).await, DeliveryState::Unconfirmed);
        desk.settle(&claimed[0], SendOutcome::Sent("out1".into())).await;
        assert_eq!(desk.delivery(&message).await, DeliveryState::Sent);
    }

    async fn reports_that_come_before_the_id_is_known_are_kept_and_never_lead_back(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let message = desk.reply(&conversation, "one", 1).await;
        let claimed = desk.claim().await;
        for state in [DeliveryState::Delivered, DeliveryState::Sent, DeliveryState::Delivered] {
            let at = desk.shop.clock.now();
            desk.bring(InboundEvent::Receipt { id: "out1".into(), state, reason: None, at }).await;
        }
        assert_eq!(desk.delivery(&message).await, DeliveryState::Sending);
        desk.settle(&claimed[0], SendOutcome::Sent("out1".into())).await;
        assert_eq!(desk.delivery(&message).await, DeliveryState::Delivered);
        let at = desk.shop.clock.now();
        desk.bring(InboundEvent::Receipt { id: "out1".into(), state: DeliveryState::Failed, reason: None, at }).await;
        assert_eq!(desk.delivery(&message).await, DeliveryState::Delivered, "delivered is final");
    }

    async fn a_person_never_waits_behind_the_bot_and_silences_it(fresh: Fresh) {
        let (desk, conversation) = acknowledged(fresh).await;
        let reply = desk.reply(&conversation, "Hi", 1).await;
        let sql = "SELECT count(*) AS n FROM outbox WHERE automatic AND state = 'cancelled'";
        assert_eq!(desk.number(sql, Vec::new()).await, 1);
        let claimed = desk.claim().await;
        assert_eq!((claimed.len(), &claimed[0].message), (1, &reply));
    }

    async fn what_may_have_left_is_neither_taken_back_nor_called_cancelled(fresh: Fresh) {
        let (desk, conversation) = acknowledged(fresh).await;
        let store = &desk.shop.store;
        let unknown = async |id: &OutboxId| {
            store.update_outbox(&"advice".into(), id, SendOutcome::Unknown, Some(Duration::MAX)).await.unwrap();
        };
        unknown(&desk.claim().await[0].id).await;
        let reply = desk.reply(&conversation, "Hi", 1).await;
        let bots = "SELECT state FROM outbox WHERE automatic";
        assert_eq!(desk.row(bots, Vec::new()).await.get::<String>("state").unwrap(), "unconfirmed");

        unknown(&desk.claim().await[0].id).await;
        let late = store.undo(&desk.mara, &reply).await;
        assert!(matches!(late, Err(StoreError::Conflict(Conflict::TooLate))), "{late:?}");
        let facts = store.inboxes()[0].clone();
        let again = store.claim_outbox(&facts, Duration::from_secs(35), 1, Some(Duration::MAX)).await.unwrap();
        assert_eq!(again[0].message, reply, "it is tried again");
    }

    async fn an_acknowledgement_that_could_not_leave_is_not_sent_into_a_later_turn(fresh: Fresh) {
        let (desk, conversation) = acknowledged(fresh).await;
        let store = &desk.shop.store;
        let claimed = desk.claim().await;
        let at = desk.shop.clock.now().plus(Duration::from_mins(1));
        desk.settle(&claimed[0], SendOutcome::Again { at, reason: "down".to_owned() }).await;
        store.waive(&desk.mara, &conversation, "spam".to_owned(), 2, true).await.unwrap();
        desk.shop.clock.advance(Duration::from_mins(2));
        desk.shop.receive("advice", "+491", "Are you there?").await;
        assert!(desk.claim_now().await.is_empty(), "the turn that it answered is over");
        let sql = "SELECT count(*) AS n FROM outbox WHERE automatic AND state = 'cancelled'";
        assert_eq!(desk.number(sql, Vec::new()).await, 1);
    }
}

/// A desk where the bot has acknowledged a first message, and its row waits in the outbox.
async fn acknowledged(fresh: Fresh) -> (Desk, ConversationId) {
    let shop = Shop::open_with(fresh, vec![world::with_bot("advice", &["advice"])]).await;
    let mara = shop.actor("Mara", Role::Associate, &["advice"]).await;
    let desk = Desk { shop, mara };
    let conversation = desk.shop.receive("advice", "+491", "Hello").await;
    let jobs = desk.shop.store.claim_other_jobs(Duration::from_mins(1), 8).await.unwrap();
    assert_eq!(jobs.len(), 1);
    let part = Part { text: "We have it.".to_owned(), ..Part::default() };
    let ack = NewAck {
        job: jobs[0].id.clone(),
        conversation: conversation.clone(),
        turn: 1,
        text: part.text.clone(),
        parts: vec![part],
        letter: false,
    };
    assert_eq!(desk.shop.store.insert_ack(ack.clone()).await.unwrap(), None);
    let again = desk.shop.store.insert_ack(ack).await.unwrap();
    assert_eq!(again, Some("this turn was acknowledged"));
    let sql = "SELECT count(*) AS n FROM messages WHERE automatic_kind = 'ack'";
    let mut pool = desk.shop.store.pool.clone();
    assert_eq!(pool.first(sql, values![]).await.unwrap().unwrap().get::<i64>("n").unwrap(), 1);
    (desk, conversation)
}
