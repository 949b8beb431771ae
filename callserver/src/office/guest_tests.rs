//! Guests over real databases of both engines.

use std::time::{Duration, SystemTime};

use api::{AccountKind, GuestRequest, NumberRange, NumberState, PoolPurpose, UpgradeRequest};

use super::*;
use crate::store::tests::ground::{Ground, on_both_engines};

const LEASE: Duration = Duration::from_secs(3600);

async fn come(office: &Office) -> Result<LoggedIn, OfficeError> {
    let request = GuestRequest {
        display_name: None,
        device_label: "browser".into(),
    };
    office.add_guest(&request, LEASE).await
}

fn upgrade(name: &str) -> UpgradeRequest {
    UpgradeRequest {
        username: name.into(),
        password: "seven green bottles 7".into(),
        display_name: None,
    }
}

async fn a_guest_who_became_a_person_keeps_the_number_when_guests_leases_end(ground: Ground) {
    let office = ground.office().await;
    let (stays, goes) = (come(&office).await.unwrap(), come(&office).await.unwrap());
    let number = stays.account.number.clone().unwrap();
    assert_eq!(stays.account.kind, AccountKind::Guest);
    let person = office
        .upgrade_guest(stays.account.account, &upgrade("nina"))
        .await
        .unwrap();
    assert_eq!(
        (person.account, person.kind, person.number.as_ref()),
        (stays.account.account, AccountKind::Person, Some(&number))
    );
    assert_eq!(person.display_name, stays.account.display_name);
    let again = office
        .upgrade_guest(person.account, &upgrade("nina2"))
        .await;
    assert!(matches!(again, Err(OfficeError::NoGuest)));
    let later = SystemTime::now() + LEASE + LEASE;
    let ended = office.end_leases(later).await.unwrap();
    assert_eq!(ended.guests, [goes.account.account]);
    let rows = office.numbers_of(person.account).await.unwrap();
    assert_eq!((rows.len(), rows[0].state), (1, NumberState::Assigned));
    // The one who went has neither session nor device any more.
    let session = office.session(&goes.tokens.access_token, SystemTime::now());
    assert!(matches!(session.await, Err(OfficeError::NoSession)));
    office
        .session(&stays.tokens.access_token, SystemTime::now())
        .await
        .unwrap();
}

async fn a_guest_cannot_take_a_name_that_is_somebodys(ground: Ground) {
    let office = ground.office().await;
    let guest = come(&office).await.unwrap().account;
    let first = come(&office).await.unwrap().account.account;
    office.upgrade_guest(first, &upgrade("nina")).await.unwrap();
    let taken = office.upgrade_guest(guest.account, &upgrade("nina")).await;
    assert!(
        matches!(taken, Err(OfficeError::NameTaken { .. })),
        "{taken:?}"
    );
    let row = office.account_by_id(guest.account).await.unwrap();
    assert_eq!(
        (row.kind, row.username),
        (AccountKind::Guest, guest.username)
    );
}

async fn when_all_numbers_are_lent_a_guest_is_sent_away_and_leaves_nothing(ground: Ground) {
    let office = ground.office().await;
    let pools = office.pools().await.unwrap();
    let guests = pools
        .iter()
        .find(|pool| pool.purpose == PoolPurpose::Guests);
    office.remove_pool(&guests.unwrap().range).await.unwrap();
    let range = NumberRange::parse("700-701").unwrap();
    office
        .add_pool(PoolPurpose::Guests, &range, api::PoolPolicy::Random)
        .await
        .unwrap();
    let (one, two) = (come(&office).await.unwrap(), come(&office).await.unwrap());
    assert_ne!(one.account.number, two.account.number);
    let refused = come(&office).await;
    assert!(
        matches!(refused, Err(OfficeError::NoGuestNumber)),
        "{refused:?}"
    );
    assert_eq!(office.accounts().await.unwrap().len(), 2);
}

on_both_engines!(
    a_guest_who_became_a_person_keeps_the_number_when_guests_leases_end,
    a_guest_cannot_take_a_name_that_is_somebodys,
    when_all_numbers_are_lent_a_guest_is_sent_away_and_leaves_nothing,
);
