//! Pools: what is given from them, and what is not.

use super::*;

fn range(text: &str) -> NumberRange {
    NumberRange::parse(text).expect("a range")
}

async fn pools_do_not_share_numbers_and_say_what_is_left(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice", "200").await;
    let added = office
        .add_pool(PoolPurpose::Accounts, &range("200-299"), PoolPolicy::Random)
        .await;
    let added = added.expect("a pool");
    assert_eq!(
        (added.size(), added.free),
        (100, 99),
        "alice has one of them already"
    );
    for text in ["200-299", "150-200", "299-300", "250-250", "100-400"] {
        let refused = office
            .add_pool(PoolPurpose::Guests, &range(text), PoolPolicy::Lowest)
            .await;
        let sentence = refused.expect_err(text).to_string();
        assert!(sentence.contains("200-299 for accounts"), "{sentence}");
    }
    for text in ["300-399", "00-99", "+200-+299"] {
        let added = office
            .add_pool(PoolPurpose::Services, &range(text), PoolPolicy::Lowest)
            .await;
        added.expect(text);
    }
    office
        .assign_number(&wish("2?5"), alice, Right::Owner)
        .await
        .expect("one more");
    let pools = office.pools().await.expect("pools");
    let left: Vec<_> = pools
        .iter()
        .map(|pool| (pool.range.to_string(), pool.free))
        .collect();
    let left: Vec<_> = left
        .iter()
        .map(|(range, free)| (range.as_str(), *free))
        .collect();
    assert_eq!(
        left,
        [
            ("200-299", 98),
            ("1000-9999", 9000),
            ("90000-98999", 9000),
            ("00-99", 100),
            ("300-399", 100),
            ("+200-+299", 100),
        ]
    );
    let refused = office
        .remove_pool(&range("200-298"))
        .await
        .expect_err("another range");
    assert!(refused.to_string().contains("no pool 200-298"), "{refused}");
    office
        .remove_pool(&range("200-299"))
        .await
        .expect("removed");
    assert_eq!(
        reached(office.store(), "200").await,
        "alice",
        "whose number it is, it stays"
    );
    let refused = office
        .assign_number(&wish("201"), alice, Right::Owner)
        .await;
    assert!(
        refused
            .expect_err("no pool")
            .to_string()
            .contains("outside every pool")
    );
}

async fn the_lowest_free_number_is_given_until_the_pool_is_full(ground: Ground) {
    let section = NumbersSection {
        per_account: 100,
        ..NumbersSection::default()
    };
    let office = ground.office().await.with_plan(section);
    office
        .remove_pool(&range("1000-9999"))
        .await
        .expect("removed");
    let pool = office
        .add_pool(PoolPurpose::Accounts, &range("10-19"), PoolPolicy::Lowest)
        .await;
    pool.expect("a pool");
    let alice = add(&office, "alice", "13").await;
    office
        .reserve_number(&number("11"), None)
        .await
        .expect("reserved");
    for given in ["10", "12", "14", "15"] {
        let row = office
            .assign_number(&wish("lowest"), alice, Right::Owner)
            .await
            .expect("a number");
        assert_eq!(row.number.as_str(), given);
    }
    for freed in ["12", "10", "13", "11"] {
        office
            .release_number(&number(freed))
            .await
            .expect("released");
    }
    for given in ["10", "11", "12", "13", "16", "17", "18", "19"] {
        let row = office
            .assign_number(&wish("any"), alice, Right::Owner)
            .await
            .expect("a number");
        assert_eq!(row.number.as_str(), given);
    }
    for full in ["any", "lowest", "random", "1?"] {
        let refused = office
            .assign_number(&wish(full), alice, Right::Owner)
            .await
            .expect_err("full");
        assert_eq!(refused.kind(), api::ProblemKind::Conflict, "{full}");
    }
    let refused = office
        .assign_number(&wish("20"), alice, Right::Owner)
        .await
        .expect_err("outside");
    assert_eq!(
        refused.to_string(),
        "The number 20 is outside every pool; choose another one."
    );
    assert_eq!(
        office.free_numbers_near(&number("15")).await.expect("none"),
        []
    );
    assert_eq!(office.pools().await.expect("pools")[0].free, 0);
}

async fn a_wish_finds_what_fits_and_random_stays_within_the_pools(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice", "1042").await;
    for (text, given) in [("??42", "1142"), ("12xx", "1200"), ("9???", "9000")] {
        let row = office
            .assign_number(&wish(text), alice, Right::Owner)
            .await
            .expect("a number");
        assert_eq!(row.number.as_str(), given, "{text}");
    }
    let like = api::NumberPattern::parse("??42").expect("a pattern");
    let offered = office.free_numbers_like(&like).await.expect("an offer");
    let offered: Vec<_> = offered.iter().map(Number::as_str).collect();
    assert_eq!(offered[..3], ["1242", "1342", "1442"]);
    let bob = add(&office, "bob", "5000").await;
    let row = office
        .assign_number(&wish("random"), alice, Right::Owner)
        .await
        .expect("a number");
    assert!(range("1000-9999").contains(&row.number));
    let (is_free, _) = office
        .is_number_free(bob, &number("1043"))
        .await
        .expect("an answer");
    assert!(is_free);
    let (is_free, instead) = office
        .is_number_free(bob, &number("1042"))
        .await
        .expect("an answer");
    assert!(!is_free);
    assert_eq!(instead, [number("1043"), number("1041"), number("1044")]);
}

on_both_engines!(
    pools_do_not_share_numbers_and_say_what_is_left,
    the_lowest_free_number_is_given_until_the_pool_is_full,
    a_wish_finds_what_fits_and_random_stays_within_the_pools,
);
