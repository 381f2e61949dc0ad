//! The fetcher against hostile addresses: nothing may ever arrive at a canary on this machine.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use rapport_model::Secret;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

const QUICK: Timeouts = Timeouts { connect: Duration::from_millis(500), total: Duration::from_secs(1) };

/// A server that counts who comes, keeps what they ask, and gives canned answers by path.
struct Server {
    address: SocketAddr,
    visits: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(ip: &str, answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (visits, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (counted, kept, answer) = (Arc::clone(&visits), Arc::clone(&requests), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                tokio::spawn(async move {
                    let mut buffer = vec![0; 8192];
                    let length = stream.read(&mut buffer).await.unwrap_or(0);
                    let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
                    let path = request.split(' ').nth(1).unwrap_or("").to_owned();
                    kept.lock().unwrap().push(request);
                    let answer = answer(&path);
                    if answer.is_empty() {
                        std::future::pending::<()>().await;
                    }
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { address, visits, requests }
    }

    async fn canary() -> Self {
        Self::start("127.0.0.1", |_| ok("secret")).await
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn redirect(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

/// A name server that gives the next of its answers each time it is asked.
struct Names(Mutex<Vec<Vec<&'static str>>>, Arc<AtomicUsize>);

impl Resolver for Names {
    fn resolve(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        let ips = answer.into_iter().map(|ip| ip.parse().unwrap()).collect();
        Box::pin(async { Ok(ips) })
    }
}

fn fetcher(allowed: Option<String>, names: &[&[&'static str]]) -> (SafeFetch, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let names = Names(Mutex::new(names.iter().map(|ips| ips.to_vec()).collect()), Arc::clone(&asked));
    let allowed = allowed.map(|url| url.parse().unwrap());
    (SafeFetch::with_resolver(allowed, QUICK, Arc::new(names)).unwrap(), asked)
}

async fn get(fetcher: &SafeFetch, url: &str) -> Result<Fetched, FetchError> {
    fetcher.fetch(url, Credentials::None, 1000).await
}

#[tokio::test]
async fn no_way_to_write_this_machine_reaches_it() {
    let canary = Server::canary().await;
    let port = canary.address.port();
    let (fetcher, _) = fetcher(None, &[&["127.0.0.1"]]);
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "0x7f.1",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
        "127。0。0。1",
        "１２７.0.0.1",
        "localhost",
        "LOCALHOST.",
        "127.0.0.1.nip.example",
        "api.example@127.0.0.1",
        "api.example:x@127.0.0.1",
        "169.254.169.254",
        "10.0.0.1",
        "100.64.0.1",
        "192.168.0.1",
    ] {
        let url = format!("http://{host}:{port}/latest/meta-data");
        let refused = get(&fetcher, &url).await;
        assert!(matches!(refused, Err(FetchError::Refused(_))), "{url}: {refused:?}");
    }
    let backslash = format!("http://api.example\\@127.0.0.1:{port}/");
    assert!(get(&fetcher, &backslash).await.is_err());
    assert_eq!(canary.visits(), 0);
}

#[tokio::test]
async fn only_http_and_https_are_fetched() {
    let (fetcher, asked) = fetcher(None, &[&["8.8.8.8"]]);
    for url in [
        "file:///etc/passwd",
        "gopher://x.example/",
        "ftp://x.example/",
        "unix:/run/x.sock",
        "data:text/plain,x",
        "javascript:1",
        "//x.example/",
        "x",
        "",
        "http://",
        "http:///",
    ] {
        let refused = get(&fetcher, url).await;
        // "http:///" is read as "http://" with the next part as its host: none is left here.
        assert!(matches!(refused, Err(FetchError::Refused(_))), "{url}: {refused:?}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_with_one_bad_address_is_refused_whatever_the_others_are() {
    let canary = Server::canary().await;
    let url = format!("http://files.example:{}/", canary.address.port());
    for ips in [&["8.8.8.8", "127.0.0.1"][..], &["2606:4700::1111", "::1"], &["::ffff:127.0.0.1"]] {
        let (fetcher, _) = fetcher(None, &[ips]);
        assert_eq!(get(&fetcher, &url).await, Err(FetchError::Refused(NOT_PUBLIC)), "{ips:?}");
    }
    assert_eq!(canary.visits(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_address_is_asked_once_for_one_connection() {
    let canary = Server::canary().await;
    let url = format!("http://rebind.example:{}/", canary.address.port());
    let asked = Arc::new(AtomicUsize::new(0));
    let names = Names(Mutex::new(vec![vec!["127.0.0.3"], vec!["127.0.0.1"]]), Arc::clone(&asked));
    // Here another loopback address, at which nobody listens, plays the public internet.
    let judge: Judge = |ip| ip == IpAddr::from([127, 0, 0, 3]);
    let fetcher = SafeFetch::judging(None, QUICK, Arc::new(names), judge).unwrap();
    assert!(get(&fetcher, &url).await.is_err());
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(get(&fetcher, &url).await.is_err());
    assert_eq!(canary.visits(), 0);
}

#[tokio::test]
async fn a_redirect_is_judged_like_the_first_address() {
    let canary = Server::canary().await;
    let targets = [
        canary.url("/"),
        format!("http://inner.example:{}/", canary.address.port()),
        "file:///etc/passwd".into(),
    ];
    let known = targets.clone();
    let home = Server::start("127.0.0.1", move |path| {
        let index: usize = path.trim_start_matches('/').parse().unwrap();
        redirect(&known[index])
    })
    .await;
    let (fetcher, _) = fetcher(Some(home.url("/")), &[&["127.0.0.1"]]);
    for index in 0..targets.len() {
        let refused = get(&fetcher, &home.url(&format!("/{index}"))).await;
        assert!(matches!(refused, Err(FetchError::Refused(_))), "{index}: {refused:?}");
    }
    assert_eq!(canary.visits(), 0);
}

#[tokio::test]
async fn five_redirects_are_followed_and_six_are_not() {
    let home = Server::start("127.0.0.1", |path| match path.trim_start_matches('/').parse::<u32>() {
        Ok(0) => ok("there"),
        Ok(left) => redirect(&format!("/{}", left - 1)),
        Err(_) => redirect(path),
    })
    .await;
    let (fetcher, _) = fetcher(Some(home.url("/")), &[&["127.0.0.1"]]);
    let fetched = get(&fetcher, &home.url("/5")).await.unwrap();
    assert_eq!((&fetched.bytes[..], &*fetched.content_type), (&b"there"[..], "image/png"));
    assert!(matches!(get(&fetcher, &home.url("/6")).await, Err(FetchError::Refused(_))));
    assert!(matches!(get(&fetcher, &home.url("/loop")).await, Err(FetchError::Refused(_))));
}

#[tokio::test]
async fn credentials_stay_at_the_allowed_origin_and_do_not_come_back() {
    let back = Arc::new(Mutex::new(String::new()));
    let known = Arc::clone(&back);
    let abroad = Server::start("127.0.0.2", move |_| redirect(&known.lock().unwrap())).await;
    let away = abroad.url("/away");
    let home =
        Server::start("127.0.0.1", move |path| if path == "/start" { redirect(&away) } else { ok("x") })
            .await;
    *back.lock().unwrap() = home.url("/end");
    let fetcher = SafeFetch::judging(
        Some(home.url("/").parse().unwrap()),
        QUICK,
        Arc::new(SystemResolver),
        // Here another loopback address plays the public internet.
        |ip| ip == IpAddr::from([127, 0, 0, 2]),
    )
    .unwrap();
    let password = Secret::new("hunter2");
    let credentials = Credentials::Basic { user: "AC", password: &password };
    fetcher.fetch(&home.url("/start"), credentials, 10).await.unwrap();
    let shown = |server: &Server| -> Vec<bool> {
        let requests = server.requests.lock().unwrap();
        requests.iter().map(|request| request.to_lowercase().contains("authorization")).collect()
    };
    assert_eq!(shown(&home), [true, false]);
    assert_eq!(shown(&abroad), [false]);
}

#[tokio::test]
async fn what_is_too_long_or_too_slow_is_given_up() {
    let home = Server::start("127.0.0.1", |path| match path {
        "/long" => ok(&"x".repeat(1001)),
        "/chunks" => {
            let chunk = format!("3e8\r\n{}\r\n", "x".repeat(1000));
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n")
        }
        "/limit" => ok(&"x".repeat(1000)),
        "/missing" => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
        _ => String::new(),
    })
    .await;
    let (fetcher, _) = fetcher(Some(home.url("/")), &[&["127.0.0.1"]]);
    for path in ["/long", "/chunks"] {
        assert_eq!(get(&fetcher, &home.url(path)).await, Err(FetchError::TooLong { limit: 1000 }), "{path}");
    }
    assert_eq!(get(&fetcher, &home.url("/limit")).await.unwrap().bytes.len(), 1000);
    assert!(matches!(get(&fetcher, &home.url("/missing")).await, Err(FetchError::Status(_))));
    assert!(matches!(get(&fetcher, &home.url("/silent")).await, Err(FetchError::Failed(_))));
}
