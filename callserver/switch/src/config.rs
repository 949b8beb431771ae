//! What the operator decides about the switch.

use std::time::Duration;

use sip::{Algorithm, Text};

use crate::{Cluster, CompletionLimits, GuardConfig, Park, RecordingLimits, WallClock};

/// How long registrations live, in seconds (RFC 3261 10.3 step 7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegistrationLimits {
    /// Shorter wishes are refused with 423 and `Min-Expires`.
    pub min_expires: u32,
    /// Longer wishes are cut to this.
    pub max_expires: u32,
    /// Granted to phones that wish nothing.
    pub default_expires: u32,
    /// How many contacts an account may have at once. A further one takes the place of the one that would end first.
    pub max_bindings: usize,
}

impl Default for RegistrationLimits {
    fn default() -> Self {
        // A minute keeps most NAT mappings known without letting one phone flood the server; an hour is what RFC 3261
        // 10.2.1.1 suggests.
        RegistrationLimits {
            min_expires: 60,
            max_expires: 3600,
            default_expires: 3600,
            max_bindings: 10,
        }
    }
}

/// What can be dialled besides numbers; an empty text is no code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceCodes {
    /// Before a number: takes the call that rings there.
    pub pick_up: Text,
    /// Takes the call that has rung longest in a group of the one who dials.
    pub pick_up_in_group: Text,
    /// Plays the messages that callers have left for the one who dials.
    pub messages: Text,
    /// Records what they hear before they leave one.
    pub greeting: Text,
    /// After a call in vain: the callee is waited for, and then the caller called back.
    pub call_back: Text,
    /// Nobody is waited for any more.
    pub cancel_call_back: Text,
}

impl Default for ServiceCodes {
    fn default() -> Self {
        // What most desk phones have on a key.
        ServiceCodes {
            pick_up: Text::from_static("**"),
            pick_up_in_group: Text::from_static("*8"),
            messages: Text::from_static("*97"),
            greeting: Text::from_static("*98"),
            call_back: Text::from_static("*66"),
            cancel_call_back: Text::from_static("*86"),
        }
    }
}

/// Who may take a call that rings elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PickUp {
    /// Who is in a ring group with the one whose phone rings; and everybody the own calls.
    Groups,
    /// Everybody every call.
    Everybody,
}

/// Calls for help: always let through, whoever calls and however busy they or the server are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Emergency {
    /// What people dial.
    pub numbers: Vec<Text>,
    /// The number that rings then.
    pub to: Text,
}

impl Emergency {
    /// Where this leads, if it is a call for help.
    pub(crate) fn read<'a>(emergency: &'a Option<Emergency>, dialled: &str) -> Option<&'a Text> {
        let emergency = emergency.as_ref()?;
        let is_one = emergency.numbers.iter().any(|number| number == dialled);
        is_one.then_some(&emergency.to)
    }
}

/// What was dialled, if it is no number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Service {
    PickUp(Text),
    PickUpInGroup,
    Messages,
    Greeting,
    CompleteCall,
    CancelCompletions,
    /// The slot, if it matters which.
    Park(Option<u32>),
}

impl ServiceCodes {
    pub(crate) fn read(&self, dialled: &str) -> Option<Service> {
        for (code, service) in [
            (&self.pick_up_in_group, Service::PickUpInGroup),
            (&self.messages, Service::Messages),
            (&self.greeting, Service::Greeting),
            (&self.call_back, Service::CompleteCall),
            (&self.cancel_call_back, Service::CancelCompletions),
        ] {
            if !code.is_empty() && code == dialled {
                return Some(service);
            }
        }
        let whom = dialled.strip_prefix(self.pick_up.as_str());
        let whom = whom.filter(|whom| !whom.is_empty() && !self.pick_up.is_empty());
        whom.map(|whom| Service::PickUp(Text::from(whom)))
    }
}

/// The switch's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The SIP domain of all accounts, also the digest realm.
    pub domain: Text,
    /// Written into `User-Agent` and `Server`.
    pub server_name: Text,
    /// The digest algorithms that are offered and accepted, in the order in which phones shall prefer them.
    pub digest: Vec<Algorithm>,
    /// Whether phones may let the digest cover the body of what they send (`auth-int`). Off by default: some phones fail at
    /// a choice, and much that stands before phones rewrites session descriptions.
    pub offers_auth_int: bool,
    /// How long registrations live.
    pub registration: RegistrationLimits,
    /// What sources may do wrong before they are left alone.
    pub guard: GuardConfig,
    /// How long phones ring before the caller hears 480.
    pub ring_timeout: Duration,
    /// How long a question may stay unanswered before its request is refused with 500.
    pub question_timeout: Duration,
    /// More calls than this at once are refused with 503.
    pub max_calls: usize,
    /// More calls than this of one calling account at once are refused with 486.
    pub max_calls_of_account: usize,
    /// More subscriptions than this of one account are refused with 403.
    pub max_subscriptions_of_account: usize,
    /// More subscriptions than this of all accounts are refused with 503.
    pub max_subscriptions: usize,
    /// Whether [`Event::CallChanged`](crate::Event::CallChanged) tells what is to be kept of each answered call, so that
    /// another process can go on with it.
    pub keeps_calls: bool,
    /// Whether somebody acts on [`Event::MediaDigit`](crate::Event::MediaDigit). If nobody does, a phone that knows no digits in INFO
    /// refuses them itself, and whoever dialled hears that.
    pub sounds_digits: bool,
    /// How long messages and greetings may be.
    pub recordings: RecordingLimits,
    /// How long and how often callers may wait for callees.
    pub completion: CompletionLimits,
    /// Where calls can wait until somebody takes them.
    pub park: Park,
    /// What can be dialled besides numbers.
    pub service_codes: ServiceCodes,
    /// Who may take calls that ring elsewhere.
    pub pick_up: PickUp,
    /// Which numbers call for help, and where they lead.
    pub emergency: Option<Emergency>,
    /// What time it is, for the `Date` that phones set their clocks by; without it they get none.
    pub wall_clock: Option<WallClock>,
    /// This server among those that share a directory, if there may be others. It takes a `wall_clock` too.
    pub cluster: Option<Cluster>,
    /// Timers of the SIP core below.
    pub timers: sip::Timers,
}

impl Config {
    /// What was dialled, if it is no number.
    pub(crate) fn service(&self, dialled: &str) -> Option<Service> {
        let parked = || self.park.read(dialled).map(Service::Park);
        self.service_codes.read(dialled).or_else(parked)
    }

    /// The defaults for `domain`.
    #[must_use]
    pub fn new(domain: impl Into<Text>) -> Self {
        Config {
            domain: domain.into(),
            server_name: Text::from("Carillon"),
            // The strongest first (RFC 8760 2.4). The two of SHA-2 are equally long; the one that more phones know goes
            // first, because some (Linphone 5.1) give up when they do not know the first.
            digest: vec![Algorithm::Sha256, Algorithm::Sha512Trunc256, Algorithm::Md5],
            offers_auth_int: false,
            registration: RegistrationLimits::default(),
            guard: GuardConfig::default(),
            ring_timeout: Duration::from_secs(60),
            // Longer than any healthy database needs, shorter than the 32 s after which a phone gives up (Timer B).
            question_timeout: Duration::from_secs(10),
            max_calls: 10_000,
            max_calls_of_account: 20,
            // A few desk phones with a column of lamps each.
            max_subscriptions_of_account: 1_000,
            max_subscriptions: 100_000,
            keeps_calls: false,
            sounds_digits: false,
            recordings: RecordingLimits::default(),
            completion: CompletionLimits::default(),
            park: Park::default(),
            service_codes: ServiceCodes::default(),
            pick_up: PickUp::Groups,
            emergency: None,
            wall_clock: None,
            cluster: None,
            timers: sip::Timers::default(),
        }
    }
}
