//! The events on stdout: one JSON object a line, written out at once.

use std::io::Write;
use std::time::{Duration, Instant, SystemTime};

use phone::chat::ChatEvent;
use serde_json::{Value, json};

use super::messages::{chat_line, with_path};
use crate::engine::{CallNumber, Encryption, Notice, Problem, Registration, TransferProgress};
use crate::timestamp::timestamp;

/// How often `heard` is printed at most. Levels come ten times a second, which is more than a log needs.
const HEARD_PAUSE: Duration = Duration::from_millis(500);

/// Writes events.
pub(super) struct Lines<W> {
    out: W,
    /// The loudest level since `heard` was printed last, and when that was.
    loudest: f32,
    heard_at: Option<Instant>,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            loudest: f32::NEG_INFINITY,
            heard_at: None,
        }
    }

    /// Prints what a script may want to know of a notice.
    pub(super) fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Registration(Registration::Registered(account)) => {
                let transport = account.transport.name().to_ascii_lowercase();
                let fields = json!({ "number": account.number, "transport": transport });
                self.event("registered", fields);
            }
            Notice::Registration(Registration::Retrying { problem, .. }) => self.problem(problem),
            Notice::Calling { call, target } => {
                self.event("calling", json!({ "call": call.0, "target": target }));
            }
            Notice::Incoming {
                call,
                from,
                display_name,
            } => {
                let fields = json!({ "call": call.0, "from": from, "display_name": display_name });
                self.event("incoming", fields);
            }
            Notice::Ringing { call } => self.event("ringing", json!({ "call": call.0 })),
            Notice::Answered {
                call,
                codec,
                encryption,
            } => {
                let fields = json!({
                    "call": call.0,
                    "codec": codec,
                    "encrypted": *encryption != Encryption::None,
                    "encryption": encryption.code(),
                });
                self.event("answered", fields);
            }
            Notice::EncryptionChanged { call, encryption } => {
                let fields = json!({
                    "call": call.0,
                    "encrypted": *encryption != Encryption::None,
                    "encryption": encryption.code(),
                });
                self.event("encryption", fields);
            }
            Notice::Held { call, hold } => {
                let fields =
                    json!({ "call": call.0, "by_us": hold.by_us, "by_them": hold.by_them });
                self.event("hold", fields);
            }
            Notice::Digit { call, digit } => {
                let fields = json!({ "call": call.0, "digit": digit.to_string() });
                self.event("digit", fields);
            }
            Notice::Transfer { call, progress } => {
                let (state, sentence) = match progress {
                    TransferProgress::Asked => ("asked", None),
                    TransferProgress::Ringing => ("ringing", None),
                    TransferProgress::Done => ("done", None),
                    TransferProgress::Failed(sentence) => ("failed", Some(sentence)),
                };
                let fields = json!({ "call": call.0, "state": state, "sentence": sentence });
                self.event("transfer", fields);
            }
            Notice::Muted { call, on } => {
                self.event("muted", json!({ "call": call.0, "on": on }));
            }
            Notice::Redirected { call, to } => {
                self.event("redirected", json!({ "call": call.0, "to": to }));
            }
            Notice::Reconnecting { call, on } => {
                let name = if *on { "reconnecting" } else { "reconnected" };
                self.event(name, json!({ "call": call.0 }));
            }
            Notice::Level {
                call, heard_dbfs, ..
            } => self.level(*call, *heard_dbfs),
            Notice::AudioIn { device, at } => {
                self.event_at(*at, "audio_in", json!({ "device": device }));
            }
            Notice::AudioOut { device, at } => {
                self.event_at(*at, "audio_out", json!({ "device": device }));
            }
            Notice::Ended {
                call,
                reason,
                sentence,
                statistics,
            } => {
                let fields = json!({
                    "call": call.0,
                    "reason": reason.code(),
                    "sentence": sentence,
                    "seconds": rounded(statistics.seconds, 3),
                    "sent": statistics.sent,
                    "received": statistics.received,
                    "lost": statistics.lost,
                    "jitter_millis": rounded(statistics.jitter_millis, 3),
                    "mos": rounded(statistics.mos, 2),
                });
                self.event("ended", fields);
            }
            Notice::NumberChanged { old, new } => {
                self.event("number_changed", json!({ "old": old, "new": new }));
            }
            Notice::Told { from, text } => {
                self.event("told", json!({ "from": from, "text": text }));
            }
            Notice::Chat(event) => self.chat(event),
            Notice::Sending {
                id,
                sent,
                bytes,
                way,
            } => {
                let fields = json!({ "id": id, "sent": sent, "bytes": bytes });
                self.event("sending", with_path(fields, *way));
            }
            Notice::Fetching {
                file,
                fetched,
                bytes,
            } => {
                let fields = json!({ "file": file, "fetched": fetched, "bytes": bytes });
                self.event("fetching", fields);
            }
            Notice::Fetched { file, path } => {
                let path = path.display().to_string();
                self.event("fetched", json!({ "file": file, "path": path }));
            }
            Notice::Voicemail { new, old } => {
                self.event("voicemail", json!({ "new": new, "old": old }));
            }
            Notice::Playing { item, seconds } => {
                let fields = json!({ "id": item, "seconds": rounded(*seconds, 3) });
                self.event("playing", fields);
            }
            Notice::UnknownCertificate {
                server,
                fingerprint,
            } => {
                let fields = json!({ "server": server, "sha256": fingerprint.to_string() });
                self.event("unknown_certificate", fields);
            }
            Notice::Error(problem) => self.problem(problem),
            // Steps on the way, which a script can do nothing about.
            Notice::Registration(_)
            | Notice::AccountChanged(_)
            | Notice::Contacts(_)
            | Notice::Presences(_)
            | Notice::Reply { .. }
            | Notice::Found { .. }
            // Whoever has asked for it says so.
            | Notice::NotFetched { .. }
            | Notice::Picture { .. }
            | Notice::Played { .. }
            | Notice::Recording { .. }
            | Notice::Recorded { .. }
            | Notice::Stopped => {}
        }
    }

    /// What a script may want to know of conversations.
    fn chat(&mut self, event: &ChatEvent) {
        if let Some((name, fields)) = chat_line(event) {
            self.event(name, fields);
        }
    }

    pub(super) fn problem(&mut self, problem: &Problem) {
        self.event(
            "error",
            json!({ "code": problem.code, "sentence": problem.sentence }),
        );
    }

    fn level(&mut self, call: CallNumber, heard_dbfs: f32) {
        self.loudest = self.loudest.max(heard_dbfs);
        if self.heard_at.is_none_or(|at| at.elapsed() >= HEARD_PAUSE) {
            let level = rounded(f64::from(self.loudest), 1);
            self.event("heard", json!({ "call": call.0, "level_dbfs": level }));
            self.loudest = f32::NEG_INFINITY;
            self.heard_at = Some(Instant::now());
        }
    }

    pub(super) fn event(&mut self, name: &str, fields: Value) {
        self.event_at(SystemTime::now(), name, fields);
    }

    fn event_at(&mut self, at: SystemTime, name: &str, fields: Value) {
        // What happened and when come first, for those who read along.
        let mut line = format!(
            "{{\"event\":{},\"at\":\"{}\"",
            Value::from(name),
            timestamp(at)
        );
        if let Value::Object(fields) = fields {
            for (key, value) in fields {
                line.push_str(&format!(",{}:{value}", Value::from(key)));
            }
        }
        let written = writeln!(self.out, "{line}}}").and_then(|()| self.out.flush());
        // Nobody reads any more; the call itself need not end for that.
        if let Err(error) = written {
            tracing::debug!(%error, "stdout is closed");
        }
    }
}

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{AccountSummary, CallStatistics, EndReason};

    fn printed(notice: &Notice) -> Vec<Value> {
        let mut lines = Lines::new(Vec::new());
        lines.notice(notice);
        let text = String::from_utf8(lines.out).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_registration_tells_the_number() {
        let account = AccountSummary {
            id: api::AccountId(1),
            name: "amina".into(),
            display_name: "Amina".into(),
            number: Some("200".into()),
            is_guest: false,
            transport: crate::engine::SipTransport::Tls,
        };
        let lines = printed(&Notice::Registration(Registration::Registered(account)));
        assert_eq!(lines[0]["event"], "registered");
        assert_eq!(lines[0]["number"], "200");
        assert_eq!(lines[0]["transport"], "tls");
        assert!(lines[0]["at"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn an_ended_call_tells_its_figures() {
        let statistics = CallStatistics {
            seconds: 2.00049,
            sent: 100,
            received: 99,
            lost: 1,
            jitter_millis: 0.12345,
            mos: 4.412,
        };
        let reason = EndReason::RemoteHangup;
        let sentence = reason.sentence("200");
        let lines = printed(&Notice::Ended {
            call: CallNumber(3),
            reason,
            sentence,
            statistics,
        });
        assert_eq!(lines[0]["reason"], "remote-hangup");
        assert_eq!(lines[0]["call"], 3);
        assert_eq!(lines[0]["seconds"], 2.0);
        assert_eq!(lines[0]["jitter_millis"], 0.123);
        assert_eq!(lines[0]["lost"], 1);
    }

    #[test]
    fn another_number_is_told_with_the_one_before() {
        let lines = printed(&Notice::NumberChanged {
            old: Some("1004".into()),
            new: Some("1005".into()),
        });
        assert_eq!(lines[0]["event"], "number_changed");
        assert_eq!(
            (&lines[0]["old"], &lines[0]["new"]),
            (&"1004".into(), &"1005".into())
        );
    }

    #[test]
    fn levels_are_thinned_out() {
        let mut lines = Lines::new(Vec::new());
        for _ in 0..10 {
            lines.notice(&Notice::Level {
                call: CallNumber(1),
                spoken_dbfs: -30.0,
                heard_dbfs: -20.0,
            });
        }
        let text = String::from_utf8(lines.out).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(text.contains("\"level_dbfs\":-20.0"), "{text}");
    }
}
