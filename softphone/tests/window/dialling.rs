//! Saying whom to call.

use std::time::Duration;

use egui::{Key, Modifiers};
use softphone::engine::{Command, EndReason, Notice, Problem, Registration};

use crate::stage::{CALL, NARROW, Stage, WIDE, amina, ended};

#[test]
fn keys_typing_and_pasting_reach_the_dial_line() {
    for size in [NARROW, WIDE] {
        let mut stage = Stage::signed_in(size);
        for key in ["Digit 1", "Star", "Digit 0", "Hash"] {
            stage.click(key);
        }
        assert_eq!(stage.dial_line(), "1*0#");
        stage.click("Delete last character");
        stage.type_loose("5");
        stage.press(Modifiers::NONE, Key::Backspace);
        stage.harness.event(egui::Event::Paste(" 23".into()));
        stage.settle();
        assert_eq!(stage.dial_line(), "1*0 23");
        stage.click("Call");
        assert!(
            matches!(stage.commands().as_slice(), [Command::Call { target }] if target == "1*023")
        );
        assert_eq!(stage.dial_line(), "");
        stage.press(Modifiers::NONE, Key::Enter);
        assert_eq!(stage.dial_line(), "1*023", "the last number comes back");
    }
}

#[test]
fn typing_after_a_call_goes_on_to_the_dial_line() {
    let mut stage = Stage::talking(NARROW);
    stage.tell(ended(CALL, EndReason::RemoteHangup));
    stage.type_loose("3");
    stage.type_loose("1");
    assert_eq!(stage.dial_line(), "31");
}

#[test]
fn a_lost_server_is_said_in_words_and_no_call_is_tried() {
    let mut stage = Stage::signed_in(NARROW);
    let problem = Problem {
        code: "server-unreachable",
        sentence: "The call server does not answer.".into(),
    };
    stage.tell(Notice::Registration(Registration::Retrying {
        account: amina(),
        after: Duration::from_secs(4),
        problem,
    }));
    assert!(stage.says("The call server does not answer. Trying again in 4 s."));
    stage.type_loose("200");
    stage.press(Modifiers::NONE, Key::Enter);
    assert!(!stage.has_button("Call") && stage.commands().is_empty());
    assert_eq!(stage.dial_line(), "200", "nothing typed is lost");
}

#[test]
fn an_engine_that_has_stopped_is_said_in_words() {
    let mut stage = Stage::signed_in(NARROW);
    stage.wire.borrow_mut().gone = true;
    stage.type_loose("200");
    stage.click("Call");
    assert!(stage.says("close this window and open it again"));
    stage.click("Dismiss");
    assert!(!stage.says("close this window and open it again"));
}
