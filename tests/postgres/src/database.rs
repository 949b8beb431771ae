//! One database of a running server.

use std::sync::Arc;

use anyhow::Result;

use crate::{Cluster, ESCAPED_PASSWORD, USER};

/// An empty database for one test; the server runs at least as long as this lives.
#[derive(Debug, Clone)]
pub struct Database {
    cluster: Arc<Cluster>,
    name: String,
}

impl Database {
    pub(crate) fn new(cluster: Arc<Cluster>, name: String) -> Self {
        Self { cluster, name }
    }

    /// What a program is told to connect over TCP, with the password.
    pub fn url(&self) -> String {
        let port = self.cluster.port();
        format!(
            "postgres://{USER}:{ESCAPED_PASSWORD}@127.0.0.1:{port}/{}",
            self.name
        )
    }

    /// What a program is told to connect over the Unix socket, where no password is asked for.
    pub fn socket_url(&self) -> String {
        let folder = self.cluster.socket_folder();
        let folder = folder.to_string_lossy().replace('/', "%2F");
        let port = self.cluster.port();
        format!("postgres://{USER}@{folder}:{port}/{}", self.name)
    }

    /// The server.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs SQL through `psql`; gives back the rows, a line each, columns separated by `|`.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub fn query(&self, sql: &str) -> Result<String> {
        self.cluster.query(&self.name, sql)
    }
}
