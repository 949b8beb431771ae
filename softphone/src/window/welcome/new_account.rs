//! Making an account: the rules while typing, and what the server offers to those who are new.

use api::{SignUp, Username};

use super::data::{Blank, Form};
use crate::engine::{Command, Password};
use crate::web::{Enquiry, NewAccount, Refused, Reply, ServerAddress};
use crate::window::counter::{Asked, Counter};

impl Form {
    /// The account that is wanted, if its name and password keep the rules.
    pub(super) fn new_account(&mut self) -> Option<NewAccount> {
        let name = match Username::parse(&self.name) {
            Ok(name) => name,
            Err(error) => {
                self.complaint = Some(error.to_string());
                self.focus = Some(Blank::Name);
                return None;
            }
        };
        if let Err(error) = api::Password::parse(&self.password, &name) {
            self.complaint = Some(error.to_string());
            self.focus = Some(Blank::Password);
            return None;
        }
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let in_link = || {
            let address = ServerAddress::parse(&self.server, true).ok()?;
            address.invitation().map(str::to_owned)
        };
        Some(NewAccount {
            username: name.as_str().to_owned(),
            password: Password::from(self.password.clone()),
            display_name: filled(&self.display_name),
            invitation: filled(&self.invitation).or_else(in_link),
        })
    }

    /// An account is to be made, or used after all.
    pub(crate) fn want_account(&mut self, wants: bool) {
        self.wants_account = wants;
        self.complaint = None;
        self.focus = self.first_blank();
    }

    /// Whether the server has yet to be asked what it offers.
    pub(crate) fn is_new_server(&self) -> bool {
        let address = self.server_address();
        !address.is_empty() && address != self.looked_up
    }

    /// Asks the server what it offers to those who are new.
    pub(crate) fn look_up(&mut self, counter: &mut Counter) -> Option<Command> {
        if !self.is_new_server() {
            return None;
        }
        self.looked_up = self.server_address();
        self.offers = None;
        let server = self.looked_up.clone();
        Some(counter.enquire(Asked::Offers, server, Enquiry::Offers))
    }

    /// Whether one may be a guest there, as far as is known.
    pub(crate) fn offers_guests(&self) -> bool {
        self.offers.as_ref().is_none_or(|offers| offers.guests)
    }

    /// Who may make an account there, as far as is known.
    pub(crate) fn sign_up(&self) -> Option<SignUp> {
        self.offers.as_ref().map(|offers| offers.sign_up)
    }

    /// Whether the username that stands in the form has yet to be asked after.
    pub(crate) fn is_new_name(&self) -> bool {
        let checked = self.checked.as_ref().map(|(name, _)| name.as_str());
        Username::parse(&self.name).is_ok_and(|name| checked != Some(name.as_str()))
    }

    /// Asks whether the username that stands in the form can be had.
    pub(crate) fn check_username(&mut self, counter: &mut Counter) -> Option<Command> {
        if !self.is_new_name() {
            return None;
        }
        let name = Username::parse(&self.name).ok()?.as_str().to_owned();
        self.checked = None;
        let enquiry = Enquiry::Username(name);
        Some(counter.enquire(Asked::Username, self.server_address(), enquiry))
    }

    /// What is to be said about the username, and whether it is good.
    pub(crate) fn name_words(&self) -> Option<(String, bool)> {
        if self.name.trim().is_empty() {
            return None;
        }
        let name = match Username::parse(&self.name) {
            Ok(name) => name,
            Err(error) => return Some((error.to_string(), false)),
        };
        match &self.checked {
            Some((checked, None)) if checked == name.as_str() => {
                Some((format!("{name} is free."), true))
            }
            Some((checked, Some(reason))) if checked == name.as_str() => {
                Some((reason.clone(), false))
            }
            _ => None,
        }
    }

    /// What is wrong with the password for a new account, if anything is.
    pub(crate) fn password_words(&self) -> Option<String> {
        if self.password.is_empty() {
            return None;
        }
        // Without a name only the other rules count.
        let name = Username::parse(&self.name).or_else(|_| Username::parse("zz"));
        let refused = api::Password::parse(&self.password, &name.ok()?).err()?;
        Some(refused.to_string())
    }

    /// Takes in what the server said about its offers or about a username. A server that does not say is tried anyway.
    pub(crate) fn hear(&mut self, outcome: &Result<Reply, Refused>) {
        match outcome {
            Ok(Reply::Server(offers)) => self.offers = Some((**offers).clone()),
            Ok(Reply::Username(answer)) => {
                let reason = match (&answer.reason, answer.is_free) {
                    (_, true) => None,
                    (Some(reason), false) => Some(reason.clone()),
                    (None, false) => Some(format!("{} is taken.", answer.username)),
                };
                self.checked = Some((answer.username.clone(), reason));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Attempt;
    use super::super::data::tests::filled;
    use super::*;

    #[test]
    fn a_new_account_keeps_the_rules_of_the_server() {
        let mut form = filled();
        form.want_account(true);
        assert_eq!(form.name_words(), None, "it has yet to be asked after");
        assert!(form.password_words().is_some(), "too short");
        assert!(form.submit(Attempt::SignUp).is_none());
        assert_eq!(form.focus, Some(Blank::Password));
        form.password = "seven green bottles 7".into();
        form.invitation = " code ".into();
        let Some(Command::SignUp { account, .. }) = form.submit(Attempt::SignUp) else {
            panic!("no command")
        };
        assert_eq!(account.username, "amina");
        assert_eq!(account.invitation.as_deref(), Some("code"));
        assert_eq!(account.display_name, None);
    }

    #[test]
    fn a_username_is_asked_after_once() {
        let (mut form, mut counter) = (filled(), Counter::default());
        assert!(form.check_username(&mut counter).is_some());
        form.hear(&Ok(Reply::Username(api::UsernameCheck {
            username: "amina".into(),
            is_free: false,
            reason: Some("Somebody is called amina.".into()),
        })));
        assert_eq!(
            form.name_words(),
            Some(("Somebody is called amina.".into(), false))
        );
        assert!(form.check_username(&mut counter).is_none());
        form.name = "1".into();
        assert!(
            form.check_username(&mut counter).is_none(),
            "it breaks a rule"
        );
        assert!(form.name_words().is_some_and(|(_, good)| !good));
    }

    #[test]
    fn a_server_is_asked_once_what_it_offers() {
        let (mut form, mut counter) = (filled(), Counter::default());
        assert!(form.offers_guests() && form.sign_up().is_none());
        assert!(form.look_up(&mut counter).is_some());
        assert!(form.look_up(&mut counter).is_none());
        form.server = "other.example.org".into();
        assert!(form.is_new_server());
    }
}
