//! Chats, from a customer's phone to an associate and back: Telegram and Discord through the libraries that
//! the connectors use, over the wire.

use std::{collections::BTreeMap, ops::Deref, sync::Arc};

use rapport::{
    clock::SystemClock,
    config::{self, Source},
    server::Server,
};
use rapport_fakes::{
    FakeDiscord, FakeDiscordConfig, FakeTelegram, FakeTelegramConfig,
    telegram::{FakeFile, Media},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    desk::{Desk, messages_of, until},
    on_both_engines,
    testing::Fresh,
};

/// A shop with a bot on each of the two.
struct Shop {
    server: Server,
    desk: Desk,
    telegram: FakeTelegram,
    discord: FakeDiscord,
    _fresh: Fresh,
}

impl Deref for Shop {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl Shop {
    async fn open(fresh: Fresh) -> Self {
        Self::open_with(fresh, |_| {}).await
    }

    /// `change`: what is to be otherwise in the environment.
    async fn open_with(fresh: Fresh, change: impl FnOnce(&mut BTreeMap<String, String>)) -> Self {
        let clock = Arc::new(SystemClock);
        let telegram = FakeTelegram::start(FakeTelegramConfig::new(clock.clone())).await.unwrap();
        let discord = FakeDiscord::start(FakeDiscordConfig::new(clock.clone())).await.unwrap();
        let text = format!(
            "data_dir = \"{}\"\n[server]\nlisten = \"127.0.0.1:0\"\n[queue]\nundo_seconds = 0\n\
             [inbox.tg]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"@shop_bot\"]\nbot.enabled = false\n\
             [inbox.tg.telegram]\napi_base = \"{}\"\n\
             [inbox.dc]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"{}\"]\nbot.enabled = false\n\
             [inbox.dc.discord]\napi_base = \"{}\"\nsupport_channel = \"{}\"\nforum_channel = \"{}\"\n",
            fresh.folder.display(),
            telegram.api_base(),
            discord.bot(),
            discord.api_base(),
            discord.support(),
            discord.forum(),
        );
        let mut env = BTreeMap::from([
            ("RAPPORT__STORE__URL".to_owned(), fresh.url.clone()),
            ("RAPPORT__INBOX__TG__TELEGRAM__TOKEN".to_owned(), telegram.token().to_owned()),
            ("RAPPORT__INBOX__DC__DISCORD__TOKEN".to_owned(), discord.token().to_owned()),
        ]);
        change(&mut env);
        let loaded = config::load(&Source { file: Some(("story.toml".to_owned(), text)), env });
        let server = Server::start(loaded.into_config().unwrap(), clock).await.unwrap();
        let mut desk = Desk::new();
        desk.turn_to(&server);
        desk.sign_in(&server).await;
        Self { server, desk, telegram, discord, _fresh: fresh }
    }

    /// Waits until a conversation shows this text last, and opens it.
    async fn until_it_says(&self, text: &str) -> Value {
        let mut found = Value::Null;
        until(&format!("a conversation says {text}"), async || {
            let rows = self.view("all").await;
            found = rows.into_iter().find(|row| row["snippet"] == text).unwrap_or_default();
            !found.is_null()
        })
        .await;
        self.open(&found).await
    }

    /// Answers a conversation with words of which the first three letters are bold.
    async fn answer(&self, opened: &Value, text: &str) -> Value {
        let row = &opened["conversation"];
        let path = format!("/api/v1/conversations/{}/replies", row["id"].as_str().unwrap());
        let spans = json!([{"from": 0, "to": 3, "style": "bold"}]);
        let body = json!({"text": text, "spans": spans, "seen_position": row["position"]});
        let (status, answer) = self.post(&path, body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answer["message"].clone()
    }

    async fn until_files_are_stored(&self, opened: &Value, many: usize) {
        until("the files are there", async || {
            let opened = self.open(&opened["conversation"]).await;
            let messages = messages_of(&opened, "inbound");
            let files = messages[messages.len() - 1]["attachments"].as_array().unwrap().clone();
            files.len() == many && files.iter().all(|file| file["state"] == "stored")
        })
        .await;
    }

    /// The words of an inbox's state.
    async fn health(&self, inbox: &str) -> Value {
        let inboxes = self.get("/api/v1/inboxes").await;
        let list = inboxes["items"].as_array().cloned().unwrap_or_default();
        list.into_iter().find(|item| item["id"] == inbox).unwrap()["health"].clone()
    }

    async fn close(self) {
        assert_eq!([self.telegram.violations(), self.discord.violations()].concat(), Vec::<String>::new());
        self.server.stop().await;
    }
}

fn picture(name: &str) -> FakeFile {
    // What a viewer takes for a picture.
    FakeFile::new(name, "image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec())
}

on_both_engines! {
    async fn on_telegram_a_message_an_album_an_edit_and_a_group_are_answered_where_they_came(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let anna = shop.telegram.customer("Anna");
        let first = anna.write("Is the lamp in stok?");
        let opened = shop.until_it_says("Is the lamp in stok?").await;
        anna.edit(first, "Is the lamp in stock?");
        until("the edit is shown", async || {
            let messages = messages_of(&shop.open(&opened["conversation"]).await, "inbound");
            messages[0]["text"] == "Is the lamp in stock?" && messages[0]["version"] == 2
        })
        .await;
        let files = ["a.png", "b.png", "c.png"].map(picture).to_vec();
        anna.send_album(Media::Photo, files, "From all sides");
        let opened = shop.until_it_says("From all sides").await;
        shop.until_files_are_stored(&opened, 3).await;
        assert_eq!(messages_of(&opened, "inbound").len(), 2, "an album is one message");

        let opened = shop.until_it_says("From all sides").await;
        let reply = shop.answer(&opened, "Yes, three of them").await;
        shop.until_delivery(&reply, "sent").await;
        let shown = anna.messages();
        let last = shown.last().unwrap();
        assert_eq!((&*last.text, last.by_bot, last.entities.len()), ("Yes, three of them", true, 1));

        let group = anna.open_supergroup("Lamps");
        let ben = shop.telegram.customer("Ben").in_group(group.chat_id());
        group.write("Nobody is meant");
        ben.write("@shop_bot do you ship to Oslo?");
        let opened = shop.until_it_says("@shop_bot do you ship to Oslo?").await;
        assert_eq!(opened["conversation"]["kind"], "group");
        assert_eq!(opened["obligations"].as_array().unwrap().len(), 1);
        let reply = shop.answer(&opened, "Yes, to Oslo too").await;
        shop.until_delivery(&reply, "sent").await;
        let shown = group.messages();
        let last = shown.last().unwrap();
        assert_eq!((&*last.text, last.by_bot), ("Yes, to Oslo too", true));
        assert!(last.reply_to.is_some(), "it shows whom it answers");
        shop.close().await;
    }

    async fn on_discord_private_words_a_post_an_edit_and_a_deletion_arrive_and_are_answered(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        until("the bot is connected", async || shop.health("dc").await["state"] == "connected").await;
        let anna = shop.discord.customer("Anna");
        let first = anna.write_dm("Is the **lamp** in stok?");
        let opened = shop.until_it_says("Is the lamp in stok?").await;
        assert_eq!(messages_of(&opened, "inbound")[0]["spans"][0]["style"], "bold");
        assert!(anna.edit(anna.dm(), first, "Is the lamp in stock?"));
        until("the edit is shown", async || {
            messages_of(&shop.open(&opened["conversation"]).await, "inbound")[0]["text"] == "Is the lamp in stock?"
        })
        .await;
        let second = anna.write_dm("Forget this");
        shop.until_it_says("Forget this").await;
        assert!(anna.delete(anna.dm(), second));
        until("it is taken back", async || {
            messages_of(&shop.open(&opened["conversation"]).await, "inbound")[1]["retracted_at"].is_i64()
        })
        .await;
        let reply = shop.answer(&shop.open(&opened["conversation"]).await, "Yes, *three*").await;
        shop.until_delivery(&reply, "sent").await;
        let sent = shop.discord.sent();
        assert_eq!(sent.last().unwrap().content, "**Yes**, \\*three\\*");

        let ben = shop.discord.customer("Ben");
        ben.post(shop.discord.forum(), "Which bulb?", "Mine is dark");
        let opened = shop.until_it_says("Which bulb? Mine is dark").await;
        assert_ne!(opened["conversation"]["kind"], "private");
        let reply = shop.answer(&opened, "An E27").await;
        shop.until_delivery(&reply, "sent").await;
        shop.close().await;
    }

    async fn who_writes_in_the_support_channel_is_told_in_the_shop_s_words_where_to_go_on_unless_the_bot_is_off(fresh: Fresh) {
        let shop = Shop::open_with(fresh, |env| {
            env.insert("RAPPORT__INBOX__DC__BOT__ENABLED".to_owned(), "true".to_owned());
            env.insert("RAPPORT__INBOX__DC__LANGUAGE".to_owned(), "de".to_owned());
        })
        .await;
        until("the bot is connected", async || shop.health("dc").await["state"] == "connected").await;
        let support = shop.discord.support();
        let in_public = || shop.discord.sent().into_iter().filter(|sent| sent.channel == support).collect::<Vec<_>>();
        let anna = shop.discord.customer("Anna");
        anna.write(support, "Where is my lamp?");
        until("it is said where to go on", async || !in_public().is_empty()).await;
        let said = in_public().remove(0).content;
        assert!(said.starts_with("Automatische Nachricht: Bitte schreiben Sie in <#"), "{said}");
        let opened = shop.until_it_says("Where is my lamp?").await;
        let noted = messages_of(&opened, "activity");
        assert_eq!((noted.len(), &noted[0]["activity"]["type"]), (1, &json!("announced")), "{noted:#?}");

        let off = shop.request(Method::PUT, "/api/v1/inboxes/dc/bot").json(&json!({"enabled": false}));
        assert_eq!(off.send().await.unwrap().status(), StatusCode::OK);
        shop.discord.customer("Ben").write(support, "Mine is dark");
        let reply = shop.answer(&shop.until_it_says("Mine is dark").await, "Take an E27").await;
        shop.until_delivery(&reply, "sent").await;
        // The channel is read in order: with the next message in, all that follows Ben's is done.
        anna.write(support, "Hello?");
        shop.until_it_says("Hello?").await;
        assert_eq!(in_public().len(), 1);
        shop.close().await;
    }

    async fn a_hundred_first_messages_at_once_make_one_contact_and_one_conversation_a_channel(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        until("the bot is connected", async || shop.health("dc").await["state"] == "connected").await;
        let (on_telegram, on_discord) = (shop.telegram.customer("Anna"), shop.discord.customer("Anna"));
        let writing: Vec<_> = (0..100)
            .map(|number| {
                let (on_telegram, on_discord) = (on_telegram.clone(), on_discord.clone());
                tokio::spawn(async move {
                    on_telegram.write(&format!("T {number}"));
                    on_discord.write_dm(&format!("D {number}"));
                })
            })
            .collect();
        for task in writing {
            task.await.unwrap();
        }
        let owed = async || {
            let mut owed = 0;
            for row in shop.view("all").await {
                owed += shop.open(&row).await["obligations"].as_array().unwrap().len();
            }
            owed
        };
        until("all of them are owed an answer", async || owed().await == 200).await;
        assert_eq!(shop.view("all").await.len(), 2);
        shop.close().await;
    }

    async fn no_larger_file_is_offered_than_the_bridge_takes_itself(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        shop.telegram.customer("Ann").write("May I send a film?");
        shop.discord.customer("Ada").write_dm("Me too?");
        for (text, most) in [("May I send a film?", 25 << 20), ("Me too?", 10 << 20)] {
            let opened = shop.until_it_says(text).await;
            assert_eq!(opened["reply"]["capabilities"]["attachment_limit"], most, "{text}");
        }
        shop.close().await;
    }

    async fn who_blocked_the_bot_is_told_at_the_reply_and_is_owed_again(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let anna = shop.telegram.customer("Anna");
        anna.write("Hello");
        let opened = shop.until_it_says("Hello").await;
        anna.block_bot();
        let reply = shop.answer(&opened, "Hello, Anna").await;
        shop.until_delivery(&reply, "failed").await;
        let opened = shop.open(&opened["conversation"]).await;
        assert_eq!(opened["obligations"].as_array().unwrap().len(), 1, "she is owed an answer again");
        until("she can't be reached", async || {
            shop.open(&opened["conversation"]).await["contact"]["handles"][0]["unreachable_at"].is_i64()
        })
        .await;
        shop.close().await;
    }

    async fn a_wrong_token_is_shown_at_its_inbox_and_holds_up_no_other(fresh: Fresh) {
        let wrong = |env: &mut BTreeMap<String, String>| {
            env.insert("RAPPORT__INBOX__DC__DISCORD__TOKEN".to_owned(), "wrong.token.entirely".to_owned());
        };
        let shop = Shop::open_with(fresh, wrong).await;
        until("its inbox says so", async || shop.health("dc").await["state"] == "unauthorized").await;
        shop.telegram.customer("Anna").write("Hello");
        let reply = shop.answer(&shop.until_it_says("Hello").await, "Hello, Anna").await;
        shop.until_delivery(&reply, "sent").await;
        shop.close().await;
    }
}
