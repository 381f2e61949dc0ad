//! What a sign-in costs, counted: the same for who is known, unknown or disabled, whatever is tried.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::StatusCode;
use rapport_sdk::http::{SafeFetch, Timeouts};

use super::*;
use crate::{
    config::{self, Source},
    engine::{MediaLinks, Setup},
    on_both_engines,
    store::{
        AssociateChange, Blobs, NewAssociate, Role, Store, StoreOptions,
        testing::{Fresh, ManualClock},
    },
};

const PASSWORD: &str = "four quiet words here";

/// An API without inboxes, on an empty store.
async fn bare(fresh: &Fresh) -> Api {
    let clock = Arc::new(ManualClock::default());
    let options = StoreOptions { url: fresh.url.clone(), inboxes: Vec::new(), clock: clock.clone() };
    let (store, _) = Store::open(options).await.unwrap();
    let text = format!("data_dir = \"{}\"\n[server]\nlisten = \"127.0.0.1:0\"\n", fresh.folder.display());
    let env = BTreeMap::from([("RAPPORT__STORE__URL".to_owned(), fresh.url.clone())]);
    let config =
        config::load(&Source { file: Some(("test.toml".to_owned(), text)), env }).into_config().unwrap();
    let (url, key) = (url::Url::parse("http://127.0.0.1").unwrap(), rapport_model::Secret::new("key"));
    let engine = crate::engine::Engine::start(Setup {
        config: Arc::new(config),
        store,
        blobs: Blobs::open(&fresh.folder.join("files")).unwrap(),
        clock,
        connectors: Vec::new(),
        links: MediaLinks::new(key.clone(), url.clone()),
        pictures: SafeFetch::new(None, Timeouts::default()).unwrap(),
    });
    Api {
        engine,
        site: Arc::new(guard::Site::new(url, false, Vec::new(), key)),
        limiter: Arc::default(),
        passwords: super::super::password::Passwords::default(),
    }
}

async fn associate(api: &Api, name: &str) -> String {
    let email = format!("{name}@shop.example");
    let new = NewAssociate {
        name: name.to_owned(),
        email: email.clone(),
        role: Role::Associate,
        teams: Vec::new(),
    };
    let invited = api.engine.store().insert_associate(None, new).await.unwrap();
    let hash = api.passwords.hash_new("password", PASSWORD.to_owned(), name, &email).await.unwrap();
    api.engine.store().accept_invitation(invited.token.expose(), hash, None).await.unwrap();
    email
}

on_both_engines! {
    async fn every_sign_in_tries_one_password_and_tells_the_same(fresh: Fresh) {
        let api = bare(&fresh).await;
        let known = associate(&api, "mara").await;
        let disabled = associate(&api, "jonas").await;
        let id = api.engine.store().find_associate_by_email(&disabled).await.unwrap().unwrap().id;
        let off = AssociateChange { active: Some(false), ..AssociateChange::default() };
        api.engine.store().update_associate(None, &id, off).await.unwrap();
        let long = "x".repeat(100_000);
        let tries = [
            (known.as_str(), "wrong"),
            (known.as_str(), ""),
            (known.as_str(), long.as_str()),
            (disabled.as_str(), "wrong"),
            (disabled.as_str(), PASSWORD),
            ("nobody@shop.example", "wrong"),
            ("nobody@shop.example", "nobody has this password"),
            ("nobody@shop.example", long.as_str()),
            ("", ""),
        ];
        let mut answers = Vec::new();
        for (email, password) in tries {
            let before = api.passwords.tried();
            let body = Body(SignIn { email: email.to_owned(), password: password.to_owned() });
            let answer = sign_in(State(api.clone()), Client(None), HeaderMap::new(), body).await;
            assert_eq!(api.passwords.tried(), before + 1, "{email}");
            let answer = answer.map_or_else(IntoResponse::into_response, |_| panic!("{email} is signed in"));
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{email}");
            let headers = format!("{:?}", answer.headers());
            let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
            answers.push((headers, body));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        let body = Body(SignIn { email: known, password: PASSWORD.to_owned() });
        assert!(sign_in(State(api.clone()), Client(None), HeaderMap::new(), body).await.is_ok());
        api.engine.shutdown(tokio::time::Instant::now() + std::time::Duration::from_secs(5)).await;
    }
}
