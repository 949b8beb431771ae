//! Call settings and ring groups over a real database.

use api::{CallSettings, RingGroupChange, RingGroupRequest, RingOrder};

use super::*;
use crate::store::AuditFilter;
use crate::store::tests::ground::{Ground, on_both_engines};

on_both_engines!(
    settings_are_kept_as_they_were_said_and_written_into_the_log,
    do_not_disturb_changes_nothing_else,
    a_group_has_a_number_and_members_in_their_order,
    what_is_wrong_about_a_group_is_said,
    whoever_is_deleted_leaves_settings_and_groups,
);

async fn people(ground: &Ground) -> (Office, Vec<AccountRow>) {
    let office = ground.office().await;
    let mut rows = Vec::new();
    for name in ["alice", "bob", "carol"] {
        let new = NewAccount {
            name: name.into(),
            ..NewAccount::default()
        };
        rows.push(office.add_account(new).await.expect("an account"));
    }
    (office, rows)
}

async fn settings_are_kept_as_they_were_said_and_written_into_the_log(ground: Ground) {
    let (office, rows) = people(&ground).await;
    let alice = rows[0].account;
    let defaults = office.call_settings(alice).await.expect("settings");
    assert_eq!(defaults, CallSettings::default());

    let (_, first) = office.add_device("alice", None).await.expect("a device");
    let (_, second) = office.add_device("alice", None).await.expect("a device");
    let wanted = CallSettings {
        do_not_disturb: true,
        forward_always: Some("1001".into()),
        forward_busy: Some("bob".into()),
        forward_no_answer: Some("+493012345".into()),
        no_answer_seconds: 33,
        forward_unreachable: Some("1002".into()),
        ring: RingOrder::InOrder,
        ring_first: vec![second.login.clone(), first.login],
        ring_seconds: 7,
        call_waiting: false,
        max_calls: Some(4),
        refuse_anonymous: true,
        voicemail: api::VoicemailSettings {
            is_on: true,
            after_seconds: 17,
        },
    };
    for _ in 0..2 {
        let set = office.set_call_settings(alice, &wanted).await;
        assert_eq!(set.expect("settings"), wanted);
    }
    assert_eq!(office.call_settings(alice).await.expect("them"), wanted);
    let filter = AuditFilter {
        limit: 50,
        ..AuditFilter::default()
    };
    let log = office.audit_log(Some("alice"), None, filter).await;
    let log = log.expect("the log");
    assert_eq!(log.last().expect("a line").action, "account.call-settings");

    // A phone that is no more does not stand in anybody's way.
    office
        .remove_device("alice", &second.login)
        .await
        .expect("removed");
    let left = office.call_settings(alice).await.expect("settings");
    assert_eq!(left.ring_first.len(), 1);
    let unknown = office.set_call_settings(alice, &wanted).await;
    assert!(matches!(
        unknown.expect_err("a refusal"),
        OfficeError::NoSuchDevice { .. }
    ));
    let to_self = CallSettings {
        forward_busy: Some("Alice".into()),
        ..CallSettings::default()
    };
    let refused = office.set_call_settings(alice, &to_self).await;
    assert!(matches!(
        refused.expect_err("a refusal"),
        OfficeError::ForwardToSelf { .. }
    ));
}

async fn do_not_disturb_changes_nothing_else(ground: Ground) {
    let (office, rows) = people(&ground).await;
    let alice = rows[0].account;
    for is_on in [true, false, true] {
        let set = office.set_do_not_disturb(alice, is_on).await;
        set.expect("done");
        let settings = office.call_settings(alice).await.expect("settings");
        let expected = CallSettings {
            do_not_disturb: is_on,
            ..CallSettings::default()
        };
        assert_eq!(settings, expected);
    }
}

fn request(members: &[&str]) -> RingGroupRequest {
    RingGroupRequest {
        name: "sales".into(),
        number: Some("2000".into()),
        members: members.iter().map(ToString::to_string).collect(),
        ..RingGroupRequest::default()
    }
}

async fn a_group_has_a_number_and_members_in_their_order(ground: Ground) {
    let (office, _) = people(&ground).await;
    let names = |group: &api::RingGroup| -> Vec<String> {
        group.members.iter().map(|one| one.name.clone()).collect()
    };
    let wanted = request(&["carol", "alice", "carol"]);
    let made = office.add_ring_group(&wanted).await.expect("a group");
    assert_eq!(names(&made), ["carol", "alice"]);
    assert_eq!(made.number.as_ref().expect("a number").as_str(), "2000");
    assert_eq!(made.ring, RingOrder::AtOnce);

    let wish = RingGroupChange {
        members: Some(vec!["bob".into(), "carol".into()]),
        ring: Some(RingOrder::InOrder),
        ring_seconds: Some(9),
        display_name: Some("Sales".into()),
    };
    let changed = office.change_ring_group(made.id, &wish).await;
    let changed = changed.expect("a group");
    assert_eq!(names(&changed), ["bob", "carol"]);
    assert_eq!(
        (changed.ring, changed.ring_seconds),
        (RingOrder::InOrder, 9)
    );
    assert_eq!(changed.display_name, "Sales");
    assert_eq!(office.ring_groups().await.expect("groups"), [changed]);

    office.remove_ring_group(made.id).await.expect("removed");
    assert_eq!(office.ring_groups().await.expect("groups"), []);
    // Its number rests like anybody's.
    let found = office
        .store()
        .reached_by(&api::Number::parse("2000").expect("it"))
        .await;
    assert_eq!(found.expect("an answer"), crate::store::Reached::Gone);
}

async fn what_is_wrong_about_a_group_is_said(ground: Ground) {
    let (office, rows) = people(&ground).await;
    let refusal = async |request: RingGroupRequest| {
        let refused = office.add_ring_group(&request).await;
        refused.expect_err("a refusal").to_string()
    };
    let nobody = refusal(request(&["nobody"])).await;
    assert!(nobody.contains("nobody"), "{nobody}");
    let many: Vec<String> = (0..51).map(|one| format!("a{one}")).collect();
    let many = RingGroupRequest {
        members: many,
        ..request(&[])
    };
    assert_eq!(refusal(many).await, "A group has at most 50 members.");
    office.add_ring_group(&request(&[])).await.expect("a group");
    let nested = RingGroupRequest {
        name: "house".into(),
        number: None,
        ..request(&["sales"])
    };
    let sentence = "sales is a group itself; name its members instead.";
    assert_eq!(refusal(nested).await, sentence);
    for refused in [
        office.ring_group(rows[0].account).await.map(|_| ()),
        office.remove_ring_group(rows[0].account).await,
    ] {
        assert!(matches!(refused, Err(OfficeError::NoSuchGroup { .. })));
    }
}

async fn whoever_is_deleted_leaves_settings_and_groups(ground: Ground) {
    let (office, rows) = people(&ground).await;
    let group = office.add_ring_group(&request(&["alice", "bob"])).await;
    let group = group.expect("a group").id;
    let bob = rows[1].account;
    office.set_do_not_disturb(bob, true).await.expect("done");
    office.remove_account("bob").await.expect("removed");
    let members = office.ring_group(group).await.expect("the group").members;
    assert_eq!(members.len(), 1);
    let settings = office.store().call_settings(bob).await.expect("settings");
    assert_eq!(settings.settings, CallSettings::default());
}
