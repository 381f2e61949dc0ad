//! A person's words: pressed twice, written past a newer message, taken back, failed, sent again.

use std::time::Duration;

use futures_util::future::join_all;
use rapport_model::{DeliveryState, InboundEvent, id::ConversationId};

use super::{desk::Desk, taken_back};
use crate::{
    on_both_engines,
    store::{Conflict, NewDraft, Role, SendOutcome, StoreError, testing::Fresh, value::values},
};

fn conflict<T>(outcome: Result<T, StoreError>) -> Conflict {
    match outcome {
        Err(StoreError::Conflict(conflict)) => conflict,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was not refused"),
    }
}

const OPENED: &str = "SELECT min(opened_at) AS n FROM obligations WHERE conversation_id = $1";

on_both_engines! {
    async fn one_press_of_send_is_one_message_and_a_key_is_good_for_one_body(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let draft = desk.draft(&conversation, "Hi", 1).await;
        let pressed = join_all((0..8).map(|_| desk.shop.store.insert_reply(&desk.mara, draft.clone()))).await;
        let ids: std::collections::BTreeSet<_> = pressed.into_iter().map(Result::unwrap).collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(desk.number("SELECT count(*) AS n FROM outbox", Vec::new()).await, 1);
        let other = crate::store::NewReply { body_hash: "other".to_owned(), ..draft };
        assert_eq!(conflict(desk.shop.store.insert_reply(&desk.mara, other).await), Conflict::KeyReused);
    }

    async fn a_reply_past_a_newer_message_is_refused_and_its_key_is_still_free(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let draft = desk.draft(&conversation, "Hi", 1).await;
        desk.shop.receive("advice", "+491", "And another thing").await;
        assert_eq!(conflict(desk.shop.store.insert_reply(&desk.mara, draft.clone()).await), Conflict::NewerMessage);
        assert_eq!(desk.number("SELECT count(*) AS n FROM idempotency_keys", Vec::new()).await, 0);
        let seen = crate::store::NewReply { seen_position: 2, body_hash: "seen".to_owned(), ..draft };
        desk.shop.store.insert_reply(&desk.mara, seen).await.unwrap();
        assert_eq!(desk.owed(&conversation).await, 0);
    }

    async fn the_same_words_from_another_device_are_held_and_other_words_are_not(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let [phone, till, other] = [
            desk.draft(&conversation, "Half two", 1).await,
            desk.draft(&conversation, "Half two", 1).await,
            desk.draft(&conversation, "At the till", 1).await,
        ];
        store.insert_reply(&desk.mara, phone).await.unwrap();
        assert_eq!(conflict(store.insert_reply(&desk.mara, till).await), Conflict::NewerMessage);
        store.insert_reply(&desk.mara, other).await.unwrap();
        // Who has seen them may say them again.
        desk.reply(&conversation, "Half two", 1).await;
        assert_eq!(desk.number("SELECT count(*) AS n FROM outbox", Vec::new()).await, 3);
    }

    async fn of_two_colleagues_who_answer_at_once_one_is_told_of_the_other(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let tom = desk.shop.actor("Tom", Role::Associate, &["advice"]).await;
        for round in 0..20 {
            let conversation = desk.shop.receive("advice", &format!("+49{round}"), "Hello").await;
            let (hers, his) = (desk.draft(&conversation, "Hi", 1).await, desk.draft(&conversation, "Hey", 1).await);
            let store = &desk.shop.store;
            let (first, second) = tokio::join!(store.insert_reply(&desk.mara, hers), store.insert_reply(&tom, his));
            assert_ne!(first.is_ok(), second.is_ok(), "exactly one is sent");
            let refused = if first.is_ok() { second } else { first };
            assert_eq!(conflict(refused), Conflict::NewerMessage);
        }
        assert_eq!(desk.number("SELECT count(*) AS n FROM outbox", Vec::new()).await, 20);
    }

    async fn undo_brings_the_obligation_back_with_its_time_until_a_part_has_left(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let since = desk.number(OPENED, values![&conversation]).await;
        let first = desk.reply(&conversation, "Hi", 2).await;
        desk.shop.store.close(&desk.mara, &conversation).await.unwrap();
        desk.shop.clock.advance(Duration::from_secs(2));
        let undone = desk.shop.store.undo(&desk.mara, &first).await.unwrap();
        assert_eq!(undone.text, "Hi");
        assert_eq!(desk.owed(&conversation).await, 1);
        let sql = "SELECT waiting_since AS n FROM conversations WHERE id = $1 AND state = 'open'";
        assert_eq!(desk.number(sql, values![&conversation]).await, since);
        assert!(desk.claim().await.is_empty(), "what was taken back does not leave");

        let second = desk.reply(&conversation, "Hi again", 2).await;
        assert_eq!(desk.claim().await.len(), 1);
        assert_eq!(conflict(desk.shop.store.undo(&desk.mara, &second).await), Conflict::TooLate);
        assert_eq!(desk.parts(&second).await, ["sending", "queued"], "undo is all or nothing");
        assert_eq!(desk.owed(&conversation).await, 0);
    }

    async fn undo_closes_again_what_the_reply_had_opened(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let stands = async |conversation: &ConversationId| taken_back::look(store, conversation).await;
        for close in [false, true] {
            let conversation = desk.shop.receive("advice", &format!("+49{close}"), "Hello").await;
            store.waive(&desk.mara, &conversation, "thanks".to_owned(), 1, true).await.unwrap();
            let closed = stands(&conversation).await;
            desk.shop.clock.advance(Duration::from_mins(1));
            let draft = crate::store::NewReply { close, ..desk.draft(&conversation, "One more thing", 1).await };
            let message = store.insert_reply(&desk.mara, draft).await.unwrap();
            assert_ne!(stands(&conversation).await, closed);
            store.undo(&desk.mara, &message).await.unwrap();
            assert_eq!(stands(&conversation).await, closed, "since then and by whom, and nobody's");
            let claimed = store.claim_other_jobs(Duration::from_mins(1), 8).await.unwrap();
            assert!(claimed.iter().all(|job| job.kind != "close"), "{claimed:?}");

            // Two replies, taken back in the order in which they were written, or the other.
            for first in [0, 1] {
                let two = [desk.reply(&conversation, "One", 1).await, desk.reply(&conversation, "Two", 1).await];
                store.undo(&desk.mara, &two[first]).await.unwrap();
                assert_ne!(stands(&conversation).await, closed, "the other one stands");
                store.undo(&desk.mara, &two[1 - first]).await.unwrap();
                assert_eq!(stands(&conversation).await, closed);
            }
        }
    }

    async fn undo_asked_twice_answers_twice_and_only_its_author_may_ask(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let ada = desk.shop.actor("Ada", Role::Admin, &[]).await;
        let store = &desk.shop.store;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let message = desk.reply(&conversation, "Hi", 2).await;
        let refused = conflict(store.undo(&ada, &message).await);
        assert_eq!(refused, Conflict::NotNow("Only who wrote it can take it back."));
        for _ in 0..2 {
            assert_eq!(store.undo(&desk.mara, &message).await.unwrap().text, "Hi");
            assert_eq!(desk.parts(&message).await, ["cancelled", "cancelled"]);
        }
        let told = "SELECT count(*) AS n FROM events WHERE kind = 'message.undone'";
        assert_eq!(desk.number(told, Vec::new()).await, 1);
    }

    async fn what_becomes_a_message_is_no_draft_on_another_device(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let told = "SELECT count(*) AS n FROM events WHERE kind = 'draft.changed'";
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        desk.reply(&conversation, "Without a draft", 1).await;
        assert_eq!(desk.number(told, Vec::new()).await, 0);
        for (times, note) in [(1, false), (2, true)] {
            let begun = NewDraft { text: "Half two".to_owned(), note, ..NewDraft::default() };
            store.update_draft(&desk.mara, &conversation, Some(begun)).await.unwrap();
            if note {
                let key = "note".to_owned();
                store.insert_note(&desk.mara, &conversation, "Half two".to_owned(), Vec::new(), Vec::new(), key).await.unwrap();
            } else {
                desk.reply(&conversation, "Half two", 1).await;
            }
            assert_eq!(desk.number(told, Vec::new()).await, 2 * times, "kept, and used up");
            assert_eq!(store.find_draft(&desk.mara, &conversation).await.unwrap(), None);
        }
    }

    async fn undo_by_both_who_answered_gives_the_conversation_back(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let tom = desk.shop.actor("Tom", Role::Associate, &["advice"]).await;
        let store = &desk.shop.store;
        for first in [0, 1] {
            let conversation = desk.shop.receive("advice", &format!("+49{first}"), "Hello").await;
            let before = taken_back::look(store, &conversation).await;
            let hers = desk.reply(&conversation, "Hi", 1).await;
            let his = store.insert_reply(&tom, desk.draft(&conversation, "Hey", 2).await).await.unwrap();
            let both = [(&desk.mara, &hers), (&tom, &his)];
            for (who, message) in [both[first], both[1 - first]] {
                store.undo(who, message).await.unwrap();
            }
            assert_eq!(taken_back::look(store, &conversation).await, before, "nobody's");
            assert_eq!(desk.owed(&conversation).await, 1);
        }
    }

    async fn undo_of_both_answers_keeps_who_took_it_between_them(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let ada = desk.shop.actor("Ada", Role::Admin, &[]).await;
        let store = &desk.shop.store;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let first = desk.reply(&conversation, "Hi", 1).await;
        store.assign(&ada, &conversation, Some(ada.id().clone()), Some("advice".into())).await.unwrap();
        let between = taken_back::look(store, &conversation).await;
        let second = desk.reply(&conversation, "One more thing", 1).await;
        store.undo(&desk.mara, &first).await.unwrap();
        store.undo(&desk.mara, &second).await.unwrap();
        assert_eq!(taken_back::look(store, &conversation).await, between, "it is still hers");
        assert_eq!(desk.owed(&conversation).await, 1);
    }

    async fn undo_leaves_alone_what_the_customer_or_a_colleague_did_since(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let ada = desk.shop.actor("Ada", Role::Admin, &[]).await;
        let open = "SELECT count(*) AS n FROM conversations WHERE id = $1 AND state = 'open'";
        for what in ["a customer wrote", "a colleague took it"] {
            let conversation = desk.shop.receive("advice", &format!("+49{what}"), "Hello").await;
            store.waive(&desk.mara, &conversation, "thanks".to_owned(), 1, true).await.unwrap();
            let message = desk.reply(&conversation, "One more thing", 1).await;
            if what == "a customer wrote" {
                desk.shop.receive("advice", &format!("+49{what}"), "Yes?").await;
                store.undo(&desk.mara, &message).await.unwrap();
                assert_eq!((desk.number(open, values![&conversation]).await, desk.owed(&conversation).await), (1, 1));
            } else {
                store.assign(&ada, &conversation, Some(ada.id().clone()), Some("advice".into())).await.unwrap();
                store.undo(&desk.mara, &message).await.unwrap();
                let sql = "SELECT count(*) AS n FROM conversations WHERE id = $1 AND assignee_id = $2";
                assert_eq!(desk.number(sql, values![&conversation, ada.id()]).await, 1);
                assert_eq!(desk.number(open, values![&conversation]).await, 0, "nothing is owed");
            }
        }
    }

    async fn undo_of_send_and_close_opens_what_it_had_closed_before_it_left(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        store.waive(&desk.mara, &conversation, "thanks".to_owned(), 1, false).await.unwrap();
        let before = taken_back::look(store, &conversation).await;
        let draft = crate::store::NewReply { close: true, ..desk.draft(&conversation, "Hi", 1).await };
        let message = store.insert_reply(&desk.mara, draft).await.unwrap();
        // The provider is slow to take it: the window ends, and it still stands in the queue.
        store.close_after_sending(conversation.clone(), message.clone(), desk.mara.id().clone()).await.unwrap();
        assert_ne!(taken_back::look(store, &conversation).await, before);
        store.undo(&desk.mara, &message).await.unwrap();
        assert_eq!(taken_back::look(store, &conversation).await, before);
    }

    async fn what_fails_is_owed_again_unless_a_later_message_stands(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let since = desk.number(OPENED, values![&conversation]).await;
        let first = desk.reply(&conversation, "Hi", 1).await;
        let second = desk.reply(&conversation, "Anything else?", 1).await;
        let claimed = desk.claim().await;
        desk.settle(&claimed[0], SendOutcome::Failed { reason: "30005".to_owned() }).await;
        assert_eq!(desk.delivery(&first).await, DeliveryState::Failed);
        assert_eq!(desk.owed(&conversation).await, 0, "the second stands");
        let claimed = desk.claim().await;
        desk.settle(&claimed[0], SendOutcome::Failed { reason: "30005".to_owned() }).await;
        assert_eq!(desk.owed(&conversation).await, 1);
        assert_eq!(desk.number(OPENED, values![&conversation]).await, since);
        assert_eq!(conflict(desk.shop.store.close(&desk.mara, &conversation).await), Conflict::ReplyOwed);
        desk.shop.store.resend(&desk.mara, &second).await.unwrap();
        assert_eq!(desk.owed(&conversation).await, 0);
        let claimed = desk.claim().await;
        desk.settle(&claimed[0], SendOutcome::Sent("out1".into())).await;
        assert_eq!(desk.delivery(&second).await, DeliveryState::Sent);
    }

    async fn a_bounce_after_the_close_opens_the_conversation_again(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let message = desk.reply(&conversation, "Hi", 1).await;
        let claimed = desk.claim().await;
        desk.settle(&claimed[0], SendOutcome::Sent("out1".into())).await;
        desk.shop.store.close(&desk.mara, &conversation).await.unwrap();
        desk.bring(InboundEvent::Receipt {
            id: "out1".into(),
            state: DeliveryState::Failed,
            reason: Some("30005".to_owned()),
            at: desk.shop.store.now(),
        })
        .await;
        assert_eq!(desk.delivery(&message).await, DeliveryState::Failed);
        let sql = "SELECT count(*) AS n FROM conversations WHERE state = 'open' AND trouble = 'failed'";
        assert_eq!(desk.number(sql, Vec::new()).await, 1);
        assert_eq!(desk.owed(&conversation).await, 1);
    }

    async fn send_and_close_leaves_open_what_was_written_meanwhile(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        for (meanwhile, state) in [(false, "closed"), (true, "open")] {
            let customer = format!("+49{meanwhile}");
            let conversation = desk.shop.receive("advice", &customer, "Hello").await;
            let draft = crate::store::NewReply { close: true, ..desk.draft(&conversation, "Hi", 1).await };
            let message = store.insert_reply(&desk.mara, draft).await.unwrap();
            assert!(store.claim_other_jobs(Duration::from_mins(1), 8).await.unwrap().is_empty(), "not before the undo window ends");
            if meanwhile {
                desk.shop.receive("advice", &customer, "One more thing").await;
            }
            desk.shop.clock.advance(Duration::from_secs(6));
            let jobs = store.claim_other_jobs(Duration::from_mins(1), 8).await.unwrap();
            assert_eq!(jobs.len(), 1);
            store.close_after_sending(conversation.clone(), message, desk.mara.id().clone()).await.unwrap();
            store.update_job(&jobs[0].id, crate::store::JobOutcome::Done(None)).await.unwrap();
            let row = desk.row("SELECT state FROM conversations WHERE id = $1", values![&conversation]).await;
            assert_eq!(row.get::<String>("state").unwrap(), state);
        }
    }

    async fn an_unknown_outcome_opens_what_send_and_close_had_closed(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let draft = crate::store::NewReply { close: true, ..desk.draft(&conversation, "Hi", 1).await };
        let message = store.insert_reply(&desk.mara, draft).await.unwrap();
        desk.shop.clock.advance(Duration::from_secs(6));
        let claimed = desk.claim().await;
        store.close_after_sending(conversation.clone(), message, desk.mara.id().clone()).await.unwrap();
        desk.settle(&claimed[0], SendOutcome::Unknown).await;
        let row = desk.row("SELECT state, trouble FROM conversations WHERE id = $1", values![&conversation]).await;
        assert_eq!(row.get::<String>("state").unwrap(), "open", "a person has to find it");
        assert_eq!(row.get::<String>("trouble").unwrap(), "unconfirmed");
        assert_eq!(desk.owed(&conversation).await, 0);
    }

    async fn a_waiver_needs_something_that_is_owed_and_covers_what_was_seen(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        desk.shop.receive("advice", "+491", "Thanks").await;
        store.waive(&desk.mara, &conversation, "thanks".to_owned(), 1, true).await.unwrap();
        assert_eq!(desk.owed(&conversation).await, 1, "the second was not seen");
        assert_eq!(conflict(store.close(&desk.mara, &conversation).await), Conflict::ReplyOwed);
        store.waive(&desk.mara, &conversation, "thanks".to_owned(), 3, true).await.unwrap();
        let sql = "SELECT count(*) AS n FROM conversations WHERE state = 'closed' AND closed_by IS NOT NULL";
        assert_eq!(desk.number(sql, Vec::new()).await, 1);
    }
}
