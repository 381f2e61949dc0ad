//! The private threads of those who write in the support channel.
//!
//! A customer has one, made when they write there first. Which it is, is kept with the cursors: the thread
//! under the customer, and the customer under the thread.

use serde_json::json;

use super::{Stop, condition::Trouble, desk::Desk};
use crate::{
    api::{Failure, codes},
    markup,
    place::{Leg, Place, PlaceKind},
    snowflake::Snowflake,
};

/// Kept open for a week without a word: the longest that there is.
const ARCHIVE_AFTER_MINUTES: u32 = 10_080;
/// The longest name of a thread.
const LONGEST_NAME: usize = 100;

/// Why a customer has no thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// There is no support channel in the configuration.
    NoChannel,
    /// It may work later, or Discord refuses: nothing was sent.
    Stop(Stop),
}

impl<S: Into<Stop>> From<S> for Refused {
    fn from(stop: S) -> Self {
        Self::Stop(stop.into())
    }
}

impl Desk {
    /// The customer whose thread this is.
    pub async fn customer_of(&self, thread: Snowflake) -> Result<Option<Snowflake>, Stop> {
        Ok(self.cursor(&thread_scope(thread)).await?.and_then(|user| user.parse().ok()))
    }

    /// The thread of a customer, made where there is none; and whether it was.
    pub async fn thread_of(&self, user: Snowflake, name: Option<&str>) -> Result<(Snowflake, bool), Refused> {
        let _making = self.making.lock().await;
        let known = self.cursor(&customer_scope(user)).await?;
        if let Some(thread) = known.and_then(|thread| thread.parse().ok()) {
            return Ok((thread, false));
        }
        let support = self.settings.support().ok_or(Refused::NoChannel)?;
        let name: String = name.unwrap_or("Support").chars().take(LONGEST_NAME).collect();
        let thread = json!({
            "name": name,
            "type": 12,
            "invitable": false,
            "auto_archive_duration": ARCHIVE_AFTER_MINUTES,
        });
        let made = self.api.create(&format!("/channels/{support}/threads"), &thread).await;
        self.note_threads(made.as_ref().err());
        let thread = made?;
        // Nobody is in it yet: if we end here, an empty thread is left, and the customer gets another.
        self.commit(Vec::new(), Some((&thread_scope(thread), user.to_string()))).await?;
        self.directory.note(Place { channel: thread, kind: PlaceKind::Customer { user } });
        self.api.put(&format!("/channels/{thread}/thread-members/{user}")).await?;
        self.commit(Vec::new(), Some((&customer_scope(user), thread.to_string()))).await?;
        Ok((thread, true))
    }

    /// The thread of a customer does not exist any more: the next word makes another.
    pub async fn forget_thread(&self, user: Snowflake) -> Result<(), Stop> {
        self.commit(Vec::new(), Some((&customer_scope(user), String::new()))).await?;
        Ok(())
    }

    /// Makes the thread of who wrote `message` in the support channel. Discord shows it to them; where the bot
    /// may speak, the retailer's text says in the channel where to go on.
    pub async fn welcome(
        &self,
        support: Snowflake,
        user: Snowflake,
        name: Option<&str>,
        message: Snowflake,
    ) -> Result<(), Stop> {
        let (thread, is_new) = match self.thread_of(user, name).await {
            Ok(thread) => thread,
            // The message is in, and an answer tries again. A person was told of the trouble.
            Err(Refused::NoChannel | Refused::Stop(Stop::Provider(Failure::Refused { .. }))) => return Ok(()),
            Err(Refused::Stop(stop)) => return Err(stop),
        };
        let Some(text) = self.settings.go_on.as_ref().filter(|_| is_new) else { return Ok(()) };
        if !self.ctx.ingress.announce(&Leg::Customer(user).id()).await? {
            return Ok(());
        }
        let (before, after) = (markup::write(&text.before, &[]), markup::write(&text.after, &[]));
        let words = json!({
            "content": format!("{before}<#{thread}>{after}"),
            "nonce": format!("go-{message}"),
            "enforce_nonce": true,
            "allowed_mentions": { "parse": [], "replied_user": true },
            "message_reference": { "message_id": message, "fail_if_not_exists": false },
        });
        match self.api.create(&format!("/channels/{support}/messages"), &words).await {
            // The thread stands in the customer's list either way.
            Ok(_) | Err(Failure::Refused { .. } | Failure::NoAnswer | Failure::Server(_)) => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }

    fn note_threads(&self, failure: Option<&Failure>) {
        let reason = match failure {
            None => None,
            Some(Failure::Refused { status, code }) => Some(format!(
                "No private thread can be made in support_channel ({}): give the bot Create Private Threads there.",
                codes::describe(*status, *code)
            )),
            Some(_) => return,
        };
        self.condition.trouble(Trouble::Threads, reason);
    }
}

fn customer_scope(user: Snowflake) -> String {
    format!("customer/{user}")
}

fn thread_scope(thread: Snowflake) -> String {
    format!("thread/{thread}")
}
