//! Messages as the provider delivers them: signed forms, made before they are sent.

use std::{net::SocketAddr, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};

use crate::{load::Requests, reference::fill};

/// The account that the bridge is configured with.
pub(crate) const ACCOUNT: &str = "AC0000000000000000000000000000be7c";
/// The secret of that account.
pub(crate) const TOKEN: &str = "bench-auth-token";

/// Inbox and number of a filled customer.
pub(crate) fn place(customer: usize) -> (&'static str, &'static str) {
    match customer % 3 {
        0 => ("bench-a", "+4915550000001"),
        1 => ("bench-b", "+4915550000002"),
        _ => ("bench-c", "+4915550000003"),
    }
}

/// A provider's call with a message of a filled customer; distinct for each number.
pub(crate) fn call(address: SocketAddr, customer: usize, number: usize, text: &str) -> Vec<u8> {
    let (inbox, ours) = place(customer);
    let sid = format!("SM{number:032x}");
    let theirs = fill::address(customer);
    let mut fields = [
        ("ToCountry", "DE"),
        ("SmsMessageSid", sid.as_str()),
        ("NumMedia", "0"),
        ("SmsSid", sid.as_str()),
        ("SmsStatus", "received"),
        ("Body", text),
        ("FromCountry", "DE"),
        ("To", ours),
        ("NumSegments", "1"),
        ("MessageSid", sid.as_str()),
        ("AccountSid", ACCOUNT),
        ("From", theirs.as_str()),
        ("ApiVersion", "2010-04-01"),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    fields.sort_unstable();
    let mut signed = format!("http://{address}/webhooks/{inbox}");
    for (key, value) in fields {
        signed.push_str(key);
        signed.push_str(value);
    }
    let mut mac =
        Hmac::<sha1::Sha1>::new_from_slice(TOKEN.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(signed.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    format!(
        "POST /webhooks/{inbox} HTTP/1.1\r\nhost: {address}\r\nx-twilio-signature: {signature}\r\n\
         content-type: application/x-www-form-urlencoded; charset=UTF-8\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Messages of so many customers in turn, every `stride`-th one.
pub(crate) fn messages(address: SocketAddr, customers: usize, stride: usize) -> Requests {
    Arc::new(move |number| {
        // A step that shares no factor with the number of customers visits each.
        let customer = (number * 7) % customers * stride;
        let text =
            format!("Message {number}: I would like to know when the boots in size 43 are in stock again.");
        call(address, customer, number, &text)
    })
}
