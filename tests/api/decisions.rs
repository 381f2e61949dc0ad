//! Many conversations decided about at one stroke: what each is told, what is refused, and what the live
//! stream and the views show of it.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    bridge::{ADVICE, Answer, Bridge, Caller, ORDERS},
    on_both_engines,
    testing::Fresh,
};

async fn decide(caller: &Caller, act: &str, about: &[&Value], more: &[(&str, Value)]) -> Answer {
    let about: Vec<Value> =
        about.iter().map(|row| json!({"id": row["id"], "seen_position": row["position"]})).collect();
    let mut body = json!({"act": act, "conversations": about});
    for (name, value) in more {
        body[*name] = value.clone();
    }
    caller.post("/api/v1/decisions", body).await
}

fn verdicts(answer: &Answer) -> Vec<String> {
    let results = answer.json()["results"].as_array().unwrap_or_else(|| panic!("{}", answer.json())).clone();
    results.iter().map(|result| result["verdict"].as_str().unwrap().to_owned()).collect()
}

async fn view(caller: &Caller, view: &str) -> (Vec<Value>, Value) {
    let page = caller.get(&format!("/api/v1/conversations?view={view}")).await.json();
    (page["items"].as_array().unwrap().clone(), page["counts"].clone())
}

async fn take_back(caller: &Caller, decided: &Answer) -> Answer {
    let id = decided.json()["undo"]["id"].as_str().unwrap().to_owned();
    caller.post(&format!("/api/v1/decisions/{id}/undo"), Value::Null).await
}

on_both_engines! {
    async fn what_is_foreign_looks_like_what_is_missing_and_holds_up_nothing(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let own = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let foreign = bridge.receive("+4917010000002", ORDERS, "Hello").await;
        let missing = json!({"id": format!("cnv_{:032}", 0), "position": 1});
        let spam = [("reason", json!("spam")), ("close", json!(true))];
        let decided = decide(&bridge.mara, "waive", &[&foreign, &own, &missing], &spam).await;
        assert_eq!(verdicts(&decided), ["not_found", "done", "not_found"]);
        let results = decided.json()["results"].clone();
        let ids: Vec<&Value> = results.as_array().unwrap().iter().map(|result| &result["id"]).collect();
        assert_eq!(ids, [&foreign["id"], &own["id"], &missing["id"]], "in the order of the request");
        assert_eq!((&results[0]["conversation"], &results[1]["conversation"]["state"]), (&Value::Null, &json!("closed")));
        assert_eq!(view(&bridge.jonas, "all").await.0[0]["due_at"], foreign["due_at"]);
        // Nobody but its author finds it.
        for caller in [&bridge.ada, &bridge.jonas] {
            let refused = take_back(caller, &decided).await;
            assert_eq!((refused.status, refused.code().as_str()), (StatusCode::NOT_FOUND, "not_found"));
        }
        let undone = take_back(&bridge.mara, &decided).await;
        assert_eq!(verdicts(&undone), ["done"]);
        assert_eq!(undone.json()["results"][0]["conversation"]["due_at"], own["due_at"]);
    }

    async fn what_is_suspected_moves_between_its_view_and_the_others_with_its_count(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let row = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        for (act, listed, other) in [("suspect", "suspected", "all"), ("release", "all", "suspected")] {
            let decided = decide(&bridge.mara, act, &[&row], &[]).await;
            assert_eq!(verdicts(&decided), ["done"], "{act}");
            let (items, counts) = view(&bridge.mara, listed).await;
            assert_eq!((&items[0]["id"], items[0]["suspected"].as_bool()), (&row["id"], Some(act == "suspect")));
            assert_eq!((&counts[listed], &counts[other]), (&json!(1), &json!(0)));
            assert_eq!(view(&bridge.mara, other).await.0, Vec::<Value>::new());
            let again = decide(&bridge.mara, act, &[&row], &[]).await;
            assert_eq!((verdicts(&again), &again.json()["undo"]), (vec!["unchanged".to_owned()], &Value::Null));
        }
        let path = format!("/api/v1/conversations/{}", row["id"].as_str().unwrap());
        let shown = bridge.mara.get(&path).await.json()["messages"]["items"].clone();
        let told: Vec<&Value> = shown.as_array().unwrap().iter().map(|message| &message["activity"]["type"]).collect();
        assert_eq!(told, [&Value::Null, &json!("suspected"), &json!("not_suspected")]);
        assert_eq!(shown[1]["activity"]["by"]["name"], "Mara");
    }

    async fn what_a_machine_wrote_can_be_set_aside_and_can_need_an_answer(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        for from in ["+4917010000001", "+4917010000002"] {
            let (_, outcome) = bridge.provider.receive_sms(from, ADVICE, "STOP", Vec::new()).await;
            assert!(outcome.is_success());
        }
        let (rows, _) = view(&bridge.mara, "automatic").await;
        let [first, second] = [&rows[0], &rows[1]];
        let closed = decide(&bridge.mara, "close", &[first, second], &[]).await;
        assert_eq!(verdicts(&closed), ["done", "done"]);
        assert_eq!(verdicts(&take_back(&bridge.mara, &closed).await), ["done", "done"]);
        assert_eq!(view(&bridge.mara, "automatic").await.0.len(), 2);
        let owed = decide(&bridge.mara, "owe", &[first], &[]).await;
        assert_eq!(verdicts(&owed), ["done"]);
        let now = &owed.json()["results"][0]["conversation"];
        assert_eq!((&now["state"], now["due_at"].is_number()), (&json!("open"), true));
        let refused = decide(&bridge.mara, "close", &[now], &[]).await;
        assert_eq!(verdicts(&refused), ["reply_owed"]);
    }

    async fn a_waiver_of_one_can_be_taken_back_too(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let row = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let path = format!("/api/v1/conversations/{}/waive", row["id"].as_str().unwrap());
        let body = json!({"reason": "thanks", "seen_position": row["position"], "close": true});
        let waived = bridge.mara.post(&path, body).await;
        assert_eq!(waived.json()["conversation"]["state"], "closed");
        let until = waived.json()["undo"]["until"].as_i64().unwrap();
        assert_eq!(until - rapport_model::Clock::now(&*bridge.clock).millis(), 600_000);
        let undone = take_back(&bridge.mara, &waived).await;
        assert_eq!(undone.json()["results"][0]["conversation"]["due_at"], row["due_at"]);
        bridge.clock.advance(std::time::Duration::from_secs(601));
        let late = decide(&bridge.mara, "suspect", &[&undone.json()["results"][0]["conversation"]], &[]).await;
        bridge.clock.advance(std::time::Duration::from_secs(601));
        let refused = take_back(&bridge.mara, &late).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::CONFLICT, "too_late"));
    }

    async fn a_decision_that_does_not_say_what_and_about_what_is_refused_whole(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let row = bridge.receive("+4917010000001", ADVICE, "Hello").await;
        let one = json!({"id": row["id"], "seen_position": 1});
        let about = |items: Vec<Value>| json!({"act": "suspect", "conversations": items});
        let many = |number: usize| {
            about((0..number).map(|at| json!({"id": format!("cnv_{at:032}"), "seen_position": 1})).collect())
        };
        let with = |act: &str, name: &str, value: Value| {
            let mut body = json!({"act": act, "conversations": [one]});
            body[name] = value;
            body
        };
        for (body, field) in [
            (json!({"act": "suspect"}), "body"),
            (json!({"act": "delete", "conversations": [one]}), "act"),
            (about(vec![]), "conversations"),
            (many(201), "conversations"),
            (about(vec![one.clone(), one.clone()]), "conversations"),
            (about(vec![json!([row["id"], 1])]), "conversations[0]"),
            (about(vec![json!({"id": "msg_1", "seen_position": 1})]), "conversations"),
            (about(vec![json!({"id": row["id"]})]), "conversations"),
            (about(vec![json!({"id": row["id"], "seen_position": 1, "force": true})]), "conversations"),
            (about(vec![json!({"id": row["id"], "seen_position": -1})]), "seen_position"),
            (about(vec![json!({"id": row["id"], "seen_position": 99})]), "seen_position"),
            (about(vec![json!({"id": "\0", "seen_position": 1})]), "conversations"),
            (json!({"act": "waive", "conversations": [one]}), "reason"),
            (with("waive", "reason", json!("boring")), "reason"),
            (with("waive", "reason", json!("other")), "detail"),
            (with("close", "reason", json!("spam")), "reason"),
            (with("owe", "detail", json!("because")), "detail"),
            (with("release", "close", json!(true)), "close"),
        ] {
            let answer = bridge.mara.post("/api/v1/decisions", body.clone()).await;
            let said = (answer.status, answer.json()["errors"][0]["field"].clone());
            assert_eq!(said, (StatusCode::UNPROCESSABLE_ENTITY, json!(field)), "{body} {}", answer.json());
        }
        assert_eq!(view(&bridge.mara, "all").await.0[0]["position"], row["position"], "nothing was changed");
        let most = bridge.mara.post("/api/v1/decisions", many(200)).await;
        assert!(verdicts(&most).iter().all(|verdict| verdict == "not_found"));
    }
}
