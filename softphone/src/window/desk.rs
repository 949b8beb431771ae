//! What the window knows. Notices and what people do come in, commands for the engine go out; the clock comes in.

use std::time::Instant;

use super::chats::{ChatAction, Chats, person};
use super::counter::{Asked, Counter};
use super::dialpad::Dialled;
use super::ended::{CallBack, Ended};
pub(crate) use super::line::{Call, Connected, Party, Settling, Stage};
use super::me::{Me, MeAction};
use super::people::{People, PeopleAction};
use super::recent::Recent;
use super::talk::Tools;
use super::toast::Toast;
use super::voicemail::{Mailbox, VoicemailAction};
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
    Voicemail(VoicemailAction),
    Chat(ChatAction),
    /// Write to somebody: a number or a name.
    WriteTo(String),
    SignOut,
    Call(String),
    Answer(CallNumber),
    Decline(CallNumber),
    HangUp(CallNumber),
    Mute(CallNumber, bool),
    Hold(CallNumber, bool),
    /// Show or hide the keypad of the call.
    ShowKeypad(bool),
    Press(CallNumber, char),
    /// Begin to hand the call over, or do not.
    WantTransfer(bool),
    /// Hand it over to who was typed, without asking there.
    HandOver(CallNumber),
    /// Call who was typed, to ask first.
    AskFirst(CallNumber),
    /// Let the call wait in a slot, from where anybody takes it.
    Park(CallNumber),
    /// Join the two calls.
    Join(CallNumber, CallNumber),
    DismissEnded,
    /// Be called when who was called in vain is free.
    CallMeBack(String),
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
    /// Conversations.
    Chats,
    /// Messages that callers left.
    Voicemail,
    /// The account and the window's own settings.
    Settings,
}

impl Place {
    /// Whether it stands beside the calls, so that a call in progress is a strip there.
    pub(crate) fn is_aside(self) -> bool {
        !matches!(self, Self::Dial | Self::Recent)
    }
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
    pub(crate) mailbox: Mailbox,
    pub(crate) chats: Chats,
    pub(crate) toast: Option<Toast>,
    /// What is unfolded of the call in progress.
    pub(crate) tools: Tools,
    counter: Counter,
    /// What follows from what was heard.
    outbox: Vec<Command>,
    pub(super) calls: Vec<Call>,
}

/// Past calls that are asked for.
const PAST_CALLS: usize = 50;
/// Calls at once, as the phone takes them.
const MOST_CALLS: usize = 4;

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
            mailbox: Mailbox::default(),
            chats: Chats::default(),
            toast: None,
            tools: Tools::default(),
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

    /// The call that one speaks in, or is placing; one on hold if there is no other.
    pub(crate) fn current(&self) -> Option<&Call> {
        let mut open = self.calls.iter().filter(|call| !call.rings_here());
        let active = open.clone().rev().find(|call| !call.waits());
        active.or_else(|| open.next())
    }

    /// Calls that wait on hold while one speaks in another.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Call> {
        let current = self.current().map(|call| call.number);
        let calls = self.calls.iter();
        calls.filter(move |call| !call.rings_here() && Some(call.number) != current)
    }

    /// Calls that ring here, the longest first.
    pub(crate) fn ringing(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.rings_here())
    }

    /// Whether a new call can be placed now.
    pub(crate) fn can_call(&self) -> bool {
        let is_free = self.calls.iter().all(Call::is_connected);
        self.registration.is_registered() && is_free && self.calls.len() < MOST_CALLS
    }

    /// What follows from what was heard, for the engine; `is_seen` is whether somebody looks at the window.
    pub(crate) fn commands(&mut self, is_seen: bool) -> Vec<Command> {
        let looks = self.chats.look(is_seen && self.place == Place::Chats);
        self.outbox.extend(looks);
        std::mem::take(&mut self.outbox)
    }

    /// Takes in what the engine tells.
    pub(crate) fn hear(&mut self, now: Instant, notice: Notice) {
        let Some(notice) = self.hear_of_calls(now, notice) else {
            return;
        };
        if let Some(commands) = self.chats.hear_of_files(&notice) {
            return self.outbox.extend(commands);
        }
        if let Some(commands) = self.mailbox.hear_notice(&notice, &mut self.counter) {
            return self.outbox.extend(commands);
        }
        match notice {
            Notice::Registration(registration) => self.registration_moved(registration),
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
            Notice::Told { text, .. } => self.toast = Some(Toast::told(now, text)),
            Notice::Chat(event) => {
                let commands = self.chats.hear(&event);
                self.outbox.extend(commands);
            }
            Notice::Found { tag, messages } => self.chats.hear_found(tag, &messages),
            Notice::Contacts(contacts) => self.people.have(contacts),
            Notice::Presences(people) => self.people.hear_presences(people),
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
                match place {
                    Place::Settings => self.me.act(MeAction::Open, &mut self.counter),
                    Place::People => {
                        let asked = self.people.act(PeopleAction::Open, &mut self.counter);
                        asked.into_iter().collect()
                    }
                    Place::Voicemail => {
                        let open = VoicemailAction::Open;
                        self.mailbox.act(open, &mut self.counter)
                    }
                    _ => Vec::new(),
                }
            }
            Action::Me(action) => self.me.act(action, &mut self.counter),
            Action::People(action) => {
                let asked = self.people.act(action, &mut self.counter);
                asked.into_iter().collect()
            }
            Action::Voicemail(action) => self.mailbox.act(action, &mut self.counter),
            Action::Chat(action) => self.chats.act(action),
            Action::WriteTo(name) => {
                (self.place, self.ended) = (Place::Chats, None);
                match person(&name) {
                    Some(person) => {
                        let whom = self.chats.place_of(person);
                        self.chats.act(ChatAction::Open(whom))
                    }
                    None => Vec::new(),
                }
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
            Action::CallMeBack(dialled) => {
                self.tell_of_call_back(CallBack::Asked);
                let errand = Errand::CallBack { dialled };
                vec![self.counter.ask(Asked::CallBack, errand)]
            }
            Action::DismissEnded => {
                self.ended = None;
                Vec::new()
            }
            Action::DismissProblem => {
                self.problem = None;
                Vec::new()
            }
            in_call => self.act_in_call(in_call),
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
            // A server without presence has nothing to be said there.
            Asked::OwnPresence if self.people.own.is_none() && outcome.is_err() => {}
            Asked::Contact | Asked::Directory | Asked::OwnPresence => self.people.hear(outcome),
            Asked::Voicemails | Asked::Recording | Asked::VoicemailDone | Asked::Greeting => {
                let more = self.mailbox.hear(asked, outcome, &mut self.counter);
                self.outbox.extend(more);
            }
            Asked::CallBack => self.tell_of_call_back(CallBack::Told(match outcome {
                Ok(_) => "Your phone rings when they are free.".into(),
                Err(refused) => refused.problem.sentence.clone(),
            })),
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

    fn tell_of_call_back(&mut self, call_back: CallBack) {
        if let Some(ended) = &mut self.ended {
            ended.call_back = call_back;
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
            self.mailbox.forget();
            self.chats.forget();
            self.place = Place::Dial;
        }
        let was_in = self.account().is_some();
        self.registration = registration;
        self.chats.me = self.account().map(|account| account.id);
        if !was_in && self.account().is_some() {
            let asked = self
                .counter
                .ask(Asked::Calls, Errand::Calls { limit: PAST_CALLS });
            let mailbox = Mailbox::refresh(&mut self.counter);
            self.outbox.extend([asked, mailbox]);
        }
    }
}

fn engine_gone() -> Problem {
    Problem {
        code: "engine-stopped",
        sentence: "The phone has stopped working; close this window and open it again.".into(),
    }
}
