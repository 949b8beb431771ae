//! The number plan over a real database of either engine.

mod importing;
mod leases;
mod model;
mod moving;
mod pooling;

use api::{AfterChange, Number, NumberRange, NumberState, OnCall, PoolPolicy, PoolPurpose};

use super::*;
use crate::config::NumbersSection;
use crate::office::NewAccount;
use crate::store::tests::ground::{Ground, on_both_engines};
use crate::store::{Reached, ReachedAccount, Store};

fn number(text: &str) -> Number {
    Number::parse(text).expect("a number")
}

fn wish(text: &str) -> Wish {
    text.parse().expect("a wish")
}

fn after(on_call: OnCall) -> AfterChange {
    AfterChange {
        on_call,
        forward_to: None,
    }
}

/// Adds an account with this number, as an administrator does.
async fn add(office: &Office, name: &str, number: &str) -> AccountId {
    let new = NewAccount {
        name: name.into(),
        number: Some(number.into()),
        ..NewAccount::default()
    };
    office.add_account(new).await.expect("an account").account
}

/// Changes an account's primary number as its owner.
async fn change(
    office: &Office,
    account: AccountId,
    to: &str,
    on_call: OnCall,
) -> Result<NumberChanged, OfficeError> {
    office
        .change_number(account, None, &wish(to), &after(on_call), Right::Owner)
        .await
}

/// What a call to a number comes to, in a word.
async fn reached(store: &Store, text: &str) -> String {
    let name = async |account: ReachedAccount| {
        let row = store.account_by_id(account.account).await;
        row.expect("an answer").expect("a row").username
    };
    match store.reached_by(&number(text)).await.expect("an answer") {
        Reached::Account(account) => name(account).await,
        Reached::ForwardedTo(account) => format!("forwarded to {}", name(account).await),
        Reached::Moved { to, .. } => format!("moved to {to}"),
        Reached::Gone => "gone".into(),
        Reached::Nobody => "nobody".into(),
    }
}

async fn primary(office: &Office, account: AccountId) -> Option<String> {
    let rows = office.numbers_of(account).await.expect("numbers");
    let primary = rows.into_iter().find(|row| row.is_primary);
    primary.map(|row| row.number.into())
}
