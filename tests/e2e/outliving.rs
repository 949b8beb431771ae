//! Calls that outlive their server: it is killed in the middle of them, or makes room for a newer one.

use std::time::{Duration, Instant};

use end_to_end::{Choir, Device, NumberBook, Server, Turn};

/// How long the audio may be gone when the server was killed.
const LONGEST_AFTER_A_KILL: Duration = Duration::from_secs(1);

/// More calls of one account at once are refused.
const CALLS_OF_AN_ACCOUNT: usize = 20;

/// So many calls: `CARILLON_OUTLIVING_CALLS`, else a few.
fn calls() -> usize {
    let wanted = std::env::var("CARILLON_OUTLIVING_CALLS").ok();
    wanted.map_or(30, |text| text.parse().unwrap())
}

/// Beside other tests a server starts when the machine lets it; in earnest, with a machine for itself, this is measured.
fn assert_shorter(silence: Duration, limit: Duration) {
    let is_measured = std::env::var_os("CARILLON_OUTLIVING_CALLS").is_some();
    assert!(
        !is_measured || silence <= limit,
        "{silence:?} without audio"
    );
}

fn people(server: &Server, kind: &str, first: usize, calls: usize) -> Vec<Device> {
    let count = calls.div_ceil(CALLS_OF_AN_ACCOUNT);
    (0..count)
        .map(|index| {
            let account = server
                .add_account(&format!("{kind}{index}"), &(first + index).to_string())
                .unwrap();
            server.make_device(&account).unwrap()
        })
        .collect()
}

/// A server, and so many calls on it.
fn talking(calls: usize) -> (Server, Choir) {
    let server = Server::start().unwrap();
    let callers = people(&server, "caller", 2000, calls);
    let callees = people(&server, "callee", 3000, calls);
    let mut choir = Choir::start(server.ready().sip, &callers, &callees).unwrap();
    choir.call(calls).unwrap();
    // What was heard last is written soon; registrations take longest.
    std::thread::sleep(Duration::from_secs(3));
    choir.begin_to_measure();
    std::thread::sleep(Duration::from_secs(1));
    println!("silences while nothing happens: {}", shown(&choir));
    choir.begin_to_measure();
    (server, choir)
}

fn shown(choir: &Choir) -> String {
    let silences = choir.silences();
    format!(
        "at most {} ms, median {} ms",
        silences.longest().as_millis(),
        silences.median().as_millis()
    )
}

/// All calls work, end as their people want, and stand in the history as what they were.
fn finish(server: &Server, choir: &Choir, calls: usize, registered: usize) {
    assert_eq!(choir.ends(), [""; 0], "no call was lost");
    let counted = server.callctl(&["--json", "calls", "list"]).unwrap();
    assert_eq!(counted.matches("\"answered\"").count(), calls, "{counted}");
    choir.reinvite_all().unwrap();
    choir.hang_up_all().unwrap();
    assert_eq!(choir.registered(), registered, "nobody registered again");
    let book = NumberBook::File(server.data().join("carillon.sqlite"));
    let complete =
        "SELECT count(*) FROM call_records WHERE cause = 'hung-up' AND answered_at IS NOT NULL
        AND ended_at > answered_at + 1000 AND answered_at >= started_at";
    let end = Instant::now() + Duration::from_secs(20);
    while book.query(complete).unwrap() != calls.to_string() {
        assert!(
            Instant::now() < end,
            "the history has {} of {calls} calls",
            book.query(complete).unwrap()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn calls_go_on_after_the_server_was_killed() {
    let _turn = Turn::wait();
    let calls = calls();
    let (server, choir) = talking(calls);
    let registered = choir.registered();
    let killed_at = Instant::now();
    let server = server.crash_and_restart().unwrap();
    let ready_after = killed_at.elapsed();
    std::thread::sleep(Duration::from_secs(2));
    let silences = choir.silences();
    println!(
        "{calls} calls, killed: silences {}, ready again after {} ms",
        shown(&choir),
        ready_after.as_millis()
    );
    assert_shorter(silences.longest(), LONGEST_AFTER_A_KILL);
    finish(&server, &choir, calls, registered);
}
