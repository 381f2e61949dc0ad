//! The real client library against the pretended provider.

use teloxide_core::{
    Bot,
    payloads::{GetUpdatesSetters as _, SendMessageSetters as _},
    prelude::Requester as _,
    types::{ChatId, MediaKind, MessageEntity, MessageId, MessageKind, ReplyParameters, UpdateKind},
};

use super::*;

pub(super) fn library(fake: &FakeTelegram) -> Bot {
    let client = rapport_sdk::http::library_client(Timeouts::default()).unwrap();
    Bot::with_client(fake.token(), client).set_api_url(fake.api_base())
}

#[tokio::test]
async fn the_client_library_hears_a_customer_and_answers() {
    let fake = bot().await;
    let bot = library(&fake);
    let me = bot.get_me().await.unwrap();
    assert_eq!(me.username(), "shop_bot");
    assert!(!me.can_read_all_group_messages);
    let ines = fake.customer("Ines Carvalho");
    ines.write("Is the shell there in M?");
    let updates = bot.get_updates().timeout(5).allowed_updates([]).await.unwrap();
    let UpdateKind::Message(message) = &updates[0].kind else { panic!("{updates:?}") };
    assert_eq!(message.text(), Some("Is the shell there in M?"));
    assert_eq!(message.from.as_ref().unwrap().full_name(), "Ines Carvalho");
    let sent = bot
        .send_message(message.chat.id, "Yes, in M.")
        .entities([MessageEntity::bold(0, 3)])
        .reply_parameters(ReplyParameters::new(message.id))
        .await
        .unwrap();
    let MessageKind::Common(common) = &sent.kind else { panic!("{sent:?}") };
    assert!(matches!(&common.media_kind, MediaKind::Text(text) if text.text == "Yes, in M."));
    let shown = ines.messages();
    assert_eq!((shown[1].text.as_str(), shown[1].reply_to), ("Yes, in M.", Some(i64::from(message.id.0))));
    assert!(shown[1].by_bot);
    assert_eq!(shown[1].entities, [json!({"type": "bold", "offset": 0, "length": 3})]);
    assert_eq!(fake.violations(), [""; 0]);
}

#[tokio::test]
async fn the_client_library_understands_a_refusal() {
    let fake = bot().await;
    let bot = library(&fake);
    let ines = fake.customer("Ines Carvalho");
    ines.write("Hello");
    ines.block_bot();
    let chat = ChatId(ines.chat_id());
    let error = bot.send_message(chat, "Hello").await.unwrap_err();
    assert!(
        matches!(&error, teloxide_core::RequestError::Api(teloxide_core::ApiError::BotBlocked)),
        "{error:?}"
    );
    ines.unblock_bot();
    let missing = ReplyParameters::new(MessageId(77));
    let error = bot.send_message(chat, "Hello").reply_parameters(missing).await.unwrap_err();
    assert!(error.to_string().contains("not found"), "{error:?}");
}
