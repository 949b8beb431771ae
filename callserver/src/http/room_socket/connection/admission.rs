//! Who somebody is who connects, and whether what they say of themselves is theirs.

use std::time::SystemTime;

use api::room::{Connect, RoomErrorCode};
use api::{AccountKind, DisplayName, Number};

use crate::http::Interface;
use crate::office::{OfficeError, Session};
use crate::rooms::Speaker;

/// A softphone of a great organisation; more rooms are resumed by asking for their history.
const MOST_CURSORS: usize = 2_000;

/// Why somebody is not let in: the code, the status, and a sentence for them.
pub(super) type Refused = (RoomErrorCode, u16, String);

/// Who it is, if the token is good and the rest is theirs.
pub(super) async fn admit(
    interface: &Interface,
    wish: &Connect,
) -> Result<(Session, Speaker, Option<Number>), Refused> {
    let failed = |error: OfficeError| {
        let status = error.kind().status();
        if status >= 500 {
            tracing::error!(%error, "a connection could not begin");
            let sentence = "The server could not do it; try again later.".to_owned();
            return (RoomErrorCode::ConnectionError, status, sentence);
        }
        (RoomErrorCode::ConnectionError, 401, error.to_string())
    };
    let office = &interface.office;
    let session = office.session(&wish.token, SystemTime::now()).await;
    let session = session.map_err(failed)?;
    let account = office
        .account_by_id(session.account)
        .await
        .map_err(failed)?;
    if let Some(text) = &wish.number {
        let number = Number::parse(text).ok();
        if number.is_none() || number != account.number {
            let sentence = "This is not the number of the account; leave it out to go on.";
            return Err((RoomErrorCode::InvalidNumber, 404, sentence.to_owned()));
        }
    }
    let display_name = match &wish.display_name {
        None => account.display_name,
        Some(text) => DisplayName::parse(text)
            .map_err(|why| (RoomErrorCode::InvalidMessage, 400, why.to_string()))?
            .into(),
    };
    if wish.cursors.len() > MOST_CURSORS {
        let sentence = format!("At most {MOST_CURSORS} rooms are resumed at once.");
        return Err((RoomErrorCode::InvalidMessage, 400, sentence));
    }
    if let Some(key) = &wish.peer_key {
        let known = interface
            .rooms
            .know_key(session.account, session.session_id, key);
        known
            .await
            .map_err(|error| (error.code(), error.kind().status(), error.sentence()))?;
    }
    let speaker = Speaker {
        account: session.account,
        display_name,
        is_guest: session.kind == AccountKind::Guest,
    };
    Ok((session, speaker, account.number))
}
