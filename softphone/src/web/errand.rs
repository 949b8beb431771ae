//! What can be asked of the server, one errand each, and what comes back.

use api::room::RoomId;
use api::{
    CallCompletion, CallRecord, CallSettings, ChangeNumberRequest, Contact, ContactEntry, Device,
    DirectoryEntry, Me, NewCallCompletion, Number, OnCall, OwnPresence, Paged, PasswordChange,
    PresenceChange, PresenceView, SERVER_PATH, ServerFacts, SessionView, UpgradeRequest,
    UsernameChange, UsernameCheck, Voicemail,
};
use bytes::Bytes;
use serde::de::IgnoredAny;
use sip_tokio::Fingerprint;

use super::connection::Question;
use super::{
    Connection, ME_PATH, ProfileErrand, ServerAddress, Session, VoicemailErrand, WebError, encoded,
};
use crate::engine::{Password, Problem};

/// Something that a person wants of the server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Errand {
    /// How our account looks today.
    Me,
    /// Free numbers near one, or anywhere.
    FreeNumbers {
        /// What the wanted number begins with or is near to.
        near: Option<Number>,
    },
    /// Another number instead of ours.
    ChangeNumber {
        /// The number that is wanted.
        to: Number,
        /// What those get who call the old one.
        old: OnCall,
    },
    /// The guest becomes an account and keeps everything.
    Upgrade {
        /// The username that is wanted.
        username: String,
        /// The password.
        password: Password,
        /// What others shall see from now on.
        display_name: Option<String>,
    },
    /// Another username.
    ChangeUsername {
        /// The username that is wanted.
        username: String,
    },
    /// Another password; ends the account's other sign-ins.
    ChangePassword {
        /// The present one.
        old: Password,
        /// The one from now on.
        new: Password,
    },
    /// The devices of our account.
    Devices,
    /// A device that shall not register any more.
    RevokeDevice {
        /// Its SIP login.
        login: String,
    },
    /// The people whom we have written down.
    Contacts,
    /// One more of them.
    AddContact(ContactEntry),
    /// Another name, note or star for one of them.
    ChangeContact {
        /// Which.
        id: i64,
        /// How it shall be.
        entry: ContactEntry,
    },
    /// One less.
    RemoveContact {
        /// Which.
        id: i64,
    },
    /// Who can be called.
    Directory {
        /// Part of a name or number.
        query: String,
    },
    /// Past calls, the latest first.
    Calls {
        /// At most so many.
        limit: usize,
    },
    /// How calls to us are treated.
    CallSettings,
    /// Have calls to us treated in another way.
    SetCallSettings(Box<CallSettings>),
    /// What we tell about ourselves.
    OwnPresence,
    /// Tell something else about ourselves. What is missing stays.
    SetPresence(PresenceChange),
    /// How those are whom we may see.
    Presences,
    /// Something about messages that callers left.
    Voicemail(VoicemailErrand),
    /// Something about our own account.
    Profile(ProfileErrand),
    /// Whom we wait for: they were busy, and we are called when they are free.
    CallBacks,
    /// Wait for somebody.
    CallBack {
        /// Whom.
        dialled: String,
    },
    /// Wait no more.
    CancelCallBack {
        /// For whom.
        id: u64,
    },
    /// Our copy of a conversation is not wanted any more; the others keep theirs.
    ForgetConversation {
        /// Which.
        room: RoomId,
    },
}

/// What came of an errand.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// It is done, and there is nothing to tell.
    Done,
    /// How our account looks now.
    Me(Me),
    /// Numbers that can be had, the nearest first.
    FreeNumbers(Vec<Number>),
    /// The devices of our account.
    Devices(Vec<Device>),
    /// Where our account is signed in.
    Sessions(Vec<SessionView>),
    /// Our account is no more.
    Erased,
    /// All contacts.
    Contacts(Vec<Contact>),
    /// One contact, as it is now.
    Contact(Contact),
    /// A contact that is gone.
    ContactRemoved(i64),
    /// Who can be called.
    Directory(Vec<DirectoryEntry>),
    /// Past calls.
    Calls(Vec<CallRecord>),
    /// How calls to us are treated.
    CallSettings(Box<CallSettings>),
    /// What we tell about ourselves, as it is now.
    OwnPresence(OwnPresence),
    /// How people are.
    Presences(Vec<PresenceView>),
    /// What a server offers.
    Server(Box<ServerFacts>),
    /// Whether a username can be had.
    Username(UsernameCheck),
    /// Whom we wait for.
    CallBacks(Vec<CallCompletion>),
    /// Messages that callers left, the newest first.
    Voicemails(Vec<Voicemail>),
    /// A recording, as Ogg Opus.
    Recording(Bytes),
}

/// Why an errand came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What went wrong.
    pub problem: Problem,
    /// What could be had instead: free numbers near one that is taken.
    pub alternatives: Vec<String>,
}

impl From<WebError> for Refused {
    fn from(error: WebError) -> Self {
        Self {
            alternatives: error.alternatives().to_vec(),
            problem: error.into(),
        }
    }
}

/// More pages than this is no list that somebody looks through.
const PAGES: usize = 50;
/// People of the directory that are shown for one search.
const FOUND: usize = 50;

impl Errand {
    /// Runs it under a sign-in.
    ///
    /// # Errors
    /// [`WebError`], a sentence for the person.
    pub async fn run(self, session: &Session) -> Result<Reply, WebError> {
        match self {
            Self::Me => me(session).await,
            Self::FreeNumbers { near } => {
                let path = match near {
                    Some(near) => format!("/api/v1/numbers?near={}", encoded(near.as_str())),
                    None => "/api/v1/numbers".to_owned(),
                };
                let free: Paged<Number> = session.ask(&Question::get(path)).await?;
                Ok(Reply::FreeNumbers(free.items))
            }
            Self::ChangeNumber { to, old } => {
                let request = ChangeNumberRequest {
                    number: to,
                    from: None,
                    on_call: old,
                    forward_to: None,
                };
                done(session, Question::put("/api/v1/me/number", &request)).await?;
                me(session).await
            }
            Self::Upgrade {
                username,
                password,
                display_name,
            } => {
                let request = UpgradeRequest {
                    username,
                    password: password.reveal().to_owned(),
                    display_name,
                };
                done(session, Question::post("/api/v1/me/upgrade", &request)).await?;
                me(session).await
            }
            Self::ChangeUsername { username } => {
                let request = UsernameChange { username };
                done(session, Question::put("/api/v1/me/username", &request)).await?;
                me(session).await
            }
            Self::ChangePassword { old, new } => {
                let request = PasswordChange {
                    old_password: old.reveal().to_owned(),
                    new_password: new.reveal().to_owned(),
                };
                done(session, Question::put("/api/v1/me/password", &request)).await?;
                Ok(Reply::Done)
            }
            Self::Devices => Ok(Reply::Devices(
                all(session, "/api/v1/me/devices", usize::MAX).await?,
            )),
            Self::RevokeDevice { login } => {
                let path = format!("/api/v1/me/devices/{}", encoded(&login));
                done(session, Question::delete(path)).await?;
                Ok(Reply::Done)
            }
            Self::Contacts => Ok(Reply::Contacts(
                all(session, "/api/v1/me/contacts", usize::MAX).await?,
            )),
            Self::AddContact(entry) => {
                let question = Question::post("/api/v1/me/contacts", &entry);
                Ok(Reply::Contact(session.ask(&question).await?))
            }
            Self::ChangeContact { id, entry } => {
                let question = Question::put(format!("/api/v1/me/contacts/{id}"), &entry);
                Ok(Reply::Contact(session.ask(&question).await?))
            }
            Self::RemoveContact { id } => {
                let path = format!("/api/v1/me/contacts/{id}");
                done(session, Question::delete(path)).await?;
                Ok(Reply::ContactRemoved(id))
            }
            Self::Directory { query } => {
                let path = format!("/api/v1/directory?query={}", encoded(&query));
                Ok(Reply::Directory(all(session, &path, FOUND).await?))
            }
            Self::CallSettings => {
                let question = Question::get("/api/v1/me/call-settings");
                Ok(Reply::CallSettings(Box::new(session.ask(&question).await?)))
            }
            Self::SetCallSettings(settings) => {
                let question = Question::put("/api/v1/me/call-settings", &settings);
                Ok(Reply::CallSettings(Box::new(session.ask(&question).await?)))
            }
            Self::OwnPresence => {
                let question = Question::get("/api/v1/me/presence");
                Ok(Reply::OwnPresence(session.ask(&question).await?))
            }
            Self::SetPresence(change) => {
                let question = Question::put("/api/v1/me/presence", &change);
                Ok(Reply::OwnPresence(session.ask(&question).await?))
            }
            Self::Presences => Ok(Reply::Presences(
                all(session, "/api/v1/presence", usize::MAX).await?,
            )),
            Self::CallBacks => {
                let path = "/api/v1/me/call-completions";
                Ok(Reply::CallBacks(all(session, path, usize::MAX).await?))
            }
            Self::CallBack { dialled } => {
                let wish = NewCallCompletion {
                    dialled: Some(dialled),
                };
                let question = Question::post("/api/v1/me/call-completions", &wish);
                Ok(Reply::CallBacks(vec![session.ask(&question).await?]))
            }
            Self::CancelCallBack { id } => {
                let path = format!("/api/v1/me/call-completions/{id}");
                done(session, Question::delete(path)).await?;
                Ok(Reply::Done)
            }
            Self::ForgetConversation { room } => {
                let path = format!("/api/v1/rooms/{}/messages", encoded(room.as_str()));
                done(session, Question::delete(path)).await?;
                Ok(Reply::Done)
            }
            Self::Voicemail(errand) => errand.run(session).await,
            Self::Profile(errand) => errand.run(session).await,
            Self::Calls { limit } => {
                let path = "/api/v1/me/calls?limit=200";
                Ok(Reply::Calls(all(session, path, limit).await?))
            }
        }
    }
}

async fn me(session: &Session) -> Result<Reply, WebError> {
    Ok(Reply::Me(session.ask(&Question::get(ME_PATH)).await?))
}

/// For errands whose answer says no more than its status.
pub(super) async fn done(session: &Session, question: Question) -> Result<(), WebError> {
    session.ask::<IgnoredAny>(&question).await.map(drop)
}

/// The items of all pages, at most so many.
pub(super) async fn all<T: serde::de::DeserializeOwned>(
    session: &Session,
    path: &str,
    most: usize,
) -> Result<Vec<T>, WebError> {
    let mut items = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..PAGES {
        let path = match next {
            None => path.to_owned(),
            Some(after) => {
                let joint = if path.contains('?') { '&' } else { '?' };
                format!("{path}{joint}after={}", encoded(&after))
            }
        };
        let page: Paged<T> = session.ask(&Question::get(path)).await?;
        items.extend(page.items);
        next = page.next;
        if next.is_none() || items.len() >= most {
            break;
        }
    }
    items.truncate(most);
    Ok(items)
}

/// Something that is asked of a server to which nobody is signed in.
#[derive(Clone, Debug)]
pub enum Enquiry {
    /// What it offers to those who are new.
    Offers,
    /// Whether a username can be had.
    Username(String),
}

impl Enquiry {
    /// Asks.
    ///
    /// # Errors
    /// [`WebError`], a sentence for the person.
    pub async fn run(
        self,
        server: ServerAddress,
        trusted: Option<Fingerprint>,
    ) -> Result<Reply, WebError> {
        let connection = Connection::new(server, trusted)?;
        match self {
            Self::Offers => {
                let question = Question::get(SERVER_PATH);
                Ok(Reply::Server(Box::new(
                    connection.ask(&question, None).await?,
                )))
            }
            Self::Username(username) => {
                let path = format!("/api/v1/usernames/{}", encoded(&username));
                let question = Question::get(path);
                Ok(Reply::Username(connection.ask(&question, None).await?))
            }
        }
    }
}
