//! Our own token: what proves that an answer answers a mail of ours.
//!
//! Anybody can write any `In-Reply-To`, so a reference alone says little. The Message-ID of each mail
//! that leaves holds the outbox row and a keyed hash of it, and so does the plus address in Reply-To:
//! who brings one back has seen the mail. It proves that *we minted it for that row*, and no more. A row
//! has one recipient for ever, so the row's id stands for the recipient: whether the sender *is* that
//! recipient, only the store knows and must ask.
//!
//! There is one form of it. A shorter, older or otherwise written one is no token: accepting an old
//! form "for now" is how such hashes have been walked around elsewhere.

use std::sync::LazyLock;

use hmac::{Hmac, KeyInit as _, Mac as _};
use rapport_sdk::model::{Secret, id::OutboxId};
use regex::Regex;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use crate::sabotage::{self, Rule};

/// The version of the form, the first character of a Message-ID. A new one replaces it: no two at once.
const VERSION: &str = "1";
/// What the hash is about, so that no hash that is made for another purpose with the same key is one.
const PURPOSE: &[u8] = b"rapport e-mail reply 1\0";
/// So many bytes of the hash are kept: 128 bit.
const KEPT: usize = 16;
/// The shortest key, in bytes.
pub(crate) const SHORTEST_KEY: usize = 32;
/// The longest local part (RFC 5321 section 4.5.3.1.1), in octets.
const LONGEST_LOCAL: usize = 64;
/// What stands between the inbox's name and the token of a plus address.
const PLUS: &str = "+r";
/// At most so many that look like one are judged in a text.
const MOST_CANDIDATES: usize = 64;
/// RFC 4648 in lower case: mail systems may fold the case of a local part, and digits 0 and 1 are missing,
/// which people mistake.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// `1.`, the id in 32 hexadecimal digits, `.`, the hash in 26 of base32, `@`.
static MESSAGE_ID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^a-zA-Z0-9._+-])1\.([0-9a-fA-F]{32})\.([a-zA-Z2-7]{26})@").expect("it compiles")
});
/// `+r`, id and hash in 50 characters of base32, `@`.
static PLUS_ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\+[rR]([a-zA-Z2-7]{50})@").expect("it compiles"));

/// Makes tokens with the first of its keys and knows those of all of them.
#[derive(Clone)]
pub struct Tokens {
    keys: Vec<Hmac<Sha256>>,
}

impl Tokens {
    /// With these keys, the newest first; `None` where there is none or one is shorter than 32 bytes.
    pub fn new(keys: &[Secret]) -> Option<Self> {
        let key = |key: &Secret| {
            let bytes = key.expose().as_bytes();
            (bytes.len() >= SHORTEST_KEY).then(|| Hmac::new_from_slice(bytes).ok())?
        };
        let keys: Vec<_> = keys.iter().map(key).collect::<Option<_>>()?;
        (!keys.is_empty()).then_some(Self { keys })
    }

    /// The Message-ID of the mail of this row, without angle brackets: the same on every try.
    pub fn message_id(&self, id: &OutboxId, domain: &str) -> String {
        let id = number(id).unwrap_or_default();
        format!("{VERSION}.{id:032x}.{}@{domain}", named_form(mac(&self.keys[0], PURPOSE, id)))
    }

    /// The address under which an answer to the mail of this row comes back: `name+r...@domain`. `None`
    /// where the name has more than 12 octets, because none would remain for the token.
    pub fn plus_address(&self, id: &OutboxId, address: &str) -> Option<String> {
        let (local, domain) = address.rsplit_once('@')?;
        let id = number(id)?;
        let local = format!("{local}{PLUS}{}", plus_form(id, mac(&self.keys[0], PURPOSE, id)));
        (local.len() <= LONGEST_LOCAL).then(|| format!("{local}@{domain}"))
    }

    /// Something unguessable that is tied to a row and never leaves as a token.
    pub(crate) fn boundary(&self, id: &OutboxId) -> String {
        named_form(mac(&self.keys[0], b"boundary\0", number(id).unwrap_or_default()))
    }

    /// The row whose token stands in the text: a Message-ID, a list of them as in References, an address, or
    /// a list of those as in To. The first where there are several. What mail programs put around it, or
    /// breaks of its line, do not matter, nor does the domain, nor the case of letters.
    ///
    /// That the sender is whom the row went to is for the caller to ask.
    pub fn verify(&self, text: &str) -> Option<OutboxId> {
        self.find(text).or_else(|| {
            // A long id that was folded in its middle: no id holds a space of its own.
            let broken = text.contains(char::is_whitespace);
            broken.then(|| text.split_whitespace().collect::<String>()).and_then(|text| self.find(&text))
        })
    }

    fn find(&self, text: &str) -> Option<OutboxId> {
        let named = MESSAGE_ID.captures_iter(text).take(MOST_CANDIDATES).find_map(|found| {
            let id = u128::from_str_radix(&found[1], 16).ok()?;
            self.genuine(id, &found[2], |_, mac| named_form(mac))
        });
        named.or_else(|| {
            PLUS_ADDRESS.captures_iter(text).take(MOST_CANDIDATES).find_map(|found| {
                let id = unpacked(&found[1])?;
                self.genuine(id, &found[1], plus_form)
            })
        })
    }

    /// Compares with what each key would have made, all of them, in a time that tells nothing.
    fn genuine(&self, id: u128, shown: &str, form: fn(u128, u128) -> String) -> Option<OutboxId> {
        let shown = shown.to_ascii_lowercase();
        let mut right = Choice::from(u8::from(sabotage::breaks(Rule::Token)));
        for key in &self.keys {
            right |= form(id, mac(key, PURPOSE, id)).as_bytes().ct_eq(shown.as_bytes());
        }
        bool::from(right).then(|| OutboxId::try_from(format!("{}{id:032x}", OutboxId::PREFIX)).ok())?
    }
}

/// The first 128 bit of the hash.
fn mac(key: &Hmac<Sha256>, purpose: &[u8], id: u128) -> u128 {
    let hash = key.clone().chain_update(purpose).chain_update(id.to_be_bytes()).finalize().into_bytes();
    hash.iter().take(KEPT).fold(0, |bits, &byte| bits << 8 | u128::from(byte))
}

/// The number that an id writes in hexadecimal.
fn number(id: &OutboxId) -> Option<u128> {
    u128::from_str_radix(id.as_str().strip_prefix(OutboxId::PREFIX)?, 16).ok()
}

/// 26 characters: 128 bit and two that are zero.
fn named_form(mac: u128) -> String {
    base32(mac >> 126, mac << 2, 26)
}

/// 50 characters: the 122 bit of a `UUIDv7` that are not the same in all of them (RFC 9562 section 5.7),
/// and 128 of the hash.
fn plus_form(id: u128, mac: u128) -> String {
    base32((id >> 80) << 74 | (id >> 64 & 0xfff) << 62 | id & LOW, mac, 50)
}

/// The id in what [`plus_form`] made.
fn unpacked(text: &str) -> Option<u128> {
    let (mut high, mut low) = (0_u128, 0_u128);
    for character in text.bytes() {
        let value = BASE32.iter().position(|&known| known == character.to_ascii_lowercase())?;
        high = high << 5 | low >> 123;
        low = low << 5 | value as u128;
    }
    Some((high >> 74) << 80 | 7 << 76 | (high >> 62 & 0xfff) << 64 | 2 << 62 | high & LOW)
}

/// The last 62 bit.
const LOW: u128 = (1 << 62) - 1;

/// The last `5 * length` bit of two numbers beside each other.
fn base32(high: u128, low: u128, length: u32) -> String {
    let digit = |at: u32| {
        let shift = 5 * (length - 1 - at);
        let bits = if shift >= 128 {
            high >> (shift - 128)
        } else if shift > 123 {
            low >> shift | high << (128 - shift)
        } else {
            low >> shift
        };
        char::from(BASE32[usize::try_from(bits & 31).unwrap_or_default()])
    };
    (0..length).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(keys: &[&str]) -> Tokens {
        let keys: Vec<_> = keys.iter().map(|key| Secret::new(key.repeat(32))).collect();
        Tokens::new(&keys).unwrap()
    }

    #[test]
    fn a_token_comes_back_from_message_id_and_plus_address() {
        let (tokens, id) = (tokens(&["a"]), OutboxId::new());
        let name = tokens.message_id(&id, "shop.example");
        assert_eq!(tokens.verify(&name), Some(id.clone()));
        let address = tokens.plus_address(&id, "bestellungen@shop.example").unwrap();
        assert_eq!(address.split('@').next().unwrap().len(), LONGEST_LOCAL);
        assert_eq!(tokens.verify(&address), Some(id));
    }

    #[test]
    fn what_mail_programs_do_to_it_does_not_matter() {
        let (tokens, id) = (tokens(&["a"]), OutboxId::new());
        let name = tokens.message_id(&id, "shop.example");
        let (first, second) = name.split_at(40);
        let address = tokens.plus_address(&id, "shop@shop.example").unwrap();
        for text in [
            format!("<{name}>"),
            format!("  \"<{name}>\" "),
            format!("<a@b.example> <{name}>\r\n <c@d.example>"),
            format!("<a@b.example><{name}><c@d.example>"),
            name.replace("shop.example", "SHOP.Example"),
            name.replace("shop.example", "gateway.example"),
            name.to_ascii_uppercase(),
            format!("<{first}\r\n {second}>"),
            format!("<a@b.example>\r\n\t<{first}\r\n {second}>"),
            format!("Mail of Monday <{name}> (answer)"),
            format!("\"The Shop\" <{address}>, Somebody <x@y.example>"),
            address.to_ascii_uppercase(),
        ] {
            assert_eq!(tokens.verify(&text).as_ref(), Some(&id), "{text}");
        }
    }

    #[test]
    fn every_key_is_known_and_the_first_one_mints() {
        let id = OutboxId::new();
        let old = tokens(&["old"]).message_id(&id, "shop.example");
        let both = tokens(&["new", "old"]);
        assert_eq!(both.verify(&old), Some(id.clone()));
        let new = both.message_id(&id, "shop.example");
        assert_eq!(both.verify(&new), Some(id.clone()));
        assert_eq!(tokens(&["new"]).verify(&new), Some(id));
        assert_eq!(tokens(&["new"]).verify(&old), None, "a key that was taken out is not known any more");
    }

    #[test]
    fn without_a_long_key_there_are_no_tokens() {
        assert!(Tokens::new(&[]).is_none());
        assert!(Tokens::new(&[Secret::new("a".repeat(31))]).is_none());
        assert!(Tokens::new(&[Secret::new("a".repeat(32)), Secret::new("")]).is_none());
    }

    #[test]
    fn a_name_that_leaves_no_room_has_no_plus_address() {
        let id = OutboxId::new();
        assert_eq!(tokens(&["a"]).plus_address(&id, "kundendienste@shop.example"), None);
        assert_eq!(tokens(&["a"]).plus_address(&id, "no address"), None);
    }

    #[test]
    fn no_guess_no_stump_and_no_other_form_is_a_token() {
        let (ours, id) = (tokens(&["a", "b"]), OutboxId::new());
        let name = ours.message_id(&id, "shop.example");
        let plus = ours.plus_address(&id, "shop@shop.example").unwrap();
        let hex = &name[2..34];
        let mac = &name[35..61];
        for text in [
            String::new(),
            format!("1.{hex}@shop.example"),
            format!("1.{hex}.@shop.example"),
            format!("1.{hex}.{}@shop.example", &mac[..25]),
            format!("1.{hex}.{mac}a@shop.example"),
            format!("0.{hex}.{mac}@shop.example"),
            format!("2.{hex}.{mac}@shop.example"),
            format!(".{hex}.{mac}@shop.example"),
            format!("{hex}.{mac}@shop.example"),
            format!("0.1.{hex}.{mac}@shop.example"),
            format!("11.{hex}.{mac}@shop.example"),
            format!("1.out_{hex}.{mac}@shop.example"),
            format!("1.{}.{mac}@shop.example", &hex[1..]),
            format!("1.{hex}.{mac}"),
            format!("1.{}.{mac}@shop.example", OutboxId::new().as_str().strip_prefix("out_").unwrap()),
            // The two bits that stand for nothing.
            format!("1.{hex}.{}{}@shop.example", &mac[..25], if mac.ends_with('a') { 'b' } else { 'a' }),
            tokens(&["c"]).message_id(&id, "shop.example"),
            tokens(&["c"]).plus_address(&id, "shop@shop.example").unwrap(),
            plus.replace("+r", "+"),
            plus.replace("+r", "-r"),
            plus.replace("+r", "+ra"),
            plus.replace("@shop.example", "a@shop.example"),
            format!("1.{hex}.{}@shop.example", ours.boundary(&id)),
        ] {
            assert_eq!(ours.verify(&text), None, "{text}");
        }
        for length in 0..name.len() - "shop.example".len() {
            assert_eq!(ours.verify(&name[..length]), None);
        }
        for length in 0..plus.len() - "shop.example".len() {
            assert_eq!(ours.verify(&plus[..length]), None);
        }
    }

    #[test]
    fn ten_thousand_guesses_find_nothing() {
        let (ours, id) = (tokens(&["a", "b"]), OutboxId::new());
        let name = ours.message_id(&id, "shop.example");
        let plus = ours.plus_address(&id, "shop@shop.example").unwrap();
        for _ in 0..5_000 {
            let guess = named_form(rand::random());
            assert_eq!(ours.verify(&format!("{}{guess}{}", &name[..35], &name[61..])), None);
            let guess = plus_form(number(&id).unwrap(), rand::random());
            assert_eq!(ours.verify(&format!("{}{guess}{}", &plus[..6], &plus[56..])), None);
        }
    }

    proptest! {
        #[test]
        fn one_changed_character_is_too_many(at in 2_usize..61, by in 1_u8..32, plus in any::<bool>()) {
            let (ours, id) = (tokens(&["a"]), OutboxId::new());
            let mut text = if plus {
                ours.plus_address(&id, "shop@shop.example").unwrap()
            } else {
                ours.message_id(&id, "shop.example")
            }.into_bytes();
            let at = if plus { 6 + at % 50 } else { at };
            let before = text[at];
            let place = BASE32.iter().position(|&known| known == before).unwrap_or(0);
            text[at] = BASE32[(place + usize::from(by)) % 32];
            prop_assume!(text[at] != before);
            prop_assert_eq!(ours.verify(&String::from_utf8(text).unwrap()), None);
        }

        #[test]
        fn any_text_is_judged_without_a_panic(text in any::<String>()) {
            prop_assert_eq!(tokens(&["a"]).verify(&text), None);
        }
    }
}
