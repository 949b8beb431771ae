//! Names, profiles, administrators, invitations, export and erasure over a real database of either engine.

mod erasure;
mod invitations;
mod names;
mod presence;
mod profile;

use std::time::Duration;

use api::LoginRequest;

use super::*;

pub(super) const PASSWORD: &str = "correct horse";
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) async fn add(office: &Office, name: &str) -> AccountRow {
    let new = NewAccount {
        name: name.into(),
        password: Some(PASSWORD.into()),
        ..NewAccount::default()
    };
    office.add_account(new).await.expect(name)
}

pub(super) async fn log_in(
    office: &Office,
    name: &str,
    password: &str,
) -> Result<LoggedIn, OfficeError> {
    let request = LoginRequest {
        name: name.into(),
        password: password.into(),
        device_label: "laptop".into(),
        replaces: None,
    };
    office.log_in(&request).await
}

pub(super) fn as_account(office: &Office, row: &AccountRow) -> Office {
    let source = [192, 0, 2, 1].into();
    office.acting_as(Actor::account(row.account, row.username.clone(), source))
}

pub(super) async fn actions(office: &Office) -> Vec<String> {
    let lines = office
        .store()
        .audit(None, None, None, 100)
        .await
        .expect("the log");
    lines.into_iter().rev().map(|line| line.action).collect()
}

pub(super) fn sentence<T: std::fmt::Debug>(result: Result<T, OfficeError>) -> String {
    result.expect_err("it is refused").to_string()
}
