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

mod command;
mod handle;
mod notice;

pub use command::{Command, EngineConfig, Password, SipTransport};
pub use handle::{Engine, EngineGone, StartError, Wake};
pub use notice::{AccountSummary, CallStatistics, Notice, Problem, Registration};
pub use phone::{CallNumber, EndReason};
