//! Letters of customers, of the sizes that a shop gets: each one distinct, from one of a thousand customers.

/// How many customers write.
pub(crate) const CUSTOMERS: usize = 1000;
/// One in so many brings a picture.
const PICTURE_EVERY: usize = 20;
/// The size of a picture, encoded.
const PICTURE: usize = 60_000;
const WORDS: [&str; 24] = [
    "boots", "in", "size", "the", "parcel", "of", "Tuesday", "has", "arrived", "and", "one", "lace", "is",
    "missing", "could", "you", "please", "send", "another", "pair", "before", "my", "holiday", "begins",
];

/// Who writes the letter with this number.
pub(crate) fn sender(number: usize) -> String {
    format!("customer{}@customers.example", number * 7 % CUSTOMERS)
}

/// A letter as it comes from the server: text and HTML, some with a picture, 3 to 65 kB.
pub(crate) fn letter(number: usize, to: &str) -> Vec<u8> {
    let from = sender(number);
    let text = text(number);
    let html =
        text.replace("\r\n\r\n", "</p>\r\n<p style=\"margin:0 0 12px 0;font-family:Arial,sans-serif\">");
    let alternative = format!(
        "Content-Type: multipart/alternative; boundary=\"alternative-{number}\"\r\n\r\n\
         --alternative-{number}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n\
         --alternative-{number}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
         <html><head><meta charset=\"utf-8\"></head><body><p>{html}</p></body></html>\r\n\
         --alternative-{number}--\r\n"
    );
    let body = if number.is_multiple_of(PICTURE_EVERY) {
        format!(
            "Content-Type: multipart/mixed; boundary=\"mixed-{number}\"\r\n\r\n--mixed-{number}\r\n{alternative}\
             --mixed-{number}\r\nContent-Type: image/jpeg; name=\"boots.jpg\"\r\n\
             Content-Disposition: attachment; filename=\"boots.jpg\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\
             --mixed-{number}--\r\n",
            picture(number)
        )
    } else {
        alternative
    };
    format!(
        "Return-Path: <{from}>\r\nDelivered-To: {to}\r\n\
         Authentication-Results: mx.shop.example; dkim=pass header.d=customers.example;\r\n\
         \tspf=pass smtp.mailfrom=customers.example; dmarc=pass header.from=customers.example\r\n\
         Received: from mail.customers.example (mail.customers.example [192.0.2.7])\r\n\
         \tby mx.shop.example with ESMTPS id bench{number}; Thu, 26 Nov 2026 10:00:00 +0000\r\n\
         MIME-Version: 1.0\r\nFrom: \"Customer of the bench\" <{from}>\r\nTo: {to}\r\n\
         Subject: Question number {number} about my boots\r\nDate: Thu, 26 Nov 2026 10:00:00 +0000\r\n\
         Message-ID: <letter-{number}@customers.example>\r\n{body}"
    )
    .into_bytes()
}

/// Three paragraphs and what is quoted below them.
fn text(number: usize) -> String {
    let words = (0..200 + number % 100).map(|at| WORDS[(number + at * (1 + number % 23)) % WORDS.len()]);
    let mut text = format!("Good day, this is my letter {number}.\r\n\r\n");
    for (at, word) in words.enumerate() {
        text.push_str(word);
        text.push_str(match at {
            70 | 140 => ".\r\n\r\n",
            _ if at % 12 == 11 => "\r\n",
            _ => " ",
        });
    }
    text.push_str("\r\n\r\nOn 25 Nov 2026, The Shop wrote:\r\n> Thank you for your letter.\r\n> We will look into it.\r\n");
    text
}

/// Base64 that differs from letter to letter.
fn picture(number: usize) -> String {
    let line = format!("{number:076}\r\n");
    line.repeat(PICTURE / line.len())
}
