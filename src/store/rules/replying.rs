//! A reply as a letter: what stands above it, who may get a copy, and how each recipient fares.

use rapport_model::{
    Address, DeliveryState, Trust,
    bot::Unanswerable,
    event::InboundMessage,
    id::{ConversationId, MessageId, MessageName, OutboxId},
    letter::{Recipient, RecipientRole},
    outbound::Part,
};

use super::{
    desk::Desk,
    letters::{answered, event, letter, place, with_bot},
};
use crate::{
    on_both_engines,
    store::{
        Claimed, Conflict, Job, NewAck, NewDraft, NewReply, ReplyHeading, SendOutcome, StoreError, Why,
        db::Run as _, testing::Fresh, value::values,
    },
};

const US: &str = "us@shop.example";

fn to(role: RecipientRole, address: &str) -> Recipient {
    Recipient { role, address: Address::new(address), name: Some(format!("Name of {address}")) }
}

/// Anna's letter to us, with Bert beside us and Carl in copy.
fn to_three(desk: &Desk, id: &str) -> InboundMessage {
    let mut next = letter(desk, id, "anna@x.example", Trust::Proven);
    next.letter.subject = Some("My lamp".to_owned());
    next.letter.recipients = vec![
        to(RecipientRole::To, US),
        to(RecipientRole::To, "bert@x.example"),
        to(RecipientRole::Cc, "carl@x.example"),
        to(RecipientRole::Cc, "anna@x.example"),
    ];
    next
}

/// Anna has written to three.
async fn written(fresh: Fresh) -> (Desk, ConversationId) {
    let desk = Desk::open(fresh).await;
    desk.bring(event(&to_three(&desk, "first"))).await;
    let conversation = place(&desk, "first").await;
    (desk, conversation)
}

/// A reply with copies, of one part.
async fn with_copies(desk: &Desk, conversation: &ConversationId, cc: &[&str]) -> NewReply {
    let heading = ReplyHeading {
        subject: None,
        cc: cc.iter().copied().map(Address::new).collect(),
        ours: vec![Address::new(US)],
    };
    NewReply { heading: Some(heading), ..desk.draft(conversation, "An answer", 1).await }
}

async fn send(desk: &Desk, conversation: &ConversationId, cc: &[&str]) -> MessageId {
    let reply = with_copies(desk, conversation, cc).await;
    desk.shop.store.insert_reply(&desk.mara, reply).await.unwrap()
}

async fn offered(desk: &Desk, conversation: &ConversationId) -> Vec<(String, Why)> {
    let offer = desk.shop.store.get_offer(&desk.mara, conversation, &[Address::new(US)]).await.unwrap();
    offer.people.into_iter().map(|person| (person.address.expose().to_owned(), person.why)).collect()
}

/// The states of a message's deliveries, by address.
async fn deliveries(desk: &Desk, message: &MessageId) -> Vec<(String, String)> {
    let message = desk.shop.store.get_message(&desk.mara, message).await.unwrap();
    message.deliveries.into_iter().map(|one| (one.address.expose().to_owned(), one.state)).collect()
}

fn by_recipient(rows: &[Claimed], address: &str) -> Claimed {
    rows.iter().find(|row| row.to.expose() == address).unwrap().clone()
}

/// Bert, whom nobody knew, writes with the token of a letter of ours to Anna.
async fn bert_joins(desk: &Desk, token: &OutboxId, id: &str) {
    let mut next = letter(desk, id, "bert@x.example", Trust::Claimed);
    next.letter.follows.token = Some(token.clone());
    desk.bring(event(&next)).await;
}

fn names(names: &[MessageName]) -> Vec<&str> {
    names.iter().map(MessageName::as_str).collect()
}

on_both_engines! {
    async fn a_reply_answers_the_subject_and_the_letters_that_its_author_had_seen(fresh: Fresh) {
        let (desk, conversation) = written(fresh).await;
        for (id, subject, refs) in
            [("second", "AW: Re: My lamp", vec!["first", "root"]), ("report", "Undelivered", vec!["second"])]
        {
            let mut next = letter(&desk, id, "anna@x.example", Trust::Proven);
            next.letter.subject = Some(subject.to_owned());
            next.letter.follows.references = refs.into_iter().map(Into::into).chain(["first".into()]).collect();
            next.unanswerable = (id == "report").then_some(Unanswerable::AutomaticMail);
            desk.bring(event(&next)).await;
        }
        let reply = with_copies(&desk, &conversation, &[]).await;
        desk.shop.store.insert_reply(&desk.mara, reply).await.unwrap();
        let row = desk.claim().await.remove(0);
        assert_eq!(row.heading.subject.as_deref(), Some("Re: My lamp"));
        assert_eq!(names(&row.heading.answers), ["first", "root", "first", "second"]);
        let recipients: Vec<_> = row.heading.recipients.iter().map(|r| (r.role, r.address.expose(), &r.name)).collect();
        assert_eq!(recipients, [(RecipientRole::To, "anna@x.example", &None)]);
        let mut own = with_copies(&desk, &conversation, &[]).await;
        own.heading.as_mut().unwrap().subject = Some(" Your refund ".to_owned());
        own.text.push('!');
        desk.shop.store.insert_reply(&desk.mara, own).await.unwrap();
        desk.settle(&row, SendOutcome::Sent("one".into())).await;
        assert_eq!(desk.claim().await[0].heading.subject.as_deref(), Some("Your refund"));
        let offer = desk.shop.store.get_offer(&desk.mara, &conversation, &[]).await.unwrap();
        assert_eq!(offer.subject.as_deref(), Some("Re: Your refund"));
    }

    async fn what_came_after_what_the_author_saw_is_not_answered(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        // Mail of machines alone, which holds no reply up.
        let mut away = letter(&desk, "first", "anna@x.example", Trust::Proven);
        away.unanswerable = Some(Unanswerable::AutomaticMail);
        desk.bring(event(&away)).await;
        let conversation = place(&desk, "first").await;
        let reply = with_copies(&desk, &conversation, &[]).await;
        away.id = "second".into();
        away.letter.name = Some("second".into());
        away.letter.follows.references = vec!["first".into()];
        desk.bring(event(&away)).await;
        assert_eq!(place(&desk, "second").await, conversation);
        desk.shop.store.insert_reply(&desk.mara, reply).await.unwrap();
        assert_eq!(names(&desk.claim().await[0].heading.answers), ["first"]);
    }

    async fn whom_the_letters_name_is_offered_and_nobody_of_ours_and_nobody_twice(fresh: Fresh) {
        let (desk, conversation) = written(fresh).await;
        let named = [("bert@x.example".to_owned(), Why::To), ("carl@x.example".to_owned(), Why::Cc)];
        assert_eq!(offered(&desk, &conversation).await, named);
        let mut second = letter(&desk, "second", "anna@x.example", Trust::Proven);
        second.letter.follows.references = vec!["first".into()];
        second.letter.recipients = vec![to(RecipientRole::Cc, "bert@x.example"), to(RecipientRole::Cc, "dora@x.example")];
        desk.bring(event(&second)).await;
        let named = [("bert@x.example", Why::Cc), ("dora@x.example", Why::Cc), ("carl@x.example", Why::Cc)];
        assert_eq!(offered(&desk, &conversation).await, named.map(|(a, why)| (a.to_owned(), why)));
        let jonas = desk.shop.actor("Jonas", crate::store::Role::Associate, &["orders"]).await;
        let hidden = desk.shop.store.get_offer(&jonas, &conversation, &[]).await;
        assert!(matches!(hidden, Err(StoreError::NotFound("conversation"))), "{hidden:?}");
    }

    async fn a_copy_goes_only_to_whom_a_letter_names_and_a_refused_reply_leaves_nothing(fresh: Fresh) {
        let (desk, conversation) = written(fresh).await;
        desk.bring(event(&letter(&desk, "blocked", "carl@x.example", Trust::Proven))).await;
        let carl = desk.row("SELECT id FROM handles WHERE address = 'carl@x.example'", Vec::new()).await;
        desk.shop.store.block(&desk.mara, &carl.parse("id").unwrap(), "spam".to_owned()).await.unwrap();
        for (address, why) in [
            ("eve@y.example", "no letter of this conversation was written to or from there"),
            (US, "this is an address of our own"),
            ("anna@x.example", "the reply goes there already"),
            ("carl@x.example", "This handle is blocked."),
            ("Bert@x.example", "no letter of this conversation was written to or from there"),
        ] {
            let reply = with_copies(&desk, &conversation, &["bert@x.example", address]).await;
            let refused = desk.shop.store.insert_reply(&desk.mara, reply).await;
            let expected = Conflict::NoCopy { address: Address::new(address), reason: why };
            assert!(matches!(&refused, Err(StoreError::Conflict(is)) if *is == expected), "{address}: {refused:?}");
        }
        assert_eq!(desk.number("SELECT count(*) AS n FROM messages WHERE kind = 'outbound'", Vec::new()).await, 0);
        assert_eq!(desk.number("SELECT count(*) AS n FROM handles WHERE address = 'bert@x.example'", Vec::new()).await, 0);
    }

    async fn each_recipient_has_a_delivery_and_rows_of_their_own_and_all_see_who_else(fresh: Fresh) {
        let (desk, conversation) = written(fresh).await;
        let mut reply = with_copies(&desk, &conversation, &["carl@x.example", "bert@x.example", "carl@x.example"]).await;
        reply.parts.push(Part { text: "The rest".to_owned(), ..Part::default() });
        let message = desk.shop.store.insert_reply(&desk.mara, reply).await.unwrap();
        let sql = "SELECT recipient FROM outbox WHERE message_id = $1 ORDER BY ticket";
        let rows = desk.shop.store.pool.clone().all(sql, values![&message]).await.unwrap();
        let order: Vec<String> = rows.iter().map(|row| row.get("recipient").unwrap()).collect();
        let each = ["anna@x.example", "carl@x.example", "bert@x.example"];
        assert_eq!(order, each.map(|address| [address, address]).concat());
        let claimed = desk.claim().await;
        assert_eq!(claimed.len(), 3, "nobody waits for somebody else's part");
        for row in &claimed {
            let all: Vec<_> = row.heading.recipients.iter().map(|r| (r.role, r.address.expose())).collect();
            let roles = [RecipientRole::To, RecipientRole::Cc, RecipientRole::Cc];
            assert_eq!(all, roles.into_iter().zip(each).collect::<Vec<_>>());
        }
        let sql = "SELECT count(*) AS n FROM deliveries d JOIN handles h ON h.id = d.handle_id JOIN handle_periods p \
                   ON p.handle_id = h.id WHERE d.contact_id = p.contact_id AND h.trust = 'claimed' AND h.address = d.recipient";
        assert_eq!(desk.number(sql, Vec::new()).await, 2);
        let told = deliveries(&desk, &message).await;
        assert_eq!(told[0], ("anna@x.example".to_owned(), "sending".to_owned()), "the contact comes first");
        assert_eq!(told.len(), 3);
        let alone = send(&desk, &conversation, &[]).await;
        assert_eq!(deliveries(&desk, &alone).await, [], "with one recipient there is nothing to tell apart");
    }

    async fn a_participant_is_offered_as_such_and_answered_by_a_copy_alone(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (conversation, token) = answered(&desk, Trust::Proven).await;
        // Another one, of whom it is sure that the address is theirs, has a matter of their own.
        desk.bring(event(&letter(&desk, "elsewhere", "bert@x.example", Trust::Proven))).await;
        bert_joins(&desk, &token, "from bert").await;
        assert_eq!(offered(&desk, &conversation).await, [("bert@x.example".to_owned(), Why::Participant)]);
        let details = desk.shop.store.get_details(&desk.mara, &conversation, 9).await.unwrap();
        assert_eq!(details.route.to, Some(Address::new("anna@x.example")), "never by itself");
        send(&desk, &conversation, &[]).await;
        assert_eq!(desk.owed(&conversation).await, 1, "Anna was answered, Bert was not");
        let before = desk.number("SELECT count(*) AS n FROM contacts", Vec::new()).await;
        send(&desk, &conversation, &["bert@x.example"]).await;
        assert_eq!(desk.owed(&conversation).await, 0);
        assert_eq!(desk.number("SELECT count(*) AS n FROM contacts", Vec::new()).await, before);
        let sql = "SELECT count(*) AS n FROM deliveries d JOIN handles h ON h.id = d.handle_id WHERE h.trust = 'claimed'";
        assert_eq!(desk.number(sql, Vec::new()).await, 1, "it is the Bert who wrote here");
    }

    async fn a_delivery_that_fails_opens_only_what_its_own_recipient_was_owed(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (conversation, token) = answered(&desk, Trust::Proven).await;
        bert_joins(&desk, &token, "from bert").await;
        let mut again = letter(&desk, "again", "anna@x.example", Trust::Proven);
        again.letter.follows.references = vec!["first".into()];
        desk.bring(event(&again)).await;
        assert_eq!(desk.owed(&conversation).await, 2);
        let message = send(&desk, &conversation, &["bert@x.example"]).await;
        let claimed = desk.claim().await;
        desk.settle(&by_recipient(&claimed, "anna@x.example"), SendOutcome::Sent("a".into())).await;
        let refused = || SendOutcome::Failed { reason: "The mailbox does not exist.".to_owned() };
        desk.settle(&by_recipient(&claimed, "bert@x.example"), refused()).await;
        assert_eq!(desk.delivery(&message).await, DeliveryState::Failed, "the worst decides");
        let told = desk.shop.store.get_message(&desk.mara, &message).await.unwrap();
        let states: Vec<_> = told.deliveries.iter().map(|d| (&*d.state, d.reason.as_deref())).collect();
        assert_eq!(states, [("sent", None), ("failed", Some("The mailbox does not exist."))]);
        assert_eq!(told.delivery_reason.as_deref(), Some("The mailbox does not exist."));
        let owed = desk.row("SELECT m.handle_id, h.address FROM obligations o JOIN messages m ON m.id = o.message_id \
                             JOIN handles h ON h.id = m.handle_id WHERE o.open_state = 'open'", Vec::new()).await;
        assert_eq!((desk.owed(&conversation).await, owed.get::<String>("address").unwrap().as_str()), (1, "bert@x.example"));
        // The other one's failure is noticed though the message is as bad as it can be already.
        let second = send(&desk, &conversation, &["bert@x.example"]).await;
        assert_eq!(desk.owed(&conversation).await, 0);
        for row in desk.claim().await {
            desk.settle(&row, refused()).await;
        }
        assert_eq!(desk.delivery(&second).await, DeliveryState::Failed);
        assert_eq!(desk.owed(&conversation).await, 1, "what Anna was owed the first message had answered");
    }

    async fn what_a_later_letter_to_the_same_person_answers_stays_answered(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (conversation, token) = answered(&desk, Trust::Proven).await;
        bert_joins(&desk, &token, "from bert").await;
        send(&desk, &conversation, &["bert@x.example"]).await;
        let claimed = desk.claim().await;
        send(&desk, &conversation, &[]).await;
        let lost = by_recipient(&claimed, "bert@x.example");
        desk.settle(&lost, SendOutcome::Failed { reason: "gone".to_owned() }).await;
        assert_eq!(desk.owed(&conversation).await, 1, "the later one went to Anna alone");
        send(&desk, &conversation, &["bert@x.example"]).await;
        let last = send(&desk, &conversation, &["bert@x.example"]).await;
        desk.shop.store.undo(&desk.mara, &last).await.unwrap();
        assert_eq!(desk.owed(&conversation).await, 0);
    }

    async fn only_what_failed_is_sent_again_and_only_to_whom(fresh: Fresh) {
        let (desk, conversation) = written(fresh).await;
        let message = send(&desk, &conversation, &["bert@x.example", "carl@x.example"]).await;
        let claimed = desk.claim().await;
        desk.settle(&by_recipient(&claimed, "anna@x.example"), SendOutcome::Sent("a".into())).await;
        desk.settle(&by_recipient(&claimed, "bert@x.example"), SendOutcome::Unknown).await;
        desk.settle(&by_recipient(&claimed, "carl@x.example"), SendOutcome::Failed { reason: "full".to_owned() }).await;
        desk.shop.store.resend(&desk.mara, &message).await.unwrap();
        let again = desk.claim_now().await;
        let mut to: Vec<_> = again.iter().map(|row| row.to.expose()).collect();
        to.sort_unstable();
        assert_eq!(to, ["bert@x.example", "carl@x.example"]);
        for row in &again {
            desk.settle(row, SendOutcome::Sent(row.to.expose().into())).await;
        }
        assert_eq!(desk.delivery(&message).await, DeliveryState::Sent);
        let refused = desk.shop.store.resend(&desk.mara, &message).await;
        assert!(matches!(refused, Err(StoreError::Conflict(Conflict::NotNow(_)))), "{refused:?}");
    }

    async fn a_copy_to_an_address_that_has_a_new_owner_does_not_leave_and_the_others_do(fresh: Fresh) {
        let (desk, conversation) = written(fresh).await;
        desk.bring(event(&letter(&desk, "from bert", "bert@x.example", Trust::Proven))).await;
        let message = send(&desk, &conversation, &["bert@x.example", "carl@x.example"]).await;
        let bert = desk.row("SELECT id FROM handles WHERE address = 'bert@x.example'", Vec::new()).await;
        let store = &desk.shop.store;
        store.give_to_new_owner(&desk.mara, &bert.parse("id").unwrap(), "They said so.".to_owned()).await.unwrap();
        assert_eq!(desk.claim().await.len(), 2);
        assert_eq!(deliveries(&desk, &message).await[1], ("bert@x.example".to_owned(), "failed".to_owned()));
        assert_eq!(desk.owed(&conversation).await, 0, "nothing was owed to him here");
    }

    async fn a_letter_that_is_taken_back_is_taken_back_from_all_and_gives_back_what_stood_above_it(fresh: Fresh) {
        let (desk, conversation) = written(fresh).await;
        let mut reply = with_copies(&desk, &conversation, &["carl@x.example"]).await;
        reply.heading.as_mut().unwrap().subject = Some("Your refund".to_owned());
        let message = desk.shop.store.insert_reply(&desk.mara, reply).await.unwrap();
        for _ in 0..2 {
            let undone = desk.shop.store.undo(&desk.mara, &message).await.unwrap();
            assert_eq!(undone.subject.as_deref(), Some("Your refund"));
            assert_eq!(undone.cc, [Address::new("carl@x.example")]);
        }
        assert_eq!(desk.parts(&message).await, ["cancelled", "cancelled"]);
        assert_eq!(desk.owed(&conversation).await, 1);
        let offer = desk.shop.store.get_offer(&desk.mara, &conversation, &[]).await.unwrap();
        assert_eq!(offer.subject.as_deref(), Some("Re: My lamp"), "nobody read the other one");
        let message = send(&desk, &conversation, &["carl@x.example"]).await;
        let claimed = desk.claim().await;
        desk.settle(&by_recipient(&claimed, "carl@x.example"), SendOutcome::Sent("c".into())).await;
        let late = desk.shop.store.undo(&desk.mara, &message).await;
        assert!(matches!(late, Err(StoreError::Conflict(Conflict::TooLate))), "{late:?}");
    }

    async fn whoever_wrote_from_the_very_address_is_answered_however_sure_their_name_is(fresh: Fresh) {
        let desk = Desk::open(fresh).await;
        let (conversation, token) = answered(&desk, Trust::Proven).await;
        let mut forwarded = letter(&desk, "forwarded", "anna@x.example", Trust::Claimed);
        forwarded.letter.follows.token = Some(token);
        forwarded.letter.follows.disproved = true;
        desk.bring(event(&forwarded)).await;
        assert_eq!((place(&desk, "forwarded").await, desk.owed(&conversation).await), (conversation.clone(), 1));
        assert_eq!(offered(&desk, &conversation).await, []);
        let message = send(&desk, &conversation, &[]).await;
        assert_eq!(desk.owed(&conversation).await, 0);
        desk.shop.store.undo(&desk.mara, &message).await.unwrap();
        assert_eq!(desk.owed(&conversation).await, 1);
    }

    async fn an_acknowledgement_answers_its_letter_and_goes_to_nobody_else(fresh: Fresh) {
        let desk = with_bot(fresh).await;
        desk.bring(event(&to_three(&desk, "first"))).await;
        let jobs = desk.shop.store.claim_other_jobs(std::time::Duration::from_mins(1), 8).await.unwrap();
        let Job { id, payload, .. } = &jobs[0];
        let part = Part { text: "We have it.".to_owned(), ..Part::default() };
        let ack = NewAck {
            job: id.clone(),
            conversation: ConversationId::try_from(payload.split(' ').next().unwrap().to_owned()).unwrap(),
            turn: 1,
            text: part.text.clone(),
            parts: vec![part],
            letter: true,
        };
        assert_eq!(desk.shop.store.insert_ack(ack).await.unwrap(), None);
        let claimed = desk.claim().await;
        let heading = &claimed[0].heading;
        assert_eq!((claimed.len(), heading.subject.as_deref()), (1, Some("Re: My lamp")));
        assert_eq!((names(&heading.answers), heading.recipients.len()), (vec!["first"], 1));
    }

    async fn a_draft_keeps_its_subject_and_its_copies(fresh: Fresh) {
        let (desk, conversation) = written(fresh).await;
        let store = &desk.shop.store;
        let begun = NewDraft {
            text: "Dear".to_owned(),
            subject: Some("Your, \"lamp\"".to_owned()),
            cc: vec![Address::new("\"a,b\"@x.example"), Address::new("bert@x.example")],
            ..NewDraft::default()
        };
        store.update_draft(&desk.mara, &conversation, Some(begun.clone())).await.unwrap();
        let kept = store.find_draft(&desk.mara, &conversation).await.unwrap().unwrap();
        assert_eq!((kept.subject, kept.cc), (begun.subject.clone(), begun.cc.clone()));
        let plain = NewDraft { subject: None, cc: Vec::new(), ..begun };
        store.update_draft(&desk.mara, &conversation, Some(plain)).await.unwrap();
        let kept = store.find_draft(&desk.mara, &conversation).await.unwrap().unwrap();
        assert_eq!((kept.subject, kept.cc), (None, Vec::new()));
    }
}
