//! A signed-in connection: one command at a time, every answer seen.

use std::{panic::AssertUnwindSafe, time::Duration};

use async_imap::{
    Client,
    imap_proto::{Capability, MailboxDatum, Outcome, Response, ResponseCode, Status},
};
use futures_util::FutureExt as _;
use rapport_sdk::model::Timestamp;
use tokio::{
    io::AsyncWriteExt as _,
    time::{Instant, timeout},
};

use super::{
    Patience,
    answer::{BROKEN, Done, Refusal, SILENT, Trouble, UNREADABLE, judge, judge_login},
    folder,
    wire::Wire,
};

/// What may come in answer to a command that asks for no text of mails.
pub(super) const ALLOWANCE: u64 = 4 * 1024 * 1024;
/// The answer to a search in a mailbox of some million mails.
const SEARCH_ALLOWANCE: u64 = 64 * 1024 * 1024;

/// A connection to the server.
pub(crate) struct Link {
    client: Client<Wire>,
    commands: u32,
    pub(super) patience: Patience,
    pub(super) can_idle: bool,
    /// The folder that is open, and its UIDVALIDITY.
    open: Option<(String, u32)>,
}

/// A folder as it was when it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Opened {
    /// How many mails it holds.
    pub(crate) exists: u32,
    /// Above every UID that it holds, where the server tells.
    pub(crate) uid_next: Option<u32>,
    /// Under which its UIDs mean what they meant (RFC 3501 section 2.3.1.1).
    pub(crate) uid_validity: u32,
}

impl Link {
    pub(super) fn over(wire: Wire, patience: Patience) -> Self {
        Self { client: Client::new(wire), commands: 0, patience, can_idle: false, open: None }
    }

    /// The connection below. What came over it and was not read is thrown away.
    pub(super) fn into_wire(self) -> Wire {
        self.client.into_inner()
    }

    /// Reads the greeting; whether the server takes us for signed in (PREAUTH).
    pub(super) async fn greeting(&mut self) -> Result<bool, Trouble> {
        self.client.get_mut().allow(ALLOWANCE);
        self.answer(self.patience.connect, |greeting| match greeting {
            Response::Data { status: Status::Ok, .. } => Ok(false),
            Response::Data { status: Status::PreAuth, .. } => Ok(true),
            Response::Data { status, outcome } => {
                judge(status, outcome)?;
                Err(Trouble::Lost("the server takes no connections for now"))
            }
            _ => Err(Trouble::Lost("what answers there is no IMAP server")),
        })
        .await?
    }

    /// What the server can do, which may be more after the sign-in than before.
    pub(super) async fn capabilities(&mut self) -> Result<Vec<String>, Trouble> {
        let mut found = Vec::new();
        self.command("CAPABILITY", ALLOWANCE, |response| {
            if let Response::Capabilities(capabilities) = response {
                found.extend(capabilities.iter().map(|capability| match capability {
                    Capability::Atom(atom) => atom.to_ascii_uppercase(),
                    Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_ascii_uppercase()),
                    Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
                }));
            }
        })
        .await?;
        Ok(found)
    }

    /// Opens a folder to read it only: nothing in it changes by that (RFC 3501 section 6.3.2).
    pub(crate) async fn open(&mut self, name: &str) -> Result<Opened, Trouble> {
        self.open = None;
        let (mut exists, mut uid_next, mut uid_validity) = (0, None, None);
        let command = format!("EXAMINE {}", folder::quoted(name));
        let done = self
            .command(&command, ALLOWANCE, |response| match response {
                Response::MailboxData(MailboxDatum::Exists(count)) => exists = *count,
                Response::Data { status: Status::Ok, outcome: Outcome { code: Some(code), .. } } => {
                    match code {
                        ResponseCode::UidNext(next) => uid_next = Some(*next),
                        ResponseCode::UidValidity(validity) => uid_validity = Some(*validity),
                        _ => {}
                    }
                }
                _ => {}
            })
            .await?;
        if let Some(refusal) = done.refusal {
            return Err(Trouble::Refused(refusal));
        }
        let no_numbers =
            || Trouble::Misconfigured("the server gives its mails no lasting numbers".to_owned());
        let uid_validity = uid_validity.ok_or_else(no_numbers)?;
        self.open = Some((name.to_owned(), uid_validity));
        Ok(Opened { exists, uid_next, uid_validity })
    }

    /// Makes sure that this folder is open and still the one that it was.
    pub(crate) async fn turn_to(&mut self, name: &str, uid_validity: u32) -> Result<(), Trouble> {
        let found = match &self.open {
            Some((open, validity)) if open == name => *validity,
            _ => self.open(name).await?.uid_validity,
        };
        if found == uid_validity { Ok(()) } else { Err(Trouble::Moved) }
    }

    /// The UIDs in the open folder that fit, in their order.
    pub(crate) async fn search(&mut self, criteria: &str) -> Result<Vec<u32>, Trouble> {
        let mut found = Vec::new();
        let command = format!("UID SEARCH {criteria}");
        let done = self
            .command(&command, SEARCH_ALLOWANCE, |response| {
                if let Response::MailboxData(MailboxDatum::Search(uids)) = response {
                    found.extend_from_slice(uids);
                }
            })
            .await?;
        if let Some(refusal) = done.refusal {
            return Err(Trouble::Refused(refusal));
        }
        if done.complained {
            // An OK after a complaint is not to be believed.
            return Err(Trouble::Refused(Refusal::Unavailable));
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Says goodbye, as far as that works.
    pub(crate) async fn close(mut self) {
        let _ = self.command("LOGOUT", ALLOWANCE, |_| {}).await;
    }

    /// Runs a command and shows every untagged answer until its own comes.
    pub(super) async fn command(
        &mut self,
        line: &str,
        allowance: u64,
        each: impl FnMut(&Response<'_>) + Send,
    ) -> Result<Done, Trouble> {
        self.run(line, &[], allowance, each, judge).await
    }

    /// Runs a command of several pieces: the next one goes out each time that the server asks for it,
    /// an empty one where it asks for more than there are.
    pub(super) async fn dialogue(
        &mut self,
        line: &str,
        pieces: &[&[u8]],
        allowance: u64,
        each: impl FnMut(&Response<'_>) + Send,
    ) -> Result<Done, Trouble> {
        self.run(line, pieces, allowance, each, judge).await
    }

    async fn run(
        &mut self,
        line: &str,
        pieces: &[&[u8]],
        allowance: u64,
        mut each: impl FnMut(&Response<'_>) + Send,
        judge_end: fn(&Status, &Outcome<'_>) -> Result<Option<Refusal>, Trouble>,
    ) -> Result<Done, Trouble> {
        enum Step {
            More,
            Next,
            End(Result<Option<Refusal>, Trouble>),
        }
        let tag = self.begin(line, allowance).await?;
        let mut pieces = pieces.iter();
        let mut complained = false;
        loop {
            let step = self
                .answer(self.patience.silence, |response| match response {
                    Response::Done { tag: answered, status, outcome } if answered.0 == tag => {
                        Step::End(judge_end(status, outcome))
                    }
                    Response::Data { status: Status::Bye, outcome } if line != "LOGOUT" => {
                        let ended = Trouble::Lost("the server ended the connection");
                        Step::End(judge(&Status::Bye, outcome).and(Err(ended)))
                    }
                    Response::Data { status: Status::No | Status::Bad, .. } => {
                        complained = true;
                        Step::More
                    }
                    Response::Continue(_) => Step::Next,
                    response => {
                        each(response);
                        Step::More
                    }
                })
                .await?;
            match step {
                Step::More => {}
                Step::Next => {
                    self.write(&[pieces.next().copied().unwrap_or_default(), b"\r\n"].concat()).await?;
                }
                Step::End(refusal) => return Ok(Done { refusal: refusal?, complained }),
            }
        }
    }

    /// Runs a command that signs in.
    pub(super) async fn sign_in(&mut self, line: &str, pieces: &[&[u8]]) -> Result<(), Trouble> {
        self.run(
            line,
            pieces,
            ALLOWANCE,
            |_| {},
            |status, outcome| judge_login(status, outcome).map(|()| None),
        )
        .await
        .map(drop)
    }

    /// Sends the line of a command; returns its tag.
    pub(super) async fn begin(&mut self, line: &str, allowance: u64) -> Result<String, Trouble> {
        self.commands += 1;
        let tag = format!("R{}", self.commands);
        self.client.get_mut().allow(allowance);
        self.write(format!("{tag} {line}\r\n").as_bytes()).await?;
        Ok(tag)
    }

    /// Writes all of it, or the connection is lost.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let wire = self.client.get_mut();
        for piece in bytes.chunks(32 * 1024) {
            timeout(self.patience.silence, wire.write_all(piece))
                .await
                .map_err(|_| SILENT)?
                .map_err(|_| BROKEN)?;
        }
        timeout(self.patience.silence, wire.flush()).await.map_err(|_| SILENT)?.map_err(|_| BROKEN)
    }

    /// Reads the next answer, once it is there as a whole. As long as bytes come the server is at work, up to a bound.
    pub(super) async fn answer<R>(
        &mut self,
        silence: Duration,
        read: impl FnOnce(&Response<'_>) -> R,
    ) -> Result<R, Trouble> {
        let latest = Instant::now() + self.patience.answer.max(silence);
        loop {
            let before = self.client.get_mut().received();
            // The parser panics at some answers that no server should give.
            let reading = AssertUnwindSafe(self.client.read_response()).catch_unwind();
            match timeout(silence, reading).await {
                Ok(Ok(Ok(Some(answer)))) => return Ok(read(answer.parsed())),
                // The parser's own errors are of this kind; their text quotes the answer.
                Ok(Ok(Err(error))) if error.kind() == std::io::ErrorKind::Other => return Err(UNREADABLE),
                Ok(Ok(Ok(None) | Err(_))) => return Err(BROKEN),
                Ok(Err(_)) => return Err(UNREADABLE),
                Err(_) if self.client.get_mut().received() > before && Instant::now() < latest => {}
                Err(_) => return Err(SILENT),
            }
        }
    }
}

/// The instant that INTERNALDATE names (RFC 3501 section 9, date-time).
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let at = jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?.to_timestamp().ok()?;
    Some(Timestamp(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_dates_are_read_with_their_zone_and_with_a_blank_for_a_digit() {
        let noon = instant("01-Jan-2026 12:00:00 +0000");
        assert_eq!(noon, Some(Timestamp(1_767_268_800_000)));
        assert_eq!(instant(" 1-Jan-2026 14:00:00 +0200"), noon);
        assert_eq!(instant("yesterday"), None);
    }
}
