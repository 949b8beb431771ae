//! Presence between the exchange, which knows phones and calls, the database, which knows what people tell and to whom,
//! and those who watch over HTTP.

mod teller;

use api::{AccountId, PresenceState, PresenceView};
use switch::{Chosen, Facts, Seen, Shown, Told};

pub(crate) use teller::{Listeners, Mail, Teller};

use crate::store::PresenceRow;
use crate::times::rfc_3339_seconds;

/// What an account tells, in the switch's words.
pub(crate) fn told(presence: &PresenceRow, is_registered_elsewhere: bool) -> Told {
    use api::ChosenState as State;
    Told {
        chosen: match presence.state {
            State::Available => Chosen::Available,
            State::Away => Chosen::Away,
            State::Busy => Chosen::Busy,
            State::DoNotDisturb => Chosen::DoNotDisturb,
            State::Invisible => Chosen::Invisible,
        },
        note: presence.note.as_str().into(),
        last_seen: presence
            .last_seen_at
            .and_then(|at| u64::try_from(at / 1000).ok()),
        is_registered_elsewhere,
    }
}

/// What somebody sees of an account who may see it.
pub(crate) fn view(
    account: AccountId,
    presence: &PresenceRow,
    facts: &Facts,
    is_registered_elsewhere: bool,
) -> PresenceView {
    let seen = Seen::of(facts, &told(presence, is_registered_elsewhere));
    let state = match seen.shown {
        Shown::Online => PresenceState::Online,
        Shown::Away => PresenceState::Away,
        Shown::Busy => PresenceState::Busy,
        Shown::InACall => PresenceState::InACall,
        Shown::DoNotDisturb => PresenceState::DoNotDisturb,
        Shown::Offline => PresenceState::Offline,
    };
    let is_chosen = matches!(seen.shown, Shown::Away | Shown::Busy | Shown::DoNotDisturb)
        && presence.state != api::ChosenState::Available;
    let last_seen = presence
        .last_seen_at
        .filter(|_| seen.shown == Shown::Offline);
    PresenceView {
        account,
        state,
        note: seen.note.to_string(),
        since: presence
            .changed_at
            .filter(|_| is_chosen)
            .map(rfc_3339_seconds),
        last_seen: last_seen.map(rfc_3339_seconds),
    }
}

/// What somebody sees of an account who may see nothing.
pub(crate) fn nothing(account: AccountId) -> PresenceView {
    PresenceView {
        account,
        state: PresenceState::Offline,
        note: String::new(),
        since: None,
        last_seen: None,
    }
}

#[cfg(test)]
mod tests {
    use api::ChosenState;

    use super::*;

    #[test]
    fn a_view_says_since_when_of_what_was_chosen_and_when_of_who_is_gone() {
        let presence = PresenceRow {
            state: ChosenState::Away,
            note: "lunch".into(),
            changed_at: Some(1_700_000_000_123),
            last_seen_at: Some(1_700_000_060_000),
            ..PresenceRow::default()
        };
        let mut facts = Facts {
            is_registered: true,
            ..Facts::default()
        };
        let away = view(AccountId(7), &presence, &facts, false);
        assert_eq!(
            (away.state, away.since.as_deref(), away.last_seen),
            (PresenceState::Away, Some("2023-11-14T22:13:20Z"), None)
        );
        facts.is_in_call = true;
        let speaks = view(AccountId(7), &presence, &facts, false);
        assert_eq!((speaks.state, speaks.since), (PresenceState::InACall, None));
        let gone = view(AccountId(7), &presence, &Facts::default(), false);
        assert_eq!(gone.state, PresenceState::Offline);
        assert_eq!(gone.last_seen.as_deref(), Some("2023-11-14T22:14:20Z"));
        let elsewhere = view(AccountId(7), &presence, &Facts::default(), true);
        assert_eq!(elsewhere.state, PresenceState::Away);
    }
}
