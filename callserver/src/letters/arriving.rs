//! What phones send goes into conversations; it is accepted when it is durable there.

use std::time::SystemTime;

use api::room::{Addressee, Body, LONGEST_TEXT, MessageId, Receipt, SendMessage, Stored};
use api::{AccountId, DeviceId};
use sha2::{Digest, Sha256};
use switch::{Letter, LetterFate, Outcome, TextLetter};
use tokio::sync::{mpsc, oneshot};

use super::{Arrived, Devices, Errand};
use crate::rooms::{Rooms, RoomsError, Speaker};
use crate::store::{StoreError, unix_millis};

/// When the database is busy.
const LATER: LetterFate = LetterFate::Later { seconds: 5 };

/// Takes in what comes, in its order, until the exchange is gone.
pub(super) async fn serve(
    rooms: Rooms,
    mut arrived: mpsc::UnboundedReceiver<Arrived>,
    errands: mpsc::UnboundedSender<Errand>,
    unwrapping: Devices,
) {
    while let Some(Arrived {
        ask,
        from,
        device,
        to,
        letter,
    }) = arrived.recv().await
    {
        let from_account = AccountId(from.account.0);
        let people = (from_account, to);
        match *letter {
            _ if from_account == to => {
                let fate = LetterFate::NotForConversations;
                let _ = errands.send(Errand::Answer { ask, fate });
            }
            Letter::Report { of, outcome } => {
                let (rooms, errands) = (rooms.clone(), errands.clone());
                tokio::spawn(async move {
                    let fate = report(&rooms, people, &of, outcome).await;
                    let _ = errands.send(Errand::Answer { ask, fate });
                });
            }
            Letter::Text(letter) => {
                let speaker = Speaker {
                    account: from_account,
                    display_name: from.display_name.to_string(),
                    // Whom guests may write to was decided where the number led.
                    is_guest: false,
                };
                let message = message(to, device, &letter);
                // One after the other into the queue; they are waited for at the same time.
                let submitted = rooms.submit(&speaker, message).await;
                let (rooms, errands) = (rooms.clone(), errands.clone());
                let unwrapping = unwrapping.clone();
                tokio::spawn(async move {
                    let stored = durable(submitted).await;
                    let noted = match &stored {
                        Ok(stored) => {
                            note(&rooms, people.0, device, &letter, stored, &unwrapping).await
                        }
                        Err(_) => Ok(()),
                    };
                    let fate = match (stored, noted) {
                        (Ok(_), Ok(())) => LetterFate::Kept,
                        (Err(error), _) => fate_of(&error, &letter),
                        (_, Err(error)) => {
                            tracing::warn!(%error, "what a phone wants to hear of a message is not known");
                            LATER
                        }
                    };
                    // The exchange may have stopped.
                    let _ = errands.send(Errand::Answer { ask, fate });
                });
            }
        }
    }
}

async fn durable(
    submitted: Result<oneshot::Receiver<Result<Stored, RoomsError>>, RoomsError>,
) -> Result<Stored, RoomsError> {
    submitted?.await.unwrap_or(Err(RoomsError::Busy))
}

fn message(to: AccountId, device: DeviceId, letter: &TextLetter) -> SendMessage {
    SendMessage {
        room: None,
        to: Some(Addressee::account(to)),
        id: id(device, letter),
        body: Body::Text {
            text: letter.text.clone(),
            reply_to: None,
            mentions: Vec::new(),
        },
    }
}

/// The same for a message that is sent again: what the phone calls it, or what it has sent it with.
pub(super) fn id(device: DeviceId, letter: &TextLetter) -> MessageId {
    let named = letter.message_id.as_deref().map(MessageId::parse);
    if let Some(Ok(id)) = named {
        return id;
    }
    let mut hash = Sha256::new();
    hash.update(device.0.to_be_bytes());
    match &letter.message_id {
        Some(name) => hash.update(name.as_bytes()),
        None => {
            let (call_id, number) = &letter.request;
            hash.update(number.to_be_bytes());
            hash.update(call_id.as_bytes());
        }
    }
    let digits = api::hex(&hash.finalize()[..16]);
    // Always an id: letters, digits, 36 of them.
    MessageId::parse(&format!("sip-{digits}")).unwrap_or_else(|_| unreachable!("an id"))
}

/// Remembers what the phone wants to hear of its message.
async fn note(
    rooms: &Rooms,
    account: AccountId,
    device: DeviceId,
    letter: &TextLetter,
    stored: &Stored,
    unwrapping: &Devices,
) -> Result<(), StoreError> {
    let is_news = letter.is_wrapped && unwrapping.set(device, true);
    let wants = (letter.wants_delivered, letter.wants_displayed);
    let named = letter.message_id.as_deref();
    let named = named.filter(|_| wants.0 || wants.1);
    if !is_news && named.is_none() {
        return Ok(());
    }
    let mut tx = rooms.store().begin().await?;
    if is_news {
        tx.set_unwraps(device, true).await?;
    }
    let mut watched = None;
    if let Some(message_id) = named {
        let place = (&stored.room, stored.sequence);
        let now = unix_millis(SystemTime::now());
        watched = tx
            .ask_for_reports(device, place, message_id, wants, now)
            .await?;
    }
    tx.commit().await?;
    if let Some(room) = watched {
        let doorbell = rooms.doorbell();
        doorbell.hang(account);
        doorbell.watch(room, account);
        // Somebody may have got it before anybody was watching.
        doorbell.ring([account]);
    }
    Ok(())
}

fn fate_of(error: &RoomsError, letter: &TextLetter) -> LetterFate {
    match error {
        RoomsError::Invalid(_) if letter.text.len() > LONGEST_TEXT => LetterFate::TooLong,
        RoomsError::TooOften { seconds } => LetterFate::Later {
            seconds: u32::try_from(*seconds).unwrap_or(u32::MAX),
        },
        RoomsError::Busy => LATER,
        RoomsError::Store(error) => {
            tracing::warn!(%error, "a message of a phone could not be kept");
            LATER
        }
        RoomsError::Nobody { .. } | RoomsError::NoSuchRoom | RoomsError::Stranger => {
            LetterFate::NotForConversations
        }
        _ => LetterFate::Invalid,
    }
}

/// What became of a message that this phone's owner has got.
async fn report(
    rooms: &Rooms,
    people: (AccountId, AccountId),
    of: &str,
    outcome: Outcome,
) -> LetterFate {
    // Of a message that never was in the conversation nobody waits to hear.
    let Ok(id) = MessageId::parse(of) else {
        return LetterFate::Kept;
    };
    let place = match rooms.store().place_of_message(people, &id).await {
        Ok(Some(place)) => place,
        Ok(None) => return LetterFate::Kept,
        Err(error) => {
            tracing::warn!(%error, "a phone's report could not be looked up");
            return LATER;
        }
    };
    let receipt = match outcome {
        Outcome::Delivered => Receipt::Delivered,
        Outcome::Displayed => Receipt::Read,
    };
    match rooms.receipt(people.0, &place.0, receipt, place.1).await {
        Ok(()) => LetterFate::Kept,
        Err(RoomsError::Busy | RoomsError::Store(_)) => LATER,
        Err(_) => LetterFate::Kept,
    }
}
