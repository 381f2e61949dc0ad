//! `[inbox.ID.email]`: a mailbox.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use rapport_email::{
    Auth, EmailConnector, EmailSettings, Relay, Security, Server, Start, address::canonical,
};

use rapport_model::Address;
use rapport_sdk::{Connector, ConnectorError};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use url::Url;

use super::{Account, Bridge, ProvidedMailServer, Surroundings};
use crate::config::{Inbox, Section};

/// How often a folder is looked at where the server can't tell of news.
const POLL: Duration = Duration::from_mins(1);
/// The longest mail that is read whole, in MiB: what the large providers carry.
const LARGEST_MAIL: u32 = 50;
/// What leaves with one mail: larger ones are refused by many servers, and encoding adds a third.
const LARGEST_FILES: u32 = 18;

/// `[inbox.ID.email]`
#[derive(Debug, Clone)]
pub struct EmailAccount {
    servers: Option<Servers>,
    folders: Vec<String>,
    sent_folder: Option<String>,
    append_sent: bool,
    start: Start,
    authserv_id: Option<String>,
    plus_addressing: bool,
    relays: Vec<Relay>,
    largest_mail: u64,
    largest_files: u64,
}

#[derive(Debug, Clone)]
struct Servers {
    imap: Server,
    smtp: Server,
    auth: Auth,
}

impl EmailAccount {
    /// Whether the playground is to provide the account.
    pub(super) fn is_provided(&self) -> bool {
        self.servers.is_none()
    }

    pub(super) fn connect(
        &self,
        inbox: &Inbox,
        all: &[Inbox],
        bridge: &Bridge<'_>,
    ) -> Result<Option<Arc<dyn Connector>>, ConnectorError> {
        let provided = bridge.provided.and_then(|provided| provided.email.get(&inbox.id));
        let provided = provided.filter(|_| self.is_provided());
        let servers = self.servers.clone().or_else(|| Some(provided_servers(provided?, inbox)));
        let Some(servers) = servers else { return Ok(None) };
        let ours = |inbox: &Inbox| matches!(inbox.account, Account::Email(_));
        let others = all.iter().filter(|other| other.id != inbox.id && ours(other));
        let settings = EmailSettings {
            inbox: inbox.id.clone(),
            name: Some(inbox.name.clone()),
            addresses: inbox.addresses.clone(),
            elsewhere: others.flat_map(|other| other.addresses.iter().cloned()).collect(),
            imap: servers.imap,
            smtp: servers.smtp,
            auth: servers.auth,
            folders: self.folders.clone(),
            sent_folder: self.sent_folder.clone(),
            append_sent: self.append_sent,
            start: self.start,
            authserv_id: self.authserv_id.clone().or_else(|| Some(provided?.authserv_id.clone())),
            plus_addressing: self.plus_addressing,
            relays: self.relays.clone(),
            token_keys: bridge.keys.to_vec(),
            largest_mail: self.largest_mail,
            largest_files: self.largest_files,
            poll_interval: POLL,
        };
        let connector = EmailConnector::new(settings)
            .map_err(|error| ConnectorError::Misconfigured { reason: error.to_string() })?;
        Ok(Some(Arc::new(connector)))
    }
}

/// One of our own addresses; what is none was refused when it was read.
pub(super) fn own_address(text: &str) -> Address {
    canonical(text).unwrap_or_else(|| Address::new(text))
}

fn provided_servers(provided: &ProvidedMailServer, inbox: &Inbox) -> Servers {
    let server = |port| Server { host: "127.0.0.1".to_owned(), port, security: Security::None, roots: None };
    let user = inbox.addresses.first().map(|address| address.expose().to_owned()).unwrap_or_default();
    Servers {
        imap: server(provided.imap_port),
        smtp: server(provided.smtp_port),
        auth: Auth::Password { user, password: provided.password.clone() },
    }
}

pub(super) fn read(section: &Section<'_>, around: &Surroundings<'_>) -> Account {
    for address in around.addresses.iter().filter(|address| canonical(address).is_none()) {
        let reason = format!("\"{address}\" is no e-mail address.");
        around.inbox.refuse("addresses", reason, "Write one such as \"support@shop.example\".");
    }
    let bare = !section.has("imap") && !section.has("smtp") && !section.has("auth");
    let (imap, smtp, auth) = (section.section("imap"), section.section("smtp"), section.section("auth"));
    let servers = if bare && around.playground {
        None
    } else {
        let imap = read_server(section, &imap, "imap", (993, 143));
        let smtp = read_server(section, &smtp, "smtp", (465, 587));
        let auth = read_auth(section, &auth);
        imap.zip(smtp).zip(auth).map(|((imap, smtp), auth)| Servers { imap, smtp, auth })
    };
    for table in [imap, smtp, auth] {
        table.finish();
    }
    let folders = section.list_or("folders", &["INBOX"]);
    if folders.is_empty() {
        section.refuse("folders", "No folder is read.", "Write folders = [\"INBOX\"].");
    }
    let sent_folder = section.text("sent_folder").filter(|folder| !folder.is_empty());
    let append_sent = section.flag_or("append_sent", false);
    if append_sent && sent_folder.is_none() {
        section.refuse(
            "append_sent",
            "There is no folder to put replies into.",
            "Add sent_folder = \"Sent\".",
        );
    }
    if sent_folder.as_ref().is_some_and(|sent| folders.contains(sent)) {
        section.refuse("sent_folder", "This folder is among folders too.", "Leave it out there.");
    }
    let account = EmailAccount {
        servers,
        folders,
        sent_folder,
        append_sent,
        start: read_start(section),
        authserv_id: read_authserv_id(section, bare && around.playground),
        plus_addressing: section.flag_or("plus_addressing", false),
        relays: section.named("relays").iter().filter_map(read_relay).collect(),
        largest_mail: u64::from(section.number_or("largest_mail_mib", LARGEST_MAIL, 1, 200)) << 20,
        largest_files: u64::from(section.number_or("largest_files_mib", LARGEST_FILES, 1, 100)) << 20,
    };
    Account::Email(Box::new(account))
}

/// `ports`: the usual one with TLS from the first byte, and the one with STARTTLS.
fn read_server(
    above: &Section<'_>,
    section: &Section<'_>,
    name: &'static str,
    ports: (u16, u16),
) -> Option<Server> {
    if !section.is_present() {
        above.missing(name, &format!("[{}] with host = \"mail.shop.example\".", above.path_of(name)));
        return None;
    }
    if !section.has("host") {
        section.missing("host", "host = \"mail.shop.example\".");
    }
    let host = section.text("host").map(|host| host.trim().to_owned()).filter(|host| !host.is_empty());
    let security = match section.text_or("security", "tls").as_str() {
        "tls" => Security::Tls,
        "starttls" => Security::StartTls,
        "none" => {
            if host.as_deref().is_some_and(|host| !is_this_machine(host)) {
                let reason = "Without TLS passwords and mail could be read on the way.";
                section.refuse("security", reason, "Write \"tls\" or \"starttls\".");
            }
            Security::None
        }
        other => {
            let reason = format!("There is no security \"{other}\".");
            section.refuse("security", reason, "Write \"tls\" or \"starttls\".");
            Security::Tls
        }
    };
    let usual = if security == Security::Tls { ports.0 } else { ports.1 };
    let port = section.number_or("port", usual.into(), 1, u16::MAX.into());
    let roots = section.text("ca").and_then(|path| read_roots(section, &path));
    Some(Server { host: host?, port: u16::try_from(port).unwrap_or(usual), security, roots })
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The certificates of a server's own authority.
fn read_roots(section: &Section<'_>, path: &str) -> Option<String> {
    let text = match fs::read_to_string(PathBuf::from(path)) {
        Ok(text) => text,
        Err(error) => {
            section.refuse("ca", format!("{path} can't be read: {error}."), "");
            return None;
        }
    };
    let mut found = CertificateDer::pem_slice_iter(text.as_bytes());
    if !matches!(found.next(), Some(Ok(_))) {
        section.refuse("ca", format!("{path} holds no certificate in PEM."), "");
        return None;
    }
    Some(text)
}

fn read_auth(above: &Section<'_>, section: &Section<'_>) -> Option<Auth> {
    if !section.is_present() {
        let example = "with user and password, or with the keys of XOAUTH2.";
        above.missing("auth", &format!("[{}] {example}", above.path_of("auth")));
        return None;
    }
    if !section.has("user") {
        section.missing("user", "user = \"support@shop.example\".");
    }
    let user = section.text("user").filter(|user| !user.trim().is_empty());
    let password = section.secret("password");
    let (client_secret, refresh_token) = (section.secret("client_secret"), section.secret("refresh_token"));
    let token_url: Option<Url> =
        section.parsed("token_url", "an address such as \"https://login.example/token\"");
    let (client_id, scope) = (section.text("client_id"), section.text("scope"));
    let with_token = section.has("token_url") || section.has("client_id");
    if section.has("password") {
        if with_token {
            section.refuse("password", "There are a password and the keys of XOAUTH2.", "Keep one of them.");
        }
        return Some(Auth::Password { user: user?, password: password? });
    }
    if !with_token {
        section.missing("password", "password = { env = \"MAIL_PASSWORD\" }.");
        return None;
    }
    if !section.has("token_url") {
        section.missing("token_url", "the address at which the provider gives access tokens.");
    }
    if token_url
        .as_ref()
        .is_some_and(|url| url.scheme() != "https" && !url.host_str().is_some_and(is_this_machine))
    {
        section.refuse("token_url", "It has no TLS.", "Write an address that begins with https.");
    }
    if !section.has("client_id") {
        section.missing("client_id", "the application's id at the provider.");
    }
    if !section.has("refresh_token") && !section.has("client_secret") {
        section
            .missing("refresh_token", "refresh_token = { env = \"MAIL_REFRESH_TOKEN\" }, or client_secret.");
    }
    Some(Auth::XOAuth2 {
        user: user?,
        token_url: token_url?,
        client_id: client_id?,
        client_secret,
        refresh_token,
        scope,
    })
}

/// `"now"`, or a number of days.
fn read_start(section: &Section<'_>) -> Start {
    if section.is_text("start", "now") {
        return Start::Now;
    }
    match section.number("start", 0, 36_500) {
        Some(0) => Start::Now,
        Some(days) => Start::Days(days),
        None => {
            section.note("start", "It is \"now\", or how many days back mail is read at first.", "");
            Start::Now
        }
    }
}

/// `provided`: the playground's server says its own.
fn read_authserv_id(section: &Section<'_>, provided: bool) -> Option<String> {
    let id = section.text("authserv_id").map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
    if id.is_none() && !provided {
        section.note(
            "authserv_id",
            "Without it no sender is ever proven, so known customers are shown as unverified.",
            "Write the name that stands first in the Authentication-Results of a mail in this mailbox.",
        );
    }
    id
}

fn read_relay(section: &Section<'_>) -> Option<Relay> {
    if !section.has("sender") {
        section.missing("sender", "sender = \"form@shop.example\".");
    }
    let written = section.text("sender");
    let sender = written.as_deref().and_then(canonical);
    if let (Some(written), None) = (&written, &sender) {
        section.refuse("sender", format!("\"{written}\" is no e-mail address."), "");
    }
    let marker = section.text("marker").filter(|marker| !marker.trim().is_empty());
    section.finish();
    Some(Relay { sender: sender?, marker })
}
