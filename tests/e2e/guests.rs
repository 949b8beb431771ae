//! Guests: a number without an account, whom they may call, and how they become people without hanging up.

use std::time::Duration;

use end_to_end::{CallsItself, Device, FleetPhone, Report, Server, ServerOptions};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

/// Somebody with a phone, and with a session if they came over HTTP.
struct Caller {
    number: String,
    token: Option<String>,
    phone: FleetPhone,
}

impl Caller {
    fn with(server: &Server, device: &Device, token: Option<String>) -> Caller {
        let sip = server.ready().sip;
        let phone = FleetPhone::start(sip, device, CallsItself::Login, 60).unwrap();
        let registered = |report: &Report| (report.registered > 0).then_some(());
        phone.wait_until("registration", SOON, registered).unwrap();
        Caller {
            number: device.number.clone(),
            token,
            phone,
        }
    }

    fn guest(server: &Server, name: &str) -> Caller {
        let request = json!({"display_name": name, "device_label": "visitor's phone"});
        let (status, answer) = server.post("/api/v1/guests", None, &request).unwrap();
        assert_eq!(status, 201, "{answer}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let device = Device {
            login: text(&answer["device"]["login"]),
            secret: text(&answer["device"]["secret"]),
            domain: text(&answer["sip"]["domain"]),
            number: text(&answer["account"]["number"]),
        };
        Caller::with(
            server,
            &device,
            Some(text(&answer["tokens"]["access_token"])),
        )
    }

    /// Calls somebody; `None` if it was answered, else how it ended.
    fn calls(&self, number: &str) -> (usize, Option<String>) {
        let call = self.phone.call(number).unwrap();
        let outcome = |report: &Report| {
            let call = &report.calls[call];
            (call.is_answered || call.end.is_some()).then(|| call.end.clone())
        };
        let end = self.phone.wait_until("an outcome", SOON, outcome).unwrap();
        (call, end)
    }

    fn ends(&self, call: usize) -> String {
        let end = |report: &Report| report.calls[call].end.clone();
        self.phone.wait_until("the end", SOON, end).unwrap()
    }
}

fn server(guests: &str) -> Server {
    Server::start_with(ServerOptions {
        settings: format!("[guests]\nenabled = true\n{guests}\n"),
        ..ServerOptions::default()
    })
    .unwrap()
}

#[test]
fn a_guest_calls_whom_it_may_and_becomes_a_person_in_mid_call() {
    let server = server("may_call = [\"accounts\"]");
    let ann = server.add_account("ann", "1001").unwrap();
    let ann = Caller::with(&server, &server.make_device(&ann).unwrap(), None);
    let gus = Caller::guest(&server, "Gus");
    let eve = Caller::guest(&server, "Eve");

    let (first, refused) = gus.calls("1001");
    assert_eq!(refused, None);
    let from = ann.phone.report().calls[0].from.clone().unwrap();
    let shown = format!("\"Gus\" <sip:{}@", gus.number);
    assert!(from.starts_with(&shown), "{from}");
    assert_eq!(gus.calls(&eve.number).1.as_deref(), Some("403"));
    assert_eq!(ann.calls(&eve.number).1, None);

    let request = json!({"username": "gustav", "password": "seven green bottles 7"});
    let token = gus.token.as_deref();
    let (status, person) = server.post("/api/v1/me/upgrade", token, &request).unwrap();
    assert_eq!((status, &person["number"]), (200, &json!(gus.number)));
    // The call goes on, the phone stays registered under its number, and people may call guests.
    assert_eq!(gus.phone.report().calls[first].end, None);
    assert_eq!(ann.calls(&gus.number).1, None);
    assert_eq!(gus.calls(&eve.number).1, None);
    gus.phone.hang_up(first).unwrap();
    assert_eq!(gus.ends(first), "we hung up");
}

#[test]
fn a_guests_lease_is_renewed_by_its_registrations() {
    let mut server = server("lease_hours = 2");
    let gus = Caller::guest(&server, "Gus");
    let lease = |server: &Server| {
        let numbers = server
            .callctl(&["--json", "numbers", "list", "--state", "guest"])
            .unwrap();
        let numbers: Value = serde_json::from_str(&numbers).unwrap();
        let ends = numbers[0]["lease_ends_at"].as_str().unwrap().to_owned();
        (numbers[0]["number"].as_str().unwrap().to_owned(), ends)
    };
    let (number, lent) = lease(&server);
    assert_eq!(number, gus.number);
    // What has collected is written when the server stops, if not before.
    server.stop().unwrap();
    let (_, renewed) = lease(&server);
    // Both are RFC 3339 in UTC. The registration lives for a minute, and the lease for two hours more.
    assert!(renewed > lent, "lent until {lent}, renewed until {renewed}");
}
