//! Files up and down: whose they are, how they are served, how large they may be.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    bridge::{ADVICE, Bridge},
    on_both_engines,
    testing::Fresh,
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

on_both_engines! {
    async fn a_file_is_a_download_that_runs_nothing_and_a_picture_may_be_shown(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let html = bridge.mara.upload("../../pay\u{202e}lmth.html", "image/png", b"<script>alert(1)</script>").await;
        assert_eq!(html.status, StatusCode::CREATED, "{}", html.json());
        let picture = bridge.mara.upload("Möbel \"neu\".png", "text/html", PNG).await;
        assert_eq!(picture.json()["content_type"], "image/png");
        for (file, inline) in [(&html, false), (&picture, true)] {
            let path = format!("/api/v1/attachments/{}", file.json()["id"].as_str().unwrap());
            for (path, shown) in [(path.clone(), false), (format!("{path}?inline=1"), inline)] {
                let got = bridge.mara.get(&path).await;
                let disposition = got.headers["content-disposition"].to_str().unwrap();
                assert_eq!(disposition.starts_with("inline"), shown, "{disposition}");
                assert!(!disposition.contains("..") && disposition.is_ascii(), "{disposition}");
                assert_eq!(got.headers["content-security-policy"], "sandbox; default-src 'none'");
                assert_eq!(got.headers["x-content-type-options"], "nosniff");
                assert_eq!(got.headers["cache-control"], "no-store");
                assert_eq!(got.headers["cross-origin-resource-policy"], "same-site");
                assert!(!shown || got.headers["content-type"] == "image/png");
            }
            // Not sent yet: its uploader's alone, an admin's neither.
            assert_eq!(bridge.jonas.get(&path).await.status, StatusCode::NOT_FOUND);
            assert_eq!(bridge.ada.get(&path).await.status, StatusCode::NOT_FOUND);
        }
    }

    async fn somebody_elses_file_is_not_even_judged(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let conversation = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        // No channel carries it: whoever may send it is told so, by its name.
        let file = bridge.jonas.upload("salaries.zip", "application/zip", b"PK\x03\x04").await.json();
        let path = format!("/api/v1/conversations/{}/replies", conversation["id"].as_str().unwrap());
        let reply = |attachments: Value| {
            let request = bridge.mara.request(Method::POST, &path).header("idempotency-key", "one");
            bridge.mara.send(request.json(&json!({"text": "Hi", "attachments": attachments, "seen_position": 1})))
        };
        let foreign = reply(json!([file["id"]])).await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND);
        assert!(!String::from_utf8_lossy(&foreign.body).contains("salaries"));
        let many = reply(json!(vec![file["id"].clone(); 51])).await;
        assert_eq!(many.json()["errors"][0]["field"], "attachments");
    }

    async fn a_file_above_the_limit_is_refused_with_the_limit(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        for length in [(1 << 20) + 1, 4 << 20] {
            let refused = bridge.mara.upload("a.bin", "application/zip", &vec![7; length]).await;
            assert_eq!((refused.status, refused.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "attachment_too_large"));
            assert_eq!(refused.json()["limit"], 1 << 20);
        }
        assert_eq!(bridge.mara.upload("a.bin", "application/zip", &vec![7; 1 << 20]).await.status, StatusCode::CREATED);
        assert_eq!(bridge.mara.upload("a.bin", "application/zip", b"").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
