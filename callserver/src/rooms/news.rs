//! What servers that share a database tell each other about rooms.

use api::AccountId;
use serde::{Deserialize, Serialize};

/// Something happened in a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RoomNews {
    /// There are new entries in the room with this key.
    Entries(i64),
    /// An account is in other rooms than before.
    Members(AccountId),
    /// Whoever is in the room with this key is told this, but for one.
    Told {
        /// The key of the room.
        room: i64,
        /// Who is not told.
        but: Option<AccountId>,
        /// The envelope.
        text: String,
    },
    /// The connections of an account are told this.
    ToAccount {
        /// Whose.
        account: AccountId,
        /// Only the one with this session id.
        session: Option<String>,
        /// The envelope.
        text: String,
    },
}
