//! Signing in, signing up, coming as a guest; then the main menu.

use std::io::Write;

use super::desk::{Desk, Left};
use super::{letters, profile};
use crate::cli::MenuArguments;
use crate::engine::{Command, Registration};
use crate::keep::SignIn;
use crate::web::NewAccount;

pub(super) async fn enter<W: Write>(
    desk: &mut Desk<W>,
    arguments: MenuArguments,
    kept: Option<SignIn>,
) -> Result<(), Left> {
    let is_meant = |kept: &SignIn| {
        let login = arguments.login.as_ref();
        arguments.server.is_none()
            && login.is_none_or(|login| login.eq_ignore_ascii_case(&kept.answer.account.name))
    };
    if kept.as_ref().is_some_and(is_meant) {
        come_in(desk, Command::Resume).await?;
    }
    loop {
        if desk.account().is_some() {
            if main_menu(desk).await? {
                return Ok(());
            }
            continue;
        }
        let choices = ["Sign in", "Make an account", "Come as a guest"];
        let command = match desk.choose("Carillon", &choices, "Leave").await? {
            1 => {
                let server = server(desk, &arguments).await?;
                let name = match &arguments.login {
                    Some(login) => login.clone(),
                    None => desk.ask("Name:").await?,
                };
                let password = desk.ask_password("Password:").await?.into();
                Command::SignIn {
                    server,
                    name,
                    password,
                }
            }
            2 => {
                let server = server(desk, &arguments).await?;
                let username = desk.ask("Name that you want:").await?;
                let password = desk.ask_password("Password:").await?;
                let display_name = desk.ask("What others shall see (may be empty):").await?;
                let invitation = desk.ask("Invitation code (may be empty):").await?;
                let text = |text: String| (!text.is_empty()).then_some(text);
                let account = NewAccount {
                    username,
                    password: password.into(),
                    display_name: text(display_name),
                    invitation: text(invitation),
                };
                Command::SignUp { server, account }
            }
            3 => {
                let server = server(desk, &arguments).await?;
                let name = desk.ask("What others shall see (may be empty):").await?;
                Command::SignInAsGuest {
                    server,
                    display_name: (!name.is_empty()).then_some(name),
                }
            }
            _ => return Ok(()),
        };
        come_in(desk, command).await?;
    }
}

async fn server<W: Write>(desk: &mut Desk<W>, arguments: &MenuArguments) -> Result<String, Left> {
    match &arguments.server {
        Some(server) => Ok(server.clone()),
        None => desk.ask("Server's address:").await,
    }
}

/// Comes in, after asking whether an unknown certificate is believed.
async fn come_in<W: Write>(desk: &mut Desk<W>, command: Command) -> Result<(), Left> {
    for _ in 0..2 {
        desk.stranger = None;
        desk.registration = Registration::SigningIn;
        desk.send(command.clone());
        desk.until(|desk| {
            matches!(
                desk.registration,
                Registration::Registered(_)
                    | Registration::Retrying { .. }
                    | Registration::Failed(_)
                    | Registration::SignedOut
            )
        })
        .await;
        let words = desk.registration.words();
        let Some((server, fingerprint)) = desk.stranger.take() else {
            desk.say(words);
            return Ok(());
        };
        desk.say(format!(
            "Nobody vouches for {server}. Its certificate has the SHA-256 fingerprint\n  {fingerprint}\n\
             Compare it with what the server's administrator says (callctl status)."
        ));
        let answer = desk.ask("Is it the same? Type yes or no:").await?;
        if !answer.eq_ignore_ascii_case("yes") {
            return Ok(());
        }
        desk.send(Command::Trust {
            server,
            fingerprint,
        });
    }
    Ok(())
}

/// `true` when somebody leaves.
async fn main_menu<W: Write>(desk: &mut Desk<W>) -> Result<bool, Left> {
    let title = match desk.account() {
        Some(account) => {
            let number = account.number.as_deref().unwrap_or("no number");
            format!("{} ({number})", account.display_name)
        }
        None => return Ok(false),
    };
    let conversations = match desk.archive.unread() {
        0 => "Conversations".to_owned(),
        unread => format!("Conversations ({unread} unread)"),
    };
    let choices = [
        conversations.as_str(),
        "Write to somebody",
        "Find in messages",
        "My profile",
        "Sign out",
    ];
    match desk
        .choose(&title, &choices, "Leave, and stay signed in")
        .await?
    {
        1 => letters::list(desk).await?,
        2 => letters::write(desk).await?,
        3 => letters::find(desk).await?,
        4 => profile::show(desk).await?,
        5 => {
            desk.send(Command::SignOut);
            desk.until(|desk| matches!(desk.registration, Registration::SignedOut))
                .await;
            desk.say("Signed out.");
        }
        _ => return Ok(true),
    }
    Ok(false)
}
