//! The engine: one thread of its own that owns the sockets, the audio devices and the phone. Commands go in, notices
//! come out, both through bounded queues.
//!
//! ```no_run
//! use softphone::engine::{Command, Engine, EngineConfig, Notice};
//!
//! let mut engine = Engine::start(EngineConfig::default(), None)?;
//! engine.send(Command::SignIn {
//!     server: "http://127.0.0.1:8080".into(),
//!     name: "amina".into(),
//!     password: "correct horse".to_owned().into(),
//! })?;
//! while let Some(notice) = engine.next_notice() {
//!     if let Notice::Registration(state) = notice {
//!         println!("{}", state.words());
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod arriving;
mod audio;
mod booth;
mod clerk;
mod command;
mod conversation;
mod core;
pub(crate) mod courier;
mod direct;
mod filing;
mod handle;
mod instance;
mod letters;
mod messenger;
mod mouth_and_ear;
mod notes;
mod notice;
mod outlet;
mod ports;
mod problem;
pub(crate) mod received;
mod recordings;
mod sign_in;
mod sound;
mod standing;

pub use command::{
    Command, EngineConfig, ErrandId, OutgoingFile, OutgoingNote, PARK, Password, SipTransport,
};
pub use direct::PeerToPeer;
pub use handle::{Engine, EngineGone, StartError, Wake};
pub use instance::Instance;
pub use letters::new_message_id;
pub use notice::{AccountSummary, CallStatistics, Notice, Registration};
pub use phone::{CallNumber, Digit, Encryption, EndReason, Hold, TransferProgress};
pub(crate) use problem::sentence;
pub use problem::{Problem, check_devices};
pub use sip_tokio::Fingerprint;
