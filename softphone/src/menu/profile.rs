//! One's profile on the terminal: names, number, password, picture, presence, devices, and the account's end.

use std::io::Write;
use std::path::Path;

use api::{ChosenState, Number, OnCall, OwnPresence, PresenceChange, Visibility};

use super::desk::{Desk, Left};
use super::devices;
use crate::engine::{AccountSummary, Registration};
use crate::headless::picture;
use crate::web::{Errand, ProfileErrand, Reply};

pub(super) async fn show<W: Write>(desk: &mut Desk<W>) -> Result<(), Left> {
    loop {
        let Some(account) = desk.account().cloned() else {
            return Ok(());
        };
        let title = title(&account);
        let choices = [
            "Another name to sign in with",
            "Another number",
            "Another password",
            "My devices",
            "Another name for others to see",
            "My picture",
            "How I am, and who may see it",
            "My sign-ins",
            "Delete my account",
        ];
        match desk.choose(&title, &choices, "Back").await? {
            1 => {
                let username = desk.ask("The name from now on:").await?;
                let errand = Errand::ChangeUsername { username };
                done(desk, errand, "You sign in with it from now on.").await;
            }
            2 => number(desk).await?,
            3 => {
                let old = desk.ask_password("The present password:").await?.into();
                let new = desk.ask_password("The password from now on:").await?.into();
                let errand = Errand::ChangePassword { old, new };
                done(desk, errand, "It is changed; other sign-ins have ended.").await;
            }
            4 => devices::devices(desk).await?,
            5 => {
                let name = desk.ask("What others shall see:").await?;
                let errand = Errand::Profile(ProfileErrand::DisplayName(name));
                done(desk, errand, "Others see it from now on.").await;
            }
            6 => own_picture(desk).await?,
            7 => presence(desk).await?,
            8 => devices::sign_ins(desk).await?,
            9 => erase(desk, &account).await?,
            _ => return Ok(()),
        }
    }
}

fn title(account: &AccountSummary) -> String {
    format!(
        "{}: name {}, number {}",
        account.display_name,
        account.name,
        account.number.as_deref().unwrap_or("none")
    )
}

async fn number<W: Write>(desk: &mut Desk<W>) -> Result<(), Left> {
    if let Some(Reply::FreeNumbers(free)) =
        desk.errand_or_say(Errand::FreeNumbers { near: None }).await
    {
        let free: Vec<&str> = free.iter().map(|number| number.as_str()).collect();
        desk.say(format!("Free are {}.", free.join(", ")));
    }
    let wanted = desk.ask("The number from now on:").await?;
    match Number::parse(&wanted) {
        Ok(to) => {
            let old = OnCall::Forward;
            let errand = Errand::ChangeNumber { to, old };
            done(desk, errand, "It is yours; the old one leads to it.").await;
        }
        Err(error) => desk.say(format!("“{wanted}” is not a number: {error}")),
    }
    Ok(())
}

async fn own_picture<W: Write>(desk: &mut Desk<W>) -> Result<(), Left> {
    let choices = ["Take one out of a file", "Have none"];
    match desk.choose("Your picture", &choices, "Back").await? {
        1 => {
            let path = desk.ask("The file (PNG, JPEG or WebP):").await?;
            match picture(Path::new(&path)) {
                Ok(picture) => {
                    let errand = Errand::Profile(ProfileErrand::Picture(picture));
                    done(desk, errand, "Others see it from now on.").await;
                }
                Err(problem) => desk.say(&problem.sentence),
            }
        }
        2 => {
            let errand = Errand::Profile(ProfileErrand::RemovePicture);
            done(desk, errand, "It is gone.").await;
        }
        _ => {}
    }
    Ok(())
}

const STATES: [(ChosenState, &str); 5] = [
    (ChosenState::Available, "Available"),
    (ChosenState::Away, "Away"),
    (ChosenState::Busy, "Busy"),
    (
        ChosenState::DoNotDisturb,
        "Not to be disturbed: no phone rings",
    ),
    (ChosenState::Invisible, "Offline for everybody else"),
];

const VIEWERS: [(Visibility, &str); 3] = [
    (Visibility::Everyone, "Everybody with an account"),
    (Visibility::Contacts, "My contacts"),
    (Visibility::Nobody, "Nobody"),
];

async fn presence<W: Write>(desk: &mut Desk<W>) -> Result<(), Left> {
    loop {
        let Some(Reply::OwnPresence(own)) = desk.errand_or_say(Errand::OwnPresence).await else {
            return Ok(());
        };
        let choices = ["Another state", "Other words beside it", "Who may see it"];
        let change = match desk.choose(&presence_words(&own), &choices, "Back").await? {
            1 => {
                let chosen = one_of(desk, "How are you?", &STATES).await?;
                chosen.map(|state| PresenceChange {
                    state: Some(state),
                    ..PresenceChange::default()
                })
            }
            2 => Some(PresenceChange {
                note: Some(desk.ask("The words (empty for none):").await?),
                ..PresenceChange::default()
            }),
            3 => {
                let chosen = one_of(desk, "Who may see how you are?", &VIEWERS).await?;
                chosen.map(|visibility| PresenceChange {
                    visibility: Some(visibility),
                    ..PresenceChange::default()
                })
            }
            _ => return Ok(()),
        };
        if let Some(change) = change {
            desk.errand_or_say(Errand::SetPresence(change)).await;
        }
    }
}

fn presence_words(own: &OwnPresence) -> String {
    let state = STATES.iter().find(|(state, _)| *state == own.state);
    let viewers = VIEWERS
        .iter()
        .find(|(viewers, _)| *viewers == own.visibility);
    let words = |found: Option<&'static str>| found.unwrap_or_default();
    let note = match own.note.is_empty() {
        true => String::new(),
        false => format!(" (“{}”)", own.note),
    };
    format!(
        "You are: {}{note}. Seen by: {}",
        words(state.map(|(_, words)| *words)),
        words(viewers.map(|(_, words)| *words)),
    )
}

/// What was chosen, if anything.
async fn one_of<W: Write, T: Copy>(
    desk: &mut Desk<W>,
    title: &str,
    choices: &[(T, &str)],
) -> Result<Option<T>, Left> {
    let words: Vec<&str> = choices.iter().map(|(_, words)| *words).collect();
    let chosen = desk.choose(title, &words, "Back").await?.checked_sub(1);
    Ok(chosen.and_then(|at| choices.get(at)).map(|(one, _)| *one))
}

/// Nobody does this by mistake: one's name has to be typed, and the password.
async fn erase<W: Write>(desk: &mut Desk<W>, account: &AccountSummary) -> Result<(), Left> {
    desk.say(
        "Your account, your devices, contacts and voicemails go for ever, here and on the server. What you have said stays \
         with those whom you have said it to. Your number and your name rest before anybody else can have them.",
    );
    let prompt = format!("Type “{}” if you want that:", account.name);
    if desk.ask(&prompt).await? != account.name {
        desk.say("Nothing was deleted.");
        return Ok(());
    }
    let password = match account.is_guest {
        true => None,
        false => Some(desk.ask_password("Your password:").await?.into()),
    };
    let errand = Errand::Profile(ProfileErrand::Erase { password });
    if desk.errand_or_say(errand).await.is_some() {
        desk.until(|desk| matches!(desk.registration, Registration::SignedOut))
            .await;
        desk.say("Your account is deleted.");
    }
    Ok(())
}

async fn done<W: Write>(desk: &mut Desk<W>, errand: Errand, words: &str) {
    if let Some(reply) = desk.errand_or_say(errand).await {
        if let Reply::Me(me) = reply {
            desk.until(|desk| {
                let account = desk.account();
                account.is_none_or(|account| {
                    account.name == me.name && account.display_name == me.display_name
                })
            })
            .await;
        }
        desk.say(words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_one_is_stands_there_in_words() {
        let own = OwnPresence {
            state: ChosenState::Away,
            note: "at lunch".into(),
            visibility: Visibility::Contacts,
            since: None,
        };
        let words = presence_words(&own);
        assert_eq!(words, "You are: Away (“at lunch”). Seen by: My contacts");
    }
}
