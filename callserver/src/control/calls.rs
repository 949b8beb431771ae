//! Calls: what an administrator can ask, how it is done, and what comes back.

use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator};

/// What can be asked about calls.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallsCommand {
    /// The calls at present. Answered with `Vec<CallView>`.
    List,
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

impl Operator {
    pub(super) async fn calls(
        &self,
        command: CallsCommand,
        is_rehearsal: bool,
    ) -> Result<Answer, Failure> {
        match command {
            CallsCommand::List => Answer::of(&self.exchange()?.calls().await),
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
