//! The exchange: registrar, routing and bridging of calls. SIP comes in, SIP goes out; there is no socket, no clock, no
//! database and no media in here.
//!
//! # Layers
//! - [`Switch`] is the façade with its five methods: `new`, `handle`, `poll_transmit`, `poll_event`, `poll_timeout`. After
//!   each `handle`, drain transmits and events.
//! - `authentication` checks digests; the registrar and the reception ask it who is there.
//! - `registrar` knows which phones of an account can be reached, and over which flow.
//! - `reception` holds an INVITE until its caller is proved and its callee found.
//! - `cluster` knows the other servers that share the directory: phones that registered there ring too.
//! - `completion` calls people back when those are free whom they have called in vain.
//! - `pager` takes messages outside calls: texts to the conversations, which bring them to phones by it one by one, and
//!   everything else to all phones of their recipient. `letter` reads and writes what they say.
//! - `presence` tells those who watch somebody what they are, whether they speak, and who watches them.
//! - `guard` is before all of them: sources that guess or scan are not listened to.
//! - `bridge` holds the calls: one leg to the caller, one or several to the callee's phones (a B2BUA). What happens on one
//!   side is turned into what shall happen on the other, one verb a file.
//! - `house` is the server as a party of a call: voicemail, and hearing what was left there.
//! - Below all of them lies [`sip::Endpoint`], which knows transactions and dialogs.
//!
//! # Rules
//! - What the switch cannot know it asks for with [`Event::Ask`]: who owns a login, who has a number, where the relay
//!   listens. Answer every question with [`Input::Answer`], also with `None`; those that stay open run into a timer.
//! - Media never passes from phone to phone: each session description is led over the relay's ports.
//! - [`Event::CallStarted`] and [`Event::CallEnded`] come in pairs, and every pair of ports that was answered comes back
//!   with [`Event::MediaClosed`], whatever happens in between.
//! - Calls and registrations hang on the [`AccountId`], never on a number, which may change at any time.
//! - No secret is here in clear: the directory gives hashes ([`Credential`]).
//!
//! ```
//! use std::time::Instant;
//! use switch::{Config, Input, Switch};
//!
//! let mut switch = Switch::new(Config::new("carillon.example"), [7; 32]);
//! let flow = sip::Flow {
//!     transport: sip::Transport::Udp,
//!     local: "192.0.2.1:5060".parse()?,
//!     remote: "198.51.100.7:5060".parse()?,
//!     connection: 0,
//! };
//! let register = "REGISTER sip:carillon.example SIP/2.0\r\n\
//!     Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1\r\n\
//!     Max-Forwards: 70\r\n\
//!     From: <sip:desk@carillon.example>;tag=1\r\n\
//!     To: <sip:desk@carillon.example>\r\n\
//!     Call-ID: 1\r\n\
//!     CSeq: 1 REGISTER\r\n\
//!     Contact: <sip:desk@198.51.100.7>\r\n\
//!     Content-Length: 0\r\n\r\n";
//!
//! switch.handle(Instant::now(), Input::Receive { flow, payload: register.into() });
//!
//! // Nobody registers without proving who they are.
//! let answer = switch.poll_transmit().ok_or("no answer")?;
//! assert!(answer.payload.starts_with(b"SIP/2.0 401 Unauthorized\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod authentication;
mod bridge;
mod cluster;
mod completion;
mod config;
mod desk;
mod event;
mod guard;
mod house;
mod identity;
mod input;
mod key_maker;
mod letter;
mod media_plan;
mod network;
mod pager;
mod park;
mod passing;
mod presence;
mod question;
mod questions;
mod reached;
mod reception;
mod refusal;
mod registrar;
mod stored_binding;
mod stored_call;
mod switch;
mod timetable;
mod treatment;
mod wall_clock;
mod way;

pub use cluster::{Cluster, Elsewhere};
pub use completion::{Completion, CompletionLimits, NotCompleted};
pub use config::{Config, Emergency, PickUp, RegistrationLimits, ServiceCodes};
pub use event::{AuthenticationFailure, BanReason, CallEnd, Event, LetterEnd, Unregistration};
pub use guard::GuardConfig;
pub use house::{House, MessageId, Prompt, Recording, RecordingLimits, Sound};
pub use identity::{AccountId, AskId, BindingId, CallId, CompletionId, DeviceId, Party, Side};
pub use input::Input;
pub use letter::{Content, Letter, Outcome, Outgoing, TextLetter};
pub use media_plan::{MediaPlan, MediaSide, Play};
pub use network::{InvalidNetwork, Network};
pub use park::Park;
pub use presence::{Activity, Chosen, Facts, Seen, Shown, Told};
pub use question::{
    Answer, Credential, LetterFate, MediaPorts, MessageCount, Question, RelayAddress, Viewers,
    Watchable,
};
pub use reached::{Destination, Reached};
pub use stored_binding::StoredBinding;
pub use stored_call::StoredCall;
pub use switch::{Counts, Switch};
pub use treatment::{Ring, Treatment, Voicemail};
pub use wall_clock::WallClock;
