//! The steps of a random sequence. Things are named by small numbers, taken modulo of what there is,
//! so that a sequence stays meaningful when it is shortened.

use proptest::{collection::vec, prelude::*};
use rapport_model::DeliveryState;

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A customer writes on an inbox.
    Receive { customer: usize, inbox: usize, words: usize, suspected: bool },
    /// The same message comes again, or one with its id and another content.
    Again { message: usize, other: bool },
    /// The customer changes a message.
    Edit { message: usize },
    /// The customer takes a message back.
    Retract { message: usize },
    /// STOP and START, in this order or the other, with times of their own.
    Reach { customer: usize, out: bool, late: bool },
    /// An associate replies, having seen all or only a part, with copies to some of the other customers.
    Reply { who: usize, conversation: usize, unseen: i64, parts: usize, copies: usize, close: bool },
    /// The press of "send" comes again.
    SendAgain { reply: usize, other: bool },
    /// An associate writes a note, and may name a colleague in it.
    Note { who: usize, conversation: usize, named: Option<usize> },
    /// Hands it over with a note.
    Transfer { who: usize, conversation: usize, to: usize },
    /// Takes a reply back.
    Undo { reply: usize },
    /// Sends a reply again.
    Resend { reply: usize },
    /// Says that a reply arrived.
    Confirm { reply: usize },
    /// Closes.
    Close { who: usize, conversation: usize },
    /// Opens again.
    Reopen { who: usize, conversation: usize },
    /// Decides that no reply is needed.
    Waive { who: usize, conversation: usize, unseen: i64, close: bool },
    /// Decides about some conversations at once, having seen all or only a part.
    Decide { who: usize, what: Decided, about: Vec<usize>, unseen: i64 },
    /// Takes a decision back.
    TakeBack { decision: usize },
    /// Gives it to somebody.
    Assign { who: usize, conversation: usize, to: Option<usize> },
    /// Blocks or unblocks a customer.
    Block { who: usize, customer: usize, on: bool },
    /// A customer's number is somebody else's from now on, or it was a mistake.
    NewOwner { who: usize, customer: usize, back: bool },
    /// The due jobs are done.
    Jobs,
    /// Due rows of an inbox are claimed.
    Claim { inbox: usize, most: i64 },
    /// A claimed row's outcome is known.
    Settle { claimed: usize, outcome: Settled },
    /// The provider reports on something that was sent, or will be.
    Receipt { sent: usize, state: DeliveryState, before: bool },
    /// Leases that ran out are given up.
    Expire { inbox: usize },
    /// The clock moves, usually forward.
    Clock { seconds: i64 },
}

/// What is decided.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decided {
    Waive { close: bool },
    Close,
    Release,
    Suspect,
    Owe,
    Assign { to: Option<usize> },
    Snooze { minutes: u64, late: bool },
    Wake,
}

/// How a send ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Settled {
    Sent,
    Again,
    Failed,
    Unknown,
}

/// A sequence of so many steps.
pub(super) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 4..=most)
}

fn decided() -> impl Strategy<Value = Decided> {
    prop_oneof![
        3 => any::<bool>().prop_map(|close| Decided::Waive { close }),
        2 => Just(Decided::Close),
        2 => Just(Decided::Release),
        1 => Just(Decided::Suspect),
        3 => Just(Decided::Owe),
        1 => proptest::option::of(0_usize..3).prop_map(|to| Decided::Assign { to }),
        4 => (proptest::sample::select(&[5_u64, 600, 3_000][..]), proptest::bool::weighted(0.7))
            .prop_map(|(minutes, late)| Decided::Snooze { minutes, late }),
        1 => Just(Decided::Wake),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let some = || 0_usize..32;
    let who = || 0_usize..3;
    prop_oneof![
        8 => (0_usize..3, 0_usize..3, 0_usize..5, proptest::bool::weighted(0.3)).prop_map(
            |(customer, inbox, words, suspected)| Step::Receive { customer, inbox, words, suspected }
        ),
        2 => (some(), any::<bool>()).prop_map(|(message, other)| Step::Again { message, other }),
        1 => some().prop_map(|message| Step::Edit { message }),
        1 => some().prop_map(|message| Step::Retract { message }),
        1 => (0_usize..3, any::<bool>(), any::<bool>())
            .prop_map(|(customer, out, late)| Step::Reach { customer, out, late }),
        7 => (
            who(),
            some(),
            prop_oneof![4 => Just(0_i64), 1 => 1_i64..4],
            1_usize..4,
            prop_oneof![2 => Just(0_usize), 1 => 1_usize..8],
            any::<bool>(),
        )
            .prop_map(|(who, conversation, unseen, parts, copies, close)| {
                Step::Reply { who, conversation, unseen, parts, copies, close }
            }),
        1 => (some(), any::<bool>()).prop_map(|(reply, other)| Step::SendAgain { reply, other }),
        2 => (who(), some(), proptest::option::of(who()))
            .prop_map(|(who, conversation, named)| Step::Note { who, conversation, named }),
        1 => (who(), some(), who()).prop_map(|(who, conversation, to)| Step::Transfer { who, conversation, to }),
        2 => some().prop_map(|reply| Step::Undo { reply }),
        2 => some().prop_map(|reply| Step::Resend { reply }),
        1 => some().prop_map(|reply| Step::Confirm { reply }),
        3 => (who(), some()).prop_map(|(who, conversation)| Step::Close { who, conversation }),
        1 => (who(), some()).prop_map(|(who, conversation)| Step::Reopen { who, conversation }),
        2 => (who(), some(), prop_oneof![2 => Just(0_i64), 1 => 1_i64..4], any::<bool>())
            .prop_map(|(who, conversation, unseen, close)| Step::Waive { who, conversation, unseen, close }),
        4 => (who(), decided(), vec(some(), 1..4), prop_oneof![3 => Just(0_i64), 1 => 1_i64..3])
            .prop_map(|(who, what, about, unseen)| Step::Decide { who, what, about, unseen }),
        3 => some().prop_map(|decision| Step::TakeBack { decision }),
        1 => (who(), some(), proptest::option::of(who()))
            .prop_map(|(who, conversation, to)| Step::Assign { who, conversation, to }),
        1 => (who(), 0_usize..3, any::<bool>())
            .prop_map(|(who, customer, on)| Step::Block { who, customer, on }),
        1 => (who(), 0_usize..3, proptest::bool::weighted(0.3))
            .prop_map(|(who, customer, back)| Step::NewOwner { who, customer, back }),
        4 => Just(Step::Jobs),
        6 => (0_usize..3, 1_i64..5).prop_map(|(inbox, most)| Step::Claim { inbox, most }),
        6 => (some(), prop_oneof![
                5 => Just(Settled::Sent),
                2 => Just(Settled::Again),
                2 => Just(Settled::Failed),
                2 => Just(Settled::Unknown)
            ]).prop_map(|(claimed, outcome)| Step::Settle { claimed, outcome }),
        3 => (some(), proptest::sample::select(&DeliveryState::ALL[2..7]), any::<bool>())
            .prop_map(|(sent, state, before)| Step::Receipt { sent, state, before }),
        1 => (0_usize..3).prop_map(|inbox| Step::Expire { inbox }),
        4 => proptest::sample::select(&[1_i64, 6, 40, 700, 20_000, 90_000, 15 * 86_400, -3_600][..])
            .prop_map(|seconds| Step::Clock { seconds }),
    ]
}
