//! The bot's switch where the configuration holds it off: it can be read, and not be switched on.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{bridge::Bridge, on_both_engines, testing::Fresh};

on_both_engines! {
    async fn what_the_configuration_holds_off_shows_its_key_and_can_t_be_switched_on(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let held = json!({"enabled": false, "held_off_by": "bot.enabled"});
        assert_eq!(bridge.mara.get("/api/v1/bot").await.json(), held);
        assert_eq!(bridge.mara.get("/api/v1/inboxes").await.json()["items"][0]["bot"], held);
        let put = async |path: &str, enabled: bool| {
            let request = bridge.ada.request(Method::PUT, &format!("/api/v1{path}"));
            bridge.ada.send(request.json(&json!({"enabled": enabled}))).await
        };
        for path in ["/bot", "/inboxes/advice/bot"] {
            let refused = put(path, true).await;
            assert_eq!((refused.status, refused.code().as_str()), (StatusCode::CONFLICT, "held_off"));
            assert_eq!(refused.json()["key"], "bot.enabled");
            assert!(refused.json()["detail"].as_str().unwrap().contains("bot.enabled"), "{}", refused.json());
            let off = put(path, false).await;
            assert_eq!((off.status, off.json()), (StatusCode::OK, held.clone()));
        }
        assert_eq!(put("/inboxes/nowhere/bot", false).await.status, StatusCode::NOT_FOUND);
    }
}
