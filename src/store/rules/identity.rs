//! Joining and parting, case by case and at random, on both engines.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use rapport_model::{
    Address, Author, Clock as _, InboundEvent, Trust,
    id::{ContactId, ConversationId, HandleId},
};

use super::{desk::Desk, invariants};
use crate::{
    on_both_engines,
    store::{
        Actor, Conflict, Field, InboxFacts, IngestRequest, Kept, MergeId, Reason, Refused, Role, StoreError,
        Warning,
        db::Run as _,
        fixture::{Shop, inbox, message},
        testing::Fresh,
        value::values,
    },
};

fn on(id: &str, channel: &str, brand: &str, teams: &[&str]) -> Arc<InboxFacts> {
    Arc::new(InboxFacts {
        channel: channel.to_owned(),
        brand: brand.to_owned(),
        sender_group: channel.to_owned(),
        ..(*inbox(id, teams)).clone()
    })
}

/// Three channels of one brand, a second brand, and two teams.
async fn open(fresh: Fresh) -> Desk {
    let inboxes = vec![
        on("advice", "test", "shop", &["advice"]),
        on("mail", "mail", "shop", &["advice"]),
        on("chat", "chat", "shop", &["advice"]),
        on("orders", "test", "shop", &["orders"]),
        on("outlet", "chat", "outlet", &["advice"]),
    ];
    Desk::at(Shop::open_with(fresh, inboxes).await).await
}

async fn contact_of(desk: &Desk, conversation: &ConversationId) -> ContactId {
    let sql = "SELECT contact_id FROM conversations WHERE id = $1";
    desk.row(sql, values![conversation]).await.parse("contact_id").unwrap()
}

async fn handle_of(desk: &Desk, address: &str) -> HandleId {
    desk.row("SELECT id FROM handles WHERE address = $1", values![address]).await.parse("id").unwrap()
}

async fn merge(desk: &Desk, into: &ContactId, from: &ContactId) -> Result<MergeId, StoreError> {
    desk.shop.store.merge(&desk.mara, into, from, "They said so on the telephone.".to_owned()).await
}

/// Somebody writes who may be anybody. Gives the conversation.
async fn receive(desk: &Desk, inbox: &str, from: &str, text: &str, trust: Trust) -> ConversationId {
    desk.shop.clock.advance(Duration::from_secs(1));
    let facts = desk.shop.store.inboxes().iter().find(|facts| facts.id.0 == inbox).unwrap().clone();
    let id = uuid::Uuid::new_v4().simple().to_string();
    let InboundEvent::Message(mut event) = message(&id, from, text, desk.shop.clock.now()) else {
        unreachable!("it makes a message")
    };
    event.author = Author::Contact {
        address: Address::new(from),
        name: Some("Rosa Blum".to_owned()),
        trust,
        can_reply: true,
        is_bot: false,
    };
    if trust == Trust::Claimed {
        event.thread.id = id.as_str().into();
        event.thread.permanent = false;
    }
    let events = vec![InboundEvent::Message(event)];
    desk.shop.store.ingest(IngestRequest::new(facts, events, None, None, Kept::default())).await.unwrap();
    let sql = "SELECT m.conversation_id FROM sightings s JOIN messages m ON m.id = s.message_id WHERE s.external_id = $1";
    desk.row(sql, values![&id]).await.parse("conversation_id").unwrap()
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, StoreError>, why: Refused) {
    let told = outcome.unwrap_err();
    assert!(matches!(&told, StoreError::Conflict(Conflict::CannotJoin(this)) if *this == why), "{told}");
}

async fn rows(desk: &Desk, sql: &'static str) -> BTreeSet<String> {
    let rows = desk.shop.store.pool.clone().all(sql, Vec::new()).await.unwrap();
    rows.iter().map(|row| row.get("r").unwrap()).collect()
}

const WHOSE: [&str; 4] = [
    "SELECT id || ' ' || COALESCE(name, '-') || ' ' || COALESCE(external_ref, '-') || ' ' || COALESCE(merged_into_id, '-') AS r FROM contacts",
    "SELECT handle_id || ' ' || contact_id || ' ' || valid_from || ' ' || COALESCE(valid_to, -1) AS r FROM handle_periods",
    "SELECT id || ' ' || conversation_id || ' ' || contact_id || ' ' || position || ' ' || COALESCE(thread_id, '-') AS r FROM messages WHERE kind <> 'activity'",
    "SELECT id || ' ' || trust || ' ' || COALESCE(blocked_at, -1) || ' ' || COALESCE(blocked_reason, '-') AS r FROM handles",
];

const WORK: [&str; 4] = [
    "SELECT id || ' ' || conversation_id || ' ' || contact_id || ' ' || position || ' ' || COALESCE(open_state, '-') || ' ' || due_at || ' ' || COALESCE(discharged_by, '-') AS r FROM obligations",
    "SELECT id || ' ' || conversation_id || ' ' || COALESCE(handle_id, '-') || ' ' || last_ticket AS r FROM threads",
    "SELECT id || ' ' || contact_id || ' ' || thread_id || ' ' || state || ' ' || COALESCE(due_at, -1) || ' ' || queue_at || ' ' || snippet || ' ' || inbound_position AS r FROM conversations",
    "SELECT message_id || ' ' || recipient || ' ' || handle_id || ' ' || state || ' ' || COALESCE(contact_id, '-') AS r FROM deliveries",
];

async fn stands(desk: &Desk, what: &[&'static str]) -> Vec<BTreeSet<String>> {
    let mut all = Vec::new();
    for sql in what {
        all.push(rows(desk, sql).await);
    }
    all
}

async fn activity(desk: &Desk, conversation: &ConversationId, kind: &str) -> i64 {
    let like = format!("%\"{kind}\"%");
    let sql = "SELECT count(*) AS n FROM messages WHERE conversation_id = $1 AND activity LIKE $2";
    desk.number(sql, values![conversation, like]).await
}

async fn code(desk: &Desk, contact: &ContactId) -> String {
    desk.shop.store.insert_link_code(&desk.mara, contact).await.unwrap().code.expose().to_owned()
}

/// Somebody who is known by SMS, and a code that was made for them.
async fn known(desk: &Desk) -> (ContactId, String) {
    let sms = desk.shop.receive("advice", "+491", "Hello").await;
    let other = desk.shop.receive("advice", "+492", "Hello").await;
    let (a, b) = (contact_of(desk, &sms).await, contact_of(desk, &other).await);
    merge(desk, &b, &a).await.unwrap();
    let code = code(desk, &b).await;
    (b, code)
}

/// So many mails by which somebody pretends to be them, some with the code itself.
async fn spoof(desk: &Desk, real: &str, times: usize) {
    for at in 0..times {
        let from = match at % 5 {
            0 => "rosa@blum.example".to_owned(),
            1 => format!("r\u{43e}sa{at}@blum.example"),
            2 => "r\u{43e}sa@blum.example".to_owned(),
            3 => format!("\"rosa@blum.example\"@evil{at}.example"),
            _ => "+491".to_owned(),
        };
        let guess: String = match at % 3 {
            0 => real.to_owned(),
            1 => real.chars().rev().collect(),
            _ => format!("{}-{at:05}", &real[..5]).replace(['0', '1'], "2"),
        };
        receive(desk, "mail", &from, &format!("It is me, Rosa Blum. {guess}"), Trust::Claimed).await;
    }
}

#[cfg(feature = "sabotage")]
#[tokio::test]
async fn a_spoof_that_is_let_in_is_seen_by_the_test() {
    let desk = open(Fresh::sqlite()).await;
    let (b, real) = known(&desk).await;
    fail::cfg(crate::sabotage::Rule::ProvenToJoin.name(), "return").unwrap();
    spoof(&desk, &real, 1).await;
    fail::remove(crate::sabotage::Rule::ProvenToJoin.name());
    assert_eq!(desk.shop.store.get_contact(&b).await.unwrap().handles.len(), 3);
}

on_both_engines! {
    async fn two_records_become_one_and_two_again(fresh: Fresh) {
        let desk = open(fresh).await;
        let by_sms = desk.shop.receive("advice", "+491", "Hello").await;
        let by_mail = desk.shop.receive("mail", "rosa@blum.example", "Hello").await;
        desk.reply(&by_sms, "Hi", 1).await;
        let (a, b) = (contact_of(&desk, &by_sms).await, contact_of(&desk, &by_mail).await);
        let before = (stands(&desk, &WHOSE).await, stands(&desk, &WORK).await);
        let preview = desk.shop.store.preview_merge(&desk.mara, &a, &b).await.unwrap();
        assert_eq!((preview.into.conversations, preview.from.conversations), (1, 1));
        assert_eq!((preview.refused, preview.warnings.as_slice()), (None, &[][..]));
        let id = merge(&desk, &a, &b).await.unwrap();
        assert_eq!(contact_of(&desk, &by_mail).await, a);
        let card = desk.shop.store.get_card(&desk.mara, &a).await.unwrap();
        assert_eq!((card.contact.handles.len(), card.episodes.len(), card.evidence.len()), (2, 2, 1));
        assert_eq!(card.evidence[0].reason.as_deref(), Some("They said so on the telephone."));
        assert_eq!(activity(&desk, &by_sms, "merged").await + activity(&desk, &by_mail, "merged").await, 1);
        assert_eq!(invariants::broken(&desk.shop.store).await, Vec::<String>::new());
        assert_eq!(desk.shop.store.undo_merge(&desk.mara, &id).await.unwrap(), b);
        assert_eq!((stands(&desk, &WHOSE).await, stands(&desk, &WORK).await), before);
        refused(desk.shop.store.undo_merge(&desk.mara, &id).await, Refused::UndoneBefore);
        assert_eq!(invariants::broken(&desk.shop.store).await, Vec::<String>::new());
    }

    async fn what_came_after_a_merge_goes_with_its_thread_and_is_owed(fresh: Fresh) {
        let desk = open(fresh).await;
        let by_sms = desk.shop.receive("advice", "+491", "Hello").await;
        let by_mail = desk.shop.receive("mail", "rosa@blum.example", "Hello").await;
        desk.reply(&by_mail, "Hi", 1).await;
        desk.shop.store.close(&desk.mara, &by_mail).await.unwrap();
        let (a, b) = (contact_of(&desk, &by_sms).await, contact_of(&desk, &by_mail).await);
        let id = merge(&desk, &a, &b).await.unwrap();
        let joined = desk.shop.receive("mail", "rosa@blum.example", "One more thing").await;
        assert_eq!(joined, by_sms, "one person, one open conversation");
        // It goes by mail, where they wrote last, and settles what was asked by SMS.
        let answer = desk.reply(&by_sms, "Both", 1).await;
        assert_eq!(desk.owed(&by_sms).await, 0);
        desk.shop.store.undo_merge(&desk.mara, &id).await.unwrap();
        let sql = "SELECT conversation_id, contact_id FROM messages WHERE id = $1";
        let row = desk.row(sql, values![&answer]).await;
        let parted: ConversationId = row.parse("conversation_id").unwrap();
        assert_ne!(parted, by_sms);
        assert_eq!(row.parse::<ContactId>("contact_id").unwrap(), b);
        assert_eq!(desk.owed(&by_sms).await, 1, "who wrote by SMS was answered by mail to somebody else");
        assert_eq!(desk.owed(&parted).await, 0);
        assert_eq!(desk.shop.receive("mail", "rosa@blum.example", "And").await, parted);
        assert_eq!(desk.shop.receive("advice", "+491", "Well?").await, by_sms);
        assert_eq!(invariants::broken(&desk.shop.store).await, Vec::<String>::new());
    }

    async fn conflicting_values_are_kept_until_a_person_chooses(fresh: Fresh) {
        let desk = open(fresh).await;
        let one = desk.shop.receive("advice", "+491", "Hello").await;
        let other = desk.shop.receive("mail", "rosa@blum.example", "Hello").await;
        let (a, b) = (contact_of(&desk, &one).await, contact_of(&desk, &other).await);
        let mut pool = desk.shop.store.pool.clone();
        let sql = "UPDATE contacts SET name = $2, external_ref = $3 WHERE id = $1";
        pool.execute(sql, values![&a, "Rosa", "K-1"]).await.unwrap();
        pool.execute(sql, values![&b, "Rosa Blum", "K-2"]).await.unwrap();
        let before = stands(&desk, &WHOSE).await;
        let preview = desk.shop.store.preview_merge(&desk.mara, &a, &b).await.unwrap();
        assert_eq!(preview.differences.len(), 2);
        let id = merge(&desk, &a, &b).await.unwrap();
        let card = desk.shop.store.get_card(&desk.mara, &a).await.unwrap();
        assert_eq!((card.contact.name.as_deref(), card.rivals.len()), (Some("Rosa"), 2));
        let choose = |field, value: &str| desk.shop.store.choose_value(&desk.mara, &a, field, value.to_owned());
        assert!(matches!(choose(Field::Name, "Rose").await, Err(StoreError::NotFound("value"))));
        choose(Field::Name, "Rosa Blum").await.unwrap();
        choose(Field::ExternalRef, "K-2").await.unwrap();
        let card = desk.shop.store.get_card(&desk.mara, &a).await.unwrap();
        assert_eq!((card.contact.name.as_deref(), card.contact.external_ref.as_deref()), (Some("Rosa Blum"), Some("K-2")));
        assert_eq!(card.rivals, []);
        desk.shop.store.undo_merge(&desk.mara, &id).await.unwrap();
        assert_eq!(stands(&desk, &WHOSE).await, before);
        // What one lacks it takes from the other, and gives back.
        pool.execute(sql, values![&a, None::<String>, None::<String>]).await.unwrap();
        let before = stands(&desk, &WHOSE).await;
        let id = merge(&desk, &a, &b).await.unwrap();
        let card = desk.shop.store.get_card(&desk.mara, &a).await.unwrap();
        assert_eq!((card.contact.external_ref.as_deref(), card.rivals.len()), (Some("K-2"), 0));
        desk.shop.store.undo_merge(&desk.mara, &id).await.unwrap();
        assert_eq!(stands(&desk, &WHOSE).await, before);
    }

    async fn a_merge_that_makes_no_sense_is_refused_with_what_is_wrong(fresh: Fresh) {
        let desk = open(fresh).await;
        let (store, none) = (&desk.shop.store, Vec::<String>::new());
        let one = desk.shop.receive("advice", "+491", "Hello").await;
        let two = desk.shop.receive("mail", "rosa@blum.example", "Hello").await;
        let three = desk.shop.receive("chat", "rosa", "Hello").await;
        let theirs = desk.shop.receive("outlet", "rosa", "Hello").await;
        let hidden = desk.shop.receive("orders", "+492", "Hello").await;
        let (a, b, c) = (contact_of(&desk, &one).await, contact_of(&desk, &two).await, contact_of(&desk, &three).await);
        refused(merge(&desk, &a, &a).await, Refused::SameContact);
        refused(merge(&desk, &a, &contact_of(&desk, &theirs).await).await, Refused::OtherBrand);
        let out = merge(&desk, &a, &contact_of(&desk, &hidden).await).await;
        assert!(matches!(out, Err(StoreError::NotFound("contact"))), "{out:?}");
        let out = merge(&desk, &a, &ContactId::new()).await;
        assert!(matches!(out, Err(StoreError::NotFound("contact"))), "{out:?}");
        let first = merge(&desk, &a, &b).await.unwrap();
        let ada = desk.shop.actor("Ada", Role::Admin, &[]).await;
        refused(store.merge(&ada, &a, &b, "again".to_owned()).await, Refused::MergedBefore);
        let second = merge(&desk, &c, &a).await.unwrap();
        refused(store.undo_merge(&desk.mara, &first).await, Refused::LaterMerge);
        let tom = desk.shop.actor("Tom", Role::Associate, &["orders"]).await;
        let out = store.undo_merge(&tom, &second).await;
        assert!(matches!(out, Err(StoreError::NotFound("merge"))), "{out:?}");
        store.undo_merge(&desk.mara, &second).await.unwrap();
        let erase = "UPDATE contacts SET erased_at = 1 WHERE id = $1";
        store.pool.clone().execute(erase, values![&b]).await.unwrap();
        refused(store.undo_merge(&desk.mara, &first).await, Refused::Erased);
        refused(merge(&desk, &b, &c).await.map_err(|_| Conflict::CannotJoin(Refused::Erased).into()), Refused::Erased);
        assert_eq!(invariants::broken(store).await, none);
    }

    async fn blocks_and_opt_outs_survive_a_merge(fresh: Fresh) {
        let desk = open(fresh).await;
        let one = desk.shop.receive("advice", "+491", "Hello").await;
        let two = desk.shop.receive("mail", "rosa@blum.example", "Hello").await;
        let (a, b) = (contact_of(&desk, &one).await, contact_of(&desk, &two).await);
        desk.shop.store.block(&desk.mara, &handle_of(&desk, "rosa@blum.example").await, "spam".to_owned()).await.unwrap();
        desk.bring(Desk::reach("+491", rapport_model::event::ReachChange::OptedOut, 9)).await;
        let preview = desk.shop.store.preview_merge(&desk.mara, &a, &b).await.unwrap();
        assert_eq!(preview.warnings, [Warning::Blocked, Warning::OptedOut]);
        let id = merge(&desk, &a, &b).await.unwrap();
        let handles = desk.shop.store.get_contact(&a).await.unwrap().handles;
        let state = |address: &str| {
            let handle = handles.iter().find(|handle| handle.address.expose() == address).unwrap();
            (handle.blocked.is_some(), handle.opted_out_at.is_some())
        };
        assert_eq!((state("+491"), state("rosa@blum.example")), ((false, true), (true, false)));
        let blocked = desk.shop.receive("mail", "rosa@blum.example", "Buy").await;
        assert_eq!(desk.owed(&blocked).await, 0, "what is blocked opens nothing");
        let draft = desk.draft(&one, "Hi", 1).await;
        let told = desk.shop.store.insert_reply(&desk.mara, draft).await.unwrap_err();
        assert!(told.to_string().contains("opted out"), "{told}");
        desk.shop.store.undo_merge(&desk.mara, &id).await.unwrap();
        assert_eq!(invariants::broken(&desk.shop.store).await, Vec::<String>::new());
    }

    async fn a_familys_shared_phone(fresh: Fresh) {
        let desk = open(fresh).await;
        let (store, phone) = (&desk.shop.store, "+491");
        let family = desk.shop.receive("advice", phone, "Hello").await;
        let rosa = desk.shop.receive("mail", "rosa@blum.example", "Hello").await;
        let (a, b) = (contact_of(&desk, &family).await, contact_of(&desk, &rosa).await);
        let handle = handle_of(&desk, phone).await;
        store.share_handle(&desk.mara, &handle, true).await.unwrap();
        assert_eq!(activity(&desk, &family, "shared").await, 1);
        refused(merge(&desk, &b, &a).await, Refused::OnlyShared);
        assert_eq!(store.preview_merge(&desk.mara, &b, &a).await.unwrap().refused, Some(Refused::OnlyShared));
        let code = code(&desk, &b).await;
        desk.shop.receive("advice", phone, &code).await;
        assert_eq!(contact_of(&desk, &family).await, a, "it joins nothing by a code either");
        assert_eq!(activity(&desk, &family, "barred").await, 1);
        // Taken back, it may be joined; marked again, nothing is drawn across it.
        store.share_handle(&desk.mara, &handle, false).await.unwrap();
        merge(&desk, &b, &a).await.unwrap();
        store.share_handle(&desk.mara, &handle, true).await.unwrap();
        desk.reply(&rosa, "Hi", 1).await;
        store.close(&desk.mara, &rosa).await.unwrap();
        let again = desk.shop.receive("mail", "rosa@blum.example", "Hello again").await;
        assert_ne!(again, family, "what came by her own address does not go to where all of the family reads");
        assert_eq!(desk.shop.receive("advice", phone, "It is Max").await, family);
        desk.reply(&family, "Hi", 1).await;
        store.close(&desk.mara, &family).await.unwrap();
        desk.shop.clock.advance(Duration::from_hours(24 * 30));
        let max = desk.shop.receive("advice", phone, "It is Max again").await;
        assert_ne!(max, again);
        assert_eq!(invariants::broken(store).await, Vec::<String>::new());
    }

    async fn a_re_assigned_number(fresh: Fresh) {
        let desk = open(fresh).await;
        let (store, number) = (&desk.shop.store, "+491");
        let old = desk.shop.receive("advice", number, "Hello").await;
        let mail = desk.shop.receive("mail", "rosa@blum.example", "Hello").await;
        let (a, b) = (contact_of(&desk, &old).await, contact_of(&desk, &mail).await);
        let id = merge(&desk, &b, &a).await.unwrap();
        let handle = handle_of(&desk, number).await;
        store.give_to_new_owner(&desk.mara, &handle, "a stranger answered".to_owned()).await.unwrap();
        let new = desk.shop.receive("advice", number, "Who is this?").await;
        let c = contact_of(&desk, &new).await;
        assert!(c != a && c != b);
        // The old owner is parted again; the number stays the new owner's.
        store.undo_merge(&desk.mara, &id).await.unwrap();
        assert_eq!(contact_of(&desk, &old).await, a);
        assert_eq!(desk.shop.receive("advice", number, "Hello?").await, new);
        let handles = store.get_contact(&a).await.unwrap().handles;
        assert!(handles[0].until.is_some());
        // A new owner who did not write yet can be taken back, also where the old record was merged since.
        desk.shop.clock.advance(Duration::from_secs(1));
        store.give_to_new_owner(&desk.mara, &handle, "again".to_owned()).await.unwrap();
        merge(&desk, &b, &c).await.unwrap();
        store.give_back_to_owner(&desk.mara, &handle).await.unwrap();
        assert_eq!(contact_of(&desk, &desk.shop.receive("advice", number, "Me").await).await, b);
        assert_eq!(invariants::broken(store).await, Vec::<String>::new());
    }

    async fn a_code_that_comes_back_on_another_channel_joins_and_is_kept_as_evidence(fresh: Fresh) {
        let desk = open(fresh).await;
        let mail = desk.shop.receive("mail", "rosa@blum.example", "Hello").await;
        let a = contact_of(&desk, &mail).await;
        let code = code(&desk, &a).await;
        let chat = desk.shop.receive("chat", "rosa", &format!("my code is {}", code.to_lowercase())).await;
        assert_eq!(chat, mail, "it goes to the conversation that is open with them");
        let card = desk.shop.store.get_card(&desk.mara, &a).await.unwrap();
        assert_eq!((card.contact.handles.len(), card.evidence[0].basis.as_str()), (2, "code"));
        assert_eq!(card.evidence[0].channel.as_deref(), Some("chat"));
        assert_eq!(activity(&desk, &mail, "linked").await, 1);
        let plain = "SELECT count(*) AS n FROM link_codes WHERE code_hash = $1";
        assert_eq!(desk.number(plain, values![&code]).await, 0, "the code is kept nowhere");
        desk.shop.store.undo_merge(&desk.mara, &card.evidence[0].merge).await.unwrap();
        let row = desk.row("SELECT conversation_id FROM messages WHERE text LIKE 'my code%'", Vec::new()).await;
        let parted: ConversationId = row.parse("conversation_id").unwrap();
        assert_ne!(parted, mail);
        assert_ne!(contact_of(&desk, &parted).await, a);
        assert_eq!(invariants::broken(&desk.shop.store).await, Vec::<String>::new());
    }

    async fn a_code_used_expired_or_of_another_brand_joins_nothing_and_says_so(fresh: Fresh) {
        let desk = open(fresh).await;
        let mail = desk.shop.receive("mail", "rosa@blum.example", "Hello").await;
        let a = contact_of(&desk, &mail).await;
        let first = code(&desk, &a).await;
        let second = code(&desk, &a).await;
        let told = |at: ConversationId, why: &'static str| {
            let desk = &desk;
            let a = a.clone();
            async move {
                assert_ne!(contact_of(desk, &at).await, a, "{why}");
                assert_eq!(activity(desk, &at, why).await, 1, "{why}");
            }
        };
        told(desk.shop.receive("chat", "max", &first).await, "expired").await;
        told(desk.shop.receive("outlet", "max", &second).await, "other_brand").await;
        told(desk.shop.receive("mail", "max@blum.example", &format!("> {second}")).await, "same_channel").await;
        assert_eq!(desk.shop.receive("mail", "rosa@blum.example", &second).await, mail, "whoever quotes it themselves");
        desk.shop.receive("chat", "rosa", &second).await;
        assert_eq!(desk.shop.store.get_contact(&a).await.unwrap().handles.len(), 2);
        told(desk.shop.receive("advice", "+499", &second).await, "used").await;
        let third = code(&desk, &a).await;
        desk.shop.clock.advance(Duration::from_hours(24));
        told(desk.shop.receive("advice", "+498", &third).await, "expired").await;
        let nobodys = desk.shop.receive("advice", "+497", "AAAAA-BBBBB").await;
        assert_eq!(activity(&desk, &nobodys, "code_refused").await, 0);
        assert_eq!(invariants::broken(&desk.shop.store).await, Vec::<String>::new());
    }

    async fn what_a_claimed_sender_brings_back_is_offered_and_joins_nothing(fresh: Fresh) {
        let desk = open(fresh).await;
        let sms = desk.shop.receive("advice", "+491", "Hello").await;
        let a = contact_of(&desk, &sms).await;
        let code = code(&desk, &a).await;
        let spoof = receive(&desk, "mail", "rosa@blum.example", &code, Trust::Claimed).await;
        let b = contact_of(&desk, &spoof).await;
        assert_ne!(a, b);
        assert_eq!(activity(&desk, &spoof, "unproven").await, 1);
        let offered = desk.shop.store.get_card(&desk.mara, &a).await.unwrap().suggestions;
        assert_eq!((offered.len(), offered[0].reason), (1, Reason::CodeReturned));
        assert_eq!(desk.shop.store.get_card(&desk.mara, &b).await.unwrap().suggestions.len(), 1);
        // It did not use the code up.
        desk.shop.receive("chat", "rosa", &code).await;
        assert_eq!(desk.shop.store.get_contact(&a).await.unwrap().handles.len(), 2);
    }

    async fn the_same_proven_address_is_a_suggestion_and_a_look_alike_a_warning(fresh: Fresh) {
        let desk = open(fresh).await;
        let proven = receive(&desk, "mail", "paypal@blum.example", "Hello", Trust::Proven).await;
        let claimed = receive(&desk, "mail", "paypal@blum.example", "Hello", Trust::Claimed).await;
        let alike = receive(&desk, "mail", "p\u{430}ypal@blum.example", "Hello", Trust::Proven).await;
        let (a, b, c) = (contact_of(&desk, &proven).await, contact_of(&desk, &claimed).await, contact_of(&desk, &alike).await);
        let store = &desk.shop.store;
        let card = store.get_card(&desk.mara, &a).await.unwrap();
        assert_eq!(card.suggestions.iter().map(|one| (&one.contact, one.reason)).collect::<Vec<_>>(), [(&b, Reason::SameAddress)]);
        assert!(card.contact.handles[0].look_alike);
        assert!(!card.contact.handles[0].mixed_scripts);
        let other = store.get_card(&desk.mara, &c).await.unwrap();
        assert_eq!(other.suggestions, []);
        assert!(other.contact.handles[0].look_alike && other.contact.handles[0].mixed_scripts);
        let warnings = store.preview_merge(&desk.mara, &a, &c).await.unwrap().warnings;
        assert_eq!(warnings, [Warning::LookAlike]);
        store.dismiss_suggestion(&desk.mara, &b, &a).await.unwrap();
        assert_eq!(store.get_card(&desk.mara, &a).await.unwrap().suggestions, []);
        let warnings = store.preview_merge(&desk.mara, &a, &b).await.unwrap().warnings;
        assert_eq!(warnings, [Warning::SaidApart, Warning::Unproven]);
    }

    async fn three_hundred_spoofs_join_nothing(fresh: Fresh) {
        let desk = open(fresh).await;
        let (b, real) = known(&desk).await;
        let before: BTreeSet<String> = rows(&desk, WHOSE[1]).await;
        let sql = "SELECT count(*) AS n FROM messages WHERE contact_id = $1 AND kind = 'inbound'";
        let said = desk.number(sql, values![&b]).await;
        spoof(&desk, &real, 300).await;
        let after = rows(&desk, WHOSE[1]).await;
        assert!(before.is_subset(&after), "nobody's handle went to anybody");
        assert_eq!(desk.number(sql, values![&b]).await, said, "nothing was put into their timeline");
        assert_eq!(desk.number("SELECT count(*) AS n FROM journal", Vec::new()).await, 1);
        // And the real one still works.
        desk.shop.receive("chat", "rosa", &real).await;
        assert_eq!(desk.shop.store.get_contact(&b).await.unwrap().handles.len(), 3);
        assert_eq!(invariants::broken(&desk.shop.store).await, Vec::<String>::new());
    }

    async fn what_others_said_stands_on_a_card_by_date_team_and_associate(fresh: Fresh) {
        let desk = open(fresh).await;
        let one = desk.shop.receive("advice", "+491", "Hello").await;
        let other = desk.shop.receive("orders", "+492", "A secret").await;
        let ada = desk.shop.actor("Ada", Role::Admin, &[]).await;
        let (a, b) = (contact_of(&desk, &one).await, contact_of(&desk, &other).await);
        desk.shop.store.merge(&ada, &a, &b, "so".to_owned()).await.unwrap();
        let seen = |who: Actor| {
            let store = desk.shop.store.clone();
            let a = a.clone();
            async move { store.get_card(&who, &a).await.unwrap().episodes }
        };
        let episodes = seen(desk.mara.clone()).await;
        let hidden = episodes.iter().find(|one| one.conversation.is_none()).unwrap();
        assert_eq!((hidden.snippet.as_ref(), hidden.channel.as_ref(), hidden.state), (None, None, None));
        assert_eq!(hidden.with.team.as_ref().map(|team| team.0.as_str()), Some("orders"));
        assert!(seen(ada).await.iter().all(|one| one.conversation.is_some()));
    }

    async fn whatever_happens_between_a_merge_and_its_undo_both_sides_stand_again(fresh: Fresh) {
        let desk = open(fresh).await;
        let mut dice = 7_u64;
        let mut roll = move |sides: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % sides
        };
        for round in 0..8 {
            let places = [("advice", format!("+49{round}")), ("chat", format!("chat{round}"))];
            let others = [("mail", format!("m{round}@blum.example")), ("orders", format!("+48{round}"))];
            let (mut first, mut second) = (None, None);
            for (side, places) in [(&mut first, &places), (&mut second, &others)] {
                for (inbox, from) in places {
                    let at = desk.shop.receive(inbox, from, "Hello").await;
                    let contact = contact_of(&desk, &at).await;
                    if let Some(known) = side.as_ref() {
                        let ada = desk.shop.actor(&format!("Ada {round} {inbox}"), Role::Admin, &[]).await;
                        desk.shop.store.merge(&ada, known, &contact, "so".to_owned()).await.unwrap();
                    } else {
                        *side = Some(contact);
                    }
                }
            }
            let (a, b) = (first.unwrap(), second.unwrap());
            let ada = desk.shop.actor(&format!("Ada {round}"), Role::Admin, &[]).await;
            let whose = stands(&desk, &WHOSE).await;
            let work = stands(&desk, &WORK).await;
            let id = desk.shop.store.merge(&ada, &a, &b, "so".to_owned()).await.unwrap();
            let acts = if round == 0 { 0 } else { 4 + roll(8) };
            for _ in 0..acts {
                let all = places.iter().chain(&others).collect::<Vec<_>>();
                let (inbox, from) = all[usize::try_from(roll(4)).unwrap()];
                let at = desk.shop.receive(inbox, from, "More").await;
                if roll(2) == 0 {
                    let draft = desk.draft(&at, "Yes", 1).await;
                    desk.shop.store.insert_reply(&ada, draft).await.unwrap();
                    if roll(2) == 0 {
                        desk.shop.store.close(&ada, &at).await.unwrap();
                    }
                }
                assert_eq!(invariants::broken(&desk.shop.store).await, Vec::<String>::new());
            }
            desk.shop.store.undo_merge(&ada, &id).await.unwrap();
            let again = stands(&desk, &WHOSE).await;
            for (before, after) in whose.iter().zip(&again) {
                let lost: Vec<_> = before.difference(after).collect();
                assert!(lost.is_empty(), "round {round}: {lost:?}");
            }
            if acts == 0 {
                assert_eq!((whose, work), (again, stands(&desk, &WORK).await));
            }
            let stray = "SELECT m.id || '' AS r FROM messages m JOIN threads t ON t.id = m.thread_id \
                JOIN handle_periods p ON p.handle_id = t.handle_id AND p.valid_to IS NULL WHERE p.contact_id <> m.contact_id";
            assert_eq!(rows(&desk, stray).await, BTreeSet::new(), "round {round}");
            assert_eq!(invariants::broken(&desk.shop.store).await, Vec::<String>::new(), "round {round}");
        }
    }
}
