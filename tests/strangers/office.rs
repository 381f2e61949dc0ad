//! A running bridge with three inboxes that read one pretended mailbox, and an associate.

use std::{collections::BTreeMap, str::FromStr as _, sync::Arc, time::Duration};

use rapport::{
    config::{self, Source},
    server::Server,
    store::{NewAssociate, Role},
};
use rapport_fakes::{
    imap::{FakeImap, FakeImapConfig},
    smtp::{AcceptedMail, FakeSmtp, FakeSmtpConfig, Privacy},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, PgPool, Row as _, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use crate::{
    letter::{Letter, SERVER},
    testing::{Fresh, ManualClock},
};

/// What signs tokens here.
pub(crate) const KEY: &str = "the key that is in force, of enough bytes";
/// Something that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(4);

pub(crate) struct Office {
    server: Server,
    pub(crate) clock: Arc<ManualClock>,
    imap: FakeImap,
    pub(crate) smtp: FakeSmtp,
    http: reqwest::Client,
    cookie: String,
    books: Books,
    domain: String,
    sentinels: usize,
    _fresh: Fresh,
}

/// A look into the database, beside the bridge.
enum Books {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Office {
    /// Inboxes: `support` and `orders` of the brand "shop", `club` of another; each reads the folder of its
    /// name and has that name at the domain as its address.
    pub(crate) async fn open(fresh: Fresh, domain: &str) -> Self {
        Self::open_with(fresh, domain, "").await
    }

    /// The same with tables of the caller's in its configuration.
    pub(crate) async fn open_with(fresh: Fresh, domain: &str, more: &str) -> Self {
        let clock = Arc::new(ManualClock::default());
        let login = ("office".to_owned(), "a password".to_owned());
        let config = FakeImapConfig { privacy: Privacy::None, login, ..FakeImapConfig::new(clock.clone()) };
        let imap = FakeImap::start(config).await.unwrap();
        let config = FakeSmtpConfig { privacy: Privacy::None, ..FakeSmtpConfig::default() };
        let smtp = FakeSmtp::start(config).await.unwrap();
        let mut text = format!(
            "data_dir = \"{}\"\nsecret_key = {{ env = \"MAIL_KEY\" }}\n[server]\nlisten = \"127.0.0.1:0\"\n\
             [queue]\nundo_seconds = 0\n{more}",
            fresh.folder.display()
        );
        for (inbox, brand) in [("support", "shop"), ("orders", "shop"), ("club", "club")] {
            imap.create(inbox);
            let tables = format!(
                "[inbox.{inbox}]\nbrand = \"{brand}\"\nzone = \"Europe/Berlin\"\naddresses = [\"{inbox}@{domain}\"]\n\
                 [inbox.{inbox}.email]\nauthserv_id = \"{SERVER}\"\nplus_addressing = true\nstart = 3\nfolders = [\"{inbox}\"]\n\
                 [inbox.{inbox}.email.imap]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
                 [inbox.{inbox}.email.smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
                 [inbox.{inbox}.email.auth]\nuser = \"office\"\npassword = {{ env = \"MAIL_PASSWORD\" }}\n",
                imap.port(),
                smtp.port(),
            );
            text.push_str(&tables);
        }
        let env =
            [("RAPPORT__STORE__URL", fresh.url.as_str()), ("MAIL_KEY", KEY), ("MAIL_PASSWORD", "a password")];
        let env: BTreeMap<String, String> =
            env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let loaded = config::load(&Source { file: Some(("office.toml".to_owned(), text)), env });
        let server = Server::start(loaded.into_config().unwrap(), clock.clone()).await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "a browser of the tests, not of the bridge")]
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        let books = Books::open(&fresh.url).await;
        let mut office = Self {
            server,
            clock,
            imap,
            smtp,
            http,
            cookie: String::new(),
            books,
            domain: domain.to_owned(),
            sentinels: 0,
            _fresh: fresh,
        };
        office.sign_in().await;
        office
    }

    async fn sign_in(&mut self) {
        let new = NewAssociate {
            name: "Ada".to_owned(),
            email: "ada@shop.example".to_owned(),
            role: Role::Admin,
            teams: Vec::new(),
        };
        let token = self.server.engine().store().insert_associate(None, new).await.unwrap().token;
        let path = format!("/api/v1/invitations/{}", token.expose());
        let request = self.request(Method::POST, &path).json(&json!({"password": "a password for tests"}));
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        let cookies = answer.headers().get_all("set-cookie").iter();
        let cookies: Vec<&str> = cookies.map(|c| c.to_str().unwrap().split(';').next().unwrap()).collect();
        self.cookie = cookies.join("; ");
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.server.address());
        self.http.request(method, url).header("x-rapport-csrf", "1").header("cookie", &self.cookie)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.request(Method::GET, path).send().await.unwrap().json().await.unwrap()
    }

    /// A mail comes into the mailbox of an inbox; gives its place there.
    pub(crate) fn deliver(&self, inbox: &str, raw: impl Into<Vec<u8>>) -> (String, u32) {
        (inbox.to_owned(), self.imap.deliver(inbox, raw))
    }

    /// Lets time pass, and tells the bridge that it did.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.server.engine().store().nudge();
    }

    /// Waits until all that was delivered is stored, what the bot had to decide is decided, and what was
    /// written has left.
    pub(crate) async fn settle(&mut self) {
        // Mails are stored in their order: behind the last one of an inbox nothing is left of it.
        for inbox in ["support", "orders", "club"] {
            self.sentinels += 1;
            let (number, from) = (self.sentinels, "list@lists.example");
            let name = format!("sentinel-{number}@lists.example");
            let letter = Letter::proven(from, &format!("{inbox}@{}", self.domain), &name, "Nothing new.");
            self.deliver(
                inbox,
                letter.with("List-Id", "<news.lists.example>").with("Precedence", "list").bytes(),
            );
            let sql = "SELECT name FROM letters WHERE name LIKE 'sentinel-%'";
            self.until(&name, sql, |names| names.contains(&name)).await;
        }
        let sql = "SELECT key FROM jobs WHERE done_at IS NULL AND kind = 'ack'";
        self.until("the bot has decided", sql, <[_]>::is_empty).await;
        let sql = "SELECT id FROM outbox WHERE state IN ('queued', 'sending')";
        self.until("all has left", sql, <[_]>::is_empty).await;
    }

    async fn until(&self, what: &str, sql: &str, holds: impl Fn(&[String]) -> bool) {
        let waiting = async {
            while !holds(&self.list(sql).await) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "it never came to this: {what}");
    }

    /// The first column, text, of every row.
    pub(crate) async fn list(&self, sql: &str) -> Vec<String> {
        self.books.rows(sql, |row| row[0].clone()).await
    }

    /// Two columns, text, of every row.
    pub(crate) async fn pairs(&self, sql: &str) -> BTreeMap<String, String> {
        self.books.rows(sql, |row| (row[0].clone(), row[1].clone())).await.into_iter().collect()
    }

    /// The associate answers in a conversation, with copies to these.
    pub(crate) async fn reply(&self, conversation: &str, text: &str, cc: &[&str]) -> StatusCode {
        let path = format!("/api/v1/conversations/{conversation}");
        let seen = self.get(&path).await["conversation"]["position"].clone();
        let body = json!({"text": text, "seen_position": seen, "cc": cc});
        let request = self.request(Method::POST, &format!("{path}/replies"));
        let request = request.header("idempotency-key", uuid::Uuid::new_v4().to_string());
        request.json(&body).send().await.unwrap().status()
    }

    /// What left, oldest first.
    pub(crate) fn sent(&self) -> Vec<AcceptedMail> {
        self.smtp.accepted()
    }
}

impl Books {
    async fn open(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url).unwrap().busy_timeout(Duration::from_secs(20));
            Self::Sqlite(SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap())
        } else {
            Self::Postgres(PgPoolOptions::new().max_connections(1).connect(url).await.unwrap())
        }
    }

    async fn rows<T>(&self, sql: &str, of: impl Fn(Vec<String>) -> T) -> Vec<T> {
        let query = AssertSqlSafe(sql.to_owned());
        let all: Vec<Vec<String>> = match self {
            Self::Sqlite(pool) => {
                let rows = sqlx::query(query).fetch_all(pool).await.unwrap();
                rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
            }
            Self::Postgres(pool) => {
                let rows = sqlx::query(query).fetch_all(pool).await.unwrap();
                rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
            }
        };
        all.into_iter().map(of).collect()
    }
}

/// What a mail says of itself as an automatic one.
pub(crate) fn is_automatic(mail: &AcceptedMail) -> bool {
    mail.header("Auto-Submitted").is_some_and(|value| value != "no")
}
