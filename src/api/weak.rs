//! Which passwords are not fit to be one: those that are guessed first. Knows nothing of hashes.

/// The commonest passwords and words of passwords, as letters alone: with digits and signs around them
/// they are no better.
const COMMON: &[&str] = &[
    "abcdefgh",
    "abcdefghijkl",
    "adminadmin",
    "admin",
    "administrator",
    "asdfasdfasdf",
    "asdfghjkl",
    "asdfghjklasdf",
    "changeme",
    "changemeplease",
    "computer",
    "correcthorsebatterystaple",
    "default",
    "football",
    "guestguest",
    "hallohallohallo",
    "iloveyou",
    "iloveyouforever",
    "iloveyousomuch",
    "jesuschrist",
    "kennwort",
    "letmein",
    "letmeinletmein",
    "letmeinplease",
    "masterpassword",
    "motdepasse",
    "mypassword",
    "newpassword",
    "passw",
    "passwd",
    "password",
    "passwordpassword",
    "passwort",
    "passwortpasswort",
    "princess",
    "qazwsx",
    "qazwsxedc",
    "qazwsxedcrfv",
    "qwert",
    "qwertz",
    "qwertzuiop",
    "qwerty",
    "qwertyqwerty",
    "qwertyuiop",
    "qwertyuiopasdf",
    "rapport",
    "secret",
    "secretpassword",
    "sunshine",
    "superman",
    "supersecret",
    "temporarypassword",
    "test",
    "testpassword",
    "testtest",
    "testtesttest",
    "thisisapassword",
    "thisismypassword",
    "trustno",
    "unknown",
    "welcome",
    "welcomewelcome",
    "wordpass",
    "yourpassword",
    "zaq",
    "zxcvbnm",
    "zxcvbnmasdf",
];
/// What has fewer different characters is a pattern.
const FEWEST_DIFFERENT: usize = 5;
/// A shorter part of a name stands in too many words.
const SHORTEST_PART: usize = 4;

/// Why a password is guessed first, for the person who chose it; `None` where it is not.
pub(super) fn reason(password: &str, name: &str, email: &str) -> Option<&'static str> {
    let folded = password.to_lowercase();
    if own_words(name, email).any(|word| folded.contains(&word)) {
        return Some("a password must not hold your own name or address");
    }
    let mut different: Vec<char> = folded.chars().collect();
    let steps = different.windows(2).filter(|two| (two[0] as i64 - two[1] as i64).abs() <= 1).count();
    let runs = steps * 4 >= different.len() * 3;
    different.sort_unstable();
    different.dedup();
    let letters: String = plain(&folded);
    let common = COMMON.contains(&letters.as_str()) || COMMON.contains(&plain(&unmask(&folded)).as_str());
    (common || runs || letters.is_empty() && folded.is_ascii() || different.len() < FEWEST_DIFFERENT)
        .then_some("this is one of the passwords that are guessed first: a few words in a row work well")
}

fn own_words<'a>(name: &'a str, email: &'a str) -> impl Iterator<Item = String> + 'a {
    let local = email.split('@').next().unwrap_or_default();
    let parts = name.split_whitespace().chain([name, email, local]);
    parts.map(|part| part.trim().to_lowercase()).filter(|part| part.chars().count() >= SHORTEST_PART)
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).collect()
}

/// Digits and signs that stand for letters, within a word.
fn unmask(text: &str) -> String {
    let trimmed = text.trim_matches(|c: char| !c.is_alphabetic() && c != '@' && c != '$');
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    trimmed.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused() {
        for password in [
            "password1234",
            "Password123!",
            "P@ssw0rd1234",
            "p4$$w0rd!!!!",
            "qwertyuiop123",
            "iloveyou2026",
            "123456789012",
            "098765432109",
            "abcdefghijklm",
            "aaaaaaaaaaaa",
            "ababababababab",
            "1q1q1q1q1q1q",
            "Welcome2026!!",
            "19031987190387",
            "passwordpassword",
            "letmein12345",
            "------------",
        ] {
            assert!(reason(password, "Mara", "mara@shop.example").is_some(), "{password}");
        }
    }

    #[test]
    fn the_own_name_and_address_are_refused_and_other_words_are_not() {
        let reason = |password| reason(password, "Mara Öztürk", "m.oz@shop.example");
        for own in ["iammaraforever", "xx-ÖZTÜRK-2931", "m.oz-is-my-name", "m.oz@shop.example"] {
            assert!(reason(own).is_some(), "{own}");
        }
        for good in [
            "four quiet words here",
            "a password for tests",
            "another password",
            "kx3f-9wq2-hh7t-mmb2",
            "正しい馬の電池の留め金です",
            "tomorrow we sail",
        ] {
            assert_eq!(reason(good), None, "{good}");
        }
    }
}
