//! The handle by which the window and the verbs hold the engine's thread.

use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;

use super::core::Core;
use super::outlet::Outlet;
use super::{Command, EngineConfig, Notice};

/// Called from the engine's thread after each notice, so that a window that sleeps can wake up and look.
pub type Wake = Box<dyn Fn() + Send>;

/// Commands that may wait: a person cannot be that fast, so a full queue means that the engine hangs.
const COMMANDS: usize = 64;
/// Notices that may wait for a slow reader.
const NOTICES: usize = 1024;

/// The engine could not start.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the phone's thread ({0}); close other programs and try again")]
pub struct StartError(#[from] std::io::Error);

/// The engine does not take commands: it has stopped or is overloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the phone has stopped; start it again")]
pub struct EngineGone;

/// The running engine. Dropping it hangs up, unregisters and stops the thread.
#[derive(Debug)]
pub struct Engine {
    commands: mpsc::Sender<Command>,
    notices: mpsc::Receiver<Notice>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts the engine's thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(config: EngineConfig, wake: Option<Wake>) -> Result<Self, StartError> {
        let (commands, command_queue) = mpsc::channel(COMMANDS);
        let (notice_queue, notices) = mpsc::channel(NOTICES);
        // Made here, so that a failure is the caller's to know.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let thread = std::thread::Builder::new()
            .name("engine".into())
            .spawn(move || {
                let (core, reports) = Core::new(config, Outlet::new(notice_queue, wake));
                runtime.block_on(core.run(command_queue, reports));
            })?;
        Ok(Self {
            commands,
            notices,
            thread: Some(thread),
        })
    }

    /// An engine with nothing behind it, for tests of the window: the commands that it is given come out of the
    /// receiver, and the notices put into the sender are what it tells.
    #[must_use]
    pub fn scripted() -> (Self, mpsc::Receiver<Command>, mpsc::Sender<Notice>) {
        let (commands, command_queue) = mpsc::channel(COMMANDS);
        let (notice_queue, notices) = mpsc::channel(NOTICES);
        (
            Self {
                commands,
                notices,
                thread: None,
            },
            command_queue,
            notice_queue,
        )
    }

    /// Hands a command to the engine. Never blocks.
    ///
    /// # Errors
    /// When the engine has stopped or does not keep up.
    pub fn send(&self, command: Command) -> Result<(), EngineGone> {
        self.commands.try_send(command).map_err(|_| EngineGone)
    }

    /// The next notice, if one waits. For a window's frame.
    pub fn try_notice(&mut self) -> Option<Notice> {
        self.notices.try_recv().ok()
    }

    /// Waits for the next notice; `None` when the engine has stopped. Not for use inside an async task.
    pub fn next_notice(&mut self) -> Option<Notice> {
        self.notices.blocking_recv()
    }

    /// As [`Engine::next_notice`], for async code.
    pub async fn notice(&mut self) -> Option<Notice> {
        self.notices.recv().await
    }

    /// Hangs up, unregisters and waits for the engine's end, at most `patience`.
    pub fn stop(&mut self, patience: Duration) {
        let _ = self.commands.try_send(Command::Stop);
        let deadline = std::time::Instant::now() + patience;
        if let Some(thread) = self.thread.take() {
            while !thread.is_finished() && std::time::Instant::now() < deadline {
                self.notices.try_recv().ok();
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop(Duration::from_secs(2));
    }
}
