//! Customers who write numbered messages and an associate who answers, whether or not the bridge is
//! there, and what each of them was told.

use std::{
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

use crate::process::{Installation, OURS};

/// So many customers write at once, each several numbers one after the other.
const WRITERS: usize = 12;
const NUMBERS_EACH: usize = 3;

/// A customer's message.
#[derive(Debug, Clone)]
pub(crate) struct Offered {
    pub(crate) customer: usize,
    pub(crate) text: String,
    /// Whether the bridge said that it has it.
    pub(crate) acknowledged: bool,
}

/// An associate's reply.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) text: String,
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
    /// How many replies the bridge took.
    pub(crate) fn accepted(&self) -> usize {
        self.written.lock().unwrap().iter().filter(|written| written.accepted).count()
    }

    pub(crate) fn count(&self) -> usize {
        self.offered.lock().unwrap().len()
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
        pause: Duration,
    ) -> Self {
        said.stop.store(false, Ordering::SeqCst);
        // Each time other customers: only new ones get an acknowledgement for certain.
        let first = said.begun.fetch_add(1, Ordering::SeqCst) * WRITERS;
        let mut tasks: Vec<_> = (first..first + WRITERS)
            .map(|writer| tokio::spawn(write(said.clone(), provider.clone(), writer, pause)))
            .collect();
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
        said.offered.lock().unwrap().push(Offered { customer, text, acknowledged });
        tokio::time::sleep(pause).await;
    }
}

async fn answer(said: Arc<Said>, at: Arc<Installation>) {
    while !said.ends() {
        let waiting = waiting(&at).await;
        if waiting.is_empty() {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        for (conversation, position) in waiting {
            let number = said.next.fetch_add(1, Ordering::SeqCst);
            let text = format!("Answer {number}");
            let body = json!({"text": text, "seen_position": position, "close": number.is_multiple_of(4)});
            let accepted = press_send(&said, &at, &conversation, &text, &body).await;
            said.written.lock().unwrap().push(Written { text, accepted });
        }
    }
}

/// Conversations that wait, with the last position in each.
async fn waiting(at: &Installation) -> Vec<(String, i64)> {
    let asked = at.request(Method::GET, "/api/v1/conversations?view=all&limit=8").send().await;
    let Ok(answer) = asked else { return Vec::new() };
    let Ok(page) = answer.json::<Value>().await else { return Vec::new() };
    let items = page["items"].as_array().cloned().unwrap_or_default();
    let waits = items.iter().filter(|item| item["due_at"].is_i64());
    waits.map(|item| (item["id"].as_str().unwrap().to_owned(), item["position"].as_i64().unwrap())).collect()
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
