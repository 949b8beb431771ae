//! The HTTP interface against its own description, as somebody tries it who knows nothing else.

use std::env;

use end_to_end::{ApiTest, Server, ServerOptions};

/// How long each of the runs goes on; `CARILLON_API_SECONDS` says otherwise, as `make soak` does.
fn seconds() -> u64 {
    let wanted = env::var("CARILLON_API_SECONDS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(15)
}

/// The same requests each time, unless somebody wants to go on for long.
fn seed() -> Option<u64> {
    env::var_os("CARILLON_API_SECONDS").is_none().then_some(1)
}

/// Limits that nobody reaches, and everything allowed that can be.
fn server() -> Server {
    let settings = "[http_limits]\nrequests_per_session_per_minute = 1000000\n\
                    [guests]\nenabled = true\nper_address_per_hour = 1000000\nmay_see_directory = true\n";
    Server::start_with(ServerOptions {
        settings: settings.into(),
        ..ServerOptions::default()
    })
    .unwrap()
}

/// Streams never end, which schemathesis would wait for.
const STREAM: &str = "/api/v1/events";

#[test]
fn the_interface_keeps_its_promises_to_strangers() {
    let server = server();
    let test = ApiTest {
        seconds: seconds(),
        seed: seed(),
        without: &[STREAM],
        ..ApiTest::default()
    };
    test.run(&server).unwrap();
}

#[test]
fn the_interface_keeps_its_promises_to_an_administrator() {
    let server = server();
    let alice = server.add_account("alice", "1000").unwrap();
    server.callctl(&["accounts", "admin", "alice"]).unwrap();
    let token = server.access_token(&alice).unwrap();
    let test = ApiTest {
        token: Some(&token),
        seconds: seconds(),
        seed: seed(),
        // What would end the session: all that follows would be told the same.
        without: &[
            STREAM,
            "/api/v1/logout",
            "/api/v1/me/sessions/{id}",
            "/api/v1/admin/accounts/{id}/password",
        ],
    };
    test.run(&server).unwrap();
}
