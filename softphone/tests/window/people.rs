//! Contacts and the directory.

use api::{
    AccountId, ChosenState, Contact, DirectoryEntry, Number, OwnPresence, PresenceState,
    PresenceView,
};
use egui::{Key, Modifiers, Role};
use softphone::engine::{Command, Notice};
use softphone::web::{Errand, Reply};

use crate::stage::{NARROW, Stage};

fn bruno() -> Contact {
    Contact {
        id: 1,
        account: Some(AccountId(2)),
        number: Number::parse("200").ok(),
        name: "Bruno Keller".into(),
        display_name: None,
        note: String::new(),
        is_favourite: false,
        groups: Vec::new(),
        is_blocked: false,
    }
}

#[test]
fn a_contact_is_starred_and_called() {
    let mut stage = Stage::signed_in(NARROW);
    stage.tell(Notice::Contacts(vec![bruno()]));
    stage.click("Contacts");
    assert!(stage.says("Bruno Keller") && stage.says("200"));
    stage.click("Make Bruno Keller a favourite");
    stage.tell(Notice::Contacts(vec![Contact {
        is_favourite: true,
        ..bruno()
    }]));
    assert!(stage.has_button("Bruno Keller is a favourite"));
    stage.click("Call Bruno Keller");
    assert!(matches!(
        stage.commands().as_slice(),
        [Command::Ask { errand: Errand::ChangeContact { id: 1, .. }, .. }, Command::Call { target }]
            if target == "200"
    ));
}

#[test]
fn a_contacts_number_is_the_one_of_today() {
    let mut stage = Stage::signed_in(NARROW);
    stage.tell(Notice::Contacts(vec![bruno()]));
    stage.click("Contacts");
    stage.tell(Notice::Contacts(vec![Contact {
        number: Number::parse("209").ok(),
        ..bruno()
    }]));
    stage.click("Call Bruno Keller");
    assert!(matches!(stage.commands().as_slice(), [Command::Call { target }] if target == "209"));
}

#[test]
fn somebody_is_found_in_the_directory_and_added() {
    let mut stage = Stage::signed_in(NARROW);
    stage.click("Contacts");
    assert!(stage.says("Nobody is written down yet"));
    stage.type_into(Role::TextInput, "Find", "carl");
    stage.press(Modifiers::NONE, Key::Enter);
    let (id, query) = stage.asked(|command| match command {
        Command::Ask {
            id,
            errand: Errand::Directory { query },
        } => Some((*id, query.clone())),
        _ => None,
    });
    assert_eq!(query, "carl");
    let entry = DirectoryEntry {
        account: AccountId(9),
        name: "carl".into(),
        display_name: "Carl Ito".into(),
        number: Number::parse("209").expect("a number"),
    };
    let outcome = Ok(Reply::Directory(vec![entry]));
    stage.tell(Notice::Reply { id, outcome });
    stage.click("Add Carl Ito to the contacts");
    let account = stage.asked(|command| match command {
        Command::Ask {
            errand: Errand::AddContact(entry),
            ..
        } => entry.account,
        _ => None,
    });
    assert_eq!(account, AccountId(9));
}

#[test]
fn somebody_without_an_account_is_written_down_by_hand() {
    let mut stage = Stage::signed_in(NARROW);
    stage.click("Contacts");
    stage.click("Add a contact");
    stage.type_into(Role::TextInput, "Number", "+49 30 1234");
    stage.type_into(Role::TextInput, "What to call them", "Office");
    stage.click("Add this contact");
    let entry = stage.asked(|command| match command {
        Command::Ask {
            errand: Errand::AddContact(entry),
            ..
        } => Some(entry.clone()),
        _ => None,
    });
    assert_eq!(entry.number.as_deref(), Some("+49 30 1234"));
    assert_eq!(entry.name.as_deref(), Some("Office"));
}

#[test]
fn how_somebody_is_stands_in_the_row_and_in_its_name() {
    let mut stage = Stage::signed_in(NARROW);
    stage.tell(Notice::Contacts(vec![bruno()]));
    let view = |state, note: &str| {
        Notice::Presences(vec![PresenceView {
            account: AccountId(2),
            state,
            note: note.into(),
            since: None,
            last_seen: None,
        }])
    };
    stage.tell(view(PresenceState::InACall, ""));
    stage.click("Contacts");
    assert!(stage.says("Bruno Keller, in a call"));
    stage.tell(view(PresenceState::Away, "back at 3"));
    assert!(stage.says("Bruno Keller, away: back at 3") && stage.says("200 · away: back at 3"));
}

#[test]
fn one_chooses_what_others_see_where_the_server_knows_of_it() {
    let mut stage = Stage::signed_in(NARROW);
    stage.click("Contacts");
    assert!(!stage.has_button("Be busy"));
    let id = stage.asked(|command| match command {
        Command::Ask {
            id,
            errand: Errand::OwnPresence,
        } => Some(*id),
        _ => None,
    });
    let outcome = Ok(Reply::OwnPresence(OwnPresence::default()));
    stage.tell(Notice::Reply { id, outcome });
    assert!(stage.has_button("You are: Available"));
    stage.click("Be do not disturb");
    let change = stage.asked(|command| match command {
        Command::Ask {
            errand: Errand::SetPresence(change),
            ..
        } => Some(change.clone()),
        _ => None,
    });
    assert_eq!(change.state, Some(ChosenState::DoNotDisturb));
}

#[test]
fn contacts_are_grouped_and_blocked() {
    let mut stage = Stage::signed_in([360.0, 900.0]);
    let contact = |id, name: &str, groups: &[&str]| Contact {
        id,
        name: name.into(),
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        ..bruno()
    };
    stage.tell(Notice::Contacts(vec![
        contact(1, "Bruno Keller", &["Work"]),
        contact(2, "Chiara Rossi", &[]),
    ]));
    stage.click("Contacts");
    stage.click("Show Work");
    assert!(stage.says("Bruno Keller") && !stage.says("Chiara Rossi"));
    stage.click("Change Bruno Keller");
    stage.find_and_click("Block Bruno Keller");
    let blocked = stage.asked(|command| match command {
        Command::Ask {
            errand: Errand::ChangeContact { id: 1, entry },
            ..
        } => entry.is_blocked,
        _ => None,
    });
    assert!(blocked);
}
