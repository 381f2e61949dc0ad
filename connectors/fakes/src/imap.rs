//! A mailbox on this machine that is read over IMAP (RFC 3501, IDLE of RFC 2177).
//!
//! It keeps folders and mails, delivers into them, and can be made to fail as servers and networks do:
//! [`Cut`] ends a connection, [`Trick`] makes one mail hard to get, [`FakeImap::answer_next`] answers a
//! command otherwise. `session` holds the dialogue, `command` takes its lines apart, `fetch` and `search`
//! answer about mails, `mailbox` is the memory, `wire` the connection.

mod command;
mod fault;
mod fetch;
mod mailbox;
mod search;
mod session;
mod wire;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rapport_sdk::model::{Clock, Timestamp};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use fault::{Cut, Trick};
pub use mailbox::FakeMail;

use crate::{smtp::Privacy, tls::Certificate};
use fault::Faults;
use mailbox::Mailbox;

/// How a fake mailbox is set up.
#[derive(Clone)]
pub struct FakeImapConfig {
    /// How connections are kept private.
    pub privacy: Privacy,
    /// What it shows in TLS.
    pub certificate: Certificate,
    /// The name and the password, or access token, that it wants.
    pub login: (String, String),
    /// What it says that it can do, beside IMAP4rev1; STARTTLS comes by itself.
    pub capabilities: Vec<&'static str>,
    /// Whether it tells UIDNEXT when a folder is opened.
    pub tells_uid_next: bool,
    /// How often an idle connection hears that it still stands.
    pub keep_alive: Duration,
    /// Where it takes the time from at which mails come.
    pub clock: Arc<dyn Clock>,
    /// The port; 0: any.
    pub port: u16,
}

impl FakeImapConfig {
    /// A mailbox with an empty INBOX, behind STARTTLS.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            privacy: Privacy::StartTls,
            certificate: Certificate::Localhost,
            login: ("support".to_owned(), "a password".to_owned()),
            capabilities: vec!["AUTH=PLAIN", "IDLE", "UIDPLUS"],
            tells_uid_next: true,
            keep_alive: Duration::from_mins(2),
            clock,
            port: 0,
        }
    }
}

#[derive(Default)]
struct State {
    mailbox: Mailbox,
    faults: Faults,
    commands: Vec<String>,
    connections: usize,
    open: usize,
    down: bool,
    login: Option<(String, String)>,
}

/// What the connections share.
struct Shared {
    config: FakeImapConfig,
    state: Mutex<State>,
    sent: Arc<AtomicU64>,
    changes: watch::Sender<u64>,
    kick: watch::Sender<u64>,
}

impl Shared {
    /// Reads the memory.
    fn read<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the memory, and wakes who idles.
    fn change<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let result = self.read(act);
        self.changes.send_modify(|count| *count += 1);
        result
    }
}

/// A running fake mailbox. It ends when this is dropped.
pub struct FakeImap {
    shared: Arc<Shared>,
    address: SocketAddr,
    _stop: DropGuard,
}

impl FakeImap {
    /// Starts one on 127.0.0.1.
    pub async fn start(config: FakeImapConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", config.port)).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            config,
            state: Mutex::default(),
            sent: Arc::default(),
            changes: watch::Sender::new(0),
            kick: watch::Sender::new(0),
        });
        tokio::spawn(accept(listener, Arc::clone(&shared), stop.clone()));
        Ok(Self { shared, address, _stop: stop.drop_guard() })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// A mail comes in, now. Returns its UID. The folder is made where there is none.
    pub fn deliver(&self, folder: &str, raw: impl Into<Vec<u8>>) -> u32 {
        self.deliver_at(folder, raw, self.shared.config.clock.now())
    }

    /// A mail that came in at this time.
    pub fn deliver_at(&self, folder: &str, raw: impl Into<Vec<u8>>, at: Timestamp) -> u32 {
        let raw = raw.into();
        self.shared.change(|state| state.mailbox.folder(folder).add(raw, at, Vec::new()))
    }

    /// Makes a folder, empty.
    pub fn create(&self, folder: &str) {
        self.shared.change(|state| {
            state.mailbox.folder(folder);
        });
    }

    /// Deletes a folder with all that is in it, also under an open session.
    pub fn delete(&self, folder: &str) {
        self.shared.change(|state| state.mailbox.remove(folder));
    }

    /// Removes a mail.
    pub fn expunge(&self, folder: &str, uid: u32) {
        self.shared.change(|state| state.mailbox.folder(folder).expunge(uid));
    }

    /// Gives the folder another UIDVALIDITY: its UIDs stay and mean nothing any more.
    pub fn change_uid_validity(&self, folder: &str) {
        self.shared.change(|state| state.mailbox.folder(folder).uid_validity += 1);
    }

    /// Gives the folder another UIDVALIDITY and its mails new UIDs, from this one on.
    pub fn renumber(&self, folder: &str, first: u32) {
        self.shared.change(|state| state.mailbox.folder(folder).renumber(first));
    }

    /// The mails of a folder, in their order.
    pub fn mails(&self, folder: &str) -> Vec<FakeMail> {
        self.shared.read(|state| state.mailbox.folder(folder).mails.clone())
    }

    /// Another password, or access token, from now on.
    pub fn change_password(&self, password: &str) {
        let name = self.shared.config.login.0.clone();
        self.shared.read(|state| state.login = Some((name, password.to_owned())));
    }

    /// The next connection ends like this. Several wait in a row.
    pub fn cut_next(&self, cut: Cut) {
        self.shared.read(|state| state.faults.cuts.push_back(cut));
    }

    /// The next connection is greeted like this instead.
    pub fn greet_next(&self, line: &str) {
        self.shared.read(|state| state.faults.greetings.push_back(line.to_owned()));
    }

    /// The next time that TLS begins after STARTTLS, this comes in the clear right behind the answer, as
    /// somebody on the way can add it (CVE-2011-0411 and its kin).
    pub fn inject_after_starttls(&self, text: &str) {
        self.shared.read(|state| state.faults.injection = Some(text.to_owned()));
    }

    /// The next time that this command comes, it is answered like this and nothing is done: lines, of
    /// which the last gets the tag. `UID FETCH` and the like are commands of their own.
    pub fn answer_next(&self, command: &str, lines: &[&str]) {
        let lines = lines.iter().map(ToString::to_string).collect();
        self.shared.read(|state| state.faults.answers.push((command.to_owned(), lines)));
    }

    /// From now on this line comes, unasked, before what answers a command of this name; `None` ends it.
    pub fn interject(&self, command: &str, line: Option<&str>) {
        self.shared.read(|state| {
            state.faults.interjections.retain(|(name, _)| name != command);
            state.faults.interjections.extend(line.map(|line| (command.to_owned(), line.to_owned())));
        });
    }

    /// From now on this mail is hard to get; `None` ends it.
    pub fn trick(&self, folder: &str, uid: u32, trick: Option<Trick>) {
        self.shared.read(|state| {
            let key = (folder.to_owned(), uid);
            match trick {
                Some(trick) => state.faults.tricks.insert(key, trick),
                None => state.faults.tricks.remove(&key),
            }
        });
    }

    /// Puts a folder back as it was before an end: its UIDVALIDITY, and its mails with their numbers in
    /// ascending order. What comes next is numbered behind them.
    pub fn restore(&self, folder: &str, uid_validity: u32, mails: Vec<FakeMail>) {
        self.shared.change(|state| state.mailbox.folder(folder).restore(uid_validity, mails));
    }

    /// From now on, or no longer, every connection is cut as soon as it is made, and those that are open.
    pub fn take_down(&self, down: bool) {
        self.shared.read(|state| state.down = down);
        self.kick();
    }

    /// Cuts every connection that is open.
    pub fn kick(&self) {
        self.shared.kick.send_modify(|count| *count += 1);
    }

    /// The commands that came, without what they carried, oldest first.
    pub fn commands(&self) -> Vec<String> {
        self.shared.read(|state| state.commands.clone())
    }

    /// How many bytes it sent, over all connections.
    pub fn bytes_sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.read(|state| state.connections)
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.shared.read(|state| state.open)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        if shared.read(|state| state.down) {
            continue;
        }
        let _ = stream.set_nodelay(true);
        let (shared, stop) = (Arc::clone(&shared), stop.clone());
        tokio::spawn(async move {
            let mut kick = shared.kick.subscribe();
            shared.read(|state| {
                state.connections += 1;
                state.open += 1;
            });
            tokio::select! {
                () = session::serve(stream, &shared) => {}
                _ = kick.changed() => {}
                () = stop.cancelled() => {}
            }
            shared.read(|state| state.open -= 1);
        });
    }
}
