//! Live rooms of a real server, with the headless softphone as the client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use end_to_end::{Server, ServerOptions, Softphone, Sound};

const SOON: Duration = Duration::from_secs(20);

fn server(timeout_seconds: u64) -> (Server, String) {
    let settings =
        format!("[live_rooms]\nlisten = \"127.0.0.1:0\"\ntimeout_seconds = {timeout_seconds}\n");
    let options = ServerOptions {
        settings,
        ..ServerOptions::default()
    };
    let server = Server::start_with(options).unwrap();
    let place = server.ready().line["live_rooms"]
        .as_str()
        .unwrap()
        .to_owned();
    (server, place)
}

fn client(place: &str, verb: &[&str]) -> Softphone {
    let mut arguments = vec!["--live-rooms", place, "rooms", "live"];
    arguments.extend(verb);
    Softphone::start_with(&arguments, &Sound::silent()).unwrap()
}

fn say(client: &mut Softphone, text: &str) {
    client.process().write_line(text).unwrap();
}

#[test]
fn people_write_to_each_other_until_the_host_leaves() {
    let (_server, place) = server(60);
    let mut ann = client(&place, &["create", "kitchen", "--name", "Ann"]);
    ann.wait_for("joined", SOON).unwrap();

    let listed = client(&place, &["list"]).finish(SOON).unwrap();
    let room = listed.event("live_room").unwrap();
    assert_eq!((room.text("name"), room.text("host")), ("kitchen", "Ann"));

    let taken = client(&place, &["join", "kitchen", "--name", "Ann"]);
    let taken = taken.finish(SOON).unwrap();
    assert_eq!(taken.code, Some(1));
    assert_eq!(taken.event("error").unwrap().text("code"), "name-taken");

    let mut ben = client(&place, &["join", "kitchen", "--name", "Ben"]);
    ben.wait_for("joined", SOON).unwrap();
    assert_eq!(ann.wait_for("notice", SOON).unwrap().text("about"), "Ben");

    say(&mut ann, "tea? ☕");
    let heard = ben.wait_for("message", SOON).unwrap();
    assert_eq!((heard.text("from"), heard.text("text")), ("Ann", "tea? ☕"));
    let long = "x".repeat(4096);
    say(&mut ben, &long);
    assert_eq!(ann.wait_for("message", SOON).unwrap().text("text"), long);
    say(&mut ben, &"x".repeat(4097));
    assert_eq!(
        ben.wait_for("error", SOON).unwrap().text("code"),
        "too-long"
    );

    ann.process().close_input();
    ann.wait_for("left", SOON).unwrap();
    let ended = ben.wait_for("room_ended", SOON).unwrap();
    assert_eq!(
        ended.text("sentence"),
        "The host Ann has left; the room is closed."
    );
    assert_eq!(ben.finish(SOON).unwrap().code, Some(0));
    let listed = client(&place, &["list"]).finish(SOON).unwrap();
    assert!(listed.event("live_room").is_err());
}

#[test]
fn who_vanishes_is_out_after_the_time_limit_and_the_others_are_told() {
    let (_server, place) = server(2);
    let mut ann = client(&place, &["create", "kitchen", "--name", "Ann"]);
    ann.wait_for("joined", SOON).unwrap();
    let mut ben = client(&place, &["join", "kitchen", "--name", "Ben"]);
    ben.wait_for("joined", SOON).unwrap();
    ann.wait_for("notice", SOON).unwrap();
    ben.process().kill();
    let out = ann.wait_for("notice", SOON).unwrap();
    assert_eq!(
        out.text("sentence"),
        "Ben was silent for too long and is out."
    );
}

#[test]
fn the_server_stays_up_whatever_comes_to_its_live_rooms() {
    let (_server, place) = server(60);
    let address: SocketAddr = place.parse().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut noise = 1_u32;
    for _ in 0..150 {
        let mut bytes = vec![0; 1 + (noise as usize >> 20) % 1_400];
        for byte in &mut bytes {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = noise.to_be_bytes()[0];
        }
        socket.send_to(&bytes, address).unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        // The server may have closed already.
        let _ = stream.write_all(&bytes);
        let _ = stream.read(&mut [0; 64]);
    }
    let mut ann = client(&place, &["create", "kitchen", "--name", "Ann"]);
    ann.wait_for("joined", SOON).unwrap();
}
