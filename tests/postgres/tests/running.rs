//! The servers themselves.

use test_postgres::{Cluster, Disk, End};

#[test]
fn each_test_has_a_database_of_its_own_and_the_server_goes_with_the_last() {
    let cluster = Cluster::shared().unwrap();
    let folder = cluster.socket_folder();
    let (one, other) = (cluster.database().unwrap(), cluster.database().unwrap());
    drop(cluster);
    one.query("CREATE TABLE here (a INT)").unwrap();
    assert!(other.query("SELECT * FROM here").is_err());
    assert_eq!(one.query("SELECT count(*) FROM here").unwrap(), "0");
    drop(other);
    drop(one);
    assert!(!folder.exists());
}

#[test]
fn what_was_committed_is_there_after_a_crash() {
    let database = Cluster::start(Disk::Strict).unwrap().database().unwrap();
    database
        .query("CREATE TABLE here AS SELECT 1 AS a")
        .unwrap();
    database.cluster().stop(End::Crash).unwrap();
    assert!(database.query("SELECT 1").is_err());
    database.cluster().start_again().unwrap();
    assert_eq!(database.query("SELECT a FROM here").unwrap(), "1");
    assert!(database.cluster().log().contains("recovery"), "it crashed");
    database.cluster().stop(End::Orderly).unwrap();
}
