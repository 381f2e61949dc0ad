//! The channels: which ones are brought in, and as what.
//!
//! A bot can't list its private channels, so those are kept with the cursors, some hundred to a page.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Deserialize;

use super::{Stop, desk::Desk};
use crate::{
    api::{Api, Failure},
    permission::Overwrite,
    place::{Place, PlaceKind},
    snowflake::Snowflake,
};

/// How many private channels one page names.
const PAGE: usize = 500;
/// More channels that don't concern us than this are not remembered.
const MOST_IGNORED: usize = 10_000;

/// A channel as the API tells it.
#[derive(Debug, Clone, Deserialize)]
pub struct ChannelRecord {
    /// Its id.
    pub id: Snowflake,
    /// What it is: 0 and 5 take texts, 10 to 12 are threads, 15 and 16 are forums.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Its server.
    #[serde(default)]
    pub guild_id: Option<Snowflake>,
    /// The channel of a thread.
    #[serde(default)]
    pub parent_id: Option<Snowflake>,
    /// Who began a thread.
    #[serde(default)]
    pub owner_id: Option<Snowflake>,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// What it allows and forbids beside the server's roles.
    #[serde(default)]
    pub permission_overwrites: Vec<Overwrite>,
    /// The last message that was written there, perhaps deleted since.
    #[serde(default)]
    pub last_message_id: Option<Snowflake>,
    /// What a thread has of its own.
    #[serde(default)]
    pub thread_metadata: Option<ThreadRecord>,
}

/// What a thread has of its own.
#[derive(Debug, Clone, Deserialize)]
pub struct ThreadRecord {
    /// When it was put aside or taken back last.
    #[serde(default)]
    pub archive_timestamp: Option<String>,
}

impl ChannelRecord {
    /// Whether it is a thread.
    pub fn is_thread(&self) -> bool {
        matches!(self.kind, 10..=12)
    }
}

/// What is known of channels.
#[derive(Default)]
pub struct Directory {
    known: Mutex<Known>,
    /// One private channel is written down at a time.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    places: HashMap<Snowflake, Place>,
    ignored: HashSet<Snowflake>,
    /// The private channels, once they were read.
    direct: Option<Vec<Snowflake>>,
    /// The support channel, behind the server on which it is.
    home: Option<(Snowflake, Snowflake)>,
}

impl Directory {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a channel is.
    pub fn note(&self, place: Place) {
        let mut known = self.known();
        known.ignored.remove(&place.channel);
        known.places.insert(place.channel, place);
    }

    /// Notes the support channel.
    pub(super) fn note_home(&self, server: Snowflake, channel: Snowflake) {
        self.known().home = Some((server, channel));
    }

    /// The server and the support channel on it; `None` before it was seen, and where there is none.
    pub fn home(&self) -> Option<(Snowflake, Snowflake)> {
        self.known().home
    }

    /// A channel that did not concern us may do so now; a thread may have another name.
    pub fn look_again(&self, channel: Snowflake) {
        let mut known = self.known();
        known.ignored.remove(&channel);
        if known.places.get(&channel).is_some_and(|place| matches!(place.kind, PlaceKind::Post { .. })) {
            known.places.remove(&channel);
        }
    }
}

impl Desk {
    /// What a channel is to us; `None` where it does not concern us.
    pub async fn place(&self, channel: Snowflake, direct: bool) -> Result<Option<Place>, Stop> {
        {
            let known = self.directory.known();
            if let Some(place) = known.places.get(&channel) {
                return Ok(Some(place.clone()));
            }
            if known.ignored.contains(&channel) {
                return Ok(None);
            }
        }
        let kind = if direct {
            self.settings.direct_messages.then_some(PlaceKind::Direct)
        } else if self.settings.support() == Some(channel) {
            Some(PlaceKind::Support)
        } else if !self.settings.reads_guild() {
            None
        } else {
            match self.api.get::<ChannelRecord>(&format!("/channels/{channel}")).await {
                Ok(record) => self.kind(&record).await?,
                Err(failure) if failure.is_gone() => None,
                Err(failure) => return Err(failure.into()),
            }
        };
        let Some(kind) = kind else {
            let mut known = self.directory.known();
            if known.ignored.len() >= MOST_IGNORED {
                known.ignored.clear();
            }
            known.ignored.insert(channel);
            return Ok(None);
        };
        if kind == PlaceKind::Direct {
            self.write_down(channel).await?;
        }
        let mut known = self.directory.known();
        // Whoever made a customer's thread meanwhile knows better.
        Ok(Some(known.places.entry(channel).or_insert(Place { channel, kind }).clone()))
    }

    /// What a thread is to us.
    pub async fn kind(&self, record: &ChannelRecord) -> Result<Option<PlaceKind>, Stop> {
        let ours = [self.settings.support(), self.settings.forum()];
        if !record.is_thread() || record.parent_id.is_none() || !ours.contains(&record.parent_id) {
            return Ok(None);
        }
        if let Some(user) = self.customer_of(record.id).await? {
            return Ok(Some(PlaceKind::Customer { user }));
        }
        let title = record.name.clone().unwrap_or_default();
        Ok(Some(PlaceKind::Post { owner: record.owner_id, title, private: record.kind == 12 }))
    }

    /// The private channels that are known.
    pub async fn direct_channels(&self) -> Result<Vec<Snowflake>, Stop> {
        let known = self.directory.known().direct.clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let mut channels = Vec::new();
        for page in 0.. {
            let Some(named) = self.cursor(&page_scope(page)).await? else { break };
            channels.extend(named.split(' ').filter_map(|id| id.parse::<Snowflake>().ok()));
        }
        Ok(self.directory.known().direct.get_or_insert(channels).clone())
    }

    async fn write_down(&self, channel: Snowflake) -> Result<(), Stop> {
        let _writing = self.directory.writing.lock().await;
        let mut channels = self.direct_channels().await?;
        if channels.contains(&channel) {
            return Ok(());
        }
        channels.push(channel);
        let page = (channels.len() - 1) / PAGE;
        let named: Vec<String> = channels.iter().skip(page * PAGE).map(ToString::to_string).collect();
        self.commit(Vec::new(), Some((&page_scope(page), named.join(" ")))).await?;
        self.directory.known().direct = Some(channels);
        Ok(())
    }
}

/// A channel of the configuration, or what is wrong with it.
pub async fn configured(
    api: &Api,
    channel: Snowflake,
    forum: bool,
) -> Result<Result<ChannelRecord, String>, Failure> {
    let name = if forum { "forum_channel" } else { "support_channel" };
    match api.get::<ChannelRecord>(&format!("/channels/{channel}")).await {
        Ok(record) => Ok(judged(record, forum, name)),
        Err(Failure::Refused { status: 404, .. }) => {
            Ok(Err(format!("There is no channel with the id that {name} has: correct it.")))
        }
        Err(failure) if failure.is_gone() => Ok(Err(format!(
            "The bot can't see {name}: invite it to the server and give it View Channel there, or correct the id."
        ))),
        Err(failure) => Err(failure),
    }
}

fn judged(record: ChannelRecord, forum: bool, name: &str) -> Result<ChannelRecord, String> {
    let fits = if forum { matches!(record.kind, 15 | 16) } else { matches!(record.kind, 0 | 5) };
    let wanted = if forum { "a forum" } else { "a text channel" };
    if fits { Ok(record) } else { Err(format!("{name} is not {wanted}: write the id of one.")) }
}

fn page_scope(page: usize) -> String {
    format!("direct/{page}")
}
