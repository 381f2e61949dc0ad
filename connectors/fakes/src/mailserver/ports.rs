//! Ports on loopback that no other instance takes, in this process or another.
//!
//! A server that is stopped and started again has to find its port free, so a port that the system
//! once gave away at random will not do. Ports come in blocks below those that the system gives away;
//! the first of a block is held open for as long as the block is ours, which is the lock.

use std::{
    net::{Ipv4Addr, TcpListener},
    time::{Duration, Instant},
};

/// Below 32768, where Linux begins to give ports to outgoing connections.
const FIRST: u16 = 20_000;
const BLOCKS: u16 = 1200;
const SIZE: u16 = 10;
const PATIENCE: Duration = Duration::from_secs(5);

/// A block of ports, ours until it is dropped.
#[derive(Debug)]
pub(super) struct Ports {
    /// Holding it open is what claims the block.
    _lock: TcpListener,
    first: u16,
}

impl Ports {
    /// Claims a block whose ports nobody uses.
    pub(super) fn claim() -> Self {
        // Tests run in processes of their own: each begins to look at another place.
        let begin = u16::try_from(std::process::id() % u32::from(BLOCKS)).expect("less than the blocks");
        let blocks = (0..BLOCKS).map(|n| FIRST + (begin + n) % BLOCKS * SIZE);
        blocks.into_iter().find_map(Self::claim_at).expect("no free ports on loopback")
    }

    fn claim_at(first: u16) -> Option<Self> {
        let lock = TcpListener::bind((Ipv4Addr::LOCALHOST, first)).ok()?;
        let is_free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        (first + 1..first + SIZE).all(is_free).then_some(Self { _lock: lock, first })
    }

    /// Waits until Dovecot's are free: what is killed with its group may hold them a moment longer than the process
    /// that was waited for.
    pub(super) fn until_free(&self) {
        let began = Instant::now();
        let taken = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_err();
        while [self.imap(), self.imaps(), self.lmtp()].iter().any(taken) && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// IMAP in the clear, with STARTTLS.
    pub(super) fn imap(&self) -> u16 {
        self.first + 1
    }

    /// IMAP over TLS from the first byte.
    pub(super) fn imaps(&self) -> u16 {
        self.first + 2
    }

    /// Where Postfix delivers to Dovecot.
    pub(super) fn lmtp(&self) -> u16 {
        self.first + 3
    }

    /// Where the world hands in mail.
    pub(super) fn smtp(&self) -> u16 {
        self.first + 4
    }

    /// Where users hand in mail, after STARTTLS.
    pub(super) fn submission(&self) -> u16 {
        self.first + 5
    }

    /// Where users hand in mail, over TLS from the first byte.
    pub(super) fn submissions(&self) -> u16 {
        self.first + 6
    }

    /// Where users hand in mail without any TLS.
    pub(super) fn clear(&self) -> u16 {
        self.first + 8
    }

    /// Where the server of `slow.example` would be, were it not away.
    pub(super) fn slow(&self) -> u16 {
        self.first + 7
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_claimed_once_and_free_again_afterwards() {
        let first = Ports::claim();
        let second = Ports::claim();
        assert_ne!(first.first, second.first);
        assert!(Ports::claim_at(first.first).is_none());
        let at = first.first;
        drop(first);
        assert!(Ports::claim_at(at).is_some());
    }

    #[test]
    fn a_block_with_a_port_in_use_is_passed_over() {
        let at = Ports::claim().first;
        let used = TcpListener::bind((Ipv4Addr::LOCALHOST, at + 5)).unwrap();
        assert!(Ports::claim_at(at).is_none());
        drop(used);
    }
}
