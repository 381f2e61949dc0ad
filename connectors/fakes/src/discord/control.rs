//! The hand of a test: troubles of the gateway, and what a moderator or the provider itself does.

use super::{
    Access, ChannelKind, FakeDiscord, Snowflake,
    acts::Draft,
    sessions::{GatewayCounts, Out},
};

impl FakeDiscord {
    /// Cuts every connection of the gateway without a word (1006).
    pub fn drop_all(&self) {
        self.shared.with(|state| state.sessions.send_all(&Out::Cut));
    }

    /// Cuts every connection after so many more events.
    pub fn drop_after(&self, events: usize) {
        self.shared.with(|state| state.sessions.cut_after = Some(events));
    }

    /// Ends every connection with this code: 4004, 4013 and 4014 are meant for good.
    pub fn close_all(&self, code: u16) {
        self.shared.with(|state| state.sessions.send_all(&Out::Close(code)));
    }

    /// Asks every connection to come again (op 7).
    pub fn reconnect_all(&self) {
        let ask = r#"{"op":7,"s":null,"t":null,"d":null}"#.to_owned();
        self.shared.with(|state| state.sessions.send_all(&Out::Text(ask)));
    }

    /// Asks every connection for a heartbeat at once (op 1).
    pub fn ask_for_heartbeat(&self) {
        let ask = r#"{"op":1,"s":null,"t":null,"d":null}"#.to_owned();
        self.shared.with(|state| state.sessions.send_all(&Out::Text(ask)));
    }

    /// Says that every session is not valid (op 9), and whether it may be gone on with all the same.
    pub fn invalidate_all(&self, resumable: bool) {
        self.shared.with(|state| state.sessions.invalidate(resumable));
    }

    /// No session can be gone on with any more, as after the window.
    pub fn expire_sessions(&self) {
        self.shared.with(|state| state.sessions.expire());
    }

    /// So many of the next events are told to nobody, ever.
    pub fn lose_events(&self, count: usize) {
        self.shared.with(|state| state.sessions.lose = count);
    }

    /// Heartbeats are not answered while this is set.
    pub fn mute_heartbeats(&self, mute: bool) {
        self.shared.with(|state| state.mute_heartbeats = mute);
    }

    /// While this is set, no connection of the gateway is taken, and those that there are have been cut.
    pub fn set_gateway_down(&self, down: bool) {
        self.shared.with(|state| state.gateway_down = down);
        if down {
            self.drop_all();
        }
    }

    /// While this is set nothing of the provider is reached: what stands is cut, the gateway too, and nobody is
    /// let in.
    pub fn set_down(&self, down: bool) {
        self.shared.door.set(!down);
        self.shared.with(|state| state.api_down = down);
        self.set_gateway_down(down);
        self.shared.changed();
    }

    /// Whether nothing of the provider is reached.
    pub fn is_down(&self) -> bool {
        self.shared.with(|state| state.api_down)
    }

    /// Allows, or forbids, to read what is written in the guild. A session that there is keeps what it has.
    pub fn set_message_content(&self, allowed: bool) {
        self.shared.with(|state| state.may_read = allowed);
    }

    /// Whether a page of the history begins with its oldest message.
    pub fn set_oldest_first(&self, oldest_first: bool) {
        self.shared.with(|state| state.oldest_first = oldest_first);
    }

    /// How often what happened at the gateway.
    pub fn gateway_counts(&self) -> GatewayCounts {
        self.shared.with(|state| state.sessions.counts)
    }

    /// How many sessions have a connection.
    pub fn connected(&self) -> usize {
        self.shared.with(|state| state.sessions.connected())
    }

    /// A new text channel or channel of posts.
    pub fn add_channel(&self, kind: ChannelKind, name: &str) -> Snowflake {
        self.act(|world| world.add_channel(kind, name))
    }

    /// What the bot may do in a channel from now on.
    pub fn set_access(&self, channel: Snowflake, access: Access) {
        self.act(|world| {
            if let Ok(known) = world.channel(channel).cloned() {
                world.keep_channel(super::channel::Channel { access, ..known });
            }
        });
    }

    /// What the bot's role allows in the guild from now on, or, by the guild's id, everybody's: bits of
    /// permissions. They are shown; what the bot may do is [`FakeDiscord::set_access`].
    pub fn set_role(&self, role: Snowflake, permissions: u64) {
        self.act(|world| world.roles.insert(role, permissions));
    }

    /// What a channel allows and forbids a role, or the bot itself, from now on.
    pub fn set_overwrite(&self, channel: Snowflake, id: Snowflake, allow: u64, deny: u64) {
        self.act(|world| {
            if let Ok(mut known) = world.channel(channel).cloned() {
                known.overwrites.retain(|overwrite| overwrite.id != id);
                let is_member = id == super::fixed::BOT;
                known.overwrites.push(super::channel::Overwrite { id, is_member, allow, deny });
                world.keep_channel(known);
            }
        });
    }

    /// Puts a thread aside, perhaps so that nobody can take it back; or takes it back.
    pub fn archive(&self, thread: Snowflake, archived: bool, locked: bool) {
        self.act(|world| world.archive(thread, archived, locked).is_ok());
    }

    /// Takes the bot into a private thread.
    pub fn invite_bot(&self, thread: Snowflake) {
        self.act(|world| world.join_thread(thread, super::fixed::BOT).is_ok());
    }

    /// Deletes several messages at once.
    pub fn delete_bulk(&self, channel: Snowflake, messages: &[Snowflake]) {
        self.act(|world| world.delete_bulk(channel, messages));
    }

    /// A webhook writes under a name. The id, 0 where nothing can be written.
    pub fn webhook_writes(
        &self,
        channel: Snowflake,
        webhook: Snowflake,
        name: &str,
        text: &str,
    ) -> Snowflake {
        let draft = Draft { content: text.to_owned(), webhook: Some(name.to_owned()), ..Draft::default() };
        let posted = self.act(|world| world.post(channel, webhook, draft));
        posted.map_or(Snowflake(0), |message| message.id)
    }

    /// Changes a text, of which the gateway tells no more than what changed.
    pub fn edit_in_part(&self, channel: Snowflake, message: Snowflake, text: &str) {
        self.act(|world| world.edit(channel, message, text, true).is_ok());
    }

    /// The provider shows a card for a link: an update of a message that nobody edited. In `part` the
    /// update holds the card alone.
    pub fn unfurl(&self, channel: Snowflake, message: Snowflake, part: bool) {
        self.act(|world| world.unfurl(channel, message, part).is_ok());
    }
}
