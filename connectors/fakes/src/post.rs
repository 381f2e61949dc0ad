//! A pretended provider of e-mail on this machine, and the mailboxes of a shop's customers.
//!
//! Each shop has a mailbox that is read over IMAP and a server that takes its mail in, as a real one has;
//! what goes to anybody lands in a mailbox here, and what a customer writes lands in the shop's. `book` is
//! the memory, which may outlive the process, `writing` makes the bytes of a customer's letter and what a
//! server puts above them, `reading` is what a mail program shows of one. It knows nothing of the bridge.

mod book;
mod reading;
#[cfg(test)]
mod tests;
mod writing;

use std::{io, path::PathBuf, sync::Arc};

use rapport_sdk::model::{Clock, Timestamp};
use tokio::sync::watch;

pub use book::{Letter, LetterFile, Person};
pub use writing::{Draft, FakeFile};

use crate::{
    FakeImap, FakeImapConfig, FakeSmtp, FakeSmtpConfig,
    smtp::{Fault, Privacy, Recipient, Stage},
};
use book::Book;

/// How a fake provider is set up.
pub struct FakePostConfig {
    /// Where it takes the time from.
    pub clock: Arc<dyn Clock>,
    /// The file that keeps what it holds; `None`: it ends with the process.
    pub memory: Option<PathBuf>,
    /// The shops, each by its addresses. They sign in as the first of them.
    pub shops: Vec<Vec<String>>,
}

/// The mailbox of a shop, as its owner has to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopMailbox {
    /// The port on which it is read.
    pub imap_port: u16,
    /// The port at which mail is handed in.
    pub smtp_port: u16,
    /// What lets in.
    pub password: String,
    /// The name with which the server begins what it says about senders.
    pub authserv_id: String,
}

/// Why a letter was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The sender's address is none.
    Sender,
    /// No shop has such an address.
    NoShop,
    /// There is no letter that it could answer.
    NoLetter,
}

/// A running fake provider. It ends when the last clone is dropped.
#[derive(Clone)]
pub struct FakePost {
    book: Arc<Book>,
    shops: Arc<[Shop]>,
}

struct Shop {
    /// Its first address, by which it is known here.
    name: String,
    addresses: Vec<String>,
    imap: Arc<FakeImap>,
    smtp: FakeSmtp,
    password: String,
}

impl FakePost {
    /// Starts it on 127.0.0.1, with what it held before where it has a memory.
    pub async fn start(config: FakePostConfig) -> io::Result<Self> {
        let book = Arc::new(Book::open(config.memory.as_deref(), config.clock.clone())?);
        let mut shops = Vec::new();
        for addresses in config.shops {
            let login = addresses.first().cloned().unwrap_or_default();
            let name = book::folded(&login);
            let password = format!("{:032x}", rand::random::<u128>());
            let imap = FakeImapConfig {
                privacy: Privacy::None,
                login: (login.clone(), password.clone()),
                ..FakeImapConfig::new(config.clock.clone())
            };
            let imap = Arc::new(FakeImap::start(imap).await?);
            book.fill(&name, &imap);
            let (taker, shop, back) = (Arc::clone(&book), name.clone(), Arc::clone(&imap));
            let smtp = FakeSmtpConfig {
                privacy: Privacy::None,
                login: Some((login, password.clone())),
                recipient: Some(Recipient(Arc::new(move |mail| taker.take_in(mail, &shop, &back)))),
                ..FakeSmtpConfig::default()
            };
            let smtp = FakeSmtp::start(smtp).await?;
            let (mut changes, woken) = (smtp.subscribe(), Arc::clone(&book));
            tokio::spawn(async move {
                while changes.changed().await.is_ok() {
                    woken.wake();
                }
            });
            shops.push(Shop { name, addresses, imap, smtp, password });
        }
        let post = Self { book, shops: shops.into() };
        post.deliver_waiting();
        Ok(post)
    }

    /// The mailbox of the shop with this address.
    pub fn mailbox(&self, address: &str) -> Option<ShopMailbox> {
        let shop = self.shop(address)?;
        Some(ShopMailbox {
            imap_port: shop.imap.port(),
            smtp_port: shop.smtp.port(),
            password: shop.password.clone(),
            authserv_id: writing::authserv_id(&shop.name),
        })
    }

    /// The shop with this address, whatever stands behind a plus.
    fn shop(&self, address: &str) -> Option<&Shop> {
        let address = book::folded(address);
        let (local, domain) = address.rsplit_once('@')?;
        let plain = format!("{}@{domain}", local.split('+').next().unwrap_or_default());
        self.shops.iter().find(|shop| {
            shop.addresses.iter().any(|known| [&address, &plain].contains(&&book::folded(known)))
        })
    }

    /// A customer writes to a shop. While the server is down the letter waits. Returns its id.
    pub fn write(&self, draft: &Draft) -> Result<String, Refusal> {
        let (draft, shop) = self.book.addressed(draft)?;
        let shop = self.shop(&shop).ok_or(Refusal::NoShop)?;
        Ok(self.book.write(&draft, &shop.name, &shop.imap))
    }

    /// All letters in customers' mailboxes, oldest first. What was written in somebody's name is not in theirs.
    pub fn letters(&self) -> Vec<Letter> {
        self.book.letters()
    }

    /// A file of a letter, by its place among them.
    pub fn file(&self, letter: &str, index: usize) -> Option<FakeFile> {
        self.book.file(letter, index)
    }

    /// From now on a machine answers what people write to this customer; or no longer.
    pub fn set_away(&self, address: &str, away: bool) {
        self.book.set_away(address, away);
    }

    /// For whom a machine answers.
    pub fn away(&self) -> Vec<String> {
        self.book.away()
    }

    /// From now on no server is reached, and what customers write waits; or no longer.
    pub fn take_down(&self, down: bool) {
        for shop in &*self.shops {
            shop.imap.take_down(down);
            shop.smtp.take_down(down);
        }
        self.book.set_down(down);
        if !down {
            self.deliver_waiting();
        }
    }

    /// Whether the servers are down.
    pub fn is_down(&self) -> bool {
        self.book.is_down()
    }

    fn deliver_waiting(&self) {
        for shop in &*self.shops {
            self.book.deliver_waiting(&shop.name, &shop.imap);
        }
    }

    /// The next time that a shop hands in a mail, this step fails like this.
    pub fn fail_next(&self, stage: Stage, fault: &Fault) {
        for shop in &*self.shops {
            shop.smtp.fail_next(stage, fault.clone());
        }
    }

    /// Whether a fault still waits for this step.
    pub fn fault_waits(&self, stage: Stage) -> bool {
        self.shops.iter().any(|shop| shop.smtp.fault_waits(stage))
    }

    /// Forgets the faults that wait.
    pub fn clear_faults(&self) {
        for shop in &*self.shops {
            shop.smtp.clear_faults();
        }
    }

    /// What shops did that the standards don't allow.
    pub fn violations(&self) -> Vec<String> {
        self.shops.iter().flat_map(|shop| shop.smtp.violations()).collect()
    }

    /// A number that grows with every change.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.book.subscribe()
    }
}

/// The time as a mail's head has it (RFC 5322).
fn date(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}
