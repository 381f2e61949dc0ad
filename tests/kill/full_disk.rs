//! A disk that is full in earnest: a small file system of memory under a running bridge.
//!
//! Mounting wants root. Anybody else is told that nothing was tried.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use rapport_fakes::{FakeTwilio, FakeTwilioConfig};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    load::address_of,
    process::{Installation, OURS, tail},
    testing::Fresh,
};

/// A file system of 8 MiB. Gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`: this user may not mount.
    fn under(folder: &Path) -> Option<Self> {
        let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
        if !is_root {
            println!("NOT TRIED: a full disk, because only root can mount a small one");
            return None;
        }
        let arguments = ["-t", "tmpfs", "-o", "size=8m", "none"];
        let mounted = Command::new("mount").args(arguments).arg(folder).status().unwrap();
        assert!(mounted.success(), "a small file system can be mounted");
        Some(Self(folder.to_owned()))
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    fn fill(&self) {
        let mut file = File::create(self.ballast()).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        while file.write_all(&[0]).is_ok() {}
    }

    fn make_room(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

/// The texts of the customer's conversation, as the associate sees them.
async fn shown(at: &Installation) -> Vec<String> {
    let conversation = conversation(at).await;
    let items = conversation["messages"]["items"].as_array().unwrap().clone();
    let texts =
        items.iter().filter(|message| message["kind"] != "activity" && message["author"]["kind"] != "bot");
    texts.map(|message| message["text"].as_str().unwrap().chars().take(10).collect()).collect()
}

async fn conversation(at: &Installation) -> Value {
    let page: Value =
        at.request(Method::GET, "/api/v1/conversations?view=all").send().await.unwrap().json().await.unwrap();
    let path = format!("/api/v1/conversations/{}", page["items"][0]["id"].as_str().unwrap());
    at.request(Method::GET, &path).send().await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_acknowledges_nothing_and_heals_by_itself() {
    let fresh = Fresh::sqlite();
    let Some(disk) = SmallDisk::under(&fresh.folder) else { return };
    let provider =
        FakeTwilio::start(FakeTwilioConfig::new(Arc::new(rapport::clock::SystemClock))).await.unwrap();
    let at = Installation::new(fresh, &provider).await;
    let mut process = at.start("").await;
    let customer = address_of(0);
    let text = |number: usize| format!("Message {number:02} {}", "and more ".repeat(150));
    let write = async |number| provider.receive_sms(&customer, OURS, &text(number), Vec::new()).await.1;
    assert!(write(0).await.is_success());
    let seen = conversation(&at).await;
    let (id, position) = (seen["conversation"]["id"].as_str().unwrap(), &seen["conversation"]["position"]);
    let path = format!("/api/v1/conversations/{id}/replies");
    let reply = || {
        let request = at.request(Method::POST, &path).header("idempotency-key", "one-press");
        request.json(&json!({"text": "An answer", "seen_position": position})).send()
    };

    disk.fill();
    let mut refused = 0;
    for number in 1..=8 {
        let outcome = write(number).await;
        assert!(outcome.is_success() || outcome.status == Some(503), "{outcome:?}");
        refused += usize::from(!outcome.is_success());
    }
    assert!(refused > 0, "the disk is full");
    let answer = reply().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "unavailable");
    assert!(process.is_alive(), "{}", tail(&at.log()));

    disk.make_room();
    let mut patience = 100;
    while shown(&at).await.len() < 9 {
        patience -= 1;
        assert!(
            patience > 0,
            "what was refused comes by the list: {:?}\n{}",
            shown(&at).await,
            tail(&at.log())
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut texts = shown(&at).await;
    texts.sort();
    let all: Vec<String> = (0..=8).map(|number| format!("Message {number:02}")).collect();
    assert_eq!(texts, all, "each once");
    assert!(write(9).await.is_success());
    // The same press again, which nobody had taken: now somebody wrote in between, and it says so.
    assert_eq!(reply().await.unwrap().status(), StatusCode::CONFLICT);
    let stopped = process.stop().await;
    assert!(stopped < Duration::from_secs(5), "{stopped:?}");
}
