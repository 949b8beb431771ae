//! Calls: what an administrator can ask, how it is done, and what comes back.

use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator, rfc_3339};
use crate::office::OfficeError;
use crate::store::CallRecordRow;

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
    /// Who calls.
    pub caller: String,
    /// Who is called.
    pub callee: String,
    /// `calling`, `ringing` or `answered`.
    pub state: String,
    /// Since it began.
    pub seconds: u64,
    /// RTP and RTCP packets that came from the caller.
    pub packets_from_caller: u64,
    /// RTP and RTCP packets that came from the callee.
    pub packets_from_callee: u64,
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
    /// Why it ended, in a word: `hung-up`, `cancelled`, `busy`, `declined`, `no-answer` and others.
    pub cause: String,
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
            started_at: rfc_3339(call.started_at),
            answered_at: call.answered_at.map(rfc_3339),
            ended_at: rfc_3339(call.ended_at),
            cause: call.cause,
        }
    }
}

impl Operator {
    pub(super) async fn calls(
        &self,
        command: CallsCommand,
        is_rehearsal: bool,
    ) -> Result<Answer, Failure> {
        match command {
            CallsCommand::List => Answer::of(&self.exchange()?.calls().await),
            CallsCommand::Past { account, limit } => {
                let store = self.office.store();
                let rows = match account {
                    Some(name) => {
                        let account = self.office.account(&name).await?.account;
                        store.calls_of(account, None, limit).await
                    }
                    None => store.calls(None, limit).await,
                };
                let rows = rows.map_err(OfficeError::from)?.into_iter().rev();
                Answer::of(&rows.map(PastCallView::from).collect::<Vec<_>>())
            }
            CallsCommand::HangUp { call } => {
                let exchange = self.exchange()?;
                let is_done = match is_rehearsal {
                    true => exchange.calls().await.iter().any(|one| one.call == call),
                    false => exchange.hang_up(call).await,
                };
                if is_done {
                    return Answer::done();
                }
                Err(Failure::new(
                    "not-found",
                    format!("There is no call {call}; `callctl calls list` shows all."),
                ))
            }
        }
    }
}
