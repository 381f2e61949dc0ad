//! The calls about messages and people, and what can go wrong with them.

use std::{sync::Arc, time::Duration};

use rapport_fakes::{
    FakeDiscord,
    discord::{FakeFile, Fault, Operation, Snowflake},
};
use serenity::{
    builder::{CreateAllowedMentions, CreateAttachment, CreateMessage, EditMessage, GetMessages},
    http::Http,
    model::{
        channel::{Message, Nonce},
        id::{ChannelId, GuildId, MessageId, UserId},
    },
};

use crate::bot::{Hand, code_of, fake, http, status_of};

async fn page(bot: &Http, channel: Snowflake, ask: GetMessages) -> Vec<u64> {
    let page = ChannelId::new(channel.0).messages(bot, ask).await.expect("a page");
    page.iter().map(|message| message.id.get()).collect()
}

#[tokio::test]
async fn the_history_is_read_from_either_end_in_either_order() {
    let discord = fake(|_| {}).await;
    let bot = http(&discord);
    let ada = discord.customer("Ada");
    let place = discord.support();
    let all: Vec<u64> = (0..5).map(|n| ada.write(place, &format!("{n}")).0).collect();
    let ask = || GetMessages::new().limit(2);
    assert_eq!(page(&bot, place, ask()).await, [all[4], all[3]]);
    assert_eq!(page(&bot, place, ask().after(MessageId::new(all[0]))).await, [all[2], all[1]]);
    assert_eq!(page(&bot, place, ask().before(MessageId::new(all[2]))).await, [all[1], all[0]]);
    assert_eq!(page(&bot, place, GetMessages::new().around(MessageId::new(all[2])).limit(3)).await.len(), 3);
    discord.set_oldest_first(true);
    assert_eq!(page(&bot, place, ask().after(MessageId::new(all[0]))).await, [all[1], all[2]]);
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn files_go_both_ways_and_their_addresses_expire() {
    let clock = Arc::new(Hand::at_noon());
    let discord = fake(|config| config.clock = clock.clone()).await;
    let bot = http(&discord);
    let (ada, place) = (discord.customer("Ada"), ChannelId::new(discord.support().0));
    let picture = FakeFile {
        name: "a b.png".to_owned(),
        content_type: "image/png".to_owned(),
        bytes: vec![0, 255].into(),
    };
    let sent = ada.send(discord.support(), "", vec![picture.clone()], None);
    let read = async || bot.get_message(place, MessageId::new(sent.0)).await.unwrap().attachments.remove(0);
    let first = read().await;
    assert_eq!((first.filename.as_str(), first.size), ("a b.png", 2));
    assert_eq!(first.download().await.unwrap(), [0, 255]);
    clock.pass(Duration::from_hours(25));
    assert_ne!(first.download().await.unwrap(), [0, 255], "after a day it is gone");
    let again = read().await;
    assert_ne!(again.url, first.url);
    assert_eq!(again.download().await.unwrap(), [0, 255], "a message read again has good ones");

    let files = CreateMessage::new().content("Two").files([
        CreateAttachment::bytes(b"one".to_vec(), "one.txt"),
        CreateAttachment::bytes(b"two".to_vec(), "two.pdf"),
    ]);
    let answer = place.send_message(&bot, files).await.unwrap();
    assert_eq!(answer.attachments.len(), 2);
    let shown = ada.view(discord.support()).remove(1);
    assert_eq!((shown.files[1].name.as_str(), &shown.files[1].bytes[..]), ("two.pdf", &b"two"[..]));
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn files_go_up_to_the_limit_of_a_request() {
    let discord = fake(|_| {}).await;
    let bot = http(&discord);
    let send = async |length: usize| {
        let file = CreateAttachment::bytes(vec![7; length], "film.mp4");
        ChannelId::new(discord.support().0).send_message(&bot, CreateMessage::new().add_file(file)).await
    };
    assert_eq!(send(9 * 1024 * 1024).await.unwrap().attachments[0].size, 9 * 1024 * 1024);
    assert_eq!(code_of(send(10 * 1024 * 1024).await), 40005);
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn what_the_bot_may_not_or_cannot_is_refused_with_the_codes_of_the_api() {
    let discord = fake(|_| {}).await;
    let bot = http(&discord);
    let ada = discord.customer("Ada");
    let dm = ada.dm();
    let word = CreateMessage::new().content("Hello");
    let send = async |word: CreateMessage| ChannelId::new(dm.0).send_message(&bot, word).await;
    ada.set_reachable(false);
    assert_eq!(code_of(send(word.clone()).await), 50007);
    ada.set_reachable(true);
    ada.leave();
    assert_eq!(code_of(send(word.clone()).await), 50007);
    let guild = GuildId::new(discord.guild().0);
    assert_eq!(code_of(bot.get_member(guild, UserId::new(ada.id().0)).await), 10007);
    let ada = discord.customer("Bob");
    let dm = UserId::new(ada.id().0).create_dm_channel(&bot).await.unwrap();
    assert_eq!((dm.id.get(), dm.recipient.id.get()), (ada.dm().0, ada.id().0));
    let theirs = ada.write_dm("Mine");
    let edit = EditMessage::new().content("x");
    assert_eq!(code_of(dm.id.edit_message(&bot, MessageId::new(theirs.0), edit.clone()).await), 50005);
    assert_eq!(code_of(dm.id.delete_message(&bot, MessageId::new(theirs.0)).await), 50013);
    assert_eq!(code_of(dm.id.message(&bot, MessageId::new(7)).await), 10008);
    assert_eq!(code_of(dm.id.send_message(&bot, CreateMessage::new().content(" ")).await), 50006);
    let answer = word.clone().reference_message((dm.id, MessageId::new(7)));
    assert_eq!(code_of(dm.id.send_message(&bot, answer).await), 50035);
    let mine = dm.id.send_message(&bot, word).await.unwrap();
    assert!(dm.id.edit_message(&bot, mine.id, edit).await.unwrap().edited_timestamp.is_some());
    dm.id.create_reaction(&bot, MessageId::new(theirs.0), '👍').await.unwrap();
    assert_eq!(ada.view(ada.dm())[0].reactions, [("👍".to_owned(), "Shop".to_owned())]);
    dm.id.delete_message(&bot, mine.id).await.unwrap();
    assert_eq!(ada.view(ada.dm()).len(), 1);
    assert_eq!(bot.get_guild_members(guild, Some(1000), None).await.unwrap().len(), 4);
    bot.get_current_application_info().await.unwrap();
    let stranger = serenity::http::HttpBuilder::new("wrong").proxy(discord.api_base());
    let stranger = stranger.ratelimiter_disabled(true).build();
    assert_eq!(status_of(stranger.get_current_user().await), Some(401));
}

#[tokio::test]
async fn a_nonce_stands_for_its_message_for_a_few_minutes() {
    let clock = Arc::new(Hand::at_noon());
    let discord = fake(|config| config.clock = clock.clone()).await;
    let bot = http(&discord);
    let send = async |text: &str, enforce: bool| {
        let word = CreateMessage::new().content(text).nonce(Nonce::String("7".to_owned()));
        let place = ChannelId::new(discord.support().0);
        place.send_message(&bot, word.enforce_nonce(enforce)).await.unwrap().id
    };
    let first = send("Hello", true).await;
    assert_eq!(send("Hello", true).await, first);
    clock.pass(Duration::from_mins(4));
    let second = send("Hello", true).await;
    assert_ne!(second, first);
    assert_eq!(discord.violations(), Vec::<String>::new());
    assert_eq!(send("Good bye", true).await, second, "the first message counts");
    assert_eq!(discord.violations().len(), 1, "one nonce for two texts is a mistake");
    assert_ne!(send("Hello", false).await, second, "nobody asked for it to be unique");
}

#[tokio::test]
async fn who_is_called_is_what_the_text_says_and_the_sender_allows() {
    let discord = fake(|_| {}).await;
    let (bot, ada) = (http(&discord), discord.customer("Ada"));
    let place = ChannelId::new(discord.support().0);
    let word = CreateMessage::new().content(format!("@everyone <@{}>", ada.id()));
    let loud = place.send_message(&bot, word.clone()).await.unwrap();
    assert_eq!((loud.mention_everyone, loud.mentions.len()), (true, 1));
    let quiet = word.allowed_mentions(CreateAllowedMentions::new().replied_user(false));
    let quiet = place.send_message(&bot, quiet).await.unwrap();
    assert_eq!((quiet.mention_everyone, quiet.mentions.len()), (false, 0));
    let sent = discord.sent();
    assert!(sent[0].called_everyone && !sent[1].called_everyone);
    assert!(sent[0].allowed_mentions.is_none() && sent[1].allowed_mentions.is_some());
}

async fn send(discord: &FakeDiscord, fault: Fault) -> serenity::Result<Message> {
    discord.fail_next(Operation::Send, fault);
    let word = CreateMessage::new().content("Hello");
    ChannelId::new(discord.support().0).send_message(http(discord), word).await
}

#[tokio::test]
async fn a_send_fails_as_it_was_ordered_to_acted_on_or_not() {
    let discord = fake(|_| {}).await;
    let after = Duration::from_millis(1500);
    for (fault, acted, status) in [
        (Fault::RateLimited { after, global: false, headers: true }, false, Some(429)),
        (Fault::Banned, false, Some(429)),
        (Fault::Refused { status: 503, code: 0 }, false, Some(503)),
        (Fault::Html(502), false, Some(502)),
        (Fault::Unauthorized, false, Some(401)),
        (Fault::Cut, false, None),
        (Fault::ActedThenError, true, Some(500)),
        (Fault::ActedThenCut, true, None),
        (Fault::ActedThenNonsense, true, None),
        (Fault::ActedThenHalf, true, None),
        (Fault::ActedThenOdd, true, None),
    ] {
        let before = discord.sent().len();
        let outcome = send(&discord, fault.clone()).await;
        assert!(outcome.is_err(), "{fault:?}");
        assert_eq!(discord.sent().len() - before, usize::from(acted), "{fault:?}");
        assert_eq!(status_of(outcome), status, "{fault:?}");
    }
    for fault in [Fault::Silent, Fault::ActedThenSilent] {
        let short = tokio::time::timeout(Duration::from_millis(50), send(&discord, fault)).await;
        assert!(short.is_err());
    }
    assert!(send(&discord, Fault::Slow(Duration::from_millis(1))).await.is_ok());
    assert!(!discord.is_failing(Operation::Send));
    discord.fail_next(Operation::Send, Fault::Silent);
    discord.clear_faults();
    assert!(!discord.is_failing(Operation::Send));
}

#[tokio::test]
async fn too_many_calls_are_refused_and_too_many_refused_ones_end_it() {
    let discord = fake(|config| config.most_invalid = 3).await;
    discord.set_limit(Operation::Send, 2, Duration::from_mins(1));
    let send = async |channel: Snowflake| {
        let word = CreateMessage::new().content("Hello");
        ChannelId::new(channel.0).send_message(http(&discord), word).await
    };
    assert!(send(discord.support()).await.is_ok() && send(discord.support()).await.is_ok());
    assert_eq!(status_of(send(discord.support()).await), Some(429));
    assert!(send(discord.lobby()).await.is_ok(), "each channel has its own");
    send(discord.support()).await.unwrap_err();
    send(discord.support()).await.unwrap_err();
    assert_eq!(code_of(send(discord.lobby()).await), -1, "a page, no JSON");
    assert_eq!(discord.sent().len(), 3);
}

#[tokio::test]
async fn what_the_provider_knows_outlives_it() {
    let folder = std::env::temp_dir().join(format!("rapport-discord-{}", std::process::id()));
    let start = async || fake(|config| config.memory = Some(folder.join("discord.jsonl"))).await;
    let before = start().await;
    let ada = before.customer("Ada");
    let kept = ada.post(before.forum(), "Lamp", "It does not light");
    let gone = ada.write(kept, "Never mind");
    ada.delete(kept, gone);
    ada.edit(kept, kept, "It flickers");
    let dm = ada.dm();
    let shown = ada.view(kept);
    drop(before);
    let after = start().await;
    let ada = after.customer("Ada");
    assert_eq!(ada.view(kept), shown);
    assert_eq!(ada.dm(), dm);
    assert!(ada.write(kept, "Later") > dm, "ids go on");
    std::fs::remove_dir_all(folder).unwrap();
}
