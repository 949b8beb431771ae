//! Another username, another shown name, another password, an account for a guest, and the account's end. The rules are those
//! of the server.

use api::{DisplayName, Username};

use super::Outcome;
use crate::engine::{Command, Password};
use crate::web::{Errand, ProfileErrand, Refused, Reply};
use crate::window::counter::{Asked, Counter};

/// Another username, another shown name, another password.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct AccountForm {
    pub(crate) shown_name: String,
    pub(crate) shown: Outcome,
    pub(crate) username: String,
    pub(crate) renamed: Outcome,
    pub(crate) old_password: String,
    pub(crate) new_password: String,
    pub(crate) password_changed: Outcome,
}

/// An account for a guest, who keeps number and contacts.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Upgrade {
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) outcome: Outcome,
    pub(crate) busy: bool,
}

/// The account's end. It cannot be undone, so it takes two clicks and the password.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Farewell {
    pub(crate) password: String,
    /// The first click was made.
    pub(crate) is_sure: bool,
    pub(crate) outcome: Outcome,
}

/// What is wrong with a username, if it is; nothing for an empty one.
pub(crate) fn name_hint(username: &str) -> Option<String> {
    if username.trim().is_empty() {
        return None;
    }
    Username::parse(username)
        .err()
        .map(|error| error.to_string())
}

/// What is wrong with a new password, if it is; nothing for an empty one.
pub(crate) fn password_hint(password: &str, username: &str) -> Option<String> {
    if password.is_empty() {
        return None;
    }
    // Without a name only the other rules count.
    let name = Username::parse(username)
        .or_else(|_| Username::parse("zz"))
        .ok()?;
    api::Password::parse(password, &name)
        .err()
        .map(|error| error.to_string())
}

impl AccountForm {
    /// Nothing that was typed stays.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn rename(&mut self, counter: &mut Counter) -> Option<Command> {
        match Username::parse(&self.username) {
            Ok(name) => {
                self.renamed = Outcome::None;
                let username = name.as_str().to_owned();
                Some(counter.ask(Asked::Rename, Errand::ChangeUsername { username }))
            }
            Err(error) => {
                self.renamed = Outcome::Failed(error.to_string());
                None
            }
        }
    }

    pub(super) fn show_as(&mut self, counter: &mut Counter) -> Option<Command> {
        match DisplayName::parse(&self.shown_name) {
            Ok(name) => {
                self.shown = Outcome::None;
                let errand = ProfileErrand::DisplayName(name.as_str().to_owned());
                Some(counter.ask(Asked::ShownName, Errand::Profile(errand)))
            }
            Err(error) => {
                self.shown = Outcome::Failed(error.to_string());
                None
            }
        }
    }

    pub(super) fn change_password(&mut self, counter: &mut Counter) -> Option<Command> {
        if self.old_password.is_empty() {
            self.password_changed = Outcome::Failed("Type the present password first.".into());
            return None;
        }
        if self.new_password.is_empty() {
            self.password_changed = Outcome::Failed("Type the new password.".into());
            return None;
        }
        if let Some(hint) = password_hint(&self.new_password, "") {
            self.password_changed = Outcome::Failed(hint);
            return None;
        }
        self.password_changed = Outcome::None;
        let errand = Errand::ChangePassword {
            old: Password::from(self.old_password.clone()),
            new: Password::from(self.new_password.clone()),
        };
        Some(counter.ask(Asked::Password, errand))
    }

    pub(super) fn hear(&mut self, asked: Asked, outcome: &Result<Reply, Refused>) {
        let told = match outcome {
            Ok(Reply::Me(account)) if asked == Asked::ShownName => {
                self.shown_name.clear();
                Outcome::Done(format!("Others see {} from now on.", account.display_name))
            }
            Ok(Reply::Me(account)) => {
                self.username.clear();
                Outcome::Done(format!("Your name is {} from now on.", account.name))
            }
            Ok(_) => {
                self.old_password.clear();
                self.new_password.clear();
                Outcome::Done(
                    "The password is changed, and your other devices have to sign in again.".into(),
                )
            }
            Err(refused) => Outcome::Failed(refused.problem.sentence.clone()),
        };
        match asked {
            Asked::Rename => self.renamed = told,
            Asked::ShownName => self.shown = told,
            _ => self.password_changed = told,
        }
    }
}

impl Farewell {
    /// The account is to go. Guests have no password.
    pub(super) fn erase(&mut self, counter: &mut Counter) -> Option<Command> {
        if !self.is_sure {
            (self.is_sure, self.outcome) = (true, Outcome::None);
            return None;
        }
        let password = std::mem::take(&mut self.password);
        let password = (!password.is_empty()).then(|| Password::from(password));
        let errand = Errand::Profile(ProfileErrand::Erase { password });
        Some(counter.ask(Asked::Erase, errand))
    }

    pub(super) fn hear(&mut self, outcome: &Result<Reply, Refused>) {
        self.is_sure = false;
        if let Err(refused) = outcome {
            self.outcome = Outcome::Failed(refused.problem.sentence.clone());
        }
    }
}

impl Upgrade {
    pub(super) fn submit(&mut self, counter: &mut Counter) -> Option<Command> {
        if self.busy {
            return None;
        }
        let name = match Username::parse(&self.username) {
            Ok(name) => name,
            Err(error) => {
                self.outcome = Outcome::Failed(error.to_string());
                return None;
            }
        };
        if let Err(error) = api::Password::parse(&self.password, &name) {
            self.outcome = Outcome::Failed(error.to_string());
            return None;
        }
        self.busy = true;
        self.outcome = Outcome::None;
        let errand = Errand::Upgrade {
            username: name.as_str().to_owned(),
            password: Password::from(self.password.clone()),
            display_name: None,
        };
        Some(counter.ask(Asked::Upgrade, errand))
    }

    pub(super) fn hear(&mut self, outcome: &Result<Reply, Refused>) {
        self.busy = false;
        match outcome {
            Ok(_) => *self = Self::default(),
            Err(refused) => self.outcome = Outcome::Failed(refused.problem.sentence.clone()),
        }
    }
}

impl std::fmt::Debug for AccountForm {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("AccountForm")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Farewell {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Farewell")
            .field("is_sure", &self.is_sure)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Upgrade {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Upgrade")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_the_server_are_said_while_typing() {
        assert_eq!(name_hint(""), None);
        assert_eq!(name_hint("amina"), None);
        assert!(name_hint("1amina").is_some());
        assert_eq!(password_hint("", "amina"), None);
        assert!(password_hint("short", "amina").is_some());
        assert!(password_hint("i am amina 77", "amina").is_some());
        assert_eq!(password_hint("seven green bottles 7", ""), None);
    }

    #[test]
    fn a_guest_becomes_an_account_with_a_good_name_and_password_only() {
        let (mut upgrade, mut counter) = (Upgrade::default(), Counter::default());
        assert!(upgrade.submit(&mut counter).is_none());
        upgrade.username = "Amina".into();
        upgrade.password = "short".into();
        assert!(upgrade.submit(&mut counter).is_none());
        assert!(matches!(upgrade.outcome, Outcome::Failed(_)));
        upgrade.password = "seven green bottles 7".into();
        assert!(matches!(
            upgrade.submit(&mut counter),
            Some(Command::Ask { errand: Errand::Upgrade { username, .. }, .. }) if username == "amina"
        ));
        assert!(!format!("{upgrade:?}").contains("bottles"));
    }

    #[test]
    fn an_account_goes_after_two_clicks_and_its_password_is_forgotten_here() {
        let (mut farewell, mut counter) = (Farewell::default(), Counter::default());
        farewell.password = "seven green bottles 7".into();
        assert!(farewell.erase(&mut counter).is_none());
        assert!(!format!("{farewell:?}").contains("bottles"));
        assert!(matches!(
            farewell.erase(&mut counter),
            Some(Command::Ask {
                errand: Errand::Profile(ProfileErrand::Erase { password: Some(_) }),
                ..
            })
        ));
        assert_eq!(farewell.password, "");
        farewell.is_sure = true;
        farewell.hear(&Ok(Reply::Erased));
        assert!(!farewell.is_sure);
    }

    #[test]
    fn others_see_another_name_if_it_is_one() {
        let (mut form, mut counter) = (AccountForm::default(), Counter::default());
        form.shown_name = " ".into();
        assert!(form.show_as(&mut counter).is_none());
        assert!(matches!(form.shown, Outcome::Failed(_)));
        form.shown_name = "Amina B.".into();
        assert!(form.show_as(&mut counter).is_some());
    }

    #[test]
    fn a_password_that_was_changed_is_forgotten_here() {
        let (mut form, mut counter) = (AccountForm::default(), Counter::default());
        form.new_password = "seven green bottles 7".into();
        assert!(form.change_password(&mut counter).is_none());
        form.old_password = "old".into();
        assert!(form.change_password(&mut counter).is_some());
        form.hear(Asked::Password, &Ok(Reply::Done));
        assert_eq!(
            (form.old_password.as_str(), form.new_password.as_str()),
            ("", "")
        );
        assert!(matches!(form.password_changed, Outcome::Done(_)));
    }
}
