//! Real mail servers for tests and the bench: a Dovecot and a Postfix of one's own on loopback.
//!
//! [`MailServer::start`] writes their configuration into a temporary folder, starts them on ports that no
//! other instance has, and ends them when it is dropped, also after a panic; no server of the system is
//! touched. It takes root, and the packages that `scripts/needs.sh` installs. What can't be done panics
//! with the servers' logs: it is a fault of the test, never something to handle.
//!
//! Every address at `shop.example` and `customers.example` has a mailbox and the password
//! [`PASSWORD`], but for names that begin with `unknown`: mail to them is accepted, fails, and comes back
//! as a genuine report. Mail to `slow.example` waits, and its sender is told so, until
//! [`MailServer::open_slow_domain`]. All other domains fail like unknown names.

mod dovecot;
mod handing_in;
mod keeper;
mod maildir;
mod policy;
mod ports;
mod postfix;
mod proxy;

use std::{
    fmt::Display,
    fs,
    net::Ipv4Addr,
    path::Path,
    time::{Duration, Instant},
};

use tokio::{io::AsyncReadExt as _, net::TcpStream};

use self::{
    dovecot::Dovecot,
    keeper::{Daemon, Keeper},
    policy::Policy,
    ports::Ports,
    postfix::Postfix,
};
use crate::tls::Certificate;

pub use self::{
    policy::{Times, Verdict},
    proxy::{Direction, Proxy},
};

/// The password of every mailbox.
pub const PASSWORD: &str = "a-password-for-tests";
/// The user of the system to whom all mails belong.
const MAIL_USER: &str = "nobody";
/// A server that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the servers are set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The certificate of both servers; a client has to trust [`crate::tls::ROOT`].
    pub certificate: Certificate,
    /// The name under which Authentication-Results are written.
    pub authserv_id: String,
    /// How often Dovecot says that an idle connection still stands.
    pub idle_notify: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            certificate: Certificate::default(),
            authserv_id: "mx.shop.example".to_owned(),
            idle_notify: Duration::from_mins(2),
        }
    }
}

/// A running Dovecot and Postfix. The host of all ports is `localhost`, 127.0.0.1.
///
/// Who connects from 127.0.0.1 may sign in at `imap_port` without TLS, since Dovecot trusts its own
/// address; who connects from 127.0.0.2 has to say STARTTLS first.
#[derive(Debug)]
pub struct MailServer {
    // Dropped in this order: the keeper ends the processes that are waited for.
    dovecot: Dovecot,
    postfix: Postfix,
    policy: Policy,
    ports: Ports,
    keeper: Option<Keeper>,
}

impl MailServer {
    /// Starts both servers; takes a second or so.
    pub async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    /// Starts both servers in another setup.
    pub async fn start_with(setup: Setup) -> Self {
        let keeper = Keeper::new();
        let ports = Ports::claim();
        let policy = Policy::start(&setup.authserv_id);
        fs::write(keeper.folder().join("tls.pem"), setup.certificate.pem()).expect("the folder is ours");
        let dovecot = Dovecot::prepare(&keeper, &ports, &setup);
        let postfix = Postfix::prepare(&keeper, &ports, policy.port());
        let mut server = Self { dovecot, postfix, policy, ports, keeper: Some(keeper) };
        server.start_dovecot().await;
        server.start_postfix().await;
        server
    }

    /// IMAP in the clear, with STARTTLS.
    pub fn imap_port(&self) -> u16 {
        self.ports.imap()
    }

    /// IMAP over TLS from the first byte.
    pub fn imaps_port(&self) -> u16 {
        self.ports.imaps()
    }

    /// Where the world hands in mail; nobody signs in here.
    pub fn smtp_port(&self) -> u16 {
        self.ports.smtp()
    }

    /// Where users hand in mail, after STARTTLS.
    pub fn submission_port(&self) -> u16 {
        self.ports.submission()
    }

    /// Where users hand in mail, over TLS from the first byte.
    pub fn submissions_port(&self) -> u16 {
        self.ports.submissions()
    }

    /// Where users hand in mail without any TLS: behind a [`Proxy`] every byte can be counted.
    pub fn clear_submission_port(&self) -> u16 {
        self.ports.clear()
    }

    /// The log of both servers, for the message of a test that fails.
    pub fn log(&self) -> String {
        logs(self.keeper().folder())
    }

    /// A mail from the world, handed in over SMTP as it is.
    pub async fn deliver(&self, from: &str, to: &str, raw: &[u8]) {
        let reply = handing_in::hand_in(self.ports.smtp(), from, to, raw).await;
        assert!(reply.as_ref().is_ok_and(|reply| reply.starts_with("250")), "{reply:?}\n{}", self.log());
    }

    /// The mails in somebody's inbox, oldest first, with CRLF at the ends of lines.
    pub fn inbox(&self, user: &str) -> Vec<Vec<u8>> {
        maildir::read(&self.dovecot.maildir(user))
    }

    /// Waits until so many mails are in somebody's inbox.
    pub async fn until_inbox(&self, user: &str, many: usize) -> Vec<Vec<u8>> {
        let began = Instant::now();
        loop {
            let mails = self.inbox(user);
            if mails.len() >= many {
                return mails;
            }
            let found = mails.len();
            assert!(began.elapsed() < PATIENCE, "{found} mails of {many} came\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Puts a mail into a mailbox, as a mail program does by APPEND.
    pub fn append(&self, user: &str, mailbox: &str, raw: &[u8]) {
        self.dovecot.doveadm(&["save", "-u", user, "-m", mailbox], raw);
    }

    /// Writes mails into somebody's inbox without any server, as if they had come a second apart from
    /// `first` on, seconds since 1970. Only before anybody signed in there.
    pub fn fill(&self, user: &str, first: u64, mails: impl IntoIterator<Item = Vec<u8>>) {
        maildir::fill(&self.dovecot.maildir(user), first, mails).expect("the mailbox is ours");
    }

    /// Makes an empty mailbox.
    pub fn create_mailbox(&self, user: &str, mailbox: &str) {
        self.dovecot.doveadm(&["mailbox", "create", "-u", user, mailbox], b"");
    }

    /// Removes a mailbox with all that is in it, also under an open session.
    pub fn delete_mailbox(&self, user: &str, mailbox: &str) {
        self.dovecot.doveadm(&["mailbox", "delete", "-u", user, mailbox], b"");
    }

    /// Disconnects the user, and gives a mailbox a new UIDVALIDITY under which all mails keep their UIDs:
    /// what a restored backup looks like, and the nastiest case.
    pub fn change_uidvalidity(&self, user: &str, mailbox: &str) {
        self.dovecot.change_uidvalidity(user, mailbox);
    }

    /// Any other command of `doveadm`: what it printed.
    pub fn doveadm(&self, arguments: &[&str]) -> String {
        self.dovecot.doveadm(arguments, b"")
    }

    /// Disconnects all IMAP sessions of a user.
    pub fn kick(&self, user: &str) {
        self.dovecot.kick(user);
    }

    /// Refuses somebody's password at IMAP and submission (535) from now on; their mail still comes.
    pub async fn lock_out(&self, user: &str) {
        self.dovecot.lock_out(user, true).await;
    }

    /// Takes their password again.
    pub async fn let_in(&self, user: &str) {
        self.dovecot.lock_out(user, false).await;
    }

    /// From now on mail to somebody gets a vacation answer, once for each sender in an hour.
    pub fn vacation(&self, user: &str, text: &str) {
        self.dovecot.vacation(user, text);
    }

    /// Ends Dovecot with all its processes at once, as a power cut does: no BYE.
    pub fn kill_dovecot(&mut self) {
        self.dovecot.kill();
        self.ports.until_free();
    }

    /// Stops Dovecot as an administrator does: who is connected is told.
    pub fn stop_dovecot(&mut self) {
        self.dovecot.stop();
    }

    /// Starts Dovecot again at the same ports.
    pub async fn start_dovecot(&mut self) {
        self.dovecot.start(self.keeper.as_ref().expect("kept until the end"), &self.ports).await;
    }

    /// Stops Postfix; what it had accepted waits.
    pub fn stop_postfix(&mut self) {
        self.postfix.stop();
    }

    /// Starts Postfix again at the same ports.
    pub async fn start_postfix(&mut self) {
        self.postfix.start(self.keeper.as_ref().expect("kept until the end"), &self.ports).await;
    }

    /// Answers `RCPT TO` this recipient with a reply such as `451 4.7.1 Try again later`. One with 421
    /// also ends the connection.
    pub fn refuse(&self, recipient: &str, reply: &str, times: Times) {
        self.policy.refuse(recipient, reply, times);
    }

    /// Refuses this recipient once for the time being, as greylisting does.
    pub fn greylist(&self, recipient: &str) {
        self.refuse(recipient, "450 4.2.0 Greylisted, try again later", Times::Only(1));
    }

    /// Takes mail to this recipient again.
    pub fn allow(&self, recipient: &str) {
        self.policy.allow(recipient);
    }

    /// How often `RCPT TO` this recipient was said, whether it was taken or not.
    pub fn attempts(&self, recipient: &str) -> usize {
        self.policy.attempts(recipient)
    }

    /// What the receiving server writes in Authentication-Results on mail of this sender, which is
    /// [`Verdict::Pass`] unless said otherwise. Only mail that comes from the world gets the header, and
    /// what a sender wrote in such a header himself stays below it.
    pub fn judge(&self, sender: &str, verdict: Verdict) {
        self.policy.judge(sender, verdict);
    }

    /// Brings the server of `slow.example` back for as long as what is returned lives: what waits for it
    /// is delivered within seconds.
    pub async fn open_slow_domain(&self) -> Proxy {
        let back = Proxy::between(self.ports.slow(), self.ports.lmtp()).await;
        self.postfix.look_again();
        back
    }

    fn keeper(&self) -> &Keeper {
        self.keeper.as_ref().expect("kept until the end")
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
        // Ends the processes; they are our children, so somebody has to wait for them.
        drop(self.keeper.take());
        self.dovecot.reap();
        self.postfix.reap();
    }
}

/// Puts values into a configuration: `@NAME@` is the place of one.
fn fill_in(text: &str, values: &[(&str, &dyn Display)]) -> String {
    values
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), &value.to_string()))
}

/// Waits until a server greets at a port; with an empty greeting, until it lets connect.
async fn until_greeted(daemon: &mut Daemon, port: u16, greeting: &str, folder: &Path) {
    let began = Instant::now();
    while !greets(port, greeting).await {
        let is_late = began.elapsed() > PATIENCE;
        assert!(!daemon.has_ended() && !is_late, "the server did not start\n{}", logs(folder));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn greets(port: u16, greeting: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return false };
    let mut got = vec![0; greeting.len()];
    let reading = tokio::time::timeout(PATIENCE, stream.read_exact(&mut got)).await;
    matches!(reading, Ok(Ok(_))) && got == greeting.as_bytes()
}

fn logs(folder: &Path) -> String {
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    ["dovecot.start", "dovecot.log", "postfix.start", "postfix.log"].map(read).concat()
}
