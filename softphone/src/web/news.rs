//! What happens at the server without being asked for: its stream of events, or polling where there is none.

use std::sync::Arc;
use std::time::Duration;

use api::{EVENTS_PATH, Event, Me};
use phone::{EventReader, Pause};
use reqwest::Response;
use tokio::sync::mpsc;

use super::connection::Question;
use super::{ME_PATH, Session, WebError};

/// A stream says something at least this often, if only that it is still there. A connection that is silent for longer is
/// dead, whatever TCP thinks.
const SILENCE: Duration = Duration::from_secs(60);

/// What a task tells that listens.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// Something has happened.
    Event(Event),
    /// How our account looks today: after each new connection, for what was missed, and while there is no stream.
    Me(Me),
    /// The sign-in has ended at the server; nothing comes after this.
    Ended,
}

/// Listens until the sign-in ends or nobody hears. Without a stream our own account is asked after in each pause.
pub async fn listen(session: Arc<Session>, news: mpsc::Sender<News>) {
    let mut pause = Pause::new(rand::random());
    loop {
        let error = match session.listen(EVENTS_PATH).await {
            Ok(stream) => hear(&session, stream, &news, &mut pause).await,
            Err(error) => error,
        };
        tracing::debug!(%error, "there is no stream of events");
        if error == WebError::SessionEnded {
            let _ = news.send(News::Ended).await;
            return;
        }
        if news.is_closed() {
            return;
        }
        tokio::time::sleep(pause.failed()).await;
        if matches!(
            ask_after_me(&session, &news).await,
            Err(WebError::SessionEnded)
        ) {
            let _ = news.send(News::Ended).await;
            return;
        }
    }
}

/// Passes events on until the stream ends; says why it did.
async fn hear(
    session: &Session,
    mut stream: Response,
    news: &mpsc::Sender<News>,
    pause: &mut Pause,
) -> WebError {
    let mut reader = EventReader::new();
    loop {
        let piece = match tokio::time::timeout(SILENCE, stream.chunk()).await {
            Ok(Ok(Some(piece))) => piece,
            Ok(Ok(None)) => return WebError::Interrupted,
            Ok(Err(error)) => return session.connection().lost(&error),
            Err(_) => return WebError::Silent(session.connection().address().origin()),
        };
        pause.worked();
        for data in reader.push(&piece) {
            match serde_json::from_str(&data) {
                Ok(Event::SessionEnded) => return WebError::SessionEnded,
                Ok(event) => {
                    // What happened before the server listened for us, or while it could not keep up.
                    if event == Event::Listening
                        && let Err(error) = ask_after_me(session, news).await
                    {
                        return error;
                    }
                    if news.send(News::Event(event)).await.is_err() {
                        return WebError::Interrupted;
                    }
                }
                Err(error) => tracing::debug!(%error, "an event cannot be understood"),
            }
        }
    }
}

async fn ask_after_me(session: &Session, news: &mpsc::Sender<News>) -> Result<(), WebError> {
    let me = session.ask(&Question::get(ME_PATH)).await?;
    news.send(News::Me(me))
        .await
        .map_err(|_| WebError::Interrupted)
}
