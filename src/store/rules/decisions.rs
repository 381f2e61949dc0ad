//! What is suspected and where it is listed; and what is decided about many at once and taken back.

use std::time::Duration;

use rapport_model::{
    Address, Author, InboundEvent,
    bot::Unanswerable,
    event::InboundMessage,
    id::{ConversationId, DecisionId},
    outbound::Part,
};

use super::{desk::Desk, world::with_bot};
use crate::{
    on_both_engines,
    store::{
        Conflict, Decided, Decision, NewAck, NewReply, Role, SendOutcome, StoreError, TAKE_BACK, Verdict,
        View, fixture::Shop, testing::Fresh, value::values,
    },
};

use Verdict::{Answered, Changed, Done, NewerMessage, NotFound, NothingOwed, Unchanged};

const OPEN: [View; 4] = [View::Mine, View::Unassigned, View::All, View::Suspected];

/// A message that the receiving server took for spam, or did not.
async fn letter(desk: &Desk, from: &str, suspected: bool) -> ConversationId {
    arrive(desk, from, |message| message.letter.suspected = suspected).await
}

/// A message that nobody has to answer.
async fn newsletter(desk: &Desk, from: &str) -> ConversationId {
    arrive(desk, from, |message| message.unanswerable = Some(Unanswerable::AutomaticMail)).await
}

async fn arrive(desk: &Desk, from: &str, change: impl FnOnce(&mut InboundMessage)) -> ConversationId {
    desk.shop.clock.advance(Duration::from_secs(1));
    let id = uuid::Uuid::new_v4().simple().to_string();
    let mut event = desk.message(&id, from, "Hello");
    if let InboundEvent::Message(message) = &mut event {
        change(message);
    }
    desk.bring(event).await;
    let sql = "SELECT m.conversation_id FROM sightings s JOIN messages m ON m.id = s.message_id WHERE s.external_id = $1";
    desk.row(sql, values![id]).await.parse("conversation_id").unwrap()
}

/// In which views of what is open it stands.
async fn views(desk: &Desk, id: &ConversationId) -> Vec<View> {
    let mut found = Vec::new();
    for view in OPEN {
        let page = desk.shop.store.list_conversations(&desk.mara, view, None, 100).await.unwrap();
        if page.items.iter().any(|row| row.id == *id) {
            found.push(view);
        }
    }
    found
}

async fn seen(desk: &Desk, ids: &[&ConversationId]) -> Vec<(ConversationId, i64)> {
    let mut about = Vec::new();
    for id in ids {
        let row = desk.row("SELECT last_position AS n FROM conversations WHERE id = $1", values![*id]).await;
        about.push(((*id).clone(), row.get("n").unwrap()));
    }
    about
}

async fn decide(desk: &Desk, decision: Decision, ids: &[&ConversationId]) -> Decided {
    let about = seen(desk, ids).await;
    desk.shop.store.decide(&desk.mara, decision, about).await.unwrap()
}

fn spam(close: bool) -> Decision {
    Decision::Waive { reason: "spam".to_owned(), close }
}

fn words(verdicts: &[(ConversationId, Verdict)]) -> Vec<Verdict> {
    verdicts.iter().map(|(_, verdict)| *verdict).collect()
}

/// All of a conversation that a decision and its undo must bring back.
async fn stands(desk: &Desk, id: &ConversationId) -> (String, bool, Option<i64>, Option<i64>, Option<i64>) {
    let sql = "SELECT state, suspected, due_at, waiting_since, closed_at FROM conversations WHERE id = $1";
    let row = desk.row(sql, values![id]).await;
    (
        row.get("state").unwrap(),
        row.get("suspected").unwrap(),
        row.get("due_at").unwrap(),
        row.get("waiting_since").unwrap(),
        row.get("closed_at").unwrap(),
    )
}

fn id_of(decided: &Decided) -> &DecisionId {
    &decided.undo.as_ref().expect("something was done").id
}

on_both_engines! {
    async fn a_suspected_conversation_is_owed_as_any_other_and_listed_apart_due_first(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let first = letter(&desk, "a@x", true).await;
        let second = letter(&desk, "b@x", true).await;
        let third = letter(&desk, "c@x", true).await;
        let other = letter(&desk, "d@x", false).await;
        assert_eq!(desk.owed(&first).await, 1);
        assert!(matches!(
            desk.shop.store.close(&desk.mara, &first).await,
            Err(StoreError::Conflict(Conflict::ReplyOwed))
        ));
        assert_eq!(views(&desk, &first).await, [View::Suspected]);
        assert_eq!(views(&desk, &other).await, [View::Unassigned, View::All]);
        decide(&desk, spam(false), &[&first]).await;
        let page = desk.shop.store.list_conversations(&desk.mara, View::Suspected, None, 2).await.unwrap();
        let rest =
            desk.shop.store.list_conversations(&desk.mara, View::Suspected, page.next.as_ref(), 2).await.unwrap();
        let order: Vec<_> = page.items.iter().chain(&rest.items).map(|row| &row.id).collect();
        assert_eq!(order, [&second, &third, &first], "who waits first, then the others");
        let counts = desk.shop.store.count_conversations(&desk.mara).await.unwrap();
        assert_eq!((counts.suspected, counts.all, counts.all_waiting, counts.unassigned), (3, 1, 1, 1));
    }

    async fn where_a_page_of_another_view_ended_shows_nothing_that_is_not_of_this_one(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let apart = letter(&desk, "a@x", true).await;
        letter(&desk, "b@x", false).await;
        letter(&desk, "c@x", false).await;
        let store = &desk.shop.store;
        let all = store.list_conversations(&desk.mara, View::All, None, 1).await.unwrap();
        let page = store.list_conversations(&desk.mara, View::Suspected, all.next.as_ref(), 5).await.unwrap();
        assert_eq!(page.items.iter().map(|row| &row.id).collect::<Vec<_>>(), [&apart]);
    }

    async fn what_is_no_spam_brings_the_conversation_back_and_what_is_takes_none_away(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = letter(&desk, "a@x", true).await;
        letter(&desk, "a@x", true).await;
        assert_eq!(views(&desk, &conversation).await, [View::Suspected]);
        assert_eq!(letter(&desk, "a@x", false).await, conversation);
        assert_eq!(views(&desk, &conversation).await, [View::Unassigned, View::All]);
        letter(&desk, "a@x", true).await;
        assert_eq!(views(&desk, &conversation).await, [View::Unassigned, View::All]);
        assert_eq!(desk.owed(&conversation).await, 4);
    }

    async fn an_answer_and_giving_it_to_somebody_say_that_it_is_no_spam(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let conversation = letter(&desk, "a@x", true).await;
        let message = desk.reply(&conversation, "Yes?", 1).await;
        assert_eq!(views(&desk, &conversation).await, [View::Mine, View::All]);
        store.undo(&desk.mara, &message).await.unwrap();
        assert_eq!(views(&desk, &conversation).await, [View::Suspected], "as it stood before");
        store.assign(&desk.mara, &conversation, None, Some("advice".into())).await.unwrap();
        assert_eq!(views(&desk, &conversation).await, [View::Suspected], "nobody has it");
        let to = Some(desk.mara.id().clone());
        store.assign(&desk.mara, &conversation, to, Some("advice".into())).await.unwrap();
        assert_eq!(views(&desk, &conversation).await, [View::Mine, View::All]);
    }

    async fn a_colleagues_answer_from_another_program_says_so_too(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = arrive(&desk, "a@x", |message| {
            message.letter.suspected = true;
            message.letter.name = Some("first".into());
        })
        .await;
        let mut answer = desk.message("sent", "us", "Yes?");
        if let InboundEvent::Message(message) = &mut answer {
            message.author = Author::OutsideHuman { to: Address::new("a@x") };
            message.letter.follows.references = vec!["first".into()];
        }
        desk.bring(answer).await;
        assert_eq!(desk.owed(&conversation).await, 0);
        assert_eq!(views(&desk, &conversation).await, [View::Unassigned, View::All]);
    }

    async fn the_bot_answers_nothing_that_is_suspected(fresh: Fresh) {
        let shop = Shop::open_with(fresh, vec![with_bot("advice", &["advice"])]).await;
        let desk = Desk::at(shop).await;
        for (from, suspected) in [("a@x", true), ("b@x", false)] {
            let conversation = letter(&desk, from, false).await;
            if suspected {
                decide(&desk, Decision::Suspect, &[&conversation]).await;
            }
            let jobs = desk.shop.store.claim_other_jobs(Duration::from_mins(1), 8).await.unwrap();
            let job = jobs.iter().find(|job| job.kind == "ack").unwrap().id.clone();
            let parts = vec![Part { text: "We have it.".to_owned(), ..Part::default() }];
            let ack = NewAck { job, conversation, turn: 1, text: "We have it.".to_owned(), parts, letter: false };
            desk.shop.store.insert_ack(ack).await.unwrap();
            let sent = desk.number("SELECT count(*) AS n FROM outbox", Vec::new()).await;
            assert_eq!(sent, i64::from(!suspected));
        }
    }

    async fn many_are_waived_at_one_stroke_and_each_that_is_not_says_why(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let plain = letter(&desk, "a@x", true).await;
        let answered = letter(&desk, "b@x", false).await;
        desk.reply(&answered, "Yes?", 1).await;
        let newer = letter(&desk, "c@x", false).await;
        let foreign = desk.shop.receive("orders", "d", "Hello").await;
        let mut about = seen(&desk, &[&plain, &answered, &newer]).await;
        about.push((foreign.clone(), 1));
        about.push((ConversationId::new(), 1));
        letter(&desk, "c@x", false).await;
        let decided = store.decide(&desk.mara, spam(true), about.clone()).await.unwrap();
        assert_eq!(words(&decided.verdicts), [Done, NothingOwed, NewerMessage, NotFound, NotFound]);
        assert_eq!(stands(&desk, &plain).await.0, "closed");
        assert_eq!((desk.owed(&newer).await, desk.owed(&foreign).await), (2, 1));
        let again = store.decide(&desk.mara, spam(true), about).await.unwrap();
        assert_eq!(words(&again.verdicts)[0], NothingOwed);
        assert_eq!(again.undo, None, "nothing to take back");
        let nobody_saw = store.decide(&desk.mara, spam(true), vec![(newer.clone(), 9)]).await;
        assert!(matches!(nobody_saw, Err(StoreError::Conflict(Conflict::NotThere(2)))));
        assert_eq!(desk.owed(&newer).await, 2);
    }

    async fn a_decision_that_is_taken_back_leaves_all_as_it_stood_with_the_original_times(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let ids = [letter(&desk, "a@x", true).await, letter(&desk, "b@x", false).await];
        let [first, second] = &ids;
        let automatic = newsletter(&desk, "c@x").await;
        for (decision, about) in [
            (spam(true), vec![first, second]),
            (spam(false), vec![first, second]),
            (Decision::Release, vec![first]),
            (Decision::Suspect, vec![second]),
            (Decision::Close, vec![&automatic]),
            (Decision::Owe, vec![&automatic]),
            (Decision::Owe, vec![&automatic]),
        ] {
            let mut before = Vec::new();
            for id in &about {
                before.push(stands(&desk, id).await);
            }
            let decided = decide(&desk, decision.clone(), &about).await;
            assert!(decided.verdicts.iter().all(|(_, verdict)| *verdict == Done), "{decision:?}");
            for (id, before) in about.iter().zip(&before) {
                assert_ne!(stands(&desk, id).await, *before, "{decision:?}");
            }
            desk.shop.clock.advance(Duration::from_mins(1));
            let told = store.take_back(&desk.mara, id_of(&decided)).await.unwrap();
            assert!(told.iter().all(|(_, verdict)| *verdict == Done), "{decision:?} {told:?}");
            assert_eq!(told.len(), about.len());
            for (id, before) in about.iter().zip(&before) {
                assert_eq!(stands(&desk, id).await, *before, "{decision:?}");
            }
            assert_eq!(store.take_back(&desk.mara, id_of(&decided)).await.unwrap(), told, "asked twice");
        }
    }

    async fn a_single_waiver_is_taken_back_in_the_same_way(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let conversation = letter(&desk, "a@x", false).await;
        letter(&desk, "a@x", false).await;
        let before = stands(&desk, &conversation).await;
        for (seen, close) in [(1, true), (2, true), (2, false)] {
            let seen = if seen == 1 { 1 } else { seen_all(&desk, &conversation).await };
            let undo = store.waive(&desk.mara, &conversation, "thanks".to_owned(), seen, close).await.unwrap();
            assert_ne!(stands(&desk, &conversation).await, before);
            assert_eq!(undo.until, store.now().plus(TAKE_BACK));
            store.take_back(&desk.mara, &undo.id).await.unwrap();
            assert_eq!(stands(&desk, &conversation).await, before);
        }
    }

    async fn what_came_since_is_not_taken_back_and_is_named(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let mut ids = Vec::new();
        for from in ["a@x", "b@x", "c@x", "d@x", "e@x", "f@x"] {
            ids.push(letter(&desk, from, false).await);
        }
        let about: Vec<_> = ids.iter().collect();
        let decided = decide(&desk, spam(true), &about).await;
        let [written, answered, reopened, noted, undone, lost] = &ids[..] else { unreachable!() };
        newsletter(&desk, "d@x").await;
        letter(&desk, "a@x", false).await;
        desk.reply(answered, "Yes?", 1).await;
        store.reopen(&desk.mara, reopened).await.unwrap();
        store.insert_note(&desk.mara, noted, "hm".to_owned(), Vec::new(), Vec::new(), "n".to_owned()).await.unwrap();
        let reply = desk.reply(undone, "Yes?", 1).await;
        store.undo(&desk.mara, &reply).await.unwrap();
        let ada = desk.shop.actor("Ada", Role::Admin, &[]).await;
        store.assign(&ada, lost, Some(ada.id().clone()), Some("orders".into())).await.unwrap();
        let told = store.take_back(&desk.mara, id_of(&decided)).await.unwrap();
        let word = |id: &ConversationId| told.iter().find(|(other, _)| other == id).unwrap().1;
        assert_eq!(
            [written, answered, reopened, noted, undone, lost].map(word),
            [NewerMessage, Answered, Changed, Done, Done, NotFound]
        );
        for (id, owed) in [(written, 1), (answered, 0), (reopened, 0), (noted, 1), (undone, 1), (lost, 0)] {
            assert_eq!(desk.owed(id).await, owed);
        }
    }

    async fn a_reply_that_failed_and_was_sent_again_has_answered_what_was_waived_between(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let message = desk.reply(&conversation, "Hi", 1).await;
        let claimed = desk.claim().await;
        desk.settle(&claimed[0], SendOutcome::Failed { reason: "30005".to_owned() }).await;
        let decided = decide(&desk, spam(true), &[&conversation]).await;
        store.resend(&desk.mara, &message).await.unwrap();
        let told = store.take_back(&desk.mara, id_of(&decided)).await.unwrap();
        assert_eq!(words(&told), [Answered]);
        assert_eq!(desk.owed(&conversation).await, 0);
    }

    async fn what_needs_an_answer_after_all_waits_since_it_came_and_a_reply_discharges_it(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let automatic = newsletter(&desk, "a@x").await;
        let came = desk.shop.store.now();
        desk.shop.clock.advance(Duration::from_hours(5));
        let open = letter(&desk, "b@x", false).await;
        let decided = decide(&desk, Decision::Owe, &[&automatic, &open]).await;
        assert_eq!(words(&decided.verdicts), [Done, Unchanged]);
        let (state, _, due, since, _) = stands(&desk, &automatic).await;
        assert_eq!((state.as_str(), since), ("open", Some(came.millis())));
        assert_eq!(due, Some(desk.shop.store.now().plus(Duration::from_mins(30)).millis()), "in time from now on");
        desk.reply(&automatic, "Gladly", 1).await;
        assert_eq!(desk.owed(&automatic).await, 0);
        let told = desk.shop.store.take_back(&desk.mara, id_of(&decided)).await.unwrap();
        assert_eq!(words(&told), [Answered]);
    }

    async fn only_who_decided_takes_it_back_and_only_for_ten_minutes(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let ada = desk.shop.actor("Ada", Role::Admin, &[]).await;
        let conversation = letter(&desk, "a@x", true).await;
        let decided = decide(&desk, spam(true), &[&conversation]).await;
        for id in [id_of(&decided), &DecisionId::new()] {
            assert!(matches!(store.take_back(&ada, id).await, Err(StoreError::NotFound("decision"))));
        }
        desk.shop.clock.advance(TAKE_BACK + Duration::from_secs(1));
        assert!(matches!(
            store.take_back(&desk.mara, id_of(&decided)).await,
            Err(StoreError::Conflict(Conflict::TooLate))
        ));
        assert_eq!(desk.owed(&conversation).await, 0);
    }

    async fn two_hundred_are_decided_and_taken_back_whole(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let mut ids = Vec::new();
        for at in 0..200 {
            ids.push(letter(&desk, &format!("{at}@x"), true).await);
        }
        let about: Vec<_> = ids.iter().collect();
        let decided = decide(&desk, spam(true), &about).await;
        assert!(words(&decided.verdicts).iter().all(|verdict| *verdict == Done));
        let owed = "SELECT count(*) AS n FROM obligations WHERE open_state = 'open'";
        assert_eq!(desk.number(owed, Vec::new()).await, 0);
        desk.shop.store.take_back(&desk.mara, id_of(&decided)).await.unwrap();
        assert_eq!(desk.number(owed, Vec::new()).await, 200);
        let counts = desk.shop.store.count_conversations(&desk.mara).await.unwrap();
        assert_eq!((counts.suspected, counts.closed), (200, 0));
    }

    async fn an_answer_from_another_device_past_a_waiver_is_still_an_answer(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = letter(&desk, "a@x", true).await;
        let draft = desk.draft(&conversation, "Yes?", 1).await;
        decide(&desk, spam(true), &[&conversation]).await;
        desk.shop.store.insert_reply(&desk.mara, NewReply { close: false, ..draft }).await.unwrap();
        assert_eq!(views(&desk, &conversation).await, [View::Mine, View::All]);
        assert_eq!(desk.number("SELECT count(*) AS n FROM decisions", Vec::new()).await, 1);
    }
}

async fn seen_all(desk: &Desk, id: &ConversationId) -> i64 {
    seen(desk, &[id]).await[0].1
}
