//! The history of calls, written in batches on another thread: a call that ends waits for no disk.

use std::time::{Duration, Instant, SystemTime};

use api::{AccountId, CallQuality};
use switch::{CallEnd, Party, Side};
use tokio::sync::{mpsc, oneshot};

use super::live_calls::LiveCall;
use super::quality::Quality;
use super::turn::{OnItsWay, Turn};
use crate::rooms::Rooms;
use crate::store::{CallRecord, RecordedParty, StoreError, unix_millis};

/// Collects what is to be written.
#[derive(Default, Debug)]
pub(super) struct Records {
    waiting: Vec<CallRecord>,
    turn: Turn,
}

/// A call stands in its people's history this soon: they look there when they have put the phone down.
const SOON: Duration = Duration::from_millis(500);

/// More records than this are not held for a database that does not take them: the oldest are given up.
const MOST_WAITING: usize = 50_000;

/// What is written together.
#[derive(Debug)]
pub(super) struct Batch {
    records: Vec<CallRecord>,
    _on_its_way: OnItsWay,
    /// Gone when it is written.
    is_written: Option<oneshot::Sender<()>>,
}

/// The other end of the exchange's records: what writes them, for the exchange waits for no database.
#[derive(Debug)]
pub struct History {
    // One at a time, and one more when the exchange stops.
    batches: mpsc::UnboundedReceiver<Batch>,
}

/// What the exchange has of it.
#[derive(Debug)]
pub(super) struct HistoryDesk {
    batches: mpsc::UnboundedSender<Batch>,
}

impl HistoryDesk {
    pub(super) fn new() -> (Self, History) {
        let (sender, batches) = mpsc::unbounded_channel();
        (Self { batches: sender }, History { batches })
    }

    /// Has a batch written; what is given back ends when it is.
    pub(super) fn write(&self, mut batch: Batch) -> oneshot::Receiver<()> {
        let (is_written, written) = oneshot::channel();
        batch.is_written = Some(is_written);
        // Nobody writes any more: then nobody waits for it either.
        let _ = self.batches.send(batch);
        written
    }
}

impl History {
    /// Writes what comes, until the exchange is gone.
    pub(crate) async fn serve(mut self, rooms: Rooms) {
        while let Some(batch) = self.batches.recv().await {
            write(&rooms, &batch.records).await;
        }
    }
}

/// Writes calls into the history and into the conversations of their people, in one transaction; into the history alone if
/// that fails.
async fn write(rooms: &Rooms, records: &[CallRecord]) {
    if records.is_empty() {
        return;
    }
    let calls = records.len();
    let Err(error) = rooms.keep_calls(records).await else {
        return;
    };
    tracing::warn!(%error, calls, "calls are not shown in conversations");
    let store = rooms.store();
    let written: Result<(), StoreError> = async {
        let mut tx = store.begin().await?;
        tx.add_call_records(records).await?;
        tx.commit().await
    }
    .await;
    if let Err(error) = written {
        tracing::warn!(%error, calls, "calls could not be written into the history");
    }
}

impl Records {
    /// A call is over, or the part of it with these people.
    pub(super) fn ended(
        &mut self,
        now: Instant,
        live: &LiveCall,
        (cause, by): (CallEnd, Option<Side>),
        quality: Option<Quality>,
    ) {
        let at = |instant: Instant| {
            let since = instant.saturating_duration_since(live.started);
            unix_millis(live.started_at + since)
        };
        if live.is_visit {
            return;
        }
        self.push(CallRecord {
            caller: recorded(&live.caller, quality.map(|quality| quality.caller)),
            callee: recorded(&live.callee, quality.map(|quality| quality.callee)),
            dialled: live.dialled.to_string(),
            started_at: at(live.part_began.unwrap_or(live.started)),
            // Nobody has answered but the server.
            answered_at: match cause {
                CallEnd::Voicemail => None,
                _ => live.part_began.or(live.answered).map(at),
            },
            ended_at: at(now),
            cause: word(cause).to_owned(),
            is_anonymous: live.is_anonymous,
            hung_up_by: Some(side_word(by).to_owned()),
            codec: live.codec.map(|codec| codec.name().to_owned()),
            is_encrypted: live.is_encrypted,
        });
        self.turn.plan(now + SOON);
    }

    /// Somebody has called a person who does not want to hear from them: administrators see that, and the caller was busy.
    pub(super) fn blocked(
        &mut self,
        (now, at): (Instant, SystemTime),
        (caller, callee): (&Party, &Party),
        dialled: &str,
        is_anonymous: bool,
    ) {
        let at = unix_millis(at);
        self.push(CallRecord {
            caller: recorded(caller, None),
            callee: recorded(callee, None),
            dialled: dialled.to_owned(),
            started_at: at,
            answered_at: None,
            ended_at: at,
            cause: CallRecord::BLOCKED.to_owned(),
            is_anonymous,
            hung_up_by: Some(side_word(Some(Side::Callee)).to_owned()),
            codec: None,
            is_encrypted: None,
        });
        self.turn.plan(now + SOON);
    }

    fn push(&mut self, record: CallRecord) {
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.remove(0);
        }
        self.waiting.push(record);
    }

    /// When to ask for the next batch.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.turn.due()
    }

    /// What is to be written now, unless the last batch is still on its way: then a little later.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Batch> {
        let on_its_way = self.turn.begin(now, SOON)?;
        Some(Batch {
            _on_its_way: on_its_way,
            ..self.take_all()
        })
    }

    /// Everything that is not written yet.
    pub(super) fn take_all(&mut self) -> Batch {
        self.turn.end();
        Batch {
            records: std::mem::take(&mut self.waiting),
            _on_its_way: OnItsWay::default(),
            is_written: None,
        }
    }
}

/// Who ended it, in a word.
pub(super) fn side_word(by: Option<Side>) -> &'static str {
    match by {
        Some(Side::Caller) => "caller",
        Some(Side::Callee) => "callee",
        None => "server",
    }
}

fn recorded(party: &Party, quality: Option<CallQuality>) -> RecordedParty {
    RecordedParty {
        // A slot of parked calls is nobody's account, and negative.
        account: AccountId(party.account.0.max(0)),
        number: party.number.as_ref().map(ToString::to_string),
        name: party.display_name.to_string(),
        quality,
    }
}

/// How a call ended, in a word for tables and figures.
pub(super) fn word(cause: CallEnd) -> &'static str {
    match cause {
        CallEnd::HungUp => "hung-up",
        CallEnd::Cancelled => "cancelled",
        CallEnd::Busy => "busy",
        CallEnd::Declined => "declined",
        CallEnd::NoAnswer => "no-answer",
        CallEnd::Voicemail => "voicemail",
        CallEnd::Unreachable => "unreachable",
        CallEnd::Refused(_) => "refused",
        CallEnd::Lost => "lost",
        CallEnd::NoMedia => "no-media",
        CallEnd::Silent => "silent",
        CallEnd::Forwarded => "forwarded",
        CallEnd::Transferred => "transferred",
        CallEnd::ByOperator => "by-operator",
        CallEnd::ServerStopped => "server-stopped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::live_calls::LiveCalls;
    use switch::CallId;

    fn party(account: i64, number: &'static str) -> Party {
        Party {
            account: switch::AccountId(account),
            number: Some(number.into()),
            display_name: "Somebody".into(),
            is_guest: false,
        }
    }

    fn by_caller(cause: CallEnd) -> (CallEnd, Option<Side>) {
        (cause, Some(Side::Caller))
    }

    fn live(start: Instant) -> LiveCalls {
        let mut calls = LiveCalls::default();
        let people = (party(1, "1001"), party(2, "1005"));
        let epoch = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        calls.start((start, epoch), CallId(1), people, "1002".into());
        calls
    }

    #[test]
    fn a_record_has_the_times_of_the_wall_clock_and_the_number_that_was_dialled() {
        let start = Instant::now();
        let mut calls = live(start);
        if let Some(live) = calls.get_mut(CallId(1)) {
            live.answered = Some(start + Duration::from_secs(3));
        }
        let live = calls.end(CallId(1)).expect("a call");
        let mut records = Records::default();
        records.ended(
            start + Duration::from_secs(10),
            &live,
            by_caller(CallEnd::HungUp),
            None,
        );
        let batch = records.take_all();
        let record = &batch.records[0];
        assert_eq!(record.started_at, 100_000);
        assert_eq!(record.answered_at, Some(103_000));
        assert_eq!(record.ended_at, 110_000);
        assert_eq!(record.dialled, "1002");
        assert_eq!(record.callee.number.as_deref(), Some("1005"));
        assert_eq!(record.cause, "hung-up");
        assert_eq!(record.hung_up_by.as_deref(), Some("caller"));
    }

    #[test]
    fn calls_that_end_together_are_written_together_and_one_batch_at_a_time() {
        let start = Instant::now();
        let mut records = Records::default();
        let live = live(start).end(CallId(1)).expect("a call");
        records.ended(start, &live, by_caller(CallEnd::Busy), None);
        records.ended(start, &live, by_caller(CallEnd::Busy), None);
        assert_eq!(records.next_due(), Some(start + SOON));
        assert!(records.take_due(start).is_none());
        let first = records.take_due(start + SOON).expect("a batch");
        assert_eq!(first.records.len(), 2);
        records.ended(start + SOON, &live, by_caller(CallEnd::Busy), None);
        assert!(records.take_due(start + 2 * SOON).is_none());
        drop(first);
        assert!(records.take_due(start + 3 * SOON).is_some());
        assert_eq!(records.next_due(), None);
    }
}
