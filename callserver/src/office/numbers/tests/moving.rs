//! Changing, swapping, giving up and taking back.

use super::*;

async fn a_changed_number_reaches_its_owner_and_the_old_one_does_what_was_chosen(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice", "1000").await;
    for (to, on_call, old_reaches) in [
        ("1001", OnCall::Forward, "forwarded to alice"),
        ("1002", OnCall::Moved, "moved to 1002"),
        ("1003", OnCall::Gone, "gone"),
    ] {
        let old = primary(&office, alice).await.expect("a number");
        let changed = change(&office, alice, to, on_call).await.expect("a change");
        assert_eq!(changed.account.number, Some(number(to)));
        assert_eq!(
            changed.old.expect("an old number").state,
            NumberState::Quarantined
        );
        assert_eq!(reached(office.store(), to).await, "alice");
        assert_eq!(reached(office.store(), &old).await, old_reaches);
    }
    assert_eq!(
        reached(office.store(), "1001").await,
        "moved to 1003",
        "callers are told today's number"
    );
    let history = office.number_history("1000").await.expect("a history");
    let states: Vec<_> = history
        .iter()
        .map(|line| (line.state, line.epoch))
        .collect();
    assert_eq!(
        states,
        [(NumberState::Assigned, 1), (NumberState::Quarantined, 1)]
    );
    assert_eq!(
        history[1].username.as_deref(),
        Some("alice"),
        "it remembers who it was"
    );
    let audit = office
        .store()
        .audit(None, None, None, 10)
        .await
        .expect("a log");
    assert!(
        audit
            .iter()
            .any(|line| line.action == "number.change" && line.subject == "1003")
    );
}

async fn going_back_and_forth_takes_back_what_rests(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice", "1000").await;
    for to in ["1001", "1000", "1001", "1000"] {
        change(&office, alice, to, OnCall::Forward)
            .await
            .expect("a change");
        assert_eq!(primary(&office, alice).await.as_deref(), Some(to));
    }
    assert_eq!(reached(office.store(), "1001").await, "forwarded to alice");
    let again = change(&office, alice, "1000", OnCall::Gone)
        .await
        .expect("no change");
    assert_eq!(
        again.old, None,
        "to the number that one has: nothing is given up"
    );
    assert_eq!(reached(office.store(), "1001").await, "forwarded to alice");
}

async fn a_refused_change_names_the_nearest_and_changes_nothing(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice", "1000").await;
    let bob = add(&office, "bob", "1001").await;
    office
        .reserve_number(&number("1002"), Some("for the fax"))
        .await
        .expect("reserved");
    change(&office, bob, "1003", OnCall::Gone)
        .await
        .expect("a change");
    for (to, sentence) in [
        (
            "1003",
            "The number 1003 is taken; near it are free 1004, 1005, 1006.",
        ),
        (
            "1001",
            "The number 1001 is quarantined; near it are free 1004, 1005, 1006.",
        ),
        (
            "1002",
            "The number 1002 is reserved; near it are free 1004, 1005, 1006.",
        ),
        (
            "90001",
            "The number 90001 is kept for guests; near it are free 1004, 1005, 1006.",
        ),
        (
            "77",
            "The number 77 is outside every pool; near it are free 1004, 1005, 1006.",
        ),
        (
            "+491",
            "The number +491 is outside every pool; near it are free 1004, 1005, 1006.",
        ),
        (
            "9xx?9",
            "No free number like 9???9 was found; leave more places open, or other ones.",
        ),
    ] {
        let refused = change(&office, alice, to, OnCall::Forward)
            .await
            .expect_err(to);
        assert_eq!(refused.to_string(), sentence);
        assert_eq!(refused.kind(), api::ProblemKind::Conflict);
    }
    assert_eq!(primary(&office, alice).await.as_deref(), Some("1000"));
    assert_eq!(office.numbers_of(alice).await.expect("numbers").len(), 1);
    // An administrator may take a reserved number and one outside every pool, but nobody's that rests.
    for (to, is_given) in [
        ("1002", true),
        ("77", true),
        ("1001", false),
        ("90001", true),
    ] {
        let given = office
            .assign_number(&wish(to), alice, Right::Administrator)
            .await;
        assert_eq!(given.is_ok(), is_given, "{to}");
    }
}

async fn forwards_lead_on_and_a_circle_of_them_is_gone(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice", "1000").await;
    let bob = add(&office, "bob", "1001").await;
    let carol = add(&office, "carol", "1002").await;
    let to_bob = AfterChange {
        on_call: OnCall::Forward,
        forward_to: Some(number("1001")),
    };
    let changed = office
        .change_number(alice, None, &wish("2000"), &to_bob, Right::Owner)
        .await;
    changed.expect("a change");
    assert_eq!(reached(office.store(), "1000").await, "forwarded to bob");
    let to_carol = AfterChange {
        on_call: OnCall::Moved,
        forward_to: Some(number("1002")),
    };
    let changed = office
        .change_number(bob, None, &wish("2001"), &to_carol, Right::Owner)
        .await;
    changed.expect("a change");
    assert_eq!(reached(office.store(), "1001").await, "moved to 1002");
    assert_eq!(
        reached(office.store(), "1000").await,
        "moved to 1002",
        "a chain is followed"
    );
    let back = AfterChange {
        on_call: OnCall::Forward,
        forward_to: Some(number("2000")),
    };
    let changed = office
        .change_number(carol, None, &wish("2002"), &back, Right::Owner)
        .await;
    changed.expect("a change");
    let last = AfterChange {
        on_call: OnCall::Forward,
        forward_to: Some(number("2002")),
    };
    let changed = office
        .change_number(alice, None, &wish("2003"), &last, Right::Owner)
        .await;
    changed.expect("a change");
    assert_eq!(reached(office.store(), "1000").await, "moved to 2002");
    // 2002 is given up in favour of nothing but itself: not allowed; in favour of what leads to it: a circle.
    let itself = AfterChange {
        on_call: OnCall::Forward,
        forward_to: Some(number("2002")),
    };
    let refused = office
        .change_number(carol, None, &wish("2004"), &itself, Right::Owner)
        .await;
    assert!(
        refused
            .expect_err("itself")
            .to_string()
            .contains("cannot be replaced by itself")
    );
    change(&office, carol, "2004", OnCall::Gone)
        .await
        .expect("a change");
    assert_eq!(reached(office.store(), "1000").await, "gone");
    office
        .choose_after(carol, &number("2002"), &after(OnCall::Forward))
        .await
        .expect("another choice");
    assert_eq!(reached(office.store(), "1000").await, "moved to 2004");
    let nobodys = AfterChange {
        on_call: OnCall::Forward,
        forward_to: Some(number("1000")),
    };
    let refused = office.choose_after(carol, &number("2002"), &nobodys).await;
    assert!(refused.is_err(), "a number that rests replaces none");
}

async fn a_number_that_rests_is_its_owners_alone(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice", "1000").await;
    let bob = add(&office, "bob", "1001").await;
    change(&office, alice, "1005", OnCall::Forward)
        .await
        .expect("a change");
    let old = number("1000");
    for refused in [
        office.take_back_number(bob, &old).await,
        office.choose_after(bob, &old, &after(OnCall::Gone)).await,
        office
            .give_up_number(bob, &number("1005"), &after(OnCall::Gone), Right::Owner)
            .await,
        office.make_primary(bob, &number("1005")).await,
    ] {
        let refused = refused.expect_err("somebody else's");
        assert_eq!(refused.kind(), api::ProblemKind::NotFound, "{refused}");
    }
    let row = office
        .take_back_number(alice, &old)
        .await
        .expect("taken back");
    assert_eq!(
        (row.state, row.is_primary, row.epoch),
        (NumberState::Assigned, false, 1)
    );
    assert_eq!(primary(&office, alice).await.as_deref(), Some("1005"));
    office.make_primary(alice, &old).await.expect("primary");
    assert_eq!(primary(&office, alice).await.as_deref(), Some("1000"));
    let refused = office
        .take_back_number(alice, &old)
        .await
        .expect_err("it does not rest");
    assert_eq!(refused.kind(), api::ProblemKind::NotFound);
    office
        .give_up_number(alice, &old, &after(OnCall::Gone), Right::Owner)
        .await
        .expect("given up");
    assert_eq!(
        primary(&office, alice).await.as_deref(),
        Some("1005"),
        "the next takes over"
    );
    let last = office
        .give_up_number(alice, &number("1005"), &after(OnCall::Gone), Right::Owner)
        .await;
    assert!(
        last.expect_err("the last")
            .to_string()
            .contains("your only number")
    );
    assert_eq!(primary(&office, alice).await.as_deref(), Some("1005"));
}

async fn two_owners_swap_and_each_keeps_one_primary_number(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice", "1000").await;
    let bob = add(&office, "bob", "1001").await;
    office
        .assign_number(&wish("1005"), bob, Right::Owner)
        .await
        .expect("one more");
    for (a, b, of_alice, of_bob) in [
        ("1000", "1001", "1001", "1000"),
        ("1001", "1005", "1005", "1000"),
        ("1000", "1005", "1000", "1005"),
    ] {
        let (row_a, row_b) = office
            .swap_numbers(&number(a), &number(b))
            .await
            .expect("a swap");
        assert_ne!(row_a.account, row_b.account);
        assert_eq!(primary(&office, alice).await.as_deref(), Some(of_alice));
        assert_eq!(primary(&office, bob).await.as_deref(), Some(of_bob));
    }
    let history = office.number_history("1000").await.expect("a history");
    let owners: Vec<_> = history
        .iter()
        .map(|line| (line.username.as_deref(), line.epoch))
        .collect();
    assert_eq!(
        owners,
        [(Some("alice"), 1), (Some("bob"), 2), (Some("alice"), 3)]
    );
    for (a, b) in [
        ("1001", "1005"),
        ("1000", "1000"),
        ("1000", "1234"),
        ("4321", "1000"),
    ] {
        let refused = office.swap_numbers(&number(a), &number(b)).await;
        assert!(refused.is_err(), "{a} {b}");
    }
}

async fn nobody_uses_up_the_pool_by_changing(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice", "1000").await;
    for step in 1..=MOST_RESTING {
        let to = (1000 + step).to_string();
        change(&office, alice, &to, OnCall::Gone)
            .await
            .expect("a change");
    }
    let refused = change(&office, alice, "1100", OnCall::Gone)
        .await
        .expect_err("too many");
    assert!(
        refused
            .to_string()
            .starts_with("10 numbers that you gave up"),
        "{refused}"
    );
    change(&office, alice, "1004", OnCall::Gone)
        .await
        .expect("to one that rests");
    let by_admin = office
        .change_number(
            "alice",
            None,
            &wish("1100"),
            &after(OnCall::Gone),
            Right::Administrator,
        )
        .await;
    by_admin.expect("an administrator may");
    let section = NumbersSection {
        per_account: 2,
        quarantine_days: 0,
        ..NumbersSection::default()
    };
    let office = office.with_plan(section);
    let changed = change(&office, alice, "1200", OnCall::Gone).await;
    assert!(changed.is_err(), "what rests already still counts");
    let bob = add(&office, "bob", "1300").await;
    let changed = change(&office, bob, "1301", OnCall::Forward)
        .await
        .expect("a change");
    assert_eq!(
        changed.old.expect("the old one").state,
        NumberState::Free,
        "no quarantine: free at once"
    );
    office
        .assign_number(&wish("any"), bob, Right::Owner)
        .await
        .expect("a second");
    let refused = office
        .assign_number(&wish("any"), bob, Right::Owner)
        .await
        .expect_err("a third");
    assert!(refused.to_string().contains("2 numbers"), "{refused}");
}

async fn a_rehearsal_says_what_would_happen_and_changes_nothing(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice", "1000").await;
    let rehearsing = office.rehearsing();
    let changed = change(&rehearsing, alice, "1001", OnCall::Forward)
        .await
        .expect("a rehearsal");
    assert_eq!(changed.account.number, Some(number("1001")));
    assert_eq!(primary(&office, alice).await.as_deref(), Some("1000"));
    assert_eq!(reached(office.store(), "1001").await, "nobody");
    assert_eq!(office.number_history("1001").await.expect("a history"), []);
}

async fn everything_that_led_to_the_number_is_announced(ground: Ground) {
    let office = ground.office().await;
    let mut changes = office.changes();
    let alice = add(&office, "alice", "1000").await;
    let bob = add(&office, "bob", "1001").await;
    let to_alice = AfterChange {
        on_call: OnCall::Forward,
        forward_to: Some(number("1000")),
    };
    let changed = office
        .change_number(bob, None, &wish("1002"), &to_alice, Right::Owner)
        .await;
    changed.expect("a change");
    change(&office, alice, "1003", OnCall::Forward)
        .await
        .expect("a change");
    let mut last = None;
    while let Ok(change) = changes.try_recv() {
        last = Some(change);
    }
    let last = last.expect("a change");
    assert_eq!(last.dialled, ["1000", "1001", "1003", "alice"]);
    assert_eq!(
        last.people,
        [PersonChanged {
            account: alice,
            what: WhatChanged::Number {
                old: Some(number("1000")),
                new: Some(number("1003")),
            },
        }]
    );
}

on_both_engines!(
    a_changed_number_reaches_its_owner_and_the_old_one_does_what_was_chosen,
    going_back_and_forth_takes_back_what_rests,
    a_refused_change_names_the_nearest_and_changes_nothing,
    forwards_lead_on_and_a_circle_of_them_is_gone,
    a_number_that_rests_is_its_owners_alone,
    two_owners_swap_and_each_keeps_one_primary_number,
    nobody_uses_up_the_pool_by_changing,
    a_rehearsal_says_what_would_happen_and_changes_nothing,
    everything_that_led_to_the_number_is_announced,
);
