//! The queue against both engines: scope, order, counts, and plans that keep to their index.

use std::time::Duration;

use rapport_model::id::ContactId;

use super::*;
use crate::{
    on_both_engines,
    store::{Role, db::Engine, fixture::Shop, mention, rows::Rows, testing::Fresh},
};

const TEAMS: [Option<&str>; 3] = [None, Some("advice"), Some("orders")];
const INBOXES: [&str; 4] = ["advice", "orders", "front", "gone"];
const STATES: [&str; 3] = ["open", "automatic", "closed"];
const VIEWS: [View; 8] = [
    View::Mine,
    View::Unassigned,
    View::All,
    View::Snoozed,
    View::Mentions,
    View::Suspected,
    View::Closed,
    View::Automatic,
];

/// Conversations as bare rows: of every combination of inbox, team, assignee and state, `times` each, the
/// same suspected, and the same put off; every fifth names somebody.
async fn seed(shop: &Shop, people: &[&Actor], times: i64) {
    let mut pool = shop.store.pool.clone();
    let now = shop.store.now();
    let mut contacts = Rows::new("contacts", &["id", "brand", "created_at"]);
    let mut rows = Rows::new(
        "conversations",
        &[
            "id",
            "brand",
            "contact_id",
            "thread_id",
            "inbox_id",
            "channel",
            "kind",
            "state",
            "team_id",
            "assignee_id",
            "episode",
            "turn",
            "human_in_episode",
            "last_position",
            "inbound_position",
            "word_position",
            "last_at",
            "snippet",
            "snippet_author",
            "suspected",
            "snoozed_until",
            "snoozed_by",
            "mentioned",
            "queue_at",
            "created_at",
            "closed_at",
            "closed_by",
        ],
    );
    let mut mentions = Rows::new(
        "mentions",
        &["associate_id", "conversation_id", "position", "unread", "state", "assignee_id", "queue_at"],
    );
    let assignees: Vec<Option<&AssociateId>> =
        std::iter::once(None).chain(people.iter().map(|actor| Some(actor.id()))).collect();
    let mut number = 0_i64;
    for _ in 0..times {
        for inbox in INBOXES {
            for team in TEAMS {
                for assignee in &assignees {
                    for (state, suspected, snoozed) in STATES
                        .into_iter()
                        .flat_map(|state| [(state, false, false), (state, true, false), (state, false, true)])
                    {
                        number += 1;
                        let snoozed = snoozed && state == "open";
                        let band = if snoozed { SNOOZED_FROM } else { 0 };
                        let apart = if suspected && state == "open" { SUSPECTED_FROM } else { band };
                        let id = ConversationId::new();
                        let of_five = usize::try_from(number / 5).unwrap();
                        let named = (number % 5 == 0).then(|| people[of_five % people.len()].id());
                        if let Some(named) = named {
                            mentions.push(values![
                                named,
                                &id,
                                1_i64,
                                true,
                                state,
                                *assignee,
                                apart + number / 3
                            ]);
                        }
                        let contact = ContactId::new();
                        contacts.push(values![&contact, "shop", now]);
                        let closed = (state == "closed").then_some(now);
                        let by = (state == "closed").then(|| people[0].id());
                        // Several share a place, so that ids decide between them.
                        rows.push(values![
                            &id,
                            "shop",
                            &contact,
                            "thr_none",
                            inbox,
                            "test",
                            "private",
                            state,
                            team,
                            *assignee,
                            1_i64,
                            1_i64,
                            false,
                            1_i64,
                            1_i64,
                            1_i64,
                            now,
                            "",
                            "contact",
                            suspected,
                            snoozed.then_some(now),
                            snoozed.then(|| people[0].id()),
                            named.map(ToString::to_string).unwrap_or_default(),
                            apart + number / 3,
                            now,
                            closed,
                            by,
                        ]);
                    }
                }
            }
        }
    }
    contacts.insert(&mut pool).await.unwrap();
    rows.insert(&mut pool).await.unwrap();
    mentions.insert(&mut pool).await.unwrap();
}

async fn people(shop: &Shop) -> Vec<Actor> {
    vec![
        shop.actor("Ada", Role::Admin, &[]).await,
        shop.actor("Mara", Role::Associate, &["advice"]).await,
        shop.actor("Jonas", Role::Associate, &["orders", "advice"]).await,
        shop.actor("Ines", Role::Associate, &[]).await,
    ]
}

/// All ids of a view, gathered page by page.
async fn ids_of(shop: &Shop, actor: &Actor, view: View, most: usize) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let Some((sql, args)) = page_query(actor, &shop.store.inboxes, view, after.as_ref(), most) else {
            return found;
        };
        let rows = shop.store.pool.clone().rows_of(built(sql), args).await.unwrap();
        let ids: Vec<Place> = rows
            .iter()
            .map(|row| Place { at: row.get("queue_at").unwrap(), id: row.get("id").unwrap() })
            .collect();
        found.extend(ids.iter().take(most).map(|place| place.id.clone()));
        if ids.len() <= most {
            return found;
        }
        after = Some(ids[most - 1].clone());
    }
}

on_both_engines! {
    async fn the_scope_of_lists_equals_the_scope_of_a_loaded_row(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let people = people(&shop).await;
        let staff: Vec<&Actor> = people.iter().collect();
        seed(&shop, &staff, 1).await;
        let mut pool = shop.store.pool.clone();
        let all = pool
            .all("SELECT id, inbox_id, team_id, assignee_id, state, suspected, snoozed_until, mentioned, queue_at FROM conversations ORDER BY queue_at, id", Vec::new())
            .await
            .unwrap();
        for actor in &people {
            for view in VIEWS {
                let expected: Vec<String> = all
                    .iter()
                    .filter(|row| {
                        let team = row.get::<Option<String>>("team_id").unwrap().map(TeamId);
                        let assignee: Option<AssociateId> = row.parse_opt("assignee_id").unwrap();
                        let inbox = InboxId(row.get("inbox_id").unwrap());
                        let state: State = row.parse("state").unwrap();
                        let apart = state == State::Open && row.get("suspected").unwrap();
                        let snoozed = row.time_opt("snoozed_until").unwrap().is_some();
                        let mentioned = mention::read(&row.get::<String>("mentioned").unwrap()).unwrap();
                        let named = mentioned.contains(actor.id());
                        if view == View::Mentions {
                            return named;
                        }
                        Some(state) == view.state()
                            && apart == (view == View::Suspected)
                            && snoozed == (view == View::Snoozed)
                            && (named || actor.sees(&shop.store.inboxes, team.as_ref(), assignee.as_ref(), &inbox))
                            && (view != View::Mine || assignee.as_ref() == Some(actor.id()))
                            && (view != View::Unassigned || assignee.is_none())
                    })
                    .map(|row| row.get("id").unwrap())
                    .collect();
                assert_eq!(ids_of(&shop, actor, view, 7).await, expected, "{} {view:?}", actor.name());
                let Some(state) = view.state() else { continue };
                let mut args = Vec::new();
                let scope = actor.condition(&shop.store.inboxes, &mut args);
                args.push(state.as_str().into());
                let state = ["$", &args.len().to_string()].concat();
                let sql = ["SELECT count(*) AS n FROM conversations c WHERE ", &scope, " AND c.state = ", &state].concat();
                let counted: i64 = pool.rows_of(built(sql), args).await.unwrap()[0].get("n").unwrap();
                if matches!(view, View::Closed | View::Automatic) {
                    assert_eq!(usize::try_from(counted).unwrap(), expected.len());
                }
            }
        }
    }

    async fn every_lane_of_a_page_is_read_from_an_index_in_queue_order(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let people = people(&shop).await;
        let staff: Vec<&Actor> = people.iter().collect();
        seed(&shop, &staff, 20).await;
        let mut pool = shop.store.pool.clone();
        pool.execute("ANALYZE", Vec::new()).await.unwrap();
        for actor in &people {
            for view in VIEWS {
                let Some((sql, args)) = page_query(actor, &shop.store.inboxes, view, None, 50) else { continue };
                let explain = match pool.engine() {
                    Engine::Sqlite => "EXPLAIN QUERY PLAN ",
                    Engine::Postgres => "EXPLAIN (COSTS OFF) ",
                };
                let rows = pool.rows_of(built([explain, &sql].concat()), args).await.unwrap();
                let column = if pool.engine() == Engine::Sqlite { "detail" } else { "QUERY PLAN" };
                let plan: Vec<String> = rows.iter().map(|row| row.get(column).unwrap()).collect();
                let text = plan.join("\n");
                // Each lane reads one index, is never sorted, and never looks at the whole table. (The
                // union of a few short lanes is.)
                let lanes = sql.matches("FROM conversations").count() + sql.matches("FROM mentions").count();
                let is_read = |line: &str| line.contains("conversations") || line.contains("mentions");
                let reads = plan.iter().filter(|line| is_read(line)).count();
                assert_eq!(reads, lanes, "{view:?}\n{text}");
                assert!(!text.contains("Seq Scan") && !text.contains("SCAN c\n"), "{view:?}\n{text}");
                for (at, line) in plan.iter().enumerate().filter(|(_, line)| is_read(line)) {
                    assert!(
                        ["INDEX conversations_", "using conversations_", "INDEX mentions_", "using mentions_"]
                            .iter()
                            .any(|index| line.contains(index)),
                        "{view:?}\n{text}"
                    );
                    // Postgres: straight below the lane's limit, not below a sort. SQLite says so after it.
                    if pool.engine() == Engine::Postgres {
                        assert!(plan[at - 1].contains("Limit"), "{view:?}\n{text}");
                    } else if let Some(next) = plan.get(at + 1) {
                        assert!(!next.contains("ORDER BY") || lanes > 1, "{view:?}\n{text}");
                    }
                }
            }
        }
    }

    async fn counts_equal_the_lists_that_they_count(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let people = people(&shop).await;
        for (inbox, from) in [("advice", "1"), ("advice", "2"), ("orders", "3"), ("front", "4"), ("orders", "5")] {
            shop.receive(inbox, from, "Hello").await;
        }
        let first = shop.receive("advice", "1", "Hello again").await;
        shop.store.assign(&people[1], &first, Some(people[1].id().clone()), None).await.unwrap();
        let fifth = shop.receive("orders", "5", "Thanks").await;
        shop.store.waive(&people[2], &fifth, "thanks".to_owned(), 2, true).await.unwrap();
        for actor in &people {
            let counts = shop.store.count_conversations(actor).await.unwrap();
            for (view, many) in [
                (View::Mine, counts.mine),
                (View::Unassigned, counts.unassigned),
                (View::All, counts.all),
                (View::Closed, counts.closed),
                (View::Automatic, counts.automatic),
            ] {
                let page = shop.store.list_conversations(actor, view, None, 100).await.unwrap();
                assert_eq!(i64::try_from(page.items.len()).unwrap(), many, "{} {view:?}", actor.name());
                let waiting = page.items.iter().filter(|row| row.due_at.is_some()).count();
                let expected = match view {
                    View::Mine => counts.mine_waiting,
                    View::Unassigned => counts.unassigned_waiting,
                    View::All => counts.all_waiting,
                    _ => 0,
                };
                assert_eq!(i64::try_from(waiting).unwrap(), expected);
            }
        }
    }

    async fn who_waits_stands_before_who_was_answered_and_a_page_ends_where_the_next_begins(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let ada = shop.actor("Ada", Role::Admin, &[]).await;
        let mut ids = Vec::new();
        for from in ["1", "2", "3", "4"] {
            ids.push(shop.receive("front", from, "Hello").await);
        }
        shop.store.waive(&ada, &ids[0], "thanks".to_owned(), 1, false).await.unwrap();
        shop.clock.advance(Duration::from_mins(1));
        let first = shop.store.list_conversations(&ada, View::All, None, 2).await.unwrap();
        let second = shop.store.list_conversations(&ada, View::All, first.next.as_ref(), 2).await.unwrap();
        let seen: Vec<&ConversationId> = first.items.iter().chain(&second.items).map(|row| &row.id).collect();
        assert_eq!(seen, [&ids[1], &ids[2], &ids[3], &ids[0]]);
        assert_eq!(second.next, None);
        assert_eq!(first.items[0].address.as_ref().map(rapport_model::Address::expose), Some("2"));
    }

    async fn a_foreign_conversation_looks_as_if_it_did_not_exist_and_its_text_is_hidden(fresh: Fresh) {
        let shop = Shop::open(fresh).await;
        let mara = shop.actor("Mara", Role::Associate, &["advice"]).await;
        let jonas = shop.actor("Jonas", Role::Associate, &["orders"]).await;
        let advice = shop.receive("advice", "1", "for advice").await;
        assert!(matches!(shop.store.get_details(&jonas, &advice, 50).await, Err(crate::store::StoreError::NotFound(_))));
        let opened = shop.store.get_details(&mara, &advice, 50).await.unwrap();
        assert_eq!(opened.messages.items[0].text, "for advice");
        assert_eq!(opened.obligations.len(), 1);
        assert_eq!(opened.contact.handles.len(), 1);
        assert!(opened.route.refusal.is_none());
        // The same customer writes to the other team too: one timeline, each team reads its own part.
        let orders = shop.receive("orders", "1", "for orders").await;
        assert_ne!(orders, advice);
        let contact = &opened.contact.id;
        for (reader, readable) in [(&mara, "for advice"), (&jonas, "for orders")] {
            let page = shop.store.list_timeline(reader, contact, None, 50).await.unwrap();
            assert_eq!(page.items.len(), 2);
            for message in &page.items {
                let shown = message.hidden.is_none();
                assert_eq!(message.text, if shown { readable } else { "" });
            }
            assert_eq!(page.items.iter().filter(|message| message.hidden.is_some()).count(), 1);
        }
        let ines = shop.actor("Ines", Role::Associate, &[]).await;
        assert!(matches!(
            shop.store.list_timeline(&ines, contact, None, 50).await,
            Err(crate::store::StoreError::NotFound("contact"))
        ));
    }
}
