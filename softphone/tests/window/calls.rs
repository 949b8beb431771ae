//! Calls out and in, from the first ring to the end.

use std::time::Duration;

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use softphone::engine::{
    CallNumber, Command, Encryption, EndReason, Hold, Notice, Registration, TransferProgress,
};

use softphone::web::{Errand, Reply};

use crate::stage::{CALL, CTRL_SHIFT, NARROW, Stage, WIDE, amina, bruno_calls, ended};

#[test]
fn somebody_signs_in_dials_talks_and_hangs_up() {
    let mut stage = Stage::new(WIDE);
    stage.type_into(Role::TextInput, "Name", "amina");
    stage.type_into(Role::PasswordInput, "Password", "correct horse");
    stage.click("Sign in");
    let commands = stage.commands();
    let [
        Command::SignIn {
            server,
            name,
            password,
        },
    ] = commands.as_slice()
    else {
        panic!("{commands:?}")
    };
    assert_eq!(
        (server.as_str(), name.as_str(), password.reveal()),
        ("http://127.0.0.1:8080", "amina", "correct horse")
    );
    stage.tell(Notice::Registration(Registration::SigningIn));
    assert!(stage.has_button("Cancel"));
    stage.tell(Notice::Registration(Registration::Registering(amina())));
    stage.tell(Notice::Registration(Registration::Registered(amina())));
    assert!(stage.says("Amina Yusuf") && stage.says("Ready for calls on 100 over TLS"));

    stage.type_loose("200");
    stage.press(Modifiers::NONE, Key::Enter);
    let commands = stage.commands();
    assert!(
        matches!(commands.as_slice(), [Command::Call { target }] if target == "200"),
        "{commands:?}"
    );
    stage.tell(Notice::Calling {
        call: CALL,
        target: "200".into(),
    });
    assert!(stage.says("Calling…"));
    stage.tell(Notice::Ringing { call: CALL });
    assert!(stage.says("Ringing…"));
    stage.tell(Notice::Answered {
        call: CALL,
        codec: "opus".into(),
        encryption: Encryption::BetweenPhones,
    });
    stage.wait(Duration::from_secs(65));
    assert!(stage.says("1:05") && stage.says("Opus, full-band sound"));
    assert!(stage.says("Encrypted between the phones") && !stage.says("Not encrypted"));

    stage.click("Hang up");
    let commands = stage.commands();
    assert!(
        matches!(commands.as_slice(), [Command::HangUp { call: CALL }]),
        "{commands:?}"
    );
    assert!(!stage.has_button("Hang up"), "it is asked once");
    stage.tell(ended(CALL, EndReason::LocalHangup));
    assert!(stage.says("You ended the call with Bruno Keller."));
    stage.click("Call again");
    assert!(matches!(stage.commands().as_slice(), [Command::Call { target }] if target == "200"));
}

#[test]
fn a_call_comes_in_and_is_answered() {
    for size in [NARROW, WIDE] {
        let mut stage = Stage::signed_in(size);
        stage.tell(bruno_calls());
        stage.wait(Duration::from_secs(1));
        assert!(stage.says("Incoming call") && stage.says("Bruno Keller") && stage.says("200"));
        stage.click("Answer");
        assert!(matches!(
            stage.commands().as_slice(),
            [Command::Answer { call: CALL }]
        ));
        stage.tell(Notice::Answered {
            call: CALL,
            codec: "PCMA".into(),
            encryption: Encryption::None,
        });
        assert!(stage.says("Not encrypted") && stage.says("G.711 A-law, telephone sound"));
        stage.tell(ended(CALL, EndReason::RemoteHangup));
        assert!(stage.says("Bruno Keller hung up."));
    }
}

#[test]
fn a_call_comes_in_and_is_declined() {
    let mut stage = Stage::signed_in(NARROW);
    stage.tell(bruno_calls());
    stage.wait(Duration::from_secs(1));
    stage.click("Decline");
    assert!(matches!(
        stage.commands().as_slice(),
        [Command::Decline { call: CALL }]
    ));
}

#[test]
fn a_call_is_not_answered_by_accident() {
    let mut stage = Stage::signed_in(NARROW);
    stage.type_loose("30");
    stage.tell(bruno_calls());
    // Whoever types or clicks on meant the dial pad that was there a moment ago.
    assert!(!stage.has_button("Answer") && !stage.has_button("Decline"));
    stage.wait(Duration::from_secs(1));
    assert!(stage.has_button("Answer"));
    for key in [Key::Enter, Key::Space, Key::A, Key::Escape] {
        stage.press(Modifiers::NONE, key);
    }
    stage.type_loose("0 a");
    assert!(stage.commands().is_empty());
    assert!(
        stage
            .harness
            .query_all_by_role(Role::Button)
            .all(|button| !button.is_focused())
    );
    stage.press(CTRL_SHIFT, Key::A);
    assert!(matches!(
        stage.commands().as_slice(),
        [Command::Answer { call: CALL }]
    ));
}

#[test]
fn a_key_pressed_on_the_dial_pad_never_answers_or_declines() {
    for key in [
        "Digit 1",
        "Digit 2",
        "Digit 3",
        "Digit 5",
        "Star",
        "Hash",
        "Call",
        "Delete last character",
    ] {
        let mut stage = Stage::signed_in(NARROW);
        stage.type_loose("2");
        stage
            .harness
            .get_by_role_and_label(Role::Button, key)
            .focus();
        stage.settle();
        stage.tell(bruno_calls());
        stage.wait(Duration::from_secs(1));
        stage.press(Modifiers::NONE, Key::Enter);
        stage.press(Modifiers::NONE, Key::Space);
        assert!(stage.commands().is_empty(), "{key} had the focus");
    }
}

#[test]
fn shortcuts_decline_mute_and_hang_up() {
    let mut stage = Stage::signed_in(NARROW);
    stage.tell(bruno_calls());
    stage.press(CTRL_SHIFT, Key::E);
    assert!(matches!(
        stage.commands().as_slice(),
        [Command::Decline { call: CALL }]
    ));

    let mut stage = Stage::talking(NARROW);
    stage.press(CTRL_SHIFT, Key::M);
    assert!(matches!(
        stage.commands().as_slice(),
        [Command::Mute {
            call: CALL,
            on: true
        }]
    ));
    stage.tell(Notice::Muted {
        call: CALL,
        on: true,
    });
    assert!(stage.says("You, muted"));
    stage.click("Unmute");
    assert!(matches!(
        stage.commands().as_slice(),
        [Command::Mute {
            call: CALL,
            on: false
        }]
    ));
    stage.press(CTRL_SHIFT, Key::E);
    assert!(matches!(
        stage.commands().as_slice(),
        [Command::HangUp { call: CALL }]
    ));
}

/// A second call, which rings while one speaks in the first.
const SECOND: CallNumber = CallNumber(8);

fn with_second_call(size: [f32; 2]) -> Stage {
    let mut stage = Stage::talking(size);
    stage.tell(Notice::Incoming {
        call: SECOND,
        from: "300".into(),
        display_name: None,
    });
    stage.wait(Duration::from_secs(1));
    stage
}

fn on_hold(call: CallNumber, by_us: bool, by_them: bool) -> Notice {
    let hold = Hold { by_us, by_them };
    Notice::Held { call, hold }
}

#[test]
fn a_second_call_shows_above_the_first_which_waits_when_it_is_answered() {
    for size in [NARROW, WIDE] {
        let mut stage = with_second_call(size);
        assert!(stage.says("Bruno Keller") && stage.says("300") && stage.has_button("Hang up"));
        stage.assert_controls_in_reach();
        stage.click("Hold call and answer");
        let commands = stage.commands();
        assert!(
            matches!(commands.as_slice(), [Command::Answer { call: SECOND }]),
            "{commands:?}"
        );
        stage.tell(on_hold(CALL, true, false));
        stage.tell(Notice::Answered {
            call: SECOND,
            codec: "pcmu".into(),
            encryption: Encryption::None,
        });
        assert!(stage.has_button("Speak with Bruno Keller"));
        stage.assert_controls_in_reach();
        stage.click("Connect Bruno Keller with 300");
        let commands = stage.commands();
        assert!(
            matches!(
                commands.as_slice(),
                [Command::TransferToCall {
                    call: CALL,
                    consulted: SECOND
                }]
            ),
            "{commands:?}"
        );
        stage.click("Speak with Bruno Keller");
        assert!(matches!(
            stage.commands().as_slice(),
            [Command::Hold {
                call: CALL,
                on: false
            }]
        ));
        stage.tell(on_hold(SECOND, true, false));
        stage.tell(on_hold(CALL, false, false));
        assert!(stage.has_button("Speak with 300"));
    }
}

#[test]
fn a_call_is_put_on_hold_and_being_held_is_shown() {
    for size in [NARROW, WIDE] {
        let mut stage = Stage::talking(size);
        stage.click("Hold");
        assert!(matches!(
            stage.commands().as_slice(),
            [Command::Hold {
                call: CALL,
                on: true
            }]
        ));
        stage.tell(on_hold(CALL, true, false));
        assert!(stage.says("On hold") && stage.has_button("Resume"));
        stage.tell(on_hold(CALL, false, true));
        assert!(stage.says("They put you on hold") && stage.has_button("Hold"));
        stage.assert_controls_in_reach();
    }
}

#[test]
fn keys_are_pressed_in_a_call_and_those_of_the_other_side_are_shown() {
    for size in [NARROW, WIDE] {
        let mut stage = Stage::talking(size);
        stage.click("Keypad");
        stage.assert_controls_in_reach();
        stage.find_and_click("Send Digit 4");
        stage.find_and_click("Send Hash");
        let commands = stage.commands();
        let pressed: String = commands
            .iter()
            .filter_map(|command| match command {
                Command::Press { digit, .. } => Some(digit.sign()),
                _ => None,
            })
            .collect();
        assert_eq!(pressed, "4#");
        assert!(stage.says("4#"));
        stage.click("Close the keypad");
        for sign in ['1', '9'] {
            let digit = softphone::engine::Digit::new(sign).unwrap();
            stage.tell(Notice::Digit { call: CALL, digit });
        }
        assert!(stage.says("They pressed 19"));
    }
}

#[test]
fn a_call_is_handed_over_at_once_or_after_asking() {
    for size in [NARROW, WIDE] {
        for (button, asks) in [("Hand over now", false), ("Ask first", true)] {
            let mut stage = Stage::talking(size);
            stage.click("Transfer");
            stage.assert_controls_in_reach();
            assert!(!stage.has_button(button), "nobody is named yet");
            stage.type_into(Role::TextInput, "Hand Bruno Keller over to", "205");
            stage.click(button);
            let commands = stage.commands();
            match commands.as_slice() {
                [Command::Call { target }] if asks => assert_eq!(target, "205"),
                [Command::Transfer { call: CALL, target }] if !asks => assert_eq!(target, "205"),
                other => panic!("{other:?}"),
            }
        }
    }
    let mut stage = Stage::talking(NARROW);
    let moved = |progress| Notice::Transfer {
        call: CALL,
        progress,
    };
    stage.tell(moved(TransferProgress::Ringing));
    assert!(stage.says("Handing over, it rings there"));
    let why = "The call was not handed over and goes on.".to_owned();
    stage.tell(moved(TransferProgress::Failed(why.clone())));
    assert!(stage.says(&why) && !stage.says("Handing over"));
}

#[test]
fn a_call_that_has_lost_the_server_says_so_and_goes_on() {
    let mut stage = Stage::talking(NARROW);
    stage.tell(Notice::Reconnecting {
        call: CALL,
        on: true,
    });
    assert!(stage.says("Reconnecting…") && stage.has_button("Hang up"));
    stage.tell(Notice::Reconnecting {
        call: CALL,
        on: false,
    });
    assert!(!stage.says("Reconnecting…"));
}

#[test]
fn a_missed_call_stays_visible_and_is_called_back() {
    let mut stage = Stage::signed_in(NARROW);
    stage.tell(bruno_calls());
    stage.tell(ended(CALL, EndReason::Cancelled));
    assert!(stage.says("Missed call") && stage.says("Bruno Keller"));
    stage.click("Close");
    stage.click("Recent calls");
    assert!(stage.says("Missed"));
    stage.click("Call Bruno Keller");
    assert!(matches!(stage.commands().as_slice(), [Command::Call { target }] if target == "200"));
}

#[test]
fn how_loud_both_are_can_be_read_without_eyes() {
    let mut stage = Stage::talking(NARROW);
    stage.tell(Notice::Level {
        call: CALL,
        spoken_dbfs: -30.0,
        heard_dbfs: -60.0,
    });
    let level = |name| {
        stage
            .harness
            .get_by_role_and_label(Role::Meter, name)
            .accesskit_node()
            .numeric_value()
    };
    assert_eq!(level("Your voice"), Some(50.0));
    assert_eq!(level("Their voice"), Some(0.0));
}

#[test]
fn who_was_busy_can_be_waited_for() {
    let mut stage = Stage::signed_in(NARROW);
    stage.type_loose("200");
    stage.press(Modifiers::NONE, Key::Enter);
    stage.tell(Notice::Calling {
        call: CALL,
        target: "200".into(),
    });
    stage.tell(ended(CALL, EndReason::Busy));
    stage.click("Call me when they are free");
    let id = stage.asked(|command| match command {
        Command::Ask {
            id,
            errand: Errand::CallBack { dialled },
        } if dialled == "200" => Some(*id),
        _ => None,
    });
    stage.tell(Notice::Reply {
        id,
        outcome: Ok(Reply::CallBacks(Vec::new())),
    });
    assert!(stage.says("Your phone rings when they are free."));
    stage.assert_controls_in_reach();
}

#[test]
fn a_call_is_parked_and_where_is_said() {
    let mut stage = Stage::talking(NARROW);
    stage.click("Park");
    assert!(matches!(
        stage.commands().as_slice(),
        [Command::Transfer { call: CALL, target }] if target == "*68"
    ));
    stage.tell(ended(CALL, EndReason::Transferred("*68".into())));
    stage.tell(Notice::Told {
        from: "*701".into(),
        text: "Parked at *701: Bruno Keller".into(),
    });
    assert!(stage.says("Parked at *701: Bruno Keller"));
}
