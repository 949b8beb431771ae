//! The Carillon call server and its admin tool `callctl`.
//!
//! This crate is the edge: it waits, sends, stores and logs. What a call is and who may make one is decided in the pure
//! crate [`switch`].
//!
//! | module | what lives there |
//! |---|---|
//! | [`config`] | defaults, configuration file, command line |
//! | [`backup`] | all that matters in one archive, and back |
//! | [`data_folder`] | the folder that one server owns |
//! | [`certificate`] | what HTTPS and SIPS show |
//! | [`store`] | the database; all SQL |
//! | [`office`] | accounts, devices, numbers: the one implementation behind HTTP and `callctl` |
//! | [`http`] | the HTTP interface |
//! | [`control`] | the Unix socket between `callctl` and the server |
//! | [`callctl`] | the admin tool |
//! | [`edge`] | the exchange's thread: SIP sockets, switch, relay |
//! | [`handover`] | a newer program takes this one's place |
//! | [`relay`] | audio from one phone to the other |
//! | [`rooms`] | conversations: who is in them, what is said, who is told |
//! | [`studio`] | audio that ends in the server: other codecs, secure RTP on one leg, music for who waits |
//! | [`files`] | files that people send: uploads that go on after a break, contents kept once |
//! | [`live_rooms`] | chat over plain TCP and UDP, in rooms that end when their host leaves |
//! | `voicemail` | recordings on their way into the database, and out of it |
//! | [`checkpoint`] | the answered calls in the data folder, so that they outlive the process |
//! | `neighbours` | which other servers on the same database live, and where they are |
//! | `others` | what other servers on the same database change |
//! | `times` | times as they are written outside the database |
//! | `precedence` | threads that carry sound go before the others |
//! | [`server`] | starting and stopping all of it |
//!
//! Four kinds of threads matter. The **exchange** runs `edge`; everything on a call's path is there. The **relay** forwards
//! packets, with some threads that share the calls. The **studio** decodes and encodes, for the calls that
//! need it. The **main runtime** has HTTP, the control socket, the database and, on threads of their own, password
//! hashes; whatever happens there, calls go on.

pub mod backup;
pub mod callctl;
pub mod certificate;
pub mod checkpoint;
pub mod command_line;
pub mod config;
pub mod control;
pub mod data_folder;
pub mod edge;
pub mod files;
pub mod handover;
mod housekeeping;
pub mod http;
mod letters;
pub mod live_rooms;
mod logging;
mod login_limit;
mod neighbours;
pub mod office;
mod others;
mod passwords;
mod precedence;
mod presence;
mod rate;
pub mod relay;
pub mod rooms;
pub mod server;
pub mod store;
pub mod studio;
mod times;
mod upgrade;
mod voicemail;

pub use config::{Config, ConfigError};
pub use data_folder::{DataFolder, DataFolderError};
pub use passwords::{HashError, Passwords};
