//! The provider's own library is the judge of our signatures: what it signs we accept, and what it
//! refuses we refuse.
//!
//! `RAPPORT_PYTHON` names an interpreter that has the library; without it the test makes a virtual
//! environment below the target directory.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use http::{HeaderMap, Method};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use rapport_sdk::{
    Webhook as _, WebhookRequest, WebhookRoute,
    conformance::MemoryIngress,
    model::{Secret, Timestamp, id::InboxId},
};
use rapport_sms::{SmsConnector, SmsSettings};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

const LIBRARY: &str = "twilio==9.13.*";
const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const CASES: usize = 1000;

fn python() -> PathBuf {
    if let Some(given) = std::env::var_os("RAPPORT_PYTHON") {
        return given.into();
    }
    let environment = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("py");
    let python = environment.join("bin/python");
    let has_library = |python: &PathBuf| {
        let import = Command::new(python).args(["-c", "import twilio"]).stderr(Stdio::null()).status();
        import.is_ok_and(|status| status.success())
    };
    if !has_library(&python) {
        let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment).status();
        assert!(
            made.is_ok_and(|status| status.success()),
            "python3 can't make a virtual environment: install python3-venv, or set RAPPORT_PYTHON \
             to an interpreter that has the package {LIBRARY}"
        );
        let installed = Command::new(&python).args(["-m", "pip", "install", "-q", LIBRARY]).status();
        assert!(
            installed.is_ok_and(|status| status.success()),
            "pip can't install {LIBRARY}: a package registry is needed once, or set RAPPORT_PYTHON \
             to an interpreter that has it"
        );
    }
    python
}

#[derive(Serialize, Clone)]
struct Request {
    url: String,
    fields: Vec<(String, String)>,
    json: Option<String>,
}

#[derive(Serialize)]
struct Case {
    token: String,
    scheme: &'static str,
    signed_url: String,
    good: Request,
    bad: Request,
    #[serde(skip)]
    public_url: String,
}

#[derive(Deserialize)]
struct Verdict {
    signature: String,
    accepts_good: bool,
    accepts_bad: bool,
}

fn text(random: &mut StdRng) -> String {
    let alphabet = [
        "a", "B", "7", " ", "+", "&", "=", "%", "'", "é", "✓", "😀", "\u{200d}", "א", "\r\n", "\0", "\"", "",
    ];
    let length = random.random_range(0..12);
    (0..length).map(|_| *alphabet.choose(random).unwrap()).collect()
}

fn query(random: &mut StdRng) -> String {
    let pieces = ["a=1", "b=%27x%27", "c=1+2", "d=%F0%9F%98%80", "a=2", "e=", "x%20y=z", "f=~!*()"];
    let count = random.random_range(1..4);
    (0..count).map(|_| *pieces.choose(random).unwrap()).collect::<Vec<_>>().join("&")
}

fn case(random: &mut StdRng) -> Case {
    let token = format!("t{}", random.random::<u64>());
    let (scheme, host) = *[("https", "shop.example"), ("http", "bridge.example")].choose(random).unwrap();
    let default = if scheme == "https" { 443 } else { 80 };
    let port = *[None, None, Some(8443), Some(1234)].choose(random).unwrap();
    let prefix = ["", "/rapport", "/a/b"].choose(random).unwrap();
    let tail = format!("{prefix}/webhooks/shop");
    let shown = port.map_or(String::new(), |port| format!(":{port}"));
    let public_url = format!("{scheme}://{host}{shown}{prefix}");
    let mut rest = tail;
    if random.random_bool(0.5) {
        rest = format!("{rest}?{}", query(random));
    }
    let json = random.random_bool(0.15).then(|| {
        serde_json::json!({ "AccountSid": ACCOUNT, "MessageSid": "SM1", "Body": text(random) }).to_string()
    });
    let mut fields = vec![("AccountSid".to_owned(), ACCOUNT.to_owned())];
    if let Some(json) = &json {
        let hash: String = sha2::Sha256::digest(json).iter().flat_map(|byte| hex(*byte)).collect();
        let joint = if rest.contains('?') { '&' } else { '?' };
        rest = format!("{rest}{joint}bodySHA256={hash}");
        fields.clear();
    } else {
        for name in ["MessageSid", "From", "To", "Body", "Ünïcode", "Body", "NumMedia"] {
            if random.random_bool(0.7) {
                fields.push((name.to_owned(), text(random)));
            }
        }
    }
    let good = Request { url: format!("{scheme}://{host}{shown}{rest}"), fields, json };
    // The provider signs with or without the port.
    let signed_port = random.random_bool(0.5);
    let signed_shown = if signed_port { format!(":{}", port.unwrap_or(default)) } else { String::new() };
    Case {
        token,
        scheme: ["HMAC_SHA1", "HMAC_SHA256"].choose(random).unwrap(),
        signed_url: format!("{scheme}://{host}{signed_shown}{rest}"),
        bad: changed(&good, random),
        good,
        public_url,
    }
}

fn hex(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap())
}

/// The same request with one change that the signature does not cover.
fn changed(good: &Request, random: &mut StdRng) -> Request {
    let mut bad = good.clone();
    if let Some(json) = &mut bad.json {
        json.push(' ');
        return bad;
    }
    match random.random_range(0..4) {
        0 => bad.fields.push(("Extra".to_owned(), "1".to_owned())),
        1 => {
            let last = bad.fields.len() - 1;
            bad.fields[last].1.push('0');
        }
        2 => bad.fields.push(("Body".to_owned(), format!("another {}", random.random::<u64>()))),
        _ => {
            let joint = if bad.url.contains('?') { '&' } else { '?' };
            bad.url = format!("{}{joint}z=9", bad.url);
        }
    }
    bad
}

/// The connector of an inbox at which such a request arrives.
fn connector(case: &Case) -> SmsConnector {
    let token = Secret::new(case.token.clone());
    let mut settings = SmsSettings::twilio(
        InboxId::from("shop"),
        ACCOUNT,
        token.clone(),
        rapport_sms::TWILIO_API.parse().unwrap(),
        case.public_url.parse().unwrap(),
    );
    if case.scheme == "HMAC_SHA256" {
        settings.auth_token = Secret::new("another");
        settings.signature_key = Some(token);
    }
    SmsConnector::new(settings).unwrap()
}

/// Whether the connector takes the request as the provider's.
async fn accepts(connector: &SmsConnector, scheme: &str, request: &Request, signature: &str) -> bool {
    let mut headers = HeaderMap::new();
    headers.insert("x-twilio-signature", signature.parse().unwrap());
    if scheme == "HMAC_SHA256" {
        let value = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256".parse().unwrap();
        headers.insert("x-twilio-webhooks-signature-settings", value);
    }
    let body = match &request.json {
        Some(json) => json.clone(),
        None => url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.fields).finish(),
    };
    let kind = if request.json.is_some() { "application/json" } else { "application/x-www-form-urlencoded" };
    headers.insert("content-type", kind.parse().unwrap());
    let request = WebhookRequest {
        route: WebhookRoute::Messages,
        method: Method::POST,
        path_and_query: request.url.splitn(4, '/').nth(3).map(|rest| format!("/{rest}")).unwrap(),
        headers,
        body: body.into(),
        received_at: Timestamp(0),
    };
    let answer = connector.receive(request, &MemoryIngress::default()).await;
    // A signed call without what it needs is a 400; only a forged one is a 401.
    answer.status.as_u16() != 401
}

#[tokio::test]
async fn what_the_official_library_signs_is_accepted_and_what_it_refuses_is_refused() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let cases: Vec<Case> = (0..CASES).map(|_| case(&mut random)).collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/official_library.py");
    let mut child = Command::new(python())
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the interpreter starts");
    let input = serde_json::to_vec(&cases).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the official library's script failed");
    let verdicts: Vec<Verdict> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdicts.len(), CASES);
    for (number, (case, verdict)) in cases.iter().zip(&verdicts).enumerate() {
        assert!(verdict.accepts_good, "case {number}: the library refuses what it signed");
        assert!(!verdict.accepts_bad, "case {number}: the library accepts what was changed");
        let (connector, signature) = (connector(case), &verdict.signature);
        let good = accepts(&connector, case.scheme, &case.good, signature).await;
        assert!(good, "case {number}: we refuse a good one");
        let bad = accepts(&connector, case.scheme, &case.bad, signature).await;
        assert!(!bad, "case {number}: we accept a changed one");
    }
}
