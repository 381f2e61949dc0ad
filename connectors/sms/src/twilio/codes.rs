//! What the provider's error codes mean, in words for a person and in what may be done.

use rapport_sdk::model::outbound::SendError;
use std::time::Duration;

/// The words for a code. The provider's own words are left out where we have none, because they
/// quote numbers.
pub fn describe(code: u32, status: Option<u16>) -> String {
    let words = match code {
        20003 => "the credentials are not accepted",
        20404 => "the account or what was asked for does not exist",
        20429 => "too many requests",
        21211 => "the number is not valid",
        21408 => "the account may not send to this country",
        21606 | 21212 => "the number that it leaves from can't send to this one",
        21608 => "a trial account may only send to numbers that were verified",
        21610 => "the recipient has opted out with STOP",
        21612 => "this pair of numbers can't carry the message",
        21614 => "the number takes no SMS",
        21617 => "the text is longer than 1600 characters",
        21620 | 21623 => "a file can't be sent",
        30001 => "the provider's queue is full",
        30002 => "the account is suspended",
        30003 => "the phone can't be reached",
        30004 => "the message was blocked",
        30005 => "the number is unknown",
        30006 => "a landline, or a network that can't be reached",
        30007 => "the network filtered the message",
        30008 => "the network gave no reason",
        30034 => "the number is not registered with the networks for business messages",
        _ => "",
    };
    match (words, status) {
        ("", Some(status)) => format!("{code}: refused by the provider with HTTP {status}"),
        ("", None) => format!("{code}: the provider's list of error codes explains it"),
        (words, _) => format!("{code}: {words}"),
    }
}

/// What is said while the provider wants less of us.
const BUSY: &str = "the provider is busy";

/// What an answer that is no success means for a send.
pub fn classify(status: u16, code: Option<u32>, retry_after: Option<Duration>) -> SendError {
    match (status, code) {
        (500.. | 408, _) => SendError::Unknown,
        (429, _) | (_, Some(20429 | 30001 | 14107)) => {
            SendError::Transient { retry_after, reason: BUSY.to_owned() }
        }
        (401, _) | (_, Some(20003)) | (403, None) => SendError::Unauthorized,
        (_, Some(code)) => SendError::Rejected { code: describe(code, Some(status)) },
        (_, None) => SendError::Rejected { code: format!("HTTP {status}") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_providers_errors_are_of_four_kinds() {
        for code in [21211, 21408, 21610, 21614, 30003, 30004, 30005, 30006, 30007, 99999] {
            let error = classify(400, Some(code), None);
            assert!(
                matches!(&error, SendError::Rejected { code: words } if words.starts_with(&code.to_string())),
                "{error:?}"
            );
        }
        let wait = Some(Duration::from_secs(7));
        for (status, code) in [(429, Some(20429)), (429, None), (400, Some(30001))] {
            assert_eq!(
                classify(status, code, wait),
                SendError::Transient { retry_after: wait, reason: BUSY.to_owned() }
            );
        }
        assert_eq!(classify(401, Some(20003), None), SendError::Unauthorized);
        assert_eq!(classify(403, None, None), SendError::Unauthorized);
        assert_eq!(
            classify(403, Some(21408), None),
            SendError::Rejected { code: "21408: the account may not send to this country".to_owned() }
        );
        for status in [408, 500, 502, 503, 504] {
            assert_eq!(classify(status, Some(20500), None), SendError::Unknown);
        }
    }
}
