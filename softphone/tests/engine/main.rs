//! The engine against a server of a few lines: real sockets and fake audio devices.

#![expect(
    clippy::unwrap_used,
    reason = "in a test what does not hold should fail loudly"
)]

mod server;

use std::time::Duration;

use server::Server;
use softphone::engine::{
    AccountSummary, CallNumber, CallStatistics, Command, Encryption, EndReason, Engine,
    EngineConfig, Notice, Registration, SipTransport,
};

/// Far longer than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn engine_over(sip_transport: SipTransport) -> Engine {
    let config = EngineConfig {
        audio_in: "tone".into(),
        audio_out: "null".into(),
        sip_transport: Some(sip_transport),
        ..EngineConfig::default()
    };
    Engine::start(config, None).unwrap()
}

/// Waits for the first notice that `wanted` makes something of.
async fn wait_for<T>(engine: &mut Engine, wanted: impl Fn(&Notice) -> Option<T>) -> T {
    let mut seen = Vec::new();
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            let notice = engine.notice().await.expect("the engine runs");
            if let Some(found) = wanted(&notice) {
                return found;
            }
            seen.push(notice);
        }
    });
    let found = found.await.ok();
    found.unwrap_or_else(|| panic!("only {seen:?}"))
}

fn sign_in(engine: &Engine, server: &Server, password: &str) {
    let command = Command::SignIn {
        server: server.url(),
        name: "amina".into(),
        password: password.to_owned().into(),
    };
    engine.send(command).unwrap();
}

async fn registered(engine: &mut Engine) -> AccountSummary {
    wait_for(engine, |notice| match notice {
        Notice::Registration(Registration::Registered(account)) => Some(account.clone()),
        Notice::Registration(Registration::Failed(problem)) => panic!("{problem:?}"),
        _ => None,
    })
    .await
}

async fn answered_call(engine: &mut Engine, target: &str) -> CallNumber {
    engine
        .send(Command::Call {
            target: target.into(),
        })
        .unwrap();
    wait_for(engine, |notice| match notice {
        Notice::Answered {
            call,
            codec,
            encryption: Encryption::None,
        } if codec == "opus" => Some(*call),
        _ => None,
    })
    .await
}

async fn ended(engine: &mut Engine) -> (EndReason, CallStatistics) {
    wait_for(engine, |notice| match notice {
        Notice::Ended {
            reason, statistics, ..
        } => Some((reason.clone(), *statistics)),
        _ => None,
    })
    .await
}

/// Waits until the echo is heard as loud as this, or as quiet.
async fn heard(engine: &mut Engine, is_wanted: impl Fn(f32) -> bool) {
    wait_for(engine, |notice| match notice {
        Notice::Level { heard_dbfs, .. } => is_wanted(*heard_dbfs).then_some(()),
        _ => None,
    })
    .await;
}

async fn call_and_hang_up(sip_transport: SipTransport) {
    let server = Server::start();
    let mut engine = engine_over(sip_transport);
    sign_in(&engine, &server, server::PASSWORD);
    assert_eq!(registered(&mut engine).await.number.as_deref(), Some("200"));

    let call = answered_call(&mut engine, "echo").await;
    heard(&mut engine, |dbfs| dbfs > -30.0).await;
    engine.send(Command::Mute { call, on: true }).unwrap();
    heard(&mut engine, |dbfs| dbfs < -60.0).await;
    engine.send(Command::Mute { call, on: false }).unwrap();
    heard(&mut engine, |dbfs| dbfs > -30.0).await;
    engine.send(Command::HangUp { call }).unwrap();

    let (reason, statistics) = ended(&mut engine).await;
    assert_eq!(reason, EndReason::LocalHangup);
    assert!(
        statistics.sent > 10 && statistics.received > 10,
        "{statistics:?}"
    );
    assert!(
        statistics.seconds > 0.2 && statistics.mos > 1.0,
        "{statistics:?}"
    );
}

#[tokio::test]
async fn a_call_is_heard_muted_and_hung_up_over_udp() {
    call_and_hang_up(SipTransport::Udp).await;
}

#[tokio::test]
async fn a_call_is_heard_muted_and_hung_up_over_tcp() {
    call_and_hang_up(SipTransport::Tcp).await;
}

#[tokio::test]
async fn signing_out_ends_the_call_and_signing_in_again_replaces_the_device() {
    let server = Server::start();
    let mut engine = engine_over(SipTransport::Udp);
    sign_in(&engine, &server, server::PASSWORD);
    registered(&mut engine).await;
    let first = answered_call(&mut engine, "echo").await;
    engine.send(Command::SignOut).unwrap();
    assert_eq!(ended(&mut engine).await.0, EndReason::LocalHangup);
    let is_out = |notice: &Notice| {
        matches!(notice, Notice::Registration(Registration::SignedOut)).then_some(())
    };
    wait_for(&mut engine, is_out).await;

    sign_in(&engine, &server, server::PASSWORD);
    registered(&mut engine).await;
    assert_eq!(server.replaced(), [None, Some("device-1".to_owned())]);
    let second = answered_call(&mut engine, "echo").await;
    assert!(second > first, "numbers are not used twice");
}

#[tokio::test]
async fn a_wrong_password_fails_and_the_right_one_works_afterwards() {
    let server = Server::start();
    let mut engine = engine_over(SipTransport::Udp);
    sign_in(&engine, &server, "wrong");
    let problem = wait_for(&mut engine, |notice| match notice {
        Notice::Registration(Registration::Failed(problem)) => Some(problem.clone()),
        _ => None,
    });
    assert_eq!(problem.await.code, "wrong-password");
    sign_in(&engine, &server, server::PASSWORD);
    registered(&mut engine).await;
}

#[tokio::test]
async fn a_call_while_signed_out_ends_with_its_reason() {
    let mut engine = engine_over(SipTransport::Udp);
    engine
        .send(Command::Call {
            target: "201".into(),
        })
        .unwrap();
    assert_eq!(ended(&mut engine).await.0, EndReason::NotRegistered);
}

#[tokio::test]
async fn a_device_that_is_not_there_ends_the_call_with_a_sentence() {
    let server = Server::start();
    let mut engine = engine_over(SipTransport::Udp);
    sign_in(&engine, &server, server::PASSWORD);
    registered(&mut engine).await;
    let (audio_in, audio_out) = ("/nowhere/speech.wav".into(), "null".into());
    engine
        .send(Command::UseDevices {
            audio_in,
            audio_out,
        })
        .unwrap();
    engine
        .send(Command::Call {
            target: "echo".into(),
        })
        .unwrap();
    let (EndReason::LocalFailure(sentence), _) = ended(&mut engine).await else {
        panic!()
    };
    assert!(sentence.contains("/nowhere/speech.wav"), "{sentence}");
}

/// Waits until the way to the server is lost, or is there again.
async fn way_moves(engine: &mut Engine, lost: bool) {
    wait_for(engine, |notice| match notice {
        Notice::Reconnecting { on, .. } if *on == lost => Some(()),
        Notice::Ended { reason, .. } => panic!("{reason:?}"),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_call_goes_on_over_a_new_connection() {
    let server = Server::start();
    let mut engine = engine_over(SipTransport::Tcp);
    sign_in(&engine, &server, server::PASSWORD);
    registered(&mut engine).await;
    let call = answered_call(&mut engine, "echo").await;
    server.cut();
    way_moves(&mut engine, true).await;
    way_moves(&mut engine, false).await;
    engine.send(Command::HangUp { call }).unwrap();
    assert_eq!(ended(&mut engine).await.0, EndReason::LocalHangup);
}

#[tokio::test]
async fn a_call_whose_server_is_gone_waits_until_somebody_hangs_up() {
    for transport in [SipTransport::Tcp, SipTransport::Udp] {
        let server = Server::start();
        let mut engine = engine_over(transport);
        sign_in(&engine, &server, server::PASSWORD);
        registered(&mut engine).await;
        let call = answered_call(&mut engine, "echo").await;
        server.stop();
        way_moves(&mut engine, true).await;
        engine.send(Command::HangUp { call }).unwrap();
        assert_eq!(ended(&mut engine).await.0, EndReason::LocalHangup);
    }
}

#[tokio::test]
async fn stopping_ends_everything_and_then_the_notices() {
    let server = Server::start();
    let mut engine = engine_over(SipTransport::Udp);
    sign_in(&engine, &server, server::PASSWORD);
    registered(&mut engine).await;
    answered_call(&mut engine, "echo").await;
    engine.send(Command::Stop).unwrap();
    assert_eq!(ended(&mut engine).await.0, EndReason::LocalHangup);
    wait_for(&mut engine, |notice| {
        (*notice == Notice::Stopped).then_some(())
    })
    .await;
    assert_eq!(engine.notice().await, None);
    assert!(engine.send(Command::SignOut).is_err());
}

#[tokio::test]
async fn an_engine_that_nobody_holds_unregisters_and_stops() {
    let server = Server::start();
    let mut engine = engine_over(SipTransport::Udp);
    sign_in(&engine, &server, server::PASSWORD);
    registered(&mut engine).await;
    answered_call(&mut engine, "echo").await;
    let began = std::time::Instant::now();
    drop(engine);
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert!(server.has_unregistered());
}
