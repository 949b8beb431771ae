//! What the bar at the top says.

use crate::engine::Registration;
use crate::window::desk::{Desk, Stage};
use crate::window::widgets::Presence;

/// What the bar at the top says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// Who is signed in.
    pub(crate) title: String,
    /// Whether calls can be made and received, in words.
    pub(crate) words: String,
    pub(crate) presence: Presence,
    /// The words are about something that is wrong.
    pub(crate) troubled: bool,
}

impl Status {
    pub(crate) fn of(desk: &Desk) -> Self {
        let connected = desk
            .current()
            .is_some_and(|call| matches!(call.stage, Stage::Connected(_)));
        let presence = match &desk.registration {
            Registration::Registered(_) if connected => Presence::Busy,
            Registration::Registered(_) => Presence::Available,
            Registration::Retrying { .. }
            | Registration::Registering(_)
            | Registration::SigningIn => Presence::Away,
            _ => Presence::Offline,
        };
        Self {
            title: desk
                .account()
                .map_or_else(|| "Carillon".into(), |account| account.display_name.clone()),
            words: if presence == Presence::Busy {
                "In a call".into()
            } else {
                desk.registration.words()
            },
            presence,
            troubled: matches!(
                desk.registration,
                Registration::Retrying { .. } | Registration::Failed(_)
            ),
        }
    }
}
