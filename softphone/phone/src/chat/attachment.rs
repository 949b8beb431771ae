//! Files of this computer that messages send.

/// A file of this computer that a message sends. The file stays where it is; whether it is still the same is told by
/// its length, its time and, by the server, its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Where it is.
    pub path: String,
    /// When it was changed last, in milliseconds since 1970.
    pub modified_millis: i64,
    /// Whether it was made for this message alone, and goes with it.
    pub is_ours: bool,
    /// The id of its upload at the server, once that has begun.
    pub upload: Option<String>,
}

/// How the upload of a file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadNews {
    /// Its SHA-256 is known.
    Measured {
        /// The hash, in hexadecimal digits.
        sha256: String,
    },
    /// The server waits for its bytes, under this id.
    Begun {
        /// The id.
        upload: String,
    },
    /// The server knows nothing of the upload any more.
    Lost,
    /// All of it is on the server.
    Done,
    /// It cannot be brought there; one sentence says why.
    Failed {
        /// Why, and what to do.
        sentence: String,
    },
}
