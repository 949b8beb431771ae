//! Where a number leads: to somebody, elsewhere, or nowhere.

use std::sync::Arc;

use sip::{Contact, HeaderName, Headers, Host, NameAddr, StatusCode, Text, Uri, Warning};

use crate::{AccountId, BindingId, Elsewhere, Party, Treatment};

/// What became of the number or name that somebody dialled, as the directory knows it at this moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reached {
    /// An account has it.
    Account(Destination),
    /// Nobody has it any more, and its last owner has calls to it forwarded. The phones that ring are told what was
    /// dialled (History-Info, RFC 7044; Diversion, RFC 5806).
    Forwarded {
        /// The number that was dialled.
        from: Text,
        /// Whom it leads to.
        to: Destination,
    },
    /// Nobody has it any more, and its last owner lets callers know the new number: 301.
    Moved {
        /// The new number.
        to: Text,
    },
    /// It was somebody's, and is nobody's now: 410.
    Gone,
    /// It exists, but not for this caller: 403.
    NotAllowed,
    /// Its owner does not want to hear from this caller, who hears 486 and learns nothing.
    Blocked(Destination),
    /// It never was anybody's, or its owner is not there for calls: 404.
    Nobody,
}

/// An account that can be called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Destination {
    /// The account.
    pub account: AccountId,
    /// Its number at present.
    pub number: Option<Text>,
    /// Its name.
    pub display_name: Text,
    /// Whether it has its number for a while only.
    pub is_guest: bool,
    /// How its owner wants to be called.
    pub treatment: Arc<Treatment>,
    /// Its phones that are registered with other servers.
    pub elsewhere: Vec<Elsewhere>,
}

impl Destination {
    pub(crate) fn party(&self) -> Party {
        Party {
            account: self.account,
            number: self.number.clone(),
            display_name: self.display_name.clone(),
            is_guest: self.is_guest,
        }
    }
}

/// Whose phones are to ring.
#[derive(Clone, Debug)]
pub(crate) struct Callee {
    pub(crate) party: Party,
    /// What was dialled, if it was forwarded to them.
    pub(crate) forwarded_from: Option<Text>,
    pub(crate) treatment: Arc<Treatment>,
    /// Another server wants this one of ours to ring, and no other.
    pub(crate) only: Option<BindingId>,
}

impl Callee {
    /// Somebody who is with the server alone.
    pub(crate) fn alone(party: Party) -> Self {
        Callee {
            party,
            forwarded_from: None,
            treatment: Arc::default(),
            only: None,
        }
    }

    /// The owner of the one phone that another server asks for: how they want to be called was asked there.
    pub(crate) fn on(party: Party, only: BindingId) -> Self {
        Callee {
            party,
            forwarded_from: None,
            treatment: Arc::default(),
            only: Some(only),
        }
    }
}

/// Why nobody is to ring.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Unreached {
    Moved { to: Text },
    Gone,
    NotAllowed,
    Blocked,
    Nobody,
}

impl Reached {
    /// The accounts that it leads to, members of groups among them, as far as their phones may ring.
    pub fn accounts(&self) -> Vec<AccountId> {
        self.destination()
            .into_iter()
            .flat_map(|to| {
                let members = to.treatment.members.iter().map(|member| member.account);
                std::iter::once(to.account).chain(members)
            })
            .collect()
    }

    /// Names phones that are registered with other servers, of those accounts.
    pub fn add_elsewhere(&mut self, of: impl Fn(AccountId) -> Vec<Elsewhere>) {
        let to = match self {
            Reached::Account(to) | Reached::Forwarded { to, .. } => to,
            _ => return,
        };
        to.elsewhere = of(to.account);
        if !to.treatment.members.is_empty() {
            for member in &mut Arc::make_mut(&mut to.treatment).members {
                member.elsewhere = of(member.account);
            }
        }
    }

    /// Whose phones may ring.
    pub(crate) fn destination(&self) -> Option<&Destination> {
        match self {
            Reached::Account(to) | Reached::Forwarded { to, .. } => Some(to),
            Reached::Moved { .. }
            | Reached::Gone
            | Reached::NotAllowed
            | Reached::Blocked(_)
            | Reached::Nobody => None,
        }
    }

    pub(crate) fn into_callee(self) -> Result<Callee, Unreached> {
        let (destination, forwarded_from) = match self {
            Reached::Account(destination) => (destination, None),
            Reached::Forwarded { from, to } => (to, Some(from)),
            Reached::Moved { to } => return Err(Unreached::Moved { to }),
            Reached::Gone => return Err(Unreached::Gone),
            Reached::NotAllowed => return Err(Unreached::NotAllowed),
            Reached::Blocked(_) => return Err(Unreached::Blocked),
            Reached::Nobody => return Err(Unreached::Nobody),
        };
        Ok(Callee {
            party: destination.party(),
            forwarded_from,
            treatment: destination.treatment,
            only: None,
        })
    }
}

impl Callee {
    /// As it is called for help: nobody is too busy for that, or wants to be left alone, or to know who calls.
    pub(crate) fn for_emergency(mut self) -> Self {
        let treatment = Arc::make_mut(&mut self.treatment);
        treatment.heed_emergency();
        for member in &mut treatment.members {
            let treatment = Arc::make_mut(&mut member.treatment);
            treatment.heed_emergency();
            treatment.forward_always = None;
        }
        self
    }
}

impl Treatment {
    fn heed_emergency(&mut self) {
        self.do_not_disturb = false;
        // Somebody must answer, or the caller must hear at once that nobody does.
        self.voicemail = None;
        self.max_calls = None;
        self.refuses_anonymous = false;
        self.blocked.clear();
    }
}

impl Unreached {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Unreached::Moved { .. } => StatusCode::MOVED_PERMANENTLY,
            Unreached::Gone => StatusCode::GONE,
            Unreached::NotAllowed => StatusCode::FORBIDDEN,
            Unreached::Blocked => StatusCode::BUSY_HERE,
            Unreached::Nobody => StatusCode::NOT_FOUND,
        }
    }

    /// The headers of the refusal: where to call instead, or a word for the person.
    pub(crate) fn headers(&self, domain: &Text) -> Headers {
        let mut headers = Headers::new();
        match self {
            Unreached::Moved { to } => {
                headers.push_typed(&Contact::Address(address(to, domain)));
            }
            // The credentials were right: without a word the person would look for the fault there.
            Unreached::NotAllowed => {
                headers.append(refused_in_words("You may not call this number", domain));
            }
            Unreached::Gone | Unreached::Blocked | Unreached::Nobody => {}
        }
        if *self == Unreached::Gone {
            let reason = Text::from_static(NUMBER_CHANGED);
            headers.push(HeaderName::Reason, reason);
        }
        headers
    }
}

/// A word for the person whose call is refused for a reason that no code tells.
pub(crate) fn refused_in_words(sentence: &'static str, domain: &Text) -> Headers {
    let mut headers = Headers::new();
    headers.push_typed(&Warning {
        code: 399,
        agent: domain.clone(),
        text: Text::from_static(sentence),
    });
    headers
}

/// Q.850 knows what 410 leaves open (RFC 6432).
const NUMBER_CHANGED: &str = "Q.850;cause=22;text=\"Number changed\"";

fn address(number: &str, domain: &Text) -> NameAddr {
    NameAddr::new(Uri::sip(Host::Name(domain.clone()), None).with_user(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAIN: Text = Text::from_static("carillon.test");

    fn destination() -> Destination {
        Destination {
            account: AccountId(2),
            number: Some("1005".into()),
            display_name: "Bob".into(),
            is_guest: false,
            treatment: Arc::default(),
            elsewhere: Vec::new(),
        }
    }

    #[test]
    fn each_refusal_has_its_code_and_what_helps_the_caller() {
        let told = |reached: Reached| {
            let unreached = reached.into_callee().unwrap_err();
            let headers = unreached.headers(&DOMAIN);
            let first = headers.iter().next().map(|header| header.value.to_string());
            (unreached.status().code(), first.unwrap_or_default())
        };
        let to = Text::from("1005");
        assert_eq!(
            told(Reached::Moved { to }),
            (301, "<sip:1005@carillon.test>".to_owned())
        );
        assert_eq!(told(Reached::Gone), (410, NUMBER_CHANGED.to_owned()));
        let warning = "399 carillon.test \"You may not call this number\"";
        assert_eq!(told(Reached::NotAllowed), (403, warning.to_owned()));
        assert_eq!(told(Reached::Nobody), (404, String::new()));
        let blocked = Reached::Blocked(destination());
        assert_eq!(told(blocked), (486, String::new()));
    }
}
