//! What is asked about one's own account: what others see of it, where it is signed in, and its end.

use api::{Erasure, Me, MeChange, Paged, PictureFormat, PictureRefused, SessionId, SessionView};
use bytes::Bytes;

use super::connection::Question;
use super::errand::done;
use super::{ME_PATH, Reply, Session, WebError};
use crate::engine::Password;

const PICTURE_PATH: &str = "/api/v1/me/picture";
const SESSIONS_PATH: &str = "/api/v1/me/sessions";

/// Something about one's own account.
#[derive(Clone, Debug)]
pub enum ProfileErrand {
    /// What others see from now on.
    DisplayName(String),
    /// What others see beside the name.
    Picture(Picture),
    /// No picture any more.
    RemovePicture,
    /// Where the account is signed in.
    Sessions,
    /// One sign-in ends, and its device is revoked.
    EndSession {
        /// Which.
        id: SessionId,
    },
    /// The account is deleted for ever.
    Erase {
        /// The password, again; guests have none.
        password: Option<Password>,
    },
}

/// The bytes of a picture that the server takes.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    content: Bytes,
    format: PictureFormat,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "Picture({}, {} bytes)",
            self.format,
            self.content.len()
        )
    }
}

impl Picture {
    /// A picture of these bytes, by the rule that the server has.
    ///
    /// # Errors
    /// What a picture should be.
    pub fn new(content: Bytes) -> Result<Self, PictureRefused> {
        let format = PictureFormat::of(&content)?;
        Ok(Self { content, format })
    }
}

impl ProfileErrand {
    pub(super) async fn run(self, session: &Session) -> Result<Reply, WebError> {
        match self {
            Self::DisplayName(display_name) => {
                let change = MeChange {
                    display_name: Some(display_name),
                };
                let me: Me = session.ask(&Question::patch(ME_PATH, &change)).await?;
                Ok(Reply::Me(me))
            }
            Self::Picture(picture) => {
                let kind = picture.format.media_type();
                let question = Question::put_raw(PICTURE_PATH, kind, picture.content);
                done(session, question).await?;
                Ok(Reply::Done)
            }
            Self::RemovePicture => {
                done(session, Question::delete(PICTURE_PATH)).await?;
                Ok(Reply::Done)
            }
            Self::Sessions => {
                // One page always: there are no more than devices.
                let page: Paged<SessionView> = session.ask(&Question::get(SESSIONS_PATH)).await?;
                Ok(Reply::Sessions(page.items))
            }
            Self::EndSession { id } => {
                let question = Question::delete(format!("{SESSIONS_PATH}/{id}"));
                done(session, question).await?;
                Ok(Reply::Done)
            }
            Self::Erase { password } => {
                let erasure = Erasure {
                    password: password.map(|password| password.reveal().to_owned()),
                };
                let question = Question::delete(ME_PATH).with(&erasure);
                done(session, question).await?;
                Ok(Reply::Erased)
            }
        }
    }
}
