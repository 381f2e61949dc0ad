//! Signing in, and the ends of it: guessing, telling accounts apart, sessions, links.

use std::time::Duration;

use rapport::store::{NewAssociate, Role};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    bridge::{Bridge, PASSWORD},
    on_both_engines,
    testing::Fresh,
};

const MARA: &str = "mara@shop.example";

on_both_engines! {
    async fn the_sixth_wrong_password_waits_and_the_owners_own_device_does_not(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let stranger = bridge.stranger();
        for _ in 0..5 {
            assert_eq!(stranger.sign_in(MARA, "wrong").await.status, StatusCode::UNAUTHORIZED);
        }
        // Even the right one, from a device that Mara never used.
        let answer = stranger.sign_in(MARA, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=900).contains(&wait), "{wait}");
        assert_eq!(bridge.mara.sign_in(MARA, PASSWORD).await.status, StatusCode::OK);
        bridge.clock.advance(Duration::from_mins(15));
        assert_eq!(stranger.sign_in(MARA, PASSWORD).await.status, StatusCode::OK);
    }

    async fn many_guesses_at_once_are_no_more_than_five(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let stranger = bridge.stranger();
        let guesses = (0..20).map(|_| stranger.sign_in(MARA, "wrong"));
        let answers = futures_util::future::join_all(guesses).await;
        let tried = answers.iter().filter(|answer| answer.status == StatusCode::UNAUTHORIZED).count();
        assert_eq!(tried, 5);
    }

    async fn an_unknown_account_is_told_what_a_known_one_is_told(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let (known, unknown) = (bridge.stranger(), bridge.stranger());
        for _ in 0..6 {
            let one = known.sign_in(MARA, "wrong").await;
            let other = unknown.sign_in("nobody@shop.example", "wrong").await;
            assert_eq!((one.status, one.problem()), (other.status, other.problem()));
            assert_eq!(one.headers.get("content-length"), other.headers.get("content-length"));
            assert!(one.headers.get("set-cookie").is_none() && other.headers.get("set-cookie").is_none());
        }
    }

    async fn signing_in_gives_a_new_session_whatever_the_browser_brought(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let old = bridge.mara.cookie("rapport_session").unwrap();
        let browser = bridge.stranger();
        let planted = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA";
        browser.set_cookie("rapport_session", planted);
        let answer = browser.sign_in(MARA, PASSWORD).await;
        let given = browser.cookie("rapport_session").unwrap();
        assert!(given != planted && given != old && given.len() >= 43, "{given}");
        let set: Vec<&str> =
            answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
        assert!(set.iter().all(|cookie| cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict")), "{set:?}");
        assert_eq!(answer.json()["email"], MARA);
    }

    async fn a_new_password_needs_the_old_one_and_ends_the_other_sessions(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let other = bridge.stranger();
        other.sign_in(MARA, PASSWORD).await;
        let change = |current: &str, new: &str| json!({"current": current, "new": new});
        let path = "/api/v1/me/password";
        assert_eq!(bridge.mara.post(path, change("wrong", "another password")).await.code(), "wrong_credentials");
        let short = bridge.mara.post(path, change(PASSWORD, "short")).await;
        assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(short.json()["errors"][0]["field"], "new");
        let own = bridge.mara.post(path, change(PASSWORD, "mara has a secret")).await;
        assert_eq!(own.json()["errors"][0]["field"], "new", "{}", own.json());
        let before = bridge.mara.cookie("rapport_session");
        assert_eq!(bridge.mara.post(path, change(PASSWORD, "another password")).await.status, StatusCode::NO_CONTENT);
        assert_ne!(bridge.mara.cookie("rapport_session"), before);
        assert_eq!(bridge.mara.get("/api/v1/me").await.status, StatusCode::OK);
        assert_eq!(other.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    }

    async fn signing_out_ends_the_session_on_the_server(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let kept = bridge.mara.cookie("rapport_session").unwrap();
        let out = bridge.mara.send(bridge.mara.request(Method::DELETE, "/api/v1/session")).await;
        assert_eq!(out.status, StatusCode::NO_CONTENT);
        assert_eq!(out.headers["clear-site-data"], "\"cache\"");
        bridge.mara.set_cookie("rapport_session", &kept);
        assert_eq!(bridge.mara.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    }

    async fn who_is_disabled_is_out_and_an_idle_session_ends(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let path = format!("/api/v1/associates/{}/disable", bridge.mara.id.as_ref().unwrap());
        assert_eq!(bridge.ada.post(&path, Value::Null).await.status, StatusCode::OK);
        assert_eq!(bridge.mara.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(bridge.stranger().sign_in(MARA, PASSWORD).await.code(), "wrong_credentials");
        let own = format!("/api/v1/associates/{}/disable", bridge.ada.id.as_ref().unwrap());
        assert_eq!(bridge.ada.post(&own, Value::Null).await.status, StatusCode::CONFLICT, "the last admin");
        bridge.clock.advance(Duration::from_hours(12));
        assert_eq!(bridge.jonas.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    }

    async fn an_invitation_works_once_and_within_three_days(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let nora = |email: &str| json!({"name": "Nora", "email": email, "role": "associate", "teams": ["advice"]});
        let invited = bridge.ada.post("/api/v1/associates", nora("nora@shop.example")).await;
        assert_eq!(invited.status, StatusCode::CREATED);
        assert_eq!(bridge.ada.post("/api/v1/associates", nora("NORA@shop.example")).await.code(), "taken");
        let link = invited.json()["link"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/invitations/{}", link.rsplit('/').next().unwrap());
        let browser = bridge.stranger();
        assert_eq!(browser.get(&path).await.json()["kind"], "invite");
        assert_eq!(browser.post(&path, json!({"password": "short"})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        for weak in ["password1234", "nora-nora-2026", "my nora@shop.example"] {
            let refused = browser.post(&path, json!({"password": weak, "name": "N. N."})).await;
            let field = refused.json()["errors"][0]["field"].clone();
            assert_eq!((refused.status, field), (StatusCode::UNPROCESSABLE_ENTITY, json!("password")), "{weak}");
        }
        let long = json!({"password": PASSWORD, "name": "x".repeat(101)});
        assert_eq!(browser.post(&path, long).await.json()["errors"][0]["field"], "name");
        let accepted = browser.post(&path, json!({"password": PASSWORD, "name": "Nora N."})).await;
        assert_eq!((accepted.status, accepted.json()["name"].clone()), (StatusCode::OK, json!("Nora N.")));
        assert_eq!(browser.post(&path, json!({"password": PASSWORD})).await.status, StatusCode::NOT_FOUND);
        let late = bridge.ada.post("/api/v1/associates", nora("late@shop.example")).await.json();
        let late = format!("/api/v1/invitations/{}", late["link"].as_str().unwrap().rsplit('/').next().unwrap());
        bridge.clock.advance(Duration::from_hours(72));
        let absent = browser.get("/api/v1/invitations/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
        for path in [&late, "/api/v1/invitations/%20", "/api/v1/invitations/null", "/api/v1/invitations/[]"] {
            let answer = browser.get(path).await;
            assert_eq!((answer.status, answer.problem()), (absent.status, absent.problem()), "{path}");
            assert_eq!(browser.post(path, json!({"password": PASSWORD})).await.status, StatusCode::NOT_FOUND);
        }
        assert_eq!(browser.get("/api/v1/invitations/").await.status, StatusCode::NOT_FOUND);
    }

    async fn what_is_wrong_with_a_change_of_an_associate_is_said(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let mara = format!("/api/v1/associates/{}", bridge.mara.id.as_ref().unwrap());
        let patch = |body: Value| bridge.ada.send(bridge.ada.request(Method::PATCH, &mara).json(&body));
        let unknown = patch(json!({"teams": ["advice", "advise"]})).await.json();
        assert_eq!(unknown["errors"][0]["reason"], "there is no team \"advise\" in the configuration");
        let steering = patch(json!({"name": "Ma\nra"})).await.json();
        assert_eq!(steering["errors"][0]["reason"], "a name can't hold a line break, a tab or another control character");
        assert_eq!(bridge.ada.post(&format!("{mara}/disable"), Value::Null).await.status, StatusCode::OK);
        let reset = bridge.ada.post(&format!("{mara}/reset"), Value::Null).await;
        assert_eq!((reset.status, reset.code().as_str()), (StatusCode::CONFLICT, "not_now"));
        assert_eq!(reset.json()["detail"], "This associate is disabled: enable them first.");
    }

    async fn whoever_holds_a_team_that_was_removed_can_still_be_saved(fresh: Fresh) {
        let bridge = Bridge::start(fresh).await;
        let new = NewAssociate {
            name: "Nora".to_owned(),
            email: "nora@shop.example".to_owned(),
            role: Role::Associate,
            teams: vec!["advice".into(), "removed".into()],
        };
        let nora = bridge.server.engine().store().insert_associate(None, new).await.unwrap();
        let path = format!("/api/v1/associates/{}", nora.id);
        let patch = |teams: Value| bridge.ada.send(bridge.ada.request(Method::PATCH, &path).json(&json!({"teams": teams})));
        assert_eq!(patch(json!(["advice", "removed"])).await.status, StatusCode::OK);
        assert_eq!(patch(json!(["advice"])).await.status, StatusCode::OK);
        assert_eq!(patch(json!(["removed"])).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
