//! The engine's own loop: waits for whatever comes first, hands it on, and carries out what the phone decides.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use api::Account;
use phone::{Book, CallNumber, Input, Phone, RegistrationState};
use sip_tokio::{Fingerprint, FlowFailure, Received, Sockets};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::audio::{Report, sleep_until};
use super::booth::{Booth, BoothNews};
use super::clerk::{Clerk, Word};
use super::conversation::Conversation;
use super::messenger::{Messenger, MessengerNews, MessengerOrder};
use super::outlet::Outlet;
use super::sign_in::{LoginOutcome, NoEntry, Owner};
use super::{AccountSummary, Command, EngineConfig, Notice, Problem, Registration};
use crate::web::{Entrance, WebError};

/// How long a server may take to confirm a sign-out; after that it finds out by itself when the registration ends.
const SIGN_OUT_PATIENCE: Duration = Duration::from_millis(1500);
/// Reports that may wait: some seconds of them.
const REPORTS: usize = 256;

pub(crate) struct Core {
    pub(super) config: EngineConfig,
    pub(super) outlet: Outlet,
    pub(super) line: Option<SignedIn>,
    pub(super) sockets: Option<Sockets>,
    pub(super) conversations: BTreeMap<CallNumber, Conversation>,
    pub(super) reports: mpsc::Sender<(CallNumber, Report)>,
    pub(super) login: Option<JoinHandle<LoginOutcome>>,
    /// Whose device the last login gave, and its SIP login: signing in again replaces it instead of adding another one
    /// to the account's list.
    pub(super) device: Option<(Owner, String)>,
    /// Who is signing in.
    pub(super) owner: Owner,
    /// Certificates that were agreed since the start, by the server's address.
    pub(super) agreed: BTreeMap<String, Fingerprint>,
    pub(super) clerk: Clerk,
    pub(super) book: Book,
    /// The highest call number so far: numbers go on counting when somebody else signs in.
    pub(super) last_call: u64,
    /// What is played or recorded beside calls, and what is told of it.
    pub(super) booth: Option<Booth>,
    pub(super) booth_news: (mpsc::Sender<BoothNews>, mpsc::Receiver<BoothNews>),
    /// Conversations, and what is told of them.
    pub(super) messenger: Option<Messenger>,
    pub(super) messenger_news: (mpsc::Sender<MessengerNews>, mpsc::Receiver<MessengerNews>),
    /// Whether conversations are still being brought to the server, and whether the account is to be forgotten then.
    pub(super) letters_close: bool,
    pub(super) owes_farewell: bool,
    leaving: Option<Leaving>,
    /// Whether `SignedOut` waits for the ends of the last calls, so that it is the last news of a sign-out.
    pub(super) owes_signed_out: bool,
}

/// The account that is signed in, and its phone.
pub(super) struct SignedIn {
    pub(super) summary: AccountSummary,
    /// The account as the server told of it last.
    pub(super) account: Account,
    /// The server: scheme, host and port.
    pub(super) server: String,
    pub(super) phone: Phone,
    /// Our address on the way to the server.
    pub(super) home: IpAddr,
    /// What was wrong with the server's certificate, when it was looked at last.
    pub(super) refused_certificate: Option<FlowFailure>,
}

/// A sign-out that is under way.
struct Leaving {
    until: Instant,
    then_stop: bool,
    /// The sign-in ends at the server too, with its device.
    for_good: bool,
}

/// What can happen next.
enum Happening {
    Command(Command),
    /// Nobody holds the engine any more.
    Abandoned,
    Network(Received),
    Sound(CallNumber, Report),
    LoggedIn(LoginOutcome),
    Word(Word),
    Booth(BoothNews),
    Messenger(MessengerNews),
    Time,
    Room,
}

impl Core {
    pub(crate) fn new(
        config: EngineConfig,
        outlet: Outlet,
    ) -> (Self, mpsc::Receiver<(CallNumber, Report)>) {
        let (reports, report_queue) = mpsc::channel(REPORTS);
        let core = Self {
            config,
            outlet,
            line: None,
            sockets: None,
            conversations: BTreeMap::new(),
            reports,
            login: None,
            device: None,
            owner: Owner::default(),
            agreed: BTreeMap::new(),
            clerk: Clerk::new(),
            book: Book::default(),
            last_call: 0,
            booth: None,
            booth_news: mpsc::channel(REPORTS),
            messenger: None,
            messenger_news: mpsc::channel(REPORTS),
            letters_close: false,
            owes_farewell: false,
            leaving: None,
            owes_signed_out: false,
        };
        (core, report_queue)
    }

    /// Runs until `Command::Stop`, or until nobody holds the engine any more.
    pub(crate) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut reports: mpsc::Receiver<(CallNumber, Report)>,
    ) {
        let mut is_held = true;
        while !self.is_finished() {
            let commands = Some(&mut commands).filter(|_| is_held);
            let happening = self.next(commands, &mut reports).await;
            match happening {
                Happening::Command(command) => self.obey(command),
                Happening::Abandoned => {
                    is_held = false;
                    self.obey(Command::Stop);
                }
                Happening::Network(received) => self.on_network(received),
                Happening::Sound(call, report) => self.on_report(call, report),
                Happening::LoggedIn(outcome) => self.logged_in(outcome).await,
                Happening::Word(word) => self.on_word(word),
                Happening::Booth(news) => self.on_booth(news),
                Happening::Messenger(news) => self.on_messenger(news),
                Happening::Time | Happening::Room => {}
            }
            self.run_timers();
        }
        if let Some(sockets) = self.sockets.take() {
            sockets.shutdown().await;
        }
        // Who hears that it has stopped shall not be able to tell it anything more.
        drop(commands);
        self.outlet.tell(Notice::Stopped);
        self.outlet.finish().await;
    }

    fn is_finished(&self) -> bool {
        let wants_to = self
            .leaving
            .as_ref()
            .is_some_and(|leaving| leaving.then_stop);
        wants_to && self.line.is_none() && self.conversations.is_empty() && !self.clerk.is_leaving()
    }

    async fn next(
        &mut self,
        commands: Option<&mut mpsc::Receiver<Command>>,
        reports: &mut mpsc::Receiver<(CallNumber, Report)>,
    ) -> Happening {
        let due = self.due();
        let (sockets, login, outlet) = (&mut self.sockets, &mut self.login, &mut self.outlet);
        let (clerk, booth_news) = (&mut self.clerk, &mut self.booth_news.1);
        let messenger_news = &mut self.messenger_news.1;
        let command = async {
            match commands {
                Some(commands) => commands.recv().await,
                None => std::future::pending().await,
            }
        };
        let network = async {
            match sockets {
                Some(sockets) => sockets.receive().await,
                None => std::future::pending().await,
            }
        };
        let logged_in = async {
            match login {
                Some(task) => task.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            command = command => command.map_or(Happening::Abandoned, Happening::Command),
            received = network => Happening::Network(received),
            Some((call, report)) = reports.recv() => Happening::Sound(call, report),
            outcome = logged_in => {
                self.login = None;
                Happening::LoggedIn(outcome.unwrap_or(Err(NoEntry {
                    error: WebError::Interrupted,
                    was_kept: false,
                })))
            }
            word = clerk.word() => Happening::Word(word),
            Some(news) = booth_news.recv() => Happening::Booth(news),
            Some(news) = messenger_news.recv() => Happening::Messenger(news),
            () = sleep_until(due) => Happening::Time,
            () = outlet.wait_for_room() => Happening::Room,
        }
    }

    fn due(&self) -> Option<Instant> {
        let phone = self
            .line
            .as_ref()
            .and_then(|line| line.phone.poll_timeout());
        let leaving = self.leaving.as_ref().filter(|_| self.line.is_some());
        let farewells = self.conversations.values().filter_map(Conversation::due);
        farewells
            .chain(phone)
            .chain(leaving.map(|leaving| leaving.until))
            .min()
    }

    fn run_timers(&mut self) {
        let now = Instant::now();
        let phone_is_due =
            |line: &SignedIn| line.phone.poll_timeout().is_some_and(|due| due <= now);
        if self.line.as_ref().is_some_and(phone_is_due) {
            self.drive(Input::Timeout);
        }
        self.conclude_overdue(now);
        let is_overdue = self
            .leaving
            .as_ref()
            .is_some_and(|leaving| leaving.until <= now);
        if is_overdue && self.line.is_some() {
            self.forget_account();
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::SignIn {
                server,
                name,
                password,
            } => {
                let replaces = None;
                let entrance = Entrance::Password {
                    name,
                    password,
                    replaces,
                };
                self.sign_in(&server, entrance);
            }
            Command::SignInAsGuest {
                server,
                display_name,
            } => self.sign_in(&server, Entrance::Guest { display_name }),
            Command::SignUp { server, account } => {
                self.sign_in(&server, Entrance::SignUp(account));
            }
            Command::Resume => self.resume(),
            Command::Ask { id, errand } => self.ask(id, errand),
            Command::Enquire {
                id,
                server,
                enquiry,
            } => self.enquire(id, &server, enquiry),
            Command::Trust {
                server,
                fingerprint,
            } => self.trust(&server, fingerprint),
            Command::SignOut => self.sign_out(false),
            Command::Stop => self.sign_out(true),
            Command::Call { target } => self.place_call(target),
            Command::Answer { call } => self.drive(Input::Answer { call }),
            Command::Decline { call } => self.drive(Input::Decline { call }),
            Command::HangUp { call } => self.drive(Input::HangUp { call }),
            Command::Mute { call, on } => self.mute(call, on),
            Command::Hold { call, on } => self.drive(Input::Hold { call, on }),
            Command::Press { call, digit } => self.drive(Input::Press { call, digit }),
            Command::Transfer { call, target } => self.drive(Input::Transfer { call, target }),
            Command::TransferToCall { call, consulted } => {
                self.drive(Input::TransferToCall { call, consulted });
            }
            Command::Chat(wish) => self.chat(*wish),
            Command::SendFile(file) => self.order(MessengerOrder::SendFile(file)),
            Command::SendNote(note) => self.order(MessengerOrder::SendNote(note)),
            Command::PlayFile { item, file } => self.play_file(item, file),
            Command::Fetch { file, folder } => {
                self.order(MessengerOrder::Fetch { file, folder });
            }
            Command::Picture { file } => self.order(MessengerOrder::Picture { file }),
            Command::StopFetching { file } => self.order(MessengerOrder::StopFetching { file }),
            Command::TalkDirectly(on) => self.talk_directly(on),
            Command::Search { tag, words, room } => self.search(tag, words, room),
            Command::Play { item, recording } => self.play(item, recording),
            Command::Record => self.record(),
            Command::StopSound => self.booth = None,
            Command::UseDevices {
                audio_in,
                audio_out,
            } => {
                self.config.audio_in = audio_in;
                self.config.audio_out = audio_out;
            }
        }
    }

    pub(super) fn sign_out(&mut self, then_stop: bool) {
        let then_stop = then_stop
            || self
                .leaving
                .as_ref()
                .is_some_and(|leaving| leaving.then_stop);
        if let Some(task) = self.login.take() {
            task.abort();
        }
        // Who stops without keeping anything does not come back to this device.
        let for_good = !then_stop || !self.config.keep.keeps();
        if !then_stop {
            self.config.keep.forget_sign_in();
            self.forget_letters();
        }
        self.close_letters();
        let latest = Instant::now() + SIGN_OUT_PATIENCE;
        let until = self
            .leaving
            .as_ref()
            .map_or(latest, |leaving| leaving.until.min(latest));
        self.leaving = Some(Leaving {
            until,
            then_stop,
            for_good,
        });
        let is_lost = |line: &SignedIn| {
            matches!(
                line.phone.registration(),
                RegistrationState::Retrying { .. }
            )
        };
        // A server that is lost does not confirm anything either.
        let waits = self.line.as_ref().is_some_and(|line| !is_lost(line));
        self.drive(Input::SignOut);
        if !waits {
            self.leave_account();
        }
    }

    /// The account is gone, confirmed or not.
    pub(super) fn forget_account(&mut self) {
        self.end_letters();
        self.line = None;
        self.sockets = None;
        self.book = Book::default();
        // Only now: the server revokes the device with its sign-in, and it had to unregister with it.
        let leaving = self.leaving.as_ref();
        self.clerk
            .end(leaving.is_some_and(|leaving| leaving.for_good));
        // A stop stays on until the last conversation has closed its devices.
        self.leaving.take_if(|leaving| !leaving.then_stop);
        self.conclude_orphans();
        self.owes_signed_out = true;
        self.settle_sign_out();
    }

    /// Tells that nobody is signed in, once the last call has told its end.
    pub(super) fn settle_sign_out(&mut self) {
        if self.owes_signed_out && self.conversations.is_empty() {
            self.owes_signed_out = false;
            self.tell_registration(Registration::SignedOut);
        }
    }

    fn on_network(&mut self, received: Received) {
        let input = match received {
            Received::Message { flow, payload } => Input::Receive { flow, payload },
            Received::FlowFailed { flow, why } => {
                if let Some(line) = &mut self.line {
                    let is_certificate = matches!(why, FlowFailure::Certificate(_));
                    line.refused_certificate = is_certificate.then_some(why);
                }
                Input::FlowFailed { flow }
            }
        };
        self.drive(input);
    }

    pub(super) fn tell_registration(&mut self, registration: Registration) {
        self.outlet.tell(Notice::Registration(registration));
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.outlet.tell(Notice::Error(problem));
    }
}
