//! Calls over a good network: every message, as a ladder.

use std::time::Duration;

use bytes::Bytes;
use simnet::{Conditions, Network};

use crate::party::{Party, answers_after, describe, hangup, pass, settle};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_call_is_set_up_and_the_caller_hangs_up() {
    let mut network = Network::new([0; 32], Conditions::perfect());
    network.record(describe);
    let (mut alice, mut bob) = (Party::new("alice", 1, 0), Party::new("bob", 2, 0));
    network.name(alice.address, "alice");
    network.name(bob.address, "bob");
    bob.manners = answers_after(2 * SECOND);
    let leg = alice.call(network.now(), bob.address);
    pass(&mut network, &mut [&mut alice, &mut bob], 5 * SECOND);
    alice.do_now(network.now(), hangup(leg));
    settle(&mut network, &mut [&mut alice, &mut bob]);
    println!("{}", network.ladder());
    println!("{:?}\n{:?}", alice.story(), bob.story());
    let _ = Bytes::new();
}
