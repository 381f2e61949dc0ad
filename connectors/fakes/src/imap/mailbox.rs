//! Folders and what lies in them.

use std::collections::BTreeMap;

use rapport_sdk::model::Timestamp;

/// A mail in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeMail {
    /// Its number.
    pub uid: u32,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// When it came (INTERNALDATE).
    pub at: Timestamp,
    /// Its flags.
    pub flags: Vec<String>,
}

/// A folder.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) uid_validity: u32,
    pub(super) uid_next: u32,
    pub(super) mails: Vec<FakeMail>,
}

impl Folder {
    pub(super) fn add(&mut self, raw: Vec<u8>, at: Timestamp, flags: Vec<String>) -> u32 {
        let uid = self.uid_next;
        self.uid_next += 1;
        self.mails.push(FakeMail { uid, raw, at, flags });
        uid
    }

    pub(super) fn expunge(&mut self, uid: u32) {
        self.mails.retain(|mail| mail.uid != uid);
    }

    pub(super) fn renumber(&mut self, first: u32) {
        self.uid_validity += 1;
        self.uid_next = first;
        for mail in &mut self.mails {
            mail.uid = self.uid_next;
            self.uid_next += 1;
        }
    }

    pub(super) fn restore(&mut self, uid_validity: u32, mails: Vec<FakeMail>) {
        self.uid_validity = uid_validity;
        self.uid_next = mails.last().map_or(1, |mail| mail.uid + 1);
        self.mails = mails;
    }

    pub(super) fn find(&self, uid: u32) -> Option<&FakeMail> {
        let index = self.mails.binary_search_by_key(&uid, |mail| mail.uid).ok()?;
        self.mails.get(index)
    }
}

/// All folders by their names, as they stand on the wire.
#[derive(Debug)]
pub(super) struct Mailbox {
    folders: BTreeMap<String, Folder>,
    made: u32,
}

impl Default for Mailbox {
    fn default() -> Self {
        let mut mailbox = Self { folders: BTreeMap::new(), made: 0 };
        mailbox.folder("INBOX");
        mailbox
    }
}

impl Mailbox {
    /// The folder, made where there is none.
    pub(super) fn folder(&mut self, name: &str) -> &mut Folder {
        let made = &mut self.made;
        self.folders.entry(name.to_owned()).or_insert_with(|| {
            *made += 1;
            Folder { uid_validity: 1_700_000_000 + *made * 1000, uid_next: 1, mails: Vec::new() }
        })
    }

    pub(super) fn find(&self, name: &str) -> Option<&Folder> {
        self.folders.get(name)
    }

    pub(super) fn find_mut(&mut self, name: &str) -> Option<&mut Folder> {
        self.folders.get_mut(name)
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.folders.remove(name);
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.folders.keys().cloned().collect()
    }
}
