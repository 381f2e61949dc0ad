//! Waiting for news by IDLE (RFC 2177), with a deadline that no keep-alive moves.

use std::time::Duration;

use async_imap::imap_proto::{MailboxDatum, Response, Status};
use tokio::time::{Instant, timeout};

use super::{
    answer::Trouble,
    link::{ALLOWANCE, Link},
};

impl Link {
    /// Waits until something changes in the open folder, at most so long. Without IDLE it just waits.
    pub(crate) async fn wait(&mut self, at_most: Duration) -> Result<(), Trouble> {
        if !self.can_idle {
            tokio::time::sleep(at_most).await;
            return Ok(());
        }
        let deadline = Instant::now() + at_most.min(self.patience.idle);
        let tag = self.begin("IDLE", ALLOWANCE).await?;
        let mut news = false;
        // What comes before the "+" may already be the news.
        loop {
            match self.answer(self.patience.silence, |response| hear(response, &tag)).await? {
                Heard::Ready => break,
                Heard::End => {
                    // It offers what it does not do: from now on the folder is looked at.
                    self.can_idle = false;
                    return Ok(());
                }
                Heard::News => news = true,
                Heard::Nothing => {}
                Heard::Bye => return Err(ENDED),
            }
        }
        while !news {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { break };
            // Silence is what IDLE is about: only the deadline ends it.
            let answer = self.answer(left + self.patience.silence, |response| hear(response, &tag));
            match timeout(left, answer).await {
                Err(_) => break,
                Ok(heard) => match heard? {
                    Heard::End => return Ok(()),
                    Heard::News => news = true,
                    Heard::Nothing | Heard::Ready => {}
                    Heard::Bye => return Err(ENDED),
                },
            }
        }
        self.write(b"DONE\r\n").await?;
        loop {
            match self.answer(self.patience.silence, |response| hear(response, &tag)).await? {
                Heard::End => return Ok(()),
                Heard::News | Heard::Nothing | Heard::Ready => {}
                Heard::Bye => return Err(ENDED),
            }
        }
    }
}

const ENDED: Trouble = Trouble::Lost("the server ended the connection");

/// What an answer means to who waits.
enum Heard {
    Ready,
    News,
    Nothing,
    Bye,
    End,
}

fn hear(response: &Response<'_>, tag: &str) -> Heard {
    match response {
        Response::Continue(_) => Heard::Ready,
        Response::Done { tag: answered, .. } if answered.0 == tag => Heard::End,
        Response::MailboxData(MailboxDatum::Exists(_)) => Heard::News,
        Response::Data { status: Status::Bye, .. } => Heard::Bye,
        // A keep-alive ("* OK Still here"), a flag that somebody set, a mail that was removed.
        _ => Heard::Nothing,
    }
}
