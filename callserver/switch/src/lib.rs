//! Registrar, routing and bridging of calls: SIP in, SIP out.

mod authentication;
mod bridge;
mod config;
mod desk;
mod event;
mod identity;
mod input;
mod question;
mod questions;
mod reception;
mod registrar;
mod switch;
mod timetable;

pub use config::{Config, RegistrationLimits};
pub use event::{AuthenticationFailure, CallEnd, Event, Unregistration};
pub use identity::{AccountId, AskId, CallId, DeviceId, Party, Side};
pub use input::Input;
pub use question::{Answer, Credential, Destination, MediaPorts, Question};
pub use switch::{Counts, Switch};
