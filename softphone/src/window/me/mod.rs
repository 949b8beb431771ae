//! The account of whoever is signed in: number, names, password, devices, sign-ins, and its end.

mod account;
mod calls;
mod devices;
mod number;
mod sign_ins;
mod view;

pub(crate) use account::{AccountForm, Farewell, Upgrade};
pub(crate) use calls::CallForm;
pub(crate) use devices::Devices;
pub(crate) use number::MyNumber;
pub(crate) use sign_ins::SignIns;
pub(crate) use view::show;

use crate::engine::{AccountSummary, Command};
use crate::web::{Refused, Reply};
use crate::window::counter::{Asked, Counter};

/// What the panel knows.
#[derive(Debug, Default)]
pub(crate) struct Me {
    pub(crate) number: MyNumber,
    pub(crate) account: AccountForm,
    pub(crate) upgrade: Upgrade,
    pub(crate) devices: Devices,
    pub(crate) sign_ins: SignIns,
    pub(crate) calls: CallForm,
    pub(crate) farewell: Farewell,
}

/// What somebody did in the panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MeAction {
    /// The panel was opened.
    Open,
    /// Find free numbers.
    Suggest,
    /// Put a number into the field.
    Want(String),
    /// What callers of the old number get.
    Old(api::OnCall),
    /// Take the wanted number.
    ChangeNumber,
    /// Make an account of the guest.
    Upgrade,
    /// Take the wanted username.
    Rename,
    /// Have others see the wanted name.
    ShowAs,
    /// Take the new password.
    ChangePassword,
    /// Have calls treated as the form says.
    SaveCalls,
    /// Take a device's right away.
    Revoke(String),
    /// Sign out somewhere else.
    EndSignIn(api::SessionId),
    /// Delete the account; the first time, ask whether that is meant.
    Erase,
    /// It is not meant.
    KeepAccount,
}

/// How something that was asked of the server stands, in one sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Outcome {
    #[default]
    None,
    Done(String),
    Failed(String),
}

impl Me {
    /// Takes in what somebody did; what it gives is for the engine.
    pub(crate) fn act(&mut self, action: MeAction, counter: &mut Counter) -> Vec<Command> {
        let command = match action {
            MeAction::Open => {
                self.number.outcome = Outcome::None;
                self.account.clear();
                self.farewell = Farewell::default();
                return vec![
                    self.devices.refresh(counter),
                    self.sign_ins.refresh(counter),
                    self.calls.refresh(counter),
                ];
            }
            MeAction::Suggest => Some(self.number.suggest(counter)),
            MeAction::Want(number) => {
                self.number.want(number);
                None
            }
            MeAction::Old(old) => {
                self.number.old = old;
                None
            }
            MeAction::ChangeNumber => self.number.change(counter),
            MeAction::Upgrade => self.upgrade.submit(counter),
            MeAction::Rename => self.account.rename(counter),
            MeAction::ShowAs => self.account.show_as(counter),
            MeAction::ChangePassword => self.account.change_password(counter),
            MeAction::SaveCalls => self.calls.save(counter),
            MeAction::Revoke(login) => Some(self.devices.revoke(login, counter)),
            MeAction::EndSignIn(id) => Some(self.sign_ins.end(id, counter)),
            MeAction::Erase => self.farewell.erase(counter),
            MeAction::KeepAccount => {
                self.farewell = Farewell::default();
                None
            }
        };
        command.into_iter().collect()
    }

    /// Takes in what came back; what it gives is for the engine.
    pub(crate) fn hear(
        &mut self,
        asked: Asked,
        outcome: &Result<Reply, Refused>,
        counter: &mut Counter,
    ) -> Vec<Command> {
        match asked {
            Asked::FreeNumbers | Asked::Number => self.number.hear(asked, outcome),
            Asked::Upgrade => self.upgrade.hear(outcome),
            Asked::Rename | Asked::ShownName | Asked::Password => {
                self.account.hear(asked, outcome);
            }
            Asked::Erase => self.farewell.hear(outcome),
            Asked::CallSettings | Asked::SaveCallSettings => self.calls.hear(asked, outcome),
            Asked::Devices => self.devices.hear(outcome),
            Asked::Revoke => {
                self.devices.revoked(outcome);
                return self.who_is_in(counter);
            }
            Asked::SignIns => self.sign_ins.hear(outcome),
            Asked::EndSignIn => {
                self.sign_ins.ended(outcome);
                return self.who_is_in(counter);
            }
            _ => {}
        }
        Vec::new()
    }

    /// A sign-in and its device end together.
    fn who_is_in(&mut self, counter: &mut Counter) -> Vec<Command> {
        vec![
            self.devices.refresh(counter),
            self.sign_ins.refresh(counter),
        ]
    }

    /// Somebody else may be signed in now.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// What people call an account's number, or the lack of one.
pub(crate) fn number_words(account: &AccountSummary) -> String {
    match (&account.number, account.is_guest) {
        (Some(number), false) => number.clone(),
        (Some(number), true) => format!("{number} (lent to a guest)"),
        (None, _) => "No number".into(),
    }
}

/// The number that a reply about our account tells.
fn number_of(account: &api::Me) -> String {
    let number = account.number.as_ref();
    number.map_or_else(|| "no number".into(), |number| number.as_str().to_owned())
}
