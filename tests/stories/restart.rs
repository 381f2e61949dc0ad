//! An end and a new start: what was under way, what waited, and what came meanwhile.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rapport_fakes::twilio::{Fault, Operation};
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
};

use crate::{
    bridge::{Bridge, CUSTOMER, OURS, until},
    on_both_engines,
    testing::Fresh,
};

/// Stands between the provider and the bridge; loses the first answer.
struct LosesOneAnswer {
    at: SocketAddr,
    bridge: Arc<Mutex<Option<SocketAddr>>>,
    calls: Arc<AtomicUsize>,
}

impl LosesOneAnswer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let bridge: Arc<Mutex<Option<SocketAddr>>> = Arc::default();
        let calls: Arc<AtomicUsize> = Arc::default();
        let (target, count) = (bridge.clone(), calls.clone());
        tokio::spawn(async move {
            while let Ok((mut provider, _)) = listener.accept().await {
                let Some(address) = *target.lock().unwrap() else { continue };
                let first = count.fetch_add(1, Ordering::SeqCst) == 0;
                tokio::spawn(async move {
                    let mut bridge = TcpStream::connect(address).await.unwrap();
                    if first {
                        // What comes back is read, so that the bridge is done, and goes nowhere.
                        let (mut request, _) = provider.split();
                        let (mut answer, mut upstream) = bridge.split();
                        let mut byte = [0];
                        tokio::select! {
                            _ = tokio::io::copy(&mut request, &mut upstream) => {}
                            _ = answer.read(&mut byte) => {}
                        }
                    } else {
                        drop(tokio::io::copy_bidirectional(&mut provider, &mut bridge).await);
                    }
                });
            }
        });
        Self { at, bridge, calls }
    }
}

on_both_engines! {
    async fn an_sms_that_is_called_again_after_a_lost_answer_and_after_a_restart_is_one_message(fresh: Fresh) {
        let between = LosesOneAnswer::start().await;
        let mut bridge = Bridge::start_behind(fresh, Some(between.at), true).await;
        *between.bridge.lock().unwrap() = Some(bridge.address());
        let (sid, outcome) = bridge.providers[0].receive_sms(CUSTOMER, OURS[0], "Hello", Vec::new()).await;
        assert!(outcome.is_success(), "the second call was answered: {outcome:?}");
        assert_eq!(between.calls.load(Ordering::SeqCst), 2, "the provider called again by itself");
        assert_eq!(bridge.messages("inbound").await.len(), 1);
        bridge.stop().await;
        bridge.start_again().await;
        *between.bridge.lock().unwrap() = Some(bridge.address());
        assert!(bridge.providers[0].deliver(&sid).await.is_success());
        assert_eq!(bridge.messages("inbound").await.len(), 1);
        assert_eq!(bridge.conversation().await["obligations"].as_array().unwrap().len(), 1);
        assert_eq!(bridge.until_phone_shows(1).await.len(), 1, "one acknowledgement");
    }

    async fn what_was_offered_while_nobody_was_there_comes_by_the_list_and_is_acknowledged(fresh: Fresh) {
        let mut bridge = Bridge::start(fresh).await;
        bridge.write("Before").await;
        let last = bridge.get("/api/v1/inboxes").await["items"][0]["last_inbound_at"].clone();
        assert!(last.is_i64(), "{last}");
        bridge.stop().await;
        bridge.start_again().await;
        until("the last arrival is known again", async || {
            bridge.get("/api/v1/inboxes").await["items"][0]["last_inbound_at"] == last
        })
        .await;
        bridge.stop().await;
        for number in 0..30 {
            let text = format!("Meanwhile {number}");
            let (_, outcome) = bridge.providers[0].receive_sms(CUSTOMER, OURS[0], &text, Vec::new()).await;
            assert!(!outcome.is_success(), "nobody is there");
            bridge.clock.advance(Duration::from_secs(1));
        }
        bridge.start_again().await;
        until("all of it is there", async || bridge.messages("inbound").await.len() == 31).await;
        let texts: Vec<String> = bridge
            .messages("inbound")
            .await
            .iter()
            .map(|message| message["text"].as_str().unwrap().to_owned())
            .collect();
        let expected: Vec<String> =
            std::iter::once("Before".to_owned()).chain((0..30).map(|n| format!("Meanwhile {n}"))).collect();
        assert_eq!(texts, expected, "in the order in which it was written");
        assert!(bridge.phone().len() <= 1, "one turn, one acknowledgement");
    }

    async fn a_reply_that_waits_for_its_next_try_survives_and_is_sent_once(fresh: Fresh) {
        let mut bridge = Bridge::start(fresh).await;
        bridge.write("Hello").await;
        bridge.until_phone_shows(1).await;
        bridge.providers[0].fail_next(Operation::Send, Fault::RateLimited { retry_after: 60 });
        let calls = bridge.providers[0].calls(Operation::Send);
        let reply = bridge.reply("Hi").await;
        until("it was tried", async || bridge.providers[0].calls(Operation::Send) > calls).await;
        bridge.until_delivery(&reply, "queued").await;
        bridge.stop().await;
        bridge.clock.advance(Duration::from_secs(61));
        bridge.start_again().await;
        bridge.until_delivery(&reply, "delivered").await;
        assert_eq!(bridge.phone().iter().filter(|message| message.body == "Hi").count(), 1);
    }

    async fn it_stops_within_five_seconds_under_load_and_what_hung_is_unconfirmed_and_not_repeated(fresh: Fresh) {
        let mut bridge = Bridge::start(fresh).await;
        bridge.write("Hello").await;
        bridge.until_phone_shows(1).await;
        bridge.providers[0].fail_next(Operation::Send, Fault::ActedThenSilent);
        let reply = bridge.reply("Hi").await;
        bridge.until_delivery(&reply, "sending").await;
        until("the provider has it", async || bridge.phone().len() == 2).await;
        let provider = bridge.providers[0].clone();
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let provider = provider.clone();
                tokio::spawn(async move {
                    for number in 0..40 {
                        let (from, text) = (format!("+491704000000{writer}"), format!("Message {number}"));
                        provider.receive_sms(&from, OURS[0], &text, Vec::new()).await;
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let begun = Instant::now();
        bridge.stop().await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        for writer in writers {
            writer.await.unwrap();
        }
        // The node comes back under its name: its lease need not run out.
        bridge.start_again().await;
        bridge.until_delivery(&reply, "unconfirmed").await;
        until("all customers are there", async || bridge.view("all").await.len() == 9).await;
        assert_eq!(bridge.phone().iter().filter(|message| message.body == "Hi").count(), 1);
    }
}
