//! `rooms live`: chat in rooms over plain TCP and UDP. Each line of stdin is said; what is heard is printed.

use std::io::Write;
use std::time::Duration;

use api::{LiveHeard, LiveKind};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::lines::Lines;
use super::orders::lines_of_stdin;
use super::runner::{Interruption, Outcome};
use crate::cli::LiveVerb;
use crate::engine::Problem;
use crate::live::{LiveError, LiveSeatTaken, LiveServer};

/// What was said last travels by UDP, and leaving by TCP: it gets this lead.
const LEAD: Duration = Duration::from_millis(200);

pub(super) async fn run<W: Write>(
    verb: LiveVerb,
    place: &str,
    lines: &mut Lines<W>,
) -> Result<Outcome, Problem> {
    let server = LiveServer::find(place).await?;
    let (room, name, lasting, as_host) = match verb {
        LiveVerb::List => {
            for room in server.list().await?.rooms {
                lines.event("live_room", json!(room));
            }
            return Ok(Outcome::Done);
        }
        LiveVerb::Create(entry) => (entry.room, entry.name, entry.lasting, true),
        LiveVerb::Join(entry) => (entry.room, entry.name, entry.lasting, false),
    };
    let seat = server.enter(&room, &name, as_host).await?;
    let seconds = seat.timeout().as_secs();
    let fields = json!({ "room": room, "name": name, "host": as_host, "timeout_seconds": seconds });
    lines.event("joined", fields);
    let end = lasting.map(|seconds| Instant::now() + Duration::from_secs_f64(seconds));
    chat(seat, end, lines).await
}

async fn chat<W: Write>(
    mut seat: LiveSeatTaken,
    end: Option<Instant>,
    lines: &mut Lines<W>,
) -> Result<Outcome, Problem> {
    let unheard = |error| Problem {
        code: "no-signals",
        sentence: format!("The softphone cannot listen for signals ({error}); try again."),
    };
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unheard)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(unheard)?;
    let typed = lines_of_stdin().map_err(|error| Problem {
        code: "no-thread",
        sentence: format!("Nothing can be read from stdin ({error}); try again."),
    })?;
    let mut typed = Some(typed);
    let mut staying = interval(seat.timeout() / 3);
    staying.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let outcome = loop {
        let line = async {
            match &mut typed {
                Some(typed) => typed.recv().await,
                None => std::future::pending().await,
            }
        };
        let late = async {
            match end {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            heard = seat.hear() => {
                let LiveHeard { kind, name, text } = heard?;
                match kind {
                    LiveKind::Message => lines.event("message", json!({ "from": name, "kind": "live", "text": text })),
                    LiveKind::Notice => lines.event("notice", json!({ "about": name, "sentence": text })),
                    LiveKind::Ended => {
                        lines.event("room_ended", json!({ "sentence": text }));
                        return Ok(Outcome::Done);
                    }
                }
            }
            line = line => match line {
                Some(line) if line.is_empty() => {}
                Some(line) => match seat.say(&line).await {
                    Err(error @ LiveError::TooLong) => lines.problem(&error.into()),
                    said => said?,
                },
                // Without another end, the end of what is typed is the end.
                None if end.is_none() => break Outcome::Done,
                None => typed = None,
            },
            _ = staying.tick() => seat.stay().await?,
            () = late => break Outcome::Done,
            _ = interrupt.recv() => break Outcome::Interrupted(Interruption::Interrupt),
            _ = terminate.recv() => break Outcome::Interrupted(Interruption::Terminate),
        }
    };
    sleep(LEAD).await;
    seat.leave().await?;
    lines.event("left", json!({}));
    Ok(outcome)
}

impl From<LiveError> for Problem {
    fn from(error: LiveError) -> Self {
        Self {
            code: error.code(),
            sentence: error.to_string(),
        }
    }
}
