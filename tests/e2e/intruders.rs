//! People who scan and guess: they find nothing, and are left alone with it. Others go on.

use std::fs;
use std::net::UdpSocket;
use std::time::Duration;

use bytes::Bytes;
use end_to_end::{Device, Host, Internet, Server, ServerOptions, Softphone, Sound, tool};
use sip::{Message, Method};

const SOON: Duration = Duration::from_secs(20);

fn server_on(host: &Host) -> Server {
    Server::start_with(ServerOptions {
        address: Some(host.address().into()),
        under: host.under(),
        ..ServerOptions::default()
    })
    .unwrap()
}

#[test]
fn sipvicious_finds_no_server_no_extension_and_no_password() {
    let internet = Internet::new().unwrap();
    let center = internet.host().unwrap();
    let intruder = internet.host().unwrap();
    let office = internet.host().unwrap();
    let mut server = server_on(&center);
    let ann = server.add_account("ann", "1001").unwrap();
    let device = server.make_device(&ann).unwrap();
    let target = center.address().to_string();
    let port = server.ready().sip.port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let passwords = folder.path().join("passwords");
    let mut list: Vec<String> = (0..30).map(|number| format!("guess{number}")).collect();
    list.push(device.secret.clone());
    fs::write(&passwords, list.join("\n")).unwrap();
    let passwords = passwords.to_str().unwrap();
    let own = intruder.address().to_string();
    let common = ["-x", &own, "-p", &port];

    for (program, arguments) in [
        ("svmap", vec![target.as_str()]),
        (
            "svwar",
            vec!["--force", "-e", "1000-1010", "--maximumtime", "5", &target],
        ),
        (
            "svcrack",
            vec![
                "-u",
                &device.login,
                "-d",
                passwords,
                "--maximumtime",
                "5",
                &target,
            ],
        ),
    ] {
        let arguments = [&common[..], &arguments].concat();
        let said = tool::run_on(&intruder, "sipvicious", program, &arguments).unwrap();
        for found in [
            "SIP Device",
            "Carillon",
            "reqauth",
            "1001 ",
            device.secret.as_str(),
        ] {
            assert!(!said.text.contains(found), "{program}: {}", said.text);
        }
    }
    let log = server.process().errors();
    assert!(log.contains("scanner") && log.contains(&own), "{log}");

    let sound = Sound::silent();
    let mut phone = Softphone::start_on(&office, &server, &ann, &sound, &["register"]).unwrap();
    phone.wait_for("registered", SOON).unwrap();
}

/// Registers with what somebody believes to be the secret; the status at the end, `None` for silence.
fn try_secret(socket: &UdpSocket, device: &Device, secret: &str, attempt: u32) -> Option<u16> {
    let device = Device {
        secret: secret.to_owned(),
        ..device.clone()
    };
    let local = socket.local_addr().unwrap();
    let call_id = format!("guess-{attempt}");
    let ask = |cseq, authorization: &str| {
        let request = device.register(local, &call_id, cseq, authorization);
        socket.send(&request).unwrap();
        let mut buffer = [0; 16_384];
        let length = socket.recv(&mut buffer).ok()?;
        match Message::parse(Bytes::copy_from_slice(&buffer[..length])).unwrap() {
            Message::Response(response) => Some(response),
            Message::Request(request) => panic!("{request:?}"),
        }
    };
    let challenge = ask(1, "")?;
    let credentials = device
        .authorization(&challenge.headers, &Method::Register, &device.registrar())
        .ok()?;
    Some(ask(2, &credentials)?.status.code())
}

#[test]
fn somebody_who_guesses_is_banned_before_the_right_secret_comes() {
    let internet = Internet::new().unwrap();
    let center = internet.host().unwrap();
    let intruder = internet.host().unwrap();
    let office = internet.host().unwrap();
    let mut server = server_on(&center);
    let ann = server.add_account("ann", "1001").unwrap();
    let device = server.make_device(&ann).unwrap();
    let socket_of = |host: &Host| {
        let socket = host
            .inside(|| UdpSocket::bind((host.address(), 0)).unwrap())
            .unwrap();
        socket.connect(server.ready().sip).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        socket
    };
    let guesses = socket_of(&intruder);
    let mut last = Some(0);
    for attempt in 0..40 {
        last = try_secret(&guesses, &device, &format!("guess {attempt}"), attempt);
        assert_ne!(last, Some(200));
    }
    assert_eq!(last, None, "guess after guess is answered");
    let right = try_secret(&guesses, &device, &device.secret, 99);
    assert_eq!(right, None, "the right secret came through");
    // The same account, at its owner's place.
    let owners = socket_of(&office);
    owners.set_read_timeout(Some(SOON)).unwrap();
    assert_eq!(try_secret(&owners, &device, &device.secret, 100), Some(200));
    let log = server.process().errors();
    let address = intruder.address().to_string();
    let banned = log
        .lines()
        .any(|line| line.contains("banned") && line.contains(&address));
    assert!(banned, "{log}");
    assert!(!log.contains(&device.secret), "a secret is in the log");
}
