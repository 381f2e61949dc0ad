//! What reading a mail costs: over the mails that it is tested with, and over a mebibyte each of what was made
//! to be slow. One thread: more cores read as many mails more.

use std::{
    hint::black_box,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::ensure;
use rapport_email::reading::{Ourselves, read};

use crate::{
    Bench,
    measure::{Times, ms, number},
    report::Row,
};

/// The least number of mails a second.
const LEAST: f64 = 5000.0;
/// How long one made to be slow may take, in milliseconds.
const MOST: f64 = 100.0;
/// How large it is.
const SIZE: usize = 1024 * 1024;
/// How often each of these is read; the median counts.
const ROUNDS: usize = 5;

/// Measures reading.
pub(crate) fn run(bench: &mut Bench) -> anyhow::Result<()> {
    println!("reading mails, one thread");
    let mails = mails()?;
    let us = Ourselves { addresses: vec!["support@harbourlane.example".to_owned()] };
    let (mut count, mut took) = (0, Duration::ZERO);
    while took < bench.turn {
        let began = Instant::now();
        for mail in &mails {
            black_box(read(black_box(mail), &us));
        }
        took += began.elapsed();
        count += mails.len();
    }
    let bytes: usize = mails.iter().map(Vec::len).sum();
    let note = format!(
        "{} mails, {:.1} kB each, in turns",
        mails.len(),
        number(bytes) / number(mails.len()) / 1000.0
    );
    let rate = number(count) / took.as_secs_f64();
    bench.report.add(Row::new("read_mails_rate", rate, "mails/s").at_least(LEAST).note(note));

    let mut slowest = (Duration::ZERO, "");
    let all = slow();
    for (name, mail) in &all {
        let mut times = Times::default();
        for _ in 0..ROUNDS {
            let began = Instant::now();
            black_box(read(black_box(mail), &us));
            times.push(began.elapsed());
            if ms(times.p50()) > 10.0 * MOST {
                break;
            }
        }
        if ms(times.p50()) > MOST {
            println!("    {name}: {:.0} ms", ms(times.p50()));
        }
        slowest = slowest.max((times.p50(), name));
    }
    let note = format!("the slowest of {}, 1 MiB each: {}", all.len(), slowest.1);
    bench.report.add(Row::ms("read_slowest", slowest.0).at_most(MOST).note(note));
    Ok(())
}

fn mails() -> anyhow::Result<Vec<Vec<u8>>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("connectors/email/tests/mails");
    let mut mails = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            mails.push(std::fs::read(path)?);
        }
    }
    ensure!(!mails.is_empty(), "there are no mails to read");
    Ok(mails)
}

/// What is repeated until it fills a mebibyte: in a plain text, in HTML, in the header, between parts.
fn slow() -> Vec<(&'static str, Vec<u8>)> {
    const TEXTS: [(&str, &str); 16] = [
        ("one line", "a"),
        ("one word after the other", "a "),
        ("spaces", " "),
        ("empty lines", "\r\n"),
        ("signs of quotes in one line", ">"),
        ("signs of quotes, line by line", "> > > > > > > > >\r\n"),
        ("quotes and answers in turns", "> a\r\nb\r\n"),
        ("attributions without an end", "On Mon, 23 Nov 2026 at 10:00, A <a@b.example>\r\n"),
        ("attributions", "On Mon, 23 Nov 2026, A <a@b.example> wrote:\r\n"),
        ("attributions in one line", "On Mon Am Le El Il wrote schrieb a écrit: "),
        ("delimiters of signatures", "-- \r\na\r\n"),
        ("delimiters of originals", "-----Original Message-----\r\n"),
        ("header blocks", "From: A\r\nSent: Monday\r\nTo: B\r\nSubject: C\r\n\r\n"),
        ("rules", "________________________________\r\n"),
        ("what follows a phone", "Sent from my \r\n"),
        ("marks without letters", "\u{301}\u{200d}\u{fe0f}\u{202e}"),
    ];
    const HTML: [(&str, &str); 12] = [
        ("nested boxes", "<div>"),
        ("nested quotes", "<blockquote>"),
        ("nested tables", "<table><tr><td>"),
        ("nested lists", "<ul><li>"),
        ("formatting without an end", "<b><i><p>"),
        ("ends without a beginning", "</div></p></b>"),
        ("an attribute without an end", "<a href='"),
        ("one element with many attributes", "<a b c d "),
        ("comments", "<!--"),
        ("conditions", "<!--[if mso]>"),
        ("character references", "&nbsp;&#x1F600;&amp"),
        ("angles", "<"),
    ];
    const FIELDS: [(&str, &str); 9] = [
        ("a long subject", "Subject: "),
        ("encoded words", "=?utf-8?q?a?= "),
        ("encoded words without an end", "=?utf-8?b?"),
        ("addresses", "\"a\" <a@b.example>, "),
        ("comments in comments", "("),
        ("quoted strings", "\"\\\""),
        ("ids", "<a@b.example> "),
        ("folds", "\r\n "),
        ("groups", "a:b;"),
    ];
    let fill = |text: &str| text.repeat(SIZE / text.len());
    let mut all = Vec::new();
    for (name, text) in TEXTS {
        all.push((name, plain(&fill(text))));
    }
    for (name, text) in HTML {
        all.push((name, typed("text/html; charset=utf-8", &fill(text))));
    }
    for (name, text) in FIELDS {
        let text = fill(text);
        for field in ["Subject", "To", "References"] {
            let mail = format!("From: a@b.example\r\n{field}: {text}\r\n\r\nA text.\r\n");
            all.push((name, mail.into_bytes()));
        }
    }
    let part = "--b\r\nContent-Type: text/plain\r\n\r\na\r\n";
    all.push(("parts", typed("multipart/mixed; boundary=b", &fill(part))));
    let part = "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
    all.push(("parts in parts", typed("multipart/mixed; boundary=b", &fill(part))));
    let mail = "Content-Type: message/rfc822\r\n\r\n";
    all.push(("mails in mails", [mail, &fill(mail)].concat().into_bytes()));
    all.push(("parameters", typed(&fill("text/plain; name*0*=utf-8''a; "), "a")));
    let encoded = |encoding: &str| format!("text/plain\r\nContent-Transfer-Encoding: {encoding}");
    all.push(("signs of escapes", typed(&encoded("quoted-printable"), &fill("="))));
    all.push(("what is no base64", typed(&encoded("base64"), &fill("=A "))));
    all.push(("fields", [fill("X: a\r\n").as_str(), "\r\na"].concat().into_bytes()));
    all.push(("bytes that are no text", [b"From: a@b.example\r\n\r\n".to_vec(), vec![0xff; SIZE]].concat()));
    all.push(("zeros", vec![0; SIZE]));
    all
}

fn plain(text: &str) -> Vec<u8> {
    typed("text/plain; charset=utf-8", text)
}

fn typed(kind: &str, text: &str) -> Vec<u8> {
    format!("From: a@b.example\r\nSubject: slow\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n{text}")
        .into_bytes()
}
