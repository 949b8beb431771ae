//! Contents in a bucket of an object store that speaks S3, where several servers on one database share them.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{
    ClientOptions, Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, RetryConfig,
    WriteMultipart, path,
};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio_rustls::rustls::crypto::ring;

/// Where contents are kept instead of the data folder. Who we are is told by the environment, as with every program that
/// speaks S3: `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or what the machine was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BucketPlace {
    /// The bucket.
    pub bucket: String,
    /// The folder in it; empty for none.
    pub folder: String,
    /// The URL of a store that is not Amazon's.
    pub endpoint: Option<String>,
    /// The region; `None`: what the environment says.
    pub region: Option<String>,
}

/// A bucket.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    objects: AmazonS3,
    folder: path::Path,
}

/// So much is sent at once: no store takes less, but for the last part.
const PART: usize = 8 * 1024 * 1024;

/// So many parts are on their way at once, and in memory.
const PARTS: usize = 3;

/// A person waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

impl Bucket {
    /// Opens nothing yet: whether the store answers shows when it is first asked.
    ///
    /// # Errors
    /// If what is configured contradicts itself.
    pub(super) fn new(place: &BucketPlace) -> Result<Self, Error> {
        // Somebody else in this process may have chosen already; there is nothing else to choose.
        let _ = ring::default_provider().install_default();
        let retry = RetryConfig {
            max_retries: 4,
            retry_timeout: PATIENCE,
            ..RetryConfig::default()
        };
        // Files may be long: only a silence is too long.
        let client = ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(PATIENCE)
            .with_read_timeout(PATIENCE);
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&place.bucket)
            .with_client_options(client)
            .with_retry(retry);
        if let Some(endpoint) = &place.endpoint {
            builder = builder
                .with_endpoint(endpoint)
                .with_allow_http(endpoint.starts_with("http://"));
        }
        if let Some(region) = &place.region {
            builder = builder.with_region(region);
        }
        Ok(Self {
            objects: builder.build()?,
            folder: path::Path::from(place.folder.as_str()),
        })
    }

    /// Whether these contents are there.
    pub(super) async fn has(&self, sha256: &str) -> Result<bool, Error> {
        match self.objects.head(&self.place(sha256)).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Puts a file there, in parts. Whole or not at all.
    pub(super) async fn keep(&self, sha256: &str, path: &Path) -> Result<(), BucketError> {
        let mut file = File::open(path).await?;
        let place = self.place(sha256);
        let length = file.metadata().await?.len();
        if length <= PART as u64 {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).await?;
            self.objects.put(&place, bytes.into()).await?;
            return Ok(());
        }
        let upload = self.objects.put_multipart(&place).await?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, PART);
        let sent = async {
            let mut chunk = vec![0; PART / 8];
            loop {
                let length = file.read(&mut chunk).await?;
                if length == 0 {
                    return Ok::<_, BucketError>(());
                }
                parts.wait_for_capacity(PARTS).await?;
                parts.write(&chunk[..length]);
            }
        };
        match sent.await {
            Ok(()) => {
                parts.finish().await?;
                Ok(())
            }
            Err(error) => {
                // The store forgets what is left by its own rules if this fails, too.
                let _ = parts.abort().await;
                Err(error)
            }
        }
    }

    /// The bytes of contents, or a part of them.
    pub(super) async fn read(
        &self,
        sha256: &str,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, Error> {
        let options = GetOptions {
            range: range.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let got = self.objects.get_opts(&self.place(sha256), options).await?;
        Ok(got.into_stream().map_err(io::Error::other).boxed())
    }

    /// Removes contents. What is not there is removed already.
    pub(super) async fn forget(&self, sha256: &str) -> Result<(), Error> {
        match self.objects.delete(&self.place(sha256)).await {
            Err(Error::NotFound { .. }) => Ok(()),
            deleted => deleted,
        }
    }

    /// The hashes of what came before a time.
    pub(super) fn older_than(&self, time: SystemTime) -> BoxStream<'static, Result<String, Error>> {
        let all = self.objects.list(Some(&self.folder));
        let old = all.try_filter_map(move |object| async move {
            let is_old = SystemTime::from(object.last_modified) < time;
            let hash = object.location.filename().map(str::to_owned);
            Ok(hash.filter(|hash| is_old && super::is_hash(hash)))
        });
        old.boxed()
    }

    fn place(&self, sha256: &str) -> path::Path {
        self.folder.clone().join(sha256)
    }
}

/// Why contents did not come into a bucket.
#[derive(Debug, thiserror::Error)]
pub(super) enum BucketError {
    /// The file here.
    #[error(transparent)]
    Disk(#[from] io::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] Error),
}
