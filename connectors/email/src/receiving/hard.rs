//! Mails that the server lists and does not give: asked for again, in less and less, and at last shown
//! to people as what could be had of them. None holds up the next.

use rapport_sdk::model::Timestamp;

use super::{Stop, memory::Key, round::Round, storing::Item};
use crate::imap::{Listed, Trouble, Wanted};

/// So often the whole mail is asked for, then its header once.
const WHOLE: u32 = 3;
const WITHHELD: &str = "The mail server does not give this mail: open it there with a mail program.";

/// What became of asking for a mail by itself.
pub(super) enum Had {
    /// These are its bytes.
    Mail(Vec<u8>),
    /// Somebody removed it.
    Gone,
    /// It is there, and is not given.
    Withheld,
}

impl Round<'_> {
    /// Asks for a mail by itself.
    pub(super) async fn have(&mut self, index: usize, mail: &Listed, wanted: Wanted) -> Result<Had, Trouble> {
        let folder = &self.folders[index];
        let key = folder.key(mail.uid);
        self.link.turn_to(&folder.name, folder.seen.uid_validity).await?;
        let mut had = None;
        let asked = self.link.fetch(&[mail], wanted, |_, raw| had = Some(raw)).await;
        if matches!(asked, Err(Trouble::Lost(_))) {
            self.memory.lose(key);
        }
        asked?;
        if let Some(raw) = had {
            return Ok(Had::Mail(raw));
        }
        let there = folder.existing(self.link, &[mail.uid]).await?;
        Ok(if there.is_empty() { Had::Gone } else { Had::Withheld })
    }

    /// Asks again for the mails that are held back and due.
    pub(super) async fn try_held_back(&mut self) -> Result<(), Stop> {
        for index in 0..self.folders.len() {
            let folder = &self.folders[index];
            let Some(progress) = folder.progress.as_ref().filter(|_| folder.problem.is_none()) else {
                continue;
            };
            for held in progress.held_back.clone() {
                let key = self.folders[index].key(held.uid);
                if self.memory.until_due(&key).is_zero() {
                    self.try_again(index, held.uid, held.tries, held.at).await?;
                }
            }
        }
        Ok(())
    }

    async fn try_again(&mut self, index: usize, uid: u32, tries: u32, at: Timestamp) -> Result<(), Stop> {
        let key = self.folders[index].key(uid);
        // Connections that broke count as tries, also those before a restart of the connection.
        let tries = tries + self.memory.losses(&key);
        let plain = self.memory.plain;
        let folder = &self.folders[index];
        self.link.turn_to(&folder.name, folder.seen.uid_validity).await?;
        let listed = self.link.list(&[uid], plain).await.ok().and_then(|mails| mails.into_iter().next());
        let mail = listed.unwrap_or(Listed { uid, size: None, at: Some(at), flags: Vec::new() });
        let had = match tries {
            ..=WHOLE => self.have(index, &mail, self.wanted(&mail)).await?,
            tries if tries == WHOLE + 1 => self.have(index, &mail, Wanted::Header).await?,
            _ => Had::Mail(Vec::new()),
        };
        let item = match had {
            Had::Withheld => {
                let progress = self.folders[index].progress.as_mut();
                let held =
                    progress.and_then(|progress| progress.held_back.iter_mut().find(|held| held.uid == uid));
                if let Some(held) = held {
                    held.tries = tries + 1;
                }
                self.memory.forget(&key);
                self.put_off(key, tries + 1);
                self.hand_on(Vec::new(), [index].into()).await?;
                return Ok(());
            }
            Had::Gone => None,
            Had::Mail(raw) if tries <= WHOLE => Some(Item::Mail(self.fetched(index, &mail, at, raw))),
            Had::Mail(raw) => Some(Item::Withheld(self.fetched(index, &mail, at, raw), WITHHELD)),
        };
        self.memory.forget(&key);
        if let Some(progress) = &mut self.folders[index].progress {
            progress.held_back.retain(|held| held.uid != uid);
        }
        self.hand_on(item.into_iter().collect(), [index].into()).await?;
        Ok(())
    }

    pub(super) fn put_off(&mut self, key: Key, tries: u32) {
        let by = self.receiving.patience.retry.saturating_mul(3_u32.saturating_pow(tries.saturating_sub(1)));
        self.memory.put_off(key, by);
    }
}
