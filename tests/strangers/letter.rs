//! Mails as they lie in a mailbox: what their sender wrote, below what the receiving server noted.

/// The name under which the receiving server writes what it found out about a sender.
pub(crate) const SERVER: &str = "mx.shop.example";

/// Chance that comes out the same for the same seed (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// A text of so many of these characters.
    pub(crate) fn text(&mut self, of: &str, length: usize) -> String {
        let of: Vec<char> = of.chars().collect();
        (0..length).map(|_| *self.pick(&of)).collect()
    }
}

/// A mail.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// What the receiving server says of the sender: `dmarc=pass header.from=...`.
    pub(crate) verdict: String,
    /// The fields that the sender wrote, whole lines, in their order.
    pub(crate) fields: Vec<String>,
    pub(crate) text: String,
}

impl Letter {
    /// One whose sender the server has proven.
    pub(crate) fn proven(from: &str, to: &str, name: &str, text: &str) -> Self {
        let domain = from.rsplit('@').next().unwrap().trim_end_matches('>');
        let verdict = format!("dmarc=pass header.from={domain}");
        Self::judged(&verdict, from, to, name, text)
    }

    /// One about whose sender the server says this.
    pub(crate) fn judged(verdict: &str, from: &str, to: &str, name: &str, text: &str) -> Self {
        let fields = vec![
            format!("From: {from}"),
            format!("To: {to}"),
            "Subject: A question".to_owned(),
            "Date: Thu, 09 Oct 2025 08:00:00 +0000".to_owned(),
            format!("Message-ID: <{name}>"),
        ];
        Self { verdict: verdict.to_owned(), fields, text: text.to_owned() }
    }

    /// The same with a further field, or another value of one that it has.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let line = format!("{name}: {value}");
        let start = format!("{name}:");
        match self.fields.iter_mut().find(|field| field.starts_with(&start)) {
            Some(field) => *field = line,
            None => self.fields.push(line),
        }
        self
    }

    /// The same as an answer to this.
    #[must_use]
    pub(crate) fn answering(self, name: &str) -> Self {
        self.with("In-Reply-To", &format!("<{name}>")).with("References", &format!("<{name}>"))
    }

    /// The same with a line right below what the server noted.
    #[must_use]
    pub(crate) fn below_the_server(mut self, line: &str) -> Self {
        self.fields.insert(0, line.to_owned());
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        format!(
            "Return-Path: <bounce@sender.example>\r\nAuthentication-Results: {SERVER}; {}\r\n\
             Received: from sender.example (sender.example [192.0.2.7])\r\n\tby {SERVER}; Thu, 09 Oct 2025 08:00:01 +0000\r\n\
             {}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}\r\n",
            self.verdict,
            self.fields.join("\r\n"),
            self.text,
        )
        .into_bytes()
    }
}
