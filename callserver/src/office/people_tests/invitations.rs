//! Invitations and the accounts that are made with them.

use api::{SignUp, SignUpRequest};

use super::*;
use crate::store::NumberState;
use crate::store::tests::ground::{Ground, on_both_engines};

async fn an_invitation_keeps_its_number_until_it_ends(ground: Ground) {
    let office = ground.office().await;
    let wish = InvitationWish {
        note: "the new colleague".into(),
        number: Some("1234".into()),
        uses: 1,
        lifetime: DAY,
    };
    let made = office.add_invitation(wish.clone()).await.expect("made");
    assert!(!format!("{made:?}").contains(&made.code));
    let state = async |number: &str| {
        let rows = office.numbers(None).await.expect("a list");
        let row = rows.into_iter().find(|row| row.number.as_str() == number);
        row.map(|row| row.state)
    };
    assert_eq!(state("1234").await, Some(NumberState::Reserved));
    let again = office.add_invitation(wish.clone()).await;
    assert!(matches!(again, Err(OfficeError::NumberTaken { .. })));
    office
        .end_rests(SystemTime::now() + 2 * DAY)
        .await
        .expect("time passes");
    assert_eq!(state("1234").await, Some(NumberState::Free));
    assert!(
        office
            .invitations(None, 10)
            .await
            .expect("a list")
            .is_empty()
    );

    let made = office.add_invitation(wish.clone()).await.expect("made");
    office
        .remove_invitation(made.row.invitation)
        .await
        .expect("taken back");
    assert_eq!(state("1234").await, Some(NumberState::Free));
    for (uses, lifetime, number) in [
        (0, DAY, None),
        (1001, DAY, None),
        (1, Duration::from_secs(60), None),
        (1, 400 * DAY, None),
        (2, DAY, Some("1234".to_owned())),
    ] {
        let bad = InvitationWish {
            uses,
            lifetime,
            number,
            note: String::new(),
        };
        let refused = office.add_invitation(bad).await;
        assert!(matches!(refused, Err(OfficeError::Invitation { .. })));
    }
    let missing = office.remove_invitation(4711).await;
    assert!(matches!(missing, Err(OfficeError::NoSuchInvitation { .. })));
}

fn wish(name: &str) -> SignUpRequest {
    SignUpRequest {
        username: name.into(),
        password: PASSWORD.into(),
        display_name: None,
        invitation: None,
        number: None,
        device_label: "laptop".into(),
    }
}

async fn only_whom_the_operator_lets_in_makes_an_account(ground: Ground) {
    let office = ground.office().await;
    for (allowed, sentence) in [
        (
            SignUp::Closed,
            "On this server only an administrator makes accounts; ask one.",
        ),
        (
            SignUp::Invitation,
            "On this server one needs an invitation to make an account; ask an administrator.",
        ),
    ] {
        let refused = office.sign_up(&wish("alice"), allowed).await;
        assert_eq!(super::sentence(refused), sentence);
    }
    let mut with_code = wish("alice");
    with_code.invitation = Some("made-up".into());
    for (allowed, is_closed) in [(SignUp::Closed, true), (SignUp::Invitation, false)] {
        match office.sign_up(&with_code, allowed).await {
            Err(OfficeError::SignUpRefused { .. }) => assert!(is_closed),
            Err(OfficeError::InvitationNotGood) => assert!(!is_closed),
            other => panic!("{other:?}"),
        }
    }
    let made = office
        .sign_up(&wish("Alice"), SignUp::Open)
        .await
        .expect("made");
    assert_eq!(made.account.display_name, "Alice");
    assert_eq!(
        made.account.number.as_ref().map(api::Number::as_str),
        Some("1000")
    );
    let owner = office
        .session(&made.tokens.access_token, SystemTime::now())
        .await;
    assert_eq!(owner.expect("a session").account, made.account.account);
    log_in(&office, "alice", PASSWORD)
        .await
        .expect("the password is good");
}

async fn a_refused_sign_up_says_why_and_leaves_nothing_behind(ground: Ground) {
    let office = ground.office().await;
    add(&office, "alice").await;
    let bob = || wish("bob");
    let number = |text: &str| SignUpRequest {
        number: Some(text.into()),
        ..bob()
    };
    for (request, part) in [
        (wish("alice"), "is taken"),
        (wish("a1ice"), "looks too much like"),
        (wish("admin"), "kept for the system"),
        (
            SignUpRequest {
                password: "password1".into(),
                ..bob()
            },
            "10,000",
        ),
        (
            SignUpRequest {
                device_label: " ".into(),
                ..bob()
            },
            "device label",
        ),
        (
            SignUpRequest {
                display_name: Some("\n".into()),
                ..bob()
            },
            "display name",
        ),
        (number("1000"), "near it are free 1001"),
        (number("110"), "110"),
        (number("+49301234"), "+49301234"),
        (number("x"), "not a number"),
    ] {
        let refused = sentence(office.sign_up(&request, SignUp::Open).await);
        assert!(refused.contains(part), "{refused}");
    }
    // Who holds a number is nothing that a stranger is told.
    let stranger = office.acting_as(Actor::stranger([192, 0, 2, 1].into()));
    let refused = sentence(stranger.sign_up(&number("1000"), SignUp::Open).await);
    assert!(
        refused.starts_with("The number 1000 is taken; near it are free 1001"),
        "{refused}"
    );
    assert_eq!(office.accounts().await.expect("a list").len(), 1);
}

async fn an_invitation_lets_in_as_many_as_it_says_with_its_number(ground: Ground) {
    let office = ground.office().await;
    let invitation = async |number: Option<&str>, uses| {
        let wish = InvitationWish {
            note: "a test".into(),
            number: number.map(Into::into),
            uses,
            lifetime: DAY,
        };
        office.add_invitation(wish).await.expect("made")
    };
    let join = async |name: &str, code: &str| {
        let request = SignUpRequest {
            invitation: Some(code.to_uppercase()),
            ..wish(name)
        };
        office.sign_up(&request, SignUp::Invitation).await
    };
    let golden = invitation(Some("7777"), 1).await;
    assert!(
        join("x", &golden.code).await.is_err(),
        "a refused request uses nothing up"
    );
    let alice = join("alice", &golden.code).await.expect("let in");
    assert_eq!(alice.account.number.expect("a number").as_str(), "7777");
    assert!(matches!(
        join("bob", &golden.code).await,
        Err(OfficeError::InvitationNotGood)
    ));
    let history = office.number_history("7777").await.expect("a history");
    assert_eq!(
        history.last().map(|line| line.state),
        Some(NumberState::Assigned)
    );

    let twice = invitation(None, 2).await;
    for name in ["bob", "carol"] {
        join(name, &twice.code).await.expect(name);
    }
    assert!(join("dave", &twice.code).await.is_err());
    let rows = office.invitations(None, 10).await.expect("a list");
    let left: Vec<_> = rows
        .iter()
        .map(|row| (row.uses_left, row.number.clone()))
        .collect();
    assert_eq!(left, [(0, None), (0, None)]);
    let log = actions(&office).await;
    assert_eq!(
        log.iter()
            .filter(|action| *action == "invitation.use")
            .count(),
        3
    );
}

async fn many_race_for_one_invitation_and_exactly_one_gets_in(ground: Ground) {
    let office = ground.office().await;
    let golden = office
        .add_invitation(InvitationWish {
            note: String::new(),
            number: Some("7777".into()),
            uses: 1,
            lifetime: DAY,
        })
        .await
        .expect("made");
    let racing: Vec<_> = (0..8)
        .map(|index| {
            let office = office.clone();
            let request = SignUpRequest {
                invitation: Some(golden.code.clone()),
                ..wish(&format!("racer{index}"))
            };
            tokio::spawn(async move { office.sign_up(&request, SignUp::Invitation).await })
        })
        .collect();
    let mut winners = Vec::new();
    for racer in racing {
        match racer.await.expect("it ran") {
            Ok(winner) => winners.push(winner.account),
            Err(error) => assert!(matches!(error, OfficeError::InvitationNotGood), "{error}"),
        }
    }
    let accounts = office.accounts().await.expect("a list");
    assert_eq!((winners.len(), accounts.len()), (1, 1));
    assert_eq!(
        accounts,
        winners
            .iter()
            .map(|row| AccountRow {
                devices: 1,
                ..row.clone()
            })
            .collect::<Vec<_>>()
    );
}

async fn many_race_for_names_that_look_alike_and_exactly_one_gets_it(ground: Ground) {
    let office = ground.office().await;
    let names = ["willi", "wi1li", "w-illi", "vvilli", "wil.li", "wlll1"];
    let racing = names.map(|name| {
        let office = office.clone();
        tokio::spawn(async move { office.sign_up(&wish(name), SignUp::Open).await })
    });
    let mut winners = 0;
    for racer in racing {
        match racer.await.expect("it ran") {
            Ok(_) => winners += 1,
            Err(error) => assert!(
                matches!(error, OfficeError::NameLooksTaken { .. }),
                "{error}"
            ),
        }
    }
    assert_eq!(winners, 1);
    assert_eq!(office.accounts().await.expect("a list").len(), 1);
}

on_both_engines!(
    many_race_for_one_invitation_and_exactly_one_gets_in,
    many_race_for_names_that_look_alike_and_exactly_one_gets_it,
    an_invitation_keeps_its_number_until_it_ends,
    only_whom_the_operator_lets_in_makes_an_account,
    a_refused_sign_up_says_why_and_leaves_nothing_behind,
    an_invitation_lets_in_as_many_as_it_says_with_its_number,
);
