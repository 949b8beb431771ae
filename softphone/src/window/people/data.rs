//! Contacts, the search among them, and who was found in the directory.

use std::collections::{BTreeMap, BTreeSet};

use api::{
    AccountId, ChosenState, Contact, ContactEntry, DirectoryEntry, OwnPresence, PresenceChange,
    PresenceView,
};

use crate::engine::Command;
use crate::web::{Errand, Refused, Reply};
use crate::window::counter::{Asked, Counter};

/// Contacts, the search among them, and who was found in the directory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct People {
    contacts: Vec<Contact>,
    /// What is looked for, in contacts and directory.
    pub(crate) query: String,
    found: Vec<DirectoryEntry>,
    /// What the directory was asked for last, once the answer is there.
    found_for: Option<String>,
    pub(crate) complaint: Option<String>,
    /// What one tells about oneself, once the server has said it.
    pub(crate) own: Option<OwnPresence>,
    /// The note about oneself, as typed.
    pub(crate) note: String,
    /// How others are.
    presences: BTreeMap<AccountId, PresenceView>,
    /// The group that is looked at; all contacts without it.
    pub(crate) group: Option<String>,
    /// A contact that is being changed.
    pub(crate) editing: Option<Editing>,
    /// A contact that is being written down by hand.
    pub(crate) adding: Option<Adding>,
    /// Whether this server has conversations.
    pub(crate) can_write: bool,
}

/// A contact that is being written down by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Adding {
    pub(crate) name: String,
    pub(crate) number: String,
}

/// A contact that is being changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Editing {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// The groups, with commas between them.
    pub(crate) groups: String,
}

/// What somebody did in the panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PeopleAction {
    /// Look in the directory.
    Search,
    /// Put first, or no longer.
    Star(i64),
    /// Take out.
    Remove(i64),
    /// Write down somebody of the directory.
    Add(AccountId),
    /// Begin to write somebody down by hand, or stop.
    Write(bool),
    /// Write down what was typed.
    AddWritten,
    /// Tell something else about oneself.
    Choose(ChosenState),
    /// Tell the note that was typed.
    TellNote,
    /// Look at a group, or at all.
    Show(Option<String>),
    /// Begin to change a contact, or stop.
    Edit(Option<i64>),
    /// Keep what was changed.
    Save,
    /// Let somebody reach one no more, or again.
    Block(i64, bool),
    /// The panel is opened.
    Open,
}

impl People {
    /// The contacts as the engine knows them now.
    pub(crate) fn have(&mut self, contacts: Vec<Contact>) {
        self.contacts = contacts;
    }

    /// The contacts that match what is looked for.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Contact> {
        let query = self.query.trim().to_lowercase();
        let in_group = |contact: &&Contact| match &self.group {
            Some(group) => contact.groups.contains(group),
            None => true,
        };
        self.contacts
            .iter()
            .filter(in_group)
            .filter(move |contact| {
                let number = contact.number.as_ref();
                query.is_empty()
                    || contact.name.to_lowercase().contains(&query)
                    || number.is_some_and(|number| number.as_str().contains(&query))
            })
    }

    /// The groups that contacts are in.
    pub(crate) fn groups(&self) -> BTreeSet<&str> {
        let contacts = self.contacts.iter();
        contacts
            .flat_map(|contact| contact.groups.iter().map(String::as_str))
            .collect()
    }

    /// How somebody is, as far as the server tells.
    pub(crate) fn presence(&self, account: Option<AccountId>) -> Option<&PresenceView> {
        self.presences.get(&account?)
    }

    /// How people are now.
    pub(crate) fn hear_presences(&mut self, people: Vec<PresenceView>) {
        let people = people.into_iter();
        self.presences
            .extend(people.map(|person| (person.account, person)));
    }

    /// Whether there is any contact at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.contacts.is_empty()
    }

    /// Who was found in the directory and is no contact yet.
    pub(crate) fn found(&self) -> impl Iterator<Item = &DirectoryEntry> {
        let known = |entry: &&DirectoryEntry| {
            let mut contacts = self.contacts.iter();
            !contacts.any(|contact| contact.account == Some(entry.account))
        };
        self.found.iter().filter(known)
    }

    /// Whether the directory was looked through for what stands in the field, and nobody else was there.
    pub(crate) fn found_nobody(&self) -> bool {
        self.found_for.as_deref() == Some(self.query.trim()) && self.found().next().is_none()
    }

    /// Takes in what somebody did; what it gives is for the engine.
    pub(crate) fn act(&mut self, action: PeopleAction, counter: &mut Counter) -> Option<Command> {
        self.complaint = None;
        match action {
            PeopleAction::Search => {
                let query = self.query.trim().to_owned();
                self.found_for = None;
                Some(counter.ask(Asked::Directory, Errand::Directory { query }))
            }
            PeopleAction::Star(id) => self.changed(id, counter, |contact, entry| {
                entry.is_favourite = !contact.is_favourite;
            }),
            PeopleAction::Block(id, on) => {
                self.changed(id, counter, |_, entry| entry.is_blocked = Some(on))
            }
            PeopleAction::Show(group) => {
                self.group = group;
                None
            }
            PeopleAction::Edit(id) => {
                let contact = self.contacts.iter().find(|contact| Some(contact.id) == id);
                self.editing = contact.map(|contact| Editing {
                    id: contact.id,
                    name: contact.name.clone(),
                    groups: contact.groups.join(", "),
                });
                None
            }
            PeopleAction::Save => {
                let editing = self.editing.clone()?;
                let groups = editing.groups.split(',').map(str::trim);
                let groups: Vec<String> = groups
                    .filter(|group| !group.is_empty())
                    .map(str::to_owned)
                    .collect();
                let name = editing.name.trim();
                if name.is_empty() {
                    self.complaint = Some("Type what to call them.".into());
                    return None;
                }
                self.changed(editing.id, counter, |_, entry| {
                    entry.name = Some(name.to_owned());
                    entry.groups = Some(groups);
                })
            }
            PeopleAction::Open => {
                let asks = self.own.is_none();
                asks.then(|| counter.ask(Asked::OwnPresence, Errand::OwnPresence))
            }
            PeopleAction::Choose(state) => {
                let change = PresenceChange {
                    state: Some(state),
                    ..PresenceChange::default()
                };
                Some(counter.ask(Asked::OwnPresence, Errand::SetPresence(change)))
            }
            PeopleAction::TellNote => {
                let change = PresenceChange {
                    note: Some(self.note.trim().to_owned()),
                    ..PresenceChange::default()
                };
                Some(counter.ask(Asked::OwnPresence, Errand::SetPresence(change)))
            }
            PeopleAction::Remove(id) => {
                self.editing = None;
                Some(counter.ask(Asked::Contact, Errand::RemoveContact { id }))
            }
            PeopleAction::Add(account) => {
                let entry = ContactEntry {
                    account: Some(account),
                    ..ContactEntry::default()
                };
                Some(counter.ask(Asked::Contact, Errand::AddContact(entry)))
            }
            PeopleAction::Write(begins) => {
                self.adding = begins.then(Adding::default);
                None
            }
            PeopleAction::AddWritten => {
                let adding = self.adding.as_ref()?;
                let (name, number) = (adding.name.trim(), adding.number.trim());
                if number.is_empty() {
                    self.complaint = Some("Type the number of whom you want to write down.".into());
                    return None;
                }
                let entry = ContactEntry {
                    number: Some(number.to_owned()),
                    name: Some(if name.is_empty() { number } else { name }.to_owned()),
                    ..ContactEntry::default()
                };
                Some(counter.ask(Asked::Contact, Errand::AddContact(entry)))
            }
        }
    }

    /// A contact as it shall be, with what `change` makes of it.
    fn changed(
        &self,
        id: i64,
        counter: &mut Counter,
        change: impl FnOnce(&Contact, &mut ContactEntry),
    ) -> Option<Command> {
        let contact = self.contacts.iter().find(|contact| contact.id == id)?;
        let mut entry = ContactEntry {
            account: contact.account,
            number: match contact.account {
                // The number of somebody with an account is the server's to say.
                Some(_) => None,
                None => contact.number.as_ref().map(|n| n.as_str().to_owned()),
            },
            name: Some(contact.name.clone()),
            note: contact.note.clone(),
            is_favourite: contact.is_favourite,
            ..ContactEntry::default()
        };
        change(contact, &mut entry);
        Some(counter.ask(Asked::Contact, Errand::ChangeContact { id, entry }))
    }

    /// Takes in what came back. The contacts themselves come from the engine.
    pub(crate) fn hear(&mut self, outcome: &Result<Reply, Refused>) {
        match outcome {
            Ok(Reply::Directory(found)) => {
                self.found.clone_from(found);
                self.found_for = Some(self.query.trim().to_owned());
            }
            Ok(Reply::Contact(_)) => {
                self.adding = None;
                self.editing = None;
            }
            Ok(Reply::OwnPresence(own)) => {
                self.note.clone_from(&own.note);
                self.own = Some(own.clone());
            }
            Ok(_) => {}
            Err(refused) => self.complaint = Some(refused.problem.sentence.clone()),
        }
    }

    /// Somebody else may be signed in now.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use api::Number;

    use super::*;

    fn contact(id: i64, name: &str, number: &str) -> Contact {
        Contact {
            id,
            account: Some(AccountId(id)),
            number: Number::parse(number).ok(),
            name: name.into(),
            display_name: None,
            note: "kept".into(),
            is_favourite: false,
            groups: Vec::new(),
            is_blocked: false,
        }
    }

    fn people() -> People {
        let mut people = People::default();
        people.have(vec![
            contact(1, "Amina", "1001"),
            contact(2, "Bruno", "1002"),
        ]);
        people
    }

    #[test]
    fn contacts_are_found_by_name_and_number() {
        let mut people = people();
        for (query, found) in [("", 2), ("aMI", 1), ("1002", 1), ("100", 2), ("x", 0)] {
            people.query = query.into();
            assert_eq!(people.rows().count(), found, "{query}");
        }
    }

    #[test]
    fn a_star_changes_nothing_else_of_a_contact() {
        let (mut people, mut counter) = (people(), Counter::default());
        let Some(Command::Ask {
            errand: Errand::ChangeContact { id, entry },
            ..
        }) = people.act(PeopleAction::Star(2), &mut counter)
        else {
            panic!("nothing is asked")
        };
        assert_eq!(id, 2);
        assert!(entry.is_favourite);
        assert_eq!(
            (entry.note.as_str(), entry.name.as_deref()),
            ("kept", Some("Bruno"))
        );
        assert_eq!((entry.account, entry.number), (Some(AccountId(2)), None));
    }

    #[test]
    fn whom_one_knows_already_is_not_found_again() {
        let mut people = people();
        people.query = "a".into();
        let entry = |account: i64, name: &str| DirectoryEntry {
            account: AccountId(account),
            name: name.into(),
            display_name: name.into(),
            number: Number::parse("1009").unwrap(),
        };
        people.hear(&Ok(Reply::Directory(vec![
            entry(1, "amina"),
            entry(9, "carl"),
        ])));
        let found: Vec<&str> = people.found().map(|entry| entry.name.as_str()).collect();
        assert_eq!(found, ["carl"]);
        assert!(!people.found_nobody());
        people.hear(&Ok(Reply::Directory(vec![])));
        assert!(people.found_nobody());
    }
}
