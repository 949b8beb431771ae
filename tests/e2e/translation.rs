//! Phones that have no codec in common, or of which one encrypts and the other cannot, and what the server does for them.

use std::thread;
use std::time::Duration;

use end_to_end::{Answering, Baresip, BaresipCodec, Server, Turn, check_speech};
use hearing::Recording;

const SOON: Duration = Duration::from_secs(20);
/// Two codecs and two jitter buffers more than between phones that speak alike.
const LIKE: f64 = 0.8;

fn translated(
    caller: BaresipCodec,
    callee: BaresipCodec,
    is_caller_encrypted: bool,
) -> Result<(), String> {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let [ann, bob] = [ann, bob].map(|account| server.add_device(&account).unwrap());
    let sip = server.ready().sip;
    let says = Recording::speech("amiable.wav");
    let mut bob = Baresip::start(sip, &bob, callee, Answering::AtOnce, &says).unwrap();
    let says = Recording::speech("leisure.wav");
    let answering = Answering::WhenTold;
    let mut ann_phone = if is_caller_encrypted {
        Baresip::start_encrypted(sip, &ann, caller, answering, &says).unwrap()
    } else {
        Baresip::start(sip, &ann, caller, answering, &says).unwrap()
    };
    ann_phone
        .command("dial", &format!("sip:1002@{}", ann.domain))
        .unwrap();
    ann_phone.wait_for("CALL_ESTABLISHED", SOON).unwrap();
    bob.wait_for("CALL_ESTABLISHED", SOON).unwrap();
    thread::sleep(Duration::from_secs(11));
    ann_phone.command("hangup", "").unwrap();
    bob.wait_for("CALL_CLOSED", SOON).unwrap();
    check_speech("amiable.wav", &ann_phone.heard().unwrap(), LIKE)?;
    check_speech("leisure.wav", &bob.heard().unwrap(), LIKE)
}

#[test]
fn a_phone_with_g711_alone_and_one_with_opus_alone_hear_each_other() {
    Turn::wait().measure(|| translated(BaresipCodec::Pcma, BaresipCodec::Opus, false));
}

#[test]
fn a_phone_with_opus_alone_reaches_one_with_g722_alone() {
    Turn::wait().measure(|| translated(BaresipCodec::Opus, BaresipCodec::G722, false));
}

#[test]
fn a_phone_that_encrypts_calls_one_that_cannot() {
    Turn::wait().measure(|| translated(BaresipCodec::Opus, BaresipCodec::Opus, true));
}
