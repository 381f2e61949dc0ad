//! The connector against the rules of `docs/connector-spec.md` that are about what leaves.

#![expect(clippy::unwrap_used, reason = "tests")]

mod post;

use std::sync::Arc;

use post::Post;
use rapport_fakes::smtp::{Fault, Stage};
use rapport_sdk::{
    BoxFuture, Connector, Ingress, WebhookRequest,
    conformance::{Failure, Harness, assert_rule},
    model::{Clock, Timestamp, outbound::Outgoing},
};

/// Nothing of it looks at the time.
struct Never;

impl Clock for Never {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

/// Nothing comes in here.
impl Harness for Post {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(Post::connector(self))
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(Never)
    }

    fn attach(&self, _bridge: Option<(Arc<dyn Connector>, Arc<dyn Ingress>)>) {}

    fn offer(&self, _text: &str) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn offer_again(&self, _text: &str) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn offer_garbage(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn is_acknowledged(&self, _text: &str) -> bool {
        false
    }

    fn outgoing(&self, text: &str) -> Outgoing {
        post::outgoing(text)
    }

    fn fail_next_send(&self, failure: Failure) {
        let (stage, fault) = match failure {
            Failure::Overloaded => (Stage::Mail, Fault::reply("451 4.3.2 too busy")),
            Failure::Refused => (Stage::Rcpt, Fault::reply("550 5.1.1 unknown")),
            Failure::WrongCredentials => (Stage::Mail, Fault::reply("535 5.7.8 signed out")),
            Failure::LostAnswer => (Stage::Dot, Fault::ActedThenCut),
        };
        self.fake.fail_next(stage, fault);
    }

    fn sent(&self) -> Vec<(String, String)> {
        let sent = |mail: rapport_fakes::smtp::AcceptedMail| {
            let read = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
            let text = read.body_text(0).unwrap().trim_end().to_owned();
            (read.message_id().unwrap().to_owned(), text)
        };
        self.fake.accepted().into_iter().map(sent).collect()
    }

    fn footprint(&self) -> String {
        format!("{:?}", self.fake.accepted())
    }

    fn webhook_requests(&self, _text: &str) -> Option<(WebhookRequest, WebhookRequest)> {
        None
    }
}

macro_rules! rules {
    ($($name:ident $number:literal),*) => {
        $(
            #[tokio::test]
            async fn $name() {
                assert_rule($number, Arc::new(Post::start().await)).await;
            }
        )*
    };
}

rules! {
    c8_errors_are_of_four_kinds "C8",
    c9_a_key_is_one_message "C9",
    c10_parts_go_in_order "C10",
    c13_check_has_no_effect "C13"
}
