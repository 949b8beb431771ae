//! Several openings of one database: one writer at a time, and each hears what the others change.

use std::time::Duration;

use test_postgres::{Cluster, Database, Disk, End};

use super::ground::{Ground, on_both_engines};
use crate::office::{Change, Heard, NewAccount};
use crate::server::{ServerError, settle_domain};
use crate::store::{DatabasePlace, Notices, Store, StoreError};

fn place(database: &Database) -> DatabasePlace {
    DatabasePlace::parse(&database.url()).unwrap()
}

fn ann() -> NewAccount {
    NewAccount {
        name: "ann".into(),
        number: Some("1000".into()),
        ..NewAccount::default()
    }
}

async fn two_that_start_at_once_settle_on_one_domain(ground: Ground) {
    let stores = [ground.store().await, ground.store().await];
    let names = ["one.example", "two.example"];
    let settling = stores.iter().zip(names).map(|(store, name)| {
        let store = store.clone();
        // Whoever names none takes what is there.
        tokio::spawn(async move {
            settle_domain(&store, Some(name)).await?;
            settle_domain(&store, None).await
        })
    });
    let settling: Vec<_> = settling.collect();
    let mut settled: Vec<Result<String, ServerError>> = Vec::new();
    for one in settling {
        settled.push(one.await.unwrap());
    }
    let last = stores[0].domain().await.unwrap().unwrap();
    assert!(names.contains(&last.as_str()));
    assert_eq!(stores[1].domain().await.unwrap().unwrap(), last);
    assert!(settled.iter().all(Result::is_ok), "{settled:?}");
}

async fn writers_of_several_openings_take_turns(ground: Ground) {
    let offices = [ground.office().await, ground.office().await];
    let adding: Vec<_> = (0..40)
        .map(|index| {
            let office = offices[index % 2].clone();
            let new = NewAccount {
                name: format!("user{index}"),
                ..NewAccount::default()
            };
            tokio::spawn(async move { office.add_account(new).await })
        })
        .collect();
    for added in adding {
        added.await.unwrap().unwrap();
    }
    let numbers = offices[0].accounts().await.unwrap();
    let mut numbers: Vec<String> = numbers
        .into_iter()
        .map(|row| row.number.unwrap().into())
        .collect();
    numbers.sort();
    let expected: Vec<String> = (1000..1040).map(|number| number.to_string()).collect();
    assert_eq!(numbers, expected, "each the lowest free one");
}

async fn heard(office: &crate::office::Office, notices: &mut Notices) -> Heard {
    let next = tokio::time::timeout(Duration::from_secs(30), notices.next());
    office.read_notice(&next.await.unwrap().unwrap())
}

#[tokio::test]
async fn what_one_changes_the_other_hears_once_it_is_true() {
    let ground = Ground::postgres();
    let (here, there) = (ground.office().await, ground.office().await);
    let mut at_home = here.store().listen().await.unwrap().unwrap();
    let mut notices = there.store().listen().await.unwrap().unwrap();
    here.rehearsing().add_account(ann()).await.unwrap();
    here.add_account(ann()).await.unwrap();
    let Heard::Change(change) = heard(&there, &mut notices).await else {
        panic!("not a change");
    };
    assert_eq!(change.dialled, ["1000", "ann"]);
    assert!(there.account("ann").await.is_ok());
    assert_eq!(heard(&here, &mut at_home).await, Heard::Own);
    assert_eq!(here.read_notice("?"), Heard::Unknown);
    notices.check().await.unwrap();

    let mut changes = there.changes();
    there.heard(Change::everything()).await;
    assert!(changes.recv().await.unwrap().everything);
}

#[tokio::test]
async fn a_file_has_nobody_to_listen_to() {
    let ground = Ground::sqlite();
    let store = ground.store().await;
    assert!(store.listen().await.unwrap().is_none());
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_lost_connection_is_noticed_and_everything_goes_on_after_a_restart() {
    let cluster = Cluster::start(Disk::Lax).unwrap();
    let database = cluster.database().unwrap();
    let store = Store::open_place(&place(&database)).await.unwrap();
    let mut notices = store.listen().await.unwrap().unwrap();
    for end in [End::Orderly, End::Crash] {
        cluster.stop(end).unwrap();
        assert_eq!(notices.next().await, None);
        let meanwhile = {
            let store = store.clone();
            tokio::spawn(async move { store.accounts().await.map(|rows| rows.len()) })
        };
        cluster.start_again().unwrap();
        assert_eq!(meanwhile.await.unwrap().unwrap(), 0, "it waited");
        store.begin().await.unwrap().commit().await.unwrap();
        notices = store.listen().await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_server_that_hangs_with_the_turn_in_its_hands_does_not_hold_up_the_others_for_ever() {
    let ground = Ground::postgres();
    let (here, there) = (ground.store().await, ground.store().await);
    let mut hanging = here.begin().await.unwrap();
    hanging.set_domain("hanging.example").await.unwrap();
    // Refused after a time limit, or let in when the other one has lost its turn; a third try is not needed.
    let mut writing = there.begin().await;
    if writing.is_err() {
        writing = there.begin().await;
    }
    writing.unwrap().commit().await.unwrap();
    assert!(hanging.commit().await.is_err());
    assert_eq!(there.domain().await.unwrap(), None);
    here.begin().await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_or_refuses_is_named_without_the_password() {
    let database = Cluster::shared().unwrap().database().unwrap();
    let url = database.url();
    let port = database.cluster().port();
    for (url, part) in [
        (url.replace(&port.to_string(), "1"), "refused"),
        (
            url.replace("gr33n", "gr3en"),
            "password authentication failed",
        ),
        (url.replace(database.name(), "nothing"), "does not exist"),
    ] {
        let place = DatabasePlace::parse(&url).unwrap();
        let error = Store::open_place(&place).await.unwrap_err();
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
        let sentence = error.to_string();
        assert!(sentence.contains(part), "{sentence}");
        assert!(!sentence.contains("b0ttles"), "{sentence}");
        assert!(
            sentence.contains("postgres://carillon@127.0.0.1"),
            "{sentence}"
        );
    }
}

#[tokio::test]
async fn a_database_of_something_else_is_refused_and_left_alone() {
    let database = Cluster::shared().unwrap().database().unwrap();
    database.query("CREATE TABLE accounts (a INT)").unwrap();
    let error = Store::open_place(&place(&database)).await.unwrap_err();
    assert!(matches!(error, StoreError::Tables { .. }), "{error}");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_sqlx_migrations'";
    assert_eq!(database.query(tables).unwrap(), "1");
    let latin = "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0";
    database.query(latin).unwrap();
    let url = database.url().replace(database.name(), "latin");
    let error = Store::open_place(&DatabasePlace::parse(&url).unwrap()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, StoreError::Encoding { .. }), "{error}");
}

#[tokio::test]
async fn the_unix_socket_serves_too() {
    let database = Cluster::shared().unwrap().database().unwrap();
    let place = DatabasePlace::parse(&database.socket_url()).unwrap();
    let store = Store::open_place(&place).await.unwrap();
    assert!(store.accounts().await.unwrap().is_empty());
}

on_both_engines!(
    two_that_start_at_once_settle_on_one_domain,
    writers_of_several_openings_take_turns,
);
