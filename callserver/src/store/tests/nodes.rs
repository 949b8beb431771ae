//! Registrations are held by one server each, also where several share a database.

use std::time::{Duration, SystemTime};

use sip::{Flow, Transport};
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
        instance: Some("<urn:uuid:1>".into()),
        reg_id: Some(u32::MAX),
        call_id: "call".into(),
        cseq: u32::MAX,
        expires_seconds: 3600,
        user_agent: None,
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
);
