//! Who is not listened to: sources that guess secrets, and scanners.

mod config;

pub use config::GuardConfig;
