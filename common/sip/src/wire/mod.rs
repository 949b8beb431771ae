//! Messages as bytes and as values.

mod framer;
mod head;
mod header_list;
mod header_name;
pub mod headers;
mod host;
mod message;
mod method;
mod multipart;
mod params;
mod parse_error;
mod parser;
mod print;
mod status;
mod syntax;
mod text;
mod transport;
mod uri;

pub use framer::{Framed, Framer, FramingError};
pub use header_list::{Header, HeaderError, Headers, Occurs, TypedHeader};
pub use header_name::HeaderName;
pub use host::Host;
pub use message::{Message, Request, Response};
pub use method::Method;
pub use multipart::{Multipart, MultipartError, Part};
pub use params::Params;
pub use parse_error::{ParseError, Problem};
pub use parser::Limits;
pub use status::StatusCode;
pub use text::Text;
pub use transport::{Flow, Transport};
pub use uri::{Scheme, Telephone, Uri, UriError};
