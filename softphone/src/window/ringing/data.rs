//! What is shown while it rings here.

use std::time::{Duration, Instant};

use crate::engine::CallNumber;
use crate::window::desk::{Call, Desk, Settling, Stage};

/// For so long after a call appears, its buttons take no click: it was meant for what stood there before.
const GUARD: Duration = Duration::from_millis(500);

/// What is shown while it rings here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ringing {
    pub(crate) call: CallNumber,
    pub(crate) title: String,
    pub(crate) subtitle: Option<String>,
    pub(crate) words: &'static str,
    /// Answering puts the call in progress on hold.
    pub(crate) holds_current: bool,
    /// Answering gives up the call that is being placed.
    pub(crate) ends_current: bool,
    pub(crate) can_answer: bool,
    pub(crate) can_decline: bool,
    /// How long the buttons still take no click.
    pub(crate) guarded_for: Option<Duration>,
}

impl Ringing {
    /// Every call that rings here.
    pub(crate) fn all(desk: &Desk, now: Instant) -> Vec<Self> {
        let current = desk.current();
        let holds_current = current.is_some_and(Call::is_connected);
        let ends_current = current.is_some() && !holds_current;
        desk.ringing()
            .map(|call| Self {
                holds_current,
                ends_current,
                ..Self::of(call, now)
            })
            .collect()
    }

    fn of(call: &Call, now: Instant) -> Self {
        let shown_for = match call.stage {
            Stage::RingingHere { since } => now.saturating_duration_since(since),
            _ => GUARD,
        };
        let guarded_for = GUARD.checked_sub(shown_for).filter(|rest| !rest.is_zero());
        Self {
            call: call.number,
            title: call.party.title().to_owned(),
            subtitle: call.party.subtitle().map(str::to_owned),
            words: match call.settling {
                None => "Incoming call",
                Some(Settling::Answering) => "Connecting…",
                Some(Settling::Ending) => "Declining…",
            },
            holds_current: false,
            ends_current: false,
            can_answer: call.settling.is_none() && guarded_for.is_none(),
            can_decline: call.settling != Some(Settling::Ending) && guarded_for.is_none(),
            guarded_for,
        }
    }

    /// What a screen reader says of the button to answer.
    pub(crate) fn answer_name(&self) -> &'static str {
        if self.holds_current {
            "Hold call and answer"
        } else if self.ends_current {
            "End call and answer"
        } else {
            "Answer"
        }
    }
}
