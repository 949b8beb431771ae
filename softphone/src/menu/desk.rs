//! Prints, waits for a line, and takes in what the engine tells meanwhile.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use api::room::MessageId;
use phone::chat::{Archive, ChatEvent};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use crate::engine::{AccountSummary, Command, Engine, ErrandId, Notice, Problem, Registration};
use crate::web::{Errand, Refused, Reply};

/// Somebody leaves, or there is no more input.
#[derive(Debug)]
pub(super) struct Left;

/// How long the server may take for what it is asked.
const PATIENCE: Duration = Duration::from_secs(40);

pub(super) struct Desk<W: Write> {
    engine: Engine,
    lines: mpsc::Receiver<String>,
    out: W,
    pub(super) archive: Archive,
    pub(super) registration: Registration,
    /// The certificate that nobody vouches for, when a sign-in has met one.
    pub(super) stranger: Option<(String, crate::engine::Fingerprint)>,
    /// The conversation that is open: what comes there is printed whole.
    pub(super) open: Option<api::room::RoomId>,
    /// Files on their way to the server, and what they are called.
    pub(super) files: Vec<(MessageId, String)>,
    replies: Vec<(ErrandId, Result<Reply, Refused>)>,
    found: Option<Vec<api::room::Message>>,
    asked: u64,
}

impl<W: Write> Desk<W> {
    pub(super) fn new(engine: Engine, lines: mpsc::Receiver<String>, out: W) -> Self {
        Self {
            engine,
            lines,
            out,
            archive: Archive::default(),
            registration: Registration::SignedOut,
            stranger: None,
            open: None,
            files: Vec::new(),
            replies: Vec::new(),
            found: None,
            asked: 0,
        }
    }

    /// Prints a line.
    pub(super) fn say(&mut self, text: impl AsRef<str>) {
        // Nobody reads any more: then there is no more input either.
        let _ = writeln!(self.out, "{}", plain(text.as_ref()));
        let _ = self.out.flush();
    }

    /// Asks for a line.
    pub(super) async fn ask(&mut self, prompt: &str) -> Result<String, Left> {
        let _ = write!(self.out, "{prompt} ");
        let _ = self.out.flush();
        loop {
            tokio::select! {
                line = self.lines.recv() => return line.map(|line| line.trim().to_owned()).ok_or(Left),
                notice = self.engine.notice() => match notice {
                    Some(notice) => self.hear(notice),
                    None => return Err(Left),
                },
            }
        }
    }

    /// Asks for a password, which a terminal does not show.
    pub(super) async fn ask_password(&mut self, prompt: &str) -> Result<String, Left> {
        let hides = std::io::stdin().is_terminal() && echo(false);
        let answer = self.ask(prompt).await;
        if hides {
            echo(true);
            self.say("");
        }
        answer
    }

    /// Shows a menu and gives the number that was chosen; 0 is the way back.
    pub(super) async fn choose(
        &mut self,
        title: &str,
        choices: &[&str],
        back: &str,
    ) -> Result<usize, Left> {
        loop {
            self.say(format!("\n{title}"));
            for (number, choice) in (1..).zip(choices) {
                self.say(format!("  {number}  {choice}"));
            }
            self.say(format!("  0  {back}"));
            match self.ask(">").await?.parse::<usize>() {
                Ok(number) if number <= choices.len() => return Ok(number),
                _ => self.say("Type one of the numbers."),
            }
        }
    }

    pub(super) fn send(&mut self, command: Command) {
        if let Err(error) = self.engine.send(command) {
            self.say(crate::engine::sentence(&error));
        }
    }

    /// Who is signed in.
    pub(super) fn account(&self) -> Option<&AccountSummary> {
        match &self.registration {
            Registration::Registering(account)
            | Registration::Registered(account)
            | Registration::Retrying { account, .. } => Some(account),
            _ => None,
        }
    }

    /// Waits until `done`, at most for the patience that the server has with us.
    pub(super) async fn until(&mut self, done: impl Fn(&Self) -> bool) -> bool {
        self.wait(PATIENCE, done).await
    }

    /// Waits until `done`, at most so long.
    pub(super) async fn wait(&mut self, most: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let deadline = Instant::now() + most;
        while !done(self) {
            match timeout_at(deadline, self.engine.notice()).await {
                Ok(Some(notice)) => self.hear(notice),
                Ok(None) | Err(_) => return false,
            }
        }
        true
    }

    /// Has the server do something.
    pub(super) async fn errand(&mut self, errand: Errand) -> Result<Reply, Problem> {
        self.asked += 1;
        let id = ErrandId(self.asked);
        self.send(Command::Ask { id, errand });
        self.until(|desk| desk.replies.iter().any(|(asked, _)| *asked == id))
            .await;
        let at = self.replies.iter().position(|(asked, _)| *asked == id);
        match at.map(|at| self.replies.swap_remove(at).1) {
            Some(outcome) => outcome.map_err(|refused| refused.problem),
            None => Err(Problem {
                code: "server-unreachable",
                sentence: "The server does not answer; try again later.".into(),
            }),
        }
    }

    /// Has the server do something, and says when that is not possible.
    pub(super) async fn errand_or_say(&mut self, errand: Errand) -> Option<Reply> {
        match self.errand(errand).await {
            Ok(reply) => Some(reply),
            Err(problem) => {
                self.say(&problem.sentence);
                None
            }
        }
    }

    /// Messages that say these words, out of what this computer keeps.
    pub(super) async fn search(&mut self, words: String) -> Vec<api::room::Message> {
        self.asked += 1;
        self.found = None;
        self.send(Command::Search {
            tag: self.asked,
            words,
            room: None,
        });
        self.until(|desk| desk.found.is_some()).await;
        self.found.take().unwrap_or_default()
    }

    pub(super) async fn stop(mut self) {
        if self.engine.send(Command::Stop).is_ok() {
            let gone = async { while self.engine.notice().await.is_some() {} };
            let _ = timeout(Duration::from_secs(6), gone).await;
        }
    }

    fn hear(&mut self, notice: Notice) {
        match notice {
            Notice::Registration(registration) => {
                if matches!(registration, Registration::SignedOut) {
                    self.archive = Archive::default();
                }
                self.registration = registration;
            }
            Notice::UnknownCertificate {
                server,
                fingerprint,
            } => self.stranger = Some((server, fingerprint)),
            Notice::AccountChanged(account) => {
                self.registration = Registration::Registered(account)
            }
            Notice::NumberChanged { new, .. } => {
                if let Registration::Registered(account) = &mut self.registration {
                    account.number = new;
                }
            }
            Notice::Reply { id, outcome } => self.replies.push((id, outcome)),
            Notice::Found { messages, .. } => self.found = Some(messages),
            Notice::Chat(event) => {
                self.archive.hear(&event);
                super::files::hear(self, &event);
                let news = match *event {
                    ChatEvent::Message {
                        message,
                        is_news: true,
                    } => Some(*message),
                    ChatEvent::Journal {
                        entry,
                        is_news: true,
                    } => Some(entry.shown()),
                    _ => None,
                };
                if let Some(message) = news.filter(|message| message.body.is_to_read()) {
                    let text = super::letters::line(&message, self.account().map(|one| one.id));
                    let is_open = self.open.as_ref() == Some(&message.room);
                    self.say(if is_open { text } else { format!("* {text}") });
                }
            }
            Notice::Fetched { path, .. } => self.say(format!("Saved as {}", path.display())),
            Notice::NotFetched { problem, .. } => self.say(&problem.sentence),
            Notice::Error(problem) => self.say(&problem.sentence),
            _ => {}
        }
    }
}

/// Without what would move a terminal's cursor or change its colours: others write it.
fn plain(text: &str) -> String {
    let is_shown = |sign: char| sign == '\n' || !sign.is_control();
    text.chars()
        .map(|sign| if is_shown(sign) { sign } else { '\u{fffd}' })
        .collect()
}

/// Has the terminal show what is typed, or not; `false` when it cannot be told.
fn echo(on: bool) -> bool {
    let stty = std::process::Command::new("stty")
        .arg(if on { "echo" } else { "-echo" })
        .status();
    stty.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_others_write_moves_no_cursor() {
        assert_eq!(plain("a\x1b[2Jb\rc\nd ü"), "a\u{fffd}[2Jb\u{fffd}c\nd ü");
    }
}
