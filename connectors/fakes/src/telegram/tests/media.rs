//! Files, both ways, and albums.

use bytes::Bytes;
use teloxide_core::{
    net::Download as _,
    payloads::{SendDocumentSetters as _, SendPhotoSetters as _},
    prelude::Requester as _,
    types::{ChatId, FileId, InputFile, InputMedia, InputMediaPhoto, MessageEntity, UpdateKind},
};

use super::{library::library, *};
use crate::telegram::{Draft, FakeFile, Media};

fn picture() -> FakeFile {
    FakeFile::new("shell.jpg", "image/jpeg", Bytes::from_static(b"a picture"))
}

#[tokio::test]
async fn the_client_library_reads_everything_that_a_customer_can_send() {
    let fake = bot().await;
    let ines = fake.customer("Ines Carvalho");
    let file = |media| Draft::file(media, FakeFile::new("a.bin", "video/mp4", "bytes"), "said");
    let kinds = [
        Media::Photo,
        Media::Document,
        Media::Video,
        Media::Audio,
        Media::Voice,
        Media::Animation,
        Media::Sticker,
        Media::VideoNote,
    ];
    let drafts = kinds.map(file).into_iter().chain([
        Draft::location(52.5, 13.4),
        Draft::venue(52.5, 13.4, "Shop", "Birkenweg 1"),
        Draft::contact("+4917010000001", "Ines"),
        Draft::poll("Which?", &["Blue", "Green"]),
        Draft::dice(6),
        Draft::text("not mine").forwarded_from("Somebody", 1_790_000_000),
    ]);
    let sent: Vec<_> = drafts.map(|draft| ines.send(draft)).collect();
    ines.start("order_17");
    let updates = library(&fake).get_updates().await.unwrap();
    assert_eq!(updates.len(), sent.len() + 1);
    for update in updates {
        let UpdateKind::Message(message) = &update.kind else { panic!("{update:?}") };
        assert!(!matches!(message.kind, teloxide_core::types::MessageKind::Empty {}), "{message:?}");
    }
}

#[tokio::test]
async fn a_file_is_fetched_for_an_hour_and_not_where_it_is_too_large() {
    let clock = noon();
    let fake = at(clock.clone()).await;
    let library = library(&fake);
    let ines = fake.customer("Ines Carvalho");
    ines.send(Draft::file(Media::Photo, picture(), ""));
    let large =
        FakeFile { claimed_size: Some((20 << 20) + 1), ..FakeFile::new("film.mp4", "video/mp4", "x") };
    ines.send(Draft::file(Media::Document, large, ""));
    let found = updates(&fake).await;
    let sizes = found[0]["message"]["photo"].as_array().unwrap();
    let largest = sizes.iter().max_by_key(|size| size["width"].as_i64()).unwrap();
    let id = |value: &Value| FileId(value["file_id"].as_str().unwrap().to_owned());
    let file = library.get_file(id(largest)).await.unwrap();
    let mut bytes = Vec::new();
    library.download_file(&file.path, &mut bytes).await.unwrap();
    assert_eq!(bytes, b"a picture");
    assert_ne!(sizes[0]["file_id"], largest["file_id"]);
    clock.forward(3601);
    assert!(library.download_file(&file.path, &mut bytes).await.is_err(), "the path is not good any more");
    let document = &found[1]["message"]["document"];
    assert_eq!(document["file_size"], (20 << 20) + 1);
    let why = refused(&fake, "getFile", json!({"file_id": document["file_id"]})).await;
    assert_eq!(why, "Bad Request: file is too big");
}

#[tokio::test]
async fn uploads_arrive_whole_with_what_is_said_of_them() {
    let fake = bot().await;
    let library = library(&fake);
    let ines = fake.customer("Ines Carvalho");
    ines.write("Show me");
    let chat = ChatId(ines.chat_id());
    let upload = |name: &'static str, bytes: &'static str| InputFile::memory(bytes).file_name(name);
    library
        .send_photo(chat, upload("a.png", "one"))
        .caption("said")
        .caption_entities([MessageEntity::italic(0, 4)])
        .await
        .unwrap();
    library.send_document(chat, upload("guide.pdf", "two")).caption("x".repeat(1024)).await.unwrap();
    library.send_voice(chat, upload("a.ogg", "three")).await.unwrap();
    library.send_video(chat, upload("a.mp4", "four")).await.unwrap();
    let album = || {
        [("b.jpg", "five", "both"), ("c.jpg", "six", "")].map(|(name, bytes, said)| {
            let media = InputMediaPhoto::new(upload(name, bytes));
            InputMedia::Photo(if said.is_empty() { media } else { media.caption(said) })
        })
    };
    let sent = library.send_media_group(chat, album()).await.unwrap();
    assert_eq!(sent[0].media_group_id(), sent[1].media_group_id());
    let other = library.send_media_group(chat, album()).await.unwrap();
    assert_ne!(sent[0].media_group_id(), other[0].media_group_id());
    let shown = &ines.messages()[1..];
    let bytes = |message: &crate::telegram::ChatMessage| {
        let file = fake.file(&message.files[0].id).unwrap();
        (file.name, file.content_type, String::from_utf8(file.bytes.to_vec()).unwrap())
    };
    let own = |name: &str, kind: &str, bytes: &str| (name.to_owned(), kind.to_owned(), bytes.to_owned());
    let expected = [
        own("a.png", "image/png", "one"),
        own("guide.pdf", "application/pdf", "two"),
        own("a.ogg", "audio/ogg", "three"),
        own("a.mp4", "video/mp4", "four"),
        own("b.jpg", "image/jpeg", "five"),
        own("c.jpg", "image/jpeg", "six"),
    ];
    assert_eq!(shown.iter().take(6).map(bytes).collect::<Vec<_>>(), expected);
    assert_eq!((shown[0].text.as_str(), shown[0].entities.len()), ("said", 1));
    assert_eq!((shown[4].text.as_str(), shown[5].text.as_str()), ("both", ""));
    assert!(shown[4].album.is_some() && shown[4].album == shown[5].album);
    let error =
        library.send_document(chat, upload("a.pdf", "x")).caption("x".repeat(1025)).await.unwrap_err();
    assert!(error.to_string().contains("caption is too long"), "{error}");
    assert_eq!(fake.violations(), [""; 0]);
}

#[tokio::test]
async fn the_parts_of_an_album_come_when_and_as_a_test_wants_them() {
    let fake = bot().await;
    let ines = fake.customer("Ines Carvalho");
    fake.hold_updates();
    let ids = ines.send_album(Media::Photo, vec![picture(), picture(), picture()], "three");
    assert_eq!(fake.waiting_updates(), 0);
    fake.release_updates(&[2, 0]);
    let found = updates(&fake).await;
    let came: Vec<_> = found.iter().map(|update| update["message"]["message_id"].as_i64().unwrap()).collect();
    assert_eq!(came, [ids[2], ids[0], ids[1]]);
    assert!(found.windows(2).all(|pair| pair[0]["update_id"].as_i64() < pair[1]["update_id"].as_i64()));
    let album = |update: &Value| update["message"]["media_group_id"].clone();
    assert!(album(&found[0]).is_string() && found.iter().all(|update| album(update) == album(&found[0])));
    assert_eq!(found[1]["message"]["caption"], "three");
    ines.send(Draft::file(Media::Photo, picture(), "").in_album("late"));
    assert_eq!(album(&updates(&fake).await[0]), "late");
}
