//! Calls that outlive their server: it is killed in the middle of them, or makes room for a newer one.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use end_to_end::{Choir, Device, NumberBook, Server, Turn, binary};

/// How long the audio may be gone when the server was killed.
const LONGEST_AFTER_A_KILL: Duration = Duration::from_secs(1);

/// And when another program took its place.
const LONGEST_DURING_AN_UPGRADE: Duration = Duration::from_millis(200);

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
    let listed: Vec<serde_json::Value> = serde_json::from_str(&counted).unwrap();
    let answered = listed.iter().filter(|call| call["state"] == "answered");
    assert_eq!(answered.count(), calls, "{counted}");
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

/// Connects again and again until it is told to stop; how often that was refused, and how often not.
fn knock(at: SocketAddr, is_over: &AtomicBool, refused: &AtomicUsize) -> usize {
    let mut opened = 0;
    while !is_over.load(Ordering::Relaxed) {
        match TcpStream::connect_timeout(&at, Duration::from_secs(5)) {
            Ok(_) => opened += 1,
            Err(_) => drop(refused.fetch_add(1, Ordering::Relaxed)),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    opened
}

#[test]
fn calls_go_on_while_another_program_takes_the_servers_place() {
    let _turn = Turn::wait();
    let calls = calls();
    let (server, choir) = talking(calls);
    let registered = choir.registered();
    let folder = tempfile::tempdir().unwrap();
    let newer = folder.path().join("callserver-newer");
    std::fs::copy(binary("callserver").unwrap(), &newer).unwrap();
    let newer = newer.to_str().unwrap();
    // What is no server, or none of ours, does not get so far.
    for (program, why) in [
        ("/nowhere", "cannot be run"),
        ("/bin/true", "no callserver"),
    ] {
        let refused = server
            .try_callctl(&["upgrade", "--binary", program], "")
            .unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(why), "{said}");
    }
    choir.begin_to_measure();
    let (is_over, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    let ports = [server.ready().sip, server.ready().http];
    let (over, no) = (&is_over, &refused);
    let (shown_json, opened) = std::thread::scope(|scope| {
        let knocking = ports.map(|port| scope.spawn(move || knock(port, over, no)));
        let shown = server.callctl(&["--json", "upgrade", "--binary", newer]);
        std::thread::sleep(Duration::from_secs(2));
        is_over.store(true, Ordering::Relaxed);
        (shown, knocking.map(|thread| thread.join().unwrap()))
    });
    let silences = choir.silences();
    println!("{calls} calls, upgraded: silences {}", shown(&choir));
    let shown_json = shown_json.unwrap();
    assert!(shown_json.contains("callserver-newer"), "{shown_json}");
    let process = std::fs::read_to_string(server.data().join("lock")).unwrap();
    assert!(
        shown_json.contains(process.trim()),
        "{process}, {shown_json}"
    );
    assert_eq!(refused.load(Ordering::Relaxed), 0, "{opened:?} were let in");
    assert_shorter(silences.longest(), LONGEST_DURING_AN_UPGRADE);
    finish(&server, &choir, calls, registered);
}
