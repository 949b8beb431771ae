//! A window on a rehearsed engine, and what can be seen and done there.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use egui::{Key, Modifiers, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use softphone::engine::{
    AccountSummary, CallNumber, CallStatistics, Command, Encryption, EndReason, EngineGone, Notice,
    Registration,
};
use softphone::web::{Errand, VoicemailErrand};
use softphone::window::{Link, Settings, SettingsFile, Window};

/// Both ends of the wire: the test speaks for the engine.
#[derive(Default)]
pub(crate) struct Wire {
    pub(crate) commands: Vec<Command>,
    pub(crate) notices: VecDeque<Notice>,
    pub(crate) gone: bool,
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

pub(crate) struct Screen {
    window: Option<Window>,
    now: Instant,
}

pub(crate) struct Stage {
    pub(crate) harness: Harness<'static, Screen>,
    pub(crate) wire: Rc<RefCell<Wire>>,
    pub(crate) file: SettingsFile,
    _folder: tempfile::TempDir,
}

pub(crate) const NARROW: [f32; 2] = [360.0, 480.0];
pub(crate) const WIDE: [f32; 2] = [1100.0, 700.0];

impl Stage {
    pub(crate) fn new(size: [f32; 2]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
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
                let window = screen.window.as_mut().expect("made in the first frame");
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

    pub(crate) fn signed_in(size: [f32; 2]) -> Self {
        let mut stage = Self::new(size);
        stage.tell(Notice::Registration(Registration::Registered(amina())));
        stage
    }

    /// A window in which Bruno's call has been answered.
    pub(crate) fn talking(size: [f32; 2]) -> Self {
        let mut stage = Self::signed_in(size);
        stage.tell(bruno_calls());
        stage.wait(Duration::from_secs(1));
        stage.click("Answer");
        stage.tell(Notice::Answered {
            call: CALL,
            codec: "opus".into(),
            encryption: Encryption::None,
        });
        stage.commands();
        stage
    }

    pub(crate) fn tell(&mut self, notice: Notice) {
        self.wire.borrow_mut().notices.push_back(notice);
        self.settle();
    }

    pub(crate) fn settle(&mut self) {
        // One more frame than it takes to settle: the last one may still have been about what was there before.
        self.harness.run_steps(2);
        let _ = self.harness.run_ok();
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        self.harness.state_mut().now += time;
        self.settle();
    }

    /// What the window asked of the engine since the last time, besides what it wants to know at the beginning.
    pub(crate) fn commands(&mut self) -> Vec<Command> {
        let mut commands = std::mem::take(&mut self.wire.borrow_mut().commands);
        commands.retain(|command| {
            !matches!(
                command,
                Command::Enquire { .. }
                    | Command::Ask {
                        errand: Errand::Calls { .. }
                            | Errand::OwnPresence
                            | Errand::CallSettings
                            | Errand::Voicemail(VoicemailErrand::List),
                        ..
                    }
            )
        });
        commands
    }

    pub(crate) fn click(&mut self, button: &str) {
        self.harness
            .get_by_role_and_label(Role::Button, button)
            .click();
        self.settle();
    }

    /// Brings a control into view, as a screen reader does.
    pub(crate) fn scroll_to(&mut self, button: &str) {
        self.harness
            .get_by_role_and_label(Role::Button, button)
            .scroll_to_me();
        self.settle();
    }

    /// Brings a control into view and clicks it.
    pub(crate) fn find_and_click(&mut self, button: &str) {
        self.scroll_to(button);
        self.click(button);
    }

    /// What the window asked the server last that has this shape: its number, to answer it.
    pub(crate) fn asked<T>(&self, pick: impl Fn(&Command) -> Option<T>) -> T {
        let wire = self.wire.borrow();
        let mut found = wire.commands.iter().rev().filter_map(pick);
        found
            .next()
            .unwrap_or_else(|| panic!("not asked: {:?}", wire.commands))
    }

    pub(crate) fn has_button(&self, name: &str) -> bool {
        self.harness.query_all_by_label(name).any(|node| {
            node.accesskit_node().role() == Role::Button && !node.accesskit_node().is_disabled()
        })
    }

    pub(crate) fn says(&self, text: &str) -> bool {
        self.harness
            .query_all_by_label_contains(text)
            .next()
            .is_some()
    }

    pub(crate) fn type_into(&mut self, field: Role, name: &str, text: &str) {
        self.harness.get_by_role_and_label(field, name).focus();
        self.settle();
        self.harness
            .get_by_role_and_label(field, name)
            .type_text(text);
        self.settle();
    }

    pub(crate) fn type_loose(&mut self, text: &str) {
        self.harness.event(egui::Event::Text(text.into()));
        self.settle();
    }

    pub(crate) fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.settle();
    }

    pub(crate) fn dial_line(&self) -> String {
        self.harness
            .get_by_role_and_label(Role::TextInput, "Number or name")
            .value()
            .unwrap_or_default()
    }

    /// Every control lies within the window, and is large enough to be hit.
    pub(crate) fn assert_controls_in_reach(&self) {
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

pub(crate) const CALL: CallNumber = CallNumber(7);
pub(crate) const CTRL_SHIFT: Modifiers = Modifiers {
    shift: true,
    ..Modifiers::COMMAND
};

pub(crate) fn amina() -> AccountSummary {
    AccountSummary {
        id: api::AccountId(1),
        name: "amina".into(),
        display_name: "Amina Yusuf".into(),
        number: Some("100".into()),
        is_guest: false,
        transport: softphone::engine::SipTransport::Tls,
    }
}

pub(crate) fn bruno_calls() -> Notice {
    Notice::Incoming {
        call: CALL,
        from: "200".into(),
        display_name: Some("Bruno Keller".into()),
    }
}

pub(crate) fn ended(call: CallNumber, reason: EndReason) -> Notice {
    let sentence = reason.sentence("Bruno Keller");
    Notice::Ended {
        call,
        reason,
        sentence,
        statistics: CallStatistics::default(),
    }
}
