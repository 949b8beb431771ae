//! Why the office refuses: one sentence each.

use std::time::Duration;

use api::{
    AccountId, Number, NumberRefused, PasswordRefused, PictureRefused, ProblemKind, SessionId,
    SignUp, TextRefused, UsernameRefused,
};

use media::NotPlayable;

use super::PlanError;
use crate::passwords::HashError;
use crate::store::StoreError;

/// Why something was not done. The text is meant for the person who asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OfficeError {
    /// The name breaks its rule.
    #[error(transparent)]
    Username(#[from] UsernameRefused),
    /// The password breaks its rule.
    #[error(transparent)]
    Password(#[from] PasswordRefused),
    /// The display name or label breaks its rule.
    #[error(transparent)]
    Text(#[from] TextRefused),
    /// The number breaks its rule.
    #[error("{} is not a number: {reason}", quoted(text))]
    Number {
        /// What was written.
        text: String,
        /// The rule that it breaks.
        reason: NumberRefused,
    },
    /// Somebody has this name.
    #[error("The username {name:?} is taken; choose another one.")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Somebody has a name that looks like it.
    #[error("The username {name:?} looks too much like one that is taken; choose another one.")]
    NameLooksTaken {
        /// The name.
        name: String,
    },
    /// Somebody had this name, or one that looks like it, until lately.
    #[error(
        "The username {name:?} was somebody else's until lately and rests; choose another one."
    )]
    NameResting {
        /// The name.
        name: String,
    },
    /// Too many names of the account rest.
    #[error(
        "You have given up {most} usernames within 45 days; go back to one of them, or wait until one is free for others again."
    )]
    TooManyNames {
        /// How many may rest.
        most: usize,
    },
    /// The account of whoever asks is no more.
    #[error("There is no account {account} any more.")]
    AccountGone {
        /// Its id.
        account: AccountId,
    },
    /// A guest cannot have this.
    #[error("{name:?} is a guest, who has neither password nor role; make it a person first.")]
    IsGuest {
        /// Its username.
        name: String,
    },
    /// The password that is asked for again is another one.
    #[error("The present password is another one; check it and try again.")]
    WrongOldPassword,
    /// Old and new password are one.
    #[error("The new password is the old one; choose another one.")]
    SamePassword,
    /// The picture breaks its rule.
    #[error(transparent)]
    Picture(#[from] PictureRefused),
    /// The account has no picture.
    #[error("This account has no picture.")]
    NoPicture,
    /// Nobody would be left who may do everything.
    #[error(
        "This is the last administrator; make somebody else one first, or use `callctl` on the server's machine."
    )]
    LastAdministrator,
    /// An invitation that breaks a limit.
    #[error("This cannot be an invitation: {reason}.")]
    Invitation {
        /// Which limit.
        reason: &'static str,
    },
    /// There is no such invitation.
    #[error("There is no invitation {invitation}; `callctl invitations list` shows all.")]
    NoSuchInvitation {
        /// Its id.
        invitation: i64,
    },
    /// A code that is wrong, used up, or too old.
    #[error(
        "This invitation is not good: it is mistyped, used up, or too old; ask whoever sent it for another one."
    )]
    InvitationNotGood,
    /// Accounts are not for everybody.
    #[error("On this server {}.", sign_up_sentence(*allowed))]
    SignUpRefused {
        /// Who may make one.
        allowed: SignUp,
    },
    /// The account has as many phones as one may have.
    #[error("You have {most} devices that were made by hand, which is the most; remove one first.")]
    TooManyDevices {
        /// How many one may have.
        most: i64,
    },
    /// The export could not be packed.
    #[error("The export could not be packed ({reason}); this is a fault of the server.")]
    Export {
        /// What failed.
        reason: String,
    },
    /// Nobody has this name.
    #[error(
        "There is no account {}; `callctl accounts list` shows all.",
        quoted(name)
    )]
    NoSuchAccount {
        /// The name.
        name: String,
    },
    /// The account has no such device.
    #[error(
        "The account {name:?} has no device with the login {}; `callctl devices list {name}` shows all.",
        quoted(login)
    )]
    NoSuchDevice {
        /// The account.
        name: String,
        /// The login.
        login: String,
    },
    /// Somebody else has this number, or it is kept back.
    #[error("The number {number} is {state}; {}.", nearest(alternatives))]
    NumberTaken {
        /// The number.
        number: Number,
        /// What it is, in words.
        state: String,
        /// The nearest free ones.
        alternatives: Vec<Number>,
    },
    /// Nobody holds this number.
    #[error("Nobody holds the number {number}; `callctl numbers list` shows who holds which.")]
    NumberNotAssigned {
        /// The number.
        number: Number,
    },
    /// The number plan refuses.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// All pools are used up.
    #[error("No number is left in the pools; name one with --number, or release one.")]
    NoFreeNumber,
    /// Name and password do not belong together.
    #[error("Name or password is wrong; check both and try again.")]
    WrongPassword,
    /// The token proves nothing, or nothing any more.
    #[error("You are not logged in, or not any more; get new tokens or log in again.")]
    NoSession,
    /// The account has no such session.
    #[error("You have no session {session}; the list of your sessions shows all.")]
    NoSuchSession {
        /// Its id.
        session: SessionId,
    },
    /// The account has no such contact.
    #[error("You have no contact {contact}; the list of your contacts shows all.")]
    NoSuchContact {
        /// Its id.
        contact: i64,
    },
    /// It is a contact already.
    #[error("{name:?} is among your contacts already; change that entry.")]
    ContactKnown {
        /// What it would have been called.
        name: String,
    },
    /// Calls cannot go on to that.
    #[error("Calls cannot go on to {}; name a number or a username.", quoted(.text))]
    ForwardToWhom {
        /// What was written.
        text: String,
    },
    /// Calls would come back.
    #[error("{to} is the account's own; calls cannot go on from it to itself.")]
    ForwardToSelf {
        /// The number or name.
        to: String,
    },
    /// A figure that makes no sense.
    #[error("{what} is from {low} to {high}.")]
    CallSettingRange {
        /// Which one.
        what: &'static str,
        /// At least.
        low: u16,
        /// At most.
        high: u16,
    },
    /// An account that is no group.
    #[error("{name} is no ring group; `callctl groups list` shows them.")]
    NoSuchGroup {
        /// The username.
        name: String,
    },
    /// Too many to ring.
    #[error("A group has at most {most} members.")]
    TooManyMembers {
        /// How many there may be.
        most: usize,
    },
    /// A group in a group.
    #[error("{name} is a group itself; name its members instead.")]
    MemberIsGroup {
        /// The username.
        name: String,
    },
    /// Too many contacts.
    #[error("You have {most} contacts, which is the most; remove some first.")]
    TooManyContacts {
        /// How many one may have.
        most: i64,
    },
    /// Neither or both of what a contact is.
    #[error("A contact is either an account or a number; name one of them.")]
    ContactOfWhom,
    /// Nothing to call it by.
    #[error("A contact needs a name; say what to call it.")]
    ContactWithoutName,
    /// Too much to note.
    #[error("The note of a contact has at most {most} characters, and no control characters.")]
    ContactNote {
        /// How many.
        most: usize,
    },
    /// Too many groups of one contact.
    #[error("A contact is in {most} groups at most; name fewer.")]
    TooManyGroups {
        /// How many.
        most: usize,
    },
    /// Too much to tell.
    #[error("The note of a presence has at most {most} characters, and no control characters.")]
    PresenceNote {
        /// How many.
        most: usize,
    },
    /// There is no such account.
    #[error("There is no account {account}.")]
    NoSuchAccountId {
        /// Its id.
        account: AccountId,
    },
    /// All numbers for guests are lent.
    #[error("All numbers for guests are lent; try again in an hour, or make an account.")]
    NoGuestNumber,
    /// Whoever asks is a person already.
    #[error("You are no guest, but a person with an account already.")]
    NoGuest,
    /// Only people may.
    #[error("Guests may not do this; become a person first.")]
    NotForGuests,
    /// The account may not log in.
    #[error("This account is disabled; ask the administrator.")]
    Disabled,
    /// Too many failed logins.
    #[error("Too many failed logins; wait {} seconds and try again.", wait.as_secs() + 1)]
    TooManyAttempts {
        /// How long to wait.
        wait: Duration,
    },
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// There is no such message.
    #[error("There is no message {id}; it may have been deleted on another phone.")]
    NoSuchVoicemail {
        /// Its id.
        id: i64,
    },
    /// There is no such room.
    #[error("There is no room {id:?}; `callctl rooms list` shows them.")]
    NoSuchRoom {
        /// What was asked for.
        id: String,
    },
    /// A room does not come in.
    #[error(transparent)]
    RoomImport(#[from] crate::rooms::RoomImportRefused),
    /// Callers hear the server's own greeting.
    #[error("There is no greeting of your own; callers hear the server's.")]
    NoGreeting,
    /// A greeting cannot be played.
    #[error("The recording cannot be played: {0}. Send Opus in an Ogg file.")]
    Greeting(NotPlayable),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn sign_up_sentence(allowed: SignUp) -> &'static str {
    match allowed {
        SignUp::Closed => "only an administrator makes accounts; ask one",
        SignUp::Invitation => "one needs an invitation to make an account; ask an administrator",
        SignUp::Open => "everybody may make an account",
    }
}

/// What somebody wrote, no longer than a sentence can bear.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}", format!("{}…", &text[..end])),
        None => format!("{text:?}"),
    }
}

fn nearest(numbers: &[Number]) -> String {
    match numbers {
        [] => "choose another one".into(),
        [one] => format!("{one} is free"),
        [first, rest @ ..] => {
            let rest = rest
                .iter()
                .map(|number| format!(", {number}"))
                .collect::<String>();
            format!("near it are free {first}{rest}")
        }
    }
}

impl OfficeError {
    /// What kind of problem this is for a program.
    pub fn kind(&self) -> ProblemKind {
        match self {
            Self::Username(_)
            | Self::Password(_)
            | Self::Text(_)
            | Self::Number { .. }
            | Self::Picture(PictureRefused::Format | PictureRefused::TooManyPixels)
            | Self::SamePassword
            | Self::ForwardToWhom { .. }
            | Self::ForwardToSelf { .. }
            | Self::CallSettingRange { .. }
            | Self::TooManyMembers { .. }
            | Self::MemberIsGroup { .. }
            | Self::Invitation { .. }
            | Self::RoomImport(_)
            | Self::Greeting(_) => ProblemKind::BadRequest,
            Self::NameTaken { .. }
            | Self::NameLooksTaken { .. }
            | Self::NameResting { .. }
            | Self::TooManyNames { .. }
            | Self::TooManyDevices { .. }
            | Self::LastAdministrator
            | Self::IsGuest { .. }
            | Self::NumberTaken { .. }
            | Self::NoFreeNumber => ProblemKind::Conflict,
            Self::WrongOldPassword | Self::InvitationNotGood | Self::SignUpRefused { .. } => {
                ProblemKind::Forbidden
            }
            Self::Picture(_) => ProblemKind::TooLarge,
            Self::Hash(HashError::Busy) => ProblemKind::TooManyAttempts,
            Self::Store(error) if error.is_busy() => ProblemKind::Unavailable,
            Self::AccountGone { .. }
            | Self::NoPicture
            | Self::NoSuchVoicemail { .. }
            | Self::NoSuchRoom { .. }
            | Self::NoGreeting
            | Self::NoSuchInvitation { .. }
            | Self::NoSuchAccount { .. }
            | Self::NoSuchDevice { .. }
            | Self::NoSuchSession { .. }
            | Self::NoSuchContact { .. }
            | Self::NoSuchGroup { .. }
            | Self::NoSuchAccountId { .. }
            | Self::NumberNotAssigned { .. } => ProblemKind::NotFound,
            Self::Plan(refused) => refused.kind(),
            Self::WrongPassword => ProblemKind::WrongPassword,
            Self::NoSession => ProblemKind::NoSession,
            Self::NotForGuests => ProblemKind::Forbidden,
            Self::ContactOfWhom
            | Self::ContactWithoutName
            | Self::ContactNote { .. }
            | Self::TooManyGroups { .. }
            | Self::PresenceNote { .. } => ProblemKind::BadRequest,
            Self::ContactKnown { .. }
            | Self::TooManyContacts { .. }
            | Self::NoGuestNumber
            | Self::NoGuest => ProblemKind::Conflict,
            Self::Disabled => ProblemKind::AccountDisabled,
            Self::TooManyAttempts { .. } => ProblemKind::TooManyAttempts,
            Self::Hash(HashError::Failed(_)) | Self::Export { .. } | Self::Store(_) => {
                ProblemKind::Internal
            }
        }
    }
}
