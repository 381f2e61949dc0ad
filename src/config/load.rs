//! The one path by which a configuration comes in: defaults, then the file, then the environment.
//!
//! A later layer wins key by key; settings that a page writes to the store will come between the
//! defaults and the file, so that what is written down by hand wins. All problems are gathered.
//! Rules that join several keys stand in `check`.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use super::{
    check, env,
    inbox::{read_brands, read_inboxes, read_teams},
    model::{Config, Limits, Log, LogFormat, Playground, Queue, Retention, Server},
    problem::{Origin, Problem, Refused, Severity},
    reader::{Report, Section},
    routing, store_url,
    template::Templates,
    tls,
    tree::{self, Table},
};

/// The defaults: a file that a person can read, start from, and that is read like any other.
pub const EXAMPLE: &str = include_str!("../../config/rapport.example.toml");

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

/// Where a configuration comes from.
#[derive(Clone, Default)]
pub struct Source {
    /// The file, as the person named it, and its text.
    pub file: Option<(String, String)>,
    /// The environment.
    pub env: BTreeMap<String, String>,
}

impl Source {
    /// Reads `path`, where one is given, and the environment of this process.
    pub fn read(path: Option<&std::path::Path>) -> std::io::Result<Self> {
        let file = match path {
            Some(path) => Some((path.display().to_string(), text(std::fs::read(path)?)?)),
            None => None,
        };
        // A variable that is not UTF-8 can't be one of ours.
        let env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Ok(Self { file, env })
    }
}

/// The file's text; what is none is named by its line.
fn text(bytes: Vec<u8>) -> std::io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.split(|byte| *byte == b'\n').count();
        let reason = format!("line {line} is not UTF-8. Save the file in the encoding UTF-8");
        std::io::Error::new(std::io::ErrorKind::InvalidData, reason)
    })
}

/// A configuration as it was read, whether it can be used or not.
pub struct Loaded {
    config: Config,
    /// Everything that is wrong, in the order of the file.
    pub problems: Vec<Problem>,
    /// Every key with its value, as a person may see it, and its origin.
    pub effective: Vec<Effective>,
}

/// One key of the configuration in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The whole path of the key.
    pub key: String,
    /// Its value as TOML, or a stand-in where it is a secret.
    pub value: String,
    /// Where it was written.
    pub origin: Origin,
}

impl Loaded {
    /// The configuration, unless a problem refuses it.
    pub fn into_config(self) -> Result<Config, Refused> {
        let refuses = |problem: &Problem| problem.severity == Severity::Refused;
        if self.problems.iter().any(refuses) { Err(Refused(self.problems)) } else { Ok(self.config) }
    }
}

/// Reads everything and reports everything; touches nothing but the files that it names.
pub fn load(source: &Source) -> Loaded {
    let mut problems = Vec::new();
    let mut tree = tree::parse(EXAMPLE, None, &mut problems);
    if let Some((path, text)) = &source.file {
        let layer = tree::parse(text, Some(path), &mut problems);
        tree::merge(&mut tree, layer);
    }
    let vars: Vec<(String, String)> = source.env.clone().into_iter().collect();
    env::overlay(&mut tree, &vars);
    // After a syntax error the tree has holes: what it seems to lack is not worth a report.
    let is_toml = problems.is_empty();
    let report = Report { problems: problems.into(), shown: BTreeMap::new().into(), env: source.env.clone() };
    let config = read(&tree, &report);
    let mut problems = report.problems.into_inner();
    if !is_toml {
        problems.retain(|problem| problem.key.is_empty());
    }
    problems.sort_by_key(|problem| match &problem.origin {
        Origin::File { line, .. } => (0, *line),
        Origin::Env(_) => (1, 0),
        Origin::Default => (2, 0),
    });
    // A section that is read twice says twice that it is no table.
    problems.dedup();
    let effective = report
        .shown
        .into_inner()
        .into_iter()
        .map(|(key, (value, origin))| Effective { key, value, origin })
        .collect();
    Loaded { config, problems, effective }
}

fn read(tree: &Table, report: &Report) -> Config {
    let root = Section::root(tree, report);
    let data_dir = root.text("data_dir");
    if data_dir.as_deref() == Some("") {
        root.refuse("data_dir", "It is empty.", "Write the path of a folder.");
    }
    let data_dir = PathBuf::from(data_dir.unwrap_or_default());
    let playground = read_playground(&root.section("playground"));
    let templates = Templates::read(&root);
    let teams = read_teams(&root);
    let mut brands = read_brands(&root);
    let inboxes = read_inboxes(&root, &teams, &mut brands, &templates, playground.enabled);
    let store = root.section("store");
    let bot = root.section("bot");
    let config = Config {
        secret_key: root.secret("secret_key"),
        previous_secret_key: root.secret("previous_secret_key"),
        server: read_server(&root.section("server")),
        store: store_url::read(&store, &data_dir),
        queue: read_queue(&root.section("queue")),
        routing: routing::read(&root.section("routing"), &teams, &brands, &inboxes),
        bot_enabled: bot.flag("enabled").unwrap_or(true),
        retention: read_retention(&root.section("retention")),
        limits: read_limits(&root.section("limits")),
        log: read_log(&root.section("log")),
        data_dir,
        teams,
        brands,
        inboxes,
        templates,
        playground,
    };
    store.finish();
    bot.finish();
    root.finish();
    check::whole(&config, &root);
    config
}

fn read_server(section: &Section<'_>) -> Server {
    let wanted = "an address with a port, such as \"127.0.0.1:8080\"";
    let listen = section.parsed("listen", wanted);
    let public_url = section
        .has("public_url")
        .then(|| section.text("public_url"))
        .flatten()
        .filter(|text| !text.is_empty())
        .and_then(|text| check::public_url(section, &text));
    let trusted_proxies =
        section.list("trusted_proxies").iter().filter_map(|text| check::network(section, text)).collect();
    let tls = tls::read(&section.section("tls"));

    section.finish();
    Server {
        listen: listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))),
        public_url,
        tls,
        trusted_proxies,
    }
}

fn read_queue(section: &Section<'_>) -> Queue {
    let queue = Queue {
        reply_within: seconds(section.number("reply_within_minutes", 1, 43_200), MINUTE),
        undo: seconds(section.number("undo_seconds", 0, 60), 1),
        reopen_within: seconds(section.number("reopen_within_days", 0, 3_650), DAY),
    };
    section.finish();
    queue
}

fn read_retention(section: &Section<'_>) -> Retention {
    let retention = Retention {
        raw: seconds(section.number("raw_days", 1, 36_500), DAY),
        events: seconds(section.number("events_days", 2, 36_500), DAY),
    };
    section.finish();
    retention
}

fn read_limits(section: &Section<'_>) -> Limits {
    let bytes = |number: Option<u32>, unit: usize| {
        usize::try_from(number.unwrap_or_default()).unwrap_or_default() * unit
    };
    let limits = Limits {
        attachment: bytes(section.number("attachment_mib", 1, 1_024), 1 << 20),
        webhook: bytes(section.number("webhook_kib", 16, 65_536), 1 << 10),
        request: bytes(section.number("request_kib", 16, 65_536), 1 << 10),
    };
    section.finish();
    limits
}

fn read_log(section: &Section<'_>) -> Log {
    let format = match section.text("format").as_deref() {
        Some("json") => LogFormat::Json,
        Some("text") | None => LogFormat::Text,
        Some(other) => {
            let reason = format!("There is no format \"{other}\".");
            section.refuse("format", reason, "Write \"text\" or \"json\".");
            LogFormat::Text
        }
    };
    let filter = section.text("filter").unwrap_or_default();
    if let Err(error) = tracing_subscriber::EnvFilter::builder().parse(&filter) {
        let reason = format!("It is not a filter: {error}.");
        section.refuse("filter", reason, "Write \"info\", for example.");
    }
    section.finish();
    Log { format, filter }
}

fn read_playground(section: &Section<'_>) -> Playground {
    let enabled = section.flag("enabled").unwrap_or(false);
    let names = section.list("associates");
    let associates = names.try_into().unwrap_or_else(|names: Vec<String>| {
        let reason = format!("It names {} associates.", names.len());
        section.refuse("associates", reason, "The playground has two: name both.");
        [String::new(), String::new()]
    });
    section.finish();
    Playground { enabled, associates }
}

fn seconds(number: Option<u32>, unit: u64) -> Duration {
    Duration::from_secs(u64::from(number.unwrap_or_default()) * unit)
}
