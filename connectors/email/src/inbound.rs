//! From a mail as it was fetched to the events that it is: a message, a report about one of ours, or
//! both.
//!
//! Pure. Where it belongs is only told by names and tokens; whether they lead anywhere is for the bridge.

mod author;
mod content;

use rapport_sdk::model::{
    Address, Author, DeliveryState, InboundEvent, Letter, Timestamp,
    bot::Unanswerable,
    event::{Chat, Content, InboundAttachment, InboundMessage, RawPayload, ThreadKind, ThreadRef},
    id::{ExternalMessageId, ExternalThreadId, MessageName, OutboxId},
    letter::{Follows, Mark, Recipient, RecipientRole},
};

use self::author::{Identified, Origin};
use crate::{
    address::{canonical, detail, domain, without_detail},
    config::EmailSettings,
    reading::{self, Bounce, Machine, Mailbox, Nature, Ourselves, Reading},
    sabotage::{self, Rule},
    token::Tokens,
    trust::{self, Standing, Verdict},
};

/// So many references are followed; more are no thread but an attack.
const MOST_REFERENCES: usize = 50;
/// So many recipients are kept.
const MOST_RECIPIENTS: usize = 200;
/// A longer name of a mail is none (RFC 5322 section 2.1.1), in octets.
const LONGEST_NAME: usize = 998;
/// What stands at a file of which only the beginning was read.
const CUT_OFF: &str =
    "Only its beginning was read: the mail is too large. The whole of it is in the mailbox.";

/// A mail as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The folder that it lies in.
    pub folder: String,
    /// Whether that is the folder of what was sent.
    pub is_sent: bool,
    /// Under which its number means what it means (RFC 3501 section 2.3.1.1).
    pub uid_validity: u32,
    /// Its number in the folder.
    pub uid: u32,
    /// When it came into the mailbox (INTERNALDATE).
    pub internal_date: Timestamp,
    /// Its flags and keywords, as the server writes them.
    pub flags: Vec<String>,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// Whether these are all of them: of a very large mail only the beginning is fetched.
    pub complete: bool,
}

impl Fetched {
    /// The id of the mail: the server's, and no sender can choose it.
    pub fn id(&self) -> ExternalMessageId {
        let id = format!("{}/{}/{}", self.folder, self.uid_validity, self.uid);
        if sabotage::breaks(Rule::KnownAgain) {
            return ExternalMessageId(format!("{id}/{}", rand::random::<u64>()));
        }
        ExternalMessageId(id)
    }

    /// A mail that can't be read, or could not be had as a whole.
    pub fn unreadable(self, reason: &str) -> InboundEvent {
        InboundEvent::Unreadable {
            id: self.id(),
            at: self.internal_date,
            raw: RawPayload { content_type: MAIL.to_owned(), bytes: self.raw },
            reason: reason.to_owned(),
        }
    }

    /// Whether the server takes it for spam: by where it put it, or by the keyword of RFC 8457's kind.
    fn is_junk(&self) -> bool {
        let folder = self.folder.to_ascii_lowercase();
        let name = folder.rsplit(['/', '.']).next().unwrap_or_default();
        ["junk", "spam", "junk email", "junk e-mail", "bulk mail"].contains(&name)
            || self.flags.iter().any(|flag| flag.eq_ignore_ascii_case("$junk"))
    }
}

/// Turns mails into events, for one inbox.
pub struct Translator {
    settings: EmailSettings,
    tokens: Option<Tokens>,
    us: Ourselves,
}

impl Translator {
    /// For this inbox.
    pub fn new(settings: &EmailSettings) -> Self {
        let all = settings.addresses.iter().chain(&settings.elsewhere);
        Self {
            tokens: Tokens::new(&settings.token_keys),
            us: Ourselves { addresses: all.map(|address| address.expose().to_owned()).collect() },
            settings: settings.clone(),
        }
    }

    /// What a mail is: nothing where it is our own that came back.
    pub fn events(&self, mail: Fetched) -> Vec<InboundEvent> {
        let id = mail.id();
        self.of(mail, id)
    }

    /// What a mail that was parked is, read again.
    pub fn again(&self, raw: &[u8], at: Timestamp) -> Vec<InboundEvent> {
        let mail = Fetched {
            folder: String::new(),
            is_sent: false,
            uid_validity: 0,
            uid: 0,
            internal_date: at,
            flags: Vec::new(),
            raw: raw.to_vec(),
            complete: true,
        };
        let id = format!("again/{}", content::digest(raw));
        self.of(mail, ExternalMessageId(id))
    }

    fn of(&self, mail: Fetched, id: ExternalMessageId) -> Vec<InboundEvent> {
        let mut reading = reading::read(&mail.raw, &self.us);
        if sabotage::breaks(Rule::Machines) {
            reading.nature = Nature::default();
        }
        let from: Vec<trust::Sender<'_>> = reading
            .from
            .iter()
            .map(|from| trust::Sender { name: Some(from.name.as_str()), address: &from.address })
            .collect();
        let mut verdict = trust::judge(&reading.headers, &from, self.settings.authserv_id.as_deref());
        verdict.suspected |= mail.is_junk();
        let author = match author::identify(
            &self.settings,
            &self.us,
            self.is_ours(&reading),
            &reading,
            &verdict,
            &mail,
        ) {
            Origin::Us => return Vec::new(),
            Origin::Nobody => {
                let empty = mail.raw.is_empty();
                let reason = if empty {
                    "The mail is empty: it names no sender and says nothing."
                } else {
                    "It names no sender."
                };
                let reason = reason.to_owned();
                let raw = RawPayload { content_type: MAIL.to_owned(), bytes: mail.raw };
                return vec![InboundEvent::Unreadable { id, raw, reason, at: mail.internal_date }];
            }
            Origin::Somebody(author) => author,
        };
        if matches!(author.author, Author::OutsideHuman { .. })
            && reading.nature.machine == Some(Machine::Echo)
        {
            // A colleague bears our address by right: whether a machine wrote this, all the rest tells.
            reading.nature = reading::read(&mail.raw, &Ourselves::default()).nature;
        }
        let token = self.token(&reading);
        let mut events = Vec::new();
        if let Some(report) = self.report(&reading, token.as_ref(), mail.internal_date) {
            events.push(report);
        }
        let message = self.message(mail, id, reading, &verdict, author, token);
        events.push(InboundEvent::Message(Box::new(message)));
        events
    }

    /// Whether its own name is one that we minted: then it is our mail that came back.
    fn is_ours(&self, reading: &Reading) -> bool {
        reading.message_id.as_ref().is_some_and(|name| self.verify(name).is_some())
    }

    fn verify(&self, text: &str) -> Option<OutboxId> {
        self.tokens.as_ref()?.verify(text)
    }

    /// Our token that came back with a mail: in what it answers, where it was sent to, or in what it reports.
    fn token(&self, reading: &Reading) -> Option<OutboxId> {
        let answers = reading.in_reply_to.iter().chain(reading.references.iter().rev()).take(MOST_REFERENCES);
        let written_to = reading.to.iter().chain(&reading.cc).take(MOST_RECIPIENTS).map(|to| &to.address);
        let reported = reading.nature.bounce.iter().filter_map(|bounce| bounce.original.as_ref());
        let minted = |text: &String| self.verify(text);
        let delivered = ["delivered-to", "x-original-to", "envelope-to"];
        reported
            .chain(answers)
            .chain(written_to)
            .find_map(minted)
            .or_else(|| delivered.iter().find_map(|name| reading.header(name).find_map(|to| self.verify(to))))
    }

    /// What became of a mail of ours, where this one reports it and proves that it saw ours.
    fn report(&self, reading: &Reading, token: Option<&OutboxId>, at: Timestamp) -> Option<InboundEvent> {
        let bounce = reading.nature.bounce.as_ref()?;
        let state = match reading.nature.machine? {
            Machine::Failed => DeliveryState::Failed,
            Machine::Delayed => DeliveryState::Delayed,
            Machine::Delivered => DeliveryState::Delivered,
            _ => return None,
        };
        let named = bounce.original.clone().filter(|name| self.verify(name).is_some());
        // A server that lost the name of our mail still wrote to the address that only that mail bore.
        let name = named.or_else(|| {
            let domain = domain(self.settings.addresses.first()?);
            Some(self.tokens.as_ref()?.message_id(token?, domain))
        })?;
        let reason = (state != DeliveryState::Delivered).then(|| explained(bounce));
        Some(InboundEvent::Receipt { id: ExternalMessageId(name), state, reason, at })
    }

    fn message(
        &self,
        mail: Fetched,
        id: ExternalMessageId,
        mut reading: Reading,
        verdict: &Verdict,
        author: Identified,
        token: Option<OutboxId>,
    ) -> InboundMessage {
        let machine = reading.nature.machine;
        let content_key =
            (!sabotage::breaks(Rule::KnownAgain)).then(|| content::key(&reading, verdict.standing));
        let attachments = std::mem::take(&mut reading.files)
            .into_iter()
            .map(|file| InboundAttachment {
                name: Some(file.name),
                content_type: file.content_type,
                content: if file.at_end && !mail.complete {
                    Content::Withheld(CUT_OFF.to_owned())
                } else {
                    Content::Here(file.bytes)
                },
                content_id: file.content_id,
            })
            .collect();
        let our_address = self.our_address(&reading);
        let entry = self.entry(&reading);
        let letter = self.letter(&reading, verdict, token, mail.complete);
        let answered_by_nobody = machine.is_some() || author.is_spoof_of_us;
        let text = if reading.text_reply.trim().is_empty() { reading.text } else { reading.text_reply };
        InboundMessage {
            chat: Chat { entry, ..Chat::default() },
            thread: ThreadRef {
                id: ExternalThreadId(id.0.clone()),
                kind: ThreadKind::Private,
                permanent: false,
                our_address,
                title: None,
            },
            id,
            content_key,
            author: author.author,
            text: text.trim().to_owned(),
            attachments,
            reply_to: None,
            at: mail.internal_date,
            addressed: true,
            unanswerable: answered_by_nobody.then_some(Unanswerable::AutomaticMail),
            letter,
            raw: RawPayload { content_type: MAIL.to_owned(), bytes: mail.raw },
        }
    }

    fn letter(
        &self,
        reading: &Reading,
        verdict: &Verdict,
        token: Option<OutboxId>,
        is_whole: bool,
    ) -> Letter {
        let mut marks = verdict.marks.clone();
        marks.extend(reading.nature.machine.map(mark_of));
        let encrypted = ["multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"];
        let of_type =
            |kind: &&str| reading.header("content-type").any(|of| of.to_ascii_lowercase().starts_with(kind));
        if encrypted.iter().any(of_type) {
            marks.push(Mark::Encrypted);
        }
        let mut evidence: Vec<String> = Vec::new();
        if reading.nature.machine.is_some() {
            evidence.push(evidence_of(&reading.nature));
        }
        if !is_whole {
            evidence.push("It is too large to be read whole: this is its beginning.".to_owned());
        }
        evidence.extend(reading.problems.iter().take(5).cloned());
        if !is_whole || !reading.problems.is_empty() {
            marks.push(Mark::Damaged);
        }
        let is_shown_whole = reading.text.trim() == reading.text_reply.trim();
        Letter {
            subject: Some(reading.subject.trim().to_owned()).filter(|subject| !subject.is_empty()),
            recipients: self.recipients(reading),
            name: reading.message_id.clone().filter(|name| name.len() <= LONGEST_NAME).map(MessageName),
            follows: Follows {
                token,
                references: self.references(reading),
                disproved: verdict.standing == Standing::Disproved,
            },
            original: (!is_shown_whole).then(|| reading.text.clone()),
            html: reading.html.clone(),
            suspected: verdict.suspected,
            marks,
            evidence: (!evidence.is_empty()).then(|| evidence.join(" ")),
        }
    }

    /// What it says it answers, nearest first; our own mails are known by their token and not by name.
    fn references(&self, reading: &Reading) -> Vec<MessageName> {
        let mut names: Vec<MessageName> = Vec::new();
        for name in reading.in_reply_to.iter().chain(reading.references.iter().rev()) {
            let name = MessageName(name.clone());
            if name.0.len() <= LONGEST_NAME && !names.contains(&name) && self.verify(&name.0).is_none() {
                names.push(name);
            }
            if names.len() == MOST_REFERENCES {
                break;
            }
        }
        names
    }

    /// What the writer brought along: what stands behind the plus of our address, where it is no token of ours.
    fn entry(&self, reading: &Reading) -> Option<String> {
        reading.to.iter().chain(&reading.cc).take(MOST_RECIPIENTS).find_map(|to| {
            let written = canonical(&to.address)?;
            let plain = without_detail(&written);
            let is_ours = self.us.addresses.iter().any(|own| own == plain.expose());
            (is_ours && self.verify(written.expose()).is_none())
                .then(|| detail(&written).map(str::to_owned))
                .flatten()
        })
    }

    /// Whom it was written to; our own addresses in their plain form, whatever token they bore.
    fn recipients(&self, reading: &Reading) -> Vec<Recipient> {
        let of = |role| {
            move |to: &Mailbox| {
                let written = canonical(&to.address)?;
                let plain = without_detail(&written);
                let is_ours = self.us.addresses.iter().any(|own| own == plain.expose());
                let name = Some(to.name.clone()).filter(|name| !name.is_empty());
                Some(Recipient { role, address: if is_ours { plain } else { written }, name })
            }
        };
        let to = reading.to.iter().filter_map(of(RecipientRole::To));
        to.chain(reading.cc.iter().filter_map(of(RecipientRole::Cc))).take(MOST_RECIPIENTS).collect()
    }

    /// Which of our addresses it was written to: a reply leaves from there.
    fn our_address(&self, reading: &Reading) -> Address {
        let own = |text: &str| {
            let address = without_detail(&canonical(text)?);
            self.settings.addresses.contains(&address).then_some(address)
        };
        let written_to =
            reading.to.iter().chain(&reading.cc).take(MOST_RECIPIENTS).find_map(|to| own(&to.address));
        let delivered =
            || ["delivered-to", "x-original-to"].iter().find_map(|name| reading.header(name).find_map(own));
        written_to
            .or_else(delivered)
            .or_else(|| self.settings.addresses.first().cloned())
            .unwrap_or_else(|| Address::new(""))
    }
}

const MAIL: &str = "message/rfc822";

fn mark_of(machine: Machine) -> Mark {
    match machine {
        Machine::OutOfOffice => Mark::OutOfOffice,
        Machine::Failed => Mark::Bounce,
        Machine::Delayed => Mark::Delayed,
        Machine::Delivered | Machine::ReadReceipt => Mark::Receipt,
        Machine::Complaint => Mark::Complaint,
        Machine::List => Mark::List,
        Machine::Newsletter => Mark::Newsletter,
        Machine::Challenge => Mark::Challenge,
        Machine::Ticket => Mark::Ticket,
        Machine::Echo => Mark::Echo,
        Machine::Other => Mark::Machine,
    }
}

fn evidence_of(nature: &Nature) -> String {
    match &nature.bounce {
        Some(bounce) if !bounce.reason.is_empty() => format!("{} {}", nature.evidence, bounce.reason),
        _ => nature.evidence.clone(),
    }
}

fn explained(bounce: &Bounce) -> String {
    match &bounce.status {
        Some(status) => format!("{} ({status})", bounce.reason.trim_end_matches('.')),
        None => bounce.reason.clone(),
    }
}
