//! The window, driven through its accessible names over a rehearsed engine: what a screen reader finds is what works.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use egui::{Key, Modifiers, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use softphone::engine::{
    AccountSummary, CallNumber, CallStatistics, Command, EndReason, EngineGone, Notice, Problem,
    Registration,
};
use softphone::window::{Link, Settings, SettingsFile, Window};

/// Both ends of the wire: the test speaks for the engine.
#[derive(Default)]
struct Wire {
    commands: Vec<Command>,
    notices: VecDeque<Notice>,
    gone: bool,
}

struct WindowEnd(Rc<RefCell<Wire>>);

impl Link for WindowEnd {
    fn send(&mut self, command: Command) -> Result<(), EngineGone> {
        let mut wire = self.0.borrow_mut();
        if wire.gone {
            return Err(EngineGone);
        }
        wire.commands.push(command);
        Ok(())
    }

    fn try_notice(&mut self) -> Option<Notice> {
        self.0.borrow_mut().notices.pop_front()
    }
}

struct Screen {
    window: Option<Window>,
    now: Instant,
}

struct Stage {
    harness: Harness<'static, Screen>,
    wire: Rc<RefCell<Wire>>,
    file: SettingsFile,
    _folder: tempfile::TempDir,
}

const NARROW: [f32; 2] = [360.0, 480.0];
const WIDE: [f32; 2] = [1100.0, 700.0];

impl Stage {
    fn new(size: [f32; 2]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = SettingsFile::at(folder.path().join("softphone.json"));
        let wire = Rc::new(RefCell::new(Wire::default()));
        let (window_end, kept_in) = (WindowEnd(wire.clone()), file.clone());
        let mut parts = Some((window_end, kept_in));
        let harness = Harness::builder().with_size(size).build_ui_state(
            move |ui, screen: &mut Screen| {
                let ctx = ui.ctx().clone();
                if let Some((link, file)) = parts.take() {
                    let settings = Settings {
                        server: "127.0.0.1:8080".into(),
                        ..Settings::default()
                    };
                    screen.window = Some(Window::new(&ctx, Box::new(link), settings, file));
                    // New fonts are there from the next frame on.
                    return ctx.request_repaint();
                }
                let window = screen.window.as_mut().unwrap();
                window.logic(&ctx, screen.now);
                window.ui(ui, screen.now);
            },
            Screen {
                window: None,
                now: Instant::now(),
            },
        );
        Self {
            harness,
            wire,
            file,
            _folder: folder,
        }
    }

    fn signed_in(size: [f32; 2]) -> Self {
        let mut stage = Self::new(size);
        stage.tell(Notice::Registration(Registration::Registered(amina())));
        stage
    }

    /// A window in which Bruno's call has been answered.
    fn talking(size: [f32; 2]) -> Self {
        let mut stage = Self::signed_in(size);
        stage.tell(bruno_calls());
        stage.wait(Duration::from_secs(1));
        stage.click("Answer");
        stage.tell(Notice::Answered {
            call: CALL,
            codec: "opus".into(),
            encrypted: false,
        });
        stage.commands();
        stage
    }

    fn tell(&mut self, notice: Notice) {
        self.wire.borrow_mut().notices.push_back(notice);
        self.settle();
    }

    fn settle(&mut self) {
        // One more frame than it takes to settle: the last one may still have been about what was there before.
        self.harness.run_steps(2);
        let _ = self.harness.run_ok();
    }

    fn wait(&mut self, time: Duration) {
        self.harness.state_mut().now += time;
        self.settle();
    }

    fn commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.wire.borrow_mut().commands)
    }

    fn click(&mut self, button: &str) {
        self.harness
            .get_by_role_and_label(Role::Button, button)
            .click();
        self.settle();
    }

    fn has_button(&self, name: &str) -> bool {
        let found = self.harness.query_all_by_label(name).any(|node| {
            node.accesskit_node().role() == Role::Button && !node.accesskit_node().is_disabled()
        });
        found
    }

    fn says(&self, text: &str) -> bool {
        self.harness
            .query_all_by_label_contains(text)
            .next()
            .is_some()
    }

    fn type_into(&mut self, field: Role, name: &str, text: &str) {
        self.harness.get_by_role_and_label(field, name).focus();
        self.settle();
        self.harness
            .get_by_role_and_label(field, name)
            .type_text(text);
        self.settle();
    }

    fn type_loose(&mut self, text: &str) {
        self.harness.event(egui::Event::Text(text.into()));
        self.settle();
    }

    fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.settle();
    }

    fn dial_line(&self) -> String {
        self.harness
            .get_by_role_and_label(Role::TextInput, "Number or name")
            .value()
            .unwrap_or_default()
    }

    /// Every control lies within the window, and is large enough to be hit.
    fn assert_controls_in_reach(&self) {
        let window =
            egui::Rect::from_min_size(egui::Pos2::ZERO, self.harness.ctx.content_rect().size());
        for node in self.harness.query_all_by_role(Role::Button) {
            let rect = node.rect();
            let name = node.accesskit_node().label().unwrap_or_default();
            assert!(
                window.expand(0.5).contains_rect(rect),
                "{name} at {rect:?} is out of {window:?}"
            );
            assert!(
                rect.width() >= 36.0 && rect.height() >= 36.0,
                "{name} is too small: {rect:?}"
            );
        }
    }
}

const CALL: CallNumber = CallNumber(7);
const CTRL_SHIFT: Modifiers = Modifiers {
    shift: true,
    ..Modifiers::COMMAND
};

fn amina() -> AccountSummary {
    AccountSummary {
        name: "amina".into(),
        display_name: "Amina Yusuf".into(),
        number: Some("100".into()),
    }
}

fn bruno_calls() -> Notice {
    Notice::Incoming {
        call: CALL,
        from: "200".into(),
        display_name: Some("Bruno Keller".into()),
    }
}

fn ended(call: CallNumber, reason: EndReason) -> Notice {
    let sentence = reason.sentence();
    Notice::Ended {
        call,
        reason,
        sentence,
        statistics: CallStatistics::default(),
    }
}

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
    assert!(stage.says("Amina Yusuf") && stage.says("Ready for calls on 100"));

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
        encrypted: true,
    });
    stage.wait(Duration::from_secs(65));
    assert!(stage.says("1:05") && stage.says("Opus, full-band sound"));
    assert!(stage.says("Encrypted") && !stage.says("Not encrypted"));

    stage.click("Hang up");
    let commands = stage.commands();
    assert!(
        matches!(commands.as_slice(), [Command::HangUp { call: CALL }]),
        "{commands:?}"
    );
    assert!(!stage.has_button("Hang up"), "it is asked once");
    stage.tell(ended(CALL, EndReason::LocalHangup));
    assert!(stage.says("You ended the call."));
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
            encrypted: false,
        });
        assert!(stage.says("Not encrypted") && stage.says("G.711 A-law, telephone sound"));
        stage.tell(ended(CALL, EndReason::RemoteHangup));
        assert!(stage.says("The other side hung up."));
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

#[test]
fn a_second_call_shows_above_the_first_and_takes_its_place_when_answered() {
    for size in [NARROW, WIDE] {
        let mut stage = Stage::talking(size);
        let second = CallNumber(8);
        stage.tell(Notice::Incoming {
            call: second,
            from: "300".into(),
            display_name: None,
        });
        stage.wait(Duration::from_secs(1));
        assert!(stage.says("Bruno Keller") && stage.says("300") && stage.has_button("Hang up"));
        stage.assert_controls_in_reach();
        stage.click("End call and answer");
        let commands = stage.commands();
        assert!(
            matches!(commands.as_slice(), [Command::HangUp { call: CALL }, Command::Answer { call }] if *call == second),
            "{commands:?}"
        );
    }
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
fn what_is_missing_or_wrong_at_sign_in_is_said_in_words() {
    let mut stage = Stage::new(NARROW);
    stage.click("Sign in");
    assert!(stage.says("Type the name of your account."));
    assert!(stage.commands().is_empty());
    stage.type_into(Role::TextInput, "Name", "amina");
    stage.type_into(Role::PasswordInput, "Password", "wrong");
    stage.press(Modifiers::NONE, Key::Enter);
    assert!(matches!(
        stage.commands().as_slice(),
        [Command::SignIn { .. }]
    ));
    let sentence = "The name or the password is wrong; check both and try again.".to_owned();
    stage.tell(Notice::Registration(Registration::Failed(Problem {
        code: "wrong-password",
        sentence: sentence.clone(),
    })));
    assert!(stage.says(&sentence));
    stage.assert_controls_in_reach();
    let password = stage
        .harness
        .get_by_role_and_label(Role::PasswordInput, "Password");
    assert!(password.is_focused() && password.value().is_none_or(|text| text.is_empty()));
    let name = stage
        .harness
        .get_by_role_and_label(Role::TextInput, "Name")
        .value();
    assert_eq!(name.as_deref(), Some("amina"));
}

#[test]
fn server_and_name_are_remembered_and_the_password_is_not() {
    let mut stage = Stage::new(NARROW);
    stage.type_into(Role::TextInput, "Name", "amina");
    stage.type_into(Role::PasswordInput, "Password", "correct horse");
    stage.click("Sign in");
    stage.tell(Notice::Registration(Registration::Registered(amina())));
    let settings = stage.file.load();
    assert_eq!(
        (settings.server.as_str(), settings.name.as_str()),
        ("http://127.0.0.1:8080", "amina")
    );
    assert!(!format!("{settings:?}").contains("horse"));
    stage.click("Sign out");
    assert!(matches!(
        stage.commands().as_slice(),
        [Command::SignIn { .. }, Command::SignOut]
    ));
    stage.tell(Notice::Registration(Registration::SignedOut));
    let password = stage
        .harness
        .get_by_role_and_label(Role::PasswordInput, "Password");
    assert!(password.value().is_none_or(|text| text.is_empty()));
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

#[test]
fn every_control_is_in_reach_at_every_size() {
    for size in [NARROW, [719.0, 480.0], [720.0, 480.0], WIDE] {
        Stage::new(size).assert_controls_in_reach();
        let mut stage = Stage::signed_in(size);
        stage.assert_controls_in_reach();
        stage.tell(Notice::Error(Problem {
            code: "x",
            sentence: "The microphone does not open; plug it in again.".into(),
        }));
        stage.assert_controls_in_reach();
        stage.tell(bruno_calls());
        stage.wait(Duration::from_secs(1));
        stage.assert_controls_in_reach();
        stage.tell(ended(CALL, EndReason::Cancelled));
        stage.assert_controls_in_reach();
        let stage = Stage::talking(size);
        assert!(stage.has_button("Hang up"));
        stage.assert_controls_in_reach();
    }
}

#[test]
fn a_window_in_which_nothing_happens_does_not_paint() {
    for size in [NARROW, WIDE] {
        let mut stage = Stage::signed_in(size);
        assert!(!stage.harness.ctx.has_requested_repaint());
        stage.type_loose("2");
        stage.harness.run_steps(3);
        assert!(!stage.harness.ctx.has_requested_repaint());
    }
    let stage = Stage::new(NARROW);
    assert!(!stage.harness.ctx.has_requested_repaint());
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
