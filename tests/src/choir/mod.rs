//! Hundreds of calls with audio every 20 ms, made by a handful of threads: two sections of phones, one that calls and one
//! that is called, each with one socket for all its SIP and one for all its audio. What they measure is the silence.

mod audio;
mod section;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::Device;
pub use audio::Silences;
use section::{Command, Section};

/// How often somebody who waits looks.
const MOMENT: Duration = Duration::from_millis(20);

/// Calls are begun so far apart: the server is not what is measured.
const CALL_EVERY: Duration = Duration::from_millis(15);

/// Two sections that call each other. They stop when this is dropped, without hanging up.
#[derive(Debug)]
pub struct Choir {
    callers: Section,
    callees: Section,
    /// How many calls there are.
    calls: usize,
}

impl Choir {
    /// Registers all of them.
    ///
    /// # Errors
    /// When not all are registered in time.
    pub fn start(server: SocketAddr, callers: &[Device], callees: &[Device]) -> Result<Choir> {
        let choir = Choir {
            callers: Section::start(server, callers)?,
            callees: Section::start(server, callees)?,
            calls: 0,
        };
        let is_registered =
            |section: &Section, devices: &[Device]| section.report().registered >= devices.len();
        choir.wait("registrations", Duration::from_secs(30), || {
            is_registered(&choir.callers, callers) && is_registered(&choir.callees, callees)
        })?;
        Ok(choir)
    }

    /// Makes so many calls, one after the other and spread evenly, and waits until all of them are answered and heard on
    /// both sides.
    ///
    /// # Errors
    /// When that does not come.
    pub fn call(&mut self, calls: usize) -> Result<()> {
        for call in 0..calls {
            let number = self.callees.number(call).to_owned();
            self.callers.command(Command::Call { from: call, number })?;
            std::thread::sleep(CALL_EVERY);
        }
        self.calls += calls;
        let wanted = self.calls;
        self.wait("answers", Duration::from_secs(60), || {
            let sections = [&self.callers, &self.callees];
            sections.iter().all(|section| {
                section.report().answered >= wanted && section.audio().heard() >= wanted
            })
        })
    }

    /// From now on silences are measured.
    pub fn begin_to_measure(&self) {
        for section in [&self.callers, &self.callees] {
            section.audio().begin_to_measure(Instant::now());
        }
    }

    /// The longest silence of each side of each call since then, also one that is not over.
    #[must_use]
    pub fn silences(&self) -> Silences {
        let now = Instant::now();
        let mut silences = self.callers.audio().silences(now);
        silences.append(self.callees.audio().silences(now));
        silences
    }

    /// How calls ended so far, in words: each end of each call.
    #[must_use]
    pub fn ends(&self) -> Vec<String> {
        let mut ends = self.callers.report().ends.clone();
        ends.extend(self.callees.report().ends.clone());
        ends
    }

    /// How often anybody has registered.
    #[must_use]
    pub fn registered(&self) -> usize {
        self.callers.report().registered + self.callees.report().registered
    }

    /// The callers offer their sessions anew, and wait until all have been accepted.
    ///
    /// # Errors
    /// When that does not come.
    pub fn reinvite_all(&self) -> Result<()> {
        let before = self.callers.report().agreed_anew;
        self.callers.command(Command::Reinvite)?;
        self.wait("answers to new offers", Duration::from_secs(60), || {
            self.callers.report().agreed_anew >= before + self.calls
        })
    }

    /// One half of the calls is hung up by the callers, the other one by the callees; waits until all have ended for both
    /// sides.
    ///
    /// # Errors
    /// When one does not end, or not in this way.
    pub fn hang_up_all(&self) -> Result<()> {
        self.callers.command(Command::HangUp(self.calls / 2))?;
        self.wait("the first half's ends", Duration::from_secs(40), || {
            self.callees.report().ends.len() >= self.calls / 2
        })?;
        self.callees.command(Command::HangUp(usize::MAX))?;
        self.wait("ends", Duration::from_secs(40), || {
            self.ends().len() >= 2 * self.calls
        })?;
        let ends = self.ends();
        let strange: Vec<_> = ends
            .iter()
            .filter(|end| !end.ends_with("hung up"))
            .collect();
        ensure!(strange.is_empty(), "calls ended with {strange:?}");
        Ok(())
    }

    fn wait(&self, what: &str, within: Duration, mut is_there: impl FnMut() -> bool) -> Result<()> {
        let end = Instant::now() + within;
        while !is_there() {
            if Instant::now() > end {
                bail!(
                    "{what} did not come in time: {:?}, {:?}",
                    self.callers.report(),
                    self.callees.report()
                );
            }
            std::thread::sleep(MOMENT);
        }
        Ok(())
    }
}
