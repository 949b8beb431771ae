//! One's profile on the terminal: name, number, password, devices.

use std::io::Write;

use api::{Number, OnCall};

use super::desk::{Desk, Left};
use crate::engine::AccountSummary;
use crate::web::{Errand, Reply};

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
            4 => {
                if let Some(Reply::Devices(devices)) = desk.errand_or_say(Errand::Devices).await {
                    for device in devices {
                        desk.say(format!("  {}  {}", device.login, device.label));
                    }
                }
            }
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

async fn done<W: Write>(desk: &mut Desk<W>, errand: Errand, words: &str) {
    if let Some(reply) = desk.errand_or_say(errand).await {
        if let Reply::Me(me) = reply {
            desk.until(|desk| desk.account().is_none_or(|account| account.name == me.name))
                .await;
        }
        desk.say(words);
    }
}
