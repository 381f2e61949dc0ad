//! The pretended Discord: direct messages of each customer, the channels of the guild, and its threads.

use std::sync::Arc;

use rapport_fakes::{
    FakeDiscord, FakeDiscordConfig,
    discord::{ChannelKind, Customer, FakeFile, Fault, Operation, Place, Shown, Snowflake},
};
use rapport_model::{
    Clock, Secret,
    rich::{Span, Style},
};
use tokio::sync::watch;

use super::{
    CUSTOMERS, StartError,
    chat::{Chat, Chats, FaultKind, File, FileShown, Mark, Message, Missing, Reaction, State, Written},
};
use crate::{
    config::Config,
    registry::{Names, ProvidedDiscord, read_markup},
};

/// How long a bot that speaks too fast has to wait.
const PUT_OFF: std::time::Duration = std::time::Duration::from_secs(5);

/// The longest text that the app takes without Nitro, in characters.
const LONGEST_TEXT: usize = 2000;

/// A running provider.
pub(super) struct Discord {
    fake: FakeDiscord,
    shop: String,
    /// The customers' apps, by name.
    apps: Vec<(&'static str, Customer)>,
}

impl Discord {
    /// Starts it with a bot by this name.
    pub(super) async fn start(
        config: &Config,
        shop: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let fake = FakeDiscordConfig {
            name: shop.to_owned(),
            memory: Some(config.data_dir.join("playground").join("discord.jsonl")),
            ..FakeDiscordConfig::new(clock)
        };
        let fake =
            FakeDiscord::start(fake).await.map_err(|error| StartError::Playground(error.to_string()))?;
        Ok(Self::with(fake, shop))
    }

    fn with(fake: FakeDiscord, shop: &str) -> Self {
        let app = |name| {
            let app = fake.customer(name);
            // So that the page shows it before anything is written.
            app.dm();
            (name, app)
        };
        let apps = CUSTOMERS.iter().map(|customer| app(customer.name)).collect();
        Self { fake, shop: shop.to_owned(), apps }
    }

    /// The bot, as an inbox without one of its own uses it.
    pub(super) fn account(&self) -> ProvidedDiscord {
        ProvidedDiscord {
            token: Secret::new(self.fake.token()),
            api_base: self.fake.api_base(),
            support_channel: Some(self.fake.support().to_string()),
            forum_channel: Some(self.fake.forum().to_string()),
        }
    }

    fn app(&self, customer: &str) -> Result<&Customer, Missing> {
        self.apps.iter().find(|(name, _)| *name == customer).map(|(_, app)| app).ok_or(Missing)
    }

    /// The customer's app and a channel that it lists.
    fn place(&self, customer: &str, chat: &str) -> Result<(&Customer, Snowflake), Missing> {
        let app = self.app(customer)?;
        let id = chat.parse().map_err(|_| Missing)?;
        let listed = listed(app).into_iter().find(|place| place.id == id).ok_or(Missing)?;
        Ok((app, listed.id))
    }

    fn message(
        &self,
        customer: &str,
        chat: &str,
        message: &str,
    ) -> Result<(&Customer, Snowflake, Shown), Missing> {
        let (app, place) = self.place(customer, chat)?;
        let id = message.parse().map_err(|_| Missing)?;
        let found = app.view(place).into_iter().find(|message| message.id == id).ok_or(Missing)?;
        Ok((app, place, found))
    }

    /// What the forum is called.
    fn forum(&self) -> String {
        let places = self.apps.first().map(|(_, app)| app.places()).unwrap_or_default();
        let forum = places.into_iter().find(|place| place.id == self.fake.forum());
        forum.map(|place| format!("#{}", place.name)).unwrap_or_default()
    }

    /// The places of all customers, with those who list each.
    fn chats(&self) -> Vec<Chat> {
        let mut chats: Vec<Chat> = Vec::new();
        for (name, app) in &self.apps {
            for place in listed(app) {
                let id = place.id.to_string();
                if let Some(known) = chats.iter_mut().find(|chat| chat.id == id) {
                    known.members.push((*name).to_owned());
                    continue;
                }
                let title = match place.kind {
                    ChannelKind::Text => format!("#{}", place.name),
                    _ => place.name,
                };
                let group = place.kind != ChannelKind::Dm;
                chats.push(Chat { id, title, group, members: vec![(*name).to_owned()] });
            }
        }
        chats
    }
}

/// The channels of an app in which somebody can write.
fn listed(app: &Customer) -> Vec<Place> {
    let places = app.places().into_iter();
    places.filter(|place| place.kind != ChannelKind::Forum && !place.archived).collect()
}

impl Chats for Discord {
    fn name(&self) -> &'static str {
        "discord"
    }

    fn state(&self) -> State {
        let chats = self.chats();
        let any = self.apps.first();
        let view = |chat: &Chat| {
            let id = chat.id.parse().ok();
            let shown = any.zip(id).map(|((_, app), id)| app.view(id)).unwrap_or_default();
            shown.into_iter().map(|message| self.shown(&chat.id, message)).collect::<Vec<_>>()
        };
        let mut messages: Vec<Message> = chats.iter().flat_map(view).collect();
        messages.sort_by_key(|message| message.at);
        let blocked = self.apps.iter().filter(|(_, app)| !app.is_reachable());
        State {
            shop: self.shop.clone(),
            chats,
            messages,
            blocked: blocked.map(|(name, _)| (*name).to_owned()).collect(),
            fault: self.fault(),
            longest_text: self.longest_text(),
            forum: Some(self.forum()),
        }
    }

    fn write(&self, customer: &str, written: Written) -> Result<(), Missing> {
        let (app, place) = self.place(customer, &written.chat)?;
        let answers = written.answers.map(|id| id.parse().map_err(|_| Missing)).transpose()?;
        if place == app.dm() {
            // An app lets nobody write to whom they block: whoever writes has let the shop in.
            app.set_reachable(true);
        }
        let file = |File { name, content_type, bytes }: File| FakeFile { name, content_type, bytes };
        app.send(place, &written.text, written.files.into_iter().map(file).collect(), answers);
        Ok(())
    }

    fn edit(&self, customer: &str, chat: &str, message: &str, text: &str) -> Result<(), Missing> {
        let (app, place, found) = self.message(customer, chat, message)?;
        if found.written_here && app.edit(place, found.id, text) { Ok(()) } else { Err(Missing) }
    }

    fn delete(&self, customer: &str, chat: &str, message: &str) -> Result<(), Missing> {
        let (app, place, found) = self.message(customer, chat, message)?;
        if found.written_here && app.delete(place, found.id) { Ok(()) } else { Err(Missing) }
    }

    fn post(&self, customer: &str, title: &str, text: &str) -> Result<(), Missing> {
        self.app(customer)?.post(self.fake.forum(), title, text);
        Ok(())
    }

    fn longest_text(&self) -> usize {
        LONGEST_TEXT
    }

    fn react(&self, customer: &str, chat: &str, message: &str, emoji: Option<&str>) -> Result<(), Missing> {
        let (app, place, found) = self.message(customer, chat, message)?;
        for (set, _) in found.reactions.iter().filter(|(_, writer)| writer == customer) {
            app.unreact(place, found.id, set);
        }
        if let Some(emoji) = emoji {
            app.react(place, found.id, emoji);
        }
        Ok(())
    }

    fn block(&self, customer: &str, blocked: bool) -> Result<(), Missing> {
        self.app(customer)?.set_reachable(!blocked);
        Ok(())
    }

    fn file(&self, id: &str) -> Option<File> {
        let mut parts = id.split('-').map(str::parse::<u64>);
        let (place, message, index) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        let (_, app) = self.apps.first()?;
        let shown = app.view(Snowflake(place)).into_iter().find(|shown| shown.id == Snowflake(message))?;
        let FakeFile { name, content_type, bytes } = shown.files.get(usize::try_from(index).ok()?)?.clone();
        Some(File { name, content_type, bytes })
    }

    fn set_fault(&self, fault: Option<FaultKind>) {
        self.fake.clear_faults();
        self.fake.set_down(fault == Some(FaultKind::Down));
        if let Some(fault) = fault.and_then(fault_of) {
            self.fake.fail_next(Operation::Send, fault);
        }
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.fake.subscribe()
    }
}

/// A stretch of a text as the page dresses it.
fn mark(span: &Span) -> Option<Mark> {
    let (kind, url) = match &span.style {
        Style::Bold => ("bold", None),
        Style::Italic => ("italic", None),
        Style::Underline => ("underline", None),
        Style::Strike => ("strikethrough", None),
        Style::Spoiler => ("spoiler", None),
        Style::Code => ("code", None),
        Style::Pre { .. } => ("pre", None),
        Style::Quote => ("blockquote", None),
        Style::Link { url } => ("link", Some(url.clone())),
        Style::Mention => return None,
    };
    let length = u64::from(span.to - span.from);
    Some(Mark { offset: u64::from(span.from), length, kind: kind.to_owned(), url })
}

impl Discord {
    /// An app shows whom and what a text names by name.
    fn names(&self) -> Names {
        let users = self.apps.iter().map(|(name, app)| (app.id().to_string(), (*name).to_owned()));
        let bot = (self.fake.bot().to_string(), self.shop.clone());
        let places = self.apps.iter().flat_map(|(_, app)| app.places());
        let channels = places.map(|place| (place.id.to_string(), place.name));
        Names { users: users.chain([bot]).collect(), channels: channels.collect() }
    }

    fn fault(&self) -> Option<FaultKind> {
        if self.fake.is_down() {
            return Some(FaultKind::Down);
        }
        let waits = self.fake.next_fault(Operation::Send)?;
        let kinds = [FaultKind::Refuse, FaultKind::Limit, FaultKind::Cut];
        kinds.into_iter().find(|kind| fault_of(*kind).as_ref() == Some(&waits))
    }

    fn shown(&self, chat: &str, message: Shown) -> Message {
        let (text, spans) = read_markup(&message.text, &self.names());
        let file = |(index, file): (usize, &FakeFile)| FileShown {
            id: format!("{chat}-{}-{index}", message.id),
            name: file.name.clone(),
            content_type: file.content_type.clone(),
            size: u64::try_from(file.bytes.len()).unwrap_or(u64::MAX),
        };
        Message {
            id: message.id.to_string(),
            chat: chat.to_owned(),
            files: message.files.iter().enumerate().map(file).collect(),
            writer: message.author,
            shop: message.from_shop,
            marks: spans.iter().filter_map(mark).collect(),
            text,
            at: message.at.millis(),
            edited: message.edited,
            answers: message.reply_to.map(|id| id.to_string()),
            quote: None,
            album: None,
            reactions: message
                .reactions
                .into_iter()
                .map(|(emoji, writer)| Reaction { writer, emoji })
                .collect(),
        }
    }
}

/// How the provider fails. Being away is more than one call's failure.
fn fault_of(kind: FaultKind) -> Option<Fault> {
    match kind {
        FaultKind::Down => None,
        FaultKind::Refuse => Some(Fault::Refused { status: 403, code: 50013 }),
        FaultKind::Limit => Some(Fault::RateLimited { after: PUT_OFF, global: false, headers: true }),
        FaultKind::Cut => Some(Fault::ActedThenCut),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    const INES: &str = CUSTOMERS[0].name;
    const PIOTR: &str = CUSTOMERS[1].name;

    async fn discord() -> Discord {
        let config = FakeDiscordConfig::new(Arc::new(SystemClock));
        Discord::with(FakeDiscord::start(config).await.unwrap(), "Shop")
    }

    fn chat(discord: &Discord, fits: impl Fn(&Chat) -> bool) -> Chat {
        discord.state().chats.into_iter().find(fits).unwrap()
    }

    fn write(discord: &Discord, customer: &str, chat: &Chat, text: &str) -> Result<(), Missing> {
        let picture =
            File { name: "a.png".to_owned(), content_type: "image/png".to_owned(), bytes: vec![7].into() };
        let written =
            Written { chat: chat.id.clone(), text: text.to_owned(), answers: None, files: vec![picture] };
        discord.write(customer, written)
    }

    #[tokio::test]
    async fn a_customer_sees_the_own_direct_messages_the_open_channels_and_the_own_threads() {
        let discord = discord().await;
        let support = discord.fake.support();
        discord.app(INES).ok().unwrap().start_thread(support, "Order 7", true);
        let chats = discord.state().chats;
        let of = |name: &str| -> Vec<&str> {
            let mine = chats.iter().filter(|chat| chat.members.iter().any(|member| member == name));
            mine.map(|chat| chat.title.as_str()).collect()
        };
        assert_eq!(of(INES), ["#support", "#lobby", "", "Order 7"]);
        assert_eq!(of(PIOTR), ["#support", "#lobby", ""]);
        let private = chat(&discord, |chat| !chat.group && chat.members == [INES]);
        assert!(write(&discord, PIOTR, &private, "Not mine").is_err());
        assert!(write(&discord, INES, &private, "Mine").is_ok());
    }

    #[tokio::test]
    async fn markup_is_shown_as_an_app_shows_it() {
        let discord = discord().await;
        let lobby = chat(&discord, |chat| chat.title == "#lobby");
        assert!(
            write(&discord, INES, &lobby, &format!("**Go on** in <#{}>", discord.fake.support())).is_ok()
        );
        let message = discord.state().messages.pop().unwrap();
        assert_eq!(message.text, "Go on in #support");
        let marks: Vec<_> = message.marks.iter().map(|m| (m.offset, m.length, m.kind.as_str())).collect();
        assert_eq!(marks, [(0, 5, "bold")]);
    }

    #[tokio::test]
    async fn a_message_is_shown_with_its_file_its_reactions_and_the_names_that_it_calls() {
        let discord = discord().await;
        let lobby = chat(&discord, |chat| chat.title == "#lobby");
        let called = discord.app(PIOTR).ok().unwrap().id();
        assert!(write(&discord, INES, &lobby, &format!("Hello <@{called}>")).is_ok());
        let message = |discord: &Discord| discord.state().messages.pop().unwrap();
        let first = message(&discord);
        assert_eq!((first.text, first.writer), (format!("Hello @{PIOTR}"), INES.to_owned()));
        assert_eq!(discord.file(&first.files[0].id).unwrap().bytes, vec![7]);
        assert!(discord.edit(PIOTR, &lobby.id, &first.id, "x").is_err());
        assert!(discord.edit(INES, &lobby.id, &first.id, "x").is_ok());
        assert!(message(&discord).edited);
        for emoji in [Some("👍"), Some("❤️"), None] {
            assert!(discord.react(PIOTR, &lobby.id, &first.id, emoji).is_ok());
            let set: Vec<_> = message(&discord).reactions.into_iter().map(|one| one.emoji).collect();
            assert_eq!(set, emoji.as_slice());
        }
    }

    #[tokio::test]
    async fn what_goes_wrong_is_what_was_chosen() {
        let discord = discord().await;
        let kinds = [FaultKind::Down, FaultKind::Refuse, FaultKind::Limit, FaultKind::Cut];
        for kind in kinds.map(Some).into_iter().chain([None]) {
            discord.set_fault(kind);
            assert!(discord.state().fault == kind);
        }
        assert!(discord.block(INES, true).is_ok());
        assert_eq!(discord.state().blocked, [INES]);
    }
}
