//! The harness of the end-to-end tests, the demonstration and the system benchmarks.
//!
//! It starts the real binaries as a person would, on ports that the system chooses and with data in a temporary folder,
//! and reads what they print:
//!
//! - [`Server`] is a running `callserver`, with `callctl` beside it;
//! - [`Softphone`] is a running `softphone headless`, whose JSON lines are [`Event`]s;
//! - [`Baresip`], [`Linphone`], [`BrowserPhone`] and [`sipp`] are other people's phones;
//! - [`ApiTest`] tries the HTTP interface as somebody does who reads its description;
//! - [`tool`] runs other people's programs that end by themselves;
//! - [`BreakingLink`] is a way to a server that is cut again and again;
//! - [`Internet`] is a network inside this machine, with hosts, and routers that translate addresses;
//! - [`Scripted`] is a phone that says exactly what a test wants;
//! - [`FleetPhone`] is one of many phones in one process; a [`Choir`] is hundreds of calls in one process;
//! - [`Process`] is any of them: its log is shown when a test fails, and it ends with the test;
//! - [`Turn`] keeps tests that measure audio from disturbing each other.
//!
//! ```no_run
//! use end_to_end::{Server, Softphone, Sound};
//! use std::time::Duration;
//!
//! # fn main() -> anyhow::Result<()> {
//! let server = Server::start()?;
//! let ann = server.add_account("ann", "1001")?;
//! let mut phone = Softphone::start(&server, &ann, &Sound::silent(), &["register"])?;
//! phone.wait_for("registered", Duration::from_secs(5))?;
//! # Ok(())
//! # }
//! ```

mod api_tester;
mod baresip;
mod binaries;
mod breaking_link;
mod browser_phone;
mod callctl;
mod choir;
mod fleet;
mod free_port;
mod http;
pub mod inside;
mod internet;
mod linphone;
mod noise;
mod number_book;
mod process;
mod registered;
pub mod scripted;
mod server;
pub mod sipp;
mod softphone;
mod speech;
pub mod tool;
mod tunnel;
mod turn;

pub use api_tester::ApiTest;
pub use baresip::{Answering, Baresip, BaresipCodec};
pub use binaries::binary;
pub use breaking_link::BreakingLink;
pub use browser_phone::BrowserPhone;
pub use callctl::Callctl;
pub use choir::{Choir, Silences};
pub use fleet::{CallsItself, FleetCall, FleetPhone, Report};
pub use free_port::free_port;
pub use http::HttpClient;
pub use internet::{Home, Host, Internet, Translation};
pub use linphone::{Linphone, LinphoneTransport};
pub use noise::Noise;
pub use number_book::NumberBook;
pub use process::Process;
pub use registered::{Registered, Transport};
pub use scripted::Scripted;
pub use server::{Account, Device, Ready, Server, ServerOptions};
pub use softphone::{Event, Finished, Softphone, Sound};
pub use speech::check_speech;
pub use tunnel::Tunnel;
pub use turn::Turn;
