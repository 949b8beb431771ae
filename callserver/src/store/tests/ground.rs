//! What tests of the store and the office stand on: a fresh database of either engine.
//!
//! A test that says nothing about one engine takes a [`Ground`] and stands in a list for [`on_both_engines`], which makes
//! two tests of it.

use tempfile::TempDir;
use test_postgres::{Cluster, Database};

use crate::office::Office;
use crate::store::{DatabasePlace, Store};

/// The domain of all tests' offices.
pub(crate) const DOMAIN: &str = "phones.example";

/// A database that nobody else uses. It goes away with this.
pub(crate) enum Ground {
    /// A file in a temporary folder.
    Sqlite(TempDir),
    /// A database of a real server.
    Postgres(Database),
}

impl Ground {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(crate) fn postgres() -> Self {
        Self::Postgres(Cluster::shared().unwrap().database().unwrap())
    }

    pub(crate) fn place(&self) -> DatabasePlace {
        match self {
            Self::Sqlite(folder) => DatabasePlace::File(folder.path().join("test.sqlite")),
            Self::Postgres(database) => DatabasePlace::parse(&database.url()).unwrap(),
        }
    }

    /// Opens the database: the first time it is empty, later it holds what is there already.
    pub(crate) async fn store(&self) -> Store {
        Store::open_place(&self.place()).await.unwrap()
    }

    /// An office over [`Ground::store`].
    pub(crate) async fn office(&self) -> Office {
        Office::new(self.store().await, DOMAIN, None)
    }
}

/// Makes two tests, `sqlite::NAME` and `postgres::NAME`, of each `async fn NAME(ground: Ground)`.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name($crate::store::tests::ground::Ground::sqlite()).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name($crate::store::tests::ground::Ground::postgres()).await;
                }
            )+
        }
    };
}

pub(crate) use on_both_engines;
