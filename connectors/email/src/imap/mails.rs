//! Mails of the open folder: how large they are first, then their bytes. Nothing is marked as read.

use async_imap::imap_proto::{AttributeValue, Response};
use rapport_sdk::model::Timestamp;

use super::{
    answer::Trouble,
    link::{ALLOWANCE, Link, instant},
};

/// What surrounds the bytes of a mail in an answer, at most, with what a server says unasked.
const AROUND: u64 = 4 * 1024;

/// A mail as the folder lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) uid: u32,
    /// In bytes, as far as the server knows: Exchange is a little off. `None` where it did not list the mail.
    pub(crate) size: Option<u64>,
    /// When it came into the mailbox; `None` where that can't be read.
    pub(crate) at: Option<Timestamp>,
    pub(crate) flags: Vec<String>,
}

impl Listed {
    /// In bytes; nothing where that is not known.
    pub(crate) fn bytes(&self) -> u64 {
        self.size.unwrap_or(0)
    }
}

/// How much of a mail is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    All,
    /// Its first bytes.
    Beginning(u32),
    /// Its header alone, which the server reads by another way.
    Header,
}

impl Link {
    /// Lists these mails of the open folder. What does not exist any more is missing. With `plain` only
    /// numbers are asked for: there are dates and flags that can't be read.
    pub(crate) async fn list(&mut self, uids: &[u32], plain: bool) -> Result<Vec<Listed>, Trouble> {
        let items = if plain { "(UID RFC822.SIZE)" } else { "(UID RFC822.SIZE INTERNALDATE FLAGS)" };
        let command = format!("UID FETCH {} {items}", uid_set(uids));
        let mut mails = Vec::with_capacity(uids.len());
        let done = self
            .command(&command, ALLOWANCE, |response| {
                if let Response::Fetch(_, attributes) = response {
                    mails.extend(listed(attributes));
                }
            })
            .await?;
        match done.refusal {
            Some(refusal) if mails.is_empty() => Err(Trouble::Refused(refusal)),
            _ => {
                mails.retain(|mail: &Listed| uids.contains(&mail.uid));
                mails.sort_by_key(|mail| mail.uid);
                mails.dedup_by_key(|mail| mail.uid);
                Ok(mails)
            }
        }
    }

    /// Hands over the bytes of these mails as they come, each whole. However the server ends it, with OK
    /// or not: what it left out was not handed over.
    pub(crate) async fn fetch(
        &mut self,
        mails: &[&Listed],
        wanted: Wanted,
        mut take: impl FnMut(u32, Vec<u8>) + Send,
    ) -> Result<(), Trouble> {
        let uids: Vec<u32> = mails.iter().map(|mail| mail.uid).collect();
        let item = match wanted {
            Wanted::All => "BODY.PEEK[]".to_owned(),
            Wanted::Beginning(bytes) => format!("BODY.PEEK[]<0.{bytes}>"),
            Wanted::Header => "BODY.PEEK[HEADER]".to_owned(),
        };
        let size = |mail: &&Listed| match wanted {
            // Line ends may be counted otherwise.
            Wanted::All => mail.bytes() + mail.bytes() / 8 + AROUND,
            Wanted::Beginning(bytes) => u64::from(bytes) + AROUND,
            Wanted::Header => mail.bytes().min(ALLOWANCE) + AROUND,
        };
        let allowance = ALLOWANCE + mails.iter().map(size).sum::<u64>();
        let command = format!("UID FETCH {} (UID {item})", uid_set(&uids));
        self.command(&command, allowance, |response| {
            if let Response::Fetch(_, attributes) = response
                && let Some((uid, bytes)) = body(attributes)
                && let Some(mail) = mails.iter().find(|mail| mail.uid == uid)
                // An empty mail is what a server sends that has lost the text, unless it lists it as empty.
                && (!bytes.is_empty() || mail.size == Some(0))
            {
                take(uid, bytes);
            }
        })
        .await
        .map(drop)
    }
}

fn listed(attributes: &[AttributeValue<'_>]) -> Option<Listed> {
    let (mut uid, mut size, mut at, mut flags) = (None, None, None, Vec::new());
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(number) => uid = Some(*number),
            AttributeValue::Rfc822Size(bytes) => size = Some(u64::from(*bytes)),
            AttributeValue::InternalDate(date) => at = instant(date),
            AttributeValue::Flags(names) => flags = names.iter().map(ToString::to_string).collect(),
            _ => {}
        }
    }
    // What the server says unasked about other mails has no size.
    Some(Listed { uid: uid?, size: Some(size?), at, flags })
}

fn body(attributes: &[AttributeValue<'_>]) -> Option<(u32, Vec<u8>)> {
    let (mut uid, mut bytes) = (None, None);
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(number) => uid = Some(*number),
            AttributeValue::BodySection { data: Some(data), .. }
            | AttributeValue::Rfc822(Some(data))
            | AttributeValue::Rfc822Header(Some(data)) => bytes = Some(data.to_vec()),
            _ => {}
        }
    }
    Some((uid?, bytes?))
}

/// UIDs, which ascend, as a sequence set (RFC 3501 section 9).
pub(crate) fn uid_set(uids: &[u32]) -> String {
    let mut set = String::new();
    let mut rest = uids;
    while let Some(&first) = rest.first() {
        let run = rest
            .iter()
            .zip(u64::from(first)..)
            .take_while(|(uid, expected)| u64::from(**uid) == *expected)
            .count();
        if !set.is_empty() {
            set.push(',');
        }
        set.push_str(&first.to_string());
        if run > 1 {
            set.push(':');
            set.push_str(&rest[run - 1].to_string());
        }
        rest = &rest[run..];
    }
    set
}

#[cfg(test)]
mod tests {
    use super::uid_set;

    #[test]
    fn runs_of_numbers_are_written_as_ranges() {
        assert_eq!(uid_set(&[1, 2, 3, 7, 9, 10]), "1:3,7,9:10");
        assert_eq!(uid_set(&[u32::MAX]), "4294967295");
    }
}
