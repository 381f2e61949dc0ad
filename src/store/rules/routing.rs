//! What routing finds out of the store and what it changes there: whom a customer knows, where a decision is
//! taken and where it comes too late, what is overdue, and what is handed back.

use std::time::Duration;

use rapport_model::{
    Timestamp,
    id::{AssociateId, ConversationId},
};

use super::{desk::Desk, invariants};
use crate::{
    on_both_engines,
    store::{
        Actor, AssociateChange, Job, JobOutcome, NewAbsence, Placed, Placement, Role, StoreError, Subject,
        Work, fixture::Shop, testing::Fresh, value::values,
    },
};

const LEASE: Duration = Duration::from_mins(2);

impl Desk {
    async fn assignee(&self, conversation: &ConversationId) -> Option<String> {
        self.row("SELECT assignee_id FROM conversations WHERE id = $1", values![conversation])
            .await
            .get("assignee_id")
            .unwrap()
    }

    async fn raised(&self, conversation: &ConversationId) -> bool {
        let sql = "SELECT raised_at FROM conversations WHERE id = $1";
        self.row(sql, values![conversation]).await.time_opt("raised_at").unwrap().is_some()
    }

    /// The jobs of a kind that are due.
    async fn due(&self, kind: &str) -> Vec<Job> {
        let jobs = self.shop.store.claim_jobs(LEASE, 100).await.unwrap();
        let mut of_kind = Vec::new();
        for job in jobs {
            if job.kind == kind {
                of_kind.push(job);
            } else {
                self.shop.store.update_job(&job.id, JobOutcome::Done(None)).await.unwrap();
            }
        }
        of_kind
    }

    /// A placement as things stand.
    async fn placement(&self, conversation: &ConversationId, to: Option<&Actor>) -> Placement {
        let facts = self.shop.store.get_routing_facts(conversation).await.unwrap();
        Placement {
            job: None,
            conversation: conversation.clone(),
            seen: (facts.turn, facts.assignee, facts.team.clone()),
            team: facts.team,
            assignee: to.map(|to| to.id().clone()),
            stands_in: None,
            back_at: None,
            reasons: "[]".to_owned(),
        }
    }

    async fn known(&self, conversation: &ConversationId) -> Option<AssociateId> {
        self.shop.store.get_routing_facts(conversation).await.unwrap().known.map(|known| known.id)
    }

    async fn say(&self, who: &Actor, conversation: &ConversationId, times: usize) {
        for n in 0..times {
            self.shop.clock.advance(Duration::from_secs(1));
            let draft = self.draft(conversation, &format!("Yes {n}"), 1).await;
            self.shop.store.insert_reply(who, draft).await.unwrap();
        }
    }

    /// A conversation that `who` answered so often and closed, and a new one weeks later.
    async fn talk(&self, from: &str, who: &[(&Actor, usize)]) -> ConversationId {
        let conversation = self.shop.receive("advice", from, "Hello").await;
        for (who, times) in who {
            self.say(who, &conversation, *times).await;
        }
        if let Some((who, _)) = who.last() {
            self.shop.store.close(who, &conversation).await.unwrap();
        }
        self.shop.clock.advance(Duration::from_hours(15 * 24));
        conversation
    }
}

async fn leave(desk: &Desk, who: &Actor) {
    let ada = desk.shop.actor("Ada", Role::Admin, &[]).await;
    let change = AssociateChange { active: Some(false), ..AssociateChange::default() };
    desk.shop.store.update_associate(Some(&ada), who.id(), change).await.unwrap();
}

fn absence(of: &Actor, from: Timestamp, hours: u64, stand_in: Option<&Actor>) -> NewAbsence {
    NewAbsence {
        subject: Subject::Associate(of.id().clone()),
        from,
        until: from.plus(Duration::from_hours(hours)),
        stand_in: stand_in.map(|other| other.id().clone()),
        reason: "Holiday".to_owned(),
    }
}

on_both_engines! {
    async fn the_known_associate_wrote_most_in_the_last_three_conversations_and_last_of_several(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let noor = desk.shop.actor("Noor", Role::Associate, &["advice"]).await;
        // The oldest of four counts no more.
        desk.talk("+491", &[(&desk.mara, 9)]).await;
        desk.talk("+491", &[(&desk.mara, 1), (&noor, 1)]).await;
        desk.talk("+491", &[(&noor, 1)]).await;
        desk.talk("+491", &[(&desk.mara, 1)]).await;
        let now = desk.shop.receive("advice", "+491", "Me again").await;
        let known = desk.shop.store.find_known_associate(&noor, &now).await.unwrap().unwrap();
        assert_eq!((&known.id, known.conversations, known.chosen), (desk.mara.id(), 2, false), "as many, and last");
        desk.say(&noor, &now, 1).await;
        // Now the three are this one and the two before it.
        assert_eq!(desk.known(&now).await.as_ref(), Some(noor.id()));
    }

    async fn a_conversation_that_began_too_long_ago_or_was_only_noted_in_makes_nobody_known(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.talk("+491", &[(&desk.mara, 2)]).await;
        desk.shop.clock.advance(Duration::from_hours(170 * 24));
        let now = desk.shop.receive("advice", "+491", "Me again").await;
        assert_eq!(desk.known(&now).await, None);
        desk.shop.store.insert_note(&desk.mara, &now, "Old friend".to_owned(), Vec::new(), Vec::new(), "k".to_owned()).await.unwrap();
        assert_eq!(desk.known(&now).await, None);
    }

    async fn a_choice_beats_what_is_computed_as_long_as_that_person_works_here(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let noor = desk.shop.actor("Noor", Role::Associate, &["advice"]).await;
        desk.talk("+491", &[(&desk.mara, 2)]).await;
        let now = desk.shop.receive("advice", "+491", "Me again").await;
        let contact = store.get_summary(&noor, &now).await.unwrap().contact;
        let stranger = desk.shop.actor("Zoe", Role::Associate, &["orders"]).await;
        let refused = store.choose_known_associate(&stranger, &contact, Some(noor.id().clone())).await;
        assert!(matches!(refused, Err(StoreError::NotFound("contact"))));
        store.choose_known_associate(&desk.mara, &contact, Some(noor.id().clone())).await.unwrap();
        assert_eq!(desk.known(&now).await.as_ref(), Some(noor.id()));
        leave(&desk, &noor).await;
        assert_eq!(desk.known(&now).await.as_ref(), Some(desk.mara.id()));
        let gone = store.choose_known_associate(&desk.mara, &contact, Some(noor.id().clone())).await;
        assert!(matches!(gone, Err(StoreError::Conflict(_))));
    }

    async fn whoever_merely_claims_an_address_is_not_known_by_whom_its_owner_knows(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.talk("anna@post.example", &[(&desk.mara, 2)]).await;
        let mut claimed = desk.message("m1", "anna@post.example", "It is me, Anna");
        if let rapport_model::InboundEvent::Message(message) = &mut claimed {
            message.thread.id = "another-thread".into();
            if let rapport_model::Author::Contact { trust, .. } = &mut message.author {
                *trust = rapport_model::Trust::Claimed;
            }
        }
        desk.bring(claimed).await;
        let sql = "SELECT conversation_id FROM messages WHERE text = $1";
        let row = desk.row(sql, values!["It is me, Anna"]).await;
        let conversation: ConversationId = row.parse("conversation_id").unwrap();
        assert_eq!(desk.known(&conversation).await, None);
        let own = desk.shop.receive("advice", "anna@post.example", "And this is me").await;
        assert_eq!(desk.known(&own).await.as_ref(), Some(desk.mara.id()), "the proven one is known");
    }

    async fn whose_it_is_to_be_is_asked_once_in_a_turn_and_again_in_the_next(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        desk.shop.receive("advice", "+491", "Anybody?").await;
        let jobs = desk.due("route").await;
        assert_eq!(jobs.len(), 1);
        desk.shop.store.update_job(&jobs[0].id, JobOutcome::Done(None)).await.unwrap();
        desk.shop.receive("advice", "+491", "Hello?").await;
        assert!(desk.due("route").await.is_empty());
        desk.reply(&conversation, "Yes", 1).await;
        desk.shop.receive("advice", "+491", "Thanks, and one more").await;
        assert_eq!(desk.due("route").await.len(), 1);
    }

    async fn a_decision_that_comes_after_a_persons_changes_nothing(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let noor = desk.shop.actor("Noor", Role::Associate, &["advice"]).await;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let late = desk.placement(&conversation, Some(&noor)).await;
        assert!(!store.get_routing_facts(&conversation).await.unwrap().held);
        let to = Some(desk.mara.id().clone());
        store.assign(&desk.mara, &conversation, to, Some("advice".into())).await.unwrap();
        assert!(store.get_routing_facts(&conversation).await.unwrap().held);
        assert_eq!(store.place(late).await.unwrap(), Placed::Stale);
        assert_eq!(desk.assignee(&conversation).await, Some(desk.mara.id().to_string()));
        desk.reply(&conversation, "Hi", 1).await;
        desk.shop.receive("advice", "+491", "And?").await;
        assert!(!store.get_routing_facts(&conversation).await.unwrap().held, "it held for its turn");
        assert!(invariants::broken(store).await.is_empty());
    }

    async fn a_decision_is_kept_with_its_reasons_for_whoever_sees_the_conversation(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let mut placement = desk.placement(&conversation, Some(&desk.mara)).await;
        placement.reasons = "[{\"type\":\"unassigned\"}]".to_owned();
        assert_eq!(store.place(placement).await.unwrap(), Placed::Done);
        let kept = store.list_routings(&desk.mara, &conversation).await.unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].associate.as_ref(), kept[0].turn), (Some(desk.mara.id()), 1));
        assert_eq!(kept[0].reasons, "[{\"type\":\"unassigned\"}]");
        let zoe = desk.shop.actor("Zoe", Role::Associate, &["orders"]).await;
        assert!(store.list_routings(&zoe, &conversation).await.is_err());
        assert!(invariants::broken(store).await.is_empty());
    }

    async fn what_nobody_answers_in_time_is_in_its_queue_again_and_raised(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let late = desk.shop.receive("advice", "+491", "Hello").await;
        let answered = desk.shop.receive("advice", "+492", "Hello").await;
        for conversation in [&late, &answered] {
            let placement = desk.placement(conversation, Some(&desk.mara)).await;
            store.place(placement).await.unwrap();
        }
        desk.reply(&answered, "Hi", 1).await;
        desk.shop.clock.advance(Duration::from_mins(29));
        assert!(desk.due("overdue").await.is_empty());
        desk.shop.clock.advance(Duration::from_mins(2));
        for job in desk.due("overdue").await {
            let conversation = ConversationId::try_from(job.payload.clone()).unwrap();
            let raised = store.raise_overdue(&job.id, &conversation).await.unwrap();
            assert_eq!(raised, conversation == late);
        }
        assert_eq!((desk.assignee(&late).await, desk.raised(&late).await), (None, true));
        assert_eq!(desk.assignee(&answered).await, Some(desk.mara.id().to_string()));
        assert!(store.get_summary(&desk.mara, &late).await.unwrap().raised, "the team sees it");
        let told = "SELECT count(*) AS n FROM events WHERE kind = 'conversation.overdue' AND conversation_id = $1";
        assert_eq!(desk.number(told, values![&late]).await, 1);
        desk.reply(&late, "Sorry, here", 1).await;
        assert!(!desk.raised(&late).await, "an answer ends it");
        assert!(invariants::broken(store).await.is_empty());
    }

    async fn a_later_due_time_moves_the_watch_and_is_never_lost(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        desk.reply(&conversation, "Hi", 1).await;
        desk.shop.clock.advance(Duration::from_mins(20));
        desk.shop.receive("advice", "+491", "And?").await;
        desk.shop.clock.advance(Duration::from_mins(15));
        assert!(desk.due("overdue").await.is_empty(), "the second turn's time counts");
        desk.shop.clock.advance(Duration::from_mins(20));
        let jobs = desk.due("overdue").await;
        assert_eq!(jobs.len(), 1);
        assert!(store.raise_overdue(&jobs[0].id, &conversation).await.unwrap());
        assert!(!store.raise_overdue(&jobs[0].id, &conversation).await.unwrap(), "once");
    }

    async fn who_leaves_hands_all_over_with_a_note_and_it_is_asked_anew(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let noor = desk.shop.actor("Noor", Role::Associate, &["advice"]).await;
        let waits = desk.shop.receive("advice", "+491", "Hello").await;
        let quiet = desk.shop.receive("advice", "+492", "Hello").await;
        for conversation in [&waits, &quiet] {
            let placement = desk.placement(conversation, Some(&noor)).await;
            store.place(placement).await.unwrap();
        }
        desk.say(&noor, &quiet, 1).await;
        desk.due("none").await;
        leave(&desk, &noor).await;
        let asked: Vec<String> = desk.due("route").await.into_iter().map(|job| job.payload).collect();
        assert_eq!(asked, [format!("{waits} 1")]);
        for conversation in [&waits, &quiet] {
            assert_eq!(desk.assignee(conversation).await, None);
            let sql = "SELECT activity FROM messages WHERE conversation_id = $1 AND kind = 'activity' ORDER BY position DESC LIMIT 1";
            let activity: String = desk.row(sql, values![conversation]).await.get("activity").unwrap();
            assert!(activity.contains("\"left\"") && activity.contains("Noor"), "{activity}");
        }
        assert!(invariants::broken(store).await.is_empty());
    }

    async fn what_a_stand_in_has_is_handed_back_when_the_absence_is_over(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let noor = desk.shop.actor("Noor", Role::Associate, &["advice"]).await;
        let now = store.now();
        let away = absence(&desk.mara, now, 48, Some(&noor));
        let until = away.until;
        store.insert_absence(&desk.mara, away).await.unwrap();
        let conversation = desk.shop.receive("advice", "+491", "Hello").await;
        let other = desk.shop.receive("advice", "+492", "Hello").await;
        for (conversation, stands_in) in
            [(&conversation, Some((desk.mara.id().clone(), until))), (&other, None)]
        {
            let placement = desk.placement(conversation, Some(&noor)).await;
            store.place(Placement { stands_in, ..placement }).await.unwrap();
        }
        let facts = store.get_routing_facts(&conversation).await.unwrap();
        assert_eq!(facts.stands_in_for.as_ref(), Some(desk.mara.id()));
        assert!(desk.due("hand_back").await.is_empty());
        desk.shop.clock.advance(Duration::from_hours(49));
        let jobs = desk.due("hand_back").await;
        assert_eq!(jobs.len(), 1);
        assert_eq!(store.hand_back(&jobs[0].id, desk.mara.id()).await.unwrap(), 1);
        assert_eq!(desk.assignee(&conversation).await, Some(desk.mara.id().to_string()));
        assert_eq!(desk.assignee(&other).await, Some(noor.id().to_string()), "that one is Noor's own");
        assert!(invariants::broken(store).await.is_empty());
    }

    async fn an_absence_is_ones_own_or_an_admins_to_enter_and_a_stand_in_works_here(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let store = &desk.shop.store;
        let ada = desk.shop.actor("Ada", Role::Admin, &[]).await;
        let noor = desk.shop.actor("Noor", Role::Associate, &["advice"]).await;
        let now = store.now();
        let of_mara = |stand_in: Option<&Actor>| absence(&desk.mara, now, 8, stand_in);
        assert!(matches!(store.insert_absence(&noor, of_mara(None)).await, Err(StoreError::NotFound("associate"))));
        let own = store.insert_absence(&desk.mara, of_mara(Some(&noor))).await.unwrap();
        store.insert_absence(&ada, of_mara(None)).await.unwrap();
        assert!(matches!(store.insert_absence(&desk.mara, of_mara(Some(&desk.mara))).await, Err(StoreError::Conflict(_))));
        assert!(matches!(store.delete_absence(&noor, &own).await, Err(StoreError::NotFound("absence"))));
        store.delete_absence(&desk.mara, &own).await.unwrap();
        assert_eq!(desk.due("hand_back").await.len(), 1, "at once");
        let team = Subject::Team("advice".into());
        let hours = Some("{}".to_owned());
        assert!(store.set_hours(&desk.mara, team.clone(), hours.clone()).await.is_err());
        store.set_hours(&ada, team.clone(), hours.clone()).await.unwrap();
        assert_eq!(store.get_attendance(&team).await.unwrap().hours, hours);
        let work = Work { capacity: Some(4), skills: vec!["fr".to_owned()] };
        assert!(store.set_work(&noor, noor.id(), work.clone()).await.is_err());
        store.set_work(&ada, noor.id(), work.clone()).await.unwrap();
        let found = store.get_attendance(&Subject::Associate(noor.id().clone())).await.unwrap();
        assert_eq!(found.work, work);
        let (takers, ..) = store.list_takers(&"advice".into()).await.unwrap();
        assert_eq!(takers.iter().map(|taker| &taker.id).collect::<Vec<_>>(), [noor.id()]);
    }

    async fn the_load_of_an_associate_is_what_waits_for_them(fresh: Fresh) {
        let desk = Desk::at(Shop::open(fresh).await).await;
        let store = &desk.shop.store;
        let ada = desk.shop.actor("Ada", Role::Admin, &[]).await;
        store.set_work(&ada, desk.mara.id(), Work { capacity: Some(9), skills: Vec::new() }).await.unwrap();
        for from in ["+491", "+492", "+493"] {
            let conversation = desk.shop.receive("advice", from, "Hello").await;
            let placement = desk.placement(&conversation, Some(&desk.mara)).await;
            store.place(placement).await.unwrap();
            if from == "+493" {
                desk.reply(&conversation, "Hi", 1).await;
            }
        }
        let (takers, ..) = store.list_takers(&"advice".into()).await.unwrap();
        assert_eq!(takers[0].load, 2);
    }
}
