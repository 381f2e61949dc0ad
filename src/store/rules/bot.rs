//! When the bot is silent: switched off, enough said to an address, the same text again, and a machine
//! at the other end.

use std::{sync::Arc, time::Duration};

use rapport_model::{DeliveryState, Trust, id::ConversationId, outbound::Part};

use super::{
    desk::Desk,
    letters::{event, letter},
    world::with_bot,
};
use crate::{
    on_both_engines,
    store::{
        BotsOff, InboxFacts, NewAck, SendOutcome, Store, StoreError, StoreOptions, db::Run as _,
        fixture::Shop, testing::Fresh, value::values,
    },
};

/// Runs the jobs that are due as the engine does; gives why the bot was silent in each.
async fn acknowledge(shop: &Shop) -> Vec<Option<&'static str>> {
    let mut said = Vec::new();
    let mut jobs = shop.store.claim_other_jobs(Duration::from_mins(1), 8).await.unwrap();
    // In the order in which they were made.
    jobs.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
    for job in jobs {
        assert_eq!(job.kind, "ack");
        let (conversation, turn) = job.payload.split_once(' ').unwrap();
        let part = Part { text: "We have it.".to_owned(), ..Part::default() };
        let ack = NewAck {
            job: job.id.clone(),
            conversation: ConversationId::try_from(conversation.to_owned()).unwrap(),
            turn: turn.parse().unwrap(),
            text: part.text.clone(),
            letter: false,
            parts: vec![part],
        };
        said.push(shop.store.insert_ack(ack).await.unwrap());
    }
    said
}

/// A desk with the bot on three inboxes, each of a brand of its own.
async fn desk(fresh: Fresh) -> Desk {
    let of = |brand: &str, id: &str| {
        Arc::new(InboxFacts { brand: brand.to_owned(), ..(*with_bot(id, &["advice"])).clone() })
    };
    let inboxes = vec![of("shop", "advice"), of("outlet", "orders"), of("club", "front")];
    Desk::at(Shop::open_with(fresh, inboxes).await).await
}

const QUEUED: &str = "SELECT count(*) AS n FROM outbox WHERE automatic AND state = 'queued'";
const CANCELLED: &str = "SELECT count(*) AS n FROM outbox WHERE automatic AND state = 'cancelled'";
const ENOUGH: Option<&str> = Some("enough automatic messages for a day");
const CLAIMED: Option<&str> = Some("an unverified address had its automatic message of this week");
const OFF: Option<&str> = Some("the bot was switched off");

on_both_engines! {
    async fn what_the_bot_has_queued_does_not_leave_after_the_switch(fresh: Fresh) {
        let desk = desk(fresh).await;
        let store = &desk.shop.store;
        for (round, inbox) in [Some("advice".into()), None].iter().enumerate() {
            let conversation = desk.shop.receive("advice", &format!("+491{round}"), "Hello").await;
            desk.shop.receive("front", &format!("+492{round}"), "Hello").await;
            assert_eq!(acknowledge(&desk.shop).await, [None, None]);
            let since = store.last_event().await.unwrap();
            store.update_bot_switch(&desk.mara, inbox.as_ref(), false).await.unwrap();
            let left = desk.number(QUEUED, Vec::new()).await;
            assert_eq!(left, [1, 0][round], "in the same transaction, and in its scope alone");
            let events = store.list_events(since, 16).await.unwrap();
            let event = events.last().unwrap();
            assert_eq!((event.kind.as_str(), &event.inbox), ("bot.switched_off", inbox));
            assert_eq!(event.actor.as_ref(), Some(desk.mara.id()));
            assert!(desk.claim().await.is_empty());
            assert_eq!(desk.owed(&conversation).await, 1, "a person still owes the reply");

            desk.shop.receive("advice", &format!("+493{round}"), "Hello").await;
            desk.shop.receive("front", &format!("+494{round}"), "Hello").await;
            assert_eq!(acknowledge(&desk.shop).await, [OFF, OFF.filter(|_| inbox.is_none())]);
            store.update_bot_switch(&desk.mara, inbox.as_ref(), true).await.unwrap();
            assert!(desk.claim().await.is_empty(), "what was cancelled stays so");
            desk.shop.receive("advice", &format!("+495{round}"), "Hello").await;
            assert_eq!(acknowledge(&desk.shop).await, [None]);
            let claimed = desk.claim().await;
            assert_eq!(claimed.len(), 1);
            desk.settle(&claimed[0], SendOutcome::Sent(format!("out{round}").as_str().into())).await;
        }
    }

    async fn the_list_shows_what_a_person_said_last_also_after_an_undo(fresh: Fresh) {
        let desk = desk(fresh).await;
        let store = &desk.shop.store;
        let conversation = desk.shop.receive("advice", "+491", "My own words").await;
        let shown = async || store.get_summary(&desk.mara, &conversation).await.unwrap().snippet;
        assert_eq!(acknowledge(&desk.shop).await, [None]);
        assert_eq!(shown().await, "My own words");
        let message = desk.reply(&conversation, "Hi", 1).await;
        assert_eq!(shown().await, "Hi");
        store.undo(&desk.mara, &message).await.unwrap();
        assert_eq!(shown().await, "My own words");
    }

    async fn what_another_node_wrote_while_the_switch_was_thrown_is_refused_when_it_is_claimed(fresh: Fresh) {
        let desk = desk(fresh).await;
        desk.shop.receive("advice", "+491", "Hello").await;
        assert_eq!(acknowledge(&desk.shop).await, [None]);
        // The switch of another node did not see the row.
        let sql = "INSERT INTO bot_off (scope, since, off_by) VALUES ('', 1, $1)";
        desk.shop.store.pool.clone().execute(sql, values![desk.mara.id()]).await.unwrap();
        assert!(desk.claim().await.is_empty());
        assert_eq!(desk.number(CANCELLED, Vec::new()).await, 1);
    }

    async fn a_person_s_reply_leaves_while_the_bot_is_off(fresh: Fresh) {
        let desk = desk(fresh).await;
        desk.shop.store.update_bot_switch(&desk.mara, None, false).await.unwrap();
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let reply = desk.reply(&conversation, "Hi", 1).await;
        let claimed = desk.claim().await;
        assert_eq!(claimed.len(), 1);
        desk.settle(&claimed[0], SendOutcome::Sent("out".into())).await;
        assert_eq!(desk.delivery(&reply).await, DeliveryState::Sent);
    }

    async fn the_switch_is_kept_thrown_twice_is_thrown_once_and_knows_its_inboxes(fresh: Fresh) {
        let desk = desk(fresh).await;
        let store = &desk.shop.store;
        let advice = "advice".into();
        store.update_bot_switch(&desk.mara, Some(&advice), false).await.unwrap();
        let last = store.last_event().await.unwrap();
        store.update_bot_switch(&desk.mara, Some(&advice), false).await.unwrap();
        assert_eq!(store.last_event().await.unwrap(), last, "nothing changed");
        let unknown = store.update_bot_switch(&desk.mara, Some(&"nowhere".into()), false).await;
        assert!(matches!(unknown, Err(StoreError::NotFound("inbox"))), "{unknown:?}");
        let options =
            StoreOptions { url: desk.shop.url().to_owned(), inboxes: Vec::new(), clock: desk.shop.clock.clone() };
        let (again, _) = Store::open(options).await.unwrap();
        let off = BotsOff { everywhere: false, inboxes: [advice].into() };
        assert_eq!(again.list_bots_off().await.unwrap(), off);
    }

    async fn where_to_go_on_is_said_only_where_the_bot_may_speak_and_stands_in_the_conversation(fresh: Fresh) {
        let desk = desk(fresh).await;
        let store = &desk.shop.store;
        let noted = "SELECT count(*) AS n FROM messages WHERE kind = 'activity' AND activity LIKE '%announced%'";
        let announce = async |inbox: usize, from: &str| {
            let facts = store.inboxes()[inbox].clone();
            store.announce(&facts, &from.into()).await.unwrap()
        };
        assert!(!announce(0, "+491").await, "nobody wrote there");
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        assert!(announce(0, "+491").await);
        assert_eq!(desk.number(noted, Vec::new()).await, 1);
        assert_eq!(desk.owed(&conversation).await, 1, "it is no answer");
        desk.reply(&conversation, "Hi", 1).await;
        assert!(!announce(0, "+491").await, "a person has spoken");

        desk.shop.receive("advice", "+492", "Hello").await;
        store.update_bot_switch(&desk.mara, Some(&"advice".into()), false).await.unwrap();
        assert!(!announce(0, "+492").await, "switched off");
        store.update_bot_switch(&desk.mara, Some(&"advice".into()), true).await.unwrap();
        assert!(announce(0, "+492").await);
        let held_off = Arc::new(InboxFacts { bot: false, ..(*store.inboxes()[0]).clone() });
        assert!(!store.announce(&held_off, &"+492".into()).await.unwrap(), "held off by the configuration");

        for (inbox, id) in ["advice", "orders"].iter().enumerate() {
            let conversation = desk.shop.receive(id, "+493", "Hello").await;
            acknowledge(&desk.shop).await;
            assert!(announce(inbox, "+493").await, "{id}");
            end(&desk, &conversation).await;
            assert!(!announce(inbox, "+493").await, "closed");
        }
        assert_eq!(desk.number(noted, Vec::new()).await, 4);
    }

    async fn an_address_gets_two_automatic_messages_a_day_over_all_conversations_and_inboxes(fresh: Fresh) {
        let desk = desk(fresh).await;
        // Each brand has its own contact and conversation for it.
        for (inbox, expected) in [("advice", None), ("orders", None), ("front", ENOUGH)] {
            let conversation = desk.shop.receive(inbox, "+491", "Hello").await;
            assert_eq!(acknowledge(&desk.shop).await, [expected], "{inbox}");
            end(&desk, &conversation).await;
        }
        desk.shop.receive("advice", "+492", "Hello").await;
        assert_eq!(acknowledge(&desk.shop).await, [None], "another address");
        desk.shop.clock.advance(Duration::from_hours(24));
        desk.shop.receive("front", "+491", "Hello again").await;
        assert_eq!(acknowledge(&desk.shop).await, [None], "a day later");
    }

    async fn an_address_that_is_merely_claimed_gets_one_automatic_message_a_week_and_what_is_withheld_is_in_the_log(fresh: Fresh) {
        let desk = desk(fresh).await;
        let withheld = "SELECT count(*) AS n FROM events WHERE kind = 'automatic.withheld'";
        for (round, (expected, logged)) in [(None, 0), (CLAIMED, 1), (None, 1)].into_iter().enumerate() {
            let letter = letter(&desk, &format!("letter-{round}"), "anna@x.example", Trust::Claimed);
            desk.bring(event(&letter)).await;
            assert_eq!(acknowledge(&desk.shop).await, [expected], "{round}");
            assert_eq!(desk.number(withheld, Vec::new()).await, logged, "{round}");
            desk.shop.clock.advance(Duration::from_hours(84));
        }
    }

    async fn the_same_text_a_third_time_within_ten_minutes_is_flagged_and_not_acknowledged(fresh: Fresh) {
        let desk = desk(fresh).await;
        let flagged = "SELECT count(*) AS n FROM messages WHERE flags = 'same_text'";
        for (round, expected) in [vec![None], vec![None], vec![]].into_iter().enumerate() {
            let conversation = desk.shop.receive("advice", "+491", "Hello").await;
            assert_eq!(acknowledge(&desk.shop).await, expected);
            assert_eq!(desk.number(flagged, Vec::new()).await, i64::try_from(round).unwrap());
            end(&desk, &conversation).await;
        }
        // Another text is asked about: here the day's limit speaks, and before it nothing did.
        desk.shop.receive("advice", "+491", "Where is it?").await;
        assert_eq!(acknowledge(&desk.shop).await, [ENOUGH]);

        for _ in 0..3 {
            desk.shop.receive("advice", "+492", "Hello").await;
        }
        let repeated = Some("the same text came again and again");
        assert_eq!(acknowledge(&desk.shop).await, [repeated], "all three were there before the bot looked");
        for _ in 0..3 {
            desk.shop.receive("advice", "+493", "Hello").await;
        }
        desk.shop.clock.advance(Duration::from_mins(11));
        desk.shop.receive("advice", "+493", "Hello").await;
        assert_eq!(acknowledge(&desk.shop).await, [None], "that was ten minutes ago");
    }

    async fn a_machine_that_answers_every_message_of_the_bot_hears_one(fresh: Fresh) {
        let desk = desk(fresh).await;
        let mut said = 0;
        for round in 0..10 {
            desk.shop.receive("advice", "+491", &format!("Automated message {round}")).await;
            said += acknowledge(&desk.shop).await.iter().filter(|silence| silence.is_none()).count();
            desk.shop.clock.advance(Duration::from_hours(3));
        }
        assert_eq!(said, 1, "one turn, and only a person ends it");
    }
}

/// A person decides that nothing is owed, and closes.
async fn end(desk: &Desk, conversation: &ConversationId) {
    let sql = "SELECT last_position AS n FROM conversations WHERE id = $1";
    let seen = desk.number(sql, values![conversation]).await;
    desk.shop.store.waive(&desk.mara, conversation, "other".to_owned(), seen, true).await.unwrap();
}
