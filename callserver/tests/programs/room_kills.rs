//! Nothing that was acknowledged is lost and nothing comes twice, whatever is killed: what senders were told is compared
//! with what each device holds.
//!
//! Three people with three devices each write in one room, each device at its own pace, and all of them hear everything.
//! The server is killed again and again in the middle of it, and devices break their connections by themselves.
//! `CARILLON_ROOM_MESSAGES` says how many messages each device writes, `CARILLON_ROOM_KILLS` how often the server is killed.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use crate::client::{PASSWORD, add, ask, log_in};
use crate::process::{PATIENCE, Server, http_bytes};

const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];
const DEVICES: usize = 3;

/// A device breaks its connection after so many acknowledgements.
const BREAK_AFTER: usize = 23;

fn number(name: &str, usual: usize) -> usize {
    let text = std::env::var(name).ok();
    text.map_or(usual, |text| text.parse().expect("a whole number"))
}

/// Where the server is at the moment, if it runs.
#[derive(Default)]
struct Place {
    address: Mutex<Option<SocketAddr>>,
    changed: Condvar,
}

impl Place {
    fn set(&self, address: Option<SocketAddr>) {
        *self.address.lock().unwrap() = address;
        self.changed.notify_all();
    }

    fn get(&self) -> SocketAddr {
        let guard = self.address.lock().unwrap();
        let guard = self.changed.wait_while(guard, |address| address.is_none());
        guard.unwrap().unwrap()
    }
}

struct Device {
    place: Arc<Place>,
    name: &'static str,
    label: String,
    token: String,
    room: String,
    count: usize,
    /// How many entries there will be in the end.
    total: usize,
    acknowledged: Sender<()>,
    /// What it was told is stored: the id of each message and its sequence number.
    told: Vec<(String, i64)>,
    /// What it holds: the id of each entry, by its sequence number.
    holds: BTreeMap<i64, String>,
}

impl Device {
    fn is_done(&self) -> bool {
        self.told.len() == self.count && self.holds.len() == self.total
    }

    fn run(mut self) -> Self {
        while !self.is_done() {
            // Whatever breaks, it comes back and goes on where it was.
            let _ = self.be_connected();
        }
        self
    }

    fn log_in(&mut self, address: SocketAddr) {
        let body = json!({ "name": self.name, "password": PASSWORD, "device_label": self.label });
        let body = body.to_string();
        let request = format!(
            "POST /api/v1/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let (status, _, body) = http_bytes(address, request.as_bytes());
        if status == 200 {
            let answer: Value = serde_json::from_slice(&body).unwrap();
            self.token = answer["tokens"]["access_token"]
                .as_str()
                .unwrap()
                .to_owned();
        }
    }

    /// Until the connection breaks or everything is done.
    fn be_connected(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        let address = self.place.get();
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{address}/ws/rooms");
        let (mut socket, _) =
            tungstenite::client(url, stream).map_err(|error| error.to_string())?;
        let last = self.holds.keys().next_back().copied().unwrap_or(0);
        let wish = json!({
            "token": self.token, "session_id": self.label, "cursors": { self.room.clone(): last },
        });
        send(&mut socket, "USER_CONNECT", wish)?;
        let (mut waits_for, mut acknowledged) = (None, 0);
        let mut is_connected = false;
        while !self.is_done() {
            if is_connected && waits_for.is_none() && self.told.len() < self.count {
                // After a break the same message is sent again with the same id.
                let id = format!("{}-{}", self.label, self.told.len());
                let body = json!({ "type": "text", "text": format!("Message {id} of many") });
                let message = json!({ "room": self.room, "id": id, "body": body });
                send(&mut socket, "USER_MESSAGE", message)?;
                waits_for = Some(id);
            }
            let Message::Text(text) = socket.read()? else {
                continue;
            };
            let told: Value = serde_json::from_str(&text)?;
            let data = &told["data"];
            match told["type"].as_str().unwrap() {
                "SYS_CONNECTED" => is_connected = true,
                "SYS_NEW_MESSAGE" => {
                    let message = &data["message"];
                    let sequence = message["sequence"].as_i64().unwrap();
                    let id = message["id"].as_str().unwrap().to_owned();
                    let before = self.holds.keys().next_back().copied().unwrap_or(0);
                    assert_eq!(sequence, before + 1, "{}: a gap, or twice", self.label);
                    self.holds.insert(sequence, id);
                }
                "SYS_MESSAGE_STORED" => {
                    let id = data["id"].as_str().unwrap().to_owned();
                    assert_eq!(Some(&id), waits_for.as_ref());
                    self.told.push((id, data["sequence"].as_i64().unwrap()));
                    waits_for = None;
                    acknowledged += 1;
                    let _ = self.acknowledged.send(());
                    if acknowledged == BREAK_AFTER {
                        return Ok(());
                    }
                }
                "SYS_ERROR" if told["status"] == 401 => self.log_in(address),
                // More than one person may say: it comes back a little later.
                "SYS_ERROR" if told["status"] == 429 => return Ok(()),
                // Busy, or this connection was too slow: it comes back.
                "SYS_ERROR" => {
                    assert_eq!(data["code"], "ERR_005", "{told}");
                    return Ok(());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn send(
    socket: &mut WebSocket<TcpStream>,
    kind: &str,
    data: Value,
) -> Result<(), tungstenite::Error> {
    let request = json!({ "type": kind, "data": data, "id": "q" });
    socket.send(Message::text(request.to_string()))
}

#[test]
fn what_was_acknowledged_is_on_every_device_once_however_often_the_server_is_killed() {
    let count = number("CARILLON_ROOM_MESSAGES", 60);
    let kills = number("CARILLON_ROOM_KILLS", 4);
    let mut server = Server::start();
    for name in PEOPLE {
        add(&server, name);
    }
    let token = log_in(&server, "alice").tokens.unwrap().access_token;
    let wish = json!({ "participants": [{ "name": "bob" }, { "name": "carol" }] });
    let room = ask(&server, "POST", "/api/v1/rooms")
        .token(&token)
        .json(&wish);
    let room = room.get(201)["id"].as_str().unwrap().to_owned();
    let writes = PEOPLE.len() * DEVICES * count;
    let place = Arc::new(Place::default());
    place.set(Some(server.address("http")));
    let (acknowledged, heard) = channel();
    let mut devices = Vec::new();
    for name in PEOPLE {
        for index in 0..DEVICES {
            let device = Device {
                place: place.clone(),
                name,
                label: format!("{name}-{index}"),
                token: log_in(&server, name).tokens.unwrap().access_token,
                room: room.clone(),
                count,
                // The first entry says that the room was opened.
                total: writes + 1,
                acknowledged: acknowledged.clone(),
                told: Vec::new(),
                holds: BTreeMap::new(),
            };
            devices.push(thread::spawn(move || device.run()));
        }
    }
    drop(acknowledged);
    let mut seen = 0;
    for kill in 1..=kills {
        // Spread over the whole of it.
        while seen < writes * kill / (kills + 1) {
            heard.recv().unwrap();
            seen += 1;
        }
        server.signal("KILL");
        place.set(None);
        let (_, _, folder) = server.wait();
        server = Server::start_in(folder);
        place.set(Some(server.address("http")));
    }
    let devices: Vec<Device> = devices.into_iter().map(|one| one.join().unwrap()).collect();
    for device in &devices {
        assert_eq!(device.holds, devices[0].holds, "{}", device.label);
        for (id, sequence) in &device.told {
            assert_eq!(device.holds.get(sequence), Some(id), "{}", device.label);
        }
    }
}
