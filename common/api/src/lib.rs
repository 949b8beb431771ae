//! The wire types of the HTTP interface, shared by server and softphone, and the rules for names, passwords and
//! numbers that both sides must agree on.
//!
//! Nothing here reads a clock, a socket or a file. Three layers:
//!
//! * **rules**: [`Username`] (with its [`Skeleton`]), [`Password`], [`DisplayName`], [`DeviceLabel`], [`Number`],
//!   [`PictureFormat`]. A value of such a type has passed its rule; a refusal is an error whose text tells a person
//!   what to change.
//! * **messages**: [`LoginRequest`], [`LoginAnswer`], [`Health`], in JSON as the field names say.
//! * **errors**: [`Problem`], the `application/problem+json` body (RFC 9457) of every answer that is not a success.
//!
//! ```
//! use api::{Number, Username};
//!
//! assert_eq!(Username::parse("Alice")?.as_str(), "alice");
//! assert_eq!(Username::parse("1lice").unwrap_err().to_string(), "A username starts with a letter from a to z.");
//! assert_eq!(Number::parse("+49 (30) 1234-56")?.as_str(), "+4930123456");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod common_passwords;
mod dial_plan;
mod display_name;
mod health;
mod identity;
mod lease;
mod login;
mod number;
mod password;
mod pattern;
mod picture;
mod problem;
mod setup_link;
mod skeleton;
mod username;

pub use dial_plan::DialPlan;
pub use display_name::{DeviceLabel, DisplayName, TextRefused};
pub use health::Health;
pub use identity::{AccountId, DeviceId};
pub use lease::{AfterChange, NumberState, OnCall};
pub use login::{Account, DeviceCredential, LOGIN_PATH, LoginAnswer, LoginRequest, SipService};
pub use number::{Number, NumberRefused};
pub use password::{Password, PasswordRefused};
pub use pattern::NumberPattern;
pub use picture::{PictureFormat, PictureRefused};
pub use problem::{Problem, ProblemKind};
pub use setup_link::{SetupLink, SetupLinkRefused};
pub use skeleton::Skeleton;
pub use username::{Username, UsernameRefused};
