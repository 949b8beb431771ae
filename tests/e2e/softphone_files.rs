//! Files from one softphone to another through a real server: whole after any number of broken connections and new starts,
//! in constant memory, and with clear words when it cannot be.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use end_to_end::{
    Account, BreakingLink, Event, Finished, Noise, Server, ServerOptions, Softphone, Sound, inside,
};
use tempfile::TempDir;

/// A debug build on a busy machine, with time for pauses between tries.
const SOON: Duration = Duration::from_secs(120);
const MEGABYTE: u64 = 1_000_000;

struct House {
    server: Server,
    ann: Account,
    bob: Account,
    folder: TempDir,
}

impl House {
    fn new() -> Self {
        Self::with("")
    }

    fn with(settings: &str) -> Self {
        let options = ServerOptions {
            settings: settings.to_owned(),
            ..ServerOptions::default()
        };
        let server = Server::start_with(options).unwrap();
        Self {
            ann: server.add_account("ann", "1001").unwrap(),
            bob: server.add_account("bob", "1002").unwrap(),
            server,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn link(&self, breaks: Vec<u64>, halt: Option<u64>) -> BreakingLink {
        BreakingLink::new(self.server.ready().http, breaks, halt).unwrap()
    }

    /// A file of so many bytes, no two megabytes of which are alike.
    fn file(&self, name: &str, bytes: u64) -> PathBuf {
        let path = self.folder.path().join(name);
        let mut noise = Noise::new(bytes);
        let mut block: Vec<u8> = (0..MEGABYTE).map(|_| noise.below(256) as u8).collect();
        let mut file = fs::File::create(&path).unwrap();
        let mut left = usize::try_from(bytes).unwrap();
        for number in 0_u64.. {
            let length = left.min(block.len());
            if length == 0 {
                break;
            }
            block[..8].copy_from_slice(&number.to_le_bytes());
            file.write_all(&block[..length]).unwrap();
            left -= length;
        }
        path
    }

    fn place(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn keep(&self) -> String {
        self.place("kept")
    }
}

fn start(url: &str, account: &Account, verb: &[&str]) -> Softphone {
    Softphone::start_in(url, account, &Sound::silent(), verb, &[]).unwrap()
}

fn run(url: &str, account: &Account, verb: &[&str]) -> Finished {
    start(url, account, verb).finish(SOON).unwrap()
}

/// Runs a verb to its end, which must be a good one.
fn done(url: &str, account: &Account, verb: &[&str]) -> Finished {
    let finished = run(url, account, verb);
    assert_eq!(finished.code, Some(0), "{verb:?}: {}", finished.errors);
    finished
}

/// The messages that send files, as somebody has them.
fn files(finished: &Finished) -> Vec<&Event> {
    let lines = finished.events.iter();
    lines
        .filter(|event| event.name() == "past_message" && event.text("kind") == "file")
        .collect()
}

fn same(one: &Path, other: &str) {
    assert!(
        fs::read(one).unwrap() == fs::read(other).unwrap(),
        "{other} is another file"
    );
}

#[test]
fn a_file_arrives_bit_for_bit_after_ten_broken_connections_each_way() {
    let house = House::new();
    let path = house.file("report.bin", 24 * MEGABYTE);
    let path_text = path.to_str().unwrap();
    let there = house.link(
        BreakingLink::at_random(7, 10, MEGABYTE, 23 * MEGABYTE),
        None,
    );
    let send = [
        "file",
        "send",
        "1002",
        path_text,
        "--caption",
        "As promised",
    ];
    let sent = done(&there.url(), &house.ann, &send);
    assert_eq!(there.broken(), 10);
    assert!(sent.event("sending").is_ok() && sent.event("stored").is_ok());

    let history = done(&house.server.url(), &house.bob, &["history", "ann"]);
    let [message] = files(&history)[..] else {
        panic!("not one message: {:?}", history.events)
    };
    assert_eq!(message.text("caption"), "As promised");
    let back = house.link(
        BreakingLink::at_random(11, 10, MEGABYTE, 23 * MEGABYTE),
        None,
    );
    let to = house.place("fetched");
    // What is there already is not written over.
    fs::create_dir(&to).unwrap();
    fs::write(Path::new(&to).join("report.bin"), "mine").unwrap();
    let fetch = ["file", "fetch", "ann", message.text("id"), "--to", &to];
    let fetched = done(&back.url(), &house.bob, &fetch);
    assert_eq!(back.broken(), 10);
    let at = fetched.event("fetched").unwrap().text("path").to_owned();
    assert!(at.ends_with("report (2).bin"), "{at}");
    same(&path, &at);
    assert_eq!(
        fs::read_dir(&to).unwrap().count(),
        2,
        "nothing else stays there"
    );
}

#[test]
fn an_upload_goes_on_after_the_softphone_was_killed_and_its_message_appears_once() {
    let house = House::new();
    let path = house.file("long.bin", 12 * MEGABYTE);
    let link = house.link(Vec::new(), Some(5 * MEGABYTE));
    let keep = house.keep();
    let send = [
        "--keep",
        &keep,
        "file",
        "send",
        "1002",
        path.to_str().unwrap(),
    ];
    let mut phone = start(&link.url(), &house.ann, &send);
    while phone
        .wait_for("sending", SOON)
        .unwrap()
        .number("sent")
        .unwrap()
        < 3e6
    {}
    phone.process().kill();
    drop(phone);
    link.go_on();
    let mut phone = start(&link.url(), &house.ann, &["--keep", &keep, "watch"]);
    let first = phone.wait_for("sending", SOON).unwrap();
    assert!(
        first.number("sent").unwrap() >= 3e6,
        "it begins anew: {first:?}"
    );
    phone.wait_for("stored", SOON).unwrap();
    let history = done(&house.server.url(), &house.bob, &["history", "ann"]);
    let [message] = files(&history)[..] else {
        panic!("not one message: {:?}", history.events)
    };
    let to = house.place("fetched");
    // Fetching goes on after an interruption as well.
    let halting = house.link(Vec::new(), Some(6 * MEGABYTE));
    let fetch = ["file", "fetch", "ann", message.text("id"), "--to", &to];
    let mut fetching = start(&halting.url(), &house.bob, &fetch);
    while fetching
        .wait_for("fetching", SOON)
        .unwrap()
        .number("fetched")
        .unwrap()
        < 3e6
    {}
    fetching.process().kill();
    drop(fetching);
    let fetched = done(&house.server.url(), &house.bob, &fetch);
    same(&path, fetched.event("fetched").unwrap().text("path"));
}

#[test]
fn a_file_that_has_changed_or_gone_is_named_and_the_rest_goes_on() {
    let house = House::new();
    let keep = house.keep();
    for (name, spoil) in [
        (
            "changed.bin",
            (|path| fs::write(path, "something else").unwrap()) as fn(&Path),
        ),
        ("gone.bin", |path| fs::remove_file(path).unwrap()),
    ] {
        let path = house.file(name, 6 * MEGABYTE);
        let link = house.link(Vec::new(), Some(2 * MEGABYTE));
        let send = [
            "--keep",
            &keep,
            "file",
            "send",
            "1002",
            path.to_str().unwrap(),
        ];
        let mut phone = start(&link.url(), &house.ann, &send);
        phone.wait_for("uploading", SOON).unwrap();
        phone.process().kill();
        drop(phone);
        spoil(&path);
        link.go_on();
        // What waits is kept for the server's address, so it is the same one.
        let url = link.url();
        let mut phone = start(&url, &house.ann, &["--keep", &keep, "watch"]);
        let refused = phone.wait_for("refused", SOON).unwrap();
        assert!(refused.text("sentence").contains(name), "{refused:?}");
        drop(phone);
        let waiting = done(&url, &house.ann, &["--keep", &keep, "file", "waiting"]);
        let id = waiting.event("waiting").unwrap().text("id").to_owned();
        done(&url, &house.ann, &["--keep", &keep, "file", "cancel", &id]);
        let waiting = done(&url, &house.ann, &["--keep", &keep, "file", "waiting"]);
        assert!(waiting.event("waiting").is_err());
    }
    let missing = run(
        &house.server.url(),
        &house.ann,
        &["file", "send", "1002", "/no/such/file"],
    );
    assert_eq!(missing.code, Some(1));
    assert!(
        missing.sentence().contains("/no/such/file"),
        "{}",
        missing.sentence()
    );
}

#[test]
fn what_is_too_much_for_the_server_or_the_disk_is_said_and_nothing_is_lost() {
    let house = House::with("[files]\nmax_megabytes = 2\nper_account_megabytes = 3\n");
    let url = house.server.url();
    let keep = house.keep();
    let small = house.file("small.bin", 2 * MEGABYTE);
    let large = house.file("large.bin", 5 * MEGABYTE);
    let send = |path: &Path| {
        let path = path.to_str().unwrap();
        run(
            &url,
            &house.ann,
            &["--keep", &keep, "file", "send", "bob", path],
        )
    };
    let refused = send(&large);
    assert_eq!(refused.code, Some(1), "{:?}", refused.events);
    assert!(
        refused.sentence().contains("too large"),
        "{}",
        refused.sentence()
    );
    assert_eq!(send(&small).code, Some(0));
    let refused = send(&small);
    assert!(
        refused.sentence().contains("3000000 bytes in all"),
        "{}",
        refused.sentence()
    );

    // A disk that is full, of one softphone alone.
    let history = done(&url, &house.bob, &["history", "ann"]);
    let id = files(&history)[0].text("id").to_owned();
    let to = house.place("full");
    fs::create_dir(&to).unwrap();
    let password = house.place("password");
    fs::write(&password, &house.bob.password).unwrap();
    let script = "mount -t tmpfs -o size=1m none \"$0\" && exec \"$@\"";
    let output = std::process::Command::new("unshare")
        .args(["--mount", "sh", "-c", script, &to])
        .arg(end_to_end::binary("softphone").unwrap())
        .args([
            "headless",
            "--server",
            &url,
            "--login",
            "bob",
            "--password-file",
            &password,
        ])
        .args(["file", "fetch", "ann", &id, "--to", &to])
        .output()
        .unwrap();
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{lines}");
    assert!(
        lines.contains("file-not-written") && lines.contains("make room"),
        "{lines}"
    );
    let fetched = done(
        &url,
        &house.bob,
        &["file", "fetch", "ann", &id, "--to", &to],
    );
    same(&small, fetched.event("fetched").unwrap().text("path"));
}

/// Set `CARILLON_FILE_MEGABYTES=2000` for a file as large as the promise.
#[test]
fn a_large_file_passes_in_constant_memory() {
    let megabytes = std::env::var("CARILLON_FILE_MEGABYTES");
    let megabytes: u64 = megabytes.map_or(64, |text| text.parse().unwrap());
    let mut house = House::new();
    let within = SOON * u32::try_from(1 + megabytes / 200).unwrap();
    let path = house.file("large.bin", megabytes * MEGABYTE);
    let url = house.server.url();
    // What it takes to send a small one, and to have everything loaded.
    let small = house.file("small.bin", MEGABYTE);
    let small = done(
        &url,
        &house.ann,
        &["file", "send", "1002", small.to_str().unwrap()],
    );
    assert!(small.event("stored").is_ok());
    let server = house.server.process().id();
    let before = inside::most_memory(server).unwrap();
    let most = |mut phone: Softphone, end: &str| {
        let mut most = 0;
        loop {
            let process = phone.process().id();
            most = most.max(inside::most_memory(process).unwrap_or(most));
            if phone.wait_for(end, Duration::from_millis(500)).is_ok() {
                return (phone.finish(within).unwrap(), most);
            }
            let is_running = phone.process().is_running();
            assert!(is_running, "{:?}", phone.events().last());
        }
    };
    let send = ["file", "send", "1002", path.to_str().unwrap()];
    let (sent, sender) = most(start(&url, &house.ann, &send), "stored");
    assert_eq!(sent.code, Some(0), "{}", sent.errors);
    let history = done(&url, &house.bob, &["history", "ann"]);
    let id = files(&history)[1].text("id").to_owned();
    let to = house.place("fetched");
    let fetch = ["file", "fetch", "ann", &id, "--to", &to];
    let (fetched, receiver) = most(start(&url, &house.bob, &fetch), "fetched");
    let at = fetched.event("fetched").unwrap().text("path").to_owned();
    let compared = std::process::Command::new("cmp")
        .arg(&path)
        .arg(&at)
        .status();
    assert!(compared.unwrap().success());
    let server = inside::most_memory(server).unwrap();
    let growth = server.saturating_sub(before);
    println!(
        "{megabytes} MB: softphones at most {sender} and {receiver} bytes, the server {growth} more than for 1 MB"
    );
    assert!(growth < 24_000_000, "the server takes {growth} bytes more");
    for phone in [sender, receiver] {
        assert!(phone < 120_000_000, "a softphone takes {phone} bytes");
    }
}
