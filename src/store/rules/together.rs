//! What associates do with each other: conversations put off and woken, colleagues named in notes, and
//! conversations handed over with a note.

use std::time::Duration;

use rapport_model::{
    Clock as _, Timestamp,
    id::{AssociateId, ConversationId},
};

use super::desk::Desk;
use crate::{
    on_both_engines,
    store::{
        Actor, AssociateChange, Conflict, Counts, Decision, JobOutcome, NewTransfer, Role, StoreError,
        Undoable, Verdict, View, WAKE, testing::Fresh, value::values,
    },
};

const HOUR: Duration = Duration::from_hours(1);

async fn snooze(
    desk: &Desk,
    id: &ConversationId,
    until: Timestamp,
    late: bool,
) -> (Verdict, Option<Undoable>) {
    decide(desk, Decision::Snooze { until, late }, id).await
}

async fn decide(desk: &Desk, decision: Decision, id: &ConversationId) -> (Verdict, Option<Undoable>) {
    let about = vec![(id.clone(), position(desk, id).await)];
    let decided = desk.shop.store.decide(&desk.mara, decision, about).await.unwrap();
    (decided.verdicts[0].1, decided.undo)
}

async fn position(desk: &Desk, id: &ConversationId) -> i64 {
    desk.number("SELECT last_position AS n FROM conversations WHERE id = $1", values![id]).await
}

async fn views_of(desk: &Desk, actor: &Actor, id: &ConversationId) -> Vec<View> {
    let mut found = Vec::new();
    for view in [View::Mine, View::Unassigned, View::All, View::Snoozed, View::Mentions, View::Closed] {
        let page = desk.shop.store.list_conversations(actor, view, None, 100).await.unwrap();
        if page.items.iter().any(|row| row.id == *id) {
            found.push(view);
        }
    }
    found
}

async fn counts(desk: &Desk, actor: &Actor) -> Counts {
    desk.shop.store.count_conversations(actor).await.unwrap()
}

/// Does the jobs that are due.
async fn wake_up(desk: &Desk) {
    let store = &desk.shop.store;
    for job in store.claim_jobs(Duration::from_mins(1), 10).await.unwrap() {
        if job.kind == WAKE {
            store.wake_on_time(&job.id, job.payload.clone().try_into().unwrap()).await.unwrap();
        } else {
            store.update_job(&job.id, JobOutcome::Done(None)).await.unwrap();
        }
    }
}

async fn note(desk: &Desk, id: &ConversationId, names: &[&Actor]) -> Result<(), StoreError> {
    let named = names.iter().map(|actor| actor.id().clone()).collect();
    let key = uuid::Uuid::new_v4().to_string();
    desk.shop.store.insert_note(&desk.mara, id, "Look".to_owned(), Vec::new(), named, key).await.map(drop)
}

fn handed(id: &ConversationId, to: Option<&Actor>, team: Option<&str>, seen: i64) -> NewTransfer {
    NewTransfer {
        conversation: id.clone(),
        associate: to.map(|actor| actor.id().clone()),
        team: team.map(Into::into),
        note: "They want the blue one.".to_owned(),
        mentions: Vec::new(),
        seen_position: seen,
        key: uuid::Uuid::new_v4().to_string(),
    }
}

on_both_engines! {
    async fn what_is_put_off_waits_in_no_list_is_owed_as_before_and_wakes_on_time_as_unread(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let id = desk.shop.receive("advice", "+491", "Hello").await;
        store.assign(&desk.mara, &id, Some(desk.mara.id().clone()), Some("advice".into())).await.unwrap();
        store.update_read_mark(&desk.mara, &id, 9).await.unwrap();
        let due = store.get_summary(&desk.mara, &id).await.unwrap().due_at;
        let until = desk.shop.clock.now().plus(Duration::from_mins(20));
        let (verdict, undo) = snooze(&desk, &id, until, false).await;
        assert_eq!(verdict, Verdict::Done);
        assert_eq!(views_of(&desk, &desk.mara, &id).await, [View::Snoozed]);
        let now = counts(&desk, &desk.mara).await;
        assert_eq!((now.snoozed, now.mine, now.mine_waiting, now.all, now.all_waiting), (1, 0, 0, 0, 0));
        let row = store.get_summary(&desk.mara, &id).await.unwrap();
        assert_eq!((row.due_at, row.snoozed_until), (due, Some(until)));
        assert_eq!(desk.owed(&id).await, 1);
        // Taken back and put off again: the first job wakes nothing.
        assert_eq!(store.take_back(&desk.mara, &undo.unwrap().id).await.unwrap()[0].1, Verdict::Done);
        assert_eq!(views_of(&desk, &desk.mara, &id).await, [View::Mine, View::All]);
        let later = until.plus(Duration::from_mins(5));
        assert_eq!(snooze(&desk, &id, later, false).await.0, Verdict::Done);
        desk.shop.clock.advance(Duration::from_mins(21));
        wake_up(&desk).await;
        assert_eq!(views_of(&desk, &desk.mara, &id).await, [View::Snoozed]);
        desk.shop.clock.advance(Duration::from_mins(5));
        wake_up(&desk).await;
        assert_eq!(views_of(&desk, &desk.mara, &id).await, [View::Mine, View::All]);
        let woken = store.get_summary(&desk.mara, &id).await.unwrap();
        assert!(woken.read_position < Some(woken.inbound_position), "as unread");
        assert_eq!((woken.due_at, woken.snoozed_until), (due, None));
        assert_eq!(counts(&desk, &desk.mara).await.snoozed, 0);
    }

    async fn a_reply_that_is_due_before_the_wake_is_put_off_only_by_somebody_who_knows(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let id = desk.shop.receive("advice", "+491", "Hello").await;
        let tomorrow = desk.shop.clock.now().plus(24 * HOUR);
        assert_eq!(snooze(&desk, &id, tomorrow, false).await.0, Verdict::PastDue);
        assert_eq!(views_of(&desk, &desk.mara, &id).await, [View::Unassigned, View::All]);
        assert_eq!(snooze(&desk, &id, tomorrow, true).await.0, Verdict::Done);
        assert_eq!(desk.owed(&id).await, 1);
        // Answered, nothing is due any more, and it is awake.
        desk.reply(&id, "Wait", 1).await;
        assert_eq!(views_of(&desk, &desk.mara, &id).await, [View::Mine, View::All]);
        assert_eq!(snooze(&desk, &id, tomorrow, false).await.0, Verdict::Done);
        assert_eq!(decide(&desk, Decision::Wake, &id).await.0, Verdict::Done);
        assert_eq!(decide(&desk, Decision::Wake, &id).await.0, Verdict::Unchanged);
        desk.shop.store.close(&desk.mara, &id).await.unwrap();
        assert_eq!(snooze(&desk, &id, tomorrow, true).await.0, Verdict::Unchanged);
    }

    async fn the_customer_wakes_what_is_put_off_and_so_does_a_reply_that_fails(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let id = desk.shop.receive("advice", "+491", "Hello").await;
        let message = desk.reply(&id, "Wait", 1).await;
        let tomorrow = desk.shop.clock.now().plus(24 * HOUR);
        let (_, undo) = snooze(&desk, &id, tomorrow, false).await;
        assert_eq!(views_of(&desk, &desk.mara, &id).await, [View::Snoozed]);
        desk.shop.receive("advice", "+491", "Hello?").await;
        assert_eq!(views_of(&desk, &desk.mara, &id).await, [View::Mine, View::All]);
        let verdicts = desk.shop.store.take_back(&desk.mara, &undo.unwrap().id).await.unwrap();
        assert_eq!(verdicts[0].1, Verdict::NewerMessage);
        assert_eq!(snooze(&desk, &id, tomorrow, true).await.0, Verdict::Done);
        // Taken back, the reply leaves something owed again, and it may sleep on no longer than before.
        desk.shop.store.undo(&desk.mara, &message).await.unwrap();
        assert_eq!(desk.owed(&id).await, 2);
    }

    async fn who_is_named_in_a_note_sees_it_counts_it_until_they_read_it_and_nobody_else_does(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let jonas = desk.shop.actor("Jonas", Role::Associate, &["orders"]).await;
        let ines = desk.shop.actor("Ines", Role::Associate, &[]).await;
        let id = desk.shop.receive("advice", "+491", "Hello").await;
        assert!(matches!(store.get_summary(&jonas, &id).await, Err(StoreError::NotFound(_))));
        note(&desk, &id, &[&jonas]).await.unwrap();
        assert_eq!(views_of(&desk, &jonas, &id).await, [View::Unassigned, View::All, View::Mentions]);
        let now = counts(&desk, &jonas).await;
        assert_eq!((now.mentions, now.unassigned, now.all, now.all_waiting), (1, 1, 1, 1));
        let row = store.get_summary(&jonas, &id).await.unwrap();
        assert_eq!(row.named_position, Some(2));
        assert_eq!(row.mentioned, [jonas.id().clone()]);
        let opened = store.get_details(&jonas, &id, 50).await.unwrap();
        let named = opened.messages.items.iter().find(|message| message.kind == "note").unwrap();
        assert_eq!((named.mentions.as_slice(), named.hidden.is_some()), (&[jonas.id().clone()][..], false));
        store.update_read_mark(&jonas, &id, 1).await.unwrap();
        assert_eq!(counts(&desk, &jonas).await.mentions, 1);
        store.update_read_mark(&jonas, &id, 2).await.unwrap();
        assert_eq!(counts(&desk, &jonas).await.mentions, 0);
        store.update_read_mark(&jonas, &id, 1).await.unwrap();
        assert_eq!(counts(&desk, &jonas).await.mentions, 1, "marked unread");
        // The lists and counters of who is named follow all that becomes of it.
        store.assign(&desk.mara, &id, Some(desk.mara.id().clone()), Some("advice".into())).await.unwrap();
        assert_eq!(views_of(&desk, &jonas, &id).await, [View::All, View::Mentions]);
        let until = desk.shop.clock.now().plus(Duration::from_mins(2));
        assert_eq!(snooze(&desk, &id, until, false).await.0, Verdict::Done);
        assert_eq!(views_of(&desk, &jonas, &id).await, [View::Snoozed, View::Mentions]);
        assert_eq!(counts(&desk, &jonas).await.snoozed, 1);
        let seen = position(&desk, &id).await;
        store.waive(&desk.mara, &id, "thanks".to_owned(), seen, true).await.unwrap();
        assert_eq!(views_of(&desk, &jonas, &id).await, [View::Mentions, View::Closed]);
        let now = counts(&desk, &jonas).await;
        assert_eq!((now.all, now.snoozed, now.closed), (0, 0, 1));
        // Who has it leaves.
        let change = AssociateChange { active: Some(false), ..AssociateChange::default() };
        store.update_associate(None, desk.mara.id(), change).await.unwrap();
        assert_eq!(counts(&desk, &jonas).await.closed, 1);
        assert!(views_of(&desk, &ines, &id).await.is_empty());
        assert_eq!(counts(&desk, &ines).await, Counts::default());
    }

    async fn a_note_that_names_nobody_who_is_here_is_refused_whole(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let jonas = desk.shop.actor("Jonas", Role::Associate, &["orders"]).await;
        let id = desk.shop.receive("advice", "+491", "Hello").await;
        let change = AssociateChange { active: Some(false), ..AssociateChange::default() };
        store.update_associate(None, jonas.id(), change).await.unwrap();
        assert!(matches!(note(&desk, &id, &[&desk.mara, &jonas]).await, Err(StoreError::NotFound("colleague"))));
        let nobody = vec![AssociateId::new()];
        let refused = store.insert_note(&desk.mara, &id, "Look".to_owned(), Vec::new(), nobody, "n".to_owned()).await;
        assert!(matches!(refused, Err(StoreError::NotFound("colleague"))));
        assert_eq!(position(&desk, &id).await, 1);
        assert_eq!(counts(&desk, &desk.mara).await.mentions, 0);
    }

    async fn a_conversation_is_handed_over_with_its_note_in_one_and_taken_back_out_of_sight(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let jonas = desk.shop.actor("Jonas", Role::Associate, &["orders"]).await;
        let id = desk.shop.receive("advice", "+491", "Hello").await;
        let transfer = handed(&id, Some(&jonas), Some("orders"), 1);
        let (note, undo) = store.transfer(&desk.mara, transfer.clone()).await.unwrap();
        // The same key again is the same transfer, wherever it is by now.
        assert_eq!(store.transfer(&desk.mara, transfer).await.unwrap(), (note.clone(), None));
        assert!(matches!(store.get_summary(&desk.mara, &id).await, Err(StoreError::NotFound(_))));
        assert_eq!(views_of(&desk, &jonas, &id).await, [View::Mine, View::All]);
        let opened = store.get_details(&jonas, &id, 50).await.unwrap();
        let kinds: Vec<&str> = opened.messages.items.iter().map(|message| message.kind.as_str()).collect();
        assert_eq!(kinds, ["inbound", "note", "activity"]);
        let activity = opened.messages.items[2].activity.clone().unwrap();
        assert_eq!((activity["type"].as_str(), activity["note"].as_str()), (Some("transferred"), Some(note.as_str())));
        assert_eq!(store.get_summary(&jonas, &id).await.unwrap().snippet_author, "note");
        assert_eq!(desk.owed(&id).await, 1);
        let undo = undo.unwrap().id;
        assert_eq!(store.take_back(&desk.mara, &undo).await.unwrap()[0].1, Verdict::Done);
        assert_eq!(views_of(&desk, &desk.mara, &id).await, [View::Unassigned, View::All]);
        // Once its receiver did something, it is theirs, and whoever gave it away learns no more of it.
        let seen = position(&desk, &id).await;
        let (_, undo) = store.transfer(&desk.mara, handed(&id, Some(&jonas), Some("orders"), seen)).await.unwrap();
        store.assign(&jonas, &id, None, Some("orders".into())).await.unwrap();
        assert_eq!(store.take_back(&desk.mara, &undo.unwrap().id).await.unwrap()[0].1, Verdict::NotFound);
    }

    async fn nothing_is_handed_over_past_what_was_seen_nor_to_who_is_not_here(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let ada = desk.shop.actor("Ada", Role::Admin, &[]).await;
        let id = desk.shop.receive("advice", "+491", "Hello").await;
        desk.shop.receive("advice", "+491", "Hello?").await;
        let newer = |outcome| matches!(outcome, Err(StoreError::Conflict(Conflict::NewerMessage)));
        assert!(newer(store.transfer(&desk.mara, handed(&id, Some(&ada), None, 1)).await));
        note(&desk, &id, &[]).await.unwrap();
        // Their own note is no news to them, and a colleague's is.
        assert!(newer(store.transfer(&ada, handed(&id, Some(&ada), None, 2)).await));
        let gone = store.transfer(&desk.mara, handed(&id, Some(&Actor { id: AssociateId::new(), ..ada.clone() }), None, 2)).await;
        assert!(matches!(gone, Err(StoreError::NotFound("associate"))));
        assert_eq!(position(&desk, &id).await, 3);
        store.transfer(&desk.mara, handed(&id, Some(&ada), None, 2)).await.unwrap();
        let seen = position(&desk, &id).await;
        let again = store.transfer(&ada, handed(&id, Some(&ada), None, seen)).await;
        assert!(matches!(again, Err(StoreError::Conflict(Conflict::NotNow(_)))));
    }
}
