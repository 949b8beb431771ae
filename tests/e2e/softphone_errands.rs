//! What a softphone asks of the server besides calls: how calls are treated, presence, past calls.

use std::time::{Duration, Instant};

use end_to_end::{Account, Event, Finished, Server, Softphone, Sound};

const SOON: Duration = Duration::from_secs(30);

/// Runs a verb to its end, which must be a good one.
fn run(server: &Server, account: &Account, verb: &[&str]) -> Finished {
    let phone = Softphone::start(server, account, &Sound::silent(), verb).unwrap();
    let finished = phone.finish(SOON).unwrap();
    assert_eq!(finished.code, Some(0), "{verb:?}: {}", finished.errors);
    finished
}

/// The presence line of somebody.
fn presence_of(finished: &Finished, who: &str) -> Event {
    let mut lines = finished.events.iter();
    let line = lines.find(|event| event.name() == "presence" && event.text("who") == who);
    line.unwrap_or_else(|| panic!("nothing of {who} in {:?}", finished.events))
        .clone()
}

#[test]
fn do_not_disturb_and_a_forward_are_set_and_treat_the_next_call() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let cem = server.add_account("cem", "1003").unwrap();
    let mut at_bobs = Softphone::start(&server, &bob, &Sound::silent(), &["watch"]).unwrap();
    at_bobs.wait_for("registered", SOON).unwrap();

    let settings = run(&server, &bob, &["call-settings", "get"]);
    let settings = settings.event("call_settings").unwrap().clone();
    assert!(!settings.flag("do_not_disturb") && settings.flag("call_waiting"));

    run(
        &server,
        &bob,
        &["call-settings", "set", "--do-not-disturb", "true"],
    );
    let call = Softphone::start(&server, &ann, &Sound::silent(), &["call", "1002"]).unwrap();
    let finished = call.finish(SOON).unwrap();
    assert_eq!(finished.event("ended").unwrap().text("reason"), "busy");

    let forward = [
        "call-settings",
        "set",
        "--forward-busy",
        "cem",
        "--no-answer-seconds",
        "9",
    ];
    let settings = run(&server, &bob, &forward);
    let settings = settings.event("call_settings").unwrap().clone();
    assert!(
        settings.flag("do_not_disturb"),
        "what is not named stays: {settings:?}"
    );
    assert_eq!(settings.text("forward_busy"), "cem");
    assert_eq!(settings.number("no_answer_seconds").unwrap(), 9.0);
    let mut answering = Softphone::start(&server, &cem, &Sound::silent(), &["answer"]).unwrap();
    answering.wait_for("registered", SOON).unwrap();
    run(&server, &ann, &["call", "1002", "--for", "0.5"]);
    assert_eq!(answering.finish(SOON).unwrap().code, Some(0));

    let undone = [
        "call-settings",
        "set",
        "--forward-busy",
        "none",
        "--do-not-disturb",
        "false",
    ];
    run(&server, &bob, &undone);
    let mut call = Softphone::start(&server, &ann, &Sound::silent(), &["call", "1002"]).unwrap();
    at_bobs.wait_for("incoming", SOON).unwrap();
    call.wait_for("ringing", SOON).unwrap();
    call.interrupt(SOON).unwrap();

    // What the server refuses is said in a sentence.
    let wrong = ["call-settings", "set", "--no-answer-seconds", "0"];
    let refused = Softphone::start(&server, &bob, &Sound::silent(), &wrong).unwrap();
    let refused = refused.finish(SOON).unwrap();
    assert_eq!(refused.code, Some(1), "{:?}", refused.events);
    assert!(refused.sentence().ends_with('.'), "{}", refused.sentence());
}

#[test]
fn what_one_tells_about_oneself_reaches_those_who_watch() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    run(&server, &ann, &["contacts", "add", "1002"]);
    let watch = ["presence", "watch"];
    let mut watcher = Softphone::start(&server, &ann, &Sound::silent(), &watch).unwrap();
    let seen = |watcher: &mut Softphone, state: &str| loop {
        let event = watcher.wait_for("presence", SOON).unwrap();
        if event.text("who") == "bob" && event.text("state") == state {
            return event;
        }
    };
    seen(&mut watcher, "offline");

    let mut at_bobs = Softphone::start(&server, &bob, &Sound::silent(), &["answer"]).unwrap();
    at_bobs.wait_for("registered", SOON).unwrap();
    let online = seen(&mut watcher, "online");
    assert_eq!(online.text("number"), "1002");

    let own = run(
        &server,
        &bob,
        &["presence", "set", "away", "--note", "back at 3"],
    );
    assert_eq!(own.event("own_presence").unwrap().text("state"), "away");
    assert_eq!(seen(&mut watcher, "away").text("note"), "back at 3");
    let own = run(&server, &bob, &["presence", "show"]);
    assert_eq!(own.event("own_presence").unwrap().text("note"), "back at 3");

    run(
        &server,
        &bob,
        &["presence", "set", "available", "--note", ""],
    );
    seen(&mut watcher, "online");
    let list = run(&server, &ann, &["presence", "list"]);
    assert_eq!(presence_of(&list, "bob").text("state"), "online");

    // A call shows, and its end.
    let mut call = Softphone::start(&server, &ann, &Sound::silent(), &["call", "1002"]).unwrap();
    call.wait_for("answered", SOON).unwrap();
    seen(&mut watcher, "in_a_call");
    call.interrupt(SOON).unwrap();
    at_bobs.finish(SOON).unwrap();
    seen(&mut watcher, "offline");

    // Nobody sees who does not want to be seen.
    run(
        &server,
        &bob,
        &["presence", "set", "busy", "--visibility", "nobody"],
    );
    let list = run(&server, &ann, &["presence", "list"]);
    assert_eq!(presence_of(&list, "bob").text("state"), "offline");
    assert_eq!(watcher.interrupt(SOON).unwrap().code, Some(0));
}

#[test]
fn past_calls_say_how_good_they_were_and_who_hung_up() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let mut answering = Softphone::start(&server, &bob, &Sound::silent(), &["answer"]).unwrap();
    answering.wait_for("registered", SOON).unwrap();
    run(&server, &ann, &["call", "1002", "--for", "3"]);
    assert_eq!(answering.finish(SOON).unwrap().code, Some(0));

    for (account, direction, who, by) in [
        (&ann, "outgoing", "bob", "us"),
        (&bob, "incoming", "ann", "them"),
    ] {
        // The server writes its history a moment after a call.
        let begin = Instant::now();
        let past = loop {
            let past = run(&server, account, &["calls", "--limit", "1"]);
            if past.event("past_call").is_ok() || begin.elapsed() > SOON {
                break past;
            }
        };
        let call = past.event("past_call").unwrap();
        assert_eq!(call.text("direction"), direction);
        assert_eq!((call.text("who"), call.text("hung_up_by")), (who, by));
        assert_eq!(call.text("codec"), "opus");
        assert!(call.flag("encrypted"), "{call:?}");
        assert!(call.number("seconds").unwrap() >= 2.5, "{call:?}");
        let heard = call.value("heard");
        assert!(heard["received"].as_u64().unwrap() > 100, "{call:?}");
        for figure in ["lost", "jitter_millis"] {
            assert!(heard[figure].is_u64(), "{figure} in {call:?}");
        }
        assert!(heard["mos"].as_f64().unwrap() > 1.0, "{call:?}");
    }
}

#[test]
fn who_was_called_in_vain_is_waited_for() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let mut at_anns =
        Softphone::start(&server, &ann, &Sound::silent(), &["--commands", "watch"]).unwrap();
    at_anns.wait_for("registered", SOON).unwrap();
    let busy = ["call-settings", "set", "--do-not-disturb", "true"];
    run(&server, &bob, &busy);
    at_anns.process().write_line("call 1002").unwrap();
    at_anns.wait_for("ended", SOON).unwrap();
    let wish = run(&server, &ann, &["call-back", "from", "1002"]);
    let wish = wish.event("call_back").unwrap().clone();
    assert_eq!(wish.text("name"), "bob");
    let list = run(&server, &ann, &["call-back", "list"]);
    let id = list.event("call_back").unwrap().number("id").unwrap();
    assert_eq!(id, wish.number("id").unwrap());
    run(&server, &ann, &["call-back", "cancel", &format!("{id:.0}")]);
    let list = run(&server, &ann, &["call-back", "list"]);
    assert!(list.event("call_back").is_err());
}

#[test]
fn a_message_is_left_listened_to_marked_and_deleted() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let on = [
        "call-settings",
        "set",
        "--voicemail",
        "true",
        "--voicemail-after",
        "1",
    ];
    let settings = run(&server, &bob, &on);
    let voicemail = settings
        .event("call_settings")
        .unwrap()
        .value("voicemail")
        .clone();
    assert_eq!(voicemail["is_on"], true);
    let greeting = ["voicemails", "greeting", "record", "--for", "1"];
    run(&server, &bob, &greeting);
    let mut at_bobs = Softphone::start(&server, &bob, &Sound::silent(), &["watch"]).unwrap();
    at_bobs.wait_for("registered", SOON).unwrap();
    run(&server, &ann, &["call", "1002", "--for", "7"]);
    let lamp = at_bobs.wait_for("voicemail", SOON).unwrap();
    assert_eq!(lamp.number("new").unwrap(), 1.0);

    let list = run(&server, &bob, &["voicemails", "list"]);
    let message = list.event("message_left").unwrap();
    assert_eq!(
        (message.text("who"), message.text("number")),
        ("ann", "1001")
    );
    assert!(!message.flag("is_heard"));
    let id = format!("{:.0}", message.number("id").unwrap());

    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard.wav");
    let sound = Sound {
        input: "silence".into(),
        output: heard.clone().into(),
    };
    let play = ["voicemails", "play", &id];
    let playing = Softphone::start(&server, &bob, &sound, &play).unwrap();
    let played = playing.finish(SOON).unwrap();
    assert_eq!(played.code, Some(0), "{}", played.errors);
    // Two seconds of 48 kHz at least, and not of silence.
    let recording = hearing::Recording::read(&heard).unwrap();
    assert!(recording.samples.len() > 2 * 48_000);
    assert!(recording.samples.iter().any(|sample| sample.abs() > 1_000));

    let list = run(&server, &bob, &["voicemails", "list"]);
    assert!(list.event("message_left").unwrap().flag("is_heard"));
    let file = folder.path().join("message.ogg");
    run(
        &server,
        &bob,
        &["voicemails", "save", &id, file.to_str().unwrap()],
    );
    assert!(std::fs::read(&file).unwrap().starts_with(b"OggS"));
    run(&server, &bob, &["voicemails", "remove", &id]);
    let list = run(&server, &bob, &["voicemails", "list"]);
    assert!(list.event("message_left").is_err());
    run(&server, &bob, &["voicemails", "greeting", "remove"]);
}
