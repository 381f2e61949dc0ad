//! The one written form of a phone number, so that one person is one handle.

use rapport_sdk::model::Address;

/// The longest run of digits that is a short code and not a number.
const LONGEST_SHORT_CODE: usize = 6;

/// The canonical form of what a provider calls a sender or a recipient: E.164 with `+` for
/// numbers; short codes and names as they are, without margins.
pub fn canonical(text: &str) -> Address {
    let text = text.trim();
    let plain = text
        .chars()
        .all(|c| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '+' | '-' | '.' | '(' | ')' | '/'));
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if !plain || digits.is_empty() {
        return Address::new(text);
    }
    if text.starts_with('+') {
        return Address::new(format!("+{digits}"));
    }
    if let Some(international) = digits.strip_prefix("00") {
        return Address::new(format!("+{international}"));
    }
    if digits.len() <= LONGEST_SHORT_CODE {
        return Address::new(digits);
    }
    Address::new(format!("+{digits}"))
}

/// Whether a reply can reach it: a short code and a name take none.
pub fn can_reply(address: &Address) -> bool {
    is_e164(address.expose())
}

/// Whether it is neither a number nor a short code, but what its sender chose to be called.
pub fn is_name(address: &Address) -> bool {
    !is_e164(address.expose()) && !is_short_code(address.expose())
}

/// Whether only a machine writes from it: a short code or a name, to which nobody can reply. What names
/// another network in front of a number (`whatsapp:+44...`) takes no reply here either, but a person
/// may have written it.
pub fn is_machine(address: &Address) -> bool {
    !can_reply(address) && !address.expose().contains(':')
}

/// `+` and 7 to 15 digits that do not begin with 0.
pub fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

/// 3 to 6 digits.
pub fn is_short_code(text: &str) -> bool {
    (3..=LONGEST_SHORT_CODE).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_and_without_plus_is_one_handle() {
        for text in [
            "+447700900123",
            "447700900123",
            " 447700900123",
            "00447700900123",
            "+44 7700 900-123",
            "+44 (7700) 900.123",
        ] {
            assert_eq!(canonical(text).expose(), "+447700900123", "{text}");
        }
    }

    #[test]
    fn a_short_code_and_a_name_stay_as_they_are_and_take_no_reply() {
        for text in ["12345", "262966", "ACME", "Shop 24", "whatsapp:+447700900123"] {
            let address = canonical(text);
            assert_eq!(address.expose(), text);
            assert!(!can_reply(&address), "{text}");
        }
        assert!(can_reply(&canonical("447700900123")));
    }

    #[test]
    fn only_a_machine_writes_from_a_short_code_or_a_name() {
        for text in ["12345", "262966", "ACME", "Shop 24"] {
            assert!(is_machine(&canonical(text)), "{text}");
        }
        for text in ["+447700900123", "whatsapp:+447700900123"] {
            assert!(!is_machine(&canonical(text)), "{text}");
        }
    }
}
