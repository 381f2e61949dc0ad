//! A first start with a full mailbox: the bridge, beside a client that stores nothing and beside mbsync, which
//! writes each mail to a file of its own and syncs it.
//!
//! All three read the same mails of the same Dovecot over TLS, in turns within one run. The bridge has them when
//! they are in its database, found what they belong to included.

use std::{
    net::Ipv4Addr,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use rapport::clock::SystemClock;
use rapport_fakes::{
    mailserver::{MailServer, PASSWORD},
    tls::ROOT,
};
use rapport_model::Clock as _;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    Bench, bridge, letters,
    measure::{self, ms, number},
    reference::count::Reader,
    report::Row,
    testing::Fresh,
};

const USER: &str = "support@shop.example";
/// The least rate where the disk is quick.
const LEAST: f64 = 1000.0;
/// A disk is quick where an fsync takes less, in milliseconds.
const QUICK: f64 = 1.0;
/// How many times as quick as mbsync in any case.
const TIMES_MBSYNC: f64 = 3.0;
/// What the bridge may hold at its peak, in MiB.
const MOST_MEMORY: f64 = 120.0;
/// A start that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(3);
/// Where the root of the servers' certificates stands for who reads it from a file.
const ROOT_FILE: &str = "root.pem";

/// Measures a first start on SQLite.
pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let mails = bench.mails;
    println!("first start with {mails} mails in the mailbox: bridge, a plain fetch and mbsync in turns");
    let server = MailServer::start().await;
    let now = SystemClock.now().0 / 1000;
    let first = u64::try_from(now)? - u64::try_from(mails)?;
    server.fill(USER, first, (0..mails).map(|number| letters::letter(number, USER)));
    // Builds Dovecot's index and warms the files.
    let bytes = fetch(&server, mails).await?.0;
    println!("    {mails} mails, {:.1} kB each", number(bytes) / number(mails) / 1000.0);

    let (mut ours, mut plain, mut mbsync) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut memory: f64 = 0.0;
    for _ in 0..bench.turns {
        plain += fetch(&server, mails).await?.1;
        mbsync += synchronise(&server, mails)?;
        let (took, peak) = start(&server, mails).await?;
        ours += took;
        memory = memory.max(peak);
    }
    let rate = |took: Duration| number(mails * bench.turns) / took.as_secs_f64();
    let fsync = measure::fsync_p50(&crate::database::folder())?;
    let least = if ms(fsync) < QUICK { LEAST } else { 0.0 };
    let note = format!(
        "mbsync {:.0}, plain fetch {:.0} mails/s; fsync {:.2} ms",
        rate(mbsync),
        rate(plain),
        ms(fsync)
    );
    let row = Row::new("imap_sqlite_first_start_rate", rate(ours), "mails/s").of(rate(mbsync)).note(note);
    bench.report.add(row.at_least(least.max(TIMES_MBSYNC * rate(mbsync))));
    bench.report.add(Row::new("imap_plain_fetch_rate", rate(plain), "mails/s").note("nothing is stored"));
    let note = "each mail a file of its own, synced";
    bench.report.add(Row::new("imap_mbsync_rate", rate(mbsync), "mails/s").note(note));
    let row = Row::new("imap_sqlite_first_start_memory", memory, "MiB").at_most(MOST_MEMORY);
    bench.report.add(row.note("the most that the bridge held resident"));
    Ok(())
}

/// Starts a bridge that knows nothing yet, until it has all mails: how long, and what it held at its peak.
async fn start(server: &MailServer, mails: usize) -> anyhow::Result<(Duration, f64)> {
    let fresh = Fresh::sqlite();
    std::fs::write(fresh.folder.join(ROOT_FILE), ROOT)?;
    let began = Instant::now();
    let inbox = inbox(server, &fresh.folder);
    let process =
        bridge::of_inbox(&fresh.url, &fresh.folder, &inbox, &[("BENCH_PASSWORD", PASSWORD)]).await?;
    let mut reader = Reader::open(&fresh.url).await?;
    while !reader.is_complete("post").await? {
        ensure!(began.elapsed() < PATIENCE, "{} mails of {mails} came", reader.taken_in().await?);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = began.elapsed();
    let came = reader.taken_in().await?;
    ensure!(came == mails, "{came} mails of {mails} came");
    reader.close().await?;
    Ok((took, measure::peak(process.id())?))
}

/// The inbox as it is configured.
fn inbox(server: &MailServer, folder: &Path) -> String {
    let place = |name: &str, port: u16| {
        format!(
            "[inbox.post.email.{name}]\nhost = \"localhost\"\nport = {port}\nca = \"{}/{ROOT_FILE}\"\n",
            folder.display()
        )
    };
    format!(
        "[inbox.post]\nbrand = \"shop\"\nzone = \"Europe/Berlin\"\naddresses = [\"{USER}\"]\nteams = [\"advice\"]\n\
         [inbox.post.email]\nstart = 3\nauthserv_id = \"mx.shop.example\"\n\
         [inbox.post.email.auth]\nuser = \"{USER}\"\npassword = {{ env = \"BENCH_PASSWORD\" }}\n{}{}",
        place("imap", server.imaps_port()),
        place("smtp", server.submissions_port()),
    )
}

/// Fetches all mails and throws them away: how many bytes, and how long.
async fn fetch(server: &MailServer, mails: usize) -> anyhow::Result<(usize, Duration)> {
    let began = Instant::now();
    let mut imap = connect(server).await?;
    let mut line = String::new();
    imap.read_line(&mut line).await?;
    for (tag, command) in [("a ", format!("LOGIN {USER} {PASSWORD}")), ("b ", "SELECT INBOX".to_owned())] {
        say(&mut imap, tag, &command).await?;
        while !line.starts_with(tag) {
            line.clear();
            ensure!(imap.read_line(&mut line).await? > 0, "the server closed");
        }
        ensure!(line[tag.len()..].starts_with("OK"), "{line}");
    }
    say(&mut imap, "c ", "UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])").await?;
    let (mut count, mut bytes) = (0, 0);
    loop {
        line.clear();
        ensure!(imap.read_line(&mut line).await? > 0, "the server closed");
        if line.starts_with("c ") {
            break;
        }
        // A literal (RFC 3501 section 4.3): its length ends the line, its bytes follow.
        let length = line.trim_end().strip_suffix('}').and_then(|line| line.rsplit_once('{')?.1.parse().ok());
        if let Some(length) = length {
            let copied = tokio::io::copy(&mut (&mut imap).take(length), &mut tokio::io::sink()).await?;
            bytes += usize::try_from(copied)?;
            count += 1;
        }
    }
    ensure!(count == mails, "{count} mails of {mails} were fetched");
    Ok((bytes, began.elapsed()))
}

async fn connect(server: &MailServer) -> anyhow::Result<BufReader<TlsStream<TcpStream>>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ROOT.as_bytes())?)?;
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.imaps_port())).await?;
    let stream =
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost")?, stream).await?;
    Ok(BufReader::with_capacity(64 * 1024, stream))
}

async fn say(imap: &mut BufReader<TlsStream<TcpStream>>, tag: &str, command: &str) -> anyhow::Result<()> {
    imap.write_all(format!("{tag}{command}\r\n").as_bytes()).await?;
    Ok(imap.flush().await?)
}

/// Lets mbsync copy all mails into an empty Maildir: how long it takes.
fn synchronise(server: &MailServer, mails: usize) -> anyhow::Result<Duration> {
    let fresh = Fresh::sqlite();
    let folder = fresh.folder.display();
    std::fs::write(fresh.folder.join(ROOT_FILE), ROOT)?;
    let text = format!(
        "FSync yes\nSyncState *\n\
         IMAPAccount shop\nHost localhost\nPort {}\nUser {USER}\nPass {PASSWORD}\nSSLType IMAPS\n\
         CertificateFile {folder}/{ROOT_FILE}\n\
         IMAPStore far\nAccount shop\n\
         MaildirStore near\nPath {folder}/\nInbox {folder}/INBOX\n\
         Channel all\nFar :far:INBOX\nNear :near:INBOX\nSync Pull\nCreate Near\n",
        server.imaps_port()
    );
    let file = fresh.folder.join("mbsyncrc");
    // The blank lines end each section.
    let text = ["IMAPAccount", "IMAPStore", "MaildirStore", "Channel"]
        .iter()
        .fold(text, |text, section| text.replace(&format!("\n{section} "), &format!("\n\n{section} ")));
    std::fs::write(&file, text)?;
    let mut command = Command::new("mbsync");
    command.arg("-q").arg("-c").arg(&file).arg("all").stdin(Stdio::null());
    let began = Instant::now();
    let status = command.status().context("mbsync is missing (Debian: apt-get install isync)")?;
    let took = began.elapsed();
    ensure!(status.success(), "mbsync failed: {status}");
    let count = ["new", "cur"]
        .iter()
        .map(|name| Ok(std::fs::read_dir(fresh.folder.join("INBOX").join(name))?.count()));
    let count: usize = count.sum::<anyhow::Result<usize>>()?;
    ensure!(count == mails, "mbsync brought {count} mails of {mails}");
    Ok(took)
}
