//! `call-settings`: how calls to the account are treated.

use std::io::Write;

use api::CallSettings;
use serde_json::json;

use super::runner::{Outcome, Runner};
use crate::cli::{CallSettingsChange, CallSettingsVerb};
use crate::engine::Problem;
use crate::web::{Errand, Reply};

pub(super) async fn run<W: Write>(
    runner: &mut Runner<'_, W>,
    verb: CallSettingsVerb,
) -> Result<Outcome, Problem> {
    if let Err(signal) = runner.registered().await? {
        return Ok(Outcome::Interrupted(signal));
    }
    let mut reply = runner.errand(Errand::CallSettings).await?;
    if let (CallSettingsVerb::Set(change), Ok(Reply::CallSettings(settings))) = (verb, &reply) {
        let wanted = changed((**settings).clone(), change);
        reply = runner
            .errand(Errand::SetCallSettings(Box::new(wanted)))
            .await?;
    }
    match reply {
        Ok(Reply::CallSettings(settings)) => runner.tell("call_settings", json!(settings)),
        Ok(_) => {}
        Err(signal) => return Ok(Outcome::Interrupted(signal)),
    }
    Ok(Outcome::Done)
}

/// What nobody dials: it takes a forward away.
const NOBODY: &str = "none";

fn changed(mut settings: CallSettings, change: CallSettingsChange) -> CallSettings {
    let forward = |current: &mut Option<String>, wanted: Option<String>| {
        if let Some(wanted) = wanted {
            *current = Some(wanted).filter(|wanted| wanted != NOBODY);
        }
    };
    forward(&mut settings.forward_always, change.forward_always);
    forward(&mut settings.forward_busy, change.forward_busy);
    forward(&mut settings.forward_no_answer, change.forward_no_answer);
    forward(
        &mut settings.forward_unreachable,
        change.forward_unreachable,
    );
    let set = |current: &mut bool, wanted: Option<bool>| *current = wanted.unwrap_or(*current);
    set(&mut settings.do_not_disturb, change.do_not_disturb);
    set(&mut settings.call_waiting, change.call_waiting);
    set(&mut settings.voicemail.is_on, change.voicemail);
    if let Some(seconds) = change.voicemail_after {
        settings.voicemail.after_seconds = seconds;
    }
    if let Some(seconds) = change.no_answer_seconds {
        settings.no_answer_seconds = seconds;
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays_and_none_takes_a_forward_away() {
        let settings = CallSettings {
            forward_busy: Some("1003".into()),
            forward_always: Some("1004".into()),
            ..CallSettings::default()
        };
        let change = CallSettingsChange {
            do_not_disturb: Some(true),
            forward_always: Some("none".into()),
            forward_no_answer: Some("1005".into()),
            ..CallSettingsChange::default()
        };
        let expected = CallSettings {
            do_not_disturb: true,
            forward_always: None,
            forward_no_answer: Some("1005".into()),
            ..settings.clone()
        };
        assert_eq!(changed(settings, change), expected);
    }
}
