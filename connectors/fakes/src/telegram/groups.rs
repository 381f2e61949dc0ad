//! What happens to chats: groups and their topics, businesses, and whether the bot is let in.

use rapport_sdk::model::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    FakeTelegram, Phone,
    phone::kind_of,
    world::{Chat, ChatKind, Connection, Membership, Topic, User, World},
};

/// Supergroups and channels have ids below this.
pub(super) const SUPERGROUPS: i64 = -1_000_000_000_000;

impl World {
    /// The bot as a member of a chat.
    pub(super) fn bot_as_member(&self, membership: Membership) -> Value {
        let mut member = json!({"status": membership.name(), "user": self.bot.as_json()});
        let more = match membership {
            Membership::Kicked => json!({"until_date": 0}),
            Membership::Administrator => json!({
                "can_be_edited": false, "is_anonymous": false, "can_manage_chat": true,
                "can_delete_messages": true, "can_manage_video_chats": false, "can_restrict_members": false,
                "can_promote_members": false, "can_change_info": false, "can_invite_users": true,
                "can_post_stories": false, "can_edit_stories": false, "can_delete_stories": false,
            }),
            Membership::Member | Membership::Left => json!({}),
        };
        if let (Value::Object(member), Value::Object(more)) = (&mut member, more) {
            member.extend(more);
        }
        member
    }

    /// Lets the bot be something else in a chat, and tells it.
    pub(super) fn set_bot(&mut self, mut chat: Chat, user: i64, bot: Membership, now: Timestamp) -> Chat {
        let old = std::mem::replace(&mut chat.bot, bot);
        self.put_chat(chat.clone());
        if old != bot {
            let told = json!({
                "chat": chat.as_json(), "from": self.user_json(user), "date": now.millis() / 1000,
                "old_chat_member": self.bot_as_member(old), "new_chat_member": self.bot_as_member(bot),
            });
            self.tell("my_chat_member", told, now);
        }
        chat
    }

    /// A message about the chat itself.
    fn service(&mut self, chat: &Chat, user: i64, parts: Value, now: Timestamp) -> i64 {
        let Value::Object(parts) = parts else { return 0 };
        let message = self.add(chat, user, parts, Vec::new(), now);
        let id = message["message_id"].as_i64().unwrap_or(0);
        if chat.bot.is_in() {
            self.tell(kind_of(chat, "message"), message, now);
        }
        id
    }
}

impl FakeTelegram {
    /// The group becomes a supergroup: both are told, and the old id is good for nothing from now on. Gives the
    /// new one.
    pub fn migrate(&self, group: i64) -> i64 {
        self.act(|world, now| {
            let Some(mut old) = world.chat(group, None).cloned() else { return 0 };
            let mut new = Chat { kind: ChatKind::Supergroup, ..old.clone() };
            new.id = SUPERGROUPS - 1 - i64::try_from(world.chats.len()).unwrap_or(0);
            world.put_chat(new.clone());
            let owner = old.members.first().copied().unwrap_or(0);
            world.service(&old, owner, json!({"migrate_to_chat_id": new.id}), now);
            world.service(&new, owner, json!({"migrate_from_chat_id": old.id}), now);
            old.migrated_to = Some(new.id);
            world.put_chat(old);
            new.id
        })
    }

    /// Opens a topic of a forum, and gives its number.
    pub fn topic(&self, forum: i64, name: &str) -> i64 {
        self.act(|world, now| {
            let Some(mut chat) = world.chat(forum, None).cloned() else { return 0 };
            let owner = chat.members.first().copied().unwrap_or(0);
            let created = json!({"forum_topic_created": {"name": name, "icon_color": 7_322_096}});
            let thread = world.service(&chat, owner, created, now);
            chat.topics.push(Topic { thread, name: name.to_owned(), closed: false, deleted: false });
            world.put_chat(chat);
            thread
        })
    }

    /// Closes a topic, or opens it again.
    pub fn close_topic(&self, forum: i64, thread: i64, closed: bool) {
        let field = if closed { "forum_topic_closed" } else { "forum_topic_reopened" };
        self.change_topic(forum, thread, |topic| topic.closed = closed);
        self.act(|world, now| {
            let Some(chat) = world.chat(forum, None).cloned() else { return };
            let owner = chat.members.first().copied().unwrap_or(0);
            let parts = json!({field: {}, "message_thread_id": thread, "is_topic_message": true});
            world.service(&chat, owner, parts, now);
        });
    }

    /// Deletes a topic: nobody is told.
    pub fn delete_topic(&self, forum: i64, thread: i64) {
        self.change_topic(forum, thread, |topic| topic.deleted = true);
    }

    fn change_topic(&self, forum: i64, thread: i64, change: impl Fn(&mut Topic)) {
        self.act(|world, _| {
            let Some(mut chat) = world.chat(forum, None).cloned() else { return };
            for topic in chat.topics.iter_mut().filter(|topic| topic.thread == thread) {
                change(topic);
            }
            world.put_chat(chat);
        });
    }

    /// A post in a channel, by the channel itself. Gives its number.
    pub fn post(&self, channel: i64, text: &str) -> i64 {
        self.act(|world, now| match world.chat(channel, None).cloned() {
            Some(chat) => world.service(&chat, 0, json!({"text": text}), now),
            None => 0,
        })
    }

    /// Lets a business answer through the bot, or not any more.
    pub fn set_connection(&self, id: &str, is_enabled: bool, can_reply: bool) {
        self.act(|world, now| {
            let Some(connection) = world.connection(id).cloned() else { return };
            world.put_connection(Connection { is_enabled, can_reply, ..connection });
            world.tell_connection(id, now);
        });
    }
}

impl World {
    fn tell_connection(&mut self, id: &str, now: Timestamp) {
        if let Some(connection) = self.connection(id) {
            let told = connection.as_json(&self.user_json(connection.owner));
            self.tell("business_connection", told, now);
        }
    }
}

impl Phone {
    /// Opens a basic group and takes the bot in.
    #[must_use]
    pub fn open_group(&self, title: &str) -> Self {
        self.open(title, ChatKind::Group, false)
    }

    /// Opens a supergroup and takes the bot in.
    #[must_use]
    pub fn open_supergroup(&self, title: &str) -> Self {
        self.open(title, ChatKind::Supergroup, false)
    }

    /// Opens a supergroup with topics and takes the bot in.
    #[must_use]
    pub fn open_forum(&self, title: &str) -> Self {
        self.open(title, ChatKind::Supergroup, true)
    }

    /// Opens a channel and takes the bot in.
    #[must_use]
    pub fn open_channel(&self, title: &str) -> Self {
        self.open(title, ChatKind::Channel, false)
    }

    fn open(&self, title: &str, kind: ChatKind, is_forum: bool) -> Self {
        let chat = self.fake.act(|world, now| {
            let count = i64::try_from(world.chats.len()).unwrap_or(0);
            let id = if kind == ChatKind::Group { -4_000_001 - count } else { SUPERGROUPS - 1 - count };
            let mut chat = Chat::new(id, kind, title);
            chat.is_forum = is_forum;
            chat.bot = Membership::Left;
            chat.members.push(self.user);
            let bot = if kind == ChatKind::Channel { Membership::Administrator } else { Membership::Member };
            let chat = world.set_bot(chat, self.user, bot, now);
            if kind != ChatKind::Channel {
                let bot = world.bot.as_json();
                world.service(&chat, self.user, json!({"new_chat_members": [bot]}), now);
            }
            id
        });
        self.in_group(chat)
    }

    /// The same phone with this group open, which the customer joins.
    #[must_use]
    pub fn in_group(&self, chat: i64) -> Self {
        let known = self.fake.shared.with(|world| world.chat(chat, None).cloned());
        if let Some(mut known) = known.filter(|known| !known.members.contains(&self.user)) {
            self.fake.act(|world, now| {
                known.members.push(self.user);
                world.put_chat(known.clone());
                let joined = json!({"new_chat_members": [world.user_json(self.user)]});
                world.service(&known, self.user, joined, now);
            });
        }
        Self { chat, business: None, thread: None, ..self.clone() }
    }

    /// Lets the bot answer what customers write to this person, and gives the connection's id.
    pub fn connect_business(&self) -> String {
        self.fake.act(|world, now| {
            let id = format!("biz{:016x}", rand::random::<u64>());
            let connection = Connection {
                id: id.clone(),
                owner: self.user,
                is_enabled: true,
                can_reply: true,
                at: now.millis(),
            };
            world.put_connection(connection);
            world.tell_connection(&id, now);
            id
        })
    }

    /// The same phone with the chat open that the customer has with a business.
    #[must_use]
    pub fn in_business(&self, connection: &str) -> Self {
        Self { chat: self.user, business: Some(connection.to_owned()), thread: None, ..self.clone() }
    }

    /// What the business's owner writes in this chat with the owner's own hands. Gives its number.
    pub fn owner_writes(&self, text: &str) -> i64 {
        self.fake.act(|world, now| {
            let chat = world.chat(self.chat, self.business.as_deref()).cloned();
            let owner = self.business.as_deref().and_then(|id| world.connection(id)).map(|found| found.owner);
            let (Some(chat), Some(owner)) = (chat, owner) else { return 0 };
            let mut parts = Map::new();
            parts.insert("text".to_owned(), text.into());
            world.service(&chat, owner, parts.into(), now)
        })
    }

    /// Blocks the bot, or kicks it out of the group that is open.
    pub fn block_bot(&self) {
        self.set_bot(Membership::Kicked);
    }

    /// Lets the bot in again.
    pub fn unblock_bot(&self) {
        self.set_bot(Membership::Member);
    }

    /// Makes the bot an administrator: it hears everything.
    pub fn promote_bot(&self) {
        self.set_bot(Membership::Administrator);
    }

    /// Takes the bot out of the group, so that it may come back.
    pub fn remove_bot(&self) {
        self.set_bot(Membership::Left);
    }

    fn set_bot(&self, bot: Membership) {
        self.fake.act(|world, now| {
            if let Some(chat) = world.chat(self.chat, None).cloned() {
                world.set_bot(chat, self.user, bot, now);
            }
        });
    }

    /// Deletes the customer's account.
    pub fn deactivate(&self) {
        self.fake.act(|world, _| {
            if let Some(user) = world.user(self.user).cloned() {
                world.put_user(User { deactivated: true, ..user });
            }
        });
    }
}
