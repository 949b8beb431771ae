//! What people see: the softphone's window.

use crate::engine::EngineConfig;

/// How the window starts.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How the engine behind the window is set up.
    pub engine: EngineConfig,
    /// The server's web address to fill in at sign-in.
    pub server: Option<String>,
    /// The account's name to fill in at sign-in.
    pub login: Option<String>,
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When there is no display or no OpenGL.
pub fn run(options: Options) -> anyhow::Result<()> {
    let _ = options;
    anyhow::bail!("this build has no window; use `softphone headless`")
}
