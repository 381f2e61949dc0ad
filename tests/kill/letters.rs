//! What left as e-mail, compared with what the store says of it: one reply is one Message-ID, however often
//! it left.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::Deserialize;

use crate::{
    account::{Account, Books},
    load::Offered,
    post::{Place, Post},
};

/// How far the bridge says that it has read each folder.
pub(crate) struct Progress(BTreeMap<String, Point>);

/// A resume point, as far as it says that a mail is done.
#[derive(Deserialize)]
struct Point {
    next: u32,
    #[serde(default)]
    held_back: Vec<HeldBack>,
}

#[derive(Deserialize)]
struct HeldBack {
    uid: u32,
}

impl Progress {
    pub(crate) async fn read(books: &Books) -> Self {
        let rows = books.pairs("SELECT scope, cursor FROM cursors WHERE inbox_id = 'mail'").await;
        Self(rows.into_iter().map(|(folder, text)| (folder, serde_json::from_str(&text).unwrap())).collect())
    }

    /// Whether it would never look at what lies there again.
    pub(crate) fn is_past(&self, place: &Place) -> bool {
        self.0.get(place.folder).is_some_and(|point| {
            place.uid < point.next && point.held_back.iter().all(|held| held.uid != place.uid)
        })
    }
}

impl Books {
    /// Waits until one more letter is stored, for so long at most.
    pub(crate) async fn wait_for_letter(&self, longest: Duration) {
        let stored = async || {
            self.list("SELECT id FROM messages WHERE kind = 'inbound' AND channel = 'email'").await.len()
        };
        let before = stored().await;
        let comes = async {
            while stored().await == before {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        drop(tokio::time::timeout(longest, comes).await);
    }

    pub(crate) async fn count_letters(&self, offered: &[Offered], post: &Post, account: &mut Account) {
        account.letters = offered.iter().filter(|message| message.place.is_some()).count();
        let rows = self
            .pairs(
                "SELECT text, delivery FROM messages WHERE author_kind = 'associate' AND kind = 'outbound' \
                 AND channel = 'email'",
            )
            .await;
        account.letter_replies = rows.len();
        let left = post.left_after(0);
        let mut copies: BTreeMap<&str, BTreeMap<usize, usize>> = BTreeMap::new();
        let mut of_reply: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut of_bot: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for mail in &left {
            *copies.entry(&mail.name).or_default().entry(mail.life).or_default() += 1;
            match &mail.text {
                Some(text) => of_reply.entry(text).or_default().insert(&mail.name),
                None => of_bot.entry(&mail.to).or_default().insert(&mail.name),
            };
        }
        let again = copies.values().filter(|lives| lives.values().sum::<usize>() > 1);
        account.letters_left_again = again.count();
        // A kill may cost one repeat of what was under way, so in one life each leaves once.
        let within: usize = copies.values().flat_map(BTreeMap::values).map(|count| count - 1).sum();
        account.letters_left_again_wrongly = within.saturating_sub(post.repeats());
        account.renamed = of_reply.values().filter(|names| names.len() > 1).count();
        // An acknowledgement is the same text for everybody. One that left and was to leave again is
        // cancelled where a person was faster, so what counts is that it was tried.
        let tried = self.list("SELECT recipient FROM outbox WHERE automatic AND attempt > 0").await;
        for (to, names) in &of_bot {
            account.renamed += names.len().saturating_sub(tried.iter().filter(|of| of == to).count());
        }
        for (text, delivery) in &rows {
            match delivery.as_str() {
                "unconfirmed" => account.unconfirmed += 1,
                "queued" | "sending" => account.pending += 1,
                "sent" | "delayed" | "delivered" => {
                    account.sent_wrong += usize::from(!of_reply.contains_key(text.as_str()));
                }
                _ => account.sent_wrong += 1,
            }
        }
        let stored: BTreeSet<&str> = rows.iter().map(|(text, _)| text.as_str()).collect();
        account.sent_wrong += of_reply.keys().filter(|text| !stored.contains(**text)).count();
    }
}
