//! What another site's page can't do, and what a browser is told so that it helps.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{
    bridge::{ADVICE, Bridge},
    on_both_engines,
    testing::Fresh,
};

on_both_engines! {
    async fn another_sites_page_changes_nothing_and_hears_nothing(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let conversation = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let path = format!("/api/v1/conversations/{}/assign", conversation["id"].as_str().unwrap());
        let body = json!({"associate": null, "team": "orders"});
        let mara = &bridge.mara;
        let tries = [
            ("without the header", mara.bare(Method::POST, &path)),
            ("a foreign origin", mara.request(Method::POST, &path).header("origin", "https://evil.example")),
            ("no origin at all", mara.request(Method::POST, &path).header("origin", "null")),
            ("another port", mara.request(Method::POST, &path).header("origin", "http://127.0.0.1:1")),
            ("cross-site", mara.request(Method::POST, &path).header("sec-fetch-site", "cross-site")),
        ];
        for (name, request) in tries {
            let answer = mara.send(request.json(&body)).await;
            assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "csrf"), "{name}");
            assert!(answer.headers.get("access-control-allow-origin").is_none(), "{name}");
        }
        // A form needs no leave to be sent.
        let form = mara.bare(Method::POST, &path).header("content-type", "text/plain").body(body.to_string());
        assert_eq!(mara.send(form).await.status, StatusCode::FORBIDDEN);
        let events = mara.request(Method::GET, "/api/v1/events").header("origin", "https://evil.example");
        assert_eq!(mara.send(events).await.status, StatusCode::FORBIDDEN);
        let now = bridge.ada.get(&path.replace("/assign", "")).await.json();
        assert_eq!(now["conversation"]["team"], conversation["team"]);
        let own = bridge.server.public_url().origin().ascii_serialization();
        let ours = mara.request(Method::POST, &path).header("origin", own).header("sec-fetch-site", "same-origin");
        assert_eq!(mara.send(ours.json(&body)).await.status, StatusCode::OK);
    }

    async fn every_answer_keeps_the_browser_careful(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        for path in ["/", "/api/v1/me", "/api/v1/nowhere", "/healthz", "/readyz", "/api/openapi.json"] {
            let answer = bridge.mara.get(path).await;
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
            assert!(!policy.contains("unsafe"), "{path}");
            assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
            assert!(answer.headers.contains_key("x-request-id"), "{path}");
        }
        for path in ["/api/v1/me", "/api/v1/nowhere", "/api/v1/conversations/%FF", "/webhooks/nowhere", "/healthz"] {
            assert_eq!(bridge.mara.get(path).await.headers["cache-control"], "no-store", "{path}");
        }
        let refused = bridge.mara.send(bridge.mara.bare(Method::POST, "/api/v1/me/password")).await;
        assert_eq!((refused.status, &refused.headers["cache-control"]), (StatusCode::FORBIDDEN, &"no-store".parse().unwrap()));
    }

    async fn over_plain_http_under_a_foreign_name_nobody_signs_in(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let browser = bridge.stranger();
        for host in ["shop.example", "192.168.1.5:8080", "localhost.evil.example"] {
            let page = browser.send(browser.request(Method::GET, "/").header("host", host)).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN);
            assert!(String::from_utf8_lossy(&page.body).contains("TLS"), "{host}");
            let api = browser.request(Method::POST, "/api/v1/session").header("host", host);
            let api = browser.send(api.json(&json!({"email": "mara@shop.example", "password": "x"}))).await;
            assert_eq!((api.status, api.code().as_str()), (StatusCode::FORBIDDEN, "tls_required"), "{host}");
            let health = browser.send(browser.request(Method::GET, "/healthz").header("host", host)).await;
            assert_eq!(health.status, StatusCode::OK, "{host}");
        }
    }
}
