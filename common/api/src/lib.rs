//! The wire types of the HTTP interface, shared by server and softphone, and the rules for names, passwords and
//! numbers that both sides must agree on.
//!
//! Nothing here reads a clock, a socket or a file. Five layers:
//!
//! * **rules**: [`Username`] (with its [`Skeleton`]), [`Password`], [`DisplayName`], [`DeviceLabel`], [`Number`],
//!   [`PictureFormat`]. A value of such a type has passed its rule; a refusal is an error whose text tells a person
//!   what to change. Names of files are not refused but made safe: [`safe_file_name`].
//! * **messages**: [`LoginRequest`], [`LoginAnswer`], [`Health`] and the others, one file a group of routes, in JSON as
//!   the field names say. With the feature `openapi` each describes itself for the OpenAPI document.
//! * **rooms**: [`room`], what conversations are told in, over HTTP and over WebSocket.
//! * **live rooms**: [`LiveFrame`], [`LiveSpeech`] and what belongs to them, the one format here that is not HTTP.
//! * **errors**: [`Problem`], the `application/problem+json` body (RFC 9457) of every answer that is not a success.
//!
//! ```
//! use api::{Number, Username};
//!
//! assert_eq!(Username::parse("Alice")?.as_str(), "alice");
//! assert_eq!(Username::parse("1lice").unwrap_err().to_string(), "A username starts with a letter from a to z.");
//! assert_eq!(Number::parse("+49 (30) 1234-56")?.as_str(), "+4930123456");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admin;
mod admin_calls;
mod admin_plan;
mod call_completion;
mod call_quality;
mod call_record;
mod call_settings;
mod common_passwords;
mod contact;
mod device;
mod dial_plan;
mod directory;
mod display_name;
mod event;
mod file;
mod file_name;
mod guest;
mod health;
mod hex;
mod identity;
mod invitation;
mod lease;
mod live_room;
mod login;
mod me;
mod number;
mod number_plan;
mod page;
mod password;
mod pattern;
mod picture;
mod pool;
mod presence;
mod problem;
mod ring_group;
pub mod room;
mod server_facts;
mod session;
mod setup_link;
mod sign_up;
mod skeleton;
mod username;
mod voicemail;

pub use admin::{AccountChange, AdminAccount, AuditLine, NewAccountRequest, PasswordReset};
pub use admin_calls::{AdminCall, CallParty, LiveCall, LiveCalls};
pub use admin_plan::{
    AdminNumber, AssignNumberRequest, NumberHistoryLine, PoolRequest, PoolView,
    ReserveNumberRequest, SwapAnswer, SwapRequest,
};
pub use call_completion::{CallCompletion, NewCallCompletion};
pub use call_quality::{CallQuality, Mos};
pub use call_record::{CallRecord, Direction, Peer};
pub use call_settings::{CallSettings, RingOrder};
pub use contact::{Contact, ContactEntry};
pub use device::{Device, DeviceName, NewDeviceAnswer};
pub use dial_plan::DialPlan;
pub use directory::DirectoryEntry;
pub use display_name::{DeviceLabel, DisplayName, TextRefused};
pub use event::{EVENTS_PATH, Event};
pub use file::{FILES_PATH, StoredFile};
pub use file_name::{safe_file_name, split_ending};
pub use guest::{GUESTS_PATH, GuestRequest, UpgradeRequest};
pub use health::Health;
pub use hex::hex;
pub use identity::{AccountId, AccountKind, DeviceId, Role};
pub use invitation::{InvitationRequest, InvitationView, NewInvitationAnswer};
pub use lease::{AfterChange, NumberState, OnCall};
pub use live_room::{
    LIVE_ANSWER, LIVE_DATAGRAM, LIVE_HEADER, LIVE_NAME, LIVE_REQUEST, LIVE_TEXT, LIVE_TOKEN,
    LiveEntry, LiveFrame, LiveHeader, LiveHeard, LiveKind, LiveLeave, LiveList, LiveOperation,
    LiveRefused, LiveRoom, LiveSeat, LiveSpeech, LiveState, LiveStatus, LiveVerdict,
};
pub use login::{Account, DeviceCredential, LOGIN_PATH, LoginAnswer, LoginRequest, SipService};
pub use me::{Erasure, Me, MeChange, PasswordChange, UsernameChange};
pub use number::{Number, NumberRefused};
pub use number_plan::{
    ChangeNumberRequest, NumberChangedAnswer, NumberOffer, NumberPatch, OwnNumber,
    TakeNumberRequest,
};
pub use page::Paged;
pub use password::{Password, PasswordRefused};
pub use pattern::NumberPattern;
pub use picture::{PictureFormat, PictureRefused};
pub use pool::{NumberRange, PoolPolicy, PoolPurpose, RangeRefused};
pub use presence::{
    ChosenState, OwnPresence, PresenceChange, PresenceState, PresenceView, Visibility,
};
pub use problem::{Problem, ProblemKind};
pub use ring_group::{GroupMember, RingGroup, RingGroupChange, RingGroupRequest};
pub use server_facts::{SERVER_PATH, ServerFacts, SignUp};
pub use session::{RefreshRequest, SessionId, SessionView, Tokens};
pub use setup_link::{SetupLink, SetupLinkRefused};
pub use sign_up::{ACCOUNTS_PATH, SignUpRequest, UsernameCheck};
pub use skeleton::Skeleton;
pub use username::{Username, UsernameRefused};
pub use voicemail::{
    VOICEMAIL_GREETING_PATH, VOICEMAILS_PATH, Voicemail, VoicemailCaller, VoicemailChange,
    VoicemailSettings,
};
