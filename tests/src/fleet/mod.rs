//! Many phones in one process: the SIP core of the softphone over sockets of their own, each on a thread.
//!
//! They register for a short time and so again and again, answer every call at once, and send a packet of audio now and
//! then, so that it can be seen whether anything was lost while something else went on.

mod phone;
mod report;

use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

pub use report::{FleetCall, Report};

use crate::Device;
use phone::{Command, Phone};

/// How often somebody who waits looks.
const MOMENT: Duration = Duration::from_millis(10);

/// One phone of a fleet. It stops when this is dropped.
#[derive(Debug)]
pub struct FleetPhone {
    number: String,
    commands: Sender<Command>,
    report: Arc<Mutex<Report>>,
    thread: Option<JoinHandle<()>>,
}

/// What a phone calls itself towards the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallsItself {
    /// By its login, as softphones do.
    Login,
    /// By the number that it was set up with, as desk phones do.
    Number,
}

impl FleetPhone {
    /// A phone that registers for `seconds` at a time, as long as it lives.
    ///
    /// # Errors
    /// When there is no socket for it.
    pub fn start(
        server: SocketAddr,
        device: &Device,
        itself: CallsItself,
        seconds: u32,
    ) -> Result<FleetPhone> {
        let (commands, inbox) = channel();
        let report = Arc::new(Mutex::new(Report::default()));
        let phone = Phone::new(server, device, itself, Arc::clone(&report))?;
        let thread = thread::Builder::new()
            .name(device.login.clone())
            .stack_size(512 * 1024)
            .spawn(move || phone.run(seconds, &inbox))?;
        Ok(FleetPhone {
            number: device.number.clone(),
            commands,
            report,
            thread: Some(thread),
        })
    }

    /// The number that it was set up with.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// What it has to tell at this moment.
    pub fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until what it has to tell is what somebody waits for.
    ///
    /// # Errors
    /// When that does not come in time; the message holds its last report.
    pub fn wait_until<T>(
        &self,
        what: &str,
        within: Duration,
        mut is_there: impl FnMut(&Report) -> Option<T>,
    ) -> Result<T> {
        let end = Instant::now() + within;
        loop {
            let found = is_there(&self.report());
            if let Some(found) = found {
                return Ok(found);
            }
            if Instant::now() > end {
                let report = self.report();
                bail!("{}: {what} did not come in time: {report:?}", self.number);
            }
            thread::sleep(MOMENT);
        }
    }

    /// Calls a number; what comes of it is told under the index that this returns.
    ///
    /// # Errors
    /// When the phone has stopped.
    pub fn call(&self, number: &str) -> Result<usize> {
        let index = self.report().begin(number);
        self.command(Command::Call(number.to_owned(), index))?;
        Ok(index)
    }

    /// Hangs up.
    ///
    /// # Errors
    /// When the phone has stopped.
    pub fn hang_up(&self, call: usize) -> Result<()> {
        self.command(Command::HangUp(call))
    }

    fn command(&self, command: Command) -> Result<()> {
        let sent = self.commands.send(command);
        sent.ok().context("a phone of the fleet has stopped")
    }
}

impl Drop for FleetPhone {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
