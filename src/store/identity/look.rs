//! What an address looks like to a person's eye. Addresses of one look are marked, so that nobody takes the
//! one for the other; that they look alike is never a reason to join them.

use rapport_model::id::{ContactId, HandleId};
use unicode_security::{RestrictionLevel, RestrictionLevelDetection as _, confusable_detection};

use crate::store::{db::Run, error::StoreError, value::values};

/// The confusable skeleton of an address: two addresses that are hard to tell apart have one.
pub(in crate::store) fn skeleton(address: &str) -> String {
    confusable_detection::skeleton(&readable(address)).collect()
}

/// As a program shows it to a person: a domain in the script in which it was registered.
fn readable(address: &str) -> String {
    let folded = address.to_lowercase();
    match folded.rsplit_once('@') {
        Some((local, domain)) if domain.contains("xn--") => {
            [local, "@", &idna::domain_to_unicode(domain).0].concat()
        }
        _ => folded,
    }
}

/// Whether letters of several scripts stand in one address, as nobody writes who does not want to deceive.
pub(in crate::store) fn mixes_scripts(address: &str) -> bool {
    let readable = readable(address);
    readable.split(['@', '.']).any(|part| {
        let letters: String = part.chars().filter(|c| c.is_alphabetic()).collect();
        letters.as_str().detect_restriction_level() > RestrictionLevel::HighlyRestrictive
    })
}

/// Whether another address of the same look is known, of somebody else: which handles of these.
pub(in crate::store) async fn look_alikes(
    run: &mut impl Run,
    contact: &ContactId,
) -> Result<Vec<HandleId>, StoreError> {
    run.all(
        "SELECT DISTINCT h.id FROM handle_periods p JOIN handles h ON h.id = p.handle_id \
         JOIN handles o ON o.brand = h.brand AND o.channel = h.channel AND o.skeleton = h.skeleton AND o.address <> h.address \
         JOIN handle_periods q ON q.handle_id = o.id AND q.valid_to IS NULL AND q.contact_id <> p.contact_id \
         WHERE p.contact_id = $1 AND p.valid_to IS NULL",
        values![contact],
    )
    .await?
    .iter()
    .map(|row| row.parse("id"))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_hard_to_tell_apart_have_one_look() {
        for (one, other) in [
            ("paypal@shop.example", "p\u{430}ypal@shop.example"),
            ("rosa@shop.example", "ROSA@shop.example"),
            ("modern@shop.example", "modem@shop.example"),
            ("rosa@b\u{fc}cher.example", "rosa@xn--bcher-kva.example"),
        ] {
            assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
        }
        for (one, other) in [("+4915170", "+4915171"), ("rosa@a.example", "rosa@b.example")] {
            assert_ne!(skeleton(one), skeleton(other), "{one} {other}");
        }
    }

    #[test]
    fn only_letters_of_several_scripts_are_marked() {
        for plain in [
            "+4915170000001",
            "rosa_b+shop@a-b.example",
            "\u{440}\u{43e}\u{437}\u{430}@\u{440}.example",
            "123456789",
            "",
        ] {
            assert!(!mixes_scripts(plain), "{plain}");
        }
        for mixed in ["r\u{43e}sa@shop.example", "rosa@xn--pypal-4ve.example"] {
            assert!(mixes_scripts(mixed), "{mixed}");
        }
    }
}
