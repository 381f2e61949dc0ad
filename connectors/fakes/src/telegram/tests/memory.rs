//! What the provider remembers over its end.

use super::*;
use crate::telegram::{Draft, FakeFile, Media};

#[tokio::test]
async fn chats_files_and_what_waits_are_there_after_a_restart() {
    let folder = std::env::temp_dir().join(format!("rapport-telegram-{}", std::process::id()));
    let start = async || {
        let config = FakeTelegramConfig::new(Arc::new(noon()));
        let memory = Some(folder.join("telegram.jsonl"));
        FakeTelegram::start(FakeTelegramConfig { memory, ..config }).await.unwrap()
    };
    let before = start().await;
    let ines = before.customer("Ines Carvalho");
    ines.write("acknowledged");
    updates(&before).await;
    done(&before, "getUpdates", json!({"allowed_updates": ["message", "message_reaction"]})).await;
    let picture = FakeFile::new("a.png", "image/png", vec![0, 255, 10]);
    let id = ines.send(Draft::file(Media::Photo, picture.clone(), "waits"));
    ines.react(id, &["👍"]);
    let group = ines.open_group("Hikers");
    done(&before, "sendMessage", json!({"chat_id": group.chat_id(), "text": "Hello"})).await;
    let (private, public) = (ines.messages(), group.messages());
    drop((before, ines));

    let after = start().await;
    let ines = after.customer("Ines Carvalho");
    assert_eq!(ines.messages(), private);
    assert_eq!(ines.in_group(group.chat_id()).messages(), public);
    assert_eq!(after.file(&private[1].files[0].id), Some(picture));
    let waits = updates(&after).await;
    assert_eq!(waits[0]["message"]["caption"], "waits");
    assert!(waits[1]["message_reaction"].is_object());
    let last = waits.last().unwrap()["update_id"].as_i64().unwrap();
    ines.write("next");
    let next = updates(&after).await;
    assert_eq!(next[0]["update_id"], last + 1);
    assert!(next[0]["message"]["message_id"].as_i64().unwrap() > id);
    std::fs::remove_dir_all(folder).unwrap();
}
