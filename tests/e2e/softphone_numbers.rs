//! Another number while one is called by the old one: a number is a lease, and a call does not hang on it.

use std::time::Duration;

use end_to_end::{Server, Softphone, Sound};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_number_changes_in_the_middle_of_a_call_and_the_next_call_reaches_the_new_one() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let silent = Sound::silent();
    let mut callee = Softphone::start(&server, &bob, &silent, &["answer"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();
    let mut caller = Softphone::start(&server, &ann, &silent, &["call", "1002"]).unwrap();
    caller.wait_for("answered", SOON).unwrap();
    callee.wait_for("answered", SOON).unwrap();

    let verb = ["number", "change", "1001"];
    let taken = Softphone::start(&server, &bob, &silent, &verb).unwrap();
    let taken = taken.finish(SOON).unwrap();
    assert_eq!(taken.code, Some(1));
    assert_eq!(taken.event("error").unwrap().text("code"), "conflict");
    taken.event("alternatives").unwrap();

    let verb = ["number", "change", "1012", "--old", "moved"];
    let change = Softphone::start(&server, &bob, &silent, &verb).unwrap();
    let change = change.finish(SOON).unwrap();
    assert_eq!(change.code, Some(0), "{}", change.errors);
    assert_eq!(change.event("account").unwrap().text("number"), "1012");

    // The phone that is in the call hears of it, and both go on: sound comes after the change as before it.
    let heard = callee.wait_for("number_changed", SOON).unwrap();
    assert_eq!((heard.text("old"), heard.text("new")), ("1002", "1012"));
    for _ in 0..3 {
        caller.wait_for("heard", SOON).unwrap();
        callee.wait_for("heard", SOON).unwrap();
    }
    let caller = caller.interrupt(SOON).unwrap();
    let callee = callee.finish(SOON).unwrap();
    assert_eq!(callee.code, Some(0), "{}", callee.errors);
    assert_eq!(
        caller.event("ended").unwrap().text("reason"),
        "local-hangup"
    );
    assert_eq!(
        callee.event("ended").unwrap().text("reason"),
        "remote-hangup"
    );

    let mut callee = Softphone::start(&server, &bob, &silent, &["answer"]).unwrap();
    let registered = callee.wait_for("registered", SOON).unwrap();
    assert_eq!(registered.text("number"), "1012");
    let verb = ["call", "1012", "--for", "1"];
    let next = Softphone::start(&server, &ann, &silent, &verb).unwrap();
    let next = next.finish(SOON).unwrap();
    assert_eq!(next.code, Some(0), "{}", next.errors);
    next.event("answered").unwrap();
    callee.finish(SOON).unwrap().event("answered").unwrap();
}
