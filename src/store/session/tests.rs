//! Sessions and links against both engines: how they begin, and every way in which they end.

use super::*;
use crate::{
    on_both_engines,
    store::{AssociateChange, Conflict, NewAssociate, Role, View, fixture::Shop, testing::Fresh},
};

async fn invite(shop: &Shop, email: &str) -> crate::store::Invited {
    let new = NewAssociate {
        name: "Mara".to_owned(),
        email: email.to_owned(),
        role: Role::Associate,
        teams: vec!["advice".into()],
    };
    shop.store.insert_associate(None, new).await.unwrap()
}

fn hash() -> Secret {
    Secret::new("$argon2id$hash")
}

on_both_engines! {
    async fn a_link_works_once_and_begins_a_session(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let invited = invite(&shop, "Mara@Shop.example ").await;
        assert!(shop.store.find_credentials("mara@shop.example").await.unwrap().is_none());
        let link = shop.store.find_invitation(invited.token.expose()).await.unwrap().unwrap();
        assert_eq!((link.email.as_str(), link.kind.as_str()), ("mara@shop.example", "invite"));
        let token = shop.store.accept_invitation(invited.token.expose(), hash(), None).await.unwrap();
        let session = shop.store.find_session(token.expose()).await.unwrap().unwrap();
        assert_eq!(session.actor.id(), &invited.id);
        assert_eq!(session.actor.teams(), ["advice".into()]);
        assert!(shop.store.find_credentials(" MARA@shop.example").await.unwrap().is_some());
        assert!(matches!(
            shop.store.accept_invitation(invited.token.expose(), hash(), None).await,
            Err(StoreError::NotFound("invitation"))
        ));
        assert!(shop.store.find_invitation(invited.token.expose()).await.unwrap().is_none());
    }

    async fn an_expired_or_empty_or_replaced_link_does_not_work(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let invited = invite(&shop, "mara@shop.example").await;
        for text in ["", " ", "\0", "x"] {
            assert!(shop.store.find_invitation(text).await.unwrap().is_none());
            assert!(shop.store.accept_invitation(text, hash(), None).await.is_err());
        }
        let second = shop.store.insert_reset(None, &invited.id).await.unwrap();
        assert!(shop.store.find_invitation(invited.token.expose()).await.unwrap().is_none());
        shop.clock.advance(Duration::from_hours(72));
        assert!(shop.store.find_invitation(second.token.expose()).await.unwrap().is_none());
        assert!(shop.store.accept_invitation(second.token.expose(), hash(), None).await.is_err());
    }

    async fn a_link_that_is_used_twice_at_once_works_for_one(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let invited = invite(&shop, "mara@shop.example").await;
        let tries = (0..10).map(|_| shop.store.accept_invitation(invited.token.expose(), hash(), None));
        let outcomes = futures_util::future::join_all(tries).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    }

    async fn a_session_ends_when_idle_and_in_any_case_after_thirty_days(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let mara = shop.actor("Mara", Role::Associate, &[]).await;
        let token = shop.store.insert_session(mara.id()).await.unwrap();
        let find = || shop.store.find_session(token.expose());
        shop.clock.advance(IDLE);
        assert!(find().await.unwrap().is_none(), "idle");
        let token = shop.store.insert_session(mara.id()).await.unwrap();
        for _ in 0..60 {
            shop.clock.advance(Duration::from_hours(12) - Duration::from_secs(1));
            let Some(session) = shop.store.find_session(token.expose()).await.unwrap() else { break };
            shop.store.touch_session(&session.id).await.unwrap();
        }
        shop.clock.advance(Duration::from_mins(2));
        assert!(shop.store.find_session(token.expose()).await.unwrap().is_none(), "thirty days");
        assert!(shop.store.list_session_ids().await.unwrap().is_empty());
    }

    async fn a_new_password_ends_every_other_session(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let mara = shop.actor("Mara", Role::Associate, &[]).await;
        let old = shop.store.insert_session(mara.id()).await.unwrap();
        let link = shop.store.insert_reset(None, mara.id()).await.unwrap();
        let new = shop.store.update_password(mara.id(), &hash()).await.unwrap();
        assert!(shop.store.find_session(old.expose()).await.unwrap().is_none());
        assert!(shop.store.find_session(new.expose()).await.unwrap().is_some());
        assert!(shop.store.find_invitation(link.token.expose()).await.unwrap().is_none());
    }

    async fn who_is_disabled_is_out_at_once_and_their_conversations_are_free(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let ada = shop.actor("Ada", Role::Admin, &[]).await;
        let mara = shop.actor("Mara", Role::Associate, &["advice"]).await;
        let token = shop.store.insert_session(mara.id()).await.unwrap();
        let link = shop.store.insert_reset(None, mara.id()).await.unwrap();
        let conversation = shop.receive("advice", "1", "Hello").await;
        shop.store.assign(&mara, &conversation, Some(mara.id().clone()), None).await.unwrap();
        let off = AssociateChange { active: Some(false), ..Default::default() };
        let changed = shop.store.update_associate(Some(&ada), mara.id(), off.clone()).await.unwrap();
        assert!(!changed.active);
        assert!(shop.store.find_session(token.expose()).await.unwrap().is_none());
        assert!(shop.store.find_invitation(link.token.expose()).await.unwrap().is_none());
        assert!(shop.store.insert_session(mara.id()).await.is_err());
        let counts = shop.store.count_conversations(&ada).await.unwrap();
        assert_eq!((counts.unassigned, counts.all, counts.unassigned_waiting), (1, 1, 1));
        let page = shop.store.list_conversations(&ada, View::Unassigned, None, 10).await.unwrap();
        assert_eq!(page.items[0].assignee, None);
        assert!(matches!(
            shop.store.update_associate(Some(&ada), ada.id(), off.clone()).await,
            Err(StoreError::Conflict(Conflict::NotNow(_)))
        ));
        assert!(matches!(
            shop.store.update_associate(Some(&mara), ada.id(), off).await,
            Err(StoreError::NotFound("associate"))
        ));
        let on = AssociateChange { active: Some(true), ..Default::default() };
        assert!(shop.store.update_associate(Some(&ada), mara.id(), on).await.unwrap().active);
    }

    async fn an_address_can_sign_in_for_one_person_only(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        invite(&shop, "mara@shop.example").await;
        let again = NewAssociate {
            name: "Other".to_owned(),
            email: "MARA@shop.example".to_owned(),
            role: Role::Admin,
            teams: Vec::new(),
        };
        assert!(matches!(
            shop.store.insert_associate(None, again).await,
            Err(StoreError::Conflict(Conflict::Taken("email")))
        ));
        assert_eq!(shop.store.list_associates().await.unwrap().len(), 1);
    }

    async fn an_admin_who_never_came_does_not_count_as_another_one(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let admin = |email: &str| NewAssociate {
            name: "Ada".to_owned(),
            email: email.to_owned(),
            role: Role::Admin,
            teams: Vec::new(),
        };
        let ada = shop.store.insert_associate(None, admin("ada@shop.example")).await.unwrap();
        let token = shop.store.accept_invitation(ada.token.expose(), hash(), None).await.unwrap();
        let actor = shop.store.find_session(token.expose()).await.unwrap().unwrap().actor;
        let other = shop.store.insert_associate(Some(&actor), admin("eve@shop.example")).await.unwrap();
        let down = || AssociateChange { role: Some(Role::Associate), ..Default::default() };
        let refused = shop.store.update_associate(Some(&actor), &ada.id, down()).await;
        assert!(matches!(refused, Err(StoreError::Conflict(Conflict::NotNow(_)))), "{refused:?}");
        shop.store.accept_invitation(other.token.expose(), hash(), None).await.unwrap();
        shop.store.update_associate(Some(&actor), &ada.id, down()).await.unwrap();
    }
}
