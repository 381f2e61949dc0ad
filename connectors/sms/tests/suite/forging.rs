//! Forged calls: nothing gets in that the provider did not sign for this inbox.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rapport_sdk::{Webhook as _, WebhookRequest, WebhookRoute, conformance::MemoryIngress};

use crate::bridge::Bridge;

async fn is_refused(bridge: &Bridge, request: WebhookRequest) -> bool {
    let ingress = MemoryIngress::default();
    let answer = bridge.sms().receive(request, &ingress).await;
    answer.status.as_u16() == 401 && ingress.stored().is_empty()
}

#[tokio::test]
async fn ten_thousand_random_signatures_are_refused() {
    random_signatures_are_refused(10_000).await;
}

async fn random_signatures_are_refused(many: usize) {
    let bridge = Bridge::start().await;
    let connector = bridge.sms();
    let good = bridge.call(WebhookRoute::Messages, &bridge.fields(&[]));
    let ingress = MemoryIngress::default();
    for _ in 0..many {
        let mut forged = good.clone();
        let signature = STANDARD.encode(rand::random::<[u8; 20]>());
        forged.headers.insert("x-twilio-signature", signature.parse().unwrap());
        assert_eq!(connector.receive(forged, &ingress).await.status.as_u16(), 401);
    }
    assert_eq!(ingress.stored(), []);
}

#[tokio::test]
async fn a_signature_of_another_account_address_or_route_is_refused() {
    let bridge = Bridge::start().await;
    let other = Bridge::start_with(|config| config.auth_token = "another".to_owned()).await;
    let fields = bridge.fields(&[]);
    let good = bridge.call(WebhookRoute::Messages, &fields);
    let own = bridge.url.join("/webhooks/shop").unwrap();
    let mut foreign = good.clone();
    foreign.headers = other.fake.signed_form(own.as_str(), &fields).0;
    assert!(is_refused(&bridge, foreign).await);
    for elsewhere in ["/webhooks/other", "/webhooks/shop/status", "/webhooks/shop?a=b"] {
        let mut swapped = good.clone();
        let url = bridge.url.join(elsewhere).unwrap();
        swapped.headers = bridge.fake.signed_form(url.as_str(), &fields).0;
        assert!(is_refused(&bridge, swapped).await, "{elsewhere}");
    }
}

#[tokio::test]
async fn a_field_that_was_added_changed_or_removed_is_refused() {
    let bridge = Bridge::start().await;
    let good = bridge.call(WebhookRoute::Messages, &bridge.fields(&[]));
    let body = String::from_utf8(good.body.to_vec()).unwrap();
    for changed in [
        format!("{body}&Body=again"),
        format!("{body}&Extra="),
        body.replace("hello", "hellp"),
        body.replace("&NumMedia=0", ""),
        String::new(),
    ] {
        let forged = WebhookRequest { body: changed.clone().into(), ..good.clone() };
        // An added field with no value adds its name to what is signed.
        assert!(is_refused(&bridge, forged).await, "{changed}");
    }
}

#[tokio::test]
async fn a_truncated_or_foreign_signature_scheme_is_refused() {
    let bridge = Bridge::start().await;
    let good = bridge.call(WebhookRoute::Messages, &bridge.fields(&[]));
    let signature = good.headers["x-twilio-signature"].to_str().unwrap().to_owned();
    for changed in ["", "AAAA", &signature[..20], &signature.to_lowercase(), &format!("{signature}AAAA")] {
        let mut forged = good.clone();
        forged.headers.insert("x-twilio-signature", changed.parse().unwrap());
        assert!(is_refused(&bridge, forged).await, "{changed}");
    }
    for scheme in ["algorithm=HMAC_MD5", "algorithm=none", "key=x,algorithm=HMAC_SHA256"] {
        let mut forged = good.clone();
        forged.headers.insert("x-twilio-webhooks-signature-settings", scheme.parse().unwrap());
        assert!(is_refused(&bridge, forged).await, "{scheme}");
    }
}

/// The same with the check broken on purpose, in a process of its own: it must fail, and say why.
#[cfg(feature = "sabotage")]
mod controls {
    #[tokio::test]
    #[ignore = "its control runs it, with the check broken"]
    async fn forged_calls_with_the_check_broken() {
        let _armed = fail::FailScenario::setup();
        super::random_signatures_are_refused(10).await;
    }

    #[test]
    fn a_check_that_is_left_out_is_noticed() {
        let run = |points: &str| {
            std::process::Command::new(std::env::current_exe().unwrap())
                .args([
                    "forging::controls::forged_calls_with_the_check_broken",
                    "--exact",
                    "--ignored",
                    "--nocapture",
                ])
                .env("FAILPOINTS", points)
                .output()
                .unwrap()
        };
        let broken = run("sabotage.webhook_signature=return");
        assert!(!broken.status.success(), "nobody noticed");
        let said = String::from_utf8_lossy(&[broken.stdout, broken.stderr].concat()).into_owned();
        assert!(said.contains("left: 200") && said.contains("right: 401"), "{said}");
        assert!(run("").status.success(), "and with the check in place it passes");
    }
}
