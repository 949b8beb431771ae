//! The people whom the tests know: logins, numbers, and where numbers lead that are nobody's any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sip::{Ha1, Text};
use switch::{
    AccountId, Credential, Destination, DeviceId, Elsewhere, Letter, LetterFate, MessageCount,
    MessageId, Party, Reached, Ring, Told, Treatment, Viewers, Watchable,
};

use crate::server::{DOMAIN, secret_of};

/// An account with its devices, whose logins are `NAME-1`, `NAME-2`, … and whose secrets are `secret of LOGIN`.
struct Person {
    account: AccountId,
    name: &'static str,
    number: &'static str,
    is_guest: bool,
    treatment: Arc<Treatment>,
}

/// What a number does that its owner has given up.
#[derive(Clone, Copy)]
pub(crate) enum Former {
    /// Leads to whoever has this name.
    Forward(&'static str),
    /// Says that the new number is this one.
    Moved(&'static str),
    Gone,
}

#[derive(Default)]
pub(crate) struct Directory {
    people: Vec<Person>,
    /// Numbers in quarantine: who had them, and what they do.
    former: BTreeMap<&'static str, (AccountId, Former)>,
    /// Numbers that guests may not call.
    pub(crate) closed: BTreeSet<&'static str>,
    /// Phones at other servers, by their owner.
    pub(crate) elsewhere: BTreeMap<AccountId, Vec<Elsewhere>>,
    /// Who does not want to hear from whom.
    blocked: BTreeSet<(&'static str, &'static str)>,
    /// What people tell about themselves.
    pub(crate) told: BTreeMap<&'static str, Told>,
    /// Messages that wait.
    pub(crate) messages: BTreeMap<&'static str, MessageCount>,
    /// Messages that were left, in the order in which they are to be heard.
    pub(crate) to_hear: BTreeMap<&'static str, Vec<i64>>,
    /// What becomes of letters; if there is nothing here, they are not for conversations.
    pub(crate) letter_fate: Option<LetterFate>,
    /// Those that came.
    pub(crate) letters: Vec<(AccountId, Letter)>,
    /// Who has asked for which number.
    pub(crate) asked: Vec<(String, String)>,
}

impl Directory {
    /// Alice (1001), Bob (1002), Carol (1003), and Gus, who is a guest (9001).
    pub(crate) fn add_people(&mut self) {
        for (account, name, number) in [
            (1, "alice", "1001"),
            (2, "bob", "1002"),
            (3, "carol", "1003"),
            (4, "gus", "9001"),
        ] {
            self.people.push(Person {
                account: AccountId(account),
                name,
                number,
                is_guest: name == "gus",
                treatment: Arc::default(),
            });
        }
    }

    /// Gives somebody another number; the old one is theirs no more, and does this from now on.
    pub(crate) fn change_number(&mut self, name: &str, new: &'static str, former: Former) {
        let mut people = self.people.iter_mut();
        let person = people.find(|person| person.name == name).unwrap();
        self.former.insert(person.number, (person.account, former));
        self.former.remove(new);
        person.number = new;
    }

    /// Changes how somebody wants to be called.
    pub(crate) fn treat(&mut self, name: &str, change: impl FnOnce(&mut Treatment)) {
        let mut people = self.people.iter_mut();
        let person = people.find(|person| person.name == name).unwrap();
        change(Arc::make_mut(&mut person.treatment));
    }

    /// Somebody does not want to hear from somebody.
    pub(crate) fn device_of(&self, login: &str) -> i64 {
        let credential = self.credential(login);
        credential.expect("a device").device.0
    }

    pub(crate) fn block(&mut self, owner: &'static str, blocked: &'static str) {
        self.blocked.insert((owner, blocked));
    }

    /// A number that rings these people.
    pub(crate) fn add_group(&mut self, number: &'static str, ring: Ring, members: &[&str]) {
        let members = members.iter().map(|name| self.named(name).destination());
        let treatment = Treatment {
            members: members.collect(),
            ring,
            ..Treatment::default()
        };
        self.people.push(Person {
            account: AccountId(i64::try_from(self.people.len()).unwrap() + 1),
            name: "sales",
            number,
            is_guest: false,
            treatment: Arc::new(treatment),
        });
    }

    fn groups_of(&self, account: AccountId) -> Vec<AccountId> {
        let has = |person: &&Person| {
            let mut members = person.treatment.members.iter();
            members.any(|member| member.account == account)
        };
        let groups = self.people.iter().filter(has);
        groups.map(|group| group.account).collect()
    }

    fn named(&self, name: &str) -> &Person {
        self.people
            .iter()
            .find(|person| person.name == name)
            .unwrap()
    }

    fn is_blocked(&self, owner: AccountId, caller: AccountId) -> bool {
        let is = |account, name| self.named(name).account == account;
        let mut blocked = self.blocked.iter();
        blocked.any(|(by, whom)| is(owner, by) && is(caller, whom))
    }

    /// Whom a phone watches under a number, or under the login of a device.
    pub(crate) fn watched(&mut self, dialled: &str, watcher: &Party) -> Option<Watchable> {
        let name = dialled.split('-').next().unwrap_or_default();
        let person = self
            .people
            .iter()
            .find(|person| person.number == dialled || person.name == name)?;
        Some(Watchable {
            account: person.account,
            told: self.told.get(person.name).cloned().unwrap_or_default(),
            may_see: !self.is_blocked(person.account, watcher.account),
        })
    }

    pub(crate) fn viewers(&self, account: AccountId, watchers: &[AccountId]) -> Option<Viewers> {
        let mut people = self.people.iter();
        let person = people.find(|person| person.account == account)?;
        let watchers = watchers.iter().copied();
        Some(Viewers {
            told: self.told.get(person.name).cloned().unwrap_or_default(),
            may_see: watchers
                .filter(|watcher| !self.is_blocked(account, *watcher))
                .collect(),
        })
    }

    pub(crate) fn messages(&self, account: AccountId) -> MessageCount {
        let mut people = self.people.iter();
        let person = people.find(|person| person.account == account);
        let count = person.and_then(|person| self.messages.get(person.name));
        count.copied().unwrap_or_default()
    }

    pub(crate) fn letter(&mut self, to: AccountId, letter: &Letter) -> LetterFate {
        self.letters.push((to, letter.clone()));
        let fate = self.letter_fate;
        fate.unwrap_or(LetterFate::NotForConversations)
    }

    pub(crate) fn to_hear(&self, account: AccountId) -> Option<Vec<MessageId>> {
        let mut people = self.people.iter();
        let person = people.find(|person| person.account == account)?;
        let ids = self.to_hear.get(person.name).cloned().unwrap_or_default();
        Some(ids.into_iter().map(MessageId).collect())
    }

    /// Somebody is no more.
    pub(crate) fn remove(&mut self, name: &str) {
        self.people.retain(|person| person.name != name);
    }

    /// Somebody may be heard from again.
    pub(crate) fn unblock(&mut self, owner: &'static str, blocked: &'static str) {
        self.blocked.remove(&(owner, blocked));
    }

    /// Lets a number do this, whoever had it.
    pub(crate) fn set_former(&mut self, number: &'static str, former: Former) {
        self.former.insert(number, (AccountId(0), former));
    }

    pub(crate) fn reached(
        &mut self,
        dialled: &str,
        caller: &Party,
        behind: Option<AccountId>,
    ) -> Reached {
        let mut reached = self.leads_to(dialled, caller);
        let elsewhere = |account| self.elsewhere.get(&account).cloned().unwrap_or_default();
        reached.add_elsewhere(elsewhere);
        match reached {
            Reached::Account(to) | Reached::Forwarded { to, .. }
                if [Some(caller.account), behind]
                    .into_iter()
                    .flatten()
                    .any(|who| self.is_blocked(to.account, who)) =>
            {
                Reached::Blocked(to)
            }
            reached => reached,
        }
    }

    fn leads_to(&mut self, dialled: &str, caller: &Party) -> Reached {
        let who = caller.display_name.to_string();
        self.asked.push((who, dialled.to_owned()));
        if caller.is_guest && self.closed.contains(dialled) {
            return Reached::NotAllowed;
        }
        if let Some(person) = self.people.iter().find(|person| person.number == dialled) {
            let mut to = person.destination();
            let groups = self.groups_of(to.account);
            Arc::make_mut(&mut to.treatment).groups = groups.into_iter().collect();
            return Reached::Account(to);
        }
        match self.former.get(dialled) {
            None => Reached::Nobody,
            Some((_, Former::Gone)) => Reached::Gone,
            Some((_, Former::Moved(to))) => Reached::Moved {
                to: Text::from(*to),
            },
            Some((_, Former::Forward(name))) => {
                match self.people.iter().find(|person| person.name == *name) {
                    None => Reached::Gone,
                    Some(person) => Reached::Forwarded {
                        from: Text::from(dialled),
                        to: person.destination(),
                    },
                }
            }
        }
    }

    pub(crate) fn credential(&self, login: &str) -> Option<Credential> {
        let (name, device) = login.split_once('-')?;
        let person = self.people.iter().find(|person| person.name == name)?;
        let device: i64 = device.parse().ok()?;
        let mut ha1 = Ha1::new(login, DOMAIN, secret_of(login));
        // The ninth phone of everybody is from before there was SHA-512-256.
        if device == 9 {
            ha1.sha512_256 = None;
        }
        let former = self.former.iter();
        let own = former.filter(|(_, (account, _))| *account == person.account);
        Some(Credential {
            account: person.account,
            device: DeviceId(100 * person.account.0 + device),
            login: Text::from(login),
            ha1,
            number: Some(Text::from(person.number)),
            other_numbers: own.map(|(number, _)| Text::from(*number)).collect(),
            display_name: Text::from(person.name),
            is_guest: person.is_guest,
            groups: self.groups_of(person.account),
        })
    }
}

impl Person {
    fn destination(&self) -> Destination {
        Destination {
            account: self.account,
            number: Some(Text::from(self.number)),
            display_name: Text::from(self.name),
            is_guest: self.is_guest,
            treatment: self.treatment.clone(),
            elsewhere: Vec::new(),
        }
    }
}
