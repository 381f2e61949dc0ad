//! SEARCH, as far as a connector asks: UIDs, sequence numbers and days.

use jiff::civil::Date;
use rapport_sdk::model::Timestamp;

use super::{command::numbers, mailbox::FakeMail};

/// The UIDs among `view` that fit; `None` for what is not understood.
pub(super) fn search<'a>(
    words: &[String],
    view: &[u32],
    find: impl Fn(u32) -> Option<&'a FakeMail>,
) -> Option<Vec<u32>> {
    let mut found: Vec<u32> = view.to_vec();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match &word.to_ascii_uppercase()[..] {
            "ALL" => {}
            "UID" => {
                let set = numbers(words.next()?, view);
                found.retain(|uid| set.contains(uid));
            }
            "SINCE" | "BEFORE" => {
                let day = Date::strptime("%d-%b-%Y", words.next()?).ok()?;
                let since = word.eq_ignore_ascii_case("SINCE");
                found.retain(|uid| find(*uid).is_some_and(|mail| (date(mail.at) >= day) == since));
            }
            "SEEN" => found
                .retain(|uid| find(*uid).is_some_and(|mail| mail.flags.iter().any(|flag| flag == "\\Seen"))),
            set if set.starts_with(|c: char| c.is_ascii_digit() || c == '*') => {
                let all: Vec<u32> = (1..).take(view.len()).collect();
                let set: Vec<u32> = numbers(set, &all).iter().map(|seq| view[*seq as usize - 1]).collect();
                found.retain(|uid| set.contains(uid));
            }
            _ => return None,
        }
    }
    Some(found)
}

/// The day of an instant; the fake lives at Greenwich.
fn date(at: Timestamp) -> Date {
    let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    jiff::tz::Offset::UTC.to_datetime(at).date()
}
