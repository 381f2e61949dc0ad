//! Whose mail it is: a customer's, a colleague's, our own that came back, or somebody's for whom a form
//! wrote.

use rapport_sdk::model::{Address, Author, Trust};

use super::Fetched;
use crate::{
    address::{canonical, without_detail},
    config::{EmailSettings, Relay},
    reading::{Ourselves, Reading},
    trust::{Standing, Verdict},
};

/// So far into a text a relay's marker is looked for, in bytes.
const LOOKED_AT: usize = 16 * 1024;

/// Where a mail comes from.
pub(super) enum Origin {
    /// It is our own that came back.
    Us,
    /// It names nobody.
    Nobody,
    /// Somebody's.
    Somebody(Identified),
}

/// Somebody, as far as the mail tells.
pub(super) struct Identified {
    pub author: Author,
    /// It bears one of our own addresses, and nobody vouches for that: shown, and answered to nobody.
    pub is_spoof_of_us: bool,
}

impl From<Author> for Identified {
    fn from(author: Author) -> Self {
        Self { author, is_spoof_of_us: false }
    }
}

/// Tells whose a mail is. `is_ours`: its own name is one that we minted.
pub(super) fn identify(
    settings: &EmailSettings,
    us: &Ourselves,
    is_ours: bool,
    reading: &Reading,
    verdict: &Verdict,
    mail: &Fetched,
) -> Origin {
    let from = reading.from.first();
    let sender = from.and_then(|from| canonical(&from.address));
    let is_our_address =
        |address: &Address| us.addresses.iter().any(|own| own == without_detail(address).expose());
    if is_ours && (mail.is_sent || sender.as_ref().is_some_and(is_our_address)) {
        return Origin::Us;
    }
    let to_somebody = || {
        let all = reading.to.iter().chain(&reading.cc);
        all.filter_map(|to| canonical(&to.address)).find(|to| !is_our_address(to))
    };
    if mail.is_sent {
        // What lies there was sent from this account, whoever it names.
        return to_somebody().map_or(Origin::Us, |to| Origin::Somebody(Author::OutsideHuman { to }.into()));
    }
    let Some(sender) = sender else {
        return if reading.nature.machine.is_some() {
            nobody_in_particular(reading, mail)
        } else {
            Origin::Nobody
        };
    };
    let name = from.map(|from| from.name.clone()).filter(|name| !name.trim().is_empty());
    let relay = settings.relays.iter().find(|relay| relay.sender == sender);
    let is_our_own = is_our_address(&sender);
    if relay.is_some() || is_our_own {
        if let Some(customer) = on_whose_behalf(relay, reading).filter(|customer| !is_our_address(customer)) {
            let name =
                reading.reply_to.first().map(|to| to.name.clone()).filter(|name| !name.trim().is_empty());
            return Origin::Somebody(contact(customer, name, Trust::Claimed, true).into());
        }
        if relay.is_some() {
            // One sender for many people: each mail is a contact of its own, that nobody can write to.
            let address = Address::new(format!("{}/{}@relay.invalid", mail.uid_validity, mail.uid));
            return Origin::Somebody(contact(address, name, Trust::Claimed, false).into());
        }
        return if let (Standing::Proven, Some(to)) = (verdict.standing, to_somebody()) {
            Origin::Somebody(Author::OutsideHuman { to }.into())
        } else {
            let author = contact(sender, name, Trust::Claimed, true);
            Origin::Somebody(Identified { author, is_spoof_of_us: true })
        };
    }
    let trust = if verdict.standing == Standing::Proven { Trust::Proven } else { Trust::Claimed };
    // An answer goes where it is wanted, but only its sender is who wrote.
    Origin::Somebody(contact(sender, name, trust, true).into())
}

fn contact(address: Address, name: Option<String>, trust: Trust, can_reply: bool) -> Author {
    Author::Contact { address, name, trust, can_reply, is_bot: false }
}

/// A machine that signs with nothing, such as `From: <>`.
fn nobody_in_particular(reading: &Reading, mail: &Fetched) -> Origin {
    let address = Address::new(format!("{}/{}@sender.invalid", mail.uid_validity, mail.uid));
    let name = reading.from.first().map(|from| from.name.clone()).filter(|name| !name.trim().is_empty());
    Origin::Somebody(contact(address, name, Trust::Claimed, false).into())
}

/// For whom a form or a marketplace wrote.
fn on_whose_behalf(relay: Option<&Relay>, reading: &Reading) -> Option<Address> {
    let wanted = reading.reply_to.first().and_then(|to| canonical(&to.address));
    let named = || {
        let marker = relay?.marker.as_deref()?.to_lowercase();
        let mut end = reading.text.len().min(LOOKED_AT);
        while !reading.text.is_char_boundary(end) {
            end -= 1;
        }
        let rest = reading.text[..end].lines().find_map(|line| {
            let lower = line.to_lowercase();
            lower.find(&marker).map(|at| lower[at + marker.len()..].to_owned())
        })?;
        rest.split(|c: char| c.is_whitespace() || "<>()[],;".contains(c)).find_map(canonical)
    };
    wanted.filter(|wanted| relay.is_none_or(|relay| relay.sender != *wanted)).or_else(named)
}
