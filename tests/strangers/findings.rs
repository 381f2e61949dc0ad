//! What came of mails that were sent to a bridge: who was believed, what left, and to whom.

use std::collections::{BTreeMap, BTreeSet};

use rapport_fakes::smtp::AcceptedMail;

use crate::{
    forgery::{Allowed, Attempt, Victim},
    office::{Office, is_automatic},
};

/// What must not be. Each with a word about the mail at fault.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// In somebody's conversation, and not as somebody unverified whose token was genuine.
    pub(crate) attached: BTreeSet<String>,
    /// A genuine mail that is nowhere.
    pub(crate) suppressed: BTreeSet<String>,
    /// A genuine mail that is elsewhere, or under another name.
    pub(crate) misplaced: BTreeSet<String>,
    /// Handles, contacts and threads that were there before and are others now.
    pub(crate) changed: BTreeSet<String>,
    /// Words of a conversation in a mail to somebody to whom they were not written.
    pub(crate) leaked: BTreeSet<String>,
    /// Whom more than one automatic mail reached, or one that doesn't say that it is one.
    pub(crate) pestered: BTreeSet<String>,
}

/// How the mails of a mailbox are stored: conversation, flags, and address and trust of their author.
pub(crate) type Stored = BTreeMap<(String, u32), Place>;

#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) conversation: String,
    pub(crate) flags: String,
    pub(crate) address: String,
    pub(crate) proven: bool,
}

/// Reads how every mail is stored.
pub(crate) async fn stored(office: &Office) -> Stored {
    let rows = office
        .pairs(
            "SELECT s.external_id, m.conversation_id || ' ' || h.trust || ' ' || h.address || ' ' || m.flags FROM sightings s \
             JOIN messages m ON m.id = s.message_id JOIN handles h ON h.id = m.handle_id",
        )
        .await;
    let place = |text: &str| {
        let mut words = text.splitn(4, ' ').map(str::to_owned);
        let mut word = || words.next().unwrap();
        let (conversation, trust, address, flags) = (word(), word(), word(), word());
        Place { conversation, flags, address, proven: trust == "proven" }
    };
    rows.iter()
        .map(|(id, text)| {
            let mut parts = id.split('/');
            let (inbox, uid) = (parts.next().unwrap(), parts.next_back().unwrap());
            ((inbox.to_owned(), uid.parse().unwrap()), place(text))
        })
        .collect()
}

/// All that says who somebody is, and where they are written to.
pub(crate) async fn people(office: &Office) -> BTreeMap<String, String> {
    let mut people = office
        .pairs(
            "SELECT h.id, h.address || ' ' || h.trust || ' ' || p.contact_id || ' ' || coalesce(c.name, '') || ' ' || \
             CASE WHEN h.can_reply AND p.valid_to IS NULL THEN 'can reply' ELSE '' END FROM handles h \
             JOIN handle_periods p ON p.handle_id = h.id JOIN contacts c ON c.id = p.contact_id \
             WHERE h.address NOT LIKE '%@lists.example'",
        )
        .await;
    people.extend(office.pairs("SELECT id, contact_id FROM conversations").await);
    people.extend(office.pairs("SELECT id, coalesce(handle_id, '') FROM threads").await);
    people
}

impl Findings {
    /// Holds how mails are stored against what they were allowed to become.
    pub(crate) fn judge_places(
        &mut self,
        attempts: &[((String, u32), &Attempt)],
        stored: &Stored,
        victims: &[Victim],
    ) {
        for (place, attempt) in attempts {
            let about = format!("{}: {}", attempt.family, place.1);
            let found = stored.get(place);
            if let Allowed::Own(at) = attempt.allowed {
                let victim = &victims[at];
                match found {
                    None => drop(self.suppressed.insert(about)),
                    Some(found) => {
                        let own = found.conversation == victim.conversation
                            && found.address == victim.address
                            && found.proven
                            && !found.flags.contains("unverified_participant");
                        if !own {
                            self.misplaced.insert(about);
                        }
                    }
                }
                continue;
            }
            let Some(found) = found else { continue };
            let Some(victim) = victims.iter().find(|victim| victim.conversation == found.conversation) else {
                continue;
            };
            let is_participant = attempt.allowed == Allowed::Participant
                && found.flags.contains("unverified_participant")
                && !(found.proven && found.address == victim.address);
            if !is_participant {
                self.attached.insert(about);
            }
        }
    }

    /// Holds what says who somebody is against what it was before.
    pub(crate) fn judge_people(
        &mut self,
        before: &BTreeMap<String, String>,
        after: &BTreeMap<String, String>,
    ) {
        let changed = before.iter().filter(|(id, was)| after.get(*id) != Some(was));
        self.changed.extend(changed.map(|(id, was)| format!("{id}: {was}")));
    }

    /// Looks for what was said in conversations in the mails that left. `to`: for each reply, by its words,
    /// the one whom it was written to.
    pub(crate) fn judge_mails(
        &mut self,
        mails: &[AcceptedMail],
        victims: &[Victim],
        to: &BTreeMap<String, String>,
    ) {
        for mail in mails {
            let text = String::from_utf8_lossy(&mail.bytes).into_owned();
            // Long words are folded.
            let text = text.replace("=\r\n", "").replace("\r\n ", "");
            for reached in &mail.to {
                for victim in victims.iter().filter(|victim| text.contains(&victim.secret)) {
                    let copied = victim.copy.as_ref().is_some_and(|(address, _)| address == reached);
                    if *reached != victim.address && !copied {
                        self.leaked.insert(format!("{} to {reached}", victim.secret));
                    }
                }
                for (words, expected) in to.iter().filter(|(words, _)| text.contains(*words)) {
                    if reached != expected {
                        self.leaked.insert(format!("{words} to {reached} and not to {expected}"));
                    }
                }
            }
        }
    }

    /// Counts the automatic mails to each address. `proven`: who is known to be who they say.
    pub(crate) fn judge_automatic(&mut self, mails: &[AcceptedMail], proven: &BTreeSet<String>) {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for mail in mails {
            let says_so = String::from_utf8_lossy(&mail.bytes).contains("Automated message");
            if says_so != is_automatic(mail) || (says_so && !mail.from.is_empty()) {
                self.pestered.insert(format!("{:?} unmarked", mail.to));
            }
            for reached in mail.to.iter().filter(|_| says_so) {
                *count.entry(reached).or_default() += 1;
            }
        }
        let too_many =
            count.into_iter().filter(|(reached, count)| *count > 1 + usize::from(proven.contains(*reached)));
        self.pestered.extend(too_many.map(|(reached, count)| format!("{reached}: {count}")));
    }
}

#[test]
fn a_word_of_a_conversation_in_somebody_elses_mail_is_found() {
    let victim = Victim {
        address: "anna@customers.example".to_owned(),
        conversation: "c".to_owned(),
        theirs: Vec::new(),
        ours: String::new(),
        plus: String::new(),
        copy: None,
        secret: "the-secret-of-anna".to_owned(),
    };
    let mail = |to: &str| AcceptedMail {
        from: "support@shop.example".to_owned(),
        to: vec![to.to_owned()],
        mail_parameters: Vec::new(),
        rcpt_parameters: Vec::new(),
        user: None,
        private: false,
        bytes: b"Subject: Re: the-secret-\r\n of-anna\r\n\r\nreply-1\r\n".to_vec(),
    };
    let to = BTreeMap::from([("reply-1".to_owned(), "anna@customers.example".to_owned())]);
    let mut findings = Findings::default();
    findings.judge_mails(&[mail("anna@customers.example")], std::slice::from_ref(&victim), &to);
    assert_eq!(findings, Findings::default());
    findings.judge_mails(&[mail("mallory@evil.example")], &[victim], &to);
    assert_eq!(findings.leaked.len(), 2, "{findings:?}");
}
