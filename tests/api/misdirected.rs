//! One URL at two numbers: a mistake that is easily made at the provider.

use std::time::Duration;

use url::Url;

use crate::{
    bridge::{ADVICE, Bridge, ORDERS},
    on_both_engines,
    testing::Fresh,
};

on_both_engines! {
    async fn a_number_whose_webhook_names_the_wrong_inbox_is_told_and_nothing_is_stored_there(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let advice = format!("{}webhooks/advice", bridge.server.public_url());
        bridge.provider.set_webhook_for(ORDERS, Url::parse(&advice).unwrap());
        let (_, outcome) = bridge.provider.receive_sms("+4917010000001", ORDERS, "Hello", Vec::new()).await;
        assert_eq!(outcome.status, Some(421));
        let row = bridge.receive("+4917010000002", ADVICE, "Hello").await;
        assert_eq!(row["inbox"], "advice", "what is its own is taken");
        let page = bridge.ada.get("/api/v1/conversations?view=all").await.json();
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        let reason = async || {
            let inboxes = bridge.ada.get("/api/v1/inboxes").await.json();
            let inbox = inboxes["items"].as_array().unwrap().iter().find(|inbox| inbox["id"] == "advice").cloned();
            inbox.unwrap()["health"]["reason"].as_str().unwrap_or_default().to_owned()
        };
        let told = async {
            while !reason().await.contains("ends in 0002") {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), told).await.expect("the inbox says where to look");
    }
}
