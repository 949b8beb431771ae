//! Registrations are held by one server each, also where several share a database.

use std::time::{Duration, SystemTime};

use sip::{Flow, FlowKey, Transport};
use switch::{AccountId, BindingId, DeviceId, StoredBinding};

use super::ground::{Ground, on_both_engines};
use crate::office::{NewAccount, Office};
use crate::store::Store;

const HOUR: Duration = Duration::from_secs(3600);

/// A binding of a device that is in the database.
async fn binding(office: &Office, id: u64) -> StoredBinding {
    let name = format!("ann{id}");
    let new = NewAccount {
        name: name.clone(),
        ..NewAccount::default()
    };
    office.add_account(new).await.unwrap();
    let (account, credential) = office.add_device(&name, None).await.unwrap();
    let device = office.devices(Some(&name)).await.unwrap().remove(0).device;
    StoredBinding {
        id: BindingId(id),
        account: AccountId(account.account.0),
        device: DeviceId(device.0),
        login: credential.login.into(),
        contact: "sip:ann@192.0.2.1:5060".into(),
        q: 500,
        path: vec![
            "<sip:proxy.example;lr>".into(),
            "<sip:two.example;lr>".into(),
        ],
        flow: Flow {
            transport: Transport::Tcp,
            local: "192.0.2.9:5060".parse().unwrap(),
            remote: "[2001:db8::1]:40000".parse().unwrap(),
            connection: 0,
        },
        token: Some("flow-1".into()),
        instance: Some("<urn:uuid:1>".into()),
        reg_id: Some(u32::MAX),
        call_id: "call".into(),
        cseq: u32::MAX,
        expires_seconds: 3600,
        user_agent: None,
        reads_rooms: true,
    }
}

async fn keep(store: &Store, binding: &StoredBinding, until: SystemTime) {
    let mut tx = store.begin().await.unwrap();
    tx.keep_bindings(&[(binding.clone(), until)]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn ids(store: &Store, now: SystemTime) -> Vec<u64> {
    let bindings = store.bindings(now).await.unwrap();
    bindings.into_iter().map(|binding| binding.id.0).collect()
}

async fn what_is_kept_comes_back_as_it_was(ground: Ground) {
    let office = ground.office().await;
    let store = office.store().clone().of_node("here");
    let now = SystemTime::now();
    let mut binding = binding(&office, 1 << 62).await;
    keep(&store, &binding, now + HOUR).await;
    assert_eq!(store.bindings(now).await.unwrap(), [binding.clone()]);
    binding.q = 1;
    binding.reg_id = None;
    binding.user_agent = Some("phone".into());
    binding.reads_rooms = false;
    keep(&store, &binding, now + HOUR).await;
    assert_eq!(store.bindings(now).await.unwrap(), [binding.clone()]);
    office
        .set_disabled("ann4611686018427387904", true)
        .await
        .unwrap();
    assert!(ids(&store, now).await.is_empty());
    let logins = [binding.login.to_string(), "d-nobody".to_owned()];
    assert!(store.good_logins(&logins).await.unwrap().is_empty());
    office
        .set_disabled("ann4611686018427387904", false)
        .await
        .unwrap();
    assert_eq!(store.good_logins(&logins).await.unwrap(), logins[..1]);
    office
        .remove_device("ann4611686018427387904", &binding.login)
        .await
        .unwrap();
    assert!(ids(&store, now).await.is_empty());
    keep(&store, &binding, now + HOUR).await;
    assert!(ids(&store, now).await.is_empty(), "its device is gone");
}

async fn a_node_restores_and_forgets_only_its_own(ground: Ground) {
    let office = ground.office().await;
    let (here, there) = (ground.store().await, ground.store().await);
    let (here, there) = (here.of_node("here"), there.of_node("there"));
    let now = SystemTime::now();
    let (one, two) = (binding(&office, 1).await, binding(&office, 2).await);
    keep(&here, &one, now + HOUR).await;
    keep(&there, &one, now + HOUR).await;
    keep(&there, &two, now + 2 * HOUR).await;
    let mut tx = here.begin().await.unwrap();
    let forgotten: Vec<BindingId> = (0..250).map(BindingId).collect();
    tx.forget_bindings(&forgotten).await.unwrap();
    tx.commit().await.unwrap();
    assert!(ids(&here, now).await.is_empty());
    assert_eq!(ids(&there, now).await, [1, 2]);

    keep(&here, &two, now + HOUR).await;
    let forget_ended = async |store: &Store, now| {
        let mut tx = store.begin().await.unwrap();
        tx.forget_ended_bindings(now).await.unwrap();
        tx.commit().await.unwrap();
    };
    forget_ended(&here, now + HOUR).await;
    assert!(ids(&here, now).await.is_empty());
    assert_eq!(ids(&there, now).await, [1, 2], "ended, but not ours");
    forget_ended(&here, now + 26 * HOUR).await;
    assert!(ids(&there, now).await.is_empty(), "their node is long gone");
}

async fn a_server_says_that_it_lives_and_finds_the_phones_of_the_others(ground: Ground) {
    let office = ground.office().await;
    let (here, there) = (ground.store().await, ground.store().await);
    let (here, there) = (here.of_node("here"), there.of_node("there"));
    let now = SystemTime::now();
    let beats = async |sip: &str, at| {
        let mut tx = there.begin().await.unwrap();
        let is_news = tx.beat(Transport::Tcp, sip, at).await.unwrap();
        tx.commit().await.unwrap();
        is_news
    };
    assert!(beats("192.0.2.2:5060", now).await);
    assert!(!beats("192.0.2.2:5060", now).await);
    assert!(beats("b.example.org:5060", now).await);
    let nodes = here.other_nodes().await.unwrap();
    let node = (nodes[0].node.as_str(), nodes[0].sip.as_str(), nodes[0].beat);
    assert_eq!(node, ("there", "b.example.org:5060", 3));
    assert!(there.other_nodes().await.unwrap().is_empty());

    let (one, mut two) = (binding(&office, 1).await, binding(&office, 2).await);
    two.token = None;
    keep(&there, &one, now + HOUR).await;
    keep(&there, &two, now + HOUR).await;
    let accounts = [one.account, two.account];
    let found = here.other_bindings(&accounts, now).await.unwrap();
    assert_eq!(found.len(), 1, "the other one has no token: {found:?}");
    assert_eq!(
        (found[0].device, &found[0].contact),
        (one.device, &one.contact)
    );
    assert_eq!(Some(&found[0].token), one.token.as_ref());
    assert!(here.other_bindings(&[], now).await.unwrap().is_empty());
    let later = here.other_bindings(&accounts, now + HOUR).await.unwrap();
    assert!(later.is_empty());
    assert!(
        there
            .other_bindings(&accounts, now)
            .await
            .unwrap()
            .is_empty()
    );

    let mut tx = there.begin().await.unwrap();
    tx.leave_nodes().await.unwrap();
    tx.commit().await.unwrap();
    assert!(here.other_nodes().await.unwrap().is_empty());
    // Who died long ago is forgotten by those who live.
    beats("192.0.2.2:5060", now - 25 * HOUR).await;
    let mut tx = here.begin().await.unwrap();
    tx.beat(Transport::Tcp, "192.0.2.1:5060", now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert!(here.other_nodes().await.unwrap().is_empty());
}

async fn all_servers_share_one_secret(ground: Ground) {
    let mut keys = Vec::new();
    for secret in [[1; 32], [2; 32]] {
        let store = ground.store().await;
        let mut tx = store.begin().await.unwrap();
        keys.push(tx.settle_flow_key(secret).await.unwrap());
        tx.commit().await.unwrap();
    }
    assert_eq!(keys, [FlowKey::new([1; 32]), FlowKey::new([1; 32])]);
}

#[tokio::test]
async fn what_a_file_kept_before_nodes_had_names_is_its_owners() {
    let ground = Ground::sqlite();
    let office = ground.office().await;
    let now = SystemTime::now();
    let binding = binding(&office, 1).await;
    keep(office.store(), &binding, now + HOUR).await;
    let store = ground.store().await.of_node("here");
    let mut tx = store.begin().await.unwrap();
    tx.forget_ended_bindings(now).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ids(&store, now).await, [1]);
}

on_both_engines!(
    what_is_kept_comes_back_as_it_was,
    a_node_restores_and_forgets_only_its_own,
    a_server_says_that_it_lives_and_finds_the_phones_of_the_others,
    all_servers_share_one_secret,
);
