//! What is asked about messages that callers left.

use api::{VOICEMAIL_GREETING_PATH, VOICEMAILS_PATH, VoicemailChange};
use bytes::Bytes;

use super::connection::Question;
use super::errand::{all, done};
use super::{Reply, Session, WebError};

/// Something about messages that callers left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoicemailErrand {
    /// All of them, the newest first.
    List,
    /// What one says.
    Recording {
        /// Which.
        id: i64,
    },
    /// One was heard, or shall count as new again.
    Mark {
        /// Which.
        id: i64,
        /// Whether it was heard.
        is_heard: bool,
    },
    /// One is not wanted any more.
    Remove {
        /// Which.
        id: i64,
    },
    /// What callers hear before they speak, if it is one's own.
    Greeting,
    /// What callers shall hear, as Ogg Opus.
    SetGreeting(Bytes),
    /// Callers hear the server's own words again.
    RemoveGreeting,
}

/// More messages than anybody looks through.
const MOST: usize = 500;
/// RFC 7845 section 9.
const OGG: &str = "audio/ogg";

impl VoicemailErrand {
    pub(super) async fn run(self, session: &Session) -> Result<Reply, WebError> {
        let of = |id: i64| format!("{VOICEMAILS_PATH}/{id}");
        match self {
            Self::List => Ok(Reply::Voicemails(
                all(session, VOICEMAILS_PATH, MOST).await?,
            )),
            Self::Recording { id } => {
                let question = Question::get(format!("{}/audio", of(id)));
                Ok(Reply::Recording(session.fetch(&question).await?))
            }
            Self::Mark { id, is_heard } => {
                let change = VoicemailChange { is_heard };
                done(session, Question::patch(of(id), &change)).await?;
                Ok(Reply::Done)
            }
            Self::Remove { id } => {
                done(session, Question::delete(of(id))).await?;
                Ok(Reply::Done)
            }
            Self::Greeting => {
                let question = Question::get(VOICEMAIL_GREETING_PATH);
                Ok(Reply::Recording(session.fetch(&question).await?))
            }
            Self::SetGreeting(recording) => {
                let question = Question::put_raw(VOICEMAIL_GREETING_PATH, OGG, recording);
                done(session, question).await?;
                Ok(Reply::Done)
            }
            Self::RemoveGreeting => {
                done(session, Question::delete(VOICEMAIL_GREETING_PATH)).await?;
                Ok(Reply::Done)
            }
        }
    }
}
