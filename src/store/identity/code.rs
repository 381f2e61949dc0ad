//! Codes that show that two handles are one person's: made for a contact, told to them on one channel, and
//! brought back on another. A code joins once, within a day, for one brand; a later one ends those before.
//!
//! Whoever brings it back must be who they say on their own channel. A code proves that they could read
//! what was written to the contact; it was not minted for the address that they write from, so it makes no
//! claimed address a proven one. What a claimed sender brings back is kept as a suggestion for a person, and
//! does not use the code up. So a forged sender joins nothing, and ends nobody's code.
//!
//! It has to be another channel, one on which the contact is not known yet: whoever was forwarded a letter
//! and answers it by letter quotes the code without meaning it.

use std::time::Duration;

use rand::{TryRng as _, rngs::SysRng};
use rapport_model::{
    Secret, Timestamp,
    id::{AssociateId, ContactId, HandleId, MessageId},
};
use sha2::{Digest as _, Sha256};

use super::{
    merge::{self, Basis},
    require_sight, standing,
};
use crate::{
    sabotage::{self, Rule},
    store::{
        Store,
        db::Run as _,
        error::{Conflict, StoreError},
        ingest::hex,
        scope::Actor,
        tx::{NewEvent, Tx},
        value::values,
        writer::Write,
    },
};

/// How long a code can be brought back.
const GOOD_FOR: Duration = Duration::from_hours(24);

/// Nothing that is taken for something else, read or spoken.
const LETTERS: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// Letters on each side of the dash: 49 bits in all.
const HALF: usize = 5;

/// So many texts of a message that look like a code are looked up.
const MOST_CANDIDATES: usize = 4;

/// A code that was just made. It is shown once and kept nowhere.
#[derive(Debug, Clone)]
pub struct LinkCode {
    /// What the customer is to bring back.
    pub code: Secret,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Store {
    /// Makes a code for a contact within the actor's scope; codes made for them before stop working.
    pub async fn insert_link_code(&self, actor: &Actor, contact: &ContactId) -> Result<LinkCode, StoreError> {
        let code = fresh()?;
        let write = Insert { actor: actor.clone(), contact: contact.clone(), hash: hash(&code) };
        let expires_at = self.writer.write(write).await?;
        Ok(LinkCode { code: Secret::new(code), expires_at })
    }
}

struct Insert {
    actor: Actor,
    contact: ContactId,
    hash: String,
}

impl Write for Insert {
    type Output = Timestamp;

    async fn apply(&mut self, tx: &mut Tx) -> Result<Timestamp, StoreError> {
        let inboxes = tx.inboxes.clone();
        require_sight(tx, &inboxes, &self.actor, &self.contact).await?;
        let row = tx
            .first(
                "SELECT brand, merged_into_id, erased_at FROM contacts WHERE id = $1",
                values![&self.contact],
            )
            .await?
            .ok_or(StoreError::NotFound("contact"))?;
        if row.get::<Option<String>>("merged_into_id")?.is_some() {
            return Err(Conflict::CannotJoin(super::Refused::MergedBefore).into());
        }
        if row.time_opt("erased_at")?.is_some() {
            return Err(Conflict::CannotJoin(super::Refused::Erased).into());
        }
        let brand: String = row.get("brand")?;
        let (now, expires_at) = (tx.now, tx.now.plus(GOOD_FOR));
        tx.execute(
            "UPDATE link_codes SET expires_at = $2 WHERE contact_id = $1 AND expires_at > $2",
            values![&self.contact, now],
        )
        .await?;
        tx.execute(
            "INSERT INTO link_codes (code_hash, brand, contact_id, made_by, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            values![&self.hash, &brand, &self.contact, self.actor.id(), now, expires_at],
        )
        .await?;
        tx.tell(NewEvent {
            kind: "contact.code_made",
            brand: Some(brand),
            contact: Some(self.contact.clone()),
            actor: Some(self.actor.id().clone()),
            ..NewEvent::default()
        });
        Ok(expires_at)
    }
}

fn fresh() -> Result<String, StoreError> {
    let mut code = String::with_capacity(2 * HALF + 1);
    // Bytes beyond the last whole round of the letters would make some of them likelier.
    let even = u8::try_from(256 / LETTERS.len() * LETTERS.len()).unwrap_or(u8::MAX);
    while code.len() < 2 * HALF + 1 {
        let mut byte = [0_u8; 1];
        SysRng
            .try_fill_bytes(&mut byte)
            .map_err(|error| StoreError::Unavailable(format!("no random numbers are to be had: {error}")))?;
        if byte[0] >= even {
            continue;
        }
        if code.len() == HALF {
            code.push('-');
        }
        code.push(char::from(LETTERS[usize::from(byte[0]) % LETTERS.len()]));
    }
    Ok(code)
}

fn hash(code: &str) -> String {
    hex(&Sha256::digest(code.as_bytes()))
}

/// What of a text looks like a code, as it would be written by us.
fn candidates(text: &str) -> Vec<String> {
    let is_code = |word: &str| {
        word.len() == 2 * HALF + 1
            && word
                .bytes()
                .enumerate()
                .all(|(at, byte)| if at == HALF { byte == b'-' } else { LETTERS.contains(&byte) })
    };
    let mut found: Vec<String> = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '\u{2010}'..='\u{2015}')))
        .map(|word| word.replace(|c: char| !c.is_ascii(), "-").to_ascii_uppercase())
        .filter(|word| is_code(word))
        .take(MOST_CANDIDATES)
        .collect();
    found.dedup();
    found
}

/// Somebody who wrote something, in private.
pub(in crate::store) struct Returned<'a> {
    pub text: &'a str,
    pub message: &'a MessageId,
    pub brand: &'a str,
    pub channel: &'a str,
    pub handle: &'a HandleId,
    pub contact: &'a ContactId,
    pub proven: bool,
    /// Several people use the handle, or it is blocked.
    pub barred: bool,
}

/// What came of it.
pub(in crate::store) enum Redeemed {
    /// There was no code that anybody made.
    Nothing,
    /// It joined them to that contact.
    Joined(ContactId),
    /// It joined nothing, for a reason that associates are told by a word.
    Refused(&'static str),
}

/// Looks for a code in what somebody wrote, and joins their record to the one that it was made for.
pub(in crate::store) async fn redeem(tx: &mut Tx, returned: &Returned<'_>) -> Result<Redeemed, StoreError> {
    for code in candidates(returned.text) {
        let row = tx
            .first(
                "SELECT brand, contact_id, made_by, expires_at, used_at FROM link_codes WHERE code_hash = $1",
                values![hash(&code)],
            )
            .await?;
        let Some(row) = row else { continue };
        let contact = standing(tx, &row.parse("contact_id")?).await?;
        if contact == *returned.contact {
            // Quoted by the very person for whom it was made.
            return Ok(Redeemed::Nothing);
        }
        let refused = if row.get::<String>("brand")? != returned.brand {
            Some("other_brand")
        } else if row.time_opt("used_at")?.is_some() {
            Some("used")
        } else if row.time("expires_at")? <= tx.now {
            Some("expired")
        } else if returned.barred {
            Some("barred")
        } else if known_on(tx, &contact, returned.channel).await? {
            Some("same_channel")
        } else if !returned.proven && !sabotage::breaks(Rule::ProvenToJoin) {
            offer(tx, &code, returned.handle).await?;
            Some("unproven")
        } else if references_differ(tx, &contact, returned.contact).await? {
            offer(tx, &code, returned.handle).await?;
            Some("differs")
        } else {
            None
        };
        if let Some(refused) = refused {
            return Ok(Redeemed::Refused(refused));
        }
        let made_by: AssociateId = row.parse("made_by")?;
        let basis = Basis::Code { made_by: &made_by, channel: returned.channel, message: returned.message };
        return match merge::join(tx, &contact, returned.contact, &basis).await {
            Ok(merge) => {
                let now = tx.now;
                tx.execute(
                    "UPDATE link_codes SET used_at = $2, journal_id = $3 WHERE code_hash = $1",
                    values![hash(&code), now, &merge.0],
                )
                .await?;
                Ok(Redeemed::Joined(contact))
            }
            // Their message goes its ordinary way.
            Err(StoreError::Conflict(Conflict::CannotJoin(why))) => Ok(Redeemed::Refused(why.as_str())),
            Err(error) => Err(error),
        };
    }
    Ok(Redeemed::Nothing)
}

async fn known_on(tx: &mut Tx, contact: &ContactId, channel: &str) -> Result<bool, StoreError> {
    let row = tx
        .first(
            "SELECT h.id FROM handle_periods p JOIN handles h ON h.id = p.handle_id AND h.channel = $2 \
             WHERE p.contact_id = $1 AND p.valid_to IS NULL LIMIT 1",
            values![contact, channel],
        )
        .await?;
    Ok(row.is_some())
}

async fn references_differ(tx: &mut Tx, one: &ContactId, other: &ContactId) -> Result<bool, StoreError> {
    let row = tx
        .first(
            "SELECT a.id FROM contacts a JOIN contacts b ON b.id = $2 WHERE a.id = $1 AND a.external_ref <> b.external_ref",
            values![one, other],
        )
        .await?;
    Ok(row.is_some())
}

/// Keeps who brought a code back that joined nothing, for a person to decide.
async fn offer(tx: &mut Tx, code: &str, handle: &HandleId) -> Result<(), StoreError> {
    let now = tx.now;
    tx.execute(
        "UPDATE link_codes SET returned_by = $2, returned_at = $3 WHERE code_hash = $1",
        values![hash(code), handle, now],
    )
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_typed() {
        let code = fresh().unwrap();
        assert_eq!(code.len(), 11);
        let lower = code.to_lowercase();
        let dashed = code.replace('-', "\u{2013}");
        for text in
            [code.clone(), format!("Hi, my code: {lower}."), format!("({dashed})"), format!("{code}\n")]
        {
            assert_eq!(candidates(&text), [code.as_str()], "{text}");
        }
        for text in ["", "hello-world", "AAAAA-AAAA", "AAAAAA-AAAAA", "AAAAAAAAAAA", "ÄAAAA-AAAAA"] {
            assert_eq!(candidates(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn no_two_codes_are_alike_and_a_long_text_costs_few_questions() {
        let codes: Vec<String> = (0..200).map(|_| fresh().unwrap()).collect();
        let different: std::collections::HashSet<&String> = codes.iter().collect();
        assert_eq!(different.len(), codes.len());
        assert_eq!(candidates(&codes.join(" ")).len(), MOST_CANDIDATES);
    }
}
