//! Customers who write numbered messages, by SMS, by e-mail and in chats, and an associate who answers, whether or not
//! the bridge is there, and what each of them was told.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rapport_fakes::FakeTwilio;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{
    chats::Chats,
    post::{Place, Post, mail_address_of},
    process::{Installation, OURS},
};

/// So many customers send SMS at once, each several numbers one after the other.
const WRITERS: usize = 10;
/// So many write e-mail: a bounded number of letters, whoever reads them, and then answers alone.
const LETTER_WRITERS: usize = 6;
const LETTERS_EACH: usize = 200;
const NUMBERS_EACH: usize = 8;

/// So many write in the chats.
const CHATTERS: usize = 8;

/// By which channel something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    Sms,
    Email,
    Telegram,
    Discord,
}

impl Channel {
    pub(crate) const ALL: [Self; 4] = [Self::Sms, Self::Email, Self::Telegram, Self::Discord];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Email => "email",
            Self::Telegram => "telegram",
            Self::Discord => "discord",
        }
    }
}

/// A customer's message.
#[derive(Debug, Clone)]
pub(crate) struct Offered {
    pub(crate) channel: Channel,
    pub(crate) customer: usize,
    pub(crate) text: String,
    /// Whether the bridge said that it has it.
    pub(crate) acknowledged: bool,
    /// Where it lies, as a letter: nobody says of one that it has it, but for the resume point of its folder.
    pub(crate) place: Option<Place>,
}

/// An associate's reply.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) text: String,
    /// By which channel it leaves.
    pub(crate) channel: Channel,
    /// Whether the bridge said that it has it.
    pub(crate) accepted: bool,
}

/// Everything that was said, from outside.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) offered: Mutex<Vec<Offered>>,
    pub(crate) written: Mutex<Vec<Written>>,
    next: AtomicUsize,
    begun: AtomicUsize,
    stop: AtomicBool,
}

impl Said {
    /// How many replies the bridge took, by channel.
    pub(crate) fn accepted(&self) -> [usize; 4] {
        let written = self.written.lock().unwrap();
        Channel::ALL.map(|channel| written.iter().filter(|of| of.accepted && of.channel == channel).count())
    }

    /// How many messages were offered, by channel.
    pub(crate) fn count(&self) -> [usize; 4] {
        let offered = self.offered.lock().unwrap();
        Channel::ALL.map(|channel| offered.iter().filter(|of| of.channel == channel).count())
    }

    /// Whoever will write in private on Discord says a first word. A bot can't ask which private channels it
    /// has: where the first message of somebody new comes while nobody is there, only the next shows it.
    pub(crate) fn greet(&self, chats: &Chats) {
        for customer in (0..CHATTERS).filter(|writer| !writer.is_multiple_of(2)).flat_map(customers_of) {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            let text = format!("Message {number}");
            chats.write(Channel::Discord, customer, &text);
            self.offered.lock().unwrap().push(Offered {
                channel: Channel::Discord,
                customer,
                text,
                acknowledged: true,
                place: None,
            });
        }
    }

    fn ends(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// The customers and the associate, at work until they are told to stop.
pub(crate) struct Load {
    pub(crate) said: Arc<Said>,
    tasks: Vec<JoinHandle<()>>,
}

pub(crate) fn address_of(customer: usize) -> String {
    format!("+4917{customer:08}")
}

impl Load {
    /// Lets them begin; each customer pauses so long between two messages.
    pub(crate) fn begin(
        said: Arc<Said>,
        at: &Arc<Installation>,
        provider: &FakeTwilio,
        post: &Arc<Post>,
        chats: Option<&Arc<Chats>>,
        pause: Duration,
    ) -> Self {
        said.stop.store(false, Ordering::SeqCst);
        // Each time other customers: only new ones get an acknowledgement for certain.
        let before = said.begun.fetch_add(1, Ordering::SeqCst);
        let writers = |many: usize| before * many..(before + 1) * many;
        let mut tasks: Vec<_> = writers(WRITERS)
            .map(|writer| tokio::spawn(write(said.clone(), provider.clone(), writer, pause)))
            .collect();
        tasks.extend(
            writers(LETTER_WRITERS)
                .map(|writer| tokio::spawn(write_letters(said.clone(), post.clone(), writer, pause))),
        );
        if let Some(chats) = chats {
            tasks.extend(
                writers(CHATTERS)
                    .map(|writer| tokio::spawn(chat(said.clone(), chats.clone(), writer, pause))),
            );
        }
        tasks.push(tokio::spawn(answer(said.clone(), at.clone())));
        Self { said, tasks }
    }

    /// Stops them, and waits until each has heard the answer to the last thing that it said.
    pub(crate) async fn end(self) {
        self.said.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

async fn write(said: Arc<Said>, provider: FakeTwilio, writer: usize, pause: Duration) {
    while !said.ends() {
        let number = said.next.fetch_add(1, Ordering::SeqCst);
        let customer = writer * NUMBERS_EACH + number % NUMBERS_EACH;
        let text = format!("Message {number}");
        let (sid, outcome) = provider.receive_sms(&address_of(customer), OURS, &text, Vec::new()).await;
        let mut acknowledged = outcome.is_success();
        if number.is_multiple_of(10) {
            // The provider may call again, and at once.
            let more = provider.deliver_at_once(&sid, 3).await;
            acknowledged |= more.iter().any(rapport_fakes::twilio::CallOutcome::is_success);
        }
        said.offered.lock().unwrap().push(Offered {
            channel: Channel::Sms,
            customer,
            text,
            acknowledged,
            place: None,
        });
        tokio::time::sleep(pause).await;
    }
}

/// The customers that a writer is.
fn customers_of(writer: usize) -> std::ops::Range<usize> {
    writer * NUMBERS_EACH..(writer + 1) * NUMBERS_EACH
}

/// Half of them on each of the two.
async fn chat(said: Arc<Said>, chats: Arc<Chats>, writer: usize, pause: Duration) {
    let channel = if writer.is_multiple_of(2) { Channel::Telegram } else { Channel::Discord };
    while !said.ends() {
        let number = said.next.fetch_add(1, Ordering::SeqCst);
        let customer = writer * NUMBERS_EACH + number % NUMBERS_EACH;
        let text = format!("Message {number}");
        chats.write(channel, customer, &text);
        said.offered.lock().unwrap().push(Offered {
            channel,
            customer,
            text,
            acknowledged: true,
            place: None,
        });
        tokio::time::sleep(pause).await;
    }
}

/// Whoever was answered answers that.
async fn write_letters(said: Arc<Said>, post: Arc<Post>, writer: usize, pause: Duration) {
    let mut read = 0;
    let mut got = HashMap::new();
    let mut written = 0;
    while !said.ends() {
        tokio::time::sleep(pause).await;
        let number = said.next.fetch_add(1, Ordering::SeqCst);
        let customer = writer * NUMBERS_EACH + number % NUMBERS_EACH;
        for mail in post.left_after(read) {
            read += 1;
            got.insert(mail.to.clone(), mail);
        }
        let answers = got.remove(&mail_address_of(customer));
        if written == LETTERS_EACH && answers.is_none() {
            continue;
        }
        written += usize::from(answers.is_none());
        let text = format!("Message {number}");
        let place = post.deliver(customer, number, &text, answers.as_ref());
        let (channel, place) = (Channel::Email, Some(place));
        said.offered.lock().unwrap().push(Offered { channel, customer, text, acknowledged: false, place });
    }
}

async fn answer(said: Arc<Said>, at: Arc<Installation>) {
    while !said.ends() {
        let waiting = waiting(&at).await;
        if waiting.is_empty() {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        for (conversation, position, channel) in waiting {
            let number = said.next.fetch_add(1, Ordering::SeqCst);
            let text = format!("Answer {number}");
            let body = json!({"text": text, "seen_position": position, "close": number.is_multiple_of(4)});
            let accepted = press_send(&said, &at, &conversation, &text, &body).await;
            said.written.lock().unwrap().push(Written { text, channel, accepted });
        }
    }
}

/// A few conversations that wait, with the last position in each, and their channels. Any of the
/// first ones: who writes on and on stands at the head for long, and each reply comes too late for him.
async fn waiting(at: &Installation) -> Vec<(String, i64, Channel)> {
    let asked = at.request(Method::GET, "/api/v1/conversations?view=all&limit=24").send().await;
    let Ok(answer) = asked else { return Vec::new() };
    let Ok(page) = answer.json::<Value>().await else { return Vec::new() };
    let items = page["items"].as_array().cloned().unwrap_or_default();
    let waits = items.iter().filter(|item| item["due_at"].is_i64());
    let row = |item: &Value| {
        let id = item["id"].as_str().unwrap().to_owned();
        let channel = Channel::ALL.into_iter().find(|channel| item["channel"] == channel.name()).unwrap();
        (id, item["position"].as_i64().unwrap(), channel)
    };
    let mut rows: Vec<_> = waits.map(row).collect();
    while rows.len() > 4 {
        rows.swap_remove(rand::random_range(0..rows.len()));
    }
    rows
}

/// Presses "send" again with the same key until there is an answer.
async fn press_send(said: &Said, at: &Installation, conversation: &str, text: &str, body: &Value) -> bool {
    let path = format!("/api/v1/conversations/{conversation}/replies");
    let mut tries = 0;
    loop {
        let pressed = at
            .request(Method::POST, &path)
            .header("idempotency-key", text.replace(' ', "-"))
            .json(body)
            .send();
        match pressed.await.map(|answer| answer.status()) {
            Ok(StatusCode::CREATED) => return true,
            Ok(status) if status.is_client_error() => {
                assert_eq!(status, StatusCode::CONFLICT, "only a newer message may stand against it");
                return false;
            }
            _ => {}
        }
        tries += 1;
        if said.ends() && tries > 100 {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
