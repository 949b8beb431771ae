//! Calls: what an administrator can ask, how it is done, and what comes back.

use api::{CallQuality, LiveCall};
use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator};
use crate::edge::ladder;
use crate::office::{Office, OfficeError};
use crate::store::{CallFilter, CallRecordRow};
use crate::times::rfc_3339_seconds;

/// What can be asked about calls.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallsCommand {
    /// The calls at present. Answered with `Vec<CallView>`.
    List,
    /// Calls that are over, the oldest first. Answered with `Vec<PastCallView>`.
    Past {
        /// Only those of this account: its username.
        account: Option<String>,
        /// At most so many, the last ones.
        limit: u32,
    },
    /// One call at present. Answered with [`CallView`].
    Show {
        /// The call.
        call: u64,
    },
    /// The SIP messages of a call that goes on or has just ended. Answered with [`TraceView`].
    Trace {
        /// The call.
        call: u64,
        /// Whether the messages themselves are wanted too.
        #[serde(default)]
        with_messages: bool,
    },
    /// End a call. Answered with [`Done`](super::Done).
    HangUp {
        /// The call.
        call: u64,
    },
}

/// A call at present.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallView {
    /// For `calls hangup`.
    pub call: u64,
    /// Who calls: the number, or the name of one who has none.
    pub caller: String,
    /// Who is called.
    pub callee: String,
    /// `calling`, `ringing`, `answered`, or `voicemail`: answered by that.
    pub state: String,
    /// Since it began.
    pub seconds: u64,
    /// RTP and RTCP packets that came from the caller.
    pub packets_from_caller: u64,
    /// RTP and RTCP packets that came from the callee.
    pub packets_from_callee: u64,
    /// Everything that is known of it, as over HTTP.
    pub details: LiveCall,
}

/// A call that is over, with the names and numbers of its day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PastCallView {
    /// Grows with each call.
    pub record: i64,
    /// Who called.
    pub caller: String,
    /// The caller's number.
    pub caller_number: Option<String>,
    /// Who was called.
    pub callee: String,
    /// The callee's number.
    pub callee_number: Option<String>,
    /// What the caller dialled.
    pub dialled: String,
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339; none if nobody answered.
    pub answered_at: Option<String>,
    /// RFC 3339.
    pub ended_at: String,
    /// Why it ended, in a word: `hung-up`, `cancelled`, `busy`, `declined`, `no-answer`, `voicemail` and others.
    pub cause: String,
    /// `caller`, `callee` or `server`.
    pub hung_up_by: Option<String>,
    /// The codec; none if there was no audio.
    pub codec: Option<String>,
    /// Whether the audio of both sides was encrypted.
    pub encrypted: Option<bool>,
    /// What the caller heard.
    pub caller_quality: Option<CallQuality>,
    /// What the callee heard.
    pub callee_quality: Option<CallQuality>,
}

/// The SIP messages of a call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TraceView {
    /// The call.
    pub call: u64,
    /// How many messages there are.
    pub messages: usize,
    /// How many earlier ones are not kept.
    pub left_out: u64,
    /// The ladder, for people. There is no secret in it.
    pub text: String,
}

impl From<CallRecordRow> for PastCallView {
    fn from(row: CallRecordRow) -> Self {
        let (record, call) = (row.record, row.call);
        Self {
            record,
            caller: call.caller.name,
            caller_number: call.caller.number,
            callee: call.callee.name,
            callee_number: call.callee.number,
            dialled: call.dialled,
            started_at: rfc_3339_seconds(call.started_at),
            answered_at: call.answered_at.map(rfc_3339_seconds),
            ended_at: rfc_3339_seconds(call.ended_at),
            cause: call.cause,
            hung_up_by: call.hung_up_by,
            codec: call.codec,
            encrypted: call.is_encrypted,
            caller_quality: call.caller.quality,
            callee_quality: call.callee.quality,
        }
    }
}

fn no_such_call(call: u64) -> Failure {
    Failure::new(
        "not-found",
        format!("There is no call {call}; `callctl calls list` shows all."),
    )
}

impl Operator {
    pub(super) async fn calls(
        &self,
        office: &Office,
        command: CallsCommand,
        is_rehearsal: bool,
    ) -> Result<Answer, Failure> {
        match command {
            CallsCommand::List => Answer::of(&self.exchange()?.calls().await),
            CallsCommand::Past { account, limit } => {
                let store = office.store();
                let rows = match account {
                    Some(name) => {
                        let account = office.account(&name).await?.account;
                        store.all_calls_of(account, limit).await
                    }
                    None => {
                        let filter = CallFilter {
                            limit: i64::from(limit),
                            ..CallFilter::default()
                        };
                        store.calls(&filter).await
                    }
                };
                let rows = rows.map_err(OfficeError::from)?.into_iter().rev();
                Answer::of(&rows.map(PastCallView::from).collect::<Vec<_>>())
            }
            CallsCommand::Show { call } => {
                let calls = self.exchange()?.calls().await;
                let found = calls.into_iter().find(|one| one.call == call);
                Answer::of(&found.ok_or_else(|| no_such_call(call))?)
            }
            CallsCommand::Trace {
                call,
                with_messages,
            } => {
                let trace = self.exchange()?.trace(call).await;
                let trace = trace.ok_or_else(|| {
                    Failure::new(
                        "not-found",
                        format!("No messages of a call {call} are kept: it ended too long ago, never was, or [calls] trace_kilobytes is 0."),
                    )
                })?;
                Answer::of(&TraceView {
                    call,
                    messages: trace.messages.len(),
                    left_out: trace.left_out,
                    text: ladder(&trace, with_messages),
                })
            }
            CallsCommand::HangUp { call } => {
                let exchange = self.exchange()?;
                if is_rehearsal {
                    let calls = exchange.calls().await;
                    return match calls.iter().any(|one| one.call == call) {
                        true => Answer::done(),
                        false => Err(no_such_call(call)),
                    };
                }
                let ended = exchange.hang_up(call).await;
                let ended = ended.ok_or_else(|| no_such_call(call))?;
                office.note_hang_up(&ended.details).await?;
                Answer::done()
            }
        }
    }
}
