//! The configuration as a retailer meets it: defaults, layers, problems, secrets.
//!
//! Everything goes through `config::load`, the only way in. Nothing here starts the bridge.

mod channels;
mod routing;

use std::{collections::BTreeMap, time::Duration};

use rapport::config::{self, Config, EXAMPLE, Loaded, Origin, Severity, Source, StoreUrl};

const INBOX: &str = r#"
[inbox.shop-sms]
brand = "shop"
zone = "Europe/Berlin"
addresses = ["+4915550000001"]
[inbox.shop-sms.sms]
account_sid = "AC00000000000000000000000000000000"
auth_token = { env = "TOKEN" }
"#;

fn load(text: &str, env: &[(&str, &str)]) -> Loaded {
    let mut variables: BTreeMap<String, String> =
        env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    variables.insert("TOKEN".to_owned(), "hunter2".to_owned());
    config::load(&Source { file: Some(("rapport.toml".to_owned(), text.to_owned())), env: variables })
}

fn valid(text: &str, env: &[(&str, &str)]) -> Config {
    load(text, env).into_config().expect("a valid configuration")
}

/// The problems as a person reads them.
fn problems(text: &str, env: &[(&str, &str)]) -> Vec<String> {
    load(text, env).problems.iter().map(ToString::to_string).collect()
}

fn assert_problem(text: &str, wanted: &[&str]) {
    let found = problems(text, &[]);
    let matches = |line: &String| wanted.iter().all(|part| line.contains(part));
    assert!(found.iter().any(matches), "{wanted:?} in {found:#?}");
}

/// The example with its commented keys switched on.
fn uncommented() -> String {
    let is_example = |line: &str| {
        line.strip_prefix('#')
            .is_some_and(|rest| rest.starts_with('[') || rest.starts_with(|c: char| c.is_ascii_lowercase()))
    };
    EXAMPLE
        .lines()
        .map(|line| if is_example(line) { &line[1..] } else { line })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_commented_example_is_the_default_configuration() {
    let defaults = config::load(&Source::default()).into_config().unwrap();
    let example = valid(EXAMPLE, &[]);
    assert_eq!(format!("{defaults:?}"), format!("{example:?}"));
}

#[test]
fn the_defaults_are_those_that_are_promised() {
    let config = config::load(&Source::default()).into_config().unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    let url = config.server.public_url(config.server.listen);
    assert_eq!(url.as_str(), "http://127.0.0.1:8080/");
    assert!(config.server.is_loopback());
    assert!(matches!(config.store, StoreUrl::Sqlite(path) if path.ends_with("data/rapport.db")));
    assert_eq!(config.queue.reply_within, Duration::from_mins(30));
    assert_eq!(config.queue.undo, Duration::from_secs(7));
    assert_eq!(config.queue.reopen_within, Duration::from_hours(14 * 24));
    assert_eq!(config.limits.attachment, 25 << 20);
    assert!(config.bot_enabled && config.inboxes.is_empty());
    assert!(!config.playground.enabled && config.secret_key.is_none());
}

#[test]
fn an_address_belongs_to_one_inbox() {
    let inbox = |id: &str, address: &str| {
        format!(
            "[inbox.{id}]\nbrand = \"shop\"\nzone = \"UTC\"\naddresses = [\"{address}\"]\n[inbox.{id}.sms]\n\
             account_sid = \"AC00000000000000000000000000000000\"\nauth_token = {{ env = \"TOKEN\" }}\n"
        )
    };
    let load = |second: &str| {
        let text = format!("{}{}", inbox("first", "+4915550000001"), inbox("second", second));
        let env = BTreeMap::from([("TOKEN".to_owned(), "a token".to_owned())]);
        config::load(&Source { file: Some(("rapport.toml".to_owned(), text)), env })
    };
    assert!(load("+4915550000002").into_config().is_ok());
    let refused = load("+4915550000001").into_config().unwrap_err().to_string();
    assert!(refused.contains("inbox.second.addresses") && refused.contains("[inbox.first]"), "{refused}");
}

#[test]
fn the_examples_in_comments_are_valid_and_show_the_defaults_of_an_inbox() {
    let text = uncommented();
    let env = [
        ("TWILIO_AUTH_TOKEN", "a"),
        ("TWILIO_SIGNATURE_KEY", "b"),
        ("RAPPORT_SECRET_KEY", "0123456789abcdef0123456789abcdef"),
        ("RAPPORT_PREVIOUS_SECRET_KEY", "fedcba9876543210fedcba9876543210"),
        ("MAIL_PASSWORD", "c"),
        ("TELEGRAM_TOKEN", "123456:AAF7-g0gYncWnm5IyfZlpPRqRRv6kNAGlao"),
        ("DISCORD_TOKEN", "d.e.f"),
    ];
    let refused: Vec<String> = load(&text, &env)
        .problems
        .iter()
        .filter(|problem| !problem.key.starts_with("server.tls"))
        .map(ToString::to_string)
        .collect();
    assert_eq!(refused, Vec::<String>::new());

    let text: String = text.lines().filter(|line| !line.starts_with("tls")).collect::<Vec<_>>().join("\n");
    let all = valid(&text, &env).inboxes;
    let full = format!("{:?}", all.iter().find(|inbox| inbox.id.as_str() == "shop-sms").unwrap());
    let short = valid(INBOX, &[]);
    let inbox = &short.inboxes[0];
    assert_eq!(inbox.language, "en");
    assert!(inbox.bot_enabled);
    for default in ["listing: 300s", "sender_group: \"sms\""] {
        assert!(full.contains(default), "{full}");
        assert!(format!("{inbox:?}").contains(default), "{inbox:?}");
    }
}

#[test]
fn the_playground_configuration_is_valid() {
    let text = include_str!("../../config/playground.toml");
    let config = valid(text, &[]);
    assert!(config.playground.enabled);
    assert_eq!(config.brand_name("birkholt"), "Birkholt Outdoor");
    assert_eq!(config.inboxes[0].zone_name(), "Europe/Berlin");
    let channels: Vec<_> = config.inboxes.iter().map(|inbox| inbox.channel().to_string()).collect();
    assert_eq!(channels, ["discord", "email", "sms", "telegram"]);
    assert!(config.inboxes.iter().all(|inbox| inbox.account.is_provided()));
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let text = format!("[server]\nlisten = \"127.0.0.1:1\"\n[queue]\nundo_seconds = 3\n{INBOX}");
    let env = [
        ("RAPPORT__SERVER__LISTEN", "127.0.0.1:2"),
        ("RAPPORT__DATA_DIR", "/tmp/x"),
        ("RAPPORT__BOT__ENABLED", "false"),
        ("RAPPORT__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1"),
        ("RAPPORT__INBOX__SHOP_SMS__ZONE", "Asia/Tokyo"),
        ("RAPPORT__INBOX__SHOP_SMS__SMS__AUTH_TOKEN", "from-env"),
        ("RAPPORT__INBOX__SHOP_SMS__SMS__LISTING_MINUTES", "9"),
    ];
    let config = valid(&text, &env);
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.queue.undo, Duration::from_secs(3));
    assert!(!config.bot_enabled);
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.inboxes[0].zone_name(), "Asia/Tokyo");
    assert!(matches!(config.store, StoreUrl::Sqlite(path) if path.starts_with("/tmp/x")));
    assert!(format!("{:?}", config.inboxes[0].account).contains("listing: 540s"));
}

#[test]
fn the_whole_configuration_can_come_from_the_environment() {
    let env = [
        ("RAPPORT__INBOX__SHOP_SMS__BRAND", "shop"),
        ("RAPPORT__INBOX__SHOP_SMS__ZONE", "UTC"),
        ("RAPPORT__INBOX__SHOP_SMS__ADDRESSES", "[\"+4915550000001\"]"),
        ("RAPPORT__INBOX__SHOP_SMS__SMS__ACCOUNT_SID", "AC00000000000000000000000000000000"),
        ("RAPPORT__INBOX__SHOP_SMS__SMS__AUTH_TOKEN__ENV", "TOKEN"),
    ];
    let config = valid("", &env);
    assert_eq!(config.inboxes[0].id.as_str(), "shop-sms");
    assert_eq!(config.inboxes[0].addresses.len(), 1);
}

#[test]
fn every_problem_is_reported_with_line_key_reason_and_suggestion() {
    let text = "data_dir = 5\n\
                [server]\n\
                litsen = \"127.0.0.1:1\"\n\
                public_url = \"not an address\"\n\
                [queue]\n\
                undo_seconds = 900\n\
                [inbox.shop]\n\
                brand = \"shop\"\n\
                zone = \"Europe/Berln\"\n\
                teams = [\"advise\"]\n\
                addresses = [\"0155\u{20}5000\"]\n\
                [inbox.shop.smss]\n\
                [team.advice]\n";
    let found = problems(text, &[]);
    for wanted in [
        "rapport.toml:1: data_dir: It should be a string and is a number.",
        "rapport.toml:3: server.litsen: There is no such key. Did you mean \"listen\"?",
        "rapport.toml:4: server.public_url: \"not an address\" is not an address",
        "rapport.toml:6: queue.undo_seconds: 900 is out of bounds. Write a number from 0 to 60.",
        "rapport.toml:7: inbox.shop: The inbox has no channel. Add [inbox.shop.email] or [inbox.shop.sms] or \
         [inbox.shop.telegram] or [inbox.shop.discord]",
        "rapport.toml:9: inbox.shop.zone: There is no time zone \"Europe/Berln\". Did you mean \"Europe/Berlin\"?",
        "rapport.toml:10: inbox.shop.teams: There is no team \"advise\". Did you mean \"advice\"?",
        "rapport.toml:12: inbox.shop.smss: There is no such key. Did you mean \"sms\"?",
    ] {
        assert!(found.iter().any(|line| line.starts_with(wanted)), "{wanted} in {found:#?}");
    }
    assert_eq!(found.iter().filter(|line| line.contains("data_dir")).count(), 1, "{found:#?}");
    let refused = load(text, &[]).into_config().unwrap_err();
    assert_eq!(refused.0.len(), found.len());
}

#[test]
fn a_syntax_error_names_its_line_and_shows_nothing_after_the_equals_sign() {
    let text = "[inbox.a.sms]\nauth_token = \"hunter2\nx = 1\n";
    let found = problems(text, &[]).join("\n");
    assert!(found.contains("rapport.toml:2: This is not TOML"), "{found}");
    assert!(!found.contains("hunter2"), "{found}");
}

#[test]
fn a_secret_in_the_file_is_refused_and_never_shown() {
    let text = INBOX.replace("{ env = \"TOKEN\" }", "\"hunter2\"");
    let loaded = load(&text, &[]);
    let problem = loaded.problems[0].to_string();
    assert!(problem.contains("A secret must not stand in the file."), "{problem}");
    assert!(problem.contains("RAPPORT__INBOX__SHOP_SMS__SMS__AUTH_TOKEN"), "{problem}");
    let effective = format!("{:?} {:?}", loaded.effective, loaded.problems);
    assert!(!effective.contains("hunter2"), "{effective}");
}

#[test]
fn a_secret_shows_neither_in_the_effective_configuration_nor_in_debug_output() {
    let text =
        format!("[store]\nurl = \"postgres://shop:hunter2@db/rapport\"\n{INBOX}auth_tokn = \"hunter2\"\n");
    let loaded = load(&text, &[("RAPPORT__SECRET_KEY", "hunter2hunter2hunter2hunter2hunter2")]);
    let shown = format!("{:?} {:?}", loaded.effective, loaded.problems);
    assert!(!shown.contains("hunter2"), "{shown}");
    let config = valid(&text.replace("auth_tokn = \"hunter2\"\n", ""), &[]);
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn a_secret_is_read_from_a_file_and_a_missing_one_is_named() {
    let path = std::env::temp_dir().join(format!("rapport-secret-{}", std::process::id()));
    std::fs::write(&path, "from-file\n").unwrap();
    let reference = format!("{{ file = \"{}\" }}", path.display());
    valid(&INBOX.replace("{ env = \"TOKEN\" }", &reference), &[]);
    std::fs::remove_file(&path).unwrap();
    assert_problem(
        &INBOX.replace("{ env = \"TOKEN\" }", &reference),
        &["rapport.toml:8: inbox.shop-sms.sms.auth_token", "can't be read"],
    );
    assert_problem(&INBOX.replace("TOKEN", "NOT_SET"), &["The environment variable NOT_SET is not set."]);
}

#[test]
fn a_public_address_needs_a_secret_key_and_forbids_the_playground() {
    let text = "[server]\npublic_url = \"https://inbox.example.com\"\n[playground]\nenabled = true\n";
    assert_problem(text, &["secret_key: It is missing", "inbox.example.com"]);
    assert_problem(text, &["rapport.toml:4: playground.enabled", "everybody"]);
    let key = ("RAPPORT__SECRET_KEY", "0123456789abcdef0123456789abcdef");
    let config = valid("[server]\npublic_url = \"https://inbox.example.com\"\n", &[key]);
    assert!(!config.server.is_loopback());
}

#[test]
fn plain_http_on_a_public_address_is_noted_and_not_refused() {
    let text = "[server]\npublic_url = \"http://inbox.example.com\"\n";
    let loaded = load(text, &[("RAPPORT__SECRET_KEY", "0123456789abcdef0123456789abcdef")]);
    assert_eq!(loaded.problems.len(), 1);
    assert_eq!(loaded.problems[0].severity, Severity::Note);
    assert!(matches!(loaded.problems[0].origin, Origin::File { line: 2, .. }));
    assert!(loaded.into_config().is_ok());
}

#[test]
fn every_embedded_text_says_that_a_machine_wrote_and_that_a_person_answers() {
    let config = config::load(&Source::default()).into_config().unwrap();
    let languages: Vec<&str> = config.templates.languages().collect();
    assert_eq!(languages, ["de", "en", "es", "fr", "it", "nl", "pl", "pt"]);
    for language in languages {
        let template = config.templates.get(language).unwrap();
        let text = template.render_ack("Birkholt Outdoor");
        assert!(text.starts_with(&template.label), "{text}");
        assert!(text.ends_with(&template.person), "{text}");
        assert!(text.contains("Birkholt Outdoor") && !text.contains('{'), "{text}");
        assert!(text.chars().count() <= 134, "more than two SMS: {text}");
        let (before, after) = template.render_go_on("Birkholt Outdoor").unwrap();
        assert!(before.starts_with(&template.label), "{before}");
        assert!(
            after.contains("Birkholt Outdoor") && !before.contains('{') && !after.contains('{'),
            "{after}"
        );
    }
}

#[test]
fn a_text_that_promises_a_time_or_hides_the_machine_is_refused() {
    assert_problem(
        "[templates.en]\nack = \"{label}: we will answer shortly. {person}\"\n",
        &["rapport.toml:2: templates.en.ack: It says \"shortly\""],
    );
    assert_problem(
        "[templates.en]\nack = \"Thanks! {person}\"\n",
        &["rapport.toml:2: templates.en.ack: It lacks {label}."],
    );
    assert_problem(
        "[templates.de]\nack = \"{label} {persn} {person}\"\n",
        &["There is no variable {persn}. Did you mean \"person\"?"],
    );
    for (text, problem) in [
        ("Please go on in {place}.", "rapport.toml:2: templates.en.go_on: It lacks {label}."),
        ("{label}: please go on.", "It lacks {place}."),
        ("{label}: {place}, {place}", "It says {place} twice."),
        ("{label}: {place} {person}", "There is no variable {person}. Known are {label}, {place}, {brand}."),
        ("{label}: a refund waits in {place}", "It says \"refund\""),
    ] {
        assert_problem(&format!("[templates.en]\ngo_on = \"{text}\"\n"), &[problem]);
    }
    assert_problem("[templates.sv]\nack = \"{label} {person}\"\n", &["templates.sv.label: It is missing."]);
}

#[test]
fn a_name_that_no_address_and_no_variable_can_hold_is_refused() {
    for name in ["\"\"", "\"advice.shop\"", "Advice", "\"a b\"", "a__b"] {
        assert_problem(
            &format!("[team.{name}]\n"),
            &["rapport.toml:1: team.", "The name should be lower-case"],
        );
    }
}

#[test]
fn a_wrong_account_is_named_together_with_its_missing_secret() {
    let text =
        INBOX.replace("AC00000000000000000000000000000000", "AC1").replace("auth_token", "# auth_token");
    let found = problems(&text, &[]).join("\n");
    assert!(found.contains("sms.account_sid: This is no account SID"), "{found}");
    assert!(found.contains("sms.auth_token: It is missing"), "{found}");
}

#[test]
fn an_unknown_language_channel_or_number_of_an_inbox_is_refused() {
    assert_problem(
        &INBOX.replace("brand", "language = \"xx\"\nbrand"),
        &["There are no automatic texts in \"xx\"."],
    );
    assert_problem(
        &INBOX.replace("+4915550000001", "0155500000"),
        &["rapport.toml:5: inbox.shop-sms.addresses", "no phone number"],
    );
    assert_problem(
        &INBOX.replace("account_sid = \"AC00000000000000000000000000000000\"", "provider = \"acme\""),
        &["There is no SMS provider \"acme\"."],
    );
}

const BOT: &str = r#"
[inbox.bot]
brand = "shop"
zone = "Europe/Berlin"
addresses = ["@Shop_Bot"]
[inbox.bot.telegram]
token = { env = "BOT" }
"#;

/// What a bot's token looks like.
const BOT_TOKEN: (&str, &str) = ("BOT", "123456:AAF7-g0gYncWnm5IyfZlpPRqRRv6kNAGlao");

const DISCORD: &str = r#"
[inbox.chat]
brand = "shop"
zone = "Europe/Berlin"
addresses = ["175928847299117063"]
[inbox.chat.discord]
token = { env = "DISCORD" }
"#;

/// A pair of ours in `tests/tls`, made for these tests alone.
fn tls(cert: &str, key: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls");
    format!("[server]\ntls = {{ cert = \"{folder}/{cert}\", key = \"{folder}/{key}\" }}\n")
}

#[test]
fn a_certificate_that_can_t_be_served_is_refused_before_the_bridge_starts() {
    assert_eq!(problems(&tls("shop.pem", "shop.key"), &[]), Vec::<String>::new());
    let wanted = ["rapport.toml:2: server.tls.key", "other.key is not the key of the certificate in"];
    assert_problem(&tls("shop.pem", "other.key"), &wanted);
    let both = tls("shop.key", "shop.pem");
    assert_problem(&both, &["server.tls.cert", "shop.key holds no certificate in PEM form."]);
    assert_problem(&both, &["server.tls.key", "shop.pem holds no private key in PEM form."]);
    assert_problem(&tls("absent.pem", "shop.key"), &["server.tls.cert", "absent.pem can't be read"]);
}

#[test]
fn a_brand_that_is_almost_one_of_the_tables_is_noted_and_a_new_one_is_not() {
    let table = |name: &str| format!("[brand.{name}]\n{INBOX}");
    let notes = problems(&table("shpo"), &[]);
    assert_eq!(notes.len(), 2, "{notes:#?}");
    assert!(notes.iter().any(|note| note.starts_with(
        "note: rapport.toml:4: inbox.shop-sms.brand: There is no [brand.shop], so it is a brand of its own. \
         Did you mean \"shpo\"?"
    )));
    assert_eq!(problems(&table("shop"), &[]), Vec::<String>::new());
    assert!(!problems(&table("outdoor"), &[]).concat().contains("brand of its own"));
}

#[test]
fn a_brand_or_team_that_no_inbox_names_is_noted() {
    let text = format!("[brand.outdoor]\n[team.advice]\n{INBOX}");
    let notes = problems(&text, &[]);
    let wanted = [
        "note: rapport.toml:1: brand.outdoor: No inbox has this brand.",
        "note: rapport.toml:2: team.advice: No inbox names this team.",
    ];
    assert_eq!(notes.len(), 2, "{notes:#?}");
    assert!(notes.iter().zip(wanted).all(|(note, wanted)| note.starts_with(wanted)), "{notes:#?}");
    let named = text.replace("brand = \"shop\"", "brand = \"outdoor\"\nteams = [\"advice\"]");
    assert_eq!(problems(&named, &[]), Vec::<String>::new());
    assert_eq!(problems("[brand.outdoor]\n[team.advice]\n", &[]), Vec::<String>::new());
}

#[test]
fn a_password_in_the_stores_address_is_noted_wherever_it_stands() {
    for address in ["postgres://shop:hunter2@db/rapport", "postgres://shop@db/rapport?password=hunter2"] {
        let text = format!("[store]\nurl = \"{address}\"\n");
        let notes = problems(&text, &[]).join("\n");
        assert!(notes.starts_with("note: rapport.toml:2: store.url: It holds a password"), "{notes}");
        assert!(!notes.contains("hunter2"), "{notes}");
        let store = valid(&text, &[]).store.to_string();
        assert!(store.contains("db/rapport") && !store.contains("hunter2"), "{store}");
    }
    assert_eq!(problems("[store]\nurl = \"postgres://shop@db/rapport\"\n", &[]), Vec::<String>::new());
}

#[test]
fn a_file_that_is_no_text_is_named_by_its_line_with_what_to_do() {
    let path = std::env::temp_dir().join(format!("rapport-no-text-{}", std::process::id()));
    std::fs::write(&path, b"data_dir = \"data\"\n[team.a]\nname = \"Gr\xfc\xdfe\"\n").unwrap();
    let read = Source::read(Some(&path));
    std::fs::remove_file(&path).unwrap();
    let error = read.err().expect("it is refused").to_string();
    assert_eq!(error, "line 3 is not UTF-8. Save the file in the encoding UTF-8");
}

const MAILBOX: &str = r#"
[inbox.mail]
brand = "shop"
zone = "Europe/Berlin"
addresses = ["Support@Shop.example"]
[inbox.mail.email]
authserv_id = "mx.shop.example"
[inbox.mail.email.imap]
host = "imap.shop.example"
[inbox.mail.email.smtp]
host = "smtp.shop.example"
security = "starttls"
[inbox.mail.email.auth]
user = "support"
password = { env = "TOKEN" }
"#;

#[test]
fn a_key_that_is_too_short_is_refused_also_as_the_one_before() {
    let env = [
        ("RAPPORT__SECRET_KEY", "0123456789abcdef0123456789abcdef"),
        ("RAPPORT__PREVIOUS_SECRET_KEY", "short"),
    ];
    let found = problems("", &env);
    assert!(
        found.iter().any(|line| line.contains("previous_secret_key") && line.contains("32")),
        "{found:#?}"
    );
}
