//! The dialogue with a submission server (RFC 5321, 6409): each step by itself, because what a failure
//! means depends on how far it came.

use std::net::SocketAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{net::TcpStream, time::timeout};

use super::{
    Access, Failure, Stage, Timeouts,
    reply::Reply,
    wire::{Lost, Wire},
};
use crate::{
    compose::Composed,
    config::{Security, Server},
    failpoints,
    tls::{Tls, wrong_tls},
};

/// After so many mails a connection has done its work; many servers say so with a 421.
const MOST_MAILS: u32 = 50;
/// The longest ENVID (RFC 3461 section 4.4).
const LONGEST_ENVID: usize = 100;

/// What the server says that it can do.
#[derive(Debug, Default)]
struct Extensions {
    starttls: bool,
    utf8: bool,
    reports: bool,
    /// RFC 1870: `Some(0)` names no limit.
    size: Option<u64>,
    mechanisms: Vec<String>,
}

impl Extensions {
    fn read(reply: &Reply) -> Self {
        let mut extensions = Self::default();
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("STARTTLS") => extensions.starttls = true,
                Some("SMTPUTF8") => extensions.utf8 = true,
                Some("DSN") => extensions.reports = true,
                Some("SIZE") => {
                    extensions.size = Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0));
                }
                Some("AUTH") => extensions.mechanisms.extend(words.map(str::to_owned)),
                _ => {}
            }
        }
        extensions
    }
}

/// A connection that is signed in.
pub(super) struct Connection {
    wire: Wire,
    extensions: Extensions,
    timeouts: Timeouts,
    mails: u32,
}

impl Connection {
    /// Connects, goes over to TLS, and signs in.
    pub(super) async fn open(
        server: &Server,
        tls: &Tls,
        access: &Access,
        timeouts: Timeouts,
    ) -> Result<Self, Failure> {
        let address = (&server.host[..], server.port);
        let stream = timeout(timeouts.connect, TcpStream::connect(address)).await;
        let stream = stream.map_err(|_| Failure::Away)?.map_err(|_| Failure::Away)?;
        let (ours, theirs) = (stream.local_addr(), stream.peer_addr());
        let (Ok(ours), Ok(theirs)) = (ours, theirs) else { return Err(Failure::Away) };
        // A small command must not wait for the one before it to be acknowledged.
        let _ = stream.set_nodelay(true);
        if !may_speak(server.security, theirs) {
            return Err(Failure::Insecure("without TLS only a server on this machine is used"));
        }
        let mut wire = Wire::over(stream);
        if server.security == Security::Tls {
            wire = secured(wire, tls, timeouts).await?;
        }
        let mut connection = Self { wire, extensions: Extensions::default(), timeouts, mails: 0 };
        let greeting = connection.wire.reply(timeouts.reply).await;
        let silent = |Lost| if server.security == Security::Tls { Failure::Lost } else { Failure::Mute };
        let greeting = greeting.map_err(silent)?;
        Self::expect(greeting, Stage::Greeting)?;
        connection.hello(ours).await?;
        if server.security == Security::StartTls {
            connection = connection.start_tls(tls, ours).await?;
        }
        connection.sign_in(access, server.security).await?;
        Ok(connection)
    }

    async fn command(&mut self, line: &str) -> Result<Reply, Lost> {
        self.wire.write(format!("{line}\r\n").as_bytes(), self.timeouts.reply).await?;
        self.wire.reply(self.timeouts.reply).await
    }

    fn expect(reply: Reply, stage: Stage) -> Result<Reply, Failure> {
        if reply.is_refusal() {
            return Err(Failure::Refused { reply, stage });
        }
        // A positive answer of the wrong kind: we no longer know what it answers.
        if reply.is_success() { Ok(reply) } else { Err(Failure::Lost) }
    }

    async fn hello(&mut self, ours: SocketAddr) -> Result<(), Failure> {
        // Our name inside the house means nothing outside of it (RFC 5321 section 4.1.4).
        let name = match ours {
            SocketAddr::V4(address) => format!("[{}]", address.ip()),
            SocketAddr::V6(address) => format!("[IPv6:{}]", address.ip()),
        };
        let reply = self.command(&format!("EHLO {name}")).await?;
        self.extensions = Extensions::read(&Self::expect(reply, Stage::Hello)?);
        Ok(())
    }

    async fn start_tls(mut self, tls: &Tls, ours: SocketAddr) -> Result<Self, Failure> {
        if !self.extensions.starttls {
            return Err(Failure::Insecure(
                "the server offers no STARTTLS, or somebody on the way removed it",
            ));
        }
        let reply = self.command("STARTTLS").await?;
        if reply.is_refusal() && !reply.is_transient() {
            return Err(Failure::Insecure("the server refuses to go over to TLS"));
        }
        Self::expect(reply, Stage::Hello)?;
        self.wire = secured(self.wire, tls, self.timeouts).await?;
        // What was said before is forgotten (RFC 3207 section 4.2).
        self.hello(ours).await?;
        Ok(self)
    }

    async fn sign_in(&mut self, access: &Access, security: Security) -> Result<(), Failure> {
        if self.extensions.mechanisms.is_empty() && security == Security::None {
            // A relay on this machine that knows us by that.
            return Ok(());
        }
        let offered = |name: &str| self.extensions.mechanisms.iter().any(|offered| offered == name);
        match access {
            Access::Password { user, password } if offered("PLAIN") => {
                let response = STANDARD.encode(format!("\0{user}\0{}", password.expose()));
                let reply = self.command(&format!("AUTH PLAIN {response}")).await?;
                Self::signed_in(reply)
            }
            Access::Password { user, password } if offered("LOGIN") => {
                let mut reply = self.command("AUTH LOGIN").await?;
                for answer in [&user[..], password.expose()] {
                    if reply.code != 334 {
                        break;
                    }
                    reply = self.command(&STANDARD.encode(answer)).await?;
                }
                Self::signed_in(reply)
            }
            Access::Token { user, source } if offered("XOAUTH2") => {
                let token = source.access_token(false).await?;
                match self.sign_in_with(user, &token).await {
                    // It may have been withdrawn before its time.
                    Err(Failure::Unauthorized) => {
                        let token = source.access_token(true).await?;
                        self.sign_in_with(user, &token).await
                    }
                    outcome => outcome,
                }
            }
            _ if self.extensions.mechanisms.is_empty() => Err(Failure::Insecure(
                "the server lets nobody sign in here; see the key port: mail is handed in at 465, or 587 with \
                 security \"starttls\"",
            )),
            _ => Err(Failure::Insecure("the server offers none of the ways to sign in that auth allows")),
        }
    }

    async fn sign_in_with(&mut self, user: &str, token: &rapport_sdk::model::Secret) -> Result<(), Failure> {
        let response = STANDARD.encode(format!("user={user}\x01auth=Bearer {}\x01\x01", token.expose()));
        let mut reply = self.command(&format!("AUTH XOAUTH2 {response}")).await?;
        if reply.code == 334 {
            // It tells what was wrong, and waits for us to take note of it.
            reply = self.command("").await?;
        }
        Self::signed_in(reply)
    }

    fn signed_in(reply: Reply) -> Result<(), Failure> {
        match reply.code {
            200..300 => Ok(()),
            400..500 => Err(Failure::Refused { reply, stage: Stage::SignIn }),
            _ => Err(Failure::Unauthorized),
        }
    }

    /// Hands one mail over.
    pub(super) async fn deliver(&mut self, mail: &Composed) -> Result<(), Failure> {
        self.mails += 1;
        let size = mail.bytes.len() as u64;
        if let Some(limit) = self.extensions.size.filter(|&limit| 0 < limit && limit < size) {
            return Err(Failure::TooLarge { size, limit });
        }
        if mail.needs_utf8 && !self.extensions.utf8 {
            return Err(Failure::NeedsUtf8);
        }
        let reply = self.command(&self.mail_from(mail, size)).await?;
        Self::expect(reply, Stage::Sender)?;
        let notify = if self.asks_for_reports(mail) { " NOTIFY=FAILURE,DELAY" } else { "" };
        let reply = self.command(&format!("RCPT TO:<{}>{notify}", mail.to)).await?;
        Self::expect(reply, Stage::Recipient)?;
        let reply = self.command("DATA").await?;
        if reply.code != 354 {
            let refused = reply.is_refusal();
            return Err(if refused { Failure::Refused { reply, stage: Stage::Text } } else { Failure::Lost });
        }
        if self.wire.write(&stuffed(&mail.bytes), self.timeouts.text).await.is_err() {
            // A server that has had enough says so and goes.
            return match self.wire.reply(self.timeouts.reply.min(std::time::Duration::from_secs(1))).await {
                Ok(reply) if reply.is_refusal() => Err(Failure::Refused { reply, stage: Stage::Text }),
                _ => Err(Failure::Lost),
            };
        }
        if failpoints::fails("email.before_dot") {
            return Err(Failure::Lost);
        }
        // From the dot on, the server may have taken it, whatever we hear of that.
        self.wire.write(b".\r\n", self.timeouts.text).await.map_err(|Lost| Failure::Unknown)?;
        if failpoints::fails("email.after_dot") {
            return Err(Failure::Unknown);
        }
        match self.wire.reply(self.timeouts.last).await {
            Ok(reply) if reply.is_success() => Ok(()),
            Ok(reply) if reply.is_refusal() => Err(Failure::Refused { reply, stage: Stage::Text }),
            _ => Err(Failure::Unknown),
        }
    }

    fn mail_from(&self, mail: &Composed, size: u64) -> String {
        let mut line = format!("MAIL FROM:<{}>", mail.from.as_deref().unwrap_or_default());
        if self.extensions.size.is_some() {
            line.extend([" SIZE=", &size.to_string()]);
        }
        if mail.needs_utf8 {
            line.push_str(" BODY=8BITMIME SMTPUTF8");
        }
        if self.asks_for_reports(mail) {
            line.extend([" RET=HDRS ENVID=", &mail.name]);
        }
        line
    }

    /// Whether a report about it should name it (RFC 3461): then it is matched without its headers too.
    fn asks_for_reports(&self, mail: &Composed) -> bool {
        let fits = mail.name.len() <= LONGEST_ENVID && !mail.name.contains(['+', '=']);
        self.extensions.reports && mail.from.is_some() && fits
    }

    /// Whether it can carry another mail.
    pub(super) fn is_fresh(&self) -> bool {
        self.mails < MOST_MAILS && self.wire.is_quiet()
    }

    /// Forgets a mail that was refused halfway.
    pub(super) async fn reset(&mut self) -> bool {
        self.command("RSET").await.is_ok_and(|reply| reply.is_success())
    }

    /// Does nothing, to see that it would do something.
    pub(super) async fn probe(&mut self) -> Result<(), Failure> {
        let reply = self.command("NOOP").await?;
        Self::expect(reply, Stage::Hello).map(drop)
    }

    /// Takes leave. What the server says to that does not matter.
    pub(super) async fn quit(mut self) {
        let _ = self.command("QUIT").await;
    }
}

/// In the clear only to this machine.
fn may_speak(security: Security, to: SocketAddr) -> bool {
    security != Security::None || to.ip().to_canonical().is_loopback()
}

async fn secured(wire: Wire, tls: &Tls, timeouts: Timeouts) -> Result<Wire, Failure> {
    let handshake = timeout(timeouts.connect, wire.secure(tls)).await.map_err(|_| Failure::Away)?;
    handshake.map_err(|error| wrong_tls(&error).map_or(Failure::Away, Failure::Insecure))
}

/// With a second dot before each line that begins with one (RFC 5321 section 4.5.2). The text has CR LF alone
/// and ends with it.
fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 64);
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_only_this_machine_is_spoken_to() {
        for (address, here) in [
            ("127.0.0.1:25", true),
            ("127.8.9.1:25", true),
            ("[::1]:25", true),
            ("[::ffff:127.0.0.1]:25", true),
            ("10.0.0.1:25", false),
            ("192.0.2.1:25", false),
            ("[2001:db8::1]:25", false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(may_speak(Security::None, address), here, "{address}");
            assert!(may_speak(Security::StartTls, address) && may_speak(Security::Tls, address));
        }
    }

    #[test]
    fn each_line_that_begins_with_a_dot_gets_another() {
        assert_eq!(stuffed(b".\r\na.\r\n..b\r\n"), b"..\r\na.\r\n...b\r\n");
    }
}
