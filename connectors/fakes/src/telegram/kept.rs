//! What the journal holds: each thing as it stands.

use serde::{Deserialize, Serialize};

use super::{
    records::Record,
    updates::{Queued, Settings},
    world::{Chat, Connection, FakeFile, User, World},
};
use crate::journal;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kept {
    User(User),
    Chat(Chat),
    Connection(Connection),
    Message(Record),
    File { id: String, file: FakeFile },
    Update(Queued),
    Settings(Settings),
}

impl journal::Line for Kept {
    fn key(&self) -> String {
        match self {
            Self::User(user) => format!("user {}", user.id),
            Self::Chat(chat) => format!("chat {} {:?}", chat.id, chat.business),
            Self::Connection(connection) => format!("connection {}", connection.id),
            Self::Message(record) => format!("message {} {:?} {}", record.chat, record.business, record.id),
            Self::File { id, .. } => format!("file {id}"),
            Self::Update(update) => format!("update {}", update.id),
            Self::Settings(_) => "settings".to_owned(),
        }
    }
}

impl Kept {
    pub(crate) fn into_world(self, world: &mut World) {
        match self {
            Self::User(user) => world.users.push(user),
            Self::Chat(chat) => world.chats.push(chat),
            Self::Connection(connection) => world.connections.push(connection),
            Self::Message(record) => world.records.push(record),
            Self::File { id, file } => drop(world.files.insert(id, file)),
            Self::Update(update) => world.queue.restore(update),
            Self::Settings(settings) => world.queue.settings = settings,
        }
    }
}
