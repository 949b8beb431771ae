//! What softphones do in calls through a real server: hold, second calls, digits, handing over, lost connections.

use std::time::Duration;

use end_to_end::{Account, Server, Softphone, Sound};

const SOON: Duration = Duration::from_secs(30);

/// A softphone that does what is written to its standard input.
fn obedient(server: &Server, account: &Account) -> Softphone {
    let verb = ["--commands", "watch"];
    let mut phone = Softphone::start(server, account, &Sound::silent(), &verb).unwrap();
    phone.wait_for("registered", SOON).unwrap();
    phone
}

fn tell(phone: &mut Softphone, order: &str) {
    phone.process().write_line(order).unwrap();
}

/// `caller` calls `number`, whose phone answers. How it is encrypted.
fn connect(caller: &mut Softphone, number: &str, callee: &mut Softphone) -> String {
    tell(caller, &format!("call {number}"));
    callee.wait_for("incoming", SOON).unwrap();
    tell(callee, "answer");
    caller.wait_for("answered", SOON).unwrap();
    let answered = callee.wait_for("answered", SOON).unwrap();
    answered.text("encryption").to_owned()
}

fn assert_hold(phone: &mut Softphone, by_us: bool, by_them: bool) {
    let hold = phone.wait_for("hold", SOON).unwrap();
    assert_eq!((hold.flag("by_us"), hold.flag("by_them")), (by_us, by_them));
}

/// Until something comes out of a phone's speaker, or nothing.
fn wait_until_heard(phone: &mut Softphone, something: bool) {
    for _ in 0..30 {
        let heard = phone.wait_for("heard", SOON).unwrap();
        if (heard.number("level_dbfs").unwrap() > -45.0) == something {
            return;
        }
    }
    panic!("it is not heard as it should be: {something}");
}

#[test]
fn a_call_is_put_on_hold_resumed_and_given_digits() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let (mut ann, mut bob) = (obedient(&server, &ann), obedient(&server, &bob));
    let encryption = connect(&mut ann, "1002", &mut bob);
    // Nobody but the two has the keys; so it is the other phone that plays the music.
    assert_eq!(encryption, "between-phones");
    tell(&mut ann, "mute");
    wait_until_heard(&mut bob, false);
    tell(&mut ann, "hold");
    assert_hold(&mut ann, true, false);
    assert_hold(&mut bob, false, true);
    wait_until_heard(&mut bob, true);
    tell(&mut ann, "resume");
    assert_hold(&mut ann, false, false);
    assert_hold(&mut bob, false, false);
    wait_until_heard(&mut bob, false);
    tell(&mut ann, "digits 42#");
    for digit in ["4", "2", "#"] {
        assert_eq!(bob.wait_for("digit", SOON).unwrap().text("digit"), digit);
    }
    tell(&mut bob, "hangup");
    assert_eq!(
        ann.wait_for("ended", SOON).unwrap().text("reason"),
        "remote-hangup"
    );
}

#[test]
fn a_call_is_handed_over_at_once() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let cem = server.add_account("cem", "1003").unwrap();
    let (mut ann, mut bob) = (obedient(&server, &ann), obedient(&server, &bob));
    let mut cem = obedient(&server, &cem);
    connect(&mut ann, "1002", &mut bob);
    tell(&mut bob, "transfer 1003");
    cem.wait_for("incoming", SOON).unwrap();
    tell(&mut cem, "answer");
    cem.wait_for("answered", SOON).unwrap();
    let ended = bob.wait_for("ended", SOON).unwrap();
    assert_eq!(ended.text("reason"), "transferred");
    // Sound of the one who stayed arrives at the newcomer.
    cem.wait_for("heard", SOON).unwrap();
    tell(&mut cem, "hangup");
    ann.wait_for("ended", SOON).unwrap();
}

#[test]
fn two_calls_are_joined_after_asking() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let cem = server.add_account("cem", "1003").unwrap();
    let (mut ann, mut bob) = (obedient(&server, &ann), obedient(&server, &bob));
    let mut cem = obedient(&server, &cem);
    connect(&mut ann, "1002", &mut bob);
    let first = bob
        .events()
        .iter()
        .rev()
        .find(|one| one.name() == "answered");
    let first = first.unwrap().number("call").unwrap();
    connect(&mut bob, "1003", &mut cem);
    assert_hold(&mut ann, false, true);
    tell(&mut bob, &format!("transfer-to {first}"));
    for _ in 0..2 {
        let ended = bob.wait_for("ended", SOON).unwrap();
        assert_eq!(ended.text("reason"), "transferred");
    }
    assert_hold(&mut ann, false, false);
    tell(&mut ann, "hangup");
    cem.wait_for("ended", SOON).unwrap();
}

#[test]
fn a_second_call_waits_its_turn() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let cem = server.add_account("cem", "1003").unwrap();
    let (mut ann, mut bob) = (obedient(&server, &ann), obedient(&server, &bob));
    let mut cem = obedient(&server, &cem);
    connect(&mut ann, "1002", &mut bob);
    connect(&mut cem, "1002", &mut bob);
    assert_hold(&mut ann, false, true);
    tell(&mut cem, "hangup");
    bob.wait_for("ended", SOON).unwrap();
    tell(&mut bob, "resume");
    assert_hold(&mut ann, false, false);
}

#[test]
fn a_call_goes_on_when_the_server_is_killed_and_started_again() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let (mut ann, mut bob) = (obedient(&server, &ann), obedient(&server, &bob));
    connect(&mut ann, "1002", &mut bob);
    // What is to be kept is written within moments.
    std::thread::sleep(Duration::from_secs(2));
    let _server = server.crash_and_restart().unwrap();
    for phone in [&mut ann, &mut bob] {
        phone.wait_for("reconnecting", SOON).unwrap();
        phone.wait_for("reconnected", SOON).unwrap();
        phone.wait_for("heard", SOON).unwrap();
    }
    tell(&mut ann, "hangup");
    let ended = bob.wait_for("ended", SOON).unwrap();
    assert_eq!(ended.text("reason"), "remote-hangup");
}
#[test]
fn softphones_encrypt_between_them_and_say_so() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let (mut ann, mut bob) = (obedient(&server, &ann), obedient(&server, &bob));
    tell(&mut ann, "call 1002");
    bob.wait_for("incoming", SOON).unwrap();
    tell(&mut bob, "answer");
    for phone in [&mut ann, &mut bob] {
        let answered = phone.wait_for("answered", SOON).unwrap();
        assert!(answered.flag("encrypted"), "{answered:?}");
        assert_eq!(answered.text("encryption"), "between-phones");
        let heard = phone.wait_for("heard", SOON).unwrap();
        assert!(heard.number("level_dbfs").unwrap() > -60.0, "{heard:?}");
    }
}

#[test]
fn the_server_ends_encryption_for_a_phone_that_has_none() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let mut ann = obedient(&server, &ann);
    let verb = ["--transport", "udp", "--commands", "watch"];
    let mut bob = Softphone::start(&server, &bob, &Sound::silent(), &verb).unwrap();
    bob.wait_for("registered", SOON).unwrap();
    for (caller, callee, number) in [(true, false, "1002"), (false, true, "1001")] {
        let (from, to) = if caller {
            (&mut ann, &mut bob)
        } else {
            (&mut bob, &mut ann)
        };
        tell(from, &format!("call {number}"));
        to.wait_for("incoming", SOON).unwrap();
        tell(to, "answer");
        for (phone, is_secure) in [(&mut *from, caller), (&mut *to, callee)] {
            let answered = phone.wait_for("answered", SOON).unwrap();
            let expected = if is_secure { "to-server" } else { "none" };
            assert_eq!(answered.text("encryption"), expected, "{answered:?}");
            phone.wait_for("heard", SOON).unwrap();
        }
        tell(from, "hangup");
        from.wait_for("ended", SOON).unwrap();
        to.wait_for("ended", SOON).unwrap();
    }
}

#[test]
fn a_call_is_parked_and_taken_elsewhere() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let cem = server.add_account("cem", "1003").unwrap();
    let (mut ann, mut bob) = (obedient(&server, &ann), obedient(&server, &bob));
    let mut cem = obedient(&server, &cem);
    connect(&mut ann, "1002", &mut bob);
    tell(&mut bob, "park");
    let told = bob.wait_for("told", SOON).unwrap();
    assert!(told.text("text").starts_with("Parked at *701"), "{told:?}");
    assert_eq!(told.text("from"), "*701");
    // The one who waits hears music.
    ann.wait_for("encryption", SOON).unwrap();
    ann.wait_for("heard", SOON).unwrap();
    tell(&mut cem, &format!("call {}", told.text("from")));
    cem.wait_for("answered", SOON).unwrap();
    cem.wait_for("heard", SOON).unwrap();
    tell(&mut cem, "hangup");
    ann.wait_for("ended", SOON).unwrap();
}
