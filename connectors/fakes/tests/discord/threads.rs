//! Channels, posts and threads: what the bot sees of them, and what it may do there.

use rapport_fakes::discord::{Access, ChannelKind, Operation, Snowflake};
use serenity::{
    builder::{CreateMessage, CreateThread, EditThread},
    model::{
        channel::{ChannelType, GuildChannel},
        event::Event,
        id::{ChannelId, GuildId, UserId},
    },
};

use crate::bot::{Bot, code_of, fake, http};

fn id(of: Snowflake) -> ChannelId {
    ChannelId::new(of.0)
}

fn thread(event: &Event) -> Option<GuildChannel> {
    match event {
        Event::ThreadCreate(created) => Some(created.thread.clone()),
        _ => None,
    }
}

#[tokio::test]
async fn a_post_of_a_forum_is_a_thread_whose_first_message_has_its_id() {
    let discord = fake(|_| {}).await;
    let mut bot = Bot::start(&discord).await;
    let ada = discord.customer("Ada");
    let post = ada.post(discord.forum(), "Broken lamp", "It does not light");
    let told = bot.until(thread).await;
    assert_eq!((told.id.get(), told.parent_id.map(ChannelId::get)), (post.0, Some(discord.forum().0)));
    assert_eq!((told.name.as_str(), told.owner_id.map(UserId::get)), ("Broken lamp", Some(ada.id().0)));
    let first = bot.message().await;
    assert_eq!((first.id.get(), first.channel_id.get()), (post.0, post.0));
    let answer = CreateMessage::new().content("Is it plugged in?");
    id(post).send_message(&bot.http, answer.clone()).await.unwrap();
    assert_eq!(ada.view(post).len(), 2);
    let refused = id(discord.forum()).send_message(&bot.http, answer).await;
    assert_eq!(code_of(refused), 50008, "a forum itself takes no messages");
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_private_thread_is_seen_by_its_members() {
    let discord = fake(|_| {}).await;
    let mut bot = Bot::start(&discord).await;
    let (ada, bob) = (discord.customer("Ada"), discord.customer("Bob"));
    let private = CreateThread::new("Order 7").kind(ChannelType::PrivateThread).invitable(false);
    let made = id(discord.support()).create_thread(&bot.http, private).await.unwrap();
    assert_eq!(made.kind, ChannelType::PrivateThread);
    bot.http.add_thread_channel_member(made.id, UserId::new(ada.id().0)).await.unwrap();
    let listed = |who: &rapport_fakes::discord::Customer| {
        who.places()
            .iter()
            .any(|place| place.id.0 == made.id.get() && place.kind == ChannelKind::PrivateThread)
    };
    assert!(listed(&ada) && !listed(&bob));
    assert_eq!(bot.http.get_channel_thread_members(made.id).await.unwrap().len(), 2);
    assert_eq!(bot.until(thread).await.id, made.id);

    let hidden = bob.start_thread(discord.support(), "Without the bot", false);
    assert_eq!(bot.until(thread).await.id.get(), hidden.0, "a public thread is everybody's");
    let active = bot.http.get_guild_active_threads(GuildId::new(discord.guild().0)).await.unwrap();
    let ids: Vec<u64> = active.threads.iter().map(|thread| thread.id.get()).collect();
    assert_eq!(ids, [hidden.0, made.id.get()]);
    assert_eq!(active.members.len(), 1);
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_archived_thread_opens_with_the_next_word_unless_it_is_locked() {
    let discord = fake(|_| {}).await;
    let bot = http(&discord);
    let ada = discord.customer("Ada");
    let place = ada.start_thread(discord.support(), "Order 7", false);
    let message = CreateMessage::new().content("Still there?");
    let sent = id(place).send_message(&bot, message.clone()).await.unwrap();
    discord.archive(place, true, false);
    assert!(ada.places().iter().any(|listed| listed.id == place && listed.archived));
    let edit = serenity::builder::EditMessage::new().content("x");
    assert_eq!(code_of(id(place).edit_message(&bot, sent.id, edit).await), 50083);
    id(place).send_message(&bot, message.clone()).await.unwrap();
    assert!(!ada.places().iter().any(|listed| listed.archived));
    discord.archive(place, true, true);
    assert_eq!(code_of(id(place).send_message(&bot, message).await), 160_005);
    let opened = id(place).edit_thread(&bot, EditThread::new().archived(false).locked(false)).await.unwrap();
    assert!(!opened.thread_metadata.unwrap().archived);
}

#[tokio::test]
async fn archived_threads_are_read_page_by_page() {
    let discord = fake(|_| {}).await;
    let bot = http(&discord);
    let ada = discord.customer("Ada");
    let begin = |number: usize| {
        let thread = ada.start_thread(discord.support(), &format!("{number}"), true);
        discord.archive(thread, true, false);
        thread
    };
    let threads: Vec<Snowflake> = (0..5).map(begin).collect();
    let support = id(discord.support());
    let mut read = Vec::new();
    let mut before = None;
    loop {
        let page = bot.get_channel_joined_archived_private_threads(support, before, Some(2)).await.unwrap();
        read.extend(page.threads.iter().map(|thread| Snowflake(thread.id.get())));
        before = read.last().map(|id| id.0);
        if !page.has_more {
            break;
        }
    }
    let newest_first: Vec<Snowflake> = threads.into_iter().rev().collect();
    assert_eq!(read, newest_first);
    let private = bot.get_channel_archived_private_threads(support, None, None).await.unwrap();
    assert_eq!((private.threads.len(), private.has_more), (5, false));
    let public = bot.get_channel_archived_public_threads(support, None, None).await.unwrap();
    assert_eq!(public.threads.len(), 0);
    assert_eq!(discord.calls(Operation::ArchivedJoined), 3);
    // Those two take an instant, not a number.
    let wrong = bot.get_channel_archived_public_threads(support, Some(7), None).await;
    assert_eq!(code_of(wrong), 50035);
    assert_eq!(discord.violations().len(), 1);
}

#[tokio::test]
async fn a_channel_that_the_bot_may_not_see_is_told_of_to_nobody() {
    let discord = fake(|_| {}).await;
    let mut bot = Bot::start(&discord).await;
    let (guild, message) = (GuildId::new(discord.guild().0), CreateMessage::new().content("x"));
    let hidden = discord.add_channel(ChannelKind::Text, "staff");
    bot.until(|event| matches!(event, Event::ChannelCreate(_)).then_some(())).await;
    discord.set_access(hidden, Access::None);
    let ada = discord.customer("Ada");
    ada.write(hidden, "Among us");
    ada.write(discord.lobby(), "To all");
    assert_eq!(bot.message().await.content, "To all");
    assert_eq!(code_of(id(hidden).send_message(&bot.http, message.clone()).await), 50001);
    assert_eq!(bot.http.get_channels(guild).await.unwrap().len(), 3);
    discord.set_access(hidden, Access::Read);
    assert_eq!(bot.http.get_channels(guild).await.unwrap().len(), 4);
    assert_eq!(code_of(id(hidden).send_message(&bot.http, message).await), 50013);
    assert_eq!(code_of(bot.http.get_channel(7.into()).await), 10003);
}
