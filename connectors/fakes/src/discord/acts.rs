//! What people and the bot do: each changes the world and tells the gateway.

use serde_json::{Value, json};

use super::{
    channel::{Channel, ChannelKind},
    message::{FakeFile, Message, REPLY},
    people::User,
    snowflake::Snowflake,
    world::{LOCKED, NOT_FOR_TEXT, Refusal, World, fixed},
};

/// A message that is about to be written.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) content: String,
    pub(crate) files: Vec<FakeFile>,
    pub(crate) reply_to: Option<Snowflake>,
    pub(crate) allowed_mentions: Option<Value>,
    pub(crate) nonce: Option<Value>,
    pub(crate) webhook: Option<String>,
}

impl World {
    /// Writes a message. It opens an archived thread again, unless that is locked.
    pub(crate) fn post(
        &mut self,
        channel: Snowflake,
        author: Snowflake,
        draft: Draft,
    ) -> Result<Message, Refusal> {
        let id = self.new_id();
        self.post_as(id, channel, author, draft)
    }

    /// Writes a message under this id: the first of a post has that of its thread.
    pub(crate) fn post_as(
        &mut self,
        id: Snowflake,
        channel: Snowflake,
        author: Snowflake,
        draft: Draft,
    ) -> Result<Message, Refusal> {
        let place = self.channel(channel)?;
        if place.kind == ChannelKind::Forum {
            return Err(NOT_FOR_TEXT);
        }
        if place.archived && place.locked {
            return Err(LOCKED);
        }
        if place.archived {
            self.archive(channel, false, false)?;
        }
        let files = draft.files.into_iter().map(|file| (self.new_id(), file)).collect();
        let mut message = Message::new(id, channel, author, &draft.content);
        message.webhook = draft.webhook;
        message.kind = if draft.reply_to.is_some() { REPLY } else { message.kind };
        message.files = files;
        message.reply_to = draft.reply_to;
        message.nonce = draft.nonce;
        message.allowed_mentions = draft.allowed_mentions;
        self.note_mentions(&mut message);
        self.keep_message(message.clone());
        let mut place = self.channel(channel)?.clone();
        place.last_message = Some(id);
        place.message_count += 1;
        if place.kind.is_thread() && !place.members.contains(&author) {
            place.members.push(author);
        }
        let is_first_word = place.kind == ChannelKind::Dm && place.message_count == 1;
        let shown = self.channel_json(&place);
        self.keep_channel(place);
        if is_first_word && self.announces_dms {
            self.tell(channel, "CHANNEL_CREATE", shown, false);
        }
        self.tell_of(&message, "MESSAGE_CREATE");
        Ok(message)
    }

    /// Who is mentioned: as the text says and the sender allows.
    fn note_mentions(&self, message: &mut Message) {
        let allowed = message.allowed_mentions.as_ref();
        let parses = |what: &str| {
            allowed.is_none_or(|allowed| {
                allowed["parse"].as_array().is_some_and(|parse| parse.iter().any(|one| one == what))
            })
        };
        let named = |id: Snowflake| {
            allowed.is_some_and(|allowed| {
                allowed["users"].as_array().is_some_and(|users| users.iter().any(|one| *one == json!(id)))
            })
        };
        let everyone = message.content.contains("@everyone") || message.content.contains("@here");
        message.mention_everyone = everyone && parses("everyone");
        for part in message.content.split("<@").skip(1) {
            let id = part.split_once('>').and_then(|(id, _)| id.trim_start_matches('!').parse().ok());
            let Some(id) = id.filter(|id| self.users.contains_key(id) && !message.mentions.contains(id))
            else {
                continue;
            };
            if parses("users") || named(id) {
                message.mentions.push(id);
            }
        }
        let answered = message.reply_to.and_then(|id| self.message(message.channel, id).ok());
        let silent = allowed.is_some_and(|allowed| allowed["replied_user"] != json!(true));
        if let Some(author) = answered.map(|answered| answered.author).filter(|_| !silent)
            && author != message.author
            && !message.mentions.contains(&author)
        {
            message.mentions.push(author);
        }
    }

    fn tell_of(&mut self, message: &Message, event: &'static str) {
        let mut shown = self.message_json(message);
        if self.guild_of(message.channel).is_some()
            && message.webhook.is_none()
            && let Some(author) = self.users.get(&message.author)
        {
            shown["member"] = author.as_member(false);
        }
        if let Ok(channel) = self.channel(message.channel) {
            shown["channel_type"] = channel.kind.number().into();
        }
        let private = self.is_private(message);
        self.tell(message.channel, event, shown, private);
    }

    /// Changes a text. In `part`, the gateway tells no more than what changed.
    pub(crate) fn edit(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        content: &str,
        part: bool,
    ) -> Result<Message, Refusal> {
        let mut message = self.message(channel, id)?.clone();
        content.clone_into(&mut message.content);
        message.edited = Some(self.links.clock.now().millis());
        self.keep_message(message.clone());
        if part {
            let whole = self.message_json(&message);
            let data = json!({
                "id": id, "channel_id": channel, "content": content,
                "edited_timestamp": whole["edited_timestamp"],
            });
            let private = self.is_private(&message);
            self.tell(channel, "MESSAGE_UPDATE", data, private);
        } else {
            self.tell_of(&message, "MESSAGE_UPDATE");
        }
        Ok(message)
    }

    /// The provider looked behind a link and shows a card: an update that nobody made. In `part`, as it
    /// was for long: with the card alone.
    pub(crate) fn unfurl(&mut self, channel: Snowflake, id: Snowflake, part: bool) -> Result<(), Refusal> {
        let mut message = self.message(channel, id)?.clone();
        let card = json!({
            "type": "link", "url": "https://shop.example/", "title": "The shop", "description": "A page",
        });
        message.embeds = vec![card];
        let data = json!({"id": id, "channel_id": channel, "embeds": message.embeds});
        self.keep_message(message.clone());
        if part {
            let private = self.is_private(&message);
            self.tell(channel, "MESSAGE_UPDATE", data, private);
        } else {
            self.tell_of(&message, "MESSAGE_UPDATE");
        }
        Ok(())
    }

    /// Deletes a message; whether it was there.
    pub(crate) fn delete(&mut self, channel: Snowflake, id: Snowflake) -> bool {
        let was_there = self.forget_message(channel, id);
        if was_there {
            self.tell(channel, "MESSAGE_DELETE", json!({"id": id, "channel_id": channel}), false);
        }
        was_there
    }

    /// Deletes several at once, which the gateway tells as one.
    pub(crate) fn delete_bulk(&mut self, channel: Snowflake, ids: &[Snowflake]) {
        for id in ids {
            self.forget_message(channel, *id);
        }
        self.tell(channel, "MESSAGE_DELETE_BULK", json!({"ids": ids, "channel_id": channel}), false);
    }

    /// Sets a reaction, or takes it back.
    pub(crate) fn react(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        who: Snowflake,
        emoji: &str,
        set: bool,
    ) -> Result<(), Refusal> {
        let mut message = self.message(channel, id)?.clone();
        let author = message.author;
        let known = message.reactions.iter().position(|(known, _)| known == emoji);
        let at = known.unwrap_or_else(|| {
            message.reactions.push((emoji.to_owned(), Vec::new()));
            message.reactions.len() - 1
        });
        message.reactions[at].1.retain(|one| *one != who);
        if set {
            message.reactions[at].1.push(who);
        }
        message.reactions.retain(|(_, who)| !who.is_empty());
        self.keep_message(message);
        let mut data = json!({
            "user_id": who, "channel_id": channel, "message_id": id, "emoji": {"id": null, "name": emoji},
            "burst": false, "type": 0,
        });
        if set {
            data["message_author_id"] = author.to_string().into();
            if let Some(user) = self.users.get(&who).filter(|_| self.guild_of(channel).is_some()) {
                data["member"] = user.as_member(true);
            }
        }
        let name = if set { "MESSAGE_REACTION_ADD" } else { "MESSAGE_REACTION_REMOVE" };
        self.tell(channel, name, data, false);
        Ok(())
    }

    /// Somebody types.
    pub(crate) fn type_in(&mut self, channel: Snowflake, who: Snowflake) {
        let at = self.links.clock.now().millis() / 1000;
        let data = json!({"channel_id": channel, "user_id": who, "timestamp": at});
        self.tell(channel, "TYPING_START", data, false);
    }

    /// The direct channel of the bot with a user, made if need be.
    pub(crate) fn open_dm(&mut self, user: Snowflake) -> Snowflake {
        let known = self
            .channels
            .values()
            .find(|channel| channel.kind == ChannelKind::Dm && channel.members.contains(&user));
        if let Some(known) = known {
            return known.id;
        }
        let id = self.new_id();
        self.keep_channel(Channel { members: vec![user], ..Channel::new(id, ChannelKind::Dm, "") });
        id
    }

    /// A new channel of the guild.
    pub(crate) fn add_channel(&mut self, kind: ChannelKind, name: &str) -> Snowflake {
        let id = self.new_id();
        let channel = Channel::new(id, kind, name);
        let shown = self.channel_json(&channel);
        self.keep_channel(channel);
        self.tell(id, "CHANNEL_CREATE", shown, false);
        id
    }

    /// Begins a thread; `id` is that of the message that it hangs on.
    pub(crate) fn start_thread(
        &mut self,
        id: Snowflake,
        parent: Snowflake,
        kind: ChannelKind,
        name: &str,
        members: &[Snowflake],
    ) {
        let mut thread = Channel::new(id, kind, name);
        thread.parent = Some(parent);
        thread.owner = members.first().copied();
        thread.members = members.to_vec();
        let mut shown = self.channel_json(&thread);
        shown["newly_created"] = true.into();
        self.keep_channel(thread);
        self.tell(id, "THREAD_CREATE", shown, false);
    }

    /// Takes somebody into a thread. The bot itself is told of the thread.
    pub(crate) fn join_thread(&mut self, thread: Snowflake, user: Snowflake) -> Result<(), Refusal> {
        let mut place = self.channel(thread)?.clone();
        if place.members.contains(&user) {
            return Ok(());
        }
        place.members.push(user);
        let (shown, member) = (self.channel_json(&place), place.member_json(user));
        let count = place.members.len().min(50);
        self.keep_channel(place);
        if user == fixed::BOT {
            self.tell(thread, "THREAD_CREATE", shown, false);
        }
        let data = json!({"id": thread, "member_count": count, "added_members": [member]});
        self.tell(thread, "THREAD_MEMBERS_UPDATE", data, false);
        Ok(())
    }

    /// Puts a thread aside or takes it back.
    pub(crate) fn archive(&mut self, thread: Snowflake, archived: bool, locked: bool) -> Result<(), Refusal> {
        let mut place = self.channel(thread)?.clone();
        if place.archived != archived {
            place.archive_changed = self.links.clock.now().millis();
        }
        (place.archived, place.locked) = (archived, locked);
        let shown = self.channel_json(&place);
        self.keep_channel(place);
        self.tell(thread, "THREAD_UPDATE", shown, false);
        Ok(())
    }

    /// The user with this name, made if need be.
    pub(crate) fn user_named(&mut self, name: &str) -> Snowflake {
        let known = self.users.values().find(|user| user.name == name);
        if let Some(known) = known {
            return known.id;
        }
        let id = self.new_id();
        self.keep_user(User::new(id, name));
        id
    }
}
