//! The Carillon softphone: a window, and headless for scripts.
//!
//! | module | what it does |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`engine`] | one thread that owns sockets, audio devices and [`phone::Phone`]; commands in, notices out |
//! | [`headless`] | the verbs for scripts, one JSON object a line |
//! | [`keep`] | what is kept on disk between runs, for its owner only |
//! | [`live`] | chat in rooms over plain TCP and UDP |
//! | [`menu`] | menus for the terminal |
//! | [`web`] | the server's HTTP interface: whom to trust, sign-in |
//! | [`window`] | what people see |
//!
//! The window, the verbs and the menus only ever talk to the [`engine::Engine`]; none touches a socket.

pub mod cli;
pub mod engine;
pub mod headless;
pub mod keep;
pub mod live;
pub mod menu;
mod peer;
mod timestamp;
pub mod web;
pub mod window;
