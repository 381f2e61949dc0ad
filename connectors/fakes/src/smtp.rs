//! A mail server on this machine that takes mail in (RFC 5321, 6409).
//!
//! It keeps the envelope and the exact bytes of what it accepts, and notes what a client does that the
//! standards don't allow. [`Fault`]s make single steps fail. `session` holds the dialogue, `auth` the
//! signing in, `wire` lines and TLS, `mail` judges what was taken. It delivers nothing by itself: who wants
//! the mail names a [`Recipient`], takes it from [`FakeSmtp::accepted`] or watches [`FakeSmtp::subscribe`].

pub(crate) mod auth;
mod fault;
mod mail;
mod session;
mod wire;

use std::{
    collections::{HashMap, HashSet},
    fmt, io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use fault::{Fault, Stage};
pub use mail::AcceptedMail;

use crate::faults::Faults;
use crate::tls::Certificate;

/// How the server keeps a connection private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// Not at all.
    None,
    /// After STARTTLS, and nobody may sign in before.
    StartTls,
    /// From the first byte.
    Tls,
}

/// Who gets the mails that a server takes.
#[derive(Clone)]
pub struct Recipient(pub Arc<dyn Fn(&AcceptedMail) + Send + Sync>);

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipient")
    }
}

/// How a fake server is set up.
#[derive(Debug, Clone)]
pub struct FakeSmtpConfig {
    /// How connections are kept private.
    pub privacy: Privacy,
    /// What it shows in TLS.
    pub certificate: Certificate,
    /// The name and password, or access token, that it wants; `None`: anybody may send.
    pub login: Option<(String, String)>,
    /// The mechanisms that it offers, in this order.
    pub mechanisms: Vec<&'static str>,
    /// The largest mail, in bytes; announced with SIZE (RFC 1870).
    pub largest: Option<usize>,
    /// Whether it takes 8-bit text (RFC 6152).
    pub eight_bit: bool,
    /// Whether it takes addresses in UTF-8 (RFC 6531).
    pub utf8: bool,
    /// Whether it can be told about reports (RFC 3461).
    pub reports: bool,
    /// Who gets each mail before the client hears that it was taken.
    pub recipient: Option<Recipient>,
    /// The port; 0: any.
    pub port: u16,
}

impl Default for FakeSmtpConfig {
    fn default() -> Self {
        Self {
            privacy: Privacy::StartTls,
            certificate: Certificate::Localhost,
            login: None,
            mechanisms: vec!["PLAIN", "LOGIN"],
            largest: Some(30 * 1024 * 1024),
            eight_bit: true,
            utf8: true,
            reports: true,
            recipient: None,
            port: 0,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    faults: Faults<Stage, Fault>,
    mails: Vec<AcceptedMail>,
    violations: Vec<String>,
    reached: HashMap<Stage, usize>,
    stripped: bool,
    down: bool,
    greylisting: bool,
    greylisted: HashSet<(String, String)>,
    open: usize,
    most_open: usize,
}

/// What the connections share.
struct Shared {
    config: FakeSmtpConfig,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    kick: watch::Sender<u64>,
}

impl Shared {
    /// Reads the memory, and wakes nobody.
    fn look<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads or changes the memory, and wakes who watches.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let result = self.look(act);
        self.changes.send_modify(|count| *count += 1);
        result
    }

    fn violation(&self, what: impl Into<String>) {
        self.with(|state| state.violations.push(what.into()));
    }
}

/// A running fake server. It ends when this is dropped.
pub struct FakeSmtp {
    shared: Arc<Shared>,
    address: SocketAddr,
    _stop: DropGuard,
}

impl FakeSmtp {
    /// Starts one on 127.0.0.1.
    pub async fn start(config: FakeSmtpConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", config.port)).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            config,
            state: Mutex::default(),
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

    /// The mails that it took, oldest first.
    pub fn accepted(&self) -> Vec<AcceptedMail> {
        self.accepted_after(0)
    }

    /// Those that it took after the first so many.
    pub fn accepted_after(&self, count: usize) -> Vec<AcceptedMail> {
        self.shared.with(|state| state.mails.get(count..).unwrap_or_default().to_vec())
    }

    /// The next time that this step is reached, it fails like this. Several wait in a row.
    pub fn fail_next(&self, stage: Stage, fault: Fault) {
        self.shared.with(|state| state.faults.push(stage, fault));
    }

    /// Whether a fault still waits for this step.
    pub fn fault_waits(&self, stage: Stage) -> bool {
        self.shared.look(|state| state.faults.wait_for(stage))
    }

    /// Forgets the faults that wait.
    pub fn clear_faults(&self) {
        self.shared.with(|state| state.faults.clear());
    }

    /// From now on STARTTLS is not offered, as when somebody on the way takes it out.
    pub fn strip_starttls(&self, stripped: bool) {
        self.shared.with(|state| state.stripped = stripped);
    }

    /// From now on the first try of each pair of sender and recipient is put off.
    pub fn greylist(&self, greylisting: bool) {
        self.shared.with(|state| state.greylisting = greylisting);
    }

    /// From now on, or no longer, every connection is cut as soon as it is made, and those that are open.
    pub fn take_down(&self, down: bool) {
        self.shared.with(|state| state.down = down);
        self.kick();
    }

    /// Cuts every connection that is open, as a server does that restarts.
    pub fn kick(&self) {
        self.shared.kick.send_modify(|count| *count += 1);
    }

    /// What clients did that the standards don't allow. Empty in a good test.
    pub fn violations(&self) -> Vec<String> {
        self.shared.with(|state| state.violations.clone())
    }

    /// How often a step was reached, faults included.
    pub fn reached(&self, stage: Stage) -> usize {
        self.shared.with(|state| state.reached.get(&stage).copied().unwrap_or(0))
    }

    /// How many connections are open, and the most that were at once.
    pub fn connections(&self) -> (usize, usize) {
        self.shared.with(|state| (state.open, state.most_open))
    }

    /// A number that grows with every change: for who waits for a mail.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        if shared.with(|state| state.down) {
            continue;
        }
        let (shared, stop) = (Arc::clone(&shared), stop.clone());
        tokio::spawn(async move {
            let mut kick = shared.kick.subscribe();
            shared.with(|state| {
                state.open += 1;
                state.most_open = state.most_open.max(state.open);
            });
            tokio::select! {
                () = session::serve(stream, &shared) => {}
                _ = kick.changed() => {}
                () = stop.cancelled() => {}
            }
            shared.with(|state| state.open -= 1);
        });
    }
}
