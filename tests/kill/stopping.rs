//! The end, while something else does not end: a database that went away under a running bridge, and a
//! thread that hangs.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rapport_fakes::{FakeTwilio, FakeTwilioConfig};
use reqwest::{Method, StatusCode};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::{
    process::{Installation, OURS, tail},
    testing::Fresh,
};

/// Stands before a database like a load balancer.
struct Between {
    at: SocketAddr,
    cut: CancellationToken,
    silent: Arc<AtomicBool>,
}

impl Between {
    async fn start(database: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (cut, silent) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
        let (stop, hold) = (cut.clone(), silent.clone());
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((mut client, _)) = listener.accept().await {
                if stop.is_cancelled() {
                    if hold.load(Ordering::SeqCst) {
                        held.push(client);
                    }
                    continue;
                }
                let (database, stop) = (database.clone(), stop.clone());
                tokio::spawn(stop.run_until_cancelled_owned(async move {
                    let mut upstream = TcpStream::connect(database).await.unwrap();
                    drop(tokio::io::copy_bidirectional(&mut client, &mut upstream).await);
                }));
            }
        });
        Self { at, cut, silent }
    }

    /// The database is gone; what connects is closed, or held without a word.
    fn lose_database(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
        self.cut.cancel();
    }
}

async fn stops_in_time(silent: bool) {
    let mut fresh = Fresh::postgres().await;
    let mut url = url::Url::parse(&fresh.url).unwrap();
    let database = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let between = Between::start(database).await;
    url.set_ip_host(between.at.ip()).unwrap();
    url.set_port(Some(between.at.port())).unwrap();
    fresh.url = url.into();
    let provider =
        FakeTwilio::start(FakeTwilioConfig::new(Arc::new(rapport::clock::SystemClock))).await.unwrap();
    let at = Installation::new(fresh, &provider).await;
    let process = at.start("").await;
    between.lose_database(silent);
    let asked = at.request(Method::GET, "/api/v1/conversations?view=all").send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(asked.headers().contains_key("retry-after"));
    let took = process.stop().await;
    assert!(took < Duration::from_secs(5), "{took:?}: {}", tail(&at.log()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_it_answers_503_and_stops_within_five_seconds() {
    stops_in_time(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_database_that_says_nothing_it_answers_503_and_stops_within_five_seconds() {
    stops_in_time(true).await;
}

#[cfg(feature = "failpoints")]
#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_hangs_does_not_hold_up_the_end() {
    let provider =
        FakeTwilio::start(FakeTwilioConfig::new(Arc::new(rapport::clock::SystemClock))).await.unwrap();
    let at = Installation::new(Fresh::sqlite(), &provider).await;
    let process = at.start("dispatch.before_send=sleep(30000)").await;
    let (_, taken) = provider.receive_sms("+4917010000001", OURS, "Hello", Vec::new()).await;
    assert!(taken.is_success());
    let get = async |path: &str| {
        let answer = at.request(Method::GET, path).send().await.unwrap();
        answer.json::<serde_json::Value>().await.unwrap()
    };
    let hangs = async {
        let rows = get("/api/v1/conversations?view=all").await;
        let path = format!("/api/v1/conversations/{}", rows["items"][0]["id"].as_str().unwrap());
        while !get(&path).await.to_string().contains("\"delivery\":\"sending\"") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), hangs).await.expect("the acknowledgement is on its way");
    let took = process.stop().await;
    assert!(took < Duration::from_secs(5), "{took:?}: {}", tail(&at.log()));
}
