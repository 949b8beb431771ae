//! Why a session description could not be read.

use thiserror::Error;

/// A session description that cannot be read. Lines are counted from 1.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SdpError {
    /// Longer than [`MAX_BYTES`](crate::MAX_BYTES).
    #[error(
        "the session description has {bytes} bytes, at most {} are read",
        crate::MAX_BYTES
    )]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// More lines than [`MAX_LINES`](crate::MAX_LINES).
    #[error("the session description has more than {} lines", crate::MAX_LINES)]
    TooManyLines,
    /// A line is wrong.
    #[error("line {line} of the session description {problem}")]
    Line {
        /// The number of the line.
        line: usize,
        /// What is wrong with it.
        problem: LineProblem,
    },
    /// A line that every session description must have is not there (RFC 8866 section 5).
    #[error("the session description has no {0}= line")]
    Missing(char),
}

/// What is wrong with a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum LineProblem {
    /// Not UTF-8, or with a control character that no line may have.
    #[error("is not text")]
    NotText,
    /// Not `x=value`.
    #[error("is not of the form \"x=value\"")]
    NoType,
    /// The description does not begin with `v=0`.
    #[error("must be \"v=0\"")]
    Version,
    /// A line that may come once comes again.
    #[error("comes a second time")]
    Repeated,
    /// `o=` without its six fields.
    #[error("must be \"o=user id version IN IP4|IP6 address\"")]
    Origin,
    /// `c=` without its three fields.
    #[error("must be \"c=IN IP4|IP6 address\"")]
    Connection,
    /// `m=` without kind, port, transport and formats, or with a port beyond 65535.
    #[error("must be \"m=kind port transport formats\"")]
    Media,
    /// `a=` without a name.
    #[error("has an attribute without a name")]
    Attribute,
}
