//! What all verbs share: the engine, the events on stdout, the signals and the clock.

use std::io::Write;
use std::time::Duration;

use api::AccountId;
use api::room::MessageId;
use phone::chat::{Archive, Whom};
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::files::new_id;
use super::lines::Lines;
use super::messages::whom;
use super::orders::{Calls, Order, lines_of_stdin};
use super::voice_notes::long_enough;
use super::voicemails::Spoken;
use crate::engine::{
    AccountSummary, CallNumber, Command, Digit, EndReason, Engine, ErrandId, Notice, OutgoingNote,
    Problem, Registration,
};
use crate::web::{Errand, Reply};

/// How long signing in may take in all: the login and the registration have shorter limits of their own, this one is the
/// last.
const SIGN_IN_PATIENCE: Duration = Duration::from_secs(20);
/// How long the SIP server may be silent after the login went well.
const REGISTER_PATIENCE: Duration = Duration::from_secs(8);
/// How long the server may take for something it is asked for: two questions with a renewal of the tokens between them.
const ERRAND_PATIENCE: Duration = Duration::from_secs(40);
/// How long the end may take: BYE, the devices, unregistering.
const STOP_PATIENCE: Duration = Duration::from_secs(6);

/// How a verb ended when nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Interrupted(Interruption),
}

/// The signal that ended a verb early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interruption {
    Interrupt,
    Terminate,
}

impl Interruption {
    /// What shells expect: 128 and the signal's number.
    pub(super) fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// What a verb waits for.
pub(super) enum Happening {
    Notice(Notice),
    Signal(Interruption),
    Deadline,
}

pub(super) struct Runner<'a, W: Write> {
    engine: Engine,
    lines: &'a mut Lines<W>,
    interrupt: Signal,
    terminate: Signal,
    /// Whether losing the registration is worth an event: neither before it was there, when it ends the run, nor in a
    /// call, whose own end says it better.
    tells_of_loss: bool,
    /// Errands so far.
    errands: u64,
    /// What a script says meanwhile.
    orders: Option<mpsc::Receiver<String>>,
    calls: Calls,
    /// Whom a voice note that is being spoken by order is for.
    speaking_to: Option<Whom>,
    /// Conversations, as far as they were told.
    archive: Archive,
    account: Option<AccountSummary>,
}

impl<'a, W: Write> Runner<'a, W> {
    pub(super) fn new(engine: Engine, lines: &'a mut Lines<W>) -> Result<Self, Problem> {
        let listen = |kind| {
            signal(kind).map_err(|error| Problem {
                code: "no-signals",
                sentence: format!("The softphone cannot listen for signals ({error}); try again."),
            })
        };
        let (interrupt, terminate) = (
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
        );
        Ok(Self {
            engine,
            lines,
            interrupt,
            terminate,
            tells_of_loss: false,
            errands: 0,
            orders: None,
            calls: Calls::default(),
            speaking_to: None,
            archive: Archive::default(),
            account: None,
        })
    }

    pub(super) fn send(&self, command: Command) -> Result<(), Problem> {
        self.engine.send(command).map_err(|error| Problem {
            code: "engine-gone",
            sentence: crate::engine::sentence(&error),
        })
    }

    /// Conversations, as far as they were told.
    pub(super) fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Whose account this is.
    pub(super) fn me(&self) -> Option<AccountId> {
        self.account.as_ref().map(|account| account.id)
    }

    /// Takes orders from stdin from now on.
    pub(super) fn take_orders(&mut self) -> Result<(), Problem> {
        let lines = lines_of_stdin().map_err(|error| Problem {
            code: "no-thread",
            sentence: format!("Nothing can be read from stdin ({error}); try again."),
        })?;
        self.orders = Some(lines);
        Ok(())
    }

    /// Does what a line says. One that says nothing that can be done is told as an error, and the run goes on.
    fn obey(&mut self, line: &str) -> Result<(), Problem> {
        match Order::parse(line) {
            Ok(order) => {
                if let Some(Order::Speak(target)) = &order {
                    self.speaking_to = Some(whom(target, &self.archive));
                }
                let (current, ringing) = (self.calls.current(), self.calls.ringing());
                let me = self.me();
                let commands =
                    order.map(|order| order.commands(current, ringing, (me, &self.archive)));
                for command in commands.into_iter().flatten() {
                    self.send(command)?;
                }
            }
            Err(problem) => self.lines.problem(&problem),
        }
        Ok(())
    }

    /// Waits for the next thing; every notice is printed before it is returned, and every order is obeyed.
    pub(super) async fn next(&mut self, deadline: Option<Instant>) -> Result<Happening, Problem> {
        loop {
            let happening = self.next_or_order(deadline).await?;
            match happening {
                Ok(happening) => return Ok(happening),
                Err(Some(line)) => self.obey(&line)?,
                Err(None) => self.orders = None,
            }
        }
    }

    /// The next thing, or a line of stdin, or its end.
    async fn next_or_order(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<Result<Happening, Option<String>>, Problem> {
        let orders = &mut self.orders;
        let order = async {
            match orders {
                Some(orders) => orders.recv().await,
                None => std::future::pending().await,
            }
        };
        let late = async {
            match deadline {
                Some(instant) => sleep_until(instant).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            notice = self.engine.notice() => match notice {
                Some(notice) => {
                    if self.tells_of_loss || !matches!(notice, Notice::Registration(Registration::Retrying { .. })) {
                        self.lines.notice(&notice);
                    }
                    self.calls.hear(&notice);
                    match &notice {
                        Notice::Recorded { recording, seconds, waveform } => {
                            if let Some(whom) = self.speaking_to.take() {
                                let spoken = Spoken {
                                    recording: recording.clone(),
                                    seconds: *seconds,
                                    waveform: waveform.clone(),
                                };
                                match long_enough(spoken) {
                                    Ok(spoken) => drop(self.send_note(whom, spoken)?),
                                    Err(problem) => self.lines.problem(&problem),
                                }
                            }
                        }
                        Notice::Chat(event) => self.archive.hear(event),
                        Notice::Registration(Registration::Registering(account)) => {
                            self.account = Some(account.clone());
                        }
                        _ => {}
                    }
                    Ok(Ok(Happening::Notice(notice)))
                }
                None => Err(Problem {
                    code: "engine-gone",
                    sentence: "The phone stopped unexpectedly; start it again.".into(),
                }),
            },
            Some(()) = self.interrupt.recv() => Ok(Ok(Happening::Signal(Interruption::Interrupt))),
            Some(()) = self.terminate.recv() => Ok(Ok(Happening::Signal(Interruption::Terminate))),
            line = order => Ok(Err(line)),
            () = late => Ok(Ok(Happening::Deadline)),
        }
    }

    /// Sends what was spoken; gives the message's id.
    pub(super) fn send_note(&mut self, whom: Whom, spoken: Spoken) -> Result<MessageId, Problem> {
        let fields = json!({ "seconds": spoken.seconds, "waveform": spoken.waveform });
        self.tell("spoken", fields);
        let id = new_id()?;
        let note = OutgoingNote {
            whom,
            id: id.clone(),
            recording: spoken.recording,
            seconds: spoken.seconds,
            waveform: spoken.waveform,
        };
        self.send(Command::SendNote(Box::new(note)))?;
        Ok(id)
    }

    /// Waits until the account is registered; the error is what stands in the way.
    pub(super) async fn registered(
        &mut self,
    ) -> Result<Result<AccountSummary, Interruption>, Problem> {
        let mut deadline = Instant::now() + SIGN_IN_PATIENCE;
        loop {
            match self.next(Some(deadline)).await? {
                Happening::Notice(Notice::Registration(state)) => match state {
                    Registration::Registered(account) => {
                        self.tells_of_loss = true;
                        return Ok(Ok(account));
                    }
                    Registration::Failed(problem) => return Err(problem),
                    Registration::Retrying { problem, .. } => return Err(problem),
                    Registration::Registering(_) => deadline = Instant::now() + REGISTER_PATIENCE,
                    _ => {}
                },
                Happening::Notice(_) => {}
                Happening::Signal(signal) => return Ok(Err(signal)),
                Happening::Deadline => {
                    let problem = phone::RegistrationProblem::NoAnswer;
                    return Err(Problem {
                        code: problem.code(),
                        sentence: problem.to_string(),
                    });
                }
            }
        }
    }

    /// Has the server do something and waits for what comes of it. The error is why it came to nothing; what could be had
    /// instead is printed before.
    pub(super) async fn errand(
        &mut self,
        errand: Errand,
    ) -> Result<Result<Reply, Interruption>, Problem> {
        self.errands += 1;
        let asked = ErrandId(self.errands);
        self.send(Command::Ask { id: asked, errand })?;
        let deadline = Some(Instant::now() + ERRAND_PATIENCE);
        loop {
            match self.next(deadline).await? {
                Happening::Notice(Notice::Reply { id, outcome }) if id == asked => {
                    return match outcome {
                        Ok(reply) => Ok(Ok(reply)),
                        Err(refused) => {
                            if !refused.alternatives.is_empty() {
                                let fields = json!({ "numbers": refused.alternatives });
                                self.tell("alternatives", fields);
                            }
                            Err(refused.problem)
                        }
                    };
                }
                Happening::Notice(_) => {}
                Happening::Signal(signal) => return Ok(Err(signal)),
                Happening::Deadline => {
                    return Err(Problem {
                        code: "server-unreachable",
                        sentence: "The server does not answer; try again later.".into(),
                    });
                }
            }
        }
    }

    /// Waits until nobody is signed in any more.
    pub(super) async fn signed_out(&mut self) -> Result<Outcome, Problem> {
        let deadline = Some(Instant::now() + STOP_PATIENCE);
        loop {
            match self.next(deadline).await? {
                Happening::Notice(Notice::Registration(Registration::SignedOut))
                | Happening::Deadline => return Ok(Outcome::Done),
                Happening::Notice(_) => {}
                Happening::Signal(signal) => return Ok(Outcome::Interrupted(signal)),
            }
        }
    }

    /// Prints an event that is not a notice.
    pub(super) fn tell(&mut self, name: &str, fields: Value) {
        self.lines.event(name, fields);
    }

    /// Follows a call to its end, dials `digits` in it once it is answered and hangs up `lasting` seconds after that.
    pub(super) async fn follow(
        &mut self,
        call: CallNumber,
        lasting: Option<f64>,
        digits: &[Digit],
    ) -> Result<CallEnd, Problem> {
        let (mut deadline, mut interruption, mut hung_up) = (None, None, false);
        self.tells_of_loss = false;
        loop {
            match self.next(deadline).await? {
                Happening::Notice(Notice::Answered { call: answered, .. }) if answered == call => {
                    for digit in digits.iter().copied() {
                        self.send(Command::Press { call, digit })?;
                    }
                    deadline =
                        lasting.map(|seconds| Instant::now() + Duration::from_secs_f64(seconds));
                }
                Happening::Notice(Notice::Ended {
                    call: ended,
                    reason,
                    sentence,
                    ..
                }) if ended == call => {
                    self.tells_of_loss = true;
                    return Ok(CallEnd {
                        reason,
                        sentence,
                        interruption,
                    });
                }
                Happening::Notice(_) => {}
                Happening::Deadline if hung_up => {
                    return Err(Problem {
                        code: "engine-stuck",
                        sentence: "The call does not end; stop the program and try again.".into(),
                    });
                }
                Happening::Deadline => {
                    (hung_up, deadline) = (true, Some(Instant::now() + STOP_PATIENCE));
                    self.send(Command::HangUp { call })?;
                }
                Happening::Signal(signal) => {
                    interruption = Some(signal);
                    (hung_up, deadline) = (true, Some(Instant::now() + STOP_PATIENCE));
                    self.send(Command::HangUp { call })?;
                }
            }
        }
    }

    /// Hangs up, unregisters and waits for the engine's end.
    pub(super) async fn stop(&mut self) {
        if self.engine.send(Command::Stop).is_err() {
            return;
        }
        let stopped = async {
            while let Some(notice) = self.engine.notice().await {
                if let Notice::Ended { .. } = &notice {
                    self.lines.notice(&notice);
                }
            }
        };
        if timeout(STOP_PATIENCE, stopped).await.is_err() {
            tracing::warn!("the engine does not stop in time");
        }
    }
}

/// How a call ended, and whether a signal ended it.
pub(super) struct CallEnd {
    pub(super) reason: EndReason,
    pub(super) sentence: String,
    pub(super) interruption: Option<Interruption>,
}

impl CallEnd {
    /// What the end of the only call means for the run.
    pub(super) fn verdict(self) -> Result<Outcome, Problem> {
        match self.interruption {
            Some(signal) => Ok(Outcome::Interrupted(signal)),
            None if self.reason.is_ordinary() => Ok(Outcome::Done),
            None => Err(Problem {
                code: self.reason.code(),
                sentence: self.sentence,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(reason: EndReason, interruption: Option<Interruption>) -> Result<Outcome, Problem> {
        let sentence = reason.sentence("200");
        CallEnd {
            reason,
            sentence,
            interruption,
        }
        .verdict()
    }

    #[test]
    fn a_call_that_was_hung_up_is_a_success_and_a_busy_line_is_not() {
        assert_eq!(verdict(EndReason::RemoteHangup, None), Ok(Outcome::Done));
        assert_eq!(verdict(EndReason::LocalHangup, None), Ok(Outcome::Done));
        assert_eq!(verdict(EndReason::Busy, None).unwrap_err().code, "busy");
        assert_eq!(
            verdict(EndReason::ServerGone, None).unwrap_err().code,
            "server-gone"
        );
    }

    #[test]
    fn a_signal_decides_the_exit_code() {
        let outcome = verdict(EndReason::LocalHangup, Some(Interruption::Terminate));
        assert_eq!(outcome, Ok(Outcome::Interrupted(Interruption::Terminate)));
        assert_eq!(Interruption::Terminate.exit_code(), 143);
        assert_eq!(Interruption::Interrupt.exit_code(), 130);
    }
}
