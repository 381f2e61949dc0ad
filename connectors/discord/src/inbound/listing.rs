//! Finds the channels in which something may be that no signal told of.

use std::{collections::HashSet, time::Duration};

use rapport_sdk::model::Timestamp;
use serde::Deserialize;

use super::{
    Stop,
    condition::Trouble,
    desk::Desk,
    directory::{ChannelRecord, configured},
};
use crate::{api::Failure, place::Place, snowflake::Snowflake};

/// The most threads of a page.
const PAGE: &str = "100";
/// More pages than a server fills.
const MOST_PAGES: usize = 1000;
/// Private channels in which nobody wrote for so long are looked at after a start alone.
const QUIET: Duration = Duration::from_hours(72);
/// How far before the last complete look an archive is read.
const MARGIN: Duration = Duration::from_mins(10);

/// Channels to read, each with whether it is private.
pub type Listed = Vec<(Snowflake, bool)>;

#[derive(Deserialize)]
struct Threads {
    threads: Vec<ChannelRecord>,
    #[serde(default)]
    has_more: bool,
}

impl Desk {
    /// The channels to look at; `all` after a start or a lost session.
    pub(super) async fn list(&self, all: bool) -> Result<Listed, Stop> {
        let mut listed = Listed::new();
        if self.condition.has(Trouble::Withheld) {
            self.may_read().await?;
        }
        if self.settings.direct_messages {
            let quiet = self.ctx.clock.now().minus(QUIET);
            for channel in self.direct_channels().await? {
                if all || self.position(channel).await?.is_none_or(|position| position.at() > quiet) {
                    listed.push((channel, true));
                }
            }
        }
        let mut guilds = HashSet::new();
        for (channel, forum) in [(self.settings.support(), false), (self.settings.forum(), true)] {
            let Some(channel) = channel else { continue };
            let trouble = if forum { Trouble::Forum } else { Trouble::Support };
            let judged = configured(&self.api, channel, forum).await?;
            self.condition.trouble(trouble, judged.as_ref().err().cloned());
            let Ok(record) = judged else { continue };
            if !forum {
                listed.push((channel, false));
                if let Some(server) = record.guild_id {
                    self.directory.note_home(server, channel);
                }
            }
            if let Some(guild) = record.guild_id
                && guilds.insert(guild)
            {
                let threads = self.threads(&format!("/guilds/{guild}/threads/active"), &[]).await?;
                self.choose(threads.threads, &mut listed).await?;
            }
            self.list_archive(channel, all, &mut listed).await?;
            if !forum {
                self.list_joined(channel, all, &mut listed).await?;
            }
        }
        Ok(listed)
    }

    /// The threads of a channel that were put aside, those put aside last first.
    async fn list_archive(&self, channel: Snowflake, all: bool, listed: &mut Listed) -> Result<(), Stop> {
        let horizon = self.complete_up_to().await?.unwrap_or_else(|| self.since.at()).minus(MARGIN);
        let path = format!("/channels/{channel}/threads/archived/public");
        let mut before: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = self.threads(&path, before.as_deref().map(|at| ("before", at)).as_slice()).await?;
            let last =
                page.threads.last().and_then(|thread| thread.thread_metadata.clone()?.archive_timestamp);
            self.choose(page.threads, listed).await?;
            let Some(last) =
                last.filter(|last| page.has_more && all && instant(last).is_some_and(|at| at > horizon))
            else {
                break;
            };
            before = Some(last);
        }
        Ok(())
    }

    /// The private threads of the bot that were put aside, the youngest first.
    async fn list_joined(&self, channel: Snowflake, all: bool, listed: &mut Listed) -> Result<(), Stop> {
        let path = format!("/channels/{channel}/users/@me/threads/archived/private");
        let mut before: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = self.threads(&path, before.as_deref().map(|id| ("before", id)).as_slice()).await?;
            let last = page.threads.last().map(|thread| thread.id.to_string());
            self.choose(page.threads, listed).await?;
            let Some(last) = last.filter(|_| page.has_more && all) else { break };
            before = Some(last);
        }
        Ok(())
    }

    async fn threads(&self, path: &str, query: &[(&str, &str)]) -> Result<Threads, Failure> {
        let mut parameters = query.to_vec();
        if !path.ends_with("/active") {
            parameters.push(("limit", PAGE));
        }
        match self.api.get_with(path, &parameters).await {
            // The history of single threads is read all the same, as signals come.
            Err(failure) if failure.is_gone() => Ok(Threads { threads: Vec::new(), has_more: false }),
            other => other,
        }
    }

    /// Those of the threads that concern us and have something new.
    async fn choose(&self, threads: Vec<ChannelRecord>, listed: &mut Listed) -> Result<(), Stop> {
        for thread in threads {
            let Some(kind) = self.kind(&thread).await? else { continue };
            self.directory.note(Place { channel: thread.id, kind });
            let position = self.position(thread.id).await?.unwrap_or(self.since);
            if thread.last_message_id.is_some_and(|last| last > position) {
                listed.push((thread.id, false));
            }
        }
        Ok(())
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    Some(Timestamp(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()))
}
