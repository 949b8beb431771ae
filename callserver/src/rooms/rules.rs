//! What may be said and done in rooms, and how they are called: functions of what is given to them.

use api::AccountId;
use api::room::{Body, MessageId, RoomId, RoomRole};

use super::RoomsError;

/// The most people in one room: one message goes to all of them within a tenth of a second.
pub(super) const MOST_PARTICIPANTS: i64 = 5_000;

/// The most characters of a room's name.
const LONGEST_NAME: usize = 100;

/// The most characters of a room's description.
const LONGEST_DESCRIPTION: usize = 1_000;

/// How many names stand in the name of a room that has none of its own.
const NAMES: usize = 4;

/// Checks what somebody wants to say.
///
/// # Errors
/// If it is nothing, too much, or something that only the server says.
pub(super) fn check_said(body: &Body) -> Result<(), RoomsError> {
    api::room::check_said(body).map_err(RoomsError::Invalid)
}

/// A name for a room: one line.
///
/// # Errors
/// If it is too long or holds a control character.
pub(super) fn checked_name(text: &str) -> Result<Option<String>, RoomsError> {
    let text = text.trim();
    if text.chars().count() > LONGEST_NAME || text.chars().any(char::is_control) {
        return Err(RoomsError::Invalid(
            "The name of a room is one line of 100 characters at most.",
        ));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// What a room is about.
///
/// # Errors
/// If it is too long or holds a control character that is no line break.
pub(super) fn checked_description(text: &str) -> Result<String, RoomsError> {
    let text = text.trim();
    let is_bad = |c: char| c.is_control() && c != '\n';
    if text.chars().count() > LONGEST_DESCRIPTION || text.chars().any(is_bad) {
        return Err(RoomsError::Invalid(
            "The description of a room has 1,000 characters at most.",
        ));
    }
    Ok(text.to_owned())
}

/// The id of a picture in the store of files.
///
/// # Errors
/// If it is none.
pub(super) fn checked_picture(text: &str) -> Result<Option<String>, RoomsError> {
    match text {
        "" => Ok(None),
        text => Ok(Some(RoomId::parse(text)?.into())),
    }
}

/// The limits that somebody sets for a room's history.
///
/// # Errors
/// If one is below 1.
pub(super) fn check_settings(settings: &api::room::RoomSettings) -> Result<(), RoomsError> {
    let limits = [settings.keep_messages, settings.keep_days];
    match limits.into_iter().flatten().all(|limit| limit >= 1) {
        true => Ok(()),
        false => Err(RoomsError::Invalid(
            "A room keeps at least one message, for at least one day.",
        )),
    }
}

/// Refuses whoever has a lower role.
///
/// # Errors
/// If it is lower.
pub(super) fn require(role: RoomRole, least: RoomRole) -> Result<(), RoomsError> {
    if role >= least {
        return Ok(());
    }
    Err(RoomsError::Role(match least {
        RoomRole::Owner => "an owner",
        RoomRole::Moderator | RoomRole::Member => "a moderator or owner",
    }))
}

/// Whether `by` may give somebody who is `from` the role `to`, or remove them if there is none.
///
/// # Errors
/// If only a higher role may.
pub(super) fn check_role_change(
    by: RoomRole,
    from: RoomRole,
    to: Option<RoomRole>,
) -> Result<(), RoomsError> {
    match (from, to) {
        (RoomRole::Member, None) => require(by, RoomRole::Moderator),
        _ => require(by, RoomRole::Owner),
    }
}

/// The name of a room that has none: those of the others, the first four.
pub(super) fn composed_name(reader: AccountId, names: &[(AccountId, &str)], count: i64) -> String {
    let others: Vec<&str> = names
        .iter()
        .filter(|(account, _)| *account != reader)
        .map(|(_, name)| *name)
        .collect();
    if others.is_empty() {
        return names
            .first()
            .map(|(_, name)| (*name).to_owned())
            .unwrap_or_default();
    }
    let shown = others.len().min(NAMES);
    let mut name = others[..shown].join(", ");
    let rest = (count - 1).saturating_sub(i64::try_from(shown).unwrap_or(0));
    if rest > 0 {
        name += &format!(" +{rest}");
    }
    name
}

/// The id of a new room: who opens it, with which number, a UUID (RFC 9562 version 4, out of 16 random bytes), and the
/// day as `YYYYMMDD`.
pub(super) fn new_room_id(
    by: AccountId,
    number: Option<&str>,
    random: [u8; 16],
    day: &str,
) -> Result<RoomId, RoomsError> {
    let uuid = uuid(random);
    let number = number.unwrap_or("0");
    Ok(RoomId::parse(&format!("{by}-{number}-{uuid}-{day}"))?)
}

/// An id that the server makes for what it says itself.
pub(super) fn new_message_id(random: [u8; 16]) -> Result<MessageId, RoomsError> {
    Ok(MessageId::parse(&uuid(random))?)
}

fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text += &format!("{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_without_a_name_is_called_by_the_others_in_it() {
        let names = [
            (AccountId(1), "Alice"),
            (AccountId(2), "Bob"),
            (AccountId(3), "Carol"),
        ];
        assert_eq!(composed_name(AccountId(1), &names, 3), "Bob, Carol");
        assert_eq!(composed_name(AccountId(2), &names, 9), "Alice, Carol +6");
        assert_eq!(composed_name(AccountId(1), &names[..1], 1), "Alice");
    }

    #[test]
    fn ids_of_rooms_hold_who_opened_them_and_when() {
        let id = new_room_id(AccountId(7), Some("+4930"), [0xFF; 16], "20260307");
        assert_eq!(
            id.unwrap().as_str(),
            "7-+4930-ffffffff-ffff-4fff-bfff-ffffffffffff-20260307"
        );
    }

    #[test]
    fn roles_are_given_by_owners_and_members_removed_by_moderators() {
        use RoomRole::{Member, Moderator, Owner};
        assert!(check_role_change(Owner, Owner, Some(Member)).is_ok());
        assert!(check_role_change(Moderator, Member, None).is_ok());
        assert!(check_role_change(Moderator, Moderator, None).is_err());
        assert!(check_role_change(Moderator, Member, Some(Moderator)).is_err());
        assert!(check_role_change(Member, Member, None).is_err());
    }
}
