//! SIP without input or output: messages, transactions, dialogs, registration, digest.

mod dialog;
pub mod digest;
pub mod endpoint;
mod registration;
mod transaction;
pub mod wire;

pub use digest::{Algorithm, Authenticator, Ha1, NonceLimits, Secret, Verdict, respond, strongest};
pub use endpoint::{
    BadMessage, Capacity, ClientCredential, Config, EndCause, Endpoint, Event, Failure, HostPort,
    Input, LegId, Population, RegistrationFailure, RegistrationId, RequestId, RetryDelay, Timers,
    Transmit,
};
pub use wire::headers::*;
pub use wire::*;
