//! What the gateway tells, to whom, and how it fails.

use std::time::Duration;

use rapport_fakes::{FakeDiscord, discord::Snowflake};
use serenity::{
    gateway::GatewayError,
    model::{event::Event, gateway::GatewayIntents, id::UserId},
};

use crate::bot::{Bot, fake, intents};

async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect(what);
}

#[tokio::test]
async fn a_session_that_was_cut_off_is_told_what_it_missed() {
    let discord = fake(|_| {}).await;
    let mut bot = Bot::start(&discord).await;
    let ada = discord.customer("Ada");
    discord.drop_all();
    let missed = ada.write(discord.support(), "While you were away");
    assert_eq!(bot.message().await.id.get(), missed.0);
    bot.until(|event| matches!(event, Event::Resumed(_)).then_some(())).await;
    assert_eq!((discord.gateway_counts().identified, discord.gateway_counts().resumed), (1, 1));

    discord.drop_after(1);
    let (first, second) = (ada.write_dm("One"), ada.write_dm("Two"));
    // The first may be told twice over: it left, and nobody knows whether it arrived.
    let told = bot.message().await.id.get();
    let told = if told == first.0 { bot.message().await.id.get() } else { told };
    assert_eq!(told, second.0);
    discord.reconnect_all();
    until("asked to come again", || discord.gateway_counts().resumed == 3).await;
    discord.invalidate_all(true);
    until("a session that is not valid may go on", || discord.gateway_counts().resumed == 4).await;
    assert_eq!(discord.gateway_counts().identified, 1);
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_session_that_expired_begins_anew_without_what_it_missed() {
    let discord = fake(|_| {}).await;
    let mut bot = Bot::start(&discord).await;
    let ada = discord.customer("Ada");
    discord.set_down(true);
    assert!(discord.is_down() && bot.http.get_current_user().await.is_err());
    discord.expire_sessions();
    ada.write(discord.support(), "Lost");
    discord.set_down(false);
    bot.until(|event| matches!(event, Event::Ready(_)).then_some(())).await;
    discord.lose_events(1);
    ada.write(discord.support(), "Lost, too");
    let later = ada.write(discord.support(), "Told");
    assert_eq!(bot.message().await.id.get(), later.0);
    assert_eq!(discord.gateway_counts().identified, 2);
}

#[tokio::test]
async fn a_heartbeat_that_is_not_answered_ends_the_connection() {
    let discord = fake(|config| config.heartbeat_interval = Duration::from_millis(40)).await;
    let _bot = Bot::start(&discord).await;
    until("a heartbeat", || discord.gateway_counts().heartbeats > 0).await;
    discord.mute_heartbeats(true);
    until("another connection", || discord.gateway_counts().connections > 1).await;
}

async fn refused(discord: &FakeDiscord, intents: GatewayIntents) -> GatewayError {
    let bot = Bot::with(discord, intents).await;
    match bot.end().await {
        Err(serenity::Error::Gateway(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_bot_that_asks_for_what_it_may_not_is_sent_away_for_good() {
    let discord = fake(|config| config.message_content = false).await;
    assert!(matches!(refused(&discord, intents()).await, GatewayError::DisallowedGatewayIntents));
    let unknown = GatewayIntents::from_bits_retain(1 << 40);
    assert!(matches!(refused(&discord, unknown).await, GatewayError::InvalidGatewayIntents));
    let members = GatewayIntents::GUILD_MEMBERS;
    assert!(matches!(refused(&discord, members).await, GatewayError::DisallowedGatewayIntents));
}

#[tokio::test]
async fn a_bot_without_leave_to_read_sees_that_somebody_wrote_but_not_what() {
    let discord = fake(|config| config.message_content = false).await;
    let mut bot = Bot::with(&discord, GatewayIntents::non_privileged()).await;
    bot.until(|event| matches!(event, Event::GuildCreate(_)).then_some(())).await;
    let ada = discord.customer("Ada");
    let quiet = ada.write(discord.support(), "Where is my order?");
    ada.write(discord.support(), &format!("<@{}> hello", discord.bot()));
    ada.write_dm("Directly");
    assert_eq!(bot.message().await.content, "");
    assert_eq!(bot.message().await.content, format!("<@{}> hello", discord.bot()));
    assert_eq!(bot.message().await.content, "Directly");
    let history = bot.http.get_message(discord.support().0.into(), quiet.0.into()).await;
    assert_eq!(history.expect("a message").content, "", "the history hides it, too");
}

#[tokio::test]
async fn changes_of_a_message_are_told_whole_in_part_and_when_nobody_made_them() {
    let discord = fake(|_| {}).await;
    let mut bot = Bot::start(&discord).await;
    let ada = discord.customer("Ada");
    let (place, webhook) = (discord.lobby(), Snowflake(1_300_000_000_000_000_000));
    let first = ada.write(place, "One");
    let update = |event: &Event| match event {
        Event::MessageUpdate(update) => Some(update.clone()),
        _ => None,
    };
    assert!(ada.edit(place, first, "Two"));
    let whole = bot.until(update).await;
    assert_eq!(whole.content.as_deref(), Some("Two"));
    assert!(whole.author.is_some() && whole.edited_timestamp.is_some());
    discord.edit_in_part(place, first, "Three");
    let part = bot.until(update).await;
    assert_eq!((part.content.as_deref(), part.author.is_none()), (Some("Three"), true));
    let second = ada.write(place, "https://shop.example/");
    discord.unfurl(place, second, true);
    let card = bot.until(update).await;
    assert!(card.content.is_none() && card.edited_timestamp.is_none() && card.embeds.is_some());
    discord.unfurl(place, second, false);
    let card = bot.until(update).await;
    assert!(card.content.is_some() && card.edited_timestamp.is_none());

    assert!(ada.react(place, second, "👍"));
    let reacted = |event: &Event| match event {
        Event::ReactionAdd(added) => Some(added.reaction.user_id),
        _ => None,
    };
    assert_eq!(bot.until(reacted).await.map(UserId::get), Some(ada.id().0));
    assert!(ada.unreact(place, second, "👍"));
    bot.until(|event| matches!(event, Event::ReactionRemove(_)).then_some(())).await;
    ada.type_in(place);
    bot.until(|event| matches!(event, Event::TypingStart(_)).then_some(())).await;

    let third = discord.webhook_writes(place, webhook, "News", "From a webhook");
    let told = bot.until(|event| match event {
        Event::MessageCreate(created) => created.message.webhook_id,
        _ => None,
    });
    assert_eq!(told.await.get(), webhook.0);
    let fourth = discord.other_bot().write(place, "From another bot");
    assert!(bot.message().await.author.bot);
    assert!(ada.delete(place, first) && !ada.delete(place, first));
    bot.until(|event| matches!(event, Event::MessageDelete(_)).then_some(())).await;
    discord.delete_bulk(place, &[second, third]);
    let gone = bot.until(|event| match event {
        Event::MessageDeleteBulk(gone) => Some(gone.ids.len()),
        _ => None,
    });
    assert_eq!(gone.await, 2);
    assert_eq!(ada.view(place).iter().map(|shown| shown.id).collect::<Vec<_>>(), [fourth]);
}

#[tokio::test]
async fn sessions_begun_in_haste_are_refused() {
    let discord = fake(|config| config.identify_pace = Duration::from_mins(1)).await;
    let first = Bot::start(&discord).await;
    drop(first);
    let _second = Bot::with(&discord, intents()).await;
    until("refused", || discord.gateway_counts().hurried > 0).await;
    assert_eq!(discord.gateway_counts().identified, 1);
}
