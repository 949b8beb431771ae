//! What somebody is for those who watch: made of their phones, their calls and their own choice.

use sip::Text;

/// What the owner of an account has chosen to be.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Chosen {
    /// Whatever the phones say.
    #[default]
    Available,
    /// Not at the phone.
    Away,
    /// At work on something else.
    Busy,
    /// Wants no calls.
    DoNotDisturb,
    /// Offline for everybody else.
    Invisible,
}

/// What an account tells about itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Told {
    /// What its owner has chosen.
    pub chosen: Chosen,
    /// What its owner says; empty for nothing.
    pub note: Text,
    /// When it was seen last, in seconds since 1970, if that is known.
    pub last_seen: Option<u64>,
    /// Whether it has phones at another server that shares the database.
    pub is_registered_elsewhere: bool,
}

/// What a phone says that its owner does (RFC 4480 section 3.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Activity {
    /// `away` and its kin: not at the phone.
    Away,
    /// `busy` and its kin.
    Busy,
    /// `on-the-phone`, by ways that the switch does not see.
    OnThePhone,
}

/// What the switch knows about an account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Whether a phone is registered here.
    pub is_registered: bool,
    /// Whether it speaks to somebody.
    pub is_in_call: bool,
    /// What its phones have published that it does.
    pub activity: Option<Activity>,
    /// What they have published that it says; empty for nothing.
    pub note: Text,
}

/// What others see.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Shown {
    /// A phone is registered.
    Online,
    /// Registered, but away.
    Away,
    /// Registered, but busy.
    Busy,
    /// Speaks to somebody.
    InACall,
    /// Wants no calls.
    DoNotDisturb,
    /// No phone is registered.
    #[default]
    Offline,
}

/// What others see and read. The default is what those see who may see nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// The state.
    pub shown: Shown,
    /// The note; empty for none.
    pub note: Text,
    /// Of somebody offline: when they were seen last, in seconds since 1970.
    pub last_seen: Option<u64>,
}

impl Seen {
    /// What is seen of somebody by those who may see it.
    #[must_use]
    pub fn of(facts: &Facts, told: &Told) -> Self {
        let is_online = facts.is_registered || told.is_registered_elsewhere;
        let offline = |note: &Text| Seen {
            shown: Shown::Offline,
            note: note.clone(),
            last_seen: told.last_seen,
        };
        let note = match told.note.is_empty() {
            true => &facts.note,
            false => &told.note,
        };
        let is_in_call = facts.is_in_call || facts.activity == Some(Activity::OnThePhone);
        let shown = match (told.chosen, facts.activity) {
            // Nobody learns from a note that there is somebody.
            (Chosen::Invisible, _) => return offline(&Text::EMPTY),
            _ if !is_online => return offline(&told.note),
            (Chosen::DoNotDisturb, _) => Shown::DoNotDisturb,
            _ if is_in_call => Shown::InACall,
            (Chosen::Busy, _) | (Chosen::Available, Some(Activity::Busy)) => Shown::Busy,
            (Chosen::Away, _) | (Chosen::Available, Some(Activity::Away)) => Shown::Away,
            (Chosen::Available, _) => Shown::Online,
        };
        Seen {
            shown,
            note: note.clone(),
            last_seen: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(is_registered: bool, is_in_call: bool, activity: Option<Activity>) -> Facts {
        Facts {
            is_registered,
            is_in_call,
            activity,
            note: "from a phone".into(),
        }
    }

    #[test]
    fn phones_calls_and_the_own_choice_make_one_state() {
        let told = |chosen| Told {
            chosen,
            ..Told::default()
        };
        for (facts, chosen, shown) in [
            (facts(true, false, None), Chosen::Available, Shown::Online),
            (facts(true, true, None), Chosen::Available, Shown::InACall),
            (facts(true, true, None), Chosen::Away, Shown::InACall),
            (
                facts(true, true, None),
                Chosen::DoNotDisturb,
                Shown::DoNotDisturb,
            ),
            (facts(true, false, None), Chosen::Busy, Shown::Busy),
            (facts(true, true, None), Chosen::Invisible, Shown::Offline),
            (
                facts(false, false, None),
                Chosen::DoNotDisturb,
                Shown::Offline,
            ),
            (
                facts(true, false, Some(Activity::Away)),
                Chosen::Available,
                Shown::Away,
            ),
            (
                facts(true, false, Some(Activity::Away)),
                Chosen::Busy,
                Shown::Busy,
            ),
            (
                facts(true, false, Some(Activity::OnThePhone)),
                Chosen::Available,
                Shown::InACall,
            ),
            (
                facts(false, false, Some(Activity::Busy)),
                Chosen::Available,
                Shown::Offline,
            ),
        ] {
            let seen = Seen::of(&facts, &told(chosen));
            assert_eq!(seen.shown, shown, "{facts:?} {chosen:?}");
        }
    }

    #[test]
    fn the_owners_note_counts_more_than_a_phones_and_the_invisible_say_nothing() {
        let mut told = Told {
            last_seen: Some(7),
            ..Told::default()
        };
        let online = facts(true, false, None);
        assert_eq!(Seen::of(&online, &told).note, "from a phone");
        assert_eq!(Seen::of(&online, &told).last_seen, None);
        told.note = "own".into();
        assert_eq!(Seen::of(&online, &told).note, "own");
        told.chosen = Chosen::Invisible;
        let hidden = Seen::of(&online, &told);
        assert_eq!((&*hidden.note, hidden.last_seen), ("", Some(7)));
        told.chosen = Chosen::Available;
        let elsewhere = Told {
            is_registered_elsewhere: true,
            ..told
        };
        let seen = Seen::of(&Facts::default(), &elsewhere);
        assert_eq!(seen.shown, Shown::Online);
    }
}
