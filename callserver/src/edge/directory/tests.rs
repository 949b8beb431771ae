//! The directory over a real database, with an office that changes it.

use std::pin::pin;

use api::{AfterChange, OnCall};

use super::*;
use crate::config::GuestCalls;
use crate::office::{Announcement, NewAccount, Office, Right, Wish};
use crate::store::tests::ground::{DOMAIN, Ground, on_both_engines};

on_both_engines!(
    the_next_question_after_a_change_of_number_has_the_new_answer,
    numbers_that_two_people_swap_lead_to_the_other_one,
    a_guest_reaches_only_whom_the_operator_has_named,
    a_number_is_found_however_it_is_dialled,
    the_next_call_is_treated_as_its_callee_wishes_now,
);

struct Rig {
    directory: Directory,
    found: mpsc::UnboundedReceiver<Found>,
    changes: mpsc::Receiver<Announcement>,
    office: Office,
}

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

fn caller(is_guest: bool) -> Party {
    Party {
        account: switch::AccountId(99),
        number: None,
        display_name: "Somebody".into(),
        is_guest,
    }
}

impl Rig {
    /// Alice (1001), Bob (1002).
    async fn new(ground: &Ground, dialling: Dialling) -> Rig {
        let store = ground.store().await;
        let (announcements, changes) = mpsc::channel(8);
        let office = Office::new(store.clone(), DOMAIN, Some(announcements));
        let (directory, found) = Directory::new(store, dialling, tokio::runtime::Handle::current());
        let mut rig = Rig {
            directory,
            found,
            changes,
            office,
        };
        for (name, number) in [("alice", "1001"), ("bob", "1002")] {
            let new = NewAccount {
                name: name.into(),
                number: Some(number.into()),
                ..NewAccount::default()
            };
            let office = rig.office.clone();
            rig.does(office.add_account(new)).await.unwrap();
        }
        rig
    }

    /// Lets the office work, and the directory forget.
    async fn does<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                Some(announcement) = self.changes.recv() => {
                    self.directory.forget(&announcement.change);
                    let _ = announcement.done.send(());
                }
            }
        }
    }

    async fn later(&mut self) -> Answer {
        let found = self.found.recv().await.unwrap();
        self.directory.found(found).unwrap().1
    }

    async fn reached_by(&mut self, caller: &Party, dialled: &str) -> Reached {
        let answer = match self.directory.reached(AskId(1), dialled, caller, None) {
            Some(answer) => answer,
            None => self.later().await,
        };
        match answer {
            Answer::Destination(reached) => reached,
            other => panic!("{other:?}"),
        }
    }

    /// Where a number leads, and under which number its owner is shown.
    async fn reached(&mut self, dialled: &str) -> String {
        let shown = |to: Destination| {
            let number = to.number.unwrap_or_default();
            format!("{} ({number})", to.display_name)
        };
        match self.reached_by(&caller(false), dialled).await {
            Reached::Account(to) => shown(to),
            Reached::Forwarded { from, to } => format!("{from} forwarded to {}", shown(to)),
            Reached::Moved { to } => format!("moved to {to}"),
            other => format!("{other:?}"),
        }
    }

    async fn credential(&mut self, login: &str) -> Credential {
        let login = Text::from(login.to_owned());
        let answer = match self.directory.credential(AskId(2), &login) {
            Some(answer) => answer,
            None => self.later().await,
        };
        match answer {
            Answer::Credential(Some(credential)) => credential,
            other => panic!("{other:?}"),
        }
    }
}

async fn the_next_question_after_a_change_of_number_has_the_new_answer(ground: Ground) {
    let mut rig = Rig::new(&ground, Dialling::default()).await;
    let office = rig.office.clone();
    let (_, device) = rig.does(office.add_device("bob", None)).await.unwrap();
    let mut old = "1002".to_owned();
    for (new, on_call, told) in [
        ("1005", OnCall::Forward, "1002 forwarded to bob (1005)"),
        ("1006", OnCall::Moved, "moved to 1006"),
        ("1007", OnCall::Gone, "Gone"),
    ] {
        // Everything is remembered before the change, the number that nobody has yet too.
        assert_eq!(rig.reached(&old).await, format!("bob ({old})"));
        assert_eq!(rig.reached("bob").await, format!("bob ({old})"));
        assert_eq!(rig.reached(new).await, "Nobody");
        let before = rig.credential(&device.login).await;
        assert_eq!(before.number.as_deref(), Some(&*old));

        let after = AfterChange {
            on_call,
            forward_to: None,
        };
        let (from, wish) = (number(&old), Wish::Number(number(new)));
        let change = office.change_number("bob", Some(&from), &wish, &after, Right::Administrator);
        rig.does(change).await.unwrap();

        assert_eq!(rig.reached(new).await, format!("bob ({new})"));
        assert_eq!(rig.reached("bob").await, format!("bob ({new})"));
        assert_eq!(rig.reached(&old).await, told);
        let credential = rig.credential(&device.login).await;
        assert_eq!(credential.number.as_deref(), Some(new));
        assert!(credential.other_numbers.iter().any(|other| *other == *old));
        old = new.to_owned();
    }
    // The first one still leads to wherever Bob is.
    assert_eq!(rig.reached("1002").await, "1002 forwarded to bob (1007)");
}

async fn numbers_that_two_people_swap_lead_to_the_other_one(ground: Ground) {
    let mut rig = Rig::new(&ground, Dialling::default()).await;
    assert_eq!(rig.reached("1001").await, "alice (1001)");
    assert_eq!(rig.reached("1002").await, "bob (1002)");
    let office = rig.office.clone();
    let (a, b) = (number("1001"), number("1002"));
    rig.does(office.swap_numbers(&a, &b)).await.unwrap();
    assert_eq!(rig.reached("1001").await, "bob (1001)");
    assert_eq!(rig.reached("1002").await, "alice (1002)");
}

async fn a_guest_reaches_only_whom_the_operator_has_named(ground: Ground) {
    let mut rig = Rig::new(&ground, Dialling::default()).await;
    for (may_call, alice, bob) in [
        (&["accounts"][..], true, true),
        (&["guests"], false, false),
        (&["guests", "services"], false, false),
        (&["services", "10x1"], true, false),
        (&[], false, false),
    ] {
        let entries: Vec<String> = may_call.iter().map(ToString::to_string).collect();
        let dialling = Dialling {
            guest_calls: GuestCalls::parse(&entries).unwrap(),
            ..Dialling::default()
        };
        rig.directory.dialling = Arc::new(dialling);
        for (dialled, is_allowed) in [("1001", alice), ("1002", bob)] {
            // Asked twice: what is remembered is judged as what is not.
            for _ in 0..2 {
                let reached = rig.reached_by(&caller(true), dialled).await;
                let is_account = matches!(reached, Reached::Account(_));
                assert_eq!(is_account, is_allowed, "{dialled} with {may_call:?}");
                assert!(is_account || reached == Reached::NotAllowed);
            }
            assert!(rig.reached(dialled).await.contains(dialled));
        }
        let nobody = rig.reached_by(&caller(true), "4711").await;
        assert_eq!(nobody, Reached::Nobody);
    }
}

async fn a_number_is_found_however_it_is_dialled(ground: Ground) {
    let mut rig = Rig::new(&ground, Dialling::default()).await;
    for dialled in ["1001", "10-01", "(10)01", "alice", "ALICE"] {
        assert_eq!(rig.reached(dialled).await, "alice (1001)", "{dialled}");
    }
    for nonsense in ["", "?", "10*01", "no such name"] {
        assert_eq!(rig.reached(nonsense).await, "Nobody", "{nonsense}");
    }
}

async fn the_next_call_is_treated_as_its_callee_wishes_now(ground: Ground) {
    let mut rig = Rig::new(&ground, Dialling::default()).await;
    let office = rig.office.clone();
    let treated =
        async |rig: &mut Rig, dialled: &str| match rig.reached_by(&caller(false), dialled).await {
            Reached::Account(to) => to.treatment,
            other => panic!("{other:?}"),
        };
    assert_eq!(
        *treated(&mut rig, "1002").await,
        switch::Treatment::default()
    );
    let request = api::RingGroupRequest {
        name: "sales".into(),
        number: Some("2000".into()),
        members: vec!["alice".into(), "bob".into()],
        ..api::RingGroupRequest::default()
    };
    rig.does(office.add_ring_group(&request)).await.unwrap();
    let group = treated(&mut rig, "2000").await;
    let members: Vec<_> = group.members.iter().map(|one| &*one.display_name).collect();
    assert_eq!(members, ["alice", "bob"]);

    let bob = office.account("bob").await.unwrap().account;
    rig.does(office.set_do_not_disturb(bob, true))
        .await
        .unwrap();
    assert!(treated(&mut rig, "1002").await.do_not_disturb);
    assert!(treated(&mut rig, "bob").await.do_not_disturb);
    let group = treated(&mut rig, "2000").await;
    assert!(group.members[1].treatment.do_not_disturb);
    assert!(!group.members[0].treatment.do_not_disturb);

    let settings = api::CallSettings {
        forward_no_answer: Some("1001".into()),
        no_answer_seconds: 9,
        call_waiting: false,
        ..api::CallSettings::default()
    };
    rig.does(office.set_call_settings(bob, &settings))
        .await
        .unwrap();
    let now = treated(&mut rig, "1002").await;
    let after = std::time::Duration::from_secs(9);
    assert_eq!(now.forward_no_answer, Some(("1001".into(), after)));
    assert_eq!((now.do_not_disturb, now.max_calls), (false, Some(1)));

    // Whoever is blocked does not get there any more, and is not rung for.
    let insert =
        "INSERT INTO contacts (owner_id, account_id, name, created_at, changed_at, is_blocked)
        VALUES (2, 99, 'Somebody', 0, 0, 1)";
    let raw = "INSERT INTO accounts (account_id, username, display_name, created_at) VALUES (99, 'somebody', 'S', 0)";
    office.store().run_raw(raw).await;
    office.store().run_raw(insert).await;
    rig.directory.forget(&Change {
        people: vec![crate::office::PersonChanged {
            account: bob,
            what: WhatChanged::Contacts,
        }],
        ..Change::default()
    });
    let told = rig.reached_by(&caller(false), "1002").await;
    assert!(matches!(told, Reached::Blocked(_)), "{told:?}");
    let group = treated(&mut rig, "2000").await;
    let blocked = [switch::AccountId(99)].into();
    assert_eq!(group.members[1].treatment.blocked, blocked);
    let other = Party {
        account: switch::AccountId(1),
        ..caller(false)
    };
    let told = rig.reached_by(&other, "1002").await;
    assert!(matches!(told, Reached::Account(_)), "{told:?}");
}
