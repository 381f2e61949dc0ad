//! Minimal clients, which show what the servers say: IMAP line by line, and SMTP.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rapport_fakes::{
    mailserver::{MailServer, PASSWORD},
    tls::ROOT,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

/// A line that takes longer than this never comes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Imap<S> {
    stream: BufReader<S>,
    count: usize,
}

pub(crate) async fn tcp(port: u16) -> TcpStream {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap()
}

/// From another address of this machine than the server's own.
pub(crate) async fn tcp_from_elsewhere(port: u16) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::new(127, 0, 0, 2), 0).into()).unwrap();
    socket.connect((Ipv4Addr::LOCALHOST, port).into()).await.unwrap()
}

/// TLS with `localhost`, trusting our root or nobody.
pub(crate) async fn tls(stream: TcpStream, is_trusted: bool) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    if is_trusted {
        roots.add(CertificateDer::from_pem_slice(ROOT.as_bytes()).unwrap()).unwrap();
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// Signed in over TLS, with the inbox selected.
pub(crate) async fn inbox_of(server: &MailServer, user: &str) -> Imap<TlsStream<TcpStream>> {
    let mut imap = Imap::new(tls(tcp(server.imaps_port()).await, true).await.unwrap());
    imap.line().await.unwrap();
    imap.login(user).await;
    imap.command("SELECT INBOX").await;
    imap
}

impl<S: AsyncRead + AsyncWrite + Unpin> Imap<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream: BufReader::new(stream), count: 0 }
    }

    pub(crate) fn into_inner(self) -> S {
        self.stream.into_inner()
    }

    /// The next line; nothing at the end of the connection.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let reading = tokio::time::timeout(PATIENCE, self.stream.read_line(&mut line)).await;
        match reading.expect("the server says something") {
            Ok(read) if read > 0 => Some(line.trim_end().to_owned()),
            // Without the end of TLS it is an error; the connection is gone all the same.
            _ => None,
        }
    }

    /// Lines until one of this kind; without one the connection has ended.
    pub(crate) async fn until(&mut self, is_it: impl Fn(&str) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.line().await {
            lines.push(line);
            if is_it(lines.last().unwrap()) {
                break;
            }
        }
        lines
    }

    pub(crate) async fn say(&mut self, line: &str) {
        // Where the connection has ended, the next line says so.
        let _ = self.stream.write_all(format!("{line}\r\n").as_bytes()).await;
        let _ = self.stream.flush().await;
    }

    /// All lines of the answer, the last one without its tag.
    pub(crate) async fn command(&mut self, command: &str) -> Vec<String> {
        self.count += 1;
        let tag = format!("t{} ", self.count);
        self.say(&format!("{tag}{command}")).await;
        let mut lines = self.until(|line| line.starts_with(&tag)).await;
        let last = lines.pop().unwrap_or_default();
        lines.push(last.trim_start_matches(&tag).to_owned());
        lines
    }

    pub(crate) async fn login(&mut self, user: &str) {
        let answer = self.command(&format!("LOGIN {user} {PASSWORD}")).await;
        assert!(answer.last().unwrap().starts_with("OK"), "{answer:?}");
    }

    /// Waits for news, from now on until the server says something.
    pub(crate) async fn idle(&mut self) {
        self.count += 1;
        self.say(&format!("t{} IDLE", self.count)).await;
        assert_eq!(self.line().await.unwrap(), "+ idling");
    }

    /// The UIDs of all mails.
    pub(crate) async fn uids(&mut self) -> String {
        self.command("UID SEARCH ALL").await.remove(0)
    }

    /// The mailbox's UIDVALIDITY.
    pub(crate) async fn validity(&mut self, mailbox: &str) -> String {
        let answer = self.command(&format!("STATUS {mailbox} (UIDVALIDITY)")).await;
        answer[0].split_once("UIDVALIDITY ").unwrap().1.to_owned()
    }
}

/// How a user of the shop hands in mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    StartTls,
    Tls,
    Clear,
}

/// Hands in a mail as a user of the shop does: the last reply, 250 where it was taken.
pub(crate) async fn send(
    server: &MailServer,
    way: Way,
    password: &str,
    to: &str,
    raw: &str,
) -> std::io::Result<String> {
    let port = match way {
        Way::StartTls => server.submission_port(),
        Way::Tls => server.submissions_port(),
        Way::Clear => server.clear_submission_port(),
    };
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let handing_in = async {
        match way {
            Way::Clear => Smtp::greeted(stream).await?.hand_in(password, to, raw).await,
            Way::Tls => Smtp::greeted(tls(stream, true).await?).await?.hand_in(password, to, raw).await,
            Way::StartTls => {
                let mut smtp = Smtp::greeted(stream).await?;
                smtp.command("EHLO shop.example").await?;
                let reply = smtp.command("STARTTLS").await?;
                assert!(reply.starts_with("220"), "{reply}");
                let stream = tls(smtp.0.into_inner(), true).await?;
                Smtp(BufReader::new(stream)).hand_in(password, to, raw).await
            }
        }
    };
    tokio::time::timeout(PATIENCE, handing_in).await.expect("an outcome")
}

/// The client's end of a session.
struct Smtp<S>(BufReader<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Smtp<S> {
    async fn greeted(stream: S) -> std::io::Result<Self> {
        let mut smtp = Self(BufReader::new(stream));
        smtp.reply().await?;
        Ok(smtp)
    }

    async fn hand_in(mut self, password: &str, to: &str, raw: &str) -> std::io::Result<String> {
        let plain = STANDARD.encode(format!("\0{}\0{password}", super::SUPPORT));
        let mut reply = String::new();
        for command in [
            "EHLO shop.example",
            &format!("AUTH PLAIN {plain}"),
            &format!("MAIL FROM:<{}>", super::SUPPORT),
            &format!("RCPT TO:<{to}>"),
            "DATA",
            &format!("{raw}."),
        ] {
            reply = self.command(command).await?;
            if reply.starts_with(['4', '5']) {
                break;
            }
        }
        Ok(reply)
    }

    async fn command(&mut self, line: &str) -> std::io::Result<String> {
        self.0.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.0.flush().await?;
        self.reply().await
    }

    /// The last line of a reply.
    async fn reply(&mut self) -> std::io::Result<String> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line.trim_end().to_owned());
            }
        }
    }
}

/// Shows that a mail was taken.
#[track_caller]
pub(crate) fn taken(reply: &std::io::Result<String>) {
    assert!(reply.as_ref().is_ok_and(|reply| reply.starts_with("250")), "{reply:?}");
}

/// A short letter.
pub(crate) fn letter(from: &str, to: &str, subject: &str) -> String {
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Thu, 26 Nov 2026 10:00:00 +0100\r\n\
         Message-ID: <{subject}@letters.example>\r\n\r\nGood day!\r\n"
    )
}
