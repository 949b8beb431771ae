//! What the window knows. Notices and what people do come in, commands for the engine go out; the clock comes in.

use std::time::Instant;

use super::dialpad::Dialled;
use super::ended::Ended;
use super::recent::Recent;
use super::welcome::{Form, Stranger};
use crate::engine::{AccountSummary, CallNumber, Command, Notice, Problem, Registration};

/// The person at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    number: String,
    name: Option<String>,
}

impl Party {
    pub(crate) fn new(number: &str, name: Option<&str>) -> Self {
        let number = number.trim();
        let number = number.strip_prefix("sip:").unwrap_or(number).to_owned();
        let name = name
            .map(str::trim)
            .filter(|name| !name.is_empty() && *name != number);
        Self {
            number,
            name: name.map(str::to_owned),
        }
    }

    /// How to call back.
    pub(crate) fn number(&self) -> &str {
        &self.number
    }

    /// The name, or the number of somebody without one.
    pub(crate) fn title(&self) -> &str {
        match (&self.name, self.number.as_str()) {
            (Some(name), _) => name,
            (None, "") => "Unknown caller",
            (None, number) => number,
        }
    }

    /// The number of somebody whose name is the title.
    pub(crate) fn subtitle(&self) -> Option<&str> {
        self.name
            .as_ref()
            .map(|_| self.number.as_str())
            .filter(|number| !number.is_empty())
    }
}

/// Where a call stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stage {
    /// We called; nothing has rung yet.
    Calling,
    /// It rings at the other side.
    RingingThere,
    /// It rings here.
    RingingHere { since: Instant },
    /// Both can speak.
    Connected(Connected),
}

/// A call in which both can speak.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Connected {
    pub(crate) since: Instant,
    pub(crate) codec: String,
    pub(crate) encrypted: bool,
    pub(crate) muted: bool,
    pub(crate) spoken_dbfs: f32,
    pub(crate) heard_dbfs: f32,
}

/// One call that is not over yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) number: CallNumber,
    pub(crate) party: Party,
    pub(crate) incoming: bool,
    pub(crate) stage: Stage,
    /// What was asked of the engine and has not happened yet.
    pub(crate) settling: Option<Settling>,
}

/// What was asked of the engine for one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settling {
    Answering,
    Ending,
}

impl Call {
    fn rings_here(&self) -> bool {
        matches!(self.stage, Stage::RingingHere { .. })
    }
}

/// What somebody at the window did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    SignIn,
    Trust,
    Distrust,
    SignOut,
    Call(String),
    Answer(CallNumber),
    Decline(CallNumber),
    HangUp(CallNumber),
    Mute(CallNumber, bool),
    DismissEnded,
    DismissProblem,
}

/// Which of the two great views is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    Welcome,
    Phone,
}

/// What the window knows.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) registration: Registration,
    pub(crate) form: Form,
    pub(crate) dialled: Dialled,
    pub(crate) ended: Option<Ended>,
    pub(crate) recent: Recent,
    pub(crate) problem: Option<Problem>,
    calls: Vec<Call>,
}

impl Desk {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            registration: Registration::SignedOut,
            form,
            dialled: Dialled::default(),
            ended: None,
            recent: Recent::default(),
            problem: None,
            calls: Vec::new(),
        }
    }

    pub(crate) fn scene(&self) -> Scene {
        match self.account() {
            None if self.calls.is_empty() => Scene::Welcome,
            _ => Scene::Phone,
        }
    }

    /// Who is signed in.
    pub(crate) fn account(&self) -> Option<&AccountSummary> {
        match &self.registration {
            Registration::Registering(account)
            | Registration::Registered(account)
            | Registration::Retrying { account, .. } => Some(account),
            _ => None,
        }
    }

    /// The call that one speaks in, or is placing.
    pub(crate) fn current(&self) -> Option<&Call> {
        self.calls.iter().find(|call| !call.rings_here())
    }

    /// Calls that ring here, the longest first.
    pub(crate) fn ringing(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.rings_here())
    }

    /// Whether a new call can be placed now.
    pub(crate) fn can_call(&self) -> bool {
        self.registration.is_registered() && self.calls.is_empty()
    }

    /// Takes in what the engine tells.
    pub(crate) fn hear(&mut self, now: Instant, notice: Notice) {
        match notice {
            Notice::Registration(registration) => self.registration_moved(registration),
            Notice::Calling { call, target } => {
                self.add(call, Party::new(&target, None), false, Stage::Calling);
            }
            Notice::Incoming {
                call,
                from,
                display_name,
            } => {
                let party = Party::new(&from, display_name.as_deref());
                self.add(call, party, true, Stage::RingingHere { since: now });
            }
            Notice::Ringing { call } => self.change(call, |call| {
                if call.stage == Stage::Calling {
                    call.stage = Stage::RingingThere;
                }
            }),
            Notice::Answered {
                call,
                codec,
                encrypted,
            } => self.change(call, |call| {
                call.settling = None;
                call.stage = Stage::Connected(Connected {
                    since: now,
                    codec,
                    encrypted,
                    muted: false,
                    spoken_dbfs: SILENCE_DBFS,
                    heard_dbfs: SILENCE_DBFS,
                });
            }),
            Notice::Muted { call, on } => self.connected(call, |connected| connected.muted = on),
            Notice::Level {
                call,
                spoken_dbfs,
                heard_dbfs,
            } => self.connected(call, |connected| {
                connected.spoken_dbfs = spoken_dbfs;
                connected.heard_dbfs = heard_dbfs;
            }),
            Notice::Ended {
                call,
                reason,
                sentence,
                statistics,
            } => {
                if let Some(at) = self.calls.iter().position(|known| known.number == call) {
                    let call = self.calls.remove(at);
                    let ended = Ended::new(&call, &reason, sentence, statistics);
                    self.recent.add(&ended);
                    self.ended = Some(ended);
                }
            }
            Notice::UnknownCertificate {
                server,
                fingerprint,
            } => {
                self.form.stranger = Some(Stranger {
                    server,
                    fingerprint,
                });
            }
            Notice::Error(problem) => self.problem = Some(problem),
            Notice::Stopped => {
                self.calls.clear();
                self.registration = Registration::Failed(engine_gone());
            }
            // The devices' start times serve scripts; whatever is new is for a newer window.
            _ => {}
        }
    }

    /// Takes in what somebody did; what it gives is for the engine.
    pub(crate) fn act(&mut self, action: Action) -> Vec<Command> {
        match action {
            Action::SignIn => match self.form.submit() {
                Some(command) => {
                    self.problem = None;
                    vec![command]
                }
                None => Vec::new(),
            },
            Action::Trust => self.form.trust(),
            Action::Distrust => {
                self.form.distrust();
                Vec::new()
            }
            Action::SignOut => {
                self.ended = None;
                self.problem = None;
                vec![Command::SignOut]
            }
            Action::Call(target) => {
                if !self.can_call() || target.is_empty() {
                    return Vec::new();
                }
                self.dialled.called(&target);
                self.ended = None;
                self.problem = None;
                vec![Command::Call { target }]
            }
            Action::Answer(number) => {
                if !self.settle(number, Settling::Answering) {
                    return Vec::new();
                }
                self.ended = None;
                // One call at a time: the one in progress makes room.
                let mut commands = Vec::new();
                if let Some(current) = self.calls.iter_mut().find(|call| !call.rings_here()) {
                    current.settling = Some(Settling::Ending);
                    commands.push(Command::HangUp {
                        call: current.number,
                    });
                }
                commands.push(Command::Answer { call: number });
                commands
            }
            Action::Decline(number) if self.settle(number, Settling::Ending) => {
                vec![Command::Decline { call: number }]
            }
            Action::HangUp(number) if self.settle(number, Settling::Ending) => {
                vec![Command::HangUp { call: number }]
            }
            Action::Decline(_) | Action::HangUp(_) => Vec::new(),
            Action::Mute(number, on) => vec![Command::Mute { call: number, on }],
            Action::DismissEnded => {
                self.ended = None;
                Vec::new()
            }
            Action::DismissProblem => {
                self.problem = None;
                Vec::new()
            }
        }
    }

    /// The engine takes no commands any more.
    pub(crate) fn engine_is_gone(&mut self) {
        self.problem = Some(engine_gone());
    }

    fn registration_moved(&mut self, registration: Registration) {
        match &registration {
            Registration::Failed(problem) => self.form.refused(problem),
            Registration::Registered(_) | Registration::Registering(_) => self.form.accepted(),
            Registration::SignedOut => self.form.ready(),
            _ => {}
        }
        self.registration = registration;
    }

    fn add(&mut self, number: CallNumber, party: Party, incoming: bool, stage: Stage) {
        self.ended = None;
        self.calls.push(Call {
            number,
            party,
            incoming,
            stage,
            settling: None,
        });
    }

    fn change(&mut self, number: CallNumber, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.calls.iter_mut().find(|call| call.number == number) {
            change(call);
        }
    }

    fn connected(&mut self, number: CallNumber, change: impl FnOnce(&mut Connected)) {
        self.change(number, |call| {
            if let Stage::Connected(connected) = &mut call.stage {
                change(connected);
            }
        });
    }

    /// Notes what is asked of a call; `false` when it was asked before, or the call is over.
    fn settle(&mut self, number: CallNumber, settling: Settling) -> bool {
        match self.calls.iter_mut().find(|call| call.number == number) {
            Some(call)
                if call.settling.is_none_or(|before| {
                    before == Settling::Answering && settling == Settling::Ending
                }) =>
            {
                call.settling = Some(settling);
                true
            }
            _ => false,
        }
    }
}

/// What the engine calls silence, in dB relative to full scale.
const SILENCE_DBFS: f32 = -127.0;

fn engine_gone() -> Problem {
    Problem {
        code: "engine-stopped",
        sentence: "The phone has stopped working; close this window and open it again.".into(),
    }
}
