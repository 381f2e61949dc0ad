//! Forged calls: nothing gets in without the secret of this inbox.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bridge;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bridge::{Bridge, update};
use http::{HeaderValue, StatusCode};
use rapport_sdk::{
    Webhook as _,
    conformance::MemoryIngress,
    model::{InboundEvent, Secret},
};
use rapport_telegram::{Mode, TelegramConnector};

/// What a call with this secret is answered, and what is stored of it.
async fn shown(bridge: &Bridge, bot: &TelegramConnector, secret: &[u8]) -> (StatusCode, Vec<InboundEvent>) {
    let mut request = bridge.call(update(1, "forged").to_string());
    let secret = HeaderValue::from_bytes(secret).unwrap();
    request.headers.insert("x-telegram-bot-api-secret-token", secret);
    let ingress = MemoryIngress::default();
    let status = bot.receive(request, &ingress).await.status;
    (status, ingress.stored())
}

/// A secret that somebody made up, or the true one with something otherwise.
fn forged(secret: &str, number: usize) -> String {
    let at = rand::random_range(0..secret.len());
    match number % 4 {
        0 => URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()),
        1 => {
            let other = if secret[at..].starts_with('A') { "B" } else { "A" };
            format!("{}{other}{}", &secret[..at], &secret[at + 1..])
        }
        2 => {
            let mut bytes = URL_SAFE_NO_PAD.decode(secret).unwrap();
            let bit = rand::random_range(0..bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            URL_SAFE_NO_PAD.encode(bytes)
        }
        _ => format!("{}{}", &secret[..at], if at % 2 == 0 { "" } else { secret }),
    }
}

#[tokio::test]
async fn ten_thousand_secrets_that_are_made_up_or_changed_are_refused_and_nothing_is_stored() {
    let bridge = Bridge::start_in(Mode::Webhook).await;
    let (bot, secret) = (bridge.bot(), bridge.secret());
    for number in 0..10_000 {
        let forged = forged(&secret, number);
        let (status, stored) = shown(&bridge, &bot, forged.as_bytes()).await;
        assert_eq!((status, stored), (StatusCode::UNAUTHORIZED, Vec::new()), "{forged}");
    }
    let (status, stored) = shown(&bridge, &bot, secret.as_bytes()).await;
    assert_eq!((status, stored.len()), (StatusCode::OK, 1), "and the true one is taken");
}

#[tokio::test]
async fn a_secret_of_another_inbox_or_bot_or_in_another_spelling_is_refused() {
    let bridge = Bridge::start_in(Mode::Webhook).await;
    let bot = bridge.bot();
    let secret = bridge.secret();
    let bytes = URL_SAFE_NO_PAD.decode(&secret).unwrap();
    for (why, forged) in [
        ("nothing", Vec::new()),
        ("the token", bridge.fake.token().as_bytes().to_vec()),
        ("its bytes", bytes.clone().into_iter().map(|byte| byte | 0x80).collect()),
        ("other letters and padding", STANDARD.encode(&bytes).into_bytes()),
        ("padding", format!("{secret}=").into_bytes()),
        ("a blank before it", format!(" {secret}").into_bytes()),
        ("two of them", format!("{secret}, {secret}").into_bytes()),
        ("small letters", secret.to_ascii_lowercase().into_bytes()),
    ] {
        assert_eq!(shown(&bridge, &bot, &forged).await, (StatusCode::UNAUTHORIZED, Vec::new()), "{why}");
    }
    let inbox = bridge.bot_with(|settings| settings.inbox = "other".into());
    let other = Secret::new("7000000001:AAOtherOtherOtherOtherOtherOtherOther");
    let token = bridge.bot_with(|settings| settings.token = other);
    for elsewhere in [inbox, token] {
        let answer = shown(&bridge, &elsewhere, secret.as_bytes()).await;
        assert_eq!(answer, (StatusCode::UNAUTHORIZED, Vec::new()));
    }
}
