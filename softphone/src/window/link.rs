//! The wire between the window and the engine: commands out, notices in.

use crate::engine::{Command, Engine, EngineGone, Notice};

/// What the window needs of an engine. The real one is [`Engine`]; a rehearsed one serves in tests.
pub trait Link {
    /// Hands over a command without waiting.
    ///
    /// # Errors
    /// When the engine has stopped or does not keep up.
    fn send(&mut self, command: Command) -> Result<(), EngineGone>;

    /// The next notice, if one waits.
    fn try_notice(&mut self) -> Option<Notice>;
}

impl Link for Engine {
    fn send(&mut self, command: Command) -> Result<(), EngineGone> {
        Engine::send(self, command)
    }

    fn try_notice(&mut self) -> Option<Notice> {
        Engine::try_notice(self)
    }
}
