//! The server's HTTP interface as the phone uses it, against a server that does what a test wants.
#![expect(
    clippy::unwrap_used,
    reason = "a test says by a panic that something is wrong"
)]

mod stub;

use std::sync::{Arc, Mutex};

use api::Tokens;
use softphone::web::{
    Arrival, Connection, Entrance, Errand, News, Reply, ServerAddress, Session, WebError,
};
use stub::{Answer, Asked, Stub};

const ME: &str = r#"{"id":7,"kind":"person","role":"user","name":"amina","display_name":"Amina","number":"1004",
    "has_picture":false,"has_password":true,"devices":1,"created_at":"2026-11-21T14:00:00Z"}"#;

fn problem(status: u16, kind: &str) -> Answer {
    let body = format!(
        r#"{{"type":"urn:carillon:problem:{kind}","title":"t","status":{status},"detail":"No."}}"#
    );
    (status, body)
}

fn tokens(access: &str, refresh: &str, access_seconds: u64) -> Tokens {
    Tokens {
        access_token: access.into(),
        access_seconds,
        refresh_token: refresh.into(),
        refresh_seconds: 1000,
    }
}

/// Knows the access token `fresh`, and gives it for the refresh token `r-1`.
fn house(asked: &Asked) -> Answer {
    match asked.line.as_str() {
        "POST /api/v1/tokens/refresh" if asked.body.contains("r-1") => (
            200,
            serde_json::to_string(&tokens("fresh", "r-2", 900)).unwrap(),
        ),
        "GET /api/v1/me" if asked.token.as_deref() == Some("fresh") => (200, ME.into()),
        _ => problem(401, "no-session"),
    }
}

fn connection(stub: &Stub) -> Connection {
    Connection::new(ServerAddress::parse(&stub.url, false).unwrap(), None).unwrap()
}

/// A session, and what it gave to be kept.
fn session(stub: &Stub, tokens: Tokens) -> (Session, Arc<Mutex<Vec<String>>>) {
    let kept = Arc::<Mutex<Vec<String>>>::default();
    let keeper = {
        let kept = kept.clone();
        Arc::new(move |tokens: &Tokens| {
            kept.lock().unwrap().push(tokens.refresh_token.clone());
        })
    };
    (Session::new(connection(stub), tokens, keeper), kept)
}

fn lines(stub: &Stub) -> Vec<String> {
    stub.asked().into_iter().map(|asked| asked.line).collect()
}

#[tokio::test]
async fn a_token_that_runs_out_is_renewed_before_it_is_used_and_kept() {
    let stub = Stub::new(house);
    let (session, kept) = session(&stub, tokens("stale", "r-1", 0));
    let reply = Errand::Me.run(&session).await.unwrap();
    assert!(matches!(reply, Reply::Me(me) if me.name == "amina"));
    assert_eq!(
        lines(&stub),
        ["POST /api/v1/tokens/refresh", "GET /api/v1/me"]
    );
    assert_eq!(*kept.lock().unwrap(), ["r-1", "r-2"]);
    assert!(
        stub.asked()[0].key.is_some(),
        "a lost answer can be had again"
    );
}

#[tokio::test]
async fn a_token_that_the_server_forgot_is_renewed_once() {
    let stub = Stub::new(house);
    let (session, _) = session(&stub, tokens("forgotten", "r-1", 900));
    assert!(Errand::Me.run(&session).await.is_ok());
    assert_eq!(lines(&stub).len(), 3);
}

#[tokio::test]
async fn many_who_ask_at_once_renew_the_token_once() {
    let stub = Stub::new(house);
    let (session, _) = session(&stub, tokens("stale", "r-1", 0));
    let (one, two) = tokio::join!(Errand::Me.run(&session), Errand::Me.run(&session));
    assert!(one.is_ok() && two.is_ok());
    let renewals = lines(&stub)
        .iter()
        .filter(|line| line.contains("refresh"))
        .count();
    assert_eq!(renewals, 1, "{:?}", lines(&stub));
}

#[tokio::test]
async fn a_sign_in_that_is_over_says_so() {
    let stub = Stub::new(house);
    let (session, _) = session(&stub, tokens("forgotten", "r-0", 900));
    assert_eq!(Errand::Me.run(&session).await, Err(WebError::SessionEnded));
}

#[tokio::test]
async fn a_connection_that_broke_is_tried_again_with_the_same_key() {
    let count = Mutex::new(0);
    let stub = Stub::new(move |asked| {
        let mut count = count.lock().unwrap();
        *count += 1;
        if *count == 1 {
            (0, String::new())
        } else {
            house(asked)
        }
    });
    let (session, _) = session(&stub, tokens("stale", "r-1", 0));
    assert!(Errand::Me.run(&session).await.is_ok());
    let asked = stub.asked();
    assert_eq!(asked[0].line, asked[1].line);
    assert_eq!(asked[0].key, asked[1].key);
}

#[tokio::test]
async fn events_are_heard_after_a_look_at_how_things_are() {
    let stub = Stub::new(|asked| match asked.line.as_str() {
        "GET /api/v1/events" => {
            let event =
                r#"{"event":"number_changed","account":7,"old":"1004","new":"1005","is_me":true}"#;
            (
                200,
                format!(
                    "data: {{\"event\":\"listening\"}}\n\ndata: {event}\n\ndata: {{\"event\":\"session_ended\"}}\n\n"
                ),
            )
        }
        _ => house(asked),
    });
    let (session, _) = session(&stub, tokens("fresh", "r-1", 900));
    let (sender, mut news) = tokio::sync::mpsc::channel(8);
    softphone::web::listen(Arc::new(session), sender).await;
    assert!(matches!(news.recv().await, Some(News::Me(_))));
    assert_eq!(news.recv().await, Some(News::Event(api::Event::Listening)));
    let Some(News::Event(api::Event::NumberChanged {
        new, is_me: true, ..
    })) = news.recv().await
    else {
        panic!("no event")
    };
    assert_eq!(new.unwrap().as_str(), "1005");
    assert_eq!(news.recv().await, Some(News::Ended));
}

#[tokio::test]
async fn what_was_kept_serves_while_the_server_is_away_and_not_after_it_was_ended() {
    let answer = serde_json::json!({
        "account": {"id": 7, "name": "amina", "display_name": "Amina", "number": "1000"},
        "device": {"login": "d-x", "secret": "s3cret", "label": "laptop"},
        "sip": {"domain": "old", "udp": "127.0.0.1:5060", "tcp": null},
        "tokens": {"access_token": "", "access_seconds": 0, "refresh_token": "r-1", "refresh_seconds": 9},
    });
    let arrival = |url: &str, refresh: &str| {
        let mut kept: api::LoginAnswer = serde_json::from_value(answer.clone()).unwrap();
        kept.tokens.as_mut().unwrap().refresh_token = refresh.into();
        Arrival {
            server: ServerAddress::parse(url, false).unwrap(),
            trusted: None,
            entrance: Entrance::Kept(Box::new(kept)),
            device_label: "x".into(),
        }
    };
    let stub = Stub::new(|asked| {
        match asked.line.as_str() {
        "GET /api/v1/server" => (
            200,
            r#"{"domain":"new","version":"1","sign_up":"open","guests":true,"sip":{"domain":"new","udp":"127.0.0.1:9","tcp":null}}"#.into(),
        ),
        _ => house(asked),
    }
    });
    let (_, today) = arrival(&stub.url, "r-1").run().await.unwrap();
    assert_eq!(today.account.number.unwrap().as_str(), "1004");
    assert_eq!(today.sip.domain, "new");
    assert_eq!(today.tokens.unwrap().refresh_token, "r-2");

    let ended = arrival(&stub.url, "r-0").run().await;
    assert_eq!(ended.map(drop), Err(WebError::SessionEnded));

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let away = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let (_, as_it_was) = arrival(&away, "r-1").run().await.unwrap();
    assert_eq!(as_it_was.sip.domain, "old");
}
