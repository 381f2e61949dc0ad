//! The pretended Telegram: a private chat for each customer, and one group with all of them.

use std::sync::Arc;

use rapport_fakes::{
    FakeTelegram, FakeTelegramConfig,
    telegram::{ChatKind, ChatMessage, Draft, FakeFile, Fault, Media, Operation, Phone},
};
use rapport_model::{Clock, Secret};
use serde_json::Value;
use tokio::sync::watch;

use super::{
    CUSTOMERS, StartError,
    chat::{Chat, Chats, FaultKind, File, FileShown, Mark, Message, Missing, Reaction, State, Written},
};
use crate::{
    config::{Config, Inbox},
    registry::ProvidedTelegram,
};

/// The group in which the customers meet.
const GROUP: &str = "Trail club";

/// A running provider.
pub(super) struct Telegram {
    fake: FakeTelegram,
    shop: String,
    group: i64,
}

impl Telegram {
    /// Starts it with the bot of this inbox.
    pub(super) async fn start(
        config: &Config,
        inbox: &Inbox,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let shop = inbox.name.as_str();
        let username = inbox.addresses.first().map(|name| name.expose().trim_start_matches('@').to_owned());
        let fake = FakeTelegramConfig {
            name: shop.to_owned(),
            username: username.unwrap_or_default(),
            privacy: false,
            memory: Some(config.data_dir.join("playground").join("telegram.jsonl")),
            ..FakeTelegramConfig::new(clock)
        };
        let fake =
            FakeTelegram::start(fake).await.map_err(|error| StartError::Playground(error.to_string()))?;
        let mut phones = CUSTOMERS.iter().map(|customer| fake.customer(customer.name));
        let known = fake.chats().into_iter().find(|chat| chat.title == GROUP).map(|chat| chat.id);
        let group = match (known, phones.next()) {
            (Some(known), _) => known,
            (None, Some(first)) => {
                let group = first.open_supergroup(GROUP);
                for phone in phones {
                    // Whoever is in it sees it.
                    drop(phone.in_group(group.chat_id()));
                }
                // As an administrator the bot hears of reactions.
                group.promote_bot();
                group.chat_id()
            }
            (None, None) => 0,
        };
        Ok(Self { fake, shop: shop.to_owned(), group })
    }

    /// The bot, for the bridge.
    pub(super) fn account(&self) -> ProvidedTelegram {
        ProvidedTelegram { token: Secret::new(self.fake.token()), api_base: self.fake.api_base() }
    }

    /// The customer's phone with this chat open.
    fn phone(&self, customer: &str, chat: &str) -> Result<Phone, Missing> {
        let phone = self.fake.customer(customer);
        match chat.parse::<i64>().map_err(|_| Missing)? {
            id if id == phone.chat_id() => Ok(phone),
            id if id == self.group => Ok(phone.in_group(id)),
            _ => Err(Missing),
        }
    }

    /// The phone and a message in the chat that is open.
    fn message(&self, customer: &str, chat: &str, message: &str) -> Result<(Phone, ChatMessage), Missing> {
        let phone = self.phone(customer, chat)?;
        let id = number(message)?;
        let found = phone.messages().into_iter().find(|message| message.id == id).ok_or(Missing)?;
        Ok((phone, found))
    }
}

fn number(id: &str) -> Result<i64, Missing> {
    id.parse().map_err(|_| Missing)
}

impl Chats for Telegram {
    fn name(&self) -> &'static str {
        "telegram"
    }

    fn state(&self) -> State {
        let private = CUSTOMERS.iter().map(|customer| Chat {
            id: self.fake.customer(customer.name).chat_id().to_string(),
            title: String::new(),
            group: false,
            members: vec![customer.name.to_owned()],
        });
        let members = CUSTOMERS.iter().map(|customer| customer.name.to_owned()).collect();
        let group = Chat { id: self.group.to_string(), title: GROUP.to_owned(), group: true, members };
        let chats: Vec<_> = private.chain([group]).collect();
        let known = self.fake.chats();
        let private = known.iter().filter(|chat| chat.kind == ChatKind::Private);
        let mut messages: Vec<_> = chats
            .iter()
            .filter_map(|chat| chat.id.parse().ok())
            .flat_map(|chat| self.fake.messages(chat))
            .filter(|message| !message.deleted && message.other.is_none())
            .collect();
        messages.sort_by_key(|message| message.at);
        State {
            shop: self.shop.clone(),
            chats,
            messages: messages.into_iter().map(|message| self.shown(message)).collect(),
            blocked: private.filter(|chat| chat.blocked).map(|chat| chat.title.clone()).collect(),
            fault: self.fault(),
            longest_text: self.longest_text(),
            forum: None,
        }
    }

    fn write(&self, customer: &str, written: Written) -> Result<(), Missing> {
        let phone = self.phone(customer, &written.chat)?;
        let answers = written.answers.as_deref().map(number).transpose()?;
        let of_type = |file: &File| match file.content_type.split('/').next() {
            Some("image") => Media::Photo,
            Some("video") => Media::Video,
            _ => Media::Document,
        };
        let kinds: Vec<_> = written.files.iter().map(of_type).collect();
        // Documents lie in an album only by themselves.
        let is_mixed = kinds.contains(&Media::Document);
        let album = (kinds.len() > 1).then(|| format!("{:016}", rand::random::<u64>()));
        let answering = |draft: Draft| answers.iter().fold(draft, |draft, to| draft.replying(*to));
        if kinds.is_empty() {
            phone.send(answering(Draft::text(&written.text)));
        }
        for (index, (file, kind)) in written.files.into_iter().zip(kinds).enumerate() {
            let media = if is_mixed { Media::Document } else { kind };
            let caption = if index == 0 { written.text.as_str() } else { "" };
            let file = FakeFile::new(&file.name, &file.content_type, file.bytes);
            let draft = answering(Draft::file(media, file, caption));
            phone.send(match &album {
                Some(album) => draft.in_album(album),
                None => draft,
            });
        }
        Ok(())
    }

    fn edit(&self, customer: &str, chat: &str, message: &str, text: &str) -> Result<(), Missing> {
        let (phone, found) = self.message(customer, chat, message)?;
        if found.user != phone.user_id() {
            return Err(Missing);
        }
        phone.edit(found.id, text);
        Ok(())
    }

    fn delete(&self, customer: &str, chat: &str, message: &str) -> Result<(), Missing> {
        let (phone, found) = self.message(customer, chat, message)?;
        if found.user != phone.user_id() {
            return Err(Missing);
        }
        phone.delete(&[found.id]);
        Ok(())
    }

    fn longest_text(&self) -> usize {
        4096
    }

    fn react(&self, customer: &str, chat: &str, message: &str, emoji: Option<&str>) -> Result<(), Missing> {
        let (phone, found) = self.message(customer, chat, message)?;
        phone.react(found.id, emoji.as_slice());
        Ok(())
    }

    fn block(&self, customer: &str, blocked: bool) -> Result<(), Missing> {
        let phone = self.fake.customer(customer);
        if blocked {
            phone.block_bot();
        } else {
            phone.unblock_bot();
        }
        Ok(())
    }

    fn file(&self, id: &str) -> Option<File> {
        let FakeFile { name, content_type, bytes, .. } = self.fake.file(id)?;
        Some(File { name, content_type, bytes })
    }

    fn set_fault(&self, fault: Option<FaultKind>) {
        self.fake.clear_faults();
        self.fake.take_down(fault == Some(FaultKind::Down));
        if let Some(fault) = fault.and_then(fault_of) {
            self.fake.fail_next(Operation::Send, fault);
        }
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.fake.subscribe()
    }
}

impl Telegram {
    fn fault(&self) -> Option<FaultKind> {
        if self.fake.is_down() {
            return Some(FaultKind::Down);
        }
        let waits = self.fake.next_fault(Operation::Send)?;
        let kinds = [FaultKind::Refuse, FaultKind::Limit, FaultKind::Cut];
        kinds.into_iter().find(|kind| fault_of(*kind).as_ref() == Some(&waits))
    }

    fn shown(&self, message: ChatMessage) -> Message {
        let file = |file: rapport_fakes::telegram::FileView| FileShown {
            id: file.id,
            name: file.name,
            content_type: file.content_type,
            size: file.size,
        };
        Message {
            id: message.id.to_string(),
            chat: message.chat.to_string(),
            writer: if message.by_bot { self.shop.clone() } else { message.writer },
            shop: message.by_bot,
            marks: message.entities.iter().map(mark).collect(),
            text: message.text,
            at: message.at,
            edited: message.edited,
            files: message.files.into_iter().map(file).collect(),
            answers: message.reply_to.map(|id| id.to_string()),
            quote: message.quote,
            album: message.album,
            reactions: message
                .reactions
                .into_iter()
                .map(|(writer, emoji)| Reaction { writer, emoji })
                .collect(),
        }
    }
}

fn mark(entity: &Value) -> Mark {
    let kind = match entity["type"].as_str().unwrap_or_default() {
        "text_link" => "link",
        "expandable_blockquote" => "blockquote",
        other => other,
    };
    Mark {
        offset: entity["offset"].as_u64().unwrap_or(0),
        length: entity["length"].as_u64().unwrap_or(0),
        kind: kind.to_owned(),
        url: entity["url"].as_str().map(str::to_owned),
    }
}

/// How the provider fails. Being away is more than one call's failure.
fn fault_of(kind: FaultKind) -> Option<Fault> {
    match kind {
        FaultKind::Down => None,
        FaultKind::Refuse => Some(Fault::refused("Bad Request: not enough rights to send text messages")),
        FaultKind::Limit => Some(Fault::RateLimited { retry_after: 5 }),
        FaultKind::Cut => Some(Fault::ActedThenCut),
    }
}
