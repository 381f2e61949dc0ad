//! Mails that try to speak in somebody else's name: a seeded generator of every way that is known.

use rapport_email::token::Tokens;
use rapport_model::{Secret, id::OutboxId};

use crate::letter::{Dice, Letter, SERVER};

/// A domain where the attacker's mails are proven to be theirs.
const EVIL: &str = "evil.example";
const HEX: &str = "0123456789abcdef";
const BASE32: &str = "abcdefghijklmnopqrstuvwxyz234567";

/// A customer with a running conversation, and what is known about it.
#[derive(Debug, Clone)]
pub(crate) struct Victim {
    pub(crate) address: String,
    pub(crate) conversation: String,
    /// The names of the customer's own mails.
    pub(crate) theirs: Vec<String>,
    /// The Message-ID of the answer that they got, and the address to which they answer.
    pub(crate) ours: String,
    pub(crate) plus: String,
    /// Who got a copy of the answer, and under which Message-ID.
    pub(crate) copy: Option<(String, String)>,
    /// Stands in all that was said in the conversation.
    pub(crate) secret: String,
}

/// What a mail is allowed to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// In no conversation of somebody else.
    Apart,
    /// The same, or shown in the conversation of the token that it bears as somebody unverified.
    Participant,
    /// The same as [`Allowed::Apart`], or nothing at all: it says that it is our own.
    Nothing,
    /// In this conversation, as its customer: a genuine one.
    Own(usize),
}

/// A mail with where it goes and what may come of it.
pub(crate) struct Attempt {
    pub(crate) family: &'static str,
    pub(crate) inbox: &'static str,
    pub(crate) raw: Vec<u8>,
    pub(crate) allowed: Allowed,
}

/// The ways, in turns.
type Way = fn(&mut Forger<'_>) -> (Letter, Allowed);
const WAYS: [(&str, Way); 30] = [
    ("a guessed token", |f| f.by_token(guessed)),
    ("the token of a real row with a guessed hash", |f| f.by_token(wrong_hash)),
    ("a token by a key that is no longer in force", |f| f.by_token(rotated_out)),
    ("a token cut short", |f| f.by_token(truncated)),
    ("a token with more behind it", |f| f.by_token(extended)),
    ("a token with a flipped character", |f| f.by_token(flipped)),
    ("a token in an older form", |f| f.by_token(older)),
    ("a guessed plus address", |f| f.by_plus(false)),
    ("a plus address with a flipped character", |f| f.by_plus(true)),
    ("a token of another brand's inbox", |f| f.foreign_brand()),
    ("a genuine token from somebody new", |f| f.genuine_token(false)),
    ("a genuine token and another customer's name", |f| f.genuine_token(true)),
    ("a genuine token that a copy bore", |f| f.token_of_a_copy()),
    ("a genuine token to another inbox", |f| f.other_inbox()),
    ("references in the customer's name, disproved", |f| f.by_reference("dmarc=fail")),
    ("references in the customer's name, unproven", |f| f.by_reference("dmarc=none")),
    ("references in one's own name", |f| f.reference_in_own_name()),
    ("the subject", |f| f.by_subject()),
    ("several senders", |f| f.several_senders()),
    ("a name that is an address", |f| f.display_name()),
    ("letters that look alike", |f| f.homoglyph()),
    ("forged results", |f| f.forged_results()),
    ("copies", |f| f.copies()),
    ("answers elsewhere", |f| f.reply_to()),
    ("our own address", |f| f.our_own()),
    ("our own address and our own name of a mail", |f| f.our_own_name()),
    ("an associate's address", |f| f.associate()),
    ("odd addresses", |f| f.odd_addresses()),
    ("a sender beside the author", |f| f.sender_field()),
    ("a forged report", |f| f.report()),
];

pub(crate) struct Forger<'a> {
    dice: Dice,
    victims: &'a [Victim],
    number: usize,
}

impl<'a> Forger<'a> {
    pub(crate) fn new(victims: &'a [Victim], seed: u64) -> Self {
        Self { dice: Dice(seed), victims, number: 0 }
    }

    /// So many forged mails, and a genuine one after every thirtieth. Of the genuine ones, some had their
    /// Message-ID, or all of what they say, sent before them by somebody else.
    pub(crate) fn attempts(mut self, many: usize) -> Vec<Attempt> {
        let mut all = Vec::new();
        for number in 0..many {
            self.number = number;
            let (family, way) = WAYS[number % WAYS.len()];
            let (letter, allowed) = way(&mut self);
            let inbox = match family {
                "a token of another brand's inbox" => "club",
                "a genuine token to another inbox" => "orders",
                _ => "support",
            };
            let letter = letter.with("X-Number", &number.to_string());
            all.push(Attempt { family, inbox, raw: letter.bytes(), allowed });
            if number % 30 == 29 {
                self.genuine(&mut all);
            }
        }
        all
    }

    fn genuine(&mut self, all: &mut Vec<Attempt>) {
        let at = self.dice.below(self.victims.len());
        let victim = self.victim_at(at);
        let name = format!("answer-{}@customers.example", self.number);
        let text = format!("Thank you, that helps. Number {}.", self.number);
        let letter = Letter::proven(&victim.address, &to_support(), &name, &text);
        let (family, letter) = match self.number / 30 % 6 {
            0 => ("an answer", letter.answering(&victim.ours)),
            1 => ("an answer to the plus address", letter.with("To", &victim.plus)),
            2 => ("an answer to one's own mail", letter.answering(&victim.theirs[0])),
            3 => ("a new mail", letter),
            4 => {
                let mut copy = letter.clone();
                "dmarc=fail".clone_into(&mut copy.verdict);
                "Please send it to another address.".clone_into(&mut copy.text);
                let (family, allowed) = ("a Message-ID that was predicted", Allowed::Apart);
                all.push(Attempt { family, inbox: "support", raw: copy.bytes(), allowed });
                ("a mail whose Message-ID was predicted", letter)
            }
            _ => {
                let mut copy = letter.clone();
                "dmarc=fail".clone_into(&mut copy.verdict);
                let (family, allowed) = ("a mail that was predicted whole", Allowed::Apart);
                all.push(Attempt { family, inbox: "support", raw: copy.bytes(), allowed });
                ("a mail that was predicted", letter)
            }
        };
        all.push(Attempt { family, inbox: "support", raw: letter.bytes(), allowed: Allowed::Own(at) });
    }

    fn victim_at(&self, at: usize) -> &'a Victim {
        &self.victims[at]
    }

    fn victim(&mut self) -> &'a Victim {
        let at = self.dice.below(self.victims.len());
        self.victim_at(at)
    }

    /// Somebody of the attacker's, of whom there are a hundred.
    fn stranger(&mut self) -> String {
        format!("mallory{}@{EVIL}", self.dice.below(100))
    }

    fn name(&self) -> String {
        format!("forged-{}@{EVIL}", self.number)
    }

    fn text(&self) -> String {
        format!("Please send me all of our earlier mails. Number {}.", self.number)
    }

    /// In the name of a customer, of whom the server knows nothing good; or in the attacker's own.
    fn letter(&mut self, victim: &Victim) -> Letter {
        match self.dice.below(4) {
            0 => {
                let stranger = self.stranger();
                self.as_stranger(&stranger)
            }
            1 => self.spoofed("dmarc=none", victim),
            2 => self.spoofed("dmarc=fail header.from=customers.example", victim),
            _ => self.spoofed("spf=pass smtp.mailfrom=evil.example; dkim=pass header.d=evil.example", victim),
        }
    }

    fn spoofed(&self, verdict: &str, victim: &Victim) -> Letter {
        Letter::judged(verdict, &victim.address, &to_support(), &self.name(), &self.text())
    }

    fn as_stranger(&self, from: &str) -> Letter {
        Letter::proven(from, &to_support(), &self.name(), &self.text())
    }

    fn by_token(&mut self, make: fn(&mut Dice, &Victim) -> String) -> (Letter, Allowed) {
        let victim = self.victim();
        let token = make(&mut self.dice, victim);
        let letter = self.letter(victim);
        let letter = match self.dice.below(3) {
            0 => letter.with("In-Reply-To", &format!("<{token}>")),
            1 => letter.with("References", &format!("<a@b.example> <{token}> <{}>", victim.theirs[0])),
            _ => letter.answering(&token),
        };
        (letter, Allowed::Apart)
    }

    fn by_plus(&mut self, flip: bool) -> (Letter, Allowed) {
        let victim = self.victim();
        let to = if flip {
            let (local, domain) = victim.plus.split_once('@').unwrap();
            let at = "support+r".len() + self.dice.below(50);
            format!("{}@{domain}", with_other(&mut self.dice, local, at, BASE32))
        } else {
            format!("support+r{}@shop.example", self.dice.text(BASE32, 50))
        };
        (self.letter(victim).with("To", &to), Allowed::Apart)
    }

    fn foreign_brand(&mut self) -> (Letter, Allowed) {
        let victim = self.victim();
        let letter = self.letter(victim).with("To", "club@shop.example");
        (letter.answering(&victim.ours), Allowed::Apart)
    }

    fn genuine_token(&mut self, in_a_name: bool) -> (Letter, Allowed) {
        let (victim, other) = (self.victim(), self.victim());
        let letter = if in_a_name {
            self.spoofed("dmarc=fail", other)
        } else {
            let stranger = self.stranger();
            self.as_stranger(&stranger)
        };
        let letter = if self.dice.below(2) == 0 {
            letter.answering(&victim.ours)
        } else {
            letter.with("To", &victim.plus)
        };
        (letter, Allowed::Participant)
    }

    fn token_of_a_copy(&mut self) -> (Letter, Allowed) {
        let copied: Vec<&Victim> = self.victims.iter().filter(|victim| victim.copy.is_some()).collect();
        let victim = *self.dice.pick(&copied);
        let (_, name) = victim.copy.as_ref().unwrap();
        (self.letter(victim).answering(name), Allowed::Participant)
    }

    fn other_inbox(&mut self) -> (Letter, Allowed) {
        let victim = self.victim();
        let stranger = self.stranger();
        let letter = self.as_stranger(&stranger).with("To", "orders@shop.example");
        (letter.answering(&victim.ours), Allowed::Participant)
    }

    fn by_reference(&mut self, verdict: &str) -> (Letter, Allowed) {
        let victim = self.victim();
        (self.spoofed(verdict, victim).answering(&victim.theirs[0]), Allowed::Apart)
    }

    fn reference_in_own_name(&mut self) -> (Letter, Allowed) {
        let (victim, stranger) = (self.victim(), self.stranger());
        (self.as_stranger(&stranger).answering(&victim.theirs[0]), Allowed::Apart)
    }

    fn by_subject(&mut self) -> (Letter, Allowed) {
        let victim = self.victim();
        let subject = format!("Re: A question of {}", victim.address);
        (self.letter(victim).with("Subject", &subject), Allowed::Apart)
    }

    fn several_senders(&mut self) -> (Letter, Allowed) {
        let (victim, stranger) = (self.victim(), self.stranger());
        let letter = self.as_stranger(&stranger).answering(&victim.theirs[0]);
        let letter = match self.dice.below(4) {
            0 => letter.with("From", &format!("{}, {stranger}", victim.address)),
            1 => letter.with("From", &format!("{stranger}, {}", victim.address)),
            2 => letter.below_the_server(&format!("From: {}", victim.address)),
            _ => {
                let mut letter = letter;
                letter.fields.push(format!("From: {}", victim.address));
                letter
            }
        };
        (letter, Allowed::Apart)
    }

    fn display_name(&mut self) -> (Letter, Allowed) {
        let (victim, stranger) = (self.victim(), self.stranger());
        let name = match self.dice.below(3) {
            0 => format!("\"{}\" <{stranger}>", victim.address),
            1 => format!("\"Customer <{}>\" <{stranger}>", victim.address),
            _ => format!("=?utf-8?q?=3C{}=3E?= <{stranger}>", victim.address.replace('@', "=40")),
        };
        (self.as_stranger(&stranger).with("From", &name).answering(&victim.theirs[0]), Allowed::Apart)
    }

    fn homoglyph(&mut self) -> (Letter, Allowed) {
        let victim = self.victim();
        let from = match self.dice.below(4) {
            0 => victim.address.replace('o', "\u{43e}"),
            1 => victim.address.replace("customers", "custorners"),
            2 => victim.address.replace("customers.example", "customers.example.evil.example"),
            _ => victim.address.replace("customers", "xn--custmers-57c"),
        };
        let letter = Letter::proven(&from, &to_support(), &self.name(), &self.text());
        (letter.answering(&victim.theirs[0]), Allowed::Apart)
    }

    fn forged_results(&mut self) -> (Letter, Allowed) {
        let victim = self.victim();
        let pass = "dmarc=pass header.from=customers.example";
        let own = *self.dice.pick(&["dmarc=none", "dmarc=fail header.from=customers.example", "none"]);
        let letter = self.spoofed(own, victim).answering(&victim.theirs[0]);
        let name = "Authentication-Results";
        let letter = match self.dice.below(9) {
            0 => letter.below_the_server(&format!("{name}: mx.{EVIL}; {pass}")),
            1 => letter.below_the_server(&format!("{name}: {SERVER}; {pass}")),
            2 => letter.below_the_server(&format!("{name}:\r\n {SERVER};\r\n\t{pass}")),
            3 => {
                letter.below_the_server(&format!("authentication-RESULTS: {}; {pass}", SERVER.to_uppercase()))
            }
            4 => letter.below_the_server(&format!("{name}: ({EVIL}) {SERVER} (a) 1; (b) {pass}")),
            5 => letter.below_the_server(&format!("ARC-Authentication-Results: i=1; {SERVER}; {pass}")),
            6 => letter.below_the_server(&format!("{name}: {SERVER}.{EVIL}; {pass}")),
            7 => letter
                .below_the_server(&format!("{name}: {SERVER}; {pass}"))
                .below_the_server("Received: from a by b; Thu, 09 Oct 2025 07:59:00 +0000"),
            _ => {
                let mut letter = letter;
                letter.verdict = format!("none (dmarc=pass) (x; {pass})");
                letter
            }
        };
        (letter, Allowed::Apart)
    }

    fn copies(&mut self) -> (Letter, Allowed) {
        let (victim, stranger) = (self.victim(), self.stranger());
        let letter = self.letter(victim).answering(&victim.theirs[0]);
        let letter = if self.dice.below(2) == 0 {
            letter.with("Cc", &stranger)
        } else {
            letter.with("To", &format!("{}, {stranger}", to_support()))
        };
        (letter, Allowed::Apart)
    }

    fn reply_to(&mut self) -> (Letter, Allowed) {
        let (victim, stranger) = (self.victim(), self.stranger());
        let letter = self.spoofed("dmarc=fail", victim).answering(&victim.theirs[0]);
        (letter.with("Reply-To", &stranger), Allowed::Apart)
    }

    fn our_own(&mut self) -> (Letter, Allowed) {
        let victim = self.victim();
        let stranger = self.stranger();
        let verdict = *self.dice.pick(&["dmarc=fail", "dmarc=none"]);
        let from =
            *self.dice.pick(&["support@shop.example", "orders@shop.example", "Support+x@SHOP.example"]);
        let letter = Letter::judged(verdict, from, &to_support(), &self.name(), &self.text());
        let letter =
            letter.answering(&victim.theirs[0]).with("Cc", &format!("{}, {stranger}", victim.address));
        (letter, Allowed::Apart)
    }

    fn our_own_name(&mut self) -> (Letter, Allowed) {
        let victim = self.victim();
        let letter =
            Letter::judged("dmarc=fail", "support@shop.example", &victim.address, &victim.ours, &self.text());
        (letter.answering(&victim.theirs[0]), Allowed::Nothing)
    }

    fn associate(&mut self) -> (Letter, Allowed) {
        let victim = self.victim();
        let letter =
            Letter::judged("dmarc=none", "ada@shop.example", &victim.address, &self.name(), &self.text());
        let letter = letter.with("Cc", &to_support()).answering(&victim.theirs[0]);
        (letter.with("X-Rapport-Associate", "ada@shop.example"), Allowed::Apart)
    }

    fn odd_addresses(&mut self) -> (Letter, Allowed) {
        let victim = self.victim();
        let address = &victim.address;
        let (local, domain) = address.split_once('@').unwrap();
        let from = match self.dice.below(8) {
            0 => format!("{local}+more@{domain}"),
            1 => format!("\"{address}\"@{EVIL}"),
            2 => format!("<{address}@{EVIL}>"),
            3 => format!("{local}@{domain}({address})@{EVIL}"),
            4 => format!("a:{address}, mallory@{EVIL};"),
            5 => format!("=?utf-8?q?{local}=40{domain}?= <mallory@{EVIL}>"),
            6 => format!("<@{EVIL}:{address}>"),
            _ => format!("{local}%{domain}@{EVIL}"),
        };
        let verdict = format!("dmarc=pass header.from={EVIL}");
        let letter = Letter::judged(&verdict, &from, &to_support(), &self.name(), &self.text());
        (letter.answering(&victim.theirs[0]), Allowed::Apart)
    }

    fn sender_field(&mut self) -> (Letter, Allowed) {
        let (victim, stranger) = (self.victim(), self.stranger());
        let letter = self.as_stranger(&stranger).answering(&victim.theirs[0]);
        let field =
            *self.dice.pick(&["Sender", "Resent-From", "X-Original-From", "Reply-To", "Apparently-From"]);
        (letter.with(field, &victim.address), Allowed::Apart)
    }

    fn report(&mut self) -> (Letter, Allowed) {
        let victim = self.victim();
        let token = wrong_hash(&mut self.dice, victim);
        let letter = self.as_stranger(&format!("mailer-daemon@{EVIL}"));
        let mut letter = letter.with("Subject", "Undelivered Mail Returned to Sender").answering(&token);
        letter.text = format!(
            "The mail system\r\n\r\n<{}>: 550 5.1.1 user unknown\r\n\r\nMessage-ID: <{token}>",
            victim.address
        );
        (letter.with("Auto-Submitted", "auto-replied"), Allowed::Apart)
    }
}

fn to_support() -> String {
    "support@shop.example".to_owned()
}

/// The parts of one of our Message-IDs: version, row, hash and domain.
fn parts(name: &str) -> (String, String, String) {
    let (local, domain) = name.split_once('@').unwrap();
    let mut parts = local.split('.').skip(1);
    (parts.next().unwrap().to_owned(), parts.next().unwrap().to_owned(), domain.to_owned())
}

/// A text with another character in one place.
fn with_other(dice: &mut Dice, text: &str, at: usize, of: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let before = chars[at];
    while chars[at] == before {
        chars[at] = dice.text(of, 1).chars().next().unwrap();
    }
    chars.into_iter().collect()
}

fn guessed(dice: &mut Dice, _: &Victim) -> String {
    format!("1.{}.{}@shop.example", dice.text(HEX, 32), dice.text(BASE32, 26))
}

fn wrong_hash(dice: &mut Dice, victim: &Victim) -> String {
    let (row, _, domain) = parts(&victim.ours);
    format!("1.{row}.{}@{domain}", dice.text(BASE32, 26))
}

fn rotated_out(dice: &mut Dice, victim: &Victim) -> String {
    let (row, _, domain) = parts(&victim.ours);
    let keys = ["the key that was in force before this one", "the first key of all that was ever in force"];
    let tokens = Tokens::new(&[Secret::new(*dice.pick(&keys))]).unwrap();
    tokens.message_id(&OutboxId::try_from(format!("{}{row}", OutboxId::PREFIX)).unwrap(), &domain)
}

fn truncated(dice: &mut Dice, victim: &Victim) -> String {
    let (row, hash, domain) = parts(&victim.ours);
    let kept = dice.below(hash.len());
    match dice.below(3) {
        0 => format!("1.{row}.{}@{domain}", &hash[..kept]),
        1 => format!("1.{}.{hash}@{domain}", &row[..row.len() - 1 - dice.below(8)]),
        _ => format!("1.{row}.@{domain}"),
    }
}

fn extended(dice: &mut Dice, victim: &Victim) -> String {
    let (row, hash, domain) = parts(&victim.ours);
    let more = 1 + dice.below(8);
    match dice.below(3) {
        0 => format!("1.{row}.{hash}{}@{domain}", dice.text(BASE32, more)),
        1 => format!("1.{row}{}.{hash}@{domain}", dice.text(HEX, more)),
        _ => format!("x1.{row}.{hash}@{domain}"),
    }
}

fn flipped(dice: &mut Dice, victim: &Victim) -> String {
    let (row, hash, domain) = parts(&victim.ours);
    if dice.below(2) == 0 {
        let at = dice.below(row.len());
        format!("1.{}.{hash}@{domain}", with_other(dice, &row, at, HEX))
    } else {
        let at = dice.below(hash.len());
        format!("1.{row}.{}@{domain}", with_other(dice, &hash, at, BASE32))
    }
}

/// Forms that other products had, or that one might have had before this one.
fn older(dice: &mut Dice, victim: &Victim) -> String {
    let (row, hash, domain) = parts(&victim.ours);
    let id = victim.conversation.rsplit('_').next().unwrap();
    match dice.below(7) {
        0 => format!("0.{row}.{hash}@{domain}"),
        1 => format!("{row}.{hash}@{domain}"),
        2 => format!("{row}@{domain}"),
        3 => format!("{id}@{domain}"),
        4 => format!("notify-{id}-{}-{}@{domain}", dice.below(100), dice.text(HEX, 16)),
        5 => format!("reply-{}-{}@{domain}", dice.below(1000), dice.text(HEX, 32)),
        _ => format!("2.{row}.{hash}@{domain}"),
    }
}
