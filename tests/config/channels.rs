//! The tables of the channels.

use rapport::config::Severity;

use crate::{BOT, BOT_TOKEN, DISCORD, MAILBOX, assert_problem, load, problems, valid};

#[test]
fn a_telegram_inbox_needs_a_name_and_a_token_and_polls_unless_told_otherwise() {
    let config = valid(BOT, &[BOT_TOKEN]);
    let inbox = &config.inboxes[0];
    assert_eq!((inbox.channel().as_str(), inbox.addresses[0].expose()), ("telegram", "@shop_bot"));
    let shown = format!("{:?}", inbox.account);
    assert!(shown.contains("mode: Poll") && shown.contains("groups: Addressed"), "{shown}");
    assert!(!shown.contains("AAF7"), "{shown}");
    let text = format!("{BOT}mode = \"webhook\"\ngroups = \"all\"\n");
    let shown = format!("{:?}", valid(&text, &[BOT_TOKEN]).inboxes[0].account);
    assert!(shown.contains("mode: Webhook") && shown.contains("groups: All"), "{shown}");
}

#[test]
fn what_is_wrong_with_a_telegram_inbox_is_named_by_its_key() {
    let text = BOT.replace("[\"@Shop_Bot\"]", "[\"the shop\", \"@other_bot\"]").replace(
        "token = { env = \"BOT\" }",
        "mode = \"push\"\ngroups = \"some\"\napi_base = \"http://x.example\"",
    );
    for wanted in [
        "rapport.toml:5: inbox.bot.addresses: \"the shop\": this is no name of a bot.",
        "rapport.toml:5: inbox.bot.addresses: \"@other_bot\" is one name too many",
        "inbox.bot.telegram.token: It is missing",
        "rapport.toml:7: inbox.bot.telegram.mode: There is no mode \"push\". Write \"poll\" or \"webhook\".",
        "rapport.toml:8: inbox.bot.telegram.groups: Groups can't be \"some\".",
        "rapport.toml:9: inbox.bot.telegram.api_base: The token would cross the network unencrypted.",
    ] {
        assert_problem(&text, &[wanted]);
    }
    assert_problem(&text, &["https address of your own Bot API server"]);
    assert_problem(&BOT.replace("addresses = [\"@Shop_Bot\"]\n", ""), &["bot.addresses", "[\"@shop_bot\"]"]);
    let found = load(BOT, &[("BOT", "123456")]).problems[0].to_string();
    assert!(found.contains("inbox.bot.telegram.token: This is no bot's token"), "{found}");
    assert!(!found.contains("123456"), "{found}");
}

#[test]
fn an_address_that_telegram_does_not_call_is_refused_before_anybody_is_asked() {
    let key = ("RAPPORT__SECRET_KEY", "0123456789abcdef0123456789abcdef");
    for (url, mode, wanted) in [
        ("http://shop.example", "webhook", Some("Telegram calls https only")),
        ("https://shop.example:9000", "webhook", Some("no other ports")),
        ("https://shop.example:8443", "webhook", None),
        ("https://shop.example:9000", "poll", None),
    ] {
        let text = format!("{BOT}mode = \"{mode}\"\n[server]\npublic_url = \"{url}\"\n");
        let refused: Vec<_> = load(&text, &[BOT_TOKEN, key])
            .problems
            .into_iter()
            .filter(|problem| problem.severity == Severity::Refused)
            .map(|problem| problem.to_string())
            .collect();
        match wanted {
            None => assert_eq!(refused, [""; 0], "{url}"),
            Some(wanted) => {
                assert_eq!(refused.len(), 1, "{refused:?}");
                let begin = "rapport.toml:10: server.public_url: [inbox.bot] is called there: ";
                assert!(refused[0].starts_with(begin) && refused[0].contains(wanted), "{refused:?}");
            }
        }
    }
}

#[test]
fn a_discord_inbox_needs_an_id_and_a_token_and_is_open_to_private_messages() {
    let config = valid(DISCORD, &[("DISCORD", "MTc1.hunter2.x")]);
    let inbox = &config.inboxes[0];
    assert_eq!((inbox.channel().as_str(), inbox.addresses[0].expose()), ("discord", "175928847299117063"));
    let shown = format!("{:?}", inbox.account);
    assert!(shown.contains("direct_messages: true") && shown.contains("listing: 300s"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn what_is_wrong_with_a_discord_inbox_is_named_by_its_key() {
    let text = DISCORD.replace("[\"175928847299117063\"]", "[\"@shop\", \"1\"]").replace(
        "token = { env = \"DISCORD\" }",
        "support_channel = \"#help\"\nforum_channel = \"1\"\napi_base = \"http://x.example\"\nlisten = 1",
    );
    for wanted in [
        &["inbox.chat.addresses", "\"@shop\" is no user id"][..],
        &["inbox.chat.addresses", "one id too many"],
        &["inbox.chat.discord.token", "It is missing"],
        &["rapport.toml:7: inbox.chat.discord.support_channel", "no channel's id", "Copy Channel ID"],
        &["inbox.chat.discord.api_base", "unencrypted"],
        &["inbox.chat.discord.listen", "There is no such key"],
    ] {
        assert_problem(&text, wanted);
    }
    let bare = DISCORD.replace("\"175928847299117063\"", "175928847299117063").replace(
        "token = { env = \"DISCORD\" }",
        "token = { env = \"DISCORD\" }\nsupport_channel = 175928847299117064",
    );
    let found = problems(&bare, &[("DISCORD", "MTc1.hunter2.x")]);
    assert_eq!(
        found,
        [
            "rapport.toml:5: inbox.chat.addresses: It should hold strings and holds a number. Put each entry in quotes.",
            "rapport.toml:8: inbox.chat.discord.support_channel: It should be a string and is a number. Put it in quotes.",
        ]
    );
    assert_problem(
        &DISCORD.replace("addresses = [\"175928847299117063\"]\n", ""),
        &["[\"175928847299117063\"]"],
    );
    let silent = format!("{DISCORD}direct_messages = false\n");
    let found = problems(&silent, &[("DISCORD", "Bot x")]).join("\n");
    assert!(found.contains("discord.token: This is no bot token"), "{found}");
    assert!(found.contains("discord.direct_messages: Nobody could write to this inbox"), "{found}");
}

#[test]
fn a_mailbox_has_the_usual_ports_and_never_shows_its_password() {
    let config = valid(MAILBOX, &[]);
    let shown = format!("{:?}", config.inboxes[0]);
    for default in ["port: 993", "port: 587", "[\"INBOX\"]", "start: Now", "largest_mail: 52428800"] {
        assert!(shown.contains(default), "{default} in {shown}");
    }
    assert!(!shown.contains("hunter2"));
    assert_eq!(config.inboxes[0].addresses[0].expose(), "support@shop.example");
    let start = valid(&MAILBOX.replace("authserv_id", "start = 30\nauthserv_id"), &[]);
    assert!(format!("{:?}", start.inboxes[0]).contains("Days(30)"));
    let from_env = valid(MAILBOX, &[("RAPPORT__INBOX__MAIL__EMAIL__START", "now")]);
    assert!(format!("{:?}", from_env.inboxes[0]).contains("start: Now"));
}

#[test]
fn what_is_wrong_with_a_mailbox_is_said_with_its_key() {
    let problem = |from: &str, to: &str, wanted: &[&str]| assert_problem(&MAILBOX.replace(from, to), wanted);
    problem("Support@Shop.example", "support", &["inbox.mail.addresses", "no e-mail address"]);
    problem("host = \"imap.shop.example\"", "", &["inbox.mail.email.imap.host", "missing"]);
    problem("\"starttls\"", "\"none\"", &["inbox.mail.email.smtp.security", "Without TLS"]);
    problem("\"starttls\"", "\"ssl\"", &["inbox.mail.email.smtp.security", "There is no security"]);
    problem("password = { env = \"TOKEN\" }", "", &["inbox.mail.email.auth.password", "missing"]);
    let both = "client_id = \"a\"\npassword = { env = \"TOKEN\" }";
    problem("password = { env = \"TOKEN\" }", both, &["inbox.mail.email.auth.password", "Keep one"]);
    let token = "client_id = \"a\"\ntoken_url = \"http://login.example/\"";
    problem("password = { env = \"TOKEN\" }", token, &["inbox.mail.email.auth.token_url", "no TLS"]);
    problem("password = { env = \"TOKEN\" }", token, &["inbox.mail.email.auth.refresh_token", "missing"]);
    problem("authserv_id = \"mx.shop.example\"", "start = \"soon\"", &["inbox.mail.email.start", "now"]);
    problem("authserv_id = \"mx.shop.example\"", "folders = []", &["inbox.mail.email.folders", "No folder"]);
    problem(
        "authserv_id = \"mx.shop.example\"",
        "sent_folder = \"INBOX\"",
        &["inbox.mail.email.sent_folder"],
    );
    problem("authserv_id = \"mx.shop.example\"", "append_sent = true", &["inbox.mail.email.append_sent"]);
    problem("authserv_id = \"mx.shop.example\"", "", &["inbox.mail.email.authserv_id", "unverified"]);
    let relay = "[inbox.mail.email.relays.form]\nsender = \"form\"\n[inbox.mail.email.imap]";
    problem("[inbox.mail.email.imap]", relay, &["inbox.mail.email.relays.form.sender", "no e-mail address"]);
}
