//! What somebody who is connected asks for.

use std::time::Instant;

use api::room::{Notification, NotificationKind, Request, RoomErrorCode, Said, Stored, Told};
use tokio::sync::oneshot;

use super::super::answer;
use super::{Connection, Step};
use crate::rooms::RoomsError;

/// What is longer is a file. Above the longest text with all of it escaped.
const LONGEST_MESSAGE: usize = 100 * 1024;

/// A message that is on its way to the disk, with the id of its request.
pub(super) type Submitted = (
    Option<String>,
    oneshot::Receiver<Result<Stored, RoomsError>>,
);

impl Connection {
    /// Does what is asked for. A message comes back as what is waited for; everything else is answered here.
    pub(super) async fn hear(&mut self, text: &str) -> Step<Option<Submitted>> {
        if text.len() > LONGEST_MESSAGE {
            let sentence = "The message is too large; send it as a file.";
            let text = answer::error(RoomErrorCode::InvalidMessage, 413, sentence, None);
            self.send(text).await?;
            return Ok(None);
        }
        let request = match serde_json::from_str::<Request>(text) {
            Ok(request) => request,
            Err(error) => {
                self.send(answer::misunderstood(text, &error)).await?;
                return Ok(None);
            }
        };
        if request.id.as_deref().is_some_and(|id| !answer::is_id(id)) {
            let sentence = "The id of a request has 1 to 64 characters.";
            let text = answer::error(RoomErrorCode::InvalidMessage, 400, sentence, None);
            self.send(text).await?;
            return Ok(None);
        }
        let id = request.id;
        let rooms = self.interface.rooms.clone();
        if let Said::Message(message) = request.said {
            return match rooms.submit(&self.speaker, message).await {
                Ok(answered) => Ok(Some((id, answered))),
                Err(error) => {
                    self.send(answer::refusal(&error, id)).await?;
                    Ok(None)
                }
            };
        }
        if !matches!(request.said, Said::Receipt(_) | Said::Typing(_)) {
            let limits = &self.interface.limits;
            let charged = limits.charge_session(Instant::now(), self.session.session_id);
            if charged.is_err() {
                let error = RoomsError::TooOften { seconds: 60 };
                self.send(answer::refusal(&error, id)).await?;
                return Ok(None);
            }
        }
        let answered = self.fulfil(request.said).await;
        let text = match answered {
            Ok(None) => return Ok(None),
            Ok(Some(told)) => answer::text(told, 200, id),
            Err(error) => answer::refusal(&error, id),
        };
        self.send(text).await?;
        Ok(None)
    }

    async fn fulfil(&mut self, said: Said) -> Result<Option<Told>, RoomsError> {
        let (rooms, me) = (&self.interface.rooms, self.session.account);
        let done = |room| {
            Some(Told::Notification(Notification {
                about: NotificationKind::Done,
                room: Some(room),
                sequence: None,
            }))
        };
        let missing = RoomsError::Invalid("data names no room.");
        Ok(match said {
            Said::Connect(_) => {
                return Err(RoomsError::Invalid("You are connected already."));
            }
            // It was taken out before.
            Said::Message(_) => None,
            Said::CreateRoom(wish) => {
                let room = rooms.create(&self.speaker, &wish).await?;
                // It is told of in the answer, and not once more as one that others have made.
                if let Some(key) = rooms.key_of(me, &room.id).await? {
                    self.sent.entry(key).or_insert(0);
                    self.behind.insert(key);
                }
                Some(Told::RoomCreated(room))
            }
            Said::JoinRoom(wish) => {
                Some(Told::NewRoom(rooms.join(&self.speaker, &wish.room).await?))
            }
            Said::LeaveRoom(wish) => {
                rooms.leave(me, &wish.room).await?;
                done(wish.room)
            }
            Said::GetRooms(wish) => {
                let after = wish.after.as_deref();
                Some(Told::RoomsList(rooms.list(me, after, wish.limit).await?))
            }
            Said::AddParticipants(wish) => {
                let room = wish.room.ok_or(missing)?;
                rooms.add(&self.speaker, &room, &wish.participants).await?;
                done(room)
            }
            Said::ChangeParticipant(wish) => {
                rooms
                    .change_participant(me, &wish.room, wish.account, wish.role)
                    .await?;
                done(wish.room)
            }
            Said::ChangeRoom(wish) => {
                rooms.change(me, &wish.room, &wish.change).await?;
                done(wish.room)
            }
            Said::Receipt(wish) => {
                let room = wish.room.ok_or(missing)?;
                rooms
                    .receipt(me, &room, wish.receipt, wish.sequence)
                    .await?;
                done(room)
            }
            Said::Typing(wish) => {
                rooms.typing(me, &wish.room, wish.is_typing).await?;
                None
            }
            Said::Signal(wish) => {
                let room = wish.room.clone();
                let key = self.peer_key.as_deref();
                rooms.signal(me, &self.known_as, key, wish).await?;
                done(room)
            }
            Said::GetHistory(wish) => Some(Told::History(rooms.history(me, &wish).await?)),
        })
    }
}
