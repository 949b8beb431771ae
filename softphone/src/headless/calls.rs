//! `calls`: past calls, and how good they were.

use std::io::Write;

use api::{CallQuality, CallRecord, Direction};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::runner::{Outcome, Runner};
use crate::engine::Problem;
use crate::web::{Errand, HungUpBy, Reply, own_and_theirs};

pub(super) async fn run<W: Write>(
    runner: &mut Runner<'_, W>,
    limit: usize,
) -> Result<Outcome, Problem> {
    if let Err(signal) = runner.registered().await? {
        return Ok(Outcome::Interrupted(signal));
    }
    match runner.errand(Errand::Calls { limit }).await? {
        Ok(Reply::Calls(records)) => {
            for record in &records {
                runner.tell("past_call", fields(record));
            }
            Ok(Outcome::Done)
        }
        Ok(_) => Ok(Outcome::Done),
        Err(signal) => Ok(Outcome::Interrupted(signal)),
    }
}

fn fields(record: &CallRecord) -> Value {
    let (heard, they_heard) = own_and_theirs(record);
    let direction = match record.direction {
        Direction::Incoming => "incoming",
        Direction::Outgoing => "outgoing",
    };
    json!({
        "id": record.id,
        "direction": direction,
        "who": record.peer.name,
        "number": record.peer.number,
        "number_now": record.peer.number_now,
        "dialled": record.dialled,
        "started_at": record.started_at,
        "seconds": seconds(record),
        "cause": record.cause,
        "hung_up_by": HungUpBy::of(record).map(HungUpBy::code),
        "codec": record.codec,
        "encrypted": record.encrypted,
        "heard": heard.map(quality),
        "they_heard": they_heard.map(quality),
    })
}

/// How long both were connected; nothing when nobody answered.
fn seconds(record: &CallRecord) -> Option<f64> {
    let parse = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    let answered = parse(record.answered_at.as_deref()?)?;
    let lasted = parse(&record.ended_at)? - answered;
    Some((lasted.as_seconds_f64() * 1000.0).round() / 1000.0)
}

fn quality(quality: &CallQuality) -> Value {
    json!({
        "sent": quality.sent,
        "received": quality.received,
        "lost": quality.lost,
        "jitter_millis": quality.jitter_millis,
        "round_trip_millis": quality.round_trip_millis,
        "mos": quality.mos,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_past_call_is_told_from_where_one_stood() {
        let record: CallRecord = serde_json::from_value(json!({
            "id": 4, "direction": "incoming", "dialled": "1001", "cause": "hung-up",
            "peer": {"account": 2, "number": "1002", "name": "Bruno", "number_now": null},
            "started_at": "2026-11-21T14:05:09Z", "answered_at": "2026-11-21T14:05:12Z",
            "ended_at": "2026-11-21T14:06:12.5Z", "hung_up_by": "caller", "codec": "opus", "encrypted": true,
            "caller": {"sent": 10, "received": 9, "lost": 1, "mos": 3.9},
            "callee": {"sent": 9, "received": 10, "mos": 4.3, "jitter_millis": 2},
        }))
        .unwrap();
        let told = fields(&record);
        assert_eq!(told["seconds"], 60.5);
        assert_eq!(told["hung_up_by"], "them");
        assert_eq!(
            (&told["heard"]["mos"], &told["they_heard"]["mos"]),
            (&json!(4.3), &json!(3.9))
        );
    }
}
