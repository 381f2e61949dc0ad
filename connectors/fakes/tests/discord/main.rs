//! The fake Discord, judged by the library that bots are written with: it decodes strictly.

mod bot;
mod calls;
mod gateway;
mod threads;

use rapport_fakes::discord::Operation;
use serenity::{
    builder::CreateMessage,
    model::{channel::Nonce, id::ChannelId},
};

use bot::{Bot, fake};

#[tokio::test]
async fn a_bot_is_told_of_a_direct_message_and_answers_it() {
    let discord = fake(|_| {}).await;
    let mut bot = Bot::start(&discord).await;
    let ada = discord.customer("Ada");
    let asked = ada.write_dm("Where is my order?");
    let told = bot.message().await;
    assert_eq!((told.id.get(), told.content.as_str(), told.guild_id), (asked.0, "Where is my order?", None));
    assert_eq!(told.author.id.get(), ada.id().0);
    assert_eq!(told.id.created_at().unix_timestamp(), 1_790_000_000, "ids hold their time");

    let answer = CreateMessage::new()
        .content("On its way")
        .nonce(Nonce::String("part-1".to_owned()))
        .enforce_nonce(true)
        .reference_message(&told);
    let dm = ChannelId::new(ada.dm().0);
    let sent = dm.send_message(&bot.http, answer.clone()).await.unwrap();
    let again = dm.send_message(&bot.http, answer).await.unwrap();
    assert_eq!(sent.id, again.id, "a nonce stands for one message");
    let shown = ada.view(ada.dm());
    assert_eq!(shown.len(), 2);
    assert_eq!((shown[1].text.as_str(), shown[1].from_shop), ("On its way", true));
    assert_eq!(shown[1].reply_to, Some(asked));
    assert_eq!(bot.message().await.id, sent.id, "its own message comes back");
    assert_eq!(discord.calls(Operation::Send), 2);
    assert_eq!(bot.http.get_current_user().await.unwrap().id.get(), discord.bot().0);
    assert_eq!(discord.violations(), Vec::<String>::new());
}
