//! The way to the data: through the running server, or without one directly.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::control::{Answer, ControlClient, ControlError, Operator, Request};
use crate::office::Office;
use crate::server::{ServerError, settle_domain};
use crate::store::{DatabasePlace, PlaceRefused, Store, StoreError};
use crate::{DataFolder, DataFolderError};

/// An open way to the data.
#[derive(Debug)]
pub enum Access {
    /// A server runs: it does what it is told.
    Server(ControlClient),
    /// No server runs: the same functions work on the database, which is ours until we are done.
    Database {
        /// Does what it is told.
        operator: Box<Operator>,
        /// To be closed.
        store: Store,
        /// Keeps a server from starting meanwhile; PostgreSQL lets both work side by side.
        folder: Option<DataFolder>,
    },
}

/// Neither server nor database.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// There is nothing in the folder.
    #[error("There is no Carillon database at {}; name the server's data folder with --data, or start callserver once to make one.", path.display())]
    NoDatabase {
        /// Where it should be.
        path: PathBuf,
    },
    /// The socket.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The PostgreSQL database is empty.
    #[error(
        "The database {place} is empty; check its name in --database, or start callserver once to make its tables."
    )]
    EmptyDatabase {
        /// The database, without its password.
        place: String,
    },
    /// `--database`.
    #[error(transparent)]
    Place(#[from] PlaceRefused),
    /// The folder.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The domain.
    #[error(transparent)]
    Domain(#[from] ServerError),
}

/// How long to wait for a folder that somebody else uses at the moment.
const PATIENCE: Duration = Duration::from_secs(5);

impl Access {
    /// Finds the server of this data folder, or opens its database.
    ///
    /// # Errors
    /// If there is neither, or they may not be used.
    pub async fn open(data: &Path, database: Option<&str>) -> Result<Self, AccessError> {
        let place = match database {
            Some(text) => DatabasePlace::parse(text)?,
            None => DatabasePlace::File(DataFolder::database(data)),
        };
        let begin = Instant::now();
        let folder = loop {
            let socket = DataFolder::control_socket(data);
            if let Some(client) = ControlClient::connect(&socket).await? {
                return Ok(Self::Server(client));
            }
            // A mistyped folder or name must not become a second, empty server.
            match &place {
                DatabasePlace::File(path) if !path.is_file() => {
                    return Err(AccessError::NoDatabase { path: path.clone() });
                }
                DatabasePlace::File(_) => {}
                DatabasePlace::Postgres(url) => {
                    if Store::is_empty_postgres(url).await? {
                        return Err(AccessError::EmptyDatabase {
                            place: url.to_string(),
                        });
                    }
                    break None;
                }
            }
            match DataFolder::open(data) {
                // Another callctl, or a server that has no socket yet: soon one way or the other is free.
                Err(DataFolderError::InUse { .. }) if begin.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                folder => break Some(folder?),
            }
        };
        let store = Store::open_place(&place).await?;
        let domain = settle_domain(&store, None).await?;
        let office = Office::new(store.clone(), &domain, None);
        if let Err(error) = office.load_password_costs().await {
            // Hashes are made at the least costs then, and again at the next login.
            tracing::warn!(%error, "the costs of passwords could not be read");
        }
        let operator = Operator::new(office, None);
        Ok(Self::Database {
            operator: Box::new(operator),
            store,
            folder,
        })
    }

    /// Whether nobody else can work on the database meanwhile.
    pub(super) fn is_ours_alone(&self) -> bool {
        matches!(
            self,
            Self::Database {
                folder: Some(_),
                ..
            }
        )
    }

    /// Has a request done.
    ///
    /// # Errors
    /// One sentence: why not.
    pub async fn perform(&mut self, request: Request) -> Result<Answer, ControlError> {
        match self {
            Self::Server(client) => client.perform(&request).await,
            Self::Database { operator, .. } => Ok(operator.perform(request).await?),
        }
    }

    /// Closes the database, if it was ours.
    pub async fn close(self) {
        if let Self::Database { store, folder, .. } = self {
            store.close().await;
            drop(folder);
        }
    }
}
