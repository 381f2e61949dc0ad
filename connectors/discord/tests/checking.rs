//! What a check finds: everything that a person has to set right, each by its name.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bridge;

use bridge::Bridge;
use rapport_discord::DiscordSettings;
use rapport_fakes::discord::{Access, Fault, Operation};
use rapport_sdk::{Connector as _, ConnectorError, model::Address};

const VIEW: u64 = 1 << 10;
const SEND: u64 = 1 << 11;
const EMBED: u64 = 1 << 14;
const ATTACH: u64 = 1 << 15;
const PRIVATE_THREADS: u64 = 1 << 36;
const IN_THREADS: u64 = 1 << 38;

/// What is found wrong, part by part. The check says the first of it.
async fn wrong_with(bridge: &Bridge, change: impl FnOnce(&mut DiscordSettings)) -> Vec<String> {
    let connector = bridge.with(change);
    let checked = connector.check().await;
    let mut wrong = Vec::new();
    for finding in connector.examine().await {
        let part = finding.part.map(|part| format!("{part}: ")).unwrap_or_default();
        wrong.extend(finding.wrong.map(|reason| format!("{part}{reason}")));
    }
    let first = checked.err().map(|error| error.to_string());
    assert_eq!(first.is_some(), !wrong.is_empty(), "{first:?}");
    assert!(first.is_none_or(|first| wrong[0].ends_with(&first)));
    assert_eq!(bridge.fake.violations(), Vec::<String>::new());
    wrong
}

#[tokio::test]
async fn an_inbox_that_is_set_up_as_the_documentation_says_has_nothing_wrong() {
    let bridge = Bridge::start().await;
    // Nobody but the bot may do anything, and the bot what its invitation gives.
    bridge.fake.set_role(bridge.fake.guild(), 0);
    assert_eq!(wrong_with(&bridge, |_| {}).await, [""; 0]);
    let parts = bridge.discord().examine().await.into_iter().map(|finding| finding.part);
    let named = ["reading", "support_channel", "forum_channel"].map(|part| Some(part.to_owned()));
    assert_eq!(parts.collect::<Vec<_>>(), [[None].as_slice(), &named].concat());
}

#[tokio::test]
async fn an_address_that_is_not_the_bots_is_told_with_both_ids() {
    let bridge = Bridge::start().await;
    let (bot, other) = (bridge.fake.bot(), bridge.ada.id());
    let wrong =
        wrong_with(&bridge, |settings| settings.address = Some(Address::new(other.to_string()))).await;
    let told = format!("The token is that of the bot {bot}, and addresses names {other}: write [\"{bot}\"].");
    assert_eq!(wrong, [told]);
    assert_eq!(wrong_with(&bridge, |settings| settings.address = None).await, [""; 0]);
}

#[tokio::test]
async fn a_channel_that_is_not_there_not_seen_or_of_another_kind_is_told_and_the_others_are_tried() {
    let bridge = Bridge::start().await;
    let gone = wrong_with(&bridge, |settings| settings.support_channel = Some("7".to_owned())).await;
    assert_eq!(
        gone,
        ["support_channel: There is no channel with the id that support_channel has: correct it."]
    );
    let swap = |settings: &mut DiscordSettings| {
        std::mem::swap(&mut settings.support_channel, &mut settings.forum_channel);
    };
    assert_eq!(
        wrong_with(&bridge, swap).await,
        [
            "support_channel: support_channel is not a text channel: write the id of one.",
            "forum_channel: forum_channel is not a forum: write the id of one.",
        ]
    );
    bridge.fake.set_access(bridge.fake.support(), Access::None);
    bridge.fake.set_overwrite(bridge.fake.forum(), bridge.fake.bot(), 0, IN_THREADS);
    let unseen = "support_channel: The bot can't see support_channel: invite it to the server and give it View \
        Channel there, or correct the id.";
    let wrong = wrong_with(&bridge, |_| {}).await;
    assert_eq!((wrong.len(), wrong[0].as_str()), (2, unseen), "{wrong:?}");
    assert!(wrong[1].contains("#questions: Send Messages in Threads."), "{wrong:?}");
}

#[tokio::test]
async fn permissions_that_are_missing_are_told_by_name_and_channel() {
    let bridge = Bridge::start().await;
    let (fake, everybody) = (&bridge.fake, bridge.fake.guild());
    fake.set_role(everybody, VIEW | SEND);
    fake.set_role(fake.role(), ATTACH | IN_THREADS | (1 << 16));
    let lacks = |part: &str, channel: &str, names: &str| {
        format!(
            "{part}: The bot lacks in #{channel}: {names}. Allow it in the channel's settings, page \
             Permissions, or to the bot's role."
        )
    };
    let support = |names: &str| lacks("support_channel", "support", names);
    let forum = lacks("forum_channel", "questions", "Embed Links");
    assert_eq!(
        wrong_with(&bridge, |_| {}).await,
        [support("Create Private Threads, Embed Links"), forum.clone()]
    );
    // A channel takes away from everybody, gives back to the bot's role, and has something for the bot alone.
    fake.set_overwrite(fake.support(), everybody, 0, SEND | EMBED);
    fake.set_overwrite(fake.support(), fake.role(), EMBED, 0);
    fake.set_overwrite(fake.support(), fake.bot(), PRIVATE_THREADS, ATTACH);
    assert_eq!(wrong_with(&bridge, |_| {}).await, [support("Send Messages, Attach Files"), forum]);
    // An administrator may do everything.
    fake.set_role(fake.role(), 1 << 3);
    assert_eq!(wrong_with(&bridge, |_| {}).await, [""; 0]);
}

#[tokio::test]
async fn the_intent_is_missed_where_texts_of_a_server_are_read_and_nowhere_else() {
    let bridge = Bridge::start_with(|config| config.message_content = false).await;
    let wrong = wrong_with(&bridge, |_| {}).await;
    assert_eq!(wrong.len(), 1);
    assert!(
        wrong[0].starts_with("reading: ") && wrong[0].contains("turn on Message Content Intent"),
        "{wrong:?}"
    );
    let private = |settings: &mut DiscordSettings| {
        settings.support_channel = None;
        settings.forum_channel = None;
    };
    assert_eq!(wrong_with(&bridge, private).await, [""; 0]);
}

#[tokio::test]
async fn what_keeps_a_check_from_its_answer_is_told_as_what_it_is() {
    let bridge = Bridge::start().await;
    bridge.fake.fail_next(Operation::Guild, Fault::Html(502));
    let away = bridge.discord().check().await;
    assert!(matches!(away, Err(ConnectorError::Transient { .. })), "{away:?}");
    bridge.fake.fail_next(Operation::Me, Fault::Unauthorized);
    assert_eq!(bridge.discord().check().await, Err(ConnectorError::Unauthorized));
    bridge.fake.fail_next(Operation::Me, Fault::Unauthorized);
    let findings = bridge.discord().examine().await;
    assert_eq!(findings.len(), 1, "without the token nothing else can be tried: {findings:?}");
    // Nothing is written anywhere, and nobody is told.
    let wrote = [Operation::Send, Operation::StartThread, Operation::Typing, Operation::OpenDm];
    assert!(wrote.iter().all(|operation| bridge.fake.calls(*operation) == 0));
    assert_eq!(bridge.fake.gateway_counts().connections, 0);
}
