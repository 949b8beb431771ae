//! Guests, new accounts, other numbers: what people do with who they are.

use std::time::Duration;

use api::{OnCall, UsernameCheck};
use egui::{Key, Modifiers, Role};
use softphone::engine::{AccountSummary, Command, ErrandId, Notice, Problem, Registration};
use softphone::web::{Enquiry, Errand, ProfileErrand, Refused, Reply};

use crate::stage::{NARROW, Stage, WIDE, amina};

fn guest() -> AccountSummary {
    AccountSummary {
        id: api::AccountId(1),
        name: "guest-7".into(),
        display_name: "Guest 90001".into(),
        number: Some("90001".into()),
        is_guest: true,
        ..amina()
    }
}

fn refused(sentence: &str, alternatives: &[&str]) -> Refused {
    Refused {
        problem: Problem {
            code: "conflict",
            sentence: sentence.into(),
        },
        alternatives: alternatives.iter().map(|n| (*n).to_owned()).collect(),
    }
}

fn number_wish(command: &Command) -> Option<(ErrandId, String, OnCall)> {
    match command {
        Command::Ask {
            id,
            errand: Errand::ChangeNumber { to, old },
        } => Some((*id, to.as_str().to_owned(), *old)),
        _ => None,
    }
}

fn facts(sign_up: &str, guests: bool) -> Reply {
    let facts = serde_json::json!({
        "domain": "x", "version": "1", "sign_up": sign_up, "guests": guests,
        "sip": {"domain": "x", "udp": null, "tcp": null},
    });
    Reply::Server(Box::new(serde_json::from_value(facts).expect("facts")))
}

fn offers(command: &Command) -> Option<ErrandId> {
    match command {
        Command::Enquire {
            id,
            enquiry: Enquiry::Offers,
            ..
        } => Some(*id),
        _ => None,
    }
}

#[test]
fn a_guest_comes_in_with_one_click_and_sees_the_number() {
    let mut stage = Stage::new(NARROW);
    stage.click("Continue as guest");
    assert!(matches!(
        stage.commands().as_slice(),
        [Command::SignInAsGuest { server, .. }] if server == "http://127.0.0.1:8080"
    ));
    stage.tell(Notice::Registration(Registration::Registered(guest())));
    assert!(stage.says("90001"));
    assert_eq!(
        stage.file.load().name,
        "",
        "a guest's name is not remembered"
    );
}

#[test]
fn a_guest_keeps_the_number_with_an_account() {
    let mut stage = Stage::new(NARROW);
    stage.tell(Notice::Registration(Registration::Registered(guest())));
    stage.click("Settings");
    stage.type_into(Role::TextInput, "Name of the account", "Amina");
    stage.type_into(Role::PasswordInput, "Password for it", "short");
    assert!(stage.says("at least 8 characters"));
    stage.type_into(Role::PasswordInput, "Password for it", " green bottles 7");
    stage.find_and_click("Keep this number: create an account");
    let username = stage.asked(|command| match command {
        Command::Ask {
            errand: Errand::Upgrade { username, .. },
            ..
        } => Some(username.clone()),
        _ => None,
    });
    assert_eq!(username, "amina");
    stage.tell(Notice::AccountChanged(AccountSummary {
        id: api::AccountId(1),
        name: "amina".into(),
        is_guest: false,
        ..guest()
    }));
    assert!(stage.says("You have an account: amina. Your number stays yours."));
    assert!(!stage.has_button("Keep this number: create an account"));
}

#[test]
fn what_a_server_does_not_offer_is_not_shown() {
    let mut stage = Stage::new(NARROW);
    assert!(stage.has_button("Continue as guest") && stage.has_button("New account"));
    let id = stage.asked(offers);
    let outcome = Ok(facts("closed", false));
    stage.tell(Notice::Reply { id, outcome });
    assert!(!stage.has_button("Continue as guest") && !stage.has_button("New account"));
    assert!(stage.has_button("Sign in"));
}

#[test]
fn the_rules_for_a_new_account_are_said_while_typing_and_its_name_is_asked_after() {
    let mut stage = Stage::new(WIDE);
    let id = stage.asked(offers);
    let outcome = Ok(facts("invitation", false));
    stage.tell(Notice::Reply { id, outcome });
    stage.click("New account");
    stage.type_into(Role::TextInput, "Name", "1");
    assert!(stage.says("at least 2 characters"));
    stage.press(Modifiers::NONE, Key::Backspace);
    stage.type_into(Role::TextInput, "Name", "amina");
    stage.harness.run_steps(60);
    let id = stage.asked(|command| match command {
        Command::Enquire {
            id,
            enquiry: Enquiry::Username(name),
            ..
        } if name == "amina" => Some(*id),
        _ => None,
    });
    let answer = UsernameCheck {
        username: "amina".into(),
        is_free: true,
        reason: None,
    };
    let outcome = Ok(Reply::Username(answer));
    stage.tell(Notice::Reply { id, outcome });
    assert!(stage.says("amina is free."));
    stage.type_into(Role::PasswordInput, "Password", "seven green bottles 7");
    stage.type_into(Role::TextInput, "Invitation code", "abc-def");
    stage.click("Create account");
    let code = stage.asked(|command| match command {
        Command::SignUp { account, .. } => account.invitation.clone(),
        _ => None,
    });
    assert_eq!(code, "abc-def");
}

#[test]
fn a_number_that_is_taken_is_answered_with_free_ones_and_one_click_takes_another() {
    let mut stage = Stage::signed_in(NARROW);
    stage.click("Settings");
    stage.type_into(Role::TextInput, "Another number", "1004");
    stage.find_and_click("They hear the new number");
    stage.find_and_click("Change number");
    let (id, to, old) = stage.asked(number_wish);
    assert_eq!((to.as_str(), old), ("1004", OnCall::Moved));
    let outcome = Err(refused("The number 1004 is taken.", &["1005", "1007"]));
    stage.tell(Notice::Reply { id, outcome });
    assert!(stage.says("The number 1004 is taken."));
    stage.find_and_click("Take 1005");
    stage.find_and_click("Change number");
    let (id, to, _) = stage.asked(number_wish);
    assert_eq!(to, "1005");
    stage.tell(Notice::NumberChanged {
        old: Some("100".into()),
        new: Some("1005".into()),
    });
    assert!(stage.says("Your number is 1005 now; it was 100."));
    assert!(stage.says("Ready for calls on 1005"));
    let me = serde_json::json!({
        "id": 1, "kind": "person", "role": "user", "name": "amina", "display_name": "Amina Yusuf",
        "number": "1005", "has_picture": false, "has_password": true, "devices": 1,
        "created_at": "2026-11-21T14:00:00Z",
    });
    let outcome = Ok(Reply::Me(serde_json::from_value(me).expect("an account")));
    stage.tell(Notice::Reply { id, outcome });
    assert!(stage.says("Your number is 1005 from now on."));
    stage.wait(Duration::from_secs(9));
    assert!(!stage.says("it was 100"), "the toast goes away by itself");
}

#[test]
fn the_number_changes_in_a_call_and_hanging_up_stays_in_reach() {
    let mut stage = Stage::talking(NARROW);
    stage.click("Settings");
    assert!(stage.has_button("Hang up"));
    stage.tell(Notice::NumberChanged {
        old: Some("100".into()),
        new: Some("1005".into()),
    });
    stage.click("Back to the call");
    assert!(stage.has_button("Hang up") && stage.says("Bruno Keller"));
    stage.click("Hang up");
    assert!(
        stage
            .commands()
            .iter()
            .any(|command| matches!(command, Command::HangUp { .. }))
    );
}

#[test]
fn a_device_is_signed_out_after_a_second_click_only() {
    let mut stage = Stage::signed_in(WIDE);
    stage.click("Settings");
    let id = stage.asked(|command| match command {
        Command::Ask {
            id,
            errand: Errand::Devices,
        } => Some(*id),
        _ => None,
    });
    let device = serde_json::json!({"login": "d-1", "label": "old phone", "created_at": "2026-11-21T14:00:00Z", "last_seen_at": null});
    let outcome = Ok(Reply::Devices(vec![
        serde_json::from_value(device).expect("a device"),
    ]));
    stage.tell(Notice::Reply { id, outcome });
    stage.find_and_click("Sign old phone out");
    stage.find_and_click("Yes, sign old phone out");
    let login = stage.asked(|command| match command {
        Command::Ask {
            errand: Errand::RevokeDevice { login },
            ..
        } => Some(login.clone()),
        _ => None,
    });
    assert_eq!(login, "d-1");
}

#[test]
fn one_says_where_calls_go_where_the_server_knows_of_it() {
    let mut stage = Stage::signed_in([360.0, 1600.0]);
    stage.click("Settings");
    assert!(!stage.says("Calls to me"));
    let id = stage.asked(|command| match command {
        Command::Ask {
            id,
            errand: Errand::CallSettings,
        } => Some(*id),
        _ => None,
    });
    let settings = api::CallSettings {
        no_answer_seconds: 7,
        ..api::CallSettings::default()
    };
    let outcome = Ok(Reply::CallSettings(Box::new(settings)));
    stage.tell(Notice::Reply { id, outcome });
    assert!(stage.says("Calls to me"));
    stage.find_and_click("Do not disturb is off");
    stage.type_into(Role::TextInput, "While I speak", "1009");
    stage.find_and_click("Save how calls are treated");
    let wanted = stage.asked(|command| match command {
        Command::Ask {
            errand: Errand::SetCallSettings(wanted),
            ..
        } => Some((**wanted).clone()),
        _ => None,
    });
    assert!(wanted.do_not_disturb);
    assert_eq!(wanted.forward_busy.as_deref(), Some("1009"));
    assert_eq!(wanted.no_answer_seconds, 7);
}

#[test]
fn an_account_is_deleted_with_its_password_and_two_clicks() {
    let mut stage = Stage::signed_in(NARROW);
    stage.click("Settings");
    stage.find_and_click("Delete this account");
    stage.find_and_click("No, keep it");
    stage.find_and_click("Delete this account");
    stage.type_into(
        Role::PasswordInput,
        "Your password",
        "seven green bottles 7",
    );
    stage.find_and_click("Yes, delete it for ever");
    let (id, password) = stage.asked(|command| match command {
        Command::Ask {
            id,
            errand: Errand::Profile(ProfileErrand::Erase { password }),
        } => Some((*id, password.clone())),
        _ => None,
    });
    assert_eq!(
        password.expect("it was typed").reveal(),
        "seven green bottles 7"
    );
    let outcome = Err(refused("The present password is another one.", &[]));
    stage.tell(Notice::Reply { id, outcome });
    assert!(stage.says("The present password is another one."));
}

#[test]
fn a_sign_in_elsewhere_is_ended_after_a_second_click_only() {
    let mut stage = Stage::signed_in([360.0, 1600.0]);
    stage.click("Settings");
    let sessions = |command: &Command| match command {
        Command::Ask {
            id,
            errand: Errand::Profile(ProfileErrand::Sessions),
        } => Some(*id),
        _ => None,
    };
    let session = |id: i64, label: &str, is_this: bool| {
        let session = serde_json::json!({
            "id": id, "label": label, "device": is_this.then_some("d-1"), "is_this": is_this,
            "created_at": "2026-11-21T14:05:09Z", "refreshed_at": "2026-11-21T14:05:09Z",
            "ends_at": "2027-01-20T14:05:09Z",
        });
        serde_json::from_value(session).expect("a session")
    };
    let id = stage.asked(sessions);
    let list = vec![
        session(7, "this desk", true),
        session(8, "old laptop", false),
    ];
    let outcome = Ok(Reply::Sessions(list));
    stage.tell(Notice::Reply { id, outcome });
    assert!(stage.says("Signed in since 2026-11-21 14:05 UTC"));
    assert!(stage.says("This is the one you are at."));
    assert!(!stage.has_button("Sign out of this desk"));
    stage.find_and_click("Sign out of old laptop");
    stage.find_and_click("No");
    stage.find_and_click("Sign out of old laptop");
    stage.find_and_click("Yes, sign out of old laptop");
    let id = stage.asked(|command| match command {
        Command::Ask {
            id,
            errand: Errand::Profile(ProfileErrand::EndSession { id: session }),
        } if *session == api::SessionId(8) => Some(*id),
        _ => None,
    });
    stage.commands();
    let outcome = Ok(Reply::Done);
    stage.tell(Notice::Reply { id, outcome });
    let id = stage.asked(sessions);
    let outcome = Ok(Reply::Sessions(vec![session(7, "this desk", true)]));
    stage.tell(Notice::Reply { id, outcome });
    assert!(!stage.has_button("Sign out of old laptop"));
}
