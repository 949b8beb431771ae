//! Signing in, and what is remembered of it.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use softphone::engine::{Command, Fingerprint, Notice, Problem, Registration};

use crate::stage::{NARROW, Stage, amina};

#[test]
fn what_is_missing_or_wrong_at_sign_in_is_said_in_words() {
    let mut stage = Stage::new(NARROW);
    stage.click("Sign in");
    assert!(stage.says("Type the name of your account."));
    assert!(stage.commands().is_empty());
    stage.type_into(Role::TextInput, "Name", "amina");
    stage.type_into(Role::PasswordInput, "Password", "wrong");
    stage.press(Modifiers::NONE, Key::Enter);
    assert!(matches!(
        stage.commands().as_slice(),
        [Command::SignIn { .. }]
    ));
    let sentence = "The name or the password is wrong; check both and try again.".to_owned();
    stage.tell(Notice::Registration(Registration::Failed(Problem {
        code: "wrong-password",
        sentence: sentence.clone(),
    })));
    assert!(stage.says(&sentence));
    stage.assert_controls_in_reach();
    let password = stage
        .harness
        .get_by_role_and_label(Role::PasswordInput, "Password");
    assert!(password.is_focused() && password.value().is_none_or(|text| text.is_empty()));
    let name = stage
        .harness
        .get_by_role_and_label(Role::TextInput, "Name")
        .value();
    assert_eq!(name.as_deref(), Some("amina"));
}

#[test]
fn server_and_name_are_remembered_and_the_password_is_not() {
    let mut stage = Stage::new(NARROW);
    stage.type_into(Role::TextInput, "Name", "amina");
    stage.type_into(Role::PasswordInput, "Password", "correct horse");
    stage.click("Sign in");
    stage.tell(Notice::Registration(Registration::Registered(amina())));
    let settings = stage.file.load();
    assert_eq!(
        (settings.server.as_str(), settings.name.as_str()),
        ("http://127.0.0.1:8080", "amina")
    );
    assert!(!format!("{settings:?}").contains("horse"));
    stage.commands();
    stage.click("Settings");
    stage.commands();
    stage.scroll_to("Sign out");
    stage.click("Sign out");
    assert!(matches!(stage.commands().as_slice(), [Command::SignOut]));
    stage.tell(Notice::Registration(Registration::SignedOut));
    let password = stage
        .harness
        .get_by_role_and_label(Role::PasswordInput, "Password");
    assert!(password.value().is_none_or(|text| text.is_empty()));
}

#[test]
fn what_the_window_was_started_with_is_remembered_too() {
    let mut stage = Stage::new(NARROW);
    assert_eq!(stage.file.load().server, "");
    stage.tell(Notice::Registration(Registration::Registered(amina())));
    assert_eq!(stage.file.load().server, "http://127.0.0.1:8080");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_believed_only_by_a_click() {
    let mut stage = Stage::new(NARROW);
    stage.type_into(Role::TextInput, "Name", "amina");
    stage.type_into(Role::PasswordInput, "Password", "correct horse");
    stage.click("Sign in");
    stage.commands();
    let fingerprint = Fingerprint::of(b"a certificate");
    stage.tell(Notice::UnknownCertificate {
        server: "https://127.0.0.1:8443".into(),
        fingerprint,
    });
    stage.tell(Notice::Registration(Registration::Failed(Problem {
        code: "unknown-certificate",
        sentence: "Nobody vouches for it.".into(),
    })));
    let first_group = &fingerprint.to_string()[..4];
    assert!(stage.says("Is this the certificate of https://127.0.0.1:8443?"));
    assert!(stage.says(first_group));
    stage.press(Modifiers::NONE, Key::Enter);
    assert!(stage.commands().is_empty(), "Enter alone believes nothing");
    stage.click("It is the same: trust this certificate");
    assert!(matches!(
        stage.commands().as_slice(),
        [Command::Trust { fingerprint: agreed, .. }, Command::SignIn { .. }] if *agreed == fingerprint
    ));
}
