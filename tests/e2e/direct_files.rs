//! Files and voice notes between two softphones without the server: bit for bit, on from where they broke off, and on the server later for
//! everybody else.

use std::path::{Path, PathBuf};
use std::time::Duration;

use end_to_end::{Event, Noise, Softphone, Sound};
use hearing::Recording;

use crate::peer_to_peer::{NEVER, SOON, Scene, say};

const MEGABYTE: usize = 1_000_000;

/// So long speaking may take.
const SPEECH: Duration = Duration::from_secs(90);

impl Scene {
    /// A file of so many bytes, no two megabytes of which are alike.
    fn file(&self, name: &str, bytes: usize) -> PathBuf {
        let mut noise = Noise::new(bytes as u64);
        let mut contents: Vec<u8> = (0..MEGABYTE).map(|_| noise.below(256) as u8).collect();
        contents = contents.repeat(bytes.div_ceil(MEGABYTE));
        for (number, block) in contents.chunks_mut(MEGABYTE).enumerate() {
            block[..8].copy_from_slice(&(number as u64).to_le_bytes());
        }
        contents.truncate(bytes);
        let path = self.folder.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }

    /// Files and parts of files that the server has.
    fn files_at_server(&self) -> usize {
        ["files", "uploads"]
            .iter()
            .map(|folder| files_below(&self.server.data().join(folder)))
            .sum()
    }
}

fn files_below(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let count = |path: PathBuf| if path.is_dir() { files_below(&path) } else { 1 };
    entries.map(|entry| count(entry.unwrap().path())).sum()
}

fn send(phone: &mut Softphone, to: &str, path: &Path) {
    let line = format!("file {to} {}", path.display());
    phone.process().write_line(&line).unwrap();
}

/// The message with which a file comes.
fn came(phone: &mut Softphone) -> Event {
    came_as(phone, "file")
}

fn came_as(phone: &mut Softphone, kind: &str) -> Event {
    loop {
        let event = phone.wait_for("message", SOON).unwrap();
        if event.text("kind") == kind {
            return event;
        }
    }
}

/// Saves the file of a message into a folder.
fn save(phone: &mut Softphone, message: &Event, folder: &Path) -> PathBuf {
    let line = format!("save {} {}", message.text("id"), folder.display());
    phone.process().write_line(&line).unwrap();
    let fetched = phone.wait_for("fetched", SOON).unwrap();
    fetched.text("path").into()
}

fn same(one: &Path, other: &Path) {
    let is_same = std::fs::read(one).unwrap() == std::fs::read(other).unwrap();
    assert!(is_same, "{} is another file", other.display());
}

#[test]
fn a_file_goes_from_softphone_to_softphone_and_the_server_hears_of_it_at_the_flush() {
    let scene = Scene::new();
    let (mut anns, mut bobs) = scene.both(NEVER);
    let before = scene.written();
    let path = scene.file("report.bin", 5 * MEGABYTE + 7);
    send(&mut anns, "bob", &path);
    assert_eq!(
        anns.wait_for("passing", SOON).unwrap().text("path"),
        "direct"
    );
    let sending = anns.wait_for("sending", SOON).unwrap();
    assert_eq!(sending.text("path"), "direct");
    let receiving = bobs.wait_for("receiving", SOON).unwrap();
    assert_eq!(receiving.text("name"), "report.bin");
    let message = came(&mut bobs);
    assert_eq!(message.text("path"), "direct");
    let delivered = anns.wait_for("delivered", SOON).unwrap();
    assert_eq!(
        (delivered.text("path"), delivered.text("id")),
        ("direct", message.text("id"))
    );
    let folder = scene.folder.path().join("saved");
    std::fs::create_dir(&folder).unwrap();
    same(&path, &save(&mut bobs, &message, &folder));
    assert_eq!(scene.written(), before);
    assert_eq!(scene.files_at_server(), 0);
    drop(bobs);
    let ended = anns.interrupt(SOON).unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
    // If it was not all at the server by then, the next start goes on with it.
    let mut anns = scene.start(&scene.ann, "1", &[]);
    let verb = ["history", "ann", "--limit", "10"];
    let id = message.text("id");
    let is_there = |line: &&Event| line.name() == "past_message" && line.text("id") == id;
    loop {
        // Another device of Bob's, which was not there.
        let other = Softphone::start(&scene.server, &scene.bob, &Sound::silent(), &verb).unwrap();
        let history = other.finish(SOON).unwrap();
        if let Some(line) = history.events.iter().find(is_there) {
            assert_eq!(line.value("file")["name"], "report.bin");
            break;
        }
        anns.wait_for("stored", SOON).unwrap();
    }
    let to = folder.to_str().unwrap();
    let fetch = ["file", "fetch", "ann", id, "--to", to];
    let other = Softphone::start(&scene.server, &scene.bob, &Sound::silent(), &fetch).unwrap();
    let fetched = other.finish(SOON).unwrap();
    assert_eq!(fetched.code, Some(0), "{}", fetched.errors);
    same(
        &path,
        fetched.event("fetched").unwrap().text("path").as_ref(),
    );
    assert_eq!(scene.written(), (before.0, before.1 + 1.0));
}

#[test]
fn a_file_goes_on_where_it_was_when_its_receiver_died_in_the_middle() {
    let scene = Scene::new();
    let (mut anns, mut bobs) = scene.both(NEVER);
    let path = scene.file("long.bin", 60 * MEGABYTE);
    send(&mut anns, "bob", &path);
    let far = |phone: &mut Softphone, least: f64| {
        loop {
            let event = phone.wait_for("receiving", SOON).unwrap();
            let received = event.number("received").unwrap();
            if received >= least {
                return received;
            }
        }
    };
    far(&mut bobs, 5e6);
    bobs.process().kill();
    drop(bobs);
    let mut bobs = scene.start(&scene.bob, NEVER, &[]);
    let first = bobs.wait_for("receiving", SOON * 2).unwrap();
    let received = first.number("received").unwrap();
    assert!(received >= 4e6, "it begins anew: {received}");
    let message = came(&mut bobs);
    let folder = scene.folder.path().join("saved");
    std::fs::create_dir(&folder).unwrap();
    same(&path, &save(&mut bobs, &message, &folder));
    assert_eq!(scene.files_at_server(), 0);
}

#[test]
fn what_was_sent_is_with_its_receiver_though_the_server_and_the_sender_are_gone() {
    let mut scene = Scene::new();
    let (mut anns, mut bobs) = scene.both(NEVER);
    scene.server.kill();
    let path = scene.file("plan.bin", 300_000);
    say(&mut anns, "bob", "before");
    send(&mut anns, "bob", &path);
    let message = came(&mut bobs);
    anns.process().kill();
    std::fs::remove_file(&path).unwrap();
    drop(anns);
    let folder = scene.folder.path().join("saved");
    std::fs::create_dir(&folder).unwrap();
    let saved = save(&mut bobs, &message, &folder);
    assert_eq!(std::fs::metadata(saved).unwrap().len(), 300_000);
}

#[test]
fn a_voice_note_goes_from_softphone_to_softphone_and_the_server_hears_of_it_at_the_flush() {
    let scene = Scene::new();
    let spoken = Recording::speech_path("leisure.wav");
    let sound = Sound::files(&spoken, &scene.folder.path().join("heard.wav"));
    let mut anns = scene.start_with(&scene.ann, NEVER, &[], &sound);
    let mut bobs = scene.start(&scene.bob, NEVER, &[]);
    say(&mut anns, "bob", "first");
    for phone in [&mut anns, &mut bobs] {
        phone.wait_for("path", SOON).unwrap();
    }
    let before = scene.written();
    anns.process().write_line("speak bob").unwrap();
    let seconds = anns.wait_for("spoken", SPEECH).unwrap().number("seconds");
    let passing = anns.wait_for("passing", SOON).unwrap();
    let message = came_as(&mut bobs, "voice_note");
    assert_eq!(message.text("path"), "direct");
    assert_eq!(message.text("id"), passing.text("id"));
    let millis = message.number("millis").unwrap();
    assert_eq!(millis, (seconds.unwrap() * 1000.0).round());
    let waveform = message.value("waveform").as_array().unwrap();
    assert!(waveform.iter().any(|step| step.as_u64() > Some(150)));
    assert_eq!((scene.written(), scene.files_at_server()), (before, 0));
    let folder = scene.folder.path().join("saved");
    std::fs::create_dir(&folder).unwrap();
    let saved = save(&mut bobs, &message, &folder);
    let mut player = media::Player::new(std::fs::File::open(saved).unwrap()).unwrap();
    let samples = std::iter::from_fn(|| player.frame()).flatten().count();
    let heard = samples as f64 / f64::from(media::SAMPLE_RATE);
    assert!(
        (heard * 1000.0 - millis).abs() < 100.0,
        "{heard} s of {millis} ms"
    );
    // Whoever has received it need not do anything for the server to have it.
    drop(bobs);
    let ended = anns.interrupt(SOON).unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
    let mut anns = scene.start(&scene.ann, "1", &[]);
    while scene.written().1 < before.1 + 1.0 {
        anns.wait_for("stored", SOON).unwrap();
    }
    assert_eq!(scene.written(), (before.0, before.1 + 1.0));
    assert!(scene.files_at_server() > 0);
}
