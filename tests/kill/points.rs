//! Every fail point: the list equals the source, and an error, a panic or the end of the process at each
//! of them loses and doubles nothing.

use std::collections::BTreeSet;

/// Every point, of the bridge and of its connectors.
fn points() -> impl Iterator<Item = &'static str> {
    rapport::failpoints::POINTS.iter().chain(rapport_email::failpoints::POINTS).copied()
}

/// The names of the points in a source text.
fn points_in(source: &str) -> impl Iterator<Item = &str> {
    ["durable_step!(\"", "fail_point!(\"", "failpoints::pause(\"", "failpoints::fails(\""]
        .into_iter()
        .flat_map(move |mark| source.split(mark).skip(1))
        .filter_map(|rest| rest.split('"').next())
}

fn sources(folder: &std::path::Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.extend(points_in(&text).map(str::to_owned));
        }
    }
}

#[test]
fn the_list_of_fail_points_is_that_of_the_source() {
    let mut found = BTreeSet::new();
    for folder in ["src", "connectors/email/src"] {
        sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    }
    let listed: BTreeSet<String> = points().map(str::to_owned).collect();
    assert_eq!(listed.len(), points().count(), "no point is listed twice");
    assert_eq!(found, listed);
    assert_eq!(points_in("durable_step!(\"x.y\"); pause(\"z\")").collect::<Vec<_>>(), ["x.y"]);
}

#[cfg(feature = "failpoints")]
mod sweep {
    use std::{collections::BTreeSet, sync::Arc, time::Duration};

    use rapport_fakes::{FakeTwilio, FakeTwilioConfig};

    use crate::{
        account::Books,
        load::{Load, Said},
        on_both_engines,
        post::Post,
        process::{Installation, tail},
        testing::Fresh,
    };

    on_both_engines! {
        async fn an_error_a_panic_or_the_end_at_any_point_loses_and_doubles_nothing(fresh: Fresh) {
            let clock = Arc::new(rapport::clock::SystemClock);
            let provider = FakeTwilio::start(FakeTwilioConfig::new(clock)).await.unwrap();
            let post = Post::start().await;
            let at = Arc::new(Installation::with(fresh, &provider, &post, None).await);
            let said: Arc<Said> = Arc::default();
            let books = Books::open(&at.fresh.url).await;
            let mut reached = BTreeSet::new();
            for point in super::points() {
                // Not at the first chance: the start has to work.
                for actions in ["4*off->1*return->2*off->1*panic->off", "4*off->1*return(abort)->off"] {
                    let aborts = actions.contains("abort");
                    let armed = format!("{point}={actions}");
                    let mut process = at.start(&armed).await;
                    // What a point leaves unknown may leave again, in the same life.
                    for _ in 0..if aborts { 1 } else { 2 } {
                        post.expect_repeat();
                    }
                    let load = Load::begin(said.clone(), &at, &provider, &post, None, Duration::from_millis(100));
                    let mut ended = false;
                    for tenth in 0..600 {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        if !process.is_alive() {
                            ended = true;
                            post.draw_line().await;
                            process = at.start("").await;
                        }
                        // Where the process is to end it is waited for; nothing else can be seen from here.
                        if tenth >= 7 && (ended || !aborts) {
                            break;
                        }
                    }
                    if ended {
                        reached.insert(point);
                    }
                    load.end().await;
                    process.kill();
                    post.draw_line().await;
                }
                let account = books.account(&said, &provider, &post, None).await;
                assert!(account.is_clean(), "{point}: {account:#?}\n{}", tail(&at.log()));
            }
            let process = at.start("").await;
            books.wait_until_settled(&said).await;
            process.stop().await;
            let account = books.account(&said, &provider, &post, None).await;
            println!("{account:#?}");
            assert!(account.is_clean() && account.missed + account.pending + account.undone == 0, "{account:#?}");
            let all: BTreeSet<&str> = super::points().collect();
            assert_eq!(reached, all, "every point ended a process");
            books.assert_sound().await;
        }
    }
}
