//! Letters: what attaches them to a conversation and what does not, the same one seen twice, reports
//! about ours, and a colleague's answer from another program.

use std::sync::Arc;

use rapport_model::{
    Address, Author, Clock as _, DeliveryState, InboundEvent, Trust,
    bot::Unanswerable,
    event::{Content, InboundAttachment, InboundMessage},
    id::{ConversationId, ExternalMessageId, OutboxId},
    letter::Mark,
};

use super::desk::Desk;
use crate::{
    on_both_engines,
    store::{
        InboxFacts, IngestRequest, Kept, Outcome, SendOutcome,
        fixture::{Shop, inbox, message},
        testing::Fresh,
        value::values,
    },
};

/// A letter under an id of the caller's, which is also its thread and the name that others refer to.
pub(super) fn letter(desk: &Desk, id: &str, from: &str, trust: Trust) -> InboundMessage {
    let InboundEvent::Message(event) = message(id, from, &format!("Words of {id}"), desk.shop.clock.now())
    else {
        unreachable!()
    };
    let mut letter = *event;
    letter.thread.id = id.into();
    letter.thread.permanent = false;
    letter.letter.name = Some(id.into());
    if let Author::Contact { trust: of, .. } = &mut letter.author {
        *of = trust;
    }
    letter
}

pub(super) fn event(letter: &InboundMessage) -> InboundEvent {
    InboundEvent::Message(Box::new(letter.clone()))
}

/// A desk in a shop whose bot may acknowledge.
pub(super) async fn with_bot(fresh: Fresh) -> Desk {
    let inboxes = ["advice", "orders"].map(|id| {
        let facts = InboxFacts::clone(&inbox(id, &[id]));
        Arc::new(InboxFacts { bot: true, ..facts })
    });
    Desk::at(Shop::open_with(fresh, inboxes.to_vec()).await).await
}

pub(super) async fn place(desk: &Desk, id: &str) -> ConversationId {
    let row = desk
        .row(
            "SELECT m.conversation_id FROM sightings s JOIN messages m ON m.id = s.message_id WHERE s.external_id = $1",
            values![&ExternalMessageId::from(id)],
        )
        .await;
    row.parse("conversation_id").unwrap()
}

async fn flags(desk: &Desk, id: &str) -> String {
    let sql =
        "SELECT m.flags FROM sightings s JOIN messages m ON m.id = s.message_id WHERE s.external_id = $1";
    desk.row(sql, values![&ExternalMessageId::from(id)]).await.get("flags").unwrap()
}

async fn state(desk: &Desk, conversation: &ConversationId) -> String {
    let sql = "SELECT state FROM conversations WHERE id = $1";
    desk.row(sql, values![conversation]).await.get("state").unwrap()
}

/// Anna writes "first" and is answered; gives the conversation and the part that left.
pub(super) async fn answered(desk: &Desk, trust: Trust) -> (ConversationId, OutboxId) {
    desk.bring(event(&letter(desk, "first", "anna@x.example", trust))).await;
    let conversation = place(desk, "first").await;
    desk.reply(&conversation, "An answer", 1).await;
    let row = desk.claim().await.remove(0);
    desk.settle(&row, SendOutcome::Sent("ours-1".into())).await;
    (conversation, row.id)
}

on_both_engines! {
    async fn a_reference_attaches_the_same_sender_and_nobody_else(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(event(&letter(&desk, "first", "anna@x.example", Trust::Claimed))).await;
        let conversation = place(&desk, "first").await;
        for (id, from, disproved) in
            [("second", "anna@x.example", false), ("foreign", "eve@y.example", false), ("forged", "anna@x.example", true)]
        {
            let mut next = letter(&desk, id, from, Trust::Claimed);
            next.letter.follows.references = vec!["unknown".into(), "first".into()];
            next.letter.follows.disproved = disproved;
            desk.bring(event(&next)).await;
            assert_eq!(place(&desk, id).await == conversation, id == "second", "{id}");
        }
        assert_eq!(flags(&desk, "second").await, "");
    }

    async fn a_row_of_the_queue_has_the_last_letters_subject_and_says_when_its_sender_is_denied(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let mut first = letter(&desk, "first", "anna@x.example", Trust::Claimed);
        first.letter.subject = Some("My lamp".to_owned());
        first.letter.marks = vec![Mark::Disproved];
        desk.bring(event(&first)).await;
        let conversation = place(&desk, "first").await;
        let row = desk.shop.store.get_summary(&desk.mara, &conversation).await.unwrap();
        assert_eq!((row.subject.as_deref(), row.disproved), (Some("My lamp"), true));
        let mut second = letter(&desk, "second", "anna@x.example", Trust::Claimed);
        second.letter.follows.references = vec!["first".into()];
        second.letter.subject = Some(" ".to_owned());
        desk.bring(event(&second)).await;
        let row = desk.shop.store.get_summary(&desk.mara, &conversation).await.unwrap();
        assert_eq!((row.inbound_position, row.subject, row.disproved), (2, None, false));
        let plain = desk.shop.receive("advice", "+491", "Hello").await;
        let row = desk.shop.store.get_summary(&desk.mara, &plain).await.unwrap();
        assert_eq!((row.subject, row.disproved), (None, false), "no letter");
    }

    async fn the_same_subject_attaches_nothing(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        for id in ["one", "two"] {
            let mut next = letter(&desk, id, &format!("{id}@x.example"), Trust::Claimed);
            next.letter.subject = Some("My order 4711".to_owned());
            desk.bring(event(&next)).await;
        }
        assert_ne!(place(&desk, "one").await, place(&desk, "two").await);
    }

    async fn letters_of_one_batch_follow_each_other(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let first = letter(&desk, "first", "anna@x.example", Trust::Claimed);
        let mut second = letter(&desk, "second", "anna@x.example", Trust::Claimed);
        second.letter.follows.references = vec!["first".into()];
        let facts = desk.shop.store.inboxes()[0].clone();
        let batch = vec![event(&first), event(&second)];
        desk.shop.store.ingest(IngestRequest::new(facts, batch, None, None, Kept::default())).await.unwrap();
        assert_eq!(place(&desk, "first").await, place(&desk, "second").await);
        assert_eq!(desk.number("SELECT count(*) AS n FROM threads", Vec::new()).await, 1);
    }

    async fn our_token_attaches_whom_it_was_minted_for_and_proves_the_address(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (conversation, token) = answered(&desk, Trust::Claimed).await;
        let mut back = letter(&desk, "back", "anna@x.example", Trust::Claimed);
        back.letter.follows.token = Some(token);
        desk.bring(event(&back)).await;
        assert_eq!(place(&desk, "back").await, conversation);
        assert_eq!(flags(&desk, "back").await, "");
        assert_eq!(desk.number("SELECT count(*) AS n FROM handles WHERE trust = 'proven'", Vec::new()).await, 1);
        assert_eq!(desk.number("SELECT count(*) AS n FROM contacts", Vec::new()).await, 1);
    }

    async fn a_strangers_letter_with_our_token_is_attached_as_theirs_and_changes_no_owner(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (conversation, token) = answered(&desk, Trust::Proven).await;
        let contact = desk.row("SELECT contact_id FROM conversations", Vec::new()).await.get::<String>("contact_id").unwrap();
        let mut strange = letter(&desk, "strange", "bob@y.example", Trust::Proven);
        strange.letter.follows.token = Some(token);
        desk.bring(event(&strange)).await;
        assert_eq!(place(&desk, "strange").await, conversation);
        assert_eq!(flags(&desk, "strange").await, "unverified_participant");
        let after = desk.row("SELECT contact_id FROM conversations", Vec::new()).await;
        assert_eq!(after.get::<String>("contact_id").unwrap(), contact);
        // The next reply goes to the customer alone, and the stranger's question stays owed.
        desk.reply(&conversation, "To Anna", 1).await;
        let claimed = desk.claim().await;
        assert_eq!(claimed.iter().map(|row| row.to.expose()).collect::<Vec<_>>(), ["anna@x.example"]);
        assert_eq!(desk.owed(&conversation).await, 1);
    }

    async fn a_strangers_letter_to_another_inbox_of_the_team_leads_no_reply_elsewhere(fresh: Fresh) {
        let inboxes = vec![inbox("advice", &["advice"]), inbox("orders", &["advice"])];
        let desk = Desk::at(Shop::open_with(fresh, inboxes).await).await;
        let (conversation, token) = answered(&desk, Trust::Proven).await;
        let mut strange = letter(&desk, "strange", "bob@y.example", Trust::Proven);
        strange.letter.follows.token = Some(token);
        let facts = desk.shop.store.inboxes()[1].clone();
        let request = IngestRequest::new(facts, vec![event(&strange)], None, None, Kept::default());
        desk.shop.store.ingest(request).await.unwrap();
        assert_eq!(place(&desk, "strange").await, conversation);
        desk.reply(&conversation, "To Anna", 1).await;
        let claimed = desk.claim().await;
        assert_eq!(claimed.iter().map(|row| row.to.expose()).collect::<Vec<_>>(), ["anna@x.example"]);
    }

    async fn whom_the_server_denies_to_be_the_contact_is_unverified_also_with_a_token(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (conversation, token) = answered(&desk, Trust::Claimed).await;
        let mut denied = letter(&desk, "denied", "anna@x.example", Trust::Claimed);
        denied.letter.follows.token = Some(token);
        denied.letter.follows.disproved = true;
        desk.bring(event(&denied)).await;
        assert_eq!(place(&desk, "denied").await, conversation);
        assert_eq!(flags(&desk, "denied").await, "unverified_participant");
    }

    async fn a_token_that_we_never_minted_attaches_nothing(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (conversation, _) = answered(&desk, Trust::Claimed).await;
        let mut guess = letter(&desk, "guess", "eve@y.example", Trust::Claimed);
        guess.letter.follows.token = Some(OutboxId::new());
        desk.bring(event(&guess)).await;
        assert_ne!(place(&desk, "guess").await, conversation);
    }

    async fn a_closed_conversation_opens_again_for_the_answer_to_it(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (conversation, token) = answered(&desk, Trust::Claimed).await;
        desk.shop.store.close(&desk.mara, &conversation).await.unwrap();
        let mut back = letter(&desk, "back", "anna@x.example", Trust::Claimed);
        back.letter.follows.token = Some(token);
        desk.bring(event(&back)).await;
        assert_eq!((place(&desk, "back").await, state(&desk, &conversation).await.as_str()), (conversation, "open"));
    }

    async fn an_out_of_office_note_stands_where_it_answers_and_opens_nothing(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (conversation, token) = answered(&desk, Trust::Claimed).await;
        desk.shop.store.close(&desk.mara, &conversation).await.unwrap();
        let mut away = letter(&desk, "away", "anna@x.example", Trust::Claimed);
        away.letter.follows.token = Some(token);
        away.letter.marks = vec![Mark::OutOfOffice];
        away.unanswerable = Some(Unanswerable::AutomaticMail);
        desk.bring(event(&away)).await;
        assert_eq!(place(&desk, "away").await, conversation);
        assert_eq!(flags(&desk, "away").await, "out_of_office");
        assert_eq!((state(&desk, &conversation).await.as_str(), desk.owed(&conversation).await), ("closed", 0));
        assert_eq!(desk.number("SELECT count(*) AS n FROM conversations", Vec::new()).await, 1);
    }

    async fn a_bounce_fails_the_delivery_and_opens_what_it_had_answered_in_its_own_conversation(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (conversation, token) = answered(&desk, Trust::Claimed).await;
        desk.shop.store.close(&desk.mara, &conversation).await.unwrap();
        let mut report = letter(&desk, "report", "mailer-daemon@y.example", Trust::Claimed);
        report.letter.follows.token = Some(token);
        report.unanswerable = Some(Unanswerable::AutomaticMail);
        let failed = InboundEvent::Receipt {
            id: "ours-1".into(),
            state: DeliveryState::Failed,
            reason: Some("The mailbox does not exist.".to_owned()),
            at: desk.shop.clock.now(),
        };
        let facts = desk.shop.store.inboxes()[0].clone();
        let batch = vec![failed, event(&report)];
        desk.shop.store.ingest(IngestRequest::new(facts, batch, None, None, Kept::default())).await.unwrap();
        assert_eq!((state(&desk, &conversation).await.as_str(), desk.owed(&conversation).await), ("open", 1));
        assert_eq!(place(&desk, "report").await, conversation);
        assert_eq!(desk.number("SELECT count(*) AS n FROM conversations", Vec::new()).await, 1);
    }

    async fn the_same_content_under_another_id_is_one_message_and_one_obligation(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let mut first = letter(&desk, "inbox/1/7", "anna@x.example", Trust::Claimed);
        first.content_key = Some("content".to_owned());
        assert_eq!(desk.bring(event(&first)).await, Outcome::Stored);
        let mut again = first.clone();
        again.id = "inbox/2/7".into();
        again.thread.id = "inbox/2/7".into();
        assert_eq!(desk.bring(event(&again)).await, Outcome::Duplicate);
        for (table, sql) in [
            ("messages", "SELECT count(*) AS n FROM messages"),
            ("obligations", "SELECT count(*) AS n FROM obligations"),
            ("sighted messages", "SELECT count(DISTINCT message_id) AS n FROM sightings"),
        ] {
            assert_eq!(desk.number(sql, Vec::new()).await, 1, "{table}");
        }
        assert_eq!(desk.number("SELECT count(*) AS n FROM sightings", Vec::new()).await, 2);
    }

    async fn one_name_with_two_contents_is_two_messages(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        for (id, key) in [("a", "one content"), ("b", "another content")] {
            let mut next = letter(&desk, id, "anna@x.example", Trust::Claimed);
            next.letter.name = Some("chosen by the sender".into());
            next.content_key = Some(key.to_owned());
            assert_eq!(desk.bring(event(&next)).await, Outcome::Stored);
        }
        assert_eq!(desk.number("SELECT count(*) AS n FROM messages", Vec::new()).await, 2);
    }

    async fn a_letter_to_two_teams_is_owed_by_both_and_acknowledged_once(fresh: Fresh) {
        let desk = with_bot(fresh).await;
        for (at, id) in [(0, "to-advice"), (1, "to-orders")] {
            let mut next = letter(&desk, id, "anna@x.example", Trust::Claimed);
            next.content_key = Some("content".to_owned());
            let facts = desk.shop.store.inboxes()[at].clone();
            let request = IngestRequest::new(facts, vec![event(&next)], None, None, Kept::default());
            desk.shop.store.ingest(request).await.unwrap();
            desk.shop.clock.advance(std::time::Duration::from_millis(2));
        }
        assert_eq!(desk.number("SELECT count(*) AS n FROM obligations", Vec::new()).await, 2);
        assert_eq!(flags(&desk, "to-orders").await, "also_written:advice");
        assert_eq!(desk.number("SELECT count(*) AS n FROM jobs WHERE kind = 'ack'", Vec::new()).await, 1);
    }

    async fn a_colleagues_answer_from_another_program_discharges_what_it_answers(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        desk.bring(event(&letter(&desk, "first", "anna@x.example", Trust::Claimed))).await;
        let conversation = place(&desk, "first").await;
        let mut answer = letter(&desk, "sent/1/1", "us", Trust::Claimed);
        answer.letter.subject = Some("Re: Lamp".to_owned());
        answer.attachments = vec![InboundAttachment {
            name: Some("lamp.pdf".to_owned()),
            content_type: "application/pdf".to_owned(),
            content: Content::ByReference("lamp".to_owned()),
            content_id: None,
        }];
        answer.author = Author::OutsideHuman { to: Address::new("anna@x.example") };
        for (names, automatic, owed) in
            [(vec!["nobody's"], false, 1), (vec!["first"], true, 1), (vec!["first"], false, 0)]
        {
            answer.id.0.push('x');
            answer.letter.follows.references = names.into_iter().map(Into::into).collect();
            answer.unanswerable = automatic.then_some(Unanswerable::AutomaticMail);
            desk.bring(event(&answer)).await;
            assert_eq!(desk.owed(&conversation).await, owed);
        }
        let row = desk.row("SELECT author_kind, delivery FROM messages WHERE kind = 'outbound' ORDER BY position DESC", Vec::new()).await;
        assert_eq!(row.get::<String>("author_kind").unwrap(), "outside_human");
        assert_eq!(desk.bring(event(&answer)).await, Outcome::Duplicate);
        // All of it is kept, as of any other letter.
        for (what, sql) in [
            ("subject", "SELECT count(*) AS n FROM letters l JOIN messages m ON m.id = l.message_id WHERE m.kind = 'outbound' AND l.subject = 'Re: Lamp'"),
            ("raw form", "SELECT count(*) AS n FROM raw_payloads r JOIN sightings s ON s.inbox_id = r.inbox_id AND s.external_id = r.external_id JOIN messages m ON m.id = s.message_id WHERE m.kind = 'outbound'"),
            ("file", "SELECT count(*) AS n FROM attachments a JOIN messages m ON m.id = a.message_id WHERE m.kind = 'outbound'"),
        ] {
            assert_eq!(desk.number(sql, Vec::new()).await, 2, "{what}");
        }
    }

    async fn what_a_suspected_or_disproved_sender_writes_is_owed_and_not_acknowledged(fresh: Fresh) {
        let desk = with_bot(fresh).await;
        for id in ["suspected", "disproved", "plain"] {
            let mut next = letter(&desk, id, &format!("{id}@x.example"), Trust::Claimed);
            next.letter.suspected = id == "suspected";
            next.letter.follows.disproved = id == "disproved";
            desk.bring(event(&next)).await;
        }
        assert_eq!(desk.number("SELECT count(*) AS n FROM obligations", Vec::new()).await, 3);
        assert_eq!(desk.number("SELECT count(*) AS n FROM jobs WHERE kind = 'ack'", Vec::new()).await, 1);
    }
}
