//! Customers who write numbered messages, by SMS and by e-mail, and an associate who answers, whether or not
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
    post::{Place, Post, mail_address_of},
    process::{Installation, OURS},
};

/// So many customers send SMS at once, each several numbers one after the other.
const WRITERS: usize = 10;
/// So many write e-mail: a bounded number of letters, whoever reads them, and then answers alone.
const LETTER_WRITERS: usize = 6;
const LETTERS_EACH: usize = 200;
const NUMBERS_EACH: usize = 8;

/// A customer's message.
#[derive(Debug, Clone)]
pub(crate) struct Offered {
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
    /// Whether it leaves as e-mail.
    pub(crate) is_letter: bool,
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
    /// How many replies the bridge took, as SMS and as e-mail.
    pub(crate) fn accepted(&self) -> [usize; 2] {
        let written = self.written.lock().unwrap();
        [false, true].map(|letter| written.iter().filter(|of| of.accepted && of.is_letter == letter).count())
    }

    /// How many messages were offered, as SMS and as e-mail.
    pub(crate) fn count(&self) -> [usize; 2] {
        let offered = self.offered.lock().unwrap();
        [false, true].map(|letter| offered.iter().filter(|of| of.place.is_some() == letter).count())
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
        said.offered.lock().unwrap().push(Offered { customer, text, acknowledged, place: None });
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
        let place = Some(place);
        said.offered.lock().unwrap().push(Offered { customer, text, acknowledged: false, place });
    }
}

async fn answer(said: Arc<Said>, at: Arc<Installation>) {
    while !said.ends() {
        let waiting = waiting(&at).await;
        if waiting.is_empty() {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        for (conversation, position, is_letter) in waiting {
            let number = said.next.fetch_add(1, Ordering::SeqCst);
            let text = format!("Answer {number}");
            let body = json!({"text": text, "seen_position": position, "close": number.is_multiple_of(4)});
            let accepted = press_send(&said, &at, &conversation, &text, &body).await;
            said.written.lock().unwrap().push(Written { text, is_letter, accepted });
        }
    }
}

/// A few conversations that wait, with the last position in each, and whether it is one of letters. Any of the
/// first ones: who writes on and on stands at the head for long, and each reply comes too late for him.
async fn waiting(at: &Installation) -> Vec<(String, i64, bool)> {
    let asked = at.request(Method::GET, "/api/v1/conversations?view=all&limit=24").send().await;
    let Ok(answer) = asked else { return Vec::new() };
    let Ok(page) = answer.json::<Value>().await else { return Vec::new() };
    let items = page["items"].as_array().cloned().unwrap_or_default();
    let waits = items.iter().filter(|item| item["due_at"].is_i64());
    let row = |item: &Value| {
        let id = item["id"].as_str().unwrap().to_owned();
        (id, item["position"].as_i64().unwrap(), item["channel"] == "email")
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
