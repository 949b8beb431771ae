//! What the window knows. Notices and what people do come in, commands for the engine go out; the clock comes in.

use std::time::Instant;

use super::counter::{Asked, Counter};
use super::dialpad::Dialled;
use super::ended::Ended;
pub(crate) use super::line::{Call, Connected, Party, Settling, Stage};
use super::me::{Me, MeAction};
use super::people::{People, PeopleAction};
use super::recent::Recent;
use super::toast::Toast;
use super::welcome::{Attempt, Form, Stranger};
use crate::engine::{AccountSummary, CallNumber, Command, Notice, Problem, Registration};
use crate::web::{Errand, Reply};

/// What somebody at the window did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    SignIn,
    SignInAsGuest,
    /// Make an account.
    SignUp,
    /// Begin to make an account, or go back to signing in.
    WantAccount(bool),
    /// Ask the server what it offers to those who are new.
    LookUp,
    /// Ask whether the wanted username is free.
    CheckUsername,
    Trust,
    Distrust,
    Go(Place),
    Me(MeAction),
    People(PeopleAction),
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

/// What one looks at between calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where calls begin: the dial pad, and past calls where there is room for both.
    #[default]
    Dial,
    /// Past calls, in a window that has no room for both.
    Recent,
    /// Contacts and directory.
    People,
    /// The account and the window's own settings.
    Settings,
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
    pub(crate) place: Place,
    pub(crate) me: Me,
    pub(crate) people: People,
    pub(crate) toast: Option<Toast>,
    counter: Counter,
    /// What follows from what was heard.
    outbox: Vec<Command>,
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
            place: Place::Dial,
            me: Me::default(),
            people: People::default(),
            toast: None,
            counter: Counter::default(),
            outbox: Vec::new(),
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

    /// What follows from what was heard, for the engine.
    pub(crate) fn commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.outbox)
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
            Notice::Redirected { call, to } => {
                let party = Party::new(&to, None);
                self.change(call, |call| {
                    let before = std::mem::replace(&mut call.party, party);
                    call.redirected_from = Some(before.title().to_owned());
                    call.stage = Stage::Calling;
                });
            }
            Notice::Reconnecting { call, on } => self.change(call, |call| call.reconnecting = on),
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
            Notice::NumberChanged { old, new } => {
                self.toast = Some(Toast::number_changed(now, old.as_deref(), new.as_deref()));
                self.change_account(|account| account.number = new);
            }
            Notice::AccountChanged(changed) => {
                let was_guest = self.account().is_some_and(|account| account.is_guest);
                if was_guest && !changed.is_guest {
                    self.toast = Some(Toast::account_made(now, &changed.name));
                }
                self.change_account(|account| *account = changed);
            }
            Notice::Contacts(contacts) => self.people.have(contacts),
            Notice::Reply { id, outcome } => {
                if let Some(asked) = self.counter.answered(id) {
                    self.hear_reply(asked, &outcome);
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
            Action::SignIn => self.come_in(Attempt::SignIn),
            Action::SignInAsGuest => self.come_in(Attempt::Guest),
            Action::SignUp => self.come_in(Attempt::SignUp),
            Action::WantAccount(wants) => {
                self.form.want_account(wants);
                Vec::new()
            }
            Action::LookUp => self.form.look_up(&mut self.counter).into_iter().collect(),
            Action::CheckUsername => {
                let checked = self.form.check_username(&mut self.counter);
                checked.into_iter().collect()
            }
            Action::Go(place) => {
                self.place = place;
                self.ended = None;
                if place == Place::Settings {
                    self.me.act(MeAction::Open, &mut self.counter)
                } else {
                    Vec::new()
                }
            }
            Action::Me(action) => self.me.act(action, &mut self.counter),
            Action::People(action) => {
                let asked = self.people.act(action, &mut self.counter);
                asked.into_iter().collect()
            }
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
                self.place = Place::Dial;
                self.ended = None;
                self.problem = None;
                vec![Command::Call { target }]
            }
            Action::Answer(number) => {
                if !self.settle(number, Settling::Answering) {
                    return Vec::new();
                }
                self.ended = None;
                self.place = Place::Dial;
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

    fn come_in(&mut self, attempt: Attempt) -> Vec<Command> {
        let command = self.form.submit(attempt);
        if command.is_some() {
            self.problem = None;
        }
        command.into_iter().collect()
    }

    fn hear_reply(&mut self, asked: Asked, outcome: &Result<Reply, crate::web::Refused>) {
        match asked {
            Asked::Offers | Asked::Username => self.form.hear(outcome),
            Asked::Contact | Asked::Directory => self.people.hear(outcome),
            Asked::Calls => {
                // A server without a memory for calls leaves those of this window.
                if let Ok(Reply::Calls(records)) = outcome {
                    self.recent.remember(records);
                }
            }
            _ => {
                let more = self.me.hear(asked, outcome, &mut self.counter);
                self.outbox.extend(more);
            }
        }
    }

    fn change_account(&mut self, change: impl FnOnce(&mut AccountSummary)) {
        match &mut self.registration {
            Registration::Registering(account)
            | Registration::Registered(account)
            | Registration::Retrying { account, .. } => change(account),
            _ => {}
        }
    }

    fn registration_moved(&mut self, registration: Registration) {
        match &registration {
            Registration::SigningIn => self.form.busy = true,
            Registration::Failed(problem) => self.form.refused(problem),
            Registration::Registered(_) | Registration::Registering(_) => self.form.accepted(),
            Registration::SignedOut => self.form.ready(),
            _ => {}
        }
        if matches!(
            registration,
            Registration::SignedOut | Registration::Failed(_)
        ) {
            // The next one to sign in may be somebody else.
            self.me.forget();
            self.people.forget();
            self.recent.forget();
            self.place = Place::Dial;
        }
        let was_in = self.account().is_some();
        self.registration = registration;
        if !was_in && self.account().is_some() {
            let asked = self.counter.ask(Asked::Calls, Errand::Calls);
            self.outbox.push(asked);
        }
    }

    fn add(&mut self, number: CallNumber, party: Party, incoming: bool, stage: Stage) {
        self.ended = None;
        self.calls.push(Call {
            number,
            party,
            incoming,
            stage,
            reconnecting: false,
            redirected_from: None,
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
