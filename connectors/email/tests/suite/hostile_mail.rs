//! Mails that were made to break a reader: each gives at least a stub, at a cost that grows as its length.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use proptest::prelude::*;
use rapport_email::reading::{Ourselves, Reading, read};

fn reading(raw: impl AsRef<[u8]>) -> Reading {
    read(raw.as_ref(), &Ourselves::default())
}

fn plain(text: &str) -> Vec<u8> {
    format!("From: a@b.example\r\nSubject: s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}")
        .into_bytes()
}

fn html(text: &str) -> Vec<u8> {
    format!("From: a@b.example\r\nSubject: s\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{text}")
        .into_bytes()
}

#[test]
fn an_endless_header_gives_a_subject_and_a_text() {
    let mut raw = b"Subject: here\r\n".to_vec();
    raw.extend(b"X-Long: ");
    raw.extend(std::iter::repeat_n(b'x', 11 * 1024 * 1024));
    raw.extend(b"\r\n\r\nThe text.");
    let reading = reading(raw);
    assert_eq!((reading.subject.as_str(), reading.text_reply.as_str()), ("here", "The text."));
    assert_eq!(reading.problems.len(), 1, "{:?}", reading.problems);
}

#[test]
fn a_thousand_multiparts_in_one_another_give_a_stub() {
    let mut raw = String::from("Subject: deep\n");
    for depth in 0..1_000 {
        write!(raw, "Content-Type: multipart/mixed; boundary=b{depth}\n\n--b{depth}\n").unwrap();
    }
    raw.push_str("\nThe text.");
    let reading = reading(raw);
    assert_eq!(reading.subject, "deep");
    assert!(!reading.problems.is_empty());
}

#[test]
fn of_a_hundred_thousand_parts_the_first_are_read() {
    let part = "--b\nContent-Type: text/plain; name=a.txt\n\nx\n".repeat(100_000);
    let reading = reading(format!(
        "Subject: many\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nThe text.\n{part}--b--\n"
    ));
    assert_eq!((reading.subject.as_str(), reading.text_reply.as_str()), ("many", "The text."));
    assert!((1..=500).contains(&reading.files.len()), "{}", reading.files.len());
    assert!(!reading.problems.is_empty());
}

#[test]
fn bytes_that_are_no_mail_are_shown_as_far_as_they_can_be() {
    assert_eq!(reading("").text, "");
    assert!(reading("no header at all").text.contains("no header at all"));
    let nul = reading(b"Subject: a\0b\r\n\r\nc\0d");
    assert!(!nul.subject.contains('\0') && !nul.text.contains('\0'));
    assert!(nul.text.contains('c') && nul.text.contains('d'));
}

#[test]
fn lying_charsets_are_seen_through() {
    for (label, bytes, text) in [
        ("us-ascii", &b"Gr\xfc\xdfe"[..], "Grüße"),
        ("x-unheard-of", "Grüße".as_bytes(), "Grüße"),
        ("utf-8", b"Gr\xfc\xdfe", "Grüße"),
        ("iso-8859-2", b"\xb1\xe6", "ąć"),
    ] {
        let mut raw = format!("Content-Type: text/plain; charset={label}\r\n\r\n").into_bytes();
        raw.extend(bytes);
        assert_eq!(reading(raw).text, text, "{label}");
    }
}

#[test]
fn several_authors_and_subjects_are_told() {
    let reading = reading("From: a@b.example\nFrom: c@d.example\nSubject: one\nSubject: two\n\nx");
    assert_eq!(reading.subject, "one");
    assert_eq!(reading.from.len(), 2);
    assert_eq!(reading.problems.len(), 2);
}

#[test]
fn an_answer_is_never_reduced_to_nothing() {
    for text in
        ["> all of it is quoted", "On 1.1.2026 at 9:14 a@b.example wrote:\n\nthe answer", "--\nonly this"]
    {
        assert!(!reading(plain(text)).text_reply.is_empty(), "{text}");
    }
}

/// What has been seen to take a reader longer than its length: a piece, which is repeated.
const PIECES: &[&str] = &[
    "a",
    "On ",
    "wrote: ",
    "> ",
    "> x\n",
    ">\n",
    "--\n",
    "_____\n",
    ":\n",
    "x wrote:\n",
    "From: x\n",
    "To: x\nSubject: y\n",
    "On 1.1.2026 at 9:14 a@b.example wrote:\n> x\nthanks\n",
    "-----Original Message-----\n",
    "---- x ----\n",
    "> q\na\n",
    "Sent from my iPhone\n",
    "Regards\nx +44 20 5555 1234\n",
    "intended solely for\n",
    "QUJDREVG",
    "\n",
    "<",
    "+1 1",
    "1.1.1",
    "\u{200b}",
    "=?utf-8?q?",
];
const TAGS: &[&str] = &[
    "<blockquote type=cite>x",
    "<div>x",
    "<b>",
    "</p>",
    "<",
    "&",
    "<br>",
    "<td>",
    "<ul><li>x",
    "<!--",
    "<div class=signature>x</div>",
    "<pre>\n",
    "<i></b>",
    "<div style=display:none>",
    "b ",
];

#[test]
fn twice_the_mail_costs_at_most_twice_and_a_half_the_work() {
    // Long enough that every buffer comes from the system alike.
    const LENGTH: usize = 140_000;
    for (pieces, mail) in [(PIECES, plain as fn(&str) -> Vec<u8>), (TAGS, html)] {
        for piece in pieces {
            let prefix = if *piece == "b " { "<a " } else { "" };
            let of = |length: usize| mail(&format!("{prefix}{}", piece.repeat(length / piece.len())));
            let (short, long) = (of(LENGTH), of(2 * LENGTH));
            // The best of more and more runs each: what else the machine does only adds.
            let is_linear = (0..5).any(|attempt| {
                let (one, two) = (best(&short, 1 + attempt), best(&long, 1 + attempt));
                // A short time is noise.
                two <= one * 5 / 2 || two < Duration::from_millis(4)
            });
            assert!(is_linear, "{piece:?}: {:?}, then {:?}", best(&short, 5), best(&long, 5));
        }
    }
}

fn best(raw: &[u8], runs: usize) -> Duration {
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        std::hint::black_box(reading(raw));
        start.elapsed()
    });
    times.min().unwrap_or_default()
}

fn structure() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("--b"),
        Just("--b--"),
        Just("--c"),
        Just(""),
        Just("Content-Type: multipart/mixed; boundary=b"),
        Just("Content-Type: multipart/alternative; boundary=\"c\""),
        Just("Content-Type: message/rfc822"),
        Just("Content-Type: text/html; charset=koi8-r"),
        Just("Content-Type: text/plain; format=flowed; delsp=yes"),
        Just("Content-Transfer-Encoding: base64"),
        Just("Content-Transfer-Encoding: quoted-printable"),
        Just("Content-Disposition: attachment; filename*0*=utf-8''%e2%82; filename*1=x"),
        Just("Subject: =?utf-8?B?4pyT?= =?utf-8?Q?=E2=9C?="),
        Just("From: \"a, b\" <c@d.example>, (x) e@f.example"),
        Just("<blockquote type=cite><div class=gmail_attr>On 1.1.2026 9:14 x wrote:</div>"),
        Just("> quoted =C3=A4 "),
        Just("On Mon, 3 Nov 2026 at 9:14, A <a@b.example> wrote:"),
        Just("From: x"),
        Just("Sent: y"),
        Just("To: z"),
        Just("-- "),
        Just("4pyT4pyT"),
        Just("<p>🎉<td hidden>"),
        Just("HL> \u{202b}x"),
        Just("Date: Mon, 99 Foo 20266 99:99:99 +9999"),
    ];
    proptest::collection::vec(line, 0..60).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_bytes_make_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..600)) {
        reading(raw);
    }

    #[test]
    fn no_structure_makes_it_panic(raw in structure(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        reading(&raw);
        let mut bytes = raw.into_bytes();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        reading(bytes);
    }

    #[test]
    fn no_text_makes_it_panic_or_grow(text in "\\PC{0,300}") {
        let reading = reading(plain(&text));
        prop_assert!(reading.text_reply.len() <= reading.text.len() + 1);
        reading_of_markup(&text);
    }
}

fn reading_of_markup(text: &str) {
    reading(html(&format!("<div>{text}<blockquote>{text}</div>")));
}
