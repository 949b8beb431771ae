//! `number`, `account`, `contacts`, `sign-out`: what a script has the server do for whoever signs in.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use api::{ContactEntry, Number, OnCall, PictureFormat, SessionId};
use serde_json::json;

use super::password_file;
use super::runner::{Outcome, Runner};
use crate::cli::{AccountVerb, CallBackVerb, ContactsVerb, NumberVerb, OldNumber};
use crate::engine::{Command, Password, Problem};
use crate::web::{Errand, Picture, ProfileErrand, Reply};

pub(super) async fn number<W: Write>(
    runner: &mut Runner<'_, W>,
    verb: NumberVerb,
) -> Result<Outcome, Problem> {
    let errand = match verb {
        NumberVerb::Show => Errand::Me,
        NumberVerb::Free { near } => Errand::FreeNumbers {
            near: near.as_deref().map(parse_number).transpose()?,
        },
        NumberVerb::Change { number, old } => Errand::ChangeNumber {
            to: parse_number(&number)?,
            old: match old {
                OldNumber::Forward => OnCall::Forward,
                OldNumber::Moved => OnCall::Moved,
                OldNumber::Gone => OnCall::Gone,
            },
        },
    };
    run(runner, errand).await
}

pub(super) async fn account<W: Write>(
    runner: &mut Runner<'_, W>,
    verb: AccountVerb,
) -> Result<Outcome, Problem> {
    let errand = match verb {
        AccountVerb::Upgrade {
            username,
            new_password_file,
            display_name,
        } => Errand::Upgrade {
            username,
            password: password(&new_password_file)?,
            display_name,
        },
        AccountVerb::Rename { username } => Errand::ChangeUsername { username },
        AccountVerb::Password {
            old_password_file,
            new_password_file,
        } => Errand::ChangePassword {
            old: password(&old_password_file)?,
            new: password(&new_password_file)?,
        },
        AccountVerb::Devices => Errand::Devices,
        AccountVerb::Revoke { login } => Errand::RevokeDevice { login },
        AccountVerb::DisplayName { text } => Errand::Profile(ProfileErrand::DisplayName(text)),
        AccountVerb::Picture { file, .. } => Errand::Profile(match file {
            Some(file) => ProfileErrand::Picture(picture(&file)?),
            None => ProfileErrand::RemovePicture,
        }),
        AccountVerb::Sessions => Errand::Profile(ProfileErrand::Sessions),
        AccountVerb::EndSession { id } => {
            let id = SessionId(id);
            Errand::Profile(ProfileErrand::EndSession { id })
        }
        AccountVerb::Delete {
            confirm_password_file,
        } => {
            let file = confirm_password_file.as_deref();
            let password = file.map(password).transpose()?;
            Errand::Profile(ProfileErrand::Erase { password })
        }
    };
    run(runner, errand).await
}

pub(super) async fn contacts<W: Write>(
    runner: &mut Runner<'_, W>,
    verb: ContactsVerb,
) -> Result<Outcome, Problem> {
    let errand = match verb {
        ContactsVerb::List => Errand::Contacts,
        ContactsVerb::Add {
            number,
            name,
            favourite,
        } => Errand::AddContact(ContactEntry {
            number: Some(number),
            name,
            is_favourite: favourite,
            ..ContactEntry::default()
        }),
        ContactsVerb::Remove { id } => Errand::RemoveContact { id },
        ContactsVerb::Directory { query } => Errand::Directory { query },
    };
    run(runner, errand).await
}

pub(super) async fn call_back<W: Write>(
    runner: &mut Runner<'_, W>,
    verb: CallBackVerb,
) -> Result<Outcome, Problem> {
    let errand = match verb {
        CallBackVerb::From { target } => Errand::CallBack { dialled: target },
        CallBackVerb::List => Errand::CallBacks,
        CallBackVerb::Cancel { id } => Errand::CancelCallBack { id },
    };
    run(runner, errand).await
}

/// Ends the sign-in at the server, and forgets what is kept of it.
pub(super) async fn sign_out<W: Write>(runner: &mut Runner<'_, W>) -> Result<Outcome, Problem> {
    if let Err(signal) = runner.registered().await? {
        return Ok(Outcome::Interrupted(signal));
    }
    runner.send(Command::SignOut)?;
    runner.signed_out().await
}

async fn run<W: Write>(runner: &mut Runner<'_, W>, errand: Errand) -> Result<Outcome, Problem> {
    if let Err(signal) = runner.registered().await? {
        return Ok(Outcome::Interrupted(signal));
    }
    let reply = match runner.errand(errand).await? {
        Ok(reply) => reply,
        Err(signal) => return Ok(Outcome::Interrupted(signal)),
    };
    match reply {
        Reply::Me(me) => runner.tell("account", json!(me)),
        Reply::FreeNumbers(numbers) => runner.tell("free_numbers", json!({ "numbers": numbers })),
        Reply::Devices(devices) => {
            for device in devices {
                runner.tell("device", json!(device));
            }
        }
        Reply::Contacts(contacts) => {
            for contact in contacts {
                runner.tell("contact", json!(contact));
            }
        }
        Reply::Contact(contact) => runner.tell("contact", json!(contact)),
        Reply::Directory(people) => {
            for person in people {
                runner.tell("person", json!(person));
            }
        }
        Reply::CallBacks(waiting) => {
            for one in waiting {
                runner.tell("call_back", json!(one));
            }
        }
        Reply::Sessions(sessions) => {
            for session in sessions {
                runner.tell("session", json!(session));
            }
        }
        Reply::ContactRemoved(_) | Reply::Done | Reply::Erased => runner.tell("done", json!({})),
        Reply::Calls(_)
        | Reply::CallSettings(_)
        | Reply::OwnPresence(_)
        | Reply::Presences(_)
        | Reply::Server(_)
        | Reply::Username(_)
        | Reply::Voicemails(_)
        | Reply::Recording(_) => {}
    }
    Ok(Outcome::Done)
}

fn parse_number(text: &str) -> Result<Number, Problem> {
    Number::parse(text).map_err(|error| Problem {
        code: "bad-number",
        sentence: format!("“{text}” is not a number: {error}"),
    })
}

/// The picture in a file. No more of the file is read than a picture may have.
///
/// # Errors
/// If it cannot be read, or is no picture as the server takes it.
pub(crate) fn picture(path: &Path) -> Result<Picture, Problem> {
    let read = || -> std::io::Result<Vec<u8>> {
        let most = PictureFormat::MAX_BYTES as u64 + 1;
        let mut content = Vec::new();
        File::open(path)?.take(most).read_to_end(&mut content)?;
        Ok(content)
    };
    let content = read().map_err(|error| Problem {
        code: "no-picture",
        sentence: format!("{} cannot be read: {error}.", path.display()),
    })?;
    Picture::new(content.into()).map_err(|error| Problem {
        code: "bad-picture",
        sentence: error.to_string(),
    })
}

fn password(path: &Path) -> Result<Password, Problem> {
    password_file::read(path)
}
