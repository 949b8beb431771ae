//! One's phones and sign-ins on the terminal: seeing them, and taking one away.

use std::io::Write;

use api::{Device, SessionView};

use super::desk::{Desk, Left};
use crate::web::{Errand, ProfileErrand, Reply};

/// The phones of the account, each to be taken away.
pub(super) async fn devices<W: Write>(desk: &mut Desk<W>) -> Result<(), Left> {
    loop {
        let Some(sessions) = sessions(desk).await else {
            return Ok(());
        };
        let Some(Reply::Devices(devices)) = desk.errand_or_say(Errand::Devices).await else {
            return Ok(());
        };
        let own = sessions.iter().find(|session| session.is_this);
        let own = own.and_then(|session| session.device.as_deref());
        let lines: Vec<String> = devices
            .iter()
            .map(|device| device_line(device, own))
            .collect();
        let Some(at) = choose(
            desk,
            "Your devices; the number of one takes it away",
            &lines,
        )
        .await?
        else {
            return Ok(());
        };
        let Some(device) = devices.get(at) else {
            continue;
        };
        if own == Some(device.login.as_str()) {
            desk.say("This is the one that you are at: sign out instead.");
            continue;
        }
        if sure(desk, &device.label).await? {
            let login = device.login.clone();
            if desk
                .errand_or_say(Errand::RevokeDevice { login })
                .await
                .is_some()
            {
                desk.say("It cannot register any more.");
            }
        }
    }
}

/// Where the account is signed in, each to be ended.
pub(super) async fn sign_ins<W: Write>(desk: &mut Desk<W>) -> Result<(), Left> {
    loop {
        let Some(sessions) = sessions(desk).await else {
            return Ok(());
        };
        let lines: Vec<String> = sessions.iter().map(session_line).collect();
        let Some(at) = choose(desk, "Your sign-ins; the number of one ends it", &lines).await?
        else {
            return Ok(());
        };
        let Some(session) = sessions.get(at) else {
            continue;
        };
        if session.is_this {
            desk.say("This is the one that you are at: sign out instead.");
            continue;
        }
        if sure(desk, &session.label).await? {
            let errand = Errand::Profile(ProfileErrand::EndSession { id: session.id });
            if desk.errand_or_say(errand).await.is_some() {
                desk.say("It has ended, and its device cannot register any more.");
            }
        }
    }
}

async fn sessions<W: Write>(desk: &mut Desk<W>) -> Option<Vec<SessionView>> {
    let errand = Errand::Profile(ProfileErrand::Sessions);
    match desk.errand_or_say(errand).await? {
        Reply::Sessions(sessions) => Some(sessions),
        _ => None,
    }
}

/// The place of the one that was chosen.
async fn choose<W: Write>(
    desk: &mut Desk<W>,
    title: &str,
    lines: &[String],
) -> Result<Option<usize>, Left> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    Ok(desk.choose(title, &lines, "Back").await?.checked_sub(1))
}

async fn sure<W: Write>(desk: &mut Desk<W>, label: &str) -> Result<bool, Left> {
    let answer = desk
        .ask(&format!("Take “{label}” away? Type yes or no:"))
        .await?;
    Ok(answer.eq_ignore_ascii_case("yes"))
}

fn device_line(device: &Device, own: Option<&str>) -> String {
    let seen = match device.last_seen_at.as_deref() {
        Some(time) => format!("last seen {}", minute(time)),
        None => "never seen".to_owned(),
    };
    let this = match own == Some(device.login.as_str()) {
        true => ", this one",
        false => "",
    };
    format!("{}  {}, {seen}{this}", device.login, device.label)
}

fn session_line(session: &SessionView) -> String {
    let this = match session.is_this {
        true => ", this one",
        false => "",
    };
    let device = session.device.as_deref().unwrap_or("no phone");
    let since = minute(&session.created_at);
    format!("{}, since {since}, {device}{this}", session.label)
}

/// The day and minute of the server's time.
pub(crate) fn minute(time: &str) -> String {
    time.get(..16).unwrap_or(time).replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_says_what_it_is_when_it_was_seen_and_whether_it_is_this_one() {
        let mut device = Device {
            login: "d-1".into(),
            label: "desk".into(),
            created_at: "2026-11-20T00:00:00Z".into(),
            last_seen_at: Some("2026-11-21T14:05:09Z".into()),
        };
        let line = device_line(&device, Some("d-1"));
        assert_eq!(line, "d-1  desk, last seen 2026-11-21 14:05, this one");
        device.last_seen_at = None;
        assert_eq!(device_line(&device, None), "d-1  desk, never seen");
    }
}
