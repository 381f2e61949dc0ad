//! What the gateway tells, and to whom.

use serde_json::Value;

/// Intents: the bits with which a session says what it wants to be told.
pub(crate) mod intents {
    pub(crate) const GUILDS: u64 = 1;
    pub(crate) const GUILD_MEMBERS: u64 = 1 << 1;
    pub(crate) const GUILD_PRESENCES: u64 = 1 << 8;
    pub(crate) const GUILD_MESSAGES: u64 = 1 << 9;
    pub(crate) const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
    pub(crate) const GUILD_MESSAGE_TYPING: u64 = 1 << 11;
    pub(crate) const DIRECT_MESSAGES: u64 = 1 << 12;
    pub(crate) const DIRECT_MESSAGE_REACTIONS: u64 = 1 << 13;
    pub(crate) const DIRECT_MESSAGE_TYPING: u64 = 1 << 14;
    pub(crate) const MESSAGE_CONTENT: u64 = 1 << 15;
    /// Every bit that there is.
    pub(crate) const ALL: u64 = ((1 << 17) - 1) | (0b11 << 20) | (0b11 << 24);
}

/// One thing that happened.
pub(crate) struct Event {
    pub(crate) name: &'static str,
    pub(crate) data: Value,
    /// The intent with which it is told; 0: always.
    pub(crate) intent: u64,
    /// Whether what was written is left out for who may not read it.
    pub(crate) private: bool,
}

impl Event {
    /// As a session with these intents is told of it; `None`: not at all.
    pub(crate) fn seen_with(&self, intents: u64) -> Option<Value> {
        if self.intent != 0 && intents & self.intent == 0 {
            return None;
        }
        let mut data = self.data.clone();
        if self.private && intents & intents::MESSAGE_CONTENT == 0 {
            hide(&mut data);
        }
        Some(data)
    }
}

/// Leaves out what was written: what a bot without leave to read sees of a message.
pub(crate) fn hide(message: &mut Value) {
    let Some(fields) = message.as_object_mut() else { return };
    for (key, value) in fields {
        match key.as_str() {
            "content" => *value = "".into(),
            "attachments" | "embeds" | "components" => *value = Value::Array(Vec::new()),
            "referenced_message" => hide(value),
            _ => {}
        }
    }
}
