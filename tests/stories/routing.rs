//! Who answers: the associate whom a customer knows, on whichever channel they come back; who stands in while
//! that one is away; and what nobody answers, or was left behind.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rapport::{
    config::{self, Source},
    server::Server,
    store::Role,
};
use rapport_fakes::{FakeTelegram, FakeTelegramConfig, FakeTwilio, FakeTwilioConfig, telegram::Phone};
use rapport_model::Clock as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{PgPool, SqlitePool};
use url::Url;

use crate::{
    desk::{Desk, messages_of, until},
    on_both_engines,
    testing::{Fresh, ManualClock},
};

const ANNA: &str = "+4917010000001";
const OURS: &str = "+4915550000001";
const DAY: Duration = Duration::from_hours(24);

/// A shop with SMS and Telegram, an admin, and two associates of the team "advice".
struct Shop {
    server: Server,
    clock: Arc<ManualClock>,
    sms: FakeTwilio,
    telegram: FakeTelegram,
    ada: Desk,
    noor: (Desk, String),
    jonas: (Desk, String),
    fresh: Fresh,
}

impl Shop {
    async fn open(fresh: Fresh) -> Self {
        let clock = Arc::new(ManualClock::default());
        let sms = FakeTwilio::start(FakeTwilioConfig::new(clock.clone())).await.unwrap();
        let telegram = FakeTelegram::start(FakeTelegramConfig::new(clock.clone())).await.unwrap();
        let inbox = "brand = \"shop\"\nzone = \"Europe/Berlin\"\nteams = [\"advice\"]\nbot.enabled = false\n";
        let text = format!(
            "data_dir = \"{}\"\n[server]\nlisten = \"127.0.0.1:0\"\n[queue]\nundo_seconds = 0\n[team.advice]\nname = \"Advice\"\n\
             [inbox.sms]\naddresses = [\"{OURS}\"]\n{inbox}[inbox.sms.sms]\naccount_sid = \"{}\"\napi_base = \"{}\"\n\
             [inbox.tg]\naddresses = [\"@shop_bot\"]\n{inbox}[inbox.tg.telegram]\napi_base = \"{}\"\n",
            fresh.folder.display(),
            sms.account_sid(),
            sms.api_base(),
            telegram.api_base(),
        );
        let env = BTreeMap::from([
            ("RAPPORT__STORE__URL".to_owned(), fresh.url.clone()),
            ("RAPPORT__INBOX__SMS__SMS__AUTH_TOKEN".to_owned(), sms.auth_token().to_owned()),
            ("RAPPORT__INBOX__TG__TELEGRAM__TOKEN".to_owned(), telegram.token().to_owned()),
        ]);
        let loaded = config::load(&Source { file: Some(("story.toml".to_owned(), text)), env });
        let server = Server::start(loaded.into_config().unwrap(), clock.clone()).await.unwrap();
        sms.set_webhook(Url::parse(&format!("http://{}/webhooks/sms", server.address())).unwrap());
        let mut people = Vec::new();
        for (name, role, teams) in [
            ("Ada", Role::Admin, &[][..]),
            ("Noor", Role::Associate, &["advice"][..]),
            ("Jonas", Role::Associate, &["advice"][..]),
        ] {
            let mut desk = Desk::new();
            desk.turn_to(&server);
            let id = desk.sign_in_as(&server, name, role, teams).await;
            people.push((desk, id));
        }
        let jonas = people.pop().unwrap();
        let noor = people.pop().unwrap();
        let ada = people.pop().unwrap().0;
        Self { server, clock, sms, telegram, ada, noor, jonas, fresh }
    }

    /// Lets time pass; after half a day everybody signs in anew.
    async fn pass(&mut self, time: Duration) {
        self.clock.advance(time);
        self.server.engine().store().nudge();
        if time >= DAY / 2 {
            for desk in [&mut self.ada, &mut self.noor.0, &mut self.jonas.0] {
                desk.sign_in_again().await;
            }
        }
    }

    async fn text(&self, from: &str, text: &str) {
        let (_, outcome) = self.sms.receive_sms(from, OURS, text, Vec::new()).await;
        assert!(outcome.is_success(), "{outcome:?}");
    }

    /// Waits until a conversation shows this last and has been routed, and gives its row.
    async fn routed(&self, text: &str) -> Value {
        let mut found = Value::Null;
        until(&format!("\"{text}\" is routed"), async || {
            let rows = self.ada.view("all").await;
            let Some(row) = rows.into_iter().find(|row| row["snippet"] == text) else { return false };
            let why = self.why(&row).await;
            let turns = why["decisions"].as_array().unwrap();
            let received = self.ada.open(&row).await;
            let mut inbound = messages_of(&received, "inbound");
            inbound.retain(|message| message["conversation_id"] == row["id"]);
            let at = inbound.last().unwrap()["at"].as_i64();
            found = row;
            turns.first().is_some_and(|last| last["at"].as_i64() >= at)
        })
        .await;
        let rows = self.ada.view("all").await;
        rows.into_iter().find(|row| row["id"] == found["id"]).unwrap()
    }

    /// What happened in a conversation, the earliest first.
    async fn activities(&self, row: &Value) -> Vec<Value> {
        let all = messages_of(&self.ada.open(row).await, "activity");
        let here = all.into_iter().filter(|message| message["conversation_id"] == row["id"]);
        here.map(|message| message["activity"].clone()).collect()
    }

    async fn why(&self, row: &Value) -> Value {
        self.ada.get(&format!("/api/v1/conversations/{}/routing", row["id"].as_str().unwrap())).await
    }

    /// Noor answers so often and closes.
    async fn noor_helps(&self, text: &str) {
        let row = self.routed(text).await;
        self.noor.0.reply_to(&row, "Of course.").await;
        let row = self.ada.view("all").await.into_iter().find(|other| other["id"] == row["id"]).unwrap();
        self.noor.0.reply_to(&row, "It is on its way.").await;
        let path = format!("/api/v1/conversations/{}/close", row["id"].as_str().unwrap());
        assert_eq!(self.noor.0.post(&path, Value::Null).await.0, StatusCode::OK);
    }

    /// Joins the handle of one conversation's contact to another contact, as a merge will.
    async fn join(&self, from: &Value, to: &Value) {
        let id = |row: &Value| row["contact"]["id"].as_str().unwrap().to_owned();
        let sql = "UPDATE handle_periods SET contact_id = $1 WHERE contact_id = $2";
        if self.fresh.url.starts_with("sqlite:") {
            let pool = SqlitePool::connect(&self.fresh.url).await.unwrap();
            sqlx::query(sql).bind(id(to)).bind(id(from)).execute(&pool).await.unwrap();
        } else {
            let pool = PgPool::connect(&self.fresh.url).await.unwrap();
            sqlx::query(sql).bind(id(to)).bind(id(from)).execute(&pool).await.unwrap();
        }
    }

    async fn be_away(&self, who: &Desk, days: i64, stand_in: Option<&str>) {
        let now = self.clock.now().millis();
        let until = now + days * 86_400_000;
        let body = json!({"from": now, "until": until, "stand_in": stand_in, "reason": "Holiday"});
        let (status, answer) = who.post("/api/v1/me/absences", body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
    }

    async fn close(self) {
        assert_eq!(self.telegram.violations(), Vec::<String>::new());
        self.server.stop().await;
    }
}

fn step<'a>(decided: &'a Value, kind: &str) -> Option<&'a Value> {
    decided["why"].as_array().unwrap().iter().find(|step| step["type"] == kind)
}

/// Says something in the chat.
fn say(customer: &Phone, text: &str) {
    customer.write(text);
}

on_both_engines! {
    async fn a_customer_who_comes_back_by_another_channel_reaches_the_associate_whom_they_know(fresh: Fresh) {
        let mut shop = Shop::open(fresh).await;
        shop.text(ANNA, "Where is my lamp?").await;
        let first = shop.routed("Where is my lamp?").await;
        assert!(first["assignee"].is_null() && first["team"] == "advice", "nobody is known yet: {first}");
        shop.noor_helps("Where is my lamp?").await;
        let anna = shop.telegram.customer("Anna");
        say(&anna, "It is Anna");
        let chat = shop.routed("It is Anna").await;
        assert!(chat["assignee"].is_null(), "as far as we know somebody else");
        let path = format!("/api/v1/conversations/{}/waive", chat["id"].as_str().unwrap());
        let body = json!({"reason": "thanks", "seen_position": chat["position"], "close": true});
        assert_eq!(shop.jonas.0.post(&path, body).await.0, StatusCode::OK);
        shop.join(&chat, &first).await;
        shop.pass(20 * DAY).await;

        say(&anna, "The lamp is broken");
        let back = shop.routed("The lamp is broken").await;
        assert_eq!(back["assignee"]["id"], shop.noor.1.as_str(), "{back}");
        let why = shop.why(&back).await;
        assert_eq!(why["known"]["name"], "Noor");
        assert_eq!(why["known"]["conversations"], 1);
        let knows = step(&why["decisions"][0], "knows").unwrap();
        assert_eq!((knows["associate"]["name"].as_str(), knows["chosen"].as_bool()), (Some("Noor"), Some(false)));
        let routed = shop.activities(&back).await.pop().unwrap();
        assert_eq!(routed["type"], "routed");

        // Jonas takes it over for this turn: a person's word stands, and the next turn stays while he is there.
        let path = format!("/api/v1/conversations/{}/assign", back["id"].as_str().unwrap());
        let body = json!({"associate": shop.jonas.1, "team": "advice"});
        assert_eq!(shop.noor.0.post(&path, body).await.0, StatusCode::OK);
        say(&anna, "And the bulb too");
        until("the second message is there", async || {
            shop.ada.view("all").await.iter().any(|row| row["snippet"] == "And the bulb too")
        })
        .await;
        let still = shop.ada.view("all").await.into_iter().find(|row| row["id"] == back["id"]).unwrap();
        assert_eq!(still["assignee"]["id"], shop.jonas.1.as_str());
        shop.close().await;
    }

    async fn whoever_scans_an_associates_code_has_that_associate_from_the_first_message(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let made = shop.noor.0.request(Method::PUT, "/api/v1/me/ways-in").send().await.unwrap();
        let ways: Value = made.json().await.unwrap();
        let url = |inbox: &str| {
            let way = ways["ways"].as_array().unwrap().iter().find(|way| way["inbox"] == inbox).unwrap();
            assert!(way["code"]["squares"].as_i64().unwrap() >= 21, "{way}");
            way["url"].as_str().unwrap().to_owned()
        };
        let word = ways["word"].as_str().unwrap();
        // What Telegram sends for the deep link once its button is pressed, and the text that a phone prepares.
        let payload = url("tg").strip_prefix("https://t.me/shop_bot?start=").unwrap().to_owned();
        say(&shop.telegram.customer("Anna"), &format!("/start {payload}"));
        let text = url("sms").strip_prefix(&format!("sms:{OURS}?body=")).unwrap().to_owned();
        shop.text("+4917010000009", &text.to_lowercase()).await;

        for first in [format!("/start {word}"), word.to_lowercase()] {
            let row = shop.routed(&first).await;
            assert_eq!(row["assignee"]["id"], shop.noor.1.as_str(), "{row}");
            let why = shop.why(&row).await;
            let knows = step(&why["decisions"][0], "knows").unwrap();
            assert_eq!((knows["associate"]["name"].as_str(), knows["chosen"].as_bool()), (Some("Noor"), Some(true)));
            assert_eq!(shop.activities(&row).await[0]["type"], "came_by");
        }
        shop.text("+4917010000008", "No word").await;
        assert!(shop.routed("No word").await["assignee"].is_null());
        shop.close().await;
    }

    async fn while_the_known_associate_is_away_a_stand_in_sees_why_and_hands_back_after(fresh: Fresh) {
        let mut shop = Shop::open(fresh).await;
        shop.text(ANNA, "Where is my lamp?").await;
        shop.noor_helps("Where is my lamp?").await;
        shop.pass(20 * DAY).await;
        shop.be_away(&shop.noor.0, 5, Some(&shop.jonas.1)).await;

        shop.text(ANNA, "It does not glow").await;
        let row = shop.routed("It does not glow").await;
        assert_eq!(row["assignee"]["id"], shop.jonas.1.as_str(), "{row}");
        let path = format!("/api/v1/conversations/{}/routing", row["id"].as_str().unwrap());
        let seen = shop.jonas.0.get(&path).await;
        assert_eq!(seen["stands_in"]["away"]["name"], "Noor", "{seen}");
        assert_eq!(seen["stands_in"]["until"], shop.clock.now().millis() + 5 * 86_400_000);
        let away = step(&seen["decisions"][0], "away").unwrap();
        assert_eq!(away["absent"], true);
        shop.jonas.0.reply_to(&row, "Noor is away; let me look.").await;

        shop.pass(6 * DAY).await;
        until("Noor has it again", async || {
            let rows = shop.ada.view("all").await;
            rows.iter().any(|one| one["id"] == row["id"] && one["assignee"]["id"] == shop.noor.1.as_str())
        })
        .await;
        assert!(shop.noor.0.get(&path).await["stands_in"].is_null());
        let back = shop.activities(&row).await.pop().unwrap();
        assert_eq!((back["type"].as_str(), back["from"]["name"].as_str()), (Some("handed_back"), Some("Jonas")));
        shop.close().await;
    }

    async fn outside_of_their_hours_nobody_gets_it_and_soon_before_them_who_is_known_does(fresh: Fresh) {
        let mut shop = Shop::open(fresh).await;
        shop.text(ANNA, "Where is my lamp?").await;
        shop.noor_helps("Where is my lamp?").await;
        shop.pass(20 * DAY).await;
        // The hours begin in thirty minutes, and in three hours.
        for (minutes, gets_it) in [(30, true), (180, false)] {
            let opens = shop.clock.now().plus(Duration::from_mins(minutes));
            let hours = daily_from(opens);
            let answer = shop.noor.0.request(Method::PUT, "/api/v1/me/hours").json(&json!({"hours": hours}));
            assert_eq!(answer.send().await.unwrap().status(), StatusCode::OK);
            let text = format!("{minutes} minutes before");
            shop.text(ANNA, &text).await;
            let row = shop.routed(&text).await;
            let why = shop.why(&row).await;
            let last = &why["decisions"][0];
            if gets_it {
                assert_eq!(row["assignee"]["id"], shop.noor.1.as_str(), "{why}");
                let told = last["back_at"].as_i64().unwrap() - opens.millis();
                assert!((-60_000..=60_000).contains(&told), "{told}");
            } else {
                assert!(row["assignee"].is_null() && row["team"] == "advice", "{why}");
                assert_eq!(step(last, "away").unwrap()["absent"], false);
            }
            let path = format!("/api/v1/conversations/{}/waive", row["id"].as_str().unwrap());
            let body = json!({"reason": "thanks", "seen_position": row["position"], "close": true});
            assert_eq!(shop.ada.post(&path, body).await.0, StatusCode::OK);
            shop.pass(DAY).await;
        }
        shop.close().await;
    }

    async fn who_leaves_hands_all_over_and_what_nobody_answers_comes_back_raised(fresh: Fresh) {
        let mut shop = Shop::open(fresh).await;
        shop.text(ANNA, "Where is my lamp?").await;
        shop.noor_helps("Where is my lamp?").await;
        shop.pass(20 * DAY).await;
        shop.text(ANNA, "Are you there?").await;
        let row = shop.routed("Are you there?").await;
        assert_eq!(row["assignee"]["id"], shop.noor.1.as_str());

        let path = format!("/api/v1/associates/{}/disable", shop.noor.1);
        assert_eq!(shop.ada.post(&path, Value::Null).await.0, StatusCode::OK);
        until("it is asked anew, and nobody is known", async || {
            let why = shop.why(&row).await;
            why["known"].is_null() && step(&why["decisions"][0], "team_queue").is_some()
        })
        .await;
        let left = shop.activities(&row).await;
        assert!(left.iter().any(|one| one["type"] == "left" && one["from"]["name"] == "Noor"), "{left:?}");
        let waiting = shop.jonas.0.view("unassigned").await;
        assert_eq!(waiting.len(), 1, "the team sees it");

        let path = format!("/api/v1/conversations/{}/assign", row["id"].as_str().unwrap());
        let body = json!({"associate": shop.jonas.1, "team": "advice"});
        assert_eq!(shop.jonas.0.post(&path, body).await.0, StatusCode::OK);
        shop.pass(Duration::from_mins(31)).await;
        until("it is raised in its queue", async || {
            let rows = shop.jonas.0.view("unassigned").await;
            rows.iter().any(|one| one["id"] == row["id"] && one["raised"] == true && one["team"] == "advice")
        })
        .await;
        let why = shop.why(&row).await;
        assert_eq!(step(&why["decisions"][0], "overdue").unwrap()["associate"]["name"], "Jonas");
        let waiting = shop.jonas.0.view("unassigned").await.remove(0);
        shop.jonas.0.reply_to(&waiting, "Yes, sorry.").await;
        let rows = shop.ada.view("all").await;
        assert!(rows.iter().all(|one| one["raised"] == false), "an answer ends it");
        shop.close().await;
    }
}

/// Hours that open every day at this minute, for four hours or up to midnight.
fn daily_from(opens: rapport_model::Timestamp) -> Value {
    let minute = (opens.millis() / 60_000) % 1440;
    let text = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let interval = format!("{}-{}", text(minute), text((minute + 240).min(1440)));
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let weekly: serde_json::Map<String, Value> =
        days.iter().map(|day| ((*day).to_owned(), json!([interval]))).collect();
    json!({"zone": "UTC", "weekly": weekly})
}
