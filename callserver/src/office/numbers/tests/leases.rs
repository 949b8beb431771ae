//! Leases that end: of numbers that rested long enough, and of guests.

use super::*;

async fn what_rested_long_enough_is_free_for_others(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice", "1000").await;
    change(&office, alice, "1001", OnCall::Forward)
        .await
        .expect("a change");
    let now = SystemTime::now();
    let day = Duration::from_secs(24 * 60 * 60);
    assert_eq!(
        office.end_leases(now + 44 * day).await.expect("a sweep"),
        LeasesEnded::default()
    );
    let ended = office.end_leases(now + 46 * day).await.expect("a sweep");
    assert_eq!(ended.freed, [number("1000")]);
    assert_eq!(reached(office.store(), "1000").await, "nobody");
    change(&office, alice, "1000", OnCall::Gone)
        .await
        .expect("free again");
    let history = office.number_history("1000").await.expect("a history");
    assert_eq!(history.last().map(|line| line.epoch), Some(2));
}

async fn a_guest_who_stays_away_is_gone_and_its_number_rests(ground: Ground) {
    let office = ground.office().await;
    let hour = Duration::from_secs(60 * 60);
    let request = api::GuestRequest {
        device_label: "laptop".into(),
        display_name: None,
    };
    let guest = office
        .add_guest(&request, 24 * hour)
        .await
        .expect("a guest");
    let (account, lent) = (
        guest.account.account,
        guest.account.number.expect("a number"),
    );
    let other = office
        .add_guest(&request, 24 * hour)
        .await
        .expect("a guest")
        .account;
    let stays = other.number.clone().expect("a number");
    let now = SystemTime::now();
    let mut tx = office.store().begin().await.expect("a write");
    let is_renewed = tx
        .renew_lease(other.account, now + 48 * hour)
        .await
        .expect("an answer");
    tx.commit().await.expect("written");
    assert!(is_renewed);
    for refused in [
        change(&office, account, "1000", OnCall::Gone)
            .await
            .map(drop),
        office
            .give_up_number(account, &lent, &after(OnCall::Gone), Right::Owner)
            .await
            .map(drop),
        office.swap_numbers(&lent, &stays).await.map(drop),
    ] {
        assert!(
            refused
                .expect_err("lent")
                .to_string()
                .contains("lent to a guest")
        );
    }
    assert_eq!(
        office.end_leases(now + 23 * hour).await.expect("a sweep"),
        LeasesEnded::default()
    );
    let ended = office.end_leases(now + 25 * hour).await.expect("a sweep");
    assert_eq!(ended.guests, [account]);
    assert_eq!(reached(office.store(), lent.as_str()).await, "gone");
    assert_eq!(
        reached(office.store(), stays.as_str()).await,
        other.username
    );
    let row = office
        .store()
        .account_by_id(account)
        .await
        .expect("an answer")
        .expect("a row");
    assert_eq!(
        (row.kind, row.devices, row.number),
        (api::AccountKind::Erased, 0, None)
    );
    let ended = office.end_leases(now + 60 * hour).await.expect("a sweep");
    assert_eq!(
        (ended.freed, ended.guests),
        (vec![lent.clone()], vec![other.account])
    );
    assert_eq!(reached(office.store(), lent.as_str()).await, "nobody");
}

on_both_engines!(
    what_rested_long_enough_is_free_for_others,
    a_guest_who_stays_away_is_gone_and_its_number_rests,
);
