//! Sending, step by step, to a server that fails at each of them.

#![expect(clippy::unwrap_used, reason = "tests")]

mod post;

use post::{OURS, Post, THEIRS, USER, outgoing};
use rapport_fakes::smtp::Privacy;
use rapport_sdk::Connector as _;

#[tokio::test]
async fn an_answer_arrives_through_tls_of_either_kind_and_without_on_this_machine() {
    for privacy in [Privacy::StartTls, Privacy::Tls, Privacy::None] {
        let post = Post::start_with(|config| config.privacy = privacy).await;
        let outgoing = outgoing("Dear Anna,\n\nyour parcel left today.\n");
        let receipt = post.connector().send(&outgoing).await.unwrap();
        let mail = post.only();
        assert_eq!((&mail.from[..], &mail.to[..]), (OURS, &[THEIRS.to_owned()][..]));
        assert_eq!((mail.user.as_deref(), mail.private), (Some(USER), privacy != Privacy::None));
        assert_eq!(mail.header("Message-ID"), Some(format!("<{}>", receipt.id)));
        let read = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
        assert_eq!(read.body_text(0).unwrap().trim_end(), "Dear Anna,\r\n\r\nyour parcel left today.");
    }
}
